#!/usr/bin/env bash
# DNS: outcomes that are never confused, by real servers (NSD, Unbound) and by
# servers that misbehave; mxlookup's routes; loss; many names; equal to dig.
# shellcheck disable=SC1091,SC2153,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in nsd unbound ldns-signzone dig python3 jq; do
	command -v "$p" > /dev/null || skip_all "$p is not installed"
done
[ -x "$BUILD/tests/dns" ] || skip_all "run make tests first"
lab_up
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN

ASK=$BUILD/tests/dns
# ask SERVER NAME TYPE...: what the library makes of it, one line each
ask() {
	local s=$1
	shift
	printf '%s %s\n' "$@" | "$ASK" ask "$s"
}
mx() { mxlookup -s "$@"; }

# ---- zones

long=$(printf 'x%.0s' {1..250})
many=$(for i in {1..40}; do echo "big MX $i host-with-a-long-name-$i.elsewhere.example."; done)
records() {
	cat <<END
@	MX	10 mx1
@	MX	20 mx2
@	A	192.0.2.1
mx1	A	192.0.2.25
mx1	AAAA	2001:db8::25
mx2	A	192.0.2.26
t	TXT	"true"
spfinc	TXT	"v=spf1 include:x.servfail.example -all"
two	TXT	"v=spf1 " "-all"
long	TXT	"$long" "$long" "$long"
esc	TXT	"a\\027[31mb\\000\\255"
null	MX	0 .
nullpref MX	5 .
mixed	MX	0 .
mixed	MX	10 mx1
implicit A	192.0.2.7
nothing	TXT	"x"
alias	CNAME	@
aliasout CNAME	mx1.other.example.
chain	CNAME	alias
dangling CNAME	gone
tocname	MX	10 alias
ip	MX	10 192.0.2.1.
junk	MX	10 a\\032b.c
dead	MX	10 gone
halfdead MX	10 gone
halfdead MX	20 mx1
equal	MX	10 mx2
equal	MX	10 mx1
same	MX	10 mx1
same	MX	20 mx1
same2	MX	10 mx1
v6	MX	10 v6only
v6only	AAAA	2001:db8::66
broken	MX	10 mail.away.example.
_25._tcp.mx1 TLSA 3 1 1 $(printf 'ab%.0s' {1..32})
_imaps._tcp SRV 0 1 993 mx1
$many
END
}
dns_zone secure.example signed < <(records)
dns_zone plain.example < <(records)
dns_zone bogus.example bogus < <(records)
dns_zone expired.example expired < <(records)
dns_zone other.example <<< 'mx1 A 192.0.2.99'
dns_bad good mute refused servfail ede lame noedns badvers ednsmute truncate \
	tcpone tcpdrip tcpnone spoof selfptr counts short garbage cnameself \
	cnameloop cnameaway cnamecircle cnamechain extra nodata nxdomain nosoa \
	both big late formerr notimp failA failTXT tcponly cut many errors \
	ports tcpfirst
for m in refused servfail mute lame; do
	v=DNS_BAD_$m
	dns_stub "$m.example" "${!v/:/@}"
done
dns_up
U=$DNS_UNBOUND N=$DNS_NSD

# ---- outcomes, Unbound

while IFS='|' read -r name type want; do
	is "$(ask "$U" "$name" "$type" | sed 's/ tries=[0-9]*//')" \
		"$name $type $want" "unbound: $name $type"
done <<'END'
same2.secure.example|MX|ok ad=1 tcp=0 10 mx1.secure.example;
same2.plain.example|MX|ok ad=0 tcp=0 10 mx1.plain.example;
t.secure.example|MX|nodata ad=1 tcp=0
t.plain.example|MX|nodata ad=0 tcp=0
gone.secure.example|MX|nxdomain ad=1 tcp=0
gone.plain.example|MX|nxdomain ad=0 tcp=0
alias.secure.example|A|ok ad=1 tcp=0 cname=secure.example 192.0.2.1;
chain.secure.example|A|ok ad=1 tcp=0 cname=secure.example 192.0.2.1;
aliasout.secure.example|A|ok ad=0 tcp=0 cname=mx1.other.example 192.0.2.99;
dangling.secure.example|A|nxdomain ad=1 tcp=0 cname=gone.secure.example
_imaps._tcp.secure.example|SRV|ok ad=1 tcp=0 0 1 993 mx1.secure.example;
END
like "$(ask "$U" t.bogus.example TXT)" ' bogus ad=0 .* ede=[0-9]' \
	'bogus is told apart, with its EDE'
