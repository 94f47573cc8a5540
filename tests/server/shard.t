#!/usr/bin/env bash
# scripts/mail-shard, also as mx-shard: a list over several workers, killed and called again: no
# name is lost, none is there twice, and what was done is not done again.
# shellcheck disable=SC1091,SC2153,SC2154
set -eu
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
for p in parallel rsync nsd jq; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
lab_up
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
export PARALLEL_HOME=$T/parallel HOME=$T/home
mkdir -p "$HOME" "$PARALLEL_HOME"
dns_zone shard.example < <(
	for ((i = 0; i < 2000; i++)); do echo "d$i MX 10 mx"; done)
dns_up
for ((i = 0; i < 2000; i++)); do echo "d$i.shard.example"; done > "$T/names"

SHARD=("$ROOT/scripts/mx-shard" -m "$BUILD/mxlookup" -n 100 -j 2)
MX=(-C mx -s "$DNS_NSD")
same() {	# FILE NAME: its names are those of the list, in order
	is "$(jq -r .in "$1" | cmp - "$T/names" && echo same)" same "$2"
}
done_shards() { find "$1/out" -type f ! -name '*.*' | sort; }

status 0 'two local workers' "${SHARD[@]}" -d "$T/d1" "$T/names" "${MX[@]}"
same "$T/out" 'each name once, in order'
is "$ERR" '' 'and nothing else'
is "$(jq -r .status "$T/out" | sort | uniq -c | xargs)" '2000 ok' 'all well'
status 0 'again' "${SHARD[@]}" -d "$T/d1" "$T/names" "${MX[@]}"
same "$T/out" 'the same result'
is "$(grep -c shard.example "$T/d1/log" || :) $(wc -l < "$T/d1/log")" '0 21' \
	'of no new job'
is "$(stat -c %a "$T/d1/about" "$T/d1/log" | xargs)" '600 600' 'nobody else reads the command'
full() { "$@" > /dev/full; }
status 74 'a full disk' full "${SHARD[@]}" -d "$T/d1" "$T/names" "${MX[@]}"
status 64 'other options: refused' "${SHARD[@]}" -d "$T/d1" "$T/names" -a
like "$ERR" 'another list, command or other options' 'and why'
echo one.more >> "$T/names"
status 64 'another list: refused' "${SHARD[@]}" -d "$T/d1" "$T/names" "${MX[@]}"
sed -i '$d' "$T/names"
status 66 'no list' "${SHARD[@]}" "$T/nosuch"
status 64 'no argument' "${SHARD[@]}"
: > "$T/none"
status 0 'an empty list' "${SHARD[@]}" "$T/none"
is "$(cat "$T/out")$ERR" '' 'nothing is said of it'
status 0 'and again' "${SHARD[@]}" "$T/none"
for n in 0 00; do
	status 64 "-n $n" "${SHARD[@]}" -n $n "$T/names"
	like "$ERR" 'at least 1' 'and why'
done

# ---- killed: 2,000 names at 2 x 200 a second take five seconds

slow() { setsid "${SHARD[@]}" -d "$1" "$T/names" "${MX[@]}" --qps 200; }
some() { [ -d "$1/out" ] && [ "$(done_shards "$1" | wc -l)" -ge "$2" ]; }
# interrupt DIR SIGNAL WHOM: starts it, and kills it at about a third
interrupt() {
	local pid
	slow "$1" > "$T/out" 2> "$T/err" &
	lab_until 60 some "$1" 6
	pid=$(cat "$1/pid")
	case $3 in
	all) kill "-$2" -- "-$pid" ;;
	one) kill "-$2" "$pid" ;;
	esac
	wait || :
	done_shards "$1" | xargs ls -i > "$T/before"
}
resume() {	# DIR NAME
	lab_until 60 flock -n "$1/lock" true
	: > "$T/out"
	status 0 "$2: called again" slow "$1"
	same "$T/out" "$2: each name once, in order"
	ok "$2: what was done was kept" \
		bash -c "done_shards() { find '$1/out' -type f ! -name '*.*' | sort; }
		ls -i \$(done_shards) | grep -cxFf '$T/before' |
			grep -qx $(wc -l < "$T/before")"
}
for how in 'KILL all' 'TERM all' 'KILL one'; do
	set -- $how
	interrupt "$T/$1$2" "$1" "$2"
	n=$(wc -l < "$T/before")
	ok "$how: some shards were done ($n of 20)" test "$n" -ge 6 -a "$n" -lt 20
	is "$(wc -c < "$T/out")" 0 "$how: nothing was printed"
	resume "$T/$1$2" "$how"
