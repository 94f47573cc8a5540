#!/usr/bin/env python3
"""What an administrator acts upon: exit status and advice of mxlookup for
domains that are run well, badly, or not at all."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()

# ---- a parked domain, a dead one, and one that does not exist
lab.add("parked.test", "MX", "0 .")
lab.add("parked.test", "TXT", "v=spf1 -all")
lab.add("_dmarc.parked.test", "TXT", "v=DMARC1; p=reject")
lab.add("dead.test", "MX", "10 gone.test")
lab.add("dead.test", "TXT", "v=spf1 -all")
lab.add("_dmarc.dead.test", "TXT", "v=DMARC1; p=reject; rua=https://dead.test/r")
lab.add("nothing.test", "TXT", "v=spf1 -all")
lab.add("failing.test", "TXT", "v=spf1 -all")
lab.servfail.add("failing.test")
CHECKS = ("mx", "addr", "spf", "dkim", "dmarc", "bimi", "mtasts", "tlsrpt",
          "dane", "dnssec", "srv", "ptr")
for c in CHECKS:
    route = c in ("mx", "addr")
    lab.status(0, "a null MX, -C " + c, "-C", c, "parked.test")
    lab.status(68, "no such domain, -C " + c, "-C", c, "nope.test")
    lab.status(75, "the domain cannot be told, -C " + c, "-C", c,
               "failing.test")
    lab.status(68 if route else 0, "neither MX nor address, -C " + c, "-C", c,
               "nothing.test")
    lab.status(68, "mail to nobody, -C " + c, "-C", c, "joe@parked.test")
lab.status(0, "a null MX, all checks", "-a", "parked.test")
lab.status(0, "a null MX, --nagios", "--nagios", "-C", "dmarc", "parked.test")
lab.status(68, "-q asks for the route", "-q", "-C", "spf",
           "nothing.test")
lab.status(68, "a dead MX", "dead.test")
p = lab.mx("-C", "dmarc", "dead.test")
lab.ok("MX" not in p.stdout and "route=" not in p.stdout,
       "what was not asked for is not shown", p)
r = lab.json("-C", "dmarc", "dead.test")
lab.ok(r["mx"] is None and r["route"] is None and r["findings"] == [],
       "nor in NDJSON", r)
lab.ok(lab.json("-C", "dane", "dead.test")["mx"] != [],
       "hosts are shown where the check is about them")
p = lab.mx("-C", "spf", "nope.test")
lab.ok("nxdomain" in p.stdout, "that there is no such domain is shown", p)

# ---- the first line of --nagios is all that a pager shows
for name in "one", "two", "three", "four":
    name += ".test"
    lab.add(name, "MX", "10 mx." + name)
    lab.add("mx." + name, "A", "198.18.1.1")
    lab.add(name, "TXT", "v=spf1 mx -all")
lab.add("two.test", "TXT", "v=spf1 a -all")
lab.add("noall.test", "TXT", "v=spf1 mx")
lab.add("_dmarc.four.test", "TXT", "v=DMARC1; p=a|b")
lab.servfail |= {"three.test", "_dmarc.one.test"}


def first(state, words, *args, **how):
    p = lab.mx("--nagios", *args, **how)
    line = p.stdout.split("\n")[0]
    lab.ok(p.returncode == STATES.index(state) and line.count("|") == 1 and
           line.startswith("%s - %s" % (state, words)),
           "--nagios: %s: %s" % (state, words), p)


STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]
first("OK", "2 of 2 well", "-C", "mx", "one.test", "two.test")
first("CRITICAL", "two.test: 2 SPF records (SPF_MANY); 2 of 3 well", "-C", "spf",
      "one.test", "two.test", "four.test")
first("CRITICAL", "two.test: ", "-C", "spf", "noall.test", "two.test",
      "three.test")
first("CRITICAL", "gone.test: nxdomain", "-C", "spf", "two.test", "gone.test",
      "gone2.test")
first("CRITICAL", "nothing.test: no MX and no address", "nothing.test")
first("CRITICAL", "parked.test: takes no mail", "joe@parked.test")
first("CRITICAL", "dead.test: no MX host has an address (MX_ALL_DEAD)",
      "dead.test")
first("CRITICAL", "a..b: no domain name: nothing stands between", "a..b")
first("CRITICAL", "four.test: ", "-C", "dmarc", "four.test")
first("UNKNOWN", "three.test: MX: servfail", "-C", "mx", "one.test",
      "three.test")
first("UNKNOWN", "one.test: dmarc: not known now", "-C", "dmarc", "one.test")
first("UNKNOWN", "no name was given", input="\n# none\n")
first("WARNING", "noall.test: ", "-C", "spf", "one.test", "noall.test")

# ---- a name that is well hides none before it
for status, check, name in ((65, "spf", "two.test"), (68, "mx", "gone.test"),
                            (75, "mx", "three.test")):
    for names in (name, "four.test"), ("four.test", name):
        lab.status(status, "%s and then %s" % names, "-C", check, *names)
first("WARNING", "noall.test: ", "-C", "spf", "noall.test", "one.test")

# ---- what is no domain is said, and not looked up
LONG = "x" * 64 + ".test"
for given, why in (
        ("https://one.test/a", "it is a URL: give the name alone, one.test"),
        ("http://joe@one.test:8080", "give the name alone, one.test"),
        ("+short", "an option of dig"), ("@192.0.2.1", "-s 192.0.2.1"),
        ("MX", "a type of records: -C"), ("txt", "a type of records"),
        ("192.0.2.300", "no IPv4 address"), ("192.0.2", "no IPv4 address"),
        ("joe@[192.0.2.300]", "no address"), ("2001:db8::g", "no IPv6 address"),
        ("one.test:25", "a port is for portprobe"),
        ("mx:one.test", "a target of portprobe: give the name alone, one.test"),
        ("srv:one.test", "give the name alone, one.test"),
        ("one.test/24", '"/"'),
        ("a.7", "its last label is a number"), ("a..b", "between two dots"),
        (".one.test", "before the first"), (LONG, "longer than 63 bytes"),
        ("x." * 130 + "test", "longer than 253 bytes"), ("a b", "a blank"),
        ("a\\b.test", "a backslash"), ("joe@", "it is empty"),
        ("\x1b[31m.test", "a control character")):
    p = lab.mx("--", given)
    r = lab.json("--", given)
    lab.ok(p.returncode == 68 and why in p.stdout and "\x1b" not in p.stdout and
           why in r["error"] and r["status"] == "invalid-input" and
           r["dns"]["queries"] == 0, "%r: %s" % (given, why), (p, r))
p = lab.mx("-C", "mx", "-", input="one.test\n")
lab.ok(p.stdout.startswith("one.test") and p.stdout.count("\n") <= 3,
       "- alone is standard input", p)
p = lab.mx("-C", "mx", "-", "one.test", stdin=subprocess.DEVNULL)
lab.ok("-  no domain name: standard input" in p.stdout and
       "\none.test" in p.stdout, "- beside a name is none", p)
for given, domain in (("<joe@one.test>", "one.test"), ("one.test.", "one.test"),
                      ("mailto:joe@one.test", "one.test"),
                      ("a_b.test", "a_b.test"), ("a\\.b.test", "a\\.b.test"),
                      ("joe@[192.0.2.1]", "192.0.2.1"), ("::1", "::1"),
                      ("b\u00fccher.test", "xn--bcher-kva.test")):
    r = lab.json("-C", "mx", given)
    lab.ok((r["domain"], r["error"]) == (domain, None),
           "%r is %s" % (given, domain), r)

# ---- records that were meant and do not count, and of several all
AT = {"spf": "", "dmarc": "_dmarc.", "mtasts": "_mta-sts.",
      "tlsrpt": "_smtp._tls.", "bimi": "default._bimi.",
      "dkim": "s._domainkey."}
KEY = "p=" + "A" * 40


def near(check, id, texts, why, records=()):
    name = "near%d.test" % lab.count
    lab.add(name, "MX", "10 mx.one.test")
    for text in texts:
        lab.add(AT[check] + name, "TXT", text)
    args = ["-C", check] + (["--dkim", "s"] if check == "dkim" else [])
    r = lab.json(*args, name)
    shown = lab.mx(*args, name).stdout
    lab.ok([f["id"] for f in r["findings"] if why in f["text"]] == [id] and
           all("".join(x) in shown for x in texts),
           "%s %r: %s, %s" % (check, texts, id, why), (r, shown))
    about = r[check]["selectors"][0] if check == "dkim" else r[check]
    lab.ok(about["records"] == list(records), "what counts", about)


near("spf", "SPF_NEAR", [" v=spf1 -all"], "begins with a blank")
near("spf", "SPF_NEAR", [["v=spf1", "include:a.test"]], "joined without")
near("spf", "SPF_NEAR", ["v=spf1 mx -all", "v=spf1,a"], "instead of a blank",
     ["v=spf1 mx -all"])
near("spf", "SPF_MANY", ["v=spf1 a -all", "v=spf1 mx -all"], "2 SPF records",
     ["v=spf1 a -all", "v=spf1 mx -all"])
near("dmarc", "DMARC_NEAR", ["v=DMARC1 p=none"], 'instead of ";"')
near("dmarc", "DMARC_NEAR", ["p=none; v=DMARC1"], "not at its beginning")
near("dmarc", "DMARC_MANY", ["v=DMARC1; p=none", "v=DMARC1; p=reject"],
     "2 records", ["v=DMARC1; p=none", "v=DMARC1; p=reject"])
near("mtasts", "MTASTS_SYNTAX", ["v=stsv1; id=1"], "case")
near("mtasts", "MTASTS_MANY", ["v=STSv1; id=1", "v=STSv1; id=2"], "2 records",
     ["v=STSv1; id=1", "v=STSv1; id=2"])
near("tlsrpt", "TLSRPT_SYNTAX", ["v=TLSRPT1; rua=mailto:a@b.test"],
     "its version is")
near("bimi", "BIMI_NEAR", ["v=BIMI2; l="], "its version is")
near("dkim", "DKIM_SYNTAX", [KEY + "; v=DKIM1"], "not the first tag",
     [KEY + "; v=DKIM1"])
near("dkim", "DKIM_MANY", ["k=x; " + KEY, "k=y; " + KEY], "2 TXT records",
     ["k=x; " + KEY, "k=y; " + KEY])
lab.add("inc.test", "TXT", "v=spf1 include:" + "incspf.test -all")
lab.add("incspf.test", "TXT", "v=spf1;ip4:192.0.2.1")
f = lab.json("-C", "spf", "inc.test")["findings"]
lab.ok({x["id"] for x in f} >= {"SPF_NEAR", "SPF_INCLUDE"} and
       {x["at"] for x in f} == {"incspf.test"}, "in what is included, too", f)
lab.add("up.test", "TXT", "v=DMARC1; p=reject")
lab.add("_dmarc.below.test", "TXT", "v=DMARC1 p=reject")
f = lab.json("-C", "dmarc", "up.test")["findings"]
lab.ok([x["id"] for x in f if x["sev"] == "warn"] == ["DMARC_MISPLACED"],
       "DMARC at the domain itself", f)
lab.add("a.below.test", "MX", "10 mx.one.test")
f = lab.json("-C", "dmarc", "a.below.test")["findings"]
lab.ok([(x["id"], x["at"]) for x in f if x["sev"] == "warn"] ==
       [("DMARC_NEAR", "_dmarc.below.test")], "DMARC of the domain above", f)
lab.add("other.test", "MX", "10 mx.one.test")
for text in "spf2.0/pra -all", "google-site-verification=x", "v=verify":
    lab.add("other.test", "TXT", text)
f = lab.json("-C", "spf", "other.test")["findings"]
lab.ok([x["id"] for x in f] == ["SPF_NONE"], "other texts are no near miss", f)

# ---- SPF: what the whole tree lets pass, and terms without effect
lab.add("i1.test", "TXT", "v=spf1 ip4:198.51.100.0/24 -all")
lab.add("open.test", "TXT", "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all")
lab.add("plus.test", "TXT", "v=spf1 +all")
lab.add("ptr.test", "TXT", "v=spf1 ptr ptr:a.test ~all")
lab.add("ends.test", "TXT", "v=spf1 ?all")
for i in range(4):
    lab.add("four%d.test" % i, "A", "198.18.4.%d" % i)


def spf(record, *want, **more):
    """want: severity, id and a word of each finding but SPF_PTR's."""
    name = "spf%d.test" % lab.count
    lab.add(name, "MX", "10 mx.one.test")
    lab.add(name, "TXT", record)
    r = lab.json("-C", "spf", name)
    f = [(x["sev"][0].upper() + " " + x["id"], x["text"])
         for x in r["findings"]]
    lab.ok([x for x, _ in f] == [x.split(":")[0] for x in want] and
           all(w.split(":", 1)[1] in t for w, (_, t) in zip(want, f)),
           "%s: %s" % (record, ", ".join(want) or "fine"), f)
    for key, value in more.items():
        lab.ok(r["spf"][key] == value, "%s: %r" % (key, value), r["spf"])