like "$(ask "$U" mx1.expired.example A)" ' bogus ad=0 .* ede=[79]' \
	'expired signatures: bogus'
like "$(ask "$U" x.refused.example MX)" ' servfail ad=0' \
	'behind Unbound, REFUSED is a SERVFAIL'
like "$(ask "$U" x.servfail.example MX)" ' servfail ad=0' 'SERVFAIL is one'
like "$(ask "$U" big.secure.example MX)" ' ok ad=1 .* tcp=1 ' \
	'a truncated answer comes by TCP, and is secure'
is "$(ask "$U" big.secure.example MX | tr ';' '\n' | grep -c elsewhere)" 40 \
	'all of it'
like "$(ask "$N" elsewhere.net MX)" ' refused .*ede=20' 'NSD refuses: EDE 20'
is "$(ask "$U" 'a..b' MX | cut -d' ' -f3)" invalid-input 'no name: not asked'
is "$(DNS_DISTRUST=1 ask "$U" secure.example MX | cut -d' ' -f4)" ad=0 \
	'AD is not believed if told so'

# ---- outcomes, servers that misbehave: with sanitizers if they are built

[ ! -x "$ROOT/build-san/tests/dns" ] || ASK=$ROOT/build-san/tests/dns
# Only who is silent is waited for, and that not for long.
export DNS_TIMEOUT=30
silent='mute ednsmute tcponly garbage late'
for mode in $silent; do
	v=DNS_BAD_$mode
	DNS_TIMEOUT=0.2 ask "${!v}" a.b MX > "$T/said.$mode" &
	pids[$!]=
done
wait "${!pids[@]}"
while IFS='|' read -r mode want what; do
	v=DNS_BAD_$mode
	[[ " $silent " = *" $mode "* ]] ||
		ask "${!v}" "${what:-a.b}" MX > "$T/said.$mode"
	like "$(< "$T/said.$mode")" "^${what:-a.b} MX $want" "$mode: $want"
