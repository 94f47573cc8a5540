#!/usr/bin/env python3
"""imapsync: moves, renames of files, and deletions by every policy."""
from synclab import *

lab = up()
NO_BODIES = r"BODY\.PEEK\[\]|^APPEND"


def filled(n=10, *args):
    u = lab.user()
    u.far.create("Archive")
    u.far.appends("INBOX", [(mail(i), r"\Seen" if i % 2 else "")
                            for i in range(1, n + 1)])
    u.far.append("Archive", mail(100))
    u.sync(*args)
    return u


def subjects(boxes, box):
    return sorted(m.subject for m in boxes[box])


def copies(boxes, n):
    return sum(m.subject == "number %d" % n for b in boxes.values()
               for m in b)


@scenario
def moved_here():
    """A file moved to another folder is a UID MOVE."""
    u = filled(40)
    for i in range(1, 31):
        if i % 3 == 0:
            u.near.set("INBOX", "number %d" % i, "FS")
        u.near.move("INBOX", "number %d" % i, "Archive")
    p = u.proxy()
    r = u.runs("30 files moved to another folder", "-j", proxy=p)
    u.same("are there on the server")
    is_(len(u.far.messages("Archive")), 31, "once each")
    is_([c for c in p.commands if re.search(NO_BODIES, c)], [],
        "no message travelled")
    is_(p.count("UID MOVE"), 1, "by one command")
    is_((r.summary.get("moved_far"), r.summary.get("pushed"),
         r.summary.get("deleted_far")), (30, 0, 0), "and are counted so")
    is_(u.far.messages("Trash"), [], "nothing is in the trash")
    u.settled("and that is all", sent=True)
    u.near.move("Archive", "number 2", "INBOX")
    u.near.move("Archive", "number 3", "Sent")
    u.near.move("INBOX", "number 35", "Archive")
    os.makedirs(u.near.root + "/Made/cur")
    u.near.make("Made")
    u.near.move("INBOX", "number 36", "Made")
    r = u.plan_is_run("moves in four directions, one into a new folder")
    u.same("all of them")
    is_(r.summary.get("moved_far"), 4, "are moves")
    u.settled("and that is all", sent=True)


@scenario
def moved_with_another_name():
    """Some programs give a file a new name when they move it."""
    u = filled()
    old = u.near.file("INBOX", "number 4")
    os.rename(old, u.near.path("Archive") + "/cur/1234.other.name:2,S")
    p = u.proxy()
    u.runs("moved and renamed", proxy=p)
    u.same("is moved there, too")
    is_([c for c in p.commands if re.search(NO_BODIES, c)], [],
        "without its bytes: the inode tells")


@scenario
def copied_and_removed():
    """Others copy and remove: another inode, another name."""
    u = filled()
    old = u.near.file("INBOX", "number 4")
    with open(old, "rb") as f:
        data = f.read()
    u.near.deliver("Archive", data, "S")
    os.unlink(old)
    u.runs("copied to another folder and removed")
    u.same("is there as it is here")
    is_(subjects(u.far.all(), "Archive"), ["number 100", "number 4"],
        "once")
    u.settled("and that is all", sent=True)
    # a copy alone is a copy
    with open(u.near.file("INBOX", "number 6"), "rb") as f:
        u.near.deliver("Archive", f.read(), "")
    u.runs("a copy")
    u.same("is a copy there")
    ok("number 6" in subjects(u.far.all(), "INBOX") and
       "number 6" in subjects(u.far.all(), "Archive"), "and no move")
    # and a hard link, too: one inode, two messages
    os.link(u.near.file("INBOX", "number 8"),
            u.near.path("Archive") + "/cur/linked.name:2,S")
    u.runs("a hard link")
    u.same("is a copy there")
    ok("number 8" in subjects(u.far.all(), "INBOX"), "and no move")
    u.settled("and that is all", sent=True)


@scenario
def moved_and_copied():
    """Moved here, and copied as well: one is a move, the other an upload."""
    u = filled()
    for box in "Archive", "Sent":
        u.far.create(box) if box not in u.far.all() else None
    u.runs("two more folders")
    old = u.near.file("INBOX", "number 4")
    for box in "Archive", "Sent":
        shutil.copy(old, u.near.path(box) + "/cur")
    u.near.remove("INBOX", "number 4")
    u.runs("one file more than was removed")
    u.same("both sides are equal")
    is_(copies(u.far.all(), 4), 2, "both are there")
    u.settled("and that is all", sent=True)


@scenario
def renamed():
    """A mail program gives files new names: no delete, no add."""
    u = filled(40)
    files = u.near.files("INBOX")
    for i, f in enumerate(files):
        d, _, n = f.rpartition("/")
        os.rename(f, u.near.path("INBOX") + "/cur/17%d.R%d.other:2,%s" % (
            i, i, n.partition(":2,")[2]))
    p = u.proxy()
    u.runs("all 40 files have new names", proxy=p)
    is_([c for c in p.commands if re.search(
        NO_BODIES + "|EXPUNGE|UID STORE|MOVE", c)], [], "and nothing happens")
    u.same("both sides are as before")
    u.settled("also the next time")
    u.near.set("INBOX", "number 3", "")
    f = u.near.file("INBOX", "number 5")
    os.rename(f, u.near.path("INBOX") + "/cur/yet.another:2,FS")
    u.runs("a flag, with and without a new name")
    u.same("is a flag there")


