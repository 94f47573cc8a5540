#!/usr/bin/env -S python3 -B
"""mailfetch: what was given to which place, and what may be deleted for it;
whatever the server calls its messages."""
import os
import re
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import (  # noqa: E402
    Case, Imap, Lmtp, Pop, Run, Serve, msg, subjects, until)

case = Case()


def state(r):
    return r.states()[0]


def both():
    return (('pop3', Pop()), ('imap', Imap()))


def file(r, name):
    path = r.d + '/' + name
    return open(path, 'rb').read() if os.path.exists(path) else b''


# ---- a UIDL that comes back

def rounds(name, came, between=None, *args):
    v = Pop([])
    s, r = Serve(v), Run()
    n = 0
    for mails in came:
        if n > 0 and between:
            between(r)
        v.m = mails + v.m
        n += len(mails)
        r.go('pop3', s, *(args or ('--delete', 'now')))
        if args:                # another client removed it
            v.m = v.m[len(mails):]
    files = r.files()
    bases = [f.split(':')[0] for sub in ('new', 'cur')
             for f in os.listdir('%s/M/%s' % (r.d, sub))]
    case.check(len(set(files)) == n and not v.m[:-1] and
               len(set(bases)) == n, '%s: all %d are there' % (name, n),
               (len(files), bases, r.rc, r.err))
    s.close()
    r.done()


def read_it(r):
    for f in os.listdir(r.d + '/M/new'):
        os.rename('%s/M/new/%s' % (r.d, f), '%s/M/cur/%s:2,S' % (r.d, f))


def lose(r):
    if os.path.exists(state(r)):
        os.unlink(state(r))


rounds('three alerts with one header, hashed alike',
       [[('4f2a', msg(0, b'disk sd%d is failing\r\n' % k))]
        for k in (1, 2, 3)])
rounds('message numbers as UIDLs',
       [[('1', msg(1)), ('2', msg(2))],
        [('1', msg(11)), ('2', msg(12)), ('3', msg(13))]])
rounds('the first was read in between', [[('1', msg(1))], [('1', msg(2))]],
       read_it)
rounds('the state was lost in between', [[('1', msg(1))], [('1', msg(2))]],
       lose)

v = Pop([('a', msg(1)), ('b', msg(2))])
s, r = Serve(v), Run()
r.go('pop3', s)
v.m = [('b', msg(2))]
r.go('pop3', s)
v.m = [('a', msg(3)), ('b', msg(2))]
r.go('pop3', s)
case.check(sorted(subjects(r.files())) == [1, 2, 3],
           'kept, and removed by another client: it is forgotten',
           subjects(r.files()))
v.m = []
r.go('pop3', s)
v.m = [('a', msg(3)), ('b', msg(2))]
r.go('pop3', s)
case.check(len(r.files()) == 3, 'an empty mailbox makes nothing forgotten',
           subjects(r.files()))
s.close()
r.done()

for proto, v in both():
    s, r = Serve(v), Run()
    r.go(proto, s)
    names = os.listdir(r.d + '/M/new')
    lose(r)
    r.go(proto, s, '-j')
    case.check(len(r.files()) == 5 and r.rc == 0 and '"fetched":0' in r.out,
               '%s: kept there, state lost: nothing comes twice' % proto,
               (len(r.files()), r.err))
    lose(r)
    with open('%s/M/new/%s' % (r.d, names[0]), 'ab') as f:
        f.write(b'changed\n')
    r.go(proto, s)
    case.check(len(r.files()) == 6, '%s: it is the bytes that tell' % proto,
               len(r.files()))
    lose(r)
    r.go(proto, s, '--limit', '2')
    r.go(proto, s)
    case.check(len(r.files()) == 6, '%s: also if that takes two runs' % proto,
               len(r.files()))
    s.close()
    r.done()

s, r = Serve(Pop()), Run()
here = os.getcwd()
r.go('pop3', s)
os.chdir(r.d)
r.bare(['-S', 'pop3://a@127.0.0.1:%d' % s.port, '--tls', 'off',
        '--password-command', 'echo p', '-d', 'maildir:./M/'])
os.chdir(here)
case.check(r.rc == 0 and len(r.files()) == 5,
           'a place is the same one from another folder',
           (r.rc, r.err, len(r.files())))
