#!/usr/bin/env bash
# portprobe and servers as they should not be: the right class at the right
# stage, the right exit status, never longer than --timeout and a tenth of it.
# All cases run side by side; each has a process of its own, to be timed.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in openssl python3 jq; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
lab_up
lab_cert all
LIMIT=4

# ---- how a case runs: the output, exit status and milliseconds in files

# start NAME ARG...: in the background.  few: until fewer than 6 run
start() {
	local name=$1
	shift
	(
		t0=${EPOCHREALTIME/./}
		timeout 60 portprobe "$@" > "$T/$name.out" 2> "$T/$name.err"
		echo "$? $(((${EPOCHREALTIME/./} - t0) / 1000))" > "$T/$name.rc"
	) &
}
few() {
	while [ "$(jobs -rp | wc -l)" -ge 6 ]; do
		wait -n
	done
}
rc() { cut -d' ' -f1 "$T/$1.rc"; }
ms() { cut -d' ' -f2 "$T/$1.rc"; }
# value NAME JQ: of the first object
value() { head -n 1 "$T/$1.out" | jq -r "$2" 2>&1; }

# ---- the cases; which of two classes it is may be a matter of chance
# name|server|target's protocol|exit|class|stage

cases=$(cat <<'CASES'
closed|closed|smtp|69|refused|connect
filtered|filtered|smtp|75|timeout-connect|connect
mute|mute|smtp|75|timeout-banner|banner
muteimap|mute|imap|75|timeout-banner|banner
mutetls|mute|imaps|75|timeout-tls|tls
drip|drip|smtp|75|timeout-banner|banner
late|late:9|smtp|75|timeout-banner|banner
half|starttls:smtp:good/half|smtp|75|timeout-tls|tls
halfimap|starttls:imap:good/half|imap|75|timeout-tls|tls
muteshake|tls:pop3:good/mute|pop3s|75|timeout-tls|tls
noanswer|say=220 odd\r\n|smtp|75|timeout|caps
eof|eof|smtp|69|closed|banner
reset|reset|smtp|69|reset|banner
bye|bye|smtp|69|closed,reset|caps
busy|plain:smtp/greet=421 4.3.2 too busy\r\n|smtp|75|smtp-4xx|banner
grey|plain:smtp/greet=450 4.7.1 later\r\n|smtp|75|smtp-4xx|banner
gone554|plain:smtp/greet=554 5.7.1 no mail here\r\n|smtp|69|smtp-5xx|banner
ehlo5|plain:smtp/ehlo=554 5.7.1 go away\r\n|smtp|69|smtp-5xx|caps
ehlo421|plain:smtp/ehlo=421 4.7.0 not you\r\n|smtp|75|smtp-4xx|caps
flood|flood|smtp|76|proto|banner
endless|endless|smtp|76|proto|banner
ssh|say=SSH-2.0-OpenSSH_9.2\r\n|smtp|76|proto|banner
http|say=HTTP/1.1 400 Bad Request\r\n\r\n|imap|76|proto|banner
wrong|plain:pop3|imap|76|proto|banner
wrong2|plain:imap|smtp|76|proto|banner
imapbye|say=* BYE too many connections\r\n|imap|69|closed|banner
poperr|say=-ERR not now\r\n|pop3|69|closed|banner
plaintls|plain:smtp|smtps|76|tls-proto|tls
rst|starttls:smtp:good/rst|smtp|69|reset|tls
rstimap|tls:imap:good/rst|imaps|69|reset|tls
gone|starttls:pop3:good/gone|pop3|69|closed|tls
leave|starttls:imap:good/leave|imap|69|closed,reset|tls
mix|plain:smtp/ehlo=250-odd\r\n251 HELP\r\n|smtp|76|proto|caps
turn|plain:smtp/greet=220 odd\r\n250 extra\r\n|smtp|76|proto|banner
huge|say="IMPLEMENTATION" {999999999}\r\n|sieve|76|proto|banner
alert|say=\x15\x03\x03\x00\x02\x02\x28|imaps|76|tls-alert|tls
cr|say=220 odd\r|smtp|75|timeout-banner|banner
literal|say="IMPLEMENTATION" {5}\r\nhello\r\nOK\r\n|sieve|77|cert|tls
untagged|plain:imap/greet=* OK hi\r\n* OK [ALERT] down at 8\r\n|imap|77|cert|tls
lf|plain:smtp/greet=220 odd\n|smtp|0|null|null
goneimaps|tls:imap:good/gone|imaps|69|closed|tls
CASES
)
declare -A mode proto want class stage port
names=()
odd=()
while IFS='|' read -r name m p w c s; do
	names+=("$name")
	mode[$name]=$m proto[$name]=$p want[$name]=$w
	class[$name]=$c stage[$name]=$s
	odd+=("P_$name=$m")
done <<< "$cases"
lab_odd "${odd[@]}" P_late12=late:12