@scenario
def looks_moved():
    """Gone in one folder, and there comes another with its header and size."""
    head = b"From: jo@x\nMessage-ID: <d@x>\nSubject: number 50\n\n"
    for side in ("there", "here", "here, under its name"):
        u = filled()
        u.far.append("INBOX", head + b"old text\n")
        u.sync()
        if side == "there":
            u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 50"))
            u.far.append("Archive", head + b"new text\n", date=1600000000)
        else:
            old = u.near.file("INBOX", "number 50")
            os.unlink(old)
            u.near.deliver("Archive", head + b"another text\n", "S",
                           name=os.path.basename(old).partition(":")[0]
                           if "name" in side else None)
        u.runs("one is gone %s, and one comes" % side)
        u.same("both sides are equal")
        ok(b"old text" not in b"".join(
            m.body for m in u.near.messages("Archive")), "it is the new one")
        u.settled("and that is all", sent=True)


@scenario
def moved_there():
    """Moved on the server: a rename here."""
    u = filled(40)
    inodes = {m.subject: os.stat(u.near.file("INBOX", m.subject)).st_ino
              for m in u.near.messages("INBOX")}
    u.far.move("INBOX", "1:30", "Archive")
    p = u.proxy()
    r = u.runs("30 messages moved on the server", "-j", proxy=p)
    u.same("are moved here")
    is_([c for c in p.commands if re.search(NO_BODIES, c)], [],
        "no message travelled")
    is_({s: os.stat(u.near.file("Archive", s)).st_ino
         for s in ("number %d" % i for i in range(1, 31))},
        {s: inodes[s] for s in ("number %d" % i for i in range(1, 31))},
        "they are the same files")
    is_((r.summary.get("moved_near"), r.summary.get("fetched"),
         r.summary.get("deleted_near")), (30, 0, 0), "and are counted so")
    is_(u.near.attic(), [], "nothing is in the attic")
    u.settled("and that is all")
    u.far.move("INBOX", "31", "Archive")
    u.near.set("INBOX", "number 31", "FS")
    u.runs("moved there, flagged here")
    u.same("both")
    ok(r"\flagged" in next(m.flags for m in u.far.messages("Archive")
                           if m.subject == "number 31"),
       "the flag is not lost")
    u.settled("and that is all", sent=True)
    u.far.move("INBOX", "32", "Archive")
    u.near.move("INBOX", "number 32", "Sent")
    u.runs("moved there and here, to different folders")
    u.same("both sides agree")
    ok("number 32" in subjects(u.far.all(), "Archive") +
       subjects(u.far.all(), "Sent"), "and it is not lost")
    u.settled("and that is all", sent=True)
    u.far.move("INBOX", "33", "Archive")
    u.near.move("INBOX", "number 33", "Archive")
    u.runs("moved there and here, to the same folder")
    u.same("both sides agree")
    is_(subjects(u.far.all(), "Archive").count("number 33"), 1, "on one")
    u.settled("and that is all")


@scenario
def twins():
    """Equal messages: a move takes one."""
    u = lab.user()
    u.far.create("Archive")
    u.far.appends("INBOX", [mail(1)] * 4 + [mail(2)])
    u.runs("four equal messages")
    u.same("are four here")
    os.rename(u.near.file("INBOX", "number 1"),
              u.near.path("Archive") + "/cur/a:2,")
    u.runs("one is moved here")
    u.same("one there")
    u.far.move("INBOX", "2", "Archive")
    u.runs("one is moved there")
    u.same("one here")
    is_((len(u.far.messages("INBOX")), len(u.far.messages("Archive"))),
        (3, 2), "none is lost")
    u.settled("and that is all")

# ---- the other half of a move is not done

def refusing(verb, text):
    """A hook: each such command is refused."""
    def on_command(link, n, line):
        tag, _, said = line.partition(" ")
        if re.match(verb, said):
            return ("%s NO %s\r\n" % (tag, text)).encode()
    return on_command


def saved(u, n, to):
    """As mutt saves: another file there, and this one is removed."""
    old = u.near.file("INBOX", "number %d" % n)
    with open(old, "rb") as f:
        u.near.deliver(to, f.read(), "S")
    os.unlink(old)


def held(u, name, *args, n=4, where="Archive", **how):
    """The only copy on the server stays; 75, and it is said why."""
    r = u.sync(*args, **how)
    is_(copies(u.far.all(), n), 1, name + ": the server keeps its only copy")
    is_(subjects(u.far.all(), "INBOX").count("number %d" % n), 1,
        name + ": where it was")
    ok(r.status in (69, 75), name + ": not exit 0", r.status)
    ok(re.search("not deleted on the server.*" + where + ".*--allow-deletes",
                 r.err), name + ": it is said, with the way out", r.err)


@scenario
def append_refused():
    """Saved into another folder, and the upload is refused."""
    for args in ((), ("--delete-far", "expunge")):
        u = filled(10, *args)
        saved(u, 4, "Archive")
        u.near.remove("INBOX", "number 5")
        p = u.proxy(on_command=refusing("APPEND", "[OVERQUOTA] full"),
                    hide=["LITERAL+", "MULTIAPPEND"])
        held(u, "APPEND refused", *args, proxy=p)
        ok("number 5" not in subjects(u.far.all(), "INBOX"),
           "another one is deleted there all the same")
        u.runs("the upload is not refused any more", *args)
        u.same("the move is finished")
        is_(subjects(u.far.all(), "Archive"), ["number 100", "number 4"],
            "once")
        u.settled("and that is all", sent=True)


