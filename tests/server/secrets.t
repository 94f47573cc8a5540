#!/usr/bin/env python3
"""No secret is ever shown: each tool that logs in, each mechanism that the
servers have, each -v, a login that is taken and one that is refused; in the
clear, and as base64, hex or percent-coded, at any offset.
"""
import base64
import urllib.parse

from synclab import *

PASS = 'geheim ünïcode "quoted"'
lab = up()
work = tempfile.mkdtemp(prefix="secrets.")
env = dict(os.environ, XDG_STATE_HOME=work + "/state", HOME=work)
MECHS = ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
         "oauthbearer", "xoauth2"]
for d in "cur", "new", "tmp":
    os.makedirs(work + "/near/INBOX/" + d)


def forms(secret):
    """What of it must not be seen: its middle, in every coding."""
    b = secret.encode()
    out = {b, b.hex().encode(), b.hex().upper().encode(),
           urllib.parse.quote(secret).encode(),
           b.replace(b'"', b'\\"')}
    for i in range(3):
        # The characters that its bytes alone decide.
        code = base64.b64encode(b"\0" * i + b)
        out.add(code[(i * 8 + 5) // 6:len(b) * 8 // 6])
    return {f for f in out if len(f) > 5}


def shown(secret, *outputs):
    return sorted(f.decode("utf-8", "replace") for f in forms(secret)
                  for o in outputs if f in o)


def tools(user):
    e = lab.env
    last = ["--ca", lab.ca, "-u", user]
    yield "mailfetch", "POP3", ["-S", "pop3s://localhost:" +
                                e["LAB_POP3S_PORT"], "-d", "stdout"] + last
    yield "mailfetch", "IMAP", ["-S", "imaps://localhost:%d" % lab.imaps,
                                "-d", "stdout"] + last
    yield "imapsync", "IMAP", ["-S", "imaps://localhost:%d" % lab.imaps,
                               "--near", work + "/" + user] + last


def run(tool, args, secret, mech, level):
    how = "--token-command" if mech in ("oauthbearer", "xoauth2") else \
        "--password-command"
    return subprocess.run(
        [BUILD + "/" + tool] + args + ["--auth", mech, how,
                                       "cat " + work + "/" + sha(secret.encode())] +
        ["-v"] * level, capture_output=True, env=env,
        stdin=subprocess.DEVNULL, timeout=FOREVER)


def keep(secret):
    with open(work + "/" + sha(secret.encode()), "w") as f:
        f.write(secret + "\n")


@scenario
def taken():
    keep(PASS)
    keep(lab.env["LAB_TOKEN_billy"])
    for mech in MECHS:
        token = mech in ("oauthbearer", "xoauth2")
        user = "billy" if token else "jane"
        secret = lab.env["LAB_TOKEN_billy"] if token else PASS
        for tool, proto, args in tools(user):
            bad, codes = [], []
            for level in range(4):
                p = run(tool, args, secret, mech, level)
                bad += shown(secret, p.stdout, p.stderr)
                codes.append(p.returncode)
            # Where the server has not the mechanism, that is said.
            ok(not bad and (set(codes) == {0} or set(codes) == {77}),
               "%s, %s, %s: no secret is shown%s" % (
                   tool, proto, mech, "" if codes[0] == 0 else
                   " (not offered)"), (bad, codes))
    ok(True, "the control finds one") if shown(
        PASS, base64.b64encode(b"\0jane\0" + PASS.encode())) else \
        ok(False, "the control finds one")


@scenario
def refused():
    secret = "wrong-4711-xyzzy"
    keep(secret)
    jobs = [(t, p, a, m) for t, p, a in tools("jane") for m in MECHS]
    out = {}

    def one(job):
        tool, proto, args, mech = job
        out[tool, proto, mech] = run(tool, args + ["--state", tempfile.mkdtemp(
            dir=work) + "/s"], secret, mech, 3)
    threads = [threading.Thread(target=one, args=(j,)) for j in jobs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    bad = {k: (p.returncode, shown(secret, p.stdout, p.stderr))
           for k, p in out.items()}
    is_([k for k, v in bad.items() if v[0] != 77 or v[1]], [],
        "%d refused logins show no secret and are 77" % len(jobs))


shutil.rmtree(work)
done()