s.close()
r.done()

# ---- nobody knows whether it was deleted: QUIT has no answer

def cut(v, gone):
    """QUIT is not answered, and the messages are gone, or not."""
    def quit(v, t):
        if gone:
            v.m = []
        return False
    v.hooks['quit'] = quit


def lost_quit(gone, before, to=None, blind=False):
    """QUIT is lost in a run, of which before says what came; one more."""
    v = Pop([('u', msg(1, b'one\r\n')), ('w', msg(2, b'two\r\n'))])
    s, r = Serve(v), Run()
    args = ['-d', to % r.d] if to else []
    if before:
        r.go('pop3', s, *args, maildir=not to)
        # Nobody waits for the answer to a QUIT that deletes nothing.
        until(lambda: s.ended == s.conns, 60)
    if blind:
        r.unsum()
    cut(v, gone)
    r.go('pop3', s, '--delete', 'now', *args, maildir=not to)
    first = r.rc
    del v.hooks['quit']
    if gone:
        v.m = [('u', msg(1, b'new\r\n')), ('w', msg(2, b'two\r\n'))]
    del s.log[:]
    r.go('pop3', s, '--delete', 'now', *args, maildir=not to)
    return v, s, r, first


for name, before in (('delivered in the same run', False),
                     ('delivered before', True)):
    v, s, r, first = lost_quit(True, before)
    case.check(first != 0 and r.rc == 0 and not v.m and
               sum(b'new' in f for f in r.files()) == 1,
               'QUIT lost, %s: the next one of that UIDL arrives' % name,
               (first, r.rc, r.files(), v.m, r.err))
    case.check(len(r.files()) == 3, '%s: what is the same does not' % name,
               r.files())
    s.close()
    r.done()
    v, s, r, first = lost_quit(False, before)
    case.check(first != 0 and r.rc == 0 and not v.m and len(r.files()) == 2,
               'QUIT lost, %s, and nothing was deleted: not twice' % name,
               (first, r.rc, r.files(), v.m, r.err))
    del s.log[:]
    v.m = [('u', msg(9))]
    r.go('pop3', s, '--delete', 'now')
    case.check(len(r.files()) == 3 and s.log.count('RETR 1') == 1,
               'and once it was answered it is known no more', s.log)
    s.close()
    r.done()

v, s, r, first = lost_quit(False, False, 'mbox:%s/box')
case.check(not v.m and file(r, 'box').count(b'\nSubject: ') == 2,
           'QUIT lost, an mbox: not twice, by the digest', (r.err, v.m))
s.close()
r.done()
v, s, r, first = lost_quit(True, False, 'mbox:%s/box')
case.check(not v.m and file(r, 'box').count(b'\nnew\n') == 1 and
           file(r, 'box').count(b'\nSubject: ') == 3,
           'QUIT lost, an mbox: the other one comes', (r.err, v.m))
s.close()
r.done()
v, s, r, first = lost_quit(False, True, 'mbox:%s/box')
case.check(not v.m and file(r, 'box').count(b'\nSubject: ') == 2 and
           r.err == '',
           'QUIT lost, delivered before, an mbox: not twice, either',
           (r.err, v.m))
s.close()
r.done()
v, s, r, first = lost_quit(False, True, 'mbox:%s/box', blind=True)
case.check(not v.m and file(r, 'box').count(b'\nSubject: ') == 4 and
           'may come twice' in r.err,
           'QUIT lost, no digest: rather twice than not at all, and said',
           r.err)
s.close()
r.done()

