#!/usr/bin/env bash
# An option that can have no effect is refused, by name.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/none XDG_STATE_HOME=$T/state

# idle OPTION CMD...: 64, and the message names this option
idle() {
	status 64 "${*:2}" "${@:2}"
	like "$ERR" "$1 .*(effect|one name)" "$1 is named"
}
mx() { mxlookup -s 127.0.0.1:1 "$@" a.test; }
idle --ca mx --ca /etc/ssl/certs
idle --fetch-timeout mx --fetch-timeout 3
idle --tls-strict mx -C mtasts --tls-strict
idle --tls-min mx --tls-min 1.3
idle --quiet mx -q -j
idle --quiet mx -q --explain
idle --bufsize mx --bufsize 1400 --no-edns
idle --bufsize mx --bufsize 1400 --tcp
idle --stats mx --resolver-info --stats
idle --checks mxlookup --findings -C mx
idle --fail-on mxlookup --expect "$T/x" --fail-on warn
status 64 "names beside --expect" mx --expect "$T/x"
like "$ERR" 'the names are those of --expect' 'and why'
idle '-4' mx -C spf -4
idle --resolver-info mx --resolver-info b.test
probe() { portprobe "$@" 127.0.0.1:1; }
idle --show-caps probe -j --show-caps
status 3 "a plugin's usage" probe --nagios --explain
like "$ERR" '--explain has no effect with --nagios' 'is said'
idle --json portprobe --findings -j
for o in '--warn 3' '--crit 3' --require-tls '--tls-min 1.3' \
    '--dane auto' '--ca /x' '--crl /x' --tls-strict --no-verify \
    --tls-versions --inject --show-chain '--save-chain x' '--name x'; do
	# shellcheck disable=SC2086
	idle "${o%% *}" probe --tls off $o
done

send() { mailsend -S "smtps://localhost:1" -f a@b.test "$@" c@d.test < /dev/null; }
idle --json send -n -j
idle --key-password-command send --body x --key-password-command x
idle --subject send --check-address -s x
idle --subject send --quit-after ehlo -s x
idle --attach send --quit-after rcpt -a x
idle --save send --quit-after rcpt --save "maildir:$T/m"
idle --recode send --recode --body x
idle --password-file send --password-file x --password-command x
idle --netrc send --netrc x --password-file x
idle --password-fd send --password-fd 3 --password-command x
for o in --set-from --daemon-input -i -oi -E --as-is '-F x' '-N never' \
	'-R hdrs' '--envid x' '--mail-param X' '--rcpt-param X' \
	--all-or-nothing '--unsubscribe https://x' '--batch files' --queue-only
do
	for how in --flush --flush-now --queue-list '--queue-remove x'; do
		# shellcheck disable=SC2086
		status 64 "$how $o" mailsend $how $o
		like "$ERR" "has no effect with ${how%% *}$" 'is told'
	done
