#!/usr/bin/env -S python3 -B
"""%f in a Maildir's or an mbox's path: a place per folder."""
import mailbox
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import BIN, Case, Pop, ROOT, Run, Serve, msg, subjects \
    # noqa: E402

case = Case()
LIB = os.path.dirname(BIN) + '/lab/killn.so'


def boxes(names, sep='.'):
    """A server with one message in each, numbered as they stand."""
    s = imapmem.Server(sep=sep)
    for i, name in enumerate(names):
        s.box(name).add(msg(i + 1))
    return s


def run(r, s, *args, **how):
    """What is where, below the home: {path: [numbers]}."""
    r.bare(['-S', 'imap://jo@127.0.0.1:%d' % s.port, '--tls', 'off',
            '--password-command', 'echo secret'] + list(args), **how)
    return found(r)


def found(r):
    got = {}
    for top, _, files in os.walk(r.d):
        rel = os.path.relpath(top, r.d)
        if rel.startswith('state') or not files:
            continue
        for f in sorted(f for f in files if not f.endswith('.lock')):
            with open(os.path.join(top, f), 'rb') as text:
                is_box = os.path.basename(top) not in ('new', 'cur', 'tmp')
                got.setdefault(os.path.normpath(
                    rel + '/' + f if is_box else rel), []).extend(
                    subjects([b'Subject: m' + x for x in
                              text.read().split(b'\nSubject: m')[1:]]))
    return got


def maildir(r, *more):
    return ('-d', 'maildir:%s/%%f' % r.d, '--create') + more


NAMES = ['INBOX', 'INBOX.work', 'Entw&APw-rfe', '.hidden', 'a/b', 'a.new',
         'a..b', '..', 'bell&AAc-']
HERE = {'INBOX/new': [1], 'INBOX/work/new': [2], 'Entwürfe/new': [3],
        'a%2Fb/new': [5], 'a/%6Eew/new': [6]}
r, s = Run(), boxes(NAMES)
got = run(r, s, *maildir(r, '-f', '*'))
case.check(got == HERE, 'a Maildir for each folder, by safe names', got)
case.check(r.rc == 73 and 'a..b: ' in r.err and r.err.count('\n') == 4,
           'a name that cannot be a path: said, 73, the others come',
           (r.rc, r.err))
for name in ('.hidden', 'a..b', '..', 'bell&AAc-'):
    del s.boxes[name]
s.box('INBOX').add(msg(11))
s.box('a/b').add(msg(12))
got = run(r, s, *maildir(r, '-f', '*'))
case.check(r.rc == 0 and got == dict(HERE, **{
    'INBOX/new': [1, 11], 'a%2Fb/new': [5, 12]}),
    'a second run: what is new, each where it belongs', (r.err, got))
s.heard.clear()
got = run(r, s, *maildir(r, '-f', '*', '--delete', 'now'))
case.check(r.rc == 0 and not any(b.messages for b in s.boxes.values()),
           'what is in its place may be deleted', (r.err, s.heard))
s.close()

r, s = Run(), boxes(['INBOX', 'a/b', '/x', 'a//b'], sep='/')
got = run(r, s, '-d', 'mbox:%s/m/%%f.mbox' % r.d, '--create', '-f', '*')
case.check(got == {'m/INBOX.mbox': [1], 'm/a/b.mbox': [2]} and r.rc == 73 and
           r.err.count('\n') == 2, 'an mbox for each', (r.err, got))
s.close()

# Someone who locks "a" would remove it as a stale lock.
r, s = Run(), boxes(['a', 'a.lock'], sep='/')
got = run(r, s, '-d', 'mbox:%s/%%f' % r.d, '-f', 'a*')
case.check(got == {'a': [1]} and r.rc == 73 and 'lock' in r.err,
           'no mbox has the name of a lock', (r.err, got))
s.close()

r, s = Run(), boxes(['INBOX', 'x'])
got = run(r, s, '-d', 'maildir:%s/%%f' % r.d, '-f', '*')
case.check(r.rc == 73 and got == {} and 'x: ' in r.err,
           'nothing is made without --create: 73', (r.rc, r.err))
os.makedirs(r.d + '/x/tmp'), os.mkdir(r.d + '/x/new'), os.mkdir(r.d + '/x/cur')
got = run(r, s, '-d', 'maildir:%s/%%f' % r.d, '-f', '*')
case.check(r.rc == 73 and got == {'x/new': [2]}, 'one that is there is used',
           (r.rc, got))
got = run(r, s, '-d', 'maildir:%s/none/%%f' % r.d, '-f', '*')
case.check(r.rc == 73 and '/none' in r.err, 'nor what they are below', r.err)
d = boxes(['new.below'])
for kind in ('maildir', 'mbox'):
    run(r, d, '-d', '%s:%s/%%f' % (kind, r.d), '-f', '*')
    case.check(r.rc == 73 and not os.path.exists(r.d + '/%6Eew'),
               kind + ': without --create no folder is made', (r.rc, r.err))
d.close()
got = run(r, s, '-d', 'maildir:%s/%%f' % r.d, '-d', 'maildir:%s/x' % r.d,
          '-f', 'x', '--redeliver')
case.check(r.rc == 64 and 'one place' in r.err, 'two places that are one: 64',
           (r.rc, r.err))
s.close()

r, pop = Run(), Serve(Pop())
r.go('pop3', pop, *maildir(r), maildir=False)
case.check(r.rc == 0 and found(r) == {'INBOX/new': [1, 2, 3, 4, 5]},
           'by POP3 it is the INBOX', (r.err, found(r)))
pop.close()

# Killed at any change: everything is there once, in its folder, also in one
# that was done before and has mail again.
NAMES = ['INBOX', 'x.y', 'z']
for kind, where in (('Maildirs', 'maildir:%s/%%f'), ('mboxes', 'mbox:%s/%%f')):
    bad, n = [], 0
    while not bad:
        n += 1
        r, s = Run(), boxes(NAMES)
        for name in NAMES:
            s.box(name).add(msg(10))
        args = ('-d', where % r.d, '--create', '-f', '*')
        run(r, s, *args, env={'LD_PRELOAD': LIB, 'KILLN': str(n),
                              'KILLN_FAST': '1'})
        killed = r.rc != 0
        s.box('INBOX').add(msg(20))
        got = run(r, s, *args)
        new = '/new' if kind == 'Maildirs' else ''
        if r.rc != 0 or {k: sorted(v) for k, v in got.items()} != {
                'INBOX' + new: [1, 10, 20], 'x/y' + new: [2, 10],
                'z' + new: [3, 10]}:
            bad = [n, r.rc, r.err, got]
        s.close(), r.done()
        if not killed:
            break
    case.check(not bad and n > 20, '%s: killed at %d points' % (kind, n), bad)
case.end()
