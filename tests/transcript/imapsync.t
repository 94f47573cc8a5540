#!/usr/bin/env python3
"""imapsync and servers that fail, lie and attack.

They are tests/lab/imapmem.py, which is right but for what each case changes,
so that the cases do not depend on the order in which imapsync asks.
"""
import resource
import socket
import sys
sys.path.insert(0, sys.path[0] + "/../server")
from synclab import *
import imapmem  # noqa: E402

if not os.path.exists(PROGRAM):
    skip_all("no " + PROGRAM)
with open(PROGRAM, "rb") as f:
    SLOW = b"__asan_init" in f.read()
STATUSES = {0, 65, 69, 74, 75, 76, 77}
PEAK = 32 * 1024			# kB, also for what is promised by GB


def outside(u):
    """What is in the user's folder beside the Maildirs and the state."""
    return sorted(set(os.listdir(u.dir)) - {"near", "near.attic", "state",
                                            "xdg", "cfg"})


def sane(u, name, r, among=STATUSES):
    """Whatever the server does: an exit status of ours, said in plain text."""
    ugly = [c for c in r.err + r.out if c < " " and c not in "\n\t" or
            c == "\x7f" or "\x80" <= c <= "\x9f"]
    ok(r.status in among and (r.status == 0 or r.err) and not ugly and
       "Sanitizer" not in r.err and "runtime error" not in r.err and
       not outside(u), name,
       "exit %d %r %s\n%s" % (r.status, ugly[:5], outside(u), r.err))


def run(u, *args, limit=20):
    """With little memory and not for long."""
    def less():
        if not SLOW:
            resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))
    p = u.start(*args, preexec_fn=less)
    t = threading.Timer(limit, p.kill)
    t.start()
    out, err = p.communicate()
    t.cancel()
    return Result(p.returncode, out.decode("utf-8", "replace"),
                  err.decode("utf-8", "replace"))


def filled(n=5, **how):
    u = Alone(**how)
    for i in range(1, n + 1):
        u.box().add(wire(mail(i)), r"\Seen" if i % 2 else "")
    return u


def lying(name, on_say=None, on_command=None, n=5, among=STATUSES, **how):
    # n is small, so that no brake helps
    """A second run against it; then it is honest again."""
    u = filled(n, **how)
    run(u)
    u.near.deliver("INBOX", mail(20), "S")
    u.near.set("INBOX", "number 1", "FS")
    u.box().add(wire(mail(21)))
    u.server.on_say, u.server.on_command = on_say, on_command
    r = run(u)
    sane(u, name, r, among)
    u.server.on_say = u.server.on_command = None
    for _ in range(2):
        last = run(u)
    here = sorted(m.subject for m in u.near.messages("INBOX"))
    there = sorted(x.partition("\r")[0] for x in (
        m.data.decode("latin-1").partition("Subject: ")[2]
        for m in u.box().messages))
    want = sorted("number %d" % i for i in (*range(1, n + 1), 20, 21))
    ok(here == there == want, name + ": nothing is lost or doubled by it",
       "exit %d %s\nhere %s\nthere %s" % (last.status, last.err, here, there))
    return u, r


@scenario
def honest():
    """The server itself is one that a sync works with."""
    for caps in ("UIDPLUS MOVE MULTIAPPEND LITERAL+ LIST-STATUS ESEARCH "
                 "SPECIAL-USE SASL-IR", ""):
        u = filled(caps=caps)
        u.runs("a server with '%s'" % caps)
        u.near.deliver("INBOX", mail(20), "S")
        u.near.deliver("INBOX", mail(22), "S")
        u.near.set("INBOX", "number 1", "FS")
        u.box().add(wire(mail(21)))
        u.box().messages[1].flags.add(r"\Answered")
        u.runs("changes")
        is_(sorted(m.subject for m in u.near.messages("INBOX")), sorted(
            "number %d" % i for i in (*range(1, 6), 20, 21, 22)),
            "come here")
        is_(len(u.box().messages), 8, "and go there")
        is_(u.box().messages[0].flags, {r"\Seen", r"\Flagged"}, "with flags")
        u.server.heard.clear()
        u.runs("again")
        is_([h for h in u.server.heard if re.match(
            r"APPEND|UID STORE|UID FETCH.*BODY.PEEK\[\]", h)], [], "nothing more")


