"""Plain buildings as CityJSON solids: a flat, gabled or hipped roof on an outline.

Outlines run counter-clockwise; of a gabled or hipped house the ridge runs along the first edge. Every shell is closed,
its faces are planar and look outward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]
Corner = tuple[float, float, float]
_SURFACES = ("GroundSurface", "RoofSurface", "WallSurface")
_GROUND, _ROOF, _WALL = range(3)


@dataclass(frozen=True)
class Plot:
    """Outline of a building in metres, counter-clockwise."""

    corners: list[Point]

    def moved(self, to: Point, *, turn_deg: float = 0.0) -> Plot:
        """Turned around its origin, then moved by `to`."""
        c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
        return Plot([(x * c - y * s + to[0], x * s + y * c + to[1]) for x, y in self.corners])


@dataclass(frozen=True)
class Shell:
    """What stands on an outline: `roof` is flat, gable or hip (these need four corners)."""

    roof: str
    eave_m: float
    rise_m: float


@dataclass
class Vertices:
    """Shared vertices of a model in whole millimetres."""

    rows: list[list[int]] = field(default_factory=list)
    _known: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def add(self, corner: Corner) -> int:
        """Row of a corner; corners that fall on the same millimetre share one."""
        x, y, z = (round(1000 * c) for c in corner)
        if (x, y, z) not in self._known:
            self._known[x, y, z] = len(self.rows)
            self.rows.append([x, y, z])
        return self._known[x, y, z]


def rectangle(x0: float, y0: float, x1: float, y1: float, *, along_y: bool = False) -> Plot:
    """Rectangle whose ridge runs along x, or along y."""
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return Plot(corners[1:] + corners[:1] if along_y else corners)


def solid(plot: Plot, shell: Shell, *, ground_m: float, vertices: Vertices) -> dict[str, Any]:
    """CityJSON geometry (Solid, LoD 2.2, semantic surfaces) of a building."""
    faces = _faces(plot, shell, ground_m)
    boundary = [[[vertices.add(corner) for corner in ring]] for _, ring in faces]
    return {
        "type": "Solid", "lod": "2.2", "boundaries": [boundary],
        "semantics": {"surfaces": [{"type": t} for t in _SURFACES], "values": [[kind for kind, _ in faces]]},
    }  # fmt: skip


def _faces(plot: Plot, shell: Shell, ground_m: float) -> list[tuple[int, list[Corner]]]:
    """(kind, ring) of every face, rings counter-clockwise seen from outside."""
    eave, ridge = ground_m + shell.eave_m, ground_m + shell.eave_m + shell.rise_m
    base = [(x, y, ground_m) for x, y in plot.corners]
    top = [(x, y, eave) for x, y in plot.corners]
    faces = [(_GROUND, base[::-1])]
    if shell.roof == "flat":
        return [*faces, (_ROOF, top), *((_WALL, wall) for wall in _walls(base, top))]
    inset = _hip_inset(plot) if shell.roof == "hip" else 0.0
    left, right = _ridge(plot, ridge, inset)
    a, b, c, d = top
    faces += [(_ROOF, [a, b, right, left]), (_ROOF, [c, d, left, right])]
    walls = _walls(base, top)
    if inset:
        faces += [(_ROOF, [b, c, right]), (_ROOF, [d, a, left])]
    else:
        walls[1] = [base[1], base[2], c, right, b]
        walls[3] = [base[3], base[0], a, left, d]
    return [*faces, *((_WALL, wall) for wall in walls)]


def _walls(base: list[Corner], top: list[Corner]) -> list[list[Corner]]:
    n = len(base)
    return [[base[k], base[(k + 1) % n], top[(k + 1) % n], top[k]] for k in range(n)]


def _ridge(plot: Plot, height: float, inset: float) -> tuple[Corner, Corner]:
    """Ends of the ridge: middles of the two ends of the house, drawn in by `inset`."""
    a, b, c, d = plot.corners
    left, right = ((a[0] + d[0]) / 2, (a[1] + d[1]) / 2), ((b[0] + c[0]) / 2, (b[1] + c[1]) / 2)
    length = math.dist(left, right)
    along = ((right[0] - left[0]) / length, (right[1] - left[1]) / length)
    return (
        (left[0] + inset * along[0], left[1] + inset * along[1], height),
        (right[0] - inset * along[0], right[1] - inset * along[1], height),
    )


def _hip_inset(plot: Plot) -> float:
    """Hips as steep as the main slopes, as far as a metre of ridge is left."""
    a, b, c, _ = plot.corners
    return min(math.dist(b, c) / 2, math.dist(a, b) / 2 - 0.5)
