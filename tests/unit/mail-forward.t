#!/usr/bin/env -S python3 -B
"""mail-forward: one message to one address, loops, SRS."""
import hashlib
import hmac
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT + '/tests/lab')
from fetchfake import Case  # noqa: E402

case = Case()
T = tempfile.TemporaryDirectory()
os.mkdir(T.name + '/bin')
with open(T.name + '/bin/mailsend', 'w') as f:
    f.write('#!/bin/sh\nprintf "%%s\\n" "$@" > %s/args\ncat > %s/sent\n'
            'exit $(cat %s/status)\n' % ((T.name,) * 3))
os.chmod(T.name + '/bin/mailsend', 0o755)
KEY = T.name + '/key'
with open(KEY, 'wb') as f:
    f.write(bytes(range(256)))
os.chmod(KEY, 0o600)


def run(*args, text=b'Subject: x\n\nbody\n', sender='jo@x.test', status=0,
        disk=()):
    for name in ('args', 'sent'):
        if os.path.exists(T.name + '/' + name):
            os.remove(T.name + '/' + name)
    with open(T.name + '/status', 'w') as f:
        f.write(str(status))
    env = dict(os.environ, PATH=T.name + '/bin:' + os.environ['PATH'],
               TMPDIR=T.name)
    env.pop('POSTBAG_SENDER', None)
    if sender is not None:
        env['POSTBAG_SENDER'] = sender
    p = subprocess.run([*disk, ROOT + '/scripts/mail-forward', *args],
                       input=text, capture_output=True, env=env, timeout=30)
    got = {'rc': p.returncode, 'out': p.stdout.decode(), 'args': None,
           'err': p.stderr.decode(), 'sent': None}
    for name in ('args', 'sent'):
        if os.path.exists(T.name + '/' + name):
            with open(T.name + '/' + name, 'rb') as f:
                got[name] = f.read()
    if got['args'] is not None:
        got['args'] = got['args'].decode().split('\n')[:-1]
    return got


odd = b'From: a\r\nX: ' + b'y' * 2000 + b'\r\n\r\nnul \0 \xff no end'
g = run('to@y.test', text=odd)
case.check(g['rc'] == 0 and g['sent'] == b'Delivered-To: to@y.test\n' + odd,
           'the bytes, with one line in front', g)
case.check(g['args'] == ['--mail-from', 'jo@x.test', '--', 'to@y.test'],
           'from the sender', g)
for sender in ('', None):
    g = run('to@y.test', sender=sender)
    case.check(g['args'][1] == '<>', 'the null sender, from %r' % sender, g)
old = os.umask(0)
g = run('to@y.test')
os.umask(old)
case.check(os.stat(T.name + '/sent').st_mode & 0o77 == 0,
           'nobody else reads what is on its way')
g = run('-s', '-A out', 'to@y.test')
case.check(g['args'][:2] == ['-A', 'out'], 'options', g)
with open(T.name + '/glob', 'w') as f:
    pass
g = run('-s', '-A %s/gl[o]b' % T.name, 'to@y.test')
case.check(g['args'][:2] == ['-A', T.name + '/gl[o]b'], 'no patterns', g)
g = run('to@y.test', status=75)
case.check(g['rc'] == 75, 'mailsend\'s status', g)

# ---- loops
for head in (b'Delivered-To: to@y.test', b'DELIVERED-TO:\tTo@Y.test  ',
             b'A: b\r\nDelivered-To : to@y.test\r',
             b'Delivered-To:\r\n\tto@y.test\r\nA: b'):
    g = run('to@y.test', text=head + b'\n\nbody\n')
    case.check(g['rc'] == 65 and g['sent'] is None, 'refused: %r' % head, g)
for text in (b'Delivered-To: to@yxtest\n\nx\n', b'A: b\r\n\r\nDelivered-To: to@y.test\r\n', b'X: Delivered-To: to@y.test'
             b'\n\nx\n', b'A: b\n\nDelivered-To: to@y.test\n',
             b'Delivered-To: another@y.test\n\nx\n'):
    g = run('to@y.test', text=text)
    case.check(g['rc'] == 0, 'not a loop: %r' % text, g)

