#!/usr/bin/env bash
# cert-watch, mail-ports, check_mail_ports: what they make of what portprobe
# says, row by row, and what they ask it.  tests/server/probescripts.t has them
# with a real one.
set -u
. "$(dirname "$0")/../lib.sh"
command -v jq > /dev/null || skip_all 'jq is not installed'
mkdir "$T/bin"
cat > "$T/bin/portprobe" <<END
#!/bin/sh
echo "\$*" > "$T/asked"
cat "$T/rows"
exit \$(cat "$T/ends")
END
cat > "$T/bin/mailsend" <<END
#!/bin/sh
[ ! -e "$T/refuses" ] || exit 67
printf '%s|' "\$@"
cat
END
chmod +x "$T/bin/portprobe" "$T/bin/mailsend"
PATH=$T/bin:$PATH
unset PORTPROBE_OPTIONS
watch=$ROOT/scripts/cert-watch
# says STATUS: what is on standard input is what portprobe says then
says() {
	cat > "$T/rows"
	echo "$1" > "$T/ends"
}

# ---- cert-watch: when a certificate is near its end

# cert LIFE DAYS [CHANGE]: a port's row, with one that has so many days left
cert() {
	jq -nc --argjson life "$1" --argjson days "$2" '
	{ host: "h", port: 993, ip: "192.0.2.1", state: "ok", findings: [],
	  tls: { chain: [{ depth: 0, self_signed: false, days: $days, sha256: "a",
		not_before: (1767225600 | todate), subject: "CN=h",
		not_after: (1767225600 + $life * 86400 | todate) }] } } |
	'"${3-.}"
}
while IFS='|' read -r opt life days want; do
	says 0 < <(cert "$life" "$days")
	# shellcheck disable=SC2086 # words
	status 0 "cert-watch $opt: $days of $life days" "$watch" $opt to@x.example h
	[ -z "$OUT" ] && told=no || told=yes
	is "$told" "$want" 'is told, or not'
done <<'END'
|10|0|no
|10|-1|yes
|11|2|yes
|11|3|no
|80|19|yes
|80|20|no
|400|20|yes
|400|21|no
-w 5|400|4|yes
-w 5|400|5|no
-w 10%|50|4|yes
-w 10%|50|5|no
END
says 0 < <(cert 100 5; cert 100 2 '.tls.chain[0] += { sha256: "b", subject: "CN=z" }')
status 0 'cert-watch: two' "$watch" to@x.example h
like "$OUT" '^-H\|Auto-Submitted: auto-generated\|-s\|mail certificates: ends in 2 days.*: CN=z\|--\|to@x.example\|ends in 2 .*ends in 5 ' \
	'the subject is about the one that is next'
: > "$T/refuses"
status 67 'cert-watch: a mail that is refused' "$watch" to@x.example h
rm "$T/refuses"
PORTPROBE_OPTIONS='--ca x' "$watch" -c new.pem -w 3 to@x.example a b > "$T/out"
is "$(< "$T/asked")" '-j --expect-cert new.pem -w 3 --ca x -- a b' 'cert-watch: what is asked'

# ---- cert-watch: what was found, and how portprobe ended

while IFS='|' read -r sev id want; do
	says 77 < <(cert 400 300 ".findings = [{ sev: \"$sev\", id: \"$id\", text: \"T\" }]")
	status 0 "cert-watch: $sev $id" "$watch" to@x.example h
	[ -z "$OUT" ] && told=no || told=yes
	is "$told" "$want" 'is told, or not'
done <<'END'
crit|CERT_NAME|yes
crit|DANE_MISMATCH|yes
crit|STS_NO_MATCH|yes
warn|CERT_NAME|no
crit|SMTP_RELAY|no
crit|CERT_SOON|no
crit|CERT_EXPIRED|no
END
for s in 65 67 68 69 75 76 77; do
	says $s < <(cert 1 1 '.tls = null | .state = "timeout"')
	status 0 "cert-watch: portprobe ends with $s" "$watch" to@x.example h
	like "$OUT" 'cannot be looked at: h:993 \(192.0.2.1\): timeout' 'which is mailed'
done
for s in 64 66 70 71 73 74 78; do
	says $s < <(cert 1 1 '.tls = null')
	status $s "cert-watch: $s" "$watch" to@x.example h
	is "$OUT" '' 'has not looked: nothing is mailed'
done

# ---- mail-ports

