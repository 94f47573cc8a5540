#!/usr/bin/env python3
"""imapsync: COPYUID that cannot be true is no proof.  A message is not expunged
where it was for that, whatever the server has done, and nothing is there
twice."""
from synclab import *
from imapmem import expand

COPIES = "UIDPLUS LITERAL+ LIST-STATUS ESEARCH"
MOVES = COPIES + " MOVE"
EXPUNGE = ("--delete-far", "expunge")

# What is said of a COPY of some UIDs, in place of [COPYUID v from to]: f(v,
# from, to, the UIDs of the mailbox, its UIDNEXT before) -> (v, from, to)
LIES = {
    "another UIDVALIDITY": lambda v, f, t, old, n: (v + 1, f, t),
    "UIDVALIDITY 1": lambda v, f, t, old, n: (1, f, t),
    "UIDs that will be": lambda v, f, t, old, n: (v, f, [x + 1000 for x in t]),
    "the UID behind": lambda v, f, t, old, n: (v, f, [t[-1] + 1 + i for i, _ in
                                                     enumerate(t)]),
    "the last UID of all": lambda v, f, t, old, n: (
        v, f, [4294967294 - i for i, _ in enumerate(t)]),
    "UIDs that were there": lambda v, f, t, old, n: (v, f, old[:len(f)]),
    "UIDs that were once": lambda v, f, t, old, n: (
        v, f, [max(old) + 1 + i for i, _ in enumerate(f)]),
    "the second was there": lambda v, f, t, old, n: (
        v, f, [t[0]] + old[1:len(f)]),
    "the second will be": lambda v, f, t, old, n: (
        v, f, [t[0]] + [x + 1000 for x in t[1:]]),
    "one for two": lambda v, f, t, old, n: (v, f, [n] * len(f)),
    "others' UIDs": lambda v, f, t, old, n: (v, [x + 500 for x in f], t),
    "one from twice": lambda v, f, t, old, n: (v, [f[0]] * len(f), t),
}
SINGLE = [x for x in LIES if "second" not in x and x not in (
    "one for two", "one from twice")]


def stands(u, name="INBOX"):
    return sorted(re.search(rb"Subject: (.*?)\r", m.data)[1].decode()
                  for m in u.box(name).messages)


def account(caps):
    """Archive and trash have some, and gaps."""
    u = Alone(caps=caps)
    for i in range(1, 7):
        u.box().add(wire(mail(i)))
    for name, first in ("Arch", 100), ("Trash", 200):
        for i in range(first, first + 8):
            u.box(name).add(wire(mail(i)))
    for name in ("Arch", "Trash"):
        del u.box(name).messages[4:]	# the last ones are gone
        u.box(name).touch()
    u.sync()
    u.sync()
    return u


def liar(u, lie, does, only=None):
    """Of COPY and MOVE it says what is not so."""
    def on_command(session, verb, args):
        uids, _, name = args.partition(" ")
        to = session.find(name)
        if verb not in ("UID COPY", "UID MOVE") or (only and
                                                    to.name != only):
            return None
        src = [m.uid for m in session.box.get(expand(
            uids, session.box.uidnext))]
        old, n = [m.uid for m in to.messages], to.uidnext
        if does:
            new = [to.add(m.data, " ".join(m.flags), m.date)
                   for m in session.box.get(src)]
        else:
            new = [n + i for i, _ in enumerate(src)]
        v, a, b = LIES[lie](to.uidvalidity, src, new, old, n) if lie else \
            (to.uidvalidity, src, new)
        code = b"OK [COPYUID %d %s %s] done\r\n" % (
            v, ",".join(map(str, a)).encode(), ",".join(map(str, b)).encode())
        if verb == "UID COPY":
            return b"TAG " + code
        session.say(b"* " + code)
        if does:
            session.drop(set(src), session.box)
        return b"TAG OK done\r\n"
    u.server.on_command = on_command


def all_there(u):
    return sorted(x for n in u.server.boxes for x in stands(u, n))


def rests(u, name, *how):
    u.server.on_command = None
    for _ in range(3):
        r = u.sync("-j", *how)
    is_((r.status, r.err, r.acts("done")), (0, "", []), name + ": at rest")
    near = {b: sorted(m.subject for m in v) for b, v in u.near.all().items()}
    far = {n: stands(u, n) for n in u.server.boxes}
    is_(near, far, name + ": both sides are equal")


def moved(u, which, name):
    u.runs(name + ": before")
    for n in which:
        u.near.move("INBOX", "number %d" % n, "Arch")


# ---- COPY, EXPUNGE

@scenario
def copies():
    """The message is in its mailbox, or in both, but never in none."""
    for lie in list(LIES) + [None]:
        for does in (False, True) if lie else (False,):
            n = [2] if lie in SINGLE and not does else [2, 3]
            name = "%s, %s" % (lie or "nothing done", "copied" if does
                               else "not copied")
            u = account(COPIES)
            was = all_there(u)
            moved(u, n, name)
            liar(u, lie, does)
            r = u.sync()
            is_((r.status, len(r.err.splitlines())), (75, 1),
                name + ": told, once")
            ok("not moved to Arch: " in r.err and "COPYUID" in r.err,
               name + ": what is wrong", r.err)
            is_(stands(u), ["number %d" % i for i in range(1, 7)],
                name + ": nothing is expunged")
            ok(not [x for x in u.server.heard if "EXPUNGE" in x],
               name + ": nor asked for")
            rests(u, name)
            old = [x for x in stands(u, "Trash") if len(x) == 8]
            ok(not old or does, name + ": the trash is for copies", old)
            is_(all_there(u), sorted(was + old),
                name + ": all are there, once")
            is_([x for x in stands(u, "Arch") if len(x) == 8],
                ["number %d" % i for i in n], name + ": where they belong")
            u.server.close()


