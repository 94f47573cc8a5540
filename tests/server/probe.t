#!/usr/bin/env bash
# portprobe on real servers: Postfix, Dovecot, an HTTPS server with a policy,
# NSD and Unbound with signed zones.  It is in a network namespace of its own,
# where the ports have their real numbers.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/alone.sh" -n postfix dovecot nsd unbound ldns-signzone openssl jq
lab_up postfix
lab_cert expired wrongname

# ---- the zones

digest() {	# CERTIFICATE [SPKI|FULL]: SHA-256, of the first one in the file
	if [ "${2-SPKI}" = SPKI ]; then
		openssl x509 -in "$1" -noout -pubkey |
			openssl pkey -pubin -outform DER
	else
		openssl x509 -in "$1" -outform DER
	fi | openssl dgst -sha256 -r | cut -d' ' -f1
}
good=$LAB_CADIR/good.pem
spki=$(digest "$good")
zeros=$(printf '00%.0s' {1..32})
# Names of the certificate that stand for cases of DANE; mail is the real one.
dns_zone johndoe.com signed <<END
@	MX	10 mail
@	MX	20 exp
@	A	127.0.0.1
mail	A	127.0.0.1
_25._tcp.mail	TLSA 3 1 1 $spki
_25._tcp.mail	TLSA 3 1 1 $zeros
_993._tcp.mail	TLSA 3 1 1 $spki
_465._tcp.mail	TLSA 1 1 1 $spki
_995._tcp.mail	TLSA 3 1 1 $zeros
exp	A	127.0.0.7
_imaps._tcp	SRV 0 1 993 mail
_imap._tcp	SRV 10 1 143 mail
_pop3s._tcp	SRV 0 1 995 mail
_pop3._tcp	SRV 0 0 0 .
_submissions._tcp SRV 0 1 465 mail
_submission._tcp SRV 10 1 587 mail
both	A	127.0.0.1
both	AAAA	::1
no25	MX	10 b1
no25	MX	20 b2
b1	A	127.0.0.2
b2	A	127.0.0.3
wrong	A	127.0.0.1
_25._tcp.wrong	TLSA 3 1 1 $zeros
mx1	A	127.0.0.1
_25._tcp.mx1	TLSA 2 1 1 $(digest "$LAB_CADIR/int.pem")
mx2	A	127.0.0.1
_25._tcp.mx2	TLSA 2 1 1 $(digest "$LAB_CADIR/ca.pem")
smtp	A	127.0.0.1
_25._tcp.smtp	TLSA 3 0 1 $(digest "$good" FULL)
usage	A	127.0.0.1
_25._tcp.usage	TLSA 1 1 1 $spki
_25._tcp.usage	TLSA 0 1 1 $spki
agile	A	127.0.0.1
_25._tcp.agile	TLSA 3 1 1 $spki
_25._tcp.agile	TLSA 3 1 2 $zeros$zeros
strange	A	127.0.0.1
_25._tcp.strange TLSA 3 1 9 $spki
_25._tcp.strange TLSA 3 1 1 abcd
none	A	127.0.0.1
alias	CNAME	mail
temp	A	127.0.0.1
_tcp.temp	NS	ns.temp
ns.temp	A	127.0.0.99
mta-sts	A	127.0.0.1
_mta-sts	TXT	"v=STSv1; id=1"
dead	MX	10 gone
half	MX	10 mail
half	MX	20 gone
null	MX	0 .
END
dns_zone poor.example plain <<END
mail	A	127.0.0.1
_25._tcp.mail	TLSA 3 1 1 $zeros
@	MX	10 mail
END
dns_zone many.example plain < <(for i in {1..1000}; do
	echo "h$i A 127.0.0.$((1 + i % 200))"; done)
dns_up
export POSTBAG_DNS=$DNS_UNBOUND

# ---- the ports: relays with the real numbers