spf("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:i1.test -all",
    networks=["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"],
    networks_complete=True)
spf("v=spf1 exists:%{i}.one.test -all", networks=[], networks_complete=False)
spf("v=spf1 include=i1.test -all", "W SPF_MODIFIER:include=i1.test")
spf("v=spf1 ip4=192.0.2.1 -all", "W SPF_MODIFIER:ip4=192.0.2.1")
spf("v=spf1 foo=bar -all")
spf("v=spf1 mx -all ip4:192.0.2.1", "W SPF_DEAD:ip4:192.0.2.1")
spf("v=spf1 mx -all a:a.test include:i1.test", "W SPF_DEAD:a:a.test, include")
spf("v=spf1 mx -all redirect=i1.test", "W SPF_DEAD:redirect=i1.test")
spf("v=spf1 -ip4:192.0.2.0/24 ip4:192.0.2.7 -all",
    "W SPF_DEAD:ip4:192.0.2.7: without effect, for terms before")
spf("v=spf1 mx -all v=spf1 ip4:192.0.2.1 -all",
    "W SPF_GLUED:v=spf1 ip4:192.0.2.1")
spf("v=spf1 mx include:i1.test include:i1.test -all",
    "H SPF_DOUBLE:include:i1.test")
spf("v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.9 -all", "H SPF_DOUBLE:192.0.2.9")
spf("v=spf1 mx a:gone.test -all", "H SPF_NOBODY:a:gone.test")
spf("v=spf1 mx +all", "E SPF_PASS_ALL:+all lets everybody pass")
spf("v=spf1 all", "E SPF_PASS_ALL:all lets everybody pass")
spf("v=spf1 include:plus.test -all", "E SPF_PASS_ALL:+all of an included",
    "H SPF_DOUBLE:-all")