@scenario
def create_refused():
    """Moved into a folder that the server does not make."""
    u = filled()
    os.makedirs(u.near.root + "/New/cur")
    u.near.make("New")
    u.near.move("INBOX", "number 4", "New")
    p = u.proxy(on_command=refusing("CREATE", "[CANNOT] no such names"))
    held(u, "CREATE refused", where="New", proxy=p)
    u.runs("the folder is made")
    u.same("the message is in it")
    u.settled("and that is all", sent=True)


@scenario
def folder_gone():
    """Moved into a folder that is kept here and gone there."""
    u = filled()
    u.far.do("DELETE Archive")
    u.runs("a folder is gone there")
    u.near.move("INBOX", "number 4", "Archive")
    held(u, "its folder is gone there")
    held(u, "the next run")
    saved(u, 6, "Archive")
    held(u, "copied and removed", n=6)
    u = filled()
    u.far.do("DELETE Archive")
    u.runs("a folder is gone there")
    u.runs("still so, and nothing came into it")
    u.near.deliver("Archive", mail(200), "")
    for name in ("a new file in it", "the next run"):
        r = u.sync()
        ok(r.status == 75 and
           re.search("Archive.* 1 files .*never there", r.err),
           name + ": it is said that it is not uploaded", r.err)


@scenario
def folder_left_out():
    """Moved into a folder that the patterns leave out."""
    u = filled()
    not_there = ("--patterns", "* !Local")
    os.makedirs(u.near.root + "/Local/cur")
    u.near.make("Local")
    u.near.move("INBOX", "number 4", "Local")
    r = u.sync(*not_there)
    ok(r.status == 75 and re.search("--local-only 'Local'", r.err) and
       "number 4" in subjects(u.far.all(), "INBOX"),
       "moved into a folder that is left out: it is kept there", r.err)
    u.runs("that was said once", *not_there)
    u.near.set("INBOX", "number 3", "FS")
    u.runs("so another run goes on", *not_there)
    u.near.move("INBOX", "number 5", "Local")
    r = u.sync(*not_there)
    ok(r.status == 75 and re.search("INBOX: 1 messages", r.err),
       "a second one is said", r.err)
    u.near.deliver("Archive", open(u.near.file("INBOX", "number 1"),
                                   "rb").read(), "")
    u.near.deliver("Local", open(u.near.file("INBOX", "number 1"),
                                 "rb").read(), "")
    u.near.remove("INBOX", "number 1")
    r = u.sync(*not_there)
    ok(r.status == 75 and re.search("Local", r.err),
       "a copy that is uploaded does not free what is in it", r.err)
    is_([s for s in ("number 1", "number 4", "number 5")
         if s not in subjects(u.far.all(), "INBOX")], [],
        "all are kept there")
    u.runs("--local-only lets them go", "--local-only", "Local")
    is_([s for s in ("number 1", "number 4", "number 5")
         if s in subjects(u.far.all(), "INBOX")], [], "they are deleted")
    is_(sorted(subjects(u.near.all(), "Local")),
        ["number 1", "number 4", "number 5"], "and here they are")
    ok("Local" not in u.far.boxes(), "it is not made on the server")
    u.near.move("INBOX", "number 6", "Local")
    u.runs("another one goes at once", "--local-only", "Local")
    ok("number 6" not in subjects(u.far.all(), "INBOX"), "it is deleted")


@scenario
def folder_left_out_allowed():
    u = filled()
    not_there = ("--patterns", "* !Local")
    u.near.make("Local")
    u.near.move("INBOX", "number 4", "Local")
    u.sync(*not_there)
    u.sync(*not_there)
    u.runs("--allow-deletes 1", "--allow-deletes", "1", *not_there)
    ok("number 4" not in subjects(u.far.all(), "INBOX"), "deletes it")
    u.near.remove("INBOX", "number 6")
    u.runs("another one, which is nowhere", *not_there)
    ok("number 6" not in subjects(u.far.all(), "INBOX"), "is deleted")


# ---- what a move costs, and what may come between

SETUP = r"AUTHENTICATE|LOGIN|CAPABILITY|ID |ENABLE|LOGOUT"
WRITES = r"UID (STORE|MOVE|COPY|EXPUNGE)|APPEND|EXPUNGE|CLOSE"


def verbs(commands):
    return [re.match(r"UID \S+|\S+", c)[0] for c in commands
            if not re.match(SETUP, c)]


def moving(n=30, count=10):
    """Two Maildirs in step, and then the first count files moved here."""
    u = filled(n)
    u.runs("%d messages" % n)
    for i in range(1, count + 1):
        u.near.move("INBOX", "number %d" % i, "Archive")
    return u


def long_ago(u):
    """What was changed here was not changed just now."""
    for box in ("INBOX", "Archive"):
        os.utime(u.near.path(box) + "/cur", (time.time() - 100,) * 2)