# A run that was killed takes back what it wrote, and not what another account
# has put behind it since; nor where nothing of it was written.
for name, body in (('half a batch', b'x\r\n' * 90000), ('nothing', b'x\r\n')):
    def still(v, t):
        if t == 'RETR 2':
            stopped.wait(60)
    stopped = threading.Event()
    a, r = Serve(Pop([('1', msg(1, body)), ('2', msg(2))], retr=still)), Run()
    b = Serve(Pop([('3', msg(3)), ('4', msg(4))]))
    args = ('-d', 'mbox:%s/box' % r.d, '--delete', 'now')
    p = r.start('pop3', a, *args, maildir=False)
    until(lambda: os.path.exists(r.d + '/box.lock') and
          (len(file(r, 'box')) > 0 or len(body) < 9), 30)
    p.kill()
    p.wait()
    stopped.set()
    r.go('pop3', b, *args, maildir=False)
    r.go('pop3', a, *args, maildir=False)
    got = [int(x) for x in re.findall(rb'\nSubject: m(\d)', file(r, 'box'))]
    case.check(r.rc == 0 and got[-4:] == [3, 4, 1, 2] and not b.talk.m,
               'killed in an mbox with %s of it: another account\'s mail stays' %
               name, (r.rc, r.err, got, len(file(r, 'box'))))
    a.close()
    b.close()
    r.done()

# The same of two, whose locks have gone with the machine: each has a length of
# its own in the state, in whatever order they are named.


def still(v, t):
    if t == 'RETR 2':
        stopped.wait(60)


stopped = threading.Event()
v = Pop([('1', msg(1, b'x\r\n' * 90000)), ('2', msg(2))], retr=still)
s, r = Serve(v), Run()
to = [x for k in 'ab' for x in ('-d', 'mbox:%s/%s' % (r.d, k))]
r.write('a', 'From me@x.test Thu Jan  1 00:00:00 1970\nSubject: m7\n\nx\n\n')
p = r.start('pop3', s, *to, maildir=False)
half = until(lambda: len(file(r, 'a')) > 9999 and len(file(r, 'b')) > 9999, 30)
p.kill()
p.wait()
stopped.set()
for k in 'ab':
    os.unlink('%s/%s.lock' % (r.d, k))
r.go('pop3', s, *to[2:], *to[:2], maildir=False)
got = [[int(x) for x in re.findall(rb'^Subject: m(\d)', file(r, k), re.M)]
       for k in 'ab']
case.check(half and r.rc == 0 and r.err == '' and got == [[7, 1, 2], [1, 2]],
           'killed in two mboxes: what was begun in each is taken back',
           (half, r.rc, r.err, got))
s.close()
r.done()

# Killed, and the clock set back, and killed again: a group of records that was
# not written, of files that are older than the first run that did not end.
v = Pop([('1', msg(1))])
s, r = Serve(v), Run()
r.go('pop3', s)
with open(state(r), 'ab') as f:
    x = (4).to_bytes(4, sys.byteorder) + int(
        time.time() + 3600).to_bytes(4, sys.byteorder) + bytes(20)
    f.write(zlib.crc32(x).to_bytes(4, sys.byteorder) + x)
n = os.path.getsize(state(r))
v.m.append(('2', msg(2)))
r.go('pop3', s)
b = open(state(r), 'rb').read()
cuts = [i for i in range(n, len(b), 32)
        if int.from_bytes(b[i + 4:i + 6], sys.byteorder) == 7]
os.truncate(state(r), cuts[0])
r.go('pop3', s)
case.check(r.rc == 0 and subjects(r.files()) == [1, 2] and len(cuts) > 0,
           'killed twice, and the clock was set back: not twice',
           (r.rc, r.err, subjects(r.files()), n, len(b), cuts))
s.close()
r.done()

v = Pop([('u', msg(1))])
s, r = Serve(v), Run()
cut(v, True)
r.go('pop3', s, '--delete', 'now')
v.m = [('u', msg(2))]
v.hooks = {'retr': lambda v, t: '-ERR not now\r\n'}
r.go('pop3', s, '--delete', 'now')
case.check(r.rc == 75 and len(v.m) == 1 and 'not now' in r.err and
           not [t for t in s.log[-3:] if 'DELE' in t],
           'QUIT lost, and it cannot be looked at: it stays', (r.rc, r.err))
v.hooks = {}
r.go('pop3', s)
case.check(subjects(r.files()) == [1, 2] and len(v.m) == 1,
           'and comes later', (r.rc, r.err))
cut(v, False)
r.go('pop3', s, '--delete', 'now')
v.hooks = {}
v.m = [('u', msg(3))]
r.go('pop3', s, '--catch-up')
r.go('pop3', s, '--delete', 'now')
case.check(len(r.files()) == 2 and len(v.m) == 1 and r.rc == 0,
           'QUIT lost, --catch-up: it counts as seen, and that is no proof',
           (r.rc, r.err, r.files()))
