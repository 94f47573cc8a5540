# shellcheck shell=bash
# A script in a network namespace of its own, where every port is free, with the
# functions of the lab. After lib.sh:
#
#	. "$ROOT/tests/lab/alone.sh" -n nsd openssl jq
#	lab_up
#
# The first word is unshare's options, the others must be installed. Without
# them, or where namespaces are not allowed, the whole script is skipped. No name
# server and no resolver's option of the environment counts.

PATH=$PATH:/usr/sbin:/sbin
if [ "${ALONE-}" != "$0" ]; then
	for alone in "${@:2}"; do
		command -v "$alone" > /dev/null ||
			skip_all "$alone is not installed"
	done
	unshare "$1" true 2> /dev/null || skip_all 'not allowed to unshare'
	rm -rf "$T"
	ALONE=$0 exec unshare "$1" "$0"
fi
ip link set lo up
# shellcheck source=tests/lab/lab.sh
. "$ROOT/tests/lab/lab.sh"
# shellcheck source=tests/lab/dns.sh
. "$ROOT/tests/lab/dns.sh"
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
