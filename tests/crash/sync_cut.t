#!/usr/bin/env python3
"""The connection of imapsync ends: before each command, before the answer to
it, and inside of what is sent, both ways, literals among it.  One clean run
later both sides are as if nothing had happened, another does nothing.

Every STRIDEth place by default; STRIDE=1 for all.
"""
import concurrent.futures
import sys
sys.path.insert(0, sys.path[0] + "/../server")
from synclab import *

STRIDE = int(os.environ.get("STRIDE", "5"))
lab = up()


def copy(a, b):
    shutil.rmtree(b.far.home, ignore_errors=True)
    subprocess.run(["cp", "-a", a, b.far.home], check=True)


first = lab.user()
base(first)
before = first.dir + ".before"
subprocess.run(["cp", "-a", first.far.home, before], check=True)
first.sync()
change_far(first)
later = first.dir + ".later"
subprocess.run(["cp", "-a", first.far.home, later], check=True)


def prepared():
    u = lab.user()
    copy(before, u)
    u.sync()
    copy(later, u)
    change_near(u)
    return u


def look(u, r):
    if r.status not in (0, 69, 75):
        return "exit %d %s" % (r.status, r.err)
    if r.status and not r.err:
        return "exit %d without a word" % r.status
    want = expected()
    r = u.sync()
    far, near = told(u.far.all()), told(u.near.all())
    if r.status or r.out or r.err:
        return "then: exit %d %s%s" % (r.status, r.out, r.err)
    if far != want or near != want:
        return "far: %s\nnear: %s" % (differs(far, want), differs(near, want))
    r = u.sync("-j")
    did = [e for e in r.events if e["event"] == "done"]
    if r.status or did:
        return "not settled: exit %d %s %s" % (r.status, did, r.err)
    return None


def run(**how):
    u = prepared()
    p = u.proxy(**how)
    r = u.sync("--connections", "1", proxy=p)
    p.close()
    why = look(u, r)
    for d in (u.dir, u.far.home):
        shutil.rmtree(d, ignore_errors=True)
    return why


def at_command(k):
    return run(on_command=lambda link, n, line: "cut" if n == k else None)


def before_answer(k):
    """The server has done it, and we never hear of it."""
    mark = {}

    def on_command(link, n, line):
        if n == k:
            mark[link] = line.split(" ")[0].encode()

    def on_line(link, line):
        if line.startswith(mark.get(link, b"\0") + b" "):
            link.end()
            return b""
    return run(on_command=on_command, on_line=on_line)


def inside(way, n):
    return run(**{way: n})


def series(name, call, places):
    bad = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(x, pool.submit(call, x)) for x in places]
        for x, job in jobs:
            if len(bad) > 5:
                job.cancel()
                continue
            why = job.result()
            if why:
                bad.append("at %s: %s" % (x, why))
    ok(places and not bad, "%s: %d places" % (name, len(places)),
       "\n".join(bad))


@scenario
def everywhere():
    u = prepared()
    p = u.proxy()
    r = u.sync("--connections", "1", proxy=p)
    commands, link = len(p.commands), p.links[0]
    why = look(u, r)
    if not ok(r.status == 0 and not why,
              "a run that is not disturbed: %d commands, %d bytes up, "
              "%d down" % (commands, link.up, link.down), why or r.err):
        return
    every = range(2, commands + 1, max(1, STRIDE - 1))
    series("cut before a command", at_command, list(every))
    series("cut before the answer to a command", before_answer,
           list(range(1, commands + 1, max(1, STRIDE - 1))))
    series("cut inside what we send", lambda n: inside("cut_up", n),
           list(range(60, link.up, max(1, link.up // 60 * STRIDE))))
    series("cut inside what the server sends",
           lambda n: inside("cut_down", n),
           list(range(20, link.down, max(1, link.down // 60 * STRIDE))))


@scenario
def never_long():
    """A line that breaks after 300 kB each time brings it all, at last."""
    u = lab.user()
    u.far.appends("INBOX", [mail(i, 50000) for i in range(1, 21)])
    had, runs = [0], 0
    while had[-1] < 20 and runs < 10:
        p = u.proxy(cut_down=300000)
        r = u.sync("--connections", "1", proxy=p)
        p.close()
        had.append(len(u.near.files("INBOX")))
        runs += 1
        if r.status not in (0, 69, 75) or had[-1] <= had[-2]:
            break
    ok(had[-1] == 20 and runs > 3, "what came whole is kept each time", had)
    u.runs("and at last")
    u.same("both sides are the same")
    u.settled("and settled")


done()
