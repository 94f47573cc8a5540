#!/usr/bin/env bash
# mail-setup: what is found by PACC, autoconfig, SRV and the usual names, what
# is never proposed, and that nothing is sent or kept before it is confirmed.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
. "$ROOT/tests/lab/dns.sh"
for p in jq curl python3 nsd unbound pass gpg systemd-creds; do
	PATH=$PATH:/usr/sbin command -v $p > /dev/null ||
		skip_all "$p is not installed"
done
unset RES_OPTIONS LOCALDOMAIN DBUS_SESSION_BUS_ADDRESS MXLOOKUP_OPTIONS PORTPROBE_OPTIONS
lab_up postfix || skip_all 'no Postfix here'
lab_cert expired
lab_odd BAD=tls:imap:expired
export HOME=$T XDG_CONFIG_HOME=$T/config PASSWORD_STORE_DIR=$T/none
setup=$ROOT/scripts/mail-setup

# ---- a web server: what it has for HOST/PATH is the file $T/web/HOST/PATH

mkdir -p "$T/web"
cat > "$T/web.py" <<'P'
import http.server, os, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        host = self.headers["Host"].split(":")[0]
        with open(sys.argv[1] + "/asked", "a") as f:
            f.write("https://%s%s\n" % (host, self.path))
        try:
            with open(sys.argv[1] + "/" + host + self.path.split("?")[0], "rb") as f:
                data = f.read()
        except OSError:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()
    def log_message(self, *a):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
P
web=$(free_port)
lab_spawn web python3 "$T/web.py" "$T/web" "$LAB_CADIR/good.pem" "$web"
wait_port 127.0.0.1 "$web"
export CURL_OPTIONS="--connect-to ::127.0.0.1:$web --noproxy *"
xml=$T/web/autoconfig.johndoe.com/mail/config-v1.1.xml
pacc=$T/web/ua-auto-config.johndoe.com/.well-known/user-agent-configuration.json
mkdir -p "${xml%/*}" "${pacc%/*}"
server() {	# TYPE KIND HOST PORT HOW [USER]
	printf '<%sServer type="%s">\n<!-- <hostname>no.example</hostname> -->\n<hostname>%s</hostname><port>%s</port>\n<socketType>%s</socketType><username>%s</username></%sServer>\n' \
	    "$1" "$2" "$3" "$4" "$5" "${6-%EMAILADDRESS%}" "$1"
}
config() { printf '<?xml version="1.0"?>\n<clientConfig version="1.1"><emailProvider id="x">\n%s\n</emailProvider></clientConfig>\n' "$(cat)" > "$xml"; }
printf '{"protocols":{"imap":{"host":"imap.johndoe.com"},"smtp":{"host":"smtp.johndoe.com"}},"authentication":{"password":true}}' > "$pacc"
digest=$(openssl dgst -sha256 -binary < "$pacc" | openssl base64 -A)

dns_zone johndoe.com signed <<END
@ MX 10 mail
@ A 127.0.0.1
mail A 127.0.0.1
imap A 127.0.0.1
smtp A 127.0.0.1
_imaps._tcp SRV 0 1 $LAB_IMAPS_PORT localhost.
_submissions._tcp SRV 0 1 $LAB_SMTPS_PORT mail
_ua-auto-config TXT "v=UAAC1; a=sha256; d=$digest"
END
dns_zone other.example <<END
@ MX 10 mail
_imaps._tcp SRV 0 1 $LAB_IMAPS_PORT localhost.
_imap._tcp SRV 0 1 $LAB_IMAP_PORT localhost.
_submissions._tcp SRV 0 1 $BAD localhost.
_ua-auto-config TXT "v=UAAC1; a=sha256; d=$digest"
END
dns_zone odd.example < <(echo '@ MX 10 mail')
# Names that end as the domain does, and are another's.
dns_zone doe.com <<END
@ MX 10 mail.johndoe.com.
_imaps._tcp SRV 0 1 $LAB_IMAPS_PORT mail.johndoe.com.
_submissions._tcp SRV 0 1 $LAB_SMTPS_PORT localhost.
END
dns_zone localhost < <(echo '@ A 127.0.0.1')
dns_up || skip_all 'no name server here'
export POSTBAG_DNS=$DNS_UNBOUND
row() { grep "^  $1 .*$2" "$T/err"; }
run() { "$setup" -T "$LAB_CA" "$@" < /dev/null; }

