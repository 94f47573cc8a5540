#!/usr/bin/env -S python3 -B
"""The queue of mailsend: what is accepted, when it is sent, what is reported,
and what is refused that somebody else has put there."""
import fcntl
import glob
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
import imapmem  # noqa: E402
from fetchfake import Case  # noqa: E402
from queuefake import BUILD, Home, Smtp, Talk  # noqa: E402

case = Case()


def check(good, name, *why):
    case.check(good, name, ' '.join(repr(w) for w in why))


def fresh(more='', up=False):
    s = Smtp()
    if up:
        s.start()
    return s, Home(s, more)


def send(h, *to, text='some text', args=(), **kw):
    return h.run('-s', 'x', '--body', text, *args, *to, **kw)


# ---- accepted
s, h = fresh()
rc = send(h, 'a@x.test', text='one')
check(rc == 0 and not h.err and not h.out and len(h.mail()) == 1,
      'no server: accepted, and nothing is said', rc, h.err)
m = h.mail()[0]
check(stat.S_IMODE(os.stat(h.queue()).st_mode) == 0o700 and
      stat.S_IMODE(os.stat(m + '/mail').st_mode) == 0o600, 'nobody else reads')
head, text = open(m + '/mail').read().split('\n\n', 1)
check(head.split('\n')[0] == 'postbag-queue 1' and '\nto a@x.test' in head and
      text.endswith('\n\none\n') and '\r' not in text, 'by hand: mail', head)
check('deferred <a@x.test> 0 - ' in h.state(m) and 'refused' in h.state(m),
      'by hand: state', h.state(m))
mid = re.search(r'^Message-ID: (.*)$', text, re.M).group(1)
h.run('--flush')
check(h.rc == 0 and s.connections == 0, 'it is not due', h.err)
s.start()
h.run('--flush')
check(h.rc == 0 and s.connections == 0, 'nor where the server is there')
waits = int(re.search(r'next (\d+)', h.state(m)).group(1)) - int(
    re.search(r'since (\d+)', h.state(m)).group(1))
check(270 <= waits <= 330, 'it is in about 5 minutes', waits)
h.set_state(m, r'next \d+', 'next 1')
h.run('--flush')
check(h.rc == 0 and not h.err and s.arrived('one') == {'a@x.test': 1} and
      not h.mail(), 'sent when it is due, and gone', h.rc, h.err)
check(mid.encode() in s.got[0][2], 'with its Message-ID')
h.run('--flush')
check(h.rc == 0 and len(s.got) == 1, 'once')
check(h.log().count('queued=') == 1 and 'sent (250' in h.log(), 'in the log')
h.done()

big = ''.join('%d\n' % i for i in range(50000))
s, h = fresh()
h.run('-oi', 'a@x.test', text='Subject: big\n\n' + big, name='sendmail')
s.start()
h.run('--flush-now')
check(h.rc == 0 and len(s.got) == 1 and s.got[0][2].replace(b'\r\n', b'\n')
      .endswith(b'\n\n' + big.encode()), '300 KB, whole', h.rc, h.err,
      [len(x[2]) for x in s.got])
h.done()

for title, to, busy in (('4yz to RCPT', 'tmp@x.test', True),
                        ('no answer to the dot', 'lost@x.test', True)):
    s, h = fresh(up=True)
    rc = send(h, 'ok@x.test' if 'RCPT' in title else to, to)
    check(rc == 0 and len(h.mail()) == 1, title + ': accepted', rc, h.err)
    s.busy = False
    h.run('--flush-now')
    n = s.arrived('some text')
    check(h.rc == 0 and not h.mail() and n[to] == (1 if 'tmp' in to else 2),
          title + ': sent later', n)
    check(('maybe twice: <lost@x.test>' in h.log()) == ('lost' in to),
          title + ': the log', h.log())
    h.done()

s, h = fresh(up=True)
s.mail_answer = '451 4.3.0 later'
check(send(h, 'a@x.test') == 0 and len(h.mail()) == 1, '4yz to MAIL')
s.mail_answer, s.greeting = '250 ok', '421 4.3.2 not now'
check(send(h, 'a@x.test') == 0 and len(h.mail()) == 2, '421')
h.done()

s, h = fresh(up=True)
rc = send(h, 'bad@x.test', 'ok@x.test')
check(rc == 67 and not h.mail() and 'no such user' in h.err,
      '5yz: told as ever, and nothing waits', rc, h.err)
rc = send(h, 'bad@x.test', 'tmp@x.test', args=('--all-or-nothing',))
check(rc == 67 and not h.mail() and not s.arrived('some text').get(
    'tmp@x.test'), 'all or nothing: nobody waits for nothing', rc, h.err)
rc = send(h, 'bad@x.test', 'tmp@x.test', args=('-j',))
got = json.loads(h.out)
check(rc == 67 and got['queued'] == os.path.basename(h.mail()[0]) and
      [r['status'] for r in got['rcpts']] == ['refused', 'queued'],
      'both: who is refused is told, the other waits', rc, h.out)
h.done()

s, h = fresh()
rc = send(h, 'a@x.test', args=('--queue', 'off'))
check(rc == 75 and not h.mail(), 'without the queue: 75, and nothing waits')
rc = send(h, 'a@x.test', args=('--queue', 'maybe'))
check(rc == 64, 'another word', h.err)
rc = send(h, 'a@x.test', args=('-n',))
check(rc == 0 and not h.mail(), '--dry-run')
send(h, 'a@x.test', args=('-n', '--log', h.d + '/dry'))
check(h.rc == 0 and not os.path.exists(h.d + '/dry'), 'which logs nothing')
rc = h.run('--flush', 'a@x.test')
check(rc == 64 and h.run('--flush', '-s', 'x') == 64 and
      h.run('--flush', '--queue-list') == 64, 'idle beside --flush', h.err)
h.done()

# What it carries comes back the same.
s, h = fresh()
ODD = ('--dsn', 'failure', '--envid', 'e+1', '--mail-param', 'XA=1',
       '--rcpt-param', 'XB=2', '--header', 'X-L: ' + 'w ' * 300,
       '--header', 'Date: x', '--header', 'Message-ID: <1@x.test>')
TO, TEXT = ('jö@x.test', '"a b"@x.test'), '.\n..\nFrom me\n\nü\n' + 'l' * 2000
send(h, *TO, args=ODD, text=TEXT)
s.start()
h.run('--flush-now')
send(h, *TO, args=ODD + ('--queue', 'off'), text=TEXT)
check(h.rc == 0 and len(s.got) == 2 and s.got[0] == s.got[1] and
      s.said[0] == s.said[1] and 'XA=1' in s.said[0][0],
      'as without a queue: odd addresses, odd text', h.rc, h.err, s.said, s.got)
h.done()

# Signed once, wherever that is.
s, h = fresh()
subprocess.run([BUILD + '/mailsend', '--dkim-new', 's1:x.test'], cwd=h.d,
               check=True, stdout=subprocess.DEVNULL,
               stderr=subprocess.DEVNULL)
