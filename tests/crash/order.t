#!/usr/bin/env bash
# What a program relies on is on the disk before: a message before it is to be
# seen, its name before the record, the record before anything is deleted on
# the server.  By the order of system calls, see order.py.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
command -v strace > /dev/null || skip_all "no strace"
lab_up dovecot postfix
(umask 077; echo secret > "$T/password")
export XDG_STATE_HOME=$T/state POSTBAG_PASSWORD_FILE=$T/password
ORDER=$ROOT/tests/crash/order.py

mails() {	# N: so many messages on the server
	lab_mail_clear billy
	python3 - "$LAB_MAILDIR_billy" "$1" <<'P'
import sys
for i in range(int(sys.argv[2])):
    with open("%s/new/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "w") as f:
        f.write("From: a@b.test\nSubject: %d\n\n" % i + "line\n" * (i * 37))
P
	lab_own "$LAB_MAILDIR_billy"
}

# order NAME SEEN CMD...: it succeeds, relies on nothing that may be lost, and
# these kinds of step were there to be looked at
order() {
	local name=$1 seen=$2 k
	shift 2
	ok "$name" python3 "$ORDER" run "$T/trace" "$@"
	python3 "$ORDER" check "$T/trace" "$T" ${OTHER:+"$OTHER"} > "$T/order"
	is "$(sed '$d' "$T/order")" "" "$name: nothing is relied on too early"
	for k in $seen; do
		like "$(tail -n 1 "$T/order")" "$k:[1-9]" "$name: $k was looked at"
	done
}
fetch() {	# NAME SEEN OPTION...
	rm -rf "$T/state"
	mkdir -p "$T/md/"{cur,new,tmp}
	order "$1" "$2" mailfetch --tls off -u billy --auth plain "${@:3}" \
	    -S "$PROTO://127.0.0.1:$PORT"
}
for PROTO in pop3 imap; do
	PORT=$LAB_IMAP_PORT
	[ $PROTO = imap ] || PORT=$LAB_POP3_PORT
	mails 5
	fetch "$PROTO to a Maildir, deleted there" "begun visible recorded deleted end" \
	    -d "maildir:$T/md" --delete now
	mails 5
	fetch "$PROTO to an mbox, deleted there" "begun recorded deleted end" \
	    -d "mbox:$T/mb" --delete now
	mails 5
	fetch "$PROTO to both" "begun visible recorded deleted end" \
	    -d "mbox:$T/mb" -d "maildir:$T/md" --delete now
done
# Folders that are made for it, and what they are in.
mails 5
PROTO=imap PORT=$LAB_IMAP_PORT
fetch "IMAP to an mbox per folder, deleted there" "recorded deleted end" \
    -d "mbox:$T/of/all/%f/mb" --create --delete now
mails 5
fetch "IMAP to a Maildir per folder, deleted there" \
    "visible recorded deleted end" -d "maildir:$T/dirs/of/%f" --create \
    --delete now
# The state on another file system than the Maildir: what syncs one of them
# does nothing for the other.
if [ -w /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d "$T")" ]; then
	OTHER=$(mktemp -d /dev/shm/order.XXXXXX)
	mails 5
	fetch "a state elsewhere" "begun visible recorded deleted end" \
	    -d "maildir:$T/md" --delete now --state "$OTHER/x.state"
	rm -r "$OTHER"
	OTHER=
else
	skip "a state elsewhere" "one file system"
fi
mails 5
lab_doveadm mailbox create -u billy Done > "$T/out" 2>&1
fetch "IMAP, moved there" "visible recorded deleted end" \
    -d "maildir:$T/md" --move-to Done

# What cannot be taken back: that it is about to leave is recorded before.
mails 2
PROTO=pop3 PORT=$LAB_POP3_PORT
fetch "to a mailbox, deleted there" "uploaded recorded deleted end" \
    -d "imap://billy@127.0.0.1:$LAB_IMAP_PORT/Done" --deliver-tls off \
    --deliver-password-command "cat $T/password" --delete now
mails 2
fetch "to an LMTP server, deleted there" "attempted recorded deleted end" \
    -d "lmtp:127.0.0.1:$LAB_LMTP_PORT" --deliver-tls off \
    --rcpt jane@johndoe.com --delete now

# A state that is made anew: what is in it is synced before it has the name.
PROTO=pop3 PORT=$LAB_POP3_PORT
mails 700
fetch "a state that is mostly history" "visible recorded deleted" \
    -d "mbox:$T/mb" --delete now

mkdir -p "$T/sent/"{cur,new,tmp}
order "mailsend --save" "visible end" mailsend --tls off \
    -S "smtp://127.0.0.1:$LAB_SMTP_PORT" -f jane@johndoe.com --body x \
    --save "maildir:$T/sent" billy@johndoe.com

# The queue: accepted in folders that are made for it, and by a second run; then
# an attempt that does not succeed, and one that does.
queued() {	# NAME SEEN PORT OPTION...
	order "$1" "$2" mailsend --tls off -S "smtp://127.0.0.1:$3" \
	    -f jane@johndoe.com --queue "$T/of/queue" "${@:4}"
}
for what in "into a new queue" "into a queue"; do
	queued "mailsend, $what" "visible end" 1 --body x billy@johndoe.com
done
queued "mailsend --flush-now" "attempted end" "$LAB_SMTP_PORT" --flush-now

# imapsync: bodies, flags, uploads and deletions, both ways.
sync() {	# NAME SEEN
	order "$1" "$2" imapsync --tls off -S "imap://127.0.0.1:$LAB_IMAP_PORT" \
	    -u billy --auth plain --near "$T/near" --connections 1 "${@:3}"
}
mails 6
rm -rf "$T/state"
sync "imapsync: the first run" "visible recorded end"
f=$(ls "$T"/near/*/cur/* "$T"/near/cur/* "$T"/near/*/new/* "$T"/near/new/* 2>/dev/null | head -n 1)
d=${f%/*/*}
mkdir -p "$d/cur"
mv "$f" "$d/cur/$(basename "${f%:2,*}"):2,S"
f=$(find "$T/near" -type f -path '*/[cn]??/*' | tail -n 1)
rm "$f"
printf 'From: a@b.test\nSubject: up\n\nx\n' > "$d/new/1700000099.M1.host"
sync "imapsync: a flag, a deletion, an upload" "recorded deleted uploaded end"
f=$(ls "$LAB_MAILDIR_billy"/*/* | grep -v dovecot | grep M | head -n 1)
lab_doveadm expunge -u billy mailbox INBOX 1 > "$T/out" 2>&1
sync "imapsync: gone there" "recorded end"
lab_doveadm mailbox create -u billy Moved > "$T/out" 2>&1
printf 'From: a@b.test\nSubject: moves\nMessage-ID: <1@b.test>\n\nx\n' |
	lab_doveadm save -u billy -m INBOX >> "$T/out" 2>&1
sync "imapsync: a new folder" "visible recorded end"
lab_doveadm move -u billy Moved mailbox INBOX subject moves >> "$T/out" 2>&1
sync "imapsync: moved there" "moved recorded end"
# In one folder: the upload is recorded when the server is told to delete.
f=$(find "$T/near" -type f -path '*/[cn]??/*' | head -n 1)
rm "$f"
printf 'From: a@b.test\nSubject: more\n\nx\n' > "${f%/*/*}/new/1700000199.M1.host"
sync "imapsync: an upload and a deletion" "recorded deleted uploaded end" \
    --delete-far expunge
done_testing
