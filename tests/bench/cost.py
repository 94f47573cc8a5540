#!/usr/bin/env python3
"""cost.py: time and CPU of commands, run in turn so that each meets the same
machine.

	cost.py RUNS RESULTS PAUSE INPUT < one command per line: NAME<tab>WORDS

The words are split as a shell would.  Each command runs RUNS times with the
file INPUT as standard input, PAUSE seconds apart, every round in another
order: what one leaves the server to do, another must not always suffer.  A table of the medians is printed; RESULTS gets lines "NAME/wall S",
"NAME/best S" (the shortest of them) and "NAME/cpu MS" (user and system).
"""
import os
import random
import shlex
import statistics
import subprocess
import sys
import time


def once(words, path):
    with open(path, "rb") as stdin:
        start = time.monotonic()
        p = subprocess.Popen(words, stdin=stdin, stdout=subprocess.DEVNULL)
        _, status, use = os.wait4(p.pid, 0)
        wall = time.monotonic() - start
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        sys.exit(f"exit {p.returncode}: {shlex.join(words)}")
    return wall, (use.ru_utime + use.ru_stime) * 1000


def rounds(commands, runs, pause, path):
    found = {name: [] for name, _ in commands}
    order = random.Random(1)		# the same disorder every time
    for _ in range(runs):
        for name, words in order.sample(commands, len(commands)):
            found[name].append(once(words, path))
            time.sleep(pause)
    return found


def main():
    runs, results, pause, path = sys.argv[1:]
    lines = [line.rstrip("\n").split("\t", 1) for line in sys.stdin]
    commands = [(name, shlex.split(words)) for name, words in lines]
    found = rounds(commands, int(runs), float(pause), path)
    print(f"{'':26}median ms   lowest     CPU ms   lowest")
    with open(results, "a") as out:
        for name, got in found.items():
            wall, cpu = zip(*got)
            print(f"  {name:24}{statistics.median(wall) * 1000:9.1f}"
                  f"{min(wall) * 1000:9.1f}{statistics.median(cpu):11.2f}"
                  f"{min(cpu):9.2f}")
            print(f"{name}/wall {statistics.median(wall):.6f}", file=out)
            print(f"{name}/best {min(wall):.6f}", file=out)
            print(f"{name}/cpu {statistics.median(cpu):.3f}", file=out)


if __name__ == "__main__":
    main()
