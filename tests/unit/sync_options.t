#!/usr/bin/env bash
# imapsync: options, values and words that make no sense together are refused
# before anything is asked or made: 64, by name.  What does is not.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/none XDG_STATE_HOME=$T/state HOME=$T

sync() {
	imapsync -S imap://127.0.0.1:1 --tls off -u jo \
	    --password-command 'echo x' --near "$T/near" "$@"
}
# bad PATTERN ARG...; good ARG...: the server is asked, which is not there
bad() {
	status 64 "${*:2}" sync "${@:2}"
	like "$ERR" "$1" "why"
}
good() { status 75 "$* is well" sync -n "$@"; }
# idle OPTION ARG...
idle() { bad "$1 .*effect" "${@:2}"; }

# names of Maildirs
idle --flatten --flatten . --layout maildir++
for c in .. ab / a ''; do
	bad '--flatten: one character' --flatten "$c"
done
for c in + ',' -; do
	bad '--flatten: one character' --flatten "$c" --near-names utf-7
	good --flatten "$c"
done
good --flatten . --near-names utf-7
for c in . ',' = - _ ';;' / a ''; do
	bad '--info-delimiter: one character' --info-delimiter "$c"
done
good --info-delimiter ';'
bad '--inbox: a whole path' --inbox Mail/in
good --inbox "$T/in"
# shellcheck disable=SC2088
good --inbox '~/in'
bad '--patterns: a control byte' --patterns $'a\x01'
bad '--local-only: a control byte' --local-only $'a\x01'

# which way
bad '--pull and --push' --pull --push
bad 'goes its own way' --mirror-near --pull
bad 'goes its own way' --mirror-near --push
for o in '--delete-far mark' '--trash x' --unsafe-expunge \
    --reupload-orphans '--far-gets new'; do
	# shellcheck disable=SC2086
	idle "${o%% *}" --pull $o
done
for o in '--delete-near mark' '--connections 2' '--bodies headers' \
    '--near-gets new' '--last 2' '--since 3d'; do
	# shellcheck disable=SC2086
	idle "${o%% *}" --push $o
done
for o in '--delete-far mark' '--trash x' --unsafe-expunge \
    --reupload-orphans '--purge-marked near' '--near-gets new' \
    '--far-gets new'; do
	# shellcheck disable=SC2086
	idle "${o%% *}" --mirror-near $o
done
for s in near far; do
	for w in all '' 'new all' ' '; do
		bad "--$s-gets: new, flags, gone" "--$s-gets" "$w"
	done
	good "--$s-gets" 'new gone flags'
done
for o in '--bodies headers' '--connections 2' '--last 2' '--since 3d'; do
	# shellcheck disable=SC2086
	idle "${o%% *}" --near-gets 'flags gone' $o
done
idle --delete-near --near-gets 'new flags' --delete-near mark
good --near-gets 'gone' --delete-near mark
idle --reupload-orphans --far-gets 'flags gone' --reupload-orphans
good --far-gets new --reupload-orphans
for o in '--delete-far mark' '--trash x' --unsafe-expunge; do
	# shellcheck disable=SC2086
	idle "${o%% *}" --far-gets 'new flags' $o
	# shellcheck disable=SC2086
	good --far-gets gone $o
done

# what is deleted
for o in '--pull --purge-marked far' '--pull --purge-marked both' \
    '--push --purge-marked near' '--push --purge-marked both'; do
	# shellcheck disable=SC2086
	bad '--purge-marked: not on the side' $o
done
bad '--purge-marked: not on the side' --purge-marked near --near-gets new
bad '--purge-marked: not on the side' --purge-marked both --near-gets new
bad '--purge-marked: not on the side' --purge-marked far --far-gets new
bad '--purge-marked: not on the side' --purge-marked both --far-gets new
good --purge-marked near --far-gets new
good --purge-marked far --near-gets new
good --pull --purge-marked near
good --push --purge-marked far
for w in mark never; do
	bad '--mirror-near takes away' --mirror-near --delete-near "$w"
done
good --mirror-near --delete-near expunge
bad '--allow-deletes: how many' --allow-deletes many
good --allow-deletes 4294967295

# the window
for o in '--last 3' '--since 3d'; do
	# shellcheck disable=SC2086
	bad 'what is deleted here stays there' $o --far-gets new
	# shellcheck disable=SC2086
	bad 'what is deleted here stays there' $o --delete-far never
	# shellcheck disable=SC2086
	good $o --pull
	# shellcheck disable=SC2086
	good $o --mirror-near
	# shellcheck disable=SC2086
	good $o --far-gets gone
done
bad since --since sometime

# running
for n in 0 17; do
	bad '--connections is 1 to 16' --connections "$n"
