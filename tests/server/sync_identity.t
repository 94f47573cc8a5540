#!/usr/bin/env python3
"""imapsync: which folder is which.  Renamed, exchanged, and set aside for a new
one of that name, on either side: no body moves, and nothing is there twice."""
from synclab import *

lab = up()
BODIES = r"APPEND|BODY\.PEEK\[\]"


def filled():
    """Three folders, the second with one below it."""
    u = lab.user()
    u.far.create("Arch", "Lists", "Lists/a", "Work")
    for i, b in enumerate(("Arch", "Lists", "Lists/a", "Work")):
        u.far.appends(b, [mail(10 * i + k) for k in range(i + 2)])
    u.sync()
    return u


def far(*renames):
    """By RENAME and CREATE on the server."""
    def do(u):
        for typ, got in u.far.do(*renames):
            assert typ == "OK", got
    return do


def near(*renames):
    """By rename and mkdir here: (from, to), or a name that is made."""
    def do(u):
        for x in renames:
            if isinstance(x, tuple):
                os.rename(*map(u.near.path, x))
            else:
                u.near.make(x)
    return do


CASES = {
    "renamed there": far('RENAME Arch "Old mail"'),
    "with what is below it, there": far("RENAME Lists Groups"),
    "exchanged there": far("RENAME Arch T", "RENAME Work Arch",
                           "RENAME T Work"),
    "three in a ring there": far(
        "RENAME Arch T", "RENAME Work Arch", "RENAME Lists/a Work",
        "RENAME T Lists/a"),
    "set aside there, and a new one": far("RENAME Arch Arch-2025",
                                          "CREATE Arch"),
    "set aside twice there": far("RENAME Arch Arch-2", "RENAME Work Arch",
                                 "CREATE Work"),
    "renamed on both sides there": lambda u: (
        far("RENAME Arch One", "RENAME Work Job")(u),
        near(("Arch", "Two"), ("Work", "Job"))(u)),
    "renamed here": near(("Arch", "Old mail")),
    "with what is below it, here": near(("Lists", "Groups")),
    "what is below it first, then itself, here": near(
        ("Lists/a", "Work/a"), ("Lists", "Work/Groups")),
    "exchanged here": near(("Arch", "T"), ("Work", "Arch"), ("T", "Work")),
    "three in a ring here": near(("Arch", "T"), ("Work", "Arch"),
                                 ("Lists/a", "Work"), ("T", "Lists/a")),
    "set aside here, and a new one": near(("Arch", "Arch-2025"), "Arch"),
    "set aside twice here": near(("Arch", "Arch-2"), ("Work", "Arch"),
                                 "Work"),
}


@scenario
def no_body_moves():
    for name, change in CASES.items():
        u = filled()
        change(u)
        side = (u.far if "there" in name else u.near).all
        want = canon(u.near.all() if "both" in name else side())
        if "new one" in name:		# and something in it
            u.far.append("Arch", mail(90)) if "there" in name else \
                u.near.deliver("Arch", mail(90))
            want = canon(side())
        tree = u.near.tree()
        n = u.sync("-n")
        ok(n.status == 0 and ("both" in name or "rename" in n.out) and u.near.tree() == tree,
           name + ": -n says so", n.out + n.err)
        p = u.proxy()
        u.runs(name, proxy=p)
        u.same(name + ": both sides are equal")
        is_(canon(u.far.all()), want, name + ": as that side was")
        bodies = [c for c in p.commands if re.search(BODIES, c)]
        ok(len(bodies) == ("new one" in name), name + ": no body moves",
           bodies)
        ok(not u.near.attic(), name + ": the attic is empty")
        u.settled(name + ": and that is all", sent=True)


