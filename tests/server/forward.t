#!/usr/bin/env bash
# Real mail is forwarded: mailfetch hands each message to one run of mailsend,
# which submits it to Postfix, which delivers it.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix || skip_all "no Postfix here"
export XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T

mkdir "$T/postbag"
cat > "$T/postbag/config" <<C
defaults
  ca $LAB_CA
  user billy
  password-command echo secret
account out
  smtp smtps://localhost:$LAB_SMTPS_PORT
account work
  imap imaps://localhost:$LAB_IMAPS_PORT
C
python3 - "$LAB_MAILDIR_billy/new" <<'P'
import sys
body = ["ascii\n", ".\n..\nFrom here\n", "Gr\u00fc\u00dfe\n", "no end", ""]
for i, b in enumerate(body):
    with open("%s/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "wb") as f:
        f.write(("From: Jo <jo@example.org>\nTo: billy@johndoe.com\n"
                 "Message-ID: <%d@example.org>\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n"
                 "Subject: number %d\nMIME-Version: 1.0\n"
                 "Content-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: 8bit\n\n" % (i, i) + b).encode())
P
lab_own "$LAB_MAILDIR_billy"

# Each run says so, and goes on as mailsend itself.
mkdir "$T/bin"
cat > "$T/bin/mailsend" <<C
#!/bin/sh
echo run >> "$T/runs"
exec "$BUILD/mailsend" "\$@"
C
chmod +x "$T/bin/mailsend"
PATH=$T/bin:$PATH

status 0 "what is new is forwarded" mailfetch work \
    --deliver exec:'mailsend -A out -f billy@johndoe.com jane@johndoe.com'
is "$OUT$ERR" "" "and nothing is said"
is "$(wc -l < "$T/runs")" 5 "one run of mailsend for each message"
ok "they arrive" lab_mail_wait jane 5
python3 - "$LAB_MAILDIR_jane/new" <<'P' > "$T/facts"
import email, email.policy, glob, sys
got = {}
for f in glob.glob(sys.argv[1] + "/*"):
    m = email.message_from_binary_file(open(f, "rb"), policy=email.policy.default)
    got[m["Message-ID"]] = (m["Subject"], m["From"], m.get_content().replace("\r\n", "\n"))
for k in sorted(got):
    print(k, *got[k][:2], repr(got[k][2]))
P
is "$(cat "$T/facts")" "<0@example.org> number 0 Jo <jo@example.org> 'ascii\\n'
<1@example.org> number 1 Jo <jo@example.org> '.\\n..\\nFrom here\\n'
<2@example.org> number 2 Jo <jo@example.org> 'Grüße\\n'
<3@example.org> number 3 Jo <jo@example.org> 'no end\\n'
<4@example.org> number 4 Jo <jo@example.org> ''" "as they were"
status 0 "again" mailfetch work \
    --deliver exec:'mailsend -A out -f billy@johndoe.com jane@johndoe.com'
is "$(wc -l < "$T/runs")" 5 "none is forwarded a second time"

# A server that is away: 75, and the message stays where it is.
sed -i "s/smtps:.*/smtps:\/\/localhost:1/" "$T/postbag/config"
cp "$LAB_MAILDIR_jane/new/$(ls "$LAB_MAILDIR_jane/new" | head -n 1)" \
    "$LAB_MAILDIR_billy/new/1800000000.M1.host"
lab_own "$LAB_MAILDIR_billy"
status '75' "the way out is closed" mailfetch work \
    --deliver exec:'mailsend -A out -f billy@johndoe.com jane@johndoe.com'
status 0 "the message is new still" mailfetch work --check

# The script that is installed for it: a second time round is refused.
sed -i "s/smtps:.*/smtps:\/\/localhost:$LAB_SMTPS_PORT/" "$T/postbag/config"
rm -f "$LAB_MAILDIR_jane"/new/* "$LAB_MAILDIR_billy"/new/* "$LAB_MAILDIR_billy"/cur/*
printf 'From: Jo <jo@example.org>\nTo: billy@johndoe.com\nSubject: new\n\nhello\n' \
    > "$LAB_MAILDIR_billy/new/1850000000.M1.host"
lab_own "$LAB_MAILDIR_billy"
head -c 32 /dev/urandom > "$T/key"
chmod 600 "$T/key"
forward="exec:$ROOT/scripts/mail-forward -s '-A out' -d johndoe.com -k $T/key jane@johndoe.com"
status 0 "by mail-forward" mailfetch work --deliver "$forward"
ok "it arrives" lab_mail_wait jane 1
first=$(cat "$LAB_MAILDIR_jane"/new/*)
like "$first" 'Delivered-To: jane@johndoe.com' "with its line"
rm -f "$LAB_MAILDIR_billy"/new/* "$LAB_MAILDIR_billy"/cur/*
printf '%s\n' "$first" > "$LAB_MAILDIR_billy/new/1900000000.M1.host"
lab_own "$LAB_MAILDIR_billy"
status 69 "what has come back" mailfetch work --deliver "$forward"
like "$ERR" 'forwarded there before' "stays, with a word"
done_testing
