#!/usr/bin/env bash
# Who comes from fetchmail, mpop or getmail with mail kept on the server gets
# none of it twice: --import-state and --catch-up, by POP3 and IMAP; -n proves it.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot
export XDG_STATE_HOME=$T/state HOME=$T/home
mkdir -p "$HOME" "$T/md/cur" "$T/md/new" "$T/md/tmp"
chmod 777 "$T"

pop() { mailfetch -S "pop3s://localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' "$@"; }
imap() { mailfetch -S "imaps://localhost:$LAB_IMAPS_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' "$@"; }
mail() {	# FROM TO: messages into the Maildir
	local i
	for ((i = $1; i < $2; i++)); do
		printf 'From: jo@example.org\nSubject: number %d\n\ntext\n' $i \
		    > "$LAB_MAILDIR_billy/new/$((1700000000 + i)).M$i.host"
	done
	lab_own "$LAB_MAILDIR_billy"
}
to_fetch() { "$@" -n > "$T/n" 2>&1 && grep -c 'number [0-9]' "$T/n"; }
# proof NAME COMMAND...: nothing is to be fetched, and then what is new alone
proof() {
	is "$(to_fetch "${@:2}")" 0 "$1: nothing would be transferred"
	mail 90 91
	is "$(to_fetch "${@:2}")" 1 "$1: what comes then would"
	rm -rf "$T/md/new"/*
	status 0 "$1: a run" "${@:2}" -d "maildir:$T/md"
	is "$(grep -h Subject "$T/md/new"/*)" "Subject: number 90" \
	    "$1: brings that alone"
	status 0 "$1: deletes nothing else" "${@:2}" -d "maildir:$T/md" \
	    --delete now
	is "$(find "$LAB_MAILDIR_billy" -name '1*' | wc -l)" 5 \
	    "$1: what was only seen stays"
	rm -rf "$T/state" "$T/md/new"/*
	lab_own "$LAB_MAILDIR_billy"
}

mail 0 5
# ---- --catch-up
for p in pop imap; do
	is "$(to_fetch $p)" 5 "$p: five would come"
	status 0 "$p: --catch-up" $p --catch-up
	like "$OUT" ': 5 messages count as fetched' "says how many"
	status 0 "$p: once more" $p --catch-up
	is "$OUT" "" "finds nothing"
	proof "$p, caught up" $p
done
status 0 "-j" pop --catch-up -j
is "$(jq .seen "$T/out")" 5 "has the number"
rm -rf "$T/state"
status 64 "with a filter it would be another thing" imap --catch-up --unseen

# ---- fetchmail's and mpop's own files
if command -v fetchmail > /dev/null; then
	cat > "$T/rc" <<-R
	poll localhost proto pop3 port $LAB_POP3_PORT uidl user billy pass secret
	keep sslcertfile "$LAB_CA" sslproto TLS1.2+ mda "/bin/cat"
	R
	chmod 600 "$T/rc"
	fetchmail -f "$T/rc" -i "$T/fetchids" --pidfile "$T/pid" \
	    --nodetach > "$T/said" 2>&1
	is "$(wc -l < "$T/fetchids")" 5 "fetchmail has its list" ||
	    diag "$(tail -3 "$T/said")"
	status 0 "--import-state .fetchids" pop --import-state "$T/fetchids"
	like "$OUT" ': 5 messages count as fetched' "says how many"
	proof "fetchmail" pop
	status 65 "another account's" mailfetch -S pop3s://other.example -u jo \
	    --import-state "$T/fetchids"
	like "$ERR" 'nothing of jo@other.example is in it, but of others' "is told"
	status 65 "IMAP" imap --import-state "$T/fetchids"
	like "$ERR" 'catch-up' "has none there"
else
	skip "fetchmail" "not installed"
fi
if command -v mpop > /dev/null; then
	cat > "$T/rc" <<-R
	account a
	host localhost
	port $LAB_POP3_PORT
	tls on
	tls_trust_file $LAB_CA
	auth plain
	user billy
	password secret
	keep on
	delivery mbox $T/mbox
	uidls_file $T/uidls
	R
	chmod 600 "$T/rc"
	mpop -q -C "$T/rc" a > "$T/said" 2>&1
	is "$(grep -vc '^[# ]' "$T/uidls")" 5 "mpop has its list" ||
	    diag "$(tail -3 "$T/said")"
	status 0 "--import-state uidls" pop --import-state "$T/uidls"
	proof "mpop" pop
else
	skip "mpop" "not installed"
fi

# ---- getmail's, as it writes them (it does not run as root)
pop -l -j > "$T/list"
jq -r 'select(.uidl != null) | .uidl' "$T/list" > "$T/uids"
python3 - "$T" "$LAB_POP3S_PORT" <<'P'
import sys
t, port = sys.argv[1:]
with open("%s/oldmail-localhost-%s-billy" % (t, port), "w") as f:
    for l in open(t + "/uids"):
        f.write("%s\0%d\n" % (l.strip(), 1700000000))
P
status 0 "--import-state oldmail, POP3" pop \
    --import-state "$T/oldmail-localhost-$LAB_POP3S_PORT-billy"
proof "getmail, POP3" pop
validity=$(sed -n '1s/.* V\([0-9]*\) .*/\1/p' \
    "$(find "$LAB_MAILDIR_billy" -name dovecot-uidlist | head -n 1)")
imap -l -j > "$T/list"
f=$T/oldmail-localhost-$LAB_IMAPS_PORT-billy-INBOX
jq -r 'select(.uid != null) | .uid' "$T/list" |
    while read -r u; do printf '%s/%s\0%s\n' "$validity" "$u" 1700000000; done > "$f"
status 0 "--import-state oldmail, IMAP" imap --import-state "$f"
proof "getmail, IMAP" imap
status 65 "the file of another folder's account" imap -u jo --import-state "$f"
like "$ERR" 'of another account' "is told"

# ---- what is none, and what is damaged
printf 'hello\n' > "$T/none"
status 65 "any other file" pop --import-state "$T/none"
printf 'billy@localhost a\nbilly@localhost\n' > "$T/none"
status 65 "a damaged one" pop --import-state "$T/none"
like "$ERR" 'line 2: malformed' "is named"
is "$(to_fetch pop)" 5 "and nothing of it is believed"
status 66 "none at all" pop --import-state "$T/nothing"
done_testing
