#!/usr/bin/env python3
"""imapsync: nothing is deleted on a server without proof, and a move is none."""
from synclab import *

from imapmem import expand, ranges

PLAIN = "UIDPLUS LITERAL+ LIST-STATUS ESEARCH"


def stands(u, name="INBOX"):
    """The messages there: (subject, marked)."""
    return sorted((re.search(rb"Subject: (.*?)\r", m.data)[1].decode(),
                   r"\Deleted" in m.flags) for m in u.box(name).messages)


def filled(n=6, caps=PLAIN + " MOVE", boxes=("Work", "Arch")):
    """A server without a trash, and all of it here."""
    u = Alone(caps=caps)
    for i in range(1, n + 1):
        u.box().add(wire(mail(i)))
    for i, b in enumerate(boxes):
        u.box(b).add(wire(mail(100 + i)))
    u.runs("a first run: " + caps)
    return u


def save(u, box, n, to, change=lambda data: data):
    """As mutt does: another file, and the first is removed."""
    f = u.near.file(box, "number %d" % n)
    with open(f, "rb") as g:
        u.near.deliver(to, change(g.read()), "S")
    os.unlink(f)


def refuses(verb):
    return lambda session, v, rest: b"TAG NO [OVERQUOTA] not that\r\n" \
        if v == verb else None


# ---- saved, without a trash

@scenario
def saved_elsewhere():
    """Saved in another folder: a move, which needs no trash."""
    u = filled()
    save(u, "INBOX", 1, "Arch")
    save(u, "INBOX", 2, "Work")
    save(u, "Work", 100, "Arch")
    r = u.sync()
    is_((r.status, r.err), (0, ""), "no trash is missed")
    is_((stands(u), stands(u, "Work"), stands(u, "Arch")),
        ([("number %d" % i, False) for i in range(3, 7)],
         [("number 2", False)],
         [("number 1", False), ("number 100", False), ("number 101", False)]),
        "three messages are where they were saved, once")
    u.sync()
    r = u.sync("-j")
    is_((r.status, [e for e in r.events if e["event"] == "done"]), (0, []),
        "and that is all")


@scenario
def saved_and_deleted():
    """Two of the same bytes, one saved: the other one is deleted."""
    u = filled(2)
    u.box().add(wire(mail(1)))
    u.runs("the same message twice")
    save(u, "INBOX", 1, "Arch")
    u.near.remove("INBOX", "number 1")
    r = u.sync()
    is_(r.status, 0, "one saved, one removed")
    like(r.err, "no mailbox there is known as the trash", "which is told")
    is_((stands(u), stands(u, "Arch")),
        ([("number 1", True), ("number 2", False)],
         [("number 1", False), ("number 101", False)]),
        "one is moved, the other one marked")


@scenario
def saved_with_another_body():
    """The same header, and another body: what was removed is marked."""
    u = filled()
    save(u, "INBOX", 1, "Arch", lambda data: data.replace(b"line", b"LINE"))
    # where only the header is looked at this is the same message
    r = u.sync()
    is_(r.status, 0, "a file like it, and it removed")
    is_(stands(u)[0], ("number 1", True), "it is marked, not expunged")
    is_(stands(u, "Arch"), [("number 1", False), ("number 101", False)],
        "both bodies are there")


@scenario
def saved_long_ago():
    """A copy that both sides had before is no half of a move."""
    u = filled()
    u.near.deliver("Arch", mail(1), "S")
    u.runs("copied")
    u.runs("at rest")
    u.near.remove("INBOX", "number 1")
    u.sync()
    is_(stands(u)[0], ("number 1", True), "then removed: it is marked")


@scenario
def saved_and_marked():
    """--delete-far mark is what was asked for."""
    u = filled()
    save(u, "INBOX", 1, "Arch")
    u.runs("saved, --delete-far mark", "--delete-far", "mark")
    is_(stands(u)[0], ("number 1", True), "it is marked")


