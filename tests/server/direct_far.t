#!/usr/bin/env bash
# mailsend --direct from one machine to another: two network namespaces, a name
# server, port 25. What an address of one's own means is seen only so.
# shellcheck disable=SC2016,SC2034,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
if [ -z "${FAR_INSIDE-}" ]; then
	rm -rf "$T"
	for p in nsd ip nsenter python3 jq; do
		PATH=$PATH:/usr/sbin:/sbin command -v $p > /dev/null ||
			{ echo "1..0 # SKIP $p is not installed"; exit 0; }
	done
	unshare -n true 2> /dev/null ||
		{ echo '1..0 # SKIP not allowed to unshare'; exit 0; }
	exec env FAR_INSIDE=1 unshare -n "$0"
fi
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
. "$ROOT/tests/lab/lab.sh"
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
export HOME=$T/home
mkdir -p "$HOME"
lab_up
lab_cert good

# The other machine: 192.0.2.2 and 2001:db8::2; we are 1.
lab_spawn other unshare -n sleep 600
FAR=$LAB_PID
elsewhere() { [ "$(readlink "/proc/$FAR/ns/net")" != "$(readlink /proc/$$/ns/net)" ]; }
lab_until 20 elsewhere
far() { nsenter -t "$FAR" -n "$@"; }
ip link add near type veth peer name far netns "$FAR" 2> /dev/null ||
	skip_all 'no veth here'
ip addr add 192.0.2.1/24 dev near
ip -6 addr add 2001:db8::1/64 dev near nodad
ip link set near up
far ip link set lo up
far ip addr add 192.0.2.2/24 dev far
far ip -6 addr add 2001:db8::2/64 dev far nodad
far ip link set far up

dns_zone plain.example <<'ZONE'
us	A 192.0.2.1
us6	AAAA 2001:db8::1
them	A 192.0.2.2
them	AAAA 2001:db8::2
nobody	A 192.0.2.2
one	MX 10 them
six	MX 10 them6
them6	AAAA 2001:db8::2
best	MX 10 us
best	MX 20 them
best6	MX 10 us6
best6	MX 20 them
second	MX 10 them
second	MX 20 us
second	MX 30 them6
down	MX 10 gone
down	MX 20 us
gone	A 192.0.2.3
self	A 192.0.2.1
ZONE
port=$(free_port)
dns_nsd_conf "$port" > "$LAB/dns/nsd.conf"
lab_own "$LAB/dns"
lab_start dns-nsd "${LAB_AS[@]}" nsd -d -c "$LAB/dns/nsd.conf"
wait_port 127.0.0.1 "$port"
export POSTBAG_DNS=127.0.0.1:$port
LOG=$T/log
lab_spawn peers nsenter -t "$FAR" -n python3 "$LAB_SRC/mxpeer.py" "$LOG" "$LAB_CADIR" 25 \
	192.0.2.2=bdat,tls:good 2001:db8::2=bdat
lab_until 60 test -s "$LOG"

send() {
	: > "$LOG"
	timeout 60 mailsend --direct --ca "$LAB_CA" -j -f jo@home.example \
		-s hello --body text "$@" > "$T/out" 2> "$T/err"
	STATUS=$?
	OUT=$(cat "$T/out") ERR=$(cat "$T/err")
	lab_until 2 met
	SAID=$(jq -r 'select(.rcpt[0]).at' "$LOG" | paste -sd' ')
}
met() { [ -s "$LOG" ] || [ "$STATUS" != 0 ]; }

send a@one.plain.example
is "$STATUS" 0 'from one machine to the other, port 25'
like "$SAID" '^(192.0.2.2|2001:db8::2)$' 'by one of its addresses'
send a@six.plain.example
is "$STATUS $SAID" '0 2001:db8::2' 'by IPv6'
send --source 192.0.2.1 -4 a@one.plain.example
is "$STATUS $SAID" '0 192.0.2.2' 'from an address of ours'
for d in best best6 self; do
	send "a@$d.plain.example"
	is "$STATUS $SAID" '69 ' "$d: the best host has an address of this machine"
	like "$ERR" 'mail loops back here' 'which is a loop'
done
send a@second.plain.example
is "$STATUS" 0 'a backup sends to what is better'
send a@down.plain.example
is "$STATUS $SAID" '75 ' 'and to nobody if that is down'
unlike "$ERR" 'loops' 'which is no loop'
done_testing
