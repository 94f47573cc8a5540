#!/usr/bin/python3
"""mxlookup --message beside mailauth (npm), which has nothing in common with it:
200 messages that dkimpy signed in all forms and forwarded with ARC, half of them
changed somewhere.  Both must say the same of signatures, SPF, DMARC and ARC.

Needs python3-dkim, node and npm's registry once: the package stays in
build/mailauth."""
import base64
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT + "/tests/server")
HOME = ROOT + "/build/mailauth"
N = int(os.environ.get("MESSAGES", "200"))


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


try:
    import dkim
except ImportError:
    skip("no python3-dkim")
if not shutil.which("npm"):
    skip("no npm")
if not os.path.isdir(HOME + "/node_modules/mailauth"):
    os.makedirs(HOME, exist_ok=True)
    if subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix",
                       HOME, "mailauth"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode:
        skip("mailauth cannot be installed")

import mxlab  # noqa: E402

lab = mxlab.Lab()
tmp = tempfile.TemporaryDirectory(prefix="mailauth.")
os.chdir(tmp.name)
zone, keys = {}, {}


def add(name, type, text):
    lab.add(name, type, text)
    zone["%s %s" % (name, type)] = [[text]] if type == "TXT" else [text]


for selector, domain, kind in (("r", "a.test", "rsa2048"),
                               ("e", "a.test", "ed25519"),
                               ("r", "sub.a.test", "rsa2048"),
                               ("r", "other.test", "rsa2048"),
                               ("arc", "list.test", "rsa2048")):
    p = subprocess.run([mxlab.BUILD + "/mailsend", "-q", "--dkim-new",
                        "%s:%s:%s" % (selector, domain, kind)],
                       stdout=subprocess.PIPE, text=True, check=True)
    add("%s._domainkey.%s" % (selector, domain), "TXT",
        "".join(re.findall(r'"([^"]*)"', p.stdout)))
    with open("%s.%s.pem" % (selector, domain), "rb") as f:
        pem = f.read()
    if kind == "ed25519":
        pem = base64.b64encode(base64.b64decode(
            b"".join(pem.split(b"\n")[1:-2]))[-32:])
    keys[selector, domain] = pem
add("_dmarc.a.test", "TXT", "v=DMARC1; p=reject")
add("_dmarc.list.test", "TXT", "v=DMARC1; p=none")
add("a.test", "TXT", "v=spf1 ip4:192.0.2.0/28 -all")
add("other.test", "TXT", "v=spf1 a:out.other.test ~all")
add("out.other.test", "A", "192.0.2.77")

rnd = random.Random(17)


def words(n):
    return " ".join(rnd.choice(("alpha", "beta ", "\tgamma", "delta", "From",
                                "caf\u00e9", "=3D", ".")) for _ in range(n))


def message(n):
    body = "".join(words(rnd.randrange(9)) + rnd.choice(("", " ", "\t")) + "\r\n"
                   for _ in range(rnd.randrange(12)))
    return ("From: Joe <joe@%s>\r\nTo: b@b.test\r\nSubject: %s\r\n %s\r\n"
            "Date: Mon, 30 Nov 2026 08:15:09 +0000\r\nMessage-ID: <%d@a.test>"
            "\r\n\r\n%s" % (rnd.choice(("a.test", "a.test", "sub.a.test",
                                        "other.test")),
                            rnd.choice(("is  it", "yes")), "folded", n,
                            body)).encode()


def signed(text):
    who = rnd.choice(list(keys)[:4])
    field = dkim.sign(
        text, who[0].encode(), who[1].encode(), keys[who],
        canonicalize=(rnd.choice((b"simple", b"relaxed")),
                      rnd.choice((b"simple", b"relaxed"))),
        signature_algorithm=b"ed25519-sha256" if who[0] == "e" else
        b"rsa-sha256",
        include_headers=[b"from", b"to", b"subject", b"date"] +
        rnd.choice(([], [b"from"], [b"message-id"])))
    return field + text


def forwarded(text, n):
    for i in range(n):
        text = (b"Authentication-Results: mx.list.test; %sdkim=pass\r\n" %
                (b"arc=pass; " if i else b"")) + text.replace(
                    b"Authentication-Results: mx", b"X-Old: mx")
        text = b"".join(dkim.arc_sign(text, b"arc", b"list.test",
                                      keys["arc", "list.test"],
                                      b"mx.list.test")) + text
    return text


def changed(text):
    """One byte of header or body is another one, or there is one more."""
    at = rnd.randrange(len(text))
    if text[at:at + 1] in b"\r\n:; " or text[at - 1:at] == b"\n":
        return text + b"more\r\n"
    return text[:at] + bytes([text[at] ^ 1]) + text[at + 1:]


jobs, options = [], []
for n in range(N):
    text = message(n)
    for _ in range(rnd.randrange(3)):
        text = signed(text)
    text = forwarded(text, rnd.choice((0, 0, 1, 2)))
    if n % 2:
        text = changed(text)
    name = "m%d.eml" % n
    with open(name, "wb") as f:
        f.write(text)
    job = {"file": name, "ip": rnd.choice(("192.0.2.1", "192.0.2.77",
                                           "198.51.100.1")),
           "helo": "out.other.test",
           "sender": rnd.choice(("x@a.test", "x@other.test", "x@none.test"))}
    jobs.append(job)
    options.append(["--ip", "%(ip)s,%(sender)s,%(helo)s" % job])
for name, what in (("zone.json", zone), ("jobs.json", jobs)):
    with open(name, "w", encoding="ascii") as f:
        json.dump(what, f)
p = subprocess.run(["node", HERE + "/mailauth.js", "zone.json", "jobs.json"],
                   stdout=subprocess.PIPE, text=True,
                   env={**os.environ, "NODE_PATH": HOME + "/node_modules"})
theirs = [json.loads(x) for x in p.stdout.splitlines()]
lab.ok(len(theirs) == N, "mailauth judged all", p.returncode)

for n, t in enumerate(theirs):
    r = lab.json("--message", jobs[n]["file"], *options[n])
    ours = [d["result"] == "pass" for d in r["dkim"]]
    # It sorts what it found: how many of each domain pass must be the same.
    count = lambda rows: sorted((d["domain"] or "", d["result"] == "pass")
                                for d in rows if d["result"] != "none")
    same = count(r["dkim"]) == count(t["dkim"]) or any(
        d["result"] == "not judged" for d in r["dkim"])
    same &= r["spf"]["result"] == t["spf"]
    same &= (r["arc"]["result"] == "pass") == (t["arc"] == "pass")
    # It finds a domain in "Joe =joe@a.test>", where we find none.
    if t["dmarc"] in ("pass", "fail") and r["from_domain"] is not None:
        same &= (r["verdict"] == "believed") == (t["dmarc"] == "pass")
    lab.ok(same, "message %d: %s, ARC %s, %s" % (
        n, ours, r["arc"]["result"], r["verdict"]), (t, r["dkim"], r["spf"],
                                                     r["arc"], r["dmarc"]))
lab.end()
