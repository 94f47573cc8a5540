#!/usr/bin/env python3
"""Mail servers as real ones are not: oddmail.py FILE CADIR MODE...

Each MODE gets a port of 127.0.0.1, or with "@ADDR:PORT " before it that one;
"PORT MODE" lines are written to FILE when all of them listen, and a line of
JSON for each connection that ended to FILE.log: mode, the lines the client
said, whether TLS was spoken, how it ended (quit, eof, reset, late), and how
many connections with this mode there were at most while it lasted.

PROTO is smtp, lmtp, imap, pop3 or sieve, CERT a name in CADIR.
  plain:PROTO           no TLS
  starttls:PROTO:CERT   offers STARTTLS; what stood behind that is dropped
  tls:PROTO:CERT        TLS from the first byte
Both with "/" and options: v10 v11 v12 v13 (this version alone, weak keys are
allowed everywhere), from10 (all versions), p256 (that group alone), clientcert, slow (answers after
100 ms), auth (AUTH or LOGIN before TLS), rekeep (the plaintext behind
STARTTLS is taken as if it came in TLS), early (plaintext behind the
go-ahead), later (the same, 200 ms after it), again (STARTTLS is still offered
in TLS), refuse (STARTTLS is answered 454), rst, half (reset, or silence, after
the ClientHello and the beginning of a record), mute (silence after the
ClientHello), gone (end of
file after the ClientHello), leave (end of file with the go-ahead), preauth,
greet=TEXT and ehlo=TEXT (with escapes; an answer of smtp), helo (no EHLO but
HELO), helo=TEXT (the answer to EHLO, and HELO is taken), norcpt (ends when RCPT comes),
strict (LHLO alone, as LMTP demands).
Without PROTO:
  closed                a port that nobody listens at
  filtered              a listener whose queue is full: SYNs get no answer
  mute                  accepts and says nothing
  late:SECONDS          the greeting comes so late
  eof                   ends at once.   reset   the same, with a reset
  bye                   greets and ends
  say=TEXT              says this and waits
  flood                 a megabyte without an end of line
  endless               greeting lines without end
  drip                  one byte of a greeting each 100 ms
"""

import json
import socket
import ssl
import struct
import sys
import threading
import time

cadir = None
log = None
lock = threading.Lock()
peers = set()


class Ended(Exception):
    """How a connection came to its end."""


class Peer:
    """One connection: lines in, bytes out."""

    def __init__(self, sock, mode):
        self.sock, self.mode = sock, mode
        self.rest = b""
        self.lines = []
        self.tls = False
        self.most = 0

    def say(self, data):
        self.sock.sendall(data)

    def fill(self):
        got = self.sock.recv(65536)
        if not got:
            raise Ended("eof")
        self.rest += got

    def line(self):
        while b"\n" not in self.rest:
            self.fill()
        line, self.rest = self.rest.split(b"\n", 1)
        line = line.rstrip(b"\r")
        self.lines.append(line.decode("latin-1"))
        return line

    def hush(self):
        """Say nothing until the client goes away."""
        while True:
            self.fill()
            self.rest = b""

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        raise Ended("ours")

    def handshake(self, cert, opts):
        if opts.keys() & {"rst", "half", "mute", "gone"}:
            self.rest = b""
            self.fill()
            if "gone" in opts:
                raise Ended("ours")
            if "mute" not in opts:
                self.say(b"\x16\x03\x03\x00\x7a\x02\x00")
            if "rst" in opts:
                time.sleep(0.05)
                self.reset()
            self.hush()
        self.sock = context(cert, opts).wrap_socket(self.sock,
                                                    server_side=True)
        self.tls = True


def context(cert, opts):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.set_ciphers("ALL:@SECLEVEL=0")
    v = ssl.TLSVersion
    ctx.minimum_version, ctx.maximum_version = v.TLSv1_2, v.TLSv1_3
    for name, number in (("v10", v.TLSv1), ("v11", v.TLSv1_1),
                         ("v12", v.TLSv1_2), ("v13", v.TLSv1_3)):
        if name in opts:
            ctx.minimum_version = ctx.maximum_version = number
    if "from10" in opts:
        ctx.minimum_version = v.TLSv1
    if "p256" in opts:
        ctx.set_ecdh_curve("prime256v1")
    ctx.load_cert_chain(f"{cadir}/{cert}.pem")
    if "clientcert" in opts:
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(f"{cadir}/ca.pem")
    return ctx


# ---- the protocols: how each greets, what it can, what its words are

def smtp_caps(p, opts, offer):
    caps = ["odd.johndoe.com", "PIPELINING", "SIZE 1000000", "8BITMIME"]
    caps += ["STARTTLS"] if offer else []
    caps += ["AUTH PLAIN LOGIN"] if p.tls or "auth" in opts else []
    return "".join("250%s%s\r\n" % ("-" if c != caps[-1] else " ", c)
                   for c in caps).encode()