@scenario
def at_most_four():
    """LIST, SELECT with a look at some, and MOVE, with a STATUS behind it."""
    u = filled(600)
    u.runs("600 messages")
    for f in u.near.files("INBOX")[:500]:
        os.rename(f, u.near.path("Archive") + "/cur/" + os.path.basename(f))
    p = u.proxy()
    r = u.sync("-j", proxy=p)
    is_(verbs(p.commands), ["LIST", "SELECT", "UID FETCH", "UID MOVE",
                            "STATUS"],
        "500 files moved to another folder are four turns")
    is_([c for c in p.commands if re.search(NO_BODIES, c)], [],
        "no message travels")
    is_((r.status, r.err, r.summary.get("moved_far")), (0, "", 500),
        "all 500 are moved")
    u.same("both sides are equal")
    u.settled("a look at them, and then nothing more", sent=True)


@scenario
def few_for_the_others():
    """Flags and uploads: one SELECT, and what they are."""
    u = filled(20)
    u.runs("20 messages")
    for i in range(1, 11):
        u.near.set("INBOX", "number %d" % i, "FS")
    p = u.proxy()
    u.runs("flags of ten messages", proxy=p)
    does = [c for c in p.commands if c != "LOGOUT"]
    ok(verbs(does)[:3] == ["LIST", "SELECT", "UID FETCH"] and
       set(verbs(does)[3:-1]) == {"UID STORE"} and
       does[-1].endswith("(UID FLAGS)"), "are stored, and looked at", does)
    u.settled("a look at them, and then nothing more", sent=True)
    u.near.deliver("INBOX", mail(50), "S")
    p = u.proxy()
    u.runs("a new file", proxy=p)
    is_(verbs(p.commands), ["LIST", "SELECT", "UID FETCH", "APPEND"],
        "is only uploaded")
    u.settled("a look at it, and then nothing more", sent=True)
    f = u.near.file("INBOX", "number 13")
    os.rename(f, u.near.path("INBOX") + "/cur/another.name:2,S")
    p = u.proxy()
    u.runs("a file with another name", proxy=p)
    is_(verbs(p.commands), ["LIST"], "is nothing that the server has to know")
    u.same("all of it")
    u.settled("and that is all")


@scenario
def both_ways_at_once():
    """What we move into a mailbox does not make it a strange one."""
    u = filled(20)
    u.far.appends("Archive", [mail(i) for i in range(101, 111)])
    u.runs("20 messages and 11")
    for i in range(1, 6):
        u.near.move("INBOX", "number %d" % i, "Archive")
        u.near.move("Archive", "number %d" % (100 + i), "INBOX")
    u.near.set("Archive", "number 107", "F")
    p = u.proxy()
    u.runs("five moved this way, five that way, and a flag", proxy=p)
    does = verbs(p.commands)
    is_(does[:5], ["LIST"] + 2 * ["SELECT", "UID FETCH"],
        "both are asked who they are before anything is done")
    is_(sorted(does[5:]), sorted(2 * ["UID MOVE", "STATUS"] + [
        "SELECT", "UID STORE", "UID FETCH"]), "and once: one of them is selected still")
    u.same("both sides are equal")
    u.settled("a look at them, and then nothing more", sent=True)


def hand(u, box, what):
    if what == "flags one":
        u.far.store(box, "3" if box == "INBOX" else "1",
                    r"+FLAGS.SILENT (\Flagged)")
    elif what == "expunges one":
        u.far.expunge(box, "15" if box == "INBOX" else "1")
    elif what == "delivers one":
        u.far.append(box, mail(200), r"\Seen")


def first(pattern, do):
    """A hook: once, before the first such command; do's answer is its."""
    did = []

    def on_command(link, n, line):
        tag, _, said = line.partition(" ")
        if not did and re.match(pattern, said):
            did.append(said)
            return do(tag)
    return on_command


@scenario
def no_move():
    """Gone here, and there comes one with its header and another text."""
    u = lab.user()
    u.far.create("Archive")
    u.far.append("INBOX", mail(1))
    u.runs("a message")
    u.far.append("Archive", mail(1) + b"another text\r\n")
    u.far.expunge("INBOX", "1")
    u.runs("gone there, and another one of that header elsewhere")
    u.same("whose own text is here")
    u.settled("and that is all")


@scenario
def another_hand():
    """Another client in the time between our commands."""
    for when in ("SELECT", "UID MOVE"):
        for box in ("INBOX", "Archive"):
            for what in ("flags one", "expunges one", "delivers one"):
                name = "another hand %s in %s before our %s" % (what, box,
                                                                when)
                u = moving()
                p = u.proxy(on_command=first(when, lambda tag: hand(
                    u, box, what)))
                u.runs(name, proxy=p)
                u.runs(name + ": the next run")
                u.same(name + ": both sides are equal")
                have = collections.Counter(
                    subjects(u.far.all(), "INBOX") +
                    subjects(u.far.all(), "Archive"))
                want = {"number %d" % i for i in (*range(1, 31), 100)}
                want |= {"number 200"} if what == "delivers one" else set()
                want -= {"number 15" if box == "INBOX" else "number 100"} \
                    if what == "expunges one" else set()
                is_(have, collections.Counter(want),
                    name + ": nothing is lost, nothing there twice")
                marked = [m.subject for b in ("INBOX", "Archive") for m in
                          u.far.messages(b) if r"\flagged" in m.flags]
                is_(marked, ([] if what != "flags one" else ["number 3"]
                             if box == "INBOX" else ["number 100"]),
                    name + ": and the flags")
                u.settled(name + ": and that is all", sent=True)
                p.close()


