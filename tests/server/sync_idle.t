#!/usr/bin/env python3
"""imapsync: a server that says OK and does nothing.  It is told, once in a run,
and what was done here is not undone; when the server is well again it is done
there."""
from synclab import *

EVERY = {"a MOVE": "UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH MULTIAPPEND",
         "CONDSTORE": "UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH CONDSTORE "
         "ENABLE", "UIDPLUS": "UIDPLUS LITERAL+ LIST-STATUS", "little": ""}
EXPUNGE = ("--delete-far", "expunge")


def stands(u, name="INBOX"):
    return sorted(re.search(rb"Subject: (.*?)\r", m.data)[1].decode() +
                  "".join(" " + f for f in sorted(m.flags))
                  for m in u.box(name).messages)


def here(u, name="INBOX"):
    return sorted(m.subject + "".join(" " + f for f in sorted(m.flags))
                  for m in u.near.messages(name))


def account(caps, trash=True):
    u = Alone(caps=EVERY[caps])
    for i in range(1, 7):
        u.box().add(wire(mail(i)))
    u.box("Arch")
    if trash:
        u.box("Trash")
    u.sync()
    u.sync()
    return u


def deaf(u, *verbs, say=b"TAG OK done\r\n"):
    u.server.on_command = lambda session, verb, args: \
        say if verb in verbs else None


def changes(u):
    return [x for x in u.server.heard
            if re.match("APPEND|UID (STORE|MOVE|COPY|EXPUNGE)", x)]


def told(u, name, *how, runs=2):
    """Each run says so, once, and does not ask for ever."""
    here_was, most = [u.near.all()], 0
    for _ in range(runs):
        del u.server.heard[:]
        r = u.sync(*how)
        ok(r.status == 75 and len(r.err.splitlines()) == 1 and
           "the server said OK, and " in r.err, name + ": told, once",
           (r.status, r.err))
        most = max(most, len(changes(u)))
        here_was.append(u.near.all())
    ok(most <= 3, name + ": asked once", changes(u))
    for x in here_was:			# a copy in the trash comes here
        x.pop("Trash", 0)
    ok(all(canon(x) == canon(here_was[0]) for x in here_was),
       name + ": nothing is undone here", here_was)


def heals(u, name, *how):
    u.server.on_command = None
    u.sync(*how)
    r = u.sync(*how)
    is_((r.status, r.err), (0, ""), name + ": the server is well again")
    r = u.sync("-j", *how)
    is_(r.acts("done"), [], name + ": at rest")


@scenario
def each():
    for caps in EVERY:
        u = account(caps)
        u.near.set("INBOX", "number 1", "S")
        deaf(u, "UID STORE")
        told(u, caps + ", a flag")
        heals(u, caps + ", a flag")
        is_(stands(u)[0], r"number 1 \Seen", "it is there then")
        u.near.set("INBOX", "number 1", "")
        deaf(u, "UID STORE")
        told(u, caps + ", a flag taken away")
        heals(u, caps + ", a flag taken away")
        is_(stands(u)[0], "number 1", "it is not there then")

        u.near.deliver("INBOX", mail(50), "S")
        u.near.deliver("INBOX", mail(51), "S")
        deaf(u, "APPEND")
        for _ in range(2):
            del u.server.heard[:]
            r = u.sync()
            is_((r.status, len(r.err.splitlines()), r.err.count(
                "the server said OK, and does not have it")), (75, 2, 2),
                caps + ", two uploads: told, each once")
            ok(len(changes(u)) <= 2, "and sent once", changes(u))
        heals(u, caps + ", uploads")
        is_(len(stands(u)), 8, "they are there then, once")

        u.near.move("INBOX", "number 2", "Arch")
        deaf(u, "UID MOVE", "UID COPY")
        told(u, caps + ", a move")
        heals(u, caps + ", a move")
        is_(stands(u, "Arch"), ["number 2"], "it is moved then, once")

        u.near.remove("INBOX", "number 3")
        deaf(u, "UID MOVE", "UID COPY", "UID STORE", "UID EXPUNGE")
        told(u, caps + ", a deletion")
        heals(u, caps + ", a deletion")
        is_([x for x in stands(u, "Trash") if "number 3" in x], ["number 3"],
            "it is in the trash then, once")
        u.server.close()


@scenario
def without_trash():
    for caps in ("a MOVE", "UIDPLUS", "little"):
        for verbs in (("UID STORE", "UID EXPUNGE"), ("UID EXPUNGE",)):
            if caps == "little" and len(verbs) == 1:
                continue		# it only marks
            u = account(caps)
            u.near.remove("INBOX", "number 3")
            deaf(u, *verbs)
            name = "%s, expunged, %s" % (caps, verbs[0])
            told(u, name, *EXPUNGE)
            heals(u, name, *EXPUNGE)
            is_([x for x in stands(u) if "number 3" in x],
                [r"number 3 \Deleted"] if caps == "little" else [],
                "it is gone then, or marked")
            u.server.close()


