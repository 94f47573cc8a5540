#!/usr/bin/env python3
"""imapsync body: the message that is asked for, and what that costs."""
from synclab import *

lab = up()
HEADERS = ("--bodies", "headers")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def whole(u, box="INBOX"):
    return sorted(int(re.search(rb"^Subject: number (\d+)", read(f), re.M)[1])
                  for f in u.near.files(box)
                  if b"x-postbag=stub" not in read(f)[:100])


def account():
    u = lab.user()
    u.far.create("Box", "Box/Deep")
    u.far.appends("INBOX", [mail(n) for n in range(1, 7)])
    u.far.appends("Box/Deep", [mail(n, size=3000) for n in range(11, 14)])
    u.runs("headers", *HEADERS)
    return u


def printed(u, *args):
    p = subprocess.run(u.words("body", *args), capture_output=True,
                       stdin=subprocess.DEVNULL, env=dict(os.environ,
                                                          HOME=u.dir))
    return p.returncode, p.stdout, p.stderr.decode()


@scenario
def ways():
    """By Message-ID, by UID, by what the server finds."""
    u = account()
    u.runs("by Message-ID", "body", "--id", "<m12@example.org>")
    is_((whole(u), whole(u, "Box/Deep")), ([], [12]), "one has come")
    is_(read(u.near.file("Box/Deep", "number 12")), mail(12, size=3000),
        "with its bytes")
    u.runs("without <>, in one folder", "body", "--id", "m3@example.org",
           "--folder", "INBOX")
    u.runs("by UIDs", "body", "--folder", "INBOX", "--uid", "5:6,1")
    is_(whole(u), [1, 3, 5, 6], "they have come")
    u.runs("by a file of another folder", "body",
           u.near.file("Box/Deep", "number 13"))
    is_(whole(u, "Box/Deep"), [12, 13], "it has come")
    u.runs("by a search", "body", "--folder", "INBOX", "--search",
           "SUBJECT \"number 2\"")
    is_(whole(u), [1, 2, 3, 5, 6], "what was found has come")
    u.runs("in all folders", "body", "--search", "BODY line")
    is_((whole(u), whole(u, "Box/Deep")), ([1, 2, 3, 4, 5, 6], [11, 12, 13]),
        "all have come")
    u.runs("once more", "body", "--search", "ALL")
    u.sync(*HEADERS)
    u.same("both sides are the same")


@scenario
def shown():
    """To standard output."""
    u = account()
    def state():
        return {f: read(u.state + "/" + f) for f in os.listdir(u.state)
                if f != "lock"}
    before, known = u.near.tree(), state()
    f = u.near.file("INBOX", "number 4")
    is_(printed(u, "--print", f), (0, mail(4), ""), "a file's message")
    is_(printed(u, "--print", "--id", "m11@example.org"),
        (0, mail(11, size=3000), ""), "by Message-ID")
    is_(printed(u, "--print", "--folder", "INBOX", "--uid", "2"),
        (0, mail(2), ""), "by UID")
    r = printed(u, "--print", "--folder", "INBOX", "--uid", "1:3")
    is_(r[:2], (64, b""), "several are too many")
    now, after = u.near.tree(), state()
    is_({f: (before.get(f), now.get(f)) for f in {*before, *now}
         if before.get(f) != now.get(f)}, {}, "nothing is written here")
    is_([f for f in {*known, *after} if known.get(f) != after.get(f)], [],
        "or to the state")
    u.far.append("INBOX", mail(7))
    is_(printed(u, "--print", "--folder", "INBOX", "--uid", "7"),
        (0, mail(7), ""), "one that was never here")
    r = u.sync("body", "--folder", "INBOX", "--search", 'SUBJECT "number 7"')
    is_(r.status, 66, "without --print there is no place for it")
    like(r.err, "message 7 is not here", "which is told")
    r = u.sync("body", u.near.deliver("INBOX", mail(8)))
    is_(r.status, 65, "a file that was not sent yet has no body there")
    like(r.err, "no message on the server is known for it", "nor is it known")
    u.near.remove("INBOX", "number 8")
    u.near.make("Private")
    g = u.near.deliver("Private", read(f), "S")
    is_(printed(u, "--print", g), (0, mail(4), ""),
        "a copy in a folder that the base does not have")
    u.runs("the body of it", "body", f)
    is_(printed(u, "--print", u.near.file("INBOX", "number 4")),
        (0, mail(4), ""), "a file that is whole")
    u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 5"))
    r = printed(u, "--print", u.near.file("INBOX", "number 5"))
    is_(r[:2], (66, b""), "one that is gone there")
    u.far.do("DELETE Box/Deep")
    time.sleep(1.1)			# UIDVALIDITY is in seconds
    u.far.do("CREATE Box/Deep")
    u.far.append("Box/Deep", mail(11, size=3000))
    r = printed(u, "--print", u.near.file("Box/Deep", "number 11"))
    is_(r[:2], (75, b""), "one whose mailbox has other UIDs")
    like(r[2], "other UIDs", "which is told")


