#!/usr/bin/env python3
"""imapsync: decisions about one message, one by one, each where a line that is
the other way round would be seen.  The server is in this program."""
from synclab import *
from imapmem import expand, ranges  # noqa: E402

CAPS = "UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH CONDSTORE ENABLE"


def account(n=3, caps=CAPS, boxes=("Arch",), how=()):
    u = Alone(caps=caps)
    for i in range(1, n + 1):
        u.box().add(wire(mail(i)))
    for b in boxes:
        u.box(b)
    u.sync(*how)
    u.sync(*how)
    return u


def stands(u, name="INBOX"):
    return sorted(re.search(rb"Subject: (.*?)\r", m.data)[1].decode() +
                  "".join(" " + f for f in sorted(m.flags, key=str.lower))
                  for m in u.box(name).messages)


def here(u, name="INBOX"):
    return sorted(m.subject + "".join(" " + f for f in sorted(m.flags))
                  for m in u.near.messages(name))


def flag_there(u, i, *flags):
    m = u.box().messages[i]
    m.flags = set(flags)
    u.box().touch(m)


def gone_there(u, i):
    del u.box().messages[i]
    u.box().touch()


def rests(u, name, *how):
    for _ in range(2):
        r = u.sync("-j", *how)
    is_((r.status, r.err, r.acts("done")), (0, "", []), name + ": at rest")
    u.server.close()


# ---- flags

@scenario
def both_and_refused():
    """Flags changed on both sides, and the STORE is refused."""
    for here_, there, want in (("S", r"\Flagged", r"\Flagged \Seen"),
                               ("", r"\Flagged", r"\Flagged")):
        u = account()
        u.near.set("INBOX", "number 1", "RS")
        u.sync()
        u.near.set("INBOX", "number 1", here_)
        flag_there(u, 0, r"\Answered", r"\Seen", there)
        u.server.on_command = lambda session, verb, args: \
            b"TAG NO never\r\n" if verb == "UID STORE" else None
        is_(u.sync().status, 75, "a STORE is refused")
        u.server.on_command = None
        u.sync()
        is_((stands(u)[0], here(u)[0]), ("number 1 " + want,
                                         "number 1 " + want.lower()),
            "both sides have what both did")
        rests(u, "flags of both sides")


@scenario
def moved_and_flagged():
    """Moved there, and flagged here: one run does both."""
    u = account()
    m = u.box().messages.pop(0)
    u.box().touch()
    u.box("Arch").add(m.data)
    u.near.set("INBOX", "number 1", "F")
    u.sync()
    is_((here(u, "Arch"), stands(u, "Arch")),
        ([r"number 1 \flagged"], [r"number 1 \Flagged"]), "moved and flagged")
    rests(u, "moved and flagged")


# ---- deletions here

@scenario
def purge_here():
    """--purge-marked near, by each way to delete here."""
    for how in ("attic", "expunge", "mark"):
        u, name = account(), "purged here, --delete-near " + how
        opts = ("--delete-near", how, "--purge-marked", "near")
        u.near.set("INBOX", "number 1", "T")
        u.sync(*opts)
        u.sync(*opts)
        is_((here(u), stands(u)[0], len(u.near.attic())),
            (["number 2", "number 3"], r"number 1 \Deleted", 1), name)
        rests(u, name + ", not fetched again", *opts)


@scenario
def marked_here():
    """--delete-near mark: the file is nobody's then."""
    u, how = account(), ("--delete-near", "mark")
    gone_there(u, 0)
    for _ in range(3):
        u.sync(*how)
    is_((here(u)[0], stands(u)), (r"number 1 \deleted",
                                  ["number 2", "number 3"]),
        "marked here, and not uploaded")
    r = u.sync("--purge-marked", "near", *how)
    is_((here(u), len(u.near.attic())), (["number 2", "number 3"], 1),
        "until it is purged")
    rests(u, "marked here", *how)


@scenario
def unmarked():
    """Marked on both sides, gone there, and not marked here any more: it is a
    new file, which the same run uploads."""
    u = account()
    u.near.set("INBOX", "number 1", "T")
    u.sync()
    u.near.set("INBOX", "number 1", "")
    gone_there(u, 0)
    u.sync()
    is_(stands(u), ["number 1", "number 2", "number 3"], "it is there again")
    rests(u, "not marked any more")


