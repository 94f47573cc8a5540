#!/usr/bin/env bash
# mailsend --direct: which mail host, in which order, and what TLS must prove
# there. NSD and Unbound with zones that are signed and not, a real Postfix, odd
# hosts (mxpeer.py) and a web server for policies, on loopback.
# shellcheck disable=SC2016,SC2034,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
PATH=$PATH:/usr/sbin:/sbin
for p in nsd unbound ldns-signzone openssl python3 jq; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
. "$ROOT/tests/lab/lab.sh"
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
export HOME=$T/home XDG_STATE_HOME=$T/state
mkdir -p "$HOME"
lab_up postfix
lab_cert good selfsigned
PORT=$LAB_SMTP_PORT			# of Postfix, on 127.0.0.1, and of peers
WEB=$(free_port)

# cert NAME DNS...: signed by the lab's authority
cert() {
	local san
	san=$(printf 'DNS:%s,' "${@:2}")
	(cd "$LAB_CADIR" &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -subj /CN=peer -out "$1.csr" &&
	openssl x509 -req -in "$1.csr" -CA int.pem -CAkey int.key -days 9 \
		-CAcreateserial -out "$1.crt" -extfile <(
		echo "subjectAltName=${san%,}") &&
	cat "$1.key" "$1.crt" int.pem > "$1.pem") > "$T/cert" 2>&1
}
cert peer mx.plain.example mx.sec.example
cert web mta-sts.{enf,other,test,kept,late,cert}.plain.example

digest() {	# CERTIFICATE: SHA-256 of its key
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin \
		-outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}
GOOD=$(digest "$LAB_CADIR/good.pem") PEER=$(digest "$LAB_CADIR/peer.pem")
ZERO=$(printf '0%.0s' {1..64})

