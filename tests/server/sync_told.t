#!/usr/bin/env python3
"""imapsync: what cannot be done is told once, with its status; all else is done,
nothing is lost by it, and when it can be done it is."""
import glob

from synclab import *

PLAIN = "UIDPLUS LITERAL+ LIST-STATUS ESEARCH"
EXPUNGE = ("--delete-far", "expunge")


def account(caps=PLAIN + " MOVE", n=3, boxes=()):
    u = Alone(caps=caps)
    for i in range(1, n + 1):
        u.box().add(wire(mail(i)))
    for name in boxes:
        u.box(name).add(wire(mail(100 + len(name))))
    return u


def stands(u, name="INBOX"):
    return sorted(re.search(rb"Subject: (.*?)\r", m.data)[1].decode()
                  for m in u.box(name).messages)


def refusing(verb, answer=b"TAG NO [INUSE] not now\r\n"):
    return lambda session, said, args: answer if said == verb else None


def tells(u, status, pattern, name, *how):
    r = u.sync(*how)
    ok(r.status == status and len(re.findall(pattern, r.err)) == 1 and
       len(r.err.splitlines()) == 1, name + ": is told", (r.status, r.err))
    return r


def of_folders(r, name, *acts):
    """An event, which a hook is told, is what became of a folder, no more."""
    is_([x[:2] for x in r.acts("done") if
         re.search("-(create|rename|remove)$", x[0])], list(acts),
        name + ": %s" % (acts or "no event",))


def rests(u, name, *how, far=True):
    for _ in range(3):
        r = u.sync("-j", *how)
    is_((r.status, r.err, r.acts("done")), (0, "", []), name + ": at rest")
    near = {b: sorted(m.subject for m in v) for b, v in u.near.all().items()}
    if far:
        is_(near, {b: stands(u, b) for b in u.server.boxes},
            name + ": both sides are equal")
    u.server.close()


# ---- messages

@scenario
def copy_refused():
    u, how = account(), ("--bodies", "headers")
    u.box("Arch")
    u.sync(*how)
    with open(u.near.file("INBOX", "number 1"), "rb") as f:
        u.near.deliver("Arch", f.read(), "F")
    u.server.on_command = refusing("UID COPY")
    tells(u, 75, "not uploaded: .INUSE. not now", "a copy of a header", *how)
    is_(stands(u, "Arch"), [], "it is not there")
    u.server.on_command = None
    u.runs("it is copied", *how)
    is_((stands(u, "Arch"), [sorted(m.flags) for m in
                             u.box("Arch").messages]),
        (["number 1"], [[r"\Flagged"]]), "and has its flag")
    rests(u, "a copy of a header", *how)


@scenario
def create_delayed():
    """The server says that it has made it, and makes it later, or never."""
    for never in (False, True):
        u = account()
        u.sync()
        u.near.make("New")
        u.near.deliver("New", mail(30), "")
        u.server.on_command = lambda session, said, args: \
            b"TAG OK done\r\n" if said == "CREATE" else None
        tells(u, 75, "New: .NONEXISTENT. none", "a folder that is not there")
        if not never:
            u.box("New")
        u.server.on_command = None
        u.sync()
        u.sync()
        is_(stands(u, "New"), ["number 30"],
            "made %s: with what is in it" % ("anew" if never else "later"))
        rests(u, "a folder that came late")


@scenario
def too_large():
    """By APPENDLIMIT it is known before."""
    u = account(PLAIN + " MULTIAPPEND APPENDLIMIT=1000")
    u.sync()
    u.near.deliver("INBOX", mail(20, size=3000), "")
    u.near.deliver("INBOX", mail(21), "S")
    r = u.sync("-n")
    is_((r.status, r.err.count("APPENDLIMIT"), r.out.count("push")),
        (65, 1, 1), "too large: -n says so")
    tells(u, 65, r"not uploaded: it is larger than the server takes",
          "too large")
    tells(u, 65, "APPENDLIMIT", "too large, again")
    is_((stands(u), len(u.near.files("INBOX"))),
        (["number 1", "number 2", "number 21", "number 3"], 5),
        "the other one is there, and both are here")
    os.unlink(u.near.file("INBOX", "number 20"))
    rests(u, "too large")


