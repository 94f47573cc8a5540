"""imapproxy.py: stands between an IMAP client and a real server, and knows
where commands and literals begin and end.

	p = Proxy(port of the server's TLS, CA file, hide={"QRESYNC"})
	... client to 127.0.0.1:p.port, in plaintext ...
	p.commands	what clients said, as "UID FETCH 1:* (FLAGS)", in order
	p.links		a Link each: up, down (bytes), turns, commands

hide takes words out of every CAPABILITY, with UIDPLUS also APPENDUID and
COPYUID out of answers, with SPECIAL-USE the uses out of LIST; commands of hidden extensions still work, so
p.commands must be looked at: see p.misused().  Hooks:
	on_command(link, n, line)	before the nth command of all (from 1) goes
		on; may wait; returns None, "cut" or "swallow", or bytes to
		answer with instead of the server
	on_line(link, line)		a line of the server, without CRLF, that is
		not inside of a literal; returns what to send instead (bytes,
		may be several lines) or None
	cut_up, cut_down		end the first link after so many bytes
A turn is a burst of the client's after data of the server's.
"""
import re
import socket
import ssl
import threading
import time

LITERAL = re.compile(rb"\{(\d+)\+?\}$")
USES = {				# what shows that an extension is used
    "QRESYNC": r"\(QRESYNC|ENABLE.*QRESYNC|VANISHED",
    "CONDSTORE": r"\((QRESYNC|CONDSTORE)|CHANGEDSINCE|UNCHANGEDSINCE|MODSEQ|"
                 r"ENABLE.*(QRESYNC|CONDSTORE)",
    "UIDPLUS": r"^UID EXPUNGE",
    "LIST-STATUS": r"^LIST .*STATUS",
    "ESEARCH": r"SEARCH RETURN",
    "MOVE": r"^UID MOVE|^MOVE",
    "MULTIAPPEND": r"^APPEND .*\n.*\{\d+\+?\}",
    "LITERAL+": r"\{\d+\+\}",
    "SPECIAL-USE": r"SPECIAL-USE",
    "ENABLE": r"^ENABLE",
    "UNSELECT": r"^UNSELECT",
    "LIST-EXTENDED": r"^LIST .*RETURN|^LIST \(",
    "SASL-IR": r"^AUTHENTICATE \S+ \S",
    "ID": r"^ID ",
    "IDLE": r"^IDLE",
    "NAMESPACE": r"^NAMESPACE",
    "BINARY": r"~\{",
    "UTF8=ACCEPT": r"UTF8=ACCEPT",
}


class Stream:
    """Cuts bytes into lines and pieces of literals."""

    def __init__(self):
        self.buf = b""
        self.left = 0

    def feed(self, data):
        self.buf += data
        while self.buf:
            if self.left:
                piece, self.buf = self.buf[:self.left], self.buf[self.left:]
                self.left -= len(piece)
                yield "literal", piece
                continue
            at = self.buf.find(b"\n")
            if at < 0:
                return
            line, self.buf = self.buf[:at + 1], self.buf[at + 1:]
            m = LITERAL.search(line.rstrip(b"\r\n"))
            if m:
                self.left = int(m[1])
            yield "line", line


