#!/usr/bin/env bash
# The system's mailer: /etc/postbag/config, any uid, no HOME, secrets of root for
# a group, and the walls of a hardened systemd unit. In a mount namespace with an
# /etc of its own.
# shellcheck disable=SC1091,SC2153,SC2154
set -u
if [ -z "${SYSTEM_T:-}" ]; then
	SYSTEM_T=1 unshare -m --propagation private true 2> /dev/null ||
	    { echo "1..0 # SKIP no mount namespaces here"; exit 0; }
	[ "$(id -u)" = 0 ] ||
	    { echo "1..0 # SKIP needs root, to be somebody else"; exit 0; }
	SYSTEM_T=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/../lib.sh"
chmod 755 "$T"
mkdir "$T/bin" "$T/etc" "$T/got"
chmod 777 "$T/got"
cp "$BUILD/mailsend" "$T/bin/mailsend"
cp "$BUILD/mailsend" "$T/bin/sendmail"
cp -a /etc/. "$T/etc" 2> /dev/null
rm -rf "$T/etc/postbag" "$T/etc/mailname"
mkdir "$T/etc/postbag"
mount --bind "$T/etc" /etc || skip_all "no mounts here"
python3 -u "$ROOT/tests/lab/sink.py" "$T/got/m" > "$T/port" &
sink=$!
trap 'kill $sink 2> /dev/null; umount /etc; rm -rf "$T"' EXIT
for _ in $(seq 100); do [ -s "$T/port" ] && break; sleep 0.1; done
PORT=$(cat "$T/port")
unset XDG_CONFIG_HOME XDG_STATE_HOME POSTBAG_PASSWORD_FILE

# conf FILE [TEXT]: an account in FILE, with more lines
conf() { printf 'account default\nsmtp smtp://127.0.0.1:%s\ntls off\nfrom ops@example.org\n%s' \
    "$PORT" "${2:-}" > "$1"; }
# A uid that no database knows, without HOME.
stranger=(setpriv --reuid 61234 --regid 61234 --clear-groups env -u HOME)
printf 'To: root\nSubject: x\n\nx\n' > "$T/m"
chmod 644 "$T/m"
# mails NAME CMD...: CMD sends the message, and says nothing
mails() {
	rm -f "$T/got/m"
	status 0 "$1" "${@:2}" < "$T/m"
	is "$ERR" "" "nothing is said"
	ok "it arrives" grep -q '^Subject: x' "$T/got/m"
}
sm=("$T/bin/sendmail" -i)

# ---- which file
status 78 "no file at all" "${stranger[@]}" "${sm[@]}" a@x.test < "$T/m"
like "$ERR" '/etc/postbag/config: No such file' "the place is named"
conf /etc/postbag/config
mails "a uid without a name or a home" "${stranger[@]}" "${sm[@]}" root
ok "root has a domain" grep -q 'RCPT TO:<root@example.org>' "$T/got/m"
mails "HOME that is not there" "${stranger[@]}" env HOME=/nonexistent "${sm[@]}" root
mkdir "$T/closed"
chmod 700 "$T/closed"
mails "HOME of somebody else" "${stranger[@]}" env HOME="$T/closed" "${sm[@]}" root
rm /etc/postbag/config
status 78 "that, and no file of the system" \
    "${stranger[@]}" env HOME="$T/closed" "${sm[@]}" a@x.test < "$T/m"
like "$ERR" "$T/closed/.config/postbag/config: Permission denied; /etc" \
    "each place with what was there"

# ---- the user's keys win
mkdir -p "$T/home/.config/postbag"
user=$T/home/.config/postbag/config
hm=(env HOME="$T/home")
conf /etc/postbag/config 'ehlo system.test
bcc copies@x.test
'
printf 'defaults\nfrom jo@x.test\n' > "$user"
mails "the user's defaults, the system's account" "${hm[@]}" "${sm[@]}" b@y.test
ok "an account counts before defaults" grep -q 'MAIL FROM:<ops@example.org>' \
    "$T/got/m"
conf "$user"
sed -i 's/ops@/user@/' "$user"
mails "an account of the same name" "${hm[@]}" "${sm[@]}" b@y.test
ok "is the user's" grep -q 'MAIL FROM:<user@example.org>' "$T/got/m"
not_ok "as a whole" grep -q copies "$T/got/m"
printf 'account mine : default\nfrom mine@x.test\n' > "$user"
mails "an account may take after one of the system's" \
    "${hm[@]}" "$T/bin/mailsend" -A mine --message "$T/m" b@y.test
