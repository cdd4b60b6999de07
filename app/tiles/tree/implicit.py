"""Implicit tiling: quadtrees and octrees whose tiles are bits in subtrees, as branches of the node table.

Source: OGC 22-025r4 (3D Tiles 1.1) section 7.6; 3DTILES_implicit_tiling, 3DTILES_multiple_contents, 3DTILES_metadata:
their forms in 3D Tiles 1.0. Tiles of a level lie in Morton order: the bits of x, y (and z) interleaved, x lowest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat, zip_longest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tiles.mesh import Unreadable
from app.tiles.tree import volumes
from app.tiles.tree.metadata import Rows
from app.tiles.tree.nodes import DEEPEST, SUBTREE, Annotation, Nodes, Seed
from app.tiles.tree.properties import columns
from app.tiles.tree.shapes import LARGEST
from app.tiles.tree.subtree import Beside, SubtreeFile, extended, item

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MOST_LEVELS = 30
"""Of a tree, below its root: a square of 10,000 km is then 1 cm wide."""
MOST_TILES = 6_000_000
"""Bits of one subtree: 11 levels of a quadtree, 7 of an octree."""
_AXES = ("level", "x", "y", "z")


class Template:
    """Addresses of tiles by {level}, {x}, {y} and {z}."""

    def __init__(self, text: str, octree: bool, join: Callable[[str], str]) -> None:
        """`text` as the document writes it, `join` makes addresses of it.

        Raises:
            ValueError: tiles would not have an address each.
        """
        needed = _AXES if octree else _AXES[:3]
        missing = [name for name in needed if f"{{{name}}}" not in text]
        if missing:
            raise ValueError(f"its address {text[:80]!r} lacks {{{missing[0]}}}")
        if "{z}" in text and not octree:
            raise ValueError(f"its address {text[:80]!r} has a {{z}}, which a quadtree has not")
        for name in _AXES:
            text = text.replace(f"{{{name}}}", f"surplus-{name}-place")
        address = join(text).replace("%", "%%")
        places = sorted((address.find(f"surplus-{n}-place", k), n) for n in needed for k in _finds(address, n))
        self._order = [_AXES.index(name) for _, name in places]
        for name in needed:
            address = address.replace(f"surplus-{name}-place", "%d")
        self._text = address

    def of(self, level: int, x: int, y: int, z: int) -> str:
        """Address of one tile."""
        at = (level, x, y, z)
        return self._text % tuple(at[k] for k in self._order)

    def all(self, level: Int, at: Int) -> list[str]:
        """[tile] addresses."""
        listed = (level.tolist(), *(at[:, k].tolist() for k in range(3)))
        text = self._text
        return [text % values for values in zip(*(listed[k] for k in self._order), strict=True)]


def _finds(text: str, name: str) -> Iterable[int]:
    """Where a variable stands."""
    start = text.find(f"surplus-{name}-place")
    while start >= 0:
        yield start
        start = text.find(f"surplus-{name}-place", start + 1)


@dataclass(frozen=True)
class Tiling:
    """What all subtrees of one tile of implicit tiling have in common."""

    octree: bool
    subtree_levels: int
    available_levels: int
    subtrees: Template
    contents: tuple[Template, ...]
    groups: tuple[int, ...]
    """[content] row of the document's groups, -1: none."""
    kind: int
    """Of the root's volume."""
    volume: Sequence[float]
    error_m: float
    """Of the root, as the document gives it."""
    replace: bool

    @property
    def branching(self) -> int:
        """Children of a tile: 4 or 8."""
        return 8 if self.octree else 4


class Subtree(NamedTuple):
    """Which subtree a stub stands for, by its root."""

    tiling: Tiling
    level: int
    x: int
    y: int
    z: int


