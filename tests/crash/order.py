#!/usr/bin/env python3
"""What a run relied on before it was on the disk, by strace.

    order.py run TRACE CMD...       runs it under strace; its exit status
    order.py check TRACE DIR...     prints each step that came too early

The trace is replayed on a model of a disk that keeps nothing that was not
synced: what was written to a file until fsync, fdatasync or syncfs, a name
until its folder is synced.  Only what is below one of DIR counts.  Told is

    visible     a file gets its name in new/ or cur/, or that of a state (.state,
                .st, index, an output), or a folder its name in a queue, and
                its bytes may be lost, or names in it
    attempted   a message is sent while what is written in its queue, or that
                it is about to be sent, may be lost
    recorded    a state is written to while names in a Maildir may be lost
    deleted     the server is told to delete, move or flag while bytes, names
                or records may be lost; to delete, before an upload is recorded
    moved       a file goes from one Maildir to another while the record that it
                is to may be lost
    uploaded    a message is sent for good while the record of it may be lost
    end         the program ends with a 0 and something may be lost

and at the end how often each of them was looked at, so that a test can see
that there was something to see.
"""
import os
import re
import subprocess
import sys

TRACED = ("openat,write,pwrite64,writev,sendto,sendmsg,rename,renameat,"
          "renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,ftruncate,"
          "fsync,fdatasync,syncfs,exit_group")
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+|\?)")
FD = re.compile(r"^(\d+)<((?:[^<>]|<[^<>]*>)*)>(?:\(deleted\))?")
WORD = r'"((?:[^"\\]|\\.)*)"'
AT = re.compile(r"(?:(AT_FDCWD|\d+)(?:<([^>]*)>(?:\(deleted\))?)?, )?" + WORD)


def run(log, cmd):
    return subprocess.call(["strace", "-f", "-y", "-qq", "-s", "400", "-o",
                            log, "-e", "trace=" + TRACED] + cmd)


def calls(log):
    """(line, begun, name, the first descriptor's path or "", the arguments) of
    each call that succeeded.  One that others interrupted has ended at the
    line and began at an earlier one; what writes counts from its beginning.  Of
    the ends of processes there is that of the first one."""
    def call(line, begun):
        m = CALL.match(line)
        if m and m[3] != "-1" and (m[1] != "exit_group" or pid == first):
            fd = FD.match(m[2])
            yield n, begun, m[1], fd[2] if fd else "", m[2]

    open_, n, first = {}, 0, None
    with open(log, errors="replace") as f:
        for line in f:
            pid = line.partition(" ")[0]
            first = first or pid
            if line.endswith("<unfinished ...>\n"):
                line = line[:-len("<unfinished ...>\n")]
                if re.match(r"^\d+ +(write|pwrite|ftruncate)", line):
                    yield from call(line + ") = 0", n)
                else:
                    open_[pid] = line, n
            elif re.match(r"^\d+ +<\.\.\. \w+ resumed>", line):
                if pid in open_:
                    was, begun = open_.pop(pid)
                    yield from call(was + line.partition(" resumed>")[2], begun)
            else:
                yield from call(line, n)
            n += 1


def names(text):
    """The paths that the arguments name, whole."""
    out = []
    for at, dir, name in AT.findall(text):
        if at != "" and dir and not name.startswith("/"):
            name = dir + "/" + name if name else dir
        out.append(name)
    return out


