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
	    grep -vE 'libc\.so')" NEEDED \
	    "$name: links only what it may"
	like "$("$tool" --version)" '^postbag [0-9]' "$name: --version"
	like "$("$tool" --help)" '^usage: ' "$name: --help"
	status 64 "$name: an unknown option" "$tool" --nonsense
	like "$ERR" 'unknown option --nonsense' "$name: names it"
	status 74 "$name: a full disk under stdout" \
	    bash -c '"$0" --help > /dev/full' "$tool"
done
# What is loaded late: not at a start, and said when it is not there.
loads() {
	LD_DEBUG=libs "$@" 2>&1 |
		grep -oE 'calling init: .*lib(ssl|crypto|z|idn2|resolv)\.so'
}
TLS=(mailsend -S smtps://localhost:1 -f a@example.org --ca /etc/passwd
    b@example.org --body x)
is "$(loads mailsend --version)" "" "--version loads no library"
like "$(loads "${TLS[@]}")" libssl "TLS does"
mkdir "$T/lib"
: > "$T/lib/libssl.so.3"
is "$(LD_LIBRARY_PATH=$T/lib mailsend --version)" "$(mailsend --version)" \
    "without OpenSSL: --version"
status 71 "TLS without OpenSSL" env LD_LIBRARY_PATH="$T/lib" "${TLS[@]}"
like "$ERR" '^mailsend: a library cannot be loaded: .*libssl\.so' "is said"
ok "make install, below DESTDIR" make -s install DESTDIR="$T/root" PREFIX=/usr
ok "installs the tools" test -x "$T/root/usr/bin/mailsend"
ok "and the manual" test -f "$T/root/usr/share/man/man1/mailsend.1"
ok "make uninstall" make -s uninstall DESTDIR="$T/root" PREFIX=/usr
is "$(find "$T/root" -type f)" "" "leaves nothing"
done_testing
