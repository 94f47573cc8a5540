#!/usr/bin/env python3
"""imapsync: a folder that is gone on one side, and each reason for which it
stays on the other one.  One decision a row; the server is in this program."""
from synclab import *

DELETE = ("--folders", "delete")


def account(*how, n=1, boxes=("Old", "Other", "Third", "Fourth")):
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
    u.box().add(wire(mail(1)))
    for i, b in enumerate(boxes):
        for k in range(n if b == "Old" else 1):
            u.box(b).add(wire(mail(100 * (i + 1) + k)), r"\Seen")
    u.sync(*how)
    u.sync(*how)
    return u


def here(u, name="Old"):
    return os.path.isdir(u.near.path(name) + "/cur")


def state_of(u, name):
    for d, _, names in os.walk(u.state):
        for f in names:
            with open(d + "/" + f, "rb") as g:
                if f.endswith(".st") and name.encode() in g.read()[:80]:
                    return d + "/" + f


def loses(u, *names):
    for b in names or ("Old",):
        u.lost = u.server.boxes.pop(b)


def removes(u, *names):
    for b in names or ("Old",):
        os.rename(u.near.path(b), u.dir + "/" + b)


def deliver(u):
    u.near.deliver("Old", mail(60), "S")


def lose_state(u):
    os.unlink(state_of(u, "Old"))


def back(u):
    """It is there, as it was, in a run between two that miss it."""
    u.server.boxes["Old"] = u.lost
    u.sync(*DELETE)
    loses(u)


@scenario
def gone_there():
    """What the second run does with a Maildir whose mailbox is gone."""
    for name, n, between, how, stays, status, said in (
            ("as it was", 1, None, (), False, 0, "^$"),
            ("a file came", 1, deliver, (), True, 75, "were never there"),
            ("its state is lost", 1, lose_state, (), True, 75,
             "were never there"),
            ("eleven files", 11, None, (), True, 75, "has 11 messages"),
            ("eleven may go", 11, None, ("--allow-deletes", "11"), False, 0,
             "^$"),
            ("ten files", 10, None, (), False, 0, "^$"),
            ("it was back meanwhile", 1, back, (), True, 0, "^$"),
            ("uploads alone", 1, None, ("--push", "--accept-mode"), True, 0,
             "^$")):
        u = account(n=n)
        loses(u)
        u.sync(*DELETE, *how)
        ok(here(u), name + ": one run is not enough")
        if between:
            between(u)
        r = u.sync(*DELETE, *how)
        is_((here(u), r.status), (stays, status), name + ": the second")
        like(r.err, said, name + ": what it says")
        is_(len(u.near.attic()), 0 if stays else n, name + ": in the attic")
        u.server.close()


@scenario
def expunged():
    u, how = account(), DELETE + ("--delete-near", "expunge")
    loses(u)
    u.sync(*how)
    u.sync(*how)
    is_((here(u), u.near.attic()), (False, []), "expunged: it is nowhere")
    u.server.close()


@scenario
def kept():
    """Without --folders delete it stays, and new files in it are told."""
    u = account()
    loses(u)
    for _ in range(2):
        u.runs("kept, without a word")
    deliver(u)
    for _ in range(2):
        r = u.sync()
        is_((r.status, "1 files here were never there" in r.err, here(u)),
            (75, True, True), "what came into it is told")
    u.server.close()


def comes(u):
    u.box("Old").add(wire(mail(61)))


def goes(u):
    u.box("Old").messages.pop()
    u.box("Old").touch()


def another(u):
    """As many messages with the same UIDs, and another UIDVALIDITY."""
    u.box("Old").uidvalidity += 1000


def exchanged(u):
    goes(u)
    comes(u)


def restored(u):
    os.rename(u.dir + "/Old", u.near.path("Old"))
    u.sync(*DELETE)
    removes(u)