@scenario
def expunged_meanwhile():
    """What we move is expunged by another: here it is still, so it stays."""
    for when in ("SELECT", "UID MOVE"):
        u = moving()
        p = u.proxy(on_command=first(when, lambda tag: u.far.expunge(
            "INBOX", "3")))
        r = u.sync(proxy=p)		# Dovecot refuses such a MOVE
        ok(r.status in (0, 75), "expunged before our %s" % when, r.err)
        u.runs("the next run")
        u.same("both sides are equal")
        is_(subjects(u.far.all(), "Archive").count("number 3"), 1,
            "expunged before our %s: it is there once" % when)
        u.settled("and that is all", sent=True)
        p.close()


@scenario
def not_as_believed():
    """SELECT does not say what STATUS did."""
    for name, old, new in (
            ("another UIDVALIDITY", rb"\[UIDVALIDITY \d+", b"[UIDVALIDITY 7"),
            ("a UIDNEXT of before", rb"\[UIDNEXT \d+", b"[UIDNEXT 21"),
            ("a later UIDNEXT", rb"\[UIDNEXT \d+", b"[UIDNEXT 2100"),
            ("another MODSEQ", rb"\[HIGHESTMODSEQ \d+",
             b"[HIGHESTMODSEQ 9000"),
            ("no MODSEQ", rb"\[HIGHESTMODSEQ \d+", b"[NOMODSEQ"),
            ("fewer messages", rb"^\* \d+ EXISTS", b"* 29 EXISTS"),
            ("READ-ONLY", rb"\[READ-WRITE\]", b"[READ-ONLY]"),
            ("no PERMANENTFLAGS", rb"\[PERMANENTFLAGS \([^)]*\)",
             b"[PERMANENTFLAGS ()"),
            ("PERMANENTFLAGS without ours", rb"\[PERMANENTFLAGS \([^)]*\)",
             rb"[PERMANENTFLAGS (\Seen \Deleted)")):
        u = moving()
        u.near.set("INBOX", "number 20", "FS")
        heard, lied = [], []

        def on_line(link, line):
            if len(lied) == 0 and re.search(old, line) and sum(
                    c.startswith("SELECT") for c in link.commands) == 1:
                lied.append(1)
                return re.sub(old, lambda m: new, line) + b"\r\n"
        p = u.proxy(on_line=on_line)
        r = u.sync(proxy=p)
        does = verbs(p.commands)
        at = [i for i, v in enumerate(does) if v == "SELECT"]
        ok(lied and len(at) > 1 and not [
            v for v in does[:at[1]] if re.match(WRITES, v)],
           "%s: nothing is written after that" % name, p.commands)
        is_((r.status, r.err, p.count("APPEND")), (0, "", 0),
            "%s: all is looked at, and then it is a move" % name)
        u.runs("%s: the next run" % name)
        u.same("%s: both sides are equal" % name)
        u.settled("%s: and that is all" % name, sent=True)
        p.close()


@scenario
def no_move_any_more():
    """What was to come by a move is uploaded: its mailbox is asked first."""
    u = filled(20)
    u.far.appends("Archive", [mail(i) for i in range(101, 104)])
    u.runs("20 messages and 3")
    u.near.move("INBOX", "number 3", "Archive")
    p = u.proxy(on_command=first("SELECT", lambda tag: u.far.expunge(
        "INBOX", "3")))
    u.runs("moved here, expunged there before our SELECT", proxy=p)
    last = [i for i, c in enumerate(p.commands) if
            c.startswith('SELECT "Archive"')][-1]
    is_(verbs(p.commands[last:]), ["SELECT", "UID FETCH", "APPEND"],
        "who the messages of the other mailbox are is asked before it")
    u.same("both sides are equal")
    is_(subjects(u.far.all(), "Archive").count("number 3"), 1,
        "it is there once")
    u.settled("and that is all", sent=True)
    p.close()


@scenario
def never_to_be_written():
    """READ-ONLY, or without flags that can be stored, whenever it is asked."""
    for name, old, new in (
            ("READ-ONLY", rb"\[READ-WRITE\]", b"[READ-ONLY]"),
            ("PERMANENTFLAGS ()", rb"\[PERMANENTFLAGS \([^)]*\)",
             b"[PERMANENTFLAGS ()")):
        u = moving()
        u.near.set("INBOX", "number 20", "FS")
        u.near.deliver("INBOX", mail(60), "S")
        u.near.remove("INBOX", "number 21")
        p = u.proxy(on_line=lambda link, line: re.sub(old, new, line) +
                    b"\r\n" if re.search(old, line) else None)
        before = canon(u.far.all())
        for _ in range(2):
            u.sync(proxy=p)
        is_([v for v in verbs(p.commands) if re.match(WRITES, v)], [],
            "always %s: nothing is written" % name)
        ok(canon(u.far.all()) == before, "always %s: all is as it was" % name)
        u.runs("%s no more" % name)
        u.runs("and again")
        u.same("%s no more: both sides are equal" % name)
        is_(len(subjects(u.far.all(), "Archive")), 11,
            "%s no more: the moved are there" % name)


