#!/usr/bin/env bash
# Other compilers, flags and folders, without what only Linux has, another C
# library, another processor: each builds without a warning, and what can be
# tested there is.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$ROOT"
for name in debian lto c11 clang bare twice; do
	scripts/dev/builds "$name" > "$T/said" 2>&1
	is "$(xargs < "$T/said" | cut -c 1-2000)" "$name well" "build: $name"
done
ok 'POSIX alone: make check' make -s -j2 OS=posix check
for other in musl arm64; do
	scripts/dev/cross "$other" > "$T/said" 2>&1
	rc=$?
	if [ $rc = 69 ]; then
		skip "$other" "$(tail -n 1 "$T/said")"
		continue
	fi
	tap_result $rc "$other" || diag "$(tail -n 30 "$T/said")"
done
done_testing
