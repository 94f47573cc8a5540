#!/usr/bin/env -S python3 -B
"""mailfetch --delete now: each of its calls fails in turn, and all is there
once.

For each kind of place, server and failure: the Nth call that changes a file,
uses the network or allocates fails (see failn.c), then two runs that nothing
befalls.  No message may be gone from the server that is not here whole, none
may be here twice, but where the next run says that one may have been taken,
and no run may say that all is well while something is missing.

	fetch-fail.t [PLACE...]

Every 17th N, or STRIDE=7, every seventh; tests/long/fetch-fail.t takes all of
them.  Of allocations every 53rd of these, and the long form every 23rd.
"""
import glob
import mailbox
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case, Imap, Lmtp, Pop, ROOT, Run, Serve, msg  # noqa: E402

STRIDE = int(os.environ.get('STRIDE', '17'))
LIB = os.environ.get('POSTBAG_BUILD', ROOT + '/build') + '/lab/failn.so'
SIZES = (1, 40, 3, 900, 2, 5)
MAILS = {i + 1: msg(i + 1, b''.join(b'line %d of %d\r\n' % (k, i)
                                    for k in range(n)))
         for i, n in enumerate(SIZES)}
WANT = {k: v.replace(b'\r\n', b'\n').strip() for k, v in MAILS.items()}


def maildir(r):
    return r.files()


def mbox(r):
    path = r.d + '/B'
    return [m.as_bytes() for m in mailbox.mbox(path)] \
        if os.path.exists(path) else []


def both(r):
    """What is in one alone counts as missing."""
    a, b = [m.strip() for m in maildir(r)], [m.strip() for m in mbox(r)]
    return [m for m in set(a) & set(b) for _ in range(max(a.count(m),
                                                          b.count(m)))]


def taken(r):
    path = r.left_out + '/out'
    if not os.path.exists(path):
        return []
    with open(path, 'rb') as f:
        return f.read().split(b'\0')[:-1]


def filtered(r):
    return ['--filter', 'cat', '-d', 'maildir:%s/M' % r.d, '--create']


def lmtp(r):
    r.place = Serve(Lmtp())
    return ['-d', 'lmtp:127.0.0.1:%d' % r.place.port, '--rcpt', 'jo@x.test',
            '--deliver-tls', 'off']


def handed(r):
    return [m.replace(b'\r\n', b'\n') for m in r.place.talk.got]


def append(r):
    r.place = imapmem.Server()
    return ['-d', 'imap://jo@127.0.0.1:%d/INBOX' % r.place.port,
            '--deliver-tls', 'off', '--deliver-password-command',
            'echo secret']


def stored(r):
    return [m.data.replace(b'\r\n', b'\n')
            for m in r.place.box('INBOX').messages]


def smtp(r):
    r.place = Serve(Lmtp())
    return ['-d', 'smtp://127.0.0.1:%d' % r.place.port, '--rcpt', 'jo@x.test',
            '--deliver-tls', 'off']


def by_folder(r):
    """Those of all Maildirs below the folder."""
    return [open(p, 'rb').read() for sub in ('new', 'cur')
            for p in glob.glob('%s/F/*/%s/*' % (r.d, sub))]


def mbox_by_folder(r):
    return [m.as_bytes() for p in glob.glob(r.d + '/F/*')
            if not p.endswith('.lock') for m in mailbox.mbox(p)]


def beside(r):
    """Commands around it, and fields in front."""
    return ['-d', 'maildir:%s/M' % r.d, '--create', '--on-change', 'cat',
            '--pre', 'true', '--post', 'true', '--add-header', 'Received',
            '--add-header', 'Delivered-To']


def bare(r):
    """Without those fields."""
    return [re.sub(rb'\ADelivered-To: .*\nReceived: .*\n(?:\t.*\n)*', b'', m)
            for m in maildir(r)]


