"""liars.py: servers that are honest but for one number, and a mailfetch for them

Each serves the messages of TEXTS that are in .there, 1 to 3 at first; what a
client deletes is taken out of it.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("POSTBAG_BUILD", HERE + "/../../build")
STATUSES = {0, 65, 69, 74, 75, 76, 77}
TEXTS = {n: b"From: a@b.test\r\nSubject: number %d\r\n\r\n%s\r\n" % (
    n, b"x" * n) for n in (1, 2, 3, 4)}
T = tempfile.mkdtemp(prefix="liars.")
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good:
        failed += 1
        print("# " + str(why)[:2000].replace("\n", "\n# "), file=sys.stderr,
              flush=True)


def done():
    shutil.rmtree(T)
    print("1..%d" % count)
    sys.exit(failed > 0)


class Server:
    """Line by line; whoever derives from it answers a line with bytes."""
    cuts = False                        # hang up when a lie was told

    def __init__(self, pattern=None, lie=b""):
        self.pattern, self.lie, self.lied = pattern, lie, False
        self.there = {1, 2, 3}          # which messages are not deleted
        self.mine = threading.local()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(sock,),
                             daemon=True).start()

    def say(self, data):
        told = data
        if self.pattern:
            told = re.sub(self.pattern, lambda m: m[0][:m.start(1) - m.start()]
                          + self.lie + m[0][m.end(1) - m.start():], data)
            self.lied |= re.search(self.pattern, data) is not None
        self.sock.sendall(told)
        if self.cuts and told != data:
            self.sock.shutdown(socket.SHUT_WR)

    # A client that does not wait for the answer to QUIT may be back before that
    # is given, which is the old connection's.
    @property
    def sock(self):
        return self.mine.sock

    @property
    def lines(self):
        return self.mine.lines

    def talk(self, sock):
        self.mine.sock = sock
        try:
            with sock, sock.makefile("rb") as self.mine.lines:
                self.say(self.greeting)
                for line in self.lines:
                    self.say(self.answer(line.rstrip(b"\r\n").decode()))
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Imap(Server):
    caps = b"CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS APPENDLIMIT=99999"
    greeting = b"* OK [" + caps + b"] hi\r\n"
    marked = frozenset()
    next = 14

    def fetch(self, args):
        out = b""
        for seq, n in enumerate(sorted(self.there), 1):
            if re.search(r"\b%d\b|:" % (10 + n), args.split(" ")[0]):
                body = TEXTS[n]
                out += b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE " \
                    b'" 1-Jan-2024 10:00:00 +0000" BODY[] {%d}\r\n%s)\r\n' % (
                        seq, 10 + n, len(body), len(body), body)
        return out

    def answer(self, line):
        tag, _, rest = line.partition(" ")
        verb = rest.split(" ")[0].upper()
        if verb == "UID":
            verb = " ".join(rest.split(" ")[:2]).upper()
        args = rest[len(verb) + 1:]
        left = sorted(self.there)
        out = b""
        if verb == "CAPABILITY":
            out = b"* " + self.caps + b"\r\n"
        elif verb in ("SELECT", "EXAMINE"):
            out = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" \
                b"* OK [UIDNEXT %d] x\r\n" % (len(left), self.next)
        elif verb == "UID SEARCH":
            out = b"* SEARCH" + b"".join(b" %d" % (10 + n)
                                         for n in left) + b"\r\n"
        elif verb == "UID FETCH":
            out = self.fetch(args)
        elif verb == "UID STORE":
            self.marked = {int(u) - 10 for u in re.findall(
                r"\d+", args.split(" ")[0])}
            a, _, b = args.split(" ")[0].partition(":")
            if b.isdigit():
                self.marked |= set(range(int(a) - 10, int(b) - 9))
        elif verb == "UID EXPUNGE":
            self.there -= self.marked
        return out + b"%s OK done\r\n" % tag.encode()


class Pop3(Server):
    greeting = b"+OK hi\r\n"

    def answer(self, line):
        verb, _, arg = line.partition(" ")
        left = sorted(self.there)
        if verb == "LIST":
            return b"+OK\r\n" + b"".join(b"%d %d\r\n" % (n, len(TEXTS[n]))
                                         for n in left) + b".\r\n"
        if verb == "UIDL":
            return b"+OK\r\n" + b"".join(b"%d id%d\r\n" % (n, n)
                                         for n in left) + b".\r\n"
        if verb == "RETR" and arg.isdigit() and int(arg) in left:
            return b"+OK %d octets\r\n%s.\r\n" % (len(TEXTS[int(arg)]),
                                                  TEXTS[int(arg)])
        if verb == "DELE" and arg.isdigit() and int(arg) in left:
            self.marked = getattr(self, "marked", set()) | {int(arg)}
            return b"+OK\r\n"
        if verb in ("RETR", "DELE", "CAPA", "TOP"):
            return b"-ERR\r\n"
        if verb == "QUIT":
            self.there -= getattr(self, "marked", set())
        return b"+OK\r\n"


class Smtp(Server):
    greeting = b"220 mx.test ESMTP\r\n"
    taken = 0                           # texts that came whole

    def answer(self, line):
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            return b"250-mx.test\r\n250-SIZE 1000000\r\n" \
                b"250 LIMITS RCPTMAX=100 MAILMAX=100\r\n"
        if verb == "MAIL":
            return b"250 2.1.0 sender ok\r\n"
        if verb == "RCPT":
            return b"250 2.1.5 recipient ok\r\n"
        if verb == "QUIT":
            return b"221 2.0.0 bye\r\n"
        if verb != "DATA":
            return b"250 2.0.0 ok\r\n"
        self.say(b"354 go on\r\n")
        for text in self.lines:
            if text == b".\r\n":
                self.taken += 1
                return b"250 2.0.0 taken\r\n"
        return b""


def here(md):
    """The numbers of the messages that are in the Maildir, whole."""
    out = []
    for d in (md + "/new/", md + "/cur/"):
        for name in os.listdir(d) if os.path.isdir(d) else ():
            with open(d + name, "rb") as f:
                text = f.read().replace(b"\n", b"\r\n")
            out += [n for n in TEXTS if TEXTS[n] == text] or [0]
    return sorted(out)


def fetch(s, scheme, dir, *args):
    return subprocess.run(
        [BUILD + "/mailfetch", "-S", "%s://127.0.0.1:%d" % (scheme, s.port),
         "--tls", "off", "-u", "jo", "--password-command", "echo secret",
         "--state", dir + "/state", "-d", "maildir:%s/md" % dir, "--create",
         "--timeout", "20", *args],
        capture_output=True, text=True, timeout=60)
