#!/usr/bin/env bash
# Of several failures the exit status is the worst one, whoever comes first.
. "$(dirname "$0")/../lib.sh"

export XDG_STATE_HOME=$T/state
cat > "$T/conf" <<'END'
account closed
  imap imaps://localhost:1
  user jo
  password-command echo x
account file : closed
  password-file /nonexistent/password
account secret : closed
  password-command false
END
for a in closed file secret; do
	printf 'fetch %s\n  deliver stdout\nsync %s\n  near %s/near\n' $a $a \
	    "$T" >> "$T/conf"
done
chmod 600 "$T/conf"
orders=('closed file secret' 'closed secret file' 'file closed secret'
    'file secret closed' 'secret closed file' 'secret file closed')

for tool in mailfetch imapsync; do
	for a in closed:75 file:66 secret:78; do
		status ${a#*:} "$tool: ${a%:*}" $tool --config "$T/conf" ${a%:*}
	done
	for o in "${orders[@]}"; do
		status 78 "$tool: $o" $tool --config "$T/conf" $o
	done
	status 66 "$tool: closed file" $tool --config "$T/conf" closed file
done

# a port that is closed; a line that names no host
names() { portprobe - --prom "$1" < "$2"; }
printf '127.0.0.1:1\n!\n' > "$T/1"
printf '!\n127.0.0.1:1\n' > "$T/2"
printf '!\n' > "$T/3"
status 65 "portprobe: no host" names "$T/prom" "$T/3"
for i in 1 2; do
	status 69 "portprobe: list $i" names "$T/prom" "$T/$i"
	status 73 "portprobe: list $i, and a file that cannot be made" \
	    names "$T/missing/prom" "$T/$i"
done

# an address too many and an answer that nobody hears
status 65 "mailsend: one of two addresses" mailsend --check-address a@b.test a..b@c
status 65 "mailsend: the other way round" mailsend --check-address a..b@c a@b.test
status 74 "mailsend: and standard output is full" bash -c \
    'mailsend --check-address a@b.test a..b@c > /dev/full'
status 74 "mailfetch: a good answer and a full standard output" bash -c \
    'mailfetch --help > /dev/full'
done_testing
