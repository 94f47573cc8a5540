#!/usr/bin/env bash
# mailsend --batch: many messages over few connections, what is told of each,
# and what a second run leaves out. Hosts of mxpeer.py, and a Postfix.
# shellcheck disable=SC2016,SC2034,SC2154
set -u
. "$(dirname "$0")/../lib.sh"
for p in python3 jq strace; do
	command -v $p > /dev/null || skip_all "$p is not installed"
done
. "$ROOT/tests/lab/lab.sh"
unset POSTBAG_DNS
export HOME=$T/home
mkdir -p "$HOME"
lab_up postfix
PORT=$(free_port)
LOG=$T/log
lab_spawn peers python3 "$LAB_SRC/mxpeer.py" "$LOG" "$LAB_CADIR" "$PORT" \
	127.0.0.2=bdat 127.0.0.3=rcpt:550_5.1.1_no 127.0.0.4=bdat,limits:MAILMAX=3 \
	127.0.0.5=limits:RCPTMAX=2 127.0.0.6=seven 127.0.0.7=bdat,mail:421_4.7.0_enough,after:3,max:4 \
	127.0.0.8=greet:421_busy 127.0.0.9=rcpt:451_4.2.1_later,max:1 \
	127.0.0.10=hang,bdat 127.0.0.11=dot:421_4.7.0_later,after:1,max:2 \
	127.0.0.12=limits:RCPTMAX=2_MAILMAX=1 \
	127.0.0.13=bdat,mail:421_4.7.0_enough,after:3,max:4
lab_until 60 test -s "$LOG"

# object N [TO...]: a message as NDJSON
object() {
	local to
	to=$(printf '"%s",' "${@:2}")
	printf '{"id":"m%d","envelope":{"from":"jo@home.example","to":[%s]},"message":"From: jo@home.example\\nSubject: %d\\n\\nFrom me\\n"}\n' \
		"$1" "${to%,}" "$1"
}
# batch HOST ARG...: of $T/in; STATUS, OUT, ERR, LOG
batch() {
	: > "$LOG"
	timeout 60 mailsend -S "smtp://127.0.0.$1:$PORT" --tls off --batch "${@:2}" \
		< "$T/in" > "$T/out" 2> "$T/err"
	STATUS=$?
	OUT=$(cat "$T/out") ERR=$(cat "$T/err")
	sleep 0.1
}
states() { jq -r .status "$T/out" | sort | uniq -c | tr -s ' \n' ' '; }
conns() { wc -l < "$LOG"; }

# ---- what comes in

for i in 1 2 3; do object $i "a$i@one.example" b@one.example; done > "$T/in"
batch 2 ndjson
is "$STATUS $(states)" '0  6 sent ' 'NDJSON: a line for each recipient'
is "$(jq -r '[.n, .id, .addr] | join(" ")' "$T/out" | head -n 2 | paste -sd,)" \
	'1 m1 a1@one.example,1 m1 b@one.example' 'which names message and recipient'
is "$(conns) $(jq .bodies "$LOG")" '1 3' 'one connection, three messages'
is "$(jq -r '[.said[] | split(" ")[0]] | join(" ")' "$LOG")" \
	"EHLO $(printf 'MAIL RCPT RCPT BDAT %.0s' 1 2 3)QUIT" 'nothing else is said'
is "$(jq .bursts "$LOG")" 5 'each message in one burst'
{ object 1 a@one.example; object 2 a@one.example; } |
	sed 's/From me/&&&&&&&&&&secret/' > "$T/in"
object 3 a@one.example >> "$T/in"
batch 2 ndjson
is "$(jq .bodies "$LOG") $(jq -r .data "$LOG" | grep -e '^From me' -e secret | tr -d '\r')" '3 From me' \
	'nothing of a longer message is left in a later one'
printf '{"to":"c@b.example","envelope":{"x":{"to":"f@b.example"},"from":"jo@home.example","to":["a@b.example"]},"to":"d@b.example","y":["g@b.example"],"message":"To: e@b.example\\n\\nx\\n"}\n' > "$T/in"
batch 2 ndjson -t
is "$STATUS $(jq -r '.rcpt | join(" ")' "$LOG")" '0 a@b.example' \
	'with an envelope it is for who is in there, and for nobody else'

