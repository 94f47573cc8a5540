#!/usr/bin/env python3
"""trips.py: how many round trips a client needs until its mail is accepted.

	trips.py RTT RUNS MESSAGE RESULTS < job

RTT is that of the relays and links, in ms; RUNS is how often each client
runs over a link; MESSAGE is their standard input.  The job's lines have
fields that end with a tab:
	link	PID	LOG	NET		of tests/bench/link.py; may be absent
	client	NAME	KIND	WORDS		{host} and {port} are filled in
	server	NAME	KIND	PORT	RELAY	RELAYLOG	its relay's port
A server meets the clients of its kind.  A table is printed, and RESULTS gets
lines "SERVER/CLIENT/trips N", "SERVER/CLIENT/relay MS" and ".../link MS".

When a client has been told that the message is accepted is seen in its own
trace, on a pseudo-terminal so that the lines come as they are written.  That
moment is then looked up among those at which data reached the client.
"""
import json
import os
import pty
import queue
import re
import shlex
import subprocess
import sys
import threading
import time

# Of all replies only this one says that the message is in the queue.
ACCEPTED = re.compile(rb"250 2\.0\.0 [^\r\n]*queued")


class Failed(Exception):
    pass


def watch(words, message):
    """Run it; when it was told of the acceptance, on the monotonic clock."""
    master, slave = pty.openpty()
    with open(message) as stdin:
        p = subprocess.Popen(words, stdin=stdin, stdout=slave, stderr=slave)
    os.close(slave)
    text, when = b"", None
    while True:
        try:
            text += os.read(master, 65536)
        except OSError:			# what a terminal says at its end
            break
        if when is None and ACCEPTED.search(text):
            when = time.monotonic()
    p.wait()
    os.close(master)
    if p.returncode != 0 or when is None:
        raise Failed(f"{words[0]}: exit {p.returncode}\n{text.decode()}")
    return when


def last_line(path, seen):
    """What the relay writes when the connection has ended, and when that was
    on the monotonic clock."""
    for _ in range(250):
        with open(path) as f:
            lines = f.read().splitlines()
        if len(lines) > seen:
            age = time.time() - os.stat(path).st_mtime
            return json.loads(lines[-1]), time.monotonic() - age
        time.sleep(0.02)
    raise Failed("the relay has counted nothing")


def over_relay(words, message, stats):
    """(round trips, ms) with the handshake the relay cannot delay."""
    with open(stats) as f:
        seen = len(f.readlines())
    when = watch(words, message)
    s, end = last_line(stats, seen)
    told = (when - end) * 1000 + s["end_ms"]
    # before each burst of the client, and after the last one; what is more
    # than half a round trip old is the answer to something earlier
    times = s["down_ms"] + [s["wall_ms"]]
    i = next(i for i, t in enumerate(times) if t > told - s["delay_ms"])
    return 1 + s["server_first"] + i, times[i] + 2 * s["delay_ms"]


def over_link(words, message, link):
    """ms from the first SYN to acceptance."""
    pid, log, _ = link
    with open(log) as f:
        f.seek(0, 2)
        start = f.tell()
        when = watch(["nsenter", f"--net=/proc/{pid}/ns/net"] + words,
                     message)
        f.seek(start)
        seen = [line.split() for line in f if line.endswith("\n")]
    syn = min(float(t) for t, _, what in seen if what == "syn")
    down = [float(t) for t, _, what in seen if what == "down"]
    # it cannot have printed it before it came
    return (max(t for t in down if t <= when) - syn) * 1000


def fill(words, host, port):
    return [w.replace("{host}", host).replace("{port}", str(port))
            for w in words]


def jobs(job):
    for name, kind, port, relay, stats in job["server"]:
        for client, its, words in job["client"]:
            if its == kind:
                yield (name, client), shlex.split(words), (relay, stats), port


def work(job, todo, link, locks, found):
    """One thread: what is measured over a link needs it alone."""
    while True:
        try:
            key, words, relay, port = todo.get_nowait()
        except queue.Empty:
            return
        try:
            if relay:
                with locks[relay]:
                    got = over_relay(fill(words, "127.0.0.1", relay[0]),
                                     job["message"], relay[1])
            else:
                got = over_link(fill(words, f"10.9.{link[2]}.1", port),
                                job["message"], link)
        except Failed as e:
            got = None
            print("/".join(key), e, file=sys.stderr)
        found.setdefault(key, []).append((bool(relay), got))


def measure(job):
    todo, locks, found = queue.Queue(), {}, {}
    for key, words, relay, port in jobs(job):
        locks[relay] = threading.Lock()
        todo.put((key, words, relay, None))
        for _ in range(job["runs"] if job["link"] else 0):
            todo.put((key, words, None, port))
    links = job["link"] or [None] * 4
    threads = [threading.Thread(target=work,
                                args=(job, todo, l, locks, found))
               for l in links]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return found


def figures(results):
    """{trips, relay, link} of one client at one server."""
    out = {}
    for relay, got in results:
        if relay and got:
            out["trips"], out["relay"] = got
    links = [got for relay, got in results if not relay and got]
    if links:
        out["link"] = min(links)		# the rest is this machine
    return out


def show(job, found):
    rtt = job["rtt"]
    head = None
    for key, *_ in jobs(job):
        f = figures(found[key])
        base = figures(found.get((key[0], "msmtp"), []))
        if head != key[0]:
            head = key[0]
            print(f"{head + ':':26}trips   relay: ms  of msmtp"
                  "    link: ms    RTTs  of msmtp")
        line = f"  {key[1]:24}"
        line += f"{f['trips']:5}" if "trips" in f else "    -"
        for way in ("relay", "link"):
            ms, peer = f.get(way), base.get(way)
            line += f"{ms:12.0f}" if ms else f"{'-':>12}"
            if way == "link":
                line += f"{ms / rtt:8.2f}" if ms else f"{'-':>8}"
            line += f"{ms / peer:11.2f}" if ms and peer else f"{'-':>11}"
        print(line)


def read_job():
    job = {"link": [], "client": [], "server": []}
    for line in sys.stdin:
        what, *fields = line.rstrip("\n").split("\t")
        job[what].append(fields)
    return job


def main():
    job = read_job()
    job["rtt"], job["runs"] = float(sys.argv[1]), int(sys.argv[2])
    job["message"] = sys.argv[3]
    found = measure(job)
    show(job, found)
    with open(sys.argv[4], "a") as out:
        for key, results in found.items():
            for name, value in figures(results).items():
                print("/".join(key + (name,)), round(value, 3), file=out)


if __name__ == "__main__":
    main()
