#!/usr/bin/env -S python3 -B
"""imapsync migrate over long distances: what need not wait for an answer does
not.  Servers here answer one thing only when the next was asked for, too."""
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + '/../lab']
import imapmem  # noqa: E402
from fetchfake import Case  # noqa: E402
from migratelab import Migration  # noqa: E402

case = Case()
LONG = 20		# seconds until a server gives up and answers


class Serve(imapmem.Server):
    user, password = 'jo', 'secret'

    def __init__(self, caps=imapmem.ALL):
        super().__init__(caps)
        self.on_command = self.holds
        self.hold, self.late, self.logins = {}, [], []
        self.boxes_of = {}

    def holds(self, session, verb, args):
        """hold[verb] = a word: the answer waits until that has come, too."""
        if verb in ('AUTHENTICATE', 'LOGIN'):
            self.logins.append(session)
        word = self.hold.get(verb)
        if word and (not callable(word) or (word := word(args))):
            session.sock.settimeout(LONG)
            try:
                while word not in session.buf:
                    session.fill()
            except imapmem.Gone:
                self.late.append((verb, args))
            session.sock.settimeout(None)


def fill(s, n, box='INBOX', first=0):
    s.box(box).special = r'\Subscribed'
    for i in range(first, first + n):
        s.box(box).add(b'Message-ID: <%d.%s@x.test>\r\nSubject: m%d\r\n\r\n'
                       b'body\r\n' % (i, box.encode(), i),
                       r'\Seen' if i % 2 else 'work')


def all_of(s):
    return {n: sorted((m.data, sorted(m.flags)) for m in b.messages)
            for n, b in s.boxes.items()}


def run(a, b, *args):
    m = Migration(a, b)
    m.run(*args)
    return m


# ---- logins of both sides, and their lists

for connections, n in ((1, 30), (2, 450)):
    a, b, met = Serve(), Serve(), threading.Event()
    fill(a, n)

    def last(session, verb, args, s=b):
        s.holds(session, verb, args)
        if len(s.logins) == connections:
            met.set()

    def waits(session, verb, args, s=a):
        s.holds(session, verb, args)
        if verb in ('AUTHENTICATE', 'LOGIN') and \
                len(s.logins) == connections and not met.wait(LONG):
            s.late.append(verb)

    a.on_command, b.on_command = waits, last
    m = run(a, b, '--connections', str(connections))
    case.check(m.rc == 0 and all_of(a) == all_of(b) and a.late == [],
               '%d: neither waits for the other\'s login' % connections,
               (m.rc, m.err, a.late))
    a.close()
    b.close()

a, b = (Serve(imapmem.ALL + ' NAMESPACE') for _ in range(2))
fill(a, 3)
a.hold = b.hold = {'NAMESPACE': b'LIST'}
m = run(a, b)
case.check(m.rc == 0 and all_of(a) == all_of(b) and a.late + b.late == [],
           'LIST goes with NAMESPACE', (m.rc, m.err, a.late, b.late))
a.close()
b.close()
# ---- mailboxes are made in one flight, and subscribed to in another


def next_of(word, last):
    return lambda args: None if last in args else word


a, b = Serve(), Serve()
for name in 'abcde':
    fill(a, 2, name)
b.hold = {'CREATE': next_of(b'CREATE', '"e"'),
          'SUBSCRIBE': next_of(b'SUBSCRIBE', '"e"')}
m = run(a, b)
made = [h for h in b.heard if h.startswith(('CREATE', 'SUBSCRIBE'))]
case.check(m.rc == 0 and all_of(a) == all_of(b) and b.late == [] and
           len(made) == len(set(made)) == 10, 'mailboxes are made without waiting '
           'for each other', (m.rc, m.err, b.late, made))
a.close()
b.close()
for name, how in (('refused', b'TAG NO not this\r\n'), ('breaks off', 'close')):
    a, b, seen = Serve(), Serve(), []
    for box in 'abcde':
        fill(a, 2, box)

    def odd(session, verb, args, how=how, seen=seen):
        if verb == 'CREATE' and '"c"' in args:
            seen.append(args)
            return how if how != 'close' or len(seen) == 1 else None

    b.on_command = odd
    m = run(a, b)
    if how != 'close':
        del a.boxes['c']
    case.check(m.rc == (0 if how == 'close' else 69) and
               all_of(a) == all_of(b) and len(seen) == 2 and
               ('c cannot be made: not this' in m.err) == (how != 'close'),
               'one that %s: all others' % name, (m.rc, m.err, list(b.boxes)))
    a.close()
    b.close()

# ---- small mailboxes are copied beside each other


def small(n=2):
    """Twelve of them, with INBOX thirteen; and a server that is empty."""
    a, b = Serve(), Serve()
    for box in 'abcdefghijkl':
        fill(a, n, box)
    fill(a, n)
    return a, b


def beside(s, n):
    """Each APPEND waits until so many connections are in one; how many were."""
    some, met = set(), threading.Event()

    def meet(session, verb, args):
        s.holds(session, verb, args)
        if verb == 'APPEND':
            some.add(session)
            s.boxes_of.setdefault(args.split()[0], set()).add(session)
            if len(some) == n:
                met.set()
            s.lock.release()
            if not met.wait(LONG):
                s.late.append(args)
            s.lock.acquire()

    s.on_command = meet
    return some


