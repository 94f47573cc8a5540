#!/usr/bin/env bash
# mail-ping on real servers: it arrives, is late, is lost, is taken for spam;
# and nothing else in the mailbox is touched.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
command -v jq > /dev/null || skip_all 'jq is not installed'
LAB_DOVECOT_CONF='namespace inbox {
  mailbox Spam {
    special_use = \Junk
    auto = create
  }
}'
lab_up postfix || skip_all 'no Postfix here'
export XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T HOME=$T
mkdir "$T/postbag"
cat > "$T/postbag/config" <<C
defaults
  ca $LAB_CA
  user billy
  password-command echo secret
account work
  from billy@johndoe.com
  smtp smtps://localhost:$LAB_SMTPS_PORT
  imap imaps://localhost:$LAB_IMAPS_PORT
account pop
  pop3 pop3s://localhost:$LAB_POP3S_PORT
account gone
  password-command false
  imap imaps://localhost:$LAB_IMAPS_PORT
C
ping=$ROOT/scripts/mail-ping
to=billy@johndoe.com
mails() { find "$LAB_MAILDIR_billy" -path '*/new/*' -o -path '*/cur/*' | grep -c .; }
mailsend -A work -s 'mail-ping 0123 1' --body 'not ours' $to
lab_mail_wait billy 1

status 0 'a probe' "$ping" -t 60 work $to
like "$OUT" '^1 of 1 arrived, [0-9.]+ s$' 'how long it took'
is "$(mails)" 1 'it is gone again, and the other is there'
is "$(find "$T/state" -type f 2> /dev/null)" '' 'the state of mailfetch is not touched'
status 0 'two probes, Nagios, Prometheus' "$ping" -N -P "$T/prom" -n 2 -i 1 -t 60 work $to
like "$OUT" '^MAIL-PING OK - 2 of 2 arrived, [0-9.]+ s \| time=[0-9.]+s;60;60;0 loss=0%;0;0;0;100 junk=0;0$' \
	'its line'
like "$(< "$T/prom")" 'mail_ping_arrived\{account="work",to="billy@johndoe.com"\} 2' 'its metrics'
is "$(stat -c %a "$T/prom")" 644 'which the collector can read'
like "$(< "$T/prom")" 'mail_ping_seconds\{[^}]*\} [0-9.]+' 'and the time'
status 0 'by POP3' "$ping" -j -t 60 -A work pop $to
is "$(jq -c '[.v, .probe, .arrived, .junk, .folder]' <<<"$OUT")" '[1,1,true,false,null]' 'an object'
is "$(mails)" 2 'POP3: it stays'

lost=nobody@bulk.johndoe.com		# the lab takes it and throws it away
status 65 'one that does not come' "$ping" -t 2 work $lost
like "$OUT" '^0 of 1 arrived, 1 lost after 2 s' 'is lost'
status 2 'Nagios: lost' "$ping" -N -t 1 work $lost
like "$OUT" '^MAIL-PING CRITICAL - 0 of 1 arrived, 1 lost.*\| loss=100%' 'its line'
FULL=(sh -c 'trap "" XFSZ; ulimit -f 16; exec "$@"' sh)
status 73 'a full disk' "${FULL[@]}" "$ping" -t 1 work $lost
like "$ERR" 'there is no room' 'is not taken for a loss'
status 3 'Nagios: a full disk' "${FULL[@]}" "$ping" -N -t 1 work $lost
# Filed as spam, by the server.
lab_postfix_set "transport_maps=texthash:$LAB/postfix/1/transport" \
	'virtual_transport=virtual:' "virtual_mailbox_maps=inline:{{$to=billy/Maildir/.Spam/}}"
status 65 'taken for spam' "$ping" -t 30 work $to
like "$OUT" '^1 of 1 arrived, [0-9.]+ s, 1 taken for spam' 'is said'
status 1 'Nagios: spam' "$ping" -N -t 30 work $to
status 78 'an account that cannot send' "$ping" -A gone work $to
status 78 'a secret that cannot be had' "$ping" gone $to
status 3 'Nagios: the same' "$ping" -N gone $to
like "$OUT" '^MAIL-PING UNKNOWN - gone: ' 'with the reason'
status 64 'usage' "$ping" work
status 64 'a number' "$ping" -n 0 work $to

# ---- what real servers do now and then: a reader that says lines of ours

mkdir "$T/bin"
cat > "$T/bin/mailsend" <<'END'
#!/bin/sh
for word; do
	case $word in 'mail-ping '*) echo "$word" >> "$FAKE/subjects" ;; esac
done
END
cat > "$T/bin/mailfetch" <<'END'
#!/bin/sh
case " $* " in
*' --probe '*) echo '{"capabilities":"IMAP4rev1"}'; exit ;;
esac
echo "$*" > "$FAKE/args"
got() { jq -Rc '{ subject: ., folder: "INBOX" }' < "$FAKE/subjects" | sed -n "$1"; }
until [ "$(grep -c . "$FAKE/subjects")" -ge "$PROBES" ]; do sleep 0.1; done 2> "$FAKE/log"
eval "$PLAY"
END
chmod +x "$T/bin/mailsend" "$T/bin/mailfetch"
# played STATUS NAME PROBES PLAY ARG...: PLAY is what the reader does then
played() {
	rm -rf "$T/fake"
	mkdir "$T/fake"
	PATH=$T/bin:$PATH FAKE=$T/fake PROBES=$3 PLAY=$4 status "$1" "$2" \
		"$ping" -n "$3" -i 0 "${@:5}" work $to
}
played 0 'one that came twice, and the other one later' 2 \
	'got 1p; got 1p; sleep 3; got 2p; exec sleep 60' -t 60
like "$OUT" '^2 of 2 arrived' 'is waited for'
like "$(< "$T/fake/args")" '--delete now' 'what came is deleted'
# A clock that goes by the sleeps of mail-ping.
mkdir "$T/clock"
: > "$T/ticks"
printf '#!/bin/sh\nwc -c < "%s"\n' "$T/ticks" > "$T/clock/date"
printf '#!/bin/sh\n[ "$1" != 0.2 ] || printf x >> "%s"\nexec /bin/sleep 0.01\n' \
	"$T/ticks" > "$T/clock/sleep"
chmod +x "$T/clock/date" "$T/clock/sleep"
PATH=$T/clock:$PATH played 0 '-i' 1 'got 1p; until [ "$(grep -c . "$FAKE/subjects")" = 2 ]; do
	/bin/sleep 0.1; done; got 2p; exec /bin/sleep 60' -n 2 -i 100 -t 9999
like "$(wc -c < "$T/ticks")" '^[0-9]{3,}$' 'is waited for, though the first one has come'
played 0 '-k' 1 'got 1p; exec sleep 60' -k -t 60
unlike "$(< "$T/fake/args")" '--delete' 'it is not'
played 1 'Nagios: slower than -w' 1 'sleep 1; got 1p; exec sleep 60' -N -w 0 -t 60
played 2 'Nagios: slower than -c' 1 'sleep 1; got 1p; exec sleep 60' -N -w 0 -c 0 -t 60
played 77 'a reader that ends: its status' 1 'echo no >&2; exit 77' -t 60
like "$ERR" 'cannot be read: no' 'and its words'
played 75 'one that was ended from outside' 1 'exit 0' -t 60
played 3 'Nagios: a reader that ends' 1 'exit 77' -N -t 60
played 0 'what came before it' 1 'got 1p; sleep 1; exit 77' -t 60

is "$(pgrep -f "$T" | wc -l)" 0 'nobody is left'
done_testing