for a in 127.0.0.1 ${LAB_IPV6:+[::1]}; do
	for p in 25:SMTP 465:SMTPS 587:SUBMISSION 110:POP3 995:POP3S 143:IMAP \
		993:IMAPS 4190:SIEVE 24:LMTP; do
		v=LAB_${p#*:}_PORT
		[ -z "${!v}" ] ||
			lab_relay R -l "$a:${p%:*}" -t "127.0.0.1:${!v}"
	done
done
lab_odd B1=@127.0.0.2:25\ filtered B2=@127.0.0.3:25\ filtered \
	B1S=@127.0.0.2:587\ starttls:smtp:good \
	B2S=@127.0.0.3:587\ starttls:smtp:good \
	B2I=@127.0.0.3:993\ tls:imap:good \
	F4=@127.0.0.4:25\ filtered F4I=@127.0.0.4:143\ filtered \
	EXP=@127.0.0.7:25\ starttls:smtp:expired \
	EXPI=@127.0.0.7:993\ tls:imap:expired
mkdir -p "$T/www/.well-known"
policy() {	# MODE MX
	printf 'version: STSv1\nmode: %s\nmx: %s\nmax_age: 604800\n' "$@" \
		> "$T/www/.well-known/mta-sts.txt"
}
cat "$LAB_CADIR/int.pem" > "$T/int.pem"
cd "$T/www"
lab_spawn https openssl s_server -4 -accept 127.0.0.1:443 -WWW -quiet \
	-cert "$good" -key "$good" -cert_chain "$T/int.pem"
https=$LAB_PID
cd "$ROOT"
wait_port 127.0.0.1 443

# ---- helpers

# probe ARG...: objects in $T/json
probe() {
	timeout 30 portprobe -j --ca "$LAB_CA" "$@" > "$T/json" 2> "$T/err"
	STATUS=$?
}
# value JQ: of the first object
value() { head -n 1 "$T/json" | jq -cr "$1" 2>&1; }
has() { value "[.findings[].id] | index(\"$1\") != null"; }

# theirs PORT PROTO OPTION...: what is offered in TLS, by openssl s_client, in
# $T/theirs.PORT
theirs() {
	local ask bye=QUIT end='^250 ' f=$T/said.$1
	case $2 in
	smtp) ask='EHLO x';;
	lmtp) ask='LHLO x';;
	imap) ask='x CAPABILITY' bye='y LOGOUT' end='^x OK';;
	pop3) ask=CAPA end='^\.';;
	sieve) ask=CAPABILITY bye=LOGOUT end='^OK .*[Cc]apability';;
	esac
	: > "$f.crlf"
	# Nothing before the greeting, nothing behind EHLO: that is a violation.
	{
		[ $# -gt 2 ] || lab_until 60 test -s "$f.crlf"
		printf '%s\r\n' "$ask"
		lab_until 60 grep -q "$end" "$f.crlf"
		printf '%s\r\n' "$bye"
	} | openssl s_client -quiet -connect "127.0.0.1:$1" "${@:3}" \
		> "$f.crlf" 2> /dev/null
	tr -d '\r' < "$f.crlf" > "$f"
	case $2 in
	smtp | lmtp) sed -n 's/^250[- ]//p' "$f" | sed '/^mail.johndoe.com$/d';;
	imap) sed -n 's/^\* CAPABILITY //p' "$f" | tail -n 1 | tr ' ' '\n';;
	pop3) sed '/^+OK/d; /^\./q' "$f" | sed '/^\./d';;
	sieve) sed -n '/^"/s/"//gp' "$f";;
	esac | sort -u > "$T/theirs.$1"
}
while read -r port proto options; do
	theirs $port $proto $options &
	echo $! >> "$T/clients"
done <<PORTS
25 smtp -starttls smtp
587 smtp -starttls smtp
465 smtp
143 imap -starttls imap
993 imap
110 pop3 -starttls pop3
995 pop3
24 lmtp -starttls lmtp
${LAB_SIEVE_PORT:+4190 sieve -starttls sieve}
PORTS

