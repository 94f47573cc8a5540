"""Reads the data files: text in, a list of Case out. README says the format."""
import os
import re
import subprocess

LISTS = ("stderr", "stderr-not", "stdout", "stdout-not", "heard", "heard-not",
         "clear-not", "message", "message-not", "secret", "env",
         "control")
SINGLE = ("rule", "command", "exit", "connects", "messages", "limit",
          "repeat", "cut", "nul", "cpu", "rss", "stdin", "stdin-repeat",
          "allow", "shell", "todo")


class BadFile(Exception):
    pass


class Case:
    def __init__(self, name, where):
        self.name = name
        self.where = where
        self.one = {}
        self.many = {key: [] for key in LISTS}
        self.servers = []               # (flags, [(line number, step)])
        self.files = []                 # (name, mode, bytes)

    def inherit(self, base):
        for key, value in base.one.items():
            self.one.setdefault(key, value)
        for key in LISTS:
            self.many[key] = base.many[key] + self.many[key]
        self.servers = self.servers or base.servers
        self.files = base.files + self.files

    def get(self, key, default=None):
        return self.one.get(key, default)


def unescape(text):
    """The bytes meant by text with \\r \\n \\0 \\x1b and the like in it."""
    return re.sub(
        rb"\\(x[0-9a-fA-F]{2}|.)",
        lambda m: bytes([int(m[1][1:], 16)]) if len(m[1]) == 3 else
        {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0",
         b"e": b"\x1b"}.get(m[1], m[1]),
        text.encode(), flags=re.S)


def pattern(text):
    """text: a substring; "text": the same with escapes; /text/: a regex."""
    if len(text) > 1 and text[0] == text[-1] == "/":
        return re.compile(text[1:-1].encode(), re.S | re.M)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.compile(re.escape(unescape(text[1:-1])))
    return re.compile(re.escape(text.encode()))


def header(case, line, where):
    key, colon, value = line.partition(":")
    key, value = key.strip(), value.strip()
    if not colon:
        raise BadFile("%s: not 'key: value': %s" % (where, line))
    if key == "name":
        case.name = value
    elif key in LISTS:
        case.many[key].append(value)
    elif key in SINGLE:
        case.one[key] = value
    else:
        raise BadFile("%s: unknown key %s" % (where, key))


def text_section(lines, escaped):
    while lines and not lines[-1]:
        lines.pop()
    if escaped:
        return unescape("".join(lines))
    return "".join(line + "\n" for line in lines).encode()


def close_section(case, head, lines):
    """Store what stood below '--- HEAD'."""
    words = head.split()
    if words[0] == "server":
        steps = [(n, line.strip()) for n, line in lines
                 if line.strip() and not line.lstrip().startswith("#")]
        case.servers.append(([w for w in words[1:] if not w.isdigit()], steps))
        return
    body = text_section([line for _, line in lines], "escaped" in words)
    if words[0] == "stdin":
        case.one["stdin-bytes"] = body
    elif words[0] == "file":
        modes = [w for w in words[2:] if w.isdigit()] or ["600"]
        case.files.append((words[1], int(modes[0], 8), body))
    elif words[0] == "message":
        case.one["message-bytes"] = body
    else:
        raise BadFile("%s: unknown section %s" % (case.where, head))


def parse(text, path):
    """All cases of one file. What stands before the first '===' is shared."""
    base = Case(None, path)
    cases, case, head, lines = [], base, None, []

    def finish_section():
        nonlocal head, lines
        if head:
            close_section(case, head, lines)
        head, lines = None, []

    for n, line in enumerate(text.split("\n"), 1):
        if line.startswith("=== "):
            finish_section()
            case = Case(line[4:].strip(), "%s:%d" % (path, n))
            cases.append(case)
        elif line.startswith("--- "):
            finish_section()
            head = line[4:]
        elif head:
            lines.append((n, line))
        elif line.strip() and not line.startswith("#"):
            header(case, line, "%s:%d" % (path, n))
    finish_section()
    for case in cases:
        case.inherit(base)
    cases = cases or [base]
    for case in cases:
        case.name = case.name or os.path.basename(path)
        if not case.get("command"):
            raise BadFile("%s: no command" % case.where)
    return cases


def read(path):
    """A .gen file is a program that prints a data file."""
    if path.endswith(".gen"):
        out = subprocess.run(["python3", path], check=True,
                             stdout=subprocess.PIPE).stdout.decode()
        return parse(out, path)
    with open(path, newline="\n") as f:
        return parse(f.read(), path)
