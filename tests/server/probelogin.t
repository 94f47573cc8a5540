#!/usr/bin/env bash
# portprobe and accounts: their servers as targets, and --login: once, to whom
# the user has named, behind a certificate that was verified, or not at all.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in postfix dovecot openssl jq; do
	PATH=$PATH:/usr/sbin command -v $p > /dev/null ||
		skip_all "$p is not installed"
done
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
lab_up postfix
lab_cert good expired wrongname
export HOME=$T XDG_CONFIG_HOME=$T/config
mkdir -p "$T/config/postbag"
cat > "$T/config/postbag/config" <<END
defaults
ca $LAB_CA
account work
user billy
password-command "echo secret; echo asked >> $T/asked"
imap imaps://localhost:$LAB_IMAPS_PORT
pop3 pop3s://localhost:$LAB_POP3S_PORT
smtp smtps://localhost:$LAB_SMTPS_PORT
account stale
user billy
password-command "echo wrong"
imap imaps://localhost:$LAB_IMAPS_PORT
pop3 pop3s://localhost:$LAB_POP3S_PORT
account nobody
imap imaps://localhost:$LAB_IMAPS_PORT
END
chmod 600 "$T/config/postbag/config"
probe() {
	timeout 60 portprobe -j --timeout 20 -4 --ca "$LAB_CA" "$@" > "$T/json" 2> "$T/err"
	STATUS=$?
}
rows() { jq -r "\"\(.port) $1\"" < "$T/json" | sort; }
ports() { printf '%s\n' "$@" | sort; }

# ---- the servers of an account

probe -A work
is "$STATUS $(rows '\(.proto) \(.state)')" "0 $(ports "$LAB_IMAPS_PORT imaps ok" \
	"$LAB_POP3S_PORT pop3s ok" "$LAB_SMTPS_PORT smtps ok")" '-A: its servers'
is "$(rows '\(.login)' | cut -d' ' -f2 | sort -u)" null 'nobody logs in'
ok 'nor asks for the password' test ! -e "$T/asked"
probe -a
is "$(jq -r .port < "$T/json" | sort)" "$(ports "$LAB_IMAPS_PORT" "$LAB_POP3S_PORT" \
	"$LAB_SMTPS_PORT")" '-a: those of all accounts, each once'
probe -A gone
is $STATUS 78 '-A: no such account'

like "$(portprobe --version)" "configuration.*$T/config/postbag/config" \
	'--version: where they are looked for'

# ---- login

probe -A work --login
is "$STATUS $(rows '\(.login.taken) \(.login.user) \(.login.ms > 0)')" "0 $(ports \
	"$LAB_IMAPS_PORT true billy true" "$LAB_POP3S_PORT true billy true" \
	"$LAB_SMTPS_PORT true billy true")" '--login: by IMAP, POP3 and SMTP'
is "$(jq -r .login.mechanism < "$T/json" | sort -u | grep -c .)" 1 'by a mechanism that is named'
is "$(grep -c asked "$T/asked")" 3 'and the password was asked for once for each'
unlike "$(cat "$T/json" "$T/err")" secret 'and is not shown'
timeout 60 portprobe --nagios -4 --ca "$LAB_CA" -A work --login > "$T/out"
like "$? $(head -n 1 "$T/out")" "^0 .*'localhost_${LAB_IMAPS_PORT}_login'=[0-9.]+ms" \
	'--nagios: how long it took'
timeout 60 portprobe -q --prom "$T/prom" -4 --ca "$LAB_CA" -A work --login
like "$(cat "$T/prom")" "port=\"$LAB_IMAPS_PORT\"[^}]*stage=\"login\"[}] [0-9.]+" \
	'--prom: how long it took'
like "$(timeout 60 portprobe -4 --ca "$LAB_CA" -A work --login)" \
	'login: billy, [A-Z0-9-]+, [0-9.]+ ms' 'in words'
probe -A stale --login
is "$STATUS $(jq -c 'select(.login.ms != null) | [.findings[].id]' < "$T/json")" \
	'77 ["LOGIN_REFUSED"]' '--login: refused'
is "$(jq -c 'select(.login.ms == null) | [.findings[].id, .login.text]' < "$T/json")" \
	'["LOGIN_FAILED","not tried: this user was refused at another port"]' \
	'and not tried again by another protocol'
is "$(jq -r .state < "$T/json" | sort -u)" ok 'the ports are well all the same'
# The same name at another host is another user.
cat > "$T/apart" <<END
account apart
ca $LAB_CA
user billy
password-command "echo wrong"
imap imaps://localhost:$LAB_IMAPS_PORT
pop3 pop3s://127.0.0.1:$LAB_POP3S_PORT
END
chmod 600 "$T/apart"
probe --config "$T/apart" -A apart --login
is "$STATUS $(jq -r '.login.text | test("not tried")' < "$T/json" | xargs)" \
	'77 false false' 'refused at one host: another is tried'
probe --login --password-command 'echo secret' imaps://billy@localhost:1
is "$(jq -c '[.login.taken, .findings[].id]' < "$T/json")" \
	'[false,"LOGIN_FAILED"]' '--login: nobody listens, so it was not taken'