# One of these lets nothing through: it takes its time, beside the others.
portprobe --ca "$LAB_CA" mail.johndoe.com both.johndoe.com:143 \
	127.0.0.4:25 mail.johndoe.com:1 --timeout 8 > "$T/out" 2> "$T/table.err" &
table=$!

# ---- all ports of a host

probe mail.johndoe.com
is $STATUS 77 'all ports: one has a TLSA record that does not match, 77'
is "$(jq -r '"\(.port) \(.proto) \(.state)"' < "$T/json" | sort -n)" \
	'25 smtp ok
110 pop3 ok
143 imap ok
465 smtps ok
587 submission ok
993 imaps ok
995 pop3s cert' 'seven ports by default, each with its protocol'
is "$(jq -r .ip < "$T/json" | sort -u)" 127.0.0.1 'the address'
is "$(jq -r 'select(.port != 995) | .tls.name + .tls.chain_state' \
	< "$T/json" | sort -u)" matchok 'names match, chains are well'
is "$(jq -r 'select(.port == 995) | .tls.dane.state' < "$T/json")" mismatch \
	'995: the TLSA record does not match'
is "$(jq -r '.tls.version' < "$T/json" | sort -u)" TLSv1.3 'TLS 1.3 it is'
like "$(jq -r '.tls.cipher + " " + .tls.group + " " + .tls.sigalg' < "$T/json" |
	sort -u)" '^(TLS_[A-Z0-9_]* X25519(MLKEM768)? ecdsa_secp256r1_sha256.?)+$' \
	'cipher, group, signature'
openssl s_client -connect 127.0.0.1:993 < /dev/null > "$T/said" 2> /dev/null
is "$(jq -r 'select(.port == 993) | .tls.group' < "$T/json")" "$(sed -n '
	s/^Negotiated TLS1.3 group: //p
	s/^[PS]e[a-z]* Temp Key: \([^,]*\),.*/\1/p' "$T/said")" \
	'the group is as s_client has it'
is "$(jq -c '[.ms.dns, .ms.tcp, .ms.banner, .ms.tls, .ms.total] |
	map(type == "number") | all' < "$T/json" | sort -u)" true \
	'each latency is a number'
is "$(jq -c '.ms.total >= .ms.tcp + .ms.banner + .ms.tls - 0.2' < "$T/json" |
	sort -u)" true 'and the total is not less than their sum'
is "$(jq -c '[.tls.chain[] | .days] | map(type == "number") | all' \
	< "$T/json" | sort -u)" true 'days left of each certificate'
is "$(value '.tls.chain | length')" 2 'the chain as sent'
is "$(value '.tls.chain[0].sha256')" "$(digest "$good" FULL)" \
	'the fingerprint of the first'
is "$(value '.tls.chain[0].spki256')" "$spki" 'and of its key'
is "$(value '.tls.chain[0].key')" 'EC P-256' 'its key'
like "$(value '.tls.chain[0].not_after')" \
	'^20[0-9-]*T[0-9:]*Z$' 'its end'

wait $(cat "$T/clients")
for port in 25 587 465 143 993 110 995 24; do
	probe "mail.johndoe.com:$port"
	is "$(value '(.caps_tls // [])[]' | sort -u)" \
		"$(cat "$T/theirs.$port")" \
		"$port: capabilities in TLS as s_client has them"
	ok "$port: there are some" test -s "$T/theirs.$port"
done
if [ -n "$LAB_SIEVE_PORT" ]; then
	probe mail.johndoe.com:4190
	is $STATUS 0 '4190: well'
	is "$(value .proto)" sieve '4190: ManageSieve'
	is "$(value '(.caps_tls // [])[]' | sort -u)" \
		"$(cat "$T/theirs.4190")" \
		'4190: capabilities in TLS as s_client has them'
	is "$(value '[.caps[] | select(startswith("STARTTLS"))] | length')" 1 \
		'4190: STARTTLS before'
