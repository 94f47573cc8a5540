#!/usr/bin/env python3
"""imapsync: flags.  Every flag by every combination of what it was, what it is
here and what it is there, against (b&l&r) | (l&~b) | (r&~b)."""
import random
from synclab import *

lab = up()
SYSTEM = [r"\seen", r"\answered", r"\flagged", r"\draft", r"\deleted",
          "$forwarded"]
KEYWORD = ["work", "$junk", "a.b-c_d"]


def merge(b, l, r):
    return (b & l & r) | (l - b) | (r - b)


def words(flags):
    return "(" + " ".join(flags) + ")"


def play(name, cases, *args, hide=()):
    """cases: (base, local, remote) of message i; the merge on both sides."""
    u = lab.user()
    p = u.proxy(hide=hide)
    u.far.appends("INBOX", [(mail(i), " ".join(c[0]))
                            for i, c in enumerate(cases, 1)])
    u.sync(*args, proxy=p)
    u.same(name + ": the base")
    todo = []
    for i, (b, l, r) in enumerate(cases, 1):
        if l != b:
            u.near.set("INBOX", "number %d" % i, u.near.letters("INBOX", l))
        if r != b:
            todo.append("UID STORE %d FLAGS.SILENT %s" % (i, words(r)))
    u.far.do(*todo, box="INBOX")
    r = u.sync(*args, proxy=p)
    far = {m.subject: m.flags for m in u.far.messages("INBOX")}
    near = {m.subject: m.flags for m in u.near.messages("INBOX")}
    bad = []
    for i, c in enumerate(cases, 1):
        want, s = merge(*c), "number %d" % i
        if far.get(s) != want or near.get(s) != want:
            bad.append("%s: base %s here %s there %s: want %s, here %s, "
                       "there %s" % (s, *map(sorted, c), sorted(want),
                                     near.get(s), far.get(s)))
    ok(r.status == 0 and not r.out + r.err and not bad,
       "%s: %d messages merged" % (name, len(cases)),
       "exit %d %s\n%s" % (r.status, r.err, "\n".join(bad)))
    n = p.count("UID STORE")
    sent = {c for c in p.commands if c.startswith("UID STORE")}
    is_([c for c in sent if " FLAGS" in c.replace("+FLAGS", "").replace(
        "-FLAGS", "")], [], name + ": only differences are stored")
    ok(n <= 2 * 9, "%s: by %d commands" % (name, n), sent)
    r = u.sync("-j", *args, proxy=p)
    ok(r.status == 0 and p.count("UID STORE") == n and
       not [e for e in r.events if e["event"] == "done"],
       name + ": then nothing more is stored", r.out)
    is_(p.misused(), [], name + ": by what the server offers")
    p.close()


def one_by_one(all_flags):
    for f in all_flags:
        for n in range(8):
            yield tuple(frozenset([f] if n >> k & 1 else []) for k in range(3))


def at_random(n, seed):
    rnd = random.Random(seed)
    flags = SYSTEM + KEYWORD
    for _ in range(n):
        yield tuple(frozenset(f for f in flags if rnd.random() < .5)
                    for _ in range(3))


@scenario
def the_matrix():
    cases = list(one_by_one(SYSTEM + KEYWORD)) + list(at_random(40, 1))
    play("flags", cases)
    hard = list(one_by_one(SYSTEM + KEYWORD[:1])) + list(at_random(10, 2))
    for name, hide in (
            ("no QRESYNC", {"QRESYNC"}),
            ("no CONDSTORE", {"QRESYNC", "CONDSTORE"}),
            ("no ESEARCH", {"QRESYNC", "CONDSTORE", "ESEARCH"}),
            ("no LIST-STATUS", {"LIST-STATUS"})):
        play(name, hard, hide=hide)
    play("--delta fetch", hard, "--delta", "fetch")


