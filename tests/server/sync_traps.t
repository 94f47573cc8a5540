#!/usr/bin/env python3
"""imapsync: what happens in Maildirs and on servers that nobody means to
happen.  Most of these have caught it once."""
import resource
from synclab import *

lab = up()


def filled(n=10, *args):
    u = lab.user()
    u.far.create("Archive")
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, n + 1)])
    u.sync(*args)
    return u


def names(boxes, box):
    return sorted(m.subject for m in boxes[box])


def quiet_after(u, name, *args):
    """It may take a run or two, and then nothing more is done."""
    for _ in range(3):
        r = u.sync("-j", *args)
        did = [e for e in r.events if e["event"] == "done"]
        if not did:
            break
    ok(not did, name, did)
    return r


@scenario
def one_base_twice():
    """Two files of one base name: cp cur/x:2,S cur/x:2,FS."""
    u = filled()
    f = u.near.file("INBOX", "number 3")
    shutil.copy(f, f.replace(":2,S", ":2,FS"))
    for _ in range(4):
        u.sync()
    n = len(u.far.messages("INBOX"))
    ok(n <= 11, "a base name twice: not doubled without end", n)
    quiet_after(u, "a base name twice: it comes to an end")
    is_(set(names(u.far.all(), "INBOX")),
        {"number %d" % i for i in range(1, 11)}, "and nothing is lost")


@scenario
def same_name_elsewhere():
    """A move into a folder that has a file of that name already."""
    u = filled()
    f = u.near.file("INBOX", "number 3")
    shutil.copy(f, u.near.path("Archive") + "/cur/" +
                os.path.basename(f).replace(":2,S", ":2,FS"))
    u.far.move("INBOX", "3", "Archive")
    for _ in range(4):
        u.sync()
    n = names(u.far.all(), "Archive")
    ok(len(n) <= 2, "moved to where its name is taken: not doubled", n)
    quiet_after(u, "it comes to an end")
    u.same("and both sides are equal")


@scenario
def trash_not_synced():
    """The trash is left out of the patterns: it is the trash all the same."""
    u = filled(10, "--patterns", "* !Trash")
    u.near.remove("INBOX", "number 3")
    u.runs("deleted here, --patterns without Trash", "--patterns", "* !Trash")
    is_(names(u.far.all(), "Trash"), ["number 3"], "is in the trash there")
    ok("Trash" not in u.near.boxes(), "which is not here")


@scenario
def folder_gone_new_mail():
    """A folder removed here, and new mail in it on the server."""
    u = filled()
    u.far.appends("Archive", [mail(20), mail(21)], r"\Seen")
    u.runs("mail in it", "--folders", "delete")
    shutil.rmtree(u.near.path("Archive"))
    u.far.append("Archive", mail(22))
    for _ in range(3):
        u.sync("--folders", "delete")
    left = [m.subject for v in u.far.all().values() for m in v]
    ok("number 22" in left, "what was never here is not deleted there", left)


@scenario
def folder_gone_new_file():
    """A folder removed there, and a new file in it here."""
    how = ("--folders", "delete", "--delete-near", "expunge")
    u = filled()
    u.far.appends("Archive", [mail(20), mail(21)], r"\Seen")
    u.runs("mail in it", *how)
    u.far.do('DELETE "Archive"')
    u.near.deliver("Archive", mail(22))
    for _ in range(3):
        u.sync(*how)
    left = [m.subject for v in u.far.all().values() for m in v] + \
        [m.subject for v in u.near.all().values() for m in v]
    ok("number 22" in left, "what was never there is not deleted here", left)


@scenario
def letters_lost():
    """dovecot-keywords is lost: letters mean nothing, keywords stay."""
    u = filled()
    u.far.store("INBOX", "1:6", "+FLAGS.SILENT (work)")
    u.far.store("INBOX", "3:8", "+FLAGS.SILENT (play)")
    u.runs("keywords")
    want = {m.uid: m.flags for m in u.far.messages("INBOX")}
    u.same("have letters here")
    os.unlink(u.near.path("INBOX") + "/dovecot-keywords")
    u.near.set("INBOX", "number 1", os.path.basename(
        u.near.file("INBOX", "number 1")).partition(":2,")[2] + "F")
    u.sync()
    u.sync()
    got = {m.uid: m.flags for m in u.far.messages("INBOX")}
    want[1] = want[1] | {r"\flagged"}
    is_(got, want, "no keyword is lost on the server")


@scenario
def same_tick():
    """Changes right after a run, before the clock of the disk ticks."""
    u = filled()
    bad = []
    for turn in range(12):
        u.sync()
        u.near.set("INBOX", "number 4", ["FS", "S"][turn % 2])
        u.sync()
        there = next(m.flags for m in u.far.messages("INBOX")
                     if m.subject == "number 4")
        if (r"\flagged" in there) != (turn % 2 == 0):
            bad.append(turn)
    is_(bad, [], "a change in the moment a run ends is seen by the next")


@scenario
def odd_things():
    """Things in cur/ that are no messages."""
    u = filled()
    cur = u.near.path("INBOX") + "/cur/"
    os.mkfifo(cur + "fifo:2,S")
    os.mkdir(cur + "dir:2,S")
    os.symlink("/etc/passwd", cur + "link:2,S")
    os.symlink(cur + "nowhere", cur + "dangling:2,S")
    with open(cur + ".hidden", "w") as f:
        f.write("no message\n")
    r = u.sync(limit=60)
    ok(r.status != -9,
       "a FIFO, a folder, links in cur/: it does not hang", r.err)
    is_(len(u.far.messages("INBOX")), 10, "none is uploaded")
    ok(os.path.exists("/etc/passwd") and os.path.lexists(cur + "link:2,S"),
       "none is removed")


