"""The package's tiles over HTTP, read-only, for viewers on other machines."""

from __future__ import annotations

import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from network.problems import Refused


class _Tiles(SimpleHTTPRequestHandler):
    """GET and HEAD of files inside one folder; nothing above it, no listings, no links that lead out of it."""

    def send_head(self) -> Any:
        """The file that is asked for, if it lies inside."""
        asked = Path(self.translate_path(self.path)).resolve()
        if not asked.is_file() or not asked.is_relative_to(Path(self.directory).resolve()):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: one line per tile helps nobody."""


def offer(folder: Path, *, host: str, port: int) -> str:
    """Serve `folder` from a thread of its own; the address of its tileset.json.

    Raises:
        Refused: the port cannot be bound.
    """
    try:
        server = ThreadingHTTPServer((host, port), partial(_Tiles, directory=str(folder)))
    except OSError as e:
        raise Refused(f"cannot offer the tiles on {host}:{port}: {e.strerror or e}; choose another --bind") from e
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="tiles", daemon=True).start()
    return f"http://{host}:{server.server_address[1]}/tileset.json"
