#!/usr/bin/env bash
# The packages: built from what make dist packs, without a word from lintian,
# installed in bare Debian 12 and 13 beside nothing, used, and taken out again.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$ROOT"
for p in dpkg-buildpackage dh lintian debootstrap; do
	PATH=$PATH:/usr/sbin command -v $p > /dev/null ||
		skip_all "$p is not installed"
done
[ "$(id -u)" = 0 ] || skip_all 'debootstrap needs root'

make -s dist > /dev/null
first=$(sha256sum < build-dist/*.tar.gz)
touch README.md	# not what make looks at: other tests are running
(umask 077; make -s dist > /dev/null)
is "$(sha256sum < build-dist/*.tar.gz)" "$first" 'make dist: the same bytes again'
like "$(tar -tvzf build-dist/*.tar.gz | awk '{ print $2 }' | sort -u)" '^0/0$' 'nobody owns them'
ok 'make deb' env DEB_BUILD_OPTIONS=nocheck make -s deb
is "$(lintian --allow-root --pedantic build-deb/*.changes 2>&1)" '' 'lintian has nothing to say'
is "$(dpkg-parsechangelog -S Version)" "$(sed -n 's/^VERSION = //p' Makefile)" 'its version is that of the Makefile'
debs=(build-deb/postbag_*.deb build-deb/postbag-mta_*.deb)
depends=$(dpkg-deb -f "${debs[0]}" Depends)
like "$depends" 'libssl3' 'libssl is found by the tools'
like "$depends" 'libidn2-0' 'libidn2, too'
mta=$(dpkg-deb -f "${debs[1]}" Provides Conflicts Replaces | sort | xargs)
is "$mta" 'Conflicts: mail-transport-agent Provides: mail-transport-agent Replaces: mail-transport-agent' \
	'postbag-mta takes the place of an MTA'
size=$(dpkg-deb --fsys-tarfile "${debs[0]}" | tar -tv | awk '$6 ~ /usr\/bin\/(mailsend|mailfetch|mxlookup|portprobe|imapsync)$/ { n += $3 } END { print n }')
ok 'the five tools are under 3 MB' test "$size" -lt 3000000
diag "the five tools: $size bytes"

in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$T/root" "$@"; }
all_files() { (cd "$T/root" && find . -xdev \( -path ./proc -o -path ./run -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./tmp \) -prune -o -print | sort); }
for suite in bookworm trixie; do
	rm -rf "$T/root"
	if ! debootstrap --variant=minbase $suite "$T/root" > "$T/log" 2>&1; then
		skip "$suite" "debootstrap: $(tail -n 1 "$T/log")"
		continue
	fi
	mkdir "$T/root/deb"
	cp "${debs[@]}" "$T/root/deb"
	cp /etc/resolv.conf "$T/root/etc/resolv.conf"
	in_root apt-get -q update > "$T/log" 2>&1
	# what they need stays when they go
	in_root apt-get -q install -y --no-install-recommends adduser libssl3 libidn2-0 zlib1g >> "$T/log" 2>&1
	all_files > "$T/before"
	ok "$suite: installed" in_root apt-get -q install -y --no-install-recommends \
		/deb/"$(basename "${debs[0]}")" /deb/"$(basename "${debs[1]}")"
	for tool in mailsend mailfetch mxlookup portprobe imapsync; do
		ok "$suite: $tool runs" in_root $tool --version
	done
	is "$(in_root stat -c '%U %a' /var/spool/postbag)" 'postbag 3733' "$suite: the spool"
	# two lines, and root's cron mail goes; here, where nobody listens, it waits
	printf 'account default\n  smtp smtp://127.0.0.1:9\n  queue /var/spool/postbag\n' > "$T/root/etc/postbag/config"
	printf 'From: root (Cron Daemon)\nTo: root@example.org\nSubject: cron\n\nx\n' > "$T/mail"
	status 0 "$suite: sendmail, as cron calls it" in_root sendmail -i -FCronDaemon -B8BITMIME -oem root@example.org < "$T/mail"
	like "$(in_root mailq)" 'root@example.org' "$suite: mailq shows it"
	ok "$suite: newaliases" in_root newaliases
	ok "$suite: removed" in_root apt-get -q remove -y postbag postbag-mta
	in_root mailsend --version > /dev/null 2>&1
	is $? 127 "$suite: it is gone"
	all_files > "$T/after"
	is "$(diff "$T/before" "$T/after" | sed -n 's/^> //p' | grep -v '^\./\(etc/cron.d$\|etc/postbag\|var/spool/postbag\|etc/cron.d/postbag-mta\|etc/passwd-\|etc/group-\|etc/shadow-\|etc/gshadow-\|etc/subuid-\|etc/subgid-\|var/lib/systemd\|etc/systemd\)')" \
		'' "$suite: nothing is left but configuration and spool"
	ok "$suite: purged" in_root apt-get -q purge -y postbag postbag-mta
	like "$(find "$T/root/var/spool/postbag" -name mail)" mail "$suite: mail that waits is still there"
done
rm -rf "$T/root"
done_testing
