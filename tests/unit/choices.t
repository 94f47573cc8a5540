#!/usr/bin/env bash
# A value that is none of an option's words: 64, and the words there are. In the
# configuration: 78, and the line.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/none XDG_STATE_HOME=$T/state

# choice 'WORDS AS THEY ARE TOLD' TOOL --OPTION ARG...
choice() {
	status 64 "$2 $3" "$2" "$3" wrong "${@:4}"
	is "$ERR" "$2: $3 is $1, not \"wrong\"" "what is said"
}
send=(-S smtps://127.0.0.1:1 -f a@b.test --body x c@d.test)
choice 'implicit, starttls, may or off' mailsend --tls "${send[@]}"
choice '1.0, 1.1, 1.2 or 1.3' mailsend --tls-min "${send[@]}"
choice 'never, or some of success,failure,delay' mailsend --dsn "${send[@]}"
choice 'full or hdrs' mailsend --dsn-ret "${send[@]}"
choice 'connect, ehlo, auth or rcpt' mailsend --quit-after "${send[@]}"
for when in never,delay delay,never success, ,success ''; do
	status 64 "--dsn '$when'" mailsend -n --dsn "$when" "${send[@]}"
done
for when in never NEVER success delay,failure; do
	status 0 "--dsn '$when'" mailsend -n --dsn "$when" "${send[@]}"
done
choice 'auto, implicit, starttls or off' portprobe --tls 127.0.0.1:1
choice 'auto, off or require' portprobe --dane 127.0.0.1:1
choice 'best or worst' portprobe --aggregate 127.0.0.1:1
choice 'warn or error' mxlookup --fail-on -s 127.0.0.1:1 a.test

# In the configuration: the key, its words, a value that is one.
conf() {
	printf '%s\n%s wrong\n' "$2" "$3" > "$T/conf"
	status 78 "$1: $3" "$1" --config "$T/conf" "${@:5}"
	is "$ERR" "$1: $T/conf:2: --$3 is $4, not \"wrong\"" "what is said"
}
fetch=(-S imaps://127.0.0.1:1 -d stdout)
choice 'mboxrd, raw or json' mailfetch --format "${fetch[@]}"
choice 'starttls or off' mailfetch --deliver-tls "${fetch[@]}"
choice 'retry or skip' mailfetch --in-doubt "${fetch[@]}"
choice 'never, now or after:DAYS' mailfetch --delete "${fetch[@]}"
conf mailfetch defaults format 'mboxrd, raw or json' "${fetch[@]}"
conf mailfetch defaults delete 'never, now or after:DAYS' "${fetch[@]}"
conf mailfetch defaults tls 'implicit, starttls, may or off' "${fetch[@]}"

sync=(-S imaps://127.0.0.1:1 --near "$T/near")
choice 'verbatim, maildir++ or legacy' imapsync --layout "${sync[@]}"
choice 'trash, expunge, mark or never' imapsync --delete-far "${sync[@]}"
choice 'attic, expunge, mark or never' imapsync --delete-near "${sync[@]}"
choice 'both, near, far or none' imapsync --create "${sync[@]}"
choice 'keep or delete' imapsync --folders "${sync[@]}"
choice 'auto, qresync, condstore, search or fetch' imapsync --delta "${sync[@]}"
conf imapsync defaults folders 'keep or delete' "${sync[@]}"
ok 'nothing was made' test ! -e "$T/near"

done_testing
