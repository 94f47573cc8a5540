#!/usr/bin/env python3
"""After the login the password is nowhere in a tool's memory: not as it was
typed, not in base64, not in what was read of the configuration.  Who attaches
a debugger, or gets a core, finds nothing (rule 5)."""
import base64
import hashlib
import hmac
import socket
from synclab import *

PASSWORD = b"Kq7-vZ2x.hunter2correct+Wd8"
PROXY = b"Zt5-proxy.hunter3correct_Lm2"
SALT = b"sixteen bytes or"
SALTED = hashlib.pbkdf2_hmac("sha256", PASSWORD, SALT, 4096)
KEY = hmac.digest(SALTED, b"Client Key", "sha256")
T = tempfile.mkdtemp(prefix="memory.")
atexit.register(shutil.rmtree, T, True)


def forms(secret):
    """As it is, and in base64 wherever it begins in what is encoded."""
    out = [secret]
    for at in range(3):
        text = base64.b64encode(b"\0" * at + secret)
        first = (at * 8 + 5) // 6
        out.append(text[first:(at + len(secret)) * 8 // 6])
    return out


def memory(pid):
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            area, mode = line.split()[:2]
            if mode[:2] != "rw":
                continue
            start, end = (int(x, 16) for x in area.split("-"))
            mem.seek(start)
            try:
                yield line.split()[-1], mem.read(end - start)
            except OSError:         # the stack of a thread that has ended
                pass


def family(pid):
    """It, and what it has started."""
    out = [pid]
    for p in out:
        for task in os.listdir("/proc/%d/task" % p):
            try:
                with open("/proc/%d/task/%s/children" % (p, task)) as f:
                    out += map(int, f.read().split())
            except OSError:         # a thread that has ended
                pass
    return out


def look_into(pid):
    try:
        return ["%s in %s+%d of %d" % (
            "raw" if i == 0 else "base64", where, data.index(form), pid)
            for where, data in memory(pid)
            for secret in (PASSWORD, PROXY, SALTED, KEY)
            for i, form in enumerate(forms(secret)) if form in data]
    except OSError:                 # it has ended
        return []


def find(pid):
    return [found for p in family(pid) for found in look_into(p)]


class Looker:
    """Looks when the server hears the login, and what comes behind it."""
    def begin(self):
        self.during = self.seen = None
        self.known = threading.Event()

    def knows(self, pid):
        self.pid = pid
        self.known.set()

    def find(self):
        self.known.wait(60)
        return find(self.pid)

    def login(self):
        if self.during is None:
            self.during = self.find()

    def look(self):
        if self.seen is None:
            self.seen = self.find()


looker = Looker()


def serve(one, tls=None):
    port = socket.create_server(("127.0.0.1", 0))

    def quiet(s):
        try:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                s = tls.wrap_socket(s, server_side=True)
            with s, s.makefile("rwb", 0) as f:
                one(f)
        except OSError:
            pass

    def loop():
        while True:
            threading.Thread(target=quiet, args=(port.accept()[0],),
                             daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    return port.getsockname()[1]


def scram(f, first, go):
    """RFC 5802; the last answer is a challenge of its own."""
    bare = base64.b64decode(first).split(b",", 2)[2]
    ours = b"r=%sxyz,s=%s,i=4096" % (bare.split(b"r=")[1],
                                     base64.b64encode(SALT))
    f.write(go + b" " + base64.b64encode(ours) + b"\r\n")
    final = base64.b64decode(f.readline()).rsplit(b",p=", 1)[0]
    sign = hmac.digest(hmac.digest(SALTED, b"Server Key", "sha256"),
                       b",".join((bare, ours, final)), "sha256")
    f.write(go + b" " + base64.b64encode(b"v=" + base64.b64encode(sign)) +
            b"\r\n")
    f.readline()


def dialogue(f, plain, empty, yes):
    """AUTH PLAIN with or without the response, AUTH LOGIN, CRAM-MD5."""
    words = plain.split()
    if words[1].upper() == b"LOGIN":
        f.write(empty[:4].strip() + b" VXNlcm5hbWU6\r\n")
        f.readline()
        f.write(empty[:4].strip() + b" UGFzc3dvcmQ6\r\n")
        f.readline()
    elif words[1].upper() == b"CRAM-MD5":
        f.write(empty[:4].strip() + b" PDEyMzRAeC50ZXN0Pg==\r\n")
        f.readline()
    elif words[1].upper() == b"SCRAM-SHA-256":
        scram(f, words[2], empty[:4].strip())
    elif len(words) == 2:
        f.write(empty)
        f.readline()
    looker.login()
    f.write(yes)


def smtp(f):
    f.write(b"220 x ESMTP\r\n")
    for line in f:
        verb = line[:4].upper()
        if verb == b"EHLO":
            f.write(b"250-x\r\n250 AUTH PLAIN LOGIN XOAUTH2 CRAM-MD5 "
                    b"SCRAM-SHA-256\r\n")
        elif verb == b"AUTH":
            dialogue(f, line, b"334 \r\n", b"235 in\r\n")
        elif verb == b"MAIL":
            looker.look()
            f.write(b"250 ok\r\n")
        elif verb == b"DATA":
            f.write(b"354 go\r\n")
            while f.readline() not in (b".\r\n", b""):
                pass
            f.write(b"250 ok\r\n")
        else:
            f.write(b"250 ok\r\n")


def pop3(f, sasl=True):
    f.write(b"+OK hi\r\n")
    for line in f:
        verb = line.split()[0].upper()
        if verb == b"CAPA":
            f.write(b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\n" + (
                b"SASL PLAIN LOGIN XOAUTH2 CRAM-MD5\r\n" if sasl else b"") +
                b".\r\n")
        elif verb == b"AUTH":
            dialogue(f, line, b"+ \r\n", b"+OK\r\n")
        elif verb == b"UIDL":
            looker.look()
            f.write(b"+OK\r\n.\r\n")
        elif verb == b"LIST":
            f.write(b"+OK\r\n.\r\n")
        else:
            if verb == b"PASS":
                looker.login()
            f.write(b"+OK\r\n")


def imap(f, sasl=True, looks=True):
    caps = b"CAPABILITY IMAP4rev1" + (b" AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2"
                                      b" AUTH=CRAM-MD5 SASL-IR" * sasl)
    f.write(b"* OK [" + caps + b"] hi\r\n")
    for line in f:
        tag, verb = line.split()[:2]
        if verb == b"AUTHENTICATE":
            dialogue(f, line[len(tag) + 1:], b"+ \r\n", b"")
        elif verb == b"LOGIN":
            while line.endswith(b"}\r\n"):
                f.write(b"+ go\r\n")
                line = f.readline()
            looker.login()
        elif verb == b"CAPABILITY":
            f.write(b"* " + caps + b"\r\n")
        elif verb in (b"SELECT", b"EXAMINE"):
            if looks:
                looker.look()
            f.write(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n"
                    b"* OK [UIDNEXT 2] x\r\n")
        elif verb == b"LIST":
            if looks:
                looker.look()
            f.write(b'* LIST () "/" INBOX\r\n')
        elif verb == b"STATUS":
            f.write(b"* STATUS INBOX (MESSAGES 0 UIDNEXT 2 UIDVALIDITY 5)"
                    b"\r\n")
        f.write(tag + b" OK done\r\n")


def proxy(f):
    """HTTP CONNECT, whoever wants to."""
    where = f.readline().split()[1].decode().rsplit(":", 1)
    while f.readline().strip():
        pass
    with socket.create_connection(where) as s:
        def back():
            try:
                while data := s.recv(4096):
                    f.write(data)
            except (OSError, ValueError):
                pass
        threading.Thread(target=back, daemon=True).start()
        f.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while data := f.read(4096):
            s.sendall(data)


subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", T + "/key", "-out", T + "/cert"], check=True,
               stderr=subprocess.DEVNULL)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(T + "/cert", T + "/key")
PORTS = {
    "smtp": serve(smtp), "pop3": serve(pop3), "imap": serve(imap),
    "smtps": serve(smtp, tls), "pop3s": serve(pop3, tls),
    "imaps": serve(imap, tls), "proxy": serve(proxy),
    "pop3 USER": serve(lambda f: pop3(f, sasl=False)),
    "imap LOGIN": serve(lambda f: imap(f, sasl=False)),
    "imap, quiet": serve(lambda f: imap(f, looks=False)),
}


def secret_file(name, text, mode=0o600):
    path = T + "/" + name
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode),
              "wb") as f:
        f.write(text)
    return path


