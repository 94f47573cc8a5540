#!/usr/bin/env python3
"""imapsync: stubs that mail programs copy, move and delete."""
from synclab import *

lab = up()
HEADERS = ("--bodies", "headers")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def is_stub(data):
    return b"x-postbag=stub" in data[:100]


def copy(u, box, n, to, letters, name=None):
    """As a reader does: the same bytes under a name of its own."""
    return u.near.deliver(to, read(u.near.file(box, "number %d" % n)), letters,
                          name=name)


def bodies(u, box):
    return sorted(sha(m.body) for m in u.far.messages(box))


def want(*numbers):
    return sorted(sha(wire(mail(n))) for n in numbers)


def account(n=6):
    u = lab.user()
    u.far.create("Kept")
    u.far.appends("INBOX", [mail(k) for k in range(1, n + 1)])
    u.runs("headers", *HEADERS)
    return u


@scenario
def copied():
    """A copy here is a copy there."""
    u = account()
    copy(u, "INBOX", 1, "Kept", "")
    copy(u, "INBOX", 2, "Kept", "F")
    copy(u, "INBOX", 2, "Kept", "S")
    copy(u, "INBOX", 3, "INBOX", "S")
    u.near.set("INBOX", "number 1", "RS")
    r = u.sync("-n", "-j", *HEADERS)
    is_(sorted((e["act"], e["box"], e["uid"], e.get("to")) for e in r.events
               if e["event"] == "plan"),
        [("far-copy", "INBOX", 1, "Kept"), ("far-copy", "INBOX", 2, "Kept"),
         ("far-copy", "INBOX", 2, "Kept"), ("far-copy", "INBOX", 3, "INBOX"),
         ("far-flags", "INBOX", 1, None)], "-n says what would be copied")
    p = u.proxy()
    r = u.runs("four copies", "-j", *HEADERS, proxy=p)
    p.close()
    is_(r.summary["copied_far"], 4, "are copied there")
    unlike("\n".join(map(str, p.commands)), r"APPEND|BODY\.PEEK\[\]",
           "without a byte of a body")
    is_((bodies(u, "Kept"), bodies(u, "INBOX")),
        (want(1, 2, 2), want(1, 2, 3, 3, 4, 5, 6)), "they are whole there")
    is_((len(u.near.files("Kept")), len(u.near.files("INBOX"))), (3, 7),
        "and there once each here")
    is_(sorted(sorted(m.flags) for m in u.far.messages("Kept")),
        [[], [r"\flagged"], [r"\seen"]], "with the flags that the copies have")
    before = u.near.tree()
    r = u.runs("one more run", "-j", *HEADERS)
    is_((u.near.tree(), r.summary["copied_far"]), (before, 0), "does nothing")
    f = u.near.file("Kept", "number 1")
    u.runs("the body of a copy", "body", f)
    is_(read(u.near.file("Kept", "number 1")), mail(1), "comes")
    ok(is_stub(read(u.near.file("INBOX", "number 1"))), "to that one alone")
    u.runs("all bodies", "--bodies", "full")
    u.same("come to the copies, too")


@scenario
def moved_away():
    """Copied, and the other one moved in the same run."""
    u = account()
    u.near.make("Third")
    copy(u, "INBOX", 1, "Kept", "S")
    u.near.move("INBOX", "number 1", "Third")
    copy(u, "INBOX", 2, "Kept", "S")
    u.near.remove("INBOX", "number 2")
    r = u.sync("-n", *HEADERS)
    is_((r.status, r.err, "far-delete INBOX" in r.out), (0, "", True),
        "-n knows that a copy holds back no deletion")
    u.runs("copies of what is moved and deleted", *HEADERS)
    is_((bodies(u, "Kept"), bodies(u, "Third"), bodies(u, "INBOX")),
        (want(1, 2), want(1), want(3, 4, 5, 6)), "are copies all the same")
    u.runs("one more run", *HEADERS)


@scenario
def gone():
    """A copy of what the server has no more."""
    u = account()
    f = copy(u, "INBOX", 1, "Kept", "S")
    for n in (2, 3):
        copy(u, "INBOX", n, "Kept", "S")
    u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 1"))
    u.far.create("Gone")
    u.far.append("Gone", mail(8))
    u.runs("another folder", "-j", "--patterns", "* !Kept", *HEADERS)
    g = copy(u, "Gone", 8, "Kept", "S")
    u.far.do("DELETE Gone")
    for i in range(2):
        r = u.sync(*HEADERS)
        is_(r.status, 65, "it cannot be copied")
        like(r.err, "its message is gone on the server: the header stays",
             "which is told")
        like(r.err, "its mailbox is gone on the server: the header stays",
             "and that a whole mailbox is gone")
    ok(is_stub(read(f)) and is_stub(read(g)), "the headers stay")
    is_(bodies(u, "Kept"), want(2, 3), "and are sent nowhere, the others are")
    is_(len(u.far.messages("INBOX")), 5, "nothing else is deleted")
    os.unlink(f)
    os.unlink(g)
    u.runs("both are removed", *HEADERS)
    u.runs("the bodies of the others", "body", *u.near.files("Kept"))
    is_(sorted(sha(wire(read(f))) for f in u.near.files("Kept")), want(2, 3),
        "are their own")
    u.far.expunge("INBOX", u.far.uid_of("INBOX", "number 2"))
    r = u.runs("a stub is gone there", "-j", *HEADERS)
    like(r.err, "1 messages are gone .* whose bodies were never here",
         "that is told")
    is_([e.get("stub") for e in r.events if e.get("act") == "near-delete"],
        [True], "by an event, too")


