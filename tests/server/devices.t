#!/usr/bin/env python3
"""imapsync: three devices on one account of Dovecot, and a phone: a short
random walk; tests/long/devices.t has the long."""
import sys
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import synclab  # noqa: E402
from devices import Devices  # noqa: E402
from other import Other  # noqa: E402

o = Other("dovecot")
if o.why:
    synclab.skip_all(o.why)
walk = Devices(o, 1, 3)
walk.steps(40)
synclab.diag(dict(walk.end()))
synclab.done()
