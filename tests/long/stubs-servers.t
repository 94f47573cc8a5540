#!/usr/bin/env -S python3 -B
"""imapsync on real servers: stubs, their bodies, trim, copies and the window,
each done, each stopped at its steps, each cut off, and done once more."""
import atexit
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + '/../lab')
from fetchfake import BIN, Case  # noqa: E402
from other import Other  # noqa: E402

case = Case()
PROGRAM = os.environ.get('IMAPSYNC', os.path.dirname(BIN) + '/imapsync')
HEADERS, FULL = ('--bodies', 'headers'), ('--bodies', 'full')
N = 6
CALLS = ('renameat2', 'linkat', 'unlinkat', 'fsync', 'fdatasync', 'syncfs',
         'pwrite64')


def mail(n):
    return (b'From: jo@x.test\r\nTo: billy@x.test\r\nMIME-Version: 1.0\r\n'
            b'Subject: number %d\r\nContent-Type: text/plain\r\n'
            b'Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nX-Odd:  as\r\n\tit is\r\n'
            b'Message-ID: <s%d@x.test>\r\n\r\n' % (n, n) +
            b'line of %d\r\n' % n * (50 + n))


def read(path):
    with open(path, 'rb') as f:
        return f.read()


class Cut:
    """Stands before a server, and ends all connections when so many bytes have
    come from it."""

    def __init__(self, port, left):
        self.to, self.left, self.cut = port, left, False
        self.lock, self.ends = threading.Lock(), []
        self.listen = socket.create_server(('127.0.0.1', 0))
        self.port = self.listen.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c = self.listen.accept()[0]
            except OSError:
                return
            s = socket.create_connection(('127.0.0.1', self.to))
            with self.lock:
                self.ends += [c, s]
            for x in (c, s, False), (s, c, True):
                threading.Thread(target=self.move, args=x, daemon=True).start()

    def allowed(self, n, down):
        with self.lock:
            n = min(n, self.left) if down else n
            self.left -= n * down
            self.cut = self.cut or self.left == 0
        return n

    def move(self, a, b, down):
        try:
            while data := a.recv(4096):
                b.sendall(data[:self.allowed(len(data), down)])
                if self.cut:
                    break
        except OSError:
            pass
        for x in list(self.ends) if self.cut else (a, b):
            try:
                x.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listen.close()
        for x in self.ends:
            x.close()


class Side:
    """An account with N messages, and its Maildirs here."""

    def __init__(self, o):
        self.o, self.d = o, tempfile.mkdtemp(prefix='imapsync-stubs-')
        self.port = o.port['IMAP']
        atexit.register(shutil.rmtree, self.d, True)
        self.kept = ('' if o.name == 'dovecot' else 'INBOX.') + 'kept'
        m = o.imap()
        for box in 'INBOX', self.kept:
            m.create(box)
            if int(m.select(box)[1][0]) > 0:
                m.store('1:*', '+FLAGS', r'(\Deleted)')
                m.expunge()
        for n in range(1, N + 1):
            m.append('INBOX', r'(\Seen)', None, mail(n))
        m.logout()

    def line(self, *args):
        return [PROGRAM, '-S', 'imap://127.0.0.1:%d' % self.port,
                '-u', self.o.user, '--password-command',
                'echo ' + self.o.password, '--tls', 'off', '--near',
                self.d + '/N', '--state', self.d + '/S', *args]

    def env(self):
        return dict(os.environ, HOME=self.d)

    def run(self, *args, before=()):
        self.p = subprocess.run([*before, *self.line(*args)],
                                env=self.env(), capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=120)
        if self.o.name == 'cyrus' and b'this is not IMAP' in self.p.stderr \
                and not before:
            # Cyrus 3.6 says raw memory as MAILBOXID, with any byte in it
            self.p = subprocess.run(self.line(*args), env=self.env(),
                                    capture_output=True, timeout=120,
                                    stdin=subprocess.DEVNULL)
        return self.p.returncode == 0 and self.p.stderr == b''

    def said(self):
        return (self.p.returncode, self.p.stdout, self.p.stderr, self.here(),
                self.there())

    def files(self, inbox=True):
        return sorted(d + '/' + f for d, _, v in os.walk(self.d + '/N')
                      if d.endswith(('/cur', '/new')) and
                      ('kept' not in d) == inbox for f in v)

    def file(self, n):
        return next(f for f in self.files() if
                    b'Subject: number %d\n' % n in read(f))

    def here(self, inbox=True):
        """Of each message its number, and s for a stub."""
        return sorted('%s%s' % (re.search(rb'Subject: number (\d+)', read(f))[
            1].decode(), 's' * (b'x-postbag=stub' in read(f)[:100]))
            for f in self.files(inbox))

    def there(self, box='INBOX'):
        m = self.o.imap()
        m.select(box, True)
        got = [m.fetch(n, '(BODY.PEEK[])')[1][0][1] for n in
               m.search(None, 'ALL')[1][0].split()]
        m.logout()
        return sorted(got)

    def whole(self):
        return sorted(read(f).replace(b'\n', b'\r\n') for f in self.files())

    def copy(self, n):
        """As a reader does: the bytes under a name of its own."""
        to = next(d for d, _, v in os.walk(self.d + '/N')
                  if d.endswith('/cur') and 'kept' in d)
        with open(to + '/17.copy:2,S', 'wb') as f:
            f.write(read(self.file(n)))


