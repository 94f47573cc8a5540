#!/usr/bin/env -S python3 -B
"""mail-alert: what is mailed of a command, and when."""
import os
import pwd
import re
import shutil
import signal
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
    f.write('#!/bin/sh\nulimit -Sf unlimited 2> /dev/null\n'	# its disk has room
            'printf "%%s\\n" "$@" > %s/args\ncat > %s/sent\n'
            '[ ! -e /proc/self/fd/9 ] || touch %s/locked\n'
            'exit $(cat %s/status)\n' % ((T.name,) * 4))
os.chmod(T.name + '/bin/mailsend', 0o755)
ENV = dict(os.environ, PATH=T.name + '/bin:' + os.environ['PATH'],
           XDG_STATE_HOME=T.name + '/state', TMPDIR=T.name)
ALERT = [ROOT + '/scripts/mail-alert']


# A disk that is full: nothing of more than 8 kB can be written.
FULL = ['sh', '-c', 'trap "" XFSZ; ulimit -f 16; exec "$@"', 'sh']


def run(*args, status=0, env=ENV, disk=()):
    for name in ('args', 'sent'):
        if os.path.exists(T.name + '/' + name):
            os.remove(T.name + '/' + name)
    with open(T.name + '/status', 'w') as f:
        f.write(str(status))
    p = subprocess.run([*disk, *ALERT, *args], capture_output=True, env=env,
                       timeout=60, stdin=subprocess.DEVNULL)
    got = {'rc': p.returncode, 'err': p.stderr.decode(),
           'out': p.stdout.decode(), 'subject': None, 'sent': None}
    if os.path.exists(T.name + '/sent'):
        with open(T.name + '/args') as f:
            got['args'] = f.read().split('\n')[:-1]
        with open(T.name + '/sent', 'rb') as f:
            got['sent'] = f.read()
        got['subject'] = (got['sent'].decode().split('\n') + [''])[1]
    return got


def state(**change):
    """Every state there is, with these members."""
    folder = T.name + '/state/postbag/alert/'
    for name in os.listdir(folder):
        if name.endswith('.lock'):
            continue
        with open(folder + name) as f:
            now = dict(line.split() for line in f)
        now.update({k: str(v) for k, v in change.items()})
        with open(folder + name, 'w') as f:
            f.write(''.join('%s %s\n' % x for x in now.items()))


def sh(text):
    return ('sh', '-c', text)


g = run('root', 'true')
case.check(g['rc'] == 0 and g['sent'] is None and not g['out'] + g['err'],
           'all is well: nothing', g)
g = run('root', *sh('echo said; echo more >&2; exit 3'))
case.check(g['rc'] == 3 and b'said\nmore\n' in g['sent'] and
           'failed with 3' in g['subject'] and g['args'][-2:] == ['--', 'root'],
           'what it said is mailed, its status stays', g)
case.check(b'\nAuto-Submitted: auto-generated\n\n' in g['sent'],
           'by a machine', g)
case.check(b'For ' not in g['sent'] and b'left out' not in g['sent'],
           'the first time there is nothing before it', g)
g = run('root', *sh('echo said; echo more >&2; exit 3'))
case.check(g['rc'] == 3 and g['sent'] is None, 'the same again is not', g)
g = run('root', *sh('echo other; exit 3'))
case.check(g['sent'] is not None, 'another command is', g)

FLAG = T.name + '/code'


def coded(n, *args, **more):
    with open(FLAG, 'w') as f:
        f.write(str(n))
    return run(*args, '-k', 'coded job', 'root', *sh('exit $(cat %s)' % FLAG),
               **more)


case.check(coded(3)['sent'] is not None, 'the first time')
case.check(coded(3)['sent'] is None, 'not the second')
g = coded(5)
case.check('failed with 5' in g['subject'], 'another status is news', g)
case.check(coded(5)['sent'] is None and coded(5)['sent'] is None, 'once')
state(mailed=int(time.time()) - 90000)
g = coded(5)
case.check(g['sent'] and b'Mails left out in between: 2.' in g['sent'],
           'after a day it is said again, with how often it came', g)
state(mailed=int(time.time()) - 90000)
case.check(b'left out' not in (coded(5)['sent'] or b'left out'),
           'which are counted from there on')
state(mailed=int(time.time()) + 90000)
old = os.umask(0)
g = coded(5)
os.umask(old)
case.check(g['sent'] is not None, 'a clock that was set back keeps no mail', g)
modes = [os.stat(T.name + '/state/postbag/alert/' + name).st_mode & 0o77
         for name in os.listdir(T.name + '/state/postbag/alert')]
