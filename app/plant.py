"""Models of plant: batteries, turbines, canopies, chargers and the kiosks of transformers, as triangles.

Each is a few boxes in metres around its foot, x along the street, z up. A place whose plant is not built is an outline
on the ground. Pure: app.gpu.plant draws them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.paint import LOADING, NEUTRAL, Legend, at_time, end_of_scale, linear, loading_rgb
from app.pulse import COLLAPSED, UNFED, faults
from network.schema import FluxBlock, Roster

Float = NDArray[np.float64]
Rgb = tuple[float, float, float]
WHITE, METAL, DARK = linear("#EFEDE8"), linear("#9EA1A3"), linear("#5E6266")
GLASS, OUTLINE = linear("#263142"), linear("#F1EEE8")
HUB_M, BLADE_M = 92.0, 44.0
"""A turbine of some 2 MW."""
PLANT = ("battery", "turbine", "canopy", "charger", "transformer")
HEIGHT_M = {"battery": 2.9, "turbine": HUB_M, "canopy": 4.2, "charger": 2.4, "transformer": 2.6}
_ASIDE_M = 8.0
"""A kiosk stands beside the street whose node it is."""


@dataclass(frozen=True)
class Shape:
    """Vertex columns of triangles, three vertices each; every array has the same length."""

    position: Float
    """[vertex, 3]"""
    normal: Float
    """[vertex, 3]"""
    look: Float
    """[vertex, 4]: linear rgb of the material, and how much of the flux colour it takes (0..1)."""
    extra: Float
    """[vertex, 4]: row of the plant, place along the gauge of the charge (0..1; -1: none), u and v of modules in metres
    (-1: no modules)."""
    hub: Float
    """[vertex, 4]: hub that it turns around, 1 where it turns."""


_NOTHING = Shape(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, 4)))


def _shape(corners: Float, colour: Rgb, paint: float, gauge: Float | None = None, modules: bool = False) -> Shape:
    """Quads [q, 4, 3], counter-clockwise from outside; `gauge` [q, 4]."""
    n = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    pick = [0, 1, 2, 0, 2, 3]
    p = corners[:, pick].reshape(-1, 3)
    extra = np.full((len(p), 4), -1.0)
    if gauge is not None:
        extra[:, 1] = gauge[:, pick].ravel()
    if modules:
        u = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)[:, None] * np.array([0, 1, 1, 0])
        v = np.linalg.norm(corners[:, 3] - corners[:, 0], axis=1)[:, None] * np.array([0, 0, 1, 1])
        extra[:, 2], extra[:, 3] = u[:, pick].ravel(), v[:, pick].ravel()
    return Shape(
        p, np.repeat(n, 6, axis=0), np.tile([*colour, paint], (len(p), 1)), extra, np.zeros((len(p), 4))
    )  # fmt: skip


def _join(parts: list[Shape]) -> Shape:
    names = ("position", "normal", "look", "extra", "hub")
    return Shape(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def _box(middle: tuple[float, float], size: tuple[float, float], z: tuple[float, float]) -> Float:
    """Sides and top of a box as quads [5, 4, 3]."""
    (x, y), (a, b), (low, high) = middle, (size[0] / 2, size[1] / 2), z
    ring = [(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)]
    sides = [
        [(*ring[k], low), (*ring[(k + 1) % 4], low), (*ring[(k + 1) % 4], high), (*ring[k], high)] for k in range(4)
    ]
    return np.array([*sides, [(*p, high) for p in ring]], np.float64)


def _battery() -> Shape:
    """Three containers; a gauge along their long sides shows the charge."""
    parts = []
    for y in (-3.4, 0.0, 3.4):
        body = _box((0.0, y), (12.2, 2.44), (0.25, 2.9))
        parts += [_shape(body[:4], WHITE, 0.45), _shape(body[4:], WHITE, 0.95)]
        parts.append(_shape(_box((0.0, y), (12.4, 2.6), (0.0, 0.25))[:4], DARK, 0.0))
        parts.append(_shape(_box((-4.0, y), (1.6, 1.6), (2.9, 3.25)), METAL, 0.4))
        for side in (-1.0, 1.0):
            at = y + side * 1.25
            x = np.array([-5.6, 5.6, 5.6, -5.6]) * -side
            strip = np.c_[x, np.full(4, at), [1.0, 1.0, 1.9, 1.9]][None]
            parts.append(_shape(strip[:, ::-1] if side < 0 else strip, DARK, 0.0))
            share = (strip[..., 0] + 5.6) / 11.2
            parts[-1].extra[:, 1] = share[:, ::-1][:, [0, 1, 2, 0, 2, 3]].ravel() if side < 0 else share[
                :, [0, 1, 2, 0, 2, 3]
            ].ravel()  # fmt: skip
    return _join(parts)


def _turbine() -> Shape:
    """Tower, nacelle and three blades that face -y."""
    turn = np.linspace(0, 2 * np.pi, 13)
    rim = np.c_[np.cos(turn), np.sin(turn)]
    low, high = np.c_[rim * 2.1, np.zeros(13)], np.c_[rim * 1.25, np.full(13, HUB_M - 1.6)]
    parts = [_shape(np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1), WHITE, 0.85)]
    parts.append(_shape(_box((0.0, 1.2), (3.4, 9.0), (HUB_M - 1.9, HUB_M + 1.9)), WHITE, 0.9))
    hub = np.array([0.0, -4.2, HUB_M])
    for k in range(3):
        a = k * 2 * np.pi / 3 + 0.3
        out, wide = np.array([np.cos(a), 0.0, np.sin(a)]), np.array([-np.sin(a), 0.0, np.cos(a)])
        root, tip = hub + out * 1.0, hub + out * BLADE_M
        middle = hub + out * BLADE_M * 0.28
        flat = [[root - wide * 0.9, middle - wide * 0.8, middle + wide * 2.2, root + wide * 0.9],
                [middle - wide * 0.8, tip - wide * 0.25, tip + wide * 0.25, middle + wide * 2.2]]  # fmt: skip
        blade = np.array([np.array(q) for q in flat])
        parts.append(_turning(_shape(np.concatenate([blade, blade[:, ::-1]]), WHITE, 0.9), hub))
    return _join(parts)


def _turning(shape: Shape, hub: Float) -> Shape:
    shape.hub[:] = [*hub, 1.0]
    return shape


def _canopy() -> Shape:
    """A roof of modules over two rows of cars: 16 m of it."""
    low, high, deep = 2.7, 4.1, 5.4
    parts = [_shape(_box((x, 0.0), (0.28, 0.28), (0.0, 3.2)), METAL, 0.0) for x in (-7.2, -2.4, 2.4, 7.2)]
    slab = np.array([[(-8, -deep, low), (8, -deep, low), (8, deep, high), (-8, deep, high)]], np.float64)
    down = np.array([0.0, 0.0, -0.30])
    parts.append(_shape(slab, GLASS, 0.10, modules=True))
    parts.append(_shape((slab + down)[:, ::-1], WHITE, 0.5))
    c = slab[0]
    edge = [[c[k] + down, c[(k + 1) % 4] + down, c[(k + 1) % 4], c[k]] for k in range(4)]
    parts.append(_shape(np.array(edge), WHITE, 1.0))
    return _join(parts)


def _charger() -> Shape:
    """Two posts and the bays before them."""
    parts = []
    for x in (-1.5, 1.5):
        parts.append(_shape(_box((x, 0.0), (0.55, 0.40), (0.0, 1.7)), WHITE, 0.3))
        parts.append(_shape(_box((x, 0.0), (0.62, 0.48), (1.7, 2.4)), WHITE, 1.0))
    bay = [[(x - 1.25, -5.6, 0.12), (x + 1.25, -5.6, 0.12), (x + 1.25, -0.8, 0.12), (x - 1.25, -0.8, 0.12)]
           for x in (-1.5, 1.5)]  # fmt: skip
    parts.append(_shape(np.array(bay, np.float64), linear("#D6D1C8"), 0.8))
    return _join(parts)


def _kiosk() -> Shape:
    """A compact substation with a roof that takes the colour."""
    body = _box((0.0, 0.0), (3.6, 2.6), (0.0, 2.2))
    roof = _box((0.0, 0.0), (4.0, 3.0), (2.2, 2.6))
    doors = np.array([[(x, -1.34, 0.2), (x + 1.4, -1.34, 0.2), (x + 1.4, -1.34, 2.0), (x, -1.34, 2.0)]
                      for x in (-1.5, 0.1)], np.float64)  # fmt: skip
    return _join([_shape(body[:4], WHITE, 0.45), _shape(roof, WHITE, 1.0), _shape(doors, METAL, 0.2)])


def _outline(kind: str) -> Shape:
    """Where it could stand: a dashed rectangle on the ground."""
    a, b = {"battery": (7.0, 5.6), "turbine": (9.0, 9.0), "canopy": (8.5, 6.0)}.get(kind, (3.0, 3.0))
    dashes = []
    for length, across, upright in ((a, b, False), (b, a, True)):
        count = max(int(length // 1.6), 1)
        for middle in (np.arange(count) - (count - 1) / 2) * (2 * length / count):
            for side in (-1.0, 1.0):
                at, size = (middle, side * across), (length / count * 1.1, 0.30)
                quad = _box(at[::-1] if upright else at, size[::-1] if upright else size, (0.0, 0.15))
                dashes.append(quad[4:])
    return _shape(np.concatenate(dashes), OUTLINE, 0.0)


MODELS = {
    "battery": _battery(), "turbine": _turbine(), "canopy": _canopy(), "charger": _charger(), "transformer": _kiosk(),
}  # fmt: skip
OUTLINES = {kind: _outline(kind) for kind in PLANT}


@dataclass(frozen=True)
class Stand:
    """Everything that may stand: the rows of [site] first, then the transformers among the lines."""

    kind: tuple[str, ...]
    foot_m: Float
    """[row, 3]"""
    heading_rad: Float
    """[row] direction of the model's x axis, anticlockwise from east."""
    line: NDArray[np.int64]
    """[row] line of a transformer, -1 for sites."""
    cables: NDArray[np.int64]
    """[cable] lines that are cables of streets."""

    @property
    def sites(self) -> int:
        """How many rows are sites."""
        return int((self.line < 0).sum())


