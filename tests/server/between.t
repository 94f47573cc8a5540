#!/usr/bin/env bash
# From one account to another: mailfetch takes by POP3 or IMAP and stores by IMAP,
# at Dovecot.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot || skip_all "no Dovecot here"
export XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T
mkdir "$T/postbag"
cat > "$T/postbag/config" <<C
defaults
  ca $LAB_CA
account jane
  imap imaps://localhost:$LAB_IMAPS_PORT
  user jane
  password-command printf %s "\$LAB_PASS_jane"
account billy
  imap imaps://localhost:$LAB_IMAPS_PORT
  user billy
  password-command echo secret
account billy-pop
  pop3 pop3s://localhost:$LAB_POP3S_PORT
  user billy
  password-command echo secret
C
python3 - "$LAB_MAILDIR_billy" <<'P'
import os, sys
for i in range(60):
    name = "%s/%s/%d.M%d.host%s" % (sys.argv[1], "cur" if i % 2 else "new",
                                    1700000000 + i, i, ":2,FS" if i % 2 else "")
    with open(name, "wb") as f:
        f.write(b"From: a@b.test\nSubject: n%d\n\n" % i + b"x" * (i * 40) +
                b"\n\xff8-bit\n.\n..\n")
    os.utime(name, (1600000000 + i, 1600000000 + i))
P
lab_own "$LAB_MAILDIR_billy"
sums() { find "$1/new" "$1/cur" -type f -exec sha256sum {} + | cut -c 1-64 | sort; }
want=$(sums "$LAB_MAILDIR_billy")

for from in billy billy-pop; do
	status 0 "$from to a new folder" mailfetch "$from" \
	    -d "imap:jane/From $from" --create
	is "$OUT$ERR" "" "and nothing is said"
	status 0 "which is read back" mailfetch jane -f "From $from" \
	    -d "maildir:$T/$from" --create --state "$T/$from.state"
	is "$(sums "$T/$from")" "$want" "byte for byte"
	status 0 "again" mailfetch "$from" -j -d "imap:jane/From $from"
	like "$OUT" '"fetched":0' "nothing is new"
done
status 0 "flags" mailfetch jane -f "From billy" --search 'SEEN FLAGGED' -n
is "$(grep -c 'a@b.test' "$T/out")" 30 "are the same"
status 0 "dates" mailfetch jane -f "From billy" --search 'ON 13-Sep-2020' -n
is "$(grep -c 'a@b.test' "$T/out")" 60 "are the same"

# Killed at any moment, each message is there once in the end.
rm -f "$T/state/postbag/mailfetch/billy.state"
for ms in 05 15 25 35; do
	timeout -s KILL "0.$ms" "$BUILD/mailfetch" billy -d imap:jane/Killed --create
done > "$T/log" 2>&1
status 0 "after it was killed four times" mailfetch billy -d imap:jane/Killed --create
status 0 "all of it" mailfetch jane -f Killed -d "maildir:$T/killed" --create \
    --state "$T/killed.state"
is "$(sums "$T/killed")" "$want" "each is there once"
status 77 "a wrong password there" mailfetch billy --state "$T/other" \
    -d "imaps://jane@localhost:$LAB_IMAPS_PORT/INBOX" \
    --deliver-password-command 'echo wrong'
like "$ERR" "imaps://jane@localhost" "names the server it was for"
done_testing
