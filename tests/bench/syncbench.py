#!/usr/bin/env python3
"""syncbench.py: imapsync beside mbsync, interimap and offlineimap, on Dovecot.

Times are over TLS, to a disk, durable unless it says "no fsync".  Commands,
turns and bytes are counted by tests/lab/imapproxy.py, in plaintext between the
client and it.  Round-trip times are made by tests/lab/relay.  interimap's own
side is another account of the same Dovecot, for it syncs IMAP with IMAP.

	syncbench.py [CASE...]	first headers nochange folders flags upload move memory
				big migration million
"""
import atexit
import glob
import random
import sys
import threading
sys.path.insert(0, sys.path[0] + "/../server")
from synclab import *

os.environ["LAB_AS_INSTALLED"] = "1"

N = int(os.environ.get("SYNC_MESSAGES", "20000"))
PEERS = os.environ.get("PEERS", "mbsync interimap offlineimap").split()
PEERS = [p for p in PEERS if shutil.which(p)]
missed = False
MB = 1 << 20
LINE = b"The quick brown fox jumps over the lazy dog and keeps running. " \
    b"0123456789\n"


def title(text):
    print("\n== " + text, flush=True)


def bar(name, value, most, unit=""):
    global missed
    good = value is not None and value <= most
    missed |= not good
    v = "-" if value is None else (
        "%.2f" % value if isinstance(value, float) else str(value))
    print("%s  %-52s %9s  (at most %s%s)" % (
        "PASS" if good else "MISS", name, v, most, " " + unit if unit else ""),
        flush=True)


def note(name, value):
    print("      %-52s %9s" % (name, value), flush=True)


def ratio(a, b):
    return a / b if a and b else None


def fill(u, n, lo, hi, box="", letters="S"):
    """Messages as files of Dovecot's, of lo to hi lines of 75 bytes."""
    d = u.far.home + "/Maildir/" + box
    for x in ("cur", "new", "tmp"):
        os.makedirs(d + "/" + x, exist_ok=True)
    rnd = random.Random(1)
    for i in range(n):
        text = b"From: a@b.test\nTo: billy@johndoe.com\nSubject: msg %d\n" \
            b"Date: Mon, 1 Jan 2024 10:00:00 +0000\n" \
            b"Message-ID: <%d@x>\n\n" % (i, i) + LINE * rnd.randrange(lo, hi)
        # as Dovecot names what it delivers
        with open("%s/cur/%d.M%dP%d.host,S=%d,W=%d:2,%s" % (
                d, 1700000000 + i, rnd.randrange(1000000), 1000 + i % 9000,
                len(text), len(text) + text.count(b"\n"), letters), "wb") as f:
            f.write(text)


def warm(u, box="INBOX"):
    """Dovecot has its indexes, and the disk nothing more to write."""
    lab.own(u.far.home)
    c = u.far.connect()
    c.select(box, readonly=True)
    c.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE INTERNALDATE)")
    c.logout()


def settle():
    """ext4 goes around inodes that were freed in the last seconds."""
    subprocess.run(["sync"])
    time.sleep(6)


def own_disk(d):
    """A file system of its own: where 20,000 files were just removed, ext4
    goes around their inodes for a minute and more, and makes files slowly.
    Its device does not go through the page cache a second time."""
    img = d + ".disk"
    if os.getuid() == 0 and subprocess.run(
            ["sh", "-c", "fallocate -l 3G $1 && mkfs.ext4 -q -E "
             "lazy_itable_init=0,lazy_journal_init=0 $1 && l=$(losetup -f "
             "--show --direct-io=on $1) && mount $l $2; s=$?; losetup -d $l; "
             "exit $s", "sh", img, d],
            stderr=subprocess.DEVNULL).returncode == 0:
        atexit.register(lambda: os.path.ismount(d) and subprocess.run(
            ["umount", d]))
        return True
    if os.path.exists(img):
        os.unlink(img)
    return False


# ---- the peers