done <<'END'
good|ok .* tries=1 tcp=0 10 mx.a.b;$
mute|timeout .*\(no reply in 4 tries, nor by TCP\)
refused|refused
servfail|servfail
formerr|servfail .*\(FORMERR\)
notimp|servfail .*\(NOTIMP\)
ede|bogus .*ede=6
lame|refused .*\(lame: a referral
noedns|ok .* 10 mx.a.b;$
badvers|ok .* 10 mx.a.b;$
ednsmute|ok .* 10 mx.a.b;$
truncate|ok .* tcp=1 10 mx.a.b;$
tcpone|ok .* tcp=1
tcpdrip|ok .* tcp=1
tcpnone|timeout .*TCP: Connection refused
tcponly|ok .* tries=5 tcp=1 10 mx.a.b;$
cut|ok .* tries=2 tcp=1 10 mx.a.b;$
errors|servfail ad=0 tries=1 tcp=0 \(SERVFAIL\)$
spoof|ok .* tries=1 tcp=0 10 mx.a.b;$
selfptr|malformed
counts|malformed
short|malformed
garbage|malformed
cnameself|malformed .*of itself
cnameloop|malformed .*circle
cnameaway|ok .* cname=target.a.b 10 mx.target.a.b;$
cnamecircle|malformed .*circle
cnamechain|malformed .*too many|n0.b
extra|ok .* 10 mx.a.b;$
nodata|nodata
nosoa|nodata
nxdomain|nxdomain
both|malformed
late|ok
END
like "$(ask "$DNS_BAD_big" a.b TXT)" '^a.b TXT ok .*tcp=1' \
	'more than we allowed by UDP: asked by TCP'
is "$(ask "$DNS_BAD_many" a.b MX | grep -o ' h[0-9]*.a.b;' | sort -u | wc -l)" \
	2900 '2900 records are an answer'
names() { for ((i = 0; i < $1; i++)); do echo "n$i.x MX"; done; }
for mode in truncate tcpone tcpdrip; do
	v=DNS_BAD_$mode
	is "$(names 200 | "$ASK" ask "${!v}" | grep -c ' ok ')" \
		200 "$mode: 200 questions, all answered"
done
label=$(printf 'y%.0s' {1..60})
like "$(DNS_TIMEOUT=0.2 ask "$DNS_BAD_tcponly" "$label.$label.$label.$label" A)" \
	' ok .* tcp=1 ' 'a question of over 255 bytes by TCP'
is "$(names 200 | DNS_TIMEOUT=0.2 "$ASK" ask "$DNS_BAD_tcpfirst" | grep -c ' ok ')" 200 \
	'UDP is silent: 200 questions, all answered by TCP; then it speaks'
names 10000 | "$BUILD/tests/dns" ask "$DNS_BAD_ports" > /dev/null
ports=$(mx "$DNS_BAD_ports" -j -C mx a.b | jq .mx[0].pref)
ok "10000 questions go by more ports than are open at once: $ports" \
	test "$ports" -gt 8
closed=127.0.0.1:$(free_port)
like "$(DNS_TIMEOUT=60 timeout 30 "$ASK" ask "$closed" <<< 'a.b MX')" \
	'timeout .*Connection refused' 'a closed port is told, not waited for'

# ---- several servers

ASK=$BUILD/tests/dns
like "$(ask "$closed,$U" secure.example MX)" ' ok ' 'the second answers'
export DNS_TIMEOUT=0.2
like "$(ask "$DNS_BAD_mute,$U" secure.example MX)" ' ok .* tries=2' \
	'after a mute one'
like "$(ask "$DNS_BAD_servfail,$DNS_BAD_refused,$closed,$DNS_BAD_mute,$U" \
	secure.example MX)" ' ok ' 'the fifth'
like "$(ask "$DNS_BAD_servfail,$DNS_BAD_refused" a.b MX)" ' servfail' \
	'none: the best of what was said'
is "$(for i in {1..40}; do echo "a$i.secure.example MX"; done |
	"$BUILD/tests/dns" ask "$DNS_BAD_mute,$U" | grep -c nxdomain)" 40 \
	'40 questions, the first server mute'
[ -z "$LAB_IPV6" ] || like "$(ask "[::1]:${N##*:}" plain.example MX)" ' ok ' \
	'a server on IPv6'

# ---- resolv.conf: four servers, trust-ad; and who is believed

resolv() {	# LINES CMD...: with this resolv.conf, and no network at all
	printf "$1" > "$T/resolv.conf"
	shift
	unshare -mn bash -c 'mount --bind "$0" "$(realpath /etc/resolv.conf)" &&
		exec "$@"' "$T/resolv.conf" "$@"
}
if unshare -mn true 2> /dev/null; then
	four='nameserver 127.0.0.2\nnameserver 127.0.0.3\nnameserver 127.0.0.4\nnameserver 127.0.0.5\n'
	is "$(resolv "${four}options timeout:1" mxlookup --resolver-info \
		--timeout 0.1 --tries 1 -j | jq -r .server | xargs)" \
		'127.0.0.2:53 127.0.0.3:53 127.0.0.4:53 127.0.0.5:53' \
		'four servers from resolv.conf'
	is "$(resolv 'nameserver 192.0.2.53\noptions trust-ad\n' mxlookup \
		--resolver-info --timeout 0.1 --tries 1 -j | jq -r .trusted)" \
		true 'trust-ad is heeded'
	is "$(resolv 'nameserver fe80::1%%lo\nnameserver 192.0.2.53\n' \
		mxlookup --resolver-info --timeout 0.1 --tries 1 -j |
		jq -r .trusted | xargs)" 'false false' 'without, it is not'
	odd='; nameserver 127.0.0.2\n# nameserver 127.0.0.3\n nameserver 127.0.0.4\nnameserver\t127.5\t# so\nnameserver mx.example\nnameservers 127.0.0.6'
	is "$(resolv "$odd" mxlookup --resolver-info --timeout 0.1 --tries 1 \
		-j | jq -r .server | xargs)" 127.0.0.5:53 \
		'comments, blanks before the word, names are none'
	for none in '' 'search example.org\n'; do
		is "$(resolv "$none" mxlookup --resolver-info --timeout 0.1 \
			--tries 1 -j | jq -r .server)" 127.0.0.1:53 \
			'no server there: the one on this machine'
	done
	is "$(RES_OPTIONS='rotate trust-ad' resolv 'nameserver 192.0.2.53\n' \
		mxlookup --resolver-info --timeout 0.1 --tries 1 -j |
		jq -r .trusted)" true 'RES_OPTIONS has the same words'
	is "$(resolv 'nameserver 192.0.2.53\noptions trust-ad-not\n' mxlookup \
		--resolver-info --timeout 0.1 --tries 1 -j | jq -r .trusted)" \
		false 'and they are whole'
	# A network of its own, where an address is not loopback though it is
	# on this machine.
	cat > "$T/far" <<-'END'
	ip link set lo up && ip address add 10.9.8.7/32 dev lo || exit
	BADNS_ADDR=10.9.8.7 python3 "$LAB_SRC/badns.py" "$T/far.port" ad &
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$T/far.port" ] || break
		sleep 0.1
	done
	s=10.9.8.7:$(cut -d' ' -f 2 "$T/far.port")
	for o in --tries=1 --trust-ad; do
		mxlookup -s "$s" -j $o -C mx a.b | jq .secure
	done
	kill $!
	END
	is "$(T=$T LAB_SRC=$LAB_SRC unshare -n bash "$T/far" | xargs)" \
		'false true' \
		'AD from afar is believed with --trust-ad, not without'
