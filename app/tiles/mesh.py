"""A decoded piece of a tile: what the picture draws and what its features are, whatever format it came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.modules import NONE, Modules

Array = NDArray[Any]

WALL, PITCHED_ROOF, FLAT_ROOF, GLASS_WALL, HALL_WALL = 0, 1, 2, 6, 8
"""Materials of buildings."""


class Unreadable(Exception):  # noqa: N818 - the reason a tile is left out
    """The tile cannot be read; the text says why."""


LAND = {
    "water": (15,), "grass": (10, 11, 21), "field": (16, 17), "road": (12, 18), "paved": (13, 14, 19, 20, 22),
}  # fmt: skip
"""Groups of ground materials that share a shader program: name -> material ids."""
FIRST_LAND = 10
"""Materials from here on are land."""


@dataclass(frozen=True)
class Trees:
    """Trees of a tile, in the mesh's own y-up frame; float32."""

    foot: Array
    """[tree, 3] on the ground."""
    height_m: Array
    crown_m: Array
    """[tree] radius of the crown."""
    seed: Array
    """[tree] 0..1."""

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        return sum(a.nbytes for a in (self.foot, self.height_m, self.crown_m, self.seed))


NO_TREES = Trees(np.zeros((0, 3), np.float32), *(np.zeros(0, np.float32) for _ in range(3)))


_NO_INDEX = np.zeros(0, np.uint32)
NO_FEATURE = 0xFFFFFFFF
"""Feature id of a vertex without a feature."""


class AlphaMode(IntEnum):
    """How the alpha of a colour is meant (glTF 2.0, 3.9.4)."""

    OPAQUE = 0
    MASK = 1
    BLEND = 2


class Wrap(IntEnum):
    """How a texture goes on beyond its edge; the numbers are those of glTF samplers."""

    CLAMP_TO_EDGE = 33071
    MIRRORED_REPEAT = 33648
    REPEAT = 10497


@dataclass(frozen=True)
class Look:
    """What a tile made by others wants to look like: the base colour of a glTF material."""

    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """Linear red, green, blue and alpha; multiplies texture and vertex colour."""
    texture: Array | None = None
    """[height, width, 4] u8, sRGB and straight alpha, first row at v = 0; reduced to at most 1024 squared."""
    wrap_s: Wrap = Wrap.REPEAT
    wrap_t: Wrap = Wrap.REPEAT
    nearest: bool = False
    """Texels stay squares where the picture enlarges them."""
    alpha_mode: AlphaMode = AlphaMode.OPAQUE
    alpha_cutoff: float = 0.5
    double_sided: bool = False
    unlit: bool = False

    @property
    def bytes(self) -> int:
        """Memory of the texture."""
        return 0 if self.texture is None else self.texture.nbytes


@dataclass(frozen=True)
class Mesh:
    """One primitive, ready for the GPU; arrays are float32 by vertex."""

    position: Array
    """[vertex, 3] in the node's own y-up frame."""
    normal: Array
    """[vertex, 3]"""
    info: Array
    """[vertex, 4]: slot, material, seed (0..1 by id), spare."""
    face: Array
    """[vertex, 4]: u, v, L, H in metres; H < 0 = no windows, no edges. Empty for land and where all is far away."""
    walls: Array
    """[3 k] vertex indices, uint32."""
    roofs: Array
    """[3 k] vertex indices, uint32."""
    matrix: Array
    """[4, 4] float64, tile (z-up) from mesh, column vectors."""
    features: int
    modules: Modules = NONE
    """Where solar modules could lie; laid once the hemisphere is known (app.tiles.schedule)."""
    land: Mapping[str, Array] = field(default_factory=dict)
    """Per group of `LAND`: [3 k] vertex indices, uint32; `info` holds the material."""
    trees: Trees = NO_TREES
    coarse: bool = False
    """A far level of detail: no windows, no edges, drawn by the cheapest program."""
    ahead: tuple[Any, ...] = ()
    """What the stage made of it on the decoding thread; the stage's own affair, but that each has `nbytes`."""
    look: Look | None = None
    """None = a tile of our own: drawn as paper by `info`. Else `walls` holds every triangle and `roofs` none."""
    uv: Array = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    """[vertex, 2] float32, texture transform done; empty without a texture."""
    color: Array = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    """[vertex, 4] float32, linear; empty = white."""
    lines: Array = field(default_factory=_NO_INDEX.copy)
    """[2 k] vertex indices, uint32: line segments and outlines."""
    dots: Array = field(default_factory=_NO_INDEX.copy)
    """[k] vertex indices, uint32: points."""
    dot_px: float = 3.0
    """Diameter of the points on the screen in pixels."""
    origin_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Place in the tile from which a cloud's own coordinates count: its centre, or the corner of its volume."""
    feature: Array = field(default_factory=_NO_INDEX.copy)
    """[vertex] uint32, row of `table`; empty = no features. `NO_FEATURE` = this vertex belongs to none."""
    table: Table | None = None
    """What is known of the features; pieces of a tile share it. None for the package's own tiles without a style,
    whose slots say all."""

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest corner of the vertices, [3] each; zeros without any."""
        if not len(self.position):
            return np.zeros(3), np.zeros(3)
        columns = np.ascontiguousarray(self.position.T)  # along rows numpy takes forty times as long
        return columns.min(axis=1), columns.max(axis=1)

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        arrays = (self.position, self.normal, self.info, self.face, self.walls, self.roofs, *self.land.values())
        foreign = (self.uv, self.color, self.lines, self.dots, self.feature)
        rest = self.modules.bytes + self.trees.bytes + (self.look.bytes if self.look else 0)
        return sum(a.nbytes for a in (*arrays, *foreign, *self.ahead)) + rest + (self.table.bytes if self.table else 0)


def bytes_of(meshes: Iterable[Mesh]) -> int:
    """Memory of a tile: a texture, a table or what the stage made of it counts once where its pieces share it."""
    total, shared = 0, dict[int, int]()
    for mesh in meshes:
        total += mesh.bytes
        for part in (mesh.look.texture if mesh.look else None, mesh.table, *mesh.ahead):
            if part is None:
                continue
            size = part.bytes if isinstance(part, Table) else part.nbytes
            total -= size
            shared[id(part)] = size
    return total + sum(shared.values())
