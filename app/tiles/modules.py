"""Solar modules on the roofs of a tile: every place on a roof face where one fits, in strips of neighbours.

A tile knows where modules could lie, not which of them are there: that is the scenario's, and changes while a hand
drags. So each building's places are numbered once, and the vertex shader draws the first so many of them as its
installed power buys (`MODULE_W` each). All faces of a building fill evenly, from the ridge down.
The rules are those of the energy side: nothing on steep roofs towards the pole, a strip free along every edge, rows
with walkways on flat roofs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

WIDE_M, HIGH_M = 1.0, 1.65
MODULE_W = 330.0
"""Peak power of one module: 200 W/m2 over 1.0 x 1.65 m."""
_EDGE_M, _SLANT_M = 0.3, 0.15
"""Roof left free along eaves and verges, so that its colour frames the field; along slanting edges, measured across."""
_LIFT_M = 0.12
_FLAT_PITCH_M = 2.75
"""Distance of rows on flat roofs."""
_FLAT_Z = float(np.cos(np.radians(10.0)))
_POLEWARD_Z = float(np.cos(np.radians(20.0)))
_RACK_M = HIGH_M * float(np.sin(np.radians(12.0)))
"""Height of a row's upper edge on a flat roof: 12 degrees."""
_NEAR_M = 0.01
_MOST_PLACES = 300_000
_AT_ONCE = 400_000
"""Pairs of place and triangle tested together."""


@dataclass(frozen=True)
class Modules:
    """Strips of neighbouring modules, four vertices each, float32 by vertex."""

    position: Array
    """[vertex, 3] at the strip's left end, in the mesh's frame."""
    normal: Array
    """[vertex, 3]"""
    along: Array
    """[vertex, 3] from one module to the next."""
    strip: Array
    """[vertex, 4]: slot, modules of the building before this strip, modules in it, corner (1 = right, 2 = upper)."""
    index: Array
    """[6 strip] vertex indices, uint32."""

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        return sum(a.nbytes for a in (self.position, self.normal, self.along, self.strip, self.index))


_NO = np.zeros((0, 3), np.float32)
NONE = Modules(_NO, _NO, _NO, np.zeros((0, 4), np.float32), np.zeros(0, np.uint32))


@dataclass(frozen=True)
class _Faces:
    """Roof faces with their own frame: world = origin + u * east + v * north of the face."""

    slot: Array
    origin: Array
    u: Array
    v: Array
    normal: Array
    size: Array
    """[face, 2] extents in metres."""
    flat: Array
    triangle: Array
    """[triangle, 3, 2] corners in u, v; sorted by face."""
    first: Array
    """[face + 1] rows of `triangle`."""


def lay(
    position: Array, normal: Array, face: Array, slot: Array, roofs: Array, world: Array, *, north: bool
) -> Modules:
    """Places for modules on the roof triangles `roofs` [3 k] of a mesh; `world` [3, 3] turns its axes to east-north-up.

    `face` and `slot` are as in app.tiles.mesh.Mesh; `north` is the hemisphere. Faces without u, v have no places.
    """
    faces = _faces(position, normal, face, slot, roofs.reshape(-1, 3).astype(np.int64), world, north=north)
    if faces is None:
        return NONE
    owner, column, row = _places(faces)
    if not len(owner):
        return NONE
    breaks = np.r_[True, (np.diff(owner) != 0) | (np.diff(row) != 0) | (np.diff(column) != 1)]
    start = np.flatnonzero(breaks)
    count = np.diff(np.r_[start, len(owner)])
    return _strips(faces, owner[start], column[start], row[start], count, world)


