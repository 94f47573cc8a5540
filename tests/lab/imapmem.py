"""imapmem.py: an IMAP server in memory, for what real ones do not do.

It keeps every byte as it came: bare LF, bare CR, NUL.  It has IMAP4rev1 and
of the rest what caps says, of UIDPLUS MOVE MULTIAPPEND LITERAL+ LIST-STATUS
ESEARCH SPECIAL-USE BINARY CONDSTORE IDLE NOTIFY.  And it lies if it is told to:

	s = Server(caps="UIDPLUS MOVE")
	s.box("INBOX").add(b"...", r"\\Seen")
	s.on_command = f	f(session, verb, rest) -> None, bytes to say in
				place of the answer, or "close"
	s.on_say = f		f(session, bytes) -> bytes: what is said instead
	s.greeting = b"* PREAUTH ...\r\n"
	s.unwanted = b"..."	an APPEND with these bytes is refused as a whole
	s.port, s.heard		commands as they came
	s.changed("INBOX")	who idles is told; after box.add and box.touch
	s.conns, s.sent		connections, and bytes that clients have sent
Any user with the password secret may log in.
"""
import base64
import re
import socket
import threading
import time

ALL = "UIDPLUS MOVE MULTIAPPEND LITERAL+ LIST-STATUS ESEARCH SPECIAL-USE " \
    "SASL-IR ENABLE UNSELECT LIST-EXTENDED BINARY"


class Gone(Exception):
    pass


class Message:
    def __init__(self, uid, flags, date, data):
        self.uid, self.flags, self.date, self.data = uid, flags, date, data
        self.modseq = 0


class Box:
    def __init__(self, name, uidvalidity):
        self.name, self.uidvalidity = name, uidvalidity
        self.uidnext, self.messages, self.modseq = 1, [], 1
        self.special = self.id = ""
        self.permanent = r"\Answered \Flagged \Deleted \Seen \Draft \*"

    def add(self, data, flags="", date=None):
        date = date or ' 1-Jan-2024 10:00:00 +0000'
        m = Message(self.uidnext, {f for f in flags.split()}, date, data)
        self.uidnext += 1
        self.messages.append(m)
        self.touch(m)
        return m.uid

    def touch(self, m=None):
        """It has changed: CONDSTORE says so."""
        self.modseq += 1
        if m:
            m.modseq = self.modseq

    def get(self, uids):
        return [m for m in self.messages if m.uid in uids]


def expand(text, most):
    out = set()
    for part in text.split(","):
        lo, _, hi = part.partition(":")
        a, b = (most if x == "*" else int(x) for x in (lo, hi or lo))
        out |= set(range(min(a, b), min(max(a, b), most) + 1))
    return out


def ranges(uids):
    out = []
    for u in sorted(uids):
        if out and u == out[-1][1] + 1:
            out[-1][1] = u
        else:
            out.append([u, u])
    return ",".join("%d:%d" % (a, b) if a != b else "%d" % a for a, b in out)


def day(text):
    return time.strptime(text.split()[0].title(), "%d-%b-%Y")


def fields(data, names):
    head = re.split(rb"\r?\n\r?\n", data, 1)[0] + b"\r\n"
    head = re.sub(rb"\r?\n", b"\r\n", head)
    out, keep = b"", False
    for line in head.splitlines(True):
        if line[:1] not in b" \t":
            keep = line.split(b":")[0].strip().upper().decode(
                "latin-1") in names
        out += line if keep else b""
    return out + b"\r\n"


