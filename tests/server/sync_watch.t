#!/usr/bin/env -S python3 -B
"""imapsync --watch on a server in memory: what wakes it, what it looks at
then, what it says to the server, and what it survives; tests/long/watch.t has
what takes longer."""
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case, until  # noqa: E402
from syncwatch import (  # noqa: E402
    CONDSTORE, KILLN, NOTIFY, PROGRAM, Watch, arrives, heard, mail, server)

case = Case()
check = case.check


def folder(path):
    for sub in ('cur', 'new', 'tmp'):
        os.makedirs(path + '/' + sub)



# ---- IDLE and a LIST each poll
s = server(CONDSTORE + ' IDLE', 'a', 'b')
w = Watch(s, '--poll', '3600')
check(w.idle() and [len(w.files(b)) for b in ('INBOX', 'a', 'b')] == [1, 1, 1],
      'it syncs and waits', w.err())
time.sleep(.3)
at, conns = len(s.heard), s.conns
arrives(s, 'INBOX', 10)
check(w.has('INBOX', 2), 'IDLE: mail comes', w.err())
check(not heard(s, at, r'LIST|(STATUS|SELECT|EXAMINE) "[ab]') and
      len(heard(s, at, 'SELECT')) == 1,
      'and its mailbox alone is looked at, once', s.heard[at:])
check(s.conns == conns, 'by the same connection', s.conns)
time.sleep(.3)
at = len(s.heard)
w.put('b', 11)
check(until(lambda: len(s.box('b').messages) == 2, 30) and
      until(w.idle, 30), 'inotify: a new file is uploaded', w.err())
check(not heard(s, at, r'LIST|(STATUS|SELECT) "a'), 'and the others are not asked about', s.heard[at:])
f = w.files('a')[0]
os.rename(w.near + '/a/' + ('new/' if os.path.exists(w.near + '/a/new/' + f)
                            else 'cur/') + f,
          w.near + '/a/cur/' + f.split(':')[0] + ':2,S')
check(until(lambda: r'\Seen' in s.box('a').messages[0].flags, 30),
      'a flag here comes there', w.err())
os.makedirs(w.near + '/new one/cur')
for sub in ('new', 'tmp'):
    os.makedirs(w.near + '/new one/' + sub)
check(until(lambda: 'new one' in s.boxes, 30), 'so does a new folder',
      (sorted(s.boxes), w.err()))
until(w.idle, 30)
time.sleep(.3)
w.put('new one', 12)
check(until(lambda: len(s.box('new one').messages) == 1, 30),
      'which is watched from then on', w.err())
until(w.idle, 30)
one = w.once()
check(one.returncode == 0, 'another run is made beside it',
      (one.returncode, one.stderr))
arrives(s, 'INBOX', 13)
check(w.has('INBOX', 3), 'and it goes on', w.err())
s.cut()
arrives(s, 'a', 14)
check(w.has('a', 2) and 'trying again' not in w.err(),
      'a connection that is lost is had again, without a word', w.err())
check(w.stop() == 0 and not re.search(r'(?m)^imapsync: stopped', w.err()),
      'SIGTERM: 0', (w.p.returncode, w.err()))
w.start()
check(until(w.idle, 30) and w.stop(signal.SIGINT) == 0, 'SIGINT: 0', w.err())
s.close()

# ---- what comes before the server idles
s, early = server(CONDSTORE + ' IDLE'), []


def before(x, verb, args):
    if verb == 'EXAMINE' and not early:
        early.append(s.box('INBOX').add(mail(20)))
    elif verb == 'IDLE' and len(early) == 1 and len(w.files('INBOX')) == 2:
        early.append(s.box('INBOX').add(mail(21)))
        x.say('* 3 EXISTS')


w = Watch(s, '--poll', '3600')
w.stop()
s.on_command = before
w.start()
check(until(lambda: len(w.files('INBOX')) >= 2, 30),
      'before EXAMINE, whose answer alone has it: it comes', w.err())