start late12 -j --timeout 50 "127.0.0.1:$P_late12/smtp"
late=$!
case_() {
	local p=P_$1 limit=$LIMIT
	[ "${want[$1]}" = 75 ] || limit=50
	start "$1" -j --timeout $limit --ca "$LAB_CA" \
		--name mail.johndoe.com "127.0.0.1:${!p}/${proto[$1]}"
}
# Those that wait for their time come first, and with nothing beside them; what
# the machine adds to a plain sleep, it may add to them.
for i in 1 2 3; do
	for name in "${names[@]}"; do
		[ "${want[$name]}" = 75 ] || continue
		sleep 0.02
		[ $i != 1 ] || case_ "$name"
	done
	(
		t0=${EPOCHREALTIME/./}
		timeout 60 sleep $LIMIT
		echo $(((${EPOCHREALTIME/./} - t0) / 1000 - LIMIT * 1000))
	) >> "$T/lag" &
done
wait_all() {
	for j in $(jobs -rp); do
		[ "$j" = "$late" ] || wait "$j"
	done
}
wait_all
lag=$(sort -n "$T/lag" | tail -n 1)
for name in "${names[@]}"; do
	[ "${want[$name]}" = 75 ] || { few; case_ "$name"; }
done
wait_all

# ---- certificates, from the first byte (openssl s_server) and behind STARTTLS
# name|target name|exit|chain|name match
certs=$(cat <<'CERTS'
good|mail.johndoe.com|0|ok|match
good|other.example|77|ok|mismatch
expired|mail.johndoe.com|77|expired|match
notyet|mail.johndoe.com|77|not-yet-valid|match
selfsigned|mail.johndoe.com|77|self-signed|match
wrongname|mail.johndoe.com|77|ok|mismatch
unknown|mail.johndoe.com|77|incomplete|match
cn-only|mail.johndoe.com|77|ok|cn-only
wildcard|mail.johndoe.com|0|ok|match
partial|mail.johndoe.com|77|ok|mismatch
ip-only|mail.johndoe.com|77|ok|mismatch
ip-only|127.0.0.1|0|ok|match
sha1|mail.johndoe.com|77|weak|match
rsa1024|mail.johndoe.com|77|weak|match
nul|mail.johndoe.com|77|ok|mismatch
nochain|mail.johndoe.com|77|incomplete|match
purpose|mail.johndoe.com|77|purpose|match
CERTS
)
odd=()
for c in $(cut -d'|' -f1 <<< "$certs" | sort -u); do
	odd+=("IMAP_${c/-/_}=starttls:imap:$c" "SMTP_${c/-/_}=starttls:smtp:$c")
	lab_openssl_server "$c" "TLS_${c/-/_}"
done
lab_odd "${odd[@]}"
while IFS='|' read -r c name _; do
	for how in TLS/tls IMAP/imap SMTP/smtp; do
		few
		p=${how%/*}_${c/-/_}
		start "${how%/*}.$c.$name" -j --timeout 20 --ca "$LAB_CA" \
			--name "$name" "127.0.0.1:${!p}/${how#*/}"
	done
done <<< "$certs"
wait_all

while IFS='|' read -r c name want chain match; do
	for how in TLS IMAP SMTP; do
		k=$how.$c.$name w=$want
		is "$(value "$k" .tls.chain_state)/$(value "$k" .tls.name)" \
			"$chain/$match" "$how $c as $name: $chain, $match"
		# SMTP between servers takes any certificate: a warning
		[ $how = SMTP ] && w=0
		is "$(rc "$k")" "$w" "$how $c as $name: exit $w"
	done
done <<< "$certs"

# ---- the others
for name in "${names[@]}"; do
	like "$(value "$name" .error.class)/$(value "$name" .error.stage)" \
		"^(${class[$name]/,/|})/${stage[$name]}\$" \
		"$name (${mode[$name]:0:40}): ${class[$name]}, ${stage[$name]}"
	is "$(rc "$name")" "${want[$name]}" "$name: exit ${want[$name]}"
	[ "${want[$name]}" != 75 ] ||
		ok "$name: in time, $(ms "$name") ms (a sleep: $lag ms more)" \
			test "$(ms "$name")" -le $((LIMIT * 1900 + lag))
done



# An end of file that comes with data, or just behind it: chance has a say.
yes "127.0.0.1:$P_leave/imap" | head -n 40 |
	portprobe -j --per-host 40 --timeout 50 - > "$T/json" 2> "$T/err"
is "$(jq -r .error.class < "$T/json" | grep -cE '^(closed|reset)$')" 40 \
	'an end of file together with the go-ahead is seen at once'

# ---- escape sequences and other bytes that no terminal should see
escapes='\x1b]0;owned\x07\x1b[31m\x9b1m\x00\xe2\x80\xae\xff'
lab_odd "ESC_SMTP=plain:smtp/greet=220 odd $escapes ESMTP\r\n" \
	"ESC_EHLO=plain:smtp/ehlo=250-odd $escapes\r\n250-X$escapes\r\n250 HELP\r\n" \
	"ESC_554=plain:smtp/greet=554 $escapes\r\n" \
	"ESC_IMAP=plain:imap/greet=* OK [CAPABILITY IMAP4rev1 X$escapes] hi\r\n" \
	"ESC_POP3=plain:pop3/greet=+OK $escapes\r\n" \
	"ESC_BAD=say=$escapes\r\n"
