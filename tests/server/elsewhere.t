#!/usr/bin/env python3
"""imapsync takes over Maildirs that mbsync or offlineimap kept in step: what
these had as one message is one, nothing is transferred, a flag that changed
since is carried and not undone, and folders stay where they are."""
from synclab import *

# tests/long/elsewhere.t has all of it
ALL = bool(os.environ.get("ELSEWHERE_ALL"))
for program in ("mbsync", "offlineimap"):
    if shutil.which(program) is None:
        skip_all("no " + program)
lab = up()

RC = """IMAPAccount a
Host localhost
Port {port}
User {user}
PassCmd "echo secret"
CertificateFile {ca}
SSLType IMAPS
AuthMechs LOGIN

IMAPStore r
Account a
{far}

MaildirStore l
{store}

Channel c
Far :r:
Near :l:
{patterns}Create Both
Expunge Both
Sync All
{channel}
"""


def env(u):
    return dict(os.environ, HOME=u.dir, XDG_STATE_HOME=u.dir + "/xdg")


PLACES = "Path {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n"


def mbsync(u, channel="SyncState *", far="", store="", places=PLACES):
    rc = u.dir + "/mbsyncrc"
    with open(rc, "w") as f:
        f.write("FSync no\n\n" + RC.format(
            port=lab.imaps, user=u.name, ca=lab.ca, near=u.near.root,
            patterns="" if "Patterns" in channel else "Patterns *\n",
            channel=channel, far=far, store=places.format(
                near=u.near.root, dir=u.dir) + store))
    p = subprocess.run(["mbsync", "-q", "-c", rc, "-a"], env=env(u),
                       stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=60)
    assert p.returncode == 0, p.stderr


def bare(n):
    return b"From: jo@example.org\nSubject: bare\n\nno id, text %d\n" % n


def filled(**how):
    """Copies of a message, two of one Message-ID, some without; both sides."""
    u = lab.user()
    u.far.create("Lists", "Lists/c")
    u.far.appends("INBOX", [mail(i) for i in range(6)] +
                  [(mail(40), r"\Seen"), mail(40), bare(1), bare(2)])
    u.far.appends("Lists", [mail(40), mail(41), mail(41) + b"more\n"])
    u.far.append("Lists/c", mail(42), r"\Flagged")
    os.makedirs(u.dir + "/.mbsync", exist_ok=True)
    mbsync(u, **how)
    # these come to the server with a line more, X-TUID
    for i in range(2):
        u.near.deliver("INBOX", mail(50), "S")
        u.near.deliver("Lists", bare(3), "")
    mbsync(u, **how)
    mbsync(u, **how)
    return u


def idle(u, name, *args):
    """The first run transfers nothing, makes nothing, and reads no body."""
    before = u.far.all(), u.near.all()
    p = u.proxy()
    n = u.sync("-n", *args, proxy=p)
    r = u.sync("-j", *args, proxy=p)
    p.close()
    acts = {e["act"] for e in n.events + r.events if "act" in e}
    bodies = [c for c in p.commands if "BODY.PEEK[]" in c]
    ok((n.status, r.status, r.err) == (0, 0, "") and acts <= {"pair"} and
       not bodies and (u.far.all(), u.near.all()) == before, name,
       "%s\n%s\n%s\n%s" % (acts, bodies, n.err, r.err))
    return n


def same(u, name):
    """Both sides have the same, but for mbsync's line in the header."""
    a, b = ({box: sorted((m.subject, m.flags) for m in v)
             for box, v in side.all().items()} for side in (u.near, u.far))
    is_(a, b, name)


def called(*want):
    return sorted("number %d" % i for i in want)


def counts(u):
    return {b: len(v) for b, v in u.far.all().items()}


@scenario
def in_maildir():
    u = filled()
    n = idle(u, "mbsync's state in the Maildir: nothing is transferred")
    like(n.err, "INBOX: 12 of 12 messages are those that mbsync knew",
         "-n says so")
    u.settled("and that is all", sent=True)
    for i, f in enumerate(sorted(u.near.files("INBOX"))):
        os.rename(f, os.path.dirname(f) + "/renamed.%d" % i +
                  f[f.rfind(":2,"):] if ":2," in f else
                  os.path.dirname(f) + "/renamed.%d" % i)
    u.settled("all of its files have other names: nothing is sent again",
              sent=True)


