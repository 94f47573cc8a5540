#!/usr/bin/env -S python3 -B
"""--pre and --post: commands around a connection."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, msg, until  # noqa: E402

case = Case()


def around(r, pre='true', post='true'):
    text = '#!/bin/sh\necho %s $POSTBAG_ACCOUNT $POSTBAG_STATUS >> %s/did\n' \
        'echo out; [ -e %s/M/new ] && ls %s/M/new | wc -l >> %s/did; %s\n'
    d = r.d
    return ['--pre', r.write('pre', text % ('pre', d, d, d, d, pre), 0o700),
            '--post', r.write('post', text % ('post', d, d, d, d, post),
                              0o700)]


def did(r):
    path = r.d + '/did'
    got = open(path).read().split('\n')[:-1] if os.path.exists(path) else []
    open(path, 'w').close()
    return [x.strip() for x in got]


for proto, box in (('imap', Imap), ('pop3', Pop)):
    r, s = Run(), Serve(box())
    r.go(proto, s, *around(r))
    case.check(r.rc == 0 and did(r) == [
        'pre 127.0.0.1', '0', 'post 127.0.0.1 0', '5'] and r.out == '' and
        r.err == 'out\nout\n', proto + ': one before, one after',
        (r.rc, r.err))
    r.go(proto, s, '--check', *around(r), maildir=False)
    case.check(r.rc == 1 and did(r)[2:] == ['post 127.0.0.1 1', '5'],
               proto + ': the status of --check', r.rc)
    n = s.conns
    for how, status in (('exit 1', 69), ('exit 75', 75), ('kill -9 $$', 75),
                        ('sleep 600', 75)):
        r.go(proto, s, '--deliver-timeout', '2', *around(r, how))
        case.check(r.rc == status and s.conns == n and '--pre' in r.err and
                   did(r)[2:] == ['post 127.0.0.1 %d' % status, '5'],
                   '%s: --pre %s: no connection, %d, and --post' % (
                       proto, how, status), (r.rc, r.err, s.conns))
    for how, status in (('exit 1', 69), ('exit 75', 75)):
        r.go(proto, s, *around(r, 'true', how))
        case.check(r.rc == status and '--post' in r.err, '%s: --post %s: %d' % (
            proto, how, status), (r.rc, r.err))
        r.go(proto, s, '--check', *around(r, 'true', how), maildir=False)
        case.check(r.rc == status, '%s: nothing new, and --post %s: %d' % (
            proto, how, status), (r.rc, r.err))
        did(r)
    s.talk.m.clear()
    s.close()
    r.go(proto, s, *around(r))
    case.check(r.rc in (69, 75) and did(r)[2:3] == [
        'post 127.0.0.1 %d' % r.rc], proto + ': no server: its status',
        (r.rc, r.err))

r, s = Run(), Serve(Imap())
r.go('imap', s, '--pre', '/not/there', '--post', "touch '%s/a b'" % r.d)
case.check(r.rc == 69 and '/not/there' in r.err and
           os.path.exists(r.d + '/a b'), 'no such command: 69', r.err)
r.go('imap', s, '--pre', "'x")
case.check(r.rc == 64, 'a quote without an end: 64', r.err)

# Another run's tunnel is left alone.
r = Run()
p = r.start('imap', s, '--watch', *around(r))
until(lambda: s.talk.idle, 20)
did(r)
r.go('imap', s, *around(r))
case.check(r.rc == 75 and did(r) == [], 'the state is taken: neither',
           (r.rc, r.err))
p.terminate()
p.wait(20)
case.check(did(r)[:1] == ['post 127.0.0.1 75'], 'a watch that is stopped')
s.close()
case.end()