@scenario
def copyuid_of_another():
    """COPYUID with the UIDVALIDITY of some other mailbox is not believed."""
    u = moving()
    p = u.proxy(on_line=lambda link, line: b"* OK [COPYUID 7 1:10 101:110]\r\n"
                if b"[COPYUID " in line else None)
    u.runs("a strange COPYUID", proxy=p)
    is_(p.count("APPEND"), 0, "a strange COPYUID: no bytes are sent")
    u.runs("the next run")
    u.same("a strange COPYUID: both sides are equal")
    is_((len(u.near.files("Archive")), u.near.attic()), (11, []),
        "a strange COPYUID: all are there")
    u.settled("and that is all", sent=True)


@scenario
def move_unanswered():
    """The connection ends before the answer: who they are is known by our log."""
    u = filled(30)
    u.near.move("INBOX", "number 4", "Archive")
    lost = []

    def on_line(link, line):
        if b"[COPYUID " in line:
            lost.append(link)
        return b"* OK lost\r\n" if lost else None
    p = u.proxy(on_line=on_line)
    r = u.sync("--timeout", "3", proxy=p)
    ok(lost and r.status != 0, "a MOVE without an answer", (r.status, r.err))
    p.close()
    p = u.proxy()
    u.runs("the next run", proxy=p)
    is_([c for c in p.commands if re.search(NO_BODIES, c)], [],
        "needs no bytes")
    u.same("both sides are equal")
    is_(subjects(u.far.all(), "Archive").count("number 4"), 1, "it is there once")
    u.settled("and that is all", sent=True)


@scenario
def move_refused():
    """More of them than the brake lets go: none is uploaded instead."""
    u = moving(30, 15)
    long_ago(u)
    p = u.proxy(on_command=first("UID MOVE", lambda tag: (
        tag + " NO [INUSE] not now\r\n").encode()))
    r = u.sync(proxy=p)
    ok(r.status == 75 and "not now" in r.err, "MOVE is refused: 75",
       (r.status, r.err, p.commands))
    is_((p.count("UID MOVE"), p.count("APPEND")), (1, 0),
        "and nothing is sent in its place")
    q = u.proxy()
    u.runs("the next run", proxy=q)
    is_((q.count("UID MOVE"), q.count("APPEND")), (1, 0), "moves them")
    u.same("both sides are equal")
    u.settled("and that is all", sent=True)


@scenario
def second_move_refused():
    """One is moved, the next is not, and its folder has one more pass."""
    u = Alone(caps="UIDPLUS LITERAL+ LIST-STATUS ESEARCH MOVE")
    for n in range(1, 5):
        u.box().add(wire(mail(n)))
    for name in ("Arch", "Other"):
        u.box(name)
    u.sync()
    u.near.deliver("Other", mail(50))
    u.near.move("INBOX", "number 2", "Arch")
    u.near.move("INBOX", "number 3", "Other")
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO [INUSE] not now\r\n" if verb == "UID MOVE" and \
        "Other" in args else None
    u.server.on_say = lambda session, data: re.sub(
        rb"\[APPENDUID[^]]*\] ", b"", data)
    r = u.sync()
    is_((r.status, sum(x.startswith("APPEND") for x in u.server.heard)),
        (75, 1), "the new one is sent, not the one that was to be moved")
    u.server.on_command = None
    u.runs("the next run")
    is_((len(u.box().messages), len(u.box("Arch").messages),
         len(u.box("Other").messages)), (2, 1, 2), "moves it")
    u.server.close()


@scenario
def cannot_be_selected():
    """What was to be moved is found by the next run."""
    for name, pattern in (("SELECT", "SELECT"), ("STORE", "UID STORE")):
        u = moving()
        u.near.set("Archive", "number 4", "FS")
        long_ago(u)
        p = u.proxy(on_command=first(pattern, lambda tag: (
            tag + " NO [INUSE] not now\r\n").encode()))
        r = u.sync(proxy=p)
        ok(r.status == 75 and "not now" in r.err, "%s is refused: 75" % name,
           (r.status, r.err, p.commands))
        is_(p.count("UID MOVE"), 0, "%s is refused: nothing is moved" % name)
        q = u.proxy()
        u.runs("%s: the next run" % name, proxy=q)
        is_((q.count("UID MOVE"), q.count("APPEND")), (1, 0),
            "%s: moves it, and sends no bytes" % name)
        u.same("%s: both sides are equal" % name)
        u.settled("%s: and that is all" % name, sent=True)


# ---- deletions

@scenario
def delete_far():
    """Gone here: what becomes of it there, by --delete-far."""
    for policy in ("trash", "expunge", "mark", "never"):
        u = filled()
        how = ("--delete-far", policy)
        u.near.remove("INBOX", "number 3")
        u.near.remove("INBOX", "number 4")
        p = u.proxy()
        u.plan_is_run("--delete-far %s: -n tells" % policy, *how) \
            if policy != "never" else u.runs("--delete-far never", *how)
        far = u.far.all()
        here = {"number 3", "number 4"} & set(subjects(far, "INBOX"))
        marked = {m.subject for m in far["INBOX"] if r"\deleted" in m.flags}
        trash = set(subjects(far, "Trash"))
        two = {"number 3", "number 4"}
        is_((here, marked, trash),
            {"trash": (set(), set(), two), "expunge": (set(), set(), set()),
             "mark": (two, two, set()), "never": (two, set(), set())}[policy],
            "--delete-far %s does it" % policy)
        u.runs("--delete-far %s again" % policy, *how, proxy=p)
        is_([c for c in p.commands if re.search(
            "EXPUNGE|UID STORE|MOVE|COPY|" + NO_BODIES, c)
             and "Trash" not in c], [],
            "--delete-far %s: and then nothing more" % policy)
        is_(subjects(u.near.all(), "INBOX"), subjects(
            {"INBOX": [m for m in u.near.messages("INBOX")
                       if m.subject not in two]}, "INBOX"),
            "--delete-far %s: they do not come back" % policy)
        if policy == "trash":
            u.same("what is in the trash is here, too")
            u.near.remove("Trash", "number 3")
            u.runs("deleted in the trash", *how)
            is_(subjects(u.far.all(), "Trash"), ["number 4"],
                "it is expunged")
            u.settled("and that is all", sent=True)