class Peer:
    """One client with a fresh folder for account u."""

    def __init__(self, kind, u, fsync=True, disk=False):
        self.kind, self.u, self.fsync = kind, u, fsync
        self.dir = tempfile.mkdtemp(prefix=kind + ".", dir=lab.dir)
        self.disk = disk and own_disk(self.dir)
        self.other = lab.user() if kind in ("interimap", "migrate") else None
        self.port = lab.imaps       # of the other side

    def config(self, port, tls):
        d, u = self.dir, self.u
        if self.kind == "mbsync":
            return d + "/rc", f"""FSync {'yes' if self.fsync else 'no'}
IMAPAccount a
Host localhost
Port {port}
User {u.name}
Pass secret
AuthMechs LOGIN
SSLType {'IMAPS' if tls else 'None'}
CertificateFile {lab.ca}

IMAPStore far
Account a

MaildirStore near
Path {d}/near/
Inbox {d}/near/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
CopyArrivalDate yes
SyncState {d}/
"""
        if self.kind == "interimap":
            return d + "/rc", f"""database = {d}/i.db
list-mailbox = "*"

[local]
type = imaps
host = localhost
port = {self.port}
username = {self.other.name}
password = secret
SSL_CAfile = {lab.ca}

[remote]
type = {'imaps' if tls else 'imap'}
host = localhost
port = {port}
username = {u.name}
password = secret
{'SSL_CAfile = ' + lab.ca if tls else 'STARTTLS = NO'}
"""
        return d + "/rc", f"""[general]
accounts = a
metadata = {d}/meta
ui = quiet
fsync = true

[Account a]
localrepository = l
remoterepository = r

[Repository l]
type = Maildir
localfolders = {d}/near

[Repository r]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {u.name}
remotepass = secret
ssl = {'yes' if tls else 'no'}
starttls = no
auth_mechanisms = LOGIN
sslcacertfile = {lab.ca}
"""

    def words(self, port, tls):
        if self.kind == "migrate":
            return [PROGRAM, "migrate", "--ca", lab.ca, "-q", "--state",
                    self.dir + "/state", "--from-password-command",
                    "echo secret", "--to-password-command", "echo secret",
                    "imaps://%s@localhost:%d" % (self.u.name, port),
                    "imaps://%s@localhost:%d" % (self.other.name, self.port)]
        if self.kind == "imapsync":
            where = "imaps://localhost:%d" if tls else "imap://127.0.0.1:%d"
            w = [PROGRAM, "-S", where % port, "-u", self.u.name,
                 "--password-command", "echo secret", "--near",
                 self.dir + "/near", "--state", self.dir + "/state", "-q"]
            return w + (["--ca", lab.ca] if tls else ["--tls", "off"])
        path, text = self.config(port, tls)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        os.makedirs(self.dir + "/near", exist_ok=True)
        return {"mbsync": ["mbsync", "-q", "-c", path, "c"],
                "interimap": ["interimap", "--config=" + path, "--quiet"],
                "offlineimap": ["offlineimap", "-o", "-c", path]}[self.kind]

    def run(self, port=None, tls=True, memory=False, args=()):
        """Seconds, or kB at most; None if it fails."""
        os.makedirs(self.dir + "/near", exist_ok=True)
        words = self.words(port or lab.imaps, tls) + list(args)
        env = dict(os.environ, HOME=self.dir, XDG_DATA_HOME=self.dir)
        t0 = time.monotonic()
        p = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=env)
        if memory:
            kb = peak(p)
        said = p.communicate()[0].decode("utf-8", "replace")
        wall = time.monotonic() - t0
        if p.returncode:
            print("      %s: exit %d: %s" % (self.kind, p.returncode,
                                             said[-300:]))
            if self.kind in ("imapsync", "migrate"):
                bar("imapsync: a run that fails", None, 0)
            return None
        return kb if memory else wall

    def counted(self, *args):
        """(commands, turns, bytes up, bytes down) after the login."""
        p = Proxy(lab.imaps, lab.ca)
        self.run(p.port, False, args=args)
        p.close()
        self.commands = [c for x in p.links for c in x.commands]
        after = [c for c in self.commands if not re.match(
            "LOGIN|AUTHENTICATE|CAPABILITY|ID |LOGOUT", c)]
        self.after = after
        return (len(after), sum(x.turns - (x.auth_at or 0) for x in p.links),
                sum(x.up for x in p.links),
                sum(x.down - x.auth_down for x in p.links))


