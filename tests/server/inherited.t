#!/usr/bin/env python3
"""What a program inherits from who starts it (signals, descriptors, umask,
environment) changes nothing of what it does; and the commands that our tools
start inherit nothing of ours."""
import itertools
import signal
import socket
import stat
import struct
from synclab import *

T = tempfile.mkdtemp(prefix="inherited.")
atexit.register(shutil.rmtree, T, True)
EMPTY = T + "/config"
open(EMPTY, "w").close()
MESSAGE = b"From: a@x.test\r\nSubject: hi\r\n\r\nbody\r\n"
imap = Server("UIDPLUS ESEARCH LITERAL+")
imap.box("INBOX").add(MESSAGE)
taken = []


def serve(port, one):
    def loop():
        while True:
            threading.Thread(target=quiet, args=(port.accept()[0],),
                             daemon=True).start()

    def quiet(s):
        try:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with s, s.makefile("rwb", 0) as f:
                one(f)
        except OSError:
            pass
    threading.Thread(target=loop, daemon=True).start()
    return port.getsockname()[1]


def sink(f):
    f.write(b"220 x ESMTP\r\n")
    for line in f:
        if line[:4].upper() == b"DATA":
            f.write(b"354 go\r\n")
            while f.readline() not in (b".\r\n", b""):
                pass
            taken.append(1)
        f.write(b"250-x\r\n250 AUTH PLAIN\r\n" if line[:4] == b"EHLO" else
                b"235 in\r\n" if line[:4] == b"AUTH" else b"250 ok\r\n")


def names(s):
    """Each name has itself as its one mail host, whose address is ours."""
    while True:
        q, who = s.recvfrom(4096)
        end = q.index(b"\0", 12) + 5
        kind = struct.unpack(">H", q[end - 4:end - 2])[0]
        data = {1: socket.inet_aton("127.0.0.1"),
                15: b"\0\5\xc0\x0c"}.get(kind)
        answer = b"" if data is None else b"\xc0\x0c" + struct.pack(
            ">HHIH", kind, 1, 60, len(data)) + data
        s.sendto(q[:2] + b"\x84\x80\0\1" + struct.pack(
            ">H", data is not None) + b"\0\0\0\0" + q[12:end] + answer, who)


SMTP = serve(socket.create_server(("127.0.0.1", 0)), sink)
dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dns.bind(("127.0.0.1", 0))
threading.Thread(target=names, args=(dns,), daemon=True).start()
DNS = "127.0.0.1:%d" % dns.getsockname()[1]

# ---- how a program may be started

ALL = set(range(1, 65)) - {32, 33}


def ignore(*which):
    return lambda: [signal.signal(s, signal.SIG_IGN) for s in which]


def block(*which):
    return lambda: signal.pthread_sigmask(signal.SIG_SETMASK, which)


def close(*which):
    return lambda: [os.close(fd) for fd in which]


def strays():
    for _ in range(200):
        os.set_inheritable(os.dup(0), True)


STATES = {"clean": ({}, lambda: None)}
for how in (["SIGCHLD"], ["SIGPIPE"], ["SIGCHLD", "SIGPIPE", "SIGALRM"]):
    STATES["ignoring " + " ".join(how)] = ({}, ignore(
        *(getattr(signal, s) for s in how)))
STATES["TERM, INT, CHLD and PIPE blocked"] = ({}, block(
    signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE))
STATES["all signals blocked"] = ({}, block(*ALL))
for n in (1, 2, 3):
    for fds in itertools.combinations((0, 1, 2), n):
        STATES["%s closed" % (fds,)] = ({}, close(*fds))
STATES["umask 000"] = ({}, lambda: os.umask(0))
STATES["200 stray descriptors"] = ({}, strays)
STATES["no environment"] = (None, lambda: None)
STATES["LC_ALL=tr_TR.UTF-8"] = ({"LC_ALL": "tr_TR.UTF-8"}, lambda: None)
STATES["LC_ALL=xx"] = ({"LC_ALL": "xx", "LANG": "yy"}, lambda: None)


def start(state, argv):
    """The exit status, stdout and stderr."""
    more, do = STATES[state]
    env = dict(os.environ, HOME=T, XDG_STATE_HOME=T + "/xdg", **(more or {}))
    if more is None:
        env = {}
    env["POSTBAG_DNS"] = DNS

    def before():
        os.umask(0o022)
        do()
    try:
        p = subprocess.run([BUILD + "/" + argv[0]] + argv[1:], env=env,
                           stdin=subprocess.DEVNULL, capture_output=True,
                           preexec_fn=before, timeout=20, close_fds=False,
                           restore_signals=False)
    except subprocess.TimeoutExpired:
        return "not ended in 20 s", b"", b""
    return p.returncode, p.stdout, p.stderr


