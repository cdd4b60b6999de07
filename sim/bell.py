"""What wakes a process that waits for its sockets: a bell that any thread may ring, and the end of the parent."""

from __future__ import annotations

import os
import socket
import threading
from types import TracebackType


class Bell:
    """A pair of sockets: `end` becomes readable when somebody rings."""

    def __init__(self) -> None:
        self.end, self._far = socket.socketpair()
        self.end.setblocking(False)
        self._far.setblocking(False)

    def ring(self) -> None:
        """Wake whoever waits at `end`; from any thread."""
        try:
            self._far.send(b"!")
        except OSError:
            return  # full: it rings already; closed: nobody listens any more

    def quiet(self) -> None:
        """Take in all ringing so far."""
        try:
            while self.end.recv(4096):
                pass
        except BlockingIOError:
            return

    def __enter__(self) -> Bell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end.close()
        self._far.close()


def watch_parent(bell: Bell) -> threading.Event:
    """An event that is set, and the bell rung, at the end of stdin: the parent closed it, or died."""
    ended = threading.Event()

    def wait() -> None:
        while os.read(0, 4096):
            pass
        ended.set()
        bell.ring()

    threading.Thread(target=wait, name="parent", daemon=True).start()
    return ended
