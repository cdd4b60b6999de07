"""Primitives of our own tiles: paper buildings, land and trees, told by `_MATERIAL` and `_FACE`.

`_MATERIAL` is 0 wall, 1 pitched roof, 2 flat roof, 6 wall of glass, 8 wall of a hall, 4 and 5 trees, from 10 on land;
`_FACE` is (u, v, L, H) of the face in metres; H < 0 = no windows, no edges: all of a far level of detail. Land
belongs to no building: it has materials but no features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.formats import instances
from app.tiles.formats.reading import Reading
from app.tiles.mesh import FIRST_LAND, GLASS_WALL, HALL_WALL, LAND, WALL, Mesh, Trees

Array = NDArray[Any]

_WALLS = (WALL, GLASS_WALL, HALL_WALL)


def paper(
    position: Array, normal: Array, triangles: Array, material: Array, face: Array | None,
    *, feature: Array | None, table: Table | None, matrix: Array, reading: Reading,
) -> Mesh:  # fmt: skip
    """A building's or the land's mesh; by vertex but `triangles` [triangle, 3]. `face` None = without windows."""
    n = len(position)
    info = reading.info(feature, table, n)
    info[:, 1] = material
    no_face, none = np.zeros((0, 4), np.float32), np.zeros(0, np.uint32)
    if feature is None and n and bool((material >= FIRST_LAND).all()):
        kind = material[triangles[:, 0]]
        land = {name: triangles[np.isin(kind, members)].ravel() for name, members in LAND.items()}
        land = {name: np.ascontiguousarray(rows) for name, rows in land.items() if len(rows)}
        return Mesh(position, normal, info, no_face, none, none, matrix, 0, land=land)
    coarse = face is not None and n > 0 and bool((face[:, 3] < 0).all())
    if face is None:
        face = np.full((n, 4), (0.0, 0.0, 0.0, -1.0), np.float32)
    by_vertex = (material == _WALLS[0]) | (material == _WALLS[1]) | (material == _WALLS[2])
    wall = by_vertex[triangles[:, 0]]
    return Mesh(
        position=position,
        normal=normal,
        info=info,
        face=no_face if coarse else face,
        walls=triangles.take(np.flatnonzero(wall), axis=0).ravel(),
        roofs=triangles.take(np.flatnonzero(~wall), axis=0).ravel(),
        matrix=matrix,
        features=table.count if table else 0,
        coarse=coarse,
        feature=none if feature is None or table is None else feature,
        table=table,
    )


def are_trees(shapes: list[dict[str, Any]], read: Callable[[int], Array]) -> bool:
    """Whether all of an instanced mesh is crown or trunk; `read` yields an accessor's array."""
    kinds = (instances.CROWN, instances.TRUNK)
    return bool(shapes) and all(
        "_MATERIAL" in s["attributes"] and np.isin(read(s["attributes"]["_MATERIAL"]), kinds).all() for s in shapes
    )


def grove(
    shapes: list[dict[str, Any]], read: Callable[[int], Array], places: instances.Places, matrix: Array
) -> Mesh:
    """Trees by foot, height and crown: the shape that the tile brings serves viewers that draw it as it is."""
    shape = np.concatenate([read(s["attributes"]["POSITION"]) for s in shapes])
    trees = Trees(
        foot=places.translation.astype(np.float32),
        height_m=(places.scale[:, 1] * shape[:, 1].max()).astype(np.float32),
        crown_m=(places.scale[:, 0] * np.abs(shape[:, 0]).max()).astype(np.float32),
        seed=instances.seeds(places),
    )
    none, no_index = np.zeros((0, 4), np.float32), np.zeros(0, np.uint32)
    return Mesh(none[:, :3], none[:, :3], none, none, no_index, no_index, matrix, 0, trees=trees)
