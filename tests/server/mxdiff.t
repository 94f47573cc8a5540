#!/usr/bin/env python3
"""mxlookup --diff: what has changed since an earlier output, and nothing that
is another one each time or was not known."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()
TMP = tempfile.mkdtemp(prefix="mxdiff.")
OLD = TMP + "/old"
for name in "a.test", "b.test", "fail.test":
    lab.add(name, "MX", "10 mx." + name)
    lab.add("mx." + name, "A", "198.18.1.1")
    lab.add(name, "TXT", "v=spf1 mx -all")
    lab.add("_dmarc." + name, "TXT", "v=DMARC1; p=reject; rua=mailto:d@" + name)
lab.add("esc.test", "TXT", "v=spf1 exp=\x1b[31m -all")
NAMES = ["a.test", "b.test", "fail.test"]


def save(*args):
    with open(OLD, "w") as f:
        lab.mx("-j", *args, stdout=f)


def diff(status, name, lines, *args):
    p = lab.mx("--diff", OLD, *args)
    got = p.stdout.splitlines()
    lab.ok(p.returncode == status and (lines is None or got == lines),
           "%s: %d" % (name, status), (p, lines))
    return got


save("-a", *NAMES)
diff(0, "the names are those of the file, nothing has changed", [], "-a")
diff(0, "other checks than then", [], "-C", "mx")
diff(0, "fewer names", [], "-a", "b.test")
diff(65, "a name that is new", ["+ new.test was not looked up then"], "-C",
     "mx", "new.test", "a.test")
before = dict(lab.zone)
lab.zone["mx.a.test"] = []
lab.add("mx.a.test", "A", "198.18.1.2")
diff(65, "an address", ["- a.test mx mx.a.test a 198.18.1.1",
                        "+ a.test mx mx.a.test a 198.18.1.2"], "-C", "mx,addr")
lab.add("a.test", "MX", "20 mx.b.test")
got = diff(65, "a host more", None, "-C", "mx,addr")
lab.ok("+ a.test mx mx.b.test pref 20" in got and
       all(x.startswith(("- a.test mx mx.a.test a ", "+ a.test mx "))
           for x in got), "and what is known of it", got)
lab.add("b.test", "TXT", "v=spf1 -all")
got = diff(65, "a second SPF record", None, "-C", "spf", "b.test")
lab.ok("+ b.test findings SPF_MANY b.test 2 SPF records" in got and
       "+ b.test spf records v=spf1 -all" in got, "with its finding", got)
p = lab.mx("-j", "-C", "mx,addr", "--diff", OLD)
r = {x["in"]: x for x in map(json.loads, p.stdout.splitlines())}
lab.ok(list(r) == NAMES and r["b.test"]["same"] and not r["a.test"]["same"] and
       r["a.test"]["missing"] == ["mx mx.a.test a 198.18.1.1"], "-j", p)
lab.ok(all(x["known"] and not x["new"] for x in r.values()),
       "all known, none new", p)
r = json.loads(lab.mx("-j", "-C", "mx", "--diff", OLD, "new.test").stdout)
lab.ok(r["new"] and not r["same"] and r["unexpected"] == [],
       "-j: a name that is new", r)

# ---- what is not known has not changed
lab.zone = before
save("-a", *NAMES)
lab.servfail |= {"_dmarc.fail.test"}
diff(75, "not known now", ["? fail.test not all was known both times"], "-a",
     "fail.test")
r = lab.json("-a", "--diff", OLD, "fail.test")
lab.ok(not r["known"] and r["same"] and not r["missing"], "-j: not known", r)
for name, checks in ("fail.test", "mx,addr"), ("mx.fail.test", "mx,addr"):
    lab.servfail = {name}
    diff(75, "of the route, %s is not known" % name,
         ["? fail.test not all was known both times"], "-C", checks, "fail.test")
lab.servfail = {"_dmarc.fail.test"}
save("-a", *NAMES)
lab.servfail.clear()
diff(75, "not known then", ["? fail.test not all was known both times"], "-a",
     "fail.test")

# ---- the file
save("-a", *NAMES)
lab.add("a.test", "MX", "20 mx.b.test")
with open(OLD, "a") as f:
    lab.mx("-j", "-a", "a.test", stdout=f)
diff(0, "of two objects of a name the later one counts", [], "-a")
lab.zone = before
save("-a", *NAMES)
with open(OLD, "a") as f:
    f.write('{"v":1,"in":"torn.test","dom')
diff(0, "its last line is torn", [], "-a", "a.test")
diff(0, "and names nobody", [], "-a")
save("-a", *NAMES)
with open(OLD, "a") as f:
    f.write('{"v":1,"in":"a.test","mx":[{"pref":10}')
diff(0, "one that is torn takes no whole one's place", [], "-a")
save("-a", *NAMES)
os.truncate(OLD, os.path.getsize(OLD) - 1)
diff(0, "one that lacks its end alone is whole", [], "-a")
for text, status in ("", 65), ("a.test\n", 65), ("{}\n", 65):
    with open(OLD, "w") as f:
        f.write(text)
    diff(status, "%r is no earlier output" % text, [], "a.test")
with open(OLD, "w") as f:
    f.write('{"in":"a.test","mx":[{"host":7,"a":[[[[\n')
diff(65, "half an object", ["+ a.test was not looked up then"], "-C", "mx",
     "a.test")
lab.status(66, "no such file", "--diff", TMP + "/none", "a.test")
lab.status(64, "no regular file", "--diff", "/dev/null", "a.test")
for other in "-q", "--explain":
    lab.status(64, "--diff beside " + other, "--diff", OLD, other, "a.test")
save("-C", "spf", "esc.test")
lab.zone["esc.test"] = []
lab.add("esc.test", "TXT", "v=spf1 -all")
got = diff(65, "bytes for a terminal are escaped", None, "-C", "spf")
lab.ok(not any("\x1b" in x for x in got) and got != [], "none is raw", got)

# What has changed is told, whatever else is not known.
save("-C", "mx,spf", "a.test")
lab.zone["a.test"] = [x for x in lab.zone["a.test"] if x[0] != "MX"]
lab.add("a.test", "MX", "30 mx.a.test")
lab.servfail.add("a.test TXT")
got = diff(65, "a change beside what is not known", None, "-C", "mx,spf")
lab.ok("+ a.test mx mx.a.test pref 30" in got and
       "? a.test not all was known both times" in got, "both are told", got)

os.unlink(OLD)
os.rmdir(TMP)
lab.end()
