#!/usr/bin/env -S python3 -B
"""mailfetch -a with 100 accounts: at most --jobs of them at once, what fails
is named with its account and stops no other, and the status is the worst."""
import itertools
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Pop, Run, Serve  # noqa: E402

N, JOBS = 100, 6
# Worst first: postbag(7).
ORDER = (70, 71, 78, 77, 76, 74, 73, 69, 68, 67, 65, 66, 64, 75, 0)
case = Case()
me = threading.local()          # a connection is a thread


def user(v, line):
    me.name = line.split()[1]
    return SAYS.get(me.name, {}).get('user')


def says(command):
    def say(v, line):
        answer = SAYS.get(me.name, {}).get(command)
        if answer is not None:
            crowd.leave()
        return answer
    return say


# Accounts that fail, what the server says to them, and how it ends.
SAYS = {'u13': {'pass': '-ERR [AUTH] no such user\r\n'},
        'u27': {'list': 'Service is restarting\r\n'},
        'u41': {'pass': '-ERR [IN-USE] locked\r\n'},
        'u66': {'pass': False},
        'u70': {'pass': '-ERR [SYS/PERM] gone for ever\r\n'}}
WANT = {'u13': 77, 'u27': 76, 'u41': 75, 'u58': 73, 'u66': 75, 'u70': 69}


class Crowd:
    """Counts who is there, and keeps the first ones until there are JOBS, and
    a moment longer: one too many would come then.  Who gets its last answer
    has gone: its process may have ended before its thread here goes on."""

    def __init__(self, talk):
        self.talk, self.lock = talk, threading.Lock()
        self.now = self.most = 0

    def __call__(self, serve, c, n):
        me.there = True
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        end = time.monotonic() + 30
        while self.most < JOBS and time.monotonic() < end:
            time.sleep(0.01)
        if n <= JOBS:
            time.sleep(0.5)
        try:
            self.talk(serve, c, n)
        finally:
            self.leave()

    def leave(self, *_):
        with self.lock:
            self.now -= me.there
            me.there = False


crowd = Crowd(Pop(user=user, quit=lambda *_: crowd.leave(),
                  **{c: says(c) for c in ('pass', 'list')}))
s, r = Serve(crowd), Run()
names = ['u%02d' % i for i in range(N)]
text = 'defaults\n  tls off\n  create\n'
for u in names:
    text += 'fetch %s\n  pop3 pop3://%s@127.0.0.1:%d\n  password-command ' \
        'echo p\n  deliver maildir:%s/%s\n' % (
            u, u, s.port, r.d, 'file/M' if u == 'u58' else u)
r.write('file', '')
conf = r.write('rc', text)


def count(u):
    path = '%s/%s/new' % (r.d, u)
    return len(os.listdir(path)) if os.path.isdir(path) else 0


r.bare(['--config', conf, '-a', '--jobs', str(JOBS), '-j'], timeout=120)
rc, said = r.rc, r.err.splitlines()
case.check(crowd.most == JOBS, 'at most %d at once, and so many' % JOBS,
           crowd.most)
got = {u: count(u) for u in names if u not in WANT}
case.check(set(got.values()) == {5}, 'the others have their mail',
           [u for u in got if got[u] != 5])
for u in WANT:
    case.check(sum('%s: ' % u in x for x in said) == 1 and count(u) == 0,
               '%s: what it was is said once, with its name' % u, said)
case.check(len(said) == len(WANT), 'and nothing else is said', said)
lines = [json.loads(x) for x in r.out.splitlines()]
case.check(sorted(x['account'] for x in lines if not x['status']) ==
           sorted(got), '-j: a line for each', r.out[:2000])
alone = {u: r.bare(['--config', conf, u]) for u in WANT}
case.check(alone == WANT, 'each by itself', alone)
case.check(rc == min(WANT.values(), key=ORDER.index),
           'the status is the worst one', rc)
for two in itertools.combinations(sorted(WANT), 2):
    worst = min((WANT[u] for u in two), key=ORDER.index)
    for pair in (two, two[::-1]):
        r.bare(['--config', conf, *pair])
        if r.rc != worst:
            break
    case.check(r.rc == worst, '%s and %s: %d' % (*two, worst),
               (r.rc, r.err))
r.bare(['--config', conf, *got, '--jobs', '50', '-j'], timeout=120)
case.check(r.rc == 0 and r.err == '' and r.out.count('"fetched":0') ==
           len(got), 'again: nothing is new, nothing is said', r.err)
r.bare(['--config', conf, *list(got)[:2], list(got)[0]])
case.check(r.rc == 64 and 'twice' in r.err, 'a section twice: 64',
           (r.rc, r.err))
s.close()
case.end()
