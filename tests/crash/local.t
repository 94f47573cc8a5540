#!/usr/bin/env -S python3 -B
"""mailsend to an mbox or a Maildir of this machine, killed before each of its
calls that changes a file: the message is there whole and once in the end, what
was there before is as it was, and no lock stays.

The queue sends again what a killed run was sending.  Whoever opens the mailbox
first after such a run takes back what there is of a message: that run, another
message's, or mailfetch.  What another program wrote there stays.
"""
import glob
import mailbox
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, msg  # noqa: E402

ROOT = os.path.abspath(os.path.dirname(os.path.abspath(__file__)) + '/../..')
BUILD = os.environ.get('POSTBAG_BUILD', ROOT + '/build')
ME = pwd.getpwuid(os.geteuid()).pw_name
OLD = b'From x@y.test Fri Jan  2 00:00:00 1970\nSubject: old\n\nFromage\n\n'
OTHER = b'From eve@x.test Fri Jan  2 00:00:00 1970\nSubject: hers\n\nx\n\n'
# Its text is written in three pieces, and has what begins a message.
TEXT = 'one\n' * 40000 + 'From here on\nFrom x Fri Jan  2 00:00:00 1970\n' + \
    'two\n' * 40000
case = Case()


class Box:
    kind = 'mbox'

    def __init__(self, end=b''):
        self.d = tempfile.mkdtemp(prefix='local.')
        os.mkdir(self.d + '/mail')
        self.path = self.d + '/mail/' + ME
        self.old = OLD + end
        with open(self.path, 'wb') as f:
            f.write(self.old)
        os.makedirs(self.d + '/.config/postbag')
        with open(self.d + '/.config/postbag/config', 'w') as f:
            f.write('account default\nserver %s:%s/mail/%%u\nqueue %s/q\n'
                    'from jo@x.test\nlog %s/log\n' % (
                        self.kind, self.d, self.d, self.d))

    def run(self, *args, kill=0, text='', more={}):
        env = {'HOME': self.d, 'PATH': os.environ['PATH'], **more}
        if 'LD_PRELOAD' not in more:
            env.update(LD_PRELOAD=BUILD + '/lab/killn.so', KILLN=str(kill),
                       KILLN_COUNT=self.d + '/count', KILLN_FAST='1')
        p = subprocess.run([BUILD + '/mailsend'] + list(args),
                           input=text.encode(), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60, env=env)
        self.said = '%d %s' % (p.returncode, p.stderr.decode())
        return p.returncode

    def count(self):
        with open(self.d + '/count') as f:
            return int(f.read())

    def queue(self):
        self.run('--queue-only', '-s', 'it', '--body', '-', ME, text=TEXT)

    def read(self):
        with open(self.path, 'rb') as f:
            return f.read()

    def wrong(self, *subjects):
        """'' if these are there, each once and whole, and nothing else."""
        got = self.read()
        box = mailbox.mbox(self.path, create=False)
        found = sorted(m['subject'] or '?' for m in box)
        lines = [len(m.get_payload().split('\n')) for m in box
                 if m['subject'] == 'it']
        left = os.listdir(self.d + '/mail')
        queued = glob.glob(self.d + '/q/*/*')
        bad = []
        if found != sorted(('old',) + subjects):
            bad.append('there is %s' % found)
        if not got.startswith(self.old):
            bad.append('what was there is not')
        if any(n != TEXT.count('\n') + 1 for n in lines):
            bad.append('lines: %s' % lines)
        if left != [ME]:
            bad.append('left: %s' % left)
        if queued:
            bad.append('queued: %s' % queued)
        return ', '.join(bad)

    def done(self):
        shutil.rmtree(self.d)


def points():
    b = Box()
    b.queue()
    b.run('--flush-now')
    n = b.count()
    case.check(b.wrong('it') == '', 'unharmed', (b.wrong('it'), b.said))
    b.done()
    return n


def each(name, points, meanwhile, *more):
    """Killed before each call; then something else; then what nothing befalls."""
    bad, torn = [], 0
    for k in points:
        b = Box()
        b.queue()
        if b.run('--flush-now', kill=k) != -9:
            bad.append('%d: not killed: %s' % (k, b.said))
        torn += len(b.read()) > len(b.old)
        whole = b.read().endswith(b'two\n\n') and \
            not os.path.exists(b.path + '.lock')
        meanwhile(b)
        for _ in range(2):
            b.run('--flush-now')
        if b.wrong('it', *more):
            bad.append('%d: %s; %s' % (k, b.wrong('it', *more), b.said))
        with open(b.d + '/log') as f:
            if whole and 'maybe twice' in f.read():
                bad.append('%d: it was there, not twice' % k)
        b.done()
    case.check(torn > 3 and not bad, '%s: %d calls, %d of them leave a part' %
               (name, len(points), torn), '\n'.join(bad[:8]))


