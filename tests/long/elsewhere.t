#!/usr/bin/env bash
# All of ../server/elsewhere.t: each place and each layout of other programs.
ELSEWHERE_ALL=1 exec "$(dirname "$0")/../server/elsewhere.t"
