#!/usr/bin/env bash
# Rule 4: whose certificate is believed, on implicit TLS and STARTTLS, and
# what is said when it is not. Each is status 77, before any command.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix
lab_cert expired notyet selfsigned wrongname unknown cn-only wildcard partial \
    ip-only rsa1024 nochain nul

send() { mailsend --ca "$LAB_CA" -u billy --password-command 'echo secret' \
    -f billy@johndoe.com --body x --connect-to "127.0.0.1:$1" "${@:2}" \
    billy@johndoe.com; }
spki() { openssl x509 -in "$LAB_CADIR/$1.pem" -noout -pubkey |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64; }

# certificate, server named, status, what is said
while IFS='|' read -r cert host want words; do
	lab_postfix_listen PORT smtpd_tls_wrappermode=yes \
	    "smtpd_tls_chain_files=$LAB_CADIR/$cert.pem"
	lab_postfix_listen PORT2 "smtpd_tls_chain_files=$LAB_CADIR/$cert.pem"
	status "$want" "$cert, $host, implicit: $want" \
	    send "$PORT" -S "smtps://$host"
	like "$ERR" "$words" "$cert: what is wrong is said"
	status "$want" "$cert, $host, STARTTLS: $want" \
	    send "$PORT2" -S "smtp://$host"
	like "$ERR" "$words" "$cert: what is wrong is said"
done <<'END'
good|mail.johndoe.com|0|^$
good|other.example|77|not for other.example; it is for .*mail.johndoe.com
expired|mail.johndoe.com|77|expired on 20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]
notyet|mail.johndoe.com|77|not valid before 20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]
selfsigned|mail.johndoe.com|77|self-signed
wrongname|mail.johndoe.com|77|not for mail.johndoe.com; it is for
unknown|mail.johndoe.com|77|issuer is not
cn-only|mail.johndoe.com|77|no subjectAltName
wildcard|mail.johndoe.com|0|^$
partial|mail.johndoe.com|77|not for mail.johndoe.com
ip-only|mail.johndoe.com|77|not for mail.johndoe.com; it is for 127.0.0.1
ip-only|127.0.0.1|0|^$
nochain|mail.johndoe.com|77|issuer is not known here
END

# A key too small never gets as far as a certificate check with some servers.
lab_openssl_server rsa1024 WEAK
status 77 "RSA-1024 is refused" send "$WEAK" -S smtps://mail.johndoe.com
like "$ERR" 'too (small|weak)' "as too weak"

