#!/usr/bin/env -S python3 -B
"""Commands of mailfetch: what they are told, and that one message's fault is
that message's."""
import json
import os
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, msg  # noqa: E402

case = Case()
NAMES = 'SENDER RECIPIENT ACCOUNT FOLDER UID FILE'.split()


def text(r, name):
    path = r.d + '/' + name
    return open(path, 'rb').read() if os.path.exists(path) else b''


def script(r, body):
    return r.write('cmd', '#!/bin/sh\n' + body, 0o755)


def told(proto, head, *args, folder='INBOX', name='an-id'):
    """Which variables a command has for a message with that header."""
    r = Run()
    cmd = script(r, 'for v in %s; do eval "printf \'%%s=%%s\\0\' $v '
                 '\\"\\${POSTBAG_$v-unset}\\""; done > %s/vars\n' %
                 (' '.join(NAMES), r.d))
    m = head.encode('latin1') + b'Subject: m1\r\n\r\nbody\r\n'
    s = Serve(Pop([(name, m)]) if proto == 'pop3' else
              Imap({7: m}, folders=(folder,)))
    more = list(args) + (['-f', folder] if proto == 'imap' else [])
    r.go(proto, s, '-d', 'exec:' + cmd, *more, maildir=False,
         env={'POSTBAG_FOLDER': 'not this', 'POSTBAG_FILE': 'nor this'})
    s.close()
    got = dict(x.split('=', 1) for x in
               text(r, 'vars').decode().split('\0')[:-1])
    r.done()
    return got


v = told('pop3', 'Return-Path: <jo@x.test>\r\nReturn-Path: <forged@y.test>\r\n'
         'Delivered-To: me@here.test\r\nDelivered-To: forged@y.test\r\n'
         'X-Original-To: other@here.test\r\n')
case.check(v == {'SENDER': 'jo@x.test', 'RECIPIENT': 'me@here.test',
                 'ACCOUNT': '127.0.0.1', 'FOLDER': 'unset', 'UID': 'an-id',
                 'FILE': 'unset'}, 'POP3: by the topmost fields', v)
v = told('imap', 'Return-Path: <>\r\nFrom: a@x.test\r\n', folder='a b/$(id)')
case.check(v['SENDER'] == '' and v['FOLDER'] == 'a b/$(id)' and v['UID'] == '7'
           and v['RECIPIENT'] == 'unset', 'IMAP: the null sender, a folder', v)
for head in ('Return-Path: <a@b\x01.test>\r\n', 'Return-Path: <-f@x.test>\r\n',
             'Return-Path: <a b@x.test>\r\n', 'Return-Path:\r\n',
             'Return-Path: <a@x.test> <b@x.test>\r\n', '\xff: x\r\n',
             'From: undisclosed:;\r\n', 'From: root\r\n'):
    v = told('pop3', head)
    case.check(v['SENDER'] == 'unset', 'left out: %r' % head, v)
v = told('pop3', 'From: "a, b" <jo@x.test>,\r\n c@x.test\r\n'
         'Delivered-To: a@b@c\r\nX-Original-To: other@here.test\r\n')
case.check(v['SENDER'] == 'jo@x.test' and v['RECIPIENT'] == 'unset',
           'the first of From; no second best for a broken field', v)

v = told('pop3', 'From: a@x.test\r\nSender: b@x.test\r\n', name='-rf')
case.check(v['SENDER'] == 'b@x.test' and v['UID'] == 'unset',
           'Sender before From; a unique id that is like an option', v)
v = told('imap', '', folder='-rf')
case.check(v['FOLDER'] == 'unset' and v['UID'] == '7',
           'a folder that is like an option', v)
v = told('pop3', '\r\nReturn-Path: <jo@x.test>\r\nDelivered-To: me@here.test\r\n'
         '\r\n')
case.check(v['SENDER'] == v['RECIPIENT'] == 'unset',
           'no header: what the body says of itself is nothing', v)

