"""Far levels of detail: every building as a few triangles, within a budget, each where it is missed most.

A building has a ladder of shapes: a level plate at roof height, a tent and a box on its narrowest rectangle, its
outline simplified and extruded, the finer outline, a gable where the roof is one. All start on the lowest rung; whoever
errs most for the triangles that the next rung costs climbs first, until the budget is spent. Walls that stand against a
neighbour of at least their height are left out, for nobody sees them. The error of a shape is the largest distance, in
metres, that something stands off: for a plate its whole height, for a tent half of it, for the others what the roof
rises over its mean or the outline moves.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]

WALL, PITCHED, FLAT = 0.0, 1.0, 2.0
TOLERANCES_M = (2.0, 0.6)
"""How far the outline of the upper rungs may move, in metres."""
_APART_M = 0.4
"""A wall with a neighbour this near is a party wall."""
_AGREES = 0.45
"""Share of a roof whose ridges must run one way for a gable to stand for it."""
_TENT_M = 25.0
"""Nothing wider becomes a tent."""
_FLAT_M = 1.5
"""Buildings lower than this are plates."""


@dataclass(frozen=True)
class Figures:
    """[building] what the ladder is built from."""

    ground_m: Float
    roof_m: Float
    """Height of the level roof in the world: the mean of the real one."""
    rise_m: Float
    """Of the highest point over the mean roof."""
    material: Float
    """Of the roof."""
    outline: NDArray[Any]
    """Shapely polygons in plan, one piece each."""
    ridge: Float
    """[building, 2] direction of the ridges in plan; its length is the share of the roof that agrees, 0 = level."""


@dataclass(frozen=True)
class Rung:
    """One shape of one building."""

    ring: Float
    """[corner, 2] counter-clockwise, in plan."""
    walls: Int
    """Edges (by first corner) that carry a wall."""
    cut: Int
    """[triangle, 3] of the roof."""
    error_m: float
    tent: bool = False
    """Slopes from the ground to one point above the middle, in place of walls and roof."""
    gable: bool = False
    """Two slopes over a rectangle, the ridge along its first edge."""

    @property
    def triangles(self) -> int:
        """Cost."""
        if self.gable:
            return 4 + 2 * len(self.walls) + int((self.walls % 2).sum())
        return len(self.ring) if self.tent else 2 * len(self.walls) + len(self.cut)

    @property
    def breadth_m(self) -> float:
        """Length over which an error is seen."""
        return float(np.linalg.norm(np.ptp(self.ring, axis=0)))


@dataclass(frozen=True)
class Solid:
    """Triangles of many buildings; float64, world."""

    xyz: Float
    normal: Float
    building: Int
    """[vertex]"""
    material: Float
    """[vertex]"""
    index: Int
    """[triangle, 3]"""
    error_m: float
    """Mean of the buildings'."""


def ladders(f: Figures) -> list[list[Rung]]:
    """[building] shapes from the cheapest to the truest."""
    import shapely

    outline = np.array([_one_piece(o) for o in f.outline], dtype=object)
    boxes = np.array([shapely.oriented_envelope(o) if not o.is_empty else o for o in outline], dtype=object)
    steps = [boxes, *(shapely.simplify(outline, t, preserve_topology=True) for t in TOLERANCES_M)]
    rings = [[_ring(o) for o in step] for step in steps]
    walls = _outer_walls(rings, outline, f.roof_m)
    made = []
    for k in range(len(outline)):
        height = float(f.roof_m[k] - f.ground_m[k])
        rise = float(f.rise_m[k])
        ladder: list[Rung] = []
        if not len(rings[0][k]):
            made.append(ladder)
            continue
        first = rings[0][k]
        ladder.append(Rung(first, np.zeros(0, np.int64), _cut(first), height + rise))
        if height > _FLAT_M and ladder[0].breadth_m < _TENT_M:
            ladder.append(Rung(first, np.zeros(0, np.int64), ladder[0].cut[:0], 0.5 * height + rise, tent=True))
        for step, moved in enumerate((_misfit_m(boxes[k], outline[k]), *TOLERANCES_M)):
            ring = rings[step][k]
            rung = Rung(ring, walls[step][k], _cut(ring), max(rise, moved))
            if height > _FLAT_M and len(rung.cut) and rung.error_m < ladder[-1].error_m:
                ladder.append(rung)
        roofed = _gabled(f, k, rings[0][k], walls[0][k], _misfit_m(boxes[k], outline[k]), rise)
        if roofed is not None and height > _FLAT_M:
            ladder.append(roofed)
        made.append(ladder)
    return made


