# shellcheck shell=bash
# mailfetch is killed before each of its writes, syncs, renames and creations
# of a 60 messages' run, and run again: every message is there once, and
# nothing that is not whole was to be seen in between.
#
#	PROTO=pop3 . "$(dirname "$0")/fetch.sh"
#
# To a Maildir, to an mbox, and to both: the first and the last calls, and of
# those between every seventh; STRIDE=1 takes every point, as
# tests/long/fetch-points.t does.  Syncs are counted and not waited for (see
# killn.c), and the server is asked on loopback without TLS: 30 ms a run.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot

STRIDE=${STRIDE-7}
LIB=$BUILD/lab/killn.so
[ -e "$LIB" ] || skip_all "no $LIB: make tests"

# Mail with lines that mbox must quote, some of it empty.
python3 - "$LAB_MAILDIR_billy" <<'P'
import sys
for i in range(60):
    with open("%s/new/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "w") as f:
        f.write("From: a@b.test\nSubject: %d\n\n" % i)
        f.write("From here\n.\n>From there\nline\n" * (i * 37 % 400))
P
lab_own "$LAB_MAILDIR_billy"

PORT=$LAB_IMAP_PORT
[ "$PROTO" = imap ] || PORT=$LAB_POP3_PORT
(umask 077; echo secret > "$T/password")
export XDG_STATE_HOME=$T/state KILLN_FAST=1 KILLN_LIB=$LIB
export POSTBAG_PASSWORD_FILE=$T/password

# every WHERE [MOST]: kill at each point, rerun, look
every() {
	local where=$1 n=0 bad=0
	n=$(POINTS=${2-100000} STRIDE=$STRIDE python3 \
		"$ROOT/tests/crash/points.py" "$where" "$T" \
		"$LAB_MAILDIR_billy" mailfetch -q --tls off \
		-S "$PROTO://127.0.0.1:$PORT" -u billy --auth plain \
		2> "$T/said") || bad=1
	[ "$bad" = 0 ] || diag "$(cat "$T/said")"
	is $bad 0 "$PROTO to $where: killed at $n, 60 messages each time"
}

every maildir
every mbox
every both
# The lock of an mbox is made in another way where it must have a name.
KILLN_NAMED=1 every mbox 30
done_testing
