#!/usr/bin/env bash
# The twenty rules of security that touch mailsend, one by one, where the
# transcripts (tests/transcript, "[rule N]": 1 2 3 6 7 8 9 11 12 15) do not
# show them.  Each check has a control: something that breaks the rule and
# must fail the same check, or the check proves nothing (rule 20).
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix
# The sanitizers' own memory and tracing are in the way of some checks.
san() { nm -D "$BUILD/mailsend" 2>/dev/null | grep -q __asan_init; }
! san || export ASAN_OPTIONS=detect_leaks=0
lab_relay SLOW -t "127.0.0.1:$LAB_SMTPS_PORT"	-c stall:down:1

PASSWORD=Geheim-4711-xyzzy
B64=$(printf '\0billy\0%s' "$PASSWORD" | base64)
B64B=$(printf %s "$PASSWORD" | base64)
smtps() { mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' -f billy@johndoe.com "$@"; }
# leaks FILE...: the password stands in it, in one form or another
leaks() { grep -aqsF -e "$PASSWORD" -e "$B64" -e "$B64B" "$@"; }

# A server that takes the login, and then says nothing more.
cat > "$T/mute.py" <<'END'
import socket, ssl, sys, time
cert, port, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert)
listener = socket.create_server(("127.0.0.1", port))
def answer(f, lines):
    f.write(b"".join(x + b"\r\n" for x in lines))
    f.flush()
while True:
    sock, _ = listener.accept()
    try:
        if mode != "plain":
            sock = ctx.wrap_socket(sock, server_side=True)
        f = sock.makefile("rwb")
        answer(f, [b"220 mute.test"])
        for line in f:
            verb = line[:4].upper()
            if verb == b"EHLO":
                answer(f, [b"250-mute.test", b"250 AUTH PLAIN"])
            elif verb == b"AUTH":
                answer(f, [b"235 well"])
    except (OSError, ssl.SSLError):
        pass
END
mute() {	# VAR MODE
	local port
	port=$(free_port)
	lab_spawn "mute.$2" python3 "$T/mute.py" "$LAB_CADIR/good.pem" \
	    "$port" "$2"
	wait_port 127.0.0.1 "$port"
	declare -g "$1=$port"
}
(umask 077; echo secret > "$T/pw2")
mute MUTE login
mute PLAIN plain