@scenario
def elsewhere():
    """Where mbsync has it unasked, where 1.5 has it, by name, and with the
    mailbox's name alone, as a SyncState of one's own has it."""
    u = filled(channel="")
    last = ".mbsync"
    for to, args in ((".mbsync", ()), ("xdg/isync", ()),
                     ("my/states", ("--former-state", "~/my/states")),
                     ("work", ("--former-state", "~/work")))[
                         :None if ALL else 2]:
        os.makedirs(os.path.dirname(u.dir + "/" + to), exist_ok=True)
        os.rename(u.dir + "/" + last, u.dir + "/" + to)
        last = to
        u.state = u.dir + "/state." + to.replace("/", ".")
        if to == "work":
            for f in os.listdir(u.dir + "/work"):
                os.rename(u.dir + "/work/" + f, u.dir + "/work/work-" +
                          f.rpartition(":")[2])
        n = idle(u, "mbsync's state in %s" % to, *args)
        like(n.err, "Lists/c: 1 of 1 messages are those that mbsync knew",
             "is found there")


@scenario
def flags_since():
    u = filled()
    for i in range(4):
        u.far.store("INBOX", u.far.uid_of("INBOX", "number %d" % i),
                    r"+FLAGS (\Seen \Flagged)")
    mbsync(u)
    u.far.store("INBOX", u.far.uid_of("INBOX", "number 0"),
                r"-FLAGS (\Flagged)")
    u.near.set("INBOX", "number 1", "S")
    u.near.set("INBOX", "number 2", "FRS")
    u.runs("flags that changed since mbsync's last run")
    same(u, "are equal")
    flags = {m.subject: m.flags for m in u.far.messages("INBOX")}
    is_(["\\flagged" in flags["number %d" % i] for i in range(4)],
        [False, False, True, True],
        "what was taken away is not put back")


@scenario
def strangers():
    """A number that another message has is no proof."""
    u = filled()
    here = u.near.file("INBOX", "number 3")
    there = u.near.file("INBOX", "number 4")
    with open(here, "rb") as f:
        a = f.read()
    with open(there, "rb") as f:
        b = f.read()
    for path, text in ((here, b), (there, a)):
        with open(path, "wb") as f:
            f.write(text)
    u.runs("two files that have each other's number")
    same(u, "are who they are by their headers")
    is_({b: n for b, n in counts(u).items() if n > 0},
        {"INBOX": 12, "Lists": 5, "Lists/c": 1},
        "and not uploaded")
    u.near.remove("INBOX", "number 3")
    u.runs("one of them is removed")
    same(u, "on the server it is the same one")
    for box in ("INBOX", "Lists", "Lists/c"):
        p = u.near.path(box) + "/.uidvalidity"
        with open(p) as f:
            first, rest = f.read().split("\n", 1)
        with open(p, "w") as f:
            f.write("%d\n%s" % (int(first) + 1, rest))
    u.state += ".2"
    n = u.sync("-n")
    unlike(n.err, "that mbsync knew", "numbers of another Maildir are not used")


@scenario
def placeholder():
    """A file that mbsync put in the place of a large message."""
    u = lab.user()
    u.far.appends("INBOX", [mail(1), mail(2, size=30000)])
    mbsync(u, store="MaxSize 10k")
    is_(len(u.near.files("INBOX")), 2, "mbsync leaves a placeholder")
    r = u.sync()
    like(r.err, "1 placeholders of mbsync", "it is told")
    is_(sorted(m.subject for m in u.far.messages("INBOX")),
        ["number 1", "number 2"], "it is not uploaded")
    ok(any(len(m.body) > 20000 for m in u.near.messages("INBOX")),
       "the message comes")


# ---- folders

def laid(*names):
    """A user with mail in these mailboxes, and the same in Maildirs."""
    u = lab.user()
    for i, (box, path) in enumerate(names):
        if box != "INBOX":
            u.far.create(box)
        u.far.append(box, mail(i), r"\Seen")
        u.near.make(path)
        u.near.deliver(path, mail(i), "S")
    return u


