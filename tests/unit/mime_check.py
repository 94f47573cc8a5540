"""TAP: messages from the helper in tests/unit/mime.c, read by Python's email.

    mime_check.py HELPER DIR
"""
import email
import email.header
import email.policy
import email.utils
import os
import random
import re
import subprocess
import sys

HELPER, DIR = sys.argv[1:]
os.chdir(DIR)
random.seed(7)
count = failed = 0


def ok(good, name):
    global count, failed
    count += 1
    failed += not good
    print("ok" if good else "not ok", count, "-", name, flush=True)
    return good


def is_(got, want, name):
    if not ok(got == want, name):
        print("#  got %r\n# want %r" % (got, want), file=sys.stderr)


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def run(args, data=b""):
    p = subprocess.run([HELPER] + args, input=data, capture_output=True)
    return p.returncode, p.stdout, p.stderr.decode()


def wire_fault(raw):
    """What is wrong with the bytes, for any message."""
    if not raw.endswith(b"\r\n"):
        return "no line end at the end"
    if re.search(rb"[^\r]\n|\r[^\n]|\0", raw):
        return "bare CR, bare LF or NUL"
    head = raw.split(b"\r\n\r\n")[0].split(b"\r\n")
    if max(map(len, raw.split(b"\r\n"))) > 998:
        return "long line"
    if max(map(len, head)) > 78:
        return "header line over 78"
    return None


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def compose(*args, seven=True):
    code, raw, err = run(["compose", *args])
    if code:
        raise SystemExit("compose %r: %s" % (args, err))
    why = wire_fault(raw)
    if why is None and seven and not raw.isascii():
        why = "8-bit"
    if why is None and parse(raw).defects:
        why = repr(parse(raw).defects)
    if why is not None:
        ok(False, "%s: %r" % (why, args))
    return parse(raw)


def lf(b):
    return b.replace(b"\r\n", b"\n")


# --- the example

write("text", "Grüße\nline two\n".encode())
pdf = bytes(random.randrange(256) for _ in range(50000))
write("report.pdf", pdf)
m = compose("from=Jö Doe|jo@example.org", "to=billy@johndoe.com",
            "to=Doe, Jane|jane@example.org", "cc=Bob|bob@example.org",
            "subject=alert: ünïcode", "text=text", "file=report.pdf")
is_(m["subject"], "alert: ünïcode", "subject")
is_([(a.display_name, a.addr_spec) for a in m["from"].addresses],
    [("Jö Doe", "jo@example.org")], "from")
is_([(a.display_name, a.addr_spec) for a in m["to"].addresses],
    [("", "billy@johndoe.com"), ("Doe, Jane", "jane@example.org")], "to")
is_(m["date"].datetime.timestamp(), 1751360700.0, "date")
is_(m.get_content_type(), "multipart/mixed", "mixed")
parts = list(m.iter_parts())
is_(lf(parts[0].get_payload(decode=True)), "Grüße\nline two\n".encode(),
    "text")
is_(parts[0].get_content_charset(), "utf-8", "charset")
is_(parts[1].get_payload(decode=True), pdf, "attachment")
is_(parts[1].get_content_type(), "application/pdf", "type")
is_(parts[1].get_filename(), "report.pdf", "file name")
is_(parts[1].get_content_disposition(), "attachment", "disposition")

# --- structures

write("html", b"<img src='cid:logo.png'>\n")
write("logo.png", b"PNG")
T, H, I, F = "text=text", "html=html", "inline=logo.png", "file=report.pdf"


def shape(m):
    if not m.is_multipart():
        return m.get_content_subtype()
    return "%s(%s)" % (m.get_content_subtype(),
                       " ".join(map(shape, m.iter_parts())))


