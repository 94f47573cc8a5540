#!/usr/bin/env -S python3 -B
"""--complain-after: what passes by itself is said once, if it lasts."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, until  # noqa: E402

case = Case()
check = case.check


class Down(Pop):
    """One that can be told to be out of order for now."""

    why = None

    def __call__(self, serve, c, n):
        if self.why:
            c.sendall(self.why)
            return
        Pop.__call__(self, serve, c, n)


SHUT = b'-ERR [SYS/TEMP] the disk of host 7 is away\r\n'


class Cron(Run):
    """Runs of cron's, and the file that has since when."""

    def __init__(self, talk=None):
        Run.__init__(self)
        self.talk = talk or Down()
        self.serve = Serve(self.talk)

    def run(self, *args, **how):
        self.go('pop3', self.serve, '--complain-after', '2h', *args, **how)
        return self.rc, self.err

    def book(self):
        return self.states()[0] + '.failing'

    def text(self, new=None):
        if new is not None:
            with open(self.book(), 'w') as f:
                f.write(new)
        with open(self.book()) as f:
            return f.read()

    def earlier(self, seconds):
        """As if all of that had begun so much earlier."""
        lines = self.text().split('\n')
        for i, line in enumerate(lines):
            n, _, rest = line.partition(' ')
            if n.isdigit():
                lines[i] = '%d %s' % (int(n) - seconds, rest)
        self.text('\n'.join(lines))


# ---- an outage
r = Cron()
check(r.run() == (0, ''), 'a run that works says nothing', r.err)
r.talk.why = SHUT
rc, err = r.run()
check(rc == 75 and err == '', 'it begins: the status, and not a word', (rc, err))
rc, err = r.run('-v')
check(rc == 75 and 'held back: ' in err, '-v says what is held back', err)
r.earlier(7190)
check(r.run() == (75, ''), 'it has not lasted for two hours', r.err)
r.earlier(20)
r.talk.why = SHUT.replace(b'7', b'8')
rc, err = r.run()
check(rc == 75 and err.count('\n') == 1 and 'the disk of host 8 is away' in err
      and '(for 2 h 0 min, 4 times)' in err, 'then it is said, in one line', err)
r.earlier(86400)
check(r.run() == (75, ''), 'once', r.err)
r.talk.why = None
rc, err = r.run()
check(rc == 0 and err.count('\n') == 1 and
      'is away: this is over, after 26 h ' in err,
      'and once that it is over', err)
check(r.run() == (0, ''), 'that is all', r.err)
r.talk.why = SHUT
r.run()
r.talk.why = None
check(r.run() == (0, ''), 'a short one is never said', r.err)

# ---- what does not pass
r.talk.why = b'* OK IMAP4rev1 Service Ready\r\n'
rc, err = r.run()
check(rc == 76 and err != '', 'a protocol error is said at once', (rc, err))
r.talk.why = None
r.run()
r.talk.hooks['pass'] = lambda s, t: '-ERR [AUTH] no\r\n'
rc, err = r.run()
check(rc == 77 and err != '', 'a refused login is said at once', (rc, err))
r.talk.hooks.clear()

# ---- the file
r.talk.why = SHUT
whole = r.text()
check(r.run() == (75, ''), 'held back', r.err)
begun = r.text()
for text, what in (('', 'an empty one'), (begun[:-3], 'a torn one'),
                   (begun.replace(' ', ' x', 2), 'a damaged one'),
                   (begun + 'more\n', 'one with more behind it'),
                   (begun.replace('failing 2', 'failing 3'), 'a later one'),
                   ('\0' * 90, 'zeros')):
    r.text(text)
    rc, err = r.run()
    check(rc == 75 and err.count('\n') == 1, what + ': said at once', err)
    check(r.run() == (75, ''), 'and not again', r.err)
os.unlink(r.book())
rc, err = r.run()
check(rc == 75 and err.count('\n') == 1, 'no file: said at once', err)
r.text(begun)
r.earlier(-50000)
rc, err = r.run()
check(rc == 75 and err.count('\n') == 1, 'a clock that was set back', err)
r.text(whole)
os.unlink(r.book())
os.mkdir(r.book())
rc, err = r.run()
check(rc == 75 and err != '', 'one that cannot be written: said', err)
rc, err = r.run()
check(rc == 75 and err != '', 'each time', err)
os.rmdir(r.book())
new = Cron()
new.talk.why = SHUT
rc, err = new.run()
check(rc == 75 and err != '', 'a first run says what is wrong', err)
check(new.run() == (75, ''), 'the second one knows that', new.err)
rc, err = new.run('--check', maildir=False)
check(rc == 64, 'a look is for who looks: 64', (rc, err))

