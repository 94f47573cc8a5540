#!/usr/bin/env -S python3 -B
"""mailsend on a machine that has no server: mail goes into its users' mailboxes,
as each of them, without a network."""
import fcntl
import glob
import json
import mailbox
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case  # noqa: E402

BUILD = os.environ.get('POSTBAG_BUILD', os.path.abspath(os.path.dirname(
    os.path.abspath(__file__)) + '/../../build'))
if os.geteuid() != 0:
    print('1..0 # SKIP needs root, for several users')
    sys.exit(0)
case = Case()
JO, EVE, QUEUE = (pwd.getpwnam(n) for n in ('games', 'news', 'backup'))
MAIL = 8


class Here:
    """A folder as /var/mail is, and an account that delivers into it."""

    def __init__(self, where, more='', mode=0o2775):
        self.d = tempfile.mkdtemp(prefix='local.')
        os.chmod(self.d, 0o755)
        self.mail = self.d + '/mail'
        os.mkdir(self.mail)
        os.chown(self.mail, 0, MAIL)
        os.chmod(self.mail, mode)
        self.bin = self.d + '/mailsend'
        shutil.copy(BUILD + '/mailsend', self.bin)
        os.symlink(self.bin, self.d + '/sendmail')
        os.makedirs(self.d + '/.config/postbag')
        with open(self.d + '/aliases', 'w') as f:
            f.write('root: games\nboth: games, \\news, nosuch\n'
                    'loop: loop2\nloop2: loop\n')
        with open(self.d + '/.config/postbag/config', 'w') as f:
            f.write('account default\nserver %s\naliases %s/aliases\n%s' % (
                where.replace('MAIL', self.mail), self.d, more))

    def run(self, *args, who=None, text='', name='mailsend', net=False,
            env={}):
        before = [] if net else ['unshare', '-n']
        if who is not None:
            before += ['setpriv', '--reuid', str(who.pw_uid), '--regid',
                       str(who.pw_gid), '--clear-groups']
        p = subprocess.run(before + [self.d + '/' + name] + list(args),
                           input=text if isinstance(text, bytes) else
                           text.encode(), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60, env=dict(
                               env, HOME=self.d, PATH=os.environ['PATH']))
        self.rc = p.returncode
        self.out = p.stdout.decode('utf-8', 'replace')
        self.err = p.stderr.decode('utf-8', 'replace')
        return self.rc

    def box(self, user):
        path = self.mail + '/' + user
        if not os.path.exists(path):
            return []
        if os.path.isdir(path):
            return [open(f, 'rb').read() for f in sorted(
                glob.glob(path + '/new/*'))]
        return [m.as_bytes() for m in mailbox.mbox(path, create=False)]

    def said(self):
        return '%d %s %s' % (self.rc, self.out, self.err)

    def end(self):
        shutil.rmtree(self.d)


def owner(path):
    s = os.stat(path)
    return s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)


# ---- root's: cron, in both forms

CRON = ('From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@db1> df\n\n'
        'From here on\n>From there\n.\nGr\xf6\xdfe\n')