spf("v=spf1 redirect=plus.test", "E SPF_PASS_ALL:+all of an included")
spf("v=spf1 ip4:192.0.2.1/0 -all", "E SPF_PASS_ALL:ip4:192.0.2.1/0 lets "
    "everybody pass by IPv4")
spf("v=spf1 ip6:::/0 -all", "E SPF_PASS_ALL:ip6:::/0 lets everybody pass by "
    "IPv6")
spf("v=spf1 a:mx.one.test/0 -all", "E SPF_PASS_ALL:a:mx.one.test/0")
spf("v=spf1 exists:mx.one.test -all", "E SPF_PASS_ALL:exists:mx.one.test",
    "H SPF_DOUBLE:-all")
spf("v=spf1 include:open.test -all", "E SPF_PASS_ALL:ip4:0.0.0.0/1")
spf("v=spf1 -all +all", "W SPF_DEAD:+all")
spf("v=spf1 ip4:10.0.0.0/6 -all", "W SPF_WIDE:67 million IPv4")
spf("v=spf1 redirect=ends.test", "H SPF_NO_ALL:?all")
spf("v=spf1 include:ends.test -all", "H SPF_NOBODY:include:ends.test")
spf("v=spf1 include:ptr.test include:i1.test -all",
    "H SPF_PTR:in the record that")
