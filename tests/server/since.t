#!/usr/bin/env -S python3 -B
"""--since by POP3: the topmost Received of a header says when it came."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, Run, Serve, subjects  # noqa: E402

case = Case()
check = case.check


def mail(i, *came, date='Mon, 01 Jan 2001 00:00:00 +0000'):
    return ('u%d' % i, (''.join('Received: from a.test (x;y)\r\n by b.test; '
                                '%s\r\n' % c for c in came) +
                        'Date: %s\r\nSubject: m%d\r\n\r\nbody\r\n' % (
                            date, i)).encode())


NEW = 'Wed, 15 Jul 2026 12:00:00 +0000'
OLD = 'Wed, 10 Jun 2026 12:00:00 +0000'
MAILS = [
    mail(1, OLD), mail(2, NEW), mail(3, NEW, OLD), mail(4, OLD, NEW),
    mail(5), mail(6, 'yesterday'), mail(7, OLD, date=NEW),
    mail(8, 'Wed, 01 Jul 2026 12:00:00 +0000'),
    mail(9, 'Tue, 30 Jun 2026 12:00:00 +0000'),
    ('u10', b'Subject: m10\r\nX: ' + b'y' * 300000 + b'\r\nReceived: by b; ' +
     OLD.encode() + b'\r\n\r\nbody\r\n'),
]
WANT = [2, 3, 5, 6, 8, 10]


def go(pop, *args, **how):
    s, r = Serve(pop), Run()
    r.go('pop3', s, '--since', '2026-07-01', *args, env={'TZ': 'UTC'}, **how)
    s.close()
    return r


for caps in ('USER UIDL TOP PIPELINING', 'USER UIDL TOP', 'USER UIDL'):
    r = go(Pop(MAILS, caps))
    check(r.rc == 0 and sorted(subjects(r.files())) == WANT,
          'with %s: what came since, and what does not say' % caps,
          (r.rc, r.err, subjects(r.files())))
s, r = Serve(Pop(MAILS)), Run()


def again(*args):
    del s.log[:]
    r.go('pop3', s, *args, env={'TZ': 'UTC'})
    return [sum(t.startswith(w) for t in s.log)
            for w in ('TOP ', 'RETR ', 'DELE ')]


check(again('--since', '2026-07-01') == [10, 6, 0], 'ten headers, six of them',
      s.log)
check(again('--since', '2026-07-01', '--delete', 'now') == [4, 0, 6] and
      r.rc == 0, 'what was fetched is not asked for, and alone deleted', s.log)
check(again() == [0, 4, 0] and len(r.files()) == len(MAILS),
      'without --since the rest of it comes', s.log)
s.close()
r = go(Pop(MAILS), '--limit', '2')
check(sorted(subjects(r.files())) == [2, 3], '--limit counts what is taken',
      subjects(r.files()))
r = go(Pop(MAILS), '-n', maildir=False)
check(r.rc == 0 and len(r.out.splitlines()) == 1 + len(WANT), '-n', r.out)
r = go(Pop(MAILS), '-l', maildir=False)
check(r.rc == 0 and len(r.out.splitlines()) == 1 + len(WANT), '-l', r.out)
s, r = Serve(Pop(MAILS)), Run()
r.go('pop3', s, env={'TZ': 'UTC'})
r.go('pop3', s, '--since', '2026-07-01', '-l', env={'TZ': 'UTC'})
check(r.rc == 0 and len(r.out.splitlines()) == 1 + len(WANT),
      '-l of what was fetched before', r.out)
s.close()
r = go(Pop(MAILS[:1]), '--check', maildir=False)
check(r.rc == 1, '--check: nothing', (r.rc, r.err))
r = go(Pop(MAILS[:2]), '--check', maildir=False)
check(r.rc == 0, '--check: one', (r.rc, r.err))
r = go(Pop([mail(1, 'Wed, 01 Jul 2026 02:00:00 +0900')]))
check(not r.files(), 'a day begins at midnight here', r.files())
r = go(Pop([mail(1, 'Tue, 30 Jun 2026 23:00:00 -0900')]))
check(len(r.files()) == 1, 'whatever zone the server writes', r.files())
r = go(Pop([mail(1, 'Mon, 15 Dec 2025 12:00:00 +0000'),
            mail(2, 'Fri, 15 Jan 2027 12:00:00 +0000')]))
check(subjects(r.files()) == [2], 'a day of another year', r.files())
top = {'top': lambda s, t: '-ERR no\r\n' if t.startswith('TOP 1 ') else None}
r = go(Pop(MAILS, **top))
check(r.rc == 0 and sorted(subjects(r.files())) == [1] + WANT,
      'a header that is refused: it is taken', (r.rc, r.err))
now = time.time()
day = [mail(i, time.strftime('%d %b %Y %H:%M:%S +0000',
                             time.gmtime(now - i * 86400))) for i in (1, 9)]
s, r = Serve(Pop(day)), Run()
r.go('pop3', s, '--since', '4d')
check(subjects(r.files()) == [1], '4d', (r.err, subjects(r.files())))
r.go('pop3', s, '--since', 'soon')
check(r.rc == 64, 'no date: 64', (r.rc, r.err))
for day, rc in (('2025-02-29', 64), ('2024-02-29', 0), ('2026-06-31', 64)):
    r.go('pop3', s, '--since', day)
    check(r.rc == rc, '%s: %d' % (day, rc), (r.rc, r.err))
case.end()
