"""The district as 3D Tiles 1.1: a tree of glb tiles, fine leaves under coarser parents that they replace.

Leaves are squares of about 250 m at most, smaller where much stands; a parent shows the same buildings with at most
a fifth of the triangles (tools.lod), its land and trees thinned alike (tools.lod_land). The root has content too, so
there is always something to draw. The root's transform takes the world's axes to the earth; tiles hold positions from
their own origin, so single precision stays far below a millimetre. A building belongs to one leaf, the one its foot
point stands in, a triangle of land to the one of its middle. Undersides and the ground are left out: nobody sees them.
Source: OGC 22-025r4 (3D Tiles 1.1).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import lod, lod_land, overlap
from tools.city import FaceKind
from tools.frame import Frame, ecef_from_world
from tools.geometry import Bodies, Mesh
from tools.glb import Drawn, Grove, Soil, glb
from tools.land import NO_LAND, Land
from tools.lod import FLAT, PITCHED, WALL
from tools.triangles import Triangles, in_plane
from tools.walls import Walls

Float = NDArray[np.float64]
Int = NDArray[np.int64]

CELL_M = 270.0
"""Side of the largest leaf: halving a place's side until it is below gives 135 to 270 m."""
_SMALLEST_M = 30.0
MOST_TRIANGLES = 40_000
"""A leaf with more is split, so that no tile is long in coming."""
SHARE = 0.2
"""Triangles of a parent over the fine ones below it, at most."""
_THINS = 0.5
"""Triangles of a grandparent over those of the parents, and from the third coarse level on its buildings as well: there
the eye is so far that a house is four pixels high, and the small ones may go."""
_ALL_SHOWN = 2
"""Coarse levels that show every building."""
_FEW = 500
"""A tile of no more buildings shows them all at any level."""
_MOST_AFAR = 60_000
"""Triangles of any coarse tile; over that the smallest buildings wait until one comes nearer."""
_LEAST_ERROR_M = 8.0
"""Geometric error of a coarse tile, at least: the height of a house, which must be small on the screen before it may
lose roof and windows."""
_GROWS = 2.2
"""Geometric error of a coarse tile over those of the coarse tiles below it, at least."""
FLAT_UP = 0.985
"""Roofs whose normal points up further than this (10 deg) are flat."""
PLAIN_M = 0.9
"""Faces narrower than this, along or up, carry neither windows nor edges."""
OVERHANG_M = 1.0
"""Undersides this far above the ground are drawn."""


@dataclass(frozen=True)
class Looks:
    """[face] what a tile says about faces, from which the vertex attributes are spread."""

    material: Float
    length_m: Float
    height_m: Float
    """H; -1 = plain."""


@dataclass(frozen=True)
class _City:
    """All that tiles are cut from."""

    folder: Path
    ids: tuple[str, ...]
    m: Mesh
    b: Bodies
    triangles: Triangles
    owner: Int
    """[triangle] building."""
    looks: Looks
    uv: Float
    figures: lod.Figures
    ladders: list[list[lod.Rung]]
    land: Land
    land_at: Float
    """[land triangle, 2] middles."""
    cell_m: float


@dataclass(frozen=True)
class _Square:
    """A node of the quadtree, and what stands in it."""

    name: str
    west_south: Float
    side_m: float
    buildings: Int
    triangles: Int
    land: Int
    trees: Int


@dataclass(frozen=True)
class _Tile:
    """A written tile with what its parent needs."""

    node: dict[str, Any]
    low: Float
    high: Float
    fine: int
    """Building triangles of the leaves below."""
    drawn: int
    """Building triangles of its own."""
    soil: lod_land.Piece | None
    soil_fine: int
    """Land triangles of the leaves below."""
    error_m: float
    level: int
    """0 = a leaf."""
    shown: Int
    """Buildings in it."""


def visible(m: Mesh, b: Bodies) -> NDArray[np.bool_]:
    """Faces that can be seen."""
    kind = m.faces.kind
    above = m.centroid[:, 2] > b.ground_m[m.faces.building] + OVERHANG_M
    return (kind == FaceKind.ROOF) | (kind == FaceKind.WALL) | ((kind == FaceKind.GROUND) & above)


