#!/usr/bin/env bash
# Called as sendmail(8), beyond what send.t has: by git, mail(1) and PHP
# themselves; bounces, several messages in one -bs, texts without an end; and
# many recipients.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix

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

ln -s "$BUILD/mailsend" "$T/newaliases"
status 0 'newaliases' "$T/newaliases" < /dev/null
is "$OUT$ERR" '' 'has nothing to do'

# ---- by those who call it
export HOME=$T/home
unset XDG_CONFIG_HOME
arrived() { lab_mail_wait billy 1 &&
    python3 "$ROOT/tests/server/eml.py" "$(lab_mail_last billy)" > "$T/facts"; }
fact() { grep -q -- "$1" "$T/facts"; }
if [ -x "$(git --exec-path)/git-send-email" ]; then
	lab_mail_clear billy
	git init -q "$T/repo"
	git -C "$T/repo" config user.name 'Jürgen O. Ünï'
	git -C "$T/repo" config user.email jane@johndoe.com
	printf 'Ü\n.\n..\n' > "$T/repo/f"
	git -C "$T/repo" add f
	git -C "$T/repo" commit -qm 'änderung: dots'
	git -C "$T/repo" format-patch -q --root -o "$T/patches"
	status 0 "git send-email" git -C "$T/repo" \
	    -c sendemail.smtpServer="$T/sendmail" send-email --quiet \
	    --confirm=never --to billy@johndoe.com "$T/patches"
	ok "it arrived" arrived
	ok "with its subject" fact '^Subject: \[PATCH\] änderung: dots$'
	git -C "$T/repo" checkout -q --orphan other
	git -C "$T/repo" rm -qf f
	git -C "$T/repo" commit -q --allow-empty -m none
	ok "git am takes it" git -C "$T/repo" am -q "$(lab_mail_last billy)"
	is "$(cat "$T/repo/f")" $'Ü\n.\n..' "and the patch is whole"
else
	skip "git send-email" "it is not here"
fi
if command -v php > /dev/null; then
	lab_mail_clear billy
	status 0 "PHP: mail()" php -d sendmail_path="$T/sendmail -t -i" -r '
exit(mail("billy@johndoe.com", "=?utf-8?B?w7w=?= php", "one\n.\ntwo\n",
    ["From" => "web@johndoe.com", "Cc" => "Jane <jane@johndoe.com>"]) ? 0 : 1);'
	ok "it arrived" arrived
	ok "with its subject" fact '^Subject: ü php$'
	ok "and the whole text" fact '^text: one'
	status 1 "PHP is told of a failure" php \
	    -d sendmail_path="$T/sendmail -t -i" -r '
exit(mail("nobody@johndoe.com", "x", "y") ? 0 : 1);'
	like "$ERR$OUT" 'nobody@johndoe.com: refused: 550' "in words"
else
	skip "PHP" "it is not here"
fi
if command -v mailx > /dev/null; then
	lab_mail_clear billy
	echo "set sendmail=$T/sendmail" > "$T/mailrc"
	status 0 "mail(1)" env MAILRC="$T/mailrc" mailx -s 'by mail' \
	    -a 'From: jo@johndoe.com' billy@johndoe.com <<< $'one\n.x'
	ok "it arrived" arrived
	ok "with its subject" fact '^Subject: by mail$'
	ok "and its text" fact '^text: one'
else
	skip "mail(1)" "it is not here"
fi

# ---- the sender of a bounce
printf 'From: x@johndoe.com\nTo: billy@johndoe.com\nSubject: b\n\nhi\n' > "$T/m"
for f in '<>' ''; do
	lab_mail_clear billy
	status 0 "-f '$f'" sm -i -f "$f" billy@johndoe.com < "$T/m"
	ok "it arrived" lab_mail_wait billy 1
	ok "with the null sender" grep -q '^Return-Path: <>' \
	    "$(lab_mail_last billy)"
done

# ---- -bs: the secret and the sandbox must do for all messages
one() { printf 'MAIL FROM:<a@johndoe.com>\r\nRCPT TO:<billy@johndoe.com>\r\nDATA\r\nSubject: %s\r\n\r\n..\r\n.x\r\n.\r\n' "$1"; }
lab_mail_clear billy
{ one first; one second; one third; printf 'QUIT\r\n'; } > "$T/three"
status 0 "-bs: three messages" sm -bs < "$T/three"
is "$(grep -c '^250 2.0.0 accepted' "$T/out")" 3 "all are accepted"
ok "all arrive" lab_mail_wait billy 3
is "$(tail -n 2 "$(lab_mail_last billy)" | tr '\n' ' ')" '. x ' \
    "without the stuffing"
