#!/usr/bin/env bash
# Configuration and state of earlier versions (tests/old), on a server that is
# as it was then: the first run transfers nothing and deletes nothing.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot
export HOME=$T XDG_CONFIG_HOME=$T/none

fetch() { mailfetch --config "$T/config" --ca "$LAB_CA" "$@"; }
sync() { imapsync --config "$T/config" --ca "$LAB_CA" "$@"; }
# What stands in a folder: names and contents, without those of Dovecot.
tree() {
	(cd "$1" && find . -type f ! -name 'dovecot*' ! -name maildirfolder \
	    ! -path './state/*' -exec sha256sum {} + | sort -k 2)
}
# value NAME: of the last object that was printed
value() { sed -n "\$s/.*\"$1\":\([0-9]*\).*/\1/p" "$T/out"; }
counts() { local n; for n; do printf '%s %s, ' "$n" "$(value "$n")"; done; }

back() {	# ARCHIVE: all of it as it was then, in $T/was
	local u md
	rm -rf "$T/was"
	mkdir "$T/was"
	tar xzf "$1" -C "$T/was" --no-same-owner
	export XDG_STATE_HOME=$T/was/state
	sed "s/@IMAPS@/$LAB_IMAPS_PORT/; s/@POP3S@/$LAB_POP3S_PORT/" \
	    "$T/was/config" > "$T/config"
	for u in billy jane; do
		md=LAB_MAILDIR_$u
		rm -rf "${!md}"
		mv "$T/was/$u" "${!md}"
		lab_own "${!md}"
	done
	cd "$T/was" || exit
}

for old in "$ROOT"/tests/old/*.tar.gz; do
	v=${old##*/} v=${v%.tar.gz}
	back "$old"
	tree . > "$T/before"
	tree "$LAB_MAILDIR_billy" > "$T/billy"
	tree "$LAB_MAILDIR_jane" > "$T/jane"

	# ---- mailfetch
	status 0 "$v: POP3 to three places" fetch -j pop
	is "$(counts there fetched kept deleted)" \
	    "there 6, fetched 0, kept 0, deleted 0, " "$v: it has all of them"
	status 69 "$v: a command that refuses what it refused" fetch -j part
	is "$(counts there fetched kept deleted)" \
	    "there 6, fetched 0, kept 3, deleted 0, " \
	    "$v: the Maildir that had taken them gets none"
	status 0 "$v: a command that may have taken one" fetch -j doubt
	is "$(counts there fetched in_doubt)" \
	    "there 1, fetched 0, in_doubt 1, " "$v: is not asked again"
	status 0 "$v: folders to two places" fetch -j folders
	is "$(counts there fetched deleted moved)" \
	    "there 7, fetched 0, deleted 0, moved 0, " "$v: nothing is new"

	# ---- imapsync
	is "$(sync state dump -j box | grep -c '"pending"')" 1 \
	    "$v: an upload whose answer was not seen"
	status 0 "$v: both sides" sync -j box
	is "$(counts fetched pushed deleted_near deleted_far)" \
	    "fetched 0, pushed 0, deleted_near 0, deleted_far 0, " \
	    "$v: are in step"
	status 0 "$v: once more" sync -j box
	is "$(sync state dump -j box | grep -c '"pending"')" 0 \
	    "$v: what was in doubt is settled"
	status 0 "$v: the state is whole" sync state check box

	tree . > "$T/after"
	ok "$v: nothing came here, and nothing went" \
	    diff "$T/before" "$T/after"
	for u in billy jane; do
		md=LAB_MAILDIR_$u
		tree "${!md}" > "$T/after"
		ok "$v: the server's $u has what he had" diff "$T/$u" \
		    "$T/after"
	done

	# ---- configuration: a key that was renamed says what it is now
	: > "$T/bad"
	while read -r tool key; do
		printf 'account a\n  %s\n' "$key" > "$T/key"
		chmod 600 "$T/key"
		said=$($tool --config "$T/key" -A a 2>&1 < /dev/null) &&
		    continue
		[[ $said != *unknown* ]] || echo "$tool: $said" >> "$T/bad"
	done < keys
	ok "$v: $(grep -c . keys) keys" [ -s keys ]
	is "$(cat "$T/bad")" "" "$v: each is known"
done

# ---- state that is newer than the program: it stays as it is
back "$old"
cat > "$T/newer.py" <<'P'
import struct, sys, zlib
def crc32c(s):
    c = 0xffffffff
    for b in s:
        c ^= b
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 & -(c & 1))
    return c ^ 0xffffffff
how, path = sys.argv[1:]
with open(path, "rb") as f:
    all = f.read()
if how == "magic":		# the number at the end of the first line
    n = all.index(b"\n")
    all = all[:n - 1] + b"9" + all[n:]
elif how == "fetch":		# a kind of record that is not known
    rec = struct.pack("=IIIQQ", 200, 0, 0, 1, 2)
    all += struct.pack("=I", zlib.crc32(rec)) + rec
else:
    rec = struct.pack("<HBB", 4, 200, 0) + b"what"
    all += struct.pack("<I", crc32c(rec)) + rec
with open(path, "wb") as f:
    f.write(all)
P
newer() {	# HOW FILE NAME CMD...
	cp -a "$2" "$T/keep"
	python3 "$T/newer.py" "$1" "$2"
	cp -a "$2" "$T/was.newer"
	status 78 "$3: exit 78" "${@:4}"
	like "$ERR" 'newer version' "$3: and why"
	ok "$3: the file is as it was" cmp "$2" "$T/was.newer"
	cp -a "$T/keep" "$2"
}
s=$XDG_STATE_HOME/postbag
tree . > "$T/before"
tree "$LAB_MAILDIR_jane" > "$T/jane"
newer magic "$s/mailfetch/pop.state" "mailfetch: a new number" fetch pop
newer fetch "$s/mailfetch/pop.state" "mailfetch: a new kind" fetch pop
newer magic "$s/imapsync/box/index" "imapsync: a new index" sync box
log=$(grep -la INBOX "$s"/imapsync/box/*.st)
newer magic "$log" "imapsync: a new log" sync box
newer log "$log" "imapsync: a new kind" sync box
newer log "$log" "imapsync: a new kind, -n" sync -n box
tree . > "$T/after"
ok "nothing came, and nothing went" diff "$T/before" "$T/after"
tree "$LAB_MAILDIR_jane" > "$T/after"
ok "nor on the server" diff "$T/jane" "$T/after"
status 0 "the state that is ours is taken over" sync box
status 0 "in both" fetch pop
done_testing
