#!/usr/bin/env -S python3 -B
"""A queue of the system: users write into it who cannot look around, and its
owner alone sends, taking nothing but messages."""
import ctypes
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case  # noqa: E402
from queuefake import BUILD, Smtp  # noqa: E402

if os.geteuid() != 0:
    print('1..0 # SKIP needs root, for three users')
    sys.exit(0)
case = Case()
OWNER, JO, EVE = (pwd.getpwnam(n) for n in ('backup', 'games', 'news'))


def check(good, name, *why):
    case.check(good, name, ' '.join(repr(w) for w in why))


class System:
    def __init__(self, mode=0o3733):
        self.d = tempfile.mkdtemp(prefix='spool.')
        os.chmod(self.d, 0o755)
        self.bin = self.d + '/mailsend'
        shutil.copy(BUILD + '/mailsend', self.bin)
        os.symlink(self.bin, self.d + '/sendmail')
        os.symlink(self.bin, self.d + '/mailq')
        self.s = Smtp()
        self.s.start()
        self.spool = self.d + '/spool'
        os.mkdir(self.spool)
        os.chown(self.spool, OWNER.pw_uid, OWNER.pw_gid)
        os.chmod(self.spool, mode)
        with open(self.d + '/password', 'w') as f:
            f.write('secret\n')
        os.chown(self.d + '/password', OWNER.pw_uid, OWNER.pw_gid)
        os.chmod(self.d + '/password', 0o600)
        with open(self.d + '/config', 'w') as f:
            f.write('account default\nsmtp smtp://127.0.0.1:%d\ntls off\n'
                    'from machine@x.test\nqueue %s\nauth off\n'
                    'password-file %s/password\n'
                    'account other\nsmtp smtp://127.0.0.1:1\ntls off\n' % (
                        self.s.port, self.spool, self.d))

    def run(self, who, *args, name='mailsend', text='', env={}):
        program = self.d + '/' + name
        config = () if name != 'mailsend' else ('--config', self.d + '/config')
        os.makedirs(self.d + '/etc/postbag', exist_ok=True)
        shutil.copy(self.d + '/config', self.d + '/etc/postbag/config')
        p = subprocess.run([program] + list(config) + list(args),
                           input=text.encode(), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60, cwd='/',
                           user=who.pw_uid, group=who.pw_gid, extra_groups=[],
                           env=dict(PATH=os.environ['PATH'], TMPDIR='/tmp',
                                    XDG_CONFIG_HOME=self.d + '/etc', **env))
        self.out, self.err, self.rc = (p.stdout.decode(), p.stderr.decode(),
                                       p.returncode)
        return self.rc

    def send(self, who, *to, text='some text', args=()):
        return self.run(who, '-s', 'x', '--body', text, *args, *to)

    def put(self, who, code):
        """Python, by that user, in self.d; what the system says."""
        here, there = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.chdir(self.d)
            os.setgroups([])
            os.setgid(who.pw_gid)
            os.setuid(who.pw_uid)
            try:
                exec(code)
            except OSError as e:
                os.write(there, str(e).encode())
            os._exit(0)
        os.close(there)
        with open(here) as f:
            said = f.read()
        os.waitpid(pid, 0)
        return said

    def box(self, who):
        return '%s/%d' % (self.spool, who.pw_uid)

    def mail(self, who):
        return sorted(self.box(who) + '/' + n for n in os.listdir(
            self.box(who)))

    def done(self):
        self.s.stop()
        shutil.rmtree(self.d)


y = System()
check(y.send(JO, 'a@x.test', 'tmp@x.test') == 0 and y.s.connections == 0,
      'a user: accepted, and the server is not asked', y.err)
libc = ctypes.CDLL(None)
watch = libc.inotify_init1(os.O_NONBLOCK)
libc.inotify_add_watch(watch, y.spool.encode(), 0x4)  # IN_ATTRIB
m = y.mail(JO)[0]
y.send(JO, 'a@x.test', text='another')
try:
    check(os.read(watch, 4096), 'who watches the spool is told')
except BlockingIOError:
    check(False, 'who watches the spool is told')
y.run(JO, '--queue-remove', os.path.basename((set(y.mail(JO)) - {m}).pop()))
st = os.stat(m + '/mail')
check(st.st_uid == JO.pw_uid and st.st_gid == OWNER.pw_gid and
      stat.S_IMODE(os.stat(m).st_mode) & 0o777 == 0o770,
      "it is his, and the spool's group's")