# host N: 127.0.0.N has this name
hosts() {
	local n
	for n in {2..20}; do echo "h$n A 127.0.0.$n"; done
	echo 'mx A 127.0.0.3'
}
dns_zone johndoe.com signed <<ZONE
@	MX 10 down
@	MX 20 mail
down	A 127.0.0.9
mail	A 127.0.0.1
_$PORT._tcp.mail TLSA 3 1 1 $GOOD
bulk	MX 10 mail2
mail2	A 127.0.0.1
_$PORT._tcp.mail2 TLSA 3 1 1 $ZERO
ZONE
dns_zone plain.example < <(
	hosts
	cat <<-ZONE
	two	MX 10 h9
	two	MX 20 h2
	greet	MX 10 h4
	greet	MX 20 h2
	busy	MX 10 h10
	busy	MX 20 h2
	busy2	MX 10 h10
	busy2	MX 20 h2
	busy3	MX 10 h10
	busy3	MX 20 h2
	busy4	MX 10 h10
	busy4	MX 20 h2
	who	MX 10 h5
	who	MX 20 h2
	whole	MX 10 h18
	whole	MX 20 h2
	later	MX 10 h6
	later	MX 20 h2
	late	MX 10 h6
	stands	MX 10 h6
	stands	MX 20 h9
	*.eq	MX 10 h2
	*.eq	MX 10 h15
	*.twin	MX 10 h2.twin2
	h2.twin2	A 127.0.0.4
	h2.twin2	A 127.0.0.2
	*.half	MX 10 h2.half2
	h2.half2	A 127.0.0.21
	h2.half2	A 127.0.0.2
	some	MX 10 h19
	worse	MX 10 h8
	worse	MX 20 h10
	closed	MX 10 h8
	closed	MX 20 h9
	some	MX 20 h2
	full	MX 10 h13
	full	MX 20 h2
	lost	MX 10 h12
	lost	MX 20 h2
	seven	MX 10 h14
	never	MX 10 h4
	torn	MX 10 h7
	tls	MX 10 mx
	self	MX 10 h8
	null	MX 0 .
	implicit A 127.0.0.2
	noway	TXT "nothing"
	hasmx	MX 10 h9
	hasmx	A 127.0.0.2
	noaddr	MX 10 gone
	us	A 127.0.0.2
	backup	MX 10 h9
	backup	MX 20 us
	backup	MX 30 h2
	ours	MX 10 us
	ours	MX 20 h2
	equal	MX 10 us
	equal	MX 10 h2
	six	MX 10 six
	six	MX 20 both
	both	AAAA ::9
	both	A 127.0.0.2
	utf	MX 10 h2
	utf	MX 20 h11
	req	MX 10 mx
	req	MX 20 h11
	loc	MX 10 localhost.
	loc	MX 20 h2
	unsure	MX 10 x.bad
	_mta-sts.enf	TXT "v=STSv1; id=1"
	mta-sts.enf	A 127.0.0.1
	enf	MX 10 h2
	enf	MX 20 mx
	_mta-sts.other	TXT "v=STSv1; id=1"
	mta-sts.other	A 127.0.0.1
	other	MX 10 h2
	_mta-sts.test	TXT "v=STSv1; id=1"
	mta-sts.test	A 127.0.0.1
	test	MX 10 h2
	_mta-sts.cert	TXT "v=STSv1; id=1"
	mta-sts.cert	A 127.0.0.1
	cert	MX 10 h8
	_mta-sts.kept	TXT "v=STSv1; id=7"
	mta-sts.kept	A 127.0.0.1
	kept	MX 10 h2
	_mta-sts.late	TXT "v=STSv1; id=1"
	mta-sts.late	A 127.0.0.1
	late.late	MX 10 h8
	ZONE
)
dns_zone sec.example signed < <(
	hosts
	cat <<-ZONE
	good	MX 10 mx
	_$PORT._tcp.mx TLSA 3 1 1 $PEER
	bad	MX 10 h3
	bad	MX 20 h11
	_$PORT._tcp.h3 TLSA 3 1 1 $ZERO
	bare	MX 10 h2
	_$PORT._tcp.h2 TLSA 3 1 1 $PEER
	odd	MX 10 h8
	_$PORT._tcp.h8 TLSA 1 1 1 $PEER
	oddbare	MX 10 h15
	_$PORT._tcp.h15 TLSA 1 1 1 $PEER
	oddtorn	MX 10 h7
	_$PORT._tcp.h7 TLSA 0 1 1 $PEER
	lame	MX 10 h16
	_tcp.h16 NS ns.lame
	ns.lame	A 127.0.0.99
	only	MX 10 h17
	ZONE
)
dns_zone bogus.example bogus <<ZONE
@	TXT "true"
@	MX 10 mx
mx	A 127.0.0.2
ZONE
sed -i 's/^\(bogus.example.*MX.\)10/\111/' "$LAB/dns/bogus.example"
dns_bad servfail
# shellcheck disable=SC2153
dns_stub _tcp.h16.sec.example "${DNS_BAD_servfail/:/@}"
dns_stub bad.plain.example "${DNS_BAD_servfail/:/@}"
dns_up
export POSTBAG_DNS=$DNS_UNBOUND

LOG=$T/log
lab_spawn peers python3 "$LAB_SRC/mxpeer.py" "$LOG" "$LAB_CADIR" "$PORT" \
	127.0.0.2= 127.0.0.3=tls:peer,bdat,require 127.0.0.4=greet:554_5.3.2_no \
	127.0.0.5=rcpt:550_5.1.1_who,max:1 127.0.0.6=rcpt:451_4.2.1_later \
	127.0.0.21=cut 127.0.0.7=torn 127.0.0.8=tls:selfsigned 127.0.0.10=greet:421_busy \
	127.0.0.11=tls:peer,utf8,require 127.0.0.12=hang,bdat \
	127.0.0.13=dot:451_4.3.0_full 127.0.0.14=seven 127.0.0.15= \
	127.0.0.16= 127.0.0.17=tls:peer 127.0.0.18=rcpt:550_5.1.1_who,max:1 127.0.0.19=rcpt:451_4.2.1_later,after:1
