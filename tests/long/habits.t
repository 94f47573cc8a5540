#!/usr/bin/env -S python3 -B
"""What people set up beside the usual (tests/lab/habits.py) on Cyrus and
Courier.  It is played on Dovecot in tests/server/sync_habits.t."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + '/../lab')
from fetchfake import Case, ROOT  # noqa: E402
from other import Other  # noqa: E402
import habits  # noqa: E402

BIN = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/imapsync'
case = Case()


def world(o, m, tmp):
    def sync(near, *options):
        p = subprocess.run(
            [BIN, '-S', 'imap://127.0.0.1:%d' % o.port['IMAP'], '--tls', 'off',
             '-u', o.user, '--password-command', 'echo ' + o.password,
             '--near', near, '--state', tmp + '/state', '-j', *options],
            capture_output=True, text=True, timeout=300,
            env=dict(os.environ, HOME=tmp))
        events = [json.loads(x) for x in p.stdout.splitlines()]
        return p.returncode, p.stderr, [x for x in events
                                        if x['event'] == 'done']
    return habits.World(m, 'INBOX.', '.', tmp, sync, lambda good, name, why:
                        case.check(good, o.name + ': ' + name, why))


for name in sys.argv[1:] or ('cyrus', 'courier'):
    o = Other(name)
    if o.why:
        case.n += 1
        print('ok %d - %s # SKIP %s' % (case.n, name, o.why))
        continue
    m = o.imap()
    with tempfile.TemporaryDirectory() as tmp:
        for f in habits.ALL:
            f(world(o, m, tmp))
    m.logout()
    o.down()
case.end()
