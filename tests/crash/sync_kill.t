#!/usr/bin/env python3
"""imapsync is killed at each of its writes, syncs, renames and sends in a run
with every kind of change.  One clean run later both sides are as if nothing
had happened, and another run does nothing.

Every STRIDEth point by default, all of them with STRIDE=1.  The same for the
first run of an account.
"""
import concurrent.futures
import sys
sys.path.insert(0, sys.path[0] + "/../server")
from synclab import *

STRIDE = int(os.environ.get("STRIDE", "5"))
KILLN = BUILD + "/lab/killn.so"
if not os.path.exists(KILLN):
    skip_all("no %s: make tests" % KILLN)
lab = up()


def copy(a, b):
    shutil.rmtree(b.far.home, ignore_errors=True)
    subprocess.run(["cp", "-a", a, b.far.home], check=True)


named = False		# as on a file system without files without a name


def killed(u, k):
    return u.sync("--connections", "1", env=dict({
        "LD_PRELOAD": KILLN, "KILLN": str(k), "KILLN_NET": "1",
        "KILLN_FAST": "1", "KILLN_COUNT": u.state + ".count"},
        **({"KILLN_NAMED": "1"} if named else {})))


def partial(u):
    """Messages here that are not whole."""
    return [m.subject for v in u.near.all().values() for m in v
            if not m.subject or m.body != wire(mail(
                int(m.subject.split()[1])))]


def wrong(u, r, want):
    """What is not as it should be, after a clean run."""
    far, near = told(u.far.all()), told(u.near.all())
    if r.status or r.out or r.err:
        return "exit %d %s%s" % (r.status, r.out, r.err)
    if far != want or near != want:
        return "far: %s\nnear: %s" % (differs(far, want), differs(near, want))
    return None


def then_nothing(u, want):
    r = u.sync("-j")
    did = [e for e in r.events if e["event"] == "done"]
    if r.status or did:
        return "not settled: exit %d %s %s" % (r.status, did, r.err)
    return None


def not_kept(u, most):
    """What is wrong in the attic: more than so many files, or not whole."""
    v = u.near.attic()
    if len(v) > most:
        return "attic: %s" % v
    for f in v:
        with open(f, "rb") as g:
            data = wire(g.read())
        n = re.search(rb"Subject: number (\d+)", data)
        if not n or data != wire(mail(int(n[1]))):
            return "attic: not whole: " + f
    return None


def one(prepare, k, want, attic):
    """(was it killed at all, complaint)"""
    u = lab.user()
    prepare(u)
    r = killed(u, k)
    if r.status == 0:
        return False, None
    if r.status != -9:
        return True, "exit %d %s" % (r.status, r.err)
    part = partial(u)
    if part:
        return True, "not whole: %s" % part
    why = wrong(u, u.sync(), want) or then_nothing(u, want)
    if not why and attic is not None:
        why = not_kept(u, attic)
    for d in (u.dir, u.far.home):
        shutil.rmtree(d, ignore_errors=True)
    return True, why


def every(name, prepare, want, attic=None, stride=STRIDE):
    u = lab.user()
    prepare(u)
    r = killed(u, 0)
    total = int(open(u.state + ".count").read() or 0)
    why = wrong(u, r, want) or then_nothing(u, want)
    if not ok(why is None and total > 20,
              "%s: a run without a kill, %d points" % (name, total), why):
        return
    points = range(1, total + 1, stride)
    bad, n = [], 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(k, pool.submit(one, prepare, k, want, attic))
                for k in points]
        for k, job in jobs:
            if bad and len(bad) > 5:
                job.cancel()
                continue
            hit, why = job.result()
            n += hit
            if why:
                bad.append("%d: %s" % (k, why))
    ok(n > len(points) / 2 and not bad,
       "%s: killed at %d points of %d" % (name, n, total), "\n".join(bad))


# The server's side is copied, and what others did to it meanwhile is put in
# its place; our side is made each time: a copy would have other inodes.
first = lab.user()
base(first)
before = first.dir + ".before"
subprocess.run(["cp", "-a", first.far.home, before], check=True)
first.sync()
change_far(first)
later = first.dir + ".later"
subprocess.run(["cp", "-a", first.far.home, later], check=True)


def fresh(u):
    copy(before, u)


def changed(u):
    copy(before, u)
    u.sync("--connections", "1")
    copy(later, u)
    change_near(u)


u = lab.user()
fresh(u)
start = told(u.far.all())
every("the first run", fresh, start)
every("a run with every kind of change", changed, expected(), attic=1)
named = True
every("the first run, by tmp/", fresh, start)


# What is deleted there goes to an attic here that is on another file system:
# it is copied, and then removed where it was.
apart = tempfile.mkdtemp(dir="/var/tmp")
atexit.register(shutil.rmtree, apart, ignore_errors=True)


def deleted(u):
    os.rmdir(u.near.root)
    os.mkdir(apart + "/" + u.name)
    os.symlink(apart + "/" + u.name, u.near.root)
    copy(before, u)
    u.sync("--connections", "1")
    u.far.do(r"UID STORE 4,12 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 4,12",
             box="INBOX")


named = False
left = dict(start, INBOX={n: f for n, f in start["INBOX"].items()
                          if n not in (4, 12)})
if os.stat(apart).st_dev == os.stat(lab.dir).st_dev:
    ok(True, "an attic on another file system # SKIP there is none")
else:
    every("an attic on another file system", deleted, left, attic=2,
          stride=min(STRIDE, 3))
done()
