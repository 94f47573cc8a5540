#!/usr/bin/env bash
# mail-doctor: the report of a bad, a good and a parked domain, as text, as
# NDJSON and as a page.  Odd servers on port 25, NSD and Unbound with a signed
# zone, in a network namespace of their own.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/alone.sh" -n nsd unbound ldns-signzone openssl python3 jq strace
lab_up
lab_cert good expired
PATH=$PATH:$ROOT/scripts

spki=$(openssl x509 -in "$LAB_CADIR/good.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
key=$(openssl genrsa 2048 2> /dev/null | openssl rsa -pubout -outform DER \
	2> /dev/null | base64 -w 0 | sed 's/.\{200\}/& /g' | sed 's/[^ ]*/"&"/g')
dns_zone johndoe.com signed <<ZONE
@	MX	10 mail
@	TXT	"v=spf1 mx -all"
mail	A	127.0.0.1
mail	TXT	"v=spf1 a -all"
_25._tcp.mail	TLSA 3 1 1 $spki
_dmarc	TXT	"v=DMARC1; p=reject; rua=mailto:dmarc@johndoe.com"
s1._domainkey	TXT	"v=DKIM1; p=" $key
_smtp._tls	TXT	"v=TLSRPTv1; rua=mailto:tls@johndoe.com"
imap	A	127.0.0.1
smtp	A	127.0.0.4
www	MX	0 .
www	A	127.0.0.1
_imaps._tcp.www	SRV	0 1 993 imap
_submissions._tcp.www	SRV	0 1 465 smtp
_jmap._tcp.www	SRV	0 1 443 imap
odd	MX	0 .
_imaps._tcp.odd	SRV	0 1 993 imap
_pop3s._tcp.odd	SRV	0 1 995 imap.123.
_submissions._tcp.odd	SRV	0 1 465 mx.
mta-sts	A	127.0.0.1
_mta-sts	TXT	"v=STSv1; id=1"
ZONE
dns_zone bad.example plain <<ZONE
@	MX	10 mx
@	MX	20 gone
@	TXT	"v=spf1 include:<script>alert(1)</script> +all"
@	TXT	"v=spf1 a -all"
mx	A	127.0.0.2
_dmarc	TXT	"v=DMARC1; p=none; rua=<img src=http://evil.example/x>"
ZONE
dns_zone other.example signed <<ZONE
@	MX	10 mx
mx	A	127.0.0.2
_25._tcp.mx	TLSA 3 1 1 $spki
ZONE
dns_zone parked.example plain <<ZONE
@	MX	0 .
@	TXT	"v=spf1 -all"
_dmarc	TXT	"v=DMARC1; p=reject"
ZONE
dns_up
export POSTBAG_DNS=$DNS_UNBOUND
lab_odd GOOD=@127.0.0.1:25\ starttls:smtp:good \
	'BAD=@127.0.0.2:25 starttls:smtp:expired/greet=220 <script>x<b>\r\n'
lab_odd IMAPS=@127.0.0.1:993\ tls:imap:good

mkdir -p "$T/www/.well-known"
printf 'version: STSv1\nmode: enforce\nmx: mail.johndoe.com\nmax_age: 604800\n' \
	> "$T/www/.well-known/mta-sts.txt"
mkdir -p "$T/www/.well-known/autoconfig/mail"
{
	echo '<clientConfig version="1.1"><emailProvider id="x">'
	for one in imap:imap:993 imap:imap:1143 imap:imap.:143 smtp:smtp:465 pop3:pop:995; do
		IFS=: read -r type host port <<< "$one"
		printf '<server type="%s"><hostname>%s.johndoe.com</hostname><port>%s</port><socketType>SSL</socketType></server>\n' \
			"$type" "$host" "$port" | sed "s/server/$([ "$type" = smtp ] &&
			echo outgoing || echo incoming)Server/g"
	done
	echo '</emailProvider></clientConfig>'
} > "$T/www/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=postmaster%40www.johndoe.com"
cd "$T/www" || exit 1
lab_spawn https openssl s_server -4 -accept 127.0.0.1:443 -WWW -quiet \
	-cert "$LAB_CADIR/good.pem" -key "$LAB_CADIR/good.pem" \
	-cert_chain "$LAB_CADIR/int.pem"
cd "$ROOT" || exit 1
wait_port 127.0.0.1 443

