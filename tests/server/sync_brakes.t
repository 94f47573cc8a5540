#!/usr/bin/env python3
"""imapsync: when it must not do as it is told.  Masses of deletions, Maildirs
that are not what they were, UIDs that are not, and state that is lost."""
from synclab import *

lab = up()
BODIES = r"BODY\.PEEK\[\]|^APPEND"


def filled(n, *args):
    u = lab.user()
    u.far.appends("INBOX", [(mail(i), r"\Seen" if i % 2 else "")
                            for i in range(1, n + 1)])
    u.sync(*args)
    return u


def brake(u, name, n, *args, what=r"(?i)delete", status=75):
    """It exits 75, says why, and n messages are on the server still."""
    r = u.sync(*args)
    ok(r.status == status and re.search(what, r.err), name + ": stops",
       "exit %d\n%s%s" % (r.status, r.out, r.err))
    is_(len(u.far.messages("INBOX")), n, name + ": nothing is deleted")
    is_(u.far.messages("Trash"), [], name + ": nothing is in the trash")
    return r


@scenario
def many_gone_here():
    u = filled(40)
    for i in range(1, 12):
        u.near.remove("INBOX", "number %d" % i)
    u.near.deliver("INBOX", mail(50), "S")
    u.far.append("INBOX", mail(51))
    u.far.append("Drafts", mail(52))
    u.near.set("INBOX", "number 20", "FS")
    r = brake(u, "11 of 40 gone here", 42)
    like(r.err, "--allow-deletes", "it says how to allow it")
    like(r.err, "INBOX", "and where")
    like(r.err, "11", "and how many")
    is_(len(u.near.messages("Drafts")), 1, "other mailboxes go on")
    ok("number 51" in [m.subject for m in u.near.messages("INBOX")] and
       "number 50" in [m.subject for m in u.far.messages("INBOX")],
       "so does what is new")
    brake(u, "the next run", 42)
    brake(u, "too few allowed", 42, "--allow-deletes", "10")
    u.runs("--allow-deletes 11", "--allow-deletes", "11")
    u.same("does it")
    is_(len(u.far.messages("INBOX")), 31, "they are gone there")
    u.settled("and that is all", sent=True)


@scenario
def few_gone_here():
    u = filled(40)
    for i in range(1, 11):
        u.near.remove("INBOX", "number %d" % i)
    u.runs("10 of 40 gone here")
    u.same("are deleted there")
    u = filled(8)
    for i in range(1, 9):
        u.near.remove("INBOX", "number %d" % i)
    u.runs("all of 8: a small folder is emptied every day")
    is_(u.far.messages("INBOX"), [], "so they are deleted there")


@scenario
def many_gone_there():
    u = filled(40)
    u.far.expunge("INBOX", "1:11")
    r = u.sync()
    ok(r.status == 75 and re.search("--allow-deletes", r.err),
       "11 of 40 gone there: stops", r.err)
    is_((len(u.near.messages("INBOX")), u.near.attic()), (40, []),
        "nothing is deleted here")
    is_(len(u.far.messages("INBOX")), 29, "nor uploaded")
    r = u.sync("--allow-deletes", "10")
    is_((r.status, len(u.near.messages("INBOX")), u.near.attic()),
        (75, 40, []), "--allow-deletes 10 is too few for 11 here, too")
    u.runs("--allow-deletes", "--allow-deletes", "20")
    u.same("does it")
    is_(len(u.near.attic()), 11, "they are in the attic")
    u.settled("and that is all")


def vanish(u):
    shutil.rmtree(u.near.path("INBOX"))


def vanish_all(u):
    shutil.rmtree(u.near.root)


def vanish_inside(u):
    for b in u.near.boxes():
        shutil.rmtree(u.near.path(b))


def emptied(u):
    for f in u.near.files("INBOX"):
        os.unlink(f)


def replaced(u):
    os.rename(u.near.path("INBOX"), u.near.root + ".old")
    u.near.make("INBOX")


