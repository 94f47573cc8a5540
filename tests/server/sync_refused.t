#!/usr/bin/env python3
"""imapsync: a server that refuses, cuts and leaves half of what changes it.

	tests/server/sync_refused.t [FROM TO]	seeds

Files are moved, saved elsewhere, deleted and flagged here; then half of all
commands that change something there are refused, done in part, or end the
connection before or after they are done.  Nothing may be lost at any time, and
when the server is well again each message is where it belongs, once."""
import collections
import random

from synclab import *
from imapmem import expand, ranges  # noqa: E402

CHANGES = ("UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE", "APPEND")
HOW = ("no", "bad", "close", "done and close", "half and no", "limit",
       "half and close")
BOXES = ("INBOX", "Arch", "Work")
N = 30


def fault(rnd):
    """What becomes of a command that changes something."""
    def on_command(session, verb, args):
        if verb not in CHANGES or rnd.random() < .5:
            return None
        how = rnd.choice(HOW)
        if how == "no":
            return b"TAG NO [UNAVAILABLE] no\r\n"
        if how == "bad":
            return b"TAG BAD no\r\n"
        if how == "close" or verb == "APPEND":
            return "close"
        do = getattr(session, "do_" + verb.replace(" ", "_").lower())
        if how == "done and close":
            do(args, [])
            return "close"
        text, _, rest = args.partition(" ")
        uids = sorted(m.uid for m in session.box.get(expand(
            text, session.box.uidnext)))
        half = len(uids) // 2
        if half == 0:
            return None
        if verb == "UID COPY":		# RFC 3501: all or nothing
            return "close" if how == "half and close" else \
                b"TAG NO [MESSAGELIMIT %d] no\r\n" % half
        do((ranges(rnd.sample(uids, half)) + " " + rest).strip(), [])
        if how == "half and close":
            return "close"
        return b"TAG NO half of it\r\n" if how == "half and no" else \
            b"TAG OK [MESSAGELIMIT %d 1] some\r\n" % half
    return on_command


class Trial:
    def __init__(self, seed):
        self.rnd = rnd = random.Random(seed)
        caps = rnd.choice(("UIDPLUS MOVE", "UIDPLUS", "MOVE", ""))
        self.marks = "UIDPLUS" not in caps
        self.trash = rnd.random() < .6
        how = rnd.choice(("trash", "trash", "expunge"))
        self.expunge = how == "expunge"
        self.how = ("--delete-far", how)
        self.u = u = Alone(caps=(caps + rnd.choice((" LITERAL+", "")) +
                                 rnd.choice((" MULTIAPPEND", "")) +
                                 " LIST-STATUS ESEARCH").strip())
        self.name = "seed %d, '%s', %s, %s" % (
            seed, caps, "a trash" if self.trash else "no trash", how)
        for i in range(1, N + 1):
            u.box().add(wire(mail(i)))
        for b in BOXES[1:] + ("Trash",) * self.trash:
            u.box(b)
        self.place, self.bad = {i: "INBOX" for i in range(1, N + 1)}, []
        if u.sync().status != 0:
            self.bad.append("the first run")

    def change(self):
        u, rnd = self.u, self.rnd
        for i in rnd.sample(sorted(self.place), 6):
            box, name = self.place[i], "number %d" % i
            f = next((f for f in u.near.files(box)
                      if b"Subject: %s\n" % name.encode() in
                      open(f, "rb").read().replace(b"\r", b"") and
                      "T" not in f.rpartition(":2,")[2]), None)
            if f is None:
                self.bad.append("%s is not here in %s" % (name, box))
                continue
            do = rnd.choice(("move", "save", "delete", "flag"))
            to = rnd.choice([b for b in BOXES if b != box])
            if do == "move":
                os.rename(f, u.near.path(to) + "/cur/" + os.path.basename(f) +
                          ("" if ":2," in f else ":2,"))
            elif do == "save":
                with open(f, "rb") as g:
                    u.near.deliver(to, g.read(), "S")
            elif do == "flag":
                os.rename(f, u.near.path(box) + "/cur/" + os.path.basename(
                    f).partition(":2,")[0] + ":2," + "".join(sorted(
                        rnd.sample("FRS", 2))))
            if do in ("save", "delete"):
                os.unlink(f)
            if do in ("move", "save"):
                self.place[i] = to
            elif do == "delete":
                del self.place[i]

    def there(self):
        """{mailbox: [(subject, marked)]}"""
        return {n: [(re.search(rb"Subject: (.*?)\r", m.data)[1].decode(),
                     r"\Deleted" in m.flags) for m in b.messages]
                for n, b in self.u.server.boxes.items()}

    def attack(self):
        self.u.server.on_command = fault(self.rnd)
        for _ in range(self.rnd.choice((1, 2))):
            r = self.u.sync(*self.how)
            if r.status not in (0, 75):
                self.bad.append("exit %d: %s" % (r.status, r.err))
        self.u.server.on_command = None
        left = {x for v in self.there().values() for x, _ in v} | {
            m.subject for v in self.u.near.all().values() for m in v}
        self.bad += ["lost: number %d" % i for i in self.place
                     if "number %d" % i not in left]

    def rest(self):
        for _ in range(6):
            r = self.u.sync("-j", *self.how)
            if r.status == 0 and not [e for e in r.events
                                      if e["event"] == "done"]:
                break
        else:
            if "so many are gone" in r.err:	# a brake: that is well
                return
            self.bad.append("never at rest: %s" % r.err)
        there = self.there()
        for i in range(1, N + 1):
            name = "number %d" % i
            at = [b for b, v in there.items() for x, marked in v
                  if x == name and b != "Trash" and not marked]
            if at != [self.place[i]] if i in self.place else at:
                self.bad.append("%s is in %s, not in %s" % (
                    name, at, self.place.get(i)))
            if i not in self.place and not self.expunge and not [
                    1 for v in there.values() for x, _ in v if x == name]:
                self.bad.append("%s is not in the trash" % name)
        for b, v in there.items():
            near = collections.Counter(m.subject
                                       for m in self.u.near.messages(b))
            if near - collections.Counter(x for x, _ in v) or \
                    collections.Counter(x for x, m in v if not m) - near:
                self.bad.append("the sides differ in %s" % b)


seeds = [int(x) for x in sys.argv[1:3]]
for seed in range(*seeds) if seeds else (*range(84, 92), 117):
    t = Trial(seed)
    for _ in range(3):
        t.change()
        t.attack()
        if t.rnd.random() < .5:
            t.rest()
    t.rest()
    ok(not t.bad, t.name, "\n".join(t.bad))
    t.u.server.close()
done()
