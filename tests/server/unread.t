#!/usr/bin/env -S python3 -B
"""mailfetch: a message that the server cannot give keeps back no other, and what
one of its lists leaves out is said, and is not taken for gone."""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, msg, subjects, until  # noqa: E402

case = Case()


# ---- IMAP: one that cannot be read, and all of the command is refused

def broken(word, bad, gives):
    """FETCH of bad, alone or with others, fails; the first gives come before."""
    def hook(v, tag, t):
        uids = v.uids(t.split(' ')[3])
        if not set(uids) & bad:
            return None
        return b''.join(v.item(u, v.m[u]) for u in uids[:gives]
                        if u not in bad) + b'%s %s\r\n' % (
                            tag.encode(), word.encode())
    return hook


for name, word, bad, gives in (
        ('NO, nothing before', 'NO [SERVERBUG] cannot read it', {3}, 0),
        ('NO, some before', 'NO cannot read it', {3}, 2),
        ('BAD', 'BAD Command Error. 12', {3}, 0),
        ('the first', 'NO cannot read it', {1}, 0),
        ('two', 'NO cannot read it', {2, 5}, 1)):
    for delete in ('never', 'now'):
        v = Imap(uid_fetch=broken(word, bad, gives))
        s, r = Serve(v), Run()
        want = [u for u in range(1, 6) if u not in bad]
        r.go('imap', s, '--delete', delete)
        case.check(subjects(r.files()) == want and r.rc == 75,
                   '%s, %s: the others come' % (name, delete),
                   (r.rc, r.err, subjects(r.files())))
        case.check(r.err.count('\n') == 1 and word.split(' ', 1)[1] in r.err
                   and all('INBOX UID %d' % u in r.err for u in bad),
                   '%s, %s: which stay, and why' % (name, delete), r.err)
        v.hooks.clear()
        r.go('imap', s, '--delete', delete)
        case.check(sorted(subjects(r.files())) == [1, 2, 3, 4, 5] and
                   r.rc == 0, '%s, %s: they come when they can be read' % (
                       name, delete), (r.rc, r.err, subjects(r.files())))
        case.check(len(v.m) == (5 if delete == 'never' else 0),
                   '%s, %s: what is left there' % (name, delete), list(v.m))
        s.close()
        r.done()

# Each has its own reason: not a line for each.
v = Imap({i: msg(i) for i in range(1, 21)}, uid_fetch=lambda v, tag, t:
         None if t.split(' ')[3] == '20' else
         '%s NO reason %s\r\n' % (tag, t.split(' ')[3].split(':')[0]))
s, r = Serve(v), Run()
r.go('imap', s)
case.check(r.rc == 75 and subjects(r.files()) == [20] and
           'other reasons: ' in r.err and r.err.count('\n') <= 16,
           'twenty reasons', (r.rc, r.err))
s.close()
r.done()

# What --unseen passes over is no part of what was done before.
v = Imap(uid_search=lambda v, tag, t: '* SEARCH 3\r\n%s OK\r\n' % tag
         if 'UNSEEN' in t else None)
s, r = Serve(v), Run()
r.go('imap', s, '--unseen')
first = subjects(r.files())
r.go('imap', s)
case.check((first, sorted(subjects(r.files())), r.rc) ==
           ([3], [1, 2, 3, 4, 5], 0), '--unseen, then all',
           (first, r.err, subjects(r.files())))
s.close()
r.done()

# A server that refuses everything is not asked a thousand times.
v = Imap({i: msg(i) for i in range(1, 101)},
         uid_fetch=lambda v, tag, t: tag + ' NO not now\r\n')
s, r = Serve(v), Run()
r.go('imap', s)
n = sum('FETCH' in line for line in s.log)
case.check(r.rc == 75 and r.files() == [] and n <= 22,
           'a server that refuses all', (r.rc, r.err, n))
case.check('asked for and not answered: 79' in r.err,
           'what was not asked for again is counted', r.err)
s.close()
r.done()

# ---- POP3: UIDL and LIST do not agree


def short_list(v, t):
    return None if t != 'LIST' else '+OK\r\n' + ''.join(
        '%d %d\r\n' % (k + 1, len(x[1]))
        for k, x in enumerate(v.m[:v.listed])) + '.\r\n'


