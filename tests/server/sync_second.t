#!/usr/bin/env python3
"""imapsync: where tests have one of a thing, here are two: of another kind, in
another folder, in another run."""
from synclab import *

COPIES = "UIDPLUS LITERAL+ LIST-STATUS ESEARCH"
EXPUNGE = ("--delete-far", "expunge")


def stands(u, name="INBOX"):
    return sorted(re.search(rb"Subject: (.*?)\r", m.data)[1].decode() +
                  "".join(" " + f for f in sorted(m.flags, key=str.lower))
                  for m in u.box(name).messages)


def here(u, name="INBOX"):
    return sorted(m.subject + "".join(" " + f for f in sorted(m.flags))
                  for m in u.near.messages(name))


def equal(u, name):
    near = {b: here(u, b) for b in u.near.boxes()}
    far = {b: [x.lower() for x in stands(u, b)] for b in u.server.boxes}
    is_(near, far, name + ": both sides are equal")


def rests(u, name, *how):
    for _ in range(3):
        r = u.sync("-j", *how)
    is_((r.status, r.err, r.acts("done")), (0, "", []), name + ": at rest")
    equal(u, name)


def account(caps, n=8, boxes=("Arch", "Other")):
    u = Alone(caps=caps)
    for i in range(1, n + 1):
        u.box().add(wire(mail(i)))
    for b in boxes:
        u.box(b)
    u.sync()
    u.sync()
    return u


@scenario
def two_moves():
    """To two folders, whose keywords have other letters, and of some of them
    the flags change, too."""
    for caps in (COPIES + " MOVE", COPIES, ""):
        u = account(caps)
        name = caps.split()[-1] if caps else "little"
        n = 50
        for box, words in (("INBOX", ("one", "two", "three two")),
                           ("Arch", ("three", "one")),
                           ("Other", ("two", "one"))):
            for x in words:		# the letters are given in this order
                n += 1
                u.box(box).add(wire(mail(n)), x)
                u.sync()
        equal(u, name + ", keywords")
        del u.server.heard[:]
        u.near.set("INBOX", "number 53",
                   u.near.letters("INBOX", [r"\seen", "three", "two"]))
        for i, to in (51, "Arch"), (52, "Other"), (53, "Arch"), (4, "Other"):
            p = u.near.file("INBOX", "number %d" % i)
            letters = u.near.letters(to, u.near.flags("INBOX", p))
            os.rename(p, u.near.path(to) + "/cur/" + os.path.basename(
                p).partition(":2,")[0] + ":2," + letters)
        u.sync(*EXPUNGE)
        does = [x.split()[-1] for x in u.server.heard
                if re.match("UID (MOVE|COPY)", x)]
        is_(sorted(does), ['"Arch"', '"Other"'],
            name + ": a command for each folder, in one run")
        u.sync(*EXPUNGE)
        is_([stands(u, b) for b in ("Arch", "Other")],
            [["number 51 one", r"number 53 \Seen three two",
              "number 54 three", "number 55 one"],
             ["number 4", "number 52 two", "number 56 two", "number 57 one"]],
            name + ": two moves each to two folders, with what they have")
        if caps:
            rests(u, name, *EXPUNGE)
        u.server.close()


@scenario
def moves_from_two():
    """Moves from two folders, of which the first one is refused."""
    u = account(COPIES + " MOVE")
    u.box("Arch").add(wire(mail(60)))
    u.box("Arch").add(wire(mail(61)))
    u.runs("one more")
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO never\r\n" if verb == "UID MOVE" and \
        session.box.name == "INBOX" else None
    u.near.move("INBOX", "number 1", "Other")
    u.near.move("INBOX", "number 2", "Arch")
    u.near.move("Arch", "number 60", "Other")
    r = u.sync(*EXPUNGE)
    is_(r.status, 75, "the first ones are refused")
    ok("number 60" in stands(u, "Other"), "the other one is done")
    ok({"number 1", "number 2"} <= set(stands(u)), "those stay")
    u.server.on_command = None
    rests(u, "moves from two", *EXPUNGE)
    is_(sorted(stands(u, "Other") + stands(u, "Arch")),
        ["number 1", "number 2", "number 60", "number 61"], "once each")


@scenario
def one_of_two_folders():
    """One of two moves of a folder is refused: it is no upload."""
    u = account(COPIES + " MOVE")
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO never\r\n" if verb == "UID MOVE" and "Other" in args else \
        None
    u.near.move("INBOX", "number 1", "Arch")
    u.near.move("INBOX", "number 2", "Other")
    r = u.sync(*EXPUNGE)
    is_((r.status, stands(u, "Arch"), stands(u, "Other")),
        (75, ["number 1"], []), "one is done")
    ok(not [x for x in u.server.heard if x.startswith("APPEND")],
       "the other one is not uploaded", u.server.heard)
    u.server.on_command = None
    rests(u, "one of two", *EXPUNGE)
    is_(stands(u, "Other"), ["number 2"], "it is moved then")