def all_clients(u, *kinds):
    return [Peer(k, u) for k in ("imapsync",) + (kinds or tuple(PEERS))
            if k == "imapsync" or k in PEERS]


def drop(*peers):
    for p in peers:
        if p.disk:
            subprocess.run(["umount", p.dir])
            os.unlink(p.dir + ".disk")
        shutil.rmtree(p.dir, ignore_errors=True)


# ---- the cases

def first():
    title("First sync: %d messages, TLS, to disk" % N)
    u = lab.user()
    fill(u, N, 50, 300)
    warm(u)
    size = sum(os.path.getsize(d + "/" + n) for d, _, v in os.walk(
        u.far.home + "/Maildir/cur") for n in v)
    note("MB", "%.0f" % (size / 1e6))
    got = {}
    for name, kind, fsync, runs in (
            ("imapsync", "imapsync", True, 2),
            ("mbsync, fsync", "mbsync", True, 2),
            ("mbsync, no fsync", "mbsync", False, 2),
            ("interimap", "interimap", True, 1),
            ("offlineimap", "offlineimap", True, 1)):
        if kind != "imapsync" and kind not in PEERS:
            continue
        times = []
        for _ in range(runs):		# the disk is not always the same
            peer = Peer(kind, u, fsync, disk=True)
            settle()
            times.append(peer.run())
            if kind == "imapsync":
                bar("messages missing here", N - len(os.listdir(
                    peer.dir + "/near/INBOX/cur")), 0)
            drop(peer)
        got[name] = None if None in times else min(times)
        note(name + ": s", " ".join("-" if t is None else "%.2f" % t
                                    for t in times))
    settle()
    t0 = time.monotonic()
    subprocess.run("{ printf 'a login %s secret\\r\\nb examine inbox\\r\\n"
                   "c uid fetch 1:* (uid flags internaldate body.peek[])\\r\\n"
                   "d logout\\r\\n'; sleep 0.1; } | openssl s_client -quiet "
                   "-ign_eof -connect localhost:%d > /dev/null 2>&1" % (
                       u.name, lab.imaps), shell=True)
    note("draining it with openssl: s", "%.2f" % (time.monotonic() - t0))
    for name, most in (("mbsync, fsync", .25), ("mbsync, no fsync", .7)):
        if "mbsync" in PEERS:
            bar("imapsync, durable, against " + name,
                ratio(got["imapsync"], got.get(name)), most)


def least_for_headers(u, sizes):
    """Seconds that remain whoever asks: the server's headers drained by one
    connection, beside it files of the stubs' sizes made and brought to the
    disk, neither knowing of the other."""
    files = lab.dir + "/files"
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-o", files,
                    ROOT + "/tests/bench/files.c"], check=True)
    peer = Peer("imapsync", u, disk=True)
    settle()
    t0 = time.monotonic()
    drain = subprocess.Popen(
        "{ printf 'a login %s secret\\r\\nb examine inbox\\r\\nc uid fetch "
        "1:* (uid flags internaldate rfc822.size body.peek[header])\\r\\n"
        "d logout\\r\\n'; sleep 0.1; } | openssl s_client -quiet -ign_eof "
        "-connect localhost:%d > /dev/null 2>&1" % (u.name, lab.imaps),
        shell=True)
    subprocess.run([files, peer.dir], check=True, text=True,
                   input="\n".join(map(str, sizes)))
    drain.wait()
    seconds = time.monotonic() - t0
    drop(peer)
    return seconds