class Link:
    def __init__(self, proxy, sock, n):
        self.proxy, self.client, self.n = proxy, sock, n
        self.up = self.down = self.turns = 0
        self.commands = []
        self.speaks = False
        self.ended = False
        self.born = time.monotonic()
        self.auth_at = None		# turns until the login was done
        self.auth_down = 0		# and bytes
        self.open_command = False	# a command goes on behind a literal
        self.idle = False
        self.lock = threading.Lock()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = socket.create_connection(("127.0.0.1", proxy.server))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = proxy.context.wrap_socket(
            raw, server_hostname="localhost") if proxy.context else raw

    def end(self):
        with self.lock:
            if self.ended:
                return
            self.ended = True
        for s in (self.client, self.server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.end()
        self.client.close()
        self.server.close()

    # --- what the client says
    def pump_up(self):
        stream = Stream()
        while True:
            try:
                data = self.client.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            if not self.speaks:
                self.turns += 1
                self.speaks = True
            for kind, piece in stream.feed(data):
                if not self.pass_up(kind, piece, stream.left):
                    self.end()
                    return
        self.end()

    def pass_up(self, kind, piece, literal_follows):
        answer = None
        if kind == "line":
            text = piece.rstrip(b"\r\n").decode("utf-8", "replace")
            if self.open_command:
                if text:
                    self.commands[-1] += "\n" + text
                    self.proxy.append(self.commands[-1])
            else:
                answer = self.command(text)
            self.open_command = bool(literal_follows)
        if answer == "cut":
            return False
        if answer == "swallow":
            return True
        if isinstance(answer, bytes):
            self.send_down(answer)
            return True
        cut = self.proxy.cut_up
        if cut is not None and self.n == 1 and self.up + len(piece) >= cut:
            self.send_up(piece[:cut - self.up])
            return False
        return self.send_up(piece)

    def command(self, text):
        tag, _, line = text.partition(" ")
        if not line and text != "DONE":		# what AUTHENTICATE asked for
            return None
        if self.auth_at is None and any(
                c.startswith(("LOGIN", "AUTHENTICATE"))
                for c in self.commands):
            self.auth_at, self.auth_down = self.turns - 1, self.down
        self.commands.append(line or text)
        n = self.proxy.note(line or text)
        hook = self.proxy.on_command
        return hook(self, n, text) if hook else None

    def send_up(self, data):
        self.up += len(data)
        try:
            self.server.sendall(data)
            return True
        except OSError:
            return False

    # --- what the server says
    def pump_down(self):
        stream = Stream()
        while True:
            try:
                data = self.server.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            out = b""
            for kind, piece in stream.feed(data):
                out += self.edit(piece) if kind == "line" else piece
            if out and not self.send_down(out):
                break
        self.end()

    def edit(self, line):
        if self.proxy.hide and b"CAPABILITY" in line:
            line = re.sub(rb"CAPABILITY ([^\]\r\n]*)", self.without, line)
        if "UIDPLUS" in self.proxy.hide:
            line = re.sub(rb"\[(APPENDUID|COPYUID) [^\]]*\] ", b"", line)
        if "SPECIAL-USE" in self.proxy.hide and line.startswith(b"* LIST ("):
            line = re.sub(rb"\\(Trash|Sent|Drafts|Junk) ?", b"", line)
        hook = self.proxy.on_line
        if hook:
            other = hook(self, line.rstrip(b"\r\n"))
            if other is not None:
                return other
        return line

    def without(self, m):
        return b"CAPABILITY " + b" ".join(
            w for w in m[1].split(b" ") if w.decode() not in self.proxy.hide)

    def send_down(self, data):
        cut = self.proxy.cut_down
        short = cut is not None and self.n == 1 and \
            self.down + len(data) >= cut
        if short:
            data = data[:cut - self.down]
        self.down += len(data)
        self.speaks = False
        try:
            self.client.sendall(data)
        except OSError:
            return False
        return not short


class Proxy:
    def __init__(self, server, ca, hide=(), on_command=None, on_line=None,
                 cut_up=None, cut_down=None):
        self.server = server
        self.context = ssl.create_default_context(cafile=ca) if ca else None
        self.hide = set(hide)
        self.on_command, self.on_line = on_command, on_line
        self.cut_up, self.cut_down = cut_up, cut_down
        self.commands, self.links = [], []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def note(self, line):
        with self.lock:
            self.commands.append(line)
            return len(self.commands)

    def append(self, line):
        """A command that went on behind a literal."""
        with self.lock:
            first = line.split("\n")[0]
            for i in range(len(self.commands) - 1, -1, -1):
                if self.commands[i].split("\n")[0] == first:
                    self.commands[i] = line
                    return

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        with self.lock:
            n = len(self.links) + 1
            try:
                link = Link(self, sock, n)
            except OSError:
                sock.close()
                return
            self.links.append(link)
        down = threading.Thread(target=link.pump_down, daemon=True)
        down.start()
        link.pump_up()
        down.join()
        link.close()

    def close(self):
        self.listener.close()
        for link in self.links:
            link.end()

    def clear(self):
        with self.lock:
            self.commands, self.links = [], []

    def count(self, verb):
        return sum(bool(re.match(verb, c)) for c in self.commands)

    def misused(self):
        """Commands that use what was hidden."""
        return [c for c in self.commands for h in self.hide
                if h in USES and re.search(USES[h], c)]
