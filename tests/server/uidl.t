#!/usr/bin/env -S python3 -B
"""mailfetch: a UIDL is a name that a server gives, and no proof: what is
listed under one that was gone, or under one for two, is told by its bytes."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, Run, Serve, msg  # noqa: E402

case = Case()


def box(r):
    """The bodies in the mbox, in order."""
    path = r.d + '/box'
    b = open(path, 'rb').read() if os.path.exists(path) else b''
    return [x.split(b'\n\n', 1)[1].strip() for x in b.split(b'From ')[1:]
            if b'\n\n' in x]


def go(r, s, *args):
    return r.go('pop3', s, '-d', 'mbox:%s/box' % r.d, *args, maildir=False)


def one(n, body):
    """Messages of one header and one size, as alerts are."""
    return msg(0, b'disk sd%d is %s\r\n' % (n, body))


# ---- an empty mailbox in between

kept = [('u%d' % k, one(k, b'failing')) for k in range(3)]
for name, then in (('the same ones', kept),
                   ('others', [(u, one(k, b'well, ..'))
                               for k, (u, _) in enumerate(kept)])):
    for delete in ([], ['--delete', 'now']):
        v = Pop(kept)
        s, r = Serve(v), Run()
        go(r, s)
        v.m = []
        go(r, s)
        go(r, s)
        v.m = list(then)
        go(r, s, *delete)
        want = 3 if then is kept else 6
        case.check(len(set(box(r))) == len(box(r)) == want and r.rc == 0 and
                   r.err == '' and len(v.m) == (0 if delete else 3),
                   'empty in between, then %s%s' % (name, delete and
                                                    ', delete now' or ''),
                   (r.rc, r.err, box(r), len(v.m)))
        del s.log[:]
        v.m = list(then)
        go(r, s)
        case.check(delete or 'RETR 1' not in s.log,
                   'and that was looked at once', s.log)
        s.close()
        r.done()

v = Pop(kept)
s, r = Serve(v), Run()
go(r, s)
v.m = []
go(r, s)
size = os.path.getsize(r.states()[0])
go(r, s)
case.check(os.path.getsize(r.states()[0]) == size,
           'empty again: nothing is written')
v.m = [('u1', one(1, b'failing')), ('u7', one(7, b'new'))]
v.hooks['retr'] = lambda v, t: '-ERR busy\r\n' if t == 'RETR 1' else None
go(r, s, '--delete', 'now')
case.check(r.rc == 75 and len(v.m) == 1 and len(box(r)) == 4,
           'what cannot be looked at stays, and the others come',
           (r.rc, r.err, box(r)))
v.hooks.clear()
go(r, s, '--delete', 'now')
case.check(r.rc == 0 and not v.m and len(box(r)) == 4,
           'and is known again later', (r.rc, r.err, box(r)))
s.close()
r.done()

# ---- of an earlier version's state there are no digests

v = Pop(kept)
s, r = Serve(v), Run()
r.go('pop3', s)
r.unsum()
v.m = []
r.go('pop3', s)
v.m = list(kept)
r.go('pop3', s)
case.check(len(r.files()) == 3 and r.rc == 0,
           'no digest, a Maildir: its files tell', (r.rc, r.err, r.files()))
s.close()
r.done()

v = Pop(kept)
s, r = Serve(v), Run()
r.go('pop3', s, '--catch-up', maildir=False)
v.m = []
go(r, s)
v.m = list(kept)
go(r, s)
case.check(len(box(r)) == 3 and 'may come twice' in r.err,
           'never seen by us: rather given than lost', (r.err, box(r)))
s.close()
r.done()

case.end()
