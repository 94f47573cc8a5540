#!/usr/bin/env -S python3 -B
"""mailfetch: UIDNEXT is a number that a server gives.  One that cannot be, or
is another each time, neither hides mail nor makes a watch run in circles."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Run, Serve, msg, until  # noqa: E402

case = Case()
TOP = 2 ** 32


def box(says, v, t, tag):
    """says(n): UIDNEXT the n-th time that it is asked; None: not a word."""
    v.asked = getattr(v, 'asked', 0) + 1
    n = says(v.asked)
    return ('* %d EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] x\r\n%s'
            '%s OK open\r\n' % (len(v.m), '' if n is None else
                                '* OK [UIDNEXT %d] x\r\n' % n, tag))


def serve(says, **how):
    def hook(v, tag, t):
        return box(says, v, t, tag)
    v = Imap(select=hook, examine=hook, folders=('INBOX', 'b'), **how)
    return v, Serve(v)


LIES = [('0', lambda k: 0), ('1', lambda k: 1), ('5', lambda k: 5),
        ('one too many', lambda k: 7), ('none', lambda k: None),
        ('2^32 - 1', lambda k: TOP - 1), ('2^32', lambda k: TOP),
        ('2^32 + 3', lambda k: TOP + 3), ('2^63 - 1', lambda k: 2 ** 63 - 1),
        ('another each time', lambda k: 100 * k)]

# ---- passed over is what is there, and no more
for name, says in LIES:
    v, s = serve(says)
    r = Run()
    r.go('imap', s, '--catch-up', maildir=False)
    seen = r.rc, r.out, r.err
    v.hooks.clear()
    v.m.update({6: msg(6), 9: msg(9)})
    r.go('imap', s)
    case.check(seen[0] == 0 and '5 messages count' in seen[1] and r.rc == 0 and
               len(r.files()) == 2, '--catch-up, UIDNEXT is %s' % name,
               (seen, r.rc, r.err, len(r.files())))
    s.close()
    r.done()

for uid in (50, TOP - 1):
    v = Imap(uid_search=lambda v, tag, t: '* SEARCH 1 2 3 4 5 %d\r\n%s OK\r\n' % (
        uid, tag))
    s, r = Serve(v), Run()
    r.go('imap', s, '--catch-up', maildir=False)
    v.hooks.clear()
    v.m[6] = msg(6)
    r.go('imap', s)
    case.check(r.rc == 0 and len(r.files()) == 1,
               '--catch-up, and SEARCH lists %d, too' % uid,
               (r.rc, r.err, len(r.files())))
    s.close()
    r.done()

conf = '''account w
 imap imap://127.0.0.1:%d
 tls off
 user a
 password-command echo p
fetch w
 deliver maildir:%s/M
 create yes
 max-size 70
 since 1d
'''
v = Imap({1: msg(1), 2: msg(2, b'x' * 500), 3: msg(3)})
s, r = Serve(v), Run()
path = r.write('c', conf % (s.port, r.d))
r.bare(['--config', path, '--catch-up', 'w'])
case.check(r.rc == 0 and '3 messages count' in r.out and not any(
    'SINCE' in t or 'SMALLER' in t for t in s.log),
    "--catch-up is of all, whatever a section's choice", (r.out, r.err, s.log))
s.close()
r.done()

# ---- UIDs that are given away again
v, s = serve(lambda k: None)
r = Run()
r.go('imap', s)
v.hooks.clear()
del v.m[4], v.m[5]
v.m[4] = msg(14)
r.go('imap', s)
case.check(r.rc == 76 and 'UIDNEXT is 5' in r.err and 'UID 5 was there' in r.err,
           'a backup under the same UIDVALIDITY is said', (r.rc, r.err))
v.m[5] = msg(5)
v.hooks['examine'] = lambda v, tag, t: box(lambda k: 2, v, t, tag)
r.go('imap', s)
case.check(r.rc == 0 and r.err == '', 'a wrong UIDNEXT alone is not',
           (r.rc, r.err))
v.m[6] = msg(6)
r.go('imap', s)
case.check(r.rc == 0 and len(r.files()) == 6, 'and hides nothing',
           (r.rc, r.err, len(r.files())))
s.close()
r.done()



def move(v, tag, t):
    for u in v.uids(t.split(' ')[3]):
        del v.m[u]


# Nothing goes for what was delivered under the same number before.
for first, then in (((), ('--delete', 'now')), ((), ('--move-to', 'b')),
                    (('--max-size', '9999'), ('--delete', 'now'))):
    v = Imap(uid_move=move)
    s, r = Serve(v), Run()
    r.go('imap', s, *first)
    v.m = {i: msg(10 + i) for i in (1, 2)}
    r.go('imap', s, *first, *then)
    said = r.rc, r.err
    v.m.update({i: msg(i) for i in range(3, 8)})
    r.go('imap', s, *first, *then)
    case.check(said[0] == 76 and 'UID 5 was there' in said[1] and
               sorted(v.m) == [1, 2, 3, 4, 5] and len(r.files()) == 7,
               'a backup, and %s: nothing unread goes' %
               ' '.join(first + then), (said, r.rc, r.err, sorted(v.m)))
    s.close()
    r.done()
v = Imap(select=lambda v, tag, t: box(lambda k: 2, v, t, tag))
s, r = Serve(v), Run()
r.go('imap', s, '--max-size', '9999')
r.go('imap', s, '--max-size', '9999', '--delete', 'now')
case.check(r.rc == 0 and not v.m, 'for a wrong UIDNEXT alone all of it does',
           (r.rc, r.err, sorted(v.m)))
case.check(any(t.endswith(' SMALLER 10000') for t in s.log),
           '--max-size is the size that comes yet', s.log)
s.close()
r.done()

v = Imap()
s, r = Serve(v), Run()
r.go('imap', s, '--delete', 'now')
r.go('imap', s, '--delete', 'now')
case.check(r.rc == 0 and r.err == '' and not v.m,
           'nor is that of an empty folder', (r.rc, r.err))
v.m[1] = msg(2)
r.go('imap', s, '--delete', 'now')
case.check(r.rc == 76 and v.m, 'but of one that has mail', (r.rc, r.err))
s.close()
r.done()

# ---- another UIDVALIDITY: other messages, whatever their UIDs
for first in ((), ('--max-size', '9999'), ('--catch-up',)):
    for then in ((), ('--delete', 'now'), ('--move-to', 'b')):
        def renumbered(v, tag, t):
            return Imap.usual(v, t.split(' ')[1], tag, t.split(' '), t) \
                .replace('UIDVALIDITY 7', 'UIDVALIDITY 8')

        def refuses(v, tag, t):
            return tag + ' NO not now\r\n' if 2 in v.uids(
                t.split(' ')[3]) else None
        v = Imap(uid_move=move)
        s, r = Serve(v), Run()
        r.go('imap', s, *first, maildir=not first or 'catch' not in first[0])
        came = len(r.files())
        v.m = {i: msg(10 + i) for i in (1, 2, 3)}
        v.hooks.update(select=renumbered, examine=renumbered,
                       uid_fetch=refuses)
        r.go('imap', s, '--check')
        new = r.rc
        r.go('imap', s, *then)
        said = r.rc, sorted(v.m)
        v.hooks.pop('uid_fetch')
        r.go('imap', s, *then)
        case.check(new == 0 and said == (75, [2] if then else [1, 2, 3]) and
                   r.rc == 0 and r.err == '' and len(v.m) == (
                       0 if then else 3) and len(r.files()) == came + 3,
                   'another UIDVALIDITY, %s: all is new' % (
                       ' '.join(first + then) or 'no options'),
                   (new, said, r.rc, r.err, sorted(v.m), len(r.files())))
        s.close()
        r.done()

# ---- a watch
for name, says in (('another each time', lambda k: 100 * k),
                   ('said each second time', lambda k: 6 if k % 2 else None),
                   ('2^32', lambda k: TOP)):
    for folders in ([], ['-f', 'INBOX', '-f', 'b']):
        v, s = serve(says)
        r = Run()
        p = r.start('imap', s, '--watch', *folders)
        idles = until(lambda: v.idle, 30)
        time.sleep(0.5)
        case.check(idles and v.asked < 40 and p.poll() is None,
                   'a watch, UIDNEXT is %s: it waits%s' % (
                       name, ', in two folders' if folders else ''),
                   (v.asked, p.poll()))
        p.kill()
        p.wait()
        s.close()
        r.done()

case.end()
