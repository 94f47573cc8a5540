#!/usr/bin/env python3
"""imapsync: before a deletion on the server folders that are not synced are
looked through; what was learned of their files is not asked for twice."""
from synclab import *

lab = up()
HOW = ("--patterns", "INBOX")
if not shutil.which("strace"):
    skip_all("no strace")


def filled(n=200):
    u = lab.user()
    u.far.appends("INBOX", [(mail(i), r"\Seen") for i in range(1, 21)])
    u.runs("a first run", *HOW)
    u.near.make("Old")
    for i in range(1000, 1000 + n):
        u.near.deliver("Old", mail(i), "S")
    time.sleep(0.1)		# so that its stamp is believed
    return u


def looks(u, *args):
    """The run's result; (files opened, asked for, listed) of Old."""
    log = u.dir + "/calls"
    p = subprocess.run(
        ["strace", "-f", "-y", "-qq", "-o", log, "-e",
         "trace=openat,newfstatat,fstatat64,getdents64"] + u.words(*HOW, *args),
        capture_output=True, text=True, timeout=FOREVER, env=dict(
            os.environ, HOME=u.dir, XDG_STATE_HOME=u.dir + "/xdg"))
    with open(log) as f:
        lines = [x for x in f if "/Old/cur" in x or "/Old/new" in x]
    return Result(p.returncode, p.stdout, p.stderr), (
        sum("openat(" in x and ".near:2," in x for x in lines),
        sum("fstatat" in x and ".near:2," in x for x in lines),
        sum("getdents64(" in x for x in lines))


def count(u, box="INBOX"):
    return len(u.far.messages(box))


@scenario
def once():
    u = filled()
    u.near.remove("INBOX", "number 1")
    r, first = looks(u)
    is_((r.status, r.err, count(u)), (0, "", 19), "a deletion")
    ok(first[0] > 0 and first[1] >= 200, "all files of it are looked at",
       first)
    u.near.remove("INBOX", "number 2")
    r, then = looks(u)
    is_((r.status, count(u)), (0, 18), "another one")
    is_(then, (0, 0, 0), "without a look at any, nor at the folder")
    diag("calls for 200 files: %s, then %s" % (first, then))
    u.near.deliver("Old", mail(3), "S")		# as if copied
    u.near.deliver("Old", mail(2000), "S")
    time.sleep(0.1)
    u.near.remove("INBOX", "number 3")
    r, then = looks(u)
    is_((r.status, count(u)), (75, 18), "one that is there by now is held")
    ok(then[0] <= 2 and then[1] <= 4 and then[2] > 0,
       "and the new ones alone were looked at", then)
    r = u.sync(*HOW)
    is_((r.status, r.err, count(u)), (0, "", 18), "it stays held, told once")
    os.unlink(u.near.file("Old", "number 3"))
    time.sleep(0.1)
    u.runs("gone there, too", *HOW)
    is_(count(u), 17, "then it goes")


@scenario
def damaged():
    """A file that is torn is none."""
    u = filled(20)
    u.near.move("INBOX", "number 1", "Old")
    time.sleep(0.1)
    is_(u.sync(*HOW).status, 75, "it is held")
    for cut in (0, 10, 50, -1):
        for f in os.listdir(u.state):
            if f.endswith(".faces"):
                with open(u.state + "/" + f, "r+b") as g:
                    data = g.read()
                    g.seek(0)
                    g.truncate()
                    g.write(data[:cut])
        u.runs("cut at %d" % cut, *HOW)
        is_(count(u), 20, "it is still held")


@scenario
def odd():
    """Without a Message-ID the size decides, also of what is known."""
    u = lab.user()
    plain = b"From: a@b\nSubject: plain\n\nbody %d\n"
    u.far.appends("INBOX", [(plain % i, r"\Seen") for i in range(10, 20)])
    u.runs("a first run", *HOW)
    u.near.make("Old")
    u.near.deliver("Old", plain % 7, "S")
    time.sleep(0.1)
    files = u.near.files("INBOX")
    os.unlink(files[0])
    u.runs("one of another size goes", *HOW)
    is_(count(u), 9, "and is gone there")
    u.near.deliver("Old", plain % 70, "S")
    time.sleep(0.1)
    os.unlink(files[1])
    is_(u.sync(*HOW).status, 75, "one of the same size is held")
    os.unlink(files[2])
    r, then = looks(u)
    is_((then, count(u)), ((0, 0, 0), 9), "and so by what is known of it")


done()