@scenario
def cut_off():
    """Killed within an exchange, wherever: the next run goes on."""
    for name in ("exchanged there", "exchanged here"):
        for k in range(2, 12):
            u = filled()
            CASES[name](u)
            want = canon((u.far if "there" in name else u.near).all())
            hit = []

            def on_command(link, n, line):
                if re.search(r"RENAME|SELECT", line):
                    hit.append(line)
                    if len(hit) == k // 2:
                        if k % 2:
                            return "swallow"
                        return "cut"
            u.sync(proxy=u.proxy(on_command=on_command), limit=3)
            for _ in range(2):
                r = u.sync()
            good = canon(u.far.all()) == canon(u.near.all()) == want
            if not good or r.status:
                break
        ok(good and r.status == 0, name + ", cut at any command",
           (k, hit, r.status, r.err, u.far.boxes(), differ(u.near.all(), u.far.all())))


@scenario
def one_number():
    """All have one UIDVALIDITY: it says nothing, their messages do."""
    u = Alone()
    for i, b in enumerate(("INBOX", "A", "B", "C")):
        box = u.box(b)
        box.uidvalidity = 7
        for k in range(3 + i % 3):
            box.add(wire(mail(10 * i + k)))
    u.sync()
    boxes = u.server.boxes
    boxes["A"], boxes["B"] = boxes["B"], boxes["A"]
    boxes["D"] = boxes.pop("C")
    for name, box in boxes.items():
        box.name = name
    r = u.sync("-j")
    is_([e for e in r.acts("done") if e[0] in ("fetch", "push")], [],
        "exchanged and renamed: no body moves")
    is_([sorted(m.subject for m in u.near.messages(b)) for b in "ABD"],
        [["number %d" % (10 * i + k) for k in range(3 + i % 3)] for i in (2, 1, 3)],
        "each has what it has there")


@scenario
def empty_ones():
    """Cyrus counts UIDVALIDITY in seconds, and says no id in STATUS: folders
    that were made together are told from each other by their messages.  Where
    there are none, one that is still in its place is not the renamed one."""
    u = Alone()
    boxes = u.server.boxes
    for b in ("INBOX", "A", "B", "C"):
        u.box(b).uidvalidity = 7
    u.box().add(wire(mail(1)))
    u.sync()
    boxes["D"] = boxes.pop("A")
    boxes["D"].name = "D"
    r = u.sync("-j")
    is_((u.near.boxes(), r.status), (["B", "C", "D", "INBOX"], 0),
        "one of three empty ones is renamed there: here, too")
    del boxes["B"]
    u.near.deliver("B", mail(2))
    os.rename(u.near.path("C"), u.near.path("E"))
    u.sync()
    is_((sorted(boxes), u.near.boxes(), len(u.near.messages("B"))),
        (["D", "E", "INBOX"], ["B", "D", "E", "INBOX"], 1),
        "one is gone there, another is renamed here: neither is the other")


@scenario
def id_of_select():
    """The same, and SELECT says an id: those renamed together are known, and
    so is one to which mail came since, and one whose mail is gone."""
    u = Alone(caps="OBJECTID LIST-STATUS UIDPLUS")
    boxes = u.server.boxes
    for i, b in enumerate(("INBOX", "A", "B", "C")):
        u.box(b).uidvalidity, u.box(b).id = 7, "M%d" % i
    u.box("C").add(wire(mail(1)))
    u.sync()
    cur = {b: os.stat(u.near.path(b) + "/cur").st_ino for b in "ABC"}
    for old, new in (("A", "E"), ("B", "F"), ("C", "G")):
        boxes[new] = boxes.pop(old)
        boxes[new].name = new
    u.box("F").add(wire(mail(2)))
    u.box("G").messages.clear()
    r = u.sync()
    is_((u.near.boxes(), r.status), (["E", "F", "G", "INBOX"], 0),
        "all are renamed here")
    is_([os.stat(u.near.path(b) + "/cur").st_ino for b in "EFG"],
        [cur[b] for b in "ABC"], "each is the one that it was")
    is_(len(u.near.messages("F")), 1, "and what came there is here")