check(w.has('INBOX', 3), 'between IDLE and its answer: it comes', w.err())
w.stop()
busy = []


def always(x, verb, args):
    if verb == 'IDLE':
        busy.append(len(s.heard))
        s.box('INBOX').add(mail(30 + len(busy)))
        x.say('* %d EXISTS' % len(s.box('INBOX').messages))


s.on_command, w.args = always, ('--poll', '1')
w.start()
check(until(lambda: len(busy) > 1 and heard(s, busy[1], 'LIST'), 30),
      'mail comes all the time: all is looked at all the same',
      (len(busy), w.err()[-500:]))
w.stop()
s.close()

# ---- what only a look at all folders finds is said once
s = server(CONDSTORE + ' IDLE', 'a')
s.on_command = lambda x, verb, args: \
    b'TAG NO [CANNOT] no more\r\n' if verb == 'CREATE' else None
w = Watch(s, '--poll', '3600')
folder(w.near + '/x')
check(until(lambda: ' x: not created' in w.err(), 30),
      'a folder that cannot be made there', w.err())
until(w.idle, 30)
arrives(s, 'INBOX', 21)
w.has('INBOX', 2)
folder(w.near + '/y')
check(until(lambda: ' y: not created' in w.err(), 30) and
      w.err().count(' x: not created') == 1,
      'is said once, whatever was looked at meanwhile', w.err())
until(w.idle, 30)
time.sleep(2)
s.on_command = None
check(until(lambda: {'x', 'y'} <= set(s.boxes), 60),
      'and is tried again, though nothing else happens', w.err())
w.stop()
s.close()

# ---- NOTIFY: all folders, by one connection
FAR = ['f%02d' % i for i in range(75)]
s = server(NOTIFY, *FAR)
w = Watch(s)
check('told of 76 folders' in w.err(), 'NOTIFY: told of all of them', w.err())
time.sleep(.3)
at, conns, sent = len(s.heard), s.conns, s.sent
arrives(s, 'f33', 1000)
check(w.has('f33', 2) and 'f33' not in w.files('f33'), 'mail comes to any',
      w.err())
check(not heard(s, at, 'LIST') and s.conns == conns and
      {x for x in s.heard[at:] if re.match('SELECT|STATUS|EXAMINE', x)
       if '"f33"' not in x} == set(), 'and that one alone is looked at',
      s.heard[at:])
with s.lock:
    m = s.box('f02').messages[0]
    m.flags.add(r'\Flagged')
    s.box('f02').touch(m)
s.changed('f02')
check(until(lambda: w.files('f02')[0].endswith(':2,F'), 30), 'so do flags',
      (w.files('f02'), w.err()))
until(w.idle, 30)
with s.lock:
    s.box('fresh').add(mail(1001))
    for x in s.sessions:
        if x.idles:
            x.say('* LIST () "/" "fresh"')
check(w.has('fresh', 1), 'and a new folder', w.err())
w.put('f40', 1002)
check(until(lambda: len(s.box('f40').messages) == 2, 30) and
      until(w.idle, 30), 'from here to there', w.err())
time.sleep(1)
at = len(s.heard)
with s.lock:
    s.box('f50').add(mail(1003))
    for x in s.sessions:
        if x.idles:
            x.say('* OK [NOTIFICATIONOVERFLOW] too much')
check(w.has('f50', 2) and heard(s, at, 'LIST'), 'it was too much: all',
      s.heard[at:])
time.sleep(1)
at, sent, cpu = len(s.heard), s.sent, os.times()
with open('/proc/%d/stat' % w.p.pid) as f:
    began = f.read().split()[13:15]
time.sleep(3)
with open('/proc/%d/stat' % w.p.pid) as f:
    now = f.read().split()[13:15]
check(s.heard[at:] == [] and s.sent == sent, 'at rest it says nothing',
      (s.heard[at:], s.sent - sent))
