"""Turns the SPF test suite, or cases of our own judged by pyspf, into the
plain lines that build/tests/spf reads.

    spf_suite.py suite FILE.yml[.gz]      the suite of RFC 7208
    spf_suite.py random SEED COUNT        pyspf's opinion on random records

    zone                        begins a zone, forgets the last one
    rr NAME TYPE DATA           TXT is in hex; TYPE TIMEOUT: all of the name
    test ID IP HELO FROM RESULT[,RESULT] EXP     HELO FROM EXP in hex, "-"
"""
import gzip
import random
import sys


def hexed(s):
    if s is None:
        return '-'
    # A byte of YAML's "\x80" is meant as that character: UTF-8 on the wire.
    return s.encode('utf-8').hex() or '.'


def line(*words):
    print(*words)


def name(s):
    return s.rstrip('.').replace(' ', '\\032') or '.'


def record(owner, kind, value):
    if kind == 'TXT':
        if isinstance(value, (list, tuple)):
            value = ''.join(value)
        line('rr', name(owner), 'TXT', hexed(value))
    elif kind == 'MX':
        line('rr', name(owner), 'MX', '%d:%s' % (value[0], name(value[1])))
    elif value == 'TIMEOUT':
        line('rr', name(owner), 'TIMEOUT', kind)
    elif kind in ('A', 'AAAA'):
        line('rr', name(owner), kind, value)
    else:
        line('rr', name(owner), kind, name(value))


def zone(data):
    """As the suite says: SPF records stand for TXT where there is no TXT."""
    line('zone')
    for owner, records in data.items():
        txt = any(isinstance(r, dict) and 'TXT' in r for r in records)
        for r in records:
            if r == 'TIMEOUT':
                line('rr', name(owner), 'TIMEOUT', 'ALL')
                continue
            for kind, value in r.items():
                if kind == 'SPF':
                    if not txt:
                        record(owner, 'TXT', value)
                elif value != 'NONE':
                    record(owner, kind, value)


def suite(path):
    import yaml
    opener = gzip.open if path.endswith('.gz') else open
    with opener(path, 'rb') as f:
        for doc in yaml.safe_load_all(f):
            zone(doc['zonedata'])
            for ident, t in doc['tests'].items():
                want = t['result']
                if not isinstance(want, list):
                    want = [want]
                line('test', ident, t['host'], hexed(t.get('helo')),
                     hexed(t.get('mailfrom')), ','.join(want),
                     hexed(t.get('explanation')))


# ---- random records, judged by pyspf

HOSTS = ['h%d.example.com' % i for i in range(12)]
DOMAINS = ['d%d.example.com' % i for i in range(8)]
NETS = ['192.0.2.%d' % i for i in range(1, 9)]
NETS6 = ['2001:db8::%d' % i for i in range(1, 9)]


def term(r, own):
    sign = r.choice(['', '', '', '-', '~', '?', '+'])
    kind = r.choice(['a', 'mx', 'include', 'ip4', 'ip6', 'exists', 'a:', 'mx:',
                     'macro', 'junk', 'ptr'])
    cidr = r.choice(['', '', '', '/29', '/30', '//126', '/31//127', '/33',
                     '/024'] if r.random() < .4 else [''])
    if kind in ('a', 'mx'):
        return sign + kind + cidr
    if kind in ('a:', 'mx:'):
        return sign + kind + r.choice(HOSTS + DOMAINS) + cidr
    if kind == 'include':
        # pyspf refuses a record that includes itself before it looks.
        return sign + 'include:' + r.choice(DOMAINS[own + 1:] or ['none.test'])
    if kind == 'ip4':
        return sign + 'ip4:' + r.choice(NETS) + r.choice(['', '', '/30'])
    if kind == 'ip6':
        return sign + 'ip6:' + r.choice(NETS6) + r.choice(['', '', '/126'])
    if kind == 'exists':
        return sign + 'exists:' + r.choice(HOSTS)
    if kind == 'ptr':
        return sign + 'ptr' + r.choice(['', ':example.com', ':example.net'])
    if kind == 'macro':
        return sign + 'exists:' + r.choice(
            ['%{ir}', '%{i}', '%{l}', '%{o1}', '%{d2}', '%{l1r-}', '%{h}',
             '%{S}', '%{dr}']) + '.m.example.com'
    return r.choice(['moo', 'x=%{d}', 'x=%', 'A:' + HOSTS[0], 'all:x', 'ip4:',
                     'ip4:1.2.3', 'a:foo', 'a:%{x}.com', 'redirect=' +
                     DOMAINS[7], 'INCLUDE:' + DOMAINS[7]]
                    if r.random() < .3 else ['a'])


