#!/usr/bin/env -S python3 -B
"""--rcpt-from: whom a field names, and no address that is a sender's idea."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Lmtp, Pop, Run, Serve  # noqa: E402

case = Case()
ELSE = 'RCPT TO:<postmaster@here.test>'


def told(head, *args):
    """The RCPT commands for a message with that header."""
    r, lmtp = Run(), Serve(Lmtp())
    heard = []
    talk = lmtp.talk

    class Ears:
        def __init__(self, f):
            self.f = f

        def readline(self):
            return self.f.readline()

        def __iter__(self):
            for line in self.f:
                heard.append(line.decode('latin1').strip())
                yield line

    def listen(serve, c, n):
        class Sock:
            def makefile(self, mode):
                return Ears(c.makefile(mode))

            def __getattr__(self, name):
                return getattr(c, name)
        talk(serve, Sock(), n)

    lmtp.talk = listen
    s = Serve(Pop([('u1', head.encode() + b'Subject: m1\r\n\r\nx\r\n')]))
    r.go('pop3', s, '-d', 'lmtp:127.0.0.1:%d' % lmtp.port, '--deliver-tls',
         'off', '--rcpt', 'postmaster@here.test', *args, maildir=False)
    s.close()
    lmtp.close()
    r.heard = [h for h in heard if h.startswith('RCPT')]
    return r


FROM = ('--rcpt-from', 'Delivered-To', '--rcpt-domain', 'here.test')
for head, want in (
        ('Delivered-To: jo@here.test\r\n', 'RCPT TO:<jo@here.test>'),
        ('delivered-to:\r\n <Jo@HERE.test>\r\n', 'RCPT TO:<Jo@HERE.test>'),
        ('Delivered-To: jo@here.test\r\nDelivered-To: x@here.test\r\n',
         'RCPT TO:<jo@here.test>'),
        ('Delivered-To: x@evil.test\r\nDelivered-To: jo@here.test\r\n', ELSE),
        ('Delivered-To: x@sub.here.test\r\n', ELSE),
        ('Delivered-To: x@nothere.test\r\n', ELSE),
        ('Delivered-To: x@here.test.evil.test\r\n', ELSE),
        ('Delivered-To: x@evil.test@here.test\r\n', ELSE),
        ('Delivered-To: a@here.test, b@here.test\r\n', ELSE),
        ('Delivered-To: a@here.test b@here.test\r\n', ELSE),
        ('Delivered-To: <a@here.test> SIZE=1\r\n', ELSE),
        ('Delivered-To: @evil.test:jo@here.test\r\n', ELSE),
        ('Delivered-To: jo%evil.test@here.test\r\n', ELSE),
        ('Delivered-To: evil.test!jo@here.test\r\n', ELSE),
        ('Delivered-To: -f@here.test\r\n', ELSE),
        ('Delivered-To: <>\r\n', ELSE), ('Delivered-To: jo\r\n', ELSE),
        ('Delivered-To:\r\n', ELSE),
        ('Delivered-To: jo@here.test\x01\r\n', ELSE),
        ('Delivered-To: j\u00f6@here.test\r\n', ELSE),
        ('To: jo@here.test\r\n', ELSE)):
    r = told(head, *FROM)
    case.check(r.rc == 0 and r.heard == [want], repr(head), (r.heard, r.err))
r = told('X: y\r\n', '--rcpt', 'j\u00f6@here.test')
case.check(r.rc == 65 and not r.heard and 'SMTPUTF8' in r.err,
           'an address that the server cannot be told: 65', (r.rc, r.err))
for to in (('--rcpt', 'j\u00f6@here.test'), FROM):
    lmtp = Lmtp(('8BITMIME', 'PIPELINING', 'SMTPUTF8'))
    s, d, r = Serve(lmtp), Serve(Pop([('u1', 'Delivered-To: j\u00f6@here.test\r\n'
                                       .encode() + b'\r\nx\r\n')])), Run()
    r.go('pop3', d, '-d', 'lmtp:127.0.0.1:%d' % s.port, '--deliver-tls',
         'off', '--rcpt', 'postmaster@here.test', *to, maildir=False)
    case.check(r.rc == 0 and 'RCPT TO:<j\u00f6@here.test>\r\n'.encode() in
               lmtp.whom and 'SMTPUTF8' in lmtp.mails[0],
               '%s: with SMTPUTF8 it is told' % to[0],
               (r.rc, r.err, lmtp.whom, lmtp.mails))
    s.close()
    d.close()
    r.done()
r = told('X: y\r\n', '--rcpt-from', 'Delivered-To')
case.check(r.rc == 64 and not r.heard and '--rcpt-domain' in r.err,
           'without a domain: 64', r.err)
r = told('X: y\r\n', '--rcpt-domain', 'here.test')
case.check(r.rc == 64, 'a domain alone: 64', r.err)
r = told('X: y\r\n', '--rcpt-from', 'A: b', '--rcpt-domain', 'here.test')
case.check(r.rc == 64, 'no name of a field: 64', r.err)
for field in ('Delivered-To', 'delivered-to', 'Received'):
    r = told('Delivered-To: jo@here.test\r\n', '--rcpt-from', field,
             '--rcpt-domain', 'here.test', '--add-header', field.title())
    case.check(r.rc == 64 and not r.heard and '--add-header' in r.err,
               '%s: the topmost one would be ours' % field, (r.rc, r.err))
case.end()
