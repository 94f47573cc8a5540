#!/usr/bin/env python3
"""imapsync with other separators: dot, backslash; and with a prefix."""
from synclab import *

# Maildirs within Maildirs, so that a name may have a dot.
LAYOUT = "mail_location = maildir:~/Maildir:LAYOUT=fs\n"
if not subprocess.run(["dovecot", "--version"], capture_output=True,
                      text=True).stdout.startswith("2.3"):
    LAYOUT = "mailbox_list_layout = fs\n"


def namespaces(sep, prefix):
    conf = 'separator = "%s"\n' % sep
    if prefix:
        conf += "prefix = INBOX%s\n" % sep
    return "namespace inbox {\n%s}\n" % conf


for name, sep, prefix in (("a dot", ".", False), ("a backslash", "\\\\", False),
                          ("a dot and a prefix", ".", True)):
    lab = up(LAYOUT + namespaces(sep, prefix))
    sep = sep[0]
    u = lab.user()

    @scenario
    def one():
        pre = "INBOX" + sep if prefix else ""
        box = pre + "Lists" + sep + "a"
        u.far.create(box)
        u.far.append(box, mail(1), r"\Seen")
        u.far.append("INBOX", mail(2))
        u.runs("the separator is %s" % name)
        have = [b for b in u.near.boxes() if u.near.messages(b)]
        is_(have, ["INBOX", "INBOX/Lists/a"] if prefix else
            ["INBOX", "Lists/a"], "%s: folders are folders" % name)
        here = "INBOX/New/one" if prefix else "New/one"
        u.near.make(here)
        u.near.deliver(here, mail(3), "S")
        u.runs("%s: a folder made here" % name)
        there = pre + "New" + sep + "one"
        ok(there in u.far.boxes() and u.far.messages(there),
           "%s: is one there" % name, u.far.boxes())
        u.settled("%s: and that is all" % name, sent=True)
    lab.down()
done()
