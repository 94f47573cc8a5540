#!/usr/bin/env bash
# Peers that talk without getting anywhere are left, without --timeout, in real
# time (tests/unit/conn_time.c has all limits in a time of its own).  All cases
# run side by side, for five minutes.
# shellcheck disable=SC1091
set -u
. "$(dirname "$0")/../lib.sh"
command -v python3 > /dev/null || skip_all 'python3 is not installed'
export XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config

# Each case has a port.  What it says to a line that begins so, in order; then
# it drips: a text every so many seconds.
cat > "$T/server.py" << 'P'
import os, socket, sys, threading, time

POP = {b"CAPA": b"+OK\r\nUIDL\r\nTOP\r\nUSER\r\n.\r\n", b"USER": b"+OK\r\n",
       b"PASS": b"+OK\r\n", b"LIST": b"+OK\r\n1 12000\r\n.\r\n",
       b"UIDL": b"+OK\r\n1 a\r\n.\r\n", b"RETR": b"+OK\r\n",
       b"QUIT": b"+OK\r\n", b"TOP": b"+OK\r\nS: x\r\n\r\n.\r\n"}
IMAP = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
        b"LOGIN": b"TAG OK\r\n", b"AUTHENTICATE": b"+ \r\n",
        b"EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n"
                    b"* OK [UIDNEXT 2] x\r\nTAG OK [READ-ONLY]\r\n",
        b"SEARCH": b"* SEARCH 1\r\nTAG OK\r\n"}
SMTP = {b"EHLO": b"250 x\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n",
        b"DATA": b"354 go\r\n"}
DRIP = b"* OK still here\r\n"
# greeting, answers, the word after which it drips, what, each, how often, end
CASES = {
    "greeting": (b"", SMTP, b"", b"2", 1),
    "ehlo": (b"220 x\r\n", {}, b"EHLO", b"250-x\r\n", 20),
    # what it said meanwhile would end it, as an answer to nothing
    "deaf": (b"220 x\r\n", SMTP, b"DATA", b"", 20),
    "body": (b"+OK\r\n", POP, b"RETR", b"x", 1),
    "slow": (b"+OK\r\n", POP, b"RETR", b"x" * 48 + b"\r\n", 1, 240,
             b".\r\n"),
    "fetch": (b"* OK x\r\n", IMAP, b"FETCH", DRIP, 20),
    "literal": (b"* OK x\r\n", dict(IMAP, FETCH=0) | {
        b"FETCH": b"* 1 FETCH (UID 1 BODY[] {12000}\r\n"}, b"FETCH", b"x", 1),
    "list": (b"* OK x\r\n", IMAP, b"LIST", DRIP, 20),
}


def drip(c, what, each, often=10 ** 9, end=b""):
    try:
        for _ in range(often):
            time.sleep(each)
            c.sendall(what)
        c.sendall(end)
    except OSError:
        pass


def serve(c, name):
    greeting, answers, word, *how = CASES[name]
    c.sendall(greeting)
    start = [threading.Thread(target=drip, args=(c, *how), daemon=True)]
    if word == b"":
        start.pop().start()
    f, literal = c.makefile("rb"), False
    for line in f:
        words = line.split()
        tag = words[0] if name in ("fetch", "literal", "list") else b""
        if literal:                     # of LOGIN: the user, the password
            literal = line.endswith(b"}\r\n")
            c.sendall(b"+ \r\n" if literal else first + b" OK\r\n")
            continue
        if line.endswith(b"}\r\n"):
            first, literal = tag, True
            c.sendall(b"+ \r\n")
            continue
        for w in words[:3]:
            if w.upper() in answers:
                c.sendall(answers[w.upper()].replace(b"TAG", tag))
                break
        if word in line.upper() and start:
            start.pop().start()
            if name == "deaf":
                time.sleep(1000)


def listen(name):
    s = socket.create_server(("127.0.0.1", 0))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    os.write(1, b"%s %d\n" % (name.encode(), s.getsockname()[1]))
    while True:
        c, _ = s.accept()
        threading.Thread(target=serve, args=(c, name), daemon=True).start()


for name in CASES:
    threading.Thread(target=listen, args=(name,)).start()
P
: > "$T/ports"
python3 "$T/server.py" > "$T/ports" &
server=$!
trap 'kill $server; rm -rf "$T"' EXIT
until [ "$(wc -l < "$T/ports")" = 8 ]; do sleep .1; done
port() { awk -v n="$1" '$1 == n { print $2 }' "$T/ports"; }
(umask 077; echo secret > "$T/pw")
head -c 40000000 /dev/zero | tr '\0' x | fold -w 76 > "$T/much"

# start NAME CMD...: in the background; its status and seconds in a file
start() {
	local name=$1
	shift
	(
		t0=$EPOCHSECONDS
		timeout 500 "$@" > "$T/$name.out" 2> "$T/$name.err"
		echo "$? $((EPOCHSECONDS - t0))" > "$T/$name.rc"
	) &
}
send() { start "$1" mailsend -S "smtp://127.0.0.1:$(port "$1")" --tls off \
	-f a@x.test b@y.test "${@:2}" < /dev/null; }
fetch() { start "$1" mailfetch -S "$2://127.0.0.1:$(port "$1")" --tls off \
	-u jo --password-file "$T/pw" --state "$T/$1.state" -d "mbox:$T/$1"; }
send greeting --body hi
send ehlo --body hi
send deaf -a "$T/much"
fetch body pop3
fetch slow pop3
fetch fetch imap
fetch literal imap
start list imapsync -S "imap://127.0.0.1:$(port list)" --tls off -u jo \
	--password-file "$T/pw" --near "$T/near" --state "$T/list.state"
for job in $(jobs -rp); do
	[ "$job" = "$server" ] || wait "$job"
done

# left NAME SECONDS WORDS: with 75, then or at most a minute later; what it took
# at first counts for the 180 seconds in which it did
left() {
	local most=$(($2 + 60))
	[ "$1" = deaf ] && most=$((2 * $2 + 60))
	local rc seconds
	read -r rc seconds < "$T/$1.rc"
	is "$rc" 75 "$1: it is left"
	ok "$1: after $2 s ($seconds)" test "$seconds" -ge $(($2 - 2)) -a \
		"$seconds" -le $most
	like "$(cat "$T/$1.err")" "$3" "$1: the reason"
}
left greeting 300 'the greeting: not complete after 300 seconds'
left ehlo 300 'EHLO: not complete after 300 seconds'
left deaf 180 'sending the message: .*(KB a minute|180 seconds)'
left body 300 'a message: less than 2 KB a minute'
left fetch 300 'FETCH: not complete after 300 seconds'
left literal 300 'FETCH: less than 2 KB a minute'
left list 300 'LIST: not complete after 300 seconds'
is "$(cut -d' ' -f1 "$T/slow.rc")" 0 'slow: 3 KB a minute are enough'
is "$(grep -c xxxx "$T/slow")" 240 'slow: and all of it is here'
done_testing
