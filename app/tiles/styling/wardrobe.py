"""Rows of the global textures for the features of any tileset, and what the style in force makes of them.

A feature that is a building of the district has the building's row. Every other one is lent a row of its own while its
tile is held, so that it too can be coloured, hidden and pointed at. What has no features is one without properties, as
the specification says; and where a style tells the points of a cloud apart, each point has a row. A tile that comes
later is dressed as it comes; a new style dresses what is there, by the rows that it has.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.mesh import NO_FEATURE, Mesh
from app.tiles.styling.binding import Binding, middles, table_of_points
from app.tiles.styling.functions import Misuse, text_of
from app.tiles.styling.style import OF_POINTS, Dress, Style


class Stage(Protocol):
    """Where tiles are put, as app.tiles.held has it."""

    def attach(self, node: int, meshes: tuple[Mesh, ...], matrix: NDArray[np.float64]) -> None:
        """Make a tile drawable, hidden."""

    def detach(self, node: int) -> None:
        """Forget a tile."""

    def show(self, nodes: NDArray[np.int64]) -> None:
        """Draw exactly these tiles."""


MOST_ROWS = 1 << 22
"""Features that can have rows at a time."""
MOST_LETTERS, MOST_MEMBERS = 240, 12
"""Of a property that are told."""
_FLOATS, _LISTS = (float, np.floating), (list, tuple, np.ndarray)
DYED = 100.0
"""Added to the size of points whose colour is the style's and not their own."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Where features are from; one for each time that a content was read."""

    node: int
    content: int
    """Which of the node's contents."""


@dataclass(frozen=True)
class _Worn:
    """The features of one table of a tile."""

    table: Table
    slots: NDArray[np.int64]
    """[feature] row; 0: none. Of points that are told apart: [vertex]."""
    start: int
    """First of the rows that were lent."""
    lent: int
    origin: Origin
    points: Mesh | None = None
    """The cloud whose points are told apart."""
    earth_from_tile: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))

    def seen(self, style: Style) -> Table:
        """What the style sees: a row for each of `slots`."""
        if self.points is None:
            return self.table
        return table_of_points(self.points, self.earth_from_tile, style.of_points)

    def feature(self, row: int) -> int:
        """Row of the table that this one of `slots` belongs to; beyond it: to none."""
        if self.points is None:
            return row
        return int(self.points.feature[row]) if len(self.points.feature) else NO_FEATURE


