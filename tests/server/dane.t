#!/usr/bin/env bash
# portprobe's verdict on DANE where it is easily missed: servers without TLS.
# Odd servers on port 25, NSD and Unbound with a signed zone, in a network
# namespace of their own.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/alone.sh" -n nsd unbound ldns-signzone openssl python3 jq
lab_up
lab_cert good rsa1024

digest() {	# CERTIFICATE: SHA-256 of its key
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin \
		-outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}
spki=$(digest "$LAB_CADIR/good.pem")
dns_zone johndoe.com signed <<ZONE
@	MX	10 mail
mail	A	127.0.0.1
_25._tcp.mail	TLSA 3 1 1 $spki
bare	A	127.0.0.2
_25._tcp.bare	TLSA 3 1 1 $spki
bareu	A	127.0.0.2
_25._tcp.bareu	TLSA 1 1 1 $spki
plain	A	127.0.0.2
refuse	A	127.0.0.3
_25._tcp.refuse	TLSA 3 1 1 $spki
gone	A	127.0.0.4
_25._tcp.gone	TLSA 3 1 1 $spki
lame	A	127.0.0.2
_tcp.lame	NS	ns.lame
ns.lame	A	127.0.0.99
smtp	MX	10 other
nope	MX	10 other
other	A	127.0.0.1
_25._tcp.other	TLSA 2 1 1 $(digest "$LAB_CADIR/int.pem")
pop	A	127.0.0.1
_25._tcp.pop	TLSA 2 0 0 $(openssl x509 -in "$LAB_CADIR/ca.pem" -outform DER |
	od -An -v -tx1 | tr -d ' \n')
short	A	127.0.0.6
_25._tcp.short	TLSA 3 1 1 $(digest "$LAB_CADIR/rsa1024.pem")
$(for i in {1..30}; do printf 'd%d\tMX\t10 mail\n' "$i"; done)
shut	A	127.0.0.5
_25._tcp.shut	TLSA 3 1 1 $spki
ZONE
dns_zone poor.example plain <<ZONE
mail	A	127.0.0.1
ZONE
dns_up
export POSTBAG_DNS=$DNS_UNBOUND
lab_odd MAIL=@127.0.0.1:25\ starttls:smtp:good BARE=@127.0.0.2:25\ plain:smtp \
	REFUSE=@127.0.0.3:25\ starttls:smtp:good/refuse \
	GONE=@127.0.0.4:25\ bye SHORT=@127.0.0.6:25\ starttls:smtp:rsa1024

# probe ARG...: objects in $T/json
probe() {
	timeout 60 portprobe -j --ca "$LAB_CA" "$@" > "$T/json" 2> "$T/err"
	STATUS=$?
}
value() { head -n 1 "$T/json" | jq -cr "$1" 2>&1; }
state() { value '(.tls.dane // .dane).state'; }
ids() { value '[.findings[].id] | join(" ")'; }

# ---- no TLS: whether there are records is waited for

# Each name is asked for the first time: no answer is there before the server's.
probe bare.johndoe.com:25
is "$STATUS $(state) $(ids)" '77 untried NO_STARTTLS DANE_NO_TLS' \
	'records, and no STARTTLS: critical'
probe bareu.johndoe.com:25
is "$STATUS $(state)" '77 unusable' 'records of no use demand TLS all the same'
is "$(ids)" 'NO_STARTTLS DANE_UNUSABLE DANE_NO_TLS' 'and both are told'
probe plain.johndoe.com:25
is "$STATUS $(state) $(value .tls)" '0 none null' 'no records, no TLS: as before'
is "$(value '.dane.reason')" no-tlsa 'for this reason'
probe refuse.johndoe.com:25
is "$STATUS $(state)" '77 untried' 'STARTTLS is refused'
like "$(ids)" DANE_NO_TLS 'which is no TLS, either'
probe gone.johndoe.com:25
is "$STATUS $(state)" '69 untried' 'what ends before TLS is not judged by DANE'
unlike "$(ids)" DANE 'its trouble is'
probe --dane off bare.johndoe.com:25
is "$STATUS $(state)" '0 off' '--dane off: not looked at'
probe shut.johndoe.com:25
like "$(state)" '^(unknown|untried)$' 'a port that is closed: nobody looked'
unlike "$(ids)" DANE 'and nothing is said of it'
probe mail.johndoe.com:25
is "$STATUS $(state)" '0 match' 'with TLS: a match'
probe --timeout 4 lame.johndoe.com:25
is "$STATUS $(state) $(ids)" '75 temp NO_STARTTLS DANE_TEMP' \
	'records that cannot be looked up are waited for, and no longer'