def imap_caps(p, opts, offer):
    caps = "IMAP4rev1 ID IDLE"
    caps += " STARTTLS" if offer else ""
    caps += " AUTH=PLAIN" if p.tls or "auth" in opts else " LOGINDISABLED"
    return caps.encode()


def pop3_caps(p, opts, offer):
    caps = ["UIDL", "TOP"] + (["STLS"] if offer else [])
    caps += ["USER", "SASL PLAIN"] if p.tls or "auth" in opts else []
    return "".join(c + "\r\n" for c in caps).encode() + b".\r\n"


def sieve_caps(p, opts, offer):
    auth = "PLAIN" if p.tls or "auth" in opts else ""
    caps = ['"IMPLEMENTATION" "odd"', '"SASL" "%s"' % auth,
            '"SIEVE" "fileinto"', '"VERSION" "1.0"']
    caps += ['"STARTTLS"'] if offer else []
    return "".join(c + "\r\n" for c in caps).encode() + b'OK "ready"\r\n'


def smtp(p, line, opts, offer):
    word = line.split(b" ")[0].upper()
    if word in (b"EHLO", b"HELO", b"LHLO") and "ehlo" in opts:
        return opts["ehlo"]
    if word in (b"EHLO", b"HELO") and "strict" in opts:
        return b"500 5.5.1 unknown command\r\n"
    if word == b"EHLO" and "helo" in opts:
        return opts["helo"] or b"502 5.5.1 what?\r\n"
    if word in (b"EHLO", b"LHLO"):
        return smtp_caps(p, opts, offer)
    if word == b"STARTTLS" and offer:
        if "refuse" in opts:
            return b"454 4.7.0 not now\r\n"
        return None
    if word == b"QUIT":
        return b"221 2.0.0 bye\r\n"
    if word in (b"HELO", b"MAIL", b"RSET", b"NOOP"):
        return b"250 2.0.0 ok\r\n"
    if word == b"RCPT" and "norcpt" in opts:
        raise Ended("norcpt")
    if word == b"RCPT":
        return b"250 2.1.5 ok\r\n" if b"johndoe" in line \
            else b"550 5.1.1 no such user\r\n"
    return b"502 5.5.1 what?\r\n"


def imap(p, line, opts, offer):
    tag, _, rest = line.partition(b" ")
    word = rest.split(b" ")[0].upper()
    if word == b"CAPABILITY":
        return (b"* CAPABILITY " + imap_caps(p, opts, offer) + b"\r\n" +
                tag + b" OK done\r\n")
    if word == b"STARTTLS" and offer:
        return None
    if word == b"LOGOUT":
        return b"* BYE bye\r\n" + tag + b" OK done\r\n"
    if word in (b"NOOP", b"ID"):
        return tag + b" OK done\r\n"
    return tag + b" BAD what?\r\n"


def pop3(p, line, opts, offer):
    word = line.split(b" ")[0].upper()
    if word == b"CAPA":
        return b"+OK\r\n" + pop3_caps(p, opts, offer)
    if word == b"STLS" and offer:
        return None
    if word in (b"QUIT", b"NOOP"):
        return b"+OK bye\r\n"
    return b"-ERR what?\r\n"


def sieve(p, line, opts, offer):
    word = line.split(b" ")[0].upper()
    if word == b"CAPABILITY":
        return sieve_caps(p, opts, offer)
    if word == b"STARTTLS" and offer:
        return None
    if word == b"LOGOUT":
        return b'OK "bye"\r\n'
    if word == b"NOOP":
        return b'OK (TAG ' + line[5:] + b') "done"\r\n'
    return b'NO "what?"\r\n'


def greeting(p, proto, opts, offer):
    if "greet" in opts:
        return opts["greet"]
    if proto == "imap":
        how = b"PREAUTH" if "preauth" in opts else b"OK"
        return (b"* " + how + b" [CAPABILITY " +
                imap_caps(p, opts, offer) + b"] odd\r\n")
    if proto == "sieve":
        return sieve_caps(p, opts, offer)
    return {"smtp": b"220 odd.johndoe.com ESMTP\r\n",
            "lmtp": b"220 odd.johndoe.com LMTP\r\n",
            "pop3": b"+OK odd\r\n"}[proto]


PROTOS = {"smtp": smtp, "lmtp": smtp, "imap": imap, "pop3": pop3,
          "sieve": sieve}
GO = {"smtp": b"220 go\r\n", "lmtp": b"220 go\r\n", "pop3": b"+OK go\r\n",
      "sieve": b'OK "go"\r\n'}
EARLY = {"smtp": b"250 evil\r\n", "lmtp": b"250 evil\r\n",
         "imap": b"* OK evil\r\n", "pop3": b"+OK evil\r\n",
         "sieve": b'OK "evil"\r\n'}


