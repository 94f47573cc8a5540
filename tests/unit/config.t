#!/usr/bin/env bash
# A configuration that cannot be read is named, with the reason, whatever it
# is read for: cron mails what is said, not the exit status.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/none XDG_STATE_HOME=$T/state

# said STATUS REASON TOOL ARG...: once, behind the file's path
said() {
	status "$1" "$(basename "$conf"): ${*:3}" "$3" --config "$conf" "${@:4}"
	like "$ERR" "^$3: (a: )?$conf(:[0-9]+)?: $2\$" "it is named"
	is "$(wc -l < "$T/err")" 1 "and once"
}
# each STATUS REASON: the file $conf, by every tool that has one
each() {
	said "$1" "$2" mailfetch a
	said "$1" "$2" mailfetch -a
	said "$1" "$2" mailfetch a b
	said "$1" "$2" mailfetch -l
	said "$1" "$2" imapsync a
	said "$1" "$2" imapsync -a
	said "$1" "$2" imapsync
	said "$1" "$2" mailsend --body x b@c.test
	said "$1" "$2" mailsend -A a --body x b@c.test
}
# a NAME TEXT: the file NAME with an account of which TEXT is the last line
a() {
	conf=$T/$1
	printf 'account a\n server 127.0.0.1:1\nfetch a\nsync a\n%b\n' "$2" > "$conf"
}
conf=$T/missing
each 66 'No such file or directory'
conf=$T/folder
mkdir "$conf"
each 66 'read: Is a directory'
conf=$T/loop
ln -s loop "$conf"
each 66 'Too many levels of symbolic links'
a quote ' user "x'
each 78 'the closing quote is missing'
a equals ' user = x'
each 78 'write "user VALUE", without an ='
a nul ' user x\0y'
each 78 'a control character \(0x00\)'
a secret ' password x'
chmod 644 "$conf"
each 78 'holds a secret and has mode 644: others can read it \(chmod 600\)'
a large "$(printf '%1100000s' '' | tr ' ' '#')"
each 78 'a file over [0-9]+ bytes'
done_testing
