#!/usr/bin/env python3
"""imapsync: mailboxes and folders.  Made, renamed and deleted on either side,
names of every kind, both layouts, other separators."""
from synclab import *

# Any name is possible with this layout of Dovecot's.
CONF = """mail_location = maildir:~/Maildir:LAYOUT=index
"""
if not subprocess.run(["dovecot", "--version"], capture_output=True,
                      text=True).stdout.startswith("2.3"):
    CONF = "mailbox_list_layout = index\n"
lab = up(CONF)
AUTO = ["Drafts", "INBOX", "Junk", "Sent", "Trash"]

ODD = ["ünïcode/日本語", "a&b", "&", "per%cent", "100%25", "dot.ted", ".hidden",
       "a/.b/c", "..", "a/../b", ".", "cur", "x/new", "tmp/cur/y", "blank s ",
       " lead", "quo\"te", "back\\slash", "star", "~home", "-dash",
       "😀", "é", "é", "UPPER", "upper", "x" * 200, "CON", "a:b",
       "new line?", "semi;colon", ".attic", "dovecot-keywords", "(paren)",
       "{brace}", "Inbox2", "inbox/sub", "INBOX.dot"]


def names_there(u):
    return sorted(b for b in u.far.boxes())


def below(root):
    """Every Maildir below root, by its path."""
    out = []
    for d, dirs, _ in os.walk(root):
        if {"cur", "new"} <= set(dirs):
            out.append(os.path.relpath(d, root))
    return sorted(out)


@scenario
def odd_names():
    """Names of mailboxes that are no names of folders, and back."""
    u = lab.user()
    made = []
    c = u.far.connect()
    for i, name in enumerate(ODD):
        typ, got = c._simple_command("CREATE", quote(name))
        if typ == "OK":
            made.append(name)
            u.far.append(name, mail(i + 1), r"\Seen", m=c)
    c.logout()
    ok(len(made) > 25, "Dovecot takes %d of %d odd names" % (
        len(made), len(ODD)), set(ODD) - set(made))
    u.runs("first run")
    ok(not [d for d, _, _ in os.walk(u.dir)
            if not os.path.realpath(d).startswith(os.path.realpath(u.dir))],
       "nothing is outside of the root")
    is_(sorted(os.listdir(u.dir)), sorted(
        {"near", "near.attic", "state"} | ({"xdg"} & set(os.listdir(u.dir)))),
        "nor beside it")
    subjects = sorted(m.subject for d in below(u.near.root)
                      for m in u.near.messages("", d))
    is_(subjects, sorted("number %d" % (ODD.index(n) + 1) for n in made),
        "each has its message, in a folder of its own")
    u.settled("another run finds nothing")
    ok(os.path.isdir(u.near.path("ünïcode/日本語/cur")), "UTF-8 is UTF-8")
    ok(os.path.isdir(u.near.path("dot.ted/cur")), "a dot is a dot")
    # all the way back: to another account
    v = lab.user()
    shutil.rmtree(v.near.root)
    shutil.copytree(u.near.root, v.near.root)
    v.runs("the same folders, an empty account")
    is_(canon(v.far.all()), canon(u.far.all()), "it is as the first was")
    # each is reached again
    for n in made:
        u.far.append(n, mail(900), "")
    u.runs("one more in each")
    is_(sum(m.subject == "number 900" for d in below(u.near.root)
            for m in u.near.messages("", d)), len(made), "arrives")
    is_(canon(u.far.all()), canon(u.far.all()), "and nothing else")


@scenario
def create():
    for create, near, far in (("both", True, True), ("near", True, False),
                              ("far", False, True), ("none", False, False)):
        u = lab.user()
        u.near.make("INBOX")
        u.runs("--create %s: first" % create, "--create", create)
        u.far.create("There/below")
        u.far.append("There/below", mail(1))
        u.near.make("Here")
        u.near.make("Here/below")
        u.near.deliver("Here/below", mail(2), "S")
        r = u.sync("--create", create)
        is_(("There/below" in u.near.boxes(),
             "Here/below" in u.far.boxes()), (near, far),
            "--create %s does it" % create)
        is_(r.status, 0, "--create %s is well" % create)
        u.runs("--create %s: again" % create, "--create", create)
        is_(("There/below" in u.near.boxes(),
             "Here/below" in u.far.boxes()), (near, far),
            "--create %s does no more" % create)
    u.runs("--create both in the end", "--create", "both")
    u.same("makes all")
    u.settled("and that is all", sent=True)