# A kind of place: its name, how --deliver says it, what is there; and whether
# it may be given a message twice where it says so.  The last of a folder that
# nothing fails in.
PLACES = (
    ('a Maildir', lambda r: ['-d', 'maildir:%s/M' % r.d, '--create'],
     maildir, False),
    ('an mbox', lambda r: ['-d', 'mbox:%s/B' % r.d], mbox, False),
    ('both', lambda r: ['-d', 'maildir:%s/M' % r.d, '--create', '-d',
                        'mbox:%s/B' % r.d], both, False),
    ('a command', lambda r: [
        '-d', "exec:sh -c 'cat >> %s/out && printf \"\\\\0\" >> %s/out'" % (
            r.left_out, r.left_out)], taken, True),
    ('a Maildir through a filter', filtered, maildir, False),
    ('LMTP', lmtp, handed, True),
    ('IMAP', append, stored, False),
    ('SMTP', smtp, handed, True),
    ('a Maildir per folder', lambda r: [
        '-d', 'maildir:%s/F/%%f' % r.d, '--create'], by_folder, False),
    ('an mbox per folder', lambda r: [
        '-d', 'mbox:%s/F/%%f' % r.d, '--create'], mbox_by_folder, False),
    ('a Maildir, commands and fields beside it', beside, bare, False),
)
# Of these fewer calls are enough for every day.
RARE = ('SMTP', 'a Maildir per folder', 'an mbox per folder')
FAILURES = (('file', 'ENOSPC'), ('file', 'EIO'), ('file', 'short'),
            ('file', 'kill'), ('file', 'full'), ('net', 'EIO'),
            ('malloc', 'ENOSPC'))
# Of so many more calls there are, one that fails is much like the next.
FEWER = {'malloc': 53 if STRIDE > 1 else 23}
SERVERS = (('POP3', 'pop3', lambda: Pop([('u%d' % k, v)
                                         for k, v in MAILS.items()])),
           ('IMAP', 'imap', lambda: Imap(dict(MAILS))))


def there(v):
    texts = [x[1] for x in v.m] if isinstance(v, Pop) else list(v.m.values())
    return [k for k, m in MAILS.items() if m in texts]


def counts(texts):
    texts = [t.strip() for t in texts]
    return {k: texts.count(w) for k, w in WANT.items()}


def one(proto, server, place, what, how, n):
    """What is wrong with it, or the calls that there are if n is 0."""
    _, args, find, doubtful = place
    v = server()
    s, r, other = Serve(v), Run(), Run()
    r.left_out, r.place = other.d, None
    log = other.d + '/log'
    args = ['--delete', 'now'] + args(r)
    rc = r.go(proto, s, *args, maildir=False, env=dict(
        LD_PRELOAD=LIB, TMPDIR=r.d, FAIL_BELOW=r.d, FAIL_N=str(n),
        FAIL_WHAT=what, FAIL_HOW=how, FAIL_LOG=log))
    said = [r.err]
    bad = []
    if n == 0:
        bad = open(log).read().splitlines() if os.path.exists(log) else []
    here, left = counts(find(r)), there(v)
    early = [k for k in WANT if k not in left and not here[k]]
    if early:
        bad.append('gone early: %s' % early)
    if rc == 0 and (left or not all(here.values())):
        bad.append('exit 0, here %s, left there %s' % (here, left))
    for _ in range(2):
        rc = r.go(proto, s, *args, maildir=False)
        said.append(r.err)
    end = counts(find(r))
    twice = [k for k in WANT if end[k] > 1]
    if [k for k in WANT if not end[k]]:
        bad.append('lost: %s' % [k for k in WANT if not end[k]])
    if twice and not (doubtful and len(twice) == 1 and
                      'handed over before' in ''.join(said[1:])):
        bad.append('twice: %s' % twice)
    if rc != 0 or there(v):
        bad.append('in the end: exit %d, left there %s' % (rc, there(v)))
    for tmp in [r.d + '/M/tmp'] + glob.glob(r.d + '/F/*/tmp'):
        if os.path.isdir(tmp) and os.listdir(tmp):
            bad.append('left in tmp/: %s' % os.listdir(tmp))
    s.close()
    if r.place:
        r.place.close()
    r.done()
    other.done()
    if n > 0 and bad:
        bad.append('said: %r' % said)
    return bad


def main():
    case, offset = Case(), 0
    for title, proto, server in SERVERS:
        for place in PLACES:
            if len(sys.argv) > 1 and place[0] not in sys.argv[1:]:
                continue
            counted = {}
            for what, how in FAILURES:
                if what not in counted:
                    counted[what] = one(proto, server, place, what, '', 0)
                calls = counted[what]
                step = STRIDE * FEWER.get(what, 1)
                if STRIDE > 1 and place[0] in RARE:
                    step *= 3
                offset += 4             # another part of them each time
                points = range(1 + offset % step, len(calls) + 1, step)
                wrong = []
                for n in points:
                    bad = one(proto, server, place, what, how, n)
                    if bad:
                        wrong.append('%d (%s): %s' % (n, calls[n - 1],
                                                      '; '.join(bad)))
                case.check(calls and not wrong, '%s to %s, %s %s: %d of %d '
                           'calls' % (title, place[0], what, how,
                                      len(points), len(calls)),
                           '\n'.join(wrong[:5]))
    case.end()


main()
