# shellcheck shell=bash
# For the benchmarks, to be sourced after tests/lab/lab.sh.
#
#   title TEXT			the heading of a table
#   bar NAME VALUE MOST UNIT	PASS if VALUE is a number and at most MOST
#   least NAME VALUE LEAST UNIT	PASS if VALUE is a number and at least LEAST
#   result NAME			what a measuring program wrote to $RESULTS
#   ratio A B			A / B, two digits; nothing if one is missing
#   have CMD			whether it is installed
#
# T is a folder that is removed at the end, BUILD where the programs were made.
# A benchmark works with copies of them: a build meanwhile is no trouble.

export LAB_AS_INSTALLED=1

# Where they name a bundle, each start parses all of it: 30 ms that an installed
# program with a hashed folder does not need.
unset SSL_CERT_FILE SSL_CERT_DIR

# shellcheck disable=SC2034 # for the benchmarks
BUILD=${POSTBAG_BUILD:-$ROOT/build}
T=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
trap 'rm -rf "$T"' EXIT
RESULTS=$T/results
mkdir "$T/bin"
: > "$RESULTS"
PATH=$T/bin:$PATH
missed=0

title() { printf '\n== %s\n' "$*"; }

bar() {
	local word=MISS
	if awk -v a="$2" -v b="$3" 'BEGIN { exit !(a != "" && a <= b) }'; then
		word=PASS
	else
		missed=1
	fi
	printf '%s  %-52s %9s  (at most %s%s)\n' $word "$1" "${2:--}" "$3" \
		"${4:+ $4}"
}

least() {
	local word=MISS
	if awk -v a="$2" -v b="$3" 'BEGIN { exit !(a != "" && a >= b) }'; then
		word=PASS
	else
		missed=1
	fi
	printf '%s  %-52s %9s  (at least %s%s)\n' $word "$1" "${2:--}" "$3" \
		"${4:+ $4}"
}

# Names may have blanks; the last word is the value.
result() {
	awk -v k="$1 " 'index($0, k) == 1 { v = $NF } END { print v }' \
		"$RESULTS"
}

ratio() {
	awk -v a="$1" -v b="$2" \
		'BEGIN { if (a != "" && b > 0) printf "%.2f\n", a / b }'
}

have() { command -v "$1" > /dev/null; }
