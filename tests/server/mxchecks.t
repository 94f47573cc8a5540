#!/usr/bin/env bash
# The checks of mxlookup on real name servers: NSD with signed and unsigned
# zones, Unbound that validates, an HTTPS server with the policy of MTA-STS.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up unbound
export POSTBAG_DNS=$LAB_DNS

# look ARG...: the text in $OUT, whatever it exits with
look() { OUT=$(timeout 30 mxlookup "$@" 2>&1) || :; }
# value PATH ARG...: one value of the NDJSON, "-" if it is not there
value() {
	timeout 30 mxlookup -j "${@:2}" 2>/dev/null | python3 -c '
import json, sys
v = json.loads(sys.stdin.readline())
for k in sys.argv[1].split("."):
    if v is None:
        break
    v = v[int(k)] if isinstance(v, list) else v.get(k, "-")
print(json.dumps(v).strip(chr(34)))' "$1" || :
}
# found ID ARG...: the finding is there; clean ID ARG...: it is not
found() { look "${@:2}"; like "$OUT" "[EWH] $1 " "$1: ${*:2}"; }
clean() { look "${@:2}"; unlike "$OUT" "[EWH] $1 " "no $1: ${*:2}"; }

# ---- SPF
is "$(value spf.lookups -C spf good.example)" 2 'SPF: lookups counted'
is "$(value spf.record -C spf good.example)" \
	'v=spf1 mx include:spf.good.example -all' 'SPF: the right record'
is "$(value spf.tree.1.record -C spf good.example)" \
	'v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all' \
	'SPF: strings are joined without a blank'
clean 'SPF_[A-Z_]*' -C spf good.example
is "$(value spf.void4 -C spf poor.example)" 3 'SPF: void lookups'
found SPF_VOID -C spf poor.example
found SPF_VOID -C spf void4.poor.example
is "$(value spf.void6 -C spf void4.poor.example)" 0 'SPF: void by IPv4 alone'
found SPF_VOID -C spf void6.poor.example
is "$(value spf.void4 -C spf void6.poor.example)" 0 'SPF: void by IPv6 alone'
found SPF_LOOP -C spf poor.example
found SPF_INCLUDE -C spf poor.example
found SPF_PTR -C spf poor.example
found SPF_NO_ALL -C spf poor.example
found SPF_MANY -C spf two.poor.example
found SPF_SYNTAX -C spf syntax.poor.example
found SPF_PASS_ALL -C spf open.poor.example
found SPF_NONE -C spf usage.good.example
found SPF_LOOKUPS -C spf deep.poor.example
is "$(value spf.lookups -C spf deep.poor.example)" 11 'SPF: eleven lookups'
clean SPF_LOOKUPS -C spf ten.poor.example
eval_() { value spf.result -C spf --spf-eval "$1" "$2"; }
is "$(eval_ 127.0.0.1 good.example)" pass 'SPF eval: by mx'
is "$(eval_ 192.0.2.1 good.example)" pass 'SPF eval: by include'
is "$(eval_ 2001:db8::5 good.example)" pass 'SPF eval: IPv6'
is "$(eval_ 198.51.100.1 good.example)" fail 'SPF eval: a stranger'
is "$(eval_ 192.0.2.1 two.poor.example)" permerror 'SPF eval: two records'
is "$(eval_ 192.0.2.1 poor.example)" permerror 'SPF eval: void lookups'
is "$(eval_ 192.0.2.1,x@usage.good.example good.example)" none \
	'SPF eval: of another sender'
status 64 'SPF eval: no address' mxlookup -C spf --spf-eval 1.2.3 good.example

# ---- DMARC
is "$(value dmarc.policy -C dmarc good.example)" reject 'DMARC: own'
is "$(value dmarc.policy -C dmarc usage.good.example)" quarantine \
	'DMARC: sp of the organization'
is "$(value dmarc.org -C dmarc a.b.good.example)" good.example \
	'DMARC: the walk finds the organization'
is "$(value dmarc.reports.1.authorized -C dmarc good.example)" true \
	'DMARC: who takes reports for others says so'
