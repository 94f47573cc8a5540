#!/usr/bin/env -S python3 -B
"""imapsync --watch on a server in memory: what wakes it, what it looks at
then, what it says to the server, and what it survives."""
import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import BIN, Case, until  # noqa: E402

case = Case()
check = case.check
PROGRAM = os.path.dirname(BIN) + '/imapsync'
CONDSTORE = imapmem.ALL + ' CONDSTORE'


def mail(n):
    return ('From: a@x.test\r\nSubject: m%d\r\nMessage-ID: <%d@x.test>\r\n\r\n'
            'body %d\r\n' % (n, n, n)).encode()


class Watch:
    """One that runs on a server; a Maildir here."""

    def __init__(self, server, *args, wait=True, login=None, env=None):
        self.s = server
        self.d = tempfile.mkdtemp(prefix='imapsync-watch-')
        self.near = self.d + '/N'
        self.args, self.login, self.more = args, login, env or {}
        self.p = None
        atexit.register(self.end)
        self.start()
        if wait:
            until(self.idle, 30)

    def line(self, *args):
        return [PROGRAM, '-S', 'imap://jo@127.0.0.1:%d' % self.s.port,
                '--tls', 'off', '--near', self.near, '--state',
                self.d + '/S'] + (self.login or ['--password-command',
                                                 'echo secret']) + list(args)

    def env(self):
        return dict(os.environ, HOME=self.d, XDG_STATE_HOME=self.d + '/state',
                    **self.more)

    def start(self):
        self.p = subprocess.Popen(
            self.line('--watch', '-v', *self.args), stdin=subprocess.DEVNULL,
            stdout=open(self.d + '/out', 'ab'),
            stderr=open(self.d + '/err', 'ab'), env=self.env())

    def once(self, *args):
        return subprocess.run(self.line(*args), stdin=subprocess.DEVNULL,
                              capture_output=True, env=self.env(), timeout=60)

    def err(self):
        with open(self.d + '/err', errors='replace') as f:
            return f.read()

    def idle(self):
        return any(x.idles for x in self.s.sessions)

    def files(self, box):
        return sorted(f for sub in ('new', 'cur') for f in os.listdir(
            '%s/%s/%s' % (self.near, box, sub))) if os.path.isdir(
                '%s/%s/cur' % (self.near, box)) else []

    def has(self, box, n):
        """So many are there, and then it waits again."""
        return until(lambda: len(self.files(box)) == n, 30) and \
            until(self.idle, 30)

    def put(self, box, n):
        name = '17000%05d.M1P1.test' % n
        tmp = '%s/%s/tmp/%s' % (self.near, box, name)
        with open(tmp, 'wb') as f:
            f.write(mail(n).replace(b'\r\n', b'\n'))
        os.rename(tmp, '%s/%s/new/%s' % (self.near, box, name))

    def stop(self, how=signal.SIGTERM):
        self.p.send_signal(how)
        return self.p.wait(30)

    def end(self):
        if self.p and self.p.poll() is None:
            self.p.kill()
            self.p.wait()
        shutil.rmtree(self.d, ignore_errors=True)


def server(caps, *boxes):
    s = imapmem.Server(caps)
    for b in ('INBOX',) + boxes:
        s.box(b).add(mail(len(s.boxes)))
    return s


def arrives(s, box, n):
    with s.lock:
        s.box(box).add(mail(n))
    s.changed(box)


def heard(s, at, word):
    return [x for x in s.heard[at:] if re.match(word, x)]


# ---- IDLE and a LIST each poll
s = server(CONDSTORE + ' IDLE', 'a', 'b')
w = Watch(s, '--poll', '3600')
check(w.idle() and [len(w.files(b)) for b in ('INBOX', 'a', 'b')] == [1, 1, 1],
      'it syncs and waits', w.err())