check(sum(map(int, now)) - sum(map(int, began)) <= 2, 'and does nothing',
      (began, now))
check(w.stop() == 0, 'SIGTERM: 0', w.err())
s.close()


class Late:
    """Mail that comes between the run and NOTIFY."""

    def __init__(self, s):
        self.s, self.done = s, False

    def __call__(self, session, verb, args):
        if verb == 'NOTIFY' and 'STATUS' in args and not self.done:
            self.done = True
            self.s.box('a').add(mail(2000))


s = server(NOTIFY, 'a')
s.on_command = Late(s)
w = Watch(s)
check(w.has('a', 2), 'mail that came just before', w.err())
w.stop()
s.close()

# ---- a NOTIFY that is refused is not asked for again, and IDLE is
s = server(NOTIFY, 'a')


def no_notify(x, verb, args):
    return b'TAG NO [BADEVENT (MessageNew)] no\r\n' \
        if verb == 'NOTIFY' and 'STATUS' in args else None


s.on_command = no_notify
w = Watch(s, '--poll', '3600')
for n in (2, 3):
    arrives(s, 'INBOX', 2010 + n)
    check(w.has('INBOX', n), 'NOTIFY is refused: mail comes', w.err())
check(len(heard(s, 0, 'NOTIFY SET STATUS')) == 1 and
      'told of INBOX (IDLE)' in w.err(), 'by IDLE, and it is asked once',
      (heard(s, 0, 'NOTIFY'), w.err()))
w.stop()

# ---- who tells of changes without end is heard every two seconds
told = []


def endless(x, verb, args):
    if verb == 'IDLE':
        told.append(time.monotonic())
        x.say('* %d EXISTS' % len(s.box('INBOX').messages))
    return no_notify(x, verb, args)


s.on_command = endless
w.start()
check(until(lambda: len(told) == 12, 60) and told[11] - told[9] > 1.5,
      'changes without end: now and then', [x - told[0] for x in told])
w.stop()
s.close()

# ---- folders: while it looks, below others, behind links, gone
s = server(NOTIFY, 'a', 'x/y', 'Trash')
go = threading.Event()
s.on_command = lambda x, verb, args: go.wait(30) and None \
    if verb in ('SELECT', 'EXAMINE') else None
w = Watch(s, '--poll', '3600', wait=False)
check(until(lambda: heard(s, 0, 'SELECT|EXAMINE'), 30), 'control: it looks',
      s.heard)
folder(w.near + '/late')
go.set()
check(until(lambda: 'late' in s.boxes, 30), 'a folder made while it looks',
      w.err())
until(w.idle, 30)
time.sleep(.3)
folder(w.near + '/x/z')
check(until(lambda: 'x/z' in s.boxes, 30), 'one in a folder that is no Maildir',
      w.err())
w.stop()
os.rename(w.near + '/a', w.d + '/elsewhere')
os.symlink(w.d + '/elsewhere', w.near + '/a')
w.args += ('--follow', 'a')
w.start()
until(w.idle, 30)
w.put('a', 1100)
check(until(lambda: len(s.box('a').messages) == 2, 30) and
      'can be watched' not in w.err(), 'a Maildir that is a link', w.err())
for i in (1101, 1102):
    arrives(s, 'INBOX', i)
check(w.has('INBOX', 3), 'control: mail', w.err())
time.sleep(.3)
at, f = len(s.heard), w.files('INBOX')[0]
os.unlink(w.near + '/a')
os.unlink(next(p for p in (w.near + '/INBOX/new/' + f,
                           w.near + '/INBOX/cur/' + f) if os.path.exists(p)))
check(until(lambda: heard(s, at, 'UID MOVE'), 30) and
      all(x.endswith('"Trash"') for x in heard(s, at, 'UID MOVE')),
      'a link is gone, and the trash is what it was', (s.heard[at:], w.err()))
w.stop()
s.close()