def choose(all_ladders: list[list[Rung]], buildings: Int, *, budget: int) -> list[tuple[int, Rung]]:
    """A rung for each of `buildings` so that the triangles stay within `budget` if plates for all do."""
    rung = {int(k): 0 for k in buildings if all_ladders[k]}
    left = budget - sum(all_ladders[k][0].triangles for k in rung)
    queue = [entry for k in rung for entry in [_gain(all_ladders[k], k, 0)] if entry is not None]
    heapq.heapify(queue)
    while queue:
        _, cost, k, step = heapq.heappop(queue)
        if cost > left:
            continue
        left -= cost
        rung[k] = step
        following = _gain(all_ladders[k], k, step)
        if following is not None:
            heapq.heappush(queue, following)
    return [(k, all_ladders[k][r]) for k, r in rung.items()]


def solid(chosen: list[tuple[int, Rung]], f: Figures) -> Solid:
    """The chosen shapes as triangles with sharp edges."""
    parts = []
    owner, index = [], []
    count = 0
    for k, rung in chosen:
        low, high = float(f.ground_m[k]), float(f.roof_m[k])
        if rung.tent:
            part = _tent(rung.ring, low, high, f.material[k])
        elif rung.gable:
            part = _gable(rung, low, high, float(f.rise_m[k]), f.material[k])
        else:
            part = _block(rung, low, high, f.material[k])
        parts.append(part[:3])
        index.append(count + part[3])
        owner.append(np.full(len(part[0]), k))
        count += len(part[0])
    if not chosen:
        return Solid(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64), np.zeros(0),
                     np.zeros((0, 3), np.int64), 0.0)  # fmt: skip
    errors = np.array([rung.error_m for _, rung in chosen])
    xyz, normal, material = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Solid(xyz, normal, np.concatenate(owner), material, np.concatenate(index), float(errors.mean()))


_Part = tuple[Float, Float, Float, Int]
"""Corners, normals, materials by vertex, and triangles."""
_FAN = np.array([[0, 1, 2], [0, 2, 3]])


def _block(rung: Rung, low: float, high: float, roof: float) -> _Part:
    """Walls and a level roof."""
    n, m = len(rung.ring), len(rung.walls)
    xyz, normal = _walls(rung.ring, rung.walls, low, high)
    index = np.concatenate([(4 * np.arange(m)[:, None, None] + _FAN).reshape(-1, 3), 4 * m + rung.cut])
    return (
        np.concatenate([xyz, np.column_stack([rung.ring, np.full(n, high)])]),
        np.concatenate([normal, np.tile([0.0, 0.0, 1.0], (n, 1))]),
        np.concatenate([np.full(4 * m, WALL), np.full(n, roof)]), index,
    )  # fmt: skip


def _walls(ring: Float, edges: Int, low: float, high: float) -> tuple[Float, Float]:
    """[4 edge, 3] corners and outward normals."""
    a, b = ring[edges], ring[(edges + 1) % len(ring)]
    quad = np.empty((len(a), 4, 3))
    quad[:, 0, :2], quad[:, 1, :2], quad[:, 2, :2], quad[:, 3, :2] = a, b, b, a
    quad[:, :2, 2], quad[:, 2:, 2] = low, high
    out = np.column_stack([(b - a)[:, 1], -(b - a)[:, 0], np.zeros(len(a))])
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return quad.reshape(-1, 3), np.repeat(out, 4, axis=0)


def _gabled(f: Figures, k: int, ring: Float, walls: Int, misfit_m: float, rise: float) -> Rung | None:
    """A gable over the rectangle `ring` if roof and outline are like that; its first edge runs along the ridge."""
    share = float(np.linalg.norm(f.ridge[k]))
    if f.material[k] != PITCHED or share < _AGREES or len(ring) != 4 or misfit_m > rise:
        return None
    along = ring[1] - ring[0]
    across = ring[2] - ring[1]
    towards = [abs(float(f.ridge[k] @ e)) / max(float(np.linalg.norm(e)), 1e-9) for e in (along, across)]
    turn = int(towards[1] > towards[0])
    return Rung(np.roll(ring, -turn, axis=0), (walls - turn) % 4, np.zeros((0, 3), np.int64),
                max(0.3 * rise, 0.5 * misfit_m), gable=True)  # fmt: skip


def _gable(rung: Rung, low: float, mean: float, rise: float, roof: float) -> _Part:
    """Walls to the eaves, two slopes, and a triangle of wall over each open end."""
    rise = min(rise, 0.5 * (mean - low))
    eave, ridge, r = mean - rise, mean + rise, rung.ring
    xyz, normal = _walls(r, rung.walls, low, eave)
    right, left = (np.append((r[a] + r[b]) / 2, ridge) for a, b in ((1, 2), (3, 0)))
    a, b, c, d = (np.append(corner, eave) for corner in r)
    faces = [np.array([a, b, right, left]), np.array([c, d, left, right])]
    index = [(4 * np.arange(len(rung.walls))[:, None, None] + _FAN).reshape(-1, 3)]
    points, normals, kinds = [xyz], [normal], [np.full(len(xyz), WALL)]
    ends = [np.array(e) for edge, e in ((1, [b, c, right]), (3, [d, a, left])) if edge in rung.walls]
    count = len(xyz)
    for corners in (*faces, *ends):
        up = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        points.append(corners)
        normals.append(np.tile(up / max(float(np.linalg.norm(up)), 1e-9), (len(corners), 1)))
        kinds.append(np.full(len(corners), roof if len(corners) == 4 else WALL))
        index.append(count + _FAN[: len(corners) - 2])
        count += len(corners)
    return np.concatenate(points), np.concatenate(normals), np.concatenate(kinds), np.concatenate(index)


