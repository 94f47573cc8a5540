#!/usr/bin/env bash
# mailfetch killed at each change it makes to a file, by IMAP
PROTO=imap
. "$(dirname "$0")/fetch.sh"