lab_spawn web python3 -c '
import http.server, ssl, sys
hosts = {"enf": ("enforce", "mx.plain.example"),
         "other": ("enforce", "*.elsewhere.example"),
         "test": ("testing", "mx.plain.example"),
         "cert": ("testing", "h8.plain.example"),
         "kept": ("enforce", "mx.plain.example")}
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.headers["Host"].split(".")[1]
        print(name, file=open(sys.argv[3], "a"))
        if name not in hosts:
            self.send_error(404)
            return
        body = ("version: STSv1\nmode: %s\nmx: %s\nmax_age: 86400\n"
                % hosts[name]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), H)
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
s.socket = ctx.wrap_socket(s.socket, server_side=True)
s.serve_forever()
' "$LAB_CADIR/web.pem" "$WEB" "$T/policies"
lab_until 60 test -s "$LOG"
wait_port 127.0.0.1 "$WEB"
: > "$T/policies"

# send ARG...: SAID is who took it ("2" for 127.0.0.2), or nobody; OUT, ERR
send() {
	: > "$LOG"
	timeout 60 mailsend --direct --mx-port "$PORT" --sts-port "$WEB" \
		--ca "$LAB_CA" -j -f jo@home.example -s hello --body text \
		"$@" > "$T/out" 2> "$T/err"
	STATUS=$?
	OUT=$(cat "$T/out") ERR=$(cat "$T/err")
	lab_until 2 met		# their ends are told a moment later
	SAID=$(jq -r 'select(.rcpt[0]).at | ltrimstr("127.0.0.")' "$LOG" |
		sort -n | paste -sd' ')
}
met() { [ -s "$LOG" ] || [ "$STATUS" != 0 ]; }
state() { jq -r '[.rcpts[].status] | join(" ")' "$T/out"; }
via() { jq -r '[.rcpts[].via // "-" | split(" ") | .[1:] | join(" ")] | join(",")' \
	"$T/out"; }
esc() { jq -r '[.rcpts[].esc // "-"] | join(" ")' "$T/out"; }

# ---- which host

lab_mail_clear billy
send billy@johndoe.com
is "$STATUS $(state)" '0 sent' 'the first host is down: Postfix, the second, takes it'
ok 'and it is there' lab_mail_wait billy 1
like "$(via)" '^TLSv1.[23] dane$' 'proven by its TLSA record'
send a@two.plain.example
is "$STATUS $SAID$ERR" '0 2' 'without DNSSEC, too, and nothing is said'
send a@greet.plain.example
is "$STATUS $SAID" '0 2' 'a 5yz greeting: the next host'
send a@never.plain.example
is "$STATUS $(state)" '69 refused' 'of all hosts: refused'
like "$ERR" 'h4.plain.example:.*554 5.3.2 no' 'in its own words'
send a@busy{,2,3,4}.plain.example
is "$STATUS $SAID" '0 2 2 2 2' 'a 421: the next host'
ok 'two connections at once, and it is left alone from then on' \
	test "$(grep -c '"at": "127.0.0.10"' "$LOG")" -le 2
send a@who.plain.example
is "$STATUS $(state) $SAID" '67 refused ' '5yz to RCPT is the end: no other host is asked'
send a@later.plain.example
is "$STATUS $(state) $SAID" '0 sent 2' '4yz before the dot: the next host'
send {a,b,c}@some.plain.example
is "$STATUS $(state) $SAID" '0 sent sent sent 2 19' 'also for those that are put off'
is "$(jq -r '.rcpts[] | "\(.addr[:1]) \(.via[:3])"' "$T/out" | paste -sd,)" \
	'a h19,b h2.,c h2.' 'each is told with the host that took it'
