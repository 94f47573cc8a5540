#!/usr/bin/env bash
# mailfetch on Dovecot's folders: which of them, which of their messages, what
# becomes of these afterwards, and a line that is compressed.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot
export XDG_STATE_HOME=$T/state
LIB=$BUILD/lab/killn.so

imap() { mailfetch -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" \
    -u billy --auth plain --password-command 'echo secret' "$@"; }
pop() { mailfetch -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --auth plain --password-command 'echo secret' "$@"; }
n() { ls "$1" 2>/dev/null | wc -l; }
fresh() { rm -rf "$T/state" "$T/md" "$T/mb"; }
# put FOLDER FIRST LAST [MORE]: messages, with more in the subject
put() {
	local i
	for ((i = $2; i <= $3; i++)); do
		printf 'From: Jo <jo@example.org>\nSubject: number %d%s\n\nbody\n' \
		    "$i" "${4-}" | lab_doveadm save -u billy@johndoe.com -m "$1"
	done
}
numbers() { find "$T/md/new" "$T/md/cur" -type f -exec grep -h '^Subject' {} + | grep -o '[0-9]*' | sort -n | xargs; }
lab_doveadm mailbox create -u billy@johndoe.com Lists Lists/a Lists/a/b \
    'Lists/böse & gut' Archive Done 'we"ird\name'
put INBOX 1 2
put Lists 3 3
put Lists/a 4 4
put Lists/a/b 5 5
put 'Lists/böse & gut' 6 6
put Junk 7 7
put Archive 8 8
put 'we"ird\name' 9 9

# which NUMBERS FOLDER...: these messages come from these folders
which() {
	local want=$1 f
	local -a args=()
	shift
	for f; do args+=(-f "$f"); done
	fresh
	status 0 "folders: $*" imap -d "maildir:$T/md" --create "${args[@]}"
	is "$(numbers)" "$want" "are right"
}
which '1 2' INBOX
which '1 2' inbox
which '1 2 7' INBOX '\Junk'
which '3' Lists
which '4 6' 'Lists/%'
which '4 5 6' 'Lists/*'
which '3 4 5 6' 'Lists*'
which '1 2 3 4 5 6 8 9' '*' '!Junk'
which '1 2 3 4 5 6 8 9' '!\Junk'
which '1 2 3 4 6 9' '*' '!\Junk' '!Lists/a/*' '!Archive'
# What is left out comes last, wherever it stands.
which '4 5' '!Lists/b*' 'Lists/*'
which '3 4 6' '!Lists/a/*' 'Lists*'
which '1 2' 'inbox*'
which '6' 'Lists/böse & gut'
which '6' 'Lists/b*'
which '9' 'we"ird\name'
fresh
status 69 "a folder that is not there" imap -d "maildir:$T/md" --create -f nope
status 69 "no folder for that use" imap -d "maildir:$T/md" -f '\Flagged'
status 69 "one of two is not there" imap -d "maildir:$T/md" -f nope -f INBOX
is "$(numbers)" '1 2' "the other is fetched"
status 0 "again, without it" imap -d "maildir:$T/md" -f INBOX -j
like "$OUT" '"fetched":0' "nothing comes twice"

# ---- which messages
put INBOX 20 20 ' grün'
lab_doveadm flags add -u billy@johndoe.com '\Seen' mailbox INBOX subject 'number 1'
day() { date -d "$1" +%Y-%m-%d; }
printf 'From: Jo <jo@example.org>\nSubject: number 30\n\nbody\n' \
    > "$LAB_MAILDIR_billy/new/30.M1.host"
touch -d '40 days ago' "$LAB_MAILDIR_billy/new/30.M1.host"
lab_own "$LAB_MAILDIR_billy"
find_() {	# NUMBERS ARG...
	local want=$1
	shift
	fresh
	status 0 "$*" imap -d "maildir:$T/md" --create "$@"
	is "$(numbers)" "$want" "finds $want"
}
find_ '2 20 30' --unseen
find_ '1' --search 'SEEN'
find_ '1 2 20' --since 14d
find_ '1 2 20 30' --since "$(day '50 days ago')"
find_ '2 20' --since 14d --unseen
find_ '20' --search 'SUBJECT "grün"'
find_ '30' --search 'OR SUBJECT "number 2" SUBJECT "number 3" NOT SUBJECT "20" BEFORE 1-Jan-2099 LARGER 1 NOT SEEN NOT SUBJECT "2"'
is "$(stat -c %Y "$T"/md/new/*)" "$(stat -c %Y "$LAB_MAILDIR_billy"/*/30.M1.host*)" \
    "its file has the time it came to the server"
status 64 "--since nonsense" imap -d "maildir:$T/md" --since yesterday
status 64 "--search with a line end" imap -d "maildir:$T/md" \
    --search $'ALL\r\nA9 DELETE Archive'
status 64 "--search with a literal" imap -d "maildir:$T/md" --search 'SUBJECT {3}'
fresh
status 0 "all" imap -d "maildir:$T/md" --create
status 0 "nothing new" imap -d "maildir:$T/md" -vv
unlike "$ERR" 'UID SEARCH' "is known without a search"
find_ '1 2' --limit 2
status 0 "the next two" imap -d "maildir:$T/md" --limit 2 -j
like "$OUT" '"fetched":2' "come"
status 1 "and that is all" imap --check
fresh
status 0 "-n with --limit" imap -n --limit 2
is "$(grep -c number "$T/out")" 3 "lists two (and a heading)"
status 0 "-n by POP3" pop -n --limit 2
is "$(grep -c ' number ' "$T/out")" 3 "does, too"
status 0 "-n records nothing" imap -n -j
is "$(wc -l < "$T/out")" 5 "four messages, and what it came to"
like "$OUT" '"subject":"number 20 grün"' "a subject is shown as it is"
status 0 "-l of two folders" imap -l -j -f Archive -f Lists
is "$(grep -o '"folder":"[A-Za-z]*"' "$T/out" | sort | xargs)" \
    'folder:Archive folder:Lists' "says which"
status 0 "--headers-only" imap -d "maildir:$T/md" --create --headers-only
is "$(cat "$T"/md/new/* | grep -c body)" 0 "brings no body"
is "$(lab_doveadm search -u billy@johndoe.com mailbox INBOX SEEN | wc -l)" 1 \
    "nothing was marked as read by all this"

# ---- afterwards
fresh
status 0 "--move-to" imap -d "maildir:$T/md" --create -f Lists -f Lists/a \
    --move-to Done -j
like "$OUT" '"moved":2' "two are moved"
is "$(lab_doveadm search -u billy@johndoe.com mailbox Done ALL | wc -l)" 2 "they are there"
is "$(lab_doveadm search -u billy@johndoe.com mailbox 'Lists*' ALL | wc -l)" 2 "and not here"
status 0 "all folders" imap -d "maildir:$T/md" -f '*' --move-to Done
is "$(numbers)" '1 2 3 4 5 6 7 8 9 20 30' "come, once"
is "$(lab_doveadm search -u billy@johndoe.com mailbox Done ALL | wc -l)" 11 "and are moved"
status 0 "again" imap -d "maildir:$T/md" -f '*' --move-to Done -j
like "$OUT" '"fetched":0,.*"moved":0' "nothing is moved in a circle"
status 64 "from where it goes to" imap -d "maildir:$T/md" -f Done --move-to Done
status 69 "to where nothing is" imap -d "maildir:$T/md" -f Done --move-to nowhere
like "$ERR" 'MOVE' "says so"

# A deletion leaves alone what somebody else has marked.
put INBOX 40 43
uid=$(lab_doveadm search -u billy@johndoe.com mailbox INBOX subject 'number 43' | cut -d' ' -f2)
fresh
status 0 "before" imap -d "maildir:$T/md" --create
lab_doveadm flags add -u billy@johndoe.com '\Deleted' mailbox INBOX uid "$uid"
put INBOX 44 44
lab_doveadm flags add -u billy@johndoe.com '\Deleted' mailbox INBOX subject 'number 44'
status 0 "--delete now" imap -d "maildir:$T/md" --delete now --limit 0 --search 'NOT SUBJECT "number 44"' -j
is "$(lab_doveadm search -u billy@johndoe.com mailbox INBOX subject 'number 44' | wc -l)" 1 \
    "what was not fetched and is marked by another stays"
lab_doveadm expunge -u billy@johndoe.com mailbox INBOX all

# after:DAYS, with a clock that is ahead
if ! grep -q __asan_init "$BUILD/mailfetch"; then
	for p in imap pop; do
		put INBOX 50 52
		fresh
		later() {	# DAYS ARG...
			(export LD_PRELOAD=$LIB KILLN_DAYS=$1
			 $p -d "maildir:$T/md" --create --delete after:3 -j "${@:2}")
		}
		status 0 "$p: fetched today" later 0
		like "$OUT" '"fetched":3,.*"deleted":0' "deletes nothing"
		status 0 "$p: two days later" later 2
		like "$OUT" '"fetched":0,.*"deleted":0' "does not either"
		status 0 "$p: three days later" later 3
		like "$OUT" '"fetched":0,.*"deleted":3' "they go"
		is "$(lab_doveadm search -u billy@johndoe.com mailbox INBOX ALL | wc -l)" 0 "all"
	done
else
	skip "--delete after:DAYS" "a build with sanitizers"
fi

# ---- COMPRESS=DEFLATE
case $(dovecot --version) in
2.3.*)	lab_dovecot_conf 'mail_plugins = zlib
protocol imap {
  mail_plugins = $mail_plugins imap_zlib
}';;
*)	lab_dovecot_conf 'imap_capability {
  "COMPRESS=DEFLATE" = yes
}';;
esac
python3 - "$LAB_MAILDIR_billy" <<'P'
import sys
for i in range(100):
    with open("%s/new/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "w") as f:
        f.write("From: a@b.test\nSubject: %d\n\n" % i + "again and again\n" * (i * 37))
P
lab_own "$LAB_MAILDIR_billy"
want=$(cat "$LAB_MAILDIR_billy"/new/* | sort | sha256sum)
size=$(cat "$LAB_MAILDIR_billy"/new/* | wc -c)
lab_relay ZIP -t "127.0.0.1:$LAB_IMAPS_PORT"
fresh
status 0 "a server with COMPRESS" mailfetch -vv -S "imaps://localhost:$ZIP" \
    --ca "$LAB_CA" -u billy --auth plain --password-command 'echo secret' \
    -d "maildir:$T/md" --create
if [[ $ERR = *COMPRESS=DEFLATE* ]]; then
	like "$ERR" '> A[0-9]+ COMPRESS DEFLATE' "it is used"
	is "$(cat "$T"/md/new/* | sort | sha256sum)" "$want" "every byte"
	lab_until 60 grep -q down "$LAB/relay.ZIP"
	down=$(sed -n 's/.*"down": *\([0-9]*\).*/\1/p' "$LAB/relay.ZIP")
	ok "a tenth of it travels ($down of $size)" [ "$down" -lt $((size / 10)) ]
else
	skip "COMPRESS" "this Dovecot has it not, or was built without"
fi
done_testing
