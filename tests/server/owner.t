#!/usr/bin/env -S python3 -B
"""mailfetch: whose messages a state knows: a user's, at a host and a port."""
import hashlib
import os
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Pop, Run, Serve, msg, subjects  # noqa: E402

case = Case()


def two():
    return (('pop3', Pop([('1', msg(1)), ('2', msg(2))]),
             Pop([('1', msg(3)), ('2', msg(4))])),
            ('imap', Imap({1: msg(1), 2: msg(2)}),
             Imap({1: msg(3), 2: msg(4)})))


def go(r, proto, s, *args, host='127.0.0.1', state=True):
    return r.bare(['-S', '%s://a@%s:%d' % (proto, host, s.port), '--tls',
                   'off', '--password-command', 'echo p', '-d',
                   'maildir:%s/M' % r.d, '--create'] +
                  (['--state', r.d + '/state.one'] if state else []) +
                  list(args))


# ---- two servers of one name, and one state

for proto, a, b in two()[:1]:
    x, y, r = Serve(a), Serve(b), Run()
    for s, n in ((x, 2), (y, 4), (x, 4), (y, 4)):
        go(r, proto, s)
        case.check(r.rc == 0 and len(r.files()) == n,
                   '%s: %d of two servers' % (proto, n),
                   (r.rc, r.err, subjects(r.files())))
    if proto == 'pop3':
        a.m, b.m = a.m[1:] + [('5', msg(5))], []
        for s in (y, x, y, x):
            go(r, proto, s)
        case.check(len(r.files()) == 5, 'none forgets what the other has',
                   subjects(r.files()))
        b.m = [('1', msg(3)), ('2', msg(4))]
    for s in (x, y):
        go(r, proto, s, '--delete', 'now')
    case.check(not a.m and not b.m and r.rc == 0 and
               sorted(subjects(r.files())) == [1, 2, 3, 4] +
               ([5] if proto == 'pop3' else []),
               '%s: deleted, and nothing lost' % proto,
               (r.rc, r.err, subjects(r.files()), a.m, b.m))
    x.close()
    y.close()
    r.done()

# ---- one server behind two ports

for args in ([], ['--delete', 'now']):
    v = Pop([('1', msg(1)), ('2', msg(2))])
    x, y, r = Serve(v), Serve(v), Run()
    for s in (x, y, x, y):
        go(r, 'pop3', s, *args)
    case.check(len(r.files()) == 2 and r.rc == 0 and r.err == '',
               'one server behind two ports: each comes once %s' % args,
               (r.rc, r.err, subjects(r.files())))
    v.m = []
    go(r, 'pop3', x)
    v.m = [('1', msg(6)), ('2', msg(2))]
    go(r, 'pop3', y, *args)
    case.check(sorted(subjects(r.files()))[-1] == 6 and r.rc == 0,
               'and a UIDL that comes back is another one, too',
               (r.rc, r.err, subjects(r.files())))
    x.close()
    y.close()
    r.done()

# What came through one is deleted through the other; nothing is learnt of a
# mailbox while it is empty, on whichever side.
for first, between, args, left in ((2, None, ['--delete', 'now'], 0),
                                   (0, None, [], 2), (2, 0, [], 2)):
    mails = [('1', msg(1)), ('2', msg(2))]
    v = Pop(mails[:first])
    x, y, r = Serve(v), Serve(v), Run()
    go(r, 'pop3', x)
    if between is not None:
        v.m = mails[:between]
        go(r, 'pop3', y)
    v.m = list(mails)
    go(r, 'pop3', y, *args)
    said = r.err
    go(r, 'pop3', x, *args)
    case.check(r.rc == 0 and said == r.err == '' and len(v.m) == left and
               sorted(subjects(r.files())) == [1, 2],
               'one server, %d there%s, and then%s by the other port' % (
                   first, '' if between is None else ', then none',
                   ' all of it' if not args else ' --delete'),
               (r.rc, said, r.err, subjects(r.files()), v.m))
    x.close()
    y.close()
    r.done()

# ---- a state that knows no owner: all in it is the first one's

FIRST = 17                      # kinds of this version and later ones


def digest(what, text):
    return hashlib.sha256(what + b'\0' + text).digest()[:16]


def as_before(path, ids, now, before):
    """Without owners; the keys made with another name of the server."""
    b = open(path, 'rb').read()
    key = lambda uid, who: digest(b'mix', digest(b'uidl', uid) + who)
    new = {key(x, now): key(x, before) for x in ids}
    with open(path, 'wb') as f:
        f.write(b[:32])
        for i in range(32, len(b), 32):
            x = b[i:i + 32]
            if int.from_bytes(x[4:6], sys.byteorder) < FIRST:
                x = x[4:16] + new.get(x[16:], x[16:])
                f.write(zlib.crc32(x).to_bytes(4, sys.byteorder) + x)
    return sum(k in b for k in new)


