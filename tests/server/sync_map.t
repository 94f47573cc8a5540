#!/usr/bin/env python3
"""imapsync --map: other names here than on the server, both ways."""
from synclab import *

lab = up()
RULES = ("--map", "Gesendet -> [Gmail]/Sent Mail", "--map",
         "Work/* -> INBOX/w/*")


def both(u):
    names = {"Gesendet": "[Gmail]/Sent Mail"}
    return ({names.get(b, re.sub("^Work/", "INBOX/w/", b)): v
             for b, v in canon(u.near.all()).items()}, canon(u.far.all()))


@scenario
def mapped():
    u = lab.user()
    u.far.create("[Gmail]/Sent Mail", "INBOX/w/a", "Other")
    u.far.append("[Gmail]/Sent Mail", mail(1))
    u.far.append("INBOX/w/a", mail(2))
    u.runs("the first run", *RULES)
    ok({"Gesendet", "Work/a", "Other"} <= set(u.near.boxes()) and
       not [b for b in u.near.boxes() if "Gmail" in b or "w/" in b],
       "they have their names here", u.near.boxes())
    u.near.deliver("Gesendet", mail(3))
    u.near.make("Work/fresh")
    u.near.deliver("Work/fresh", mail(4))
    u.runs("something here", *RULES)
    near, far = both(u)
    ok(near == far, "both sides are equal", (near, far))
    ok("INBOX/w/fresh" in far, "a new one has its name there", list(far))
    u.far.do('RENAME "[Gmail]/Sent Mail" Old')
    u.runs("renamed there", *RULES)
    near, far = both(u)
    ok(near == far and "Old" in near, "is renamed here", (near, far))


@scenario
def two_are_one():
    u = lab.user()
    u.far.create("[Gmail]/Sent Mail", "Gesendet")
    r = u.sync(*RULES)
    is_(r.status, 65, "two would be one: 65")
    like(r.err, "two mailboxes would be one folder", "said")
    for rule in ("Sent", "a* -> b", "a -> ", "*a -> b*", "a*b* -> c*"):
        r = u.sync("--map", rule)
        is_(r.status, 64, "no rule: %s" % rule)


@scenario
def greedy():
    """Two names that an expression makes one: one is left out, always."""
    rules = ("--map", r"~(.*)-(.*) -> \1/\2")
    for first, second in (("a-b/c", "a/b-c"), ("a/b-c", "a-b/c")):
        u = Alone()
        for i, b in enumerate(sorted((first, second))):
            u.box(b).add(wire(mail(i + 1)))		# a-b/c: number 1
        for b in (first, second):		# as LIST has them
            u.server.boxes[b] = u.server.boxes.pop(b)
        for i in range(2):
            r = u.sync(*rules)
            is_(r.status, 65, "two would be one: 65")
            like(r.err, "a/b-c: two mailboxes would be one .* a-b-c is that "
                 "of a-b/c", "which is left out is told")
        is_([m.subject for m in u.near.messages("a-b-c")], ["number 1"],
            "the other one is here")
        is_([len(u.box(b).messages) for b in ("a-b/c", "a/b-c")], [1, 1],
            "nothing goes to the wrong one")
        del u.server.boxes["a-b/c"]
        r = u.sync(*rules)
        like(r.err, "a/b-c: two mailboxes would be one", "it is gone there")
        r = u.sync(*rules)
        is_((r.status, [b"number 2" in m.data for m in
                        u.box("a/b-c").messages]),
            (65, [True]), "the one left out gets none of its messages")
        u.server.close()


