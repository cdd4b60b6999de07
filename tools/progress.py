"""Progress of long work: a bar with ETA on a terminal, quiet off it. Always on stderr."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Progress:
    """Callable (stage, fraction); use as a context manager around the work."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Progress:
        return self

    def __call__(self, stage: str, fraction: float) -> None:
        """Say that `stage` is done to `fraction`, 0..1."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich import progress as rp
            from rich.console import Console

            columns = (rp.TextColumn("{task.description:24}"), rp.BarColumn(), rp.TaskProgressColumn(),
                       rp.TimeRemainingColumn())  # fmt: skip
            self._bar = rp.Progress(*columns, console=Console(stderr=True))
            self._bar.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=1.0)
        self._bar.update(self._tasks[stage], completed=min(fraction, 1.0))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