@scenario
def upload_refused():
    """The copy is refused: the server keeps its message, until it is not."""
    u = filled()
    save(u, "INBOX", 1, "Arch")
    save(u, "Work", 100, "Arch")
    u.server.on_command = refuses("APPEND")
    r = u.runs("saved, and APPEND refused", status=75)
    like(r.err, r"(?s)Arch: .*OVERQUOTA.*INBOX: 1 messages are not deleted",
         "both are said")
    is_((len(stands(u)), stands(u)[0], stands(u, "Work")),
        (6, ("number 1", False), [("number 100", False)]),
        "nothing is deleted or marked")
    u.server.on_command = None
    u.runs("it is not refused any more")
    is_((len(stands(u)), stands(u, "Work"), len(stands(u, "Arch"))),
        (5, [], 3), "the moves are finished")


@scenario
def killed_between():
    """The copy is there, the run ends before the deletion: the next one knows."""
    u = filled()
    save(u, "INBOX", 1, "Arch")
    u.server.on_command = lambda session, v, rest: "close" \
        if v in ("UID STORE", "UID EXPUNGE") else None
    u.sync()
    is_((len(stands(u)), len(stands(u, "Arch"))), (6, 2), "cut after APPEND")
    u.server.on_command = None
    u.runs("another run")
    is_((len(stands(u)), len(stands(u, "Arch"))), (5, 2), "finishes the move")


# ---- deletions that were not finished

@scenario
def moved_back():
    """Moved by COPY, marked, and not expunged; then moved back here."""
    for caps, rest in ((PLAIN, 0), ("LITERAL+ LIST-STATUS", 2)):
        u = filled(6, caps)
        u.near.move("INBOX", "number 1", "Arch")

        def on_command(session, verb, args):
            if verb == "UID STORE":
                session.do_uid_store(args, [])
                return "close"
            return None
        u.server.on_command = on_command
        u.runs("cut before the expunge", status=75)
        is_((stands(u)[0], len(stands(u, "Arch"))), (("number 1", True), 2),
            "it is in both places")
        u.server.on_command = None
        for _ in range(rest):		# without UIDPLUS it stays marked
            u.sync()
        u.near.move("Arch", "number 1", "INBOX")
        for _ in range(3):
            u.sync()
        is_((stands(u), [(m.subject, m.flags)
                         for m in u.near.messages("INBOX")
                         if m.subject == "number 1"]),
            ([("number %d" % i, False) for i in range(1, 7)],
             [("number 1", frozenset())]), "moved back: the mark was ours")


@scenario
def trash_once():
    """Copied to the trash, and not to be taken out: not copied every time."""
    for caps, verb in ((PLAIN, "UID EXPUNGE"), (PLAIN, "UID STORE"),
                       ("LITERAL+ LIST-STATUS", "UID STORE")):
        u = filled(6, caps)
        u.box("Trash")
        u.runs("a trash")
        u.near.remove("INBOX", "number 1")
        u.server.on_command = refuses(verb)
        for i in range(3):
            u.runs("%s is refused" % verb, status=75)
        is_(stands(u, "Trash"), [("number 1", False)], "copied once")
        u.server.on_command = None
        u.runs("it is not refused any more")
        is_((stands(u)[0], stands(u, "Trash")),
            (("number 2", False) if "UIDPLUS" in caps else ("number 1", True),
             [("number 1", False)]), "it is gone, or marked")


@scenario
def trash_again():
    """It was taken back before it could be taken out: deleted anew."""
    u = filled(6, PLAIN)
    u.box("Trash")
    u.runs("a trash")
    f = u.near.file("INBOX", "number 1")
    with open(f, "rb") as g:
        data = g.read()
    os.unlink(f)
    u.server.on_command = refuses("UID EXPUNGE")
    u.runs("UID EXPUNGE is refused", status=75)
    is_(stands(u, "Trash"), [("number 1", False)], "copied")
    u.server.on_command = None
    with open(f, "wb") as g:
        g.write(data)
    u.sync()
    is_(stands(u)[0], ("number 1", False), "its file is here again: it stays")
    u.box("Trash").messages.clear()		# emptied by somebody else
    u.box("Trash").touch()
    u.sync()
    u.near.remove("INBOX", "number 1")
    u.runs("deleted once more")
    is_((stands(u)[0], stands(u, "Trash")),
        (("number 2", False), [("number 1", False)]),
        "it is in the trash, as any other")


# ---- servers that do so many messages a command (RFC 9738)