@scenario
def no_trash():
    """Without a mailbox for it, trash is mark, and that is told once."""
    u = lab.user()
    p = u.proxy(hide={"SPECIAL-USE"}, on_line=lambda link, line: re.sub(
        rb"Trash", b"Waste", line) + b"\r\n"
        if re.match(rb"\* (LIST|STATUS) ", line) else None)
    u.far.create("Waste")
    u.far.do('DELETE "Trash"')
    u.far.appends("INBOX", [mail(i) for i in range(1, 4)])
    u.runs("no \\Trash", proxy=p)
    u.near.remove("INBOX", "number 2")
    r = u.sync(proxy=p)
    is_(r.status, 0, "gone here")
    like(r.err, "INBOX: no mailbox there is known as the trash: .*--trash",
         "is told")
    is_([(m.subject, sorted(m.flags)) for m in u.far.messages("INBOX")],
        [("number 1", []), ("number 2", [r"\deleted"]), ("number 3", [])],
        "is marked there")
    u.near.remove("INBOX", "number 3")
    u.runs("another one: not told again", proxy=p)
    u.near.remove("INBOX", "number 1")
    u.runs("--trash NAME", "--trash", "Waste", proxy=p)
    is_((subjects(u.far.all(), "INBOX"), subjects(u.far.all(), "Waste")),
        ([], ["number 1", "number 2", "number 3"]),
        "all of them are moved to that one")
    r = u.runs("a name that is not there: 78", "--trash", "waste", proxy=p,
               status=78)
    like(r.err, "--trash waste: there is no such mailbox", "is named")


@scenario
def other_uses():
    r"""A mailbox for \Memos, \Scheduled or \Snoozed is no trash by its name."""
    for use in (r"\Memos", r"\Scheduled", r"\Snoozed"):
        u = Alone()
        u.box().add(mail(1))
        u.box("Trash").special = use
        u.runs("a first run")
        u.near.remove("INBOX", "number 1")
        u.sync()
        is_((len(u.box("Trash").messages), len(u.box().messages)), (0, 1),
            use + ": it is only marked")
        r = u.sync("-j", "list")
        is_([e.get("use") for e in r.events if e["box"] == "Trash"], [use],
            use + ": list says it")


@scenario
def trash_names():
    """Servers that do not say which is the trash: it is known by its name."""
    for name, is_one in (
            ("Trash", True), ("INBOX/Trash", True), ("trash", True),
            ("Deleted Items", True), ("Gelöschte Elemente", True),
            ("Éléments supprimés", True), ("Elementi eliminati", True),
            ("Verwijderde items", True), ("削除済みアイテム", True),
            ("Papierkorb", True), ("Old/Trash", False), ("Trashy", False)):
        u = Alone(caps="UIDPLUS MOVE LIST-STATUS")
        u.box().add(mail(1))
        u.box(utf7(name))
        u.box("Lixo")
        u.sync()
        u.near.remove("INBOX", "number 1")
        r = u.sync()
        is_((r.status, [len(u.box(b).messages) for b in ("INBOX",
                                                         utf7(name))]),
            (0, [0, 1] if is_one else [1, 0]),
            "%s is %sthe trash" % (name, "" if is_one else "not "))
    u = Alone(caps="UIDPLUS MOVE LIST-STATUS SPECIAL-USE")
    u.box().add(mail(1))
    u.box("Trash")
    u.box("Waste").special = r"\Trash"
    u.sync()
    u.near.remove("INBOX", "number 1")
    u.runs("what the server says comes first")
    is_(len(u.box("Waste").messages), 1, "it is there")


@scenario
def delete_near():
    """Gone there: what becomes of it here, by --delete-near."""
    for policy in ("attic", "expunge", "mark", "never"):
        u = filled()
        how = ("--delete-near", policy)
        u.far.expunge("INBOX", "3:4")
        u.plan_is_run("--delete-near %s: -n tells" % policy, *how) \
            if policy != "never" else u.runs("--delete-near never", *how)
        near = u.near.all()
        two = {"number 3", "number 4"}
        here = two & set(subjects(near, "INBOX"))
        marked = {m.subject for m in near["INBOX"] if r"\deleted" in m.flags}
        is_((here, marked, len(u.near.attic())),
            {"attic": (set(), set(), 2), "expunge": (set(), set(), 0),
             "mark": (two, two, 0), "never": (two, set(), 0)}[policy],
            "--delete-near %s does it" % policy)
        if policy == "attic":
            like(u.near.attic()[0][len(u.near.root):],
                 r"^\.attic/20\d{6}/", "it is called after the day")
            with open(u.near.attic()[0], "rb") as f:
                like(f.read().decode(), "Subject: number [34]",
                     "and has the bytes")
        n = len(u.far.messages("INBOX"))
        u.runs("--delete-near %s again" % policy, *how)
        is_(len(u.far.messages("INBOX")), n,
            "--delete-near %s: they do not go back" % policy)
        if policy in ("attic", "expunge"):
            u.settled("--delete-near %s: and that is all" % policy)


