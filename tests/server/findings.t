#!/usr/bin/env bash
# Each kind of finding of mxlookup, found once and, beside it, not found: here
# those that no other test meets, and that none is met nowhere.
# shellcheck disable=SC1091,SC2153,SC2154
set -eu
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN

hash=$(printf 'ab%.0s' {1..32})
key() {	# BITS: a DKIM key in strings of a TXT record
	openssl genrsa "$1" 2> /dev/null | openssl rsa -pubout -outform DER \
		2> /dev/null | base64 -w 0 | sed 's/.\{200\}/& /g' |
		sed 's/[^ ]*/"&"/g'
}
weak=$(key 1024) strong=$(key 2048)

# The ends of what is not to be reached over the Internet, and what lies beyond.
declare -A edge=()
for ip in 0.0.0.1 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 \
    100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.0 169.254.255.255 \
    172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 224.0.0.0 \
    239.255.255.255 fc00::1 fdff::1 fe80::1 febf::1 ff00::1 ::1; do
	edge[$ip]=local
done
for ip in 1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 \
    126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 \
    172.32.0.0 192.167.255.255 192.169.0.0 223.255.255.255 fbff::1 fec0::1 \
    2001:db9::1 2001:db7::1 ::2; do
	edge[$ip]=public
done

dns_zone odd.example < <(
	cat <<-END
	@	MX	10 one
	one	A	203.0.113.1
	one	AAAA	2001:db8::1
	two	A	203.0.113.1
	two	A	203.0.113.2
	text	TXT	"no address"
	other	A	203.0.113.9
	short 30 MX	10 one
	noaddr	MX	10 one
	noaddr	MX	20 text
	same	MX	10 one
	same	MX	20 two
	spfmx	TXT	"v=spf1 mx:many.odd.example -all"
	spflong	TXT	"v=spf1 -all"
	spflong	TXT	"$(printf 'x%.0s' {1..250})" "$(printf 'x%.0s' {1..250})"
	spflong	TXT	"$(printf 'y%.0s' {1..250})" "$(printf 'y%.0s' {1..250})"
	spflong	TXT	"$(printf 'z%.0s' {1..250})" "$(printf 'z%.0s' {1..250})"
	good._domainkey TXT "v=DKIM1; p=" $strong
	syntax._domainkey TXT "v=DKIM1; p=no key"
	other._domainkey TXT "v=DKIM1; s=tlsrpt; p=" $strong
	many._domainkey TXT "v=DKIM1; p=" $strong
	many._domainkey TXT "v=DKIM1; t=s; p=" $strong
	weak._domainkey TXT "v=DKIM1; p=" $weak
	sha1._domainkey TXT "v=DKIM1; h=sha1; p=" $strong
	test._domainkey TXT "v=DKIM1; t=y; p=" $strong
	_dmarc	TXT	"v=DMARC1; p=reject; rua=mailto:a@odd.example"
	_dmarc.syntax TXT "v=DMARC1; p=reject; adkim=x"
	_dmarc.policy TXT "v=DMARC1; p=rejct"
	_dmarc.nop TXT	"v=DMARC1; rua=mailto:a@odd.example"
	_dmarc.test TXT	"v=DMARC1; p=reject; t=y"
	_dmarc.reports TXT "v=DMARC1; p=reject; rua=a@odd.example"
	_dmarc.weak TXT	"v=DMARC1; p=none"
	_dmarc.part TXT	"v=DMARC1; p=reject; pct=99; rua=mailto:a@odd.example"
	_dmarc.whole TXT "v=DMARC1; p=reject; pct=100; rua=mailto:a@odd.example"
	_dmarc.idle TXT	"v=DMARC1; p=none; pct=20; rua=mailto:a@odd.example"
	wide	TXT	"v=spf1 ip6:2400::/16 -all"
	narrow	TXT	"v=spf1 ip6:2400::/17 -all"
	six	AAAA	2001:db8::6
	_imaps._tcp.six SRV 0 1 993 six
	_imaps._tcp.order SRV 20 9 993 one
	_imaps._tcp.order SRV 10 1 993 two
	_imaps._tcp.order SRV 10 5 993 other
	_smtp._tls.nowhere TXT "v=TLSRPTv1; rua=ftp://a.example"
	2.0.0.127.loop A 127.0.0.2
	1.113.0.203.loop A 127.0.0.1
	nomail	A	203.0.113.2
	takes	MX	10 takes
	takes	A	203.0.113.2
	default._bimi TXT "v=BIMI1; l=https://odd.example/logo.svg; a=https://odd.example/vmc.pem"
	default._bimi.many TXT "v=BIMI1; l=https://a.example/"
	default._bimi.many TXT "v=BIMI1; l=https://b.example/"
	default._bimi.syntax TXT "v=BIMI1; l=http://a.example/"
	default._bimi.weak TXT "v=BIMI1; l=https://a.example/"
	_smtp._tls TXT	"v=TLSRPTv1; rua=mailto:a@odd.example,https://a.example/x"
	_smtp._tls.many TXT "v=TLSRPTv1; rua=mailto:a@odd.example"
	_smtp._tls.many TXT "v=TLSRPTv1; rua=mailto:b@odd.example"
	_smtp._tls.syntax TXT "v=TLSRPTv1"
	_smtp._tls.blank TXT "v=TLSRPTv1 ; rua=mailto:a@odd.example"
	_smtp._tls.rua TXT "v=TLSRPTv1; rua=mailto:a@odd.example,ftp://a.example"
	_mta-sts TXT	"v=STSv1; id=1"
	_mta-sts.case TXT "V=STSv1; id=1"
	_imaps._tcp SRV	0 1 993 one
	_imap._tcp SRV	10 1 143 one
	_imaps._tcp.bad SRV 0 1 993 192.0.2.1.
	_imaps._tcp.mixed SRV 0 1 993 one
	_imaps._tcp.mixed SRV 0 0 0 .
	_imaps._tcp.worse SRV 20 1 993 one
	_imap._tcp.worse SRV 10 1 143 one
	_imaps._tcp.swap SRV 0 1 143 one
	_imap._tcp.swap SRV 10 1 993 one
	_submission._tcp.relay SRV 0 1 25 one
	_submissions._tcp.relay SRV 0 1 465 one
	_imaps._tcp.zero SRV 0 1 0 one
	_imaps._tcp.far SRV 0 1 1993 one
	_imaps._tcp.two SRV 0 1 993 one
	_imap._tcp.two	SRV 10 1 143 H0
	_imaps._tcp.both SRV 0 1 993 one
	_imaps._tcp.both SRV 1 1 993 h0
	_imap._tcp.both SRV 10 1 143 h0
	_imaps._tcp.away SRV 0 1 993 mail.elsewhere.example.
	a8	A	203.0.113.8
	2.0.0.127.bl A	127.0.0.2
	2.113.0.203.bl A 127.0.0.2
	*.deny	A	127.255.255.254
	*.invent A	198.51.100.1
	x.dead	A	127.0.0.2
	nokey	NS	ns
	nokey	DS	12345 13 2 $hash
	END
	for ip in "${!edge[@]}"; do
		case $ip in
		*:*) echo "${ip//:/x} MX 10 h${ip//:/x}"
			echo "h${ip//:/x} AAAA $ip" ;;
		*) echo "${ip//./-} MX 10 h${ip//./-}"
			echo "h${ip//./-} A $ip" ;;
		esac
	done
	for ((i = 0; i < 11; i++)); do echo "many MX $i h$i"; done
	for ((i = 0; i < 10; i++)); do echo "ten MX $i h$i"; done
)
dns_zone nokey.odd.example <<< 't TXT "x"'
dns_zone 113.0.203.in-addr.arpa <<'END'
1	PTR	one.odd.example.
2	PTR	one.odd.example.
8	PTR	a8.odd.example.
8	PTR	one.odd.example.
9	PTR	other.odd.example.
9	PTR	one.odd.example.
END
dns_zone sec.example signed < <(
	cat <<-END
	@	MX	10 mx
	t	TXT	"true"
	t	A	203.0.113.1
	some	MX	10 mx
	some	MX	20 t
	mx	A	203.0.113.1
	_25._tcp.mx TLSA 3 1 1 $hash
	full	MX	10 mx-full
	mx-full	A	203.0.113.1
	_25._tcp.mx-full TLSA 3 0 1 $hash
	usage	MX	10 mx-usage
	mx-usage A	203.0.113.1
	_25._tcp.mx-usage TLSA 0 0 1 $hash
	record	MX	10 mx-record
	mx-record A	203.0.113.1
	_25._tcp.mx-record TLSA 3 5 1 $hash
	_25._tcp.mx-record TLSA 3 1 1 $hash
	plain	MX	10 mx-plain
	mx-plain A	203.0.113.1
	_tcp.mx-plain NS ns
	old	MX	10 mx-old
	mx-old	A	203.0.113.1
	_tcp.mx-old NS ns
	END
)
dns_zone _tcp.mx-plain.sec.example <<< "_25 TLSA 3 1 1 $hash"
dns_zone _tcp.mx-old.sec.example expired <<< "_25 TLSA 3 1 1 $hash"
dns_zone insecure.example <<< $'@ MX 10 mx.sec.example.\n@ MX 20 t.sec.example.'
dns_zone expired.example expired <<< 't TXT "x"'
dns_zone kid.odd.example signed <<< 't TXT "x"'
sed 's/^[^ \t]*/kid.odd.example./' "$LAB"/dns/Kkid.odd.example.*.ds \
	>> "$LAB/dns/odd.example"