class Session:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.buf = b""
        self.box = None
        self.authed = False
        self.idles = False
        self.notify = ""

    def say(self, data):
        if isinstance(data, str):
            data = data.encode() + b"\r\n"
        if self.server.on_say:
            data = self.server.on_say(self, data)
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone

    def fill(self):
        try:
            got = self.sock.recv(65536)
        except OSError:
            got = b""
        if not got:
            raise Gone
        self.server.sent += len(got)
        self.buf += got

    def line(self):
        while b"\n" not in self.buf:
            self.fill()
        line, self.buf = self.buf.split(b"\n", 1)
        return line.rstrip(b"\r")

    def take(self, n):
        while len(self.buf) < n:
            self.fill()
        data, self.buf = self.buf[:n], self.buf[n:]
        return data

    def command(self):
        """(text with \\0 for each literal, the literals)"""
        text, literals = b"", []
        while True:
            line = self.line()
            m = re.search(rb"~?\{(\d+)(\+?)\}$", line)
            if not m:
                return (text + line).decode("utf-8", "replace"), literals
            if not m[2]:
                refused = self.server.refuse(self, text + line)
                if refused:
                    self.say(refused)
                    return None, []
                self.say("+ go on")
            text += line[:m.start()] + b"\0"
            literals.append(self.take(int(m[1])))

    def run(self):
        s = self.server
        self.say(s.greeting or ("* OK [CAPABILITY %s] hello\r\n" % s.all)
                 .encode())
        self.authed = bool(s.greeting) and b"PREAUTH" in s.greeting
        while True:
            text, literals = self.command()
            if text is None:
                continue
            tag, _, rest = text.partition(" ")
            verb, _, args = rest.partition(" ")
            if verb.upper() == "UID":
                v2, _, args = args.partition(" ")
                verb += " " + v2
            verb = verb.upper()
            if verb == "IDLE" and "IDLE" in s.all:
                self.idle(tag)
                continue
            with s.lock:
                s.heard.append((verb + " " + args).strip())
                other = s.on_command and s.on_command(self, verb, args)
                if other == "close":
                    raise Gone
                if other is not None:
                    self.say(other.replace(b"TAG", tag.encode()))
                    continue
                do = getattr(self, "do_" + verb.replace(" ", "_").lower(),
                             None)
                if not do:
                    self.say(tag + " BAD what?")
                    continue
                if verb.startswith("UID") and not self.box:
                    self.say(tag + " BAD nothing is selected")
                    continue
                got = do(args, literals)
                self.say("%s %s" % (tag, got or "OK done"))
            if verb == "LOGOUT":
                raise Gone

    def idle(self, tag):
        s = self.server
        with s.lock:
            s.heard.append("IDLE")
            other = s.on_command and s.on_command(self, "IDLE", "")
            if other:
                if other == "close":
                    raise Gone
                self.say(other.replace(b"TAG", tag.encode()))
                return
            self.say("+ idling")
            self.idles = True
        self.line()
        with s.lock:
            self.idles = False
            self.say(tag + " OK done")

    def told(self, box):
        """What a session that idles is told of it."""
        if self.box is box and "SELECTED" not in self.notify:
            self.say("* %d EXISTS" % len(box.messages))
        elif "PERSONAL" in self.notify:
            self.say('* STATUS "%s" (%s)' % (box.name, self.status(box)))

    # --- commands
    def do_notify(self, args, _):
        if "NOTIFY" not in self.server.all:
            return "BAD what?"
        self.notify = args
        for b in self.server.boxes.values() if "SET STATUS" in args else ():
            self.say('* STATUS "%s" (%s)' % (b.name, self.status(b)))

    def name(self, text, literals):
        text = text.strip()
        if text.startswith("\0"):
            return literals.pop(0).decode()
        if text.startswith('"'):
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        return text

    def find(self, text, literals=()):
        n = self.name(text, list(literals))
        if n.upper() == "INBOX":
            n = "INBOX"
        return self.server.boxes.get(n)

    def do_capability(self, args, _):
        self.say("* CAPABILITY " + self.server.all)

    def do_login(self, args, literals):
        self.authed = True
        return "OK [CAPABILITY %s] in" % self.server.all

    def do_authenticate(self, args, _):
        mech, _, first = args.partition(" ")
        if mech.upper() != "PLAIN":
            return "NO not that"
        if not first:
            self.say("+ ")
            first = self.line().decode()
        ok = base64.b64decode(first).endswith(b"\0secret")
        return ("OK [CAPABILITY %s] in" % self.server.all if ok else
                "NO [AUTHENTICATIONFAILED] no")

    def do_noop(self, *_): pass
    def do_check(self, *_): pass
    def do_id(self, *_): self.say("* ID NIL")
    def do_enable(self, *_): self.say("* ENABLED")
    def do_subscribe(self, *_): pass
    def do_unsubscribe(self, *_): pass
    def do_namespace(self, *_): self.say('* NAMESPACE (("" "/")) NIL NIL')
    def do_logout(self, *_): self.say("* BYE")
    def do_unselect(self, *_): self.box = None
    def do_close(self, *_): return "BAD never"
    def do_expunge(self, *_): return "BAD never"

    def status(self, box):
        return ("MESSAGES %d UIDNEXT %d UIDVALIDITY %d UNSEEN %d" % (
            len(box.messages), box.uidnext, box.uidvalidity,
            sum(r"\Seen" not in m.flags for m in box.messages)) + (
                " HIGHESTMODSEQ %d" % box.modseq
                if "CONDSTORE" in self.server.all else ""))

    def do_list(self, args, _):
        for b in self.server.boxes.values():
            sep = self.server.sep
            self.say('* LIST (%s) %s "%s"' % (
                b.special, '"%s"' % sep.replace("\\", r"\\") if sep else
                "NIL", b.name.replace("\\", r"\\").replace('"', r'\"')))
            if "STATUS" in args:
                self.say('* STATUS "%s" (%s)' % (b.name.replace(
                    "\\", r"\\").replace('"', r'\"'), self.status(b)))

    do_lsub = do_list

    def do_status(self, args, literals):
        m = re.match(r'(\0|"(?:\\.|[^"])*"|\S+) \(', args)
        b = self.find(m[1], literals)
        if not b:
            return "NO none"
        self.say('* STATUS "%s" (%s)' % (b.name, self.status(b)))

    def do_select(self, args, literals):
        m = re.match(r'(\0|"(?:\\.|[^"])*"|\S+)', args)
        self.box = b = self.find(m[1], literals)
        if not b:
            return "NO [NONEXISTENT] none"
        self.say(r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)")
        self.say("* OK [PERMANENTFLAGS (%s)] these" % b.permanent)
        self.say("* %d EXISTS" % len(b.messages))
        self.say("* OK [UIDVALIDITY %d] v" % b.uidvalidity)
        self.say("* OK [UIDNEXT %d] n" % b.uidnext)
        if "CONDSTORE" in self.server.all:
            self.say("* OK [HIGHESTMODSEQ %d] m" % b.modseq)
        if b.id:
            self.say("* OK [MAILBOXID (%s)] i" % b.id)
        return "OK [READ-WRITE] done"

    do_examine = do_select

    def do_uid_fetch(self, args, _):
        uids, _, items = args.partition(" ")
        b = self.box
        want = expand(uids, max([m.uid for m in b.messages] + [1]))
        since = re.search(r"CHANGEDSINCE (\d+)", items)
        for i, m in enumerate(b.messages, 1):
            if m.uid in want and (not since or m.modseq > int(since[1])):
                self.say(self.fetch(i, m, items.upper()))

    def fetch(self, i, m, items):
        out = b"* %d FETCH (UID %d" % (i, m.uid)
        if "FLAGS" in items:
            out += b" FLAGS (%s)" % " ".join(sorted(m.flags)).encode()
        if "INTERNALDATE" in items:
            out += b' INTERNALDATE "%s"' % m.date.encode()
        if "RFC822.SIZE" in items:
            out += b" RFC822.SIZE %d" % len(m.data)
        f = re.search(r"BODY(?:\.PEEK)?\[HEADER\.FIELDS \(([^)]*)\)\]", items)
        if f:
            h = fields(m.data, f[1].split())
            out += b" BODY[HEADER.FIELDS (%s)] {%d}\r\n%s" % (
                f[1].encode(), len(h), h)
        if re.search(r"BODY(\.PEEK)?\[HEADER\]", items):
            h = re.match(rb"(?:\r\n|.*?(?:\r\n\r\n|$))", m.data, re.S)[0]
            out += b" BODY[HEADER] {%d}\r\n%s" % (len(h), h)
        if re.search(r"BODY(\.PEEK)?\[\]", items):
            out += b" BODY[] {%d}\r\n%s" % (len(m.data), m.data)
        return out + b")\r\n"

    def do_uid_store(self, args, _):
        m = re.match(r"(\S+) ([+-]?)FLAGS(\.SILENT)? \(?([^)]*)\)?", args)
        flags = set(m[4].split())
        for x in self.box.get(expand(m[1], self.box.uidnext)):
            x.flags = {"": flags, "+": x.flags | flags,
                       "-": x.flags - flags}[m[2]]
            self.box.touch(x)

    def do_uid_search(self, args, _):
        uids = set()
        for m in self.box.messages:
            uids.add(m.uid)
        a = re.sub(r"^RETURN \([^)]*\) ", "", args).upper()
        pick = re.search(r"UID (\S+)", a) or re.match(r"([\d:*,]+)", a)
        if pick:
            uids &= expand(pick[1], max(uids, default=0))
        either = re.search(r"(OR )?OR UNSEEN FLAGGED( SINCE (\S+))?$", a)
        if either:
            a = a[:either.start()]
            uids &= {m.uid for m in self.box.messages
                     if r"\Seen" not in m.flags or r"\Flagged" in m.flags or
                     (either[3] and day(m.date) >= day(either[3]))}
        for word, flag in ((r"SEEN", r"\Seen"), ("FLAGGED", r"\Flagged"),
                           ("ANSWERED", r"\Answered"), ("DRAFT", r"\Draft"),
                           ("DELETED", r"\Deleted")):
            has = {m.uid for m in self.box.messages if flag in m.flags}
            if "UN" + word in a.split():
                uids -= has
            elif word in a.split():
                uids &= has
        for no, word in re.findall(r"(UN)?KEYWORD (\S+)", a):
            has = {m.uid for m in self.box.messages
                   if word in {f.upper() for f in m.flags}}
            uids = uids - has if no else uids & has
        for name, word in re.findall(r'HEADER (\S+) "([^"]*)"', a):
            uids &= {m.uid for m in self.box.messages if word.encode() in
                     fields(m.data, [name]).upper()}
        if args.upper().startswith("RETURN"):
            self.say("* ESEARCH (TAG \"x\") UID COUNT %d%s" % (
                len(uids), " ALL " + ranges(uids) if uids else ""))
        else:
            self.say("* SEARCH " + " ".join(map(str, sorted(uids))))

    def do_append(self, args, literals):
        m = re.match(r'(\0|"(?:\\.|[^"])*"|\S+)(.*)', args, re.S)
        b = self.find(m[1], literals)
        if not b:
            return "NO [TRYCREATE] none"
        if m[1] == "\0":
            literals = literals[1:]
        if self.server.unwanted and any(self.server.unwanted in x
                                        for x in literals):
            return "NO [TOOBIG] that one is not wanted"
        uids = []
        for part, data in zip(m[2].split("\0"), literals):
            f = re.search(r"\(([^)]*)\)", part)
            d = re.search(r'"([^"]*)"', part)
            uids.append(b.add(data, f[1] if f else "", d and d[1]))
        return self.server.appended(b, uids)

    def drop(self, uids, b):
        for i in range(len(b.messages), 0, -1):
            if b.messages[i - 1].uid in uids:
                del b.messages[i - 1]
                b.touch()
                self.say("* %d EXPUNGE" % i)

    def do_uid_expunge(self, args, _):
        want = expand(args, self.box.uidnext)
        self.drop({m.uid for m in self.box.get(want)
                   if r"\Deleted" in m.flags}, self.box)

    def do_uid_copy(self, args, literals, move=False):
        uids, _, name = args.partition(" ")
        to, found = self.find(name, literals), self.box.get(
            expand(uids, self.box.uidnext))
        if not to:
            return "NO [TRYCREATE] none"
        new = [to.add(m.data, " ".join(m.flags), m.date) for m in found]
        code = "OK [COPYUID %d %s %s] done" % (
            to.uidvalidity, ranges(m.uid for m in found), ranges(new)) \
            if found and "UIDPLUS" in self.server.all else "OK done"
        if move:
            if found:
                self.say("* " + code)
            self.drop({m.uid for m in found}, self.box)
            return "OK done"
        return code

    def do_uid_move(self, args, literals):
        return self.do_uid_copy(args, literals, True)

    def do_create(self, args, literals):
        self.server.box(self.name(args, literals))

    def do_delete(self, args, literals):
        self.server.boxes.pop(self.name(args, literals), None)

    def do_rename(self, args, literals):
        one = r'(?:\0|"(?:\\.|[^"])*"|\S+)'
        old, new = (self.name(x, literals) for x in re.findall(one, args))
        if old not in self.server.boxes or new in self.server.boxes:
            return "NO no such one, or there is one"
        box = self.server.boxes[new] = self.server.boxes.pop(old)
        box.name = new