# ---- single messages, beside an outage
r = Cron(Down([('u%d' % i, b'Subject: m%d\r\n\r\nx\r\n' % i)
               for i in range(1, 21)]))
r.run()
r.talk.hooks['retr'] = lambda s, t: '-ERR not now\r\n'
r.talk.m += [('v%d' % i, b'Subject: m%d\r\n\r\nx\r\n' % i)
             for i in range(1, 10)]
check(r.run() == (75, ''), 'nine messages that stay for now', r.err)
r.earlier(7200)
rc, err = r.run()
check(rc == 75 and err.count('\n') == 1 and '9 messages' in err,
      'are one line later, with a count', err)
r.talk.why = SHUT
check(r.run() == (75, ''), 'an outage beside them', r.err)
r.talk.why = None
check(r.run() == (75, ''), 'ends: they are still there, and known', r.err)
r.talk.why = SHUT
r.run()
r.earlier(7200)
rc, err = r.run()
check(rc == 75 and 'is away' in err and err.count('\n') == 1,
      'what lasts beside what was said is said, too', err)
r.talk.why = None
r.talk.hooks.clear()
rc, err = r.run()
check(rc == 0 and err.count('this is over') == 2, 'both are over', err)
r.run('-d', 'exec:sh -c "exit 75"', maildir=False)
r.talk.m += [('w1', b'Subject: m1\r\n\r\nx\r\n')]
check(r.run('-d', 'exec:sh -c "exit 75"', maildir=False) == (75, ''),
      'a command that cannot now', r.err)
rc, err = r.run('-d', 'exec:sh -c "exit 9"', maildir=False)
check(rc == 69 and 'exit 9' in err, 'one that fails is said at once', err)

# ---- a server whose words are others each time
again = iter(range(99))
odd = lambda *_: b'-ERR [SYS/TEMP] try later, id=%s /%s\r\n' % (
    b'QWxhZGRpbg%c==' % (65 + next(again)), b'cafe%cd' % (97 + next(again)))
r = Cron(Down([('u1', b'Subject: m1\r\n\r\nx\r\n')]))
r.run()
r.talk.m += [('v%d' % i, b'Subject: m%d\r\n\r\nx\r\n' % i)
             for i in range(1, 4)]
r.talk.hooks['retr'] = odd
check(r.run() == (75, ''), 'other words: held back', r.err)
check(r.run() == (75, ''), 'and others: the same', r.err)
check(r.text().count('\n') == 3, 'one cause', r.text())
r.earlier(7200)
rc, err = r.run()
check(rc == 75 and err.count('\n') == 1 and '2 more like it' in err and
      'id=' in err, 'said once', err)
check(r.run() == (75, ''), 'no more, and nothing is over', r.err)
r.talk.hooks.clear()
check(r.run()[0] == 0 and r.err.count('this is over') == 1, 'over', r.err)
for verb in ('pass', 'list', 'uidl'):
    r.talk.hooks[verb] = odd
    check([r.run() for _ in range(3)] == [(75, '')] * 3 or verb == 'uidl',
          '%s: held back' % verb, r.err)
    r.earlier(7200)
    r.run()
    said = r.err
    check(r.run()[1] == '' and said.count('\n') <= 1, '%s: said once' % verb,
          (said, r.err))
    r.talk.hooks.clear()
    r.run()

# ---- a watch
w = Run()
box = Imap()
s = Serve(box)
p = w.start('imap', s, '--watch', '--complain-after', '2h')
check(until(lambda: box.idle, 30), 'a watch waits')


def said():
    with open(w.d + '/err') as f:
        return f.read()


def book():
    try:
        with open(w.states()[0] + '.failing') as f:
            return f.read()
    except (OSError, IndexError):
        return ''


box.hooks['greet'] = lambda s: '* BYE [UNAVAILABLE] later\r\n'
box.c.shutdown(2)
check(until(lambda: 'UNAVAILABLE' in book(), 30), 'its server goes: noted')
check(said() == '', 'not a word', said())
with open(w.states()[0] + '.failing') as f:
    old = f.read().split('\n')
old[1] = '%d %s' % (int(old[1].split(' ')[0]) - 7200,
                    old[1].split(' ', 1)[1])
with open(w.states()[0] + '.failing', 'w') as f:
    f.write('\n'.join(old))
check(until(lambda: 'UNAVAILABLE' in said(), 60), 'it lasts: said', said())
box.hooks.clear()
check(until(lambda: 'this is over' in said(), 60),
      'over when it has looked, not when it ends', said())
check(said().count('\n') == 2, 'no more', said())
p.send_signal(signal.SIGTERM)
p.wait()
case.end()