for kind in ('mbox', 'maildir'):
    h = Here(kind + ':MAIL/%u')
    h.run('-FCronDaemon', '-i', '-odi', '-oem', '-oi', '-t', '-f', 'root',
          name='sendmail', text=CRON.encode('latin-1'))
    got = h.box('games')
    case.check(h.rc == 0 and h.err == '' and len(got) == 1 and
               got[0].startswith(b'Return-Path: <root@') and
               b'\nTo: root@' in got[0] and b'From there' in got[0] and
               h.box('root') == [], '%s: root\'s cron reaches who root is' %
               kind, h.said())
    case.check(owner(h.mail + '/games')[:2] == (JO.pw_uid, MAIL) and
               owner(h.mail + '/games')[2] & 0o077 == 0,
               '%s: it is that user\'s, and nobody else reads it' % kind,
               owner(h.mail + '/games'))
    h.run('-t', '--save', 'maildir:' + h.d + '/kept', text='Return-Path: '
          '<e@z.test>\nFrom: a@b.test\nTo: nobody\nSubject: p\n\nx\n')
    saved = glob.glob(h.d + '/kept/cur/*')
    with open(saved[0]) as f:
        saved.append(f.read())
    got = h.box('nobody')
    case.check(h.rc == 0 and len(got) == 1 and got[0].count(b'Return-Path:') ==
               1 and b'e@z.test' not in got[0] and len(saved) == 2 and
               'Return-Path: <a@b.test>' not in saved[1],
               '%s: one Return-Path, and none in what is saved' % kind,
               '%r %r %s' % (got, saved, h.said()))
    for path in glob.glob(h.mail + '/nobody*'):
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    h.run('-s', 'two', '--body', 'x', 'both')
    case.check(h.rc == 67 and 'nosuch: refused: no such user here' in h.err and
               len(h.box('games')) == 2 and len(h.box('news')) == 1,
               '%s: a list: who is no user is named, the others get it' % kind,
               h.said())
    h.run('-j', '-s', 'x', '--body', 'x', 'al@example.org', 'games@localhost',
          'GAMES', 'games')
    j = json.loads(h.out)
    case.check(h.rc == 67 and len(h.box('games')) == 3 and
               [r['status'] for r in j['rcpts']] ==
               ['refused', 'sent', 'sent'] and
               'no server for others' in h.err,
               '%s: other domains are refused, each alone; once is once' % kind,
               h.said())
    for bad in ('../../etc/x', '.hidden', 'a/b', '-x', 'x y', '%u', 'a' * 70):
        h.run('-s', 'x', '--body', 'x', '--', bad)
        case.check(h.rc in (65, 67) and sorted(os.listdir(h.mail)) ==
                   ['games', 'news'],
                   '%s: %r is nobody\'s name' % (kind, bad), h.said())
    h.run('-s', 'x', '--body', 'x', 'backup', 'backup+x')
    case.check(h.rc == 67 and 'backup+x: refused: no such user' in h.err and
               len(h.box('backup')) == 1,
               kind + ': nor behind one that is somebody\'s', h.said())
    h.run('-s', 'x', '--body', 'x', 'loop')
    case.check(h.rc == 64 and 'no recipients' in h.err,
               kind + ': aliases in a circle end', h.said())
    h.run('--quit-after', 'rcpt', 'games', 'nosuch')
    case.check(h.rc == 67 and h.out == 'games 250 %s/games\n' % h.mail and
               len(h.box('games')) == 3, kind + ': asked, nothing delivered',
               h.said())
    h.run('--all-or-nothing', '-s', 'x', '--body', 'x', 'games', 'nosuch')
    case.check(h.rc == 67 and len(h.box('games')) == 3,
               kind + ': --all-or-nothing', h.said())
    # ---- an ordinary user's
    h.run('-s', 'own', '--body', 'x', 'games', who=JO)
    case.check(h.rc == 0 and len(h.box('games')) == 4,
               kind + ': a user to himself', h.said())
    h.run('-s', 'own', '--body', 'x', 'news', 'games', who=JO)
    case.check(h.rc == 73 and len(h.box('games')) == 5 and
               len(h.box('news')) == 1 and 'only root delivers' in h.err and
               'Permission denied' in h.err,
               kind + ': a user to another: 73, and himself all the same',
               h.said())
    h.end()

# ---- an mbox that is in use, and one that is full

h = Here('mbox:MAIL/%u')
h.run('-s', 'x', '--body', 'x', 'games')
was = open(h.mail + '/games', 'rb').read()
p = subprocess.run(['prlimit', '--fsize=%d' % (len(was) + 100), h.bin, '-s',
                    'x', '--body', 'y' * 900, 'games'], stderr=subprocess.PIPE,
                   env={'HOME': h.d})