# ---- names

NAMES = ["../x", "../../x", "a/../../x", "/abs", "//abs", "a//b", "..",
         ".", "./x", "a/..", "a/./b", "", "/", "x/", "cur", "new/cur", "tmp",
         ".attic", "..\\x", "a\\..\\..\\x", "esc\x1b[31m", "INBOX/../../x", "%2e%2e/x", "%2e%2e%2fx",
         "x" * 300, "/".join("d" * 100 for _ in range(60)), "&-", "&AAA-",
         "&bad", "~/x", "\u202eevil", "INBOX", "inbox", "con"]
WORSE = ["nul\0byte", "line\nend", "cr\rx", "x" * 5000, "x" * 70_000]


@scenario
def hostile_names():
    """Names of mailboxes: nothing outside of the root."""
    for sep in ("/", "\\", ".", ""):
        u = Alone(sep=sep)
        for n in NAMES:
            try:
                u.box(n).add(wire(mail(1)))
            except UnicodeError:
                pass
        r = run(u)
        name = "separator %r: hostile names" % sep
        sane(u, name, r, STATUSES | {0})
        real = os.path.realpath(u.near.root)
        bad = [d for d, _, _ in os.walk(u.near.root)
               if not os.path.realpath(d).startswith(real)]
        is_((bad, os.path.exists("/abs"), outside(u)), ([], False, []),
            name + ": nothing is outside")
        ok(os.path.isdir(u.near.path("INBOX") + "/cur"),
           name + ": the harmless ones are there", os.listdir(u.near.root))
        r2 = run(u)
        ok(r2.status == r.status, name + ": and the next run is no worse",
           "exit %d, then %d\n%s" % (r.status, r2.status, r2.err))


@scenario
def worse_names():
    for n in WORSE:
        u = filled()
        u.box(n).add(wire(mail(1)))
        sane(u, "a mailbox called %r" % n[:20], run(u))


@scenario
def literal_name():
    u = filled()

    def say(session, data):
        if data.startswith(b"* LIST"):
            return b'* LIST () "/" {6}\r\n../../\r\n* LIST () "/" ' \
                b'{4}\r\n\0\0\0x\r\n* LIST () ".." "a..b"\r\n' + data
        return data
    u.server.on_say = say
    sane(u, "a name as a literal, a separator of two bytes", run(u))


# ---- sizes

@scenario
def sizes():
    for size in ("4294967296", "99999999999999999999", "18446744073709551615",
                 "9223372036854775808", "-1", "2147483648"):
        u = filled()

        def say(session, data):
            return re.sub(rb"BODY\[\] \{\d+\}", b"BODY[] {%s}" %
                          size.encode(), data)
        u.server.on_say = say
        u.server.on_command = lambda s, v, a: None

        def hang_up(session, data, say=say):
            other = say(session, data)
            if other != data:
                session.sock.sendall(other)
                session.sock.shutdown(socket.SHUT_WR)
                return b""
            return data
        u.server.on_say = hang_up
        r = run(u)
        sane(u, "a literal of %s bytes" % size, r, {69, 75, 76})
        is_([f for f in u.near.files("INBOX")], [],
            "a literal of %s bytes: nothing that is not whole" % size)
        u.server.on_say = None
        r = run(u)
        ok(r.status == 0 and len(u.near.files("INBOX")) == 5,
           "a literal of %s bytes: later all is there" % size, r.err)


