#!/usr/bin/env python3
"""The table of tests/server/scenarios against Dovecot."""
from synclab import *
import scenario as play

lab = up()
SCENARIOS = play.load()
for s in SCENARIOS:
    u = lab.user()

    def sync(*options):
        r = u.sync("-j", "--patterns", "INBOX", *options)
        return r.status, r.err, [x for x in r.acts("done")]
    m = u.far.connect()
    wrong = play.play(s, play.Side(m, "INBOX", u.near.root + "/INBOX", "Trash",
                                   u.near.root + ".attic", sync))
    m.logout()
    ok(not wrong, "%s: %s" % (s["name"], " ".join(s["options"])), wrong)

done()