is "$(value dmarc.reports.2.authorized -C dmarc good.example)" false \
	'DMARC: who does not, does not'
found DMARC_UNAUTHORIZED -C dmarc good.example
found DMARC_UNAUTHORIZED -C dmarc divert.poor.example
like "$OUT" 'on to another host' 'DMARC: reports are not to be diverted'
found DMARC_MANY -C dmarc two.poor.example
found DMARC_OBSOLETE -C dmarc poor.example
found DMARC_WEAK -C dmarc poor.example
found DMARC_NONE -C dmarc reports.example

# ---- DKIM
key() { value "dkim.selectors.0.$2" -C dkim --dkim "$1" good.example; }
is "$(key rsa bits)" 2048 'DKIM: RSA in three strings'
is "$(key ed type)" ed25519 'DKIM: Ed25519'
is "$(key ed testing)" true 'DKIM: t=y'
is "$(key old revoked)" true 'DKIM: revoked'
some() { seq -s, -f 's%.0f' "$1"; }
is "$(value 'dkim.selectors.299.selector' -C dkim --dkim "$(some 300)" \
    --dkim "$(some 16)" good.example)" s300 'DKIM: 300 selectors, each once'
found DKIM_BROKEN_KEY -C dkim --dkim weak good.example
found DKIM_REVOKED -C dkim --dkim rsa,old good.example
found DKIM_NO_KEY -C dkim --dkim nokey good.example
is "$(value dkim.keys -C dkim good.example)" unconfirmed \
	'DKIM: without a selector nothing is missing'
is "$(value dkim.keys -C dkim poor.example)" none \
	'DKIM: nothing below _domainkey, so none'
status 64 'DKIM: no selector' mxlookup -C dkim --dkim 'a b' good.example

# ---- BIMI
is "$(value bimi.logo -C bimi good.example)" https://good.example/logo.svg \
	'BIMI: the logo'
is "$(value bimi.at -C bimi usage.good.example)" good.example \
	'BIMI: of the organization'

# ---- DANE
dane() { is "$(value mx.0.dane.state -C dane "$1")" "$2" "DANE: $1: $2"
	is "$(value mx.0.dane.reason -C dane "$1")" "$3" "DANE: $1: why"; }
dane good.example usable null
dane usage.good.example unusable null
dane notlsa.good.example none no-tlsa
dane outside.good.example none insecure-host
dane alias.good.example usable null
dane implicit.good.example usable null
dane tlsafail.good.example temp tlsa-lookup
dane agile.good.example usable null
dane poor.example none insecure-host
is "$(value mx.0.dane.base -C dane alias.good.example)" mx.good.example \
	'DANE: the base of an alias is its target'
found DANE_USAGE -C dane usage.good.example
found DANE_DIGEST -C dane agile.good.example
found DANE_TEMP -C dane tlsafail.good.example
found DANE_PARTIAL -C dane good.example
is "$(value mx.0.dane.state -C dane --no-trust-ad good.example)" none \
	'DANE: nothing without AD that is believed' || :

# ---- DNSSEC, SRV, PTR
is "$(value dnssec.state -C dnssec good.example)" secure 'DNSSEC: secure'
is "$(value dnssec.state -C dnssec poor.example)" insecure 'DNSSEC: insecure'
is "$(value srv.0.targets.0.port -C srv good.example)" 465 'SRV: submissions'
look -C srv good.example
like "$OUT" 'SRV +imap not offered' 'SRV: "." is no error'
clean 'SRV_[A-Z]*' -C srv good.example
found SRV_CNAME -C srv poor.example
found SRV_NO_ADDRESS -C srv poor.example
found SRV_NO_TLS -C srv poor.example
look -C ptr poor.example
like "$OUT" '192.0.2.7 mx.poor.example[^(]' 'PTR: confirmed'
like "$OUT" '192.0.2.8 ns.poor.example.unconfirmed' 'PTR: not confirmed'
found PTR_NONE -C ptr poor.example
is "$(value ptr.0.fcrdns -C ptr 192.0.2.7)" true 'PTR: of an address'
is "$(value ptr.0.fcrdns -C ptr 192.0.2.8)" false 'PTR: of another'