def replaced_all(u):
    os.rename(u.near.root, u.near.root + ".old")
    os.mkdir(u.near.root)
    for b in ("INBOX", "Drafts", "Sent", "Junk", "Trash"):
        u.near.make(b)


def mounted_over(u):
    """The root is an empty directory: what was on it is not mounted."""
    os.rename(u.near.root, u.near.root + ".disk")
    os.mkdir(u.near.root)


def no_cur(u):
    shutil.rmtree(u.near.path("INBOX") + "/cur")


@scenario
def maildir_lost():
    """A Maildir that is not what it was deletes nothing there."""
    for n in (5, 40):
        for loss in (vanish, vanish_all, vanish_inside, emptied, replaced,
                     replaced_all, mounted_over, no_cur):
            if loss is emptied and n < 11:	# ordinary: sync_daily.t
                continue
            u = filled(n)
            name = "%s, %d messages" % (loss.__name__.replace("_", " "), n)
            loss(u)
            first = u.sync()
            second = u.sync()
            left = len(u.far.messages("INBOX"))
            ok(left == n and not u.far.messages("Trash"),
               name + ": nothing is deleted there",
               "%d left; exit %d %s; then %d %s" % (
                   left, first.status, first.err, second.status, second.err))
            ok(first.status == 75 and first.err, name + ": 75, with a word",
               "exit %d %s" % (first.status, first.err))


@scenario
def comes_back():
    u = filled(20)
    os.rename(u.near.root, u.near.root + ".disk")
    os.mkdir(u.near.root)
    u.sync()
    u.far.append("INBOX", mail(50))
    u.sync()
    shutil.rmtree(u.near.root)
    os.rename(u.near.root + ".disk", u.near.root)
    u.sync()
    u.runs("the disk is mounted again")
    u.same("all is as it was, and what came meanwhile")
    u.settled("and that is all")


# ---- UIDs

def dovecot_files(u, *boxes):
    return [u.far.home + "/Maildir/" + ("" if b == "INBOX" else "." + b + "/")
            for b in boxes or ("INBOX",)]


def new_uidvalidity(u, box="INBOX"):
    d, = dovecot_files(u, box)
    for f in os.listdir(d):
        if f.startswith(("dovecot-uidlist", "dovecot.index", "dovecot.list")):
            os.unlink(d + f)
    top, = dovecot_files(u, "INBOX")
    for f in os.listdir(top):
        if f.startswith("dovecot.list"):
            os.unlink(top + f)


def renumber(u, order):
    """The same UIDVALIDITY, other UIDs: order of the lines."""
    d, = dovecot_files(u, "INBOX")
    with open(d + "dovecot-uidlist") as f:
        head, *lines = f.read().splitlines()
    uids = [x.split(" ", 1)[0] for x in lines]
    rest = [x.split(" ", 1)[1] for x in lines]
    with open(d + "dovecot-uidlist", "w") as f:
        f.write(head + "\n")
        for uid, i in zip(uids, order(list(range(len(rest))))):
            f.write(uid + " " + rest[i] + "\n")
    for f in os.listdir(d):
        if f.startswith(("dovecot.index", "dovecot.list")):
            os.unlink(d + f)


@scenario
def uidvalidity():
    """A new UIDVALIDITY: who is who is found out, nothing travels."""
    u = filled(40)
    old = u.far.status("INBOX", "UIDVALIDITY")
    tree = {f: os.stat(f).st_ino for f in u.near.files("INBOX")}
    new_uidvalidity(u)
    isnt = u.far.status("INBOX", "UIDVALIDITY") != old
    ok(isnt, "the server has a new UIDVALIDITY")
    p = u.proxy()
    r = u.sync(proxy=p)
    ok(r.status == 0 and not r.out and len(r.err.splitlines()) <= 1,
       "the run after it, with a line about it at most", r.err)
    is_([c for c in p.commands if re.search(BODIES + "|EXPUNGE|MOVE", c)], [],
        "no message travels, none is deleted")
    is_({f: os.stat(f).st_ino for f in u.near.files("INBOX")}, tree,
        "the files are as they were")
    u.same("both sides are equal")
    u.settled("and that is all")


