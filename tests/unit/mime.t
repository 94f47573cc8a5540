#!/usr/bin/env bash
# What mime.c composes, read by Python's email package.
set -eu
. "$(dirname "$0")/../lib.sh"
python3 "$ROOT/tests/unit/mime_check.py" "$BUILD/tests/mime" "$T"
