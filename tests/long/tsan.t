#!/usr/bin/env bash
# ThreadSanitizer finds nothing: in the parts that threads share, in whole
# runs against real servers, and when a signal ends them in any state.
# shellcheck disable=SC1091,SC2153,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
echo 'int main(void) { return 0; }' > "$T/none.c"
cc -fsanitize=thread -o "$T/none" "$T/none.c" 2> /dev/null ||
	skip_all 'no ThreadSanitizer here'
ok 'builds' make -s -j2 -C "$ROOT" SAN=thread all build-tsan/tests/resolve \
	build-tsan/tests/stop build-tsan/tests/dns
TSAN=$ROOT/build-tsan
PATH=$TSAN:$PATH
lab_up dovecot
. "$ROOT/tests/lab/dns.sh"
lab_cert good
unset POSTBAG_DNS
export XDG_STATE_HOME=$T/state
# OpenSSL is not instrumented: of what orders its threads, atomics among it,
# only a part is seen. What it does on its own is not ours to prove.
printf 'called_from_lib:%s\n' libcrypto.so libssl.so > "$T/not-ours"
export TSAN_OPTIONS="log_path=$T/race exitcode=0 suppressions=$T/not-ours"

# no_race NAME CMD...: it may fail as it likes, but nothing is reported.
# Addresses at random are too much for some versions of the library.
no_race() {
	local rc=0
	setarch -R "${@:2}" > "$T/o" 2>&1 || :
	ls "$T"/race.* > /dev/null 2>&1 && rc=1
	tap_result $rc "$1" || diag "$(grep -h SUMMARY "$T"/race.* | sort |
		uniq -c | head -n 20)" "$(head -n 40 "$(ls "$T"/race.* | head -n 1)")"
	rm -f "$T"/race.*
}

cat > "$T/racy.c" <<'C'
#include <pthread.h>
int n;
static void *add(void *arg) { for (int i = 0; i < 1000; i++) n++; return arg; }
int main(void) {
	pthread_t t;
	pthread_create(&t, 0, add, 0);
	add(0);
	return pthread_join(t, 0);
}
C
cc -g -fsanitize=thread -o "$T/racy" "$T/racy.c" -pthread
setarch -R "$T/racy" > /dev/null 2>&1
ok 'a race is found where there is one' ls "$T"/race.*
rm -f "$T"/race.*

# ---- the parts
no_race 'names to addresses' "$TSAN/tests/resolve"
no_race 'signals, and threads that hear of them' "$TSAN/tests/stop"
no_race 'the DNS engine' "$TSAN/tests/dns"

# ---- imapsync: 4 mailboxes, 2,000 messages, 8 connections
python3 - "$LAB_MAILDIR_billy" <<'P'
import os, sys
for b, box in enumerate(["", ".one", ".two", ".three"]):
    d = sys.argv[1] + "/" + box
    for sub in "cur new tmp".split():
        os.makedirs(d + "/" + sub, exist_ok=True)
        os.chmod(d + "/" + sub, 0o777)
    os.chmod(d, 0o777)
    for i in range(500):
        p = "%s/cur/%d.M%dP%d.host:2,%s" % (d, 1700000000 + i, i, b,
                                            "S" if i % 3 else "FS")
        with open(p, "w") as f:
            f.write("From: a@b.test\nSubject: %d\nMessage-ID: <%d.%d@b>\n\n" %
                    (i, b, i) + "line\n" * (i % 97))
        os.chmod(p, 0o666)
P
sync() {
	imapsync -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" \
		-u billy --password-command "echo $LAB_PASS_billy" \
		--near "$T/near" --state "$T/sync" --connections 8 "$@"
}
export -f sync
export LAB_IMAPS_PORT LAB_CA LAB_PASS_billy T
no_race 'imapsync: a first run, 8 connections' bash -c sync
is "$(find "$T/near" -path '*/cur/*' | wc -l)" 2000 'and all is here'
find "$T/near" -path '*/cur/*' | head -n 300 | while read -r f; do
	mv "$f" "${f%:2,*}:2,RS"
done
rm -rf "$T/near/one"/cur/17000001*
no_race 'imapsync: flags, deletions' bash -c sync
rm -rf "$T/near" "$T/sync"
no_race 'imapsync: stopped in a download' bash -c 'sync & p=$!
	until [ -n "$(find "$T/near" -path "*/cur/*" 2> /dev/null | head -n 1)" ] ||
		! kill -0 $p 2> /dev/null; do sleep 0.01; done
	kill $p; wait $p'

# ---- mailfetch -a: 4 accounts
for a in a b c d; do
	printf 'account %s\nserver imaps://localhost:%s\nca %s\nuser billy\n' \
		$a "$LAB_IMAPS_PORT" "$LAB_CA"
	printf 'password-command echo %s\nfetch %s\ndeliver maildir:%s\ncreate\n' \
		"$LAB_PASS_billy" $a "$T/fetch.$a"
done > "$T/config"
chmod 600 "$T/config"
no_race 'mailfetch -a: 4 accounts' mailfetch -a --config "$T/config"
is "$(cat "$T/o")" '' 'and nothing to say'
is "$(find "$T"/fetch.? -type f | wc -l)" 2000 'and all is here'

# ---- policies by HTTPS
PORT=$(free_port)
lab_spawn web python3 -c '
import socket, ssl, sys, threading
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
web = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=1000)
body = b"version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mx.many.example\n"
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
' "$LAB_CADIR/good.pem" "$PORT"
dns_zone many.example < <(
	for ((i = 0; i < 100; i++)); do
		printf 'd%d MX 10 mx\n_mta-sts.d%d TXT "v=STSv1; id=1"\n' $i $i
		printf 'mta-sts.d%d A 127.0.0.1\n' $i
	done
	echo 'mx A 127.0.0.1'
)
dns_up
wait_port 127.0.0.1 "$PORT"
for ((i = 0; i < 100; i++)); do echo "d$i.many.example"; done > "$T/names"
no_race 'mxlookup --fetch: 100 names' bash -c "mxlookup -s $DNS_NSD -C mtasts \
	-j --fetch --fetch-port $PORT --ca $LAB_CA < $T/names"
is "$(grep -c '"in":"d' "$T/o")" 100 'and 100 answers'
sed 's/^/mx:/' "$T/names" > "$T/targets"
no_race 'portprobe mx: 100 domains and their policies' bash -c \
	"portprobe -s $DNS_NSD --sts-port $PORT --ca $LAB_CA -j - < $T/targets"
is "$(grep -c '"sts"' "$T/o")" 100 'and 100 answers'

# ---- imapsync migrate over several connections, with what may break them
no_race 'imapsync migrate' env POSTBAG_BUILD="$TSAN" python3 -B \
	"$ROOT/tests/server/migrate.t"

# ---- whatever a signal interrupts
no_race 'every tool, stopped in every state' env POSTBAG_BUILD="$TSAN" \
	"$ROOT/tests/server/stop.t"
is "$(grep -c '^not ok' "$T/o")" 0 'and all of them end'
done_testing