else
	skip 'resolv.conf' 'no namespaces'
fi
status 0 '--resolver-info' mxlookup -s "$U" --resolver-info secure.example
like "$OUT" 'AD believed +yes.*loopback' 'says why AD is believed'
like "$OUT" 'DNSSEC results count' 'and what follows'
status 75 '--resolver-info, nobody there' mxlookup -s "$closed" \
	--resolver-info
unset DNS_TIMEOUT

# ---- mxlookup: routes

while IFS='|' read -r name want findings exit; do
	status "$exit" "mxlookup $name exits $exit" mx "$U" -j "$name"
	is "$(jq -r '"\(.status) \(.route) \(.deliverable) \(.secure)"' \
		<<< "$OUT")" "$want" "$name: $want"
	is "$(jq -r '.findings[].id | select(. != "MX_LOCAL_ADDR" and
		. != "MX_NO_IPV6")' <<< "$OUT" | sort -u | xargs)" \
		"$findings" "$name: findings: ${findings:-none}"
done <<'END'
secure.example|ok mx true true||0
plain.example|ok mx true false||0
null.secure.example|ok null false true||0
nullpref.secure.example|ok null false true|MX_NULL_PREF|0
mixed.secure.example|ok mx true true|MX_NULL_MIXED|65
implicit.secure.example|nodata implicit true true||0
nothing.secure.example|nodata none false true||68
gone.secure.example|nxdomain none false true||68
alias.secure.example|ok mx true true|MX_OWNER_CNAME|0
dangling.secure.example|nxdomain none false true|MX_OWNER_CNAME|68
tocname.secure.example|ok mx true true|MX_CNAME|0
ip.secure.example|ok none false true|MX_IS_IP MX_NO_USABLE|68
junk.secure.example|ok none false true|MX_BAD_NAME MX_NO_USABLE|68
dead.secure.example|ok mx false true|MX_ALL_DEAD MX_NXDOMAIN|68
halfdead.secure.example|ok mx true true|MX_NXDOMAIN|0
same.secure.example|ok mx true true|MX_DUPLICATE|0
v6.secure.example|ok mx true true|MX_NO_IPV4|0
expired.example|bogus temp null false|DNSSEC_BOGUS|65
x.servfail.example|servfail temp null false||75
a..b|invalid-input null null null||68
END

is "$(mx "$DNS_BAD_many" -j a.b | jq '[.mx[].a | length] | add')" 2900 \
	'2900 hosts, each with its address'

# ---- a part that is not known is not said to be absent

status 0 'A fails, AAAA is there: there is a route' mx "$DNS_BAD_failA" -j a.b
is "$(jq -c '[.mx[0].a, .mx[0].aaaa, .unknown, [.findings[].id]]' "$T/out")" \
	'[null,["::1"],["addr"],["MX_LOCAL_ADDR","MX_TEMP"]]' \
	'and what is not known is null'
