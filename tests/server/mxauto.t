#!/usr/bin/env bash
# The file by which mail clients find their servers, beside the SRV records:
# mxlookup -C srv --fetch says whether the two agree, and with the DNS.
# shellcheck disable=SC1091,SC2153,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in nsd openssl python3 jq; do
	PATH=$PATH:/usr/sbin command -v $p > /dev/null || skip_all "$p is not installed"
done
lab_up
. "$ROOT/tests/lab/dns.sh"
lab_cert good
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
PORT=$(free_port)
# What it sends is in $T/answer; what it was asked for is in $T/asked.
lab_spawn web python3 -c '
import socket, ssl, sys, threading
cert, port, answer, asked = sys.argv[1:]
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert)
s = socket.create_server(("127.0.0.1", int(port)), backlog=100)
def talk(c):
    try:
        c = ctx.wrap_socket(c, server_side=True)
        line = c.recv(65536).split(b"\r\n")[0]
        open(asked, "ab").write(line + b"\n")
        c.sendall(open(answer, "rb").read())
        c.unwrap()
    except (OSError, ValueError):
        pass
    c.close()
while True:
    threading.Thread(target=talk, args=s.accept()[:1], daemon=True).start()
' "$LAB_CADIR/good.pem" "$PORT" "$T/answer" "$T/asked"
wait_port 127.0.0.1 "$PORT"
: > "$T/asked"
dns_zone johndoe.com <<'ZONE'
@	MX	10 mail
@	A	127.0.0.1
autoconfig	A	127.0.0.1
mail	A	127.0.0.1
imap	A	127.0.0.1
_imaps._tcp	SRV	0 1 993 imap
_submissions._tcp	SRV	0 1 465 mail
_pop3s._tcp	SRV	0 0 0 .
ZONE
dns_zone www.johndoe.com <<'ZONE'
@	A	127.0.0.1
_imaps._tcp	SRV	0 1 993 imap.johndoe.com.
ZONE
dns_zone smtp.johndoe.com <<'ZONE'
@	A	127.0.0.1
ZONE
dns_zone none.example <<'ZONE'
@	MX	10 mail.johndoe.com.
ZONE
dns_zone shut.example <<'ZONE'
@	MX	10 mail.johndoe.com.
autoconfig	A	127.0.0.9
ZONE
dns_up

# file SERVER...: TYPE,HOST,PORT,SOCKET each
file() {
	local one type host port socket how
	{
		printf '<?xml version="1.0"?>\n<!-- <a>: no element -->\n'
		printf '<clientConfig version="1.1">\n<emailProvider id="x">\n'
		for one; do
			IFS=, read -r type host port socket <<< "$one"
			how=incoming
			[ "$type" != smtp ] || how=outgoing
			printf ' <%sServer type="%s">\n  <hostname>%s</hostname>\n' \
				$how "$type" "$host"
			printf '  <port>%s</port><socketType>%s</socketType>\n </%sServer>\n' \
				"$port" "$socket" $how
		done
		printf '</emailProvider>\n</clientConfig>\n'
	} > "$T/file"
	answer 200 "$T/file"
}
answer() {	# STATUS FILE
	{
		printf 'HTTP/1.1 %s x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n' \
			"$1" "$(wc -c < "$2")"
		cat "$2"
	} > "$T/answer"
}
# look [DOMAIN]: the object in $T/json; FOUND: what is said of the file
look() {
	timeout 60 mxlookup -s "$DNS_NSD" -C srv --fetch --fetch-port "$PORT" \
		--ca "$LAB_CA" -j "${1-johndoe.com}" > "$T/json" 2> "$T/err"
	RC=$?
	FOUND=$(jq -r '[.findings[] | select(.id | startswith("AUTOCONFIG")) | .id] | join(" ")' "$T/json")
}
text() { jq -r '.findings[] | select(.id | startswith("AUTOCONFIG")) | .text' "$T/json"; }

