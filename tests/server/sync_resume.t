#!/usr/bin/env python3
"""imapsync: a first sync that was cut goes on where it was: no header is asked
for of what is here or about to come, and flags are those of today."""
from synclab import *

lab = up()
# of more than the three or four messages that show a server to be the same
HEADERS = r"UID FETCH \S*(:|(,\d+){4})\S* .*HEADER\.FIELDS"
N = 60


def record(data):
    """Of an .idents file: 16 bytes and their CRC-32C."""
    c = 0xffffffff
    for x in data:
        c ^= x
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 & -(c & 1))
    return data + (c ^ 0xffffffff).to_bytes(4, "little")


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
    for how in ("auto", "search", "fetch"):
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


@scenario
def a_full_maildir():
    """Another program's files: who is who is asked once for each message."""
    n = 300
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(n)])
    u.near.make("INBOX")
    for i in range(n):
        if i % 5:
            u.near.deliver("INBOX", mail(i), "", name="%d.M1.other" % i)
    u.near.deliver("INBOX", mail(9999), "S")
    headers = runs = 0
    status = None
    while status != 0 and runs < 12:
        p = u.proxy(cut_down=30000)
        r = u.sync("--connections", "1", proxy=p)
        p.close()
        status = r.status
        if runs == 0:
            u.far.store("INBOX", "1:40", r"+FLAGS.SILENT (\Flagged)")
        runs += 1
    ok(status == 0 and runs > 3, "%d messages, 30 kB at a time" % n,
       (status, runs, r.err))
    u.same("both sides are equal")
    is_((len(u.far.messages("INBOX")), len(u.near.files("INBOX"))),
        (n + 1, n + 1), "nothing is there twice, or here")
    u.settled("and that is all", sent=True)
    is_([f for _, _, names in os.walk(u.state) for f in names
         if f.endswith(".idents")], [], "nothing is left of it")


@scenario
def others_under_those_uids():
    """What was answered before is not true any more."""
    n = 300
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(n)])
    u.near.make("INBOX")
    for i in range(n):
        u.near.deliver("INBOX", mail(i), "", name="%d.M1.other" % i)
    p = u.proxy(cut_down=60000)
    u.sync("--connections", "1", proxy=p)
    p.close()
    path, = [d + "/" + f for d, _, names in os.walk(u.state) for f in names
             if f.endswith(".idents")]
    shutil.copytree(u.state, u.state + ".kept")
    with open(path, "rb") as f:
        kept = f.read()
    for name, data in (("others", None),
                       ("torn", kept[:-7]),
                       ("of another UIDVALIDITY", kept[:8] + b"\1" * 8 +
                        kept[16:]), ("garbage", os.urandom(999))):
        if name == "others":		# UIDs with their neighbours' idents
            rows = [kept[i:i + 20] for i in range(16, len(kept) - 19, 20)]
            data = kept[:16] + b"".join(
                record(rows[i][:4] + rows[(i + 1) % len(rows)][4:16])
                for i in range(len(rows)))
        shutil.rmtree(u.state)
        shutil.copytree(u.state + ".kept", u.state)
        with open(path, "wb") as g:
            g.write(data)
        p = u.proxy()
        u.runs("answers kept: " + name, proxy=p)
        p.close()
        u.same(name + ": both sides are equal")
        is_(len(u.far.messages("INBOX")), n, name + ": nothing is twice")
        most = 30000 if name == "torn" else 1 << 20
        ok(p.links[0].down < most + 40 * n, name + ": no more is asked again",
           p.links[0].down)


done()
