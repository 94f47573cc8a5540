#!/usr/bin/env -S python3 -B
"""imapsync: a long random walk on Dovecot, Cyrus and Courier.

	tests/long/walk.t [STEPS [SERVER [SEED]]]

WALK_LOG=FILE keeps what was done before each fault in FILE.0, FILE.1, ..."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../server")
import synclab  # noqa: E402
from syncwalk import Walk  # noqa: E402
from other import Other  # noqa: E402

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
SEEDS = [int(x) for x in sys.argv[3:]] or [10, 11, 12, 13, 14]
for name in sys.argv[2:3] or ("dovecot", "cyrus", "courier"):
    o = Other(name)
    if o.why:
        synclab.count += 1
        print("ok %d - %s # SKIP %s" % (synclab.count, name, o.why))
        continue
    for seed in SEEDS:
        walk = Walk(o, seed)
        walk.steps(STEPS // len(SEEDS))
        synclab.diag(dict(walk.end()))
    o.down()
synclab.done()
