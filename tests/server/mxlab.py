"""A name server by UDP and TCP on a free port of 127.0.0.1, whose records a
test adds, and mxlookup run against it.

    lab = mxlab.Lab()
    lab.add("a.test", "MX", "10 mx.a.test")
    p = lab.mx("-j", "a.test")
    lab.ok(p.returncode == 0, "what is wanted", p)
    lab.end()

The data of a TXT is a string, bytes, or a list of them: the strings of one
record; of a type that is not read here, its bytes.  Answers for names of
lab.signed and below them have AD set; those for lab.servfail are SERVFAIL, for
lab.bogus with the word that validation failed: names, or "NAME TYPE".  A name that was not added and
has nothing below it does not exist."""
import json
import os
import socket
import struct
import subprocess
import sys
import threading

BUILD = os.environ.get("POSTBAG_BUILD", os.path.dirname(os.path.abspath(
    __file__)) + "/../../build")
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43, "DNSKEY": 48, "TLSA": 52,
         "CAA": 257}
SOA = (b"\2ns\4test\0" b"\1h\4test\0" +
       struct.pack(">IIIII", 1, 1, 1, 1, 60))


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode()
                    for x in name.rstrip(".").split(".") if x) + b"\0"


def strings(data):
    out = b""
    for s in data if isinstance(data, list) else [data]:
        s = s if isinstance(s, bytes) else s.encode()
        while len(s) > 255:
            out, s = out + b"\xff" + s[:255], s[255:]
        out += bytes([len(s)]) + s
    return out


def rdata(type, data):
    if type == "A":
        return socket.inet_aton(data)
    if type == "AAAA":
        return socket.inet_pton(socket.AF_INET6, data)
    if type in ("CNAME", "PTR", "NS"):
        return wire(data)
    if type == "MX":
        pref, host = data.split()
        return struct.pack(">H", int(pref)) + wire(host)
    if type == "SRV":
        prio, weight, port, host = data.split()
        return struct.pack(">HHH", int(prio), int(weight),
                           int(port)) + wire(host)
    return strings(data) if type == "TXT" else data


def rr(name, type, data):
    return wire(name) + struct.pack(">HHIH", type, 1, 300, len(data)) + data


class Lab:
    def __init__(self):
        self.zone, self.servfail, self.signed = {}, set(), set()
        self.bogus = set()
        self.count = self.failed = 0
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(("127.0.0.1", 0))
            self.tcp = socket.socket()
            try:
                self.tcp.bind(self.udp.getsockname())
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.tcp.listen(64)
        self.server = "127.0.0.1:%d" % self.udp.getsockname()[1]
        for run in (self.by_udp, self.by_tcp):
            threading.Thread(target=run, daemon=True).start()

    # ---- for the test

    def add(self, name, type, data):
        self.zone.setdefault(name, []).append((type, rdata(type, data)))

    def mx(self, *args, **how):
        """mxlookup, its output as text; how: as subprocess.run."""
        if "stdout" not in how:
            how["stdout"] = subprocess.PIPE
        return subprocess.run(
            [BUILD + "/mxlookup", "-s", self.server, *args],
            stderr=subprocess.PIPE, text=True, timeout=60, **how)

    def json(self, *args):
        return json.loads(self.mx("-j", *args).stdout)

    def ok(self, good, name, why=""):
        self.count += 1
        print("%sok %d - %s" % ("" if good else "not ", self.count, name),
              flush=True)
        if not good:
            self.failed += 1
            print("# " + str(why)[:3000].replace("\n", "\n# "),
                  file=sys.stderr, flush=True)

    def status(self, want, name, *args):
        p = self.mx(*args)
        self.ok(p.returncode == want, "%s: %d" % (name, want), p)
        return p

    def end(self):
        print("1..%d" % self.count, flush=True)
        os._exit(1 if self.failed else 0)

    # ---- the server

    def look(self, name, type):
        """Status and records, following aliases."""
        out = []
        for _ in range(8):
            have = self.zone.get(name)
            alias = [d for t, d in have or () if t == "CNAME"]
            if not alias:
                out += [rr(name, type, d) for t, d in have or ()
                        if TYPES[t] == type]
                there = have is not None or any(
                    z.endswith("." + name) for z in self.zone)
                return 0 if there else 3, out
            out.append(rr(name, 5, alias[0]))
            labels, d = [], alias[0]
            while d[0]:
                labels.append(d[1:1 + d[0]].decode())
                d = d[1 + d[0]:]
            name = ".".join(labels)
        return 2, []

    def answer(self, m, tcp):
        at, labels = 12, []
        while m[at]:
            labels.append(m[at + 1:at + 1 + m[at]].decode("latin-1").lower())
            at += 1 + m[at]
        type, = struct.unpack(">H", m[at + 1:at + 3])
        name, question = ".".join(labels), m[12:at + 5]
        asked = {name} | {name + " " + t for t, n in TYPES.items() if n == type}
        code, out = (2, []) if asked & (self.servfail | self.bogus) else \
            self.look(name, type)
        # OPT with an extended error: DNSSEC bogus (RFC 8914)
        opt = b"\0" + struct.pack(">HHIHHHH", 41, 1232, 0, 6, 15, 2, 6) \
            if asked & self.bogus else b""
        flags = 0x81a0 if any(name == z or name.endswith("." + z)
                              for z in self.signed) else 0x8180
        soa = [] if out or code == 2 else [rr("test", 6, SOA)]
        r = m[:2] + struct.pack(">HHHHH", flags | code, 1, len(out),
                                len(soa), bool(opt)) + question + \
            b"".join(out + soa) + opt
        if not tcp and len(r) > 1232:
            r = m[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + question
        return r

    def by_udp(self):
        while True:
            m, who = self.udp.recvfrom(4096)
            self.udp.sendto(self.answer(m, False), who)

    def by_tcp(self):
        while True:
            c = self.tcp.accept()[0]
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def serve(self, c):
        with c:
            while len(h := c.recv(2, socket.MSG_WAITALL)) == 2:
                r = self.answer(c.recv(struct.unpack(">H", h)[0],
                                       socket.MSG_WAITALL), True)
                c.sendall(struct.pack(">H", len(r)) + r)
