#!/usr/bin/env -S python3 -B
"""imapsync migrate from Dovecot to Cyrus as Debian has them, killed five times
on the way; tests/long/migrate.t goes round."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + '/../lab']
from fetchfake import Case  # noqa: E402
from migratelab import Server, leg  # noqa: E402
from other import Other  # noqa: E402

case = Case()
ends = {n: Other(n) for n in ('dovecot', 'cyrus')}
for n, o in ends.items():
    if o.why:
        print('1..0 # SKIP %s: %s' % (n, o.why))
        sys.exit(0)
a, b = (Server(o.port['IMAP'], o.user, o.password) for o in ends.values())
a.fill(n=60)
leg(case, a, b, 'Dovecot to Cyrus', 5, 1)
case.end()