@scenario
def answers_lost():
    """The answer to a MOVE of two with keywords is lost."""
    u = Alone(caps=COPIES + " MOVE CONDSTORE ENABLE")
    for box, words in (("INBOX", ("one", "two", "three")),
                       ("Arch", ("three", "two", "one"))):
        for n, x in enumerate(words):
            u.box(box).add(wire(mail(n + 10 * len(box))), x)
            u.sync()
    u.sync()

    def on_command(session, verb, args):
        if verb == "UID MOVE":
            session.do_uid_move(args, [])
            return "close"
    u.server.on_command = on_command
    for n in (50, 51):
        p = u.near.file("INBOX", "number %d" % n)
        letters = u.near.letters("Arch", u.near.flags("INBOX", p))
        os.rename(p, u.near.path("Arch") + "/cur/" + os.path.basename(
            p).partition(":2,")[0] + ":2," + letters)
    is_(u.sync(*EXPUNGE).status, 75, "the answer is lost")
    u.server.on_command = None
    for m in u.box("Arch").messages[-2:]:	# and flags change there
        m.flags = {"new"}
        u.box("Arch").touch(m)
    rests(u, "an answer that is lost", *EXPUNGE)
    is_(stands(u, "Arch"), ["number 40 three", "number 41 two",
                            "number 42 one", "number 50 new",
                            "number 51 new"], "what changed there came here")


@scenario
def two_saved():
    """Of two equal messages one is saved elsewhere: it stands for one."""
    u = account(COPIES + " MOVE", boxes=("Arch",))
    twin = wire(mail(70))
    u.box().add(twin)
    u.box().add(twin)
    u.runs("twins")
    files = [f for f in u.near.files("INBOX") if b"number 70" in
             open(f, "rb").read()]
    with open(files[0], "rb") as f:
        u.near.deliver("Arch", f.read(), "")
    for f in files:
        os.unlink(f)
    u.sync()
    u.sync()
    is_(stands(u, "Arch").count("number 70"), 1, "saved")
    marks = [m.flags for m in u.box().messages if b"number 70" in m.data]
    is_(len(marks), 1, "one was saved, and is expunged; the other is marked")
    is_(marks[:1], [{r"\Deleted"}], "as there is no trash")


@scenario
def two_trashed():
    """Copied to the trash by COPY from two folders under one UID and one
    UIDVALIDITY, and not taken out of one."""
    u = account(COPIES, boxes=("Trash", "Arch"))
    for b in ("INBOX", "Arch"):
        u.box(b).uidvalidity = 77
    for i in range(11, 16):
        u.box("Arch").add(wire(mail(i)))
    u.sync()
    u.sync()
    rests(u, "before")
    u.near.remove("INBOX", "number 3")
    u.server.on_command = lambda session, verb, args: \
        b"TAG OK done\r\n" if verb in ("UID EXPUNGE", "UID STORE") else None
    is_(u.sync().status, 75, "it is copied, and no more")
    is_(stands(u, "Trash"), ["number 3"], "it is in the trash")
    u.server.on_command = None
    u.near.remove("Arch", "number 13")
    u.sync()
    rests(u, "two folders")
    is_(stands(u, "Trash"), ["number 13", "number 3"], "both are, once")


@scenario
def two_held():
    """Two with one Message-ID and one file that is nowhere there."""
    u = account(COPIES + " MOVE", boxes=("Arch",))
    for n in (1, 2):
        u.box().add(wire(mail(80)).replace(b"line of 80", b"text of %d" % n))
    u.runs("two with one Message-ID")
    files = [f for f in u.near.files("INBOX") if b"number 80" in
             open(f, "rb").read()]
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO never\r\n" if verb in ("APPEND", "UID MOVE") else None
    with open(files[0], "rb") as f:
        u.near.deliver("Arch", f.read() + b"changed\n", "")
    for f in files:
        os.unlink(f)
    r = u.sync(*EXPUNGE)
    is_(r.status, 75, "it cannot be uploaded")
    is_(stands(u).count("number 80"), 2, "neither is expunged")
    u.server.on_command = None
    u.sync(*EXPUNGE)
    u.sync(*EXPUNGE)
    ok("number 80" in stands(u, "Arch"), "then it is there")


@scenario
def two_stubs():
    """Two copies of one header without its body."""
    u, how = Alone(caps=COPIES), ("--bodies", "headers")
    for i in range(1, 4):
        u.box().add(wire(mail(i)))
    u.box("Arch")
    u.sync(*how)
    u.sync(*how)
    for name in ("number 1", "number 1", "number 2"):
        with open(u.near.file("INBOX", name), "rb") as f:
            u.near.deliver("Arch", f.read(), "")
    u.sync(*how)
    u.sync(*how)
    is_(stands(u, "Arch"), ["number 1", "number 1", "number 2"],
        "are copied each")
    rests(u, "two stubs", *how)


@scenario
def attic_names():
    """Four files of one name, one after the other."""
    u = account(COPIES + " MOVE", n=0, boxes=())
    u.near.make("INBOX")
    for i in range(1, 5):
        u.near.deliver("INBOX", mail(i), "S", name="the-same")
        u.runs("number %d" % i)
        u.box().messages.clear()
        u.box().touch()
        u.box().add(wire(mail(90 + i)))	# no empty folder: no brake
        u.runs("it is gone there", "--allow-deletes", "9")
    kept = sorted(re.search(rb"Subject: (.*)", open(f, "rb").read())[1]
                  for f in u.near.attic() if "the-same" in f)
    is_(kept, [b"number %d" % i for i in range(1, 5)], "all are in the attic")


done()