else
	skip ManageSieve 'dovecot-managesieved is not installed'
fi
probe mail.johndoe.com:24
is "$(value '.proto + " " + .state')" 'lmtp ok' '24: LMTP'
probe mail.johndoe.com:587
is "$(value '.caps_removed | index("STARTTLS") != null')" true \
	'587: STARTTLS is gone in TLS'
is "$(value '.caps_added | map(startswith("AUTH")) | any')" true \
	'587: AUTH has come'
is "$(value '.caps | map(startswith("AUTH")) | any')" false \
	'587: and was not there before'

# ---- text: a table

wait "$table"
is $? 77 'the worst of all: a certificate, then what is closed'
is "$(grep -cE '^(OK|WARN|CRIT) ' "$T/out")" \
	$((8 + 1 + ${LAB_IPV6:-0} + 1)) 'a line for each'
unlike "$(cat "$T/out")" $'\e' 'no colours without a terminal'
if command -v script > /dev/null; then
	tty() { script -qec "portprobe $*" /dev/null < /dev/null; }
	like "$(tty mail.johndoe.com:1)" $'\e\\[[0-9;]*m.*CRIT' \
		'colours with one'
	unlike "$(NO_COLOR=1 tty mail.johndoe.com:1)" $'\e' \
		'but not with $NO_COLOR'
fi
like "$(cat "$T/out")" 'refused' 'the closed port is told'
like "$(cat "$T/out")" 'filtered' 'the filtered port is told'
like "$(grep ' 25/smtp .*mail' "$T/out")" \
	'OK +25/smtp +mail.johndoe.com +127.0.0.1 .*TLSv1.3 .*dane=match' \
	'what is well in a line'
awk '/^(OK|WARN|CRIT)/ { print index($0, "/") > "/dev/stderr" }' "$T/out" 2>&1 |
	sort -u > "$T/columns"
is "$(portprobe -q --ca "$LAB_CA" mail.johndoe.com:993)" '' \
	'-q: nothing about what is well'
like "$(portprobe -q mail.johndoe.com:1 2>&1)" refused '-q: the rest'

# ---- both families

if [ -n "$LAB_IPV6" ]; then
	probe both.johndoe.com:143 --name mail.johndoe.com
	is "$(jq -r .ip < "$T/json" | sort)" $'127.0.0.1\n::1' \
		'every address of a name'
	probe -6 both.johndoe.com:143 --name mail.johndoe.com
	is "$(jq -r .ip < "$T/json")" ::1 '-6'
	probe -4 both.johndoe.com:143 --name mail.johndoe.com
	is "$(jq -r .ip < "$T/json")" 127.0.0.1 '-4'
	probe --first both.johndoe.com:143 --name mail.johndoe.com
	is "$(wc -l < "$T/json")" 1 '--first'
	probe '[::1]:143/imap' '[::1]/imaps'
	is "$(jq -r '"\(.ip) \(.port) \(.state)"' < "$T/json" | sort)" \
		$'::1 143 ok\n::1 993 ok' '[IPv6]:PORT/PROTO, [IPv6]/PROTO'
fi
probe 127.0.0.1/imaps
is "$(value '"\(.port) \(.state) \(.tls.name)"')" '993 ok match' 'HOST/PROTO'

# ---- what a firewall does

probe --timeout 1.5 127.0.0.4:25 127.0.0.4:143 mail.johndoe.com:1
is "$(jq -r '"\(.ip):\(.port) \(.state) \(.tcp) \(.error.class)"' < "$T/json" |
	sort)" '127.0.0.1:1 refused refused refused
127.0.0.4:143 filtered filtered timeout-connect
127.0.0.4:25 filtered filtered timeout-connect' \
	'refused and filtered are two things'
