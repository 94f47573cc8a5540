#!/usr/bin/env python3
"""Stubs in the hands of mutt, notmuch, mu and Python: they list, search and
thread them, and see the body when it has come."""
import email.policy
import mailbox
import pty
import select
import shlex
import termios

from synclab import *

for tool in ("mutt", "notmuch", "mu"):
    if not shutil.which(tool):
        skip_all("no " + tool)
lab = up()
N = 12
u = lab.user()


def letter(n):
    """One thread of all; each with a word that only its body has."""
    return (b"From: Jo <jo@example.org>\nTo: billy@johndoe.com\n"
            b"MIME-Version: 1.0\nSubject: number %d\n"
            b"Content-Type: text/plain; charset=utf-8\n"
            b"Date: Mon, 1 Jan 2024 10:%02d:00 +0000\n"
            b"Message-ID: <m%d@example.org>\n%s"
            b"Content-Transfer-Encoding: 8bit\n\n" % (
                n, n, n, b"In-Reply-To: <m1@example.org>\n"
                b"References: <m1@example.org>\n" if n > 1 else b"") +
            b"the secret is wombat%d\n" % n * 50)


u.far.appends("INBOX", [letter(n) for n in range(1, N + 1)], r"\Seen")
u.runs("headers", "--bodies", "headers")
HOME = u.dir + "/home"
os.makedirs(HOME + "/bin")
ENV = dict(os.environ, HOME=HOME, PATH=HOME + "/bin:" + os.environ["PATH"],
           TERM="xterm", NOTMUCH_CONFIG=HOME + "/notmuch", MAIL="")
with open(HOME + "/bin/imapsync", "w") as f:
    f.write("#!/bin/sh\nHOME=%s exec %s \"$@\"\n" % (
        u.dir, " ".join(map(shlex.quote, u.words()))))
os.chmod(HOME + "/bin/imapsync", 0o755)


def run(*words):
    p = subprocess.run(words, env=ENV, capture_output=True,
                       stdin=subprocess.DEVNULL, timeout=120)
    if p.returncode:
        diag("%s: %d %s" % (" ".join(words), p.returncode,
                            (p.stdout + p.stderr).decode()))
    return p.stdout.decode()


def mutt(keys):
    """mutt types these keys to itself, and ends."""
    pid, fd = pty.fork()
    if pid == 0:
        termios.tcsetwinsize(1, (24, 80))
        os.execvpe("mutt", ["mutt", "-n", "-F", HOME + "/muttrc", "-e",
                            'push "%s<exit>"' % keys, "-f",
                            u.near.path("INBOX")], ENV)
    end, out = time.monotonic() + 60, b""
    while time.monotonic() < end:
        if select.select([fd], [], [], 1)[0]:
            try:
                out += os.read(fd, 65536)
            except OSError:
                break
    else:
        os.kill(pid, signal.SIGKILL)
        diag(out[-2000:].decode("utf-8", "replace"))
    os.waitpid(pid, 0)
    os.close(fd)


def tagged(pattern):
    """Subjects of what mutt tags by a pattern."""
    out = HOME + "/out"
    if os.path.exists(out):
        os.unlink(out)
    mutt("<tag-pattern>%s<enter><tag-prefix><pipe-message>grep -h 'Subject: number' >"
         " %s<enter>" % (pattern, out))
    if not os.path.exists(out):
        return []
    with open(out) as f:
        return sorted(int(x.split()[-1]) for x in f)


with open(HOME + "/muttrc", "w") as f:
    # as in EXAMPLES of imapsync(1)
    f.write("set folder=%s/cache history=0 save_history=0\n"
            "set header_cache=%s/cache sort=threads\n"
            "set quit=yes wait_key=no confirmappend=no pipe_decode=no\n"
            "set mbox_type=Maildir move=no mail_check=1\n"
            "macro index,pager B \"<pipe-message>imapsync body --id \\\"\\$(sed"
            " -n '/[Mm]essage-I[Dd]:/{s/.*: *//p;q;}')\\\"<enter><sync-mailbox>\"\n" %
            (HOME, HOME))
os.makedirs(HOME + "/cache")


