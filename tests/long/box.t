#!/usr/bin/env bash
# Real programs as commands of a confined mailfetch: procmail, notmuch, and
# gpg, whose agent is a socket with a path, at the second login of a watch.
set -u
. "$(dirname "$0")/../lib.sh"
for p in procmail notmuch gpg; do
	command -v $p > /dev/null || skip_all "no $p here"
done
. "$ROOT/tests/lab/lab.sh"
LAB_DOVECOT_CONF='imap_idle_notify_interval = 1s'
lab_up dovecot
export HOME=$T XDG_STATE_HOME=$T/state GNUPGHOME=$T/gpg NOTMUCH_CONFIG=$T/nmrc

n=0
mail() {	# HOW MANY: new ones in the server's Maildir
	local i name
	for ((i = 0; i < $1; i++, n++)); do
		name=$((1700000000 + n)).M$n.host
		printf 'From: a@b.test\nMessage-ID: <%s@b.test>\nSubject: %s\n\ntext\n' \
		    "$n" "$n" > "$LAB_MAILDIR_billy/tmp/$name"
		chmod 666 "$LAB_MAILDIR_billy/tmp/$name"
		mv "$LAB_MAILDIR_billy/tmp/$name" "$LAB_MAILDIR_billy/new/"
	done
}
fetch=("$BUILD/mailfetch" -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA"
    -u billy)
secret() {	# NAME ARG...
	"${fetch[@]}" --state "$T/$1.state" --password-command 'echo secret' "${@:2}"
}
mail 7

# ---- deliverers
cat > "$T/procmailrc" <<END
LOGFILE=$T/procmail.log
:0
$T/procmail.mbox
END
status 0 "exec:procmail" secret procmail -d "exec:procmail -m $T/procmailrc"
is "$(grep -c '^From: ' "$T/procmail.mbox")" $n "it has delivered all"
mkdir -p "$T/mail"
printf '[database]\npath=%s\n[new]\ntags=new;\n[user]\nprimary_email=a@b.test\n' \
    "$T/mail" > "$NOTMUCH_CONFIG"
notmuch new > /dev/null 2>&1
status 0 "exec:notmuch insert" secret notmuch \
    -d 'exec:notmuch insert --create-folder --folder=in'
is "$(notmuch count '*')" $n "it has indexed all"
like "$(ls "$T/mail/in/new" "$T/mail/in/cur" | grep -c host)" '.' "in its folder"

# ---- gpg and its agent, for each login
mkdir -m 700 "$GNUPGHOME"
gpg -q --batch --passphrase '' --quick-gen-key box@b.test default default never \
    2> /dev/null
echo secret | gpg -q --batch -e -r box@b.test -o "$T/secret.gpg"
gpgconf --kill gpg-agent
cat > "$T/ask" <<END
#!/bin/sh
echo asked >> $T/asked
exec gpg -q --batch -d $T/secret.gpg
END
chmod +x "$T/ask"
"${fetch[@]}" --state "$T/watch.state" -vv --watch -d "maildir:$T/md" --create \
    --password-command "$T/ask" 2> "$T/said" &
WATCH=$!
trap 'kill $WATCH; gpgconf --kill gpg-agent; lab_down; rm -rf "$T"' EXIT
here() { [ "$(ls "$T/md/new" 2> /dev/null | wc -l)" -ge "$n" ]; }
idles() { [ "$(grep -c '^< + idling' "$T/said")" -ge "$1" ]; }
ok "a watch whose password comes from gpg" lab_until 30 here
ok "it waits" lab_until 30 idles 1
like "$(< "$T/said")" 'confined by seccomp' "it is confined"
is "$(grep -c . "$T/asked")" 1 "gpg was asked once"
gpgconf --kill gpg-agent		# the next one starts it anew
lab_stop "$LAB_DOVECOT_PID"
ok "the server goes" lab_until 30 grep -q 'trying again' "$T/said"
mail 2
lab_dovecot_run
ok "it comes back, and so does mail" lab_until 60 here
ok "gpg was asked again" test "$(grep -c . "$T/asked")" -ge 2
kill $WATCH
wait $WATCH
is $? 75 "it ends when told"
ok "and the helper with it" lab_until 5 bash -c \
    "! grep -qs postbag-helper /proc/[0-9]*/comm || ! pgrep -P $WATCH"
trap 'gpgconf --kill gpg-agent; lab_down; rm -rf "$T"' EXIT
done_testing
