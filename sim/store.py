"""The session on disk: scenario, history and clock, replaced as a whole before each answer; and one lock per package.

A kill at any moment leaves the last answered state: a file is written beside and renamed over the old one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

import msgspec

from network import keys
from network.problems import Refused
from sim.history import Entry, History, Step
from sim.session import Session

FORMAT = 1
LONGEST_AWAY_S = 60.0
"""A resumed clock runs on at most this far over the time that it was away."""


class Saved(msgspec.Struct, frozen=True):
    """A session as kept."""

    format: int
    wall_s: float
    """Time of day of the saving, since 1970."""
    time_s: float
    pace: float
    resume_pace: float
    entries: tuple[Entry, ...]
    cursor: int
    revision: int
    sender: str
    writers: Mapping[str, int]
    step: Step | None
    wishes: int


def path_of(package: Path) -> Path:
    """Session file of a package in the state folder."""
    name = hashlib.blake2b(str(package.resolve()).encode(), digest_size=8).hexdigest()
    folder = keys.state_folder() / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{package.name}-{name}.json"


def save(path: Path, session: Session, *, wall_s: float) -> None:
    """Replace the session file.

    Raises:
        Refused: it cannot be written.
    """
    h = session.history
    saved = Saved(
        format=FORMAT, wall_s=wall_s, time_s=session.time_s, pace=session.pace,
        resume_pace=session.resume_pace, entries=h.entries, cursor=h.cursor, revision=h.revision, sender=h.sender,
        writers=h.writers, step=h.step, wishes=h.wishes,
    )  # fmt: skip
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(msgspec.json.encode(saved))
        beside.replace(path)
    except OSError as e:
        reason = e.strerror or e
        raise Refused(f"cannot keep the session in {path}: {reason}; free the disk or set SURPLUS_STATE_DIR") from e


def load(path: Path, session: Session, *, wall_s: float, resume: bool) -> Session | None:
    """`session` as it was kept, every scenario checked against today's catalogue; None where there is nothing usable.

    A package that was built again keeps its session as long as its scenarios still fit.

    With `resume` the clock stands where it would be now, else where it was left.
    """
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=Saved)
        if saved.format != FORMAT or not 0 <= saved.cursor < len(saved.entries):
            return None
        for entry in saved.entries:
            session.facts.validate(entry.choices)
    except (OSError, msgspec.DecodeError, Refused):
        return None
    history = History(
        entries=saved.entries, cursor=saved.cursor, revision=saved.revision, sender=saved.sender,
        writers=dict(saved.writers), step=saved.step, wishes=saved.wishes,
    )  # fmt: skip
    away_s = min(max(wall_s - saved.wall_s, 0.0), LONGEST_AWAY_S) if resume else 0.0
    time_s = (saved.time_s + away_s * saved.pace) % session.facts.year_s
    return replace(session, history=history, time_s=time_s, pace=saved.pace, resume_pace=saved.resume_pace)


class Lock:
    """Held by the one process that may change a package's session; the system frees it whatever ends the process."""

    def __init__(self, session_path: Path, *, address_line: str, package: Path) -> None:
        """Take the lock and leave word where the package is served.

        Raises:
            Refused: another process holds it.
        """
        path = session_path.with_suffix(".lock")
        self._file: IO[str] = path.open("a+")
        try:
            _lock(self._file)
        except OSError as e:
            self._file.seek(0)
            line, _, number = self._file.read().strip().partition("\n")
            self._file.close()
            where = f"{package} is already open (process {number or 'unknown'})"
            raise Refused(f"{where}; close it there, or look at it with `{line}`") from e
        self._file.truncate(0)
        self._file.write(f"{address_line}\n{os.getpid()}\n")
        self._file.flush()

    def close(self) -> None:
        """Free it."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(1 << 20)  # beyond the words, which others may read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
