#!/usr/bin/env python3
"""imapsync --near-gets, --far-gets: each side gets the kinds of change that
are named, and what is left out is no reason to delete or to double later."""
from synclab import *

lab = up()
KINDS = ("new", "flags", "gone")
SUBSETS = [tuple(k for i, k in enumerate(KINDS) if bits >> i & 1)
           for bits in range(1, 8)]


def filled(*how):
    u = lab.user()
    u.far.create("Arch")
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, 13)])
    u.far.append("Arch", mail(90), r"\Seen")
    u.runs("a first run", *how)
    return u


def change(u):
    """Of each kind one on either side; both change the flags of 5."""
    u.near.deliver("INBOX", mail(21), "S")
    u.near.set("INBOX", "number 1", "FS")
    u.near.remove("INBOX", "number 2")
    u.near.move("INBOX", "number 7", "Arch")
    u.near.set("INBOX", "number 5", "FS")
    u.far.append("INBOX", mail(22), r"\Seen")
    u.far.do(r"UID STORE 3 +FLAGS.SILENT (\Answered)",
             r"UID STORE 5 +FLAGS.SILENT (\Answered)",
             r"UID STORE 4 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 4",
             "UID MOVE 8 Arch", box="INBOX")


def side(boxes):
    """{number: flags but \\seen}, of INBOX and of Arch."""
    return [{int(m.subject.split()[1]): "".join(sorted(
        BY_FLAG[f] for f in m.flags if f != r"\seen"))
        for m in boxes[b]} for b in ("INBOX", "Arch")]


def wanted(gets, mine, theirs):
    """What a side has, which is given the other one's changes of these kinds.
    mine, theirs: numbers {new, flagged, gone, moved} and the letters."""
    inbox = {i: "" for i in range(1, 13)}
    arch = {90: ""}
    inbox[mine["new"]] = ""
    for n in (mine["flags"], 5):
        inbox[n] += mine["letter"]
    del inbox[mine["gone"]], inbox[mine["moved"]]
    arch[mine["moved"]] = ""
    if "flags" in gets:
        for n in (theirs["flags"], 5):
            inbox[n] += theirs["letter"]
    if "new" in gets:
        inbox[theirs["new"]] = ""
        arch[theirs["moved"]] = ""
    if "gone" in gets:
        del inbox[theirs["gone"]], inbox[theirs["moved"]]
    return [{n: "".join(sorted(f)) for n, f in inbox.items()}, arch]


HERE = {"new": 21, "flags": 1, "gone": 2, "moved": 7, "letter": "F"}
THERE = {"new": 22, "flags": 3, "gone": 4, "moved": 8, "letter": "R"}


def options(near, far):
    out = []
    if near != KINDS:
        out += ["--near-gets", " ".join(near)]
    if far != KINDS:
        out += ["--far-gets", " ".join(far)]
    return out


def both_ways(u, near, far, name):
    """The day both get all: no message goes anywhere that had its chance."""
    stays = {"INBOX": set(), "Arch": set()}
    before = {b: {m.subject for m in u.near.messages(b)} |
              {m.subject for m in u.far.messages(b)} for b in stays}
    trash = len(u.far.messages("Trash")) + len(u.near.attic())
    r = u.sync("-j")
    ok(r.status == 0 and not r.err, name + ": then both ways", r.err)
    is_(sorted({e["act"] for e in r.events if e.get("event") == "done"} &
               {"far-delete", "near-delete", "far-purge"}), [],
        name + ": nothing is deleted for what was left out")
    is_(len(u.far.messages("Trash")) + len(u.near.attic()), trash,
        name + ": nothing went to the trash or the attic")
    for b in stays:
        here = [m.subject for m in u.near.messages(b)]
        there = [m.subject for m in u.far.messages(b)]
        is_((len(set(here)), len(set(there))), (len(here), len(there)),
            "%s: %s: nothing is there twice" % (name, b))
        is_(set(here) | set(there), before[b],
            "%s: %s: nothing is lost" % (name, b))
    both = [{m.subject: m.flags for m in u.near.messages("INBOX")},
            {m.subject: m.flags for m in u.far.messages("INBOX")}]
    is_([n for n in both[0] if n in both[1] and both[0][n] != both[1][n]], [],
        name + ": what both have has the same flags")
    u.runs(name + ": once more")
    r = u.sync("-j")
    is_(r.acts("done"), [], name + ": nothing is left to do")