s.close()
r.done()

# ---- to standard output: an mbox, and JSON


def dated(v, tag, t):
    return b''.join(b'* %d FETCH (UID %d INTERNALDATE "24-Dec-2023 18:00:00 '
                    b'+0100" BODY[] {%d}\r\n%s)\r\n' % (
                        u, u, len(v.m[u]), v.m[u]) for u in v.uids(
                        t.split(' ')[3])) + tag.encode() + b' OK\r\n'


s, r = Serve(Imap({1: msg(1, b'no end'), 2: msg(2)}, uid_fetch=dated)), Run()
r.go('imap', s, '-d', 'stdout', '--format', 'json', '--peek', maildir=False)
case.check(r.rc == 0 and r.out.count('"folder":"INBOX","uid":') == 2,
           'JSON on standard output: the folder', (r.rc, r.out, r.err))
r.go('imap', s, '-d', 'stdout', maildir=False)
line = r'From \S+ Sun Dec 24 17:00:00 2023\n'
case.check(r.rc == 0 and re.fullmatch(
    line + r'From: a1(.+\n){3}\nno end\n\n' + line +
    r'From: a2(.+\n){3}\nbody 2\n\n', r.out),
    'an mbox on standard output: dates, and empty lines', r.out)
s.close()
r.done()

# ---- names in the order of arrival

v = Pop([('%08x' % (i * 2654435761 % 2**32), msg(i)) for i in range(12)])
s, r = Serve(v), Run()
r.go('pop3', s)
v.m += [('%08x' % (i * 2654435761 % 2**32), msg(i)) for i in range(12, 20)]
r.go('pop3', s)
case.check(subjects(r.files()) == list(range(20)),
           'files sort as they came, over two runs', subjects(r.files()))
case.check(all(re.fullmatch(r'\d+\.N\d{6}\.[0-9a-f]{32}\.[^/:]+', f)
               for f in os.listdir(r.d + '/M/new')), 'as maildir(5) has it')
s.close()
r.done()

# ---- a look is no delivery

for proto, v in both():
    s, r = Serve(v), Run()
    r.go(proto, s, '--headers-only', '-d', 'stdout', maildir=False)
    case.check(len(subjects(r.out.encode().split(b'\nFrom '))) == 5,
               '%s: --headers-only' % proto, r.err)
    r.go(proto, s, '--headers-only', '-d', 'stdout', maildir=False)
    case.check(r.out == '', '%s: each once' % proto, r.out)
    r.go(proto, s, '--delete', 'now')
    case.check(sum(b'body' in f for f in r.files()) == 5 and not v.m,
               '%s: then all of them come whole' % proto, r.err)
    s.close()
    r.done()


class Section(Run):
    """A configuration with a section "work"."""

    def __init__(self, proto, s, *lines):
        Run.__init__(self)
        self.proto, self.port = proto, s.port
        self.say(*lines)

    def say(self, *lines):
        self.write('rc', 'fetch work\n  %s %s://a@127.0.0.1:%d\n  tls off\n'
                   '  password-command echo p\n  create\n%s' % (
                       self.proto, self.proto, self.port,
                       ''.join('  %s\n' % x for x in lines)))

    def work(self, *args):
        return self.bare(['--config', self.d + '/rc', 'work'] + list(args))


for proto, v in both():
    s = Serve(v)
    r = Section(proto, s)
    to = 'deliver maildir:%s/M' % r.d
    r.say(to, 'delete now')
    r.work('-d', 'stdout')
    case.check(r.out.count('\nSubject: m') == 5 and len(v.m) == 5,
               '%s: -d beside the section deletes nothing' % proto, r.err)
    r.work('-d', 'stdout')
    case.check(r.out == '', '%s: and keeps a record of its own' % proto,
               r.out)
    r.work('-d', 'stdout', '--delete', 'now')
    case.check(r.rc == 64 and '--delete has no effect' in r.err and
               len(v.m) == 5, '%s: --delete beside it is refused' % proto,
               (r.rc, r.err))
    r.work('-d', 'stdout', '--delete', 'never')
    case.check(r.rc == 0, '%s: but for never' % proto, (r.rc, r.err))
    r.work('--headers-only')
    case.check(len(v.m) == 5 and r.rc == 0,
               '%s: nor does --headers-only' % proto, r.err)
    for f in os.listdir(r.d + '/M/new'):
        os.unlink(r.d + '/M/new/' + f)
    r.work('--peek')
    case.check(len(r.files()) == 5 and len(v.m) == 5,
               '%s: nor does --peek' % proto, r.err)
    for f in os.listdir(r.d + '/M/new'):
        os.unlink(r.d + '/M/new/' + f)
    r.work()
    case.check(len(r.files()) == 5 and not v.m,
               '%s: the section has its own' % proto, r.err)
    s.close()
    r.done()