for host in ('127.0.0.1', 'LocalHost'):
    v = Pop([('1', msg(1)), ('2', msg(2))])
    x, r = Serve(v), Run()
    go(r, 'pop3', x, host=host)
    n = as_before(r.d + '/state.one', [b'1', b'2'],
                  b'a@' + host.lower().encode(),
                  b'a@' + host.encode())
    del x.log[:]
    for k in (1, 2):
        go(r, 'pop3', x, host=host)
    case.check(n == 2 and r.rc == 0 and len(r.files()) == 2 and
               not [t for t in x.log if t.startswith(('RETR', 'DELE'))],
               '%s: taken over: nothing is transferred' % host,
               (n, r.rc, r.err, x.log))
    w = Pop([('1', msg(3)), ('2', msg(4))])
    y = Serve(w)
    go(r, 'pop3', y, '--delete', 'now', host=host)
    case.check(len(w.m) == 2 and len(r.files()) == 2 and
               '2 messages count as fetched by their unique ids' in r.err,
               '%s: another port, and no digest: nothing is deleted' % host,
               (r.err, w.m, subjects(r.files())))
    x.close()
    y.close()
    r.done()

# ---- what cannot be told is no reason to delete

for why in 'busy', 'short':
    v, w = (Pop([('1', msg(n)), ('2', msg(n + 1))]) for n in (1, 3))
    if why == 'busy':
        w.hooks['retr'] = lambda s, t: '-ERR [SYS/TEMP] busy\r\n'
    else:
        w.hooks['retr'] = lambda s, t: b'+OK\r\nSubject: 3\r\n\r\n.\r\n'
    x, y, r = Serve(v), Serve(w), Run()
    go(r, 'pop3', x)
    go(r, 'pop3', y, '--delete', 'now')
    case.check(len(w.m) == 2 and r.rc == 75 and len(r.files()) == 2 and
               'could show whether' in r.err,
               'pop3: another port, and RETR is %s: nothing is deleted' % why,
               (r.rc, r.err, w.m))
    x.close()
    y.close()
    r.done()

for how in ('--delete', 'now'), ('--move-to', 'b'):
    v, w = (Imap({1: msg(n), 2: msg(n + 1)}, uid_move=lambda v, tag, t: [
        v.m.pop(u) for u in v.uids(t.split(' ')[3])] and None)
        for n in (1, 3))
    x, y, r = Serve(v), Serve(w), Run()
    go(r, 'imap', x)
    go(r, 'imap', y, *how)
    case.check(sorted(w.m) == [1, 2] and
               '2 messages count as fetched by their UIDs' in r.err,
               'imap: another port, %s: nothing goes, and that is said' %
               how[0], (r.rc, r.err, w.m))
    w.m[3] = msg(5)
    go(r, 'imap', y, *how)
    case.check(sorted(w.m) == [1, 2] and r.err == '' and
               sorted(subjects(r.files())) == [1, 2, 5],
               'what comes from there does, and nothing else',
               (r.rc, r.err, w.m, subjects(r.files())))
    x.close()
    y.close()
    r.done()

# ---- IMAP and IMAPS of one host are one server, as their ports are known to be

for proto, kind, two_ports in (('imap', Imap, (143, 993)),
                               ('pop3', Pop, (110, 995))):
    for ports in (two_ports, two_ports[::-1]):
        w = kind()
        s, r = Serve(w), Run()
        for port in ports:
            del s.log[:]
            r.bare(['-S', '%s://a@127.0.0.1:%d' % (proto, port),
                    '--connect-to', '127.0.0.1:%d' % s.port, '--tls', 'off',
                    '--password-command', 'echo p', '--state', r.d + '/st',
                    '-d', 'maildir:%s/M' % r.d, '--create'] +
                   (['--delete', 'now'] if port == ports[1] else []))
        case.check(r.rc == 0 and r.err == '' and not w.m and
                   len(r.files()) == 5 and not any(
                       'RETR' in t or 'FETCH' in t for t in s.log),
                   '%d and then %d' % ports, (r.rc, r.err, s.log))
        s.close()
        r.done()

# ---- a host in another spelling is the same one

for state in (True, False):
    for proto, a, b in two():
        s, r = Serve(a), Run()
        for host in ('localhost', 'LOCALHOST', 'LocalHost'):
            go(r, proto, s, host=host, state=state)
            case.check(r.rc == 0 and len(r.files()) == 2,
                       '%s: %s' % (proto, host), (r.rc, r.err,
                                                  subjects(r.files())))
        case.check(state or len(r.states()) == 1, 'one state',
                   state or r.states())
        s.close()
        r.done()

v = Pop()
s, r = Serve(v), Run()
go(r, 'pop3', s, host='localhost', state=False)
name = r.states()[0]
case.check(os.path.basename(name) == 'pop3-a@localhost-%d.state' % s.port,
           'its name is kept: another one would bring all again', name)
os.rename(name, name.replace('localhost', 'LocalHost'))
go(r, 'pop3', s, '-l', host='LocalHost', state=False)
case.check(r.rc == 0 and '*' not in r.out, 'a look finds an old name',
           (r.rc, r.out, r.err))
go(r, 'pop3', s, host='LocalHost', state=False)
case.check(len(r.files()) == 5 and r.states() == [name],
           'and a run renames it', (r.states(), len(r.files())))
old = name.replace('localhost', 'LocalHost')
open(old, 'wb').close()
go(r, 'pop3', s, host='LocalHost', state=False)
case.check(sorted(r.states()) == sorted([name, old]) and r.rc == 0 and
           os.path.getsize(old) == 0, 'but over none that is there',
           (r.states(), r.rc, r.err))
s.close()
r.done()

case.end()
