"""Recording beside the publisher: what is published goes to a thread of its own, which packs and writes it."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from network import schema
from network.problems import Refused
from network.record import Recorder


class Tape:
    """A recording that never holds up or ends the twin: a disk that is full is said once, and the twin goes on."""

    def __init__(self, path: Path, *, version: str, go_on: bool) -> None:
        """Begin the file, or go on with it after a death.

        Raises:
            Refused: it cannot be written, or exists already.
        """
        self._recorder = Recorder(path, version=version, wall_s=time.time(), now_s=time.monotonic(), go_on=go_on)
        self._waiting: queue.SimpleQueue[tuple[Sequence[schema.Message], float] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="tape", daemon=True)
        self._thread.start()

    def write(self, messages: Sequence[schema.Message]) -> None:
        """Record what is published now."""
        if messages:
            self._waiting.put((messages, time.monotonic()))

    def close(self) -> None:
        """Write what waits, and end the file."""
        self._waiting.put(None)
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        broken = False
        while (item := self._waiting.get()) is not None:
            try:
                if not broken:
                    self._recorder.write(*item)
            except Refused as e:
                broken = True
                print(f"surplus: {e}; the recording ends here", file=sys.stderr)
        self._recorder.close()