def done(o):
    """One after the other."""
    u, all = Side(o), sorted(map(mail, range(1, N + 1)))
    numbers = list(map(str, range(1, N + 1)))
    stubs = [n + 's' for n in numbers]

    def check(right, text):
        case.check(right, o.name + ': ' + text, u.said())
    check(u.run(*HEADERS) and u.here() == stubs, 'headers come')
    check(u.run(*HEADERS) and u.here() == stubs, 'once')
    m = o.imap()
    m.store('2', '+FLAGS', r'(\Flagged)')
    m.logout()
    f = u.file(1)
    os.rename(f, f.rpartition(':2,')[0] + ':2,RS')
    check(u.run(*HEADERS) and ':2,FS' in u.file(2), 'flags of a stub come')
    m = o.imap()
    flags = m.fetch('1', '(FLAGS)')[1][0].decode().lower()
    m.logout()
    check('answered' in flags, 'and go')
    check(u.run('body', u.file(3)) and
          read(u.file(3)).replace(b'\n', b'\r\n') == mail(3), 'a body comes')
    u.copy(4)
    check(u.run(*HEADERS) and u.there(u.kept) == [mail(4)] and
          u.here(False) == ['4s'], 'a copy of a stub is a copy there')
    check(u.run(*FULL) and u.whole() == all == u.there(), 'all bodies come')
    check(u.run('trim', *HEADERS) and u.here() == stubs and u.there() == all,
          'and go again')
    check(u.run('--last', '2', *HEADERS) and u.run('--last', '2', *HEADERS) and
          u.here() == ['2s', '5s', '6s'] and u.there() == all,
          'a window: the last two, and one that is flagged')
    check(u.run(*FULL) and u.run(*FULL) and u.whole() == all == u.there(),
          'all come back')
    check(u.run() and u.there(u.kept) == [mail(4)], 'and nothing is twice')


OPS = {
    'stubs': (lambda u: True, HEADERS, HEADERS),
    'bodies': (lambda u: u.run(*HEADERS), FULL, FULL),
    'trim': (lambda u: u.run(), ('trim',) + HEADERS, FULL),
    'window': (lambda u: u.run(), ('--last', '2'), ()),
    'copy': (lambda u: u.run(*HEADERS) and (u.copy(2), True)[1], HEADERS,
             HEADERS),
}


def good(u, what):
    """The server has each once, and so have we, and further runs are silent."""
    all = sorted(map(mail, range(1, N + 1)))
    was = u.there() == all
    after = OPS[what][2]
    u.run(*after)
    return u.run(*after) and was and u.there() == all and \
        len(u.files()) == N and (what != 'copy' or (
            u.there(u.kept) == [mail(2)] and len(u.files(False)) == 1))


def killed(o):
    """At the first steps of each kind."""
    for what, (before, args, _) in OPS.items():
        kills, bad = 0, []
        for call in CALLS:
            for when in (1, 2, 3):
                u = Side(o)
                before(u)
                u.run(*args, before=[
                    'strace', '-f', '-qq', '-o', '/dev/null', '-e',
                    'trace=' + call, '-e',
                    'inject=%s:signal=KILL:when=%d' % (call, when)])
                if u.p.returncode == 0:
                    break
                kills += 1
                if not good(u, what):
                    bad.append((call, when, u.said()))
        case.check(kills > 3 and not bad, '%s: %s, killed at %d steps' % (
            o.name, what, kills), bad)


def cut_off(o):
    """After so many bytes of the server's, the greeting and the login included."""
    for what, (before, args, _) in OPS.items():
        cuts, bad = 0, []
        for at in range(500, 20000, 700):
            u = Side(o)
            before(u)
            p = Cut(o.port['IMAP'], at)
            u.port = p.port
            u.run(*args)
            u.port = o.port['IMAP']
            p.close()
            if not p.cut:
                break
            cuts += 1
            if not good(u, what):
                bad.append((at, u.said()))
        case.check(cuts > 1 and not bad, '%s: %s, cut off at %d places' % (
            o.name, what, cuts), bad)


for name in sys.argv[1:] or ('dovecot', 'cyrus', 'courier'):
    o = Other(name)
    if o.why:
        case.check(True, '%s # SKIP %s' % (name, o.why))
        continue
    done(o)
    if shutil.which('strace'):
        killed(o)
    cut_off(o)
    o.down()
case.end()