done

# ---- a log that was cut, a worker that fails

sleep 0.05; touch "$T/before"
truncate -s -20 "$T/KILLall/log"
rm "$T/KILLall/out/000007"
status 0 'a log cut in its last line, a result that is gone' slow "$T/KILLall"
same "$T/out" 'are done again'
is "$(find "$T/KILLall/out" -newer "$T/before" -name '0000*' | wc -l)" \
	1 'the result is made again, and nothing else'
cat > "$T/sometimes" <<END
#!/bin/sh
[ -e "$T/well" ] || { head -c 100 /dev/zero; exit 71; }
exec "$BUILD/mxlookup" "\$@"
END
chmod +x "$T/sometimes"
fails() { "${SHARD[@]}" -m "$T/sometimes" -d "$T/d2" "$T/names" "${MX[@]}"; }
status 75 'a worker that fails' fails
is "$OUT" '' 'prints nothing'
like "$ERR" 'call it again' 'says what to do'
is "$(done_shards "$T/d2")" '' 'leaves nothing that looks done'
touch "$T/well"
status 0 'and again, when it works' fails
same "$T/out" 'all of it'

# ---- other machines: two homes, and an ssh that goes there.  As sshd does, it
# says which shell the account has, whether or not there is a SHELL here.

mkdir "$T/bin" "$T/m1" "$T/m2"
cat > "$T/bin/ssh" <<END
#!/bin/bash
while [[ \$1 = -* ]]; do case \$1 in -[lop]) shift ;; esac; shift; done
host=\$1
shift
[ "\$1" != -- ] || shift
echo "\$host" >> "$T/ssh.log"
cd "$T/\$host" && HOME=$T/\$host SHELL=/bin/sh exec sh -c "\$*"
END
# Time enough for another job to be cleaned up after between two steps of one.
cat > "$T/bin/mkdir" <<END
#!/bin/sh
/bin/mkdir "\$@" && case \$* in *shards/out)
	sleep 0.\$((\$\$ % 5)); [ -d shards/out ] || pwd >> "$T/gone"
esac
END
chmod +x "$T/bin/ssh" "$T/bin/mkdir"
cd "$T"
status 0 'two machines' env -u SHELL "PATH=$T/bin:$PATH" "${SHARD[@]}" -S m1,m2 \
	-d shards "$T/names" "${MX[@]}"
ok 'no folder is gone while a job is about to write there' test ! -e "$T/gone"
same "$T/out" 'each name once, in order'
is "$(sort -u "$T/ssh.log" | xargs)" 'm1 m2' 'both did something'
is "$(cut -f 2 shards/log | sort -u | xargs)" 'Host m1 m2' 'says the log'
is "$(find "$T/m1" "$T/m2" -type f ! -path '*/.parallel/*')" '' \
	'nothing is left there'

# ---- any command: what it reads or has as arguments, and how it ends