case.check(not any(modes), 'nobody else reads what is kept', modes)
for ago, args, again in (
        (80000, [], False), (90000, [], True), (40, ['-r', '90'], False),
        (100, ['-r', '90s'], True), (600, ['-r', '15m'], False),
        (1000, ['-r', '15m'], True), (3000, ['-r', '1h'], False),
        (4000, ['-r', '1h'], True), (80000, ['-r', '1d'], False),
        (90000, ['-r', '1d'], True)):
    state(mailed=int(time.time()) - ago, sent=0)
    g = coded(5, *args)
    case.check((g['sent'] is not None) == again,
               '%d s later, with %s' % (ago, args), g)
state(since=int(time.time()) - 7300, sent=0)
g = coded(6)
case.check(g['sent'] and b'\n\nFor 2 hours.' in g['sent'],
           'another status, and since when there was any', g)
coded(5)
state(since=int(time.time()) - 7300, sent=0)
g = coded(0)
case.check('recovered: coded job' in g['subject'] and b'2 hours' in g['sent']
           and g['rc'] == 0, 'it is over, and that is said', g)
case.check(coded(0)['sent'] is None, 'once')
for ago, said in ((65, r'\d+ s'), (130, r'[23] minutes'),
                  (7050, r'11[789] minutes'), (7300, '2 hours'),
                  (172000, '47 hours'), (172900, '2 days')):
    state(sent=0)
    g = coded(3)
    case.check(b'left out' not in (g['sent'] or b'left out'),
               'runs that did well are no mails left out', g)
    state(since=int(time.time()) - ago)
    g = coded(0, '-a')
    case.check('recovered' in (g['subject'] or '') and re.search(
        r'\nIt failed with 3 for %s\.\n' % said, g['sent'].decode()),
        'for %d s: %s' % (ago, said), g)
g = run('-r', '99999d', '-k', 'ever', 'root', *sh('exit 3'))
case.check(g['sent'] is not None, '-r, longer than there are dates: once', g)
case.check(run('-r', '99999d', '-k', 'ever', 'root', *sh('exit 3'))['sent']
           is None, 'and not again')
g = coded(3, '-r', '0')
case.check(g['sent'] is not None and coded(3, '-r', '0')['sent'] is not None,
           '-r 0: each time', g)
state(sent=6)
g = coded(4)
case.check(g['sent'] is None, 'not more than six in an hour', g)
state(hour=1)
g = coded(4)
case.check(g['sent'] and b'left out in between: 1' in g['sent'], 'then it comes', g)

def hour():
    """How many of eight troubles are mailed; None: a new hour has begun."""
    state(sent=0)
    began = int(time.time()) // 3600
    n = sum(coded(20 + i)['sent'] is not None for i in range(8))
    return n if began == int(time.time()) // 3600 else None


n = hour()
case.check((hour() if n is None else n) == 6, 'they are counted', n)
state(sent=0)

# A mail that could not go
coded(0)
state(sent=0)
g = coded(7, status=75)
case.check(g['rc'] == 7 and g['sent'], "the command's status is told", g)
case.check(coded(7)['sent'] is not None, 'and the mail is tried again')
g = coded(0, status=75)
case.check(g['rc'] == 75, 'recovered, and no mail went', g)
case.check('recovered' in (coded(0)['subject'] or ''), 'it is tried again')

# Options
g = run('-a', 'root', 'echo', 'x')
case.check('did well' in g['subject'] and b'x\n' in g['sent'], '-a', g)
g = run('-o', 'root', *sh('echo x; exit 3'))
case.check('failed with 3' in (g['subject'] or ''), '-o, and a failure', g)
g = run('root', *sh('exit 124'))
case.check('failed with 124' in g['subject'], 'no -t: 124 is its own', g)
g = run('root', *sh('kill -9 $$'))
case.check('ended by signal 9' in g['subject'] and g['rc'] == 137, 'a signal', g)
g = run('root', *sh('exit 3 # %s\nBcc: x@y.test' % ('x' * 200)))
case.check(b'\nBcc' not in g['sent'] and len(g['subject']) < 180,
           'a command of several lines', g)
g = run('root', *sh('exit 3 #\nBcc: x@y.test'))
case.check('exit 3 # Bcc: x@y.test failed with 3' in g['subject'],
           'its name is one line', g)
g = run('-o', 'root', 'echo', 'x y')
case.check('has said something' in g['subject'] and g['rc'] == 0, '-o', g)
g = run('-t', '90', 'root', *sh('echo said; echo more >&2; exit 3'))
case.check(b'said\nmore\n' in (g['sent'] or b''), '-t: all it says', g)
g = run('-t', '1', 'root', 'sleep', '100')
case.check('was ended after 1 s' in g['subject'] and g['rc'] == 124, '-t', g)
for limit, body, rc, said in (			# as that of BusyBox
        ('1', 'sleep 1; kill -TERM $$', 124, 'was ended after 1 s'),
        ('1', 'sleep 1; kill -KILL $$', 124, 'was ended after 1 s'),
        ('1h', 'kill -TERM $$', 143, 'was ended by signal 15'),
        ('2h', 'echo "<$*>"; exit 3', 3, 'failed with 3')):
    with open(T.name + '/bin/timeout', 'w') as f:
        f.write('#!/bin/sh\n%s\n' % body)
    os.chmod(T.name + '/bin/timeout', 0o755)
    g = run('-t', limit, 'root', 'no-such-command', body)
    case.check(g['rc'] == rc and said in (g['subject'] or ''),
               '-t by another timeout(1): ' + body, g)
