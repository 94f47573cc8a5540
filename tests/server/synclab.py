"""synclab.py: the laboratory for tests of imapsync written in Python.

	from synclab import *
	lab = up()
	u = lab.user()			an account of Dovecot's and a Maildir
	u.far.append("INBOX", mail(1), r"\\Seen")
	r = u.sync()			r.status r.out r.err r.events r.summary
	u.same("after the first run")	a check: both sides are equal
	done()

IMAPSYNC=PROGRAM runs another one with the same command line, to see that the
checks can fail.
"""
import atexit
import collections
import hashlib
import imaplib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, ROOT + "/tests/lab")
from imapmem import Server  # noqa: E402
from imapproxy import Proxy  # noqa: E402

BUILD = os.environ.get("POSTBAG_BUILD", ROOT + "/build")
os.environ["POSTBAG_SCHEMA_CHECK"] = "1"        # common/json_check.h
PROGRAM = os.environ.get("IMAPSYNC", BUILD + "/imapsync")
imaplib._MAXLINE = 100_000_000
FOREVER = 60

# ---- TAP

count = failed = 0


def diag(text):
    print("# " + str(text).replace("\n", "\n# "), file=sys.stderr)
    sys.stderr.flush()


def ok(good, name, why=""):
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count,
                            name.replace("#", r"\#")))
    sys.stdout.flush()
    if not good:
        failed += 1
        diag("failed: %s" % name)
        if why:
            diag(str(why)[:3000])
    return good


def is_(got, want, name):
    return ok(got == want, name, " got: %r\nwant: %r" % (got, want))


def like(text, pattern, name):
    return ok(re.search(pattern, text), name,
              "text: %r\nnot like: %s" % (text[:1000], pattern))


def unlike(text, pattern, name):
    return ok(not re.search(pattern, text), name,
              "text: %r\nlike: %s" % (text[:1000], pattern))


def scenario(f):
    """Runs it at once; that it raises is a failure and not the end."""
    try:
        f()
    except Exception:
        import traceback
        ok(False, (f.__doc__ or f.__name__).strip() + ": to the end",
           traceback.format_exc())
    return f


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def done():
    print("1..%d" % count)
    if failed:
        diag("%d of %d failed" % (failed, count))
    sys.exit(failed > 0)


# ---- messages and names

