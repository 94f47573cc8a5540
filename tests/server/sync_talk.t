#!/usr/bin/env python3
"""imapsync: what it says of what it does: the paths of its events."""
from synclab import *

lab = up()


def paths(r, box=None):
    """{act: [(path, was)]} of the events of a run."""
    out = {}
    for e in r.events:
        if e.get("event") == "done" and box in (None, e["box"]):
            out.setdefault(e["act"], []).append((e.get("path"), e.get("was")))
    return out


def there(u, path):
    return os.path.isfile(u.near.path(path))


@scenario
def each_event():
    """Each act that touches a file names it."""
    u = lab.user()
    base(u)
    got = paths(u.sync("-j"))
    ok(len(got["fetch"]) == 15 and all(there(u, p) and w is None
                                       for p, w in got["fetch"]),
       "fetched files are where the events say", got["fetch"])
    ok({p for p, _ in got["near-create"]} >= {"INBOX", "Old far"} and
       all(os.path.isdir(u.near.path(p)) for p, _ in got["near-create"]),
       "Maildirs, too", got["near-create"])
    change_near(u)
    before = {os.path.relpath(f, u.near.root) for b in u.near.boxes()
              for f in u.near.files(b)}
    change_far(u)
    got = paths(u.sync("-j"))
    for act in ("fetch", "push", "far-flags", "far-move", "near-flags",
                "near-move"):
        ok(act in got and all(there(u, p) for p, _ in got[act]),
           "%s: where it is" % act, got.get(act))
    for act in ("near-flags", "near-move", "near-delete"):
        ok(all((w or p) in before for p, w in got[act]),
           "%s: where it was" % act, got[act])
    ok(all(w and w != p and not there(u, w) for a in ("near-flags",
                                                      "near-move")
           for p, w in got[a]), "renamed: another name", got)
    ok(got["near-delete"] and not any(there(u, p)
                                      for p, _ in got["near-delete"]),
       "removed: where it lay", got["near-delete"])
    is_(got["near-rename"], [("Renamed far", "Old far")], "a folder")
    ok(not any(p for p, _ in got["far-delete"]), "what has no file",
       got["far-delete"])


@scenario
def marked():
    """--delete-near mark renames the file."""
    u = Alone()
    u.box().add(mail(1))
    u.sync()
    u.box().messages.clear()
    got = paths(u.sync("-j", "--delete-near", "mark"))["near-delete"]
    ok(len(got) == 1 and there(u, got[0][0]) and
       got[0][0].endswith(":2,T") and got[0][1].startswith("INBOX/new/"),
       "it is there with a T", got)


@scenario
def inbox_itself():
    """The inbox of Maildir++ is the directory itself."""
    u = Alone()
    u.box().add(mail(1))
    got = paths(u.sync("-j", "--layout", "maildir++"))["fetch"]
    ok(len(got) == 1 and got[0][0].startswith("new/") and
       there(u, got[0][0]), "new/FILE", got)


@scenario
def unlisted():
    """A keyword that the mailbox does not have is on no message."""
    u = Alone(caps="UIDPLUS LIST-STATUS")

    def all_of_them(session, verb, rest):
        if verb == "UID SEARCH" and "KEYWORD" in rest:
            return b"* SEARCH 1 2\r\nTAG OK done\r\n"
    u.server.on_command = all_of_them
    u.box().add(mail(1))
    u.sync()
    u.box().add(mail(2))
    u.sync()
    u.box().messages[0].flags.add(r"\Flagged")
    u.runs("a server that finds all messages for a keyword")
    is_(sorted(m.flags for m in u.near.messages("INBOX")),
        sorted([frozenset(), frozenset([r"\flagged"])]),
        "no flag comes of it")


def on_terminal(u, *args):
    """What somebody sees on a terminal as standard error."""
    import pty
    a, b = pty.openpty()
    p = subprocess.Popen(u.words(*args), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=b)
    os.close(b)
    out, seen = p.communicate(timeout=FOREVER)[0], b""
    try:
        while True:
            got = os.read(a, 4096)
            seen += got
            if not got:
                break
    except OSError:
        pass
    os.close(a)
    return out.decode(), seen.decode()


