#!/usr/bin/env bash
# The scripts around portprobe: the table of the ports, the check for Nagios,
# the mail from cron before a certificate ends.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
command -v jq > /dev/null || skip_all 'jq is not installed'
unset RES_OPTIONS LOCALDOMAIN
lab_up postfix unbound
export POSTBAG_DNS=$LAB_DNS
lab_cert expired
lab_odd CLOSED=closed FILTERED=filtered PLAIN=plain:imap/auth \
	BOTH=starttls:imap:good/auth BADCERT=tls:pop3:expired \
	'ESC=plain:smtp/greet=220 \x1b[31m\r\n' "BAD25=starttls:smtp:expired"
PATH=$PATH:$ROOT/scripts
ports=$LAB_SMTP_PORT/smtp,$LAB_SUBMISSION_PORT/submission
ports+=,$LAB_SMTPS_PORT/smtps,$LAB_IMAP_PORT/imap,$LAB_IMAPS_PORT/imaps
ports+=,$LAB_POP3_PORT/pop3,$LAB_POP3S_PORT/pop3s
# Dovecot offers logins without TLS to whoever has its own address.
other=(--ca "$LAB_CA" --source 127.0.0.2)

# ---- mail-ports

status 0 'mail-ports: all is well' mail-ports "${other[@]}" -p "$ports" \
	127.0.0.1
is "$(sed -n 1p "$T/out")" 127.0.0.1 'the address stands above'
like "$(sed -n 2p "$T/out")" '^ *PORT  SERVICE +FOR +SECURE +ANSWER +WHAT' \
	'then a heading'
is "$(sed 1,2d "$T/out" | awk '{ print $2, $3, $4 }')" 'smtp relay yes
submission submission yes
smtps submission yes
imap reading yes
imaps reading yes
pop3 fetching yes
pop3s fetching yes' 'a row for each port, in order, with its purpose'
like "$OUT" 'TLSv1.3, (29|30) days' 'TLS and days left'
status 77 'mail-ports: the worst counts' mail-ports --ca "$LAB_CA" \
	--timeout 2 -p "$CLOSED/smtp,$FILTERED/submission,$PLAIN/imap,$BADCERT/pop3s,$BOTH/sieve,$BAD25/smtp" \
	127.0.0.1 --name mail.johndoe.com
row() { awk -v p="$1" '$1 == p' "$T/out"; }
like "$(row "$CLOSED")" 'smtp +relay +- +refused' 'a closed port'
like "$(row "$FILTERED")" 'submission +- +filtered' 'a filtered port'
like "$(row "$PLAIN")" 'imap +reading +no: plaintext' 'one without TLS'
like "$(row "$BADCERT")" 'no: certificate' 'an expired certificate'
like "$(row "$BAD25")" 'encrypted only' 'the same on port 25'
status 0 'mail-ports: login before TLS' mail-ports --ca "$LAB_CA" \
	-p "$BOTH/imap" --name mail.johndoe.com 127.0.0.1
like "$OUT" 'yes, but login in plaintext too' 'is told'
mail-ports -p "$ESC/smtp" 127.0.0.1 > "$T/out" 2>&1
not_ok 'mail-ports: no escape sequences' grep -q $'\e' "$T/out"
status 64 'mail-ports: no host' mail-ports
like "$ERR" 'mail-ports \[OPTION' 'its usage'
status 68 'mail-ports: no such host' mail-ports no.such.host.invalid
is "$OUT$ERR" 'mail-ports: no.such.host.invalid: no such host' 'is all it says'
status 74 'mail-ports: a full disk, and a certificate that has ended' sh -c \
	'trap "" XFSZ; ulimit -f 0; exec "$@"' sh mail-ports --ca "$LAB_CA" -p "$BADCERT/pop3s" 127.0.0.1
status 64 'mail-ports: a port that is none' mail-ports -p 25x localhost

# ---- check_mail_ports

status 0 'check_mail_ports: well' check_mail_ports -H 127.0.0.1 -p "$ports" \
	-- "${other[@]}"