def make_zone(r):
    z = {}
    for h in HOSTS[:9]:
        z[h] = [{'A': a} for a in r.sample(NETS, r.randint(0, 2))]
        z[h] += [{'AAAA': a} for a in r.sample(NETS6, r.randint(0, 2))]
    for i, d in enumerate(DOMAINS[:7]):
        words = [term(r, i) for _ in range(r.randint(1, 5))]
        words += r.choice([['-all'], ['~all'], [], ['?all'],
                           ['redirect=' + r.choice(DOMAINS)]])
        z[d] = [{'TXT': 'v=spf1 ' + ' '.join(words)}]
        if r.random() < .05:
            z[d].append({'TXT': 'v=spf1 -all'})
        z[d] += [{'MX': [10, m]} for m in r.sample(HOSTS, r.randint(0, 3))]
        z[d] += [{'A': a} for a in r.sample(NETS, r.randint(0, 1))]
    for i, a in enumerate(NETS):
        rev = '.'.join(reversed(a.split('.')))
        z[rev + '.in-addr.arpa'] = [
            {'PTR': h} for h in r.sample(HOSTS, r.randint(1, 3))]
        if r.random() < .3:
            z[rev + '.m.example.com'] = [{'A': '127.0.0.2'}]
    z['user.m.example.com'] = [{'A': '127.0.0.2'}]
    return z


def randomly(seed, count):
    import spf
    r = random.Random(seed)
    table = {}

    def lookup(owner, qtype, strict=True, timeout=None, level=0):
        import socket
        for rr in table.get(owner.rstrip('.').lower(), []):
            for kind, v in rr.items():
                if kind == qtype:
                    if kind == 'AAAA':
                        v = socket.inet_pton(socket.AF_INET6, v)
                    elif kind == 'TXT':
                        v = (v.encode(),)
                    elif kind == 'MX':
                        v = tuple(v)
                    yield (owner, kind), v

    spf.DNSLookup = lookup
    done = 0
    while done < count:
        table = make_zone(r)
        zone(table)
        for d in r.sample(DOMAINS, 4):
            ip = r.choice(NETS + NETS6)
            helo, sender = r.choice(HOSTS), 'user-x@' + d
            q = spf.query(i=ip, s=sender, h=helo, strict=True)
            got, _, why = q.check()
            # Where the RFC leaves room pyspf counts what it did not need:
            # all exchanges of an mx, before it compares the first.  Its
            # limits are the suite's affair; here both opinions will do.
            if 'Void lookup' in why or 'Too many DNS' in why:
                spf.MAX_VOID_LOOKUPS, spf.MAX_LOOKUP = 99, 99
                q = spf.query(i=ip, s=sender, h=helo, strict=True)
                try:
                    got += ',' + q.check()[0]
                except AssertionError:      # a loop, without the limit
                    pass
                spf.MAX_VOID_LOOKUPS, spf.MAX_LOOKUP = 2, 10
            line('test', 'random-%d' % done, ip, hexed(helo), hexed(sender),
                 got, '-')
            done += 1


if sys.argv[1] == 'suite':
    suite(sys.argv[2])
else:
    randomly(int(sys.argv[2]), int(sys.argv[3]))
