#!/usr/bin/env python3
"""mxlookup --message and --mbox: signatures and chains that dkimpy made, and
what becomes of them when they, their keys or the message are not right; SPF at
the border; hops; what receivers said; limits."""
import ipaddress
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import mxlab

PEER = ["/usr/bin/python3", HERE + "/dkimpeer.py"]
if subprocess.run(["/usr/bin/python3", "-c", "import dkim"],
                  stderr=subprocess.DEVNULL).returncode:
    print("1..0 # SKIP no python3-dkim")
    sys.exit(0)

lab = mxlab.Lab()
tmp = tempfile.TemporaryDirectory(prefix="message.")
os.chdir(tmp.name)
os.environ["ZONE"] = tmp.name + "/zone"
os.environ["TZ"] = "UTC"


def new_key(selector, domain, type="rsa2048", more="", publish=True):
    p = subprocess.run([mxlab.BUILD + "/mailsend", "-q", "--dkim-new",
                        "%s:%s:%s" % (selector, domain, type)],
                       stdout=subprocess.PIPE, text=True, check=True)
    with open("zone", "a", encoding="ascii") as f:
        f.write(p.stdout)
    text = "".join(re.findall(r'"([^"]*)"', p.stdout)) + more
    if publish:
        lab.add("%s._domainkey.%s" % (selector, domain), "TXT", text)
    return text