@scenario
def longer():
    """More comes than RFC822.SIZE said."""
    u = account()
    u.server.on_say = lambda session, data: re.sub(
        rb"(UID 2 .*RFC822\.SIZE) \d+", rb"\1 10", data)
    r = u.sync()
    is_(len(u.near.files("INBOX")), 3, "all have come, whatever size was said")
    is_(sorted(sha(m.body) for m in u.near.messages("INBOX")),
        sorted(sha(wire(mail(i))) for i in (1, 2, 3)), "whole")
    u.server.on_say = None
    rests(u, "another size")


@scenario
def another_message():
    """The server has another one under the UID of what is to be shown."""
    u, how = account(), ("--bodies", "headers")
    u.sync(*how)
    f = u.near.file("INBOX", "number 2")
    r = u.sync("body", "--print", f)
    ok(r.status == 0 and "Subject: number 2" in r.out, "its own is shown",
       (r.status, r.err))
    u.box().messages[1].data = wire(mail(77))
    for what in ((f,), ("--folder", "INBOX", "--uid", "2")):
        r = u.sync("body", "--print", *what)
        ok(r.status == 65 and r.out == "" and "another message under its "
           "number" in r.err, "another one is not", (r.status, r.out, r.err))
    u.server.close()


@scenario
def no_attic():
    """What is gone there would go into the attic, and there can be none."""
    u = account(n=14)
    u.sync()
    u.sync()
    os.rmdir(u.near.root + ".attic")
    with open(u.near.root + ".attic", "w"):
        pass
    del u.box().messages[1]
    u.box().touch()
    r = u.sync()
    ok(r.status in (73, 74, 78) and ".attic" in r.err, "no attic: is told",
       (r.status, r.err))
    ok("number 2" in [m.subject for m in u.near.messages("INBOX")],
       "no attic: the file stays")
    os.unlink(u.near.root + ".attic")
    if os.geteuid() == 0:
        os.mkdir(u.near.root + ".attic")
        os.chown(u.near.root + ".attic", 1, 1)
        r = u.sync()
        ok(r.status == 73 and "belongs to another user" in r.err and
           len(u.near.messages("INBOX")) == 14,
           "another user's attic: is told, and the file stays",
           (r.status, r.err))
        os.rmdir(u.near.root + ".attic")
    u.sync()
    is_(len(u.near.attic()), 1, "then it is in there")
    rests(u, "no attic")


# ---- folders

@scenario
def create_refused():
    u = account()
    u.sync()
    u.near.make("New")
    u.near.deliver("New", mail(30), "")
    u.server.on_command = refusing("CREATE")
    u.box("Shut")
    with open(u.near.path("Shut"), "w"):
        pass
    r = u.sync("-j")
    ok(r.status == 73 and "Shut" in r.err and "New: not created on the server"
       ": [INUSE] not now" in r.err, "two new folders: are told",
       (r.status, r.err))
    of_folders(r, "two new folders")
    os.unlink(u.near.path("Shut"))
    tells(u, 69, "New: not created on the server: .INUSE. not now",
          "a new folder")
    u.server.on_command = None
    of_folders(u.runs("it is made", "-j"), "it is made",
               ("far-create", "New"))
    is_(stands(u, "New"), ["number 30"], "with what is in it")
    rests(u, "a new folder")


def rename_there(u):
    """Arch is called Older on the server."""
    box = u.server.boxes.pop("Arch")
    box.name = "Older"
    u.server.boxes["Older"] = box


def rename(session, verb, args):
    if verb != "RENAME":
        return None
    a, b = re.findall(r'"([^"]*)"', args) or args.split()
    box = session.server.boxes.pop(a)
    box.name = b
    session.server.boxes[b] = box
    return b"TAG OK done\r\n"


