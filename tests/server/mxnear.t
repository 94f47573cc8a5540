#!/usr/bin/env python3
"""Records that were meant for SPF, DMARC, DKIM, MTA-STS, TLS-RPT or BIMI and
do not count: each is named, with its text and the reason.  A table."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()
RSA = ("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqIPRO4q4seh26QVfoYoJuvH5a+Tq"
       "s+KMzuAwokMEjoPpSMPJmu8uFLccyfypb9wQLm54OAoUInMKgn7RGFJXLvmC+x3902yBIz"
       "YeOZ+WmX+VaK5fLRqGbUql+vakQp92/tCq0Smk66ttdh9Ck0UtXh8od0KmJBfVZ3pk0t8B"
       "2Er6drz2Dk3xaAf86ZIt1fsVB+vAwEf55nqthH6/5RETBt33EThlWtJCjJDg4pqbBEI0s6"
       "1Y5aCzPx2mb2RPNgfjk1cSHQx8E481Od6GrRKIvqCXTigfMgrXHpKwdU2XC7rBov3Epwvb"
       "JleounVY+lwXqOtJDU0ZEA4PX/0e5yWLIwIDAQAB")
KEY = "v=DKIM1; k=rsa; p=" + RSA

# check, name before the domain, record, finding, words of its text.  D is the
# domain; a record that is a pair is of another type.
NEAR = (
    # SPF: the text
    ("spf", "", " v=spf1 -all", "SPF_NEAR", "begins with a blank"),
    ("spf", "", '"v=spf1 -all"', "SPF_NEAR", "quote"),
    ("spf", "", "\ufeffv=spf1 -all", "SPF_NEAR", "not ASCII"),
    ("spf", "", "v=spf1,mx,-all", "SPF_NEAR", "instead of a blank"),
    ("spf", "", "v=spf1;mx -all", "SPF_NEAR", "instead of a blank"),
    ("spf", "", ["v=spf1", "include:a.test -all"], "SPF_NEAR", "joined without"),
    ("spf", "", "v=spf2 -all", "SPF_NEAR", "its version is"),
    ("spf", "", "v = spf1 -all", "SPF_NEAR", "without a blank"),
    ("spf", "", "spf1 mx -all", "SPF_NEAR", "missing"),
    ("spf", "", "mx v=spf1 -all", "SPF_NEAR", "not at its beginning"),
    ("spf", "", "include:a.test -all", "SPF_NEAR", "missing"),
    # and the place
    ("spf", "spf.", "v=spf1 mx -all", "SPF_MISPLACED", "not at D"),
    ("spf", "_spf.", "v=spf1 mx -all", "SPF_MISPLACED", "not at D"),
    ("spf", "D.", "v=spf1 mx -all", "SPF_MISPLACED", "stands at D.D, not at D"),
    # DMARC
    ("dmarc", "_dmarc.", "v=DMARC1 p=none", "DMARC_NEAR", 'instead of ";"'),
    ("dmarc", "_dmarc.", "v=DMARC1, p=none", "DMARC_NEAR", 'instead of ";"'),
    ("dmarc", "_dmarc.", "v=dmarc1; p=none", "DMARC_NEAR", "case"),
    ("dmarc", "_dmarc.", " v=DMARC1; p=none", "DMARC_NEAR", "blank"),
    ("dmarc", "_dmarc.", "'v=DMARC1; p=none'", "DMARC_NEAR", "quote"),
    ("dmarc", "_dmarc.", "p=none; v=DMARC1", "DMARC_NEAR", "not at its beginning"),
    ("dmarc", "_dmarc.", "v=DMARC 1; p=none", "DMARC_NEAR", "its version is"),
    ("dmarc", "_dmarc.", "DMARC1; p=none", "DMARC_NEAR", "missing"),
    ("dmarc", "_dmarc.", "p=reject", "DMARC_NEAR", "missing"),
    ("dmarc", "", "v=DMARC1; p=none", "DMARC_MISPLACED", "not at _dmarc.D"),
    ("dmarc", "dmarc.", "v=DMARC1; p=none", "DMARC_MISPLACED", "not at _dmarc.D"),
    ("dmarc", "_dmarc.D.", "v=DMARC1; p=none", "DMARC_MISPLACED",
     "stands at _dmarc.D.D, not at _dmarc.D"),
    ("dmarc", "_dmarc.", ("CNAME", "gone.test"), "DMARC_NEAR",
     "alias of gone.test"),
    # DKIM
    ("dkim", "s._domainkey.", " v=DKIM2; p=" + RSA, "DKIM_SYNTAX", "v="),
    ("dkim", "s._domainkey.", "p=" + RSA + "; v=DKIM1", "DKIM_SYNTAX",
     "not the first tag"),
    ("dkim", "s._domainkey.", "v=DKIM1; k=rsa", "DKIM_SYNTAX", "p="),
    ("dkim", "s.", KEY, "DKIM_MISPLACED", "not at s._domainkey.D"),
    ("dkim", "s.domainkey.", KEY, "DKIM_MISPLACED", "not at s._domainkey.D"),
    ("dkim", "s._domainkey.D.", KEY, "DKIM_MISPLACED",
     "stands at s._domainkey.D.D, not at"),
    ("dkim", "s._domainkey.", ("CNAME", "gone.test"), "DKIM_NO_KEY",
     "alias of gone.test"),
    # MTA-STS
    ("mtasts", "_mta-sts.", "v=stsv1; id=1", "MTASTS_SYNTAX", "case"),
    ("mtasts", "_mta-sts.", "v=STSv1 id=1", "MTASTS_SYNTAX", "instead of"),
    ("mtasts", "_mta-sts.", "v=STS1; id=1", "MTASTS_SYNTAX", "its version is"),
    ("mtasts", "_mta-sts.", "id=20260101", "MTASTS_SYNTAX", "missing"),
    ("mtasts", "mta-sts.", "v=STSv1; id=1", "MTASTS_MISPLACED",
     "not at _mta-sts.D"),
    ("mtasts", "_mta-sts.D.", "v=STSv1; id=1", "MTASTS_MISPLACED",
     "stands at _mta-sts.D.D"),
    ("mtasts", "", "v=STSv1; id=1", "MTASTS_MISPLACED", "not at _mta-sts.D"),
    ("mtasts", "_mta-sts.", ("CNAME", "gone.test"), "MTASTS_SYNTAX",
     "alias of gone.test"),
    # TLS-RPT
    ("tlsrpt", "_smtp._tls.", "v=TLSRPT1; rua=mailto:a@b.test",
     "TLSRPT_SYNTAX", "its version is"),
    ("tlsrpt", "_smtp._tls.", "v=tlsrptv1; rua=mailto:a@b.test",
     "TLSRPT_SYNTAX", "case"),
    ("tlsrpt", "_smtp._tls.", "rua=mailto:a@b.test", "TLSRPT_SYNTAX", "missing"),
    ("tlsrpt", "_tls.", "v=TLSRPTv1; rua=mailto:a@b.test", "TLSRPT_MISPLACED",
     "not at _smtp._tls.D"),
    ("tlsrpt", "_smtp-tls.", "v=TLSRPTv1; rua=mailto:a@b.test",
     "TLSRPT_MISPLACED", "not at _smtp._tls.D"),
    ("tlsrpt", "_smtp._tls.D.", "v=TLSRPTv1; rua=mailto:a@b.test",
     "TLSRPT_MISPLACED", "stands at _smtp._tls.D.D"),
    # BIMI
    ("bimi", "default._bimi.", "v=bimi1; l=https://a.test/b.svg", "BIMI_NEAR",
     "case"),
    ("bimi", "default._bimi.", "l=https://a.test/b.svg", "BIMI_NEAR", "missing"),
    ("bimi", "default._bimi.", "v=BIMI1 l=https://a.test/b.svg", "BIMI_NEAR",
     'instead of ";"'),
    ("bimi", "_bimi.", "v=BIMI1; l=https://a.test/b.svg", "BIMI_MISPLACED",
     "not at default._bimi.D"),
    ("bimi", "default._bimi.D.", "v=BIMI1; l=https://a.test/b.svg",
     "BIMI_MISPLACED", "stands at default._bimi.D.D"),
)


def domain(before, record):
    name = "d%d.test" % lab.count
    lab.add(name, "MX", "10 mx.one.test")
    lab.add("mx.one.test", "A", "192.0.2.1")
    type, data = record if isinstance(record, tuple) else ("TXT", record)
    lab.add(before.replace("D", name) + name, type, data)
    return name


def look(check, name):
    return ["-C", check] + (["--dkim", "s"] if check == "dkim" else []) + [name]


for check, before, record, id, why in NEAR:
    name = domain(before, record)
    why = why.replace("D", name) if "at " in why else why
    p, r = lab.mx(*look(check, name)), lab.json("--fix", *look(check, name))
    hit = [f for f in r["findings"] if f["id"] == id and why in f["text"]]
    text = "" if isinstance(record, tuple) else "".join(record)
    text = text.replace("\ufeff", "").strip()
    lab.ok(len(hit) == 1 and text[:100] in p.stdout and why in p.stdout and
           not r["unknown"], "%s %s%r: %s, %s" % (check, before, record, id, why),
           (p.stdout, r["findings"]))
    if id.endswith("MISPLACED"):
        lab.ok(name + ". IN TXT " in (hit or [{}])[0].get("fix", "") and
               name + "." + name not in hit[0]["fix"],
               "and where it belongs", hit)

# ---- nothing is said of what is no near miss

WILD = ("v=spf1 -all", "google-site-verification=x", "MS=ms1")
for check, at in (("spf", ""), ("dmarc", "_dmarc."), ("mtasts", "_mta-sts."),
                  ("tlsrpt", "_smtp._tls."), ("bimi", "default._bimi."),
                  ("dkim", "s._domainkey.")):
    good = {"spf": "v=spf1 mx -all", "dmarc": "v=DMARC1; p=reject; rua=mailto:a@D",
            "mtasts": "v=STSv1; id=1", "dkim": KEY,
            "tlsrpt": "v=TLSRPTv1; rua=mailto:a@b.test",
            "bimi": "v=BIMI1; l=https://a.test/b.svg"}[check]
    name = domain(at, good)
    for labels in ("spf.", "dmarc.", "mta-sts.", "_tls.", "_bimi.", "s."):
        for text in (good, *WILD):
            lab.add(labels + name, "TXT", text)
    found = {f["id"] for f in lab.json(*look(check, name))["findings"]}
    lab.ok(not {i for i in found if "MISPLACED" in i or "NEAR" in i},
           "%s: what stands elsewhere is no matter where one counts" % check,
           found)
for check in "dmarc", "mtasts", "tlsrpt", "bimi", "dkim":
    name = domain("", "v=spf1 mx -all")
    for labels in ("dmarc.", "mta-sts.", "_tls.", "_bimi.", "s."):
        for text in WILD:
            lab.add(labels + name, "TXT", text)
    found = {f["id"] for f in lab.json(*look(check, name))["findings"]}
    lab.ok(not {i for i in found if "MISPLACED" in i or "NEAR" in i},
           "%s: other texts are no near miss" % check, found)
lab.end()