for listed in (0, 3):
    v = Pop(list=short_list)
    v.listed = listed
    s, r = Serve(v), Run()
    r.go('pop3', s)
    case.check(subjects(r.files()) == list(range(1, listed + 1)),
               'LIST has %d of 5: these come' % listed, subjects(r.files()))
    case.check(r.rc == 75 and 'UIDL has %d more' % (5 - listed) in r.err,
               'LIST has %d: the rest is said' % listed, (r.rc, r.err))
    v.listed = 5
    r.go('pop3', s)
    case.check(r.rc == 0 and len(r.files()) == 5, 'the rest comes',
               (r.rc, r.err, len(r.files())))
    s.close()
    r.done()
    s, r = Serve(v), Run()
    for v.listed in (5, listed, 5):
        r.go('pop3', s, '-d', 'mbox:%s/all' % r.d, maildir=False)
    with open(r.d + '/all', 'rb') as f:
        got = f.read().count(b'\nSubject: ')
    case.check(r.rc == 0 and got == 5,
               'all, %d of them, and all: each comes once' % listed,
               (r.rc, r.err, got))
    s.close()
    r.done()

# ---- a BAD that is no fault of who typed --search


def later(v, tag, t):
    v.searches = getattr(v, 'searches', 0) + 1
    return tag + ' BAD internal error\r\n' if v.searches == 2 else None


v = Imap(uid_search=later)
s, r = Serve(v), Run()
p = r.start('imap', s, '--watch')
until(lambda: v.idle, 10)
v.m[6] = msg(6)
v.w('* 6 EXISTS\r\n')
case.check(until(lambda: len(r.files()) == 6, 20) and p.poll() is None,
           'a watch outlives BAD to its own SEARCH', (p.poll(), len(r.files())))
p.kill()
p.wait()
s.close()
r.done()

for keys, want in (((), 69), (('--search', 'FOO'), 64)):
    v = Imap(uid_search=lambda v, tag, t: tag + ' BAD what?\r\n')
    s, r = Serve(v), Run()
    r.go('imap', s, *keys)
    case.check(r.rc == want and 'what?' in r.err, 'BAD to %s' % (
        ' '.join(keys) or 'our own keys'), (r.rc, r.err))
    s.close()
    r.done()

# ---- the server hangs up at one message, each time


def hangs_pop(bad):
    """At RETR of these, and nothing of it is said."""
    names = {'u%d' % i for i in bad}
    return lambda v, t: False if v.m[int(t.split(' ')[1]) - 1][0] in names \
        else None


def hangs_imap(bad, lost=0):
    """At these; answers to as many before it are lost."""
    def hook(v, tag, t):
        uids = v.uids(t.split(' ')[3])
        at = min((i for i, u in enumerate(uids) if u in bad), default=None)
        if at is None:
            return None
        for u in uids[:max(at - lost, 0)]:
            v.w(v.item(u, v.m[u]))
        return False
    return hook


def hung(proto, bad, lost=0):
    return Pop(retr=hangs_pop(bad)) if proto == 'pop3' else Imap(
        uid_fetch=hangs_imap(bad, lost))


