#!/usr/bin/env -S python3 -B
"""mailsend's queue: each call that changes a file fails in turn, and nothing
is lost.

Accepting, and flushing: the Nth such call fails (see failn.c), or the process
is killed before it; then runs that nothing befalls.  What was accepted with 0
arrives; what was refused does not; each recipient gets it once, but where the
log says "maybe twice"; who was refused is reported; and nothing stays behind.

Every 9th N, or STRIDE=1: tests/long/queue.t takes all of them.
"""
import glob
import os
import pwd
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case  # noqa: E402
from queuefake import BUILD, Home, Smtp  # noqa: E402

STRIDE = int(os.environ.get('STRIDE', '9'))
LIB = BUILD + '/lab/failn.so'
HOWS = ('ENOSPC', 'EIO', 'short', 'kill', 'full', 'dead')
TEXT = 'it is here'
REPORTED = '%s@x.test' % pwd.getpwuid(os.geteuid()).pw_name


def failing(h, n, how):
    return dict(LD_PRELOAD=LIB, TMPDIR=h.d, FAIL_BELOW=h.queue(),
                FAIL_N=str(n), FAIL_WHAT='file', FAIL_HOW=how,
                FAIL_LOG=h.d + '/calls')


def calls(h):
    if not os.path.exists(h.d + '/calls'):
        return []
    with open(h.d + '/calls') as f:
        return f.read().splitlines()


def send(h, env={}):
    return h.run('-s', 'x', '--body', TEXT, 'ok@x.test', 'bad@x.test',
                 'tmp@x.test', env=env)


def finish(s, h, wanted, said=None):
    """Runs that nothing befalls; what is wrong in the end."""
    bad = []
    s.start()
    s.busy = False
    for _ in range(4):
        h.run('--flush-now')
    n = s.arrived(TEXT)
    if said and 'be taken back: it may be sent' in said:
        wanted = 1
    for a in ('ok@x.test', 'tmp@x.test'):
        twice = 'maybe twice' in h.log() and '<%s>' % a in h.log()
        if n.get(a, 0) < wanted or n.get(a, 0) > 1 + twice:
            bad.append('%s got it %d times' % (a, n.get(a, 0)))
    told = [g for g in s.got if g[0] == '']
    if len(told) != wanted and not (wanted == 0 and len(told) == 1) and \
            'maybe twice: <%s>' % REPORTED not in h.log():
        bad.append('%d reports' % len(told))
    if wanted == 0 and n and len(told) != 1:
        bad.append('sent, but who was refused is not told')
    for d in glob.glob(h.queue() + '/*/.new-*'):
        os.utime(d, (1, 1))         # it is not young any more
    h.run('--flush-now')
    left = [os.path.join(d, x) for d, ds, fs in os.walk(h.queue())
            for x in fs + ds if d != h.queue()]
    if left:
        bad.append('left: %s' % left)
    if h.rc != 0:
        bad.append('the last flush: %d %s' % (h.rc, h.err))
    s.stop()
    return bad


def accept(n, how):
    s = Smtp()
    h = Home(s)
    rc = send(h, failing(h, n, how))
    first, bad = h.err, []
    found = calls(h) if n == 0 else None
    if rc not in (0, 75, 74, 73, -9):
        bad.append('exit %d' % rc)
    if rc == 0 and len(h.mail()) != 1:
        bad.append('exit 0, and nothing is there')
    if rc > 0 and h.mail() and 'be taken back: it may be sent' not in first:
        bad.append('exit %d, and it is there' % rc)
    if rc > 0 and 'not queued: ' not in first and '--queue' not in first:
        bad.append('nobody says why: %r' % first)
    bad += finish(s, h, 1 if rc == 0 else 0, first)
    h.done()
    return found if n == 0 else bad and bad + [first]


def flush(n, how, busy=True):
    s = Smtp()
    h = Home(s)
    send(h)
    s.start()
    s.busy = busy
    h.run('--flush-now', env=failing(h, n, how))
    first = h.err
    found = calls(h) if n == 0 else None
    bad = finish(s, h, 1)
    h.done()
    return found if n == 0 else bad and bad + [first]


def flush_all(n, how):
    return flush(n, how, False)


def once(n):
    """Sent, and its removal, the Nth call, fails: the calls, how often it came."""
    s = Smtp()
    h = Home(s)
    h.run('-s', 'x', '--body', TEXT, 'ok@x.test')
    s.start()
    h.run('--flush-now', env=failing(h, n, 'EIO'))
    found, failed = calls(h), h.rc
    h.run('--flush-now')
    got = (failed, h.rc, s.arrived(TEXT).get('ok@x.test'), len(h.mail()))
    h.done()
    s.stop()
    return found, got


def main():
    case, offset = Case(), 0
    for title, one in (('accepting', accept), ('flushing', flush),
                       ('flushing all', flush_all)):
        names = one(0, '')
        for how in HOWS:
            offset += 3             # another part of them each time
            points = range(1 + offset % STRIDE, len(names) + 1, STRIDE)
            wrong = []
            for n in points:
                bad = one(n, how)
                if bad:
                    wrong.append('%d (%s): %s' % (n, names[n - 1],
                                                  '; '.join(bad)))
            case.check(names and not wrong, '%s, %s: %d of %d calls' % (
                title, how, len(points), len(names)), '\n'.join(wrong[:5]))
    n = [c.split()[0] + c[-5:] for c in once(0)[0]].index('unlinkat/mail') + 1
    got = once(n)[1]
    case.check(got == (74, 0, 1, 0),
               'what was sent and cannot be removed is not sent again', repr(got))
    case.end()


main()
