"""The scripted server: plays the steps of one '--- server' section on one
connection and remembers every byte it heard. README lists the steps."""
import base64
import hashlib
import hmac
import re
import select
import socket
import ssl
import struct
import time
import warnings
import zlib

from casefile import unescape

CHUNK = 65536
FAREWELL = {"QUIT": "221 2.0.0 bye", "RSET": "250 2.0.0 reset",
            "NOOP": "250 2.0.0 yes"}


class Mismatch(Exception):
    """The client did not do what the script says."""


class Gone(Exception):
    """The client closed, or the script has closed."""


SALT = "c2FsdFNBTFRzYWx0"
EARLY = ("nonce-other", "nonce-same", "nonce-empty", "salt-empty", "empty",
         "salt-garbage", "mandatory-ext", "order", "long")


def challenge_of(fault, nonce):
    """The server's first message, right or with a fault, and its rounds."""
    full = nonce + "3rfcNHYJY1ZVvWVs7j"
    rounds = fault[7:] if fault.startswith("rounds=") else "4096"
    usual = "r=%s,s=%s,i=%s" % (full, SALT, rounds)
    return {
        "nonce-other": "r=~%s,s=%s,i=4096" % (full[1:], SALT),
        "nonce-same": "r=%s,s=%s,i=4096" % (nonce, SALT),
        "nonce-empty": "r=,s=%s,i=4096" % SALT,
        "salt-empty": "r=%s,s=,i=4096" % full,
        "salt-garbage": "r=%s,s=!!!,i=4096" % full,
        "mandatory-ext": "m=ext," + usual,
        "order": "i=4096,s=%s,r=%s" % (SALT, full),
        "empty": "",
        "long": "r=%s,s=%s,i=4096" % (full, "QUFB" * 100000),
    }.get(fault, usual), rounds


def scram_proof(digest, password, rounds, gs2, bare, server_first, final):
    """Checks the client's last message; the server's signature."""
    salted = hashlib.pbkdf2_hmac(digest, password.encode(),
                                 base64.b64decode(SALT), rounds)
    ckey = hmac.digest(salted, b"Client Key", digest)
    without, _, proof = final.rpartition(",p=")
    auth = ",".join((bare, server_first, without)).encode()
    sig = hmac.digest(hashlib.new(digest, ckey).digest(), auth, digest)
    nonce = server_first.split(",")[0]
    if without != "c=%s,%s" % (base64.b64encode(gs2.encode()).decode(),
                               nonce) or \
            base64.b64decode(proof) != bytes(a ^ b for a, b in zip(ckey, sig)):
        raise Mismatch("bad client-final %r" % final)
    return hmac.digest(hmac.digest(salted, b"Server Key", digest), auth,
                       digest)