@scenario
def marked():
    """What is to be marked there is so in a later run."""
    for caps in ("CONDSTORE", "UIDPLUS", "little"):
        u, mark = account(caps), ("--delete-far", "mark")
        u.near.remove("INBOX", "number 3")
        deaf(u, "UID STORE")
        told(u, caps + ", marked", *mark, runs=3)
        heals(u, caps + ", marked", *mark)
        is_([x for x in stands(u) if "number 3" in x],
            [r"number 3 \Deleted"], "it is marked then")
        u.server.close()


@scenario
def news_come():
    """What is not done keeps nothing else back."""
    for say in (b"TAG OK done\r\n", b"TAG NO [NOPERM] never\r\n"):
        for what in ("a flag", "a move", "a flag of what is moved"):
            u, name = account("a MOVE"), "%s, %s" % (what, say.decode()[4:6])
            if what != "a move":
                u.near.set("INBOX", "number 2", "S")
            if what != "a flag":
                u.near.move("INBOX", "number 2", "Arch")
            deaf(u, *(("UID MOVE",) if what == "a move" else ("UID STORE",)),
                 say=say)
            u.box().add(wire(mail(50)))
            u.near.remove("INBOX", "number 4")
            r = u.sync("--delete-far", "expunge")
            is_((r.status, stands(u, "Arch")), (75, []), name + ": is told")
            if what == "a flag of what is moved":
                ok("number 50" not in here(u), name + ": nothing is done")
            else:
                is_(("number 50" in here(u), "number 4" in "".join(stands(u))),
                    (True, what == "a flag"), name + ": all else is done")
            heals(u, name, "--delete-far", "expunge")
            place = stands(u, "INBOX" if what == "a flag" else "Arch")
            ok("number 2" + ("" if what == "a move" else r" \Seen") in place,
               "it is there then", place)
            u.server.close()


@scenario
def news_come_though():
    """Nor does a file whose name has no room for its flags."""
    u = Alone(caps=EVERY["a MOVE"])
    u.near.make("INBOX")
    u.near.deliver("INBOX", mail(1), name="x" * 254)
    u.sync()
    u.sync()
    u.box().messages[0].flags.add(r"\Flagged")
    u.box().touch(u.box().messages[0])
    u.box().add(wire(mail(2)))
    u.near.deliver("INBOX", mail(3), "S")
    r = u.sync()
    ok(r.status == 73 and "no room for its flags" in r.err, "it is told",
       (r.status, r.err))
    is_((here(u), len(stands(u))), (["number 1", "number 2",
                                     r"number 3 \seen"], 3),
        "new mail comes, and goes")
    os.rename(u.near.file("INBOX", "number 1"),
              u.near.path("INBOX") + "/cur/x:2,")
    u.sync()
    u.runs("once it has room")
    ok(r"number 1 \flagged" in here(u), "it has them", here(u))


@scenario
def half_of_a_move():
    """COPY is done, and what is behind it is not; and the other way round."""
    u = account("UIDPLUS")
    u.near.remove("INBOX", "number 3")
    deaf(u, "UID STORE", "UID EXPUNGE")
    told(u, "not taken out", runs=3)
    is_(stands(u, "Trash"), ["number 3"], "it is in the trash once")
    heals(u, "not taken out")
    is_((len(stands(u)), stands(u, "Trash")), (5, ["number 3"]), "and there")
    for caps in ("UIDPLUS", "little"):
        u = account(caps)
        u.near.remove("INBOX", "number 3")
        u.near.move("INBOX", "number 4", "Arch")
        deaf(u, "UID COPY")
        u.sync()
        r = u.sync()
        is_(r.status, 75, caps + ", not copied: 75")
        is_([x for x in stands(u) if "3" in x or "4" in x],
            ["number 3", "number 4"], "and not deleted")
        heals(u, "copied again")


@scenario
def anothers_copy():
    """COPY does nothing, and another program puts a message there meanwhile:
    that the UIDNEXT has grown is no proof."""
    for copyuid in (False, True):
        for synced in (False, True):
            u, how = account("UIDPLUS"), ("--patterns", "* !Trash")
            name = "a trash that is %ssynced, %s" % (
                "" if synced else "not ", "another's UID" if copyuid else
                "no COPYUID")
            u.near.remove("INBOX", "number 3")
            if synced:
                how = ()
                u.near.move("INBOX", "number 4", "Arch")

            def on_command(session, verb, args):
                if verb != "UID COPY":
                    return None
                to = session.find(args.partition(" ")[2])
                to.add(wire(mail(60 + len(to.messages))))
                return b"TAG OK [COPYUID 1 3 9] done\r\n" if copyuid else \
                    b"TAG OK done\r\n"
            u.server.on_command = on_command
            for _ in range(3):
                r = u.sync(*how)
                is_((r.status, "the server said OK, and " in r.err), (75, True),
                    name + ": told")
            is_([x[:8] for x in stands(u) if x[7] in "34"],
                ["number 3", "number 4"], name + ": nothing is deleted")
            heals(u, name, *how)
            is_(("number 3" in stands(u, "Trash"), "number 4" in
                 stands(u, "Arch" if synced else "INBOX")),
                (True, True), name + ": and then they are where they belong")
            u.server.close()


