#!/usr/bin/env python3
"""mxlookup -j that a full disk or a kill cut short, and that is run again with
--skip-done FILE >> FILE: each line is JSON, each name is there once."""
import json
import os
import resource
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()
tmp = tempfile.TemporaryDirectory()
out = tmp.name + "/out"
NAMES = ["w%d.test" % i for i in range(300)]
for n in NAMES:
    lab.add(n, "MX", "10 mx." + n)
    lab.add("mx." + n, "A", "198.18.1.1")
LIMIT = 50001


def full():
    """The disk takes so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def run(*args, mode="a", names=NAMES, **how):
    with open(out, mode) as f:
        return lab.mx(*args, stdout=f, input="\n".join(names) + "\n",
                      **how)


def lines():
    with open(out) as f:
        return f.read().split("\n")


def complete(name, p):
    """All that is there is whole, and each name once."""
    *got, last = lines()
    try:
        seen = [json.loads(x)["in"] for x in got]
    except ValueError:
        seen = []
    lab.ok(p.returncode == 0 and last == "" and sorted(seen) == sorted(NAMES),
           name, (p, len(seen), len(set(seen)), last))


for args in ["-j"], ["-j", "--ordered"]:
    for mode in "wa":
        if os.path.exists(out):
            os.unlink(out)
        p = run(*args, mode=mode, preexec_fn=full, restore_signals=False)
        *got, last = lines()
        lab.ok(p.returncode == 74 and last == "" and len(got) > 10,
               "a full disk leaves whole lines: %s %s" % (mode, args), p)
        complete("and the next run does the rest",
                 run(*args, "--skip-done", out))
run("-j", mode="w")
with open(out, "rb") as f:
    whole = f.read()
end = whole.rindex(b"\n", 0, -1) + 1
for cut in 1, 2, 8, 20, 60, 99:
    for at in end + cut, len(whole) - cut:
        with open(out, "wb") as f:
            f.write(whole[:at])
        p = run("-j", "--skip-done", out)
        complete("a line cut at %d of %d bytes" % (at - end, len(whole) - end),
                 p)
        lab.ok(("cut short" in p.stderr) == (at != len(whole) - 1),
               "and what was taken out is said", p)
with open(out, "wb") as f:
    f.write(whole[:-9])
p = lab.mx("-j", "--skip-done", out, input="\n".join(NAMES) + "\n")
with open(out, "rb") as f:
    lab.ok(p.stdout.count("\n") == 1 and f.read() == whole[:-9],
           "a file that is not the output stays as it is", p)
with open(out, "w") as f:
    f.write("a.test\nb.test")
p = run("-j", "--skip-done", out, names=["a.test", NAMES[0]])
lab.ok(lines()[:2] == ["a.test", "b.test"] and len(lines()) == 4,
       "a list of names gets its line end", p)
lab.end()
