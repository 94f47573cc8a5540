#!/usr/bin/env bash
# Limits that the tools compare with: one below, at it, one above.  Those of a
# message on its way out are in tests/transcript/smtp/limits.gen.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot
export XDG_STATE_HOME=$T/state
(umask 077; echo secret > "$T/password")
export POSTBAG_PASSWORD_FILE=$T/password

# ---- days that a certificate has left: fewer than --warn, than --crit
python3 - "$T/cert" <<'P'
import datetime, subprocess, sys
now = datetime.datetime.utcnow()
def when(days):
    return (now + datetime.timedelta(days)).strftime("%Y%m%d%H%M%SZ")
base = sys.argv[1]
def run(*a):
    subprocess.run(("openssl",) + a, check=True, capture_output=True)
run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    "-keyout", base + ".key", "-out", base + ".csr")
open(base + ".index", "w").close()
open(base + ".serial", "w").write("01\n")
open(base + ".cnf", "w").write("""[ca]
default_ca=c
[c]
database=%s.index
serial=%s.serial
new_certs_dir=%s
default_md=sha256
policy=p
copy_extensions=copy
[p]
commonName=supplied
""" % (base, base, base.rpartition("/")[0]))
# Half a day over twenty: 20 days whatever the hour is.
run("ca", "-batch", "-config", base + ".cnf", "-selfsign", "-keyfile",
    base + ".key", "-in", base + ".csr", "-startdate", when(-1), "-enddate",
    when(20.5), "-notext", "-out", base + ".crt")
open(base + ".pem", "w").write(open(base + ".crt").read() +
                               open(base + ".key").read())
P
ok "a certificate of 20 days" test -s "$T/cert.pem"
port=$(free_port)
cat > "$T/imaps.py" <<'P'
import socket, ssl, sys, threading
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1])
def talk(c):
    try:
        with ctx.wrap_socket(c, server_side=True) as s, s.makefile("rwb") as f:
            def say(x):
                f.write(x + b"\r\n")
                f.flush()
            say(b"* OK hello")
            for line in f:
                if b"CAPABILITY" in line:
                    say(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN")
                say(line.split()[0] + b" OK done")
    except OSError:
        pass
l = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    threading.Thread(target=talk, args=(l.accept()[0],), daemon=True).start()
P
lab_spawn cert python3 "$T/imaps.py" "$T/cert.pem" "$port"
wait_port 127.0.0.1 "$port"
days() {	# WANT NAME OPTION...
	status "$1" "$2" portprobe --nagios --ca "$T/cert.crt" -4 \
	    -p "$port/imaps" --no-sts "${@:3}" localhost
}
days 0 "20 days, --warn 19" -w 19 -C 5 --timeout 4
days 0 "20 days, --warn 20" -w 20 -C 5 --timeout 4
days 1 "20 days, --warn 21" -w 21 -C 5 --timeout 4
days 1 "20 days, --crit 20" -w 30 -C 20 --timeout 4
days 2 "20 days, --crit 21" -w 30 -C 21 --timeout 4

# ---- bytes of a message: more than --max-size
python3 - "$LAB_MAILDIR_billy" <<'P'
import sys
head = b"From: a@b.test\r\nSubject: s\r\n\r\n"
for i, n in enumerate((999, 1000, 1001)):
    with open("%s/new/%d.M%d.host" % (sys.argv[1], 1700000000 + i, i), "wb") as f:
        f.write(head + b"x" * (n - len(head) - 2) + b"\r\n")
P
lab_own "$LAB_MAILDIR_billy"
for proto in pop3 imap; do
	port=$LAB_IMAP_PORT
	[ $proto = imap ] || port=$LAB_POP3_PORT
	for n in 998 999 1000 1001; do
		rm -rf "$T/md" "$T/state"
		mailfetch --tls off -S "$proto://127.0.0.1:$port" -u billy \
		    --auth plain -d "maildir:$T/md" --create --max-size $n \
		    > "$T/out" 2>&1
		is "$(find "$T/md/new" "$T/md/cur" -type f 2> /dev/null | wc -l)" $((n - 998)) \
		    "$proto --max-size $n: messages of 999, 1000 and 1001 bytes"
	done
	for n in 2 3 4; do
		rm -rf "$T/md" "$T/state"
		mailfetch --tls off -S "$proto://127.0.0.1:$port" -u billy \
		    --auth plain -d "maildir:$T/md" --create --limit $n \
		    > "$T/out" 2>&1
		is "$(find "$T/md/new" "$T/md/cur" -type f | wc -l)" $((n < 3 ? n : 3)) \
		    "$proto --limit $n of three"
	done
done
done_testing