class Server:
    def __init__(self, caps=ALL, sep="/", port=0):
        self.all = ("IMAP4rev1 AUTH=PLAIN " + caps).strip()
        self.sep = sep
        self.boxes, self.heard, self.sessions = {}, [], []
        self.conns = self.sent = 0
        self.on_command = self.on_say = self.greeting = None
        self.unwanted = None
        self.refuse = lambda session, text: None
        self.lock = threading.RLock()
        self.box("INBOX")
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def box(self, name):
        if name not in self.boxes:
            self.boxes[name] = Box(name, 1700000000 + len(self.boxes))
        return self.boxes[name]

    def changed(self, name):
        with self.lock:
            for x in list(self.sessions):
                if x.idles:
                    x.told(self.box(name))

    def appended(self, box, uids):
        if "UIDPLUS" not in self.all:
            return "OK done"
        return "OK [APPENDUID %d %s] done" % (box.uidvalidity, ranges(uids))

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one = Session(self, sock)
        self.conns += 1
        self.sessions.append(one)
        try:
            one.run()
        except Gone:
            pass
        finally:
            self.sessions.remove(one)
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def cut(self):
        """All connections are lost, without a word."""
        for x in list(self.sessions):
            try:
                x.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        # Its thread ends first: it would accept from the next listener,
        # which gets this one's descriptor.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.listener.close()


if __name__ == "__main__":
    print(Server().port, flush=True)
    time.sleep(3600)