@scenario
def rename_there():
    u = lab.user()
    u.far.create("One", "One/below", "Two")
    u.far.appends("One", [mail(i) for i in range(1, 21)])
    u.far.append("One/below", mail(30))
    u.runs("folders")
    inode = os.stat(u.near.file("One", "number 7")).st_ino
    u.far.do('RENAME "One" "Uno"')
    u.far.append("Uno", mail(40))
    p = u.proxy()
    u.runs("renamed there, with what is below it", proxy=p)
    u.same("is renamed here")
    ok("One" not in u.near.boxes() and "One/below" not in u.near.boxes(),
       "the old name is gone", u.near.boxes())
    is_(os.stat(u.near.file("Uno", "number 7")).st_ino, inode,
        "the files are the same")
    is_(len([c for c in p.commands if "BODY.PEEK[]" in c]) <= 1, True,
        "only what is new is fetched")
    is_(u.near.attic(), [], "nothing is in the attic")
    u.settled("and that is all")
    u.far.do('RENAME "Uno" "Made/on/the/way"', 'RENAME "Two" "One"')
    u.runs("renamed to below something new, and to an old name")
    u.same("both are renamed here")
    u.settled("and that is all")


@scenario
def rename_here():
    u = lab.user()
    u.far.create("One", "One/below", "Two")
    u.far.appends("One", [mail(i) for i in range(1, 21)])
    u.far.append("One/below", mail(30))
    u.far.append("Two", mail(31))
    u.runs("folders")
    os.rename(u.near.path("One"), u.near.path("Uno"))
    u.near.deliver("Uno", mail(41), "S")
    p = u.proxy()
    u.runs("renamed here, with what is below it", proxy=p)
    u.same("is renamed there")
    ok("One" not in u.far.boxes() and "One/below" not in u.far.boxes(),
       "the old name is gone", u.far.boxes())
    is_(p.count("RENAME") >= 1, True, "by RENAME")
    is_(p.count("APPEND") <= 1, True, "only what is new travels")
    is_(u.far.messages("Trash"), [], "nothing is in the trash")
    u.settled("and that is all", sent=True)
    os.rename(u.near.path("Uno"), u.near.path("Eins"))
    u.far.do('RENAME "Two" "Zwei"')
    u.runs("one renamed here, another there")
    u.same("both are")
    u.settled("and that is all")


@scenario
def delete():
    for policy in ("keep", "delete"):
        u = lab.user()
        u.far.create("Far gone", "Near gone", "Empty far", "Empty near")
        u.far.appends("Far gone", [mail(1), mail(2)])
        u.far.appends("Near gone", [mail(3), mail(4)])
        how = ("--folders", policy)
        u.runs("folders %s: first" % policy, *how)
        u.far.do('DELETE "Far gone"', 'DELETE "Empty far"')
        shutil.rmtree(u.near.path("Near gone"))
        shutil.rmtree(u.near.path("Empty near"))
        for _ in range(3):		# it may want to see it twice
            r = u.sync(*how)
        near, far = u.near.boxes(), u.far.boxes()
        if policy == "keep":
            ok("Near gone" in far and len(u.far.messages("Near gone")) == 2,
               "--folders keep: gone here, kept there", far)
            ok("Far gone" in near and len(u.near.messages("Far gone")) == 2,
               "--folders keep: gone there, kept here", near)
        else:
            ok("Near gone" not in far and "Empty near" not in far,
               "--folders delete: gone here, deleted there",
               (far, r.status, r.err))
            ok("Far gone" not in near and "Empty far" not in near,
               "--folders delete: gone there, deleted here",
               (near, r.status, r.err))
            is_(len(u.near.attic()), 2, "its mail is in the attic")
            u.settled("and that is all")


@scenario
def one_way():
    """--pull does nothing to the server's folders, --push nothing to ours."""
    how = ("--folders", "delete")
    u = lab.user()
    u.far.create("One", "Two", "Three", "Four", "Five", "Six")
    u.far.appends("One", [mail(1), mail(2)])
    u.far.append("Two", mail(3))
    u.runs("folders", *how)
    os.rename(u.near.path("One"), u.near.path("Uno"))
    shutil.rmtree(u.near.path("Two"))
    before = u.far.all()
    for _ in range(2):
        u.sync("--pull", *how)
    is_(canon(u.far.all()), canon(before),
        "--pull: renamed and removed here, and there as it was")
    u = lab.user()
    u.far.create("One", "Two", "Three", "Four", "Five", "Six")
    u.far.appends("One", [mail(1), mail(2)])
    u.far.append("Two", mail(3))
    u.runs("folders", *how)
    u.far.do('RENAME "One" "Uno"', 'DELETE "Two"')
    before = u.near.boxes()
    for _ in range(2):
        u.sync("--push", *how)
    is_(u.near.boxes(), before,
        "--push: renamed and removed there, and here as it was")


