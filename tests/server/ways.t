#!/usr/bin/env bash
# The ways to the server: one of its addresses is dead, and proxies, by programs
# not our own. And those to the secret: each place, on a real login.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix
export HOME=$T XDG_CONFIG_HOME=$T

bare() { mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" "$@"; }
asked() { bare -u billy --quit-after auth "$@"; }
conf() {	# LINE...: the configuration file
	mkdir -p "$T/postbag"
	(umask 077; { echo defaults; printf '%s\n' "$@"; } > "$T/postbag/config")
}

# ---- two addresses; to the first one, IPv6, packets vanish (RFC 8305)
cat > "$T/two.sh" <<'END'
set -e
ip link set lo up
ip tuntap add dev gone mode tap
ip link set gone up
ip address add 10.9.9.1/24 dev gone
ip -6 address add 2001:db8::1/64 dev gone nodad
ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev gone
printf '2001:db8::9 two.test\n10.9.9.1 two.test\n' > "$1/hosts"
mount --bind "$1/hosts" /etc/hosts
python3 -c '
import socket
server = socket.create_server(("10.9.9.1", 2525))
while True:
    try:
        with server.accept()[0] as s, s.makefile("rwb", 0) as f:
            f.write(b"220 two.test\r\n")
            for _ in f:
                f.write(b"250 ok\r\n")
    except ConnectionError:
        pass            # the answer to QUIT is not waited for
' &
server=$!
for _ in {1..200}; do
	! (exec 3<> /dev/tcp/10.9.9.1/2525) 2>/dev/null || break
	sleep 0.05
done
rc=0
"${@:2}" || rc=$?
kill $server
exit $rc
END
two() { unshare -n -m bash "$T/two.sh" "$T" "$@"; }
if two true 2>/dev/null; then
	status 0 "a dead address is left for the next at once" two \
	    timeout 3 mailsend -S smtp://two.test:2525 --tls off \
	    --quit-after ehlo -v
	like "$ERR" 'connected to two.test:2525 \(10.9.9.1\)' "that is IPv4 here"
	status 124 "control: who tries one after the other is not there by then" \
	    two timeout 3 python3 -c 'import socket
socket.create_connection(("two.test", 2525))'
	status 75 "-6 waits for the dead one, as long as --timeout" two mailsend \
	    -S smtp://two.test:2525 --tls off --quit-after ehlo -6 --timeout 1
	like "$ERR" 'no answer in time' "is said"
else
	skip "two addresses, the first one dead" "no namespaces, or no tap"
fi

# ---- proxies
SOCKS=$(free_port) LOCKED=$(free_port) HTTP=$(free_port) GUARDED=$(free_port)
lab_spawn socks microsocks -i 127.0.0.1 -p "$SOCKS"
lab_spawn locked microsocks -i 127.0.0.1 -p "$LOCKED" -u jo -P 'p:w@d'
lab_spawn http ncat -lk --proxy-type http 127.0.0.1 "$HTTP"
lab_spawn guarded ncat -lk --proxy-type http --proxy-auth jo:hush \
    127.0.0.1 "$GUARDED"
for p in "$SOCKS" "$LOCKED" "$HTTP" "$GUARDED"; do
	wait_port 127.0.0.1 "$p"
done
for p in "socks5://127.0.0.1:$SOCKS" "socks5h://localhost:$SOCKS" \
    "http://127.0.0.1:$HTTP/"; do
	status 0 "through ${p%:*}" asked --password-command 'echo secret' \
	    --proxy "$p" -v
	like "$ERR" "connected to localhost:$LAB_SMTPS_PORT" "it is said"
done
status 77 "the certificate is still the server's, by name" mailsend \
    --ca "$LAB_CA" -S "smtps://127.0.0.2:$LAB_SMTPS_PORT" --quit-after ehlo \
    --connect-to "127.0.0.1:$LAB_SMTPS_PORT" --proxy "socks5://127.0.0.1:$SOCKS"
like "$ERR" 'not for 127.0.0.2' "and so is said"

# its password comes from the configuration, and is shown nowhere
conf "proxy socks5://jo:p:w@d@127.0.0.1:$LOCKED"
status 0 "SOCKS5 with a password" asked --password-command 'echo secret' -vvv
unlike "$OUT$ERR" 'p:w@d' "which is not shown"
conf "proxy socks5://jo:wrong@127.0.0.1:$LOCKED"
status 77 "a wrong one" asked --password-command 'echo secret'
like "$ERR" 'proxy: login refused' "is said"
unlike "$ERR" 'wrong@|jo:' "without it"
status 77 "none where one is wanted" asked --password-command 'echo secret' \
    --proxy "socks5://127.0.0.1:$LOCKED"
like "$ERR" 'proxy: it wants a login' "is said"
conf "proxy http://jo:hush@127.0.0.1:$GUARDED"
status 0 "HTTP with a password" asked --password-command 'echo secret' -vvv
unlike "$OUT$ERR" "hush|$(printf jo:hush | base64)" "which is not shown"
conf "proxy http://jo:wrong@127.0.0.1:$GUARDED"
status 77 "a wrong one" asked --password-command 'echo secret'
like "$ERR" 'proxy: HTTP/1.[01] 407' "is said"
rm "$T/postbag/config"
status 64 "a password on the command line" asked \
    --proxy "http://jo:hush@127.0.0.1:$GUARDED"
like "$ERR" 'configuration file' "where it belongs is said"
unlike "$ERR" 'hush' "without it"

# a proxy on this machine may lead anywhere: no password in the clear
plain() {
	mailfetch -l --tls off -S "imap://127.0.0.1:$LAB_IMAP_PORT" -u billy \
	    --auth plain --password-command 'echo secret' "$@"
}
status 0 "to this machine a password may go in the clear" plain
status 77 "through a proxy it may not" plain \
    --proxy "socks5://127.0.0.1:$SOCKS"
like "$ERR" 'TLS' "is said"
# what is no proxy, and what it cannot reach
closed=$(free_port)
status 75 "nobody listens behind SOCKS5" mailsend --timeout 10 \
    -S "smtps://127.0.0.1:$closed" --proxy "socks5://127.0.0.1:$SOCKS" \
    --quit-after ehlo
like "$ERR" "127.0.0.1:$closed: proxy: " "who said so"
status 75 "nobody listens behind HTTP" mailsend --timeout 10 \
    -S "smtps://127.0.0.1:$closed" --proxy "http://127.0.0.1:$HTTP" \
    --quit-after ehlo
like "$ERR" "127.0.0.1:$closed: proxy: HTTP/1.[01] 5" "who said so"
status 75 "no proxy listens" asked --password-command 'echo secret' \
    --proxy "socks5://127.0.0.1:$closed"
like "$ERR" "refused" "is said"
for kind in socks5 http; do
	status 76 "a mail server is no $kind proxy" asked --timeout 10 \
	    --password-command 'echo secret' \
	    --proxy "$kind://127.0.0.1:$LAB_SUBMISSION_PORT"
	like "$ERR" 'proxy: it does not speak' "is said"
done
status 64 "a proxy of a kind that is none" asked \
    --password-command 'echo secret' --proxy "ftp://127.0.0.1:$SOCKS"
like "$ERR" 'neither socks5:// nor http://' "is said"

# A password over plaintext is not private because the proxy is on loopback.
status 77 "no password without TLS through a proxy" asked --tls off \
    -S "smtp://localhost:$LAB_SUBMISSION_PORT" --auth plain \
    --password-command 'echo secret' --proxy "socks5://127.0.0.1:$SOCKS"
like "$ERR" 'no password is sent without TLS|offers no AUTH' "is said"

# ---- the secret
(umask 077; echo secret > "$T/pw"; echo wrong > "$T/no"
mkdir "$T/cred"; echo secret > "$T/cred/postbag.password"
echo wrong > "$T/cred/postbag.other"; echo secret > "$T/cred/postbag.work")
nowhere() { setsid "$BUILD/mailsend" -S "smtps://localhost:$LAB_SMTPS_PORT" \
    --ca "$LAB_CA" -u billy --quit-after auth "$@"; }

status 0 "--password-file" asked --password-file "$T/pw"
from_fd() { asked --password-fd 9 9< "$T/pw"; }
status 0 "--password-fd" from_fd
status 64 "--password-fd that is not open" asked --password-fd 9
like "$ERR" 'password-fd 9: .*descriptor' "is said"
POSTBAG_PASSWORD_FILE=$T/pw status 0 '$POSTBAG_PASSWORD_FILE' asked
CREDENTIALS_DIRECTORY=$T/cred status 0 "a systemd credential" asked
conf "ca $LAB_CA" 'account other' "smtp smtps://localhost:$LAB_SMTPS_PORT" \
    'user billy' 'account work : other'
CREDENTIALS_DIRECTORY=$T/cred status 0 "one of an account's name" \
    mailsend -A work --quit-after auth
CREDENTIALS_DIRECTORY=$T/cred status 77 "which is another for another" \
    mailsend -A other --quit-after auth
rm "$T/postbag/config"
(umask 077; printf 'machine localhost login jane password "%s"\n%s\n' \
    'geheim ünïcode \"quoted\"' 'machine localhost login billy password secret' \
    > "$T/.netrc")
status 0 "~/.netrc" asked
status 0 "the other one there, with quotes" bare -u jane --quit-after auth
cp -p "$T/.netrc" "$T/rc"
sed -i 's/secret/wrong/' "$T/rc"
status 77 "--netrc names another" asked --netrc "$T/rc"
like "$ERR" 'login refused: 535' "which is used"
chmod 644 "$T/.netrc"
status 77 "~/.netrc that others can read is passed over" nowhere < /dev/null
like "$ERR" 'no password for billy at localhost: .*netrc.*no terminal' \
    "where was looked is said"
rm "$T/.netrc"

for mode in 644 660 604; do		# 640 of root's is the system's
	chmod "$mode" "$T/pw"
	status 78 "a password file with mode $mode" asked --password-file "$T/pw"
	like "$ERR" "$T/pw.*$mode" "is said"
done
chmod 600 "$T/pw"
status 78 "a command that fails" asked --password-command 'echo secret; exit 3'
like "$ERR" 'password-command: exit status 3' "is said"
status 78 "a command that prints nothing" asked --password-command true
like "$ERR" 'printed nothing' "is said"
status 66 "a password file that is not there" asked --password-file "$T/none"
like "$ERR" "$T/none: No such file" "is said"

# The command line counts before the places that are looked at by themselves.
status 0 "a command before file and environment" env \
    POSTBAG_PASSWORD_FILE="$T/no" CREDENTIALS_DIRECTORY="$T/cred" \
    "$BUILD/mailsend" -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
    -u billy --quit-after auth --password-command 'echo secret'

# At a terminal it is asked for, not shown, and the terminal is as before.
cat > "$T/type.py" <<'END'
import os, pty, sys, termios, time
pid, tty = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen, typed = b"", False
while True:
    try:
        some = os.read(tty, 1000)
    except OSError:
        break
    if not some:
        break
    seen += some
    if b"Password for" in seen and not typed:
        time.sleep(0.1)		# the echo is off by now
        typed = True
        os.write(tty, sys.argv[1].encode() + b"\n")
print(seen.decode(), end="")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
typed() { python3 "$T/type.py" "$1" "$BUILD/mailsend" --ca "$LAB_CA" \
    -S "smtps://localhost:$LAB_SMTPS_PORT" -u billy --quit-after auth; }
status 0 "a prompt at a terminal" typed secret
like "$OUT" 'Password for billy at localhost: ' "says for whom"
unlike "$OUT" 'secret' "and does not echo"
status 77 "a wrong password typed" typed nonsense
like "$OUT" 'login refused: 535' "is refused in the server's words"
status 77 "an empty one" typed ''
like "$OUT" 'no password was typed' "is said"
done_testing
