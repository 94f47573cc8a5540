#!/usr/bin/env bash
# portprobe and certificates: what one session shows of a chain, a cipher, a
# promise, and when the end of a certificate is near for the life that it has.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in openssl jq; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
lab_up

# ---- an authority of our own, which issues for any time that is asked for

mkdir "$T/ca"
cd "$T/ca"
cat > conf <<END
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[leaf]
subjectAltName = DNS:mail.cert.example
extendedKeyUsage = serverAuth
[other]
subjectAltName = DNS:other.cert.example
extendedKeyUsage = serverAuth
[staple]
subjectAltName = DNS:mail.cert.example
tlsfeature = status_request
[many]
subjectAltName = $(printf 'DNS:m%d.cert.example, ' {1..100})DNS:mail.cert.example
extendedKeyUsage = serverAuth
[sign]
default_ca = signer
[signer]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = none
[any]
commonName = supplied
END
key() { openssl genpkey -algorithm "${2:-EC}" -pkeyopt "${3:-ec_paramgen_curve:P-256}" \
	-out "$1.key" 2> /dev/null; }
key root
key int
key leaf
key rsa RSA rsa_keygen_bits:2048
key weak RSA rsa_keygen_bits:1024
openssl req -x509 -new -key root.key -subj '/CN=cert root' -days 3650 \
	-config conf -extensions ca -out root.pem
touch index
echo 01 > serial
# issue NAME KEY ISSUER EXTENSIONS FROM UNTIL: times as date(1) reads them
issue() {
	openssl req -new -key "$2.key" -subj "/CN=$1" -config conf -out "$1.csr"
	: > index
	openssl ca -batch -config conf -name signer -keyfile "$3.key" \
		-cert "$3.pem" -in "$1.csr" -extensions "$4" -notext \
		-startdate "$(date -u -d "$5" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "$6" +%Y%m%d%H%M%SZ)" \
		-out "$1.pem" > "$1.log" 2>&1 || cat "$1.log" >&2
}
issue int int root ca '-1 day' '+1000 days'
fresh="leaf int leaf"
issue good $fresh '-1 day' '+88 days + 12 hours'
issue newer leaf int leaf '-1 hour' '+88 days + 12 hours'
issue older leaf int leaf '-9 days' '+80 days'
issue rsa rsa int leaf '-1 day' '+88 days + 12 hours'
issue rsaend rsa int leaf '-87 days' '+3 days + 1 hour'
issue rsaname rsa int other '-1 day' '+88 days + 12 hours'
issue else leaf int other '-1 day' '+88 days + 12 hours'
issue weak weak int leaf '-1 day' '+88 days + 12 hours'
issue staple leaf int staple '-1 day' '+88 days + 12 hours'
issue thin leaf int leaf '-1 day' '+29 days + 12 hours'
issue d90at22 $fresh '-68 days' '+22 days + 1 hour'
issue d90at20 $fresh '-70 days' '+20 days + 1 hour'
issue d90at6 $fresh '-84 days' '+6 days + 1 hour'
issue d47at12 $fresh '-35 days' '+12 days + 1 hour'
issue d47at11 $fresh '-36 days' '+11 days + 1 hour'
issue d47at4 $fresh '-43 days' '+4 days + 1 hour'
issue d6at6 $fresh '-1 hour' '+6 days'
issue d6at1 $fresh '-5 days' '+1 day + 1 hour'
issue d6at0 $fresh '-6 days' '+1 hour'
issue d6over $fresh '-7 days' '-1 hour'
issue d30at1 $fresh '-29 days' '+1 day + 1 hour'
key shortint
issue shortint shortint root ca '-80 days' '+10 days + 1 hour'
issue under leaf shortint leaf '-1 day' '+7 days + 12 hours'
issue many leaf int many '-1 day' '+88 days + 12 hours'
cat root.pem int.pem > disorder
for _ in {1..8}; do cat int.pem; done >> disorder
cat int.pem root.pem > rooted
cd "$ROOT"

