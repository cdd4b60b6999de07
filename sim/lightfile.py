"""Light on disk (sim/solar.py): kept between runs, written batch by batch, its pages given back once they are read.

Light of 100,000 buildings is 5.7 GB and is read once a year from end to end, so it is never whole in memory: `Writer`
adds the rows of a batch to its files, and `give_back` ends the hold on those pages of the map that the march has left
behind. The system may still keep them in its file cache; it drops them as soon as anyone wants the memory.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.cache import folder as cache_folder

Array = NDArray[Any]
FILES = ("row", "carrier", "wall", "roof", "pane", "sun", "module")
"""Arrays of a result, in this order; the last five are the channels."""
_KEPT = 8
"""Results that stay on disk; the least recently used goes."""
_KEPT_BYTES = 24e9
"""And what they may take together; the last one stays whatever it takes."""
_STALE_S = 86400.0
"""What a killed process left half made is removed after this time."""


def load(folder: Path) -> tuple[Array, ...] | None:
    """The arrays of `folder`, mapped read-only; None where there is nothing usable."""
    if not folder.is_dir():
        return None
    with contextlib.suppress(OSError):  # a read-only cache is as good
        os.utime(folder)
    try:
        return _mapped(folder)
    except (OSError, ValueError):
        shutil.rmtree(folder, ignore_errors=True)
        return None


def save(folder: Path, arrays: Sequence[Array]) -> None:
    """Write beside and rename; a full or read-only disk costs the cache, not the work."""
    staging = _beside(folder)
    try:
        staging.mkdir(parents=True, exist_ok=True)
        for name, array in zip(FILES, arrays, strict=True):
            np.save(staging / f"{name}.npy", array)
        _publish(staging, folder)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)


class Writer:
    """Light that is written batch by batch; a context: what is not finished is removed.

    Raises:
        Refused: on entering or in `put`, where the disk has no room.
    """

    def __init__(
        self, folder: Path | None, row: Array, carrier: Array, days: int, columns: Sequence[int]
    ) -> None:
        """Five u16 channels of `days` rows of `columns` each go to `folder`, or nowhere: to a scratch folder in the
        user's cache that is gone when the process ends."""
        self._folder, self._staging = folder, Path()
        self._whole: tuple[Array, Array] = (row, carrier)
        self._days, self._columns = days, columns
        self._files: list[BinaryIO] = []

    @property
    def nbytes(self) -> int:
        """Room that the channels take."""
        return 2 * self._days * sum(self._columns)

    def __enter__(self) -> Writer:
        place = cache_folder() if self._folder is None else self._folder.parent
        try:
            place.mkdir(parents=True, exist_ok=True)
            _sweep(place)
            if shutil.disk_usage(place).free < self.nbytes:
                raise self._full(place)
            if self._folder is None:
                self._staging = Path(tempfile.mkdtemp(prefix=".light-", dir=place))
            else:
                self._staging = _beside(self._folder)
                self._staging.mkdir(exist_ok=True)
            for name, array in zip(FILES, self._whole, strict=False):
                np.save(self._staging / f"{name}.npy", array)
            for name, n in zip(FILES[2:], self._columns, strict=True):
                file = (self._staging / f"{name}.npy").open("wb")
                self._files.append(file)
                shape = {"descr": "<u2", "fortran_order": False, "shape": (self._days, n)}
                np.lib.format.write_array_header_1_0(file, shape)
        except OSError as e:
            self.__exit__()
            raise self._full(place, e) from e
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # a full disk has been told by then
            self._close()
        if self._staging != Path():
            shutil.rmtree(self._staging, ignore_errors=True)

    def put(self, channels: Sequence[Array]) -> None:
        """Add the next rows of every channel."""
        try:
            for file, rows in zip(self._files, channels, strict=True):
                file.write(np.ascontiguousarray(rows, "<u2").data)
        except OSError as e:
            raise self._full(self._staging.parent, e) from e

    def finish(self) -> tuple[Array, ...]:
        """All arrays, mapped. A scratch folder is gone at once: the map holds the files until the process lets go of
        them (Windows keeps names of mapped files; the next large district sweeps them away)."""
        try:
            self._close()
            if self._folder is None:
                return _mapped(self._staging)
            if not self._folder.is_dir():  # or else another process was faster with the same
                _publish(self._staging, self._folder)
            return _mapped(self._folder)
        except OSError as e:
            raise self._full(self._staging.parent, e) from e

    def _close(self) -> None:
        while self._files:
            self._files.pop().close()

    def _full(self, place: Path, e: OSError | None = None) -> Refused:
        room = shutil.disk_usage(place).free / 1e9 if place.is_dir() else 0.0
        reason = f"has {room:.1f} GB free" if e is None else f"says: {e.strerror or e}"
        return Refused(
            f"the sunlight of this district takes {self.nbytes / 1e9:.1f} GB on disk, and {place} {reason}; "
            "free the disk, or set SURPLUS_CACHE_DIR to a folder on a larger one"
        )


def give_back(arrays: Iterable[Array]) -> None:
    """End the process's hold on the pages of mapped arrays; whoever reads them again gets them from the file.

    Nothing happens to arrays that are not mapped, and where the system has no such call (Windows trims by itself).
    """
    advice = getattr(mmap, "MADV_DONTNEED", None)
    for array in arrays:
        if advice is not None and isinstance(array.base, mmap.mmap):
            array.base.madvise(advice)


def _mapped(folder: Path) -> tuple[Array, ...]:
    return tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in FILES)


def _beside(folder: Path) -> Path:
    """Where `folder` is made before it gets its name."""
    return folder.with_name(f".{folder.name}-{os.getpid()}")


def _publish(staging: Path, folder: Path) -> None:
    """Give a finished result its name, and let go of the least recently used ones."""
    staging.rename(folder)
    others = sorted(folder.parent.glob("solar-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    taken = 0
    for place, old in enumerate(others):
        taken += sum(file.stat().st_size for file in old.iterdir())
        if place and (place >= _KEPT or taken > _KEPT_BYTES):
            shutil.rmtree(old, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what killed processes left half made."""
    for left in (*place.glob(".light-*"), *place.glob(".solar-*")):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
