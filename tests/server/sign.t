#!/usr/bin/env bash
# DKIM signatures of mailsend, sent through Postfix, and verified by dkimpy and
# OpenDKIM, which have nothing in common with ours.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
peer() { /usr/bin/python3 "$ROOT/tests/server/dkimpeer.py" "$@"; }
/usr/bin/python3 -c 'import dkim' 2> /dev/null || skip_all "no python3-dkim"
lab_up postfix

cd "$T" || exit 1
smtps() { mailsend -S "smtps://localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
    -u billy --password-command 'echo secret' -f billy@johndoe.com "$@"; }
sent() { lab_mail_wait billy 1 && cp "$(lab_mail_last billy)" "$T/got"; }
count() { grep -c '^DKIM-Signature:' "$1"; }

# ---- keys
status 0 "a key is made" mailsend --dkim-new s1:johndoe.com
cp out zone
like "$OUT" '^s1\._domainkey\.johndoe\.com\. IN TXT "v=DKIM1; k=rsa; p=MII[^"]*" "' \
    "and its record is a line for a zone, in strings of 255 bytes"
like "$ERR" 'sign with --dkim s1:johndoe.com:s1.johndoe.com.pem' "how to use it"
is "$(stat -c %a s1.johndoe.com.pem)" 600 "nobody else can read it"
status 73 "it is never made over another one" mailsend --dkim-new s1:johndoe.com
ok "which is still there" openssl pkey -in s1.johndoe.com.pem -noout
status 0 "Ed25519" mailsend -q --dkim-new s2:johndoe.com:ed25519
cat out >> zone
is "$ERR" "" "quietly"
status 64 "another type" mailsend --dkim-new s3:johndoe.com:rsa512
status 64 "no domain" mailsend --dkim-new s3
status 64 "no selector" mailsend --dkim-new ../x:johndoe.com
not_ok "nothing was written" test -e ../x.johndoe.com.pem

# ---- through Postfix
both="--dkim s1:johndoe.com:s1.johndoe.com.pem --dkim s2:johndoe.com:s2.johndoe.com.pem"
printf 'Hello  w\xc3\xb6rld \n\n.\n..dot\n\n\n' > text
head -c 100000 /dev/urandom > data.bin
status 0 "a message with a file is sent, signed twice" smtps $both \
    -s 'ünïcode  and more' -a data.bin billy@johndoe.com < text
ok "it arrived" sent
is "$(count got)" 2 "with two signatures"
is "$(peer verify zone got)" "pass
pass" "dkimpy believes both"
like "$(tr -d '\r\n\t ' < got)" 'h=From:From:Subject:Subject:To:To:Date:Date:' \
    "From, Subject, To and Date are named once more than they are there"
if command -v opendkim-testmsg > /dev/null && unshare -mn true 2> /dev/null; then
	is "$(peer opendkim zone got)" pass "OpenDKIM does, too"
	sed 's/^Subject:.*/Subject: other/' got > changed
	isnt "$(peer opendkim zone changed)" pass "but not if it was changed"
else
	skip "OpenDKIM" "opendkim-testmsg is not here, or unshare not allowed"
fi
sed '1,/^$/!s/^/x/' got > changed
not_ok "dkimpy does not believe another text" peer verify zone changed
{ echo "Subject: other"; cat got; } > changed
not_ok "nor a second Subject" peer verify zone changed
sed '1,/^$/s/^To:/Cc: a@b.test\nTo:/' got > changed
ok "a field that is not signed may come" peer verify zone changed

# ---- a finished message, to a server without 8BITMIME, and at once from a pipe
printf 'From: "Ü" <billy@johndoe.com>\nTo: billy@johndoe.com\nSubject: a\n  b\nX-Other: 1\n\n8 bits: \xc3\xbc \n\n\n' > eight
lab_postfix_listen SEVEN smtpd_tls_wrappermode=yes \
    smtpd_discard_ehlo_keywords=8bitmime
for port in "$LAB_SMTPS_PORT" "$SEVEN"; do
	lab_mail_clear billy
	status 0 "a finished message with 8-bit text" smtps \
	    -S "smtps://localhost:$port" $both billy@johndoe.com < eight
	ok "it arrived" sent
	is "$(peer verify zone got)" "pass
pass" "dkimpy believes both"
	not_ok "it is signed in its 7-bit form" grep -qP '[\x80-\xff]' got
