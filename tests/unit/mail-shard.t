#!/usr/bin/env bash
# mail-shard and mx-shard without a server: which ends count, what a kill may
# leave, and what is refused.  tests/server/shard.t has the long lists.
set -u
. "$(dirname "$0")/../lib.sh"
command -v parallel > /dev/null || skip_all 'parallel is not installed'
export PARALLEL_HOME=$T/parallel HOME=$T
mkdir "$PARALLEL_HOME" "$T/bin"
shard=$ROOT/scripts/mail-shard mx=$ROOT/scripts/mx-shard
# end STATUS...: what it reads, and that status; each line is a status, too
cat > "$T/bin/end" <<'END'
#!/bin/sh
echo "$@"
read -r line
echo "$line" | tee -a "$CALLS"
exit "$line"
END
chmod +x "$T/bin/end"
export CALLS=$T/calls
printf '%s\n' 0 65 68 75 > "$T/list"

status 0 'mx-shard: a domain that is not there, or not now' \
	"$mx" -n 1 -d "$T/mx" -m "$T/bin/end" "$T/list" -C mx
is "$OUT" '-j --ordered -C mx
0
-j --ordered -C mx
65
-j --ordered -C mx
68
-j --ordered -C mx
75' 'is a result'
is "$ERR" '' 'of which nothing is said'
for s in 1 69 71 74; do
	echo $s > "$T/one"
	status 75 "mx-shard: $s" "$mx" -d "$T/mx$s" -m "$T/bin/end" "$T/one"
	is "$OUT" '' 'is none'
done
: > "$CALLS"
status 75 'mail-shard: 65 without -k' "$shard" -n 1 -d "$T/k" "$T/list" "$T/bin/end"
is "$OUT" '' 'is none'
like "$ERR" '1 of 4 done: 1 ended with 0' 'and the others are told'
is "$(sort "$CALLS" | uniq -c | xargs)" '1 0 3 65 3 68 3 75' 'each was tried three times'

# What can be read once is not taken for an empty list.
status 66 'a pipe' "$shard" -d "$T/pipe" <(echo 0) cat
like "$ERR" 'no regular file' 'is refused'
status 66 'a folder' "$shard" -d "$T/pipe" "$T/bin" cat
ok 'and nothing is made' test ! -e "$T/pipe"

# What a kill left before the list was cut is not of the list.
mkdir -p "$T/left/in"
echo 'not of it' > "$T/left/in/000009"
status 0 'pieces of a list that was half cut' "$shard" -n 1 -k 65,68,75 -d "$T/left" "$T/list" cat
is "$OUT" "$(< "$T/list")" 'are removed'
is "$(head -n 1 "$T/left/log" | cut -f 7)" Exitval 'the log has its heading'

exec 8> "$T/left/lock"
flock 8
status 75 'somebody else at work' "$shard" -n 1 -k 65,68,75 -d "$T/left" "$T/list" cat
like "$ERR" 'somebody else is at work' 'is told'
exec 8>&-
status 64 'other pieces' "$shard" -n 2 -k 65,68,75 -d "$T/left" "$T/list" cat
status 64 'as words' "$shard" -a -n 1 -k 65,68,75 -d "$T/left" "$T/list" cat
status 64 'other ends' "$shard" -n 1 -k 65,68 -d "$T/left" "$T/list" cat
is "$(cat "$T/left/in/"*)" "$(< "$T/list")" 'nothing was cut anew'

status 69 'without parallel' env PATH=/nonexistent "$shard" -d "$T/no" "$T/list" cat
ok 'nothing is made then' test ! -e "$T/no"
while IFS='|' read -r args why; do
	# shellcheck disable=SC2086 # words
	status 64 "$args" "$shard" $args "$T/list" cat
	like "$ERR" "$why" 'and why'
done <<'END'
-j x|-j is a number, not "x"
-j -1|-j is a number
-n 1k|-n is a number
-k 65,|-k: exit statuses
-k 65,,68|-k: exit statuses
-m x|-m is for mx-shard
-x|mail-shard
END
done_testing
