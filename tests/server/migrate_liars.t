#!/usr/bin/env -S python3 -B
"""imapsync migrate between servers that lie, break off or do less than they say:
nothing is lost, twice or deleted by that, and it is told."""
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + '/../lab']
import imapmem  # noqa: E402
from fetchfake import Case  # noqa: E402
from migratelab import Migration  # noqa: E402

case = Case()


class Serve(imapmem.Server):
    user, password = 'jo', 'secret'


def msg(i, size=0):
    return b'Message-ID: <%d@x.test>\r\nSubject: m%d\r\n\r\nbody %d\r\n%s' % (
        i, i, i, b'x' * size)


def add(s, some):
    for i in some:
        s.box('INBOX').add(msg(i), r'\Seen', ' 2-Jan-2024 10:00:00 +0000')


def both(n=6, caps=imapmem.ALL):
    a, b = Serve(), Serve(caps)
    add(a, range(n))
    return a, b, Migration(a, b)


def go(m, *args):
    return m.run(*args, env={'TZ': 'UTC'})


def all_of(s, box='INBOX'):
    return sorted((m.data, sorted(m.flags), m.date.strip())
                  for m in s.box(box).messages)


def same(a, b):
    return all(all_of(a, n) == all_of(b, n) for n in list(a.boxes))


def bodies(s):
    return sorted(m.data for m in s.box('INBOX').messages)


# ---- messages that break the connection each time

whole_append = imapmem.Session.do_append


def deadly_sent(self, args, literals):
    if self.server.deadly and msg(3) in literals:
        raise imapmem.Gone
    return whole_append(self, args, literals)


def deadly_read(session, data):
    if b'(UID 1 ' in data and b'BODY[]' in data:
        raise imapmem.Gone
    return data


imapmem.Session.do_append = deadly_sent
Serve.deadly = False
c, d, sick = both(8)
c.on_say, d.deadly = deadly_read, True
beside = subprocess.Popen(sick.words('-q'), stderr=subprocess.DEVNULL, env=dict(
    os.environ, HOME=sick.tmp.name))    # it rests most of the time: see the end

# ---- names

a, b, m = both()
a.box('A').add(msg(50))
a.box('Z').add(msg(51))
lines = []


def half(session, data):
    if data.startswith(b'* LIST'):
        lines.append(data)
        if len(lines) == 2:
            raise imapmem.Gone
    return data


a.on_say = half
go(m)
case.check(m.rc == 0 and same(a, b), 'LIST breaks off: all folders of the next '
           'one', (m.rc, m.err, list(b.boxes)))

a, b, m = both()
a.box('b&ad').add(msg(60))
go(m)
case.check(m.rc == 65 and 'b&ad: this is no valid name' in m.err and
           all_of(a) == all_of(b), 'a name that is no modified UTF-7 is told',
           (m.rc, m.err))
go(m, '--patterns', '* !b&ad')
case.check((m.rc, m.err) == (0, ''), 'unless it is left out', (m.rc, m.err))

a, b, m = both()
a.box(' x ').add(msg(61))
go(m)
go(m, '--verify')
case.check((m.rc, m.err) == (0, ''), 'a name with blanks around it is the same '
           'in the next run', (m.rc, m.err))

a, b, m = both()
a.on_say = lambda s, d: b'' if d.startswith(b'* LIST') else d
go(m)
case.check(m.rc == 75 and 'lists no mailbox, not even INBOX' in m.err,
           'FROM lists nothing: told, and tried again', (m.rc, m.err))
a.on_say = None
go(m)
case.check(m.rc == 0 and same(a, b), 'until it does', (m.rc, m.err))

a, b, m = both()
a.box('A').add(msg(50))
made = []


def create(session, verb, args):
    if verb == 'CREATE':
        made.append(args)
        if len(made) == 1:
            b.box('A')
            return 'close'
        return b'TAG NO [ALREADYEXISTS] it is there\r\n'


