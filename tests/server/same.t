#!/usr/bin/env python3
"""The same input gives the same bytes, whoever answers first and however a
name server turns its records round.  What was measured may differ."""
import itertools
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("POSTBAG_BUILD") or os.path.join(ROOT, "build")
RUNS = 4
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good:
        failed += 1
        print("# failed: %s\n# %s" % (name, str(why)[:3000]), file=sys.stderr)


# ---- a name server: late in another order, and turned round, in each run

run = 0                         # which one it is


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode()
                    for x in name.rstrip(".").split(".") if x) + b"\0"


def mx(p, host):
    return struct.pack(">H", p) + wire(host)


def srv(p, w, port, host):
    return struct.pack(">HHH", p, w, port) + wire(host)


def txt(s):
    return bytes([len(s)]) + s.encode()


ZONE = {
    ("d.test", 15): [mx(10, "b.test"), mx(10, "a.test"), mx(20, "c.test"),
                     mx(20, "gone.test")],
    ("d.test", 16): [txt("v=spf1 a mx ?all"), txt("v=spf1 -all"), txt("x=y")],
    ("_dmarc.d.test", 16): [txt("v=DMARC1; p=none"), txt("v=DMARC1; p=x")],
    ("_imaps._tcp.d.test", 33): [srv(0, 1, 993, "b.test"),
                                 srv(0, 1, 993, "a.test")],
    ("_imap._tcp.d.test", 33): [srv(0, 0, 0, ".")],
    ("_pop3._tcp.d.test", 33): [srv(0, 1, 110, "alias.test")],
    ("_submission._tcp.d.test", 33): [srv(0, 0, 587, "gone.test")],
    ("alias.test", 5): [wire("a.test")],
}
for host in "abc":
    ZONE[host + ".test", 1] = [bytes([127, 0, 0, i]) for i in range(1, 4)]
    ZONE[host + ".test", 28] = [b"\xfd" + bytes(14) + bytes([i])
                                for i in range(1, 4)]


def dns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))

    def answer(q, who, late):
        time.sleep(late)
        labels, at = [], 12
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
            at += 1 + q[at]
        name, kind = ".".join(labels), q[at + 2]
        records = ZONE.get((name, kind), [])
        if not records and (name, 5) in ZONE:
            kind, records = 5, ZONE[name, 5]
        known = any(n == name for n, _ in ZONE)
        if records:
            turn = run % len(records)
            records = records[turn:] + records[:turn]
        s.sendto(q[:2] + struct.pack(
            ">HHHHH", 0x8180 | (0 if known else 3), 1, len(records), 0, 0) +
            q[12:at + 5] + b"".join(
                b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(r)) + r
                for r in records), who)

    def serve():
        for i in itertools.count():
            q, who = s.recvfrom(512)
            late = (i * 7 + run * 3) % 5 * .008
            threading.Thread(target=answer, args=(q, who, late),
                             daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


# ---- mail servers that take their time

def mail(nth, text):
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            c = s.accept()[0]
            threading.Thread(target=talk, args=(c,), daemon=True).start()

    def talk(c):
        time.sleep((nth * 2 + run * 3) % 5 * .03)
        try:
            c.sendall(text)
            for line in c.makefile("rb"):
                if line[:4] == b"EHLO":
                    c.sendall(b"250-here\r\n250 HELP\r\n")
                elif line[:4] == b"CAPA":
                    c.sendall(b"+OK\r\nUIDL\r\n.\r\n")
                elif b"CAPABILITY" in line:
                    c.sendall(b"* CAPABILITY IMAP4rev1\r\n" +
                              line.split()[0] + b" OK x\r\n")
                else:
                    c.sendall(b"250 ok\r\n" if text[:1] == b"2" else
                              b"+OK\r\n" if text[:1] == b"+" else
                              line.split()[0] + b" OK\r\n")
        except (OSError, IndexError):
            pass
        c.close()

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


# ---- what may differ

def settle(v):
    if isinstance(v, dict):
        return {k: settle(x) for k, x in v.items()
                if k not in ("ms", "dns", "latency_ms", "time", "us", "lat")}
    return [settle(x) for x in v] if isinstance(v, list) else v


def clean(text):
    if text.startswith("{"):
        return [settle(json.loads(line)) for line in text.splitlines()]
    text = re.sub(r"(?<![\d.])\d+\.\d+ ?(m?s)\b", r"N \1", text)
    text = re.sub(r"\b(tcp|banner|dns) [\d.]+", r"\1 N", text)
    text = re.sub(r"(_seconds\{[^}]*\}) [0-9.e+-]+", r"\1 N", text)
    return re.sub(r"(timestamp_seconds) \d+", r"\1 N", text)


def same(name, args, reads=None, stdin=""):
    global run
    seen = []
    for run in range(RUNS):
        p = subprocess.run([os.path.join(BUILD, args[0]), *args[1:]],
                           input=stdin, capture_output=True, text=True,
                           timeout=60)
        out = open(reads).read() if reads else p.stdout
        got = (p.returncode, clean(out))
        if got not in seen:
            seen.append(got)
    ok(len(seen) == 1 and seen[0][1], "%s: %d of %d runs differ" % (
        name, len(seen) - 1, RUNS), "\n".join(map(str, seen[:2])))


with tempfile.TemporaryDirectory() as T:
    os.environ.pop("POSTBAG_DNS", None)
    os.environ["XDG_STATE_HOME"] = T
    server = "127.0.0.1:%d" % dns()
    mxl = ["mxlookup", "-s", server]
    same("mxlookup", [*mxl, "d.test"])
    same("mxlookup -a", [*mxl, "-a", "d.test"])
    same("mxlookup -j -a", [*mxl, "-j", "-a", "d.test", "c.test", "a.test"])
    same("mxlookup -q", [*mxl, "-q", "d.test"])
    same("mxlookup --nagios", [*mxl, "--nagios", "-a", "d.test", "a.test"])
    same("mxlookup --ordered", [*mxl, "--ordered"],
         stdin="d.test\nb.test\nnone.test\na.test\nalias.test\n")
    ports = [(mail(0, b"220 a\r\n"), "smtp"), (mail(1, b"* OK a\r\n"), "imap"),
             (mail(2, b"+OK a\r\n"), "pop3"), (mail(3, b"220 b\r\n"), "smtp"),
             (mail(4, b"554 no\r\n"), "smtp")]
    probe = ["portprobe", "-s", server, "--timeout", "5", "--ehlo", "x.test"]
    each = ["127.0.0.1:%d/%s" % p for p in ports]
    mxs = [*probe, "-p", "%d/smtp,%d/imap" % (ports[0][0], ports[1][0]), "-4",
           "--no-sts", "mx:d.test", "srv:d.test"]
    same("portprobe", [*probe, *each])
    same("portprobe -j", [*probe, "-j", *each])
    same("portprobe --nagios", [*probe, "--nagios", *each])
    same("portprobe --prom", [*probe, "--prom", T + "/prom", *each], T + "/prom")
    same("portprobe mx:", mxs)
    same("portprobe -j mx:", [*mxs, "-j"])
    same("portprobe --aggregate best", [*mxs, "--aggregate", "best"])
print("1..%d" % count)
sys.exit(failed > 0)
