#!/usr/bin/env bash
# mailfetch --delete now: each of its calls fails in turn, all of them
STRIDE=1 exec "$(dirname "$0")/../crash/fetch-fail.t"
