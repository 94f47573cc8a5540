"""What people set up beside the usual, played on any server.

	for f in habits.ALL:
	    f(world)

A world has a part of an account to itself, and an ok(good, name, why) that it
reports to.  Each of ALL makes mailboxes and Maildirs of its own there.
"""
import os
import re
import shutil
import tempfile

FLAGS = {"F": r"\Flagged", "R": r"\Answered", "S": r"\Seen", "T": r"\Deleted"}


class World:
    """m: imaplib's; top: what stands before its mailboxes there; sep: the
    separator; tmp: a folder; sync(near, *options): status, output, events."""

    def __init__(self, m, top, sep, tmp, sync, ok):
        self.m, self.top, self.sep, self.tmp = m, top, sep, tmp
        self.sync, self.ok = sync, ok
        self.label, self.near = "", ""

    def begin(self, label, near=None):
        self.label = label
        self.near = near or "%s/%s" % (self.tmp, label)
        os.makedirs(self.near, exist_ok=True)

    def far(self, box):
        return '"%s%s%s%s"' % (self.top, self.label, self.sep, box)

    def path(self, box, near=None):
        return "/".join([near or self.near] + (
            self.top + self.label).split(self.sep) + [box])

    def run(self, name, *options, near=None, quiet=True):
        """It is to end well, and say nothing."""
        options = ("--patterns", self.top + self.label + "*",
                   "--delete-far", "expunge") + options
        status, said, did = self.sync(near or self.near, *options)
        self.ok((status, said) == (0, ""), self.called(name), (status, said))
        return did

    def rests(self, *options, near=None):
        for _ in range(2):
            did = self.run("one more run", *options, near=near)
        self.ok(not did, self.called("does nothing"), did)

    def called(self, name):
        return "%s: %s" % (self.label, name)

    def is_(self, got, want, name):
        self.ok(got == want, self.called(name), "%s, not %s" % (got, want))


def mail(n):
    return (b"From: jo@example.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n"
            b"Subject: number %d\nMessage-ID: <%d@example.org>\n\n"
            b"It is number %d.\n" % (n, n, n))


def number(data):
    return int(re.search(rb"(?m)^Subject: number (\d+)", data)[1])


# ---- there

def make(w, *boxes):
    w.m.create('"%s%s"' % (w.top, w.label))
    for box in boxes:
        got, said = w.m.create(w.far(box))
        assert got == "OK", said


def append(w, box, *numbers, flags=""):
    for n in numbers:
        got, said = w.m.append(w.far(box), "(%s)" % flags, None,
                               mail(n).replace(b"\n", b"\r\n"))
        assert got == "OK", said


def rows(w, box):
    """{number: (uid, letters)}; flags stand before the literal or behind."""
    got, n = w.m.select(w.far(box))
    assert got == "OK", n
    data = w.m.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER])")[1] \
        if int(n[0]) else []
    out = {}
    for i, x in enumerate(data):
        if isinstance(x, tuple):
            said = x[0] + (data[i + 1] if isinstance(data[i + 1], bytes)
                           else b"")
            flags = re.search(rb"FLAGS \(([^)]*)\)", said)[1].decode().split()
            out[number(x[1])] = (
                re.search(rb"UID (\d+)", said)[1].decode(),
                "".join(c for c in sorted(FLAGS) if FLAGS[c] in flags))
    return out


def there(w, box):
    return {n: letters for n, (_, letters) in rows(w, box).items()}


def store(w, box, n, what):
    got, said = w.m.uid("STORE", rows(w, box)[n][0], *what.split(" ", 1))
    assert got == "OK", said


def expunge(w, box, n):
    uid = rows(w, box)[n][0]
    w.m.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
    w.m.uid("EXPUNGE", uid)


# ---- here

def files(w, box, near=None):
    """{number: path}"""
    out = {}
    for d in ("cur", "new"):
        at = w.path(box, near) + "/" + d
        for name in os.listdir(at) if os.path.isdir(at) else ():
            with open(at + "/" + name, "rb") as f:
                n = number(f.read())
            assert n not in out, out[n]
            out[n] = at + "/" + name
    return out


