#!/usr/bin/env python3
"""imapsync while other clients work on the same account: between runs, and at
every command of a run."""
import random
from synclab import *

lab = up()


def start(n=12):
    u = lab.user()
    u.far.create("Archive")
    u.far.appends("INBOX", [(mail(i), r"\Seen" if i % 2 else "")
                            for i in range(1, n + 1)])
    u.far.appends("Archive", [mail(i) for i in range(100, 103)])
    u.runs("the first run") if n != 12 else u.sync()
    return u


def changes(u):
    """Some of all kinds, on both sides."""
    u.far.do(r"UID STORE 1 +FLAGS.SILENT (\Flagged work)",
             r"UID STORE 2 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 2",
             "UID MOVE 3 Archive", box="INBOX")
    u.far.append("INBOX", mail(21))
    n = u.near
    n.set("INBOX", "number 4", "FS")
    n.remove("INBOX", "number 5")
    n.move("INBOX", "number 6", "Archive")
    n.deliver("INBOX", mail(31))
    n.deliver("Archive", mail(32), "S")


ALL = {"number %d" % i for i in (*range(1, 13), 21, 31, 32, 100, 101, 102)}
GONE = {"number 2", "number 5"}


def everywhere(boxes, box=None):
    return [m.subject for b, v in boxes.items() if b != "Trash" and
            (box is None or b == box) for m in v]


def another(u, what):
    """Another client's hand."""
    f = u.far
    if what == "appends":
        f.append("INBOX", mail(50), r"\Answered")
    elif what == "expunges":
        f.do(r"UID STORE 7 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 7",
             box="INBOX")
    elif what == "expunges what is deleted here":
        f.do(r"UID STORE 5 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 5",
             box="INBOX")
    elif what == "moves what is moved here":
        f.do("UID MOVE 6 Sent", box="INBOX")
    elif what == "flags":
        f.do(r"UID STORE 1:4,8 +FLAGS.SILENT (\Answered)", box="INBOX")
    elif what == "unflags":
        f.do(r"UID STORE 1:9 -FLAGS.SILENT (\Seen)", box="INBOX")
    elif what == "moves":
        f.do("UID MOVE 9 Sent", box="INBOX")
    elif what == "file here":
        u.near.deliver("INBOX", mail(51), "S")
    elif what == "flags here":
        for s in ("number 1", "number 8"):
            try:
                u.near.set("INBOX", s, "RS")
            except (LookupError, OSError):
                pass
    elif what == "removes here":
        try:
            u.near.remove("INBOX", "number 10")
        except (LookupError, OSError):
            pass
    elif what == "renames here":
        try:
            f = u.near.file("INBOX", "number 1")
            d, _, n = f.rpartition("/")
            os.rename(f, u.near.path("INBOX") + "/cur/new.name:2," +
                      n.partition(":2,")[2])
        except (LookupError, OSError):
            pass


HANDS = ["appends", "expunges", "expunges what is deleted here",
         "moves what is moved here", "flags", "unflags", "moves",
         "file here", "flags here", "removes here", "renames here"]


def at(k, what):
    """The hand moves just before the kth command: (reached, complaint)."""
    u = start()
    changes(u)
    hit = []

    def on_command(link, n, line):
        if n == k:
            hit.append(line)
            another(u, what)
    p = u.proxy(on_command=on_command)
    r = u.sync("--connections", "1", proxy=p)
    p.close()
    if not hit:
        return False, None
    where = "%s before %r" % (what, hit[0][:60])
    if r.status not in (0, 75):
        return True, "%s: exit %d %s" % (where, r.status, r.err)
    for _ in range(3):
        last = u.sync("-j")
        if not [e for e in last.events if e["event"] == "done"]:
            break
    near, far = u.near.all(), u.far.all()
    if last.status or canon(near) != canon(far):
        return True, "%s: exit %d %s\n%s" % (where, last.status, last.err,
                                             differ(near, far))
    gone = {"expunges": {"number 7"}, "removes here": {"number 10"}}.get(
        what, set())
    new = {"appends": {"number 50"}, "file here": {"number 51"}}.get(
        what, set())
    have = everywhere(far)
    want = (ALL | new) - GONE - gone
    if sorted(have) != sorted(want):
        # whichever came later may win where both have moved
        if what != "moves what is moved here" or set(have) != want:
            return True, "%s: lost %s, too many %s" % (
                where, want - set(have),
                [x for x in have if x not in want or have.count(x) > 1])
    flags = {m.subject: m.flags for m in far["INBOX"] + far["Archive"]}
    if what == "flags" and not all(r"\answered" in flags[s] for s in (
            "number 1", "number 4", "number 8")):
        return True, "%s: its flags are lost: %s" % (where, flags)
    if what == "unflags" and any(r"\seen" in flags[s]
                                 for s in ("number 7", "number 9")):
        return True, "%s: its flags come back: %s" % (where, flags)
    if not {r"\flagged"} <= flags["number 4"]:
        return True, "%s: the flag of this side is lost" % where
    return True, None


