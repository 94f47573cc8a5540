# shellcheck shell=bash
# mailfetch is killed before each of its writes, syncs, renames and creations
# of a 60 messages' run, and run again: every message is there once, and
# nothing that is not whole was to be seen in between.
#
#	PROTO=pop3 . "$(dirname "$0")/fetch.sh"
#
# Every point, to a Maildir, to an mbox, and to both; STRIDE=7 takes every
# seventh, for a quick look.  Syncs are counted and not waited for (see
# killn.c), and the server is asked on loopback without TLS: 30 ms a run.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
LAB_DOVECOT_CONF='mail_fsync = never'
lab_up dovecot

STRIDE=${STRIDE-1}
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
WANT=$(cat "$LAB_MAILDIR_billy"/new/* | sort | sha256sum)

PORT=$LAB_IMAP_PORT
[ "$PROTO" = imap ] || PORT=$LAB_POP3_PORT
(umask 077; echo secret > "$T/password")
export XDG_STATE_HOME=$T/state KILLN_FAST=1
export POSTBAG_PASSWORD_FILE=$T/password

# fetch N ARG...: killed before the Nth change, or not, with 0.  The braces
# keep the shell's "Killed" away.
fetch() {
	{ KILLN=$1 LD_PRELOAD=$LIB mailfetch -q --tls off \
		-S "$PROTO://127.0.0.1:$PORT" -u billy --auth plain \
		"${@:2}"; } 2> "$T/err"
}

fresh() { rm -rf "$T/state" "$T/md" "$T/mb" "$T/mb.lock"; }

# What a run that nothing befell made: looked at once, closely.
maildir_right() {
	[ "$(ls "$T/md/new" | wc -l)" = 60 ] || return 1
	[ "$(cat "$T/md/new"/* | sort | sha256sum)" = "$WANT" ]
}

mbox_right() {
	python3 - "$T/mb" "$LAB_MAILDIR_billy" <<'P'
import glob, re, sys
text = open(sys.argv[1]).read()
got = []
for m in re.split(r"(?m)^From mailfetch.*\n", text)[1:]:
    got.append(re.sub(r"(?m)^>(>*From )", r"\1", m[:-1]))
want = [open(f).read() for d in ("new", "cur") for f in glob.glob(sys.argv[2] + "/%s/*" % d)]
sys.exit(len(got) != 60 or sorted(got) != sorted(want))
P
}

undated() { sed 's/^From mailfetch@.*/From/' "$1"; }

# All others are compared with it.  Names are the same each time.
keep() {
	rm -rf "$T/right" "$T/right.mb"
	[ ! -e "$T/md" ] || cp -r "$T/md/new" "$T/right"
	[ ! -e "$T/mb" ] || undated "$T/mb" > "$T/right.mb"
}

whole() {
	[ ! -e "$T/right" ] || diff -rq "$T/right" "$T/md/new" > "$T/diff" ||
		return 1
	[ ! -e "$T/right.mb" ] ||
		undated "$T/mb" | cmp "$T/right.mb" - > "$T/diff" 2>&1
}

# Nothing in new/ that is not a whole message.
no_part() {
	[ -e "$T/right" ] && [ -e "$T/md/new" ] || return 0
	diff -rq "$T/right" "$T/md/new" > "$T/diff"
	! grep -vq "^Only in $T/right" "$T/diff"
}

# every WHERE: kill at each point, rerun, look
every() {
	local where=$1 n total bad=0 points=0 most=${2-100000}
	local -a to=()
	[ "$where" = mbox ] || to+=(-d "maildir:$T/md" --create)
	[ "$where" = maildir ] || to+=(-d "mbox:$T/mb")
	fresh
	KILLN_COUNT=$T/count fetch 0 "${to[@]}" || bad=1
	[ "$where" = mbox ] || maildir_right || bad=1
	[ "$where" = maildir ] || mbox_right || bad=1
	is $bad 0 "$PROTO to $where: 60 messages"
	keep
	total=$(cat "$T/count") || bad=1
	[ "$total" -le "$most" ] || total=$most
	for ((n = 1; n <= total && bad == 0; n += STRIDE)); do
		points=$((points + 1))
		fresh
		fetch "$n" "${to[@]}"
		[ $? = 137 ] || { bad=1; diag "$n: was not killed"; }
		no_part || { bad=1; diag "$n: a part is visible"; }
		fetch 0 "${to[@]}" || { bad=1; diag "$n: rerun: $(cat "$T/err")"; }
		whole || { bad=1; diag "$n: $(head -n 3 "$T/diff")"; }
	done
	is $bad 0 "$PROTO to $where: killed at $points points of $total, 60 messages each time"
}

every maildir
every mbox
every both
# The lock of an mbox is made in another way where it must have a name.
KILLN_NAMED=1 every mbox 30
done_testing
