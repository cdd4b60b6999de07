"""How much memory this process takes, looked at while something runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any


def resident() -> int:
    """Bytes of memory that are this process's now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """A block's growth: `bytes` is the most that it took beyond what there was at its begin."""

    def __init__(self) -> None:
        self.bytes = 0
        self._begin, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._begin = resident()
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, resident() - self._begin)
            if self._over.wait(0.01):
                return