# ---- without a terminal

config < <(server incoming imap localhost "$LAB_IMAPS_PORT" SSL
	server incoming imap ap.johndoe.com 993 SSL
	server incoming imap mail.johndoe.com 143 plain
	server outgoing smtp mail.johndoe.com "$LAB_SUBMISSION_PORT" STARTTLS '%EMAILLOCALPART%')
status 0 'a domain that publishes' run -k ask billy@johndoe.com
like "$OUT" "^account default
  # by mail-setup, 20[0-9-]+: autoconfig
  imap imaps://localhost:$LAB_IMAPS_PORT
  smtp smtp://billy@mail.johndoe.com:$LAB_SUBMISSION_PORT
  ca $LAB_CA
  user billy@johndoe.com
  from billy@johndoe.com
  # the password is asked for at the terminal\$" 'the account is printed'
like "$(row autoconfig imap.*plain)$(row autoconfig 'imap://mail')" \
	'plaintext: never proposed' 'plaintext is shown and not proposed'
like "$(row autoconfig imaps)" 'proposed; outside johndoe.com' \
	'a host elsewhere is shown as that'
unlike "$(row SRV imaps)" outside 'but not if DNSSEC proved it'
like "$(row autoconfig 'imaps://ap')" 'no such host|not proposed: dns' 'a host has its own verdict'
like "$(row PACC smtp)" 'not proposed: refused' 'PACC: its digest is right, nobody is there'
like "$(< "$T/err")" 'disagree about smtp' 'sources that disagree'
unlike "$(< "$T/err")" 'no.example' 'a comment is none of it'
ok 'nothing was written' test ! -e "$T/config"
like "$(< "$T/web/asked")" 'autoconfig.johndoe.com/mail/config-v1.1.xml.emailaddress=billy%40johndoe.com' \
	'the domain itself is told the address'
status 0 'an address with a plus' run -k ask billy+x/y@johndoe.com
like "$(< "$T/web/asked")" 'emailaddress=billy%2Bx%2Fy%40johndoe.com' \
	'a plus would be read as a blank'

echo ' ' >> "$pacc"
status 0 'PACC with another digest' run -k ask billy@johndoe.com
like "$(< "$T/err")" 'PACC: its digest is not in the DNS' 'does not count'

config < <(server incoming imap localhost "$LAB_IMAPS_PORT" SSL '$(touch '"$T"'/evil)'
	server incoming imap '-oX;`id`.johndoe.com' 993 SSL
	server outgoing smtp localhost 99999 SSL
	server incoming imap localhost 1 SSL
	server outgoing smtp "localhost" "$BAD" SSL)
status 0 'hostile values' run -k file billy@johndoe.com
like "$(< "$T/err")" 'user name that cannot be one' 'a user that is none'
like "$(< "$T/err")" 'is no host' 'a host that is none'
like "$(row autoconfig "smtps://localhost:$BAD")" 'not proposed: ([^r]|r[^e])' 'a certificate that is not valid'
like "$(row autoconfig imaps://localhost:1)" 'not proposed: refused' 'and another port of that host has its own reason'
like "$OUT" "password-file ~/config/postbag/password.default" 'where the password will be'
ok 'nothing was run' test ! -e "$T/evil"

# Another domain's answer: MX, insecure SRV.
rm "$xml"
status 69 'POP3, where there is none' run -p -k ask jo@other.example
status 0 'SRV alone, IMAP' run -k ask jo@other.example
like "$(row SRV imaps)" 'proposed; outside other.example' 'insecure SRV: outside is said'
unlike "$OUT" 'smtp' 'a server with a bad certificate is not proposed'
like "$ERR" 'can only read' 'which is said'
status 0 'mail.johndoe.com for doe.com' run -k ask jo@doe.com
like "$(row SRV 'imaps://mail.johndoe')" 'outside doe.com' 'does not belong to it'
is "$(grep autoconfig.johndoe.com "$T/web/asked" | tail -n 1)" \
	https://autoconfig.johndoe.com/mail/config-v1.1.xml 'a stranger is not told the address'
status 69 'nothing at all' run jo@odd.example
like "$ERR" 'no server was found' 'is said'
status 68 'no such domain' run jo@gone.invalid
status 65 'no address' run 'jo doe@johndoe.com'
status 64 'usage' run