export PORTPROBE_OPTIONS=--trust-ad MXLOOKUP_OPTIONS=--trust-ad
# doctor STATUS NAME ARG...
doctor() { status "$1" "$2" timeout 60 mail-doctor --private --ca "$LAB_CA" "${@:3}"; }
# The order of findings of the report in $OUT.
ids() { sed -n 's/^\([A-Z]*\).*(\([a-zA-Z0-9_-]*\))$/\1 \2/p' <<< "$OUT" | paste -sd' '; }

# ---- text

doctor 0 'a good domain' -d s1 johndoe.com
is "$(sed -n 1p "$T/out")" 'johndoe.com: 1 warning, 2 hints' \
	'the verdict comes first'
is "$(ids)" 'WARNING MX_LOCAL_ADDR HINT MX_NO_IPV6 HINT CAA_NONE' \
	'only what a lab on the loopback cannot have is told'
like "$OUT" '  10 +mail.johndoe.com  127.0.0.1  25 +ok +TLSv1.3  (29|30) days +match  pass' \
	'the route to its port, with certificate, DANE and MTA-STS'
like "$OUT" 'MTA-STS +enforce +v=STSv1; id=1' 'the mode of the policy'
like "$OUT" 'DMARC +p=reject +v=DMARC1; p=reject' 'the policies'
like "$OUT" 'DKIM s1  rsa 2048 bits' 'the key that -d names'
is "$ERR" '' 'and nothing on stderr'
doctor 68 'a bad domain: the worst of both' bad.example
is "$(sed -n 1p "$T/out")" 'bad.example: 1 error, 6 warnings, 5 hints' \
	'how many things are wrong'
is "$(ids | cut -d' ' -f1-4)" 'ERROR SPF_MANY WARNING MX_NXDOMAIN' 'the worst first'
like "$OUT" 'CERT_EXPIRED.*at mx.bad.example:25 \(127.0.0.2\)' \
	'what portprobe found, and where'
like "$OUT" 'Renew it, and reload the server' 'and what to do'
like "$OUT" 'zone: 2.0.0.127.in-addr.arpa. IN PTR mx.bad.example' 'a line for the zone'
is "$(grep -c 'gone.bad.example.*(' "$T/out")" 1 'one thing is told once'
like "$OUT" 'SPF +2 records' 'both records count'
doctor 69 'servers for mail programs, by SRV and autoconfig' www.johndoe.com
like "$OUT" 'imaps +SRV and autoconfig  imap.johndoe.com  127.0.0.1  993 +ok +TLSv1.3' \
	'one that answers, with its certificate'
is "$(grep -c ^ERROR "$T/out")" 5 'those that do not'
like "$OUT" '"imap..johndoe.com" is no host name' 'and one that nobody can ask'
like "$OUT" 'ERROR +imaps, promised by autoconfig: Connection refused \(refused\)
 +at imap.johndoe.com:1143 \(127.0.0.1\)' 'by whom they are promised'
like "$OUT" 'submissions +SRV and autoconfig  smtp.johndoe.com  127.0.0.4  465 +refused' \
	'each in a table'
unlike "$OUT" 'at pop.johndoe.com:' 'what has no address is told once'
like "$OUT" 'The domain takes no mail' 'beside the route'
doctor 69 '-H: servers for mail programs' -H www.johndoe.com
like "$OUT" '<td data-label="Service">imaps</td><td data-label="By">SRV and autoconfig' \
	'are on the page'
doctor 69 '-j: servers for mail programs' -j www.johndoe.com
is "$(jq -c '[.clients[] | [.proto, .port, .answer]]' "$T/out")" \
	'[["imaps",993,"ok"],["imaps",1143,"refused"],["pop3s",995,"dns"],["submissions",465,"refused"]]' \
	'are in the object'
jq -c '(.clients[] | select(.port == 993)).answer = "refused"' "$T/out" > "$T/clients"
doctor 65 '--diff: servers for mail programs' --diff "$T/clients" www.johndoe.com
is "$OUT" '- www.johndoe.com imap.johndoe.com:993 (127.0.0.1) answers refused
+ www.johndoe.com imap.johndoe.com:993 (127.0.0.1) answers ok' 'are compared, too'
# What a stranger promises is no reason to end; nor is an option for one target.
doctor 68 'promises that cannot be asked, and another domain' odd.johndoe.com \
	parked.example
