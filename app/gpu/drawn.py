"""How high what is drawn reaches, cell by cell: a map from above, of the faces as the engine holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from panda3d.core import Geom, GeomPoints, GeomTriangles, InternalName, NodePath

Float = NDArray[np.float64]
_NO_SURFACE = frozenset(("depth", "modules"))
"""Geometry that repeats another, or lies on it."""
_MOST_FACES = 2_000_000
"""Of more only every k-th is asked where it stands."""
_WIDE = 32
"""Faces more cells wide are laid down cell by cell, the others by a net of points."""


@dataclass(frozen=True)
class Heights:
    """How high what is drawn reaches, and how low, in square cells [row from the south, column from the west]."""

    west_m: float
    south_m: float
    cell_m: float
    top_m: Float
    """-inf where nothing is."""
    bottom_m: Float
    """inf where nothing is."""


def heights(town: NodePath, middle_m: Float, reach_m: float, cell_m: float) -> Heights:
    """Of what is drawn below a node, in the square that reaches `reach_m` from `middle_m` [2]."""
    n = max(1, round(2 * reach_m / cell_m))
    west, south = (float(v) - n * cell_m / 2 for v in middle_m)
    found = Heights(west, south, cell_m, np.full((n, n), -np.inf), np.full((n, n), np.inf))
    for faces in _faces(town):
        _lay(faces, found)
    return found


def _faces(town: NodePath) -> Iterator[Float]:
    """[face, 3, 3] corners in the world, by geometry; points are faces without size."""
    drawn = (path for path in town.find_all_matches("**/+GeomNode") if path.name not in _NO_SURFACE)
    parts = [(path, path.node().get_geom(k)) for path in drawn for k in range(path.node().get_num_geoms())]
    count = sum(p.get_num_vertices() for _, geom in parts for p in geom.get_primitives()) // 3
    for path, geom in parts:
        corners = _corners(geom)[:: 1 + count // _MOST_FACES]
        if len(corners):
            stand = np.array(path.get_mat(path.get_top())).reshape(4, 4)
            yield corners @ stand[:3, :3] + stand[3, :3]


def _corners(geom: Geom) -> Float:
    """[face, 3, 3] of a geometry, in its own coordinates."""
    data, parts = geom.get_vertex_data(), []
    form = data.get_format()
    k = form.get_array_with(InternalName.get_vertex())
    column, stride = form.get_column(InternalName.get_vertex()), form.get_array(k).get_stride()
    rows = np.frombuffer(memoryview(data.get_array(k)).cast("B"), np.uint8).reshape(-1, stride)
    place = rows[:, column.get_start() : column.get_start() + 12].copy().view(np.float32).astype(np.float64)
    for primitive in geom.get_primitives():
        if not primitive.is_indexed() or not isinstance(primitive, GeomTriangles | GeomPoints):
            continue
        held = primitive.get_vertices()
        kind = {1: np.uint8, 2: np.uint16, 4: np.uint32}[held.get_array_format().get_stride()]
        index = np.frombuffer(memoryview(held).cast("B"), kind)
        per = 3 if isinstance(primitive, GeomTriangles) else 1
        parts.append(place[np.repeat(index.reshape(-1, per), 3 // per, axis=1)])
    return np.concatenate(parts) if parts else np.zeros((0, 3, 3))


def _lay(faces: Float, heights: Heights) -> None:
    """Let [face, 3, 3] raise the tops of the cells that they lie in, and lower their bottoms."""
    n, corner = len(heights.top_m), np.array([heights.west_m, heights.south_m, 0.0])
    place = (faces - corner) / [heights.cell_m, heights.cell_m, 1.0]
    low, high = place[..., :2].min(axis=1), place[..., :2].max(axis=1)
    inside = (low < n).all(axis=1) & (high >= 0).all(axis=1) & np.isfinite(place).all(axis=(1, 2))
    place, wide = place[inside], (high - low)[inside].max(axis=1)
    steps = 2 ** np.ceil(np.log2(np.maximum(wide, 1.0))).astype(np.int64)
    for k in np.unique(steps[wide <= _WIDE]).tolist():
        shares = np.array([(a, b, k - a - b) for a in range(k + 1) for b in range(k + 1 - a)]) / k
        mine = place[(steps == k) & (wide <= _WIDE)]
        for start in range(0, len(mine), 1 + _MOST_FACES // len(shares)):
            some = mine[start : start + 1 + _MOST_FACES // len(shares)]
            _mark((shares @ some).reshape(-1, 3), heights)
    y, x = np.mgrid[:n, :n] + 0.5
    for face in place[wide > _WIDE]:
        t = np.linspace(0.0, 1.0, 2 * n)[:, None]
        _mark(np.concatenate([face[k] + t * (face[k - 1] - face[k]) for k in range(3)]), heights)
        edges = np.c_[face[1] - face[0], face[2] - face[0]]
        if abs(np.linalg.det(edges[:2])) < 1e-9:
            continue  # upright
        b, c = np.tensordot(np.linalg.inv(edges[:2]), [x - face[0, 0], y - face[0, 1]], 1)
        there = (b >= 0) & (c >= 0) & (b + c <= 1)
        z = face[0, 2] + b * edges[2, 0] + c * edges[2, 1]
        _mark(np.c_[x[there], y[there], z[there]], heights)


def _mark(points: Float, heights: Heights) -> None:
    """The same of points: columns and rows in cells, heights in metres."""
    n = len(heights.top_m)
    at = np.floor(points[:, :2]).astype(np.int64)
    there = ((at >= 0) & (at < n)).all(axis=1)
    column, row = at[there].T
    np.maximum.at(heights.top_m, (row, column), points[there, 2])
    np.minimum.at(heights.bottom_m, (row, column), points[there, 2])
