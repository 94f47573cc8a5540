"""syncwalk.py: a random walk of imapsync over a real server, with a model.

	walk = Walk(Other("cyrus"), seed=1)
	walk.steps(300)			checks: nothing lost, nothing twice,
	walk.end()			both sides equal whenever they are at rest

What people and programs do to a Maildir and a mailbox, on either side and in
the middle of a run: deliver, flag, give keywords, delete, move in the ways mail
programs do, copy, make and rename folders.  Runs are killed, cut off, and find
their state lost or old.  The model knows where each message has to be then.  A
message that both sides have touched since the last rest may go either way, but
neither vanish nor multiply beyond what was done to it.
"""
import collections
import imaplib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import synclab
from synclab import Near, PROGRAM, flagset, ok, wire

WORDS = (r"\Seen", r"\Answered", r"\Flagged", r"\Draft", "work", "later")
PLENTY = 60
FIXED = ("INBOX", "Trash", "Drafts", "Junk", "Sent")


def mail(n):
    """Message n.  Of four one has the header of the one before, all but the
    body, two have no Message-ID, and there are several of one size."""
    head = n - 1 if n % 4 == 3 else n
    text = "From: Jo <jo@example.org>\nSubject: number %d\n" \
        "Date: Mon, 1 Jan 2024 10:00:%02d +0000\n" % (head, head % 60)
    if head % 4 != 2 or head % 8 == 2:
        text += "Message-ID: <m%d@example.org>\n" % head
    return (text + "\n" + "line of %06d\n" % n * (1 + head % 5)).encode()


def when(n):
    """It arrived then: no two in one second."""
    return 1_600_000_000 + 60 * n


class Line:
    """Between imapsync and the server: once the server has said so many bytes,
    act() is called, in the place of that data."""

    def __init__(self, port):
        self.port, self.left, self.act, self.lock = port, -1, None, \
            threading.Lock()
        self.s = socket.create_server(("127.0.0.1", 0))
        self.socks = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            a = self.s.accept()[0]
            b = socket.create_connection(("127.0.0.1", self.port))
            self.socks += [a, b]
            for x, y, down in ((a, b, False), (b, a, True)):
                x.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pump, args=(x, y, down),
                                 daemon=True).start()

    def pump(self, x, y, down):
        try:
            while data := x.recv(65536):
                if down:
                    self.count(len(data))
                y.sendall(data)
        except OSError:
            pass
        for s in (x, y):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, n):
        with self.lock:
            if self.act is None:
                return
            self.left -= n
            if self.left <= 0:
                act, self.act = self.act, None
                act()

    def cut(self):
        for s in self.socks:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forget(self):
        """The pumps end by themselves: a socket that was closed under one that
        reads it would stay open at the server."""
        self.act = None
        self.socks = []


class Folder:
    def __init__(self, name, near=None, far=None):
        self.name = name		# on both sides, at rest
        self.side = {"near": near, "far": far}	# now; or None
        self.renamed = False		# since the last rest
        self.thinned = False		# something has left it here


class Place:
    """Where a message has to be."""

    def __init__(self, folder, flags):
        self.folder, self.flags = folder, frozenset(flags)


class Known:
    """What was done to a message since the last rest."""

    def __init__(self, places):
        self.places = places		# of the model
        self.base = len(places)
        self.sides = set()
        self.deleted = self.added = 0
        self.trash_deleted = False