@scenario
def uidvalidity_and_changes():
    u = filled(40)
    u.near.remove("INBOX", "number 1")
    u.near.set("INBOX", "number 2", "F")
    u.near.deliver("INBOX", mail(60), "S")
    u.far.expunge("INBOX", "3")
    u.far.store("INBOX", "4", r"+FLAGS.SILENT (\Answered)")
    u.far.append("INBOX", mail(61), r"\Flagged")
    new_uidvalidity(u)
    r = u.sync()
    ok(r.status in (0, 75), "a new UIDVALIDITY and changes on both sides",
       "exit %d %s" % (r.status, r.err))
    far = {m.subject: m.flags for m in u.far.messages("INBOX")}
    near = {m.subject: m.flags for m in u.near.messages("INBOX")}
    ok("number 1" in far, "what is gone here is not deleted in that run")
    ok("number 3" in near, "nor what is gone there")
    ok("number 3" not in far, "which is not uploaded, either")
    is_(far.get("number 2"), {r"\flagged"}, "a flag from here")
    ok(r"\answered" in near.get("number 4", ()), "a flag from there")
    ok("number 60" in far and "number 61" in near, "what is new came over")
    is_(len(u.far.messages("INBOX")), len(set(far)), "nothing is there twice")
    is_(len(u.near.messages("INBOX")), len(set(near)), "or here")
    u.sync()
    u.sync()
    ok("number 3" not in [m.subject for m in u.far.messages("INBOX")],
       "the orphan stays here alone")
    u.sync("--reupload-orphans")
    ok("number 3" in [m.subject for m in u.far.messages("INBOX")],
       "--reupload-orphans takes it there")
    u.settled("and that is all", sent=True)


@scenario
def twins_and_uidvalidity():
    """Equal messages, and such without a Message-ID."""
    u = lab.user()
    bare = b"Subject: number 77\n\nno more than that\n"
    u.far.appends("INBOX", [mail(1)] * 3 + [bare] * 2 + [mail(2)] +
                  [b"Subject: number 78\n\n" + b"x\n" * i for i in (1, 2, 3)])
    u.runs("messages that are hard to tell apart")
    new_uidvalidity(u)
    u.runs("a new UIDVALIDITY", "-q")
    u.same("both sides are equal")
    is_(len(u.far.messages("INBOX")), 9, "none too many")
    u.settled("and that is all")


@scenario
def renumbered():
    """Other UIDs with the same UIDVALIDITY: some servers do that."""
    for name, order in (("reversed", lambda v: v[::-1]),
                        ("turned", lambda v: v[1:] + v[:1])):
        u = filled(20)
        u.near.set("INBOX", "number 7", "FS")
        renumber(u, order)
        r = u.sync()
        u.sync()
        ok(r.status in (0, 75), "UIDs %s: a run" % name,
           "exit %d %s" % (r.status, r.err))
        far = [m.subject for m in u.far.messages("INBOX")]
        near = [m.subject for m in u.near.messages("INBOX")]
        want = sorted("number %d" % i for i in range(1, 21))
        is_((sorted(far), sorted(near)), (want, want),
            "UIDs %s: nothing is lost, nothing twice" % name)
        is_([m.subject for m in u.far.messages("INBOX")
             if r"\flagged" in m.flags], ["number 7"],
            "UIDs %s: a flag goes to its message" % name)
        u.same("UIDs %s: both sides are equal" % name)


