"""The flat table of nodes that a tileset is to the drawing thread: columns that grow and are reused.

A node is a tile. External tilesets and subtrees of implicit tiling hang in it as stubs; when one is wanted, a worker
makes `Nodes` of its document (tileset.py) and the drawing thread grafts them. What hangs below a stub can be pruned
again, so that the table's size is bounded however large the tileset is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.tree.nodes import EXTERNAL, SUBTREE, Annotation, Document, Nodes, Seed

if TYPE_CHECKING:
    from app.tiles.fetch import Source
    from app.tiles.tree.implicit import Subtree, Told
    from app.tiles.tree.metadata import Metadata

__all__ = ["EXTERNAL", "MOST_NODES", "SLICE", "SUBTREE", "Document", "Nodes", "Seed", "Tileset"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MOST_NODES = 1_000_000
"""Of a table. Beyond it nothing is grafted until something was pruned."""
MOST_UNREAD = 1_000
"""Reasons that are kept."""
SLICE = 10_000
"""Rows that one step of a graft appends: 1 ms."""


_KEPT = (
    "geometric_error_m", "replace", "centre_m", "radius_m", "half_m", "matrix", "stub", "expire_s", "has_request",
    "request_centre_m", "request_half_m",
)  # fmt: skip
"""Columns that a graft copies as they are."""


class Tileset:
    """[node] columns, the first row the root; after `prune` rows may lie dead, and children may come before parents.

    Columns are views that `graft` and `prune` replace: whoever keeps something by node compares `version`.
    """

    parent: Int
    """Row of the parent, -1 at the root."""
    level: Int
    geometric_error_m: Float
    replace: Bool
    centre_m: Float
    radius_m: Float
    half_m: Float
    low_m: Float
    """Lowest height of the volume, world."""
    matrix: Float
    stub: NDArray[np.int8]
    grown: Bool
    """Stubs whose branch is here."""
    expire_s: Float
    has_request: Bool
    request_centre_m: Float
    request_half_m: Float
    alive: Bool
    """Rows in use: a pruned row is dead until it is used again."""
    has_content: Bool
    """Nodes with something to draw (a stub has nothing)."""
    children: Int
    """Number of children."""
    document: NDArray[np.int32]
    """Row of `documents`."""

    def __init__(
        self, nodes: Nodes, *, world_from_earth: Float | None = None, source: Source | None = None
    ) -> None:
        """`nodes` is the root document's branch, `source` where its files come from."""
        self.source = source
        self.world_from_earth = np.eye(4) if world_from_earth is None else world_from_earth
        self.contents: list[tuple[str, ...]] = []
        """[node] addresses; see Nodes."""
        self.documents: list[Document] = []
        self._annotations: dict[int, Annotation | tuple[Told, int]] = {}
        self.unread: list[tuple[str, str]] = []
        """Parts of the tileset that are left out: (address, reason)."""
        self.version = 0
        """Grows with every graft and prune."""
        self._subtrees: dict[int, Subtree] = {}
        self._place_of: dict[str, int] = {}
        """Address of a document -> its row."""
        self._free: list[Int] = []
        self._levels: list[Int] = []
        self._size = 0
        self._store: dict[str, NDArray[Any]] = {}
        for name in _KEPT:
            example = getattr(nodes, name)
            self._store[name] = np.zeros((0, *example.shape[1:]), example.dtype)
        for name, kind in (("parent", np.int64), ("level", np.int64), ("low_m", np.float64), ("grown", np.bool_),
                           ("alive", np.bool_), ("has_content", np.bool_), ("children", np.int64),
                           ("document", np.int32)):  # fmt: skip
            self._store[name] = np.zeros(0, kind)
        self._reveal()
        self.graft(-1, nodes)

    def __len__(self) -> int:
        return self._size

    @property
    def has_children(self) -> Bool:
        """Inner nodes."""
        return np.asarray(self.children > 0)

    @property
    def levels(self) -> tuple[Int, ...]:
        """Rows of each level, root first; rows that are dead are in none."""
        return tuple(self._levels)

    @property
    def living(self) -> int:
        """Nodes that are alive."""
        return sum(len(rows) for rows in self._levels)

    @property
    def room(self) -> int:
        """Nodes that may still be grafted."""
        return MOST_NODES - self.living

    def up_axis(self, node: int) -> str:
        """Axis of the node's glTF contents that points up."""
        return self.documents[self.document[node]].up_axis

    def annotation(self, node: int) -> Annotation:
        """What is said about a node and its contents; empty where nothing is."""
        said = self._annotations.get(node)
        if said is None:
            return Annotation()
        return said if isinstance(said, Annotation) else said[0].row(said[1])

    def groups(self, node: int) -> tuple[Metadata | None, ...]:
        """[content] metadata of the groups of a node's contents, None: no group."""
        listed = self.documents[self.document[node]].groups
        return tuple(listed[g] if g >= 0 else None for g in self.annotation(node).groups)

    def metadata(self, node: int) -> Metadata | None:
        """What is said of the tileset that a node is in, else of the nearest one around it; None: nothing is."""
        own = self.documents[self.document[node]]
        if own.metadata is not None or not own.chain:
            return own.metadata
        around = (self.documents[self._place_of[a]] for a in reversed(own.chain) if a in self._place_of)
        return next((d.metadata for d in around if d.metadata is not None), None)

    def seed(self, node: int, content: int = 0) -> Seed:
        """What a worker needs to make a branch of the node's content, should it be a tileset or subtree."""
        return Seed(
            address=self.contents[node][content], document=self.documents[self.document[node]],
            matrix=self.matrix[node].copy(), world_from_earth=self.world_from_earth, replace=bool(self.replace[node]),
            geometric_error_m=float(self.geometric_error_m[node]), level=int(self.level[node]),
            centre_m=self.centre_m[node].copy(), radius_m=float(self.radius_m[node]), half_m=self.half_m[node].copy(),
            subtree=self._subtrees.get(node), source=self.source, content=content,
            told=node in self._annotations or self.metadata(node) is not None,
        )  # fmt: skip

    def graft(self, node: int, nodes: Nodes) -> Int:
        """Rows of `nodes`, now the branch below `node`. For large branches `grafting` spreads the work."""
        rows = np.zeros(0, np.int64)
        for rows in self.grafting(node, nodes):  # noqa: B007 - the last is the whole branch
            pass
        return rows

    def grafting(self, node: int, nodes: Nodes) -> Iterator[Int]:
        """Graft in steps of SLICE rows; yields the rows so far. Nothing is seen of the branch before the last step.

        A node that is no stub becomes one if the branch is all that it has: its content was a tileset. Where the table
        is full the branch is left out, and listed.
        """
        if len(nodes) > self.room:
            self.unread.append((nodes.documents[0].address, f"more than {MOST_NODES:,} tiles at a time: left out"))
            nodes = _none_of(nodes)
        rows = self._take(len(nodes))
        documents = np.array([self._filed(d) for d in nodes.documents], np.int32)
        for start in range(0, max(len(rows), 1), SLICE):
            part = slice(start, start + SLICE)
            self._write(rows[part], nodes, part, node, rows, documents)
            if start + SLICE < len(rows):
                yield rows[:start + SLICE]
        self._publish(node, nodes, rows)
        yield rows

    def prune(self, node: int) -> Int:
        """Forget what hangs below a stub that has grown; the rows that are free now. It can be grafted again."""
        if not self.stub[node] or not self.grown[node]:
            return np.zeros(0, np.int64)
        top, gone = int(self.level[node]), []
        dead = np.zeros(self._size, bool)
        dead[node] = True
        for k in range(top + 1, len(self._levels)):
            rows = self._levels[k]
            fallen = dead[self.parent[rows]]
            if not fallen.any():
                break
            dead[rows[fallen]] = True
            gone.append(rows[fallen])
            self._levels[k] = rows[~fallen]
        while self._levels and not len(self._levels[-1]):
            self._levels.pop()
        rows = np.sort(np.concatenate(gone)) if gone else np.zeros(0, np.int64)
        self.alive[rows] = False
        for name in ("has_content", "has_request", "grown"):
            self._store[name][rows] = False
        for name in ("stub", "children"):
            self._store[name][rows] = 0
        for row in rows.tolist():
            self.contents[row] = ()
            self._subtrees.pop(row, None)
            self._annotations.pop(row, None)
        self.children[node], self.grown[node] = 0, False
        self._free.append(rows)
        self.version += 1
        return rows

    def _take(self, count: int) -> Int:
        """Rows to write to: dead ones first, then new ones."""
        found: list[Int] = []
        missing = count
        while self._free and missing:
            rows = self._free.pop()
            found.append(rows[:missing])
            if len(rows) > missing:
                self._free.append(rows[missing:])
            missing -= len(found[-1])
        if missing:
            found.append(np.arange(self._size, self._size + missing))
            self._size += missing
            self.contents += [()] * missing
            held = len(self._store["parent"])
            if self._size > held:
                more = max(self._size - held, held // 2, 64)
                self._store = {k: np.concatenate([v, np.zeros((more, *v.shape[1:]), v.dtype)])
                               for k, v in self._store.items()}  # fmt: skip
            self._reveal()
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def _filed(self, document: Document) -> int:
        """Row of a document; one that comes again keeps its place."""
        place = self._place_of.setdefault(document.address, len(self.documents))
        if place == len(self.documents):
            self.documents.append(document)
        return place

    def _reveal(self) -> None:
        """Let the columns show the rows in use."""
        for name, column in self._store.items():
            setattr(self, name, column[: self._size])

    def _write(
        self, rows: Int, nodes: Nodes, part: slice, node: int, all_rows: Int, documents: NDArray[np.int32]
    ) -> None:
        if not len(rows):
            return
        at = _run(rows)
        for name in _KEPT:
            self._store[name][at] = getattr(nodes, name)[part]
        parent = nodes.parent[part]
        self.parent[at] = np.where(parent < 0, node, all_rows[parent])
        half = nodes.half_m[part, 2]
        self.low_m[at] = nodes.centre_m[part, 2] - np.where(half < 1e7, half, 0.0)
        self.document[at] = documents[0 if nodes.document is None else nodes.document[part]]
        self.grown[at] = self.alive[at] = False
        self.children[at] = 0
        contents = nodes.contents[part]
        if isinstance(at, slice):
            self.contents[at] = contents
        else:
            for row, address in zip(rows.tolist(), contents, strict=True):
                self.contents[row] = address
        self.has_content[at] = False

    def _publish(self, node: int, nodes: Nodes, rows: Int) -> None:
        """Make a branch that was written part of the tree."""
        if len(self.unread) < MOST_UNREAD:
            known = set(self.unread)
            self.unread += [reason for reason in nodes.unread if reason not in known]
        told: tuple[tuple[dict[int, Any], Mapping[int, Any]], ...] = (
            (self._subtrees, nodes.subtrees), (self._annotations, nodes.annotations),
        )  # fmt: skip
        for mine, theirs in told:
            mine.update(zip(rows[np.fromiter(theirs, np.int64, len(theirs))].tolist(), theirs.values(), strict=True))
        top = int(self.level[node]) + 1 if node >= 0 else 0
        at: Any = _run(rows) if len(rows) else rows
        self.alive[at], self.children[at], self.has_content[at] = True, nodes.children, nodes.has_content
        self.level[at] = nodes.level + top
        for k, group in enumerate(nodes.by_level, top):
            while len(self._levels) <= k:
                self._levels.append(np.zeros(0, np.int64))
            self._levels[k] = np.concatenate([self._levels[k], rows[group]])
        if node >= 0:
            self.children[node] += int((nodes.parent < 0).sum())
            if not self.stub[node] and len(self.contents[node]) == 1:
                self.stub[node], self.has_content[node] = EXTERNAL, False
            self.grown[node] = True
        self.version += 1


def _run(rows: Int) -> slice | Int:
    """Rows as a slice where they follow each other, which is copied far quicker."""
    first = int(rows[0])
    return slice(first, first + len(rows)) if (np.diff(rows) == 1).all() else rows


def _none_of(nodes: Nodes) -> Nodes:
    """No node of a branch, its documents and reasons kept."""
    kept = {f.name: getattr(nodes, f.name)[:0] for f in fields(nodes) if f.name in (*_KEPT, "parent", "contents")}
    return Nodes(**kept, documents=nodes.documents, unread=nodes.unread)