# ---- certificates of our own, and the name we ask for
(umask 077; cp "$LAB_CADIR/client.key" "$LAB_CADIR/good.pem" "$T"
cat "$LAB_CADIR/client.pem" "$T/client.key" > "$T/both.pem")
mine() { send "$ASKS" -S smtps://mail.johndoe.com --cert "$@"; }
lab_postfix_listen ASKS smtpd_tls_wrappermode=yes smtpd_tls_req_ccert=yes \
    "smtpd_tls_CAfile=$LAB_CA"
status 0 "a client certificate where one is wanted" mine \
    "$LAB_CADIR/client.pem" --key "$T/client.key"
status 0 "in one file with its key" mine "$T/both.pem"
status 75 "none where one is wanted" send "$ASKS" -S smtps://mail.johndoe.com
like "$ERR" 'No client certificate presented' "in the server's words"
status 78 "a key that is another's" mine "$LAB_CADIR/client.pem" \
    --key "$T/good.pem"
like "$ERR" 'key.*mismatch' "is said"
chmod 644 "$T/both.pem"
status 78 "a key that others can read" mine "$T/both.pem"
like "$ERR" "both.pem.*644" "is said"

lab_openssl_server wrongname SNI -servername mail.johndoe.com \
    -cert2 "$LAB_CADIR/good.pem" -key2 "$LAB_CADIR/good.pem"
cat "$LAB_CA" "$LAB_CADIR/int.pem" > "$T/cas"	# it sends no chain with that
status 75 "the server learns which name is meant, and has its certificate" \
    send "$SNI" -S smtps://mail.johndoe.com --timeout 3 --ca "$T/cas"
like "$ERR" 'the greeting: ' "which is believed; it says no more"
status 77 "by another name it has the other one" send "$SNI" \
    -S smtps://localhost --timeout 3 --ca "$T/cas"
like "$ERR" 'not for localhost' "which is not"

# ---- pins
lab_postfix_listen PORT smtpd_tls_wrappermode=yes \
    "smtpd_tls_chain_files=$LAB_CADIR/selfsigned.pem"
pin="sha256//$(spki selfsigned)"
status 0 "--pin trusts this key, self-signed or not" \
    send "$PORT" -S smtps://mail.johndoe.com --pin "$pin"
status 77 "--pin of another key does not" send "$PORT" \
    -S smtps://mail.johndoe.com --pin "sha256//$(spki good)"
ok "and the key is named" grep -qF "its key is $pin" "$T/err"
status 64 "--pin that is none" send "$PORT" -S smtps://mail.johndoe.com \
    --pin sha256//abc

# ---- --insecure-no-verify
status 0 "--insecure-no-verify connects" mailsend --insecure-no-verify \
    -S "smtps://localhost:$PORT" --quit-after ehlo
like "$ERR" 'WARNING' "loudly"
status 0 "a hashed directory for --ca" mailsend --ca "$LAB_CAPATH" \
    -S "smtps://localhost:$LAB_SMTPS_PORT" --quit-after ehlo
status 78 "a directory that is not hashed" mailsend --ca "$T" \
    -S "smtps://localhost:$LAB_SMTPS_PORT" --quit-after ehlo

status 0 "SSL_CERT_DIR alone" env -u SSL_CERT_FILE SSL_CERT_DIR="$LAB_CAPATH" \
    strace -f -e trace=openat -o "$T/trace" "$BUILD/mailsend" \
    -S "smtps://localhost:$LAB_SMTPS_PORT" --quit-after ehlo
ok "from which the authority came" grep -q "$LAB_CAPATH" "$T/trace"
not_ok "and the system's are not looked at" \
    grep -E '/ssl/certs|/ssl/cert.pem|ca-bundle' "$T/trace"

# ---- versions (rule 1 of TLS: 1.2 is the floor), plaintext ports
lab_openssl_server good OLD -tls1_1 -cipher 'DEFAULT@SECLEVEL=0'
status 77 "TLS 1.1 is refused" mailsend --ca "$LAB_CA" \
    -S "smtps://localhost:$OLD" --quit-after ehlo
status 76 "TLS to a plaintext port" mailsend --ca "$LAB_CA" \
    -S "smtps://localhost:$LAB_SUBMISSION_PORT" --quit-after ehlo
like "$ERR" 'does not speak TLS on this port' "is said so"

# ---- the same verdicts, wherever the authorities come from
i=0
for cert in good unknown nochain expired; do
	lab_postfix_listen "OF$((i++))" smtpd_tls_wrappermode=yes \
	    "smtpd_tls_chain_files=$LAB_CADIR/$cert.pem"
done
mkdir "$T/two"
cp "$LAB_CADIR/other.pem" "$LAB_CA" "$T/two"
openssl rehash "$T/two"
cat "$LAB_CADIR/other.pem" "$LAB_CA" > "$T/two.pem"

# verdicts WANT NAME CMD...: of the four, each as a status and what is wrong
verdicts() {
	local port got=''
	for port in "$OF0" "$OF1" "$OF2" "$OF3"; do
		"${@:3}" -S smtps://mail.johndoe.com --quit-after ehlo \
		    --connect-to "127.0.0.1:$port" > "$T/said" 2>&1
		got+=" $? $(grep -oE 'unknown CA|issuer is not|expired' "$T/said")"
	done
	is "$(xargs <<< "$got")" "$1" "$2"
}
named() { env SSL_CERT_FILE="$1" SSL_CERT_DIR="$2" mailsend "${@:3}"; }
# As if the system's folder had what is copied there from $1.
system() {
	env -u SSL_CERT_FILE -u SSL_CERT_DIR unshare -m --propagation private \
	    bash -c 'mount -t tmpfs tmpfs /etc/ssl/certs &&
	    { [ ! -e "$0" ] || cp -rL "$0" /etc/ssl/certs; } && exec "$@"' \
	    "$1" mailsend "${@:2}"
}
one='0 77 issuer is not 77 issuer is not 77 expired'
both='0 0 77 issuer is not 77 expired'
verdicts "$one" "--ca: a file" mailsend --ca "$LAB_CA"
verdicts "$one" "--ca: a folder" mailsend --ca "$LAB_CAPATH"
verdicts "$both" "--ca: two in a file" mailsend --ca "$T/two.pem"
verdicts "$both" "--ca: two in a folder" mailsend --ca "$T/two"
verdicts "$one" "SSL_CERT_FILE" named "$LAB_CA" ''
verdicts "$one" "SSL_CERT_DIR" named '' ":$LAB_CAPATH"
verdicts "$both" "both, and each has one" \
    named "$LAB_CADIR/other.pem" "$LAB_CAPATH"
verdicts "$one" "--ca, and the others do not count" \
    named "$LAB_CADIR/other.pem" "$T/two" --ca "$LAB_CA"
if unshare -m --propagation private true 2> /dev/null; then
	verdicts "$one" "the system's folder" system "$LAB_CAPATH/."
	verdicts "$both" "with two in it" system "$T/two/."
	cp "$T/two.pem" "$T/ca-certificates.crt"
	verdicts "$both" "the system's bundle, without hashed names" \
	    system "$T/ca-certificates.crt"
	mkdir "$T/mixed"
	cp -L "$LAB_CAPATH"/* "$T/ca-certificates.crt" "$T/mixed"
	verdicts "$one" "the folder's names count, where there are some" \
	    system "$T/mixed/."
	status 77 "an empty folder knows nobody" system /nonexistent \
	    -S smtps://mail.johndoe.com --quit-after ehlo --connect-to "127.0.0.1:$OF0"
	like "$ERR" 'issuer is not known here' "and it is said so"
else
	skip "the system's folder" "not allowed to unshare"
fi

# ---- what is opened: the bundle is not parsed where a hashed directory is
if [ -n "$(ls /etc/ssl/certs/*.0 2>/dev/null)" ]; then
	env -u SSL_CERT_FILE -u SSL_CERT_DIR strace -f -e trace=openat \
	    -o "$T/trace" mailsend \
	    -S "smtps://localhost:$LAB_SMTPS_PORT" --quit-after ehlo 2>/dev/null
	not_ok "the CA bundle is not read" grep -q 'ca-certificates.crt' "$T/trace"
	status 0 "by whatever path it is named" env SSL_CERT_FILE="$LAB_CA" \
	    SSL_CERT_DIR=/etc/ssl/certs strace -f -e trace=openat \
	    -o "$T/trace" mailsend \
	    -S "smtps://localhost:$LAB_SMTPS_PORT" --quit-after ehlo
	not_ok "its files are not walked through one by one" \
	    grep -E 'certs/[0-9a-f]{8}\.0.*O_PATH' "$T/trace"
else
	skip "the CA bundle is not read" "no hashed directory here"
fi
done_testing