targets=("127.0.0.1:$ESC_SMTP/smtp" "127.0.0.1:$ESC_EHLO/smtp"
	"127.0.0.1:$ESC_554/smtp" "127.0.0.1:$ESC_IMAP/imap"
	"127.0.0.1:$ESC_POP3/pop3" "127.0.0.1:$ESC_BAD/smtp"
	"127.0.0.1:$ESC_BAD")
clean() {	# FILE: nothing but text, and none that turns its direction
	! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" &&
		iconv -f utf-8 -t utf-8 "$1" > /dev/null &&
		{ [ "${how-}" = -j ] || ! grep -q $'\u202e' "$1"; }
}
for how in '' -j --nagios --show-chain --show-caps -v; do
	timeout 20 portprobe $how --timeout 3 "${targets[@]}" \
		> "$T/out" 2> "$T/err"
	ok "escape sequences stay away, ${how:-as text}: stdout" clean "$T/out"
	ok "escape sequences stay away, ${how:-as text}: stderr" clean "$T/err"
	[ "$how" != -j ] || is "$(jq -r .banner < "$T/out" | grep -c owned)" 6 \
		'JSON has the banners all the same'
done
timeout 20 portprobe --prom "$T/prom" --timeout 3 "${targets[@]}" \
	> /dev/null 2>&1
ok "escape sequences stay away: metrics" clean "$T/prom"
if command -v script > /dev/null; then
	script -qec "portprobe --timeout 3 ${targets[*]}" /dev/null \
		< /dev/null > "$T/tty" 2>&1
	# its own colours are SGR sequences; nothing else is there
	sed -i 's/\x1b\[[0-9;]*m//g; s/\r//g' "$T/tty"
	ok 'escape sequences stay away: on a terminal' clean "$T/tty"
	unlike "$(cat "$T/tty")" 'OWNED' 'and are not interpreted'
fi

# A "|" would begin performance data.
lab_odd 'PIPE=plain:smtp/greet=554 no | x=1;;;\r\n'
portprobe --nagios "127.0.0.1:$PIPE/smtp" > "$T/out" 2> "$T/err"
is "$(sed -n '1s/[^|]//gp' "$T/out")$(sed -n '2,$s/[^|]//gp' "$T/out")" '|' \
	'a bar in a greeting is none in --nagios'

# ---- what is offered that should not be
lab_odd PRE=plain:imap/preauth PRE_TLS=starttls:imap:good/preauth \
	AUTH=starttls:smtp:good/auth AUTH_IMAP=starttls:imap:good/auth \
	AUTH_POP=starttls:pop3:good/auth NOAUTH=starttls:imap:good \
	AGAIN=starttls:smtp:good/again NOTLS=plain:smtp \
	EARLY=starttls:smtp:good/early EARLY_IMAP=starttls:imap:good/early \
	EARLY_POP=starttls:pop3:good/early EARLY_SIEVE=starttls:sieve:good/early \
	LATER=starttls:smtp:good/later REFUSE=starttls:smtp:good/refuse \
	HELO=plain:smtp/helo NOTUS='plain:smtp/helo=550 5.7.1 your name\r\n' \
	BADNAME='starttls:smtp:good/helo=501 5.5.2 no such name\r\n' \
	ASA='plain:smtp/ehlo=250-odd\r\n250-XXXXXXXA\r\n250 HELP\r\n' \
	STARS='plain:smtp/greet=220 **************2****200**0***\r\n' \
	LMTP=plain:lmtp LHLO=plain:lmtp/strict VRST=starttls:smtp:good/rst \
	VALERT='say=\x15\x03\x03\x00\x02\x02\x28' CLIENT=tls:imap:good/clientcert \
	CLIENT12=tls:imap:good/clientcert/v12 \
	V10=tls:imap:good/v10 V10_STARTTLS=starttls:imap:good/v10 \
	V11=tls:imap:good/v11 V12=tls:imap:good/v12 V13=tls:imap:good/v13 \
	ALL=tls:imap:good/from10 REKEEP=starttls:smtp:good/rekeep \
	REKEEP_IMAP=starttls:imap:good/rekeep REKEEP_POP=starttls:pop3:good/rekeep \
	FINE=starttls:smtp:good FINE_IMAP=starttls:imap:good \
	FINE_POP=starttls:pop3:good P256=tls:imap:good/p256

# finds WANT STATUS ARG...: the findings, in order of their names
finds() {
	timeout 30 portprobe -j --timeout 8 --ca "$LAB_CA" \
		--name mail.johndoe.com "${@:3}" > "$T/json" 2> "$T/err"
	STATUS=$?
	is "$(jq -r '[.findings[].id] | unique | join(" ")' < "$T/json") $STATUS" \
		"$1 $2" "$3: ${1:-nothing}, exit $2"
}
json() { jq -cr "$1" < "$T/json" 2>&1; }
at=127.0.0.1