# The file is the one that comes.
r = Run()
cmd = script(r, 'echo "$POSTBAG_FILE" > %s/file\n' % r.d)
s = Serve(Pop([('u1', msg(1))]))
r.go('pop3', s, '-d', 'exec:' + cmd)
path = text(r, 'file').decode().rstrip('\n')
case.check(path.startswith(r.d + '/M/new/') and os.path.exists(path) and
           open(path).read().endswith('body 1\n'),
           'POSTBAG_FILE is where it is to be', path)
s.close()

# The exact bytes, with the line ends that files have.
odd = (b'Subject: m1\r\nX: ' + b'y' * 3000 + b'\r\n\r\nnul \0 8-bit \xff bare '
       b'\r cr\r\n.\r\n' + b'z' * 5000 + b'\r\nno end')
r = Run()
cmd = script(r, 'cat > %s/got\n' % r.d)
s = Serve(Pop([('u1', odd + b'\r\n')]))
r.go('pop3', s, '-d', 'exec:' + cmd, maildir=False)
case.check(text(r, 'got') == odd.replace(b'\r\n', b'\n') + b'\n',
           'the bytes are as they came', text(r, 'got')[-60:])
s.close()

# One hangs: it stays, and the others come.
for reads in (True, False):
    r = Run()
    pop = Pop()
    s = Serve(pop)
    cmd = script(r, 'if head -c 20 | grep -q "From: a2@"; then %s sleep 20; '
                 'fi; echo x >> %s/out\n' %
                 ('cat > /dev/null;' if reads else '', r.d))
    r.go('pop3', s, '-d', 'exec:' + cmd, '--deliver-timeout', '1', '--delete',
         'now', maildir=False)
    case.check(text(r, 'out').count(b'x') == 4 and len(pop.m) == 1,
               'four of five come', r.err)
    case.check(r.rc == 75 and r.err.count('\n') == 1 and 'message 2' in r.err,
               '75, and it is named once', r.err)
    script(r, 'exit 0')
    r.go('pop3', s, '-j', '-d', 'exec:' + cmd, maildir=False)
    case.check(json.loads(r.out)['in_doubt'] == reads, 'who ended before it '
               'had read did not take it' if not reads else
               'who had read it all may have', r.out)
    s.close()
# With a Maildir beside it the doubt stays a doubt.
r = Run()
s = Serve(Pop([('u1', msg(1))]))
cmd = script(r, 'cat > /dev/null; sleep 20')
r.go('pop3', s, '-d', 'exec:' + cmd, '--deliver-timeout', '1')
script(r, 'exit 0')
r.go('pop3', s, '-d', 'exec:' + cmd, '-j')
case.check(r.rc == 0 and len(r.files()) == 1 and
           json.loads(r.out)['in_doubt'] == 1, 'beside a Maildir', r.out)
s.close()

# All of them hang: that is not the messages' fault.
r = Run()
s = Serve(Pop([('u%d' % i, msg(i)) for i in range(20)]))
r.go('pop3', s, '-d', 'exec:sleep 20', '--deliver-timeout', '0.2',
     maildir=False)
case.check(r.rc == 75 and '5 times in a row' in r.err and
           '5 messages stay' in r.err and r.err.count('\n') == 2,
           'five in a row end the run', r.err)
s.close()

# One line for a cause, whatever the status.
for how, rc in (('exit 75', 75), ('exit 1', 69), ('kill -9 $$', 75)):
    r = Run()
    s = Serve(Imap({i: msg(i) for i in range(1, 31)}))
    r.go('imap', s, '-d', "exec:sh -c '%s'" % how, maildir=False)
    case.check(r.rc == rc and r.err.count('\n') == 1 and
               '127.0.0.1: exec sh: ' in r.err and
               '30 messages stay on the server: INBOX UID 1, ' in r.err and
               'and others' in r.err, '30 times %s' % how, r.err)
    s.close()