@scenario
def purge_refused():
    """A purge that is refused keeps no other deletion back."""
    u = account()
    u.near.set("INBOX", "number 1", "T")
    u.sync()
    gone_there(u, 1)
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO never\r\n" if verb == "UID EXPUNGE" else None
    r = u.sync("--purge-marked", "both")
    is_((r.status, here(u)), (75, [r"number 1 \deleted", "number 3"]),
        "what was gone there is gone here")
    u.server.close()


# ---- deletions there

@scenario
def into_trash():
    """What is deleted here is in the trash on both sides by one run."""
    for caps in CAPS, CAPS.replace("MOVE ", ""):
        u = account(caps=caps, boxes=("Trash",))
        u.near.remove("INBOX", "number 1")
        u.sync()
        is_((stands(u, "Trash"), here(u, "Trash")),
            (["number 1"], ["number 1"]), "in the trash on both sides")
        rests(u, "into the trash")


@scenario
def mark_is_a_mark():
    """--unsafe-expunge is for those that were to be expunged."""
    for how, left in (("mark --unsafe-expunge", 3), ("expunge", 3),
                      ("expunge --unsafe-expunge", 2)):
        u = account(caps="LITERAL+ LIST-STATUS")
        u.server.on_command = lambda session, verb, args: (
            session.drop({m.uid for m in session.box.messages
                          if r"\Deleted" in m.flags}, session.box),
            b"TAG OK done\r\n")[1] if verb == "EXPUNGE" else None
        u.near.remove("INBOX", "number 1")
        u.sync("--delete-far", *how.split())
        is_(len(stands(u)), left, "--delete-far %s: %d left" % (how, left))
        u.server.close()


@scenario
def others_marks():
    """Nothing is expunged with what somebody else has marked."""
    u = account(caps="LITERAL+ LIST-STATUS")
    flag_there(u, 2, r"\Deleted")
    u.sync()
    u.near.remove("INBOX", "number 1")
    u.sync("--delete-far", "expunge", "--unsafe-expunge")
    ok("EXPUNGE" not in u.server.heard and len(stands(u)) == 3,
       "another's mark: no EXPUNGE", u.server.heard)
    u.server.close()


# ---- uploads

@scenario
def untrue_uids():
    """APPENDUID names what cannot be: who is who is asked for."""
    for name, lie in (("another UIDVALIDITY", lambda v, n: (v + 1, n + 7)),
                      ("one that was there", lambda v, n: (v, 2)),
                      ("one that is gone", lambda v, n: (v, 1)),
                      ("two for one", lambda v, n: (v, "%d:%d" % (n + 7,
                                                                 n + 8)))):
        u = account()
        gone_there(u, 0)
        u.sync()
        u.server.on_say = lambda session, data: re.sub(
            rb"APPENDUID (\d+) (\d+)", lambda m: b"APPENDUID %s %s" % tuple(
                str(x).encode() for x in lie(int(m[1]), int(m[2]))), data)
        u.near.deliver("INBOX", mail(50), "S")
        u.sync()
        u.server.on_say = None
        u.near.set("INBOX", "number 50", "FS")
        u.sync()
        is_((here(u), stands(u)),
            (["number 2", "number 3", r"number 50 \flagged \seen"],
             ["number 2", "number 3", r"number 50 \Flagged \Seen"]),
            "APPENDUID, %s: the flag goes to its message" % name)
        is_(len(u.near.attic()), 1, "and no file was taken for gone")
        rests(u, "APPENDUID, " + name)


@scenario
def sizes():
    """Of exactly APPENDLIMIT, and one more."""
    size = len(wire(mail(50)))
    for limit, status, n in (size, 0, 4), (size - 1, 65, 3):
        u = account(caps=CAPS + " APPENDLIMIT=%d" % limit)
        u.near.deliver("INBOX", mail(50), "S")
        r = u.sync()
        is_((r.status, len(stands(u))), (status, n),
            "%d bytes, at most %d" % (size, limit))
        u.server.close()


@scenario
def too_big():
    """Refused for good, or for now: the status tells."""
    for code, status in (("[TOOBIG] no", 65), ("[OVERQUOTA] no", 75),
                         ("too big", 75)):
        u = account()
        u.near.deliver("INBOX", mail(50), "S")
        u.server.on_command = lambda session, verb, args: \
            b"TAG NO " + code.encode() + b"\r\n" if verb == "APPEND" else None
        is_(u.sync().status, status, "APPEND: " + code)
        u.server.close()


