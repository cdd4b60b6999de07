"""One thread that does the jobs: the newest day first, a year in chunks between days, the day ahead when idle.

After a day at least one chunk of a year follows, so a drag, which wants a new day with every wish, cannot starve it.
Results wait in a list, and `wake` tells the main thread at once. The engine itself, with compiled kernels and light on
all surfaces, is made in the thread too: meanwhile viewers hear of the district already.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from network import schema
from network.problems import Refused
from sim.session import Day, DayJob, Explain, Failed, Progress, Result, Tell, Wanted, Year, YearJob

PROGRESS_S = 0.1
"""Least time between two reports of a year's progress."""


class Running(Protocol):
    """A year that is being computed."""

    @property
    def done(self) -> bool:
        """Is it complete?"""

    @property
    def fraction(self) -> float:
        """Share that is computed."""


class Engine(Protocol):
    """What can do the jobs; see sim/engine.py."""

    def day(self, job: DayJob) -> Day:
        """Blocks of a day."""

    def begin(self, job: YearJob) -> Any:
        """A year, complete or about to start."""

    def advance(self, year: Any) -> Any:
        """One chunk more."""

    def balance(self, job: YearJob, year: Any) -> schema.Balance:
        """Of a complete year."""

    def tell(self, job: YearJob, year: Any) -> Tell:
        """What answers for facts of a complete year."""

    def explain(self, job: YearJob, year: Any) -> Explain:
        """What answers for explanations of a complete year."""

    def problems(self, job: YearJob, year: Any) -> tuple[schema.Problem, ...]:
        """Of a complete year alone."""


class Worker:
    """Owns the thread. `want` and `results` belong to the main thread."""

    def __init__(self, make: Callable[[], Engine], wake: Callable[[], None]) -> None:
        """`make` is called once, in the thread; while it fails, so does every job."""
        self._make, self._wake = make, wake
        self._made: Engine | None = None
        self._changed = threading.Condition()
        self._wanted = Wanted()
        self._busy: DayJob | None = None
        self._results: list[Result] = []
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Do this from now on, and nothing else."""
        with self._changed:
            if self._results:
                return  # `wanted` knows less than what just came out; the main thread comes back with more
            day = None if wanted.day == self._busy else wanted.day
            ahead = None if wanted.ahead == self._busy else wanted.ahead
            self._wanted = replace(wanted, day=day, ahead=ahead)
            self._changed.notify()

    def results(self) -> list[Result]:
        """What came out since the last call."""
        with self._changed:
            taken, self._results = self._results, []
        return taken

    def end(self) -> None:
        """Stop after the chunk at hand."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout=5.0)

    # ------------------------------------------------------------ in the thread

    @property
    def _engine(self) -> Engine:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _work(self) -> None:
        running: tuple[YearJob, Any] | None = None
        told_s, turn = 0.0, "day"
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._wanted != Wanted())
                if self._ended:
                    return
                wanted = self._wanted
                day = wanted.day if wanted.day and (turn == "day" or not wanted.year) else None
                if day is None and not wanted.year:
                    day = wanted.ahead
                self._wanted = replace(
                    wanted,
                    day=None if day == wanted.day else wanted.day,
                    ahead=None if day == wanted.ahead else wanted.ahead,
                )
                self._busy = day
            if running and running[0] != wanted.year:
                running = None
            if day:
                self._do(day, partial(self._engine.day, day))
                turn = "year"
            elif wanted.year:
                running, told_s = self._chunk(wanted.year, running, told_s)
                turn = "day"

    def _chunk(
        self, job: YearJob, running: tuple[YearJob, Any] | None, told_s: float
    ) -> tuple[tuple[YearJob, Any] | None, float]:
        """Begin a year or do a chunk of it; tell the main thread now and then, and when it is done."""
        now_s = time.monotonic()
        try:
            if running is None:
                year, told_s = self._engine.begin(job), 0.0
            else:
                year = self._engine.advance(running[1])
            if not year.done:
                if now_s - told_s >= PROGRESS_S:
                    self._post(Progress(job, year.fraction))
                    told_s = now_s
                return (job, year), told_s
            balance = self._engine.balance(job, year)
            made = self._engine
            result: Result = Year(job, balance, made.tell(job, year), made.explain(job, year), made.problems(job, year))
        except Exception as e:
            result = _failed(job, e)
        self._post(result, year=None)
        return None, told_s

    def _do(self, job: DayJob, work: Callable[[], Result]) -> None:
        try:
            result = work()
        except Exception as e:
            result = _failed(job, e)
        self._post(result)

    def _post(self, result: Result, **no_longer: None) -> None:
        with self._changed:
            self._results.append(result)
            self._busy = None
            if no_longer:
                self._wanted = replace(self._wanted, **no_longer)
        self._wake()


def _failed(job: DayJob | YearJob, error: Exception) -> Failed:
    """The sentence for people; what is no sentence also goes to stderr whole."""
    if isinstance(error, Refused):
        return Failed(job, str(error))
    traceback.print_exception(error, file=sys.stderr)
    return Failed(job, f"the simulation failed ({type(error).__name__}: {error}); take back the last change")
