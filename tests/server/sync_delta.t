#!/usr/bin/env python3
"""imapsync when the server can do less: every kind of change with each
extension hidden, and by every way to find out what changed."""
from synclab import *

lab = up()
MODSEQ = {"QRESYNC", "CONDSTORE"}
LESS = [
    ("nothing hidden", set()),
    ("no QRESYNC", {"QRESYNC"}),
    ("no CONDSTORE", MODSEQ),
    ("no CONDSTORE, no ESEARCH", MODSEQ | {"ESEARCH", "SEARCHRES"}),
    ("no ESEARCH", {"ESEARCH", "SEARCHRES"}),
    ("no LIST-STATUS", {"LIST-STATUS"}),
    ("no LIST-EXTENDED", {"LIST-STATUS", "LIST-EXTENDED", "SPECIAL-USE"}),
    ("no UIDPLUS", {"UIDPLUS"}),
    ("no MOVE", {"MOVE"}),
    ("no MULTIAPPEND", {"MULTIAPPEND"}),
    ("no LITERAL+", {"LITERAL+"}),
    ("no ENABLE", {"ENABLE"} | MODSEQ),
    ("no UNSELECT", {"UNSELECT"}),
    ("IMAP4rev1 and no more", MODSEQ | {
        "ESEARCH", "SEARCHRES", "LIST-STATUS", "LIST-EXTENDED", "UIDPLUS",
        "MULTIAPPEND", "LITERAL+", "ENABLE", "UNSELECT", "ID", "NAMESPACE",
        "SPECIAL-USE", "IDLE", "BINARY", "SASL-IR", "MOVE"}),
]


def everything(name, hide, *args):
    u = lab.user()
    base(u)
    p = u.proxy(hide=hide)
    u.runs(name + ": first run", *args, proxy=p)
    u.same(name + ": brings all")
    change_far(u)
    change_near(u)
    r = u.sync(*args, proxy=p)
    far, near = told(u.far.all()), told(u.near.all())
    want, there = expected(), expected()
    if {"MOVE", "UIDPLUS"} <= hide:	# then they can only be marked
        there["INBOX"].update({9: [r"\deleted"],
                               10: [r"\answered", r"\deleted"]})
    # a mailbox that is called Trash is the trash without SPECIAL-USE, too
    ok(r.status == 0 and not r.out + r.err and far == there and near == want,
       name + ": every kind of change", "exit %d %s%s\nfar: %s\nnear: %s" % (
           r.status, r.out, r.err, differs(far, there), differs(near, want)))
    r = u.sync("-j", *args, proxy=p)
    ok(r.status == 0 and not [e for e in r.events if e["event"] == "done"] and
       told(u.far.all()) == there and told(u.near.all()) == want,
       name + ": and then nothing more", r.out + r.err)
    is_(p.misused(), [], name + ": uses nothing that is not offered")
    p.close()
    return p


@scenario
def hidden():
    for name, hide in LESS:
        p = everything(name, hide)
        if not hide:
            is_(p.count("SELECT .*QRESYNC") > 0, True, "QRESYNC is used")
            is_(p.count("UID SEARCH (?!RETURN .ALL. ALL$)"), 0,
                "and flags are not searched for")


@scenario
def by_word():
    """--delta"""
    for way, wrong in (
            ("qresync", "UID SEARCH (?!RETURN .ALL. ALL$)|"
             "UID FETCH 1:\\S+ .UID FLAGS.$"),
            ("condstore", "SELECT .*QRESYNC"),
            ("search", "SELECT .*QRESYNC|CHANGEDSINCE"),
            ("fetch", "SELECT .*QRESYNC|CHANGEDSINCE|"
             "UID SEARCH (?!RETURN .ALL. ALL$)")):
        p = everything("--delta " + way, set(), "--delta", way)
        is_([c for c in p.commands if re.search(wrong, c)], [],
            "--delta %s: does it that way" % way)


@scenario
def neither_move_nor_uidplus():
    """Then a message can be marked, and not be removed."""
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(1, 5)])
    p = u.proxy(hide={"MOVE", "UIDPLUS"})
    u.runs("neither MOVE nor UIDPLUS", proxy=p)
    u.far.store("INBOX", "4", r"+FLAGS.SILENT (\Deleted)")	# of another
    u.near.remove("INBOX", "number 2")
    u.near.move("INBOX", "number 3", "Sent")
    u.runs("a deletion and a move", proxy=p)
    is_([c for c in p.commands if re.match("EXPUNGE|CLOSE|UID EXPUNGE", c)],
        [], "nothing is expunged: others have marked, too")
    far = u.far.messages("INBOX")
    ok({m.subject for m in far} == {"number %d" % i for i in range(1, 5)} and
       all(r"\deleted" in m.flags for m in far if m.subject != "number 1"),
       "they are marked as deleted", far)
    is_([m.subject for m in u.far.messages("Sent")], ["number 3"],
        "the one that was moved is there")
    u.runs("again", proxy=p)
    is_(sorted(m.subject for m in u.near.messages("INBOX")),
        ["number 1", "number 4"], "they do not come back")
    is_([m.subject for m in u.near.messages("Sent")], ["number 3"],
        "nor is one there twice")
    is_(len(u.far.messages("Sent")), 1, "there, either")
    u.near.remove("INBOX", "number 1")
    u.runs("--unsafe-expunge, not all that is marked is ours",
           "--unsafe-expunge", proxy=p)
    ok("number 4" in [m.subject for m in u.far.messages("INBOX")],
       "expunges nothing of others")
    u.far.store("INBOX", "4", r"-FLAGS.SILENT (\Deleted)")
    u.runs("once nobody else has", "--unsafe-expunge", proxy=p)
    u.near.deliver("INBOX", mail(7), "")
    u.runs("a new one", "--unsafe-expunge", proxy=p)
    u.near.remove("INBOX", "number 7")
    u.runs("that is deleted", "--unsafe-expunge", proxy=p)
    is_([m.subject for m in u.far.messages("INBOX")
         if r"\deleted" not in m.flags], ["number 4"], "is gone")
    u.far.store("INBOX", "4", r"+FLAGS.SILENT (\Deleted)")
    u.near.deliver("INBOX", mail(8), "")
    u.runs("a newer one than the other's", "--unsafe-expunge", proxy=p)
    u.near.remove("INBOX", "number 8")
    u.runs("that is deleted", "--unsafe-expunge", proxy=p)
    ok("number 4" in [m.subject for m in u.far.messages("INBOX")],
       "does not take the other's along")


@scenario
def big_literals():
    """Without LITERAL+ each literal waits for the server."""
    u = lab.user()
    p = u.proxy(hide={"LITERAL+"})
    u.runs("an empty account", proxy=p)
    for i in range(1, 30):
        u.near.deliver("INBOX", mail(i, 100 + i * 1000), "S")
    u.runs("29 uploads without LITERAL+", proxy=p)
    u.same("all are there")
    is_(p.misused(), [], "none was sent before it was asked for")


done()
