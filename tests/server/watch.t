#!/usr/bin/env bash
# mailfetch --watch on Dovecot: mail that comes, servers that go, connections
# that are cut or fall silent, and a machine that was suspended.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
LAB_DOVECOT_CONF='imap_idle_notify_interval = 1s'
lab_up dovecot
export XDG_STATE_HOME=$T/state
LIB=$BUILD/lab/killn.so

n=0
mail() {	# HOW MANY: new ones in the server's Maildir
	python3 - "$LAB_MAILDIR_billy" "$n" "$1" <<'P'
import os, sys
d, a, k = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for i in range(a, a + k):
    name = "%d.M%d.host" % (1700000000 + i, i)
    with open("%s/tmp/%s" % (d, name), "w") as f:
        f.write("From: a@b.test\nSubject: %d\n\n" % i + "line\n" * 400)
    os.chmod(f.name, 0o666)
    os.rename(f.name, "%s/new/%s" % (d, name))
P
	n=$((n + $1))
}
here() { find "$T/md/new" "$T/md/cur" -type f 2>/dev/null | wc -l; }
all_here() { [ "$(here)" -ge "$n" ]; }
said() { grep -qE "$1" "$T/said"; }
idles() { [ "$(grep -c '^< + idling' "$T/said")" -ge "$1" ]; }
comes() {	# NAME: all of it, once
	ok "$1" lab_until 60 all_here
	sleep 0.3
	is "$(here)" "$n" "and it comes once"
}
# watch URL [NAME=VALUE...] -- ARG...: in the background
watch() {
	local url=$1
	local -a env=()
	shift
	while [ "$1" != -- ]; do env+=("$1"); shift; done
	shift
	: > "$T/said"
	env "${env[@]}" "$BUILD/mailfetch" -vv -S "$url" --ca "$LAB_CA" -u billy \
		--auth plain --password-command 'echo secret' --watch \
		--state "$T/the.state" -d "maildir:$T/md" --create "$@" 2>> "$T/said" &
	WATCH=$!
}
stop() { kill "$WATCH" 2>/dev/null; wait "$WATCH" 2>/dev/null; }
RELAY=
trap 'stop; [ -z "$RELAY" ] || kill "$RELAY" 2> /dev/null; lab_down; rm -rf "$T"' EXIT

# ---- mail that comes
mail 2
watch "imaps://localhost:$LAB_IMAPS_PORT" --
comes "what was there is fetched"
ok "then it waits" lab_until 60 idles 1
mail 1
comes "mail that comes while it waits"
mail 5
comes "five more"
there() { [ "$(grep -c '^< \* OK Still here' "$T/said")" -ge "$1" ]; }
lab_until 60 there 1
seen=$(grep -c '^< \* OK Still here' "$T/said")
idled=$(grep -c '^> A.* IDLE' "$T/said")
lab_until 60 there $((seen + 2))
is "$(grep -c '^> A.* IDLE' "$T/said")" "$idled" \
    "a server that says it is still there causes no traffic"
ok "and said so" said '^< \* OK Still here'
like "$(ss -tnoH "dport = :$LAB_IMAPS_PORT")" 'keepalive' \
    "a peer that is gone without a word would be noticed"
status 75 "a second run exits at once" mailfetch -q \
    -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" -u billy \
    --password-command 'echo secret' --state "$T/the.state" -d "maildir:$T/md"

status 75 "and so does one that would watch" timeout 60 "$BUILD/mailfetch" -q \
    -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" -u billy --watch \
    --password-command 'echo secret' --state "$T/the.state" -d "maildir:$T/md"

# ---- the server is restarted
: > "$T/said"
lab_stop "$LAB_DOVECOT_PID"
lab_until 60 said '^mailfetch: '
mail 1
lab_dovecot_run
comes "the server was restarted: its mail comes"
ok "it waits again" lab_until 60 idles 1
is "$(grep -c '^mailfetch: ' "$T/said")" 1 "the outage is said, once"
mail 1
comes "and is told of the next"
stop

# ---- the connection is cut in the middle of a message
lab_relay CUT -c cut:down:20000 -n 1 -t "127.0.0.1:$LAB_IMAP_PORT"
mail 30
watch "imap://localhost:$CUT" -- --tls off
comes "cut within a message: the rest comes"
stop
lab_relay RST -c rst:down:30000 -n 2 -t "127.0.0.1:$LAB_IMAP_PORT"
mail 40
watch "imap://localhost:$RST" -- --tls off
comes "twice, with a reset"
stop

