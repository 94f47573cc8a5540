#!/usr/bin/env python3
"""imapsync: the bytes of messages, both ways.

On Dovecot, which makes CRLF of every line end, what comes must be its BODY[];
on a server that keeps each byte, each byte must go and come back.
"""
from synclab import *

lab = up()
HEAD = b"From: a@b.test\r\nSubject: number %d\r\nMessage-ID: <b%d@x>\r\n\r\n"
BODIES = {
    "plain": b"one\r\ntwo\r\n",
    "no final newline": b"one\r\ntwo",
    "empty body": b"",
    "only line ends": b"\r\n\r\n\r\n",
    "8 bit": bytes(range(128, 256)) * 9 + b"\r\n",
    "a bare CR": b"one\rtwo\r\nthree\r",
    "CR before CRLF": b"one\r\r\ntwo\r\r\r\n",
    "a bare LF": b"one\ntwo\r\nthree\n",
    "only bare LF": b"one\ntwo\nthree\n",
    "LF CR": b"one\n\rtwo\n\r",
    "ends in CR": b"one\r\ntwo\r",
    "NUL": b"one\0two\r\n\0\r\n\0",
    "a line of 1 MB": b"x" * 1_000_000 + b"\r\n",
    "dots, From and tabs": b".\r\n..\r\nFrom here\r\n>From\r\n\t \r\n",
    "control bytes": bytes(b for b in range(1, 32) if b not in (10, 13)) +
    b"\x7f\r\n",
    "64 KB, CR at the edge": b"y" * 65470 + b"\r\n" * 40,
    "300 KB of CRLF": b"\r\n" * 150_000,
    "a literal": b"* 1 FETCH (BODY[] {5}\r\nhello)\r\n",
}
NAMES = list(BODIES)


def message(i):
    return HEAD % (i, i) + BODIES[NAMES[i]]


def name_of(data):
    m = re.search(rb"Subject: number (\d+)", data)
    return NAMES[int(m[1])] if m else "?"


def shas(messages):
    return sorted((name_of(m), hashlib.sha256(m).hexdigest())
                  for m in messages)


def files(near, box="INBOX"):
    out = []
    for f in near.files(box):
        with open(f, "rb") as g:
            out.append(g.read())
    return out


def here_as_wire(data):
    """The rule: LF for CRLF if that can be undone."""
    lone = re.sub(rb"\r\n", b"", data)
    if b"\n" in lone or b"\r\r\n" in data:
        return data
    return data.replace(b"\r\n", b"\n")


@scenario
def exact_server():
    """A server that keeps bytes: down, and from another Maildir up again."""
    u = Alone()
    for i in range(len(NAMES)):
        u.box().add(message(i), r"\Seen")
    u.box().add(b"no header at all", "")
    u.box().add(b"\r\n", "")
    u.runs("%d messages down" % len(u.box().messages))
    got, sent = files(u.near), [m.data for m in u.box().messages]
    for name in NAMES:
        want = next(m for m in sent if name_of(m) == name)
        have = [m for m in got if name_of(m) == name]
        is_([sha(m) for m in have], [sha(here_as_wire(want))],
            "down: " + name)
    is_(len(got), len(sent), "those without a header, too")
    # up, to another server
    v = Alone()
    shutil.rmtree(v.near.root)
    shutil.copytree(u.near.root, v.near.root)
    v.runs("the same files up to another server")
    up = [m.data for m in v.box().messages]
    for name in NAMES:
        want = next(m for m in sent if name_of(m) == name)
        is_([sha(m) for m in up if name_of(m) == name], [sha(want)],
            "up again: " + name)
    is_(sorted(map(sha, up)), sorted(map(sha, sent)),
        "all that went up is what came down")
    # and down once more
    w = Alone()
    w.server.close()
    w.server = v.server
    w.runs("down once more")
    is_(sorted(map(sha, files(w.near))), sorted(map(sha, got)),
        "the files are the same again")
    w.server.heard.clear()
    for x in (u, v, w):
        x.runs("and then nothing", "-q")
    is_([h for h in w.server.heard if re.match("APPEND|UID STORE", h)], [],
        "travels any more")