@scenario
def left_out():
    """Folders that are not synced."""
    u = account()
    u.near.make("Private")
    args = ("--patterns", "* !Private", "--delete-far", "expunge", *HEADERS)
    copy(u, "INBOX", 1, "Private", "S")
    u.runs("a copy where patterns do not reach", *args)
    is_(len(u.far.messages("INBOX")), 6, "changes nothing")
    u.near.move("INBOX", "number 2", "Private")
    r = u.sync(*args)
    is_(bodies(u, "INBOX"), want(1, 2, 3, 4, 5, 6),
        "one that was moved there is not deleted on the server")
    like(r.err, "Private", "which is told")


@scenario
def lost():
    """The state is lost: copies are who they are."""
    u = account()
    copy(u, "INBOX", 1, "Kept", "S")
    u.runs("a copy", *HEADERS)
    shutil.rmtree(u.state)
    u.runs("the state is lost", *HEADERS)
    is_((bodies(u, "Kept"), len(u.near.files("Kept"))), (want(1), 1),
        "there is one copy on both sides")
    ok(is_stub(read(u.near.file("Kept", "number 1"))), "a header still")
    u.runs("one more run", *HEADERS)
    u.runs("its body", "body", u.near.file("Kept", "number 1"))
    is_(read(u.near.file("Kept", "number 1")), mail(1), "comes")


@scenario
def one_name():
    """Two copies have one name, but for the flags: one of them is copied."""
    u = account()
    copy(u, "INBOX", 1, "Kept", "S", name="1.twin")
    copy(u, "INBOX", 2, "Kept", None, name="1.twin")
    r = u.sync("-n", "-j", *HEADERS)
    is_((r.status, len([e for e in r.events if e["event"] == "plan"])),
        (65, 1), "-n says so")
    r = u.sync(*HEADERS)
    is_(r.status, 65, "two of one name: 65")
    like(r.err, "1.twin: .*another file has this name", "it is told")
    is_((len(u.far.messages("Kept")), len(u.near.files("Kept"))), (1, 2),
        "one is copied, both files stay")
    for f in u.near.files("Kept"):
        if "/cur/1.twin" in f:
            os.rename(f, f.replace("1.twin", "2.other"))
    u.runs("it gets a name of its own", *HEADERS)
    is_(bodies(u, "Kept"), want(1, 2), "both are there")
    before = u.near.tree()
    u.runs("one more run", *HEADERS)
    is_(u.near.tree(), before, "does nothing")


@scenario
def twins():
    """Two messages have one Message-ID, and the state is lost."""
    u = lab.user()
    u.far.appends("INBOX", [mail(1), mail(1) + b"of a list\n"])
    u.runs("both")
    u.runs("become headers", "trim", *HEADERS)
    before = u.near.tree()
    shutil.rmtree(u.state)
    u.runs("the state is lost", *HEADERS)
    is_((len(u.far.messages("INBOX")), u.near.tree()), (2, before),
        "each header is that of the message it says, and nothing is copied")
    u.runs("the bodies", "--bodies", "full")
    u.same("are those of the messages")


@scenario
def renamed():
    """Flags that readers change while the body comes."""
    u = account()
    stop = threading.Event()
    names = {n: u.near.file("INBOX", "number %d" % n) for n in range(1, 7)}

    def rename():
        k = 0
        while not stop.is_set():
            k += 1
            for f in u.near.files("INBOX"):
                base = f.rpartition("/")[2].partition(":2,")[0]
                try:
                    os.rename(f, u.near.path("INBOX") + "/cur/" + base +
                              (":2,S", ":2,FS", ":2,")[k % 3])
                except FileNotFoundError:
                    pass
            time.sleep(0.002)
    t = threading.Thread(target=rename)
    t.start()
    try:
        for i in range(4):
            r = u.sync("body", *names.values())
    finally:
        stop.set()
        t.join()
    r = u.runs("the bodies of files that are renamed all the time", "body",
               *u.near.files("INBOX"))
    is_(sorted(sha(wire(read(f))) for f in u.near.files("INBOX")),
        want(1, 2, 3, 4, 5, 6), "all are there, once")
    u.sync(*HEADERS)
    u.same("and both sides are the same")


