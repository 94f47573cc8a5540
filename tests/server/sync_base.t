#!/usr/bin/env python3
"""imapsync: whose a base is: of which Maildirs, which account, which way."""
from synclab import *


def account(n=4, **how):
    u = Alone(**how)
    for i in range(1, n + 1):
        u.box().add(mail(i))
    return u


def other(u, near=None):
    """The same account and state, other Maildirs."""
    v = Alone.__new__(Alone)
    v.__dict__.update(u.__dict__)
    v.near = Near(near or u.dir + "/other")
    return v


def note(u):
    with open(u.state + "/base") as f:
        return f.read()


def there(u):
    return sorted(m.data for m in u.box().messages)


def fetched(r):
    return r.summary.get("fetched"), r.summary.get("pushed")


def said_of(u, verb, *how):
    """state: of the same account, without a connection."""
    r = subprocess.run([PROGRAM, "state", verb, "-S", "imap://x", "--state",
                        u.state, "--near", u.near.root, *how],
                       capture_output=True)
    return r.returncode, r.stderr.decode(), r.stdout.decode()


@scenario
def second():
    """A second Maildir of the account just works, with one --state."""
    u = account()
    u.runs("the first one")
    v = other(u)
    r = v.runs("the second", "-j")
    is_(fetched(r), (4, 0), "has all messages")
    is_(fetched(u.runs("the first again", "-j")), (0, 0), "nothing to do")
    is_(fetched(v.runs("the second again", "-j")), (0, 0), "nothing to do")
    v.near.remove("INBOX", "number 2")
    v.near.deliver("INBOX", mail(9))
    v.runs("a deletion and a new one in the second", "--delete-far",
           "expunge")
    is_(there(u), sorted(wire(mail(i)) if i == 9 else mail(i)
                         for i in (1, 3, 4, 9)), "go to the server")
    is_([len(re.findall(r"(?m)^  5 ", said_of(x, "dump")[2]))
         for x in (u, v)], [0, 1], "state dump shows that of each")
    u.runs("and from there")
    is_(sorted(m.subject for m in u.near.messages("INBOX")),
        ["number 1", "number 3", "number 4", "number 9"], "to the first")
    is_(said_of(v, "check")[:2], (0, ""), "state check finds the second's")


@scenario
def both_ways_to_it():
    """The same Maildirs by another name are the same ones."""
    u = account()
    u.runs("a first run")
    os.symlink(u.near.root, u.dir + "/link")
    r = other(u, u.dir + "/link").runs("by a symbolic link", "-j")
    is_(fetched(r), (0, 0), "nothing is transferred")
    r = other(u, u.near.root + "/").runs("with a slash behind", "-j")
    is_(fetched(r), (0, 0), "nothing is transferred")
    ok(not os.path.exists(u.near.root + "/.attic"), "nor another attic made")
    is_([x for x in os.listdir(u.state) if len(x) == 16], [],
        "and there is one base")


@scenario
def renamed():
    """Maildirs that were renamed take their base along."""
    u = account()
    u.runs("a first run")
    u.near.remove("INBOX", "number 2")
    os.rename(u.near.root, u.dir + "/other")
    v = other(u)
    v.runs("under another name", "--delete-far", "expunge")
    is_(len(there(u)), 3, "what was deleted here is deleted there")
    like(note(u), r"\nnear .*/other$", "and the base is theirs")


@scenario
def unmounted():
    """Maildirs that are gone are not those of another name."""
    u = account()
    u.runs("a first run")
    os.rename(u.near.root, u.dir + "/away")
    new = u.dir + "/never"
    is_(other(u, new).sync("-n").status, 0, "-n with Maildirs to be made")
    ok(not os.path.exists(new) and not os.path.exists(new + ".attic"),
       "makes none, nor an attic")
    for how in ((), ("-n",)):
        u.runs("they are gone %s" % (how,), *how, status=75)
    ok(not os.path.exists(u.near.root), "and not made in an empty place")
    r = other(u).runs("other ones", "-j")
    is_(fetched(r), (4, 0), "have a base of their own")
    os.rename(u.dir + "/away", u.near.root)
    is_(fetched(u.runs("they are back", "-j")), (0, 0), "with their base")
    is_(len(there(u)), 4, "nothing was deleted")