# server VAR LEAF KEY CHAIN OPTION...: s_server; no CHAIN: the intermediate
server() {
	local port
	port=$(free_port)
	lab_start "s_server.$port" openssl s_server -4 -accept "$port" -quiet \
		-cert "$T/ca/$2.pem" -key "$T/ca/$3.key" \
		-cert_chain "$T/ca/${4:-int.pem}" "${@:5}"
	wait_port 127.0.0.1 "$port"
	declare -gx "$1=$port"
}
probe() {
	timeout 30 portprobe -j --ca "$T/ca/root.pem" --name mail.cert.example \
		"${@:2}" "127.0.0.1:$1/tls" > "$T/json" 2> "$T/err"
	STATUS=$?
	FOUND=$(jq -r '[.findings[].id] | join(" ")' < "$T/json")
}

# ---- the chain, as it is sent

server WHOLE good leaf
probe $WHOLE
is "$STATUS $FOUND" '0 ' 'a chain in order: nothing is said of it'
server ROOTED good leaf rooted
probe $ROOTED
is "$STATUS $FOUND" '0 ROOT_SENT' 'a root that nobody needs'
server DISORDER many leaf disorder
probe $DISORDER
is "$STATUS $FOUND" '0 PROBE_LIMIT PROBE_LIMIT CHAIN_ORDER ROOT_SENT' \
	'a chain in disorder, with one certificate and one name too many'
probe $DISORDER --tlsa
is "$(jq -c '[.tlsa_plan.records[].of]' < "$T/json")" '["current"]' \
	'--tlsa: what is sent second has not issued the first, and is no issuer'
is "$(jq -r '.findings[] | select(.id == "PROBE_LIMIT") | .text' < "$T/json" |
	grep -oE '[0-9]+ of [0-9]+')" $'10 of 11\n100 of 101' 'which is said'
like "$(jq -r '.findings[2].text' < "$T/json")" '^certificate 1 .*cert root' \
	'which one stands wrong'
server STAPLE staple leaf
probe $STAPLE
is "$STATUS $FOUND" '0 MUST_STAPLE' 'an OCSP answer was promised, and none came'
openssl ocsp -index "$T/ca/index" -CA "$T/ca/int.pem" -rsigner "$T/ca/int.pem" \
	-rkey "$T/ca/int.key" -issuer "$T/ca/int.pem" -cert "$T/ca/staple.pem" \
	-respout "$T/ca/ocsp" > "$T/ocsp.log" 2>&1
server STAPLED staple leaf int.pem -status_file "$T/ca/ocsp"
probe $STAPLED
is "$STATUS $FOUND" '0 ' 'it came'

# ---- the cipher and the key exchange that the server chose

server NOFS rsa rsa int.pem -tls1_2 -cipher AES128-GCM-SHA256
probe $NOFS
is "$STATUS $FOUND" '0 KEX_WEAK' 'no forward secrecy'
like "$(jq -r '.findings[0].text' < "$T/json")" '^AES128-GCM-SHA256: .*forward secrecy' 'in words'
server DH weak weak int.pem -tls1_2 -cipher 'DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0'
probe $DH
like "$FOUND" 'KEX_WEAK' 'a short DH group'
like "$(jq -r '.findings[].text' < "$T/json")" 'a DH group of 1024 bits' 'in words'
server NULLC rsa rsa int.pem -tls1_2 -cipher 'NULL-SHA256:@SECLEVEL=0'
probe $NULLC
is "$FOUND" '' 'no cipher at all is not offered, so nobody can choose it'
isnt $STATUS 0 'and the handshake fails'

# ---- when the end is near

declare -A at
while IFS='|' read -r leaf options status found days warn crit; do
	if [ -z "${at[$leaf]-}" ]; then
		server P "$leaf" leaf
		at[$leaf]=$P
	fi
	# shellcheck disable=SC2086
	probe "${at[$leaf]}" $options
	is "$STATUS $FOUND" "$status $found" "$leaf${options:+, $options}: ${found:-well}"
	# shellcheck disable=SC2086
	is "$(timeout 30 portprobe --nagios --ca "$T/ca/root.pem" $options \
		--name mail.cert.example "127.0.0.1:${at[$leaf]}/tls" |
		grep -o "_cert'=.*")" "_cert'=${days}d;$warn:;$crit:" \
		"$leaf${options:+, $options}: the same thresholds in --nagios"
