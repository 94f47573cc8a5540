#!/usr/bin/env python3
"""imapsync: what people do every day stops no run; what looks alike and is an
accident does: folders emptied, a few gone in each, a backup put back."""
from synclab import *

lab = up()


def several(boxes):
    """An account with so many messages in each, all of them here."""
    u = lab.user()
    u.far.create(*[b for b in boxes if b not in ("INBOX", "Trash", "Drafts")])
    n = 0
    for b, k in boxes.items():
        u.far.appends(b, [(mail(n + i), r"\Seen") for i in range(1, k + 1)])
        n += k
    u.sync()
    u.sync()
    return u


def empty(u, *boxes):
    for b in boxes:
        for f in u.near.files(b):
            os.unlink(f)


@scenario
def emptied_every_day():
    """What empties a folder every day stops no run."""
    u = several({"INBOX": 30, "Drafts": 1, "Arch": 4, "Trash": 40})
    for f in u.near.files("INBOX"):		# as mutt saves
        with open(f, "rb") as g:
            u.near.deliver("Arch", g.read(), "S")
    empty(u, "INBOX", "Drafts", "Trash")
    u.runs("all saved elsewhere, the draft sent, the trash emptied",
           "--delete-far", "expunge")
    u.same("is done there")
    is_([len(u.far.messages(b)) for b in ("INBOX", "Drafts", "Trash", "Arch")],
        [0, 0, 0, 34], "as it was here")
    u.far.expunge("Arch", "1:6")
    u.far.appends("Trash", [(mail(i), r"\Seen") for i in range(200, 250)])
    u.sync()
    u.far.expunge("Trash", "1:50")
    u.runs("the trash is emptied there")
    u.same("is done here")


@scenario
def emptied_by_accident():
    u = several({"INBOX": 6, "Sent": 5, "Arch": 4, "Trash": 3})
    empty(u, "INBOX", "Sent", "Trash")
    r = u.sync("--delete-far", "expunge")
    ok(r.status == 75, "several Maildirs are emptied, 11 messages",
       (r.status, r.err))
    is_([len(u.far.messages(b)) for b in ("INBOX", "Sent", "Trash")],
        [6, 5, 3], "nothing is deleted, in the trash neither")
    u = several({"INBOX": 2, "Sent": 1})
    empty(u, "INBOX", "Sent")
    r = u.sync()
    ok(r.status == 75 and len(u.far.messages("INBOX")) == 2,
       "no Maildir has a file any more", (r.status, r.err))


@scenario
def a_few_in_each():
    """Many folders, few of each: the sum counts."""
    u = several({"F%d" % i: 12 for i in range(8)})
    for i in range(8):
        for f in u.near.files("F%d" % i)[:5]:
            os.unlink(f)
    u.near.deliver("F1", mail(200), "S")
    for known in (96, 97):
        r = u.sync()
        ok(r.status == 75 and "40 of %d" % known in r.err and
           "--allow-deletes 40" in r.err and
           len(r.err.splitlines()) == 1, "5 of 12 in each of eight folders",
           (r.status, r.err))
    is_(sum(len(u.far.messages("F%d" % i)) for i in range(8)), 97,
        "none is deleted; what is new goes there")
    r = u.sync("--allow-deletes", "39")
    ok(r.status == 75, "39 are too few")
    u.runs("40 are allowed", "--allow-deletes", "40")
    is_(sum(len(u.far.messages("F%d" % i)) for i in range(8)), 57,
        "they are gone")
    for i in range(6):
        u.far.expunge("F%d" % i, "1:%d" % (12 if i == 0 else 9))
    r = u.sync()
    ok(r.status == 75 and "42 of 57" in r.err and
       len(u.near.messages("F0")) == 7, "the same there", (r.status, r.err))


@scenario
def backup_put_back():
    """Yesterday's Maildirs in the place of today's, directories kept."""
    for boxes, came in (({"INBOX": 60, "Arch": 9}, {"INBOX": 8, "Arch": 4}),
                        ({"INBOX": 60, "Trash": 5}, {"INBOX": 11,
                                                     "Trash": 2})):
        u = several(boxes)
        name = " and ".join("%d in %s" % (came[b], b) for b in came)
        backup = {f: os.path.dirname(f) for b in boxes
                  for f in u.near.files(b)}
        for i, b in enumerate(came):
            u.far.append(b, mail(300 + i))
        u.sync()
        for i, b in enumerate(came):		# in two runs
            u.far.appends(b, [mail(310 + 20 * i + k)
                              for k in range(came[b] - 1)])
        u.sync()
        far = canon(u.far.all())
        for b in boxes:
            for f in u.near.files(b):
                if f not in backup:
                    os.unlink(f)
        for _ in range(2):
            r = u.sync("--delete-far", "expunge")
            ok(r.status == 75 and "backup" in r.err and
               "--allow-deletes" in r.err, name + " are gone: 75, and asked",
               (r.status, r.err))
        is_(canon(u.far.all()), far, name + ": nothing is deleted there")
        u.runs(name + ": it was meant", "--allow-deletes", "12",
               "--delete-far", "expunge")
        u.same(name + ": done")


@scenario
def read_and_deleted():
    """Not a backup: somebody reads his mail."""
    def fresh(n):
        u = several({"INBOX": 60, "Arch": 9})
        u.far.appends("INBOX", [mail(300 + i) for i in range(n)])
        u.sync()
        return u

    def remove(u, which):
        for i in which:
            u.near.remove("INBOX", "number %d" % i)
    u = fresh(10)
    remove(u, range(300, 310))
    u.runs("the last ten")
    u = fresh(12)
    remove(u, [9, *range(301, 312)])
    u.runs("eleven of the last twelve, and an older one")
    u = several({"INBOX": 60, "Arch": 9})
    u.far.append("Arch", mail(399))
    u.far.appends("INBOX", [mail(300 + i) for i in range(12)])
    u.sync()
    remove(u, range(300, 312))
    u.runs("the last twelve, what came with them elsewhere stays")
    u = fresh(12)
    remove(u, range(300, 312))
    u.near.move("INBOX", "number 4", "Arch")
    u.near.deliver("Arch", mail(400), "S")
    u.runs("the last twelve, and another folder was written to")
    u.same("it is done there")


done()
