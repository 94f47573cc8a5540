#!/usr/bin/env bash
# mail-ping without a server: what it asks mailsend and mailfetch, its options,
# and what it says in each form.  tests/server/ping.t has it with real ones.
set -u
. "$(dirname "$0")/../lib.sh"
command -v jq > /dev/null || skip_all 'jq is not installed'
mkdir "$T/bin"
export FAKE=$T/fake HOME=$T
# The one that sends refuses what comes after GOOD probes.
cat > "$T/bin/mailsend" <<'END'
#!/bin/sh
echo "$*" >> "$FAKE/sends"
[ "$(grep -c . "$FAKE/sends")" -le "$GOOD" ] || { echo 'mailsend: no more' >&2; exit 69; }
for word; do
	case $word in 'mail-ping '*) echo "$word" >> "$FAKE/subjects" ;; esac
done
END
# The one that reads says each probe once it was sent, as in FOLDER.
cat > "$T/bin/mailfetch" <<'END'
#!/bin/sh
echo "$*" >> "$FAKE/reads"
case " $* " in
*' --probe '*) echo "{\"capabilities\":\"$CAPS\"}"; exit ;;
*' --catch-up '*) exit "$CATCH" ;;
esac
[ "$FOLDER" != lost ] || exec sleep 60
n=1
while :; do
	line=$(sed -n "${n}p" "$FAKE/subjects")
	[ -n "$line" ] || { sleep 0.05; continue; }
	jq -nc --arg s "$line" --argjson f "$FOLDER" '{ subject: $s, folder: $f }'
	n=$((n + 1))
done
END
chmod +x "$T/bin/mailsend" "$T/bin/mailfetch"
PATH=$T/bin:$PATH
export GOOD=9 CAPS=IMAP4rev1 FOLDER='"INBOX"' CATCH=0
# played STATUS NAME ARG...
played() {
	rm -rf "$FAKE"
	mkdir "$FAKE"
	: > "$FAKE/subjects"
	status "$1" "$2" "$ROOT/scripts/mail-ping" "${@:3}"
}

while IFS='|' read -r args want; do
	# shellcheck disable=SC2086 # words
	played 0 "-N $args" -N $args work jo@x.example
	like "$OUT" "^MAIL-PING OK - 1 of 1 arrived, [0-9.]+ s \| time=[0-9.]+s;$want;0 loss=0%;0;0;0;100 junk=0;0$" \
		'its thresholds'
done <<'END'
|60;120
-t 90s|60;90
-t 2m -w 7|7;120
-t 1h|60;3600
-c 44 -t 70|60;44
END
while IFS= read -r args; do
	# shellcheck disable=SC2086 # words
	played 64 "$args" $args work jo@x.example
	# shellcheck disable=SC2086 # words
	played 3 "-N $args" -N $args work jo@x.example
done <<'END'
-n 0
-n 1001
-n 1x
-t 05
-t 1d
-i x
-w x
-c 1.5
END
played 64 'three words' a b c
is "$(ls "$FAKE")" subjects 'nothing was asked'

# ---- what is asked

cd "$T" || exit
: > X:file		# what the option would be as a pattern
played 0 'IMAP' -t 60 -A out -J Bulk -s '-H X:*' -k work jo@x.example
is "$(sed -n 1p "$FAKE/reads")" '-A work --probe -j' 'what the server can'
like "$(sed -n 2p "$FAKE/reads")" '^-A work --state /.* --watch --poll 5 -d stdout --format json -f INBOX -f Bulk --search HEADER X-Mail-Ping [0-9a-f]{16}$' \
	'the reader'
like "$(< "$FAKE/sends")" '^-A out -H X:\* -s mail-ping [0-9a-f]{16} 1 -H X-Mail-Ping: [0-9a-f]{16} -H Auto-Submitted: auto-generated --body .* -- jo@x.example$' \
	'and the mail'
played 0 'IMAP, once more' -t 60 work jo@x.example
like "$(sed -n 2p "$FAKE/reads")" '-f INBOX -f \\Junk --search HEADER X-Mail-Ping [0-9a-f]{16} --delete now$' \
	'what came is deleted, and nothing else'
like "$(< "$FAKE/sends")" '^-A work ' 'the account sends'
CAPS='UIDL TOP' FOLDER=null
played 0 'POP3' -t 60 work jo@x.example
like "$(sed -n 2p "$FAKE/reads")" '--state /.* --catch-up$' 'what is there is passed over'
like "$(sed -n 3p "$FAKE/reads")" '--format json --headers-only$' 'and nothing is deleted'
CATCH=77
played 77 'POP3: which fails' -t 60 work jo@x.example
ok 'then nothing is sent' test ! -e "$FAKE/sends"
CAPS=IMAP4rev1 CATCH=0

# ---- what became of it

FOLDER='"My Spam"'
played 65 'spam' -j -t 60 work jo@x.example
is "$(jq -c '[.v, .probe, .arrived, .folder, .junk]' <<< "$OUT")" \
	'[1,1,true,"My Spam",true]' 'is told'
FOLDER='"inbox"'
played 0 'an inbox in small letters' -j -t 60 work jo@x.example
is "$(jq -c .junk <<< "$OUT")" false 'is no spam'
GOOD=1
played 69 'one that cannot be sent' -P "$T/prom" -n 3 -i 0 -t 60 work jo@x.example
is "$ERR" 'mail-ping: cannot be sent: no more' 'with the words of mailsend'
is "$(grep -v '^#\|seconds' "$T/prom" | sed 's/{.*}//' | xargs)" \
	'mail_ping_sent 1 mail_ping_arrived 1 mail_ping_junk 0 mail_ping_wanted 3' 'its metrics'
played 69 'the same, -j' -j -n 3 -i 0 -t 60 work jo@x.example
is "$(jq -c .probe <<< "$OUT") $ERR" '1 mail-ping: cannot be sent: no more' 'what was sent is told'
played 2 'the same, -N' -N -n 3 -i 0 -t 60 work jo@x.example
like "$OUT" '^MAIL-PING CRITICAL - cannot be sent: no more \| .*loss=66%' 'is critical'
GOOD=0
played 69 'none can be sent' -t 60 work jo@x.example
GOOD=9 FOLDER=lost
played 65 'a lost one' -P "$T/prom" -t 0 work jo@x.example
unlike "$(< "$T/prom")" ping_seconds 'has no time'
like "$(< "$T/prom")" 'mail_ping_time_seconds\{[^}]*\} [0-9]' 'but when it was looked'
played 65 'a lost one, -j' -j -t 0 work jo@x.example
is "$(jq -c '[.arrived, .folder, .junk, .seconds]' <<< "$OUT")" '[false,null,false,null]' 'is told'
FOLDER='"INBOX"'
played 73 'metrics that cannot be written' -P "$T/none/prom" -t 60 work jo@x.example
played 3 'the same, -N' -N -P "$T/none/prom" -t 60 work jo@x.example
done_testing