def starttls(p, proto, line, cert, opts):
    go = GO.get(proto) or line.split(b" ")[0] + b" OK go\r\n"
    rest, p.rest = p.rest, b""
    p.say(go + (EARLY[proto] if "early" in opts else b""))
    if "later" in opts:
        time.sleep(0.2)
        p.say(EARLY[proto])
    if "leave" in opts:
        raise Ended("ours")
    p.handshake(cert, opts)
    if "rekeep" in opts:
        p.rest = rest
    if proto == "sieve":
        p.say(sieve_caps(p, opts, False))


def talk(p, how, proto, cert, opts):
    if how == "tls":
        p.handshake(cert, opts)
    offer = how == "starttls"
    p.say(greeting(p, proto, opts, offer))
    while True:
        line = p.line()
        if "slow" in opts:
            time.sleep(0.1)
        offer = how == "starttls" and (not p.tls or "again" in opts)
        answer = PROTOS[proto](p, line, opts, offer)
        if answer is None:
            starttls(p, proto, line, cert, opts)
            continue
        word = line.split(b" ")[1 if proto == "imap" and b" " in line
                                else 0].upper()
        if word in (b"QUIT", b"LOGOUT"):
            with lock:          # who has the answer may come again
                peers.discard(p)
        p.say(answer)
        if word in (b"QUIT", b"LOGOUT"):
            if p.tls:
                p.sock.unwrap()
            raise Ended("quit")


# ---- the ones without a protocol

def mute(p, _):
    p.hush()


def late(p, seconds):
    time.sleep(float(seconds))
    talk(p, "plain", "smtp", None, {})


def eof(p, _):
    raise Ended("ours")


def reset(p, _):
    p.reset()


def bye(p, _):
    p.say(b"220 odd.johndoe.com ESMTP\r\n")
    raise Ended("ours")


def flood(p, _):
    p.say(b"220 " + b"x" * (1 << 20))
    p.hush()


def endless(p, _):
    while True:
        p.say(b"220-odd.johndoe.com says more\r\n" * 100)


def drip(p, _):
    while True:
        p.say(b"2")
        time.sleep(0.1)


ALONE = {f.__name__: f for f in (mute, late, eof, reset, bye, flood, endless,
                                 drip)}


def unescape(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def behaviour(mode):
    """The function that serves a connection of this mode."""
    if mode.startswith("say="):
        text = unescape(mode[4:])
        return lambda p: (p.say(text), p.hush())
    name, _, options = mode.partition("/")
    words = name.split(":")
    if words[0] in ALONE:
        return lambda p: ALONE[words[0]](p, words[-1])
    how, proto = words[0], words[1]
    cert = words[2] if len(words) > 2 else None
    opts = {}
    for o in filter(None, options.split("/")):
        key, _, value = o.partition("=")
        opts[key] = unescape(value)
    return lambda p: talk(p, how, proto, cert, opts)


def serve(sock, mode, run):
    p = Peer(sock, mode)
    sock.settimeout(90)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with lock:
        peers.add(p)
        same = [q for q in peers if q.mode == mode]
        for q in same:
            q.most = max(q.most, len(same))
    end = "eof"
    try:
        run(p)
    except Ended as e:
        end = str(e)
    except TimeoutError:
        end = "late"
    except ssl.SSLError as e:
        end = "tls: " + (e.reason or "?")
    except OSError:
        end = "reset"
    with lock:
        peers.discard(p)
        log.write(json.dumps({"mode": mode, "lines": p.lines, "tls": p.tls,
                              "end": end, "most": p.most}) + "\n")
    p.sock.close()


def listen(sock, mode):
    run = behaviour(mode)
    while True:
        conn = sock.accept()[0]
        threading.Thread(target=serve, args=(conn, mode, run),
                         daemon=True).start()


held = []


def start(mode):
    """Its port."""
    host, port = "127.0.0.1", 0
    if mode.startswith("@"):
        where, mode = mode[1:].split(" ", 1)
        host, _, port = where.rpartition(":")
    sock = socket.socket()
    if mode != "closed":		# that one must be nobody else's
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, int(port)))
    port = sock.getsockname()[1]
    held.append(sock)
    if mode == "closed":
        return port
    if mode == "filtered":
        sock.listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((host, port))
            held.append(filler)
        return port
    sock.listen(512)
    threading.Thread(target=listen, args=(sock, mode), daemon=True).start()
    return port


def main():
    global cadir, log
    file, cadir, modes = sys.argv[1], sys.argv[2], sys.argv[3:]
    log = open(file + ".log", "a", buffering=1)
    ports = [f"{start(m)} {m}\n" for m in modes]
    time.sleep(0.05)            # the fillers of the queues have arrived
    with open(file, "w") as f:
        f.write("".join(ports))
    threading.Event().wait()


main()
