#!/bin/sh
# For prove: peers that talk for ever end at a limit, in little memory.
d=$(dirname "$0")
exec "$d/run" "$d/budget"