class Disk:
    def __init__(self, dirs):
        self.dirs = dirs
        self.now = 0        # the line of the trace
        self.wet = {}       # path -> when it was written to
        self.loose = {}     # folder -> the name in it that may be lost
        self.when = {}      # folder -> when that was
        self.fds = {}       # number -> path, for /proc/self/fd/N
        self.owed = None    # an upload of which nothing was recorded since
        self.noted = False  # a state was written to since the last move
        self.told = []
        self.seen = dict.fromkeys(
            ("begun", "visible", "attempted", "recorded", "deleted", "moved",
             "uploaded", "end"), 0)

    def ours(self, path):
        """Nobody minds what a lock says once its process has gone."""
        return not re.search(r"[./]lock$", path) and any(path == d or path.startswith(d + "/") for d in self.dirs)

    def state(self, path):
        return re.search(r"\.(state|st)$|/index$", path) is not None

    def mail(self, dir):
        return re.search(r"/(new|cur)$", dir) is not None

    def queue(self, path):
        return re.search(r"/queue/\d+(/|$)", path) is not None

    def look(self, what, bad, why):
        self.seen[what] += 1
        if bad:
            self.told.append("%s: %s: %s" % (what, why, sorted(bad)[:3]))

    def begin(self, what):
        """What mailfetch does to a Maildir or an mbox, its state has
        announced: after a crash it looks there for what it did."""
        self.look("begun", [p for p in self.wet if p.endswith(".state")],
                  "the state does not say so: " + what)

    def folder(self, a, b):
        """A folder of a queue has its last name now, with what is in it."""
        early = [p for p in self.wet if p.startswith(a + "/")]
        for p in early:
            self.wet[b + p[len(a):]] = self.wet.pop(p)
        if a in self.loose:
            early.append(self.loose[a])
            self.loose[b] = self.loose.pop(a)
            self.when[b] = self.when.pop(a)
        self.look("visible", early, "it is not synced")

    def named(self, a, b):
        if "/.new-" in a and self.queue(b):
            self.folder(a, b)
        self.wet.pop(b, None)
        if a in self.wet:
            self.wet[b] = self.wet.pop(a)
        if not self.ours(b):
            return
        dir = os.path.dirname(b)
        if self.mail(dir) or self.state(b):
            self.look("visible", [b] if b in self.wet else [],
                      "its bytes are not synced")
        if self.mail(dir):
            self.begin(b)
        self.loosen(dir, b)

    def moves(self, a, b):
        """From a Maildir to another one."""
        dirs = [os.path.dirname(p) for p in (a, b)]
        if self.ours(b) and all(self.mail(d) for d in dirs) and \
                len({os.path.dirname(d) for d in dirs}) == 2:
            self.look("moved", [p for p in self.wet if self.state(p)] +
                      ([] if self.noted else [b]), "the intent is not synced")
            self.noted = False

    def loosen(self, dir, name):
        self.loose[dir] = name
        self.when[dir] = self.now

    def on(self, path):
        """The file system; what is gone again was on that of its folder."""
        while not os.path.exists(path):
            path = os.path.dirname(path)
        return os.stat(path).st_dev

    def synced(self, begun, path, all):
        """What was there when the sync began; all: of its file system."""
        for p in list(self.wet) if all else [path]:
            if self.wet.get(p, begun) < begun and self.on(p) == self.on(path):
                del self.wet[p]
        for d in list(self.loose) if all else [path]:
            if d in self.loose and self.when[d] < begun and \
                    self.on(d) == self.on(path):
                del self.loose[d]

    def wrote(self, path):
        if self.state(path) and self.ours(path):
            self.look("recorded", [n for d, n in self.loose.items()
                                   if self.mail(d)], "names are not synced")
            self.owed = None
            self.noted = True
        if path.endswith("/mb"):
            self.begin(path)
        if self.ours(path):
            self.wet[path] = self.now

    def sent(self, text):
        if "MAIL FROM:" in text:
            self.look("attempted", [p for p in self.wet if self.queue(p) or
                                    p.endswith(".state")] +
                      [n for n in self.loose.values() if self.queue(n)],
                      "not synced before " + text[:60])
        if re.search(r'(DELE \d|UID (STORE|MOVE|EXPUNGE)|EXPUNGE|A\d+ '
                     r'(STORE|MOVE|EXPUNGE))', text):
            self.look("deleted", list(self.wet) + list(self.loose.values()),
                      "not synced before " + text[:60])
        if re.search(r"EXPUNGE|\+FLAGS[.A-Z]* \(\\+Deleted\)", text):
            self.look("deleted", [self.owed] if self.owed else [],
                      "not recorded before " + text[:60])
        if re.search(r"A\d+ APPEND ", text):
            self.owed = text[:60]
            self.look("uploaded", [p for p in self.wet if self.state(p)],
                      "the intent is not synced")

    def event(self, begun, name, path, text):
        if name == "openat":
            n = names(text)
            made = "O_CREAT" in text and n
            # A name that was there already is no news; nobody can tell from
            # the call, so only what is written to counts.
            if made and self.ours(n[0]) and "O_EXCL" in text:
                self.loosen(os.path.dirname(n[0]), n[0])
        elif name in ("write", "pwrite64", "writev", "ftruncate"):
            self.fds[text.partition("<")[0]] = path
            if "socket:" in path or "TCP" in path:
                self.sent(text)
            else:
                self.wrote(path)
        elif name in ("sendto", "sendmsg"):
            self.sent(text)
        elif name.startswith("rename"):
            n = names(text)
            if len(n) == 2:
                self.moves(*n)
                self.named(*n)
                # What left tmp/ may stand there again: it is cleared away.
                if self.ours(n[0]) and self.mail(os.path.dirname(n[0])):
                    self.loosen(os.path.dirname(n[0]), n[0])
        elif name.startswith("mkdir"):
            for n in names(text)[:1]:
                if self.ours(n):
                    self.loosen(os.path.dirname(n), n)
        elif name.startswith("link"):
            n = names(text)
            m = re.match(r"/proc/self/fd/(\d+)$", n[0])
            if m:
                n[0] = self.fds.get(m[1], "")
            if len(n) == 2:
                self.named(*n)
        elif name in ("syncfs", "fsync", "fdatasync"):
            self.synced(begun, path, name == "syncfs")
        elif name.startswith("unlink"):
            for n in names(text)[:1]:
                self.wet.pop(n, None)
                if self.loose.get(os.path.dirname(n)) == n:
                    del self.loose[os.path.dirname(n)]
        elif name == "exit_group" and text.startswith("0"):
            # A run without news may forget again what it forgot.
            self.look("end", [p for p in self.wet if self.seen["visible"] or
                              not self.state(p)] + [
                n for d, n in self.loose.items() if self.mail(d) or
                self.queue(n) or self.queue(n + "/0")], "lost")


def check(log, dirs):
    d = Disk([os.path.realpath(p) for p in dirs])
    for d.now, begun, name, path, text in calls(log):
        d.event(begun, name, path, text)
    return d


def main(how, log, *rest):
    if how == "run":
        sys.exit(run(log, list(rest)))
    d = check(log, rest)
    for t in d.told:
        print(t)
    print(" ".join("%s:%d" % (k, v) for k, v in d.seen.items() if v))


if __name__ == "__main__":
    main(*sys.argv[1:])
