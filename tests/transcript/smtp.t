#!/bin/sh
# For prove: the transcripts of smtp/ against mailsend.
d=$(dirname "$0")
exec "$d/run" "$d/smtp"
