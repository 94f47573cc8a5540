#!/usr/bin/env -S python3 -B
"""--mark-seen: what is in all of the places, and nothing else."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case, Run, msg  # noqa: E402

case = Case()


def run(*args, answer=None, proto='imap', section=None):
    """The UIDs that are marked, and what was said."""
    r, box = Run(), imapmem.Server()
    for i in range(1, 6):
        box.box('INBOX').add(msg(i))
    if answer:
        box.on_command = lambda s, verb, a: answer if verb == 'UID STORE' \
            else None
    at = '%s://jo@127.0.0.1:%d' % (proto, box.port)
    if section:
        conf = r.write('rc', 'fetch work\n  imap %s\n  tls off\n  '
                       'password-command echo secret\n%s' % (at, section))
        r.bare(['--config', conf, 'work'] + list(args))
    else:
        r.bare(['-S', at, '--tls', 'off', '--password-command', 'echo secret']
               + list(args))
    r.seen = [m.uid for m in box.box('INBOX').messages
              if '\\Seen' in m.flags]
    r.heard = box.heard
    box.close()
    return r


odd = "exec:sh -c '! grep -q \"Subject: m3\"'"
r = run('-d', 'exec:true')
case.check(r.rc == 0 and not r.seen and not [h for h in r.heard
                                             if 'STORE' in h],
           'without it nothing is marked', r.heard)
r = run('-d', 'exec:true', '--mark-seen')
case.check(r.rc == 0 and r.seen == [1, 2, 3, 4, 5] and r.err == '' and
           len([h for h in r.heard if 'STORE' in h]) == 1,
           'all, by one command', r.err)
case.check(not [h for h in r.heard if 'EXAMINE' in h],
           'in a folder that was opened to be changed', r.heard)
r = run('-d', odd, '--mark-seen')
case.check(r.rc == 69 and r.seen == [1, 2, 4, 5], 'not what stays', r.seen)
r = run('-d', 'exec:true', '-d', odd, '--mark-seen')
case.check(r.seen == [1, 2, 4, 5], 'not what one of two places refused', r.seen)
r = run('-d', 'exec:true', '--mark-seen', '--limit', '2')
case.check(r.seen == [1, 2], 'not what was not fetched', r.seen)
r = run('-d', 'exec:true', '--mark-seen', answer=b'TAG NO [NOPERM] not yours\r\n')
case.check(r.rc == 75 and 'NOPERM' in r.err and r.err.count('\n') == 1,
           'refused: said, 75', r.err)
for look in ('-l', '--check', '--probe'):
    r = run(look, '--mark-seen')
    case.check(r.rc == 64, look + ': 64', r.err)
r = run('-n', '-d', 'exec:true', '--mark-seen')
case.check(r.rc == 0 and not r.seen, '-n marks nothing', r.err)
for look in ('--peek', '--headers-only'):
    r = run('-d', 'exec:true', '--mark-seen', look)
    case.check(r.rc == 64 and not r.seen, look + ' is no reading: 64',
               (r.rc, r.err))
# A section says so for good: what looks at messages beside it marks none.
for look, marked in (([], [1, 2, 3, 4, 5]), (['--peek'], []),
                     (['--headers-only'], []), (['-d', 'stdout'], []),
                     (['-n'], []), (['--catch-up'], [])):
    r = run(*look, section='  deliver exec:true\n  mark-seen yes\n')
    case.check(r.rc == 0 and r.seen == marked, 'of a section: %s marks %s' %
               (' '.join(look) or 'a run', marked), (r.rc, r.err, r.seen))
r = run('-d', 'exec:true', '--mark-seen', proto='pop3')
case.check(r.rc == 64, 'POP3: 64', r.err)
case.end()
