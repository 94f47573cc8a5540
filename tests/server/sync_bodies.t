#!/usr/bin/env python3
"""imapsync --bodies headers, and the bodies that are fetched afterwards."""
import email
import email.policy

from synclab import *

lab = up()
HEADERS = ("--bodies", "headers")
TEXT = "line that only the body has\n"


def letter(n, type="text/plain; charset=utf-8", size=400):
    return ("From: Jo <jo@example.org>\nTo: billy@johndoe.com\n"
            "MIME-Version: 1.0\nSubject: number %d\n"
            "Content-Type: %s\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n"
            "X-Odd:   as  it\n\tis \nMessage-ID: <m%d@example.org>\n"
            "Content-Transfer-Encoding: 8bit\n\n" % (n, type, n) +
            TEXT * size).encode()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def is_stub(data):
    return data.startswith(b"MIME-Version: 1.0\nContent-Type: "
                           b"message/external-body; x-postbag=stub;")


def stubs(u, box="INBOX"):
    return [f for f in u.near.files(box) if is_stub(read(f))]


def body(u, *files, status=0, name="body", env=None):
    return u.runs(name, "body", *files, status=status)


u = lab.user()


@scenario
def headers():
    """Headers alone come, and are messages."""
    u.far.appends("INBOX", [letter(n) for n in range(1, 21)])
    u.far.append("INBOX", letter(21, "multipart/mixed;\n boundary=b"),
                 r"\Seen \Flagged")
    p = u.proxy()
    u.runs("headers first", *HEADERS, proxy=p)
    p.close()
    is_(len(stubs(u)), 21, "all files are headers alone")
    ok(not any(TEXT.encode() in read(f) for f in u.near.files("INBOX")),
       "no body has come")
    m = email.message_from_bytes(read(u.near.file("INBOX", "number 21")),
                                 policy=email.policy.default)
    is_(m.get_content_type(), "message/external-body",
        "Python's email knows what it is")
    is_(m["Message-ID"], "<m21@example.org>", "with its fields")
    is_(m.get_param("access-type"), "URL", "it is somewhere else")
    like(m.get_param("url") or "", r"^imap://.*/INBOX;UIDVALIDITY=\d+/;UID=21$",
         "the URL says where")
    is_(int(m.get_param("size")), len(wire(letter(
        21, "multipart/mixed;\n boundary=b"))), "and how long it is")
    inner = m.get_payload(0)
    is_((inner.get_content_type(), inner["Content-Transfer-Encoding"]),
        ("multipart/mixed", "8bit"), "its own Content fields are kept")
    ok(b"X-Odd:   as  it\n\tis \n" in read(u.near.file("INBOX", "number 21")),
       "fields are as they were, byte for byte")
    like(os.path.basename(u.near.file("INBOX", "number 21")), ":2,FS$",
         "flags are in its name")


@scenario
def nothing():
    """A second run does nothing, with the option and without."""
    before = u.near.tree()
    u.runs("a second run", *HEADERS)
    u.runs("a run without the option")
    is_(u.near.tree(), before, "nothing is touched")
    is_(len(u.far.messages("INBOX")), 21, "nothing was uploaded")


@scenario
def flags():
    """Flags go both ways."""
    u.near.set("INBOX", "number 1", "FS")
    u.far.store("INBOX", u.far.uid_of("INBOX", "number 2"), r"+FLAGS (\Seen)")
    u.runs("flags changed on both sides", *HEADERS)
    flags = {m.subject: m.flags for m in u.far.messages("INBOX")}
    is_(flags["number 1"], flagset(r"\Seen \Flagged"), "those from here")
    like(u.near.file("INBOX", "number 2"), ":2,S$", "those from there")


