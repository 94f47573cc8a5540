#!/usr/bin/env python3
"""imapsync --purge-marked: what was marked \\Deleted on both sides in an
earlier run goes, and nothing else."""
from synclab import *

lab = up()
PURGE = "--purge-marked"


def marked(*args):
    """1 to 4 are marked on both sides."""
    u = lab.user()
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, 21)])
    u.runs("a first run", *args)
    u.near.set("INBOX", "number 1", "ST")
    u.near.set("INBOX", "number 2", "ST")
    u.far.do(r"UID STORE 3,4 +FLAGS.SILENT (\Deleted)", box="INBOX")
    return u


def numbers(messages):
    return [int(m.subject.split()[1]) for m in messages]


def sides(u):
    return (sorted(numbers(u.near.messages("INBOX"))),
            numbers(u.far.messages("INBOX")), len(u.near.attic()),
            len(u.far.messages("Trash")))


ALL = list(range(1, 21))
LESS = list(range(5, 21))


@scenario
def both():
    u = marked()
    u.runs("the marks travel", PURGE, "both")
    is_(sides(u), (ALL, ALL, 0, 0), "what this run marked stays")
    u.near.set("INBOX", "number 5", "ST")
    u.far.do(r"UID STORE 6 +FLAGS.SILENT (\Deleted)", box="INBOX")
    u.plan_is_run("-n says it, and the next run does it", PURGE, "both")
    is_(sides(u), (LESS, LESS, 4, 0), "by UID EXPUNGE, and to the attic")
    u.far.do(r"UID STORE 5,6 -FLAGS.SILENT (\Deleted)", box="INBOX")
    u.runs("unmarked there meanwhile", PURGE, "both")
    is_(sides(u), (LESS, LESS, 4, 0), "stays")
    u.same("both are equal")
    u.runs("once more", PURGE, "both")
    u.settled("and that is all", sent=True)


@scenario
def one_side():
    u = marked()
    u.runs("the marks travel")
    u.plan_is_run("far", PURGE, "far")
    is_(sides(u), (ALL, LESS, 0, 0), "they are gone there")
    u.runs("the next run")
    is_(sides(u), (LESS, LESS, 4, 0), "then here, to the attic")
    u = marked()
    u.runs("the marks travel", "--delete-near", "expunge")
    u.plan_is_run("near", PURGE, "near", "--delete-near", "expunge")
    is_(sides(u), (LESS, ALL, 4, 0), "they are in the attic")
    u.runs("the next run")
    is_(sides(u), (LESS, LESS, 4, 4), "then there, to the trash")


@scenario
def only_marked():
    """Those that a deletion only marked."""
    u = marked()
    how = ("--delete-far", "mark", "--delete-near", "mark")
    u.runs("the marks travel", *how)
    u.runs("purged", PURGE, "both", *how)
    u.near.remove("INBOX", "number 5")
    u.far.do(r"UID STORE 6 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 6",
             box="INBOX")
    u.runs("deleted is marked", PURGE, "both", *how)
    is_(sides(u), (LESS[1:], [5] + LESS[2:], 4, 0), "on either side")
    u.runs("the next run", PURGE, "both", *how)
    is_(sides(u), (LESS[2:], LESS[2:], 5, 0), "they go")
    u.same("both are equal")


@scenario
def held():
    u = marked()
    for i in range(5, 16):
        u.near.set("INBOX", "number %d" % i, "ST")
    u.runs("the marks travel")
    n, r = u.sync("-n", PURGE, "far"), u.sync(PURGE, "far")
    is_((n.status, n.err, r.status), (75, r.err, 75), "so many are held")
    is_(sides(u), (ALL, ALL, 0, 0), "all stay")
    u.runs("they may go", PURGE, "far", "--allow-deletes", "15")
    is_(sides(u)[1], list(range(16, 21)), "they are gone")


@scenario
def cannot():
    u = marked()
    u.runs("the marks travel")
    p = u.proxy(hide={"UIDPLUS"})
    r = u.sync(PURGE, "both", proxy=p)
    is_(r.status, 69, "a server without UIDPLUS: 69")
    like(r.err, "UIDPLUS", "it says why")
    is_(sides(u), (ALL, ALL, 0, 0), "all stay")
    for args in (("far", "--pull"), ("both", "--pull"), ("near", "--push"),
                 ("both", "--push"), ("far", "--mirror-near"), ("all",)):
        is_(u.sync(PURGE, *args).status, 64, "not " + " ".join(args))


done()