class Walk:
    def __init__(self, other, seed):
        self.o, self.rnd, self.seed = other, random.Random(seed), seed
        self.dir = tempfile.mkdtemp(prefix="walk.", dir="/dev/shm" if
                                    os.access("/dev/shm", os.W_OK) else None)
        self.near = Near(self.dir + "/near")
        os.makedirs(self.near.root)
        self.state, self.old = self.dir + "/state", self.dir + "/old"
        self.m = other.imap()
        self.line = Line(other.port["IMAP"])
        self.step = self.n = self.serial = 0
        self.bad, self.tally = [], collections.Counter()
        self.log, self.child, self.busy = [], None, False
        dot = other.name != "dovecot"
        self.sep, self.prefix = ("." if dot else "/"), "INBOX." if dot else ""
        self.clean_server()
        self.folders = [Folder("INBOX"), Folder("Trash"), Folder("Arch"),
                        Folder("Arch/Old"), Folder("Lists")]
        for f in self.folders:
            if f.name not in self.boxes():
                self.must(self.m.create(self.far_name(f.name)))
        self.folders += [Folder(x) for x in self.boxes()	# made by itself
                         if x not in [f.name for f in self.folders]]
        for f in self.folders:
            f.side["far"] = f.name
        self.trash = self.folders[1]
        self.known = {}			# {n: Known}
        for _ in range(12):
            self.far_deliver()
        self.rest()

    # ---- names

    def far_name(self, name):
        return name if name == "INBOX" else '"%s%s"' % (
            self.prefix, name.replace("/", self.sep))

    def near_name(self, name):
        return name if name == "INBOX" or not self.prefix else "INBOX/" + name

    def boxes(self):
        out = []
        for x in self.m.list()[1]:
            flags, name = re.match(
                rb'\((.*?)\) "." "?(.*?)"?$', x).groups()
            name = name.decode()
            if b"\\noselect" not in flags.lower():
                out.append(name if name == "INBOX" else
                           name[len(self.prefix):].replace(self.sep, "/"))
        return out

    def near_boxes(self):
        return [x if x == "INBOX" or not self.prefix else x[6:]
                for x in self.near.boxes()]

    def refresh(self):
        """A run may have made or renamed what has another name there."""
        for side, names in (("far", self.boxes()),
                            ("near", self.near_boxes())):
            for f in self.folders:
                if f.side[side] not in names:
                    f.side[side] = f.name if f.name in names else None

    def clean_server(self):
        """Folders that go must be empty: Courier keeps what was in them."""
        for name in sorted(self.boxes(), reverse=True):
            if self.m.select(self.far_name(name))[1] != [b"0"]:
                self.m.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
            self.m.close()
            if name != "INBOX":
                self.m.delete(self.far_name(name))

    @staticmethod
    def must(answer):
        assert answer[0] == "OK", answer

    # ---- the sides as they are: [(n, flags, handle)]

    def number(self, data):
        """Which message it is; 0: none of ours."""
        m = re.search(rb"line of (\d+)\r\n", data)
        return int(m[1]) if m and data == wire(mail(int(m[1]))) else 0

    def far_all(self, f):
        typ, got = self.m.select(self.far_name(f.side["far"]))
        assert typ == "OK", (f.side, got)
        if got == [b"0"]:
            return []
        rows = []
        for x in self.m.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")[1]:
            if isinstance(x, tuple):
                rows.append([x[0], x[1]])
            elif rows and x:		# what comes behind the literal
                rows[-1][0] += b" " + x
        return [(self.number(data), flagset(re.search(
            rb"FLAGS \(([^)]*)\)", head)[1].decode()),
            re.search(rb"UID (\d+)", head)[1].decode()) for head, data in rows]

    def near_all(self, f):
        box = self.near_name(f.side["near"])
        out = []
        for path in self.near.files(box):
            try:
                with open(path, "rb") as g:
                    out.append((self.number(wire(g.read())),
                                self.near.flags(box, path), path))
            except FileNotFoundError:	# a run renames it
                pass
        return out

    def view(self, side, f):
        return self.far_all(f) if side == "far" else self.near_all(f)

    # ---- the model

    def knows(self, n):
        return self.known.setdefault(n, Known([]))

    def touch(self, side, n):
        k = self.knows(n)
        k.sides.add(side)
        return k

    def model_add(self, side, n, f, flags):
        k = self.touch(side, n)
        k.added += 1
        k.places.append(Place(f, flags))

    def model_take(self, side, n, f, flags=None):
        """Of several in that folder the one that has these flags."""
        k = self.touch(side, n)
        v = [p for p in k.places if p.folder is f]
        v.sort(key=lambda p: p.flags != flags)
        if v:
            k.places.remove(v[0])
        k.trash_deleted |= f is self.trash

    def model_move(self, side, n, f, to, flags):
        self.model_take(side, n, f, flags)
        self.model_add(side, n, to, flags)

    def model_delete(self, side, n, f):
        k = self.knows(n)
        self.model_take(side, n, f)
        k.deleted += 1
        k.trash_deleted |= f is self.trash or side == "far"

    def model_flag(self, side, n, f, add, word):
        k = self.touch(side, n)
        for p in k.places:
            if p.folder is f:
                p.flags = p.flags | {word.lower()} if add else \
                    p.flags - {word.lower()}
                return

    # ---- what is done to the far side

    def some(self, side):
        """(folder, message) of that side, or None."""
        f = self.rnd.choice([f for f in self.folders if f.side[side]])
        v = [x for x in self.view(side, f) if x[0]]
        return (f, *self.rnd.choice(v)) if v else None

    def another(self, side, f):
        v = [x for x in self.folders if x.side[side] and x is not f]
        return self.rnd.choice(v)

    def say(self, *words):
        self.log.append(" ".join(str(w) for w in words))

    def far_deliver(self):
        f = self.rnd.choice([f for f in self.folders if f.side["far"] and
                             f is not self.trash])
        self.n += 1
        flags = self.rnd.sample(WORDS, self.rnd.choice((0, 0, 1, 2)))
        self.say("far deliver", self.n, "in", f.side["far"], flags)
        self.must(self.m.append(self.far_name(f.side["far"]), "(%s)" %
                                " ".join(flags), imaplib.Time2Internaldate(
                                    when(self.n)), wire(mail(self.n))))
        self.model_add("far", self.n, f, flagset(" ".join(flags)))

    def far_flag(self):
        if not (x := self.some("far")):
            return
        f, n, flags, uid = x
        word = self.rnd.choice(WORDS)
        add = word.lower() not in flags
        self.say("far flag", n, "in", f.side["far"], "+-"[not add] + word)
        self.must(self.m.uid("STORE", uid, "+-"[not add] + "FLAGS.SILENT",
                             "(%s)" % word))
        self.model_flag("far", n, f, add, word)

    def far_delete(self):
        if not (x := self.some("far")):
            return
        f, n, flags, uid = x
        self.say("far delete", n, "in", f.side["far"])
        self.far_remove(uid)
        self.model_delete("far", n, f)

    def far_remove(self, uid):
        self.must(self.m.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        self.must(self.m.uid("EXPUNGE", uid))

    def far_move(self):
        if not (x := self.some("far")):
            return
        f, n, flags, uid = x
        to = self.another("far", f)
        self.say("far move", n, "from", f.side["far"], "to", to.side["far"])
        if "MOVE" in self.m.capabilities and self.rnd.random() < .7:
            self.must(self.m.uid("MOVE", uid, self.far_name(to.side["far"])))
        else:
            self.must(self.m.uid("COPY", uid, self.far_name(to.side["far"])))
            self.far_remove(uid)
        self.model_move("far", n, f, to, flags)

    def far_copy(self):
        if not (x := self.some("far")):
            return
        f, n, flags, uid = x
        to = self.another("far", f)
        self.say("far copy", n, "from", f.side["far"], "to", to.side["far"])
        self.must(self.m.uid("COPY", uid, self.far_name(to.side["far"])))
        self.model_add("far", n, to, flags)

    def new_name(self):
        self.serial += 1
        above = self.rnd.choice(["", ""] + [
            f.name + "/" for f in self.folders if f.name.count("/") == 0 and
            f.name not in FIXED and not f.renamed and
            f.side["near"] == f.side["far"] == f.name])
        return "%sF%d" % (above, self.serial)

    def far_create(self):
        name = self.new_name()
        self.say("far create", name)
        self.must(self.m.create(self.far_name(name)))
        self.folders.append(Folder(name, far=name))

    def below(self, f):
        """It and its inferiors."""
        return [x for x in self.folders if x is f or
                x.name.startswith(f.name + "/")]

    def to_rename(self):
        """(folder, new name), or None: both sides agree about all below it."""
        v = [f for f in self.folders if f.name not in FIXED and
             all(x.side["near"] == x.side["far"] == x.name and not x.renamed
                 for x in self.below(f))]
        if not v:
            return None
        f = self.rnd.choice(v)
        name = self.new_name()
        return (f, name) if not name.startswith(f.name + "/") else None

    def renamed(self, side, f, name):
        old = f.name
        for x in self.below(f):
            x.name = x.side[side] = name + x.name[len(old):]
            x.renamed = True

    def far_rename(self):
        if self.o.name == "courier" or not (x := self.to_rename()):
            return
        f, name = x			# Courier: with another UIDVALIDITY
        self.say("far rename", f.name, "to", name)
        self.must(self.m.rename(self.far_name(f.name), self.far_name(name)))
        self.renamed("far", f, name)

    # ---- what is done to the near side

    def fresh_file(self):
        self.serial += 1
        return "17%08d.M%dP1.walk" % (self.serial, self.serial)

    def near_put(self, f, data, flags, name=None):
        """As a mail program does, by way of tmp; the path."""
        box = self.near_name(f.side["near"])
        name = name or self.fresh_file()
        tmp = self.near.path(box) + "/tmp/" + name
        with open(tmp, "wb") as g:
            g.write(data)
        to = self.near.path(box) + ("/cur/%s:2,%s" % (
            name, self.near.letters(box, flags)) if flags or
            self.rnd.random() < .5 else "/new/" + name)
        os.rename(tmp, to)
        return to

    def near_deliver(self):
        f = self.rnd.choice([f for f in self.folders if f.side["near"] and
                             f is not self.trash])
        self.n += 1
        flags = flagset(" ".join(self.rnd.sample(
            WORDS, self.rnd.choice((0, 0, 1, 2)))))
        self.say("near deliver", self.n, "in", f.side["near"], set(flags))
        to = self.near_put(f, mail(self.n), flags)
        os.utime(to, (when(self.n), when(self.n)))
        self.model_add("near", self.n, f, flags)

    def near_flag(self):
        if not (x := self.some("near")):
            return
        f, n, flags, path = x
        box = self.near_name(f.side["near"])
        word = self.rnd.choice(WORDS).lower()
        self.say("near flag", n, "in", f.side["near"], "+-"[word in flags] +
                 word)
        base = os.path.basename(path).partition(":2,")[0]
        if self.rnd.random() < .2:
            base = self.fresh_file()	# as mutt does at times
        os.rename(path, "%s/cur/%s:2,%s" % (
            self.near.path(box), base, self.near.letters(
                box, flags ^ {word})))
        self.model_flag("near", n, f, word not in flags, word)

    def near_read(self):
        """From new to cur, as a mail program does that has seen it."""
        f = self.rnd.choice([f for f in self.folders if f.side["near"]])
        d = self.near.path(self.near_name(f.side["near"]))
        for name in os.listdir(d + "/new"):
            os.rename(d + "/new/" + name, d + "/cur/" + name + ":2,")
        self.say("near from new to cur in", f.side["near"])

    def near_delete(self):
        if not (x := self.some("near")):
            return
        f, n, flags, path = x
        if f.renamed:			# see near_rename
            return
        self.say("near delete", n, "in", f.side["near"])
        f.thinned = True
        os.unlink(path)
        self.model_delete("near", n, f)

    def near_move(self):
        if not (x := self.some("near")):
            return
        f, n, flags, path = x
        if f.renamed:
            return
        to = self.another("near", f)
        how = self.rnd.choice(("rename", "another name", "copy", "link"))
        self.say("near move", n, "from", f.side["near"], "to",
                 to.side["near"], "by", how)
        box = self.near_name(to.side["near"])
        f.thinned = True
        base = os.path.basename(path).partition(":2,")[0]
        if how in ("another name", "link"):
            base = self.fresh_file()
        new = "%s/cur/%s:2,%s" % (self.near.path(box), base,
                                  self.near.letters(box, flags))
        if how == "copy":		# mutt: saved there, then deleted
            with open(path, "rb") as g:
                self.near_put(to, g.read(), flags)
            self.model_add("near", n, to, flags)
            os.unlink(path)		# another file: this one was deleted
            self.model_delete("near", n, f)
            return
        if how == "link":
            os.link(path, new)
            os.unlink(path)
        else:
            os.rename(path, new)
        self.model_move("near", n, f, to, flags)
        if self.busy:		# a run may see half of it: then it was deleted
            self.knows(n).deleted += 1

    def near_copy(self):
        if not (x := self.some("near")):
            return
        f, n, flags, path = x
        to = self.another("near", f)
        self.say("near copy", n, "from", f.side["near"], "to",
                 to.side["near"])
        with open(path, "rb") as g:
            self.near_put(to, g.read(), flags)
        self.model_add("near", n, to, flags)

    def near_create(self):
        name = self.new_name()
        self.say("near create", name)
        self.near.make(self.near_name(name))
        self.folders.append(Folder(name, near=name))

    def near_rename(self):
        if self.o.name == "courier" or not (x := self.to_rename()):
            return
        f, name = x
        if any(x.thinned for x in self.below(f)):
            return		# its files would tell no more who it is
        self.say("near rename", f.name, "to", name)
        to = self.near.path(self.near_name(name))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        os.rename(self.near.path(self.near_name(f.name)), to)
        self.renamed("near", f, name)

    # ---- runs

    def start(self, *args):
        return subprocess.Popen(
            [PROGRAM, "-S", "imap://127.0.0.1:%d" % self.line.s.getsockname()[
                1], "--tls", "off", "-u", self.o.user, "--password-command",
             "echo " + self.o.password, "--near", self.near.root, "--state",
             self.state, "--allow-deletes", "10000", "-j", *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=dict(os.environ, HOME=self.dir))

    def run(self, *args):
        self.child = self.start(*args)
        try:
            out, err = self.child.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            self.child.kill()
            out, err = self.child.communicate()
            self.fault("a run that does not end", err.decode())
        self.line.forget()
        self.refresh()
        status = self.child.returncode
        self.say("run", *args, "exit", status, err.decode("utf-8", "replace"))
        for line in out.decode("utf-8", "replace").splitlines():
            if '"event":"done"' in line:
                self.say("  ", line)
        return status, '"event":"done"' in out.decode("utf-8", "replace")

    def struck(self, how):
        """A run to which something happens."""
        self.line.left = int(self.rnd.expovariate(1 / 3000))
        if how == "kill":
            self.line.act = lambda: self.child.send_signal(signal.SIGKILL)
        elif how == "cut":
            self.line.act = self.line.cut
        else:
            self.line.act = self.hand
        self.say(how, "after", self.line.left, "bytes")
        self.run(*(["--connections", "1"] if how == "hand" else []))

    def hand(self):
        """Somebody else, while a run is under way."""
        todo = self.rnd.choices(list(HANDS), HANDS.values(),
                                k=self.rnd.randrange(1, 4))
        self.busy = True
        for name in todo:
            self.act(name)
        self.busy = False

    def act(self, name):
        self.tally[name] += 1
        try:
            getattr(self, name)()
        except FileNotFoundError:	# a run has renamed it meanwhile
            self.say("  not done")
        except (AssertionError, imaplib.IMAP4.error) as e:
            self.say("  not done", e)	# there, too
            if not self.busy:
                raise
        try:
            self.m.select("INBOX")	# a folder in use may be renamed
        except imaplib.IMAP4.abort:
            self.m = self.o.imap()

    # ---- the state

    def lose_state(self):
        self.say("the state is lost")
        shutil.rmtree(self.state)

    def lose_some(self):
        """One log, or none, and the index: without that no log is opened that
        has no change, and what is deleted later comes back."""
        v = sorted(x for x in os.listdir(self.state) if x != "lock")
        for x in {self.rnd.choice(v), "index"}:
            self.say("of the state is lost", x)
            os.unlink(self.state + "/" + x)

    def old_state(self):
        if os.path.isdir(self.old):
            self.say("the state of before is back")
            shutil.rmtree(self.state)
            shutil.copytree(self.old, self.state)

    # ---- rest

    def fault(self, what, why=""):
        self.bad.append("step %d: %s\n%s\n%s" % (
            self.step, what, why, "\n".join("    " + x for x in self.log)))

    def rest(self):
        for _ in range(6):
            status, did = self.run()
            if status == 0 and not did:
                break
        else:
            self.fault("it never comes to rest")
        self.check()
        self.log = []

    def check(self):
        near = collections.defaultdict(list)
        far = collections.defaultdict(list)
        names = sorted(f.name for f in self.folders)
        if sorted(self.boxes()) != names or \
                sorted(self.near_boxes()) != names:
            self.fault("folders are not as they should be",
                       "near %s\nfar %s\nwant %s" % (
                           sorted(self.near_boxes()), sorted(self.boxes()),
                           names))
            self.adopt_folders()
        for f in self.folders:
            for side, to in (("near", near), ("far", far)):
                for n, flags, _ in self.view(side, f):
                    to[n].append((f.name, tuple(sorted(flags))))
        for n in sorted(set(near) | set(far) | set(self.known)):
            why = self.wrong(n, sorted(near[n]), sorted(far[n]))
            if why:
                self.fault("message %d: %s" % (n, why), "near %s\nfar %s" % (
                    near[n], far[n]))
        self.m.select("INBOX")
        by = {f.name: f for f in self.folders}
        self.known = {n: Known([Place(by[b], fl) for b, fl in v])
                      for n, v in far.items() if v}
        for f in self.folders:
            f.renamed = f.thinned = False

    def adopt_folders(self):
        both = set(self.boxes()) & set(self.near_boxes())
        self.folders = [f for f in self.folders if f.name in both] + [
            Folder(x, x, x) for x in both - {f.name for f in self.folders}]

    def wrong(self, n, near, far):
        """What is wrong with message n, or ""."""
        if n == 0:
            return "other bytes" if near or far else ""
        if near != far:
            return "the sides differ"
        k = self.knows(n)
        t = self.trash.name
        want = sorted(p.folder.name for p in k.places)
        got = [b for b, _ in far]
        if len(k.sides) > 1:			# either way
            if not got and k.base + k.added > 0 and not k.deleted:
                return "lost, wanted in %s" % want
            if len(got) > k.base + k.added + k.deleted:
                return "too often"
            return ""
        if [b for b in got if b != t] != [b for b in want if b != t]:
            return "wanted in %s" % want
        if not want.count(t) <= got.count(t) <= want.count(t) + k.deleted:
            return "wanted in %s" % want
        if not got and k.deleted and k.base and not k.trash_deleted:
            return "deleted here, and not in the trash"
        if len(set(want)) == len(want) and not k.deleted and \
                sorted((p.folder.name, tuple(sorted(p.flags)))
                       for p in k.places) != far:
            return "other flags, wanted %s" % [
                (p.folder.name, sorted(p.flags)) for p in k.places]
        return ""

    # ---- the walk

    def steps(self, n):
        """At least so many of them."""
        end = self.step + n
        while self.step < end and len(self.bad) < 5:
            self.window()
        return self

    def window(self):
        """Changes, runs that are struck, and then rest."""
        r = self.rnd.random()
        if r < .06:
            self.control(self.rnd.choice(["lose_state", "lose_some",
                                          "old_state"]))
        elif r < .3 or not os.path.isdir(self.old):
            shutil.rmtree(self.old, ignore_errors=True)
            shutil.copytree(self.state, self.old)
        for _ in range(self.rnd.choice((1, 1, 2, 3))):
            for _ in range(self.rnd.randrange(1, 6)):
                few = sum(len(k.places) for k in self.known.values()) < PLENTY
                self.step += 1
                self.act(self.rnd.choices(
                    list(ACTS), [w * (1 if few or not d else 4)
                                 for w, d in ACTS.values()])[0])
            if self.rnd.random() < .5:
                self.step += 1
                how = self.rnd.choice(("kill", "cut", "hand"))
                self.tally[how] += 1
                self.struck(how)
        self.rest()

    def control(self, what):
        """At rest: it costs a look, and changes nothing."""
        self.step += 1
        self.tally[what] += 1
        getattr(self, what)()
        self.rest()

    def end(self):
        name = "%s, seed %d: %d steps" % (self.o.name, self.seed, self.step)
        ok(not self.bad, name + ": nothing is lost or twice",
           "\n".join(self.bad)[:100000])
        for i, text in enumerate(self.bad):
            path = os.environ.get("WALK_LOG")
            if path:
                with open("%s.%d" % (path, i), "w") as f:
                    f.write(text)
        shutil.rmtree(self.dir, ignore_errors=True)
        return self.tally


# name: (how often, does it make messages fewer)
ACTS = {"far_deliver": (6, False), "near_deliver": (6, False),
        "far_flag": (5, False), "near_flag": (5, False),
        "far_delete": (2, True), "near_delete": (2, True),
        "far_move": (3, False), "near_move": (4, False),
        "far_copy": (1, False), "near_copy": (1, False),
        "near_read": (2, False), "far_create": (.4, False),
        "near_create": (.4, False), "far_rename": (.7, False),
        "near_rename": (.7, False)}
HANDS = {"far_deliver": 3, "near_deliver": 2, "far_flag": 3, "near_flag": 3,
         "far_delete": 1, "near_delete": 1, "far_move": 2, "near_move": 2,
         "near_read": 1}