case.check(b'<-k 10 7200 no-such-command ' in g['sent'],
           'which ends what does not listen, too', g)
os.remove(T.name + '/bin/timeout')
g = run('-l', '2', 'root', *sh('seq 10; exit 1'))
case.check(b'1\n2\n\n[6 lines are left out]\n\n9\n10\n' in g['sent'], '-l', g)
g = run('-l', '2', 'root', *sh('seq 4; exit 1'))
case.check(b'1\n2\n3\n4\n' in g['sent'] and b'left out' not in g['sent'],
           '-l: all there is', g)
g = run('root', *sh('seq 500; exit 1'))
case.check(b'200\n\n[100 lines are left out]\n\n301\n' in g['sent'],
           '200 lines of each', g)
g = run('-s', '-A out', 'root', *sh('exit 9'))
case.check(g['args'] == ['-A', 'out', '-i', '--', 'root'], '-s', g)
with open(T.name + '/glob', 'w') as f:
    pass
g = run('-s', '-A %s/gl[o]b' % T.name, 'root', *sh('exit 19'))
case.check(g['args'][:2] == ['-A', T.name + '/gl[o]b'], '-s: no patterns', g)
for bad in ([], ['root'], ['-l', 'x', 'root', 'true'], ['-m', '0', 'r', 'true'],
            ['-r', '3w', 'root', 'true'], ['-t', '', 'root', 'true'], ['-z'],
            ['', 'true'], ['root\nBcc: x@y.test', 'true'], ['root', '']):
    g = run(*bad)
    case.check(g['rc'] == 64 and g['err'] and g['sent'] is None,
               'usage: %s' % bad, g)
g = run('root', 'no-such-command')
case.check(g['rc'] == 127 and b'not found' in g['sent'], 'no such command', g)

# What others may leave in the way
with open(T.name + '/state/postbag/alert/1-1', 'w') as f:
    f.write('x')
for name in os.listdir(T.name + '/state/postbag/alert'):
    with open(T.name + '/state/postbag/alert/' + name, 'w') as f:
        f.write('since x$(touch %s/pwned)\nmailed\n\xff\ncode 08\nsince 0999\n' % T.name)
g = coded(3)
case.check(g['rc'] == 3 and g['sent'] and not os.path.exists(
    T.name + '/pwned'), 'a state that is damaged is as none', g)
g = run('root', *sh('exit 3'), env=dict(ENV, XDG_STATE_HOME='/dev/null'))
case.check(g['rc'] == 3 and g['sent'], 'no place for a state', g)

# A full disk, no place for output: the command runs, and it is told.
g = run('-k', 'full', '-l', '9999', 'root', *sh('seq 9999; exit 4'), disk=FULL)
case.check(g['rc'] == 4 and g['args'][0] == '-s' and
           'failed with 4' in g['args'][1] and g['sent'] == b'' and
           'no room' in ' '.join(g['args']) and
           'Auto-Submitted: auto-generated' in g['args'], 'a full disk', g)
g = run('-k', 'none', 'root', *sh('touch %s/ran; exit 4' % T.name),
        env=dict(ENV, TMPDIR=T.name + '/none'))
case.check(g['rc'] == 4 and os.path.exists(T.name + '/ran') and
           'failed with 4' in g['args'][1], 'no TMPDIR', g)
g = run('-o', '-k', 'none-o', 'root', 'true',
        env=dict(ENV, TMPDIR=T.name + '/none'))
case.check(g['rc'] == 0 and g['args'] and 'may have said' in g['args'][1],
           'nor is it known whether it said something', g)
# The same where a file can be made and nothing be written to it.
g = run('-o', '-k', 'full-o', 'root', *sh('echo said 2> /dev/null; exit 0'),
        disk=['sh', '-c', 'trap "" XFSZ; ulimit -Sf 0; exec "$@"', 'sh'])
case.check(g['sent'] is not None and g['rc'] == 0 and 'may have said' in g['args'][1],
           'nor on a disk that is full', g)