@scenario
def twins():
    """Two files of one name but for their flags: one is sent, the other told,
    by -n, too."""
    u = account()
    u.near.deliver("INBOX", mail(50), "S", name="same")
    u.near.deliver("INBOX", mail(51), "F", name="same")
    n = u.sync("-n")
    r = u.sync()
    is_((n.status, n.err, n.out.count("push")), (r.status, r.err, 1),
        "-n says the same")
    is_((r.status, len(stands(u))), (65, 4), "one of two is sent")
    like(r.err, "another file has this name", "which is told")
    u.server.close()


@scenario
def group():
    """Of several in one command one is refused: the others go."""
    u = account(caps=CAPS + " MULTIAPPEND")
    for i in range(50, 54):
        u.near.deliver("INBOX", mail(i), "S")
    seen = []

    def on_command(session, verb, args):
        if verb == "APPEND":
            seen.append(args)
            if len(seen) in (1, 3):
                return b"TAG NO one of them\r\n"
        return None
    u.server.on_command = on_command
    r = u.sync()
    is_((r.status, len(seen), len(stands(u)), r.err.count("one of them")),
        (75, 5, 6, 1), "three of four")
    u.server.on_command = None
    u.sync()
    is_(len(stands(u)), 7, "then the fourth")
    rests(u, "one of a group")


# ---- moves

def base_of(u, subject):
    return os.path.basename(u.near.file("INBOX", subject)).partition(":2,")[0]


@scenario
def moved_and_flagged_there():
    """Moved here, and flagged there."""
    u = account()
    u.near.move("INBOX", "number 1", "Arch")
    flag_there(u, 0, r"\Flagged")
    u.sync()
    u.sync()
    is_((stands(u, "Arch"), here(u, "Arch")),
        ([r"number 1 \Flagged"], [r"number 1 \flagged"]),
        "both sides have the flag")
    rests(u, "moved here, flagged there")


@scenario
def moved_and_removed():
    """Of two equal messages one is moved, and one removed: on either side."""
    for side in "here", "there":
        u = account(boxes=("Arch", "Trash"))
        u.box().add(wire(mail(1)))
        u.sync()
        if side == "here":
            u.near.move("INBOX", "number 1", "Arch")
            u.near.remove("INBOX", "number 1")
        else:
            twins = [m for m in u.box().messages if b"number 1\r" in m.data]
            u.box("Arch").add(twins[0].data)
            u.box().messages[:] = [m for m in u.box().messages
                                   if m not in twins]
            u.box().touch()
        u.sync()
        u.sync()
        for at in stands, here:
            is_([at(u, b) for b in ("INBOX", "Arch", "Trash")],
                [["number 2", "number 3"], ["number 1"],
                 ["number 1"] * (side == "here")],
                "equal ones, %s: one moved, one removed" % side)
        is_(len(u.near.attic()), side == "there", "and none more is kept")
        rests(u, "equal ones, " + side)


@scenario
def not_moved_there():
    """Gone there, and in another folder one with the same header and size,
    but with other text: it is another one."""
    for date in ' 1-Jan-2024 10:00:00 +0000', ' 2-Feb-2024 11:00:00 +0000':
        u = account()
        data = u.box().messages[0].data
        u.box("Arch").add(data if date[1] == "1" else
                          data.replace(b"line", b"LINE"), date=date)
        gone_there(u, 0)
        del u.server.heard[:]
        u.sync()
        is_([m.body for m in u.near.messages("Arch")],
            [m.data for m in u.box("Arch").messages],
            "%s: here is what is there" % date)
        is_(len([x for x in u.server.heard if "BODY.PEEK[]" in x]),
            0 if date[1] == "1" else 2, "its bytes are asked for, or not")
        rests(u, "moved there or not")


@scenario
def name_in_the_way():
    """Moved there, and here another file has its name."""
    u = account()
    u.near.deliver("Arch", mail(50), "S", name=base_of(u, "number 1"))
    u.box("Arch").add(u.box().messages[0].data)
    gone_there(u, 0)
    u.sync()
    u.sync()
    is_((stands(u, "Arch"), here(u, "Arch")),
        (["number 1", r"number 50 \Seen"], ["number 1", r"number 50 \seen"]),
        "both are on both sides")
    rests(u, "a name in the way")


@scenario
def copied_in_place():
    """A file is written anew under another name in its own folder."""
    u = account(boxes=("Trash",))
    old = u.near.file("INBOX", "number 1")
    with open(old, "rb") as f:
        u.near.deliver("INBOX", f.read(), "S")
    os.unlink(old)
    u.sync()
    u.sync()
    ok(stands(u).count(r"number 1 \Seen") == 1 and
       [x[:8] for x in here(u)].count("number 1") == 1,
       "written anew: it is there once", (stands(u), here(u)))
    rests(u, "written anew")


