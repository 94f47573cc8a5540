#!/usr/bin/env python3
"""points.py: mailfetch killed at each point, rerun, and looked at.

	points.py maildir|mbox|both FOLDER SERVERS-MAILDIR COMMAND...

Prints "N points of M"; what is wrong on stderr, and then exits with 1.  STRIDE
and POINTS in the environment: of the first POINTS the beginning and the end,
where each call is another, and of the messages between them, which are all
alike, every STRIDEth call.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys

where, folder, far = sys.argv[1:4]
command = sys.argv[4:]
MD, MB = folder + "/md", folder + "/mb"
to_maildir, to_mbox = where != "mbox", where != "maildir"
if to_maildir:
    command += ["-d", "maildir:" + MD, "--create"]
if to_mbox:
    command += ["-d", "mbox:" + MB]


def bad(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def fetch(n):
    """Killed before the nth change, or not, with 0."""
    return subprocess.run(command, stderr=subprocess.PIPE, env=dict(
        os.environ, KILLN=str(n), LD_PRELOAD=os.environ["KILLN_LIB"],
        KILLN_COUNT=folder + "/count"))


def fresh():
    for d in (folder + "/state", MD):
        shutil.rmtree(d, ignore_errors=True)
    for f in glob.glob(MB + "*"):
        os.unlink(f)


def new():
    """What is to be seen of the Maildir: the key in the name of each file, its
    third part, and its bytes."""
    found = {}
    for sub in (MD + "/new", MD + "/cur"):
        for f in os.scandir(sub) if os.path.exists(sub) else ():
            key = f.name.split(".")[2]
            with open(f.path, "rb") as text:
                found[key] = found.get(key, b"") + text.read()
    return found


def mbox():
    if not os.path.exists(MB):
        return None
    with open(MB, "rb") as f:
        return re.sub(rb"(?m)^From mailfetch[-@].*", b"From", f.read())


def there():
    """The messages on the server, which may still be renaming them."""
    while True:
        want = []
        try:
            for f in glob.glob(far + "/new/*") + glob.glob(far + "/cur/*"):
                with open(f, "rb") as text:
                    want.append(text.read())
            return want
        except FileNotFoundError:
            pass


def first():
    """What a run that nothing befell made, looked at closely."""
    r = fetch(0)
    if r.returncode != 0:
        bad("exit %d: %r" % (r.returncode, r.stderr))
    want = there()
    if len(want) != 60:
        bad("%d messages on the server" % len(want))
    if to_maildir and sorted(new().values()) != sorted(want):
        bad("%d messages in the Maildir, or others" % len(new()))
    if not to_mbox:
        return
    with open(MB, "rb") as text:
        got = [re.sub(rb"(?m)^>(>*From )", rb"\1", m[:-1]) for m in re.split(
            rb"(?m)^From mailfetch.*\n", text.read())[1:]]
    if sorted(got) != sorted(want):
        bad("%d messages in the mbox, or others" % len(got))


def point(n, right):
    """Keys are the same each time, so all is compared with the first."""
    fresh()
    r = fetch(n)
    if r.returncode != -signal.SIGKILL:
        bad("%d: was not killed" % n)
    for name, text in new().items():
        if right[0].get(name) != text:
            bad("%d: a part is visible: %s" % (n, name))
    r = fetch(0)
    if r.returncode != 0:
        bad("%d: rerun: exit %d %r" % (n, r.returncode, r.stderr))
    if new() != right[0]:
        bad("%d: %d messages in the Maildir, or others" % (n, len(new())))
    if mbox() != right[1]:
        bad("%d: another mbox" % n)


BEGINNING, END = 20, 30


def chosen(total, stride):
    """Another part of those between for each place."""
    skip = {"maildir": 0, "mbox": 2, "both": 4}[where]
    return [n for n in range(1, total + 1)
            if n <= BEGINNING or n > total - END or
            (n + skip) % stride == 0]


def main():
    fresh()
    first()
    right = new(), mbox()
    with open(folder + "/count") as f:
        total = min(int(f.read()), int(os.environ["POINTS"]))
    points = chosen(total, int(os.environ["STRIDE"]))
    for n in points:
        point(n, right)
    print("%d points of %d" % (len(points), total))


main()