case.check(p.returncode == 74 and open(h.mail + '/games', 'rb').read() == was
           and sorted(os.listdir(h.mail)) == ['games'],
           'no room: 74, and the mailbox is as it was', (p.returncode,
                                                          p.stderr))
LONG = 'a\n' * 90000 + 'From x\n' + 'b' * 900 + '\n'
h.run('--message', '-', 'games', text='Subject: x\n\n' + LONG)
case.check(len(h.box('games')) == 2 and open(h.mail + '/games').read().endswith(
    '\n\n' + LONG.replace('From', '>From') + '\n'),
    'a long message is one message', (h.said(), len(h.box('games'))))
for name, make in (('a symbolic link', lambda p: os.symlink(h.d + '/t', p)),
                   ('a hard link', lambda p: os.link(h.d + '/t', p))):
    with open(h.d + '/t', 'w') as f:
        f.write('secret\n')
    make(h.mail + '/root')
    h.run('-s', 'x', '--body', 'x', '-n')
    with open(h.d + '/aliases', 'w') as f:
        f.write('x: \\root\n')
    h.run('-s', 'x', '--body', 'x', 'x')
    case.check(h.rc == 73 and open(h.d + '/t').read() == 'secret\n',
               'root\'s mailbox is %s: nothing is written' % name, h.said())
    os.unlink(h.mail + '/root')
# It becomes one between a look at it and the open.
for how in ('symlink', 'link'):
    h.run('-s', 'x', '--body', 'x', 'x')
    was = open(h.d + '/t').read()
    h.run('-s', 'x', '--body', 'x', 'x', env={
        'LD_PRELOAD': BUILD + '/lab/swap.so', 'SWAP_HOW': how,
        'SWAP_PATH': h.mail + '/root', 'SWAP_TO': h.d + '/t'})
    case.check(h.rc == 73 and open(h.d + '/t').read() == was and
               os.stat(h.d + '/t').st_ino == os.stat(h.mail + '/root').st_ino,
               'root\'s mailbox becomes a %s at the last moment' % how,
               h.said())
    os.unlink(h.mail + '/root')
# What root writes for a user goes nowhere that the user may not write.
os.unlink(h.mail + '/games')
with open(h.d + '/t', 'w') as f:
    f.write('secret\n')
os.chmod(h.d + '/t', 0o600)
os.symlink(h.d + '/t', h.mail + '/games')
h.run('-s', 'x', '--body', 'x', 'games')
case.check(h.rc == 73 and open(h.d + '/t').read() == 'secret\n' and
           'Permission denied' in h.err,
           'a user\'s link to a file of root\'s: as the user', h.said())
h.end()

# ---- root's Maildir

h = Here('maildir:MAIL/%u')
with open(h.d + '/aliases', 'w') as f:
    f.write('x: \\root\n')
there = h.d + '/there'
for sub in ('', '/tmp', '/new', '/cur'):
    os.mkdir(there + sub)


def root_gets(env={}):
    h.run('-s', 'x', '--body', 'x', 'x', env=env)
    return h.rc, len(os.listdir(there + '/new'))


root = h.mail + '/root'
case.check(root_gets() == (0, 0) and len(os.listdir(root + '/new')) == 1,
           'root has a Maildir', h.said())
case.check(root_gets({'LD_PRELOAD': BUILD + '/lab/swap.so', 'SWAP_PATH': root,
                      'SWAP_HOW': 'folder', 'SWAP_TO': there}) == (73, 0) and
           os.path.islink(root), 'it becomes a link at the last moment: '
           'nothing is written', h.said())
case.check(root_gets() == (73, 0), 'it is a link', h.said())
os.unlink(root)
os.rename(root + '.was', root)
for sub in ('', '/tmp', '/new', '/cur'):
    os.chown(root + sub, JO.pw_uid, -1)
    case.check(root_gets()[0] == 73, 'root' + sub + ' is another user\'s',
               h.said())
    os.chown(root + sub, 0, -1)
