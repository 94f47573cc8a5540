#!/usr/bin/env -S python3 -B
"""imapsync migrate between two servers in memory, a decision a case: what is
told, what is made there, what is left, and which answers are believed."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + '/../lab']
import imapmem  # noqa: E402
from fetchfake import Case  # noqa: E402
from migratelab import BUILD, Migration  # noqa: E402

case = Case()


class Serve(imapmem.Server):
    user, password = 'jo', 'secret'


def msg(i, size=0):
    return b'Message-ID: <%d@x.test>\r\nSubject: m%d\r\n\r\nbody %d\r\n%s' % (
        i, i, i, b'x' * size)


def both(n=3, caps=imapmem.ALL, of=imapmem.ALL):
    a, b = Serve(of), Serve(caps)
    for i in range(n):
        a.box('INBOX').add(msg(i), r'\Seen')
    return a, b, Migration(a, b)


def go(m, *args):
    m.a.heard.clear()
    m.b.heard.clear()
    return m.run(*args, env={'TZ': 'UTC'})


def bodies(s, box='INBOX'):
    return sorted(x.data for x in s.boxes[box].messages) \
        if box in s.boxes else None


def is_(what, m, rc, right=True):
    case.check(m.rc == rc and right, what, (m.rc, m.out, m.err, m.b.heard[-9:]))


def lines(m):
    return [json.loads(x) for x in m.out.splitlines()]


def refuses(s, verb, words='', answer='NO no'):
    s.on_command = lambda session, said, args: \
        b'TAG %s\r\n' % answer.encode() \
        if said == verb and words in args else None


# ---- what is told

size = sum(len(msg(i)) for i in range(3))
for args, want in (([], '3 messages copied, %d bytes\n' % size), (['-q'], ''),
                   (['-v'], 'INBOX -> INBOX: 3 copied\n'
                    '3 messages copied, %d bytes\n' % size)):
    a, b, m = both()
    go(m, *args)
    is_('told: ' + ' '.join(args), m, 0, m.out == want)
go(m)
is_('of nothing no word', m, 0, m.out == m.err == '')
go(m, '-v')
is_('but with -v', m, 0, m.out == 'INBOX -> INBOX: 0 copied\n'
    '0 messages copied\n')
a, b, m = both()
b.unwanted = b'body 1\r\n'
go(m, '-j')
is_('as JSON', m, 65, [(x['event'], x.get('box'), x.get('copied'), x.get('status'))
                       for x in lines(m)] == [
    ('folder', 'INBOX', 2, None), ('problem', None, None, 65),
    ('end', None, 2, 65)] and lines(m)[-1]['failed'] == 1 and
    lines(m)[-1]['bytes'] == len(msg(0)) * 2 and lines(m)[-1]['deleted'] == 0)

# ---- what was refused

for id, why in (('x', 'an id of --failed'), ('0', 'no message with'),
                ('2', 'no message with')):
    go(m, '--ignore', id)
    is_('--ignore ' + id, m, 64, why in m.err)
a.box('INBOX').add(msg(7))
go(m, '--ignore', '1')
is_('--ignore copies nothing', m, 0, len(bodies(b)) == 2 and
    a.heard == b.heard == [])
go(m)
is_('a run does', m, 0, len(bodies(b)) == 3)
a, b, m = both()
b.unwanted = b'body 1\r\n'
go(m)
a.box('INBOX').uidvalidity += 1000
b.unwanted = None
go(m)
is_('UIDs of before count no more', m, 0, bodies(a) == bodies(b))
go(m, '--failed')
is_('nor are they told', m, 0, m.out == '')
a, b, m = both()
a.box('INBOX').add(b'')
exact = len(msg(0))
a.box('INBOX').add(msg(8, 1))
go(m, '--bytes-a-day', str(exact))
is_('a message as large as the budget of a day', m, 75, len(bodies(b)) == 1)
go(m, '--failed')
is_('an empty one', m, 0, 'it is empty' not in m.out)
go(m)
is_('which no budget helps', m, 65, len(bodies(b)) == 4)
go(m, '--failed')
is_('is refused', m, 0, 'UID 4: it is empty' in m.out and
    len(m.out.splitlines()) == 1)
a, b, m = both(1)
a.box('INBOX').add(msg(8, 1))
go(m, '--bytes-a-day', str(exact))
go(m, '--failed')
is_('a larger one never goes', m, 0,
    'it is larger than all of --bytes-a-day' in m.out)

# ---- mailboxes there

a, b, m = both()
for name in ('x', 'y'):
    a.box(name).add(msg(20))
    a.box(name).special = r'\Subscribed'
a.box('n').special = r'\Noselect'
refuses(b, 'SUBSCRIBE', '"x"')
go(m)
is_('SUBSCRIBE is refused: told, and the mail comes', m, 69,
    'x: x: SUBSCRIBE: no' in m.err and 'y: ' not in m.err and
    bodies(a, 'x') == bodies(b, 'x'))
is_(r'\Noselect is no mailbox', m, 69, 'n' not in b.boxes)
case.check(any(h == 'SUBSCRIBE "y"' for h in b.heard) and not any(
    h == 'SUBSCRIBE "INBOX"' for h in b.heard), 'who is subscribed to', b.heard)
a, b, m = both()
for name in ('x', 'y'):
    a.box(name).add(msg(20))
refuses(b, 'CREATE', '"x"', 'NO [NOPERM] not you')
go(m, '-j')
is_('CREATE is refused: told, and all others come', m, 69,
    'x: x cannot be made: [NOPERM] not you' in m.err and
    bodies(b, 'x') is None and bodies(a, 'y') == bodies(b, 'y') and
    [x['box'] for x in lines(m) if x['event'] == 'problem'] == ['x'])

for caps, args in (('', ['--automap']), (' CREATE-SPECIAL-USE', []),
                   (' CREATE-SPECIAL-USE', ['--automap'])):
    a, b, m = both(caps=imapmem.ALL + caps)
    a.box('Sent').add(msg(30))
    a.box('Sent').special = r'\Sent'
    refuses(b, 'CREATE', 'USE', 'NO [USEATTR] no')
    go(m, *args)
    asked = [h for h in b.heard if h[:6] == 'CREATE' and 'USE' in h]
    is_('SPECIAL-USE is %s' % ('asked for, and not insisted on' if caps and args
                               else 'not asked for'), m, 0,
        bodies(b, 'Sent') == [msg(30)] and bool(asked) == bool(caps and args))

# ---- lists

a, b, m = both(of=imapmem.ALL.replace('LIST-STATUS', '')
               .replace('LIST-EXTENDED', ''))
for name in ('x', 'y'):
    a.box(name).add(msg(20))


def subscribed(session, verb, args):
    if verb != 'LSUB':
        return None
    for name in ('x', 'gone'):
        session.say('* LSUB () "/" "%s"' % name)
    return b'TAG OK done\r\n'


a.on_command = subscribed
go(m)
is_('LSUB: what is subscribed to', m, 0, [h for h in b.heard if h[:9] == 'SUBSCRIBE']
    == ['SUBSCRIBE "x"'] and set(b.boxes) == {'INBOX', 'x', 'y'})

# ---- answers to APPEND

for code in ('TRYCREATE', 'NONEXISTENT'):
    a, b, m = both()
    a.box('x').add(msg(40))
    refuses(b, 'APPEND', '"x"', 'NO [%s] none' % code)
    go(m)
    is_('[%s]: the mailbox is gone' % code, m, 75, 'x is not there any more: ['
        in m.err and bodies(a) == bodies(b))
    b.on_command = None
    go(m, '--failed')
    is_('no message is refused by that', m, 0, m.out == '')
go(m)
is_('and the next run has them', m, 0, bodies(a, 'x') == bodies(b, 'x'))

# ---- flags

a, b, m = both(of=imapmem.ALL + ' CONDSTORE')
go(m)
for what, seq in (('goes back', 2), ('is told no more', None)):
    box = a.box('INBOX')
    box.messages[1].flags ^= {r'\Flagged'}
    if seq is None:
        a.all = a.all.replace(' CONDSTORE', '')
    else:
        box.modseq = box.messages[1].modseq = seq
    go(m)
    is_('HIGHESTMODSEQ ' + what + ': flags are asked for', m, 0,
        [x.flags for x in box.messages] ==
        [x.flags for x in b.box('INBOX').messages])

# ---- what is too many there

a, b, m = both()
go(m)
b.box('INBOX').add(msg(50))
b.all = b.all.replace('UIDPLUS ', '')
go(m, '--delete-extra')
is_('no UIDPLUS any more: told, and nothing is deleted', m, 69,
    '1 messages are too many there, and the server has no UIDPLUS' in m.err and
    len(bodies(b)) == 4 and 'deleted' not in m.out and
    not any('STORE' in h for h in b.heard))
b.all += ' UIDPLUS'
go(m, '--delete-extra', '-j')
is_('with it', m, 0, bodies(a) == bodies(b) and lines(m)[-1]['deleted'] == 1)

# ---- a mailbox that shrinks while it is asked about

a, b, m = both()


def shrinks(session, verb, args):
    box = a.box('INBOX').messages
    if verb == 'UID SEARCH' and len(box) == 3:
        del box[0]
        session.say('* 1 EXPUNGE')


a.on_command = shrinks
go(m)
is_('EXISTS that shrinks is no lie', m, 0, m.err == '' and
    bodies(a) == bodies(b))

# ---- looked at

a, b, m = both()
for args, least in (([], 0), (['--rate', '10'], size / 10)):
    go(m, '--check', '-j', *args)
    is_('--check: the time at this rate', m, 0,
        least <= lines(m)[-1]['seconds'] < least + 60 and
        lines(m)[-1]['bytes'] == size)

# ---- compared

a, b, m = both(23)
go(m, '--verify')
is_('compared before it was migrated', m, 65, 'migrate first' in m.err)
go(m)
go(m, '--verify')
is_('all as it is', m, 0, m.err == '')
a.box('INBOX').add(msg(99))
go(m, '--verify')
is_('one came since', m, 65, '1 messages are not copied' in m.err)
del a.box('INBOX').messages[-1]
there = b.box('INBOX').messages
there[1].data = msg(500)
gone = there.pop(2)
go(m, '--verify')
is_('other bytes, and one that is gone', m, 65,
    'UID 2 (2 there): its bytes are others there' in m.err and
    'UID 3 (3 there): it is not there any more' in m.err and
    m.err.count('there): ') == 2)
for left in (3, 2):
    del there[:len(there) - left]
    go(m, '--verify')
    is_('%d are named' % min(20, 23 - left), m, 65,
        m.err.count('not there any more') == 20 and
        (': and ' in m.err) == (left == 2))
b.boxes.pop('INBOX')


# One that the server does not hand out hides no other of its command.
a, b, m = both()
go(m)


def shut(session, verb, args):
    if verb == 'UID FETCH' and 'BODY.PEEK[]' in args:
        low, _, high = args.split()[0].partition(':')
        if int(low) <= 2 <= int(high or low):
            return b'TAG NO [UNAVAILABLE] not now\r\n'
    return None


a.on_command = shut
go(m, '--verify', '-j')
is_('one that does not come', m, 65,
    m.err.count('it does not come, to be compared') == 1 and
    'UID 2 (2 there): it does not come' in m.err and
    lines(m)[-1]['verified'] == 2)

# Where it does not tell UIDs its messages are known by their bytes.
a, b, m = both(caps=imapmem.ALL.replace('UIDPLUS ', ''))
go(m)
go(m, '--verify')
is_('without UIDs, all there', m, 0, m.err == '')
a, b, m = both(caps=imapmem.ALL.replace('UIDPLUS ', ''))
go(m)
b.box('INBOX').messages[1].data = msg(500)
go(m, '--verify')
is_('without UIDs, one is not', m, 65,
    m.err.count('it is not found there by its bytes') == 1)

# ---- whose accounts

for url, rc, why in (('imap://127.0.0.1:9', 64, 'log in as whom?'),
                     ('nobody', 78, '')):
    p = subprocess.run([BUILD + '/imapsync', 'migrate', url,
                        'imap://jo@127.0.0.1:9', '--tls', 'off'],
                       capture_output=True, text=True,
                       env=dict(os.environ, HOME=m.tmp.name))
    case.check(p.returncode == rc and why in p.stderr, url, p)
case.end()