def here(w, box, near=None, mark=":"):
    return {n: p.rpartition(mark + "2,")[2] if mark + "2," in p else ""
            for n, p in files(w, box, near).items()}


def deliver(w, box, n, letters="S", mark=":", near=None):
    at = "%s/cur/17000000%02d.M1P1.here%s2,%s" % (
        w.path(box, near), n, mark, letters)
    with open(at, "wb") as f:
        f.write(mail(n))


def letters(w, box, n, letters, mark=":"):
    p = files(w, box)[n]
    os.rename(p, p.rpartition(mark + "2,")[0].replace("/new/", "/cur/") +
              mark + "2," + letters)


def equal(w, *boxes, near=None, mark=":"):
    for box in boxes:
        w.is_(here(w, box, near, mark), there(w, box), "both sides of " + box)


# ---- what people set up

def subscribed(w):
    w.begin("subscribed")
    make(w, "a", "b")
    w.m.subscribe(w.far("a"))
    w.m.unsubscribe(w.far("b"))
    append(w, "a", 1, flags=r"\Seen")
    append(w, "b", 2, flags=r"\Seen")
    w.run("a first run", "--subscribed")
    w.is_((here(w, "a"), here(w, "b")), ({1: "S"}, {}), "one of two is here")
    w.m.unsubscribe(w.far("a"))
    w.m.subscribe(w.far("b"))
    deliver(w, "a", 3)
    w.run("the other one", "--subscribed", "--folders", "delete")
    w.is_((there(w, "a"), here(w, "a"), here(w, "b")),
          ({1: "S"}, {1: "S", 3: "S"}, {2: "S"}),
          "what is not subscribed any more is left alone")
    w.rests("--subscribed")
    w.run("all of them")
    equal(w, "a", "b")
    w.rests()


def info_delimiter(w):
    for name, mark in ("semicolon", ";"), ("mark", "!"):
        w.begin(name)
        how = ("--info-delimiter", mark)
        make(w, "a", "b")
        append(w, "a", 1, 2, 3, flags=r"\Seen")
        append(w, "b", 9)
        w.run("a first run", *how)
        w.is_(here(w, "a", mark=mark), {1: "S", 2: "S", 3: "S"},
              "flags stand behind it")
        w.ok(not [p for p in files(w, "a").values() if ":" in p],
             w.called("no colon"), files(w, "a"))
        letters(w, "a", 1, "FS", mark)
        store(w, "a", 2, r"+FLAGS (\Answered)")
        deliver(w, "a", 4, "RS", mark)
        p = files(w, "a")[3]
        os.rename(p, w.path("b") + "/cur/" + os.path.basename(p))
        w.run("a flag on each side, a new one, a move", *how)
        w.is_((there(w, "a"), there(w, "b")),
              ({1: "FS", 2: "RS", 4: "RS"}, {3: "S", 9: ""}), "go there")
        equal(w, "a", "b", mark=mark)
        expunge(w, "a", 4)
        os.unlink(files(w, "a")[2])
        w.run("a deletion on each side", *how)
        w.is_(there(w, "a"), {1: "FS"}, "both are gone")
        equal(w, "a", "b", mark=mark)
        w.rests(*how)


def other_place(w):
    """A folder on another file system, or None."""
    for top in ("/dev/shm", "/var/tmp"):
        if os.access(top, os.W_OK) and \
                os.stat(top).st_dev != os.stat(w.tmp).st_dev:
            return tempfile.mkdtemp(prefix="habits.", dir=top)
    return None


