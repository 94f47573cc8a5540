#!/usr/bin/env python3
"""Every number that a server gives is a lie: nothing is lost by it, nothing is
deleted that is not here, and nothing counts as sent that was not taken.

Each number of a dialogue has a name and a pattern; in one run it is replaced by
each of the lies in turn, wherever the server says it.  The next run is against
an honest server.
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
LIES = ["0", "-1", "2147483648", "4294967296", "9223372036854775808", "007", ""]
STATUSES = {0, 65, 69, 74, 75, 76, 77}
TEXTS = {n: b"From: a@b.test\r\nSubject: number %d\r\n\r\n%s\r\n" % (
    n, b"x" * n) for n in (1, 2, 3, 4)}
T = tempfile.mkdtemp(prefix="numbers.")
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good:
        failed += 1
        print("# " + str(why)[:2000].replace("\n", "\n# "), file=sys.stderr,
              flush=True)


class Server:
    """Line by line; whoever derives from it answers a line with bytes."""
    cuts = False                        # hang up when a lie was told

    def __init__(self, pattern=None, lie=b""):
        self.pattern, self.lie, self.lied = pattern, lie, False
        self.there = {1, 2, 3}          # which messages are not deleted
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

    def talk(self, sock):
        self.sock = sock
        try:
            with sock, sock.makefile("rb") as self.lines:
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


# ---- mailfetch

def here(md):
    """The numbers of the messages that are in the Maildir, whole."""
    out = []
    for name in os.listdir(md + "/new") if os.path.isdir(md) else ():
        with open(md + "/new/" + name, "rb") as f:
            text = f.read().replace(b"\n", b"\r\n")
        out += [n for n in TEXTS if TEXTS[n] == text] or [0]
    return sorted(out)


def fetch(s, scheme, dir):
    r = subprocess.run(
        [BUILD + "/mailfetch", "-S", "%s://127.0.0.1:%d" % (scheme, s.port),
         "--tls", "off", "-u", "jo", "--password-command", "echo secret",
         "--state", dir + "/state", "-d", "maildir:%s/md" % dir, "--create",
         "--timeout", "20", "--delete", "now"],
        capture_output=True, text=True, timeout=60)
    return r


def fetched(kind, scheme, name, pattern, lie, twice=False, hides=False):
    dir = tempfile.mkdtemp(dir=T)
    s = kind(pattern, lie.encode())
    what = "%s: %s is '%s'" % (scheme, name, lie)
    s.cuts = name.startswith("a literal")
    r = fetch(s, scheme, dir)
    got = here(dir + "/md")
    ok(r.returncode in STATUSES and (r.returncode == 0 or r.stderr) and
       "Sanitizer" not in r.stderr, what + ": one of our statuses",
       (r.returncode, r.stderr))
    ok(s.lied, what + ": it was told")
    ok(0 not in got and {1, 2, 3} <= s.there | set(got),
       what + ": what is here is whole, and what is gone there is here",
       (got, s.there, r.stderr))
    s.pattern, s.cuts = None, False
    s.there.add(4)
    s.next = 15
    for _ in range(2):
        r = fetch(s, scheme, dir)
    got = here(dir + "/md")
    if twice:
        got = sorted(set(got))
    # What it was not told of it cannot know: that one stays there.
    ok(got == [1, 2, 3, 4] and not s.there or
       hides and got == [1, 3, 4] and s.there == {2},
       what + ": later all are here and none is there",
       (got, s.there, r.returncode, r.stderr))
    s.close()
    shutil.rmtree(dir)


IMAP = {
    "EXISTS": rb"\* (\d+) EXISTS",
    "UIDVALIDITY": rb"UIDVALIDITY (\d+)",
    "UIDNEXT": rb"UIDNEXT (\d+)",
    "APPENDLIMIT": rb"APPENDLIMIT=(\d+)",
    "a UID of SEARCH": rb"(?<=SEARCH 11 )(\d+)",
    "the number of a message": rb"\* (\d+) FETCH",
    "a UID": rb"FETCH \(UID (\d+)",
    "RFC822.SIZE": rb"RFC822.SIZE (\d+)",
    "a literal": rb"BODY\[\] \{(\d+)\}",
}
POP3 = {
    "a number of LIST": rb"(?<=\r\n)(2) \d+\r\n",
    "a size of LIST": rb"(?<=\r\n)\d (\d+)\r\n",
    "a number of UIDL": rb"(?<=\r\n)(2) id",
    "the size of RETR": rb"\+OK (\d+) octets",
}
for name, pattern in IMAP.items():
    for lie in LIES:
        fetched(Imap, "imap", name, pattern, lie,
                name in ("UIDVALIDITY", "a UID"), name == "a UID of SEARCH")
for name, pattern in POP3.items():
    for lie in LIES:
        fetched(Pop3, "pop3", name, pattern, lie)

# ---- mailsend: name, pattern, may it go out all the same?

SMTP = {
    "the code of the greeting": (rb"^(220) mx", False),
    "the code of EHLO": (rb"(?<=\n)(250) LIMITS", False),
    "SIZE": (rb"SIZE (\d+)", True),
    "RCPTMAX": (rb"RCPTMAX=(\d+)", True),
    "MAILMAX": (rb"MAILMAX=(\d+)", True),
    "the code of MAIL": (rb"^(250) 2.1.0", False),
    "the code of RCPT": (rb"^(250) 2.1.5", False),
    "the code of DATA": (rb"^(354) go", False),
    "the code of the message": (rb"^(250) 2.0.0 taken", False),
    "an enhanced code": (rb"250 (2).0.0 taken", True),
    "the code of QUIT": (rb"^(221) ", True),
}
for name, (pattern, may) in SMTP.items():
    for lie in LIES + ([] if may else ["0250", "250250", "2500"]):
        s = Smtp(pattern, lie.encode())
        r = subprocess.run(
            [BUILD + "/mailsend", "-S", "smtp://127.0.0.1:%d" % s.port,
             "--tls", "off", "--timeout", "20", "-f", "a@x.test", "--body",
             "hi", "b@y.test"], capture_output=True, text=True, timeout=60)
        what = "smtp: %s is '%s'" % (name, lie)
        ok(r.returncode in STATUSES and (r.returncode == 0 or r.stderr) and
           "Sanitizer" not in r.stderr, what + ": one of our statuses",
           (r.returncode, r.stderr))
        sent = r.returncode == 0
        ok(s.lied, what + ": it was told")
        ok(sent <= (s.taken == 1) and (may or not sent) and s.taken <= 1,
           what + ": it counts as sent only if it was taken, once",
           (r.returncode, s.taken, r.stderr))
        if name.startswith(("an enhanced", "the code of QUIT")):
            ok(sent, what + ": and then it does", r.stderr)
        s.close()

shutil.rmtree(T)
print("1..%d" % count)
sys.exit(failed > 0)
