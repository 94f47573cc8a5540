#!/usr/bin/env python3
"""Peers that say a first word, for box.t: prints the ports of SMTP, IMAP, POP3,
of DNS by UDP, and of one that only listens.  LMTP is at the path given."""
import socket, sys, threading

GREETINGS = (b"220 box.test ESMTP\r\n", b"* OK [CAPABILITY IMAP4rev1] hello\r\n",
             b"+OK hello\r\n", None)


def greet(server, greeting):
    while True:
        c, _ = server.accept()
        try:
            if greeting:
                c.sendall(greeting)
                c.recv(1000)
        except OSError:
            pass
        c.close()


def start(server, greeting):
    threading.Thread(target=greet, args=(server, greeting), daemon=True).start()


path = sys.argv[1]
dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dns.bind(("127.0.0.1", 0))
tcp = [socket.create_server(("127.0.0.1", 0)) for _ in GREETINGS]
local = socket.socket(socket.AF_UNIX)
local.bind(path)
local.listen()
ports = [s.getsockname()[1] for s in tcp]
for server, greeting in zip(tcp, GREETINGS):
    start(server, greeting)
start(local, GREETINGS[0])
print(*ports[:3], dns.getsockname()[1], ports[3], flush=True)
while True:
    q, who = dns.recvfrom(2000)
    dns.sendto(q[:2] + b"\x81\x83" + q[4:], who)    # NXDOMAIN, the rest as asked
