#!/usr/bin/env bash
# mailsend against real servers: Postfix, Dovecot, openssl s_server.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix

smtps() { mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' -f billy@johndoe.com "$@"; }
tls() { smtps -S "smtp://localhost:$LAB_SUBMISSION_PORT" "$@"; }
last() { lab_mail_wait "$1" "${2:-1}" && lab_mail_last "$1"; }
fact() { grep -q -- "$1" "$T/facts"; }
facts() { python3 "$ROOT/tests/server/eml.py" "$(last "$1" "${2:-1}")" \
    > "$T/facts"; }
sum() { sha256sum < "$1" | cut -d' ' -f1; }

# ---- the message of the first page
head -c 300000 /dev/urandom > "$T/report.pdf"
echo 'disk full on db1' > "$T/text"
status 0 "465: text, subject and attachment are accepted" \
    smtps -s 'alert: ünïcode' -a "$T/report.pdf" billy@johndoe.com < "$T/text"
is "$OUT$ERR" "" "and nothing is said about it"
facts billy
ok "subject arrives" fact '^Subject: alert: ünïcode$'
ok "text arrives" fact '^text: disk full on db1$'
ok "attachment arrives byte for byte" \
    fact "part application/pdf report.pdf $(sum "$T/report.pdf")"
not_ok "Python finds no defect" fact defect

# ---- ways to the server
lab_mail_clear billy
status 0 "587: STARTTLS, then AUTH" tls -s two billy@johndoe.com < "$T/text"
facts billy
ok "it arrived" fact '^Subject: two$'
lab_mail_clear jane
status 0 "LMTP over TCP, with STARTTLS" mailsend --ca "$LAB_CA" -S "lmtp://127.0.0.1:$LAB_LMTP_PORT" \
    -f a@b.test -s three jane@johndoe.com < "$T/text"
status 0 "LMTP over a local socket" mailsend -S "lmtp:$LAB_LMTP_SOCKET" \
    -f a@b.test -s four jane@johndoe.com < "$T/text"
ok "both arrived" lab_mail_wait jane 2
status 0 "--connect-command" smtps --connect-command \
    "ncat 127.0.0.1 $LAB_SMTPS_PORT" -s five jane@johndoe.com < "$T/text"
ok "it arrived" lab_mail_wait jane 3
status 0 "--connect-to dials there and verifies the server's name" \
    mailsend -S smtps://mail.johndoe.com --ca "$LAB_CA" -u billy \
    --password-command 'echo secret' -f billy@johndoe.com \
    --connect-to "127.0.0.1:$LAB_SMTPS_PORT" -s six jane@johndoe.com \
    < "$T/text"
status 0 "an address literal is verified by its IP SAN" \
    smtps -S "smtps://127.0.0.1:$LAB_SMTPS_PORT" -s seven jane@johndoe.com \
    < "$T/text"

# ---- mechanisms, all on a real server
for mech in plain login scram-sha-1 scram-sha-256 cram-md5; do
	status 0 "AUTH $mech" smtps -vv --auth $mech --quit-after auth
	like "$ERR" "AUTH ${mech^^} \*\*\*" "$mech was used, and masked"
	unlike "$ERR" 'secret|c2VjcmV0' "its secret is not shown"
done
status 0 "OAUTHBEARER" mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" \
    --ca "$LAB_CA" -u billy@johndoe.com --token-command "echo $LAB_TOKEN_billy" \
    --auth oauthbearer --quit-after auth
status 0 "XOAUTH2" mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" \
    --ca "$LAB_CA" -u billy@johndoe.com --token-command "echo $LAB_TOKEN_billy" \
    --auth xoauth2 --quit-after auth
status 0 "a password with blanks, quotes and umlauts" \
    smtps -u jane --password-command 'printf %s "$LAB_PASS_jane"' \
    --quit-after auth
status 77 "a wrong password is refused" smtps \
    --password-command 'echo wrong' --quit-after auth
like "$ERR" 'login refused: 535' "in the server's words"

# ---- recipients
lab_mail_clear billy
status 67 "one of three recipients is refused" smtps -s partly \
    billy@johndoe.com nobody@johndoe.com jane@johndoe.com < "$T/text"
like "$ERR" 'nobody@johndoe.com: refused: 550 5.1.1' "and named"
ok "the others have it" lab_mail_wait billy 1
lab_mail_clear billy
status 67 "--all-or-nothing sends to nobody then" smtps -s whole \
    --all-or-nothing billy@johndoe.com nobody@johndoe.com < "$T/text"
ok "nobody has it" test -z "$(ls "$LAB_MAILDIR_billy/new" 2>/dev/null)"
status 67 "--quit-after rcpt asks" smtps --quit-after rcpt \
    billy@johndoe.com nobody@johndoe.com
like "$OUT" '^billy@johndoe.com 250 ' "and says who is known"
status 67 "-j: one object" smtps -j -s json billy@johndoe.com \
    nobody@johndoe.com < "$T/text"
ok "it is JSON, with each recipient's fate" python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["exit"] == 67 and not d["ok"] and d["tls"]["verified"]
assert [r["status"] for r in d["rcpts"]] == ["sent", "refused"], d
assert d["auth"].startswith("SCRAM") and d["message_id"][0] == "<"' "$T/out"
lab_mail_clear billy
status 0 "Bcc" smtps -s hidden -b billy@johndoe.com jane@johndoe.com < "$T/text"
facts billy
not_ok "the header does not tell" fact '^Bcc'

# ---- finished messages
printf 'From: a@b.test\nTo: billy@johndoe.com, "Jane, J." <jane@johndoe.com>\nBcc:\n nobody2@bulk.johndoe.com\nSubject: crlf\n\n.\n..\nb\n' > "$T/raw"
lab_mail_clear billy
status 0 "-t takes recipients from the header" smtps -t < "$T/raw"
facts billy
ok "it is as it was" fact '^Subject: crlf$'
like "$(tail -n 3 "$(lab_mail_last billy)")" $'^\\.\n\\.\\.\nb$' \
    "lines of dots survive"
not_ok "Bcc is gone" fact '^Bcc'
lab_mail_clear billy
status 0 "a finished message on stdin is known by its header" \
    smtps billy@johndoe.com < "$T/raw"
facts billy
ok "it is not wrapped" fact '^Subject: crlf$'
sed 's/$/\r/' "$T/raw" > "$T/crlf"
lab_mail_clear billy
status 0 "CRLF input" smtps --message "$T/crlf" billy@johndoe.com
like "$(tail -n 3 "$(last billy)")" $'^\\.\n\\.\\.\nb$' "is the same message"
printf 'Subject: x\n\nÜmläut\n' > "$T/eight"
lab_mail_clear billy
status 0 "8-bit text" smtps --message "$T/eight" billy@johndoe.com
ok "arrives" grep -q 'Ümläut' "$(last billy)"
lab_mail_clear billy
lab_postfix_listen SEVEN smtpd_tls_wrappermode=yes \
    smtpd_discard_ehlo_keywords=8bitmime,smtputf8,chunking
status 0 "8-bit text to a server without 8BITMIME" \
    smtps -S "smtps://localhost:$SEVEN" --message "$T/eight" billy@johndoe.com
facts billy
ok "is the same text" fact '^text: Ümläut$'
for bad in 'a\rb' 'a\0b'; do
	printf "Subject: x\n\n$bad\n" > "$T/bad"
	status 65 "'$bad' in a message is refused" \
	    smtps --message "$T/bad" billy@johndoe.com
	like "$ERR" 'line 3' "with its line number"
done
printf 'Subject: x\n\n%01500d\n' 0 > "$T/long"
status 65 "a line over 998 is refused" smtps --message "$T/long" \
    billy@johndoe.com
like "$ERR" 'line 3' "with its line number"
lab_mail_clear billy
status 0 "--recode encodes it" smtps --recode --message "$T/long" \
    billy@johndoe.com
facts billy
ok "and the text is the same" fact "^text: $(printf %01500d 0)\$"

# ---- SMTPUTF8 and DSN
lab_mail_clear jane
status 0 "a UTF-8 address goes by SMTPUTF8" smtps -s utf8 'jané@johndoe.com' \
    < "$T/text"
ok "it arrived" lab_mail_wait jane 1
status 65 "where there is no SMTPUTF8 it does not go" \
    smtps -S "smtps://localhost:$SEVEN" -s utf8 'jané@johndoe.com' < "$T/text"
like "$ERR" 'SMTPUTF8' "and that is said"
# mailsend, built without libidn2: the one file that knows is another
if ! grep -q __asan_init "$BUILD/mailsend"; then
	(cd "$ROOT" && ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -iquote common -fPIE \
	    -c -o "$T/idn.o" common/idn.c && ${CC:-cc} -o "$T/without_idn" \
	    "$BUILD"/cmd/mailsend/*.o "$T/idn.o" "$BUILD/libpostbag.a" \
	    $(pkg-config --libs openssl zlib 2> /dev/null) -pthread)
	status 65 "a UTF-8 domain without libidn2 is refused" "$T/without_idn" \
	    -n -f a@b.test --body x jo@bücher.example
	like "$ERR" 'there is no libidn2 here' "with the reason"
	status 0 "an ASCII one needs none" "$T/without_idn" \
	    -n -f a@b.test --body x jo@xn--bcher-kva.example
fi
lab_mail_clear billy
status 0 "--dsn success: Postfix reports" smtps -s report --dsn success \
    --envid abc+1 --mail-from billy@johndoe.com jane@johndoe.com < "$T/text"
ok "the report comes back" lab_mail_wait billy 1
ok "with our envelope id" grep -q 'Original-Envelope-Id: abc+1' \
    "$(lab_mail_last billy)"

# ---- --save
status 0 "--save keeps a copy" smtps -s kept --save "maildir:$T/sent" \
    billy@johndoe.com < "$T/text"
is "$(ls "$T"/sent/cur | wc -l)" 1 "one, and seen"
is "$(stat -c %a "$T"/sent/cur/*)" 600 "for us alone"
status 67 "what was refused is not kept" smtps -s no --save "maildir:$T/sent2" \
    nobody@johndoe.com < "$T/text"
is "$(find "$T/sent2" -type f)" "" "no copy"
status 67 "what some took is kept" smtps -s some --save "maildir:$T/sent3" \
    billy@johndoe.com nobody@johndoe.com < "$T/text"
is "$(ls "$T"/sent3/cur | wc -l)" 1 "also if the last one was refused"
status 73 "a place that cannot be is said before sending" smtps -s no \
    --save "maildir:/dev/null/x" billy@johndoe.com < "$T/text"

mkdir -p "$T/odd/tmp" "$T/odd/new"
touch "$T/odd/cur"
status 74 "a copy that fails after the acceptance is not success" \
    smtps -s odd --save "maildir:$T/odd" billy@johndoe.com < "$T/text"
like "$ERR" 'sent, but not saved' "but it is said that it was sent"
status 74 "which is worse than a refusal" smtps -s odd \
    --save "maildir:$T/odd" billy@johndoe.com nobody@johndoe.com < "$T/text"
is "$(find "$T/odd/tmp" -type f)" "" "and nothing partial is left"

# ---- --save in a folder of an IMAP server
mkdir -p "$T/conf/postbag"
cat > "$T/conf/postbag/config" <<END
defaults
ca $LAB_CA
account work
imap imaps://localhost:$LAB_IMAPS_PORT
user jane
password-command printf %s "\$LAB_PASS_jane"
account none
imap imaps://no.such.test
user jane
password-command printf %s "\$LAB_PASS_jane"
account nosecret
imap imaps://localhost:$LAB_IMAPS_PORT
user jane
password-command false
END
export XDG_CONFIG_HOME="$T/conf"
there() { lab_doveadm fetch -u jane@johndoe.com "$1" mailbox "$2" \
    subject "$3" 2> /dev/null; }
lab_doveadm mailbox create -u jane@johndoe.com Kept 2> /dev/null
status 0 "--save imap:ACCOUNT/FOLDER" smtps -s "tö imap" \
    --save imap:work/Kept billy@johndoe.com < "$T/text"
is "$OUT$ERR" "" "nothing is said of it"
like "$(there flags Kept 'tö imap')" '\\Seen' "it is there, as read"
is "$(there uid Kept 'tö imap' | grep -c uid)" 1 "once"
status 0 "without a folder: the one that is \\Sent" smtps -j -s "to sent" \
    --save imap:work billy@johndoe.com < "$T/text"
is "$(jq -r .saved <<< "$OUT")" imap:work "told by -j"
is "$(there uid Sent 'to sent' | grep -c uid)" 1 "it is there"
status 0 "--save off" smtps -s "not kept" --save imap:work --save off \
    billy@johndoe.com < "$T/text"
is "$(there uid Sent 'not kept')" "" "nothing is kept"
status 67 "what was refused is not kept" smtps -s refused --save imap:work \
    nobody@johndoe.com < "$T/text"
is "$(there uid Sent refused)" "" "it is not there"
for bad in none nosecret work/Nowhere; do
	lab_mail_clear billy
	status 74 "--save imap:$bad: sent, but 74" smtps -s "bad $bad" \
	    --save "imap:$bad" billy@johndoe.com < "$T/text"
	like "$ERR" '^mailsend: sent, but not saved: ' "and said so"
	ok "it was sent" lab_mail_wait billy 1
done
like "$ERR" 'Nowhere' "with the folder and the server's words"
status 64 "no such form" smtps -s x --save imap: billy@johndoe.com < "$T/text"
status 78 "no such account" smtps -s x --save imap:nobody billy@johndoe.com \
    < "$T/text"
status 64 "another scheme" smtps -s x --save pop3:work billy@johndoe.com \
    < "$T/text"
for i in 1 2 3; do
	printf 'From: billy@johndoe.com\nTo: billy@johndoe.com\nSubject: batch %d\n\nx\n' $i \
	    > "$T/batch$i"
	echo "$T/batch$i"
done > "$T/list"
status 0 "--batch saves each" smtps --batch files -t --jobs 2 \
    --save imap:work/Kept < "$T/list"
is "$(there uid Kept batch | grep -c uid)" 3 "all three are there"
unset XDG_CONFIG_HOME

# ---- as sendmail(8)
ln -s "$BUILD/mailsend" "$T/sendmail"
mkdir -p "$T/home/.config/postbag"
cat > "$T/home/.config/postbag/config" <<END
account default
smtp smtps://localhost:$LAB_SMTPS_PORT
ca $LAB_CA
user billy
password-command echo secret
from root@johndoe.com
END
sm() { env -u XDG_CONFIG_HOME HOME="$T/home" "$T/sendmail" "$@"; }
lab_mail_clear billy
status 0 "as cron calls it" sm -FCronDaemon -i -odi -oem -oi -t -f root <<'END'
From: root (Cron Daemon)
To: billy
Subject: Cron <root@db1> true

.
out
END
ok "it arrived" lab_mail_wait billy 1
ok "with the account's sender" grep -q 'Return-Path: <root@johndoe.com>' \
    "$(lab_mail_last billy)"
lab_mail_clear billy
status 0 "as mail(1) calls it, a lone dot ends" sm billy <<'END'
Subject: dot

one
.
two
END
not_ok "what is behind the dot is not sent" grep -q two "$(last billy)"
lab_mail_clear billy
status 0 "as git send-email calls it" sm -i -f jo@johndoe.com \
    billy@johndoe.com < "$T/raw"
ok "with the sender given" grep -q 'Return-Path: <jo@johndoe.com>' \
    "$(last billy)"
lab_mail_clear billy
printf 'EHLO x\r\nMAIL FROM:<jo@johndoe.com>\r\nRCPT TO:<billy@johndoe.com>\r\nDATA\r\nSubject: bs\r\n\r\n..dot\r\n.\r\nQUIT\r\n' > "$T/bs"
status 0 "-bs: SMTP on stdin" sm -bs < "$T/bs"
like "$OUT" '250 2.0.0 accepted' "accepted"
ok "it arrived" grep -q '^\.dot$' "$(last billy)"
status 0 "-q has nothing to do" sm -q
status 0 "-bp has nothing to show" sm -bp

done_testing