port() {	# PORT PROTO [CHANGE]
	jq -nc --argjson port "$1" --arg proto "$2" '
	{ host: "h", port: $port, proto: $proto, ip: "192.0.2.1", state: "ok",
	  tcp: "open", severity: "ok", caps: ["X"], auth_before_tls: false,
	  tls: { version: "TLSv1.3", name: "match", chain_state: "ok",
	  chain: [{ days: 9 }] } } | '"${3-.}"
}
while IFS='|' read -r proto change want; do
	says 65 < <(port 1 "$proto" "$change")
	status 65 "mail-ports: $proto $change" "$ROOT/scripts/mail-ports" h
	is "$(sed -n 3p <<< "$OUT" | sed 's/^ *//; s/  */ /g')" "1 $proto $want" 'its row'
done <<'END'
smtp|.tls.dane.state = "match"|relay yes, DANE TLSv1.3, 9 days servers hand mail to each other
imap|.tls.dane.state = "match"|reading yes TLSv1.3, 9 days mail stays on the server (STARTTLS)
smtp|.tls.dane.state = "mismatch"|relay yes TLSv1.3, 9 days servers hand mail to each other
pop3s|.tls.name = "mismatch"|fetching encrypted only TLSv1.3, 9 days mail is taken away (TLS)
pop3s|.tls.chain_state = "expired"|fetching encrypted only TLSv1.3, 9 days mail is taken away (TLS)
pop3s|.severity = "crit"|fetching yes TLSv1.3, 9 days mail is taken away (TLS)
pop3s|. += { severity: "crit", state: "cert" }|fetching no: certificate TLSv1.3, 9 days mail is taken away (TLS)
pop3|.auth_before_tls = true|fetching yes, but login in plaintext too TLSv1.3, 9 days mail is taken away (STLS)
lmtp|.tls = null|delivery no: plaintext ok into mailboxes, inside only
lmtp|. += { tls: null, caps: [] }|delivery - ok into mailboxes, inside only
sieve|. += { tcp: "refused", state: "refused" }|filters - refused mail programs manage rules
submissions|.tls.chain += [{ days: 2 }, { days: 30 }]|submission yes TLSv1.3, 2 days mail programs send (TLS)
imaps|.tls.chain += [{ days: -1 }]|reading yes TLSv1.3, ended mail stays on the server (TLS)
gopher|.|? yes TLSv1.3, 9 days not a mail port
END
says 0 < <(port 993 imaps; port 2525 smtp; port 25 smtp '.ip = "192.0.2.9"'; port 25 smtp
	jq -nc '{ host: "h", ip: null, error: { text: "x" } }')
status 0 'mail-ports: two addresses' "$ROOT/scripts/mail-ports" h
is "$(awk '{ print $1 }' <<< "$OUT" | xargs)" '192.0.2.1 PORT 25 2525 993 192.0.2.9 PORT 25' \
	'a table for each, by protocol and port'
is "$ERR" 'mail-ports: h: x' 'what has no address is told'
while IFS='|' read -r args want; do
	# shellcheck disable=SC2086 # words
	"$ROOT/scripts/mail-ports" $args > "$T/out" 2>&1
	is "$(< "$T/asked")" "$want" "mail-ports $args: what is asked"
done <<'END'
h|-j -p 25,587,465,143,993,110,995,4190 h
--ca x h|-j -p 25,587,465,143,993,110,995,4190 --ca x h
-p 1 h|-j -p 1 h
-p1 h|-j -p1 h
--ports=1 h|-j --ports=1 h
END

# ---- check_mail_ports

check=$ROOT/scripts/check_mail_ports
says 1 <<< 'PORTPROBE WARNING'
status 1 'check_mail_ports' "$check" -H a -H mx:b -p 1,2 -w 30 -c 10 -t 4 -W 50 -C 60 -- --ca x
is "$OUT" 'PORTPROBE WARNING' 'says what portprobe says'
is "$(< "$T/asked")" '--nagios --ports 1,2 --warn 30 --crit 10 --timeout 4 --lat-warn 50 --lat-crit 60 --ca x -- a mx:b' \
	'and what is asked'
status 3 'check_mail_ports: -w' "$check" -H a -w
is "$OUT" 'PORTPROBE UNKNOWN - -w needs a value' 'is unknown, as all that is wrong'
status 3 'check_mail_ports: -V' "$check" -V
is "$(< "$T/asked")" --version 'the version of portprobe'
status 3 'check_mail_ports: -h' "$check" -h
like "$OUT" '^A check for Nagios' 'is its usage'
done_testing