finds '' 0 "$at:$FINE_IMAP/imap"
finds 'NO_STARTTLS PREAUTH' 77 "$at:$PRE/imap"
finds PREAUTH 76 "$at:$PRE_TLS/imap"
is "$(json .preauth)" true 'PREAUTH is told'
finds AUTH_BEFORE_TLS 0 "$at:$AUTH/submission"
finds AUTH_BEFORE_TLS 0 "$at:$AUTH_IMAP/imap"
finds AUTH_BEFORE_TLS 0 "$at:$AUTH_POP/pop3"
finds AUTH_BEFORE_TLS 76 "$at:$AUTH_IMAP/imap" --no-auth-plaintext
finds '' 0 "$at:$AGAIN/submission"
finds NO_STARTTLS 77 "$at:$NOTLS/submission"
finds NO_STARTTLS 0 "$at:$NOTLS/submission" --no-require-tls
finds NO_STARTTLS 0 "$at:$NOTLS/submission" --no-verify
finds NO_STARTTLS 0 "$at:$NOTLS/smtp"
finds NO_STARTTLS 77 "$at:$NOTLS/smtp" --require-tls
finds NO_STARTTLS 0 "$at:$LMTP/lmtp"
is "$(json '.findings[0].sev')" hint 'LMTP is often on one machine'
status 64 '--require-tls and not' portprobe --require-tls --no-require-tls \
	"$at:$NOTLS/smtp"
finds STARTTLS_FILTERED 0 "$at:$ASA/smtp"
like "$(json '.findings[0].text')" '^XXXXXXXA .*firewall' 'a firewall wrote X'
finds STARTTLS_FILTERED 77 "$at:$ASA/submission"
finds STARTTLS_FILTERED 0 "$at:$STARS/smtp"
like "$(json '.findings[0].text')" 'asterisks.*firewall' 'or asterisks'
finds NO_STARTTLS 77 "$at:$NOTLS/submission" --require-tls
for p in EARLY/submission EARLY_IMAP/imap EARLY_POP/pop3 EARLY_SIEVE/sieve; do
	v=${p%/*}
	finds PLAIN_AFTER_STARTTLS 76 "$at:${!v}/${p#*/}"
