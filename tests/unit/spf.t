#!/usr/bin/env bash
# check_host() beside the test suite of RFC 7208 and beside pyspf, which both
# come with Debian's python3-spf.
set -eu
. "$(dirname "$0")/../lib.sh"

suite=/usr/share/doc/python3-spf/rfc7208-tests.yml.gz
# The packages are of the system's Python, which need not be the first in PATH.
python=/usr/bin/python3
if ! $python -c 'import spf, yaml' 2>/dev/null || [ ! -e "$suite" ]; then
	echo "1..0 # SKIP python3-spf or python3-yaml is not installed"
	exit 0
fi
make="$ROOT/tests/unit/spf_suite.py"
$python "$make" suite "$suite" >"$T/suite"
$python "$make" random 7208 2000 >"$T/random" 2>"$T/err"
"$BUILD/tests/spf" "$T/suite" "$T/random"