@scenario
def old_names():
    """Names as mbsync before 1.5 and offlineimap write them."""
    u = laid(("INBOX", "Inbox"), ("Entw\u00fcrfe", utf7("Entw\u00fcrfe")),
             ("a/b", "a.b"), ("K\u00fcche/x & y", utf7("K\u00fcche/x & y")),
             ("50%", "50%"))
    dirs = sorted(d for d, _, _ in os.walk(u.near.root))
    some = ("--patterns", "* !Drafts !Junk !Sent !Trash")
    n = idle(u, "names of other programs are recognised", *some)
    like(n.err, r"INBOX: its Maildir is Inbox\n", "-n says of Inbox")
    like(n.err, r"Entw\u00fcrfe: its Maildir is Entw&APw-rfe\n", "of an umlaut")
    like(n.err, r"a/b: its Maildir is a\.b\n", "of a dot")
    is_(sorted(d for d, _, _ in os.walk(u.near.root)), dirs,
        "no folder is made for them")
    u.far.append("a/b", mail(10))
    u.near.deliver("Inbox", mail(11), "S")
    u.near.deliver(utf7("Entw\u00fcrfe"), mail(12), "S")
    u.runs("the next runs")
    is_(len(u.near.files("a.b")), 2, "deliver there")
    is_(len(u.far.messages("INBOX")), 2, "and upload from there")
    is_(len(u.far.messages("Entw\u00fcrfe")), 2, "wherever it is")
    ok("a.b" not in u.far.boxes(), "without a mailbox more", u.far.boxes())
    u.settled("and nothing is left to do", sent=True)
    u.far.do("DELETE " + quote("Entw\u00fcrfe"))
    u.sync()
    ok(not [b for b in u.far.boxes() if "Entw" in b],
       "a mailbox that is gone does not come back by its Maildir's name",
       u.far.boxes())


@scenario
def two_places():
    u = laid(("INBOX", "INBOX"), ("Entw\u00fcrfe", "Entw\u00fcrfe"))
    for path in ("Inbox", utf7("Entw\u00fcrfe")):
        u.near.make(path)
        u.near.deliver(path, mail(5), "S")
    r = u.sync()
    is_(r.status, 65, "a second Maildir of a mailbox is told")
    like(r.err, "INBOX: it has the Maildir INBOX: another one, Inbox, is left "
         "out", "which one")
    is_(sorted(b for b in u.far.boxes() if "Entw" in b), ["Entw\u00fcrfe"],
        "and makes no mailbox")


@scenario
def left_out():
    u = laid(("INBOX", "INBOX"), ("Entw\u00fcrfe", utf7("Entw\u00fcrfe")))
    u.near.deliver(utf7("Entw\u00fcrfe"), mail(6), "S")
    u.runs("a pattern leaves out a folder", "--patterns",
           "* !Entw\u00fcrfe")
    is_(sorted(b for b in u.far.boxes() if "Entw" in b), ["Entw\u00fcrfe"],
        "by its name, whatever its Maildir is called")


@scenario
def dots_of_ours():
    """A folder a.b that somebody makes is one."""
    u = laid(("INBOX", "INBOX"), ("a/b", "a/b"))
    u.sync()
    u.far.create("c/d")
    for path in ("a.b", "c.d"):
        u.near.make(path)
        u.near.deliver(path, mail(7), "S")
    n = u.sync("-n", "-j")
    is_([e["box"] for e in n.events if e.get("act") == "far-create"],
        ["a.b", "c.d"], "is another one than that with a slash")
    is_(n.err, "", "without a word")