is $STATUS 69 'refused is worse than filtered'
probe --timeout 0.5 127.0.0.4:25
is $STATUS 75 'which is temporary'
ip route add unreachable 127.9.9.9/32 table local
probe 127.9.9.9:25
is "$(value '"\(.state) \(.error.class)"')" 'unreachable unreachable' \
	'unreachable is a third'
is $STATUS 69 'unreachable: 69'
for i in {1..40}; do echo "127.9.9.9:$i"; done > "$T/names"
probe -c 1 - < "$T/names"
is "$(jq -r .state < "$T/json" | sort | uniq -c | tr -s ' ')" ' 40 unreachable' \
	'those that fail at once make room for the next'

# Port 25 is filtered, and other ports answer.
probe --timeout 1.5 --name mail.johndoe.com -p 25,587,993 b1.johndoe.com \
	b2.johndoe.com 127.0.0.4
is "$(jq -r 'select(.port == 25) | .host + " " + .state' < "$T/json" | sort)" \
	$'127.0.0.4 filtered\nb1.johndoe.com filtered\nb2.johndoe.com filtered' \
	'port 25 is filtered'
blocked() { jq -r 'select([.findings[].id] | index("PORT25_BLOCKED")) |
	"\(.host):\(.port)"' < "$T/json" | sort; }
is "$(blocked)" $'b1.johndoe.com:25\nb2.johndoe.com:25' \
	'port 25 blocked on the way out is recognised, where other ports answer'
probe --timeout 1 -p 25,143 127.0.0.4 mail.johndoe.com
is "$(blocked)" '' 'and not where none does'

# ---- DANE

while IFS='|' read -r target state reason status; do
	probe "$target" --no-sts --timeout 2
	is "$(value '"\(.tls.dane.state) \(.tls.dane.reason)"')" \
		"$state $reason" "DANE, $target: $state"
	is $STATUS "$status" "DANE, $target: exit $status"
done <<'DANE'
mail.johndoe.com:25|match|null|0
wrong.johndoe.com:25|mismatch|null|77
mx1.johndoe.com:25|match|null|0
mx2.johndoe.com:25|mismatch|null|77
smtp.johndoe.com:25|match|null|0
usage.johndoe.com:25|unusable|null|0
agile.johndoe.com:25|mismatch|null|77
strange.johndoe.com:25|unusable|null|0
none.johndoe.com:25|none|no-tlsa|0
temp.johndoe.com:25|temp|tlsa-lookup|75
alias.johndoe.com:25|match|null|0
mail.poor.example:25|none|insecure-host|0
mail.johndoe.com:993|match|null|0
mail.johndoe.com:465|match|null|0
mail.johndoe.com:995|mismatch|null|77
DANE
probe mail.johndoe.com:25
is "$(value '[.tls.dane.rr[] | "\(.u)\(.s)\(.m) \(.result) \(.match_depth)"] |
	sort | .[]')" $'311 matched 0\n311 unmatched null' \
	'DANE: each record, matched or not'
probe usage.johndoe.com:25
is "$(value '[.tls.dane.rr[].result] | unique | .[]')" unusable \
	'DANE: usages 0 and 1 are of no use on 25'
probe alias.johndoe.com:25
is "$(value .tls.dane.base)" mail.johndoe.com \
	'DANE: the base of an alias is its target'
probe wrong.johndoe.com:25 --dane off
is $STATUS 0 '--dane off'
probe none.johndoe.com:25 --dane require
is $STATUS 77 '--dane require: without records 77'
probe wrong.johndoe.com:25 --no-trust-ad
is "$(value .tls.dane.state)" none 'DANE: no AD, no DANE'

# ---- a bad certificate: a warning on 25, critical elsewhere

probe exp.johndoe.com:25
is "$(value '"\(.state) \(.severity) \(.tls.chain_state)"')" 'ok warn expired' \
	'25, expired, neither DANE nor MTA-STS: a warning'
is $STATUS 0 'which is status 0'
probe exp.johndoe.com:993
is "$(value '"\(.state) \(.severity)"') $STATUS" 'cert crit 77' \
	'993, expired: critical'

# ---- MTA-STS

policy enforce '*.johndoe.com'
probe mx:johndoe.com
is "$(jq -r '"\(.host) \(.sts.mode) \(.severity)"' < "$T/json" | sort)" \
	'exp.johndoe.com enforce crit
mail.johndoe.com enforce ok' 'MTA-STS, enforce: an expired certificate is critical'
is $STATUS 77 'MTA-STS: 77'
policy testing '*.johndoe.com'
probe mx:johndoe.com
is "$(jq -r 'select(.host == "exp.johndoe.com") | .severity' < "$T/json")" \
	warn 'MTA-STS, testing: a warning'
is $STATUS 0 'and 0'
policy enforce mail.johndoe.com
probe mx:johndoe.com
is "$(jq -r 'select(.host == "exp.johndoe.com") | .sts.mx' < "$T/json")" \
	mismatch 'MTA-STS: a host that the policy does not name'
is $STATUS 77 'is critical'
probe mx:johndoe.com --no-sts
is "$(value .sts)" null '--no-sts'
is $STATUS 0 'nobody asks for MTA-STS: 0'
probe mx:johndoe.com --no-sts --aggregate best --dane require
is $STATUS 0 '--aggregate best: one of the hosts is enough'
probe mx:johndoe.com --no-sts --dane require
is $STATUS 77 'worst: it is not'
probe mx:half.johndoe.com --no-sts --aggregate best
is "$STATUS $(jq -r .state < "$T/json" | sort | tr '\n' ' ')" '0 dns ok ' \
	'--aggregate best: the other one has no address'
probe mx:half.johndoe.com --no-sts
is $STATUS 68 'worst: 68'
probe mx:dead.johndoe.com --no-sts --aggregate best
is $STATUS 68 'best: none has an address'
rm "$T/www/.well-known/mta-sts.txt"
probe mx:johndoe.com
is "$(value '.sts.mode, (.sts.error | type)' | tr '\n' ' ')" 'null string ' \
	'MTA-STS: a record and no policy'
is $STATUS 0 'is a warning'
lab_stop "$https"
lab_odd SILENT=@127.0.0.1:443\ mute
silent=$LAB_PID
t0=${EPOCHREALTIME/./}
probe mx:johndoe.com --timeout 2
took=$(((${EPOCHREALTIME/./} - t0) / 1000))
ok "MTA-STS: a server that is silent, $took ms" test $took -lt 3900
is "$(jq -r '"\(.host) \(.state)"' < "$T/json" | sort)" \
	$'exp.johndoe.com ok\nmail.johndoe.com ok' 'and the ports are told'

# ---- targets

probe srv:johndoe.com --no-sts
is "$(jq -r '"\(.port) \(.proto) \(.state)"' < "$T/json" | sort -n)" \
	'143 imap ok
465 smtps ok
587 submission ok
993 imaps ok
995 pop3s cert' 'srv: as clients would find them'
is "$(value .via)" srv:johndoe.com 'and where that is from'
probe mx:dead.johndoe.com
is $STATUS 68 'a host that does not exist: 68'
is "$(value .error.class)" dns 'dns'
probe mx:null.johndoe.com
isnt $STATUS 0 'a domain that takes no mail'
probe mx:nowhere.johndoe.com
is $STATUS 68 'no such domain'
printf '# list\r\n\r\nmail.johndoe.com:993\r\nmail.johndoe.com 127.0.0.1 143 imap\nmail.johndoe.com,587\n' \
	> "$T/list"
probe - < "$T/list"
is "$(jq -r '"\(.host) \(.port)"' < "$T/json" | sort)" \
	'mail.johndoe.com 143
mail.johndoe.com 587
mail.johndoe.com 993' 'a list with CRLF, comments, fields'
is "$(mxlookup -q johndoe.com | portprobe -p 25 -j --ca "$LAB_CA" - |
	jq -r .state | sort | uniq -c | tr -s ' ')" ' 2 ok' \
	'mxlookup -q johndoe.com | portprobe -p 25 -j - | jq .state'
