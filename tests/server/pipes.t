#!/usr/bin/env bash
# Pipelines: the tools with each other, and with jq, parallel, formail, notmuch,
# mu, mutt and git, on real servers.  Each is a line as one would type it.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in jq formail; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
unset RES_OPTIONS LOCALDOMAIN
lab_up postfix unbound || skip_all 'no servers here'
export POSTBAG_DNS=$LAB_DNS XDG_CONFIG_HOME=$T/config XDG_STATE_HOME=$T/state HOME=$T
export SSL_CERT_FILE=$LAB_CA SMTPS=$LAB_SMTPS_PORT
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=Jo GIT_AUTHOR_EMAIL=jo@johndoe.com
export GIT_COMMITTER_NAME=Jo GIT_COMMITTER_EMAIL=jo@johndoe.com
mkdir -p "$T/config/postbag" "$T/bin"
cat > "$T/config/postbag/config" <<C
account default
  user billy
  from billy@johndoe.com
  password-command echo secret
  smtp smtps://localhost:$LAB_SMTPS_PORT
  imap imaps://localhost:$LAB_IMAPS_PORT
account jane
  user jane
  password-file $T/jane
  imap imaps://localhost:$LAB_IMAPS_PORT
sync jane : jane
  near $T/Mail
C
(umask 077; printf '%s\n' "$LAB_PASS_jane" > "$T/jane")
ln -s "$BUILD/mailsend" "$T/bin/sendmail"
PATH=$T/bin:$PATH
cd "$T" || exit

# pipe NAME WANT LINE: its output is WANT, a regular expression, and no part of
# it fails
pipe() {
	local rc=0
	timeout 60 bash -o pipefail -c "$3" > "$T/said" 2> "$T/err" < /dev/null || rc=$?
	if [ $rc = 0 ] && [[ $(tr -d '\0' < "$T/said") =~ $2 ]]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1" || diag "exit $rc: $3
$(head -c 1000 "$T/said")
$(head -c 1000 "$T/err")"
	fi
}
# needs PROGRAM NAME: or it is skipped
needs() { command -v "$1" > /dev/null || { skip "$2" "$1 is not installed"; return 1; }; }
come() { lab_mail_wait "$1" "$2"; }

# ---- sending

pipe 'text | mailsend' '^$' 'df -h / | mailsend -s disk billy@johndoe.com'
pipe 'mailsend -n | formail: the message that would go' 'Überraschung' \
	"mailsend -n -s Überraschung --body x billy@johndoe.com | formail -c -x Subject: | python3 -c 'import sys; from email.header import *; print(make_header(decode_header(sys.stdin.read().strip())))'"
pipe 'mailsend -n | mailsend: composed here, sent there' '^$' \
	'mailsend -n -s twice --body x billy@johndoe.com | mailsend -t'
pipe 'mailsend -j | jq: who was refused' '^no@elsewhere.invalid$|^$' \
	"{ mailsend -j -s x --body x billy@johndoe.com || :; } | jq -r '.rcpts[] | select(.status == \"refused\") | .addr'"
pipe 'tar | mailsend -a -: an archive' '^$' \
	"tar cz -C $T config | mailsend -s backup --body '' -a -:application/gzip:backup.tar.gz billy@johndoe.com"
pipe 'jq | mailsend --batch ndjson | jq' '^(sent ){2}$' \
	"printf 'billy\njane\n' | jq -Rc '{id: ., envelope: {to: [. + \"@johndoe.com\"]}, message: \"From: billy@johndoe.com\nSubject: batch\n\n\(.)\n\"}' | mailsend --batch ndjson | jq -r .status | tr '\n' ' '"
printf 'From a Mon Jan  1 00:00:00 2024\nFrom: billy@johndoe.com\nTo: jane@johndoe.com\nSubject: %s\n\n>From here\n\nFrom a Mon Jan  1 00:00:00 2024\nFrom: billy@johndoe.com\nTo: jane@johndoe.com\nSubject: two\n\ny\n\n' one > mbox
pipe 'formail -s mailsend: each message of an mbox' '^$' 'formail -s mailsend -t < mbox'
pipe 'mailsend --batch mboxrd: the same over one connection' '^2$' \
	'mailsend --batch mboxrd -t < mbox | grep -c sent'
mkdir -p letters
formail -s sh -c 'cat > letters/$FILENO' < mbox
pipe 'find | mailsend --batch files' '^2$' 'find letters -type f | sort | mailsend --batch files -t | jq -r .status | grep -c sent'
if needs mutt 'mutt: by sendmail'; then
	pipe 'mutt: by sendmail' '^$' "echo text | mutt -F /dev/null -e 'set sendmail=$T/bin/sendmail from=billy@johndoe.com use_envelope_from copy=no' -s mutt jane@johndoe.com"
fi

# ---- reading

come billy 5
come jane 8
pipe 'mailfetch -d stdout | formail -s: subjects' 'Subject: disk' \
	"mailfetch --peek -d stdout default | formail -s sh -c 'grep ^Subject:'"
pipe 'mailfetch --format json | jq' 'twice' \
	"mailfetch --peek -d stdout --format json default | jq -r .subject"
pipe 'mailfetch -l -j | jq: how much is there' '^[0-9]{4,}$' \
	"mailfetch -l -j default | jq -s 'map(.size) | add'"
pipe 'mailfetch | mxlookup --mbox -: can they be believed' 'From|believed|unknown' \
	"mailfetch --peek -d stdout --limit 2 default | { mxlookup --mbox - || [ \$? = 65 -o \$? = 75 ]; }"
pipe 'mailfetch -d exec: a command for each' '^[0-9]+$' \
	"mailfetch --peek -d exec:'formail -x Subject:' default | wc -l"
