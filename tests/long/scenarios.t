#!/usr/bin/env -S python3 -B
"""The table of tests/server/scenarios against Cyrus and Courier."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + '/../lab')
from fetchfake import Case, ROOT  # noqa: E402
from other import Other  # noqa: E402
import scenario  # noqa: E402

BIN = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/imapsync'
case = Case()


def one(o, m, s, n, tmp):
    """In a mailbox of its own, with a trash of its own."""
    near = '%s/%s.%d' % (tmp, o.name, n)
    box, trash = 'INBOX.s%d' % n, 'INBOX.t%d' % n
    for b in (box, trash):
        m.create(b)

    def sync(*options):
        p = subprocess.run(
            [BIN, '-S', 'imap://127.0.0.1:%d' % o.port['IMAP'], '--tls', 'off',
             '-u', o.user, '--password-command', 'echo ' + o.password,
             '--near', near, '--state', near + '.state', '-j', '--patterns',
             box, *(('--trash', trash) if 'trash' in options else ()),
             *options], capture_output=True, text=True,
            timeout=300, env=dict(os.environ, HOME=tmp))
        events = [json.loads(x) for x in p.stdout.splitlines()]
        return p.returncode, p.stderr, [
            (x['act'], x.get('uid')) for x in events if x['event'] == 'done']
    return scenario.play(s, scenario.Side(
        m, box, near + '/INBOX/s%d' % n, trash, near + '.attic', sync))


for name in sys.argv[1:] or ('cyrus', 'courier'):
    o = Other(name)
    if o.why:
        case.n += 1
        print('ok %d - %s # SKIP %s' % (case.n, name, o.why))
        continue
    m = o.imap()
    with tempfile.TemporaryDirectory() as tmp:
        for n, s in enumerate(scenario.load()):
            wrong = one(o, m, s, n, tmp)
            case.check(not wrong, '%s: %s' % (name, s['name']), wrong)
    m.logout()
    o.down()
case.end()