def headers():
    title("Headers first: %d messages, TLS, to disk" % N)
    u = lab.user()
    fill(u, N, 50, 300)
    warm(u)
    seconds, sizes = {}, {}
    for name, args in (("full", ()), ("headers", ("--bodies", "headers"))):
        peer = Peer("imapsync", u, disk=True)
        settle()
        seconds[name] = peer.run(args=args)
        here = [os.path.getsize(f) for d in ("cur", "new")
                for f in glob.glob(peer.dir + "/near/INBOX/%s/*" % d)]
        bar("messages missing here", N - len(here), 0)
        drop(peer)
        peer = Peer("imapsync", u)
        sizes[name] = peer.counted(*args)[3]
        drop(peer)
        note(name + ": s, MB", "%.2f, %.1f" % (seconds[name] or 0,
                                               sizes[name] / 1e6))
    least = least_for_headers(u, here)
    note("headers drained beside files made: s", "%.2f" % least)
    note("that, against all", "%.2f" % (ratio(least, seconds["full"]) or 0))
    bar("time of headers, against that", ratio(seconds["headers"], least),
        1.5)
    bar("time of headers, against all", ratio(seconds["headers"],
                                              seconds["full"]), .25)
    bar("bytes of headers, against all", ratio(sizes["headers"],
                                               sizes["full"]), .12)


def nochange():
    title("Nothing changed, one mailbox")
    for n in map(int, os.environ.get("SYNC_SIZES",
                                     "1000 10000 100000").split()):
        u = lab.user()
        fill(u, n, 1, 4)
        warm(u)
        peers = all_clients(u) if n <= 1000 else \
            all_clients(u, "mbsync", "interimap") if n <= 10000 else \
            all_clients(u, "mbsync")
        for p in peers:
            p.run()
            p.run()
        for p in peers:
            cmds, turns, up_, down = p.counted()
            kb = p.run(memory=True)
            note("%s, %d messages: commands, turns, up, down, kB" % (
                p.kind, n), "%d %d %d %d %s" % (cmds, turns, up_, down, kb))
            if p.kind == "imapsync":
                bar("imapsync, %d: bytes down after the login" % n, down, 700)
                bar("imapsync, %d: turns after the login" % n, turns, 2)
                if n == 100000:
                    bar("imapsync, %d: peak memory" % n, kb, 16384, "kB")
                    scan(p)
        drop(*peers)
        shutil.rmtree(u.far.home)


def scan(p):
    """Is a directory read?"""
    if not shutil.which("strace"):
        return
    time.sleep(3)
    p.run()
    log = p.dir + "/strace"
    subprocess.run(["strace", "-f", "-o", log, "-e",
                    "trace=getdents64,openat"] + p.words(lab.imaps, True),
                   capture_output=True)
    with open(log) as f:
        text = f.read()
    bad = [x for x in re.findall(r'openat\([^"]*"([^"]*)", [^)]*O_DIRECTORY',
                                 text) if x.rstrip("/").endswith(
                                     ("cur", "new"))]
    note("getdents64 of a run without a change",
         text.count("getdents64("))
    bar("opened to be scanned: cur/ and new/", len(bad), 0)


def folders():
    title("Nothing changed, 200 folders, 40 ms")
    u = lab.user()
    c = u.far.connect()
    for i in range(199):
        c.create("f%03d" % i)
        u.far.append("f%03d" % i, mail(i), r"\Seen", m=c)
    c.logout()
    relay = subprocess.Popen(
        [BUILD + "/lab/relay", "-l", "0", "-t", "127.0.0.1:%d" % lab.imaps,
         "-d", "20"], stdout=subprocess.PIPE, text=True)
    port = int(relay.stdout.readline())
    got = {}
    peers = all_clients(u, "mbsync", "interimap")
    for p in peers:
        p.run()
        p.run()
        cmds, turns, up_, down = p.counted()
        selects = sum(c.startswith(("SELECT", "EXAMINE")) for c in p.commands)
        times = [p.run(port) for _ in range(1 if p.kind == "mbsync" else 3)]
        got[p.kind] = min(t for t in times if t) if any(times) else None
        note(p.kind + ": s, commands, turns, up, down", "%.2f %d %d %d %d" % (
            got[p.kind] or 0, cmds, turns, up_, down))
        if p.kind == "imapsync":
            bar("imapsync: SELECT commands", selects, 0)
    relay.terminate()
    relay.wait()
    if "mbsync" in PEERS:
        bar("imapsync against mbsync",
            ratio(got["imapsync"], got.get("mbsync")), .03)
    drop(*peers)