# ---- what fails at first is tried again, as if it had never been
s = server(CONDSTORE + ' IDLE', 'a')
w = Watch(s, '--poll', '3600')
w.stop()
os.rename(w.near + '/a', w.d + '/elsewhere')
os.symlink(w.d + '/elsewhere', w.near + '/a')
os.mkdir(w.d + '/S/rename')
open(w.d + '/locked', 'w').close()
w.args += ('--follow', 'a')
w.login = ['--password-command', 'test ! -e %s/locked && echo secret' % w.d]
w.strace = shutil.which('strace') and ['-e', 'trace=openat']
at = len(w.err())
w.start()
check(until(lambda: '/S/rename: ' in w.err()[at:], 30),
      'its state cannot be read', w.err()[at:])
os.rmdir(w.d + '/S/rename')
check(until(lambda: 'password' in w.err()[at:], 30),
      'then it has no password', w.err()[at:])
os.unlink(w.d + '/locked')
until(w.idle, 30)
w.put('a', 1200)
check(until(lambda: len(s.box('a').messages) == 2, 30) and
      'File exists' not in w.err(), 'a link is followed as before',
      w.err()[at:])
w.stop()
if w.strace:
    with open(w.d + '/calls') as f:
        rules = re.findall(r'openat\([^"]*"(/[^"]*)", [^)]*O_PATH', f.read())
    check(rules and len(set(rules)) == len(rules),
          'and each path is allowed once', rules)
s.close()

# ---- who announces IDLE and does not idle is polled
for how in ('NO [UNAVAILABLE] not now', 'BAD what?', 'ended'):
    for caps in (CONDSTORE + ' IDLE', NOTIFY):
        s = server(caps, 'a')
        s.on_command = lambda x, verb, args, how=how: (
            '+ idling\r\nTAG OK done\r\n' if how == 'ended' else
            'TAG %s\r\n' % how).encode() if verb == 'IDLE' else None
        w = Watch(s, '--poll', '1', wait=False)
        check(until(lambda: 'looking every' in w.err(), 30),
              '%s to IDLE: it looks' % how, w.err())
        conns = s.conns
        for box, n in (('a', 20), ('INBOX', 21)):
            with s.lock:
                s.box(box).add(mail(n))
            check(until(lambda: len(w.files(box)) == 2, 30), 'mail in %s comes'
                  % box, w.err())
        check(s.conns == conns and len(heard(s, 0, 'IDLE')) == 1,
              'by the same connection, and it is asked once', s.heard)
        check(w.stop() == 0, 'SIGTERM: 0', w.p.returncode)
        s.close()

# ---- a server that hangs up each time is left alone longer and longer
s, hung = server(CONDSTORE + ' IDLE', 'a'), []


def hangs_up(x, verb, args):
    if verb != 'IDLE':
        return None
    hung.append(time.monotonic())
    return 'close'


s.on_command = hangs_up
w = Watch(s, wait=False)
check(until(lambda: len(hung) == 4, 60) and hung[3] - hung[2] >= 2,
      'who hangs up each time is tried less and less often', hung)
check(w.stop() == 0, 'SIGTERM: 0', w.p.returncode)
s.close()

# ---- folders that cannot be watched are looked at, until they can
if shutil.which('strace'):
    s = server(NOTIFY, 'a')
    w = Watch(s, '--poll', '1')
    w.stop()
    w.strace = ['-e', 'trace=inotify_add_watch', '-e',
                'inject=inotify_add_watch:error=ENOSPC:when=3..5']
    at = len(w.err())
    w.start()
    check(until(lambda: 'can be watched again' in w.err()[at:], 60) and
          w.err().count('not all folders below') == 1,
          'no more watches (inotify): said once, and had later', w.err()[at:])
    until(w.idle, 30)
    time.sleep(.3)
    n = len(heard(s, 0, 'LIST'))
    w.put('a', 22)
    check(until(lambda: len(s.box('a').messages) == 2, 30) and
          len(heard(s, 0, 'LIST')) == n, 'then it is told of files',
          w.err()[at:])
    w.stop()
    s.close()