status 64 'no target' portprobe
status 64 'a port that is none' portprobe -p 70000 localhost
status 64 'a protocol that is none' portprobe localhost:25/gopher
status 64 'an option that is none' portprobe --fast localhost

for i in {1..1000}; do echo "h$i.many.example"; done > "$T/names"
probe -p 1 - < "$T/names"
is "$(jq -r .state < "$T/json" | sort | uniq -c | tr -s ' ')" ' 1000 refused' \
	'of a thousand names none is lost in the DNS'

# ---- monitoring

nagios() {
	timeout 30 portprobe --nagios --ca "$LAB_CA" "$@" > "$T/out" 2> "$T/err"
	STATUS=$?
	OUT=$(head -n 1 "$T/out")
}
nagios mail.johndoe.com:993
is $STATUS 0 '--nagios: well'
like "$OUT" '^PORTPROBE OK - .*\|' 'its first line'
like "$OUT" "'mail.johndoe.com_993_cert'=(29|30)d?;7.75:;3.1:" \
	'days, thresholds: shares of a life of 31 days'
like "$OUT" "'mail.johndoe.com_993_total'=[0-9.]+ms;;;0" 'milliseconds'
nagios -w 40 mail.johndoe.com:993
is $STATUS 1 '--nagios -w 40: a warning'
like "$OUT" '^PORTPROBE WARNING - .*40:;3.1:' 'told'
nagios -w 50 -C 40 mail.johndoe.com:993
is $STATUS 2 '--nagios -C 40: critical'
nagios --lat-warn 100000 --lat-crit 200000 mail.johndoe.com:993
like "$OUT" 'total.=[0-9.]+ms;100000;200000;0' 'latency thresholds'
is $STATUS 0 'not reached'
lab_odd SLOW=tls:imap:good/slow
nagios --lat-warn 50 --name mail.johndoe.com "127.0.0.1:$SLOW/imaps"
is $STATUS 1 '--lat-warn reached'
nagios --lat-warn 20 --lat-crit 50 --name mail.johndoe.com "127.0.0.1:$SLOW/imaps"
is $STATUS 2 '--lat-crit reached'
nagios mail.johndoe.com:1 mail.johndoe.com:993
is $STATUS 2 '--nagios: a closed port is critical'
like "$OUT" '1/2 critical' 'one of two'
is "$(tail -n +2 "$T/out" | grep -c .)" 2 'a line for each probe'
nagios exp.johndoe.com:25
is $STATUS 1 '--nagios: a bad certificate on 25 is a warning'
POSTBAG_DNS=127.0.0.99:1 nagios --timeout 2 mail.johndoe.com:993
is $STATUS 3 '--nagios: no DNS is unknown'
nagios --fast
is $STATUS 3 '--nagios: usage is unknown'
like "$(cat "$T/out")" '^PORTPROBE UNKNOWN - .*--fast' 'and told where plugins are read'
timeout 30 portprobe --fast --nagios > "$T/out" 2> /dev/null
is "$?$(grep -c '^PORTPROBE UNKNOWN' "$T/out")" 31 'also if it is wrong before --nagios'
nagios -w 50 -C 40 mail.johndoe.com:993
is "$(sed -n 2p "$T/out" | grep -o '[a-z0-9 ]*expires[^;(]*' | sort | uniq -d)" '' \
	'--nagios: what is wrong is told once'