like "$(sed -n 1p "$T/out")" '^PORTPROBE OK - .*\|.*_cert' 'first line'
status 1 'check_mail_ports: -w' check_mail_ports -H 127.0.0.1 \
	-p "$LAB_IMAPS_PORT/imaps" -w 40 -c 5 -- --ca "$LAB_CA"
status 2 'check_mail_ports: -c' check_mail_ports -H 127.0.0.1 \
	-p "$LAB_IMAPS_PORT/imaps" -w 50 -c 40 -- --ca "$LAB_CA"
status 2 'check_mail_ports: a closed port' check_mail_ports -H 127.0.0.1 \
	-p "$CLOSED/smtp"
status 2 'check_mail_ports: -t' check_mail_ports -H 127.0.0.1 -t 1 \
	-p "$FILTERED/smtp"
status 2 'check_mail_ports: -C' check_mail_ports -H 127.0.0.1 -t 2 -W 1 -C 2 \
	-p "$FILTERED/smtp"
status 3 'check_mail_ports: no host' check_mail_ports -p 25
like "$OUT" '^PORTPROBE UNKNOWN - no host' 'is said on stdout'
status 3 'check_mail_ports: no such option' check_mail_ports -H a -x
status 3 'check_mail_ports: a wrong port' check_mail_ports -H a -p x
cp "$ROOT/scripts/check_mail_ports" "$T/check"
status 3 'check_mail_ports: without portprobe' env PATH=/usr/bin:/bin \
	"$T/check" -H a

# ---- cert-watch

mkdir -p "$T/config/postbag"
cat > "$T/config/postbag/config" <<CONF
account default
  smtp smtps://localhost:$LAB_SMTPS_PORT
  ca $LAB_CA
  user billy
  from billy@johndoe.com
  password-command echo secret
CONF
export XDG_CONFIG_HOME=$T/config PORTPROBE_OPTIONS="--ca $LAB_CA"
status 0 'cert-watch: all is well' cert-watch jane@johndoe.com \
	"127.0.0.1:$LAB_IMAPS_PORT/imaps" "127.0.0.1:$LAB_SMTP_PORT/smtp"
is "$OUT$ERR" '' 'and nothing is said'
status 0 'cert-watch: one ends' cert-watch -w 40 jane@johndoe.com \
	"127.0.0.1:$LAB_IMAPS_PORT/imaps" "127.0.0.1:$LAB_SMTP_PORT/smtp"
is "$OUT$ERR" '' 'nothing on the terminal'
ok 'a mail comes' lab_mail_wait jane 1
mail=$(cat "$(lab_mail_last jane)")
like "$mail" 'Auto-Submitted: auto-generated' "and says that nobody wrote it"
like "$mail" 'Subject: mail certificates: ends in [0-9]+ days, on 20..-' \
	'its subject says when'
like "$mail" "127.0.0.1:$LAB_IMAPS_PORT.*127.0.0.1:$LAB_SMTP_PORT" \
	'and where: all ports'
is "$(grep -c '^ends in.*CN *= *mail.johndoe.com' <<< "$mail")" 1 \
	'one certificate on two ports is told once'
is "$(find "$LAB_MAILDIR_jane/new" -type f | wc -l)" 1 \
	'and when all was well, none came'
lab_mail_clear jane
status 0 'cert-watch: one has ended' cert-watch jane@johndoe.com \
	"127.0.0.1:$BADCERT/pop3s" "127.0.0.1:$CLOSED/smtp"
ok 'a mail comes' lab_mail_wait jane 1
mail=$(cat "$(lab_mail_last jane)")
like "$mail" 'ended [0-9]+ days ago, on 2021-01-01' 'which says so'
unlike "$mail" 'CERT_EXPIRED' 'once'
like "$mail" "cannot be looked at: 127.0.0.1:$CLOSED: " 'a port that is closed'
status 64 'cert-watch: no target' cert-watch jane@johndoe.com

