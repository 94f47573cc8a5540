#!/usr/bin/env python3
"""What strangers say, in the output of every tool: no control character and
nothing that turns the reading direction, neither in JSON nor in text nor in
the trace; and JSON has it all the same, escaped.

One server with hostile words for each protocol, on the loopback, in plaintext.
"""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unicodedata

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("POSTBAG_BUILD") or os.path.join(ROOT, "build")
# overrides and isolates, marks, C1, a line separator; and a byte that is none
EVIL = "a\u202egpj\u2066b\u2069\u200f\u061c\u009b2Jc\u2028z"
BYTES = EVIL.encode() + b" \xff\x80"
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good:
        failed += 1
        print("# failed: %s\n# %s" % (name, str(why)[:1500]), file=sys.stderr)


def harmful(text):
    return [hex(ord(c)) for c in text if c not in "\n\t" and (
        unicodedata.category(c) == "Cc" or c in "\u200e\u200f\u061c\u2028" or
        "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069")]


def strings(v):
    if isinstance(v, dict):
        for k, x in v.items():
            yield from strings(k)
            yield from strings(x)
    elif isinstance(v, list):
        for x in v:
            yield from strings(x)
    elif isinstance(v, str):
        yield v


# ---- servers

def serve(talk):
    s = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            c = s.accept()[0]
            threading.Thread(target=quietly, args=(talk, c),
                             daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


def quietly(talk, c):
    try:
        talk(c, c.makefile("rb"))
    except OSError:
        pass
    c.close()


def smtp(c, lines):
    c.sendall(b"220 " + BYTES + b"\r\n")
    for line in lines:
        verb = line[:4].upper()
        if verb == b"EHLO":
            c.sendall(b"250-here\r\n250-X" + BYTES + b"\r\n250 HELP\r\n")
        elif verb == b"RCPT":
            c.sendall(b"550 5.1.1 " + BYTES + b"\r\n")
        else:
            c.sendall(b"250 " + BYTES + b"\r\n")


MAIL = (b"From: " + BYTES + b" <a@b.test>\r\nSubject: " + BYTES +
        b"\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n\r\nx\r\n")


def pop3(c, lines):
    c.sendall(b"+OK " + BYTES + b"\r\n")
    for line in lines:
        verb = line.split()[0].upper()
        c.sendall({
            b"CAPA": b"+OK\r\nUIDL\r\nTOP\r\nUSER\r\nSASL PLAIN\r\n"
                     b"IMPLEMENTATION " + BYTES + b"\r\n.\r\n",
            b"LIST": b"+OK\r\n1 %d\r\n.\r\n" % len(MAIL),
            b"UIDL": b"+OK\r\n1 one\r\n.\r\n",
            b"TOP": b"+OK\r\n" + MAIL + b".\r\n",
            b"RETR": b"-ERR " + BYTES + b"\r\n",
        }.get(verb, b"+OK " + BYTES + b"\r\n"))


UTF7 = "&" + __import__("base64").b64encode(
    EVIL.replace("\u009b", "").encode("utf-16-be")).decode().rstrip(
        "=").replace("/", ",") + "-"


def imap(c, lines):
    c.sendall(b"* OK " + BYTES + b"\r\n")
    for line in lines:
        tag, verb = line.split()[:2]
        verb = verb.upper()
        if verb == b"CAPABILITY":
            c.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n")
        elif verb == b"LIST":
            c.sendall(b'* LIST () "/" "%s"\r\n* LIST () "/" INBOX\r\n' %
                      UTF7.encode())
        elif verb in (b"SELECT", b"EXAMINE"):
            c.sendall(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1] " + BYTES +
                      b"\r\n* OK [UIDNEXT 1] x\r\n* FLAGS (\\Seen)\r\n")
        elif verb == b"STATUS":
            c.sendall(b'* STATUS %s (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)\r\n'
                      % line.split()[2])
        elif verb == b"AUTHENTICATE" and len(line.split()) == 3:
            c.sendall(b"+ \r\n")
            lines.readline()
        c.sendall(tag + b" OK " + BYTES + b"\r\n")


def dns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    word = BYTES

    def run():
        while True:
            q, who = s.recvfrom(512)
            end = q.index(b"\0", 12) + 5
            kind, = struct.unpack(">H", q[end - 4:end - 2])
            txt = {16: b"v=spf1 " + word + b" -all"}.get(kind)
            answer = b"" if txt is None else b"\xc0\x0c" + struct.pack(
                ">HHIHB", 16, 1, 60, len(txt) + 1, len(txt)) + txt
            s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180, 1,
                                         1 if answer else 0, 0, 0) +
                     q[12:end] + answer, who)

    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


# ---- tools

def run(*args):
    return subprocess.run([os.path.join(BUILD, args[0]), *args[1:]],
                          capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def tool(name, args, want=EVIL):
    p = run(*args, "-j", "-vv")
    try:
        out, err = p.stdout.decode(), p.stderr.decode()
    except UnicodeDecodeError as e:
        ok(False, name + ": UTF-8", e)
        return
    ok(not harmful(out), name + " -j: nothing harmful",
       "%s in %r" % (harmful(out), out))
    ok(not harmful(err), name + " -vv: nothing harmful",
       "%s in %r" % (harmful(err), err))
    try:
        said = [json.loads(line) for line in out.splitlines()]
    except ValueError as e:
        ok(False, name + " -j: JSON", "%s: %r %r" % (e, out, err))
        return
    if want:
        ok(any(want in s for s in strings(said)), name + " -j: it is there",
           "%r %r" % (out, err))
    p = run(*args)
    text = (p.stdout + p.stderr).decode("utf-8", "replace")
    ok(not harmful(text), name + ": text is harmless",
       "%s in %r" % (harmful(text), text))


with tempfile.TemporaryDirectory() as T:
    os.environ.update(XDG_STATE_HOME=T + "/state", XDG_CONFIG_HOME=T)
    os.environ.pop("POSTBAG_DNS", None)
    login = ["--tls", "off", "-u", "jo", "--password-command", "echo x"]
    tool("mailsend", ["mailsend", "-S", "smtp://127.0.0.1:%d" % serve(smtp),
                      "--tls", "off", "-f", "a@b.test", "--body", "x",
                      "c@d.test"])
    port = serve(pop3)
    tool("mailfetch -l", ["mailfetch", "-l", "-S", "pop3://127.0.0.1:%d" %
                          port, *login])
    tool("mailfetch --probe", ["mailfetch", "--probe", "-S",
                               "pop3://127.0.0.1:%d" % port, *login])
    port = serve(imap)
    tool("imapsync -n", ["imapsync", "-n", "-S", "imap://127.0.0.1:%d" % port,
                         "--near", T + "/near", *login], None)
    tool("portprobe", ["portprobe", "127.0.0.1:%d/smtp" % serve(smtp)])
    tool("portprobe, IMAP", ["portprobe", "127.0.0.1:%d/imap" % port])
    tool("mxlookup", ["mxlookup", "-s", "127.0.0.1:%d" % dns(), "-C", "spf",
                      "d.test"])
print("1..%d" % count)
sys.exit(failed > 0)
