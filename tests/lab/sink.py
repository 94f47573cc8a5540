#!/usr/bin/env python3
"""sink.py FILE: an SMTP server without extensions on loopback. Prints its port;
FILE holds the last transaction: MAIL, RCPT, and the message as it came."""
import socket
import sys

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    f = c.makefile("rwb", buffering=0)
    said = []
    try:
        f.write(b"220 sink.test ESMTP\r\n")
        for line in f:
            verb = line[:4].upper()
            if verb == b"DATA":
                f.write(b"354 go on\r\n")
                while (line := f.readline()) not in (b".\r\n", b""):
                    said.append(line)
                with open(sys.argv[1], "wb") as to:
                    to.writelines(said)
                f.write(b"250 2.0.0 ok\r\n")
            elif verb == b"QUIT":
                f.write(b"221 bye\r\n")
                break
            else:
                if verb == b"MAIL":
                    said = []
                if verb in (b"MAIL", b"RCPT"):
                    said.append(line)
                f.write(b"250 ok\r\n")
    except OSError:
        pass
    c.close()
