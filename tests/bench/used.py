#!/usr/bin/env python3
"""used.py COMMAND...: its exit status, and on standard output what it used:
memory at its peak in kB, CPU in ms."""
import os
import subprocess
import sys
import tempfile

with tempfile.NamedTemporaryFile() as peak:
    # by time(1), for what we have ourselves would count for who is started
    p = subprocess.Popen(["/usr/bin/time", "-f", "%M", "-o", peak.name] +
                         sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(p.pid, 0)
    print(peak.read().split()[-1].decode(),
          (use.ru_utime + use.ru_stime) * 1000)
sys.exit(os.waitstatus_to_exitcode(status))