@scenario
def never_sent():
    """A header alone is never sent as a message."""
    u.near.make("Copy")
    u.far.create("Copy")
    stub = read(u.near.file("INBOX", "number 3"))
    u.near.deliver("Copy", stub.replace(b"UIDVALIDITY=", b"UIDVALIDITY=9"), "S")
    r = u.runs("one of a mailbox with other UIDs", *HEADERS, status=65)
    like(r.err, "header without its body", "is refused, and told")
    is_(u.far.messages("Copy"), [], "the server has no such message")
    is_(len(u.far.messages("INBOX")), 21, "and keeps the message")
    u.near.remove("Copy", "number 3")
    u.near.deliver("Copy", stub.replace(b";UID=3", b";UID=4"), "S")
    r = u.runs("one with another number", *HEADERS, status=65)
    like(r.err, "another message under its number", "is refused, too")
    is_(u.far.messages("Copy"), [], "and copied nowhere")
    u.near.remove("Copy", "number 3")
    other = lab.user()
    other.runs("another account, which has no stubs")
    other.near.deliver("INBOX", stub, "S")
    r = other.runs("a stub in it", status=65)
    like(r.err, "header without its body", "is refused, and told")
    is_(other.far.messages("INBOX"), [], "its server has no such message")


@scenario
def moved():
    """One that was moved is moved there, whole."""
    u.near.move("INBOX", "number 3", "Copy")
    u.runs("one is moved here", *HEADERS)
    is_([sha(m.body) for m in u.far.messages("Copy")], [sha(wire(letter(3)))],
        "the message is moved there")
    is_(len(u.far.messages("INBOX")), 20, "from where it was")


@scenario
def copied_and_removed():
    """A copy under another name, and the other one deleted: a move, too."""
    u.near.deliver("Copy", read(u.near.file("INBOX", "number 20")), "S",
                   name=os.path.basename(
                       u.near.file("INBOX", "number 20")).split(":")[0])
    u.near.remove("INBOX", "number 20")
    u.runs("one is copied, and removed where it was", *HEADERS)
    ok(sha(wire(letter(20))) in [sha(m.body) for m in u.far.messages("Copy")],
       "its message is moved, and not lost")


@scenario
def fill():
    """Bodies on demand."""
    old = u.near.file("INBOX", "number 4")
    new = u.near.set("INBOX", "number 5", "S")
    body(u, old, new, name="two bodies are asked for")
    for n, was in ((4, old), (5, new)):
        now = u.near.file("INBOX", "number %d" % n)
        is_(read(now), letter(n), "message %d has exactly its bytes" % n)
        ok(os.path.basename(now) != os.path.basename(was) and
           not os.path.exists(was), "under another name")
        is_(now.rpartition(":2,")[2] if ":2," in now else "",
            was.rpartition(":2,")[2] if ":2," in was else "",
            "with its flags")
    before = u.near.tree()
    body(u, u.near.file("INBOX", "number 4"), name="it is asked for again")
    is_(u.near.tree(), before, "that does nothing")
    u.runs("the next run", *HEADERS)
    u.runs("and one more", *HEADERS)
    is_(len(u.far.messages("INBOX")), 19, "nothing was sent or deleted")
    is_(len(stubs(u)), 17, "the others are headers still")
    is_([f for f in os.listdir(u.near.path("INBOX") + "/tmp")], [],
        "nothing is left in tmp")
    flags = {m.subject: m.flags for m in u.far.messages("INBOX")}
    is_(flags["number 5"], flagset(r"\Seen"), "its flag has arrived")
    u.near.deliver("Copy", read(u.near.file("INBOX", "number 4")), "S")
    u.runs("a copy of a message that has its body", *HEADERS)
    ok(sha(wire(letter(4))) in [sha(m.body) for m in u.far.messages("Copy")],
       "is sent")


@scenario
def bad():
    """What cannot be filled is told, and the others are done."""
    path = u.near.path("INBOX") + "/cur/nobody:2,S"
    r = body(u, path, u.near.file("INBOX", "number 6"), "/etc/passwd",
             status=66, name="two of three files are not there")
    like(r.err, "nobody: there is no such file", "that is told")
    like(r.err, "/etc/passwd.*none of the Maildirs", "of each")
    is_(read(u.near.file("INBOX", "number 6")), letter(6), "the third is done")
    f = u.near.file("INBOX", "number 7")
    u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 7"))
    r = body(u, f, status=66, name="a message that the server has no more")
    like(r.err, "no such message", "is told")
    ok(is_stub(read(f)), "its header stays")
    r = u.sync("body")
    is_(r.status, 64, "no file at all is a mistake")