# until CMD...: for 5 s, and what it said in the end
until_ok() { lab_until 60 "$@"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
finish() { kill -9 "$1" 2>/dev/null; wait "$1" 2>/dev/null || :; }

# ---- rule 4
# A password over plaintext leaves only to the loopback.  192.0.2.1 is an
# address of a network of our own.
cat > "$T/netns.sh" <<'END'
ip link set lo up
ip address add 192.0.2.1/32 dev lo
sed 's/"127.0.0.1", port/"0.0.0.0", port/' "$1/mute.py" > "$1/mute2.py"
python3 "$1/mute2.py" "$2" 2526 plain &
server=$!
for _ in {1..300}; do
	(exec 3<> /dev/tcp/127.0.0.1/2526) 2>/dev/null && break
	sleep 0.2
done
"${@:3}"
rc=$?
kill $server
exit $rc
END
if unshare -n true 2>/dev/null && command -v ip > /dev/null; then
	in_net() { unshare -n bash "$T/netns.sh" "$T" "$LAB_CADIR/good.pem" \
	    strace -f -s 4000 -e trace=sendto,sendmsg,write -o "$T/sent" "$@"; }
	status 77 "rule 4: no password over plaintext to another host" \
	    in_net mailsend -S smtp://192.0.2.1:2526 --tls off -u billy \
	    --password-command "echo $PASSWORD" --quit-after auth
	like "$ERR" 'no password is sent without TLS' "rule 4: that is said"
	not_ok "rule 4: and it was not sent" grep -q 'AUTH PLAIN [A-Za-z]' \
	    "$T/sent"
	status 0 "rule 4: to the loopback it may go" in_net mailsend \
	    -S smtp://127.0.0.1:2526 --tls off -u billy \
	    --password-command "echo $PASSWORD" --quit-after auth
	in_net timeout 20 python3 "$ROOT/tests/transcript/naive" --timeout 2 \
	    -S smtp://192.0.2.1:2526 --tls off -u billy -f a@b.test \
	    --password-command "echo $PASSWORD" --body x c@d.test \
	    > /dev/null 2>&1
	ok "rule 4: control: the naive client sends it" \
	    grep -q 'AUTH PLAIN [A-Za-z]' "$T/sent"
else
	skip "rule 4: no password over plaintext" "no network namespaces"
fi

# ---- rule 5: a secret never stands in argv, environment, log, trace, core
# exec: so that $! is the tool and not a shell, which knows the password
login() { exec mailsend -S "smtps://localhost:$MUTE" --ca "$LAB_CA" -u billy \
    --auth plain -f a@b.test -vv --body x "$@" c@d.test; }
said() { grep -qs '235 well' "$1"; }
printf '#!/bin/sh\nls -l /proc/self/fd > %s/fds\ntr "\\0" "\\n" < /proc/$PPID/environ > %s/env\ntr "\\0" "\\n" < /proc/$PPID/cmdline > %s/cmd\ntr "\\0" "\\n" < /proc/$$/environ >> %s/env\ntr "\\0" "\\n" < /proc/$$/cmdline >> %s/cmd\ncat %s/pw\n' "$T" "$T" "$T" "$T" "$T" "$T" > "$T/give"
chmod 700 "$T/give"
(umask 077; echo "$PASSWORD" > "$T/pw")
login --password-command "$T/give" > "$T/out" 2> "$T/log" 7< /dev/null &
pid=$!
until_ok said "$T/log"
tr '\0' '\n' < /proc/$pid/cmdline >> "$T/cmd"
tr '\0' '\n' < /proc/$pid/environ >> "$T/env"
not_ok "rule 5: not in argv, ours or the command's" leaks "$T/cmd"
not_ok "rule 5: not in the environment" leaks "$T/env"
not_ok "rule 5: not in the trace" leaks "$T/log" "$T/out"
# memory of the process after the login; the debugger's is not asked
cat > "$T/scan.py" <<'END'
import re, sys
pid, words = sys.argv[1], [w.encode() for w in sys.argv[2:]]
found = set()
with open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for line in open(f"/proc/{pid}/maps"):
        m = re.match(r"(\w+)-(\w+) rw", line)
        if not m:
            continue
        lo, hi = int(m[1], 16), int(m[2], 16)
        try:
            mem.seek(lo)
            data = mem.read(hi - lo)
        except OSError:
            continue
        found |= {(w, line.split()[-1]) for w in words if w in data}
print(*found)
sys.exit(not found)
END
not_ok "rule 5: not in memory once logged in" \
    python3 "$T/scan.py" $pid "$PASSWORD" "$B64" "$B64B"
finish $pid
# SIGSEGV in the midst of a session; cores go to the folder it runs in
# It runs, and has a connection unless it is sleep.
midst() {	# PID NAME
	grep -qsx "$2" "/proc/$1/comm" || return 1
	[ "$2" = sleep ] || [[ $(ls -l "/proc/$1/fd") = *socket:* ]]
}
segv() {	# CMD...: leaves a core
	mkdir -p "$T/core"
	rm -f "$T/core"/*
	(cd "$T/core" && ulimit -c unlimited && exec "$@") \
	    > /dev/null 2> "$T/log" &
	pid=$!
	lab_until 60 midst $pid "$1"
	kill -SEGV $pid
	wait $pid
	[ -n "$(ls "$T/core")" ]
}
not_ok "rule 5: SIGSEGV leaves no core" segv mailsend \
    -S "smtps://localhost:$MUTE" --ca "$LAB_CA" -u billy -f a@b.test \
    --password-file "$T/pw" --body x c@d.test
if segv sleep 99 2>/dev/null; then
	ok "rule 5: control: sleep leaves one" true
else
	skip "rule 5: control: sleep leaves a core" "none are written here"
fi
# Who may look into a process that is not dumpable?  Not even its user.
cp "$BUILD/mailsend" "$LAB/mailsend"
owner() {	# CMD...: who owns what /proc shows of it
	HOME=/ setpriv --reuid=65534 --regid=65534 --clear-groups "$@" \
	    > /dev/null 2>&1 &
	pid=$!
	lab_until 60 midst $pid "${1##*/}"
	stat -c %u /proc/$pid/environ
	kill -9 $pid
}
is "$(owner "$LAB/mailsend" -S "smtps://localhost:$SLOW" --ca "$LAB_CA" \
    --quit-after ehlo)" 0 "rule 5: the process is not dumpable"