@scenario
def long_names():
    """A name of 255 bytes has no room for a flag."""
    u = filled()
    u.near.deliver("INBOX", mail(20), None, name="n" * 255)
    u.near.deliver("INBOX", mail(21), "", name="m" * 250)
    u.near.deliver("INBOX", mail(22), "S", name="new\nline \x1b[31m ü %41")
    u.sync()
    is_(len(u.far.messages("INBOX")), 13, "long and odd names are uploaded")
    for s in ("number 20", "number 21"):
        u.far.store("INBOX", str(u.far.uid_of("INBOX", s)),
                    r"+FLAGS.SILENT (\Flagged \Answered \Seen)")
    r = u.sync()
    unlike(r.err, r"[\x00-\x08\x0b-\x1f]", "nothing odd is printed")
    u.sync()
    have = {m.subject: m for m in u.far.messages("INBOX")}
    ok(len(have) == 13 and have["number 20"].flags >= {r"\flagged"},
       "flags that find no room are not lost on the server", r.err)
    is_(len(u.near.files("INBOX")), 13, "nor is a message here")


@scenario
def no_room_for_a_flag():
    """One name that is full stops nothing else."""
    u = filled()
    u.near.deliver("INBOX", mail(20), None, name="n" * 252)
    u.sync()
    u.far.store("INBOX", str(u.far.uid_of("INBOX", "number 20")),
                r"+FLAGS.SILENT (\Flagged)")
    u.far.store("INBOX", "2", r"+FLAGS.SILENT (\Flagged)")
    u.far.append("Archive", mail(21), r"\Seen")
    u.near.deliver("Archive", mail(22), "S")
    r = u.sync()
    ok(r.status, "a name of 252 bytes and a flag: it is told", r.err)
    ok(r"\flagged" in next(m.flags for m in u.near.messages("INBOX")
                           if m.subject == "number 2") and
       names(u.near.all(), "Archive") == ["number 21", "number 22"] ==
       names(u.far.all(), "Archive"), "and the rest is done", r.err)


@scenario
def too_large():
    """A file that cannot be written whole is not there at all."""
    u = lab.user()
    u.far.appends("INBOX", [mail(1), mail(2, 500_000), mail(3)], r"\Seen")

    def less():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    p = u.start("--connections", "1", preexec_fn=less)
    out, err = p.communicate(timeout=30)
    ok(p.returncode in (73, 74, 75) and err,
       "a message that finds no room: 73, 74 or 75",
       "exit %d %s" % (p.returncode, err))
    ok(all(m.body == wire(mail(int(m.subject.split()[1]), 500_000 if
                               m.subject == "number 2" else 0))
           for m in u.near.messages("INBOX")), "what is here is whole")
    u.runs("with room")
    u.same("it comes")


@scenario
def read_only():
    """The server lets nothing be changed in a mailbox."""
    u = filled()

    def on_line(link, line):
        if b"[READ-WRITE]" in line:
            return line.replace(b"[READ-WRITE]", b"[READ-ONLY]") + b"\r\n"
        if b"[PERMANENTFLAGS" in line:
            return b"* OK [PERMANENTFLAGS ()] none\r\n"
    p = u.proxy(on_line=on_line, hide={"QRESYNC"})
    u.near.set("INBOX", "number 3", "FS")
    u.near.remove("INBOX", "number 4")
    u.far.append("INBOX", mail(30), r"\Seen")
    r = u.sync(proxy=p)
    is_([c for c in p.commands if re.match("UID STORE|UID MOVE|UID EXPUNGE",
                                           c)], [],
        "a read-only mailbox: nothing is changed there")
    ok("number 30" in names(u.near.all(), "INBOX"), "new mail comes", r.err)
    n = p.count(r"UID FETCH.*BODY.PEEK\[\]")
    u.sync(proxy=p)
    is_(p.count(r"UID FETCH.*BODY.PEEK\[\]"), n, "once")
    u.sync()
    ok("number 4" not in names(u.far.all(), "INBOX") and r"\flagged" in next(
        m.flags for m in u.far.messages("INBOX") if m.subject == "number 3"),
       "when it may, the changes go there")


@scenario
def new_and_cur():
    """The same file seen in new/ and in cur/ while it is moved."""
    u = filled()
    u.near.deliver("INBOX", mail(20), None, name="both")
    shutil.copy(u.near.path("INBOX") + "/new/both",
                u.near.path("INBOX") + "/cur/both:2,S")
    for _ in range(3):
        u.sync()
    n = [m for m in names(u.far.all(), "INBOX") if m == "number 20"]
    ok(1 <= len(n) <= 2, "in new/ and in cur/: not doubled without end", n)
    quiet_after(u, "it comes to an end")


@scenario
def clock_back():
    """Times in the future and before 1970."""
    u = filled()
    for i, t in enumerate((4_000_000_000, 0, 1, 99_999_999_999)):
        u.near.deliver("INBOX", mail(40 + i), "S", date=t or None)
    f = u.near.file("INBOX", "number 41")
    os.utime(f, (-86400, -86400))
    u.runs("files of strange times")
    u.same("go there")
    cur = u.near.path("INBOX") + "/cur"
    u.near.set("INBOX", "number 3", "FS")
    os.utime(cur, (4_000_000_000, 4_000_000_000))
    u.runs("a folder changed in the future")
    u.same("is looked into")
    u.near.set("INBOX", "number 3", "S")
    os.utime(cur, (4_000_000_000, 4_000_000_000))
    u.runs("and again at the same moment")
    u.same("is looked into")


done()
