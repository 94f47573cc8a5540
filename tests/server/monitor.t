#!/usr/bin/env bash
# portprobe beside what monitoring is made of: check_smtp, check_imap and
# check_ssl_cert at the same thresholds, and node_exporter that reads its
# metrics without an error.
set -u
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
PATH=$PATH:/usr/lib/nagios/plugins:/usr/sbin
for p in openssl python3 curl; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
unset POSTBAG_DNS RES_OPTIONS LOCALDOMAIN
lab_up
lab_cert good
lab_odd SMTP=starttls:smtp:good IMAP=starttls:imap:good IMAPS=tls:imap:good \
	SHUT=closed

# ---- thresholds: the certificate ends in LEFT whole days and some hours

end=$(openssl x509 -in "$LAB_CADIR/good.pem" -noout -enddate | cut -d= -f2)
sleep 2		# in the second in which it was made it has a day more
LEFT=$((($(date -d "$end" +%s) - $(date +%s)) / 86400))

ours() {	# WARN CRIT PORT/PROTO: the exit status
	timeout 20 portprobe --nagios -w "$1" -C "$2" --ca "$LAB_CA" \
		--name mail.johndoe.com "127.0.0.1:$3" > "$T/ours" 2>&1
	echo $?
}
theirs() {	# COMMAND...: the exit status
	timeout 40 "$@" > "$T/theirs" 2>&1
	echo $?
}
# Both of the plugins count whole days and have "<=", so that they change a day
# before: at LEFT itself they are left out.
for t in "10 5" "$((LEFT - 1)) 2" "$((LEFT + 1)) 2" "$((LEFT + 9)) $((LEFT - 1))" \
	"$((LEFT + 9)) $((LEFT + 1))" "90 60"; do
	read -r w c <<< "$t"
	for peer in check_smtp check_imap; do
		command -v $peer > /dev/null ||
			{ skip "as $peer" 'it is not installed'; continue; }
		port=$SMTP proto=submission
		[ $peer = check_smtp ] || port=$IMAPS proto=imaps
		is "$(ours "$w" "$c" "$port/$proto")" \
			"$(theirs $peer -H 127.0.0.1 -p "$port" -S -D "$w,$c")" \
			"-w $w -C $c with $LEFT days left: as $peer"
	done
done
for t in "10 5" "$LEFT 2" "$((LEFT + 1)) 2" "$((LEFT + 9)) $LEFT" \
	"$((LEFT + 9)) $((LEFT + 1))"; do
	read -r w c <<< "$t"
	command -v check_ssl_cert > /dev/null ||
		{ skip 'as check_ssl_cert' 'it is not installed'; continue; }
	is "$(ours "$w" "$c" "$SMTP/submission")" \
		"$(theirs check_ssl_cert -H 127.0.0.1 -p "$SMTP" --protocol smtp \
			--warning "$w" --critical "$c" -r "$LAB_CA" \
			--match mail.johndoe.com --ignore-ocsp --ignore-sct)" \
		"-w $w -C $c with $LEFT days left: as check_ssl_cert"
done
for peer in check_smtp check_imap; do
	command -v $peer > /dev/null ||
		{ skip "as $peer" 'it is not installed'; continue; }
	port=$SMTP proto=smtp
	[ $peer = check_smtp ] || port=$IMAP proto=imap
	is "$(timeout 20 portprobe --nagios --tls off \
		"127.0.0.1:$port/$proto" > "$T/ours"; echo $?)" \
		"$(theirs $peer -H 127.0.0.1 -p "$port")" "in the clear: as $peer"
	is "$(timeout 20 portprobe --nagios "127.0.0.1:$SHUT/$proto" > "$T/ours"; echo $?)" \
		"$(theirs $peer -H 127.0.0.1 -p "$SHUT")" "a port that is shut: as $peer"
done

timeout 20 portprobe --nagios 127.0.0.1:"$SHUT"/{smtp,imap,pop3,imaps} > "$T/ours"
is "$(head -n 1 "$T/ours" | grep -o '; 127.0.0.1' | wc -l) $(wc -l < "$T/ours")" '3 5' \
	'three problems in the first line, and all of them below'

# ---- node_exporter's collector of text files

if ! command -v prometheus-node-exporter > /dev/null; then
	skip 'node_exporter' 'prometheus-node-exporter is not installed'
	done_testing
	exit
fi
mkdir "$T/metrics"
timeout 60 portprobe --prom "$T/metrics/mail.prom" --ca "$LAB_CA" \
	--name mail.johndoe.com "127.0.0.1:$SMTP/smtp" "localhost:$SMTP/smtp" \
	"127.0.0.1:$IMAPS/imaps" "127.0.0.1:$IMAPS/imaps" "127.0.0.1:$SHUT/imap" \
	mx:mail.invalid > /dev/null 2>&1
port=$(free_port)
lab_spawn exporter prometheus-node-exporter --collector.disable-defaults \
	--collector.textfile --collector.textfile.directory="$T/metrics" \
	--web.listen-address="127.0.0.1:$port"
wait_port 127.0.0.1 "$port"
scrape() { curl -s -m 20 "http://127.0.0.1:$port/metrics" > "$T/scraped"; }
scrape
is "$(grep -c '^node_textfile_scrape_error 0' "$T/scraped")" 1 \
	'node_exporter reads the metrics'
wrote=$(grep -vc '^#' "$T/metrics/mail.prom")
is "$(grep -c '^portprobe_' "$T/scraped")" "$wrote" \
	"and serves each of the $wrote series"
is "$(grep -v '^#' "$T/metrics/mail.prom" | sed 's/} .*/}/' | sort | uniq -d)" '' \
	'each is there once'
is "$(grep -iE 'level=(error|warn)' "$LAB/exporter.out" | grep -vc 'running as root')" 0 'without an error line'
like "$(grep '^portprobe_up' "$T/scraped")" 'via="mx:mail.invalid"' \
	'who leads there is a label'
cat "$T/metrics/mail.prom" "$T/metrics/mail.prom" > "$T/metrics/twice.prom"
scrape
isnt "$(grep -c '^node_textfile_scrape_error 0' "$T/scraped")" 1 \
	'which would tell of series that are there twice'
done_testing