spf("v=spf1 a:four0.test a:four1.test a:four2.test a:four3.test -all",
    "H SPF_VOID:for clients by IPv6 4 names are looked up in vain")
spf("v=spf1 a:four0.test a:four1.test a:four2.test ip6:2001:db8::/32 -all",
    "W SPF_VOID:for clients by IPv6 3 names")
spf("v=spf1 a:four0.test a:four1.test a:four2.test ip6:2001:db8::1 -all",
    "W SPF_VOID:for clients by IPv6 3 names")
spf("v=spf1 a:four0.test a:four1.test a:four2.test ip6:2001:db8::1 "
    "a:four3.test -all", "W SPF_VOID:for clients by IPv6 4 names")
lab.add("v6.test", "TXT", "v=spf1 ip6:2001:db8::1 -all")
spf("v=spf1 a:four0.test a:four1.test a:four2.test redirect=v6.test",
    "W SPF_VOID:for clients by IPv6 3 names")
lab.add("late.test", "TXT",
        "v=spf1 a:four0.test a:four1.test a:four2.test include:v6.test -all")
spf("v=spf1 include:late.test -all", "W SPF_VOID:for clients by IPv6 3 names")
spf("v=spf1 ip6:2001:db8::/32 a:four0.test a:four1.test a:four2.test -all",
    "H SPF_VOID:for clients by IPv6 3 names")
spf("v=spf1 a:n1.test a:n2.test a:n3.test a:four0.test -all",
    "W SPF_VOID:3 names have no address, 2 allowed: n1.test, n2.test, n3.test",
    "H SPF_NOBODY:a:n1.test")
p = lab.mx("-C", "spf", "i1.test", "plus.test", "ends.test")
lab.ok("may send: 198.51.100.0/24\n" in p.stdout and
       "may send: 0.0.0.0/0 ::/0\n" in p.stdout and
       "may send: nobody\n" in p.stdout, "who may send", p)
# 31 records of 64 KB cost no time that is worth a word
many = " ".join("ip4:10.%d.%d.%d/31" % (i % 7, i % 251, i * 2 % 256)
                for i in range(2000))
for i in range(12):
    lab.add("big%d.test" % i, "TXT", "v=spf1 include:big%d.test %s -all" %
            (i + 1, many))
p = lab.mx("-j", "-C", "spf", "big0.test")
lab.ok(p.returncode == 65 and "SPF_LOOKUPS" in p.stdout, "a large tree", p)

# ---- DMARC by the old and the new RFC, and where its reports go
lab.add("nullmx.test", "MX", "0 .")
lab.add("noaddr.test", "TXT", "x")


def dmarc(record, *want, domain=None, **more):
    name = "dmarc%d.test" % lab.count
    lab.add(name, "MX", "10 mx.one.test")
    lab.add("_dmarc." + name, "TXT", record.replace("SELF", name))
    r = lab.json("-C", "dmarc", (domain + "." if domain else "") + name)
    f = [(x["sev"][0].upper() + " " + x["id"], x["text"])
         for x in r["findings"]]
    lab.ok([x for x, _ in f] == [x.split(":")[0] for x in want] and
           all(w.split(":", 1)[1] in t for w, (_, t) in zip(want, f)),
           "%s: %s" % (record, ", ".join(want) or "fine"), f)
    for key, value in more.items():
        lab.ok(r["dmarc"][key] == value, "%s: %r" % (key, value), r["dmarc"])


RUA = "; rua=mailto:d@SELF"
dmarc("v=DMARC1; p=reject" + RUA, rfc7489="reject")
dmarc("v=DMARC1; p=reject; pct=100; rf=afrf; ri=86400" + RUA)
dmarc("v=DMARC1; p=reject; pct=20" + RUA, "W DMARC_PCT:7489 for 20 % of it")
dmarc("v=DMARC1; p=none; pct=20" + RUA, "H DMARC_WEAK:p=none")
dmarc("v=DMARC1; p=reject; pct=x; ri=3600" + RUA, "H DMARC_OBSOLETE:rf, ri")
lab.add("tags.test", "MX", "10 mx.one.test")
lab.add("_dmarc.tags.test", "TXT", 'v=DMARC1; p=none; x\\"y=1; \\195\\164=2')
lab.ok(lab.json("-C", "dmarc", "tags.test")["dmarc"]["tags"] ==
       {"v": "DMARC1", "p": "none"}, "tags with odd names are passed over")
dmarc("v=DMARC1; p=reject; t=y" + RUA,
      "H DMARC_OLD:quarantine by RFC 9989, reject by RFC 7489",
      "H DMARC_TEST:t=y", effective="quarantine", rfc7489="reject")
dmarc("v=DMARC1; p=none; np=reject" + RUA,
      "H DMARC_OLD:reject by RFC 9989, none by RFC 7489", domain="gone",
      rfc7489="none")