status 75 'a check without an answer' mx "$DNS_BAD_failTXT" -j -C dmarc a.b
is "$(jq -c '[.status, .deliverable, .unknown, .dmarc.status, .findings]' \
	"$T/out")" '["ok",null,["dmarc"],"servfail",[]]' \
	'is no absence, and told in "unknown"'
for mode in servfail refused mute selfptr garbage; do
	v=DNS_BAD_$mode
	status 75 "$mode: all checks" mx "${!v}" --timeout 0.05 --tries 2 -j \
		-a --dkim s1 --dnsbl bl.x --spf-eval 192.0.2.1 a.b
	is "$(jq -c '[.route, .deliverable, .spf.result, .dkim.keys,
		.dnssec.state, [.findings[].id]]' "$T/out")" \
		'["temp",null,"temperror","temp","unknown",[]]' \
		"$mode: nothing is found to be missing"
done
status 75 'a check without an answer' mx "$DNS_BAD_failTXT" -j -C dmarc a.b
is "$(echo a.b | mx "$DNS_BAD_good" -j -C dmarc --skip-done "$T/out" |
	jq -c '[.in, .unknown]')" '["a.b",[]]' '--skip-done asks again'
status 3 '--nagios: it is unknown' mx "$DNS_BAD_failTXT" --nagios -C dmarc a.b

is "$(mx "$U" -q equal.secure.example secure.example | xargs)" \
	'mx1.secure.example mx2.secure.example mx1.secure.example mx2.secure.example' \
	'-q: the hosts, by preference, in the order of the operands'
is "$(mx "$U" -q null.secure.example)" '' '-q: none for a null MX'
is "$(mx "$U" -q implicit.secure.example)" implicit.secure.example \
	'-q: the domain itself'
is "$(mx "$U" -j -C mx 'Jo@SECURE.example.' | jq -r .domain)" secure.example \
	'an address, capitals and a last dot'
is "$(mx "$U" -q 'jo@[192.0.2.1]' 'jo@[IPv6:2001:db8::1]' | xargs)" \
	'192.0.2.1 2001:db8::1' 'address literals'
like "$(mx "$U" -6 same2.plain.example plain.example)" \
	'mx2.plain.example has no IPv6 address' '-6: what is missing'
status 64 'a server that is no address' mx 127.1 x
like "$ERR" '"127.1" is no address' 'says so'
is "$(mx "$U" -j bücher.example | jq -r .domain)" xn--bcher-kva.example \
	'an IDN'
status 65 '--fail-on warn' mx "$U" --fail-on warn tocname.secure.example
status 2 '--nagios, critical' mx "$U" --nagios gone.secure.example
like "$OUT" '^CRITICAL - gone.secure.example: nxdomain.*; 0 of 1 well.*\|time=' 'its line and perfdata'
status 1 '--nagios, warning' mx "$U" --nagios tocname.secure.example
status 3 '--nagios, unknown' mx "$U" --nagios x.servfail.example
status 3 '--nagios, usage' mx "$U" --nagios --tries x
like "$OUT" '^UNKNOWN - --tries: "x" is no number' \
	'is told on stdout: that is what a pager shows'
status 3 '--nagios, an option before it that is none' mx "$U" --nosuch --nagios
like "$OUT" '^UNKNOWN - unknown option --nosuch' 'is told there, too'
status 64 'usage' mx "$U" -C nosuch x
is "$OUT" '' 'on stderr alone'
for zero in --window --qps --tries --timeout; do
	status 64 "$zero 0" mx "$U" "$zero" 0 secure.example
	like "$ERR" 'are more than 0' 'is not the default'
done
status 64 '--findings NAME' mxlookup --findings secure.example
like "$ERR" '"secure.example": nothing is looked up' 'says so'
for bad in '' 'a b' a..b; do
	status 64 "--bimi '$bad'" mx "$U" --bimi "$bad" secure.example
	like "$ERR" "--bimi: \"$bad\" is no selector" 'says so'
done
status 64 '--spf-eval with more than three' \
	mx "$U" --spf-eval 192.0.2.1,a@secure.example,helo,more secure.example
like "$ERR" 'is IP,FROM,HELO' 'says so'
status 64 '--ip with more than three' \
	mx "$U" --message /dev/null --ip 192.0.2.1,a@secure.example,helo,more