def write(
    folder: Path, *, ids: tuple[str, ...], m: Mesh, b: Bodies, triangles: Triangles, place: Frame,
    land: Land | None = None, walls: Walls | None = None, cell_m: float = CELL_M,
) -> int:  # fmt: skip
    """Write tileset.json and its glb files to `folder`; number of tiles.

    `walls` [building]: materials, else paper. `cell_m`: side of the largest leaf.
    """
    folder.mkdir(parents=True, exist_ok=True)
    land = land or NO_LAND
    looks, uv = _vertices(m, b, triangles, walls)
    figures = _figures(m, b)
    owner = m.faces.building[triangles.face].astype(np.int64)
    middle = land.xyz[land.index][:, :, :2].mean(axis=1) if len(land) else np.zeros((0, 2))
    city = _City(folder, ids, m, b, triangles, owner, looks, uv, figures, lod.ladders(figures), land, middle,
                 cell_m)  # fmt: skip
    root = _root(city)
    tile = _fine(city, root, "all.glb") if _is_leaf(city, root) else None
    top = _coarse(city, root, [tile]) if tile is not None else _branch(city, root)
    (folder / "tileset.json").write_text(json.dumps(_tileset(top, place), indent=1))
    return len(list(folder.glob("*.glb")))


def _root(city: _City) -> _Square:
    """The smallest square that holds every foot, every tree and all land."""
    feet = np.column_stack([city.b.x_m, city.b.y_m])
    all_ = np.concatenate([feet, city.land_at, city.land.tree_m[:, :2]])
    low, high = all_.min(axis=0), all_.max(axis=0)
    side = float((high - low).max()) + 1e-3
    return _Square(
        "", (low + high - side) / 2, side, np.arange(len(feet)), np.arange(len(city.owner)), np.arange(len(city.land)),
        np.arange(len(city.land.tree_m)),
    )  # fmt: skip


def _is_leaf(city: _City, s: _Square) -> bool:
    """Small enough, and light enough or not to be split further."""
    light = len(s.triangles) + len(s.land) <= MOST_TRIANGLES
    return (s.side_m <= city.cell_m and (light or s.side_m <= 2 * _SMALLEST_M)) or (light and not len(s.buildings))