file imap,imap.johndoe.com,993,SSL 'smtp,mail.%EMAILDOMAIN%,465,SSL'
look
is "$FOUND" '' 'the file and the records agree'
is "$(jq -c '[.autoconfig.servers[] | [.type, .host, .port, .tls]]' "$T/json")" \
	'[["imap","imap.johndoe.com",993,"tls"],["smtp","mail.johndoe.com",465,"tls"]]' \
	'what it names'
like "$(cat "$T/asked")" \
	'GET /mail/config-v1.1.xml\?emailaddress=postmaster%40johndoe.com' \
	'and who was asked for'
like "$(mxlookup -s "$DNS_NSD" -C srv --fetch --fetch-port "$PORT" --ca "$LAB_CA" \
	johndoe.com)" 'AUTO +imap imap.johndoe.com:993 tls' 'as text'
file imap,old.johndoe.com,993,SSL
look
is "$FOUND" 'AUTOCONFIG_NO_ADDRESS AUTOCONFIG_DIFFERS' 'a host that is gone'
like "$(text)" 'imaps: old.johndoe.com:993 in the file, imap.johndoe.com:993 in SRV' \
	'and which ones differ'
file imap,imap.johndoe.com,993,SSL imap,mail.johndoe.com,993,SSL
look
is "$FOUND" '' 'one of two is enough'
file imap,imap.johndoe.com,143,SSL
look
is "$FOUND" 'AUTOCONFIG_PORT AUTOCONFIG_DIFFERS' 'the port of another service'
file imap,mail.johndoe.com,143,plain
look
is "$FOUND" AUTOCONFIG_PLAIN 'without TLS'
file pop3,mail.johndoe.com,995,SSL
look
is "$FOUND" AUTOCONFIG_DIFFERS 'a service that is not offered by SRV'
like "$(text)" 'not offered' 'as it says'
file 'imap,127.0.0.1,993,SSL'
look
like "$FOUND" AUTOCONFIG_NO_ADDRESS 'an address as a host'
for odd in '' 'hello' '<html><body>404</body></html>' '<clientConfig>' \
	'<clientConfig><incomingServer type="imap"' '<!-- x' \
	'<clientConfig><emailProvider/></clientConfig>'; do
	printf '%s' "$odd" > "$T/odd"
	answer 200 "$T/odd"
	look
	is "$FOUND" AUTOCONFIG_SYNTAX "no such file: $odd"
done
for status in 404 301 503; do
	answer $status "$T/file"
	look
	is "$FOUND" AUTOCONFIG_FETCH "HTTP $status"
done
isnt "$RC" 75 'which time alone does not mend'
printf 'hello\r\n\r\n' > "$T/answer"
look
is "$FOUND" AUTOCONFIG_FETCH 'what is no HTTP'
isnt "$RC" 75 'is known'
head -c 70000 /dev/zero | tr '\0' '<' > "$T/odd"
answer 200 "$T/odd"
look
is "$FOUND" AUTOCONFIG_FETCH 'one that is too large'
file imap,$'a\e[31m.b&amp;<!-- -->c',993,SSL
look
is "$(grep -c $'\e' "$T/json")" 0 'control characters are no more'
: > "$T/asked"
file imap,imap.johndoe.com,993,SSL
look www.johndoe.com
like "$(cat "$T/asked")" '/.well-known/autoconfig/mail/config-v1.1.xml' \
	'without a host for it: below the web server'
is "$(jq -r '.autoconfig.servers[0].host' "$T/json")" imap.johndoe.com 'is taken as well'
answer 404 "$T/file"
look www.johndoe.com
is "$FOUND" '' 'and nothing is said where it has none'
: > "$T/asked"
look smtp.johndoe.com
is "$(jq -c .autoconfig "$T/json")$(cat "$T/asked")" null \
	'a web server without SRV records beside it is left alone'
look none.example
is "$FOUND $(jq -c .autoconfig "$T/json")" ' null' 'no host at all'
look shut.example
is "$FOUND" AUTOCONFIG_FETCH 'a host that does not answer'
is "$RC" 75 'may do so later'
is "$(mxlookup -s "$DNS_NSD" -C srv -j johndoe.com | jq -c .autoconfig)" null \
	'without --fetch nothing is got'
done_testing
