"""Others' DKIM: dkimpy signs and verifies, opendkim-testmsg verifies.

    dkimpeer.py verify ZONE MESSAGE     a line for each signature: pass or why not
    dkimpeer.py opendkim ZONE MESSAGE   the whole message, in a namespace of its own
    dkimpeer.py sign KEY SELECTOR DOMAIN MESSAGE [NAME=VALUE ...]

    dkimpeer.py arc KEY SELECTOR DOMAIN SERVER MESSAGE     one set more on top
    dkimpeer.py chain ZONE MESSAGE      what the chain comes to

ZONE has lines as mailsend --dkim-new prints them.  Debian's python3-dkim is for
/usr/bin/python3.  Exit status 77: it is not here."""
import os
import re
import socket
import struct
import subprocess
import sys
import threading

try:
    import dkim
except ImportError:
    sys.exit(77)


def zone(path):
    out = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            name, text = line.split(" IN TXT ", 1)
            out[name.lower()] = "".join(re.findall(r'"([^"]*)"', text)).encode()
    return out


def verify(path, message):
    keys = zone(path)
    with open(message, "rb") as f:
        text = f.read()
    d = dkim.DKIM(text)
    bad = False
    head = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    for i in range(len(re.findall(rb"(?im)^dkim-signature:", head))):
        try:
            got = d.verify(i, dnsfunc=lambda name, timeout=5: keys.get(
                name.decode().lower()))
            why = "pass" if got else "fail"
        except dkim.DKIMException as e:
            got, why = False, str(e)
        bad |= not got
        print(why)
    return bad


def serve(s, keys):
    """Answers TXT."""
    while True:
        m, who = s.recvfrom(4096)
        at, labels = 12, []
        while m[at]:
            labels.append(m[at + 1:at + 1 + m[at]].decode("latin-1"))
            at += 1 + m[at]
        text = keys.get(".".join(labels).lower() + ".")
        r = b""
        if text is not None:
            data = b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255]
                            for i in range(0, len(text), 255))
            r = b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 60, len(data)) + data
        s.sendto(m[:2] + struct.pack(">HHHHH", 0x8180 | (3 if not r else 0),
                                     1, bool(r), 0, 0) + m[12:at + 5] + r, who)


def opendkim(path, message):
    if os.environ.get("DKIM_INSIDE") is None:
        os.environ["DKIM_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-mn", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    conf = message + ".resolv"
    with open(conf, "w", encoding="ascii") as f:
        f.write("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", conf,
                    os.path.realpath("/etc/resolv.conf")], check=True)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 53))  # before anybody asks
    threading.Thread(target=serve, args=(s, zone(path)), daemon=True).start()
    with open(message, "rb") as f:
        p = subprocess.run(["opendkim-testmsg"], stdin=f, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(p.stdout or "pass")
    return p.returncode != 0 or p.stdout != ""


def sign(key, selector, domain, message, *more):
    how = dict(x.split("=", 1) for x in more)
    with open(key, "rb") as f:
        pem = f.read()
    with open(message, "rb") as f:
        text = f.read()
    if how.get("alg", "rsa-sha256").startswith("ed25519"):
        # its own format: the seed alone, in base64
        pem = b"".join(pem.split(b"\n")[1:-2])
        import base64
        pem = base64.b64encode(base64.b64decode(pem)[-32:])
    canon = how.get("c", "relaxed/relaxed").encode().split(b"/")
    h = how.get("h")
    field = dkim.sign(text, selector.encode(), domain.encode(), pem,
                      canonicalize=tuple(canon), length="l" in how,
                      signature_algorithm=how.get("alg", "rsa-sha256").encode(),
                      include_headers=h and [x.encode() for x in h.split(":")])
    sys.stdout.buffer.write(field.replace(b"\r\n", b"\n") if b"\r\n" not in
                            text else field)
    sys.stdout.buffer.write(text)
    return False


def arc(key, selector, domain, server, message):
    with open(key, "rb") as f:
        pem = f.read()
    with open(message, "rb") as f:
        text = f.read()
    lines = dkim.arc_sign(text, selector.encode(), domain.encode(), pem,
                          server.encode())
    for line in lines:
        sys.stdout.buffer.write(line.replace(b"\r\n", b"\n"))
    sys.stdout.buffer.write(text)
    return not lines


def chain(path, message):
    with open(message, "rb") as f:
        cv, _, why = dkim.arc_verify(f.read(), dnsfunc=lambda name, timeout=5:
                                     zone(path).get(name.decode().lower()))
    print((cv or b"none").decode().lower())
    return False


sys.exit({"verify": verify, "arc": arc, "chain": chain, "opendkim": opendkim,
          "sign": sign}[sys.argv[1]](*sys.argv[2:]))
