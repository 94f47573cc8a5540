#!/bin/bash
# The laboratory itself: everything starts, talks, refuses and goes away.
# shellcheck disable=SC1091,SC2153,SC2154,SC2317
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"

want='postfix dovecot nsd unbound openssl curl'
for p in $want; do
	command -v "$p" > /dev/null || skip_all "$p is not installed"
done
root=1
lab_need_root 2> /dev/null || root=

# ---- certificates

"$ROOT/tests/lab/ca" "$T/ca" all
verifies() {	# NAME [OPTION...]: as a server called mail.johndoe.com
	openssl verify -CAfile "$T/ca/ca.pem" -purpose sslserver \
		-auth_level 2 -verify_hostname mail.johndoe.com \
		-untrusted "$T/ca/$1.pem" "${@:2}" "$T/ca/$1.pem"
}
ok 'the good certificate verifies' verifies good
ok 'with the hashed folder too' openssl verify -CApath "$T/ca/capath" \
	-untrusted "$T/ca/good.pem" "$T/ca/good.pem"
for n in expired notyet selfsigned wrongname unknown sha1 rsa1024 nul \
	nochain purpose; do
	not_ok "$n is refused" verifies $n
done
# cn-only, ip-only, wildcard and partial: openssl's own rules are laxer

# ---- the environment of whoever has a lab already

is "$(LAB=/x LAB_DNS=127.0.0.1:1 LAB_IMAP_PORT=1 LAB_CERT=expired bash -c \
	'. "$1"; echo "${LAB-}${LAB_DNS-}${LAB_IMAP_PORT-} $LAB_CERT"' \
	lab "$ROOT/tests/lab/lab.sh")" ' expired' \
	"it is not this script's lab; what is to be set before counts"

# ---- servers

start=$EPOCHREALTIME
if [ -n "$root" ]; then
	lab_up postfix unbound
else
	lab_up dovecot unbound
fi
rc=$?
is $rc 0 'all servers answer'
[ $rc = 0 ] || done_testing
took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
diag "started in $took ms"
folder=$LAB
mapfile -t pids < "$LAB/pids"

printf 'Subject: by %s\r\nFrom: billy@johndoe.com\r\n\r\nhi\r\n' lab > "$T/m"
send() {	# URL [OPTION...]
	curl -sS -m 20 --cacert "$LAB_CA" --user "billy:$LAB_PASS_billy" \
		--mail-from billy@johndoe.com --mail-rcpt jane@johndoe.com \
		-T "$T/m" "$@"
}
fetch() {	# USER URL
	local pass=LAB_PASS_$1
	curl -sS -m 20 --cacert "$LAB_CA" --user "$1:${!pass}" "$2"
}
if [ -n "$root" ]; then
	ok 'submission with STARTTLS and AUTH' \
		send "smtp://localhost:$LAB_SUBMISSION_PORT" --ssl-reqd
	ok 'submission with TLS from the start' \
		send "smtps://localhost:$LAB_SMTPS_PORT"
	not_ok 'a wrong password is refused' \
		send "smtps://localhost:$LAB_SMTPS_PORT" --user billy:wrong
	not_ok 'an unknown recipient is refused' \
		send "smtps://localhost:$LAB_SMTPS_PORT" \
		--mail-rcpt nobody@johndoe.com
	ok 'bulk mail is discarded' send "smtp://localhost:$LAB_SMTP_PORT" \
		--user '' --mail-rcpt any@bulk.johndoe.com
	lab_postfix_listen wrong smtpd_tls_chain_files="$T/ca/expired.pem"
	not_ok 'a port with an expired certificate' \
		send "smtp://localhost:$wrong" --ssl-reqd
	ok 'which is the only fault' \
		send "smtp://localhost:$wrong" --ssl-reqd --insecure
	ok 'four arrive' lab_mail_wait jane 4
else
	for i in 1 2 3 4; do
		exec 5<> "/dev/tcp/127.0.0.1/$LAB_LMTP_PORT"
		printf 'LHLO x\r\nMAIL FROM:<>\r\n' >&5
		printf 'RCPT TO:<jane@johndoe.com>\r\nDATA\r\n' >&5
		cat "$T/m" >&5
		printf '.\r\nQUIT\r\n' >&5
		cat <&5 > /dev/null
		exec 5>&-
	done
	ok 'four arrive by LMTP' lab_mail_wait jane 4
fi
like "$(cat "$(lab_mail_last jane)")" 'by lab.*hi' 'readable in the Maildir'
like "$(fetch jane "imaps://localhost:$LAB_IMAPS_PORT/INBOX;MAILINDEX=1")" \
	'by lab' 'IMAP has it'
like "$(fetch jane "pop3s://localhost:$LAB_POP3S_PORT/1")" 'by lab' \
	'POP3 has it'
