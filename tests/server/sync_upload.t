#!/usr/bin/env python3
"""imapsync: uploads with and without MULTIAPPEND, LITERAL+ and LITERAL-: in
how many turns, what of a window stands if one of it is refused, answers come
in another order, or the line breaks."""
from synclab import *

lab = up()
# what it is called, what is hidden, and whether LITERAL+ is LITERAL-
MODES = (("MULTIAPPEND and LITERAL+", set(), False),
         ("LITERAL+", {"MULTIAPPEND"}, False),
         ("LITERAL-", {"MULTIAPPEND"}, True),
         ("neither", {"MULTIAPPEND", "LITERAL+"}, False))


def proxy(u, hide, minus, **how):
    def on_line(link, line):
        if b"CAPABILITY" in line and minus:
            return line.replace(b"LITERAL+", b"LITERAL-") + b"\r\n"
    return u.proxy(hide=hide, on_line=on_line, **how)


def filled(n, size=300):
    u = lab.user()
    u.far.append("INBOX", mail(0), r"\Seen")
    u.sync()
    for i in range(1, n + 1):
        u.near.deliver("INBOX", mail(i, size), "S")
    return u


@scenario
def turns():
    """Of 200 messages, the last ten of 5 KB: setup, and one a window."""
    for name, hide, minus in MODES:
        u = filled(190)
        for i in range(191, 201):
            u.near.deliver("INBOX", mail(i, 5000), "S")
        p = proxy(u, hide, minus)
        u.runs("uploads with " + name, proxy=p)
        most = {"LITERAL-": 45, "neither": 225}.get(name, 30)
        ok(p.links[0].turns <= most, name + ": at most %d turns" % most,
           p.links[0].turns)
        ok(not p.misused(), name + ": nothing is used that is not there",
           p.misused()[:3])
        p.close()
        u.same(name + ": all are there")


@scenario
def windows():
    """No answer is needed before 1 MB is on its way, and all that is said
    besides are at most eight turns: an answer comes only when it must."""
    size, n = 5000, 600
    window = (1 << 20) // size
    for caps in ("UIDPLUS LITERAL+", "UIDPLUS MULTIAPPEND LITERAL+"):
        u, held, turns = Alone(caps=caps), [], []
        u.near.make("INBOX")
        for i in range(n):
            text = mail(i)
            u.near.deliver("INBOX", text + b"x" * (size - len(wire(text)) - 2)
                           + b"\n", "S")

        def on_say(session, data):
            if b"APPENDUID" not in data:
                return data
            held.append(data)
            there = len(u.box().messages)
            if there % window and there < n:
                return b""
            turns.append(there)
            out = b"".join(held)
            held.clear()
            return out
        u.server.on_say = on_say
        r = u.sync(limit=20)
        is_((r.status, turns), (0, [window, 2 * window, n]),
            caps + ": answered once a window, all are there")
        said = [c for c in u.server.heard if not c.startswith("APPEND")]
        ok(len(said) <= 8, caps + ": eight turns at most are for the rest",
           said)


@scenario
def cut_anywhere():
    """Nothing is lost or there twice, wherever the line breaks."""
    for name, hide, minus in MODES[1:]:
        bad, told = [], 0
        for part in (.3, .6, .85, .97):
            for way in ("cut_up", "cut_down"):
                u = filled(12, 4000 if part < .4 else 300)
                whole = 2500 + 12 * (4200 if part < .4 else 480) \
                    if way == "cut_up" else 4200
                p = proxy(u, hide, minus, **{way: int(whole * part)})
                r = u.sync(proxy=p)
                p.close()
                told += "may have been accepted" in r.err
                again = u.sync(proxy=proxy(u, hide, minus))
                here, there = u.near.all(), u.far.all()
                if again.status != 0 or canon(here) != canon(there) or \
                        len(there["INBOX"]) != 13:
                    bad.append((way, part, r.status, again.status,
                                again.err, len(there["INBOX"])))
        is_(bad, [], name + ": cut at 8 places")
        ok(told > 0, name + ": some were in doubt", told)


def alone(caps):
    u = Alone(caps=caps)
    u.near.make("INBOX")
    for i in range(1, 21):
        u.near.deliver("INBOX", mail(i), "S", name="17000000%02d.M1.near" % i)
    return u


CAPS = ("UIDPLUS LITERAL+", "UIDPLUS", "UIDPLUS MULTIAPPEND LITERAL+",
        "UIDPLUS MULTIAPPEND", "LITERAL+")


@scenario
def one_is_refused():
    for caps in CAPS:
        u = alone(caps)
        u.server.unwanted = b"Subject: number 7\r\n"
        r = u.sync()
        ok(r.status == 65 and "1700000007.M1.near" in r.err and
           "not wanted" in r.err, "'%s': the refused one is named" % caps,
           (r.status, r.err))
        is_(sorted(m.subject for m in (Msg(0, (), 0, x.data)
                                       for x in u.box().messages)),
            sorted("number %d" % i for i in range(1, 21) if i != 7),
            "'%s': the others are there, once" % caps)
        u.server.unwanted = None
        r = u.sync()
        is_((r.status, len(u.box().messages)), (0, 20),
            "'%s': later it is taken" % caps)


@scenario
def another_order():
    """RFC 3501 5.5: answers come in any order."""
    u = alone("UIDPLUS LITERAL+")
    held = []

    def on_say(session, data):
        if b"APPENDUID" not in data:
            return data
        held.append(data)
        if len(held) < 5:
            return b""
        out = b"".join(reversed(held))
        held.clear()
        return out
    u.server.on_say = on_say
    r = u.sync()
    is_((r.status, r.err, len(u.box().messages)), (0, "", 20),
        "answers in another order")
    u.server.on_say = None
    del u.server.heard[:]
    r = u.sync()
    ok(r.status == 0 and not [c for c in u.server.heard if re.match(
        "APPEND|UID FETCH.*BODY.PEEK\\[\\]", c)],
       "each has its own UID", u.server.heard)


@scenario
def an_answer_to_nothing():
    u = alone("UIDPLUS LITERAL+")
    u.server.on_say = lambda session, data: re.sub(
        rb"^A\d+ OK \[APPENDUID", b"A1 OK [APPENDUID", data)
    r = u.sync()
    ok(r.status == 76 and "not asked" in r.err, "an answer to what was not "
       "asked ends it", (r.status, r.err))
    u.server.on_say = None
    r = u.sync()
    is_((r.status, len(u.box().messages)), (0, 20), "all are there once")


done()
