#!/usr/bin/env -S python3 -B
"""imapsync: two and three devices on one account of Dovecot, and a phone: a
long random walk.

	tests/long/devices.t [STEPS [DEVICES [SEED ...]]]

WALK_LOG=FILE keeps what was done before each fault in FILE.0, FILE.1, ..."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../server")
import synclab  # noqa: E402
from devices import Devices  # noqa: E402
from other import Other  # noqa: E402

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
o = Other("dovecot")
if o.why:
    synclab.skip_all(o.why)
for n in [int(x) for x in sys.argv[2:3]] or (2, 3):
    for seed in sys.argv[3:] or (31, 32):
        walk = Devices(o, int(seed), n)
        walk.steps(STEPS // 2)
        synclab.diag(dict(walk.end()))
synclab.done()