@scenario
def no_proof():
    """What is in the trash and is not the copy."""
    def older(session, to):
        """An equal message, which was there before."""

    def renumbered(session, to):
        to.uidvalidity += 1
        to.add(wire(mail(3)))

    def one_of_two(session, to):
        to.add(wire(mail(3)))

    def longer(session, to):
        to.add(wire(mail(3)) + b"of a list\r\n")

    for f in (older, renumbered, one_of_two, longer):
        u, name, how = account("UIDPLUS"), f.__name__, ("--patterns",
                                                        "* !Trash")
        many = 2 if f is one_of_two else 1
        if many > 1:
            u.box().add(wire(mail(3)))
            u.sync(*how)
        if f is older:
            u.box("Trash").add(wire(mail(3)))
        for x in u.near.files("INBOX"):
            with open(x) as text:
                if "number 3" in text.read():
                    os.unlink(x)

        def on_command(session, verb, args):
            if verb != "UID COPY":
                return None
            f(session, session.find(args.partition(" ")[2]))
            return b"TAG OK done\r\n"
        u.server.on_command = on_command
        r = u.sync(*how)
        is_((r.status, "the server said OK, and " in r.err,
             [x[:8] for x in stands(u) if "3" in x]),
            (75, True, ["number 3"] * many), name + ": is no proof")
        heals(u, name, *how)
        is_((stands(u, "Trash").count("number 3"), "number 3" in stands(u)),
            (many + (f is not one_of_two), False), name + ": it is copied then")
        u.server.close()


@scenario
def copies_unnamed():
    """Where COPYUID names none the mailboxes are asked who is there."""
    for caps, how in (("UIDPLUS", ()), ("UIDPLUS", ("--patterns", "* !Trash")),
                      ("little", ("--patterns", "* !Trash"))):
        u = account(caps)
        u.box("Trash").add(wire(mail(90)))
        u.box().add(wire(mail(3)))		# as another one
        u.runs("%s, all is known" % caps, *how)
        u.server.on_say = lambda session, data: re.sub(
            rb"\[COPYUID[^]]*\] ", b"", data)
        for f in u.near.files("INBOX"):
            if "number 3" in open(f).read() or "number 5" in open(f).read():
                os.unlink(f)
        name = caps + " ".join(how)
        u.runs(name + ": three are deleted", *how)
        is_(stands(u, "Trash"), ["number 3", "number 3", "number 5",
                                 "number 90"], name + ": they are in the trash")
        is_([x for x in stands(u) if x[7] in "35" and (
            caps != "little" or "Deleted" not in x)], [],
            name + ": and gone, or marked")
        u.server.close()


@scenario
def purge():
    u = account("a MOVE")
    u.near.set("INBOX", "number 1", "T")
    u.sync("--purge-marked", "both")
    deaf(u, "UID EXPUNGE")
    told(u, "a purge", "--purge-marked", "both")
    heals(u, "a purge", "--purge-marked", "both")
    is_((len(stands(u)), len(here(u))), (5, 5), "it is purged then")


@scenario
def copy_of_a_stub():
    """It even says which UID the copy has, which is another message's."""
    u, how = Alone(caps=EVERY["CONDSTORE"]), ("--bodies", "headers")
    u.box().add(wire(mail(1)))
    u.box("Arch").add(wire(mail(2)))
    u.sync(*how)
    with open(u.near.file("INBOX", "number 1"), "rb") as f:
        u.near.deliver("Arch", f.read(), "")
    deaf(u, "UID COPY", say=b"TAG OK [COPYUID %d 1 1] done\r\n" %
         u.box("Arch").uidvalidity)
    told(u, "a copy of a stub", *how)
    heals(u, "a copy of a stub", *how)
    is_(stands(u, "Arch"), ["number 1", "number 2"], "it is there then, once")


@scenario
def appenduid():
    """It even says where the message is.  Nothing is removed here for that."""
    u = account("CONDSTORE")
    u.near.deliver("INBOX", mail(50), "S")
    deaf(u, "APPEND", say=b"TAG OK [APPENDUID %d %d] done\r\n" % (
        u.box().uidvalidity, u.box().uidnext))
    for _ in range(3):
        u.sync("--delete-near", "expunge")
    ok("number 50 \\seen" in here(u), "a lie about an upload", here(u))
    u.server.on_command = None
    u.box().add(wire(mail(51)))
    u.sync("--delete-near", "expunge")
    u.sync("--delete-near", "expunge")
    ok("number 50 \\seen" in here(u) and "number 51" in here(u),
       "another message gets its UID", here(u))


done()
