#!/usr/bin/env bash
# mail-alert to a real server: what a command said arrives, whatever it said.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up postfix || skip_all "no Postfix here"
export XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T
mkdir "$T/postbag"
cat > "$T/postbag/config" <<C
account out
  ca $LAB_CA
  user billy
  from billy@johndoe.com
  password-command echo secret
  smtp smtps://localhost:$LAB_SMTPS_PORT
C
alert=("$ROOT/scripts/mail-alert" -k job billy@johndoe.com)
come() { [ "$(ls "$LAB_MAILDIR_billy/new" | wc -l)" = "$1" ]; }

status 3 "a command that fails" "${alert[@]}" sh -c \
    'printf "disk \303\274ber\0 full\r10%%\r20%%\n.\nFrom here\n"; head -c 5000 /dev/zero | tr "\0" x; exit 3'
is "$OUT$ERR" '' "nothing is said, so that cron mails nothing"
ok "it arrives" lab_until 20 come 1
status 3 "the same again" "${alert[@]}" sh -c 'exit 3'
status 0 "it does well" "${alert[@]}" true
ok "which is said, and the second was not" lab_until 20 come 2
python3 - "$LAB_MAILDIR_billy/new" > "$T/said" <<'P'
import email, email.policy, os, sys
got = [email.message_from_binary_file(open(sys.argv[1] + "/" + f, "rb"),
                                      policy=email.policy.default)
       for f in os.listdir(sys.argv[1])]
for m in sorted(got, key=lambda m: "recovered" in m["Subject"]):
    print(m["Subject"], "|", m["Auto-Submitted"], "|", m["To"])
    print(m.get_content().replace("\r", "<CR>").replace("\0", "<NUL>"))
P
like "$(< "$T/said")" 'job failed with 3 . auto-generated . billy@johndoe.com' \
    "who and what"
like "$(< "$T/said")" 'disk über' "its text"
like "$(< "$T/said")" '\.
From here
xxxx' "and all of it"
like "$(< "$T/said")" 'recovered: job' "the end"
done_testing
