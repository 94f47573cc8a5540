"""other.sh for tests in Python.

	o = Other("cyrus")		o.why is "" if it runs, else the reason
	o.port["IMAP"], o.user, o.password
	o.mail([bytes, ...])		comes to the user, at the server's end
	o.pop(), o.imap()		poplib's and imaplib's, logged in
"""
import atexit
import imaplib
import os
import poplib
import shlex
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ('dovecot', 'popa3d', 'solid', 'cyrus', 'courier')
imaplib._MAXLINE = poplib._MAXLINE = 10**8


class Other:
    """A shell with the lab, which ends when we do."""

    def __init__(self, name):
        self.name = name
        self.shell = subprocess.Popen(
            ['bash', '-c', '. "$0/lab.sh"; . "$0/other.sh"; while read -r c; '
             'do eval "$c"; echo "DONE $?"; done', HERE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        atexit.register(self.down)
        self.why = '' if self.say('lab_other ' + name)[0] == 0 else \
            self.say('echo "$LAB_WHY"')[1].strip() or 'it does not start'
        env = dict(x.split('=', 1) for x in self.say('env')[1].splitlines()
                   if '=' in x)
        self.user, self.password = 'billy', env['LAB_PASS_billy']
        self.port = {p: int(env['LAB_%s_%s_PORT' % (name.upper(), p)])
                     for p in ('POP3', 'IMAP')
                     if 'LAB_%s_%s_PORT' % (name.upper(), p) in env}

    def say(self, command):
        """Its status and output."""
        self.shell.stdin.write(command + '\n')
        self.shell.stdin.flush()
        out = ''
        for line in self.shell.stdout:
            if line.startswith('DONE '):
                return int(line[5:]), out
            out += line
        return 1, out

    def mail(self, messages):
        with tempfile.TemporaryDirectory() as d:
            names = []
            for i, m in enumerate(messages):
                names.append('%s/%06d' % (d, i))
                with open(names[-1], 'wb') as f:
                    f.write(m.replace(b'\r\n', b'\n'))
            rc, out = self.say('lab_other_mail %s %s' % (
                self.name, shlex.join(names)))
            assert rc == 0, out

    def pop(self):
        p = poplib.POP3('127.0.0.1', self.port['POP3'], timeout=60)
        p.user(self.user)
        p.pass_(self.password)
        return p

    def imap(self):
        m = imaplib.IMAP4('127.0.0.1', self.port['IMAP'], timeout=60)
        m.login(self.user, self.password)
        m.select('INBOX')
        return m

    def down(self):
        if self.shell.poll() is None:
            self.shell.stdin.close()
            self.shell.wait()