class Wardrobe:
    """Rows and dresses; `bind` runs on the decoding threads, the rest on the drawing one."""

    def __init__(self, binding: Binding, style: Style | None = None) -> None:
        """Rows up to `binding.count` belong to the district."""
        self._binding, self._style = binding, style
        self._lock = threading.Lock()
        self._first = binding.count + 1
        self._end = self._first
        self._free: list[tuple[int, int]] = []
        """(start, length) of rows that were given back."""
        self._worn: dict[int, list[_Worn]] = {}
        self._hung: dict[int, set[int]] = {}
        """Tables of the tile that is attached, of each node."""
        self._rgba = np.ones((self._first, 4), np.float32)
        self._dots = np.zeros(self._first, np.float32)
        self._clouds = False
        self.earth_from_world: NDArray[np.float64] = np.eye(4)
        """Earth-centred from world, [4, 4], for styles that ask where a point is on the earth."""
        self.version = 0
        """Grows whenever `rgba` changes."""
        self._misuse = ""
        self._named: frozenset[str] = frozenset()
        """Properties that some feature has had."""

    @property
    def complaint(self) -> str:
        """Why the style could not be used on some feature, the first reason; or which property no feature has."""
        lacking = sorted(self._style.reads - self._named - OF_POINTS) if self._style is not None and self._worn else []
        if self._misuse or not lacking:
            return self._misuse
        known = ", ".join(sorted(self._named)[:12]) or "none"
        return f"no feature so far has the property {lacking[0]!r} that the style asks for; there are {known}"

    @property
    def rows(self) -> int:
        """Rows in use, row 0 and the district's among them."""
        return self._end

    @property
    def rgba(self) -> NDArray[np.float32] | None:
        """[row, 4] linear colour that multiplies a feature's own, alpha 0 = hidden; None without a style."""
        return None if self._style is None else self._rgba[: self._end]

    @property
    def dots(self) -> NDArray[np.float32] | None:
        """[row] pixels of points, 0 = as they are, plus `DYED` where the colour is the style's alone; None: no word."""
        style = self._style
        if style is None or not self._clouds or (style.color is None and style.dot_px is None):
            return None
        return self._dots[: self._end]

    def bind(
        self, node: int, meshes: tuple[Mesh, ...], world_from_tile: NDArray[np.float64], content: int = 0,
        told: bool = False,
    ) -> tuple[Mesh, ...]:  # fmt: skip
        """The meshes of one content of a node with every vertex naming the row of its feature.

        `told`: metadata tell of the content or what it is in, so that it can be pointed at without features too; within
        a district what has none is the ground that its buildings stand on, and stays that.
        """
        whole, origin = Table(1), Origin(node, content)
        if self._style is not None or (told and not self._binding.count):
            meshes = tuple(_whole(m, whole) for m in meshes)
        self._clouds = self._clouds or any(len(m.dots) for m in meshes)
        tables = {id(m.table): m.table for m in meshes if m.table is not None and m.table.count}
        apart = [self._style is not None and bool(self._style.of_points) and len(m.dots) > 0 for m in meshes]
        worn: list[_Worn] = []
        bound = list(meshes)
        for table in tables.values():
            mine = [k for k, m in enumerate(meshes) if m.table is table]
            slots = np.zeros(1, np.int64)
            if table is not whole:
                slots = self._slots(table, [meshes[k] for k in mine], world_from_tile)
            together = [k for k in mine if not apart[k]]
            if together:
                worn.append(self._lend(_Worn(table, slots, 0, 0, origin)))
            for k in together:
                bound[k] = replace(meshes[k], info=_named(meshes[k], worn[-1]))
            for k in (k for k in mine if apart[k]):
                worn.append(self._lend(self._pointwise(meshes[k], slots, world_from_tile, origin)))
                bound[k] = replace(meshes[k], info=_named(meshes[k], worn[-1]))
        if worn:
            with self._lock:
                self._worn.setdefault(node, []).extend(worn)
        return tuple(bound)

    def hang(self, node: int, meshes: tuple[Mesh, ...]) -> None:
        """The tile is attached; what else was decoded for the node and never came this far gives its rows back."""
        tables = {id(m.table) for m in meshes if m.table is not None}
        with self._lock:
            self._keep(node, tables)
            self._hung[node] = tables

    def forget(self, node: int) -> None:
        """The tile is gone: its rows are free; those of the one that replaces it stay."""
        with self._lock:
            gone = self._hung.pop(node, set())
            self._keep(node, {id(w.table) for w in self._worn.get(node, ())} - gone)

    def _keep(self, node: int, tables: set[int]) -> None:
        """Give back the rows of all tables of the node but these; with the lock held."""
        kept = []
        for worn in self._worn.pop(node, ()):
            if id(worn.table) in tables:
                kept.append(worn)
            elif worn.lent:
                self._free.append((worn.start, worn.lent))
                self._rgba[worn.start : worn.start + worn.lent] = 1.0
                self._dots[worn.start : worn.start + worn.lent] = 0.0
        if kept:
            self._worn[node] = kept

    def wear(self, style: Style | None) -> None:
        """Another style for everything, now and later."""
        self._style, self._misuse = style, ""
        with self._lock:
            self._rgba[:], self._dots[:] = 1.0, 0.0
            for worn in (w for several in self._worn.values() for w in several):
                self._dress(worn)
            self.version += 1

    def told(self, slot: int) -> tuple[Table, int] | None:
        """Table and row in it of the feature with this slot; None where no tile at hand has it."""
        found = self._wearer(slot)
        return None if found is None else (found[0].table, found[0].feature(found[1]))

    def origin(self, slot: int) -> Origin | None:
        """Where the feature with this slot is from; None where no tile at hand has it."""
        found = self._wearer(slot)
        return None if found is None else found[0].origin

    def _wearer(self, slot: int) -> tuple[_Worn, int] | None:
        if slot <= 0:
            return None
        with self._lock:
            for worn in (w for several in self._worn.values() for w in several):
                if slot >= self._first and not worn.start <= slot < worn.start + worn.lent:
                    continue  # lent rows lie together: no need to look through those of every tile
                found = np.flatnonzero(worn.slots == slot)
                if len(found):
                    return worn, int(found[0])
        return None

    def words(self, slot: int) -> tuple[tuple[str, str], ...] | None:
        """What the style's `meta` and the properties say of the feature with this slot; None: there is nothing."""
        found = self._wearer(slot)
        if found is None:
            return None
        worn, at = found
        table, row = worn.table, worn.feature(at)
        try:
            meta = self._style.words(worn.seen(self._style), at) if self._style is not None and self._style.meta else {}
        except Misuse as misuse:
            meta = {"style": str(misuse)}
        known = {name: said(column[row]) for name, column in table.columns.items() if row < len(column)}
        if row < len(table.ids) and "id" not in known:
            known = {"id": table.ids[row], **known}
        return tuple((meta | known).items()) or None

    def _slots(self, table: Table, meshes: list[Mesh], world_from_tile: NDArray[np.float64]) -> NDArray[np.int64]:
        """[feature] row of the building that it is; 0: none."""
        slots = self._binding.by_id(table.ids) if table.ids else np.zeros(table.count, np.int64)
        if not slots.any() and len(self._binding.feet_m):
            slots = self._binding.by_place(middles(meshes, table.count, world_from_tile))
        return slots

    def _pointwise(
        self, mesh: Mesh, slots: NDArray[np.int64], world_from_tile: NDArray[np.float64], origin: Origin
    ) -> _Worn:
        """Rows by vertex; points of a building keep the building's, dressed as the last of them."""
        assert mesh.table is not None
        feature = mesh.feature if len(mesh.feature) else np.full(len(mesh.position), NO_FEATURE)
        known = feature < len(slots)
        own = np.where(known, slots[np.where(known, feature, 0)], 0)
        return _Worn(mesh.table, own, 0, 0, origin, mesh, self.earth_from_world @ world_from_tile)

    def _lend(self, worn: _Worn) -> _Worn:
        """With rows for what is no building's, dressed."""
        slots = worn.slots.copy()
        strange = np.flatnonzero(slots == 0)
        with self._lock:
            start = self._take(len(strange))
            if start:
                slots[strange] = np.arange(start, start + len(strange))
            worn = replace(worn, slots=slots, start=start, lent=len(strange) if start else 0)
            if self._style is not None:
                self._dress(worn)
            self.version += 1
        return worn

    def _take(self, count: int) -> int:
        """First of `count` rows on end; 0 where there are none left."""
        if not count:
            return 0
        for k, (start, length) in enumerate(self._free):
            if length >= count:
                self._free[k] = (start + count, length - count)
                return start
        if self._end + count > MOST_ROWS:
            return 0
        start, self._end = self._end, self._end + count
        if self._end > len(self._rgba):
            grown = np.ones((max(2 * len(self._rgba), self._end), 4), np.float32)
            grown[: len(self._rgba)] = self._rgba
            self._rgba = grown
            self._dots = np.concatenate([self._dots, np.zeros(len(grown) - len(self._dots), np.float32)])
        return start

    def _dress(self, worn: _Worn) -> None:
        if self._style is None:
            return
        self._named = self._named.union(worn.table.columns)  # another one: it is read while we go on
        try:
            dress = self._style.dress(worn.seen(self._style))
        except Misuse as misuse:
            self._misuse = self._misuse or f"the style cannot be used here: {misuse}"
            return
        known = worn.slots > 0
        self._rgba[worn.slots[known]] = dress.rgba[known]
        if self._clouds:
            self._dots[worn.slots[known]] = _dots(dress)[known]


