#!/usr/bin/env bash
# What -j prints is what --json-schema says of it; and a key that is taken away,
# or becomes of another type, is not done without a word in NEWS.  With
# POSTBAG_SCHEMA_CHECK=1, as in every test, the tools themselves look up each key.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
check=$ROOT/tests/jsonschema.py
for tool in mailsend mailfetch mxlookup portprobe imapsync; do
	status 0 "$tool --json-schema" $tool --json-schema
	cp "$T/out" "$T/$tool.schema"
	ok "$tool: it is JSON" python3 -m json.tool "$T/$tool.schema"
	is "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["title"])' "$T/$tool.schema")" \
		"$tool -j" "$tool: and whose it is"
done

# ---- the validator, and the rule for changes, bite

bites() { printf '%s\n' "$2" > "$T/bad"; not_ok "$1" "$check" "$T/mailsend.schema" "$T/bad"; }
bites 'a key that is none' '{"v":1,"nonsense":2}'
bites 'another type' '{"v":"1"}'
bites 'a null that may be none' '{"v":1,"ok":null}'
bites 'within an array' '{"rcpts":[{"addr":7}]}'
bites 'no JSON' '{"v":1'
printf '{"v":1,"rcpts":[{"addr":"a\\ufffd","addr_hex":"61ff"}],"tls":null}\n' > "$T/good"
ok 'what is right' "$check" "$T/mailsend.schema" "$T/good"
cp -r "$ROOT/scripts" "$ROOT/NEWS" "$T"
mkdir -p "$T/tests" "$T/fake"
cp -r "$ROOT/tests/schema" "$T/tests"
for tool in mailsend mailfetch mxlookup portprobe imapsync; do
	printf '#!/bin/sh\ncat "%s"\n' "$T/$tool.schema" > "$T/fake/$tool"
	chmod +x "$T/fake/$tool"
done
rule() { "$T/scripts/dev/schema" "$T/fake"; }
ok 'the keys are those that are on record' rule
sed -i 's/"ok":{"type":"boolean"}/"ok":{"type":"string"}/' "$T/mailsend.schema"
not_ok 'a key of another type' rule
echo '  * -j of mailsend: ok is a word' >> "$T/NEWS"
ok 'NEWS says so' rule
mailsend --json-schema | sed 's/"saved":[^}]*},{"type":"null"}\]},//' > "$T/mailsend.schema"
not_ok 'a key that is gone' rule

# ---- what they print in runs

lab_up postfix unbound || skip_all 'no servers here'
export POSTBAG_DNS=$LAB_DNS XDG_CONFIG_HOME=$T XDG_STATE_HOME=$T/state HOME=$T
mkdir "$T/postbag"
cat > "$T/postbag/config" <<C
account default
  ca $LAB_CA
  user billy
  from billy@johndoe.com
  password-command echo secret
  smtp smtps://localhost:$LAB_SMTPS_PORT
  imap imaps://localhost:$LAB_IMAPS_PORT
account pop : default
  pop3 pop3s://localhost:$LAB_POP3S_PORT
account dead
  smtp smtp://127.0.0.1:1
  tls off
  queue $T/queue
C
# says NAME TOOL ARG...: its lines fit, and there is one at least
says() {
	timeout 60 "${@:2}" < "${IN-/dev/null}" > "$T/lines" 2> "$T/err"
	ok "$1: says something" grep -q '^{' "$T/lines"
	ok "$1: fits" "$check" "$T/$2.schema" "$T/lines"
	not_ok "$1: each has a version" grep -qv '"v":1[,}]' "$T/lines"
}
mailsend --json-schema > "$T/mailsend.schema"
says 'a message' mailsend -j -s x --body x billy@johndoe.com
says 'bytes that are no UTF-8' mailsend -j -s $'\xff' --body x billy@johndoe.com
says 'an address' mailsend -j --check-address billy@johndoe.com 'no address'
says 'a refusal' mailsend -j -A dead --queue off -s x --body x a@b.test
mailsend -A dead -s x --body x a@b.test > /dev/null 2>&1
says 'the queue' mailsend -j -A dead --queue-list
echo '{"id":"1","envelope":{"to":["billy@johndoe.com"]},"message":"From: billy@johndoe.com\n\nx\n"}' > "$T/batch"
IN=$T/batch says 'a batch' mailsend --batch ndjson
lab_mail_wait billy 3
says 'a list' mailfetch -j -l default
says 'a list, POP3' mailfetch -j -l -S "pop3s://billy@localhost:$LAB_POP3S_PORT" --ca "$LAB_CA" --password-command 'echo secret'
says 'a probe' mailfetch -j --probe default
says 'messages' mailfetch --peek -d stdout --format json default
says 'a run' mailfetch -j -d "maildir:$T/Mail" --create default
says 'a name' mxlookup -j -a johndoe.com good.example poor.example gone.invalid 'no name'
says 'a resolver' mxlookup -j --resolver-info
mail=$(lab_mail_last billy)
says 'a message judged' mxlookup -j --message "$mail" --ip 127.0.0.1
says 'ports' portprobe -j --ca "$LAB_CA" --tls-versions --tlsa "127.0.0.1:$LAB_SMTP_PORT/smtp" "127.0.0.1:$LAB_IMAPS_PORT/imaps" 127.0.0.1:1/smtp gone.invalid
says 'a login' portprobe -j -A default --login
says 'a sync' imapsync -j --near "$T/near" -A default
says 'folders' imapsync -j --near "$T/near" -A default list
says 'the state' imapsync -j --near "$T/near" -A default state dump
says 'the state, checked' imapsync -j --near "$T/near" -A default state check
says 'the state, set aside' imapsync -j --near "$T/near" -A default state rebuild
done_testing