def _tent(ring: Float, low: float, top: float, roof: float) -> _Part:
    """Slopes that meet above the middle, with outward normals that share their corners."""
    n, middle = len(ring), ring.mean(axis=0)
    out = ring - middle
    reach = np.linalg.norm(out, axis=1, keepdims=True)
    up = np.full((n, 1), float(reach.mean()) / max(top - low, 0.1))
    normal = np.vstack([np.hstack([out / np.maximum(reach, 1e-9), up]), [(0.0, 0.0, 1.0)]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    xyz = np.vstack([np.column_stack([ring, np.full(n, low)]), [(*middle, top)]])
    index = np.column_stack([np.arange(n), (np.arange(n) + 1) % n, np.full(n, n)])
    return xyz, normal, np.full(n + 1, roof), index


def _gain(ladder: list[Rung], k: int, step: int) -> tuple[float, int, int, int] | None:
    """Entry of the queue for the best higher rung: (minus error saved per triangle, cost, building, rung)."""
    here = ladder[step]
    offers = [
        (-(here.error_m - up.error_m) * here.breadth_m / max(up.triangles - here.triangles, 1),
         up.triangles - here.triangles, k, number)
        for number, up in enumerate(ladder[step + 1 :], step + 1)
    ]  # fmt: skip
    return min(offers) if offers else None


def _one_piece(outline: Any) -> Any:
    """The largest piece of an outline, without courts."""
    import shapely

    parts = [p for p in shapely.get_parts(outline) if p.geom_type == "Polygon" and p.area > 0]
    return shapely.Polygon(max(parts, key=lambda p: p.area).exterior) if parts else shapely.Polygon()


def _misfit_m(box: Any, outline: Any) -> float:
    """How far the rectangle stands out over the outline, as the side of a square of the surplus area."""
    return float(np.sqrt(max(box.area - outline.area, 0.0)))


def _ring(outline: Any) -> Float:
    """[corner, 2] counter-clockwise; none where there is no area."""
    import shapely

    if outline.geom_type != "Polygon" or outline.is_empty or outline.area < 1e-6:
        return np.zeros((0, 2))
    ring: Float = shapely.get_coordinates(shapely.normalize(outline).exterior)[:-1]
    x, y = ring.T
    area = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    return ring if area > 0 else ring[::-1].copy()


def _cut(ring: Float) -> Int:
    """[triangle, 3] of a ring."""
    import mapbox_earcut

    if len(ring) < 3:
        return np.zeros((0, 3), np.int64)
    if len(ring) == 3:
        return np.array([[0, 1, 2]])
    cut = mapbox_earcut.triangulate_float64(ring, np.array([len(ring)], np.uint32)).reshape(-1, 3).astype(np.int64)
    a, b, c = ring[cut[:, 0]], ring[cut[:, 1]], ring[cut[:, 2]]
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    return np.where((area < 0)[:, None], cut[:, ::-1], cut)


def _outer_walls(rings: list[list[Float]], outline: NDArray[Any], roof_m: Float) -> list[list[Int]]:
    """[step][building] edges that see the open air: no neighbour of at least the same roof stands before them."""
    import shapely

    tree = shapely.STRtree(outline)
    result = []
    for step in rings:
        size = np.array([len(r) for r in step])
        owner = np.repeat(np.arange(len(step)), size)
        a = np.concatenate(step) if size.sum() else np.zeros((0, 2))
        b = np.concatenate([np.roll(r, -1, axis=0) for r in step]) if size.sum() else a
        along = b - a
        out = np.column_stack([along[:, 1], -along[:, 0]])
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
        hidden = np.ones(len(a), bool)
        for part in (0.25, 0.5, 0.75):  # the whole edge is hidden, not a piece of it
            point, other = tree.query(shapely.points(a + part * along + _APART_M * out), predicate="within")
            covers = (other != owner[point]) & (roof_m[other] > roof_m[owner[point]] - 1.0)
            covered = np.zeros(len(a), bool)
            covered[point[covers]] = True
            hidden &= covered
        cuts = np.cumsum(size)[:-1]
        result.append([np.flatnonzero(~part) for part in np.split(hidden, cuts)])
    return result
