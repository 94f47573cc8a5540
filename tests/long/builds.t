#!/usr/bin/env bash
# Other compilers, flags and folders: scripts/dev/builds, line by line; and with
# musl, where that is installed.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$ROOT"
for name in debian lto c11 clang bare twice; do
	scripts/dev/builds "$name" > "$T/said" 2>&1
	is "$(xargs < "$T/said" | cut -c 1-2000)" "$name well" "build: $name"
done
if command -v musl-gcc > /dev/null; then
	ok 'musl: compiles, and the unit tests pass' scripts/dev/cross musl
else
	skip 'musl' 'no musl-tools here'
fi
done_testing
