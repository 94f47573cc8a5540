"""inetd.py PORT COMMAND [ARG...]: the command for each connection to it on
loopback, which is its standard input and output."""
import socketserver
import subprocess
import sys


class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        subprocess.run(sys.argv[2:], stdin=self.request, stdout=self.request,
                       stderr=2)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


Server(('127.0.0.1', int(sys.argv[1])), Talk).serve_forever()
