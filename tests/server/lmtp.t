#!/usr/bin/env -S python3 -B
"""mailfetch to an LMTP server: one message's fault is that message's."""
import email
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Lmtp, Pop, Run, Serve, msg, subjects  # noqa: E402

case = Case()
SEALED = (b'Subject: odd\r\nContent-Type: multipart/%s; boundary=q\r\n\r\n'
          b'--q\r\n\r\n%s\r\n--q--\r\n')
OLD = ('PIPELINING', 'SIZE')
NEW = OLD + ('8BITMIME',)
BDAT = NEW + ('CHUNKING',)
BINARY = BDAT + ('BINARYMIME',)


def lmtp(serve, *args):
    return ('-d', 'lmtp:127.0.0.1:%d' % serve.port, '--deliver-tls', 'off',
            '--rcpt', 'a@x.test', '--delete', 'now') + args


def nested(n):
    """n multiparts, one in the other, around a NUL."""
    return b'Subject: odd\r\n' + b''.join(
        b'Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n' %
        (i, i) for i in range(n)) + b'\r\na\0b\r\n'


# ---- it stays, is named once in a run, and what is behind it comes

for name, caps, text, said in (
        ('a NUL in the header', NEW, b'Subject: a\0b\r\n\r\nx\r\n',
         'NUL in the header'),
        ('a signed part with a NUL', NEW, SEALED % (b'signed', b'a\0b'),
         'signed'),
        ('an encrypted part with a NUL', NEW, SEALED % (b'encrypted',
                                                        b'a\0b'), 'signed'),
        ('a NUL in 200 multiparts', NEW, nested(200), 'levels deep'),
        ('a NUL in the header, BDAT alone', BDAT, b'Subject: a\0b\r\n\r\nx\r\n',
         'NUL in the header'),
        ('a signed part with 8 bits, no 8BITMIME', OLD,
         SEALED % (b'signed', b'na\xc3\xafve'), '8-bit'),
        ('8 bits in header and body, no 8BITMIME', OLD,
         b'Subject: na\xc3\xafve\r\n\r\nna\xc3\xafve\r\n', '8-bit'),
        ('larger than SIZE', ('SIZE 50000', '8BITMIME'),
         msg(9, b'odd line\r\n' * 6000), 'over the 50000 bytes')):
    for proto, v in (('pop3', Pop([('odd', text)] + [
            ('u%d' % i, msg(i)) for i in range(3)])), ('imap', Imap(dict(
                enumerate([text] + [msg(i) for i in range(3)], 1))))):
        sink = Lmtp(caps)
        s, to, r = Serve(v), Serve(sink), Run()
        for n in (1, 2):
            r.go(proto, s, *lmtp(to), maildir=False)
            case.check(r.rc == 65 and said in r.err and
                       r.err.count('stays on the server') == 1 and
                       subjects(sink.got) == [0, 1, 2] and len(v.m) == 1,
                       '%s: %s: run %d' % (proto, name, n),
                       (r.rc, r.err, subjects(sink.got), len(v.m)))
        s.close()
        to.close()
        r.done()

# ---- a recipient has what this place gave, and nothing else

v, a, b = Pop(), Lmtp(), Lmtp()
s, to, too, r = Serve(v), Serve(a), Serve(b), Run()
a.busy = b'<b@'
two = lmtp(to, '--rcpt', 'b@x.test', '-d', 'lmtp:127.0.0.1:%d' % too.port)
r.go('pop3', s, *two, maildir=False)
n = len(v.m)
a.busy = b'none'
r.go('pop3', s, *two, maildir=False)
case.check(n == 5 and r.rc == 0 and not v.m and
           sum(b'<a@' in x for x in b.whom) == 5 and
           sum(b'<b@' in x for x in b.whom) == 5,
           'two places: a recipient who was busy at one costs nobody anything',
           (n, r.rc, r.err, b.whom, len(v.m)))
for x in (s, to, too):
    x.close()
r.done()

# The id comes back with another message, which is for both of them again.
v, a = Pop([('same', msg(1))]), Lmtp()
s, to, r = Serve(v), Serve(a), Run()
a.busy = b'<b@'
r.go('pop3', s, *lmtp(to, '--rcpt', 'b@x.test'), maildir=False)
a.busy = b'none'
r.go('pop3', s, *lmtp(to, '--rcpt', 'b@x.test'), maildir=False)
gone = not v.m
v.m = Pop([('same', msg(2))]).m
r.go('pop3', s, *lmtp(to, '--rcpt', 'b@x.test'), maildir=False)
whom = sorted(x.split(b'<')[1][:1] for x in a.whom)
case.check(gone and r.rc == 0 and not v.m and whom == [b'a', b'a', b'b', b'b'],
           'the next message of its id is given to who had the last one first',
           (gone, r.rc, r.err, whom, len(v.m)))
