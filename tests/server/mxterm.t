#!/usr/bin/env python3
"""What mxlookup shows on a terminal, and that two runs show the same, however
the server turns its records round."""
import fcntl
import os
import pty
import random
import re
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()
lab.add("bad.test", "MX", "10 nope.test")
lab.add("bad.test", "TXT", "v=spf1 mx -all")
lab.add("bad.test", "TXT", "v=spf1 a -all")
lab.add("_dmarc.bad.test", "TXT", "v=DMARC1 p=none " + "x" * 200)
lab.add("good.test", "MX", "10 mx.good.test")
lab.add("mx.good.test", "A", "198.51.200.1")
lab.add("1.200.51.198.in-addr.arpa", "PTR", "mx.good.test")
lab.add("good.test", "TXT", "v=spf1 mx " + " ".join(
    "ip4:198.51.%d.0/24" % i for i in range(20)) + " -all")
lab.add("_dmarc.good.test", "TXT",
        "v=DMARC1; p=reject; rua=mailto:d@good.test")
for i in range(6):
    lab.add("many.test", "MX", "10 m%d.many.test" % i)
    for k in range(4):
        lab.add("m%d.many.test" % i, "A", "198.51.201.%d" % (i * 4 + k))
        lab.add("m%d.many.test" % i, "AAAA", "2001:4860::%x" % (i * 4 + k))
    lab.add("many.test", "TXT", "v=spf1 a:m%d.many.test -all" % i)
    lab.add("_imaps._tcp.many.test", "SRV", "0 1 993 m%d.many.test" % i)


def terminal(columns, *args, **env):
    far, near = pty.openpty()
    fcntl.ioctl(near, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))
    base = {k: v for k, v in os.environ.items() if k not in
            ("COLUMNS", "NO_COLOR")}
    p = subprocess.Popen(
        [mxlab.BUILD + "/mxlookup", "-s", lab.server, *args], stdout=near,
        env=dict(base, TERM="xterm", **env))
    os.close(near)
    out = b""
    while True:
        try:
            more = os.read(far, 65536)
        except OSError:
            break
        if not more:
            break
        out += more
    p.wait()
    os.close(far)
    return out.decode().replace("\r\n", "\n")


def plain(text):
    return re.sub("\x1b\\[[0-9]*m", "", text)


out = terminal(80, "-a", "bad.test")
lines = plain(out).splitlines()
lab.ok([x.split()[0] for x in lines[:3]] == ["bad.test", "E", "E"],
       "findings come first, the worst of them before", out)
lab.ok("\x1b[31m  E SPF_MANY" in out and "\x1b[33m  W DMARC_NEAR" in out and
       "\x1b[36m  H DMARC_NONE" in out, "in the colour of their severity", out)
lab.ok(lines[-1].startswith("  2 errors, 2 warnings, "), "a summary", lines)
lab.ok(any(x.startswith("  SPF    ") for x in lines) and
       not any(x.startswith("  BIMI") for x in lines) and
       any(x.startswith("  none   ") and "bimi" in x for x in lines),
       "what is wrong is shown, what is not there takes one line", lines)
for columns in 60, 80, 132:
    out = plain(terminal(columns, "-a", "good.test"))
    lab.ok(max(map(len, out.splitlines())) <= columns,
           "%d columns" % columns, out)
    lab.ok(re.search("\n  well   .*spf.*dmarc", out) and "SPF  " not in out and
           not re.search("well .*(dkim|dnsbl)", out),
           "what is well takes one line", out)
out = plain(terminal(60, "-C", "spf", "good.test"))
lab.ok("\n  SPF    v=spf1 mx ip4:" in out and "\n         ip4:198" in out,
       "what alone was asked for is shown, broken at blanks", out)
words = " ".join(out.split())
lab.ok("ip4:198.51.%d.0/24 -all" % 19 in words, "nothing is lost", out)
lab.ok("\x1b" not in terminal(80, "-a", "bad.test", NO_COLOR="1"), "NO_COLOR")
lab.ok(max(map(len, plain(terminal(80, "-a", "good.test", COLUMNS="50"))
               .splitlines())) <= 50, "COLUMNS")
lab.ok(terminal(80, "-j", "-C", "mx", "good.test").count("\n") == 1,
       "-j is as ever")
p = lab.mx("-a", "bad.test")
lab.ok("\x1b" not in p.stdout and "  BIMI   none" in p.stdout, "nor a pipe", p)

# ---- the same output twice
seen = {"text": set(), "json": set()}
for _ in range(10):
    for have in lab.zone.values():
        random.shuffle(have)
    seen["text"].add(lab.mx("-a", "many.test", "bad.test").stdout)
    r = lab.json("-a", "many.test")
    seen["json"].add(repr({k: v for k, v in r.items()
                           if k not in ("ms", "dns")}))
for how, what in seen.items():
    lab.ok(len(what) == 1, "records in ten orders: one output as " + how,
           len(what))

# ---- what is folded, and where lines are broken
out = plain(terminal(80, "-C", "spf,dmarc", "good.test"))
lab.ok("\n  SPF    " in out and "\n  DMARC  " in out and "  well" not in out,
       "two checks are shown as they are", out)
lab.servfail.add("dim.test TXT")
lab.add("dim.test", "MX", "10 mx.good.test")
out = plain(terminal(80, "-a", "dim.test"))
lab.ok("\n  SPF    " in out, "what is not known is not folded", out)
bad = []
for columns in range(60, 100):
    rows = plain(terminal(columns, "-C", "spf", "good.test")).splitlines()
    for row, below in zip(rows, rows[1:]):
        if below.startswith(" " * 9 + "ip4:") and len(row) + 1 + len(below.split()[0]) <= columns:
            bad.append((columns, row, below))
lab.ok(bad == [], "a line is as long as it can be", bad)

lab.end()
