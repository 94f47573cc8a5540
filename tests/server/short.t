#!/usr/bin/env -S python3 -B
"""mailfetch: by POP3 a message comes that is shorter than LIST said it is."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, Run, Serve, msg  # noqa: E402

case = Case()
WHOLE = msg(2, b'a line of text\r\n' * 200)


def part(n):
    return b'+OK\r\n' + WHOLE[:n].rsplit(b'\r\n', 1)[0] + b'\r\n.\r\n'


class Cut(Pop):
    """Of the second of three messages RETR gives what cut says, in turn."""

    def __init__(self, *cut, **how):
        Pop.__init__(self, [('a', msg(1)), ('b', WHOLE), ('c', msg(3))],
                     **how)
        self.cut, self.asked = cut, 0
        self.hooks['retr'] = self.retr

    def retr(self, v, t):
        if t != 'RETR 2' or len(self.m) < 3:
            return None
        n = self.cut[min(self.asked, len(self.cut) - 1)]
        self.asked += 1
        return part(n) if n else None


def go(v, *args):
    s, r = Serve(v), Run()
    r.go('pop3', s, *args)
    return s, r


for caps in ('USER UIDL TOP PIPELINING', 'USER UIDL TOP'):
    v = Cut(500, None, caps=caps)
    s, r = go(v, '--delete', 'now')
    case.check(r.rc == 0 and r.err == '' and not v.m and
               WHOLE.replace(b'\r\n', b'\n') in r.files() and
               len(r.files()) == 3, 'cut once: the second time it is whole',
               (r.rc, r.err, v.m, r.files()))
    s.close()
    r.done()

v = Cut(500, 700)
s, r = go(v, '--delete', 'now')
case.check(r.rc == 75 and 'each time something else' in r.err and
           len(v.m) == 1 and len(r.files()) == 2,
           'cut here and there: it stays, and the others come',
           (r.rc, r.err, len(v.m), r.files()))
v.cut = (None,)
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 0 and not v.m and len(r.files()) == 3,
           'and comes when it is whole', (r.rc, r.err, len(v.m)))
s.close()
r.done()

v = Cut(500)
s, r = go(v, '--delete', 'now')
case.check(r.rc == 75 and 'twice: delivered, and not deleted' in r.err and
           len(r.files()) == 3 and [x[0] for x in v.m] == ['b'],
           'less than a half, and the same twice: delivered, not deleted',
           (r.rc, r.err, v.m, r.files()))
del s.log[:]
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 0 and r.err == '' and len(r.files()) == 3 and
           len(v.m) == 1 and not any(t.startswith(('RETR', 'DELE'))
                                     for t in s.log),
           'that is said once, and it comes once', (r.rc, r.err, s.log))
r.go('pop3', s, '--delete', 'after:0')
case.check(len(v.m) == 1, 'nor is it deleted later', (r.rc, r.err))
v.cut = (None,)
v.m[0] = ('b', WHOLE + b'and more\r\n')
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 0 and not v.m and len(r.files()) == 4 and
           any(f.endswith(b'and more\n') for f in r.files()),
           'LIST says something else, and more comes: that is given, too',
           (r.rc, r.err, v.m))
s.close()
r.done()

# QUIT was not answered: what is cut now is no proof, nor another one.
v = Cut(None, 500, 500, None)
v.hooks['quit'] = lambda v, t: False
s, r = go(v, '--delete', 'now')
del v.hooks['quit']
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 75 and 'something else than before' in r.err and
           len(r.files()) == 3 and [x[0] for x in v.m] == ['b'],
           'cut, and perhaps gone: it stays', (r.rc, r.err, v.m))
v.cut = (None,)
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 0 and len(r.files()) == 3 and v.m == [],
           'it was the same one, and goes', (r.rc, r.err, v.m))
s.close()
r.done()

v = Cut(None)
v.hooks['list'] = lambda v, t: '+OK\r\n1 66\r\n2 99999\r\n3 66\r\n.\r\n'
s, r = go(v, '--delete', 'now')
case.check(r.rc == 75 and len(v.m) == 1, 'LIST lies', (r.rc, r.err, v.m))
del v.hooks['list']
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 0 and not v.m and len(r.files()) == 3,
           'and then it does not: it was all of it', (r.rc, r.err, v.m))
s.close()
r.done()

v = Cut(500)
s, r = Serve(v), Run()
out = r.d + '/out'
cmd = r.write('cmd', '#!/bin/sh\ncat >> %s\n' % out, 0o755)
for k in (1, 2):
    r.go('pop3', s, '-d', 'exec:' + cmd, '--delete', 'now', maildir=False)
case.check(open(out, 'rb').read().count(b'Subject: m') == 3 and
           [x[0] for x in v.m] == ['b'], 'the same with a command',
           (r.rc, r.err, v.m))
s.close()
r.done()

v = Cut(len(WHOLE) * 3 // 4)
s, r = go(v, '--delete', 'now')
case.check(r.rc == 0 and r.err == '' and not v.m and len(r.files()) == 3 and
           s.log.count('RETR 2') == 2,
           'an estimate of LIST: asked twice, and believed',
           (r.rc, r.err, v.m, s.log))
s.close()
r.done()

# ---- servers that count in their own way are asked once

for name, size in (('a line end more', lambda b: len(b) + b.count(b'\n')),
                   ('a line end less', lambda b: len(b) - b.count(b'\n')),
                   ('dots', lambda b: len(b) + b.count(b'\n.') + 3)):
    dots = msg(1, b'.\r\n..x\r\ntext\r\n' * 100)
    v = Pop([('a', dots), ('b', WHOLE)])
    v.hooks['list'] = lambda v, t, size=size: '+OK\r\n' + ''.join(
        '%d %d\r\n' % (k + 1, size(x[1])) for k, x in enumerate(v.m)) + \
        '.\r\n'
    s, r = go(v, '--delete', 'now')
    case.check(r.rc == 0 and r.err == '' and not v.m and
               sum(t.startswith('RETR') for t in s.log) == 2,
               'LIST counts %s: asked once' % name, (r.rc, r.err, s.log))
    s.close()
    r.done()

v = Cut(500)
s, r = go(v, '--headers-only')
case.check(r.rc == 0 and r.err == '', 'headers alone are no part', r.err)
s.close()
r.done()

case.end()