b.on_command = create
go(m)
case.check((m.rc, m.err) == (0, '') and same(a, b) and len(made) > 1,
           'the answer to CREATE is lost: it is there', (m.rc, m.err, made))
a, b, m = both()
a.box('A').add(msg(50))
b.on_command = lambda s, verb, args: b'TAG NO [NOPERM] not you\r\n' \
    if verb == 'CREATE' else None
go(m)
case.check(m.rc == 69 and 'A: A cannot be made: [NOPERM] not you' in m.err and
           bodies(a) == bodies(b), 'refused: told in its own words',
           (m.rc, m.err))

# ---- which messages there are

a, b, m = both()
a.on_say = lambda s, d: b'* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n' + d \
    if b'RFC822.SIZE' in d else d
go(m)
case.check(m.rc == 0 and same(a, b), 'flags change meanwhile: the date is kept',
           (m.rc, m.err, all_of(b)[:1]))
a, b, m = both()
a.on_say = lambda s, d: re.sub(rb' FLAGS \([^)]*\)', b'', d) \
    if b'RFC822.SIZE' in d else d
go(m)
case.check(m.rc == 0 and bodies(a) == bodies(b), 'no flags are told',
           (m.rc, m.err))

a, b, m = both()
a.on_say = lambda s, d: b'' if b'[UIDVALIDITY' in d else d
go(m)
case.check(m.rc == 69 and 'keeps no UIDs' in m.err and not bodies(b),
           'no UIDVALIDITY: nothing', (m.rc, m.err))


def few(says):
    def search(session, verb, args):
        if verb != 'UID SEARCH':
            return None
        pick = re.search(r'UID (\d+:(?:\d+|\*))', args)
        want = {x.uid for x in session.box.messages}
        if pick:
            want &= imapmem.expand(pick[1], session.box.uidnext)
        want = sorted(want)
        session.say('* ESEARCH (TAG "x") UID' + (
            ' ALL ' + imapmem.ranges(want[-4:]) if want else ''))
        return b'TAG OK [MESSAGELIMIT 4 %d] some\r\n' % want[-4] \
            if says and len(want) > 4 else b'TAG OK done\r\n'
    return search


a, b, m = both(10)
a.on_command = few(True)
go(m)
case.check(m.rc == 0 and same(a, b), 'SEARCH tells of four at once: all',
           (m.rc, m.err, len(bodies(b))))
go(m, '--verify')
case.check(m.out == '10 messages verified\n', 'and verified', (m.out, m.err))
a, b, m = both(10)
a.on_command = few(False)
add(b, [99])
go(m, '--delete-extra')
case.check(m.rc == 75 and 'tells of 4 messages, and says that there are 10' in
           m.err and len(bodies(b)) == 5, 'of four, and does not say so: 75, '
           'and nothing is deleted', (m.rc, m.err, len(bodies(b))))


def lacks(session, data):
    return b'' if b'(UID 3 ' in data and b'BODY[]' in data else data


a, b, m = both()
a.on_say = lacks
go(m)
case.check(m.rc == 75 and '1 messages do not come, and are not gone' in m.err
           and len(bodies(b)) == 5, 'one does not come', (m.rc, m.err))
a.on_say = None
go(m)
case.check(m.rc == 0 and same(a, b), 'until it does', (m.rc, m.err))
a.on_say = lacks
go(m, '--verify')
case.check(m.rc == 65 and 'UID 3 (6 there): it does not come' in m.err and
           m.out == '5 messages verified\n', 'nor to be compared',
           (m.rc, m.out, m.err))
asked = []


def second(session, verb, args):
    if verb == 'UID SEARCH':
        asked.append(args)
        return 'close' if len(asked) == 2 else None


a.on_command = second
go(m, '--verify')
case.check(m.rc == 65 and m.out == '5 messages verified\n' and len(asked) == 4,
           '--verify counts once, whoever breaks off',
           (m.rc, m.out, m.err, asked))