done <<'END'
good||0||88|21|7
d90at22||0||22|21|7
d90at20||0|CERT_SOON|20|21|7
d90at20|-w 20|0||20|20|7
d90at20|-w 21|0|CERT_SOON|20|21|7
d90at20|-w 33%|0|CERT_SOON|20|29.71|7
d90at20|-C 33%|77|CERT_SOON|20|21|29.71
d90at20|-w 22%|0||20|19.81|7
d90at6||77|CERT_SOON|6|21|7
d47at12||0||12|11.76|4.704
d47at11||0|CERT_SOON|11|11.76|4.704
d47at4||77|CERT_SOON|4|11.76|4.704
d6at6||0||5|0|0
d6at1||0||1|0|0
d6at0||0||0|0|0
d6at1|-w 33%|0|CERT_SOON|1|1.994|0
d6at1|-C 33%|77|CERT_SOON|1|0|1.994
d6at1|-w 2|0|CERT_SOON|1|2|0
d6over||77|CERT_EXPIRED|-1|0|0
END
server D30 d30at1 leaf
probe $D30
like "$(jq -r '.findings[0].text' < "$T/json")" 'in 1 day$' 'one day is one day'
server UNDER under leaf shortint.pem
probe $UNDER
is "$STATUS $FOUND" '0 CERT_SOON' 'what ends first need not be the last in the chain'
is "$(jq -c '.tls.soonest | [.depth, .days]' < "$T/json")" '[0,7]' 'its place and its days'
# ---- a file's certificate, and what is served

server TWO good leaf int.pem -dcert "$T/ca/rsa.pem" -dkey "$T/ca/rsa.key" \
	-dcert_chain "$T/ca/int.pem"
expect() { probe "$1" --expect-cert "$T/ca/$2.pem"; }
expect $WHOLE good
is "$STATUS $FOUND" '0 ' '--expect-cert: it is served'
expect $WHOLE newer
is "$STATUS $FOUND" '77 CERT_NOT_RELOADED' '--expect-cert: an older one is served'
like "$(jq -r '.findings[0].text' < "$T/json")" \
	"of $(date -u -d '-1 day' +%F) is served; .*newer.pem has one of $(date -u -d '-1 hour' +%F)" \
	'since when, and which file'
expect $WHOLE older
is "$STATUS $FOUND" '77 CERT_DIFFERS' '--expect-cert: another one'
expect $TWO good
is "$STATUS $FOUND" '0 ' 'two certificates: the first'
expect $TWO rsa
is "$STATUS $FOUND" '0 ' 'or the other one'
is "$(jq -r .tls.other.key < "$T/json")" 'RSA 2048' 'which is shown'
expect $WHOLE rsa
is "$(jq -r .tls.other < "$T/json")" null 'one that is not there is not'

# ---- the other one is judged, too

# two VAR NAME: an EC certificate that is well, beside an RSA one
two() {
	server "$1" good leaf int.pem -dcert "$T/ca/$2.pem" \
		-dkey "$T/ca/rsa.key" -dcert_chain "$T/ca/int.pem"
}
two RSAEND rsaend
expect $RSAEND good
is "$STATUS $FOUND" '77 CERT_SOON' 'two certificates: the other one ends soon'
like "$(jq -r '.findings[0].text' < "$T/json")" \
	'^the certificate of the key RSA 2048 expires on .* in 3 days$' 'which one'
is "$(jq -c '.tls.soonest | [.depth, .days, .other]' < "$T/json")" '[0,3,true]' \
	'it is what ends first'
is "$(timeout 30 portprobe --nagios --ca "$T/ca/root.pem" \
	--expect-cert "$T/ca/good.pem" --name mail.cert.example \
	"127.0.0.1:$RSAEND/tls" | grep -o "_cert'=[^;]*")" "_cert'=3d" \
	'in perfdata, too'
probe $RSAEND
is "$STATUS $FOUND" '0 ' 'where nobody asks for it, nothing is said of it'
probe $RSAEND --deep
like "$FOUND" CERT_SOON '--deep asks for it'
two RSANAME rsaname
expect $RSANAME good
is "$STATUS $FOUND" '77 CERT_NAME' 'two certificates: the other one is for another name'
like "$(jq -r '.findings[0].text' < "$T/json")" \
	'^the certificate of the key RSA 2048 is for other.cert.example, not for mail' \
	'in words'
# ---- ports of one address

