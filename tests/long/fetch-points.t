#!/usr/bin/env bash
# mailfetch killed at each change it makes to a file, at all of them, by both
# protocols, each in its own process
here=$(dirname "$0")/../crash n=0
for proto in pop3 imap; do
	n=$((n + 1))
	if out=$(STRIDE=1 "$here/fetch-$proto.t" 2>&1); then
		echo "ok $n - $proto"
	else
		echo "not ok $n - $proto"
	fi
	sed 's/^/# /' <<< "$out"
done
echo "1..$n"