def limited(u, most, said=True, newest=False, named=True, whole=False):
    """It does most messages a command.  said: by a code; newest: those first;
    named: with COPYUID; whole: a COPY or MOVE is refused as a whole."""
    def on_command(session, verb, args):
        if verb not in ("UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE") \
                or not session.box:
            return None
        text, _, rest = args.partition(" ")
        b = session.box
        uids = sorted(m.uid for m in b.get(expand(text, b.uidnext))
                      if verb != "UID EXPUNGE" or r"\Deleted" in m.flags)
        if len(uids) <= most:
            u.most = max(getattr(u, "most", 0), len(uids))
            return None
        code = b"[MESSAGELIMIT %d %d] " % (most, uids[0]) if said else b""
        if whole and verb in ("UID MOVE", "UID COPY"):
            return b"TAG NO " + code + b"too many\r\n"
        some = uids[-most:] if newest else uids[:most]
        do = getattr(session, "do_" + verb.replace(" ", "_").lower())
        got = do((ranges(some) + " " + rest).strip(), []) or ""
        if named and verb == "UID COPY" and "COPYUID" in got:
            session.say("* " + got)
        return b"TAG OK " + code + b"some\r\n"
    u.server.on_command = on_command


def at_rest(u, name):
    for _ in range(3):
        r = u.sync("-j")
        if not [e for e in r.events if e["event"] == "done"]:
            break
    ok(r.status == 0 and not r.err, name + ": comes to rest", r.err)
    near = {b: sorted(m.subject for m in v) for b, v in u.near.all().items()}
    far = {n: sorted(x for x, _ in stands(u, n)) for n in u.server.boxes}
    is_(near, far, name + ": both sides are equal")


@scenario
def some_a_command():
    for caps in (PLAIN + " MOVE", PLAIN):
        for how in ({}, {"newest": True}, {"whole": True}, {"named": False},
                    {"announced": True}):
            if how == {"named": False} and "MOVE" not in caps:
                continue	# then nobody knows: see unnamed_copy
            name = "%s, %s" % (caps.split()[-1], how)
            announced = how.pop("announced", False)
            u = filled(60, caps + announced * " MESSAGELIMIT=10")
            u.box("Trash")
            u.runs("a trash")
            limited(u, 10, **how)
            for i in range(1, 26):
                u.near.move("INBOX", "number %d" % i, "Arch")
            for i in range(26, 51):
                u.near.set("INBOX", "number %d" % i, "FS")
            r = u.sync("-j", "--allow-deletes", "100")
            is_((r.status, r.err), (0, ""), name + ": 25 moved, 25 flagged")
            for i in range(26, 51):
                u.near.remove("INBOX", "number %d" % i)
            r = u.sync("-j", "--allow-deletes", "100")
            is_((r.status, r.err), (0, ""), name + ": 25 deleted")
            is_([len(stands(u, b)) for b in ("INBOX", "Arch", "Trash")],
                [10, 26, 25], name + ": all are there, once")
            ok(all({r"\Seen", r"\Flagged"} <= m.flags
                   for m in u.box("Trash").messages), name + ": flagged")
            if announced:
                ok(not [c for c in u.server.heard if re.match(
                    "UID (STORE|COPY|MOVE|EXPUNGE)", c) and len(expand(
                        c.split()[2], 1000)) > 10],
                   name + ": no command is about more")
            at_rest(u, name)


@scenario
def expunged_some_a_command():
    for how in ({}, {"newest": True}):
        u = filled(30)
        limited(u, 7, **how)
        for i in range(1, 26):
            u.near.remove("INBOX", "number %d" % i)
        u.runs("25 expunged, seven a command", "--delete-far", "expunge",
               "--allow-deletes", "100")
        is_(len(stands(u)), 5, "they are gone")
        for i in range(26, 31):
            u.near.set("INBOX", "number %d" % i, "T")
        u.runs("five marked")
        limited(u, 2, **how)
        u.runs("purged, two a command", "--purge-marked", "far",
               "--allow-deletes", "100")
        is_(stands(u), [], "they are gone")


