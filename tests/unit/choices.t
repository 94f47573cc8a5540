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
choice 'implicit, starttls or off' mailsend --tls "${send[@]}"
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

done_testing