# ---- set back, as by a backup that was restored

a, b, m = both()
go(m)
box = a.box('INBOX')
box.messages, box.uidnext, before = [], 1, bodies(b)
add(a, range(100, 104))
go(m)
case.check(m.rc == 0 and bodies(b) == sorted(before + bodies(a)),
           'FROM gives UIDs again: all of it is copied', (m.rc, m.err))
a, b, m = both()
go(m)
del b.box('INBOX').messages[3:]
b.box('INBOX').uidnext = 4
go(m)
case.check(m.rc == 0 and same(a, b), 'TO was set back: what it lacks is copied',
           (m.rc, m.err))

# ---- Gmail: labels are mailboxes, and all mail is in one more

plain = imapmem.Session.fetch


def with_id(self, i, m, items):
    got = plain(self, i, m, items)
    return got.replace(b' FETCH (', b' FETCH (X-GM-MSGID %d ' % (
        1 << 60 | int(re.search(rb'<(\d+)@', m.data)[1])), 1) \
        if 'X-GM-MSGID' in items else got


imapmem.Session.fetch = with_id
a, b, m = both(6, imapmem.ALL)
a.all += ' X-GM-EXT-1'
for name, use, some in (('All', r'\All', range(20)), ('Star', r'\Flagged', (1, 9)),
                        ('Work', '', (4, 5, 6, 7)), ('Zoo', '', (7, 8, 9))):
    a.box(name).special = use
    for i in some:
        a.box(name).add(msg(i))


def placed():
    return {n: sorted(int(re.search(rb'<(\d+)@', x.data)[1])
                      for x in box.messages) for n, box in b.boxes.items()}


want = {'INBOX': list(range(6)), 'Work': [6, 7], 'Zoo': [8, 9], 'Star': [],
        'All': list(range(10, 20))}
go(m, '--check')
case.check(m.rc == 0 and '\n20 messages, ' in m.out, 'Gmail: each message counts '
           'once', (m.rc, m.out, m.err))
go(m)
case.check((m.rc, m.err) == (0, '') and placed() == want, 'and is copied once, '
           'with its first label', (m.rc, m.err, placed()))
go(m)
case.check((m.rc, m.out, m.err) == (0, '', '') and placed() == want, 'again: '
           'nothing', (m.out, m.err))
go(m, '--verify')
case.check((m.rc, m.out) == (0, '20 messages verified\n'), 'and verified',
           (m.rc, m.out, m.err))
a.box('All').add(msg(30))
a.box('Work').add(msg(30))
b.on_command = lambda s, verb, args: b'TAG NO [NOPERM] no\r\n' \
    if verb == 'SELECT' and 'Work' in args else None
go(m)
want['All'].append(30)
case.check(m.rc == 69 and placed() == want, 'what is new in a mailbox that '
           'cannot be had is found in another', (m.rc, m.err, placed()))
imapmem.Session.fetch = plain

# ---- a connection that breaks while it is only counted

for side, verb, done, want in ((0, 'UID FETCH', False, 6), (1, 'EXAMINE', True, 0)):
    a, b, m = both()
    cut = []
    if done:
        go(m)

    def once(session, said, args):
        if said == verb and ('BODY' in args or verb == 'EXAMINE') and not cut:
            cut.append(args)
            return 'close'

    (a, b)[side].on_command = once
    go(m, '--check')
    case.check(m.rc == 0 and cut and '\n%d messages, ' % want in m.out and
               'INBOX -> INBOX: 6 messages, %d to be' % want in m.out,
               '--check counts once, whoever breaks off', (m.rc, m.out, m.err))

# ---- a folder that breaks the connection again and again

a, b, m = both()
for i, name in enumerate(('K', 'Z')):   # after INBOX, which is copied before it
    a.box(name).add(msg(70 + i))
