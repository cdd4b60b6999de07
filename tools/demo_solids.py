"""Closed bodies for the demo town: strips under a roof profile, prisms with a parapet, hips, stacks and spires.

Outlines run counter-clockwise, heights are metres over the ground. Every body is closed, its faces look outward and
are planar. A strip is a house, or several in one: cross-sections ("stations") at which an outer and an inner point
are given, under one profile; ridges therefore run along the street and mitre where the strip turns a corner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]
Corner = tuple[float, float, float]
Face = tuple[str, list[list[Corner]]]
"""Kind of surface, and rings: the outer one, then holes."""
Body = list[Face]
Profile = list[tuple[float, float]]
"""Across a strip: (share of the depth from the outer edge, height)."""
GROUND, ROOF, WALL = "GroundSurface", "RoofSurface", "WallSurface"
SURFACES = (GROUND, ROOF, WALL)
PARAPET_M, COPING_M = 0.55, 0.4


@dataclass
class Vertices:
    """Shared vertices of a model in whole millimetres, `ground_m` added to every height."""

    ground_m: float = 0.0
    rows: list[list[int]] = field(default_factory=list)
    _known: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def add(self, corner: Corner) -> int:
        """Row of a corner; corners that fall on the same millimetre share one."""
        key = (round(1000 * corner[0]), round(1000 * corner[1]), round(1000 * (corner[2] + self.ground_m)))
        if key not in self._known:
            self._known[key] = len(self.rows)
            self.rows.append(list(key))
        return self._known[key]


def solid(body: Body, vertices: Vertices) -> dict[str, Any]:
    """CityJSON geometry (Solid, LoD 2.2, semantic surfaces) of a body."""
    boundary = [[[vertices.add(c) for c in ring] for ring in rings] for _, rings in body]
    return {
        "type": "Solid", "lod": "2.2", "boundaries": [boundary],
        "semantics": {"surfaces": [{"type": t} for t in SURFACES], "values": [[SURFACES.index(k) for k, _ in body]]},
    }  # fmt: skip


# ---------------------------------------------------------------- in the plane


def lerp(a: Point, b: Point, t: float) -> Point:
    """The point at share `t` of the way from `a` to `b`."""
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def along(a: Point, b: Point, metres: float, left_m: float = 0.0) -> Point:
    """The point `metres` from `a` towards `b`, then `left_m` to the left."""
    length = math.dist(a, b)
    ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    return a[0] + ux * metres - uy * left_m, a[1] + uy * metres + ux * left_m


def inset(outline: Sequence[Point], by: float | Sequence[float]) -> list[Point]:
    """A counter-clockwise outline with every edge moved inwards, edge k from corner k to k + 1; corners are mitred."""
    n = len(outline)
    off = [float(by)] * n if isinstance(by, int | float) else list(by)
    moved = []
    for k in range(n):
        a, b = outline[k], outline[(k + 1) % n]
        moved.append((along(a, b, 0.0, off[k]), (b[0] - a[0], b[1] - a[1])))
    corners = []
    for k in range(n):
        (p, d), (q, e) = moved[k - 1], moved[k]
        cross = d[0] * e[1] - d[1] * e[0]
        t = ((q[0] - p[0]) * e[1] - (q[1] - p[1]) * e[0]) / cross
        corners.append((p[0] + d[0] * t, p[1] + d[1] * t))
    return corners


def rectangle(middle: Point, wide: float, deep: float, turn_rad: float) -> list[Point]:
    """Counter-clockwise corners; the first edge is `wide` long and points along `turn_rad`."""
    c, s = math.cos(turn_rad), math.sin(turn_rad)
    half = ((-wide / 2, -deep / 2), (wide / 2, -deep / 2), (wide / 2, deep / 2), (-wide / 2, deep / 2))
    return [(middle[0] + x * c - y * s, middle[1] + x * s + y * c) for x, y in half]


def circle(middle: Point, radius: float, corners: int) -> list[Point]:
    """A regular polygon, counter-clockwise."""
    turn = 2 * math.pi / corners
    return [(middle[0] + radius * math.cos(k * turn), middle[1] + radius * math.sin(k * turn)) for k in range(corners)]


# ---------------------------------------------------------------- bodies


def strip(outer: Sequence[Point], inner: Sequence[Point], profile: Profile) -> Body:
    """A body over stations k from `outer[k]` to `inner[k]`, its inside on the left of the outer edge."""
    n = len(outer)
    rows = [[(*lerp(outer[k], inner[k], t), h) for t, h in profile] for k in range(n)]
    foot_out, foot_in = [(*p, 0.0) for p in outer], [(*p, 0.0) for p in inner]
    body: Body = [(GROUND, [[*foot_in, *foot_out[::-1]]])]
    for k in range(n - 1):
        here, there = rows[k], rows[k + 1]
        body.append((WALL, [[foot_out[k], foot_out[k + 1], there[0], here[0]]]))
        body.append((WALL, [[foot_in[k + 1], foot_in[k], here[-1], there[-1]]]))
        for p in range(len(profile) - 1):
            upright = abs(profile[p + 1][0] - profile[p][0]) < 1e-9
            body.append((WALL if upright else ROOF, [[here[p], there[p], there[p + 1], here[p + 1]]]))
    body.append((WALL, [[foot_in[0], foot_out[0], *rows[0]]]))
    body.append((WALL, [[foot_out[-1], foot_in[-1], *rows[-1][::-1]]]))
    return body


def gable(eave_m: float, rise_m: float) -> Profile:
    """Two slopes to a ridge in the middle."""
    return [(0.0, eave_m), (0.5, eave_m + rise_m), (1.0, eave_m)]


def mansard(eave_m: float, depth_m: float) -> Profile:
    """Steep slopes of 2.9 m, 1.5 m inwards, then shallow ones of 0.9 m to the ridge."""
    t = 1.5 / depth_m
    return [(0.0, eave_m), (t, eave_m + 2.9), (0.5, eave_m + 3.8), (1.0 - t, eave_m + 2.9), (1.0, eave_m)]


def saw_tooth(eave_m: float, teeth: int, rise_m: float) -> Profile:
    """Teeth across the strip: each a slope up from the outer side, then an upright glazed face."""
    profile: Profile = []
    for k in range(teeth):
        profile += [(k / teeth, eave_m), ((k + 1) / teeth, eave_m + rise_m)]
    return profile


def block(outline: Sequence[Point], height_m: float, *, base_m: float = 0.0, kind: str = GROUND) -> Body:
    """A plain prism; `kind` is that of its underside."""
    top, foot = [(*p, base_m + height_m) for p in outline], [(*p, base_m) for p in outline]
    n = len(outline)
    walls: Body = [(WALL, [[foot[k], foot[(k + 1) % n], top[(k + 1) % n], top[k]]]) for k in range(n)]
    return [(kind, [foot[::-1]]), (ROOF, [top]), *walls]


def parapet(outline: Sequence[Point], roof_m: float) -> Body:
    """A prism with a flat roof behind a parapet that has a coping."""
    if roof_m < 3.2:
        return block(outline, roof_m)
    n, rim = len(outline), roof_m + PARAPET_M
    within = inset(outline, COPING_M)
    foot, top = [(*p, 0.0) for p in outline], [(*p, rim) for p in outline]
    edge, flat = [(*p, rim) for p in within], [(*p, roof_m) for p in within]
    body: Body = [(GROUND, [foot[::-1]]), (ROOF, [flat])]
    for k in range(n):
        m = (k + 1) % n
        body += [(WALL, [[foot[k], foot[m], top[m], top[k]]]), (ROOF, [[top[k], top[m], edge[m], edge[k]]])]
        body.append((WALL, [[flat[m], flat[k], edge[k], edge[m]]]))
    return body


def hip(outline: Sequence[Point], eave_m: float, rise_m: float) -> Body:
    """A hipped roof on a rectangle whose ridge runs along its first edge; as steep at the ends where it fits."""
    a, b, c, d = outline
    length = math.dist(a, b)
    back = min(math.dist(b, c) / 2, length / 2 - 0.5)
    left, right = along(lerp(a, d, 0.5), lerp(b, c, 0.5), back), along(lerp(b, c, 0.5), lerp(a, d, 0.5), back)
    ridge = (*left, eave_m + rise_m), (*right, eave_m + rise_m)
    walls = block(outline, eave_m)
    e = [(*p, eave_m) for p in outline]
    roofs: Body = [
        (ROOF, [[e[0], e[1], ridge[1], ridge[0]]]), (ROOF, [[e[2], e[3], ridge[0], ridge[1]]]),
        (ROOF, [[e[1], e[2], ridge[1]]]), (ROOF, [[e[3], e[0], ridge[0]]]),
    ]  # fmt: skip
    return [walls[0], *roofs, *walls[2:]]


def spire(outline: Sequence[Point], wall_m: float, rise_m: float) -> Body:
    """A tower under a pointed roof."""
    n = len(outline)
    tip = (sum(p[0] for p in outline) / n, sum(p[1] for p in outline) / n, wall_m + rise_m)
    walls = block(outline, wall_m)
    e = [(*p, wall_m) for p in outline]
    return [walls[0], *[(ROOF, [[e[k], e[(k + 1) % n], tip]]) for k in range(n)], *walls[2:]]


def dormer(eave: tuple[Point, Point], up: Point, *, profile: Profile, depth_m: float, at_m: float) -> Body:
    """A dormer with a flat lid on the outer slope.

    eave: the outer edge under it, left to right seen from the street; `up` points into the house (unit vector).
    at_m: how far behind the eave its front stands. The underside lies 6 cm within the slope, so nothing shimmers.
    """
    run, rise = (profile[1][0] - profile[0][0]) * depth_m, profile[1][1] - profile[0][1]
    slope, foot = rise / run, profile[0][1]
    tall = min(1.45, rise - slope * at_m - 0.15)
    back = at_m + tall / slope
    (a, b), low, top = eave, foot + slope * at_m - 0.06, foot + slope * at_m + tall

    def at(p: Point, metres: float, h: float) -> Corner:
        return p[0] + up[0] * metres, p[1] + up[1] * metres, h

    fl, fr, tl, tr = at(a, at_m, low), at(b, at_m, low), at(a, at_m, top), at(b, at_m, top)
    bl, br = at(a, back, foot + slope * back - 0.06), at(b, back, foot + slope * back - 0.06)
    kl, kr = at(a, back, top), at(b, back, top)
    return [
        (WALL, [[fl, fr, tr, tl]]), (ROOF, [[tl, tr, kr, kl]]), (ROOF, [[fr, fl, bl, br]]),
        (WALL, [[fr, br, kr, tr]]), (WALL, [[bl, fl, tl, kl]]), (WALL, [[br, bl, kl, kr]]),
    ]  # fmt: skip


def chimney(middle: Point, top_m: float, base_m: float, turn_rad: float, wide: float = 0.9) -> Body:
    """A stack of bricks that begins inside the roof."""
    return block(rectangle(middle, wide, 0.6, turn_rad), top_m - base_m, base_m=base_m, kind=ROOF)
