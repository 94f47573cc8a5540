#!/usr/bin/env python3
"""link.py: a wire with a delay, between this network namespace and a new one.

	link.py NET MS LOG

The kernel here is 10.9.NET.1, the one in the new namespace 10.9.NET.2.
Packets between them travel MS milliseconds (one way, both ways).  Unlike
the relay it delays what TCP itself does: the handshake, the waiting for
acknowledgements (Nagle's algorithm, RFC 896) and the delayed ones.  It
prints its process id when the link is up, then runs until it is killed.
A command runs at the far end with nsenter --net=/proc/PID/ns/net.

A line of LOG is "SECONDS PORT WHAT", on the monotonic clock, as the far end
sees it; PORT is its port and WHAT one of syn (it connects), up (it sends
data) and down (data reaches it).  Needs root and /dev/net/tun.
"""
import collections
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TUN_NO_PI = 0x1001
SYN = 2


def ip(words):
    subprocess.run(["ip"] + words.split(), check=True)


def tun(name, mine, other):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(),
                                           IFF_TUN_NO_PI))
    ip(f"addr add {mine} peer {other} dev {name}")
    ip(f"link set {name} up")
    return fd


def far_end():
    """From here on this process lives in the new namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        sys.exit("unshare: " + os.strerror(ctypes.get_errno()))
    ip("link set lo up")


def tcp(packet):
    """(ports, flags, bytes of data), or None for anything else."""
    if packet[0] >> 4 != 4 or packet[9] != 6:
        return None
    at = (packet[0] & 15) * 4
    data = struct.unpack_from("!H", packet, 2)[0] - at - (packet[at + 12] >> 4) * 4
    return struct.unpack_from("!HH", packet, at), packet[at + 13], data


def note(log, packet, up):
    seen = tcp(packet)
    if seen is None:
        return
    ports, flags, data = seen
    port = ports[0] if up else ports[1]
    what = "syn" if up and flags & SYN else "up" if up else "down"
    if data > 0 or what == "syn":
        log.write(f"{time.monotonic():.6f} {port} {what}\n")
        log.flush()


def carry(near, far, delay, log):
    way = {near: collections.deque(), far: collections.deque()}
    while True:
        due = [q[0][0] for q in way.values() if q]
        wait = max(0, min(due) - time.monotonic()) if due else None
        for fd in select.select([near, far], [], [], wait)[0]:
            packet = os.read(fd, 65536)
            way[fd].append((time.monotonic() + delay, packet))
            if fd == far:
                note(log, packet, True)
        for fd, queue in way.items():
            while queue and queue[0][0] <= time.monotonic():
                packet = queue.popleft()[1]
                if fd == near:
                    note(log, packet, False)
                os.write(far if fd == near else near, packet)


def main():
    net, ms, path = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    mine, other = f"10.9.{net}.1", f"10.9.{net}.2"
    near = tun(f"near{net}", mine, other)
    far_end()
    far = tun(f"far{net}", other, mine)
    os.nice(-10)			# a late packet is a longer wire
    print(os.getpid(), flush=True)
    with open(path, "w") as log:
        carry(near, far, ms / 1000, log)


if __name__ == "__main__":
    main()
