#!/usr/bin/env -S python3 -B
"""mailfetch: the second one of what is one in most tests: folders, looks of a
watch, commands under way, places, messages, runs."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import (  # noqa: E402
    Case, Imap, Lmtp, Pop, Run, Serve, msg, subjects, until)

case = Case()


class Boxes(Imap):
    """A folder has messages of its own: boxes has them by name."""

    def __init__(self, boxes, **hooks):
        super().__init__({}, folders=tuple(boxes), **hooks)
        self.boxes, self.box = boxes, None

    def usual(self, cmd, tag, p, t):
        if cmd in ('SELECT', 'EXAMINE'):
            self.box = t.split(' ', 2)[2].strip('"')
            self.m = self.boxes[self.box]
        return super().usual(cmd, tag, p, t)


def refuses(box, bad):
    """These are not given, alone or with others."""
    def hook(v, tag, t):
        if v.box != box or not set(v.uids(t.split(' ')[3])) & bad:
            return None
        return tag + ' NO cannot read it\r\n'
    return hook


def number(r, key):
    m = re.search('"%s":(\\d+)' % key, r.out)
    return int(m.group(1)) if m else None


# ---- folders: a UID that is deleted in one stays in the other

v = Boxes({'INBOX': {i: msg(i) for i in range(1, 6)},
           'Other': {i: msg(i + 10) for i in range(1, 6)}},
          uid_fetch=refuses('Other', {3}))
s, r = Serve(v), Run()
r.go('imap', s)
two = ('--folder', 'Other', '--folder', 'INBOX', '--delete', 'now')
r.go('imap', s, *two)
case.check(r.rc == 75 and list(v.boxes['Other']) == [3] and
           not v.boxes['INBOX'], 'what came from one folder alone',
           (r.rc, r.err, v.boxes))
v.hooks.clear()
v.boxes['INBOX'][6] = msg(6)
v.boxes['INBOX'][7] = msg(7)
r.go('imap', s, '--folder', 'INBOX', '--folder', 'Other', '--check')
case.check(r.rc == 0, '--check of two', (r.rc, r.err))
r.go('imap', s, '--folder', 'Other', '--max-size', '100000')
r.go('imap', s, '--folder', 'INBOX', '--folder', 'Other', '--check', '-j')
case.check(r.rc == 0, '--check of two, and the last is not new',
           (r.rc, r.err))
v.boxes['Other'][8] = msg(18)
r.go('imap', s, '-j', *two)
case.check(r.rc == 0 and len(r.files()) == 13 and number(r, 'there') == 4 and
           number(r, 'deleted') == 4, 'what is counted of both',
           (r.rc, r.out, len(r.files())))
s.close()
r.done()

# ---- messages: of several that are deleted one stays, and comes once


def keeps(uid):
    """EXPUNGE says OK, and this one is still there."""
    def hook(v, tag, t):
        for u in v.uids(t.split(' ')[3]):
            if u != uid:
                del v.m[u]
        return tag + ' OK\r\n'
    return hook


v = Imap()
s, r = Serve(v), Run()
r.go('imap', s)
v.m[6], v.m[7] = msg(6), msg(7)
v.hooks['uid_expunge'] = keeps(7)
for n in range(2):      # --max-size: no mark is moved
    r.go('imap', s, '--max-size', '100000', '--delete', 'now')
case.check(sorted(subjects(r.files())) == [1, 2, 3, 4, 5, 6, 7] and
           list(v.m) == [7], 'EXPUNGE leaves the last one of several',
           (r.rc, r.err, subjects(r.files()), list(v.m)))
s.close()
r.done()

v = Pop(dele=lambda v, t: '-ERR locked\r\n' if t == 'DELE 2' else None)
s, r = Serve(v), Run()
place = '-d', 'mbox:%s/box' % r.d
r.go('pop3', s, *place, '--delete', 'now', '-j', maildir=False)
case.check(r.rc == 75 and number(r, 'deleted') == 4 and
           'message 2' in r.err, 'DELE of the second is refused',
           (r.rc, r.err, r.out))
v.m = [('u2', msg(2)), ('u4', msg(14))]
v.hooks.clear()
r.go('pop3', s, *place, '--delete', 'now', maildir=False)
with open(r.d + '/box', 'rb') as f:
    box = subjects(f.read().split(b'\n\nFrom ')[0:9])
case.check(r.rc == 0 and box == [1, 2, 3, 4, 5, 14] and not v.m,
           'and later it goes, and has come once', (r.rc, r.err, box, v.m))
s.close()
r.done()

# Flags, date and size are of one message, whatever is said of the next.


def some_flags(v, tag, t):
    for u in v.uids(t.split(' ')[3]):
        b = v.m[u]
        v.w(b'* %d FETCH (UID %d %sBODY[] {%d}\r\n%s)\r\n' % (
            u, u, b'FLAGS (\\Seen) RFC822.SIZE 60 INTERNALDATE "24-Dec-2023 '
            b'18:00:00 +0100" ' if u == 1 else b'', len(b), b))
    return tag + ' OK\r\n'


v = Imap({1: msg(1), 2: msg(2, b'x' * 1000 + b'\r\n')}, uid_fetch=some_flags)
v.m[2] += v.m[2].split(b'\r\n\r\n')[1] * 3000
s, r = Serve(v), Run()
r.go('imap', s)
case.check([len(os.listdir(r.d + '/M/' + x)) for x in ('new', 'cur')] ==
           [1, 1], 'flags of the first alone', (r.rc, r.err))
new = [os.stat('%s/M/new/%s' % (r.d, x)) for x in os.listdir(r.d + '/M/new')]
case.check(len(new) == 1 and new[0].st_mtime > 1704067200 and
           new[0].st_size > 3000000, 'its date and its size', (r.err, new))
s.close()
r.done()

# One that is longer than the server said, and the next.
v = Pop([('u1', msg(1, b'x' * 70 + b'\r\n')), ('u2', msg(2))])
v.m[0] = 'u1', v.m[0][1] + b'y' * 70 + b'\r\n'
s, r = Serve(v), Run()
v.hooks['list'] = lambda v, t: '+OK\r\n1 60\r\n2 %d\r\n.\r\n' % len(v.m[1][1])
r.go('pop3', s, '--max-size', '100')
case.check(r.rc == 76 and subjects(r.files()) == [2] and
           r.err.count('\n') == 1, 'one is too long, the next is not',
           (r.rc, r.err, subjects(r.files())))
v.hooks['quit'] = lambda v, t: False    # the digest of the next is its own
for n in range(2):
    r.go('pop3', s, '--max-size', '100', '-d', 'mbox:%s/box' % r.d,
         '--delete', 'now', maildir=False)
    v.hooks.pop('quit', None)
with open(r.d + '/box', 'rb') as f:
    case.check(r.rc == 76 and f.read().count(b'\nSubject: m2') == 1 and
               [x[0] for x in v.m] == ['u1'], 'and it is known again',
               (r.rc, r.err, v.m))
s.close()
r.done()

# Every second one is refused: that is not so many in a row.
v = Imap({i: msg(i) for i in range(1, 61)},
         uid_fetch=lambda v, tag, t: None if all(
             u % 2 == 0 for u in v.uids(t.split(' ')[3])) else
         tag + ' NO cannot read it\r\n')
s, r = Serve(v), Run()
r.go('imap', s)
case.check(r.rc == 75 and len(r.files()) == 30 and '30 messages' in r.err and
           'not answered' not in r.err, 'every second one is refused',
           (r.rc, r.err, len(r.files())))
s.close()
r.done()

# A response code is of one answer.
v = Pop(retr=lambda v, t: {'RETR 1': '-ERR [SYS/PERM] broken\r\n', 'RETR 2':
                           '-ERR odd\r\n'}.get(t))
s, r = Serve(v), Run()
mails, v.m = v.m, []
r.go('pop3', s, '--complain-after', '2h')
v.m = mails
r.go('pop3', s, '--complain-after', '2h')
case.check(r.rc == 69 and 'broken' in r.err and 'odd' not in r.err,
           'a response code is of one answer', (r.rc, r.err))
s.close()
r.done()

# One that ends in a CR, and the next.
v = Imap({1: msg(1, b'end\r'), 2: msg(2)})
s, r = Serve(v), Run()
r.go('imap', s)
case.check(sorted(f[:5] for f in r.files()) == [b'From:'] * 2 and
           any(f.endswith(b'end\r') for f in r.files()),
           'a message that ends in a CR, and one behind it', r.files())
s.close()
r.done()

# ---- places: the second takes what the first does not

v = Pop([('u1', msg(1)), ('u2', msg(2))])
s, r = Serve(v), Run()
r.go('pop3', s, '-d', 'exec:false', '-d', 'mbox:%s/box' % r.d, '-j',
     maildir=False)
case.check(r.rc == 69 and number(r, 'fetched') == 0 and
           number(r, 'kept') == 2, 'the first place refuses',
           (r.rc, r.err, r.out))
r.go('pop3', s, '-d', 'exec:false', '-d', 'mbox:%s/box' % r.d, '-j',
     maildir=False)
with open(r.d + '/box', 'rb') as f:
    case.check(f.read().count(b'\nSubject: ') == 2,
               'the second has each once')
s.close()
r.done()

# What one of two places has, and the other not, is not moved away.


def moves(v, tag, t):
    for u in v.uids(t.split(' ')[3]):
        del v.m[u]


v = Imap({1: msg(1), 2: msg(2)}, uid_move=moves)
s, r = Serve(v), Run()
cmd = r.write('cmd', '#!/bin/sh\n! grep -q "Subject: m1"\n', 0o755)
for n in range(2):
    r.go('imap', s, '-d', 'exec:' + cmd, '--move-to', 'b')
    case.check(r.rc == 69 and list(v.m) == [1] and len(r.files()) == 2,
               'one of two places has it: it is not moved', (r.rc, r.err, v.m))
r.write('cmd', '#!/bin/sh\n:\n', 0o755)
r.go('imap', s, '-d', 'exec:' + cmd, '--move-to', 'b')
case.check(r.rc == 0 and not v.m and len(r.files()) == 2,
           'and when both have it, it is', (r.rc, r.err, v.m))
s.close()
r.done()

# Of two recipients the first is refused: the second has it.
v, l = Pop([('u1', msg(1)), ('u2', msg(2))]), Lmtp()
s, d, r = Serve(v), Serve(l), Run()
l.busy = b'first@'
lmtp = ('-d', 'lmtp:127.0.0.1:%d' % d.port, '--deliver-tls', 'off',
        '--rcpt', 'first@x.test', '--rcpt', 'second@x.test')
r.go('pop3', s, *lmtp, maildir=False)
case.check(r.rc == 75 and sum(b'second@' in x for x in l.whom) == 2,
           'the first recipient is refused', (r.rc, r.err, l.whom))
l.busy, l.whom = b'none', []
r.go('pop3', s, *lmtp, maildir=False)
case.check(r.rc == 0 and [b'first@' in x for x in l.whom] == [True] * 2,
           'the next run gives it to him alone', (r.rc, r.err, l.whom))
for x in (s, d):
    x.close()
r.done()

# The server of a place hangs up at every second message, and not at two in a row.
v, l = Pop([('u%d' % i, msg(i)) for i in range(1, 14)]), Lmtp()
s, d, r = Serve(v), Serve(l), Run()
l.hang = lambda verb, text: verb == '.' and re.search(
    rb'Subject: m\d*[13579]\r', text) is not None
lmtp = ('-d', 'lmtp:127.0.0.1:%d' % d.port, '--deliver-tls', 'off',
        '--rcpt', 'a@x.test')
r.go('pop3', s, *lmtp, maildir=False)
case.check(r.rc == 75 and subjects(l.got) == [2, 4, 6, 8, 10, 12],
           'it hangs up seven times, one message apart', (r.rc, r.err, l.got))

# In doubt at one place, and left out there: the other gets it.
l.hang = lambda verb, text: False
r.go('pop3', s, *lmtp, '-d', 'mbox:%s/box' % r.d, '--in-doubt', 'skip',
     maildir=False)
with open(r.d + '/box', 'rb') as f:
    n = f.read().count(b'\nSubject: ')
case.check(n == 13 and len(l.got) == 6, 'in doubt at one of two places',
           (n, r.rc, r.err, subjects(l.got)))
for x in (s, d):
    x.close()
r.done()

# In doubt at both.
v, two = Pop([('u1', msg(1))]), (Lmtp(), Lmtp())
s, d, r = Serve(v), [Serve(x) for x in two], Run()
for x in two:
    x.hang = lambda verb, text: verb == '.'
lmtp = ('--deliver-tls', 'off', '--rcpt', 'a@x.test') + sum(
    (('-d', 'lmtp:127.0.0.1:%d' % x.port) for x in d), ())
r.go('pop3', s, *lmtp, maildir=False)
case.check(r.rc == 75 and r.err.count('may have been accepted') == 2,
           'in doubt at two places', (r.rc, r.err))
for x in two:
    x.hang = lambda verb, text: False
for n in range(2):
    r.go('pop3', s, *lmtp, '--in-doubt', 'skip', maildir=False)
case.check(r.rc == 0 and not two[0].got + two[1].got,
           'it is given again to none', (r.rc, r.err, two[0].got, two[1].got))
for x in [s] + d:
    x.close()
r.done()

# One of three is there twice, and so is one of three names.
v = Pop()
s, r = Serve(v), Run()
a, b = ('-d', 'mbox:%s/1' % r.d), ('-d', 'mbox:%s/2' % r.d)
r.go('pop3', s, *a, *b, *b, maildir=False)
case.check(r.rc == 64 and 'are one place' in r.err, 'the second place, twice',
           (r.rc, r.err))
r.write('conf', ''.join(
    'account %s\npop3 pop3://a@127.0.0.1:%d\ntls off\n'
    'password-command echo p\nfetch %s\ndeliver mbox:%s/%s\n' % (
        x, s.port, x, r.d, x) for x in 'xyz'))
conf = ('--config', r.d + '/conf')
r.bare(conf + ('x', 'y', 'y'))
case.check(r.rc == 64 and 'y is named twice' in r.err, 'the second name, twice',
           (r.rc, r.err))
for name in 'yz':
    r.bare(conf + (name,))
r.bare(conf + ('--check', '--all', '--jobs', '1'))
case.check(r.rc == 0, '--check of three accounts, the first has news',
           (r.rc, r.err))
s.close()
r.done()

# One state of several servers: one of them is empty, one has another port.
v, w = Pop(), Pop([('w%d' % i, msg(i + 10)) for i in range(1, 4)])
ports = [Serve(v), Serve(w), Serve(v)]
r = Run()
one = ('-d', 'mbox:%s/box' % r.d, '--state', r.d + '/st')
for s in ports[:2]:
    r.go('pop3', s, *one, maildir=False)
w.m = []
r.go('pop3', ports[1], *one, maildir=False)
n = sum('RETR' in x for x in ports[0].log)
r.go('pop3', ports[0], *one, maildir=False)
case.check(r.rc == 0 and sum('RETR' in x for x in ports[0].log) == n == 5,
           "one server is empty: the other's are not read again",
           (r.rc, r.err, ports[0].log))
r.go('pop3', ports[2], *one, '-j', maildir=False)
case.check(r.rc == 0 and number(r, 'fetched') == 0,
           'the first server has another port', (r.rc, r.err, r.out))
for s in ports:
    s.close()
r.done()

# Two places of which each run has one, and then both.
for proto, v in (('imap', Imap()), ('pop3', Pop())):
    s, r = Serve(v), Run()
    first, other = ('-d', 'mbox:%s/1' % r.d), ('-d', 'mbox:%s/2' % r.d)
    for i, places in enumerate((first, other, first, other, other,
                                first + other)):
        if i in (2, 4):
            k = len(v.m) + 1
            if proto == 'imap':
                v.m[k] = msg(k)
            else:
                v.m.append(('u%d' % k, msg(k)))
        r.go(proto, s, *places, maildir=False)
    got = [sorted(subjects(open('%s/%d' % (r.d, i), 'rb').read().split(
        b'\n\nFrom '))) for i in (1, 2)]
    case.check(r.rc == 0 and got == [list(range(1, 8))] * 2,
               proto + ': one place, the other, both', (r.rc, r.err, got))
    s.close()
    r.done()

# The state is lost: what stands in one Maildir is not in the other.


def lose(r):
    for path in r.states():
        os.unlink(path)


def held(r, name):
    return sum(len(os.listdir('%s/%s/%s' % (r.d, name, x)))
               for x in ('new', 'cur'))


v = Pop()
s, r = Serve(v), Run()
r.go('pop3', s)
lose(r)
for n in range(2):
    r.go('pop3', s, '-d', 'maildir:%s/N' % r.d)
    case.check(r.rc == 0 and [held(r, x) for x in 'MN'] == [5, 5],
               'the state is lost, and there is a second Maildir: run %d' % n,
               (r.rc, r.err, [held(r, x) for x in 'MN']))
    lose(r)
s.close()
r.done()

# It is lost, and the next run takes some.
v = Pop()
s, r = Serve(v), Run()
r.go('pop3', s)
lose(r)
for limit in (('--limit', '2'), ()):
    r.go('pop3', s, *limit)
case.check(r.rc == 0 and held(r, 'M') == 5,
           'the state is lost, and a run takes two', (r.rc, r.err, held(r, 'M')))
s.close()
r.done()

# What QUIT was not answered for, and --catch-up.
v = Pop(quit=lambda v, t: False)
s, r = Serve(v), Run()
r.go('pop3', s, '--delete', 'now')
v.hooks.clear()
r.go('pop3', s, '--catch-up', maildir=False)
case.check(r.rc == 0 and '5 messages count as fetched' in r.out,
           '--catch-up counts what may be gone', (r.rc, r.out, r.err))
n = sum('RETR' in x for x in s.log)
r.go('pop3', s)
case.check(r.rc == 0 and sum('RETR' in x for x in s.log) == n == 5,
           'and it is not read again', (r.rc, r.err, n))
s.close()
r.done()

v = Boxes({x: {i: msg(i) for i in range(1, 10)} for x in ('INBOX', 'Other')})
s, r = Serve(v), Run()
for n in range(2):
    r.go('imap', s, '-d', 'maildir:%s/%%f' % r.d, '--create', '--folder', '*',
         maildir=False)
    case.check(r.rc == 0 and [held(r, x) for x in ('INBOX', 'Other')] ==
               [9, 9], 'two Maildirs of folders: run %d' % n,
               (r.rc, r.err, os.listdir(r.d)))
    lose(r)
s.close()
r.done()

# ---- reasons: two that begin alike, and eight of one

v = Pop([('u%d' % i, msg(i)) for i in range(1, 10)],
        retr=lambda v, t: '-ERR it is %s\r\n' % (
            'away' if t == 'RETR 2' else 'locked') if t != 'RETR 1' else None)
s, r = Serve(v), Run()
r.go('pop3', s)
case.check(r.err.count('\n') == 2 and 'away: message 2 stays' in r.err and
           '7 messages stay' in r.err and r.err.endswith(' and message 9\n'),
           'two reasons', r.err)
v.m.append(('u10', msg(10)))
r.go('pop3', s)
case.check('8 messages stay' in r.err and r.err.endswith(' and message 10\n'),
           'eight are named', r.err)
v.m.append(('u11', msg(11)))
r.go('pop3', s)
case.check('9 messages stay' in r.err and
           r.err.endswith(' message 10 and others\n'), 'nine', r.err)
s.close()
r.done()

# A command that is late five times, but not in a row.
v = Pop([('u%d' % i, msg(i)) for i in range(1, 11)])
s, r = Serve(v), Run()
late = r.write('late', '#!/bin/sh\ngrep -q "^Subject: m[13579]$" || '
               'exit 0\nexec sleep 20\n', 0o700)
r.go('pop3', s, '--filter', late, '--deliver-timeout', '2')
case.check(r.rc == 75 and 'in a row' not in r.err and
           '5 messages stay' in r.err, 'a filter that is late, now and then',
           (r.rc, r.err))
s.close()
r.done()

# It ends well when it is ended, half way.
v = Pop([('u1', msg(1))])
s, r = Serve(v), Run()
late = r.write('late', '#!/bin/sh\ntrap "exit 0" TERM\necho Subject: half\n'
               'sleep 20 > /dev/null &\nwait $!\nexit 1\n', 0o700)
r.go('pop3', s, '--filter', late, '--deliver-timeout', '1', '--delete', 'now')
case.check(r.rc == 75 and not r.files() and len(v.m) == 1,
           'what a filter gave that was ended is no message',
           (r.rc, r.err, r.files()))
s.close()
r.done()

# ---- commands under way: each has one that is refused with the others


def bad_ones(bad):
    def hook(v, tag, t):
        uids = [int(x) for part in t.split(' ')[3].split(',')
                for x in part.split(':')]
        if bad & set(uids):
            return tag + ' NO cannot read it\r\n'
        return b''.join(v.item(u, v.m[u]) for u in uids) + \
            ('%s OK\r\n' % tag).encode()
    return hook


uids = [4000000001 + 2 * i for i in range(660)]
for bad in ({uids[-3]}, {uids[2], uids[-3]}):
    v = Imap({u: msg(i, b'') for i, u in enumerate(uids)},
             uid_fetch=bad_ones(bad))
    v.item = lambda u, b: b'* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n' % (
        u, len(b), b)
    s, r = Serve(v), Run()
    r.go('imap', s)
    n = sum('FETCH' in x and ',' in x for x in s.log)
    case.check(n == 2 and r.rc == 75 and len(r.files()) == 660 - len(bad) and
               all('UID %d' % u in r.err for u in bad),
               'two commands, %d of them refused' % len(bad),
               (n, r.rc, r.err, len(r.files())))
    s.close()
    r.done()

# ---- looks of a watch

# What failed in one is not the status of the next: its mark moves.
v = Imap(uid_fetch=lambda v, tag, t: tag + ' NO not now\r\n'
         if v.shut and 3 in v.uids(t.split(' ')[3]) else None)
v.shut = True
s, r = Serve(v), Run()
p = r.start('imap', s, '--watch', '-d', 'mbox:%s/box' % r.d)
until(lambda: v.idle, 20)
for i in (6, 7):
    v.shut = False
    v.m[i] = msg(i)
    v.w('* %d EXISTS\r\n' % i)
    until(lambda: len(r.files()) == i and v.idle, 20)
case.check(len(r.files()) == 7 and 'UID SEARCH UID 7:*' in
           [x.split(' ', 1)[1] for x in s.log],
           'a look that failed, and one that did not',
           (len(r.files()), [x for x in s.log if 'SEARCH' in x]))
with open(r.d + '/box', 'rb') as f:
    case.check(f.read().count(b'\nSubject: ') == 7, 'the same in an mbox')
with open(r.d + '/err') as f:
    text = f.read()
case.check(text.count('INBOX UID 3') == 1, 'it was said once', text)
p.kill()
p.wait()
s.close()
r.done()

# --limit counts anew in each look.
v = Imap({i: msg(i) for i in (1, 2)})
s, r = Serve(v), Run()
p = r.start('imap', s, '--watch', '--limit', '2')
until(lambda: v.idle, 20)
for i in (3, 4):
    v.m[i] = msg(i)
    v.w('* %d EXISTS\r\n' % i)
    until(lambda: len(r.files()) == i and v.idle, 5)
case.check(len(r.files()) == 4, 'as many as --limit says in each look',
           (len(r.files()), s.log))
p.kill()
p.wait()
s.close()
r.done()

# Mail that comes while it looks, each time, and is never told of.


def comes(v, tag, t):
    v.opened = getattr(v, 'opened', 0) + 1
    if v.opened % 2 == 0 and len(v.m) < 11:
        v.m[len(v.m) + 1] = msg(len(v.m) + 1)


v = Imap(examine=comes, select=comes)
s, r = Serve(v), Run()
p = r.start('imap', s, '--watch')
case.check(until(lambda: len(r.files()) == 11, 20),
           'six messages, each of which came during a look',
           (len(r.files()), s.log))
p.kill()
p.wait()
s.close()
r.done()
case.end()