ok "with its own keys before" grep -q 'MAIL FROM:<mine@x.test>' "$T/got/m"
ok "and the others" grep -q 'RCPT TO:<copies@x.test>' "$T/got/m"
printf 'account mine\nfrom a@x.test\naccount two\nuser x\n' > "$user"
mails "the first account that has a server" "${hm[@]}" "${sm[@]}" b@y.test
rm "$T/home/.config/postbag/config"
printf 'account mine\nfrom a@x.test\n' > /etc/postbag/config
status 78 "an account without a server" "${hm[@]}" "${sm[@]}" b@y.test < "$T/m"
like "$ERR" 'account mine .*has no server' "is named"
printf 'account x\nnonsense 1\n' > /etc/postbag/config
status 78 "an error in the system's file" "${hm[@]}" "${sm[@]}" b@y.test < "$T/m"
like "$ERR" '/etc/postbag/config:2: unknown key' "is told with its line"

# ---- secrets
conf /etc/postbag/config $'user u\npassword p\n'
chmod 640 /etc/postbag/config
chgrp 61234 /etc/postbag/config
status 0 "a secret of root's that a group may read" "${stranger[@]}" \
    "$T/bin/mailsend" --quit-after connect b@y.test
chmod 644 /etc/postbag/config
status 78 "not one that all may read" "${stranger[@]}" \
    "$T/bin/mailsend" --quit-after connect b@y.test
chmod 640 /etc/postbag/config
chgrp 0 /etc/postbag/config
status 78 "who is not in the group is told" "${stranger[@]}" "${sm[@]}" b@y.test < "$T/m"
like "$ERR" '/etc/postbag/config: Permission denied' "of which file"
rm /etc/postbag/config

# ---- hardened units
conf /etc/postbag/config
mails "NoNewPrivileges" "${stranger[@]}" setpriv --no-new-privs "${sm[@]}" root
mails "DynamicUser" setpriv --reuid 61999 --regid 61234 \
    --clear-groups env -u HOME "${sm[@]}" root
wall() { unshare -m --propagation private bash -c "$1"'
exec "${@:1}"' bash "${@:2}"; }
mails "ProtectSystem=strict" wall 'mount -o remount,bind,ro / || exit 99' "${stranger[@]}" "${sm[@]}" root
mails "ProtectHome" wall 'mount -t tmpfs -o mode=000 none /root && mount -t tmpfs -o mode=000 none /home || exit 99' \
    "${stranger[@]}" env HOME=/root "${sm[@]}" root
mails "PrivateTmp" wall "mkdir $T/own && mount --bind $T/own /var/tmp || exit 99" \
    "${stranger[@]}" env TMPDIR=/var/tmp "${sm[@]}" root
mails "no environment at all" "${stranger[@]}" env -i "${sm[@]}" root

# ---- the logs of a system
logs() { unshare -m --propagation private bash -c '
mkdir -p "$0/dev" && for n in null zero full random urandom tty; do
	touch "$0/dev/$n"; mount --bind "/dev/$n" "$0/dev/$n" || exit 99
done; mount --bind "$0/dev" /dev; mount -t tmpfs none /run || exit 99
mkdir -p /run/systemd/journal
'"$1"'
exec "${@:1}"' "$T" "${@:2}"; }
# listens PATH: what one datagram brings is in $T/log
listens="python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[2] + \".there\", \"w\")
open(sys.argv[2], \"wb\").write(s.recv(99999))' %s $T/log &
until [ -e $T/log.there ]; do sleep 0.05; done"
declare -A ends=([syslog]=')' [journal]='\n')
# shellcheck disable=SC2059
for where in syslog=/dev/log journal=/run/systemd/journal/socket; do
	rm -f "$T"/log*
	conf /etc/postbag/config "log ${where%%=*}"$'\n'
	mails "log ${where%%=*}" logs "$(printf "$listens" "${where#*=}")" "${sm[@]}" root \
	    $(seq -f 'a%03g@some.example.org' 250)
	for _ in $(seq 50); do [ -s "$T/log" ] && break; sleep 0.1; done
	like "$(cat "$T/log")" 'status=0 id=<.*to=<root@example.org> sent' "one line says all"
	is "$(grep -c status= "$T/log")" 1 "and there is one"
	like "$(tail -c 20 "$T/log")" ' \(cut\)$' "cut to what a datagram has room for"
	is "$(tail -c 1 "$T/log" | od -An -c | tr -d ' ')" "${ends[${where%%=*}]}" \
	    "which ends as ${where%%=*} has it"
	[[ $where != syslog=* ]] || like "$(cat "$T/log")" \
	    '^<22>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} mailsend\[[0-9]+\]: [0-9]{4}-' \
	    "and begins as facility mail, level info"
	rm -f "$T/dev/log"
	status 0 "a log that is not there stops no mail" logs : "${sm[@]}" root < "$T/m"
	like "$ERR" "log ${where%%=*}: ${where#*=}: No such file" "and is said"
done
like "$(cat "$T/log")" '^PRIORITY=6' "the journal has fields"
conf /etc/postbag/config
kill $sink
status 75 "no spool: it is tried at once, and told" "${stranger[@]}" "${sm[@]}" root < "$T/m"
done_testing