@scenario
def one_is_too_much():
    """MESSAGELIMIT to one message is no answer: it ends, and says so."""
    u = filled(30)
    u.box("Trash")
    u.runs("a trash")
    u.server.on_command = lambda session, v, rest: \
        b"TAG OK [MESSAGELIMIT 5] none\r\n" \
        if v in ("UID MOVE", "UID STORE") else None
    for i in range(1, 12):
        u.near.remove("INBOX", "number %d" % i)
    u.near.set("INBOX", "number 20", "FS")
    del u.server.heard[:]
    r = u.runs("MESSAGELIMIT whatever is asked", "--allow-deletes", "100",
               status=75)
    like(r.err, r"MESSAGELIMIT", "is said")
    asked = [sum(c.startswith(v) for c in u.server.heard)
             for v in ("UID STORE", "UID MOVE")]
    others = [c for c in u.server.heard if not c.startswith("STATUS")]
    ok(0 < asked[0] < 8 and 0 < asked[1] < 8 and len(others) < 45,
       "each is asked for, and not for ever", u.server.heard)
    is_(len(stands(u)), 30, "nothing is taken as deleted")
    u.server.on_command = None
    u.runs("later it is done", "--allow-deletes", "100")
    at_rest(u, "then")


@scenario
def search_cut():
    """EXPUNGE takes all that is marked: not where SEARCH has not said all."""
    for most in (3, None):
        u = filled(20, "LITERAL+ LIST-STATUS")
        for i in (1, 2, 3):
            u.near.remove("INBOX", "number %d" % i)
        if most:
            u.box().messages[9].flags.add(r"\Deleted")	# by another

        def on_command(session, verb, args, most=most):
            if verb == "EXPUNGE":
                session.drop({m.uid for m in session.box.messages
                              if r"\Deleted" in m.flags}, session.box)
                return b"TAG OK done\r\n"
            if most and verb == "UID SEARCH" and args == "DELETED" and \
                    r"\Deleted" in session.box.messages[0].flags:
                return b"* SEARCH 1 2 3\r\nTAG OK [MESSAGELIMIT 3 3] some\r\n"
            return None
        u.server.on_command = on_command
        u.sync("--delete-far", "expunge", "--unsafe-expunge")
        is_(len(stands(u)), 20 if most else 17, "a search that was cut: "
            "nothing is expunged" if most else "one that was not: it is")


@scenario
def unnamed_copy():
    """A COPY that was cut, and does not say which are there."""
    for moved, deleted in ((8, 0), (0, 11), (8, 11)):
        u = filled(30, PLAIN)
        u.box("Trash")
        u.runs("a trash")
        limited(u, 4, named=False)
        for i in range(1, 1 + deleted):
            u.near.remove("INBOX", "number %d" % i)
        for i in range(12, 12 + moved):
            u.near.move("INBOX", "number %d" % i, "Arch")
        u.runs("cut, and not said where", "--allow-deletes", "100", status=75)
        # once the limit is known, what comes behind is asked for in pieces
        is_(len(stands(u)), 19 if moved and deleted else 30,
            "nothing of that is deleted")
        u.server.on_command = None
        u.sync("--allow-deletes", "100")
        u.sync("--allow-deletes", "100")
        is_(len(stands(u)), 30 - moved - deleted, "later it is")
        ok({"number %d" % i for i in range(1, 1 + deleted)} <=
           {x for x, _ in stands(u, "Trash")}, "to the trash",
           stands(u, "Trash"))
        is_(len(stands(u, "Arch")), 1 + moved, "what was moved is there once")
        u.server.close()


@scenario
def back_in_its_place():
    """A file that was gone comes back where it was, while the run works."""
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
    for n in range(1, 5):
        u.box().add(wire(mail(n)))
    u.sync()
    u.sync()
    path = u.near.file("INBOX", "number 2")
    os.rename(path, u.dir + "/aside")
    u.box().add(wire(mail(5)))

    def on_command(session, verb, args):
        if "BODY.PEEK[]" in args and os.path.exists(u.dir + "/aside"):
            os.rename(u.dir + "/aside", path)
    u.server.on_command = on_command
    u.sync("--delete-far", "expunge")
    ok(os.path.exists(path) and 2 in [m.uid for m in u.box().messages],
       "it is on both sides still")
    is_(len(u.near.files("INBOX")), 5, "and the others are here")
    u.runs("the next run", "--delete-far", "expunge")
    u.server.close()


