#!/bin/sh
# A migration that is killed at each point, and whose log is damaged at each
# record.
EVERY=1 exec "$(dirname "$0")/../server/migrate.t"
