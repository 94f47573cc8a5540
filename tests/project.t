#!/usr/bin/env bash
# The tree itself: layers, manual against options, what is linked and how.
set -u
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
ok "no #include points upwards" scripts/dev/layers
ok "manual and options agree" scripts/dev/check-man "$BUILD"
ok "the keys of an account are those of the options" scripts/dev/account-keys
scripts/dev/files > "$T/files"
ok "ARCHITECTURE.md lists the source files" python3 -c '
import sys
assert open(sys.argv[1]).read() in open("ARCHITECTURE.md").read()' "$T/files"
for tool in "$BUILD"/*; do
	[ -x "$tool" ] && [ -f "$tool" ] || continue
	name=$(basename "$tool")
	head=$(readelf -hW "$tool"; readelf -lW "$tool"; readelf -dW "$tool")
	like "$head" 'DYN ' "$name: position independent"
	like "$head" 'GNU_RELRO' "$name: relro"
	like "$head" 'BIND_NOW|NOW' "$name: bound at start"
	unlike "$head" 'RWE' "$name: nothing writable is executable"
	needed=$(grep NEEDED <<<"$head")
	unlike "$(grep -vE '\[lib(c|ssl|crypto|z|idn2)\.so' <<<"$needed")" \
	    NEEDED "$name: links only what it may"
	for lib in ssl crypto; do
		like "$needed" "\\[lib$lib\.so" "$name: lib$lib is NEEDED"
	done
	like "$("$tool" --version)" "^$name \\(postbag\\) [0-9]" "$name: --version"
	like "$("$tool" --help)" '^usage: ' "$name: --help"
	status 64 "$name: an unknown option" "$tool" --nonsense
	like "$ERR" 'unknown option --nonsense' "$name: names it"
	status 74 "$name: a full disk under stdout" \
	    bash -c '"$0" --help > /dev/full' "$tool"
done
# All of it fits where there is little room.
size=0
for tool in mailsend mailfetch mxlookup portprobe imapsync; do
	strip -o "$T/stripped" "$BUILD/$tool"
	size=$((size + $(stat -c %s "$T/stripped")))
done
ok "the five tools, stripped, are under 3 MB ($size bytes)" test $size -lt 3000000
# A package's tools, and scanners, see what the programs are made of.
if command -v dpkg-shlibdeps > /dev/null; then
	mkdir -p "$T/deb/debian"
	printf 'Source: x\n\nPackage: x\nArchitecture: any\n' \
	    > "$T/deb/debian/control"
	cd "$T/deb"
	status 0 'dpkg-shlibdeps' dpkg-shlibdeps -O -e"$BUILD/mailsend"
	cd "$ROOT"
	like "$OUT" 'libssl3' 'names OpenSSL'
	like "$OUT" 'libidn2-0' 'and libidn2'
else
	skip 'dpkg-shlibdeps' 'no dpkg-dev here'
fi
ok 'compiles without libidn2 and zlib' "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE \
    -iquote common -Wall -Wextra -Werror -fsyntax-only common/idn.c \
    common/deflate.c
# The rules of scripts/dev/layers bite.
cp -r scripts common cmd "$T"
breach() {	# FILE LINE WHAT: FILE with the LINE added is complained about
	printf '%s\n' "$2" >> "$T/$1"
	not_ok "layers: $3" env POSTBAG_BUILD=/nonexistent "$T/scripts/dev/layers"
	cp "$1" "$T/$1"
}
breach common/smtp.c '#include <openssl/ssl.h>' 'libssl is for tls alone'
breach common/digest.c '#include <openssl/ssl.h>' 'not for digest'
breach common/sasl.c '#include <openssl/hmac.h>' 'libcrypto comes by digest'
breach cmd/mxlookup/main.c '#include <openssl/evp.h>' 'for the tools, too'
breach common/smtp.c 'static void x(void) { SSL_free(0); }' 'nor undeclared'
breach common/idn.c 'static void x(void) { dlopen("x", 0); }' 'no dlopen'
ok 'layers: else nothing' env POSTBAG_BUILD=/nonexistent "$T/scripts/dev/layers"
ok 'bugs: what the lists name is there' scripts/dev/mutate -c tests/bugs/*
# So does the check of the keys.
sed -i '/^"poll",$/d' "$T/common/account_keys.h"
not_ok 'account-keys: one that is missing' "$T/scripts/dev/account-keys"
ok 'account-keys -w' "$T/scripts/dev/account-keys" -w
ok 'account-keys: it is there again' cmp common/account_keys.h "$T/common/account_keys.h"
sed -i 's/\.name = "poll",/.name = "polled",/' "$T/cmd/mailfetch/main.c"
not_ok 'account-keys: an option by another name' "$T/scripts/dev/account-keys"
cp cmd/mailfetch/main.c "$T/cmd/mailfetch"
# So does that of the manual.
cp -r man "$T/man"
sed -i '/^\.It Fl w /d' "$T/man/cert-watch.1"
not_ok "check-man: a script's option without a line" \
    scripts/dev/check-man "$BUILD" "$T/man"
cp man/cert-watch.1 "$T/man"
printf '%s\n' '.Bl -column "'"$(printf %45s x)"'" "'"$(printf %40s y)"'"' '.It x Ta y' .El >> "$T/man/cert-watch.1"
not_ok 'check-man: a table wider than a screen' scripts/dev/check-man "$BUILD" "$T/man"
ok "make install, below DESTDIR" make -s install DESTDIR="$T/root" PREFIX=/usr
ok "installs the tools" test -x "$T/root/usr/bin/mailsend"
ok "and the manual" test -f "$T/root/usr/share/man/man1/mailsend.1"
for script in scripts/*; do
	name=${script##*/}
	case $name in quickstart | test) continue ;; esac
	[ -f "$script" ] && [ -x "$script" ] || continue
	ok "README names $name" grep -qE "(^    |\`)$name[ \`]" README.md
	! grep -q 'they are words' "$script" ||
		ok "$name: options are words, no patterns" grep -Eq '^set -[eu]*f' "$script"
	ok "$name is installed" cmp "$script" "$T/root/usr/bin/$name"
	ok "and its manual" test -f "$T/root/usr/share/man/man1/$name.1"
	for help in -h --help; do
		like "$("$script" $help 2> /dev/null < /dev/null)" "	$name " "$name $help"
	done