[ -z "$LAB_IPV6" ] || ok 'IPv6' \
	fetch jane "imaps://[::1]:$LAB_IMAPS_PORT/"
like "$(curl -sS -m 20 --cacert "$LAB_CA" -u billy: --oauth2-bearer \
	"$LAB_TOKEN_billy" "imaps://localhost:$LAB_IMAPS_PORT/")" \
	'\\Sent' 'bearer token, and special-use folders'

lab_openssl_server wrongname mute
like "$(openssl s_client -connect "127.0.0.1:$mute" -CAfile "$LAB_CA" \
	-verify_hostname mail.johndoe.com < /dev/null 2>&1)" \
	'hostname mismatch' 'a server with the wrong name'

# ---- servers that are odd

greeting() {	# PORT: what it says within two seconds, and how that ended
	timeout 2 bash -c 'exec 3<> "/dev/tcp/127.0.0.1/$0"; cat <&3' "$1" \
		2> /dev/null
	echo "$?"
}
[ -z "$LAB_SIEVE_PORT" ] || like "$(greeting "$LAB_SIEVE_PORT")" \
	'"SIEVE" .*OK .*124$' 'ManageSieve greets'
lab_odd shut=closed full=filtered dumb=mute short=bye plain=plain:pop3 \
	tls=starttls:smtp:good 'say=say=\x1b[1m'
is "$(greeting "$shut")" 1 'a closed port'
is "$(greeting "$full")" 124 'a port that drops what comes'
is "$(greeting "$dumb")" 124 'a server that says nothing'
like "$(greeting "$short")" '^220 .*0$' 'one that goes'
like "$(greeting "$plain")" '^\+OK .*124$' 'one without TLS'
is "$(greeting "$say" | head -c 4)" $'\e[1m' 'one with escape sequences'
like "$(sleep 0.3 | openssl s_client -connect "127.0.0.1:$tls" -CAfile "$LAB_CA" \
	-starttls smtp 2>&1)" 'Verify return code: 0' 'one with STARTTLS'
like "$(tail -n 1 "$LAB_ODD_LOG")" '"EHLO .*"STARTTLS".*"tls": true' \
	'which tells what it heard'

# ---- names

answer=$(drill -D -p "${LAB_DNS##*:}" @127.0.0.1 MX johndoe.com)
like "$answer" 'flags:[a-z ]* ad' 'the zone validates'
like "$answer" '10 mail.johndoe.com' 'the MX'
like "$(drill -p "${LAB_DNS##*:}" @127.0.0.1 A example.org)" NXDOMAIN \
	'nothing else exists'
drill -D -p "${LAB_DNS##*:}" @127.0.0.1 A foo.johndoe.com > "$T/denied"
like "$(drill -p "${LAB_DNS##*:}" @127.0.0.1 TXT _mta-sts.johndoe.com)" STSv1 \
	'a denial of what is beside it in the zone denies nothing that is there'

# ---- the relay

lab_relay port -t "127.0.0.1:$LAB_IMAP_PORT" -d 50
start=$EPOCHREALTIME
{
	exec 5<> "/dev/tcp/127.0.0.1/$port"
	read -r -u 5 _				# 1 round trip
	for i in 1 2; do
		printf '%s NOOP\r\n' $i >&5
		read -r -u 5 _			# 1 each
	done
	printf '3 LOGOUT\r\n' >&5
	cat <&5 > /dev/null				# and 1
	exec 5>&-
}
took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
ok "the relay delays: $took ms for 4 round trips" test $took -ge 400
lab_until 60 grep -q . "$LAB/relay.port"
like "$(cat "$LAB/relay.port")" '"turns":3,"server_first":true' \
	'and counts them'

lab_relay cut -t "127.0.0.1:$LAB_IMAP_PORT" -c cut:down:4
is "$(cat < "/dev/tcp/127.0.0.1/$cut")" '* OK' 'and cuts'

# ---- the end

lab_down
not_ok 'the folder is gone' test -e "$folder"
left=0
for p in "${pids[@]}"; do
	! lab_running "$p" || left=$((left + 1))
done
is $left 0 'so are the processes'
lab_up dovecot
is $? 0 'it starts again'
lab_down

# shellcheck disable=SC2016
dir=$(bash -c '. "$1"; lab_up dovecot; echo $LAB $(cat $LAB/pids); kill -9 $$' \
	lab "$ROOT/tests/lab/lab.sh" 2> /dev/null || :)
pid=${dir#* } dir=${dir%% *}
ok 'a killed script had a lab' test -n "$dir"
gone() { [ ! -e "$dir" ] && ! lab_running "$pid"; }
ok 'which goes away too' lab_until 60 gone
done_testing
