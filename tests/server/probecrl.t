#!/usr/bin/env bash
# portprobe --deep and lists of revoked certificates: got by HTTP from where the
# certificate says, verified, and looked into.  In a network namespace, where
# the web server has port 80.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/alone.sh" -n nsd openssl python3 jq
lab_up
dns_zone johndoe.com <<'ZONE'
mail	A	127.0.0.1
crl	A	127.0.0.1
gone	A	203.0.113.99
public	A	203.0.113.6
private	A	10.0.0.6
link	A	169.254.0.6
all	A	224.0.0.1
both	A	10.0.0.6
both	A	203.0.113.6
ZONE
for a in 203.0.113.5 203.0.113.6 10.0.0.5 10.0.0.6 169.254.0.6; do
	ip addr add $a/32 dev lo
done
dns_up
export POSTBAG_DNS=$DNS_NSD

# ---- an authority, its certificates and its lists

mkdir "$T/ca" "$T/web"
(
	cd "$T/ca" || exit
	for ca in root other; do
		printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s.db\nnew_certs_dir=.\ncertificate=%s.crt\nprivate_key=%s.key\nrand_serial=yes\ndefault_md=sha256\npolicy=any\ndefault_crl_days=30\ndefault_days=30\n[any]\ncommonName=optional\n' \
			$ca $ca $ca > $ca.cnf
		: > $ca.db; echo unique_subject=no > $ca.db.attr
		openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -days 60 \
			-out $ca.crt -subj "/CN=root" \
			-addext 'keyUsage=critical,keyCertSign,cRLSign'
	done
	# NAME URL: what is in crlDistributionPoints
	make() {
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout "$1.key" -out "$1.csr" \
			-subj /CN=mail.johndoe.com
		{
			echo 'subjectAltName=DNS:mail.johndoe.com'
			[ -z "$2" ] || echo "crlDistributionPoints=URI:$2"
		} > ext
		openssl ca -batch -config root.cnf -in "$1.csr" -out "$1.crt" \
			-extfile ext -notext
		cat "$1.key" "$1.crt" root.crt > "$LAB_CADIR/$1.pem"
	}
	base=http://crl.johndoe.com
	make good $base/list.der
	make pemlist $base/list.pem
	make revoked $base/list.der
	make none ''
	make missing $base/missing
	make foreign $base/other.der
	make garbage $base/garbage
	make overdue $base/old.der
	make ldap ldap://crl.johndoe.com/x
	make port $base:8080/list.der
	make big $base/big
	make nohost http://crl.johndoe.com!x/list.der
	for h in public private link all both; do
		make $h http://$h.johndoe.com/list.der
	done
	make dead http://gone.johndoe.com/list.der
	openssl ca -config root.cnf -revoke revoked.crt
	list() { openssl ca -config "$1.cnf" -gencrl "${@:3}" | tee "$T/web/$2.pem" |
		openssl crl -outform DER -out "$T/web/$2.der"; }
	list root list
	list other other
	list root old -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z
	echo nothing > "$T/web/garbage"
	truncate -s $(((4 << 20) + 1)) "$T/web/big"
) > "$T/made" 2>&1
lab_spawn web python3 -m http.server --bind 0.0.0.0 --directory "$T/web" 80
wait_port 127.0.0.1 80