@scenario
def in_mutt():
    """mutt, with a header cache."""
    every = list(range(1, N + 1))
    mutt("<sync-mailbox>")		# fills its cache
    is_(tagged("~A"), every, "mutt lists them")
    is_(tagged("~A"), every, "and out of its cache")
    is_(tagged("~i m7@"), [7], "finds one by its Message-ID")
    is_(tagged("~s 'number 3'"), [3], "by its subject")
    is_(tagged("~(~i m5@)"), every, "and has them in one thread")
    # somebody else changes its flags while mutt has it open
    old = u.near.file("INBOX", "number 4")
    mutt("<search>~i m4@<enter><shell-escape>mv '%s' '%s'<enter>B" % (
        old, old.rpartition(":2,")[0] + ":2,FS"))
    f = u.near.file("INBOX", "number 4")
    with open(f, "rb") as g:
        is_(g.read(), letter(4), "a key fetches the body of one")
    like(f, ":2,.*F", "that has the flag it was given meanwhile")
    is_(tagged("~A"), every, "which is one message still")
    is_(tagged("~b wombat4"), [4], "and is found by its body")


@scenario
def in_notmuch():
    """notmuch, with a hook."""
    with open(HOME + "/notmuch", "w") as f:
        f.write("[database]\npath=%s\n[user]\nname=B\n"
                "primary_email=billy@johndoe.com\n[new]\ntags=new\n"
                "ignore=\n" % u.near.root)
    run("notmuch", "new")
    hooks = u.near.root + "/.notmuch/hooks"
    os.makedirs(hooks, exist_ok=True)
    with open(hooks + "/post-new", "w") as f:	# as in imapsync(1)
        f.write("#!/bin/sh\n"
                "notmuch search --output=files --format=text0 tag:body |\n"
                "    xargs -0r imapsync body &&\n"
                "notmuch new --no-hooks --quiet &&\n"
                "notmuch tag -body -- tag:body\n")
    os.chmod(hooks + "/post-new", 0o755)
    is_(run("notmuch", "count", "*"), "%d\n" % N, "notmuch has them all")
    is_(run("notmuch", "count", "--output=threads", "*"), "1\n",
        "in one thread")
    is_(run("notmuch", "count", "subject:\"number 9\""), "1\n",
        "finds one by its subject")
    is_(run("notmuch", "count", "wombat9"), "0\n", "and not by its body")
    run("notmuch", "tag", "+body", "--", "id:m9@example.org")
    run("notmuch", "new")
    is_(run("notmuch", "count", "wombat9"), "1\n",
        "its hook fetches the body of what has a tag, and finds it by that")
    is_(run("notmuch", "count", "--output=files", "*"), "%d\n" % N,
        "no file is there twice")
    is_(run("notmuch", "count", "tag:body"), "0\n", "the tag is gone")


@scenario
def in_mu():
    """mu."""
    run("mu", "init", "--quiet", "--muhome=" + HOME + "/mu",
        "--maildir=" + u.near.root)
    run("mu", "index", "--quiet", "--muhome=" + HOME + "/mu")

    def find(*query):
        p = subprocess.run(["mu", "find", "--muhome=" + HOME + "/mu",
                            "--fields=i", *query], env=ENV,
                           capture_output=True)
        return sorted(p.stdout.decode().split())
    is_(len(find("maildir:/INBOX")), N, "mu has them all")
    is_(find("msgid:m11@example.org"), ["m11@example.org"],
        "finds one by its Message-ID")
    is_(len(find("--include-related", "msgid:m11@example.org")), N,
        "and all of its thread")
    is_(find("wombat11"), [], "not by its body")
    u.runs("its body", "body", "--id", "m11@example.org")
    run("mu", "index", "--quiet", "--muhome=" + HOME + "/mu")
    is_(find("wombat11"), ["m11@example.org"], "until that has come")
    is_(len(find("maildir:/INBOX")), N, "it is one message still")


@scenario
def in_python():
    """Python's mailbox and email."""
    box = mailbox.Maildir(u.near.path("INBOX"), create=False, factory=lambda
                          f: email.message_from_binary_file(
                              f, policy=email.policy.default))
    types = {}
    for m in box:
        types.setdefault(m.get_content_type(), []).append(
            m["Message-ID"][2:-1].split("@")[0])
        ok(not m.defects, "%s has no defect" % m["Subject"], m.defects)
    is_({t: len(v) for t, v in types.items()},
        {"message/external-body": N - 3, "text/plain": 3},
        "it knows stubs and messages")


u.runs("a run afterwards", "--bodies", "headers")
is_(sorted(sha(m.body) for m in u.far.messages("INBOX")),
    sorted(sha(wire(letter(n))) for n in range(1, N + 1)),
    "the server has what it had")
done()