@scenario
def lost():
    """Without its state a header is none the more a message."""
    u = lab.user()
    u.far.appends("INBOX", [letter(n) for n in range(1, 6)])
    u.runs("a first run", *HEADERS)
    shutil.rmtree(u.state)
    u.runs("the state is lost", *HEADERS)
    is_([sha(m.body) for m in u.far.messages("INBOX")],
        [sha(wire(letter(n))) for n in range(1, 6)],
        "the server has what it had")
    is_(len(u.near.files("INBOX")), 5, "and so has this side")
    body(u, u.near.file("INBOX", "number 3"), name="a body afterwards")
    is_(read(u.near.file("INBOX", "number 3")), letter(3), "comes")
    is_(len(stubs(u)), 4, "one of five")


@scenario
def renumbered():
    """Other UIDs: headers are paired with their messages."""
    u = lab.user()
    u.far.create("Box")
    u.far.appends("Box", [letter(n) for n in range(1, 6)])
    u.runs("a first run", *HEADERS)
    u.far.do("DELETE Box", "CREATE Box")
    u.far.appends("Box", [letter(n) for n in range(5, 0, -1)])
    r = u.sync(*HEADERS)
    is_(r.status, 0, "the UIDs are others")
    like(r.err, "5 of 5 messages found again", "all are found again")
    is_((len(u.near.files("Box")), len(u.far.messages("Box"))), (5, 5),
        "none is there twice")
    is_(len(stubs(u, "Box")), 5, "they are headers still")
    body(u, u.near.file("Box", "number 2"), name="a body is asked for")
    is_(read(u.near.file("Box", "number 2")), letter(2), "and is the right one")


@scenario
def bytes():
    """What it costs."""
    u = lab.user()
    u.far.appends("INBOX", [letter(n, size=1000) for n in range(1, 51)])
    p = u.proxy()
    u.runs("fifty long messages", *HEADERS, proxy=p)
    p.close()
    said = "\n".join(map(str, p.commands))
    like(said, r"BODY\.PEEK\[HEADER\]", "only their headers are asked for")
    unlike(said, r"BODY\.PEEK\[\]", "and no body")
    ok(sum(len(read(f)) for f in u.near.files("INBOX")) < 50 * 1000,
       "which is less than 1,000 bytes a message")


@scenario
def killed():
    """Stopped at any step there is one file: a header, or the message."""
    if not shutil.which("strace"):
        return ok(True, "killed at each step # SKIP no strace")
    u = lab.user()
    u.far.appends("INBOX", [letter(n) for n in range(1, 4)])
    u.runs("a first run", *HEADERS)
    kills, n = 0, 1
    for call in ("renameat2", "unlinkat", "fsync", "fdatasync", "futimens",
                 "write", "pwrite64"):
        for when in range(1, 6):
            u.far.append("INBOX", letter(100 + n))
            u.sync(*HEADERS)
            name, whole = "number %d" % (100 + n), letter(100 + n)
            n += 1
            p = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
                 "trace=%s" % call if call != "futimens" else
                 "trace=utimensat", "-e", "inject=%s:signal=KILL:when=%d" % (
                     call if call != "futimens" else "utimensat", when)] +
                u.words("body", u.near.file("INBOX", name)),
                capture_output=True, stdin=subprocess.DEVNULL,
                env=dict(os.environ, HOME=u.dir))
            if p.returncode == 0:
                break
            kills += 1
            now = read(u.near.file("INBOX", name))
            good = (is_stub(now) or now == whole) and \
                len(u.near.files("INBOX")) == n + 2
            r = u.sync(*HEADERS)
            good = good and (r.status, r.err) == (0, "") and \
                len(u.near.files("INBOX")) == n + 2
            r = u.sync("body", u.near.file("INBOX", name))
            good = good and (r.status, r.err) == (0, "") and \
                read(u.near.file("INBOX", name)) == whole
            r = u.sync(*HEADERS)
            good = good and (r.status, r.err) == (0, "")
            if not good:
                ok(False, "killed at %s %d" % (call, when), p.stderr)
    ok(kills > 8, "it was killed at each step", kills)
    is_([sha(m.body) for m in u.far.messages("INBOX")],
        [sha(wire(letter(k))) for k in
         [1, 2, 3] + list(range(101, 100 + n))], "the server has what it had")


done()
