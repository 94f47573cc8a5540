#!/usr/bin/env -S python3 -B
"""NOTIFY: a watch is told of all its folders on one connection."""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Run, Serve, msg, subjects, until  # noqa: E402

case = Case()
check = case.check
CAPS = 'IMAP4rev1 IDLE NOTIFY LITERAL+ SASL-IR AUTH=PLAIN'


class Many(Imap):
    """Two folders, and what NOTIFY answers."""

    def __init__(self, answer='OK', **hooks):
        Imap.__init__(self, caps=CAPS, folders=('INBOX', 'a b'), **hooks)
        self.box = {'INBOX': self.m, 'a b': {1: msg(11)}}
        self.answer, self.told, self.off = answer, None, 0
        self.hooks.update(examine=self.select, notify=self.notify)

    def select(self, s, tag, line):
        self.m = self.box[line.split('"')[1]]

    def status(self, name):
        return '* STATUS "%s" (MESSAGES %d UIDNEXT %d UIDVALIDITY 7)\r\n' % (
            name, len(self.box[name]), max(self.box[name]) + 1)

    def notify(self, s, tag, line):
        if 'NONE' in line:
            self.off += 1
            return '%s OK\r\n' % tag
        if self.answer != 'OK':
            return '%s %s\r\n' % (tag, self.answer)
        self.told = re.search(r'MAILBOXES \((.*?)\)', line).group(1)
        self.before()
        return self.status('a b') + '%s OK\r\n' % tag

    def before(self):
        pass

    def comes(self, name, number):
        self.box[name][max(self.box[name]) + 1] = msg(number)


def start(box, *args):
    s, r = Serve(box), Run()
    r.log = s.log
    p = r.start('imap', s, '--watch', '-f', 'INBOX', '-f', 'a b', *args)
    return r, p, s


def stop(r, p, s):
    p.send_signal(signal.SIGTERM)
    p.wait()
    s.close()
    r.done()


def here(r, want):
    return until(lambda: sorted(subjects(r.files())) == want, 30)


def looks(s):
    return sum('EXAMINE "a b"' in t for t in s.log)


box = Many()
r, p, s = start(box)
check(here(r, [1, 2, 3, 4, 5, 11]) and until(lambda: box.idle, 30),
      'what is there comes')
check(box.told == '"INBOX" "a b"', 'it asks to be told of both', box.told)
box.comes('a b', 12)
box.w(box.status('a b'))
check(here(r, [1, 2, 3, 4, 5, 11, 12]) and until(lambda: box.idle, 30),
      'told by STATUS: it comes', s.log)
check(s.conns == 1, 'on the same connection', s.conns)
box.comes('INBOX', 6)
box.w('* %d EXISTS\r\n' % len(box.box['INBOX']))
check(here(r, [1, 2, 3, 4, 5, 6, 11, 12]) and until(lambda: box.idle, 30),
      'the one that is selected, too', s.log)
check(box.off == 2, 'before it looks it is told of nothing', box.off)
at = [i for i, t in enumerate(s.log) if 'NOTIFY NONE' in t]
check('EXAMINE' in s.log[at[0] + 1], 'then it looks', s.log)
stop(r, p, s)


class Late(Many):
    """Mail that comes between the look and NOTIFY."""

    done = False

    def before(self):
        if not self.done:
            self.done = True
            self.comes('a b', 12)


box = Late()
r, p, s = start(box)
check(here(r, [1, 2, 3, 4, 5, 11, 12]), 'mail that came just before', s.log)
stop(r, p, s)


class Selected(Many):
    """So it does to the one that is selected: EXISTS, and no STATUS."""

    done = False

    def before(self):
        if not self.done:
            self.done = True
            self.comes('INBOX', 6)
            self.w('* 6 EXISTS\r\n')


box = Selected()
r, p, s = start(box)
check(here(r, [1, 2, 3, 4, 5, 6, 11]), 'and that came while NOTIFY was answered',
      s.log)
stop(r, p, s)


class Odd(Many):
    """UIDNEXT is another one each time."""

    def status(self, name):
        return '* STATUS "%s" (UIDNEXT 4242)\r\n' % name


box = Odd()
r, p, s = start(box)
check(until(lambda: box.idle, 30) and looks(s) < 9,
      'a server that does not agree with itself is waited for', looks(s))
stop(r, p, s)

for answer in ('NO [BADEVENT (MessageNew)] no', 'BAD what?'):
    box = Many(answer)
    r, p, s = start(box, '--poll', '1')
    check(here(r, [1, 2, 3, 4, 5, 11]) and until(lambda: box.idle, 30),
          answer + ': waits all the same')
    box.comes('a b', 12)
    check(here(r, [1, 2, 3, 4, 5, 11, 12]) and
          sum('NOTIFY' in t for t in s.log) == 1,
          'and looks now and then, and does not ask again', s.log)
    stop(r, p, s)
case.end()