def gone_there(u, n=2, m=1):
    """The last file here goes to the attic; m: it is to go there now."""
    if m > 0:
        u.box().messages.pop()
    u.runs("one is gone there")
    is_(len(u.near.attic()), 1, "it is in the attic")
    with open(u.near.attic()[0], "rb") as f:
        is_(f.read(), mail(n), "as it was")
    is_(os.stat(u.near.attic()[0]).st_nlink, 1, "and nowhere else")
    is_(len(u.near.files("INBOX")), n - 1, "and not here")


def of_two():
    u = Alone()
    for i in (1, 2):
        u.box().add(mail(i), date=' 1-Jan-2020 10:00:00 +0000')
    return u


@scenario
def attic_beside():
    """The attic is beside the Maildirs, where no indexer finds it."""
    u = of_two()
    u.runs("two messages")
    gone_there(u)
    like(u.near.attic()[0], "^" + u.near.root + r"\.attic/\d{8}/INBOX/p",
         "beside the Maildirs")
    is_(os.stat(u.near.root + ".attic").st_mode & 0o777, 0o700,
        "nobody else reads it")


@scenario
def attic_inside():
    """One that is there within the Maildirs is used further on."""
    u = of_two()
    os.mkdir(u.near.root + "/.attic")
    u.runs("two messages")
    gone_there(u)
    ok("/near/.attic/" in u.near.attic()[0] and
       not os.path.exists(u.near.root + ".attic"), "and no other")


@scenario
def attic_elsewhere():
    """On another file system files are copied, with their time."""
    u = of_two()
    if not os.access("/dev/shm", os.W_OK) or \
            os.stat("/dev/shm").st_dev == os.stat(u.dir).st_dev:
        return ok(True, "another file system # SKIP there is none")
    far = tempfile.mkdtemp(dir="/dev/shm")
    atexit.register(shutil.rmtree, far, ignore_errors=True)
    os.rmdir(u.near.root)
    os.symlink(far, u.near.root)
    u.runs("two messages")
    gone_there(u)
    f = u.near.attic()[0]
    is_(time.strftime("%Y", time.gmtime(os.stat(f).st_mtime)), "2020",
        "its time is the message's")
    is_(os.listdir(os.path.dirname(f)), [os.path.basename(f)],
        "nothing unfinished is left")


@scenario
def attic_strange():
    """Another user's is not used, and the file stays."""
    if os.getuid() != 0:
        return ok(True, "another user's attic # SKIP only root can make it")
    for what in ("another user's", "a file", "a link"):
        u = of_two()
        u.runs("two messages")
        os.rmdir(u.near.root + ".attic")
        if what == "a file":
            open(u.near.root + ".attic", "w").close()
        elif what == "a link":
            os.symlink(u.dir, u.near.root + ".attic")
        else:
            os.mkdir(u.near.root + ".attic")
            os.chown(u.near.root + ".attic", 65534, 65534)
        u.box().messages.pop()
        r = u.runs(what + " attic: said, 73", status=73)
        like(r.err, r"near\.attic: ", "with its path")
        is_(len(u.near.files("INBOX")), 2, "the file stays")
        (shutil.rmtree if what == "another user's" else os.unlink)(
            u.near.root + ".attic")
        gone_there(u, m=0)
        is_(len(u.box().messages), 1, "and is not taken for a new one")


@scenario
def of_others():
    """What others have marked is theirs to expunge."""
    u = filled()
    u.far.store("INBOX", "7", r"+FLAGS.SILENT (\Deleted)")
    u.near.remove("INBOX", "number 3")
    p = u.proxy()
    u.runs("--delete-far expunge", "--delete-far", "expunge", proxy=p)
    is_(subjects(u.far.all(), "INBOX"),
        sorted("number %d" % i for i in range(1, 11) if i != 3),
        "expunges one, and not what another client has marked")
    is_([c for c in p.commands if re.match("EXPUNGE|CLOSE", c)], [],
        "never by EXPUNGE or CLOSE")


@scenario
def at_last():
    """Deletions come after everything else."""
    u = filled(20)
    u.near.remove("INBOX", "number 3")
    for i in range(30, 36):
        u.near.deliver("INBOX", mail(i), "S")
    u.near.set("INBOX", "number 5", "FS")
    u.far.appends("INBOX", [mail(i) for i in range(40, 44)])
    p = u.proxy()
    u.runs("changes of all kinds", "--delete-far", "expunge",
           "--connections", "1", proxy=p)
    last = [i for i, c in enumerate(p.commands) if "EXPUNGE" in c]
    other = [i for i, c in enumerate(p.commands) if re.match(
        r"APPEND|UID FETCH.*BODY.PEEK\[\]", c)]
    ok(last and other and min(last) > max(other), "the deletion is last",
       p.commands)


done()