# ---- DNSBL
list() { is "$(value dnsbl.0.state -C dnsbl --dnsbl "$1" "$2")" "$3" \
	"DNSBL: $2 in $1"; }
list bl.poor.example 192.0.2.7 listed
list bl.poor.example 192.0.2.8 listed
list bl.poor.example=127.0.0.2-11 192.0.2.7 listed
list bl.poor.example=127.0.0.2-11 192.0.2.8 other
list bl.poor.example=127.0.0.2-3 192.0.2.7 other
list bl.poor.example=127.0.0.2-4 192.0.2.7 listed
list bl.poor.example=127.0.0.4-11 192.0.2.7 listed
list bl.poor.example=127.0.0.5-11 192.0.2.7 other
list bl.poor.example 192.0.2.9 clear
list bl.poor.example 2001:db8::1 clear
list deny.poor.example 192.0.2.7 denied
list invent.poor.example 192.0.2.7 rewritten
list dead.poor.example 192.0.2.7 broken
look -C dnsbl --dnsbl bl.poor.example 192.0.2.7
like "$OUT" 'open relay' 'DNSBL: the reason'
clean DNSBL_LISTED -C dnsbl --dnsbl deny.poor.example 192.0.2.7
clean DNSBL_LISTED -C dnsbl --dnsbl invent.poor.example 192.0.2.7
found DNSBL_LISTED -C dnsbl --dnsbl-domains dbl.poor.example poor.example
status 64 'DNSBL: no range' mxlookup -C dnsbl --dnsbl a.b=1.2.3 192.0.2.7

# ---- MTA-STS
found MTASTS_SYNTAX -C mtasts poor.example
found MTASTS_MANY -C mtasts two.poor.example
is "$(value mtasts.id -C mtasts johndoe.com)" 20260101 'MTA-STS: the id'
found MTASTS_ID -C mtasts --known-id 20250101 johndoe.com
clean MTASTS_ID -C mtasts --known-id 20260101 johndoe.com

