#!/usr/bin/env python3
"""imapsync --mirror-near: here becomes what is on the server, whatever was
done here; what is here alone goes to the attic."""
from synclab import *

lab = up()
MIRROR = "--mirror-near"


def filled(n=20, *how):
    u = lab.user()
    u.far.create("Arch")
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, n + 1)])
    u.far.append("Arch", mail(99), r"\Seen")
    u.runs("a first run", *how)
    return u


def subjects(u):
    """Of the files in the attic."""
    out = []
    for f in u.near.attic():
        with open(f, "rb") as g:
            out.append(int(re.search(rb"Subject: number (\d+)", g.read())[1]))
    return sorted(out)


@scenario
def undone():
    """All that can be done to messages here."""
    u = filled(20, MIRROR)
    before = canon(u.far.all())
    u.near.remove("INBOX", "number 1")
    u.near.move("INBOX", "number 2", "Arch")
    u.near.set("INBOX", "number 3", "FRT")
    u.near.set("INBOX", "number 4", "")
    u.near.set("INBOX", "number 5", u.near.letters("INBOX", ["work"]) + "S")
    u.near.deliver("INBOX", mail(50), "S")
    u.near.deliver("Arch", mail(51))
    u.plan_is_run("-n says it, and then it is so", MIRROR)
    u.same("here is as there")
    is_(canon(u.far.all()), before, "there is as it was")
    is_(subjects(u), [2, 50, 51], "what was here alone is in the attic")
    r = u.runs("once more", MIRROR, "-j")
    is_(r.acts("done"), [], "nothing is left to do")


@scenario
def expunged():
    """What was there goes for good; what was here alone does not."""
    u, how = Alone(), (MIRROR, "--delete-near", "expunge")
    for i in range(1, 5):
        u.box().add(wire(mail(i)))
    u.sync(*how)
    u.near.deliver("INBOX", mail(50), "S")
    u.near.make("Mine")
    u.near.deliver("Mine", mail(51), "S")
    del u.box().messages[1]
    u.box().touch()
    u.runs("expunged here", *how)
    is_((len(u.near.messages("INBOX")), subjects(u)), (3, [50, 51]),
        "what was here alone is in the attic")
    u.server.close()


@scenario
def both_at_once():
    """Changed on both sides: the server's counts."""
    u = filled(20, MIRROR)
    u.near.set("INBOX", "number 1", "FS")
    u.near.set("INBOX", "number 2", "")
    u.near.remove("INBOX", "number 3")
    u.near.remove("INBOX", "number 4")
    u.near.set("INBOX", "number 6", "F")
    u.far.do(r"UID STORE 1 +FLAGS.SILENT (\Answered)",
             r"UID STORE 2 +FLAGS.SILENT (work)",
             r"UID STORE 3 -FLAGS.SILENT (\Seen)",
             r"UID STORE 4,5 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 4,5",
             "UID MOVE 6,7 Arch", box="INBOX")
    u.far.append("INBOX", mail(60))
    u.runs("changed on both sides", MIRROR)
    u.same("here is as there")
    is_(subjects(u), [5], "what is gone there is in the attic")
    r = u.runs("once more", MIRROR, "-j")
    is_(r.acts("done"), [], "nothing is left to do")


@scenario
def cut():
    """What was removed here comes again, also if the first try was cut."""
    u = filled(20, MIRROR)
    for i in range(1, 16):
        u.near.remove("INBOX", "number %d" % i)
    p = u.proxy(cut_down=12000)
    u.sync(MIRROR, proxy=p)
    u.runs("then whole", MIRROR)
    u.same("here is as there")