def tiling(
    said: Any, contents: Sequence[tuple[str, int]], *, volume: Any, error_m: float, replace: bool,
    join: Callable[[str], str],
) -> Tiling:  # fmt: skip
    """The tiling that a tile declares; `contents` are address templates and groups, `volume` has kind and values.

    Raises:
        ValueError: it is malformed, in words.
    """
    if not isinstance(said, Mapping):
        raise ValueError("implicitTiling is no object")
    scheme = said.get("subdivisionScheme")
    if scheme not in ("QUADTREE", "OCTREE"):
        raise ValueError(f"subdivisionScheme {str(scheme)[:40]} is neither QUADTREE nor OCTREE")
    octree = scheme == "OCTREE"
    levels: Any = said.get("subtreeLevels")
    deep: Any = said.get("availableLevels")
    if deep is None and type(said.get("maximumLevel")) is int:
        deep = said["maximumLevel"] + 1
    for name, count in (("subtreeLevels", levels), ("availableLevels", deep)):
        if type(count) is not int or count < 1:
            raise ValueError(f"{name} {str(count)[:40]} is no number of levels")
    if deep > MOST_LEVELS:
        raise ValueError(f"availableLevels {deep} are more than {MOST_LEVELS}")
    if levels > MOST_LEVELS or _tiles_above(levels, octree) > MOST_TILES:
        raise ValueError(f"subtreeLevels {levels} make subtrees of more than {MOST_TILES:,} tiles")
    kind, values = volume
    if kind not in (volumes.BOX, volumes.REGION, volumes.S2):
        raise ValueError("its boundingVolume is neither box nor region nor S2 cell, and cannot be divided")
    if kind == volumes.S2 and values[1] + deep - 1 > 30:
        raise ValueError(f"availableLevels {deep} go below the smallest S2 cells")
    where = said.get("subtrees")
    uri = where.get("uri", where.get("url")) if isinstance(where, Mapping) else None
    if type(uri) is not str:
        raise ValueError("subtrees has no uri")
    return Tiling(
        octree, levels, deep, Template(uri, octree, join), tuple(Template(t, octree, join) for t, _ in contents),
        tuple(g for _, g in contents), kind, values, error_m, replace,
    )  # fmt: skip


