#!/usr/bin/env python3
"""imapsync --bodies RULE: which messages come with their bodies, and when."""
from synclab import *

lab = up()
DAY = 86400


def read(path):
    with open(path, "rb") as f:
        return f.read()


def is_stub(u, n, box="INBOX"):
    return b"x-postbag=stub" in read(u.near.file(box, "number %d" % n))[:100]


def whole(u, numbers, box="INBOX"):
    return [n for n in numbers if not is_stub(u, n, box)]


def rules(*v):
    return [x for r in v for x in ("--bodies", r)]


@scenario
def by_all():
    """Folder, size, age and flags, the last rule that fits."""
    u = lab.user()
    u.far.create("Lists", "Lists/a")
    now = time.time()
    u.far.append("Lists/a", mail(1))
    u.far.append("INBOX", mail(2))
    u.far.append("INBOX", mail(3, size=100000))
    u.far.append("INBOX", mail(4, size=100000), r"\Flagged")
    u.far.append("INBOX", mail(5), date=now - 40 * DAY)
    u.far.append("INBOX", mail(6), r"\Flagged", date=now - 40 * DAY)
    u.far.append("INBOX", mail(7), date=now - 40 * DAY)
    args = rules("headers:folder=Lists/*", "headers:size>50k",
                 "headers:age>30d", "full:flagged")
    u.runs("a first run", *args)
    is_(whole(u, [1], "Lists/a"), [], "a folder's are headers")
    is_(whole(u, range(2, 8)), [2, 4, 6],
        "small, new or flagged ones are whole")
    is_([sha(read(u.near.file("INBOX", "number %d" % n))) for n in (2, 4, 6)],
        [sha(mail(2)), sha(mail(4, size=100000)), sha(mail(6))],
        "and have their bytes")
    before = u.near.tree()
    u.runs("a second run", *args)
    is_(u.near.tree(), before, "does nothing")

    u.far.store("INBOX", u.far.uid_of("INBOX", "number 3"),
                r"+FLAGS (\Flagged)")
    u.near.set("INBOX", "number 5", "FS")
    was = [u.near.file("INBOX", "number %d" % n) for n in (3, 5)]
    r = u.runs("one is flagged there, one here", "-j", *args)
    is_(whole(u, range(2, 8)), [2, 3, 4, 5, 6],
        "their bodies have come, and none of what is old")
    is_([sha(read(u.near.file("INBOX", "number %d" % n))) for n in (3, 5)],
        [sha(mail(3, size=100000)), sha(mail(5))], "and their bytes")
    ok(not any(os.path.exists(f) for f in was), "under other names")
    like(u.near.file("INBOX", "number 5"), ":2,FS$", "with their flags")
    ok(abs(os.stat(u.near.file("INBOX", "number 5")).st_mtime - now +
           40 * DAY) < DAY, "and as old as the message is")
    acts = [(e["act"], os.path.basename(e.get("path", "")) != "" and
             "was" in e) for e in r.events if e.get("act") == "body"]
    is_(acts, [("body", True)] * 2, "which events tell, with both paths")
    before = u.near.tree()
    u.runs("one run more", *args)
    is_(u.near.tree(), before, "does nothing")
    u.far.store("INBOX", u.far.uid_of("INBOX", "number 3"),
                r"-FLAGS (\Flagged)")
    u.runs("its flag is taken away", *args)
    is_(whole(u, [3]), [3], "and it keeps its body")
    is_(len(u.far.messages("INBOX")), 6, "the server has what it had")


@scenario
def by_one():
    """The file is asked for its age, or its size, where that alone counts."""
    u = lab.user()
    boxes = {"age>30d": "Old", "size>50k": "Large"}
    for box in boxes.values():
        u.far.create(box)
        u.far.append(box, mail(1, size=100000), date=time.time() - 40 * DAY)
    args = rules(*("headers:%s,folder=%s" % x for x in boxes.items()))
    u.runs("a rule for each of two mailboxes", *args)
    for box in boxes.values():
        u.far.append(box, mail(2))
    u.runs("one comes to each", *args)
    is_([whole(u, [1, 2], box) for box in boxes.values()], [[2], [2]],
        "what was headers stays so")


@scenario
def others():
    """Other rules: what is here already gets its body, and loses none."""
    u = lab.user()
    u.far.create("Box", "Other")
    for box in ("INBOX", "Box", "Other"):
        u.far.appends(box, [mail(n, size=5000 * n) for n in range(1, 5)])
    u.runs("headers alone", *rules("headers"))
    is_([whole(u, range(1, 5), b) for b in ("INBOX", "Box", "Other")],
        [[], [], []], "are headers")
    u.runs("other rules", *rules("headers", "full:size<11k",
                                 "full:folder=Box"))
    is_([whole(u, range(1, 5), b) for b in ("INBOX", "Box", "Other")],
        [[1, 2], [1, 2, 3, 4], [1, 2]], "what they mean has come")
    before = u.near.tree()
    u.runs("no rules")
    u.runs("and headers again", *rules("headers"))
    is_(u.near.tree(), before, "nothing is taken away")
    p = u.proxy()
    r = u.runs("what they mean is here", *rules("headers", "full:size<11k"),
               proxy=p)
    p.close()
    unlike("\n".join(map(str, p.commands)), "BODY", "no body is asked for")
    r = u.sync("-n", *rules("full"))
    is_(sorted(set(re.findall(r"^(\S+)", r.out, re.M))), ["body"],
        "-n says what would come")
    is_(len(r.out.splitlines()), 4, "each of them")
    is_(u.near.tree(), before, "and does nothing")
    u.runs("all bodies", *rules("full"))
    is_([whole(u, range(1, 5), b) for b in ("INBOX", "Box", "Other")],
        [[1, 2, 3, 4]] * 3, "have come")
    u.same("then both sides are the same")


@scenario
def many():
    """Hundreds of them, by a few commands."""
    u = lab.user()
    u.far.appends("INBOX", [mail(n) for n in range(1, 301)])
    u.runs("headers", *rules("headers"))
    u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 300"))
    p = u.proxy()
    r = u.sync(*rules("full"), proxy=p)
    is_((r.status, "no such message" in r.err), (0, False),
        "bodies, but not of one that is gone")
    p.close()
    n = len(re.findall(r"BODY\.PEEK\[\]", "\n".join(map(str, p.commands))))
    ok(1 <= n <= 10, "a few commands fetch all", n)
    u.same("and both sides are the same")
    u.runs("one more run", *rules("full"))


@scenario
def file():
    """In the configuration; and what is none."""
    u = lab.user()
    u.far.appends("INBOX", [mail(1, size=9000), mail(2)])
    r = u.sync("--bodies", "headers:bold")
    is_(r.status, 64, "a condition that is none")
    like(r.err, r"headers:bold: conditions are age>30d, .*folder=PATTERN",
         "is told, and what there are")
    conf = u.dir + "/config"
    with open(conf, "w") as f:
        f.write("defaults\nbodies headers\nbodies full:size<5k\n")
    os.chmod(conf, 0o600)
    u.runs("rules of a file", "--config", conf)
    is_(whole(u, (1, 2)), [2], "mean the same")


done()