def _quarters(city: _City, s: _Square) -> list[_Square]:
    """The quarters in which something stands."""
    half = s.side_m / 2
    feet = np.column_stack([city.b.x_m, city.b.y_m])

    def quarter(points: Float) -> Int:
        right, up = (points >= s.west_south + half).T
        return right + 2 * up

    of_building = np.zeros(len(feet), np.int64)
    of_building[s.buildings] = quarter(feet[s.buildings])
    parts = (quarter(feet[s.buildings]), of_building[city.owner[s.triangles]], quarter(city.land_at[s.land]),
             quarter(city.land.tree_m[s.trees, :2]))  # fmt: skip
    found = []
    for k in range(4):
        rows = [all_[part == k] for all_, part in
                zip((s.buildings, s.triangles, s.land, s.trees), parts, strict=True)]  # fmt: skip
        if any(len(r) for r in rows[1:]):
            corner = s.west_south + half * np.array([k % 2, k // 2])
            found.append(_Square(f"{s.name}{k}", corner, half, *rows))
    return found


def _branch(city: _City, s: _Square) -> _Tile:
    """The tile of a square and all below it."""
    if _is_leaf(city, s):
        return _fine(city, s, f"{s.name}.glb")
    quarters = _quarters(city, s)
    while len(quarters) == 1 and not _is_leaf(city, quarters[0]):
        quarters = _quarters(city, quarters[0])
    return _coarse(city, s, [_branch(city, q) for q in quarters])


def _fine(city: _City, s: _Square, name: str) -> _Tile:
    """Write a leaf."""
    soil = lod_land.part(city.land, s.land, s.trees) if len(s.land) or len(s.trees) else None
    xyz = city.m.faces.xyz[city.triangles.index[s.triangles].reshape(-1)]
    low, high = xyz.min(axis=0, initial=np.inf), xyz.max(axis=0, initial=-np.inf)
    low, high = _reach(soil, low, high)
    origin = np.round(np.append((low + high)[:2] / 2, low[2]))
    drawn = _drawn(city, s, origin) if len(s.triangles) else None
    (city.folder / name).write_bytes(_glb(drawn, soil, origin))
    node = {"boundingVolume": {"box": _box(low, high)}, "geometricError": 0.0, "refine": "REPLACE",
            "content": {"uri": name}}  # fmt: skip
    return _Tile(node, low, high, len(s.triangles), len(s.triangles), soil, len(s.land), 0.0, 0, s.buildings)


def _coarse(city: _City, s: _Square, below: list[_Tile]) -> _Tile:
    """Write the tile that stands for `below` from afar."""
    fine, soil_fine = sum(t.fine for t in below), sum(t.soil_fine for t in below)
    level = 1 + max(t.level for t in below)
    above = level > 1
    budget = int(min(SHARE * fine, _MOST_AFAR, _THINS * sum(t.drawn for t in below) if above else np.inf))
    shown = np.concatenate([t.shown for t in below])
    most = int(min(_MOST_AFAR // 2, np.inf if level <= _ALL_SHOWN else max(_FEW, np.ceil(_THINS * len(shown)))))
    if len(shown) > most:
        weight = city.b.footprint_m2[shown] * city.b.height_m[shown]
        shown = np.sort(shown[np.argsort(-weight, kind="stable")[:most]])
    body = lod.solid(lod.choose(city.ladders, shown, budget=budget), city.figures)
    pieces = [t.soil for t in below if t.soil is not None]
    soil = None
    if pieces:
        whole = lod_land.joined(pieces)
        soil_budget = int(min(SHARE * soil_fine, _MOST_AFAR, _THINS * len(whole.index) if above else np.inf))
        cell = max(lod_land.FIRST_CELL_M, 3 * whole.error_m)
        soil = lod_land.coarser(whole, budget=soil_budget, cell_m=cell)
    low, high = (f([getattr(t, side) for t in below], axis=0) for f, side in ((np.min, "low"), (np.max, "high")))
    if len(body.xyz):
        low, high = np.minimum(low, body.xyz.min(axis=0)), np.maximum(high, body.xyz.max(axis=0))
    low, high = _reach(soil, low, high)
    origin = np.round(np.append((low + high)[:2] / 2, low[2]))
    name = f"{s.name or 'root'}.glb"
    drawn = _far(city, body, origin) if len(body.index) else None
    (city.folder / name).write_bytes(_glb(drawn, soil, origin))
    error = max(body.error_m, soil.error_m if soil else 0.0, _LEAST_ERROR_M, _GROWS * max(t.error_m for t in below))
    node = {"boundingVolume": {"box": _box(low, high)}, "geometricError": round(error, 2), "refine": "REPLACE",
            "content": {"uri": name}, "children": [t.node for t in below]}  # fmt: skip
    return _Tile(node, low, high, fine, len(body.index), soil, soil_fine, error, level, shown)


def _figures(m: Mesh, b: Bodies) -> lod.Figures:
    """What the far shapes are built from; a building without an outline gets the rectangle around its faces."""
    import shapely

    n = len(b.x_m)
    outline = overlap.footprints(m, n)
    f = m.faces
    vertex_owner = np.repeat(f.building, np.diff(f.ring_start[f.face_start]))
    low, high = np.full((n, 2), np.inf), np.full((n, 2), -np.inf)
    np.minimum.at(low, vertex_owner, f.xyz[:, :2])
    np.maximum.at(high, vertex_owner, f.xyz[:, :2])
    lowest = np.full(n, np.inf)
    np.minimum.at(lowest, vertex_owner, f.xyz[:, 2])
    empty = shapely.area(outline) < 0.1
    outline[empty] = shapely.box(*low[empty].T, *(high[empty] + 1e-3).T)
    roof = f.kind == FaceKind.ROOF
    plan = np.maximum(m.normal[:, 2], 0) * m.area_m2 * roof
    level = np.bincount(f.building, plan * (m.normal[:, 2] > FLAT_UP), n)
    whole = np.bincount(f.building, plan, n)
    top = b.ground_m + b.roof_m
    # Ridges run across the horizontal part of the normals; opposite slopes agree where angles are doubled.
    normal = m.normal[:, 0] + 1j * m.normal[:, 1]
    steep = plan * (np.abs(normal) > 0.17)
    twice = np.where(steep > 0, (normal / np.maximum(np.abs(normal), 1e-9)) ** 2, 0)
    total = np.bincount(f.building, steep * twice.real, n) + 1j * np.bincount(f.building, steep * twice.imag, n)
    ridge = 1j * np.sqrt(total) / np.sqrt(np.maximum(np.abs(total), 1e-9)) * np.abs(total) / np.maximum(whole, 1e-9)
    return lod.Figures(
        ridge=np.column_stack([ridge.real, ridge.imag]),
        ground_m=np.minimum(b.ground_m, lowest), roof_m=top, rise_m=np.maximum(b.height_m - b.roof_m, 0.0),
        material=np.where(2 * level >= whole, FLAT, PITCHED), outline=outline,
    )  # fmt: skip


def _vertices(m: Mesh, b: Bodies, triangles: Triangles, walls: Walls | None) -> tuple[Looks, Float]:
    """Per face its looks, per vertex [vertex, 2] its u and v."""
    f = m.faces
    corners = np.diff(f.ring_start[f.face_start])
    owner = np.repeat(np.arange(len(corners)), corners)
    first = np.concatenate([[0], np.cumsum(corners)[:-1]])
    u, v = in_plane(m)
    low_u, low_v = np.minimum.reduceat(u, first), np.minimum.reduceat(v, first)
    length, rise = np.maximum.reduceat(u, first) - low_u, np.maximum.reduceat(v, first) - low_v
    wall = (f.kind == FaceKind.WALL) | (f.kind == FaceKind.GROUND)
    # up the wall from the ground, so that a row of windows runs through all faces of a facade
    height = f.xyz[:, 2] - b.ground_m[f.building[owner]]
    top = np.maximum.reduceat(height, first)
    v = np.where(wall[owner], np.maximum(height, 0.0), v - low_v[owner])
    of_wall = WALL if walls is None else walls[f.building]
    material = np.where(wall, of_wall, np.where(m.normal[:, 2] > FLAT_UP, FLAT, PITCHED))
    plain = (length < PLAIN_M) | (rise < PLAIN_M) | (f.kind == FaceKind.GROUND)
    looks = Looks(
        material=material, length_m=length,
        height_m=np.where(plain, -1.0, np.where(wall, top, rise)),
    )  # fmt: skip
    return looks, np.column_stack([u - low_u[owner], v])


def _drawn(city: _City, s: _Square, origin: Float) -> Drawn:
    """Columns of a leaf's buildings."""
    m, cut, looks = city.m, city.triangles, city.looks
    used, index = np.unique(cut.index[s.triangles], return_inverse=True)
    face = np.zeros(len(used), np.int64)
    face[index.reshape(-1)] = np.repeat(cut.face[s.triangles], 3)  # a vertex belongs to one face
    buildings, feature = np.unique(m.faces.building[face], return_inverse=True)
    return Drawn(
        position_m=(m.faces.xyz[used] - origin).astype(np.float32), normal=m.normal[face].astype(np.float32),
        feature=feature.astype(np.float32), material=looks.material[face].astype(np.float32),
        face_m=np.column_stack([city.uv[used], looks.length_m[face], looks.height_m[face]]).astype(np.float32),
        index=index.reshape(-1, 3).astype(np.uint32), ids=tuple(city.ids[k] for k in buildings),
    )  # fmt: skip


def _far(city: _City, body: lod.Solid, origin: Float) -> Drawn:
    buildings, feature = np.unique(body.building, return_inverse=True)
    face = np.zeros((len(body.xyz), 4), np.float32)
    face[:, 3] = -1.0
    return Drawn(
        position_m=(body.xyz - origin).astype(np.float32), normal=body.normal.astype(np.float32),
        feature=feature.reshape(-1).astype(np.float32), material=body.material.astype(np.float32), face_m=face,
        index=body.index.astype(np.uint32), ids=tuple(city.ids[k] for k in buildings),
    )  # fmt: skip


def _glb(drawn: Drawn | None, piece: lod_land.Piece | None, origin: Float) -> bytes:
    soil = grove = None
    if piece is not None and len(piece.index):
        soil = Soil(
            (piece.xyz - origin).astype(np.float32), lod_land.normals(piece).astype(np.float32),
            _by_vertex(piece).astype(np.float32), piece.index.astype(np.uint32),
        )  # fmt: skip
    if piece is not None and len(piece.tree_m):
        foot = (piece.tree_m - origin).astype(np.float32)
        grove = Grove(foot, piece.tree_height_m.astype(np.float32), piece.tree_crown_m.astype(np.float32))
    east, north, up = origin.tolist()
    return glb(drawn, origin_m=(east, north, up), soil=soil, grove=grove)


def _by_vertex(piece: lod_land.Piece) -> NDArray[np.int8]:
    material = np.zeros(len(piece.xyz), np.int8)
    material[piece.index.reshape(-1)] = np.repeat(piece.material, 3)
    return material


def _reach(piece: lod_land.Piece | None, low: Float, high: Float) -> tuple[Float, Float]:
    """The corners of a box that also holds land and trees."""
    if piece is not None and len(piece.index):
        low, high = np.minimum(low, piece.xyz.min(axis=0)), np.maximum(high, piece.xyz.max(axis=0))
    if piece is not None and len(piece.tree_m):
        r, h = piece.tree_crown_m, piece.tree_height_m
        low = np.minimum(low, (piece.tree_m - np.column_stack([r, r, 0 * r])).min(axis=0))
        high = np.maximum(high, (piece.tree_m + np.column_stack([r, r, h])).max(axis=0))
    return low, high


def _box(low: Float, high: Float) -> list[float]:
    """Bounding volume: centre and half axes, a millimetre wider for single precision."""
    half = (high - low) / 2 + 1e-3
    centre = (high + low) / 2
    axes = np.diag(half).reshape(-1)
    return [round(float(x), 4) for x in (*centre, *axes)]


def _tileset(top: _Tile, place: Frame) -> dict[str, Any]:
    across = float(np.linalg.norm(top.high - top.low))
    root = {"transform": ecef_from_world(place).T.reshape(-1).tolist(), **top.node}
    return {
        "asset": {"version": "1.1", "generator": "surplus"}, "geometricError": round(across, 1), "root": root,
    }  # fmt: skip
