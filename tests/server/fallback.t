#!/usr/bin/env -S python3 -B
"""Several servers in an account of mailsend: the next one is tried where one is
not reached or says 4yz, and never where somebody may have the message."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case  # noqa: E402
from queuefake import Home, Smtp, Talk  # noqa: E402

case = Case()


def check(good, name, *why):
    case.check(good, name, ' '.join(repr(w) for w in why))


def servers(*up, more='', url='smtp://127.0.0.1:%d'):
    """One for each of up, that listens or does not; the home knows them all."""
    all = [Smtp() for _ in up]
    for s, is_up in zip(all, up):
        if is_up:
            s.start()
    urls = ['fallback ' + url % s.port for s in all[1:]]
    return all, Home(all[0], 'queue off\n' + '\n'.join(urls) + '\n' + more)


def over(all, home):
    for s in all:
        s.stop()
    home.done()


def send(home, *args, text='hello\n', **more):
    return home.run('-s', 'x', *args, text=text, **more)


def to(s):
    return [m[1] for m in s.got]


# ---- not reached
(a, b), h = servers(False, True)
check(send(h, 'jo@x.test') == 0 and to(b) == [['jo@x.test']],
      'the first is down: the second has it', h.rc, h.err)
check(h.err == '', 'and nothing is said', h.err)
check(':%d' % b.port in h.log(), 'the log names the server that took it', h.log())
check(send(h, '-v', 'jo@x.test') == 0 and 'the next server is tried' in h.err,
      '-v says so', h.err)
a.start()
check(send(h, 'al@x.test') == 0 and to(a) == [['al@x.test']],
      'the first is asked first, if it is there', to(a), to(b))
over((a, b), h)

(a, b), h = servers(False, False)
check(send(h, 'jo@x.test') == 75, 'none is there: 75', h.rc)
check(str(a.port) in h.err and str(b.port) in h.err, 'both are named', h.err)
over((a, b), h)

(a, b, c), h = servers(False, False, True)
check(send(h, 'jo@x.test') == 0 and len(c.got) == 1, 'and a third', h.err)
over((a, b, c), h)

(b,), h = servers(True)
with open(h.d + '/.config/postbag/config', 'w') as f:
    f.write('account default\nsmtp smtp://no-such-host.invalid\ntls off\n'
            'from me@x.test\nfallback smtp://127.0.0.1:%d\n' % b.port)
check(send(h, 'jo@x.test') == 0 and len(b.got) == 1,
      'a host that is not found is passed over', h.rc, h.err)
over((b,), h)

# ---- 4yz, 5yz
(a, b), h = servers(True, True)
a.greeting = '421 4.3.2 busy'
check(send(h, 'jo@x.test') == 0 and to(b) == [['jo@x.test']],
      '421 in the greeting', h.rc, h.err)
a.greeting, a.mail_answer = '220 fake', '451 4.3.0 not now'
check(send(h, 'jo@x.test') == 0 and len(b.got) == 2, '451 to MAIL', h.rc, h.err)
a.mail_answer = '550 5.7.1 not you'
check(send(h, 'jo@x.test') == 69 and len(b.got) == 2,
      '550 to MAIL is the end', h.rc, h.err)
a.mail_answer, b.busy, a.got, b.got = '250 ok', False, [], []
check(send(h, 'jo@x.test', 'tmp@x.test', 'bad@x.test') == 67,
      'of three one is deferred and one refused', h.rc, h.err)
check(to(a) == [['jo@x.test']] and to(b) == [['tmp@x.test']],
      'the deferred one alone goes to the second', to(a), to(b))
check('bad@x.test' in h.err and 'tmp@x.test' not in h.err,
      'the refused one alone is told', h.err)
a.got, b.got = [], []
check(send(h, '--all-or-nothing', 'jo@x.test', 'tmp@x.test') == 0 and
      a.got == [] and to(b) == [['jo@x.test', 'tmp@x.test']],
      '--all-or-nothing: all of them go', h.rc, to(a), to(b), h.err)
b.got = []
check(send(h, '--all-or-nothing', 'bad@x.test', 'tmp@x.test') == 67 and
      b.got == [], 'or none, where one is refused', h.rc, to(b))
b.stop()
check(send(h, 'tmp@x.test') == 75 and '450 4.2.1' in h.err and
      str(b.port) in h.err, 'what the first said is told, too', h.rc, h.err)
over((a, b), h)

# ---- doubt
(a, b), h = servers(True, True)
check(send(h, 'lost@x.test', 'tmp@x.test') == 75 and b.got == [] and
      b.connections == 0, 'an answer was lost: no other server', h.rc, to(b))
check('may have been accepted' in h.err, 'and it is said', h.err)
over((a, b), h)

# ---- the queue comes behind them all
(a, b), h = servers(False, False, more='queue on\n')
check(send(h, 'jo@x.test') == 0 and len(h.mail()) == 1,
      'none is there: it is queued', h.rc, h.err)
b.start()
check(h.run('--flush-now') == 0 and to(b) == [['jo@x.test']] and
      h.mail() == [], '--flush-now finds the second', h.rc, h.err, to(b))
over((a, b), h)

# ---- one login for all of them
(a, b), h = servers(False, True)
b.more = '250-AUTH PLAIN\r\n'
pw = h.d + '/asked'
h.config('queue off\nfallback smtp://127.0.0.1:%d\nuser jo\n'
         'password-command echo x >> %s; echo secret\n' % (b.port, pw))
send(h, '-vv', 'jo@x.test')
check('AUTH PLAIN' in h.err and open(pw).read() == 'x\n',
      'the second has the login of the first, whose command ran once', h.err)
for url, words in (('smtp://al@127.0.0.1', 'no other user'), ('mx:', 'smtps://'),
                   ('imaps://h.test', 'smtps://')):
    check(send(h, '--fallback', url, 'jo@x.test') == 64 and words in h.err,
          '--fallback ' + url + ' is refused', h.rc, h.err)
check(send(h, '-S', 'smtp://127.0.0.1:%d' % a.port, 'jo@x.test') == 75,
      '-S means that server alone', h.rc, h.err)
over((a, b), h)

# ---- --timeout is for them all
deaf = Smtp()
(b,), h = servers(True)
with __import__('socket').socket() as s:
    s.bind(('127.0.0.1', deaf.port))
    s.listen(5)
    h.smtp = deaf
    h.config('queue off\nfallback smtp://127.0.0.1:%d\ntimeout 8\n' % b.port)
    began = time.monotonic()
    check(send(h, 'jo@x.test') == 0 and len(b.got) == 1 and
          time.monotonic() - began < 8,
          'a silent one leaves the next one its share of --timeout', h.err)
over((b,), h)

# ---- and each message that waited has all of it
class Mute(Talk):
    """No answer to the dot for mute*, and no end of the connection."""

    def say(self, text):
        if text == '250 2.0.0 taken' and self.to[0].startswith('mute'):
            over_now.wait(60)
        super().say(text)


over_now = threading.Event()
(a, b), h = servers(False, False, more='queue on\ntimeout 6\n')
send(h, 'mute@x.test')
send(h, 'jo@x.test')
h.first('to mute@x.test')
b.start()
b.server.RequestHandlerClass = Mute
h.run('--flush-now')
check(to(b) == [['mute@x.test'], ['jo@x.test']] and len(h.mail()) == 1,
      'one that takes all of --timeout leaves the next one its own',
      h.rc, h.err, to(b), h.log())
over_now.set()
over((a, b), h)

# ---- -bs asks the server that is there
(a, b), h = servers(False, True)
h.run('-bs', name='sendmail', text='EHLO x\r\nMAIL FROM:<me@x.test>\r\n'
      'RCPT TO:<bad@x.test>\r\nRCPT TO:<jo@x.test>\r\nDATA\r\n'
      'Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n')
check('550 5.1.1' in h.out and to(b) == [['jo@x.test']],
      '-bs: RCPT is asked at the second', h.out, h.err)
over((a, b), h)
case.end()