# web CERT FILE: an HTTPS server that answers anything with these bytes
web() {
	lab_cert "$1"
	WEB_PORT=$(free_port)
	lab_spawn "web$WEB_PORT" python3 -c '
import socket, ssl, sys
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
data = open(sys.argv[2], "rb").read()
s = socket.create_server(("127.0.0.1", int(sys.argv[3])))
while True:
    c = s.accept()[0]
    try:
        c = ctx.wrap_socket(c, server_side=True)
        while b"\r\n\r\n" not in c.recv(65536):
            pass
        c.sendall(data)
        c.unwrap()
    except (OSError, ValueError):
        pass
    c.close()' "$LAB_CADIR/$1.pem" "$2" "$WEB_PORT"
	wait_port 127.0.0.1 "$WEB_PORT"
	WEB=(--fetch --ca "$LAB_CA" --fetch-port "$WEB_PORT")
}
policy() {	# MODE MX...: an answer on stdout
	local text
	text=$(printf 'version: STSv1\nmode: %s\nmax_age: 604800\n' "$1"
		printf 'mx: %s\n' "${@:2}")
	printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n'
	printf 'Content-Length: %d\r\n\r\n%s' ${#text} "$text"
}
sts() { value "$1" -C mtasts "${WEB[@]}" johndoe.com; }

policy enforce mail.johndoe.com > "$T/match"
web good "$T/match"
is "$(sts mtasts.mode)" enforce 'MTA-STS: the policy'
is "$(sts mtasts.http)" 200 'MTA-STS: HTTP status'
is "$(sts mx.0.sts)" match 'MTA-STS: the MX fits'
clean 'MTASTS_[A-Z_]*' -C mtasts "${WEB[@]}" johndoe.com
look -C mtasts --fetch --fetch-port "$WEB_PORT" johndoe.com
like "$OUT" 'MTASTS_FETCH' 'MTA-STS: a certificate that nobody trusts'

policy enforce '*.example.net' > "$T/other"
web good "$T/other"
is "$(sts mx.0.sts)" mismatch 'MTA-STS: the MX does not fit'
found MTASTS_MX_MISMATCH -C mtasts "${WEB[@]}" johndoe.com
policy enforce mail.johndoe.com | sed 's/604800/86400/; s/^Content-L.*/X: y\r/' > "$T/age"
web good "$T/age"
found MTASTS_MAX_AGE -C mtasts "${WEB[@]}" johndoe.com
policy testing '*.example.net' > "$T/testing"
web good "$T/testing"
found MTASTS_MX_TESTING -C mtasts "${WEB[@]}" johndoe.com
policy none '*.example.net' | sed 's/604800/86400/; s/^Content-L.*/X: y\r/' > "$T/off"
web good "$T/off"
clean 'MTASTS_[A-Z_]*' -C mtasts "${WEB[@]}" johndoe.com
is "$(sts mtasts.mode) $(sts mx.0.sts)" 'none null' 'MTA-STS: a policy that is switched off'

web wrongname "$T/match"
found MTASTS_FETCH -C mtasts "${WEB[@]}" johndoe.com
is "$(sts mtasts.mode)" null 'MTA-STS: no policy from another host'
web expired "$T/match"
found MTASTS_FETCH -C mtasts "${WEB[@]}" johndoe.com

printf 'HTTP/1.1 302 Found\r\nLocation: https://mta-sts.johndoe.com:%s/\r\n' \
	"$WEB_PORT" > "$T/redirect"
printf 'Content-Length: 0\r\n\r\n' >> "$T/redirect"
web good "$T/redirect"
look -C mtasts "${WEB[@]}" johndoe.com
like "$OUT" 'MTASTS_FETCH .*302: a redirect' 'MTA-STS: no redirects'
sed 's,text/plain,text/html,' "$T/match" > "$T/html"
web good "$T/html"
found MTASTS_FETCH -C mtasts "${WEB[@]}" johndoe.com
{ printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n'
	policy enforce a.b | sed '1,/^\r$/d'; yes '# x' | head -c 70000
} > "$T/big"
web good "$T/big"
look -C mtasts "${WEB[@]}" johndoe.com
like "$OUT" 'MTASTS_FETCH .*64 KiB' 'MTA-STS: not over 64 KiB'
{ printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
	printf 'Transfer-Encoding: chunked\r\n\r\n'
	printf '10\r\nversion: STSv1\nm\r\n'
	printf '2c;x=y\r\node: none\r\nmax_age: 86400\nx-what: something\n\r\n'
	printf '0\r\n\r\n'
} > "$T/chunked"
web good "$T/chunked"
is "$(sts mtasts.mode)" none 'MTA-STS: in chunks'
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nversion: STSv1\n' \
	> "$T/short"
web good "$T/short"
found MTASTS_POLICY -C mtasts "${WEB[@]}" johndoe.com
printf 'SSH-2.0-x\r\n' > "$T/ssh"
web good "$T/ssh"
found MTASTS_FETCH -C mtasts "${WEB[@]}" johndoe.com
found MTASTS_TEMP -C mtasts --fetch --fetch-port 1 johndoe.com

# And a real server with a file.
mkdir -p "$T/www/.well-known"
policy enforce mail.johndoe.com | sed '1,/^\r$/d' \
	> "$T/www/.well-known/mta-sts.txt"
PORT=$(free_port)
(cd "$T/www" && exec openssl s_server -4 -accept "$PORT" -WWW -quiet \
	-cert "$LAB_CADIR/good.pem" -key "$LAB_CADIR/good.pem" \
	-cert_chain <(awk '/BEGIN CERT/ { n++ } n > 1' "$LAB_CADIR/good.pem") \
	>"$T/s_server" 2>&1) &
trap 'kill %1 2>/dev/null || :; lab_down; rm -rf "$T"' EXIT
wait_port 127.0.0.1 "$PORT"
WEB=(--fetch --ca "$LAB_CA" --fetch-port "$PORT")
is "$(sts mtasts.mode)" enforce 'MTA-STS: from openssl s_server'

done_testing
