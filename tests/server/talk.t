#!/usr/bin/env bash
# What each tool says with -v (what is done), -vv (the dialogue), -vvv (TLS in
# detail, each line timed), and with --version.
# shellcheck disable=SC1091,SC2153,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix unbound
export XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config
secret=(--ca "$LAB_CA" -u billy --password-command 'echo secret')

mailsend_() { mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" "${secret[@]}" \
    -f jane@johndoe.com --body x --save "maildir:$T/sent" "$@" \
    billy@johndoe.com; }
fetch() { mailfetch -S "$1" "${secret[@]}" --state "$T/$RANDOM.state" \
    -d "maildir:$T/md" --create "${@:2}"; }
mailfetch_() { fetch "imaps://localhost:$LAB_IMAPS_PORT" "$@"; }
pop_() { fetch "pop3s://localhost:$LAB_POP3S_PORT" "$@"; }
imapsync_() { rm -rf "$T/near" "$T/base"
    imapsync -S "imaps://localhost:$LAB_IMAPS_PORT" "${secret[@]}" \
    --near "$T/near" --state "$T/base" "$@"; }
mxlookup_() { mxlookup -s "$LAB_DNS" -C mx,addr "$@" johndoe.com; }
portprobe_() { portprobe --ca "$LAB_CA" --name mail.johndoe.com "$@" \
    "127.0.0.1:$LAB_IMAPS_PORT/imaps"; }

# says WHO REGEX...: -v is remarks alone, one a line, and each of these is one
says() {
	local r
	status 0 "$1 -v" "${1}_" -v
	unlike "$(grep -v '^\* ' <<< "$ERR")" . "$1 -v: remarks only"
	unlike "$ERR" secret "$1 -v: no secret"
	for r in "${@:2}"; do
		like "$ERR" "(^|"$'\n'")\\* $r" "$1 -v: $r"
	done
}
# shows WHO SAID HEARD
shows() {
	status 0 "$1 -vv" "${1}_" -vv
	like "$ERR" "(^|"$'\n'")> .*$2" "$1 -vv: $2"
	like "$ERR" "(^|"$'\n'")< .*$3" "$1 -vv: $3"
	unlike "$ERR" 'TLS: ' "$1 -vv: no details"
	status 0 "$1 -vvv" "${1}_" -vvv
	like "$ERR" "(^|"$'\n'")[0-9]+\.[0-9]{3} > .*$2" "$1 -vvv: with times"
	unlike "$(grep -v '^[0-9]*\.[0-9]* [<>*] ' <<< "$ERR")" . \
	    "$1 -vvv: each line has one"
}

lab_mail_clear billy
says mailsend "connected to localhost:$LAB_SMTPS_PORT \((127|::1)" \
    'TLSv1\.3 with localhost, certificate verified' \
    'logged in as billy by [A-Z]' \
    'sent to billy@johndoe.com: 250 2' "saved in $T/sent"
shows mailsend 'MAIL FROM:<jane' '250[ -]'
like "$ERR" 'TLS: TLS_AES[A-Z0-9_]*, [A-Za-z0-9_-]+, key sha256//' \
    'mailsend -vvv: cipher, group, key'
like "$ERR" 'TLS: certificate of .* by .*, until 20[0-9-]+' \
    'mailsend -vvv: the certificate'
ok "they arrive" lab_mail_wait billy 3

for way in mailfetch pop; do
	rm -rf "$T/md"
	says $way "connected to localhost:" 'TLSv1\.3 with localhost' \
	    'logged in as billy by [A-Z]' "localhost: delivered 3 to $T/md" \
	    'localhost: [A-Za-z ]*: 3 there, 3 to fetch, 3 fetched \([1-9][0-9]* bytes\)'
done
shows mailfetch 'EXAMINE' 'OK'
like "$ERR" 'TLS: TLS_AES' 'mailfetch -vvv: TLS'
shows pop 'UIDL' '\+OK'

says imapsync 'logged in as billy by ' 'localhost: synced INBOX: fetch 3' \
    'localhost: [0-9]+ mailboxes, 0\.0 MB, [0-9.]+ s: .*fetch 3'
shows imapsync 'FETCH' 'OK'
like "$ERR" 'TLS: TLS_AES' 'imapsync -vvv: TLS'
# On a terminal one line at the end, where something was done.
if command -v script > /dev/null; then
	cat > "$T/tty.sh" <<-END
		exec imapsync -S imaps://localhost:$LAB_IMAPS_PORT \
		    --ca '$LAB_CA' -u billy --password-command 'echo secret' \
		    --near '$T/near' --state '$T/base' "\$@"
	END
	tty() { script -qec "bash $T/tty.sh $*" /dev/null < /dev/null |
	    tr -d '\r' | sed 's/.*\x1b\[K//' > "$T/tty"; }
	rm -rf "$T/near" "$T/base"
	tty
	like "$(cat "$T/tty")" \
	    '^imapsync: localhost: fetch 3, .* in INBOX: 0\.0 MB, [0-9.]+ s$' \
	    "on a terminal: what it came to"
	tty
	is "$(cat "$T/tty")" "" "nothing done, nothing said"
	rm -rf "$T/near" "$T/base"
	tty -q
	is "$(cat "$T/tty")" "" "nothing with -q"
	tty -j
	unlike "$(cat "$T/tty")" '^imapsync:' "JSON alone with -j"
else
	skip "the end on a terminal" "script(1) is not there"
fi
says mxlookup 'johndoe.com: [1-9][0-9]* queries, '
shows mxlookup 'johndoe.com MX' 'johndoe.com MX'
says portprobe "127.0.0.1:$LAB_IMAPS_PORT connected to 127" \
    "127.0.0.1:$LAB_IMAPS_PORT TLSv1\.3" "127.0.0.1:$LAB_IMAPS_PORT ok"
shows portprobe CAPABILITY OK
like "$ERR" 'TLS: TLS_AES' 'portprobe -vvv: TLS'

# ---- --version
libs="OpenSSL [0-9.]+[^ ]* \(built with 3\.[0-9.]+[^ ]*\)"
for tool in mailsend mailfetch imapsync mxlookup portprobe; do
	status 0 "$tool --version" $tool --version
	is "$(head -n 1 "$T/out")" "$tool (postbag) 0.1" 'the program'
	like "$OUT" "$libs" 'OpenSSL: running and built with'
	like "$OUT" '(^|'$'\n'')(without )?zlib' 'zlib'
	like "$OUT" '(^|'$'\n'')(without )?libidn2' 'libidn2'
done
for tool in mailfetch imapsync; do
	status 0 "$tool --version" $tool --version
	like "$OUT" "configuration: $T/config/postbag/config" 'configuration'
	like "$OUT" "state: $T/state/postbag/$tool" 'state'
	status 0 "with options before it" $tool --config /x/y --state /x/z \
	    --version
	like "$OUT" 'configuration: /x/y' 'its configuration'
	like "$OUT" 'state: /x/z' 'its state'
done
done_testing