is "$(grep -c '^Policies' "$T/out")" 2 'both are told of'
like "$OUT" 'imaps +SRV +imap.johndoe.com  127.0.0.1  993 +ok' \
	'with the promise that is kept'
like "$OUT" 'at imap.123, mx' 'and those that are not'
unlike "$OUT$ERR" '465/submissions' 'a host called mx is no target of the kind mx:'
PORTPROBE_OPTIONS='--trust-ad --deep --timeout 3' doctor 69 '--deep beside promises' www.johndoe.com
like "$OUT" '127.0.0.1  993 +ok' 'each is probed alone'
doctor 0 'a parked domain' parked.example
like "$OUT" 'takes no mail \(null MX\)' 'its route'
unlike "$OUT" '(ERROR|WARNING)' 'nothing is wrong with it'
doctor 68 'no such domain' nope.example
is "$(ids)" 'ERROR nxdomain' 'is the one thing that is wrong'
doctor 68 'what is no domain' https://johndoe.com/
like "$OUT$ERR" 'https://johndoe.com/' 'is named'
doctor 77 'the certificate where DANE asks for it' other.example
like "$(ids)" '^ERROR (DANE|CERT)' 'is what is wrong'
doctor 69 'a port that is closed' -p 26 johndoe.com
like "$OUT" '^[^(]*ERROR[^(]*refused[^(]*\(refused\).*start the server' 'comes first'
doctor 0 'a host without MX' mail.johndoe.com
like "$OUT" 'There is no MX.*  0 +mail.johndoe.com +127.0.0.1' 'takes mail itself'
like "$OUT" 'DMARC +p=reject +v=DMARC1' 'by the policy of the domain above'
doctor 65 'an IP address' 127.0.0.1
like "$OUT" 'ERROR +is an address, not a domain' 'is none'
dead=(env MXLOOKUP_OPTIONS='--tries 1 --timeout 0.2')
status 75 'no name server' "${dead[@]}" mail-doctor -s 127.0.0.9 johndoe.com
like "$OUT" 'WARNING  not known now: mx, ' 'what is not known'
like "$OUT" 'cannot be told now where mail goes' 'is not called none'
like "$OUT" 'DMARC +not known now' 'nowhere'
doctor 0 'an address has a domain' joe@johndoe.com
like "$OUT" 'TLSv1.3' 'whose hosts are probed'

# ---- what a stranger's domain names is not within our own network

status 69 'without --private' strace -f -qq -e trace=connect -o "$T/trace" \
	timeout 60 mail-doctor -j --ca "$LAB_CA" johndoe.com
not_ok 'nothing is connected to on loopback' grep -E 'htons\((25|443)\)' "$T/trace"
ok 'while name servers are' grep -q 'htons(' "$T/trace"
is "$(jq -r '.findings[] | select(.sev == "error") | "\(.id): \(.text)"' "$T/out")" \
	'MTASTS_FETCH: mta-sts.johndoe.com: 127.0.0.1 is a loopback address, which is not asked
private: a loopback address, which is not connected to' 'which is said'
is "$(jq -c '.probes[] | [.state, .tcp, .error.class, .sts.verdict]' "$T/out")" \
	'["unreachable","unreachable","private",null]' 'a port is not reachable then'
like "$(jq -r '.findings[] | select(.id == "private").help' "$T/out")" \
	'mail-doctor --private connects to it' 'and what to do in a lab'
status 69 'nor to those that SRV records name' strace -f -qq -e trace=connect \
	-o "$T/trace" timeout 60 mail-doctor -j --ca "$LAB_CA" www.johndoe.com
not_ok 'either' grep -E 'htons\((443|993|465)\)' "$T/trace"
for ip in 10.1.2.3 192.168.1.1 100.64.0.1 169.254.1.1 '[fd00::1]' '[::ffff:10.0.0.1]'; do
	status 69 "portprobe --only-public $ip" portprobe -j --only-public "$ip:25"
	is "$(jq -r .error.class "$T/out")" private 'is not connected to'
done
status 69 'portprobe --only-public: a public one' portprobe -j --only-public \
	--timeout 2 192.0.2.1:25
