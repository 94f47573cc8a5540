#!/usr/bin/env python3
"""A server that repeats what it heard, or says the password of its own accord,
publishes nothing: each protocol, each mechanism, in the words of the refusal,
in -j and at each -v.  The lines come back as they went, in capitals, in the
second line of an answer, and decoded.
"""
import base64
import contextlib
import socket

from synclab import *

SECRET = "geheim-Zq7x!9"
CONTROL = "word-of-the-server"
work = tempfile.mkdtemp(prefix="echo.")
env = dict(os.environ, XDG_STATE_HOME=work + "/state", HOME=work)
with open(work + "/pw", "w") as f:
    os.fchmod(f.fileno(), 0o600)
    f.write(SECRET + "\n")
os.makedirs(work + "/near")


def forms():
    """The secret's middle, whatever stands before it, in every coding."""
    b = SECRET.encode()
    yield b.lower()
    for i in range(3):
        code = base64.b64encode(b"\0" * i + b)
        yield code[(i * 8 + 5) // 6:len(b) * 8 // 6].lower()


def words(how, line):
    """What the server says of the lines that it heard."""
    line = line.replace(b"\r\n", b" ").strip()
    if how == "capitals":
        return b"NO COMMAND: " + line.upper()
    if how == "decoded":
        return b"not the password: " + SECRET.encode() + b"."
    return b"unknown: " + line


@contextlib.contextmanager
def serve(talk):
    """The port at which talk(connection, lines) answers meanwhile."""
    s = socket.create_server(("127.0.0.1", 0))

    def loop():
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            with c, c.makefile("rb") as r:
                try:
                    talk(c, r)
                except OSError:
                    pass
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    yield s.getsockname()[1]
    s.shutdown(socket.SHUT_RDWR)
    thread.join()
    s.close()


def answers(c, r, line, ask):
    """The rest of a login, which the server asks for: all that came."""
    while line and line.rstrip().rpartition(b" ")[2] in (
            b"LOGIN", b"PLAIN", b"XOAUTH2", b"OAUTHBEARER"):
        c.sendall(ask + b"\r\n")
        line = line.strip() + b" = " + r.readline()
        if line.split()[-2:-1] == [b"="] and b"LOGIN" in line:
            c.sendall(ask + b"\r\n")
            line = line.strip() + b" " + r.readline()
    return line


def smtp(mech, how):
    def talk(c, r):
        c.sendall(b"220 x\r\n")
        for line in r:
            if line[:4] == b"EHLO":
                c.sendall(b"250-x\r\n250 AUTH " + mech + b"\r\n")
            elif line[:4] == b"AUTH":
                text = words(how, answers(c, r, line, b"334 "))
                if how == "second":
                    c.sendall(b"535-" + CONTROL.encode() + b"\r\n535 " +
                              text + b"\r\n")
                else:
                    c.sendall(b"535 " + CONTROL.encode() + b" " + text +
                              b"\r\n")
            else:
                c.sendall(b"221 bye\r\n" if line[:4] == b"QUIT" else
                          b"250 ok\r\n")
    return talk


def imap(mech, how):
    def talk(c, r):
        c.sendall(b"* OK [CAPABILITY IMAP4rev1 %s] x\r\n" % (
            b"AUTH=" + mech + b" SASL-IR" if mech else b""))
        for line in r:
            tag = line.split()[0]
            if b"LOGIN {" in line:
                for _ in range(2):
                    c.sendall(b"+ go\r\n")
                    line = line.strip() + b" " + r.readline()
            if b"LOGIN {" in line or b"AUTHENTICATE" in line:
                text = CONTROL.encode() + b" " + words(how, answers(
                    c, r, line, b"+ "))
                c.sendall((b"* NO " + text + b"\r\n" if how == "second" else
                           b"") + tag + b" NO " + text + b"\r\n")
            else:
                c.sendall(tag + b" OK x\r\n")
    return talk


def pop3(mech, how):
    def talk(c, r):
        c.sendall(b"+OK x\r\n")
        for line in r:
            if line[:4] == b"CAPA":
                c.sendall(b"+OK\r\n" + (b"SASL " + mech if mech else b"USER") +
                          b"\r\n.\r\n")
            elif line[:4] in (b"PASS", b"AUTH"):
                c.sendall(b"-ERR " + CONTROL.encode() + b" " + words(
                    how, answers(c, r, line, b"+ ")) + b"\r\n")
            else:
                c.sendall(b"+OK\r\n")
    return talk


def proxy(mech, how):
    def talk(c, r):
        head = b""
        for line in r:
            if line == b"\r\n":
                break
            head = line if line[:6] == b"Proxy-" else head
        c.sendall(b"HTTP/1.1 407 " + CONTROL.encode() + b" " +
                  words(how, head) + b"\r\n\r\n")
    return talk


def client(proto, port, mech):
    at = "jo@127.0.0.1:%d" % port
    how = ["--tls", "off", "--password-file", work + "/pw"]
    if mech and b"OAUTH" in mech:
        how = ["--tls", "off", "--token-command", "cat " + work + "/pw"]
    if mech:
        how += ["--auth", mech.decode().lower()]
    if proto == "smtp":
        return ["mailsend", "-S", "smtp://" + at, "-f", "a@b.de", "-s", "x",
                "--body", "x", "-j", "x@y.de"] + how
    if proto == "proxy":
        # Not on a command line: it has a password.
        with open(work + "/config", "w") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write("account x\nserver smtp://127.0.0.1:9\ntls off\n"
                    "proxy http://jo:%s@127.0.0.1:%d\n" % (SECRET, port))
        return ["mailsend", "--config", work + "/config", "-A", "x", "-f",
                "a@b.de", "-s", "x", "--body", "x", "x@y.de"]
    if proto == "pop3":
        return ["mailfetch", "-S", "pop3://" + at, "-d", "stdout",
                "--peek"] + how
    return ["imapsync", "-S", "imap://" + at, "--near", work + "/near"] + how


KINDS = {"smtp": (smtp, [b"LOGIN", b"PLAIN", b"XOAUTH2", b"OAUTHBEARER"]),
         "imap": (imap, [b"", b"PLAIN", b"XOAUTH2"]),
         "pop3": (pop3, [b"", b"PLAIN"]),
         "proxy": (proxy, [b""])}


@scenario
def echoes():
    for proto, (server, mechs) in KINDS.items():
        for mech in mechs:
            bad, dumb, codes = [], [], set()
            for how in "as it went", "capitals", "second", "decoded":
                with serve(server(mech, how)) as port:
                    for level in [], ["-v"], ["-vv"]:
                        args = client(proto, port, mech)
                        p = subprocess.run(
                            [BUILD + "/" + args[0]] + args[1:] + level,
                            capture_output=True, env=env, timeout=FOREVER,
                            stdin=subprocess.DEVNULL)
                        out = p.stdout + p.stderr
                        codes.add(p.returncode)
                        if any(f in out.lower() for f in forms()):
                            bad.append((how, level, out[-300:]))
                        if CONTROL.encode() not in out:
                            dumb.append((how, level, out[-300:]))
            name = "%s, %s" % (proto, mech.decode() or "without SASL")
            ok(not bad, name + ": an echo shows no secret", bad[:2])
            ok(not dumb, name + ": but the server's words", dumb[:2])
            ok(codes <= {77, 69}, name + ": refused", codes)


@scenario
def misplaced():
    """A secret where none belongs is refused, and not repeated."""
    url = "imaps://jo:%s@h" % SECRET
    server = ["-S", "smtp://127.0.0.1:9"]
    to = ["-f", "a@b.de", "--body", "x", "x@y.de"]
    asked = [
        ("mailfetch", ["-S", "pop3://h", "-d", url + "/INBOX"]),
        ("mailfetch", ["-S", url, "-d", "stdout"]),
        ("mailfetch", ["-A", url]),
        ("mailfetch", [url]),
        ("mailsend", ["-S", "smtp://jo:%s@h" % SECRET] + to),
        ("mailsend", server + ["-u", "jo:" + SECRET] + to),
        ("mailsend", server + ["--proxy", "socks5://jo:%s@h" % SECRET] + to),
        ("imapsync", ["-S", url, "--near", work + "/near"]),
        ("portprobe", [url]),
    ] + [("mailfetch", ["--config", work + "/wrong", "-A", line])
         for line in ("password=", "password:", "password", "Password=",
                      "deliver imaps://jo:@")]
    for tool, args in asked:
        if args[0] == "--config":
            line = args[3].replace(":@", ":" + SECRET + "@h") if \
                "@" in args[3] else args[3] + SECRET
            with open(work + "/wrong", "w") as f:
                os.fchmod(f.fileno(), 0o600)
                f.write("account x\nserver pop3://h\n" + line + "\n")
            args[3] = "x"
            bad = line.replace(SECRET, "...")
        else:
            bad = tool + " " + " ".join(args).replace(SECRET, "...")
        p = subprocess.run([BUILD + "/" + tool] + args, capture_output=True,
                           env=env, stdin=subprocess.DEVNULL, timeout=FOREVER)
        out = p.stdout + p.stderr
        ok(p.returncode in (64, 78) and out and
           not any(f in out.lower() for f in forms()), bad,
           (p.returncode, out))


shutil.rmtree(work)
done()