# The table, in a DNS that has no such name.
status 68 'offline: the table is not believed before the DNS' run jo@gmail.com

# ---- with a terminal: python's pty types

rm -f "$pacc"
config < <(server incoming imap localhost "$LAB_IMAPS_PORT" SSL billy
	server outgoing smtp localhost "$LAB_SMTPS_PORT" SSL billy)
cat > "$T/type.py" <<'P'
import os, pty, sys, select, time
answers = [a.split("=", 1) for a in sys.argv[1].split("\n") if a]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said, at = b"", 0
end = time.time() + 60
while time.time() < end:
    try:
        if not select.select([fd], [], [], 1)[0]:
            continue
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    said += data
    while answers and answers[0][0].encode() in said[at:]:
        at = said.index(answers[0][0].encode(), at) + 1
        time.sleep(0.2)         # until the echo is off
        os.write(fd, answers.pop(0)[1].encode() + b"\n")
os.close(fd)                    # who still asks gives up
sys.stdout.write(said.decode("utf-8", "replace").replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
type() { python3 "$T/type.py" "$1" "$setup" -T "$LAB_CA" "${@:2}"; }
confirmed=localhost status 77 'the host is not confirmed' type 'Type its name=mail.example' -k file billy@johndoe.com
status 77 'two hosts: the second one is not confirmed' type 'Type its name=mail.johndoe.com
Type its name=mail.johndoe.com' -k file jo@doe.com
like "$OUT" 'localhost: not confirmed' 'each by its own name'
status 77 'no is no' type 'Type its name=mail.johndoe.com
Type its name=localhost
Is your account at=n' -k file jo@doe.com
like "$OUT" 'localhost and mail.johndoe.com: not confirmed' 'for both'
ok 'nothing was written, or kept' test ! -e "$T/config/postbag"
not_ok 'nobody has logged in' grep -q 'Login: \|sasl_username' "$LAB_LOG_DOVECOT" "$LAB_LOG_POSTFIX"
mkdir -p "$T/config/postbag" "$T/dots"
printf '# mine\naccount old:none#\r\n  smtp smtps://localhost:1\r\n' > "$T/dots/config"
chmod 640 "$T/dots/config"
ln -s "$T/dots/config" "$T/config/postbag/config"
status 0 'all of it' type 'Type its name=localhost
Is your account at localhost=y
Password=secret
Log in=y' -k file billy@johndoe.com
like "$OUT" 'Sending: the login works' 'the login by SMTP'
like "$OUT" 'Reading: the login works' 'the login by IMAP'
unlike "$OUT" 'secret' 'the password was not echoed'
is "$(stat -c %a "$T/config/postbag/password.default")" 600 'nobody reads its file'
ok 'the file is still a link' test -L "$T/config/postbag/config"
status 73 'CRLF, a parent, a comment: the name is seen' type '' -a old billy@johndoe.com
printf 'account old\n  smtp smtps://localhost:1\n' > "$T/old"
sed -i -e "/^account old/,/smtp/d; /# mine/r $T/old" "$T/dots/config"
is "$(head -n 2 "$T/dots/config") $(stat -c %a "$T/dots/config")" '# mine
account old 640' 'what was there is there, as it was'
ok 'a message goes' mailsend -s hello --body x billy@johndoe.com
ok 'and arrives' lab_mail_wait billy 1
status 73 'a second time' type '' -a default billy@johndoe.com
echo '{"authentication":{"oauth-public":{"issuer":"https://no.example"}}}' > "$pacc"
status 64 'PACC with another digest: the issuer is asked for' type 'Type its name=localhost
Is your account at localhost=y
URL of the authorization server=x
Log in=n' -a token -k token -i x billy@johndoe.com
ok 'and none is kept' test ! -e "$T/config/postbag/token/token"
rm -f "$pacc"

# ---- each way to keep a secret, and a login with what was kept

logins() {	# NAME
	mailsend -A "$1" --quit-after auth && mailfetch -A "$1" --probe
}
keeps() {	# HOW [ANSWERS]: as account HOW, with the password
	type "Type its name=localhost
Is your account at localhost=y
${2-Password=secret}
Log in=n" -a "$1" -k "$1" billy@johndoe.com
}
none_kept() {	# HOW WHY
	not_ok "$1: $2: no account" grep -q "^account $1\$" "$T/dots/config"
	unlike "$OUT" 'Password of' "$1: nor was a password asked for"
}

# A disk that is full once the secret is kept: sync(1) says it.  An account
# that mailsend does not take is told before a password is asked for.
mkdir "$T/full" "$T/refuses"
printf '#!/bin/sh\necho "sync: No space left on device" >&2\nexit 1\n' > "$T/full/sync"
printf '#!/bin/sh\ncase " $* " in *" -n "*) echo "mailsend: this account is none" >&2; exit 78 ;; esac\nexec %s/mailsend "$@"\n' \
	"$BUILD" > "$T/refuses/mailsend"
chmod +x "$T/full/sync" "$T/refuses/mailsend"
taken_back() {	# HOW CHECK COMMAND...: that it has none
	PATH=$T/full:$PATH status 73 "$1: a full disk" keeps "$1"
	like "$OUT" 'No space left on device' "$1: which is said"
	not_ok "$1: a full disk leaves no account" grep -q "^account $1\$" "$T/dots/config"
	"$2" "$1: what was stored is taken back" "${@:3}"
	is "$(ls "$T/dots")" config "$1: nothing lies about"
}

PATH=$T/refuses:$PATH status 78 'an account that is none' keeps file
none_kept file 'an account that is none'
taken_back file ok test ! -e "$T/config/postbag/password.file"

# Two at once: the other one writes while this one waits for the user.
mkdir "$T/beside"
printf '#!/bin/sh\ncase " $* " in *" -n "*) printf "account %%s\\n\\n" $BESIDE >> %s ;; esac\nexec %s/mailsend "$@"\n' \
	"$T/dots/config" "$BUILD" > "$T/beside/mailsend"
cat > "$T/beside/sync" <<END
#!/bin/sh
[ -e "$T/synced" ] || { touch "$T/synced"; printf 'account late\n\n' >> "$T/dots/config"; }
exec /usr/bin/sync "\$@"
END
chmod +x "$T/beside/mailsend" "$T/beside/sync"
BESIDE=beside PATH=$T/beside:$PATH status 0 'another account is added at the same time' keeps file
is "$(grep -xc 'account beside\|account late\|account file' "$T/dots/config")" 3 \
	'both are there, and what was added to the end of the file'
sed -i '/^account file$/,/^$/d' "$T/dots/config"
rm "$T/config/postbag/password.file"
BESIDE=file PATH=$T/beside:$PATH status 73 'one of the same name' keeps file
is "$(grep -c 'account file' "$T/dots/config")" 1 'is there once'
ok 'and the second password is not kept' test ! -e "$T/config/postbag/password.file"
sed -i '/^account beside$/d; /^account late$/d; /^account file$/d' "$T/dots/config"

# pass: a store with a key that has no passphrase.
mkdir -p -m 700 "$T/gnupg" "$T/path"
export GNUPGHOME=$T/gnupg PASSWORD_STORE_DIR=$T/store
gpg --batch --quiet --passphrase '' --quick-gen-key billy@johndoe.com \
    future-default default never 2> "$T/log"
pass init billy@johndoe.com > "$T/log" 2>&1
taken_back pass not_ok pass show mail/billy@johndoe.com
mkdir -p "$T/store/mail"
echo torn > "$T/store/mail/billy@johndoe.com.gpg"
status 73 'pass: one that cannot be shown' keeps pass
is "$(cat "$T/store/mail/billy@johndoe.com.gpg")" torn 'pass: is not written over'
none_kept pass 'one that cannot be shown'
rm "$T/store/mail/billy@johndoe.com.gpg"
status 0 'pass' keeps pass
is "$(pass show mail/billy@johndoe.com)" secret 'pass: has the password'
ok 'pass: both logins work' logins pass
printf 'secret\nurl: https://mail.johndoe.com\n' | pass insert -fm mail/billy@johndoe.com > /dev/null
ok 'pass: the first line is the password' logins pass
sed -i '/^account pass$/,/^$/d' "$T/dots/config"
status 0 'pass: what it has is taken' keeps pass ''
unlike "$OUT" 'Password of' 'pass: and is not asked for'
gpgconf --kill gpg-agent

# keyring: with KEYRING a real one; else what keeps one line for each set of
# attributes.
if [ -n "${KEYRING-}" ]; then
	mkdir -m 700 "$T/run"
	export XDG_RUNTIME_DIR=$T/run XDG_DATA_HOME=$T/data
	dbus-daemon --session --nofork --print-address=3 3> "$T/bus" 2> "$T/log" &
	bus=$!
	lab_until 10 test -s "$T/bus"
	DBUS_SESSION_BUS_ADDRESS=$(head -n 1 "$T/bus")
	export DBUS_SESSION_BUS_ADDRESS
	printf unlocks | gnome-keyring-daemon --unlock --components=secrets > "$T/log" 2>&1
else
	cat > "$T/path/secret-tool" <<-END
	#!/bin/sh
	case \$1 in
	store) [ "\${2%%=*}" = --label ] || exit 2; shift 2; cat > "$T/key \$*" ;;
	lookup) shift; cat "$T/key \$*" ;;
	clear) shift; rm "$T/key \$*" ;;
	esac
	END
	chmod +x "$T/path/secret-tool"
	PATH=$T/path:$PATH
	export DBUS_SESSION_BUS_ADDRESS=unix:path=$T/none