shutil.rmtree(root + '/cur')
os.symlink(there + '/cur', root + '/cur')
case.check(root_gets()[0] == 73, 'cur is a link', h.said())
h.end()

# ---- -bs, the queue, usage

h = Here('maildir:MAIL/%u')
h.run('-bs', name='sendmail', text='EHLO x\r\nMAIL FROM:<a@b.test>\r\n'
      'RCPT TO:<games>\r\nRCPT TO:<nosuch>\r\nRCPT TO:<a@other.test>\r\n'
      'DATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n')
case.check(h.out.split('\n')[3].startswith('250 ') and
           h.out.split('\n')[4].startswith('550 ') and
           h.out.split('\n')[5].startswith('550 ') and
           len(h.box('games')) == 1 and
           h.box('games')[0].startswith(b'Return-Path: <a@b.test>'),
           '-bs: each RCPT has its answer', h.said())
for args, word in ((('--batch', 'mboxrd', '-t'), '--batch'),
                   (('--fallback', 'smtp://x', 'games'), '--fallback'),
                   (('-u', 'jo', 'games'), '--user'),
                   (('--tls', 'off', 'games'), '--tls'),
                   (('--quit-after', 'auth'), '--quit-after'),
                   (('-S', 'mbox:/var/mail/all', 'games'), 'for all'),
                   (('-S', 'mbox:/var/%x/%u', 'games'), 'no other %'),
                   (('-S', 'maildir:', 'games'), 'mailbox')):
    h.run(*args)
    case.check(h.rc == 64 and word in h.err, 'refused: ' + ' '.join(args),
               h.said())
h.end()

spool = tempfile.mkdtemp(prefix='local-spool.')
os.chmod(spool, 0o3733)
h = Here('maildir:MAIL/%u', 'queue %s\n' % spool)
h.run('-s', 'queued', '--body', 'x', 'news', who=JO)
case.check(h.rc == 0 and h.box('news') == [], 'root\'s queue takes a user\'s '
           'mail to another', h.said())
h.run('--flush')
case.check(h.rc == 0 and len(h.box('news')) == 1 and
           owner(h.mail + '/news')[0] == EVE.pw_uid,
           'and root delivers it', h.said())
h.run('-s', 'x', '--body', 'x', 'nosuch', who=EVE)
h.run('--flush')
h.run('--flush-now')
case.check(any(b'no such user here' in m and b'report' in m
               for m in h.box('news')), 'who sent to nobody is told, in his '
           'mailbox', (h.said(), h.box('news')))
shutil.rmtree(spool)
h.end()

# Who may have it already is looked for in his own mailbox alone.
spool = tempfile.mkdtemp(prefix='local-spool.')
for fates in ('maybe', 'deferred'), ('deferred', 'maybe'):
    h = Here('mbox:MAIL/%u', 'queue %s\n' % spool)
    h.run('--queue-only', '-s', 'x', '--body', 'x', 'games', 'news')
    m, = glob.glob(spool + '/*/*')
    shutil.copytree(m, h.d + '/kept')
    h.run('--flush-now')
    shutil.copytree(h.d + '/kept', m)
    with open(m + '/state', 'w') as f:
        f.write('postbag-state 1\nsince %d\ntries 1\nnext 1\n'
                '%s <games> 0 - x\n%s <news> 0 - x\n' % (
                    time.time(), *fates))
    h.run('--flush-now')
    case.check(h.rc == 0 and [len(h.box(n)) for n in ('games', 'news')] ==
               [1 if x == 'maybe' else 2 for x in fates],
               'of two only who may have it is not given it again: %s, %s' %
               fates, h.said())
    h.end()
shutil.rmtree(spool)

# Who keeps his mailbox locked keeps nobody else's mail back, but once.
spool = tempfile.mkdtemp(prefix='local-spool.')
h = Here('mbox:MAIL/%u', 'queue %s\n' % spool)
for name in ('games', 'backup') * 2 + ('news',):
    h.run('--queue-only', '-s', 'x', '--body', 'x', name)
