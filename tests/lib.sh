# shellcheck shell=bash
# TAP for tests written in bash, to be run by prove.
#
#	. "$(dirname "$0")/../lib.sh"
#
#   ok NAME CMD...		CMD succeeds
#   not_ok NAME CMD...		it fails
#   is GOT WANT NAME		equal strings
#   isnt GOT WANT NAME
#   like TEXT REGEX NAME	extended regular expression, anywhere
#   unlike TEXT REGEX NAME
#   status WANT NAME CMD...	CMD exits with WANT; after it $OUT, $ERR and
#				$STATUS hold what it said, the files $T/out
#				and $T/err the exact bytes
#   skip NAME WHY		a test that cannot be done here
#   skip_all WHY		none of this file's can
#   diag TEXT			a comment
#   done_testing		the last line of the file
#
# ROOT is the checkout, BUILD where the programs are (first in PATH), T a
# folder for the test, removed at exit. All checks return 0, so that "set -e"
# is possible. Run none of them in a pipeline or in $(...): a subshell counts
# for itself. Give input with < or <<<.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${POSTBAG_BUILD:-$ROOT/build}
PATH=$BUILD:$PATH
POSTBAG_SCHEMA_CHECK=1	# common/json_check.h
export ROOT BUILD PATH POSTBAG_SCHEMA_CHECK
T=$(mktemp -d "${TMPDIR:-/tmp}/test.XXXXXX")
trap 'rm -rf "$T"' EXIT
OUT='' ERR='' STATUS=0

tap_n=0 tap_failed=0

diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

# tap_result RC NAME: print it; returns RC for the caller to add to
tap_result() {
	local i=1
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d - %s\n' $tap_n "$2"
		return 0
	fi
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' $tap_n "$2"
	while [[ ${BASH_SOURCE[i]} = "${BASH_SOURCE[0]}" ]]; do
		i=$((i + 1))
	done
	diag "failed at ${BASH_SOURCE[i]}:${BASH_LINENO[i - 1]}"
	return 1
}

# The command's own output would disturb TAP; it is shown if it fails.
ok() {
	local rc=0
	"${@:2}" > "$T/ok" 2>&1 || rc=$?
	tap_result $rc "$1" || diag "exit $rc: ${*:2}
$(head -c 2000 "$T/ok" | tr -d '\0')"
}

not_ok() {
	local rc=1
	"${@:2}" > "$T/ok" 2>&1 || rc=0
	tap_result $rc "$1" || diag "succeeded: ${*:2}
$(head -c 2000 "$T/ok" | tr -d '\0')"
}

is() {
	local rc=0
	[ "$1" = "$2" ] || rc=1
	tap_result $rc "$3" || diag " got: $1
want: $2"
}

isnt() {
	local rc=0
	[ "$1" != "$2" ] || rc=1
	tap_result $rc "$3" || diag "got: $1"
}

like() {
	local rc=0
	[[ $1 =~ $2 ]] || rc=1
	tap_result $rc "$3" || diag "    text: ${1:0:2000}
not like: $2"
}

unlike() {
	local rc=0
	[[ ! $1 =~ $2 ]] || rc=1
	tap_result $rc "$3" || diag "text: ${1:0:2000}
like: $2"
}

status() {
	local rc=0
	STATUS=0
	"${@:3}" > "$T/out" 2> "$T/err" || STATUS=$?
	# shellcheck disable=SC2034 # for the tests
	OUT=$(head -c 1000000 "$T/out" | tr -d '\0')
	ERR=$(head -c 1000000 "$T/err" | tr -d '\0')
	[ "$STATUS" = "$1" ] || rc=1
	tap_result $rc "$2" || diag "exit $STATUS, want $1: ${*:3}
${ERR:0:2000}"
}

skip() {
	tap_n=$((tap_n + 1))
	printf 'ok %d - %s # SKIP %s\n' $tap_n "$1" "$2"
}

skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

done_testing() {
	printf '1..%d\n' $tap_n
	[ $tap_failed = 0 ] || diag "$tap_failed of $tap_n failed"
	exit $((tap_failed > 0))
}