def nothing(b):
    pass


def another(b):
    b.run('--queue', 'off', '-s', 'more', '--body', 'x', ME)


def killed_again(b):
    for k in (6, 9, 12, 14):
        b.run('--flush-now', kill=k)


n = points()
each('sent again', range(1, n + 1), nothing)
each('another message comes first', range(n // 2, n + 1, 2), another, 'more')
each('the next runs are killed, too', range(n // 2 - 1, n, 2), killed_again)



# ---- a Maildir

class Dir(Box):
    kind = 'maildir'

    def __init__(self):
        super().__init__()
        os.unlink(self.path)
        for sub in ('', '/tmp', '/new', '/cur'):
            os.mkdir(self.path + sub)

    def files(self, *subs):
        return [p for sub in subs for p in glob.glob(
            '%s/%s/*' % (self.path, sub))]

    def wrong(self, *subjects):
        found, bad = [], []
        for p in self.files('new', 'cur'):
            with open(p) as f:
                text = f.read()
            found.append(text.split('Subject: ')[1].split('\n')[0])
            if found[-1] == 'it' and (text.count('one\n') != 40000 or
                                      not text.endswith('two\n' * 40000)):
                bad.append('it is not whole')
        if sorted(found) != sorted(subjects):
            bad.append('there is %s' % found)
        if self.files('tmp') or glob.glob(self.d + '/q/*/*'):
            bad.append('left: %s' % self.files('tmp'))
        with open(self.d + '/log') as f:
            if 'maybe twice' in f.read() and not self.unsure:
                bad.append('the log says "maybe twice"')
        return ', '.join(bad)


def is_read(b):
    """The user has seen it meanwhile."""
    for p in b.files('new'):
        os.rename(p, '%s/cur/%s,S=7:2,FS' % (b.path, os.path.basename(p)))


for name, meanwhile in (('sent again', nothing), ('it was read', is_read)):
    bad, there = [], 0
    b = Dir()
    b.queue()
    b.run('--flush-now')
    last = b.count()
    b.done()
    for k in range(1, last + 1):
        b = Dir()
        b.queue()
        if b.run('--flush-now', kill=k) != -9:
            bad.append('%d: not killed: %s' % (k, b.said))
        b.unsure = not b.files('new')
        there += not b.unsure
        meanwhile(b)
        for _ in range(2):
            b.run('--flush-now')
        if b.wrong('it'):
            bad.append('%d: %s; %s' % (k, b.wrong('it'), b.said))
        b.done()
    case.check(there > 1 and not bad, 'a Maildir, %s: %d calls, behind %d it is '
               'there' % (name, last, there), '\n'.join(bad[:8]))


# ---- what is not ours stays

def torn(end=b'', at=None):
    """A mailbox with a part of a message, of a run that was killed."""
    for k in range(n // 2, n + 1):
        b = Box(end)
        b.queue()
        b.run('--flush-now', kill=k)
        size = len(b.read()) - len(b.old)
        if 0 < size < len(TEXT) - 20000 and os.path.exists(
                b.path + '.lock'):
            if at is not None:
                os.truncate(b.path, len(b.old) + at)
            return b
        b.done()


for name, at, more in (('behind it', None, OTHER),
                       ('behind a blank line', None, b'\n\n' + OTHER),
                       ('in the middle of a line', 1234, b'on' + OTHER),
                       ('behind what is hardly begun', 3, OTHER)):
    b = torn(at=at)
    with open(b.path, 'ab') as f:
        f.write(more)
    was = b.read()
    b.run('--queue', 'off', '-s', 'x', '--body', 'x', ME)
    case.check(b.read().startswith(was), 'another program has written %s: '
               'that stays' % name, b.said)
    b.done()

b = torn()
with open(b.path, 'wb') as f:
    f.write(OTHER * 9000)
b.run('--queue', 'off', '-s', 'x', '--body', 'x', ME)
case.check(b.read().startswith(OTHER * 9000), 'or has replaced it all', b.said)
b.done()

# The machine was started anew: the lock came back from the disk, and what it
# says may have been delivered.
b = torn()
was = b.read()
with open(b.path + '.lock') as f:
    lock = f.read().split('\n')
case.check(lock[2].startswith('append '), 'it stands in the lock', lock)
with open(b.path + '.lock', 'w') as f:
    f.write('\n'.join([lock[0], lock[1], 'append 0123-4567 ' + ' '.join(
        lock[2].split(' ')[2:])] + lock[3:]))
b.run('--queue', 'off', '-s', 'x', '--body', 'x', ME)
case.check(b.read().startswith(was), 'of an earlier start of the machine: it '
           'stays', b.said)
b.done()

# Of another container, say: nobody knows whether that process lives.
b = torn()
with open(b.path + '.lock', 'w') as f:
    f.write('\n'.join([lock[0], lock[1].split(' ')[0] + ' pid:[1]'] +
                      lock[2:]))
os.utime(b.path + '.lock', (1, 1))
b.run('--queue', 'off', '-s', 'x', '--body', 'x', ME)
b.run('--flush-now')
b.run('--flush-now')
case.check(b.wrong('it', 'x') == '', 'one that nobody has touched for long is '
           'believed, too', (b.wrong('it', 'x'), b.said))
b.done()

# A link in its place is not written to.
b = torn()
with open(b.path + '.lock') as f:
    text = f.read()
os.link(b.path + '.lock', b.d + '/mine')
b.run('--queue', 'off', '-s', 'x', '--body', 'x', ME)
with open(b.d + '/mine') as f:
    case.check(f.read() == text and not os.path.exists(b.path + '.lock'),
               'a lock with a second name is removed, not written', b.said)
b.done()

# Whichever of our tools comes first takes it back.
b = torn()
r, pop = Run(), Serve(Pop([('u1', msg(1))]))
r.go('pop3', pop, '-d', 'mbox:' + b.path, maildir=False)
case.check(r.rc == 0 and b.read().startswith(b.old + b'From mailfetch-') and
           b.read().count(b'Subject: it') == 0, 'mailfetch takes it back',
           (r.rc, r.err, b.read()[:300]))
b.run('--flush-now')
b.run('--flush-now')
case.check(b.wrong('it', 'm1') == '', 'and it is sent', b.wrong('it', 'm1'))
r.done()
b.done()

# In the sandbox, too, where a folder's file is opened.
b = torn()
for end in ('', '.lock'):
    os.rename(b.path + end, b.d + '/mail/INBOX' + end)
b.path = b.d + '/mail/INBOX'
r, s = Run(), Serve(Imap({1: msg(1)}))
r.go('imap', s, '-d', 'mbox:%s/mail/%%f' % b.d, maildir=False)
case.check(r.rc == 0 and b.read().startswith(b.old + b'From mailfetch-') and
           b.read().count(b'Subject: it') == 0,
           'mailfetch takes it back in a place for each folder',
           (r.rc, r.err, b.read()[:300]))
s.close()
r.done()
b.done()


# ---- who comes next is disturbed

def disturbed(name, make, hows, *there):
    """In each of these ways; then what nothing befalls."""
    bad = []
    for how in hows:
        b = make()
        rc = b.run('--queue', 'off', '-s', 'x', '--body', 'x', ME, more=how(b))
        said = b.said
        for _ in range(2):
            b.run('--flush-now')
        b.run('--queue', 'off', '-s', 'y', '--body', 'y', ME)
        wrong = b.wrong('x', 'y', *there)
        if wrong and (rc == 0 or b.wrong('y', *there)):
            bad.append('%s: %s; %s' % (how(b), wrong, said))
        b.done()
    case.check(not bad, name, '\n'.join(bad[:8]))


def fails(points):
    return [lambda b, k=k, how=how: {
        'LD_PRELOAD': BUILD + '/lab/failn.so', 'FAIL_WHAT': 'file',
        'FAIL_BELOW': b.d + '/mail', 'FAIL_N': str(k), 'FAIL_HOW': how}
        for k in points for how in ('EIO', 'full')]


disturbed('who finds half a message is to stop', torn, [
    lambda b, k=k: {'LD_PRELOAD': BUILD + '/lab/killn.so', 'KILLN': str(k),
                    'KILLN_SIGNAL': '15'} for k in range(1, 9)], 'it')
disturbed('something fails for who finds half a message', torn,
          fails(range(1, 16)), 'it')
disturbed('something fails where there is none', Box, fails(range(1, 12)))
case.end()
