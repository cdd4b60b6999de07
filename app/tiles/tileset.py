"""A tileset as a flat table of nodes, parents before children, so that selection is a few array passes.

3D Tiles 1.0 and 1.1, explicit tiling. Transforms are composed in float64; volumes become world spheres, tight
enough for culling city tiles. Source: OGC 22-025r4 (3D Tiles 1.1), sections 7.3 to 7.6.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray

from app.tiles.geodesy import ecef_from_enu, ecef_from_geodetic, geodetic_from_ecef
from network.problems import Refused

Float = NDArray[np.float64]
Int = NDArray[np.int64]

TIMEOUT_S = 10.0
LARGEST_BYTES = 256 << 20
"""Of one answer from a server; a tile is 100 times smaller."""
MOST_NODES = 1_000_000
"""Of a tileset with all that it grafts; tilesets that name each other would never end."""
NOWHERE_M = 1e7
"""Extent of a tile that does not say where it is."""


@dataclass(frozen=True)
class Tileset:
    """[node] columns; a node is a tile. Row order: parents before children."""

    parent: Int
    """Row of the parent, -1 at the root."""
    level: Int
    geometric_error_m: Float
    replace: NDArray[np.bool_]
    """Refinement REPLACE (else ADD)."""
    centre_m: Float
    """[node, 3] of the bounding sphere, world."""
    radius_m: Float
    half_m: Float
    """[node, 3] half extents of the box around the volume, along the world's axes."""
    low_m: Float
    """Lowest height of the volume, world."""
    matrix: Float
    """[node, 4, 4] world from tile."""
    uri: tuple[str, ...]
    """Absolute address of the content, empty where a node has none."""
    unread: tuple[tuple[str, str], ...] = ()
    """Parts of the tileset that are left out: (address, reason)."""

    def __len__(self) -> int:
        return len(self.uri)

    @cached_property
    def has_content(self) -> NDArray[np.bool_]:
        """Nodes with something to draw."""
        return np.array([bool(u) for u in self.uri], bool)

    @cached_property
    def has_children(self) -> NDArray[np.bool_]:
        """Inner nodes."""
        inner = np.zeros(len(self), bool)
        inner[self.parent[self.parent >= 0]] = True
        return inner

    @cached_property
    def children(self) -> Int:
        """Number of children."""
        return np.bincount(self.parent[self.parent >= 0], minlength=len(self))

    @cached_property
    def levels(self) -> tuple[Int, ...]:
        """Rows of each level, root first."""
        return tuple(np.flatnonzero(self.level == k) for k in range(int(self.level.max(initial=0)) + 1))


def fetch(address: str) -> bytes:
    """Bytes at a path or http(s) address.

    Raises:
        OSError: not there, or no answer.
    """
    if urlsplit(address).scheme in ("http", "https"):
        try:
            with urlopen(address, timeout=TIMEOUT_S) as answer:
                body = bytes(answer.read(LARGEST_BYTES + 1))
        except HTTPException as error:
            raise OSError(f"the server's answer broke off or makes no sense ({error!r})") from error
        if len(body) > LARGEST_BYTES:
            raise OSError(f"the server sends more than {LARGEST_BYTES >> 20} MiB")
        return body
    return Path(address).read_bytes()


def file_bytes(address: str) -> int:
    """Size of a file, 0 where it is not known before it is fetched."""
    try:
        return 0 if urlsplit(address).scheme in ("http", "https") else Path(address).stat().st_size
    except OSError:
        return 0


def join(base: str, relative: str) -> str:
    """Address of `relative` seen from the document `base`."""
    if urlsplit(base).scheme in ("http", "https") or urlsplit(relative).scheme in ("http", "https"):
        return urljoin(base, quote(relative, safe="/%?=&:#;,+@"))
    return str(Path(base).parent / unquote(relative.split("?")[0]))


def load(address: str, *, world_from_root: Float | None = None) -> tuple[Tileset, Float]:
    """The node table of the tileset.json at `address`, and the matrix world from earth-centred that was used.

    Without `world_from_root` (a tileset alone, no district) the world's origin is put under the root's volume.

    Raises:
        Refused: the file is missing or is no tileset.
    """
    document = _read(address)
    rows: list[tuple[int, int, float, bool, Float, float, Float, float, Float, str]] = []
    unread: list[tuple[str, str]] = []
    try:
        if world_from_root is None:
            world_from_root = _own_frame(document["root"])
        _walk(document["root"], address, world_from_root, rows, unread)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"{address}: a node of the tileset is malformed ({error}); export it again.") from error
    order = sorted(range(len(rows)), key=lambda i: rows[i][1])
    place = {old: new for new, old in enumerate(order)}
    rows = [rows[i] for i in order]
    table = Tileset(
        parent=np.array([place.get(r[0], -1) for r in rows], np.int64),
        level=np.array([r[1] for r in rows], np.int64),
        geometric_error_m=np.array([r[2] for r in rows]),
        replace=np.array([r[3] for r in rows], bool),
        centre_m=np.array([r[4] for r in rows]),
        radius_m=np.array([r[5] for r in rows]),
        half_m=np.array([r[6] for r in rows]),
        low_m=np.array([r[7] for r in rows]),
        matrix=np.array([r[8] for r in rows]),
        uri=tuple(r[9] for r in rows),
        unread=tuple(unread),
    )
    return table, world_from_root


