#!/usr/bin/env python3
"""imapsync trim: bodies that need not be here any more."""
from synclab import *

lab = up()
TRIM = ("trim", "--bodies", "headers", "--bodies", "full:flagged")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def is_stub(data):
    return b"x-postbag=stub" in data[:100]


def stubs(u, box="INBOX"):
    return sorted(int(re.search(rb"^Subject: number (\d+)", read(f), re.M)[1])
                  for f in u.near.files(box) if is_stub(read(f)))


def there(u, box="INBOX"):
    return sorted(sha(m.body) for m in u.far.messages(box))


def account(n=6):
    u = lab.user()
    u.far.appends("INBOX", [mail(k, size=500) for k in range(1, n + 1)],
                  r"\Seen")
    u.runs("all of them")
    return u


@scenario
def trimmed():
    """By the rules, and back."""
    u = account()
    u.near.set("INBOX", "number 2", "FS")
    before = u.near.tree()
    r = u.sync("-n", *TRIM)
    is_((sorted(r.out.split("\n")[:-1]), u.near.tree()),
        (["trim INBOX %d" % n for n in (1, 3, 4, 5, 6)], before),
        "-n says what would be, and does nothing")
    was = {n: u.near.file("INBOX", "number %d" % n) for n in range(1, 7)}
    times = {n: int(os.stat(was[n]).st_mtime) for n in was}
    p = u.proxy()
    r = u.runs("bodies are trimmed", "-j", *TRIM, proxy=p)
    p.close()
    is_((stubs(u), r.summary["trimmed"]), ([1, 3, 4, 5, 6], 5),
        "all but the one that is flagged")
    unlike("\n".join(p.commands), r"BODY\.PEEK\[\]",
           "downloads that nobody has touched are not read again")
    e = next(e for e in r.events if e.get("act") == "trim")
    ok(e["path"] != e["was"], "an event has both paths", e)
    now = {n: u.near.file("INBOX", "number %d" % n) for n in range(1, 7)}
    is_([n for n in now if now[n] == was[n]], [2], "under other names")
    is_({n: int(os.stat(now[n]).st_mtime) for n in now}, times,
        "as old as they were")
    is_(there(u), sorted(sha(wire(mail(k, size=500))) for k in range(1, 7)),
        "the server has what it had")
    like(now[1], ":2,S$", "with their flags")
    u.runs("a run afterwards", "--bodies", "headers", "--bodies",
           "full:flagged")
    before = u.near.tree()
    u.runs("once more", *TRIM)
    is_(u.near.tree(), before, "does nothing")
    u.runs("bodies again", "--bodies", "full")
    u.same("both sides are the same")
    is_(sorted(sha(wire(read(f))) for f in u.near.files("INBOX")), there(u),
        "byte for byte")


@scenario
def not_proven():
    """What the server does not have as it is here keeps its body."""
    u = account()
    # written to, with another size, and with the same size and time
    f = u.near.file("INBOX", "number 1")
    with open(f, "ab") as g:
        g.write(b"mine\n")
    f = u.near.file("INBOX", "number 2")
    data = read(f).replace(b"line of 2\n", b"line of X\n", 1)
    with open(f, "wb") as g:
        g.write(data)
    os.utime(f, (10**9, 10**9))		# whole seconds, as of a restored file
    f = u.near.file("INBOX", "number 6")
    last = read(f).replace(b"line of 6\n", b"line of X\n", 1)
    with open(f, "wb") as g:
        g.write(last)
    # sent by us: its name says nothing, its bytes do
    u.near.deliver("INBOX", mail(7, size=500), "S")
    # gone there
    u.sync()
    u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 3"))
    # touched alone
    os.utime(u.near.file("INBOX", "number 4"))
    r = u.sync(*TRIM)
    is_((r.status, stubs(u)), (65, [4, 5, 7]), "others are trimmed")
    is_(len(re.findall("it is not what the server has", r.err)), 3,
        "which is told of those that were written to", )
    ok(read(u.near.file("INBOX", "number 1")).endswith(b"mine\n"),
       "they are as they were")
    is_(read(u.near.file("INBOX", "number 2")), data, "the second")
    is_(read(u.near.file("INBOX", "number 6")), last, "and the third")
    is_(read(u.near.file("INBOX", "number 3")), mail(3, size=500),
        "and what the server has no more")
    is_(len(u.far.messages("INBOX")), 6, "it has all others")
    u.near.set("INBOX", "number 5", "RS")
    r = u.sync("trim")
    is_(r.status, 64, "without a rule it is a mistake")
    u.sync("--bodies", "headers")
    is_([sorted(m.flags) for m in u.far.messages("INBOX")
         if m.subject == "number 5"], [[r"\answered", r"\seen"]],
        "flags of a stub go on")


