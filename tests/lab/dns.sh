# shellcheck shell=bash
# More of the laboratory: zones that are secure, insecure, bogus or expired,
# servers that misbehave. After lab.sh:
#
#	. "$ROOT/tests/lab/lab.sh"
#	. "$ROOT/tests/lab/dns.sh"
#	dns_zone secure.example signed < ZONE		# before dns_up; no pipe
#	dns_up						# NSD and Unbound
#	dns_bad mute noedns ...				# tests/lab/badns.py
#
# dns_zone NAME [signed|plain|bogus|expired]  takes a zone file's records on
#   stdin (SOA, NS and TTL are put before them). bogus: a TXT "true" is changed
#   after signing. It sets variables: < FILE or < <(CMD), not CMD |.
# dns_stub NAME ADDR@PORT	Unbound asks this server for NAME (before dns_up)
# dns_up	starts both: DNS_NSD and DNS_UNBOUND are HOST:PORT
# dns_bad MODE...	sets DNS_BAD_MODE=HOST:PORT for each mode
#
# No name under "test." : Unbound has an opinion of its own about it.

dns_zones=()
dns_stubs=()

dns_zone() {
	local name=$1 how=${2-plain} dir
	dir=${LAB:?}/dns
	mkdir -p "$dir"
	{
		printf '$ORIGIN %s.\n$TTL 300\n' "$name"
		printf '@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\n'
		printf 'ns A 127.0.0.1\n'
		cat
	} > "$dir/$name"
	dns_zones+=("$name")
	case $how in
	plain) ;;
	signed) dns_sign "$name" ;;
	expired) dns_sign "$name" -i 20200101000000 -e 20200201000000 ;;
	bogus)
		dns_sign "$name"
		# TXT "true", signed as that, says "false"
		sed -i 's/"true"/"false"/' "$dir/$name"
		;;
	esac
}

dns_sign() (
	name=$1
	shift
	cd "$LAB/dns" || exit
	ksk=$(ldns-keygen -a ECDSAP256SHA256 -k "$name") &&
		zsk=$(ldns-keygen -a ECDSAP256SHA256 "$name") &&
		ldns-signzone "$@" -o "$name" -f "$name.signed" "$name" \
			"$zsk" "$ksk" &&
		mv "$name.signed" "$name"
)

dns_stub() { dns_stubs+=("$1 $2"); }

dns_nsd_conf() {
	local z
	cat <<-END
	server:
	  username: ""
	  zonesdir: "$LAB/dns"
	  database: ""
	  zonelistfile: "$LAB/dns/zone.list"
	  xfrdfile: ""
	  xfrdir: "$LAB/dns"
	  pidfile: "$LAB/dns/nsd.pid"
	  logfile: "$LAB/dns/nsd.log"
	  ip-address: 127.0.0.1@$1
	END
	[ -z "${LAB_IPV6-}" ] || echo "  ip-address: ::1@$1"
	cat <<-END
	  server-count: 1
	  rrl-ratelimit: 0
	remote-control:
	  control-enable: no
	END
	for z in "${dns_zones[@]}"; do
		printf 'zone:\n  name: "%s"\n  zonefile: "%s"\n' "$z" "$z"
	done
}

dns_unbound_conf() {
	local f z
	cat <<-END
	server:
	  username: ""
	  chroot: ""
	  directory: "$LAB/dns"
	  pidfile: "$LAB/dns/unbound.pid"
	  logfile: "$LAB/dns/unbound.log"
	  use-syslog: no
	  interface: 127.0.0.1
	  port: $1
	  do-ip6: no
	  access-control: 203.0.113.0/24 allow
	  num-threads: 1
	  ede: yes
	  do-not-query-localhost: no
	  module-config: "validator iterator"
	  harden-below-nxdomain: no
	  local-zone: "." static
	END
	for f in "$LAB/dns"/K*.ds; do
		[ ! -s "$f" ] ||
			printf '  trust-anchor: "%s"\n' "$(tr '\t' ' ' < "$f")"
	done
	for z in "${dns_zones[@]}" "${dns_stubs[@]%% *}"; do
		[ -z "$z" ] || printf '  local-zone: "%s" transparent\n' "$z"
	done
	printf 'remote-control:\n  control-enable: no\n'
	for z in "${dns_zones[@]}"; do
		printf 'stub-zone:\n  name: "%s"\n  stub-addr: %s\n' "$z" \
			"${DNS_NSD/:/@}"
	done
	for z in "${dns_stubs[@]}"; do
		printf 'stub-zone:\n  name: "%s"\n  stub-addr: %s\n' \
			"${z%% *}" "${z##* }"
	done
}

dns_up() {
	local port
	port=$(free_port)
	export DNS_NSD=127.0.0.1:$port
	dns_nsd_conf "$port" > "$LAB/dns/nsd.conf"
	lab_own "$LAB/dns"
	lab_start dns-nsd "${LAB_AS[@]}" nsd -d -c "$LAB/dns/nsd.conf"
	wait_port 127.0.0.1 "$port"
	port=$(free_port)
	export DNS_UNBOUND=127.0.0.1:$port
	dns_unbound_conf "$port" > "$LAB/dns/unbound.conf"
	lab_start dns-unbound "${LAB_AS[@]}" unbound -d \
		-c "$LAB/dns/unbound.conf"
	wait_port 127.0.0.1 "$port"
}

dns_bad() {
	local file=$LAB/bad.$RANDOM mode port
	lab_spawn "${file##*/}" python3 "$LAB_SRC/badns.py" "$file" "$@"
	lab_until 60 test -s "$file"
	while read -r mode port; do
		declare -gx "DNS_BAD_$mode=127.0.0.1:$port"
	done < "$file"
}