for proto, bad in (('pop3', {3}), ('imap', {3}), ('pop3', {1, 4}),
                   ('imap', {1, 4})):
    for delete in ('never', 'now'):
        what = '%s hangs up at %s, %s' % (proto, sorted(bad), delete)
        v = hung(proto, bad)
        s, r = Serve(v), Run()
        for n in range(2 * len(bad)):
            r.go(proto, s, '--delete', delete)
            case.check(r.rc == 75 and 'closed the connection' in r.err,
                       '%s: run %d' % (what, n + 1), (r.rc, r.err))
        want = [u for u in range(1, 6) if u not in bad]
        for again in range(2):
            r.go(proto, s, '--delete', delete)
            case.check(r.rc == 75 and sorted(subjects(r.files())) == want,
                       what + ': the others come', (r.rc, r.err,
                                                    subjects(r.files())))
            case.check(r.err.count('\n') == 1 and r.err.count('stay') == 1 and
                       r.err.count('UID' if proto == 'imap' else 'message ') ==
                       len(bad), what + ': named once', r.err)
        case.check(len(v.m) == (5 if delete == 'never' else len(bad)),
                   what + ': the others are deleted', len(v.m))
        v.hooks.clear()
        r.go(proto, s, '--delete', delete)
        case.check(r.rc == 0 and sorted(subjects(r.files())) == [1, 2, 3, 4, 5],
                   what + ': they come when they can be had', (r.rc, r.err))
        case.check(len(v.m) == (5 if delete == 'never' else 0),
                   what + ': and are deleted', len(v.m))
        n = s.conns             # another place is to have all of them
        r.go(proto, s, '-d', 'mbox:%s/box' % r.d)
        case.check(r.rc == 0 and s.conns == n + 1,
                   what + ': they are suspected no more', (r.rc, r.err))
        v.m = [('n', msg(9))] if proto == 'pop3' else {9: msg(9)}
        n = s.conns
        r.go(proto, s, '--delete', delete)
        case.check(r.rc == 0 and s.conns == n + 1 and
                   len(r.files()) == 6, what + ': all is as before',
                   (r.rc, r.err, s.conns - n))
        s.close()
        r.done()

# So it is where a message is read for itself: for its header, for the digest
# that tells it from its like, or that it is still the same, or as its name.


def hangs_at(v, t):
    return False if v.bad and v.m[int(t.split(' ')[1]) - 1][1] in v.bad \
        else None


def fill_since(v, s, r):
    v.hooks['top'] = hangs_at
    v.bad = {msg(3)}
    return ('--since', '2020-01-01'), [1, 2, 4, 5]


def fill_twice(v, s, r):
    """The name of the one that is there is another one's, too."""
    r.go('pop3', s)
    v.m += [('u3', msg(6)), ('u7', msg(7))]
    v.hooks['retr'] = hangs_at
    v.bad = {msg(6)}
    return (), [1, 2, 3, 4, 5, 7]


def fill_prove(v, s, r):
    """QUIT was not answered, and all are there still."""
    v.hooks['quit'] = lambda v, t: False
    r.go('pop3', s, '--delete', 'now')
    del v.hooks['quit']
    v.m += [('u7', msg(7))]
    v.hooks['retr'] = hangs_at
    v.bad = {msg(3)}
    return ('--delete', 'now'), [1, 2, 3, 4, 5, 7]


def fill_nameless(v, s, r):
    v.caps = v.caps.replace('UIDL ', '')
    v.hooks['uidl'] = lambda v, t: '-ERR what?\r\n'
    v.hooks['top'] = hangs_at
    v.bad = {msg(3)}
    return (), [1, 2, 4, 5]


def fill_whole(v, s, r):
    """Neither UIDL nor TOP."""
    v.caps = 'USER PIPELINING'
    fill_nameless(v, s, r)
    v.hooks['top'] = lambda v, t: '-ERR what?\r\n'
    v.hooks['retr'] = hangs_at
    return (), [1, 2, 4, 5]


for fill in (fill_since, fill_twice, fill_prove, fill_nameless, fill_whole):
    what = 'hangs up at what is read for itself: ' + fill.__name__[5:]
    v = Pop()
    s, r = Serve(v), Run()
    args, want = fill(v, s, r)
    for n in range(2):
        r.go('pop3', s, *args)
        case.check(r.rc == 75 and 'closed the connection' in r.err,
                   '%s: run %d' % (what, n + 1), (r.rc, r.err))
    for again in range(2):
        r.go('pop3', s, *args)
        case.check(r.rc == 75 and sorted(subjects(r.files())) == want,
                   what + ': the others come', (r.rc, r.err,
                                                subjects(r.files())))
        case.check(r.err.count('\n') == 1 and r.err.count('message ') == 1 and
                   'stays' in r.err, what + ': it is named', r.err)
    had = len(r.files())
    bad, v.bad = v.bad, None
    n = s.conns
    r.go('pop3', s, *args)
    case.check(r.rc == 0 and s.conns == n + 2 and sorted(set(subjects(
        r.files()))) == sorted(set(want) | set(subjects(bad))) and
        len(r.files()) == had + (fill is not fill_prove),
               what + ': it comes when it can be had',
               (r.rc, r.err, subjects(r.files()), s.conns - n))
    n = s.conns
    r.go('pop3', s, *args)
    case.check(r.rc == 0 and s.conns == n + 1 and
               len(v.m) == (0 if 'now' in args else len(v.m)),
               what + ': all is as before', (r.rc, r.err, v.m))
    s.close()
    r.done()