@scenario
def two_places():
    """It is here in two folders, of which one is left out: the other one holds
    it in each run, so that one is told."""
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH APPENDLIMIT=10")
    for n in range(1, 5):
        u.box().add(wire(mail(n)))
    u.box("Zoo").add(wire(mail(20)))
    how = ("--delete-far", "expunge", "--patterns", "* !Aside")
    u.sync(*how)
    u.sync(*how)
    u.near.make("Aside")
    for to in ("Aside", "Zoo"):
        u.near.deliver(to, mail(2), "")
    os.unlink(u.near.file("INBOX", "number 2"))
    for _ in range(2):
        r = u.sync(*how)		# 65: the upload
        is_((r.status, len(u.box().messages)), (65, 4), "it is not deleted")
        ok("local-only" not in r.err and "(Zoo)" in r.err, "and why is told",
           r.err)
    u.server.close()


# ---- a folder that cannot be read

@scenario
def listing_cut():
    """Whatever name of a folder cannot be read, the message that lies where
    nothing is synced is not deleted there, and no Maildir counts as gone."""
    u, how = filled(n=2, boxes=()), ("--patterns", "INBOX",
                                     "--delete-far", "expunge")
    u.near.make("Left")
    u.sync(*how)
    save(u, "INBOX", 1, "Left")
    seen, n = [], 0
    while not seen or seen[-1] == 74:
        n += 1
        r = u.sync(*how, env=dict(
            LD_PRELOAD=BUILD + "/lab/failn.so", FAIL_WHAT="list", FAIL_N=str(n),
            FAIL_BELOW=u.near.root, FAIL_HOW="EIO"))
        seen.append(74 if "Input/output error" in r.err else r.status)
        if len(u.box().messages) < 2 or "is gone" in r.err or n == 99:
            break
    ok(seen[-1] == 75 and n > 6 and len(u.box().messages) == 2,
       "a folder's listing fails at any name: nothing is deleted by that",
       (n, seen, r.err))


# ---- the index can be lost at any time

@scenario
def index_lost():
    """With it, that there was a Maildir: one that is made now is another."""
    for name in ("the Maildir is gone", "another directory is in its place"):
        u, how = filled(n=4, boxes=()), ("--delete-far", "expunge")
        u.sync(*how)
        os.unlink(u.state + "/index")
        os.rename(u.near.path("INBOX"), u.dir + "/aside")
        gone = name == "the Maildir is gone"
        if not gone:
            u.near.make("INBOX")
        n = u.sync("-n", "-j", *how)
        r = u.sync("-j", *how)
        if not gone:
            r = u.sync("-j", *how)
        is_((len(n.acts("plan")), r.status, r.summary["fetched"],
             r.summary["deleted_far"], len(u.box().messages)),
            (5, 0, 4, 0, 4) if gone else (0, 75, 0, 0, 4),
            "no index, and %s: nothing is deleted there" % name)
        u.server.close()


@scenario
def mail_before_delete():
    """A folder is to be deleted there, and changes behind LIST."""
    def one(b):
        b.add(wire(mail(77)))

    def one_for_one(b):
        b.messages.pop()
        one(b)

    def gone(b):
        b.messages.pop()

    def anew(b):
        b.uidvalidity += 1000

    for name, change in (("mail comes", one), ("one goes", gone),
                         ("one goes and one comes", one_for_one),
                         ("it is another", anew)):
        u, how = filled(boxes=("Old", "Work", "Arch")), ("--folders", "delete")
        u.sync(*how)
        shutil.rmtree(u.near.path("Old"))
        u.sync(*how)

        def comes(session, data, u=u, change=change):
            if data.startswith(b"* STATUS") and b"Old" in data:
                u.server.on_say = None
                change(u.box("Old"))
            return data
        u.server.on_say = comes
        r = u.sync(*how)
        ok(r.status == 75 and "never was here: it is kept" in r.err and
           "Old" in u.server.boxes, "%s behind LIST: it stays" % name,
           (r.status, r.err))
        u.server.close()


done()
