#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A page to serve and to fetch, for quickstart.

web.py serve ADDR PORT TEXT   answers / with TEXT and /big with 512 MB
web.py fetch URL              prints the page, or why there is none (exit 1)
web.py rate URL               fetches it and prints how fast that went
web.py port                   prints a free port of 127.0.0.1
"""
import http.server
import socket
import sys
import time
import urllib.error
import urllib.request

BIG = 512 << 20
BLOCK = bytes(1 << 20)


def serve(addr, port, text):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            size = BIG if self.path == "/big" else len(text)
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            if size != BIG:
                self.wfile.write(text.encode())
            else:
                for _ in range(BIG // len(BLOCK)):
                    self.wfile.write(BLOCK)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer((addr, int(port)), Handler).serve_forever()


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as page:
            print(page.read().decode())
    except (urllib.error.URLError, OSError) as err:
        reason = getattr(err, "reason", err)
        print(getattr(reason, "strerror", None) or reason)
        sys.exit(1)


def rate(url):
    size, start = 0, time.monotonic()
    with urllib.request.urlopen(url, timeout=30) as page:
        while chunk := page.read(1 << 20):
            size += len(chunk)
    print(f"{size * 8e-9 / (time.monotonic() - start):.1f} Gbit/s")


def port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        print(sock.getsockname()[1])


if __name__ == "__main__":
    try:
        {f.__name__: f for f in (serve, fetch, rate, port)}[sys.argv[1]](
            *sys.argv[2:])
    except KeyboardInterrupt:
        pass
