#!/usr/bin/env bash
# The tree itself: layers, manual against options, what is linked and how.
set -u
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
ok "no #include points upwards" scripts/layers
ok "manual and options agree" scripts/check-man "$BUILD"
scripts/files > "$T/files"
ok "README lists the source files" python3 -c '
import sys
assert open(sys.argv[1]).read() in open("README.md").read()' "$T/files"
for tool in "$BUILD"/*; do
	[ -x "$tool" ] && [ -f "$tool" ] || continue
	name=$(basename "$tool")
	head=$(readelf -hW "$tool"; readelf -lW "$tool"; readelf -dW "$tool")
	like "$head" 'DYN ' "$name: position independent"
	like "$head" 'GNU_RELRO' "$name: relro"
	like "$head" 'BIND_NOW|NOW' "$name: bound at start"
	unlike "$head" 'RWE' "$name: nothing writable is executable"
	unlike "$(readelf -dW "$tool" | grep NEEDED |
	    grep -vE 'lib(c|ssl|crypto|resolv|z)\.so')" NEEDED \
	    "$name: links only what it may"
	like "$("$tool" --version)" '^postbag [0-9]' "$name: --version"
	like "$("$tool" --help)" '^usage: ' "$name: --help"
	status 64 "$name: an unknown option" "$tool" --nonsense
	like "$ERR" 'unknown option --nonsense' "$name: names it"
	status 74 "$name: a full disk under stdout" \
	    bash -c '"$0" --help > /dev/full' "$tool"
done
ok "make install, below DESTDIR" make -s install DESTDIR="$T/root" PREFIX=/usr
ok "installs the tools" test -x "$T/root/usr/bin/mailsend"
ok "and the manual" test -f "$T/root/usr/share/man/man1/mailsend.1"
ok "make uninstall" make -s uninstall DESTDIR="$T/root" PREFIX=/usr
is "$(find "$T/root" -type f)" "" "leaves nothing"
done_testing