# What it would send: without the mail.
cert_watch() {
	local status=0
	mkdir -p "$T/mailbin"
	cp "$ROOT/scripts/cert-watch" "$T/mailbin"
	ln -sf "$BUILD/portprobe" "$T/mailbin/"
	printf '#!/bin/sh\nprintf "%%s\\n" "$@"; cat\n' > "$T/mailbin/mailsend"
	chmod +x "$T/mailbin/mailsend"
	"$T/mailbin/cert-watch" ${WATCH_OPTIONS-} to@x.example "$@" || status=$?
	echo "status $status"
}
mail=$(PORTPROBE_OPTIONS="--ca $LAB_CA --name other.example" cert_watch \
	"127.0.0.1:$LAB_IMAPS_PORT/imaps" "127.0.0.1:$LAB_POP3S_PORT/pop3s")
like "$mail" 'not for other.example \(CERT_NAME\)' 'a name: in the words of portprobe'
is "$(grep -c CERT_NAME <<< "${mail#*to@x.example}")" 1 'one line for two ports'
like "$mail" "127.0.0.1:$LAB_IMAPS_PORT" 'which has the one'
like "$mail" "127.0.0.1:$LAB_POP3S_PORT" 'and the other'
mail=$(PORTPROBE_OPTIONS= cert_watch "127.0.0.1:$LAB_IMAPS_PORT/imaps")
like "$mail" '(CERT_INCOMPLETE|CERT_UNTRUSTED)' 'a chain that nobody trusts'
mail=$(PORTPROBE_OPTIONS= cert_watch nosuch.invalid)
unlike "$mail" null 'a host that is not there has no port'
like "$mail" 'cannot be looked at: nosuch.invalid: ' 'and is named'
FULL=(sh -c 'trap "" XFSZ; ulimit -f 0; exec "$@"' sh)
PORTPROBE_OPTIONS="--ca $LAB_CA" status 74 'cert-watch: a full disk, and a certificate that has ended' \
	"${FULL[@]}" "$T/mailbin/cert-watch" to@x.example "127.0.0.1:$BADCERT/pop3s"
for d in 1:ends.in.1.day, 0:ends.within.a.day, -1:has.ended, -2:ended.1.day.ago \
	-4:ended.3.days.ago; do
	printf '#!/bin/sh\n"%s" "$@" | jq -c ".tls.chain[0].days = %s"\n' \
		"$BUILD/portprobe" "${d%%:*}" > "$T/fake"
	(
		cert_watch > /dev/null 2>&1
		rm "$T/mailbin/portprobe"
		cp "$T/fake" "$T/mailbin/portprobe"
		chmod +x "$T/mailbin/portprobe"
		PORTPROBE_OPTIONS="--ca $LAB_CA" "$T/mailbin/cert-watch" \
			to@x.example "127.0.0.1:$LAB_IMAPS_PORT/imaps"
	) > "$T/out" 2>&1
	like "$(cat "$T/out")" "${d#*:}" "${d%%:*} days: ${d#*:}"
	rm -f "$T/mailbin/portprobe"
done
while IFS='|' read -r change want name; do
	printf '#!/bin/sh\n"%s" "$@" | jq -c '\''%s'\''\n' "$BUILD/portprobe" \
		"$change" > "$T/mailbin/portprobe"
	chmod +x "$T/mailbin/portprobe"
	PORTPROBE_OPTIONS="--ca $LAB_CA" status 0 "cert-watch: $name" \
		"$T/mailbin/cert-watch" to@x.example "127.0.0.1:$LAB_IMAPS_PORT/imaps"
	like "${OUT:-nothing}" "$want" "$name: what is mailed"
done <<'END'
.tls.other={key:"EC 256",not_before:"2020-01-01T00:00:00Z",not_after:"2021-01-01T00:00:00Z",sha256:"x"}|ended [0-9]+ days ago, on 2021-01-01: the certificate of the key EC 256|the other certificate of a server
.tls=null|cannot be looked at: .*: there is no TLS|a server that has no TLS any more
.tls.chain[0]+={self_signed:true,days:-9}|ended 8 days ago, on 20|one that it signed itself, and that is trusted
.tls.chain+=[.tls.chain[0]+{depth:1,self_signed:false,days:-9,sha256:"y"}]|ended 8 days ago, on 20|one in the middle of the chain
.tls.chain+=[.tls.chain[0]+{depth:2,self_signed:true,days:-9,sha256:"y"}]|^nothing$|a root that was sent
END
printf '#!/bin/sh\n"%s" "$@" | jq -c ".tls.chain[0] |= (.not_after = null | .days = -4)"\n' \
	"$BUILD/portprobe" > "$T/mailbin/portprobe"
chmod +x "$T/mailbin/portprobe"
PORTPROBE_OPTIONS="--ca $LAB_CA" status 0 'cert-watch: an end that no calendar has' \
	"$T/mailbin/cert-watch" to@x.example "127.0.0.1:$LAB_IMAPS_PORT/imaps"
like "$OUT" 'ended 3 days ago, on \?' 'is told'
printf '#!/bin/sh\nkill -SEGV $$\n' > "$T/mailbin/portprobe"
status 139 'cert-watch: a portprobe that crashes' \
	"$T/mailbin/cert-watch" to@x.example "127.0.0.1:$LAB_IMAPS_PORT/imaps"
printf '#!/bin/sh\necho "portprobe: No space left on device" >&2\nexit 74\n' > "$T/mailbin/portprobe"
status 74 'cert-watch: a portprobe that lost its output' \
	"$T/mailbin/cert-watch" to@x.example "127.0.0.1:$LAB_IMAPS_PORT/imaps"
is "$OUT$ERR" 'portprobe: No space left on device' 'is heard, and nothing is mailed'
# What a stranger wrote, by what would send it; and an option that is a pattern.
cat > "$T/mailbin/portprobe" <<'END'
#!/bin/sh
printf '{"host":"h\\u202e","port":25,"ip":null,"state":"dns","error":{"text":"\\u001b[31mno\\u009b\\u061c host\\nBcc: x"}}\n'
exit 68
END
rm "$T/mailbin/mailsend"		# else the one that is built
cp "$ROOT/scripts/mail-ports" "$T/mailbin"
mkdir "$T/glob"
touch "$T/glob/X:Ab"
status 0 'cert-watch: hostile words' sh -c 'cd "$1" && shift && "$@"' sh "$T/glob" \
	"$T/mailbin/cert-watch" -s '-n -H X:[A]b' to@x.example h
like "$OUT" 'Subject: mail certificates: cannot be looked at: h' 'keep no mail from being sent'
like "$OUT" 'X: ?\[A\]b' 'an option is no pattern'
unlike "$OUT" $'\e|\u202e|\u061c' 'and turn nothing around'
status 68 'mail-ports: hostile words' "$T/mailbin/mail-ports" h
is "$OUT$ERR" 'mail-ports: h?: ?[31mno?? host?Bcc: x' 'are tamed'
rm -f "$T/mailbin/portprobe"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/new.key" -out "$T/new.pem" \
	-subj /CN=mail.johndoe.com -days 90 2> /dev/null
mail=$(PORTPROBE_OPTIONS="--ca $LAB_CA" WATCH_OPTIONS="-c $T/new.pem" cert_watch \
	"127.0.0.1:$LAB_IMAPS_PORT/imaps")
like "$mail" 'certificate of .* is served; .*new.pem.*\(CERT_NOT_RELOADED\)' \
	'cert-watch -c: a server that was not reloaded'
mail=$(PORTPROBE_OPTIONS="--ca $LAB_CA" WATCH_OPTIONS="-w 100%" cert_watch \
	"127.0.0.1:$LAB_IMAPS_PORT/imaps")
like "$mail" 'ends in [0-9]+ days' 'cert-watch -w: a share of its life'
mail=$(PORTPROBE_OPTIONS="--ca $LAB_CA" WATCH_OPTIONS="-w 5%" cert_watch \
	"127.0.0.1:$LAB_IMAPS_PORT/imaps")
is "$mail" 'status 0' 'which is not near'
isnt "$(cert-watch -s '-S smtps://localhost:1' jane@johndoe.com \
	"127.0.0.1:$CLOSED/smtp" > /dev/null 2>&1; echo $?)" 0 \
	'cert-watch: a mail that cannot be sent is told'
done_testing