def write(name, text):
    with open(name, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return name


def sign(message, selector, domain, *how):
    p = subprocess.run([*PEER, "sign", "%s.%s.pem" % (selector, domain),
                        selector, domain, message, *how],
                       stdout=subprocess.PIPE, check=True)
    return write("signed.eml", p.stdout)


def look(*args, name="signed.eml"):
    return lab.json("--message", name, *args)


def one(want, name, result=None, why="", file="signed.eml", args=(), **dns):
    """The verdict for one message, and the result of its first signature."""
    p = lab.mx("-j", "--message", file, *args)
    r = mxlab.json.loads(p.stdout) if p.stdout else {}
    status = {"believed": 0, "not believed": 65, "unknown": 75}[want]
    d = r.get("dkim") or [{"result": None, "why": None}]
    lab.ok(r.get("verdict") == want and p.returncode == status and
           d[0]["result"] == result and why in (d[0]["why"] or ""),
           name, (p.returncode, r.get("verdict"), r.get("reason"),
                  d[0]["result"], d[0]["why"], p.stderr))
    return r


HEAD = ("From: Joe <joe@a.test>\nTo: b@b.test\nSubject: is  it\n  me\n"
        "Date: Mon, 30 Nov 2026 08:15:09 +0000\nMessage-ID: <1@a.test>\n")
BODY = "Hello  world \n\n\nFrom here\nbye\n\n\n"
PLAIN = write("plain.eml", HEAD + "\n" + BODY)
new_key("r", "a.test")
new_key("e", "a.test", "ed25519")
new_key("r", "list.test")
new_key("r", "c.sub.a.test")
lab.add("_dmarc.a.test", "TXT", "v=DMARC1; p=reject")
lab.add("a.test", "TXT", "v=spf1 ip4:192.0.2.1 -all")
lab.add("list.test", "TXT", "v=spf1 ip4:192.0.2.7 -all")

# ---- what dkimpy signs, in all forms
for c in ("simple/simple", "simple/relaxed", "relaxed/simple",
          "relaxed/relaxed"):
    sign(PLAIN, "r", "a.test", "c=" + c)
    one("believed", "dkimpy, " + c, "pass")
sign(PLAIN, "e", "a.test", "alg=ed25519-sha256")
one("believed", "dkimpy, Ed25519", "pass")
text = open("signed.eml", "rb").read()
write("crlf.eml", text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
one("believed", "with CRLF", "pass", file="crlf.eml")
p = lab.mx("-j", "--message", "-", input=text.decode())
lab.ok(p.returncode == 0 and '"in":"standard input"' in p.stdout,
       "from standard input", p)
write("changed.eml", text.replace(b"bye", b"Bye"))
one("unknown", "another body", "fail", "body", file="changed.eml")
write("changed.eml", text.replace(b"is  it", b"is it not"))
one("not believed", "another header", "fail", "header", file="changed.eml",
    args=("--ip", "192.0.2.2,x@a.test"))
write("changed.eml", text.replace(b"is  it\n  me", b"is it me"))
one("believed", "folds do not count", "pass", file="changed.eml")
write("changed.eml", b"Subject: other\n" + text)
r = one("believed", "a second Subject where it is not oversigned", "pass",
        file="changed.eml")
sign(PLAIN, "r", "a.test", "l=1")
write("long.eml", open("signed.eml", "rb").read() + b"more\n")
r = one("believed", "l=, and more behind it", "pass", file="long.eml")
lab.ok(r["dkim"][0]["unsigned_bytes"] > 0, "is told", r)
p = lab.mx("--message", "long.eml")
lab.ok("are not signed (l=)" in p.stdout, "as text, too", p)

# ---- alignment
sign(PLAIN, "r", "list.test")
one("unknown", "a stranger's signature, no border", "pass")
one("not believed", "and SPF does not help", "pass",
    args=("--ip", "192.0.2.7,x@list.test"))
one("believed", "SPF does", "pass", args=("--ip", "192.0.2.1,x@a.test"))
r = one("not believed", "SPF says no", "pass",
        args=("--ip", "192.0.2.2,x@a.test"))
lab.ok(r["spf"]["result"] == "fail" and r["dmarc"]["policy"] == "reject",
       "which is told, and the policy", r)
sign(PLAIN, "r", "c.sub.a.test")
one("believed", "below the organization's domain", "pass")
lab.servfail.add("_dmarc.sub.a.test")
one("unknown", "a record between the two that is not known now", "pass")
lab.servfail.clear()
lab.add("_dmarc.strict.test", "TXT", "v=DMARC1; p=none; adkim=s; aspf=s")
new_key("r", "x.strict.test")
write("strict.eml", HEAD.replace("a.test", "strict.test") + "\n" + BODY)
sign("strict.eml", "r", "x.strict.test")
one("not believed", "adkim=s", "pass", args=("--ip", "192.0.2.1,<>,x.list.test"))
# What is strict for one of the two is not for the other one.
new_key("r", "x.aspf.test")
lab.add("_dmarc.aspf.test", "TXT", "v=DMARC1; p=none; aspf=s")
lab.add("_dmarc.adkim.test", "TXT", "v=DMARC1; p=none; adkim=s")
for domain, want in (("aspf.test", "not believed"), ("adkim.test", "believed")):
    lab.add("x." + domain, "TXT", "v=spf1 ip4:192.0.2.1 -all")
    write("half.eml", HEAD.replace("a.test", domain) + "\n" + BODY)
    one(want, "SPF below " + domain, file="half.eml",
        args=("--ip", "192.0.2.1,x@x." + domain))
sign(write("half.eml", HEAD.replace("a.test", "aspf.test") + "\n" + BODY), "r",
     "x.aspf.test")
one("believed", "a signature below aspf.test", "pass")
sign(PLAIN, "r", "a.test")
sign("signed.eml", "r", "list.test")
r = one("believed", "a stranger's signature above one that is aligned", "pass")
lab.ok([d["domain"] for d in r["dkim"]] == ["list.test", "a.test"] and
       "a.test signed it" in r["reason"], "which is the reason", r)
new_key("r", "free.test")
write("free.eml", HEAD.replace("a.test", "mail.free.test") + "\n" + BODY)
sign("free.eml", "r", "free.test")
r = one("believed", "without DMARC a domain above is aligned", "pass")
lab.ok(r["dmarc"]["policy"] is None, "and there is no policy", r)
new_key("r", "other.free.test")
sign("free.eml", "r", "other.free.test")
one("unknown", "one beside it is not", "pass")

# ---- the policy of a domain above
lab.add("_dmarc.org.test", "TXT", "v=DMARC1; p=none; sp=quarantine; np=reject")
lab.add("there.org.test", "MX", "10 mx.a.test")
lab.add("alias.org.test", "CNAME", "gone.test")
lab.add("mail.none.org.test", "A", "192.0.2.1")
for domain, policy in (("org.test", "none"), ("there.org.test", "quarantine"),
                       ("mail.none.org.test", "quarantine"),
                       ("none.org.test", "quarantine"),
                       ("alias.org.test", "quarantine"),
                       ("gone.org.test", "reject")):
    write("below.eml", HEAD.replace("a.test", domain) + "\n" + BODY)
    r = one("not believed", "policy of " + domain, file="below.eml",
            args=("--ip", "192.0.2.1,x@list.test"))
    lab.ok(r["dmarc"]["policy"] == policy, "is " + policy, r["dmarc"])
lab.servfail.add("there.org.test")
write("below.eml", HEAD.replace("a.test", "org.test") + "\n" + BODY)
r = one("unknown", "SPF that is not known now", file="below.eml",
        args=("--ip", "192.0.2.1,x@there.org.test"))
lab.ok(r["spf"]["result"] == "temperror" and r["bulk"]["spf"] is None,
       "which is told", (r["spf"], r["bulk"]))
lab.servfail.clear()

# ---- keys
sign(PLAIN, "r", "a.test")
for name, how, result, why in (
        ("revoked", "v=DKIM1; p=", "permerror", "revoked"),
        ("none", None, "permerror", "no key at its selector"),
        ("broken", "v=DKIM1; k=rsa; p=AAAA", "permerror", "no RSA key"),
        ("of another type", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
         "permerror", "another type"),
        ("not for mail", new_key("q", "a.test", more="; s=tlsrpt",
                                 publish=False), "permerror", "not for mail")):
    lab.zone.pop("r._domainkey.a.test", None)
    if how is not None:
        lab.add("r._domainkey.a.test", "TXT", how)
    one("unknown", "a key that is " + name, result, why)
lab.servfail.add("r._domainkey.a.test")
one("unknown", "a key that is not known now", "temperror")
lab.servfail.clear()
lab.zone.pop("r._domainkey.a.test", None)
right = [x.split('"', 1)[1] for x in open("zone", encoding="ascii")
         if x.startswith("r._domainkey.a.test.")][0]
right = "".join(re.findall(r'([^" \n][^"]*)', right.replace('" "', '"')))
lab.add("elsewhere.test", "TXT", right)
lab.add("r._domainkey.a.test", "CNAME", "elsewhere.test")
one("believed", "a key by CNAME", "pass")
lab.zone.pop("r._domainkey.a.test")
lab.add("r._domainkey.a.test", "TXT", "v=spf1 -all")
lab.add("r._domainkey.a.test", "TXT", right)
one("believed", "a key beside another record", "pass")
lab.add("r._domainkey.a.test", "TXT", "a note")		# comes first
one("believed", "a key beside two others", "pass")
lab.zone["r._domainkey.a.test"] = [("TXT", mxlab.rdata("TXT", right + "; t=y"))]
r = one("believed", "a key for tests", "pass")
lab.ok(r["dkim"][0]["testing"], "which is told", r)
lab.zone["r._domainkey.a.test"] = [("TXT", mxlab.rdata("TXT", right))]

# ---- what is not judged
for name, old, new, result, why in (
        ("an unknown algorithm", b"a=rsa-sha256", b"a=mldsa44-sha256",
         "not judged", "algorithm"),
        ("another version", b"v=1;", b"v=2;", "not judged", "version"),
        ("another form", b"c=relaxed/relaxed", b"c=nofws", "not judged",
         "canonicalization")):
    t = open("signed.eml", "rb").read()
    write("changed.eml", t.replace(old, new))
    one("unknown", name, result, why, file="changed.eml",
        args=("--ip", "192.0.2.2,x@a.test"))
t = t.replace(b"a=rsa-sha256", b"a=rsa-sha1")
write("changed.eml", t)
one("not believed", "rsa-sha1", "policy", "weak", file="changed.eml",
    args=("--ip", "192.0.2.2,x@a.test"))
write("changed.eml", "DKIM2-Signature: i=1; whatever\n" + HEAD + "\n" + BODY)
r = one("unknown", "DKIM2", file="changed.eml",
        args=("--ip", "192.0.2.2,x@a.test"))
lab.ok(r["dkim2_not_judged"] == 1, "is named", r)
subprocess.run("openssl genrsa -traditional 768 > weak.pem 2> /dev/null",
               shell=True, check=True)
os.rename("weak.pem", "w.a.test.pem")
pub = subprocess.run("openssl rsa -in w.a.test.pem -pubout 2> /dev/null |"
                     "grep -v -- - | tr -d '\\n'", shell=True,
                     stdout=subprocess.PIPE, text=True).stdout
lab.add("w._domainkey.a.test", "TXT", "v=DKIM1; p=" + pub)
sign(PLAIN, "w", "a.test")
one("not believed", "an RSA key of 768 bits", "policy", "1024",
    args=("--ip", "192.0.2.2,x@a.test"))

# ---- From
sign(PLAIN, "r", "a.test")
t = open("signed.eml", "rb").read()
for name, text in (("no From", t.replace(b"From: Joe", b"Form: Joe")),
                   ("a second From", b"From: x@b.test\n" + t),
                   ("one with a blank behind its name",
                    b"From : x@b.test\n" + t),
                   ("a From of two domains", b"From: x@a.test, y@b.test\n\n"),
                   ("a From without an address", b"From: Joe\n\n")):
    write("changed.eml", text)
    p = lab.mx("--message", "changed.eml")
    lab.ok(p.returncode == 65 and "not believed: " in p.stdout and
           "From" in p.stdout.split("\n", 1)[0], name, p)
write("changed.eml", "no message at all\n")
p = lab.mx("--message", "changed.eml")
lab.ok(p.returncode == 65 and "it is no message" in p.stdout, "no message", p)

# ---- the border
lab.add("1.2.0.192.in-addr.arpa", "PTR", "first.a.test")  # has no address
lab.add("1.2.0.192.in-addr.arpa", "PTR", "out.a.test")
lab.add("out.a.test", "A", "192.0.2.1")
WAY = """Return-Path: <bounce@a.test>
Received: from mx.b.test (localhost [127.0.0.1])
\tby mx.b.test (Postfix) with LMTP id 3; Mon, 30 Nov 2026 08:15:30 +0000 (UTC)
Authentication-Results: mx.b.test (x; y=z); dkim=fail (bad) header.d=a.test;
\tspf=pass smtp.mailfrom=a.test
Received: from helo.a.test (out.a.test [192.0.2.1])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tby mx.b.test (Postfix) with ESMTPS id 2
\tfor <b@b.test>; Mon, 30 Nov 2026 08:15:20 +0000 (UTC)
Received: from inner.a.test ([203.0.113.9] helo=laptop) by mx.b.test
\twith esmtp (Exim 4.96) id 1; Mon, 30 Nov 2026 08:16:20 +0000
"""
write("way.eml", WAY.encode() + t)
r = one("believed", "no border is named", "pass", file="way.eml")
lab.ok(r["spf"]["result"] is None and r["spf"]["ip"] is None,
       "and SPF is not guessed", r["spf"])
r = look("--trust", "b.test", name="way.eml")
lab.ok(r["spf"]["result"] == "pass" and r["spf"]["ip"] == "192.0.2.1" and
       r["spf"]["helo"] == "helo.a.test" and r["spf"]["sender"] ==
       "bounce@a.test", "--trust finds it, above what was forged", r["spf"])
lab.ok(r["bulk"] == {"spf": True, "dkim": True, "aligned": True, "dmarc": True,
                     "fcrdns": True, "tls": True, "one-from": True,
                     "format": True, "one-click": None}, "the bulk rules",
       r["bulk"])
lab.ok([(h["helo"], h["name"], h["ip"], h["by"], h["tls"], h["tls_version"],
         h["delay"]) for h in r["hops"]] == [
             ("laptop", "inner.a.test", "203.0.113.9", "mx.b.test", False, None,
              None),
             ("helo.a.test", "out.a.test", "192.0.2.1", "mx.b.test", True,
              "TLSv1.3", -60),
             ("mx.b.test", "localhost", "127.0.0.1", "mx.b.test", False, None,
              10)], "the hops", r["hops"])
lab.ok(r["said"] == [{"by": "mx.b.test", "text":
                      "dkim=fail header.d=a.test; spf=pass smtp.mailfrom=a.test",
                      "differs": ["dkim"]}], "what the receiver said", r["said"])
p = lab.mx("--message", "way.eml", "--trust", "b.test")
for want in ("<- the border", "60 s before it was sent: a clock is wrong",
             "but dkim is pass here and now", "BULK   met: SPF passes",
             "the DNS has now"):
    lab.ok(want in p.stdout, '"%s" is in the text' % want, p.stdout)
r = look("--trust", "192.0.2.1", "--trust", "mx.b.test", name="way.eml")
lab.ok(r["spf"]["ip"] == "203.0.113.9", "a relay is trusted by its address",
       r["spf"])
r = look("--trust", "other.test", name="way.eml")
lab.ok(r["spf"]["result"] is None and "topmost Received" in r["spf"]["why"],
       "a host that did not write the topmost field", r["spf"])
# What the client says of itself is not who it is: the field below is forged.
for client, ip, name in (
        ("[10.0.0.1] (evil.test [203.0.113.66])", "203.0.113.66",
         "a private address in HELO"),
        ("by (evil.test [203.0.113.66])", "203.0.113.66", "HELO by"),
        ("unknown (HELO 10.0.0.1) (203.0.113.66)", "203.0.113.66",
         "qmail: an address in HELO"),
        ("unknown (HELO x) (10.0.0.1@203.0.113.66)", "203.0.113.66",
         "qmail: with ident"),
        ("x (mx.b.test [203.0.113.66] (may be forged))", "203.0.113.66",
         "sendmail: a name that is not confirmed"),
        ("mx.b.test (evil.test [203.0.113.66]) (Client CN \"x helo=y\")",
         "203.0.113.66", "a certificate"),
        ("[203.0.113.66] (helo=mx.b.test ident=x helo=y)", "203.0.113.66",
         "Exim: HELO in ident"),
        ("[203.0.113.66] (ident=x [10.0.0.1])", "203.0.113.66",
         "Exim: an address in ident"),
        ("mx.b.test", None, "a name alone"),
        ("mx.b.test ([fe80::1%4])", "192.0.2.1", "an address of this link"),
        ("x (mx.b.test [203.0.113.66])", "192.0.2.1", "one of them")):
    write("client.eml", ("Return-Path: <bounce@a.test>\nReceived: from %s by "
          "mx.b.test with ESMTP; Mon, 30 Nov 2026 08:15:30 +0000\n" % client +
          WAY.split("\n", 5)[5]).encode() + t)
    r = look("--trust", "b.test", name="client.eml")
    lab.ok(r["spf"]["ip"] == ip, "the border: " + name, r["spf"])
r = look("--ip", "192.0.2.1", name="way.eml")
lab.ok(r["spf"]["result"] == "pass" and r["hops"][1]["border"],
       "--ip finds the hop", r["spf"])
write("path.eml", b"Return-Path: <x@a.test>\n" + t)
r = look("--ip", "192.0.2.1", name="path.eml")
lab.ok(r["spf"]["result"] is None and r["spf"]["sender"] is None,
       "a Return-Path without a Received may be anybody's", r["spf"])
for args in (("--ip", "192.0.2.1"), ("--trust", "a.test"),
             ("--message", "way.eml", "--ip", "nonsense"),
             ("--message", "way.eml", "--ip", "::1", "--trust", "x.test"),
             ("--message", "way.eml", "-a"), ("--message", "way.eml", "a.test")):
    lab.status(64, "usage: " + " ".join(args), *args)
lab.status(66, "no such file", "--message", "none.eml")

# ---- whose address it was: a name of it that has it, too
lab.add("six.a.test", "AAAA", "2001:db8::1")
for ip, ptr, fail, want in (
        ("192.0.2.1", None, None, True),
        ("192.0.2.1", None, "first.a.test", True),
        ("192.0.2.1", None, "out.a.test", None),
        ("192.0.2.1", None, "1.2.0.192.in-addr.arpa", None),
        ("192.0.2.9", "out.a.test", None, False),
        ("192.0.2.9", "out.a.test", "out.a.test", None),
        ("192.0.2.8", None, None, False),
        ("2001:db8::1", "six.a.test", None, True),
        ("2001:db8::2", "six.a.test", None, False)):
    way = ipaddress.ip_address(ip).reverse_pointer
    if ptr is not None and way not in lab.zone:
        lab.add(way, "PTR", ptr)
    lab.servfail |= {fail} - {None}
    r = look("--ip", ip + ",x@a.test")
    lab.ok(r["bulk"]["fcrdns"] is want, "FCrDNS of %s, %s fails: %s" %
           (ip, fail, want), r["bulk"])
    lab.servfail.clear()

# ---- expiry: at the border, or now
t = re.sub(rb"\bt=\d+;", b"", t)		# or x= would be before it
lab.ok(b" s=r;" in t, "a signature with a selector", t)
how = b" x=1796026530; "
write("expired.eml", WAY.encode() + t.replace(b" s=r;", b" s=r;" + how))
r = look("--trust", "b.test", name="expired.eml")
lab.ok("expired" not in (r["dkim"][0]["why"] or ""),
       "x= was not over when it came", r["dkim"])
write("expired.eml", WAY.encode() + t.replace(b" s=r;", b" s=r; x=1000000000;"))
r = look("--trust", "b.test", name="expired.eml")
lab.ok(r["dkim"][0]["result"] == "fail" and "expired when it came" in
       r["dkim"][0]["why"], "x= was over", r["dkim"])
r = look(name="expired.eml")
lab.ok(r["dkim"][0]["result"] == "fail" and "expired by now" in
       r["dkim"][0]["why"], "without a border it is over now", r["dkim"])

# ---- one-click
BULK = ("List-Unsubscribe: <https://a.test/u?1>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n")
write("bulk.eml", BULK + HEAD + "\n" + BODY)
names = "from:to:subject:date:message-id"
sign("bulk.eml", "r", "a.test", "h=" + names)
lab.ok(look()["bulk"]["one-click"] is False, "one-click, not signed")
sign("bulk.eml", "r", "a.test",
     "h=" + names + ":list-unsubscribe:list-unsubscribe-post")
lab.ok(look()["bulk"]["one-click"] is True, "one-click, signed")
good = open("signed.eml", "rb").read()
write("twice.eml", good)
POST = BULK.splitlines(True)[1]
for name, old, new, want in (
        ("neither", BULK, "", None), ("no https", "https:", "mailto:", False),
        ("no address", "List-Unsubscribe:", "X:", False),
        ("no word that one click does", POST, "", False),
        ("another word", "One-Click", "Two-Clicks", False)):
    sign(write("click.eml", BULK.replace(old, new) + HEAD + "\n" + BODY), "r",
         "a.test", "h=" + names + ":list-unsubscribe:list-unsubscribe-post")
    r = look()
    lab.ok(r["dkim"][0]["result"] == "pass" and r["bulk"]["one-click"] is want,
           "one-click: " + name, (r["dkim"], r["bulk"]))
for old, new in ((b"Message-ID: <1@a.test>\n", b""), (b"Date:", b"Dote:"),
                 (b"Date:", b"Date: Mon, 30 Nov 2026 08:15:09 +0000\nDate:")):
    got = look(name=write("form.eml", good.replace(old, new)))["bulk"]["format"]
    lab.ok(got is False, "the form: %s is %s" % (old, new), got)
sign("twice.eml", "r", "list.test", "h=" + names)
r = look()
lab.ok(r["dkim"][0]["domain"] == "list.test" and r["bulk"]["one-click"] is True,
       "one-click, by the second signature", (r["dkim"], r["bulk"]))

# ---- ARC
new_key("arc", "list.test")
new_key("arc", "two.test")
write("hop0.eml", "Authentication-Results: lists.list.test; dkim=pass "
      "header.d=a.test\n" + open("signed.eml").read())
for n, domain in ((1, "list.test"), (2, "two.test"), (3, "list.test")):
    if n > 1:
        have = open("hop%d.eml" % (n - 1)).read().replace(
            "\nAuthentication-Results", "\nX-Old")
        if have.startswith("Auth"):
            have = "X-" + have
        write("hop%d.eml" % (n - 1), "Authentication-Results: lists.list.test; "
              "arc=pass\n" + have)
    p = subprocess.run([*PEER, "arc", "arc.%s.pem" % domain, "arc", domain,
                        "lists.list.test", "hop%d.eml" % (n - 1)],
                       stdout=subprocess.PIPE)
    write("hop%d.eml" % n, p.stdout)
    r = look(name="hop%d.eml" % n)
    lab.ok(r["arc"]["result"] == "pass" and len(r["arc"]["sets"]) == n and
           "dkim=pass header.d=a.test" in r["arc"]["sets"][0]["results"],
           "ARC, %d sets by dkimpy" % n, r["arc"])
good = open("hop3.eml", "rb").read()
p = subprocess.run([*PEER, "chain", "zone", "hop3.eml"], text=True,
                   stdout=subprocess.PIPE)
lab.ok(p.stdout == "pass\n", "dkimpy says so, too", p)


def chained(want, name, text, why=""):
    write("chain.eml", text)
    r = look(name="chain.eml")
    lab.ok(r["arc"]["result"] == want and why in (r["arc"]["why"] or ""),
           "ARC: " + name, (r["arc"]["result"], r["arc"]["why"]))
    return r


chained("fail", "the body", good + b"footer\n", "newest set")
chained("fail", "what was said", re.sub(rb"(lists\.list\.test;\s*dkim=)pass",
                                        rb"\1none", good))
chained("fail", "a field is gone", re.sub(rb"(?m)^ARC-Seal: i=2;.*\n(\s.*\n)*",
                                          b"", good), "three fields")
chained("fail", "a number twice", good.replace(b"ARC-Seal: i=2;",
                                               b"ARC-Seal: i=1;"), "numbers")
chained("fail", "it had failed before", good.replace(b"cv=pass", b"cv=fail"),
        "cv=")
lab.servfail.add("arc._domainkey.two.test")
chained("temperror", "a key is not known now", good)
chained("fail", "nor does it matter, where the body is another", good + b"x\n")
lab.servfail.clear()
r = chained("pass", "it is no ground to believe", re.sub(
    rb"(?m)^DKIM-Signature:.*\n(\s.*\n)*", b"", good))
lab.ok(r["verdict"] == "unknown", "without a signature", r["verdict"])
one("not believed", "with SPF that fails", file="chain.eml",
    args=("--ip", "192.0.2.2,x@a.test"))

# ---- limits
sign(PLAIN, "r", "a.test")
t = open("signed.eml", "rb").read()
bad = b"DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=none; h=from; bh=" + \
    b"A" * 43 + b"=; b=AAAA\n"
write("many.eml", bad * 10 + t)
r = one("unknown", "an 11th signature is not looked at", "fail",
        file="many.eml", args=("--ip", "192.0.2.2,x@a.test"))
lab.ok(len(r["dkim"]) == 10 and r["dkim_unseen"] == 1, "and named", r)
write("many.eml", bad * 9 + t)
one("believed", "the 10th is", "fail", file="many.eml")
write("many.eml", b"X: " + b"y" * 1100000 + b"\n" + t)
one("not believed", "a header of over 1 MB", file="many.eml")
write("many.eml", b"X: y\n" * 150000 + t)
one("believed", "one of 150,000 fields", "pass", file="many.eml")
write("many.eml", b"Received: by x\n" * 150 + t)
r = one("believed", "150 hops", "pass", file="many.eml")
lab.ok(len(r["hops"]) == 100 and r["hops_unseen"] == 50, "50 are named", r)
sets = b"".join(b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=a.test; s=none; b=AAAA\n"
                b"ARC-Message-Signature: i=%d; a=rsa-sha256; d=a.test; s=none; "
                b"h=from; bh=AAAA; b=AAAA\n"
                b"ARC-Authentication-Results: i=%d; x; none\n" % (i, i, i)
                for i in range(1, 52))
chained("fail", "51 sets", sets + t, "over 50")

# ---- a mailbox
box = b""
for n in range(300):
    text = t if n % 3 else t.replace(b"\nbye", b"\nby")
    box += b"From x@y Mon Nov 30 08:15:09 2026\n" + re.sub(
        rb"(?m)^(>*From )", rb">\1", text) + b"\n"
write("box", box)
p = lab.mx("-j", "--mbox", "box")
rows = [mxlab.json.loads(x) for x in p.stdout.splitlines()]
lab.ok([r["in"] for r in rows] == ["box:%d" % (n + 1) for n in range(300)],
       "all of its messages, in order", p.stdout[:300])
lab.ok([r["dkim"][0]["result"] for r in rows] == [
    "pass" if n % 3 else "fail" for n in range(300)], "each by itself",
       {(r["dkim"][0]["result"], r["dkim"][0]["why"]) for r in rows})
lab.ok(p.returncode == 75, "the worst counts", p.returncode)
write("box", "no mailbox\n")
p = lab.mx("--mbox", "box")
lab.ok(p.returncode == 65 and "no mailbox" in p.stderr, "no mailbox", p)
write("plain.eml", HEAD + "\n" + BODY.replace("From", "from"))
sign("plain.eml", "r", "a.test")
write("box", b"From x\n" + open("signed.eml", "rb").read())
p = lab.mx("--message", "box", "--mbox", "box")
lab.ok(p.returncode == 0 and p.stdout.count("believed: ") == 2,
       "a message with its From line, and both kinds at once", p)
p = lab.mx("-q", "--mbox", "box")
lab.ok(p.returncode == 0 and p.stdout == "", "-q", p)

# ---- a body of 60 MB in little memory
with open("big.eml", "wb") as f:
    f.write(HEAD.encode() + b"\n")
    for n in range(60):
        f.write((b"%060d \n" % n) * 16384)
with open("signed.eml", "wb") as f:
    subprocess.run([mxlab.BUILD + "/mailsend", "-n", "--config", "/dev/null",
                    "--message", "big.eml", "--dkim", "r:a.test:r.a.test.pem",
                    "b@b.test"], stdout=f, check=True)
p = subprocess.run(["/bin/sh", "-c", "ulimit -v 400000; exec \"$@\"", "sh",
                    mxlab.BUILD + "/mxlookup", "-s", lab.server, "--message",
                    "signed.eml"], stdout=subprocess.PIPE, text=True,
                   stderr=subprocess.PIPE)
peak = re.search(r"pass", p.stdout)
lab.ok(p.returncode == 0 and peak, "60 MB", p)
lab.end()