def expand(seed: Seed, content: bytes, beside: Beside) -> Nodes:
    """The branch that a subtree file is: its tiles, and a stub for each child subtree.

    Raises:
        Unreadable: the subtree is malformed, with the reason.
    """
    at = seed.subtree
    assert at is not None
    made, file = at.tiling, SubtreeFile(content, beside)
    n, levels = made.branching, made.subtree_levels
    count = _tiles_above(levels, made.octree)
    bits = file.bits(file.json.get("tileAvailability"), count, "tileAvailability")
    stands, level, morton = _standing(bits, n, min(levels, made.available_levels - at.level))
    tiles = np.flatnonzero(stands)
    row_of = np.full(count, -1, np.int64)
    row_of[tiles] = np.arange(len(tiles))
    first = _tiles_above(level, made.octree)
    parent = np.where(level > 0, (first - 1) // n + morton // n, 0)  # breadth first: children of k are n k + 1 ...
    below = _child_subtrees(file, made, at, row_of, levels)
    own = np.concatenate([level[tiles], np.full(len(below), levels)])
    places = np.concatenate([morton[tiles], below])
    where = np.array([at.x, at.y, at.z]) * (1 << own)[:, None] + _from_morton(places, levels + 1, made.octree)
    absolute = own + at.level
    edge = row_of[_tiles_above(levels - 1, made.octree) + below // n]
    above = np.concatenate([np.where(level[tiles] > 0, row_of[parent[tiles]], -1), edge])
    told, said, unread = _metadata(file, seed, bits, tiles)
    contents, notes = _contents(file, made, bits, tiles, absolute, where)
    stubs = len(below)
    if stubs:
        contents += [(a,) for a in made.subtrees.all(absolute[-stubs:], where[-stubs:])]
    if seed.level + 1 + levels > DEEPEST:
        raise Unreadable(f"the subtree lies deeper than {DEEPEST} levels")
    corner = where[len(tiles) :].T.tolist()
    roots = map(Subtree, repeat(made), repeat(at.level + levels), *corner)
    subtrees = dict(zip(range(len(tiles), len(tiles) + stubs), roots, strict=False))
    made_of = _nodes(seed, above, absolute, where, contents, subtrees, notes | said, told, len(tiles))
    return replace(made_of, unread=unread)


def _standing(bits: Bool, n: int, levels: int) -> tuple[Bool, Int, Int]:
    """[bit] tiles that stand (available, and so is all above them), their level and place along the Morton curve."""
    count = len(bits)
    level, morton, stands = np.zeros(count, np.int64), np.zeros(count, np.int64), bits.copy()
    start, size, k = 0, 1, 0
    while start < count:
        part = slice(start, start + size)
        level[part], morton[part] = k, np.arange(size)
        if k >= levels:
            stands[part] = False
        elif k:
            stands[part] &= np.repeat(stands[start - size // n : start], n)
        start, size, k = start + size, size * n, k + 1
    return stands, level, morton


def _child_subtrees(file: SubtreeFile, made: Tiling, at: Subtree, row_of: Int, levels: int) -> Int:
    """Morton places, a level below the subtree, of the child subtrees that there are."""
    if at.level + levels >= made.available_levels:
        return np.zeros(0, np.int64)
    count = made.branching**levels
    there = file.bits(file.json.get("childSubtreeAvailability"), count, "childSubtreeAvailability")
    last = row_of[_tiles_above(levels - 1, made.octree) :]
    return np.flatnonzero(there & np.repeat(last >= 0, made.branching))


def _contents(
    file: SubtreeFile, made: Tiling, bits: Bool, tiles: Int, level: Int, where: Int
) -> tuple[list[tuple[str, ...]], dict[int, Any]]:
    """[tile] addresses of the contents, and the groups that they belong to."""
    n = len(tiles)
    there = [b[tiles] for b in file.content_bits(len(bits), len(made.contents))]
    notes: dict[int, Any] = {}
    if not there:
        return [()] * n, notes
    found: list[tuple[str, ...]] = [()] * n
    for template, has in zip(made.contents, there, strict=True):
        rows = np.flatnonzero(has)
        for row, address in zip(rows.tolist(), template.all(level[rows], where[rows]), strict=True):
            found[row] = (*found[row], address)
    if any(g >= 0 for g in made.groups) and "contentMetadata" not in file.json and "tileMetadata" not in file.json:
        for row in np.flatnonzero(np.any(there, axis=0)).tolist():
            groups = tuple(g for g, has in zip(made.groups, there, strict=True) if has[row])
            notes[row] = Annotation(None, (None,) * len(groups), groups)
    return found, notes


def _nodes(
    seed: Seed, parent: Int, level: Int, where: Int, contents: list[tuple[str, ...]], subtrees: dict[int, Subtree],
    notes: dict[int, Any], told: tuple[Rows, Int] | None, tiles: int,
) -> Nodes:  # fmt: skip
    """The columns: volumes divided, errors halved a level, unless the tiles' metadata say otherwise."""
    assert seed.subtree is not None
    made, n = seed.subtree.tiling, len(parent)
    kind, values = made.kind, volumes.divided(made.kind, made.volume, level, where, made.octree)
    error, refined = made.error_m * np.exp2(-level.astype(np.float64)), np.full(n, made.replace)
    matrix = np.repeat(seed.matrix[None], n, axis=0)
    own: tuple[int, Float] | None = None
    if told is not None:
        values[:tiles] = _with_heights(kind, values[:tiles], *told)
        own = _own_volumes(*told)
        given = _of(*told, "TILE_GEOMETRIC_ERROR")
        if given is not None:
            error[:tiles] = np.where(given[:, 0] >= 0, np.minimum(given[:, 0], LARGEST), error[:tiles])
        refine = _of(*told, "TILE_REFINE")
        if refine is not None:
            refined[:tiles] = refine[:, 0] == 1
    bound = volumes.bounds(kind, values, matrix, seed.world_from_earth)
    if own is not None:
        good = np.asarray((np.abs(own[1]) < LARGEST).all(axis=1))
        theirs = np.where(good[:, None], own[1], 0.0)
        other = volumes.bounds(own[0], theirs, matrix[:tiles], seed.world_from_earth)
        for mine, given in zip(bound, other, strict=True):
            mine[:tiles][good] = given[good]
    stretch = float(volumes.scale(seed.matrix[None])[0]) / float(volumes.scale(seed.world_from_earth[None])[0])
    stub = np.zeros(n, np.int8)
    stub[tiles:] = SUBTREE
    return Nodes(
        parent=parent, geometric_error_m=error * stretch, replace=refined, centre_m=bound.centre_m,
        radius_m=bound.radius_m, half_m=bound.half_m, matrix=matrix, contents=contents, stub=stub,
        expire_s=np.full(n, math.inf), has_request=np.zeros(n, bool), request_centre_m=np.zeros((n, 3)),
        request_half_m=np.zeros((n, 3)), documents=(seed.document,), subtrees=subtrees, annotations=notes,
    )  # fmt: skip


def _table(file: SubtreeFile, seed: Seed, index: Any) -> Rows:
    """Property table `index` of the subtree."""
    held = extended(file.json, "3DTILES_metadata")
    table = item(file.json.get("propertyTables", held.get("propertyTables")), index, "property table")
    if seed.document.schema is None:
        raise Unreadable("the subtree has metadata, but the tileset has no schema")
    properties = seed.document.schema.of(table.get("class"))
    return Rows(str(table["class"]), properties, columns(properties, table, file.view))


def _metadata(
    file: SubtreeFile, seed: Seed, bits: Bool, tiles: Int
) -> tuple[tuple[Rows, Int] | None, dict[int, tuple[Told, int]], tuple[tuple[str, str], ...]]:
    """What is told of the tiles, who tells it by row, and why it cannot be read: the tiles stand all the same."""
    try:
        told = _told(file, seed, bits, tiles)
        return told, _annotations(file, seed, bits, tiles, told), ()
    except Unreadable as error:
        return None, {}, ((seed.address, f"its metadata are left out: {error}"),)


def _told(file: SubtreeFile, seed: Seed, bits: Bool, tiles: Int) -> tuple[Rows, Int] | None:
    """Metadata of the tiles and the row of each; None without, or where they cannot be read."""
    index = file.json.get("tileMetadata")
    if index is None:
        return None
    rows = _table(file, seed, index)
    rank = np.cumsum(bits) - 1
    if int(rank[-1]) >= min((len(c) for c in rows.columns.values()), default=len(bits)):
        raise Unreadable(f"the metadata of the subtree's tiles have fewer rows than the {int(rank[-1]) + 1} tiles")
    return rows, rank[tiles]


def _of(rows: Rows, rank: Int, semantic: str) -> Float | None:
    found = rows.column(semantic)
    return None if found is None else found[rank]


def _with_heights(kind: int, values: Float, rows: Rows, rank: Int) -> Float:
    """Regions and cells with the heights that the tiles give."""
    if kind in (volumes.REGION, volumes.S2):
        for place, semantic in ((4, "TILE_MINIMUM_HEIGHT"), (5, "TILE_MAXIMUM_HEIGHT")):
            given = _of(rows, rank, semantic)
            if given is not None:
                values[:, place] = np.where(np.abs(given[:, 0]) < LARGEST, given[:, 0], values[:, place])
    return values


def _own_volumes(rows: Rows, rank: Int) -> tuple[int, Float] | None:
    """Volumes that the tiles give themselves."""
    for semantic, kind in (("TILE_BOUNDING_BOX", volumes.BOX), ("TILE_BOUNDING_REGION", volumes.REGION),
                           ("TILE_BOUNDING_SPHERE", volumes.SPHERE)):  # fmt: skip
        given = _of(rows, rank, semantic)
        if given is not None and given.shape[1] == volumes.WIDTH[kind]:
            return kind, given
    return None


class Told:
    """Metadata of the tiles of a subtree and of their contents, made into words when somebody asks."""

    def __init__(
        self, tiles: tuple[Rows, Int] | None, contents: list[tuple[Rows | None, Int, Bool]], groups: tuple[int, ...]
    ) -> None:
        self._tiles, self._contents, self._groups = tiles, contents, groups

    def row(self, k: int) -> Annotation:
        """Of tile `k` of the subtree, in the order of its rows."""
        tile = None if self._tiles is None else self._tiles[0].row(int(self._tiles[1][k]))
        there = [(*c, g) for c, g in zip(self._contents, self._groups, strict=True) if c[2][k]]
        contents = tuple(None if rows is None else rows.row(int(rank[k])) for rows, rank, _, _ in there)
        return Annotation(tile, contents, tuple(g for *_, g in there))


def _annotations(
    file: SubtreeFile, seed: Seed, bits: Bool, tiles: Int, told: tuple[Rows, Int] | None
) -> dict[int, tuple[Told, int]]:
    """row -> who tells its metadata, and which of the rows it is."""
    assert seed.subtree is not None
    made = seed.subtree.tiling
    listed = file.json.get("contentMetadata")
    if told is None and not listed:
        return {}
    listed = listed if isinstance(listed, list) else []
    tables: list[tuple[Rows | None, Int, Bool]] = []
    for has, index in zip_longest(file.content_bits(len(bits), len(made.contents)), listed[: len(made.contents)]):
        rows = _table(file, seed, index) if type(index) is int else None
        if rows is not None and int(has.sum()) > min((len(c) for c in rows.columns.values()), default=len(bits)):
            raise Unreadable("the metadata of the subtree's contents have fewer rows than there are contents")
        tables.append((rows, (np.cumsum(has) - 1)[tiles], has[tiles]))
    teller = Told(told, tables, made.groups)
    return dict(zip(range(len(tiles)), zip(repeat(teller), range(len(tiles))), strict=False))


def _from_morton(places: Int, levels: int, octree: bool) -> Int:
    """[place, 3] x, y, z of places along the Morton curve."""
    at, axes = np.zeros((len(places), 3), np.int64), 3 if octree else 2
    for bit in range(levels):
        for axis in range(axes):
            at[:, axis] |= (places >> (axes * bit + axis) & 1) << bit
    return at


def _tiles_above(level: Any, octree: bool) -> Any:
    """Tiles in all levels above `level`."""
    return ((1 << (3 * level)) - 1) // 7 if octree else ((1 << (2 * level)) - 1) // 3
