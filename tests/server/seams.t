#!/usr/bin/env python3
"""Buffers have ends, and what means something there may be cut in two.

A message that is nothing but "\\r\\n.", over and over, has that at every seam of
every buffer; with each of the pattern's bytes left out in front, every byte of
it has been the first behind the seam.  Such messages go through the whole
tools, and what comes out is compared byte by byte: dots, line ends, From
lines, encoded words, CR and NUL that must be recoded.
"""
import base64
import email
import email.policy
import socket
import threading

from synclab import *

SIZE = 140_000          # over two buffers of 64 KB and four of 32
with open(ROOT + "/common/cte.h") as h:
    BLOCK = int(re.search(r"define CTE_BLOCK (\d+)", h.read())[1])
PATTERNS = [b"\r\n.", b"\r\n..", b"\r\n.\r\n", b"\r\nFrom ", b"\r\n>From x",
            b"\r\n", b"\r\n\r\n.\r\n\r\n", b"\xc3\xa9\r\n"]
HEAD = (b"From: a@b.test\r\nTo: c@d.test\r\nSubject: %d\r\n"
        b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
        b"Message-ID: <%d@b.test>\r\n\r\n")
BODIES = []
for p in PATTERNS:
    for shift in range(len(p)):
        BODIES.append(b"x" * shift + p * (SIZE // len(p)) + b"\r\nend\r\n")
MAILS = [HEAD % (i, i) + b for i, b in enumerate(BODIES)]
work = tempfile.mkdtemp(prefix="seams.")
os.environ["XDG_STATE_HOME"] = work + "/state"
with open(os.open(work + "/pw", os.O_WRONLY | os.O_CREAT, 0o600), "w") as pw:
    pw.write("secret\n")
os.environ["POSTBAG_PASSWORD_FILE"] = work + "/pw"


def serve(talk):
    """A port; each connection is talk(file)."""
    s = socket.create_server(("127.0.0.1", 0))

    def one(c):
        with c, c.makefile("rwb") as f:
            try:
                talk(f)
            except OSError:
                pass

    def run():
        while True:
            threading.Thread(target=one, args=(s.accept()[0],),
                             daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


# ---- sending

heard = []


def smtp(features):
    def talk(f):
        def say(x):
            f.write(x + b"\r\n")
            f.flush()
        say(b"220 seams")
        chunks = b""
        while line := f.readline():
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                say(b"250-seams\r\n" + features + b"250 8BITMIME")
            elif verb == b"DATA":
                say(b"354 go")
                got = []
                while (line := f.readline()) != b".\r\n":
                    got.append(line[1:] if line.startswith(b".") else line)
                heard.append(b"".join(got))
                say(b"250 taken")
            elif verb == b"BDAT":
                chunks += f.read(int(line.split()[1]))
                if b"LAST" in line.upper():
                    heard.append(chunks)
                    chunks = b""
                say(b"250 taken")
            elif verb == b"QUIT":
                return say(b"221 bye")
            else:
                say(b"250 fine")
    return serve(talk)


def send(port, data, *args):
    """What the server has of it."""
    heard.clear()
    p = subprocess.run([BUILD + "/mailsend", "--tls", "off", "-S",
                        "smtp://127.0.0.1:%d" % port, "-f", "a@b.test", *args,
                        "c@d.test"], input=data, capture_output=True,
                       timeout=FOREVER)
    return heard[0] if p.returncode == 0 and len(heard) == 1 else p.stderr


def body(m):
    return m.partition(b"\r\n\r\n")[2]


def first(a, b):
    """Where they begin to differ, and what stands there."""
    n = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y),
             min(len(a), len(b)))
    return "%d and %d bytes, from %d on: %r %r" % (
        len(a), len(b), n, a[max(n - 9, 0):n + 9], b[max(n - 9, 0):n + 9])


def equal(got, want, name):
    bad = [(i, first(g, w)) for i, (g, w) in enumerate(zip(got, want))
           if g != w]
    ok(not bad and len(got) == len(want), "%s: %d equal" % (name, len(want)),
       "%d and %d; %s" % (len(got), len(want), bad[:3]))


@scenario
def finished():
    for name, features in ("DATA", b""), ("BDAT", b"250-CHUNKING\r\n"):
        port = smtp(features)
        equal([body(send(port, m, "-t")) for m in MAILS], BODIES,
              "finished messages by " + name)
        equal([body(send(port, m.replace(b"\r\n", b"\n"), "-t"))
               for m in MAILS], BODIES, "with LF, by " + name)


@scenario
def composed():
    port = smtp(b"")
    texts = ["é" * i + "\n.\nFrom é\n" * 9000 for i in range(3)] + \
        ["x" * i + "\r\n.=\t \r\nü" * 9000 + "\r\n" for i in range(8)]
    got = []
    for t in texts:
        m = email.message_from_bytes(send(port, t.encode(), "-s", "x"),
                                     policy=email.policy.SMTP)
        got.append(m.get_content().replace("\r\n", "\n").encode())
    equal(got, [t.replace("\r\n", "\n").encode() for t in texts],
          "composed texts, decoded")
    files = [bytes(range(256)) * 400 + b"x" * i for i in range(6)]
    got = []
    for f in files:
        with open(work + "/a.bin", "wb") as out:
            out.write(f)
        m = email.message_from_bytes(send(port, b"", "-a", work + "/a.bin",
                                          "--body", "x"),
                                     policy=email.policy.SMTP)
        got.append(next(m.iter_attachments()).get_content())
    equal(got, files, "attachments, decoded")


@scenario
def recoded():
    """What may not travel raw: CR, NUL and long lines anywhere."""
    port = smtp(b"250-CHUNKING\r\n")
    got, want = [], []
    for p in b"\r", b"\0", b"a\rb", b"x\0\r", b"z" * 1000:
        for shift in range(min(len(p), 4) + 1):
            b = b"y" * shift + (p * 40 + b"\r\n") * (SIZE // (len(p) * 40 + 2))
            m = send(port, HEAD % (1, 1) + b, "-t", "--recode")
            head, _, rest = m.partition(b"\r\n\r\n")
            if b"quoted-printable" in head.lower():
                import quopri
                rest = quopri.decodestring(rest)
            elif b"base64" in head.lower():
                rest = base64.b64decode(rest)
            got.append(rest)
            want.append(b)
    equal(got, want, "recoded messages, decoded")


@scenario
def refused():
    """One bare CR or NUL, alone, at each place round the end of a buffer."""
    port = smtp(b"250-CHUNKING\r\n")
    bad, n = [], 0
    head = HEAD % (1, 1)
    for seam in 4096, 16384, BLOCK, 32768, 65536, 131072:
        for at in (seam - 1, seam, len(head) + seam - 1, len(head) + seam):
            for odd in b"\r", b"\0":
                m = head + b"y" * (seam % 64 + len(head) % 7) + b"\r\n"
                m += (b"y" * 61 + b"\r\n") * (SIZE // 63)
                while m[at - 2:at + 3].strip(b"y"):
                    m = m.replace(b"\r\n\r\n", b"\r\n\r\ny")
                m = m[:at] + odd + m[at + 1:]
                n += 1
                if b"line" not in send(port, m, "-t"):
                    bad.append((at, odd))
    is_(bad, [], "%d messages with one such byte are refused" % n)


# ---- fetching

# A CR without its LF stays what it is, and the pair behind it becomes LF.
FETCHED = MAILS + [
    HEAD % (len(MAILS) + n, n) + b"x" * (n % 4) +
    (b"\rx\r\n" if n < 4 else b"\r\r\n") * (SIZE // 4) + b"\r\n"
    for n in range(8)]


def pop3(f):
    def say(x):
        f.write(x + b"\r\n")
        f.flush()
    say(b"+OK seams")
    while line := f.readline():
        verb, *args = line.split()
        verb = verb.upper()
        if verb == b"CAPA":
            say(b"+OK\r\nUIDL\r\nPIPELINING\r\nUSER\r\n.")
        elif verb == b"LIST":
            say(b"+OK\r\n" + b"".join(b"%d %d\r\n" % (i + 1, len(m))
                                      for i, m in enumerate(FETCHED)) + b".")
        elif verb == b"UIDL":
            say(b"+OK\r\n" + b"".join(b"%d u%d\r\n" % (i + 1, i)
                                      for i in range(len(FETCHED))) + b".")
        elif verb == b"RETR":
            m = FETCHED[int(args[0]) - 1]
            say(b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", m) + b".")
        else:
            say(b"+OK")


def number(data):
    return int(re.search(rb"^Subject: (\d+)\r?$", data, re.M)[1])


def fetched(*args):
    """By number, what is in a Maildir and in an mbox."""
    for d in "cur", "new", "tmp":
        os.makedirs(work + "/md/" + d, exist_ok=True)
    p = subprocess.run([BUILD + "/mailfetch", "--tls", "off", "-u", "jo",
                        "-d", "maildir:" + work + "/md",
                        "-d", "mbox:" + work + "/mb", *args],
                       capture_output=True, text=True, timeout=FOREVER)
    is_(p.returncode, 0, "they are fetched")
    got = []
    for n in os.listdir(work + "/md/new"):
        with open(work + "/md/new/" + n, "rb") as f:
            got.append(f.read())
    with open(work + "/mb", "rb") as f:
        box = f.read()
    # mboxrd: an empty line and From_ are between two, >From loses one ">".
    parts = [m.partition(b"\n")[2] for m in
             re.split(rb"(?m)(?:\A|(?<=\n\n))^From (?=\S+ \w{3} \w{3} )", box)]
    parts = [re.sub(rb"(?m)^>(>*From )", rb"\1", m)[:-1] for m in parts if m]
    shutil.rmtree(work + "/md")
    os.unlink(work + "/mb")
    return sorted(got, key=number), sorted(parts, key=number)


@scenario
def fetching():
    # Where LF for CRLF could not be undone, all bytes stay.
    want = [m.replace(b"\r\n", b"\n") for m in FETCHED]
    port = serve(pop3)
    md, mb = fetched("-S", "pop3://127.0.0.1:%d" % port)
    equal(md, want, "POP3 to a Maildir")
    equal(mb, want, "POP3 to an mbox")
    far = Server()
    for m in FETCHED:
        far.box("INBOX").add(m)
    md, mb = fetched("-S", "imap://127.0.0.1:%d" % far.port)
    equal(md, want, "IMAP to a Maildir")
    equal(mb, want, "IMAP to an mbox")


# ---- syncing

@scenario
def syncing():
    far = Server()
    for m in MAILS:
        far.box("INBOX").add(m)
    cmd = [BUILD + "/imapsync", "--tls", "off", "-u", "jo",
           "-S", "imap://127.0.0.1:%d" % far.port, "--near", work + "/near"]
    p = subprocess.run(cmd, capture_output=True, text=True, timeout=FOREVER)
    is_(p.returncode, 0, "a sync down")
    near = Near(work + "/near")
    got = []
    for f in near.files("INBOX"):
        with open(f, "rb") as g:
            got.append(g.read())
    want = [m.replace(b"\r\n", b"\n") for m in MAILS]
    equal(sorted(got, key=number), want, "down")
    near.make("Up")
    for i, m in enumerate(want):
        near.deliver("Up", m.replace(b"<", b"<up"), "S")
    p = subprocess.run(cmd, capture_output=True, text=True, timeout=FOREVER)
    is_(p.returncode, 0, "a sync up")
    up = sorted((m.data for m in far.boxes["Up"].messages), key=number)
    equal(up, [m.replace(b"<", b"<up") for m in MAILS], "up")


shutil.rmtree(work)
done()