# ---- many places

v = Pop()
s = Serve(v)
r = Section('pop3', s)
r.say('deliver maildir:%s/M' % r.d, 'delete now')
for n in range(33):
    r.work('-q', '-d', 'exec:true %d' % n)
r.work()
case.check(len(r.files()) == 5 and not v.m,
           'what 33 other places have the section has not', r.err)
s.close()
r.done()

# A number that was another place's: nothing that was known of that is known.
v, one, two = Pop(), Lmtp(), Lmtp()
s, to, too = Serve(v), Serve(one), Serve(two)
r = Section('pop3', s)
r.say('deliver maildir:%s/M' % r.d)
one.busy = b'<b@'


def both_at(to):
    return ('-d', 'lmtp:127.0.0.1:%d' % to.port, '--deliver-tls', 'off',
            '--rcpt', 'a@x.test', '--rcpt', 'b@x.test')


r.work(*both_at(to))
for n in range(30):
    r.work('-q', '-d', 'exec:true %d' % n)
r.work(*both_at(too))
case.check(r.rc == 0 and len(two.whom) == 10 and len(two.got) == 5,
           'the recipients of another place had it, these have not',
           (r.rc, r.err, two.whom))
for x in (s, to, too):
    x.close()
r.done()

v = Imap()
s = Serve(v)
r = Section('imap', s)
r.say('deliver maildir:%s/M' % r.d)
r.write('log', '')
for n in range(31):
    r.work('-q', '-d', 'exec:true %d' % n)
r.work('-q', '-d', 'exec:tee -a %s/log' % r.d)
with open(r.d + '/log') as f:
    got = f.read().count('\nSubject: m')
case.check(r.rc == 0 and got == 5, 'a mark was another place\'s',
           (r.rc, r.err, got))
s.close()
r.done()

# ---- EXPUNGE is answered OK, and nothing has gone

mails = {i: msg(i) for i in range(1, 6)}
v = Imap(mails, uid_expunge=lambda v, tag, t: tag + ' OK\r\n',
         uid_fetch=lambda v, tag, t: b''.join(
             v.item(u, v.m[u]) for u in v.uids(t.split(' ')[3]) if u != 2) +
         tag.encode() + b' OK\r\n')
s, r = Serve(v), Run()
for k in (1, 2, 3):
    r.go('imap', s, '--delete', 'now')
case.check(len(r.files()) == 4, 'behind one that stays: nothing comes again',
           (r.rc, r.err, len(r.files())))
v.hooks.clear()
r.go('imap', s, '--delete', 'now')
case.check(len(r.files()) == 5 and not v.m and r.rc == 0,
           'and all goes when the server does it', (r.rc, r.err, len(v.m)))
s.close()
r.done()

# ---- a place twice

s, r = Serve(Pop()), Run()
os.makedirs(r.d + '/M')
os.symlink('M', r.d + '/L')
for a, b in (('maildir:%d/M', 'maildir:%d/M/'), ('mbox:%d/b', 'mbox:%d/b'),
             ('maildir:%d/M', 'maildir:%d/L'),
             ('maildir:%d/N', 'maildir:%d/N/'),
             ('maildir:%d/O', 'maildir:%d/./O'),
             ('maildir:%d/P/Q', 'maildir:%d/P/../P/Q'),
             ('mbox:%d/c', 'mbox:%d/M/../c')):
    r.go('pop3', s, '-d', a.replace('%d', r.d), '-d', b.replace('%d', r.d),
         *([] if a.startswith('mbox') else ['--create']), maildir=False)
    case.check(r.rc == 64 and 'are one place' in r.err, '64: %s, %s' % (a, b),
               (r.rc, r.err))
