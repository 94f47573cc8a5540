#!/usr/bin/env -S python3 -B
"""--deliver smtp://127.0.0.1: this machine's mail server, and nobody else."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, Run, Serve, msg, subjects  # noqa: E402

case = Case()
check = case.check


class Smtp:
    """Says HELO and one answer for a message, whoever it is for."""

    def __init__(self, **answers):
        self.got, self.rcpts, self.mails = [], [], []
        self.answers, self.heard = answers, []

    def __call__(self, serve, c, n):
        f = c.makefile('rb')
        w = lambda t: c.sendall(t.encode())
        w('220 here\r\n')
        for raw in f:
            line = raw.decode('latin1').strip()
            self.heard.append(line)
            k = line.split(' ')[0].upper()
            if k == 'EHLO':
                w('250-here\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n')
            elif k == 'DATA':
                w('354 go\r\n')
                b = b''
                while (x := f.readline()) not in (b'.\r\n', b''):
                    b += x[1:] if x.startswith(b'.') else x
                end = self.answers.get('end', '250 ok\r\n')
                if end is None:
                    return
                self.got += [b] if end.startswith('2') else []
                w(end)
            elif k == 'RCPT':
                said = self.answers.get(line[9:-1], '250 ok\r\n')
                self.rcpts += [line] if said.startswith('2') else []
                w(said)
            elif k == 'QUIT':
                w('221 bye\r\n')
                return
            else:
                self.mails += [line] if k == 'MAIL' else []
                w('250 ok\r\n')


def place(to, host='127.0.0.1'):
    return ('-d', 'smtp://%s:%d' % (host, to.port), '--deliver-tls', 'off',
            '--rcpt', 'jo@here.test')


def bring(sink, *args, mails=None, host='127.0.0.1'):
    pop = Pop(mails)
    s, to, r = Serve(pop), Serve(sink), Run()
    r.go('pop3', s, *place(to, host), *args, maildir=False)
    s.close()
    to.close()
    r.there = len(pop.m)
    return r


sink = Smtp()
r = bring(sink, '--delete', 'now')
check(r.rc == 0 and subjects(sink.got) == [1, 2, 3, 4, 5] and not r.there and
      sink.got[0] == msg(1), 'all come, byte for byte, once',
      (r.rc, r.err, sink.got))
check(all(m.startswith('MAIL FROM:<>') for m in sink.mails),
      'with the null sender: nobody bounces it', sink.mails)
check(sink.heard[0].startswith('EHLO '), 'it is no LMTP', sink.heard[0])
sink = Smtp()
r = bring(sink, host='localhost')
check(r.rc == 0 and len(sink.got) == 5, 'localhost', (r.rc, r.err))
sink = Smtp()
r = bring(sink, '--rcpt', 'b@here.test', mails=[('u', msg(1))])
check(r.rc == 0 and len(sink.rcpts) == 2 and len(sink.got) == 1,
      'two recipients, one answer', (r.rc, r.err, sink.heard))

# ---- anybody else's server
for where in ('smtp://192.0.2.1', 'smtp://mail.example.org:25',
              'smtp://127.0.0.2', 'smtp://localhost.evil.test',
              'smtp://127.0.0.1.evil.test', 'smtp://0.0.0.0', 'smtp://[::]',
              'smtp://[::ffff:127.0.0.1]', 'smtp://jo@127.0.0.1', 'smtp://',
              'smtp:///run/socket', 'smtps://127.0.0.1', 'smtp://127.1',
              'smtp://127.0.0.1@192.0.2.1', 'smtp://127.0.0.1:99999'):
    r = Run()
    r.bare(['-S', 'pop3://a@127.0.0.1:9', '--tls', 'off', '-d', where,
            '--deliver-tls', 'off', '--rcpt', 'jo@here.test'])
    check(r.rc == 64, where + ': 64', (r.rc, r.err))
r = bring(Smtp(), '--envelope-from', 'a@x.test')
check(r.rc == 64, 'a sender who would get a bounce: 64', (r.rc, r.err))

# ---- what is not taken stays
sink = Smtp(end='550 no\r\n')
r = bring(sink, '--delete', 'now', mails=[('u', msg(1))])
check(r.rc == 67 and r.there == 1, 'refused: 67, and it stays',
      (r.rc, r.err, r.there))
sink = Smtp(end='451 later\r\n')
r = bring(sink, '--delete', 'now', mails=[('u', msg(1))])
check(r.rc == 75 and r.there == 1, 'not now: 75', (r.rc, r.err))
sink = Smtp(end=None)
r = bring(sink, '--delete', 'now', mails=[('u', msg(1))])
check(r.rc == 75 and r.there == 1 and 'may have been accepted' in r.err,
      'no answer: 75', (r.rc, r.err))
sink = Smtp(**{'b@here.test': '451 later\r\n'})
r = bring(sink, '--rcpt', 'b@here.test', mails=[('u', msg(1))])
check(r.rc == 75 and len(sink.got) == 1, 'one of two later: 75', r.err)
again = Smtp()
to, s = Serve(again), Serve(Pop([('u', msg(1))]))
r = Run()
sink = Smtp(**{'b@here.test': '451 later\r\n'})
to.talk = sink
two = (*place(to), '--rcpt', 'b@here.test')
r.go('pop3', s, *two, maildir=False)
to.talk = again
r.go('pop3', s, *two, maildir=False)
check(r.rc == 0 and len(sink.got) == len(again.got) == 1 and
      again.rcpts == ['RCPT TO:<b@here.test>'],
      'then he gets it, and the other no second time',
      (r.rc, r.err, again.heard))
s.close()
to.close()

# ---- loops


def hops(n, name='Received'):
    return ('%s: by a.test; Mon, 30 Nov 2026 00:00:00 +0000\r\n' % name *
            n).encode()


for what, text, rc in (
        ('50 hops', hops(50) + msg(1), 0), ('51 hops', hops(51) + msg(1), 65),
        ('51 in lower case', hops(51, 'received') + msg(1), 65),
        ('51 behind a header of 200 KB',
         b'X: ' + b'y' * 200000 + b'\r\n' + hops(51) + msg(1), 65),
        ('51 in the body', msg(1) + hops(51), 0),
        ('51 of another name', hops(51, 'Received-SPF') + msg(1), 0),
        ('51 in folded lines', hops(49) + b'X: y\r\n' +
         hops(51).replace(b'Received', b' Received') + msg(1), 0)):
    sink = Smtp()
    r = bring(sink, '--delete', 'now', mails=[('u', text), ('v', msg(2))])
    check(r.rc == rc and len(sink.got) == (1 if rc else 2) and
          r.there == (1 if rc else 0) and
          ('loops' in r.err) == bool(rc), what + ': %d' % rc,
          (r.rc, r.err, len(sink.got), r.there))
case.end()
