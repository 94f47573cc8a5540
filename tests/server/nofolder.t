#!/usr/bin/env -S python3 -B
"""mailfetch: folders that are not there: patterns that leave nothing, names
that nothing has; and those of the Maildir, which --create makes."""
import os
import stat
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Run, Serve, until  # noqa: E402

case = Case()

# PATTERNS, the status, what is said, how many messages come
for patterns, rc, said, n in (
        (['*', '!INBOX'], 0, '', 0),
        (['!*'], 0, '', 0),
        (['INBOX', '!%'], 0, '', 0),
        (['Lists/*'], 0, 'no such folder: Lists/*', 0),
        (['Lists/*', 'IN%'], 0, '', 5),
        (['\\Junk'], 69, 'no such folder: \\Junk', 0),
        (['Lists', 'X*'], 69, 'no such folder: Lists', 0),
        (['Lists', '*'], 69, 'no such folder: Lists', 5),
        (['\\Junk', 'INBOX'], 69, 'no such folder: \\Junk', 5)):
    s, r = Serve(Imap()), Run()
    args = [x for p in patterns for x in ('-f', p)]
    r.go('imap', s, *args)
    case.check(r.rc == rc and len(r.files()) == n and said in r.err and
               (r.err == '') == (said == ''),
               '%s: %d' % (' '.join(patterns), rc),
               (r.rc, r.err, len(r.files())))
    r.go('imap', s, '-q', *args)
    case.check(r.rc == rc and (rc != 0 or r.err == ''), 'and with -q',
               (r.rc, r.err))
    s.close()
    r.done()

s, r = Serve(Imap()), Run()
r.go('imap', s, '-f', '*', '-f', '!INBOX', '--check', maildir=False)
case.check(r.rc == 1 and r.err == '', '--check: nothing new', (r.rc, r.err))
s.close()
for patterns in (['*', '!INBOX'], ['Lists/*']):
    s, r = Serve(Imap()), Run()
    p = r.start('imap', s, '--watch', *[x for q in patterns
                                        for x in ('-f', q)])
    until(lambda: any(' LIST ' in t for t in s.log), 30)
    time.sleep(0.4)
    case.check(p.poll() is None and s.conns == 1 and
               not any('EXAMINE' in t for t in s.log),
               '%s: a watch waits, and in no other folder' %
               ' '.join(patterns), (p.poll(), s.conns, s.log))
    s.close()
    r.done()

# ---- the Maildir

s, r = Serve(Imap()), Run()
deep = 'maildir:%s/a/b/c' % r.d
r.go('imap', s, '-d', deep, maildir=False)
case.check(r.rc == 73 and not os.path.exists(r.d + '/a'),
           'without --create nothing is made', (r.rc, r.err))
r.go('imap', s, '-d', deep + '/', '--create', maildir=False)
case.check(r.rc == 0 and len(os.listdir(r.d + '/a/b/c/new')) == 5,
           '--create makes what is above, too', (r.rc, r.err))
case.check(all(stat.S_IMODE(os.stat(r.d + x).st_mode) == 0o700
               for x in ('/a', '/a/b', '/a/b/c', '/a/b/c/new')),
           'for nobody else')
r.write('file', '')
r.go('imap', s, '-d', 'maildir:%s/file/x/y' % r.d, '--create', maildir=False)
case.check(r.rc == 73 and r.d + '/file' in r.err, 'a file is in the way',
           (r.rc, r.err))
s.close()
case.end()
