#!/usr/bin/env python3
"""imapsync --subscribed, and what list says of sizes."""
from synclab import *

lab = up()
USUAL = ("Drafts", "Junk", "Sent", "Trash")	# subscribed by themselves


def subscribe(u, *names, un=False):
    u.far.do(*("%sSUBSCRIBE %s" % ("UN" * un, quote(n)) for n in names))


def filled():
    u = lab.user()
    subscribe(u, "INBOX", un=True)
    u.far.create("a", "a/b", "Entwürfe")
    for i, b in enumerate(("INBOX", "a", "a/b", "Entwürfe")):
        u.far.append(b, mail(i + 1), r"\Seen")
    subscribe(u, "a/b", "Entwürfe")
    return u


@scenario
def subscribed():
    """By LIST, and by LSUB where LIST cannot tell."""
    for hide in ((), ("LIST-EXTENDED", "LIST-STATUS")):
        u = filled()
        name = "without " + " ".join(hide) if hide else "LIST"
        p = u.proxy(hide=hide)
        r = u.runs(name + ": the first run", "--subscribed", proxy=p)
        is_([b for b in u.near.boxes() if b not in USUAL],
            ["Entwürfe", "INBOX", "a/b"], name + ": those and the inbox")
        is_(any("LSUB" in c for c in p.commands), bool(hide),
            name + ": LSUB only where it must be")
        subscribe(u, "a/b", un=True)
        u.near.deliver("a/b", mail(10), "S")
        u.near.make("Mine")
        u.near.deliver("Mine", mail(11), "S")
        for _ in range(3):
            u.runs(name + ": one is no more", "--subscribed", "--folders",
                   "delete", proxy=u.proxy(hide=hide))
        is_(len(u.near.messages("a/b")), 2, name + ": its Maildir stays")
        is_(len(u.far.messages("a/b")), 1, name + ": and the mailbox, apart")
        is_(len(u.far.messages("Mine")), 1,
            name + ": what is new here is made there, and stays in step")
        os.rename(u.near.path("Mine"), u.near.path("Own"))
        u.runs(name + ": renamed here", "--subscribed",
               proxy=u.proxy(hide=hide))
        u.near.deliver("Own", mail(12), "S")
        u.runs(name + ": still in step", "--subscribed",
               proxy=u.proxy(hide=hide))
        is_(len(u.far.messages("Own")), 2, name + ": under its new name")
        u.runs(name + ": all of them")
        u.same(name + ": both are equal")


@scenario
def left_out():
    """A message that was moved into one that is not subscribed stays."""
    u = filled()
    u.runs("a first run", "--subscribed")
    u.near.make("a")
    u.near.move("INBOX", "number 1", "a")
    r = u.sync("--subscribed")
    is_((r.status, len(u.far.messages("INBOX"))), (75, 1), "it stays there")
    like(r.err, r"folder that is not synced \(a\)", "which is said")
    u.runs("once", "--subscribed")


@scenario
def sizes():
    u = filled()
    size = len(wire(mail(1)))
    r = u.sync("--subscribed", "list")
    lines = [re.sub(" +", " ", x).strip() for x in r.out.splitlines()]
    is_((r.status, r.err), (0, ""), "list")
    ok("1 %d - INBOX: not here yet, INBOX" % size in lines, "with sizes",
       r.out)
    ok(any(re.fullmatch(r"1 \d+ - a: not synced", x) for x in lines),
       "one is not subscribed", r.out)
    p = u.proxy(hide=("STATUS=SIZE", "LIST-STATUS"))
    r = u.sync("list", proxy=p)
    like(r.out, r"(?m)^ +1 +\? - +INBOX: ", "a size that is not known")
    ok(not any("SIZE" in c for c in p.commands), "is not asked for")
    r = u.sync("-j", "list", proxy=p)
    is_([e["size"] for e in r.events if e["box"] == "INBOX"], [None],
        "-j: null")
    r = u.sync("-j", "list", proxy=u.proxy(hide=("LIST-STATUS",)))
    is_([e["size"] for e in r.events if e["box"] == "INBOX"], [size],
        "-j: asked for by STATUS")
    p = u.proxy()
    u.sync("-n", proxy=p)
    ok(not any("SIZE" in c for c in p.commands),
       "a run does not ask", p.commands)


done()
