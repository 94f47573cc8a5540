#!/usr/bin/env python3
"""imapsync on Dovecot: what goes where, and that nothing goes twice."""
from synclab import *

lab = up()
OLD = 1700000000
u = lab.user()


@scenario
def first_run():
    v = lab.user()
    v.runs("an empty account")
    v.same("its folders are there")
    is_([b for b in v.near.boxes() if v.near.files(b)], [],
        "with nothing in them")
    for i in range(1, 6):
        u.far.append("INBOX", mail(i), [
            r"\Seen", "", r"\Flagged \Answered", "$Forwarded work",
            ""][i - 1], date=OLD + i * 1000)
    u.far.create("Lists/a", "Empty")
    u.far.appends("Lists/a", [mail(i) for i in range(6, 9)])
    u.far.append("Drafts", mail(9, 300_000), r"\Draft")
    u.runs("the first run")
    u.same("brings everything, byte for byte, with its flags")
    is_(sorted(int(m.date) for m in u.near.messages("INBOX")),
        [OLD + i * 1000 for i in range(1, 6)], "its time is when it came")
    is_({oct(os.stat(f).st_mode & 0o777) for f in u.near.files("INBOX")},
        {"0o600"}, "files have mode 0600")
    is_({oct(os.stat(u.near.path(b)).st_mode & 0o777)
         for b in u.near.boxes()}, {"0o700"}, "folders have mode 0700")
    is_(len(os.listdir(u.near.path("INBOX") + "/new")), 2,
        "what has no flags is new")
    is_([f for b in u.near.boxes() for f in os.listdir(
        u.near.path(b) + "/tmp")], [], "nothing is left in tmp")
    u.settled("another run asks, and does nothing: no SELECT")
    is_(len([m for m in u.far.all()["INBOX"] if r"\seen" in m.flags]), 1,
        "nothing was marked as read")
    p = u.proxy()
    u.sync(proxy=p)
    ok(len(p.links) == 1 and p.links[0].turns - p.links[0].auth_at <= 2,
       "one connection, at most two turns after the login",
       [(x.turns, x.auth_at, x.commands) for x in p.links])


@scenario
def new_mail():
    u.far.append("INBOX", mail(10), r"\Seen")
    u.far.append("Lists/a", mail(11))
    u.near.deliver("INBOX", mail(12), date=OLD)
    u.near.deliver("INBOX", mail(13), "", date=OLD + 5)
    u.near.deliver("Lists/a", mail(14), "FS", date=OLD + 7)
    u.near.deliver("Drafts", mail(15), "D", name="name with, odd=bits,U=7.x")
    r = u.plan_is_run("new mail both ways: -n tells what a run does")
    is_((r.summary.get("fetched"), r.summary.get("pushed")), (2, 4),
        "and the summary counts it")
    u.same("both sides have it")
    is_(sorted(int(time.mktime(m.date)) for m in u.far.messages("INBOX")
               if m.subject in ("number 12", "number 13")), [OLD, OLD + 5],
        "uploads keep the file's time")
    ok(os.path.basename(u.near.file("Drafts", "number 15")) ==
       "name with, odd=bits,U=7.x:2,D", "no name was changed")
    is_([m.subject for m in u.far.messages("Drafts")],
        ["number 9", "number 15"], "nor is a message there twice")
    body = next(m.body for m in u.far.messages("INBOX")
                if m.subject == "number 13")
    is_(body, wire(mail(13)), "no header was added")
    u.settled("then nothing more is to be done", sent=True)


@scenario
def from_new_to_cur():
    """A mail program takes a message from new/ to cur/, and reads one."""
    u.near.set("INBOX", "number 2", "S")
    u.near.set("INBOX", "number 5", "")
    r = u.plan_is_run("taken from new to cur, and read")
    is_((r.summary.get("fetched"), r.summary.get("pushed")), (0, 0),
        "travels nowhere")
    ok(r"\seen" in next(m for m in u.far.messages("INBOX")
                        if m.subject == "number 2").flags, "is read there")
    u.same("both sides agree")
    u.settled("and nothing more", sent=True)