# ---- SRS


def sign(text):
    key = hashlib.sha256(bytes(range(256))).digest()
    return hmac.new(key, text.lower().encode(), 'sha256').hexdigest()[:8]


SRS = ('-d', 'here.test', '-k', KEY)
day = int(time.time()) // 86400
g = run(*SRS, 'to@y.test', sender='Jo.X=y@x.test')
rest = '%d=x.test=Jo.X=y' % day
want = 'SRS0=%s=%s@here.test' % (sign(rest), rest)
case.check(g['args'][1] == want, 'SRS0, signed as RFC 2104 says', g)
g = run('-r', '-k', KEY, want)
case.check(g['rc'] == 0 and g['out'] == 'Jo.X=y@x.test\n', 'and back', g)
g = run('-r', '-k', KEY, want.lower())
case.check(g['out'] == 'jo.x=y@x.test\n', 'whatever its case', g)
g = run('-r', '-k', KEY, want.upper())
case.check(g['out'] == 'JO.X=Y@X.TEST\n', 'in capitals, too', g)
for bad in (want.replace('Jo', 'Joe'), want.replace('=%d=' % day, '=%d=' %
                                                    (day + 1)),
            'SRS0=00000000=' + rest + '@here.test', 'jo@x.test',
            'SRS0=@here.test'):
    g = run('-r', '-k', KEY, bad)
    case.check(g['rc'] == 77 and not g['out'], 'forged: ' + bad, g)
old = '%d=x.test=jo' % (day - 31)
g = run('-r', '-k', KEY, 'SRS0=%s=%s@here.test' % (sign(old), old))
case.check(g['rc'] == 77, 'too old', g)
old = '%d=x.test=jo' % (day - 29)
g = run('-r', '-k', KEY, 'SRS0=%s=%s@here.test' % (sign(old), old))
case.check(g['out'] == 'jo@x.test\n', 'not too old', g)
old = 'x=x.test=jo'
g = run('-r', '-k', KEY, 'SRS0=%s=%s@here.test' % (sign(old), old))
case.check(g['rc'] == 77, 'no day', g)
for sep in '=', '+', '-':
    rest = 'hop.test==abcd%s1f=a.test=jo' % sep
    g = run(*SRS, 'to@y.test', sender='srs0%sabcd%s1f=a.test=jo@hop.test' %
            (sep, sep))
    case.check(g['args'][1] == 'SRS1=%s=%s@here.test' % (sign(rest), rest),
               'a second hop of another, srs0%s' % sep, g)
    rest = 'a.test==abcd=1f=b.test=jo'
    g = run(*SRS, 'to@y.test', sender='srs1%s0123=%s@hop.test' % (sep, rest))
    case.check(g['args'][1] == 'SRS1=%s=%s@here.test' % (sign(rest), rest),
               'a third one, srs1%s' % sep, g)
g = run(*SRS, 'to@y.test', sender='SRS0=abcd=1f=a.test=jo@hop.test')
rest = 'hop.test==abcd=1f=a.test=jo'
one = 'SRS1=%s=%s@here.test' % (sign(rest), rest)
case.check(g['args'][1] == one, 'a second hop is SRS1', g)
g = run('-r', '-k', KEY, one)
case.check(g['out'] == 'SRS0=abcd=1f=a.test=jo@hop.test\n', 'and back', g)
g = run(*SRS, 'to@y.test', sender=one.replace('here.test', 'third.test'))
case.check(g['args'][1] == one, 'a third is the second, signed by us', g)
for sender, kept in (('', '<>'), ('me@here.test', 'me@here.test'),
                     ('me@xhere.test', 'SRS0=%s=%s@here.test' % (sign(
                         '%d=xhere.test=me' % day),
                         '%d=xhere.test=me' % day))):
    g = run(*SRS, 'to@y.test', sender=sender)
    case.check(g['args'][1] == kept, 'is %s: %r' % (kept, sender), g)
g = run(*SRS, 'to@y.test', sender='a"b@x.test')
case.check(g['rc'] == 65 and g['sent'] is None, 'cannot be rewritten', g)