echo 'kid NS ns' >> "$LAB/dns/odd.example"
dns_up

met=()
# found WHOM ID ARG...: it is among the findings
found() {
	local id=$2 out
	met+=("$id")
	out=$(mxlookup -s "$1" -j "${@:3}" 2>&1 |
		jq -r '.findings[] | "\(.id) \(.text)"' || :)
	like "$out" "(^|$nl)$id " "$id: ${*:3}"
}
# clean WHOM PATTERN ARG...: it is not, where all is as it should be
clean() {
	local out
	out=$(mxlookup -s "$1" -j "${@:3}" 2>&1 |
		jq -r '.domain + (.findings[] | " \(.id) \(.text)")' || :)
	unlike "$out" " ($2) " "no $2: ${*:3}"
}
nl=$'\n'
N=$DNS_NSD U=$DNS_UNBOUND
N_() { found "$N" "$@"; }
U_() { found "$U" "$@"; }
# has WHOM WANT JQ ARG...: this is what jq makes of it
has() {
	is "$(mxlookup -s "$1" -j "${@:4}" 2>&1 | jq -r "$3" | xargs)" "$2" \
		"$2: ${*:4}"
}
N_ MX_MANY -C mx many.odd.example
clean "$N" MX_MANY -C mx ten.odd.example
N_ MX_TTL -C mx short.odd.example
clean "$N" MX_TTL -C mx odd.example
N_ MX_NO_ADDR noaddr.odd.example
N_ MX_SAME_ADDR same.odd.example
clean "$N" 'MX_(NO_ADDR|SAME_ADDR|NO_IPV[46])' odd.example
for ip in "${!edge[@]}"; do echo "${ip//[.]/-}.odd.example"; done |
	sed 's/:/x/g' | mxlookup -s "$N" -C mx,addr -j |
	jq -r '.domain + " " + ([.findings[] |
		select(.id == "MX_LOCAL_ADDR")] | if length > 0 then "local"
		else "public" end)' | sort > "$T/edges"
