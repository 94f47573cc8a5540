#!/usr/bin/env -S python3 -B
"""mailfetch --watch, once it has worked, waits for what passes: bad moments of
the server, of the login, of the disk; what mail comes then is fetched."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, Imap, Run, Serve, msg, until  # noqa: E402

case = Case()


def drop(v, r):
    """Mail comes, and the connection is lost."""
    v.idle = False
    v.m[6] = msg(6)
    v.c.shutdown(2)


def watch(name, says, v, blow=drop, mend=lambda r: None, login=None):
    s, r = Serve(v), Run()
    p = r.start('imap', s, '--watch', login=login)

    def err():
        with open(r.d + '/err', errors='replace') as f:
            return f.read()

    until(lambda: v.idle, 30)
    blow(v, r)
    until(lambda: says in err() or p.poll() is not None, 30)
    mend(r)
    came = until(lambda: len(r.files()) == 6 or p.poll() is not None, 60)
    case.check(came and p.poll() is None and len(r.files()) == 6,
               name + ': the mail comes', (p.poll(), err()))
    case.check(err().count('trying again') == (says != ''),
               'and what it was is said once, if it is an outage', err())
    s.close()
    r.done()


def second(answer):
    """The second connection gets another answer than the others."""
    return lambda v, tag, t: answer(v, tag) if v.n == 2 else None


def token(v, tag):
    v.w('+ eyJzdGF0dXMiOiI0MDEifQ==\r\n')
    v.f.readline()
    return tag + ' NO [AUTHENTICATIONFAILED] Invalid credentials\r\n'


watch('a connection is lost', '', Imap())
watch('a proxy greets with garbage', 'this is not IMAP', Imap(
    greet=lambda v: 'Service is restarting\r\n' if v.n == 2 else None))
watch('a login is refused', 'login refused: No such user', Imap(
    authenticate=second(lambda v, tag: tag + ' NO No such user\r\n')))
watch('a token is refused', 'Invalid credentials', Imap(
    caps='IMAP4rev1 UIDPLUS IDLE SASL-IR AUTH=XOAUTH2',
    authenticate=second(token)), login=['--token-command', 'echo tok'])
watch('IDLE is refused', 'IDLE', Imap(
    idle=second(lambda v, tag: tag + ' BAD what?\r\n')))

# SELECT is refused where it would wait: each folder by itself is said elsewhere.
for text in ('NO [INUSE] locked', 'NO no such folder'):
    seen = []

    def examine(v, tag, t, text=text, seen=seen):
        if v.n == 2:
            seen.append(t)
        return '%s %s\r\n' % (tag, text) if v.n == 2 and len(seen) == 2 \
            else None
    watch('EXAMINE: ' + text, '' if 'INUSE' in text else 'no such folder',
          Imap(examine=examine))


watch('the folder of the state is away', 'state', Imap(),
      lambda v, r: (os.rename(r.state, r.d + '/gone'), drop(v, r)),
      lambda r: os.rename(r.d + '/gone', r.state))

# What goes on and on ends it, with 77, and at the first time, too.
for n, args in ((3, ('--refusals', '2', '--refused-for', '0')),
                (1, ())):
    v = Imap(authenticate=lambda v, tag, t, n=n: tag + ' NO no\r\n'
             if v.n > 1 or n == 1 else None)
    s, r = Serve(v), Run()
    p = r.start('imap', s, '--watch', *args)
    if n > 1:
        until(lambda: v.idle, 30)
        drop(v, r)
    until(lambda: p.poll() is not None, 30)
    case.check(p.poll() == 77 and s.conns == n,
               'a login refused at connection %d ends it' % n,
               (p.poll(), s.conns))
    s.close()
    r.done()
case.end()