# ---- what each tool does

def modes(folder):
    """What others may do with what was made."""
    out = set()
    for at, folders, files in os.walk(folder):
        for f in folders + files:
            out.add(stat.S_IMODE(os.lstat(os.path.join(at, f)).st_mode) &
                    0o077)
    return out


def count_mail(folder, what=b"body"):
    n = 0
    for at, _, files in os.walk(folder):
        for f in files:
            n += what in open(os.path.join(at, f), "rb").read() and \
                os.path.basename(at) in ("new", "cur")
    return n


def content(path):
    return open(path).read() if os.path.exists(path) else None


SERVER = ["-S", "imap://127.0.0.1:%d" % imap.port, "--tls", "off", "-u",
          "jo", "--password-command", "echo secret", "--config", EMPTY]


def mailfetch(state, d):
    """Twice, so that what was taken once is seen to be taken once."""
    argv = ["mailfetch"] + SERVER + [
        "--state", d + "/state", "--create", "-d", "maildir:" + d + "/md",
        "-d", "exec:sh -c 'cat > /dev/null; echo x >> %s/taken'" % d]
    got = [start(state, argv), start(state, argv)]
    return got, count_mail(d + "/md"), content(d + "/taken")


def imapsync(state, d):
    argv = ["imapsync"] + SERVER + ["-q", "--state", d + "/state", "--near",
                                    d + "/near", "--create", "near"]
    got = [start(state, argv), start(state, argv)]
    return got, count_mail(d + "/near")


def mailsend(state, d):
    taken.clear()
    got = start(state, [
        "mailsend", "-S", "smtp://127.0.0.1:%d" % SMTP, "--tls", "off",
        "-u", "jo", "--password-command", "echo secret", "--config", EMPTY,
        "-f", "a@x.test", "-s", "hi", "--body", "well", "b@x.test"])
    return got, len(taken)


def portprobe(state, d):
    got = start(state, ["portprobe", "-p", "%d/imap" % imap.port,
                        "--no-require-tls", "127.0.0.1", "-j"])
    return got[0], re.sub(rb'"ms":{[^}]*}', b"", got[1]), got[2]


def mxlookup(state, d):
    return start(state, ["mxlookup", "x.test"])


TOOLS = (mailfetch, imapsync, mailsend, portprobe, mxlookup)
PRINT = (portprobe, mxlookup)


def same(tool, state, want):
    name = "%s: %s" % (tool.__name__, state)
    d = "%s/%s.%s" % (T, tool.__name__, re.sub(r"\W+", "_", state))
    os.mkdir(d)
    got = tool(state, d)
    if "closed" in state and tool in PRINT:
        want = 74 if "1" in state else want[0]
        got = got[0]
    is_(got, want, name)
    if "umask" in state and tool in (mailfetch, imapsync):
        is_(modes(d), {0}, name + ": nothing is for others")


for tool in TOOLS:
    d = T + "/" + tool.__name__
    os.mkdir(d)
    clean = tool("clean", d)
    is_(str(clean).lstrip("([")[:2], "0,", "%s: a clean start" %
        tool.__name__) or diag(clean)
    is_(clean[1:], {mailfetch: (1, "x\n"), imapsync: (1,), mailsend: (1,)}
        .get(tool, clean[1:]), "%s: what it does, once" % tool.__name__)
    for state in STATES:
        if state != "clean":
            same(tool, state, clean)

# ---- what a command of ours inherits

WORST = "200 strays, all ignored and blocked"
STATES[WORST] = ({}, lambda: (strays(), ignore(*ALL - {9, 19})(),
                              block(*ALL)()))
# glibc keeps 32 and 33 to itself, and its posix_spawn(3) ignores them
LOOK = ("(ls /proc/$$/fd > %s); while read -r k v; do case $k in "
        "SigBlk:) b=$v;; SigIgn:) i=$v;; esac; done < /proc/$$/status; "
        "echo $((0x$b)) $((0x$i & ~0x180000000)) >> %s; ")