def kind_of(commands):
    """How many of each verb."""
    out = collections.Counter()
    for c in commands:
        m = re.match(r"(UID \S+|\S+)", c)
        out[m[1]] += 1
    return " ".join("%s:%d" % x for x in sorted(out.items()))


def rename_all(near, letters, box="INBOX"):
    for f in Near(near).files(box):
        d, _, n = f.rpartition("/")
        os.rename(f, Near(near).path(box) + "/cur/" +
                  n.partition(":2,")[0] + ":2," + letters)


def flags():
    title("10,000 flags changed here")
    u = lab.user()
    fill(u, 10000, 1, 4, letters="")
    warm(u)
    for p in all_clients(u, "mbsync"):
        p.run()
        p.run()
        rename_all(p.dir + "/near", "FS" if p.kind == "imapsync" else "RS")
        cmds, turns, up_, down = p.counted()
        note(p.kind + ": commands, turns, up, down",
             "%d %d %d %d" % (cmds, turns, up_, down))
        note(p.kind, kind_of(p.commands))
        if p.kind == "imapsync":
            bar("imapsync: STORE commands", sum(
                c.startswith("UID STORE") for c in p.commands), 10)
            bar("imapsync: messages without it there", sum(
                not {r"\seen", r"\flagged"} <= m.flags
                for m in u.far.messages("INBOX")), 0)
        drop(p)


def upload():
    title("1,000 messages uploaded")
    for kind in ["imapsync"] + [k for k in PEERS if k != "interimap"]:
        u = lab.user()
        p = thousand(kind, u)
        t0 = time.monotonic()
        cmds, turns, up_, down = p.counted()
        note(kind + ": s, commands, turns, up, down", "%.2f %d %d %d %d" % (
            time.monotonic() - t0, cmds, turns, up_, down))
        if kind == "imapsync":
            note(kind, kind_of(p.commands))
            bar("imapsync: commands after the login", cmds, 20)
            bar("imapsync: messages missing there",
                1000 - len(u.far.messages("INBOX")), 0)
        drop(p)


def thousand(kind, u):
    """A client with 1,000 files that are nowhere else."""
    p = Peer(kind, u)
    p.run()
    near = Near(p.dir + "/near")
    near.make("INBOX")
    for i in range(1000):
        near.deliver("INBOX", mail(i, 2000), "S")
    time.sleep(1 if kind == "mbsync" else 0)
    return p


def upload_far():
    """Through a round trip of 50 ms, on one connection each."""
    global lab
    usual = lab
    for name, conf, most in (
            ("with LITERAL+", None, 8 + 2),	# 2 MB
            ("without LITERAL+, LITERAL-, MULTIAPPEND",
             "imap_capability = IMAP4rev1 UIDPLUS CONDSTORE SPECIAL-USE\n",
             1050)):
        title("1,000 messages uploaded, 50 ms, " + name)
        lab = up(conf) if conf else usual
        u = lab.user()
        p = thousand("imapsync", u)
        cmds, turns, up_, down = p.counted("--connections", "1")
        note("imapsync: commands, turns, up, down", "%d %d %d %d" % (
            cmds, turns, up_, down))
        bar("imapsync: turns", turns, most)
        bar("imapsync: messages missing there",
            1000 - len(u.far.messages("INBOX")), 0)
        drop(p)
        got = {}
        for kind in ["imapsync"] + [k for k in PEERS if k == "mbsync"]:
            u = lab.user()
            p = thousand(kind, u)
            port, end = slower(50)
            settle()
            got[kind] = p.run(port, args=["--connections", "1"]
                              if kind == "imapsync" else ())
            note(kind + ": s", "%.2f" % got[kind])
            bar(kind + ": messages missing there",
                1000 - len(u.far.messages("INBOX")), 0)
            end()
            drop(p)
        if "mbsync" in got:
            bar("time, against mbsync's",
                ratio(got["imapsync"], got["mbsync"]), 1.1)
    lab = sys.modules["synclab"].lab = usual


