#!/usr/bin/env -S python3 -B
"""imapsync: 200 servers that refuse, cut and leave half: ../server/sync_refused.t"""
import os
import sys

test = os.path.dirname(os.path.abspath(__file__)) + "/../server/sync_refused.t"
os.execv(sys.executable, [sys.executable, test, *(sys.argv[1:] or
                                                  ["0", "200"])])
