#!/usr/bin/env python3
"""watchbench.py: how long until the other side has it: imapsync --watch beside
mbsync, on Dovecot, with 76 folders.

mbsync does not wait: it is run by a listener, which is told by NOTIFY of what
comes there, and looks at the Maildirs' times every 10 ms, and runs mbsync for
that folder alone.  So both hear of it at the same moment, when Dovecot tells, half
a second late: that is shown, too, and taken off for the comparison.

	watchbench.py [delay] [idle] [accounts]
WATCH_TIMES=100, WATCH_MINUTES=10.
"""
import atexit
import imaplib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../lab")
sys.path.insert(0, HERE + "/../server")
os.environ["LAB_AS_INSTALLED"] = "1"
from other import Other  # noqa: E402

BUILD = os.environ.get("POSTBAG_BUILD", HERE + "/../../build")
PROGRAM = BUILD + "/imapsync"
TIMES = int(os.environ.get("WATCH_TIMES", "100"))
FOLDERS = ["f%02d" % i for i in range(75)]
OFTEN = 2
MISSED = 3		# as often nothing comes: that one is given up
STEPS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 10 ** 9)
missed = False


def bar(name, value, most, unit=""):
    global missed
    good = value is not None and value <= most
    missed |= not good
    print("%s  %-52s %9s  (at most %s%s)" % (
        "PASS" if good else "MISS", name, "-" if value is None else
        "%.2f" % value, most, " " + unit if unit else ""), flush=True)


