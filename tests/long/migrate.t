#!/usr/bin/env -S python3 -B
"""imapsync migrate round: Dovecot, Cyrus, Courier, and another
Dovecot, each leg killed twenty times at points of a fixed seed."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + '/../server', HERE + '/../lab']
from fetchfake import Case  # noqa: E402
from migratelab import Server, leg  # noqa: E402
from other import Other  # noqa: E402

case = Case()
ends = {n: Other(n) for n in ('dovecot', 'cyrus', 'courier')}
for n, o in ends.items():
    if o.why:
        print('1..0 # SKIP %s: %s' % (n, o.why))
        sys.exit(0)
at = [Server(o.port['IMAP'], o.user, o.password) for o in ends.values()]
last = Other('dovecot')
at.append(Server(last.port['IMAP'], last.user, last.password))
names = ('Dovecot', 'Cyrus', 'Courier', 'Dovecot')
at[0].fill(n=int(os.environ.get('MESSAGES', '400')))
want = at[0].all()
for i in range(3):
    leg(case, at[i], at[i + 1], '%s to %s' % (names[i], names[i + 1]), 20, i)
got = at[3].all()
case.check(all(got.get(f) == want[f] for f in want), 'round: the same')
case.end()
