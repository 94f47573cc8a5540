#!/usr/bin/env -S python3 -B
"""mailsend --batch: what is read ahead goes in its order, is not begun when the
batch is over, and keeps no result back."""
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case  # noqa: E402
from queuefake import BUILD, Smtp  # noqa: E402

case = Case()


def message(i, to='a', size=10):
    return ('From x\nFrom: l@x.test\nTo: %s%d@y.test\nSubject: n%d\n\n%s\n\n' % (
        to, i, i, 'x' * 70 * 1 + '\n' + ('y' * 70 + '\n') * (size // 70))
        ).encode()


def command(s, *args):
    return [BUILD + '/mailsend', '-S', 'smtp://127.0.0.1:%d' % s.port, '--tls',
            'off', '--batch', 'mboxrd', '-t'] + list(args)


def batch(s, text, *args):
    p = subprocess.run(command(s, *args), input=text, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=100)
    return p.returncode, [json.loads(x) for x in p.stdout.splitlines()], \
        p.stderr.decode()


def numbers(s):
    return [int(re.search(rb'Subject: n(\d+)', g[2]).group(1)) for g in s.got]


s = Smtp()
s.start()
# Large and small ones: a small one is ready before the large one of before.
text = b''.join(message(i, size=400000 if i % 4 == 0 else 10)
                for i in range(60))
rc, out, err = batch(s, text)
case.check(rc == 0 and numbers(s) == list(range(60)) and
           [o['n'] for o in out] == list(range(1, 61)),
           'one connection: in the order of the input', (rc, numbers(s), err))
case.check(s.connections == 1, 'and one it is', s.connections)
lines = [g[2].count(b'y' * 70) for g in s.got]
case.check(lines == [400000 // 70 if i % 4 == 0 else 0 for i in range(60)],
           'each is as long as it was', lines)
for jobs in (8, 9, 20, 100):
    s.got = []
    rc, out, err = batch(s, b''.join(message(i) for i in range(300)), '--jobs',
                         str(jobs))
    case.check(rc == 0 and sorted(numbers(s)) == list(range(300)) and
               len(out) == 300, '%d connections: each message once' % jobs,
               (rc, len(s.got), len(out), err))
# Text that has to be made 7-bit needs a file more for each.
s.got = []
s.server.RequestHandlerClass = type('Seven', (s.server.RequestHandlerClass,), {
    'say': lambda self, text: super(type(self), self).say(
        text.replace('250-8BITMIME\r\n', ''))})
eight = b''.join(message(i).replace(b'yyy', b'\xc3\xa4\xc3\xa4') .replace(
    b'xxx', b'\xc3\xa4') for i in range(300))
rc, out, err = batch(s, eight, '--jobs', '100')
case.check(rc == 0 and sorted(numbers(s)) == list(range(300)) and
           all(g[2].isascii() for g in s.got),
           '100 connections, and every message is encoded', (rc, len(s.got),
                                                             err))
s.stop()

# ---- a result waits for no input

s = Smtp()
s.start()
for jobs in ('1', '2', '8'):
    p = subprocess.Popen(command(s, '--jobs', jobs), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(message(1) + b'From x\n')
    p.stdin.flush()
    ready = select.select([p.stdout], [], [], 20)[0]
    case.check(bool(ready) and b'"sent"' in p.stdout.readline(),
               'the result of a message comes before the next message, '
               '%s connections' % jobs)
    p.stdin.close()
    p.wait(20)

# ---- the end comes though more input may

s.stop()
p = subprocess.Popen(command(s), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE)
p.stdin.write(message(1) + message(2) + b'From x\n')
p.stdin.flush()
try:
    rc = p.wait(20)
except subprocess.TimeoutExpired:
    p.kill()
    rc = None
out = p.stdout.read().splitlines()
case.check(rc == 75 and len(out) == 1 and b'"untried"' in out[0] and
           b'refused' in p.stderr.read(),
           'no server: 75 at once, and the message behind it is not begun',
           (rc, out))

# ---- what was read ahead is not begun

s = Smtp()
s.start()
rc, out, err = batch(s, b''.join(message(i, 'bad') for i in range(100)))
case.check(rc == 75 and len(out) == 20 and
           [o['n'] for o in out] == list(range(1, 21)) and
           'too many' in err, 'twenty refusals, and no message more is begun',
           (rc, len(out), err))
p = subprocess.Popen(command(s, '--rate', '20/s'), stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
p.stdin.write(b''.join(message(i) for i in range(100)))
p.stdin.close()
p.stdout.readline()
p.terminate()
out = p.stdout.read().splitlines()
rc = p.wait(20)
sent = 1 + sum(b'"sent"' in x for x in out)
others = [x for x in out if b'"sent"' not in x and b'"untried"' not in x]
end = time.time() + 5
while len(s.got) < sent and time.time() < end:
    time.sleep(0.05)
case.check(rc == 75 and sent == len(s.got) < 100 and not others,
           'stopped: what was sent is told, and nothing else was', (rc, out,
                                                                    len(s.got)))
s.stop()
# ---- a server that goes after a message, with a word or without


def going(last):
    """It goes after the first message of each connection but the second's."""
    class Goes(s.server.RequestHandlerClass):
        def say(self, text):
            if text == '250 2.0.0 taken' and s.connections == 1:
                self.wfile.write(text.encode() + b'\r\n' + last)
                self.connection.shutdown(socket.SHUT_WR)
                self.rfile.read()       # as one that lingers
                raise OSError
            super().say(text)
    return Goes


def slowly(texts, *args):
    p = subprocess.Popen(command(s, *args), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(b'From x\n')
    for t in texts:
        seen = len(s.got)
        p.stdin.write(t[7:] + b'From x\n' * (t != texts[-1]))
        p.stdin.flush()
        end = time.monotonic() + 30
        while len(s.got) == seen and t != texts[-1] and \
                time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)         # its end has come by now
    out, err = p.communicate(timeout=60)
    return p.returncode, [json.loads(x)['status']
                          for x in out.splitlines()], err.decode()


for name, last in (('without a word', b''), ('with a 421', b'421 4.3.2 bye\r\n'),
                   ('with two lines', b'421-4.3.2 bye\r\n421 4.3.2 bye\r\n')):
    s = Smtp()
    s.start()
    s.server.RequestHandlerClass = going(last)
    s.more = '250-CHUNKING\r\n'
    texts = [message(i) for i in range(3)]
    rc, got, err = slowly(texts)
    case.check(rc == 0 and got == ['sent'] * 3 and numbers(s) == [0, 1, 2] and
               s.connections == 2, 'it goes %s: the next message has another '
               'connection' % name, (rc, got, numbers(s), s.connections, err))
    s.stop()
    s = Smtp()
    s.start()
    s.server.RequestHandlerClass = going(last)
    s.more = '250-CHUNKING\r\n'
    rc, out, err = batch(s, b''.join(texts))
    case.check(out[0]['status'] == 'sent' and 0 in numbers(s),
               'it goes %s: what had its 250 is sent' % name,
               (rc, out, err))
    s.stop()

case.end()
