#!/usr/bin/env python3
"""imapsync: a short random walk on Dovecot; tests/long/walk.t has the long."""
import sys
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import synclab  # noqa: E402
from syncwalk import Walk  # noqa: E402
from other import Other  # noqa: E402

o = Other("dovecot")
if o.why:
    synclab.skip_all(o.why)
for seed in sys.argv[2:] or (1, 2):
    walk = Walk(o, int(seed))
    walk.steps(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
    synclab.diag(dict(walk.end()))
synclab.done()