for name, places, args, path in (
        ("Flatten", PLACES.replace("SubFolders Verbatim", "Flatten ."),
         ("--flatten", "."), "near/New.one"),
        ("an Inbox of its own", PLACES.replace("{near}/INBOX", "{dir}/near-in"),
         ("--inbox", "~/near-in"), "near/New/one"),	# not below near
        ("InfoDelimiter", PLACES + "InfoDelimiter ;\n",
         ("--info-delimiter", ";"), "near/New/one"),
        ("SubFolders Legacy", PLACES.replace("Verbatim", "Legacy"),
         ("--layout", "legacy"), "near/New/.one"),
        ("SubFolders Maildir++", "Inbox {near}\nSubFolders Maildir++\n",
         ("--layout", "maildir++"), "near/.New.one"),
        ("UTF-7", PLACES, ("--near-names", "utf-7"),
         "near/" + utf7("New/\u00fcber")))[:None if ALL else 3]:
    @scenario
    def laid_out():
        u = lab.user()
        u.far.create("Lists", "Lists/c", "K\u00fcche", "K\u00fcche/d")
        for i, box in enumerate(("INBOX", "INBOX", "Lists", "Lists/c",
                                 "K\u00fcche", "K\u00fcche/d")):
            u.far.append(box, mail(i), r"\Seen" if i % 2 else "")
        mbsync(u, places=places)
        dirs = sorted(d for d, _, _ in os.walk(u.dir))
        p = u.proxy()
        r = u.sync("-j", *args, proxy=p)
        acts = {e["act"] for e in r.events if "act" in e}
        ok(r.status == 0 and acts == {"pair"} and not r.err and
           not [c for c in p.commands if "BODY.PEEK[]" in c], name +
           ": nothing is transferred", "%s\n%s" % (acts, r.err))
        is_(sorted(d for d, _, _ in os.walk(u.dir)
                   if not re.search("/state|/xdg|/near.attic", d)), dirs,
            "no folder is made")
        new = "New/\u00fcber" if name == "UTF-7" else "New/one"
        u.far.create(new)
        u.far.append(new, mail(20), r"\Flagged")
        u.far.append("INBOX", mail(21), r"\Seen")
        u.runs("what is new", *args)
        ok(os.path.isdir(u.dir + "/" + path), "has its place",
           "\n".join(sorted(d for d, _, _ in os.walk(u.dir))))
        inbox = [f for d, _, n in os.walk(u.dir) for f in n
                 if d.endswith("/cur") and f.startswith("postbag.")]
        sep = ";" if name == "InfoDelimiter" else ":"
        is_(sorted(f.rpartition(sep)[2] for f in inbox), ["2,F", "2,S"],
            "and its flags")
        u.far.store("INBOX", "1", r"+FLAGS (\Answered)")
        u.runs("a flag", *args)
        ok([f for _, _, n in os.walk(u.dir) for f in n
            if re.search(sep + "2,R", f)], "is set here")
        n = u.sync("-n", "-j", *args)
        is_([e for e in n.events if e.get("event") == "plan"], [],
            "and that is all")


@scenario
def inbox_holds():
    """What waits in an inbox outside of near keeps its source there."""
    u = lab.user()
    u.far.create("Lists")
    u.far.append("INBOX", mail(9))
    u.far.appends("Lists", [mail(1), mail(2)])
    args = ("--inbox", "~/In")
    u.sync(*args)
    path = u.near.file("Lists", "number 1")
    to = u.dir + "/In/cur/1.M1.saved:2,S"
    with open(path, "rb") as f, open(to, "wb") as g:
        g.write(f.read())
    os.unlink(path)

    def refuse(link, n, line):
        tag, verb = line.split(" ")[:2] if " " in line else ("", line)
        return b"%s NO [OVERQUOTA] no room\r\n" % tag.encode() \
            if verb == "APPEND" else None
    p = u.proxy(on_command=refuse, hide={"MULTIAPPEND", "LITERAL+", "LITERAL-"})
    r = u.sync(*args, proxy=p)
    is_(r.status, 75, "an upload to the inbox is refused")
    is_(sorted(m.subject for v in u.far.all().values() for m in v),
        called(1, 2, 9), "the server keeps its copy")
    u.near.remove("Lists", "number 2")
    with open(u.dir + "/In/cur/1.M2.saved:2,S", "wb") as g:
        g.write(mail(2))
    r = u.sync("--patterns", "* !INBOX", *args)
    is_(r.status, 75, "the inbox is left out")
    like(r.err, "not synced .INBOX.", "it is said by its name")
    ok("number 2" in [m.subject for m in u.far.messages("Lists")],
       "what is in it is not deleted elsewhere", r.err)
    u.runs("without the refusal", *args)
    is_(([m.subject for m in u.far.messages("Lists")],
         sorted(m.subject for m in u.far.messages("INBOX"))),
        ([], called(1, 2, 9)), "all are moved")


# ---- whole set-ups: the other program's run, then ours, as imported

