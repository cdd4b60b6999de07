"""A server of tiles on this machine whose every answer comes late, as from a server far away.

It runs in a process of its own, so that it shares no interpreter lock with the viewer that is measured. Files are
read once and kept. It is no server for anything else: the only method is GET, and it listens to this machine alone.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

LATENCY_S = 0.02
"""Of every answer: a server in the same country, over fibre."""


@contextmanager
def served(folder: Path, *, latency_s: float = LATENCY_S) -> Iterator[str]:
    """Serve a folder while the context lasts; its address, without a slash at the end.

    Raises:
        OSError: the process does not start.
    """
    root = str(Path(__file__).resolve().parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tools.tile_server", str(folder), str(latency_s)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise OSError(f"the server of tiles did not start (exit code {process.wait()})")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()  # it ends when nobody holds the other end, however we came to an end
        process.wait(timeout=10)
        process.stdout.close()


class Server:
    """Answers from one folder."""

    def __init__(self, folder: Path, latency_s: float) -> None:
        self._folder, self._latency_s = folder.resolve(), latency_s
        self._kept: dict[str, bytes | None] = {}

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(self._latency_s)
                body = self._body(head.split(b" ", 2)[1].decode("ascii", "replace"))
                status = b"404 Not Found" if body is None else b"200 OK"
                body = body or b""
                writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
                writer.write(body)
                await writer.drain()
        writer.close()

    def _body(self, target: str) -> bytes | None:
        """The file, None where there is none."""
        name = unquote(target.partition("?")[0]).lstrip("/")
        if name not in self._kept:
            path = (self._folder / name).resolve()
            inside = path.is_relative_to(self._folder) and path.is_file()
            self._kept[name] = path.read_bytes() if inside else None
        return self._kept[name]


async def serve(folder: Path, latency_s: float) -> None:
    """Serve until cancelled; prints the port first."""
    server = await asyncio.start_server(Server(folder, latency_s).talk, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main(arguments: list[str]) -> int:
    """Serve the folder with the latency [s] until standard input ends."""
    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    asyncio.run(serve(Path(arguments[0]), float(arguments[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