done
idle --token-command send --token-command x --netrc x
idle --user send --auth off -u jo
idle --netrc send --auth off --netrc x
pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
for o in '--source 127.0.0.1' '--proxy http://x:1' '--connect-to x:1' -4 -6
do
	long=${o%% *} long=${long/#-4/--ipv4} long=${long/#-6/--ipv6}
	# shellcheck disable=SC2086
	idle "$long" send --connect-command false $o
	# shellcheck disable=SC2086
	idle "$long" send -S "lmtp:/x" $o
done
for o in "--pin $pin" '--cert x' '--tls-min 1.3' --tls-strict; do
	# shellcheck disable=SC2086
	idle "${o%% *}" send -S smtp://localhost:1 --tls off $o
done

# refused STATUS WORDS CMD...: with this status, and in these words
refused() {
	status "$1" "${*:3}" "${@:3}"
	like "$ERR" "$2" 'says why'
}
printf 'a@b.test\n@d.test\nno address\n' > "$T/never"
mkdir "$T/folder"
mx=(-S mx: --mx-port 1)
refused 64 'maildir:DIR, imap:' send --body x --save "$T/m"
refused 64 'not to mailboxes of this machine' send -S "maildir:$T/%u" --body x \
	--save imap:a
# What would lead elsewhere is no more passed over in the configuration, either.
export XDG_CONFIG_HOME=$T/conf
mkdir -p "$T/conf/postbag" && conf=$T/conf/postbag/config
for line in 'proxy socks5://127.0.0.1:1' 'connect-command false' \
    'connect-to 127.0.0.1:1' "pin $pin"; do
	printf 'defaults\n timeout 9\n %s\naccount d\n server mx:\n' "$line" > "$conf"
	status 78 "mx: and ${line%% *} of the configuration" mailsend -n -f a@b.test --body x c@d.test
	like "$ERR" "$conf:3: ${line%% *} has no effect with mx:" 'the line is named'
done
printf 'defaults\nproxy socks5://x:1\naccount d\nserver mx:\nproxy off\n' > "$conf"
status 0 'an account without it' mailsend -n -f a@b.test --body x c@d.test
sed -i '$d' "$conf"
status 0 'a run without it' mailsend -n --proxy off -f a@b.test --body x c@d.test
status 64 'nor has one of the command line' mailsend -n --proxy socks5://y:1 -f a@b.test --body x c@d.test
printf 'defaults\nproxy socks5://x:1\naccount d\nserver 127.0.0.1:1\nproxy off\n' > "$conf"
status 75 'nobody is asked' mailsend -f a@b.test --body x c@d.test
like "$ERR" '127.0.0.1:1: .*refused' 'but the server'
export XDG_CONFIG_HOME=$T/none
refused 64 'mx-port: no port' send -S mx: --mx-port 70000 --body x
refused 64 'with mx: there is rcpt alone' send "${mx[@]}" --quit-after ehlo
id=$(printf 'x%.0s' {1..100})
refused 64 'envid: over 100 bytes' send --envid "x$id" --body x
status 0 '100 are not too many' send -n --envid "$id" --body x
refused 64 'a number of messages a second' mailsend -S smtp://localhost --batch ndjson --rate 1000001
refused 64 'never, or some of' send --body x -N never,failure
refused 64 'no address' send --body x -r jo
refused 64 'connect-command, which lead to one server' send --body x --connect-command false --fallback smtp://x
refused 64 'no other user in' send --body x -u jo --fallback smtp://al@x
refused 65 'which all would read|so all would read its Bcc' send --as-is --message <(printf 'Resent-Bcc: x@y.test\nFrom: a@b.test\n\nx\n')
refused 65 'ehlo: a b: a blank' send "${mx[@]}" --ehlo 'a b' --body x
batch() { mailsend -S smtp://localhost:1 --tls off --batch mboxrd -t "$@" < /dev/null; }
refused 65 'suppress.*"no address" is neither' batch --suppress "$T/never"
refused 66 'suppress.*No such file' batch --suppress "$T/gone"
refused 66 'suppress.*Is a directory' batch --suppress "$T/folder"
refused 66 'resume.*Is a directory' batch --resume "$T/folder"

fetch() { mailfetch -S pop3s://localhost:1 -u jo --password-command 'echo x' "$@"; }
idle --deliver mailfetch --import "$T/x" -d stdout
for o in '--filter cat' '--format raw' '--rcpt a@b.test' \
    '--envelope-from a@b.test' '--deliver-tls off' '--deliver-timeout 3' \
    '--in-doubt skip' '--delete now' '--move-to x' --peek --redeliver; do
	long=${o%% *}
	for mode in list check probe; do
		# shellcheck disable=SC2086
		status 64 "--$mode $o" fetch --$mode $o
		like "$ERR" "$long has no effect with --$mode$" "named"
	done
done
for o in --list --check --dry-run '--folder x' '--limit 3' --unseen; do
	# shellcheck disable=SC2086
	idle "${o%% *}" fetch --probe $o
done
idle --list fetch --check -l
idle --dry-run fetch -l -n
idle --jobs fetch --watch --jobs 3
idle --jobs mailfetch --jobs 3 one
idle --all mailfetch -a one
for o in '--format raw' '--rcpt a@b.test' '--deliver-timeout 3' \
    '--in-doubt skip' '--deliver-tls off' '--envelope-from x'; do
	# shellcheck disable=SC2086
	idle "${o%% *}" fetch -d "maildir:$T/md" $o
done
idle --create fetch -d stdout --create
sync() { imapsync -S imaps://localhost:1 --near "$T/near" "$@"; }
idle --delete-far sync --pull --delete-far expunge
idle --reupload-orphans sync --pull --reupload-orphans
idle --delete-near sync --push --delete-near expunge
idle --connections sync --push --connections 2
idle --near imapsync --import "$T/x" --near x
idle --all imapsync -a one

# What the configuration says is for other runs, too.
mkdir -p "$XDG_CONFIG_HOME/postbag"
cat > "$XDG_CONFIG_HOME/postbag/config" <<END
account default
  imap imaps://localhost:1
  smtp smtps://localhost:1
  user jo
  password-command echo x
  ca /etc
  save maildir:$T/sent
fetch one : default
  deliver maildir:$T/md
  create
  format raw
  jobs 2
sync one : default
  near $T/near
  delete-far expunge
  connections 2
END
unlike "$(mailfetch one -l 2>&1)" effect 'mailfetch -l'
unlike "$(mailfetch one --probe 2>&1)" effect 'mailfetch --probe'
unlike "$(imapsync one --pull 2>&1)" effect 'imapsync --pull'
unlike "$(mailsend --quit-after ehlo 2>&1)" effect 'mailsend --quit-after'
unlike "$(mailsend --password-file "$T/pw" --quit-after auth 2>&1)" effect \
    'another way to the secret'
done_testing