@scenario
def two_accounts():
    """Two accounts cannot share Maildirs."""
    u = account()
    u.runs("of one account")
    tree = u.near.tree()

    def other_account(*args, status):
        w = u.words(*args)
        w[w.index("jo")] = "eve"
        p = subprocess.run(w, capture_output=True, timeout=FOREVER)
        ok(p.returncode == status, "another account: %d" % status,
           (p.returncode, p.stderr))
        return p.stderr.decode()
    for args in ((), ("-n",)):
        like(other_account(*args, status=64),
             r"near: .*jo@127.*eve@127.*--accept-mode", "names both")
    is_((u.near.tree(), len(there(u))), (tree, 4), "nothing is changed")
    other_account("--accept-mode", status=0)
    like(note(u), r"account eve@", "accepted")
    other_account(status=0)
    u.near.root += "2"
    w = u.runs("the first one, elsewhere", "-j")
    is_(fetched(w), (4, 0), "has a base of its own")


@scenario
def two_sections():
    """Nor with a state of its own."""
    u = account()
    os.mkdir(u.dir + "/cfg")
    conf = u.dir + "/cfg/conf"
    with open(conf, "w") as f:
        for name, user in (("one", "jo"), ("again", "jo"), ("two", "eve")):
            f.write("account a%s\n  imap imap://127.0.0.1:%d\n  tls off\n"
                    "  user %s\n  password-command echo secret\n"
                    "sync %s : a%s\n  near %s\n" % (
                        name, u.server.port, user, name, name, u.near.root))

    def run(*args):
        return subprocess.run(
            [PROGRAM, "--config", conf] + list(args), capture_output=True,
            timeout=FOREVER, env=dict(os.environ, HOME=u.dir,
                                      XDG_STATE_HOME=u.dir + "/xdg"))
    is_(run("one").returncode, 0, "a section")
    is_(run("again").returncode, 0, "another one of the same account")
    p = run("two")
    is_(p.returncode, 64, "one of another account")
    like(p.stderr.decode(), "jo@.*eve@", "names both")
    is_(run("--accept-mode", "two").returncode, 0, "accepted")
    is_(run("two").returncode, 0, "and so it stays")


@scenario
def exchanged():
    """Pull and push exchanged would undo each other."""
    for one, two in (("--pull", "--push"), ("--push", "--pull")):
        u = account()
        u.runs("a run with %s" % one, one)
        u.near.make("INBOX")
        u.near.deliver("INBOX", mail(7))
        r = u.runs("then %s: 64" % two, two, status=64)
        like(r.err, r"the last run went .*, this one goes .*--accept-mode",
             "both are named")
        is_(said_of(u, "check", two)[:2], (0, ""),
            "a look at the state is not refused")
        u.runs("accepted", two, "--accept-mode")
        u.runs("once is enough", two)
        u.runs("both ways needs no word")
    u = account()
    u.runs("both ways")
    u.runs("then one way", "--pull")
    u.runs("and both", "-j")


@scenario
def earlier():
    """A state without a note, of an earlier version, is taken over."""
    u = account()
    u.runs("a first run")
    was = note(u)
    os.unlink(u.state + "/base")
    r = u.runs("-n", "-n", "-j")
    ok(fetched(r) == (0, 0) and not os.path.exists(u.state + "/base"),
       "-n notes nothing", r.out)
    is_(fetched(u.runs("a run", "-j")), (0, 0), "transfers nothing")
    is_(note(u), was, "and notes whose it is")
    for text, status in (("postbag base 2\nx\n", 78), ("\0\xff\n", 0),
                         ("postbag base 1\nmode", 0), ("", 0)):
        with open(u.state + "/base", "w") as f:
            f.write(text)
        u.runs("a note %r: %d" % (text, status), status=status)
    is_(note(u), was, "what cannot be read is written anew")


done()
