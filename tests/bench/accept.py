"""accept.py TOP MAILSEND N: seconds in which N messages, a process for each, are
accepted: by mailsend as sendmail, and by nullmailer-queue, in turns, three
times, the medians.  In a mount namespace in which /var/spool is TOP/spool, and
TOP/nullmailer the other's package."""
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import time

TOP, N = sys.argv[1], int(sys.argv[3])
SPOOL = '/var/spool/nullmailer'
HOME = TOP + '/one'
os.makedirs(HOME + '/.config/postbag')
with open(HOME + '/.config/postbag/config', 'w') as f:
    f.write('account default\nsmtp smtp://127.0.0.1:1\ntls off\n'
            'from me@x.test\nqueue on\n')
ENV = {k: v for k, v in os.environ.items() if not k.startswith('XDG_')}
ENV['HOME'] = HOME
os.symlink(sys.argv[2], HOME + '/sendmail')


def empty_spool():
    shutil.rmtree(SPOOL, ignore_errors=True)
    for d in ('', '/queue', '/tmp', '/failed'):
        os.mkdir(SPOOL + d)
        os.chown(SPOOL + d, pwd.getpwnam('mail').pw_uid, -1)
    os.mkfifo(SPOOL + '/trigger')


def timed(command, text):
    began = time.monotonic()
    for _ in range(N):
        subprocess.run(command, input=text, env=ENV, check=True)
    return time.monotonic() - began


for size in (2048, 102400):
    text = b'Subject: x\n\n' + (b'x' * 70 + b'\n') * (size // 71)
    took = {'one': [], 'nullmailer': []}
    for _ in range(3):
        shutil.rmtree(HOME + '/.local', ignore_errors=True)
        took['one'].append(timed([HOME + '/sendmail', '-i', '-odq',
                                  'a@x.test'], text))
        empty_spool()
        took['nullmailer'].append(timed(
            [TOP + '/nullmailer/usr/sbin/nullmailer-queue'],
            b'me@x.test\na@x.test\n\n' + text))
        assert len(os.listdir(SPOOL + '/queue')) == N
    for who, seconds in took.items():
        print('%s/%d %.3f' % (who, size, statistics.median(seconds)))
