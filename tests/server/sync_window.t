#!/usr/bin/env python3
"""imapsync --last, --since: what is here, and what is only there."""
from synclab import *
from imapmem import ALL, expand

lab = up()
DAY = 86400


def read(path):
    with open(path, "rb") as f:
        return f.read()


def here(u, box="INBOX"):
    return sorted(int(re.search(rb"^Subject: number (\d+)", read(f), re.M)[1])
                  for f in u.near.files(box))


def there(u, box="INBOX"):
    return sorted(int(m.subject.split()[1]) for m in u.far.messages(box))


def account(n=10, flags=r"\Seen"):
    u = lab.user()
    now = time.time()
    c = u.far.connect()
    for k in range(1, n + 1):
        u.far.append("INBOX", mail(k), flags, date=now - (n - k) * 10 * DAY,
                     m=c)
    c.logout()
    return u


@scenario
def last():
    """The newest ones, and those that are unread or flagged."""
    u = account()
    u.far.store("INBOX", "2", r"-FLAGS (\Seen)")
    u.far.store("INBOX", "4", r"+FLAGS (\Flagged)")
    u.runs("the last three", "--last", "3")
    is_(here(u), [2, 4, 8, 9, 10], "are here, one that is unread, one flagged")
    before = u.near.tree()
    u.runs("one more run", "--last", "3")
    is_(u.near.tree(), before, "does nothing")
    u.far.append("INBOX", mail(11), r"\Seen")
    r = u.runs("one more arrives", "-j", "--last", "3")
    is_((here(u), r.summary["left"]), ([2, 4, 9, 10, 11], 1),
        "the oldest one leaves")
    is_(there(u), list(range(1, 12)), "the server has them all")
    u.near.set("INBOX", "number 2", "S")
    u.near.set("INBOX", "number 4", "S")
    u.runs("both are read, and not flagged any more", "--last", "3")
    u.runs("the next run", "--last", "3")
    is_(here(u), [9, 10, 11], "they leave when the server knows")
    is_(there(u), list(range(1, 12)), "and stay there")
    u.far.store("INBOX", "3", r"+FLAGS (\Flagged)")
    p = u.proxy()
    u.runs("one is flagged there", "--last", "3", proxy=p)
    p.close()
    is_(here(u), [3, 9, 10, 11], "it comes")
    is_(len(re.findall(r"BODY\.PEEK\[\]", "\n".join(p.commands))), 1,
        "by one command")
    u.runs("five of them", "--last", "5")
    is_(here(u), [3, 7, 8, 9, 10, 11], "a wider window")
    u.far.expunge("INBOX", "1")
    u.runs("one that is not here is gone there", "--last", "5")
    is_(len(u.far.messages("INBOX")), 10, "which is nothing to us")
    u.runs("no window any more")
    is_(here(u), list(range(2, 12)), "all come back")
    u.same("and both sides are the same")
    u.runs("one more run")


@scenario
def since():
    """By the day."""
    u = account()
    u.runs("four weeks", "--since", "28d")
    is_(here(u), [8, 9, 10], "are here")
    u.runs("a day", "--since", time.strftime(
        "%Y-%m-%d", time.localtime(time.time() - 50 * DAY)))
    is_(here(u), [5, 6, 7, 8, 9, 10], "an earlier one")
    u.runs("both", "--since", "15d", "--last", "4")
    is_(here(u), [7, 8, 9, 10], "what is in one of them")
    is_(there(u), list(range(1, 11)), "the server has them all")
    r = u.sync("--since", "yesterday")
    is_(r.status, 64, "a day that is none")


@scenario
def deleted():
    """What is deleted here is deleted there, in the window alone."""
    u = account()
    u.runs("a window", "--last", "3")
    u.near.remove("INBOX", "number 9")
    u.runs("one is deleted here", "--last", "3", "--delete-far", "expunge")
    is_(there(u), [1, 2, 3, 4, 5, 6, 7, 8, 10], "it is deleted there")
    u.runs("the next run", "--last", "3")
    is_(here(u), [7, 8, 10], "and an older one has come in its place")
    shutil.rmtree(u.state)
    u.runs("the state is lost", "--last", "3")
    is_((here(u), there(u)), ([7, 8, 10], [1, 2, 3, 4, 5, 6, 7, 8, 10]),
        "nothing is there twice, here or there")