@scenario
def empty():
    """No bytes at all: it can come, and APPEND has none of it (RFC 3502)."""
    u = Alone()
    u.box().add(b"", r"\Seen")
    u.runs("an empty message")
    is_(files(u.near), [b""], "is an empty file")
    u.runs("again")
    u.near.deliver("INBOX", b"", "F")
    u.near.deliver("INBOX", mail(2), "S")
    r = u.sync()
    ok(r.status and "empty" in r.err, "an empty file stays here, with a word",
       r.err)
    is_(len(u.box().messages), 2, "the other goes there")


@scenario
def nul():
    """No literal may have a NUL, says RFC 3501; a literal8 may."""
    u = Alone(caps="UIDPLUS LITERAL+")
    u.near.make("INBOX")
    u.near.deliver("INBOX", b"Subject: number 1\n\na\0b\n", "S")
    u.near.deliver("INBOX", mail(2), "S")
    r = u.sync()
    ok(r.status and "NUL" in r.err, "a NUL, and a server without BINARY",
       r.err)
    is_([m.data for m in u.box().messages], [wire(mail(2))],
        "the others go there")
    is_(len(u.near.files("INBOX")), 2, "and it stays here")


@scenario
def files_up():
    """Files as programs write them: with LF, CRLF, or a mixture."""
    u = Alone()
    u.near.make("INBOX")
    want = {}
    for i, name in enumerate(NAMES):
        data = message(i)
        for k, d in enumerate((data, data.replace(b"\r\n", b"\n"))):
            d = d.replace(b"number %d" % i, b"number %d" % i)
            u.near.deliver("INBOX", d, "S", name="%d.%d" % (i, k))
            want.setdefault(name, []).append(
                sha(d if b"\r\n" in d else d.replace(b"\n", b"\r\n")))
    u.runs("each with CRLF and with LF, up")
    for name in NAMES:
        is_(sorted(sha(m.data) for m in u.box().messages
                   if name_of(m.data) == name), sorted(want[name]),
            "up: " + name)
    kept = sorted(map(sha, files(u.near)))
    u.runs("again")
    is_(sorted(map(sha, files(u.near))), kept, "no file was changed")
    is_(len(u.box().messages), 2 * len(NAMES), "none went twice")


@scenario
def dovecot():
    """What it says is in BODY[] is what is here, and stays so."""
    u = lab.user()
    for i in range(len(NAMES)):
        path = u.far.home + "/Maildir"
        for d in ("cur", "new", "tmp"):
            os.makedirs(path + "/" + d, exist_ok=True)
        with open("%s/cur/%d.M%d.far:2,S" % (path, 1700000000 + i, i),
                  "wb") as f:
            f.write(message(i).replace(b"\r\n", b"\n"))
    lab.own(u.far.home)
    u.runs("files of Dovecot's")
    there = {name_of(m.body): m.body for m in u.far.messages("INBOX")}
    here = {name_of(m): m for m in files(u.near)}
    for name in NAMES:
        is_(sha(here.get(name, b"")), sha(here_as_wire(there[name])),
            "Dovecot down: " + name)
    v = lab.user()
    shutil.rmtree(v.near.root)
    shutil.copytree(u.near.root, v.near.root)
    v.runs("the same files to another account")
    w = lab.user()			# Dovecot loses some CR at APPEND
    c = w.far.connect()
    for name in NAMES:
        c.literal = there[name]
        c._simple_command("APPEND", "INBOX")
    c.logout()
    want = {name_of(m.body): m.body for m in w.far.messages("INBOX")}
    back = {name_of(m.body): m.body for m in v.far.messages("INBOX")}
    for name in NAMES:
        is_(sha(back.get(name, b"")), sha(want[name]),
            "Dovecot up: " + name)
    for x in (u, v):
        x.runs("again")
        is_(len(files(x.near)), len(NAMES), "and nothing is there twice")
        shutil.rmtree(x.state)
        x.runs("the state is lost", "-q")
        is_((len(files(x.near)), len(x.far.messages("INBOX"))),
            (len(NAMES), len(NAMES)), "nor then")


done()