@scenario
def rename_refused():
    u = account(boxes=("Arch", "Other"))
    u.sync()
    u.sync()
    os.rename(u.near.path("Arch"), u.near.path("Older"))
    u.server.on_command = refusing("RENAME")
    for _ in range(2):
        r = tells(u, 75, "Arch: not renamed to Older: .INUSE. not now",
                  "a rename", "-j")
        of_folders(r, "a rename")
        is_(sorted(u.server.boxes), ["Arch", "INBOX", "Other"],
            "nothing is made in its place")
    how = ("--map", "Older -> Arch")
    like(r.err, re.escape(" ".join((how[0], "'%s'" % how[1]))),
         "the way out is told")
    u.box("Arch").add(wire(mail(105)))
    r = u.sync("-j", *how)
    is_((r.status, r.err, r.summary["fetched"], r.summary["pushed"],
         len(u.near.files("Older"))), (0, "", 1, 0, 2),
        "and it is one: new mail comes, and no other is sent")
    u.server.on_command = rename
    del u.server.heard[:]
    of_folders(u.sync("-j"), "a rename", ("far-rename", "Arch"))
    u.sync()
    is_((sorted(u.server.boxes), [x for x in u.server.heard
                                  if re.match("APPEND|DELETE", x)]),
        (["INBOX", "Older", "Other"], []), "it is renamed, at no bytes")
    rests(u, "a rename")


@scenario
def delete_refused():
    u, how = account(boxes=("Arch", "Other", "Kept", "Old")), (
        "--folders", "delete")
    u.sync(*how)
    u.sync(*how)
    shutil.rmtree(u.near.path("Old"))
    u.sync(*how)
    u.server.on_command = refusing("DELETE")
    of_folders(tells(u, 75, "Old: not deleted: .INUSE. not now", "a folder",
                   "-j", *how), "a folder")
    ok("Old" in u.server.boxes and not os.path.exists(u.near.path("Old")),
       "it is there, and not here")
    u.server.on_command = None
    of_folders(u.runs("it is deleted", "-j", *how), "it is deleted",
               ("far-remove", "Old"))
    del u.server.boxes["Kept"]
    u.sync(*how)
    of_folders(u.sync("-j", "--delete-near", "mark", *how),
               "one is gone there", ("near-remove", "Kept"))
    is_(len(u.near.attic()), 1, "its message is in the attic")
    ok("Old" not in u.server.boxes, "it is gone there")
    rests(u, "a folder", *how)


@scenario
def rename_cut():
    """A rename here was begun, and its run ended by a crash: at each part."""
    for parts in ((), ("new",), ("new", "tmp"), ("new", "tmp", "cur")):
        u = account(boxes=("Arch", "Other"))
        u.sync()
        u.sync()
        rename_there(u)
        state = os.path.dirname(glob.glob(u.state + "/**/*.st",
                                          recursive=True)[0])
        with open(state + "/rename", "w") as f:
            f.write("Arch\nArch\nOlder\nOlder\n.\n")
        if parts:
            u.near.make("Older")
        for p in parts:
            os.rmdir(u.near.path("Older") + "/" + p)
            os.rename(u.near.path("Arch") + "/" + p,
                      u.near.path("Older") + "/" + p)
        del u.server.heard[:]
        name = "cut behind %s" % (parts[-1] if parts else "nothing")
        was = u.near.tree()
        u.sync("-n")
        is_((u.near.tree(), os.path.exists(state + "/rename")), (was, True),
            name + ": -n finishes nothing")
        r = u.sync("-j")
        is_((r.status, r.err, r.summary["fetched"], r.summary["pushed"]),
            (0, "", 0, 0), name + ": it is finished, at no bytes")
        is_((u.near.boxes(), os.path.exists(state + "/rename")),
            (["INBOX", "Older", "Other"], False), name + ": and over")
        rests(u, name)


@scenario
def rename_here_fails():
    """What lies in the way of one folder is told, and the others are done."""
    u = account(boxes=("Arch", "Other"))
    u.sync()
    u.sync()
    rename_there(u)
    with open(u.near.path("Older"), "w"):
        pass
    u.box().add(wire(mail(20)))
    for _ in range(2):
        tells(u, 73, "Older", "no room for a rename")
    state = os.path.dirname(glob.glob(u.state + "/**/*.st", recursive=True)[0])
    with open(state + "/rename", "w") as f:
        f.write("Arch\nArch\nOlder\nOlder\n.\n")
    u.box().add(wire(mail(21)))
    r = u.sync()
    ok(r.status == 73 and not os.path.exists(state + "/rename"),
       "nor for one that was cut", (r.status, r.err))
    is_(len(u.near.messages("INBOX")), 5, "no room for a rename: all else comes")
    os.unlink(u.near.path("Older"))
    del u.server.heard[:]
    u.sync()
    ok(not [x for x in u.server.heard if "BODY.PEEK[]" in x],
       "it is renamed then, and no message fetched")
    rests(u, "no room for a rename")