is "$(jq -r .error.class "$T/out")" unreachable 'is, without a way to it here'
mkdir "$T/full"
printf '#!/bin/sh\necho "cat: No space left on device" >&2\nexit 1\n' > "$T/full/cat"
chmod +x "$T/full/cat"
PATH=$T/full:$PATH doctor 74 'a full disk' johndoe.com
like "$ERR" 'there is no room' 'which is said'
doctor 68 'several: the worst counts' bad.example johndoe.com
is "$(grep -c '^Route' "$T/out")" 2 'each has its report'

# ---- NDJSON, and what has changed

doctor 68 '-j' -j johndoe.com bad.example
cp "$T/out" "$T/old"
is "$(jq -r '"\(.domain) \(.status) \(.findings[0].sev) \(.route[0].port)"' "$T/out")" \
	'johndoe.com 0 warn 25
bad.example 68 error 25' 'an object for each'
is "$(jq -r '.lookup.domain, .probes[0].host' "$T/out" | paste -sd' ')" \
	'johndoe.com mail.johndoe.com bad.example mx.bad.example' 'what the tools said is in it'
doctor 0 '--diff: the same' --diff "$T/old" johndoe.com bad.example
is "$OUT$ERR" '' 'nothing is said'
doctor 65 '--diff: a domain that is new' --diff "$T/old" parked.example
is "$OUT" '+ parked.example was not looked at then' 'is told'
jq -c 'if .domain == "johndoe.com" then .route[0].sha256 = "0" |
	.route[0].ip as $ip | .findings += [{ sev: "error", id: "OLD", at: ["x"] }] |
	(.policy[] | select(.name == "DMARC")).records = ["v=DMARC1; p=none"]
	else . end' "$T/old" > "$T/changed"
doctor 65 '--diff: changes' --diff "$T/changed" johndoe.com
is "$(grep -c . "$T/out")" 5 'only these'
like "$OUT" '- johndoe.com finding OLD at x' 'a finding that is gone'
like "$OUT" '- johndoe.com DMARC p=reject v=DMARC1; p=none' 'a policy'
like "$OUT" '\+ johndoe.com certificate mail.johndoe.com:25 \(127.0.0.1\) [0-9a-f]{64}' \
	'a certificate'
doctor 0 '--diff: a port that was not probed then is no change' --diff "$T/old" \
	-p 25,26/smtp johndoe.com
doctor 69 'both ports' -j -p 25,26/smtp johndoe.com
cp "$T/out" "$T/both"
doctor 0 '--diff: nor is one that is not probed now' --diff "$T/both" johndoe.com
is "$OUT" '' 'its trouble is not gone'
jq -c '.findings |= map(select(.id != "CERT_EXPIRED"))' "$T/old" > "$T/fresh"
doctor 65 '--diff: a certificate has expired' --diff "$T/fresh" bad.example
is "$OUT" '+ bad.example finding CERT_EXPIRED at mx.bad.example:25 (127.0.0.2)' \
	'is what is new'
jq -c '.lookup.unknown = ["dmarc"]' "$T/changed" > "$T/unknown"
jq -c 'select(.domain == "johndoe.com") | .route[0].sha256 = null' "$T/unknown" > "$T/u"
doctor 75 '--diff: what was not known has not changed' --diff "$T/u" johndoe.com
is "$OUT" '? johndoe.com not all was known both times: dmarc' 'and that is told'
doctor 65 '--diff: one that has changed, then one that was not known' \
	--diff "$T/u" parked.example johndoe.com
is "$(cut -c 1 "$T/out" | xargs)" '+ ?' 'the change counts'
status 74 '--diff: a full disk' sh -c 'exec "$@" > /dev/full' sh \
	mail-doctor --private --diff "$T/u" parked.example
status 75 '--diff: no name server' "${dead[@]}" mail-doctor --diff "$T/old" \
	-s 127.0.0.9 johndoe.com
is "$(grep -c . "$T/out") $(cut -c1 "$T/out")" '1 ?' 'no host and no policy is gone'
{ cat "$T/old"; printf '{"v":1,"domain":"john'; } > "$T/torn"
doctor 0 '--diff: a torn line' --diff "$T/torn" johndoe.com
doctor 66 '--diff: no such file' --diff "$T/none" johndoe.com
echo '{"in":"johndoe.com"}' > "$T/other"
doctor 65 '--diff: what is no earlier output' --diff "$T/other" johndoe.com

# ---- a page

# Elements are balanced, none loads or runs anything, no attribute is foreign.
cat > "$T/page.py" <<'PY'
import html.parser
import sys