r = Run()
s = Serve(Pop())
r.go('pop3', s, '-j', '-d', "exec:sh -c 'echo noise'", maildir=False)
case.check(r.rc == 0 and json.loads(r.out)['fetched'] == 5 and
           r.err.count('noise') == 5, "-j: what it prints is on stderr", r.out)
r.state += '2'
r.go('pop3', s, '-d', 'stdout', '-d', "exec:sh -c 'echo noise'",
     maildir=False)
case.check(r.rc == 0 and 'noise' not in r.out and 'body 5' in r.out,
           'stdout: the same', r.out)
s.close()

# ---- filter

# A run that was killed behind the last rename: nothing of it is in the state.
def killed(r):
    for path in r.states():
        x = (4).to_bytes(4, sys.byteorder) + (1).to_bytes(4, sys.byteorder)
        x += bytes(20)
        with open(path, 'rb') as f:
            head = f.read(32)
        with open(path, 'wb') as f:
            f.write(head + zlib.crc32(x).to_bytes(4, sys.byteorder) + x)


for proto in ('pop3', 'imap'):
    box = (Pop if proto == 'pop3' else Imap)()
    s, r = Serve(box), Run()
    each = script(r, 'cat; echo >> %s/n; wc -l < %s/n' % (r.d, r.d))
    for k in (1, 2):
        r.go(proto, s, '--filter', each, '-d', 'maildir:%s/M2' % r.d)
        case.check(r.rc == 0 and len(r.files()) == 5 ==
                   len(os.listdir(r.d + '/M2/new')), proto + ': killed behind '
                   'the filter, which gives something else each time: once',
                   (r.rc, r.err, len(r.files())))
        killed(r)
    if proto == 'pop3':
        box.m[0] = ('u1', b'Subject: m9\r\n\r\nanother\r\n')
        r.go(proto, s, '--filter', each)
        case.check(len(r.files()) == 6, 'but another message is another one',
                   (r.err, len(r.files())))
    s.close()
    r.done()

def filtered(body, *args, mails=None, proto='pop3', **how):
    """A run with that filter, "delete now", to a Maildir; what is left."""
    r = Run()
    box = (Pop if proto == 'pop3' else Imap)(mails)
    s = Serve(box)
    r.go(proto, s, '--filter', script(r, body), '--delete', 'now', '-j',
         *[x.replace('%d', r.d) for x in args], **how)
    s.close()
    return r, box


for proto in ('pop3', 'imap'):
    r, box = filtered('echo "X-Filter: $POSTBAG_UID"; cat; echo end',
                      proto=proto)
    case.check(r.rc == 0 and len(r.files()) == 5 and not box.m and
               all(f.startswith(b'X-Filter: ') and f.endswith(b'\nend\n')
                   for f in r.files()), proto + ': what comes out is delivered',
               r.out + r.err)
r, box = filtered('sed s/body/BODY/', '-d', 'mbox:%d/mb', '-d',
                  "exec:sh -c 'cat >> %d/out'", '-d', 'maildir:%d/M2')
case.check(text(r, 'mb').count(b'BODY') == 5 == text(r, 'out').count(b'BODY')
           and len(r.files()) == 5 == len(os.listdir(r.d + '/M2/new')) and
           b'body' not in text(r, 'mb') + b''.join(r.files()),
           'to each place', r.err)
r, box = filtered('if grep -q "Subject: m[24]"; then exit 99; fi; echo taken')
said = json.loads(r.out)
case.check(r.rc == 0 and r.err == '' and r.files() == [b'taken\n'] * 3 and
           said['dropped'] == 2 and said['fetched'] == 3 and not box.m,
           '99: it goes nowhere, and is done', r.out + r.err)