# ---- what is here and not there

EXPUNGE = ("--delete-far", "expunge")


@scenario
def folder_refused():
    """Moved to a folder that the server does not make."""
    u = account()
    u.near.make("New")
    u.near.move("INBOX", "number 1", "New")
    u.near.remove("INBOX", "number 2")
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO never\r\n" if verb == "CREATE" else None
    for _ in range(2):
        u.sync(*EXPUNGE)
        is_(stands(u), ["number 1", "number 3"],
            "no such folder: what is in it here stays where it was")
    u.server.on_command = None
    u.sync(*EXPUNGE)
    u.sync(*EXPUNGE)
    is_((stands(u), stands(u, "New")), (["number 3"], ["number 1"]),
        "then it is moved")
    rests(u, "no such folder", *EXPUNGE)


def kept_of(u):
    """Its state, but for the lock, which is taken by -n, too."""
    return {f: os.stat(f).st_mtime_ns for d, _, v in os.walk(u.state)
            for f in (d + "/" + x for x in v if x != "lock")}


@scenario
def left_out():
    """Copied to a folder that is not synced: with a line more, or so long
    that CRLF counts, with the number that may go."""
    how = EXPUNGE + ("--patterns", "* !Aside")
    for name, change in (("as it was", lambda d: d),
                         ("a line more", lambda d: b"X-Seen: yes\n" + d),
                         ("lines less", lambda d: d.replace(
                             b"To: billy@johndoe.com\n", b""))):
        u = account(how=how)
        u.box().add(wire(mail(60) + b"x\n" * 5000))
        u.near.make("Aside")
        u.sync(*how)
        for s in "number 1", "number 60":
            with open(u.near.file("INBOX", s), "rb") as f:
                u.near.deliver("Aside", change(f.read()), "S")
            u.near.remove("INBOX", s)
        state = kept_of(u)
        n = u.sync("-n", *how)
        is_(kept_of(u), state, name + ": -n writes nothing down")
        r = u.sync("--allow-deletes", "1", *how)
        is_((len(stands(u)), r.status), (4, 75), name + ": both stay")
        like(r.err, "2 messages are not deleted", name + ": which is told")
        like(n.err, "2 messages are not deleted", name + ": by -n, too")
        u.runs(name + ": two may go", "--allow-deletes", "2", *how)
        is_(len(stands(u)), 2, name + ": and do")
        u.server.close()


@scenario
def saved_dry():
    """-n: what the run uploads first holds no deletion."""
    u = account()
    with open(u.near.file("INBOX", "number 1"), "rb") as f:
        u.near.deliver("Arch", f.read() + b"more\n", "S")
    u.near.remove("INBOX", "number 1")
    n, r = u.sync("-n", "-j", *EXPUNGE), u.sync("-j", *EXPUNGE)
    is_((n.status, n.err, n.acts("plan")), (r.status, r.err, r.acts("done")),
        "-n says what the run does")
    u.server.close()


@scenario
def too_large_dry():
    """-n: what cannot be uploaded holds a deletion, which is told."""
    u = account(caps=CAPS + " APPENDLIMIT=10")
    with open(u.near.file("INBOX", "number 1"), "rb") as f:
        u.near.deliver("Arch", f.read() + b"more\n", "S")
    u.near.remove("INBOX", "number 1")
    for how in EXPUNGE, EXPUNGE + ("-n",):
        r = u.sync(*how)
        is_((r.status, r.err.count("1 messages are not deleted")), (65, 1),
            "held, and told: " + " ".join(how))
    is_(len(stands(u)), 3, "it stays")
    u.server.close()


@scenario
def copy_in_lost_folder():
    """A copy of a message, in step, in a folder that is gone there since: what
    is removed elsewhere has no other copy there."""
    u = account()
    with open(u.near.file("INBOX", "number 1"), "rb") as f:
        u.near.deliver("Arch", f.read(), "S")
    u.sync()
    u.sync()
    u.server.boxes.pop("Arch")
    u.near.remove("INBOX", "number 1")
    u.near.remove("INBOX", "number 2")
    r = u.sync(*EXPUNGE)
    is_((r.status, stands(u)), (75, ["number 1", "number 3"]),
        "the last copy there stays")
    u.server.close()


# ---- brakes