for args, want in [
        ([T], "plain"), ([H], "html"), ([], "plain"),
        ([T, H], "alternative(plain html)"),
        ([T, F], "mixed(plain pdf)"), ([F], "mixed(plain pdf)"),
        ([H, F, F], "mixed(html pdf pdf)"), ([H, I], "related(html png)"),
        ([T, H, I], "related(alternative(plain html) png)"),
        ([T, I], "mixed(plain png)"), ([T, I, F], "mixed(plain png pdf)"),
        ([T, H, F], "mixed(alternative(plain html) pdf)"),
        ([T, H, I, F],
         "mixed(related(alternative(plain html) png) pdf)"),
        (["text=/dev/null", H], "html"),
        (["text=/dev/null", F], "mixed(plain pdf)")]:
    m = compose("subject=x", *args)
    is_(shape(m), want, "structure " + want)
    for p in m.walk():
        if p.get_content_subtype() == "png":
            is_((p["content-id"], p.get_content_disposition()),
                ("<logo.png>", "inline"), "inline")
        if p.get_content_subtype() == "related":
            is_(p.get_param("type"),
                list(p.iter_parts())[0].get_content_type(), "related type")
code, _, err = run(["compose", T, H, I, I])
is_(code, 64, "two inline files of one name: " + err.strip())

# --- attachments, byte for byte

names = ["a b.txt", "ünïcode.pdf", "x" * 150 + ".pdf", "ü" * 60 + ".txt",
         "semi;colon", 'quo"te', "back\\slash.txt", "=?utf-8?Q?a?=.txt",
         "a:b.pdf", "per%41cent.bin", "it's.doc", "\x1b[1mred\n.log",
         "日本語.txt", ".hidden", "noextension"]
contents = [b"", b"x", b"x\n", b"line\r\nline\r\n", b"a\nb\r\nc\rd\n",
            bytes(range(256)), b"From me\n", b".\n", "ü\n".encode(), b"\xff",
            b"a" * 5000, b"\r", b"\n", b"\0"] + \
           [b"q" * n for n in (56, 57, 58, 113, 114, 115, 29183, 29184,
                               29185, 58368, 65536)]
for i in range(max(len(names), len(contents))):
    name, data = names[i % len(names)], contents[i % len(contents)]
    write(name, data)
    m = compose("subject=x", T, "file=" + name)
    p = list(m.iter_parts())[1]
    want = name.split("\\")[-1].replace("\x1b", "").replace("\n", "")
    is_(p.get_payload(decode=True), data, "bytes of attachment %d" % i)
    is_(p.get_filename(), want, "name of attachment %d" % i)

for name, data, want in [
        ("t1", b"text\n", "text/plain; us-ascii"),
        ("t2", "ü\n".encode(), "text/plain; utf-8"),
        ("t3", b"\xff\n", "application/octet-stream; None"),
        ("t4", b"a\0b", "application/octet-stream; None"),
        ("t5.csv", b"a,b\n", "text/csv; us-ascii"),
        ("t6.csv", b"\xff", "text/csv; None"),
        ("t7:image/x-foo", b"a,b\n", "image/x-foo; None"),
        ("t8.eml", b"Subject: x\n\nbody\n", "message/rfc822; None"),
        ("t9.eml", b"Subject: x\n\n\xff\n", "application/octet-stream; None")]:
    write(name.split(":")[0], data)
    p = list(compose("subject=x", T, "file=" + name).iter_parts())[1]
    is_("%s; %s" % (p.get_content_type(), p.get_content_charset()), want,
        "type of " + name)
    if name == "t8.eml":
        is_(p.get_content()["subject"], "x", "a message in it")

# --- texts

words = ["a", "From ", "\n", "\r\n", "ü", "漢字", ".", " ", "\t", "=", "\n\n",
         "word " * 5, "x" * 80, "\0", "\r", "From me", "\n.", " \n"]
same = 0
for i in range(100):
    s = "".join(random.choice(words) for _ in range(random.randrange(40)))
    if i % 3 == 0:
        s = s * 30
    data = s.encode()
    if i % 10 == 0:
        data += b"\xff"
    write("body", data)
    m = compose("subject=x", "text=body", *([F] if i % 2 else []))
    p = list(m.iter_parts())[0] if m.is_multipart() else m
    got = p.get_payload(decode=True)
    want = re.sub(rb"\r?\n", b"\r\n", data)
    if not m.is_multipart() and want and not want.endswith(b"\r\n") and \
            p["content-transfer-encoding"] != "base64":
        want += b"\r\n"
    same += got == want
    if got != want:
        print("# %r\n# %r" % (want, got), file=sys.stderr)