@scenario
def choose():
    v = u.second()
    v.runs("--patterns", "--patterns", "* !Lists/* !Empty !Trash !Junk !Sent")
    is_(v.near.boxes(), ["Drafts", "INBOX"], "choose")
    v.runs("later all", "--patterns", "*")
    v.same("are there")


@scenario
def one_way():
    v = u.second()
    v.runs("--pull", "--pull")
    v.same("brings everything")
    v.near.deliver("INBOX", mail(20), "")
    v.near.set("INBOX", "number 1", "")
    v.near.remove("INBOX", "number 3")
    before = canon(u.far.all())
    v.runs("--pull with changes here", "--pull")
    is_(canon(u.far.all()), before, "takes none of them there")
    u.runs("the other is in step")
    n = len(u.near.files("INBOX"))
    v = u.second()
    v.near.make("INBOX")
    v.near.deliver("INBOX", mail(21), "S")
    v.runs("--push", "--push")
    is_(len(v.near.files("INBOX")), 1, "brings nothing")
    is_(len(u.far.messages("INBOX")), n + 1, "takes what is new")


@scenario
def three_maildirs():
    u.runs("the first Maildir of an account")
    w = u.second()
    w.runs("another")
    w.same("is as the server")
    w.near.set("INBOX", "number 21", "FS")
    w.near.deliver("INBOX", mail(22), "R")
    w.runs("changes there")
    u.runs("come here")
    u.same("by the server")
    u.settled("and that is all")


@scenario
def cannot_be():
    is_(u.sync("--password-command", "echo wrong").status, 77,
        "a wrong password is 77")
    ok(u.sync("-S", "imaps://localhost:1").status in (69, 75),
       "no server: 69 or 75")
    is_(u.sync("--ca", "/etc/ssl/certs").status, 77,
        "a bad certificate is 77")
    r = u.sync("--near", "/proc/nothing/here", "--state", u.dir + "/s2")
    ok(r.status in (73, 74), "a folder that cannot be made: 73 or 74", r.err +
       str(r.status))
    is_(u.sync("--create", "sometimes").status, 64, "a wrong word is 64")
    is_(u.sync("--delta", "guess").status, 64, "so is this")
    is_(u.sync("--connections", "0").status, 64, "and this")
    u.same("nothing happened by that")


def holding(pattern):
    """A proxy that waits before such a command: (proxy, inside, go)."""
    inside, go = threading.Event(), threading.Event()

    def hold(link, n, line):
        if re.search(pattern, line):
            inside.set()
            go.wait(120)
    return u.proxy(on_command=hold), inside, go


@scenario
def lock():
    u.far.append("INBOX", mail(30))
    p, inside, go = holding("UID FETCH")
    first = u.start(proxy=p)
    inside.wait(60)
    r = u.sync()
    ok(r.status == 75 and not go.is_set(),
       "while one run works a second one exits 75 at once",
       "exit %d %s" % (r.status, r.err))
    go.set()
    first.communicate(timeout=120)
    is_(first.returncode, 0, "the first ends well")
    u.same("with all of it")


@scenario
def interrupted():
    for sig, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")):
        u.far.append("INBOX", mail(next(serial) + 1000, 100))
        u.near.deliver("INBOX", mail(next(serial) + 2000))
        p, inside, go = holding("UID FETCH")
        run = u.start(proxy=p)
        inside.wait(60)
        run.send_signal(sig)
        time.sleep(0.1)
        go.set()
        out, err = run.communicate(timeout=120)
        ok(run.returncode in (75, 128 + sig, -sig), name + " ends it",
           "exit %d %s" % (run.returncode, err))
        for _ in range(1000):		# the proxy may hear it after the end
            if any("LOGOUT" in x for x in p.commands):
                break
            time.sleep(0.02)
        ok(any("LOGOUT" in x for x in p.commands), "it logs out", p.commands)
        u.runs("the next run")
        u.same("does the rest")
        u.settled("and no more", sent=True)