asked = []


def breaks(session, verb, args):
    if verb == 'EXAMINE':
        asked.append(args.split('"')[1])
        return 'close' if asked.count('K') < 5 and 'K' in asked[-1] else None


a.on_command = breaks
go(m)
case.check((m.rc, m.err) == (0, '') and same(a, b) and
           asked == ['INBOX', *'KKKZKK'],
           'the others do not wait for it', (m.rc, m.err, asked))

# ---- no IMAP at all, in one of the folders

a, b, m = both()
for i, name in enumerate('abc'):
    a.box(name).add(msg(70 + i))


def garbled(session, verb, args):
    if verb == 'EXAMINE' and '"b"' in args:
        session.say('* 1 FETCH (UID')
        return b'}{ \r\n'


a.on_command = garbled
go(m)
case.check(m.rc == 76 and 'b: ' in m.err and set(b.boxes) >= {'a', 'b', 'c'} and
           all(all_of(a, n) == all_of(b, n) for n in ('INBOX', 'a', 'c')) and
           not all_of(b, 'b'), 'a folder whose answers are no IMAP: all others',
           (m.rc, m.err, list(b.boxes)))
a.on_command = None
go(m)
case.check((m.rc, m.err) == (0, '') and same(a, b), 'and that one later',
           (m.rc, m.err))
exact = len(msg(80))
b.all += ' APPENDLIMIT=%d' % exact
for x in (80, 801):
    a.box('a').add(msg(x))
go(m, '--check')
case.check('1 messages are larger than' in m.err, '--check counts it',
           (m.out, m.err))
go(m)
case.check(m.rc == 65 and len(all_of(b, 'a')) == 2, 'APPENDLIMIT: what is as '
           'large goes, what is larger does not', (m.rc, m.err, all_of(b, 'a')))
go(m, '--failed')
case.check('UID 3: it is larger than the server takes' in m.out, 'and why',
           m.out)
go(m, '--check')
case.check('larger than' not in m.err and 'see --failed' in m.err, 'which is '
           'refused by now', (m.out, m.err))

# ---- what TO says

a, b, m = both(caps=imapmem.ALL.replace('MULTIAPPEND ', ''))
b.appended = lambda box, uids: 'OK [APPENDUID %d 1] done' % box.uidvalidity
go(m)
go(m, '--delete-extra')
case.check(m.rc == 69 and 'nothing is deleted' in m.err and same(a, b),
           'APPENDUID with one UID for all', (m.rc, m.err, len(bodies(b))))

for what, validity, less in (('of other UIDs', 1, 0), ('that were before', 0, 6)):
    a, b, m = both()
    add(b, range(90, 96))
    b.appended = lambda box, uids: 'OK [APPENDUID %d %d:%d] done' % (
        box.uidvalidity + validity, uids[0] - less, uids[-1] - less)
    go(m)
    go(m, '--delete-extra', '--allow-deletes', '99')
    case.check(m.rc == 69 and 'nothing is deleted' in m.err and
               len(bodies(b)) == 12, 'APPENDUID with UIDs ' + what,
               (m.rc, m.err, len(bodies(b))))

a, b, m = both(250, imapmem.ALL.replace('MULTIAPPEND ', ''))
each, began, two = {}, [], threading.Event()


def own(box, uids):
    one = threading.get_ident()
    each[one] = each.get(one, 0) + 1
    return 'OK [APPENDUID %d %d] done' % (box.uidvalidity, each[one])


def meet(session, verb, args):
    if verb == 'APPEND':
        began.append(session)
        if session is not began[0]:
            two.set()
        elif len(began) == 1:           # a second one begins before it is over
            b.lock.release()
            two.wait(20)
            b.lock.acquire()


b.appended, b.on_command = own, meet
go(m)
go(m, '--delete-extra', '--allow-deletes', '250')
case.check(len(each) > 1 and m.rc == 69 and 'nothing is deleted' in m.err and
           bodies(a) == bodies(b), 'APPENDUID that each connection counts itself',
           (m.rc, m.err, each, len(bodies(b))))

