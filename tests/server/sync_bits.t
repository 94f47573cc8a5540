#!/usr/bin/env python3
"""imapsync: a bit of the log is flipped, wherever.  It costs a look, and never
a flag, nor a message."""
from synclab import *

FLAGS = ["", "S", "F", "RS", "D", "FRS", "P", "S"]
u = Alone()
b = u.box()
for i, letters in enumerate(FLAGS):
    b.add(wire(mail(i)), " ".join({"S": r"\Seen", "F": r"\Flagged",
                                   "R": r"\Answered", "D": r"\Draft",
                                   "P": "$Forwarded"}[c] for c in letters))
u.near.make("INBOX")
u.sync()
u.near.set("INBOX", "number 1", "RS")	# some have a second record
b.messages[2].flags.add(r"\Seen")
u.runs("all is in step")


def sides():
    near = sorted((m.subject, sorted(m.flags))
                  for m in u.near.messages("INBOX"))
    far = sorted((re.search(rb"Subject: (.*)\r", m.data)[1].decode(),
                  sorted(f.lower() for f in m.flags)) for m in b.messages)
    return near, far


want = sides()
ok(want[0] == want[1] and len(want[0]) == len(FLAGS), "on both sides", want)
log, = [u.state + "/" + x for x in os.listdir(u.state) if x.endswith(".st")]
saved = u.state + ".saved"
shutil.copytree(u.state, saved)
with open(log, "rb") as f:
    data = f.read()
bad, statuses = [], collections.Counter()
stride = int(os.environ.get("STRIDE", max(1, len(data) * 8 // 150)))
for bit in range(0, len(data) * 8, stride):
    shutil.rmtree(u.state)
    shutil.copytree(saved, u.state)
    other = bytearray(data)
    other[bit // 8] ^= 1 << bit % 8
    with open(log, "wb") as f:
        f.write(other)
    b.uidnext += 1			# so it is looked at
    for _ in range(2):
        r = u.sync()
        statuses[r.status] += 1
    if sides() != want:
        bad.append("bit %d of byte %d: %s\n%s" % (bit % 8, bit // 8, r.err,
                                                  sides()))
        break
ok(not bad, "%d flips: flags and messages are as they were" % (
    len(data) * 8 // stride), "\n".join(bad))
ok(set(statuses) <= {0, 65, 78}, "and it is said, if at all", statuses)
diag("%d bytes, %s" % (len(data), dict(statuses)))
done()
