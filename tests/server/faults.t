#!/usr/bin/env bash
# mailfetch when something is wrong on this side: a Maildir it may not write
# to, a full disk, a reader that leaves, commands that misbehave; and what
# several accounts do to one output.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot
export XDG_STATE_HOME=$T/state
LIB=$BUILD/lab/killn.so
chmod 755 "$T"

pop() { mailfetch -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --auth plain --password-command 'echo secret' "$@"; }
imap() { mailfetch -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" \
    -u billy --auth plain --password-command 'echo secret' "$@"; }
n() { ls "$1" 2>/dev/null | wc -l; }
fresh() { rm -rf "$T/state" "$T/md" "$T/mb" "$T/seen"; }
python3 - "$LAB_MAILDIR_billy" <<'P'
import sys
for i in range(60):
    with open("%s/new/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "w") as f:
        f.write("From: a@b.test\nSubject: %d\n\n" % i + "line\n" * (i * 37))
P
lab_own "$LAB_MAILDIR_billy"
WANT=$(cat "$LAB_MAILDIR_billy"/new/* | sort | sha256sum)
got() { cat "$T"/md/new/* "$T"/md/cur/* 2> /dev/null | sort | sha256sum; }

# ---- who may write where, as somebody who is not root
user() { lab_user env HOME="$T/theirs" XDG_STATE_HOME="$T/theirs" "$@"; }
cp "$BUILD/mailfetch" "$T/theirs-to-run"	# the build may be out of reach
upop() { user "$T/theirs-to-run" -S "pop3s://localhost:$LAB_POP3S_PORT" \
    --ca "$LAB_CA" -u billy --auth plain --password-command 'echo secret' "$@"; }
if user "$T/theirs-to-run" --version > "$T/out" 2>&1; then
	mkdir -p "$T/theirs" "$T/not/"{new,cur,tmp}
	lab_own "$T/theirs"
	chmod 555 "$T/not" "$T/not"/*
	[ "$(id -u)" = 0 ] || chmod 555 "$T/not"
	status 73 "a Maildir that cannot be written to" upop -d "maildir:$T/not"
	like "$ERR" "$T/not.*: Permission denied" "is named"
	is "$(n "$T/not/new")$(n "$T/not/tmp")" 00 "and has nothing in it"
	: > "$T/box"
	chmod 444 "$T/box"
	status 73 "an mbox that cannot be written to" upop -d "mbox:$T/box"
	for o in -l -n --check; do
		status 0 "a state that cannot be written to: $o" upop "$o" \
		    --state "$T/not/state"
	done
	status 73 "but what is fetched is recorded" upop -d stdout \
	    --state "$T/not/state"
	status 0 "nothing is lost by that" upop -n
	is "$(grep -c '^\*' "$T/out")" 60 "all of it is new"
else
	skip "a Maildir that cannot be written to" "nobody but us can run it"
fi
mkdir -p "$T/md/new" "$T/md/cur"
status 73 "a Maildir without its tmp" pop -d "maildir:$T/md"
fresh
: > "$T/md"
status 73 "a file where the Maildir should be" pop -d "maildir:$T/md" --create
rm "$T/md"
status 73 "an mbox that is a folder" pop -d "mbox:$T"
status 73 "a state file in a place that is none" pop -d stdout --state "/dev/null/x"

# ---- the disk is full after so many bytes
full() {	# BYTES CMD...
	(export LD_PRELOAD=$LIB KILLN_FULL=$1; "${@:2}")
}
if ! grep -q __asan_init "$BUILD/mailfetch"; then
	for p in pop imap; do
		for bytes in 0 31 32 50 3000 70000 150000; do
			fresh
			status 74 "$p: full after $bytes bytes" \
			    full $bytes $p -d "maildir:$T/md" --create
			like "$ERR" 'No space left' "is said"
			is "$(n "$T/md/tmp")" 0 "nothing is left in tmp/"
			status 0 "then there is room" $p -d "maildir:$T/md" --create
			is "$(got)" "$WANT" "every message is there, once"
		done
		for bytes in 3000 90000; do
			fresh
			status 74 "$p: full after $bytes bytes, for an mbox" \
			    full $bytes $p -d "mbox:$T/mb"
			ok "nothing partial in it" [ ! -s "$T/mb" ]
			status 0 "then there is room" $p -d "mbox:$T/mb"
			is "$(grep -c '^Subject' "$T/mb")" 60 "all of it"
		done
	done
else
	skip "a full disk" "a build with sanitizers"
fi

# ---- standard output
fresh
status 74 "a reader that leaves" bash -c '"$@" | head -c 100; exit ${PIPESTATUS[0]}' - \
    "$BUILD/mailfetch" -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' -d stdout
status 0 "the rest" pop -d stdout --format raw
ok "is new still" [ "$(grep -c '^Subject' "$T/out")" -gt 30 ]
fresh
status 0 "mboxrd" imap -d stdout --format mboxrd
is "$(python3 -c 'import mailbox, sys; print(sorted(int(m["subject"]) for m in mailbox.mbox(sys.argv[1])) == list(range(60)))' "$T/out")" \
    True "is read whole by Python's mailbox"
fresh
status 0 "json" imap -d stdout --format json -d "maildir:$T/md" --create
is "$(python3 -c '
import json, os, sys
for l in open(sys.argv[1]):
    j = json.loads(l)
    at = [sys.argv[2] + d + j["file"] for d in ("/new/", "/cur/")]
    assert [os.path.getsize(p) for p in at if os.path.exists(p)] == [j["size"]]
    assert j["from"] == "a@b.test"
    print(j["subject"])' "$T/out" "$T/md" | sort -n | xargs)" "$(seq -s ' ' 0 59)" \
    "says of each what it is, and where"

# ---- commands
fresh
status 0 "a command that closes its input early" pop -d "exec:sh -c 'exec <&-; exit 0'" --limit 2
status 0 "one that reads a byte" pop -d 'exec:head -c 1' --limit 2
status 64 "a quote that is not closed" pop -d "exec:cat 'x"
fresh
status 0 "no shell sees a message or the command" pop \
    -d "exec:printf '%s\n' \$HOME;id *" --limit 1
is "$OUT" '$HOME;id
*' "its words are its words"
touch "$T/seen" "$T/hold"
holds="exec:sh -c 'echo x >> $T/seen; while [ -e $T/hold ]; do sleep 0.1; done'"
status 75 "killed while a command runs" bash -c '
	"$@" & p=$!
	until grep -q x "'"$T/seen"'"; do sleep 0.05; done
	kill -9 $p; wait $p 2>/dev/null; exit 75' - \
    "$BUILD/mailfetch" -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' \
    -d "$holds" --state "$T/a.state"
rm "$T/hold"
cp "$T/a.state" "$T/b.state"
status 0 "--in-doubt retry" pop -d "$holds" \
    --limit 1 --state "$T/a.state" -j
like "$OUT" '"fetched":1,.*"in_doubt":1' "gives it again, and counts it"
like "$ERR" '1 handed over before, with no answer seen: given again' "and says so"
is "$(wc -l < "$T/seen")" 2 "it was given twice"
status 0 "--in-doubt skip" pop -d "$holds" \
    --limit 1 --state "$T/b.state" -j --in-doubt skip
like "$OUT" '"in_doubt":1' "counts it"
like "$ERR" 'not given again' "and says so"
status 0 "after that" pop -d "$holds" --state "$T/b.state" -j --in-doubt skip
like "$OUT" '"fetched":58,.*"in_doubt":0' "it is nobody's business any more"

# ---- several at once, one output
for i in 1 2 3 4; do
	printf 'account a%d\n  imap imaps://localhost:%s\n' $i "$LAB_IMAPS_PORT"
	printf '  user billy\n  ca %s\n  password-command echo secret\n' "$LAB_CA"
	printf 'fetch a%d\n  deliver stdout\n' $i
done > "$T/config"
fresh
status 0 "four accounts at once to standard output" mailfetch --config "$T/config" -a
is "$(python3 -c '
import collections, mailbox, sys
c = collections.Counter((m["subject"], len(m.get_payload())) for m in mailbox.mbox(sys.argv[1]))
print(len(c), set(c.values()))' "$T/out")" "60 {4}" "nothing is mixed up"
status 1 "--check of all: nothing new" mailfetch --config "$T/config" -a --check
rm "$T"/state/postbag/mailfetch/a3.state
status 0 "--check: one has new mail" mailfetch --config "$T/config" -a --check
sed -i '0,/echo secret/s//echo no/' "$T/config"
status 77 "--check: one is refused" mailfetch --config "$T/config" -a --check
status 77 "--list of all" mailfetch --config "$T/config" -a -l -j
is "$(python3 -c '
import itertools, json, sys
print([k for k, g in itertools.groupby(json.loads(l)["account"] for l in open(sys.argv[1]))].__len__())' \
    "$T/out")" 3 "one after the other"

# ---- two runs with two states are at the same messages at once
fresh
mkdir -p "$T/both/"{new,cur,tmp}
watch_parts() {	# nothing partial is seen, as long as they run
	while [ ! -e "$T/over" ]; do
		find "$T/both/"{new,cur} -type f -printf '%f %s\n' >> "$T/sizes" 2>/dev/null
	done
}
watch_parts & watcher=$!
for i in 1 2 3; do
	imap -d "maildir:$T/both" --state "$T/one.$i" & a=$!
	imap -d "maildir:$T/both" --state "$T/two.$i" & b=$!
	wait $a && wait $b || touch "$T/bad"
	[ "$i" = 3 ] || rm -f "$T/both"/{new,cur}/*
done
touch "$T/over"
wait $watcher
ok "two runs with two states" [ ! -e "$T/bad" ]
# Twice, but for those that both named in the same microsecond.
is "$(find "$T/both"/{new,cur} -type f -exec sha256sum {} + | cut -d' ' -f1 |
	sort | uniq -c | awk '{ n++ } $1 > 2 { n = "more than" } END { print n }')" 60 \
    "every message, at most once for each state"
is "$(sort -u "$T/sizes" | cut -d' ' -f1 | uniq -d | wc -l)" 0 \
    "none was ever to be seen with another size"
status 64 "--watch --list" imap --watch --list

# ---- progress is for a terminal
slow() {	# CMD...: its standard error is a terminal
	python3 - "$@" <<'P'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""
try:
    while True:
        text += os.read(fd, 65536)
except OSError:
    pass
print(text.decode().replace("\r", "\n"))
P
}
fresh
status 0 "on a terminal" slow "$BUILD/mailfetch" -S "pop3s://localhost:$LAB_POP3S_PORT" \
    --ca "$LAB_CA" -u billy --password-command 'echo secret' \
    -d 'exec:sleep 0.05'
like "$OUT" 'localhost: [0-9]+ of 60, [0-9.]+ [kM]B, [0-9]+ s left' "progress is shown"
like "$OUT" 'localhost: 60 of 60' "to the end"
fresh
status 0 "elsewhere" pop -d 'exec:sleep 0.05'
is "$OUT$ERR" "" "it is not"
done_testing