def _read(address: str) -> dict[str, Any]:
    try:
        document = json.loads(fetch(address))
    except OSError as error:
        raise Refused(f"{address}: the tileset cannot be read ({error}); name an existing tileset.json.") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{address}: not a tileset: {error}; name a 3D Tiles tileset.json.") from error
    if not isinstance(document, dict) or not isinstance(document.get("root"), dict):
        raise Refused(f"{address}: not a tileset: it has no root; name a 3D Tiles tileset.json.")
    return document


def _walk(
    tile: dict[str, Any], base: str, world_from_root: Float, rows: list[Any], unread: list[tuple[str, str]]
) -> None:
    """Append `tile` and all below it; an external tileset is grafted in place of its content."""
    stack: list[tuple[dict[str, Any], int, int, Float, bool, str, int]] = [
        (tile, -1, 0, world_from_root, True, base, 0)
    ]
    while stack:
        node, parent, level, above, replace, document, depth = stack.pop()
        matrix = above @ _transform(node)
        replace = node.get("refine", "REPLACE" if replace else "ADD").upper() == "REPLACE"
        centre, radius, half = _volume(node.get("boundingVolume", {}), matrix, world_from_root)
        uri = _content(node, document, unread)
        address = join(document, uri) if uri else ""
        inner: dict[str, Any] | None = None
        if address.split("?")[0].endswith(".json") and depth < 8:
            try:
                inner = _read(address)
                address_of_inner, address = address, ""
            except Refused:
                inner = None  # stays as a content that fails, and is listed with its reason
        row = len(rows)
        if row >= MOST_NODES:
            raise Refused(f"{base}: the tileset has more than {MOST_NODES:,} nodes; do its parts name each other?")
        error = float(node.get("geometricError", 0.0))
        low = float(centre[2] - (half[2] if half[2] < NOWHERE_M else 0.0))
        rows.append((parent, level, error, replace, centre, radius, half, low, matrix, address))
        stack += [(child, row, level + 1, matrix, replace, document, depth) for child in node.get("children", ())]
        if inner is not None:
            stack.append((inner["root"], row, level + 1, matrix, replace, address_of_inner, depth + 1))


def _content(node: dict[str, Any], document: str, unread: list[tuple[str, str]]) -> str:
    """Relative address of a node's content; what cannot be read of it is added to `unread`."""
    contents = [node["content"]] if node.get("content") else list(node.get("contents", ()))
    addresses = [str(c.get("uri") or c.get("url") or "") for c in contents]
    if "implicitTiling" in node:
        unread += [(join(document, a), "implicit tiling is not read") for a in addresses or [""]]
        return ""
    unread += [(join(document, a), "only the first of several contents is read") for a in addresses[1:]]
    return addresses[0] if addresses else ""


def _transform(node: dict[str, Any]) -> Float:
    values = node.get("transform")
    return np.array(values, np.float64).reshape(4, 4).T if values and len(values) == 16 else np.eye(4)


def _volume(volume: dict[str, Any], matrix: Float, world_from_root: Float) -> tuple[Float, float, Float]:
    """World centre, radius and half extents of a box, sphere or region (regions are earth-fixed: no transform)."""
    if "box" in volume:
        box = np.array(volume["box"], np.float64)
        axes = matrix[:3, :3] @ box[3:].reshape(3, 3).T
        centre, reach = (matrix @ [*box[:3], 1.0])[:3], np.abs(axes).sum(axis=1)
        corners = [axes @ (a, b, 1.0) for a in (-1, 1) for b in (-1, 1)]  # the other four lie opposite
        return centre, float(max(np.linalg.norm(c) for c in corners)), reach
    if "sphere" in volume:
        x, y, z, r = (float(v) for v in volume["sphere"])
        scale = float(np.linalg.norm(matrix[:3, :3], axis=0).max())
        centre = (matrix @ [x, y, z, 1.0])[:3]
        return centre, r * scale, np.full(3, r * scale)
    if "region" in volume:
        w, s, e, n, low, high = (float(v) for v in volume["region"])
        corners = [ecef_from_geodetic(b, a, h) for a in (w, (w + e) / 2, e) for b in (s, n) for h in (low, high)]
        points = (world_from_root @ np.c_[np.array(corners), np.ones(len(corners))].T).T[:, :3]
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
        radius = float(np.linalg.norm(points - centre, axis=1).max())
        return centre, radius, (points.max(axis=0) - points.min(axis=0)) / 2
    return matrix[:3, 3], NOWHERE_M, np.full(3, NOWHERE_M)


def _own_frame(root: dict[str, Any]) -> Float:
    """World from earth-centred with the origin under the root's volume; tilesets without a place keep their axes."""
    volume, identity = root.get("boundingVolume", {}), np.eye(4)
    centre, _, _ = _volume(volume, _transform(root), identity)
    if np.linalg.norm(centre) < 1e6:
        shift = np.eye(4)
        shift[:3, 3] = -centre
        return shift
    latitude, longitude, height = geodetic_from_ecef(centre)
    return np.asarray(np.linalg.inv(ecef_from_enu(latitude, longitude, height)))
