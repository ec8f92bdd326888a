"""A web server that says its name: web_server.py PORT NAME BROKEN_FILE.

While BROKEN_FILE exists it answers 503.
"""

import http.server
import os
import socket
import sys


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # and IPv4
    daemon_threads = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = (sys.argv[2] + "\n").encode()
        self.send_response(503 if os.path.exists(sys.argv[3]) else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Server(("::", int(sys.argv[1])), Handler).serve_forever()