for x in (s, to):
    x.close()
r.done()

# Somebody else has removed it there, and then the id comes back.
v, a = Pop([('same', msg(1)), ('u3', msg(3))]), Lmtp()
s, to, r = Serve(v), Serve(a), Run()
both = lmtp(to, '--rcpt', 'b@x.test', '--delete', 'never')
a.busy = b'<b@'
r.go('pop3', s, *both, maildir=False)
a.busy = b'none'
v.m = Pop([('u3', msg(3))]).m
r.go('pop3', s, *both, maildir=False)
v.m = Pop([('u3', msg(3)), ('same', msg(2))]).m
r.go('pop3', s, *both, maildir=False)
whom = [x.split(b'<')[1][:1] for x in a.whom]
case.check(r.rc == 0 and whom.count(b'a') == 3 and whom.count(b'b') == 2,
           'one that is gone is forgotten of each recipient',
           (r.rc, r.err, whom))
for x in (s, to):
    x.close()
r.done()

# The mailbox was empty in between: what is listed under its id is another one.
v, a = Pop([('same', msg(1)), ('kept', msg(3))]), Lmtp()
s, to, r = Serve(v), Serve(a), Run()
both = lmtp(to, '--rcpt', 'b@x.test', '--delete', 'never')
a.busy = b'<b@'
r.go('pop3', s, *both, maildir=False)
a.busy = b'none'
was, v.m = v.m, []
r.go('pop3', s, *both, maildir=False)
v.m = [('same', msg(2)), was[1]]
r.go('pop3', s, *both, maildir=False)
whom = [x.split(b'<')[1][:1] for x in a.whom]
case.check(r.rc == 0 and whom.count(b'a') == 3 and whom.count(b'b') == 2,
           'another one behind an empty mailbox is given to each recipient',
           (r.rc, r.err, whom, subjects(a.got)))
for x in (s, to):
    x.close()
r.done()

# A place of the command line has it in part when the section deletes it there.
v, a = Pop([('same', msg(1))]), Lmtp()
s, to, r = Serve(v), Serve(a), Run()
r.write('rc', 'fetch work\nserver pop3://127.0.0.1:%d\nuser a\ntls off\n'
        'password-command echo p\ndeliver maildir:%s/M\ncreate\ndelete now\n'
        % (s.port, r.d))
conf = ('--config', r.d + '/rc', 'work')
beside = conf + lmtp(to)[:-2] + ('--rcpt', 'b@x.test')
a.busy = b'<b@'
first = r.bare(beside)
a.busy = b'none'
gone = r.bare(conf) == 0 and not v.m
v.m = [('same', msg(2))]
r.bare(beside)
whom = [x.split(b'<')[1][:1] for x in a.whom]
case.check(first == 75 and gone and r.rc == 0 and whom == [b'a', b'a', b'b'],
           'what is deleted is forgotten of the recipients of other places',
           (first, gone, r.rc, r.err, whom))
for x in (s, to):
    x.close()
r.done()

# ---- it hangs up at one message

# The SIZE of MAIL tells which it is before it comes.
FIVE = [('u%d' % i, msg(i, b'x' * (1000 if i == 2 else 10) + b'\r\n'))
        for i in range(5)]


def hangs(*where, caps=NEW, args=()):
    """Hangs up at these commands for the one, as often as they are named."""
    left = list(where)

    def hang(verb, text):
        if verb == 'MAIL':
            sink.big = b'SIZE=1' in text
        if sink.big and left and verb == left[0]:
            left.pop(0)
            return True
        return False

    v, sink = Pop(FIVE), Lmtp(caps)
    sink.big, sink.hang = False, hang
    s, to, r = Serve(v), Serve(sink), Run()
    r.go('pop3', s, *lmtp(to, *args), maildir=False)
    return v, s, to, r, sink