for ip in "${!edge[@]}"; do
	echo "${ip//[.]/-}.odd.example ${edge[$ip]}" | sed 's/:/x/g'
done | sort > "$T/want"
ok "addresses that are not public, to the last one" cmp "$T/edges" "$T/want"
N_ SPF_MX_LIMIT -C spf spfmx.odd.example
N_ SPF_WIDE -C spf wide.odd.example
clean "$N" SPF_WIDE -C spf narrow.odd.example
N_ SPF_TCP -C spf spflong.odd.example
for s in syntax:SYNTAX other:SYNTAX many:MANY weak:WEAK_KEY sha1:SHA1 test:TEST; do
	N_ "DKIM_${s#*:}" -C dkim --dkim "${s%:*}" odd.example
done
clean "$N" 'DKIM_[A-Z0-9_]*' -C dkim --dkim good odd.example
for s in syntax:SYNTAX policy:POLICY nop:NO_P test:TEST reports:REPORTS; do
	N_ "DMARC_${s#*:}" -C dmarc "${s%:*}.odd.example"
done
clean "$N" 'DMARC_[A-Z_]*' -C dmarc odd.example
N_ DMARC_PCT -C dmarc part.odd.example
clean "$N" DMARC_PCT -C dmarc whole.odd.example
clean "$N" DMARC_PCT -C dmarc idle.odd.example
N_ BIMI_MANY -C bimi many.odd.example
N_ BIMI_SYNTAX -C bimi syntax.odd.example
N_ BIMI_DMARC -C bimi weak.odd.example
clean "$N" 'BIMI_[A-Z]*' -C bimi odd.example
has "$N" https://odd.example/vmc.pem .bimi.evidence -C bimi odd.example
N_ TLSRPT_MANY -C tlsrpt many.odd.example
N_ TLSRPT_SYNTAX -C tlsrpt syntax.odd.example
N_ TLSRPT_SYNTAX -C tlsrpt blank.odd.example
N_ TLSRPT_SYNTAX -C tlsrpt nowhere.odd.example
N_ TLSRPT_RUA -C tlsrpt rua.odd.example
clean "$N" 'TLSRPT_[A-Z]*' -C tlsrpt odd.example
N_ MTASTS_SYNTAX -C mtasts case.odd.example
clean "$N" 'MTASTS_[A-Z]*' -C mtasts odd.example
N_ SRV_BAD_TARGET -C srv bad.odd.example
N_ SRV_NULL_MIXED -C srv mixed.odd.example
N_ SRV_PREFERENCE -C srv worse.odd.example
N_ SRV_TLS_PORT -C srv swap.odd.example
N_ SRV_TLS_PORT -C srv relay.odd.example
N_ SRV_TLS_PORT -C srv zero.odd.example
N_ SRV_PORT -C srv far.odd.example
N_ SRV_DIFFERS -C srv two.odd.example
clean "$N" 'SRV_(DIFFERS|PORT|TLS_PORT)' -C srv both.odd.example
clean "$N" SRV_NO_ADDRESS -C srv six.odd.example
has "$N" 'other.odd.example two.odd.example one.odd.example' \
	'.srv[].targets[].host' -C srv order.odd.example