EMPTY = {"meta", "br"}
KNOWN = {"html", "head", "meta", "style", "title", "body", "article", "h1",
         "h2", "p", "ol", "li", "b", "small", "pre", "table", "thead", "tbody",
         "tr", "th", "td", "footer"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.bad, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        if tag not in KNOWN or any(
                k not in ("lang", "charset", "name", "content", "http-equiv",
                          "class", "scope", "data-label") for k, _ in attrs):
            self.bad.append((tag, attrs))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append("/" + tag)

    def handle_data(self, data):
        if "style" in self.open:
            if "url(" in data or "@import" in data:
                self.bad.append(data)
        else:
            self.text += data


source = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(source)
page.close()
assert page.open == [] and page.bad == [], (page.open, page.bad)
assert source.startswith("<!DOCTYPE html>")
for words in sys.argv[2:]:
    assert words in page.text, words
PY
doctor 68 '--html' --html bad.example
ok 'a page that parses, with hostile words as text' python3 "$T/page.py" "$T/out" \
	'v=spf1 include:<script>alert(1)</script> +all' \
	'rua=<img src=http://evil.example/x>' 'CERT_EXPIRED' 'gone.bad.example'
unlike "$OUT" '<(script|img)' 'no element of a stranger'
like "$OUT" 'prefers-color-scheme: dark' 'light and dark'
doctor 68 '-H: several, one of them good, one dead' -H johndoe.com parked.example \
	nope.example
ok 'one page' python3 "$T/page.py" "$T/out" 'TLSv1.3' 'takes no mail' 'no such domain'
doctor 68 '-H: a name that is none' -H '<b>"&.example'
ok 'is escaped' python3 "$T/page.py" "$T/out" '<b>"&.example'

# ---- a list, by mail-shard: each has its object, whatever is wrong with others

if command -v parallel > /dev/null; then
	export PARALLEL_HOME=$T/parallel
	mkdir -p "$PARALLEL_HOME"
	printf '%s\n' johndoe.com 127.0.0.1 parked.example nope.example \
		bad.example 'a..b' other.example > "$T/domains"
	status 0 'a list, by mail-shard' mail-shard -aq -n 2 -j 2 \
		-k 65,67,68,69,75,76,77 "$T/domains" mail-doctor --private -j --ca "$LAB_CA"
	is "$(jq -r .domain "$T/out" | cmp - "$T/domains" && echo same)" same \
		'each domain once, in its order'
	is "$(jq -r '"\(.status) \(.findings[0].id // "-")"' "$T/out" | xargs)" \
		"$(xargs < "$T/domains" mail-doctor --private -j --ca "$LAB_CA" |
			jq -r '"\(.status) \(.findings[0].id // "-")"' | xargs)" \
		'as without it'
else
	skip 'a list, by mail-shard' 'parallel is not installed'
fi

# ---- usage

doctor 64 'no domain'
like "$ERR" 'mail-doctor \[-j' 'its usage'
doctor 64 'no such option' --bogus x johndoe.com
like "$ERR" 'unknown option --bogus' 'is named'
doctor 64 'an option behind the domain' johndoe.com -j
like "$ERR" '-j: options precede the domains' 'is none'
doctor 64 'unknown, with a value' --bogus=x johndoe.com
doctor 64 'standard input beside others' - johndoe.com
printf 'parked.example\n\n# none\nmail.johndoe.com x' > "$T/list"
doctor 0 'domains from standard input' - < "$T/list"
is "$(grep -c '^Route' "$T/out") $(grep -c '^mail.johndoe.com:' "$T/out")" '2 1' 'each of them'
printf 'parked.example\r\nmail.johndoe.com\r\n\r\n' > "$T/list"
doctor 0 'a list from Windows' - < "$T/list"
is "$(grep -c '^Route' "$T/out") $(grep -c '^mail.johndoe.com:' "$T/out")" '2 1' 'each of them'
doctor 68 'a target of portprobe' mx:johndoe.com
like "$OUT" 'give the name alone,' 'is none, and what to type'
doctor 64 'two forms' -j -H johndoe.com
doctor 64 '--diff beside -j' -j --diff "$T/old" johndoe.com
doctor 64 'ports that are none' -p x johndoe.com
like "$ERR" 'portprobe: ' 'in the words of the tool'
doctor 78 'authorities that cannot be read' --ca "$T/none" johndoe.com
done_testing