os.makedirs(T.name + '/elsewhere')
link = T.name + "/mail-alert.%d" % os.getuid()
shutil.rmtree(link, ignore_errors=True)
os.symlink(T.name + "/elsewhere", link)
g = run('root', *sh('exit 3'), env=dict(ENV, XDG_STATE_HOME='/dev/null'))
case.check(g['rc'] == 3 and g['sent'] and not os.listdir(T.name + '/elsewhere'),
           "somebody's link in the place of a state", g)
g = run('-k', 'octal', '-l', '09', '-m', '08', 'root', *sh('seq 30; exit 3'))
case.check(g['rc'] == 3 and b'[12 lines are left out]' in g['sent'],
           'numbers with a leading 0', g)
g = run('-o', 'root', *sh('echo "<$HOME>"'),
        env={k: v for k, v in ENV.items() if k != 'HOME'})
home = '<%s>' % pwd.getpwuid(os.getuid()).pw_dir
case.check(g['sent'] and home in g['sent'].decode(), 'no HOME: that of the user', g)

# A line of megabytes, and one that is no text
g = run('root', *sh('printf b; head -c 2999998 /dev/zero | tr "\\0" x; '
                    'printf e; exit 3'))
case.check(g['sent'] and len(g['sent']) < 500000 and b'\n\nbxx' in g['sent'] and
           b'xx\n\n[2600000 bytes are left out]\n\nxx' in g['sent'] and
           g['sent'].endswith(b'xxe'),
           'what no server would take is cut', len(g['sent'] or ''))
g = run('-l', '1', 'root',
        *sh('for i in 1 2 3; do printf b$i; head -c 3000000 /dev/zero | '
            'tr "\\0" x; echo e$i; done; exit 3'))
case.check(g['sent'] and len(g['sent']) < 500000 and b'\n\nb1xx' in g['sent']
           and g['sent'].endswith(b'xxe3\n') and b'b3' not in g['sent'] and
           b'e1' not in g['sent'], 'each line of it, too', len(g['sent'] or ''))
# The names of this script's functions and of the shell's builtins
with open(T.name + '/bin/save', 'w') as f:
    f.write('#!/bin/sh\necho the program; exit 5\n')
os.chmod(T.name + '/bin/save', 0o755)
g = run('root', 'save')
case.check(g['rc'] == 5 and b'the program' in (g['sent'] or b''),
           'a program that is called as a function is', g)
g = run('root', 'eval', 'exit 5')
case.check(g['rc'] == 127, 'a builtin is none', g)

# A run that began before the trouble ends after it: what is known then counts.
with open(FLAG, 'w') as f:
    f.write('0')
LONG = ['-k', 'long', 'root', *sh('read x < %s/gate; exit $(cat %s)' %
                                  (T.name, FLAG))]


def long_run(code, between):
    """between() while one runs that ends with the status code; its subject"""
    os.mkfifo(T.name + '/gate')
    p = subprocess.Popen(ALERT + LONG, env=ENV, stdin=subprocess.DEVNULL)
    with open(T.name + '/gate', 'w') as gate:
        between()
        with open(FLAG, 'w') as f:
            f.write(str(code))
        for name in ('args', 'sent'):
            if os.path.exists(T.name + '/' + name):
                os.remove(T.name + '/' + name)
        gate.write('\n')
    p.wait(60)
    os.remove(T.name + '/gate')
    if not os.path.exists(T.name + '/sent'):
        return None
    with open(T.name + '/sent') as f:
        return (f.read().split('\n') + [''])[1]


subject = long_run(3, lambda: run('-k', 'long', 'root', *sh('exit 3')))
case.check(subject is None, 'one of two troubles at once is mailed', subject)
run('-k', 'long', 'root', 'true')
subject = long_run(0, lambda: run('-k', 'long', 'root', *sh('exit 4')))
case.check(subject and 'recovered: long' in subject,
           'and that it is over', subject)

# Its end is the command's
p = subprocess.Popen(ALERT + ['root', 'sleep', '1000'], env=ENV)
end = time.monotonic() + 20
kids = ''
while not kids and time.monotonic() < end:
    kids = subprocess.run(['pgrep', '-P', str(p.pid), '-x', 'sleep'],
                          capture_output=True, text=True).stdout.split()
    time.sleep(0.05)
p.send_signal(signal.SIGTERM)
p.wait(20)


def has_ended(pid):
    try:
        with open('/proc/%s/stat' % pid) as f:
            return ') Z ' in f.read()
    except OSError:                     # it may go while it is read
        return True


gone = False
while not gone and time.monotonic() < end:
    gone = has_ended(kids[0])
case.check(gone and p.returncode == 143, 'what ends it ends the command',
           (p.returncode, kids))
case.check(not os.path.exists(T.name + '/locked'),
           'mailsend, and what it leaves behind, have no lock of ours')
left = [x for x in os.listdir(T.name) if x.startswith('tmp.')]
case.check(not left, 'nothing is left behind', left)
case.end()
