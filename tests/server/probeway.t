#!/usr/bin/env bash
# portprobe and what stands in the way: who says no, a firewall, a router or
# this machine, is told apart, for each family of addresses.  Three namespaces:
# this one, a router, and the host behind it.
set -u
. "$(dirname "$0")/../lib.sh"
if [ -z "${WAY_INSIDE-}" ]; then
	rm -rf "$T"
	for p in nft ip nsenter python3 jq; do
		PATH=$PATH:/usr/sbin command -v $p > /dev/null ||
			{ echo "1..0 # SKIP $p is not installed"; exit 0; }
	done
	unshare -nm true 2> /dev/null ||
		{ echo '1..0 # SKIP not allowed to unshare'; exit 0; }
	exec env WAY_INSIDE=1 unshare -nm "$0"
fi
PATH=$PATH:/usr/sbin
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
portprobe --version | grep -q . || bail 'no portprobe'
unshare -n sleep 300 > /dev/null 2>&1 &
router=$!
unshare -n sleep 300 > /dev/null 2>&1 &
far=$!
trap 'kill $router $far ${server-} 2> /dev/null; rm -rf "$T"' EXIT
until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/$$/ns/net)" ] &&
	[ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do
	sleep 0.02
done
r() { nsenter -t $router -n "$@"; }
f() { nsenter -t $far -n "$@"; }
ip link set lo up
ip link add a0 type veth peer name a1 netns $router
ip addr add 198.51.100.1/24 dev a0
ip -6 addr add 2001:db8:1::1/64 dev a0 nodad
ip link set a0 up
r ip link set lo up
r ip addr add 198.51.100.2/24 dev a1
r ip -6 addr add 2001:db8:1::2/64 dev a1 nodad
r ip link set a1 up
r ip link add b0 type veth peer name b1 netns $far
r ip addr add 203.0.113.1/24 dev b0
r ip -6 addr add 2001:db8:2::1/64 dev b0 nodad
r ip link set b0 up
echo 1 | r tee /proc/sys/net/ipv4/ip_forward > /dev/null
r sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 \
	net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=10000
f ip link set lo up
f ip addr add 203.0.113.2/24 dev b1
f ip -6 addr add 2001:db8:2::2/64 dev b1 nodad
f ip link set b1 up
f sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
f ip route add default via 203.0.113.1
f ip -6 route add default via 2001:db8:2::1
ways() {	# the two routes from here
	ip route replace default via 198.51.100.2
	ip -6 route replace default via 2001:db8:1::2
}
ways
printf '%s\n' '203.0.113.2 mail.way.example' '2001:db8:2::2 mail.way.example' \
	'2001:db8:2::2 six.way.example' '203.0.113.2 four.way.example' \
	'198.51.100.9 nobody.way.example' '2001:db8:1::9 nobody.way.example' \
	'127.0.0.1 localhost' > "$T/hosts"
mount --bind "$T/hosts" /etc/hosts
cat > "$T/far.py" <<'END'
import socket, threading
G = {25: b'220 mx\r\n', 143: b'* OK hi\r\n', 110: b'+OK hi\r\n'}
def one(c, p):
    try:
        c.sendall(G[p])
        for l in c.makefile('rb'):
            t = (l.split() or [b''])[0]
            if p == 25:
                c.sendall(b'221 bye\r\n' if l[:4] == b'QUIT' else b'250 mx\r\n')
            elif p == 110:
                c.sendall(b'+OK\r\n.\r\n' if l[:4] == b'CAPA' else b'+OK\r\n')
            else:
                c.sendall((b'* CAPABILITY IMAP4rev1\r\n' if b'CAPA' in l
                           else b'') + t + b' OK\r\n')
    except OSError:
        pass
    c.close()
def serve(s, p):
    while True:
        threading.Thread(target=one, args=(s.accept()[0], p), daemon=True).start()
for p in G:
    s = socket.create_server(('::', p), family=socket.AF_INET6,
                             dualstack_ipv6=True)
    threading.Thread(target=serve, args=(s, p), daemon=True).start()
print('up', flush=True)
threading.Event().wait()
END
nsenter -t $far -n python3 "$T/far.py" > "$T/up" 2> /dev/null &
server=$!
until [ -s "$T/up" ]; do sleep 0.02; done

for to in 203.0.113.2 2001:db8:2::2; do		# a link takes a moment
	until python3 -c 'import socket, sys
socket.create_connection((sys.argv[1], 25), 1).recv(9)' $to 2> /dev/null; do
		sleep 0.05
	done
done

# at f|r HOOK RULE...: these rules, and no others
at() {
	local who=$1
	f nft flush ruleset
	r nft flush ruleset
	[ $# = 1 ] || $who nft -f - <<< "table inet t { chain c {
		type filter hook $2 priority 0; ${*:3}
	}
	}"
}
try() {
	timeout 60 portprobe -j --timeout 1.5 --tls off "$@" \
		> "$T/json" 2> "$T/err"
	STATUS=$?
}
rows() { jq -r "\"\(.ip):\(.port) $1\"" < "$T/json" | sort; }
found() { rows '\([.findings[].id] | join(" "))'; }