dmarc("v=DMARC1; p=reject; sp=quarantine" + RUA, domain="gone",
      effective="quarantine", rfc7489="quarantine")
dmarc("v=DMARC1; p=reject", "H DMARC_NO_RUA:no rua=")
dmarc("v=DMARC1; p=reject; rua=mailto:d@no.SELF",
      "W DMARC_RUA_MX:does not exist")
dmarc("v=DMARC1; p=reject; rua=mailto:d@_dmarc.SELF",
      "W DMARC_RUA_MX:has neither MX nor address")
for host, why in ("nullmx.test", "takes no mail"), ("mx.one.test", ""), \
        ("noaddr.test", "has neither MX nor address"):
    lab.add("dmarc%d.test._report._dmarc.%s" % (lab.count, host), "TXT",
            "v=DMARC1")
    dmarc("v=DMARC1; p=reject; rua=mailto:d@" + host,
          *(["W DMARC_RUA_MX:" + why] if why else []))
lab.add("deep.a.b.test", "MX", "10 mx.one.test")
lab.add("_dmarc.a.b.test", "TXT", "v=DMARC1; p=reject; rua=mailto:d@deep.a.b.test")
r = lab.json("-C", "dmarc", "deep.a.b.test")["dmarc"]
lab.ok((r["effective"], r["rfc7489"]) == ("reject", None),
       "what takes a list of public suffixes is not known", r)

# ---- selectors from a file: those that are there, and no word of the others
lab.add("keys.test", "MX", "10 mx.one.test")
for s in "one", "S2", "a.b":
    lab.add(s.lower() + "._domainkey.keys.test", "TXT", "v=DKIM1; p=")
with tempfile.NamedTemporaryFile("w") as f:
    f.write("# all\n" + "".join("s%d\n" % i for i in range(500)) +
            "one # the first\r\n\nONE\n  a.b\n")
    f.flush()
    r = lab.json("--dkim-file", f.name, "keys.test")
    lab.ok([x["selector"] for x in r["dkim"]["selectors"]] ==
           ["s2", "one", "a.b"], "three of 502 selectors are there", r)
    lab.ok(not any(x["id"] == "DKIM_NO_KEY" for x in r["findings"]),
           "the others are no fault", r)
    r = lab.json("--dkim-file", f.name, "--dkim", "gone", "keys.test")
    lab.ok([x["at"] for x in r["findings"] if x["id"] == "DKIM_NO_KEY"] ==
           ["gone._domainkey.keys.test"], "one that was given is missed", r)
    f.write("a b\n")
    f.flush()
    p = lab.mx("--dkim-file", f.name, "keys.test")
    lab.ok(p.returncode == 64 and ':506: "a b" is no selector' in p.stderr,
           "a line that is no selector", p)
lab.status(66, "no file of selectors", "--dkim-file", mxlab.BUILD + "/no",
           "one.test")

# ---- DKIM: selectors of whoever takes the mail, at any of its hosts
lab.add("backup.test", "MX", "10 mx.backup.test")
lab.add("backup.test", "MX", "20 mxext1.mailbox.org")
lab.add("mbo0001._domainkey.backup.test", "TXT", "v=DKIM1; p=")
r = lab.json("-C", "dkim", "backup.test")["dkim"]["selectors"]
lab.ok("mbo0001" in [k["selector"] for k in r if k["records"]],
       "a selector of the second host's provider", r)

# ---- CAA: of the name, or the next one above that has any
def caa(tag, value, flags=0):
    return bytes([flags, len(tag)]) + tag.encode() + value.encode()


for name in "caa", "shut", "half", "critical", "open", "torn":
    lab.add(name + ".test", "MX", "10 mx." + name + ".test")
    lab.add("mx." + name + ".test", "A", "198.18.1.1")
lab.add("caa.test", "CAA", caa("issue", "ca.example; x=y"))
lab.add("caa.test", "CAA", caa("issuemail", ";"))
lab.add("_mta-sts.caa.test", "TXT", "v=STSv1; id=1")
lab.add("mta-sts.caa.test", "CAA", caa("issue", "other.example"))
lab.add("shut.test", "CAA", caa("issue", "ca.example"))
lab.add("mx.shut.test", "CAA", caa("issue", ";"))
lab.add("half.test", "CAA", caa("issue", "ca.example"))
lab.add("mx.half.test", "CAA", caa("issue", "1ca.example"))
lab.add("mx.half.test", "CAA", caa("issue", ";"))
lab.add("critical.test", "CAA", caa("future", "x", 128))
lab.add("torn.test", "CAA", b"\0\7issue")
for name, want in (("caa", []), ("shut", ["CAA_NOBODY mx.shut.test"]),
                   ("half", []),
                   ("critical", ["CAA_CRITICAL critical.test"]),
                   ("open", ["CAA_NONE open.test"]),
                   ("torn", ["CAA_SYNTAX torn.test"])):
    f = lab.json("-C", "caa", name + ".test")["findings"]
    lab.ok(["%s %s" % (x["id"], x["at"]) for x in f] == want,
           "CAA of %s: %s" % (name, want), f)
