#!/bin/sh
# For prove: the transcripts of trust/ against mailsend and mailfetch.
d=$(dirname "$0")
exec "$d/run" "$d/trust"