@scenario
def floods():
    u = filled()

    def flood(session, verb, args):
        if verb == "LIST":
            try:
                while True:
                    session.sock.sendall(b"* OK still there\r\n" * 500 +
                                         b"* 1 EXISTS\r\n" * 500)
            except OSError:
                return "close"
    u.server.on_command = flood
    r = run(u, "--timeout", "3")
    sane(u, "answers without end", r, {69, 75, 76})

    def line(session, verb, args):
        if verb == "LIST":
            try:
                session.sock.sendall(b"* LIST () \"/\" \"")
                while True:
                    session.sock.sendall(b"x" * 65536)
            except OSError:
                return "close"
    u.server.on_command = line
    sane(u, "a line without end", run(u), {69, 75, 76})
    u.server.on_command = lambda s, v, a: \
        b'* LIST ' + b"(" * 200000 if v == "LIST" else None
    sane(u, "parentheses without end", run(u, "--timeout", "3"), {69, 75, 76})


@scenario
def many_boxes():
    u = filled()

    def say(session, data):
        if data.startswith(b"* LIST"):
            return data + b"".join(b'* LIST () "/" "b%d"\r\n' % i
                                   for i in range(3000))
        return data
    u.server.on_say = say
    r = run(u, "-n")
    sane(u, "3,000 mailboxes that are not there", r)


# ---- login

@scenario
def preauth():
    u = filled()
    u.server.greeting = b"* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n"
    p = subprocess.run(
        [PROGRAM, "-S", "imap://127.0.0.1:%d" % u.server.port, "-u", "jo",
         "--password-command", "echo secret", "--near", u.near.root,
         "--state", u.state], capture_output=True, text=True, timeout=20)
    ok(p.returncode in (69, 76, 77) and not u.near.files("INBOX"),
       "PREAUTH in plaintext where STARTTLS is required", p)
    u = filled()
    u.server.greeting = b"* BYE go away\r\n"
    r = run(u)
    sane(u, "BYE as the greeting", r, {69, 75, 76})
    like(r.err, "go away", "is shown")
    u = filled()
    u.server.greeting = b"220 mail.example.org ESMTP\r\n"
    sane(u, "another protocol's greeting", run(u), {69, 75, 76})


# ---- UIDs

@scenario
def appenduid():
    for code in (b"APPENDUID 1 1", b"APPENDUID 99999999999 7",
                 b"APPENDUID 1700000000 4294967296", b"APPENDUID x y",
                 b"APPENDUID 1700000000 1:4294967295", b"APPENDUID",
                 b"APPENDUID 1700000000 1", b"APPENDUID 1700000000 0",
                 b"APPENDUID 1700000000 3,2,1,", b"APPENDUID 1 2 3 4",
                 b"APPENDUID 1700000000 500"):
        def say(session, data, code=code):
            return re.sub(rb"APPENDUID \d+ [\d:,]+", code, data)
        lying("[%s]" % code.decode(), say)


@scenario
def appenduid_of_another():
    """Of another mailbox, and a UID that comes here, too, but later."""
    u = filled(1)
    run(u)
    u.near.deliver("INBOX", mail(20), "S")
    u.server.on_say = lambda session, data: re.sub(
        rb"APPENDUID \d+ \d+", b"APPENDUID 1 3", data)
    sane(u, "an APPENDUID of another mailbox", run(u))
    u.server.on_say = None
    u.box().add(wire(mail(21)))
    for _ in range(2):
        r = run(u)
    is_(sorted(m.subject for m in u.near.messages("INBOX")),
        ["number 1", "number 20", "number 21"], "is not believed")
    is_((r.status, len(u.box().messages)), (0, 3), "nothing is doubled by it")


