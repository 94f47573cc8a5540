#!/usr/bin/env python3
"""What people set up beside the usual (tests/lab/habits.py) on Dovecot."""
from synclab import *
import habits

lab = up(disk=True)
for f in habits.ALL:
    u = lab.user()

    def sync(near, *options):
        u.near = Near(near)
        r = u.sync("-j", *options)
        return r.status, r.err, r.acts("done")
    m = u.far.connect()
    f(habits.World(m, "", "/", u.dir, sync, ok))
    m.logout()

done()