done
# silent_dns NAME FLAGS SECONDS: a DNS server that knows addresses, which it tells
# after SECONDS, and says nothing of TLSA records: $NAME, and $silent to end it.
# FLAGS, in hexadecimal: a0 for what is proved (AD), 80 for what is not.
silent_dns() {
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
s.settimeout(60)
while True:
    q, who = s.recvfrom(512)
    end = q.index(b"\0", 12) + 5
    a = q[end - 4:end - 2] == b"\0\1"
    if a or q[end - 4:end - 2] == b"\0\x1c":
        time.sleep(a * float(sys.argv[2]))
        s.sendto(q[:2] + b"\x81" + bytes.fromhex(sys.argv[1]) + b"\0\1\0" +
                 bytes([a]) + b"\0\0\0\0" + q[12:end] +
                 a * b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1", who)
' "$2" "$3" > "$T/$1" &
	silent=$!
	until [ -s "$T/$1" ]; do sleep .02; done
	eval "$1=127.0.0.1:$(cat "$T/$1")"
}
# TLS waits for it; meanwhile somebody speaks in the clear.
silent_dns SILENT a0 0
POSTBAG_DNS=$SILENT finds "DANE_TEMP PLAIN_AFTER_STARTTLS" 76 \
	"mail.johndoe.com:$LATER/smtp" -4 --timeout 2
kill "$silent"
# The same of a host that DANE is not for: --tlsa asks there, too.  Its address
# comes late, so that the probe has less time left than the look-up takes.
silent_dns INSECURE 80 .4
log=$LAB_ODD_LOG
lab_odd UNSIGNED=tls:imap:good
LAB_ODD_LOG=$log
POSTBAG_DNS=$INSECURE status 0 '--tlsa without an answer' \
	portprobe -j --ca "$LAB_CA" --timeout 2 --tlsa "$LAB_CADIR/good.pem" \
	"mail.johndoe.com:$UNSIGNED/imaps"
is "$(jq -r '"\(.state) \(.tls.dane.state)"' < "$T/out")" 'ok none' 'changes no verdict'
kill "$silent"
finds STARTTLS_REFUSED 0 "$at:$REFUSE/smtp"
finds STARTTLS_REFUSED 77 "$at:$REFUSE/submission"
finds 'LMTP_ONLY NO_STARTTLS' 76 "$at:$LHLO/smtp"
like "$(json '.findings[].text')" "LHLO is taken: 127.0.0.1:$LHLO/lmtp" \
	'LMTP at a port of SMTP, and how to look at it'
finds 'TLS_FIRST' 75 "$at:$TLS_good/imap" --timeout 3
like "$(json '.findings[].text')" "127.0.0.1:$TLS_good/imaps" \
	'TLS from the first byte where STARTTLS was meant'
is "$(json .error.class)" timeout-banner 'which is silence to others'
finds 'TLS_FIRST' 75 "$at:$V10/smtp" --timeout 3
finds 'EHLO_REFUSED NO_STARTTLS' 0 "$at:$HELO/smtp"
like "$(json '.findings[1].text')" '502 5.5.1 what[?]|5.5.1 what' 'its words'
finds EHLO_NOT_US 0 "$at:$NOTUS/smtp"
like "$(json '.findings[0].text')" '5.7.1 your name' 'whose words are told'
is "$(json .starttls)" null 'what it offers to others is not known'
finds EHLO_NOT_US 69 "$at:$NOTUS/submission"
finds EHLO_NOT_US 0 "$at:$BADNAME/smtp"
finds '' 0 "$at:$FINE_IMAP/imap" --caps-expect IDLE,ID
finds CAPS_MISSING 76 "$at:$FINE_IMAP/imap" --caps-expect IDLE,NOTIFY
finds CLIENT_CERT 76 "$at:$CLIENT/imaps"
is "$(json '.error.class + " " + .error.alert')" \
	'tls-alert certificate required' 'which alert it was'
finds CLIENT_CERT 76 "$at:$CLIENT12/imaps"
is "$(json '.error.class + " " + .error.stage')" 'tls-alert tls' \
	'with TLS 1.2 in the handshake'

# ---- targets by the names of protocols, and as URLs
reach() { timeout 30 portprobe -j --timeout 5 "$@" | jq -r '"\(.host) \(.port) \(.proto)"' |
	sort | tr '\n' ';'; }
is "$(reach 127.0.0.1:imaps 127.0.0.1:submission '[127.0.0.1]:pop3')" \
	'127.0.0.1 110 pop3;127.0.0.1 587 submission;127.0.0.1 993 imaps;' 'HOST:PROTO'
is "$(reach -p imaps,sieve,2525/smtp 127.0.0.1)" \
	'127.0.0.1 2525 smtp;127.0.0.1 4190 sieve;127.0.0.1 993 imaps;' '-p PROTO'
is "$(reach imaps://jane@127.0.0.1 smtp://127.0.0.1:2587 smtp://127.0.0.1:25 pop3s://127.0.0.1/)" \
	'127.0.0.1 25 smtp;127.0.0.1 2587 submission;127.0.0.1 993 imaps;127.0.0.1 995 pop3s;' \
	'URLs of accounts'
is "$(reach '::1' | cut -d' ' -f1 | sort -u)" '::1' 'an address of IPv6 is one all the same'
status 64 'a URL with a password' portprobe imaps://jane:secret@127.0.0.1
unlike "$OUT$ERR" secret 'which is not shown'
status 64 'a scheme that is none' portprobe https://127.0.0.1
status 64 'a port that has no number of its own' portprobe 127.0.0.1:tls
status 64 'a name that is no port' portprobe -p gopher 127.0.0.1
# OPERAND... : words of the error, which says what to type instead
while IFS='|' read -r operands words; do
	# shellcheck disable=SC2086
	status 64 "not looked up: $operands" portprobe --timeout 1 $operands
	like "$ERR" "$words" "and why: $words"
done <<'END'
127.0.0.1 25|HOST:25
25|is a port
mx:25|is a port
+short a.test|an option of dig
@127.0.0.1 a.test|with -s 127.0.0.1
192.0.2.300|ends in a number
mx:192.0.2.1|ends in a number
a.b.7:25|ends in a number
joe@a.test|probed by mx:a.test
joe:secret@a.test|probed by mx:a.test
mx://a.test|as in mx:example.org
--prom - a.test|--prom DIR/NAME.prom
--tlsa a.pem b.pem a.test|one next certificate
END

status 3 '-c as a plugin has it' portprobe --nagios -w 30 -c 10 "$at:1/smtp"
like "$OUT" 'UNKNOWN .* critical are -C' 'is told, and not taken for connections'
status 64 'a password beside the host' portprobe joe:secret@a.test
unlike "$ERR" secret 'is not shown'
status 69 '--explain: a port that is closed' portprobe --explain "$at:1/smtp"
like "$OUT" 'Nothing listens at this port' 'what to do, where no finding says it'
unlike "$(portprobe "$at:1/smtp")" 'Nothing listens' 'only then'

# ---- --deep: first messages by hand, and what else takes more connections
cat > "$T/hello.py" <<'END'
# TLS servers that look at the size of the first packet: "pq" takes the group,
# "large" answers nothing above 1000 bytes, "tiny" above 230, "split" nothing
# short that came in two packets, which the kernel counts (tcpi_data_segs_in),
# "fragile" is both;
# "client" follows the client's order of ciphers, "one" has but one.
import socket, ssl, sys, threading
how, cert = sys.argv[1:]
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert)
if how == 'one':
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    ctx.set_ciphers('AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:'
                    'ECDHE-ECDSA-AES128-GCM-SHA256')
if how != 'client':
    ctx.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
else:
    ctx.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
