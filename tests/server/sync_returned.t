#!/usr/bin/env python3
"""imapsync: a file is moved back after a move whose answer was lost.

The server has done the move, so the file is where it was before, and is known
there by a message that is gone; where it went, a message is known whose file is
gone.  That is a move, and no deletion on either side."""
from synclab import *
from imapmem import ALL

WAYS = {"UIDPLUS MOVE": "UID MOVE", "UIDPLUS": "UID EXPUNGE",
        "MOVE": "UID MOVE", "": "UID STORE"}
OTHER = "LITERAL+ LIST-STATUS ESEARCH"


def account(caps, *how):
    u = Alone(caps=(caps + " " + OTHER).strip())
    for i in 1, 2, 3:
        u.box().add(wire(mail(i)))
    for b in "Arch", "Work", "Trash":
        u.box(b)
    u.sync(*how)
    return u


def cut(u, verb, *how, kill=False):
    """One run; the connection ends when the server has done that command, and
    with kill the program."""
    done, p = [], []

    def on_command(session, v, args):
        if v != verb or done:
            return None
        done.append(v)
        getattr(session, "do_" + v.replace(" ", "_").lower())(args, [])
        for one in p:
            one.kill()
        return "close"
    u.server.on_command = on_command
    if kill:
        p.append(u.start(*how))
        p[0].communicate(timeout=FOREVER)
    status = p[0].returncode if kill else u.sync(*how).status
    u.server.on_command = None
    return len(done), status


def stands(u):
    """Messages that are not marked, by mailbox."""
    return {n: sorted(re.search(rb"Subject: (.*?)\r", m.data)[1].decode()
                      for m in b.messages if r"\Deleted" not in m.flags)
            for n, b in u.server.boxes.items()}


def rests(u, name, place, *how, trash=False):
    """Number 2 is there alone, on both sides, and nothing was deleted; trash:
    but for a copy of it."""
    for _ in range(4):
        r = u.sync("-j", *how)
    is_((r.status, r.err, r.acts("done")), (0, "", []), name + ": at rest")
    want = {b: [] for b in ("INBOX", "Arch", "Work", "Trash")}
    want["INBOX"] = ["number 1", "number 3"]
    want[place] = sorted(want[place] + ["number 2"])
    want["Trash"] = ["number 2"] * trash
    is_(stands(u), want, name + ": there")
    is_({b: sorted(m.subject for m in v if r"\deleted" not in m.flags)
         for b, v in u.near.all().items()}, want, name + ": here")


def renamed(u, path):
    os.rename(path, u.near.path("INBOX") + "/cur/1234.other.name:2,S")


def copied(u, path):
    shutil.copy(path, u.near.path("INBOX") + "/cur")
    os.unlink(path)


def flagged(u, path):
    base = os.path.basename(path).partition(":2,")[0]
    os.rename(path, u.near.path("INBOX") + "/cur/" + base + ":2,FS")


def returned(u, path):
    os.rename(path, u.near.path("INBOX") + "/cur/" + os.path.basename(path))


@scenario
def back():
    """By each way of moving, under whatever name, with other flags."""
    for caps, verb in WAYS.items():
        for how in returned, renamed, copied, flagged:
            u = account(caps)
            name = "'%s', %s" % (caps, how.__name__)
            path = u.near.move("INBOX", "number 2", "Work")
            is_(cut(u, verb), (1, 75), name + ": cut")
            how(u, path)
            rests(u, name, "INBOX", trash=caps == "")
            if how == flagged:
                is_([sorted(m.flags) for m in u.box().messages
                     if b"number 2" in m.data and r"\Deleted" not in m.flags],
                    [[r"\Flagged", r"\Seen"]], name + ": its flags")
            u.server.close()


@scenario
def deleted():
    """A file that was deleted, or lay in a folder that is not synced, comes back
    before it is known that its message is deleted."""
    for caps, verb in WAYS.items():
        for how in ([], ["--delete-far", "expunge"]):
            if caps == "" or (caps == "MOVE" and how):
                continue		# it is but marked there
            verb = "UID EXPUNGE" if how else verb
            for kill, status in ((False, 75), (True, -9)):
                u = account(caps)
                name = " ".join(["'%s'" % caps] + how + ["killed"] * kill)
                path = u.near.file("INBOX", "number 2")
                with open(path, "rb") as f:
                    data = f.read()
                os.unlink(path)
                is_(cut(u, verb, *how, kill=kill), (1, status),
                    name + ": cut")
                with open(path, "wb") as f:
                    f.write(data)
                rests(u, name, "INBOX", *how, trash=not how)
                u.server.close()