r = lab.json("-C", "caa", "caa.test")["caa"]
lab.ok([(x["name"], x["at"]) for x in r] ==
       [("caa.test", "caa.test"), ("mta-sts.caa.test", "mta-sts.caa.test"),
        ("mx.caa.test", "caa.test")], "whose records count", r)
lab.ok({"tag": "issue", "value": "ca.example; x=y", "flags": 0} in
       r[2]["records"], "and what they say", r)
lab.ok('  CAA    mx.caa.test (by caa.test) issue "ca.example; x=y"' in
       lab.mx("-C", "caa", "caa.test").stdout, "as text")
lab.servfail.add("mx.caa.test")
r = lab.json("-C", "caa", "caa.test")
lab.ok(r["unknown"] == ["caa"] and r["findings"] == [] and
       r["caa"][2]["at"] is None, "what is not known is not climbed over", r)
lab.servfail.discard("mx.caa.test")
deep = ".".join("abcdefghijklmnopq") + ".test"
lab.add(deep, "MX", "10 mx.one.test")
r = lab.json("-C", "caa", deep)
lab.ok(r["unknown"] == ["caa"] and "CAA_LIMIT" in
       [x["id"] for x in r["findings"]], "a name of 18 labels", r)
for i in range(34):
    lab.add("caamany.test", "MX", "10 c%d.caamany.test" % i)
r = lab.json("-C", "caa", "caamany.test")
lab.ok(r["unknown"] == ["caa"] and len(r["caa"]) == 34, "34 hosts", r["unknown"])

# ---- --fix: a line for the zone, where one does no harm
def fix(domain, id, want, *args):
    f = lab.json("--fix", *args, domain)["findings"]
    got = [x["fix"] for x in f if x["id"] == id]
    lab.ok(got == [want], "--fix: %s of %s: %s" % (id, domain, want), f)
    p = lab.mx("--fix", *args, domain)
    lab.ok(want is None or "\n      " + want + "\n" in p.stdout, "as text", p)


for i, (record, mended) in enumerate((
        (" v=spf1 mx -all", "v=spf1 mx -all"),
        ("\"v=spf1 mx -all\"", "v=spf1 mx -all"),
        ("v=spf1,mx,-all", None))):
    lab.add("nearspf%d.test" % i, "MX", "10 mx.one.test")
    lab.add("nearspf%d.test" % i, "TXT", record)
    fix("nearspf%d.test" % i, "SPF_NEAR", mended and
        'nearspf%d.test. IN TXT "%s"' % (i, mended), "-C", "spf")
lab.add("_dmarc.nearspf0.test", "TXT", "v=dmarc1; p=reject")
fix("nearspf0.test", "DMARC_NEAR",
    '_dmarc.nearspf0.test. IN TXT "v=DMARC1; p=reject"', "-C", "dmarc")
lab.add("fix.test", "MX", "10 mx.one.test")
lab.add("fix.test", "TXT", "v=spf1 mx include=i1.test")
fix("fix.test", "SPF_MODIFIER",
    'fix.test. IN TXT "v=spf1 mx include:i1.test"', "-C", "spf")
fix("fix.test", "SPF_NO_ALL",
    'fix.test. IN TXT "v=spf1 mx include=i1.test ~all"', "-C", "spf")
fix("fix.test", "DMARC_NONE", '_dmarc.fix.test. IN TXT "v=DMARC1; p=none; '
    'rua=mailto:postmaster@fix.test"', "-C", "dmarc")
fix("caa.test", "SPF_NONE", 'caa.test. IN TXT "v=spf1 mx ~all"', "-C", "spf")
lab.add("nullfix.test", "MX", "0 .")
fix("nullfix.test", "SPF_NONE", 'nullfix.test. IN TXT "v=spf1 -all"', "-C",
    "spf")
fix("nullfix.test", "DMARC_NONE",
    '_dmarc.nullfix.test. IN TXT "v=DMARC1; p=reject"', "-C", "dmarc")
fix("nothing.test", "SPF_NULL_MX", "nothing.test. IN MX 0 .", "-C", "spf")
lab.add("addr.test", "A", "198.18.1.1")
lab.add("addr.test", "TXT", "v=spf1 -all")
fix("addr.test", "SPF_NULL_MX", None, "-C", "spf")
lab.add("norua.test", "MX", "10 mx.one.test")
lab.add("_dmarc.norua.test", "TXT", "v=DMARC1; p=reject; ")
fix("norua.test", "DMARC_NO_RUA", '_dmarc.norua.test. IN TXT "v=DMARC1; '
    'p=reject; rua=mailto:postmaster@norua.test"', "-C", "dmarc")
# None for the record of the domain above, nor where nobody reads reports.
lab.add("sub.norua.test", "MX", "10 mx.one.test")
fix("sub.norua.test", "DMARC_NO_RUA", None, "-C", "dmarc")
fix("parked.test", "DMARC_NO_RUA", None, "-C", "dmarc")
fix("one.test", "PTR_NONE", "1.1.18.198.in-addr.arpa. IN PTR mx.one.test.",
    "-C", "ptr")
lab.add("barerua.test", "MX", "10 mx.one.test")
lab.add("_dmarc.barerua.test", "TXT", "v=DMARC1;p=reject; rua=a@b.test ;fo=1;")
fix("barerua.test", "DMARC_NO_RUA", '_dmarc.barerua.test. IN TXT "v=DMARC1; '
    'p=reject; fo=1; rua=mailto:postmaster@barerua.test"', "-C", "dmarc")