@scenario
def purged_many():
    u, how = account(14), ("--purge-marked", "far")
    for i in range(1, 13):
        u.near.set("INBOX", "number %d" % i, "T")
    u.sync()
    r = u.sync(*how)
    is_((r.status, len(stands(u))), (75, 14), "a purge of twelve")
    like(r.err, "12 of 14 messages would be deleted on the server", "is told")
    u.runs("it may", "--allow-deletes", "12", *how)
    is_(len(stands(u)), 2, "they are gone")
    u.server.close()


@scenario
def brake_says_where():
    for side in "here", "on the server":
        u = account(14, how=EXPUNGE)
        if side == "here":
            del u.box().messages[:12]
            u.box().touch()
        else:
            for i in range(1, 13):
                u.near.remove("INBOX", "number %d" % i)
        r = u.sync(*EXPUNGE)
        like(r.err, "12 of 14 messages would be deleted %s;" % side,
             "a brake: " + side)
        u.server.close()


# ---- what is agreed

@scenario
def read_only():
    """A mailbox that keeps no flags gets nothing, until it does."""
    u = account()
    was = u.box().permanent
    u.box().permanent = ""
    u.near.set("INBOX", "number 1", "F")
    u.near.remove("INBOX", "number 2")
    u.near.deliver("INBOX", mail(50), "S")
    u.box().add(wire(mail(60)))
    for _ in range(2):
        u.sync(*EXPUNGE)
    is_((stands(u)[:3], "number 60" in here(u)),
        (["number 1", "number 2", "number 3"], True),
        "no flags are kept there: nothing is sent, all comes")
    u.box().permanent = was
    u.sync(*EXPUNGE)
    u.sync(*EXPUNGE)
    is_((stands(u), here(u)),
        ([r"number 1 \Flagged", "number 3", r"number 50 \Seen", "number 60"],
         [r"number 1 \flagged", "number 3", r"number 50 \seen", "number 60"]),
        "then all is done")
    rests(u, "no flags are kept there", *EXPUNGE)


@scenario
def older_state():
    """The state of a folder is an older one than the index says."""
    u = account()
    files = [d + "/" + x for d, _, v in os.walk(u.state) for x in v
             if x.endswith(".st")]
    old = {f: open(f, "rb").read() for f in files}
    u.box().add(wire(mail(50)))
    flag_there(u, 2, r"\Flagged")
    u.near.deliver("INBOX", mail(51), "S")
    u.near.remove("INBOX", "number 1")
    u.sync(*EXPUNGE)
    u.sync(*EXPUNGE)
    for f in files:
        with open(f, "wb") as g:
            g.write(old[f])
    u.box().add(wire(mail(70)))
    u.near.set("INBOX", "number 51", "F")
    u.near.remove("INBOX", "number 50")
    for _ in range(3):
        u.sync(*EXPUNGE)
    want = ["number 2", r"number 3 \flagged", "number 50",
            r"number 51 \flagged \seen", "number 70"]
    is_((here(u), [x.lower() for x in stands(u)]), (want, want),
        "an older state: nothing is twice, or gone")
    rests(u, "an older state", *EXPUNGE)


@scenario
def one_way_first():
    """What a run of one direction did not carry is seen by the next one."""
    for way in "--push", "--pull":
        u = account()
        u.box().add(wire(mail(50)))
        flag_there(u, 1, r"\Flagged")
        gone_there(u, 0)
        u.near.deliver("INBOX", mail(51), "S")
        u.near.set("INBOX", "number 3", "R")
        for _ in range(2):
            u.sync(way, "--accept-mode")
        u.sync("--accept-mode")
        want = [r"number 2 \flagged", r"number 3 \answered", "number 50",
                r"number 51 \seen"]
        is_((here(u), [x.lower() for x in stands(u)]), (want, want),
            way + " first: then both sides have all")
        rests(u, way + " first")


@scenario
def purge_refused_by_kind():
    """--purge-marked where single messages cannot be expunged."""
    for side, status in ("far", 69), ("both", 69), ("near", 0):
        u = account(caps="LITERAL+ LIST-STATUS")
        u.near.set("INBOX", "number 1", "T")
        u.sync()
        r = u.sync("--purge-marked", side)
        is_((r.status, "no UIDPLUS" in r.err, len(stands(u)), len(here(u))),
            (status, status == 69, 3, 2 if side == "near" else 3),
            "no UIDPLUS, --purge-marked " + side)
        u.server.close()


