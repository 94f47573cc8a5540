#!/usr/bin/env python3
"""Memory ends at each allocation after a server said yes to a message: who
ends then has said that the message may have been accepted, or has told or
recorded what became of it."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, ROOT + "/tests/lab")
import imapmem  # noqa: E402

BUILD = os.environ.get("POSTBAG_BUILD", ROOT + "/build")
LIB = ROOT + "/build/lab/starve.so"
T = tempfile.mkdtemp(prefix="starve.")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("POSTBAG")}
ENV.update(HOME=T, XDG_STATE_HOME=T, XDG_CONFIG_HOME=T)
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good:
        print("# " + str(why)[:2000].replace("\n", "\n# "), file=sys.stderr)


given = []


def serve(sock):
    f = sock.makefile("rwb")

    def say(text):
        f.write(text.encode() + b"\r\n")
        f.flush()
    try:
        say("220 here")
        for line in f:
            verb = line.split()[0].upper()
            if verb == b"DATA":
                say("354 go on")
                for line in f:
                    if line == b".\r\n":
                        break
                given.append(1)
                say("250 2.6.0 final yes")
            elif verb == b"QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
    except OSError:
        pass
    sock.close()


def accept(listener):
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
PORT = listener.getsockname()[1]
threading.Thread(target=accept, args=(listener,), daemon=True).start()


def run(n, *argv):
    env = dict(ENV, LD_PRELOAD=LIB, STARVE=str(n), STARVE_AFTER="final yes") if n else ENV
    r = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def every(name, argv, knows):
    """n = 1, 2, 3 ... until there are no more."""
    n, bad = 0, []
    while True:
        n += 1
        status, out, err = run(n, *argv)
        m = re.search(r"starve: (\d+)", err)
        if m and int(m[1]) < n:
            break
        if "may have been accepted" not in err and not knows(status, out):
            bad.append("%d: %d %r %r" % (n, status, out[-200:], err[-300:]))
    ok(n > 3 and not bad, "%s: %d allocations, each the last one" % (
        name, n - 1), "\n".join(bad))


# What is told: the report says sent, be it that something else failed.
os.makedirs(T + "/sent")
every("mailsend --save", [
    BUILD + "/mailsend", "-j", "-S", "smtp://127.0.0.1:%d" % PORT, "--tls",
    "off", "-f", "a@x.test", "b@y.test", "--body", "hi", "--save",
    "maildir:" + T + "/sent"], lambda status, out: '"status":"sent"' in out)

# What is recorded: the next run does not give it again.
s = imapmem.Server()
s.box("INBOX").add(b"From: a@x.test\r\nSubject: 1\r\n\r\nhi\r\n")
with open(os.open(T + "/pw", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
    f.write("secret\n")
FETCH = [BUILD + "/mailfetch", "-j", "-S", "imap://127.0.0.1:%d" % s.port,
         "--tls", "off", "-u", "u", "--password-file", T + "/pw", "--rcpt",
         "b@y.test", "--deliver-tls", "off", "--state", T + "/state", "-d",
         "lmtp:127.0.0.1:%d" % PORT]


def recorded(status, out):
    before = len(given)
    run(0, *FETCH)
    return len(given) == before


def fresh():
    for f in os.listdir(T):
        if f.startswith("state"):
            os.unlink(T + "/" + f)
    return True


class Fresh(list):
    """Each run begins with no state."""

    def __iter__(self):
        fresh()
        return list.__iter__(self)


every("mailfetch by LMTP", Fresh(FETCH), recorded)
print("1..%d" % count)
shutil.rmtree(T, ignore_errors=True)
sys.exit(failed > 0)
