#!/usr/bin/env -S python3 -B
"""imapsync --watch on real servers: what comes there is here, and the other
way round, by the best way that each has."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../lab')
from fetchfake import Case, until  # noqa: E402
from other import Other  # noqa: E402
from syncwatch import Watch, mail  # noqa: E402

case = Case()
WAYS = {'dovecot': 'NOTIFY', 'cyrus': 'IDLE', 'courier': 'IDLE'}


class Real(Watch):
    """On a server that is no program of ours."""

    def __init__(self, o, *args):
        self.o = o
        Watch.__init__(self, o, *args, wait=False, login=[
            '-u', o.user, '--password-command', 'echo ' + o.password])

    def line(self, *args):
        v = Watch.line(self, *args)
        v[v.index('-S') + 1] = 'imap://127.0.0.1:%d' % self.s.port['IMAP']
        return v

    def count(self):
        return sum(len(f) for d, _, f in os.walk(self.near)
                   if d.endswith('/new') or d.endswith('/cur'))

    def waits(self, n):
        return until(lambda: w.err().count('waiting: ') >= n, 60)


for name in sys.argv[1:] or WAYS:
    o = Other(name)
    if o.why:
        case.check(True, '%s # SKIP %s' % (name, o.why))
        continue
    m = o.imap()
    dot = '' if name == 'dovecot' else 'INBOX.'
    m.create(dot + 'watched')
    m.append('INBOX', '', None, mail(1))
    w = Real(o, '--poll', '2')
    case.check(until(lambda: w.count() == 1, 60) and w.waits(1),
               name + ': it syncs and waits', w.err())
    case.check(WAYS[name] in w.err(), 'by ' + WAYS[name], w.err())
    m.append('INBOX', '', None, mail(2))
    case.check(until(lambda: w.count() == 2, 60), 'mail in the inbox', w.err())
    m.append(dot + 'watched', '', None, mail(3))
    case.check(until(lambda: w.count() == 3, 60), 'and elsewhere', w.err())
    until(lambda: False, 2)
    w.put('INBOX', 4)

    def there():
        m.select('INBOX')
        return len(m.search(None, 'ALL')[1][0].split()) == 3
    case.check(until(there, 60), 'a new file goes there', w.err())
    m.uid('STORE', '1', '+FLAGS', r'(\Flagged)')
    case.check(until(lambda: any(f.partition(':2,')[2].startswith('F')
                                 for f in w.files('INBOX')), 60),
               'a flag comes', w.err())
    case.check(w.stop() == 0, 'SIGTERM: 0', w.err())
    o.down()
case.end()