@scenario
def trash():
    """The copy may be in the trash by now: it is not copied again."""
    for lie in SINGLE[2::3] + [None]:
        for does in (False, True) if lie else (False,):
            name = "%s, %s" % (lie or "nothing done", "copied" if does else
                               "not copied")
            u = account(COPIES)
            was = all_there(u)
            u.near.remove("INBOX", "number 2")
            liar(u, lie, does)
            r = u.sync()
            is_((r.status, len(r.err.splitlines())), (75, 1),
                name + ": told, once")
            ok("not deleted there: " in r.err and "COPYUID" in r.err,
               name + ": what is wrong", r.err)
            ok("number 2" in stands(u), name + ": nothing is expunged")
            r = u.sync()
            ok(does or "number 2" in stands(u), name + ": nor the next time")
            rests(u, name)
            is_(all_there(u), was, name + ": all are there, once")
            ok("number 2" in stands(u, "Trash"), name + ": it is in the trash")
            u.server.close()


@scenario
def honest():
    """What is true is believed, in whatever order."""
    for caps in (COPIES, MOVES):
        u = account(caps)
        moved(u, [2, 4, 5], caps)
        r = u.runs(caps + ": moved")
        is_([x for x in stands(u, "Arch") if len(x) == 8],
            ["number 2", "number 4", "number 5"], caps + ": they are there")
        u.near.remove("INBOX", "number 3")
        u.runs(caps + ": deleted")
        is_((stands(u), "number 3" in stands(u, "Trash")),
            (["number 1", "number 6"], True), caps + ": it is in the trash")
        rests(u, caps)
        u.server.close()


# ---- MOVE

@scenario
def moves():
    """There is nothing to be expunged: the next pass asks who is who."""
    for lie in list(LIES)[::2]:
        for does in (False, True):
            name = "MOVE, %s, %s" % (lie, "done" if does else "not done")
            u = account(MOVES)
            was = all_there(u)
            moved(u, [2, 3], name)
            liar(u, lie, does)
            r = u.sync()
            is_((r.status, len(r.err.splitlines())),
                (0, 0) if does else (75, 1), name + ": told if not done")
            is_(all_there(u), was, name + ": all are there")
            rests(u, name)
            is_(all_there(u), was, name + ": once")
            is_([x for x in stands(u, "Arch") if len(x) == 8],
                ["number 2", "number 3"], name + ": where they belong")
            u.server.close()


# ---- a header without its body

@scenario
def stubs():
    """It was moved here, so it is copied there and deleted where it was."""
    for lie in SINGLE[::3] + [None]:
        for does in (False, True) if lie else (False,):
            name = "a stub, %s, %s" % (lie or "nothing done", "copied" if does
                                       else "not copied")
            u, how = account(COPIES), ("--bodies", "headers")
            u.box().add(wire(mail(50)))
            was = all_there(u)
            u.sync(*how)
            path = u.near.file("INBOX", "number 50")
            with open(path, "rb") as f:
                u.near.deliver("Arch", f.read(), "")
            os.unlink(path)
            liar(u, lie, does, "Arch")
            u.sync(*how, *EXPUNGE)
            u.sync(*how, *EXPUNGE)
            ok("number 50" in all_there(u), name + ": it is not lost")
            rests(u, name, *how, *EXPUNGE)
            is_(all_there(u), was, name + ": all are there")
            ok("number 50" in stands(u, "Arch"), name + ": where it belongs")
            u.server.close()


@scenario
def stub_twice():
    """Copied twice here: of the second copy it names the UID of the first."""
    for does in (False, True):
        name = "a stub, twice, " + ("copied" if does else "not copied")
        u, how, said = account(COPIES), ("--bodies", "headers"), []
        u.box().add(wire(mail(50)))
        u.sync(*how)
        with open(u.near.file("INBOX", "number 50"), "rb") as f:
            data = f.read()
        for _ in range(2):
            u.near.deliver("Arch", data, "")

        def on_command(session, verb, args):
            if verb != "UID COPY":
                return None
            to = session.find(args.partition(" ")[2])
            if does or not said:
                at = to.add(wire(mail(50)))
            said.append(said[0] if said else at)
            return b"TAG OK [COPYUID %d 7 %d] done\r\n" % (
                to.uidvalidity, said[0])
        u.server.on_command = on_command
        is_((u.sync(*how).status, len(said) > 1), (0 if does else 75, True),
            name + ": asked twice, and told if it is not there")
        rests(u, name, *how)
        is_(stands(u, "Arch").count("number 50"), 2, name + ": two are there")
        u.server.close()


done()
