#!/usr/bin/env python3
"""imapsync: odd servers, old states, one-way runs, and folders that go away
while mail goes to them.  What each case is about has happened."""
from synclab import *

lab = up()


def box(*messages, **how):
    u = lab.user()
    u.far.appends("INBOX", messages)
    u.runs("a first run") if how.get("check") else u.sync()
    return u


def texts(u):
    """Subjects on each side: (near, far), sorted, all mailboxes."""
    return tuple(sorted(m.subject for v in s.all().values() for m in v)
                 for s in (u.near, u.far))


def called(*want):
    return sorted("number %d" % i for i in want)


# ---- who is who

@scenario
def headerless():
    """Two messages without a header to know them by are two."""
    u = lab.user()
    u.far.append("INBOX", b"X-A: 1\n\nthe server's text, a long one\n")
    u.near.make("INBOX")
    u.near.deliver("INBOX", b"X-A: 2\n\nmine\n", "S")
    u.runs("no Message-ID, no Date, no From, no Subject")
    is_(len(u.far.messages("INBOX")), 2, "both texts are there")
    u.same("and here")


@scenario
def about_sizes():
    """RFC822.SIZE is only about right, as Exchange's is."""
    def on_line(link, line):
        if b"RFC822.SIZE" in line:
            return re.sub(rb"RFC822.SIZE (\d+)", lambda m:
                          b"RFC822.SIZE %d" % (int(m[1]) + 7), line) + b"\r\n"
    u = lab.user()
    p = u.proxy(on_line=on_line)
    u.far.appends("INBOX", [mail(1), mail(2), mail(2), mail(3)])
    u.sync(proxy=p)
    u.near.remove("INBOX", "number 1")
    u.far.store("INBOX", "4", r"+FLAGS (\Flagged)")
    u.runs("sizes that are 7 too large", proxy=p)
    is_(sorted(m.subject for m in u.far.messages("INBOX")),
        called(2, 2, 3), "a deletion is one")
    u.far.append("INBOX", mail(5))
    u.runs("one more", proxy=p)
    u.near.remove("INBOX", "number 3")
    u.near.deliver("INBOX", mail(6), "S")
    u.runs("and one less", proxy=p)
    u.runs("and nothing", proxy=p)
    u.same("both sides are equal")
    is_(sorted(m.subject for m in u.far.messages("INBOX")),
        called(2, 2, 5, 6), "nothing is there twice that was not")


@scenario
def changed_by_append():
    """The server changes what it is given: Dovecot and a CR at the end."""
    u = box(mail(1))
    data = b"Message-ID: <x@y>\r\nSubject: number 9\r\n\r\nbody\r\nend\r"
    u.near.deliver("INBOX", data, "S")
    u.near.deliver("INBOX", data, "F")
    u.runs("two of them go there")
    u.far.store("INBOX", "1", r"+FLAGS (\Flagged)")
    for _ in range(3):
        u.runs("then no more, and without a word")
    is_((len(u.far.messages("INBOX")), len(u.near.files("INBOX"))), (3, 3),
        "nothing is doubled")


@scenario
def same_on_both():
    """One message, put on both sides since the last run."""
    u = box(mail(1))
    u.far.append("INBOX", mail(2), r"\Seen")
    u.near.deliver("INBOX", mail(2), "S")
    u.runs("the same message comes on both sides")
    is_(texts(u), (called(1, 2), called(1, 2)), "it is one")
    u.settled("and that is all")


@scenario
def likeness():
    """One header and two texts: a draft that was saved again, for one."""
    head = b"From: jo@x\nMessage-ID: <d@x>\nSubject: number 5\n\n"
    for known in (True, False):
        for far, near in ((b"old text\n", b"new text\n"),
                          (b"old\n", b"a longer text\n")):
            if not known and len(far) == len(near):
                continue		# the size confirms it then
            u = box(mail(1))
            u.far.append("INBOX", head + far)
            u.near.deliver("INBOX", head + near)
            if not known:
                shutil.rmtree(u.state)
            u.runs("a state that is known" if known else "a state is lost")
            for side, v in (("near", u.near.messages("INBOX")),
                            ("far", u.far.messages("INBOX"))):
                is_(sorted(m.body for m in v if b"<d@x>" in m.body),
                    sorted(map(wire, (head + far, head + near))),
                    "both texts are there: " + side)
            u.settled("and that is all", sent=True)


