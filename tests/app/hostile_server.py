"""An HTTP server that misbehaves in every way that has been seen: one path for each way."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

BODY = bytes(range(256)) * 400


@cache
def _zeros(size: int) -> bytes:
    """So many, packed."""
    return gzip.compress(bytes(size), 1)


class Hostile(ThreadingHTTPServer):
    """`files` by path are served well; all else as its name says. `asked` counts requests by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.ways: dict[str, str] = {}
        """Paths that are answered as another is."""
        self.asked: Counter[str] = Counter()
        self.queries: list[str] = []
        self.delay_s = 0.0

    def handle_error(self, *_: object) -> None:
        """Clients leave as they like."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hostile
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.server.asked[path] += 1
        self.server.queries.append(self.path)
        if path in self.server.ways:
            path = self.server.ways[path]
        if path in self.server.files:
            time.sleep(self.server.delay_s)
            return self._send(200, self.server.files[path])
        try:
            getattr(self, path.strip("/").replace("-", "_"), self._absent)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _absent(self) -> None:
        self._send(404, b"<html>not here</html>")

    def broken(self) -> None:
        self._send(500, b"oh")

    def busy(self) -> None:
        self._send(429, b"later", Retry_After="7")

    def loop(self) -> None:
        self._send(302, b"", Location="/loop")

    def to_file(self) -> None:
        self._send(302, b"", Location="file:///etc/passwd")

    def moved(self) -> None:
        self._send(301, b"", Location="/good")

    def good(self) -> None:
        self._send(200, BODY)

    def packed(self) -> None:
        self._send(200, gzip.compress(BODY), Content_Encoding="gzip")

    def bomb(self) -> None:
        self._send(200, _zeros(300 << 20), Content_Encoding="gzip")

    def swollen(self) -> None:
        self._send(200, _zeros(64 << 20), Content_Encoding="gzip")

    def page(self) -> None:
        self._send(200, b"<!DOCTYPE html><html><body>Sign in to see this tile</body></html>", Content_Type="text/html")

    def nowhere(self) -> None:
        self._send(302, b"", Location="http://[")

    def hello_again(self) -> None:
        self.close_connection = True
        while True:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    def slow_head(self) -> None:
        self.close_connection = True
        for _ in range(60):
            self.wfile.write(b"H")
            self.wfile.flush()
            time.sleep(0.5)

    def slow_chunks(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.drops()

    def drops(self) -> None:
        self.close_connection = True
        for _ in range(120):
            self.wfile.write(b"0")
            self.wfile.flush()
            time.sleep(0.5)

    def half_packed(self) -> None:
        self._send(200, gzip.compress(BODY)[:-20], Content_Encoding="gzip")

    def short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY) + 1000))
        self.end_headers()
        self.wfile.write(BODY)
        self.close_connection = True

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(bytes(1 << 20))

    def drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        for _ in range(60):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(1)


@contextmanager
def hostile() -> Iterator[Hostile]:
    """The server, running."""
    server = Hostile()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