@scenario
def one_fails():
    """One of the two mailboxes cannot be selected in the next run."""
    for caps in "UIDPLUS MOVE", "UIDPLUS":
        for box in "INBOX", "Work":
            u = account(caps)
            name = "'%s', %s fails" % (caps, box)
            u.near.move("INBOX", "number 2", "Work")
            cut(u, WAYS[caps])
            u.near.move("Work", "number 2", "INBOX")
            u.server.on_command = lambda session, verb, args: \
                b"TAG NO [UNAVAILABLE] not now\r\n" if verb in (
                    "SELECT", "EXAMINE") and box in args else None
            is_(u.sync().status, 75, name)
            u.server.on_command = None
            for _ in range(4):
                r = u.sync("-j")
            is_((r.status, r.err, r.acts("done")), (0, "", []),
                name + ": at rest")
            is_([stands(u)[b] for b in ("INBOX", "Work")],
                [["number 1", "number 2", "number 3"], []], name + ": there")
            is_([sorted(m.subject for m in u.near.messages(b))
                 for b in ("INBOX", "Work")],
                [["number 1", "number 2", "number 3"], []], name + ": here")
            u.server.close()


@scenario
def three():
    """Two moves are cut, and then the file goes back to where it began, or to
    where it was in between."""
    for to in "INBOX", "Work":
        u = account("UIDPLUS MOVE")
        u.near.move("INBOX", "number 2", "Work")
        cut(u, "UID MOVE")
        u.near.move("Work", "number 2", "Arch")
        is_(cut(u, "UID MOVE"), (1, 75), "to %s: cut twice" % to)
        u.near.move("Arch", "number 2", to)
        rests(u, "to " + to, to)
        u.server.close()


@scenario
def one_file():
    """Copies of one name go from two folders, and the message itself is gone
    there: the file that is left is one message."""
    for marked in False, True:
        u = account("UIDPLUS MOVE")
        for box in "Arch", "Work":
            shutil.copy(u.near.file("INBOX", "number 2"),
                        u.near.path(box) + "/cur")
        u.runs("copies")
        u.near.set("INBOX", "number 2", "ST" if marked else "S")
        u.runs("flags")
        for box in "Arch", "Work":
            u.near.remove(box, "number 2")
        u.near.set("INBOX", "number 2", "S")
        del u.box().messages[1]
        u.box().touch()
        rests(u, "one file, mark %s" % marked, "INBOX", trash=True)
        u.server.close()


@scenario
def over_and_over():
    """Each answer is lost."""
    u = account("UIDPLUS")
    boxes = ["INBOX", "Work"] * 3
    for a, b in zip(boxes, boxes[1:]):
        u.near.move(a, "number 2", b)
        is_(cut(u, "UID EXPUNGE"), (1, 75), "%s to %s" % (a, b))
    rests(u, "over and over", "Work")
    u.server.close()


@scenario
def policies():
    """Also where nothing is deleted here, or in one direction only."""
    for how in (["--delete-near", "never"], ["--delete-near", "mark"],
                ["--near-gets", "new flags"], ["--push"],
                ["--delete-far", "expunge"]):
        u = account("UIDPLUS MOVE")
        u.near.move("INBOX", "number 2", "Work")
        cut(u, "UID MOVE", *how)
        u.near.move("Work", "number 2", "INBOX")
        rests(u, " ".join(how), "INBOX", *how)
        u.server.close()


@scenario
def stubs():
    """A header without its body is one afterwards, too: the body comes later."""
    for to in "INBOX", "Arch":
        u = account(ALL, "--bodies", "headers")
        u.near.move("INBOX", "number 2", "Work")
        is_(cut(u, "UID MOVE", "--bodies", "headers"), (1, 75), "a stub: cut")
        u.near.move("Work", "number 2", to)
        rests(u, "a stub to " + to, to, "--bodies", "headers")
        u.runs("the bodies, too", "--bodies", "full")
        with open(u.near.file(to, "number 2"), "rb") as f:
            is_(wire(f.read()), wire(mail(2)), "to %s: it is whole" % to)
        u.server.close()


done()