like "$ERR" 'is IP,FROM,HELO' 'says so'
status 0 'an address' mx "$U" 192.0.2.1
is "$OUT" '192.0.2.1  an address: only -C ptr and --dnsbl look at it' \
	'what can be asked about it is said'
unlike "$(mx "$U" -C ptr 192.0.2.1)" 'only -C ptr' 'not where it is'
unlike "$(mx "$U" -a esc.secure.example | tr -d '\n\t -~')" . \
	'no control byte reaches the terminal'
POSTBAG_DNS=$U status 0 'POSTBAG_DNS' mxlookup -q secure.example
is "$OUT" $'mx1.secure.example\nmx2.secure.example' 'is asked'

# ---- many names

printf '\xef\xbb\xbfsecure.example#x\r\n# comment\n\n"plain.example",x\n' > "$T/in"
printf 'me@implicit.secure.example;y\n  Gone.Secure.Example.\t25\n%s\nlast.plain.example x' \
	"$(printf 'a%.0s' {1..3000})" >> "$T/in"
is "$(mx "$U" -j --ordered < "$T/in" | jq -r '.domain // "-"' | xargs)" \
	'secure.example plain.example implicit.secure.example gone.secure.example - last.plain.example' \
	'stdin: BOM, CRLF, comments, columns by , ; tab and blank, address, too long, no last newline'
for ((i = 0; i < 3000; i++)); do echo "h$((i % 700)).plain.example"; done \
	> "$T/in"
mx "$U" -j --ordered < "$T/in" > "$T/o"
is "$(jq -r .domain "$T/o" | cmp - "$T/in" && echo same)" same \
	'--ordered: 3000 lines, in order'
mx "$U" -j < "$T/in" > "$T/o"
is "$(jq -r .domain "$T/o" | sort | cmp - <(sort "$T/in") && echo same)" \
	same 'as completed: each line once'
sort -u "$T/in" > "$T/u"
head -300 "$T/u" | mx "$U" -j > "$T/done"
echo '{"v":1,"in":"h1.plain.example","domain":"h1.pl' >> "$T/done.cut"
mx "$U" -j --skip-done "$T/done" < "$T/u" > "$T/rest"
is "$(cat "$T/done" "$T/rest" | jq -r .domain | sort | cmp - "$T/u" &&
	echo same)" same '--skip-done: the rest, each once'
echo x.servfail.example | mx "$U" -j > "$T/done"
is "$(echo x.servfail.example | mx "$U" -j --skip-done "$T/done" | wc -l)" 1 \
	'what failed for now is tried again'
start=$(date +%s%N)
head -100 "$T/u" | mx "$U" -C mx -q --qps 100
ms=$((($(date +%s%N) - start) / 1000000))
ok "--qps 100: 100 queries take about a second ($ms ms)" test $ms -gt 850
status 141 'head goes away: as SIGPIPE would' bash -c \
	"set -o pipefail; mxlookup -s $U -j < $T/in | head -1 > /dev/null"
{ echo secure.example; lab_until 20 test -s "$T/first" && : > "$T/seen"; } |
	mx "$U" -q -C mx | { read -r l; echo "$l" > "$T/first"; cat > /dev/null; }
is "$(cat "$T/first")" mx1.secure.example 'a slow pipe'
ok 'results come at once' test -e "$T/seen"

# ---- an SPF include that nobody answers for now is not one without a record

status 75 'SPF: an include with SERVFAIL' mx "$U" -C spf -j spfinc.secure.example
is "$(jq -r '[.findings[].id] | contains(["SPF_INCLUDE"])' "$T/out")" false \
	'is not found to have no record'

# ---- --expect

