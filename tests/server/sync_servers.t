#!/usr/bin/env python3
"""imapsync: servers as they are.  Each is one that somebody has met."""
from synclab import *


class There:
    """What the server has, as Far shows it."""

    def __init__(self, server):
        self.server = server

    def all(self):
        return {b.name: [Msg(m.uid, flagset(" ".join(m.flags)), None, m.data)
                         for m in b.messages]
                for b in self.server.boxes.values()}


def alone(n=0, **how):
    u = Alone(**how)
    u.far = There(u.server)
    for i in range(1, n + 1):
        u.box().add(wire(mail(i)))
    return u


def subjects(v):
    return sorted(m.subject for m in v)


def called(*numbers):
    return sorted("number %d" % n for n in numbers)


def limit(u, most, newest=None, code=False, least=False):
    """It answers for no more than most messages a command, the first ones or
    the last; and shows none but the newest."""
    def on_command(session, verb, args):
        if verb not in ("UID FETCH", "UID SEARCH") or not session.box:
            return None
        b = session.box
        shown = b.messages[-newest:] if newest else b.messages
        if verb == "UID SEARCH":
            if "ALL" not in args.split():
                return None
            uids = [m.uid for m in shown][:most]
            return ("* SEARCH %s\r\nTAG OK done\r\n" % " ".join(
                map(str, uids))).encode()
        want, _, items = args.partition(" ")
        from imapmem import expand
        want = expand(want, b.messages[-1].uid)
        found = [(i, m) for i, m in enumerate(b.messages, 1)
                 if m.uid in want and m in shown]
        some = found[-most:] if least else found[:most]
        out = b"".join(session.fetch(i, m, items.upper()) for i, m in some)
        if code and len(found) > most:
            return out + b"TAG OK [MESSAGELIMIT %d %d] cut\r\n" % (
                most, some[-1][1].uid)
        return out + b"TAG OK done\r\n"
    u.server.on_command = on_command


@scenario
def some_at_a_time():
    """Yahoo: 1,000 messages an answer; RFC 9738: it says so."""
    for how in ({}, {"code": True}, {"least": True}):
        for rung in ("auto", "fetch"):
            u = alone(95)
            limit(u, 10, **how)
            u.runs("ten at a time, %s, %s" % (how, rung), "--delta", rung)
            u.same("all of them come")
            u.near.remove("INBOX", "number 7")
            u.box().messages[49].flags.add(r"\Flagged")
            u.runs("then a deletion and a flag", "--delta", rung,
                   "--delete-far", "expunge")
            u.same("are there, too")
            is_(len(u.near.files("INBOX")), 94, "and no more")


@scenario
def uid_batches():
    """RFC 10022: the server says where pieces of so many messages end."""
    for refused in (False, True):
        u = alone(0, caps="UIDPLUS UIDBATCHES MESSAGELIMIT=10")
        for i in range(1, 96):
            u.box().uidnext = 1 + i * i * 7
            u.box().add(wire(mail(i)))
        limit(u, 10, code=True)
        cut = u.server.on_command

        def on_command(session, verb, args, cut=cut, refused=refused):
            if verb != "UIDBATCHES":
                return cut(session, verb, args)
            uids = sorted((m.uid for m in session.box.messages), reverse=True)
            n = int(args)
            if refused or n > 10:
                return b"TAG NO [TOOSMALL] no\r\n"
            sets = ["%d:%d" % (uids[i], uids[min(i + n, len(uids)) - 1])
                    for i in range(0, len(uids), n)]
            return ('* UIDBATCHES (TAG "TAG") %s\r\nTAG OK done\r\n' %
                    ",".join(sets)).encode()
        u.server.on_command = on_command
        u.runs("batches, refused: %s" % refused, "--delta", "fetch")
        u.same("all of them come")
        del u.server.heard[:]
        u.box().messages[49].flags.add(r"\Flagged")
        u.runs("then a flag", "--delta", "fetch")
        u.same("is here, too")
        asked = [c for c in u.server.heard if re.match(
            r"UID FETCH \d\S* \(UID FLAGS\)", c)]
        ok(refused or len(asked) <= 26, "in ten pieces, by two looks", asked)


