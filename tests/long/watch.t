#!/usr/bin/env -S python3 -B
"""imapsync --watch and what lasts: servers that are away, silent, odd, a disk
that is full, a machine that was suspended."""
import base64
import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case, until  # noqa: E402
from syncwatch import (  # noqa: E402
    CONDSTORE, KILLN, NOTIFY, Watch, arrives, heard, mail, sanitized, server)

case = Case()
check = case.check

# ---- servers that tell less than they might
for answer in ('NO [BADEVENT (MessageNew)] no', 'BAD what?'):
    s = server(NOTIFY, 'a')
    s.on_command = lambda x, verb, args, answer=answer: (
        'TAG %s\r\n' % answer).encode() if verb == 'NOTIFY' else None
    w = Watch(s, '--poll', '1')
    arrives(s, 'INBOX', 30)
    check(w.has('INBOX', 2) and 'INBOX (IDLE)' in w.err(),
          answer + ': the next best way', w.err())
    with s.lock:
        s.box('a').add(mail(31))
    check(w.has('a', 2) and len(heard(s, 0, 'NOTIFY')) == 1,
          'and it is not asked again', s.heard)
    w.stop()
    s.close()
# A mailbox that NOTIFY does not tell of is looked at all the same.
s = server(NOTIFY, 'a', 'Shared')
s.on_say = lambda x, data: b'' if data.startswith(b'* STATUS "Shared"') and \
    x.notify and 'LIST' not in s.heard[-1] else data
w = Watch(s, '--poll', '1')
with s.lock:
    s.box('Shared').add(mail(40))
check(w.has('Shared', 2), 'what NOTIFY leaves out is looked at', w.err())
w.stop()
s.close()
# One whose numbers are other ones each time gets no rest, but a limit.
s = server(NOTIFY, 'a')


def restless(x, verb, args):
    if verb == 'NOTIFY':
        s.box('a').touch()


s.on_command = restless
w = Watch(s, wait=False)
time.sleep(8)
check(3 < len(heard(s, 0, 'NOTIFY SET STATUS')) < 25,
      'a server that is never as it was is asked now and then',
      len(heard(s, 0, 'NOTIFY')))
w.stop()
s.close()

# ---- what is away for a while
# The server is restarted; it is away for longer than a moment.
s = server(CONDSTORE + ' IDLE')
w = Watch(s, '--poll', '3600')
port, boxes = s.port, s.boxes
s.cut()
s.close()
check(until(lambda: 'trying again' in w.err(), 30), 'the server is away: said',
      w.err())
time.sleep(2)
s = w.s = imapmem.Server(CONDSTORE + ' IDLE', port=port)
s.boxes = boxes
s.box('INBOX').add(mail(60))
check(w.has('INBOX', 2) and w.err().count('trying again') == 1,
      'it is back: the mail comes, and it was said once', w.err())
w.stop()
s.close()
# It falls silent: it takes what is said, and answers nothing.
s = server(CONDSTORE + ' IDLE')
w = Watch(s, '--poll', '3600', '--timeout', '2')
old = list(s.sessions)
s.on_say = lambda x, data: b'' if x in old else data
arrives(s, 'INBOX', 62)
w.put('INBOX', 63)
check(until(lambda: len(s.box('INBOX').messages) == 3, 30) and
      w.has('INBOX', 3), 'with --timeout it connects anew', w.err())
w.stop()
s.close()

# The disk is full, and then not.
if os.path.exists(KILLN) and not sanitized():
    d = tempfile.mkdtemp(prefix='imapsync-odd-')
    s = server(CONDSTORE + ' IDLE')
    w = Watch(s, '--poll', '3600', env={'LD_PRELOAD': KILLN,
                                        'KILLN_NOROOM': d + '/full'})
    open(d + '/full', 'w').close()
    for i in range(65, 70):
        arrives(s, 'INBOX', i)
    check(until(lambda: 'trying again' in w.err(), 30) and w.p.poll() is None,
          'the disk is full: it waits', w.err())
    os.unlink(d + '/full')
    check(w.has('INBOX', 6), 'then it has room: all comes, once', w.err())
    w.stop()
    s.close()
    # The machine is suspended for an hour, and finds a dead connection.
    s = server(CONDSTORE + ' IDLE')
    w = Watch(s, '--poll', '3600', env={'LD_PRELOAD': KILLN,
                                        'KILLN_SLEPT': d + '/slept'})
    old, conns = list(s.sessions), s.conns
    s.on_say = lambda x, data: b'' if x in old else data
    arrives(s, 'INBOX', 64)
    open(d + '/slept', 'w').close()
    check(until(lambda: len(w.files('INBOX')) == 2, 30) and s.conns > conns and
          'trying again' not in w.err(),
          'a machine that was suspended: it connects anew', w.err())
    w.stop()
    s.close()
    shutil.rmtree(d)

