#!/usr/bin/env python3
"""imapsync: nothing is deleted on a server without proof, and a move is none."""
from synclab import *

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


done()
