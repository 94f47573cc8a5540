#!/usr/bin/env -S python3 -B
"""imapsync with Cyrus and Courier as Debian has them: a first sync of some
folders, then twenty rounds of changes on both sides.  After each the sides are
equal, and one more run does nothing."""
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + '/../lab')
from fetchfake import Case, ROOT  # noqa: E402
from other import Other  # noqa: E402

ROUNDS = int(os.environ.get('ROUNDS', '20'))
BIN = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/imapsync'
LETTERS = {'\\Seen': 'S', '\\Answered': 'R', '\\Flagged': 'F'}
FOLDERS = ('INBOX', 'INBOX.Work', 'INBOX.Work.Old')
case = Case()


def mail(n):
    return (b'From: jo@x.test\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n'
            b'Subject: number %d\nMessage-ID: <%d@x.test>\n\n' % (n, n) +
            b'line %d\n.\nFrom x\n' % n * (n % 7))


class Sides:
    def __init__(self, o):
        self.o, self.n = o, 0
        self.tmp = tempfile.TemporaryDirectory()
        self.near = self.tmp.name + '/near'
        self.m = o.imap()
        self.rnd = random.Random(1)

    def sync(self, *args):
        p = subprocess.run(
            [BIN, '-S', 'imap://127.0.0.1:%d' % self.o.port['IMAP'], '--tls',
             'off', '-u', self.o.user, '--password-command', 'echo ' +
             self.o.password, '--near', self.near, '--state',
             self.tmp.name + '/state', '--delete-far', 'expunge', *args],
            capture_output=True, text=True,
            timeout=300, env=dict(os.environ, HOME=self.tmp.name))
        self.said = '%d\n%s%s' % (p.returncode, p.stdout, p.stderr)
        return p.returncode == 0 and not p.stderr and p.stdout

    # ---- there

    def append(self, box, flags=''):
        self.n += 1
        text = mail(self.n).replace(b'\n', b'\r\n')
        got, said = self.m.append(box, '(%s)' % flags, None, text)
        assert got == 'OK', said

    def far(self):
        """{box: [(message, letters)]}"""
        all = {}
        for box in FOLDERS:
            self.m.select(box)
            got = self.m.fetch('1:*', '(FLAGS BODY.PEEK[])')[1] \
                if int(self.m.select(box)[1][0]) else []
            # Courier has the flags behind the literal, Cyrus before it
            said, rows = b'', []
            for part in got:
                if isinstance(part, tuple):
                    rows.append([part[1], part[0]])
                elif rows and part:
                    rows[-1][1] += part
            all[box] = sorted((b.replace(b'\r\n', b'\n'), ''.join(sorted(
                c for f, c in LETTERS.items() if f.encode() in said)))
                for b, said in rows)
        return all

    def some_far(self):
        box = self.rnd.choice(FOLDERS)
        n = int(self.m.select(box)[1][0])
        return str(self.rnd.randint(1, n)) if n else None

    def change_far(self):
        self.append(self.rnd.choice(FOLDERS))
        if i := self.some_far():
            self.m.store(i, '+FLAGS', self.rnd.choice(list(LETTERS)))
        if i := self.some_far():
            self.m.store(i, '+FLAGS', '\\Deleted')
            self.m.expunge()

    # ---- here

    def files(self):
        return [d + '/' + f for d, _, names in os.walk(self.near)
                for f in sorted(names)
                if os.path.basename(d) in ('cur', 'new') and '/.' not in
                d[len(self.near):]]

    def folder(self, path):
        box = os.path.dirname(os.path.dirname(path))[len(self.near) + 1:]
        return 'INBOX' + ('' if box == 'INBOX' else '.' + re.sub(
            '^INBOX[./]', '', box).replace('/', '.'))

    def here(self):
        all = {box: [] for box in FOLDERS}
        for f in self.files():
            with open(f, 'rb') as data:
                letters = f.partition(':2,')[2]
                all[self.folder(f)].append((data.read(), ''.join(sorted(
                    c for c in letters if c in 'SRF'))))
        return {box: sorted(v) for box, v in all.items()}

    def change_near(self):
        files = self.files()
        self.n += 1
        box = os.path.dirname(os.path.dirname(self.rnd.choice(files)))
        with open('%s/new/17%08d.M%d.here' % (box, self.n, self.n),
                  'wb') as f:
            f.write(mail(self.n))
        gone, flag = self.rnd.sample(files, 2)
        os.unlink(gone)
        base, _, letters = flag.partition(':2,')
        os.rename(flag, base.replace('/new/', '/cur/') + ':2,' + ''.join(
            sorted(set(letters + self.rnd.choice('SRF')))))


def equal(s, name):
    far, near = s.far(), s.here()
    case.check(far == near and any(far.values()), name + ': both sides are equal',
               [(b, len(far[b]), len(near[b]), [x for x in far[b] if x not in
                near[b]][:2], [x for x in near[b] if x not in far[b]][:2])
                for b in FOLDERS if far[b] != near[b]] + [s.said])


for name in sys.argv[1:] or ('cyrus', 'courier'):
    o = Other(name)
    if o.why:
        case.n += 1
        print('ok %d - %s # SKIP %s' % (case.n, name, o.why))
        continue
    s = Sides(o)
    for box in FOLDERS[1:]:
        s.m.create(box)
        s.m.subscribe(box)
    for i in range(60):
        s.append(FOLDERS[i % 3], ' '.join(f for k, f in enumerate(LETTERS)
                                          if i >> k & 1))
    case.check(s.sync() == '', name + ': the first sync says nothing', s.said)
    equal(s, name)
    for i in range(ROUNDS):
        s.change_far()
        s.change_near()
        case.check(s.sync() == '', '%s, round %d' % (name, i), s.said)
        equal(s, '%s, round %d' % (name, i))
        s.sync('-j')
        case.check('"event":"done"' not in s.said and
                   '"event":"plan"' not in s.said,
                   '%s, round %d: then nothing is done' % (name, i), s.said)
    o.down()
case.end()
