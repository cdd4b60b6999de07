"""Tiles that a tileset.json writes out one by one, as a branch of the node table.

3D Tiles 1.0 and 1.1, what older files write included (`content.url`, refine in lower case). What is malformed is named
and left out, alone or with what hangs below it; the rest stands. Source: OGC 22-025r4 sections 7.3 to 7.7.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tiles.tree import volumes
from app.tiles.tree.expiry import expire_s
from app.tiles.tree.implicit import Subtree, Tiling, tiling
from app.tiles.tree.metadata import entity
from app.tiles.tree.nodes import DEEPEST, EXTERNAL, SUBTREE, Annotation, Document, Nodes, Seed
from app.tiles.tree.shapes import LARGEST, Odd, Volume, error_of, extension, transform_of, volume_of

Float = NDArray[np.float64]
Json = dict[str, Any]
Join = Callable[[str], str]

MOST_TILES = 200_000
"""Of one document; larger tilesets are split into several, or implicit."""
MOST_REASONS = 100
"""Of one document that are told one by one."""
_SAYING = frozenset(("metadata", "group", "extensions"))
_LEAF = frozenset(("boundingVolume", "geometricError", "content"))
_BARE = frozenset(("uri", "boundingVolume"))
"""What most leaves and most contents say, and no more: they are read in less time."""
_PLAIN = re.compile(r"\w[\w.-]*\.(?:glb|gltf|b3dm|i3dm|pnts|cmpt|json)", re.ASCII)
_NAME = "surplus-name-of-a-tile.glb"


class _Tile(NamedTuple):
    """A tile and what it has of the one above; or all tiles below one, `json` being their list and `path` its own."""

    json: Any
    parent: int
    level: int
    matrix: int
    replace: bool
    error: float
    volume: Volume
    path: str


class Walk:
    """One walk over a document, level by level."""

    def __init__(self, seed: Seed, document: Document, join: Join) -> None:
        self._seed, self._document, self._join = seed, document, _Joined(join)
        self._matrices: list[Float] = [seed.matrix]
        self._rows: list[tuple[int, int, float, bool, float]] = []
        """parent, matrix, error, replace, expire."""
        self._volumes: list[Volume] = []
        self._contents: list[tuple[str, ...]] = []
        self._stub: list[int] = []
        self._requests: dict[int, Volume] = {}
        self._subtrees: dict[int, Subtree] = {}
        self._annotations: dict[int, Annotation] = {}
        self._unread: list[tuple[str, str]] = []
        self._waiting: deque[_Tile] = deque()
        self._awaited = 0  # tiles

    def run(self, root: Any, error: Any) -> Nodes:
        """The branch below `root`; `error` is the tileset's own geometric error, the root's where it gives none."""
        given, seed = error_of(error), self._seed
        above = seed.geometric_error_m if given is None else given
        nowhere = Volume(volumes.NOWHERE, [])
        self._wait(_Tile((root,), -1, seed.level + 1, 0, seed.replace, above, nowhere, ""))
        while self._waiting:
            siblings = self._waiting.popleft()
            self._awaited -= len(siblings.json)
            for k, node in enumerate(siblings.json):
                if len(self._rows) >= MOST_TILES:
                    self.leave_out("", f"the document has more than {MOST_TILES:,} tiles; those beyond are left out")
                    self._waiting.clear()
                    break
                if not self._leaf(node, siblings):
                    path = f"{siblings.path}/children/{k}" if siblings.path else "root"
                    tile = siblings._replace(json=node, path=path)
                    try:
                        self._add(tile)
                    except Odd as odd:
                        self.leave_out(tile.path, f"{odd}; it is left out with all below it")
        return self._nodes()

    def _wait(self, siblings: _Tile) -> None:
        """Tiles to be read later, no more than there may be."""
        some = siblings.json[: MOST_TILES + 1 - self._awaited]
        self._awaited += len(some)
        self._waiting.append(siblings._replace(json=some))

    def _leaf(self, node: Any, siblings: _Tile) -> bool:
        """Add a leaf that says what most say; False: it is none."""
        if type(node) is not dict or not node.keys() <= _LEAF or siblings.level > DEEPEST:
            return False
        error, content = error_of(node.get("geometricError")), node.get("content")
        if error is None:
            return False
        address = ""
        if content is not None:
            uri = content.get("uri") if type(content) is dict and content.keys() <= _BARE else None
            if type(uri) is not str or not uri or is_tileset_address(uri):
                return False
            try:
                address = self._join(uri)
            except (OSError, ValueError):
                return False
        try:
            volume = volume_of(node.get("boundingVolume"))
        except Odd:
            return False
        self._rows.append((siblings.parent, siblings.matrix, error, siblings.replace, math.inf))
        self._volumes.append(volume)
        self._contents.append((address,) if address else ())
        self._stub.append(0)
        return True

    def leave_out(self, path: str, reason: str) -> None:
        """List a part of the document that is not read."""
        if len(self._unread) == MOST_REASONS:
            self._unread.append((self._document.address, "and more of its tiles are malformed"))
        elif len(self._unread) < MOST_REASONS:
            self._unread.append((self._document.address, f"{_short(path)}: {reason}" if path else reason))

    def _add(self, tile: _Tile) -> None:
        node = tile.json
        if type(node) is not dict:
            raise Odd("a tile is no object")
        if tile.level > DEEPEST:
            raise Odd(f"it lies deeper than {DEEPEST} levels")
        matrix = tile.matrix
        if node.get("transform") is not None:
            self._matrices.append(self._moved(matrix, transform_of(node["transform"])))
            matrix = len(self._matrices) - 1
        volume = self._volume(node.get("boundingVolume"), tile)
        error = self._error(node, tile)
        replace = self._refinement(node, tile)
        row = len(self._rows)
        self._rows.append((tile.parent, matrix, error, replace, self._expiry(node, tile)))
        self._volumes.append(volume)
        self._contents.append(())
        self._stub.append(0)
        if "viewerRequestVolume" in node:
            try:
                self._requests[row] = volume_of(node["viewerRequestVolume"])
            except Odd as odd:
                self.leave_out(tile.path, f"its viewerRequestVolume is not heeded: {odd}")
        self._fill(node, tile, row, matrix, error, replace, volume)
        children = node.get("children", ())
        if type(children) not in (list, tuple):
            self.leave_out(tile.path, "its children are no list")
            children = ()
        if children and row in self._subtrees:
            self.leave_out(tile.path, "a tile of implicit tiling has children of its own; they are left out")
            children = ()
        if children:
            self._wait(_Tile(children, row, tile.level + 1, matrix, replace, error, volume, tile.path))

    def _moved(self, matrix: int, transform: Float) -> Float:
        """World from a tile with a transform of its own."""
        moved = self._matrices[matrix] @ transform
        if not 1 / LARGEST < np.abs(moved[:3, :3]).max() < LARGEST or np.abs(moved[:3, 3]).max() > LARGEST:
            raise Odd("the transforms down to it make it too large or too small")
        return moved

    def _volume(self, json: Any, tile: _Tile) -> Volume:
        try:
            return volume_of(json)
        except Odd as odd:
            self.leave_out(tile.path, f"{odd}; it counts as large as the tile above")
            return tile.volume

    def _error(self, node: Json, tile: _Tile) -> float:
        error: Any = node.get("geometricError")
        given = error_of(error)
        if given is not None:
            return given
        if error is not None:
            self.leave_out(tile.path, f"geometricError {str(error)[:40]} is no number from 0 on; that above is taken")
        return tile.error

    def _refinement(self, node: Json, tile: _Tile) -> bool:
        refine = node.get("refine")
        if refine is None:
            return tile.replace
        if type(refine) is str and refine.upper() in ("ADD", "REPLACE"):
            return refine.upper() == "REPLACE"
        self.leave_out(tile.path, f"refine {str(refine)[:40]} is neither ADD nor REPLACE; that above is taken")
        return tile.replace

    def _expiry(self, node: Json, tile: _Tile) -> float:
        content = node.get("content")
        expire = node.get("expire") or (content.get("expire") if type(content) is dict else None)
        try:
            return expire_s(expire) if expire is not None else math.inf
        except ValueError as reason:
            self.leave_out(tile.path, f"it never expires: {reason}")
            return math.inf

    def _fill(
        self, node: Json, tile: _Tile, row: int, matrix: int, error: float, replace: bool, volume: Volume
    ) -> None:
        """Contents, stubs and metadata of a tile."""
        about = entity(_said(node), self._document.schema)
        contents = self._listed(node, tile)
        implicit = extension(node, "3DTILES_implicit_tiling") or node.get("implicitTiling")
        if implicit is not None:
            made = self._tiling(implicit, contents, tile, error, replace, volume)
            if made is not None:
                self._contents[row], self._stub[row] = (made.subtrees.of(0, 0, 0, 0),), SUBTREE
                self._subtrees[row] = Subtree(made, 0, 0, 0, 0)
            if about is not None:
                self._annotations[row] = Annotation(about)
            return
        drawn: list[str] = []
        notes = []
        for one in contents:
            address = self._address(one, tile)
            if not address:
                continue
            if is_tileset_address(address):
                self._external(address, row, len(contents) == 1, matrix, error, replace, volume)
                continue
            drawn.append(address)
            notes.append(one)
        if not self._stub[row]:
            self._contents[row] = tuple(drawn)
        self._annotate(row, about, notes)

    def _annotate(self, row: int, about: Any, contents: list[Json]) -> None:
        if about is None and all(_SAYING.isdisjoint(one) for one in contents):
            return
        entities = tuple(entity(_said(one), self._document.schema) for one in contents)
        groups = tuple(group_of(one, self._document) for one in contents)
        if about is not None or any(e is not None for e in entities) or any(g >= 0 for g in groups):
            self._annotations[row] = Annotation(about, entities, groups)

    def _external(
        self, address: str, row: int, alone: bool, matrix: int, error: float, replace: bool, volume: Volume
    ) -> None:
        """The tile becomes a stub; beside other contents the external tileset is a child of its own."""
        if address == self._document.address or address in self._document.chain:
            self._unread.append((address, "the tileset names itself, through the tilesets that it names"))
            return
        if not alone:
            self._rows.append((row, matrix, error, replace, math.inf))
            self._volumes.append(volume)
            self._contents.append(())
            self._stub.append(0)
            row = len(self._rows) - 1
        self._contents[row], self._stub[row] = (address,), EXTERNAL

    def _listed(self, node: Json, tile: _Tile) -> list[Json]:
        """The contents of a tile, in each of the ways to write them."""
        several = extension(node, "3DTILES_multiple_contents")
        if type(several) is dict:
            several = several.get("contents", several.get("content"))
        listed = several if several is not None else node.get("contents")
        if listed is None:
            listed = [node["content"]] if node.get("content") is not None else []
        if type(listed) is not list:
            self.leave_out(tile.path, "its contents are no list")
            return []
        for one in listed:
            if type(one) is not dict:
                self.leave_out(tile.path, "a content is no object")
        return [one for one in listed if type(one) is dict]

    def _address(self, content: Json, tile: _Tile) -> str:
        uri = content.get("uri", content.get("url"))
        if type(uri) is not str or not uri:
            self.leave_out(tile.path, "a content has no uri")
            return ""
        try:
            return self._join(uri)
        except (OSError, ValueError) as error:
            self._unread.append((uri[:200], str(error)))
            return ""

    def _tiling(
        self, json: Any, contents: list[Json], tile: _Tile, error: float, replace: bool, volume: Volume
    ) -> Tiling | None:
        templates = []
        for one in contents:
            uri = one.get("uri", one.get("url"))
            if type(uri) is not str:
                self.leave_out(tile.path, "a content has no uri")
                return None
            templates.append((uri, group_of(one, self._document)))
        try:
            return tiling(json, templates, volume=volume, error_m=error, replace=replace, join=self._join)
        except (ValueError, OSError) as reason:
            self.leave_out(tile.path, f"its implicit tiling is not read: {reason}")
            return None

    def _nodes(self) -> Nodes:
        """The columns of all that was added."""
        parent, place, error, replace, expire = zip(*self._rows, strict=True) if self._rows else ((),) * 5
        stretched = np.array(self._matrices)
        matrix = stretched[np.array(place, np.int64)]
        own = max(float(volumes.scale(self._seed.world_from_earth[None])[0]), 1e-300)
        factor = (volumes.scale(stretched) / own)[np.array(place, np.int64)]
        found = self._bounds(matrix)
        n = len(self._rows)
        centre, half = np.zeros((n, 3)), np.zeros((n, 3))
        asked = np.zeros(n, bool)
        for row, request in self._requests.items():
            bound = volumes.bounds(request.kind, np.array([request.values]), matrix[row : row + 1], self._world)
            centre[row], half[row], asked[row] = bound.centre_m[0], bound.half_m[0], True
        return Nodes(
            parent=np.array(parent, np.int64), geometric_error_m=np.array(error, np.float64) * factor,
            replace=np.array(replace, bool), centre_m=found.centre_m, radius_m=found.radius_m, half_m=found.half_m,
            matrix=matrix, contents=self._contents, stub=np.array(self._stub, np.int8),
            expire_s=np.array(expire, np.float64), has_request=asked, request_centre_m=centre, request_half_m=half,
            documents=(self._document,), subtrees=self._subtrees, annotations=self._annotations,
            unread=tuple(self._unread),
        )  # fmt: skip

    @property
    def _world(self) -> Float:
        return self._seed.world_from_earth

    def _bounds(self, matrix: Float) -> volumes.Bounds:
        """Bounds of all tiles, one kind of volume at a time; tiles nowhere are where the seed is."""
        n = len(self._volumes)
        kinds = np.array([v.kind for v in self._volumes], np.int64)
        centre, radius, half = np.empty((n, 3)), np.empty(n), np.empty((n, 3))
        for kind in np.unique(kinds).tolist():
            rows = np.flatnonzero(kinds == kind)
            if kind == volumes.NOWHERE:
                centre[rows], radius[rows] = self._seed.centre_m, self._seed.radius_m
                half[rows] = self._seed.half_m
                continue
            values = np.array([self._volumes[r].values for r in rows.tolist()], np.float64)
            centre[rows], radius[rows], half[rows] = volumes.bounds(kind, values, matrix[rows], self._world)
        return volumes.Bounds(centre, radius, half)


class _Joined:
    """Addresses of what a document names; of plain names each folder is worked out once."""

    def __init__(self, join: Join) -> None:
        self._join, self._around = join, dict[str, tuple[str, str]]()

    def __call__(self, uri: str) -> str:
        folder, slash, name = uri.rpartition("/")
        if not _PLAIN.fullmatch(name):
            return self._join(uri)
        if folder not in self._around:
            before, _, after = self._join(f"{folder}{slash}{_NAME}").partition(_NAME)
            self._around[folder] = before, after
        before, after = self._around[folder]
        return f"{before}{name}{after}"


def _said(json: Json) -> Any:
    """Metadata of a tile or content as the document gives them."""
    said = json.get("metadata")
    return extension(json, "3DTILES_metadata") if said is None else said


def group_of(content: Json, document: Document) -> int:
    """Row of the group that a content belongs to, -1: none."""
    group = content.get("group")
    if group is None:
        said = extension(content, "3DTILES_metadata")
        group = said.get("group") if type(said) is dict else None
    if group in document.group_names:
        return document.group_names.index(group)
    return group if type(group) is int and 0 <= group < len(document.groups) else -1


def is_tileset_address(address: str) -> bool:
    """Whether the content at an address is a tileset by its name; others turn out when they are read."""
    return address.partition("?")[0].partition("#")[0].lower().endswith((".json", ".3tz"))


def _short(path: str) -> str:
    """A path of a tile that fits in a line."""
    return path if len(path) <= 80 else f"{path[:30]}...{path[-40:]}"
