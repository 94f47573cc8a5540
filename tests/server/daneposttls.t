#!/usr/bin/env bash
# mxlookup's opinion of DANE beside that of Postfix: posttls-finger, in a
# network namespace where the lab's Unbound is the system's resolver on port
# 53 and a mail server answers on port 25.
set -eu
. "$(dirname "$0")/../lib.sh"

if [ -z "${DANE_INSIDE-}" ]; then
	rm -rf "$T"
	if ! command -v posttls-finger >/dev/null ||
	    ! unshare -nm true 2>/dev/null; then
		echo "1..0 # SKIP no posttls-finger, or not allowed to unshare"
		exit 0
	fi
	exec env DANE_INSIDE=1 unshare -nm "$0"
fi
ip link set lo up
. "$ROOT/tests/lab/lab.sh"
lab_up unbound
export POSTBAG_DNS=127.0.0.1:53

# The same Unbound once more, on port 53.
sed "s/^  port: .*/  port: 53/; s,pidfile: .*,pidfile: \"$LAB/pid53\"," \
	"$LAB/unbound/unbound.conf" > "$LAB/unbound/53.conf"
lab_spawn unbound53 unbound -d -c "$LAB/unbound/53.conf"
wait_port 127.0.0.1 53
printf 'nameserver 127.0.0.1\noptions trust-ad timeout:5 attempts:1\n' \
	> "$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf

# A mail server with STARTTLS and the lab's certificate.
lab_cert good
lab_spawn smtp25 python3 -c '
import socket, ssl, sys, threading
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
def talk(c):
    f = c.makefile("rwb")
    f.write(b"220 mx ESMTP\r\n"); f.flush()
    word = b""
    while word != b"QUIT":
        word = f.readline()[:4].upper()
        if not word:
            break
        if word == b"EHLO":
            f.write(b"250-mx\r\n250 STARTTLS\r\n")
        elif word == b"STAR":
            f.write(b"220 go\r\n"); f.flush()
            c = ctx.wrap_socket(c, server_side=True)
            f = c.makefile("rwb")
            continue
        else:
            f.write(b"221 bye\r\n")
        f.flush()
def safe(c):
    try:
        talk(c)
    except OSError:
        pass
s = socket.create_server(("127.0.0.1", 25))
while True:
    threading.Thread(target=safe, args=(s.accept()[0],), daemon=True).start()
' "$LAB_CADIR/good.pem"
wait_port 127.0.0.1 25

# finger DOMAIN: usable unusable none temp, as Postfix sees its first MX
finger() {
	local said
	said=$(timeout 30 posttls-finger -c -t 20 -T 20 -l dane \
		-L summary,untrusted,certmatch "$1" 2>&1) || :
	printf '%s\n' "$said" > "$T/finger.$1"
	case $said in
	*'TLSA lookup error'*) echo temp;;
	*'unsupported TLSA certificate usage'*) echo unusable;;
	# Also if the certificate is another one: then DANE has seen to it.
	*'Verified TLS connection'* | *'no matching DANE TLSA'*) echo usable;;
	*'TLS connection established'*) echo none;;
	*) echo "?";;
	esac
}
ours() {
	timeout 30 mxlookup -j -C dane "$1" 2>/dev/null | python3 -c '
import json, sys
print(json.loads(sys.stdin.readline())["mx"][0]["dane"]["state"])' || :
}

for d in alias agile implicit notlsa outside usage tlsafail; do
	is "$(ours $d.good.example)" "$(finger $d.good.example)" \
		"$d.good.example as Postfix sees it"
	[ "$d" != agile ] || like "$(cat "$T/finger.$d.good.example")" \
		'no matching DANE TLSA' 'Postfix, too, ignores the weaker digest'
done
done_testing