key = 'dkim s1:x.test:%s/s1.x.test.pem' % h.d
h.config(key)
send(h, 'a@x.test', text='tried')
h.config(key + '\nqueue-only')
send(h, 'a@x.test', text='only')
s.start()
h.run('--flush-now')
check(h.rc == 0 and [g[2].count(b'DKIM-Signature:') for g in s.got] == [1, 1],
      'signed once', h.rc, h.err, s.got)
h.config(key)
s.stop()
odd = []
strace = shutil.which('strace')
for n in range(4, 9) if strace else ():         # asked to stop while it reads, for the DKIM, too
    subprocess.run([strace, '-f', '-qq', '-o', '/dev/null', '-e',
                    'trace=pread64', '-e',
                    'inject=pread64:signal=TERM:when=%d' % n,
                    BUILD + '/mailsend', '-t', '--no-sandbox'], env=dict(
                        os.environ, HOME=h.d, XDG_STATE_HOME='',
                        XDG_CONFIG_HOME=''), stderr=subprocess.DEVNULL,
                   input=b'To: a@x.test\nSubject: x\n\ncut %d\n' % n)
for m in h.mail():
    with open(m + '/mail') as f:
        odd += [m for m in [f.read()] if ('\nsealed\n' in m) != (
            'DKIM-Signature:' in m)]
check(not strace or (h.mail() and not odd), 'one that waits unsigned is signed '
      'later' + ('' if strace else ' # SKIP no strace'), odd)
h.done()

# ---- lists
s, h = fresh(up=True)
send(h, 'a@x.test', 'tmp@x.test')
h.run('--queue-list', '-j')
got = json.loads(h.out)
check(h.rc == 0 and got['v'] == 1 and got['id'] in got['path'] and
      [(r['addr'], r['status'], r['code']) for r in got['rcpts']] ==
      [('tmp@x.test', 'deferred', 450)], '--queue-list -j', h.out)
for name, args in (('mailsend', ['--queue-list']), ('mailq', []),
                   ('sendmail', ['-bp'])):
    h.run(*args, name=name)
    check(h.rc == 0 and re.search('^  deferred <tmp@x.test> 450 4.2.1 ', h.out,
                                  re.M) and '\n1 message\n' in h.out,
          ' '.join([name] + args), h.out, h.err)
text, m = h.out, h.mail()[0]
size = os.path.getsize(m + '/mail') - len(open(m + '/mail').read().split(
    '\n\n', 1)[0]) - 2
check(got['bytes'] == size and got['tries'] == 1 and
      '%s %d ' % (got['id'], size) in text, 'its size is the message alone',
      got, text, size)
check(h.run('--queue-remove', 'none') == 66, 'remove: there is none', h.err)
box = os.path.dirname(m)
shutil.copytree(box, os.path.dirname(box) + '/other')
check(h.run('--queue-remove', got['id']) == 64 and
      'two have that id' in h.err and len(h.mail()) == 2,
      'remove: two users have one of that name', h.rc, h.err)
with open(m + '/mail', 'r+') as f:
    fcntl.lockf(f, fcntl.LOCK_EX)
    check(h.run('--queue-remove', os.path.basename(box) + '/' + got['id']) ==
          75 and 'being sent' in h.err and len(h.mail()) == 2,
          'remove: it is being sent', h.rc, h.err)
check(h.run('--queue-remove', 'other/' + got['id']) == 0 and h.mail() == [m],
      'remove: by the name of the folder, too', h.rc, h.err)
check(h.run('--queue-remove', 'none', '--queue-remove', got['id']) == 66 and not h.mail(),
      'removed; the status is of the one that is not there', h.rc, h.err)
h.run(name='mailq')
check(h.rc == 0 and h.out == 'Mail queue is empty\n', 'it is empty', h.out)
check(h.run('-bi', name='sendmail') == 0 and not h.out, '-bi')
send(h, 'tmp@x.test')
s.busy = False
check(h.run('-q', name='sendmail') == 0 and not h.mail(), '-q sends it')

# ---- options of sendmail, the log
for queue in '-odq', '-ODeliveryMode=q', '-oDeliveryMode=queue':
    h.run('-i', queue, 'a@x.test', name='sendmail', text='Subject: q\n\n' +
          queue + '\n')
    check(h.rc == 0 and len(h.mail()) == 1 and not s.arrived(queue), queue +
          ': it waits', h.rc, h.err)
    shutil.rmtree(h.mail()[0])
s.said.clear()
h.run('-Ac', '-V', 'e+1', '-N', 'failure', '-R', 'hdrs', '-r', 'r@x.test', '-F',
      'Full Name', '-oIgnoreDots', '-v', 'a@x.test', name='sendmail', text=
      'Message-ID: <1\x1b[1m@x.test>\nSubject: q\n\n.\nbehind it\n')
check(h.rc == 0 and s.said[-1][:2] == [
    'MAIL FROM:<r@x.test> RET=hdrs ENVID=e+2B1',
    'RCPT TO:<a@x.test> NOTIFY=failure ORCPT=rfc822;a@x.test'] and
      b'\r\n.\r\nbehind it' in s.got[-1][2] and
      b'From: Full Name <r@x.test>' in s.got[-1][2] and 'sent to' in h.err,
      'options of sendmail have their effect', h.rc, h.err, s.said, s.got[-1:])
check('\x1b' not in h.log() and '[1m@x.test' in h.log(), 'the log is harmless',
      h.log())
check(stat.S_IMODE(os.stat(h.d + '/log').st_mode) & 0o137 == 0,
      'and not for all to read')
os.mkfifo(h.d + '/fifo')
check(send(h, 'a@x.test', args=('--log', h.d + '/fifo')) == 0 and
      h.d + '/fifo: No such device' in h.err,
      'one that nobody reads stops no mail', h.rc, h.err)
n = h.log().count('\n')
check(send(h, *['a%d@%s.test' % (i, 'x' * 60) for i in range(900)],
           args=('--queue-only',)) == 0 and h.log().count('\n') == n + 1 and
      re.search(' from=<me@x.test> .*queued=.* to=900 recipients: a line too '
                    'long\n$', h.log()), 'what is too long for a line',
      h.rc, h.err, h.log()[-300:])
h.done()

# ---- one that this server will never take
s, h = fresh('queue-only')
s.more = '250-SIZE 5000\r\n'
send(h, 'a@x.test', text='long ' * 2000)
send(h, 'a@x.test', text='short')
send(h, 'a@x.test', text='safe', args=('--require-tls',))
send(h, 'a@x.test', text='last')
s.start()
h.run('--flush-now')
told = [g[2] for g in s.got if g[0] == '']
check(h.rc == 0 and s.arrived('short') and s.arrived('last') and
      not s.arrived('long ') and not s.arrived('safe') and len(told) == 2 and
      not h.mail(), 'too long, or no REQUIRETLS: reported, and the others go',
      h.rc, h.err, s.got)
check(any(b'takes at most 5000' in t for t in told), 'with the reason', told)
h.config()
check(h.run('-i', 'a@x.test', name='sendmail', text='Subject: q\n\n' +
            'x\n' * 5000) == 69 and not h.mail(), 'nor is it accepted', h.err)
