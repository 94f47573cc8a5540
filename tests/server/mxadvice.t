#!/usr/bin/env python3
"""What an administrator acts upon: exit status and advice of mxlookup for
domains that are run well, badly, or not at all."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mxlab

lab = mxlab.Lab()

# ---- a parked domain, a dead one, and one that does not exist
lab.add("parked.test", "MX", "0 .")
lab.add("parked.test", "TXT", "v=spf1 -all")
lab.add("_dmarc.parked.test", "TXT", "v=DMARC1; p=reject")
lab.add("dead.test", "MX", "10 gone.test")
lab.add("dead.test", "TXT", "v=spf1 -all")
lab.add("_dmarc.dead.test", "TXT", "v=DMARC1; p=reject")
lab.add("nothing.test", "TXT", "v=spf1 -all")
lab.add("failing.test", "TXT", "v=spf1 -all")
lab.servfail.add("failing.test")
CHECKS = ("mx", "addr", "spf", "dkim", "dmarc", "bimi", "mtasts", "tlsrpt",
          "dane", "dnssec", "srv", "ptr")
for c in CHECKS:
    route = c in ("mx", "addr")
    lab.status(0, "a null MX, -C " + c, "-C", c, "parked.test")
    lab.status(68, "no such domain, -C " + c, "-C", c, "nope.test")
    lab.status(75, "the domain cannot be told, -C " + c, "-C", c,
               "failing.test")
    lab.status(68 if route else 0, "neither MX nor address, -C " + c, "-C", c,
               "nothing.test")
    lab.status(68, "mail to nobody, -C " + c, "-C", c, "joe@parked.test")
lab.status(0, "a null MX, all checks", "-a", "parked.test")
lab.status(0, "a null MX, --nagios", "--nagios", "-C", "dmarc", "parked.test")
lab.status(68, "-q asks for the route", "-q", "-C", "spf",
           "nothing.test")
lab.status(68, "a dead MX", "dead.test")
p = lab.mx("-C", "dmarc", "dead.test")
lab.ok("MX" not in p.stdout and "route=" not in p.stdout,
       "what was not asked for is not shown", p)
r = lab.json("-C", "dmarc", "dead.test")
lab.ok(r["mx"] is None and r["route"] is None and r["findings"] == [],
       "nor in NDJSON", r)
lab.ok(lab.json("-C", "dane", "dead.test")["mx"] != [],
       "hosts are shown where the check is about them")
p = lab.mx("-C", "spf", "nope.test")
lab.ok("nxdomain" in p.stdout, "that there is no such domain is shown", p)

lab.end()
