#!/usr/bin/env python3
"""Four times the items cost about four times the CPU, not sixteen times.

Each case is a tool and an input, or a server, of n items and of 4n; the least
of some runs counts, less what the tool takes for none of them.  A search
through all items for each item is seen by a factor of more than 8; at 4n it
takes seconds where a table takes a fraction of one.
"""
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("POSTBAG_BUILD", ROOT + "/build")
T = tempfile.TemporaryDirectory(prefix="linear.")
done = failed = 0


def ok(good, name):
    global done, failed
    done += 1
    failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", done, name), flush=True)


def cpu(argv, data=b""):
    """Seconds of CPU, and the exit status."""
    a = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.run(argv, input=data, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
    b = resource.getrusage(resource.RUSAGE_CHILDREN)
    return b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime, p


def linear(name, run, n):
    """run(n): argv, stdin, the exit status; or its third is words of it."""
    least = []
    for k in (0, n, 4 * n):
        times = []
        for _ in range(1 if k == 4 * n else 2):
            argv, data, status = run(k)
            seconds, p = cpu(argv, data)
            if k > 0 and p.returncode != status:
                ok(False, "%s: exit %d: %s" % (name, p.returncode,
                                               p.stderr[:200]))
                return
            times.append(seconds)
        least.append(min(times))
    one, four = (max(t - least[0], 0.02) for t in least[1:])
    ok(four < 8 * one, "%s: %d take %.2f s, %d %.2f s" % (
        name, n, one, 4 * n, four))


def serve(talk):
    """A port; each connection is talk(file)."""
    s = socket.create_server(("127.0.0.1", 0))

    def one(c):
        with c, c.makefile("rwb") as f:
            try:
                talk(f)
                f.flush()
            except OSError:
                pass

    def loop():
        while True:
            threading.Thread(target=one, args=s.accept()[:1],
                             daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    return s.getsockname()[1]


def say(f, *lines):
    f.write(b"".join(line.encode() + b"\r\n" for line in lines))
    f.flush()


def login(port, scheme):
    with open(os.open(T.name + "/pw", os.O_WRONLY | os.O_CREAT, 0o600),
              "w") as pw:
        pw.write("secret\n")
    return ["-S", "%s://127.0.0.1:%d" % (scheme, port), "--tls", "off",
            "-u", "jo", "--password-file", T.name + "/pw"]


# --- POP3: UIDL in another order than LIST --------------------------------
def pop(n):
    def talk(f):
        say(f, "+OK")
        for line in f:
            verb = line.split()[0].upper()
            if verb == b"CAPA":
                say(f, "+OK", "USER", "UIDL", "PIPELINING", ".")
            elif verb == b"LIST":
                say(f, "+OK", *("%d 100" % i for i in range(1, n + 1)), ".")
            elif verb == b"UIDL":
                say(f, "+OK", *("%d u%d" % (i, i) for i in
                                range(n, 0, -1)), ".")
            else:
                say(f, "+OK")
            if verb == b"QUIT":
                return
    return [BUILD + "/mailfetch", *login(serve(talk), "pop3"), "--state",
            T.name + "/pop%d" % n, "--check", "-q"], b"", 0


linear("POP3: UIDL backwards", pop, 50000)


# --- IMAP: LIST -----------------------------------------------------------
def imap(tool, *more):
    def run(n):
        def talk(f):
            say(f, "* OK [CAPABILITY IMAP4rev1 LITERAL+ LIST-STATUS] x")
            for line in f:
                if line.endswith(b"+}\r\n"):
                    continue
                tag = line.split()[0].decode()
                if b" LIST " in line:
                    say(f, *('* LIST () "/" "f%d"\r\n* STATUS "f%d" (MESSAGES '
                             '1 UIDNEXT 2 UIDVALIDITY 3)' % (i, i)
                             for i in range(n)), tag + " NO enough")
                elif tag[:1] == "A" and tag[1:].isdigit():
                    say(f, tag + " OK")
                else:
                    say(f, "A1 OK")     # the last line of LOGIN
        name = "%s/%s%d" % (T.name, tool, n)
        return [BUILD + "/" + tool, *login(serve(talk), "imap"), "--state",
                name, *(w.replace("%", name) for w in more)], b"", 69
    return run


linear("imapsync: LIST with STATUS", imap("imapsync", "--near", "%.near"),
       7000)
linear("mailfetch: LIST", imap("mailfetch", "--folder", "*", "--check"),
       7000)
linear("mailfetch: LIST, and a pattern of stars",
       imap("mailfetch", "--folder", "*f*f*f*f*9", "--check"), 7000)


# --- mailsend: a header of a megabyte -------------------------------------
HEAD = (b"From: a@b.test\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
        b"Message-ID: <x@b.test>\r\nTo: c@d.test\r\n")


def header(line, sep=b"", name=b""):
    def run(size):
        rows, n = [], 0
        while n < size:
            rows.append(line.replace(b"%", b"%d" % len(rows)) if b"%" in line
                        else line)
            n += len(rows[-1]) + len(sep)
        return [BUILD + "/mailsend", "-n", "-t", "-S", "smtp://127.0.0.1:1",
                "--tls", "off"], HEAD + name + sep.join(rows) + \
            (b"\r\n" if name else b"") + b"\r\nbody\r\n", 0
    return run


linear("a header of fields", header(b"X-F%: v\r\n"), 240000)
linear("a header of empty fields", header(b"X:\r\n"), 240000)
linear("a header of recipients", header(b"u%@d.test", b",\r\n ", b"Cc: "),
       240000)
linear("a header of one recipient", header(b"u@d.test", b",\r\n ", b"Cc: "),
       240000)
linear("a header of fields of recipients", header(b"Bcc: u%@d.test\r\n"),
       240000)
linear("a header of references", header(b"<r%@x.test>", b"\r\n ",
                                        b"References: "), 240000)
linear("a header of encoded words", header(b"=?utf-8?q?=C3=A9?=", b"\r\n ",
                                           b"Subject: "), 240000)
linear("a header of quoted names", header(
    b'"\\"\\\\" <q%@d.test>', b",\r\n ", b"Cc: "), 240000)
print("1..%d" % done)
T.cleanup()
sys.exit(failed > 0)