cat > "$T/expect" <<'END'
# as it is
secure.example MX 20 MX2.secure.example.
secure.example MX 10 mx1.secure.example
mx1.secure.example AAAA 2001:db8::25
two.secure.example TXT "v=spf1 " "-all"
t.secure.example MX -
gone.secure.example A -
_25._tcp.mx1.secure.example TLSA 3 1 1 ABABABABABABABABABABABABABABABAB abababababababababababababababab
_imaps._tcp.secure.example SRV 0 1 993 mx1.secure.example.
alias.secure.example A 192.0.2.1
END
status 0 '--expect: as it should be' mx "$U" --expect "$T/expect"
is "$OUT" '' 'nothing is said then'
cat >> "$T/expect" <<'END'
mx2.secure.example A 192.0.2.99
t.secure.example TXT -
END
status 65 '--expect: drift' mx "$U" --expect "$T/expect"
is "$OUT" '- mx2.secure.example A 192.0.2.99
+ mx2.secure.example A 192.0.2.26
+ t.secure.example TXT "true"' 'what is missing, what is new'
is "$(mx "$U" -j --expect "$T/expect" | jq -r 'select(.same | not) |
	"\(.name) \(.missing[0]) \(.unexpected[0])"')" \
	'mx2.secure.example 192.0.2.99 192.0.2.26
t.secure.example null "true"' 'as JSON'
echo 'x.servfail.example MX 10 a' > "$T/expect"
status 75 '--expect: it cannot be told' mx "$U" --expect "$T/expect"
is "$(mx "$U" -j --expect "$T/expect" | jq -c '[.missing, .unexpected]')" \
	'[[],[]]' 'what nobody answered for is not called missing'
echo 'x.example NOSUCH a' > "$T/expect"
status 64 '--expect: no such type' mx "$U" --expect "$T/expect"
like "$ERR" 'expect:1: ' 'with the line'

# ---- --ordered, with more lines done behind one than the ring holds

{ echo 1000; seq 1 6400 | grep -v '[02468]0$'; } |
	sed 's/.*/m&.loss.example/' > "$T/names"
dns_bad loss
mx "$DNS_BAD_loss" -j -C mx --ordered --window 64 --timeout 0.3 --tries 6 \
	< "$T/names" | jq -r .domain > "$T/o"
ok '--ordered: 6080 lines behind one that is late' cmp "$T/o" "$T/names"

# ---- one try, from a server that was quick until then

dns_bad lateone
printf '%s.x\n' a b c d e f late > "$T/names"
is "$(mx "$DNS_BAD_lateone" -j -C mx --window 1 --tries 1 --timeout 3 \
	< "$T/names" | jq -r 'select(.domain == "late.x") |
	"\(.status) tcp=\(.dns.tcp)"')" 'ok tcp=0' \
	'--tries 1: it gets the whole --timeout'

# ---- loss: nothing is wrongly absent

# A window that fits into the server's receive buffer: what is lost there comes
# on top of what the server loses, and that is all that four tries allow for.
for ((i = 1; i <= 4000; i++)); do echo "m$i.loss.example"; done > "$T/names"
dns_bad loss
mx "$DNS_BAD_loss" -j -C mx --window 64 --timeout 0.2 < "$T/names" > "$T/o"
is "$(jq -r .status "$T/o" | sort | uniq -c | xargs)" '3996 ok 4 timeout' \
	'one, two or five queries are lost, four tries: nothing is absent'
is "$(jq -r 'select(.status == "timeout").domain' "$T/o" | sort | xargs)" \
	"$(echo m{1,2,3,4}000.loss.example)" 'the right ones are not known'
dns_bad loss
mx "$DNS_BAD_loss" -j -C mx --window 64 --timeout 0.2 --tries 6 --stats \
	< "$T/names" > "$T/o" 2> "$T/e"
is "$(jq -r .status "$T/o" | sort | uniq -c | xargs)" '4000 ok' \
	"six tries: all are there: $(sed -n 's/.*joined, //p' "$T/e")"

# ---- equal to dig