@scenario
def marked_in_this_run():
    """A mark is purged by a later run, whatever passes this one has."""
    u, how = account(), ("--purge-marked", "both")
    u.near.set("INBOX", "number 1", "T")
    u.box().add(wire(mail(50)))
    flag_there(u, 1, r"\Deleted")
    late = ["a message that comes in the second pass"]

    def on_command(session, verb, args):
        if "BODY.PEEK[]" in args and late:
            late.pop()
            return b"TAG OK done\r\n"
        return None
    u.server.on_command = on_command
    u.sync(*how)
    is_((len(stands(u)), len(here(u))), (4, 4), "marked: it stays")
    u.sync(*how)
    u.sync(*how)
    is_((len(stands(u)), len(here(u))), (2, 2), "purged by a later run")
    rests(u, "marked in this run", *how)


# ---- downloads

def numbers(u):
    return sorted(int(m.subject[7:]) for m in u.near.messages("INBOX"))


@scenario
def messages_refused():
    """Some messages are refused: all others come, and those are told."""
    for n, bad, told in ((6, (2,), 1), (6, (1, 6), 2), (6, (3, 4), 2),
                         (60, range(1, 26), 25), (60, range(36, 61), None)):
        u = Alone(caps=CAPS)
        for i in range(1, n + 1):
            u.box().add(wire(mail(i)))

        def on_command(session, verb, args, bad=bad):
            if verb != "UID FETCH" or "BODY.PEEK[]" not in args:
                return None
            uids = expand(args.split()[0], session.box.uidnext)
            return b"TAG NO broken\r\n" if set(uids) & set(bad) else None
        u.server.on_command = on_command
        r = u.sync()
        is_((r.status, numbers(u)),
            (75, [i for i in range(1, n + 1) if i not in bad]),
            "%s of %d are refused: all others come" % (list(bad)[:3], n))
        if told:
            is_(r.err.count("is not sent: broken"), told, "those are told")
        u.server.on_command = None
        u.sync()
        is_(len(numbers(u)), n, "then they come")
        rests(u, "refused messages")


@scenario
def messages_left_out():
    """A command is answered for some of its messages, or for none of one."""
    for name, most in (("ten a command", 10), ("not the third", 0)):
        u = Alone(caps=CAPS)
        for i in range(1, 31):
            u.box().add(wire(mail(i)))

        def on_command(session, verb, args, most=most):
            if verb != "UID FETCH" or "BODY.PEEK[]" not in args:
                return None
            uids = sorted(expand(args.split()[0], session.box.uidnext))
            uids = uids[:most] if most else [x for x in uids if x != 3]
            if uids:
                session.do_uid_fetch(ranges(uids) + " " +
                                     args.partition(" ")[2], [])
            return b"TAG OK done\r\n"
        u.server.on_command = on_command
        r = u.sync()
        is_((r.status, len(numbers(u))), (0, 30) if most else (75, 29),
            name + ": all the others come")
        if not most:
            for r in r, u.sync():
                is_((r.status, re.findall("sent nothing of message 3", r.err)),
                    (75, ["sent nothing of message 3"]),
                    name + ": and it is told, once")
        u.server.on_command = None
        u.sync()
        is_(len(numbers(u)), 30, name + ": then all are here")
        rests(u, name)


@scenario
def disk_fails():
    """Whatever of a download fails on the disk is told, and done later."""
    def first(**how):
        u = Alone(caps=CAPS)
        u.box().add(wire(mail(1)), r"\Seen")
        u.box().add(wire(mail(2)))
        r = u.sync(env=dict(LD_PRELOAD=BUILD + "/lab/failn.so", FAIL_HOW="EIO",
                            FAIL_WHAT="file", FAIL_BELOW=u.near.root, **how))
        return u, r
    log = tempfile.NamedTemporaryFile("r")
    u, r = first(FAIL_N="0", FAIL_LOG=log.name)
    calls = [x.split()[0] for x in log]
    u.server.close()
    steps = calls[len(calls) - calls[::-1].index("mkdirat") + 1:]
    want = {"pwrite": 74, "write": 74, "syncfs": 74, "linkat": 73, "fsync": 74}
    ok(r.status == 0 and {"linkat", "fsync"} <= set(steps), "what there is",
       calls)
    for n, call in enumerate(calls, 1):
        if n <= len(calls) - len(steps) or call not in want:
            continue
        u, r = first(FAIL_N=str(n))
        is_((r.status, "Input/output error" in r.err), (want[call], True),
            "%s %d fails" % (call, n))
        u.runs("another run")
        is_(here(u), ["number 1 " + r"\seen", "number 2"], "all are here")
        rests(u, "then")


done()