@scenario
def inode_used_again():
    """A file is removed, and the next one that is written gets its inode: with
    the same header it is another message still."""
    def nameless(text):
        return mail(1).replace(b"Message-ID: <m1@example.org>\n", b"") + text

    for what, to, old, new in (
            ("a draft, sent", "Sent", mail(1) + b"draft\n",
             mail(1) + b"as it was sent\n"),
            ("a draft, saved again", "INBOX", mail(1) + b"draft\n",
             mail(1) + b"its next version\n"),
            ("no Message-ID", "Sent", nameless(b"1\n"), nameless(b"two\n"))):
        u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
        u.box().add(wire(old))
        u.box().add(wire(mail(9)))
        u.box("Sent").add(wire(mail(8)))
        u.sync()
        u.sync()
        gone = next(f for f in u.near.files("INBOX")
                    if b"number 1\n" in open(f, "rb").read())
        # a file system need not give it out again: its own inode is written
        path = u.near.path(to) + "/cur/another.name:2,S"
        os.rename(gone, path)
        with open(path, "wb") as f:
            f.write(new)
        u.sync("--delete-far", "expunge")
        u.sync("--delete-far", "expunge")
        want = {"INBOX": [wire(mail(9))], "Sent": [wire(mail(8))]}
        want[to].append(wire(new))
        is_({b: sorted(m.data for m in u.box(b).messages) for b in want},
            {b: sorted(v) for b, v in want.items()},
            what + ": the new one is there, and the old one is not")
        u.server.close()


@scenario
def one_name_twice():
    """Of two files with one name the message is the one that it was."""
    for first in (True, False):
        u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
        u.box().add(wire(mail(1)))
        u.sync()
        path = u.near.set("INBOX", "number 1", "S")
        u.sync()
        u.sync()
        other = path[:-1] + ("RS" if first else "T")
        shutil.copyfile(path, other)
        r = u.sync()
        is_((r.status, [sorted(m.flags) for m in u.box().messages]),
            (65, [[r"\Seen"]]), "the other one is told, and changes no flag")
        u.near.set("INBOX", "number 1", "S") if not os.path.exists(path) \
            else os.unlink(other)
        u.runs("it is gone")
        is_([sorted(m.flags) for m in u.box().messages], [[r"\Seen"]],
            "and nothing was deleted")
        u.server.close()

def headless(uid, form):
    """The server cannot read that message, and sends no header of it."""
    def say(session, data):
        if re.match(rb"\* \d+ FETCH \(UID %d " % uid, data):
            return re.sub(rb"(BODY\[HEADER\.FIELDS \([^)]*\)\]) .*$",
                          rb"\1 " + form + rb")\r\n", data, flags=re.S)
        return data
    return say


PLAIN = "LIST-STATUS ESEARCH"


@scenario
def no_header():
    """It has not said that the message is another one, nor that it is any."""
    for form in (b"NIL", b'""', b"{2}\r\n\r\n"):
        u = Alone(caps=PLAIN)
        for i in range(1, 8):
            u.box().add(wire(mail(i)))
        u.sync()
        u.server.on_say = headless(7, form)
        u.box().add(wire(mail(20)))
        r = u.sync("-j")
        is_((r.status, r.err, r.summary["fetched"], len(u.near.files("INBOX"))),
            (0, "", 1, 8), "no header is sent (%r): nothing comes twice" % form)
        u.server.close()


@scenario
def folder_without_header():
    u = Alone(caps=PLAIN)
    for b, first in (("INBOX", 0), ("A", 10), ("B", 20)):
        box = u.box(b)
        box.uidvalidity = 7
        for k in range(6):
            box.add(wire(mail(first + k)))
    u.sync()
    box = u.server.boxes["C"] = u.server.boxes.pop("A")
    box.name = "C"
    u.server.on_say = headless(6, b"NIL")
    r = u.sync("-j")
    is_((r.status, r.summary["fetched"], u.near.boxes()),
        (0, 0, ["B", "C", "INBOX"]), "one has no header: renamed all the same")
    u.server.close()


