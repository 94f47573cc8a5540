#!/usr/bin/env python3
"""--import of six configurations or more of each kind (tests/import): what they
would do here is the table's row, and what the other program says it would do.

	import_peers.t		compares
	import_peers.t -w	writes the table anew: read what changed
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.realpath(os.path.dirname(os.path.abspath(__file__)) + "/../..")
BUILD = os.environ.get("POSTBAG_BUILD", ROOT + "/build")
DATA = ROOT + "/tests/import"
HOME = tempfile.mkdtemp()
TOOL = {"fetchmail": "mailfetch", "getmail": "mailfetch", "mpop": "mailfetch",
        "msmtp": "mailsend", "mbsync": "imapsync", "offlineimap": "imapsync"}
COLUMNS = ("file", "name", "protocol", "host", "port", "tls", "user", "auth",
           "deliver", "delete", "folders", "size", "count")
PORTS = {"pop3": 110, "pop3s": 995, "imap": 143, "imaps": 993, "smtp": 587,
         "smtps": 465, "lmtp": 24}
count, bad = 0, 0


def ok(held, name, why=""):
    global count, bad
    count += 1
    bad += not held
    print("%sok %d - %s" % ("" if held else "not ", count, name))
    if not held:
        print("# " + str(why).replace("\n", "\n# "), file=sys.stderr)


def run(*argv, text=None):
    p = subprocess.run(argv, input=text, capture_output=True, text=True,
                       timeout=60, env=dict(os.environ, HOME=HOME,
                                            LC_ALL="C.UTF-8"))
    return p.returncode, p.stdout, p.stderr


# ---- ours ----

def unquoted(v):
    if v.startswith('"'):
        return re.sub(r"\\(.)", r"\1", v[1:-1])
    return v


def sections(text):
    """[(kind, name, parent, {key: [values]}, notes)]"""
    got = []
    for line in text.splitlines():
        if line.startswith("  # "):
            got[-1][4].append(line[4:]) if got else None
        elif line.startswith("  "):
            key, value = line[2:].split(" ", 1)
            got[-1][3].setdefault(key, []).append(unquoted(value))
        elif not line.startswith("#"):
            kind, name = line.split(" ", 1)
            name, _, parent = name.partition(" : ")
            got.append((kind, name, parent, {}, []))
    return got


def server(keys, notes):
    for p in ("pop3", "imap", "smtp", "lmtp"):
        if p in keys:
            scheme, rest = keys[p][0].split("://")
            user, _, rest = rest.rpartition("@")
            m = re.fullmatch(r"(.*?)(?::(\d+))?", rest)
            host, port = m[1], m[2] or str(PORTS[scheme])
            if "connect-to" in keys:
                host = keys["connect-to"][0].rpartition(":")[0]
            tls = "implicit" if scheme.endswith("s") else "starttls"
            if any("without TLS there" in n for n in notes) or \
                    keys.get("tls") == ["off"]:
                tls = "none"
            return p, host, port, tls, user.replace("%3A", ":") or \
                keys.get("user", ["-"])[0]


def rows(name, text):
    """One for each account with what is done with it."""
    got = []
    all_of = sections(text)
    accounts = {s[1]: s for s in all_of if s[0] == "account"}
    uses = [s for s in all_of if s[0] != "account"]
    used = {s[2] or s[1] for s in uses}
    for s in uses + [a for a in accounts.values() if a[1] not in used]:
        a = accounts[s[2] or s[1]] if s[0] != "account" else s
        if s[0] == "account" and a[2]:
            got.append((name, a[1] + " : " + a[2]) + ("-",) * 11)
            continue
        keys = dict(a[3], **s[3]) if s[0] != "account" else a[3]
        p, host, port, tls, user = server(a[3], a[4])

        def said(*names, join=" "):
            return join.join("%s" % v for n in names
                             for v in keys.get(n, [])) or "-"
        deliver = said("deliver") if s[0] != "sync" else said("near")
        delete = said("delete", "move-to")
        if s[0] == "sync":
            delete = "far=%s near=%s create=%s%s%s%s" % (
                said("delete-far"), said("delete-near"), said("create"),
                "".join(" %s=%s" % (k, "+".join(keys[k][0].split()))
                        for k in ("far-gets", "near-gets") if k in keys) +
                " pull" * ("pull" in keys), " push" * ("push" in keys),
                " folders" * ("folders" in keys))
        if s[0] == "account":
            deliver, delete = said("from"), said("dsn", "dsn-ret")
        auth = said("auth") + (" token" if "token-command" in keys else
                               " command" if "password-command" in keys else
                               " file" if "password-file" in keys else "")
        got.append((name, s[1], p, host, port, tls, user, auth, deliver,
                    delete, said("folder", join=", ") if s[0] == "fetch" else
                    said("patterns", "ehlo"), said("max-size"),
                    said("limit")))
    return got


# ---- what the others say: {(host, user): {column: value}} ----

def fetchmail(path):
    rc, out, err = run("fetchmail", "-V", "-f", path)
    got = {}
    for block in out.split("Options for retrieving from ")[1:]:
        who = block.split(":\n", 1)[0]

        def find(pattern):
            m = re.search(pattern, block)
            return m and m[1]
        host = find(r"True name of server is (.*)\.\n")
        user = who.rpartition("@")[0]
        tls = "starttls"
        if "SSL encrypted sessions enabled" in block:
            tls = "implicit"
        elif find(r"SSL protocol: (.*)\.\n") == "":
            tls = "none"
        protocol = find(r"Protocol is (\w+)").lower()
        port = find(r"using service (\w+)")
        port = port if port and port.isdigit() else str(PORTS[
            port or protocol + "s" * (tls == "implicit")])
        mda = find(r'delivered with "(.*)"')
        lmtp = find(r"LMTP-forwarded to: (.*)")
        smtp = find(r" SMTP-forwarded to: (\S+)")
        if smtp and "Single-drop" in block and smtp.startswith("localhost"):
            smtp = "smtp://127.0.0.1" + smtp[9:].replace("/", ":")
        else:
            smtp = "-"          # said in a comment
        boxes = find(r"Selected mailboxes are: (.*)")
        got[host, user] = {
            "protocol": protocol, "port": port, "tls": tls,
            "auth": "cram-md5" if "CRAM-MD5 authentication" in block else "-",
            "delete": "never" if "(--keep on)" in block else "now",
            "folders": boxes or "-",
            "size": find(r"\(--limit (\d+)\)") or "-",
            "count": find(r"\(--fetchlimit (\d+)\)") or "-",
            "deliver": "exec:" if mda else "lmtp:" + lmtp if lmtp else smtp,
        }
    return rc, got, err


def pairs(text):
    """mpop's and msmtp's "key = value", from each "using account" on"""
    for block in text.split("using account ")[1:]:
        yield dict(re.findall(r"(?m)^(\w[\w ]*) = (.*)$", block))


def words(d, protocol):
    tls = "none"
    if d["tls"] == "on":
        tls = "starttls" if d["tls_starttls"] == "on" else "implicit"
    auth = d["auth"].lower()
    return (d["host"], d["user"].replace("(not set)", "-")), {
        "protocol": protocol, "port": d["port"], "tls": tls,
        "auth": "-" if auth in ("choose", "none") else auth}


def mpop(path):
    rc, out, err = run("mpop", "-P", "-a", "-C", path)
    got = {}
    for d in pairs(out):
        who, row = words(d, "pop3")
        kind, place = d["delivery"].split(" ", 1)
        row["delete"] = "never" if d["keep"] == "on" else "now"
        row["size"] = d["skipsize"].replace("off", "-").split()[0]
        row["deliver"] = "exec:" if kind == "mda" else \
            kind + ":" + place.replace(HOME, "~")
        got[who] = row
    return rc, got, err


def msmtp(path):
    got, worst, why = {}, 0, ""
    with open(path) as f:
        names = re.findall(r"(?m)^account +(\S+)", f.read()) or ["default"]
    for name in names:
        rc, out, err = run("msmtp", "-P", "-C", path, "-a", name, "x@y.test",
                           text="")
        for d in pairs(out):
            who, row = words(d, d["protocol"])
            row["deliver"] = d["from"]
            dsn = [d[k].lower() for k in ("dsn_notify", "dsn_return")
                   if d[k] != "(not set)"]
            row["delete"] = " ".join(dsn) or "-"
            got[who] = row
        if not re.search("using account", out):
            worst, why = 1, err
    return worst, got, why


def getmail(path):
    rc, out, err = run("getmail", "--dump", "--rcfile", path, "--getmaildir",
                       HOME + "/.getmail")
    m = re.search(r"retriever: +(\w+)\((.*)\)\n(?: *filter: .*\n)*"
                  r" *destination: +(\w+)\((.*)\)", out)
    if not m:
        return 1, {}, err + out
    kinds = {"Maildir": "maildir:", "Mboxrd": "mbox:", "MDA_external": "exec:",
             "MDA_lmtp": "lmtp:", "MultiSorter": "-"}
    to = kinds.get(m[3], "")
    if m[3] == "MultiDestination":
        to = " ".join(kinds[k] + p for k, p in
                      re.findall(r"(\w+) ([^,]+)", m[4]))
    elif m[3] == "MDA_lmtp":
        to += ":".join(re.findall(r'(?:host|port)="([^"]*)"', m[4]))
    elif to in ("maildir:", "mbox:"):
        to += re.search(r'\bpath="([^"]*)"', m[4])[1]
    d = dict(re.findall(r'(\w+)="((?:[^"]|"(?!, \w+=|$))*)"', m[2]))
    o = dict(re.findall(r"(?m)^    (\w+) : (.*)$", out))
    row = {"protocol": "imap" if "IMAP" in m[1] else "pop3",
           "port": d["port"], "tls": "implicit" if "SSL" in m[1] else "none",
           "size": o["max_message_size"].replace("0", "-", 1) if
           o["max_message_size"] == "0" else o["max_message_size"],
           "count": "-" if o["max_messages_per_session"] == "0" else
           o["max_messages_per_session"],
           "deliver": to.replace(HOME, "~")}
    flags = d.get("imap_on_delete", "None")
    if o["delete"] == "True" and flags != "None" and "Deleted" not in flags:
        row["delete"] = "never"
    elif o["delete"] == "True":
        row["delete"] = "now" if d.get("move_on_delete", "None") == "None" \
            else d["move_on_delete"]
    else:
        row["delete"] = "never" if o["delete_after"] == "0" else \
            "after:" + o["delete_after"]
    if "mailboxes" in d:
        row["folders"] = "*" if "ALL" in d["mailboxes"] else ", ".join(
            eval(d["mailboxes"]))
    return rc, {(d["server"], d["username"]): row}, err


def mbsync(path):
    """It says nothing of itself, but whether it takes the file."""
    rc, out, err = run("mbsync", "-c", path, "no-such-channel")
    return "defined" not in err, None, err


def offlineimap(path):
    rc, out, err = run("offlineimap", "-c", path, "-a", "no-such", "-u",
                       "basic", "--dry-run")
    return "does not exist" not in out + err, None, out + err


def same(mine, theirs):
    """What differs, of what they say."""
    wrong = []
    for column, v in theirs.items():
        m = dict(zip(COLUMNS, mine))[column]
        if column == "auth":
            m = re.sub(r" (token|command|file)$", "", m)
        if column == "folders":
            m, v = m.replace(",", ""), v.replace(",", "")
        if column == "folders" and (m, v) == ("-", "INBOX"):
            continue
        if column == "deliver" and v == "exec:":
            m = m[:5]
        if column == "deliver" and ("*" in v or v == "(not set)"):
            v = "-"             # no address: said in a comment
        if m != v:
            wrong.append("%s: %s, there %s" % (column, m, v))
    return wrong


class Lmtp(threading.Thread):
    """getmail --dump connects to its destination."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.sock.getsockname()[1])
        self.start()

    def run(self):
        while True:
            s = self.sock.accept()[0]
            with s, s.makefile("rwb", 0) as f:
                f.write(b"220 x\r\n")
                for _ in f:
                    f.write(b"250 x\r\n")