a, b, m = both()
began = []


def nan(session, verb, args):
    if verb == 'APPEND':
        began.append(time.monotonic())
        if began[-1] < began[0] + 0.8:
            return b'TAG NO Suggested Backoff Time: nan milliseconds\r\n'


b.on_command = nan
go(m)
case.check(m.rc == 0 and same(a, b), 'a pause of nan: later', (m.rc, m.err))

a, b, m = both()
go(m)
b.box('INBOX').add(b'Subject: own\r\n\r\n')
b.on_command = lambda s, verb, args: b'TAG OK [MESSAGELIMIT 1 1] none\r\n' \
    if verb in ('UID STORE', 'UID EXPUNGE') else None
go(m, '--delete-extra')
case.check(m.rc == 69 and 'EXPUNGE' in m.err and len(bodies(b)) == 7,
           'what cannot be deleted is told', (m.rc, m.err))

# ---- an answer that was lost, and TO does not give back what it has

for what in ('refuses', 'omits', 'omits the header of'):
    a, b, m = both()
    gone, mute = [], [True]

    def lost(session, data):
        if b'OK [APPENDUID' in data and not gone:
            gone.append(data)
            raise imapmem.Gone
        if mute[0] and what[:5] == 'omits' and b'(UID 3 ' in data and (
                b'BODY[]' in data or 'header' in what):
            return b''
        return data

    def unread(session, verb, args):
        if mute[0] and what == 'refuses' and verb == 'UID FETCH' and \
                'BODY.PEEK[]' in args and 3 in imapmem.expand(
                    args.split()[0], session.box.uidnext):
            return b'TAG NO [SERVERBUG] that one is broken\r\n'

    b.on_say, b.on_command = lost, unread
    go(m)
    case.check(m.rc == 65 and bodies(a) == bodies(b) and gone,
               'TO %s one whose answer was lost: not sent again' % what,
               (m.rc, m.err, len(bodies(b))))
    go(m, '--failed')
    case.check('UID 3: it may be there already' in m.out, 'it is named', m.out)
    go(m, '--delete-extra')
    case.check(m.rc == 69 and 'nothing is deleted' in m.err and
               bodies(a) == bodies(b), 'and is not too many there',
               (m.rc, m.err, len(bodies(b))))
    go(m, '--retry-failed')
    case.check(m.rc == 65 and bodies(a) == bodies(b), 'and not when it is '
               'tried again', (m.rc, m.err))
    mute[0] = False
    go(m, '--retry-failed')
    case.check((m.rc, m.err) == (0, '') and bodies(a) == bodies(b),
               'until it comes', (m.rc, m.err))
    go(m, '--verify')
    case.check(m.out == '6 messages verified\n', 'as the copy that it is',
               (m.out, m.err))

# One that may be there, and behind it one that was sent by a run that was killed.
a, b, m = both()
gone, p = [], []


def lost_twice(session, data):
    if b'OK [APPENDUID' in data and (p or not gone):
        gone.append(data)
        for one in p:
            one.kill()
        raise imapmem.Gone
    return b'' if not p and b'(UID 3 ' in data and b'BODY[]' in data else data


b.on_say = lost_twice
go(m)
was = m.rc
add(a, [90])
p.append(subprocess.Popen(m.words(), stdin=subprocess.DEVNULL, env=dict(
    os.environ, HOME=m.tmp.name, TZ='UTC')))
p[0].wait()
b.on_say = None
go(m, '--retry-failed')
case.check((was, p[0].returncode, m.rc, m.err) == (65, -9, 0, '') and len(gone)
           == 2 and bodies(a) == bodies(b), 'both are looked for where they '
           'may be', (was, p[0].returncode, m.rc, m.err, len(bodies(b))))