@scenario
def added_lines():
    """Another program has put a line into one side's header."""
    for line in (b"X-TUID: abcdefghijkl\n", b"X-OfflineIMAP: 1-2-3\n",
                 b"Status: RO\nX-Status: A\n"):
        for n in (1, 2):			# 2 has no Message-ID
            m = mail(n) if n == 1 else re.sub(rb"Message-ID.*\n", b"",
                                              mail(n))
            u = box(mail(7))
            u.far.append("INBOX", m)
            u.near.deliver("INBOX", line + m, "")
            u.runs("%r here alone" % line)
            is_((len(u.far.messages("INBOX")), len(u.near.files("INBOX"))),
                (2, 2), "it is one message")


@scenario
def older_state():
    """A state from before the last run: a backup, a write that was lost."""
    for what in ("the logs", "all of it"):
        u = box(*(mail(i) for i in range(1, 4)))
        shutil.copytree(u.state, u.state + ".old")
        for i in range(4, 7):
            u.near.deliver("INBOX", mail(i), "S")
        u.far.append("INBOX", mail(9))
        u.sync()
        for f in os.listdir(u.state + ".old"):
            if what == "all of it" or f.endswith(".st"):
                shutil.copy(u.state + ".old/" + f, u.state + "/" + f)
        u.sync()
        u.sync()
        want = called(1, 2, 3, 4, 5, 6, 9)
        is_(texts(u), (want, want), "an older state, %s: nothing is doubled" %
            what)


@scenario
def restored():
    """The server is back from a backup: UIDs are given out again."""
    u = Alone()
    b = u.box()
    for i in range(1, 11):
        b.add(wire(mail(i)))
    u.sync()
    del b.messages[5:]
    b.uidnext = 6
    b.add(wire(mail(21)))
    b.add(wire(mail(22)))
    for _ in range(3):
        r = u.sync()
    files = [open(f, "rb").read() for f in
             u.near.files("INBOX") + u.near.attic()]
    have = {re.search(rb"Subject: (.*)", d)[1].decode() for d in files}
    is_(have, set(called(*range(1, 11), 21, 22)),
        "a server with a UIDNEXT of before: no file is destroyed")
    is_([f for f in u.near.attic()], [], "and none is taken for deleted")


@scenario
def restored_before_an_upload():
    """It is back from a backup of before the last run, which sent a file."""
    u = Alone()
    b = u.box()
    for i in range(1, 6):
        b.add(wire(mail(i)))
    u.sync()
    u.near.deliver("INBOX", mail(6), "S")
    u.sync()
    is_(len(b.messages), 6, "a file is uploaded")
    del b.messages[5:]
    b.uidnext = 6
    for _ in range(3):
        u.sync()
    ok("number 6" in [m.subject for m in u.near.messages("INBOX")],
       "the server has forgotten it: the file is not taken for deleted")
    is_(u.near.attic(), [], "and nothing is in the attic")


@scenario
def moved_to_itself():
    """The same message under another UID with another flag."""
    u = box(mail(1), mail(2))
    u.far.append("INBOX", mail(1), r"\Seen")
    u.far.expunge("INBOX", "1")
    u.runs("appended anew with a flag, the old one expunged")
    u.runs("again")
    u.same("both sides are equal")
    is_(next(m.flags for m in u.far.messages("INBOX")
             if m.subject == "number 1"), {r"\seen"}, "the flag stays")


@scenario
def gmail():
    """APPEND of a message that is there gives its UID."""
    u = Alone()
    b = u.box()
    b.add(wire(mail(1)))
    u.sync()
    u.near.deliver("INBOX", mail(1), "S")

    def appended(box, uids):
        del box.messages[1:]
        return "OK [APPENDUID %d 1] done" % box.uidvalidity
    u.server.appended = appended
    u.sync()
    n = sum(h.startswith("APPEND") for h in u.server.heard)
    ok(n <= 1, "the server has it already: it goes there once", n)
    u.server.heard.clear()
    for _ in range(3):
        u.sync()
    n = sum(h.startswith("APPEND") for h in u.server.heard)
    ok(n <= 1, "and not in every run", n)
    ok(1 <= len(u.near.files("INBOX")) <= 2, "no file is lost")