@scenario
def presence():
    """Gone here or there, with other flags on the side where it is."""
    u = lab.user()
    cases = []
    for gone in ("near", "far", "both"):
        for b in ("", r"\Seen", "work"):
            for new in (None, "", r"\Flagged", "play"):
                cases.append((gone, b, new))
    u.far.appends("INBOX", [(mail(i), c[1]) for i, c in enumerate(cases, 1)])
    u.runs("before anything is gone")
    for i, (gone, b, new) in enumerate(cases, 1):
        if gone != "near":
            if new is not None and gone == "far":
                u.near.set("INBOX", "number %d" % i,
                           u.near.letters("INBOX", flagset(new)))
    todo = []
    for i, (gone, b, new) in enumerate(cases, 1):
        if new is not None and gone == "near":
            todo.append("UID STORE %d FLAGS.SILENT (%s)" % (i, new))
        if gone in ("far", "both"):
            todo += ["UID STORE %d +FLAGS.SILENT (\\Deleted)" % i,
                     "UID EXPUNGE %d" % i]
        if gone in ("near", "both"):
            u.near.remove("INBOX", "number %d" % i)
    u.far.do(*todo, box="INBOX")
    u.runs("gone here, there, or on both sides", "--allow-deletes", "100")
    u.same("both sides agree")
    is_(u.far.messages("INBOX"), [], "a deletion wins over flags")
    is_({m.subject for m in u.far.messages("Trash")},
        {"number %d" % i for i, c in enumerate(cases, 1) if c[0] == "near"},
        "but is in the trash of the server")
    is_(len(u.near.attic()), sum(c[0] == "far" for c in cases),
        "or in the attic here")
    u.settled("and that is all", sent=True)


@scenario
def not_permanent():
    """A server that keeps no keywords."""
    u = lab.user()

    def on_line(link, line):
        if b"[PERMANENTFLAGS" in line:
            return (rb"* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted "
                    rb"\Seen \Draft)] Flags." + b"\r\n")
    p = u.proxy(on_line=on_line)
    u.far.appends("INBOX", [mail(i) for i in range(1, 4)])
    u.runs("PERMANENTFLAGS without keywords", proxy=p)
    u.near.set("INBOX", "number 1", "FPS")
    u.near.set("INBOX", "number 2", u.near.letters("INBOX", ["mine"]))
    u.near.deliver("INBOX", mail(4), u.near.letters("INBOX", ["mine", r"\seen"]))
    u.runs("keywords here", proxy=p)
    is_([c for c in p.commands if re.search(
        r"(?i)(STORE|APPEND).*(mine|forwarded)", c)], [],
        "are not sent")
    is_({m.subject: m.flags for m in u.far.messages("INBOX")},
        {"number 1": {r"\seen", r"\flagged"}, "number 2": set(),
         "number 3": set(), "number 4": {r"\seen"}}, "the others are")
    u.runs("again", proxy=p)
    n = len(p.commands)
    u.runs("and again", proxy=p)
    ok(not [c for c in p.commands[n:] if re.match("UID STORE|APPEND|SELECT",
                                                  c)],
       "nor tried in every run", p.commands[n:])
    is_({m.subject: m.flags for m in u.near.messages("INBOX")}["number 1"],
        {r"\seen", r"\flagged", "$forwarded"}, "and are kept here")
    is_({m.subject: m.flags for m in u.near.messages("INBOX")}["number 2"],
        {"mine"}, "both of them")


@scenario
def many_keywords():
    """More keywords than a file name has letters for."""
    u = lab.user()
    kw = ["kw%02d" % i for i in range(31)]
    u.far.appends("INBOX", [(mail(i), kw[i]) for i in range(31)])
    u.far.append("INBOX", mail(40), " ".join(kw))
    u.runs("31 keywords")
    u.runs("again")
    is_([sorted(m.flags) for m in u.far.messages("INBOX")],
        [[k] for k in kw] + [kw], "none is lost on the server")
    u.near.set("INBOX", "number 40", "S" + "".join(
        os.path.basename(u.near.file("INBOX", "number 40")).partition(
            ":2,")[2]))
    u.runs("a flag more here")
    is_([sorted(m.flags) for m in u.far.messages("INBOX")][-1],
        sorted(kw + [r"\seen"]), "changes no other")
    u.settled("and that is all", sent=True)


