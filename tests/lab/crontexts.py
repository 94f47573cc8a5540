"""crontexts.py DIR: twelve kinds of text that cron and other daemons pipe into
sendmail(8), a file each; crontexts.py DIR MAIL...: which of them are among these
files, right?  A line for each that is not."""
import email
import email.policy
import os
import re
import sys

HEAD = b'From: root (Cron Daemon)\nTo: billy\nSubject: kind %d\n'
# What the text must be found in, when it is decoded.
KINDS = [
    (b'', b'plain\n', 'plain'),
    (b'', b'10%\r20%\r30%\rdone\n', 'done'),
    (b'', b'a\0b\n', 'b'),
    (b'', b'x' * 3000 + b' end\n', 'x' * 3000 + ' end'),
    (b'X-Latin: Gr\xfc\xdfe\n', b'latin\n', 'latin'),
    (b'X-Utf8: Gr\xc3\xbc\xc3\x9fe\n', b'utf8\n', 'utf8'),
    (b'', b'Gr\xc3\xbc\xc3\x9fe\n', 'Grüße'),
    (b'', b'Gr\xfc\xdfe\n', None),
    (b'X-Long: ' + b'word ' * 600 + b'\n', b'long field\n', 'long field'),
    (b'Cc: bad..dots@x.test, billy\n', b'one bad address\n', 'one bad'),
    (b'', b'.\n..\nFrom here\n', '.\n..\nFrom here'),
    (b'', b'no line end', 'no line end'),
]


def write(where):
    for i, (more, text, _) in enumerate(KINDS):
        with open('%s/%d' % (where, i), 'wb') as f:
            f.write(HEAD % i + more + b'\n' + text)


def faults(raw, i, seven):
    wire = raw.replace(b'\r\n', b'\n')
    m = email.message_from_bytes(raw, policy=email.policy.default)
    text = m.get_payload(decode=True).decode('utf-8', 'replace')
    head = wire.split(b'\n\n', 1)[0]
    if b'\r' in wire or b'\0' in wire:
        yield 'a bare CR or a NUL'
    if max(len(x) for x in wire.split(b'\n')) > 998:
        yield 'a line over 998'
    if not head.isascii() or (seven and not wire.isascii()):
        yield '8 bits'
    if KINDS[i][2] and KINDS[i][2] not in text.replace('\r\n', '\n'):
        yield 'another text: %r' % text[:200]
    for name in ('From', 'To'):
        if '@' not in (m[name] or ''):
            yield '%s has no domain: %r' % (name, m[name])


def check(files):
    seen = {}
    for path in files:
        with open(path, 'rb') as f:
            raw = f.read()
        found = re.search(rb'^Subject: kind (\d+)', raw, re.M)
        if found:
            seen[int(found.group(1))] = raw
    bad = 0
    for i in range(len(KINDS)):
        for why in faults(seen[i], i, 'SEVEN' in os.environ) \
                if i in seen else ['is not there']:
            print('kind %d: %s' % (i, why))
            bad = 1
    return bad


if len(sys.argv) == 2:
    write(sys.argv[1])
else:
    sys.exit(check(sys.argv[2:]))