@scenario
def one_uid_for_two():
    """APPENDUID with the same UID for two of one APPEND."""
    u = Alone()
    u.box().add(wire(mail(1)))
    u.sync()
    for i in 2, 3:
        u.near.deliver("INBOX", mail(i), "S")
    told = []

    def appended(box, uids):
        told.append(len(uids))
        return "OK [APPENDUID %d %d,%d] done" % (box.uidvalidity, uids[0],
                                                 uids[0])
    u.server.appended = appended
    for _ in range(3):
        u.sync()
    is_((told, len(u.box().messages), len(u.near.files("INBOX"))), ([2], 3, 3),
        "one UID for two messages: each is there once, and here")


@scenario
def restored_and_more():
    """The same, and more has come since than was lost."""
    u = Alone()
    b = u.box()
    for i in range(1, 11):
        b.add(wire(mail(i)))
    u.sync()
    del b.messages[5:]
    b.uidnext = 6
    for i in range(21, 29):
        b.add(wire(mail(i)))
    for _ in range(3):
        u.sync()
    have = {m.subject for m in u.near.messages("INBOX")} | {
        re.search(rb"Subject: (.*)", open(f, "rb").read())[1].decode()
        for f in u.near.attic()}
    is_(have, set(called(*range(1, 11), *range(21, 29))),
        "UIDs given out again up to a later one: all is here")


@scenario
def made_anew():
    """A mailbox made anew: another UIDVALIDITY, and smaller UIDs."""
    u = lab.user()
    u.far.create("Box")
    u.far.appends("Box", [mail(i) for i in range(1, 9)])
    u.sync()
    u.far.do('DELETE "Box"', 'CREATE "Box"')
    u.far.append("Box", mail(3))
    u.near.deliver("Box", mail(20), "S")
    u.sync()
    u.sync("--reupload-orphans")
    u.sync()
    is_(texts(u), (called(*range(1, 9), 20),) * 2,
        "UIDVALIDITY changed and the UIDs are smaller: nothing is doubled")


@scenario
def in_doubt_and_renamed():
    """An upload in doubt, and files with new names."""
    u = box(*[mail(i) for i in range(1, 9)])
    for i in range(1, 9):
        u.near.set("INBOX", "number %d" % i, "S")
    u.sync()
    u.near.deliver("INBOX", mail(20), "F")
    cut = []

    def on_line(link, line):
        if b"APPENDUID" in line:
            cut.append(1)
            link.end()
            return b""
    u.sync(proxy=u.proxy(on_line=on_line))
    ok(cut, "the answer to an upload is lost")
    for i in (20, 3, 5, 7, 1, 2):
        f = u.near.file("INBOX", "number %d" % i)
        os.rename(f, u.near.path("INBOX") + "/cur/other.%d:2,%s" % (
            i, f.partition(":2,")[2]))
    for _ in range(3):
        r = u.sync()
    is_(r.status, 0, "and files have other names: a run")
    is_(texts(u), (called(*range(1, 9), 20),) * 2, "nothing is lost or twice")
    is_({m.subject: set(m.flags) for m in u.far.messages("INBOX")},
        {**{"number %d" % i: {r"\seen"} for i in range(1, 9)},
         "number 20": {r"\flagged"}}, "each has its own flags")


# ---- what servers say

@scenario
def before_closed():
    """What comes before [CLOSED] is of the mailbox before."""
    u = lab.user()
    u.far.create("A", "B")
    for b in ("A", "B"):
        u.far.appends(b, [mail(1), mail(2)])
    u.sync()
    for b in ("A", "B"):
        u.far.store(b, "2", r"+FLAGS (\Answered)")
    hits = []

    def on_line(link, line):
        if b"[CLOSED]" in line:
            hits.append(1)
            return b"* 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen) MODSEQ (9))" \
                b"\r\n* VANISHED 2\r\n" + line + b"\r\n"
    u.sync(proxy=u.proxy(on_line=on_line))
    ok(hits, "the server says something of the mailbox before")
    u.sync()
    u.same("it is not taken for the next one")
    is_([sorted(m.flags) for m in u.far.messages("B")],
        [[], [r"\answered"]], "nor sent back")


