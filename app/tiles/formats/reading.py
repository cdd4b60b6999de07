"""What a content is read for: whose ids are wanted, which way is up, where other files are, how large it may get."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.mesh import Unreadable

Array = NDArray[Any]

UP = {
    "Y": np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64),
    "X": np.array([[0, 0, -1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64),
    "Z": np.eye(4),
}
"""[4, 4] tile (z-up) from glTF, by the axis of the glTF that points up; Y: (x, y, z) -> (x, -z, y)."""
MOST_BYTES = 256 << 20
"""A tile that needs more when decoded is not read."""
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")
_ID_NAMES = ("id", "gml_id", "gml:id", "gmlid", "identificatie", "name")


BROKEN = (
    ArithmeticError, AttributeError, BufferError, LookupError, TypeError, ValueError, RecursionError, MemoryError,
    AssertionError, struct.error,
)  # fmt: skip
"""What reading a file that contradicts itself ends in."""


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Contradictions met inside are told as ones of `what`.

    Raises:
        Unreadable: with the reason.
    """
    try:
        yield
    except BROKEN as error:
        text = f"{str(error)[:60]} is missing" if isinstance(error, KeyError) else str(error)[:120]
        raise Unreadable(f"{what} contradict themselves: {text or type(error).__name__}") from error

_known: tuple[Mapping[str, int], int, Array] = ({}, -1, np.zeros(0))
"""The mapping seen last, its size then, and the seed of each slot in it."""


def _hashes(ids: tuple[str, ...]) -> Array:
    """[id] 0..1."""
    try:
        crc = np.fromiter(map(zlib.crc32, map(str.encode, ids)), np.float64, len(ids))
    except UnicodeEncodeError:  # JSON can name half a surrogate pair
        crc = np.array([zlib.crc32(i.encode("utf-8", "replace")) for i in ids], np.float64)
    return crc / 2**32


def _seeds(ids: tuple[str, ...], slot: Array, slots: Mapping[str, int]) -> Array:
    """[id] 0..1; of the district's own buildings from a table by slot, made once for all tiles."""
    global _known
    held, size, by_slot = _known
    if held is not slots or size != len(slots):
        values = np.fromiter(slots.values(), np.int64, len(slots))
        if not len(values) or values.min() < 0 or values.max() > 4 * len(values) + 1000:
            return _hashes(ids)
        by_slot = np.zeros(int(values.max()) + 1)
        by_slot[values] = _hashes(tuple(slots))
        _known = slots, len(slots), by_slot
    seed: Array = by_slot[slot]
    strange = np.flatnonzero(slot == 0)
    if len(strange):
        seed[strange] = _hashes(tuple(ids[k] for k in strange.tolist()))
    return seed


@dataclass
class Reading:
    """One content being read; shared by the contents nested in it."""

    slots: Mapping[str, int]
    """A building's id to its row in the value texture; 0 = no data."""
    read: Callable[[str], bytes] | None = None
    """Fetches what the content names, relative to its address."""
    up: Array = field(default_factory=lambda: UP["Y"])
    id_property: str | None = None
    """The property that holds the ids; None = the first of the usual names."""
    spent: int = 0
    """Bytes decoded so far."""
    _bound: dict[int, tuple[Table, Array]] = field(default_factory=dict)

    def beside(self, uri: str) -> Reading:
        """The same reading for a file that the content names: what that file names is relative to itself."""
        fetch, folder = self.read, uri.partition("?")[0].rpartition("/")[0]
        if fetch is None or not folder:
            return self
        return replace(self, read=lambda u: fetch(u if _ABSOLUTE.match(u) else f"{folder}/{u}"))

    def spend(self, size: int) -> None:
        """Count `size` bytes about to be decoded.

        Raises:
            Unreadable: the tile gets too large.
        """
        self.spent += size
        if self.spent > MOST_BYTES:
            raise Unreadable(f"needs more than {MOST_BYTES >> 20} MB when decoded: publish it in smaller tiles")

    def ids(self, columns: Mapping[str, Any], *, any_text: bool = False) -> tuple[str, ...]:
        """The ids among `columns`: by `id_property`, else a usual name, else (`any_text`) the first text."""
        chosen = self.id_property if self.id_property in columns else None
        if chosen is None and self.id_property is None:
            lower = {name.lower(): name for name in reversed([*columns])}
            chosen = next((lower[n] for n in _ID_NAMES if n in lower), None)
            if chosen is None and any_text:
                chosen = next((n for n, c in columns.items() if len(c) and isinstance(c[0], str)), None)
        if chosen is None or getattr(columns[chosen], "ndim", 1) != 1:
            return ()
        column = columns[chosen]
        if getattr(column, "dtype", None) is not None and column.dtype.kind == "f" and (column % 1 == 0).all():
            column = column.astype(np.int64)  # 7.0 is called 7
        return tuple(column) if set(map(type, column)) == {str} else tuple(map(str, column))

    def info(self, feature: Array | None, table: Table | None, count: int) -> Array:
        """[vertex, 4] float32 `info` of a mesh of `count` vertices: slot, 0, seed, 0; `feature` are rows of `table`.

        The seed is a hash of the id, so a building keeps its shade of paper for ever.
        """
        if table is None or feature is None:
            return np.tile(np.array([0.0, 0.0, 0.5, 0.0], np.float32), (count, 1))
        if id(table) not in self._bound:
            ids = table.ids[: table.count]
            rows = np.zeros((len(ids) + 1, 4), np.float32)
            slot = np.fromiter(map(self.slots.get, ids, repeat(0)), np.int64, len(ids))
            rows[:-1, 0], rows[:-1, 2] = slot, _seeds(ids, slot, self.slots)
            rows[-1, 2] = 0.5  # serves all features without an id
            self._bound[id(table)] = table, rows
        return np.take(self._bound[id(table)][1], feature.astype(np.intp), axis=0, mode="clip")