@scenario
def at_every_command():
    stride = int(os.environ.get("STRIDE", "6"))
    bad, tried = [], 0
    jobs = []
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for i, what in enumerate(HANDS):
            def series(what=what, i=i):
                out, k = [], 2 + i % stride
                while True:
                    reached, why = at(k, what)
                    if not reached:
                        return out
                    out.append(why)
                    k += stride
            jobs.append((what, pool.submit(series)))
        for what, job in jobs:
            out = job.result()
            ok(out and not any(out),
               "another hand %s, at %d moments of a run" % (what, len(out)),
               "\n".join(x for x in out if x))


@scenario
def mbsync_too():
    """mbsync has another Maildir of the same account."""
    if not shutil.which("mbsync"):
        ok(True, "mbsync # SKIP it is not here")
        return
    u = start()
    v = u.second()

    def mbsync():
        words = v.words()
        words[0] = HERE + "/asmbsync"
        return subprocess.run(words, capture_output=True, text=True)
    mbsync()
    rnd = random.Random(4)
    for turn in range(6):
        u.near.deliver("INBOX", mail(200 + turn), "S")
        v.near.deliver("INBOX", mail(300 + turn), "F")
        for w in (u, v):
            files = w.near.files("INBOX")
            f = rnd.choice(files)
            base = os.path.basename(f).partition(":2,")[0]
            os.rename(f, w.near.path("INBOX") + "/cur/" + base + ":2," +
                      rnd.choice(["", "S", "FS", "R", "RS"]))
            if turn % 2:
                os.unlink(rnd.choice(w.near.files("INBOX")))
        one = u.start("--delete-far", "expunge")
        two = mbsync()			# both at the same time
        one.communicate()
    for _ in range(3):
        r = u.sync("--delete-far", "expunge")
        mbsync()
    ok(r.status == 0, "a run in the end", r.err)
    # mbsync adds a header of its own to what it uploads and fetches
    def bare(boxes):
        return sorted((m.subject, tuple(sorted(m.flags)))
                      for m in boxes["INBOX"])
    is_(bare(u.near.all()), bare(u.far.all()), "ours is as the server")
    is_(bare(v.near.all()), bare(u.far.all()), "and so is mbsync's")


@scenario
def at_random():
    """Three Maildirs, 25 rounds of anything; ours must agree in the end."""
    rnd = random.Random(7)
    u = start()
    crew = [u, u.second(), u.second()]
    for w in crew[1:]:
        w.sync()
    lost = set()
    n = 400
    for turn in range(25):
        for w in crew:
            for _ in range(rnd.randrange(3)):
                box = rnd.choice(["INBOX", "Archive"])
                files = w.near.files(box)
                what = rnd.randrange(5)
                if what == 0 or len(files) < 8:
                    n += 1
                    w.near.deliver(box, mail(n), rnd.choice(
                        [None, "S", "FS"]))
                    continue
                f = rnd.choice(files)
                base, _, old = os.path.basename(f).partition(":2,")
                cur = w.near.path(box) + "/cur/"
                if what == 1:
                    os.rename(f, cur + base + ":2," + "".join(
                        sorted(set(rnd.choice(["S", "FS", "R", "D", ""])))))
                elif what == 2:
                    with open(f, "rb") as g:
                        lost.add(re.search(rb"Subject: (.*)",
                                           g.read())[1].decode())
                    os.unlink(f)
                elif what == 3:
                    other = "Archive" if box == "INBOX" else "INBOX"
                    os.rename(f, w.near.path(other) + "/cur/" + base +
                              ":2," + old)
        runs = [w.start("--delete-far", "expunge", "--delete-near",
                        "expunge", "--allow-deletes", "1000")
                for w in rnd.sample(crew, rnd.randrange(1, 4))]
        for r in runs:
            r.communicate()
    for _ in range(4):
        last = [w.sync("-j", "--delete-far", "expunge", "--delete-near",
                       "expunge", "--allow-deletes", "1000") for w in crew]
    is_([r.status for r in last], [0, 0, 0], "all of them end well")
    far = u.far.all()
    for i, w in enumerate(crew):
        ok(canon(w.near.all()) == canon(far),
           "Maildir %d is as the server" % (i + 1), differ(w.near.all(), far))
    made = ALL - {"number 21", "number 31", "number 32"} | {
        "number %d" % i for i in range(401, n + 1)}
    missing = made - lost - set(everywhere(far) + [
        m.subject for m in far["Trash"]])
    is_(missing, set(), "nothing is lost but what was deleted")
    is_([e for r in last for e in r.events if e["event"] == "done"], [],
        "and then nothing more is done")


done()