# ---- nothing but polling
s = server(imapmem.ALL, 'a')
w = Watch(s, '--poll', '1', wait=False)
until(lambda: 'looking every' in w.err(), 30)
with s.lock:
    s.box('a').add(mail(20))
check(until(lambda: len(w.files('a')) == 2, 30), 'no IDLE: it looks', w.err())
w.put('a', 21)
check(until(lambda: len(s.box('a').messages) == 3, 30), 'and here', w.err())
at, began = len(s.heard), time.monotonic()
time.sleep(3)
lists = len(heard(s, at, 'LIST'))
check(0 < lists <= (time.monotonic() - began) / .9 + 1,
      'once a poll, by one LIST', (lists, s.heard[at:]))
check(w.stop() == 0, 'SIGTERM: 0', w.p.returncode)
s.close()

# ---- what is wrong at the start is waited out, but for usage
s = server(CONDSTORE + ' IDLE')
w = Watch(s, wait=False, login=['--password-command', 'cat %s' % (
    tempfile.gettempdir() + '/no-such-secret-%d' % os.getpid())])
check(until(lambda: 'trying again' in w.err(), 30) and w.p.poll() is None,
      'no password: it says so and waits', (w.p.poll(), w.err()))
check(w.stop() == 0, 'and ends when it is asked to', w.p.returncode)
for args in (['-n'], ['--accept-mode']):
    r = w.once('--watch', *args)
    check(r.returncode == 64, '--watch %s: 64' % args[0], r)
r = w.once('--poll', '9')
check(r.returncode == 64 and b'--watch' in r.stderr, '--poll without it: 64',
      r)
r = w.once('--watch', '--poll', '0.5')
check(r.returncode == 64, '--poll 0.5: 64', r)
s.close()

# ---- connections are lost in all ways, and each asks for a token anew
s = server(CONDSTORE + ' IDLE AUTH=XOAUTH2', 'a')
s.all = s.all.replace('AUTH=PLAIN ', '')
tokens = []


def by_token(x, verb, args):
    if verb != 'AUTHENTICATE':
        return None
    tokens.append(re.search(rb'Bearer (\w+)', base64.b64decode(
        args.split(' ')[1]))[1].decode())
    x.authed = True
    return b'TAG OK [CAPABILITY %s] in\r\n' % s.all.encode()


s.on_command = by_token
give = tempfile.mkstemp(prefix='imapsync-token-')[1]
w = Watch(s, '--poll', '3600', '--connections', '1', login=[
    '--auth', 'xoauth2', '--token-command',
    'echo x >> %s; echo tok$(wc -l < %s)' % (give, give)])
check(tokens == ['tok1'], 'a token', (tokens, w.err()))
for n, (what, how) in enumerate((
        ('a BYE', lambda x: x.say('* BYE token expired')),
        ('a reset', lambda x: x.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))),
        ('an end', lambda x: None)), 2):
    until(w.idle, 30)
    conns = s.conns
    for x in list(s.sessions):
        how(x)
        if n == 3:
            x.sock.close()
            x.sock = socket.socket()
        else:
            with contextlib.suppress(OSError):	# it may have gone already
                x.sock.shutdown(socket.SHUT_RDWR)
    arrives(s, 'a', 50 + n)
    check(until(lambda: s.conns > conns, 30) and w.has('a', n),
          what + ': it connects again, and the mail comes', w.err())
check(tokens == ['tok%d' % (i + 1) for i in range(len(tokens))] and
      len(tokens) >= 4, 'each time with another token', tokens)
check('trying again' not in w.err(), 'and not a word of it', w.err())
w.stop()
os.unlink(give)
s.close()

