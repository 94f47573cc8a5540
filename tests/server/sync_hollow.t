#!/usr/bin/env python3
"""imapsync: stubs of headers that are empty or too long, and stubs whose files
go while their bodies come."""
from synclab import *

lab = up()
HEADERS = ("--bodies", "headers")
TRIM = ("trim",) + HEADERS


def read(path):
    with open(path, "rb") as f:
        return f.read()


def is_stub(path):
    return b"x-postbag=stub" in read(path)[:100]


def files(u):
    """By UID, which the names of downloads end with."""
    return {int(f.partition(":2,")[0].rpartition(".")[2]): f
            for f in u.near.files("INBOX")}


def mails(u):
    return {f: read(f) for f in u.near.files("INBOX")}


def server(*messages):
    s = Server()
    for m in messages:
        s.box("INBOX").add(wire(m), r"\Seen")
    return s


def headless(uid, instead):
    """That message's header is something else."""
    def say(_, data):
        return re.sub(rb"^(\* \d+ FETCH \(UID %d .*BODY\[HEADER\] )\{.*" % uid,
                      rb"\g<1>" + instead + b")\r\n", data, flags=re.S)
    return say


@scenario
def empty():
    """A header that is empty is no stub: all of its message comes."""
    u, s = lab.user(), server(mail(1), mail(2))
    s.on_say = headless(1, b'""')
    u.runs("a server that has no header of one", *HEADERS, proxy=s)
    is_(read(files(u)[1]), mail(1), "that message is here")
    ok(is_stub(files(u)[2]), "of the other the header is")
    before = u.near.tree()
    u.runs("once more", *HEADERS, proxy=s)
    is_(u.near.tree(), before, "does nothing")
    s.box("INBOX").add(b"")
    u.runs("a message that is empty", *HEADERS, proxy=s)
    is_(read(files(u)[3]), b"", "is here, empty")
    is_(len(s.box("INBOX").messages), 3, "nothing was sent")


@scenario
def trimmed():
    """What has no header that is fit for a stub keeps its body, alone."""
    long = b"X-Long: %s\n" % (b"x" * 900) * (19 << 10) + mail(2)
    u, s = lab.user(), server(mail(1), long, mail(3))
    u.runs("all of them", proxy=s)
    s.on_say = headless(1, b'""')
    r = u.sync(*TRIM, proxy=s)
    is_(r.status, 76, "one header is empty, one is over 16 MB")
    like(r.err, "no header of it: its body stays", "the first is told")
    like(r.err, "its header is too long: its body stays", "and the second")
    is_([n for n, f in files(u).items() if is_stub(f)], [3],
        "the third is trimmed")
    is_((read(files(u)[1]), read(files(u)[2]) == long), (mail(1), True),
        "the others are as they were")
    before = u.near.tree()
    u.runs("a run afterwards", proxy=s)
    is_(u.near.tree(), before, "does nothing")


@scenario
def refused_alone():
    """Bodies that are empty, and refused when they are asked for alone."""
    u = Alone()
    for n in range(1, 4):
        u.box().add(wire(mail(n)), r"\Seen")
    u.server.on_say = lambda _, data: re.sub(
        rb"^(\* \d+ FETCH \(UID [23] .*BODY\[\] )\{.*", rb'\1"")\r\n', data,
        flags=re.S)
    u.server.on_command = lambda _, verb, args: \
        b"TAG NO cannot read it\r\n" if verb == "UID FETCH" and \
        re.match(r"[23] .*BODY\.PEEK\[\]", args) else None
    for _ in range(2):
        r = u.sync()
        is_((r.status, r.err.count("is not sent: cannot read it")), (75, 2),
            "each is told")
    is_([m.subject for m in u.near.messages("INBOX")], ["number 1"],
        "the other one is here")
    u.server.on_say = u.server.on_command = None
    u.runs("the server is well again")
    is_(len(u.near.messages("INBOX")), 3, "they are here, too")


@scenario
def another():
    """Another message under a number, other numbers, none at all."""
    u, s = lab.user(), server(mail(1), mail(2), mail(3))
    u.runs("headers", *HEADERS, proxy=s)
    f, before = files(u), mails(u)
    one = s.box("INBOX").messages[0]
    one.data, was = wire(mail(9)), one.data
    r = u.sync("body", f[1], proxy=s)
    is_((r.status, mails(u)), (65, before), "another message: no body")
    like(r.err, "another message under its number: nothing is changed",
         "which is told")
    r = u.sync("body", "--print", f[1], proxy=s)
    is_((r.status, r.out), (65, ""), "nor is it shown")
    like(r.err, "another message under its number", "which is told, too")
    one.data = was
    s.on_command = lambda _, verb, args: b"TAG NO not today\r\n" \
        if verb == "UID FETCH" else None
    r = u.sync("body", f[1], f[2], proxy=s)
    is_(mails(u), before, "refused: nothing is changed")
    like(r.err, "bodies: not today", "in the server's words")
    s.on_command = None
    s.box("INBOX").uidvalidity += 1
    r = u.sync("body", f[2], proxy=s)
    is_((r.status, mails(u)), (75, before), "other numbers: no body")
    like(r.err, "its UIDs have changed: a run", "and what to do")
    s.box("INBOX").uidvalidity -= 1
    u.runs("as it was", "body", *f.values(), proxy=s)
    is_([is_stub(f) for f in files(u).values()], [False] * 3, "all have come")
    f = files(u)
    with open(f[2], "wb") as g:
        g.write(mail(8))
    os.utime(f[2], (1, 1))
    r = u.sync(*TRIM, proxy=s)
    is_((r.status, [n for n, f in files(u).items() if is_stub(f)],
         read(files(u)[2])), (65, [1, 3], mail(8)),
        "what has another header keeps its body")
    like(r.err, "its header is not that of its message", "and why")


@scenario
def gone_meanwhile():
    """A stub is deleted, and something comes, while its body does."""
    if not shutil.which("strace"):
        return ok(True, "gone meanwhile # SKIP no strace")
    u = lab.user()
    u.far.appends("INBOX", [mail(n) for n in range(1, 4)], r"\Seen")
    u.far.store("INBOX", "2", r"+FLAGS (\Flagged)")
    u.runs("headers", *HEADERS)
    path = u.near.path("INBOX")
    p = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2",
         "-e", "inject=renameat2:delay_enter=4000000:when=1"] +
        u.words(*HEADERS, "--bodies", "full:flagged"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env=dict(os.environ, HOME=u.dir))
    while p.poll() is None and not [f for f in os.listdir(path + "/tmp")
                                    if ".body." in f]:
        time.sleep(0.02)
    time.sleep(0.5)
    u.near.remove("INBOX", "number 2")
    u.near.deliver("INBOX", mail(9), "S")
    said = p.communicate()[1].decode()
    like(said, "removed or moved meanwhile", "it is told")
    u.sync(*HEADERS)
    is_(sorted(m.subject for m in u.far.messages("INBOX")),
        ["number 1", "number 3", "number 9"],
        "both changes are on the server after the next run")
    u.runs("once more", *HEADERS)


done()
