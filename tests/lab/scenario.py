"""What becomes of messages, as data (tests/server/scenarios): read and played.

	for s in scenario.load():
	    wrong = scenario.play(s, side)	# "" or what is not as it should be

side is a mailbox of its own on the server and a Maildir, see Side.
"""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = {"D": r"\Draft", "F": r"\Flagged", "P": "$Forwarded",
         "R": r"\Answered", "S": r"\Seen", "T": r"\Deleted"}
BIG = 3000


class Side:
    """m: imaplib's; box: there, with its separator; near: its Maildir; trash:
    there; attic: the folder; sync(*options): status, output, events."""

    def __init__(self, m, box, near, trash, attic, sync):
        self.m, self.box, self.near = m, box, near
        self.trash, self.attic, self.sync = trash, attic, sync


def load(path=HERE + "/../server/scenarios"):
    starts, out, rows = {}, [], None
    for line in open(path):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        if m := re.fullmatch(r"start (.*)", line):
            rows = starts[m[1]] = []
        elif m := re.fullmatch(r"end (.*) of (\w+): (.*)", line):
            rows = []
            out.append({"name": m[1], "start": starts[m[2]], "end": rows,
                        "options": m[3].split(" --")})
            o = out[-1]["options"]
            words = [o[0]] + ["--" + x for x in o[1:]]
            out[-1]["options"] = [w for x in words for w in x.split(" ", 1)]
        else:
            rows.append(line.strip().split("\t"))
    return out


def body(letter, big):
    return ("From: jo@example.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n"
            "Subject: message %s\nMessage-ID: <%s@example.org>\n\n%s" % (
                letter, letter, "a line of it\n" * (BIG // 13 if big else
                                                    2))).encode()


def words(flags):
    return "(%s)" % " ".join(FLAGS[c] for c in flags if c in FLAGS)


def letter_of(data):
    return re.search(rb"(?m)^Subject: message (\w)", data)[1].decode()


def quoted(name):
    return '"' + name + '"'


# ---- there

def far_append(s, letter, flags):
    text = body(letter, "*" in flags).replace(b"\n", b"\r\n")
    got, said = s.m.append(quoted(s.box), words(flags), None, text)
    assert got == "OK", said


def far_all(s, box):
    """{letter: (uid, flags)}"""
    got, n = s.m.select(quoted(box))
    assert got == "OK", n
    out = {}
    if int(n[0]) == 0:
        return out
    data = s.m.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER])")[1]
    for i, x in enumerate(data):
        if not isinstance(x, tuple):
            continue
        after = data[i + 1] if i + 1 < len(data) and \
            isinstance(data[i + 1], bytes) else b""
        said = (x[0] + b" " + after).decode()
        flags = re.search(r"FLAGS \(([^)]*)\)", said)[1].lower().split()
        out[letter_of(x[1])] = (
            re.search(r"UID (\d+)", said)[1],
            "".join(c for c in sorted(FLAGS) if FLAGS[c].lower() in flags))
    return out


def far_change(s, letter, flags):
    uid = far_all(s, s.box)[letter][0]
    s.m.uid("STORE", uid, "FLAGS.SILENT",
            words(flags if flags != "." else "T"))
    if flags == ".":
        s.m.uid("EXPUNGE", uid)


# ---- here

def near_files(top):
    out = {}
    for d, _, names in os.walk(top):
        for n in names:
            path = d + "/" + n
            if os.path.basename(d) in ("cur", "new") or "attic" in top:
                with open(path, "rb") as f:
                    data = f.read()
                out[letter_of(data)] = (path, data)
    return out


def near_change(s, letter, flags):
    files = near_files(s.near)
    if flags == ".":
        os.unlink(files[letter][0])
        return
    info = ":2," + "".join(c for c in sorted(flags) if c in FLAGS)
    to = s.near + "/cur/" + (os.path.basename(files[letter][0]).partition(
        ":2,")[0] if letter in files else "17000000%02d.M1.here" %
        ord(letter)) + info
    if letter in files:
        os.rename(files[letter][0], to)
        return
    with open(to, "wb") as f:
        f.write(body(letter, "*" in flags))


# ---- both

def seen(s):
    """{letter: (there, here)}"""
    far = far_all(s, s.box)
    near = {}
    for letter, (path, data) in near_files(s.near).items():
        flags = "".join(c for c in path.rpartition(":2,")[2] if c in FLAGS) \
            if ":2," in path else ""
        near[letter] = (flags or "-") + "?" * (
            b"message/external-body" in data)
    return {x: ((far[x][1] or "-") if x in far else ".", near.get(x, "."))
            for x in sorted(set(far) | set(near))}


def wanted(s):
    out = {letter: (far.rstrip("*"), near.rstrip("*"))
           for letter, _, far, near in s["start"]}
    for row in s["end"]:
        if row[0] not in ("trash", "attic"):
            out[row[0]] = (row[1], row[2])
    return {x: v for x, v in sorted(out.items()) if v != (".", ".")}


def begin(s, side):
    for letter, base, _, _ in s["start"]:
        if base != ".":
            far_append(side, letter, base)
    r = side.sync()
    assert r[0] == 0, r
    os.makedirs(side.near + "/cur", exist_ok=True)
    for letter, base, far, near in s["start"]:
        if base == "." and far != ".":
            far_append(side, letter, far)
        elif far != base:
            far_change(side, letter, far)
        if near != base:
            near_change(side, letter, near)


def play(s, side):
    begin(s, side)
    end, wrong = wanted(s), []
    for name in ("a run", "once more"):
        status, said, events = side.sync(*s["options"])
        got = seen(side)
        if status != 0:
            wrong.append("%s: exit %d: %s" % (name, status, said))
        if got != end:
            wrong.append("%s: %s" % (name, ", ".join(
                "%s: %s, not %s" % (x, got.get(x), end.get(x)) for x in sorted(
                    set(got) | set(end)) if got.get(x) != end.get(x))))
        if name != "a run" and events:
            wrong.append("once more: it does %s" % events)
        if "--purge-marked" in s["options"]:
            break			# the next run purges what this one marked
    lies = dict({"trash": "", "attic": ""}, **{
        r[0]: r[1] for r in s["end"] if r[0] in ("trash", "attic")})
    for name, is_ in (("trash", far_all(side, side.trash)),
                      ("attic", near_files(side.attic))):
        if "".join(sorted(is_)) != lies[name]:
            wrong.append("in the %s lie %s, not %s" % (
                name, "".join(sorted(is_)), lies[name]))
    return "\n".join(wrong)
