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

from tools.city import FaceKind, Faces
from tools.geometry import Mesh
from tools.triangles import plane_axes

Float = NDArray[np.float64]
GAP_M = 0.25
"""Largest distance of two party walls' planes: surveyed outlines of neighbours part by up to 20 cm."""
OPPOSED = math.cos(math.radians(10))
"""Least -(n1 . n2)."""
WALL_UP = 0.2
"""Faces that lean further are no party walls."""


@dataclass(frozen=True)
class Party:
    """[face] what stands against each face."""

    neighbour_m2: Float
    """Covered by another building."""
    own_m2: Float
    """Covered by another part of the same building."""
    eye_m: Float
    """[face, 3] a point of the face that nothing covers: its centroid, where that is one."""


def party(m: Mesh) -> Party:
    """Covered area of every face of the district."""
    import shapely

    f = m.faces
    left_m2 = {True: m.area_m2.copy(), False: m.area_m2.copy()}
    eye = _inside(m)
    walls = np.flatnonzero((f.kind == FaceKind.WALL) & (np.abs(m.normal[:, 2]) < WALL_UP))
    one, other = _pairs(m, walls) if len(walls) else (walls, walls)
    if not len(one):
        return Party(np.zeros(len(eye)), np.zeros(len(eye)), eye)
    same = f.building[one] == f.building[other]
    order = np.lexsort((~same, one))  # face by face, own parts first
    one, other, same = one[order], other[order], same[order]
    u, v = plane_axes(m.normal[one])
    theirs = _outlines(f, other, m.centroid[one], u, v)
    first = np.flatnonzero(np.concatenate([[True], one[1:] != one[:-1]]))
    faces = one[first]
    rest = _outlines(f, faces, m.centroid[faces], u[first], v[first])
    scale = m.area_m2[faces] / np.maximum(shapely.area(rest), 1e-9)  # holes are in the area, not in the outline
    rank = np.arange(len(one)) - np.repeat(first, np.diff(np.append(first, len(one))))
    position = np.searchsorted(faces, one)
    for own in (True, False):
        for k in range(int(rank.max()) + 1):
            now = np.flatnonzero((rank == k) & (same == own))
            rest[position[now]] = shapely.difference(rest[position[now]], theirs[now])
        left_m2[own][faces] = np.minimum(shapely.area(rest) * scale, m.area_m2[faces])
    seen = left_m2[False][faces]
    partly = (seen > 0.01) & (seen < 0.999 * m.area_m2[faces])
    point = shapely.get_coordinates(shapely.point_on_surface(rest[partly]))
    eye[faces[partly]] = m.centroid[faces[partly]] + point[:, :1] * u[first][partly] + point[:, 1:] * v[first][partly]
    return Party(left_m2[True] - left_m2[False], m.area_m2 - left_m2[True], eye)


def _inside(m: Mesh) -> Float:
    """[face, 3] the centroid, or where that lies outside (L-shaped, with a court) a point within the face."""
    import shapely

    f = m.faces
    eye = m.centroid.copy()
    corners = f.ring_start[f.face_start[:-1] + 1] - f.ring_start[f.face_start[:-1]]
    rows = np.flatnonzero((corners > 4) | (np.diff(f.face_start) > 1))
    if not len(rows):
        return eye
    u, v = plane_axes(m.normal[rows])
    outlines = _outlines(f, rows, eye[rows], u, v)
    for k in np.flatnonzero(np.diff(f.face_start)[rows] > 1):
        holes = [
            _flat(f.xyz[f.ring_start[r] : f.ring_start[r + 1]] - eye[rows[k]], u[k], v[k])
            for r in range(f.face_start[rows[k]] + 1, f.face_start[rows[k] + 1])
        ]
        outlines[k] = shapely.difference(
            outlines[k], shapely.union_all([shapely.buffer(shapely.polygons(h), 0) for h in holes])
        )
    outside = ~shapely.contains_xy(outlines, 0.0, 0.0) & ~shapely.is_empty(outlines)
    point = shapely.get_coordinates(shapely.point_on_surface(outlines[outside]))
    eye[rows[outside]] += point[:, :1] * u[outside] + point[:, 1:] * v[outside]
    return eye


def _flat(local: Float, u: Float, v: Float) -> Float:
    return np.column_stack([local @ u, local @ v])


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