# ---- what systemd is told
s = server(CONDSTORE + ' IDLE')
d = tempfile.mkdtemp(prefix='imapsync-service-')
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(d + '/notify')
ear.settimeout(30)
w = Watch(s, env={'NOTIFY_SOCKET': d + '/notify', 'WATCHDOG_USEC': '1000000'})
got = []
while not any('waiting' in x for x in got) and len(got) < 50:
    got.append(ear.recv(4096).decode())
check(got[0] == 'READY=1' and got[1].startswith('STATUS=') and
      'waiting: told of INBOX (IDLE)' in got[-1], 'systemd: READY, STATUS', got)
got, began = [], time.monotonic()
while time.monotonic() < began + 2.2:
    got.append(ear.recv(4096).decode())
check(got.count('WATCHDOG=1') in (3, 4, 5, 6), 'twice a second: alive', got)
w.stop()
while 'STOPPING=1' not in got:
    got.append(ear.recv(4096).decode())
check(True, 'and that it ends')
shutil.rmtree(d)
s.close()

# ---- several accounts
one, two = server(CONDSTORE + ' IDLE'), server(CONDSTORE + ' IDLE')
w = Watch(one)
w.stop()
with open(w.d + '/config', 'w') as f:
    for name, x in ('one', one), ('two', two):
        f.write('account %s\n imap imap://127.0.0.1:%d\n user jo\n tls off\n'
                ' password-command echo secret\nsync %s\n near %s/%s\n' % (
                    name, x.port, name, w.d, name))
p = subprocess.Popen([PROGRAM, '--config', w.d + '/config', '-a', '--watch',
                      '-j'], env=w.env(), stdout=open(w.d + '/json', 'wb'),
                     stderr=open(w.d + '/err', 'ab'))
check(until(lambda: all(any(y.idles for y in x.sessions) for x in (one, two)),
            30), '-a: both are watched', w.err())
arrives(two, 'INBOX', 70)
check(until(lambda: len(os.listdir(w.d + '/two/INBOX/new')) == 2, 30),
      'and the second is told of mail')
p.send_signal(signal.SIGTERM)
check(p.wait(30) == 0 and until(lambda: not one.sessions + two.sessions, 10),
      'SIGTERM: 0, and all of them end', p.returncode)
with open(w.d + '/json') as f:
    lines = [json.loads(x) for x in f]
check({x['account'] for x in lines} == {'one', 'two'} and
      sum(x.get('act') == 'fetch' for x in lines) == 3, 'whole lines of JSON',
      lines)
r = subprocess.run([PROGRAM, '--config', w.d + '/config', '-a', '--jobs', '2'],
                   env=w.env(), capture_output=True, timeout=60)
check(r.returncode == 0 and r.stderr == b'', '--jobs 2', r)
for args in (['one', '--jobs', '2'], ['-a', '--watch', '--jobs', '2']):
    r = subprocess.run([PROGRAM, '--config', w.d + '/config', *args],
                       env=w.env(), capture_output=True, timeout=60)
    check(r.returncode == 64, ' '.join(args) + ': 64', r)

# ---- a window of days moves on while it watches
s = server(CONDSTORE + ' IDLE', 'a')
s.box('INBOX').messages.clear()
for n in (1, 2):
    s.box('INBOX').add(mail(n), r'\Seen', time.strftime(
        '%d-%b-%Y %H:%M:%S +0000', time.gmtime()))
later = tempfile.mktemp(prefix='imapsync-later-')
w = Watch(s, '--since', '14d', '--poll', '3600',
          env={'LD_PRELOAD': KILLN, 'KILLN_LATER': later})
check(w.has('INBOX', 2), 'a window of days: what is inside is here', w.err())
with open(later, 'w'):
    pass
w.put('a', 3)
check(w.has('INBOX', 0), 'in the first run of another day what is outside leaves',
      (w.files('INBOX'), w.err()))
check(len(s.box('INBOX').messages) == 2 and w.stop() == 0,
      'and is there still', w.err())
os.unlink(later)
case.end()