# A digest that is none: the empty one is not good then.
for name in 'sha256sum', 'openssl':
    with open(T.name + '/bin/' + name, 'w') as f:
        f.write('#!/bin/sh\nexit 1\n')
    os.chmod(T.name + '/bin/' + name, 0o755)
g = run('-r', '-k', KEY, 'SRS0==%d=x.test=jo@here.test' % day)
case.check(g['rc'] == 71 and not g['out'], 'no digest: nothing is ours', g)
g = run(*SRS, 'to@y.test')
case.check(g['rc'] == 71 and g['sent'] is None, 'nor is one made', g)
with open(T.name + '/bin/sha256sum', 'w') as f:		# the key's alone
    f.write('#!/bin/sh\n[ -e %s/once ] && exit 1\n: > %s/once\n'
            'exec /usr/bin/sha256sum\n' % ((T.name,) * 2))
g = run('-r', '-k', KEY, 'SRS0==%d=x.test=jo@here.test' % day)
case.check(g['rc'] == 71 and not g['out'], 'nor one that fails later', g)
for name in 'sha256sum', 'openssl':
    os.remove(T.name + '/bin/' + name)

for mode in 0o640, 0o620, 0o604, 0o602:
    os.chmod(KEY, mode)
    g = run(*SRS, 'to@y.test')
    case.check(g['rc'] == 78 and g['sent'] is None,
               'others can get at the key: %o' % mode, g)
os.chmod(KEY, 0o400)
os.symlink(KEY, T.name + '/link')
g = run('-d', 'here.test', '-k', T.name + '/link', 'to@y.test')
case.check(g['rc'] == 0 and g['args'][1].startswith('SRS0='), 'a link to it', g)
os.chmod(KEY, 0o600)
for n, rc in (15, 78), (16, 0):
    with open(KEY, 'w') as f:
        f.write('x' * n)
    case.check(run(*SRS, 'to@y.test')['rc'] == rc, 'a key of %d bytes' % n)
with open(KEY, 'w') as f:
    f.write('short')
case.check(run(*SRS, 'to@y.test')['rc'] == 78, 'a short key')
os.remove(KEY)
case.check(run(*SRS, 'to@y.test')['rc'] == 78, 'no key')
for args in ((), ('a@b.test', 'c@d.test'), ('-d', 'x.test', 'a@b.test'),
             ('-r', 'a@b.test'), ('-x@b.test',), ('--', '-x@b.test'), ('a b@c.test',), ('a',),
             ('a@b@c',), ('@b.test',), ('a@',), ('-d', 'a b', '-k', KEY, 'a@b.test'),
             ("a';id@b.test",)):
    case.check(run(*args)['rc'] == 64, 'usage: %r' % (args,))
case.check(os.listdir(T.name) and not [x for x in os.listdir(T.name)
                                       if x.startswith('tmp.')],
           'nothing is left behind', os.listdir(T.name))

# A disk that is full leaves it for the next run
g = run('jo@new.test', text=b'Subject: x\n\n' + b'body\n' * 9999, disk=[
    'sh', '-c', 'trap "" XFSZ; ulimit -f 16; exec "$@"', 'sh'])
case.check(g['rc'] == 75 and 'no room' in g['err'] and g['sent'] is None,
           'a full disk', g)

# So does a signal: what has not been read to its end is not forwarded.
p = subprocess.Popen([ROOT + '/scripts/mail-forward', 'jo@new.test'],
                     stdin=subprocess.PIPE, env=dict(
                         os.environ, TMPDIR=T.name,
                         PATH=T.name + '/bin:' + os.environ['PATH']))
end = time.monotonic() + 60
while not [x for x in os.listdir(T.name) if x.startswith('tmp.') and
           os.path.exists(T.name + '/' + x + '/message')] and \
        time.monotonic() < end:
    time.sleep(0.01)
p.terminate()
p.stdin.close()
p.wait(60)
case.check(p.returncode == 75 and not os.path.exists(T.name + '/sent') and
           not [x for x in os.listdir(T.name) if x.startswith('tmp.')],
           'a signal', p.returncode)
case.end()