def renamed_there(u):
    """Arch has another name on the server; the file of our state of it."""
    box = u.server.boxes["Older"] = u.server.boxes.pop("Arch")
    box.name = "Older"
    return next(f for f in glob.glob(u.state + "/**/*.st", recursive=True)
                if b"Arch" in open(f, "rb").read()[:60])


@scenario
def rename_cut_late():
    """Its state was moved, or the index knew, too, when the crash came; and
    there is a new folder of the old name."""
    for name in ("its state was moved", "all was done"):
        u = account(boxes=("Other",))
        u.box("Arch").add(wire(mail(104)), r"\Seen")
        u.sync()
        u.sync()
        state = renamed_there(u)
        if name == "all was done":
            u.sync()
            u.near.make("Arch")
            u.near.deliver("Arch", mail(50))
        else:
            os.rename(u.near.path("Arch"), u.near.path("Older"))
            os.unlink(state)
            u.box("Arch").add(wire(mail(50)))
        intent = os.path.dirname(state) + "/rename"
        with open(intent, "w") as f:
            f.write("Arch\nArch\nOlder\nOlder\n.\n")
        r = u.sync("-j")
        is_((r.status, r.err, os.path.exists(intent)), (0, "", False),
            name + ": it is over")
        u.sync()
        is_([[m.subject for m in u.near.messages(b)] for b in ("Arch", "Older")],
            [["number 50"], ["number 104"]], name + ": each has its own")
        rests(u, name)


@scenario
def rename_damaged():
    u = account(boxes=("Arch", "Other"))
    u.sync()
    u.sync()
    state = renamed_there(u)
    with open(state, "r+b") as f:
        f.write(b"damaged")
    r = u.sync("-j")
    is_((r.status, len(re.findall("no state of a mailbox", r.err)),
         r.summary["fetched"], u.near.boxes()),
        (0, 1, 0, ["INBOX", "Older", "Other"]),
        "a state that cannot be read does not end the run")
    rests(u, "paired anew")


NOBODY = 65534


def as_nobody(u, *how):
    """Modes of folders are nothing to root."""
    root = os.geteuid() == 0
    words = u.words("-j", *how)
    if root:
        words[0] = shutil.copy(PROGRAM, u.dir)
        for top, dirs, files in os.walk(u.dir):
            for f in [top] + [top + "/" + x for x in files]:
                os.chown(f, NOBODY, NOBODY)
    p = subprocess.run(words, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True,
                       **dict(user=NOBODY, group=NOBODY, extra_groups=[])
                       if root else {})
    return Result(p.returncode, p.stdout, p.stderr)


@scenario
def shut_folders():
    """Some that nobody may look into: each is told, and the others go on."""
    u = account(boxes=("Arch", "Arch/sub"))
    how = ("--folders", "delete", "--delete-far", "expunge")
    as_nobody(u, *how)
    as_nobody(u, *how)
    u.near.make("New")
    os.makedirs(u.near.root + "/lost+found")
    shut = [u.near.path(b) for b in ("Arch", "New", "lost+found")]
    for d in shut:
        os.chmod(d, 0)
    u.box().add(wire(mail(30)))
    os.unlink(u.near.file("INBOX", "number 1"))
    for _ in range(3):
        r = as_nobody(u, *how)
        is_((r.status, sorted(re.findall(r"(\S+): Permission denied", r.err))),
            (73, ["Arch", "Arch/sub", "New"]), "folders that are shut: are told")
    is_((sorted(u.server.boxes), stands(u)),
        (["Arch", "Arch/sub", "INBOX"], ["number 1", "number 2", "number 3",
                                         "number 30"]),
        "none is made or deleted there, nor what may be in them")
    ok(u.near.file("INBOX", "number 30"), "what is new elsewhere is here")
    for d in shut:
        os.chmod(d, 0o700)
    os.rmdir(shut[2])
    for _ in range(2):
        r = as_nobody(u, *how)
    is_((r.status, r.err, sorted(u.server.boxes), stands(u)),
        (0, "", ["Arch", "Arch/sub", "INBOX", "New"],
         ["number 2", "number 3", "number 30"]), "then all is done")
    u.server.close()