def _faces(
    position: Array, normal: Array, face: Array, slot: Array, triangle: Array, world: Array, *, north: bool
) -> _Faces | None:
    """Triangles gathered into faces: of one building, one plane and one extent."""
    a = triangle[:, 0] if len(triangle) else np.zeros(0, np.int64)
    up = normal[a].astype(np.float64) @ world.T
    steep = up[:, 2] < _POLEWARD_Z
    poleward = (up[:, 1] if north else -up[:, 1]) > 0.5 * np.hypot(up[:, 0], up[:, 1])
    uv = face[triangle, :2].astype(np.float64)
    edge = uv[:, 1:] - uv[:, :1]
    area = edge[:, 0, 0] * edge[:, 1, 1] - edge[:, 0, 1] * edge[:, 1, 0]
    keep = (face[a, 3] > 0) & (slot[a] > 0) & (up[:, 2] > 0.3) & ~(steep & poleward) & (np.abs(area) > 1e-3)
    if not keep.any():
        return None
    a, triangle, uv, area, up, edge = a[keep], triangle[keep], uv[keep], area[keep], up[keep], edge[keep]
    corner = position[triangle].astype(np.float64)
    offset = np.einsum("ij,ij->i", corner[:, 0] @ world.T, up)
    key = np.c_[slot[a], face[a, 2:], np.round(up, 2), np.round(offset, 1)]
    _, group = np.unique(key, axis=0, return_inverse=True)
    group = group.reshape(-1)
    order = np.lexsort((-np.abs(area), group))
    group, a, uv, corner, up, edge = group[order], a[order], uv[order], corner[order], up[order], edge[order]
    first = np.flatnonzero(np.r_[True, np.diff(group) != 0])
    # The face's axes from its largest triangle: side = u-part * u + v-part * v, solved for u and v.
    side = corner[first, 1:] - corner[first, :1]
    turn = np.linalg.inv(edge[first])
    axes = turn @ side
    origin = corner[first, 0] - np.einsum("fk,fkd->fd", uv[first, 0], axes)
    return _Faces(
        slot[a[first]], origin, axes[:, 0], axes[:, 1], normal[a[first]].astype(np.float64),
        face[a[first], 2:].astype(np.float64), up[first, 2] > _FLAT_Z, uv, np.r_[first, len(uv)],
    )  # fmt: skip


def _grid(faces: _Faces) -> tuple[Array, Array, Array]:
    """Per face: columns and rows [face, 2], pitch of rows, and the lower left corner of the centred field [face, 2]."""
    pitch = np.where(faces.flat, _FLAT_PITCH_M, HIGH_M)
    room = faces.size - 2 * _EDGE_M
    across = np.floor(room[:, 0] / WIDE_M)
    rows = np.where(room[:, 1] >= HIGH_M, np.floor((room[:, 1] - HIGH_M) / pitch) + 1, 0)
    count = np.maximum(np.c_[across, rows], 0).astype(np.int64)
    used = np.c_[count[:, 0] * WIDE_M, (count[:, 1] - 1) * pitch + HIGH_M]
    return count, pitch, (faces.size - used) / 2


def _places(faces: _Faces) -> tuple[Array, Array, Array]:
    """Face, column and row of every place that lies wholly on its face, in reading order from the upper row down."""
    count, pitch, low = _grid(faces)
    cells = count[:, 0] * count[:, 1]
    if cells.sum() > _MOST_PLACES:
        cells[np.cumsum(cells) > _MOST_PLACES] = 0
    owner = np.repeat(np.arange(len(cells)), cells)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(cells) - cells, cells)
    across = np.maximum(count[owner, 0], 1)
    column, row = k % across, count[owner, 1] - 1 - k // across
    left, bottom = low[owner, 0] + column * WIDE_M, low[owner, 1] + row * pitch[owner]
    corners = np.stack(
        [np.c_[left + x, bottom + y] for x in (-_SLANT_M, WIDE_M + _SLANT_M) for y in (-_SLANT_M, HIGH_M + _SLANT_M)],
        axis=1,
    )
    fits = _rectangles(faces)[owner]
    asked = np.flatnonzero(~fits)
    tests = np.diff(faces.first)[owner[asked]]
    part = (np.cumsum(tests) - tests) // _AT_ONCE
    for one in np.unique(part):
        some = asked[part == one]
        fits[some] = _inside(faces, owner[some], corners[some])
    return owner[fits], column[fits], row[fits]