lab_mail_clear billy
printf 'MAIL FROM:<a@johndoe.com>\r\nRCPT TO:<billy@johndoe.com>\r\nRCPT TO:<nobody@johndoe.com>\r\nRCPT TO:<a..b@johndoe.com>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n.\r\nQUIT\r\n' > "$T/two"
status 0 "-bs: one of two is refused" sm -bs < "$T/two"
like "$OUT" $'\n550 5.1.1 <nobody@johndoe.com>' "in the server's own words"
like "$OUT" $'\n553 5.1.3' "one that is malformed in ours"
like "$OUT" $'\n250 2.0.0 accepted' "and the message is taken for the other"
ok "who gets it" lab_mail_wait billy 1
# What comes after the first one needs temporary files, and who we are.
lab_postfix_listen SEVEN smtpd_tls_wrappermode=yes \
    smtpd_discard_ehlo_keywords=8bitmime,smtputf8,chunking
eight() { printf 'MAIL FROM:<>\r\nRCPT TO:<billy@johndoe.com>\r\nDATA\r\nSubject: %s\r\n\r\nÜmläut %s\r\n.\r\n' "$1" "$1"; }
{ for i in 1 2 3 4 5; do eight $i; done; printf 'QUIT\r\n'; } > "$T/five"
sed "/^from/d; s/^smtp .*/smtp smtps:\/\/localhost:$SEVEN/" \
    "$T/home/.config/postbag/config" > "$T/config"
mkdir -p "$T/nobody/.config/postbag"
mv "$T/config" "$T/nobody/.config/postbag/"
lab_mail_clear billy
status 0 "-bs: five of 8 bits to a server that takes 7" \
    env HOME="$T/nobody" "$T/sendmail" -bs < "$T/five"
is "$(grep -c '^250 2.0.0 accepted' "$T/out")" 5 "all are accepted"
ok "all arrive" lab_mail_wait billy 5
python3 "$ROOT/tests/server/eml.py" "$(lab_mail_last billy)" > "$T/facts"
ok "the same text" fact '^text: Ümläut 5$'
ok "from whoever runs it" fact "^From: .*$(id -un)@"
printf 'MAIL FROM:<a@johndoe.com>\r\nRCPT TO:<billy@johndoe.com>\r\nDATA\r\nSubject: half\r\n\r\nx\r\n' > "$T/half"
lab_mail_clear billy
status 0 "-bs: input that ends within DATA" sm -bs < "$T/half"
like "$OUT" '451' "is not accepted"
unlike "$OUT" 'accepted' "not at all"

# ---- a line without an end is encoded, and not kept in memory
peak() { python3 -c '
import resource, subprocess, sys
p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
print(p.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"; }
head -c 60000000 /dev/zero | tr '\0' a > "$T/endless"
read -r rc kb < <(HOME=$T/home peak "$T/sendmail" billy@johndoe.com \
    < "$T/endless")
is "$rc" 0 "a line of 60 MB is encoded"
ok "in $kb KB" test "$kb" -lt 30000
lab_mail_clear billy
printf 'Subject: dots\n\n.a\n..\n. \n.' > "$T/dots"
status 0 "lines that begin with a dot" sm billy@johndoe.com < "$T/dots"
ok "arrive" lab_mail_wait billy 1
is "$(tail -n 4 "$(lab_mail_last billy)" | tr '\n' '|')" '.a|..|. |.|' \
    "as they were; a dot at the very end is no end"

printf 'Subject: cr\n\n.\rhidden\n' > "$T/cr"
lab_mail_clear billy
status 0 "a CR behind a dot at the start of a line" \
    sm billy@johndoe.com < "$T/cr"
ok "arrives" lab_mail_wait billy 1
like "$(tail -n 1 "$(lab_mail_last billy)")" '^=2E=0Dhidden' "encoded, not lost"

# ---- more recipients than Postfix takes in one transaction
# shellcheck disable=SC2046
status 0 "3,500 recipients" sm -i $(seq -f 'u%.0f@bulk.johndoe.com' 3500) \
    < "$T/m"
is "$OUT$ERR" "" "and nothing is said about it"
done_testing