{
	printf 'From a\nFrom: jo@home.example\nTo: a@b.example\nSubject: 1\n\n>From me\n>>From you\n\n\n'
	printf 'From b\r\nFrom: jo@home.example\r\nTo: c@d.example\r\nBcc: e@f.example\r\n\r\n> x\r\nlast\r\n'
} > "$T/in"
batch 2 mboxrd -t
is "$STATUS $(states)" '0  3 sent ' 'mboxrd: recipients of the header'
like "$(jq -r .data "$LOG")" 'last' 'the last one'
unlike "$(jq -r .data "$LOG")" 'Bcc' 'without Bcc'
like "$(jq -r .data "$LOG")" '> x' 'and what looks like no From stays'
ok 'From is unquoted once' test "$(printf 'From a\nTo: a@b.example\n\n>From me\n>>From you\n\n' |
	mailsend -S "smtp://127.0.0.2:$PORT" --tls off --batch mboxrd -t -f a@b.example > "$T/out"
	sleep 0.1; tail -n 1 "$LOG" | jq -r .data | tail -n 3 | tr -d '\r' | paste -sd,)" = 'From me,>From you,'
printf 'From: jo@home.example\nTo: a@b.example\n\ntext\n' > "$T/in"
batch 2 mboxrd -t
is "$STATUS $(conns)" '65 0' 'what is no mboxrd'

printf 'From: jo@home.example\nTo: a@b.example\n\nFrom me\n>>From her\n>From you' > "$T/one.eml"
printf '%s\n' "$T/one.eml" '' "$T/none.eml" "$T/one.eml" > "$T/in"
batch 2 files -t
is "$STATUS $(states)" '66  1 failed 2 sent ' 'files: one is not there, the others are sent'
is "$(jq -r 'select(.status == "sent") | .id' "$T/out" | head -n 1)" "$T/one.eml" 'each is named'
is "$(jq -r .data "$LOG" | tail -n 4 | tr -d '\r' | paste -sd,)" \
	'From me,>>From her,>From you,' 'byte for byte'

# By MX, too, a message that loops ends nothing but itself.
{ object 1 'a@[127.0.0.2]' | sed "s/From: /$(printf 'Received: x\\\\n%.0s' {1..101})&/"
	object 2 'a@[127.0.0.2]'; } > "$T/in"
mailsend --direct --mx-port "$PORT" --batch ndjson < "$T/in" > "$T/out" 2> "$T/err"
is "$? $(states)" '69  1 sent 1 untried ' 'mx: one that loops, and one that does not'

# A file is sent whole or not at all, whoever reads it.
mkdir "$T/folder"
{ printf 'From: jo@home.example\nTo: a@b.example\n\n'; seq 100000; } > "$T/long.eml"
printf '%s\n' "$T/folder" "$T/long.eml" "$T/one.eml" > "$T/in"
strace -f -qq -o /dev/null -P "$T/long.eml" -e trace=read -e inject=read:error=EIO:when=3+ \
	mailsend -S "smtp://127.0.0.2:$PORT" --tls off --batch files -t -f a@b.example < "$T/in" > "$T/out" 2> "$T/err"
STATUS=$?
is "$STATUS $(states)" '66  2 failed 1 sent ' 'files: one that breaks off is not sent, nor a folder'
strace -f -qq -o /dev/null -P "$T/long.eml" -e trace=read -e inject=read:signal=KILL:when=3 \
	mailsend -S "smtp://127.0.0.2:$PORT" --tls off --batch files -t -f a@b.example < "$T/in" > "$T/out" 2> "$T/err"
STATUS=$?
is "$STATUS $(states)" '66  2 failed ' 'nor one whose reader is killed; and no good end'

{ object 1 a@b.example; echo '{"id":2'; echo; object 3 'a b@c.example' d@e.example
	object 4; echo '{"id":"x","envelope":{"to":["a@b.example"]}}'; object 5 f@g.example
	object 6 f@g.example | sed 's/jo@/jo\\u0000@/'
	object 7 f@g.example | sed "s/From me/$(printf 'x%.0s' {1..9000})/; s/x/$(printf 'y%.0s' {1..999})/g"
	object 8 f@g.example; } > "$T/in"
batch 2 ndjson
is "$(jq -r '[.n, .status] | join(" ")' "$T/out" | paste -sd,)" \
	'1 sent,2 failed,3 failed,4 failed,5 failed,6 sent,7 failed,8 failed,9 sent' \
	'a broken one does not stop the others'
like "$(jq -r 'select(.n > 6) | .error // empty' "$T/out" | paste -sd' ')" \
	'a NUL in the envelope.* line 8 has over 8 MB' 'each with its reason'
