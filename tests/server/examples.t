#!/usr/bin/env bash
# The examples of the manual, in a network where their servers are: at the usual
# ports of mail.johndoe.com, smtp., imap. and pop., with its name server.
set -u
. "$(dirname "$0")/../lib.sh"
if [ -z "${EXAMPLES_INSIDE-}" ]; then
	rm -rf "$T"
	for p in nsd unbound nft ip jq formail python3; do
		PATH=$PATH:/usr/sbin:/sbin command -v $p > /dev/null ||
			{ echo "1..0 # SKIP $p is not installed"; exit 0; }
	done
	[ "$(id -u)" = 0 ] && unshare -nm true 2> /dev/null ||
		{ echo '1..0 # SKIP not allowed to unshare'; exit 0; }
	exec env EXAMPLES_INSIDE=1 unshare -nm --propagation private "$0"
fi
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
. "$ROOT/tests/lab/lab.sh"
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN DBUS_SESSION_BUS_ADDRESS CDPATH
LAB_POSTFIX_CONF='smtpd_sender_restrictions =
smtpd_recipient_restrictions = check_recipient_access inline:{no@johndoe.com=reject} permit_sasl_authenticated permit_mynetworks reject_unauth_destination
mynetworks = 127.0.0.0/8'
lab_up postfix || skip_all 'no Postfix here'
spki=$(openssl x509 -in "$LAB_CADIR/good.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER | openssl dgst -sha256 -r)
dns_zone johndoe.com signed <<END
@	MX	10 mail
@	A	127.0.0.1
@	TXT	"v=spf1 ip4:127.0.0.1 -all"
_dmarc	TXT	"v=DMARC1; p=reject"
mail	A	127.0.0.1
mx	A	127.0.0.1
mx1	A	127.0.0.1
smtp	A	127.0.0.1
imap	A	127.0.0.1
pop	A	127.0.0.1
sieve	A	127.0.0.1
_25._tcp.mail	TLSA	3 1 1 ${spki%% *}
_imaps._tcp	SRV	0 1 993 mail
_submissions._tcp SRV	0 1 465 mail
END
dns_up || skip_all 'no name server here'
{
	echo 'table ip lab {'
	echo 'chain out {'
	echo 'type nat hook output priority -100'
	for pair in 25:$LAB_SMTP_PORT 2525:$LAB_SMTP_PORT 587:$LAB_SUBMISSION_PORT 465:$LAB_SMTPS_PORT \
	    143:$LAB_IMAP_PORT 1143:$LAB_IMAP_PORT 993:$LAB_IMAPS_PORT 110:$LAB_POP3_PORT 995:$LAB_POP3S_PORT \
	    ${LAB_SIEVE_PORT:+4190:$LAB_SIEVE_PORT} 53:${DNS_UNBOUND#*:}; do
		echo "ip daddr 127.0.0.1 tcp dport ${pair%:*} dnat to 127.0.0.1:${pair#*:}"
	done
	echo "ip daddr 127.0.0.1 udp dport 53 dnat to $DNS_UNBOUND"
	printf '}\n}\n'
} | nft -f - || skip_all 'no redirection of ports here'
printf 'nameserver 127.0.0.1\noptions trust-ad\n' > "$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf
printf '127.0.0.1 localhost\n' > "$T/hosts"
mount --bind "$T/hosts" /etc/hosts

# Who and what the manual takes for granted.
for u in jo jo@johndoe.com; do echo "${u%@*}@johndoe.com:{PLAIN}secret::::::"; done | sort -u >> "$LAB/dovecot/passwd"
for u in jo al ops root admin; do echo "$u@johndoe.com $u/Maildir/"; done >> "$LAB/postfix/1/mailboxes"
lab_postfix_reload
mkdir -p "$T/bin" "$T/var/node_exporter" "$T/.config/postbag" "$T/Mail/in"/{cur,new,tmp} "$T/Mail/Sent"/{cur,new,tmp}
export HOME=$T SSL_CERT_FILE=$LAB_CA
stub() { printf '#!/bin/sh\n%s\n' "$2" > "$T/bin/$1"; chmod +x "$T/bin/$1"; }
stub pass 'echo secret'
stub secret-tool 'echo secret'
stub pg_dump 'echo "create table x;"'
stub letters.py "echo '{\"envelope\":{\"to\":[\"al@johndoe.com\"]},\"message\":\"From: jo@johndoe.com\\\\n\\\\nx\\\\n\"}'"
head=$(printf '{"alg":"HS256","typ":"JWT"}' | lab_b64url)
body=$(printf '{"sub":"jo@johndoe.com","email":"jo@johndoe.com","iat":1,"nbf":1,"exp":%d}' \
	$(($(date +%s) + 3600)) | lab_b64url)
stub oama "echo $head.$body.$(printf %s "$head.$body" | openssl dgst -sha256 -hmac postbag-lab -binary | lab_b64url)"
stub ssh 'exec nc "${2%:*}" "${2#*:}"'
stub vi :
stub logger :
PATH=$T/bin:$PATH:$ROOT/scripts
cat > "$T/.config/postbag/config" <<'C'
defaults
  user jo
  from jo@johndoe.com
  password-command pass show mail
account default
  smtp smtps://smtp.johndoe.com
  imap imaps://imap.johndoe.com
account alerts : default
account out : default
account relay : default
account work : default
fetch work : work
  deliver maildir:~/Mail/in
sync work : work
  near ~/Mail/work
C
cat > "$T/.mbsyncrc" <<'C'
IMAPAccount other
Host imap.johndoe.com
User jo
PassCmd "pass show mail"
SSLType IMAPS
IMAPStore other-far
Account other
MaildirStore other-near
Path ~/Other/
Inbox ~/Other/INBOX
Channel other
Far :other-far:
Near :other-near:
C
printf 'account theirs\nhost smtp.johndoe.com\nport 587\ntls on\nfrom jo@johndoe.com\nauth off\n' > "$T/.msmtprc"
cd "$T" || exit
mkdir -p Mail/in
echo text | tee text log min.txt data.txt report.pdf logo.png > news.html
(umask 077; echo secret > .mailpw)
printf 'From: jo@johndoe.com\nTo: al@johndoe.com\nSubject: x\n\nx\n' | tee message.eml > mail.eml
printf 'johndoe.com\n' | tee names > domains
printf 'mail.johndoe.com:25\n' > hosts
printf 'jo@johndoe.com\n' > addresses
cp "$LAB_CA" ca.pem
mkdir -p etc/ssl
for f in /etc/ssl/new.pem /etc/ssl/mail.pem; do
	[ -e $f ] || { mount -t tmpfs tmpfs /etc/ssl 2> /dev/null; cp "$LAB_CADIR/good.pem" $f; }
done
cp "$LAB_CADIR/good.pem" /etc/ssl/new.pem
cp "$LAB_CADIR/good.pem" /etc/ssl/mail.pem
lab_doveadm mailbox create -u jo@johndoe.com Trash > /dev/null 2>&1
mailsend -s first --body x jo@johndoe.com
mail-doctor --private -j johndoe.com > "$T/var/doctor.ndjson" 2> /dev/null
python3 "$ROOT/tests/server/examples.py" "$ROOT"