@scenario
def adopted():
    """Files that were here before there was a window."""
    u = account()
    u.runs("all of them")
    u.near.deliver("INBOX", mail(50), "S", date=time.time() - 400 * DAY)
    r = u.runs("a window", "-j", "--last", "4")
    is_(here(u), [7, 8, 9, 10, 50], "others leave")
    u.runs("the next run", "--last", "4")
    is_(here(u), [8, 9, 10, 50], "the one that was sent is the newest there")
    is_(there(u), list(range(1, 11)) + [50], "nothing was deleted")
    is_(r.summary["deleted_far"], 0, "or would have been")


@scenario
def changed():
    """What is changed here does not leave."""
    u = account()
    u.runs("all of them")
    f = u.near.file("INBOX", "number 1")
    g = u.near.file("INBOX", "number 2")
    with open(f, "ab") as h:
        h.write(b"a note of mine\n")
    u.near.set("INBOX", "number 3", "FS")
    same, touched = (u.near.file("INBOX", "number %d" % n) for n in (5, 6))
    with open(same, "r+b") as h:
        h.seek(-2, 2)
        h.write(b"!")
    data = read(touched)
    with open(touched, "wb") as h:
        h.write(data)
    u.runs("a window", "--last", "4")
    is_(here(u), [1, 3, 5, 7, 8, 9, 10],
        "files that were written to, and one flagged here, stay")
    ok(read(same).endswith(b"!\n"), "one with the same size, too")
    ok(read(f).endswith(b"a note of mine\n"), "as they are")
    ok(not os.path.exists(g), "others have left")
    stub = account()
    stub.runs("headers", "--bodies", "headers")
    stub.runs("a window of stubs", "--bodies", "headers", "--last", "2")
    is_((here(stub), there(stub)), ([9, 10], list(range(1, 11))),
        "stubs leave, too")


@scenario
def bodies():
    """A rule asks for the bodies of stubs that leave."""
    u = account()
    u.runs("headers", "--bodies", "headers")
    r = u.runs("all bodies, and a window", "-j", "--bodies", "full",
               "--last", "2")
    is_((here(u), r.summary["bodies"], r.summary["left"], r.status, r.err),
        ([9, 10], 2, 8, 0, ""), "those alone come that stay")
    is_(there(u), list(range(1, 11)), "the server has them all")


@scenario
def power():
    """Headers have come back, and what is known of that was lost."""
    u = account()
    args = ("--bodies", "headers")
    u.runs("a window", "--last", "2", *args)
    shutil.copytree(u.state, u.dir + "/was")
    u.runs("a wider one", "--last", "4", *args)
    shutil.rmtree(u.state)
    os.rename(u.dir + "/was", u.state)
    u.runs("the base is as it was before", "--last", "4", *args)
    is_((here(u), there(u)), ([7, 8, 9, 10], list(range(1, 11))),
        "nothing is twice")
    u.runs("their bodies", "--last", "4", "--bodies", "full")
    is_(sum(b"x-postbag=stub" in read(f) for f in u.near.files("INBOX")), 0,
        "come")


@scenario
def folder():
    """A Maildir is deleted, and most of its mailbox was not in it."""
    u = lab.user()
    u.far.create("Box", "Whole", "Three", "Four", "Five", "Six")
    u.far.appends("Box", [mail(n) for n in range(1, 6)], r"\Seen")
    u.far.appends("Whole", [mail(n) for n in range(1, 3)], r"\Seen")
    how = ("--folders", "delete", "--last", "2")
    u.runs("a window", *how)
    shutil.rmtree(u.near.path("Box"))
    shutil.rmtree(u.near.path("Whole"))
    for i in range(3):
        r = u.sync(*how)
    is_((there(u, "Box"), "Whole" in u.far.boxes()),
        ([1, 2, 3, 4, 5], False),
        "the mailbox stays with them, and one that was here goes")
    like(r.err, "Box: the Maildir is gone here, and there is mail",
         "which is told")