s.close()
r.done()

# ---- INBOX in any case is one folder

s, r = Serve(Imap()), Run()
for more in (['-f', 'INBOX', '-f', 'inbox'], ['-f', 'Inbox'], []):
    r.go('imap', s, *more)
    case.check(r.rc == 0 and len(r.files()) == 5, 'as %s' % more,
               (r.rc, r.err, len(r.files())))
r.go('imap', s, '-f', '*', '-f', '!inbox')
case.check(r.rc == 0, 'left out in another case', (r.rc, r.err))
for more in (['--move-to', 'inbox'], ['-f', 'INBOX', '--move-to', 'inbox'],
             ['-f', 'inbox', '--move-to', 'INBOX']):
    r.go('imap', s, *more)
    case.check(r.rc == 64 and 'where it comes from' in r.err, '64: %s' % more,
               (r.rc, r.err))
s.close()
r.done()

# ---- a place that is new

for proto, v in both():
    s = Serve(v)
    r = Section(proto, s)
    a, b = ('deliver maildir:%s/M' % r.d, 'deliver mbox:%s/B' % r.d)
    r.say(a)
    r.work()
    r.say(a, b, 'delete now')
    r.work()
    case.check(file(r, 'B') == b'' and len(v.m) == 5 and
               '5 messages that came before' in r.err,
               '%s: what came before a place is counted, and stays' % proto,
               (r.err, len(v.m)))
    if proto == 'pop3':
        v.m.append(('u9', msg(9)))
    else:
        v.m[9] = msg(9)
    r.work()
    case.check(file(r, 'B').count(b'\nSubject: ') == 1 and len(v.m) == 5 and
               r.err == '', '%s: it gets what arrives' % proto, r.err)
    r.work('--redeliver')
    case.check(file(r, 'B').count(b'\nSubject: ') == 6 and not v.m and
               len(r.files()) == 6, '%s: --redeliver gives it all, once' %
               proto, (r.err, len(v.m), len(r.files())))
    s.close()
    r.done()

# ---- in doubt

v = Pop()
s, r = Serve(v), Run()
begun = r.d + '/begun'
cmd = r.write('cmd', '#!/bin/sh\ncat > /dev/null\ntouch %s\n'
              'while [ -e %s ]; do sleep 0.1; done\n' % (begun, begun), 0o755)
doubt = ['-d', 'exec:' + cmd, '--delete', 'now']
p = r.start('pop3', s, *doubt, maildir=False)
until(lambda: os.path.exists(begun), 60)
p.kill()
p.wait()
os.unlink(begun)
r.write('cmd', '#!/bin/sh\ncat >> %s/out\n' % r.d, 0o755)
r.go('pop3', s, *doubt, '--in-doubt', 'skip', maildir=False)
case.check(file(r, 'out').count(b'Subject: m') == 4 and len(v.m) == 1,
           'skipped in doubt: not given, and left there', (r.err, len(v.m)))
r.go('pop3', s, *doubt, maildir=False)
case.check(file(r, 'out').count(b'Subject: m') == 4 and len(v.m) == 1,
           'for good', (r.err, len(v.m)))
r.go('pop3', s, *doubt, '--redeliver', maildir=False)
case.check(file(r, 'out').count(b'Subject: m') == 5 and not v.m,
           'unless it is asked for', (r.err, len(v.m)))
s.close()
r.done()

# ---- a state that is damaged, or is none

for proto, v in both():
    s, r = Serve(v), Run()
    path = r.d + '/x.state'
    r.go(proto, s, '--state', path)
    whole = open(path, 'rb').read()
    for name, at, size in (('its head is zeros', 0, 32),
                           ('a record is', 64, 32), ('all of it is', 0, len(
                               whole))):
        with open(path, 'wb') as f:
            f.write(whole[:at] + bytes(size) + whole[at + size:])
        r.go(proto, s, '--state', path)
        case.check(r.rc == 0 and 'damaged' in r.err and len(r.files()) == 5 and
                   os.path.exists(path + '.damaged'),
                   '%s: %s: said, and mended' % (proto, name),
                   (r.rc, r.err, len(r.files())))
        r.go(proto, s, '--state', path)
        case.check(r.rc == 0 and r.err == '' and len(r.files()) == 5,
                   '%s: %s: over' % (proto, name), (r.rc, r.err))
    s.close()
    r.done()
