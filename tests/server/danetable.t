#!/usr/bin/env bash
# portprobe's verdict on DANE beside that of Postfix (posttls-finger), over a
# table of records and certificates (RFC 7671, 7672), in a network namespace
# where Unbound is the system's resolver and mail servers answer on port 25.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/alone.sh" -nm nsd unbound ldns-signzone openssl python3 jq posttls-finger
lab_up
lab_cert good expired

key() {	# CERTIFICATE DIGEST: of its key
	openssl x509 -in "$LAB_CADIR/$1.pem" -noout -pubkey |
		openssl pkey -pubin -outform DER | openssl dgst "-$2" -r | cut -d' ' -f1
}
whole() {	# CERTIFICATE DIGEST
	openssl x509 -in "$LAB_CADIR/$1.pem" -outform DER |
		openssl dgst "-$2" -r | cut -d' ' -f1
}
hex() { openssl x509 -in "$LAB_CADIR/$1.pem" -outform DER | od -An -v -tx1 | tr -d ' \n'; }
NO=$(printf '%064d' 0)
GOOD=$(key good sha256)
# NAME HOST CERTIFICATE VERDICT RECORD[;RECORD]...: the verdict is what the RFCs
# say.  HOST: one that the certificate names, or "-".
cat > "$T/table" <<TABLE
ee-key - good match 3 1 1 $GOOD
ee-whole - good match 3 0 1 $(whole good sha256)
ee-sha512 - good match 3 1 2 $(key good sha512)
ee-bytes - good match 3 0 0 $(hex good)
ee-wrong - good mismatch 3 1 1 $NO
ee-intermediate - good mismatch 3 1 1 $(key int sha256)
ee-expired - expired match 3 1 1 $(key expired sha256)
ta-key mail good match 2 1 1 $(key int sha256)
ta-whole mail2 good match 2 0 1 $(whole int sha256)
ta-bytes mail3 good match 2 0 0 $(hex ca)
ta-wrong mx1 good mismatch 2 1 1 $NO
ta-leaf mx2 good mismatch 2 1 1 $GOOD
ta-expired smtp expired mismatch 2 1 1 $(key int sha256)
ta-other-name - good mismatch 2 1 1 $(key int sha256)
ta-beside-wrong imap good match 3 1 1 $NO;2 1 1 $(key int sha256)
one-of-two - good match 3 1 1 $NO;3 1 1 $GOOD
agile-wrong - good mismatch 3 1 1 $GOOD;3 1 2 $NO$NO
agile-right - good match 3 1 1 $NO;3 1 2 $(key good sha512)
agile-selector - good match 3 1 1 $GOOD;3 0 2 $NO$NO
pkix-ee - good unusable 1 1 1 $GOOD
pkix-ta - good unusable 0 0 1 $(whole int sha256)
usage-4 - good unusable 4 1 1 $GOOD
selector-2 - good unusable 3 2 1 $GOOD
digest-3 - good unusable 3 1 3 $GOOD
digest-short - good unusable 3 1 1 ${GOOD:0:62}
digest-long - good unusable 3 1 1 ${GOOD}00
pkix-beside-ee - good match 1 1 1 $NO;3 1 1 $GOOD
pkix-beside-wrong - good mismatch 1 1 1 $GOOD;3 1 1 $NO
none - good none -
TABLE

n=1
: > "$T/zone"
: > "$T/servers"
while read -r name host cert verdict records; do
	n=$((n + 1))
	[ "$host" != - ] || host=mx.$name
	printf '%s\tMX\t10 %s\n%s\tA\t127.0.0.%d\n' "$name" "$host" "$host" $n
	IFS=';' read -ra each <<< "$records"
	for record in "${each[@]}"; do
		[ "$record" = - ] ||
			printf '_25._tcp.%s\tTLSA\t%s\n' "$host" "$record"
	done
	printf 'PEER=@127.0.0.%d:25 starttls:smtp:%s\n' $n "$cert" >> "$T/servers"
done < "$T/table" >> "$T/zone"
dns_zone johndoe.com signed < "$T/zone"
dns_up
mapfile -t servers < "$T/servers"
lab_odd "${servers[@]}"
sed "s/^  port: .*/  port: 53/; s,pidfile: .*,pidfile: \"$LAB/pid53\"," \
	"$LAB/dns/unbound.conf" > "$LAB/dns/53.conf"
lab_spawn unbound53 unbound -d -c "$LAB/dns/53.conf"
wait_port 127.0.0.1 53
printf 'nameserver 127.0.0.1\noptions trust-ad timeout:5 attempts:1\n' \
	> "$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf

# All in one run, as a monitor does it.
while read -r name _; do
	echo "mx:$name.johndoe.com"
done < "$T/table" > "$T/targets"
timeout 100 portprobe -j -p 25 --no-sts --ca "$LAB_CA" - < "$T/targets" \
	> "$T/json" 2> "$T/err"
is "$(wc -l < "$T/json")" "$(wc -l < "$T/table")" 'a report for each'

# finger DOMAIN: match mismatch unusable none temp, as Postfix has it
finger() {
	local said
	said=$(timeout 30 posttls-finger -c -t 20 -T 20 -l dane \
		-L summary,untrusted,certmatch "$1" 2>&1) || :
	printf '%s\n' "$said" > "$T/finger"
	case $said in
	*'TLSA lookup error'*) echo temp ;;
	*'Verified TLS connection'*) echo match ;;
	*'no matching DANE TLSA'*) echo mismatch ;;
	*'unsupported TLSA'* | *'all TLSA records unusable'*) echo unusable ;;
	*'ntrusted TLS connection'*)
		# Records that do not fit, or none at all?
		said=$(timeout 30 posttls-finger -c -t 20 -T 20 -l dane-only \
			-L summary "$1" 2>&1) || :
		case $said in
		*'no TLSA records found'*) echo none ;;
		*) echo mismatch ;;
		esac
		;;
	*': Trusted TLS connection'*) echo mismatch ;;	# 3.10: of its name
	*) echo '?' ;;
	esac
}
while read -r name host cert verdict records; do
	ours=$(jq -r --arg via "mx:$name.johndoe.com" 'select(.via == $via) |
		.tls.dane.state // .dane.state' "$T/json")
	theirs=$(finger "$name.johndoe.com")
	is "$ours $theirs" "$verdict $verdict" "$name: $verdict, and Postfix agrees" ||
		cat "$T/finger"
done < "$T/table"
done_testing