for verb in ('MAIL', 'RCPT', 'DATA'):
    for caps in (NEW, ('SIZE', '8BITMIME')):
        v, s, to, r, sink = hangs(verb, caps=caps)
        case.check(r.rc == 0 and r.err == '' and not v.m and
                   subjects(sink.got) == [0, 1, 2, 3, 4] and to.conns == 2,
                   'hung up at %s: once more' % verb,
                   (r.rc, r.err, subjects(sink.got), to.conns))
        r.done()
        v, s, to, r, sink = hangs(verb, verb, caps=caps)
        case.check(r.rc == 75 and r.err.count('\n') == 1 and
                   'message 3 stays' in r.err and 'closed' in r.err and
                   subjects(sink.got) == [0, 1, 3, 4] and
                   [u for u, _ in v.m] == ['u2'] and to.conns == 3,
                   'hung up at %s, twice: it stays, the others come' % verb,
                   (r.rc, r.err, subjects(sink.got), to.conns, len(v.m)))
        r.go('pop3', s, *lmtp(to), maildir=False)
        case.check(r.rc == 0 and r.err == '' and not v.m and
                   subjects(sink.got) == [0, 1, 3, 4, 2],
                   'and comes later, in no doubt', (r.rc, r.err))
        s.close()
        to.close()
        r.done()

v, s, to, r, sink = hangs('.')
case.check(r.rc == 75 and 'may have been accepted' in r.err and
           subjects(sink.got) == [0, 1, 3, 4] and len(v.m) == 1,
           'hung up behind the message: not given again in this run',
           (r.rc, r.err, subjects(sink.got)))
r.go('pop3', s, *lmtp(to, '--in-doubt', 'skip'), maildir=False)
case.check(subjects(sink.got) == [0, 1, 3, 4] and len(v.m) == 1 and
           '1 handed over before' in r.err, 'it is in doubt', r.err)
s.close()
to.close()
r.done()

# Of two recipients one has an answer: the other is in doubt as ever.
for policy, rcpts, left in (('skip', [b'a', b'b'], 1),
                            ('retry', [b'a', b'b', b'b'], 0)):
    v, sink = Pop([('u1', msg(1))]), Lmtp(NEW)
    sink.tells = 1
    s, to, r = Serve(v), Serve(sink), Run()
    r.go('pop3', s, *lmtp(to, '--rcpt', 'b@x.test'), maildir=False)
    case.check(r.rc == 75 and '<b@x.test>: may have been accepted' in r.err and
               '<a@' not in r.err and len(v.m) == 1,
               'hung up behind one answer of two', (r.rc, r.err))
    sink.tells = None
    r.go('pop3', s, *lmtp(to, '--rcpt', 'b@x.test', '--in-doubt', policy),
         maildir=False)
    whom = [x.split(b'<')[1][:1] for x in sink.whom]
    case.check(whom == rcpts and len(v.m) == left and
               '1 handed over before' in r.err,
               '%s: the second one is in doubt, the first one has it' % policy,
               (r.rc, r.err, whom, len(v.m)))
    s.close()
    to.close()
    r.done()

v, sink = Pop([('u%d' % i, msg(i)) for i in range(20)]), Lmtp(NEW)
sink.hang = lambda verb, text: verb == 'MAIL'
s, to, r = Serve(v), Serve(sink), Run()
r.go('pop3', s, *lmtp(to), maildir=False)
case.check(r.rc == 75 and to.conns == 5 and len(v.m) == 20 and
           '5 times in a row' in r.err, 'it hangs up at all: that ends the run',
           (r.rc, r.err, to.conns))
s.close()
to.close()
r.done()

# ---- a bare LF is said

for proto in ('pop3', 'imap'):
    odd = [b'Subject: m1\r\n\r\na\nb\r\n', b'Subject: m2\n\nx\r\n', msg(3),
           b'Subject: m4\r\n\r\n' + b'y' * 200000 + b'\nz\r\n']
    v = Pop([('u%d' % i, t) for i, t in enumerate(odd)]) if proto == 'pop3' \
        else Imap(dict(enumerate(odd, 1)))
    sink = Lmtp(NEW)
    s, to, r = Serve(v), Serve(sink), Run()
    r.go(proto, s, *lmtp(to), maildir=False)
    case.check(r.rc == 0 and sink.got[0].endswith(b'a\r\nb\r\n') and
               '3 of the messages had lines that end without a CR' in r.err
               and r.err.count('\n') == 1, proto + ': a bare LF is said',
               (r.rc, r.err, len(sink.got)))
    s.close()
    to.close()
    r.done()

# ---- what can go as it came does

def through(caps, *texts):
    v, sink = Pop([('u%d' % i, t) for i, t in enumerate(texts)]), Lmtp(caps)
    s, to, r = Serve(v), Serve(sink), Run()
    r.go('pop3', s, *lmtp(to), maildir=False)
    s.close()
    to.close()
    r.done()
    return r, sink