def one(c):
    try:
        first = c.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
        size = 5 + int.from_bytes(first[3:5], 'big')
        first = c.recv(size, socket.MSG_PEEK | socket.MSG_WAITALL)
        info = c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 200)
        packets = int.from_bytes(info[152:156], sys.byteorder)
        if (how == 'large' and size > 1000) or \
                (how in ('tiny', 'fragile') and size > 230) or \
                (how in ('split', 'fragile') and size < 1000 and packets > 1):
            threading.Event().wait(15)
            return
        if how == 'pq' and b'\0\x0a\0\4\0\2\x11\xec' in first:
            body = (b'\3\3' + bytes.fromhex('cf21ad74e59a6111be1d8c021e65b891'
                    'c2a211167abb8c5e079e09e2c8a8339c') + b'\0\x13\1\0\0\x0c'
                    b'\0\x2b\0\2\3\4\0\x33\0\2\x11\xec')
            msg = b'\2' + len(body).to_bytes(3, 'big') + body
            c.sendall(b'\x16\3\3' + len(msg).to_bytes(2, 'big') + msg)
            c.recv(1)
            return
        s = ctx.wrap_socket(c, server_side=True)
        s.recv(1)
    except OSError:
        pass
    finally:
        c.close()
s = socket.create_server(('127.0.0.1', 0), backlog=50)
print(s.getsockname()[1], flush=True)
while True:
    threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()
END
for how in pq large split tiny fragile client one; do
	python3 "$T/hello.py" $how "$LAB_CADIR/good.pem" > "$T/hello.$how" 2> /dev/null &
	echo $! >> "$T/hellos"
	until [ -s "$T/hello.$how" ]; do sleep .02; done
done
deep() { json '[.deep.pq, .deep.large, .deep.split, .deep.plain] | join(" ")'; }
finds_like() { timeout 60 portprobe -j --timeout 3 --no-verify "${@:2}" > "$T/json" 2> "$T/err"
	like "$(json '[.findings[].id]')" "$1" "$2 ${*:3}: $1"; }
timeout 60 portprobe -j --timeout 3 --no-verify --deep "$at:$(cat "$T/hello.pq")/tls" > "$T/json"
is "$(deep)" 'yes yes yes ' '--deep: the post-quantum group is taken'
finds_like HELLO_LARGE "$at:$(cat "$T/hello.large")/tls" --deep
is "$(deep | cut -d' ' -f2,3)" 'no yes' '--deep: a long one is not answered'
finds_like HELLO_SPLIT "$at:$(cat "$T/hello.split")/tls" --deep
is "$(deep | cut -d' ' -f3)" no '--deep: one in two packets is not answered'
order() { timeout 60 portprobe -j --timeout 3 --no-verify --deep "$at:$(cat "$T/hello.$1")/tls" > "$T/json"
	json '.deep.order'; }
is "$(order pq) $(json '[.findings[].id]' | grep -c CLIENT_ORDER)" 'server 0' \
	"--deep: the server's order of ciphers"
is "$(order client)" client "--deep: the client's"
like "$(json '[.findings[].id]')" CLIENT_ORDER 'which is told'
is "$(order one)" one '--deep: no order, of one cipher'
finds_like HELLO_LARGE "$at:$(cat "$T/hello.tiny")/tls"
is "$(json .state)" timeout 'silent to our first message: a time-out, and why'
unlike "$(json '[.findings[].id]')" HELLO_SPLIT 'the length alone: in two packets it is answered'
finds_like HELLO_SPLIT "$at:$(cat "$T/hello.fragile")/tls"
like "$(json '[.findings[].id]')" HELLO_LARGE 'without --deep both are told'
timeout 60 portprobe -j --no-verify "$at:$(cat "$T/hello.large")/tls" > "$T/json"
unlike "$(json '[.findings[].id]')" HELLO 'a short one is not asked for in vain'
log=$LAB_ODD_LOG
lab_odd MUTED=tls:imap:good/mute
LAB_ODD_LOG=$log		# of the servers above
timeout 60 portprobe -j --timeout 2 --no-verify "$at:$MUTED/imaps" > "$T/json"
is "$(json '[.state, .findings[].id] | join(" ")')" timeout \
	'silent to a short one, too: no reason is known'
kill $(cat "$T/hellos")
finds_like STARTTLS_AGAIN "$at:$AGAIN/submission" --deep
like "$(json '[.findings[].id]')" MAIL_BEFORE_TLS 'and MAIL before it'
finds_like TLS_NO_PQ "$at:$P256/imaps" --deep
unlike "$(json '[.findings[].id]')" 'HELLO|MAIL_BEFORE|AGAIN' 'nothing else of IMAP'
is "$(json '.tls_versions["1.2"]')" yes '--deep has the versions, too'
status 64 '--deep: one target' portprobe --deep "$at:$FINE/smtp" "$at:$FINE/smtp"
status 64 '--deep: no list' portprobe --deep - < /dev/null

