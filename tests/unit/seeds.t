#!/usr/bin/env bash
# The seeds of each fuzz target (what was found once, and what reaches far),
# through the target in the sanitized build.
set -u
cd "$(dirname "$0")/../.."
[ -d build-san/fuzz ] || { echo "1..0 # skip: make SAN=1 tests first"; exit 0; }
n=0
for c in tests/fuzz/*.c; do
	name=$(basename "$c" .c)
	n=$((n + 1))
	seeds=(tests/fuzz/seeds/"$name"/*)
	if out=$("build-san/fuzz/$name" "${seeds[@]}" 2>&1); then
		echo "ok $n - $name: ${#seeds[@]} seeds"
	else
		echo "not ok $n - $name"
		tail -n 20 <<< "$out" | sed 's/^/# /'
	fi
done
echo "1..$n"