server OLDER older leaf
server NEWER newer leaf
# pair PORT PORT OPTION...: what is found at each of two ports of one address
pair() {
	timeout 30 portprobe -j --ca "$T/ca/root.pem" --name mail.cert.example \
		-p "$1/tls,$2/tls" "${@:3}" 127.0.0.1 > "$T/json" 2> "$T/err"
	STATUS=$?
	FOUND=$(jq -r '[.findings[].id] | join(" ")' < "$T/json" | tr '\n' '|')
}
for _ in 1 2 3; do
	pair $OLDER $NEWER
	is "$STATUS $FOUND" '0 CERT_DIFFERS|CERT_DIFFERS|' \
		'two certificates for the same names: both ports say so'
done
like "$(jq -r '.findings[0].text' < "$T/json" | head -n 1)" \
	"^port $NEWER serves a newer one for the same names, of $(date -u -d '-1 hour' +%F); this one is of $(date -u -d '-9 days' +%F)\$" \
	'which is newer'
like "$(jq -r '.findings[0].text' < "$T/json" | tail -n 1)" \
	"^port $OLDER serves an older one" 'and which is older'
pair $OLDER $NEWER -q
is "$(jq -r .severity < "$T/json" | tr '\n' ' ')" 'warn warn ' 'a warning'
pair $OLDER $NEWER --no-verify
is "$(jq -r .severity < "$T/json" | tr '\n' ' ')" 'ok ok ' '--no-verify: a hint'
pair $OLDER $NEWER --expect-cert "$T/ca/newer.pem"
is "$STATUS $FOUND" '77 CERT_NOT_RELOADED||' '--expect-cert says which one is right'
cd "$T/ca"
openssl req -x509 -new -key leaf.key -subj '/CN=self' -days 80 -config conf \
	-extensions leaf -out self.pem
server SELF self leaf
pair $WHOLE $SELF
unlike "$FOUND" CERT_DIFFERS 'one that is self-signed is no renewal of the other'
openssl req -x509 -new -key leaf.key -subj '/CN=self' -days 85 -config conf \
	-extensions leaf -out self2.pem
openssl req -x509 -new -key leaf.key -subj '/CN=mail' -days 80 -out bare.pem
openssl req -x509 -new -key leaf.key -subj '/CN=mail' -days 85 -out bare2.pem
openssl req -x509 -new -key leaf.key -subj '/CN=imap' -days 85 -out bare3.pem
for i in self2 bare bare2 bare3; do
	server "${i^^}" $i leaf
done
pair $SELF $SELF2
is "$(grep -o CERT_DIFFERS <<< "$FOUND" | wc -l)" 2 \
	'two that are self-signed: both ports say so'
pair $BARE $BARE2
is "$(grep -o CERT_DIFFERS <<< "$FOUND" | wc -l)" 2 'by their subjects alone, too'
pair $BARE $BARE3
unlike "$FOUND" CERT_DIFFERS 'other subjects are no difference'
issue morning leaf int leaf 'yesterday 01:00' '+80 days'
issue evening leaf int leaf 'yesterday 02:00' '+80 days'
cd "$T"
server MORNING morning leaf
server EVENING evening leaf
pair $MORNING $EVENING
like "$(jq -r '.findings[0].text' < "$T/json" | head -n 1)" \
	"a newer one .* this one is of the same day\$" 'two of one day'
pair $WHOLE $ROOTED
is "$FOUND" '|ROOT_SENT|' 'the same one, with another chain behind it'
server ONLYRSA rsa rsa
pair $WHOLE $ONLYRSA
is "$FOUND" '||' 'another kind of key is no difference'
server ELSE else leaf
pair $WHOLE $ELSE --no-verify
is "$FOUND" '|CERT_NAME|' 'other names are none, either'
printf '127.0.0.1:%s/tls\n127.0.0.1 %s tls\n' $OLDER $NEWER |
	timeout 30 portprobe -j --ca "$T/ca/root.pem" --name mail.cert.example - > "$T/json"
is "$(jq -r '.findings[].id' < "$T/json")" '' 'two targets are not compared'
printf '127.0.0.1\n' | timeout 30 portprobe -j -p "$OLDER/tls,$NEWER/tls" \
	--ca "$T/ca/root.pem" --name mail.cert.example - > "$T/json"
is "$(jq -r '.findings[].id' < "$T/json" | sort -u)" CERT_DIFFERS \
	'a list: at least the one that is told last says so'

