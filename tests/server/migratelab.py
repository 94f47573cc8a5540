"""Real servers for imapsync migrate: what is put into one, what is in it, and a
migration that is killed at points of a fixed seed until it is done."""
import hashlib
import imaplib
import os
import random
import re
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.abspath(__file__)) + '/../..'
BUILD = os.environ.get('POSTBAG_BUILD', ROOT + '/build')
imaplib._MAXLINE = 10**8


class Server:
    def __init__(self, port, user, password):
        self.port, self.user, self.password = port, user, password

    def imap(self):
        m = imaplib.IMAP4('127.0.0.1', self.port, timeout=60)
        m.login(self.user, self.password)
        return m

    def folders(self, m):
        """{name: name without prefix and with /}"""
        got = {}
        for line in m.list()[1]:
            f = re.match(rb'\(([^)]*)\) (?:"(.)"|NIL) "?([^"]*)"?$', line)
            if f and b'noselect' not in f[1].lower():
                name = f[3].decode()
                plain = name.replace((f[2] or b'/').decode(), '/')
                got[name] = re.sub(r'^INBOX/', '', plain)
        return got

    def all(self):
        """{folder: sorted (sha256, flags, date)}"""
        m, all = self.imap(), {}
        for name, plain in self.folders(m).items():
            m.select('"%s"' % name, readonly=True)
            some = all[plain] = []
            got = m.uid('FETCH', '1:*', '(FLAGS INTERNALDATE BODY.PEEK[])')[1]
            for i, part in enumerate(got):
                if not isinstance(part, tuple):
                    continue
                rest = got[i + 1] if isinstance(got[i + 1], bytes) else b''
                head = part[0] + rest
                flags = re.search(rb'FLAGS \(([^)]*)\)', head)[1].decode()
                date = re.search(rb'INTERNALDATE "([^"]*)"', head)[0]
                some.append((hashlib.sha256(part[1]).hexdigest(), tuple(
                    sorted(f.lower() for f in flags.split()
                           if f != '\\Recent')),
                    time.mktime(imaplib.Internaldate2tuple(date))))
            some.sort()
        m.logout()
        return all

    def fill(self, prefix='', sep='/', n=120, seed=1):
        m, rnd = self.imap(), random.Random(seed)
        for name in ('Work', 'Work/Old', 'Sent', 'Entw&APw-rfe'):
            m.create('"%s"' % (prefix + name.replace('/', sep)))
        for name, some in (('INBOX', n), ('Work', n // 2), ('Work/Old', n // 4),
                           ('Sent', n // 4), ('Entw&APw-rfe', 3)):
            box = name if name == 'INBOX' else prefix + name.replace('/', sep)
            m.select('"%s"' % box)
            for i in range(some):
                flags = ' '.join(f for f in (
                    '\\Seen', '\\Answered', '\\Flagged', '\\Draft', '$Forwarded',
                    'work', 'project-x') if rnd.random() < 0.3)
                text = ('From: jo@x.test\r\nSubject: %s %d\r\n%sDate: Mon, 1 '
                        'Jan 2024 10:00:00 +0000\r\n\r\n' % (
                            name, i, '' if rnd.random() < 0.1 else
                            'Message-ID: <%d.%d@x.test>\r\n' % (
                                seed, rnd.randrange(10**9)))).encode()
                text += bytes(rnd.choice(b'abcdefgh \xe4') for _ in range(
                    rnd.randrange(30))) + b'\r\n.\r\n' * rnd.randrange(200)
                text += b'\r\n'         # Courier adds one where none is
                m.append('"%s"' % box, '(%s)' % flags, imaplib.Time2Internaldate(
                    1600000000 + rnd.randrange(10**8)), text)
        m.logout()


class Migration:
    def __init__(self, a, b):
        self.a, self.b = a, b
        self.tmp = tempfile.TemporaryDirectory()
        for name, s in (('from', a), ('to', b)):
            with open('%s/%s' % (self.tmp.name, name), 'w') as f:
                f.write(s.password + '\n')

    def words(self, *args):
        return [BUILD + '/imapsync', 'migrate'] + [
            'imap://%s@127.0.0.1:%d' % (s.user.replace('@', '%40'), s.port)
            for s in (self.a, self.b)] + [
            '--tls', 'off', '--state', self.tmp.name + '/state',
            '--from-password-command', 'cat %s/from' % self.tmp.name,
            '--to-password-command', 'cat %s/to' % self.tmp.name, *args]

    def run(self, *args, env={}):
        p = subprocess.run(
            self.words(*args), capture_output=True, text=True, timeout=300,
            env=dict(os.environ, HOME=self.tmp.name, **env))
        self.rc, self.out, self.err = p.returncode, p.stdout, p.stderr
        return self.rc

    def killed(self, times, seed, most=60):
        """So often, at random, then to the end: how often it was."""
        rnd, n = random.Random(seed), 0
        for _ in range(times):
            n += self.run(env={
                'LD_PRELOAD': BUILD + '/lab/killn.so', 'KILLN_NET': '1',
                'KILLN_FAST': '1', 'KILLN': str(rnd.randrange(1, most))}) == -9
        self.run()
        return n


def leg(case, a, b, what, times, seed):
    m = Migration(a, b)
    want = a.all()
    n = m.killed(times, seed)
    case.check(n >= times // 2, '%s: killed %d times' % (what, n), (n, m.err))
    case.check(m.rc == 0 and not m.err, what + ': and done', (m.rc, m.err))
    got = b.all()
    case.check(all(got.get(f) == want[f] for f in want), what + ': bytes, '
               'flags, keywords and dates are the same, nothing is twice',
               [(f, len(want[f]), len(got.get(f, [])), [
                   x for x in zip(want[f], got.get(f, [])) if x[0] != x[1]][:2])
                for f in want if got.get(f) != want[f]])
    case.check(a.all() == want, what + ': FROM is as it was')
    m.run()
    case.check((m.rc, m.out, m.err) == (0, '', ''), what +
               ': again: nothing', (m.rc, m.out, m.err))
    m.run('--verify')
    case.check(m.rc == 0, what + ': verified', m.err)