def stand(roster: Roster) -> Stand:
    """Places of plant and transformers, turned along the nearest street."""
    lines = np.array([k for k, kind in enumerate(roster.line_kind) if kind == "transformer"], np.int64)
    vertex = np.asarray(roster.vertices_m, np.float64).reshape(-1, 3)
    start = np.asarray(roster.vertex_start, np.int64)
    nodes = vertex[start[lines + 1] - 1] if len(lines) else np.zeros((0, 3))
    a, b = _streets(roster, vertex, start)
    feet = np.concatenate([np.asarray(roster.site_xyz_m, np.float64).reshape(-1, 3), _beside(nodes, roster, a, b)])
    heading = np.zeros(len(feet))
    if len(a):
        middle, way = (a + b)[:, :2] / 2, (b - a)[:, :2]
        for k, foot in enumerate(feet):
            near = way[int(np.argmin(((middle - foot[:2]) ** 2).sum(axis=1)))]
            heading[k] = np.arctan2(near[1], near[0])
    kind = (*(k if k in MODELS else "charger" for k in roster.site_kind), *("transformer",) * len(lines))
    heading[[k for k, name in enumerate(kind) if name == "turbine"]] = np.radians(40.0)  # into the west wind
    cables = np.array([k for k, name in enumerate(roster.line_kind) if name == "cable"], np.int64)
    return Stand(kind, feet, heading, np.r_[np.full(len(roster.site_kind), -1, np.int64), lines], cables)


