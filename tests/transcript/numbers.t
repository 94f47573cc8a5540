#!/usr/bin/env python3
"""Every number that a server gives is a lie: nothing is lost by it, nothing is
deleted that is not here, and nothing counts as sent that was not taken.

Each number of a dialogue has a name and a pattern; in one run it is replaced by
each of the lies in turn, wherever the server says it.  The next run is against
an honest server.
"""
import sys
sys.dont_write_bytecode = True
from liars import *  # noqa: E402

LIES = ["0", "-1", "2147483648", "4294967296", "9223372036854775808", "007", ""]


def fetched(kind, scheme, name, pattern, lie, twice=False, hides=False):
    dir = tempfile.mkdtemp(dir=T)
    s = kind(pattern, lie.encode())
    what = "%s: %s is '%s'" % (scheme, name, lie)
    s.cuts = name.startswith("a literal")
    r = fetch(s, scheme, dir, "--delete", "now")
    got = here(dir + "/md")
    ok(r.returncode in STATUSES and (r.returncode == 0 or r.stderr) and
       "Sanitizer" not in r.stderr, what + ": one of our statuses",
       (r.returncode, r.stderr))
    ok(s.lied, what + ": it was told")
    ok(0 not in got and {1, 2, 3} <= s.there | set(got),
       what + ": what is here is whole, and what is gone there is here",
       (got, s.there, r.stderr))
    s.pattern, s.cuts = None, False
    s.there.add(4)
    s.next = 15
    for _ in range(2):
        r = fetch(s, scheme, dir, "--delete", "now")
    got = here(dir + "/md")
    if twice:
        got = sorted(set(got))
    # What it was not told of it cannot know: that one stays there.
    ok(got == [1, 2, 3, 4] and not s.there or
       hides and got == [1, 3, 4] and s.there == {2},
       what + ": later all are here and none is there",
       (got, s.there, r.returncode, r.stderr))
    s.close()
    shutil.rmtree(dir)


IMAP = {
    "EXISTS": rb"\* (\d+) EXISTS",
    "UIDVALIDITY": rb"UIDVALIDITY (\d+)",
    "UIDNEXT": rb"UIDNEXT (\d+)",
    "APPENDLIMIT": rb"APPENDLIMIT=(\d+)",
    "a UID of SEARCH": rb"(?<=SEARCH 11 )(\d+)",
    "the number of a message": rb"\* (\d+) FETCH",
    "a UID": rb"FETCH \(UID (\d+)",
    "RFC822.SIZE": rb"RFC822.SIZE (\d+)",
    "a literal": rb"BODY\[\] \{(\d+)\}",
}
POP3 = {
    "a number of LIST": rb"(?<=\r\n)(2) \d+\r\n",
    "a size of LIST": rb"(?<=\r\n)\d (\d+)\r\n",
    "a number of UIDL": rb"(?<=\r\n)(2) id",
    "the size of RETR": rb"\+OK (\d+) octets",
}
for name, pattern in IMAP.items():
    for lie in LIES:
        fetched(Imap, "imap", name, pattern, lie,
                name in ("UIDVALIDITY", "a UID"), name == "a UID of SEARCH")
for name, pattern in POP3.items():
    for lie in LIES:
        fetched(Pop3, "pop3", name, pattern, lie)

# ---- mailsend: name, pattern, may it go out all the same?

SMTP = {
    "the code of the greeting": (rb"^(220) mx", False),
    "the code of EHLO": (rb"(?<=\n)(250) LIMITS", False),
    "SIZE": (rb"SIZE (\d+)", True),
    "RCPTMAX": (rb"RCPTMAX=(\d+)", True),
    "MAILMAX": (rb"MAILMAX=(\d+)", True),
    "the code of MAIL": (rb"^(250) 2.1.0", False),
    "the code of RCPT": (rb"^(250) 2.1.5", False),
    "the code of DATA": (rb"^(354) go", False),
    "the code of the message": (rb"^(250) 2.0.0 taken", False),
    "an enhanced code": (rb"250 (2).0.0 taken", True),
    "the code of QUIT": (rb"^(221) ", True),
}
for name, (pattern, may) in SMTP.items():
    for lie in LIES + ([] if may else ["0250", "250250", "2500"]):
        s = Smtp(pattern, lie.encode())
        r = subprocess.run(
            [BUILD + "/mailsend", "-S", "smtp://127.0.0.1:%d" % s.port,
             "--tls", "off", "--timeout", "20", "-f", "a@x.test", "--body",
             "hi", "b@y.test"], capture_output=True, text=True, timeout=60)
        what = "smtp: %s is '%s'" % (name, lie)
        ok(r.returncode in STATUSES and (r.returncode == 0 or r.stderr) and
           "Sanitizer" not in r.stderr, what + ": one of our statuses",
           (r.returncode, r.stderr))
        sent = r.returncode == 0
        ok(s.lied, what + ": it was told")
        ok(sent <= (s.taken == 1) and (may or not sent) and s.taken <= 1,
           what + ": it counts as sent only if it was taken, once",
           (r.returncode, s.taken, r.stderr))
        if name.startswith(("an enhanced", "the code of QUIT")):
            ok(sent, what + ": and then it does", r.stderr)
        s.close()

done()