is "$STATUS" 65 'and is the exit status'
object 1 a@b.example > "$T/in"
status 64 'recipients on the command line' mailsend -S smtp://localhost --batch ndjson a@b.example
status 64 'mboxrd without -t' mailsend -S smtp://localhost --batch mboxrd
status 64 '--jobs without --batch' mailsend -S smtp://localhost --jobs 2 a@b.example
status 64 '-s with --batch' mailsend -S smtp://localhost --batch ndjson -s x
status 64 '--jobs over 100' mailsend -S smtp://localhost --batch ndjson --jobs 101
status 64 '--jobs by MX' mailsend --direct --batch ndjson --jobs 2
status 64 '--rate of nothing' mailsend -S smtp://localhost --batch ndjson --rate 0

# ---- limits of the server

for i in 1 2 3 4 5 6 7; do object $i "a$i@one.example"; done > "$T/in"
batch 4 ndjson
is "$STATUS $(states)$(jq .bodies "$LOG" | paste -sd' ')" '0  7 sent 3 3 1' 'MAILMAX'
batch 7 ndjson
is "$STATUS $(states)$(conns)" '0  7 sent 2' '421 for MAIL: another connection'
for i in 1 2 3 4 5; do object $i "a$i@one.example" "b$i@one.example"; done > "$T/in"
batch 13 ndjson
is "$STATUS $(states)$(conns)" '0  10 sent 2' 'for all recipients'
for i in 1 2 3 4 5 6 7; do object $i "a$i@one.example"; done > "$T/in"
batch 8 ndjson
is "$STATUS $(jq -r .status "$T/out")" '75 untried' '421 for all: the end'
for i in 1 2 3; do object $i "a$i@one.example"; done > "$T/in"
batch 11 ndjson
is "$STATUS $(jq -r '[.id, .status] | join(" ")' "$T/out" | paste -sd,)" \
	'75 m1 sent,m2 deferred,m3 sent' '421 for a whole message: that one is put off'
object 1 a@b.example b@b.example c@b.example d@b.example e@b.example > "$T/in"
batch 5 ndjson
is "$STATUS $(states)$(jq .bodies "$LOG")" '0  5 sent 3' 'RCPTMAX'
batch 12 ndjson
is "$STATUS $(states)$(jq .bodies "$LOG" | paste -sd' ')" '0  5 sent 1 1 1' \
	'of a message, too, what one connection has not taken another one does'
printf '{"envelope":{"to":["a@b.example"]},"message":"From: a@b.example\\nSubject: x\\n\\nGr\\u00fc\\u00dfe\\n"}\n' > "$T/in"
batch 6 ndjson
is "$STATUS" 0 'no 8BITMIME'
unlike "$(jq -r .data "$LOG")" 'Grü' 'recoded'

# ---- what a second run leaves out

for i in 1 2 3; do object $i "a$i@one.example" b@one.example; done > "$T/in"
batch 9 ndjson --max-refused 1000
is "$STATUS $(states)" '75  1 deferred 5 sent ' 'one is put off'
cp "$T/out" "$T/done"
batch 2 ndjson --resume "$T/done"
is "$STATUS $(jq -r .addr "$T/out")" '0 a1@one.example' '--resume: that one alone'
batch 2 ndjson --resume "$T/missing"
is "$STATUS $(states)" '0  6 sent ' 'a file that is not there is an empty one'
printf '{"v":1,"n":1,"key":"0' > "$T/torn"
timeout 20 mailsend -S "smtp://127.0.0.2:$PORT" --tls off --batch ndjson \
	--resume "$T/torn" < "$T/in" >> "$T/torn"
is "$(grep -c '"sent"}\|"sent",' "$T/torn") $(sed -n 2p "$T/torn" | jq -r .addr)" \
	'6 a1@one.example' 'behind a line that was cut there is a new one'