is_(same, 100, "random texts come out")

# --- header fields



def plain(s):
    return str(email.header.make_header(email.header.decode_header(
        s.replace("\r\n", ""))))


atoms = ["a", "word", " ", "  ", "ü", "漢", "=?", "?=", "_", "😀", "=", '"',
         ",", "<", "(", "x" * 70, "\\", ".", "\t", "@"]
same = 0
for i in range(120):
    s = "".join(random.choice(atoms) for _ in range(random.randrange(1, 60)))
    n = "".join(random.choice(atoms) for _ in range(random.randrange(1, 20)))
    n = n.replace("\t", "")
    code, raw, err = run(["compose", "subject=" + s,
                          "from=" + n + "|a@b.org", "field=X-A: " + s])
    m = email.message_from_bytes(raw)
    got = plain(m["subject"])
    name, addr = email.utils.parseaddr(m["from"].replace("\r\n", ""))
    good = [code == 0, got.strip(" \t") == s.strip(" \t"),
            wire_fault(raw) is None or "header" in wire_fault(raw),
            (plain(name), addr) == (n.strip(" "), "a@b.org")]
    same += all(good)
    if not all(good):
        print("# %s %r\n# %r\n# %r\n# %r" % (good, s, got, n,
              name), file=sys.stderr)
is_(same, 120, "random subjects and names come out")

m = compose("subject=ü", "from=ü|ü@b.org", "utf8=1", seven=False)
is_((m["subject"], str(m["from"])), ("ü", "ü <ü@b.org>"), "raw UTF-8")
m = compose("subject=x", T, "eight=1", seven=False)
is_((m["content-transfer-encoding"], lf(m.get_payload(decode=True))),
    ("8bit", "Grüße\nline two\n".encode()), "8bit when asked")

# --- down-conversion: the leaves stay what they are


def leaves(m):
    return [lf(p.get_payload(decode=True)) for p in m.walk()
            if not p.is_multipart()]


def random_mail(depth=0):
    kind = random.choice(["leaf", "multi", "message"]) if depth < 4 else "leaf"
    if kind == "leaf":
        ctype = random.choice(["", "text/plain; charset=utf-8", "text/html",
                               "image/png", "application/json"])
        body = "".join(random.choice(["ü", "abc", "\n", " ", "=", ".", "--",
                                      "--b9", "\n--b0x\n", "漢" * 9, "\r",
                                      "y" * 300, "\n\n", "\0"])
                       for _ in range(random.randrange(25)))
        head = "Content-Type: %s\n" % ctype if ctype else ""
        return head + random.choice(
            ["", "Content-Transfer-Encoding: 8bit\n"]) + "\n" + body
    if kind == "message":
        return "Content-Type: message/rfc822\n\nSubject: x\n" + \
            random_mail(depth + 1)
    b = "b%d" % depth
    return "Content-Type: multipart/mixed; boundary=%s\n\n%s" % (
        b, random.choice(["", "preamble\n"])) + "".join(
            "--%s\n%s\n" % (b, random_mail(depth + 1))
            for _ in range(random.randrange(1, 4))) + "--%s--\n" % b


same = 0
for i in range(120):
    mail = ("MIME-Version: 1.0\nSubject: s\n" + random_mail()).encode()
    if not mail.endswith(b"\n"):
        mail += b"\n"
    code, raw, err = run(["down"], mail)
    # Python takes a bare CR for a line end; so not for this comparison
    if code == 0 and b"\r" not in mail:
        want, got = leaves(email.message_from_bytes(mail)), \
            leaves(email.message_from_bytes(raw))
    else:
        want = got = code
    good = code == 0 and raw.isascii() and wire_fault(raw) is None and \
        want == got
    same += good
    if not good:
        print("# %s %r\n# %r\n# %r" % (err, mail, want, got), file=sys.stderr)
is_(same, 120, "random messages made 7-bit")

print("1..%d" % count)
sys.exit(failed != 0)