a, b = small()
some = beside(b, 3)
m = run(a, b, '-v')
shown = [x.split()[0] for x in m.out.splitlines() if ' -> ' in x]
case.check(m.rc == 0 and all_of(a) == all_of(b) and b.late == [] and
           len(some) == 3, 'small mailboxes: three at once',
           (m.rc, m.err, b.late, len(some)))
case.check(shown == ['INBOX', *'abcdefghijkl'] and m.out.count(': 2 copied')
           == 13, 'and told in their order', m.out)
a.late, a.heard[:], b.heard[:] = [], [], []
m.run('-v')
case.check(m.rc == 0 and not any(x.startswith('APPEND') for x in b.heard) and
           m.out.count(': 0 copied') == 13, 'again: nothing', (m.out, m.err))
m.tmp.cleanup()
m = run(a, b)
case.check(m.rc == 0 and all_of(a) == all_of(b), 'with the state lost nothing is '
           'twice', (m.rc, m.err))
m.run('--verify')
case.check(m.rc == 0 and m.out == '26 messages verified\n', 'and all is known',
           (m.rc, m.out, m.err))
a.close()
b.close()

a, b = small()
m = run(a, b, '--connections', '1')
case.check(m.rc == 0 and all_of(a) == all_of(b) and len(b.logins) == 1,
           'by one connection, if there is but one', (m.rc, len(b.logins)))
a.close()
b.close()

a, b = small()
fill(a, 250, 'big')
some = beside(b, 3)
m = run(a, b)
case.check(m.rc == 0 and all_of(a) == all_of(b) and b.late == [] and
           len(b.boxes_of['"big"']) > 1, 'a large one among them is shared by '
           'itself', (m.rc, m.err, b.late, b.boxes_of))
a.close()
b.close()

a, b = small()
lost = []


def loses(session, data):
    """Stored, and the answer is lost."""
    if b'[APPENDUID' in data and session is not b.logins[0] and not lost:
        lost.append(data)
        raise imapmem.Gone
    return data


b.on_say = loses
m = run(a, b)
case.check(m.rc == 0 and all_of(a) == all_of(b) and lost, 'one of them '
           'breaks: nothing is twice', (m.rc, m.err))
a.close()
b.close()

a, b = small()
a.on_say = lambda s, d: b'' if b'(UID 1 ' in d and b'BODY[]' in d and \
    s.box is a.boxes['e'] else d
b.on_command = lambda s, verb, args: b'TAG NO [CANNOT] not you\r\n' \
    if verb == 'APPEND' and '"g"' in args else b'TAG NO [NOPERM] no\r\n' \
    if verb == 'SELECT' and '"c"' in args else b'TAG NO [NOPERM] not k\r\n' \
    if verb == 'SUBSCRIBE' and '"k"' in args else None
m = run(a, b)
bad = [n for n in a.boxes if all_of(a)[n] != all_of(b).get(n)]
case.check(m.rc == 69 and bad == ['c', 'e', 'g'] and all(x in m.err for x in (
    'e: 1 messages do not come', 'c: imap://', '2 messages were refused')),
           'what goes wrong with one of them is told, and is no other\'s',
           (m.rc, m.err, bad))
case.check('k: k: SUBSCRIBE: [NOPERM] not k' in m.err and
           m.err.count('SUBSCRIBE') == 1 and 'k' in b.boxes,
           'as is one that cannot be subscribed to', m.err)
a.on_say = b.on_command = None
m.run('--retry-failed')
case.check((m.rc, m.err) == (0, '') and all_of(a) == all_of(b),
           'and goes well later', (m.rc, m.err))
a.close()
b.close()

# ---- what is asked of a range comes while the one before is on its way

a, b = Serve(), Serve()
fill(a, 2500)
a.hold = {'UID FETCH': lambda args: 'BODY' in args and any(
    u in args for u in (':1000 ', '1000 ')) and b'RFC822.SIZE INTERNALDATE)'}
m = run(a, b, '--connections', '1')
asked = [h for h in a.heard if h.startswith('UID FETCH') and 'BODY' not in h]
case.check(m.rc == 0 and all_of(a) == all_of(b) and a.late == [] and
           len(asked) == 3, 'flags, dates and sizes of the next messages are '
           'asked for before the bodies have come', (m.rc, m.err, a.late, asked))
a.close()
b.close()


class Refuses(Serve):
    """... but says NO, or only some of it, if it is asked behind bodies."""
    how = None

    def holds(self, session, verb, args):
        super().holds(session, verb, args)
        if verb == 'UID FETCH' and 'BODY' not in args:
            self.asked += 1
            if self.asked == 2:
                return self.how


for name, how in (
        ('NO', b'TAG NO not now\r\n'), ('BAD', b'TAG BAD not now\r\n'),
        ('a limit', b'TAG OK [MESSAGELIMIT 500 1001] none\r\n')):
    a, b = Refuses(), Serve()
    a.how, a.asked = how, 0
    fill(a, 1500)
    m = run(a, b, '--connections', '1')
    case.check(m.rc == 0 and all_of(a) == all_of(b) and a.asked == 3, name +
               ': it is asked again by itself', (m.rc, m.err, a.asked))
    a.close()
    b.close()
case.end()