@scenario
def brakes():
    """So much that is here alone is an accident; it is said, and stays."""
    u = filled(20, MIRROR)
    for i in range(50, 65):
        u.near.deliver("INBOX", mail(i), "S")
    u.near.set("INBOX", "number 3", "F")
    n = u.sync("-n", MIRROR)
    is_(n.status, 75, "-n says it")
    like(n.err, r"INBOX: so many .*15 of 20 .*--allow-deletes 15", "and why")
    r = u.sync(MIRROR)
    is_((r.status, r.err), (75, n.err), "the run says the same")
    is_((len(u.near.messages("INBOX")), u.near.attic()), (35, []),
        "all stay")
    u.runs("they may go", MIRROR, "--allow-deletes", "15")
    u.same("here is as there")
    is_(subjects(u), list(range(50, 65)), "they are in the attic")


@scenario
def folders():
    """Made here, renamed here, removed here."""
    u = lab.user()
    u.far.create("a", "b", "c", "d", "e", "f")
    u.far.appends("a", [mail(1), mail(2)])
    u.far.append("b", mail(3))
    u.runs("a first run", MIRROR)
    before = canon(u.far.all())
    os.rename(u.near.path("a"), u.near.path("A"))
    shutil.rmtree(u.near.path("b"))
    u.near.make("New")
    u.near.deliver("New", mail(40), "S")
    n = u.sync("-n", "-j", MIRROR)
    is_(n.status, 0, "-n says it")
    r = u.runs("folders that were changed here", MIRROR, "-j")
    is_(sorted((e["act"], e["box"]) for e in n.events if e["event"] == "plan"),
        sorted((e["act"], e["box"]) for e in r.events if e["event"] == "done"),
        "and the run does that")
    u.same("here is as there")
    is_(canon(u.far.all()), before, "there is as it was")
    is_(subjects(u), [1, 2, 40], "what they had is in the attic")
    u.near.make("Big")
    for i in range(50, 61):
        u.near.deliver("Big", mail(i), "S")
    r = u.sync(MIRROR)
    is_(r.status, 75, "one with eleven messages is kept")
    like(r.err, r"Big: it is not on the server.*11 messages", "it is said")
    is_(len(u.near.messages("Big")), 11, "and is there")
    shutil.rmtree(u.near.path("Big"))
    for i in range(5):
        u.near.make("New %d" % i)
        u.near.deliver("New %d" % i, mail(70 + i), "S")
    r = u.sync(MIRROR)
    is_((r.status, len(u.near.boxes())), (75, 16), "many folders are kept")


@scenario
def renumbered():
    """Other UIDs: what is found again stays, what is not goes, a run later."""
    u = filled(20, MIRROR)
    u.near.deliver("Arch", mail(70), "S")
    u.far.do('DELETE "Arch"', 'CREATE "Arch"')
    u.far.append("Arch", mail(99), r"\Seen")
    u.sync(MIRROR)
    u.runs("the next one", MIRROR)
    u.runs("the next one", MIRROR)
    u.same("here is as there")
    is_(70 in subjects(u), True, "the other one is in the attic")


@scenario
def never_unasked():
    """After another mode only when it is accepted."""
    u = filled()
    for was in ((), ("--pull",), ("--push",)):
        u.runs("first %s" % (was or "both ways",), *was, "--accept-mode")
        u.near.set("INBOX", "number 1", "F")
        tree = u.near.tree()
        for args in ((), ("-n",)):
            r = u.sync(MIRROR, *args)
            is_(r.status, 64, "then a mirror is refused %s" % (args,))
            like(r.err, r"from the server to a mirror here.*--accept-mode",
                 "it says why")
        is_(u.near.tree(), tree, "nothing is touched")
    u.runs("accepted", MIRROR, "--accept-mode")
    u.same("here is as there")
    u.runs("no more question", MIRROR)
    is_(u.sync("--push").status, 64, "--push after it is refused")
    u.runs("--pull is not", "--pull")


@scenario
def with_others():
    u = lab.user()
    for args in (("--pull",), ("--push",), ("--delete-near", "never"),
                 ("--delete-near", "mark"), ("--delete-far", "expunge")):
        is_(u.sync(MIRROR, *args).status, 64, "not with " + " ".join(args))


done()
