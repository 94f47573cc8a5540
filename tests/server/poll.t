#!/usr/bin/env -S python3 -B
"""--poll: a watch looks so often where the server does not tell."""
import concurrent.futures
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, until  # noqa: E402

case = Case()
check = case.check
BARE = 'IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN'


def watched(proto, talk, word, *args):
    """When the server was looked at for the first four times."""
    s, r, at = Serve(talk), Run(), []

    class Log(list):
        def append(self, t):
            list.append(self, t)
            if word in t:
                at.append(time.monotonic())

    s.log = Log()
    p = r.start(proto, s, '--watch', *args)
    right = until(lambda: len(at) >= 4, 40)
    p.send_signal(signal.SIGTERM)
    p.wait()
    s.close()
    r.done()
    return right, [b - a for a, b in zip(at, at[1:])]


# All at once: what they need is time.
WATCHED = (
    ('POP3', 'pop3', Pop(), 'UIDL', ()),
    ('IMAP without IDLE', 'imap', Imap(caps=BARE), 'EXAMINE "a"',
     ('-f', 'INBOX', '-f', 'a')),
    ('the folders behind the first', 'imap', Imap(), 'EXAMINE "a"',
     ('-f', 'INBOX', '-f', 'a')),
    ('not before LOGIN-DELAY', 'pop3', Pop(
        capa=lambda s, t: '+OK\r\nUIDL\r\nTOP\r\nLOGIN-DELAY 2\r\n.\r\n'),
     'UIDL', ()))
with concurrent.futures.ThreadPoolExecutor(len(WATCHED)) as pool:
    jobs = [pool.submit(watched, proto, talk, word, '--poll', '1', *args)
            for _, proto, talk, word, args in WATCHED]
for (name, *_), job in zip(WATCHED, jobs):
    right, gaps = job.result()
    # A tenth more or less; a clock is read before and after.
    least = 1.9 if 'DELAY' in name else 0.85
    check(right and all(g > least for g in gaps), name, gaps)
# Five that are there, two at a look.
s, r = Serve(Imap(caps=BARE)), Run()
p = r.start('imap', s, '--watch', '--poll', '1', '--limit', '2')
check(until(lambda: len(r.files()) == 5, 40), '--limit is for each look anew',
      (len(r.files()), s.log))
asked = [t.split(' ')[3] for t in s.log if 'UID FETCH' in t]
check(asked == ['1:2', '3:4', '5'], 'no more than so many at one', asked)
p.send_signal(signal.SIGTERM)
p.wait()
s.close()
r.done()
s, r = Serve(Pop()), Run()
r.go('pop3', s, '--poll', '9')
check(r.rc == 64 and '--watch' in r.err, 'without --watch: 64', r.err)
for bad in ('0.5', 'soon', '-1', 'nan'):
    r.go('pop3', s, '--watch', '--poll=' + bad, timeout=20)
    check(r.rc == 64, '--poll ' + bad + ': 64', (r.rc, r.err))
case.end()