portprobe --prom "$T/prom" --ca "$LAB_CA" mail.johndoe.com:993 \
	mail.johndoe.com:1 > /dev/null 2>&1
like "$(cat "$T/prom")" 'portprobe_up\{[^}]*port="993"[^}]*\} 1' '--prom: up'
like "$(cat "$T/prom")" 'portprobe_up\{[^}]*port="1"[^}]*\} 0' 'and down'
like "$(cat "$T/prom")" 'portprobe_cert_expiry_timestamp_seconds\{.*\} 1[0-9]{9}' \
	'--prom: when the certificate ends'
ok '--prom: each line is a comment or a sample' bash -c '! grep -vE \
	"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+=\"[^\"]*\",?)*\})? -?[0-9.e+]+)$" \
	"$0"' "$T/prom"
portprobe --prom "$T/doubles" --ca "$LAB_CA" mail.johndoe.com:993 \
	mail.johndoe.com:993 mx:johndoe.com -p 25 mail.johndoe.com:25 > /dev/null
is "$(grep -v '^#' "$T/doubles" | sed 's/} .*/}/' | sort | uniq -d)" '' \
	'--prom: each series once, whatever is named twice'
like "$(cat "$T/doubles")" 'portprobe_up\{[^}]*via="mx:johndoe.com"' 'who leads there is a label'
is "$(grep -c 'portprobe_up{[^}]*port="993"' "$T/doubles")" 1 'one of 993'
inode=$(stat -c %i "$T/prom")
portprobe --prom "$T/prom" mail.johndoe.com:1 > /dev/null 2>&1
isnt "$(stat -c %i "$T/prom")" "$inode" '--prom: replaced, not rewritten'
is "$(find "$T" -maxdepth 1 -name '*prom*' | wc -l)" 1 'and nothing is left'
status 73 '--prom: a folder that is not there' \
	portprobe --prom "$T/none/x" mail.johndoe.com:993 --ca "$LAB_CA"