@scenario
def meanwhile():
    """Written to between the proof and the stub: it stays what it was."""
    u = account(5)
    f = {n: u.near.file("INBOX", "number %d" % n) for n in range(1, 6)}

    def touch(link, n, line):
        if "BODY.PEEK[HEADER]" not in line:
            return
        os.utime(f[2], (1, 1))
        was = os.stat(f[4]).st_mtime_ns		# of another size, as old as it was
        with open(f[4], "ab") as g:
            g.write(b"mine\n")
        os.utime(f[4], ns=(was, was))
        was = os.stat(f[5]).st_mtime_ns		# in the same second
        os.utime(f[5], ns=(was + 1, was + 1))
    p = u.proxy(on_command=touch)
    r = u.sync(*TRIM, proxy=p)
    ok((r.status, stubs(u)) == (75, [1, 3]) and
       r.err.count("changed meanwhile") == 3, "what changes is told, and keeps its body",
       (r.status, stubs(u), r.err))
    p.close()
    u.far.expunge("INBOX", "1:*")
    r = u.sync("--bodies", "headers", "--allow-deletes", "5")
    like(r.err, "INBOX: 2 messages are gone .* bodies were never here",
         "and is not told as one without a body when it is gone")


@scenario
def renumbered():
    """Other UIDs: nothing is trimmed until they are known."""
    u = account(3)
    u.far.create("Box")
    u.far.appends("Box", [mail(k, size=500) for k in range(1, 4)])
    u.runs("a folder more")
    time.sleep(1.1)
    u.far.do("DELETE Box", "CREATE Box")
    u.far.appends("Box", [mail(k, size=500) for k in (3, 1, 2)])
    r = u.sync(*TRIM)
    is_((r.status, stubs(u, "Box")), (75, []), "it is told")
    is_(stubs(u), [1, 2, 3], "other folders are trimmed")
    u.sync()
    u.runs("after a run", *TRIM)
    is_(stubs(u, "Box"), [1, 2, 3], "it is, too")


@scenario
def killed():
    """Stopped at any step there is one file: the message, or its stub."""
    if not shutil.which("strace"):
        return ok(True, "killed at each step # SKIP no strace")
    u = account(3)
    kills = 0
    want = there(u)
    # each step of each call is in tests/long/stubs.t
    for call in ("renameat2", "unlinkat", "fdatasync", "pwrite64"):
        for when in range(1, 4):
            u.sync("--bodies", "full")
            p = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
                 "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (
                     call, when)] + u.words(*TRIM),
                capture_output=True, stdin=subprocess.DEVNULL,
                env=dict(os.environ, HOME=u.dir))
            if p.returncode == 0:
                break
            kills += 1
            a = len(u.near.files("INBOX")) == 3 and all(
                is_stub(read(f)) or sha(wire(read(f))) in want
                for f in u.near.files("INBOX"))
            r = u.sync("--bodies", "headers")
            b = (r.status, r.err, there(u), len(u.near.files("INBOX"))) == (
                0, "", want, 3)
            r = u.sync("--bodies", "full")
            c = (r.status, r.err) == (0, "") and sorted(
                sha(wire(read(f))) for f in u.near.files("INBOX")) == want
            if not (a and b and c):
                ok(False, "killed at %s %d" % (call, when), (a, b, c, r.err))
    ok(kills > 4, "it was killed at each step", kills)
    u.sync("--bodies", "full")
    u.same("both sides are the same")


done()