s, r = Serve(Pop()), Run()
path, to = r.d + '/x.state', ['-d', 'exec:true']
r.go('pop3', s, '--state', path, *to, maildir=False)
whole = open(path, 'rb').read()
for name, text, code in (
        ('its head is damaged', bytes(32) + whole[32:], 0),
        ('a record is damaged, to a command', whole[:64] + bytes(32) +
         whole[96:], 78), ('it is shorter than its head', whole[:20], 78),
        ('it is another file', b'somebody wrote this by hand\n' * 9, 78),
        ('it is empty', b'', 0)):
    with open(path, 'wb') as f:
        f.write(text)
    r.go('pop3', s, '--state', path, *to, maildir=False)
    same = open(path, 'rb').read() == text
    case.check(r.rc == code and same == (code != 0),
               '%s: exit %d' % (name, code), (r.rc, same, r.err))
s.close()
r.done()

# ---- looks take no lock

v = Imap()
s, r = Serve(v), Run()
r.start('imap', s, '--watch')
until(lambda: v.idle, 20)
for look, right in (('--check', (0, 1)), ('--list', (0,)),
                    ('--dry-run', (0,)), ('--probe', (0,)),
                    ('--peek', (0,))):
    r.go('imap', s, look)
    case.check(r.rc in right, '%s beside a watch' % look, (r.rc, r.err))
r.go('imap', s)
case.check(r.rc == 75, 'a second run waits for another day', r.rc)
s.close()
r.done()

# ---- what does not come is said


def answer(item):
    def hook(server, tag, text):
        return b''.join(item(server, u) for u in server.uids(
            text.split(' ')[3])) + tag.encode() + b' OK\r\n'
    return hook


def by_all(server, tag, text):
    """As GNU mailutils: by UIDs it finds nothing."""
    found = b'' if ' UID ' in text.split('SEARCH', 1)[1] else \
        b' '.join(b'%d' % u for u in sorted(server.m))
    return b'* SEARCH ' + found + b'\r\n' + tag.encode() + b' OK\r\n'


def imap(name, item, come, **hooks):
    v = Imap(uid_fetch=answer(item), **hooks)
    s, r = Serve(v), Run()
    for k in (1, 2):
        r.go('imap', s, '--delete', 'now')
        case.check(r.rc == 75 and 'asked for and not answered: %d' %
                   (5 - come) in r.err and len(r.files()) == come and
                   len(v.m) == 5 - come, '%s: run %d' % (name, k),
                   (r.rc, r.err, len(r.files())))
    v.hooks.clear()
    r.go('imap', s, '--delete', 'now')
    case.check(len(set(r.files())) == 5, '%s: it comes later' % name,
               len(r.files()))
    s.close()
    r.done()


imap('one of five left out', lambda v, u: v.item(u, v.m[u])
     if u != 3 else b'', 4)
imap('wrong UIDs', lambda v, u: v.item(u, v.m[u], shown=u + 100), 0)
imap('no UID in FETCH', lambda v, u: v.item(u, v.m[u], shown=0), 0)
imap('one of five, and found by ALL alone', lambda v, u: v.item(u, v.m[u])
     if u != 3 else b'', 4, uid_search=by_all)
imap('none of five, the same', lambda v, u: b'', 0, uid_search=by_all)


def no_ranges(v, tag, t):
    return '* SEARCH\r\n%s OK\r\n' % tag if 'UID 1:*' in t else None


for name, hook, rc, n in (
        ('SEARCH finds no range, and ALL', no_ranges, 0, 5),
        ('SEARCH finds nothing at all', lambda v, tag, t: '* SEARCH\r\n%s '
         'OK\r\n' % tag, 75, 0)):
    s, r = Serve(Imap(uid_search=hook)), Run()
    r.go('imap', s)
    case.check(r.rc == rc and len(r.files()) == n, name,
               (r.rc, r.err, len(r.files())))
    s.close()
    r.done()