# ---- silence: the relay passes on nothing more, as when a network is lost
# AddressSanitizer does not like another library in front of it.
if ! grep -q __asan_init "$BUILD/mailfetch"; then
# It lets pass all until there is a file, and then, on its first connection,
# nothing more down.
cat > "$T/silent" <<'P'
import os, socket, sys, threading
at = socket.create_server(("127.0.0.1", 0))
print(at.getsockname()[1], flush=True)
def pump(a, b, first):
    while data := a.recv(65536):
        if not (first and os.path.exists(sys.argv[2])):
            b.sendall(data)
    b.close()
first = True
while True:
    c = at.accept()[0]
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    for args in (s, c, first), (c, s, False):
        threading.Thread(target=pump, args=args, daemon=True).start()
    first = False
P
lab_dovecot_conf 'imap_idle_notify_interval = 5 mins'
python3 "$T/silent" "$LAB_IMAP_PORT" "$T/now" > "$T/silent.port" 2> /dev/null &
RELAY=$!
lab_until 60 test -s "$T/silent.port"
SILENT=$(< "$T/silent.port")
watch "imap://localhost:$SILENT" "LD_PRELOAD=$LIB" "KILLN_SLEPT=$T/slept" -- --tls off
ok "it waits behind a relay that goes silent then" lab_until 60 idles 1
: > "$T/now"
mail 1
sleep 2
is "$(here)" $((n - 1)) "a silent connection tells of nothing"
touch "$T/slept"
comes "after the machine was suspended it connects anew"
not_ok "which is no outage" said '^mailfetch: '
ok "and waits again" lab_until 60 idles 2
mail 1
comes "mail that comes then"
stop
kill "$RELAY"
wait "$RELAY" 2> /dev/null || :
# POP3 is asked every five minutes, and when the machine wakes up.
rm -rf "$T/md"
watch "pop3s://localhost:$LAB_POP3S_PORT" "LD_PRELOAD=$LIB" "KILLN_SLEPT=$T/later" -- --state "$T/pop.state"
comes "POP3: what was there"
mail 1
sleep 1
is "$(here)" $((n - 1)) "it cannot tell of new mail"
touch "$T/later"
comes "it is asked at once after a suspension"
stop
else
	skip "a suspended machine" "a build with sanitizers"
fi

# ---- several folders on one connection, by NOTIFY
lab_doveadm mailbox create -u billy@johndoe.com More Other
rm -rf "$T/md" "$T/the.state"*
: > "$T/said"
watch "imaps://localhost:$LAB_IMAPS_PORT" -- -f INBOX -f More -f Other
comes "three folders: what was there"
ok "it is told of all of them" lab_until 60 said 'told of mail in 3 folders'
lab_until 60 idles 1
lab_doveadm save -u billy@johndoe.com -m Other <<< $'Subject: other\n\nx'
n=$((n + 1))
comes "mail in the third folder"
is "$(grep -c '^> A.* NOTIFY SET' "$T/said")" 2 "as soon as it is there: nothing was polled"
mail 1
comes "mail in the first one"
stop
n=$((n - 1))

# ---- what no waiting helps
status 77 "a wrong password ends it" timeout 60 "$BUILD/mailfetch" \
    -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" -u billy \
    --password-command 'echo no' --watch --state "$T/the.state" -d "maildir:$T/md"
is "$(grep -c 'login refused' <<< "$ERR")" 1 "said once"

# ---- several accounts are watched at once, however few jobs
cat > "$T/config" <<C
defaults
  ca $LAB_CA
  jobs 1
account one
  imap imaps://localhost:$LAB_IMAPS_PORT
  user billy
  password-command echo secret
account two : one
  user jane
  password-command printf %s "\$LAB_PASS_jane"
fetch one
  deliver maildir:$T/one
  create
fetch two
  deliver maildir:$T/two
  create
C
for f in "$LAB_MAILDIR_billy"/{cur,new}/*; do
	[ ! -e "$f" ] || cp "$f" "$LAB_MAILDIR_jane/new"
done
lab_own "$LAB_MAILDIR_jane"
"$BUILD/mailfetch" --config "$T/config" -a --watch 2> "$T/said" &
WATCH=$!
two_here() { [ "$(find "$T/two/new" "$T/two/cur" -type f 2>/dev/null | wc -l)" -ge "$n" ]; }
ok "the second of two accounts is watched, too" lab_until 60 two_here
for pid in $(ps -o pid= --ppid "$WATCH"); do kill "$pid"; done
stop
done_testing
