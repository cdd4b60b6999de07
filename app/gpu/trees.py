"""Trees: jittered icosahedra on thin trunks, all of a tile as one Geom.

A crown is a sphere of 20 triangles (80 where a GPU draws them) whose corners are pushed in and out by the tree's own
chance, a little taller than wide; smooth normals hide the corners. Frame: the mesh's own, y up.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import Geom

from app.gpu.arrays import triangles, vertices
from app.tiles.mesh import Trees

Array = NDArray[Any]
_TRUNK_SHARE = 0.30
"""Height of the trunk, up to where the crown begins, over the tree's height (the crown hangs a little below that)."""
_TRUNK_SIDES = {20: 3, 80: 6}
"""By the crown's triangles: software GL shades corners on one thread, so every one counts."""
_JITTER = {20: 0.17, 80: 0.15}


def geom(position: Array, normal: Array, bark: Array, index: Array) -> Geom:
    """All trees of what `arrays` made."""
    data = vertices((("vertex", position), ("normal", normal), ("bark", bark)))
    return triangles(data, index, low=position.min(axis=0), high=position.max(axis=0))


def arrays(trees: Trees, detail: int) -> tuple[Array, Array, Array, Array]:
    """Positions [v, 3], normals [v, 3], (seed, is trunk) [v, 2], corners [3 t]; crowns of 20 or 80 triangles."""
    ball, faces = sphere(detail)
    count, corners = len(trees.foot), len(ball)
    rng = np.random.default_rng((trees.seed * 2**31).astype(np.int64).sum() % 2**31)
    turn = trees.seed.astype(np.float64) * 40.0
    c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x, y, z = ball.T
    unit = np.stack([x * c - z * s, np.tile(y, (count, 1)), x * s + z * c], 2)
    bulge = 1.0 + _JITTER[detail] * (2 * rng.random((count, corners)) - 1)
    height, radius = trees.height_m.astype(np.float64), trees.crown_m.astype(np.float64)
    bottom = height * np.maximum(_TRUNK_SHARE - 0.08, 0.0)
    tall = (height - bottom) / 2
    scale = np.stack([radius, tall, radius], 1)[:, None, :]
    # Narrower towards the top: closer to a tree than to a ball.
    taper = 1.0 - 0.16 * unit[:, :, 1:2] * np.array([1.0, 0.0, 1.0])
    crown = unit * bulge[:, :, None] * scale * taper
    crown[:, :, 1] += (bottom + tall)[:, None]
    outward = unit / scale
    outward /= np.linalg.norm(outward, axis=2, keepdims=True)
    trunk, side, trunk_faces = _trunks(height, radius, _TRUNK_SIDES[detail])
    foot = trees.foot.astype(np.float64)[:, None, :]
    position = np.concatenate([crown + foot, trunk + foot], 1).reshape(-1, 3)
    normal = np.concatenate([outward, np.tile(side, (count, 1, 1))], 1).reshape(-1, 3)
    stem = len(side)
    bark = np.c_[np.repeat(trees.seed, corners + stem), np.tile(np.r_[np.zeros(corners), np.ones(stem)], count)]
    one = np.concatenate([faces.ravel(), trunk_faces + corners])
    index = (np.arange(count)[:, None] * (corners + stem) + one).ravel()
    return position.astype(np.float32), normal.astype(np.float32), bark.astype(np.float32), index.astype(np.uint32)


def _trunks(height: Array, radius: Array, sides: int) -> tuple[Array, Array, Array]:
    """Trunks as open prisms: [tree, corner, 3], their normals [corner, 3] and corners of triangles."""
    turn = np.arange(sides) / sides * 2 * np.pi
    ring = np.stack([np.cos(turn), np.zeros(sides), np.sin(turn)], 1)
    thick = (0.045 * height + 0.03 * radius)[:, None, None]
    low, high = ring * thick, ring * (0.7 * thick)
    high = high + np.array([0.0, 1.0, 0.0]) * (height * (_TRUNK_SHARE + 0.08))[:, None, None]
    k = np.arange(sides)
    n = (k + 1) % sides
    faces = np.stack([k, k + sides, n, n, k + sides, n + sides], 1).ravel()
    return np.concatenate([low, high], 1), np.concatenate([ring, ring]), faces


@cache
def sphere(detail: int) -> tuple[Array, Array]:
    """Unit vectors [12 or 42, 3] and faces [20 or 80, 3] of an icosahedron, once subdivided for 80."""
    g = (1 + 5**0.5) / 2
    corners = [(0, a, b * g) for a in (-1, 1) for b in (-1, 1)]
    points = np.array(corners + [(z, x, y) for x, y, z in corners] + [(y, z, x) for x, y, z in corners], np.float64)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    near = distance < 2.1
    faces = [
        (i, j, k) for i in range(12) for j in range(i + 1, 12) for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]  # fmt: skip
    points /= np.linalg.norm(points[0])
    if detail == 80:
        points, faces = _divided(points, faces)
    out = [
        (a, b, c) if np.linalg.det(points[[a, b, c]]) > 0 else (a, c, b) for a, b, c in faces
    ]  # fmt: skip
    return points, np.array(out)


def _divided(points: Array, faces: list[tuple[int, int, int]]) -> tuple[Array, list[tuple[int, int, int]]]:
    """Every triangle into four, on the sphere."""
    grown, middle, out = [*points], {}, []

    def between(i: int, j: int) -> int:
        key = (min(i, j), max(i, j))
        if key not in middle:
            m = points[i] + points[j]
            middle[key] = len(grown)
            grown.append(m / np.linalg.norm(m))
        return middle[key]

    for a, b, c in faces:
        ab, bc, ca = between(a, b), between(b, c), between(c, a)
        out += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return np.array(grown), out
