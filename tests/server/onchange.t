#!/usr/bin/env -S python3 -B
"""--on-change of mailfetch and imapsync: events, when they are true."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import BIN, Case, Pop, Run, Serve, msg  # noqa: E402

case = Case()


def server(*names):
    s = imapmem.Server()
    for n, name in enumerate(names or ('INBOX',)):
        for i in range(1, 4):
            s.box(name).add(msg(10 * n + i))
    return s


def run(r, s, *args):
    """The events of each time it ran."""
    r.bare(['-S', 'imap://jo@127.0.0.1:%d' % s.port, '--tls', 'off',
            '--password-command', 'echo secret'] + list(args))
    return told(r)


def hook(r, then='true'):
    """Takes down what it is told, and whether the files are there."""
    path = r.write('hook', '#!/bin/sh\ncat > %s/told.$$; echo seen; %s\n' % (
        r.d, then), 0o700)
    return ['--on-change', path]


def told(r):
    got = []
    for f in sorted(os.listdir(r.d)):
        if f.startswith('told.'):
            with open(r.d + '/' + f) as text:
                got.append([json.loads(x) for x in text])
            os.unlink(r.d + '/' + f)
    return got


def sync(r, s, *args):
    p = subprocess.run([os.path.dirname(BIN) + '/imapsync', '-S',
                        'imap://jo@127.0.0.1:%d' % s.port, '--tls', 'off',
                        '--password-command', 'echo secret', '--near',
                        r.d + '/N', '--state', r.d + '/S'] + list(args),
                       env=r.env(), capture_output=True, timeout=60)
    r.rc, r.out, r.err = p.returncode, p.stdout.decode(), p.stderr.decode()
    return told(r)


r, s = Run(), server('INBOX', 'a/b')
s.box('INBOX').messages[0].flags.add(r'\Seen')
got = run(r, s, '-d', 'maildir:%s/%%f' % r.d, '--create', '-f', '*',
          *hook(r))
case.check(r.rc == 0 and r.out == '' and r.err == 'seen\n' * 2 and
           sorted(len(v) for v in got) == [3, 3], 'once a batch',
           (r.err, got))
every = [e for v in got for e in v]
case.check(sorted((e['box'], e['uid'], e['act'], e['event'], e['v'])
                  for e in every) ==
           [(b, u, 'fetch', 'done', 1) for b in ('INBOX', 'a/b')
            for u in (1, 2, 3)], 'each message', every)
case.check(all(os.path.getsize(e['path']) == e['size'] for e in every) and
           sum('/cur/' in e['path'] for e in every) == 1,
           'the paths are there', every)
case.check(run(r, s, '-d', 'maildir:%s/%%f' % r.d, '-f', '*',
               *hook(r)) == [] and r.err == '', 'nothing new: not run', r.err)
s.close()

r, s = Run(), server()
got = run(r, s, '-d', 'maildir:%s/M' % r.d, '--create', '-d',
          'mbox:%s/B' % r.d, '-d', 'exec:true', *hook(r))
case.check([[e.get('path', '-').split('/')[-1][:1] for e in v] for v in got] ==
           [['1', 'B', '-']] * 3, 'an event for each place', got)
s.close()

for places in (1, 2):
    r, s = Run(), server()
    got = run(r, s, '-d', 'maildir:%s/M' % r.d, '--create', '--filter',
              "sh -c 'grep -q m2 && exit 99; echo x'", *hook(r),
              *['-d', 'mbox:%s/B' % r.d] * (places - 1))
    case.check(sorted((e['act'], e['uid'], 'path' in e, 'place' in e)
                      for v in got for e in v) ==
               [('drop', 2, False, False)] + [('fetch', 1, True, True)] *
               places + [('fetch', 3, True, True)] * places,
               'what was dropped is one event, of %d places' % places, got)
    s.close()

# More of them than are kept in memory; and a folder that has nothing to tell.
r, s = Run(), server('INBOX', 'z')
for i in range(4, 401):
    s.box('INBOX').add(msg(i))
s.box('z').messages.clear()
got = run(r, s, '-d', 'maildir:%s/M' % r.d, '--create', '-f', '*', *hook(r))
case.check(r.rc == 0 and [[e['uid'] for e in v] for v in got] ==
           [list(range(1, 401))] and r.err == 'seen\n',
           'all of many, in one batch', (r.err, [len(v) for v in got]))
s.close()

# What does not come is not told; what the hook does changes nothing.
r, s = Run(), server()
got = run(r, s, '-d', 'exec:false', '-d', 'maildir:%s/M' % r.d, '--create',
          *hook(r))
case.check(r.rc == 69 and [[e['place'][:4] for e in v] for v in got] ==
           [['mail']] * 3, 'of two places the one that has it', (r.rc, got))
s.close()
for then, status, says in (
        ('exit 3', 69, 'exit 3'), ('exit 75', 75, 'exit 75'),
        ('kill -9 $$', 75, 'signal 9'), ('sleep 600', 75, 'not done in time')):
    r, s = Run(), server()
    got = run(r, s, '-d', 'maildir:%s/M' % r.d, '--create', '--delete', 'now',
              '--deliver-timeout', '2', *hook(r, then))
    case.check(r.rc == status and says in r.err and '--on-change' in r.err and
               len(r.files()) == 3 and not s.box('INBOX').messages,
               '%s: said, %d, and all is done' % (then, status),
               (r.rc, r.err))
    run(r, s, '-d', 'maildir:%s/M' % r.d, *hook(r, then))
    case.check(r.rc == 0 and len(r.files()) == 3, 'once')
    s.close()
r, s = Run(), server()
run(r, s, '-d', 'maildir:%s/M' % r.d, '--create', '--on-change', '/not/there')
case.check(r.rc == 69 and '/not/there' in r.err and len(r.files()) == 3,
           'no such command: 69', (r.rc, r.err))
run(r, s, '-d', 'maildir:%s/M' % r.d, '--on-change', "a 'b")
case.check(r.rc == 64 and len(r.files()) == 3, 'a quote that has no end: 64',
           r.err)
run(r, s, '-l', '--on-change', 'true')
case.check(r.rc == 64, '-l delivers nothing: 64', r.err)
s.close()

r, pop = Run(), Serve(Pop())
r.go('pop3', pop, *hook(r))
got = told(r)
case.check(r.rc == 0 and len(got) == 1 and len(got[0]) == 5 and
           all(os.path.exists(e['path']) and 'box' not in e for e in got[0]),
           'by POP3', (r.err, got))
pop.close()

# A tool that a command of another one started tells what is its own.
for go in (lambda r, s, *a: run(r, s, '-d', 'maildir:%s/M' % r.d, '--create',
                                *a), lambda r, s, *a: sync(r, s, *a)):
    for more in ([], ['--no-sandbox']):
        r, s = Run(), server()
        path = r.write('vars', '#!/bin/sh\nenv | grep ^POSTBAG_ > %s/vars\n' %
                       r.d, 0o700)
        os.environ.update(POSTBAG_FILE='/outer', POSTBAG_UID='1',
                          POSTBAG_SENDER='x@y.test', POSTBAG_STATUS='0')
        go(r, s, '--on-change', path, *more)
        for name in ('FILE', 'UID', 'SENDER', 'STATUS'):
            del os.environ['POSTBAG_' + name]
        got = {x.split('=')[0] for x in open(r.d + '/vars').read().split()}
        case.check(not got & {'POSTBAG_FILE', 'POSTBAG_UID', 'POSTBAG_SENDER',
                              'POSTBAG_STATUS'}, 'nothing of another message%s'
                   % ''.join(more), got)
        s.close()

# A Maildir that has them since a run that was interrupted: where they are.
def by_imap(r, s, *args):
    r.bare(['-S', 'imap://jo@127.0.0.1:%d' % s.port, '--tls', 'off',
            '--password-command', 'echo secret', '-d', 'maildir:%s/M' % r.d,
            '--create'] + list(args))


seen = server()
seen.box('INBOX').messages[0].flags.add(r'\Seen')
for title, s, go in (
        ('POP3', Serve(Pop()), lambda r, s, *a: r.go('pop3', s, *a)),
        ('IMAP', server(), by_imap), ('IMAP, one was seen', seen, by_imap)):
    r = Run()
    say = r.write('say', '#!/bin/sh\ncat > /dev/null\n'
                  'echo "$POSTBAG_FILE" >> %s/files\n' % r.d, 0o700)
    go(r, s)
    n = len(r.files())
    for f in r.states():
        os.unlink(f)
    go(r, s, '-d', 'exec:' + say, '-d', 'stdout', '--format', 'json', *hook(r))
    got = [e for v in told(r) for e in v if 'maildir' in e['place']]
    files = open(r.d + '/files').read().split()
    case.check(n == len(r.files()) == len(got) == len(files) and
               all(os.path.exists(p) for p in
                   files + [e['path'] for e in got]) and
               all(json.loads(x)['file'] in ' '.join(files)
                   for x in r.out.splitlines()),
               'an interrupted run, %s: the files that are there' % title,
               (r.err, r.out, got, files))
    s.close()

# A command that gets late what the Maildir has: where that is is not known.
r, late = Run(), Serve(Pop())
wait = r.write('wait', '#!/bin/sh\necho "x$POSTBAG_FILE"\n'
               'test -e %s/now || exit 75\n' % r.d, 0o700)
r.go('pop3', late, '-d', 'exec:' + wait)
named = r.out.split()
r.write('now', '')
r.go('pop3', late, '-d', 'exec:' + wait)
case.check(r.rc == 0 and all(os.path.exists(n[1:]) for n in named) and
           r.out == 'x\n' * 5, 'a Maildir that has it is not named again',
           (r.rc, r.out, named))
late.close()


r, s = Run(), server('INBOX', 'a/b')
got = sync(r, s, '-n', *hook(r))
case.check(r.rc == 0 and got == [], 'imapsync -n: not run', (r.err, got))
got = sync(r, s, *hook(r))
every = [e for v in got for e in v if 'uid' in e]
case.check(r.rc == 0 and len(got) == 1 and len(every) == 6 and
           all(e['act'] == 'fetch' and [f for f in os.listdir(
               e['dir'] + '/new') + os.listdir(e['dir'] + '/cur')
               if f.startswith(e['file'])] for e in every),
           'imapsync: once a run, each message with its place', (r.err, got))
case.check(sync(r, s, *hook(r)) == [] and r.err == '', 'nothing: not run',
           r.err)
os.mkdir(r.d + '/N/INBOX') if not os.path.isdir(r.d + '/N/INBOX') else 0
with open(r.d + '/N/INBOX/new/1.x', 'w') as f:
    f.write('Subject: up\n\nhi\n')
got = sync(r, s, *hook(r, 'exit 3'))
case.check(r.rc == 69 and 'exit 3' in r.err and [e['act'] for v in got
                                                 for e in v] == ['push'] and
           len(s.box('INBOX').messages) == 4, 'it fails: said, 69, and done',
           (r.rc, r.err, got))
got = sync(r, s, *hook(r))
case.check(r.rc == 0 and got == [], 'not told again', (r.err, got))
s.close()
case.end()