N_ SRV_OUTSIDE -C srv away.odd.example
clean "$N" 'SRV_[A-Z_]*' -C srv odd.example
N_ PTR_UNCONFIRMED -C ptr 203.0.113.2
has "$N" warn '.findings[] | select(.id == "PTR_UNCONFIRMED").sev' \
	-C ptr takes.odd.example
has "$N" hint '.findings[] | select(.id == "PTR_UNCONFIRMED").sev' \
	-C ptr nomail.odd.example
N_ PTR_MANY -C ptr 203.0.113.9
clean "$N" 'PTR_[A-Z]*' -C ptr 203.0.113.1
clean "$N" PTR_UNCONFIRMED -C ptr 203.0.113.8	# by the first of two names
N_ DNSBL_LISTED -C dnsbl --dnsbl bl.odd.example same.odd.example
N_ DNSBL_DENIED -C dnsbl --dnsbl deny.odd.example 203.0.113.1
N_ DNSBL_REWRITTEN -C dnsbl --dnsbl invent.odd.example 203.0.113.1
N_ DNSBL_REWRITTEN -C dnsbl --dnsbl loop.odd.example 203.0.113.1
N_ DNSBL_BROKEN -C dnsbl --dnsbl dead.odd.example 203.0.113.1
clean "$N" 'DNSBL_[A-Z]*' -C dnsbl --dnsbl bl.odd.example 203.0.113.1
U_ DANE_BOGUS -C dane old.sec.example
U_ DANE_UNUSABLE -C dane usage.sec.example
U_ DANE_RECORD -C dane record.sec.example
U_ DANE_MX_INSECURE -C dane insecure.example
U_ DANE_PARTIAL -C dane some.sec.example
clean "$U" DANE_PARTIAL -C dane insecure.example
U_ DANE_INSECURE -C dane plain.sec.example
U_ DANE_SELECTOR -C dane full.sec.example
clean "$U" 'DANE_[A-Z_]*' -C dane sec.example
U_ DNSSEC_BOGUS -C dnssec expired.example
U_ DNSSEC_UNBELIEVED -C dnssec --no-trust-ad sec.example
clean "$U" 'DNSSEC_[A-Z_]*' -C dnssec sec.example
N_ DNSSEC_NOT_VALIDATED -C dnssec kid.odd.example
N_ DNSSEC_NO_KEY -C dnssec nokey.odd.example
clean "$N" 'DNSSEC_[A-Z_]*' -C dnssec odd.example

seen() { printf '%s\n' "${met[@]}"; grep -ohE '[A-Z]+_[A-Z0-9_]+' \
	"$ROOT"/tests/server/{dns,mxchecks,mxadvice,mxauto,mxnear}.t; }
is "$(mxlookup --findings | cut -f 1 | sort | comm -23 - <(seen | sort -u))" '' 'no kind of finding is without a test'
done_testing
