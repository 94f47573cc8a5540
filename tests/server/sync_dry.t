#!/usr/bin/env python3
"""imapsync -n: the same acts, the same words and the same exit status as the
run that follows, whatever a run holds back or refuses."""
from synclab import *

lab = up()


def foretold(u, name, *args, status):
    """-n touches nothing; it does, says and ends as the run after it."""
    before, far = u.near.tree(), canon(u.far.all())
    n = u.sync("-n", "-j", *args)
    clean = u.near.tree() == before and canon(u.far.all()) == far
    ok(clean, name + ": -n touches nothing")
    r = u.sync("-j", *args)
    is_((n.status, r.status), (status, status), name + ": the exit status")
    is_(sorted(n.err.splitlines()), sorted(r.err.splitlines()),
        name + ": the messages")
    plan, run = n.acts("plan"), [x for x in r.acts("done")
                                 if x[:2] != ("fetch", "Trash")]
    is_(plan, run, name + ": the acts")
    return r


def filled(n=30):
    u = lab.user()
    u.far.create("Arch")
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, n + 1)])
    u.far.append("Arch", mail(99), r"\Seen")
    u.sync()
    u.sync()
    return u


@scenario
def a_brake():
    u = filled()
    for i in range(1, 16):
        u.near.remove("INBOX", "number %d" % i)
    u.near.deliver("Arch", mail(50), "S")
    foretold(u, "15 of 30 are gone", status=75)
    foretold(u, "they may go", "--allow-deletes", "15", status=0)
    is_(len(u.far.messages("INBOX")), 15, "they are gone")


@scenario
def the_only_copy():
    """Saved into a folder that is not synced, or whose upload is refused."""
    u = filled()
    u.near.make("Private")
    u.near.move("INBOX", "number 1", "Private")
    u.near.deliver("Arch", open(u.near.file("INBOX", "number 2"),
                                "rb").read(), "S")
    u.near.remove("INBOX", "number 2")
    u.near.remove("INBOX", "number 3")
    foretold(u, "one is in a folder that is left out", "--patterns",
             "* !Private", status=75)
    is_([m.subject for m in u.far.messages("INBOX")][:2],
        ["number 1", "number 4"], "that one stays, the others go")


@scenario
def moved_and_copied():
    """Nothing is held back that a run would have in its place by then."""
    u = filled()
    u.near.make("New")
    u.near.move("INBOX", "number 1", "Arch")
    u.near.move("INBOX", "number 2", "New")
    u.near.deliver("New", open(u.near.file("INBOX", "number 3"),
                               "rb").read(), "S")
    u.near.remove("INBOX", "number 3")
    foretold(u, "moved, and saved as a copy", status=0)
    u.same("that is done")


@scenario
def refused():
    """Files that no server is asked to take."""
    u = filled()
    u.near.deliver("Arch", b"", "S", name="empty")
    u.near.deliver("Arch", mail(60), "S", name="twin")
    u.near.deliver("Arch", mail(60), "FS", name="twin")
    u.near.deliver("Arch", mail(61), "S")
    foretold(u, "an empty file, and two of one name", status=65)


@scenario
def folders_that_go():
    how = ("--folders", "delete")
    u = filled()
    u.far.create("Old", "Full", "Kept", "a", "b", "c", "d", "e")
    u.far.appends("Full", [mail(i) for i in range(200, 211)])
    u.far.append("Kept", mail(300))
    u.far.append("Old", mail(301))
    u.sync(*how)
    u.far.do('DELETE "Full"')
    shutil.rmtree(u.near.path("Old"))
    foretold(u, "gone for the first time", *how, status=0)
    foretold(u, "gone for the second time", *how, status=75)
    ok("Old" not in u.far.boxes(), "one was removed")
    is_(len(u.near.messages("Full")), 11, "one has too many messages")


done()
