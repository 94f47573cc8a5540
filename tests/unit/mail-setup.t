#!/usr/bin/env bash
# mail-setup without a server: which of what is published is proposed, the table
# of providers, and what is refused.  tests/server/setup.t has it with real ones.
set -u
. "$(dirname "$0")/../lib.sh"
command -v jq > /dev/null || skip_all 'jq is not installed'
mkdir "$T/bin"
# A DNS that has what the test says, a web server with $T/web, and servers that
# are all well, but for what ILL makes of them.
cat > "$T/bin/mxlookup" <<'END'
#!/bin/sh
case $* in *--expect*) cat "$FAKE/txt" ;; *) cat "$FAKE/dns" ;; esac
END
cat > "$T/bin/curl" <<'END'
#!/bin/sh
for url; do :; done
echo "$*" >> "$FAKE/got"
url=${url#https://}
cat "$FAKE/web/${url%%/*}" 2> /dev/null || exit 22
END
cat > "$T/bin/portprobe" <<'END'
#!/bin/sh
for url; do
	case $url in
	*://*) printf '%s\n' "$url" ;;
	esac
done | jq -Rc "capture(\"//(?<host>.*):(?<port>.*)\") | .port |= tonumber |
	. + { state: \"ok\", tls: { name: \"match\", chain_state: \"ok\" } } | $ILL"
END
chmod +x "$T/bin"/*
PATH=$T/bin:$PATH
export FAKE=$T HOME=$T XDG_CONFIG_HOME=$T/config ILL=.
unset MXLOOKUP_OPTIONS PORTPROBE_OPTIONS CURL_OPTIONS DBUS_SESSION_BUS_ADDRESS PASSWORD_STORE_DIR
mkdir "$T/web" "$T/config"
: > "$T/txt"
setup() { "$ROOT/scripts/mail-setup" "$@" < /dev/null; }
# dns MX [SRV...]: SERVICE HOST PORT SECURE each
dns() {
	jq -nc --arg mx "$1" '{ status: "ok", route: "mx", mx: [{ host: $mx }],
	    srv: [$ARGS.positional[] | split(" ") | { service: .[0],
		secure: (.[3] == "yes"),
		targets: [{ pref: 0, host: .[1], port: (.[2] | tonumber) }] }] }' \
		--args "${@:2}" > "$T/dns"
}
servers() { sed -n 's/^  \(imap\|pop3\|smtp\) //p' "$T/out" | xargs; }

# ---- the table: by domain, and by where the mail of a domain goes

while IFS='|' read -r domain mx want; do
	dns "$mx"
	status 0 "$domain, MX $mx" setup -k ask "jo@$domain"
	is "$(servers)" "$want" 'its servers'
	unlike "$ERR" outside 'are no stranger'
done <<'END'
gmail.com|mx.x.example|imaps://imap.gmail.com smtps://smtp.gmail.com
own.example|ASPMX.L.Google.com.|imaps://imap.gmail.com smtps://smtp.gmail.com
own.example|mx.evilgoogle.com|imaps://imap.own.example smtps://smtp.own.example
own.example|own-example.mail.protection.outlook.com|imaps://outlook.office365.com smtp://smtp.office365.com
icloud.com|mx.x.example|imaps://imap.mail.me.com smtp://smtp.mail.me.com
END
dns mx.x.example
status 69 'one that has a bridge' setup -k ask jo@proton.me
like "$ERR" 'Proton Mail Bridge' 'says so'
status 0 'one that takes tokens' setup jo@outlook.com
like "$OUT" 'token-command mail-token default' 'has one'
status 0 'one that takes passwords for an app, by POP3' setup -p -a a -k file jo@gmail.com
is "$(servers)" 'pop3s://pop.gmail.com smtps://smtp.gmail.com' 'its servers'
like "$ERR" 'Google takes an app password' 'is told'

# ---- what is published goes before the table, TLS before STARTTLS

dns mx.x.example 'imap a.gmail.com 143 no' 'imaps b.gmail.com 993 no' 'submission c.gmail.com 587 no'
status 0 'SRV' setup -k ask jo@gmail.com
is "$(servers)" 'imaps://b.gmail.com smtp://c.gmail.com' 'before the table'
like "$ERR" 'sources disagree about imap' 'which says other hosts'
dns mx.own.example 'imaps h.other.example 993 yes' 'submissions h.other.example 465 no'
status 0 'SRV, elsewhere' setup -k ask jo@own.example
like "$ERR" 'imaps://h.other.example +proposed
' 'DNSSEC proved this one'
like "$ERR" 'smtps://h.other.example +proposed; outside own.example' 'and not this one'
while IFS= read -r ill; do
	ILL="if .host == \"h.other.example\" then $ill else . end" \
		status 0 "a server with $ill" setup -k ask jo@own.example
	is "$(servers)" 'imaps://imap.own.example smtps://smtp.own.example' 'is not proposed'
done <<'END'
.tls = null
.tls.name = "mismatch"
.tls.chain_state = "untrusted"
.state = "cert"
END
printf '{"protocols":{"imap":{"host":"p.own.example"}}}' > "$T/web/ua-auto-config.own.example"
status 0 'PACC without its digest' setup -k ask jo@own.example
is "$(servers)" 'imaps://h.other.example smtps://h.other.example' 'does not count'
printf '"v=UAAC1; a=sha256; d=%s"\n' "$(openssl dgst -sha256 -binary \
	< "$T/web/ua-auto-config.own.example" | openssl base64 -A)" > "$T/txt"
status 0 'PACC with it' setup -k ask jo@own.example
is "$(servers)" 'imaps://p.own.example smtps://h.other.example' 'goes first'
unlike "$(< "$T/got")" '^(.* )?--proto (.[^h]|.h[^t])' 'by HTTPS alone'
is "$(grep -vc -e '-q .*--proto =https --proto-redir =https .*-- https://' "$T/got")" 0 'after a redirect, too'

# ---- what is refused

for a in jo @x.example jo@ jo@x@y jo@.x jo@x..y '-x@x.example' 'j"o@x.example' 'jo@x.example;id'; do
	status 65 "the address $a" setup -- "$a"
done
status 64 'a name with a slash' setup -a ../x jo@own.example
status 64 'no such way to keep it' setup -k paper jo@own.example
status 66 'no such authorities' setup -T "$T/none" jo@own.example
: > "$T/dns"
status 75 'no answer of the DNS' setup jo@own.example
echo '{"status":"nxdomain"}' > "$T/dns"
status 68 'no such domain' setup jo@own.example
echo '{"status":"ok","route":"null"}' > "$T/dns"
ILL=empty status 69 'a domain without mail' setup jo@nomail.example
like "$ERR" 'takes no mail' 'is told'
mkdir "$T/config/postbag"
echo 'account default' > "$T/config/postbag/config"
dns mx.own.example
status 0 'a second account' setup -k ask jo@Second.example
like "$OUT" '^account second.example
' 'has the name of the domain'
is "$(ls "$T/config/postbag") $(< "$T/config/postbag/config")" 'config account default' 'nothing was written'
done_testing
