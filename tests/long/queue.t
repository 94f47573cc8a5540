#!/usr/bin/env bash
# The queue of mailsend: each of its calls fails in turn, all of them
STRIDE=1 exec "$(dirname "$0")/../crash/queue.t"