@scenario
def newest_alone():
    """Yahoo: of a folder no more than the newest 10,000 are shown."""
    u = alone(60)
    u.sync()
    limit(u, 10, newest=30)
    u.box().add(wire(mail(61)))
    u.near.remove("INBOX", "number 3")
    u.near.remove("INBOX", "number 50")
    r = u.sync()
    is_(r.status, 75, "31 of 61 are shown: 75")
    like(r.err, "shows 30 of 61 messages", "said with the count")
    is_((len(u.box().messages), len(u.near.files("INBOX"))), (61, 59),
        "nothing is deleted, and what is new comes")
    u.server.on_command = None
    u.runs("when it shows all again", "--delete-far", "expunge")
    u.same("all is done")
    is_(len(u.box().messages), 59, "the deletions, too")
    shutil.rmtree(u.state)
    limit(u, 10, newest=30)
    r = u.sync()
    is_((r.status, len(u.box().messages)), (75, 59),
        "without a state nothing is uploaded that may be there")


@scenario
def one_refuses():
    """A range is refused for one message of it."""
    for bad in ({5}, {1, 64, 200}, {200}):
        u = alone(200)

        def on_command(session, verb, args, bad=bad):
            from imapmem import expand
            if verb == "UID FETCH" and "BODY.PEEK[])" in args and \
                    expand(args.split()[0], 200) & bad:
                return b"TAG NO [UNAVAILABLE] a disk is away\r\n"
        u.server.on_command = on_command
        r = u.sync()
        is_(r.status, 75, "%s cannot be had: 75" % bad)
        is_(sorted(map(int, re.findall(r"message (\d+) is not sent: "
                                       r"\[UNAVAILABLE\] a disk", r.err))),
            sorted(bad), "each is named")
        is_(len(u.near.files("INBOX")), 200 - len(bad), "the others come")
        is_(len(u.box().messages), 200, "nothing is deleted")
        u.server.on_command = None
        u.runs("later")
        u.same("they come, too")


@scenario
def many_refused():
    """More in a row than are asked for one by one: what is behind comes."""
    for bad in (set(range(1, 61)), set(range(30, 120)), set(range(100, 201)),
                set(range(1, 200))):
        u = alone(200)

        def on_command(session, verb, args, bad=bad):
            from imapmem import expand
            if verb == "UID FETCH" and "BODY.PEEK[])" in args and \
                    expand(args.split()[0], 200) & bad:
                return b"TAG NO [UNAVAILABLE] a disk is away\r\n"
        u.server.on_command = on_command
        name = "%d to %d" % (min(bad), max(bad))
        r = u.sync()
        is_(r.status, 75, name + " cannot be had: 75")
        is_(subjects(u.near.messages("INBOX")),
            called(*(set(range(1, 201)) - bad)), name + ": the others come")
        ok(len(u.server.heard) < 200, name + ": it ends",
           len(u.server.heard))
        u.server.on_command = None
        u.runs(name + ": later")
        u.same(name + ": they come, too")


@scenario
def all_refused():
    u = alone(300)
    u.server.on_command = lambda session, verb, args: \
        b"TAG NO [UNAVAILABLE] no disk\r\n" if verb == "UID FETCH" and \
        "BODY.PEEK[])" in args else None
    r = u.sync()
    is_(r.status, 75, "nothing can be had: 75")
    ok(len(u.server.heard) < 200, "and that is not asked for ever",
       len(u.server.heard))


@scenario
def no_initial_response():
    """Coremail says SASL-IR, and BAD to it."""
    u = alone(3, caps="SASL-IR UIDPLUS")
    u.server.on_command = lambda session, verb, args: \
        b"TAG BAD invalid command\r\n" if verb == "AUTHENTICATE" and \
        " " in args else None
    u.runs("an initial response is BAD")
    u.same("all is there")
    said = [c for c in u.server.heard if c.startswith("AUTH")]
    is_(len([c for c in said if c.count(" ") > 1]), 1, "it was tried once")


@scenario
def no_auth():
    """A proxy that names no way to log in, and does not forbid LOGIN."""
    u = alone(3)
    u.server.all = "IMAP4rev1 UIDPLUS"
    u.runs("no AUTH= and no LOGINDISABLED")
    u.same("LOGIN does it")


@scenario
def object_ids():
    u = alone(3, caps="OBJECTID+ LIST-STATUS")
    u.runs("OBJECTID+")
    ok([c for c in u.server.heard if "MAILBOXID" in c], "is asked for ids",
       u.server.heard)


done()