send a@late.plain.example
is "$STATUS $(state)" '75 deferred' 'with no other host: later'
like "$ERR" '451 4.2.1 later' 'in its own words'
send a@stands.plain.example
is "$STATUS $(jq -r '.rcpts[].code' "$T/out")" '75 451' 'it stands, though the next host is down'
send --queue "$T/queue" a@late.plain.example
is "$STATUS $(state)" '0 queued' 'or it waits in the queue'
send a@full.plain.example
is "$STATUS $(state) $SAID" '75 deferred ' '4yz to the dot is not taken elsewhere'
send a@lost.plain.example
is "$STATUS $(state) $SAID" '75 unknown ' 'nor is what may have been taken'
send a@hasmx.plain.example
is "$STATUS $(state) $SAID" '75 deferred ' 'the address of a domain with MX is never tried'
send a@implicit.plain.example
is "$STATUS $SAID" '0 2' 'without MX it is'
send a@null.plain.example
is "$STATUS $(state) $(esc)" '69 refused 5.1.10' 'null MX'
like "$ERR" 'takes no mail' 'is told'
send --log "$T/null" a@null.plain.example
like "$(cat "$T/null")" ' to=<a@null.plain.example> refused \([^0-9(].*takes no mail' \
	'and logged, though no server said a code'
send a@nowhere.plain.example
is "$STATUS $(state) $(esc)" '68 refused 5.1.2' 'no such domain'
send a@noway.plain.example
is "$STATUS $(state) $(esc)" '68 refused 5.4.4' 'a domain without a host'
send a@noaddr.plain.example
is "$STATUS $(state)" '69 refused' 'a host without an address'
like "$ERR" 'gone.plain.example: it has no address' 'is named'
send a@unsure.plain.example
is "$STATUS $(state)" '75 deferred' 'a host whose address cannot be looked up now'
like "$ERR" 'x.bad.plain.example: its address cannot be looked up now' 'is no host without one'
send a@bogus.example
is "$STATUS $(state) $(esc)" '75 deferred 4.4.3' 'what cannot be looked up now is no "no such domain"'
POSTBAG_DNS=127.0.0.1:9 send a@two.plain.example
is "$STATUS $(state)" '75 deferred' 'nor is it without a name server'
send a@both.plain.example
is "$STATUS $SAID" '0 2' 'one of two addresses answers'
send -4 a@both.plain.example
is "$STATUS $SAID" '0 2' '-4'
send -6 a@both.plain.example
is "$STATUS $(state)" '75 deferred' '-6'
send 'a@[127.0.0.2]'
is "$STATUS $SAID" '0 2' 'an address literal'
send a@{1..20}.eq.plain.example
like "$STATUS $SAID" '^0 2 .* 15$' 'equal ones: each gets some'
send a@{1..8}.twin.plain.example
is "$STATUS $SAID" '0 2 2 2 2 2 2 2 2' 'one address says no: the other of that host'
send a@{1..8}.half.plain.example
is "$STATUS $SAID" '0 2 2 2 2 2 2 2 2' 'one hangs up before it hears of anybody: the same'
send --ehlo me.example --source 127.0.0.77 --no-chunking --no-pipelining a@tls.plain.example
is "$STATUS $(jq -r '.from, (.said[] | split(" ")[0]), .said[0], .bursts > 7' "$LOG" | xargs)" \
	'0 127.0.0.77 EHLO STARTTLS EHLO MAIL RCPT DATA QUIT EHLO me.example true' \
	'--source, --ehlo, --no-chunking and --no-pipelining'
lab_spawn mute python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], file=open(sys.argv[1], "w"), flush=True)
time.sleep(600)' "$T/mute"
lab_until 60 test -s "$T/mute"
POSTBAG_DNS=127.0.0.1:$(cat "$T/mute") send --timeout 1 a@two.plain.example
is "$STATUS" 75 'a name server that says nothing'
like "$ERR" 'no time is left \(--timeout\) while hosts are looked up' 'has its time'

# ---- several domains

send a@two.plain.example b@null.plain.example c@who.plain.example \
	d@implicit.plain.example
is "$(state)" 'sent refused sent sent' 'each recipient has its own fate, in their order'
is "$STATUS" 69 'and the worst of them is the exit status'
is "$(jq -s '[.[] | select(.rcpt[0])] | length' "$LOG")" 3 'one transaction a domain'
send --all-or-nothing a@two.plain.example b@implicit.plain.example
is "$STATUS $SAID" '64 ' '--all-or-nothing with two domains'
status 0 '--quit-after rcpt' mailsend --direct --mx-port "$PORT" -f jo@home.example \
	--quit-after rcpt a@two.plain.example