def imported(u, path):
    """Its configuration as ours, through a proxy."""
    r = subprocess.run([PROGRAM, "--import", path], env=env(u),
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    p = u.proxy()
    text = r.stdout.replace("imaps://localhost:%d" % lab.imaps,
                            "imap://127.0.0.1:%d\n  tls off" % p.port)
    with open(u.dir + "/config", "w") as f:
        f.write(re.sub(r"\n  ca .*", "", text))
    os.chmod(u.dir + "/config", 0o600)
    return r.stdout, p


def configured(u, *args):
    p = subprocess.run([PROGRAM, "--config", u.dir + "/config", *args],
                       env=env(u), stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=FOREVER)
    return Result(p.returncode, p.stdout, p.stderr)


def moved_over(u, path, names, name):
    """Nothing is transferred and no folder made, by -n and by the run."""
    text, p = imported(u, path)
    dirs = sorted(d for d, _, _ in os.walk(u.dir))
    far = u.far.all()
    for one in names:
        n = configured(u, "-n", "-j", one)
        r = configured(u, "-j", one)
        acts = {e["act"] for e in n.events + r.events if "act" in e}
        ok((n.status, r.status, r.err) == (0, 0, "") and acts <= {"pair"},
           "%s: %s transfers nothing" % (name, one),
           "%s\n%s\n%s\n%s" % (text, acts, n.err, r.err))
    is_([c for c in p.commands if "BODY.PEEK[]" in c or "APPEND" in c], [],
        name + ": no body is on the wire")
    is_(sorted(d for d, _, _ in os.walk(u.dir) if not re.search(
        r"/xdg|\.attic", d)), [d for d in dirs if "/xdg" not in d],
        name + ": no folder is made here")
    ok(u.far.all() == far, name + ": nothing is changed there")
    return text, n


IMAPRC = """[general]
accounts = a
maxsyncaccounts = 1
ui = quiet

[Account a]
localrepository = l
remoterepository = r

[Repository l]
type = Maildir
localfolders = {dir}/mail
{near}

[Repository r]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {user}
remotepassfile = {dir}/pass
sslcacertfile = {ca}
maxconnections = 1
{far}
"""


def offlineimap(u, near="", far=""):
    rc = u.dir + "/offlineimaprc"
    with open(rc, "w") as f:
        f.write(IMAPRC.format(dir=u.dir, port=lab.imaps, user=u.name,
                              ca=lab.ca, near=near, far=far))
    with open(u.dir + "/pass", "w") as f:
        f.write("secret\n")
    os.chmod(u.dir + "/pass", 0o600)
    p = subprocess.run(["offlineimap", "-o", "-c", rc], env=env(u),
                       stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=60)
    assert p.returncode == 0, p.stderr + p.stdout
    return rc


def well_filled():
    u = lab.user()
    u.far.create("Lists", "Lists/c", "K\u00fcche", "Lists/\u00fcber & x")
    u.far.appends("INBOX", [mail(i) for i in range(6)] +
                  [(mail(40), r"\Seen"), mail(40), bare(1), bare(2)])
    u.far.appends("Lists", [mail(40), mail(41), mail(41) + b"more\n"])
    for i, box in enumerate(("Lists/c", "K\u00fcche", "Lists/\u00fcber & x")):
        u.far.append(box, mail(60 + i), r"\Flagged")
    return u


for name, near in (("a dot", ""), ("a slash", "sep = /"))[
        :None if ALL else 1]:
    @scenario
    def from_offlineimap():
        u = well_filled()
        rc = offlineimap(u, near=near)
        text, n = moved_over(u, rc, ["a"], "offlineimap with " + name)
        like(n.err, "INBOX: 10 of 10 messages are those that offlineimap knew",
             "-n says so")
        meta = u.dir + "/.offlineimap/Repository-r/FolderValidity/INBOX"
        with open(meta) as f:
            was = f.read()
        with open(meta, "w") as f:
            f.write("%d\n" % (int(was) + 1))
        n = configured(u, "-n", "--state", u.dir + "/other", "a")
        unlike(n.err, "INBOX: .*that offlineimap knew",
               "UIDs under another UIDVALIDITY are not used")
        u.far.store("INBOX", "3", r"+FLAGS (\Answered)")
        u.near = Near(u.dir + "/mail")
        u.near.set("INBOX", "number 1", "FS")
        r = configured(u, "a")
        is_((r.status, r.err), (0, ""), "it goes on")
        same_box = [sorted((m.subject, m.flags) for m in s.messages("INBOX"))
                    for s in (u.far, u.near)]
        is_(same_box[0], same_box[1], "with flags of both sides")


@scenario
def from_mbsync():
    u = well_filled()
    for i in range(3):
        mbsync(u, places="Path {near}/\nInbox {near}/Inbox\nFlatten .\n",
               channel="")
        if i == 0:
            u.near.deliver("Inbox", mail(70), "S")
    text, n = moved_over(u, u.dir + "/mbsyncrc", ["c"], "mbsync")
    like(n.err, "Inbox: its Maildir|INBOX: 11 of 11 messages are those that "
         "mbsync knew", "-n says so")
    like(text, r"\n  inbox .*/near/Inbox\n  flatten \.\n",
         "the layout is imported")


GROUP = """
Channel sent
Far :r:"[Gmail]/Sent Mail"
Near :l:Sent

Channel some
Far :r:[Gmail]/
Near :l:g/
Patterns * !"Sent Mail"
Create Near

Group g
Channel c
Channels sent some
"""


@scenario
def gmail_names():
    u = lab.user()
    u.far.create("[Gmail]/Sent Mail", "[Gmail]/All", "Lists")
    u.far.appends("INBOX", [mail(1), mail(2)])
    u.far.appends("[Gmail]/Sent Mail", [mail(3), mail(3), bare(4)], r"\Seen")
    u.far.append("[Gmail]/All", mail(5))
    u.near.make("Sent")
    patterns = "Patterns INBOX Lists\nCreate Both\nSyncState *\n"
    mbsync(u, channel=patterns + GROUP)
    u.near.deliver("Sent", mail(6), "S")
    mbsync(u, channel=patterns + GROUP)
    is_(len(u.far.messages("[Gmail]/Sent Mail")), 4, "mbsync has it so")
    text, n = moved_over(u, u.dir + "/mbsyncrc", ["c", "sent", "some"],
                         "a group")
    like(text, r"\n  map Sent -> \[Gmail\]/Sent Mail\n", "names are mapped")
    u.near.deliver("Sent", mail(7), "S")
    u.far.append("[Gmail]/All", mail(8))
    for one in ("c", "sent", "some"):
        r = configured(u, one)
        ok(r.status == 0 and not r.err, one + " goes on", r.err)
    is_(len(u.far.messages("[Gmail]/Sent Mail")), 5, "both ways")
    is_(len(u.near.files("g/All")), 2, "below another name")
    is_(sorted(u.far.boxes()), sorted(
        ["[Gmail]/Sent Mail", "[Gmail]/All", "Lists", "INBOX", "Drafts",
         "Junk", "Sent", "Trash"]), "no mailbox is made")


@scenario
def maps():
    u = lab.user()
    u.far.create("A", "B/c")
    u.far.append("A", mail(1))
    u.far.append("B/c", mail(2))
    args = ("--map", "x -> A", "--map", "y/* -> B/*")
    u.sync(*args)
    is_((len(u.near.files("x")), len(u.near.files("y/c"))), (1, 1),
        "mailboxes with other names here")
    u.near.make("y/d")
    u.near.deliver("y/d", mail(3), "S")
    u.runs("a folder made here", *args)
    ok("B/d" in u.far.boxes(), "has the other name there", u.far.boxes())
    n = u.sync("-n", "-j", *args)
    is_([e for e in n.events if e.get("event") == "plan"], [],
        "and that is all")
    u.near.make("A")
    u.near.deliver("A", mail(4), "S")
    r = u.sync(*args)
    is_(r.status, 65, "a Maildir with a name that another one has is told")
    like(r.err, "A: it has the Maildir x: another one, A, is left out",
         "and left out")
    is_(u.sync("--map", "A").status, 64, "what is no rule is refused")


@scenario
def names_translated():
    u = lab.user()
    u.far.create("[Gmail]/Sent Mail")
    u.far.append("[Gmail]/Sent Mail", mail(3))
    u.far.append("INBOX", mail(1))
    rc = offlineimap(u, near="nametrans = lambda f: {'sent': "
                     "'[Gmail]/Sent Mail'}.get(f, f)\n",
                     far="nametrans = lambda f: {'[Gmail]/Sent Mail': "
                     "'sent'}.get(f, f)\nfolderfilter = lambda f: f in "
                     "['INBOX', '[Gmail]/Sent Mail']\n")
    text, n = moved_over(u, rc, ["a"], "offlineimap with nametrans")
    like(n.err, r"Sent Mail: 1 of 1 messages are those that offlineimap knew",
         "-n says so")


done()
