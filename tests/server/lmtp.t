#!/usr/bin/env -S python3 -B
"""mailfetch to an LMTP server: one message's fault is that message's."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Lmtp, Pop, Run, Serve, msg, subjects  # noqa: E402

case = Case()
SEALED = (b'Subject: odd\r\nContent-Type: multipart/%s; boundary=q\r\n\r\n'
          b'--q\r\n\r\n%s\r\n--q--\r\n')
OLD = ('PIPELINING', 'SIZE')
NEW = OLD + ('8BITMIME',)


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
        ('a header of 2 MB', NEW, b'Subject: odd\r\n' +
         b'X: y\r\n' * 350000 + b'\r\nx\r\n', 'a header over'),
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