# ---- FROM is away, and TO refuses the password

a, b = Serve(), Serve()
b.password = 'wrong'
m, away = Migration(a, b), [1, 2]


def not_yet(session, data):
    if away and data.startswith(b'* OK [CAPABILITY'):
        away.pop()
        raise imapmem.Gone
    return data


a.on_say = not_yet
go(m)
logins = sum(c.startswith(('AUTHENTICATE', 'LOGIN')) for c in b.heard)
case.check(m.rc == 77 and '127.0.0.1:%d' % b.port in m.err and logins == 1,
           'a refused password is not tried again while the other is away',
           (m.rc, m.err, logins))

# ---- what TO has as a whole is stored when the one who sent it is gone


def stores_late(s, p=None):
    """The first APPEND is stored seconds after its connection, and the process
    that sent it, are gone."""
    late, stored = [], threading.Event()

    def said(session, data):
        if late or b'[APPENDUID' not in data:
            return data
        box = s.box('INBOX')
        late.extend(box.messages)
        box.messages.clear()
        if p:
            p[0].kill()

        def store():
            with s.lock:
                for x in late:
                    box.add(x.data, ' '.join(x.flags), x.date)
            stored.set()
        threading.Timer(2.5, store).start()
        raise imapmem.Gone

    s.on_say = said
    return stored


a, b, m = both()
stored = stores_late(b)
go(m)
case.check((m.rc, m.err) == (0, '') and stored.wait(20) and same(a, b),
           'stored after the connection was lost: not sent again',
           (m.rc, m.err, len(bodies(b))))
a, b, m = both()
p = []
stored = stores_late(b, p)
p.append(subprocess.Popen(m.words(), stdin=subprocess.DEVNULL,
                          env=dict(os.environ, HOME=m.tmp.name, TZ='UTC')))
p[0].wait()
go(m)
case.check(p[0].returncode == -9 and (m.rc, m.err) == (0, '') and
           stored.wait(20) and same(a, b), 'stored after the run was killed: '
           'the next one does not send it again', (m.rc, m.err,
                                                   len(bodies(b))))
go(m, '-v')
case.check(m.rc == 0 and same(a, b) and 'looking again' not in m.err,
           'and a further one waits for nothing', m.err)

# The first look takes longer than TO is waited for: there is a second one.
a, b, m = both()
stored = stores_late(b)
late, slow = b.on_say, []


def meanwhile(session, data):
    if b'[APPENDUID' in data and not slow:
        slow.append(session)
        threading.Timer(0.2, lambda: b.box('INBOX').add(msg(90))).start()
    return late(session, data)


def looks(session, verb, args):
    if verb == 'UID FETCH' and slow and session is not slow[0] and \
            len(slow) == 1:
        slow.append(args)
        b.lock.release()
        time.sleep(6)
        b.lock.acquire()


b.on_say, b.on_command = meanwhile, looks
go(m)
case.check((m.rc, m.err) == (0, '') and stored.wait(20) and len(slow) == 2 and
           bodies(b) == sorted(bodies(a) + [msg(90)]), 'stored while it is '
           'looked for: not sent again', (m.rc, m.err, len(bodies(b)), slow))

# What the first look cannot read and the second one can is in no doubt.
a, b, m = both()
gone = []


def lost_once(session, data):
    if b'OK [APPENDUID' in data and not gone:
        gone.append(time.monotonic())
        raise imapmem.Gone
    return data


def unread_yet(session, verb, args):
    if verb == 'UID FETCH' and 'BODY.PEEK[]' in args and \
            time.monotonic() < gone[0] + 4:
        return b'TAG NO [SERVERBUG] not yet\r\n'


b.on_say, b.on_command = lost_once, unread_yet
go(m)
case.check((m.rc, m.err) == (0, '') and bodies(a) == bodies(b) and gone,
           'readable by the second look: known to be there',
           (m.rc, m.err, len(bodies(b))))

