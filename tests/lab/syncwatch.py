"""syncwatch.py: imapsync --watch on the server in memory, for tests of it."""
import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile

import imapmem
from fetchfake import BIN, until

PROGRAM = os.path.dirname(BIN) + '/imapsync'
KILLN = os.path.dirname(BIN) + '/lab/killn.so'
CONDSTORE = imapmem.ALL + ' CONDSTORE'
NOTIFY = CONDSTORE + ' IDLE NOTIFY'


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
        self.p, self.strace = None, None
        atexit.register(self.end)
        self.start()
        if wait:
            until(self.idle, 30)

    def line(self, *args):
        return [PROGRAM, '-S', 'imap://jo@127.0.0.1:%s' % self.s.port,
                '--tls', 'off', '--near', self.near, '--state',
                self.d + '/S'] + (self.login or ['--password-command',
                                                 'echo secret']) + list(args)

    def env(self):
        return dict(os.environ, HOME=self.d, XDG_STATE_HOME=self.d + '/state',
                    **self.more)

    def start(self):
        traced = self.strace and [
            'strace', '-D', '-o', self.d + '/calls', '-s', '999',
            *self.strace] or []
        self.p = subprocess.Popen(
            traced + self.line('--watch', '-v', *self.args),
            stdin=subprocess.DEVNULL, stdout=open(self.d + '/out', 'ab'),
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


def sanitized():
    with open(PROGRAM, 'rb') as f:
        return b'__asan_init' in f.read()


def heard(s, at, word):
    return [x for x in s.heard[at:] if re.match(word, x)]