def mail(n, size=0, subject=None, date=None):
    """Message n, with LF."""
    head = ("From: Jo <jo@example.org>\nTo: billy@johndoe.com\n"
            "Date: Mon, 1 Jan 2024 10:00:00 +0000\n"
            "Subject: %s\nMessage-ID: <m%d@example.org>\n\n" % (
                subject or "number %d" % n, n))
    return (head + "line of %d\n" % n * (3 + n % 5 + size // 12)).encode()


def wire(data):
    """As a file's bytes travel."""
    return data if b"\r\n" in data else data.replace(b"\n", b"\r\n")


def sha(data):
    return hashlib.sha256(data).hexdigest()[:12]


def utf7(name):
    out, run = "", ""
    import base64

    def flush():
        nonlocal run, out
        if run:
            code = base64.b64encode(run.encode("utf-16-be")).decode()
            out += "&" + code.rstrip("=").replace("/", ",") + "-"
            run = ""
    for c in name:
        if " " <= c <= "~":
            flush()
            out += "&-" if c == "&" else c
        else:
            run += c
    flush()
    return out


def un7(text):
    import base64

    def decode(m):
        if not m[1]:
            return "&"
        s = m[1].replace(",", "/")
        return base64.b64decode(s + "=" * (-len(s) % 4)).decode("utf-16-be")
    return re.sub(r"&([^-]*)-", decode, text)


def quote(name):
    return '"' + utf7(name).replace("\\", r"\\").replace('"', r'\"') + '"'


LETTERS = {"S": r"\seen", "R": r"\answered", "F": r"\flagged",
           "D": r"\draft", "T": r"\deleted", "P": "$forwarded"}
BY_FLAG = {f: c for c, f in LETTERS.items()}


class Msg(collections.namedtuple("Msg", "uid flags date body")):
    @property
    def subject(self):
        m = re.search(rb"^Subject: (.*?)\r?$", self.body, re.M)
        return m[1].decode("utf-8", "replace") if m else ""


def flagset(words):
    return frozenset(w.lower() for w in words.split()
                     if w.lower() != r"\recent")


def canon(boxes):
    """What must be equal on both sides."""
    return {b: collections.Counter((sha(m.body), tuple(sorted(m.flags)))
                                   for m in v) for b, v in boxes.items()}


def differ(a, b, names=("near", "far")):
    """In words, or ""."""
    out = []
    for box in sorted(set(a) | set(b)):
        x = {(m.subject or sha(m.body), sha(m.body), tuple(sorted(m.flags))):
             0 for m in a.get(box, []) + b.get(box, [])}
        for k in x:
            n = [sum((m.subject or sha(m.body), sha(m.body),
                      tuple(sorted(m.flags))) == k for m in s.get(box, []))
                 for s in (a, b)]
            if n[0] != n[1]:
                out.append("%s: %r: %d %s, %d %s" % (
                    box, k, n[0], names[0], n[1], names[1]))
        for s, name in ((a, names[0]), (b, names[1])):
            if box not in s:
                out.append("%s: no such mailbox %s" % (box, name))
    return "\n".join(out)


# ---- the server's side

class Far:
    def __init__(self, name):
        self.name = name
        self.home = lab.env["LAB"] + "/mail/" + name

    def connect(self):
        m = imaplib.IMAP4_SSL("localhost", lab.imaps, ssl_context=lab.context)
        m.login(self.name, "secret")
        return m

    def append(self, box, data, flags="", date=None, m=None):
        """The bytes as they are, but with CRLF."""
        c = m or self.connect()
        c.literal = wire(data)
        when = date and imaplib.Time2Internaldate(date)
        words = [quote(box), "(" + flags + ")"] + ([when] if when else [])
        typ, got = c._simple_command("APPEND", *words)
        assert typ == "OK", got
        uid = re.search(rb"APPENDUID \d+ (\d+)", got[0])
        if not m:
            c.logout()
        return int(uid[1]) if uid else None

    def appends(self, box, messages, flags=""):
        """(data, flags) or data, by one connection."""
        c = self.connect()
        for x in messages:
            d, f = x if isinstance(x, tuple) else (x, flags)
            self.append(box, d, f, m=c)
        c.logout()

    def do(self, *commands, box=None):
        """Commands with all their words; LIST of (typ, data)."""
        c = self.connect()
        out = []
        if box is not None:
            typ, got = c.select(quote(box))
            assert typ == "OK", got
        for x in commands:
            verb, _, rest = x.partition(" ")
            if verb == "UID":
                got = c.uid(*rest.split(" ", 1))
            else:
                got = c._simple_command(verb, *([rest] if rest else []))
            out.append(got)
        c.logout()
        return out

    def store(self, box, uids, what):
        (typ, got), = self.do("UID STORE %s %s" % (uids, what), box=box)
        assert typ == "OK", got

    def expunge(self, box, uids):
        self.do("UID STORE %s +FLAGS.SILENT (\\Deleted)" % uids,
                "UID EXPUNGE %s" % uids, box=box)

    def move(self, box, uids, to):
        (typ, got), = self.do("UID MOVE %s %s" % (uids, quote(to)), box=box)
        assert typ == "OK", got

    def create(self, *names):
        for typ, got in self.do(*("CREATE " + quote(n) for n in names)):
            assert typ == "OK", got

    def status(self, box, item):
        c = self.connect()
        typ, got = c.status(quote(box), "(%s)" % item)
        c.logout()
        return int(re.search(rb"%s (\d+)" % item.encode(), got[0])[1])

    def boxes(self, m=None):
        c = m or self.connect()
        _, data = c.list()
        names = []
        for x in data:
            head = x[0] if isinstance(x, tuple) else x or b""
            if rb"\noselect" in head.lower() or \
                    rb"\nonexistent" in head.lower():
                continue
            if isinstance(x, tuple):		# its name is a literal
                names.append(un7(x[1].decode()))
            elif x:
                name = re.search(r'\) (?:NIL|"(?:\\?.)") (.*)$', x.decode())[1]
                if name.startswith('"'):
                    name = re.sub(r"\\(.)", r"\1", name[1:-1])
                names.append(un7(name))
        if not m:
            c.logout()
        return sorted(names)

    def messages(self, box, m=None):
        c = m or self.connect()
        typ, got = c.select(quote(box), readonly=True)
        assert typ == "OK", (box, got)
        out = []
        if int(got[0]):
            _, data = c.uid("FETCH", "1:*",
                            "(UID FLAGS INTERNALDATE BODY.PEEK[])")
            for i, x in enumerate(data):
                if not isinstance(x, tuple):
                    continue
                head = x[0].decode() + " " + (
                    data[i + 1].decode() if isinstance(data[i + 1], bytes)
                    else "")
                out.append(Msg(
                    int(re.search(r"UID (\d+)", head)[1]),
                    flagset(re.search(r"FLAGS \(([^)]*)\)", head)[1]),
                    imaplib.Internaldate2tuple(x[0] + b" " + (
                        data[i + 1] if isinstance(data[i + 1], bytes)
                        else b"")), x[1]))
        if not m:
            c.logout()
        return out

    def all(self):
        c = self.connect()
        out = {}
        for b in self.boxes(c):
            out[b] = self.messages(b, c)
        c.logout()
        return out

    def uid_of(self, box, subject):
        return next(m.uid for m in self.messages(box) if m.subject == subject)


# ---- our side

class Near:
    def __init__(self, root):
        self.root = root

    def path(self, box):
        return self.root + "/" + box

    def make(self, box):
        for d in ("cur", "new", "tmp"):
            os.makedirs(self.path(box) + "/" + d, exist_ok=True)

    def deliver(self, box, data, flags=None, name=None, date=None):
        """Into new/, or with flags ("FS") into cur/; the path."""
        name = name or "%d.M%dP%d.near" % (
            time.time(), next(serial), os.getpid())
        tmp = self.path(box) + "/tmp/" + name
        with open(tmp, "wb") as f:
            f.write(data)
        if date:
            os.utime(tmp, (date, date))
        to = self.path(box) + ("/new/" + name if flags is None else
                               "/cur/" + name + ":2," + flags)
        os.rename(tmp, to)
        return to

    def files(self, box):
        out = []
        for d in ("cur", "new"):
            p = self.path(box) + "/" + d
            if os.path.isdir(p):
                out += [p + "/" + n for n in sorted(os.listdir(p))]
        return out

    def file(self, box, subject):
        """The one file with that subject."""
        want = b"\nSubject: " + subject.encode() + b"\n"
        for f in self.files(box):
            with open(f, "rb") as g:
                if want in g.read().replace(b"\r", b""):
                    return f
        raise LookupError("%s: nothing is called %s" % (box, subject))

    def keywords(self, box):
        try:
            with open(self.path(box) + "/dovecot-keywords") as f:
                return {chr(97 + int(n)): w.lower() for n, w in
                        (line.split() for line in f)}
        except OSError:
            return {}

    def flags(self, box, path):
        words = self.keywords(box)
        info = path.rpartition(":2,")[2] if ":2," in path else ""
        return frozenset(LETTERS.get(c) or words.get(c) or "?" + c
                         for c in info)

    def set(self, box, subject, letters):
        """As a mail program does; the new path."""
        old = self.file(box, subject)
        base = os.path.basename(old).partition(":2,")[0]
        new = self.path(box) + "/cur/" + base + ":2," + \
            "".join(sorted(letters))
        os.rename(old, new)
        return new

    def letters(self, box, flags):
        """Letters of these flags, keywords written down if need be."""
        words = {w: c for c, w in self.keywords(box).items()}
        for f in flags:
            if f not in BY_FLAG and f not in words:
                words[f] = chr(97 + len(words))
                with open(self.path(box) + "/dovecot-keywords", "a") as g:
                    g.write("%d %s\n" % (ord(words[f]) - 97, f))
        return "".join(sorted(BY_FLAG.get(f) or words[f] for f in flags))

    def remove(self, box, subject):
        os.unlink(self.file(box, subject))

    def move(self, box, subject, to):
        old = self.file(box, subject)
        new = self.path(to) + "/cur/" + os.path.basename(old) + (
            "" if ":2," in old else ":2,")
        os.rename(old, new)
        return new

    def boxes(self):
        out = []
        for d, dirs, _ in os.walk(self.root):
            dirs[:] = [x for x in dirs if x not in ("cur", "new", "tmp",
                                                    ".attic")]
            if os.path.isdir(d + "/cur") and d != self.root:
                name = os.path.relpath(d, self.root)
                out.append(re.sub(rb"%([0-9A-Fa-f]{2})", lambda m:
                                  bytes([int(m[1], 16)]),
                                  os.fsencode(name)).decode())
        return sorted(out)

    def messages(self, box, path=None):
        out = []
        for f in self.files(path or box):
            with open(f, "rb") as g:
                data = g.read()
            out.append(Msg(0, self.flags(path or box, f),
                           os.stat(f).st_mtime, wire(data)))
        return out

    def all(self):
        out = {}
        for b in self.boxes():
            p = b
            if not os.path.isdir(self.path(b)):		# it is escaped
                p = next(os.path.relpath(d, self.root)
                         for d, _, _ in os.walk(self.root)
                         if re.sub("%([0-9A-Fa-f]{2})", lambda m: chr(int(
                             m[1], 16)), os.path.relpath(d, self.root)) == b)
            out[b] = self.messages(b, p)
        return out

    def attic(self):
        out = []
        for top in (self.root + ".attic", self.root + "/.attic"):
            for d, _, names in os.walk(top):
                out += [d + "/" + n for n in names]
        return sorted(out)

    def tree(self):
        """Everything: to see that nothing was touched."""
        out = {}
        for d, _, names in os.walk(self.root):
            for n in names + ["."]:
                s = os.lstat(d + "/" + n)
                out[d + "/" + n] = (s.st_ino, s.st_size, s.st_mtime_ns,
                                    s.st_ctime_ns)
        return out


def peak(p):
    """Waits for it; the kB of memory that it had at most."""
    path, kb = "/proc/%d/" % p.pid, 0
    while p.poll() is None:
        try:
            if os.readlink(path + "exe") == os.path.realpath("/proc/self/exe"):
                continue		# it is this program still
            with open(path + "status") as f:
                m = re.search(r"VmHWM:\s*(\d+)", f.read())
            kb = max(kb, int(m[1]) if m else 0)
        except OSError:
            pass
        time.sleep(0.002)
    return kb


def counter():
    n = 0
    while True:
        n += 1
        yield n


serial = counter()


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.events = []
        for line in out.splitlines():
            if line.startswith("{"):
                self.events.append(json.loads(line))
        self.summary = next((e for e in self.events
                             if e.get("event") == "summary"), {})

    def acts(self, event):
        """(act, box, uid or file, flags) of each, sorted."""
        return sorted((e["act"], e["box"], str(e.get("uid"))
                       if e["act"] not in ("push", "orphan") else
                       os.path.basename(e["file"]).partition(":")[0],
                       str(e.get("add")), str(e.get("del")))
                      for e in self.events if e.get("event") == event)


class User:
    def __init__(self, name, near=None):
        self.name = name
        self.dir = lab.dir + "/" + name
        self.near = Near(near or self.dir + "/near")
        self.state = self.dir + "/state"
        self.far = Far(name)
        self.proxies = []
        os.makedirs(self.near.root, exist_ok=True)

    def second(self):
        """Another Maildir of the same account."""
        v = User.__new__(User)
        v.name, v.far, v.proxies = self.name, self.far, []
        v.dir = "%s/%s.%d" % (lab.dir, self.name, next(serial))
        v.near, v.state = Near(v.dir + "/near"), v.dir + "/state"
        os.makedirs(v.near.root)
        return v

    def proxy(self, **how):
        p = Proxy(lab.imaps, lab.ca, **how)
        self.proxies.append(p)
        return p

    def words(self, *args, proxy=None):
        where = "imap://127.0.0.1:%d" % proxy.port if proxy else \
            "imaps://localhost:%d" % lab.imaps
        w = [PROGRAM, "-S", where, "-u", self.name, "--password-command",
             "echo secret", "--near", self.near.root, "--state", self.state]
        w += ["--tls", "off"] if proxy else ["--ca", lab.ca]
        return w + list(args)

    def start(self, *args, proxy=None, env=None, **how):
        e = dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=self.dir + "/cfg",
                 XDG_STATE_HOME=self.dir + "/xdg", **(env or {}))
        return subprocess.Popen(
            self.words(*args, proxy=proxy), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=e, **how)

    def sync(self, *args, proxy=None, env=None, limit=FOREVER):
        p = self.start(*args, proxy=proxy, env=env)
        try:
            out, err = p.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            err += b"\n(still running after %d s)" % limit
            return Result(-9, out.decode("utf-8", "replace"),
                          err.decode("utf-8", "replace"))
        return Result(p.returncode, out.decode("utf-8", "replace"),
                      err.decode("utf-8", "replace"))

    # --- checks
    def runs(self, name, *args, status=0, **how):
        """It exits with status, and if that is 0 without a word."""
        r = self.sync(*args, **how)
        loud = {"-j", "-n", "-v"} & set(args)
        ok(r.status == status and (status or loud or not (r.out or r.err)),
           name, "exit %d, want %d\n%s%s" % (r.status, status, r.out, r.err))
        return r

    def same(self, name, ignore=()):
        """Both sides are equal."""
        near, far = self.near.all(), self.far.all()
        for b in ignore:
            near.pop(b, 0)
            far.pop(b, 0)
        return ok(canon(near) == canon(far), name, differ(near, far))

    def settled(self, name, sent=False):
        """Another run does nothing: no plan, no SELECT, nothing touched.
        sent: the run before changed something on the server; then this one
        has a look at that, and does nothing, and the next is as above."""
        before, far = self.near.tree(), canon(self.far.all())
        why, bad, said = [], [], []
        for looks in (True, False)[not sent:]:
            p = self.proxy()
            r = self.sync("-j", proxy=p)
            p.close()
            why += [e for e in r.events if e.get("event") in ("plan", "done")]
            bad += [c for c in p.commands if re.match(
                "SELECT|EXAMINE|UID|APPEND|CREATE|DELETE|RENAME", c) and not
                (looks and re.match(r"SELECT|UID SEARCH|UID FETCH "
                                    r"(?!.*BODY\.PEEK\[\])", c))]
            said += [r.status, r.err] if r.status or r.err else []
        tree = self.near.tree()
        touched = [f for f in set(before) | set(tree)
                   if before.get(f) != tree.get(f)]
        return ok(not said and not why and not bad and
                  not touched and canon(self.far.all()) == far, name,
                  "%s\n%s\n%s\ntouched: %s" % (
                      said, why, "\n".join(bad), touched))

    def plan_is_run(self, name, *args, status=0):
        """-n touches nothing and says exactly what the run then does (but for
        what arrives in the trash by it and is fetched from there)."""
        before, far = self.near.tree(), canon(self.far.all())
        n = self.sync("-n", "-j", *args)
        clean = self.near.tree() == before and \
            canon(self.far.all()) == far
        r = self.sync("-j", *args)
        plan, run = n.acts("plan"), r.acts("done")
        if any(x[0] == "far-delete" for x in plan):
            run = [x for x in run if x[:2] != ("fetch", "Trash")]
        ok(clean and r.status == status and plan and plan == run, name,
           "exit %d\nplan only: %s\n run only: %s\nuntouched: %s %s" % (
               r.status, [x for x in plan if x not in run],
               [x for x in run if x not in plan], clean, r.err + n.err))
        return r


# ---- a small account, and every kind of change to it

BASE = {1: "", 2: r"\Seen", 3: "", 4: "", 5: r"\Seen", 6: "", 7: r"\Flagged",
        8: "", 9: "", 10: r"\Answered", 11: "", 12: ""}


def base(u):
    """What is there before the first run."""
    u.far.create("Archive", "Old far", "Old near")
    u.far.appends("INBOX", [(mail(i), f) for i, f in BASE.items()])
    u.far.append("Archive", mail(13))
    u.far.append("Old far", mail(14))
    u.far.append("Old near", mail(15))


def change_far(u):
    u.far.append("INBOX", mail(21), r"\Seen")
    u.far.do(r"UID STORE 1,11 +FLAGS.SILENT (\Flagged)",
             r"UID STORE 2 -FLAGS.SILENT (\Seen)",
             r"UID STORE 3 +FLAGS.SILENT (work)",
             r"UID STORE 4,12 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 4,12",
             "UID MOVE 5 Archive", box="INBOX")
    u.far.create("Made/far")
    u.far.append("Made/far", mail(22))
    u.far.do('RENAME "Old far" "Renamed far"')


def change_near(u):
    n = u.near
    n.deliver("INBOX", mail(31))
    n.set("INBOX", "number 6", "S")
    n.set("INBOX", "number 7", "")
    n.set("INBOX", "number 8", n.letters("INBOX", ["home"]))
    n.set("INBOX", "number 11", "R")
    n.remove("INBOX", "number 9")
    n.remove("INBOX", "number 12")
    n.move("INBOX", "number 10", "Archive")
    n.make("Made near")
    n.deliver("Made near", mail(32), "F")
    os.rename(n.path("Old near"), n.path("Renamed near"))


def expected():
    """What both sides have then: {mailbox: {subject: flags}}."""
    out = {b: {} for b in ("Drafts", "Junk", "Sent")}
    out["INBOX"] = {1: [r"\flagged"], 2: [], 3: ["work"], 6: [r"\seen"], 7: [],
                    8: ["home"], 11: [r"\answered", r"\flagged"],
                    21: [r"\seen"], 31: []}
    out["Archive"] = {5: [r"\seen"], 10: [r"\answered"], 13: []}
    out["Trash"] = {9: []}
    out["Made/far"] = {22: []}
    out["Made near"] = {32: [r"\flagged"]}
    out["Renamed far"], out["Renamed near"] = {14: []}, {15: []}
    return out


def told(boxes):
    """The same of what is there; doubles and wrong bytes show."""
    out = {}
    for b, v in boxes.items():
        out[b] = {}
        for m in v:
            n = int(m.subject.split()[1])
            key = n if n not in out[b] else "%d again" % n
            out[b][key] = sorted(m.flags)
            if m.body != wire(mail(n)):
                out[b][key] = "other bytes"
    return out


def differs(got, want):
    return "\n".join("%s: got %s, want %s" % (b, got.get(b), want.get(b))
                     for b in sorted(set(got) | set(want), key=str)
                     if got.get(b) != want.get(b))


class Alone(User):
    """A Maildir, and a Server of imapmem."""

    def __init__(self, **how):
        self.dir = tempfile.mkdtemp(prefix="sync.")
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        self.name = "jo"
        self.near, self.state = Near(self.dir + "/near"), self.dir + "/state"
        os.makedirs(self.near.root)
        self.server = Server(**how)
        self.proxies = []

    def words(self, *args, proxy=None):
        return [PROGRAM, "-S", "imap://127.0.0.1:%d" % self.server.port,
                "--tls", "off", "-u", "jo", "--password-command",
                "echo secret", "--near", self.near.root, "--state",
                self.state] + list(args)

    def box(self, name="INBOX"):
        return self.server.box(name)


# ---- the laboratory

class Lab:
    """lab.sh in a shell of its own, ended when we end."""

    def __init__(self, conf="", disk=False):
        self.shell = subprocess.Popen(
            ["bash", "-c", '. "$0" && lab_up dovecot && env -0 && '
             'printf "END=\\0" && cat > /dev/null',
             ROOT + "/tests/lab/lab.sh"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True,
            env=dict(os.environ, LAB_DOVECOT_CONF=conf))
        atexit.register(self.down)
        text = b""
        while not text.endswith(b"\0END=\0"):
            got = os.read(self.shell.stdout.fileno(), 65536)
            if not got:
                print("Bail out! no laboratory")
                sys.exit(1)
            text += got
        self.env = dict(x.split("=", 1) for x in os.fsdecode(text).split("\0")
                        if "=" in x)
        self.imaps = int(self.env["LAB_IMAPS_PORT"])
        self.ca = self.env["LAB_CA"]
        self.context = ssl.create_default_context(cafile=self.ca)
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) and \
            not disk else None
        self.dir = tempfile.mkdtemp(prefix="sync.", dir=shm)
        self.owner = os.stat(self.env["LAB_MAILDIR_billy"])
        self.users = 0
        self.made = 0
        self.lock = threading.Lock()
        for s in (signal.SIGTERM, signal.SIGINT):
            signal.signal(s, lambda *_: sys.exit(1))

    def user(self):
        """A new, empty account."""
        with self.lock:
            self.users += 1
            if self.users > self.made:
                self.made += 500
                with open(self.env["LAB"] + "/dovecot/passwd", "a") as f:
                    for i in range(self.made - 499, self.made + 1):
                        f.write("u%d@johndoe.com:{PLAIN}secret::::::\n" % i)
            name = "u%d" % self.users
        return User(name)

    def own(self, *paths):
        for top in paths:
            for d, _, names in os.walk(top):
                for n in names + ["."]:
                    os.chown(d + "/" + n, self.owner.st_uid,
                             self.owner.st_gid)

    def down(self):
        self.shell.stdin.close()
        try:
            self.shell.wait(20)
        except subprocess.TimeoutExpired:
            self.shell.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


lab = None


def up(conf="", disk=False):
    """disk: our side is not in memory."""
    global lab
    if not os.path.exists(PROGRAM):
        skip_all("no " + PROGRAM)
    lab = sys.modules[__name__].lab = Lab(conf, disk)
    return lab