@scenario
def empty_bodies():
    """BODY[] is empty though the message is not."""
    u = Alone()
    b = u.box()
    b.add(wire(mail(1)))
    b.add(wire(mail(2)))
    u.server.on_say = lambda session, data: re.sub(
        rb"BODY\[\] \{\d+\}\r\n(?s:.*)\)\r\n", b"BODY[] {0}\r\n)\r\n", data)
    u.sync()
    u.server.on_say = None
    u.sync()
    r = u.sync("--allow-deletes", "5")
    have = {m.subject for m in u.near.messages("INBOX")}
    ok(have >= set(called(1, 2)), "later the whole messages are here",
       (have, r.err))
    is_(len(b.messages), 2, "none is lost there")


@scenario
def inbox_below():
    """A server that writes Inbox/sub."""
    u = Alone()
    u.box("Inbox/sub").add(wire(mail(1)))
    u.box().add(wire(mail(2)))
    for _ in range(3):
        r = u.sync()
    is_((r.status, r.err), (0, ""), "Inbox/sub: well in each run")
    is_([h for h in u.server.heard if re.match("CREATE|RENAME|APPEND|DELETE",
                                               h)], [],
        "nothing is made or sent there")


# ---- one way, and then both

@scenario
def push_then_both():
    u = box(mail(1), mail(2))
    u.far.store("INBOX", "2", r"+FLAGS (\Seen)")
    u.far.append("INBOX", mail(5))
    u.far.expunge("INBOX", "1")
    u.runs("--push with changes there", "--push")
    u.runs("then both ways")
    u.same("what was passed over comes")
    u.settled("and that is all")


@scenario
def pull_then_both():
    u = box(mail(1), mail(2), mail(3))
    u.far.create("A")
    u.runs("a folder")
    time.sleep(0.3)
    u.near.remove("INBOX", "number 1")
    u.near.deliver("INBOX", mail(7))
    u.near.set("INBOX", "number 2", "S")
    u.near.move("INBOX", "number 3", "A")
    u.runs("--pull with changes here", "--pull")
    u.runs("--pull again", "--pull")
    u.runs("then both ways")
    u.same("what was passed over goes")
    is_({m.subject for m in u.far.messages("INBOX")}, set(called(2, 7)),
        "all of it")
    u.settled("and that is all", sent=True)


@scenario
def dry_first():
    u = lab.user()
    u.far.append("INBOX", mail(1))
    os.rmdir(u.near.root)
    r = u.sync("-n")
    ok(r.status == 0 and "fetch INBOX 1" in r.out,
       "-n before the first run", (r.status, r.out, r.err))
    ok(not os.path.exists(u.near.root), "makes no Maildir")
    u.runs("the first run")
    u.same("does it")


# ---- folders that go

@scenario
def unmounted():
    """--folders delete, and the disk is not mounted."""
    how = ("--folders", "delete")
    u = lab.user()
    u.far.create("A", "B")
    for b in ("A", "B"):
        u.far.appends(b, [mail(1), mail(2)])
    u.sync(*how)
    os.rename(u.near.root, u.near.root + ".disk")
    os.mkdir(u.near.root)
    for _ in range(4):
        r = u.sync(*how)
    is_(sorted(b for b in u.far.boxes() if b in ("A", "B")), ["A", "B"],
        "an empty mount point: no mailbox is deleted there")
    is_(len(u.far.messages("A")), 2, "nor a message")
    is_(r.status, 75, "75")


@scenario
def moved_into_the_gone():
    """Moved to a folder that goes away on the other side."""
    for policy in ("keep", "delete"):
        u = lab.user()
        u.far.create("A")
        u.far.appends("INBOX", [mail(1), mail(2)])
        u.far.append("A", mail(3))
        u.sync()
        u.near.move("INBOX", "number 1", "A")
        u.far.do('DELETE "A"')
        for _ in range(3):
            u.sync("--folders", policy, "--delete-far", "expunge")
        near, far = texts(u)
        attic = [open(f, "rb").read() for f in u.near.attic()]
        ok("number 1" in near + far or any(b"number 1\n" in d for d in attic),
           "moved here, the folder deleted there, %s: not lost" % policy,
           (near, far, len(attic)))
        u = lab.user()
        u.far.create("A")
        u.far.appends("INBOX", [mail(1), mail(2)])
        u.far.append("A", mail(3))
        u.sync()
        shutil.rmtree(u.near.path("A"))
        u.far.move("INBOX", "1", "A")
        for _ in range(3):
            u.sync("--folders", policy)
        near, far = texts(u)
        ok("number 1" in near + far,
           "moved there, the folder removed here, %s: not lost" % policy,
           (near, far, u.near.attic()))