@scenario
def known_before():
    """A mailbox that had the Maildir before another one came keeps it."""
    u = Alone()
    u.box("Gesendet").add(wire(mail(1)))
    u.runs("before there are rules")
    u.box("[Gmail]/Sent Mail").add(wire(mail(2)))
    r = u.sync(*RULES)
    is_(r.status, 65, "another one would have its Maildir by the rules: 65")
    like(r.err, "Sent Mail: two .* Gesendet is that of Gesendet", "is told")
    is_((len(u.box("Gesendet").messages), len(u.box("[Gmail]/Sent Mail")
                                              .messages)), (1, 1),
        "nothing is mixed")
    del u.server.boxes["Gesendet"]
    r = u.sync("-v", *RULES)
    like(r.err, "Gesendet: it is gone from the server: the Maildir is kept",
         "it is gone there")
    shutil.rmtree(u.near.path("Gesendet"))
    u.sync(*RULES)
    u.runs("and here", *RULES)
    is_(([m.subject for m in u.near.messages("Gesendet")],
         len(u.box("[Gmail]/Sent Mail").messages)), (["number 2"], 1),
        "now the other one has it, and nothing else")


@scenario
def known_by_parts():
    """The same of a name with parts, where INBOX has no separator."""
    u = Alone()
    u.server.on_say = lambda _, data: data.replace(b') "/" "INBOX"\r\n',
                                                   b') NIL "INBOX"\r\n')
    u.box("Work/a").add(wire(mail(1)))
    u.runs("before there are rules")
    u.box("INBOX/w/a").add(wire(mail(2)))
    r = u.sync(*RULES)
    is_(r.status, 65, "another one would have its Maildir by the rules: 65")
    like(r.err, "INBOX/w/a: two .* Work/a is that of Work/a", "is told")
    is_([[m.data for m in u.box(b).messages] for b in ("Work/a", "INBOX/w/a")],
        [[wire(mail(1))], [wire(mail(2))]], "nothing is mixed")
    u.server.close()


@scenario
def inbox_in_any_case():
    """A mailbox below INBOX is its own however that is written."""
    u = Alone()
    u.box("Inbox/x").add(wire(mail(1)))
    u.runs("with rules", *RULES)
    is_([m.subject for m in u.near.messages("INBOX/x")], ["number 1"],
        "it is here")
    u.server.close()


@scenario
def by_expression():
    """A regular expression on either side, and its groups on the other."""
    rules = ("--map", r"\2-\1 -> ~Projects/([^/]+)/(20[0-9][0-9])",
             "--map", r"~l/(.*) -> Lists/\1")
    u = lab.user()
    u.far.create("Projects/moon/2024", "Projects/moon/other", "Lists/a/b")
    for i, b in enumerate(("Projects/moon/2024", "Lists/a/b")):
        u.far.append(b, mail(i + 1))
    u.runs("the first run", *rules)
    here = set(u.near.boxes())
    ok({"2024-moon", "l/a/b", "Projects/moon/other"} <= here and
       not here & {"Lists/a/b", "Projects/moon/2024"}, "their names here",
       here)
    u.near.make("2025-mars")
    u.near.deliver("2025-mars", mail(5))
    u.near.deliver("l/a/b", mail(6))
    u.runs("something here", *rules)
    far = u.far.all()
    is_([len(far.get(b, [])) for b in ("Projects/mars/2025", "Lists/a/b")],
        [1, 2], "a new one has its name there")
    r = u.runs("once more", "-j", *rules)
    is_(r.acts("done"), [], "nothing is left to do")
    u.far.create("Projects/2026-sun")
    u.near.make("Lists/a/b")
    r = u.sync(*rules)
    is_(r.status, 65, "a Maildir whose name another one has by the rules")
    like(r.err, "Lists/a/b: .*Lists/a/b, is left out", "is told")
    for rule, why in ((r"~(a)|b -> \1", "outside of groups"),
                      ("~(a) -> b", "on both sides"),
                      (r"~(a)(b) -> \1\1", "twice"),
                      (r"~((a)b) -> \1", "another one in it")):
        r = u.sync("--map", rule)
        is_(r.status, 64, "cannot be turned round: " + rule)
        like(r.err, "cannot be turned round: .*" + why, "it says why")


done()