lab.add("allis.test", "TXT", "v=spf1 all=x -all")
fix("allis.test", "SPF_MODIFIER", None, "-C", "spf")
# Beside the record as it was meant no other one.
fix("nearspf0.test", "SPF_NONE", None, "-C", "spf")
fix("nearspf0.test", "DMARC_NONE", None, "-C", "dmarc")
lab.add("twonear.test", "TXT", " v=spf1 mx -all")
lab.add("twonear.test", "TXT", "'v=spf1 a -all'")
f = lab.json("--fix", "-C", "spf", "twonear.test")["findings"]
lab.ok(len([x for x in f if x["fix"]]) == 1, "one of two near ones is mended",
       f)
fix("nearspf2.test", "SPF_NONE", 'nearspf2.test. IN TXT "v=spf1 mx ~all"',
    "-C", "spf")
r = lab.json("-C", "spf", "fix.test")
lab.ok("fix" not in r["findings"][0], "only with --fix", r)

# ---- records of one domain beside each other
lab.add("nokey.test", "MX", "10 mx.one.test")
f = lab.json("-C", "dkim", "nokey.test")["findings"]
lab.ok([x["id"] for x in f] == ["DKIM_NONE"], "nothing below _domainkey", f)
f = lab.json("-C", "dkim", "parked.test")["findings"]
lab.ok(f == [], "no key where there is no mail is well", f)
f = lab.json("-C", "spf", "nothing.test")["findings"]
lab.ok([x["id"] for x in f] == ["SPF_NULL_MX"], "-all and no MX", f)
lab.add("nullmx.test", "TXT", "v=spf1 ip4:192.0.2.1 -all")
f = lab.json("-C", "spf", "nullmx.test")["findings"]
lab.ok([x["id"] for x in f] == ["SPF_BESIDE_NULL"], "senders, a null MX", f)
f = lab.json("-C", "spf", "parked.test")["findings"]
lab.ok(f == [], "-all and a null MX", f)
for name in "web", "mute":
    lab.add(name + ".test", "A", "198.18.8.1")
lab.add("mute.test", "TXT", "v=spf1 -all")
f = lab.json("-C", "ptr", "web.test")["findings"]
lab.ok([(x["id"], x["sev"]) for x in f] == [("PTR_NONE", "hint")],
       "no name of a web server: a hint", f)
f = lab.json("-C", "ptr", "mute.test")["findings"]
lab.ok(f == [], "none of one that sends no mail", f)
lab.add("forged.test", "MX", "10 mx.forged.test")
lab.bogus.add("mx.forged.test")
f = lab.json("-C", "addr", "forged.test")["findings"]
lab.ok([(x["id"], x["at"]) for x in f if x["sev"] == "error"] ==
       [("DNSSEC_BOGUS", "mx.forged.test")] * 2,
       "a wrong signature is told, whoever met it", f)

# ---- one question of several that fails
lab.add("sig.test", "SOA", mxlab.SOA)
lab.add("own.test", "MX", "10 mx.half.test")
lab.add("own.test", "CAA", caa("issue", ";"))
for name, record in ("four", "A"), ("six", "AAAA"):
    lab.add(name + ".test", "MX", "10 mx.%s.test" % name)
    lab.add("mx.%s.test" % name, record, {"A": "198.18.1.1"}.get(
        record, "2a00:1450::1"))
for bad, fails, domain, check, want in (
        ("bogus", "sig.test SOA", "sig.test", "dnssec", ["DNSSEC_BOGUS"]),
        ("bogus", "sig.test DS", "sig.test", "dnssec", ["DNSSEC_BOGUS"]),
        ("bogus", "sig.test DNSKEY", "sig.test", "dnssec", ["DNSSEC_BOGUS"]),
        ("servfail", "own.test CAA", "own.test", "caa", []),
        ("servfail", "mx.four.test AAAA", "four.test", "addr", ["MX_TEMP"]),
        ("servfail", "mx.four.test A", "four.test", "addr", ["MX_TEMP"]),
        ("servfail", "mx.six.test A", "six.test", "addr", ["MX_TEMP"]),
        ("servfail", "mx.six.test AAAA", "six.test", "addr", ["MX_TEMP"])):
    setattr(lab, bad, {fails})
    r = lab.json("-C", check, domain)
    f = [x["id"] for x in r["findings"]]
    lab.ok(f == want and check in r["unknown"], "%s is %s: %s" %
           (fails, bad, want), r)
    setattr(lab, bad, set())
lab.ok(lab.json("-C", "caa", "own.test")["findings"] == [],
       "a domain may forbid all for itself", r)
for fails, state in (("", "insecure"), ("sig.test SOA", "unknown"),
                     ("sig.test DS", "unknown")):
    lab.servfail = {fails}
    r = lab.json("-C", "dnssec", "sig.test")
    lab.ok(r["dnssec"]["state"] == state and r["findings"] == [],
           "%s fails: %s" % (fails or "nothing", state), r)
    p = lab.mx("-C", "dnssec", "sig.test")
    lab.ok(("servfail" in p.stdout.lower()) == (fails != ""), "as text", p)
