#!/usr/bin/env python3
"""imapsync: every number that a server gives is a lie, of both mailboxes and
in the whole of one run.  Nothing is lost by it, and two honest runs later both
sides are equal, with each message once.

tests/transcript/numbers.t has the same for what mailfetch and mailsend hear.
"""
import concurrent.futures

from synclab import *

lab = up()
LIES = [b"0", b"-1", b"2147483648", b"4294967296", b"9223372036854775808",
        b"007", b""]
REAL = [b"2147483648", b"4294967296", b"007"]
STATUSES = {0, 65, 69, 74, 75, 76, 77}
NUMBERS = {
    "EXISTS": rb"^\* (\d+) EXISTS",
    "UIDVALIDITY": rb"\[UIDVALIDITY (\d+)",
    "UIDNEXT": rb"\[UIDNEXT (\d+)",
    "HIGHESTMODSEQ": rb"\[HIGHESTMODSEQ (\d+)",
    "MESSAGES of STATUS": rb"STATUS .*MESSAGES (\d+)",
    "UIDVALIDITY of STATUS": rb"STATUS .*UIDVALIDITY (\d+)",
    "UIDNEXT of STATUS": rb"STATUS .*UIDNEXT (\d+)",
    "HIGHESTMODSEQ of STATUS": rb"STATUS .*HIGHESTMODSEQ (\d+)",
    "the number of a message": rb"^\* (\d+) FETCH",
    "a UID": rb"FETCH \(.*?UID (\d+)",
    "MODSEQ": rb"MODSEQ \((\d+)\)",
    "VANISHED": rb"^\* VANISHED (?:\(EARLIER\) )?(\d+)",
    "the mailbox of APPENDUID": rb"\[APPENDUID (\d+)",
    "the UID of APPENDUID": rb"\[APPENDUID \d+ (\d+)",
    "the mailbox of COPYUID": rb"\[COPYUID (\d+)",
    "the old UID of COPYUID": rb"\[COPYUID \d+ (\d+)",
    "the new UID of COPYUID": rb"\[COPYUID \d+ \d+ (\d+)",
}


def subject(n):
    return "number %d" % n


def changed(u):
    """Of six: one more on either side, one flagged, one gone, one moved."""
    u.far.create("Archive")
    u.far.appends("INBOX", [mail(i) for i in range(1, 7)])
    u.far.append("Archive", mail(100))
    u.sync()
    u.far.append("INBOX", mail(7))
    u.far.store("INBOX", "2", r"+FLAGS (\Flagged)")
    u.far.expunge("INBOX", "3")
    u.near.move("INBOX", subject(4), "Archive")
    u.near.set("INBOX", subject(5), "S")
    u.near.remove("INBOX", subject(6))
    u.near.deliver("INBOX", mail(8))


def forgiven(name, lie, near, far):
    """What no client can know.  Other UIDs: what is gone there was perhaps
    never there.  The flags of a message, told of another one."""
    if name == "UIDVALIDITY" and lie in REAL:
        near["INBOX"] = [m for m in near["INBOX"] if m.subject != subject(3)]
    if name == "a UID" and lie == b"007":
        for side in near, far:
            side["INBOX"] = [m._replace(flags=frozenset())
                             for m in side["INBOX"]]


KEPT = {subject(n) for n in (1, 2, 4, 5, 7, 8, 100)}


def lied_to(u, name, lie):
    """Whether it was lied to, and what is wrong then."""
    pattern, told, wrong = NUMBERS[name], [], []

    def on_line(link, line):
        m = re.search(pattern, line)
        if not m:
            return None
        told.append(line)
        return line[:m.start(1)] + lie + line[m.end(1):] + b"\r\n"

    changed(u)
    p = u.proxy(on_line=on_line)
    r = u.sync(proxy=p)
    p.close()
    near, far = u.near.all(), u.far.all()
    there = {m.subject for side in (near, far) for v in side.values()
             for m in v}
    if r.status not in STATUSES or "Sanitizer" in r.err or \
            (r.status and not r.err):
        wrong.append("exit %d: %s" % (r.status, r.err))
    if KEPT - there:
        wrong.append("lost: %s: %s" % (KEPT - there, r.err))
    for _ in (1, 2):
        again = u.sync()
    if again.status or again.out or again.err:
        wrong.append("later: %d %s%s" % (again.status, again.out, again.err))
    near, far = u.near.all(), u.far.all()
    forgiven(name, lie, near, far)
    if canon(near) != canon(far):
        wrong.append(differ(near, far))
    for box in far:
        if box == "Trash":
            continue
        for s, n in collections.Counter(m.subject for m in far[box]).items():
            if n > 1:
                wrong.append("%s: %s: %d times" % (box, s, n))
    now = {m.subject for box, v in far.items() if box != "Trash" for m in v}
    if not KEPT <= now:
        wrong.append("lost in the end: %s" % (KEPT - now))
    wrong.append("" if not wrong else "first run: %d %s" % (r.status, r.err))
    return told, "\n".join(wrong)


ONLY = os.environ.get("ONLY", "")
names = [(n, lie) for n in NUMBERS for lie in LIES if ONLY in n]
users = [lab.user() for _ in names]
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    got = list(pool.map(lambda u, x: lied_to(u, *x), users, names))
for (name, lie), (told, wrong) in zip(names, got):
    what = "%s is '%s'" % (name, lie.decode())
    ok(told, what + ": it was told")
    ok(not wrong, what + ": nothing is lost, and later all is equal", wrong)
done()