@scenario
def fetch_lies():
    cases = {
        "a UID nobody asked for": (rb"\(UID (\d+)", b"(UID 777\\1"),
        "UID 0": (rb"\(UID (\d+)", b"(UID 0"),
        "UIDs too large": (rb"\(UID (\d+)", b"(UID 4294967297"),
        "no UID": (rb"\(UID \d+ ", b"("),
        "every UID the same": (rb"\(UID (\d+)", b"(UID 3"),
        "NIL for a body": (rb"BODY\[\] \{\d+\}\r\n(?s:.*)\)\r\n",
                           b"BODY[] NIL)\r\n"),
        "an empty body": (rb"BODY\[\] \{\d+\}\r\n(?s:.*)\)\r\n",
                          b'BODY[] "")\r\n'),
        "a bad date": (rb'INTERNALDATE "[^"]*"',
                       b'INTERNALDATE "99-Foo-9999 99:99:99 +9999"'),
        "a date before time": (rb'INTERNALDATE "[^"]*"',
                               b'INTERNALDATE "01-Jan-0001 00:00:00 +0000"'),
        "unknown items": (rb"\(UID", b"(X-A (1 (2 \"3\")) X-B NIL UID"),
        "strange flags": (rb"FLAGS \(", b"FLAGS (\\Foo \\* \\ {x} ]"),
        "500 keywords": (rb"FLAGS \(", b"FLAGS (" + b" ".join(
            b"k%d" % i for i in range(500)) + b" "),
        "a keyword of 5,000 bytes": (rb"FLAGS \(",
                                     b"FLAGS (" + b"k" * 5000 + b" "),
        "a keyword with a slash": (rb"FLAGS \(", b"FLAGS (../../x a/b "),
    }
    for name, (a, b) in cases.items():
        u = filled(3)
        u.server.on_say = lambda session, data, a=a, b=b: \
            re.sub(a, lambda m: m.expand(b) if rb"\1" in b else b, data) if data.startswith(b"* ") and \
            b"FETCH (" in data else data
        r = run(u)
        sane(u, name, r)
        u.server.on_say = None
        if not name.startswith(("NIL", "an empty")):
            run(u, "--delete-near", "expunge")
            last = run(u, "--allow-deletes", "10")
            have = {m.subject for m in u.near.messages("INBOX")}
            ok(len(u.box().messages) == 3, name + ": nothing is deleted",
               (last.status, last.err))
            ok(have >= {"number 1", "number 2", "number 3"},
               name + ": later all are here", (have, last.status, last.err))


@scenario
def gone_lies():
    """Answers that would make it delete."""
    def no_search(session, data):
        return re.sub(rb"(\* ESEARCH \(TAG \"x\"\) UID).*\r\n",
                      b"\\1 COUNT 0\r\n", re.sub(
                          rb"\* SEARCH .*\r\n", b"* SEARCH\r\n", data))
    u, _ = lying("SEARCH finds nothing", no_search)
    is_(u.near.attic(), [], "nothing went to the attic for that")

    def no_fetch(session, data):
        return b"" if re.match(rb"\* \d+ FETCH", data) else data
    u, _ = lying("FETCH answers nothing", no_fetch)
    is_(u.near.attic(), [], "nothing went to the attic for that")

    def zero(session, data):
        return re.sub(rb"\* \d+ EXISTS", b"* 0 EXISTS", re.sub(
            rb"MESSAGES \d+", b"MESSAGES 0", data))
    u, _ = lying("EXISTS is 0", zero)
    is_(u.near.attic(), [], "nothing went to the attic for that")

    def vanished(session, data):
        if b"[UIDVALIDITY" in data:
            return data + b"* VANISHED 1:4294967295\r\n" \
                b"* VANISHED (EARLIER) 1:*\r\n"
        return data
    u, _ = lying("VANISHED of everything, unasked", vanished)
    is_(u.near.attic(), [], "nothing went to the attic for that")

    def expunge(session, data):
        if b"[UIDVALIDITY" in data:
            return data + b"* 1 EXPUNGE\r\n* 99 EXPUNGE\r\n* 0 EXPUNGE\r\n"
        return data
    u, _ = lying("EXPUNGE of what is there and what is not", expunge)
    is_(u.near.attic(), [], "nothing went to the attic for that")


