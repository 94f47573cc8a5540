#!/usr/bin/env bash
# A limit on the size of files (RLIMIT_FSIZE) is an error that is said, not the
# end without a word.
set -u
. "$(dirname "$0")/../lib.sh"
limited() { bash -c 'ulimit -f 0; exec "$@" > "$0"' "$T/file" "$@"; }
for tool in mailsend mailfetch mxlookup portprobe imapsync; do
	status 74 "$tool: a file that may not grow" limited "$tool" --help
done
status 74 "mailsend: a long text that cannot be kept" bash -c \
    'ulimit -f 1; head -c 200000 /dev/zero | tr "\0" "\n" | exec mailsend -n -f a@b.test c@d.test'
done_testing
