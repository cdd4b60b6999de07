"""Land from afar: corners that lie in one cell of a grid become one, triangles that collapse are left out.

The grid is the world's, so neighbouring tiles move their common corners alike; what is narrower than a cell gives its
area to its neighbours. Source of the method: vertex clustering, Rossignac and Borrel,
"Multi-resolution 3D approximations for rendering complex scenes" (1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.land import Ground, Land

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FIRST_CELL_M = 4.0
_STEPS = 10
KEPT_TREES = 5
"""One tree in so many stays."""
_TREE_GROWS = 1.5


@dataclass(frozen=True)
class Piece:
    """Part of a place's land: triangles and trees."""

    xyz: Float
    index: Int
    material: NDArray[np.int8]
    """[triangle]"""
    tree_m: Float
    tree_height_m: Float
    tree_crown_m: Float
    error_m: float = 0.0


def part(land: Land, triangles: Int, trees: Int) -> Piece:
    """The rows `triangles` and `trees` of the land."""
    used, index = np.unique(land.index[triangles], return_inverse=True)
    return Piece(
        land.xyz[used], index.reshape(-1, 3), land.material[triangles], land.tree_m[trees],
        land.tree_height_m[trees], land.tree_crown_m[trees],
    )  # fmt: skip


def normals(p: Piece) -> Float:
    """[vertex, 3] area-weighted, upward; from plan where a vertex has no area."""
    a, b, c = (p.xyz[p.index[:, k]] for k in range(3))
    vector = np.cross(b - a, c - a)
    total = np.zeros_like(p.xyz)
    for k in range(3):
        np.add.at(total, p.index[:, k], vector)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 1e-9, total / np.maximum(length, 1e-9), [0.0, 0.0, 1.0])


def coarser(p: Piece, *, budget: int, cell_m: float = FIRST_CELL_M) -> Piece:
    """The same land with at most `budget` triangles and a fifth of the trees."""
    marked = p.material == Ground.MARKING
    index, material = p.index[~marked], p.material[~marked]
    made, kind = index, material
    for _ in range(_STEPS):
        made, kind = _clustered(p.xyz, index, material, cell_m)
        if len(made) <= budget:
            break
        cell_m *= 1.5
    if len(made) > budget:  # the largest that the budget buys
        a, b, c = (p.xyz[made[:, k], :2] for k in range(3))
        area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
        rows = np.sort(np.argsort(-area, kind="stable")[:budget])
        made, kind = made[rows], kind[rows]
    made, xyz = _apart(p.xyz, made, kind)
    trees = _fifth(p.tree_m)
    return Piece(
        xyz, made, kind, p.tree_m[trees], p.tree_height_m[trees] * 1.05, p.tree_crown_m[trees] * _TREE_GROWS,
        error_m=cell_m / 2,
    )  # fmt: skip


def joined(pieces: list[Piece]) -> Piece:
    """One piece of several."""
    start = np.cumsum([0] + [len(p.xyz) for p in pieces])[:-1]
    index = np.concatenate([p.index + first for p, first in zip(pieces, start, strict=True)])
    return Piece(
        np.concatenate([p.xyz for p in pieces]), index,
        np.concatenate([p.material for p in pieces]), np.concatenate([p.tree_m for p in pieces]),
        np.concatenate([p.tree_height_m for p in pieces]), np.concatenate([p.tree_crown_m for p in pieces]),
        error_m=max(p.error_m for p in pieces),
    )  # fmt: skip


def _clustered(xyz: Float, index: Int, material: NDArray[np.int8], cell_m: float) -> tuple[Int, NDArray[np.int8]]:
    """Triangles between one corner a cell (the one nearest to the cell's middle), without those that collapsed."""
    cell = np.floor(xyz[:, :2] / cell_m)
    off = np.linalg.norm(xyz[:, :2] - (cell + 0.5) * cell_m, axis=1)
    order = np.lexsort((np.arange(len(xyz)), xyz[:, 1], xyz[:, 0], off))
    _, first, group = np.unique(cell[order], axis=0, return_index=True, return_inverse=True)
    of = np.empty(len(xyz), np.int64)
    of[order] = order[first][group.reshape(-1)]
    moved = of[index]
    a, b, c = (xyz[moved[:, k], :2] for k in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    keep = area > 1e-6
    corners = np.sort(moved[keep], axis=1)
    _, once = np.unique(corners, axis=0, return_index=True)
    return moved[keep][np.sort(once)], material[keep][np.sort(once)]


def _apart(xyz: Float, index: Int, material: NDArray[np.int8]) -> tuple[Int, Float]:
    """Vertices are shared within a material only."""
    if not len(index):
        return index, np.zeros((0, 3))
    key = index + np.int64(len(xyz)) * material.astype(np.int64)[:, None]
    used, again = np.unique(key, return_inverse=True)
    return again.reshape(-1, 3), xyz[used % len(xyz)]


def _fifth(foot: Float) -> Int:
    """One tree in `KEPT_TREES`, chosen by its place, so that it is the same in every tile."""
    cm = np.round(foot[:, :2] * 100).astype(np.int64)
    return np.flatnonzero(((cm[:, 0] * 73856093) ^ (cm[:, 1] * 19349663)) // 7 % KEPT_TREES == 0)