@scenario
def uidvalidity_lies():
    n = [0]

    def other(session, data):
        def f(m):
            n[0] += 1
            return b"UIDVALIDITY %d" % (1600000000 + n[0])
        return re.sub(rb"UIDVALIDITY \d+", f, data)
    lying("another UIDVALIDITY at each answer", other)
    lying("UIDVALIDITY 0", lambda s, d: re.sub(
        rb"UIDVALIDITY \d+", b"UIDVALIDITY 0", d))
    lying("no UIDVALIDITY at all", lambda s, d: re.sub(
        rb" UIDVALIDITY \d+", b"", re.sub(
            rb"\* OK \[UIDVALIDITY[^\r]*\r\n", b"", d)))
    lying("no UIDNEXT", lambda s, d: re.sub(
        rb" UIDNEXT \d+", b"", re.sub(
            rb"\* OK \[UIDNEXT[^\r]*\r\n", b"", d)))


NUMBERS = {
    "EXISTS": rb"\* (\d+) EXISTS",
    "UIDNEXT": rb"UIDNEXT (\d+)",
    "UIDVALIDITY": rb"UIDVALIDITY (\d+)",
    "MESSAGES": rb"MESSAGES (\d+)",
    "the number of a message": rb"\* (\d+) FETCH",
    "a UID": rb"FETCH \(UID (\d+)",
    "RFC822.SIZE": rb"RFC822.SIZE (\d+)",
    "the UIDs of ESEARCH": rb"ALL (\d+)(?=[:,\r])",
    "COUNT of ESEARCH": rb"COUNT (\d+)",
    "the UIDVALIDITY of APPENDUID": rb"APPENDUID (\d+)",
    "the UID of APPENDUID": rb"APPENDUID \d+ (\d+)",
}
LIES = ["0", "-1", "2147483648", "4294967296", "9223372036854775808", "007", ""]


@scenario
def numbers():
    """Every number that it gives, and every lie."""
    for name, pattern in NUMBERS.items():
        told = []
        for lie in LIES:
            def say(session, data, pattern=pattern, lie=lie.encode()):
                told.extend(re.findall(pattern, data)[:1])
                return re.sub(pattern, lambda m: m[0][:m.start(1) - m.start()]
                              + lie + m[0][m.end(1) - m.start():], data)
            u, _ = lying("%s is '%s'" % (name, lie), say)
            is_(u.near.attic(), [], "nothing went to the attic for that")
        ok(told, name + ": it was told")


@scenario
def state_bytes():
    """Any byte of any file of the state turned, and new mail on both sides:
    nothing is deleted for it, and nothing comes twice."""
    u = filled(3)
    u.near.make("INBOX")
    u.near.deliver("INBOX", mail(4), "S")
    run(u)
    good = u.state + ".good"
    shutil.copytree(u.state, good)
    tried, refused, last, bad = 0, 0, 4, []
    for file in sorted(f for f in os.listdir(good) if f != "lock"):
        with open(good + "/" + file, "rb") as f:
            data = f.read()
        for at in (*range(20), *range(20, len(data), 13)):
            tried += 1
            if tried % 12 == 0:
                u.box().add(wire(mail(last + 1)))
                u.near.deliver("INBOX", mail(last + 2), "S")
                last += 2
            shutil.rmtree(u.state)
            shutil.copytree(good, u.state)
            wrong = bytearray(data)
            wrong[at] ^= 1 << at % 8
            with open(u.state + "/" + file, "wb") as f:
                f.write(wrong)
            r = run(u, "--delete-near", "attic", "--delete-far", "expunge")
            refused += r.status in (65, 78)
            here = sorted(m.subject for m in u.near.messages("INBOX"))
            there = len(u.box().messages)
            if r.status not in (0, 65, 75, 78) or u.near.attic() or \
                    r.status == 0 and len(here) != there or \
                    len(set(here)) != len(here):
                bad.append((file, at, r.status, r.err, here, there))
    is_(bad[:3], [], "each of %d bytes, %d times refused: nothing is deleted"
        % (tried, refused))