@scenario
def bad():
    """What cannot be asked for."""
    u = account()
    for args, status, why in (
            ((), 64, "FILEs as paths"),
            (("--id", "a b"), 64, "a Message-ID"),
            (("--id", 'a"b'), 64, "a Message-ID"),
            (("--uid", "1"), 64, "--folder"),
            (("--uid", "x", "--folder", "INBOX"), 64, "a set such as"),
            (("--uid", "1,,3", "--folder", "INBOX"), 64, "a set such as"),
            (("--uid", "1,2:3:4", "--folder", "INBOX"), 64, "a set such as"),
            (("--search", "ALL {3}"), 64, "a literal"),
            (("--search", "ALL\r\nx"), 64, "a control byte"),
            (("--search", "ALL", "--id", "x"), 64, "one of"),
            (("--print", "./a", "./b"), 64, "one message"),
            (("--folder", "INBOX", "./a"), 64, "--folder says where"),
            (("--uid", "", "--folder", "INBOX"), 64, "a set such as"),
            (("--id", ""), 64, "empty"),
            (("--id", "é"), 64, "a Message-ID"),
            (("--search", "x" * 4001), 64, "too long"),
            (("--id", "none@example.org"), 66, "no such message"),
            (("--folder", "None", "--uid", "1"), 66, "no such mailbox"),
            (("--folder", "INBOX", "--uid", "99"), 66, "no such message"),
            (("--folder", "INBOX", "--search", "BOGUS"), 64, "SEARCH")):
        r = u.sync("body", *args)
        ok(r.status == status, "body %s is %d" % (
            " ".join(args)[:30].replace("\r\n", " "), status),
           "%d %s" % (r.status, r.err))
        like(r.err, why, "which is told")
    f = u.near.file("INBOX", "number 6")
    os.unlink(f)
    r = u.sync("body", f)
    is_(r.status, 66, "a file that is gone")
    like(r.err, "there is no such file", "which is told")
    r = u.sync("--print")
    is_(r.status, 64, "--print means nothing without body")
    is_((whole(u), whole(u, "Box/Deep")), ([], []), "nothing has come")


@scenario
def cost():
    """One round trip a message, six from cold."""
    u = account()
    f = u.near.file("INBOX", "number 4")
    p = u.proxy()
    u.runs("one body, from cold", "--auth", "PLAIN", "body", f, proxy=p)
    p.close()
    link = p.links[0]
    said = link.commands
    # TCP, TLS 1.3, the greeting; nobody waits for LOGOUT's answer
    is_(said[-1], "LOGOUT", "the last burst is LOGOUT")
    ok(3 + link.turns - 1 <= 6, "six round trips, with TCP and TLS",
       (link.turns, said))
    unlike("\n".join(said), "LIST|STATUS", "no mailbox is listed")
    p = u.proxy()
    u.runs("four of them", "--auth", "PLAIN", "body", *[u.near.file("INBOX", "number %d" % n)
                                     for n in (1, 2, 3, 5)], proxy=p)
    p.close()
    ok(p.links[0].turns <= link.turns, "four cost no round trip more",
       (p.links[0].turns, p.links[0].commands))


@scenario
def printed_anyway():
    """Whatever is known here of the message, and of its mailbox."""
    u = lab.user()
    u.far.create("Box", "Out")
    u.far.appends("INBOX", [mail(1), mail(2)])
    u.far.append("Box", mail(3))
    u.far.append("Out", mail(4))
    ways = [(n, ("--print", "--id", "m%d@example.org" % n))
            for n in (1, 3, 4)] + [
        (2, ("--print", "--folder", "INBOX", "--uid", "2")),
        (4, ("--print", "--folder", "Out", "--uid", "1")),
        (4, ("--print", "--folder", "Out", "--search", "ALL"))]

    def all_of(name):
        for n, way in ways:
            got = printed(u, *way)
            is_((got[0], got[1].replace(b"\r", b""), got[2]),
                (0, mail(n), ""), "%s: %s" % (name, " ".join(way[1:])))
    all_of("no run yet")
    is_(u.near.boxes(), [], "nothing is made here")
    u.runs("some of them", "--patterns", "INBOX Box", *HEADERS)
    all_of("after a run")
    shutil.rmtree(u.state)
    all_of("a state that is lost")
    is_(printed(u, "--print", "--id", "m9@example.org")[0], 66,
        "one that is not there")


done()