is "$(owner sleep 99)" 65534 "rule 5: control: sleep is"
login --password-command "cat $T/pw" > /dev/null 2> "$T/log" &
pid=$!
until_ok said "$T/log"
is "$(sed -n 's/^Max core file size *//p' /proc/$pid/limits | tr -s ' ')" \
    '0 0 bytes ' "rule 5: cores are off"
finish $pid
rm -f "$T/log"
exec_naive() { exec python3 "$ROOT/tests/transcript/naive" "$@"; }
exec_naive -S "smtp://127.0.0.1:$PLAIN" --tls off -u billy -f a@b.test -vv \
    --password-command "echo $PASSWORD" --body x --timeout 3 c@d.test \
    > "$T/out" 2> "$T/log" &
pid=$!
until_ok said "$T/log"
ok "rule 5: control: argv" leaks /proc/$pid/cmdline
ok "rule 5: control: the trace" leaks "$T/log"
ok "rule 5: control: memory" python3 "$T/scan.py" $pid "$PASSWORD" "$B64"
finish $pid
export SSLKEYLOGFILE=$T/keys
smtps --quit-after auth
ok "rule 5: SSLKEYLOGFILE is not listened to" test ! -s "$T/keys"
curl -s --cacert "$LAB_CA" "smtps://localhost:$LAB_SMTPS_PORT" -X NOOP \
    > /dev/null 2>&1
ok "rule 5: control: curl writes the keys" test -s "$T/keys"
unset SSLKEYLOGFILE

# ---- rule 10: bodies stream
head -c 40000000 /dev/urandom > "$T/big"
peak() { python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"; }
few() { [ "$("${@:2}")" -lt "$1" ]; }
big() { few 16384 peak "$@"; }
if san; then
	skip "rule 10: 40 MB in less than 16 MB" "the sanitizers need more"
else
	ok "rule 10: 40 MB in less than 16 MB of memory" big \
    "$BUILD/mailsend" -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
    -u billy --password-file "$T/pw2" -f billy@johndoe.com --body x \
    -a "$T/big" nobody@bulk.johndoe.com
fi
not_ok "rule 10: control: who reads it whole" big \
    python3 -c 'import sys; len(open(sys.argv[1], "rb").read())' "$T/big"

# ---- rule 12: completeness comes from the protocol, not from an end of file
# The connection ends N bytes before the server's last, without close_notify.
queue_empty() {
	[ -z "$(find "$LAB"/postfix/*/queue/{maildrop,incoming,active,deferred} \
		-type f)" ]
}
# honest CMD...: what is said of a message is true
honest() {
	local n word has all rc=0
	lab_relay CUT -t "127.0.0.1:$LAB_SMTPS_PORT"
	"$@" -S "smtps://localhost:$CUT" -s whole billy@johndoe.com || return 0
	lab_until 60 grep -q down "$LAB/relay.CUT"
	all=$(sed -n 's/.*"down":\([0-9]*\).*/\1/p' "$LAB/relay.CUT")
	lab_stop "$LAB_PID"
	rm "$LAB/relay.CUT"
	lab_mail_clear billy
	for n in 1 5 20 40 60 80 100 120 150 200 250 400 800 1800; do
		lab_relay CUT -t "127.0.0.1:$LAB_SMTPS_PORT" \
		    -c cut:down:$((all - n))
		word=sent
		"$@" -S "smtps://localhost:$CUT" -s "<$n>" \
		    billy@johndoe.com > /dev/null 2> "$T/log" || word=failed
		! grep -q 'may have been accepted' "$T/log" || word=unknown
		echo "$n $word"
		lab_stop "$LAB_PID"
	done > "$T/words"
	lab_until 60 queue_empty
	while read -r n word; do
		has=$(grep -rl "^Subject: <$n>" "$LAB_MAILDIR_billy/new" | wc -l)
		case $word$has in
		sent1|failed0|unknown?) ;;
		*)	echo "$n: $word, and $has arrived"; rc=1;;
		esac
	done < "$T/words"
	cat "$T/words"
	return $rc
}
ok "rule 12: cut at many places, what is said is true" honest mailsend \
    --ca "$LAB_CA" -u billy --password-command 'echo secret' --auth plain \
    -f billy@johndoe.com --body x
ok "rule 12: and some was not known" grep -q unknown "$T/words"
not_ok "rule 12: control: the naive client" honest \
    python3 "$ROOT/tests/transcript/naive" -u billy \
    --password-command 'echo secret' -f billy@johndoe.com --body x