# The answers to two others are lost with it: these come all the same.
v = hung('imap', {4}, 2)
s, r = Serve(v), Run()
for n in range(9):
    r.go('imap', s)
    if len(r.files()) == 4:
        break
case.check(sorted(subjects(r.files())) == [1, 2, 3, 5] and n < 8,
           'answers are lost with it: the others come',
           (n, r.rc, r.err, subjects(r.files())))
s.close()
r.done()

# All of the answers are lost with it: halves of them, until it is found.
for bad in ({23}, {1, 40}, {7, 8, 31}):
    what = 'all answers are lost with %s: ' % sorted(bad)
    v = Imap({i: msg(i) for i in range(1, 41)}, uid_fetch=hangs_imap(bad, 99))
    s, r = Serve(v), Run()
    want = [u for u in range(1, 41) if u not in bad]
    for n in range(1, 9):
        r.go('imap', s, '--delete', 'now')
        if len(r.files()) == len(want):
            break
    case.check(sorted(subjects(r.files())) == want and n <= 4 and r.rc == 75 and
               s.conns <= 30, what + 'the others come in few runs',
               (n, s.conns, r.rc, r.err, subjects(r.files())))
    case.check(sorted(v.m) == sorted(bad) and r.err.count('\n') == 1 and
               r.err.count(' UID ') == len(bad), what + 'they are named',
               (r.err, v.m))
    n = s.conns
    r.go('imap', s, '--delete', 'now')
    case.check(s.conns == n + 1 + len(bad) and r.rc == 75,
               what + 'they are known', (r.rc, r.err, s.conns - n))
    v.hooks.clear()
    r.go('imap', s, '--delete', 'now')
    case.check(r.rc == 0 and len(r.files()) == 40 and v.m == {},
               what + 'they come', (r.rc, r.err, v.m))
    v.m = {50: msg(50)}
    n = s.conns
    r.go('imap', s, '--delete', 'now')
    case.check(r.rc == 0 and s.conns == n + 1, what + 'nothing is suspected',
               (r.rc, r.err, s.conns - n))
    s.close()
    r.done()

# More than a run tries: what is left is divided in the next one.
bad = set(range(2, 41, 4))
v = Imap({i: msg(i) for i in range(1, 41)}, uid_fetch=hangs_imap(bad, 99))
s, r = Serve(v), Run()
for n in range(1, 20):
    before = s.conns
    r.go('imap', s)
    case.check(s.conns - before <= 22 + 20, 'ten of forty: so many connections',
               s.conns - before)
    if len(r.files()) == 30:
        break
case.check(n < 12 and not set(subjects(r.files())) & bad,
           'ten of forty: the others come', (n, r.err))
r.go('imap', s)
case.check('10 messages stay' in r.err or r.err.count(' UID ') == 10,
           'ten of forty: all are named', r.err)
s.close()
r.done()

# More of them than a run tries: each is tried in some run.
v = Imap({i: msg(i) for i in range(1, 9)}, uid_fetch=hangs_imap(set(range(1, 8))))
s, r = Serve(v), Run()
for n in range(14):
    r.go('imap', s)
n = s.conns
r.go('imap', s)
case.check(s.conns - n == 6 and subjects(r.files()) == [8] and r.rc == 75,
           'seven: five are tried', (s.conns - n, r.rc, r.err))
case.check('7 messages stay' in r.err or r.err.count(' UID ') == 7,
           'seven: all are named', r.err)
rest = {int(u) for line in r.err.split('\n') if 'the connection ends' in line
        for u in re.findall(r'UID (\d+)', line)}