@scenario
def renamed_once():
    """Flags that a reader changes between the question and the answer."""
    u = account(2)
    old = {n: u.near.file("INBOX", "number %d" % n) for n in (1, 2)}

    def rename(link, n, line):
        if "BODY.PEEK[]" in line and os.path.exists(old[1]):
            os.rename(old[1], u.near.path("INBOX") + "/cur/" +
                      old[1].rpartition("/")[2].partition(":2,")[0] + ":2,FS")
    p = u.proxy(on_command=rename)
    u.runs("a file is renamed while its body comes", "body", *old.values(),
           proxy=p)
    is_(sorted(sha(wire(read(f))) for f in u.near.files("INBOX")), want(1, 2),
        "both bodies are here")
    like(u.near.file("INBOX", "number 1"), ":2,FS$", "under its new flags")


@scenario
def own_id():
    """A Content-ID of the message's own, with other fields behind it."""
    u = lab.user()
    u.far.append("INBOX", mail(1).replace(b"\n\n", b"\nContent-ID: <own@x.test>\n"
                                          b"Content-Language: en\n\n", 1))
    u.sync(*HEADERS)
    text = read(u.near.files("INBOX")[0]).decode()
    is_(re.findall(r"(?m)^Content-ID: (.*)$", text), ["<own@x.test>"],
        "is the only one of its stub")


@scenario
def renumbered():
    """Other UIDs, and Message-IDs that are none or not unique."""
    u = lab.user()
    u.far.create("Box")
    bare = [b"Subject: a\n\none\n", b"Subject: a\n\nthree\n",
            b"Subject: a\nX-More: x\n\none\n"]
    all = [mail(1), mail(1) + b"of a list\n", mail(2), mail(2), mail(3)] + bare
    u.far.appends("Box", all)
    u.runs("headers", "--bodies", "headers", "--bodies", "full:size>9M")
    whole = u.near.file("Box", "number 1")
    u.runs("the body of one", "body", whole)
    u.far.store("Box", "4", r"+FLAGS (\Flagged)")
    u.sync(*HEADERS)
    u.far.do("DELETE Box", "CREATE Box")
    u.far.appends("Box", [(m, r"\Flagged" if n == 4 else "")
                          for n, m in reversed([*enumerate(all)])])
    r = u.sync(*HEADERS)
    is_((r.status, len(u.near.files("Box")), len(u.far.messages("Box"))),
        (0, len(all), len(all)), "none is there twice")
    like(r.err, "8 of 8 messages found again", "all are found again")
    u.runs("one more run", *HEADERS)
    is_(sum(not is_stub(read(f)) for f in u.near.files("Box")), 1,
        "one has its body still")
    u.runs("all bodies", "--bodies", "full")
    u.same("are those of the messages")


@scenario
def elsewhere():
    """A stub's message is moved there, and its mailbox is renamed."""
    u = account()
    u.far.move("INBOX", str(u.far.uid_of("INBOX", "number 2")), "Kept")
    p = u.proxy()
    r = u.runs("a message is moved there", "-j", *HEADERS, proxy=p)
    p.close()
    is_((r.summary["moved_near"], r.summary["fetched"],
         r.summary["deleted_near"]), (1, 0, 0), "its stub is moved here")
    unlike("\n".join(p.commands), r"BODY\.PEEK\[(HEADER)?\]",
           "and its header does not come again")
    r = u.sync("body", "--print", u.near.file("Kept", "number 2"))
    is_((r.status, r.out.encode()), (0, mail(2)),
        "its body is printed, though the stub says another mailbox")
    u.far.do("RENAME Kept Other")
    u.runs("the mailbox is renamed", "--folders", "delete", *HEADERS)
    r = u.sync("body", "--print", u.near.file("Other", "number 2"))
    is_((r.status, r.out.encode()), (0, mail(2)), "its body is printed")
    u.runs("its body", "body", u.near.file("Other", "number 2"))
    is_(read(u.near.file("Other", "number 2")), mail(2), "comes")
    is_(bodies(u, "Other") + bodies(u, "INBOX"), want(2) + want(1, 3, 4, 5, 6),
        "the server has each once")


@scenario
def with_a_whole_one():
    """The state is lost, and a copy that is whole lies beside the header."""
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
    u.box().add(wire(mail(1)))
    u.box().add(wire(mail(2)))
    u.sync(*HEADERS)
    u.near.deliver("INBOX", mail(1), "S")
    shutil.rmtree(u.state)
    u.sync(*HEADERS)
    r = u.sync("-j", *HEADERS)
    is_((r.status, r.acts("done")), (0, []), "at rest")
    is_((len(u.near.files("INBOX")), sorted(m.data for m in
                                            u.box().messages)),
        (3, sorted(wire(mail(n)) for n in (1, 1, 2))),
        "the header is its message, and the copy is there, too")
    u.server.close()


done()