lab.servfail = set()
for i, ips in enumerate((("198.18.8.2",), ("198.18.8.1",),
                         ("198.18.8.1", "198.18.8.2"))):
    lab.add("three.test", "MX", "10 m%d.three.test" % i)
    for ip in ips:
        lab.add("m%d.three.test" % i, "A", ip)
f = [x["text"] for x in lab.json("three.test")["findings"]
     if x["id"] == "MX_SAME_ADDR"]
lab.ok(f == ["m0.three.test and m2.three.test"],
       "of two hosts with a third one's addresses the first is named", f)

# ---- what is left out is said, one more than each bound holds
def bound(n, names, id, check, *args):
    """names: a domain at the bound, and one above it."""
    for name, over in zip(names, (False, True)):
        r = lab.json("-C", check, *args, name)
        f = [x for x in r["findings"] if x["id"] == id]
        lab.ok((len(f), r["unknown"]) == ((1, [check]) if over else (0, [])),
               "%s: %s, %d%s" % (check, id, n, " and one more" if over
                                 else ""), (f, r["unknown"]))


for kind, n in ("ptr", 64), ("bl", 32):
    for name, more in ("full", 0), ("over", 1):
        lab.add(kind + name + ".test", "MX", "10 mx." + kind + name + ".test")
        for i in range(n + more):
            lab.add("mx." + kind + name + ".test", "A", "198.18.5.%d" % i)
for i in range(65):
    lab.add("%d.5.18.198.in-addr.arpa" % i, "PTR", "h%d.test" % i)
    lab.add("h%d.test" % i, "A", "198.18.5.%d" % i)
lab.add("2.0.0.127.bl.test", "A", "127.0.0.2")
for i in range(11):
    lab.add("1.9.18.198.in-addr.arpa", "PTR", "p%02d.test" % i)
    if i < 10:
        lab.add("2.9.18.198.in-addr.arpa", "PTR", "p%02d.test" % i)
for name, n in ("full", 16), ("over", 17):
    for i in range(n):
        lab.add("_imaps._tcp.srv%s.test" % name, "SRV",
                "0 1 993 h%d.test" % i)
    lab.add("_dmarc.places%s.test" % name, "TXT", "v=DMARC1; p=reject; rua=" +
            ",".join("mailto:%d@h.places%s.test" % (i, name)
                     for i in range(n)))
for name, n in ("full", 8), ("over", 9):
    lab.add("_dmarc.hosts%s.test" % name, "TXT", "v=DMARC1; p=reject; rua=" +
            ",".join("mailto:a@h%d.hosts%s.test" % (i, name)
                     for i in range(n)))
for name in "srv", "places", "hosts":
    for x in "full", "over":
        lab.add(name + x + ".test", "A", "198.18.1.1")
bound(64, ("ptrfull.test", "ptrover.test"), "PTR_LIMIT", "ptr")
bound(10, ("198.18.9.2", "198.18.9.1"), "PTR_LIMIT", "ptr")
bound(32, ("blfull.test", "blover.test"), "DNSBL_LIMIT", "dnsbl", "--dnsbl",
      "bl.test")
bound(16, ("srvfull.test", "srvover.test"), "SRV_LIMIT", "srv")
bound(16, ("placesfull.test", "placesover.test"), "DMARC_LIMIT", "dmarc")
bound(8, ("hostsfull.test", "hostsover.test"), "DMARC_LIMIT", "dmarc")
p = lab.mx("-C", "ptr", "ptrover.test")
lab.ok(p.returncode == 75, "not all was seen: 75", p)
lab.add("_smtp._tls.rpt.test", "TXT", "v=TLSRPTv1;rua=" +
        ",".join("mailto:%d@a.test" % i for i in range(40)))
r = lab.json("-C", "tlsrpt", "rpt.test")
lab.ok(len(r["tlsrpt"]["rua"]) == 40, "40 places for TLS reports", r)
for i in range(60):
    lab.add("manymx.test", "MX", "10 m%02d.manymx.test" % i)
    lab.add("m%02d.manymx.test" % i, "A", "198.18.6.%d" % (i % 59))
f = [x["text"] for x in lab.json("manymx.test")["findings"]
     if x["id"] == "MX_SAME_ADDR"]
lab.ok(f == ["m00.manymx.test and m59.manymx.test"],
       "one address twice among 60 hosts", f)

# ---- of several names and answers one is enough, in any order
for i, which in enumerate(("first", "last")):
    ip, back = "198.18.7.%d" % i, "%d.7.18.198" % i
    names = ["good%d.test" % i, "other%d.test" % i]
    answers = ["127.0.0.3", "127.0.0.99"]
    lab.add(names[0], "A", ip)
    lab.add(names[1], "A", "198.18.7.9")
    for n, a in zip(*(x[::-1] if i else x for x in (names, answers))):
        lab.add(back + ".in-addr.arpa", "PTR", n)
        lab.add(back + ".bl.test", "A", a)
    r = lab.json("-C", "ptr", ip)
    lab.ok(len(r["ptr"][0]["names"]) == 2 and r["ptr"][0]["fcrdns"] is True,
           "an address of two names is that of the " + which, r)
    r = lab.json("--dnsbl", "bl.test=127.0.0.2-11", ip)
    lab.ok(r["dnsbl"][0]["state"] == "listed",
           "on a list by the %s of two answers" % which, r)

lab.end()