def _streets(roster: Roster, vertex: Float, start: NDArray[np.int64]) -> tuple[Float, Float]:
    """Ends of all pieces of cables."""
    pieces = [
        np.arange(start[k], start[k + 1] - 1) for k, kind in enumerate(roster.line_kind) if kind == "cable"
    ]  # fmt: skip
    at = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    return vertex[at], vertex[at + 1]


def _beside(nodes: Float, roster: Roster, a: Float, b: Float) -> Float:
    """The free place beside each node: of eight around it the one farthest from houses and cables."""
    feet = np.asarray(roster.building_xyz_m, np.float64).reshape(-1, 3)
    radius = np.sqrt(np.asarray(roster.footprint_m2, np.float64) / np.pi)
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    out = nodes.copy()
    for k, node in enumerate(nodes):
        tried = node[:2] + _ASIDE_M * np.c_[np.cos(turn), np.sin(turn)]
        room = np.full(8, 1e9)
        if len(feet):
            room = (np.linalg.norm(tried[:, None] - feet[None, :, :2], axis=2) - radius * 1.2).min(axis=1)
        if len(a):
            along, way = tried[:, None] - a[None, :, :2], (b - a)[None, :, :2]
            t = np.clip((along * way).sum(axis=2) / np.maximum((way**2).sum(axis=2), 1e-9), 0, 1)
            room = np.minimum(room, 1.5 * np.linalg.norm(along - t[..., None] * way, axis=2).min(axis=1))
        out[k, :2] = tried[int(np.argmax(room))]
    return out


def built(roster: Roster, rating: FluxBlock | None) -> NDArray[np.bool_]:
    """[site] whether plant stands there: chargers always (people park there), the rest where it has a rating."""
    out = np.array([kind == "charger" for kind in roster.site_kind], bool)
    if rating is not None and rating.values.shape[1] == len(out) and len(rating.values):
        out = out | (rating.values[0] > 0)
    return out


def model(place: Stand, stands: NDArray[np.bool_]) -> tuple[Shape, Shape, Shape]:
    """What stands, what turns, and what is only proposed (to be drawn faintly), in world metres; `stands` [row]."""
    parts: tuple[list[Shape], list[Shape], list[Shape]] = ([_NOTHING], [_NOTHING], [_NOTHING])
    for row, kind in enumerate(place.kind):
        shape = _placed(MODELS[kind] if stands[row] else OUTLINES[kind], place, row)
        turns = shape.hub[:, 3] > 0.5
        parts[0].append(_only(shape, ~turns))
        parts[1].append(_only(shape, turns))
        if kind == "turbine" and not stands[row]:  # a landmark, whether it is built or not
            parts[2].append(_placed(MODELS[kind], place, row))
    standing, turning, proposed = (_join(p) for p in parts)
    return standing, turning, proposed


