#!/usr/bin/env python3
"""imapsync: a first sync that was cut goes on where it was: no header is asked
for of what is here or about to come, and flags are those of today."""
from synclab import *

lab = up()
# of more than the three or four messages that show a server to be the same
HEADERS = r"UID FETCH \S*(:|(,\d+){4})\S* .*HEADER\.FIELDS"
N = 60


def cut(u, bodies):
    """A first run whose line breaks after so many bodies."""
    p = u.proxy(cut_down=4000 + bodies * 3000)
    r = u.sync("--connections", "1", proxy=p)
    p.close()
    n = len(u.near.files("INBOX"))
    if not 0 < n < N or r.status not in (69, 75):
        raise RuntimeError("the first run was not cut on its way: exit %d, "
                           "%d files" % (r.status, n))
    return n


def filled():
    u = lab.user()
    u.far.appends("INBOX", [mail(i, 2500) for i in range(N)])
    return u


def goes_on(u, name, *args):
    p = u.proxy()
    u.runs(name, *args, proxy=p)
    p.close()
    is_([c for c in p.commands if re.match(HEADERS, c)], [],
        name + ": no headers are asked for")
    u.same(name + ": both sides are equal")


def flags_there(u):
    u.far.store("INBOX", "1:5", r"+FLAGS.SILENT (\Flagged)")
    u.far.store("INBOX", "6:%d" % N, r"+FLAGS.SILENT (\Seen work)")


@scenario
def records_without_a_mark():
    """All flags have changed since: by each way to ask."""
    for how in ("auto", "condstore", "search", "fetch"):
        u = filled()
        cut(u, 20)
        flags_there(u)
        goes_on(u, "cut, then flagged there, --delta " + how, "--delta", how)
        u.settled(how + ": and that is all")


@scenario
def files_without_a_record():
    """Killed between the names and the records, for all or some of them."""
    for lost in ("all", "some"):
        u = filled()
        cut(u, 40 if lost == "all" else 15)
        logs = [d + "/" + f for d, _, names in os.walk(u.state)
                for f in names if f.endswith(".st")]
        keep = {f: open(f, "rb").read() for f in logs}
        if lost == "some":
            p = u.proxy(cut_down=7000 + 20 * 3000)
            u.sync("--connections", "1", proxy=p)
            p.close()
        n = len(u.near.files("INBOX"))
        for f in logs:
            with open(f, "wb") as g:
                g.write(keep[f] if lost == "some" else b"")
        flags_there(u)
        p = u.proxy()
        u.runs("the records of %s files are lost" % lost, proxy=p)
        p.close()
        is_([c for c in p.commands if re.match(HEADERS, c)], [],
            lost + ": no headers are asked for")
        ok(n < N and any("BODY.PEEK[]" in c for c in p.commands),
           lost + ": the rest comes", n)
        is_(len(u.near.files("INBOX")), N, lost + ": nothing is here twice")
        u.same(lost + ": both sides are equal, of %d files then" % n)
        u.settled(lost + ": and that is all")


@scenario
def seconds_at_a_time():
    """A line that lasts for three messages each time, and one of our own."""
    u = filled()
    had, runs = [0], 0
    while had[-1] < N and runs < 40:
        p = u.proxy(cut_down=7000 + 5 * 3000)
        u.sync("--connections", "1", proxy=p)
        p.close()
        had.append(len(u.near.files("INBOX")))
        runs += 1
        if had[-1] <= had[-2]:
            break
    ok(had[-1] == N and runs > 3, "each run brings some", had)
    u.runs("and at last")
    u.same("both sides are equal")


done()