done
good --connections 1
good --connections 16
bad '--poll: a second' --watch --poll 0.9
idle --poll --poll 3
idle --complain-after --complain-after 3
idle --dry-run --watch -n
idle --accept-mode --watch --accept-mode
idle --jobs --watch --jobs 2 one
idle --jobs --jobs 2
idle --jobs one --jobs 2
idle --all -a one

# words
for o in '--id x' '--folder x' '--uid 1' '--search ALL' --print; do
	# shellcheck disable=SC2086
	idle "${o%% *}" $o
	# shellcheck disable=SC2086
	idle "${o%% *}" trim $o
done
for w in list trim 'state check' 'body a/b'; do
	# shellcheck disable=SC2086
	idle --watch --watch $w
done
idle -n -n body a/b
for w in dump check rebuild; do
	idle -n -n state "$w"
done
bad 'list, and a NAME' list a b
bad 'trim, and a NAME' trim a b
bad 'trim: of which' trim
bad 'state dump, check or rebuild' state
bad 'state dump, check or rebuild' state dump a b
for w in 'migrate a' 'migrate a b c'; do
	# shellcheck disable=SC2086
	status 64 "$w" imapsync $w
	like "$ERR" 'migrate FROM TO' 'is said'
done
status 64 "no server" imapsync --near "$T/near"
like "$ERR" 'which server' 'is said'
status 64 "no server of a list" imapsync list
like "$ERR" 'which server' 'is said'
status 64 "nowhere" imapsync -S imap://127.0.0.1:1
like "$ERR" 'where to' 'is said'
mkdir -p "$T/near2"
for w in state list body trim migrate; do
	printf 'account a\n  imap imap://127.0.0.1:1\nsync %s : a\n  near %s\n' \
	    "$w" "$T/near2" > "$T/conf"
	status 78 "a section that is called $w" \
	    imapsync --config "$T/conf" state check "$w"
	like "$ERR" "sync $w: no section" "is named"
done
# what the configuration says of a side is for other runs
printf 'account a\n  imap imap://127.0.0.1:1\n  tls off\n  user jo\n  password-command echo x\nsync b : a\n  near %s\n  purge-marked far\n  last 3\n  delete-far never\n' \
    "$T/near2" > "$T/conf"
status 75 "--mirror-near of a section" imapsync --config "$T/conf" \
    --state "$T/st" -n --mirror-near b
status 64 "not as it stands" imapsync --config "$T/conf" \
    --state "$T/st" -n b
printf 'account a\n  imap imap://127.0.0.1:1\n  user jo\nsync b : a\n  near %s\n  last 3\n' \
    "$T/near2" > "$T/conf"
status 64 "a section's window, and nothing new" imapsync \
    --config "$T/conf" --state "$T/st" --near-gets 'flags gone' b
like "$ERR" 'could not come back' 'is said'
# with several, no descriptor can be read by each
printf 'account a\n  imap imap://127.0.0.1:1\nsync b : a\n  near %s\nsync c : a\n  near %s\n' \
    "$T/near2" "$T/near3" > "$T/conf"
status 64 "--password-fd for two" imapsync --config "$T/conf" \
    --password-fd 0 b c
like "$ERR" '--password-fd can be read once' 'is said'
# a migration's own, and what is for another
migrate() {
	imapsync migrate imap://a@127.0.0.1:1 imap://b@127.0.0.1:1 "$@"
}
# no OPTION ARG...: refused by name, with the other one
no() {
	status 64 "migrate ${*:2}" migrate "${@:2}"
	like "$ERR" "^imapsync: $1 has no effect" "is named"
}
LIMITS='--rate=9 --bytes-a-day=9'
NAMES='--automap --map=a->b --patterns=*'
for o in --verify --failed --retry-failed --ignore=x --delete-extra; do
	no "${o%%=*}" --check "$o"
done
for o in --failed --retry-failed --ignore=x $LIMITS --delete-extra; do
	no "${o%%=*}" --verify "$o"
done
set -f
for o in --retry-failed --ignore=x $LIMITS --delete-extra $NAMES; do
	no "${o%%=*}" --failed "$o"
done
for o in --retry-failed $LIMITS --delete-extra $NAMES; do
	no "${o%%=*}" --ignore=x "$o"
done
set +f
for o in --near=x --inbox=/x --last=3 --pull --dry-run --trash=x --watch \
    --delete-far=mark --subscribed --jobs=2 --user=x --server=imap://x \
    --password-command=x --delta=fetch --create=near --bodies=headers; do
	no "${o%%=*}" "$o"
done
no --allow-deletes --allow-deletes=3
for o in --automap --check --verify --delete-extra --failed --retry-failed \
    --ignore=x $LIMITS --from-password-command=x --to-password-command=x; do
	idle "${o%%=*}" "$o"
done

[ ! -e "$T/near" ]
is $? 0 "nothing is made"
done_testing