time.sleep(.3)
at, conns = len(s.heard), s.conns
arrives(s, 'INBOX', 10)
check(w.has('INBOX', 2), 'IDLE: mail comes', w.err())
check(not heard(s, at, r'LIST|(STATUS|SELECT|EXAMINE) "[ab]') and
      len(heard(s, at, 'SELECT')) == 1,
      'and its mailbox alone is looked at, once', s.heard[at:])
check(s.conns == conns, 'by the same connection', s.conns)
time.sleep(.3)
at = len(s.heard)
w.put('b', 11)
check(until(lambda: len(s.box('b').messages) == 2, 30) and
      until(w.idle, 30), 'inotify: a new file is uploaded', w.err())
check(not heard(s, at, r'LIST|(STATUS|SELECT) "a'), 'and the others are not asked about', s.heard[at:])
f = w.files('a')[0]
os.rename(w.near + '/a/' + ('new/' if os.path.exists(w.near + '/a/new/' + f)
                            else 'cur/') + f,
          w.near + '/a/cur/' + f.split(':')[0] + ':2,S')
check(until(lambda: r'\Seen' in s.box('a').messages[0].flags, 30),
      'a flag here comes there', w.err())
os.makedirs(w.near + '/new one/cur')
for sub in ('new', 'tmp'):
    os.makedirs(w.near + '/new one/' + sub)
check(until(lambda: 'new one' in s.boxes, 30), 'so does a new folder',
      (sorted(s.boxes), w.err()))
until(w.idle, 30)
time.sleep(.3)
w.put('new one', 12)
check(until(lambda: len(s.box('new one').messages) == 1, 30),
      'which is watched from then on', w.err())
until(w.idle, 30)
one = w.once()
check(one.returncode == 0, 'another run is made beside it',
      (one.returncode, one.stderr))
arrives(s, 'INBOX', 13)
check(w.has('INBOX', 3), 'and it goes on', w.err())
s.cut()
arrives(s, 'a', 14)
check(w.has('a', 2) and 'trying again' not in w.err(),
      'a connection that is lost is had again, without a word', w.err())
check(w.stop() == 0 and not re.search(r'(?m)^imapsync: stopped', w.err()),
      'SIGTERM: 0', (w.p.returncode, w.err()))
w.start()
check(until(w.idle, 30) and w.stop(signal.SIGINT) == 0, 'SIGINT: 0', w.err())
s.close()

# ---- nothing but polling
s = server(imapmem.ALL, 'a')
w = Watch(s, '--poll', '1', wait=False)
until(lambda: 'looking every' in w.err(), 30)
with s.lock:
    s.box('a').add(mail(20))
check(until(lambda: len(w.files('a')) == 2, 30), 'no IDLE: it looks', w.err())
w.put('a', 21)
check(until(lambda: len(s.box('a').messages) == 3, 30), 'and here', w.err())
at, began = len(s.heard), time.monotonic()
time.sleep(3)
lists = len(heard(s, at, 'LIST'))
check(0 < lists <= (time.monotonic() - began) / .9 + 1,
      'once a poll, by one LIST', (lists, s.heard[at:]))
check(w.stop() == 0, 'SIGTERM: 0', w.p.returncode)
s.close()

# ---- what is wrong at the start is waited out, but for usage
s = server(CONDSTORE + ' IDLE')
w = Watch(s, wait=False, login=['--password-command', 'cat %s' % (
    tempfile.gettempdir() + '/no-such-secret-%d' % os.getpid())])
check(until(lambda: 'trying again' in w.err(), 30) and w.p.poll() is None,
      'no password: it says so and waits', (w.p.poll(), w.err()))
check(w.stop() == 0, 'and ends when it is asked to', w.p.returncode)
for args in (['-n'], ['--accept-mode']):
    r = w.once('--watch', *args)
    check(r.returncode == 64, '--watch %s: 64' % args[0], r)
r = w.once('--poll', '9')
check(r.returncode == 64 and b'--watch' in r.stderr, '--poll without it: 64',
      r)
r = w.once('--watch', '--poll', '0.5')
check(r.returncode == 64, '--poll 0.5: 64', r)
s.close()
case.end()