for body, rc, why in (('exit 1', 75, 'exit 1'), ('exit 75', 75, 'exit 75'),
                      ('kill -9 $$', 75, 'signal 9'), ('exit 0', 75,
                                                       'no output'),
                      ('cat > /dev/null; sleep 20', 75, 'not done after 1'),
                      ('cat; exit 3', 75, 'exit 3')):
    r, box = filtered('if grep -q "Subject: m3" /dev/fd/0; then %s; fi; '
                      'echo "Subject: m0"' % body, '--deliver-timeout', '1')
    case.check(r.rc == rc and len(r.files()) == 4 and len(box.m) == 1 and
               r.err.count('\n') == 1 and why in r.err and
               'message 3 stays' in r.err, 'one stays: ' + body, r.err)
r, box = filtered('', mails=[('u1', b'')])
case.check(len(r.files()) <= 1, 'nothing from nothing is no failure', r.err)
r, box = filtered('exit 1', '-d', 'exec:sh -c "echo x >> %d/out"')
case.check(text(r, 'out') == b'' and r.files() == [] and len(box.m) == 5 and
           os.listdir(r.d + '/M/tmp') == [], 'before the filter has said yes '
           'nothing is anywhere', r.err)
r, box = filtered('cat', '--filter', "cat 'x", '--state', '%d/s')
case.check(r.rc == 64 and len(box.m) == 5, 'a quote that is not closed', r.err)
r, box = filtered('cat', '--filter', '/nowhere')
case.check(r.rc == 75 and len(box.m) == 5 and '/nowhere' in r.err and
           '5 messages stay' in r.err and r.err.count('\n') == 1,
           'a filter that is not there', (r.rc, r.err))

# A command that could not be started has had nothing: no doubt is left.
r, s = Run(), Serve(Pop())
r.go('pop3', s, '-d', 'exec:%s/cmd' % r.d, maildir=False)
case.check(r.rc == 69 and '/cmd' in r.err, 'a command that is not there',
           (r.rc, r.err))
script(r, 'echo x')
r.go('pop3', s, '-d', 'exec:%s/cmd' % r.d, maildir=False)
case.check(r.rc == 0 and r.out == 'x\n' * 5 and r.err == '',
           'and gets all of them when it is', (r.rc, r.out, r.err))
s.close()

# What one left in the background gets into no other message.
WAIT = 'while [ ! -e "$HOME/%s" ]; do sleep 0.05; done'
SECOND = 'elif [ ! -e "$HOME/go" ]; then touch "$HOME/go"; ' + WAIT % 'gone'
r, box = filtered('if grep -q "Subject: m1" /dev/fd/0; then (%s; echo stray; '
                  'touch "$HOME/gone") & echo one; %s; echo two; else cat; fi'
                  % (WAIT % 'go', SECOND))
case.check(r.rc == 0 and len(r.files()) == 5 and b'two\n' in r.files() and
           b'stray' not in b''.join(r.files()), 'a filter that is not done',
           (r.err, r.files()))
r = Run()
s = Serve(Pop([('u%d' % i, msg(i, b'x' * 90 * i + b'\r\n'))
               for i in (1, 2, 3)]))
cmd = script(r, 'if grep -q "Subject: m1" && cat > /dev/null; then exec 3<&0; '
             '(%s; cat <&3 > "$HOME/stray"; touch "$HOME/gone") & %s; fi' %
             (WAIT % 'go', SECOND))
r.go('pop3', s, '-d', 'exec:' + cmd, maildir=False)
case.check(r.rc == 0 and os.path.exists(r.d + '/gone') and
           text(r, 'stray') == b'', 'a command of exec that is not done',
           (r.rc, r.err, text(r, 'stray')))
s.close()
# The second run gives again what stayed alone.
r = Run()
pop = Pop()
s = Serve(pop)
cmd = script(r, 'grep -q "Subject: m3" && [ ! -e %s/go ] && exit 1; '
             'echo "$POSTBAG_UID"' % r.d)
r.go('pop3', s, '--filter', cmd)
r.write('go', '')
r.go('pop3', s, '--filter', cmd)
case.check(r.rc == 0 and sorted(r.files()) == [b'u%d\n' % i for i in
                                               range(1, 6)],
           'each once in two runs', r.files())
s.close()
case.end()