done
make -s install-share DESTDIR="$T/local" PREFIX=/usr/local
for at in root:/usr/bin/ local:/usr/local/bin/; do
	is "$(grep -rhoE '/usr/[a-z/]*bin/' "$T/${at%%:*}"/usr/{,local/}share/postbag/{cron,systemd} 2> /dev/null |
	    sort -u)" "${at#*:}" "units and cron's line name the programs in ${at#*:}"
done
# Units name programs that are there, and keys and values that systemd knows.
if command -v systemd-analyze > /dev/null; then
	units=$T/root/usr/share/postbag/systemd
	sed -i "s,=/usr/bin/,=$T/root/usr/bin/," "$units"/*.service
	for unit in "$units"/postbag-flush.*; do
		is "$(systemd-analyze --man=no verify "$unit" 2>&1 |
		    grep -F postbag-)" "" "systemd takes ${unit##*/}"
	done
	unit=$units/postbag-watch.service
	by_user() {
		SYSTEMD_UNIT_PATH=$units: XDG_RUNTIME_DIR=$T \
		    systemd-analyze --user --man=no verify "$unit" 2>&1 |
		    grep -F postbag-
	}
	is "$(by_user)" "" "and a user's postbag-watch.service"
	sed -i 's/^Type=notify/Type=notfy/' "$unit"
	like "$(by_user)" notfy "but not one that is wrong"
else
	skip "systemd's units" "no systemd-analyze"
fi
# Scripts take the tools beside them, from cron(8), too, and no others.
mkdir "$T/root/usr/build" "$T/other"
for decoy in build ../../other; do
	printf '#!/bin/sh\necho decoy\n' > "$T/root/usr/$decoy/portprobe"
	chmod +x "$T/root/usr/$decoy/portprobe"
done
like "$(PATH=$T/other:/usr/bin:/bin "$T/root/usr/bin/check_mail_ports" -V)" \
	'^portprobe \(postbag\)' 'scripts use the tools installed with them'
mv "$T/root/usr/bin/portprobe" "$T/portprobe"
is "$(PATH=/usr/bin:/bin "$T/root/usr/bin/check_mail_ports" -V)" \
	'PORTPROBE UNKNOWN - portprobe is not installed' 'and no others'
mv "$T/portprobe" "$T/root/usr/bin/portprobe"
rm -r "$T/root/usr/build"
ok "make uninstall" make -s uninstall DESTDIR="$T/root" PREFIX=/usr
is "$(find "$T/root" -type f)" "" "leaves nothing"
done_testing
