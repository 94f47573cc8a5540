#!/usr/bin/env bash
# scripts/quickstart: the whole journey, in networks of its own and on loopback;
# in under a minute, and nothing of it is left.
set -u
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'its servers need root'
mkdir "$T/tmp"
chmod 755 "$T" "$T/tmp"
journey() {	# NAME: its output is in $OUT
	local before
	before=$(find /tmp -maxdepth 1 -name 'lab.*' | sort)
	status 0 "$1" env "TMPDIR=$T/tmp" "$ROOT/scripts/quickstart"
	is "$(ls -A "$T/tmp")" '' "$1: no file is left"
	is "$(pgrep -f "$T/tmp" | wc -l)" 0 "$1: no process is left"
	for n in 1 2 3 4 5 6 7 8 9; do
		like "$OUT" "
== $n\. " "$1: step $n"
	done
	like "$OUT" '110/pop3|/pop3 .* refused: ' "$1: a port that refuses"
	like "$OUT" 'filtered: no answer' "$1: one that is silent"
	like "$OUT" '"verified":true' "$1: the certificate was verified"
	like "$OUT" 'still 1' "$1: fetched once"
	like "$OUT" 'attachment: report.pdf 20000 bytes' "$1: read offline"
	like "$OUT" 'believed: janedoe.com signed it, and is aligned with From' "$1: and believed"
	like "$OUT" '
== Done in [1-5]?[0-9] seconds' "$1: in under a minute"
}
if unshare -nm true 2> /dev/null; then
	journey 'with networks'
	unlike "$OUT" 'left out' 'nothing is left out'
else
	skip 'with networks' 'not allowed to unshare'
fi
export QUICKSTART_LOOPBACK=1
journey 'on loopback'
like "$OUT" 'left out: two networks and a firewall' 'what is left out is named'
done_testing