def compare(name, path, mine):
    kind = name.split("-")[0]
    if shutil.which(kind) is None:
        print("ok %d - %s says the same # SKIP not installed" % (count + 1,
                                                              name))
        return
    # commands for passwords would be run
    with open(path) as f:
        text = re.sub(r"(?m)^passwordeval .*", "passwordeval echo x",
                      f.read())
    port = "2424"
    if kind == "getmail" and port in text:
        port = Lmtp().port
        text = text.replace("2424", port)
    text = text.replace("/usr/bin/spamc", "/bin/cat")   # it must be there
    copy = HOME + "/" + name
    with open(copy, "w") as f:
        f.write(text)
    os.chmod(copy, 0o600)
    rc, theirs, err = globals()[kind](copy)
    ok(rc == 0 and theirs != {}, name + ": the other program takes it", err)
    if theirs is None:
        return
    by_who = {(r[3], r[6]): r for r in mine}
    for who, row in theirs.items():
        r = by_who.get(who)
        if "deliver" in row:
            row["deliver"] = row["deliver"].replace(port, "2424")
        wrong = same(r, row) if r else ["no such row: %s" % sorted(by_who)]
        ok(not wrong, "%s: %s at %s, as the other program says" % (
            name, who[1], who[0]), "\n".join(wrong))


