#!/usr/bin/env bash
# Standard input has one reader; two of them are refused, both by name.
. "$(dirname "$0")/../lib.sh"

printf 'a text\n' > "$T/file"
printf 'From: a@b.test\nTo: c@d.test\n\nbody\n' > "$T/mail"
printf 'secret\n' > "$T/pw"
send() { mailsend -n -f a@b.test "$@" c@d.test < "$T/file"; }
# twice FIRST SECOND CMD...
twice() {
	status 64 "${*:3}" "${@:3}"
	like "$ERR" "standard input cannot be both $1 and $2$" "named"
}
text='the text \(else --body TEXT\)'
twice "$text" '--attach -' send -a -
twice "$text" '--attach -:application/gzip' send -s x -a -:application/gzip
twice "$text" '--attach /dev/stdin' send -a /dev/stdin
twice "$text" '--inline -' send --inline -
twice "$text" '--password-fd 0' send --password-fd 0
twice "$text" '--config -' send --config -
twice '--attach -' '--attach -' send --body x -a - -a -
twice '--attach -' '--html -' send -a - --html -
twice '--attach -' '--body -' send --body - -a -
twice '--body -' '--password-fd 00' send --body - --password-fd 00
twice '--message -' '--password-fd 0' send --message - --password-fd 0
twice 'the message' '--password-fd 0' send -t --password-fd 0
twice '--config -' '--password-fd 0' send --body x --config - --password-fd 0
ln -s "$BUILD/mailsend" "$T/sendmail"
export POSTBAG_PASSWORD_FILE=$T/pw
for t in mailfetch imapsync; do
	twice '--config -' '--password-fd 0' $t --config - --password-fd 0
	status 64 "$t: one descriptor for two accounts" $t one two \
	    --password-fd 3 3< "$T/pw"
	like "$ERR" '--password-fd can be read once' 'named'
done
list='the list of names'
twice '--expect -' '--skip-done -' mxlookup --expect - --skip-done -
twice "$list" '--skip-done -' mxlookup --skip-done -
twice '-' '-' portprobe - x -

# One reader is none too many.
one() { status 0 "$*" "$@"; }
for a in '-a - --body x' '--html -' '--body -' '--inline - --body x' \
    '-a -:text/plain --body x' '-s x'; do
	# shellcheck disable=SC2086
	one send $a
	like "$(base64 -d <<< 'YSB0ZXh0Cg==' > "$T/want"; cat "$T/out")" \
	    'a text|YSB0ZXh0Cg==' 'it is there'
done
one send -a "$T/file" --html "$T/file" --body - --inline "$T/file"
one send --html "$T/file"
# A first line that is but a word is a text, whatever the word.
for word in Subject From To; do
	printf '%s\nbody\n' "$word" > "$T/word"
	one bash -c 'mailsend -n -f a@b.test c@d.test < "$0"' "$T/word"
	like "$OUT" "To: c@d.test.*MIME-Version: " "a header of our own"
	like "$OUT" $'\n\n'"$word"$'\nbody' "and $word is of the text"
done
one bash -c 'mailsend -n -t < "$0"' "$T/mail"
one bash -c 'mailsend -n --message - -f a@b.test c@d.test < "$0"' "$T/mail"
one send --body '-: no file' -a -
one send --body /dev/stdin -a -
like "$OUT" $'\n/dev/stdin' 'a text, not a file'
printf 'account default\n  smtp smtps://localhost:1\n' > "$T/conf"
one bash -c 'mailsend --config - -n -f a@b.test --body x c@d.test < "$0"' \
    "$T/conf"
# Each account would have found the end of it.
cat > "$T/conf" <<END
account a
  imap imaps://localhost:1
  user jo
  password-command echo x
fetch one : a
  deliver stdout
fetch two : a
  deliver stdout
sync one : a
  near $T/one
sync two : a
  near $T/two
END
for t in mailfetch imapsync; do
	status 75 "$t: two accounts of standard input" bash -c \
	    "XDG_STATE_HOME=$T/state $t --config - one two < $T/conf"
	like "$ERR" 'one: .*refused' 'the first has its part'
	like "$ERR" 'two: .*refused' 'and so has the second'
done
done_testing