def move():
    title("500 files moved to another folder")
    u = lab.user()
    u.far.create("Archive")
    fill(u, 1000, 1, 4)
    warm(u)
    p = Peer("imapsync", u)
    p.run()
    near = Near(p.dir + "/near")
    for f in near.files("INBOX")[:500]:
        os.rename(f, near.path("Archive") + "/cur/" + os.path.basename(f))
    cmds, turns, up_, down = p.counted()
    work = [c for c in p.after if not re.match("ENABLE", c)]
    note("all: commands, turns, up, down", "%d %d %d %d" % (
        cmds, turns, up_, down))
    note("", kind_of(p.commands))
    # a STATUS goes with the MOVE: is COPYUID possible?
    bar("imapsync: commands after the login and ENABLE", len(work), 5)
    bar("imapsync: turns", turns, 4)
    bar("imapsync: with message bytes", sum(bool(re.search(
        r"BODY.PEEK\[\]|^APPEND", c)) for c in p.after), 0)
    bar("imapsync: messages missing there",
        500 - len(u.far.messages("Archive")), 0)
    drop(p)


def memory():
    title("100,000 messages: peak memory of a first sync")
    u = lab.user()
    fill(u, 100000, 1, 4)
    warm(u)
    for p in all_clients(u, "mbsync"):
        t0 = time.monotonic()
        kb = p.run(memory=True)
        note(p.kind + ": s, kB", "%.1f %s" % (time.monotonic() - t0, kb))
        if p.kind == "imapsync":
            bar("imapsync, first sync", kb, 40960, "kB")
            bar("imapsync, no change", p.run(memory=True), 16384, "kB")
        drop(p)
    shutil.rmtree(u.far.home)


