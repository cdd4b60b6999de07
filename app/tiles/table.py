"""The node table of a tileset: flat columns that grow as branches are found and whose rows are used again.

A tileset is a tree of documents: tileset.json, external tilesets, subtrees of implicit tilings. A node whose branch is
in another document is a stub; its branch is read on a worker (app.tiles.branch) into `Nodes`, and grafted here with few
copies. The other way round a branch can be pruned, so that the tree's memory is bounded as the tiles' memory is.
Source: OGC 22-025r4 (3D Tiles 1.1), sections 7.3 to 7.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.fetch import Source

if TYPE_CHECKING:
    from app.tiles.implicit import Implicit
    from app.tiles.metadata import Metadata

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

FREE = -2
"""Parent of a row that no node has."""
NOWHERE_M = 1e7
"""Extent of a tile that does not say where it is."""
MOST_BRANCH_NODES = 2_000_000
"""Of one document; what has more is no tileset that anybody could draw."""


class Kind(IntEnum):
    """Whether the rest of a branch is in another document."""

    WHOLE = 0
    EXTERNAL = 1
    """The content is another tileset."""
    SUBTREE = 2
    """The node is the root of a subtree of an implicit tiling."""


@dataclass(frozen=True)
class Stub:
    """What it takes to read the branch below a node: where it is, and what it inherits."""

    address: str
    source: Source
    matrix: Float
    """[4, 4] world from the node's frame; of a subtree, from the frame of the implicit root."""
    world_from_root: Float
    """[4, 4] world from the frame of the outermost tileset, in which regions are written."""
    replace: bool = True
    """Refinement that is inherited."""
    chain: tuple[str, ...] = ()
    """Addresses of the documents that led here, outermost first."""
    up_axis: str = "Y"
    implicit: Implicit | None = None
    """The tiling that a subtree belongs to."""
    level: int = 0
    """Of the subtree's root within the tiling."""
    x: int = 0
    y: int = 0
    z: int = 0


@dataclass(frozen=True)
class Nodes:
    """A branch as columns [row]; parents come before children."""

    parent: Int
    """Row within the branch, -1 = the node that the branch is grafted onto."""
    geometric_error_m: Float
    replace: Bool
    centre_m: Float
    """[row, 3] of the bounding sphere, world."""
    radius_m: Float
    half_m: Float
    """[row, 3] half extents of the box around the volume, along the world's axes."""
    low_m: Float
    """Lowest height of the volume, world."""
    matrix: Float
    """[row, 4, 4] world from tile."""
    contents: Sequence[tuple[str, ...]]
    """Absolute addresses of the contents."""
    kind: NDArray[np.int8]
    """`Kind`"""
    stubs: Mapping[int, Stub] = field(default_factory=dict)
    """Of the rows that are no WHOLE."""
    expire_s: Float | None = None
    """[row] seconds after which contents are fetched anew; None: never."""
    request_centre_m: Float | None = None
    """[row, 3] of the box in which an eye must be for the tile to count; NaN: anywhere. None: all anywhere."""
    request_half_m: Float | None = None
    metadata: Mapping[int, Metadata] = field(default_factory=dict)
    """What the document says of a row."""
    up_axis: str = "Y"
    """Axis that points up in the glTF of the contents."""
    unread: Sequence[tuple[str, str]] = ()
    """Parts of the document that are left out: (address, reason)."""

    def __len__(self) -> int:
        return len(self.parent)


_COLUMNS: tuple[tuple[str, Any, tuple[int, ...], Any], ...] = (
    ("parent", np.int64, (), FREE), ("level", np.int64, (), 0), ("geometric_error_m", np.float64, (), 0.0),
    ("replace", np.bool_, (), True), ("centre_m", np.float64, (3,), 0.0), ("radius_m", np.float64, (), 0.0),
    ("half_m", np.float64, (3,), 0.0), ("low_m", np.float64, (), 0.0), ("matrix", np.float64, (4, 4), 0.0),
    ("stub", np.int8, (), 0), ("expire_s", np.float64, (), np.inf), ("has_request", np.bool_, (), False),
    ("request_centre_m", np.float64, (3,), 0.0), ("request_half_m", np.float64, (3,), 0.0),
    ("has_content", np.bool_, (), False), ("children", np.int64, (), 0), ("alive", np.bool_, (), False),
)  # fmt: skip