i=0
deep() {	# CERTIFICATE [ADDRESS [OPTION...]]: FOUND, CRL, TEXT, GOT
	local cert=$1 at=${2-127.0.0.1} before
	shift
	[ $# = 0 ] || shift
	i=$((i + 1))
	before=$(grep -c GET "$LAB/web.out")
	lab_odd "PORT=@$at:$((20000 + i)) tls:imap:$cert"
	timeout 60 portprobe -j --deep --timeout 5 --ca "$T/ca/root.crt" \
		--name mail.johndoe.com "$@" "$at:$((20000 + i))/imaps" > "$T/json" 2> "$T/err"
	STATUS=$?
	GOT=$(($(grep -c GET "$LAB/web.out") - before))
	FOUND=$(jq -r '[.findings[] | select(.id | test("CRL|REVOKED")) | .id] | join(" ")' "$T/json")
	CRL=$(jq -r '.deep.crl' "$T/json")
	TEXT=$(jq -r '.findings[] | select(.id | test("CRL|REVOKED")) | .text' "$T/json")
}
deep good
is "$CRL $FOUND" 'yes ' 'not in the list'
deep pemlist
is "$CRL $FOUND" 'yes ' 'a list as PEM'
deep revoked
is "$STATUS $CRL $FOUND" '77 no CERT_REVOKED' 'revoked: critical'
like "$TEXT" "since $(date -u +%Y).*by http://crl.johndoe.com/list.der" 'since when, and who says so'
deep none
is "$CRL $FOUND" 'null ' 'no list is named: no word'
for c in missing foreign garbage overdue big ldap port dead; do
	deep $c
	is "$CRL $FOUND" 'unknown CRL_UNKNOWN' "$c: not known"
	like "$TEXT" '://' "with the address: $TEXT"
done
deep nohost
like "$TEXT" 'only http://HOST/... is asked' 'what is no host is no word of a request'
deep big
like "$TEXT" 'it has over 4 MB' 'the limit is said'

# ---- who may have us ask what

deep good 127.0.0.1 --ca "$LAB_CA"
is "$CRL $GOT" 'unknown 0' 'the chain is not verified: nothing is asked'
like "$TEXT" 'list.der: not asked' "which is said: $TEXT"
is "$(jq -r '.findings[] | select(.id == "CRL_UNKNOWN") | .sev' "$T/json")" \
	hint 'as a hint, for there is worse'
deep good 127.0.0.1 --name www.johndoe.com
is "$CRL $GOT" 'unknown 0' 'nor is the name'
for c in private link all good; do
	deep $c 203.0.113.5
	is "$CRL $FOUND $GOT" 'unknown CRL_UNKNOWN 0' "$c: nothing is asked that is nearer than the server"
	like "$TEXT" 'is a .* address, which is not asked' "$TEXT"
done
deep public 203.0.113.5
is "$CRL $GOT" 'yes 1' 'a public server, a list at a public address'
deep both 203.0.113.5
is "$CRL $GOT" 'yes 1' 'or one of whose addresses is'
deep private 10.0.0.5
is "$CRL $GOT" 'yes 1' 'a private server, a private list'
deep public 10.0.0.5
is "$CRL $GOT" 'yes 1' 'a private server, a public list'
deep good 10.0.0.5
is "$CRL $GOT" 'unknown 0' 'but none on this machine'

before=$(grep -c 'GET /list.der' "$LAB/web.out")
lab_odd "A=@127.0.0.1:20101 tls:imap:good" "B=@127.0.0.1:20102 tls:imap:good"
timeout 60 portprobe -j --deep --ca "$T/ca/root.crt" -p 20101/imaps,20102/imaps \
	mail.johndoe.com > "$T/json"
is "$(jq -r .deep.crl "$T/json" | xargs)" 'yes yes' 'two ports with one list'
is $(($(grep -c 'GET /list.der' "$LAB/web.out") - before)) 1 'which is got once'
mkdir "$T/chains"
timeout 60 portprobe -j --deep --ca "$T/ca/root.crt" --save-chain "$T/chains" \
	-p 20101/imaps,20101/imaps mail.johndoe.com > "$T/json"
is "$(jq -r .deep.crl "$T/json" | xargs)" 'yes yes' '--save-chain: who shares a report has the verdict, too'
is "$(ls "$T/chains")" mail.johndoe.com_20101_127.0.0.1.pem 'and the chain is there'
before=$(grep -c 'GET /list.der' "$LAB/web.out")
timeout 60 portprobe -j --ca "$T/ca/root.crt" mail.johndoe.com:20101/imaps > "$T/json"
is "$(jq -c .deep "$T/json") $(($(grep -c 'GET /list.der' "$LAB/web.out") - before))" \
	'null 0' 'without --deep none is'
done_testing