def attic_apart(w):
    """The Maildirs are on another file system than the attic beside them."""
    far = other_place(w)
    if far is None:
        return w.ok(True, "attic: another file system # SKIP there is none",
                    "")
    try:
        os.symlink(far, w.tmp + "/attic")
        w.begin("attic", w.tmp + "/attic")
        make(w, "a")
        append(w, "a", 1, 2, 3, flags=r"\Seen")
        w.run("a first run")
        for n in (1, 2):
            expunge(w, "a", n)
        w.run("two are deleted there")
        kept = [d + "/" + x for d, _, names in os.walk(w.near + ".attic")
                for x in names]
        w.is_(sorted(number(open(p, "rb").read()) for p in kept), [1, 2],
              "they are in the attic")
        w.ok(all(open(p, "rb").read() == mail(number(open(p, "rb").read()))
                 for p in kept), w.called("byte by byte"), kept)
        w.ok(not [p for p in kept if os.stat(p).st_dev ==
                  os.stat(far).st_dev], w.called("elsewhere"), kept)
        equal(w, "a")
        w.rests()
    finally:
        shutil.rmtree(far, ignore_errors=True)


def follow(w):
    w.begin("follow")
    make(w, "a", "b")
    append(w, "a", 1, flags=r"\Seen")
    append(w, "b", 2, flags=r"\Seen")
    far = other_place(w) or tempfile.mkdtemp(dir=w.tmp)
    try:
        os.makedirs(os.path.dirname(w.path("a")), exist_ok=True)
        os.symlink(far, w.path("a"))
        how = ("--follow", os.path.relpath(w.path("a"), w.near))
        w.run("a first run", *how)
        equal(w, "a", "b")
        deliver(w, "a", 3)
        letters(w, "a", 1, "FS")
        store(w, "b", 2, r"+FLAGS (\Flagged)")
        w.run("changes on both sides", *how)
        w.is_(there(w, "a"), {1: "FS", 3: "S"}, "go there")
        equal(w, "a", "b")
        append(w, "b", 1, flags=r"\Seen \Flagged")
        expunge(w, "a", 1)
        w.run("moved there to another file system here", *how)
        equal(w, "a", "b")
        w.rests(*how)
    finally:
        shutil.rmtree(far, ignore_errors=True)


def purge_marked(w):
    w.begin("purge")
    make(w, "a", "b")
    append(w, "a", 1, 2, 3, 4, flags=r"\Seen")
    append(w, "b", 5, 6, flags=r"\Seen")
    w.run("a first run")
    letters(w, "a", 1, "ST")
    store(w, "a", 2, r"+FLAGS (\Deleted)")
    letters(w, "b", 5, "ST")
    how = ("--purge-marked", "both")
    w.run("marks on both sides", *how)
    w.is_((there(w, "a"), there(w, "b")),
          ({1: "ST", 2: "ST", 3: "S", 4: "S"}, {5: "ST", 6: "S"}),
          "travel, and no more")
    equal(w, "a", "b")
    store(w, "a", 3, r"+FLAGS (\Deleted)")
    w.run("another one is marked", *how)
    w.is_((there(w, "a"), there(w, "b")), ({3: "ST", 4: "S"}, {6: "S"}),
          "those of the run before are gone")
    equal(w, "a", "b")
    store(w, "a", 3, r"-FLAGS (\Deleted)")
    w.run("its mark is taken away", *how)
    w.is_(there(w, "a"), {3: "S", 4: "S"}, "it stays")
    w.rests(*how)


def second_maildir(w):
    w.begin("second")
    make(w, "a", "b")
    append(w, "a", 1, 2, flags=r"\Seen")
    append(w, "b", 3)
    one, two = w.near, w.near + ".2"
    os.mkdir(two)
    for near in (one, two):
        w.run("a first run of " + os.path.basename(near), near=near)
    deliver(w, "a", 4, near=two)
    os.unlink(files(w, "a", two)[1])
    w.run("changes in the second", near=two)
    w.is_(there(w, "a"), {2: "S", 4: "S"}, "go to the server")
    letters(w, "a", 2, "FS")
    w.run("and to the first, with a flag of its own", near=one)
    w.run("which goes to the second", near=two)
    for near in (one, two):
        equal(w, "a", "b", near=near)
        w.rests(near=near)


ALL = (subscribed, info_delimiter, attic_apart, follow, purge_marked,
       second_maildir)