@scenario
def gone_here():
    """What the second run does with a mailbox whose Maildir is gone."""
    for name, n, between, how, stays, status, said in (
            ("as it was", 2, None, (), False, 0, "^$"),
            ("mail came", 2, comes, (), True, 75, "never was here"),
            ("one is gone", 2, goes, (), True, 75, "never was here"),
            ("one is gone, one came", 2, exchanged, (), True, 75,
             "never was here"),
            ("another UIDVALIDITY", 2, another, (), True, 75,
             "never was here"),
            ("its state is lost", 2, lose_state, (), True, 75,
             "never was here"),
            ("eleven messages", 11, None, (), True, 75, "has 11 messages"),
            ("eleven may go", 11, None, ("--allow-deletes", "11"), False, 0,
             "^$"),
            ("it was back meanwhile", 1, restored, (), True, 0, "^$"),
            ("downloads alone", 1, None, ("--pull", "--accept-mode"), True,
             75, "nothing is deleted on the server")):
        u = account(n=n)
        removes(u)
        u.sync(*DELETE, *how)
        ok("Old" in u.server.boxes, name + ": one run is not enough")
        if between:
            between(u)
        r = u.sync(*DELETE, *how)
        is_(("Old" in u.server.boxes, r.status), (stays, status),
            name + ": the second")
        like(r.err, said, name + ": what it says")
        is_([x for x in u.server.heard if x.startswith("DELETE")],
            [] if stays else ['DELETE "Old"'], name + ": what it asks")
        u.server.close()


@scenario
def there_alone():
    """A message that was to be there alone stands for no Maildir."""
    u = account(n=2)
    os.unlink(u.near.file("Old", "number 100"))
    u.sync("--delete-far", "never")
    removes(u)
    u.sync(*DELETE)
    r = u.sync(*DELETE)
    is_((len(u.box("Old").messages), r.status), (2, 75),
        "one was there alone: it is kept")
    u.server.close()


@scenario
def here_alone():
    """Nor is a file that was to be here alone one of the mailbox."""
    u = account(n=2)
    u.box("Old").messages.pop()
    u.box("Old").touch()
    u.sync("--delete-near", "never")
    loses(u)
    u.sync(*DELETE)
    r = u.sync(*DELETE)
    is_((len(u.near.files("Old")), r.status), (2, 75),
        "one was here alone: it is kept")
    u.server.close()


@scenario
def sent_before():
    """The last run sent messages there, so that its numbers are older."""
    for name, between, stays in (("nothing else", None, False),
                                 ("mail came", comes, True),
                                 ("another UIDVALIDITY", another, True)):
        u = account()
        deliver(u)
        u.sync(*DELETE)
        removes(u)
        u.sync(*DELETE)
        if between:
            between(u)
        r = u.sync(*DELETE)
        is_(("Old" in u.server.boxes, r.status), (stays, 75 if stays else 0),
            "messages were sent, and %s" % name)
        u.server.close()


@scenario
def many():
    """Three of five at once are an accident, two are not."""
    for names, stays in ((("Old", "Other", "Third"), True),
                         (("Old", "Other"), False)):
        for lose in loses, removes:
            u = account()
            lose(u, *names)
            u.sync(*DELETE)
            r = u.sync(*DELETE)
            have = [here(u, b) if lose is loses else b in u.server.boxes
                    for b in names]
            is_(have, [stays] * len(names), "%d of five, %s: %s" % (
                len(names), lose.__name__, "kept" if stays else "gone"))
            ok(("so many folders" in r.err) == stays, "which is told", r.err)
            u.server.close()


@scenario
def new_ones():
    """What is made where it is missing, by --create."""
    for how, there, here_ in (((), True, True),
                              (("--create", "near"), False, True),
                              (("--create", "far"), True, False),
                              (("--create", "none"), False, False)):
        u = account()
        u.near.make("Mine")
        u.near.deliver("Mine", mail(70), "S")
        u.box("Theirs").add(wire(mail(71)))
        del u.server.heard[:]
        r = u.sync(*how)
        name = " ".join(how) or "by default"
        is_(("Mine" in u.server.boxes, here(u, "Theirs"), r.status),
            (there, here_, 0), "new folders %s" % name)
        is_([x.replace('"', "") for x in u.server.heard
             if re.match("CREATE|SUBSCRIBE", x)],
            ["CREATE Mine", "SUBSCRIBE Mine"] * there,
            "%s: and subscribed to" % name)
        u.server.close()


@scenario
def dry():
    """-n says it, and does not do it."""
    for lose in loses, removes:
        u = account()
        lose(u)
        u.sync(*DELETE)
        for _ in range(2):
            r = u.sync("-n", *DELETE)
            is_((r.status, "Old" in r.out, here(u), "Old" in u.server.boxes),
                (0, True, lose is loses, lose is removes),
                "-n, %s: said" % lose.__name__)
        u.sync(*DELETE)
        is_((here(u), "Old" in u.server.boxes), (False, False),
            "then done")
        u.server.close()


done()
