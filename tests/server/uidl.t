#!/usr/bin/env -S python3 -B
"""mailfetch: a UIDL is a name that a server gives, and no proof: what is
listed under one that was gone, or under one for two, is told by its bytes."""
import hashlib
import os
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, ROOT, Run, Serve, msg  # noqa: E402

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

# ---- one UIDL for several

def names(v):
    return [b.split(b'\r\n\r\n', 1)[1].strip() for _, b in v]


A, B, C, D = (('h', one(k, b'failing')) for k in range(4))
OTHER = ('x', msg(7, b'other\r\n'))
ALL = names([A, B, C, D, OTHER])


def story(name, lists, *args, want=None, left=None):
    """Runs with these lists in turn: each message comes once."""
    v = Pop([])
    s, r = Serve(v), Run()
    for mails in lists:
        v.m = list(mails)
        go(r, s, *args)
    came = box(r)
    want = names(want if want is not None else
                 dict.fromkeys(m for x in lists for m in x))
    case.check(sorted(came) == sorted(want) and r.rc == 0 and r.err == '' and
               v.m == (list(lists[-1]) if left is None else left), name,
               (came, want, r.rc, r.err, v.m, s.log))
    log = s.log
    s.close()
    r.done()
    return log


NOW = ('--delete', 'now')
log = story('two at once', [[A, B]])
case.check(sum(t.startswith('RETR') for t in log) == 2, 'read once', log)
story('and again', [[A, B], [A, B], [B, A]])
story('two at once, deleted', [[A, B]], *NOW, left=[])
story('one goes, another comes', [[A, B], [B, C]])
story('and another', [[A, B], [B, C], [D, B], [D]])
story('both go, two come', [[A, B], [C, D]])
story('one was there before', [[A], [A, B]])
story('one was there before, and is behind', [[A], [B, A], [B], [B, C]])
story('the second is alone, then another', [[A, B], [B], [C]])
story('another is alone', [[A, B], [C]])
story('beside others', [[OTHER, A], [OTHER, A, B], [OTHER, C, B]])
story('three, then two', [[A, B, C], [B, D], [D, B]])
story('equal ones', [[A, A], [A, A, A], [A, A]], want=[A, A, A])
story('empty in between', [[A, B], [], [C, B]])
for name, last in (('deleted: what is left', [B]), ('what came since', [C]),
                   ('two', [B, C])):
    v = Pop([A, B])
    s, r = Serve(v), Run()
    go(r, s)
    v.m = list(last)
    go(r, s, *NOW)
    case.check(sorted(box(r)) == sorted(set(names([A, B] + last))) and
               not v.m and r.rc == 0, 'kept, then %s' % name,
               (box(r), v.m, r.rc, r.err))
    s.close()
    r.done()

v = Pop([A, B])
s, r = Serve(v), Run()
go(r, s)
v.m = [B, C]
v.hooks['retr'] = lambda v, t: '-ERR busy\r\n' if t == 'RETR 1' else None
go(r, s, *NOW)
case.check(r.rc == 75 and box(r) == names([A, B, C]) and v.m == [B],
           'one that cannot be read stays, and nothing is forgotten',
           (r.rc, r.err, box(r), v.m))
v.hooks.clear()
v.m = [D, B]
go(r, s, *NOW)
case.check(r.rc == 0 and box(r) == names([A, B, C, D]) and not v.m,
           'and is known when it can', (r.rc, r.err, box(r), v.m))
s.close()
r.done()

v = Pop([A, B])
s, r = Serve(v), Run()
r.go('pop3', s, '--catch-up', maildir=False)
v.m = [B, C]
go(r, s, *NOW)
case.check(box(r) == names([C]) and v.m == [B] and r.rc == 0,
           'passed over, and one goes', (r.rc, r.err, box(r), v.m))
s.close()
r.done()

for caps in ('USER TOP PIPELINING', 'USER'):
    v = Pop([A, B], caps=caps)
    v.hooks['uidl'] = lambda v, t: '-ERR\r\n'
    if 'TOP' not in caps:
        v.hooks['top'] = lambda v, t: '-ERR\r\n'
    s, r = Serve(v), Run()
    go(r, s)
    v.m = [B, C]
    go(r, s, *NOW)
    case.check(sorted(box(r)) == names([A, B, C]) and not v.m and r.rc == 0,
               'no UIDL, and equal headers: %s' % caps,
               (r.rc, r.err, box(r), v.m))
    s.close()
    r.done()