MAIL=("$ROOT/scripts/mail-shard" -n 2 -j 2)
cat > "$T/bin/say" <<'END'
#!/bin/sh
# say STATUS-OF-THE-LINE-bad ARGUMENT...
status=$1
shift
printf '[%s]' "$@"
echo
sed 's/^/in: /'
case $* in *bad*) exit "$status" ;; esac
END
chmod +x "$T/bin/say"
printf '#!/bin/sh\nhead -c 20000 /dev/zero\nexit 77\n' > "$T/bin/much"
chmod +x "$T/bin/much"
echo one > "$T/one"
status 75 'a full disk, and a command that ends with what -k has' \
	sh -c 'trap "" XFSZ; ulimit -f 16; exec "$@"' sh \
	"${MAIL[@]}" -k 77 -d "$T/d9" "$T/one" "$T/bin/much"
is "$(done_shards "$T/d9")" '' 'leaves nothing that looks done'
printf '%s\n' 'a b' 'c * d' 'e;f' "g'h" '$(touch x)' > "$T/five"
status 0 'standard input' "${MAIL[@]}" -d i "$T/five" \
	"$T/bin/say" 0 "it's" '$HOME *'
is "$OUT" "[it's][\$HOME *]
in: a b
in: c * d
[it's][\$HOME *]
in: e;f
in: g'h
[it's][\$HOME *]
in: \$(touch x)" 'pieces of two lines, in order, and arguments as they are'
is "$ERR" '' 'and nothing else'
status 0 'words' "${MAIL[@]}" -v -a -d w "$T/five" "$T/bin/say" 0 x
is "$OUT" "[x][a][b][c][*][d]
[x][e;f][g'h]
[x][\$(touch][x)]" 'are arguments, as they are'
is "$ERR" 'mail-shard: 3 of 3 done: 3 ended with 0' '-v says how they ended'
printf '%s\n' one two bad four five > "$T/bad"
status 0 'braces' "${MAIL[@]}" -n 9 -a -d braces "$T/bad" "$T/bin/say" 0 '{}' \
	'a{2}' '{= $_ = 7 =}' "{#}'{/}"
is "$OUT" "[{}][a{2}][{= \$_ = 7 =}][{#}'{/}][one][two][bad][four][five]" \
	'are the word of the command, not of parallel'
cp "$T/bad" "$T/-x"
status 64 'a name that begins with -' "${MAIL[@]}" -- -x cat
like "$ERR" 'give another with -d' 'and what to do'
status 75 'a job that fails' "${MAIL[@]}" -a -d b "$T/bad" "$T/bin/say" 65
like "$ERR" '2 of 3 done: 2 ended with 0' 'the others are done'
is "$OUT" '' 'nothing is printed'
is "$(cut -f 7 b/log | tail -n +2 | sort | xargs)" '0 0 65' 'the log has it'
status 0 'its status is one of -k' "${MAIL[@]}" -k 65 -a -d k "$T/bad" \
	"$T/bin/say" 65
is "$OUT" '[one][two]
[bad][four]
[five]' 'then it is a result'
is "$ERR" 'mail-shard: 3 of 3 done: 2 ended with 0, 1 with 65' 'and is told'
status 0 '-q' "${MAIL[@]}" -q -k 65 -a -d k "$T/bad" "$T/bin/say" 65
is "$ERR" '' 'tells nothing'
status 64 'another command' "${MAIL[@]}" -k 65 -a -d k "$T/bad" cat
status 64 'no command' "${MAIL[@]}" "$T/bad"
status 64 'a status that is none' "${MAIL[@]}" -k 65,x "$T/bad" cat
status 0 'an empty list' "${MAIL[@]}" -d nothing "$T/none" false
is "$OUT$ERR" '' 'nothing is done'
status 0 'words on two machines' env "PATH=$T/bin:$PATH" "${MAIL[@]}" -S m1,m2 \
	-k 65 -a -d two "$T/bad" "$T/bin/say" 65
is "$OUT" '[one][two]
[bad][four]
[five]' 'the same'
like "$ERR" '2 ended with 0, 1 with 65' 'and how they ended'
is "$(find "$T/m1" "$T/m2" -type f ! -path '*/.parallel/*')" '' \
	'nothing is left there'
done_testing