def config(more):
    return secret_file("config", b"account other\npassword another\n"
                       b"account a\n" + more)


FILE = secret_file("pw", PASSWORD + b"\n")
NETRC = secret_file("netrc", b"machine 127.0.0.1 login jo password " +
                    PASSWORD + b"\nmachine b login c password d\n")
EMPTY = secret_file("empty", b"")
PROXIED = b"proxy http://me:%s@127.0.0.1:%d\n" % (PROXY, PORTS["proxy"])


def start(argv, fds=()):
    """Runs it until it ends, or until it was looked into and is watching."""
    looker.begin()
    p = subprocess.Popen([BUILD + "/" + argv[0]] + argv[1:],
                         env=dict(os.environ, HOME=T), pass_fds=fds,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
    looker.knows(p.pid)
    if "--watch" in argv:
        end = time.monotonic() + 60
        while looker.seen is None and time.monotonic() < end:
            time.sleep(0.02)
        p.kill()
    err = p.communicate(timeout=60)[1]
    return 0 if "--watch" in argv else p.returncode, err


def run(argv, way, mech=None):
    """With the arguments for a way to the password."""
    fds = []
    if way == "fd":
        r, w = os.pipe()
        os.write(w, PASSWORD + b"\n")
        os.close(w)
        fds = [r]
    argv = argv + (["--auth", mech] if mech else []) + {
        "file": lambda: ["--config", EMPTY, "--password-file", FILE],
        "command": lambda: ["--config", EMPTY, "--password-command",
                            "cat " + FILE],
        "netrc": lambda: ["--config", EMPTY, "--netrc", NETRC],
        "token": lambda: ["--config", EMPTY, "--token-command", "cat " +
                          FILE],
        "fd": lambda: ["--config", EMPTY, "--password-fd", str(fds[0])],
        "configuration": lambda: [
            "-A", "a", "--config", config(b"password " + PASSWORD + b"\n")],
        "quotes in it": lambda: [
            "-A", "a", "--config", config(b'password "' + PASSWORD +
                                          b'" # x\n')],
        "proxy": lambda: [
            "-A", "a", "--config", config(b"password " + PASSWORD + b"\n" +
                                          PROXIED)],
    }[way]()
    got = start(argv, fds)
    for fd in fds:
        os.close(fd)
    return got


def server(protocol, port=None, host="127.0.0.1"):
    return ["-S", "%s://%s:%d" % (protocol, host, PORTS[port or protocol]),
            "-u", "jo"] + (["--ca", T + "/cert"] if protocol.endswith("s")
                           else ["--tls", "off"])


SEND = ["mailsend", "-f", "a@x.test", "-s", "x", "--body", "y", "b@y.test"]
FETCH = ["mailfetch", "-l"]
SYNC = ["imapsync", "-n", "--near", T + "/n", "--state", T + "/s"]
TOOLS = {"mailsend": SEND + server("smtp"),
         "mailfetch, POP3": FETCH + server("pop3"),
         "mailfetch, IMAP": FETCH + server("imap"),
         "imapsync": SYNC + server("imap")}
WAYS = ("file", "command", "netrc", "fd", "configuration", "quotes in it")


def check(name, argv, *way):
    status, err = run(argv, *way)
    is_((status, looker.seen), (0, []), name) or diag(err)


if os.getuid() != 0:
    skip_all("only root can read the memory of these programs")

for tool, argv in TOOLS.items():
    for way in WAYS if tool == "mailsend" else ("file", "configuration"):
        check("%s: password by %s" % (tool, way), argv, way, "plain")
    ok(looker.during, "%s: control: while it logs in it is there" % tool)
    check("%s: LOGIN" % tool, argv, "file", "login")
    check("%s: XOAUTH2" % tool, argv, "token", "xoauth2")
    check("%s: the dialogue is shown" % tool, argv + ["-vvv"], "file")
check("mailsend: CRAM-MD5", TOOLS["mailsend"], "file", "cram-md5")
check("mailsend: SCRAM, and nothing that would do for the password",
      TOOLS["mailsend"], "file", "scram-sha-256")

for name, argv in {
        "mailsend": SEND + server("smtps", host="localhost"),
        "mailfetch, POP3": FETCH + server("pop3s", host="localhost"),
        "mailfetch, IMAP": FETCH + server("imaps", host="localhost"),
        "imapsync": SYNC + server("imaps", host="localhost")}.items():
    check(name + ": TLS, and a proxy with a password", argv, "proxy",
          "plain")
check("mailfetch, POP3: USER and PASS", FETCH + server("pop3", "pop3 USER"),
      "file")
check("mailfetch, IMAP: LOGIN", FETCH + server("imap", "imap LOGIN"), "file")
check("imapsync: LOGIN", SYNC + server("imap", "imap LOGIN"), "file")

# By MX nobody logs in, though the configuration's defaults may have a password;
# and a helper, for a copy by IMAP (which is refused), has nothing of the text.
def by_mx(defaults, more):
    secret_file("direct", b"defaults\n" + defaults + b"account a\nserver mx:\n"
                b"tls off\nproxy off\nsave imap:kept/Sent\n" + more +
                b"account kept\nimap imap://127.0.0.1:%d\ntls off\nproxy off\n"
                b"user jo\npassword other\n" % PORTS["imap, quiet"])
    return start(["mailsend", "--config", T + "/direct", "-A", "a", "--mx-port",
                  str(PORTS["smtp"]), "-f", "a@x.test", "-s", "x", "--body",
                  "y", "b@[127.0.0.1]"])


status, err = by_mx(b"proxy http://me:%s@127.0.0.1:9\n" % PROXY,
                    b"password %s\n" % PASSWORD)
is_((status, looker.seen), (74, []), "mailsend by MX") or diag(err)
status, err = by_mx(b"", b"# once password %s\n" % PASSWORD)
is_({f.split(" of ")[1] for f in looker.seen or ["", " of nobody"]},
    {str(looker.pid)}, "a comment is in its memory, and in no other's") or diag(err)

# ---- several connections, several accounts, several logins

memory_server = Server("UIDPLUS LITERAL+")
memory_server.box("INBOX").add(b"Subject: x\r\n\r\nbody\r\n")
PORTS["one"] = memory_server.port


def downloads(session, verb, args):
    if verb == "AUTHENTICATE":
        session.authed = True
        looker.login()
        return b"TAG OK in\r\n"
    if "BODY.PEEK[]" in args:
        looker.look()


memory_server.on_command = downloads
check("imapsync: as many connections as there is work for",
      ["imapsync", "-q", "--near", T + "/one", "--state", T + "/one.s",
       "--create", "near"] + server("imap", "one"), "configuration")
if looker.seen is None:
    diag("heard: %s" % memory_server.heard)

ACCOUNTS = b"".join(
    b"account %s\nimap imap://127.0.0.1:%d\ntls off\nuser jo\npassword %s\n"
    % (name, PORTS[port], PASSWORD) for name, port in (
        (b"one", "imap, quiet"), (b"two", "imap, quiet"), (b"x", "imap")))
status, err = start(["mailfetch", "-l", "--jobs", "1", "--config",
                     secret_file("several", ACCOUNTS), "one", "two", "x"])
is_((status, looker.seen), (0, []), "mailfetch: several accounts, the last "
    "one, and the process that waits for it") or diag(err)
status, err = start(["imapsync", "-n", "--config", T + "/several", "--near",
                     T + "/n", "--state", T + "/s", "one", "two", "x"])
is_((status, looker.seen), (0, []), "imapsync: the same") or diag(err)

WATCH = ["mailfetch", "--watch", "-d", "maildir:" + T + "/md", "--create",
         "--state", T + "/w"] + server("imap")
check("mailfetch --watch: a command is asked again", WATCH, "command")
for way in ("file", "fd", "configuration"):
    status, err = run(WATCH, way, "plain")
    is_({f.split(" of ")[1] for f in looker.seen or ["", " of nobody"]},
        {str(looker.pid)}, "mailfetch --watch: password by %s: it is kept, "
        "but by no other process" % way) or diag(err)
done()