class Tileset:
    """[node] columns; a node is a tile. The views are made anew when the table grows: ask for them every frame."""

    parent: Int
    """Row of the parent, -1 at the root, FREE where the row is nobody's."""
    level: Int
    geometric_error_m: Float
    replace: Bool
    """Refinement REPLACE (else ADD)."""
    centre_m: Float
    radius_m: Float
    half_m: Float
    low_m: Float
    matrix: Float
    stub: NDArray[np.int8]
    """`Kind`"""
    expire_s: Float
    has_request: Bool
    """Nodes that count only while an eye is in their box."""
    request_centre_m: Float
    request_half_m: Float
    has_content: Bool
    children: Int
    """Number of children that are here."""
    alive: Bool
    """Rows that are somebody's."""

    def __init__(self, nodes: Nodes, world_from_root: Float) -> None:
        """The table of an outermost document; `nodes` hang on nothing."""
        self.world_from_root = world_from_root
        self.version = 0
        """Grows whenever nodes come or go."""
        self.contents: list[tuple[str, ...]] = []
        """Absolute addresses of each node's contents."""
        self.up_axis: list[str] = []
        """Axis that points up in the glTF of each node's contents."""
        self.metadata: dict[int, Metadata] = {}
        self.unread: list[tuple[str, str]] = []
        """Parts of the tileset that are left out: (address, reason)."""
        self._stubs: dict[int, Stub] = {}
        self._free: list[int] = []
        self._branches: dict[int, list[Int]] = {}
        """Rows that were grafted below a node."""
        self._size = 0
        self._all = {name: np.full((0, *shape), start, kind) for name, kind, shape, start in _COLUMNS}
        self._append(-1, nodes)

    def __len__(self) -> int:
        return self._size

    @property
    def has_children(self) -> Bool:
        """Inner nodes."""
        return np.asarray(self.children > 0)

    @property
    def levels(self) -> tuple[Int, ...]:
        """Rows of each level, root first."""
        rows = np.flatnonzero(self.alive)
        order = rows[np.argsort(self.level[rows], kind="stable")]
        cuts = np.flatnonzero(np.diff(self.level[order])) + 1
        return tuple(np.split(order, cuts))

    def stub_of(self, node: int, address: str = "") -> Stub:
        """How the branch below a node is read; `address`: of a content that turned out to be a tileset."""
        known = self._stubs.get(node)
        if known is not None and address in ("", known.address):
            return known
        above, chain = node, tuple[str, ...]()
        while above >= 0 and not chain:
            stub = self._stubs.get(above)
            chain = (*stub.chain, stub.address) if stub is not None and above != node else ()
            above = int(self.parent[above])
        return Stub(
            address or self.contents[node][0], self._root.source, self.matrix[node].copy(), self.world_from_root,
            bool(self.replace[node]), chain or (*self._root.chain, self._root.address), self.up_axis[node],
        )  # fmt: skip

    def found_at(self, stub: Stub) -> None:
        """The outermost document was read with this; what it names is read alike."""
        self._root = stub

    def graft(self, node: int, nodes: Nodes) -> Int:
        """Hang a branch below `node`; rows of its nodes."""
        rows = self._append(node, nodes)
        self._branches.setdefault(node, []).append(rows)
        return rows

    def prune(self, node: int) -> Int:
        """Forget all that was grafted below `node` and below that; the rows are free."""
        gone: list[Int] = []
        stack = [node]
        while stack:
            for rows in self._branches.pop(stack.pop(), ()):
                gone.append(rows)
                stack.extend(int(r) for r in rows if int(r) in self._branches)
        if not gone:
            return np.zeros(0, np.int64)
        rows = np.concatenate(gone)
        lost = np.bincount(self.parent[rows][self.parent[rows] >= 0], minlength=self._size)
        self.children -= lost
        for name, _, _, start in _COLUMNS:
            self._all[name][rows] = start
        for row in rows.tolist():
            self.contents[row] = ()
            self._stubs.pop(row, None)
            self.metadata.pop(row, None)
        self._free.extend(rows.tolist())
        self.version += 1
        return rows

    def _append(self, node: int, nodes: Nodes) -> Int:
        rows = self._rows(len(nodes))
        if not len(rows):
            self.unread.extend(nodes.unread)
            return rows
        inner = nodes.parent >= 0
        a = self._all
        a["parent"][rows] = np.where(inner, rows[np.where(inner, nodes.parent, 0)], node)
        a["level"][rows] = _levels(nodes.parent) + (int(self.level[node]) + 1 if node >= 0 else 0)
        for name in ("geometric_error_m", "replace", "centre_m", "radius_m", "half_m", "low_m", "matrix"):
            a[name][rows] = getattr(nodes, name)
        a["stub"][rows] = nodes.kind
        a["expire_s"][rows] = np.inf if nodes.expire_s is None else nodes.expire_s
        if nodes.request_centre_m is not None and nodes.request_half_m is not None:
            a["has_request"][rows] = np.isfinite(nodes.request_centre_m).all(axis=1)
            a["request_centre_m"][rows] = np.nan_to_num(nodes.request_centre_m)
            a["request_half_m"][rows] = np.nan_to_num(nodes.request_half_m)
        a["has_content"][rows] = [bool(c) for c in nodes.contents]
        a["alive"][rows] = True
        above = a["parent"][rows]
        np.add.at(a["children"], above[above >= 0], 1)
        numbered = rows.tolist()
        for row, content in zip(numbered, nodes.contents, strict=True):
            self.contents[row] = content
            self.up_axis[row] = nodes.up_axis
        self._stubs.update({numbered[k]: stub for k, stub in nodes.stubs.items()})
        self.metadata.update({numbered[k]: said for k, said in nodes.metadata.items()})
        self.unread.extend(nodes.unread)
        self.version += 1
        return rows

    def _rows(self, count: int) -> Int:
        """Rows for so many nodes: freed ones first, then new ones."""
        reused = self._free[-count:] if count else []
        del self._free[len(self._free) - len(reused) :]
        fresh = count - len(reused)
        if self._size + fresh > len(self._all["parent"]):
            room = max(self._size + fresh, 2 * self._size, 64)
            for name, kind, shape, start in _COLUMNS:
                grown = np.full((room, *shape), start, kind)
                grown[: self._size] = self._all[name][: self._size]
                self._all[name] = grown
        rows = np.array([*reused, *range(self._size, self._size + fresh)], np.int64)
        self._size += fresh
        self.contents.extend([()] * fresh)
        self.up_axis.extend(["Y"] * fresh)
        for name, _, _, _ in _COLUMNS:
            setattr(self, name, self._all[name][: self._size])
        return np.sort(rows)


def _levels(parent: Int) -> Int:
    """[row] depth below the branch's own roots, by doubling: as many passes as the logarithm of the depth."""
    level = np.where(parent >= 0, 1, 0)
    above = np.where(parent >= 0, parent, -1)
    while (above >= 0).any():
        inner = above >= 0
        level = level + np.where(inner, level[np.where(inner, above, 0)], 0)
        above = np.where(inner, above[np.where(inner, above, 0)], -1)
    return np.asarray(level, np.int64)


def branch_of(rows: int, **columns: Any) -> Nodes:
    """Nodes with the usual values in every column that is not given."""
    usual: dict[str, Any] = {
        "parent": np.full(rows, -1, np.int64), "geometric_error_m": np.zeros(rows), "replace": np.ones(rows, bool),
        "centre_m": np.zeros((rows, 3)), "radius_m": np.full(rows, NOWHERE_M),
        "half_m": np.full((rows, 3), NOWHERE_M), "low_m": np.zeros(rows),
        "matrix": np.tile(np.eye(4), (rows, 1, 1)), "contents": [()] * rows, "kind": np.zeros(rows, np.int8),
    }  # fmt: skip
    return Nodes(**(usual | columns))