@scenario
def sent_and_removed():
    """Removed here right after a run that has uploaded something to it."""
    how = ("--folders", "delete")
    for strange in (False, True):
        u = lab.user()
        u.far.create("Box", "Other")
        u.far.appends("Box", [mail(1), mail(2)])
        u.runs("a folder", *how)
        u.near.deliver("Box", mail(3), "S")
        u.near.remove("Box", "number 2")
        u.runs("one file more, one less", *how)
        shutil.rmtree(u.near.path("Box"))
        if strange:
            u.far.append("Box", mail(4))
        for _ in range(3):
            u.sync(*how)
        if strange:
            is_(sorted(m.subject for m in u.far.messages("Box")),
                ["number 1", "number 3", "number 4"],
                "and has mail that never was here: it is kept there")
        else:
            ok("Box" not in u.far.boxes(), "removed here, removed there",
               u.far.boxes())


@scenario
def unknown_mail():
    """A mailbox deleted there, while mail has come here."""
    u = lab.user()
    u.far.create("Box")
    u.far.appends("Box", [mail(1), mail(2)])
    u.runs("a folder")
    u.far.do('DELETE "Box"')
    u.near.deliver("Box", mail(3), "S")
    for _ in range(3):
        u.sync("--folders", "delete")
    found = [m.subject for b in u.far.boxes() for m in u.far.messages(b)]
    files = u.near.attic() + (u.near.files("Box"))
    ok("number 3" in found or any(
        b"number 3" in open(f, "rb").read() for f in files),
       "what the server never had is not lost", (found, files))


@scenario
def maildirpp():
    u = lab.user()
    u.far.create("Lists/a/b", "dot.ted", "Sub")
    u.far.append("INBOX", mail(1), r"\Seen")
    u.far.append("Lists/a/b", mail(2), r"\Seen")
    u.far.append("dot.ted", mail(3), "")
    how = ("--layout", "maildir++")
    u.runs("--layout maildir++", *how)
    have = [d for d in below(u.near.root)]
    ok("." in have and ".Lists.a.b" in have and ".Sub" in have,
       "INBOX is the root, the others begin with a dot", have)
    ok(not [d for d in have if "/" in d], "and none is in another", have)
    is_([m.subject for d in have for m in u.near.messages("", d)].count(
        "number 3"), 1, "a dot in a name is kept apart")
    u.near.make(".Made.here")
    u.near.deliver(".Made.here", mail(4), "F")
    u.near.deliver(".", mail(5), "S")
    u.runs("a folder made here", *how)
    ok("Made/here" in u.far.boxes(), "is made there", u.far.boxes())
    is_(sorted(m.subject for m in u.far.messages("INBOX")),
        ["number 1", "number 5"], "mail in the root goes to INBOX")
    u.runs("a look at them", *how)
    p = u.proxy()
    u.runs("again", *how, proxy=p)
    is_(p.count("SELECT"), 0, "nothing more")


@scenario
def unselectable():
    """\\Noselect has folders below it and no mail."""
    u = lab.user()
    u.far.create("P/child")
    u.far.append("P/child", mail(1))
    u.far.do('DELETE "P"') if "P" in u.far.boxes() else None
    u.runs("a mailbox below none")
    ok("P/child" in u.near.boxes() and "P" not in u.near.boxes(),
       "is there, the other is not", u.near.boxes())
    u.settled("and that is all")


@scenario
def links():
    """Symbolic links are not followed out of the root."""
    u = lab.user()
    u.runs("first")
    outside = u.dir + "/outside"
    Near(u.dir).make("outside")
    Near(u.dir).deliver("outside", mail(1), "S")
    os.symlink(outside, u.near.root + "/Link")
    u.sync()
    ok("Link" not in u.far.boxes(), "a link to elsewhere is no folder",
       u.far.boxes())
    u.far.create("Target")
    u.far.append("Target", mail(2))
    os.symlink(outside, u.near.root + "/Target")
    r = u.sync()
    is_(len(os.listdir(outside + "/cur") + os.listdir(outside + "/new")), 1,
        "nothing is written through one")
    ok(r.status, "which is said", r.err)