@scenario
def renamed():
    """A Maildir is renamed, and most of its mailbox was not in it."""
    u = lab.user()
    u.far.create("Box")
    u.far.appends("Box", [mail(n) for n in range(1, 11)], r"\Seen")
    u.runs("a window", "--last", "2")
    os.rename(u.near.path("Box"), u.near.path("Other"))
    u.near.set("Other", "number 10", "RS")
    u.runs("the Maildir is renamed", "--last", "2")
    is_((there(u, "Other"), "Box" in u.far.boxes()),
        (list(range(1, 11)), False), "the mailbox is renamed")


@scenario
def left_out():
    """A mailbox that is left out when the window ends."""
    u = lab.user()
    u.far.create("Box")
    for box in ("INBOX", "Box"):
        u.far.appends(box, [mail(n) for n in range(1, 6)], r"\Seen")
    u.runs("a window", "--last", "2")
    u.runs("no window, and one mailbox alone", "--patterns", "INBOX")
    is_((here(u), here(u, "Box")), ([1, 2, 3, 4, 5], [4, 5]),
        "all of that come")
    u.runs("a rule for bodies", "--patterns", "INBOX", "--bodies", "full")
    u.runs("both mailboxes")
    is_((here(u), here(u, "Box")), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        "all of the other one come when it is synced")
    u.same("then both sides are the same")
    p = u.proxy()
    u.runs("one more run", proxy=p)
    p.close()
    unlike("\n".join(map(str, p.commands)), "SELECT|FETCH",
           "does not look into them")


@scenario
def restored():
    """A file that comes back here is the message that it was."""
    u = account()
    u.runs("all of them")
    f = u.near.file("INBOX", "number 1")
    data = read(f)
    u.runs("a window", "--last", "4")
    with open(f, "wb") as h:
        h.write(data)
    u.runs("a file is restored", "--last", "4")
    u.runs("and one more run", "--last", "4")
    is_(there(u), list(range(1, 11)), "nothing is there twice")
    is_(here(u), [7, 8, 9, 10], "and it left again")


@scenario
def unconfirmed():
    """A server that does not say that it has a message."""
    u = account()
    u.runs("all of them")
    p = u.proxy()
    p.on_line = lambda link, line: b"* OK hidden\r\n" if re.match(
        rb"\* \d+ FETCH \(UID 2 FLAGS", line) else None
    u.sync("--last", "4", proxy=p)
    p.close()
    is_(here(u), [2, 7, 8, 9, 10], "what it does not show stays here")
    u.runs("it shows it", "--last", "4")
    is_(here(u), [7, 8, 9, 10], "then it leaves")


@scenario
def killed():
    """Stopped at any step nothing is lost, there or here."""
    if not shutil.which("strace"):
        return ok(True, "killed at each step # SKIP no strace")
    u = account(6)
    u.runs("all of them")
    kills = 0
    # each step of each call is in tests/long/stubs.t
    for call in ("unlinkat", "fsync", "fdatasync", "pwrite64"):
        for when in range(1, 4):
            u.sync()			# all are here
            p = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
                 "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (
                     call, when)] + u.words("--last", "3"),
                capture_output=True, stdin=subprocess.DEVNULL,
                env=dict(os.environ, HOME=u.dir))
            if p.returncode == 0:
                break
            kills += 1
            a = there(u) == list(range(1, 7))
            r = u.sync("--last", "3")
            b = (r.status, here(u), there(u)) == (0, [4, 5, 6],
                                                  list(range(1, 7)))
            r = u.sync()
            c = (r.status, here(u), there(u)) == (0, list(range(1, 7)),
                                                  list(range(1, 7)))
            if not (a and b and c):
                ok(False, "killed at %s %d" % (call, when),
                   (a, b, c, here(u), there(u), r.err))
    ok(kills > 2, "it was killed at each step", kills)
    u.sync()
    u.same("both sides are the same")


@scenario
def backup_put_back():
    """What is outside of the window is not among what came last."""
    u = account(90)
    now = time.time()
    days = time.strftime("%Y-%m-%d", time.gmtime(now - 800 * DAY))
    how = ("--since", days)
    u.sync(*how)
    u.sync(*how)
    kept = set(u.near.files("INBOX"))
    u.far.appends("INBOX", [mail(60 + k) for k in range(12)])
    u.sync(*how)
    for k in range(5):			# imported: old ones under new UIDs
        u.far.append("INBOX", mail(100 + k), r"\Seen", date=now - 950 * DAY)
    u.sync(*how)
    for f in u.near.files("INBOX"):
        if f not in kept:
            os.unlink(f)
    r = u.sync("--delete-far", "expunge", *how)
    ok(r.status == 75 and "backup" in r.err, "twelve that came last are gone",
       (r.status, r.err))
    is_(len(there(u)), 107, "the server has them all")