# ---- rule 13: every wait has a deadline, inside TLS too
stalled() {	# CMD...: it ends by itself within 3 s
	timeout -k 1 3 "${@}"
	[ $? -lt 124 ]
}
start=$(date +%s%N)
status 75 "rule 13: a handshake that stalls" mailsend \
    -S "smtps://localhost:$SLOW" --ca "$LAB_CA" --timeout 1 --quit-after ehlo
took=$((($(date +%s%N) - start) / 1000000))
ok "rule 13: is given up in time ($took ms)" test $took -lt 20000
like "$ERR" 'TLS handshake: the time allowed' "rule 13: and named"
not_ok "rule 13: control: openssl waits for ever" stalled \
    openssl s_client -connect "127.0.0.1:$SLOW" < "$LAB/never"

# ---- rule 14: names given by a server become no paths
# mailsend has one path that another's text could reach: the copy of --save.
mkdir "$T/box"
printf 'Message-ID: <../../../x@y>\nSubject: ../../z\n\nx\n' > "$T/paths"
status 0 "rule 14: a hostile Message-ID" smtps --message "$T/paths" \
    --save "maildir:$T/box/sent" billy@johndoe.com
is "$(find "$T/box" -type f | wc -l)" 1 "rule 14: one copy, in its place"
ok "rule 14: by a name of our own" test -n \
    "$(find "$T/box/sent/cur" -name '[0-9]*.R*P*.*:2,S')"
by_name() { [ "$(find "$1" -type f | wc -l)" = 1 ] &&
    [ -z "$(find "$1" -path '*x@y*')" ]; }
ok "rule 14: the check" by_name "$T/box"
mkdir -p "$T/bad/a/b/c"
(cd "$T/bad/a/b/c" && cp "$T/paths" '../../../x@y')
not_ok "rule 14: control: a file called by its Message-ID" by_name "$T/bad"

# ---- rule 16: write, fsync, rename, fsync of the folder
trace_save() { strace -f -y -e trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink \
    -o "$T/calls" "$@"; }
durable() { python3 - "$T/calls" "$1" <<'END'
import re, sys
want = ["open", "write", "fsync", "rename", "fsyncdir"]
got = []
for line in open(sys.argv[1]):
    if sys.argv[2] not in line:
        continue
    m = re.match(r"\d+ +(\w+)\(", line)
    if not m or "= -1" in line:
        continue
    call = m[1]
    if call == "openat" and "/tmp/" in line and "O_EXCL" in line:
        got.append("open")
    elif call == "write" and got[-1:] != ["write"]:
        got.append("write")
    elif call == "fsync":
        got.append("fsync" if sys.argv[2] + "/tmp/" in line else "fsyncdir")
    elif call.startswith("rename") or call.startswith("link"):
        got.append("rename")
print(got)
sys.exit(got != want)
END
}
trace_save "$BUILD/mailsend" -S "smtps://localhost:$LAB_SMTPS_PORT" \
    --ca "$LAB_CA" -u billy --password-command 'echo secret' \
    -f billy@johndoe.com --body kept --save "maildir:$T/kept" \
    billy@johndoe.com
ok "rule 16: the copy is durable before it is there" durable "$T/kept"
mkdir -p "$T/kept2"/{tmp,cur,new}
# shellcheck disable=SC2016
trace_save sh -c 'echo x > "$1/tmp/1" && mv "$1/tmp/1" "$1/cur/1"' sh "$T/kept2"
not_ok "rule 16: control: sh does not care" durable "$T/kept2"