python3 - "$LAB/dns" > "$T/questions" <<'END'
import random
import sys
r = random.Random(7)
label = lambda: ''.join(r.choice('abcdefghijklmnopqrstuvwxyz0123456789') for _ in range(r.randint(1, 12)))
types = ['MX', 'A', 'AAAA', 'TXT']
for n in range(500):
    zone = 'z%d-%s.gen' % (n, label())
    out = ['$ORIGIN %s.' % zone, '$TTL %d' % r.randint(0, 90000),
           '@ SOA ns h 1 2 3 4 60', '@ NS ns', 'ns A 127.0.0.1']
    for owner in ['@', label(), '*.' + label()]:
        for _ in range(r.randint(0, 4)):
            out.append('%s MX %d %s' % (owner, r.randint(0, 65535), r.choice(['.', label(), label() + '.net.'])))
        for _ in range(r.randint(0, 3)):
            out.append('%s A 192.0.2.%d' % (owner, r.randint(0, 255)))
            out.append('%s AAAA 2001:db8::%x' % (owner, r.randint(0, 65535)))
        for _ in range(r.randint(0, 2)):
            out.append('%s TXT %s' % (owner, ' '.join('"%s"' % ''.join('\\%03d' % r.randint(0, 255) for _ in range(r.choice([0, 1, 30, 255]))) for _ in range(r.randint(1, 4)))))
        for t in types:
            print(('' if owner == '@' else owner.replace('*', 'w') + '.') + zone, t)
    out.append('alias CNAME @')
    for t in types:
        print('alias.' + zone, t)
    open('%s/%s' % (sys.argv[1], zone), 'w').write('\n'.join(out) + '\n')
END
dns_zones=()
for f in "$LAB/dns"/*.gen; do dns_zones+=("${f##*/}"); done
dns_nsd_conf "$(free_port)" > "$LAB/dns/nsd3.conf"
port=$(sed -n 's/.*127.0.0.1@//p' "$LAB/dns/nsd3.conf")
lab_start nsd3 "${LAB_AS[@]}" nsd -d -c "$LAB/dns/nsd3.conf" -P "$LAB/dns/pid3"
wait_port 127.0.0.1 "$port" 30
# both to: NAME TYPE rcode sorted-rdata, TXT as the hex of its joined strings
"$BUILD/tests/dns" ask "127.0.0.1:$port" < "$T/questions" > "$T/ours"
dig @127.0.0.1 -p "$port" +nocmd +noall +comments +answer +nottl +noclass \
	+question \
	-f "$T/questions" > "$T/dig"
python3 - "$T/ours" "$T/dig" > "$T/diff" <<'END'
import re
import sys


def txt(s):
    out = ''
    for part in re.findall(r'"((?:[^"\\]|\\.)*)"', s):
        part = re.sub(r'\\(\d\d\d)|\\(.)', lambda m: chr(int(m[1])) if m[1] else m[2], part)
        out += part.encode('latin1').hex()
    return out


ours, theirs = {}, {}
for line in open(sys.argv[1]):
    w = line.rstrip('\n').split(' ')
    rest = re.sub(r' \(.*\)$', '', re.sub(r'^( ?(ad|tries|tcp|cname|ede)=\S+)*', '', ' '.join(w[3:])))
    ours[w[0], w[1]] = (w[2], sorted(x.strip() for x in rest.split(';') if x.strip() or (w[1] == 'TXT' and w[2] == 'ok' and x == ' ')))
key = status = None
for line in open(sys.argv[2], encoding='latin1'):
    m = re.search(r'status: (\w+)', line)
    if m:
        status = m[1]
    elif line.startswith(';') and line.split()[-1] in ('MX', 'A', 'AAAA', 'TXT') and not line.startswith(';;'):
        key = (line[1:].split()[0].rstrip('.').lower(), line.split()[-1])
        theirs[key] = [status, []]
    elif not line.startswith(';') and line.strip():
        w = line.split(None, 2)
        if w[1] == key[1]:
            d = w[2].strip()
            d = txt(d) if w[1] == 'TXT' else d.lower()
            if w[1] == 'MX':
                d = d if d.endswith(' .') else d.rstrip('.')
            theirs[key][1].append(d)
bad = 0
for k, (s, records) in theirs.items():
    want = {'NOERROR': 'ok' if records else 'nodata', 'NXDOMAIN': 'nxdomain'}.get(s, s)
    if ours.get(k) != (want, sorted(x for x in records if x or True)):
        if ours.get(k) and ours[k][0] == want and [x for x in ours[k][1] if x] == sorted(x for x in records if x):
            continue
        bad += 1
        print(k, ours.get(k), (want, sorted(records)))
print(len(theirs), 'questions,', bad, 'differ')
END
is "$(tail -1 "$T/diff")" "$(wc -l < "$T/questions") questions, 0 differ" \
	'500 generated zones: MX, A, AAAA, TXT as dig has them'
[ "$(wc -l < "$T/diff")" = 1 ] || head -5 "$T/diff" |
	cut -c 1-300 | sed 's/^/# /' >&2
done_testing