probe bare.johndoe.com:25 bareu.johndoe.com:25 plain.johndoe.com:25
is "$(jq -r '.dane.state' < "$T/json" | paste -sd' ')" \
	'untried unusable none' 'the same with answers from the cache'
is "$(portprobe --nagios --ca "$LAB_CA" bare.johndoe.com:25 > "$T/out"; echo $?)" \
	2 '--nagios: critical'

# ---- whose certificate it is: the certificate has smtp, and not other or nope

probe mx:smtp.johndoe.com -p 25
is "$STATUS $(state) $(value .tls.name) $(ids)" '0 match match ' \
	'2 1 1: the domain of the mail is a name, too'
probe mx:nope.johndoe.com -p 25
is "$STATUS $(state) $(value .tls.name)" '77 mismatch mismatch' \
	'and no other domain'
probe other.johndoe.com:25
is "$STATUS $(state)" '77 mismatch' 'nor is there one without mx:'
probe pop.johndoe.com:25
is "$STATUS $(state) $(value '.tls.dane.rr[0].result') $(ids)" \
	'0 match matched ' '2 0 0: an authority that is not sent'
probe short.johndoe.com:25
is "$STATUS $(state)" '0 match' '3 1 1: a short key is as good as the record'
like "$(ids)" 'CERT_WEAK' 'and weak'

# ---- a mail host of many domains is probed once

connections() {	# ARG...: how many, and objects in $T/json
	probe --stats -p 25 "$@"
	grep -o '[0-9]* connections' "$T/err"
}
one=$(connections mx:d1.johndoe.com)
printf 'mx:d%d.johndoe.com\n' {1..30} > "$T/list"
is "$(connections - < "$T/list")" "$one" \
	'30 domains with one MX: as many connections as for one'
is "$(jq -r .via < "$T/json" | sort -u | wc -l) $(jq -r .state < "$T/json" |
	sort | uniq -c | xargs)" '30 30 ok' 'and a result for each of them'
is "$(jq -c 'del(.via, .target, .us, .ms, .times)' < "$T/json" | sort -u |
	wc -l)" 1 'the same one'
xargs timeout 60 portprobe --stats -j --ca "$LAB_CA" -p 25 < "$T/list" \
	> "$T/json" 2> "$T/err"
is "$(grep -o '[0-9]* connections' "$T/err") $(wc -l < "$T/json")" "$one 30" \
	'operands likewise'
is "$(jq -r .via < "$T/json" | xargs)" "$(xargs < "$T/list")" 'in their order'
is "$(connections mx:d1.johndoe.com mx:d1.johndoe.com mail.johndoe.com) $(
	wc -l < "$T/json")" "$one 3" 'and what is named twice'
one=$(connections mx:nope.johndoe.com)
connections mx:smtp.johndoe.com mx:nope.johndoe.com mx:smtp.johndoe.com \
	mx:nope.johndoe.com > "$T/n"
is "$(jq -r '.tls.dane.state' < "$T/json" | xargs)" \
	'match mismatch match mismatch' \
	'2 1 1 and a certificate for one of the domains: each has its own verdict'
is "$(cut -d' ' -f1 < "$T/n")" $((2 * ${one% *})) 'by a probe for each domain'
is "$(connections mx:smtp.johndoe.com mx:d1.johndoe.com --rate 1000 mx:d2.johndoe.com \
	| cut -d' ' -f1) $(jq -r .state < "$T/json" | sort -u)" \
	"$((2 * ${one% *})) ok" 'other hosts at one address are others'

# ---- a resolver that nobody believes

probe --no-trust-ad mail.johndoe.com:25
is "$STATUS $(state) $(value .tls.dane.reason)" '0 none untrusted-resolver' \
	'it is named as the reason'
is "$(ids)" DANE_UNBELIEVED 'and what to do about it is said'
probe --no-trust-ad mx:johndoe.com -p 25
is "$(value .tls.dane.reason) $(ids)" 'untrusted-resolver DANE_UNBELIEVED' \
	'also where an MX record leads'
probe --no-trust-ad --dane require mail.johndoe.com:25
is "$STATUS $(value '.findings[] | select(.id == "DANE_REQUIRED").text')" \
	'77 DANE: none, untrusted-resolver' '--dane require fails for it'
probe --no-trust-ad mail.poor.example:25
is "$(value .tls.dane.reason) $(ids)" 'insecure-host CERT_NAME' \
	'a zone that is not signed is another thing'
done_testing
