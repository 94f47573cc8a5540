#!/usr/bin/env bash
# A file is read to its end, whatever size it says: those of /proc say 0, those
# of /sys a page, a pipe nothing at all.
. "$(dirname "$0")/../lib.sh"

proc=/proc/version sys=
for f in /sys/devices/system/cpu/online /sys/kernel/mm/transparent_hugepage/enabled; do
	[ ! -s "$f" ] || [ ! -r "$f" ] || sys=$f
done
cat > "$T/part.py" <<'END'
# part.py FILE DISPOSITION|text/TYPE: the content of that part of a message
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"),
                                   policy=email.policy.default)
for p in m.walk():
    if sys.argv[2] in (p.get_content_disposition(), p.get_content_type()):
        sys.stdout.buffer.write(p.get_payload(decode=True))
        break
END
# same FILE PART NAME: that part of the message in $T/out is that file
same() {
	cp "$T/out" "$T/message"
	cat "$1" > "$T/want"
	python3 "$T/part.py" "$T/message" "$2" > "$T/got"
	ok "$3" cmp "$T/got" "$T/want"
}
letter() { mailsend -n -f a@b.test -s x "$@" c@d.test; }
from() { letter "${@:2}" < "$1"; }
offset() { { head -c 5; letter; } < "$1"; }

# With the page that a file of /sys says it has, mail had the text and NULs.
for f in "$proc" ${sys:+"$sys"}; do
	status 0 "$f on standard input" from "$f"
	same "$f" text/plain "it is the text"
	status 0 "$f attached" letter --body x -a "$f:text/plain"
	same "$f" attachment "it is the attachment"
	status 0 "$f attached, encoded" letter --body x \
	    -a "$f:application/octet-stream"
	same "$f" attachment "it is the attachment"
	status 0 "$f as HTML" letter --body x --html "$f"
	same "$f" text/html "it is the HTML"
	status 0 "$f inline" letter --html "$f" --inline "$f"
	same "$f" inline "it is there"
done
printf 'some text\nand more\n' > "$T/text"
status 0 "a plain file from where it stands" offset "$T/text"
: > "$T/empty"
status 0 "an empty one" from "$T/empty"
same "$T/empty" text/plain "is empty"
status 0 "nothing" from /dev/null
same /dev/null text/plain "is empty"
status 0 "a pipe" from <(cat "$proc")
same "$proc" text/plain "it is the text"

# a message, a list, a configuration
status 0 "a list" bash -c 'mxlookup -s 127.0.0.1:1 -j < /proc/sys/kernel/ostype > "$0" || [ $? = 75 ]' "$T/list"
like "$(cat "$T/list")" '"in":"Linux"' "it was read"
status 66 "a list that cannot be read" bash -c 'mxlookup -s 127.0.0.1:1 < /'
like "$ERR" 'standard input: ' "and said so"
status 78 "a configuration" mailsend --config "$proc" -n --body x a@b.test
like "$ERR" 'line 1|:1:' "it was read"
done_testing