# ---- headers alone of one UIDL

def heads(r):
    path = r.d + '/box'
    b = open(path, 'rb').read() if os.path.exists(path) else b''
    return b.count(b'\nMessage-ID:')


for name, lists, want in (
        ('two', [[A, B], [A, B], [B, A]], 2),
        ('one goes, another comes', [[A, B], [B, C], [C, B]], 3),
        ('one was there before', [[A], [A, B], [A, B]], 2),
        ('equal ones', [[A, A], [A, A, A], [A, A]], 3)):
    v = Pop([])
    s, r = Serve(v), Run()
    for mails in lists:
        v.m = list(mails)
        go(r, s, '--headers-only')
    case.check(heads(r) == want and r.rc == 0 and r.err == '',
               'headers alone: %s' % name, (heads(r), r.rc, r.err, s.log))
    go(r, s, *NOW)
    case.check(heads(r) == want + len(lists[-1]) and r.rc == 0 and not v.m,
               'and all of them then', (heads(r), r.rc, r.err, v.m))
    s.close()
    r.done()

# ---- one UIDL for several, of which a command perhaps has one

for then in ([A, B], [B, A], [B, C], [C, B, A]):
    v = Pop([A, B])
    s, r = Serve(v), Run()
    out = r.d + '/out'
    cmd = r.write('cmd', '#!/bin/sh\nhead -c 999 >> %s\n'
                  'test -e %s/calm || kill -9 $PPID\n' % (out, r.d), 0o755)
    args = ('-d', 'exec:' + cmd, '--in-doubt', 'skip', '--no-sandbox')
    r.go('pop3', s, *args, maildir=False)
    r.write('calm', '')
    for _ in range(3):
        v.m = list(then)
        r.go('pop3', s, *args, maildir=False)
    came = open(out, 'rb').read()
    case.check(r.rc == 0 and all(
        came.count(n) == 1 for n in names({A, B, *then} if B in then else
                                          {A, *then})),
               'perhaps taken, not again: %s' % b', '.join(
                   names(then)).decode(), (r.rc, r.err, came))
    s.close()
    r.done()

# ---- one UIDL for several, and a run is killed between name and record

LIB = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/lab/failn.so'


def kill_at(r, s, n, **more):
    return r.go('pop3', s, env=dict(
        LD_PRELOAD=LIB, FAIL_WHAT='file', FAIL_HOW='kill', FAIL_BELOW=r.d,
        FAIL_N=str(n), **more))


for then in ([A, B], [B, A], [B, C], [C, A, B], [B]):
    v = Pop([A, B])
    s, r, probe = Serve(v), Run(), Run()
    kill_at(probe, s, 0, FAIL_LOG=r.d + '/log')
    calls = open(r.d + '/log').read().splitlines()
    rc = kill_at(r, s, 2 + max(i for i, c in enumerate(calls)
                               if '/M/new' in c))
    n = len(r.files())
    v.m = list(then)
    r.go('pop3', s)
    r.go('pop3', s)
    case.check(rc == -9 and n == 2 and r.rc == 0 and r.err == '' and
               len(r.files()) == len({A, B, *then}), 'killed, then: %s' %
               b', '.join(names(then)).decode(),
               (rc, n, r.rc, r.err, len(r.files())))
    s.close()
    r.done()
    probe.done()

# ---- one UIDL for several, and RETR is cut

BIG = [('h', msg(0, b'disk sd%d: ' % k + b'a line of text\r\n' * 100))
       for k in range(3)]


def cut_story(name, how, want_rc, mails=BIG, **more):
    """Run, run with cuts, run without."""
    v = Pop(BIG[:2], **more)
    s, r = Serve(v), Run()
    go(r, s)
    v.m = list(mails)
    v.asked = 0

    def retr(v, t):
        v.asked += 1
        k = int(t.split()[1]) - 1
        n = how(k, v.asked)
        return None if not n else b'+OK\r\n' + v.m[k][1][:n].rsplit(b'\r\n', 1)[0] + \
            b'\r\n.\r\n'
    v.hooks['retr'] = retr
    go(r, s)
    rc, err = r.rc, r.err
    v.hooks.clear()
    left = [go(r, s), go(r, s, *NOW)]
    case.check(rc in want_rc and left == [0, 0] and sorted(
        len(x) for x in box(r)) == [len(BIG[0][1].split(
            b'\r\n\r\n')[1].replace(b'\r\n', b'\n').strip())] *
        len({*BIG[:2], *mails}), name, (rc, err, left, box(r)))
    s.close()
    r.done()


