"""IMAP, POP3 and LMTP servers to script, on loopback, a runner, and TAP.

Imap(uid_fetch=f) etc. take hooks by command name, lower case, blanks as "_":
f(server, tag, line) for IMAP, f(server, line) for POP3.  A hook returns what
to answer, None for the usual answer, False to hang up.  Only the standard
library; every file is in a folder that Run makes and removes.
"""
import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/mailfetch'


def msg(i, body=None):
    head = 'From: a%d@x.test\r\nSubject: m%d\r\nMessage-ID: <%d@x.test>\r\n\r\n'
    return (head % (i, i, i)).encode() + (
        body if body is not None else b'body %d\r\n' % i)


def subjects(files):
    found = (re.search(rb'^Subject: m(\d+)', f, re.M) for f in files)
    return [int(m.group(1)) for m in found if m]


class Serve:
    """Listens on a free port and runs talk(serve, socket, n) for each."""

    def __init__(self, talk, port=0):
        self.talk, self.log = talk, []
        self.conns = self.ended = 0
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(('127.0.0.1', port))
        # room for all who come at once: beyond it the kernel answers by SYN
        # cookies, and a last ACK that finds no room leaves no trace
        self.sock.listen(256)
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            self.conns += 1
            threading.Thread(target=self.one, args=(c, self.conns),
                             daemon=True).start()

    def one(self, c, n):
        try:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.talk(self, c, n)
        except (OSError, EOFError, ValueError, IndexError, KeyError) as e:
            self.log.append('!%r' % e)
        finally:
            for f in (lambda: c.shutdown(2), c.close):
                try:
                    f()
                except OSError:
                    pass
            self.ended += 1

    def close(self):
        # Its thread ends first: it would accept from the next listener,
        # which gets this one's descriptor.
        for f in (lambda: self.sock.shutdown(2),
                  lambda: self.thread.join(10), self.sock.close):
            try:
                f()
            except (OSError, RuntimeError):
                pass


class Imap:
    def __init__(self, mails=None, caps='IMAP4rev1 UIDPLUS MOVE IDLE LITERAL+ '
                 'SASL-IR AUTH=PLAIN', folders=('INBOX',), **hooks):
        self.m = dict(mails if mails is not None else
                      {i: msg(i) for i in range(1, 6)})
        self.caps, self.folders, self.hooks = caps, folders, hooks
        self.idle, self.n, self.marked = False, 0, []

    def uids(self, text):
        got, top = [], max(self.m, default=0)
        for part in text.split(','):
            a, _, b = part.partition(':')
            a = top if a == '*' else int(a)
            b = a if not b else top if b == '*' else int(b)
            got += [u for u in sorted(self.m) if min(a, b) <= u <= max(a, b)]
        return got

    def item(self, uid, body, shown=None):
        seq = sorted(self.m).index(uid) + 1
        return b'* %d FETCH (%sBODY[] {%d}\r\n' % (
            seq, b'' if shown == 0 else b'UID %d ' % (shown or uid),
            len(body)) + body + b')\r\n'

    def line(self, f):
        text = f.readline()
        if not text:
            return None
        text = text.rstrip(b'\r\n')
        while m := re.search(rb'\{(\d+)(\+?)\}$', text):
            if not m.group(2):
                self.w('+ go\r\n')
            text = text[:m.start()] + f.read(int(m.group(1))) + \
                f.readline().rstrip(b'\r\n')
        return text.decode('latin1')

    def __call__(self, serve, c, n):
        f = self.f = c.makefile('rb')
        self.c, self.n = c, n
        self.w = w = lambda b: c.sendall(b.encode() if isinstance(b, str)
                                         else b)
        greet = self.hooks.get('greet')
        w((greet(self) if greet else None) or
          '* OK [CAPABILITY %s] hi\r\n' % self.caps)
        while (t := self.line(f)) is not None:
            serve.log.append(t)
            p = t.split(' ')
            tag, cmd = p[0], p[1].upper()
            if cmd == 'UID':
                cmd = 'UID ' + p[2].upper()
            hook = self.hooks.get(cmd.lower().replace(' ', '_'))
            got = hook(self, tag, t) if hook else None
            if got is False:
                return
            if got is None:
                got = self.usual(cmd, tag, p, t)
            w(got)
            if cmd == 'LOGOUT':
                return

    def usual(self, cmd, tag, p, t):
        if cmd == 'CAPABILITY':
            return '* CAPABILITY %s\r\n%s OK\r\n' % (self.caps, tag)
        if cmd == 'AUTHENTICATE' and len(p) < 4:
            self.w('+ \r\n')
            self.f.readline()
        if cmd in ('AUTHENTICATE', 'LOGIN'):
            return '%s OK [CAPABILITY %s] in\r\n' % (tag, self.caps)
        if cmd == 'LIST':
            return ''.join('* LIST () "/" "%s"\r\n' % x
                           for x in self.folders) + tag + ' OK\r\n'
        if cmd in ('SELECT', 'EXAMINE'):
            return ('* %d EXISTS\r\n* FLAGS (\\Seen \\Deleted)\r\n'
                    '* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT %d] x\r\n'
                    '%s OK [READ-%s] open\r\n' % (
                        len(self.m), max(self.m, default=0) + 1, tag,
                        'WRITE' if cmd == 'SELECT' else 'ONLY'))
        if cmd == 'UID SEARCH':
            m = re.search(r'UID (\S+)', t.split('SEARCH', 1)[1])
            got = self.uids(m.group(1)) if m else sorted(self.m)
            return '* SEARCH %s\r\n%s OK\r\n' % (
                ' '.join(map(str, got)), tag)
        if cmd == 'UID FETCH':
            for u in self.uids(p[3]):
                self.w(self.item(u, self.m[u]))
        if cmd == 'UID STORE':
            self.marked = self.uids(p[3])
        if cmd == 'UID EXPUNGE':
            for u in self.uids(p[3]):
                if u in self.marked:
                    del self.m[u]
        if cmd == 'IDLE':
            self.w('+ idling\r\n')
            self.idle = True
            self.f.readline()
            self.idle = False
        return ('* BYE\r\n' if cmd == 'LOGOUT' else '') + tag + ' OK\r\n'