fi
status 0 'keyring: what is taken where there is one' run -n billy@johndoe.com
like "$OUT" 'password-command secret-tool lookup' 'keyring: and how it is asked'
status 0 'keyring' keeps keyring
ok 'keyring: both logins work' logins keyring
sed -i '/^account keyring$/,/^$/d' "$T/dots/config"
status 0 'keyring: what it has is taken' keeps keyring ''
unlike "$OUT" 'Password of' 'keyring: and is not asked for'
secret-tool clear service postbag user billy@johndoe.com
sed -i '/^account keyring$/,/^$/d' "$T/dots/config"
taken_back keyring not_ok secret-tool lookup service postbag user billy@johndoe.com
mkdir "$T/locked"
printf '#!/bin/sh\n[ "$1" != clear ] || touch "%s"\nexit 1\n' "$T/cleared" > "$T/locked/secret-tool"
chmod +x "$T/locked/secret-tool"
PATH=$T/locked:$PATH status 73 'keyring: one that is locked' keeps keyring
ok 'keyring: what it had is not removed' test ! -e "$T/cleared"
if [ -n "${KEYRING-}" ]; then
	kill "$bus"
	wait "$bus"
fi
unset DBUS_SESSION_BUS_ADDRESS

# systemd-creds: the unit's part of it is done here.  Only root's can do it
# before systemd 256.
export SYSTEMD_CREDENTIAL_SECRET=$T/host.key
if [ "$(id -u)" = 0 ]; then
	taken_back systemd-creds ok test ! -e "$T/config/postbag/systemd-creds.cred"
	status 0 'systemd-creds' keeps systemd-creds
	cred=$T/config/postbag/systemd-creds.cred
	not_ok 'systemd-creds: the password cannot be read' grep -q secret "$cred"
	line=$(grep -o 'LoadCredentialEncrypted=[^ ]*' "$T/dots/config")
	is "$line" "LoadCredentialEncrypted=postbag.systemd-creds:$cred" 'systemd-creds: the line for the unit'
	mkdir "$T/creds"
	systemd-creds decrypt --name=postbag.systemd-creds "$cred" "$T/creds/postbag.systemd-creds" 2> "$T/log"
	CREDENTIALS_DIRECTORY=$T/creds ok 'systemd-creds: both logins work' logins systemd-creds
	sed -i '/^account systemd-creds$/,/^$/d' "$T/dots/config"
	status 73 'systemd-creds: one that is there is not written over' keeps systemd-creds
	like "$OUT" 'systemd-creds.cred: is there already' 'systemd-creds: which is said'
	none_kept systemd-creds 'one that is there'
	rm "$cred"