@scenario
def upload_without_header():
    u = Alone(caps=PLAIN)
    u.box().add(wire(mail(1)))
    u.sync()
    u.server.on_say = headless(2, b"NIL")
    u.near.deliver("INBOX", mail(2), "S")
    for _ in range(3):
        r = u.sync()
    is_((r.status, len(u.box().messages)), (75, 2),
        "an upload that cannot be recognized stays in doubt, and is not repeated")
    u.server.on_say = None
    r = u.sync("-j")
    is_((r.status, r.err, len(u.box().messages), len(u.near.files("INBOX"))),
        (0, "", 2, 2), "then it is that one")
    u.server.close()


@scenario
def copy_without_header():
    u = Alone(caps=PLAIN)
    for i in (1, 2, 3):
        u.box().add(wire(mail(i)))
    u.box("Trash")
    u.sync()
    os.unlink(u.near.file("INBOX", "number 1"))
    u.server.on_say = headless(1, b"NIL")
    r = u.sync()
    ok(r.status == 75 and not u.box().messages[0].flags,
       "two that do not say who they are: no copy is proven by that",
       (r.status, r.err, u.box().messages[0].flags))
    u.server.close()

def with_line(text):
    """As mbsync writes a message that it has downloaded."""
    return text.replace(b"\nSubject", b"\nX-TUID: abcdefghijkl\nSubject", 1)


@scenario
def a_line_more():
    """The file has another size than its message: it is known by its own."""
    bytes_sent = r"APPEND|UID FETCH \S+ .*BODY\.PEEK\[\]"
    name = "2.another"
    for what in ("renamed", "moved and renamed", "moved there", "copied",
                 "outside of a window"):
        text = mail(1)
        if what == "copied":		# no Message-ID, and not synced there
            text = text.replace(b"Message-ID: <m1@example.org>\n", b"")
        u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
        u.box().add(wire(text))
        u.box().add(wire(mail(2)))
        u.box("Arch").add(wire(mail(3)))
        for b in ("INBOX", "Arch", "Left"):
            u.near.make(b)
        u.near.deliver("INBOX", with_line(text), "S")
        how = ("-j", "--delete-far", "expunge", "--patterns", "INBOX Arch")
        r = u.sync(*how)
        is_((r.status, r.err, r.summary["paired"]), (0, "", 1),
            what + ": a file that has a line more")
        u.sync(*how)
        old = u.near.file("INBOX", "number 1")
        del u.server.heard[:]
        if what == "renamed":
            os.rename(old, u.near.path("INBOX") + "/cur/" + name + ":2,S")
        elif what == "moved and renamed":
            os.rename(old, u.near.path("Arch") + "/cur/" + name + ":2,S")
        elif what == "moved there":
            u.box("Arch").add(u.box().messages.pop(0).data, "\\Seen")
            u.box().touch()
        elif what == "copied":
            u.near.deliver("Left", with_line(text), "S")
            os.unlink(old)
        r = u.sync(*how, *["--last", "1"] * what.startswith("outside"))
        if what.startswith("outside"):
            ok(os.path.exists(old), what + ": what has a line more stays here")
        elif what == "copied":
            is_((r.status, len(u.box().messages)), (75, 2),
                "copied to where nothing is synced: it is not deleted there")
        else:
            moved = [x for x in u.server.heard if re.match(bytes_sent, x)]
            is_((r.status, r.err, r.summary["pushed"], r.summary["fetched"],
                 r.summary["deleted_far"], len(moved) <= (what == "moved there")),
                (0, "", 0, 0, 0, True), what + ": no message is sent again")
            is_(sorted(m.uid for m in u.box("Arch").messages),
                [1] if what == "renamed" else [1, 2], what + ": it is there")
            is_(sorted(m.subject for m in u.near.messages("Arch")), ["number 3"]
                if what == "renamed" else ["number 1", "number 3"],
                what + ": and here")
        u.server.close()


done()
