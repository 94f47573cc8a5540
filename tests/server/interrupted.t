#!/usr/bin/env -S python3 -B
"""mailfetch: a run in one folder does not forget that one in another folder
was interrupted: what that left in a Maildir does not come again."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case, ROOT, Run, msg  # noqa: E402

LIB = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/lab/failn.so'
case = Case()


def all_files(r):
    got = []
    for top, _, names in os.walk(r.d):
        if os.path.basename(top) in ('new', 'cur'):
            got += names
    return got


def go(r, s, folders, where, **env):
    return r.bare(['-S', 'imap://jo@127.0.0.1:%d' % s.port, '--tls', 'off',
                   '--password-command', 'echo secret', '--create', '-d',
                   'maildir:%s/%s' % (r.d, where)] +
                  [x for f in folders for x in ('-f', f)], env=env)


def server():
    s = imapmem.Server()
    for n, name in enumerate(('A', 'B', 'C')):
        for i in range(1, 4):
            s.box(name).add(msg(10 * n + i))
    return s


def cut(r, s, folders, where):
    """A run that is killed before what it made visible is recorded."""
    log = r.d + '/log'
    probe, other = Run(), server()
    env = dict(LD_PRELOAD=LIB, FAIL_WHAT='file', FAIL_HOW='kill')
    go(probe, other, folders, where, FAIL_BELOW=probe.d, FAIL_LOG=log,
       FAIL_N='0', **env)
    calls = open(log).read().splitlines()
    last = max(i for i, c in enumerate(calls) if '/new' in c or '/cur' in c)
    other.close()
    probe.done()
    os.unlink(log)
    return go(r, s, folders, where, FAIL_BELOW=r.d, FAIL_N=str(last + 2), **env)


for where in ('M', '%f'):
    for lost in (False, True):
        if lost and where == '%f':
            continue
        s, r = server(), Run()
        rc = cut(r, s, ['B'], where)
        n = len(all_files(r))
        if lost:
            for f in r.states():
                os.unlink(f)
        case.check(rc == -9 and n > 0, 'killed: files are there', (rc, n))
        for folders in (['A'], ['C'], ['A', 'C']):
            go(r, s, folders, where)
        go(r, s, ['B'], where)
        title = '%s%s' % (where, ', and no state' if lost else '')
        case.check(r.rc == 0 and len(all_files(r)) == 9,
                   'other folders, then that one: %s' % title,
                   (r.rc, r.err, len(all_files(r))))
        s.box('B').add(msg(99))
        go(r, s, ['B'], where)
        case.check(r.rc == 0 and len(all_files(r)) == 10, 'and then a new one',
                   (r.rc, r.err, len(all_files(r))))
        s.close()
        r.done()
case.end()