# ---- a NUL

for caps in (imapmem.ALL, imapmem.ALL.replace(' BINARY', '')):
    a, b, m = both(3, caps)
    nul = b'Subject: nul\r\n\r\na\0b\r\n'
    a.box('INBOX').add(nul)
    add(a, range(3, 6))
    a.box('INBOX').add(nul + b'2\r\n')
    add(a, range(6, 9))
    go(m, '-v')
    case.check(re.findall('a pause of (.*) s', m.err) == ['1', '1'],
               'two NULs are no reason for longer pauses', m.err)
    if 'BINARY' in caps:
        case.check(m.rc == 0 and bodies(a) == bodies(b),
                   'a NUL: as literal8', (m.rc, m.err, len(bodies(b))))
        continue
    case.check(m.rc == 65 and bodies(b) == [x for x in bodies(a) if b'\0' not in
                                            x], 'without BINARY: all others',
               (m.rc, m.err, len(bodies(b))))
    go(m, '--failed')
    case.check('INBOX, UID 4: it has a NUL' in m.out and 'UID 8' in m.out,
               'and they are named', m.out)

# ---- messages that can never go

a, b, m = both(3)
a.box('INBOX').add(b'')
add(a, range(3, 6))
go(m)
case.check(m.rc == 65 and bodies(b) == bodies(a)[1:], 'an empty one: all others',
           (m.rc, m.err, len(bodies(b))))
go(m, '--failed')
case.check('UID 4: it is empty' in m.out, 'and why', m.out)
a, b, m = both(3)
a.box('INBOX').add(msg(9, 5000))
add(a, range(3, 6))
go(m, '--bytes-a-day', '2000')
case.check(m.rc == 65 and len(bodies(b)) == 6, 'larger than a day: all others',
           (m.rc, m.err))
go(m, '--failed')
case.check('larger than all of --bytes-a-day' in m.out, 'and why', m.out)

# ---- the second of what there is one of above

a, b, m = both(150)
groups = []


def overlaps(box, uids):
    """The second APPEND has UIDs of the first one's end."""
    groups.append(uids)
    first = uids[0] - 50 * (len(groups) == 2)
    return 'OK [APPENDUID %d %d:%d] done' % (box.uidvalidity, first,
                                             first + len(uids) - 1)


b.appended = overlaps
go(m, '--connections', '1')
go(m, '--verify')
case.check(len(groups) == 2 and (m.rc, m.out) == (0, '150 messages verified\n'),
           'APPENDUID with the last ones of the group before is not believed',
           ([len(g) for g in groups], m.rc, m.out, m.err))

a, b = Serve(imapmem.ALL + ' CONDSTORE'), Serve()
add(a, range(4))
m = Migration(a, b)
go(m)
for i, flag in ((0, r'\Flagged'), (1, r'\Answered')):
    one = a.box('INBOX').messages[i]
    one.flags.add(flag)
    a.box('INBOX').touch(one)
refused = []


def once(session, verb, args):
    if verb == 'UID STORE' and not refused:
        refused.append(args)
        return b'TAG NO [NOPERM] not now\r\n'


b.on_command = once
go(m)
was = (m.rc, m.err)
go(m)
case.check(was[0] == 69 and m.rc == 0 and len(refused) == 1 and same(a, b),
           'of two flags one was refused: it is tried again', (was, m.rc, m.err,
                                                               all_of(b)))

one = a.box('INBOX').messages[3]
one.flags.add(r'\Draft')
a.box('INBOX').touch(one)
a.on_say = lambda s, d: b'* 1 FETCH (UID 1 MODSEQ (9))\r\n' + d \
    if b' FETCH (' in d and b'FLAGS' in d else d
go(m)
case.check((m.rc, m.err) == (0, '') and same(a, b), 'an answer without flags '
           'takes none away', (m.rc, m.err, all_of(b)))

