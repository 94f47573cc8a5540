#!/usr/bin/env python3
"""mxlookup: the checks one by one, where a fact is another one: a second
record that differs, a family, a bit, what is not known beside what is."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()


def found(name, *args):
    """What was found, "ID@WHERE", sorted, and the object."""
    r = lab.json(*args, name)
    return sorted("%s@%s" % (x["id"], x["at"]) for x in r["findings"]), r


def finds(want, why, name, *args, of=""):
    got, r = found(name, *args)
    got = [x for x in got if x.startswith(of)]
    lab.ok(got == sorted(want), "%s: %s" % (why, " ".join(want) or "nothing"),
           (got, r))
    return r


def host(name, a="198.51.200.7"):
    lab.add(name, "MX", "10 mx." + name)
    lab.add("mx." + name, "A", a)


def dmarc(name, tags):
    lab.add("_dmarc." + name, "TXT", "v=DMARC1; " + tags)


# ---- DMARC: to whom reports go
host("rep.test")
for n in "yes", "away", "twice", "later", "none":
    host(n + ".far")
    dmarc("rep-%s.test" % n, "p=reject; rua=mailto:d@%s.far" % n)
    host("rep-%s.test" % n)
say = "rep-%s.test._report._dmarc.%s.far"
lab.add(say % ("yes", "yes"), "TXT", "v=DMARC1")
lab.add(say % ("away", "away"), "TXT", "v=DMARC1; rua=mailto:d@third.far")
lab.add(say % ("twice", "twice"), "TXT",
        "v=DMARC1; rua=mailto:d@third.far,mailto:d@twice.far")
lab.servfail.add(say % ("later", "later"))
for n in "yes", "later":
    finds([], n, "rep-%s.test" % n, "-C", "dmarc", of="DMARC_UNAUTH")
for n in "away", "twice", "none":
    finds(["DMARC_UNAUTHORIZED@%s.far" % n], n, "rep-%s.test" % n, "-C",
          "dmarc", of="DMARC_UNAUTH")
# a policy of above: it is its domain that must be known there
host("sub.rep-yes.test")
finds([], "inherited", "sub.rep-yes.test", "-C", "dmarc", of="DMARC_UNAUTH")
# ruf as well
host("ruf.test")
dmarc("ruf.test", "p=reject; rua=mailto:d@ruf.test; ruf=mailto:d@none.far")
finds(["DMARC_UNAUTHORIZED@none.far"], "ruf", "ruf.test", "-C", "dmarc",
      of="DMARC_UNAUTH")
# whose organization it is, is not known now
host("dim.test")
host("a.dim.far")
dmarc("dim.test", "p=reject; rua=mailto:d@a.dim.far")
lab.servfail.add("_dmarc.a.dim.far")
finds([], "not known whose it is", "dim.test", "-C", "dmarc",
      of="DMARC_UNAUTH")

# ---- DMARC: does it take mail?
for n, records, bad in (
        ("null", [("MX", "0 .")], True),
        ("mixed", [("MX", "0 ."), ("MX", "10 mx.rep.test")], False),
        ("web", [("A", "198.51.200.8")], False),
        ("six", [("AAAA", "2001:4860::8")], False),
        ("bare", [("TXT", "x")], True), ("gone", [], True)):
    for type, data in records:
        lab.add(n + ".rua.test", type, data)
    host("r%s.test" % n)
    dmarc("r%s.test" % n, "p=reject; rua=mailto:d@%s.rua.test" % n)
    lab.add("r%s.test._report._dmarc.%s.rua.test" % (n, n), "TXT", "v=DMARC1")
    finds(["DMARC_RUA_MX@%s.rua.test" % n] if bad else [], n, "r%s.test" % n,
          "-C", "dmarc", of="DMARC_RUA_MX")
host("rhttps.test")
dmarc("rhttps.test", "p=reject; rua=https://nowhere.rua.test/x")
finds([], "https wants no MX", "rhttps.test", "-C", "dmarc", of="DMARC_RUA_MX")
lab.servfail.add("later.rua.test")
host("rlater.test")
dmarc("rlater.test", "p=reject; rua=mailto:d@later.rua.test")
finds([], "not known now", "rlater.test", "-C", "dmarc", of="DMARC_RUA_MX")

# ---- DMARC: the policy
host("pct.test")
dmarc("pct.test", "p=none; pct=50; rua=mailto:d@pct.test")
finds([], "pct of nothing", "pct.test", "-C", "dmarc", of="DMARC_PCT")
host("unfit.test")
dmarc("unfit.test", "p=never")
finds([], "no reports of a record that is unfit", "unfit.test", "-C", "dmarc",
      of="DMARC_NO_RUA")
lab.servfail.add("_dmarc.down.test")
host("down.test")
r = finds([], "not known now is not none", "down.test", "-C", "dmarc",
          of="DMARC_M")
lab.ok(r["dmarc"]["org"] is None, "nor is the organization known", r)
lab.add("np.test", "A", "198.51.200.9")
dmarc("np.test", "p=none; sp=none; np=reject; rua=mailto:d@np.test")
lab.add("alias.np.test", "CNAME", "gone.else.test")
for n, want in (("gone.np.test", "reject"), ("alias.np.test", "none")):
    r = lab.json("-C", "dmarc", n)
    lab.ok(r["dmarc"]["effective"] == want, "%s: %s" % (n, want), r)

lab.add("web.np2.test", "A", "198.51.200.9")
for name in "web.np2.test", "down.test":
    p = lab.mx("-C", "dmarc", "--fix", name)
    lab.ok("p=reject" not in p.stdout, "--fix: %s may have mail" % name, p)
lab.add("no.np2.test", "MX", "0 .")
p = lab.mx("-C", "dmarc", "--fix", "no.np2.test")
lab.ok("p=reject" in p.stdout, "--fix: a domain without has none", p)

# ---- CAA: the bit, nobody, whose records



def caa(flags, tag, value):
    return bytes([flags, len(tag)]) + tag.encode() + value.encode()


for n, records, want in (
        ("well", [(0, "issue", "ca.test")], []),
        ("odd", [(1, "strange", "x")], []),
        ("crit", [(128, "strange", "x")], ["CAA_CRITICAL@crit.caa.test"]),
        ("known", [(128, "issue", "ca.test")], []),
        ("wild", [(0, "issuewild", ";")], []),
        ("empty", [(0, "iodef", "")], [])):
    host(n + ".caa.test")
    lab.add("mx.%s.caa.test" % n, "CAA", caa(0, "issue", "ca.test"))
    for one in records:
        lab.add(n + ".caa.test", "CAA", caa(*one))
    finds(want, "caa " + n, n + ".caa.test", "-C", "caa")
deep = ".".join("abcdefghijklmnop") + ".caa.test"  # sixteen
lab.add("caa.test", "CAA", caa(0, "issue", "ca.test"))
for name, want in ((deep, []), ("q." + deep, ["CAA_LIMIT@q." + deep])):
    lab.add(name, "MX", "0 .")
    finds(want, "caa of %d names above" % name.count("."), name, "-C", "caa",
          of="CAA_LIMIT")
del lab.zone["caa.test"]
host("wild2.caa.test")
for one in (0, "issue", ";"), (0, "issuewild", "ca.test"):
    lab.add("mx.wild2.caa.test", "CAA", caa(*one))
finds(["CAA_NOBODY@mx.wild2.caa.test"], "another may issue wildcards alone",
      "wild2.caa.test", "-C", "caa", of="CAA_NOBODY")
for n, values, want in (
        ("nobody", ["; x=y"], ["CAA_NOBODY@mx.nobody.caa.test"]),
        ("some", [";", "ca.test"], []), ("other", ["ca.test"], [])):
    host(n + ".caa.test")
    lab.add(n + ".caa.test", "CAA", caa(0, "issue", ";"))
    for v in values:
        lab.add("mx.%s.caa.test" % n, "CAA", caa(0, "issue", v))
    finds(want, "caa " + n, n + ".caa.test", "-C", "caa")
host("down.caa.test")
lab.servfail.add("down.caa.test CAA")
r = finds([], "caa not known now", "down.caa.test", "-C", "caa", of="CAA_NONE")
lab.ok([x["name"] for x in r["caa"]] == ["down.caa.test", "mx.down.caa.test"]
       and r["caa"][0]["at"] is None, "and nobody's above it instead", r)
lab.add("nomx.caa.test", "MX", "10 192.0.2.1")
lab.add("nomx.caa.test", "CAA", caa(0, "issue", "ca.test"))
r = lab.json("-C", "caa", "nomx.caa.test")
lab.ok([x["name"] for x in r["caa"]] == ["nomx.caa.test"],
       "a host that is none has none", r)
lab.add("_mta-sts.nomx.caa.test", "TXT", "v=STSv1; id=1")
r = lab.json("-C", "caa", "nomx.caa.test")
lab.ok([x["name"] for x in r["caa"]] == ["nomx.caa.test",
                                         "mta-sts.nomx.caa.test"],
       "the policy's host where there is a policy", r)

# ---- PTR: of a family, of several names
REV6 = ".".join(reversed("20014860000000000000000000000008")) + ".ip6.arpa"
lab.add(REV6, "PTR", "v6.ptr.test")
lab.add("v6.ptr.test", "AAAA", "2001:4860::8")
finds([], "ptr of IPv6", "2001:4860::8", "-C", "ptr")


def named(last, *names):
    for n in names:
        lab.add("%d.200.51.198.in-addr.arpa" % last, "PTR", n)


lab.add("good.ptr.test", "A", "198.51.200.20")
lab.add("bad.ptr.test", "A", "198.51.200.99")
lab.servfail.add("dim.ptr.test")
for last, names, want in (
        (20, ["good.ptr.test"], []), (21, ["bad.ptr.test"], ["PTR_UNCONFIRMED"]),
        (22, ["dim.ptr.test"], []), (23, [], ["PTR_NONE"]),
        (24, ["bad.ptr.test", "dim.ptr.test"], ["PTR_MANY"])):
    named(last, *names)
    ip = "198.51.200.%d" % last
    finds([x + "@" + ip for x in want], "ptr of " + " ".join(names), ip, "-C",
          "ptr")
lab.add("good.ptr.test", "A", "198.51.200.25")
named(25, "good.ptr.test", *("n%d.ptr.test" % i for i in range(11)))
finds(["PTR_MANY@198.51.200.25"], "one of twelve is confirmed, and the limit "
      "does not matter", "198.51.200.25", "-C", "ptr")
lab.add("imp.test", "A", "198.51.200.21")
r = lab.json("-C", "ptr", "imp.test")
lab.ok([(x["id"], x["sev"]) for x in r["findings"]] == [
    ("PTR_UNCONFIRMED", "hint")], "ptr of a web server: a hint", r)
lab.add("imp.test", "TXT", "v=spf1 -all")
r = lab.json("-C", "ptr", "imp.test")
lab.ok(r["findings"] == [], "that sends no mail: nothing", r)

# ---- DNSBL: what is no listing
BL = "bl.test"


def listed(zone, name, *ips):
    for ip in ips:
        lab.add(name + "." + zone, "A", ip)


def state(zone, ip="198.51.200.7", option="--dnsbl", given=None):
    r = lab.json(option, given or zone, ip)
    return [x["state"] for x in r["dnsbl"]], r


ME = "7.200.51.198"
for n, must, never, mine, want in (
        ("works", ["127.0.0.2"], [], ["127.0.0.2"], "listed"),
        ("clear", ["127.0.0.2"], [], [], "clear"),
        ("all", ["127.0.0.2"], ["127.0.0.2"], ["127.0.0.2"], "broken"),
        ("dead", [], [], ["127.0.0.2"], "broken"),
        ("denied", ["127.255.255.254"], [], ["127.255.255.254"], "denied"),
        ("denied1", ["127.0.0.2"], [], ["127.255.255.252"], "denied"),
        ("made", ["203.0.113.1"], ["203.0.113.1"], ["203.0.113.1"],
         "rewritten"),
        ("made1", ["127.0.0.2"], [], ["127.0.0.1"], "rewritten")):
    z = n + "." + BL
    lab.add("x." + z, "TXT", "it is there")
    listed(z, "2.0.0.127", *must)
    listed(z, "1.0.0.127", *never)
    listed(z, ME, *mine)
    got, r = state(z)
    lab.ok(got == [want], "a list: %s: %s" % (n, want), r)
lab.add(ME + ".works." + BL, "TXT", "see there")
got, r = state("works." + BL)
lab.ok(r["dnsbl"][0]["reason"] == "see there", "and the reason", r)
lab.servfail.add("1.0.0.127.shy." + BL)
listed("shy." + BL, "2.0.0.127", "127.0.0.2")
listed("shy." + BL, ME, "127.0.0.2")
got, r = state("shy." + BL)
lab.ok(got == ["temp"], "a list whose test is not known now", r)
listed("some." + BL, "2.0.0.127", "127.0.0.2")
listed("some." + BL, ME, "127.0.0.5")
for given, want in (("", "listed"), ("=127.0.0.5", "listed"),
                    ("=127.0.0.2-5", "listed"), ("=127.0.0.2-4", "other"),
                    ("=127.0.0.6-9", "other"),
                    ("=127.0.0.4-127.0.0.6", "listed")):
    got, r = state("some." + BL, given="some." + BL + given)
    lab.ok(got == [want], "a range %s: %s" % (given, want), r)
for given in "=127.0.0.5-4", "=127.0.0", "=127.0.0.5-256", "=127.0.0.5-127.0.0.4":
    lab.status(64, "a range " + given, "--dnsbl", "some." + BL + given,
               "192.0.2.1")
listed("dom." + BL, "test", "127.0.0.2")
listed("dom." + BL, "rep.test", "127.0.0.2")
got, r = state("dom." + BL, "rep.test", "--dnsbl-domains")
lab.ok([(x["what"], x["state"]) for x in r["dnsbl"]] == [
    ("rep.test", "listed")], "a list of domains has no addresses", r)
got, r = state("dom." + BL, "192.0.2.1", "--dnsbl-domains")
lab.ok(r["dnsbl"] == [], "and an address is no domain", r)
lab.status(0, "32 lists", *["--dnsbl=works." + BL] * 32, "192.0.2.1")
lab.status(64, "33 lists", *["--dnsbl=works." + BL] * 33, "192.0.2.1")
for n in 32, 33:
    lab.add("b%d.test" % n, "MX", "10 mx.b%d.test" % n)
    for i in range(n):
        lab.add("mx.b%d.test" % n, "A", "198.51.100.%d" % i)
    finds(["DNSBL_LIMIT@b33.test"] if n > 32 else [], "%d addresses" % n,
          "b%d.test" % n, "--dnsbl", "works." + BL, of="DNSBL_LIMIT")

# ---- SRV: order, ports, the twin


lab.servfail.add("later.srv.test")


def srv(name, service, *records):
    for r in records:
        lab.add("_%s._tcp.%s" % (service, name), "SRV", r)


for n in "one", "two":
    lab.add(n + ".srv.test", "A", "198.51.200.30")
srv("order.srv.test", "imaps", "10 5 993 one.srv.test", "5 1 993 two.srv.test",
    "5 9 993 one.srv.test")
r = lab.json("-C", "srv", "order.srv.test")
lab.ok([(x["pref"], x["weight"]) for x in r["srv"][0]["targets"]] == [
    (5, 9), (5, 1), (10, 5)], "by priority, then weight", r)
for n, records, want in (
        ("same", {"imap": ["0 1 143 one"], "imaps": ["0 1 993 one"]}, []),
        ("less", {"imap": ["0 1 143 one"], "imaps": ["9 1 993 one"]},
         ["SRV_PREFERENCE"]),
        ("more", {"imap": ["9 1 143 one"], "imaps": ["0 1 993 one"]}, []),
        ("apart", {"imap": ["0 1 143 one"], "imaps": ["0 1 993 two"]},
         ["SRV_DIFFERS"]),
        ("any", {"imap": ["0 1 143 one"],
                 "imaps": ["0 1 993 two", "1 1 993 one"]}, []),
        ("bare", {"imap": ["0 1 143 one"]}, ["SRV_NO_TLS"]),
        ("swap", {"imaps": ["0 1 143 one"]}, ["SRV_TLS_PORT"]),
        ("zero", {"imaps": ["0 1 0 one"]}, ["SRV_TLS_PORT"]),
        ("relay", {"imaps": ["0 1 25 one"]}, ["SRV_TLS_PORT"]),
        ("high", {"imaps": ["0 1 9993 one"]}, ["SRV_PORT"]),
        ("https", {"jmap": ["0 1 443 one"], "autodiscover": ["0 1 443 one"]},
         []),
        ("gone", {"imaps": ["0 1 993 nobody"]}, ["SRV_NO_ADDRESS"]),
        ("dim", {"imaps": ["0 1 993 later"]}, []),
        ("none", {"imaps": ["0 0 0 ."]}, []),
        ("mixed", {"imaps": ["0 0 0 .", "0 1 993 one"]}, ["SRV_NULL_MIXED"])):
    d = n + ".x.srv.test"
    for s, rows in records.items():
        for row in rows:
            p, w, port, to = row.split()
            srv(d, s, "%s %s %s %s" % (p, w, port, "." if to == "." else
                                       to + ".srv.test"))
    got, r = found(d, "-C", "srv")
    got = [x.split("@")[0] for x in got if not x.startswith("SRV_OUTSIDE")]
    lab.ok(got == want, "srv: %s: %s" % (n, want), r)

finds([], "srv: not known now", "dim.x.srv.test", "-C", "srv",
      of="SRV_NO_ADDRESS")
lab.servfail.add("_imaps._tcp.half.srv.test")
srv("half.srv.test", "imap", "0 1 143 one.srv.test")
finds([], "srv: the twin is not known now", "half.srv.test", "-C", "srv",
      of="SRV_NO_TLS")
finds(["SRV_OUTSIDE@any.x.srv.test"], "srv: elsewhere", "any.x.srv.test", "-C", "srv",
      of="SRV_OUTSIDE")
lab.signed.add("any.x.srv.test")
finds([], "srv: elsewhere, and signed", "any.x.srv.test", "-C", "srv",
      of="SRV_OUTSIDE")

# ---- DANE: by what is signed
lab.signed |= {"dane.test", "half.dane", "in.dane"}
USE = {"ee": b"\3\1\1" + b"\xcd" * 32, "ta": b"\2\0\1" + b"\xcd" * 32,
       "full": b"\3\0\1" + b"\xcd" * 32, "bad": b"\0\1\1" + b"\xcd" * 32,
       "short": b"\3\1\1" + b"\xcd" * 31}


def dane(name, *kinds):
    lab.add(name, "A", "198.51.200.40")
    for k in kinds:
        lab.add("_25._tcp." + name, "TLSA", USE[k])


for n, hosts, want in (
        ("ee", [["ee"]], []), ("ta", [["ta"]], []),
        ("full", [["full"]], ["DANE_SELECTOR"]),
        ("part", [["ee"], []], ["DANE_PARTIAL"]),
        ("bad", [["bad"]], ["DANE_UNUSABLE", "DANE_USAGE"]),
        ("short", [["short"]], ["DANE_RECORD", "DANE_UNUSABLE"]),
        ("worse", [["bad"], []], ["DANE_PARTIAL", "DANE_UNUSABLE",
                                  "DANE_USAGE"]),
        ("none", [[], []], [])):
    d = n + ".dane.test"
    for i, kinds in enumerate(hosts):
        lab.add(d, "MX", "10 m%d.%s" % (i, d))
        dane("m%d.%s" % (i, d), *kinds)
    got, r = found(d, "-C", "dane")
    lab.ok([x.split("@")[0] for x in got] == want, "dane: %s: %s" % (n, want), r)
lab.add("open.test", "MX", "10 m0.ee.dane.test")
lab.add("open.test", "MX", "20 m0.none.dane.test")
r = finds(["DANE_MX_INSECURE@m0.ee.dane.test"], "the MX is not signed",
          "open.test", "-C", "dane")
lab.ok([(x["dane"]["state"], x["dane"]["reason"]) for x in r["mx"]][:1] == [
    ("none", "insecure-mx")], "so it does not count", r)
lab.add("odd.dane.test", "MX", "5 192.0.2.1")
lab.add("odd.dane.test", "MX", "10 m0.ee.dane.test")
r = lab.json("-C", "dane", "odd.dane.test")
lab.ok((r["dane"]["usable"], r["dane"]["none"]) == (1, 0),
       "a host that is none is not counted", r)
for kind, names in (("BOGUS", lab.bogus), ("TEMP", lab.servfail)):
    d = kind.lower() + ".dane.test"
    lab.add(d, "MX", "10 m." + d)
    dane("m." + d, "ee")
    names.add("_25._tcp.m." + d)
    finds(["DANE_%s@m.%s" % (kind, d)], "TLSA not known: " + kind, d, "-C",
          "dane")

# ---- --message: options, and the status that says what became of it
with tempfile.TemporaryDirectory() as tmp:
    one, none = tmp + "/one", tmp + "/none"
    with open(one, "w") as f:
        f.write("From: a@rep.test\nMessage-ID: <x@rep.test>\n\nbody\n")
    open(none, "w").close()
    for status, args in (
            (64, ["--trust", "a..b"]), (64, ["--ip", "192.0.2.300"]),
            (64, ["--ip", "192.0.2.1", "--trust", "mx.test"]),
            (64, ["--ip", "192.0.2.1,a@b.test,helo.test,more"])):
        lab.status(status, " ".join(args), "--message", one, *args)
    for ip in "192.0.2.1", "2001:db8::1":
        r = lab.json("--message", one, "--ip", ip + ",<>,helo.test")
        said = [r["spf"][x] for x in ("ip", "sender", "helo")]
        lab.ok(said == [ip, "", "helo.test"], "--ip: " + ip, r)
    lab.status(65, "no message", "--message", none)
    lab.status(65, "and one that is not believed", "--message", none,
               "--message", one, "--ip", "192.0.2.1,a@rep.test")
    lab.status(75, "a border that is not known", "--message", one)
    for both in (one, none), (none, one):
        lab.status(65, "beside one that is no message", "--message", both[0],
                   "--message", both[1])
    p = lab.mx("--message", one, "--mbox", one, "--ip", "192.0.2.1,a@b.test")
    lab.ok(p.returncode == 65 and "FROM   a@rep.test" in p.stdout and
           "no mailbox" in p.stderr, "what is well beside it is told", p)
    lab.status(66, "a file that is not there", "--message", tmp + "/x")
    p = lab.mx("--mbox", one, "--mbox", one)
    lab.ok(p.returncode == 65 and "no mailbox" in p.stderr, "no mailbox", p)
lab.end()