@scenario
def local_fault():
    """What is wrong with one Maildir is its own: the others go on."""
    for what in ("a link", "a link to nowhere", "a file", "a file as cur"):
        u = Alone()
        u.box().add(mail(1))
        u.box("Archive").add(mail(2))
        u.box("Zed").add(mail(3))
        path = u.near.path("Archive")
        os.makedirs(u.dir + "/big/cur")
        if what == "a link":
            os.symlink(u.dir + "/big", path)
        elif what == "a link to nowhere":
            os.symlink("/not/there", path)
        elif what == "a file":
            open(path, "w").close()
        else:
            os.mkdir(path)
            open(path + "/cur", "w").close()
        for i in range(2):
            r = u.runs("%s: said, 73" % what, status=73)
            like(r.err, "^[^\n]*: Archive: Archive.*\n$", "it alone")
        is_([len(u.near.files(b)) for b in ("INBOX", "Zed")], [1, 1],
            "the others are here")
        is_(os.listdir(u.dir + "/big"), ["cur"], "nothing is beyond a link")


@scenario
def unwritable():
    """One that cannot be written to is left alone, and nothing lost."""
    u = Alone()
    for name, n in (("INBOX", 1), ("Archive", 2), ("Zed", 3)):
        u.box(name).add(mail(n))
    u.runs("three folders")
    os.chmod(u.near.path("Archive") + "/tmp", 0o500)
    if os.getuid() == 0:		# who writes everywhere, but for this
        words = u.words
        u.words = lambda *args, **how: [
            "setpriv", "--bounding-set=-dac_override",
            *words(*args, **how)]
    for b in ("Archive", "Zed"):
        u.box(b).add(mail(4))
    u.runs("one is not writable: said, 73", status=73)
    is_([len(u.near.files(b)) for b in ("Archive", "Zed")], [1, 2],
        "the other has its new one")
    os.chmod(u.near.path("Archive") + "/tmp", 0o700)
    u.runs("writable again")
    is_(len(u.near.files("Archive")), 2, "it comes")


@scenario
def followed():
    """--follow NAME: a Maildir that is a link is one like any other."""
    far = tempfile.mkdtemp(dir="/dev/shm" if os.access(
        "/dev/shm", os.W_OK) else None)
    atexit.register(shutil.rmtree, far, ignore_errors=True)
    u = Alone()
    u.box().add(mail(1))
    u.box("Archive").add(mail(2))
    u.box("Zed").add(mail(3))
    os.symlink(far, u.near.path("Archive"))
    how = ("--follow", "Archive")
    u.runs("a link that is followed", *how)
    is_([len(u.near.files(b)) for b in ("INBOX", "Archive", "Zed")],
        [1, 1, 1], "all are here")
    u.runs("nothing to do", *how)
    u.box("Archive").messages[0].flags.add(r"\Flagged")
    u.near.move("INBOX", "number 1", "Zed")
    u.near.deliver("Archive", mail(4))
    u.runs("changes", *how)
    is_([sorted(m.uid for m in u.box(b).messages) for b in
         ("INBOX", "Archive", "Zed")], [[], [1, 2], [1, 2]], "go there")
    ok(any(f.endswith(":2,F") for f in u.near.files("Archive")),
       "and come here", u.near.files("Archive"))
    m = u.box("Archive").messages.pop()
    u.box("Zed").add(m.data)
    u.runs("moved there to another one", *how)
    is_([len(u.near.files(b)) for b in ("Archive", "Zed")], [1, 3],
        "and here, be it another file system")
    is_([len(u.box(b).messages) for b in ("Archive", "Zed")], [1, 3],
        "nothing is twice there")


@scenario
def followed_twice():
    """A link to what is synced already is told, 73, and not followed."""
    for to in ("Zed", "."):
        u = Alone()
        for n, name in enumerate(("INBOX", "Archive", "Zed"), 1):
            u.box(name).add(mail(n))
        u.runs("without Archive", "--patterns", "INBOX Zed")
        os.symlink(to, u.near.path("Archive"))
        for i in range(2):
            r = u.runs("a link to %s: 73" % to, "--follow", "Archive",
                       status=73)
        like(r.err, "Archive: it leads to (Zed|.*near), which is synced "
             "already", "is named")
        is_([len(u.box(b).messages) for b in ("INBOX", "Archive", "Zed")],
            [1, 1, 1], "nothing is twice there")
        is_(len(u.near.files("Zed")), 1, "and here")
    u = Alone()
    u.box().add(mail(1))
    u.runs("a name that is not there: 73", "--follow", "None", status=73)


done()