@scenario
def few_of_what_is_here():
    """What is on the server alone is no reason to delete more."""
    u = lab.user()
    now = time.time()
    u.far.create("Old", *["F%d" % i for i in range(3)])
    c = u.far.connect()
    for k in range(300):
        u.far.append("Old", mail(1000 + k), r"\Seen", date=now - 900 * DAY,
                     m=c)
    c.logout()
    for i in range(3):
        u.far.appends("F%d" % i, [(mail(20 * i + k), r"\Seen")
                                  for k in range(12)])
    how = ("--since", time.strftime("%Y-%m-%d", time.gmtime(now - 99 * DAY)))
    u.sync(*how)
    u.sync(*how)
    is_(len(u.near.files("Old")), 0, "a folder of which nothing is here")
    for i in range(3):
        for f in u.near.files("F%d" % i)[:8]:
            os.unlink(f)
    r = u.sync("--delete-far", "expunge", *how)
    ok(r.status == 75 and "24 of 36" in r.err, "24 of 36 that were here",
       (r.status, r.err))


@scenario
def empty_window():
    """Nothing at all belongs here."""
    u = account()
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * DAY))
    u.runs("a window that begins later", "--since", day)
    is_(here(u), [], "nothing is here")
    u.runs("all come", )
    u.runs("the same window again", "--since", day)
    is_((here(u), len(there(u))), ([], 10), "all leave, and stay there")


@scenario
def purged_outside():
    """What both have marked is purged, also where it would leave."""
    u = account()
    u.runs("all", )
    how = ("--last", "3", "--purge-marked", "both")
    u.near.set("INBOX", "number 2", "ST")
    u.runs("one is marked here", "--purge-marked", "both")
    u.runs("it is outside of the window now", *how)
    u.runs("once more", *how)
    is_((here(u), there(u)), ([8, 9, 10], [1, *range(3, 11)]),
        "it is purged there")


@scenario
def cut():
    """A server that looks at four messages by one SEARCH (RFC 9738)."""
    u, s = lab.user(), Server(ALL + " CONDSTORE")
    for n in range(1, 13):
        s.box("INBOX").add(wire(mail(n)), r"\Seen", time.strftime(
            "%d-%b-%Y %H:%M:%S +0000", time.gmtime(
                time.time() - (60 if n < 7 else 3) * DAY)))
    u.runs("all of them", proxy=s)

    def less(session, verb, rest):
        m = re.match(r"(?:RETURN \(\S*\) )?(?:UID (\S+) )?(.*)", rest)
        if verb != "UID SEARCH":
            return None
        want = sorted(n for n in range(1, 13) if not m[1] or
                      n in expand(m[1], 12))
        if len(want) <= 4:
            return None
        session.do_uid_search("RETURN () UID 1:4 " + m[2], [])
        return b"TAG OK [MESSAGELIMIT 4 %d] some\r\n" % want[3]
    s.on_command = less
    u.runs("a window of days", "--since", "28d", proxy=s)
    is_(here(u), [7, 8, 9, 10, 11, 12], "no file leaves that is inside")
    ok([c for c in s.heard if re.search("UID 9:12 .*SINCE", c)],
       "it is asked in pieces for that", s.heard)
    s.box("INBOX").messages[1].flags.add(r"\Flagged")
    s.box("INBOX").messages[11].flags.remove(r"\Seen")
    u.runs("with another one", "--last", "2", proxy=s)
    is_(here(u), [2, 11, 12], "what is flagged there comes")


@scenario
def one_way():
    """What leaves must be able to come back."""
    for how in (("--push",), ("--near-gets", "flags gone")):
        u = account(2)
        r = u.sync("--last", "1", *how)
        is_((r.status, here(u)), (64, []), "not with " + how[0])


done()