at f
try -p 25,143 mail.way.example
is $STATUS 0 'nothing in the way: well'
is "$(found)" $'2001:db8:2::2:143 \n2001:db8:2::2:25 \n203.0.113.2:143 \n203.0.113.2:25 ' \
	'and nothing is said of it'

# ---- dropped

at f input 'tcp dport 25 drop;'
try -p 25,143,110 mail.way.example
is "$(found | grep :25)" $'2001:db8:2::2:25 PORT25_BLOCKED\n203.0.113.2:25 PORT25_BLOCKED' \
	'25 is dropped by both families'
like "$(jq -r '.findings[].text' < "$T/json")" '2 other ports of 203.0.113.2 answer' \
	'what answers is counted for each address'
at f input 'meta nfproto ipv6 drop;'
try -p 25,143 mail.way.example
is "$(found)" $'2001:db8:2::2:143 FAMILY_SILENT\n2001:db8:2::2:25 FAMILY_SILENT\n203.0.113.2:143 \n203.0.113.2:25 ' \
	'all IPv6 is dropped: it is the family, not the port'
like "$(jq -r '.findings[].text' < "$T/json")" \
	'nothing of mail.way.example answers by IPv6; 2 ports do by IPv4' 'in words'
at f input 'meta nfproto ipv4 drop;'
try -p 143 mail.way.example
is "$(found)" $'2001:db8:2::2:143 \n203.0.113.2:143 FAMILY_SILENT' 'or IPv4'
at f input 'meta nfproto ipv6 tcp dport 25 drop;'
try -p 25,143 mail.way.example
is "$(found | grep BLOCKED)" '2001:db8:2::2:25 PORT25_BLOCKED' \
	'25 is dropped by IPv6 alone'
at f input 'drop;'
try -p 25,143 mail.way.example
is "$(found | sort -u -k 2)" '2001:db8:2::2:143 ' 'all is dropped: nobody knows why'

# ---- ICMP, from the host, from the router, and a reset

while IFS='|' read -r who hook rule state by icmp text; do
	at $who "$hook" "tcp dport 25 $rule;"
	try -p 25,143 mail.way.example
	is $STATUS 69 "$who, $rule: 69"
	is "$(rows '\(.state)|\(.error.by)|\(.error.icmp)' | grep :25)" \
		"2001:db8:2::2:25 $state|$by|${icmp#*,}
203.0.113.2:25 $state|$by|${icmp%,*}" "$who, $rule: who says so"
	like "$(jq -r 'select(.port == 25) | .error.text' < "$T/json")" \
		"$text" "$who, $rule: in words"
	is "$(found | grep NO_ROUTE)" '' "$who, $rule: it is not our route"
done <<'END'
f|input|reject with tcp reset|refused|null|null,null|refused
f|input|reject with icmpx type port-unreachable|refused|host|3/3,1/4|port is unreachable, says (203|2001)
f|input|reject with icmpx type no-route|unreachable|host|3/0,1/0|no route .*says (203|2001)
r|forward|reject with icmpx type no-route|unreachable|router|3/0,1/0|no route .*says (198.51.100.2|2001:db8:1::2)
r|forward|reject with icmpx type admin-prohibited|unreachable|router|3/13,1/1|prohibited by a filter, says
r|forward|reject with icmpx type host-unreachable|unreachable|router|3/1,1/3|host is unreachable, says
END
at f
try -p 25 nobody.way.example --timeout 8
is "$(rows '\(.state) \(.error.by)')" $'198.51.100.9:25 unreachable link\n2001:db8:1::9:25 unreachable link' \
	'nobody has the address on our own network'
is $STATUS 69 'which is no fault of our routes'

# ---- this machine has no way

ip -6 route del default
for c in 1 256; do
	try -c $c -p 25,143,110 mail.way.example
	is "$(found | grep -c NO_ROUTE) $STATUS" '3 0' \
		"-c $c: no IPv6 here, and IPv4 answers: a warning"
done
is "$(jq -r 'select(.ip != "203.0.113.2") | .severity + .error.by' < "$T/json" | sort -u)" \
	warnhere 'of this machine'
try -p 25 six.way.example
is "$(found) $STATUS" '2001:db8:2::2:25 NO_ROUTE 69' 'a host with IPv6 alone: nothing is known'
at f input 'meta nfproto ipv4 drop;'
try -p 25 mail.way.example
is "$STATUS $(rows '\(.severity)' | cut -d' ' -f2 | sort -u)" '69 crit' \
	'nor is anything if IPv4 is silent'
at f
ways
ip route del default
try -p 25 mail.way.example
is "$(found | grep NO_ROUTE) $STATUS" '203.0.113.2:25 NO_ROUTE 0' 'no IPv4 here'
ways
try --source 2001:db8:1::1 -p 143 mail.way.example
is "$(found) $STATUS" '2001:db8:2::2:143 
203.0.113.2:143 NO_ROUTE 0' '--source of one family'
like "$(jq -r '.error.text // empty' < "$T/json")" \
	'^--source 2001:db8:1::1: no address of that family$' 'says what it is'
try --source 2001:db8:1::1 -p 143 four.way.example
is $STATUS 69 'and learns nothing of the other'
try --source 192.0.2.77 -p 143 four.way.example
like "$STATUS $(jq -r .error.text < "$T/json")" '^69 --source 192.0.2.77: Cannot assign' \
	'--source that this machine does not have'
done_testing