class Pop:
    def __init__(self, mails=None, caps='USER UIDL TOP PIPELINING', **hooks):
        self.m = list(mails if mails is not None else
                      [('u%d' % i, msg(i)) for i in range(1, 6)])
        self.caps, self.hooks = caps, hooks

    def __call__(self, serve, c, n):
        f = c.makefile('rb')
        w = lambda b: c.sendall(b.encode() if isinstance(b, str) else b)
        self.n, self.w, gone, here = n, w, set(), list(self.m)
        w('+OK hi\r\n')
        for raw in f:
            t = raw.decode('latin1').rstrip('\r\n')
            serve.log.append(t)
            p = t.split(' ')
            cmd = p[0].upper()
            hook = self.hooks.get(cmd.lower())
            got = hook(self, t) if hook else None
            if got is False:
                return
            if got is not None:
                w(got)
                continue
            i = int(p[1]) - 1 if len(p) > 1 and p[1].isdigit() else 0
            if cmd == 'DELE':
                gone.add(i)
            elif cmd == 'QUIT':
                if gone:        # else nobody waits until this is done
                    self.m = [x for k, x in enumerate(here)
                              if k not in gone]
                w('+OK\r\n')
                return
            w(self.usual(cmd, here, i))

    def usual(self, cmd, here, i):
        if cmd == 'CAPA':
            lines = self.caps.split(' ')
        elif cmd == 'STAT':
            return '+OK %d %d\r\n' % (len(here), sum(len(x[1]) for x in here))
        elif cmd == 'LIST':
            lines = ['%d %d' % (k + 1, len(x[1])) for k, x in enumerate(here)]
        elif cmd == 'UIDL':
            lines = ['%d %s' % (k + 1, x[0]) for k, x in enumerate(here)]
        elif cmd in ('RETR', 'TOP'):
            b = here[i][1]
            if cmd == 'TOP':
                b = b.split(b'\r\n\r\n')[0] + b'\r\n\r\n'
            return b'+OK\r\n' + re.sub(rb'(?m)^\.', b'..', b) + b'.\r\n'
        else:
            return '+OK\r\n'
        return '+OK\r\n' + ''.join(x + '\r\n' for x in lines) + '.\r\n'


