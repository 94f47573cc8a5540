#!/usr/bin/env python3
"""imapsync: what is to be seen is on the disk.  The order of its system calls,
by strace: no file gets its name, or leaves tmp/, before it was synced, the
folder is synced before the state says so, and no upload is sent before its
intent is synced.
"""
import sys
sys.path.insert(0, sys.path[0] + "/../server")
from synclab import *

if not shutil.which("strace"):
    skip_all("no strace")
lab = up(disk=True)
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
FD = re.compile(r"^(\d+)<([^>]*)>")


KILLN = BUILD + "/lab/killn.so"
if not os.path.exists(KILLN):
    skip_all("no %s: make tests" % KILLN)


def calls(u, *args, env=()):
    """(name, path or "", text) of each call that succeeded."""
    log = u.dir + "/strace"
    p = subprocess.run(
        ["strace", "-f", "-y", "-qq", "-s", "200", "-o", log, "-e", "trace="
         "write,pwrite64,writev,sendto,sendmsg,rename,renameat,renameat2,"
         "linkat,fsync,fdatasync,syncfs"] + ["-E" + e for e in env] +
        u.words("--connections", "1", *args),
        capture_output=True, text=True, timeout=60)
    out = []
    with open(log, errors="replace") as f:
        for line in f:
            m = CALL.match(line)
            if m and int(m[3]) >= 0:
                fd = FD.match(m[2])
                out.append((m[1], fd[2] if fd else "", m[2]))
    return p, out


def renames(text):
    """(from, to) as whole paths."""
    parts = re.findall(r'(?:AT_FDCWD(?:<[^>]*>)?|\d+<([^>]*)>)?,? ?"([^"]*)"',
                       text)
    return [d + "/" + n if d and not n.startswith("/") else n
            for d, n in parts[:2]]


def given(name, text, fds):
    """(from, to) as whole paths, for what gives a file its place."""
    if name.startswith("rename"):
        return renames(text)
    m = re.match(r'(?:\d+<([^>]*)>(?:\(deleted\))?, ""|AT_FDCWD\S*, '
                 r'"/proc/self/fd/(\d+)"), \d+<([^>]*)>, "([^"]*)"', text)
    return (m[1] or fds[m[2]], m[3] + "/" + m[4]) if m else (text, "")


def downloads(what, *env):
    u = lab.user()
    u.far.appends("INBOX", [mail(i, 3000) for i in range(1, 41)], r"\Seen")
    p, got = calls(u, env=env)
    is_(p.returncode, 0, "40 messages under strace, " + what)
    wet, bad, moved, dirs, early, fds = set(), [], 0, {}, [], {}
    for i, (name, path, text) in enumerate(got):
        if name in ("write", "pwrite64", "writev"):
            fds[text.partition("<")[0]] = path
            if u.near.root in path:
                wet.add(path)
            elif dirs and path.endswith(".st"):
                early.append(i)
        elif name == "syncfs":
            wet.clear()
            dirs.clear()
        elif name in ("fsync", "fdatasync"):
            wet.discard(path)
            dirs.pop(path, None)
        elif name.startswith("rename") or name == "linkat":
            a, b = given(name, text, fds)
            if "/cur/" in b or "/new/" in b:
                moved += ("/tmp/" in a.replace(u.near.root, "")) == bool(env)
                dirs[os.path.dirname(b)] = i
                if a in wet:
                    bad.append((a, b))
    ok(moved == 40 and not bad, "none is to be seen before it is synced",
       (moved, bad[:3]))
    is_(dirs, {}, "the folder is synced after the last of them")
    is_(early, [], "and only then the state knows of them")
    n = sum(c[0] in ("fsync", "fdatasync", "syncfs") for c in got)
    ok(n < 40, "by %d syncs for 40 messages" % n)


@scenario
def unnamed():
    downloads("as files without a name")


@scenario
def named():
    downloads("as files in tmp/", "LD_PRELOAD=" + KILLN, "KILLN_NAMED=1")


@scenario
def attic():
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(1, 6)], r"\Seen")
    u.runs("a few messages")
    u.far.expunge("INBOX", "2:3")
    p, got = calls(u)
    is_(p.returncode, 0, "two are gone there")
    at, synced = {}, set()
    for i, (name, path, text) in enumerate(got):
        if name.startswith("rename"):
            a, b = renames(text)
            if ".attic/" in b or ".attic/" in text:
                d = re.findall(r"<([^>]*\.attic/[^>]*)>", text)
                at[d[0] if d else os.path.dirname(b)] = i
        elif name in ("fsync", "fdatasync", "syncfs") and at:
            synced |= {d for d in at if name == "syncfs" or path == d}
    ok(at and synced == set(at), "their place in the attic is synced",
       (at, synced))


@scenario
def uploads():
    u = lab.user()
    u.runs("an empty account")
    u.near.deliver("INBOX", mail(1), "S")
    u.near.deliver("INBOX", mail(2), "S")
    p, got = calls(u)
    is_(p.returncode, 0, "an upload under strace")
    logged = synced = sent = None
    for i, (name, path, text) in enumerate(got):
        if name in ("write", "pwrite64", "writev") and path.endswith(".st"):
            logged = i
        if name in ("fsync", "fdatasync", "syncfs") and logged is not None \
                and synced is None:
            synced = i
        if name in ("sendto", "sendmsg", "write") and synced is not None and \
                ("socket" in path or "TCP" in path) and sent is None:
            sent = i
    ok(logged is not None and synced is not None and sent is not None,
       "the intent is written and synced, and then something is sent",
       (logged, synced, sent))


done()