@scenario
def renumbered_and_the_same_numbers():
    """A server restored from a backup, of which STATUS says what it said."""
    orders = (("all", lambda v: v[::-1]),
              ("the last two", lambda v: v[:-2] + [v[-1], v[-2]]),
              ("two that are not the last",
               lambda v: v[:-3] + [v[-2], v[-3], v[-1]]))
    for what in ("moved", "flagged", "removed"):
        for which, order in orders:
            name = "UIDs of %s are others', one is %s" % (which, what)
            u = lab.user()
            u.far.create("Archive")
            u.far.appends("INBOX", [(mail(i), r"\Seen")
                                    for i in range(1, 21)])
            u.sync()
            u.sync()
            modseq = u.far.status("INBOX", "HIGHESTMODSEQ")
            renumber(u, order)
            if what == "moved":
                u.near.move("INBOX", "number 19", "Archive")
            elif what == "flagged":
                u.near.set("INBOX", "number 19", "FS")
            else:
                u.near.remove("INBOX", "number 19")

            def on_line(link, line):
                if re.match(rb"\* STATUS INBOX |\* OK \[HIGHEST", line) and \
                        not link.commands[-1].startswith('SELECT "A'):
                    return re.sub(rb"HIGHESTMODSEQ \d+", b"HIGHESTMODSEQ %d" %
                                  modseq, line) + b"\r\n"
            p = u.proxy(on_line=on_line)
            u.sync(proxy=p)
            c = [x for x in p.commands
                 if re.match("SELECT|UID (STORE|MOVE)|APPEND", x)]
            ok(c[0] == 'SELECT "INBOX" (CONDSTORE)' and
               c[1].startswith('SELECT "INBOX" (QRESYNC'),
               name + ": it is noticed before anything is done", c)
            u.sync()
            u.sync()
            far = u.far.all()
            have = [m.subject for b in ("INBOX", "Archive", "Trash")
                    for m in far[b]]
            ok(set(have) == {"number %d" % i for i in range(1, 21)} and
               have.count("number 19") <= 2 and len(have) <= 21,
               name + ": nothing is lost", have)
            is_([m.subject for m in far["INBOX"] if r"\flagged" in m.flags],
                ["number 19"] if what == "flagged" else [],
                name + ": no flag goes to another")
            is_([m.subject for m in far["Archive"] + far["Trash"]
                 if m.subject != "number 19"], [],
                name + ": nothing else is moved")
            u.same(name + ": both sides are equal")
            p.close()


# ---- state

@scenario
def state_lost():
    """State lost, mail kept: nothing travels, nothing is there twice."""
    u = filled(40)
    u.far.append("Drafts", mail(70), r"\Draft")
    u.runs("one more")
    shutil.rmtree(u.state)
    p = u.proxy()
    u.runs("the state is lost", proxy=p)
    is_([c for c in p.commands if re.search(BODIES + "|EXPUNGE|MOVE|UID STORE",
                                            c)], [], "nothing travels")
    u.same("nothing is there twice")
    is_(len(u.far.messages("INBOX")), 40, "on neither side")
    u.settled("and that is all")
    # names that are not ours
    for i, f in enumerate(u.near.files("INBOX")):
        d, _, n = f.rpartition("/")
        os.rename(f, "%s/%d.X.other:2,%s" % (
            u.near.path("INBOX") + "/cur", i, n.partition(":2,")[2]))
    shutil.rmtree(u.state)
    p = u.proxy()
    u.runs("the state is lost, and the names are others'", proxy=p)
    is_([c for c in p.commands if re.search(BODIES, c)], [], "nothing travels")
    u.same("nothing is there twice")
    u.settled("and that is all")


@scenario
def state_lost_and_changes():
    u = filled(20)
    u.near.set("INBOX", "number 2", "F")
    u.far.store("INBOX", "4", r"+FLAGS.SILENT (\Answered)")
    u.near.deliver("INBOX", mail(71))
    u.far.append("INBOX", mail(72))
    u.near.remove("INBOX", "number 5")
    u.far.expunge("INBOX", "6")
    shutil.rmtree(u.state)
    u.runs("the state is lost, and both sides changed")
    u.same("both sides are equal")
    names = [m.subject for m in u.far.messages("INBOX")]
    is_(sorted(names), sorted(["number %d" % i for i in range(1, 21)] +
                              ["number 71", "number 72"]),
        "everything that was anywhere is there, once")
    u.settled("and that is all", sent=True)