is "$OUT" 'a@two.plain.example 250 ok' 'tells the answer'
: > "$LOG"
mailsend --direct --mx-port "$PORT" -f jo@home.example --quit-after rcpt a@1.eq.plain.example > /dev/null
lab_until 20 test -s "$LOG"
is "$(wc -l < "$LOG")" 1 'which asks one host'
for step in connect ehlo auth; do
	status 64 "--quit-after $step" mailsend --direct -f jo@home.example --quit-after $step a@two.plain.example
done
status 64 'no port' mailsend --direct --mx-port 65536 -f jo@home.example --body x a@two.plain.example

# ---- is it us?

us() { send --ehlo us.plain.example "$@"; }
us a@ours.plain.example
is "$STATUS $(state) $(esc)" '69 refused 5.4.6' 'the best host is this machine'
like "$ERR" 'mail loops back here' 'and nobody else is asked'
us a@equal.plain.example
is "$STATUS $SAID" '69 ' 'nor one of the same preference'
us a@backup.plain.example
is "$STATUS $(state) $SAID" '75 deferred ' 'a backup asks better hosts alone'
us a@us.plain.example
is "$STATUS" 69 'a domain that is this machine'
us a@loc.plain.example
is "$STATUS $(esc) $SAID" '69 5.4.6 ' 'localhost is, whatever is behind it'
status 69 'an address of it' mailsend --direct -f a@home.example --body x 'a@[127.0.0.1]'
like "$ERR" 'mail loops back here' 'is not asked'
status 69 'nor one of IPv6' mailsend --direct -f a@home.example --body x 'a@[IPv6:::1]'
{
	for i in {1..101}; do echo "Received: by h$i; Mon, 1 Jan 2024 00:00:00 +0000"; done
	printf 'From: a@home.example\nSubject: x\n\ntext\n'
} > "$T/loop"
mkdir -p "$T/conf/postbag"
cat > "$T/conf/postbag/config" <<END
account kept
imap imap://localhost:$LAB_IMAP_PORT
ca $LAB_CA
user jane
password-command printf %s "\$LAB_PASS_jane"
END
XDG_CONFIG_HOME=$T/conf status 0 '--save imap: beside --direct' send \
	--save imap:kept billy@johndoe.com
ok 'the copy is there' test -n "$(lab_doveadm fetch -u jane@johndoe.com uid \
	mailbox Sent from jo@home.example 2> /dev/null)"
status 69 'over 100 Received' mailsend --direct --mx-port "$PORT" \
	-f jo@home.example --message "$T/loop" a@two.plain.example
like "$ERR" 'mail loops' 'are a loop'
sed -i '1d; 2s/^/Received-SPF: pass\n/' "$T/loop"
ok '100 are none' mailsend --direct --mx-port "$PORT" \
	-f jo@home.example --message "$T/loop" a@two.plain.example

# ---- what a host has not

send --html <(echo 'Grüße') a@seven.plain.example
is "$STATUS" 0 'no 8BITMIME'
unlike "$(jq -r .data "$LOG")" 'Grü' 'recoded for it'
send jané@utf.plain.example
is "$STATUS $SAID" '0 11' 'no SMTPUTF8: the next host'
send --mail-from jané@home.example a@utf.plain.example
is "$STATUS $SAID" '0 11' 'nor for who sends'
printf 'From: a@home.example\n\nGr\303\274\303\237e\n' > "$T/eight"
status 65 '8 bits as they are, where there are 7' mailsend --direct --mx-port "$PORT" \
	-f jo@home.example --as-is --message "$T/eight" a@seven.plain.example
like "$ERR" 'as it is, or not at all' 'says why'
printf 'From: a@home.example\nTo: jané@utf.plain.example\n\nx\n' > "$T/utf"
: > "$LOG"
mailsend --direct --mx-port "$PORT" -f jo@home.example --message "$T/utf" a@utf.plain.example
lab_until 20 test -s "$LOG"
is "$? $(jq -r 'select(.rcpt[0]).at' "$LOG")" '0 127.0.0.11' 'nor for a header that needs it'
send jané@implicit.plain.example
is "$STATUS $(state)" '65 refused' 'and no host has it: for good'
send -b jané@utf.plain.example b@implicit.plain.example
is "$STATUS $SAID" '0 2 11' 'other domains do not need it'