a, b, m = both(6, imapmem.ALL.replace('MULTIAPPEND LITERAL+ ', ''))
asked = []


def first(session, verb, args):
    if verb == 'APPEND':
        asked.append(args)
        return b'TAG NO [CANNOT] never\r\n' if len(asked) == 1 else None


b.on_command = first
go(m, '--connections', '1', '--bytes-a-day', '%d' % (5 * len(msg(1))))
case.check(m.rc == 65 and len(bodies(b)) == 5,
           'what was refused takes nothing from --bytes-a-day',
           (m.rc, m.err, asked, len(bodies(b))))

a, b, m = both()
go(m)
came = []


def comes(session, verb, args):
    if verb == 'UID SEARCH' and not came:
        came.append(b.box('INBOX').add(b'Subject: own\r\n\r\n'))


b.on_command = comes
go(m, '--delete-extra')
case.check(came and m.rc == 0 and len(bodies(b)) == 7,
           'what comes to TO meanwhile is not too much', (m.rc, m.err))

# ---- a copy that was moved there is the only one

ONE = ('--patterns', 'A')
for args, gone in (((), ''), (ONE, 'Z'), (ONE, 'anew'), (ONE, '')):
    a, b, m = both()
    for box in 'AZ':
        a.box(box).add(msg(50 if box == 'A' else 51))
    go(m)
    for box in ('INBOX', 'Z'):
        x = b.box(box).messages.pop(0)
        b.box('A').add(x.data, ' '.join(x.flags), x.date)
    b.box('A').add(msg(60))
    b.boxes.pop(gone, None)             # the mailbox that it was in, too
    if gone == 'anew':                  # or has other mail under its UIDs
        b.box('Z').uidvalidity += 1
        b.box('Z').messages, b.box('Z').uidnext = [], 1
        b.box('Z').add(msg(61))
    go(m, '--delete-extra', *args)
    case.check(m.rc == 65 and all_of(b, 'A') == sorted(
        all_of(a, 'A') + all_of(a, 'Z') + all_of(a)[:1]) and
        m.out == '0 messages copied, 1 deleted\n' and
        'A: 2 messages there stay' in m.err, 'what was moved in TO stays',
        (m.rc, m.out, m.err, all_of(b, 'A')))
a.box('A').add(msg(51))
a.box('Z').messages.clear()
a.box('INBOX').messages.pop(0)
go(m, '--delete-extra')
case.check(m.rc == 0 and same(a, b) and ' 2 deleted' in m.out, 'but not what '
           'FROM has moved as well, or deleted', (m.rc, m.out, m.err))

a, b, m = both()
a.box('A')
for s, box in ((a, 'Z'), (b, 'A')):
    s.box(box).add(msg(70))
b.on_command = lambda s, verb, args: b'TAG NO [CANNOT] never\r\n' \
    if verb == 'APPEND' and args.startswith('"Z"') else None
go(m, '--delete-extra', '--allow-deletes', '9')
case.check(m.rc == 65 and len(all_of(b, 'A')) == 1 and not all_of(b, 'Z'),
           'what cannot be copied stays where it is', (m.rc, m.err, b.boxes))

# ---- what began first

beside.wait()
case.check(beside.returncode == 65 and bodies(d) == [
    msg(i) for i in (1, 2, 4, 5, 6, 7)], 'one that breaks the connection when it '
    'is read, and one when it is sent: all others', (beside.returncode, bodies(d)))
go(sick, '--failed')
case.check('UID 1: the connection breaks each time that it is read' in sick.out
           and 'UID 4: the connection there breaks each time' in sick.out,
           'and they are named', sick.out)
c.on_say, d.deadly = None, False
go(sick, '--retry-failed')
case.check((sick.rc, sick.err) == (0, '') and bodies(c) == bodies(d), 'and tried '
           'again when that is asked for', (sick.rc, sick.err))
case.end()
