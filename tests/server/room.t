#!/usr/bin/env -S python3 -B
"""mailfetch: no room behind so many bytes, wherever that is: what was not
written whole is not recorded, and not deleted on the server."""
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import BIN, Case, Pop, Run, Serve, msg  # noqa: E402

case = Case()
LINE = b'z' * 76 + b'\r\n'
# Some end within what is written at once, some are larger than that.
SIZES = (1300, 1300, 10, 700, 2500, 5, 1300, 900, 1, 1700)
MAILS = [('u%d' % i, msg(i, LINE * n)) for i, n in enumerate(SIZES)]


def limited(r, s, most, *args):
    """No file may be longer, which fails as a disk that is full."""
    p = subprocess.run(
        [BIN, '-S', 'pop3://a@127.0.0.1:%d' % s.port, '--tls', 'off',
         '--password-command', 'echo p', *args], env=r.env(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        restore_signals=False, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (most, most)))
    return p.returncode, p.stderr


def whole(r):
    """How often each message is there whole, in any file."""
    got = [0] * len(MAILS)
    for d, _, files in os.walk(r.d):
        for f in files:
            if d.endswith('/tmp') or '.state' in f:
                continue
            with open(d + '/' + f, 'rb') as f:
                data = f.read()
            for i, (_, m) in enumerate(MAILS):
                got[i] += data.count(m.replace(b'\r\n', b'\n'))
    return got


for place, more in (('mbox:%s/mb', ()), ('mbox:%s/%%f.mbox', ('--create',)),
                    ('maildir:%s/M', ('--create',))):
    wrong = []
    for most in range(50000, 900000, 106000):
        r, v = Run(), Pop(MAILS)
        s = Serve(v)
        args = ('-d', place % r.d, *more, '--delete', 'now')
        rc, said = limited(r, s, most, *args)
        left = {int(u[1:]) for u, _ in v.m}
        got = whole(r)
        if rc not in (0, 73, 74) or any(
                got[i] != 1 for i in range(len(MAILS)) if i not in left):
            wrong.append((most, rc, said, sorted(left), got))
        if rc != 0 and r.d not in said and 'temporary file' not in said:
            wrong.append((most, 'what is full is not said', said))
        rc, said = limited(r, s, resource.RLIM_INFINITY, *args)
        got = whole(r)
        if rc != 0 or v.m or got != [1] * len(MAILS):
            wrong.append((most, 'then', rc, said, len(v.m), got))
        s.close()
        r.done()
    case.check(not wrong, place % '' + ': each message once', wrong[:2])
case.end()
