"""What becomes rows of the node table: a document's branch as columns, and what a worker needs to make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from app.tiles.fetch import Source
    from app.tiles.tree.implicit import Subtree, Told
    from app.tiles.tree.metadata import Metadata, Schema

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

EXTERNAL, SUBTREE = 1, 2
"""Kinds of stub: the content is a tileset; the node stands for a subtree of implicit tiling."""
DEEPEST = 512
"""Levels; tiles below that are left out (the screen's error halves with each level at least)."""


@dataclass(frozen=True)
class Document:
    """What the tiles of one tileset.json have in common."""

    address: str
    chain: tuple[str, ...] = ()
    """Addresses of the documents through which it was reached, outermost first."""
    up_axis: str = "Y"
    """Axis of the glTF contents that points up (`asset.gltfUpAxis`; Y since 1.1)."""
    metadata: Metadata | None = None
    """Of the tileset."""
    group_names: tuple[str, ...] = ()
    """[group] of 3DTILES_metadata, where contents name their group; else contents give its row."""
    groups: tuple[Metadata | None, ...] = ()
    """[group] what the contents of a group have in common."""
    schema: Schema | None = None


NO_DOCUMENT = Document("")


@dataclass(frozen=True)
class Annotation:
    """What is said about a tile and its contents beside their geometry."""

    tile: Metadata | None = None
    contents: tuple[Metadata | None, ...] = ()
    """[content]."""
    groups: tuple[int, ...] = ()
    """[content] row of the document's groups, -1: none."""


@dataclass(frozen=True)
class Nodes:
    """A branch as columns [node], parents before children; everything in world coordinates."""

    parent: Int
    """Row within the branch; -1: the node it is grafted onto."""
    geometric_error_m: Float
    """In the tileset's own metres (the largest scale of the tile's transform included)."""
    replace: Bool
    """Refinement REPLACE (else ADD)."""
    centre_m: Float
    """[node, 3] of the bounding sphere and box."""
    radius_m: Float
    half_m: Float
    """[node, 3] half extents of the box around the volume, along the world's axes."""
    matrix: Float
    """[node, 4, 4] world from tile."""
    contents: list[tuple[str, ...]]
    """Addresses of the contents; of a stub the one of its document. Empty: none."""
    stub: NDArray[np.int8]
    """0, EXTERNAL or SUBTREE."""
    expire_s: Float
    """Seconds after which a content that was read is to be read again; inf: never."""
    has_request: Bool
    """Whether the node has a viewerRequestVolume: outside of it neither content nor children are asked for."""
    request_centre_m: Float
    request_half_m: Float
    """[node, 3] its box, world."""
    documents: tuple[Document, ...] = (NO_DOCUMENT,)
    document: NDArray[np.int32] | None = None
    """[node] row of `documents`; None: all of the first."""
    subtrees: Mapping[int, Subtree] = field(default_factory=dict)
    """node -> which subtree a SUBTREE stub stands for."""
    annotations: Mapping[int, Annotation | tuple[Told, int]] = field(default_factory=dict)
    """node -> what is said about it, or who tells it; nodes without metadata are absent."""
    unread: tuple[tuple[str, str], ...] = ()
    """Parts that are left out: (address, reason)."""

    def __len__(self) -> int:
        return len(self.contents)

    @cached_property
    def level(self) -> Int:
        """Level within the branch, its top 0: by jumps that double, as many as the depth has binary digits."""
        level = (self.parent >= 0).astype(np.int64)
        above = self.parent
        while (above >= 0).any():
            inner = above >= 0
            place = np.maximum(above, 0)
            level, above = level + np.where(inner, level[place], 0), np.where(inner, above[place], -1)
        return level

    @cached_property
    def by_level(self) -> tuple[Int, ...]:
        """Rows of each level, the branch's top first."""
        order = np.argsort(self.level, kind="stable")
        return tuple(np.split(order, np.flatnonzero(np.diff(self.level[order])) + 1)) if len(self) else ()

    @cached_property
    def children(self) -> Int:
        """Number of children within the branch."""
        return np.bincount(self.parent[self.parent >= 0], minlength=len(self))

    @cached_property
    def has_content(self) -> Bool:
        """Nodes with something to draw."""
        return np.fromiter(map(bool, self.contents), bool, len(self)) & (self.stub == 0)

    def worked_out(self) -> Nodes:
        """The same, with all that a graft needs worked out: on a worker, so that the drawing thread need not."""
        _ = self.by_level, self.children, self.has_content
        return self


@dataclass(frozen=True)
class Seed:
    """All that a worker needs to make a branch of a stub's document; it never touches the table."""

    address: str
    document: Document
    matrix: Float
    """[4, 4] world from tile of the node."""
    world_from_earth: Float
    replace: bool
    geometric_error_m: float
    level: int
    centre_m: Float
    radius_m: float
    half_m: Float
    subtree: Subtree | None = None
    """Set for a stub of implicit tiling; None: the document is a tileset."""
    source: Source | None = None
    """Where the tileset's files come from; None: from beside `address`."""
    content: int = 0
    """Which of the node's contents it is."""
    told: bool = False
    """Whether metadata say something of content, group, tile or tileset."""