cut_story('cut once, and looked at again', lambda k, n: n == 1 and 600, (0,))
cut_story('cut once, beside a new one',
          lambda k, n: n == 1 and 600, (0,), BIG)
cut_story('cut here and there: it stays',
          lambda k, n: k == 1 and 500 + 40 * n, (75,))
cut_story('cut always in the same way: one that may be known stays',
          lambda k, n: k == 0 and 600, (75,), BIG[:2])

# ---- no UIDL at all

for top in (None, lambda v, t: '-ERR\r\n'):
    v = Pop([('a', BIG[0][1]), ('b', msg(7, b'b\r\n' * 500))],
            caps='USER TOP PIPELINING', uidl=lambda v, t: '-ERR\r\n')
    if top:
        v.hooks['top'] = top
    s, r = Serve(v), Run()
    go(r, s)
    for cut in ((0,), (0, 1)):
        v.asked, verb = 0, 'retr' if top else 'top'

        def short(v, t):
            v.asked += 1
            return b'+OK\r\n' + v.m[0][1][:6 + 14 * v.asked if not top else
                                          500 + 50 * v.asked].rsplit(
                b'\r\n', 1)[0] + b'\r\n.\r\n' if t.split()[1] == '1' and \
                v.asked <= (1, 99)[len(cut) - 1] else None
        v.hooks[verb] = short
        go(r, s)
        case.check(len(box(r)) == 2 and r.rc == (0, 75)[len(cut) - 1],
                   'no UIDL, %s cut %s: nothing comes again' % (
                       verb.upper(), ('once', 'each time')[len(cut) - 1]),
                   (r.rc, r.err, len(box(r)), s.log[-8:]))
    del v.hooks[verb]
    go(r, s, *NOW)
    case.check(len(box(r)) == 2 and r.rc == 0 and not v.m,
               'and is known when it is whole', (r.rc, r.err, len(box(r))))
    s.close()
    r.done()

# An earlier version told them by size and rank.

def mix(key, text):
    return hashlib.sha256(b'mix\0' + key + text).digest()[:16]


def as_before(path):
    b = open(path, 'rb').read()
    v = [b[i:i + 32] for i in range(32, len(b), 32)]
    kind = lambda x: int.from_bytes(x[4:6], sys.byteorder)
    done = [x[16:] for x in v if kind(x) == 1]
    new = {mix(k, b'copy 1'): mix(k, b'%d 1' % len(B[1])) for k in done}
    with open(path, 'wb') as f:
        f.write(b[:32])
        for x in v:
            if kind(x) < 17:
                x = x[4:16] + new.get(x[16:], x[16:])
                f.write(zlib.crc32(x).to_bytes(4, sys.byteorder) + x)


v = Pop([A, B])
s, r = Serve(v), Run()
go(r, s)
as_before(r.states()[0])
go(r, s, *NOW)
case.check(box(r) == names([A, B]) and v.m == [A, B] and r.rc == 0,
           'taken over: nothing comes, and nothing is deleted',
           (r.rc, r.err, box(r), v.m))
v.m = [B, C]
go(r, s, *NOW)
case.check(box(r) == names([A, B, C]) and v.m == [B] and r.rc == 0,
           'and what comes from now on does', (r.rc, r.err, box(r), v.m))
s.close()
r.done()

# ---- a server that does not give them for once