def big():
    title("A message of 100 MB: peak memory")
    u = lab.user()
    fill(u, 1, 100 * MB // 75, 100 * MB // 75 + 1)
    warm(u)
    for p in all_clients(u, "mbsync", "offlineimap"):
        kb = p.run(memory=True)
        note(p.kind + " down: kB", kb)
        if p.kind == "imapsync":
            bar("imapsync, down", kb, 16384, "kB")
            v = lab.user()
            q = Peer("imapsync", v)
            os.makedirs(q.dir + "/near", exist_ok=True)
            os.rename(p.dir + "/near/INBOX", q.dir + "/near/INBOX")
            bar("imapsync, up", q.run(memory=True), 16384, "kB")
            bar("imapsync: missing there",
                1 - len(v.far.do("UID SEARCH ALL", box="INBOX")[0][1]
                        [0].split()), 0)
            drop(q)
        drop(p)


def million():
    title("1,000,000 messages, nothing changed")
    u = lab.user()
    fill(u, 1_000_000, 0, 1)
    warm(u)
    p = Peer("imapsync", u)
    bar("imapsync, first sync: peak memory", p.run(memory=True), 120 * 1024,
        "kB")
    time.sleep(3)
    p.run()
    scan(p)
    s = p.run()
    note("imapsync, no change: s", "%.3f" % s)
    bar("imapsync, no change: peak memory", p.run(memory=True), 16384, "kB")
    drop(p)


def slower(ms):
    """(port, end) of a relay before the server; the round trip is ms."""
    relay = subprocess.Popen(
        [BUILD + "/lab/relay", "-l", "0", "-t", "127.0.0.1:%d" % lab.imaps,
         "-d", str(ms / 2)], stdout=subprocess.PIPE, text=True)
    port = int(relay.stdout.readline())

    def end():
        relay.terminate()
        relay.wait()
    return port, end


def s_client(name, commands):
    """Through openssl s_client, until the command z is answered: what came."""
    p = subprocess.Popen(
        ["openssl", "s_client", "-quiet", "-CAfile", lab.ca, "-connect",
         "localhost:%d" % lab.imaps], stdin=subprocess.PIPE, bufsize=0,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def say():
        for x in commands:
            p.stdin.write(x)

    p.stdin.write(b"a LOGIN %s secret\r\n" % name.encode())
    t = threading.Thread(target=say)
    t.start()
    came, end = [], b""
    while b"\r\nz OK" not in end:
        some = os.read(p.stdout.fileno(), MB)
        if not some:
            break
        came.append(some)
        end = (end + some)[-300:]
    p.kill()
    p.wait()
    t.join()
    return b"".join(came)


def one_stream(u):
    """Seconds of one FETCH of all, and of APPENDs of 100 each that wait for
    nothing, one after the other, and nothing between them."""
    t0 = time.monotonic()
    came = s_client(u.name, [b"b EXAMINE INBOX\r\n"
                             b"z UID FETCH 1:* BODY.PEEK[]\r\n"])
    t1 = time.monotonic()
    all, at = [], 0
    for m in re.finditer(rb"BODY\[\] \{(\d+)\}\r\n", came):
        if m.start() >= at:
            at = m.end() + int(m[1])
            all.append(came[m.end():at])
    say = []
    for i in range(0, len(all), 100):
        say.append(b"c APPEND INBOX")
        for m in all[i:i + 100]:
            say += [b" {%d+}\r\n" % len(m), m]
        say.append(b"\r\n")
    v = lab.user()
    t2 = time.monotonic()
    s_client(v.name, say + [b"z NOOP\r\n"])
    note("one FETCH by openssl s_client: s", "%.2f" % (t1 - t0))
    note("one stream of APPENDs by it: s", "%.2f" % (time.monotonic() - t2))
    bar("of these, messages missing", N - len(all), 0)


def migration():
    title("From one account to another: %d messages, TLS" % N)
    u = lab.user()
    fill(u, N, 50, 300)
    warm(u)
    for kind in ("migrate", "interimap"):
        print("# " + " ".join(Peer(kind, u).words(lab.imaps, True)))
    one_stream(u)
    for where, ms, least in (("local", 0, 3), ("50 ms on both sides", 50, 5)):
        port, end = slower(ms) if ms else (lab.imaps, lambda: None)
        got = {}
        for kind in ("migrate", "interimap"):
            if kind != "migrate" and kind not in PEERS:
                continue
            p = Peer(kind, u)
            p.port = port
            settle()
            got[kind] = p.run(port)
            note("%s, %s: s" % (where, kind), "-" if got[kind] is None else
                 "%.2f" % got[kind])
            c = p.other.far.connect()
            n = int(c.select("INBOX", readonly=True)[1][0])
            c.logout()
            bar("%s, %s: messages missing" % (where, kind), N - n, 0)
            if kind == "migrate":
                bar("again: s", p.run(port), 3)
            drop(p)
        end()
        if "interimap" in got:
            bar("%s, against interimap" % where,
                ratio(got["migrate"], got["interimap"]), round(1 / least, 3))
    p = Peer("migrate", u)
    bar("peak memory", p.run(memory=True), 32768, "kB")
    drop(p)


def main():
    cases = sys.argv[1:] or ["first", "headers", "nochange", "folders", "flags",
                             "upload", "upload_far", "move", "memory",
                             "big", "migration"] + (
        ["million"] if os.environ.get("SYNC_MILLION") else [])
    u = lab.user()
    for k in PEERS:
        p = Peer(k, u)
        print("\n# %s\n" % " ".join(p.words(lab.imaps, True)))
        print(re.sub("(?m)^", "    ", p.config(lab.imaps, True)[1]))
    print("# imapsync: %s" % " ".join(Peer("imapsync", u).words(
        lab.imaps, True)))
    for c in cases:
        globals()[c]()
    sys.exit(missed)


# An account has INBOX and nothing else that was not made; a process of the
# server has room for 1,000,000 messages; and each connection has a login
# process of its own, as Dovecot is installed, for it does the TLS.
version = subprocess.run(["dovecot", "--version"], capture_output=True,
                         text=True).stdout
lab = up("default_vsz_limit = 4G\nservice imap-login {\n  %s = 1\n}\n" % (
    "service_count" if version.startswith("2.3.") else "restart_request_count"
) + "namespace inbox {\n" + "".join(
    "  mailbox %s {\n    auto = no\n  }\n" % b
    for b in ("Drafts", "Junk", "Sent", "Trash")) + "}\n", disk=True)
main()