def histogram(name, v):
    """Milliseconds."""
    print("      %-26s median %.0f, 90 %% %.0f, most %.0f ms" % (
        name, statistics.median(v), sorted(v)[len(v) * 9 // 10 - 1], max(v)))
    last = 0
    for s in STEPS:
        n = sum(last <= x < s for x in v)
        if n:
            print("        %6s ms %s" % ("<%d" % s if s < 10 ** 9 else "more",
                                         "#" * n))
        last = s
    sys.stdout.flush()


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return time.monotonic()
        time.sleep(.001)
    return None


def mail(n):
    return b"From: a@x.test\r\nSubject: %d\r\nMessage-ID: <%d.%d@x.test>\r\n" \
        b"\r\nhello\r\n" % (n, n, time.monotonic_ns())


class Listener(threading.Thread):
    """Told by NOTIFY, of all folders: told(name).

    Not for ever: Dovecot begins a new log of its mailboxes after some 150 changes,
    and whoever has listened since before that is told every 30 seconds only.  So
    there is another one after each OFTEN events."""

    def __init__(self, o, told):
        threading.Thread.__init__(self, daemon=True)
        self.s = socket.create_connection(("127.0.0.1", o.port["IMAP"]))
        self.f, self.told = self.s.makefile("rb"), told
        self.f.readline()
        self.say("LOGIN %s %s" % (o.user, o.password))
        self.listen()
        self.start()

    def hear(self):
        """The next line, of which is told; b"" at the end."""
        line = self.f.readline()
        m = re.match(rb'\* STATUS "?([^" ]+)"? \(', line)
        if m:
            self.told(m[1].decode())
        return line

    def until(self, word):
        line = self.hear()
        while line and not line.startswith(word):
            line = self.hear()

    def say(self, text):
        self.s.sendall(b"a %s\r\n" % text.encode())
        self.until(b"a ")

    def listen(self):
        self.say("NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange))")
        self.s.sendall(b"i IDLE\r\n")
        self.until(b"+")

    def run(self):
        try:
            while self.hear():
                pass
        except OSError:
            pass                        # it was closed

    def end(self):
        self.s.shutdown(socket.SHUT_RDWR)


class Ours:
    name = "imapsync --watch"

    def __init__(self, o):
        self.d = tempfile.mkdtemp(prefix="watchbench-", dir="/dev/shm")
        self.p = subprocess.Popen(
            [PROGRAM, "-S", "imap://127.0.0.1:%d" % o.port["IMAP"], "--tls",
             "off", "-u", o.user, "--password-command", "echo " + o.password,
             "--near", self.d + "/N", "--state", self.d + "/S", "--watch",
             "-v"], stdout=subprocess.DEVNULL,
            stderr=open(self.d + "/err", "w"))
        atexit.register(self.end)

    def again(self):
        pass                            # it says NOTIFY anew by itself

    def ready(self):
        with open(self.d + "/err") as f:
            return "waiting: told of" in f.read()

    def path(self, box):
        return self.d + "/N/" + box

    def end(self):
        if self.p.poll() is None:
            self.p.terminate()
            self.p.wait()
        shutil.rmtree(self.d, ignore_errors=True)


class Mbsync:
    name = "mbsync, woken"

    def __init__(self, o):
        self.d = tempfile.mkdtemp(prefix="watchbench-", dir="/dev/shm")
        self.rc = self.d + "/rc"
        with open(self.rc, "w") as f:
            f.write("IMAPStore far\nHost 127.0.0.1\nPort %d\nUser %s\nPass %s\n"
                    "SSLType None\nAuthMechs LOGIN\n\nMaildirStore near\n"
                    "Path %s/N/\nInbox %s/N/INBOX\nSubFolders Verbatim\n\n"
                    "Channel c\nFar :far:\nNear :near:\nPatterns *\n"
                    "Create Near\nSyncState %s/S/\n" % (
                        o.port["IMAP"], o.user, o.password, self.d, self.d,
                        self.d))
        os.mkdir(self.d + "/N")
        os.mkdir(self.d + "/S")
        self.lock, self.todo = threading.Condition(), set()
        self.over, self.mine = False, {}
        self.sync("c")
        self.o, self.listener = o, Listener(o, self.wake)
        for f in (self.look, self.work):
            threading.Thread(target=f, daemon=True).start()
        atexit.register(self.end)

    def sync(self, what):
        subprocess.run(["mbsync", "-q", "-c", self.rc, what],
                       stderr=subprocess.DEVNULL)

    def stamp(self, box):
        return tuple(os.stat(self.path(box) + x).st_mtime_ns
                     for x in ("/cur", "/new"))

    def wake(self, box):
        with self.lock:
            self.todo.add(box)
            self.lock.notify()

    def look(self):
        boxes = [x for x in FOLDERS + ["INBOX"] if os.path.isdir(self.path(x))]
        self.mine = {x: self.stamp(x) for x in boxes}
        while not self.over:
            for x in boxes:
                if self.stamp(x) != self.mine[x]:
                    self.mine[x] = self.stamp(x)
                    self.wake(x)
            time.sleep(.01)

    def work(self):
        while not self.over:
            with self.lock:
                while not self.todo:
                    self.lock.wait()
                box = self.todo.pop()
            self.sync("c:" + box)
            self.mine[box] = self.stamp(box)

    def ready(self):
        return len(self.mine) > 70

    def again(self):
        was, self.listener = self.listener, Listener(self.o, self.wake)
        was.end()

    def path(self, box):
        return self.d + "/N/" + box

    def end(self):
        self.over = True
        shutil.rmtree(self.d, ignore_errors=True)


def files(path):
    return {x.split(":")[0]: x for sub in ("/new", "/cur")
            for x in os.listdir(path + sub)}


def delays(o, which):
    """In ms: (from there to here, from here to there, since Dovecot told, until
    it did).  What does not come counts as the time that it was waited for."""
    m = o.imap()
    p = which(o)
    until(p.ready, 60)
    time.sleep(3)
    far, near, late, floor, lost = [], [], [], [], 0
    said = {}
    for i in range(TIMES):
        if lost == MISSED:
            break
        if i % OFTEN == 0:
            p.again()
            if i > 0:
                ear.end()
            ear = Listener(o, lambda box: said.setdefault(
                box, time.monotonic()))
        box = FOLDERS[i * 7 % 75]
        was = set(files(p.path(box)))
        said.clear()
        m.append(box, "", None, mail(i))
        began = time.monotonic()
        end = until(lambda: set(files(p.path(box))) != was)
        far.append(((end or time.monotonic()) - began) * 1000)
        time.sleep(.3)
        if end and box in said:
            late.append((end - said[box]) * 1000)
            floor.append((said[box] - began) * 1000)
        lost += end is None
        new = sorted(set(files(p.path(box))) - was)
        if not new:
            continue
        name = files(p.path(box))[new[0]]
        sub = "/new/" if os.path.exists(p.path(box) + "/new/" + name) else \
            "/cur/"
        time.sleep(1)
        m.select(box, readonly=True)
        began = time.monotonic()
        base, _, info = name.partition(":")
        os.rename(p.path(box) + sub + name, p.path(box) + "/cur/" + base + (
            ":" + info[:2] + "F" + info[2:] if info else ":2,F"))
        end = until(lambda: m.search(None, "FLAGGED")[1][0].split()[-1:] ==
                    m.search(None, "ALL")[1][0].split()[-1:])
        near.append(((end or time.monotonic()) - began) * 1000)
        lost += end is None
        m.unselect() if hasattr(m, "unselect") else m.select()
        time.sleep(1)
    ear.end()
    p.end()
    if lost:
        bar("%s: so often nothing came in 30 s" % which.name, lost, 0)
    return far, near, late, floor


def delay(o):
    got = {}
    for which in (Ours, Mbsync):
        if which is Mbsync and not shutil.which("mbsync"):
            continue
        far, near, late, floor = got[which] = delays(o, which)
        if not late or not near:
            return
        print("\n== %s: %d deliveries, %d flags, 76 folders" % (
            which.name, len(far), len(near)))
        histogram("until Dovecot told", floor)
        histogram("there to here", far)
        print("      there to here / until Dovecot told: %.2f" % (
            statistics.median(far) / statistics.median(floor)))
        histogram("since Dovecot told", late)
        histogram("here to there", near)
    if len(got) == 2:
        for k, what in (2, "there to here, since Dovecot told"), (
                1, "here to there"):
            bar(what + ": ours / mbsync", statistics.median(got[Ours][k]) /
                max(statistics.median(got[Mbsync][k]), .1), .5)


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        v = f.read().rpartition(")")[2].split()
    return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")


def idle(o, minutes=float(os.environ.get("WATCH_MINUTES", "10"))):
    """What a quiet hour costs: bytes by ss(8), which counts what is acked."""
    p = Ours(o)
    until(p.ready, 60)
    time.sleep(3)

    def sent():
        out = subprocess.run(["ss", "-tniH", "dport = :%d" % o.port["IMAP"]],
                             capture_output=True, text=True).stdout
        return max([int(x) for x in re.findall(r"bytes_sent:(\d+)", out)] +
                   [0])

    b, c, t = sent(), cpu(p.p.pid), time.monotonic()
    time.sleep(minutes * 60)
    hours = (time.monotonic() - t) / 3600
    print("\n== at rest, NOTIFY, 76 folders, over %.0f minutes" % (hours * 60))
    bar("bytes sent an hour", (sent() - b) / hours, 2048)
    bar("seconds of CPU an hour", (cpu(p.p.pid) - c) / hours, 1)
    p.end()


def accounts(o, n=50):
    """The memory of so many accounts, each with a helper: PSS, which counts
    a page that k processes share as 1/k in each."""
    d = tempfile.mkdtemp(prefix="watchbench-", dir="/dev/shm")
    port, ca = o.say("echo $LAB_IMAPS_PORT $LAB_CA")[1].split()
    with open(d + "/config", "w") as f:
        for i in range(n):
            f.write("account a%d\n imap imaps://localhost:%s\n ca %s\n user %s\n"
                    " password-command echo %s\nsync a%d\n near %s/%d\n"
                    " state %s/S%d\n patterns INBOX f0*\n" % (
                        i, port, ca, o.user, o.password, i, d, i, d, i))
    p = subprocess.Popen([PROGRAM, "--config", d + "/config", "-a", "--watch",
                          "-v"], stdout=subprocess.DEVNULL,
                         stderr=open(d + "/err", "w"))

    def ready():
        with open(d + "/err") as f:
            return len(set(re.findall(r"\* (a\d+): waiting", f.read()))) == n

    until(ready, 300)
    time.sleep(5)
    pss = rss = count = helpers = 0
    for x in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % x) as f:
                group = f.read().rpartition(")")[2].split()[2]
            if int(group) != os.getpgid(p.pid) or int(x) == os.getpid() or \
                    not os.readlink("/proc/%s/exe" % x).endswith("imapsync"):
                continue
            with open("/proc/%s/smaps_rollup" % x) as f:
                text = f.read()
            mine = int(re.search(r"Pss:\s+(\d+)", text)[1])
            pss += mine
            with open("/proc/%s/comm" % x) as f:
                helpers += mine if "helper" in f.read() else 0
            rss += int(re.search(r"Rss:\s+(\d+)", text)[1])
            count += 1
        except (OSError, ValueError, TypeError):
            pass
    print("\n== %d accounts, TLS: %d processes, RSS added up %.0f MB, "
          "PSS of the helpers %.0f MB" % (n, count, rss / 1024,
                                          helpers / 1024))
    bar("PSS in MB", pss / 1024, 60)
    p.terminate()
    p.wait()
    shutil.rmtree(d)


def main():
    o = Other("dovecot")
    if o.why:
        sys.exit("watchbench: " + o.why)
    m = o.imap()
    for x in FOLDERS:
        m.create(x)
        m.append(x, "", None, mail(0))
    m.append("INBOX", "", None, mail(0))
    for name, f in ("delay", delay), ("idle", idle), ("accounts", accounts):
        if name in sys.argv[1:] or not sys.argv[1:]:
            f(o)
    sys.exit(missed)


main()