LONG = {
    'a header line of 1200':
        b'Subject: p\r\nReferences: ' + b'x' * 1200 + b'\r\n\r\nx\r\n',
    'a header line of 1200 with blanks':
        b'Subject: p\r\nTo:' + b' a@x.test,' * 120 + b'\r\n\r\nx\r\n',
    'a header of 2 MB':
        b'Subject: p\r\n' + (b'X: ' + b'y' * 900 + b'\r\n') * 2300 +
        b'\r\nx\r\n',
    'a line of 100000': b'Subject: p\r\n\r\n' + b'y' * 100000 + b'\r\n',
    'a signed part with a line of 1500': SEALED % (b'signed', b'y' * 1500),
    '8 bits in header and body':
        b'Subject: na\xc3\xafve\r\n\r\nna\xefve\r\n',
    'no empty line behind the header': b'Subject: p\r\nno field\r\nx\r\n',
    'an mbox line in front': b'From a@x.test now\r\nSubject: p\r\n\r\nx\r\n',
    'no header': b'\r\nx\r\n',
    'ends of data': b'Subject: p\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n',
}
RAW = {
    'a bare CR': b'Subject: p\r\n\r\na\rb\r\n',
    'a bare CR in the header': b'Subject: a\rb\r\n\r\nx\r\n',
    'an end of data behind a bare CR':
        b'Subject: p\r\n\r\na\r.\r\nb\r\n.\r\rQUIT\r\n',
    'a signed part with a bare CR': SEALED % (b'signed', b'a\rb'),
}
NUL = {
    'a NUL': b'Subject: p\r\n\r\na\0b\r\n',
    'a NUL in the header': b'Subject: a\0b\r\n\r\nx\r\n',
    'a signed part with a NUL': SEALED % (b'signed', b'a\0b'),
}
for caps, texts in ((NEW, LONG), (BDAT, dict(LONG, **RAW)),
                    (BINARY, dict(LONG, **RAW, **NUL))):
    r, sink = through(caps, *texts.values())
    case.check(r.rc == 0 and r.err == '', '%s: all go' % caps[-1],
               (r.rc, r.err))
    for name, text in texts.items():
        case.check(text in sink.got, '%s: %s, byte for byte' %
                   (caps[-1], name), [len(x) for x in sink.got])
    binary = [k for k, m in zip(texts, sink.mails) if 'BINARYMIME' in m]
    case.check(binary == ([*RAW, *NUL] if caps is BINARY else []),
               '%s: BODY=BINARYMIME' % caps[-1], sink.mails)

# ---- else it is encoded anew, and that is said once

BOTH = (RAW['a bare CR'], RAW['an end of data behind a bare CR'], NUL['a NUL'])
for caps, texts in ((NEW, BOTH), (BDAT, BOTH[2:])):
    r, sink = through(caps, *texts)
    case.check(r.rc == 0 and r.err.count('\n') == 1 and '%d of the messages '
               'were encoded anew' % len(texts) in r.err,
               '%s: it is said' % caps[-1], (r.rc, r.err))
    case.check([email.message_from_bytes(g).get_payload(decode=True)
                for g in sink.got] == [t.split(b'\r\n\r\n', 1)[1]
                                       for t in texts] and
               not [g for g in sink.got if b'\0' in g or
                    re.search(rb'\r[^\n]', g)],
               '%s: it means the same' % caps[-1], sink.got)
for name in ('a bare CR in the header', 'a signed part with a bare CR'):
    r, sink = through(NEW, RAW[name], msg(1))
    case.check(r.rc == 65 and subjects(sink.got) == [1] and
               r.err.count('stays on the server') == 1,
               '%s without CHUNKING: it stays' % name, (r.rc, r.err))

# ---- what is made anew is closed again

v = Pop([('u%d' % i, b'Subject: m%d\r\n\r\na\0b\r\n' % i) for i in range(60)])
sink = Lmtp()
s, to, r = Serve(v), Serve(sink), Run()
p = subprocess.run(['sh', '-c', 'ulimit -n 40; exec "$@"', 'sh'] +
                   r.line('pop3', s, *lmtp(to), maildir=False),
                   env=r.env(), capture_output=True, timeout=60)
case.check(p.returncode == 0 and subjects(sink.got) == list(range(60)),
           '60 that are encoded anew, 40 descriptors',
           (p.returncode, p.stderr, len(sink.got)))
s.close()
to.close()
r.done()
case.end()
