#!/usr/bin/env -S python3 -B
"""imapsync migrate: all mail from one server to another, each message once,
whatever becomes of the answers.

EVERY=1: killed at each point and damaged at each record, as in
tests/long/migrate_points.t, where else it is each fourth."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case  # noqa: E402

case = Case()
EVERY = int(os.environ.get('EVERY', '4'))
ROOT = os.path.dirname(os.path.abspath(__file__)) + '/../..'
BIN = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/imapsync'
FULL = imapmem.ALL
LOOKS = {'CAPABILITY', 'NOOP', 'LOGOUT', 'ID', 'ENABLE', 'LIST', 'LSUB',
         'EXAMINE', 'NAMESPACE', 'UID FETCH', 'UID SEARCH', 'AUTHENTICATE',
         'LOGIN', 'UNSELECT', 'STATUS', 'COMPRESS'}


class Serve(imapmem.Server):
    """lose = n: the n-th answer to an APPEND gets lost, what it was about is
    stored; no(args): what is said to an APPEND instead."""

    def __init__(self, caps=FULL, **how):
        super().__init__(caps, **how)
        self.lose, self.answers, self.no = 0, 0, None
        self.on_say, self.on_command = self.said, self.command
        self.subscribed = []

    def said(self, session, data):
        if b'OK [APPENDUID' in data or (b'OK done' in data and
                                        self.heard[-1:] and
                                        self.heard[-1][:6] == 'APPEND'):
            self.answers += 1
            if self.answers == self.lose:
                raise imapmem.Gone
        return data

    def command(self, session, verb, args):
        if verb == 'SUBSCRIBE':
            self.subscribed.append(args.strip('"'))
        if self.no and verb == 'APPEND':
            return self.no(args)

    def appends(self):
        return [h for h in self.heard if h.startswith('APPEND')]

    def all_of(self, box):
        return sorted((m.data, tuple(sorted(m.flags)), m.date.strip())
                      for m in self.boxes[box].messages)


class Run:
    def __init__(self):
        self.d = tempfile.mkdtemp(prefix='migrate-case-')

    def line(self, a, b, *args):
        return [BIN, 'migrate', 'imap://jo@127.0.0.1:%d' % a.port,
                'imap://al@127.0.0.1:%d' % b.port, '--tls', 'off',
                '--from-password-command', 'echo secret',
                '--to-password-command', 'echo secret',
                '--state', self.d, *args]

    def go(self, a, b, *args, env={}, timeout=60):
        for s in (a, b):
            s.heard.clear()
        p = subprocess.run(self.line(a, b, *args), stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=timeout,
                           env=dict(os.environ, HOME=self.d, TZ='UTC', **env))
        self.rc, self.out, self.err = p.returncode, p.stdout.decode(
            ), p.stderr.decode()
        return self.rc

    def close(self, *servers):
        for s in servers:
            s.close()
        shutil.rmtree(self.d)


def msg(i, size=0):
    return (b'Message-ID: <%d@from.test>\r\nFrom: a@x.test\r\nSubject: m%d\r\n'
            b'Date: Tue, 1 Jul 2025 09:05:%02d +0000\r\n\r\nbody %d\r\n%s' % (
                i, i, i % 60, i, b'x' * size))


def fill(a, n=30):
    for i in range(n):
        a.box('INBOX').add(msg(i), r'\Seen' if i % 2 else r'\Flagged work',
                           '%2d-Jan-2024 10:00:%02d +0000' % (i % 28 + 1,
                                                              i % 60))
    for i in range(n // 3):
        a.box('Lists/tools').add(msg(1000 + i), r'\Answered $Forwarded')
    a.box('empty')


def same(a, b, names=None):
    return all(a.all_of(n) == b.all_of((names or {}).get(n, n))
               for n in a.boxes if n in b.boxes) and all(
        (names or {}).get(n, n) in b.boxes for n in a.boxes)


# ---- copied, and copied again

WAYS = {'MULTIAPPEND': FULL, 'pipelined': FULL.replace('MULTIAPPEND ', ''),
        'waiting': FULL.replace('MULTIAPPEND ', '').replace('LITERAL+ ', ''),
        'MULTIAPPEND, waiting': FULL.replace('LITERAL+ ', ''),
        'no UIDPLUS': FULL.replace('UIDPLUS ', '')}
for name, caps in WAYS.items():
    r, a, b = Run(), Serve(), Serve(caps)
    fill(a)
    r.go(a, b)
    case.check(r.rc == 0 and same(a, b), name + ': all of it, byte for byte, '
               'with flags, keywords and dates', (r.rc, r.err))
    case.check(r.out.startswith('40 messages copied') and r.err == '',
               name + ': told', (r.out, r.err))
    case.check({h.split()[0] if h.split()[0] != 'UID' else
                ' '.join(h.split()[:2]) for h in a.heard} <= LOOKS,
               name + ': FROM is only looked at', a.heard)
    r.go(a, b)
    case.check(r.rc == 0 and b.appends() == [] and r.out + r.err == '',
               name + ': again: nothing', (r.out, r.err, b.appends()))
    a.box('INBOX').add(msg(77))
    r.go(a, b)
    case.check(r.rc == 0 and len(b.appends()) == 1 and same(a, b),
               name + ': what is new', r.err)
    for f in glob.glob(r.d + '/migrate/*'):
        os.remove(f)
    r.go(a, b)
    case.check(r.rc == 0 and b.appends() == [] and same(a, b),
               name + ': the state is lost: nothing comes twice',
               (r.err, b.appends()))
    r.close(a, b)

# ---- answers that get lost: looked for before anything is sent again

for name, caps in WAYS.items():
    a = Serve()
    fill(a)

    def loses(lose):
        r, b = Run(), Serve(caps)
        b.lose = lose
        r.go(a, b)
        got = r.rc == 0 and same(a, b), (r.rc, r.err), b.answers >= lose
        r.close(b)
        return got

    # side by side, for what was lost is looked for twice, seconds apart
    some = (1, 2, 3, 5, 11, 40)
    with ThreadPoolExecutor(len(some)) as pool:
        got = list(pool.map(loses, some))
    for lose, (right, why, _) in zip(some, got):
        case.check(right, '%s: answer %d is lost: none twice' % (name, lose),
                   why)
    case.check(sum(x[2] for x in got) >= 2, name + ': some were lost', got)
    a.close()

# Messages that have the same header, or none, are told apart by their bytes.
r, a, b = Run(), Serve(), Serve()
for i in range(6):
    a.box('INBOX').add(b'Subject: same\r\n\r\n%d\r\n' % (i // 2))
b.box('INBOX').add(b'Subject: same\r\n\r\n2\r\n')
b.lose = 1
r.go(a, b)
case.check(r.rc == 0 and sorted(m.data for m in b.box('INBOX').messages) ==
           sorted(m.data for m in a.box('INBOX').messages),
           'equal headers: as many of each as there were', (r.rc, r.err))
r.close(a, b)

# ---- refused

r, a, b = Run(), Serve(), Serve()
fill(a)
b.unwanted = b'body 13\r\n'
r.go(a, b)
bad = {m.data for m in a.box('INBOX').messages if b.unwanted in m.data}
case.check(r.rc == 65 and {m.data for m in b.box('INBOX').messages} ==
           {m.data for m in a.box('INBOX').messages} - bad,
           'a group is refused: all but the one message', (r.rc, r.err))
case.check('1 messages were refused: see --failed' in r.err, 'is told', r.err)
case.check(len(b.appends()) <= 16, 'it is halved', len(b.appends()))
r.go(a, b)
case.check(r.rc == 65 and b.appends() == [], 'it is not tried again',
           (r.rc, b.appends()))
r.go(a, b, '--check')
case.check(r.rc == 65 and '30 messages, 0 to be copied\n' in r.out and
           'were refused: see --failed' in r.err, 'nor is it to be, for --check',
           (r.rc, r.out, r.err))
r.go(a, b, '--failed')
case.check(r.rc == 0 and r.out == '1 INBOX, UID 14: [TOOBIG] that one is not '
           'wanted\n', '--failed', (r.rc, r.out, r.err))
case.check(a.heard == b.heard == [], 'asks nobody', b.heard)
r.go(a, b, '--failed', '-j')
case.check(json.loads(r.out)['uid'] == 14, '--failed -j', r.out)
r.go(a, b, '--ignore', '2')
case.check(r.rc == 64 and 'no message with the id 2' in r.err,
           '--ignore of what is none', (r.rc, r.err))
r.go(a, b, '--retry-failed')
case.check(r.rc == 65 and len(b.appends()) == 1, '--retry-failed',
           (r.rc, b.appends()))
r.go(a, b, '--ignore', '1')
case.check(r.rc == 0 and r.out + r.err == '', '--ignore', (r.rc, r.err))
r.go(a, b, '--failed')
case.check(r.out == '', 'then it is no more in the list', r.out)
r.go(a, b, '--check')
case.check(r.rc == 0 and '30 messages, 0 to be copied\n' in r.out,
           'nor is it to be copied', (r.rc, r.out, r.err))
r.go(a, b)
case.check(r.rc == 0 and b.appends() == [], 'and the migration complete',
           (r.rc, r.err))
b.unwanted = None
r.go(a, b, '--retry-failed')
case.check(r.rc == 0 and b.appends() == [], 'what is ignored stays so')
r.close(a, b)

r, a, b = Run(), Serve(), Serve()
fill(a)
b.unwanted = b'body 13\r\n'
r.go(a, b)
b.unwanted = None
a.on_command = lambda s, verb, args: b'TAG NO [NOPERM] not you\r\n' \
    if verb in ('EXAMINE', 'SELECT') else None
r.go(a, b, '--retry-failed')
a.on_command = a.command
r.go(a, b, '--verify')
case.check(r.rc == 65 and 'INBOX: 1 messages are not copied' in r.err,
           '--retry-failed was cut short: --verify tells', (r.rc, r.err))
r.go(a, b, '--retry-failed')
case.check(r.rc == 0 and same(a, b), '--retry-failed: it is taken now',
           (r.rc, r.err))
r.go(a, b, '--failed')
case.check(r.out == '', 'no more in the list', r.out)
r.close(a, b)

r, a, b = Run(), Serve(), Serve()
fill(a)
b.unwanted = b'body 13\r\n'
r.go(a, b)
b.unwanted, b.lose = None, b.answers + 1
r.go(a, b, '--retry-failed')
case.check(r.rc == 0 and same(a, b) and b.answers == b.lose,
           'tried again, and the answer is lost: once', (r.rc, r.err))
r.close(a, b)

# ---- a server that does less than it was asked, and a token for each login

r, a, b = Run(), Serve(), Serve()
fill(a)


def less(session, verb, args):
    m = re.match(r'(\S+) (.*)', args)
    if verb == 'UID FETCH' and session.box:
        want = sorted(u.uid for u in session.box.get(imapmem.expand(
            m[1], session.box.uidnext)))
        if len(want) > 7:
            session.do_uid_fetch('%s %s' % (imapmem.ranges(want[:7]), m[2]),
                                 [])
            return b'TAG OK [MESSAGELIMIT 7 %d] done\r\n' % want[6]


a.on_command = less
r.go(a, b)
case.check(r.rc == 0 and same(a, b), 'MESSAGELIMIT: all of them', (r.rc, r.err))
b.lose = b.answers + 1
a.box('INBOX').add(msg(90))
with open(r.d + '/config', 'w') as f:
    for n, s in (('old', a), ('new', b)):
        f.write('account %s\nimap imap://127.0.0.1:%d\nuser jo\n'
                'token-command echo %s >> %s/tokens; echo secret\n'
                'auth xoauth2\n' % (n, s.port, n, r.d))
os.chmod(r.d + '/config', 0o600)
plain = imapmem.Session.do_authenticate
imapmem.Session.do_authenticate = lambda self, args, _: 'OK in'
for s in (a, b):
    s.all += ' AUTH=XOAUTH2'
p = subprocess.run([BIN, 'migrate', 'old', 'new', '--config', r.d + '/config',
                    '--tls', 'off', '--state', r.d], capture_output=True,
                   env=dict(os.environ, HOME=r.d))
with open(r.d + '/tokens') as f:
    tokens = f.read().split()
case.check(p.returncode == 0 and sorted(tokens) == ['new', 'new', 'old', 'old']
           and same(a, b), 'accounts of the configuration, with a new token '
           'for each connection', (p.returncode, p.stderr, tokens))
imapmem.Session.do_authenticate = plain
r.close(a, b)

# ---- not now: a pause, and on

for text in ('[LIMIT] too fast', '[INUSE] busy', '[UNAVAILABLE] no',
             'Too many commands', 'Request is throttled. Suggested Backoff '
             'Time: 1299 milliseconds'):
    r, a, b = Run(), Serve(), Serve()
    fill(a)
    said = []

    def no(args):
        if len(said) < 1:
            said.append(args)
            return b'TAG NO %s\r\n' % text.encode()
    b.no = no
    start = time.monotonic()
    r.go(a, b)
    case.check(r.rc == 0 and same(a, b) and said and
               time.monotonic() - start > 0.9, text + ': later', (r.rc, r.err))
    r.close(a, b)

r, a, b = Run(), Serve(), Serve()
fill(a)
b.no = lambda args: b'TAG NO [OVERQUOTA] full\r\n' if len(
    b.box('INBOX').messages) >= 30 else None
r.go(a, b)
case.check(r.rc == 75 and 'there is no more room: [OVERQUOTA] full' in r.err,
           'over quota: 75, and why', (r.rc, r.err))
b.no = None
r.go(a, b)
case.check(r.rc == 0 and same(a, b), 'and on when there is room', r.err)
r.close(a, b)

# ---- budgets

r, a, b = Run(), Serve(), Serve()
for i in range(10):
    a.box('INBOX').add(msg(i, 50000))
start = time.monotonic()
r.go(a, b, '--rate', '250k')
took = time.monotonic() - start
case.check(r.rc == 0 and same(a, b) and took > 1.2, '--rate', (r.rc, took))
r.close(a, b)
r, a, b = Run(), Serve(), Serve()
for i in range(10):
    a.box('INBOX').add(msg(i, 50000))
r.go(a, b, '--bytes-a-day', '220000')
case.check(r.rc == 75 and len(b.box('INBOX').messages) == 4 and
           'run it again tomorrow' in r.err, '--bytes-a-day', (r.rc, r.err))
r.go(a, b, '--bytes-a-day', '220000')
case.check(r.rc == 75 and b.appends() == [], 'of all runs of the day', r.rc)
r.go(a, b, '--check', '-j', '--bytes-a-day', '220000')
case.check(json.loads(r.out.splitlines()[-1])['seconds'] >= 2 * 86400,
           '--check: of this day nothing is left', r.out)
r.go(a, b)
case.check(r.rc == 0 and same(a, b), 'and all without it', r.err)
r.close(a, b)

# ---- flags that change in FROM later

for name, caps in (('CONDSTORE', FULL + ' CONDSTORE'), ('all', FULL)):
    r, a, b = Run(), Serve(caps), Serve()
    fill(a)
    r.go(a, b)
    box, there = a.box('INBOX'), b.box('INBOX')


    def change(i, plus='', minus='', box=box):
        m = box.messages[i]
        m.flags = (m.flags | set(plus.split())) - set(minus.split())
        box.touch(m)


    r.go(a, b)
    case.check(not any('FLAGS' in h and '1:' in h for h in a.heard) ==
               (name == 'CONDSTORE'), name + ': what has not changed is not '
               'asked for', a.heard)
    change(0, r'\Seen')                         # was \Flagged work
    change(1, r'\Answered late', r'\Seen')
    change(2, '', 'work')
    there.messages[0].flags = {'own'}           # the user has changed these
    there.messages[1].flags |= {r'\Flagged'}
    there.messages[4].flags = {r'\Draft'}
    want = [m.flags.copy() for m in there.messages]
    want[0] |= {r'\Seen'}
    want[1] = {r'\Answered', 'late', r'\Flagged'}
    want[2] = {r'\Flagged'}
    r.go(a, b)
    case.check((r.rc, r.out, r.err) == (0, '', '') and
               [m.flags for m in there.messages] == want, name + ': what '
               'changed in FROM alone', (r.rc, r.err, [m.flags for m in
                                                       there.messages][:6]))
    r.go(a, b)
    case.check(not any('STORE' in h for h in b.heard), name + ': once', b.heard)
    there.messages[1].flags -= {r'\Answered'}
    r.go(a, b)
    case.check(there.messages[1].flags == {'late', r'\Flagged'},
               name + ': what is taken away in TO stays away')
    b.on_command = lambda s, verb, args: b'TAG NO [NOPERM] never\r\n' \
        if verb == 'UID STORE' else None
    change(5, r'\Answered')
    a.box('INBOX').add(msg(300))
    r.go(a, b)
    case.check(r.rc == 69 and 'flags cannot be changed there: [NOPERM] never' in
               r.err and len(there.messages) == 31, name + ': refused: told, '
               'and the rest is copied', (r.rc, r.err))
    b.on_command = b.command
    r.go(a, b)
    case.check(r.rc == 0 and r'\Answered' in there.messages[5].flags,
               name + ': and tried again', (r.rc, r.err))
    for f in glob.glob(r.d + '/migrate/*'):
        os.remove(f)
    change(6, r'\Answered')
    r.go(a, b)
    case.check(r.rc == 0 and not any('STORE' in h for h in b.heard),
               name + ': nothing is known: nothing is changed', b.heard)
    change(6, '', r'\Answered')
    change(7, r'\Answered')
    r.go(a, b)
    case.check(r.rc == 0 and r'\Answered' in there.messages[7].flags,
               name + ': what changes from then on', (r.rc, r.err))
    r.close(a, b)

# More different sets of flags than are kept (TEXTS in migrate_state.c).
r, a, b = Run(), Serve(FULL + ' CONDSTORE'), Serve()
for i in range(5000):
    a.box('INBOX').add(msg(i), 'k%d' % i)
a.box('later').add(msg(6000), 'one')
r.go(a, b)
case.check(r.rc == 0 and a.all_of('INBOX') == b.all_of('INBOX') and
           b.box('later').messages[0].flags == {'one'},
           'each message has its own flags', (r.rc, r.err))


def flags_of_0(s):
    return next(m.flags for m in s.box('INBOX').messages if m.data == msg(0))


for box, word in ('INBOX', 'k1'), ('later', 'another'):
    a.box(box).messages[0].flags = {word}
    a.box(box).touch(a.box(box).messages[0])
for _ in range(2):
    r.go(a, b)
    case.check(r.rc == 69 and 'later: the flags of 1 messages are not followed'
               in r.err and flags_of_0(b) == {'k1'} and
               b.box('later').messages[0].flags == {'one'},
               'too many sets of flags are told, and nothing is lost',
               (r.rc, r.err, flags_of_0(b), b.box('later').messages[0].flags))
a.box('later').messages[0].flags = {'k2'}
a.box('later').touch(a.box('later').messages[0])
r.go(a, b)
case.check((r.rc, r.err, b.box('later').messages[0].flags) == (0, '', {'one'}),
           'one of those that are kept', (r.rc, r.err,
                                          b.box('later').messages[0].flags))
r.close(a, b)

r, a, b = Run(), Serve(FULL + ' CONDSTORE'), Serve(WAYS['no UIDPLUS'])
fill(a)
r.go(a, b)
m = a.box('INBOX').messages[0]
m.flags |= {r'\Answered'}
a.box('INBOX').touch(m)
r.go(a, b)
r.go(a, b, '--verify')
r.go(a, b)
case.check(r.rc == 0 and same(a, b), 'changed before it was known where its copy '
           'is', (r.rc, r.err))
r.close(a, b)

# ---- which folder is which

r, a = Run(), Serve(caps=FULL.replace('LIST-EXTENDED', ''))
b = Serve(sep='.')
imapmem.Session.do_namespace = lambda self, *_: self.say(
    '* NAMESPACE (("INBOX." ".")) NIL NIL' if self.server is b else
    '* NAMESPACE (("" "/")) NIL NIL')
a.all += ' NAMESPACE'
b.all += ' NAMESPACE'
for i, (n, use) in enumerate((('Sent', r'\Sent'), ('a/b', ''), ('c.d', ''),
                              ('Later', r'\Scheduled'), ('Old', ''))):
    a.box(n).add(msg(i))
    a.box(n).special = use + r' \Subscribed'
b.box('INBOX.Gesendet').special = r'\Sent'
r.go(a, b, '--automap', '--map', 'Old -> Archive/2024')
case.check(r.rc == 0 and set(b.boxes) == {
    'INBOX', 'INBOX.Gesendet', 'INBOX.a.b', 'INBOX.c_d',
    'INBOX.Archive.2024'}, 'by use, by rule, by name, with prefix and '
    'separator', (r.rc, r.err, sorted(b.boxes)))
case.check(len(b.boxes['INBOX.Gesendet'].messages) == 1, 'by use')
case.check(set(b.subscribed) == {'INBOX.a.b', 'INBOX.c_d', 'INBOX.Gesendet',
                                 'INBOX.Archive.2024'}, 'subscribed',
           b.subscribed)
r.go(a, b, '--automap', '--patterns', 'Later')
case.check(r.rc == 0 and 'INBOX.Later' in b.boxes,
           'what is scheduled, if it is named', (r.rc, r.err, list(b.boxes)))
r.close(a, b)
r, a, b = Run(), Serve(), Serve(sep='.')
for i, n in enumerate(('c.d', 'c_d', 'x', 'y')):
    a.box(n).add(msg(i))
r.go(a, b, '--map', 'x -> z', '--map', 'y -> z')
case.check(r.rc == 65 and 'c_d: it would be the same mailbox there as c.d' in
           r.err and 'y: by the rules of --map no mailbox there is this one' in
           r.err and len(b.boxes['z'].messages) == 1,
           'two would be one: refused', (r.rc, r.err))
r.close(a, b)

# ---- the source breaks off: what came of a message is never completed

for cut in (3000, 20000, 90000):
    r, a, b = Run(), Serve(), Serve()
    for i in range(6):
        a.box('INBOX').add(msg(i, 20000))
    state = [0, False]

    def half(session, data, state=state, cut=cut, a=a):
        state[0] += len(data) if b'BODY[]' in data else 0
        if state[0] > cut and not state[1]:
            state[1] = True
            session.sock.sendall(data[:len(data) // 2])
            raise imapmem.Gone
        return data
    a.on_say = half
    r.go(a, b)
    case.check(r.rc == 0 and state[1] and same(a, b),
               'cut after %d bytes: whole, once' % cut, (r.rc, r.err))
    r.close(a, b)

# What TO has as a whole then is answered before it is looked for.
for how in ('FROM breaks off', 'a NUL'):
    r, a, b = Run(), Serve(), Serve(WAYS['pipelined'])
    for i in range(8):
        a.box('INBOX').add(msg(i, 60000) + b'\0' * (
            i == 5 and how == 'a NUL'))
    late, other, broke = [], threading.Event(), []

    def breaks_off(session, data, how=how, broke=broke):
        if b'body 5\r' in data and how != 'a NUL' and not broke:
            broke.append(1)
            session.sock.sendall(data[:len(data) // 2])
            raise imapmem.Gone
        return data

    def slow(session, verb, args, b=b, late=late, other=other):
        if verb == 'APPEND':
            late.append(session)
            if session is not late[0]:
                other.set()
            elif len(late) == 2:        # the others do not wait for it
                b.lock.release()
                other.wait(3)
                b.lock.acquire()
        return b.command(session, verb, args)

    a.on_say, b.on_command = breaks_off, slow
    r.go(a, b)
    case.check(r.rc == 0 and same(a, b) and len(set(late)) == 2,
               how + ': what is under way to TO is not sent again',
               (r.rc, r.err, len(b.box('INBOX').messages)))
    r.close(a, b)

# ---- looked at, and nothing written

for options in (['--check'], ['--check', '-j']):
    r, a, b = Run(), Serve(), Serve()
    fill(a)
    b.all += ' QUOTA APPENDLIMIT=100000'
    imapmem.Session.do_getquotaroot = lambda self, *_: self.say(
        '* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE 10 %d)' % b.room)
    b.room = 500
    r.go(a, b, *options)
    case.check(r.rc == 0 and r.err == '', 'check: all is well', (r.rc, r.err))
    said = [re.sub(r'"\)', '', ' '.join(h.split()[:2]) if h[:3] == 'UID' else
                   h.split()[0]) for h in a.heard + b.heard]
    case.check(set(said) <= LOOKS | {'GETQUOTAROOT'} and
               set(b.boxes) == {'INBOX'} and os.listdir(r.d) == [],
               'check: nothing is written, on either side or here',
               (said, os.listdir(r.d)))
    if len(options) > 1:
        last = json.loads(r.out.splitlines()[-1])
        case.check((last['todo'], last['appendlimit'], last['quota_kb']) ==
                   (40, 100000, 500), 'check: as JSON', r.out)
    else:
        case.check('INBOX -> INBOX: 30 messages, 30 to be copied\n' in r.out and
                   'Lists/tools -> Lists/tools (to be made): 10 messages' in
                   r.out and '40 messages, 4310 bytes' in r.out and
                   '10 of 500 KB in use' in r.out, 'check: told', r.out)
    b.room = 12
    a.box('INBOX').add(msg(99, 200000))
    r.go(a, b, *options)
    case.check(r.rc == 65 and 'has room for 2 KB' in r.err and
               '1 messages are larger than' in r.err,
               'check: no room, and what is too large', (r.rc, r.err))
    r.close(a, b)

# ---- compared

r, a, b = Run(), Serve(), Serve()
fill(a)
r.go(a, b, '--verify')
case.check(r.rc == 65 and 'migrate first' in r.err and
           'empty is not there' in r.err, 'verify: before', (r.rc, r.err))
r.go(a, b)
r.go(a, b, '--verify')
case.check((r.rc, r.out, r.err) == (0, '40 messages verified\n', ''),
           'verify: all of it', (r.rc, r.out, r.err))
case.check(b.appends() == [] and not any(h.startswith('SELECT') for h in
           b.heard), 'verify: nothing is written', b.heard)
b.box('INBOX').messages[3].data += b'more'
del b.box('INBOX').messages[5]
a.box('INBOX').add(msg(88))
r.go(a, b, '--verify')
case.check(r.rc == 65 and 'UID 4 (4 there): its bytes are others there' in
           r.err and 'UID 6 (6 there): it is not there any more' in r.err and
           'INBOX: 1 messages are not copied' in r.err and
           r.out == '38 messages verified\n', 'verify: what is wrong',
           (r.rc, r.out, r.err))
r.close(a, b)
r, a, b = Run(), Serve(), Serve(WAYS['no UIDPLUS'])
fill(a)
r.go(a, b)
r.go(a, b, '--verify')
case.check((r.rc, r.out) == (0, '40 messages verified\n'),
           'verify: without UIDs they are looked for', (r.rc, r.err))
r.close(a, b)

# ---- what is too many there

r, a, b = Run(), Serve(), Serve()
fill(a)
b.box('INBOX').add(b'Subject: own\r\n\r\n')
b.box('own').add(msg(5000))
r.go(a, b)
case.check(r.rc == 0 and len(b.box('INBOX').messages) == 31,
           'what is in TO stays', r.err)
r.go(a, b, '--delete-extra')
case.check(r.rc == 0 and all(a.all_of(n) == b.all_of(n) for n in a.boxes) and
           len(b.box('own').messages) == 1 and '1 deleted' in r.out,
           '--delete-extra: but not with it; folders stay', (r.rc, r.err))
del a.box('INBOX').messages[:20]
r.go(a, b, '--delete-extra')
case.check(r.rc == 75 and len(b.box('INBOX').messages) == 30 and
           '20 of 30 messages there are not in FROM: nothing is deleted' in
           r.err, 'braked', (r.rc, r.err))
r.go(a, b, '--delete-extra', '--allow-deletes', '20')
case.check(r.rc == 0 and same(a, b), 'or allowed', (r.rc, r.err))


def meanwhile(session, verb, args):
    if verb == 'APPEND' and not any(b'new' in m.data for m in
                                    b.box('INBOX').messages):
        b.box('INBOX').add(b'Subject: new\r\n\r\n')


b.on_command = meanwhile
a.box('INBOX').add(msg(600))
r.go(a, b, '--delete-extra')
case.check(r.rc == 0 and len(b.box('INBOX').messages) == len(
    a.box('INBOX').messages) + 1, 'what comes meanwhile stays', r.err)
r.close(a, b)

# ---- by a Maildir: an exact copy of the server, and the server from it again

r, a, b = Run(), Serve(), Serve()
fill(a)
for s, way in ((a, '--pull'), (b, '--push')):
    p = subprocess.run([BIN, '-S', 'imap://jo@127.0.0.1:%d' % s.port, '--tls',
                        'off', '--password-command', 'echo secret', '--near',
                        r.d + '/M', '--state', r.d + '/state' + way, way, '-q'],
                       capture_output=True, env=dict(os.environ, HOME=r.d,
                                                     TZ='UTC'))
    case.check(p.returncode == 0, way, p.stderr)
case.check(same(a, b), 'a server from its backup: bytes, flags, keywords, dates',
           [(n, a.all_of(n)[:2], b.all_of(n)[:2]) for n in a.boxes if n in
            b.boxes and a.all_of(n) != b.all_of(n)][:1])
r.close(a, b)

# ---- a message of any size is a stream

r, a, b = Run(), Serve(), Serve()
a.box('INBOX').add(msg(1, 40 << 20))
p, kb = subprocess.Popen(r.line(a, b), stdout=subprocess.DEVNULL,
                         env=dict(os.environ, HOME=r.d, TZ='UTC')), 0
while p.poll() is None:
    try:
        if os.readlink('/proc/%d/exe' % p.pid) == os.path.realpath(BIN):
            with open('/proc/%d/status' % p.pid) as f:
                m = re.search(r'VmHWM:\s*(\d+)', f.read())
            kb = max(kb, int(m[1]) if m else 0)
    except OSError:
        pass
    time.sleep(0.005)
case.check(p.returncode == 0 and same(a, b) and 0 < kb < 32 << 10,
           '40 MB in one message: at most 32 MB of memory', (p.returncode, kb))
r.close(a, b)

# ---- several connections, each with a range of the mailbox at a time

MANY = 450


def many(a, n=MANY):
    for i in range(n):
        a.box('INBOX').add(msg(i), r'\Seen' if i % 2 else 'work')


for name in ('MULTIAPPEND', 'waiting', 'no UIDPLUS'):
    a = Serve()
    many(a)
    r, b = Run(), Serve(WAYS[name])
    r.go(a, b, '--connections', '4')
    case.check(r.rc == 0 and same(a, b) and (a.conns, b.conns) == (4, 4) and
               r.out.startswith('450 messages copied'), name + ': four '
               'connections: all of it, once', (r.rc, r.err, r.out, a.conns,
                                                b.conns))
    r.go(a, b)
    case.check(r.rc == 0 and b.appends() == [] and b.conns == 5, name +
               ': again: nothing, by one', (r.err, b.conns))
    r.close(b)
    for lose in (1, 4) if name != 'waiting' else (3,):
        r, b = Run(), Serve(WAYS[name])
        b.lose = lose
        r.go(a, b, '--connections', '4')
        case.check(r.rc == 0 and same(a, b) and b.answers >= lose, '%s: one '
                   'of them loses answer %d: none twice' % (name, lose),
                   (r.rc, r.err, len(b.box('INBOX').messages)))
        r.close(b)
    a.close()

a = Serve()
many(a)
r, b, one = Run(), Serve(), []


def alone(session, verb, args):
    if verb in ('AUTHENTICATE', 'LOGIN'):
        one.append(session)
        if session is not one[0]:
            return b'TAG NO [LIMIT] one connection\r\n'
    return b.command(session, verb, args)


b.on_command = alone
for i in range(250):
    a.box('more').add(msg(2000 + i))
r.go(a, b, '--connections', '4')
case.check((r.rc, r.err) == (0, '') and same(a, b) and len(one) == 4,
           'a server that lets one connection in: by that one, and no other is '
           'tried again', (r.rc, r.err, len(one)))
r.close(b)
del a.boxes['more']

r, b = Run(), Serve()
line = r.line(a, b, '--connections', '4')
for i, x in enumerate(line):
    if x == 'echo secret':
        with open('%s/%d' % (r.d, i), 'w') as f:
            f.write('secret\n')
        line[i] = 'cat %s/%d 2> /dev/null && rm %s/%d' % (r.d, i, r.d, i)
p = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True,
                   env=dict(os.environ, HOME=r.d, TZ='UTC'))
case.check((p.returncode, p.stderr) == (0, b'') and same(a, b) and
           b.conns == 1, 'a password that is told once: by one connection',
           (p.returncode, p.stderr, b.conns))
r.close(b)

r, b, cut = Run(), Serve(), []


def breaks(session, verb, args):
    if verb == 'APPEND' and len(b.sessions) > 2:
        cut.append(session)
        return 'close'
    return b.command(session, verb, args)


b.on_command = breaks
r.go(a, b, '--connections', '4')
case.check(r.rc == 0 and same(a, b) and cut, 'one that breaks the third: with '
           'two', (r.rc, r.err, len(cut)))
r.close(b)

r, b, said = Run(), Serve(), []
b.no = lambda args: said.append(1) or b'TAG NO [LIMIT] slow\r\n' \
    if len(said) < 3 else None
r.go(a, b, '--connections', '4')
case.check(r.rc == 0 and same(a, b) and said, 'a pause for all of them',
           (r.rc, r.err))
r.close(b)

r, b = Run(), Serve()
b.unwanted = b'body 399\r\n'
r.go(a, b, '--connections', '4')
case.check(r.rc == 65 and len(b.box('INBOX').messages) == MANY - 1,
           'one message is refused', (r.rc, r.err))
r.close(b)

size = len(msg(100))
r, b = Run(), Serve()
r.go(a, b, '--connections', '4', '--bytes-a-day', '%d' % (200 * size))
sent = sum(len(m.data) for m in b.box('INBOX').messages)
case.check(r.rc == 75 and 190 * size < sent <= 200 * size, '--bytes-a-day: of '
           'all of them together', (r.rc, r.err, sent, 200 * size))
r.close(b)

r, b = Run(), Serve()
start = time.monotonic()
r.go(a, b, '--connections', '4', '--rate', '%d' % (MANY * size // 2))
case.check(r.rc == 0 and same(a, b) and time.monotonic() - start > 1.5,
           '--rate: of all of them together', r.err)
r.close(b)

b = Serve()
b.no = lambda args: b'TAG NO [OVERQUOTA] full\r\n' if len(
    b.box('INBOX').messages) >= 200 else None
r = Run()
r.go(a, b, '--connections', '4')
case.check(r.rc == 75 and 'there is no more room: [OVERQUOTA] full' in r.err,
           'over quota', (r.rc, r.err))
b.no = None
r.go(a, b, '--connections', '4')
case.check(r.rc == 0 and same(a, b), 'and on', (r.rc, r.err))
r.go(a, b, '--connections', '17')
case.check(r.rc == 64 and '--connections is 1 to 16' in r.err, 'too many',
           (r.rc, r.err))
r.close(a, b)

# ---- killed before each change of a file and each send, and finished

LIB = os.path.dirname(BIN) + '/lab/killn.so'
for name in ('MULTIAPPEND', 'no UIDPLUS'):
    a = Serve()
    fill(a, 12)
    r, b = Run(), Serve(WAYS[name])
    count = r.d + '/count'
    r.go(a, b, env={'LD_PRELOAD': LIB, 'KILLN_COUNT': count,
                    'KILLN_NET': '1', 'KILLN_FAST': '1'})
    n = int(open(count).read())
    r.close(b)
    bad = []

    def killed(at):
        r, b = Run(), Serve(WAYS[name])
        r.go(a, b, env={'LD_PRELOAD': LIB, 'KILLN': str(at), 'KILLN_NET': '1',
                        'KILLN_FAST': '1'})
        first = r.rc
        r.go(a, b)
        if (first, r.rc) != (-9, 0) or not same(a, b):
            bad.append((at, first, r.rc, r.err))
        r.go(a, b)
        if r.rc or b.appends():
            bad.append((at, 'again'))
        r.close(b)

    # side by side, for a run waits if the one before may still be stored
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(killed, range(1, n + 1, EVERY)))
    case.check(n > 20 and not bad, '%s: killed at %d points: whole, '
               'once' % (name, len(range(1, n + 1, EVERY))), bad)
    a.close()

# ---- a log that is damaged in its middle: what is behind it still counts

for name in ('MULTIAPPEND', 'no UIDPLUS'):
    a, bad = Serve(), []
    fill(a, 12)
    a.box('INBOX').add(b'Subject: same\r\n\r\n1\r\n')
    r, b = Run(), Serve(WAYS[name])
    b.unwanted = b'body 7\r\n'
    r.go(a, b)
    a.box('INBOX').add(msg(55))
    a.box('INBOX').add(b'Subject: same\r\n\r\n1\r\n')
    r.go(a, b)
    path = [f for f in glob.glob(r.d + '/migrate/*') if '.' not in f[-6:]][0]
    with open(path, 'rb') as f:
        lines = f.read().splitlines(True)
    now = b.all_of('INBOX') + b.all_of('Lists/tools')
    for i in range(1, len(lines) - 1, EVERY):
        for some in ([i], range(i, min(i + 4, len(lines) - 1))):
            with open(path, 'wb') as f:
                f.write(b''.join(b'\0' * (len(x) - 1) + b'\n' if k in some
                                 else x for k, x in enumerate(lines)))
            r.go(a, b)
            first = (r.rc, r.err)
            if r.rc != 65 or 'records are damaged' not in r.err or \
                    b.all_of('INBOX') + b.all_of('Lists/tools') != now:
                bad.append((i, len(some), 'first', r.rc, r.err))
            r.go(a, b)
            if r.rc != 65 or 'damaged' in r.err or b.appends():
                bad.append((i, len(some), 'again', r.rc, r.err))
    case.check(len(lines) > 9 and not bad, name + ': damaged records of %d: '
               'nothing twice, nothing lost' % len(lines), bad[:4])
    with open(path, 'wb') as f:
        f.write(b''.join(b'\0' * (len(x) - 1) + b'\n' if k == 1 else x
                         for k, x in enumerate(lines)))
    r.go(a, b, '--ignore', '1')
    case.check(r.rc == 64 and 'the ids are others now: see --failed' in r.err,
               name + ': an id of before is none', (r.rc, r.err))
    r.go(a, b)
    a.box('INBOX').add(msg(56))
    b.unwanted = None
    r.go(a, b, '--retry-failed')
    case.check(r.rc == 0 and same(a, b), name + ': and on', (r.rc, r.err))
    r.close(a, b)

# ---- usage

for args, why in ((['--check', '--verify'], '--verify'),
                  (['--near', 'x'], '--near has no effect with migrate'),
                  (['--allow-deletes', '3'], 'without --delete-extra'),
                  (['--failed', '--rate', '3'], '--rate'),
                  (['-u', 'jo'], '--user has no effect with migrate')):
    r, a, b = Run(), Serve(), Serve()
    r.go(a, b, *args)
    case.check(r.rc == 64 and why in r.err and b.heard == [],
               ' '.join(args), (r.rc, r.err))
    r.close(a, b)
p = subprocess.run([BIN, '--automap', '-S', 'imap://x.test'],
                   capture_output=True)
case.check(p.returncode == 64 and b'no effect without migrate' in p.stderr,
           'and without migrate', p.stderr)

r, a, b = Run(), Serve(), Serve()
for args in (['migrate', 'x'], ['migrate'], ['migrate', 'a', 'b', 'c']):
    p = subprocess.run([BIN] + args, capture_output=True, env=dict(
        os.environ, HOME=r.d))
    case.check(p.returncode == 64 and b'migrate FROM TO' in p.stderr,
               ' '.join(args), p.stderr)
r.close(a, b)
case.end()
