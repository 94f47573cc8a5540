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


done()
