#!/usr/bin/env -S python3 -B
"""Flags on the server are letters in a Maildir; what is once stays once."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import BIN, Case, Run, msg, subjects  # noqa: E402

case = Case()
LIB = os.path.dirname(BIN) + '/lab/killn.so'
FLAGS = ['', r'\Seen', r'\Recent', 'work $Forwarded',
         r'\Deleted \Draft \Flagged \Answered \Seen $Forwarded', 'Junk']
HERE = [('cur', 'DFPRST', 5), ('cur', 'P', 4), ('cur', 'S', 2),
        ('new', '', 1), ('new', '', 3), ('new', '', 6)]


def server():
    s = imapmem.Server()
    for i, f in enumerate(FLAGS):
        s.box('INBOX').add(msg(i + 1), f)
    return s


def run(r, s, *args, **how):
    r.bare(['-S', 'imap://jo@127.0.0.1:%d' % s.port, '--tls', 'off',
            '--password-command', 'echo secret', '-d', 'maildir:%s/M' % r.d,
            '--create'] + list(args), **how)
    return found(r)


def found(r):
    got = []
    for sub in ('new', 'cur'):
        path = '%s/M/%s/' % (r.d, sub)
        for f in os.listdir(path) if os.path.isdir(path) else ():
            with open(path + f, 'rb') as text:
                n = subjects([text.read()])
            info = f.split(':2,')[1] if ':' in f else ''
            got.append((sub, info, n[0]))
    return sorted(got)


r, s = Run(), server()
got = run(r, s, '-d', "exec:sh -c 'echo $POSTBAG_FILE >> %s/told'" % r.d)
case.check(r.rc == 0 and got == HERE, 'to cur with its letters, else to new',
           (r.err, got))
told = open(r.d + '/told').read().split()
case.check(len(told) == 6 and all(os.path.isfile(f) for f in told),
           'commands are told that name', told)
case.check(run(r, s) == HERE, 'once', found(r))
s.close()

r, s = Run(), server()
run(r, s, '-d', 'stdout', '--format', 'json')
case.check('.%s:2,DFPRST"' % os.uname().nodename in r.out and
           '"date":""' in r.out and r.out.count('.%s:2,' % os.uname().nodename) == 3, 'JSON has that name', r.out)
s.close()

r, s = Run(), server()
got = run(r, s, '--filter', "sed 's/Subject: m/Subject: m1/'")
case.check(got == [(a, b, 10 + n) for a, b, n in HERE], 'through a filter',
           (r.err, got))
s.close()

# Killed at any change, and read in between: once each.
for moved in (False, True):
    bad, n = [], 0
    while not bad:
        n += 1
        r, s = Run(), server()
        run(r, s, env={'LD_PRELOAD': LIB, 'KILLN': str(n),
                       'KILLN_FAST': '1'})
        killed = r.rc != 0
        cur = r.d + '/M/cur/'
        for f in os.listdir(cur) if moved and os.path.isdir(cur) else ():
            os.rename(cur + f, cur + f.split(':')[0] + ':2,RS')
        got = [x[2] for x in run(r, s)]
        if r.rc != 0 or sorted(got) != [1, 2, 3, 4, 5, 6]:
            bad = [n, r.rc, r.err, got]
        s.close(), r.done()
        if not killed:
            break
    case.check(not bad and n > 20, 'killed at %d points%s' % (
        n, ', other flags since' if moved else ''), bad)
case.end()
