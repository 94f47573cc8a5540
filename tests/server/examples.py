#!/usr/bin/env python3
"""Every example of every manual page, run: what stands in an EXAMPLES section
is a table here, or is a line that ends well.  TAP; see examples.t."""
import glob
import os
import re
import subprocess
import sys

ROOT = sys.argv[1]
# PAGE, number of its example: how it is run, where that is not "lines", each of
# them a command that exits with 0.
#   ("status", {LINE: STATUS})	some lines exit with another status
#   ("whole",)			the lines are one script
#   ("cron",)			crontab(5): what is behind the five fields
#   ("config", COMMAND)		a configuration, with which the command works
#   ("no", WHY)			it cannot be run here
HOW = {
    ("cert-watch.1", 1): ("cron",),
    ("check_mail_ports.1", 1): ("no", "definitions for Nagios and Icinga 2"),
    ("imapsync.1", 1): ("cron",),
    ("imapsync.1", 2): ("config", "imapsync --config CONFIG -n work"),
    ("imapsync.1", 4): ("no", "a key of mutt; see sync_readers.t"),
    ("imapsync.1", 5): ("no", "a hook of notmuch; see sync_readers.t"),
    ("mail-alert.1", 1): ("cron",),
    ("mail-setup.1", 1): ("status", {0: None}),
    ("mail-setup.1", 2): ("status", {1: None}),
    ("mail-shard.1", 1): ("no", "other machines by ssh; see shard.t"),
    ("mx-shard.1", 1): ("no", "other machines by ssh; see shard.t"),
    ("mail-token.1", 1): ("no", "a login at Microsoft; see mail-token.t"),
    ("mail-doctor.1", 1): ("status", {1: 65}),
    ("mail-ports.1", 1): ("status", {1: None}),
    ("mailfetch.1", 1): ("cron",),
    ("mailfetch.1", 2): ("config", "mailfetch --config CONFIG -n work"),
    ("mailsend.1", 7): ("status", {0: 67}),
    ("mailsend.1", 13): ("no", "changes the user's git and the system's mailer"),
    ("mailsend.1", 14): ("whole",),
    ("mailsend.1", 15): ("no", "a mistake, and what is said of it"),
    ("mxlookup.1", 1): ("status", {1: None, 5: None, 7: 1, 8: None}),
    ("portprobe.1", 1): ("status", {0: None, 1: None, 2: None, 4: 1, 5: 69,
                                    6: None, 7: 69, 8: None, 11: None,
                                    12: None, 13: None}),
    ("postbag.7", 1): ("no", "an error, and what it proposes"),
    ("postbag.7", 2): ("whole",),
}
# Commands of README's ten tasks that find something to say here.
README = {"portprobe": None, "check_mail_ports": None}


def blocks(path):
    """The literal displays of EXAMPLES, as text."""
    found, on, inside = [], False, False
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith(".Sh "):
                inside = "EXAMPLES" in line
            elif inside and line.startswith(".Bd"):
                on = True
                found.append("")
            elif line.startswith(".Ed"):
                on = False
            elif on:
                found[-1] += line
    return [re.sub(r"\\e", r"\\", b).replace(r"\&", "") for b in found]


def here(text):
    """The names of the manual are those of the laboratory, on loopback."""
    text = text.replace("example.org", "johndoe.com")
    text = text.replace("mail-doctor ", "mail-doctor --private ")
    text = text.replace("/usr/local/sbin/backup", "true")
    text = text.replace("/home/jo/", os.environ["HOME"] + "/")
    return text.replace("/var/lib/", os.environ["HOME"] + "/var/")


def logical(text):
    return [x for x in re.sub(r"\\\n\s*", " ", text).split("\n")
            if x.strip() and not x.strip().startswith("#")]


n = failed = 0


def result(good, name, why=""):
    global n, failed
    n += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", n, name), flush=True)
    if not good:
        for line in why.split("\n")[:12]:
            print("# " + line[:300], flush=True)


def run(name, command, want=0):
    p = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=100, errors="replace")
    # None: 65 and the like are findings, but the command line is right
    good = p.returncode not in (64, 70, 71, 126, 127, 139) if want is None \
        else p.returncode == want
    result(good, name, "exit %d, want %s: %s\n%s" % (
        p.returncode, want, command, p.stdout))


used = set()
for path in sorted(glob.glob(ROOT + "/man/*.[157]")):
    page = os.path.basename(path)
    for i, text in enumerate(blocks(path), 1):
        how = HOW.get((page, i), ("lines",))
        used.add((page, i))
        name = "%s, example %d" % (page, i)
        text = here(text)
        if how[0] == "no":
            print("# %s is not run: %s" % (name, how[1]), flush=True)
        elif how[0] == "whole":
            run(name, text)
        elif how[0] == "config":
            with open("CONFIG", "w") as f:
                f.write("defaults\n  ca %s\n" % os.environ["SSL_CERT_FILE"] + text)
            os.makedirs("elsewhere", exist_ok=True)
            run(name, "HOME=$PWD/elsewhere " + how[1])
        else:
            for k, line in enumerate(logical(text)):
                m = re.match(r"(?:[\d*/,-]+\s+){5}", line)
                if m:
                    line = line[m.end():]
                elif how[0] == "cron":
                    result(False, name, "no line of crontab(5): " + line)
                want = how[1].get(k, 0) if len(how) > 1 else 0
                run("%s: %s" % (name, line[:60]), line, want)
with open(ROOT + "/README.md", encoding="utf-8") as f:
    ten = f.read().split("\n## Ten things", 1)[1].split("\nThe tenth", 1)[0]
tasks = [x.strip() for x in ten.split("\n") if x.startswith("    ")]
for line in here("\n".join(tasks)).split("\n"):
    if not line.startswith("#"):
        run("README: " + line[:60], line, README.get(line.split()[0], 0))
for gone in sorted(set(HOW) - used):
    result(False, "%s, example %d: is there" % gone)
print("1..%d" % n)
sys.exit(failed > 0)