v.hooks['uid_fetch'] = hangs_imap(set(range(1, 8)) - rest)
r.go('imap', s)
case.check(len(rest) == 2 and rest <= set(subjects(r.files())),
           'seven: in the next run those come that were not tried',
           (rest, r.err, subjects(r.files())))
s.close()
r.done()

# What is there, and what is too large, is counted once.


def smaller(v, tag, t):
    if 'SMALLER' not in t:
        return None
    most = int(t.split('SMALLER ')[1].split(' ')[0])
    return '* SEARCH %s\r\n%s OK\r\n' % (' '.join(
        str(u) for u in v.m if len(v.m[u]) < most), tag)


for proto in ('pop3', 'imap'):
    v = hung(proto, {3})
    s, r = Serve(v), Run()
    for n in range(2):
        r.go(proto, s, '--delete', 'now')
    large = msg(6, b'x' * 900 + b'\r\n')
    if proto == 'imap':
        v.m[6] = large
        v.hooks['uid_search'] = smaller
    else:
        v.m.append(('u6', large))
    r.go(proto, s, '--delete', 'now', '--max-size', '500', '-j', '-v')
    said = json.loads(r.out)
    case.check(r.rc == 75 and [said[x] for x in (
        'there', 'skipped', 'kept', 'deleted')] == [6, 1, 1, 4] and
               not re.search(r'\d{15} there', r.err),
               proto + ': what is asked for alone is counted once',
               (r.rc, r.out, r.err))
    s.close()
    r.done()

# A server that refuses another login at once: it is asked for in its turn then.
for proto, login in (('pop3', 'user'), ('imap', 'authenticate')):
    v = hung(proto, {3})
    s, r = Serve(v), Run()
    for n in range(2):
        r.go(proto, s)

    def once(v, *line):
        v.logins += 1
        if v.logins > 1:
            return '-ERR [IN-USE] locked\r\n' if proto == 'pop3' else \
                line[0] + ' NO [INUSE] locked\r\n'

    v.hooks = {login: once}
    got = []
    for n in range(2):
        v.logins = 0
        r.go(proto, s)
        got.append((r.rc, len(r.files()), 'locked' in r.err))
    case.check(got == [(75, 4, True), (0, 5, False)],
               proto + ': another login is refused', (got, r.err))
    s.close()
    r.done()

# One that says so: in its turn, and in the next run it is left out.
v = hung('pop3', {3})
v.hooks['capa'] = lambda v, t: ('+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING'
                                '\r\nLOGIN-DELAY 60\r\n.\r\n')
s, r = Serve(v), Run()
got = []
for n in range(5):
    r.go('pop3', s, '--delete', 'now')
    got.append((r.rc, len(v.m), len(r.files()), 'stays' in r.err))
case.check(got == [(75, 5, 2, False)] * 2 + [(75, 1, 4, True),
                                             (75, 1, 4, False),
                                             (75, 1, 4, True)] and
           s.conns == 5, 'LOGIN-DELAY: left out of every other run', got)
del v.hooks['retr']
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 0 and len(r.files()) == 5 and v.m == [],
           'LOGIN-DELAY: it comes', (r.rc, r.err))
v.hooks['capa'] = lambda v, t: ('+OK\r\nUSER\r\nUIDL\r\nEXPIRE 30\r\n'
                                'LOGIN-DELAY 60\r\n.\r\n')
r.go('pop3', s, '--probe', '-j')
case.check(r.rc == 0 and [json.loads(r.out)[x] for x in (
    'expire', 'login_delay')] == [30, 60], '--probe has both', (r.rc, r.out))
s.close()
r.done()

# What is in front of two that wait, and between them, is done.
v = hung('imap', {3, 5})
s, r = Serve(v), Run()
for n in range(6):
    r.go('imap', s)
    if len(r.files()) == 3:
        break
for again in range(2):          # another place, which is to have all of them
    r.go('imap', s, '-d', 'mbox:%s/box' % r.d, maildir=False)
    v.hooks.clear()
with open(r.d + '/box', 'rb') as f:
    got = sorted(subjects(f.read().split(b'\nFrom ')))
case.check(r.rc == 0 and got == [1, 2, 3, 4, 5],
           'two that waited come to another place', (r.rc, r.err, got))