h.done()

# ---- each attempt waits twice as long
s, h = fresh()
send(h, 'a@x.test')
for want in (600, 1200, 2400):
    m = h.mail()[0]
    h.set_state(m, r'next \d+', 'next 1')
    began = time.time()
    h.run('--flush')
    waits = int(re.search(r'next (\d+)', h.state(m)).group(1)) - began
    check(0.9 * want - 1 <= waits <= 1.1 * want + time.time() - began,
          'then it waits for %d minutes' % (want // 60), waits)
h.done()

# ---- in doubt
s, h = fresh(up=True)
send(h, 'lost@x.test')
s.busy, s.mail_answer = False, '451 4.3.0 later'
h.run('--flush-now')
check('maybe <lost@x.test>' in h.state(h.mail()[0]),
      'who may have it is in doubt when put off, too', h.state(h.mail()[0]))
s.mail_answer = '250 ok'
h.run('--flush-now')
check(not h.mail() and 'maybe twice: <lost@x.test>' in h.log(),
      'and when it is sent that is said', h.log())
h.done()

s, h = fresh('queue-in-doubt hold', up=True)
send(h, 'lost@x.test')
s.busy = False
h.run('--flush-now')
h.run('--queue-list')
check(s.arrived('some text')['lost@x.test'] == 1 and len(h.mail()) == 1 and
      '  held <lost@x.test>' in h.out, 'hold: it stays, and is shown', h.out)
h.run('--flush-now', '--queue-in-doubt', 'send')
check(s.arrived('some text')['lost@x.test'] == 2 and not h.mail(),
      'until it is sent')
h.done()

# ---- reports
USER = pwd.getpwuid(os.geteuid()).pw_name


def reports(s):
    return [g for g in s.got if g[0] == '']


def later(*to, sender='me@x.test', more='', args=(), old=False):
    """Accepted without a server; then it is there, maybe 6 days later."""
    s, h = fresh(more)
    send(h, *to, args=('--mail-from', sender) + tuple(args))
    s.start()
    if old:
        h.set_state(h.mail()[0], r'since \d+', 'since %d' % (
            int(re.search(r'since (\d+)', h.state(h.mail()[0])).group(1)) -
            5 * 86400 - 1))
    h.run('--flush-now')
    return s, h


s, h = later('bad@x.test', 'ok@x.test')
r = reports(s)
text = r[0][2].decode() if r else ''
check(h.rc == 0 and not h.err and not h.mail() and len(r) == 1 and
      r[0][1] == [USER + '@x.test'], '5yz: a report to the user, at once',
      h.rc, h.err, s.got)
for line in ('Auto-Submitted: auto-replied', 'Final-Recipient: rfc822; bad@x.test',
             'Action: failed', 'Status: 5.1.1', 'Reporting-MTA: dns; ',
             'Diagnostic-Code: smtp; 550 5.1.1 <bad@x.test> no such user',
             'Content-Type: text/rfc822-headers',
             'Content-Type: multipart/report; report-type=delivery-status;'):
    check('\r\n' + line in text, 'it has ' + line, text)
check('ok@x.test\r\nAction' not in text and 'some text' not in text and
      text.count('\r\nSubject: x\r\n') == 1, 'the header alone', text)
import email  # noqa: E402
parsed = email.message_from_string(text)
check(parsed.get_content_type() == 'multipart/report' and
      [p.get_content_type() for p in parsed.get_payload()] ==
      ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
      "it is what Python's parser expects")
h.done()

s, h = later('odd+1@x.test', 'ok@x.test', args=(
    '--dsn', 'failure', '--envid', 'e+1', '--rcpt-param', 'XB=1', '--header',
    'Message-ID: <e1@x.test>', '--header', 'X-Long: ' + 30000 * 'ab '))
r = reports(s)
text = r[0][2].decode() if r else ''
for line in ('Original-Envelope-Id: e+1', 'Original-Recipient: rfc822;odd+1@x.test',
             'Status: 5.0.0', 'References: <e1@x.test>'):
    check('\r\n' + line + '\r\n' in text, 'it has ' + line, text[:3000])
shown = text.split('text/rfc822-headers')[-1].split('\r\n--=_')[0]
check(text.isascii() and '\x1b' not in text and 'Diagnostic-Code: smtp; 550 gr'
      in text, 'in ASCII, whatever the server said', text[:3000])
check(60000 < len(shown) < 65600 and set(
    line.split('ab')[0] for line in shown.split('X-Long:')[1].split('\r\n')
    [1:] if line) == {' '} and shown.endswith('ab\r\n'),
      'of a long header the first 64 KB, whole lines', len(shown), shown[-300:])
h.done()

s, h = fresh()
send(h, 'bad@x.test', args=('--envid', 'x'))
m = h.mail()[0] + '/mail'
with open(m) as f:
    text = f.read()
with open(m, 'w') as f:
    f.write(text.replace('ENVID=x', 'ENVID=x+0D+0AX-Evil:+20y+3D'))
s.start()
h.run('--flush-now')
check(len(reports(s)) == 1 and b'\r\nOriginal-Envelope-Id: x+0D+0AX-Evil: y=\r\n'
      in reports(s)[0][2], 'a line end in there is none of it', s.got, h.err)
h.done()

s, h = later('ok@x.test', args=('--bcc', 'bad\xfc@x.test'))
check(len(reports(s)) == 1 and
      b'report-type=global-delivery-status' in reports(s)[0][2] and
      'Final-Recipient: utf-8; bad\xfc@x.test'.encode() in reports(s)[0][2] and
      b'Content-Type: message/global-headers' in reports(s)[0][2],
      'RFC 6533 where an address needs it', s.got)
h.done()

s, h = later('tmp@x.test', old=True)
check(len(reports(s)) == 1 and b'Status: 4.4.7' in reports(s)[0][2] and
      not h.mail(), 'given up after 5 days', s.got, h.err)
h.done()
s, h = later('bad@x.test', 'ok@x.test', sender='<>')
check(len(reports(s)) == 1 and not h.mail() and re.search(
    'no report is sent: to=<bad@x.test> refused .550 5.1.1 [^<]*<bad@x.test> no '
    'such user.$', h.log(), re.M), 'none to the null address: the log has it',
    s.got, h.log())
h.done()
s, h = later('bad@x.test', args=('--dsn', 'never'))
check(not reports(s) and not h.mail(), 'none where NOTIFY says so')
h.done()

s, h = fresh()
with open(h.d + '/aliases', 'w') as f:
    f.write('%s: bad-%s@x.test\npostmaster: pm@x.test\n' % (USER, USER))
h.config('aliases %s/aliases\nqueue-only' % h.d)
send(h, 'bad@x.test')
s.start()
for _ in range(3):
    h.run('--flush-now')
check([g[1] for g in s.got] == [['pm@x.test']] and not h.mail(),
      'about a report: where both are refused at the first attempt', s.got,
      h.log())
s.stop()
s.got.clear()
h.config('aliases %s/aliases' % h.d)
send(h, 'bad@x.test')
s.start()
h.run('--flush-now')
h.run('--flush-now')
h.run('--flush-now')
check([g[1] for g in s.got] == [['pm@x.test']] and not h.mail(),
      'about a report: to postmaster, whom the aliases know', s.got, h.log())
h.config('aliases %s/aliases' % h.d)
with open(h.d + '/aliases', 'w') as f:
    f.write('%s: bad-%s@x.test\npostmaster: bad-pm@x.test\n' % (USER, USER))
s.stop()
send(h, 'bad@x.test')
s.start()
for _ in range(5):
    h.run('--flush-now')
check(len(s.got) == 1 and not h.mail() and 'no report is sent' in h.log(),
      'and about that one none', s.got, h.log())
h.done()

# Two reports about one message, the first of which still waits.
s, h = fresh()
with open(h.d + '/aliases', 'w') as f:
    f.write('%s: tmp-%s@x.test\n' % (USER, USER))
h.config('aliases %s/aliases' % h.d)
send(h, 'bad@x.test', 'tmp@x.test')
s.start()
h.run('--flush-now')
s.stop()
send(h, 'a@x.test', text='tried first')
for d in h.mail():
    with open(d + '/mail') as f:
        if 'tried first' in f.read():
            os.rename(d, os.path.dirname(d) + '/0')
m = [m for m in h.mail() if '-' not in os.path.basename(m)][1]
h.set_state(m, r'since \d+', 'since 5')
h.set_state(m, r'clock .*\n', '')
h.run('--flush-now')
s.busy = False
s.start()
h.run('--flush-now')
check(len(reports(s)) == 2 and not h.mail() and
      b'tmp@x.test\r\nAction: failed' in reports(s)[1][2],
      'who is given up later has a report, too', s.got, h.mail(), h.log())
h.done()

# ---- as a server: -bs
s, h = fresh()
DIALOGUE = ('EHLO x\r\nMAIL FROM:<w@x.test>\r\nRCPT TO:<%s>\r\n'
            'RCPT TO:<ok@x.test>\r\nDATA\r\nSubject: y\r\n\r\nbs\r\n.\r\nQUIT\r\n')
h.run('-bs', name='sendmail', text=DIALOGUE % 'bad@x.test')
check(h.rc == 0 and [line[:3] for line in h.out.split('\r\n') if line] ==
      ['220', '250', '250', '250', '250', '354', '250', '221'] and
      len(h.mail()) == 1, '-bs without a server', h.out, h.err, h.mail())
s.start()
h.run('--flush-now')
h.run('-bs', name='sendmail', text=DIALOGUE % 'a@x.test')
check(s.arrived('bs') == {'ok@x.test': 2, 'a@x.test': 1} and
      len(reports(s)) == 1, 'it is sent; who is refused is reported', s.got)
with open(h.d + '/aliases', 'w') as f:
    f.write('ops: ok@x.test, |/bin/x\n')
h.config('aliases %s/aliases' % h.d)
h.run('-bs', name='sendmail', text='MAIL FROM:<w@x.test>\r\nRCPT TO:<ops>\r\n'
      'DATA\r\nSubject: y\r\n\r\nalias\r\n.\r\nQUIT\r\n')
check(s.arrived('alias') == {'ok@x.test': 1} and '\r\n554' not in h.out and
      '\r\n250 2.0.0 accepted for some' in h.out,
      'one of an alias is left out: what is accepted is so said', h.out, h.err)
h.run('-n', '-i', 'ops', name='sendmail', text='Subject: y\n\nno alias\n')
check(s.arrived('no alias') == {'ops@x.test': 1}, '-n: no aliases', s.got)
s.got = []
h.run('-bs', name='sendmail', text='MAIL FROM:<w@x.test>\r\n'
      'RCPT TO:<"b>"@x.test>\r\nRCPT TO:<"c>\r\nRCPT TO:<c d>\r\n'
      'DATA\r\nSubject: y\r\n\r\nx\n.\nMAIL FROM:<evil@x.test>\n'
      'RCPT TO:<v@x.test>\nDATA\n\nforged\n.\n\r\n.\r\nQUIT\r\n')
check([a[:3] for a in h.out.split('\r\n')] == ['220', '250', '250', '501',
      '553', '354', '250', '221', ''] and [g[1] for g in s.got] ==
      [['"b>"@x.test']] and b'forged' in s.got[0][2],
      'a text is no command, an address no other one', h.out, s.got)
h.run('-i', '-odq', 'ok@x.test', name='sendmail', text='Subject: q\n\nodq\n')
check(h.rc == 0 and not s.arrived('odq') and len(h.mail()) == 1, '-odq')
h.done()

# ---- who logs in wrongly
s, h = fresh('user jo\npassword-command echo x', up=True)
check(send(h, 'a@x.test') == 77 or h.rc == 76, 'no AUTH there: told', h.rc)
check(not h.mail(), 'and nothing waits')
h.run('-i', 'a@x.test', name='sendmail', text='Subject: q\n\nd\n')
check(h.rc == 0 and len(h.mail()) == 1, "but a daemon's waits", h.rc, h.err)
h.done()

# ---- what is wrong with our side, or with the way, is no message's fault
s, h = fresh('queue-only', up=True)
send(h, 'a@x.test')
send(h, 'a@x.test', args=('--account', 'default'))
s.more = '250-AUTH PLAIN\r\n'
LOGIN = ('-u', 'jo', '--password-command', 'echo x')
for title, args, rc in (
        ('a pin that is none', ('--tls', 'implicit', '--pin', 'bad'), 64),
        ('a mechanism that is none', LOGIN + ('--auth', 'plian'), 64),
        ('a token with a blank', ('-u', 'jo', '--auth', 'oauthbearer',
                                  '--token-command', 'echo a b'), 65)):
    h.run('--flush-now', *args)
    check(h.rc == rc and not s.got and len(h.mail()) == 2,
          title + ': all stays', h.rc, h.err, h.mail(), h.log())
h.done()
s, h = fresh(up=True)
s.mail_answer = '451 4.3.0 later'
t = Smtp()
t.greeting = '554 5.3.2 not here'
t.start()
h.config('fallback smtp://127.0.0.1:%d' % t.port)
h.run('-i', 'a@x.test', name='sendmail', text='Subject: q\n\nd\n')
check(h.rc == 0 and len(h.mail()) == 1,
      'the first says 4yz, the next greets with 554: it waits', h.rc, h.err)
t.stop()
h.done()

# ---- limits
s, h = fresh('queue-only')
send(h, 'a@x.test')
box = os.path.dirname(h.mail()[0])
for i in range(999):
    os.mkdir('%s/x%d' % (box, i))
    with open('%s/x%d/mail' % (box, i), 'w'):
        pass
check(send(h, 'a@x.test', ) == 75 and
      'has 1000 messages' in h.err, '1000 messages', h.err)
os.unlink(box + '/x0/mail')
os.rmdir(box + '/x0')
h.run('-bs', name='sendmail', text='EHLO x\r\n' + 2 * (
    'MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n'
    'Subject: q\r\n\r\nd\r\n.\r\n') + 'QUIT\r\n')
said = [x[:3] for x in h.out.splitlines() if x[3:4] == ' ']
check(said.count('354') == 2 and [said[i + 1][0] for i, x in enumerate(said)
                                  if x == '354'] == ['2', '4'],
      'the 1,000th of a dialogue is taken, and no more', h.out, h.err)
h.done()
s, h = fresh('queue-only')
send(h, 'a@x.test')
box = os.path.dirname(h.mail()[0])
os.mkdir(box + '/big')
with open(box + '/big/mail', 'w') as f:
    f.truncate((1 << 30) - 300)
check(send(h, 'a@x.test') == 75 and 'over 1 GB' in h.err, '1 GB', h.err)
check([n for n in os.listdir(box) if n.startswith('.')] == [],
      'and nothing is left of it')
h.done()

# ---- what is none of ours
s, h = fresh('queue-only')
for _ in range(5):
    send(h, 'a@x.test', text='evil')
v = h.mail()
os.rename(v[0] + '/mail', v[0] + '/m')
os.symlink('m', v[0] + '/mail')
os.link(v[1] + '/mail', h.d + '/other')
os.rename(v[2], h.d + '/away')
os.symlink(h.d + '/away', v[2])
os.unlink(v[3] + '/mail')
os.mkfifo(v[3] + '/mail')
with open(v[4] + '/mail', 'r+') as f:
    f.write('postbag-queue 9')
with open(os.path.dirname(v[0]) + '/file', 'w') as f:
    f.write('x')
with open(h.queue() + '/stray', 'w') as f:
    f.write('x')
send(h, 'a@x.test', text='good')
s.start()
h.run('--flush-now')
check(h.rc == 65 and s.arrived('good') == {'a@x.test': 1} and
      not s.arrived('evil'), 'links and the like are not sent', h.rc, s.got)
for why in ('mail is a symbolic link', ': a symbolic link', 'has 2 links', 'not a regular file',
            'not a directory', 'does not begin with', 'stray'):
    check(why in h.err, 'named: ' + why, h.err)
check(all(os.path.lexists(p) for p in v), 'and they are left alone')
h.done()
s, h = fresh('queue-only', up=True)
send(h, 'a@x.test', text='by hand')
p = h.mail()[0] + '/mail'
with open(p) as f:
    head, text = f.read().split('\n\n', 1)
with open(p, 'w') as f:         # its end is where a read ends, and the next begins
    f.write(head + '\nrcpt-dsn ORCPT=rfc822;' + 'x' * (
        4094 - len(head) - len('\nrcpt-dsn ORCPT=rfc822;')) + '\n\n' + text)
h.run('--flush-now')
check(h.rc == 0 and s.arrived('by hand') == {'a@x.test': 1},
      'an envelope of any length', h.rc, h.err)
send(h, 'a@x.test', text='evil')
p = h.mail()[0] + '/mail'
with open(p) as f:
    text = f.read()
with open(p, 'w') as f:
    f.write(re.sub('\nfrom .*', '', text, 1))
h.run('--flush-now')
check(h.rc == 65 and not s.arrived('evil') and os.path.exists(p),
      'refused: without a sender', h.rc, h.err)
h.done()
for line in ('to b@x.test> SIZE=1', 'to b', 'to b@x.test\rX', 'server evil.test',
             'from <b@x.test>', 'to b@x.test\nrcpt-dsn NOTIFY=\x01'):
    s, h = fresh('queue-only')
    send(h, 'a@x.test', text='evil')
    p = h.mail()[0] + '/mail'
    with open(p, newline='') as f:
        text = f.read()
    with open(p, 'w', newline='') as f:
        f.write(text.replace('\n\n', '\n' + line + '\n\n', 1))
    s.start()
    h.run('--flush-now')
    check(h.rc == 65 and not s.got and os.path.exists(p), 'refused: %r' % line,
          h.rc, h.err, s.got)
    h.done()

# ---- many at once, and other accounts
s, h = fresh('queue-only')
for i in range(12):
    send(h, 'a@x.test', text='number %d!' % i)
s.start()
some = [threading.Thread(target=lambda: subprocess.run(
    [BUILD + '/mailsend', '--flush-now'], env=dict(os.environ, HOME=h.d),
    check=True)) for _ in range(4)]
env = os.environ.pop('XDG_STATE_HOME', None), os.environ.pop(
    'XDG_CONFIG_HOME', None)
[t.start() for t in some]
[t.join() for t in some]
check([s.arrived('number %d!' % i) for i in range(12)] ==
      [{'a@x.test': 1}] * 12 and not h.mail(), 'four flushers: once each',
      len(s.got))
h.done()

s, other = Smtp(), Smtp()
h = Home(s, 'account two\nsmtp smtp://127.0.0.1:%d\ntls off\nfrom two@x.test\n'
         'queue on' % other.port)
send(h, 'a@x.test', text='first')
send(h, 'a@x.test', text='second', args=('-A', 'two'))
s.start()
other.start()
h.run('--flush-now')
check(h.rc == 0 and s.arrived('first') and not s.arrived('second') and
      other.arrived('second') == {'a@x.test': 1} and not h.mail(),
      'each account sends its own', h.rc, h.err, s.got, other.got)
send(h, 'a@x.test', text='aside', args=('-A', 'two', '--queue-only', '--queue',
                                        h.d + '/q'))
h.run('--flush-now', '--queue', h.d + '/q')
check(h.rc == 0 and other.arrived('aside') == {'a@x.test': 1},
      'out of the queue that --queue names, too', h.rc, h.err, other.got)

# What another account's message needs in this run is done by that account.
s.got, other.got = [], []
send(h, 'bad@x.test', args=('-A', 'two', '--queue-only'))
h.run('--flush-now')
check(h.rc == 0 and len(reports(other)) == 1 and not s.got and not h.mail(),
      'a report goes by the account of its message', h.rc, h.err, s.got)
send(h, 'a@x.test', args=('-A', 'two', '--queue-only'))
BOOT = '/proc/sys/kernel/random/boot_id'


def state_of(fate, by=0):
    """Of what was put off just now, by a clock that was wrong by so much."""
    now, clock = int(time.time()) + by, ''
    if by:
        with open(BOOT) as f, open('/proc/uptime') as u:
            clock = 'clock %s %d %d\n' % (
                f.read().strip(), float(u.read().split()[0]), now)
    with open(h.mail()[0] + '/state', 'w') as f:
        f.write('postbag-state 1\nsince %d\ntries 1\nnext %d\n'
                '%s%s <a@x.test> 550 5.1.1 no\n' % (
                    now, now + (-60 if by else 3600), clock, fate))


state_of('deferred')
h.run('--flush')
check(h.rc == 0 and len(other.got) == 1 and len(h.mail()) == 1,
      'one that is not due waits', h.rc, h.err, other.got)
state_of('refused')
h.run('--flush')
check(h.rc == 0 and len(reports(other)) == 2 and not h.mail(),
      'a report that is owed is made at once', h.rc, h.err, other.got)
if os.path.exists(BOOT):
    send(h, 'a@x.test', text='set', args=('-A', 'two', '--queue-only'))
    state_of('deferred', 7200)
    h.run('--flush')
    check(h.rc == 0 and other.arrived('set') and not h.mail(),
          'a clock that was set is followed', h.rc, h.err, other.got)
conf = h.d + '/.config/postbag/config'
for piped in '/dev/stdin', '-', '/dev/fd/0':
    send(h, 'a@x.test', text='piped', args=('-A', 'two', '--queue-only'))
    with open(conf) as f:
        text = f.read()
    h.run('--flush', '--config', piped, text=text)
    check(h.rc == 78 and len(h.mail()) == 1 and 'two: ' in h.err and
          'is no file that can be read again' in h.err,
          '--config %s: who cannot read it again is named' % piped, h.rc, h.err)
    shutil.rmtree(h.mail()[0])
h.config('account two\nsmtp smtp://127.0.0.1:1\ntls off\nfrom two@x.test\nqueue on\n'
         'account three\nsmtp smtp://127.0.0.1:%d\ntls off\nfrom three@x.test\n'
         'queue on\nqueue-only' % other.port)
send(h, 'a@x.test', text='third', args=('-A', 'two'))
send(h, 'a@x.test', text='fourth', args=('-A', 'three'))
h.first('third')
h.run('--flush-now')
check(h.rc == 75 and other.arrived('fourth') and len(h.mail()) == 1,
      'and of one that cannot the status tells, whoever came behind it', h.rc,
      h.err, other.got)
h.done()

# What the flush was told the other accounts' processes are told, too.
TWO = ('account two\nsmtp smtp://127.0.0.1:%d\ntls off\nfrom two@x.test\n'
       'queue on\n' % other.port)
h = Home(s)
other.busy, other.got = True, []
os.makedirs(h.d + '/mail')
h.config(TWO + 'account here\nserver maildir:%s/mail/%%u\nfrom me@x.test\n'
         'queue on\naccount direct\nserver mx:\nfrom d@x.test\nqueue on' % h.d)
send(h, 'lost@x.test', text='doubtful', args=('-A', 'two'))
send(h, pwd.getpwuid(os.geteuid()).pw_name, text='in house',
     args=('-A', 'here', '--queue-only'))
h.first('doubtful')     # whose process sees the other one, and its bare name
other.busy = False
h.run('--flush-now', '--queue-in-doubt', 'hold', '--log', h.d + '/said', '-4',
      '--timeout', '1m', '--source', '127.0.0.1', '--ehlo', 'me.test')
check(len(other.got) == 1 and len(h.mail()) == 1,
      'who is in doubt is held, whatever his account', h.rc, h.err, other.got)
check(h.rc == 0 and not h.err and len(os.listdir(
    glob.glob(h.d + '/mail/*/new')[0])) == 1 ,
      'what says how the network is used is no error where there is none',
      h.rc, h.err)
h.run('--flush-now', '--log', h.d + '/said', '-v')
with open(h.d + '/said') as f:
    said = f.read()
check(h.rc == 0 and len(other.got) == 2 and 'from=<two@x.test>' in said and
      'maybe twice' in h.err, 'the log and -v, too', h.rc, h.err, said)
send(h, 'a@x.test', args=('-A', 'direct', '--queue-only'))
h.run('--flush-now', '--proxy', 'socks5://127.0.0.1:1')
check(h.rc == 64 and '--proxy has no effect with mx:' in h.err and
      len(h.mail()) == 1, 'nothing goes round the proxy', h.rc, h.err)
shutil.rmtree(h.mail()[0])
h.config(TWO)
send(h, 'a@x.test', text='elsewhere', args=(
    '-A', 'two', '--queue-only', '--queue', h.d + '/q'))
with open(h.d + '/.config/postbag/config') as f:
    text = f.read()
with open(h.d + '/.config/postbag/config', 'w') as f:
    f.write(text.replace('queue on', 'queue %s/q' % h.d, 1))
h.run('-q', name='sendmail')
check(h.rc == 0 and other.arrived('elsewhere') == {'a@x.test': 1},
      'the queue of who flushes, as sendmail, too', h.rc, h.err, other.got)
h.done()

# However many accounts there are.
h.config(''.join(TWO.replace('two', 'n%d' % i) for i in range(102)))
send(h, 'a@x.test', text='of many', args=('-A', 'n0', '--queue-only'))
with open(h.mail()[0] + '/mail') as f:
    text = f.read()
for i in range(1, 102):
    d = '%s/m%d' % (os.path.dirname(h.mail()[0]), i)
    os.mkdir(d)
    with open(d + '/mail', 'w') as f:
        f.write(text.replace('account n0', 'account n%d' % i))
h.run('--flush')
check(h.rc == 0 and other.arrived('of many') == {'a@x.test': 102} and
      not h.mail(), 'none of 102 accounts is passed over', h.rc, h.err,
      len(other.got))
h.done()

# Nobody sends for an account that is gone: that is told, and it has its time.
h.config(TWO)
send(h, 'a@x.test', 'lost@x.test', text='orphan', args=('-A', 'two',
                                                        '--queue-only'))
m = h.mail()[0]
with open(m + '/state', 'w') as f:
    f.write('postbag-state 1\nsince 1\ntries 0\nnext 1\ndeferred <a@x.test> 0 - x\n'
            'trying <lost@x.test> 0 - x\n')
h.config()
WHY = 'no account "two" is in the configuration'
h.run('--queue-list')
check(h.rc == 0 and '\n  ' + WHY in h.out, 'gone: the list says it', h.out)
h.run('--queue-list', '-j')
got = json.loads(h.out)
check(got['error'].startswith(WHY) and got['account'] == 'two' and
      len(got['rcpts']) == 2, 'so does -j', h.out)
s.got, s.busy = [], False
h.run('--flush')
check(h.rc == 78 and h.err.count(WHY) == 1 and h.log().count(WHY) >= 1 and
      'deferred <a@x.test> 0 - ' + WHY in h.state(m) and
      'maybe <lost@x.test> 0 - ' + WHY in h.state(m) and not s.got,
      'it is told', h.rc, h.err, h.log(), h.state(m))
said = h.log()
check('maybe twice' not in said.splitlines()[-1],
      'and nothing is said to have been sent', said)
h.run('--flush')
check(h.rc == 0 and not h.err and h.log() == said, 'it waits for its turn',
      h.rc, h.err)
h.run('--flush-now')
check(h.rc == 75 and not h.err and h.log() == said and 'tries 2' in h.state(m),
      'once', h.rc, h.err, h.log(), h.state(m))
h.run('--flush-now', '-A', 'default')
check('tries 2' in h.state(m), 'not where an account is named', h.state(m))
h.set_state(m, r'since \d+', 'since 1')
h.set_state(m, r'clock .*\n', '')
with open(m + '/mail') as f:
    text = f.read()
os.mkdir(os.path.dirname(m) + '/report')
with open(os.path.dirname(m) + '/report/mail', 'w') as f:
    f.write(text.replace('from two@x.test', 'report 1\nfrom ', 1).replace(
        'orphan', 'old report'))
h.run('--flush-now')
told = [g[2] for g in reports(s)]
check(h.rc == 0 and not h.mail() and len(told) == 2 and
      any(b'Status: 4.4.7' in t and WHY.encode() in t for t in told) and
      any(b'old report' in t for t in told),
      'after its time it is reported, and a report goes by any account', h.rc, h.err,
      s.got, h.log())
h.done()

# ---- clocks
s, h = fresh('queue-only')
for text in 'one', 'two':
    send(h, 'tmp@x.test', text=text)
for m in h.mail():
    with open(m + '/mail') as f:
        text = f.read()
    with open(m + '/mail', 'w') as f:
        f.write(re.sub(r'queued \d+', 'queued 5', text, 1))
both = h.mail()
h.run('--flush-now')
check(h.rc == 75 and h.mail() == both and h.log().count('untried') == 3,
      'the machine was off: who was not tried is not given up', h.rc, h.log())
s.start()
h.run('--flush-now')
check(h.rc == 75 and h.mail() == both and not reports(s),
      'nor by the first attempt', h.rc, h.log(), s.got)
h.done()

s, h = fresh()
send(h, 'a@x.test')
s.start()
h.set_state(h.mail()[0], r'since \d+', 'since 99999999999')
h.set_state(h.mail()[0], r'next \d+', 'next 99999999999')
h.run('--flush')
check(h.rc == 0 and len(s.got) == 1, 'a clock that went back: it is due')
h.done()
LATER = dict(LD_PRELOAD=BUILD + '/lab/killn.so', KILLN_DAYS='6')
if os.path.exists(BOOT):
    s, h = fresh()
    send(h, 'tmp@x.test')
    s.start()
    h.run('--flush-now', env=LATER)
    check(h.rc == 75 and len(h.mail()) == 1 and not reports(s),
          'a clock that was set forward gives nothing up', h.rc, h.err, s.got)
    h.run('--flush-now')
    check(h.rc == 75 and len(h.mail()) == 1, 'nor back again', h.rc, h.err)
    h.set_state(h.mail()[0], 'clock [^ ]*', 'clock another-start')
    was = h.state(h.mail()[0])
    h.run('--flush-now', env=LATER)
    check(h.rc == 0 and not h.mail() and len(reports(s)) == 1,
          'but time that has passed does', h.rc, h.err, was, s.got,
          [h.state(m) for m in h.mail()])
    h.done()
else:
    print('ok %d - a clock that is set # SKIP no boot_id' % (case.n + 1))
s, h = fresh()
send(h, 'tmp@x.test')
s.start()
h.set_state(h.mail()[0], r'since \d+', 'since 99999999999')
h.run('--flush-now')
check(h.rc == 75 and len(h.mail()) == 1 and 'since 9999' not in
      h.state(h.mail()[0]), 'and it counts from now', h.state(h.mail()[0]))
h.done()

# ---- one connection

s, h = fresh()
for i in range(5):
    send(h, 'bad@x.test' if i == 2 else 'a%d@x.test' % i, text='text %d' % i)
send(h, 'bad@x.test', 'a6@x.test', 'tmp@x.test', text='text 6')
s.start()
h.run('--flush-now')
check(sorted(a for g in s.got for a in g[1] if g[0]) ==
      ['a%d@x.test' % i for i in (0, 1, 3, 4, 6)] and len(reports(s)) == 2 and
      s.connections == 1, 'several messages, refusals and reports between them: '
      'one connection', s.connections, s.got)
h.done()


class Closes(Talk):
    """One message a connection, and no word of it."""

    def say(self, text):
        super().say(text)
        if text == '250 2.0.0 taken':
            self.connection.shutdown(2)


s, h = fresh()
for i in range(4):
    send(h, 'a%d@x.test' % i, text='text %d' % i)
s.start()
s.server.RequestHandlerClass = Closes
for i in range(4):
    h.run('--flush-now')
check(sorted(a for g in s.got for a in g[1]) ==
      ['a%d@x.test' % i for i in range(4)] and not h.mail(),
      'a server that ends after each message: each goes, once',
      s.connections, s.got, h.log())
h.done()

# The answer of a later attempt stands with who it is about.
s, h = fresh(up=True)
send(h, 'a@x.test', 'tmp@x.test', args=('--queue-only',))
h.run('--flush-now')
s.mail_answer = '451 4.3.0 another answer'
h.run('--flush-now')
check('deferred <tmp@x.test> 451 4.3.0 another answer' in h.state(h.mail()[0]),
      'the answer of the last attempt is noted', h.state(h.mail()[0]))

# ---- --save imap: is once, whatever becomes of the answers
class Kept(imapmem.Server):
    """lose: so many answers to APPEND get lost; drop: with what they were
    about; close: so many commands of a kind end the connection; unread: no
    body can be read."""
    def __init__(self, caps=imapmem.ALL):
        super().__init__(caps)
        self.box('Gesendet').special = r'\Sent'
        self.lose, self.drop, self.close = 0, False, {}
        self.unread = False
        self.on_say, self.on_command = self.said, self.command

    def said(self, session, data):
        if b'OK [APPENDUID' in data and self.lose > 0:
            self.lose -= 1
            if self.drop:
                self.box('Gesendet').messages.pop()
            raise imapmem.Gone
        return data

    def command(self, session, verb, args):
        if self.close.get(verb, 0) > 0:
            self.close[verb] -= 1
            return 'close'
        if self.unread and verb == 'UID FETCH' and 'BODY' in args:
            return b'TAG NO [SERVERBUG] cannot read it\r\n'

    def subjects(self):
        return [re.search(rb'Subject: (.*?)\r', m.data).group(1).decode()
                for m in self.box('Gesendet').messages]

    def config(self):
        return ('save imap:kept\naccount kept\nimap imap://127.0.0.1:%d\n'
                'tls off\nuser jo\npassword-command echo secret' % self.port)


def kept(**how):
    k = Kept()
    k.box('Gesendet').add(b'Subject: old\r\n\r\nx\r\n')
    for name, value in how.items():
        setattr(k, name, value)
    s, h = fresh(k.config(), up=True)
    s.busy = False
    return k, s, h


for name, how, rc, there in (
        ('an answer is lost', {'lose': 1}, 0, ['old', 'x']),
        ('so is the message', {'lose': 1, 'drop': True}, 0, ['old', 'x']),
        ('two answers are lost, and both messages', {'lose': 2, 'drop': True},
         74, ['old']),
        ('a connection is lost with the APPEND', {'close': {'APPEND': 1}}, 0,
         ['old', 'x']),
        ('it is lost while the message is looked for',
         {'lose': 1, 'close': {'UID SEARCH': 1}}, 0, ['old', 'x']),
        ('whether it is there cannot be told', {'lose': 1, 'unread': True},
         74, ['old', 'x'])):
    k, s, h = kept(**how)
    got = send(h, 'a@x.test')
    check(got == rc and k.subjects() == there and len(s.got) == 1 and
          (rc == 0) == (h.err == ''), '--save imap: ' + name, got, h.err,
          k.subjects(), k.heard)

k, s, h = kept()
k.box('Gesendet').special = ''
k.box('Alt').special = r'\Noselect \Sent'
k.box('Da').special = r'\Sent'
got = send(h, 'a@x.test')
check(got == 0 and len(k.box('Da').messages) == 1 and not k.box('Alt').messages,
      '--save imap: not in what is marked, and no folder', got, h.err, k.heard)
k.all += ' APPENDLIMIT=10'
got = send(h, 'a@x.test')
check(got == 74 and 'larger than the server takes' in h.err and
      len(k.box('Da').messages) == 1, '--save imap: APPENDLIMIT', got, h.err)

# Another message is not taken for it, not even with its Message-ID.
k, s, h = kept(lose=1, drop=True)


def other(session, data):
    if b'OK [APPENDUID' in data and k.lose > 0:
        b = k.box('Gesendet')
        b.add(b.messages[-1].data.replace(b'Subject: x', b'Subject: y'))
        b.messages.pop(-2)
        k.lose -= 1
        raise imapmem.Gone
    return data


k.on_say = other
got = send(h, 'a@x.test')
check(got == 0 and k.subjects() == ['old', 'y', 'x'],
      '--save imap: another one of that Message-ID is not it', got, h.err,
      k.subjects())

# From the queue: one message, saved once though it is sent in two attempts.
k, s, h = kept()
s.busy = True
got = send(h, 'a@x.test', 'tmp@x.test')
check(got == 0 and k.subjects() == ['old', 'x'],
      '--save imap: who has got it at once', got, h.err, k.subjects())
s.busy = False
got = h.run('--flush-now')
check(got == 0 and len(s.got) == 2 and k.subjects() == ['old', 'x'],
      '--save imap: and who gets it later: one copy', got, h.err,
      k.subjects())
s.stop()
for i in range(3):
    send(h, 'a@x.test', args=('-s', 'q%d' % i))
check(k.subjects() == ['old', 'x'], '--save imap: what waits is not saved',
      k.subjects())
s.start()
logins = sum(c.startswith('AUTHENTICATE') for c in k.heard)
k.lose = 1
got = h.run('--flush-now')
check(got == 0 and sorted(k.subjects()) == ['old', 'q0', 'q1', 'q2', 'x'],
      '--save imap: the flusher saves each', got, h.err, k.subjects())
k.box('Gesendet').special = ''
got = send(h, 'a@x.test', args=('--queue-only',))
got = h.run('--flush-now')
check(got == 74 and 'not saved' in h.err and not h.mail(),
      '--save imap: the flusher says what it could not save', got, h.err)
check(sum(c.startswith('AUTHENTICATE') for c in k.heard) == logins + 3,
      'over one connection, but for the one that was lost', k.heard)

# One that refuses the login is asked once, and that is said once.
k, s, h = kept()
for i in range(3):
    send(h, 'a@x.test', args=('--queue-only',))
k.on_command = lambda session, verb, args: \
    b'TAG NO [AUTHENTICATIONFAILED] no\r\n' if verb == 'AUTHENTICATE' else None
got = h.run('--flush-now')
check(got == 74 and len(s.got) == 3 and not h.mail() and
      h.err.count('not saved') == h.err.count('not asked again') == 1 and
      sum(c.startswith('AUTHENTICATE') for c in k.heard) == 1,
      '--save imap: a refused login is said once', got, h.err, k.heard)

# With a Maildir one message is saved once, too, though sent in two attempts.
s, h = fresh()
h.config('save maildir:%s/kept\n' % h.d)
s.start()
got = send(h, 'a@x.test', 'tmp@x.test')
there = os.listdir(h.d + '/kept/cur')
check(got == 0 and len(there) == 1 and len(h.mail()) == 1,
      '--save maildir: who has got it at once', got, h.err, there)
h.run('--flush-now')
s.busy = False
got = h.run('--flush-now')
check(got == 0 and len(s.got) == 2 and not h.mail() and
      os.listdir(h.d + '/kept/cur') == there,
      '--save maildir: and who gets it later: one copy', got, h.err,
      os.listdir(h.d + '/kept/cur'))
h.done()

# Killed while the copy is stored: what was sent is known, and not sent again.
def killed_at_copy(k, h, *args, text=b'', out=subprocess.DEVNULL):
    p = subprocess.Popen([BUILD + '/mailsend', *args], stdin=subprocess.PIPE,
                         stdout=out, stderr=subprocess.DEVNULL,
                         env=dict(os.environ, HOME=h.d))

    def kill(session, verb, args):
        if verb == 'APPEND':
            p.kill()
            return 'close'

    k.on_command = kill
    p.communicate(text, timeout=60)
    k.on_command = None
    return p.returncode


k, s, h = kept()
send(h, 'a@x.test', args=('--queue-only',))
got = killed_at_copy(k, h, '--flush-now')
end = time.monotonic() + 30
while h.mail() and time.monotonic() < end:      # its helper has the lock
    h.run('--flush-now')
check(got == -9 and len(s.got) == 1 and not h.mail() and
      'maybe' not in h.log(), '--save imap: killed then, sent once', got,
      len(s.got), h.mail(), h.log())
k, s, h = kept()
with open(h.d + '/batch', 'w') as f:
    f.write('account default\nsmtp smtp://127.0.0.1:%d\ntls off\n%s\n' % (
        s.port, k.config()))
words = ['--config', h.d + '/batch', '--batch', 'mboxrd', '-t']
text = b'From x\nFrom: l@x.test\nTo: a@x.test\nMessage-ID: <1@x.test>\n\nx\n'
with open(h.d + '/out', 'wb') as f:
    got = killed_at_copy(k, h, *words, text=text, out=f)
rc = h.run(*words, '--resume', h.d + '/out', text=text)
check(got == -9 and rc == 0 and len(s.got) == 1, '--batch: killed then, '
      'not sent again', got, rc, len(s.got), open(h.d + '/out').read(), h.err)

# A second try after one that could not even begin, as of -bs for each RCPT.
s, h = fresh(up=True)
h.config('queue off\nuser me\npassword-command false\n' + Kept().config())
got = h.run('-bs', name='sendmail', text='MAIL FROM:<me@x.test>\r\n'
            'RCPT TO:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nQUIT\r\n')
check(got == 0 and h.out.count('\n451 ') == 2, '--save imap: asked twice, '
      'with no password', got, h.out, h.err)

# ---- a folder of the queue has the name that somebody gave it
s, h = fresh()
me = pwd.getpwuid(os.geteuid()).pw_name
os.mkdir(h.d + '/mail')
with open(h.d + '/.config/postbag/config', 'w') as f:
    f.write('account default\nserver maildir:%s/mail/%%u\nqueue on\n'
            'from jo@x.test\n' % h.d)
send(h, me, args=('--queue-only',))
box = os.path.dirname(h.mail()[0])
os.rename(box, os.path.dirname(box) + '/a:2,T\nb')
got = h.run('--flush-now')
there = os.listdir(h.d + '/mail/' + me + '/new')
check(got == 0 and len(there) == 1 and re.fullmatch(r'[\w.-]+', there[0]),
      'it is no part of a name in a Maildir', got, h.err, there)
h.done()
case.end()
