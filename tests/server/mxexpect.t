#!/usr/bin/env python3
"""mxlookup --expect: lines as zone files and dig have them, compared as the
bytes that they stand for."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()
TEXTS = ["caf\u00e9", b"\x00\x7f\xff\\\"", " two  blanks ", "v=DMARC1; p=none",
         ["v=spf1 ", "-all"], "x" * 600, "", "(a) b", "1\\2"]
for i, text in enumerate(TEXTS):
    lab.add("t%d.test" % i, "TXT", text)
for d in "10 MX.test", "20 b\\.c.test":
    lab.add("m.test", "MX", d.replace("\\.", "-"))
lab.add("m.test", "A", "192.0.2.1")
lab.add("m.test", "AAAA", "2001:db8::1")
lab.add("_imaps._tcp.m.test", "SRV", "0 1 993 mx.test")
lab.add("m.test", "DS", bytes.fromhex("3039" "0d02") + b"\xab" * 32)
lab.add("m.test", "DNSKEY", bytes.fromhex("0100" "030d") + b"key" * 20)
lab.servfail.add("later.test")
lab.add("m.test", "TLSA", bytes.fromhex("030101") + b"\xcd" * 32)
TMP = tempfile.mkdtemp(prefix="mxexpect.")
WANT = TMP + "/want"


def expect(status, name, *lines, says=None, where="stdout"):
    with open(WANT, "w") as f:
        f.write("".join(x + "\n" for x in lines))
    p = lab.mx("--expect", WANT)
    said = getattr(p, where)
    lab.ok(p.returncode == status and (says is None or says in said),
           "%s: %d%s" % (name, status, ", %r" % says if says else ""),
           (p, lines))


# ---- what dig prints is what is there
host, port = lab.server.split(":")
names = [("t%d.test" % i, "TXT") for i in range(len(TEXTS))]
names += [("m.test", x) for x in ("MX", "A", "AAAA", "DS", "DNSKEY", "TLSA")]
names += [("_imaps._tcp.m.test", "SRV")]
dig = [subprocess.run(["dig", "@" + host, "-p", port, "+noall", "+answer", n, t],
                      stdout=subprocess.PIPE, text=True).stdout
       for n, t in names]
lab.ok(all(dig), "dig prints all of them", dig)
for (n, t), text in zip(names, dig):
    expect(0, "%s %s as dig has it" % (n, t), text.rstrip("\n"))
for i in range(len(TEXTS)):
    out = dig[i].rstrip("\n")[:-1]
    expect(65, "t%d.test, a byte more" % i, out + "!\"")

# ---- other ways to write the same
expect(0, "TTL and class, in either order", "m.test. 300 IN A 192.0.2.1",
       "m.test in 1h5m AAAA 2001:DB8:0::1")
expect(0, "a comment behind the data", "m.test A 192.0.2.1 ; the web",
       't3.test TXT "v=DMARC1; p=none" ; mail', "# all", "; of it", "")
expect(0, "no quotes: to the end of the line", "t3.test TXT v=DMARC1; p=none",
       r"t0.test TXT caf\195\169")
expect(0, "hex and base64 in pieces",
       "m.test TLSA 3 1 1 " + "CD" * 16 + " " + "cd" * 16,
       "m.test DNSKEY 256 3 13 " + "a2V5" * 10 + " " + "a2V5" * 10)
expect(0, "a name with escapes", r"M\.TEST. A -", r"\109.test A 192.0.2.1")
expect(0, "the same line twice", *["m.test A 192.0.2.1"] * 2)
expect(0, "%d lines" % 20000, *["m.test A 192.0.2.1"] * 10000,
       *["n%d.test A -" % i for i in range(10)] * 1000)

# ---- what differs can be pasted into the file
expect(65, "drift", "t1.test TXT x",
       says='- t1.test TXT "x"\n+ t1.test TXT "\\000\\127\\255\\\\\\""\n')
expect(65, "the strings of a long one", "t5.test TXT -",
       says='+ t5.test TXT "%s" "%s" "%s"\n' % ("x" * 255, "x" * 255, "x" * 90))
expect(65, "one of two", "m.test MX 10 mx.test.", says="+ m.test MX 20 b-c.test.\n")
expect(65, "an empty text is a record", "t6.test TXT -", says='+ t6.test TXT ""')

# ---- a mistake in the file is no drift
for line, why in (
        ("m.test NOSUCH x", '"NOSUCH" is no type'),
        ("m.test A", "no data"),
        ("m.test", "data is missing"),
        ("m.test A 192.0.2.300", '"192.0.2.300" is no IPv4 address'),
        ("m.test AAAA 192.0.2.1", "is no IPv6 address"),
        ("m.test MX mx.test", '"mx.test" is no such number'),
        ("m.test MX 65536 mx.test", '"65536" is no such number'),
        ("m.test MX 10", "data is missing"),
        ("m.test MX 10 a..b", '"a..b" is no name'),
        ("m.test MX 10 mx.test extra", '"extra" is too much'),
        ("m.test TLSA 3 1 1 abc", '"abc" is no hex'),
        ("m.test TLSA 3 1 1 abcx", '"abcx" is no hex'),
        ("m.test DNSKEY 256 3 13 a2V", "is no base64"),
        ('m.test TXT "open', "a quote is not closed"),
        (r'm.test TXT "\256"', r'"\256" is no text'),
        (r'm.test TXT "\25"', r'"\25" is no text'),
        ("a..b A 192.0.2.1", '"a..b" is no name'),
        ("  IN MX 10 a.test", '"IN": the name is missing'),
        ("@ MX 10 a.test", '"@": the name is missing'),
        ("MX 10 a.test", '"MX": the name is missing'),
        ("$ORIGIN test.", "$ORIGIN is not done here"),
        ("m.test SOA a. b. 1 1 1 1 1", "of type SOA are not compared"),
        ("m.test CH A 192.0.2.1", '"CH" is no type'),
        ("m.test A 192.0.2.1\nm.test A -", "to be there and not to be there")):
    expect(64, "a mistake", "# fine", line, says="want:%d: " %
           (2 + line.count("\n")), where="stderr")
    expect(64, repr(line), line, says=why, where="stderr")
expect(64, "a NUL", "m.test TXT a\0b", says="a NUL byte", where="stderr")
p = lab.mx("--expect", TMP + "/none")
lab.ok(p.returncode == 66, "no such file: 66", p)

# ---- NDJSON
with open(WANT, "w") as f:
    f.write('t0.test TXT "cafe"\n')
r = lab.json("--expect", WANT)
lab.ok(r["same"] is False and r["missing"] == ['"cafe"'] and
       r["unexpected"] == ['"caf\\195\\169"'], "-j: as a zone file has it", r)

with open(WANT, "w") as f:
    f.write("m.test MX 1 a.test.\nm.test MX 2 b.test.\n")
r = lab.json("--expect", WANT)
lab.ok(r["missing"] == ["1 a.test.", "2 b.test."] and
       r["unexpected"] == ["10 mx.test.", "20 b-c.test."],
       "-j: each of several by itself", r)


# ---- what is not known now is no drift, and hides none
drift, same, later = "m.test A 192.0.2.2", "m.test A 192.0.2.1", "later.test A -"
expect(75, "not known now", later, says="? later.test A servfail (SERVFAIL)")
expect(75, "not known now, whatever is well behind it", later, same)
expect(65, "what differs stays so", "m.test AAAA -", same)
for lines in (drift, later), (later, drift):
    expect(65, "drift beside what is not known", *lines,
           says="- m.test A 192.0.2.2\n+ m.test A 192.0.2.1\n")
expect(75, "-j: not known", later)
r = lab.json("--expect", WANT)
lab.ok(r["same"] is None and r["missing"] == [] and r["unexpected"] == [],
       "-j: not known is neither the same nor another", r)
expect(65, "drift", drift)
p = lab.mx("-q", "--expect", WANT)
lab.ok(p.returncode == 65 and p.stdout == "", "-q: the status alone", p)

os.unlink(WANT)
os.rmdir(TMP)
lab.end()