done
cat > config <<END
account one
smtp smtps://localhost:$LAB_SMTPS_PORT
ca $LAB_CA
user billy
password-command echo secret
from billy@johndoe.com
dkim s1:johndoe.com:$T/s1.johndoe.com.pem
END
chmod 600 config
lab_mail_clear billy
{ cat eight; head -c 5000000 /dev/zero | tr '\0' 'y' | fold -w 70; } > big
status 0 "5 MB, by the configuration" mailsend --config config \
    --message big billy@johndoe.com
ok "it arrived" sent
is "$(peer verify zone got)" pass "dkimpy believes it"
lab_mail_clear billy

# ---- whose domain
dry() { mailsend -n --config /dev/null -s x --dkim "$1" -f "$2" b@example.net \
    < text > shown 2> said; }
ok "From below the key's domain" dry s1:johndoe.com:s1.johndoe.com.pem a@mail.johndoe.com
is "$(count shown)" 1 "is signed, and -n shows it"
ok "another domain" dry s1:johndoe.com:s1.johndoe.com.pem a@notjohndoe.com
is "$(count shown)" 0 "is not signed"
dry s2:neighbour.test:s2.johndoe.com.pem a@johndoe.com
is "$(count shown)" 0 "nor by a neighbour's key"
mailsend -n --config /dev/null -s x $both -f a@johndoe.com \
    --dkim s2:neighbour.test:s2.johndoe.com.pem b@example.net < text > shown
is "$(count shown)" 2 "nor beside keys that fit"
mailsend -n --config /dev/null -s x -f a@johndoe.com --dkim \
    s2:neighbour.test:s2.johndoe.com.pem --dkim s1:johndoe.com:s1.johndoe.com.pem \
    b@example.net < text > shown 2> said
is "$(count shown) $(cat said)" "1 " "whose key comes behind the neighbour's"
dry s1:johndoe.com:s1.johndoe.com.pem a@notjohndoe.com
like "$(cat said)" 'not signed: From is of "notjohndoe.com"' "and that is said"

# ---- keys that are not taken
chmod 644 s1.johndoe.com.pem
status 78 "a key that others can read" smtps $both billy@johndoe.com < text
like "$ERR" 's1.johndoe.com.pem: holds a secret and has mode 644' "and why"
chmod 640 s1.johndoe.com.pem
[ "$(id -u)" = 0 ] && ok "root's may be read by its group" \
    dry s1:johndoe.com:s1.johndoe.com.pem a@johndoe.com
chmod 600 s1.johndoe.com.pem
openssl genrsa 768 2> /dev/null > weak.pem; chmod 600 weak.pem
status 78 "an RSA key of 768 bits" smtps --dkim s:johndoe.com:weak.pem \
    billy@johndoe.com < text
openssl ecparam -genkey -name prime256v1 2> /dev/null > ec.pem; chmod 600 ec.pem
status 78 "a key of another kind" smtps --dkim s:johndoe.com:ec.pem \
    billy@johndoe.com < text
openssl rsa -aes128 -passout pass:x -in s1.johndoe.com.pem > enc.pem \
    2> /dev/null; chmod 600 enc.pem
status 78 "an encrypted key" smtps --dkim s:johndoe.com:enc.pem \
    billy@johndoe.com < text
like "$ERR" 'encrypted' "and why"
mkfifo -m 600 fifo
status 78 "a fifo is not waited for" timeout 10 "$BUILD/mailsend" -n -f a@johndoe.com \
    -s x --body x --dkim s:johndoe.com:fifo b@example.net
like "$ERR" 'fifo: not a regular file' "and why"
for options in "--password-file fifo" "--cert $LAB_CADIR/client.pem --key fifo"; do
	status 78 "nor one for ${options% fifo}" timeout 10 "$BUILD/mailsend" \
	    -u jo -f a@johndoe.com -S smtps://127.0.0.1:1 $options \
	    --body x b@example.net < /dev/null
	like "$ERR" 'not a regular file' "and why"
done
status 66 "no such file" smtps --dkim s:johndoe.com:none.pem \
    billy@johndoe.com < text
status 64 "no file" smtps --dkim s:johndoe.com billy@johndoe.com < text
not_ok "nothing was sent" lab_mail_wait billy 1 1
done_testing
