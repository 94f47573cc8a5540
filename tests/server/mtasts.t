#!/usr/bin/env bash
# --fetch among many names: servers that accept and say nothing delay nobody
# else, and themselves no longer than they may.
# shellcheck disable=SC1091,SC2153,SC2154
set -eu
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up
. "$ROOT/tests/lab/dns.sh"
lab_cert good
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN

# 127.0.0.2 has the policy, 127.0.0.1, which is asked first, is mute; on
# two others it says 100, or headers, for ever.
PORT=$(free_port) HUNDRED=$(free_port) HEADERS=$(free_port)
lab_spawn web python3 -c '
import socket, ssl, sys, threading
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
port = int(sys.argv[2])
mute = socket.create_server(("127.0.0.1", port), backlog=1000)
web = socket.create_server(("127.0.0.2", port), backlog=1000)
body = b"version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mail.johndoe.com\n"
def endless(c, first, more):
    try:
        c = ctx.wrap_socket(c, server_side=True)
        c.recv(65536)
        c.sendall(first)
        while True:
            c.sendall(more * 1000)
    except (OSError, ValueError):
        pass
def listen(at, *what):
    s = socket.create_server(("127.0.0.2", int(at)))
    while True:
        threading.Thread(target=endless, args=s.accept()[:1] + what).start()
for what in ((sys.argv[3], b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
             (sys.argv[4], b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")):
    threading.Thread(target=listen, args=what).start()
def answer(c):
    try:
        c = ctx.wrap_socket(c, server_side=True)
        c.recv(65536)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(body) + body)
        c.unwrap()
    except (OSError, ValueError):
        pass
    c.close()
while True:
    threading.Thread(target=answer, args=web.accept()[:1]).start()
' "$LAB_CADIR/good.pem" "$PORT" "$HUNDRED" "$HEADERS"

dns_zone many.example < <(
	for ((i = 0; i < 300; i++)); do echo "d$i MX 10 mx"; done
	for ((i = 0; i < 100; i++)); do
		printf 'm%d MX 10 mx\n_mta-sts.m%d TXT "v=STSv1; id=1"\n' $i $i
		echo "mta-sts.m$i A 127.0.0.1"
	done
	echo 'mx A 192.0.2.1'
)
dns_zone johndoe.com <<'END'
@ MX 10 mail
mail A 192.0.2.1
_mta-sts TXT "v=STSv1; id=1"
mta-sts A 127.0.0.2
mta-sts A 127.0.0.1
END
dns_up
wait_port 127.0.0.2 "$PORT"

LOOK=(mxlookup -s "$DNS_NSD" -C mtasts --fetch --fetch-port "$PORT"
	--ca "$LAB_CA")
look() { "${LOOK[@]}" "$@"; }
now() { date +%s%N | cut -c 1-13; }
mute() { for ((i = 0; i < $1; i++)); do echo "m$i.many.example"; done; }
rest() { for ((i = 0; i < 300; i++)); do echo "d$i.many.example"; done; }

for port in "$HUNDRED" "$HEADERS"; do
	wait_port 127.0.0.2 "$port"
	mxlookup -s "$DNS_NSD" -C mtasts --fetch --fetch-port "$port" --ca "$LAB_CA" \
		--fetch-timeout 60 johndoe.com > "$T/o" || :
	ok 'who talks for ever is left after 200 lines' \
		grep -q 'more than 200 lines of headers' "$T/o"
done

{ mute 8; rest; } > "$T/names"
"${LOOK[@]}" -j --fetch-timeout 100 < "$T/names" > "$T/o" &
pid=$!
rc=0
start=$(now)
mute 8 | look -j --fetch-timeout 4 > "$T/muted" || rc=$?
ms=$(($(now) - start))
ok "eight take the time of one ($ms ms)" test $ms -ge 3900 -a $ms -lt 16000
is "$(jq -r 'select(.findings[].id == "MTASTS_TEMP") | .in' "$T/muted" | sort)" \
	"$(mute 8 | sort)" 'each of them: MTASTS_TEMP'
is $rc 75 'which is a failure that may pass'
lab_until 60 eval '[ "$(wc -l < "$T/o")" -ge 300 ]' || :
is "$(wc -l < "$T/o")" 300 'the others are there while eight servers are mute'
is "$(grep -c '"in":"m' "$T/o" || :)" 0 'and the mute ones are not'
kill $pid
wait $pid || :

look -j --fetch-timeout 1 --ordered < "$T/names" > "$T/o" || :
is "$(jq -r .in "$T/o" | cmp - "$T/names" && echo same)" same \
	'--ordered: the mute ones first'

is "$(look -j --fetch-timeout 4 johndoe.com | jq -r .mtasts.mode)" enforce \
	'a mute address leaves the next one its share of the time'

{ mute 100; rest; } > "$T/names"
: > "$T/o"
start=$(now)
"${LOOK[@]}" -j --fetch-timeout 1 < "$T/names" > "$T/o" &
pid=$!
threads=0
while n=$(sed -n 's/^Threads:[[:space:]]*//p' "/proc/$pid/status" 2>&1) &&
	[ -n "$n" ]; do
	[ "$n" -le "$threads" ] || threads=$n
	sleep 0.1
done
wait $pid || :
ms=$(($(now) - start))
ok "a hundred: some threads, not a hundred ($threads)" \
	test "$threads" -gt 8 -a "$threads" -le 65
ok "they wait for each other, a little ($ms ms)" \
	test $ms -ge 1900 -a $ms -lt 50000
is "$(jq -r .in "$T/o" | sort | cmp - <(sort "$T/names") && echo same)" same \
	'each name once'

{ mute 4; rest; } > "$T/names"
rc=0
timeout 60 "${LOOK[@]}" -j --fetch-timeout 100 < "$T/names" > /dev/full \
	2> "$T/err" || rc=$?
is $rc 74 'a full disk ends it, and nobody waits for the mute'
done_testing