def combine(near, far):
    name = "near %s, far %s" % ("+".join(near), "+".join(far))
    u, how = filled(), options(near, far)
    change(u)
    # the file that was moved is not there: its message waits
    waits = "gone" in far and "new" not in far
    want = [wanted(near, HERE, THERE), wanted(far, THERE, HERE)]
    if waits:
        want[1][0][7] = ""
    n = u.sync("-n", "-j", *how)
    r = u.sync("-j", *how)
    is_((n.status, r.status), (75 * waits, 75 * waits), name + ": the status")
    is_([x for x in n.acts("plan")],
        [x for x in r.acts("done") if x[:2] != ("fetch", "Trash")],
        name + ": -n says it")
    is_(side(u.near.all()), want[0], name + ": what is here")
    is_(side(u.far.all()), want[1], name + ": what is there")
    r = u.sync("-j", *how)
    is_(([x for x in r.acts("done") if x[1] != "Trash"], side(u.near.all()),
         side(u.far.all())), ([], *want), name + ": once more does nothing")
    if waits:
        like(r.err, r"INBOX: 1 messages are not deleted.*\(Arch\)",
             name + ": a message that is moved here waits, and it is said")
    if not waits:
        both_ways(u, near, far, name)


@scenario
def all_of_them():
    """Each list for each side: all pairs where one side gets all, and a few
    where neither does."""
    for s in SUBSETS:
        combine(s, KINDS)
        if s != KINDS:
            combine(KINDS, s)
    for near, far in ((("new",), ("flags",)), (("flags",), ("flags",)),
                      (("gone",), ("new",)), (("new", "flags"),
                       ("new", "flags")), (("new", "gone"), ("new", "gone"))):
        combine(near, far)


@scenario
def one_way_of_it():
    """With --pull and --push the other side gets nothing, as ever."""
    u = filled("--pull", "--near-gets", "new flags")
    change(u)
    u.runs("--pull, no deletions", "--pull", "--near-gets", "new flags")
    is_(side(u.near.all()), wanted(("new", "flags"), HERE, THERE), "here")
    is_(side(u.far.all()), wanted((), THERE, HERE), "there")


@scenario
def moved_with_flags():
    """A move takes no flags along to a side that gets none, and undoes none;
    they are carried the day it gets them."""
    for how in (("--near-gets", "new gone"), ("--far-gets", "new gone")):
        u, name = filled(), " ".join(how)
        u.near.set("INBOX", "number 7", "FS")
        u.near.move("INBOX", "number 7", "Arch")
        u.far.do(r"UID STORE 7,8 +FLAGS.SILENT (\Answered)",
                 "UID MOVE 8 Arch", box="INBOX")
        near, far = {7: "F", 8: "", 90: ""}, {7: "R", 8: "R", 90: ""}
        if how[0] == "--near-gets":
            far[7] = "FR"
        else:
            near[8] = "R"
        u.runs(name, *how)
        is_((side(u.near.all())[1], side(u.far.all())[1]), (near, far),
            name + ": the flags")
        u.runs(name + ": once more", *how)
        if how[0] == "--far-gets":
            near[7] = "FR"
        is_((side(u.near.all())[1], side(u.far.all())[1]), (near, far),
            name + ": the flags, again")
        u.runs("then both ways")
        u.runs("once more")
        u.same(name + ": both are equal")
        is_(side(u.near.all())[1], {7: "FR", 8: "R", 90: ""},
            name + ": all flags")


@scenario
def back_again():
    """A file that is put back where its message stayed is that message."""
    u = filled()
    old = u.near.file("INBOX", "number 2")
    os.rename(old, u.dir + "/aside")
    u.runs("gone here, and it stays there", "--far-gets", "new flags")
    r = u.sync("-j", "--far-gets", "new flags")
    is_(r.acts("done"), [], "which is settled")
    os.rename(u.dir + "/aside", old)
    u.near.set("INBOX", "number 2", "FS")
    u.runs("put back, with another flag", "--far-gets", "new flags")
    u.same("both are equal")
    u.near.remove("INBOX", "number 2")
    u.runs("removed when the server gets that")
    is_([m.subject for m in u.far.messages("Trash")], ["number 2"],
        "it is deleted there")