def _rectangles(faces: _Faces) -> Array:
    """[face] faces that fill their extents, four corners and the whole area: every place of the grid lies on them."""
    count = np.diff(faces.first)
    owner = np.repeat(np.arange(len(count)), count)
    size = faces.size[owner][:, None]
    high = np.abs(faces.triangle - size) < _NEAR_M
    at = high | (np.abs(faces.triangle) < _NEAR_M)
    which = np.where(at.all(axis=2), 1 << (high[..., 0] + 2 * high[..., 1]), 0)
    met = np.bitwise_or.reduceat(np.bitwise_or.reduce(which, axis=1), faces.first[:-1])
    side = faces.triangle[:, 1:] - faces.triangle[:, :1]
    area = np.abs(side[:, 0, 0] * side[:, 1, 1] - side[:, 0, 1] * side[:, 1, 0]) / 2
    whole = np.add.reduceat(area, faces.first[:-1])
    full = faces.size.prod(axis=1)
    return np.asarray((met == 15) & (np.abs(whole - full) < 1e-3 * full))


def _inside(faces: _Faces, owner: Array, corners: Array) -> Array:
    """Whether all four `corners` [place, 4, 2] lie in triangles of the place's face."""
    tests = np.diff(faces.first)[owner]
    place = np.repeat(np.arange(len(owner)), tests)
    which = np.arange(len(place)) - np.repeat(np.cumsum(tests) - tests, tests) + faces.first[owner][place]
    t, p = faces.triangle[which], corners[place]
    a, b, c = t[:, :1], t[:, 1:2], t[:, 2:]
    signs = [
        (q[..., 0] - o[..., 0]) * (p[..., 1] - o[..., 1]) - (q[..., 1] - o[..., 1]) * (p[..., 0] - o[..., 0])
        for o, q in ((a, b), (b, c), (c, a))
    ]
    low, high = np.minimum.reduce(signs), np.maximum.reduce(signs)
    hit = (low >= -1e-2) | (high <= 1e-2)
    any_hit = np.zeros((len(owner), 4), bool)
    for k in range(4):
        any_hit[:, k] = np.bincount(place, hit[:, k], len(owner)) > 0
    return np.asarray(any_hit.all(axis=1))


def _strips(faces: _Faces, owner: Array, column: Array, row: Array, count: Array, world: Array) -> Modules:
    """Vertices of the strips, numbered so that all faces of a building fill evenly."""
    before = np.cumsum(count) - count
    of_face = np.bincount(owner, count, len(faces.slot))
    ahead = before - np.r_[0.0, np.cumsum(of_face)][owner]
    order = np.lexsort((ahead / of_face[owner], faces.slot[owner]))
    owner, column, row, count = owner[order], column[order], row[order], count[order]
    slot = faces.slot[owner]
    total = np.cumsum(count) - count
    begins = np.maximum.accumulate(np.where(np.r_[True, np.diff(slot) != 0], total, 0))
    number = total - begins
    _, pitch, low = _grid(faces)
    left, bottom = low[owner, 0] + column * WIDE_M, low[owner, 1] + row * pitch[owner]
    u, v, n, flat = faces.u[owner], faces.v[owner], faces.normal[owner], faces.flat[owner]
    start = faces.origin[owner] + left[:, None] * u + bottom[:, None] * v + _LIFT_M * n
    # On flat roofs the edge away from the equator is raised; the sign follows the axis that points north more.
    north_of_v = np.where(flat, (v @ world.T)[:, 1], 0.0)
    lower, upper = (_RACK_M * (flat & (s * north_of_v > 0))[:, None] * n for s in (-1, 1))
    corner = np.stack([start + lower, start + lower, start + HIGH_M * v + upper, start + HIGH_M * v + upper], axis=1)
    facing = np.cross(WIDE_M * u, HIGH_M * v + upper - lower)
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    facing *= np.sign(np.einsum("ij,ij->i", facing, n))[:, None]
    strip = _at_corners(np.c_[slot, number, count, np.zeros(len(slot))])
    strip[:, 3] = np.tile([0.0, 1.0, 3.0, 2.0], len(slot))
    index = (4 * np.arange(len(slot))[:, None] + np.array([0, 1, 2, 0, 2, 3])).astype(np.uint32)
    position = corner.reshape(-1, 3).astype(np.float32)
    return Modules(position, _at_corners(facing), _at_corners(WIDE_M * u), strip, index.ravel())


def _at_corners(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """[module, n] -> [4 * module, n]: the same at every corner."""
    return np.repeat(values, 4, axis=0).astype(np.float32)