def by_config(*args, state="/xdg"):
    e = dict(os.environ, HOME=u.dir, XDG_CONFIG_HOME=u.dir + "/cfg",
             XDG_STATE_HOME=u.dir + state)
    r = subprocess.run([PROGRAM] + list(args), env=e, capture_output=True,
                       stdin=subprocess.DEVNULL, text=True, timeout=60)
    return Result(r.returncode, r.stdout, r.stderr)


def silent(r, name):
    ok(r.status == 0 and not r.out and not r.err, name,
       "exit %d %s%s" % (r.status, r.out, r.err))


@scenario
def configuration():
    os.makedirs(u.dir + "/cfg/postbag")
    with open(u.dir + "/cfg/postbag/config", "w") as f:
        f.write("""account work
  imap imaps://localhost:%d
  ca %s
  user %s
  password-command echo secret
sync mine : work
  near %s
  patterns * !Trash
  create near
  delete-near expunge
  connections 2
sync other : work
  near ~/cfgnear2
""" % (lab.imaps, lab.ca, u.name, u.dir + "/cfgnear"))
    silent(by_config("mine"), "imapsync NAME: a section")
    is_(sorted(Near(u.dir + "/cfgnear").boxes()),
        sorted(b for b in u.far.boxes() if b != "Trash"),
        "says what and where")
    ok(os.path.isdir(u.dir + "/xdg/postbag"), "the state: XDG_STATE_HOME")
    silent(by_config("mine", "other"), "two sections")
    v = u.second()
    v.near = Near(u.dir + "/cfgnear2")
    v.same("each has its own")
    ok(by_config("nobody").status in (64, 78), "none of that name: 64 or 78")


@scenario
def mbsyncrc():
    with open(u.dir + "/mbsyncrc", "w") as f:
        f.write("""# mine
IMAPAccount work
Host localhost
Port %d
User %s
PassCmd "echo secret"
SSLType IMAPS
CertificateFile %s

IMAPStore work-far
Account work

MaildirStore work-near
Path %s/
Inbox %s/INBOX
SubFolders Verbatim

Channel mine
Far :work-far:
Near :work-near:
Patterns * !Trash
Create Both
Expunge None
SyncState *
""" % (lab.imaps, u.name, lab.ca, u.dir + "/imported", u.dir + "/imported"))
    r = by_config("--import", u.dir + "/mbsyncrc")
    is_(r.status, 0, "--import of an .mbsyncrc")
    for want in (r"(?m)^account work", r"(?m)^sync mine", "user " + u.name,
                 r"password-command echo secret", r"patterns \* !Trash",
                 r"near \S*imported", r"create both"):
        like(r.out, want, "prints: " + want)
    with open(u.dir + "/cfg/postbag/config", "w") as f:
        f.write(r.out)
    silent(by_config("mine", state="/xdg2"), "what it printed works")
    is_(sorted(Near(u.dir + "/imported").boxes()),
        sorted(b for b in u.far.boxes() if b != "Trash"),
        "as it does with mbsync")


def by_hand(verb):
    return subprocess.run([PROGRAM, "state", verb] + u.words()[1:],
                          capture_output=True, text=True, timeout=60)


@scenario
def state_by_hand():
    u.runs("a run")
    r = by_hand("dump")
    is_(r.returncode, 0, "imapsync state dump")
    like(r.stdout, "INBOX", "names the mailboxes")
    r = by_hand("check")
    is_((r.returncode, r.stderr), (0, ""), "imapsync state check")
    is_(by_hand("rebuild").returncode, 0, "imapsync state rebuild")
    p = u.proxy()
    u.runs("a run after it", proxy=p)
    ok(not any(re.search(r"BODY\.PEEK\[\]|^APPEND", c) for c in p.commands),
       "transfers nothing", p.commands)
    u.same("and nothing is there twice")
    u.settled("and then nothing more")


done()