mkfifo "$T/fifo"
status 73 '--prom: what is no file is left alone' \
	portprobe --prom "$T/fifo" mail.johndoe.com:993 --ca "$LAB_CA"
ok 'a fifo is a fifo' test -p "$T/fifo"

mkdir "$T/chains"
portprobe --ca "$LAB_CA" --save-chain "$T/chains" mail.johndoe.com:993 \
	> /dev/null 2>&1
f=$(find "$T/chains" -name '*.pem')
is "${f##*/}" mail.johndoe.com_993_127.0.0.1.pem '--save-chain: a file'
is "$(grep -c BEGIN "$f")" 2 'with the chain'
is "$(digest "$f" FULL)" "$(digest "$good" FULL)" 'which is the right one'
like "$(portprobe --ca "$LAB_CA" --show-chain mail.johndoe.com:993)" \
	'mail.johndoe.com.*postbag lab intermediate' '--show-chain'

# ---- the manual; of findings scripts/dev/check-man knows

# Without the policy some keys are null.
lab_stop "$silent"
policy enforce mail.johndoe.com
cd "$T/www"
lab_spawn https2 openssl s_server -4 -accept 127.0.0.1:443 -WWW -quiet \
	-cert "$good" -key "$good" -cert_chain "$T/int.pem"
cd "$ROOT"
wait_port 127.0.0.1 443
probe --tls-versions --inject --submit-test billy@johndoe.com --explain \
	mail.johndoe.com mx:johndoe.com mail.johndoe.com:1
sed -n '/^\.Sh JSON/,/^\.Sh FIND/{ /^\.\(It \|Pq \|\)Li /s/[ ,;:.]/\n/gp; }' \
	"$ROOT/man/portprobe.1" > "$T/words"
echo '1.0 1.1 1.2 1.3' | tr ' ' '\n' >> "$T/words"
is "$(jq -r 'paths | map(strings) | .[-1]' < "$T/json" | sort -u |
	grep -vxFf "$T/words")" '' 'and all keys of -j'
# ---- lists that are none

status 0 'an empty list on a device ends' timeout 10 portprobe - < /dev/null
status 66 'a folder is no list' timeout 10 portprobe - < /
status 66 'no standard input' timeout 10 portprobe - <&-
done_testing