def _placed(shape: Shape, place: Stand, row: int) -> Shape:
    """`shape` where plant `row` stands."""
    c, s = np.cos(place.heading_rad[row]), np.sin(place.heading_rad[row])
    turn, foot = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]), place.foot_m[row]
    extra, hub = shape.extra.copy(), shape.hub.copy()
    extra[:, 0] = row
    hub[:, :3] = hub[:, :3] @ turn.T + foot
    return Shape(shape.position @ turn.T + foot, shape.normal @ turn.T, shape.look, extra, hub)


def _only(shape: Shape, mask: NDArray[np.bool_]) -> Shape:
    names = ("position", "normal", "look", "extra", "hub")
    return Shape(*(getattr(shape, name)[mask] for name in names))


_WHOSE = {"vehicle_w": "charger", "pv_w": "canopy"}
"""One-sided quantities of buildings that a kind of plant has too."""


def levels(
    place: Stand, roster: Roster, blocks: Mapping[str, FluxBlock], legend: Legend, time_s: float
) -> tuple[Float, Float]:
    """([row] -1..1 on the scale of plant or by a transformer's rating, NaN unknown; [row] charge 0..1)."""
    level, charge = np.zeros(len(place.kind)), np.zeros(len(place.kind))
    n = place.sites
    power, filled, line = blocks.get("site_w"), blocks.get("site_charge"), blocks.get("line_w")
    if power is None or power.values.shape[1] != n:
        level[:n] = np.nan if n else 0.0
    else:
        level[:n] = at_time(power, time_s) / end_of_scale("site_w", roster.ranges)
    if filled is not None and filled.values.shape[1] == n:
        charge[:n] = at_time(filled, time_s)
    if line is None or line.values.shape[1] != len(roster.line_ids):
        level[n:] = np.nan
    else:
        rows = place.line[n:]
        level[n:] = -at_time(line, time_s)[rows] / np.maximum(np.asarray(roster.line_rating_w)[rows], 1.0)
        level[n:][faults(blocks.get("line_loading"), roster, time_s)[rows] > 0] = np.nan
    if not legend.hatch_takes:  # a one-sided quantity: what has it shows how much, the rest is paper
        own = np.array([kind == _WHOSE.get(legend.quantity) for kind in place.kind], bool)
        level = np.where(own, np.abs(level), 0.0)
    return np.clip(level, -1.0, 1.0), charge


def loading(
    place: Stand, roster: Roster, block: FluxBlock | None, time_s: float
) -> tuple[Float, NDArray[np.bool_]]:
    """([row, 4] linear rgb and amount: transformers by their loading, the rest paper; [row] which are hatched).

    What cannot carry its power is black and white, what no source reaches grey.
    """
    out, hatched = np.zeros((len(place.kind), 4)), np.zeros(len(place.kind), bool)
    kiosk = np.flatnonzero(place.line >= 0)
    if block is not None and len(kiosk) and block.values.shape[1] == len(roster.line_ids):
        share, fault = at_time(block, time_s)[place.line[kiosk]], faults(block, roster, time_s)[place.line[kiosk]]
        out[kiosk, :3] = loading_rgb(np.nan_to_num(share))
        out[kiosk, 3] = 1.0
        out[kiosk[fault == COLLAPSED], :3] = loading_rgb(np.ones(1))
        out[kiosk[fault == UNFED], :3] = NEUTRAL
        hatched[kiosk[fault == COLLAPSED]] = True
    return out, hatched


def shows_loading(legend: Legend) -> bool:
    """Whether lines and transformers carry the colour."""
    return legend.quantity == LOADING


def colours(level: Float, legend: Legend, *, night: float) -> Float:
    """[row, 4] linear rgb and amount of flux levels -1..1, as assets/shaders/flux.glsl mixes them; NaN is no data."""
    f = np.clip(np.nan_to_num(level), -1.0, 1.0)[:, None]
    s = np.sqrt(np.abs(f))
    t = np.clip(1.6 * s - 0.6, 0.0, 1.0)
    strong = np.array(legend.give_strong) * (1 - 0.4 * night) + np.array(legend.give_middle) * 0.4 * night
    gives = np.array(legend.give_middle) * (1 - t) + strong * t
    takes = np.array(legend.take_middle) * (1 - t) + np.array(legend.take_strong) * t
    out = np.c_[np.where(f < 0, takes, gives), np.clip(2.4 * s, 0.0, 1.0)]
    out[np.isnan(level)] = [*NEUTRAL, 1.0]
    return np.asarray(out, np.float64)