class Peer:
    def __init__(self, sock, deadline, certs, expand, over, cut):
        self.sock = sock
        self.over = over                # set when the client has ended
        self.deadline = deadline
        self.certs = certs
        self.expand = expand            # puts %HOST and friends in
        self.how, self.cut = cut        # "cut" or "nul" at this byte
        self.sent = 0
        self.marked = None              # .sent when the step mark was reached
        self.buf = b""
        self.heard = bytearray()        # everything, TLS taken off
        self.clear = bytearray()        # what came before TLS
        self.messages = []              # the mail texts as they were sent
        self.log = []
        self.complaints = []            # faults that need not end the talk
        self.tls = False
        self.alpn = None
        self.squeeze = self.expanded = None     # DEFLATE, both ways
        self.may_end = False
        self.closed = False

    # --- bytes -----------------------------------------------------------
    def left(self):
        left = self.deadline() - time.monotonic()
        if left <= 0:
            raise Mismatch("time limit reached")
        return left

    def send(self, data):
        if self.cut is None or not self.sent <= self.cut < \
                self.sent + len(data):
            self.push(data)
            return
        at, self.cut = self.cut - self.sent, None
        self.push(data[:at])
        self.log.append("(%s after byte %d)" % (self.how, self.sent))
        if self.how == "cut":
            self.do_close("")
        self.may_end = True
        self.push(b"\0" + data[at:])

    def push(self, data):
        if self.squeeze:
            data = self.squeeze.compress(data) + \
                self.squeeze.flush(zlib.Z_SYNC_FLUSH)
        try:
            self.sock.settimeout(self.left())
            self.sock.sendall(data)
        except (OSError, ValueError):
            pass                        # the next read will tell
        self.sent += len(data)

    def fill(self):
        """Read more; False at the end."""
        try:
            self.sock.settimeout(self.left())
            data = self.sock.recv(CHUNK)
        except socket.timeout:
            self.left()
            return True
        except (OSError, ValueError):
            data = b""
        if self.expanded and data:
            data = self.expanded.decompress(data)
            if not data:
                return True             # no whole byte yet
        self.buf += data
        self.heard += data
        if not self.tls:
            self.clear += data
        return bool(data)

    def line(self):
        """The next line, or None at the end of the stream."""
        while b"\n" not in self.buf:
            if not self.fill():
                if self.buf:
                    self.note("C(unfinished)", self.buf)
                return None
        line, _, self.buf = self.buf.partition(b"\n")
        line = line[:-1] if line.endswith(b"\r") else line
        return line.decode("utf-8", "backslashreplace")

    def note(self, who, what):
        if isinstance(what, bytes):
            what = what.decode("utf-8", "backslashreplace")
        if len(what) > 200:
            what = what[:200] + "... (%d)" % len(what)
        self.log.append("%s: %s" % (who, what.rstrip("\r\n")))

    def say(self, line):
        self.note("S", line)
        self.send(line.encode() + b"\r\n")

    # --- steps -----------------------------------------------------------
    def play(self, steps):
        try:
            for self.at, step in steps:
                self.step(step)
            self.farewell()
        except Gone:
            pass
        finally:
            self.close()

    def step(self, step):
        word, _, value = step.partition(":")
        words = word.split()
        do = getattr(self, "do_" + words[0].replace("-", "_").replace(
            "?", "_opt"), None)
        if not do:
            raise Mismatch("line %d: unknown step %s" % (self.at, step))
        try:
            do(self.expand(value.strip()), *words[1:])
        except Gone:
            if self.closed or self.may_end:
                raise
            raise Mismatch("line %d: client gone, wanted: %s" % (self.at, step))

    def do_S(self, line):
        self.say(line)

    def do_S_raw(self, text):
        self.note("S-raw", text)
        self.send(unescape(text))

    def counted(self, what, n):
        """It n times, with the numbers from 1 for each %N in it, in blocks."""
        for i in range(0, n, 1000):
            if b"%N" not in what:
                yield what * min(1000, n - i)
            else:
                yield b"".join(what.replace(b"%N", b"%d" % k) for k in
                               range(i + 1, min(i + 1000, n) + 1))

    def do_S_repeat(self, line, n):
        self.note("S", "%s (%s times)" % (line, n))
        for block in self.counted(line.encode() + b"\r\n", int(n)):
            self.send(block)

    def do_S_fill(self, char, n):
        self.note("S", "%s (%s bytes, no line end)" % (char, n))
        self.send(char.encode() * int(n))

    def endless(self, what):
        try:
            for block in self.counted(what, 1 << 40):
                if self.squeeze:
                    block = self.squeeze.compress(block) + \
                        self.squeeze.flush(zlib.Z_SYNC_FLUSH)
                self.sock.settimeout(self.left())
                self.sock.sendall(block)
        except socket.timeout:
            raise Mismatch("client still listens to an endless reply")
        except OSError:
            self.closed = True
            raise Gone

    def do_S_endless(self, line):
        """Until the client has had enough."""
        self.note("S", line + " (for ever)")
        self.endless(line.encode() + b"\r\n")

    def do_S_raw_endless(self, text):
        self.note("S-raw", text + " (for ever)")
        self.endless(unescape(text))

    def do_S_dribble(self, line, ms):
        self.note("S", line + " (a byte every %s ms)" % ms)
        p = select.poll()
        p.register(self.sock, select.POLLRDHUP)
        for byte in line.encode() + b"\r\n":
            self.send(bytes([byte]))
            if p.poll(int(ms)):         # the client has hung up
                return

    def do_sleep(self, _, ms):
        time.sleep(int(ms) / 1000)

    def do_silence(self, _, ms):
        """The client must not talk now."""
        if self.buf or select.select([self.sock], [], [], int(ms) / 1000)[0]:
            self.fill()
            raise Mismatch("line %d: client talks too early: %r" % (
                self.at, self.buf[:80]))

    def match(self, pat, line):
        if len(pat) > 1 and pat[0] == pat[-1] == "/":
            return re.search(pat[1:-1], line)
        return re.fullmatch(re.escape(pat).replace(r"\*", ".*"), line)

    def take(self, value, optional):
        pat, _, answer = value.partition(" => ")
        line = self.line()
        if line is None and optional:
            return None
        if line is None:
            raise Gone
        if not self.match(pat.strip(), line):
            if optional:                # put it back for the next step
                self.buf = line.encode("utf-8") + b"\r\n" + self.buf
                return None
            self.note("C", line)
            if self.may_end and line == "QUIT":
                self.say(FAREWELL[line])
                raise Gone
            raise Mismatch("line %d: heard %r, wanted %r" % (
                self.at, line[:300], pat.strip()))
        self.note("C", line)
        self.check_length(line)
        if answer:
            self.say(answer.strip())
        return line

    def check_length(self, line):
        """RFC 5321 4.5.3.1.4, with the room that extensions add."""
        verb = line.split(" ")[0]
        if len(line) > 1024 and verb in ("MAIL", "RCPT", "EHLO", "HELO"):
            self.complaints.append("command of %d octets" % len(line))

    def do_C(self, value):
        self.take(value, False)

    def do_C_opt(self, value):
        self.take(value, True)

    def do_C_data(self, value):
        """A mail text up to the lone dot."""
        self.buf = b"\r\n" + self.buf
        while b"\r\n.\r\n" not in self.buf:
            if not self.fill():
                raise Gone
        text, _, self.buf = self.buf.partition(b"\r\n.\r\n")
        text = text[2:] + b"\r\n" if text else b""
        self.note("C", "(%d octets and the dot)" % len(text))
        self.messages.append(("data", text))
        if value:
            self.say(value.replace("=> ", ""))

    def do_C_data_opt(self, value):
        """Only where the last optional DATA was heard."""
        if self.log[-1].startswith("S: 354"):
            self.do_C_data(value)

    def do_C_bdat(self, value):
        self.bdat(value, False)

    def do_C_bdat_opt(self, value):
        self.bdat(value, True)

    def bdat(self, value, optional):
        """Chunks up to the last; each but the last is answered 250."""
        text = b""
        while True:
            line = self.take("/^BDAT [0-9]+( LAST)?$/", optional)
            if line is None:
                return
            size = int(line.split()[1])
            while len(self.buf) < size:
                if not self.fill():
                    raise Gone
            text, self.buf = text + self.buf[:size], self.buf[size:]
            if line.endswith("LAST"):
                break
            if not optional:
                self.say("250 2.0.0 %d octets" % size)
        self.messages.append(("bdat", text))
        if value:
            self.say(value.replace("=> ", ""))

    def do_C_bytes(self, _, n):
        while len(self.buf) < int(n):
            if not self.fill():
                raise Gone
        self.buf = self.buf[int(n):]

    # --- short hands -----------------------------------------------------
    def do_greet(self, _):
        self.say("220 mx.test ESMTP")

    def do_ehlo(self, caps):
        self.do_hear_ehlo("")
        lines = ["mx.test"] + [c.strip() for c in caps.split(",") if c.strip()]
        for i, line in enumerate(lines):
            self.say("250%s%s" % ("-" if i + 1 < len(lines) else " ", line))

    def do_hear_ehlo(self, _):
        """Its argument is a full name or an address literal, RFC 5321 4.1.3."""
        line = self.take("EHLO *", False)
        name = line[5:]
        if not re.fullmatch(r"\[[0-9.]+\]|\[IPv6:[0-9a-fA-F:.]+\]|"
                            r"[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+", name) \
                or name.lower().startswith("localhost"):
            self.complaints.append("EHLO name %r" % name)

    def do_mail(self, _):
        self.do_C("MAIL FROM:<*>* => 250 2.1.0 ok")

    def do_rcpt(self, _, n="1"):
        for _ in range(int(n)):
            self.do_C("RCPT TO:<*>* => 250 2.1.5 ok")

    def do_data(self, answer):
        self.do_C("DATA => 354 go on")
        self.do_C_data(answer or "250 2.0.0 ok")

    # --- TLS -------------------------------------------------------------
    def do_starttls(self, cert):
        self.do_C("STARTTLS => 220 2.0.0 go on")
        self.do_tls(cert)

    def do_tls(self, cert):
        if self.buf and self.may_end:
            raise Gone
        if self.buf:
            raise Mismatch("client talks before the handshake: %r" %
                           self.buf[:80])
        cert, *options = (cert or "good").split(",")
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain("%s/%s.pem" % (self.certs, cert),
                            self.certs + "/key.pem")
        for option in options:
            self.tls_option(ctx, *option.split("="))
        try:
            self.sock.settimeout(self.left())
            self.sock = ctx.wrap_socket(self.sock, server_side=True)
        except (OSError, ValueError) as e:
            self.note("TLS", str(e))
            raise Gone
        self.note("TLS", self.sock.version())
        offered = self.sock.selected_alpn_protocol() or "none"
        if self.alpn and self.alpn != offered:
            raise Mismatch("ALPN %s, wanted %s" % (offered, self.alpn))
        self.tls = True

    def tls_option(self, ctx, name, value=None):
        if name == "max":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ctx.set_ciphers("DEFAULT:@SECLEVEL=0")
                ctx.minimum_version = ssl.TLSVersion.TLSv1
                ctx.maximum_version = getattr(
                    ssl.TLSVersion, "TLSv1_" + value[2:] if value != "1.0"
                    else "TLSv1")
        elif name == "alpn":
            ctx.set_alpn_protocols(["imap", "pop3", "smtp", "http/1.1"])
            self.alpn = value
        elif name == "ask":
            ctx.verify_mode = ssl.CERT_REQUIRED
            ctx.load_verify_locations(self.certs + "/ca.pem")
        else:
            raise ValueError("TLS option " + name)

    def do_starttls_with(self, text, ms=None):
        """More plaintext behind the go-ahead: glued on, or MS later."""
        self.do_C("STARTTLS")
        self.note("S", "220 2.0.0 go on + " + text + " (%s)" % (ms or "glued"))
        if ms is None:
            self.send(b"220 2.0.0 go on\r\n" + unescape(text))
        else:
            self.send(b"220 2.0.0 go on\r\n")
            time.sleep(int(ms) / 1000)
            self.send(unescape(text))

    def do_deflate(self, value):
        """LINE | BYTES: LINE, and from there on DEFLATE, BYTES at once."""
        line, _, text = value.partition(" | ")
        self.note("S", line + " + DEFLATE: " + text)
        self.expanded = zlib.decompressobj(-15)
        squeeze = zlib.compressobj(wbits=-15)
        self.push(line.encode() + b"\r\n" + (squeeze.compress(unescape(
            text)) + squeeze.flush(zlib.Z_SYNC_FLUSH) if text else b""))
        self.squeeze = squeeze

    # --- logins ----------------------------------------------------------
    def do_login_plain(self, value):
        """user password: AUTH PLAIN with them, answered 235."""
        want = b"\0" + value.replace(" ", "\0").encode()
        self.do_C("AUTH PLAIN %s => 235 2.7.0 welcome" %
                  base64.b64encode(want).decode())

    def do_login_rest(self, value):
        """user password: the turns of AUTH LOGIN, with or without the name
        in the first line."""
        user, password = value.split(" ", 1)
        if not self.log[-1].startswith("C: AUTH LOGIN "):
            self.say("334 VXNlcm5hbWU6")
            self.do_C(base64.b64encode(user.encode()).decode())
        self.say("334 UGFzc3dvcmQ6")
        self.do_C(base64.b64encode(password.encode()).decode())
        self.say("235 2.7.0 welcome")

    def challenge(self, text):
        """334 and its answer, decoded; None when the client gives up."""
        if isinstance(text, str):
            text = text.encode()
        self.say("334 " + base64.b64encode(text).decode())
        line = self.line()
        if line is None:
            return None
        self.note("C", line)
        if line == "QUIT":
            self.say(FAREWELL["QUIT"])
            return None
        if line == "*":
            self.say("501 5.7.0 cancelled")
            return None
        return base64.b64decode(line)

    def do_scram(self, value):
        """MECH user password [fault]: the server of RFC 5802. With a fault
        the client must give up; it may not go on after it."""
        mech, user, password, *fault = value.split()
        fault = fault[0] if fault else ""
        gs2, bare, nonce = self.scram_first(mech, user)
        server_first, rounds = challenge_of(fault, nonce)
        answer = self.challenge(server_first)
        if fault in EARLY or fault.startswith("rounds=") and \
                fault != "rounds=5000":
            if answer is not None:
                raise Mismatch("client went on after a bad challenge (%s): %r"
                               % (fault, answer))
            return
        if answer is None:
            raise Mismatch("client gave up on a good challenge")
        digest = "sha256" if "256" in mech else "sha1"
        self.scram_end(fault, scram_proof(
            digest, password, int(rounds), gs2, bare, server_first,
            answer.decode()))

    def scram_first(self, mech, user):
        """The client's first message: its header, the rest, its nonce."""
        line = self.take("AUTH %s *" % mech, False)
        first = base64.b64decode(line.split()[2]).decode()
        m = re.fullmatch(r"([nyp][^,]*,[^,]*,)(n=([^,]*),r=([^,]+))", first)
        if not m or m[3] != user or len(m[4]) < 16:
            raise Mismatch("bad client-first %r" % first)
        self.log.append("(gs2 header %s)" % m[1])
        return m[1], m[2], m[4]

    def scram_end(self, fault, v):
        """The server's own proof, which the client must not go without."""
        if fault == "sig-bad":
            v = bytes([v[0] ^ 1]) + v[1:]
        if fault == "sig-cut":
            v = v[:-1]
        text = {"sig-none": "", "sig-error": "e=other-error",
                "sig-garbage": "v=!!!!"}.get(
                    fault, "v=" + base64.b64encode(v).decode())
        if fault == "sig-skipped":      # success, and no proof at all
            self.say("235 2.7.0 welcome")
            return
        if fault == "sig-in-235":       # some servers save the last turn
            self.say("235 " + base64.b64encode(text.encode()).decode())
            return
        answer = self.challenge(text)
        if fault and fault != "rounds=5000":
            if answer is not None:
                self.say("235 2.7.0 welcome")
            return
        if answer is None:
            raise Mismatch("client gave up on a good signature")
        if answer:
            raise Mismatch("last answer not empty: %r" % answer)
        self.say("235 2.7.0 welcome")

    # --- ends ------------------------------------------------------------
    def do_may_end(self, _):
        self.may_end = True

    def do_mark(self, _):
        self.marked = self.sent

    def do_stall(self, _):
        """Listen, and never answer."""
        self.log.append("(stall)")
        while self.fill():
            pass
        self.closed = True
        raise Gone

    def do_freeze(self, _):
        """Neither listen nor answer, until the client has gone. Behind a
        closed window its end does not show: the runner tells."""
        self.log.append("(freeze)")
        self.over.wait()
        self.closed = True
        raise Gone

    def do_close(self, _):
        """A clean end: what still comes is read, and dropped."""
        self.log.append("(close)")
        self.shut()
        self.drain()
        self.closed = True
        raise Gone

    def do_drop(self, _):
        """As a process ends: what still comes is answered by a reset."""
        self.log.append("(drop)")
        self.closed = True
        self.sock.close()
        raise Gone

    def do_hangup(self, _):
        """End our direction without TLS's goodbye, but go on with the steps."""
        self.shut()

    def do_close_notify(self, _):
        try:
            self.sock = self.sock.unwrap()
        except (OSError, ValueError):
            pass
        self.do_close("")

    def do_rst(self, _):
        self.log.append("(rst)")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.closed = True
        self.sock.close()
        raise Gone

    def shut(self):
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
        except (OSError, ValueError):
            pass

    def drain(self):
        end = time.monotonic() + 5
        while time.monotonic() < end and self.fill():
            self.buf = b""

    def farewell(self):
        """After the script: QUIT, RSET, NOOP and the end, nothing else."""
        while True:
            line = self.line()
            if line is None:
                if self.buf:
                    raise Mismatch("unfinished line at the end: %r" %
                                   self.buf[:80])
                return
            self.note("C", line)
            if line not in FAREWELL:
                raise Mismatch("after the script: %r" % line[:300])
            self.say(FAREWELL[line])
            if line == "QUIT":
                self.shut()

    def close(self):
        self.closed = True
        try:
            self.shut()
            self.sock.close()
        except OSError:
            pass