@scenario
def other_clients_mail():
    """A Maildir that mbsync has filled is taken over."""
    u = filled(1)
    v = u.second()
    u.far.appends("INBOX", [mail(i) for i in range(2, 30)], r"\Seen")
    v.near.make("INBOX")
    for i in range(1, 30):
        v.near.deliver("INBOX", mail(i), "S" if i > 1 else "S",
                       name="17%d_%d.1,U=%d" % (i, i, i))
    p = v.proxy()
    v.runs("a Maildir filled by another program", proxy=p)
    is_([c for c in p.commands if re.search(BODIES, c)], [], "nothing travels")
    v.same("nothing is there twice")
    is_(len(v.far.messages("INBOX")), 29, "on neither side")


def state_files(u):
    return [d + "/" + n for d, _, names in os.walk(u.state) for n in names
            if os.path.getsize(d + "/" + n)]


@scenario
def state_torn():
    """A torn tail is cut off, and the run goes on."""
    u = filled(30)
    u.far.appends("INBOX", [mail(i) for i in range(31, 35)])
    u.runs("a second run")
    keep = {f: open(f, "rb").read() for f in state_files(u)}
    big = max(keep, key=lambda f: len(keep[f]))
    n = len(keep[big])
    tried = 0
    bad = []
    for cut in list(range(1, 120, 13)) + [n // 2, n - 70, n - 1, n]:
        if cut > n:
            continue
        for tail in (b"", b"\0" * 50, b"\xff" * 33, os.urandom(90)):
            for f in keep:
                with open(f, "wb") as g:
                    g.write(keep[f])
            with open(big, "wb") as g:
                g.write(keep[big][:n - cut] + tail)
            # the index would say that there is nothing to look at
            u.far.store("INBOX", "2", "+FLAGS.SILENT (t%d)" % (tried % 3))
            p = u.proxy()
            r = u.sync(proxy=p)
            tried += 1
            if r.status or canon(u.near.all()) != canon(u.far.all()) or any(
                    re.search(BODIES + "|EXPUNGE", c) for c in p.commands):
                bad.append("%d off, tail %r: exit %d %s %s" % (
                    cut, tail[:4], r.status, r.err, [
                        c for c in p.commands if re.search(BODIES, c)]))
            p.close()
    is_(bad, [], "%d torn states: the run goes on, nothing travels" % tried)
    is_(len(u.far.messages("INBOX")), 34, "nothing is there twice")
    for f in keep:
        with open(f, "wb") as g:
            g.write(b"")
    u.far.store("INBOX", "3", r"+FLAGS.SILENT (\Answered)")
    u.runs("all files of the state are empty")
    u.same("nothing is there twice")
    u.settled("and that is all")


# ---- a server that lies

@scenario
def vanished_lies():
    """VANISHED of messages that are there is not believed."""
    u = filled(40)
    u.far.append("INBOX", mail(80))

    def on_line(link, line):
        if b"* OK [HIGHESTMODSEQ" in line and any(
                "QRESYNC (" in c for c in link.commands[-2:]):
            return line + b"\r\n* VANISHED (EARLIER) 1:9\r\n"
    p = u.proxy(on_line=on_line)
    r = u.sync(proxy=p)
    ok(r.status in (0, 75, 76), "the server says that 9 of 40 have vanished",
       r.err)
    ok(any("QRESYNC (" in c for c in p.commands), "when asked with QRESYNC")
    is_((len([m for m in u.near.messages("INBOX")]), u.near.attic()),
        (41, []), "EXISTS tells otherwise: nothing is deleted here")
    is_(len(u.far.messages("INBOX")), 41, "nor there")
    u.runs("when it tells the truth")
    u.same("all is well")
    u.settled("and nothing more")


@scenario
def just_what_came():
    """All that the last run brought is gone, and no more than that."""
    for n, held in ((11, True), (10, False)):
        u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
        for i in range(1, 81):
            u.box().add(wire(mail(i)))
        u.runs("80 messages")
        for i in range(81, 81 + n):
            u.box().add(wire(mail(i)))
        u.runs("%d more" % n)
        for i in range(81, 81 + n):
            os.unlink(u.near.file("INBOX", "number %d" % i))
        r = u.sync("--delete-far", "expunge")
        is_((r.status, "a backup was put back" in r.err,
             len(u.box().messages)),
            (75, True, 80 + n) if held else (0, False, 80),
            "%d are gone that came last: %s" % (n, "held" if held else
                                                "deleted"))
        u.server.close()


@scenario
def written_anew():
    """Most files have other names and inodes, in the same Maildir."""
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
    for i in range(1, 21):
        u.box().add(wire(mail(i)))
    u.sync()
    u.sync()
    for i in range(1, 13):
        path = u.near.file("INBOX", "number %d" % i)
        u.near.deliver("INBOX", mail(i), "")
        os.unlink(path)
    r = u.sync("--delete-far", "expunge")
    is_((r.status, "so many are gone at once" in r.err), (75, True),
        "12 of 20 files are others: held")
    ok(set(range(1, 21)) <= {m.uid for m in u.box().messages},
       "and none is deleted")
    u.server.close()


@scenario
def trash_and_others():
    """The trash is emptied, and a few are deleted elsewhere: none is held."""
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
    u.box("Trash").special = r"\Trash"
    for i in range(1, 41):
        u.box().add(wire(mail(i)))
        u.box("Trash").add(wire(mail(100 + i)))
    u.sync()
    u.sync()
    for f in u.near.files("Trash"):
        os.unlink(f)
    for i in range(1, 6):
        u.near.remove("INBOX", "number %d" % i)
    u.runs("the trash is emptied, and five are deleted")
    is_((len(u.box().messages), len(u.box("Trash").messages)), (35, 5),
        "all of it is done")
    u.server.close()


@scenario
def saved_once():
    """What is saved elsewhere counts for one message, and by its Message-ID."""
    def nameless(n):
        return mail(1).replace(b"Message-ID: <m1@example.org>\n", b"") + \
            b"%d\n" % n

    for what, data, copies in (
            ("two files of one message", mail, (1, 1)),
            ("files without a Message-ID", nameless, (101, 102, 103, 104))):
        u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
        for i in range(1, 21):
            u.box().add(wire(data(i)))
        u.box("Arch").add(wire(mail(100)))
        u.sync()
        u.sync()
        gone = u.near.files("INBOX")[:12]
        for i in copies:
            u.near.deliver("Arch", data(i), "")
        for f in gone:
            os.unlink(f)
        r = u.sync("--delete-far", "expunge")
        is_((r.status, len(u.box().messages)), (75, 20), what + ": held")
        u.server.close()


@scenario
def all_together():
    """A few in each of many folders: one line tells all."""
    u = Alone(caps="UIDPLUS MOVE LITERAL+ LIST-STATUS ESEARCH")
    for k in range(8):
        for i in range(10):
            u.box("Box%d" % k).add(wire(mail(10 * k + i)))
    u.sync()
    u.sync()
    for k in range(8):
        for f in u.near.files("Box%d" % k)[:4]:
            os.unlink(f)
    r = u.sync("--delete-far", "expunge")
    is_((r.status, len(r.err.splitlines()), "32 of 80 messages" in r.err),
        (75, 1, True), "32 of 80 in 8 folders: held, and told once")
    is_(sum(len(b.messages) for b in u.server.boxes.values()), 80,
        "and none is deleted")
    u.runs("it is allowed", "--delete-far", "expunge", "--allow-deletes", "32")
    is_(sum(len(b.messages) for b in u.server.boxes.values()), 48, "is done")
    u.server.close()


done()
