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

# ---- which names are done
def left(done, names, name, want):
    with open(tmp.name + "/done", "w") as f:
        f.write(done)
    p = lab.mx("-j", "-C", "mx", "--skip-done", tmp.name + "/done",
               input="\n".join(names) + "\n")
    got = [json.loads(x)["in"] for x in p.stdout.splitlines()]
    lab.ok(sorted(got) == want, name, p)


W = NAMES[:4]
left('{"v":1,"in":"w0.test","unknown":["mx"],"ms":1}\n'
     '{"v":1,"in":"W1.TEST","unknown":[],"ms":1}\n', W[:3],
     "what was not known is asked again, in any case of letters", [W[0], W[2]])
left("w0.test ok\n  w1.test 10\nW2.test,x\n", W,
     "of text the lines that begin with a name", [W[1], W[3]])
left("w9.test\n", ["\ufeffw0.test;x", "w1.test,y", '"w2.test",z', "# w3.test"],
     "names by columns", W[:3])

# What is appended to is another file: nothing is taken from its end.
with open(tmp.name + "/done", "w") as f:
    f.write('w0.test\n{"v":1,"in":"w1.te')
with open(out, "w") as f:
    f.write("kept to the last byte of it\n")
p = run("-j", "-C", "mx", "--skip-done", tmp.name + "/done", names=W[:2])
lab.ok(lines()[0] == "kept to the last byte of it" and len(lines()) == 3 and
       json.loads(lines()[1])["in"] == W[1], "another file keeps its end",
       (p, lines()))

# ---- in the order of the operands, whichever is answered first
for i in range(60):  # by TCP, so behind the others
    lab.add("first.test", "MX", "10 mx%d.w0.test" % i)
p = lab.mx("-j", "-C", "mx", "first.test", *W)
got = [json.loads(x)["in"] for x in p.stdout.splitlines()]
lab.ok(got == ["first.test"] + W, "operands are told in their order", p)
with open(tmp.name + "/old", "w") as f:
    f.write(p.stdout.replace(".w", ".v"))
p = lab.mx("--diff", tmp.name + "/old", "-C", "mx")
lab.ok(p.stdout[2:12] == "first.test", "so are changes", p)
p = lab.mx("--diff", tmp.name + "/old", "-C", "mx", "W1.test")
lab.ok(p.returncode == 65 and "not looked up" not in p.stdout,
       "a name in other letters was looked up", p)

lab.end()
