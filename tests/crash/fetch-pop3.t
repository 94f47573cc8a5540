#!/usr/bin/env bash
# mailfetch killed at each change it makes to a file, by POP3
PROTO=pop3
. "$(dirname "$0")/fetch.sh"