# A port that never answers keeps the others back; a signal lets them be told.
mute() {
	python3 -c 'import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
time.sleep(60)'
}
lab_start mute bash -c "$(declare -f mute); mute"
lab_until 20 grep -q . "$LAB/mute.out"
read -r MUTE < "$LAB/mute.out"
portprobe -v -j -p "$OLDER/tls,$MUTE/tls" --timeout 50 --ca "$T/ca/root.pem" \
	--name mail.cert.example 127.0.0.1 > "$T/json" 2> "$T/err" &
pid=$!
held_back() {
	grep -q ":$OLDER connected" "$T/err" && grep -q ":$MUTE connected" "$T/err" &&
		[ -z "$(ss -Htn state established "dport = :$OLDER")" ]
}
lab_until 20 held_back
kill -TERM $pid
wait $pid
is "$(jq -r '"\(.port) \(.state)"' < "$T/json")" "$OLDER ok" 'a signal: what was known is told'

status 66 '--expect-cert: no such file' portprobe --expect-cert "$T/none" "127.0.0.1:$WHOLE"
status 65 '--expect-cert: no certificate' portprobe --expect-cert "$T/ca/conf" "127.0.0.1:$WHOLE"

# ---- TLSA records: both certificates, and those to publish

spki() { openssl x509 -in "$T/ca/$1.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1; }
tool=
for p in nsd unbound ldns-signzone; do
	PATH=$PATH:/usr/sbin command -v $p > /dev/null || tool=$p
done
if [ -n "$tool" ]; then
	skip 'TLSA records' "$tool is not installed"
else
	. "$ROOT/tests/lab/dns.sh"
	dns_zone cert.example signed <<END
mail	A	127.0.0.1
_$TWO._tcp.mail	600 TLSA 3 1 1 $(spki good)
_$TWO._tcp.mail	600 TLSA 3 1 1 $(spki rsa)
_$TWO._tcp.mail	600 TLSA 3 1 1 $(spki root)
half	A	127.0.0.1
_$TWO._tcp.half	TLSA 3 1 1 $(spki good)
half2	A	127.0.0.1
_$TWO._tcp.half2	TLSA 3 1 1 $(spki rsa)
root	A	127.0.0.1
_$WHOLE._tcp.root TLSA 3 1 1 $(spki good)
_$WHOLE._tcp.root TLSA 2 1 1 $(spki root)
_$WHOLE._tcp.root TLSA 2 1 1 $(spki rsa)
only	A	127.0.0.1
_$WHOLE._tcp.only TLSA 2 1 1 $(spki root)
_$ROOTED._tcp.mail TLSA 2 1 1 $(spki root)
one	A	127.0.0.1
_$WHOLE._tcp.one	600 TLSA 3 1 1 $(spki good)
bare	A	127.0.0.1
END
	dns_zone unsigned.example <<END
one	A	127.0.0.1
_$WHOLE._tcp.one	600 TLSA 3 1 1 $(spki good)
END
	dns_up
	export POSTBAG_DNS=$DNS_UNBOUND
	dane() {
		timeout 30 portprobe -j --ca "$T/ca/root.pem" --no-verify \
			"${@:2}" "$1" > "$T/json" 2> "$T/err"
		FOUND=$(jq -r '[.findings[].id | select(startswith("DANE"))] | join(" ")' < "$T/json")
	}
	dane "mail.cert.example:$TWO/tls"
	is "$(jq -r .tls.dane.state < "$T/json") $FOUND" 'match DANE_STALE' \
		'EC and RSA: both match, and one record is of neither'
	is "$(jq -c '[.tls.dane.rr[].result] | sort' < "$T/json")" \
		'["matched","matched","unmatched"]' 'record by record'
	for h in half half2; do
		dane "$h.cert.example:$TWO/tls"
		is "$(jq -r .tls.dane.state < "$T/json") $FOUND" 'mismatch DANE_MISMATCH' \
			"$h: one of two has no record, and some senders get that one"
	done
	like "$(jq -r '.findings[].text' < "$T/json")" 'with the key EC P-256' 'which one'
	dane "root.cert.example:$WHOLE/tls"
	is "$(jq -r .tls.dane.state < "$T/json") $FOUND" 'match DANE_STALE DANE_STALE' \
		'two records of authorities that are not sent'
	is "$(jq -r '.findings[] | select(.id == "DANE_STALE").text' < "$T/json" | sort)" \
		"2 1 1 fits CN=cert root, an authority that is not sent: it counts only once the server sends it, too
2 1 1 fits nothing that was sent" 'one is of the chain that verifies, one is of nobody'
	dane "only.cert.example:$WHOLE/tls"
	is "$(jq -r .tls.dane.state < "$T/json") $FOUND" 'mismatch DANE_MISMATCH' \
		'its record alone counts for nothing'
	like "$(jq -r '.findings[].text' < "$T/json")" \
		'; one fits CN=cert root, which the server does not send$' 'and why'
	dane "mail.cert.example:$ROOTED/tls"
	is "$(jq -r .tls.dane.state < "$T/json")" match 'where it is sent, it does'
	plan() { jq -c '.tlsa_plan | [.records[] | "\(.u) \(.of) \(.there)"]' < "$T/json"; }
	dane "mail.cert.example:$TWO/tls" --tlsa
	is "$(plan)" '["3 current true","3 other true","2 issuer false"]' '--tlsa: both are there'
	dane "bare.cert.example:$TWO/tls" --tlsa
	is "$(plan) $(jq -c '.tlsa_plan | [.ttl, .ttl_known, .install_after]' < "$T/json")" \
		'["3 current false","3 other false","2 issuer false"] [3600,false,null]' 'or none is'
	cp "$T/ca/rsa.pem" "$T/next.pem"
	now=$(date +%s)
	dane "one.cert.example:$WHOLE/tls" --tlsa "$T/next.pem"
	is "$(plan)" '["3 current true","3 next false","2 issuer false"]' '--tlsa: the next one'
	at=$(date -d "$(jq -r .tlsa_plan.install_after < "$T/json")" +%s)
	ok 'which may be installed after two TTLs' test $((at - now)) -ge 1100 -a $((at - now)) -le 1300
	is "$(jq .tlsa_plan.remove_after_s < "$T/json")" 1200 'and the old one goes after two more'
	timeout 30 portprobe --tlsa "$T/next.pem" --no-verify \
		"one.cert.example:$WHOLE/tls" > "$T/out"
	like "$(cat "$T/out")" "_$WHOLE._tcp.one.cert.example. [0-9]+ IN TLSA 3 1 1 $(spki rsa) ; the next key, of $T/next.pem: publish now" \
		'as a line for the zone'
	ttl() { jq -c '.tlsa_plan | [.ttl, .ttl_known, .remove_after_s, .records[0].there]' < "$T/json"; }
	sleep 1.1			# in the cache it is less by now
	dane "one.cert.example:$WHOLE/tls" --tlsa "$T/next.pem"
	is "$(ttl)" '[600,true,1200,true]' 'the TTL is that of the zone, not what is left of it'
	dane "one.unsigned.example:$WHOLE/tls" --tlsa "$T/next.pem" -s "$DNS_NSD"
	is "$(ttl)" '[600,true,1200,true]' 'and so from a server of the zone, without signatures'
	dane "one.unsigned.example:$WHOLE/tls" --tlsa "$T/next.pem"
	is "$(ttl | sed 's/^\[[0-9]*/[N/')" '[N,false,172800,true]' \
		'from a resolver, without signatures: times are those of a day'
	dane "127.0.0.1:$WHOLE/tls" --tlsa "$T/next.pem"
	is "$(ttl)" '[3600,false,172800,false]' 'nor is it known of an address'
	timeout 30 portprobe --tlsa "$T/next.pem" --no-verify "127.0.0.1:$WHOLE/tls" > "$T/out"
	like "$(cat "$T/out")" 'whether there are some is not known' 'which is said'
	dane "one.cert.example:$WHOLE/tls" --tlsa "$T/ca/newer.pem"
	is "$(plan)" '["3 current true","2 issuer false"]' 'a new certificate for the same key needs no record'
	ok 'and no time' test "$(date -d "$(jq -r .tlsa_plan.install_after < "$T/json")" +%s)" -le "$(date +%s)"
	dane "one.cert.example:$WHOLE/tls"
	is "$(jq .tlsa_plan < "$T/json")" null 'without --tlsa there is no plan'
fi
status 66 '--tlsa: no such file' portprobe --tlsa "$T/none.pem" "127.0.0.1:$WHOLE"
status 64 '-w: neither days nor a share' portprobe -w 33x "127.0.0.1:$WHOLE/tls"
status 64 '-C: more than all of it' portprobe -C 101% "127.0.0.1:$WHOLE/tls"
done_testing
