#!/usr/bin/env bash
# What imap_box.h promises, asked of Dovecot.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/lab/lab.sh"
lab_up dovecot || exit 1
"$BUILD/lab/imapbox" "$LAB_IMAP_PORT" billy "$LAB_PASS_billy"