@scenario
def one_maildir():
    """Two mailboxes would be one folder here."""
    u = account(boxes=("Arch", "Work"))
    how = ("--map", "Work -> Arch")
    r = u.sync(*how)
    ok(r.status in (64, 65) and ("one folder" in r.err or "map" in r.err),
       "two names for one Maildir: is told", (r.status, r.err))
    near = {b: sorted(m.subject for m in v) for b, v in u.near.all().items()}
    ok(len(near.get("Work", [])) <= 1 and stands(u, "Work") and
       stands(u, "Arch"), "one of them at most comes", near)
    u.server.close()


@scenario
def no_such_trash():
    u = account(n=4)
    u.sync()
    os.unlink(u.near.file("INBOX", "number 1"))
    tells(u, 78, "--trash Bin: there is no such mailbox", "no such trash",
          "--trash", "Bin")
    is_(len(stands(u)), 4, "nothing is deleted")
    u.box("Bin")
    u.runs("there is one now", "--trash", "Bin")
    is_((len(stands(u)), stands(u, "Bin")), (3, ["number 1"]), "it is used")
    rests(u, "no such trash", "--trash", "Bin")


# ---- the brakes

@scenario
def brake_counts_passes():
    """Files that go while a run deletes others: all are counted together."""
    for late, there in ((5, False), (0, False), (5, True)):
        u = account(n=40, boxes=("Arch", "Work"))
        for i in range(41, 80):
            u.box("Arch").add(wire(mail(i)))
            u.box("Work").add(wire(mail(i + 100)))
        u.sync(*EXPUNGE)
        u.sync(*EXPUNGE)
        for i in range(1, 11):
            u.near.remove("INBOX", "number %d" % i)
            if not there:
                u.near.remove("Arch", "number %d" % (i + 40))
        if there:
            del u.box("Arch").messages[1:11]
            u.box("Arch").touch()
        u.box("Work").add(wire(mail(200)))	# Work is looked at once more
        more = ["number %d" % i for i in range(141, 141 + late)]

        def on_command(session, said, args, more=more):
            while said == "UID EXPUNGE" and more:
                u.near.remove("Work", more.pop())
        u.server.on_command = on_command
        name = "20 go in one pass%s, %d in the next" % (
            ", ten of them here" * there, late)
        r = u.sync(*EXPUNGE)
        is_((r.status, more, [len(stands(u, b)) for b in sorted(
            u.server.boxes)]), (75 if late else 0, [], [30, 30, 41]), name)
        like(r.err, "all folders together: 25 of 121 " if late else "^$",
             name + ": is told")
        u.server.on_command = None
        u.runs("the next run begins to count anew", *EXPUNGE)
        is_(len(stands(u, "Work")), 41 - late, "and deletes them")
        rests(u, name, *EXPUNGE)


@scenario
def dry_run_counts_passes():
    """More mailboxes than a pass has: -n holds back what a run does."""
    u = account(n=1)
    u.words = lambda *a, w=u.words, **k: [
        "sh", "-c", 'ulimit -n 1400 && exec "$0" "$@"'] + w(*a, **k)
    names = ["B%03d" % i for i in range(102)]
    for b in names:
        for i in range(12 if b in ("B000", "B001", "B101") else 0):
            u.box(b).add(wire(mail(i, subject="%s %d" % (b, i))))
        u.box(b)
    u.sync(*EXPUNGE)
    for b in names:
        for i in range(10 if u.box(b).messages else 0):
            u.near.remove(b, "%s %d" % (b, i))
        u.box(b).add(wire(mail(100, subject=b)))
    dry, r = u.sync("-n", *EXPUNGE), u.sync(*EXPUNGE)
    is_([len(stands(u, b)) for b in ("B000", "B001", "B101")], [3, 3, 13],
        "20 go in the first pass, 10 in the next are held back")
    is_((dry.status, dry.err, dry.out.count("B101")), (r.status, r.err, 1),
        "-n says what the run does then")
    u.server.close()


done()