for code, what in (('os.listdir("spool")', 'look around'),
                   ('open("%s/mail")' % m, "read another's"),
                   ('os.rename("%s", "spool/x")' % y.box(JO), 'move it'),
                   ('os.mkdir("%s/x")' % y.box(JO), 'add to it')):
    check('Permission denied' in y.put(EVE, code) or 'not permitted' in
          y.put(EVE, code), 'nobody else may ' + what, y.put(EVE, code))
y.run(JO, name='mailq')
check(y.rc == 0 and 'waiting <a@x.test>' in y.out, 'he sees it', y.out, y.err)
y.run(EVE, name='mailq')
check(y.rc == 0 and y.out == 'Mail queue is empty\n', 'another does not', y.out)
check(y.run(JO, '--flush') == 77 and y.s.connections == 0,
      'and does not send it', y.err)
check(y.run(OWNER, '--flush') == 75 and not y.err and
      y.s.arrived('some text') == {'a@x.test': 1}, 'its owner does', y.err)
y.run(JO, '--queue-list', '-j')
check(y.rc == 0 and [r['status'] for r in json.loads(y.out)['rcpts']] ==
      ['sent', 'deferred'], 'he sees what became of it', y.out, y.err)
y.s.busy = False
check(y.run(OWNER, '--flush-now') == 0 and y.mail(JO) == [],
      'sent, and gone', y.err)
y.send(JO, 'a@x.test')
name = os.path.basename(y.mail(JO)[0])
check(y.run(JO, '--queue-remove', name) == 0 and y.mail(JO) == [],
      'he may take it back', y.err)
y.send(JO, 'bad@x.test', args=('--mail-from', 'victim@y.test'))
y.run(OWNER, '--flush-now')
check([g[1] for g in y.s.got if g[0] == ''] == [['games@x.test']],
      'a report is to who submitted it', y.s.got, y.err)
y.run(EVE, '-i', 'a@x.test', name='sendmail', text='Subject: q\n\ndaemon\n')
y.run(OWNER, '-q', name='sendmail')
check(y.s.arrived('daemon') == {'a@x.test': 1}, 'sendmail', y.err)
y.done()

# ---- a crash between a report and the note of it
y = System()
LATE = pwd.getpwnam('nobody')   # whose folder is looked at last
y.send(LATE, 'bad@x.test')
m = y.mail(LATE)[0]
with open(m + '/state', 'w') as f:
    f.write('postbag-state 1\nsince 1\ntries 1\nnext 1\n'
            'refused <bad@x.test> 550 5.1.1 no\n')
shutil.copytree(m, y.d + '/before')
y.s.stop()
y.run(OWNER, '--flush-now')
check(not os.path.exists(m) and len(y.mail(OWNER)) == 1, 'a report waits', y.err)
os.rename(y.d + '/before', m)
for path in (m, m + '/mail', m + '/state'):
    os.chown(path, LATE.pw_uid, OWNER.pw_gid)
y.s.start()
for _ in range(3):
    y.run(OWNER, '--flush-now')
check(len(y.s.got) == 1 and y.s.got[0][1] == ['nobody@x.test'] and
      not y.mail(LATE) and not y.mail(OWNER), 'and is sent once', y.err, y.s.got)
y.done()

# ---- what somebody plants
y = System()
with open(y.d + '/secret', 'w') as f:
    f.write('postbag-queue 1\nfrom a@x.test\nto eve@x.test\n\nSubject: s\n\nsecret\n')
os.chown(y.d + '/secret', OWNER.pw_uid, OWNER.pw_gid)
os.chmod(y.d + '/secret', 0o600)
os.mkdir(y.d + '/hers', 0o700)
os.chown(y.d + '/hers', EVE.pw_uid, EVE.pw_gid)
y.send(EVE, 'a@x.test', text='evil')
box = y.box(EVE)
y.put(EVE, '''
os.umask(0o007)
os.mkdir('%(b)s/link')
os.symlink('../../../secret', '%(b)s/link/mail')
os.symlink('..', '%(b)s/up')
os.symlink('/', 'spool/root')
os.mkdir('%(b)s/pipe')
os.mkfifo('%(b)s/pipe/mail')
os.mkdir('%(b)s/empty')
m = [d for d in os.listdir('%(b)s') if len(d) == 16][0]
t = open('%(b)s/' + m + '/mail').read()
os.mkdir('%(b)s/words')
open('%(b)s/words/mail', 'w').write(t.replace('from ', 'account other\\nmail-params XA=1\\nsealed\\nabout 1/2\\nfrom ', 1).replace('evil', 'words'))
os.symlink('../../../secret', '%(b)s/words/state')
os.mkdir('%(b)s/two')
open('%(b)s/two/mail', 'w').write(t)
os.link('%(b)s/two/mail', 'hers/other')
''' % {'b': box})
# What no user can do: a file of another's below her folder.
os.mkdir(box + '/owned')
os.chown(box + '/owned', EVE.pw_uid, OWNER.pw_gid)
shutil.copy(y.d + '/secret', box + '/owned/mail')
os.chown(box + '/owned/mail', OWNER.pw_uid, OWNER.pw_gid)
y.run(OWNER, '--flush-now')
check(y.rc == 65 and not y.s.arrived('secret') and
      y.s.arrived('evil') == {'a@x.test': 1}, 'what is planted is not sent',
      y.rc, y.err, y.s.got)