s.close()
r.done()

# A server that is late to expunge: what is listed is not given again.
v = hung('imap', {3})
s, r = Serve(v), Run()
for n in range(2):
    r.go('imap', s)
v.hooks['uid_expunge'] = lambda v, tag, t: tag + ' OK\r\n'
for n in range(3):
    r.go('imap', s, '--delete', 'now')
case.check(sorted(subjects(r.files())) == [1, 2, 4, 5] and len(v.m) == 5,
           'what is deleted and listed comes once', (r.err, r.files()))
v.hooks.clear()
r.go('imap', s, '--delete', 'now')
case.check(r.rc == 0 and not v.m and len(r.files()) == 5,
           'and is deleted in the end', (r.rc, r.err, v.m))
s.close()
r.done()

# One that is gone is suspected no more.
v = hung('imap', {3})
s, r = Serve(v), Run()
for n in range(3):
    r.go('imap', s)
del v.m[3]
v.m[6] = msg(6)
r.go('imap', s)
with open(r.states()[0], 'rb') as f:
    b = f.read()
kinds = [tuple(int.from_bytes(b[i + k:i + k + 2], sys.byteorder)
               for k in (4, 8)) for i in range(32, len(b), 32)]
case.check(r.rc == 0 and (6, 22) in kinds, 'one that is gone is forgotten',
           (r.rc, r.err, kinds))
s.close()
r.done()

# A look does not try, and says that they would be fetched.
v = hung('pop3', {3})
s, r = Serve(v), Run()
for n in range(3):
    r.go('pop3', s)
r.go('pop3', s, '-n')
case.check('m3' in r.out and r.rc == 0, '-n has it', (r.rc, r.out, r.err))
v.hooks['top'], v.bad = hangs_at, {msg(3)}
for n in range(3):
    r.go('pop3', s, '--since', '2020-01-01')
n = s.conns
del v.hooks['top']
r.go('pop3', s, '--check', '--since', '2020-01-01')
case.check(r.rc == 75 and s.conns == n + 1 and r.err.count('message 3') == 1,
           '--check leaves out what is not to be read', (r.rc, r.err))
s.close()
r.done()

# Another folder, and a watch, which goes on.
v = Imap(folders=('INBOX', 'Other'), uid_fetch=hangs_imap({3}))
v.m = {i: msg(i) for i in (2, 3, 4)}
s, r = Serve(v), Run()
for n in range(5):
    r.go('imap', s, '--folder', 'INBOX', '--folder', 'Other')
case.check(sorted(subjects(r.files())) == [2, 2, 4, 4] and
           r.err.count('INBOX UID 3') == r.err.count('Other UID 3') == 1,
           'of two folders the rest comes', (r.rc, r.err, subjects(r.files())))
p = r.start('imap', s, '--watch', '--folder', 'INBOX', '--folder', 'Other')
case.check(until(lambda: v.idle, 20), 'a watch waits')
n = s.conns
v.m[6] = msg(6)
v.w('* 4 EXISTS\r\n')
case.check(until(lambda: len(r.files()) == 6, 20) and p.poll() is None,
           'a watch gets what comes', (p.poll(), len(r.files())))
case.check(until(lambda: v.idle, 20) and s.conns == n,
           'and does not try again at each look', s.conns - n)
with open(r.d + '/err') as f:
    text = f.read()
case.check(text.count('Other UID 3') == 1, 'it has named it once', text)
p.kill()
p.wait()
s.close()
r.done()

# The time of a watch is each connection's own.
v = hung('imap', {1, 3, 5})
s, r = Serve(v), Run()
for n in range(6):
    r.go('imap', s)


def slow(v, tag, t):
    if set(v.uids(t.split(' ')[3])) & {1, 3, 5}:
        time.sleep(3)


v.hooks['uid_fetch'] = slow
p = r.start('imap', s, '--watch', '--timeout', '7')
case.check(until(lambda: len(r.files()) == 5, 30) and p.poll() is None,
           'three that are slow, one after the other',
           (p.poll(), subjects(r.files())))
p.kill()
p.wait()
s.close()
r.done()

case.end()