@scenario
def empty_renamed():
    u = lab.user()
    u.far.create("Nothing")
    u.sync()
    os.rename(u.near.path("Nothing"), u.near.path("Something"))
    u.runs("an empty folder renamed here")
    u.same("is renamed there")
    u.settled("and that is all")


@scenario
def orphans_in_the_gone():
    """Orphans are not deleted with their folder."""
    u = lab.user()
    u.far.create("Box")
    u.far.appends("Box", [mail(i) for i in range(1, 6)])
    u.sync()
    u.far.do('DELETE "Box"', 'CREATE "Box"')
    u.far.append("Box", mail(3))
    u.sync()				# the others are orphans now
    u.far.do('DELETE "Box"')
    for _ in range(3):
        u.sync("--folders", "delete", "--delete-near", "expunge")
    near, far = texts(u)
    ok(set(near + far) >= set(called(1, 2, 4, 5)),
       "orphans in a folder that is deleted there: kept", (near, far))


@scenario
def swapped():
    """Two folders change their names."""
    for side in ("here", "there"):
        u = lab.user()
        u.far.create("A", "B")
        u.far.appends("A", [mail(1), mail(2)])
        u.far.appends("B", [mail(3), mail(4)])
        u.sync()
        if side == "here":
            n = u.near
            os.rename(n.path("A"), n.root + "/x")
            os.rename(n.path("B"), n.path("A"))
            os.rename(n.root + "/x", n.path("B"))
        else:
            u.far.do("RENAME A x", "RENAME B A", "RENAME x B")
        for _ in range(3):
            u.sync()
        near, far = texts(u)
        ok(set(near) >= set(called(1, 2, 3, 4)) and
           set(far) >= set(called(1, 2, 3, 4)),
           "A and B are swapped %s: nothing is lost" % side, (near, far))


# ---- letters

@scenario
def letter_given_meanwhile():
    """Another program gives out a letter during our run."""
    u = box(mail(1))
    u.far.append("INBOX", mail(2), "foo")

    def on_command(link, n, line):
        if "BODY.PEEK[]" in line:
            with open(u.near.path("INBOX") + "/dovecot-keywords", "w") as f:
                f.write("0 bar\n")
    u.sync(proxy=u.proxy(on_command=on_command))
    u.sync()
    is_([sorted(m.flags) for m in u.far.messages("INBOX")], [[], ["foo"]],
        "the keyword is what it was there")
    is_({m.subject: set(m.flags) for m in u.near.messages("INBOX")},
        {"number 1": set(), "number 2": {"foo"}}, "and here")


@scenario
def strange_letters():
    """A keyword is new there, while letters of nobody are here."""
    u = box(mail(1), mail(2))
    u.near.set("INBOX", "number 1", "Sab")
    u.far.store("INBOX", "2", "+FLAGS (work)")
    u.sync()
    u.sync()
    is_([sorted(m.flags) for m in u.far.messages("INBOX")],
        [[r"\seen"], ["work"]], "they do not become that keyword")


@scenario
def closed():
    """What is said to nobody goes into no file of ours."""
    for how in "0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-":
        u = box(mail(1))
        u.far.append("INBOX", mail(2))
        p = subprocess.run(["sh", "-c", 'exec "$@" ' + how, "sh"] +
                           u.words("-v", "-j"), capture_output=True)
        is_(p.returncode, 74 if "1>" in how else 0, "descriptors: " + how)
        with open(u.state + "/lock") as f:
            ok(re.fullmatch(r"\d+\n.*\n", f.read()),
               "in the lock is whose it is, and nothing else")
        r = subprocess.run([PROGRAM, "state", "check", "--state", u.state],
                           capture_output=True, text=True)
        is_(r.returncode, 0, "the state is whole")
        u.same("and all is here")


done()
