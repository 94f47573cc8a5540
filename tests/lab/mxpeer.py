#!/usr/bin/env python3
"""Mail hosts as senders meet them: mxpeer.py FILE CADIR PORT ADDR=MODE[,...]...

Each listens at its address on that port. FILE gets a line "up" when all do, and
a line of JSON for each connection that ended: at (the address), from, tls, said (all
commands), rcpt (those of messages that were taken), size, last (the end).

A mode is any of: tls:CERT (STARTTLS with CADIR/CERT.pem), torn (STARTTLS, and
then no TLS), utf8, require (SMTPUTF8, REQUIRETLS), bdat (CHUNKING), lines
(no PIPELINING), seven (no 8BITMIME), greet:REPLY, ehlo:REPLY, mail:REPLY,
rcpt:REPLY, dot:REPLY (in place of a yes; "_" for a blank), max:N (REPLYs only
to the N first of them), after:N (not to these), limits:TEXT (as LIMITS has it), slow:MS (each answer
takes so long), hang (no answer to the message, and the end), cut (the same at
MAIL), sni (the name in TLS is told, too).
"""
import json
import socket
import ssl
import sys
import threading
import time

out, cadir, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
lock = threading.Lock()
counts = {}


def tell(what):
    with lock, open(out, "a", encoding="latin-1") as f:
        f.write(json.dumps(what) + "\n")


class Talk:
    def __init__(self, c, at, mode):
        self.c, self.at, self.mode, self.rest = c, at, mode, b""
        self.seen = {"at": at, "from": c.getpeername()[0], "tls": None, "said": [], "rcpt": [], "size": 0,
                     "bodies": 0, "bursts": 0}

    def say(self, text):
        if "slow" in self.mode:
            time.sleep(int(self.mode["slow"]) / 1000)
        self.c.sendall(text.encode("latin-1") + b"\r\n")

    def fill(self):
        got = self.c.recv(65536)
        if not got:
            raise EOFError
        self.seen["bursts"] += 1
        self.rest += got

    def line(self):
        while b"\n" not in self.rest:
            self.fill()
        one, self.rest = self.rest.split(b"\n", 1)
        return one.rstrip(b"\r").decode("latin-1")

    def take(self, n):
        while len(self.rest) < n:
            self.fill()
        one, self.rest = self.rest[:n], self.rest[n:]
        return one

    def answer(self, step, yes):
        """The reply of this mode, the first max times, else yes."""
        if step not in self.mode:
            return yes
        with lock:
            n = counts[self.at, step] = counts.get((self.at, step), 0) + 1
        if n > int(self.mode.get("max", n)) or \
                n <= int(self.mode.get("after", 0)):
            return yes
        return self.mode[step].replace("_", " ")

    def ehlo(self):
        m, tls = self.mode, self.seen["tls"] is not None
        caps = ["peer", "SIZE 10000000", "ENHANCEDSTATUSCODES"]
        caps += [] if "lines" in m else ["PIPELINING"]
        caps += [] if "seven" in m else ["8BITMIME"]
        caps += ["STARTTLS"] if ("tls" in m or "torn" in m) and not tls else []
        caps += ["SMTPUTF8"] if "utf8" in m else []
        caps += ["REQUIRETLS"] if "require" in m and tls else []
        caps += ["CHUNKING"] if "bdat" in m else []
        caps += ["LIMITS " + m["limits"].replace("_", " ")] \
            if "limits" in m else []
        yes = "\r\n".join("250%s%s" % ("-" if i + 1 < len(caps) else " ", c)
                          for i, c in enumerate(caps))
        return self.answer("ehlo", yes)

    def starttls(self):
        self.say("220 go")
        if "torn" in self.mode:
            self.c.sendall(b"\x15\x03\x01\x00\x02\x02\x28")
            raise EOFError
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain("%s/%s.pem" % (cadir, self.mode["tls"]))

        def named(_sock, name, _ctx):
            self.seen["sni"] = name
        ctx.sni_callback = named
        self.c = ctx.wrap_socket(self.c, server_side=True)
        self.seen["tls"] = self.c.version()

    def body(self, data):
        if "hang" in self.mode:
            raise EOFError
        self.seen["size"] += len(data)
        self.seen["bodies"] += 1
        self.seen["data"] = data.decode("latin-1")
        reply = self.answer("dot", "250 2.0.0 taken")
        if reply[0] == "2":
            self.seen["rcpt"] += self.open
        self.open = []
        self.say(reply)

    def run(self):
        greet = self.answer("greet", "220 peer ESMTP")
        self.say(greet)
        if greet[:3] == "421":
            raise EOFError
        self.open = []
        while True:
            line = self.line()
            self.seen["said"].append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self.say(self.ehlo())
            elif verb == "STARTTLS":
                self.starttls()
            elif verb == "MAIL":
                if "cut" in self.mode:
                    raise EOFError
                self.open = []
                reply = self.answer("mail", "250 2.1.0 ok")
                self.say(reply)
                if reply[:3] == "421":
                    raise EOFError
            elif verb == "RCPT":
                reply = self.answer("rcpt", "250 2.1.5 ok")
                if reply[0] == "2":
                    self.open.append(line.split("<")[1].split(">")[0])
                self.say(reply)
            elif verb == "DATA" and not self.open:
                self.say("554 5.5.1 nobody")
            elif verb == "DATA":
                self.say("354 go")
                while b"\r\n.\r\n" not in b"\r\n" + self.rest:
                    self.fill()
                n = (b"\r\n" + self.rest).index(b"\r\n.\r\n")
                self.body(self.take(n + 3)[:-3])
            elif verb == "BDAT":
                data = self.take(int(line.split(" ")[1]))
                if self.open:
                    self.body(data)
                else:
                    self.say("554 5.5.1 nobody")
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                raise EOFError
            elif verb in ("RSET", "NOOP"):
                self.open = []
                self.say("250 2.0.0 ok")
            else:
                self.say("502 5.5.1 what?")


def serve(c, at, mode):
    t = Talk(c, at, mode)
    try:
        t.run()
    except (EOFError, OSError, ssl.SSLError) as why:
        t.seen["last"] = type(why).__name__
    tell(t.seen)
    t.c.close()


def listen(s, at, mode):
    while True:
        c, _ = s.accept()
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(c, at, mode)).start()


for arg in sys.argv[4:]:
    addr, modes = arg.split("=", 1)
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((addr, port))
    sock.listen(100)
    what = dict((m.split(":", 1) + [""])[:2] for m in modes.split(",") if m)
    threading.Thread(target=listen, args=(sock, addr, what)).start()
tell("up")