# ---- TLS that may be

send a@tls.plain.example
is "$STATUS $(via)" '0 TLSv1.3 may' 'TLS where it is offered'
is "$(jq .tls.verified "$T/out")" true 'and it is said if the certificate is good'
send a@self.plain.example
is "$STATUS $(via) $(jq .tls.verified "$T/out")" '0 TLSv1.3 may false' 'any certificate'
send a@torn.plain.example
is "$STATUS $(via)" '0 clear may' 'TLS fails: once more in the clear'
was=$(umask)
umask 0
TZ=XXX9 send --log "$T/sent" a@torn.plain.example
umask "$was"
is "$(stat -c %a "$T/sent")" 600 'a log is not for others to read, whatever the umask'
at=$(cut -d' ' -f1 "$T/sent")
like "$at" '^[0-9]{4}-[0-9-]*T[0-9:]*Z$' 'and begins with the time'
ok 'in UTC, wherever we are' test $(($(date +%s) - $(date -d "$at" +%s))) -lt 20000
like "$(cat "$T/sent")" 'via="h7.plain.example:[0-9]+ clear may"' 'which is in the log'
send --tls off a@tls.plain.example
is "$STATUS $(via)" '0 clear off' '--tls off'
send --tls starttls a@tls.plain.example
is "$STATUS $(via)" '0 TLSv1.3 name' '--tls starttls: verified'
send --tls starttls a@self.plain.example
is "$STATUS $(state) $SAID" '77 deferred ' 'or not sent'
send --tls starttls a@worse.plain.example
is "$STATUS $(state)" '77 deferred' 'whatever the next host says'
send --tls starttls a@closed.plain.example
is "$STATUS $(state)" '77 deferred' 'or if that cannot be reached'
send --tls starttls a@two.plain.example
is "$STATUS $(state) $SAID" '77 deferred ' 'nor without TLS'
status 64 '--tls implicit is no way between hosts' mailsend --direct \
	--tls implicit -f a@home.example --body x b@two.plain.example
status 64 '--tls may elsewhere' mailsend -S smtp://localhost --tls may \
	-f a@home.example --body x b@two.plain.example
status 64 'a user' mailsend --direct -u jo -f a@home.example --body x b@two.plain.example
status 64 '--mx-port elsewhere' mailsend -S smtp://localhost --mx-port 26 \
	-f a@home.example --body x b@two.plain.example

# ---- DANE

send a@good.sec.example
is "$STATUS $(via) $SAID" '0 TLSv1.3 dane 3' 'DANE: a match'
is "$(jq -r .sni "$LOG")" mx.sec.example 'asked for by its name'
send a@bulk.johndoe.com
is "$STATUS $(state)" '77 deferred' 'a mismatch: not to Postfix, either'
like "$ERR" 'no TLSA record of mail2.johndoe.com matches' 'says why'
send a@bad.sec.example
is "$STATUS $SAID $(via)" '0 11 TLSv1.3 may' 'the next host, which has none'
send a@bare.sec.example
is "$STATUS $(state) $SAID" '77 deferred ' 'a host with DANE and without TLS'
send a@odd.sec.example
is "$STATUS $(via) $SAID" '0 TLSv1.3 any 8' 'records of no use: any certificate'
send a@oddbare.sec.example
is "$STATUS $(state) $SAID" '77 deferred ' 'but never in the clear'
send a@oddtorn.sec.example
isnt "$STATUS" 0 'nor when TLS fails'
is "$SAID" '' 'it does not go'
send a@lame.sec.example
is "$STATUS $(state) $SAID" '75 deferred ' 'TLSA cannot be looked up: later'
like "$ERR" 'h16.sec.example: whether it has TLSA records' 'says so'
send a@only.sec.example
is "$STATUS $(via)" '0 TLSv1.3 may' 'no TLSA: as without DNSSEC'

# ---- MTA-STS

