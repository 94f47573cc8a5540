#!/usr/bin/env python3
"""mailfetch's state, each byte turned: what it had fetched comes no second time,
nothing is deleted that is not here, or it is refused and left as it is."""
import sys
sys.dont_write_bytecode = True
from liars import *  # noqa: E402


def turned(kind, scheme, step):
    dir = tempfile.mkdtemp(dir=T)
    s = kind()
    r = fetch(s, scheme, dir)
    md, path = dir + "/md", dir + "/state"
    ok(r.returncode == 0 and here(md) == [1, 2, 3], scheme + ": three come",
       r.stderr)
    for name in os.listdir(md + "/new"):        # they are read
        os.rename(md + "/new/" + name, md + "/cur/" + name + ":2,S")
    with open(path, "rb") as f:
        good = f.read()
    bad, refused = [], 0
    for at in [*range(40), *range(40, len(good), step)]:
        data = bytearray(good)
        data[at] ^= 1 << at % 8
        with open(path, "wb") as f:
            f.write(data)
        r = fetch(s, scheme, dir)
        refused += r.returncode == 78
        if r.returncode == 78:
            with open(path, "rb") as f:
                if f.read() != data:
                    bad.append((at, "is not left as it is"))
        if r.returncode not in (0, 78) or here(md) != [1, 2, 3] or \
                s.there != {1, 2, 3}:
            bad.append((at, r.returncode, here(md), r.stderr))
    ok(not bad, "%s: %d bytes turned, %d times refused" % (
        scheme, len(good), refused), bad)
    with open(path, "wb") as f:
        f.write(good[:len(good) // 2])
    r = fetch(s, scheme, dir, "--delete", "now")
    ok(here(md) == [1, 2, 3] and s.there <= {1, 2, 3},
       scheme + ": half of it, and --delete now: all are here", r.stderr)
    s.close()


turned(Imap, "imap", 5)
turned(Pop3, "pop3", 5)
done()
