#!/usr/bin/env bash
# Twelve kinds of text that daemons print, through sendmail to Postfix, to OpenSMTPD
# (no SMTPUTF8, no PIPELINING), and to a server without 8BITMIME: twelve of twelve
# arrive, and nothing raw is on the wire.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
. "$ROOT/tests/lab/other.sh"
lab_up postfix
ln -s "$BUILD/mailsend" "$T/sendmail"
mkdir -p "$T/home/.config/postbag" "$T/texts"
export HOME=$T/home
unset XDG_CONFIG_HOME
python3 "$ROOT/tests/lab/crontexts.py" "$T/texts"
# config TEXT: an account
config() { printf 'account default\n%s\nfrom root@johndoe.com\n' "$1" > \
    "$HOME/.config/postbag/config"; }
# all NAME: each is sent
all() {
	local i want
	for i in {0..11}; do
		want=0
		[ "$i" = 9 ] && want=65	# the one with a bad address
		status "$want" "$1: kind $i is sent" "$T/sendmail" -i -t -FCron \
		    -f root < "$T/texts/$i"
	done
}

config "smtp smtps://localhost:$LAB_SMTPS_PORT
ca $LAB_CA
user billy
password-command echo secret"
lab_mail_clear billy
all Postfix
ok 'Postfix: all arrive' lab_mail_wait billy 12
is "$(python3 "$ROOT/tests/lab/crontexts.py" "$T/texts" \
    "$(dirname "$(lab_mail_last billy)")"/* 2>&1)" '' \
    'Postfix: twelve of twelve are right'

if lab_other opensmtpd; then
	config "smtp smtp://127.0.0.1:$LAB_OPENSMTPD_SMTP_PORT
tls off"
	all OpenSMTPD
	in=$LAB/opensmtpd/mail/in/new
	for _ in {1..300}; do
		[ "$(ls "$in" 2>/dev/null | wc -l)" = 12 ] && break
		sleep 0.1
	done
	is "$(python3 "$ROOT/tests/lab/crontexts.py" "$T/texts" "$in"/* 2>&1)" \
	    '' 'OpenSMTPD: twelve of twelve are right'
else
	skip OpenSMTPD "$LAB_WHY"
fi

# server NAME CAPABILITY...: each message to a file in $T/NAME
cat > "$T/server.py" <<'END'
import socket
import sys

where, caps = sys.argv[1], sys.argv[2:]
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
n = 0
while True:
    c, _ = listener.accept()
    f = c.makefile('rwb', buffering=0)
    f.write(b'220 x ESMTP\r\n')
    for line in f:
        verb = line[:4].upper()
        if verb == b'EHLO':
            for cap in ['x'] + caps[:-1]:
                f.write(b'250-' + cap.encode() + b'\r\n')
            f.write(b'250 ' + (caps[-1:] or ['HELP'])[0].encode() + b'\r\n')
        elif verb == b'DATA':
            f.write(b'354 go on\r\n')
            data = b''
            while not data.endswith(b'\r\n.\r\n'):
                got = c.recv(65536)
                if not got:
                    break
                data += got
            with open('%s/%d' % (where, n), 'wb') as out:
                out.write(data[:-3].replace(b'\r\n..', b'\r\n.'))
            n += 1
            f.write(b'250 2.0.0 ok\r\n')
        elif verb == b'QUIT':
            f.write(b'221 bye\r\n')
            break
        else:
            f.write(b'250 2.0.0 ok\r\n')
    c.close()
END
# against NAME SEVEN CAPABILITY...
against() {
	mkdir "$T/$1"
	python3 "$T/server.py" "$T/$1" "${@:3}" > "$T/port" &
	local pid=$!
	for _ in {1..100}; do [ -s "$T/port" ] && break; sleep 0.1; done
	config "smtp smtp://127.0.0.1:$(cat "$T/port")
tls off"
	all "$1"
	kill $pid
	is "$(env ${2:+SEVEN=1} python3 "$ROOT/tests/lab/crontexts.py" \
	    "$T/texts" "$T/$1"/* 2>&1)" '' "$1: twelve of twelve are right"
	rm "$T/port"
}
against like-opensmtpd '' 8BITMIME ENHANCEDSTATUSCODES 'SIZE 36700160' DSN HELP
against plain seven 'SIZE 10000000'
done_testing
