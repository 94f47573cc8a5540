#!/usr/bin/env -S python3 -B
"""mailfetch and the servers that Debian does not let stand beside Dovecot:
popa3d and solid-pop3d, whose UIDLs are hashes of the header, Cyrus, Courier;
and Dovecot."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, Run, Serve, msg  # noqa: E402
from other import NAMES, Other  # noqa: E402

case = Case()
N = 200
FLAGS = ('\\Seen', '\\Answered', '\\Flagged')


def head(subject, more=''):
    return ('From: monitor@x.test\nTo: billy@x.test\nDate: Mon, 1 Jan 2024 '
            '10:00:00 +0000\nMessage-ID: <%s@x.test>\nSubject: %s\n%s\n' % (
                subject.replace(' ', '.'), subject, more)).encode()


def alert(i):
    """The header is the same each time."""
    return head('disk failing') + b'disk sd%d is failing\n' % i


BODIES = (b'', b'line\n', b'.\n..\n.x\n', b'From here\n>From there\n',
          'grüße\n'.encode('latin1'), 'grüße\n'.encode(), b'x' * 5000 + b'\n',
          b'\n\n\n', b'no end', b'line of text\n' * 3000, b'tab\tand  \n',
          b'--b\nContent-Type: text/plain\n\nx\n--b--\n', b'\n.\nQUIT\n')
HEADS = ('', 'X-Long: %s\n' % ('y' * 1200), 'X-Folded: a\n b\n\tc\n',
         'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n')


def mixed(i):
    return head('mixed %d' % i, HEADS[i % len(HEADS)]) + \
        BODIES[i % len(BODIES)]


class Box:
    """A server's mailbox by one protocol; what another client makes of it."""

    def __init__(self, o, proto):
        self.o, self.proto, self.r = o, proto, Run()

    def fetch(self, *args):
        self.r.bare(['-S', '%s://%s@127.0.0.1:%d' % (
            self.proto.lower(), self.o.user, self.o.port[self.proto]),
            '--tls', 'off', '--password-command', 'echo ' + self.o.password,
            '-d', 'maildir:%s/M' % self.r.d, '--create', *args])
        return self.r.rc == 0 and self.r.err == ''

    def there(self):
        """The messages on the server."""
        if self.proto == 'POP3':
            p = self.o.pop()
            got = [b'\n'.join(p.retr(i + 1)[1]) + b'\n'
                   for i in range(p.stat()[0])]
            p.quit()
            return got
        m = self.o.imap()
        got = []
        for n in m.search(None, 'ALL')[1][0].split():
            got.append(m.fetch(n, '(BODY.PEEK[])')[1][0][1].replace(
                b'\r\n', b'\n'))
        m.logout()
        return got

    def said(self):
        return self.r.rc, self.r.out, self.r.err

    def done(self):
        self.r.done()


def alerts(o, proto, title, between):
    b = Box(o, proto)
    right = True
    for i in (1, 2, 3):
        o.mail([alert(i)])
        right = b.fetch('--delete', 'now') and right
        between(b.r)
    got = b.r.files()
    case.check(right and len(got) == 3 and not b.there() and
               all(sum(b'sd%d' % i in x for x in got) == 1
                   for i in (1, 2, 3)),
               '%s, %s: three alerts with one header, %s: three files' %
               (o.name, proto, title), (b.said(), got, b.there()))
    b.done()


def nothing(r):
    pass


def read(r):
    for f in os.listdir(r.d + '/M/new'):
        os.rename('%s/M/new/%s' % (r.d, f), '%s/M/cur/%s:2,S' % (r.d, f))


def lose(r):
    for d, _, files in os.walk(r.state):
        for f in files:
            os.unlink(d + '/' + f)


def flag(o):
    """Every third message gets some."""
    m = o.imap()
    for i in range(3, N + 1, 3):
        some = [x for k, x in enumerate(FLAGS) if i >> k & 1]
        if some:
            m.store(str(i), 'FLAGS', '(%s)' % ' '.join(some))
    m.logout()


def flags(o):
    """Of all messages, in their order."""
    m = o.imap()
    got = [sorted(x for x in FLAGS if x.encode() in f)
           for f in m.fetch('1:*', '(FLAGS)')[1]]
    m.logout()
    return got


def many(o, proto):
    name = '%s, %s: ' % (o.name, proto)
    b = Box(o, proto)
    o.mail([mixed(i) for i in range(N)])
    if proto == 'IMAP':
        flag(o)
        before = flags(o)
    there = b.there()
    right = b.fetch()
    got = b.r.files()
    case.check(right and len(there) == N and sorted(got) == sorted(there),
               name + '%d mixed messages, byte for byte' % N,
               (b.said(), len(there), len(got), [(x, y) for x, y in zip(
                   sorted(got), sorted(there)) if x != y][:1]))
    if proto == 'IMAP':
        case.check(flags(o) == before and any(before),
                   name + 'no flag was changed there', before)
    case.check(len(b.there()) == N, name + 'all are still there')
    case.check(b.fetch('-j') and '"fetched":0' in b.r.out,
               name + 'a second run brings nothing', b.said())
    o.mail([mixed(N)])
    case.check(b.fetch('-j') and '"fetched":1' in b.r.out and
               len(b.r.files()) == N + 1, name + 'one more comes', b.said())
    case.check(b.fetch('--delete', 'now') and not b.there() and
               len(b.r.files()) == N + 1, name + 'then all are deleted there',
               (b.said(), len(b.there()), len(b.r.files())))
    b.done()


def stored(o):
    """What POP3 brings is stored there by APPEND, folder and all."""
    come = [('u%d' % i, msg(i, x)) for i, x in enumerate(
        (b'line\r\n', b'.\r\n..\r\n', b'From here\r\n',
         'grüße\r\n'.encode('latin1'), b'x' * 5000 + b'\r\n'))]
    s, r = Serve(Pop(come)), Run()
    for folder in ('INBOX', 'INBOX.New' if o.name in ('cyrus', 'courier')
                   else 'New'):
        for k in (1, 2):
            r.go('pop3', s, '-d', 'imap://%s@127.0.0.1:%d/%s' % (
                o.user, o.port['IMAP'], folder), '--create', '--deliver-tls',
                'off', '--deliver-password-command', 'echo ' + o.password,
                '--state', r.d + '/' + folder, maildir=False)
        m = o.imap()
        m.select(folder, readonly=True)
        got = [m.fetch(n, '(BODY.PEEK[])')[1][0][1]
               for n in m.search(None, 'ALL')[1][0].split()]
        m.logout()
        case.check(r.rc == 0 and sorted(got) == sorted(x for _, x in come),
                   '%s: five are stored in %s, once' % (o.name, folder),
                   (r.rc, r.err, got))
    s.close()
    r.done()


for name in sys.argv[1:] or NAMES:
    o = Other(name)
    if o.why:
        print('ok %d - %s # SKIP %s' % (case.n + 1, name, o.why))
        case.n += 1
        continue
    for proto in o.port:
        alerts(o, proto, 'one a run', nothing)
        alerts(o, proto, 'read in between', read)
        alerts(o, proto, 'the state lost in between', lose)
        many(o, proto)
    if 'IMAP' in o.port:
        stored(o)
    o.down()
case.end()