@scenario
def summary():
    """A line at the end for people: what, where, how long; or nothing."""
    u = Alone()
    u.box().add(mail(1))
    for name in ("A", "B", "C"):
        u.box(name).add(mail(2))
    out, seen = on_terminal(u)
    like(seen, r"\Aimapsync: 127.0.0.1: fetch 4, folders 4 in A, B, C and 1 "
         r"more: \d+\.\d MB, \d+\.\d s\r\n\Z", "a first run")
    is_(out, "", "standard output has none of it")
    is_(on_terminal(u), ("", ""), "nothing to do: not a word")
    u.box().add(mail(3))
    like(on_terminal(u)[1], r"\Aimapsync: 127.0.0.1: fetch 1 in INBOX: ",
         "one more")
    u.box().add(mail(4))
    is_(on_terminal(u, "-q"), ("", ""), "-q: not a word")
    u.box().add(mail(5))
    r = u.sync("-v")
    like(r.err, r"mailboxes, \d+\.\d MB, \d+\.\d s: fetch 1 in INBOX\n",
         "-v has it, too")
    like(u.sync("-v").err, r" s: nothing to do\n", "and says so if not")


@scenario
def folders_there():
    """imapsync list: the server's folders, and where they lie here."""
    u = Alone()
    for name, n in (("INBOX", 2), ("Sent", 1), ("a/b", 0), (utf7("Fü"), 1)):
        b = u.box(name)
        for i in range(n):
            b.add(mail(i))
    u.box("Sent").special = r"\Sent"
    u.sync("--patterns", "INBOX Sent")
    tree, heard = u.near.tree(), len(u.server.heard)
    r = u.sync("--patterns", "INBOX Sent a/*", "list")
    is_((r.status, r.err), (0, ""), "list")
    is_([re.sub(" +", " ", x) for x in r.out.splitlines()],
        [" 2 ? - INBOX: INBOX", " 1 ? - Fü: not synced",
         " 1 ? \\Sent Sent: Sent", " 0 ? - a/b: not here yet, a/b"],
        "a line each")
    ok(not any(re.match("SELECT|EXAMINE|CREATE|UID", c)
               for c in u.server.heard[heard:]) and u.near.tree() == tree,
       "nothing is changed, or selected", u.server.heard[heard:])
    r = u.sync("--patterns", "INBOX Sent a/*", "-j", "list")
    is_([{k: v for k, v in e.items() if k not in ("v", "account", "event")}
         for e in r.events if e["box"] in ("Sent", "Fü")],
        [{"box": "Fü", "messages": 1, "size": None, "synced": False},
         {"box": "Sent", "messages": 1, "size": None, "use": r"\Sent",
          "synced": True, "path": "Sent", "here": True}], "-j: the same")
    u.near.make("Here alone")
    r = u.sync("--patterns", "INBOX Sent a/*", "--local-only", "Sent",
               "--layout", "maildir++", "list")
    is_([re.sub(" +", " ", x) for x in r.out.splitlines()],
        [" 2 ? - INBOX: not here yet, .", " 1 ? - Fü: not synced",
         " 1 ? \\Sent Sent: not synced", " 0 ? - a/b: not here yet, .a.b"],
        "what is left out, and the root")
    r = u.sync("--patterns", "INBOX", "-j", "list")
    is_(sorted(e["box"] for e in r.events), ["Fü", "INBOX", "Sent", "a/b"],
        "what is here alone is not the server's")
    is_(u.sync("list", "a", "b").status, 64, "two names: 64")
    r = u.sync("-S", "imap://127.0.0.1:1", "list")
    is_((r.status, r.err.count("\n")), (75, 1), "nobody answers")
    like(r.err, "^imapsync: 127.0.0.1:1: .*refused", "is said, once")
    with open(u.dir + "/conf", "w") as f:
        f.write("account a\n  imap imap://127.0.0.1:%d\n  tls off\n  user jo\n"
                "  password-command echo secret\nsync list : a\n  near %s/l\n"
                "sync w : a\n  near %s/w\n" % (u.server.port, u.dir, u.dir))
    for args, status in ((["list"], 78), (["-a"], 78), (["list", "w"], 0),
                         (["list", "list"], 78)):
        p = subprocess.run([PROGRAM, "--config", u.dir + "/conf"] + args,
                           capture_output=True, env=dict(
                               os.environ, XDG_STATE_HOME=u.dir + "/x"))
        if args != ["list"]:
            is_(p.returncode, status, "%s of a configuration" % args)
    like(p.stderr.decode(), "name of a command", "is said")


done()
