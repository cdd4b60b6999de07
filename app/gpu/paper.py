"""Geometry of our own tiles, made on the decoding thread: buildings, land, places for modules, trees.

The drawing thread only hangs it up. Making it there would take most of what a frame may spend on new tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import Geom

from app.gpu import trees
from app.gpu.arrays import triangles, vertices
from app.tiles.mesh import Mesh, Trees
from app.tiles.modules import Modules

Array = NDArray[Any]
_SAMPLE = 2000
"""Vertices of a mesh that are asked where it is."""
_AROUND_M = 1.0
"""Modules lie at most so far outside the box of the roofs."""


@dataclass(frozen=True)
class Made:
    """What the decoding thread makes of a mesh: geometry as the engine holds it."""

    info: Array
    """The mesh's own when this was made: with other slots it is made again."""
    shells: tuple[tuple[str, Geom], ...]
    """Program and surface of buildings."""
    depth: Geom | None
    """All of their surfaces at once."""
    land: tuple[tuple[str, Geom], ...]
    """Program and surface of land."""
    modules: Geom | None
    trees: Geom | None
    crown: int
    """Triangles of a crown."""
    sample: Array
    """[k, 3] some of the vertices, to tell where the mesh is."""
    nbytes: int
    """Memory of what the mesh has no arrays of: corners of the depth, trees."""


def made_of(mesh: Mesh, crown: int) -> Made:
    """Geometry of a mesh of our own, crowns of so many triangles; for the decoding thread."""
    shells, land, depth, extra = list[tuple[str, Geom]](), list[tuple[str, Geom]](), None, 0
    low, high = mesh.bounds
    if len(mesh.position):
        columns = [("vertex", mesh.position), ("normal", mesh.normal), ("info", mesh.info)]
        data = vertices(columns + ([("face", mesh.face)] if len(mesh.face) else []))
        for name, index in (("wall", mesh.walls), ("roof", mesh.roofs)):
            if len(index):
                shells.append(("plain" if mesh.coarse else name, triangles(data, index, low=low, high=high)))
        if shells and not mesh.coarse:  # far ones are cheap: two passes over vertices would cost more
            solid = np.concatenate([mesh.walls, mesh.roofs])
            depth, extra = triangles(data, solid, low=low, high=high), solid.nbytes
        land += [(name, triangles(data, i, low=low, high=high)) for name, i in mesh.land.items() if len(i)]
    modules = _modules(mesh.modules, low, high) if len(mesh.modules.index) else None
    grown = trees.arrays(mesh.trees, crown) if len(mesh.trees.foot) else ()
    some = mesh.position[:: 1 + len(mesh.position) // _SAMPLE].astype(np.float64)
    return Made(
        mesh.info, tuple(shells), depth, tuple(land), modules, trees.geom(*grown) if grown else None, crown, some,
        extra + sum(array.nbytes for array in grown),
    )  # fmt: skip


def grove(grown: Trees, crown: int) -> Geom:
    """Trees with crowns of so many triangles."""
    return trees.geom(*trees.arrays(grown, crown))


def _modules(modules: Modules, low: Array, high: Array) -> Geom:
    columns = (("vertex", modules.position), ("normal", modules.normal), ("along", modules.along))
    data = vertices((*columns, ("strip", modules.strip)))
    return triangles(data, modules.index, low=low - _AROUND_M, high=high + _AROUND_M)
