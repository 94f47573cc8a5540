"""queuefake.py: an SMTP server that can be away, and a mailsend with a home of
its own whose queue is tested with it.

Local parts say what becomes of a recipient: bad* 550, odd* 550 in odd words, tmp* 450 while the
server is busy, lost* no answer to the final dot while it is.
"""
import glob
import os
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading

ROOT = os.path.abspath(os.path.dirname(os.path.abspath(__file__)) + '/../..')
BUILD = os.environ.get('POSTBAG_BUILD', ROOT + '/build')


class Talk(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b'\r\n')

    def rcpt(self, addr):
        s = self.server.smtp
        if addr.startswith('bad'):
            return '550 5.1.1 <%s> no such user' % addr
        if addr.startswith('odd'):
            return '550 gr\xf6\xdfer \x1b[1m'
        if addr.startswith('tmp') and s.busy:
            return '450 4.2.1 <%s> busy' % addr
        self.to.append(addr)
        return '250 2.1.5 ok'

    def handle(self):
        try:
            self.talk()
        except OSError:
            pass

    def talk(self):
        s, self.to, sender, said = self.server.smtp, [], '', []
        s.connections += 1
        self.say(s.greeting)
        for line in self.rfile:
            text = line.decode('utf-8', 'replace').strip()
            verb = text[:4].upper()
            path = re.search('<(.*)>', text)
            said.append(text)
            if verb == 'EHLO':
                self.say('250-fake.test\r\n250-PIPELINING\r\n' + s.more +
                         '250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8')
            elif verb == 'MAIL':
                sender, self.to, said = path.group(1), [], [text]
                self.say(s.mail_answer)
            elif verb == 'RCPT':
                self.say(self.rcpt(path.group(1)))
            elif verb == 'DATA' and not self.to:
                self.say('554 5.5.1 no recipients')
            elif verb == 'DATA':
                self.say('354 go on')
                data = b''
                for line in self.rfile:
                    if line == b'.\r\n':
                        break
                    data += line[1:] if line[:1] == b'.' else line
                else:
                    return
                s.got.append((sender, self.to, data))
                s.said.append(list(said))
                if s.busy and any(a.startswith('lost') for a in self.to):
                    return
                self.say('250 2.0.0 taken')
            elif verb == 'BDAT':
                data = self.rfile.read(int(text.split()[1]))
                if not self.to:
                    self.say('554 5.5.1 no recipients')
                    continue
                s.got.append((sender, self.to, data))
                s.said.append(list(said))
                self.say('250 2.0.0 taken')
            elif verb == 'QUIT':
                self.say('221 bye')
                return
            else:
                self.say('250 2.0.0 ok')


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class Smtp:
    """got: (sender, recipients, bytes) of each message that came whole; said:
    the commands of its envelope."""
    def __init__(self):
        self.got, self.said, self.busy, self.connections = [], [], True, 0
        self.mail_answer, self.greeting = '250 2.1.0 ok', '220 fake ESMTP'
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.more = ''          # of EHLO's answer, lines with their ends
        self.server = None

    def start(self):
        if self.server is None:
            self.server = Listener(('127.0.0.1', self.port), Talk)
            self.server.smtp = self
            threading.Thread(target=self.server.serve_forever,
                             kwargs={'poll_interval': 0.02},
                             daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def arrived(self, text):
        """How often each address got the message with this text."""
        n = {}
        for _, to, data in self.got:
            if text.encode() in data:
                for a in to:
                    n[a] = n.get(a, 0) + 1
        return n


class Home:
    """A configuration and a state directory; mail is what lies in its queue."""
    def __init__(self, smtp, more=''):
        self.d = tempfile.mkdtemp(prefix='queue.')
        self.smtp, self.env = smtp, {}
        self.config(more)

    def config(self, more=''):
        os.makedirs(self.d + '/.config/postbag', exist_ok=True)
        with open(self.d + '/.config/postbag/config', 'w') as f:
            f.write('account default\nsmtp smtp://127.0.0.1:%d\ntls off\n'
                    'from me@x.test\nqueue on\nlog %s/log\n%s\n' % (
                        self.smtp.port, self.d, more))

    def run(self, *args, text='', env={}, name='mailsend'):
        program = BUILD + '/mailsend'
        if name != 'mailsend':
            program = self.d + '/' + name
            if not os.path.exists(program):
                os.symlink(BUILD + '/mailsend', program)
        keep = {k: v for k, v in os.environ.items()
                if not k.startswith('XDG_')}
        p = subprocess.run([program] + list(args),
                           input=text.encode() if isinstance(text, str)
                           else text, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60,
                           env=dict(keep, HOME=self.d, **self.env, **env))
        self.rc, self.out = p.returncode, p.stdout.decode()
        self.err = p.stderr.decode()
        return self.rc

    def queue(self):
        return self.d + '/.local/state/postbag/queue'

    def mail(self):
        """The directories of all that waits."""
        return sorted(glob.glob(self.queue() + '/*/*'))

    def first(self, text):
        """The one with this text has the first name, and is sent first."""
        v = self.mail()
        for m in v[1:]:
            with open(m + '/mail') as f:
                if text in f.read():
                    os.rename(v[0], self.d + '/aside')
                    os.rename(m, v[0])
                    os.rename(self.d + '/aside', m)

    def state(self, where):
        with open(where + '/state') as f:
            return f.read()

    def set_state(self, where, old, new):
        text = re.sub(old, new, self.state(where))
        with open(where + '/state', 'w') as f:
            f.write(text)

    def log(self):
        path = self.d + '/log'
        if not os.path.exists(path):
            return ''
        with open(path) as f:
            return f.read()

    def done(self):
        shutil.rmtree(self.d, ignore_errors=True)