v = Pop(retr=lambda v, t: b'+OK\r\n.\r\n' if t.endswith(' 3') else None)
s, r = Serve(v), Run()
r.go('pop3', s, '--delete', 'now')
case.check(len(v.m) == 1 and len(r.files()) == 4 and r.rc == 75 and
           'RETR gives nothing' in r.err, 'RETR gives nothing', (r.rc, r.err))
s.close()
r.done()

mails = {i: msg(i, None if i != 3 else b'x' * 70000 + b'\r\n')
         for i in range(1, 6)}
for proto, v in (('pop3', Pop([('u%d' % i, b) for i, b in mails.items()])),
                 ('imap', Imap(mails, uid_search=lambda v, tag, t:
                               '* SEARCH 1 2 4 5\r\n%s OK\r\n' % tag
                               if 'SMALLER' in t else None))):
    s, r = Serve(v), Run()
    r.go(proto, s, '--max-size', '10000', '-j')
    case.check('"skipped":1,' in r.out, '%s: what is too large is counted' %
               proto, r.out)
    s.close()
    r.done()

# ---- what is not said by a code

for text, rc in (('-ERR mailbox is locked by another session', 75),
                 ('-ERR Temporary authentication failure', 75),
                 ('-ERR your account has been locked', 77),
                 ('-ERR [AUTH] try again later', 77),
                 ('-ERR invalid password', 77),
                 ('-ERR [IN-USE] no', 75)):
    s, r = Serve(Pop(**{'pass': lambda v, t, x=text: x + '\r\n'})), Run()
    r.go('pop3', s)
    case.check(r.rc == rc, 'POP3: %s: %d' % (text, rc), (r.rc, r.err))
    s.close()
    r.done()
for text, rc in (('NO [INUSE] mailbox locked', 75), ('NO [LIMIT] many', 75),
                 ('BAD User is authenticated but not connected.', 75),
                 ('NO server is busy', 75), ('NO no such box', 69),
                 ('NO [NONEXISTENT] gone, later', 69)):
    s, r = Serve(Imap(examine=lambda v, tag, t, x=text: '%s %s\r\n' %
                      (tag, x))), Run()
    r.go('imap', s)
    case.check(r.rc == rc, 'SELECT: %s: %d' % (text, rc), (r.rc, r.err))
    s.close()
    r.done()
s, r = Serve(Imap(caps='IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 AUTH=PLAIN',
                  authenticate=lambda v, tag, t: None if 'PLAIN' in t else
                  tag + ' NO AUTHENTICATE failed\r\n')), Run()
r.go('imap', s)
case.check(r.rc == 77 and '--auth plain' in r.err,
           'SCRAM is refused: what would do is said', r.err)
s.close()
# ---- after:DAYS: from that day on, and not a day before or behind it

for proto, v in both():
    s, r = Serve(v), Run()
    r.go(proto, s, '--delete', 'after:1')
    case.check(r.rc == 0 and len(v.m) == 5, proto + ': after:1, today',
               (r.rc, r.err, len(v.m)))
    r.go(proto, s, '--delete', 'after:0')
    case.check(r.rc == 0 and not v.m and len(r.files()) == 5,
               proto + ': after:0, today', (r.rc, r.err, len(v.m)))
    s.close()
    r.done()

# What a run that died left in tmp goes with the next one, which has the lock,
# and not with one that only looks; nor goes what others have there.
v = Pop()
s, r = Serve(v), Run()
r.go('pop3', s, '-d', "exec:sh -c 'ls %s/M/tmp > %s/names'" % (r.d, r.d))
own = file(r, 'names').decode().split('\n')[0]
r.write('M/tmp/' + own, '')
r.write('M/tmp/' + own[:-8] + '0' * 8, '')
r.go('pop3', s, '--peek')
case.check(r.rc == 0 and len(os.listdir(r.d + '/M/tmp')) == 2,
           '--peek leaves what may be another run\'s', (r.rc, r.err))
v.m.append(('u6', msg(6)))
r.go('pop3', s)
case.check(r.rc == 0 and os.listdir(r.d + '/M/tmp') == [own[:-8] + '0' * 8],
           'a run takes its own away', (r.rc, r.err, own,
                                        os.listdir(r.d + '/M/tmp')))
s.close()
r.done()
case.end()
