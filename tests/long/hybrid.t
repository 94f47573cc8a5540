#!/usr/bin/env bash
# A first TLS message that is too long for one packet, and a relay that loses
# the second, or hangs up: the second try gets through, with every protocol and
# tool.  Where OpenSSL has no hybrid group (before 3.5), ffdhe8192 is as long.
set -u
. "$(dirname "$0")/../lib.sh"
command -v openssl > /dev/null || skip_all 'no openssl here'
cd "$T" || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout key.pem -out cert.pem -subj /CN=localhost -days 99 \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2> /dev/null
GROUPS_=(--tls-groups ffdhe8192:X25519) HYBRID=
if openssl list -kem-algorithms 2> /dev/null | grep -q X25519MLKEM768; then
	GROUPS_=() HYBRID=1
fi
# PORT NAME of servers, then of relays before them; HOW LONG-HELLOS in relay.N
cat > relay.py << 'END'
"""Servers of a few words, and relays before them that cannot bear more than
1200 bytes at once from a client: eat (the rest), close or reset."""
import socket
import ssl
import struct
import threading

ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain("cert.pem", "key.pem")
classic = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
classic.load_cert_chain("cert.pem", "key.pem")
classic.set_ecdh_curve("prime256v1")
GREETING = {"smtp": b"220 mx.test ESMTP\r\n", "pop3": b"+OK hi\r\n",
            "imap": b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"}


def answer(kind, line):
    word = line.split()
    if kind == "smtp":
        return {b"EHLO": b"250-mx.test\r\n250 STARTTLS\r\n",
                b"QUIT": b"221 bye\r\n"}.get(word[0], b"220 go on\r\n")
    if kind == "pop3":
        return b"+OK\r\nSTLS\r\nUIDL\r\n.\r\n" if word[0] == b"CAPA" \
            else b"+OK\r\n"
    caps = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" \
        if word[1] == b"CAPABILITY" else b""
    return caps + word[0] + b" OK done\r\n"


def talk(s, kind, tls, ctx=ctx):
    try:
        if tls:
            s = ctx.wrap_socket(s, server_side=True)
        s.sendall(GREETING[kind])
        while True:
            line = b""
            while not line.endswith(b"\n"):
                c = s.recv(1)
                if not c:
                    return
                line += c
            s.sendall(answer(kind, line))
            if line.upper().rstrip().endswith((b"STARTTLS", b"STLS")):
                s = ctx.wrap_socket(s, server_side=True)
    except OSError:
        pass


def pump(a, b):
    try:
        while (data := a.recv(65536)):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def relay(s, port, how, log):
    t = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=pump, args=(t, s), daemon=True).start()
    try:
        while (data := s.recv(65536)):
            if len(data) > 1200:
                open(log, "a").write("long\n")
                if how == "close":
                    break
                if how == "reset":
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
                    break
                data = data[:1200]
            t.sendall(data)
    except OSError:
        pass
    t.close()
    s.close()


def serve(handler, *args):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)

    def loop():
        while True:
            s, _ = listener.accept()
            threading.Thread(target=handler, args=(s, *args),
                             daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


for kind in GREETING:
    for tls in False, True:
        port = serve(talk, kind, tls)
        name = kind + ("s" if tls else "")
        print(name, "direct", port)
        for how in "eat", "close", "reset":
            log = "long.%s.%s" % (name, how)
            print(name, how, serve(relay, port, how, log))
port = serve(talk, "smtp", False, classic)
print("old direct", port)
print("old eat", serve(relay, port, "eat", "long.old.eat"))
print("end", flush=True)
threading.Event().wait()
END
python3 relay.py > ports &
PID=$!
trap 'kill $PID; rm -rf "$T"' EXIT
for ((i = 0; i < 100; i++)); do
	grep -q end ports && break
	sleep 0.1
done
port() { awk -v n="$1" -v h="$2" '$1 == n && $2 == h { print $3 }' ports; }
try() {	# NAME HOW ARG...: mailsend or mailfetch there, to a file
	local url="$1://localhost:$(port "$1" "$2")" name=$1.$2
	local args=(-v -4 --ca cert.pem "${GROUPS_[@]}" "${@:3}")
	case $1 in
	smtp*) mailsend -S "$url" "${args[@]}" -f a@x.test --quit-after ehlo ;;
	*) mailfetch -S "$url" "${args[@]}" --state "$name" --probe ;;
	esac > "out.$name" 2>&1
	echo $? > "status.$name"
}
WAIT=()
# All at once, for each that is silent takes 10 s.
for name in smtp smtps imap imaps pop3 pop3s; do
	for how in eat close reset; do
		try $name $how & WAIT[${#WAIT[@]}]=$!
	done
done
wait "${WAIT[@]}"
for name in smtp smtps imap imaps pop3 pop3s; do
	for how in eat close reset; do
		is "$(cat status.$name.$how)" 0 "$name, $how: gets through"
		is "$(cat long.$name.$how)" long "$name, $how: one long message"
		is "$(grep -c 'one more try with classic groups' \
		    out.$name.$how)" 1 "$name, $how: -v tells it"
	done
done
for how in close reset; do
	status 0 "portprobe, $how: gets through" portprobe --ca cert.pem \
	    "${GROUPS_[@]}" --name localhost \
	    "127.0.0.1:$(port imaps $how)/imaps"
	like "$OUT" TLS_HYBRID "portprobe, $how: tells it"
done
# The controls: without a relay there is one connection, and that with the
# group that was wanted; with classic groups none is long.
for name in smtps imap; do
	try $name direct -vv
	is "$(cat status.$name.direct)" 0 "$name, no relay"
	is "$(grep -c 'connected to' out.$name.direct)" 1 \
	    "$name, no relay: one connection"
	[ -z "$HYBRID" ] || like "$(cat out.$name.direct)" X25519MLKEM768 \
	    "$name, no relay: the hybrid group"
	rm -f long.$name.eat
	try $name eat --tls-groups X25519:P-256
	is "$(cat status.$name.eat)" 0 "$name, classic groups"
	not_ok "$name, classic groups: nothing is long" test -e long.$name.eat
done
# Towards a mail host that nobody knows the hybrid group is offered without its
# share: the first message is short, and the host may still ask for it.
for at in 'old eat' 'smtp direct'; do
	# shellcheck disable=SC2086
	status 0 "mx:, $at: gets through" mailsend --direct -vvv -4 \
	    --mx-port "$(port $at)" -f a@x.test --quit-after rcpt \
	    'b@[127.0.0.1]'
	unlike "$ERR" 'once more|one more' "mx:, $at: at the first try"
	like "$ERR" 'TLSv1' "mx:, $at: with TLS"
done
not_ok "mx:, a host that has classic groups: nothing is long" test -e long.old.eat
[ -z "$HYBRID" ] || like "$ERR" X25519MLKEM768 'mx:, one that has the hybrid: it is taken'
# Where the whole has less than 10 s, there is no second try.
rm -f long.smtps.eat
start=$SECONDS
try smtps eat --timeout 2
is "$(cat status.smtps.eat)" 75 '--timeout is for both tries'
ok 'and ends it' test $((SECONDS - start)) -lt 9
done_testing
