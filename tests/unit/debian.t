#!/usr/bin/env bash
# The Debian package's own scripts: the line for cron, the folder for mail that
# waits, and that a purge throws none of it away.
set -u
. "$(dirname "$0")/../lib.sh"
mkdir "$T/bin" "$T/tree"
for tool in adduser deluser install dh_installcron dh_installsystemd; do
	printf '#!/bin/sh\necho "%s $*" >> "%s/did"\n' $tool "$T" > "$T/bin/$tool"
done
chmod +x "$T/bin"/*
PATH=$T/bin:$PATH
did() { cat "$T/did" 2> /dev/null; rm -f "$T/did"; }

# ---- cron, where systemd's timer does not do it

cp -r "$ROOT/debian" "$ROOT/share" "$T/tree"
make -s -C "$T/tree" -f debian/rules override_dh_installcron > "$T/log" 2>&1
is "$(did)" 'dh_installcron ' 'cron has a line'
line=$(grep ' postbag ' "$T/tree/debian/postbag-mta.cron.d")
like "$line" '^[0-9*/]+( [*]){4} postbag \[' 'each few minutes, by the user of the queue'
runs() {
	sed "s,.* postbag \[,[,; s,/run/systemd/system,$T/systemd,; s,/usr/bin/mailsend,echo mailsend," \
	    <<< "$line" | sh
}
like "$(runs)" '^mailsend .*--flush' 'without systemd it sends what waits'
mkdir "$T/systemd"
is "$(runs)" '' 'with systemd it does nothing'
make -s -C "$T/tree" -f debian/rules override_dh_installsystemd > "$T/log" 2>&1
is "$(did)" 'dh_installsystemd -ppostbag-mta --name=postbag-flush' 'whose units are there'
for u in service timer path; do
	ok "its $u" cmp -s "$T/tree/share/systemd/postbag-flush.$u" \
		"$T/tree/debian/postbag-mta.postbag-flush.$u"
done

# ---- the folder

spool=$T/spool
script() {	# NAME ARG...
	sed "s,/var/spool/postbag,$spool,g" "$ROOT/debian/postbag-mta.$1" | sh -s -- "${@:2}"
}
for arg in abort-upgrade abort-remove; do
	status 0 "postinst $arg" script postinst $arg
	is "$(did)" '' 'does nothing'
done
status 0 'postinst configure' script postinst configure
like "$(did)" "adduser .*--system .*postbag
install -d -o postbag -g postbag -m 3733 $spool" 'makes the user and the folder'
mkdir "$spool"
status 0 'a second time' script postinst configure
unlike "$(did)" install 'the folder stays as it is'

mkdir -p "$spool/1000/new" "$spool/1001"
echo mail > "$spool/1000/new/1"
for arg in remove upgrade; do
	status 0 "postrm $arg" script postrm $arg
	is "$(did) $(find "$spool" | wc -l)" ' 5' 'takes nothing away'
done
status 0 'postrm purge, and mail waits' script postrm purge
is "$(did) $(cat "$spool/1000/new/1")" ' mail' 'which stays, and so does the user'
not_ok 'a folder that is empty goes' test -e "$spool/1001"
rm -r "$spool/1000"
touch "$spool/file"
status 0 'postrm purge, and a file that nobody knows' script postrm purge
is "$(did) $(ls "$spool")" ' file' 'which stays'
rm "$spool/file"
mkdir "$spool/1001"
status 0 'postrm purge, and none waits' script postrm purge
is "$(did)" 'deluser --quiet --system postbag' 'the user goes'
not_ok 'and the folder' test -e "$spool"
status 0 'postrm purge, a second time' script postrm purge
is "$(did)" '' 'has nothing to do'
done_testing