pipe 'imapsync -j | jq: which files are new' '^[0-9]+$' \
	"imapsync -j jane | jq -r 'select(.act == \"fetch\" and .path) | .path' | sort -u | wc -l"
isnt "$(cat "$T/said")" 0 'and there are some'
if needs notmuch 'imapsync | notmuch'; then
	printf '[database]\npath=%s\n[user]\nname=Jo\nprimary_email=jo@johndoe.com\n[new]\ntags=new\n' "$T/Mail" > "$T/.notmuch-config"
	pipe 'imapsync && notmuch: it is found' '^[1-9]' \
		"imapsync jane && notmuch new --quiet && notmuch count subject:two"
	pipe 'notmuch | mailsend: what is found goes on' '^$' \
		"notmuch show --format=raw \$(notmuch search --output=messages --limit=1 subject:mutt or subject:two) | mailsend --message - billy@johndoe.com"
fi
if needs mu 'imapsync && mu: it is found'; then
	pipe 'imapsync && mu: it is found' 'two' \
		"{ imapsync jane && mu init --quiet --muhome=$T/mu -m $T/Mail && mu index --quiet --muhome=$T/mu; } > /dev/null && mu find --muhome=$T/mu -f s subject:two"
fi

# ---- git, by mail and back

if needs git 'git'; then
	(git init -q a && cd a && echo x > x && git add x && git commit -qm 'x: a file' &&
	    echo 'From the start' >> x && git commit -qam 'x: a From line' && cd .. && git init -q b) > /dev/null 2>&1
	# The server may deliver two in any order: one after the other.
	n=0
	for which in '--root HEAD~1' '-1 HEAD'; do
		pipe "git format-patch $which | mailsend --batch" '^1$' \
			"cd a && git format-patch -q --stdout --to=billy+git@johndoe.com $which | mailsend --batch mboxrd -t | grep -c sent"
		n=$((n + 1))
		lab_until 20 sh -c "[ \$(grep -l '^Subject: \[PATCH' $LAB_MAILDIR_billy/new/* | wc -l) = $n ]"
	done
	pipe 'mailfetch | git am' 'x: a From line' \
		"mailfetch --peek --search 'SUBJECT PATCH' -d stdout default | (cd b && git am -q --patch-format=mboxrd && git log --format=%s)"
	is "$(git -C b rev-parse 'HEAD^{tree}')" "$(git -C a rev-parse 'HEAD^{tree}')" 'the same tree'
	if [ -x "$(git --exec-path)/git-send-email" ]; then
		pipe 'git send-email: by sendmail' 'Result: OK' \
			"cd a && git -c sendemail.smtpServer=$T/bin/sendmail send-email --quiet --confirm=never --to=jane@johndoe.com -1 2>&1; echo Result: OK"
	fi
fi

# ---- looking

pipe 'mxlookup -q | portprobe | jq' '^ok' \
	"mxlookup -q johndoe.com | sed q | portprobe --ca $LAB_CA -p $LAB_SMTP_PORT/smtp -j - | jq -r .state"
pipe 'cut | sort -u | mxlookup -j | jq' '^johndoe.com mx$' \
	"printf 'a@johndoe.com\nb@johndoe.com\n' | cut -d@ -f2 | sort -u | mxlookup -j | jq -r '\"\(.in) \(.route)\"'"
pipe 'mxlookup | head: who leaves early is no error' '^mail.johndoe.com' \
	'{ mxlookup -q johndoe.com || [ $? = 141 ]; } | head -n 1'
if needs parallel 'parallel mxlookup'; then
	pipe 'parallel mxlookup' '^2$' \
		"printf 'johndoe.com\ngood.example\n' | parallel --will-cite mxlookup -q {} '>' /dev/null ';' echo {} | wc -l"
	pipe 'parallel --pipe mailsend --batch' '^2$' \
		"mailsend -n -s p --body x jane@johndoe.com > p.eml; printf '%s\n%s\n' p.eml p.eml | parallel --will-cite --pipe -N1 mailsend --batch files -t | grep -c sent"
fi
pipe 'mailsend --check-address | xargs' 'johndoe' \
	"printf 'billy@johndoe.com\n' | xargs mailsend --check-address"

# ---- nothing waits in a buffer: a line is there before the input ends

coproc MX { mxlookup -j; }
echo johndoe.com >&"${MX[1]}"
line=''
read -r -t 30 line <&"${MX[0]}"
is "$(jq -r .in <<<"$line")" johndoe.com 'mxlookup: a result before the input ends'
# shellcheck disable=SC2154 # coproc sets it
kill "$MX_PID" 2> /dev/null
wait 2> /dev/null
coproc PP { portprobe -j --ca "$LAB_CA" -; }
echo "127.0.0.1:$LAB_SMTP_PORT/smtp" >&"${PP[1]}"
line=''
read -r -t 30 line <&"${PP[0]}"
is "$(jq -r .port <<<"$line")" "$LAB_SMTP_PORT" 'portprobe: too'
# shellcheck disable=SC2154
kill "$PP_PID" 2> /dev/null
wait 2> /dev/null
coproc MS { mailsend --batch ndjson; }
echo '{"envelope":{"to":["jane@johndoe.com"]},"message":"From: billy@johndoe.com\nSubject: s\n\nx\n"}' >&"${MS[1]}"
line=''
read -r -t 30 line <&"${MS[0]}"
is "$(jq -r .status <<<"$line")" sent 'mailsend --batch: too'
# shellcheck disable=SC2154
kill "$MS_PID" 2> /dev/null
wait 2> /dev/null
done_testing