with open(h.mail + '/games', 'w') as f, open(h.mail + '/backup', 'w') as g:
    for one, who in ((f, JO), (g, QUEUE)):
        os.chown(one.name, who.pw_uid, MAIL)
        fcntl.lockf(one, fcntl.LOCK_EX)
    began = time.monotonic()
    h.run('--flush-now', '-v')
    took = time.monotonic() - began
    case.check(h.rc == 75 and len(h.box('news')) == 1 and 20 <= took and
               [os.path.getsize(x.name) for x in (f, g)] == [0, 0],
               'mailboxes that stay locked: the others get theirs', h.said())
    texts = [open(x).read() for x in glob.glob(spool + '/0/*/state')]
    case.check(sum('still locked' in x for x in texts) == 2,
               'each was waited for once', texts)
h.run('--flush-now')
case.check(h.rc == 0 and [len(h.box(n)) for n in ('games', 'backup')] ==
           [2, 2], 'then it is delivered', h.said())
shutil.rmtree(spool)
h.end()

# ---- a home's

home = tempfile.mkdtemp(prefix='home.')
h = Here('maildir:~/Maildir')
h.run('-s', 'x', '--body', 'x', '-n', 'root')
p = subprocess.run(['unshare', '-m', 'sh', '-c',
                    'mount -t tmpfs x /usr/games && chown games /usr/games &&'
                    ' "$1" -s x --body y games && ls /usr/games/Maildir/new |'
                    ' wc -l && stat -c %U /usr/games/Maildir/new', '-', h.bin],
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   env={'HOME': h.d, 'PATH': os.environ['PATH']})
case.check(p.returncode == 0 and p.stdout == b'1\ngames\n',
           '~ is the home of who gets it, not of who sends',
           (JO.pw_dir, p.stdout, p.stderr))
h.end()
os.rmdir(home)

# ---- a bare name is for who knows it: LMTP

listener = socket.create_server(('127.0.0.1', 0))


def lmtp():
    c, _ = listener.accept()
    f = c.makefile('rwb', buffering=0)
    said = []
    f.write(b'220 x LMTP\r\n')
    for line in f:
        said.append(line.decode().strip())
        verb = line[:4].upper()
        f.write(b'250-x\r\n250 8BITMIME\r\n' if verb == b'LHLO' else
                b'354 go\r\n' if verb == b'DATA' else
                b'221 x\r\n' if verb == b'QUIT' else b'250 2.0.0 ok\r\n')
        if verb == b'DATA':
            for line in f:
                said.append(line.decode().strip())
                if line == b'.\r\n':
                    break
            for x in said:          # RFC 2033: an answer for each of them
                if x.startswith('RCPT'):
                    f.write(b'250 2.0.0 ok\r\n')
        if verb == b'QUIT':
            break
    c.close()
    return said


def send(*args, url='lmtp', text=''):
    p = subprocess.Popen([BUILD + '/mailsend', '-S', '%s://127.0.0.1:%d' % (
        url, listener.getsockname()[1]), '--tls', 'off', '-f', 'jo@x.test',
        '-s', 'x', '--body', 'y'] + list(args), stderr=subprocess.PIPE)
    said = lmtp() if url == 'lmtp' else []
    err = p.communicate()[1].decode()
    return p.returncode, said, err


rc, said, err = send('alice')
case.check(rc == 0 and 'RCPT TO:<alice>' in said and
           'To: alice@x.test' in said, 'lmtp: a bare user, with a domain in '
           'the header alone', (rc, said, err))
rc, said, err = send('-c', 'Al <alice>, bo@y.test')
case.check(rc == 0 and 'RCPT TO:<alice>' in said and
           'Cc: Al <alice@x.test>, bo@y.test' in said,
           'lmtp: in a list, too', (rc, said, err))
rc, said, err = send('alice', url='smtp')
case.check(rc == 65 and "no '@'" in err, 'smtp: as before', (rc, err))
case.end()