else
	skip 'systemd-creds' 'before systemd 256 only root can'
fi

# token: the authorization server is the one for the files, too.
config < <(server incoming imap localhost "$LAB_IMAPS_PORT" SSL
	server outgoing smtp localhost "$LAB_SMTPS_PORT" SSL)
auth=https://localhost:$web
mkdir -p "$T/web/localhost/.well-known"
printf '{"issuer":"%s","token_endpoint":"%s/token","device_authorization_endpoint":"%s/device"}' \
	"$auth" "$auth" "$auth" > "$T/web/localhost/.well-known/oauth-authorization-server"
printf '{"device_code":"d","user_code":"ABCD","verification_uri":"%s/browser","interval":1}' \
	"$auth" > "$T/web/localhost/device"
printf '{"access_token":"%s","token_type":"Bearer","expires_in":3600}' \
	"$LAB_TOKEN_billy" > "$T/web/localhost/token"
PATH=$PATH:$ROOT/scripts
status 0 'token' type "Type its name=localhost
Is your account at localhost=y
URL of the authorization=$auth
Log in=y" -a token -k token -i client.1 billy@johndoe.com
like "$OUT" "$auth/browser
and enter
    ABCD" 'token: where one logs in'
like "$OUT" 'Sending: the login works.
Reading: the login works.' 'token: both logins work'
is "$(cat "$T/config/postbag/token/token")" "provider $auth
client-id client.1
user billy@johndoe.com
ca $LAB_CA" 'token: the file for mail-token, with the authorities of -T'
is "$(stat -c %a "$T/config/postbag/token/token")" 600 'token: that nobody else reads'
rm "$T/web/localhost/token"
ok 'token: once more, with the one that is kept' logins token

