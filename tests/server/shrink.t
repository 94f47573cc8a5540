#!/usr/bin/env python3
"""mailsend while somebody writes to the file that is being sent.

Its size was said to the server (SIZE, BDAT) when the first byte leaves.  A file
that has become shorter is an error, and the server must have no whole message;
of one that grows, what was there is sent.
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROGRAM = os.path.join(os.environ.get("POSTBAG_BUILD") or
                       os.path.join(ROOT, "build"), "mailsend")
LINE = b"0123456789" * 7 + b"\n"
LINES = 250000                  # more than all buffers on the way take
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good:
        failed += 1
        print("# failed: %s\n# %s" % (name, why), file=sys.stderr)


class Server(threading.Thread):
    """One session; change() is called when some of the message has come."""
    def __init__(self, chunking, change):
        super().__init__(daemon=True)
        self.chunking, self.change = chunking, change
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.size = None        # as it was announced
        self.body = b""
        self.whole = False
        self.start()

    def line(self):
        while b"\r\n" not in self.buf:
            more = self.sock.recv(4096)
            if not more:
                raise EOFError
            self.buf += more
        line, _, self.buf = self.buf.partition(b"\r\n")
        return line.decode()

    def more(self):
        more = self.sock.recv(65536)
        if not more:
            raise EOFError
        return more

    def content(self, over):
        """Until over says that it has all."""
        parts, n = [self.buf], len(self.buf)
        self.buf = b""
        changed = False
        try:
            while not over(n, b"".join(parts[-3:])):
                parts.append(self.more())
                n += len(parts[-1])
                if not changed and n > 50000:
                    changed = True
                    self.change()
            self.whole = True
        except (EOFError, ConnectionError):
            pass
        self.body = b"".join(parts)

    def run(self):
        self.sock = self.listener.accept()[0]
        self.buf = b""
        try:
            self.talk()
        except (EOFError, ConnectionError):
            pass
        self.sock.close()

    def talk(self):
        say = self.sock.sendall
        say(b"220 here\r\n")
        while not self.whole:
            line = self.line()
            verb = line[:4].upper()
            if verb == "EHLO":
                say(b"250-here\r\n250-PIPELINING\r\n250-8BITMIME\r\n" +
                    (b"250-CHUNKING\r\n" if self.chunking else b"") +
                    b"250 SIZE 1000000000\r\n")
            elif verb == "MAIL":
                self.size = int(line.upper().split("SIZE=")[1].split()[0])
                say(b"250 ok\r\n")
            elif verb == "DATA":
                say(b"354 go\r\n")
                self.content(lambda n, end: b"\r\n.\r\n" in end)
                break
            elif verb == "BDAT":
                size = int(line.split()[1])
                self.content(lambda n, end: n >= size)
                break
            else:
                say(b"250 ok\r\n")
        if self.whole:
            say(b"250 taken\r\n")
            while self.sock.recv(4096):
                pass


def write(path, head):
    with open(path, "wb") as f:
        f.write(head + LINE * LINES)
    return os.path.getsize(path)


def case(folder, chunking, how, change):
    name = "%s, %s, %s" % ("BDAT" if chunking else "DATA", how[0],
                           change[0])
    path = os.path.join(folder, "file")
    size = write(path, how[1])
    server = Server(chunking, lambda: change[1](path, size))
    args = [a.replace("FILE", path) for a in how[2]]
    with open(path, "rb") as f:
        p = subprocess.run(
            [PROGRAM, "-S", "smtp://127.0.0.1:%d" % server.port, "--tls",
             "off", "-f", "a@b.test", "c@d.test", *args], stdin=f,
            capture_output=True, text=True, timeout=60, errors="replace")
    server.join(20)
    if change[2]:
        ok(p.returncode == 0 and server.whole, name + ": sent",
           "exit %d, %s" % (p.returncode, p.stderr))
        body = server.body.replace(b"\r\n", b"\n")
        ok(how[3] or (body.count(LINE) == LINES and b"grown" not in body),
           name + ": what was there", "%d bytes" % len(body))
        return
    ok(p.returncode == 74 and (
        "became shorter" in p.stderr or "changed while" in p.stderr),
       name + ": said so", "exit %d, %s" % (p.returncode, p.stderr))
    ok(not server.whole and 0 < len(server.body) < server.size,
       name + ": the server has no whole message",
       "%d of %d bytes, whole: %s" % (len(server.body), server.size,
                                      server.whole))


def cut(to):
    return lambda path, size: os.truncate(path, int(size * to))


def grow(path, size):
    with open(path, "ab") as f:
        f.write(b"grown\n" * 100)


HOW = [
    ("a text on standard input", b"", ["-s", "x"], False),
    ("an attachment", b"\0", ["--body", "x", "-a", "FILE"], True),
    ("a finished message", b"From: a@b.test\n\n", ["--message", "FILE"],
     False),
]
CHANGES = [("cut to a half", cut(.5), False), ("emptied", cut(0), False),
           ("grown", grow, True)]

with tempfile.TemporaryDirectory() as folder:
    for chunking in True, False:
        for how in HOW:
            for change in CHANGES:
                case(folder, chunking, how, change)
print("1..%d" % count)
sys.exit(failed > 0)