# ---- rule 17: a crash leaves the old or the new
whole() {	# DIR: nothing partial where a reader looks
	local f
	for f in "$1"/cur/* "$1"/new/*; do
		[ ! -e "$f" ] || tail -n 1 "$f" | grep -qx 'the last line' ||
			return 1
	done
}
{ seq 20000; echo 'the last line'; } > "$T/lines"
crash() {	# CALL N: killed at the N-th such call in the Maildir
	rm -rf "$T/crash"
	strace -f -qq -o /dev/null -P "$T/crash" -P "$T/crash/tmp" \
	    -P "$T/crash/cur" -P "$T/crash/new" \
	    -e trace=openat,write,fsync,rename,close \
	    -e inject="$1":signal=SIGKILL:when="$2" \
	    "$BUILD/mailsend" -S "lmtp:$LAB_LMTP_SOCKET" \
	    -f billy@johndoe.com --save "maildir:$T/crash" \
	    jane@johndoe.com < "$T/lines" > /dev/null 2>&1
	[ $? != 0 ] || return 0
	points=$((points + 1))
}
points=0 bad=0
for call in openat write fsync rename close; do
	for n in 1 2 3; do
		crash $call $n 2>/dev/null
		whole "$T/crash" || bad=$((bad + 1))
	done
done
ok "rule 17: it was killed ($points times)" test $points -gt 3
is $bad 0 "rule 17: killed at $points calls of --save, nothing partial"
mkdir -p "$T/half/cur" "$T/half/new"
head -n 5 "$T/lines" > "$T/half/cur/1"
not_ok "rule 17: control: half a message is seen" whole "$T/half"

# ---- rule 18: 0 means that all is done
status 74 "rule 18: a report that cannot be written is no success" \
    sh -c 'mailsend -n -f a@b.test --body x c@d.test > /dev/full'
status 74 "rule 18: nor is a closed standard output" \
    sh -c 'mailsend -n -f a@b.test --body x c@d.test >&-'
noticed() { "$@" > /dev/full 2>&1; [ $? = 74 ]; }
not_ok "rule 18: control: who does not look" noticed sh -c 'echo x; exit 0'
for closed in '0<&-' '2>&-' '0<&- 1>&- 2>&-'; do
	lab_mail_clear billy
	status 0 "rule 18: sent, with $closed" bash -c "mailsend \
	    -S smtps://localhost:$LAB_SMTPS_PORT --ca $LAB_CA -u billy -v \
	    --password-command 'echo secret' -f billy@johndoe.com --body x \
	    billy@johndoe.com $closed"
	ok "rule 18: and it arrived" lab_mail_wait billy 1
done

# ---- rule 19: no shell, CLOEXEC, Landlock
is "$(awk '/->/ { print $(NF-2) }' "$T/fds" | sort -n | tr '\n' ' ')" \
    "0 1 2 3 " "rule 19: a password command has 0, 1, 2 (and ls its own 3)"
status 0 "rule 19: a command to connect with" smtps --quit-after ehlo \
    --connect-command "ls -l /proc/self/fd > $T/fds3
	exec ncat 127.0.0.1 $LAB_SMTPS_PORT" 7< /dev/null
is "$(awk '/->/ { print $(NF-2) }' "$T/fds3" | sort -n | tr '\n' ' ')" \
    "0 1 2 3 " "rule 19: has no more than these either"
bash -c "exec 8< /dev/null; ls -l /proc/self/fd > $T/fds2"
isnt "$(awk '/->/ { print $(NF-2) }' "$T/fds2" | sort -n | tr '\n' ' ')" \
    "0 1 2 3 " "rule 19: control: a shell passes its own on"
# It restricts itself, and connects to TCP after that.  No name: where it has two
# addresses, getaddrinfo(3) connects to both by UDP, to sort them.
sandboxed() {
	strace -f -e trace=connect,landlock_restrict_self -o "$T/calls" "$@" \
	    > /dev/null 2>&1
	awk '/landlock_restrict_self.*= 0/ { on = 1 }
	    /connect\(.*AF_INET/ && /htons\('"$LAB_SMTPS_PORT"'\)/ {
		seen = 1; if (!on) bad = 1 }
	    END { exit !on || !seen || bad }' "$T/calls"
}
if python3 -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)'; then
	ok "rule 19: Landlock before connect" sandboxed "$BUILD/mailsend" \
	    -S "smtps://127.0.0.1:$LAB_SMTPS_PORT" --ca "$LAB_CA" --quit-after ehlo
	ok "rule 19: with a command to connect with, too" \
	    sandboxed "$BUILD/mailsend" -S "smtps://127.0.0.1:$LAB_SMTPS_PORT" \
	    --ca "$LAB_CA" --quit-after ehlo \
	    --connect-command "ncat 127.0.0.1 $LAB_SMTPS_PORT"
	not_ok "rule 19: control: --no-sandbox" sandboxed \
	    "$BUILD/mailsend" -S "smtps://127.0.0.1:$LAB_SMTPS_PORT" \
	    --ca "$LAB_CA" --quit-after ehlo --no-sandbox
	not_ok "rule 19: control: curl has none" sandboxed curl -s \
	    --cacert "$LAB_CA" "smtps://127.0.0.1:$LAB_SMTPS_PORT" -X NOOP
else
	skip "rule 19: Landlock before connect" "not in this kernel"
fi
# What the sandbox must not break: a second connection, --source, [::1].
status 0 "rule 19: --source works in it" smtps --source 127.0.0.1 \
    --quit-after ehlo
[ -z "$LAB_IPV6" ] || status 0 "a server by its IPv6 address" smtps \
    -S "smtps://[::1]:$LAB_SMTPS_PORT" --quit-after ehlo

# ---- rule 20 for channel bindings: SCRAM-SHA-256-PLUS against a server that
# checks, and against somebody in the middle whose certificate is believed
cat > "$T/middle.py" <<'END'
import socket, ssl, sys, threading
cert, port, server, hide, version = sys.argv[1:6]
def pump(a, b, word):
    try:
        while data := a.recv(4096):
            if word == "hide":
                data = data.replace(b"SCRAM-SHA-256-PLUS ", b"")
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
front.load_cert_chain(cert)
back = ssl._create_unverified_context()
if version == "1.2":
    front.maximum_version = ssl.TLSVersion.TLSv1_2
listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    sock, _ = listener.accept()
    try:
        a = front.wrap_socket(sock, server_side=True)
        b = back.wrap_socket(socket.create_connection(
            ("127.0.0.1", int(server))))
        threading.Thread(target=pump, args=(a, b, ""), daemon=True).start()
        pump(b, a, hide)
    except OSError:
        pass
END
scram() { mailsend -S "smtps://localhost:$1" --ca "$LAB_CA" -u billy \
    --password-file "$T/pw" --quit-after auth --timeout 10 "${@:2}"; }
middle() {	# VAR CERT HIDE VERSION SERVER
	local port
	port=$(free_port)
	lab_spawn "middle.$1" python3 "$T/middle.py" "$2" "$port" "$5" "$3" "$4"
	wait_port 127.0.0.1 "$port"
	declare -g "$1=$port"
}
if ${CC:-cc} -o "$T/scram" "$ROOT/tests/server/scram.c" -lssl -lcrypto; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$T/key" -out "$T/crt" -subj /CN=x -days 2 \
	    -addext subjectAltName=DNS:localhost 2>/dev/null
	cat "$T/key" "$T/crt" > "$T/middle.pem"
	cat "$LAB_CA" "$T/crt" > "$T/both.pem"	# an authority gone bad
	for v in 1.3 1.2; do
		port=$(free_port)
		lab_spawn "scram.$v" "$T/scram" "$port" \
		    "$LAB_CADIR/good.pem" $v "$PASSWORD"
		out=$LAB/scram.$v.out
		wait_port 127.0.0.1 "$port"
		status 0 "SCRAM-SHA-256-PLUS over TLS $v" scram "$port"
		like "$(cat "$out")" 'p=tls-.*,, yes' "TLS $v: bound: $(cat "$out")"
		status 77 "TLS $v: a wrong password" mailsend \
		    -S "smtps://localhost:$port" --ca "$LAB_CA" -u billy \
		    --password-command 'echo wrong' --quit-after auth
		middle MIDDLE "$T/middle.pem" - $v "$port"
		status 77 "TLS $v: somebody in the middle is found out" \
		    scram "$MIDDLE" --ca "$T/both.pem"
		like "$ERR" 'channel bindings do not match' "TLS $v: so"
		status 0 "TLS $v: control: without -PLUS nobody notices" \
		    scram "$MIDDLE" --ca "$T/both.pem" --auth scram-sha-256
		middle HIDER "$T/middle.pem" hide $v "$port"
		status 77 "TLS $v: who hides -PLUS is found out" \
		    scram "$HIDER" --ca "$T/both.pem"
		like "$ERR" 'somebody hid -PLUS' "TLS $v: so"
	done
else
	skip "SCRAM-SHA-256-PLUS" "it does not compile"
fi

# ---- rule 20, and memory: a whole submission under valgrind
valgrind_ok() { valgrind -q --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite --track-fds=no "$@"; }
if san; then
	skip "memory: valgrind" "the sanitizers are here"
else
	ok "memory: valgrind finds nothing in a submission" valgrind_ok \
    "$BUILD/mailsend" -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' -f billy@johndoe.com \
    -s 'ünïcode 🎉' -a "$ROOT/README.md" --body 'x y' --save "maildir:$T/vg" \
    billy@johndoe.com
fi
printf '#include <stdlib.h>\nint main(void) { char *p = malloc(1); return p[1] + 0 * (p = 0, 1); }\n' > "$T/bad.c"
${CC:-cc} -O0 -o "$T/bad.out" "$T/bad.c" 2>/dev/null
not_ok "memory: control: valgrind finds a bad program" valgrind_ok "$T/bad.out"
done_testing
