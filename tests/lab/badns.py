#!/usr/bin/env python3
"""Name servers that misbehave.

    badns.py PORTFILE MODE [MODE...]

Each mode gets a free UDP and TCP port of 127.0.0.1, or of $BADNS_ADDR; "MODE
PORT" lines are written to PORTFILE when all listen.  A mode answers A with 192.0.2.1, MX with
10 mx.NAME, TXT with "ok", unless it is about to misbehave:

    good            as it should be
    ad              the same, and says that DNSSEC has proven it
    mute            never answers
    refused servfail notimp formerr
    failA failTXT   SERVFAIL for this type alone
    ede             SERVFAIL with an EDE (6, "signature crypto failed")
    lame            a referral, no authority
    noedns          FORMERR, header only, to anything with EDNS
    badvers         BADVERS to EDNS
    ednsmute        drops what has EDNS
    truncate        TC on UDP, answers on TCP, out of order
    tcpone          TC on UDP; TCP: one answer, then closes
    tcpdrip         TC on UDP; TCP: a byte at a time
    tcpnone         TC on UDP; nobody listens on TCP
    tcponly         drops what comes by UDP, answers on TCP
    tcpfirst        the same, and then answers all that came by UDP
    cut             half of the message by UDP, without TC; answers on TCP
    many            2900 MX with hosts of their own: too much for UDP
    errors          SERVFAIL, and a record beside it
    ports           MX with the number of its clients' ports as preference
    spoof           wrong ids, questions and no QR first, then the answer
    selfptr         a name that points to itself
    counts          promises records that are not there
    short           a message cut in the middle
    garbage         bytes, behind a proper id
    cnameself cnameloop   aliases in a circle inside a message
    cnameaway       an alias whose target is in another message
    cnamecircle     x -> y and y -> x in two messages
    cnamechain      aliases without end, one per message
    extra           records of other names in the answer section
    nodata nxdomain nosoa
    both            NXDOMAIN and records at once
    big             3000 bytes by UDP although 1232 were allowed
    late            answers after 1.2 s
    lateone         answers at once, but for names that begin with "late"
    loss            loses the first query for m20.x, m40.x ..., the first two
                    for m100.x ..., the first five for m1000.x ...
"""
import os
import random
import socket
import struct
import sys
import threading
import time

ADDR = os.environ.get('BADNS_ADDR', '127.0.0.1')
TYPES = {1: 'A', 15: 'MX', 16: 'TXT', 28: 'AAAA', 5: 'CNAME'}


def wire(name):
    out = b''
    for label in name.rstrip('.').split('.'):
        if label:
            out += bytes([len(label)]) + label.encode('latin1')
    return out + b'\0'


def parse(q):
    """(id, flags, question bytes, name, type, has EDNS)"""
    ident, flags, _, _, _, ar = struct.unpack('>6H', q[:12])
    at, labels = 12, []
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode('latin1'))
        at += 1 + q[at]
    at += 1
    kind, = struct.unpack('>H', q[at:at + 2])
    return ident, flags, q[12:at + 4], '.'.join(labels), kind, ar > 0


def record(kind, rdata, owner=b'\xc0\x0c', ttl=300):
    return owner + struct.pack('>HHIH', kind, 1, ttl, len(rdata)) + rdata


def message(ident, question, answers=(), rcode=0, flags=0x8180, authority=(),
            opt=None, counts=None):
    ar = [] if opt is None else [
        b'\0' + struct.pack('>HHIH', 41, 1232, 0, len(opt)) + opt]
    c = counts or (1 if question else 0, len(answers), len(authority),
                   len(ar))
    return (struct.pack('>6H', ident, flags | rcode, *c) + question +
            b''.join(answers) + b''.join(authority) + b''.join(ar))


def rdata(kind, name):
    return {1: bytes([192, 0, 2, 1]), 28: bytes(15) + b'\1',
            15: b'\0\x0a' + wire('mx.' + name), 16: b'\2ok',
            5: wire('target.' + name)}.get(kind, b'\0')