# ---- tokens that expire, and the server ends the connection then
LIFE = 8
given = tempfile.mkstemp(prefix='imapsync-token-')[1]
s = server(CONDSTORE + ' IDLE AUTH=XOAUTH2')
s.all = s.all.replace('AUTH=PLAIN ', '')
logins, late = [], []


def by_token(x, verb, args):
    if verb != 'AUTHENTICATE':
        return None
    token = re.search(rb'Bearer (\d+)', base64.b64decode(args.split(' ')[1]))[1]
    age = time.time() - int(token)
    (late if age > LIFE or int(token) in logins else logins).append(int(token))
    x.authed = True

    def expire():
        try:
            x.say('* BYE token expired')
            x.sock.shutdown(socket.SHUT_RDWR)
        except (imapmem.Gone, OSError):
            pass
    threading.Timer(max(LIFE - age, 0.1), expire).start()
    return b'TAG OK [CAPABILITY %s] in\r\n' % s.all.encode()


s.on_command = by_token
w = Watch(s, '--poll', '3600', '--connections', '1', login=[
    '--auth', 'xoauth2', '--token-command',
    # whole seconds, and none twice
    'sleep 1; date +%s | tee -a ' + given])
for i in range(6):
    until(lambda: len(logins + late) > i, 60)
    arrives(s, 'INBOX', 950 + i)
    time.sleep(LIFE / 2)
check(len(logins) > 5 and late == [], 'each connection has a token of its own, '
      'which is asked for when it is needed', (logins, late))
check(w.has('INBOX', 7) and 'refused' not in w.err(), 'and all comes, once',
      w.err())
w.stop()
os.unlink(given)
s.close()

# ---- packets that nobody answers: in a network of our own
def run(text):
    return subprocess.run(text.split(), capture_output=True).returncode == 0


if ctypes.CDLL(None).unshare(0x40000000) == 0 and \
        run('ip link set lo up') and run('nft add table ip t'):
    s = server(NOTIFY, 'a')
    w = Watch(s, '--poll', '2', '--timeout', '3')
    check(run('nft add chain ip t o { type filter hook output priority 0 ; '
              'policy drop ; }'), 'all packets are lost')
    with s.lock:
        s.box('a').add(mail(900))
    w.put('INBOX', 901)			# it has something to say
    at = len(w.err())
    check(until(lambda: re.search('timed? ?out|no answer', w.err()[at:]), 60),
          'it notices', w.err()[at:])
    time.sleep(5)
    run('nft delete table ip t')
    check(w.has('a', 2) and until(lambda: len(s.box('INBOX').messages) == 2,
                                  30), 'and goes on when they come again',
          w.err()[at:])
    check(len(s.box('INBOX').messages) == 2 and len(w.files('INBOX')) == 2,
          'once', (s.box('INBOX').messages, w.files('INBOX')))
    check(w.stop() == 0, 'SIGTERM: 0', w.err())
    s.close()

    # This machine has another address by now: what is sent to the old one is
    # lost, and the socket here does not know.
    def lives_at(new, old=None):
        said = []
        for text in ('ip addr add %s/32 dev lo' % new,
                     'ip route replace table local local 127.0.0.1 dev lo '
                     'src ' + new) + (('ip addr del %s/32 dev lo' % old,)
                                      if old else ()):
            said.append(run(text))
        return all(said)

    check(lives_at('10.5.0.1'), 'an address')
    s = server(NOTIFY, 'a')
    w = Watch(s, '--poll', '2', '--timeout', '3')
    peers = [x.sock.getpeername()[0] for x in s.sessions]
    check(peers and set(peers) == {'10.5.0.1'}, 'it comes from there', peers)
    check(lives_at('10.5.0.2', '10.5.0.1'), 'another one')
    with s.lock:
        s.box('a').add(mail(910))
    w.put('INBOX', 911)
    check(until(lambda: len(w.files('a')) == 2 and
                len(s.box('INBOX').messages) == 2, 60) and any(
                    x.sock.getpeername()[0] == '10.5.0.2'
                    for x in list(s.sessions)),
          'a changed address: it comes from the new one, and all is synced',
          w.err())
    time.sleep(5)
    check(len(s.box('INBOX').messages) == 2 and len(w.files('INBOX')) == 2 and
          len(w.files('a')) == 2, 'once', w.err())
    check(w.stop() == 0, 'SIGTERM: 0', w.err())
    s.close()
case.end()