@scenario
def refusals():
    for verb in ("LIST", "SELECT", "UID FETCH", "UID STORE", "APPEND",
                 "STATUS"):
        lying("NO to " + verb, on_command=lambda s, v, a, verb=verb:
              b"TAG NO [SERVERBUG] not today\r\n" if v == verb else None)
        lying("BAD to " + verb, on_command=lambda s, v, a, verb=verb:
              b"TAG BAD what\r\n" if v == verb else None)
        lying("the end at " + verb, on_command=lambda s, v, a, verb=verb:
              "close" if v == verb else None)
        lying("BYE at " + verb, on_command=lambda s, v, a, verb=verb:
              b"* BYE \x1b]0;evil\x07 shutting down\r\n" if v == verb
              else None) if verb == "SELECT" else None


@scenario
def append_refused():
    """The server will not have one message: the others go there."""
    u = Alone(caps="UIDPLUS")
    u.near.make("INBOX")
    for i in range(1, 6):
        u.near.deliver("INBOX", mail(i, 50_000 if i == 3 else 0), "S")
    u.server.refuse = lambda session, text: (
        "%s NO [TOOBIG] no" % text.split(b" ")[0].decode()
        if int(re.search(rb"\{(\d+)", text)[1]) > 10_000 else None)
    r = run(u)
    sane(u, "one of five is refused", r, {65, 69, 75})
    is_(len(u.box().messages), 4, "four are there")
    like(r.err, "no", "the reason is told")
    r = run(u)
    is_((len(u.box().messages), len(u.near.files("INBOX"))), (4, 5),
        "again: no more, and none is lost")
    u.server.refuse = lambda session, text: None
    r = run(u)
    is_((r.status, len(u.box().messages)), (0, 5), "later it is taken")


@scenario
def one_name():
    """Two new files whose names differ in their flags alone: one goes there,
    for the two could not be told apart later; with a batch and without."""
    for caps in ("UIDPLUS MULTIAPPEND LITERAL+", "UIDPLUS"):
        u = Alone(caps=caps)
        u.near.make("INBOX")
        u.near.deliver("INBOX", mail(1), "S", name="1700000001.M1.near")
        u.near.deliver("INBOX", mail(2), "F", name="1700000001.M1.near")
        u.near.deliver("INBOX", mail(3), "S")
        r = run(u)
        sane(u, "two files of one name", r, {65})
        like(r.err, "another file has this name", "are told")
        for _ in range(2):
            r = run(u)
        is_((len(u.box().messages), len(u.near.files("INBOX"))), (2, 3),
            "'%s': one of them is there, both are here" % caps)


@scenario
def mid_literal():
    u = filled()

    def half(session, data):
        if b"BODY[] {" in data and b"(UID 3" in data:
            session.sock.sendall(data[:len(data) // 2])
            cut(session)
        return data

    def cut(session):
        session.sock.close()
        raise imapmem.Gone
    u.server.on_say = half
    r = run(u, "--connections", "1")
    sane(u, "the server goes in the middle of a message", r, {69, 75, 76})
    ok(all(m.subject for m in u.near.messages("INBOX")) and
       len(u.near.files("INBOX")) <= 4, "what is here is whole")
    u.server.on_say = None
    r = run(u)
    is_((r.status, len(u.near.files("INBOX"))), (0, 5),
        "later all are here, once")


@scenario
def memory():
    """A size that is only promised costs no memory."""
    u = filled()

    def huge(session, verb, args):
        if verb == "UID FETCH":
            try:
                session.sock.sendall(
                    b"* 1 FETCH (UID 1 FLAGS () INTERNALDATE \" 1-Jan-2024 "
                    b"10:00:00 +0000\" BODY[] {4000000000}\r\n" +
                    b"x" * 1_000_000)
            except OSError:
                pass
            return "close"
    u.server.on_command = huge
    kb = peak(u.start("--connections", "1"))
    ok(SLOW or 0 < kb < PEAK, "4 GB are promised: %d kB" % kb)


done()