for name, why in (('link', 'a symbolic link'), ('up', 'a symbolic link'),
                  ('pipe', 'not a regular file'), ('two', '2 links'),
                  ('owned', 'belongs to uid %d' % OWNER.pw_uid),
                  ('words', 'state is a symbolic link')):
    check(re.search('/%s: .*%s' % (name, why), y.err), 'named: ' + name, y.err)
check('root' in y.err, 'and a folder that is a link', y.err)
y.put(EVE, "os.unlink('%s/words/state')" % box)
y.run(OWNER, '--flush-now')
check(y.s.arrived('words') == {'a@x.test': 1} and y.s.said[-1][0] ==
      'MAIL FROM:<machine@x.test>', "no account, no parameter of hers", y.err,
      y.s.said)
y.done()

# ---- a DKIM key that its users cannot read: who sends signs
y = System()
subprocess.run([BUILD + '/mailsend', '-q', '--dkim-new', 's1:x.test:ed25519'],
               cwd=y.d, check=True, stdout=subprocess.DEVNULL)
key = y.d + '/s1.x.test.pem'
os.chown(key, OWNER.pw_uid, OWNER.pw_gid)
with open(y.d + '/config') as f:
    t = f.read()
with open(y.d + '/config', 'w') as f:
    f.write(t.replace('account other', 'dkim s1:x.test:%s\naccount other' % key))
check('Permission denied' in y.put(JO, 'open("s1.x.test.pem")'),
      'the key is not for users')
check(y.send(JO, 'a@x.test') == 0 and not y.err and b'DKIM-Signature' not in
      open(y.mail(JO)[0] + '/mail', 'rb').read(),
      'accepted, without a signature', y.err)
# Who says that it is signed is not believed.
y.send(EVE, 'b@x.test')
y.put(EVE, """
t = open('%(m)s/mail').read()
open('%(m)s/mail', 'w').write(t.replace('from ', 'sealed\\nfrom ', 1))
""" % {'m': y.mail(EVE)[0]})
check('\nsealed\n' in open(y.mail(EVE)[0] + '/mail').read(), 'a lie is there')
check(y.run(OWNER, '--flush-now') == 0 and sorted(
      g[2].count(b'DKIM-Signature:') for g in y.s.got) == [1, 1] and
      all(b' s=s1;' in g[2] for g in y.s.got), 'sent with one, by who has the key',
      y.err, y.s.got)
y.done()

# ---- somebody was there before
y = System()
y.put(EVE, 'os.mkdir("spool/%d", 0o777)' % JO.pw_uid)
check(y.send(JO, 'a@x.test') == 0 and not os.listdir(y.box(JO)),
      "nothing goes into another's folder", y.err)
check(y.run(OWNER, '--flush-now') == 0 and y.s.arrived('some text'),
      'it is sent all the same', y.err)
y.done()

# ---- no spool to write
for title, mode in (('none', None), ('one that is closed', 0o755)):
    y = System(mode or 0o3733)
    if mode is None:
        os.rmdir(y.spool)
        os.chmod(y.d + '/password', 0o644)
    check(y.send(JO, 'a@x.test') == 0 and y.s.arrived('some text'),
          title + ': sent at once', y.rc, y.err)
    y.s.stop()
    check(y.send(JO, 'a@x.test') == 75 and 'not queued: ' in y.err,
          title + ': or 75', y.rc, y.err)
    y.done()


class Late(list):
    """While the first message is sent another user submits one, her first."""
    def append(self, x):
        if not self:
            y.send(EVE, 'bad@x.test')
        super().append(x)


y = System()
y.s.got = Late()
y.send(JO, 'bad@x.test', 'ok@x.test')
codes = [y.run(OWNER, '--flush-now') for _ in range(2)]
check(min(codes) >= 0 and sorted(g[1][0] for g in y.s.got if g[0] == '') == sorted(
    u.pw_name + '@x.test' for u in (JO, EVE)) and not y.mail(EVE),
    'who came in between is told as well', y.s.got, y.err)
y.done()
case.end()
