"""Party walls: where walls of neighbours, or of parts of one building, stand back to back.

Two wall faces whose outward normals oppose within 10 deg and whose planes are at most 0.25 m apart cover each other
where their outlines overlap in the wall's plane; that area has the same climate on both sides and is not exterior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.cityjson import FaceKind, Faces
from tools.geometry import Mesh

Float = NDArray[np.float64]
GAP_M = 0.25
"""Largest distance of two party walls' planes: surveyed outlines of neighbours part by up to 20 cm."""
OPPOSED = math.cos(math.radians(10))
"""Least -(n1 . n2)."""
WALL_UP = 0.2
"""Faces that lean further are no party walls."""


@dataclass(frozen=True)
class Party:
    """[face] covered areas."""

    neighbour_m2: Float
    """Covered by another building."""
    own_m2: Float
    """Covered by another part of the same building."""


def party(m: Mesh) -> Party:
    """Covered area of every face of the district."""
    import shapely

    f = m.faces
    covered = {True: np.zeros(len(m.area_m2)), False: np.zeros(len(m.area_m2))}
    walls = np.flatnonzero((f.kind == FaceKind.WALL) & (np.abs(m.normal[:, 2]) < WALL_UP))
    if not len(walls):
        return Party(covered[False], covered[True])
    one, other = _pairs(m, walls)
    if len(one):
        u, v = _axes(m.normal[one])
        origin = m.centroid[one]
        mine = _outlines(f, one, origin, u, v)
        theirs = _outlines(f, other, origin, u, v)
        overlap = shapely.area(shapely.intersection(mine, theirs))
        scale = m.area_m2[one] / np.maximum(shapely.area(mine), 1e-9)  # holes are in the area, not in the outline
        overlap *= np.minimum(scale, 1.0)
        same = f.building[one] == f.building[other]
        for own in (True, False):
            covered[own] = np.bincount(one[same == own], overlap[same == own], len(m.area_m2))
    own_m2 = np.minimum(covered[True], m.area_m2)
    return Party(np.minimum(covered[False], m.area_m2 - own_m2), own_m2)


def _pairs(m: Mesh, walls: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ordered pairs of faces that oppose each other closely enough, both ways round."""
    import shapely

    low, high = _bounds(m.faces, walls)
    boxes = shapely.box(low[:, 0] - GAP_M, low[:, 1] - GAP_M, high[:, 0] + GAP_M, high[:, 1] + GAP_M)
    a, b = shapely.STRtree(boxes).query(boxes)
    n = m.normal[walls]
    fits = np.einsum("ij,ij->i", n[a], n[b]) < -OPPOSED
    a, b = a[fits], b[fits]
    fits = (low[a, 2] < high[b, 2]) & (low[b, 2] < high[a, 2])
    a, b = a[fits], b[fits]
    apart = m.centroid[walls[b]] - m.centroid[walls[a]]
    fits = np.abs(np.einsum("ij,ij->i", apart, n[a])) < GAP_M + 0.02 * np.linalg.norm(apart, axis=1)
    return walls[a[fits]], walls[b[fits]]


def _bounds(f: Faces, rows: NDArray[np.int64]) -> tuple[Float, Float]:
    """[row, 3] lowest and highest coordinates of the faces."""
    start = f.ring_start[f.face_start[:-1]]
    low, high = np.minimum.reduceat(f.xyz, start), np.maximum.reduceat(f.xyz, start)
    return low[rows], high[rows]


def _axes(normal: Float) -> tuple[Float, Float]:
    """Unit vectors along the wall (to the right, seen from outside) and up the wall."""
    u = np.column_stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return u, np.cross(normal, u)


def _outlines(f: Faces, rows: NDArray[np.int64], origin: Float, u: Float, v: Float) -> NDArray[Any]:
    """Outer rings as valid shapely polygons in the plane (u, v) through `origin`, one per row."""
    import shapely

    first = f.face_start[rows]
    start, length = f.ring_start[first], f.ring_start[first + 1] - f.ring_start[first]
    pair = np.repeat(np.arange(len(rows)), length)
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    local = f.xyz[start[pair] + within] - origin[pair]
    flat = np.column_stack([np.einsum("ij,ij->i", local, u[pair]), np.einsum("ij,ij->i", local, v[pair])])
    outlines = shapely.polygons(shapely.linearrings(flat, indices=pair))
    bad = ~shapely.is_valid(outlines)
    outlines[bad] = shapely.buffer(outlines[bad], 0)
    return np.asarray(outlines)