# ---- --relay-test: what strangers may send to strangers
finds RELAY_SUSPECTED 69 "$at:$FINE/smtp" --relay-test a@b.example,billy@johndoe.com
like "$(json '.findings[0].text')" 'from <a@b.example> to <billy@johndoe.com> is taken' 'from whom to whom'
finds '' 0 "$at:$FINE/smtp" --relay-test a@b.example,x@stranger.example
is "$(json '.submit.taken')" false 'what is refused is well'
like "$(json '.submit.text')" 'no such user' 'in its words'
status 64 '--relay-test: two addresses' portprobe --relay-test a@b.example "$at:$FINE/smtp"
status 64 '--relay-test: one operand' portprobe --relay-test a@b.example,c@d.example \
	"$at:$FINE/smtp" "$at:$FINE/smtp"
status 64 '--relay-test: no list' portprobe --relay-test a@b.example,c@d.example - < /dev/null
status 64 '--relay-test or --submit-test' portprobe --relay-test a@b.example,c@d.example \
	--submit-test c@d.example "$at:$FINE/smtp"
status 65 '--relay-test: no address' portprobe --relay-test $'a@b,c@d\r\nDATA' "$at:$FINE/smtp"

# ---- versions of TLS
finds TLS_OLD 77 "$at:$V10/imaps"
is "$(json .tls.version)" TLSv1 'TLS 1.0 alone: it is looked at'
finds TLS_OLD 77 "$at:$V10_STARTTLS/imap"
finds TLS_OLD 77 "$at:$V11/imaps"
finds '' 0 "$at:$V12/imaps"
finds TLS_OLD 77 "$at:$V12/imaps" --tls-min 1.3
finds '' 0 "$at:$V13/imaps"
versions() { json '.tls_versions | [.["1.0"], .["1.1"], .["1.2"], .["1.3"]] |
	join(" ")'; }
finds TLS_NO_13 0 "$at:$V12/imaps" --tls-versions
is "$(versions)" 'no no yes no' '--tls-versions: 1.2 alone'
finds '' 0 "$at:$V13/imaps" --tls-versions
is "$(versions)" 'no no no yes' '--tls-versions: 1.3 alone'
finds TLS_OLD_OFFERED 0 "$at:$ALL/imaps" --tls-versions
is "$(versions)" 'yes yes yes yes' '--tls-versions: all'
finds '' 0 "$at:$FINE_IMAP/imap" --tls-versions
is "$(versions)" 'no no yes yes' '--tls-versions: with STARTTLS'
timeout 30 portprobe -j --tls-versions --no-verify "$at:$CLIENT12/imaps" > "$T/json"
is "$(versions)" 'no no yes no' '--tls-versions: who wants a certificate has 1.2'
timeout 30 portprobe -j --tls-versions "$at:$VRST/smtp" > "$T/json"
is "$(versions)" 'unknown unknown unknown unknown' '--tls-versions: a reset says nothing'
unlike "$(json '[.findings[].id]')" TLS_NO_13 'so nobody knows about 1.3'
timeout 30 portprobe -j --tls-versions "$at:$VALERT/imaps" > "$T/json"
is "$(versions)" 'unknown unknown unknown unknown' \
	'--tls-versions: nor does a refusal of all of them'

# ---- injection into STARTTLS
for p in REKEEP/submission REKEEP_IMAP/imap REKEEP_POP/pop3; do
	v=${p%/*}
	finds STARTTLS_INJECTION 76 "$at:${!v}/${p#*/}" --inject
	is "$(json .inject)" vulnerable "${p#*/}: plaintext is taken into TLS"
done
for p in FINE/submission FINE_IMAP/imap FINE_POP/pop3; do
	v=${p%/*}
	finds '' 0 "$at:${!v}/${p#*/}" --inject
	is "$(json .inject)" safe "${p#*/}: it is dropped"
done
# Until N connections have ended.
logged() { lab_until 60 eval "[ \$(wc -l < '$LAB_ODD_LOG') -ge $1 ]"; }
: > "$LAB_ODD_LOG"
finds '' 0 "$at:$FINE_IMAP/imap"
logged 1
unlike "$(cat "$LAB_ODD_LOG")" injected 'no injection without --inject'

# ---- --submit-test goes as far as RCPT
: > "$LAB_ODD_LOG"
finds '' 0 "$at:$FINE/smtp" --submit-test billy@johndoe.com
is "$(json .submit.code)" 250 '--submit-test: would be taken'
finds SUBMIT_REFUSED 69 "$at:$FINE/smtp" --submit-test nobody@example.org
is "$(json .submit.code)" 550 '--submit-test: would not'
like "$(json .submit.text)" 'no such user' 'and why'
logged 2
like "$(cat "$LAB_ODD_LOG")" 'RCPT TO:<billy@johndoe.com>' 'RCPT was sent'
unlike "$(cat "$LAB_ODD_LOG")" 'DATA|BDAT' 'and no message'
is "$(jq -r .end < "$LAB_ODD_LOG" | sort -u)" quit 'with a QUIT'
status 65 '--submit-test: no address' portprobe --submit-test \
	$'a@b\r\nDATA' "$at:$FINE/smtp"

lab_odd NORCPT=plain:smtp/norcpt
timeout 30 portprobe -j --timeout 8 --tls off --submit-test \
	billy@johndoe.com "$at:$NORCPT/smtp" > "$T/json" 2> "$T/err"
is "$? $(json '"\(.submit.taken) \(.submit.stage)"')" '69 false mail' \
	'--submit-test: it went before RCPT was answered'

# ---- a certificate that ends soon and is its own authority
timeout 30 portprobe -j --timeout 8 --ca "$LAB_CA" -w 100000 \
	--name mail.johndoe.com "$at:$TLS_selfsigned/imaps" > "$T/json" 2> "$T/err"
like "$(json '[.findings[].id]')" CERT_SOON 'its end is told'

# ---- manners
lab_odd SLOW=starttls:smtp:good/slow SLOW_IMAP=tls:imap:good/slow \
	SLOW_POP=plain:pop3/slow SLOW_SIEVE=starttls:sieve:good
for i in {1..8}; do echo "name$i.example,127.0.0.1,$SLOW,smtp"; done \
	> "$T/many"
portprobe -j --no-verify - < "$T/many" > "$T/json" 2> "$T/err"
is "$(json .state | sort | uniq -c | tr -s ' ')" ' 8 ok' \
	'eight names on one port of one address'
portprobe -j --no-verify "$at:$SLOW_IMAP/imaps" "$at:$SLOW_POP/pop3" \
	"$at:$SLOW_SIEVE/sieve" > "$T/json" 2> "$T/err"
portprobe -j --ehlo probe.example --name bücher.example "$at:$SLOW/smtp" \
	> "$T/json" 2>&1
logged 12
is "$(jq -r 'select(.mode | startswith("starttls:smtp")) | .most' \
	< "$LAB_ODD_LOG" | sort -n | tail -n 1)" 2 \
	'at most two connections at once'
is "$(jq -r .end < "$LAB_ODD_LOG" | sort -u)" quit \
	'QUIT or LOGOUT everywhere, and the answer is waited for'
names=$(jq -r '.lines[] | select(startswith("EHLO")) | .[5:]' < "$LAB_ODD_LOG" |
	sort -u)
is "$(grep -cvE '^([a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+$|^\[(127\.0\.0\.1|IPv6:::1)\]$' \
	<<< "$names")" 0 'EHLO has a qualified name or a literal'
like "$names" 'probe\.example' '--ehlo, whatever --name is'
t0=${EPOCHREALTIME/./}
for i in {1..6}; do echo "h$i.localhost:$FINE_IMAP/imap"; done |
	portprobe -4 -j --rate 5 --per-host 6 - > "$T/json" 2>&1
took=$(((${EPOCHREALTIME/./} - t0) / 1000))
ok "--rate 5: six connections took $took ms" \
	test $took -ge 900 -a $took -le 20000

lab_odd BUSY=tls:imap:good/slow
for i in {1..24}; do echo "h$i.localhost:$BUSY/imaps"; done |
	portprobe -4 -j -c 4 --per-host 30 --no-verify - > "$T/json" 2> "$T/err"
is "$(json .state | sort | uniq -c | tr -s ' ')" ' 24 ok' '-c 4: all are probed'
logged 24
is "$(jq -r .most < "$LAB_ODD_LOG" | sort -n | tail -n 1)" 4 \
	'never more than four at once, and not fewer'

# ---- one slot: what the one before needed is not for the next one
lab_spawn short python3 -c '
import socket, ssl, sys, threading
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
def talk(s, most):
    try:
        if len(s.recv(65536, socket.MSG_PEEK)) > most:
            s.close()
            return
        s = ctx.wrap_socket(s, server_side=True)
        s.sendall(b"220 short.test ESMTP\r\n")
        while (line := s.recv(4096)):
            s.sendall(b"221 bye\r\n" if line[:1] == b"Q" else b"250 ok\r\n")
    except OSError:
        pass
def serve(l, most):
    while True:
        threading.Thread(target=talk, args=(l.accept()[0], most)).start()
two = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
with open(sys.argv[2], "w") as f:
    print(*[l.getsockname()[1] for l in two], "", file=f)
threading.Thread(target=serve, args=(two[0], 800)).start()
serve(two[1], 1 << 20)
' "$LAB_CADIR/good.pem" "$T/short"
lab_until 20 grep -qs ' .* ' "$T/short"
read -r first second _ < "$T/short"
portprobe -j -c 1 --no-verify --tls-groups ffdhe8192:X25519 "$at:$first/smtps" \
	"$at:$second/smtps" > "$T/json" 2> "$T/err"
is "$(json '"\(.state) \([.findings[].id | select(. == "TLS_HYBRID")] | length)"' |
	paste -sd,)" 'ok 1,ok 0' \
	'a long first message that is not answered is that server'"'"'s alone'

# ---- the greeting that came after twelve seconds
wait "$late"
is "$(rc late12) $(value late12 .state)" '0 ok' \
	'a greeting after 12 s is waited for, if --timeout says so'
is "$(value late12 '.ms.banner > 6000 and .ms.banner < 40000')" true \
	'and how long it took is told'
done_testing
