#!/usr/bin/env -S python3 -B
"""--add-header: in front of what is delivered, and once all the same."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import BIN, Case, Imap, Lmtp, Pop, Run, Serve, msg, subjects \
    # noqa: E402

case = Case()
LIB = os.path.dirname(BIN) + '/lab/killn.so'
BOTH = ['--add-header', 'Received', '--add-header', 'Delivered-To']
LINES = (rb'Delivered-To: a@127\.0\.0\.1\n'
         rb'Received: from 127\.0\.0\.1 by \S+ \(mailfetch\)\n'
         rb'\twith (POP3|IMAP) id [0-9a-f]{32};\n'
         rb'\t\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\n')


def bare(i):
    return msg(i).replace(b'\r\n', b'\n')


for proto, box in (('imap', Imap), ('pop3', Pop)):
    r, s, lmtp = Run(), Serve(box()), Serve(Lmtp())
    r.go(proto, s, '-d', 'mbox:%s/B' % r.d, '-d', 'exec:dd of=%s/E oflag=append '
         'conv=notrunc status=none' % r.d, '-d', 'lmtp:127.0.0.1:%d' %
         lmtp.port, '--rcpt', 'j@x.test', '--deliver-tls', 'off', '--max-size',
         str(len(msg(1))), '--delete', 'now', *BOTH)
    with open(r.d + '/B', 'rb') as f:
        mbox = f.read()
    with open(r.d + '/E', 'rb') as f:
        given = f.read()
    case.check(r.rc == 0 and not s.talk.m and sorted(
        re.sub(rb'\A' + LINES, b'', m) for m in r.files()) ==
        [bare(i) for i in range(1, 6)], proto + ': a Maildir, and no byte more',
        (r.err, r.files()))
    case.check(all(re.match(LINES, m) for m in r.files()), proto + ': in front',
               r.files())
    case.check(len(re.findall(rb'From .*\n' + LINES, mbox)) == 5 and
               re.sub(LINES, b'', given) == b''.join(
                   bare(i) for i in range(1, 6)) and
               [re.sub(LINES, b'', m.replace(b'\r\n', b'\n'))
                for m in lmtp.talk.got] == [bare(i) for i in range(1, 6)],
               proto + ': mbox, exec, LMTP', (mbox, given, lmtp.talk.got))
    s.close(), lmtp.close()

r, s = Run(), Serve(Imap())
r.go('imap', s, '--add-header', 'delivered-to', '--filter',
     "sh -c 'cat; echo more'")
case.check(r.rc == 0 and all(m.startswith(b'Delivered-To: a@127.0.0.1\nFrom: a')
                             and m.endswith(b'more\n') for m in r.files()) and
           len(r.files()) == 5, 'through a filter', (r.err, r.files()))
for bad in (['Subject'], ['Received', 'received'], ['Received: x'], ['']):
    r.go('imap', s, *[x for b in bad for x in ('--add-header', b)])
    case.check(r.rc == 64 and '--add-header' in r.err, '%s: 64' % bad, r.err)
s.close()

# Killed at any change; then another time is in front, and each is known again.
for proto, box in (('imap', Imap), ('pop3', Pop)):
    bad, n = [], 0
    while not bad:
        n += 1
        r, s = Run(), Serve(box())
        r.go(proto, s, '--delete', 'now', *BOTH, env={
            'LD_PRELOAD': LIB, 'KILLN': str(n), 'KILLN_FAST': '1'})
        killed = r.rc != 0
        r.go(proto, s, '--delete', 'now', *BOTH, env={'TZ': 'XXX-5'})
        if r.rc != 0 or sorted(subjects(r.files())) != [1, 2, 3, 4, 5] or \
                s.talk.m:
            bad = [n, r.rc, r.err, subjects(r.files())]
        s.close(), r.done()
        if not killed:
            break
    case.check(not bad and n > 20, '%s: killed at %d points, and once' % (
        proto, n), bad)

# The answer to an APPEND is lost, and nothing can be asked in that run.
r, s, d = Run(), Serve(Imap()), imapmem.Server(
    imapmem.ALL.replace('MULTIAPPEND ', ''))
seen = []


def said(session, data):
    if b'APPENDUID' in data:
        seen.append(data)
        if len(seen) == 3:
            d.on_command = lambda *_: "close"
            raise imapmem.Gone
    return data


d.on_say = said
args = ['-d', 'imap://jo@127.0.0.1:%d/INBOX' % d.port, '--deliver-tls', 'off',
        '--deliver-password-command', 'echo secret'] + BOTH
r.go('imap', s, *args, maildir=False)
lost = r.rc == 75 and len(seen) == 3
d.on_command = None
r.go('imap', s, *args, maildir=False, env={'TZ': 'XXX-5'})
got = subjects([m.data for m in d.box('INBOX').messages])
case.check(lost and r.rc == 0 and sorted(got) == [1, 2, 3, 4, 5], 'IMAP: once',
           (r.err, got))
s.close(), d.close()
case.end()