send a@enf.plain.example
is "$STATUS $(via) $SAID" '0 TLSv1.3 name 3' 'enforce: the host that is named alone'
ok 'the policy is kept' grep -q '^postbag-sts 1 1 ' \
	"$XDG_STATE_HOME/postbag/sts/enf.plain.example"
send a@enf.plain.example
is "$(grep -c enf "$T/policies")" 1 'and not got again'
send a@other.plain.example
is "$STATUS $(state) $SAID" '77 deferred ' 'no host is named: none is contacted'
is "$(wc -l < "$LOG")" 0 'at all'
like "$ERR" 'h2.plain.example: the MTA-STS policy of the domain does not name it' 'says why'
send a@test.plain.example
is "$STATUS $SAID" '0 2' 'testing: sent'
like "$ERR" 'testing mode, does not name h2.plain.example' 'and told'
send -q a@test.plain.example
is "$STATUS$ERR" 0 'but with -q'
send a@cert.plain.example
like "$STATUS $ERR" '^0 .*wants a certificate for h8.plain.example: it has another one' 'a certificate, too'
KEPT=$XDG_STATE_HOME/postbag/sts/kept.plain.example
kept() {	# ID SECONDS-AGO
	printf 'postbag-sts 1 %s %s\nversion: STSv1\nmode: %s\nmax_age: 1000\nmx: %s\n' \
		"$1" $(($(date +%s) - $2)) enforce x.example > "$KEPT"
}
kept 7 500
send a@kept.plain.example
is "$STATUS $(grep -c kept "$T/policies")" '77 0' 'a policy with this id is not got'
kept 7 1001
send a@kept.plain.example
is "$(grep -c kept "$T/policies")" 1 'it is when its time is over'
kept 6 500
send a@kept.plain.example
is "$(grep -c kept "$T/policies")" 2 'and when the id is another'
printf 'postbag-sts 1 1 %s\nversion: STSv1\nmode: enforce\nmax_age: 1000\nmx: x.example\n' \
	"$(date +%s)" > "$XDG_STATE_HOME/postbag/sts/two.plain.example"
send a@two.plain.example
is "$STATUS $SAID" '77 ' 'one that holds is obeyed though the record is gone'
printf 'garbage\n' > "$XDG_STATE_HOME/postbag/sts/two.plain.example"
send a@two.plain.example
is "$STATUS $SAID" '0 2' 'a file that is none is no policy'
status 75 'no place for policies' env XDG_STATE_HOME=/proc/none mailsend \
	--direct --mx-port "$PORT" --sts-port "$WEB" --ca "$LAB_CA" \
	-f jo@home.example --body x a@late.plain.example

# ---- all or nothing

send --all-or-nothing a@whole.plain.example b@whole.plain.example
is "$STATUS $(state) $SAID" '67 refused untried ' 'one is refused: no other host gets the rest'

# ---- REQUIRETLS

send --require-tls a@req.plain.example
is "$STATUS $(state) $SAID" '77 deferred ' '--require-tls: nothing proves whose host it is'
send --require-tls a@enf.plain.example
is "$STATUS $(via) $SAID" '0 TLSv1.3 name 3' 'MTA-STS does'
like "$(jq -r '.said[]' "$LOG")" 'MAIL FROM.* REQUIRETLS' 'and it is asked for'
send --require-tls a@good.sec.example
is "$STATUS $(via)" '0 TLSv1.3 dane' 'DANE does'
send --require-tls a@only.sec.example
is "$STATUS $(state) $SAID" '77 deferred ' 'a certificate for another name'
send --require-tls --queue "$T/queue2" --queue-only a@req.plain.example
: > "$LOG"
mailsend --direct --mx-port "$PORT" --sts-port "$WEB" --ca "$LAB_CA" \
	--queue "$T/queue2" --flush-now > "$T/out" 2> "$T/err"
is "$? $(jq -r '.rcpt[]' "$LOG")" '75 ' 'nor does it go out of the queue'
like "$(cat "$T"/queue2/*/*/state)" 'neither DNSSEC nor' 'for the same reason'

done_testing