def soa(name, owner=b'\xc0\x0c'):
    return record(6, wire('ns.' + name) + wire('h.' + name) +
                  struct.pack('>5I', 1, 2, 3, 4, 60), owner)


def ede(code, text):
    t = text.encode()
    return struct.pack('>HHH', 15, len(t) + 2, code) + t


def chain(name):
    head, _, rest = name.partition('.')
    n = int(head[1:]) if head[1:].isdigit() else 0
    return 'n%d.%s' % (n + 1, rest)


asked = {}              # how often "loss" was asked for a name


def lost(name):
    """No dice: what is lost is a function of the name and the try."""
    n = asked[name] = asked.get(name, 0) + 1
    i = int(name[1:].partition('.')[0])
    for every, most in ((1000, 5), (100, 2), (20, 1)):
        if i % every == 0:
            return n <= most
    return False


seen = set()            # the ports that "ports" was asked from
held = {}               # the replies of "tcpfirst" by UDP, by question


def replies(mode, q, tcp):
    """The datagrams to send back for a query."""
    ident, _, question, name, kind, edns = parse(q)
    ok = message(ident, question, [record(kind, rdata(kind, name))])
    if mode == 'ad':
        return [message(ident, question, [record(kind, rdata(kind, name))],
                        flags=0x81a0)]
    rcodes = {'formerr': 1, 'servfail': 2, 'notimp': 4, 'refused': 5}
    if mode.startswith('fail') and mode[4:] == TYPES.get(kind):
        return [message(ident, question, rcode=2)]
    if mode in rcodes:
        return [message(ident, question, rcode=rcodes[mode])]
    if mode == 'mute' or (mode == 'ednsmute' and edns) or (
            mode == 'tcponly' and not tcp):
        return []
    if mode == 'loss' and lost(name):
        return []
    if mode == 'cut' and not tcp:
        return [ok[:len(ok) - len(rdata(kind, name)) // 2]]
    if mode == 'many' and kind == 15:
        return [message(ident, question, [
            record(kind, struct.pack('>H', i) + b'\x05h%04d\xc0\x0c' % i)
            for i in range(2900)])]
    if mode == 'errors':
        return [message(ident, question, [record(kind, rdata(kind, name))],
                        rcode=2)]
    if mode == 'ports':
        return [message(ident, question, [
            record(15, struct.pack('>H', len(seen)) + b'\xc0\x0c')])]
    if mode == 'ede':
        return [message(ident, question, rcode=2,
                        opt=ede(6, 'signature crypto failed'))]
    if mode == 'lame':
        return [message(ident, question, flags=0x8000,
                        authority=[record(2, wire('ns.elsewhere.test'))])]
    if mode == 'noedns' and edns:
        return [message(ident, b'', rcode=1)]
    if mode == 'badvers' and edns:
        opt = b'\0' + struct.pack('>HHIH', 41, 1232, 0x01000000, 0)
        return [struct.pack('>6H', ident, 0x8180, 1, 0, 0, 1) + question +
                opt]
    if (mode in ('truncate', 'tcpone', 'tcpdrip', 'tcpnone') or
            mode == 'many' and kind == 15) and not tcp:
        return [message(ident, question, flags=0x8380)]
    if mode == 'spoof':
        other = wire('other.test') + question[-4:]
        return [message(ident ^ 1, question, [record(kind, b'\1\1\1\1')]),
                message(ident, other, [record(kind, b'\1\1\1\1')]),
                message(ident, question, [record(kind, b'\1\1\1\1')],
                        flags=0x0100),
                message(ident, question[:-4] + struct.pack('>HH', 99, 1)),
                ok[:11], ok]
    if mode == 'selfptr':
        at = 12 + len(question)
        return [message(ident, question,
                        [record(kind, rdata(kind, name),
                                owner=struct.pack('>H', 0xc000 | at))])]
    if mode == 'counts':
        return [message(ident, question, [record(kind, rdata(kind, name))],
                        counts=(1, 40, 9, 1))]
    if mode == 'short':
        return [ok[:len(ok) - 2]]
    if mode == 'garbage':
        return [struct.pack('>H', ident) + random.Random(1).randbytes(200)]
    if mode == 'cnameself':
        return [message(ident, question, [record(5, wire(name))])]
    if mode == 'cnameloop':
        b = wire('b.' + name)
        return [message(ident, question, [record(5, b),
                                          record(5, wire(name), owner=b)])]
    if mode == 'cnameaway' and not name.startswith('target.'):
        return [message(ident, question, [record(5, wire('target.' + name))])]
    if mode == 'cnamecircle':
        to = name[2:] if name.startswith('b.') else 'b.' + name
        return [message(ident, question, [record(5, wire(to))])]
    if mode == 'cnamechain':
        return [message(ident, question, [record(5, wire(chain(name)))])]
    if mode == 'extra':
        return [message(ident, question,
                        [record(kind, rdata(kind, 'evil.test'),
                                owner=wire('evil.test')),
                         record(kind, rdata(kind, name))])]
    if mode in ('nodata', 'nxdomain'):
        return [message(ident, question, rcode=3 * (mode == 'nxdomain'),
                        authority=[soa(name)])]
    if mode == 'nosoa':
        return [message(ident, question)]
    if mode == 'both':
        return [message(ident, question, [record(kind, rdata(kind, name))],
                        rcode=3)]
    if mode == 'big' and not tcp:
        txt = b''.join(b'\xff' + b'x' * 255 for _ in range(12))
        return [message(ident, question, [record(16, txt)])]
    return [ok]


def udp(mode, sock):
    while True:
        q, peer = sock.recvfrom(4096)
        if mode == 'ports':
            seen.add(peer[1])
        out = replies(mode, q, False)
        if mode == 'late' or (mode == 'lateone' and b'\4late' in q):
            threading.Timer(1.2, lambda: [sock.sendto(m, peer)
                                          for m in out]).start()
            continue
        if mode == 'tcpfirst':
            held.setdefault(parse(q)[2], []).append((sock, out[0], peer))
            continue
        for m in out:
            sock.sendto(m, peer)


def read(conn, n):
    out = b''
    while len(out) < n:
        got = conn.recv(n - len(out))
        if not got:
            raise OSError('closed')
        out += got
    return out


def question(conn):
    size, = struct.unpack('>H', read(conn, 2))
    return read(conn, size)


def talk(mode, conn):
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pair = []
    try:
        while True:
            q = question(conn)
            out = replies(mode, q, True)
            out = b''.join(struct.pack('>H', len(m)) + m for m in out)
            if mode == 'tcpdrip':
                for i in range(len(out)):
                    conn.sendall(out[i:i + 1])
                continue
            if mode == 'truncate':      # pairs, the second one first
                pair.append(out)
                conn.settimeout(0.05 if len(pair) == 1 else None)
                if len(pair) == 1:
                    try:
                        conn.recv(1, socket.MSG_PEEK)
                        continue
                    except OSError:
                        pass
                conn.settimeout(None)
                out = b''.join(reversed(pair))
                pair = []
            conn.sendall(out)
            if mode == 'tcpfirst':
                for sock, m, peer in held.pop(parse(q)[2], []):
                    sock.sendto(m, peer)
            if mode == 'tcpone':
                return
    except OSError:
        pass
    finally:
        conn.close()


def tcp(mode, sock):
    while True:
        conn, _ = sock.accept()
        threading.Thread(target=talk, args=(mode, conn), daemon=True).start()


def listen(mode):
    while True:
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        u.bind((ADDR, 0))
        port = u.getsockname()[1]
        t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            t.bind((ADDR, port))
        except OSError:
            u.close()
            continue
        break
    work = [(udp, (mode, u))]
    if mode in ('tcpnone', 'loss'):
        t.close()
    else:
        t.listen(64)
        work.append((tcp, (mode, t)))
    for f, args in work:
        threading.Thread(target=f, args=args, daemon=True).start()
    return port


def main():
    lines = ['%s %d\n' % (m, listen(m)) for m in sys.argv[2:]]
    with open(sys.argv[1] + '.new', 'w') as f:
        f.writelines(lines)
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    while True:
        time.sleep(3600)


main()
