"""A server of tiles on this machine that can be slow, busy or broken, and counts what it is asked for."""

from __future__ import annotations

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class TileServer:
    """Serves a folder; `answers` sets a status by file name, `delay_s` how long every answer takes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.delay_s = folder, 0.0
        self.answers: dict[str, int] = {}
        self.asked: Counter[str] = Counter()
        self.most_at_once = self._now = 0
        self.at_once: list[int] = []
        """By request: how many were being answered."""
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.root = f"http://127.0.0.1:{self._server.server_port}/tileset.json"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Send what is asked for, or the status that the test set."""
        name = request.path.split("?")[0].lstrip("/")
        with self._lock:
            self.asked[name] += 1
            self._now += 1
            self.at_once.append(self._now)
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self.delay_s)
        path = self.folder / name
        status = self.answers.get(name, self.answers.get("*", 200 if path.is_file() else 404))
        body = path.read_bytes() if status == 200 else b""
        with self._lock:
            self._now -= 1
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        if status == 503:
            request.send_header("Retry-After", "60")
        request.end_headers()
        request.wfile.write(body)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