# A login that fails: what is kept, and where.
status 77 'a wrong password' type 'Type its name=localhost
Is your account at localhost=y
Password=wrong
Log in=y' -a wrong -k file billy@johndoe.com
like "$OUT" "Account wrong stays in .*password.wrong.*rm '.*/password.wrong'" \
	'the account stays, and how one begins anew'
rm "$T/config/postbag/password.wrong"
sed -i '/^account wrong$/,/^$/d' "$T/dots/config"

# What cannot be taken back is said.
mkdir "$T/stuck"
printf '#!/bin/sh\n[ "$1" = rm ] && exit 1\nexec /usr/bin/pass "$@"\n' > "$T/stuck/pass"
chmod +x "$T/stuck/pass"
pass rm -f mail/billy@johndoe.com > "$T/log"
sed -i '/^account pass$/,/^$/d' "$T/dots/config"
PATH=$T/stuck:$T/full:$PATH status 73 'pass: what cannot be taken back' keeps pass
like "$OUT" 'still in pass, as mail/billy@johndoe.com.*remove it: pass rm mail/billy@johndoe.com' 'is said'

# What is not installed is said before a password is typed.
mkdir "$T/few"
find /usr/bin/ /bin/ -mindepth 1 -maxdepth 1 ! -name pass -exec ln -sf -t "$T/few" {} +
sed -i '/^account pass$/,/^$/d' "$T/dots/config"
PATH=$BUILD:$T/few status 69 'pass: not installed' keeps pass
like "$OUT" 'pass is not installed: -k names another' 'pass: which is said'
none_kept pass 'not installed'

# ---- --check

printf 'account worse : default\n  password-command false\naccount pop\n  user billy\n  ca %s\n  password-command echo wrong\n  pop3 pop3s://localhost:%s\naccount base\n  user x\naccount of : base\n  ca %s\n  imap imaps://localhost:%s\n  password-command echo x\n' \
	"$LAB_CA" "$LAB_POP3S_PORT" "$LAB_CA" "$BAD" >> "$T/dots/config"
status 78 '--check: all accounts' run --check
like "$OUT" '^ACCOUNT +SERVER +ANSWER +CERTIFICATE +LOGIN' 'a table'
like "$OUT" "default +imaps://localhost:$LAB_IMAPS_PORT +ok +[0-9]+ days +billy, [A-Z0-9-]+" 'what is well'
like "$OUT" 'old +smtps://localhost:1 +refused' 'a server that is not there'
like "$OUT" 'worse +imaps.*no: --password-command: exit status 1' 'a secret that cannot be had'
like "$OUT" 'pop +pop3s.*no: ' 'a login that is refused'
like "$OUT" "of +imaps://localhost:$BAD .*expired" 'a certificate'
unlike "$OUT" '(^|
)base ' 'what others take after is no account'
status 0 '--check: one account, by the authorities that it names' \
	sh -c '"$@" < /dev/null' sh "$setup" --check default
unlike "$OUT$ERR" secret 'no secret is shown'
done_testing
