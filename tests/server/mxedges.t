#!/usr/bin/env python3
"""mxlookup: what is decided at an edge.  A bound, and one beyond it; what is
given in another way; what a default stands for; what is known only in part."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()


def spf(name, record, *args):
    """The object of SPF in JSON, the findings, and the text."""
    lab.add(name, "TXT", record)
    r = lab.json("-C", "spf", *args, name)
    return r["spf"], [(x["id"], x["sev"]) for x in r["findings"]], \
        lab.mx("-C", "spf", *args, name).stdout


# ---- --nagios: "|" parts the line from its data, whoever wrote one
lab.add("bar.test", "TXT", "v=spf1 a|b -all")
p = lab.mx("--nagios", "-C", "spf", "bar.test")
lab.ok(p.returncode == 2 and p.stdout.count("|") == 1 and
       "a/b: " in p.stdout.split("|")[0], "--nagios: one bar in all of it", p)
p = lab.mx("--tries", "x", "--nagios")
lab.ok(p.returncode == 3 and p.stdout.startswith("UNKNOWN - --tries"),
       "--nagios behind what is wrong", p)

# ---- "-" is standard input only where names are read
with tempfile.TemporaryDirectory() as tmp:
    path = tmp + "/x"
    open(path, "w").write("bar.test TXT \"v=spf1 a|b -all\"\n")
    lab.status(0, "--expect", "--expect", path)
    lab.status(64, "--expect and -", "--expect", path, "-")
    open(path, "w").write(lab.mx("-j", "bar.test").stdout)
    lab.status(0, "--diff", "--diff", path)
    p = lab.mx("--diff", path, "-")
    lab.ok("-" in p.stdout and p.returncode != 0, "--diff and -", p)

# ---- what is given in another way
for given, domain in (("[IPv6:2001:db8::1]", "2001:db8::1"),
                      ("joe@[IPv6:2001:db8::1]", "2001:db8::1"),
                      ('"a@b"@bar.test', "bar.test"), ("BAR.Test", "bar.test"),
                      ("BAR.Test.", "bar.test")):
    r = lab.json("-C", "mx", given)
    lab.ok((r["domain"], r["error"]) == (domain, None),
           "%s is %s" % (given, domain), r)
r = lab.json("-C", "spf", "192.0.2.1")
lab.ok(r["spf"] is None and r["dns"]["queries"] == 0,
       "an address has no SPF record", r)
for option in ("--fetch-timeout=1", "--only-public", "--tls-min=1.2", "--tls-strict"):
    lab.status(64, option + " without --fetch", option, "-C", "mtasts",
               "bar.test")

# ---- whom is asked, and how: the last query is kept
asked = []
answer = lab.answer
lab.answer = lambda m, tcp: asked.append(m) or answer(m, tcp)
for args, size in ((), 1232), (("--bufsize", "1400"), 1400), \
        (("--no-edns",), None):
    lab.mx("-C", "mx", *args, "bar.test")
    m = asked[-1]
    got = int.from_bytes(m[-8:-6], "big") if m[11] else None
    lab.ok(got == size, "%s: the size of EDNS is %s" % (" ".join(args), size),
           m)
lab.answer = answer
lab.add("signed.test", "MX", "10 mx.signed.test")
lab.add("mx.signed.test", "A", "198.18.1.1")
lab.signed.add("signed.test")
for args, secure in ((), True), (("--no-trust-ad",), False):
    r = lab.json(*args, "signed.test")
    lab.ok((r["secure"], r["mx"][0]["addr_secure"]) == (secure, secure),
           "%s: secure is %s" % (" ".join(args), secure), r)
lab.bogus.add("_25._tcp.mx.signed.test")
f = [x["id"] for x in lab.json("-C", "dane", "signed.test")["findings"]
     if "BOGUS" in x["id"] or "TEMP" in x["id"]]
lab.ok(len(f) == 1 and f[0].startswith("DANE"),
       "a TLSA record whose signature is wrong is told once", f)

# ---- --spf-eval: who is it that was not named
MACROS = "v=spf1 exists:%{l}.%{h}.x.test -all"
for who in ("postmaster.who.test", "joe.who.test", "joe.helo.test"):
    lab.add(who + ".x.test", "A", "127.0.0.2")
lab.add("who.test", "TXT", MACROS)
lab.add("who.test", "MX", "0 .")
lab.add("six.test", "TXT", "v=spf1 ip6:2001:db8::/32 ip4:192.0.2.9 -all")
for given, eval, want in (
        ("who.test", "192.0.2.1", "pass"),
        ("joe@who.test", "192.0.2.1", "pass"),
        ("jim@who.test", "192.0.2.1", "fail"),
        ("mailto:joe@who.test", "192.0.2.1", "pass"),
        ("who.test", "192.0.2.1,joe@who.test", "pass"),
        ("who.test", "192.0.2.1,jim@who.test", "fail"),
        ("who.test", "192.0.2.1,joe@who.test,helo.test", "pass"),
        ("who.test", "192.0.2.1,,other.test", "fail"),
        ("six.test", "2001:db8::7", "pass"), ("six.test", "32.1.13.184", "fail"),
        ("six.test", "::ffff:192.0.2.9", "pass")):
    r = lab.json("--spf-eval", eval, given)
    lab.ok(r["spf"]["result"] == want, "--spf-eval %s %s: %s" %
           (eval, given, want), r["spf"])

# ---- SPF: what is not known in full is said
s, f, text = spf("many.test", "v=spf1" + "".join(
    " exists:e%d.test" % i for i in range(31)) + " ip4:192.0.2.1 -all")
lab.ok(s["complete"] is False and s["networks"] is None and
       "may send" not in text and "lookups %d+/10" % s["lookups"] in text,
       "more terms than are looked at", (s, text))
s, f, text = spf("ten.test", "v=spf1" + "".join(
    " a:e%d.test" % i for i in range(10)) + " ip4:192.0.2.1 -all")
lab.ok(s["complete"] is True and s["lookups"] == 10 and
       "SPF_LOOKUPS" not in dict(f), "ten lookups are allowed", (s, f))
lab.servfail.add("silent.test")
s, f, text = spf("part.test", "v=spf1 include:silent.test ip4:192.0.2.1 -all")
lab.ok(s["complete"] is False and "SPF_INCLUDE" not in dict(f),
       "what is included is not known now", (s, f))
s, f, text = spf("shut.test", "v=spf1 -all")
lab.ok("may send: nobody\n" in text, "nobody may send", text)
s, f, text = spf("ptr.test", "v=spf1 ptr -all")
lab.ok("may send: nobody, and as terms say that depend on the client\n" in
       text, "that depends on the client", text)


# ---- what is told of an SPF record, with its severity, and what is not
def told(what, record, want, *args, name=None):
    """The findings, less what is said of all of these names."""
    name = name or "told%d.test" % lab.count
    s, f, _ = spf(name, record, *args)
    lab.ok(f == want, "%s: %s" % (what, want), (f, s))
    return s


lab.add("half.test", "TXT", "v=spf1 ip4:0.0.0.0/1 -all")
lab.add("other.test", "TXT", "v=spf1 ptr ip4:192.0.2.7 ip4:192.0.2.7 -all")
lab.add("sub.own.test", "TXT", "v=spf1 ip4:192.0.2.7 ip4:192.0.2.7 -all")
lab.add("endless.test", "TXT", "v=spf1 ip4:192.0.2.7")
lab.add("sub.ends.test", "TXT", "v=spf1 ip4:192.0.2.7")
for i in range(4):
    lab.add("six%d.test" % i, "AAAA", "2a00:1450::%d" % (i + 1))
    lab.add("four%d.test" % i, "A", "198.18.1.%d" % (i + 1))
WARN, ERROR, HINT = "warn", "error", "hint"
for what, record, want in (
        ("half of IPv4", "v=spf1 ip4:0.0.0.0/1 -all",
         [("SPF_PASS_ALL", ERROR)]),
        ("less than half", "v=spf1 ip4:0.0.0.0/2 -all", [("SPF_WIDE", WARN)]),
        ("a /8", "v=spf1 ip4:10.0.0.0/8 -all", [("SPF_WIDE", WARN)]),
        ("a /9", "v=spf1 ip4:10.0.0.0/9 -all", []),
        ("a /16 of IPv6", "v=spf1 ip6:2001::/16 -all", [("SPF_WIDE", WARN)]),
        ("a /17 of IPv6", "v=spf1 ip6:2001::/17 -all", []),
        ("\"all\" that decides for nobody",
         "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 ip6:::/0 -all",
         [("SPF_PASS_ALL", ERROR), ("SPF_DOUBLE", HINT)]),
        ("decided otherwise before",
         "v=spf1 -ip4:192.0.2.0/24 ip4:192.0.2.1 -all", [("SPF_DEAD", WARN)]),
        ("two records in one", "v=spf1 ip4:192.0.2.1 -all v=spf1 ip4:192.0.2.2 -all",
         [("SPF_GLUED", WARN)]),
        ("a stranger's record", "v=spf1 include:other.test -all",
         [("SPF_PTR", HINT)]),
        ("?all", "v=spf1 ip4:192.0.2.1 ?all", [("SPF_NO_ALL", HINT)]),
        ("no end", "v=spf1 ip4:192.0.2.1", [("SPF_NO_ALL", WARN)]),
        ("no end where it leads", "v=spf1 redirect=endless.test",
         [("SPF_NO_ALL", WARN)]),
        ("its own end, and where it does not lead",
         "v=spf1 ip4:192.0.2.1 -all redirect=endless.test",
         [("SPF_DEAD", WARN)]),
        ("two names in vain", "v=spf1 a:no0.test a:no1.test -all",
         [("SPF_NOBODY", HINT)]),
        ("three names in vain", "v=spf1 a:no0.test a:no1.test a:no2.test -all",
         [("SPF_VOID", WARN), ("SPF_NOBODY", HINT)]),
        ("two of one family", "v=spf1 a:six0.test a:six1.test ip4:192.0.2.1 "
         "-all", []),
        ("three of one family, and mail by the other",
         "v=spf1 a:six0.test a:six1.test a:six2.test ip4:192.0.2.1 -all",
         [("SPF_VOID", WARN)]),
        ("three of one family, and no mail by the other",
         "v=spf1 a:six0.test a:six1.test a:six2.test -all",
         [("SPF_VOID", HINT)]),
        ("three of IPv4, and mail by IPv6",
         "v=spf1 a:four0.test a:four1.test a:four2.test ip6:2a00::1 -all",
         [("SPF_VOID", WARN)]),
        ("eleven lookups", "v=spf1" + " a:four0.test" * 10 + " exists:four1.test"
         " -all", None)):
    if want is None:
        s, f, _ = spf("eleven.test", record)
        lab.ok(("SPF_LOOKUPS", ERROR) in f, what, f)
    else:
        told(what, record, want)
told("what is included of its own", "v=spf1 include:sub.own.test -all",
     [("SPF_DOUBLE", HINT)], name="own.test")
f = lab.json("-C", "spf", "silent.test")["findings"]
lab.ok("SPF_NONE" not in [x["id"] for x in f], "not known: not none", f)
for what, record, at, text in (
        ("where all may pass", "v=spf1 include:half.test -all", "half.test",
         "ip4:0.0.0.0/1 of an included record lets everybody pass by IPv4"),
        ("by IPv6 alone", "v=spf1 ip6:::/0 -all", "by6.test",
         "ip6:::/0 lets everybody pass by IPv6"),
        ("by both", "v=spf1 +all", "both.test",
         "+all lets everybody pass"),
        ("all together", "v=spf1 ip4:0.0.0.0/2 ip4:64.0.0.0/2 -all",
         "joint.test", "all of it together lets everybody pass by IPv4")):
    name = at if at != "half.test" else "in.test"
    lab.add(name, "TXT", record)
    f = [(x["at"], x["text"]) for x in lab.json("-C", "spf", name)["findings"]
         if x["id"] == "SPF_PASS_ALL"]
    lab.ok(f == [(at, text)], what, f)

# ---- beside the MX records, and --fix
for name, txt, mx, address, want in (
        ("a null MX and whoever the client is", "v=spf1 ptr -all", "0 .",
         None, {"SPF_PTR": None, "SPF_BESIDE_NULL": None}),
        ("a null MX and IPv6", "v=spf1 ip6:2a00::1 -all", "0 .", None,
         {"SPF_BESIDE_NULL": None}),
        ("no mail, no MX", "v=spf1 -all", None, None,
         {"SPF_NULL_MX": "IN MX 0 ."}),
        ("no mail, no MX, an address", "v=spf1 -all", None, "198.18.1.1",
         {"SPF_NULL_MX": None}),
        ("no mail, an MX", "v=spf1 -all", "10 four0.test", None, {}),
        ("no record, a null MX", "x", "0 .", None,
         {"SPF_NONE": 'IN TXT "v=spf1 -all"'}),
        ("no record, an MX", "x", "10 four0.test", None,
         {"SPF_NONE": 'IN TXT "v=spf1 mx ~all"'}),
        ("no record, no MX", "x", None, None, {"SPF_NONE": None}),
        ("no end of its own", "v=spf1 a:four0.test", "10 four0.test", None,
         {"SPF_NO_ALL": 'IN TXT "v=spf1 a:four0.test ~all"'}),
        ("no end of a stranger's", "v=spf1 redirect=endless.test",
         "10 four0.test", None, {"SPF_NO_ALL": None})):
    d = "mail%d.test" % lab.count
    for type, data in ("TXT", txt), ("MX", mx), ("A", address):
        if data:
            lab.add(d, type, data)
    got = {x["id"]: x["fix"] for x in
           lab.json("-C", "spf", "--fix", d)["findings"]}
    lab.ok(got.keys() == want.keys() and all(
        got[k] is None if v is None else
        (got[k] or "").endswith(v) for k, v in want.items()), name, got)
lab.add("nothing.test", "MX", "0 .")
f = lab.json("-C", "spf,dmarc", "--fix", "nothing.test")["findings"]
lab.ok({x["id"] for x in f if x["fix"]} >= {"DMARC_NONE", "SPF_NONE"},
       "what mends the one is not for the other", f)

# ---- of two records that stand elsewhere one may be pasted, or none counts
lab.add("two.test", "MX", "10 four0.test")
for name in "spf.two.test", "_spf.two.test":
    lab.add(name, "TXT", "v=spf1 mx -all")
f = lab.json("-C", "spf", "--fix", "two.test")["findings"]
lab.ok(len(f) == 3 and [x["fix"] for x in f if x["fix"]] ==
       ['two.test. IN TXT "v=spf1 mx -all"'], "one line for the zone", f)
KEY = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
for name in "s9.two.test", "s9._domainkey.two.test.two.test":
    lab.add(name, "TXT", KEY)
f = lab.json("-C", "dkim", "--dkim", "s9", "--fix", "two.test")["findings"]
lab.ok([x["id"] for x in f].count("DKIM_MISPLACED") == 2 and
       [x["fix"] for x in f if x["fix"]] ==
       ['s9._domainkey.two.test. IN TXT "%s"' % KEY], "nor two keys", f)

# ---- BIMI: a policy of DMARC that is not known now is not told as none
lab.add("default._bimi.logo.test", "TXT", "v=BIMI1; l=https://logo.test/a.svg")
lab.add("_dmarc.test", "TXT", "v=DMARC1; p=none; psd=y")
for policy, fails, enforced, want in (
        ("p=quarantine", None, True, []),
        ("p=none", None, False, ["BIMI_DMARC"]),
        ("p=reject; sp=none", None, False, ["BIMI_DMARC"]),
        ("p=quarantine; t=y", None, False, ["BIMI_DMARC"]),
        ("p=reject; t=y", None, True, []),
        ("p=reject", "_dmarc.logo.test", None, [])):
    lab.zone["_dmarc.logo.test"] = []
    lab.add("_dmarc.logo.test", "TXT", "v=DMARC1; " + policy)
    lab.servfail = {fails} - {None}
    r = lab.json("-C", "bimi", "logo.test")
    lab.ok((r["bimi"]["dmarc"], [x["id"] for x in r["findings"]]) ==
           (enforced, want) and r["unknown"] == ["bimi"] * bool(fails),
           "BIMI beside %s, %s fails" % (policy, fails), r)
lab.servfail = set()

lab.end()