@scenario
def letters():
    """What the letters of a file name mean."""
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(1, 6)])
    u.runs("a first run")
    u.near.set("INBOX", "number 1", "SXqZ")
    u.runs("letters that mean nothing")
    ok(os.path.basename(u.near.file("INBOX", "number 1")).endswith(":2,SXZq"),
       "stay", u.near.files("INBOX"))
    u.far.store("INBOX", "1", r"+FLAGS.SILENT (\Flagged)")
    u.runs("a flag more there")
    ok(os.path.basename(u.near.file("INBOX", "number 1")).endswith(":2,FSXZq"),
       "comes to the others, in order", u.near.files("INBOX"))
    u.near.set("INBOX", "number 1", "FS")
    with open(u.near.path("INBOX") + "/dovecot-keywords", "w") as f:
        f.write("0 Work\n")
    u.near.set("INBOX", "number 2", "a")
    u.far.store("INBOX", "3", "+FLAGS.SILENT (WORK)")
    u.runs("one keyword in two cases")
    u.same("is one")
    is_(u.near.keywords("INBOX"), {"a": "work"}, "with one letter")
    u.far.store("INBOX", "4", r"+FLAGS.SILENT (\Seen \Flagged \Answered)")
    u.runs("set there")
    u.far.store("INBOX", "4", r"-FLAGS.SILENT (\Seen \Flagged \Answered)")
    u.runs("cleared there")
    u.same("cleared here")
    u.settled("and that is all")


@scenario
def half_refused():
    """A flag here and one there, and the server refuses to store ours."""
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(1, 4)])
    u.runs("three messages")
    for i in (1, 2, 3):
        u.near.set("INBOX", "number %d" % i, "F")
    u.far.store("INBOX", "1:3", r"+FLAGS.SILENT (\Answered)")

    def refuse(link, n, line):
        tag, _, rest = line.partition(" ")
        if rest.startswith("UID STORE"):
            return ("%s NO [LIMIT] not now\r\n" % tag).encode()
        return None
    r = u.sync(proxy=u.proxy(on_command=refuse))
    ok(r.status != 0, "the server refuses to store", r.err)
    u.runs("and then does not")
    for m in u.far.messages("INBOX"):
        is_(sorted(m.flags), [r"\answered", r"\flagged"], "both are there")
    u.same("and here")
    u.settled("and that is all", sent=True)


@scenario
def rfc9979():
    """The keywords of RFC 9979 travel, and so does their end."""
    words = ["$notify", "$muted", "$followed", "$memo", "$hasmemo",
             "$hasattachment", "$hasnoattachment", "$autosent",
             "$unsubscribed", "$canunsubscribe", "$imported", "$istrusted",
             "$maskedemail", "$new", "$MailFlagBit0", "$MailFlagBit1",
             "$MailFlagBit2"]
    want = {w.lower() for w in words}
    u = lab.user()
    u.far.appends("INBOX", [(mail(1), " ".join(words)), (mail(2), r"\Seen")])
    u.runs("they are there")
    is_(u.near.messages("INBOX")[0].flags, want, "they come here")
    u.near.set("INBOX", "number 2", u.near.letters("INBOX", sorted(want)))
    u.near.set("INBOX", "number 1", "S")
    u.runs("the other one has them here")
    is_([m.flags for m in u.far.messages("INBOX")], [{r"\seen"}, want],
        "they go there")
    u.same("both sides are equal")


@scenario
def few_commands():
    """300 changes are few commands."""
    u = lab.user()
    u.far.appends("INBOX", [mail(i) for i in range(1, 301)])
    u.runs("300 messages")
    for f in u.near.files("INBOX"):
        os.rename(f, f.replace("/new/", "/cur/") + ":2,FRS")
    p = u.proxy()
    u.runs("three flags of each", proxy=p)
    u.same("are there")
    ok(p.count("UID STORE") <= 3, "by three commands or less",
       [c for c in p.commands if "STORE" in c])


done()