def _dots(dress: Dress) -> NDArray[np.float32]:
    """[feature] what a style says of points, in one number."""
    size = dress.dot_px if dress.dot_px is not None else np.zeros(len(dress.show), np.float32)
    return size if dress.coloured is None else (size + DYED * dress.coloured).astype(np.float32)


def _whole(mesh: Mesh, table: Table) -> Mesh:
    """What others made and gave no features is one feature of `table`."""
    if mesh.look is None or (mesh.table is not None and mesh.table.count and len(mesh.feature)):
        return mesh
    return replace(mesh, table=table, feature=np.broadcast_to(np.uint32(0), len(mesh.position)))


def said(value: Any) -> str:
    """A property for people: six figures are enough, members one after another, of what is long the beginning."""
    words = _words(value)
    return words if len(words) <= MOST_LETTERS else f"{words[:MOST_LETTERS].rstrip()}…"


def _words(value: Any, *, inner: bool = False) -> str:
    if isinstance(value, _FLOATS) and math.isfinite(value):
        return f"{value:.6g}"
    if isinstance(value, _LISTS):
        first = value[:MOST_MEMBERS]
        listed = [_words(v, inner=True) for v in (first.tolist() if isinstance(first, np.ndarray) else first)]
    elif isinstance(value, Mapping):
        listed = [f"{name}: {_words(v, inner=True)}" for name, v in islice(value.items(), MOST_MEMBERS)]
    else:
        return text_of(value)
    if len(value) > MOST_MEMBERS:
        listed = [*listed[: MOST_MEMBERS - 4], f"… {len(value):,} in all"]
    return f"({', '.join(listed)})" if inner else ", ".join(listed)


def _named(mesh: Mesh, worn: _Worn) -> NDArray[np.float32]:
    """`info` with the rows of the features in its first column."""
    info = mesh.info.copy()
    if worn.points is not None:
        info[:, 0] = worn.slots
        return info
    if not len(mesh.feature):
        return mesh.info
    sure = (mesh.feature != NO_FEATURE) & (mesh.feature < len(worn.slots))
    info[:, 0] = np.where(sure, worn.slots[np.where(sure, mesh.feature, 0)], 0)
    return info


class Dressing:
    """A stage whose tiles come with rows and go without them."""

    def __init__(self, stage: Stage, wardrobe: Wardrobe) -> None:
        self._stage, self._wardrobe = stage, wardrobe

    def attach(self, node: int, meshes: tuple[Mesh, ...], matrix: NDArray[np.float64]) -> None:
        """Make a tile drawable, hidden."""
        self._wardrobe.hang(node, meshes)
        self._stage.attach(node, meshes, matrix)

    def detach(self, node: int) -> None:
        """Forget a tile."""
        self._wardrobe.forget(node)
        self._stage.detach(node)

    def show(self, nodes: NDArray[np.int64]) -> None:
        """Draw exactly these tiles."""
        self._stage.show(nodes)