def main():
    want, got = [], []
    for d in ("Maildir", "Copy", "Anna", ".getmail", "mail", "my mail"):
        for sub in ("cur", "new", "tmp"):
            os.makedirs("%s/%s/%s" % (HOME, d, sub), exist_ok=True)
    for f in ("mail/all", ".cert.pem", ".key.pem", "mbox"):
        open(HOME + "/" + f, "w").close()
    with open(DATA + "/table") as f:
        want = [tuple(x.rstrip("\n").split("\t")) for x in f
                if not x.startswith("#")]
    for name in sorted(os.listdir(DATA)):
        if name == "table":
            continue
        path = DATA + "/" + name
        rc, out, err = run(BUILD + "/" + TOOL[name.split("-")[0]],
                           "--import", path)
        mine = rows(name, out)
        got += mine
        if "-w" in sys.argv:
            continue
        ok(rc == 0, name + ": is taken over", err)
        ok("hunter" not in out, name + ": without a password", out)
        ok(mine == [r for r in want if r[0] == name],
           name + ": as the table has it", "\n".join("%s" % (r,)
                                                     for r in mine))
        compare(name, path, mine)
    if "-w" in sys.argv:
        with open(DATA + "/table", "w") as f:
            f.write("#" + "\t".join(COLUMNS) + "\n")
            f.writelines("\t".join(r) + "\n" for r in got)
    shutil.rmtree(HOME)
    print("1..%d" % count)
    return bad > 0


sys.exit(main())