printf '%s\n' secret > "$T/password"
chmod 600 "$T/password"
probe --login --password-file "$T/password" "imaps://billy@localhost:$LAB_IMAPS_PORT"
is "$STATUS $(jq -r .login.taken < "$T/json")" '0 true' '--login: one URL'
for mechanism in PLAIN LOGIN; do
	probe --login --auth $mechanism --password-file "$T/password" \
		"imaps://billy@localhost:$LAB_IMAPS_PORT"
	is "$(jq -r .login.mechanism < "$T/json")" $mechanism '--auth: by no other'
done
probe --login -u billy --password-command 'echo secret' "pop3s://localhost:$LAB_POP3S_PORT"
is "$STATUS $(jq -r .login.taken < "$T/json")" '0 true' '-u, --password-command'

# ---- a server that is not verified gets nothing

lab_odd BAD=tls:imap:wrongname OLD=starttls:imap:expired BADPOP=tls:pop3:wrongname \
	BADSMTP=tls:smtp:wrongname STRIPPED=plain:imap
for u in "imaps://jane@localhost:$BAD" "imap://jane@localhost:$OLD" \
	"pop3s://jane@localhost:$BADPOP" "smtps://jane@localhost:$BADSMTP" \
	"imap://jane@localhost:$STRIPPED"; do
	: > "$LAB_ODD_LOG"
	probe --login --password-command 'echo secret' "$u"
	is "$STATUS $(jq -r .login.taken < "$T/json")" '77 false' "$u: no login"
	like "$(jq -c '[.findings[].id]' < "$T/json")" LOGIN_FAILED "$u: which is told"
	lab_until 60 eval "[ \$(wc -l < '$LAB_ODD_LOG') -ge 1 ]"
	unlike "$(cat "$LAB_ODD_LOG")" 'AUTH|LOGIN|USER|PASS|jane|secret' "$u: no byte of it was sent"
done

# A login goes to the first address of the system; --first may take another.
if unshare -m true 2> /dev/null; then
	printf '::1 localhost\n127.0.0.1 localhost\n' > "$T/hosts"
	unshare -m bash -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' - \
		"$T/hosts" timeout 60 portprobe -j --first --ca "$LAB_CA" -A work \
		--login > "$T/json" 2> "$T/err"
	is "$(rows '\(.login.taken)' | cut -d' ' -f2 | sort -u)" true '--first: the login is told'
	printf '127.0.0.1 localhost\n::1 localhost\n' > "$T/hosts"
	unshare -m bash -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' - \
		"$T/hosts" timeout 60 portprobe -j --first --ca "$LAB_CA" -A work \
		--login > "$T/json" 2> "$T/err"
	is "$(rows '\(.login.taken)' | cut -d' ' -f2 | sort -u)" true '--first: in the other order, too'
else
	skip '--first and two addresses' 'not allowed to unshare'
	skip '--first and two addresses' 'not allowed to unshare'
fi

# ---- where no secret must go

while read -r args; do
	# shellcheck disable=SC2086
	status 64 "--login $args" portprobe --login --password-command 'echo secret' $args < /dev/null
done <<END
-
mx:johndoe.com
srv:johndoe.com
localhost:$LAB_IMAPS_PORT
imaps://billy@localhost imaps://billy@localhost:1
--no-verify imaps://billy@localhost
imaps://localhost:$LAB_IMAPS_PORT -A work
END
# Whom one account trusts is nothing to another.
cat > "$T/two" <<END
account one
user billy
ca $LAB_CA
password-command "echo secret"
imap imaps://localhost:$LAB_IMAPS_PORT
account two
user billy
ca $LAB_CADIR/expired.pem
password-command "echo secret"
pop3 pop3s://localhost:$LAB_POP3S_PORT
END
chmod 600 "$T/two"
timeout 60 portprobe -j --timeout 20 -4 --config "$T/two" -a --login > "$T/json" 2> "$T/err"
is "$(rows '\(.login.taken)')" "$(ports "$LAB_IMAPS_PORT true" \
	"$LAB_POP3S_PORT false")" '-a --login: each by its own authorities'
status 77 '-a: no one of them judges all servers' portprobe -4 --config "$T/two" -a

# Who was refused is that user, not whoever else has an account there.
cat > "$T/users" <<END
defaults
ca $LAB_CA
account one
user jane
password-command "echo wrong"
imap imaps://localhost:$LAB_IMAPS_PORT
account two
user billy
password-command "echo secret"
pop3 pop3s://localhost:$LAB_POP3S_PORT
END
chmod 600 "$T/users"
timeout 60 portprobe -j --timeout 20 -4 --config "$T/users" -a --login > "$T/json" 2> "$T/err"
is "$? $(rows '\(.login.taken)')" "77 $(ports "$LAB_IMAPS_PORT false" \
	"$LAB_POP3S_PORT true")" '-a --login: another user of that host is tried'

status 64 '--login: as whom?' portprobe --login -A nobody
status 64 '-u without --login' portprobe -u billy "imaps://localhost:$LAB_IMAPS_PORT"
probe --login -u billy --password-command 'echo secret' imaps://localhost:1
is "$STATUS $(jq -r '.state' < "$T/json")" '69 refused' 'a port that is closed'
done_testing
