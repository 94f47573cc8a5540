#!/usr/bin/env -S python3 -B
"""mailfetch stores by IMAP what POP3 and IMAP bring: each message once,
whatever becomes of the answers."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import (  # noqa: E402
    Case, Imap, Lmtp, Pop, Run, Serve, msg, until)

case = Case()
FULL = imapmem.ALL


class Dest(imapmem.Server):
    """lose = n: the n-th answer to an APPEND gets lost, what it was about is
    stored; refuse_if = (pattern, answer)."""

    def __init__(self, caps=FULL):
        super().__init__(caps)
        self.lose, self.answers, self.no = 0, 0, None
        self.on_say, self.on_command = self.said, self.command

    def said(self, session, data):
        if b'OK [APPENDUID' in data or (b'OK done' in data and
                                        self.heard[-1][:6] == 'APPEND'):
            self.answers += 1
            if self.answers == self.lose:
                raise imapmem.Gone
        return data

    def command(self, session, verb, args):
        if self.no and verb == 'APPEND':
            return self.no(args)

    def appends(self):
        return [h for h in self.heard if h.startswith('APPEND')]

    def data(self, box='INBOX'):
        return [m.data for m in self.box(box).messages]


def go(r, box, dest, *args, folder='INBOX', where=None,
       secret='secret', **how):
    s = Serve(box)
    r.go('imap' if isinstance(box, Imap) else 'pop3', s, '-d', where or
         'imap://jo@127.0.0.1:%d/%s' % (dest.port, folder),
         '--deliver-tls', 'off', '--deliver-password-command',
         'echo ' + secret, '--state', r.d + '/st', *args, maildir=False, **how)
    s.close()


MAILS = [('u%d' % i, b'Received: from a by b; Tue, 1 Jul 2025 09:05:0%d '
          b'+0000\r\nReceived: from x; Wed, 1 Jan 2020 00:00:00 +0000\r\n' % i
          + msg(i)) for i in range(1, 6)]
WAYS = {'MULTIAPPEND': FULL, 'pipelined': FULL.replace('MULTIAPPEND ', ''),
        'waiting': FULL.replace('MULTIAPPEND ', '').replace('LITERAL+ ', ''),
        'MULTIAPPEND, waiting': FULL.replace('LITERAL+ ', ''),
        'no UIDPLUS': FULL.replace('UIDPLUS ', '')}

for name, caps in WAYS.items():
    r, d, pop = Run(), Dest(caps), Pop(MAILS)
    go(r, pop, d, '--delete', 'now')
    case.check(r.rc == 0 and d.data() == [m for _, m in MAILS] and not pop.m,
               name + ': five messages, byte for byte', r.err)
    case.check([re.sub(r'^ ', '', m.date)[:19] for m in
                d.box('INBOX').messages] ==
               ['1-Jul-2025 09:05:0%d' % i for i in range(1, 6)],
               name + ': dated by the topmost Received',
               [m.date for m in d.box('INBOX').messages])
    case.check(len(d.appends()) == (1 if 'MULTI' in caps else 5), name +
               ': commands', len(d.appends()))
    go(r, Pop(MAILS), d)
    d.close()

# A filter gives something else each time: what was sent is looked for.
for name, caps in WAYS.items():
    for gone in (False, True):
        r, d, pop = Run(), Dest(caps), Pop(MAILS)
        d.box('INBOX').add(MAILS[2][1])         # somebody else's
        d.lose = 1
        each = r.write('each', '#!/bin/sh\ncat; echo >> %s/n; wc -l < %s/n; '
                       'cat %s/n\n' % (r.d, r.d, r.d), 0o755)
        go(r, pop, d, '--delete', 'now', '--filter', each)
        first = r.rc
        if gone:                # it had not been stored
            d.box('INBOX').messages[1:] = []
        d.lose = 0
        go(r, pop, d, '--delete', 'now', '--filter', each)
        came = sorted(int(re.search(rb'Subject: m(\d)', m).group(1))
                      for m in d.data()[1:])
        case.check(first in (75, 76) and r.rc == 0 and not pop.m and
                   came == [1, 2, 3, 4, 5], '%s, a filter: each is there once'
                   % name, (first, r.rc, r.err, came))
        d.close()

# An answer that is lost: it is asked for, not sent again.
for name, caps in WAYS.items():
    for lose in range(1, 2 if 'MULTI' in caps else 6):
        r, d, pop = Run(), Dest(caps), Pop(MAILS)
        d.box('INBOX').add(MAILS[2][1])         # somebody else's
        d.lose = lose
        go(r, pop, d, '--delete', 'now')
        first = (r.rc, r.err)
        case.check(r.rc in (75, 76) and 'may have been accepted' in r.err and
                   len(pop.m) == 5, '%s: answer %d is lost: 75, nothing is '
                   'deleted' % (name, lose), (r.rc, r.err))
        there = len(d.data())
        d.lose, d.heard = 0, []
        go(r, pop, d, '--delete', 'now')
        sent = sum(h.count('\0') for h in d.appends())
        case.check(r.rc == 0 and sorted(d.data()[1:]) ==
                   sorted(m for _, m in MAILS) and not pop.m and
                   sent == 6 - there, '%s: the next run sends %d of 5' %
                   (name, 6 - there), (first, r.err, sent, len(d.data())))
        d.close()

# Whether it is there the server does not say: it is not sent again.
DONE = b'TAG OK done\r\n'
NO = b'TAG NO [SERVERBUG] cannot read it\r\n'
for name, args, item, no, why in (
        ('its bytes', (), 'BODY', NO, 'cannot read it'),
        ('what a filter gave', ('--filter', 'cat'), 'BODY', NO,
         'cannot read it'),
        ('nothing', (), 'BODY', DONE, 'does not give UID 1'),
        ('NIL', (), 'BODY', b'* 1 FETCH (UID 1 BODY[] NIL)\r\n' + DONE,
         'does not give UID 1'),
        ('no bytes', (), 'BODY', b'* 1 FETCH (UID 1 BODY[] "")\r\n' + DONE,
         'no bytes of UID 1'),
        ('no message', (), 'SIZE', DONE, 'tells of none'),
        ('no size', (), '', b'* 1 FETCH (UID 1)\r\n' + DONE,
         'does not give UID 1')):
    r, d, pop = Run(), Dest(WAYS['waiting']), Pop(MAILS[:1])
    d.lose = 1
    go(r, pop, d, '--delete', 'now', *args)
    d.lose, d.heard = 0, []
    d.on_command = lambda session, verb, said: \
        no if verb == 'UID FETCH' and item in said else None
    go(r, pop, d, '--delete', 'now', *args)
    case.check(r.rc == 75 and why in r.err and
               not d.appends() and len(pop.m) == 1, 'it cannot be compared: ' + name,
               (r.rc, r.err, d.appends()))
    d.on_command = d.command
    go(r, pop, d, '--delete', 'now', *args)
    case.check(r.rc == 0 and d.data() == [MAILS[0][1]] and not d.appends() and
               not pop.m, 'later it can: ' + name, (r.rc, r.err, d.appends()))
    d.close()

# Two with the same bytes are two.
r, d = Run(), Dest(WAYS['pipelined'])
pop = Pop([('a', msg(1)), ('b', msg(1)), ('c', msg(2))])
d.lose = 1
go(r, pop, d, '--delete', 'now')
go(r, pop, d, '--delete', 'now')
case.check(r.rc == 0 and sorted(d.data()) == sorted([msg(1), msg(1), msg(2)]),
           'two with the same bytes are two', (r.err, d.data()))
d.close()
# The mailbox is another one now: all of it is looked through, also below the
# UIDNEXT that the old one had.
for validity in (1, -1):
    for step in (100, -3):
        r, d, pop = Run(), Dest(), Pop(MAILS)
        inbox = d.box('INBOX')
        inbox.uidvalidity += 5
        for i in (7, 8, 9):
            inbox.add(msg(i))
        d.lose = 1
        go(r, pop, d)
        inbox.messages[:3] = []
        inbox.uidvalidity += validity
        for m in inbox.messages:
            m.uid += step
        inbox.uidnext += step
        d.lose, d.heard = 0, []
        go(r, pop, d)
        case.check(r.rc == 0 and len(d.data()) == 5 and not d.appends(),
                   'UIDVALIDITY %+d, UIDs %+d meanwhile' % (validity, step),
                   (r.rc, r.err, len(d.data())))
        d.close()

# Courier takes nothing in a folder that was opened by EXAMINE.
r, d = Run(), Dest(WAYS['waiting'])
d.no = lambda args: b'TAG NO Current box is selected READ-ONLY.\r\n' \
    if any(h.startswith('EXAMINE') for h in d.heard) else None
go(r, Pop(MAILS), d)
case.check(r.rc == 0 and len(d.data()) == 5, 'a folder that is to be written to',
           (r.rc, r.err))
d.close()

# A folder of another port is not the one that is delivered to.
r, d, imap = Run(), Dest(), Imap()
s = Serve(imap)
r.go('imap', s, '-f', '*', '-d', 'imap://a@127.0.0.1:%d/INBOX' % d.port,
     '--deliver-tls', 'off', '--deliver-password-command', 'echo secret',
     maildir=False)
case.check(r.rc == 0 and len(d.data()) == 5,
           'INBOX of one port to INBOX of another', (r.rc, r.err, s.log))
s.close()
d.close()

# One message's fault, and the place's.


def some(answer):
    def no(args):
        if args.count('\0') > 1 or ' {' in args:
            return b'TAG NO not all of these\r\n'
        no.n += 1
        return b'TAG NO ' + answer + b'\r\n' if no.n == 3 else None
    no.n = 0
    return no


for caps in ('MULTIAPPEND', 'pipelined'):
    for answer, rc, taken in ((b'[TOOBIG] no', 65, 4), (b'odd header', 75, 4),
                              (b'[OVERQUOTA] full', 75, None)):
        r, d, pop = Run(), Dest(WAYS[caps]), Pop(MAILS)
        d.no = some(answer)
        go(r, pop, d, '--delete', 'now')
        n = len(d.data())
        case.check(r.rc == rc and n == (taken or n) and n >= 2 and
                   len(pop.m) == 5 - n and r.err.count('\n') <= 2 and
                   answer.decode() in r.err, '%s: %s: %d there, exit %d' %
                   (caps, answer.decode(), n, r.rc), r.err)
        d.no = None
        go(r, pop, d, '--delete', 'now')
        case.check(r.rc == 0 and sorted(d.data()) ==
                   sorted(m for _, m in MAILS) and not pop.m,
                   caps + ': then the rest', (r.err, len(d.data())))
        d.close()
    r, d, pop = Run(), Dest(WAYS[caps]), Pop(MAILS[:1])
    d.no = lambda args: b'TAG NO [%s] gone\r\n' % (
        b'TRYCREATE' if caps == 'pipelined' else b'NONEXISTENT')
    go(r, pop, d, '--delete', 'now')
    case.check(r.rc == 69 and 'gone' in r.err and 'accepted' not in r.err and
               len(pop.m) == 1, caps + ': a folder that is gone was no doubt',
               (r.rc, r.err))
    d.close()
full = msg(3, b'y' * 100 + b'\r\n')
r, d = Run(), Dest(FULL + ' APPENDLIMIT=%d' % len(full))
pop = Pop([('a', msg(1)), ('b', full.replace(b'y', b'yy', 1)), ('c', full)])
go(r, pop, d, '--delete', 'now')
case.check(r.rc == 65 and len(d.data()) == 2 and len(pop.m) == 1 and
           'APPENDLIMIT' in r.err, 'APPENDLIMIT: the one stays', r.err)
d.close()
r, d = Run(), Dest()
pop = Pop([('a', msg(1)), ('b', b''), ('c', msg(3))])
go(r, pop, d, '--delete', 'now')
case.check(r.rc == 65 and d.data() == [msg(1), msg(3)] and
           pop.m == [('b', b'')] and 'message 2 stays' in r.err and
           'empty message' in r.err, 'an empty one stays',
           (r.rc, r.err, d.data(), pop.m))
d.close()
nul = msg(2, b'a\0b bare\rcr 8-bit\xff ' + b'y' * 5000 + b'\r\n')
for caps, rc in ((FULL, 0), (FULL.replace(' BINARY', ''), 65)):
    r, d = Run(), Dest(caps)
    pop = Pop([('a', msg(1)), ('b', nul), ('c', msg(3))])
    go(r, pop, d, '--delete', 'now')
    case.check(r.rc == rc and d.data() == ([msg(1)] + [nul] * (rc == 0) +
                                           [msg(3)]),
               'NUL, bare CR, long lines: exit %d' % rc, (r.rc, r.err))
    d.close()

# More than may be under way at once.
r, d = Run(), Dest(WAYS['pipelined'])
pop = Pop([('u%d' % i, msg(i)) for i in range(300)])
go(r, pop, d, '--delete', 'now')
case.check(r.rc == 0 and d.data() == [msg(i) for i in range(300)] and
           not pop.m, '300 without MULTIAPPEND', (r.rc, r.err, len(d.data())))
d.close()

# Behind the one that does not fit nothing more is sent.
r, d, pop = Run(), Dest(WAYS['waiting']), Pop(MAILS)
d.no = some(b'[OVERQUOTA] full')
go(r, pop, d)
case.check(r.rc == 75 and len(d.appends()) == 4 and
           'no more room: message 5 stays' in r.err,
           'over its quota: the next is under way, the rest is not sent',
           (r.rc, r.err, d.appends()))
d.close()

# In doubt since two runs: each is looked for from its own UID on.
r, d = Run(), Dest(WAYS['waiting'])
big = [('u0', msg(0, b'x' * 4000 + b'\r\n'))]
d.lose = 1
go(r, Pop(big), d)
d.lose = 2
go(r, Pop(big + MAILS[:1]), d, '--max-size', '2000')
d.lose = 0
go(r, Pop(big + MAILS[:1]), d)
case.check(r.rc == 0 and sorted(d.data()) == sorted(
    m for _, m in big + MAILS[:1]), 'in doubt since two runs: each is there once',
           (r.rc, r.err, len(d.data())))
d.close()

# One is found there, and the answer to the next is lost: it is found again.
r, d = Run(), Dest(WAYS['waiting'])
for d.lose, n in (1, 1), (2, 2), (0, 2):
    d.heard = []
    go(r, Pop(MAILS[:n]), d)
case.check(r.rc == 0 and d.data() == [m for _, m in MAILS[:2]] and
           not d.appends(), 'what was found is looked for where it was',
           (r.rc, r.err, len(d.data()), d.appends()))
d.close()

# Beside another place: what one refuses is no matter of the other's.
r, d, pop = Run(), Dest(), Pop(MAILS)
d.no = some(b'[TOOBIG] no')
go(r, pop, d, '-d', 'maildir:' + r.d + '/M', '--create', '-j')
case.check(r.rc == 65 and len(r.files()) == 5 and len(d.data()) == 4,
           'a Maildir beside it has all', r.err)
said = json.loads(r.out)
case.check(said['fetched'] == 4 and said['kept'] == 1, 'counted', r.out)
d.no = None
go(r, pop, d, '-d', 'maildir:' + r.d + '/M')
case.check(r.rc == 0 and len(r.files()) == 5 and len(d.data()) == 5,
           'and the next run gives the one to the one place', r.err)
d.close()

# Two places refuse one message: it is counted once.
r, d, also, pop = Run(), Dest(), Dest(), Pop(MAILS)
d.no, also.no = some(b'[TOOBIG] no'), some(b'[TOOBIG] no')
go(r, pop, d, '-d', 'imap://jo@127.0.0.1:%d/INBOX' % also.port, '-j')
said = json.loads(r.out)
case.check(said['fetched'] == 4 and said['kept'] == 1 and
           len(also.data()) == 4, 'two places refuse one message', r.out)
d.close()
also.close()

# Folders, flags, labels, accounts.
r, d = Run(), Dest()
go(r, Pop(), d, folder='Old/mail box')
case.check(r.rc == 69 and 'Old/mail box' in r.err, 'no such folder: 69', r.err)
go(r, Pop(), d, '--create', folder='Old/mail box')
case.check(r.rc == 0 and len(d.data('Old/mail box')) == 5, '--create', r.err)
d.close()


def flags(self, tag, line):
    for u in self.uids(line.split(' ')[3]):
        b = self.m[u]
        self.w(b'* %d FETCH (UID %d FLAGS (\\Seen \\Recent \\Deleted work) '
               b'INTERNALDATE "24-Dec-2023 18:00:00 +0100" BODY[] {%d}\r\n' %
               (u, u, len(b)) + b + b')\r\n')
    return tag + ' OK\r\n'


r, d = Run(), Dest()
go(r, Imap({1: msg(1), 2: msg(2)}, uid_fetch=flags), d)
m = d.box('INBOX').messages
case.check(r.rc == 0 and [x.flags for x in m] == [{'\\Seen', 'work'}] * 2 and
           m[0].date.strip().endswith('2023 17:00:00 +0000') or
           '24-Dec-2023' in m[0].date,
           'IMAP: flags and INTERNALDATE', [(x.flags, x.date) for x in m])
d.close()
r, d = Run(), Dest()
d.box('INBOX').permanent = r'\Seen \Answered'
go(r, Imap({1: msg(1)}, uid_fetch=flags), d)
case.check([x.flags for x in d.box('INBOX').messages] == [{'\\Seen'}],
           'a keyword that cannot be kept is left out', r.err)
d.close()
r, d = Run(), Dest(FULL + ' X-GM-EXT-1')
stored = []
d.on_command = lambda s, verb, args: stored.append(args) or b'TAG OK\r\n' \
    if verb == 'UID STORE' else None
go(r, Pop(), d, '--label', 'from pop', '--label', 'work')
case.check(r.rc == 0 and stored == ['%d +X-GM-LABELS ("from pop" "work")' % i
                                    for i in range(1, 6)], 'labels',
           (stored, r.err))
d.close()
r, d = Run(), Dest()
go(r, Pop(), d, '--label', 'work')
case.check(r.rc == 69 and 'X-GM-EXT-1' in r.err and not d.data(),
           'no labels there: 69', r.err)
d.close()

# ---- a folder is not fetched into itself

for to, fetch in (('INBOX', []), ('inbox', ['-f', 'INBOX']),
                  ('Got', ['-f', '*']), ('Got', ['-f', 'Got'])):
    r, d = Run(), Dest()
    for box in ('INBOX', 'Got'):
        d.box(box).add(msg(1).replace(b'm1', b'm%d' % len(box)))
    for k in (1, 2):
        r.bare(['-S', 'imap://jo@127.0.0.1:%d' % d.port, '--tls', 'off',
                '--password-command', 'echo secret', '--deliver-tls', 'off',
                '--deliver-password-command', 'echo secret', '--state',
                r.d + '/st', '-d', 'imap://jo@127.0.0.1:%d/%s' % (d.port, to)]
               + fetch)
    n = (len(d.data('INBOX')), len(d.data('Got')))
    right = (0, (1, 2)) if '*' in fetch else (64, (1, 1))
    case.check((r.rc, n) == right, 'from %s to %s' % (fetch, to),
               (r.rc, n, r.err))
    d.close()

# ---- what cannot be taken back is given once, whatever the others do

for kind in ('exec', 'lmtp', 'stdout'):
    r, d, sink = Run(), Dest(), Lmtp()
    lmtp, box, out = Serve(sink), Pop(), b''
    cmd = r.write('cmd', '#!/bin/sh\ncat >> %s/out\n' % r.d, 0o755)
    for secret in ('wrong', 'wrong', 'secret'):
        go(r, box, d, '-d', *{
            'exec': ['exec:' + cmd, '--in-doubt', 'skip'],
            'lmtp': ['lmtp:127.0.0.1:%d' % lmtp.port, '--rcpt', 'jo@x.test'],
            'stdout': ['stdout']}[kind], '--delete', 'now', secret=secret)
        out += r.out.encode()
    if kind == 'exec' and os.path.exists(r.d + '/out'):
        out = open(r.d + '/out', 'rb').read()
    got = [out.count(b'Subject: m%d' % i) for i in range(1, 6)]
    if kind == 'lmtp':
        got = [sum(b'Subject: m%d' % i in x for x in sink.got)
               for i in range(1, 6)]
    case.check(got == [1] * 5 and len(d.data()) == 5 and not box.m and
               r.rc == 0, '%s beside a place that fails: each once' % kind,
               (got, len(d.data()), len(box.m), r.rc, r.err))
    lmtp.close()
    d.close()

r, d = Run(), Dest()
os.makedirs(r.d + '/.config/postbag')
conf = r.write('.config/postbag/config', 'account there\n  imap imap://'
               '127.0.0.1:%d\n  user jo\n  tls off\n  password-command echo '
               'secret\n' % d.port)
s = Serve(Pop())
r.go('pop3', s, '--config', conf, '-d', 'imap:there/INBOX', maildir=False)
case.check(r.rc == 0 and len(d.data()) == 5, 'an account by its name', r.err)
r.go('pop3', s, '--config', conf, '-d', 'imap:nobody/INBOX', maildir=False)
case.check(r.rc == 78 and 'nobody' in r.err, 'one that is not there: 78',
           r.err)
r.go('pop3', s, '-d', 'imap:', maildir=False)
case.check(r.rc == 64, 'nothing named: 64', r.err)
r.go('pop3', s, '-d', 'imap://jo@127.0.0.1:%d/INBOX' % d.port,
     '--deliver-tls', 'off', '--deliver-password-command', 'echo wrong',
     '--state', r.d + '/s2', maildir=False)
case.check(r.rc == 77 and len(d.data()) == 5, 'a wrong password: 77', r.err)
s.close()
d.close()

# A watch that waits has no connection there, which would end in silence.
r, d, imap = Run(), Dest(), Imap({1: msg(1)})
s = Serve(imap)
p = r.start('imap', s, '-d', 'imap://jo@127.0.0.1:%d/INBOX' % d.port,
            '--deliver-tls', 'off', '--deliver-password-command',
            'echo secret', '--watch', maildir=False)
case.check(until(lambda: imap.idle and d.data() and not d.sessions, 30),
           'a watch that waits has no connection there',
           (imap.idle, len(d.data()), len(d.sessions)))
p.kill()
p.wait()
s.close()
d.close()

# A password that is not to be had any more: whose it is.
r, d, pop = Run(), Dest(), Pop(MAILS[:1])
s = Serve(pop)
once = r.write('once', '#!/bin/sh\necho secret\nmv "$0" "$0.gone"\n', 0o755)
p = r.start('pop3', s, '-d', 'imap://jo@127.0.0.1:%d/INBOX' % d.port,
            '--deliver-tls', 'off', '--deliver-password-command', once,
            '--watch', '--poll', '1', maildir=False)
until(lambda: not pop.m or d.data(), 20)
pop.m.append(MAILS[1])


def said():
    with open(r.d + '/err') as f:
        return f.read()


case.check(until(lambda: 'password-command' in said(), 20) and
           '--deliver imap://jo@127.0.0.1:%d' % d.port in said(),
           'the password of a place is not to be had any more', said())
p.kill()
p.wait()
s.close()
d.close()

case.end()