def clean_command(name, option, then):
    """It has three descriptors, no signal blocked, none ignored."""
    seen = T + "/seen"
    look = LOOK % (seen, seen) + then
    argv = [a for a in SERVER]
    if option == "--password-command":
        argv[argv.index("echo secret")] = look
    else:
        argv += [option, look if option[1] == "-" else
                 "exec:sh -c " + "'" + look.replace("'", "'\\''") + "'"]
    if option != "-d":
        argv += ["-l"]
    got = start(WORST, ["mailfetch", "--state", T + "/worst"] + argv)
    is_(got[0], 0, "%s: works in the worst case" % name) or diag(got)
    is_(content(seen), "0\n1\n2\n0 0\n",
        "%s: three descriptors, no signal blocked or ignored" % name)
    if os.path.exists(seen):
        os.unlink(seen)


clean_command("password command", "--password-command", "echo secret")
clean_command("exec:", "-d", "true")
clean_command("--connect-command", "--connect-command",
              "exec ncat 127.0.0.1 %d" % imap.port)


@scenario
def password_fd():
    """The descriptor of --password-fd is closed once it was read."""
    r, w = os.pipe()
    os.write(w, b"secret\n")
    os.close(w)
    os.set_inheritable(r, True)
    argv = SERVER[:5] + ["jo", "--password-fd", str(r), "--config", EMPTY]
    open_ones, pipe = [], os.readlink("/proc/self/fd/%d" % r)

    def look(session, verb, args):
        if verb in ("SELECT", "EXAMINE"):
            fds = "/proc/%s/fd/" % open(T + "/pid").read().strip()
            open_ones.append(pipe in map(os.readlink, (
                fds + n for n in os.listdir(fds))))

    imap.on_command = look
    got = start("clean", ["../" * 40 + "bin/sh", "-c", "echo $$ > %s/pid; "
                          "exec \"$@\"" % T, "sh", BUILD + "/mailfetch",
                          "--state", T + "/fd", "-l"] + argv)
    imap.on_command = None
    os.close(r)
    is_(got[0], 0, "--password-fd: logs in") or diag(got)
    is_(open_ones, [False], "--password-fd: is closed then")


@scenario
def at_a_terminal():
    """A command may ask there: in a process group of its own it would be
    stopped for reading."""
    import pty
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(BUILD + "/mailfetch", [
            "mailfetch", "--state", T + "/tty", "-l"] + SERVER[:5] + [
            "jo", "--config", EMPTY, "--timeout", "20", "--password-command",
            "read -r x < /dev/tty; echo \"$x\""])
    os.write(fd, b"secret\n")
    said = b""
    try:
        while data := os.read(fd, 4096):
            said += data
    except OSError:                 # its end is closed
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    is_(status, 0, "a password command may ask at the terminal") or \
        diag(said)


@scenario
def can_be_stopped():
    """Who starts us with SIGTERM blocked does not keep us from ending."""
    port = serve(socket.create_server(("127.0.0.1", 0)),
                 lambda f: f.read())
    p = subprocess.Popen([BUILD + "/mailfetch", "-S", "imap://127.0.0.1:%d" %
                          port, "--tls", "off", "-l", "-u", "jo",
                          "--password-command", "echo secret"],
                         preexec_fn=STATES["all signals blocked"][1],
                         stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    p.terminate()
    try:
        ok(p.wait(30) != 0, "SIGTERM ends it, blocked as it was")
    except subprocess.TimeoutExpired:
        p.kill()
        ok(False, "SIGTERM ends it, blocked as it was")


@scenario
def home():
    """Without HOME the one of passwd(5): only in a mount namespace."""
    name = "no HOME: the one of passwd(5)"
    os.makedirs(T + "/home/.config/postbag")
    with open(T + "/home/.config/postbag/config", "w") as f:
        f.write("account a\nimap imap://127.0.0.1:%d\ntls off\nuser jo\n"
                "password-command echo secret\n" % imap.port)
    with open(T + "/passwd", "w") as f:
        f.write("me:x:%d:0::%s/home:/bin/sh\n" % (os.getuid(), T))
    p = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount --bind %s/passwd /etc/passwd && "
         "exec env -i \"$@\"" % T, "sh", BUILD + "/mailfetch", "-d",
         "maildir:~/md", "--create"], capture_output=True)
    if b"unshare" in p.stderr or b"mount" in p.stderr:
        print("ok %d - %s # SKIP no namespaces" % (count + 1, name))
        return
    is_((p.returncode, p.stderr), (0, b""), name)
    is_(count_mail(T + "/home/md"), 1, "and ~/ is there, too")
    ok(os.path.isdir(T + "/home/.local/state/postbag"), "and the state")


done()