class Lmtp:
    """Takes everything but for whom is busy; got is what came, for whom.
    hang(verb, line or message) says where it hangs up: "." is the end of a
    message, which is not taken then.  tells: for so many recipients it says
    that it has taken the message, and hangs up."""

    busy = b'none'
    tells = None
    hang = staticmethod(lambda verb, text: False)

    def __init__(self, caps=('8BITMIME', 'PIPELINING', 'ENHANCEDSTATUSCODES',
                             'SIZE')):
        self.got, self.whom, self.mails, self.caps = [], [], [], caps

    def __call__(self, serve, c, n):
        f = c.makefile('rb')
        w = lambda t: c.sendall(t.encode())
        rcpt = 0
        w('220 sink\r\n')
        for raw in f:
            k = raw.decode('latin1').split(' ')[0].strip().upper()
            if self.hang(k, raw):
                return
            if k in ('LHLO', 'EHLO'):
                w(''.join('250-%s\r\n' % x for x in self.caps) +
                  '250 HELP\r\n')
            elif k == 'DATA':
                w('354 go\r\n')
                b = b''
                while (x := f.readline()) not in (b'.\r\n', b''):
                    b += x[1:] if x.startswith(b'.') else x
                if x == b'' or self.hang('.', b):
                    return
                self.got.append(b)
                if self.tells is not None:
                    w('250 ok\r\n' * self.tells)
                    return
                w('250 ok\r\n' * rcpt)
            elif k == 'BDAT':
                self.got.append(f.read(int(raw.split()[1])))
                w('250 ok\r\n' * rcpt)
            elif k == 'QUIT':
                w('221 bye\r\n')
                return
            elif k == 'RCPT' and self.busy in raw:
                w('451 later\r\n')
            else:
                self.whom += [raw] if k == 'RCPT' else []
                if k == 'MAIL':
                    self.mails.append(raw.decode('latin1').strip())
                rcpt = rcpt + 1 if k == 'RCPT' else 0 if k in (
                    'MAIL', 'RSET') else rcpt
                w('250 ok\r\n')


class Run:
    """mailfetch with a home of its own; .rc, .out, .err of the last run."""

    def __init__(self):
        self.d = tempfile.mkdtemp(prefix='mailfetch-case-')
        self.state = self.d + '/state'
        self.left = []          # what we started, ended in done()
        atexit.register(self.done)

    def env(self, **more):
        return dict(os.environ, HOME=self.d, XDG_STATE_HOME=self.state,
                    **more)

    def line(self, proto, serve, *args, maildir=True, login=None):
        return [BIN, '-S', '%s://a@127.0.0.1:%d' % (proto, serve.port),
                '--tls', 'off'] + (login or
                ['--password-command', 'echo p']) + (
                ['-d', 'maildir:%s/M' % self.d, '--create']
                if maildir else []) + list(args)

    def go(self, proto, serve, *args, env={}, timeout=60, **how):
        return self.bare(self.line(proto, serve, *args, **how)[1:], env,
                         timeout)

    def bare(self, args, env={}, timeout=60):
        p = subprocess.Popen([BIN] + list(args), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=self.env(**env), start_new_session=True)
        self.left.append(p)
        try:
            out, err = p.communicate(timeout=timeout)
            self.rc = p.returncode
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            self.rc = -99
        self.out = out.decode('utf8', 'replace')
        self.err = err.decode('utf8', 'replace')
        return self.rc

    def start(self, proto, serve, *args, env={}, **how):
        p = subprocess.Popen(self.line(proto, serve, *args, **how),
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL,
                             stderr=open(self.d + '/err', 'wb'),
                             env=self.env(**env), start_new_session=True)
        self.left.append(p)
        return p

    def files(self):
        got = []
        for sub in ('new', 'cur'):
            path = '%s/M/%s/' % (self.d, sub)
            if os.path.isdir(path):
                for name in sorted(os.listdir(path)):
                    with open(path + name, 'rb') as f:
                        got.append(f.read())
        return got

    def write(self, name, text, mode=0o600):
        path = '%s/%s' % (self.d, name)
        with open(path, 'w') as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def states(self):
        folder = self.state + '/postbag/mailfetch/'
        return sorted(folder + f for f in os.listdir(folder)
                      if f.endswith('.state'))

    def unsum(self):
        """As an earlier version left the state: without digests."""
        for path in self.states():
            b = open(path, 'rb').read()
            v = [b[i:i + 32] for i in range(0, len(b), 32)]
            with open(path, 'wb') as f:
                f.write(b''.join(x for i, x in enumerate(v) if i == 0 or
                                 int.from_bytes(x[4:6], sys.byteorder) < 17))

    def done(self):
        for p in self.left:
            if p.poll() is None:
                p.kill()
                p.wait()
        shutil.rmtree(self.d, ignore_errors=True)


def until(what, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


class Case:
    """check(right, text, said) for each claim; end() is the last word."""

    def __init__(self):
        self.bad = self.n = 0

    def check(self, right, text, said=''):
        self.n += 1
        self.bad += not right
        print('%sok %d - %s' % ('' if right else 'not ', self.n, text),
              flush=True)
        if not right:
            print('# line %d: %s' % (sys._getframe(1).f_lineno,
                                     str(said).replace('\n', '\n# ')),
                  file=sys.stderr)

    def end(self):
        print('1..%d' % self.n)
        sys.exit(1 if self.bad else 0)
