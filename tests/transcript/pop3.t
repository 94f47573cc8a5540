#!/bin/sh
# For prove: the transcripts of pop3/ against mailfetch.
d=$(dirname "$0")
exec "$d/run" "$d/pop3"
