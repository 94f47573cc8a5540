#!/bin/sh
# For prove: the transcripts of imap/ against mailfetch.
d=$(dirname "$0")
exec "$d/run" "$d/imap"
