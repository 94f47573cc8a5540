#!/usr/bin/env python3
"""SIGINT and SIGTERM end every tool in every state it can wait in: at once,
with status 75 and one line that says so, and what it leaves behind is such
that the next run does the rest and nothing twice.

All states are tried at the same time, each with both signals.  What has to
end within a second gets DEADLINE: these are waits of minutes.  KEEP=1 leaves
the folder, ONLY=TEXT runs what has TEXT in its name.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, ROOT + "/tests/lab")
import imapmem  # noqa: E402

BUILD = os.environ.get("POSTBAG_BUILD", ROOT + "/build")
ONLY = os.environ.get("ONLY", "")
DEADLINE = 5
PATIENCE = 40			# until a state is reached, on a busy machine
T = tempfile.mkdtemp(prefix="stop.")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("POSTBAG")}
ENV.update(HOME=T, XDG_CONFIG_HOME=T + "/conf")

cases = []


def case(name):
    def note(f):
        cases.append((name, f))
        return f
    return note


# ---- the other side

class Gone(Exception):
    pass


class Talk:
    """One connection of a scripted server."""

    def __init__(self, case, sock):
        self.case, self.sock, self.buf = case, sock, b""

    def say(self, text):
        try:
            self.sock.sendall(text if isinstance(text, bytes) else
                              text.encode() + b"\r\n")
        except OSError:
            raise Gone

    def fill(self):
        try:
            got = self.sock.recv(65536)
        except OSError:
            got = b""
        if not got:
            raise Gone
        self.buf += got

    def hear(self):
        while b"\n" not in self.buf:
            self.fill()
        line, self.buf = self.buf.split(b"\n", 1)
        line = line.rstrip(b"\r").decode("latin-1")
        self.case.heard.append(line)
        return line

    def take(self, n):
        while len(self.buf) < n:
            self.fill()
        data, self.buf = self.buf[:n], self.buf[n:]
        return data

    def text(self):
        lines = []
        while True:
            line = self.hear()
            if line == ".":
                return lines
            lines.append(line)

    def hang(self):
        """Reached, and from here on nothing is said."""
        self.case.reached.set()
        while True:
            self.hear()

    def tls(self):
        """Once the client has begun with TLS, nothing more."""
        while not self.buf.startswith(b"\x16"):
            self.fill()
        self.hang()

    def drip(self, text="* OK so slow"):
        self.case.reached.set()
        while True:
            for c in text:
                self.say(c.encode())
                time.sleep(0.02)

    def flood(self, line, then):
        """Lines with %d in them: 20,000 of the first, then the others."""
        n = 1
        while True:
            self.say(b"".join((line if n < 20000 else then) % i
                              for i in range(n, n + 1000)))
            n += 1000
            if n > 20000:
                self.case.reached.set()

    def smtp(self, *caps):
        """To the end of the envelope, one command at a time."""
        self.say("220 here")
        self.hear()
        for c in caps:
            self.say("250-" + c)
        self.say("250 HELP")

    def envelope(self, rcpts=1):
        for _ in range(1 + rcpts):
            self.hear()
            self.say("250 ok")

    def pop3(self):
        self.say("+OK here")
        while True:
            verb = self.hear().split()[0].upper()
            if verb == "CAPA":	# AUTH comes with its response
                self.say("+OK\r\nUSER\r\nUIDL\r\nTOP\r\nSASL PLAIN\r\n.")
            elif verb == "AUTH":
                self.say("+OK in")
                return
            elif verb == "PASS":
                self.say("+OK in")
                return
            else:
                self.say("+OK")


class Case:
    """One state and one signal."""

    def __init__(self, name, sig):
        self.name, self.sig = name, sig
        self.signame = signal.Signals(sig).name
        self.reached = threading.Event()
        self.over = threading.Event()
        self.signalled = threading.Event()
        self.heard, self.checks, self.open = [], [], []
        self.dir = tempfile.mkdtemp(dir=T)
        self.near, self.state = self.dir + "/near", self.dir + "/state"
        self.pw = self.dir + "/pw"
        with open(os.open(self.pw, os.O_CREAT | os.O_WRONLY, 0o600),
                  "w") as f:
            f.write("secret\n")

    # -- servers

    def serve(self, script):
        s = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.open.append(s)
        threading.Thread(target=self.accept, args=(s, script),
                         daemon=True).start()
        return s.getsockname()[1]

    def accept(self, s, script):
        while True:
            try:
                sock, _ = s.accept()
            except OSError:
                return
            self.open.append(sock)
            threading.Thread(target=self.talk, args=(sock, script),
                             daemon=True).start()

    def talk(self, sock, script):
        try:
            script(Talk(self, sock))
        except (Gone, OSError):
            pass
        sock.close()

    def filtered(self):
        """A port that lets nothing through: its queue is full."""
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen(0)
        self.open.append(s)
        for _ in range(3):
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(s.getsockname())
            self.open.append(c)
        return s.getsockname()[1]

    def dumb(self):
        """A DNS server that answers nothing."""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 0))
        self.open.append(s)

        def hear():
            while True:
                try:
                    s.recv(4096)
                except OSError:
                    return
                self.reached.set()
        threading.Thread(target=hear, daemon=True).start()
        return "127.0.0.1:%d" % s.getsockname()[1]

    def mem(self, n=2, hang=None, **how):
        """An IMAP server with n messages, silent from the command on."""
        s = imapmem.Server(**how)
        for i in range(1, n + 1):
            s.box("INBOX").add(letter(i))
        if hang:
            def command(session, verb, rest):
                if re.match(hang, verb + " " + rest):
                    s.lock.release()
                    self.reached.set()
                    self.over.wait()
                    s.lock.acquire()
                    return "close"
            s.on_command = command
        self.open.append(s)
        return s

    # -- the tool

    def start(self, tool, *args, env=None, stdin=subprocess.DEVNULL,
              stdout=subprocess.PIPE):
        self.err = tempfile.TemporaryFile(dir=self.dir)
        self.p = subprocess.Popen(
            [os.path.join(BUILD, tool), *args],
            env=dict(ENV, XDG_STATE_HOME=self.dir + "/xdg", **(env or {})),
            cwd=self.dir, stdin=stdin, stdout=stdout, stderr=self.err,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        return self.p

    def sync(self, port, *args, **how):
        self.start("imapsync", "-S", "imap://127.0.0.1:%d" % port, "--tls",
                   "off", "-u", "u", "--password-file", self.pw, "--near",
                   self.near, "--state", self.state, *args, **how)

    def fetch(self, port, *args, scheme="imap", to=None, **how):
        self.start("mailfetch", "-S", "%s://127.0.0.1:%d" % (scheme, port),
                   "--tls", "off", "-u", "u", "--password-file", self.pw,
                   "--state", self.state, *([] if to else ["--create"]),
                   "-d", to or "maildir:" + self.near, *args, **how)

    def send(self, port, *args, body="hi", **how):
        self.start("mailsend", "-S", "smtp://127.0.0.1:%d" % port, "--tls",
                   "off", "-f", "a@x.test", "b@y.test", *args,
                   *(["--body", body] if body else []), **how)

    def stderr(self):
        return os.pread(self.err.fileno(), 1 << 20, 0).decode("latin-1")

    def until(self, reached=None):
        end = time.monotonic() + PATIENCE
        reached = reached or self.reached.is_set
        while not reached():
            if self.p.poll() is not None or time.monotonic() > end:
                self.checks.append((False, "the state was not reached: %r"
                                    % self.stderr()[-600:]))
                return
            time.sleep(0.02)

    def ok(self, good, what):
        self.checks.append((bool(good), what))

    def end(self, reached=None, status=75, deadline=DEADLINE):
        """The signal, and what it has to come to."""
        self.until(reached)
        start = time.monotonic()
        self.p.send_signal(self.sig)
        self.signalled.set()
        open(self.dir + "/signalled", "w").close()
        try:
            self.p.wait(deadline)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            self.ok(False, "still there after %d s" % deadline)
        self.took = time.monotonic() - start
        self.out = b""		# a command may still have the other end
        if self.p.stdout:
            os.set_blocking(self.p.stdout.fileno(), False)
            self.out = self.p.stdout.read() or b""
        err = self.stderr()
        if status is not None:
            self.ok(self.p.returncode == status, "status %d: %r" % (
                self.p.returncode, err[-600:]))
        if status == 75:
            self.ok(err.count("stopped by " + self.signame) == 1 and
                    err.count("stopped by") == 1,
                    "says once that it was stopped: %r" % err[-600:])

    def again(self, want=0):
        """The next run, to its end, with a server that is well."""
        self.out, _ = self.p.communicate(timeout=PATIENCE)
        self.ok(self.p.returncode == want, "the next run: %d: %r" % (
            self.p.returncode, self.stderr()[-600:]))

    def letters(self, where=None):
        """The numbers of the messages in a Maildir, sorted."""
        out = []
        for f in glob.glob((where or self.near) + "/[cn][ue][rw]/*"):
            with open(f, "rb") as file:
                out += re.findall(rb"Subject: (\d+)", file.read())
        return sorted(int(x) for x in out)

    def close(self):
        self.over.set()
        for s in self.open:
            s.close()


def letter(i, size=300):
    return (b"From: a@x.test\r\nSubject: %d\r\nMessage-ID: <%d@x.test>\r\n"
            b"Date: Mon, 01 Jan 2024 10:00:00 +0000\r\n\r\n" % (i, i) +
            b"x" * 60 * (size // 60) + b"\r\n")


# ---- connections that do not come to be

TOOLS = {
    "imapsync": lambda c, port, **h: c.sync(port, **h),
    "mailfetch": lambda c, port, **h: c.fetch(port, **h),
    "mailfetch pop3": lambda c, port, **h: c.fetch(port, scheme="pop3", **h),
    "mailsend": lambda c, port, **h: c.send(port, **h),
    "portprobe": lambda c, port, **h: c.start(
        "portprobe", "--timeout", "60", "127.0.0.1:%d/smtp" % port, **h),
}


def soon(c):
    """For what cannot be seen from outside: it has begun to wait.  That is,
    it hears signals, sleeps, and its clock stands still."""
    was = []

    def idle():
        with open("/proc/%d/status" % c.p.pid) as f:
            text = f.read()
        with open("/proc/%d/stat" % c.p.pid) as f:
            stat = f.read().rpartition(")")[2].split()
        caught = int(re.search(r"SigCgt:\s*(\w+)", text)[1], 16)
        now = (stat[0], stat[11], stat[12], caught >> 14 & 1)
        was.append(now)
        return len(was) > 8 and set(was[-8:]) == {now} and now[3] and \
            now[0] == "S"
    return idle


for tool, go in TOOLS.items():
    @case(tool + ": connecting to a port that lets nothing through")
    def _(c, go=go):
        go(c, c.filtered())
        c.end(soon(c))

    @case(tool + ": a silent greeting")
    def _(c, go=go):
        go(c, c.serve(Talk.hang))
        c.end()

    @case(tool + ": a greeting that drips")
    def _(c, go=go):
        go(c, c.serve(Talk.drip))
        c.end()


@case("imapsync: a silent TLS handshake")
def _(c):
    c.start("imapsync", "-S", "imaps://127.0.0.1:%d" % c.serve(Talk.hang),
            "-u", "u", "--password-file", c.pw, "--near", c.near, "--state",
            c.state)
    c.end(soon(c))


@case("mailsend: a name that nobody answers for")
def _(c):
    c.start("mailsend", "-S", "smtp://mx.nowhere.test", "--tls", "off",
            "-f", "a@x.test", "b@y.test", "--body", "hi",
            env={"POSTBAG_DNS": c.dumb()})
    c.end()


@case("mailsend: a silent proxy")
def _(c):
    c.send(25, "--proxy", "http://127.0.0.1:%d" % c.serve(Talk.hang))
    c.end()


@case("mailfetch: a command to connect with that says nothing")
def _(c):
    c.start("mailfetch", "-S", "imap://x.test", "--tls", "off", "-u", "u",
            "--password-file", c.pw, "--state", c.state, "--create", "-d",
            "maildir:" + c.near, "--connect-command",
            "touch %s/begun; exec sleep 61" % c.dir)
    c.end(lambda: os.path.exists(c.dir + "/begun"))


@case("imapsync: a slow --password-command")
def _(c):
    c.start("imapsync", "-S", "imap://127.0.0.1:1", "--tls", "off", "-u",
            "u", "--password-command", "touch %s/begun; exec sleep 61" %
            c.dir, "--near", c.near, "--state", c.state)
    c.end(lambda: os.path.exists(c.dir + "/begun"))


# ---- IMAP

@case("imapsync: a server that lists mailboxes without end")
def _(c):
    def script(t):
        t.say("* PREAUTH [CAPABILITY IMAP4rev1] here")
        t.hear()
        t.flood(b'* LIST () "/" "box%d"\r\n', b"* OK %d\r\n")
    # PREAUTH is believed of a command alone
    port = c.serve(script)
    c.start("imapsync", "-S", "imap://x.test", "--tls", "off", "-u", "u",
            "--password-file", c.pw, "--near", c.near, "--state", c.state,
            "--connect-command", "exec python3 -S -E %s %d" % (
                RELAY, port))
    c.end()


@case("imapsync: silent after LIST")
def _(c):
    c.sync(c.mem(hang="LIST").port)
    c.end()


@case("imapsync: silent after SELECT")
def _(c):
    c.sync(c.mem(hang="SELECT").port)
    c.end()


@case("imapsync: in the middle of a message, and the next run")
def _(c):
    s = c.mem(40)
    half(c, s)
    c.sync(s.port, "--connections", "4")
    c.end()
    s.on_say = None
    c.sync(s.port)
    c.again()
    c.ok(c.letters(c.near + "/INBOX") == list(range(1, 41)),
         "all once: %s" % c.letters(c.near + "/INBOX"))


@case("imapsync: an upload that was stored, and its answer outstanding")
def _(c):
    s = c.mem(1)
    c.sync(s.port)
    c.again()
    for i in (5, 6):
        with open(c.near + "/INBOX/new/%d.x" % i, "wb") as f:
            f.write(letter(i).replace(b"\r\n", b"\n"))

    def taken(box, uids):
        s.lock.release()
        c.reached.set()
        c.over.wait()
        s.lock.acquire()
        raise imapmem.Gone
    was, s.appended = s.appended, taken
    c.sync(s.port)
    c.end()
    c.ok("may have been accepted" in c.stderr(), "it says what may be: %r" %
         c.stderr())
    c.over.set()
    s.appended = was
    c.sync(s.port)
    c.again()
    got = sorted(int(re.search(rb"Subject: (\d+)", m.data)[1])
                 for m in s.box("INBOX").messages)
    c.ok(got == [1, 5, 6], "each is there once: %s" % got)
    c.ok(c.letters(c.near + "/INBOX") == [1, 5, 6], "and here")


@case("imapsync: several accounts")
def _(c):
    port = c.serve(Talk.hang)
    config(c, "".join(
        "account %s\nserver imap://127.0.0.1:%d\ntls off\nuser u\n"
        "password-file %s\nsync %s\nnear %s/%s\n" % (
            a, port, c.pw, a, c.dir, a) for a in "pq"))
    c.start("imapsync", "-a", "--config", c.dir + "/config")
    c.end()
    c.ok(b"" == c.out, "nothing on stdout")


def half(c, s):
    """Of the third body, and all that comes then, the beginning alone."""
    seen = []

    def say(session, data):
        if b"BODY[] {" in data:
            seen.append(1)
        if len(seen) < 3 or b"BODY[] {" not in data:
            return data
        session.sock.sendall(data[:len(data) - 200])
        s.lock.release()
        c.reached.set()
        c.over.wait()
        s.lock.acquire()
        raise imapmem.Gone
    s.on_say = say


def config(c, text):
    with open(os.open(c.dir + "/config", os.O_CREAT | os.O_WRONLY, 0o600),
              "w") as f:
        f.write(text)


# ---- mailfetch

@case("mailfetch: in the middle of a message, and the next run")
def _(c):
    s = c.mem(5)
    half(c, s)
    c.fetch(s.port)
    c.end()
    s.on_say = None
    c.fetch(s.port)
    c.again()
    c.ok(c.letters() == [1, 2, 3, 4, 5], "all once: %s" % c.letters())


@case("mailfetch: silent after SELECT, it logs out")
def _(c):
    def script(t):
        t.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] here")
        while True:
            tag, verb = t.hear().split()[:2]
            if verb in ("SELECT", "EXAMINE"):
                t.hang()
            t.say(tag + " OK [CAPABILITY IMAP4rev1] done")
    c.fetch(c.serve(script))
    c.end()
    end = time.monotonic() + DEADLINE
    while "LOGOUT" not in c.heard[-1] and time.monotonic() < end:
        time.sleep(0.01)
    c.ok(re.match(r"A\d+ LOGOUT$", c.heard[-1]), "LOGOUT: %r" % c.heard)


@case("mailfetch: POP3, in the middle of a message, and the next run")
def _(c):
    def script(t, stuck=True):
        t.pop3()
        while True:
            verb, _, rest = t.hear().upper().partition(" ")
            if verb in ("UIDL", "LIST"):
                t.say("+OK\r\n" + "".join("%d %s\r\n" % (
                    i, "u%d" % i if verb == "UIDL" else len(letter(i)))
                    for i in range(1, 5)) + ".")
            elif verb == "RETR" and rest == "3" and stuck:
                t.say(b"+OK\r\n" + letter(3)[:100])
                t.hang()
            elif verb == "RETR":
                t.say(b"+OK\r\n" + letter(int(rest)) + b".\r\n")
            else:
                t.say("+OK")
    c.fetch(c.serve(script), scheme="pop3")
    c.end()
    port = c.serve(lambda t: script(t, False))
    c.fetch(port, scheme="pop3")
    c.again()
    c.ok(c.letters() == [1, 2, 3, 4], "all once: %s" % c.letters())


@case("mailfetch: a POP3 list without end")
def _(c):
    def script(t):
        t.pop3()
        t.hear()
        t.say("+OK")
        t.flood(b"%d 100\r\n", b"%d 100\r\n")
    c.fetch(c.serve(script), scheme="pop3")
    c.end()


@case("mailfetch: --watch, in IDLE")
def _(c):
    s = c.mem(1, hang="IDLE")

    def command(session, verb, rest):
        if verb == "IDLE":
            session.say("+ idling")
            s.lock.release()
            c.reached.set()
            try:
                c.heard.append(session.line())
                c.heard.append(session.line())
            finally:
                s.lock.acquire()
            return "close"
    s.all += " IDLE"
    s.on_command = command
    c.fetch(s.port, "--watch")
    c.end()
    c.ok(c.letters() == [1], "what had come is here")
    end = time.monotonic() + DEADLINE
    while len(c.heard) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    c.ok([h.split()[-1] for h in c.heard] == [b"DONE", b"LOGOUT"],
         "it logs out: %r" % c.heard)


@case("mailfetch: --watch, in the back-off after a refusal")
def _(c):
    s = socket.create_server(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    c.fetch(port, "--watch")
    c.end(lambda: "trying again" in c.stderr())


def hanging(c, more=""):
    return "exec:sh -c '%s touch %s/begun; cat > %s/got; sleep 15'" % (
        more, c.dir, c.dir)


@case("mailfetch: a command that has a message, and the next run")
def _(c):
    s = c.mem(1)
    c.fetch(s.port, to=hanging(c))
    c.end(lambda: os.path.exists(c.dir + "/begun"))
    c.ok("may have been accepted" in c.stderr(), "it says what may be: %r" %
         c.stderr())
    c.fetch(s.port, to="exec:true")
    c.again()
    # the place is another command: what is in doubt is asked of the same
    c.fetch(s.port, "-j", to=hanging(c))
    c.again()


@case("mailfetch: a command that is done in a moment is waited for")
def _(c):
    s = c.mem(1)
    to = ("exec:sh -c 'cat > %s/got; touch %s/begun; until [ -e "
          "%s/signalled ]; do sleep 0.05; done'" % (c.dir, c.dir, c.dir))
    c.fetch(s.port, to=to)
    c.end(lambda: os.path.exists(c.dir + "/begun"), status=None)
    c.ok("may have been" not in c.stderr(), c.stderr())
    c.fetch(s.port, "-j", to=to)
    c.again()
    c.ok(b'"fetched":0' in c.out, "and it is not given again: %r" % c.out)


@case("mailfetch: LMTP, its answer outstanding, and the next run")
def _(c):
    s = c.mem(1)

    def script(t, stuck=True):
        t.smtp()
        while True:
            verb = t.hear().split()[0].upper()
            if verb == "DATA":
                t.say("354 go on")
                t.text()
                if stuck:
                    t.hang()
            if verb == "QUIT":
                raise Gone
            t.say("250 ok")
    to = "lmtp:127.0.0.1:%d"
    args = ["--rcpt", "u@x.test", "--deliver-tls", "off"]
    port = c.serve(script)
    c.fetch(s.port, *args, to=to % port)
    c.end()
    c.ok("may have been accepted" in c.stderr(), "it says what may be: %r" %
         c.stderr())
    c.fetch(s.port, "-j", "--in-doubt", "skip", *args, to=to % port)
    c.again()
    c.ok(b'"in_doubt":1' in c.out, "and the next run knows: %r" % c.out)


@case("mailfetch: an mbox that somebody has locked")
def _(c):
    s = c.mem(1)
    box = c.dir + "/box"
    open(box + ".lock", "w").close()
    c.fetch(s.port, to="mbox:" + box)
    c.end(soon(c))
    os.unlink(box + ".lock")
    c.fetch(s.port, to="mbox:" + box)
    c.again()
    with open(box) as f:
        c.ok(f.read().count("\nSubject: 1\n") == 1, "the next run has it")


@case("mailfetch: nobody reads its standard output")
def _(c):
    s = c.mem(0)
    for i in range(3):
        s.box("INBOX").add(letter(i, 1 << 20))
    r, w = os.pipe()
    c.fetch(s.port, to="stdout", stdout=w)
    os.close(w)
    c.until(lambda: "FETCH" in " ".join(s.heard))
    c.end(soon(c))
    os.close(r)


def accounts(c, port, names):
    return "".join(
        "account %s\nserver imap://127.0.0.1:%d\ntls off\nuser u\n"
        "password-file %s\nfetch %s\ndeliver maildir:%s/%s\ncreate\n" % (
            a, port, c.pw, a, c.dir, a) for a in names)


@case("mailfetch -a: three accounts, and their processes")
def _(c):
    port = c.serve(Talk.hang)
    config(c, accounts(c, port, "pqr"))
    c.start("mailfetch", "-a", "--config", c.dir + "/config")
    c.until(lambda: len(c.open) >= 4)
    with open("/proc/%d/task/%d/children" % (c.p.pid, c.p.pid)) as f:
        children = f.read().split()
    c.end()
    c.ok(len(children) == 3 and not any(
        os.path.exists("/proc/" + p) for p in children),
        "all three have ended: %s" % children)


# ---- mailsend

@case("mailsend: silent after MAIL")
def _(c):
    def script(t):
        t.smtp()
        t.hang()
    c.send(c.serve(script))
    c.end()
    c.ok("may have been" not in c.stderr(), "nothing is in doubt")


for option in "--ca", "--crl":
    @case("mailsend: %s is a pipe that says nothing" % option)
    def _(c, option=option):
        os.mkfifo(c.dir + "/pipe")
        c.start("mailsend", "-S", "smtps://127.0.0.1:1", option, "pipe", "-f",
                "a@x.test", "b@y.test", "--body", "hi")
        hold = os.open(c.dir + "/pipe", os.O_RDWR)
        c.end(soon(c))
        os.close(hold)
        c.ok("pipe" not in c.stderr(), "the file is not to blame: %r" %
             c.stderr())


@case("mailsend: after the final dot")
def _(c):
    def script(t):
        t.smtp()
        t.envelope()
        t.hear()
        t.say("354 go on")
        t.text()
        t.hang()
    c.send(c.serve(script))
    c.end()
    c.ok("may have been accepted" in c.stderr(), "it says what may be: %r" %
         c.stderr())


@case("mailsend: after the last chunk")
def _(c):
    def script(t):
        t.smtp("PIPELINING", "CHUNKING")
        while not t.hear().startswith("BDAT"):
            pass
        t.take(int(c.heard[-1].split()[1]))
        t.hang()
    c.send(c.serve(script))
    c.end()
    c.ok("may have been accepted" in c.stderr(), "it says what may be: %r" %
         c.stderr())


@case("mailsend: the answer comes in a moment, and is waited for")
def _(c):
    def script(t):
        t.smtp()
        t.envelope()
        t.hear()
        t.say("354 go on")
        t.text()
        c.reached.set()
        c.signalled.wait()
        time.sleep(0.05)
        t.say("250 taken")
        t.hang()
    c.send(c.serve(script))
    c.end(status=0)
    c.ok(c.stderr() == "", "nothing to say: %r" % c.stderr())


@case("mailsend: in the middle of a large message")
def _(c):
    def script(t):
        t.smtp()
        t.envelope()
        t.hear()
        t.say("354 go on")
        t.fill()
        c.reached.set()
        c.over.wait()
    c.send(c.serve(script), body="x" * 60 + "\n")
    c.p.kill()
    c.p.wait()
    c.reached.clear()
    big = c.dir + "/big"
    with open(big, "w") as f:
        f.write("Subject: 1\n\n" + ("y" * 60 + "\n") * 500000)
    c.start("mailsend", "-S", "smtp://127.0.0.1:%d" % c.serve(script),
            "--tls", "off", "-f", "a@x.test", "b@y.test", "--message", big)
    c.end()
    c.ok("may have been" not in c.stderr(), "it was not whole: %r" %
         c.stderr())


@case("mailsend: a standard input that does not end")
def _(c):
    r, w = os.pipe()
    os.write(w, b"some of it\n")
    c.send(1, body=None, stdin=r)
    os.close(r)
    c.end(soon(c))
    os.close(w)


@case("mailsend: -t, a standard input that does not end")
def _(c):
    port = c.serve(Talk.hang)
    os.symlink(BUILD + "/mailsend", c.dir + "/sendmail")
    config(c, "account d\nserver smtp://127.0.0.1:%d\ntls off\n"
           "from a@x.test\n" % port)
    os.makedirs(c.dir + "/postbag")
    os.rename(c.dir + "/config", c.dir + "/postbag/config")
    r, w = os.pipe()
    os.write(w, b"To: b@y.test\nSubject: cut\n\nhalf of it")
    c.start(c.dir + "/sendmail", "-t", stdin=r,
            env={"XDG_CONFIG_HOME": c.dir})
    os.close(r)
    c.end(soon(c))
    os.close(w)
    c.ok(not c.reached.is_set(), "and nothing was sent of it")


@case("mailsend: -bs, between two commands")
def _(c):
    os.symlink(BUILD + "/mailsend", c.dir + "/sendmail")
    os.makedirs(c.dir + "/postbag")
    config(c, "account d\nserver smtp://127.0.0.1:1\ntls off\n")
    os.rename(c.dir + "/config", c.dir + "/postbag/config")
    r, w = os.pipe()
    c.start(c.dir + "/sendmail", "-bs", stdin=r,
            env={"XDG_CONFIG_HOME": c.dir})
    os.close(r)
    c.end(soon(c))
    os.close(w)
    c.ok(b"421 " in c.out, "says 421: %r" % c.out)


# ---- mxlookup and portprobe

def dns_for(c, known, records={}):
    """A DNS server that knows some names, and is silent about others."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    c.open.append(s)

    def name(q):
        out, at = [], 12
        while q[at]:
            out.append(q[at + 1:at + 1 + q[at]].decode().lower())
            at += 1 + q[at]
        return ".".join(out), q[12:at + 5], q[at + 2]

    def run():
        while True:
            try:
                q, who = s.recvfrom(4096)
            except OSError:
                return
            n, question, kind = name(q)
            if (n, kind) in records:
                r = records[n, kind]
                s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question +
                         b"\xc0\x0c\0%c\0\1\0\0\0\x3c\0%c" % (
                             kind, len(r)) + r, who)
            elif n in known:		# no records: a null answer
                s.sendto(q[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + question,
                         who)
                known[n] += 1
            else:
                c.reached.set()
    threading.Thread(target=run, daemon=True).start()
    return "127.0.0.1:%d" % s.getsockname()[1]


@case("mxlookup: prints what it has, and --skip-done goes on from there")
def _(c):
    known = {"a%d.test" % i: 0 for i in range(20)}
    names = list(known) + ["silent.test"]
    with open(c.dir + "/names", "w") as f:
        f.write("\n".join(names[:10] + ["silent.test"] + names[10:20]) + "\n")
    dns = dns_for(c, known)
    args = ["-s", dns, "-j", "--ordered", "--timeout", "60"]
    with open(c.dir + "/names") as f:
        c.start("mxlookup", *args, stdin=f)
    c.until(lambda: all(known.values()) and c.reached.is_set())
    c.end(soon(c))
    lines = c.out.decode().splitlines()
    c.ok(c.out.endswith(b"\n") and len(lines) == 20,
         "20 whole lines: %d" % len(lines))
    with open(c.dir + "/done", "wb") as f:
        f.write(c.out)
    for k in known:
        known[k] = 0
    known["silent.test"] = 0
    with open(c.dir + "/names") as f:
        c.start("mxlookup", *args, "--skip-done", c.dir + "/done", stdin=f)
    c.again(68)
    c.ok(c.out.count(b"\n") == 1 and b"silent.test" in c.out and
         sum(known.values()) == known["silent.test"],
         "the next run asks for the rest: %r" % c.out)


@case("mxlookup: one name")
def _(c):
    c.start("mxlookup", "-s", c.dumb(), "--timeout", "60", "silent.test")
    c.end()


@case("mxlookup: --expect")
def _(c):
    with open(c.dir + "/zone", "w") as f:
        f.write("silent.test MX 10 mx.silent.test\n")
    c.start("mxlookup", "-s", c.dumb(), "--timeout", "60", "--expect",
            c.dir + "/zone")
    c.end()


@case("mxlookup: --resolver-info")
def _(c):
    c.start("mxlookup", "-s", c.dumb(), "--timeout", "60", "--resolver-info")
    c.end()


@case("mxlookup: --nagios")
def _(c):
    c.start("mxlookup", "-s", c.dumb(), "--timeout", "60", "--nagios",
            "silent.test")
    c.end(status=3)


@case("mxlookup: a standard input that does not end")
def _(c):
    r, w = os.pipe()
    c.start("mxlookup", "-s", c.dumb(), stdin=r)
    os.close(r)
    c.end(soon(c))
    os.close(w)


@case("mxlookup: nobody reads its standard output")
def _(c):
    known = {"a%d.test" % i: 0 for i in range(2000)}
    with open(c.dir + "/names", "w") as f:
        f.write("\n".join(known) + "\n")
    r, w = os.pipe()
    with open(c.dir + "/names") as f:
        c.start("mxlookup", "-s", dns_for(c, known), "-j", stdin=f, stdout=w)
    os.close(w)
    # a pipe holds 64 KB, which is about 200 of them
    c.until(lambda: sum(1 for v in known.values() if v) > 200)
    c.end(soon(c))
    os.close(r)


def policy(c):
    """x.test has MX, and a policy at a server that says nothing."""
    txt = b"v=STSv1; id=1"
    return dns_for(c, {n: 0 for n in ("x.test", "mx.x.test",
                                      "_mta-sts.x.test", "mta-sts.x.test",
                                      "_25._tcp.mx.x.test")}, {
        ("x.test", 15): b"\0\x0a\2mx\xc0\x0c",
        ("mx.x.test", 1): b"\x7f\0\0\1",
        ("mta-sts.x.test", 1): b"\x7f\0\0\1",
        ("_mta-sts.x.test", 16): b"%c" % len(txt) + txt}), \
        str(c.serve(Talk.tls))


@case("mxlookup --fetch: a silent HTTPS server")
def _(c):
    dns, port = policy(c)
    c.start("mxlookup", "-s", dns, "-C", "mtasts", "--fetch", "--fetch-port",
            port, "--fetch-timeout", "60", "x.test")
    c.end()
    c.ok(c.out == b"", "nothing is said of what is not known: %r" % c.out)


@case("portprobe mx: a silent HTTPS server")
def _(c):
    dns, port = policy(c)
    c.start("portprobe", "-s", dns, "--sts-port", port, "-p", port + "/smtp",
            "--timeout", "60", "mx:x.test")
    c.end()


@case("portprobe: filtered hosts, beside some that answer")
def _(c):
    def script(t):
        t.smtp()
        t.hear()
        t.say("221 bye")
    open_ = c.serve(script)
    shut = [c.filtered() for _ in range(5)]
    c.start("portprobe", "-j", "--timeout", "60", "127.0.0.1:%d/lmtp" % open_,
            *("127.0.0.1:%d/smtp" % p for p in shut))
    c.until(lambda: len(c.heard) >= 2)
    c.end(soon(c))
    lines = c.out.decode().splitlines()
    c.ok(len(lines) == 1 and str(open_) in lines[0] and
         c.out.endswith(b"\n"), "what it has is printed: %r" % c.out)


@case("portprobe: mx: of a silent DNS server")
def _(c):
    c.start("portprobe", "-s", c.dumb(), "--timeout", "60", "mx:silent.test")
    c.end()


@case("portprobe: --nagios")
def _(c):
    c.start("portprobe", "--nagios", "--timeout", "60", "127.0.0.1:%d/smtp" %
            c.serve(Talk.hang))
    c.end(status=3)


@case("portprobe: a standard input that does not end")
def _(c):
    r, w = os.pipe()
    c.start("portprobe", "-", stdin=r)
    os.close(r)
    c.end(soon(c))
    os.close(w)


# ---- files without an end worth waiting for

def sparse(c, path, begin=b""):
    """40 GB of NULs behind a few bytes."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(begin)
        f.truncate(40 << 30)
    return path


def reading(c):
    """It has read 20 MB."""
    def reached():
        with open("/proc/%d/io" % c.p.pid) as f:
            return int(f.readline().split()[1]) > 20 << 20
    return reached


for tool, args in (("portprobe", ["-"]), ("mxlookup", ["-s", "127.0.0.1:9"])):
    @case(tool + ": a list with one line of 40 GB")
    def _(c, tool=tool, args=args):
        with open(sparse(c, c.dir + "/list")) as f:
            c.start(tool, *args, stdin=f)
        c.end(reading(c))


@case("mailfetch: a state file of 40 GB")
def _(c):
    c.start("mailfetch", "-S", "imap://127.0.0.1:%d" % c.mem(1).port,
            "--tls", "off", "-u", "u", "--password-file", c.pw, "--peek",
            "-d", "stdout", "--state", sparse(c, c.dir + "/s/state"))
    c.end(reading(c))


@case("imapsync: a message of 40 GB without an end of its header")
def _(c):
    for d in "cur", "new", "tmp":
        os.makedirs(c.near + "/INBOX/" + d)
    sparse(c, c.near + "/INBOX/new/1.2.here", b"Subject: long\n")
    c.sync(c.mem(1).port)
    c.end(reading(c))


# ---- the second signal

@case("a second signal ends it by itself")
def _(c):
    s = c.mem(1)
    c.fetch(s.port, to=hanging(c, "trap : TERM;"))
    c.until(lambda: os.path.exists(c.dir + "/begun"))
    c.p.send_signal(c.sig)
    time.sleep(0.25)	# more than an echo, less than the grace
    c.end(lambda: True, status=-c.sig)


@case("timeout(1) signals a process and its group: that is one request")
def _(c):
    if c.sig == signal.SIGINT:		# as "timeout -s INT"
        word = "INT"
    else:
        word = "TERM"
    r = subprocess.run(
        ["timeout", "-s", word, "--preserve-status", "1",
         BUILD + "/imapsync", "-S", "imap://127.0.0.1:%d" %
         c.serve(Talk.hang), "--tls", "off", "-u", "u", "--password-file",
         c.pw, "--near", c.near, "--state", c.state], env=ENV,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE)
    c.ok(r.returncode == 75 and
         r.stderr.decode().count("stopped by SIG" + word) == 1,
         "it ends as it should: %d %r" % (r.returncode, r.stderr))


@case("a key at the terminal goes to the processes of -a, too")
def _(c):
    port = c.serve(Talk.hang)
    config(c, accounts(c, port, "pqr"))
    c.start("mailfetch", "-a", "--config", c.dir + "/config")
    c.p.send_signal = lambda sig: os.killpg(c.p.pid, sig)
    c.until(lambda: len(c.open) >= 4)
    c.end()


@case("SIGHUP stops it, too, but not under nohup")
def _(c):
    c.sig, c.signame = signal.SIGHUP, "SIGHUP"
    port = c.serve(Talk.hang)
    c.sync(port)
    c.end()
    c.reached.clear()
    signals = subprocess.Popen(
        ["nohup", BUILD + "/imapsync", "-S", "imap://127.0.0.1:%d" % port,
         "--tls", "off", "-u", "u", "--password-file", c.pw, "--near",
         c.near, "--state", c.state], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)
    c.reached.wait(PATIENCE)
    signals.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    c.ok(signals.poll() is None, "nohup: it goes on")
    signals.send_signal(signal.SIGTERM)
    c.ok(signals.wait(DEADLINE) == 75, "and SIGTERM stops it")


# ---- all of them

RELAY = T + "/relay.py"
with open(RELAY, "w") as f:
    f.write("""import os, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if os.fork() == 0:
    while True:
        d = os.read(0, 65536)
        if not d:
            os._exit(0)
        s.sendall(d)
while True:
    d = s.recv(65536)
    while d:
        d = d[os.write(1, d):]
""")


def run(name, f, sig):
    c = Case(name, sig)
    try:
        f(c)
    except Exception as e:		# noqa: BLE001
        c.ok(False, "%s: %s" % (type(e).__name__, e))
    finally:
        if hasattr(c, "p") and c.p.poll() is None:
            c.p.kill()
        c.close()
    return c


todo = [(name, f, sig) for name, f in cases if ONLY in name
        for sig in (signal.SIGTERM, signal.SIGINT)]
with concurrent.futures.ThreadPoolExecutor(len(todo)) as pool:
    done = list(pool.map(lambda t: run(*t), todo))
bad = 0
for i, c in enumerate(done, 1):
    wrong = [what for good, what in c.checks if not good]
    if not c.checks:
        wrong.append("nothing was checked")
    bad += bool(wrong)
    print("%sok %d - %s: %s" % ("not " if wrong else "", i,
                                signal.Signals(c.sig).name, c.name))
    for w in wrong:
        print("# " + w.replace("\n", "\n# "), file=sys.stderr)
print("1..%d" % len(done))
slow = max(done, key=lambda c: getattr(c, "took", 0))
print("# slowest: %.1f s, %s" % (getattr(slow, "took", 0), slow.name),
      file=sys.stderr)
if "KEEP" not in os.environ:
    shutil.rmtree(T, ignore_errors=True)
sys.stdout.flush()
os._exit(bad > 0)