for text, caps in (('-ERR [SYS/TEMP] locked', 'USER UIDL TOP PIPELINING'),
                   ('-ERR no', 'USER'), ('+OK\r\n.', 'USER UIDL TOP'),
                   ('+OK\r\n1 a\r\n3 c\r\n.', 'USER UIDL TOP PIPELINING')):
    v = Pop([(u, one(k, b'failing')) for k, u in enumerate('abc')], caps=caps,
            capa=None if caps != 'USER' else lambda v, t: '-ERR\r\n')
    s, r = Serve(v), Run()
    go(r, s)
    v.hooks['uidl'] = lambda v, t, x=text: x + '\r\n'
    go(r, s)
    first = r.rc, r.err, len(box(r))
    go(r, s, '--check')
    look = r.rc
    if '3 c' in text:
        del s.log[:]
        r.go('pop3', s, '-l', maildir=False)
        case.check(len(r.out.splitlines()) == 3 and
                   'TOP 0 0' not in s.log and r.rc == 75,
                   'one that has no number is not listed', (r.out, s.log))
    del v.hooks['uidl']
    v.m.append(('d', one(3, b'failing')))
    go(r, s)
    case.check(first[0] == 75 and first[2] == 3 and
               ('cannot be told' in first[1] or 'named all' in first[1]) and
               look == 75 and r.rc == 0 and len(box(r)) == 4,
               'UIDL: %r: nothing comes twice' % text,
               (first, look, r.rc, r.err, len(box(r))))
    s.close()
    r.done()

# One that it never names is told by its header, in each run.
for text in '1 a\r\n3 c', '1 a\r\n1 a\r\n3 c', '1 a\r\n2 \r\n3 c':
    v = Pop([(u, one(k, b'failing')) for k, u in enumerate('abc')],
            uidl=lambda v, t, x=text: '+OK\r\n%s\r\n.\r\n' % x)
    s, r = Serve(v), Run()
    said = [(go(r, s), r.err) for _ in range(3)]
    came = len(box(r))
    v.m[1] = ('b', msg(9, b'another\r\n'))
    said.append((go(r, s), r.err))
    case.check(said == [(0, '')] * 4 and came == 3 and
               len(box(r)) == len(set(box(r))) == 4,
               'UIDL never names one: it comes once: %r' % text,
               (said, box(r)))
    s.close()
    r.done()

# Nor where it never did, and says that it can.
v = Pop([A], uidl=lambda v, t: '-ERR not now\r\n')
s, r = Serve(v), Run()
go(r, s)
first = r.rc
v.hooks.clear()
go(r, s)
case.check(first == 75 and r.rc == 0 and box(r) == names([A]),
           'UIDL is refused at first: it is waited for', (first, r.rc, r.err))
s.close()
r.done()

# ---- a name that comes back, where nobody can say what is gone

for name, hooks in (
        ('UIDL has more than LIST', {'uidl': lambda v, t: '+OK\r\n%s9 x\r\n.'
                                     '\r\n' % ids(v)}),
        ('UIDL leaves one out', {'uidl': lambda v, t: '+OK\r\n.\r\n' if not
                                 v.m[1:] else '+OK\r\n%s.\r\n' % ids(v)[5:]})):
    def ids(v):
        return ''.join('%d %s\r\n' % (k + 1, x[0])
                       for k, x in enumerate(v.m))
    kept = [('k', one(5, b'failing')), ('l', one(6, b'failing'))]
    v = Pop([A] + kept)
    s, r = Serve(v), Run()
    go(r, s)
    v.m, v.hooks = kept, hooks
    go(r, s)
    said = r.rc
    v.m, v.hooks = kept + [(A[0], B[1])], {}
    go(r, s, *NOW)
    case.check(said == 75 and r.rc == 0 and not v.m and
               len(box(r)) == len(set(box(r))) == 4,
               'another one under the name of what is gone, %s before' % name,
               (said, r.rc, r.err, v.m, box(r)))
    s.close()
    r.done()

# One that LIST has not for once is known when it is there again.
v = Pop(kept)
s, r = Serve(v), Run()
go(r, s)
v.hooks = {'list': lambda v, t: '+OK\r\n%s.\r\n' % ''.join(
    '%d %d\r\n' % (k + 1, len(x[1])) for k, x in enumerate(v.m[:-1]))}
go(r, s)
said = r.rc, r.err
v.hooks = {}
go(r, s)
case.check(said[0] == 75 and 'UIDL has 1 more than LIST' in said[1] and
           r.rc == 0 and len(box(r)) == len(kept),
           'known again once LIST has it again', (said, r.rc, box(r)))
s.close()
r.done()

# Hundreds of one name are no matter.
many = [('h', one(k, b'failing')) for k in range(1500)]
story('many of one name', [many[:1000], many[500:]])

case.end()