@scenario
def saved_on_both_sides():
    """New on both sides, and one of them gets nothing new: still one message,
    now and the day it does."""
    for how in (("--far-gets", "flags gone"), ("--pull",),
                ("--near-gets", "flags gone"), ("--push",)):
        u = filled()
        name = " ".join(how)
        for i in (50, 51):
            if how[0] in ("--pull", "--far-gets"):
                u.near.deliver("INBOX", mail(i), "S")
                u.sync(*how)
                u.far.append("INBOX", mail(i), r"\Seen \Flagged")
            else:
                u.far.append("INBOX", mail(i), r"\Seen \Flagged")
                u.sync(*how)
                u.near.deliver("INBOX", mail(i), "S")
            r = u.sync("-j", *how)
            is_([x[0] for x in r.acts("done") if x[0] in ("fetch", "push")],
                [], "%s: %d is transferred neither way" % (name, i))
        u.runs(name + ": then both ways", "--accept-mode")
        u.same(name + ": both are equal")


@scenario
def many_left_out():
    """Who the many messages are that are not wanted here is asked once."""
    u = lab.user()
    u.near.make("INBOX")
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, 251)])
    how = ("--near-gets", "flags gone")
    u.runs("a first run", *how)
    down = []
    for i, flags in ((300, ""), (7, "F"), (301, "")):
        u.near.deliver("INBOX", mail(i), flags)
        p = u.proxy()
        r = u.sync("-j", *how, proxy=p)
        down.append(sum("HEADER.FIELDS" in c and re.search(r"\d:\d", c) is not
                        None for c in p.commands))
        p.close()
        is_([x[0] for x in r.acts("done") if x[0] in ("push", "pair")],
            ["pair" if i < 300 else "push"], "%d" % i)
    is_(down[1:], [0, 0], "no header is asked for twice")
    m, = [m for m in u.near.messages("INBOX") if m.subject == "number 7"]
    is_(sorted(m.flags), [r"\flagged", r"\seen"], "flags of both")
    u.runs("then both ways")
    u.same("both are equal")


@scenario
def brakes():
    """They hold as ever, and count no message that has no file here."""
    how = ("--far-gets", "flags gone", "--near-gets", "new gone")
    u = lab.user()
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, 41)])
    u.runs("a first run", *how)
    for i in range(1, 16):
        u.near.remove("INBOX", "number %d" % i)
    n, r = u.sync("-n", *how), u.sync(*how)
    is_((n.status, r.status, n.err), (75, 75, r.err), "-n and the run say it")
    like(r.err, r"15 of 40 .*--allow-deletes 15", "so many deletions there")
    is_(len(u.far.messages("INBOX")), 40, "none is done")
    u = lab.user()
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, 101)])
    u.runs("a first run")
    for i in range(1, 81):
        u.near.remove("INBOX", "number %d" % i)
    u.runs("eighty stay there alone", "--far-gets", "new flags")
    u.far.expunge("INBOX", "81:95")
    r = u.sync("--far-gets", "new flags")
    is_(r.status, 75, "fifteen of twenty would be deleted here")
    like(r.err, r"15 of 20 .*here", "it is said")
    is_(len(u.near.messages("INBOX")), 20, "none is")


@scenario
def folders():
    """A side that gets nothing new gets no folders, and no other names."""
    u = filled()
    u.far.create("Made")
    u.far.append("Made", mail(60))
    u.near.make("Mine")
    u.near.deliver("Mine", mail(61), "")
    u.far.do('RENAME Arch Archive')
    u.runs("nothing new here", "--near-gets", "flags gone")
    is_([b for b in u.near.boxes() if b in ("Made", "Arch", "Archive")],
        ["Arch"], "no new folder here, and the old name")
    is_("Mine" in u.far.boxes(), True, "one there")
    u.runs("then both ways")
    u.same("both are equal")
    for b in ("Mine", "Made"):
        u.far.do("DELETE " + b)
    for _ in range(3):
        u.runs("gone there", "--folders", "delete", "--near-gets",
               "new flags")
    is_([b for b in u.near.boxes() if b in ("Made", "Mine")],
        ["Made", "Mine"], "they stay here")


@scenario
def refused():
    u = lab.user()
    for args in (("--near-gets", "all"), ("--far-gets", ""),
                 ("--near-gets", "new,flags"), ("--pull", "--far-gets", "new"),
                 ("--push", "--near-gets", "new"),
                 ("--mirror-near", "--near-gets", "new"),
                 ("--far-gets", "new", "--delete-far", "expunge"),
                 ("--near-gets", "new", "--delete-near", "mark"),
                 ("--near-gets", "flags", "--bodies", "headers"),
                 ("--far-gets", "new flags", "--purge-marked", "far")):
        r = u.sync(*args)
        is_(r.status, 64, "not " + " ".join(args))


done()
