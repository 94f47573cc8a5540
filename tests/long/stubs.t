#!/usr/bin/env python3
"""imapsync: stubs, their bodies, trim, copies and the window, stopped at any
step and cut off at any byte.  Nothing is lost, nothing is there twice, and the
run afterwards makes all of it good."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../server")
from synclab import *  # noqa: E402

if not shutil.which("strace"):
    skip_all("no strace")
lab = up()
N = 5
HEADERS, FULL = ("--bodies", "headers"), ("--bodies", "full")
CALLS = ("renameat2", "linkat", "unlinkat", "fsync", "fdatasync", "syncfs",
         "write", "pwrite64", "utimensat")
WANT = sorted(sha(wire(mail(n, size=300))) for n in range(1, N + 1))


def read(path):
    with open(path, "rb") as f:
        return f.read()


def numbers(u, box="INBOX"):
    return sorted(int(re.search(rb"^Subject: number (\d+)", read(f), re.M)[1])
                  for f in u.near.files(box))


def account():
    u = lab.user()
    u.far.create("Kept")
    u.far.appends("INBOX", [mail(n, size=300) for n in range(1, N + 1)],
                  r"\Seen")
    return u


def there(u, box="INBOX"):
    return sorted(sha(m.body) for m in u.far.messages(box))


def good(u):
    """The server has all, and here is nothing twice."""
    return there(u) == WANT and \
        numbers(u) == sorted(set(numbers(u)))


def copy(u):
    u.near.deliver("Kept", read(u.near.file("INBOX", "number 2")), "S")


# what is prepared, what is stopped, and what makes it good
OPS = {
    "stubs": (lambda u: None, HEADERS, HEADERS),
    "bodies": (lambda u: u.sync(*HEADERS), FULL, FULL),
    "trim": (lambda u: u.sync(), ("trim",) + HEADERS, FULL),
    "window": (lambda u: u.sync(), ("--last", "2"), ()),
    "copy": (lambda u: (u.sync(*HEADERS), copy(u)), HEADERS, HEADERS),
}


def check(what, where, u, after):
    """Once it is made good: all are here, and a further run is silent."""
    a = good(u)
    for _ in range(2):
        r = u.sync(*after)
    b = (r.status, r.err) == (0, "") and good(u) and \
        numbers(u) == list(range(1, N + 1))
    if what == "copy":
        b = b and len(u.near.files("Kept")) == 1 and \
            len(u.far.messages("Kept")) == 1
    r = u.sync("-j", *after)
    c = not [e for e in r.events if e.get("event") == "done"]
    if not (a and b and c):
        ok(False, "%s: %s" % (what, where),
           (a, b, c, r.err, numbers(u), len(u.far.messages("Kept"))))


for what, (before, args, after) in OPS.items():
    kills = cuts = 0
    for call in CALLS:
        for when in range(1, 9):
            u = account()
            before(u)
            p = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
                 "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (
                     call, when)] + u.words(*args), capture_output=True,
                stdin=subprocess.DEVNULL, env=dict(os.environ, HOME=u.dir))
            if p.returncode == 0:
                break
            kills += 1
            check(what, "killed at %s %d" % (call, when), u, after)
    ok(kills > 5, "%s: killed at %d steps" % (what, kills))
    for at in range(700, 12000, 700):
        u = account()
        before(u)
        p = u.proxy(cut_down=at)
        r = u.sync(*args, proxy=p)
        p.close()
        if r.status == 0:
            break
        cuts += 1
        check(what, "cut after %d bytes" % at, u, after)
    ok(cuts > 0, "%s: cut off at %d places" % (what, cuts))
done()