printf %s "$(head -n 1 "$T/out")" > "$T/torn"
head -n 1 "$T/in" > "$T/first"; cp "$T/first" "$T/in"
batch 2 ndjson --resume "$T/torn"
is "$(jq -r .addr "$T/out")" b@one.example 'one that was cut, but says who has got it, counts'
{ object 1 a@b.example; object 1 a@b.example; object 1 a@b.example; } > "$T/in"
head -n 2 "$T/in" | mailsend -S "smtp://127.0.0.2:$PORT" --tls off --batch ndjson > "$T/done"
batch 2 ndjson --resume "$T/done"
is "$(wc -l < "$T/out")" 1 'of three alike two were sent: one is left'
sed 's/"from":"jo@/"from":"al@/' "$T/in" > "$T/al"; head -n 1 "$T/al" > "$T/in"
batch 2 ndjson --resume "$T/done"
is "$(wc -l < "$T/out")" 1 'one from somebody else is another one'
object 1 a@b.example > "$T/in"
batch 10 ndjson
is "$STATUS $(jq -r .status "$T/out")" '75 unknown' 'an answer that was lost'

# ---- who gets nothing, and when it ends

printf '# list\nA1@ONE.example\n@two.example # all\n\nx@B\303\274cher.example\n' > "$T/never"
{ object 1 a1@one.example a2@one.example; object 2 x@two.example
	object 3 $'x@b\303\274cher.example'; } > "$T/in"
batch 2 ndjson --suppress "$T/never"
is "$STATUS $(jq -r '[.addr, .status] | join(" ")' "$T/out" | sort | paste -sd,)" \
	'0 a1@one.example suppressed,a2@one.example sent,x@two.example suppressed,x@xn--bcher-kva.example suppressed' \
	'--suppress'
is "$(jq -r '.rcpt | join(" ")' "$LOG")" a2@one.example 'and they are not sent to'
echo 'Jo<a1@one.example>' > "$T/never"
batch 2 ndjson --suppress "$T/never"
is "$STATUS $(conns)" '65 0' 'a line that would suppress nobody'
for i in {1..50}; do object "$i" "a$i@one.example"; done > "$T/in"
batch 3 ndjson
is "$STATUS $(states)" '75  20 refused ' 'twenty refused in a row: stopped'
like "$ERR" 'too many of the last recipients were refused' 'says so'
batch 3 ndjson --max-refused 30
is "$STATUS $(states)" '75  30 refused ' '--max-refused'
batch 3 ndjson --max-refused 1000
is "$STATUS $(states)" '67  50 refused ' 'more than there are'
batch 2 ndjson --jobs 4
is "$STATUS $(states)" '0  50 sent ' '--jobs'
is "$(jq -r '.rcpt[]' "$LOG" | sort -u | wc -l)" 50 'each of them once'
head -n 6 "$T/in" > "$T/six"; mv "$T/six" "$T/in"
SECONDS=0
batch 2 ndjson --rate 2/s
ok '--rate: six in two seconds and a half' test $SECONDS -ge 2
object 1 a@b.example > "$T/in"
status 74 'results that cannot be written' \
	bash -c 'mailsend -S smtp://127.0.0.2:'"$PORT"' --tls off --batch ndjson < "$0" > /dev/full' "$T/in"

# ---- lists

batch 2 ndjson --unsubscribe https://l.example/u?1,mailto:u@l.example
like "$(jq -r .data "$LOG" | tr -d '\r' | paste -sd'|')" \
	'List-Unsubscribe: <https://l.example/u\?1>,\| <mailto:u@l.example>\|List-Unsubscribe-Post: List-Unsubscribe=One-Click' \
	'--unsubscribe'
printf '{"envelope":{"to":["a@b.example"]},"message":"From: a@b.example\\nList-Unsubscribe: <https://own.example/>\\n\\nx\\n"}\n' > "$T/in"
batch 2 ndjson --unsubscribe https://l.example/u
unlike "$(jq -r .data "$LOG")" 'l.example' 'a message with one of its own keeps it'
for bad in http://l.example/ 'https://l.example/ x' mailto:a@b 'https://a>b' https://; do
	status 64 "--unsubscribe $bad" mailsend -S smtp://localhost --unsubscribe "$bad" \
		-f a@b.example --body x a@b.example
done

# ---- Postfix, with TLS and login

lab_mail_clear billy
{ object 1 billy@johndoe.com; object 2 billy@johndoe.com; object 3 nobody@johndoe.com; } > "$T/in"
timeout 60 mailsend -S "smtps://billy@johndoe.com@localhost:$LAB_SMTPS_PORT" --ca "$LAB_CA" \
	--password-command 'echo $LAB_PASS_billy' --jobs 2 --batch ndjson \
	< "$T/in" > "$T/out" 2> "$T/err"
is "$? $(states)" '67  1 refused 2 sent ' 'Postfix: two are sent, one is refused'
ok 'and they are there' lab_mail_wait billy 2

done_testing
