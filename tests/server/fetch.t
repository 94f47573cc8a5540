#!/usr/bin/env bash
# mailfetch against Dovecot: both protocols, every place, every policy.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot
export XDG_STATE_HOME=$T/state

pop() { mailfetch -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' "$@"; }
imap() { mailfetch -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' "$@"; }
jane() { imap -u jane --password-command 'printf %s "$LAB_PASS_jane"' "$@"; }
n() { ls "$1" 2>/dev/null | wc -l; }
# What POP3 has brought is seen by IMAP: it goes to cur.
here() { echo $(($(n "$1/new") + $(n "$1/cur"))); }
fresh() { rm -rf "$T/state" "$T/md" "$T/mb" "$T/seen"; }
mail() {	# USER FROM TO: messages into the Maildir
	local md=LAB_MAILDIR_$1
	python3 - "${!md}" "$2" "$3" <<'P'
import sys
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    with open("%s/new/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "w") as f:
        f.write("From: Jo <jo@example.org>\nTo: billy@johndoe.com\n"
                "Date: Mon, 1 Jan 2024 10:00:00 +0000\nSubject: number %d\n\n" % i)
        f.write("From here\n.\n..\n>From there\nline\n" * (i * 37 % 50))
P
	lab_own "${!md}"
}
all() { cat "$1"/* | sort | sha256sum; }
mail billy 0 60
WANT=$(all "$LAB_MAILDIR_billy/new")

# ---- to a Maildir, with both
for p in imap pop; do
	fresh
	status 73 "$p: no Maildir there, none made" $p -d "maildir:$T/md"
	like "$ERR" 'No such file or directory .*--create makes it' "$p: which option makes it"
	status 0 "$p: new mail to a Maildir" $p -d "maildir:$T/md" --create
	is "$OUT$ERR" "" "$p: and nothing is said"
	is "$(all "$T/md/new")" "$WANT" "$p: every byte of 60 messages"
	is "$(stat -c %a "$T/md/new"/* | sort -u)" 600 "$p: mode 0600"
	status 0 "$p: nothing new" $p -d "maildir:$T/md"
	is "$(n "$T/md/new")" 60 "$p: nothing comes twice"
	rm -rf "$T/state"
	for f in "$T/md/new/"*[0-4]; do
		mv "$f" "$T/md/cur/${f##*/}:2,S"	# as a reader does
	done
	status 0 "$p: the state is lost" $p -d "maildir:$T/md"
	is "$(find "$T/md" -type f | wc -l)" 60 \
	    "$p: what is there is known by its name"
	[ $p = pop ] || is "$(find "$LAB_MAILDIR_billy" -name '*:2,*S*')" "" \
	    "nothing was marked as read"
done

# ---- looking
status 0 "POP3: --list" pop -l
like "$OUT" 'Jo <jo@example.org> +number 59' "sender and subject"
status 0 "IMAP: --list --json" imap -l -j
is "$(grep -c '"subject":"number' "$T/out")" 60 "a line for each message"
status 1 "--check: nothing new" pop --check
mail billy 60 61
status 0 "--check: new mail" pop --check
status 0 "-n" pop -n
is "$(grep -c number "$T/out")" 2 "lists the new one alone"
status 0 "POP3: --probe" pop --probe
like "$OUT" 'PIPELINING UIDL TOP' "says what the server can"
status 0 "IMAP: --probe needs no login" mailfetch --ca "$LAB_CA" \
    -S "imaps://localhost:$LAB_IMAPS_PORT" --probe -j
like "$OUT" '"mechanisms":"PLAIN' "and says which logins there are"

# ---- ways in
fresh
status 0 "POP3: STLS" mailfetch -S "pop3://localhost:$LAB_POP3_PORT" \
    --ca "$LAB_CA" -u billy --password-command 'echo secret' -l
status 0 "IMAP: STARTTLS" mailfetch -S "imap://localhost:$LAB_IMAP_PORT" \
    --ca "$LAB_CA" -u billy --password-command 'echo secret' -l
status 77 "POP3: a wrong password" pop --password-command 'echo no' -l
like "$ERR" 'login refused' "is said"
status 77 "IMAP: a wrong password" imap --password-command 'echo no' -l
status 77 "IMAP: a certificate nobody vouches for" imap --ca /etc/ssl/certs -l
for mech in plain login scram-sha-1 scram-sha-256 cram-md5; do
	status 0 "POP3 $mech" pop --auth $mech --check
	status 0 "IMAP $mech" imap --auth $mech --check
done
for url in "imaps://localhost:$LAB_IMAPS_PORT" "pop3s://localhost:$LAB_POP3S_PORT"; do
	status 0 "OAUTHBEARER ${url%%:*}" mailfetch -S "$url" --ca "$LAB_CA" \
	    -u billy@johndoe.com --token-command "echo $LAB_TOKEN_billy" \
	    --auth oauthbearer --check
done

# ---- places
fresh
status 0 "mbox, Maildir, command and stdout at once" pop -d "mbox:$T/mb" \
    -d "maildir:$T/md" --create -d stdout -d "exec:sh -c 'cat >> \"$T/seen\"'"
python3 - "$T/mb" "$T/out" <<'P' > "$T/facts"
import mailbox, sys
for f in sys.argv[1:]:
    print(sorted(int(m["subject"].split()[1]) for m in mailbox.mbox(f)) == list(range(61)))
P
is "$(cat "$T/facts")" "True
True" "Python's mailbox reads the mbox and the output whole"
is "$(n "$T/md/new")" 61 "the Maildir has them"
is "$(sort "$T/seen" | sha256sum)" "$(all "$T/md/new")" "the command, too"
fresh
status 75 "a command that exits 75" pop -d 'exec:sh -c "exit 75"' --limit 2
status 69 "a command that fails" pop -d 'exec:false' --limit 1
status 69 "a command that is not there" pop -d 'exec:/nowhere' --limit 1
status 0 "a command that reads nothing" pop -d 'exec:true' --limit 3
cat > "$T/mda" <<'M'
#!/bin/sh
[ -e "$1" ] || exec sleep 100
cat >> "$1"
M
chmod +x "$T/mda"
status 75 "a command that hangs" timeout 20 "$BUILD/mailfetch" \
    -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" -u billy \
    --password-command 'echo secret' -d "exec:$T/mda $T/seen" --deliver-timeout 1
status 0 "the others are new still" env touch "$T/seen"
status 0 "all of them" pop -d "exec:$T/mda $T/seen" -j
like "$OUT" '"fetched":61' "61 of 61, whatever another command has had"
like "$OUT" '"in_doubt":0,' "and none was in doubt: nothing had been read"
fresh
cat > "$T/free" <<'M'
#!/bin/sh
grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status > "$1"
ls -l /proc/self/fd | sed -n 's/.* \([0-9]*\) -> .*/\1/p' >> "$1"
M
chmod +x "$T/free"
status 0 "a command is not confined, as mailfetch is" \
    pop -d "exec:$T/free $T/traits" --limit 1
is "$(tr -s '\n\t' '  ' < "$T/traits")" "NoNewPrivs: 0 Seccomp: 0 0 1 2 3 " \
    "nor has it other descriptors"
if [ "$(id -u)" = 0 ]; then
	echo 'int getegid(void), printf(const char *, ...);
int main(void) { printf("%d\n", getegid()); return 0; }' > "$T/gid.c"
	${CC:-cc} -o "$T/gid" "$T/gid.c" && chgrp 12345 "$T/gid" &&
	    chmod 2755 "$T/gid"
	status 0 "a setgid program" pop -d "exec:$T/gid" --limit 1
	is "$OUT" 12345 "is one"
else
	skip "a setgid program" "not root"
fi
fresh
lab_mail_clear jane
status 0 "LMTP" pop -d "lmtp:$LAB_LMTP_SOCKET" --rcpt jane@johndoe.com \
    --limit 5
ok "arrives" lab_mail_wait jane 5
fresh
status 67 "LMTP by TCP, with a recipient that is refused" pop --limit 1 -vv \
    -d "lmtp:localhost:$LAB_LMTP_PORT" --rcpt jane@johndoe.com \
    --rcpt nobody@johndoe.com
like "$ERR" '> STARTTLS' "is encrypted"
ok "the other has it" lab_mail_wait jane 6
status 67 "again" pop --limit 1 -d "lmtp:localhost:$LAB_LMTP_PORT" \
    --rcpt jane@johndoe.com --rcpt nobody@johndoe.com
is "$(n "$LAB_MAILDIR_jane/new")" 6 "and gets it no second time"
fresh
PLAIN=$(free_port)
lab_spawn plain python3 -c "
import socket
l = socket.create_server(('127.0.0.1', $PLAIN))
while True:
    s = l.accept()[0]
    try:
        s.sendall(b'220 plain\\r\\n')
        for line in s.makefile():
            print(line.strip(), flush=True)
            s.sendall(b'250 plain\\r\\n')
    except OSError:
        pass			# wait_port, which is gone by now
"
wait_port 127.0.0.1 "$PLAIN"
status 77 "LMTP to a server without STARTTLS" pop --limit 1 \
    -d "lmtp:localhost:$PLAIN" --rcpt jane@johndoe.com
not_ok "is told nothing of the mail" grep -q MAIL "$LAB/plain.out"
status 0 "--deliver-tls off" pop --limit 1 -vv --deliver-tls off \
    -d "lmtp:localhost:$LAB_LMTP_PORT" --rcpt jane@johndoe.com
unlike "$ERR" '> STARTTLS' "is not encrypted"
status 64 "--deliver-tls nonsense" pop --deliver-tls maybe -d stdout
fresh
status 74 "standard output is closed" sh -c 'exec "$0" "$@" >&-' \
    "$BUILD/mailfetch" -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' -d stdout
status 0 "--format json" pop -d stdout --format json --limit 2
is "$(wc -l < "$T/out")" 2 "a line for each"

# ---- which
fresh
status 0 "--max-size" imap -d "maildir:$T/md" --create --max-size 300
isnt "$(here "$T/md")" 61 "leaves the larger ones"
status 0 "without it" imap -d "maildir:$T/md"
is "$(here "$T/md")" 61 "they come"
fresh
status 0 "--search" imap -d "maildir:$T/md" --create --search 'SUBJECT "number 7"'
is "$(here "$T/md")" 1 "finds one"
status 0 "--headers-only" pop -d "mbox:$T/mb" --headers-only --limit 3
is "$(grep -c line "$T/mb")" 0 "brings no body"
status 64 "--search with nonsense" imap -d "mbox:$T/mb" --search 'NONSENSE'
status 64 "--search for POP3" pop -d "mbox:$T/mb" --search ALL

# ---- folders
lab_doveadm mailbox create -u billy@johndoe.com 'Lists' 'Lists/böse & gut' Junk Done
lab_doveadm mailbox create -u billy@johndoe.com 'Lists/[odd] "name"' 2>/dev/null
status 0 "every folder but one" imap -l -f '*' -f '!Junk'
like "$OUT" 'Lists/böse & gut' "names are UTF-8"
unlike "$OUT" 'Junk' "the exclusion holds"
status 69 "a folder that is not there" imap -l -f nowhere

# ---- afterwards
fresh
status 0 "--move-to" imap -d "maildir:$T/md" --create --move-to Done
is "$(here "$T/md")" 61 "everything came"
status 0 "to where it was moved" imap -l -f Done -j
is "$(wc -l < "$T/out")" 61 "it is there"
status 0 "--delete after:1 deletes nothing today" \
    imap -f Done -d "maildir:$T/md2" --create --delete after:1 -j
like "$OUT" '"fetched":61,.*"deleted":0' "nothing"
status 0 "--delete now deletes what was fetched earlier" \
    imap -f Done -d "maildir:$T/md2" --delete now -j
like "$OUT" '"fetched":0,.*"deleted":61' "61 of them"
mail billy 100 110
fresh
status 0 "POP3: --delete now" pop -d "maildir:$T/md" --create --delete now -j
like "$OUT" '"fetched":10,.*"deleted":10' "10 fetched and deleted"
status 0 "the server" pop -l
is "$(grep -c number "$T/out")" 1 "is empty"

# ---- runs
mail billy 200 203
fresh
touch "$T/hold"
XDG_STATE_HOME=$T/state pop --limit 1 \
    -d "exec:sh -c 'touch $T/begun; while [ -e $T/hold ]; do sleep 0.1; done'" &
first=$!
lab_until 60 test -e "$T/begun"
status 75 "a second run on the account" pop -d "maildir:$T/md" --create
like "$ERR" 'another run' "says so"
rm "$T/hold"
wait $first
cat > "$T/config" <<C
defaults
  ca $LAB_CA
account billy
  imap imaps://localhost:$LAB_IMAPS_PORT
  user billy
  password-command echo secret
account wrong : billy
  password-command echo no
fetch billy
  deliver maildir:$T/one
  create
fetch wrong
  deliver maildir:$T/two
  create
fetch pop : billy
  server pop3s://localhost:$LAB_POP3S_PORT
  deliver maildir:$T/three
  create
C
status 77 "-a: every section" mailfetch --config "$T/config" -a
like "$ERR" '^mailfetch: wrong: .*login refused' "the one that fails is named"
is "$(here "$T/one")" 3 "the others work"
status 0 "a section by name" mailfetch --config "$T/config" billy

# ---- no room
mkdir "$T/small"
if mount -t tmpfs -o size=200k none "$T/small" 2>/dev/null; then
	trap 'umount "$T/small"; lab_down; rm -rf "$T"' EXIT
	mail billy 300 420
	fresh
	status 74 "the disk is full" pop -d "maildir:$T/small/md" --create
	ok "what is in new/ is whole" python3 - "$T/small/md/new" "$LAB_MAILDIR_billy" <<'P'
import glob, sys
want = {open(f).read() for f in glob.glob(sys.argv[2] + "/*/*") if "/Maildir/tmp/" not in f}
sys.exit(not all(open(f).read() in want for f in glob.glob(sys.argv[1] + "/*")))
P
	mount -o remount,size=5m "$T/small"
	status 0 "there is room again" pop -d "maildir:$T/small/md"
	is "$(all "$T/small/md/new")" "$(cat "$LAB_MAILDIR_billy"/*/* | sort | sha256sum)" "all of it is there, once"
	rm -rf "$T/small/md"
	fresh
	mount -o remount,size=100k "$T/small"
	status 74 "the disk is full, for an mbox" pop -d "mbox:$T/small/mb"
	is "$(grep -c '^From ' "$T/small/mb")" "$(grep -c '^Subject' "$T/small/mb")" "no part is left in it"
	mount -o remount,size=5m "$T/small"
	status 0 "there is room again" pop -d "mbox:$T/small/mb"
	is "$(grep '^Subject' "$T/small/mb" | sort -u | wc -l)" "$(grep -c '^Subject' "$T/small/mb")" "nothing is there twice"
	is "$(grep -c '^Subject' "$T/small/mb")" "$(cat "$LAB_MAILDIR_billy"/*/* | grep -c '^Subject')" "nothing is missing"
else
	skip "a full disk" "cannot mount a small one"
fi

# ---- large
python3 -c "
print('Subject: large\n')
for i in range(1500000): print('%070d' % i)" > "$LAB_MAILDIR_jane/new/1.large.host"
lab_own "$LAB_MAILDIR_jane"
SUM=$(sha256sum < "$LAB_MAILDIR_jane/new/1.large.host")
peak() { /usr/bin/time -f %M -o "$T/peak" "$@"; }
JANE=("$BUILD/mailfetch" -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA"
    -u jane --password-command 'printf %s "$LAB_PASS_jane"'
    --search 'LARGER 1000000')
jane_large() { peak "${JANE[@]}" "$@"; }
fresh
fresh
gone() (set -o pipefail; "${JANE[@]}" -d stdout | head -n 1)
status 74 "who reads it has gone" gone
is "$(sed 's/.*: standard/standard/' "$T/err")" 'standard output: Broken pipe' \
    "which is said, once"
# AddressSanitizer has its own idea of memory.
if [ -x /usr/bin/time ] && ! grep -q __asan_init "$BUILD/mailfetch"; then
	status 0 "100 MB to a Maildir" jane_large -d "maildir:$T/big" --create
	is "$(sha256sum < "$(echo "$T"/big/new/*)")" "$SUM" "byte for byte"
	ok "in less than 16 MB ($(cat "$T/peak") kB)" [ "$(cat "$T/peak")" -lt 16384 ]
	fresh
	status 0 "100 MB to an mbox and a command" jane_large -d "mbox:$T/mb" \
	    -d "exec:sh -c 'sha256sum > \"$T/seen\"'"
	is "$(cat "$T/seen")" "$SUM" "byte for byte"
	ok "in less than 16 MB ($(cat "$T/peak") kB)" [ "$(cat "$T/peak")" -lt 16384 ]
	rm -rf "$T/big"
	fresh
	status 0 "100 MB through a filter" jane_large --filter cat \
	    -d "maildir:$T/big" --create -d "mbox:$T/mb"
	is "$(sha256sum < "$(echo "$T"/big/new/*)")" "$SUM" "byte for byte"
	ok "in less than 16 MB ($(cat "$T/peak") kB)" [ "$(cat "$T/peak")" -lt 16384 ]
else
	skip "peak memory" "no /usr/bin/time, or a build with sanitizers"
fi
done_testing
