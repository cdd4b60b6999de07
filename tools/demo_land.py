"""The demo town's ground: a partition into carriageways, pavements, quays, water, courts, gardens, parks and fields.

Pieces are laid one after the other, each only where nothing lies yet, so none overlap; water lies lower between quay
walls, and markings and hedges stand on what is beneath them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import shapely
from shapely import LineString, Polygon

from tools import demo_streets as streets
from tools.demo_solids import Corner, Point, along

WATER_M, POND_M = -1.7, -0.35
"""Water's height over the streets."""
MARK_M = 0.03
FIELDS_M = 1250.0
HEDGE_M, HEDGE_WIDE_M = 1.15, 0.5
LEAN_M = 0.05
"""Upright faces lean back by so much, so that every face of the ground looks up."""
LEAST_M2 = 0.05
Shape = Any
"""A shapely geometry."""


@dataclass(frozen=True)
class Piece:
    """Ground of one kind: faces as rings of corners (outer, then holes)."""

    kind: str
    faces: list[list[list[Corner]]]


@dataclass
class Ground:
    """All pieces so far, and what is already covered."""

    pieces: list[Piece] = field(default_factory=list)
    covered: Shape = field(default_factory=Polygon)
    water: Shape = field(default_factory=Polygon)
    bridges: list[Piece] = field(default_factory=list)

    def lay(self, kind: str, shape: Shape, height_m: float = 0.0) -> Shape:
        """Lay what of `shape` is still free; what was laid."""
        free = _polygonal(shape.difference(self.covered))
        self.covered = self.covered.union(free)
        self.add(kind, free, height_m)
        return free

    def add(self, kind: str, shape: Shape, height_m: float = 0.0) -> None:
        """Add a shape as it is."""
        faces = [_rings(part, height_m) for part in _parts(shape)]
        if faces:
            self.pieces.append(Piece(kind, faces))


def _polygonal(shape: Shape) -> Shape:
    """Polygons of a geometry on a grid of millimetres, splinters left out."""
    parts = [p for p in _parts(shapely.set_precision(shape, 0.001)) if p.area > LEAST_M2]
    return shapely.union_all(parts) if parts else Polygon()


def _parts(shape: Shape) -> list[Polygon]:
    return [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and not p.is_empty]


def _rings(part: Polygon, height_m: float) -> list[list[Corner]]:
    """Outer ring counter-clockwise, holes clockwise."""
    part = shapely.geometry.polygon.orient(part)
    return [[(x, y, height_m) for x, y in ring.coords[:-1]] for ring in (part.exterior, *part.interiors)]


# ---------------------------------------------------------------- streets and water


def lay_streets(ground: Ground, blocks: Sequence[streets.Block]) -> Shape:
    """Water, quays, bridges and carriageways; the outline of the town."""
    middle = LineString(streets.canal())
    water = _polygonal(middle.buffer(streets.WATER_M, cap_style="flat", join_style="mitre"))
    canal = middle.buffer(streets.QUAY_M, cap_style="flat", join_style="mitre")
    corners = [(i, j) for i in range(len(streets.LINES_X_M)) for j in range(len(streets.LINES_Y_M))]
    nodes = {(i, j): streets.at(streets.LINES_X_M[i], streets.LINES_Y_M[j]) for i, j in corners}
    kerbs = shapely.union_all([Polygon(b.kerb) for b in blocks])
    net = [LineString(s.points).buffer(s.half_m, cap_style="square", join_style="mitre") for s in streets.lines()]
    east, north = len(streets.LINES_X_M) - 1, len(streets.LINES_Y_M) - 1
    border = [nodes[i, 0] for i in range(east)] + [nodes[east, j] for j in range(north)]
    border += [nodes[i, north] for i in range(east, 0, -1)] + [nodes[0, j] for j in range(north, 0, -1)]
    town = Polygon(border).union(shapely.union_all(net))
    ground.water = water
    ground.covered = water
    ground.add("water", _polygonal(water.intersection(shapely.Point(0, 0).buffer(FIELDS_M, 48))), WATER_M)
    decks = [_bridge(ground, nodes, i) for i in streets.BRIDGES]
    ground.add("road", shapely.union_all(decks))
    quay = canal.difference(shapely.union_all([*decks, *_ramps(nodes)]))
    ground.lay("pavement", quay.intersection(town.buffer(20.0)))
    _quay_walls(ground, water, town)
    ground.lay("road", town.difference(kerbs))
    for way in streets.country_roads():
        ground.lay("road", LineString(way.points).buffer(way.half_m, cap_style="flat", join_style="mitre"))
    return town


def _corridor(nodes: dict[tuple[int, int], Point], i: int) -> Shape:
    """The street on column line i near the canal."""
    j = streets.CANAL_Y
    way = LineString([nodes[i, j - 1], nodes[i, j], nodes[i, j + 1]])
    return way.buffer(streets.half_x(i), cap_style="flat", join_style="mitre")


def _ramps(nodes: dict[tuple[int, int], Point]) -> list[Shape]:
    """Where streets cross the quays."""
    return [_corridor(nodes, i) for i in streets.BRIDGES]


def _bridge(ground: Ground, nodes: dict[tuple[int, int], Point], i: int) -> Shape:
    """A deck over the water with walls and parapets; the deck's outline."""
    canal = LineString(streets.canal())
    deck = _polygonal(_corridor(nodes, i).intersection(canal.buffer(streets.WATER_M, join_style="mitre")))
    half, j = streets.half_x(i), streets.CANAL_Y
    faces: list[list[list[Corner]]] = []
    for side in (-1.0, 1.0):
        edge = LineString([nodes[i, j - 1], nodes[i, j], nodes[i, j + 1]]).offset_curve(side * half, join_style="mitre")
        span = edge.intersection(canal.buffer(streets.WATER_M + 2.0, join_style="mitre"))
        for part in shapely.get_parts(span):
            points = list(part.coords)
            for a, b in pairwise(points):
                faces += _wall_box(a, b, 0.18, -0.7, 1.0)
    ground.bridges.append(Piece("bridge", faces))
    return deck


def _wall_box(a: Point, b: Point, half: float, low: float, high: float) -> list[list[list[Corner]]]:
    """Sides and top of an upright box along a line."""
    length = math.dist(a, b)
    if length < 0.2:
        return []
    foot, top = (
        [along(a, b, x, -y), along(a, b, length - x, -y), along(a, b, length - x, y), along(a, b, x, y)]
        for x, y in ((0.0, half), (LEAN_M, half - LEAN_M))
    )  # fmt: skip
    sides = [[[(*foot[k], low), (*foot[(k + 1) % 4], low), (*top[(k + 1) % 4], high), (*top[k], high)]]
             for k in range(4)]  # fmt: skip
    return [*sides, [[(*p, high) for p in top]]]


def _quay_walls(ground: Ground, water: Shape, town: Shape) -> None:
    """Upright faces from the water's level to the street, seen from the water."""
    for part in _parts(water):
        faces: list[list[list[Corner]]] = []
        ring = list(shapely.geometry.polygon.orient(part).exterior.coords)
        for a, b in pairwise(ring):
            if max(math.hypot(*a), math.hypot(*b)) < FIELDS_M + 120:  # the water lies on the left of its shore
                faces.append(_shore(a, b, WATER_M))
        ground.pieces.append(Piece("quay", faces))


# ---------------------------------------------------------------- blocks


def lay_block(ground: Ground, block: streets.Block, over: Iterable[tuple[str, Shape]], rest: str) -> None:
    """The pavements around a block and, within, named shapes over one another, then the rest."""
    kerb, plot = Polygon(block.kerb), Polygon(block.plot)
    free = plot
    for kind, shape in over:
        piece = _polygonal(shape.intersection(free))
        free = free.difference(piece)
        if kind == "pond":
            ground.add("water", piece, POND_M)
            ground.pieces.append(Piece("grass", _banks(piece)))
        else:
            ground.add(kind, piece)
    ground.add(rest, _polygonal(free))
    ground.add("pavement", _polygonal(kerb.difference(plot)))
    ground.covered = ground.covered.union(kerb)


def _banks(pond: Shape) -> list[list[list[Corner]]]:
    faces: list[list[list[Corner]]] = []
    for part in _parts(pond):
        ring = list(shapely.geometry.polygon.orient(part).exterior.coords)
        faces += [_shore(a, b, POND_M) for a, b in pairwise(ring)]
    return faces


def _shore(a: Point, b: Point, water_m: float) -> list[list[Corner]]:
    """The face between a shore, whose water lies on its left, and the water's level."""
    foot = along(a, b, 0.0, LEAN_M), along(a, b, math.dist(a, b), LEAN_M)
    return [[(*foot[1], water_m - 0.1), (*foot[0], water_m - 0.1), (*a, 0.0), (*b, 0.0)]]


def hedge(a: Point, b: Point) -> Piece:
    """A hedge as a low box."""
    return Piece("hedge", _wall_box(a, b, HEDGE_WIDE_M / 2, 0.0, HEDGE_M))


def marks(outlines: Iterable[Sequence[Point]]) -> Piece:
    """Paint on the ground."""
    return Piece("marking", [[[(x, y, MARK_M) for x, y in outline]] for outline in outlines])


def street_marks() -> list[list[Point]]:
    """Zebra crossings where the main streets meet others, and dashes along their middles."""
    found: list[list[Point]] = []
    for line in streets.lines():
        if not line.main:
            continue
        for a, b in pairwise(line.points):
            length = math.dist(a, b)
            for n in range(int((length - 36.0) / 9.0) + 1):
                at = 18.0 + 9.0 * n
                found.append([along(a, b, at, -0.08), along(a, b, at + 3.6, -0.08), along(a, b, at + 3.6, 0.08),
                              along(a, b, at, 0.08)])  # fmt: skip
            for at in (10.5, length - 13.5):
                for n in range(12):
                    left = -line.half_m + 0.9 + 1.26 * n
                    found.append([along(a, b, at, left), along(a, b, at + 3.0, left),
                                  along(a, b, at + 3.0, left + 0.55), along(a, b, at, left + 0.55)])  # fmt: skip
    return found


# ---------------------------------------------------------------- country


def lay_country(ground: Ground, town: Shape, dice: Random) -> list[tuple[Point, float]]:
    """A green belt, then fields in a bent grid, a wood; returns the hedgerows' and the wood's trees."""
    disc = shapely.Point(0, 0).buffer(FIELDS_M, 48)
    canal = LineString(streets.canal())
    ground.lay("grass", canal.buffer(17.0, cap_style="flat").intersection(disc))
    belt = town.buffer(13.0, join_style="bevel")
    ground.lay("grass", belt)
    wood = shapely.Point(-430.0, 840.0).buffer(1.0, 12)
    wood = shapely.affinity.rotate(shapely.affinity.scale(wood, 250.0, 85.0), -24.0)
    ground.lay("grass", wood)
    trees = _wood(wood, dice)
    corner = {(i, j): _field_corner(i, j, dice) for i in range(-6, 7) for j in range(-7, 8)}
    free_of = town.buffer(24.0).union(canal.buffer(14.0))
    roads = shapely.union_all([LineString(w.points).buffer(w.half_m + 3.0) for w in streets.country_roads()])
    blocked = shapely.union_all([free_of, roads, wood])
    shapely.prepare(blocked)
    for i in range(-6, 6):
        for j in range(-7, 7):
            quad = [corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]]
            ground.lay("field", Polygon(quad).intersection(disc))
            for end in (corner[i + 1, j], corner[i, j + 1]):
                if dice.random() < 0.32:
                    trees += _row_of_trees(corner[i, j], end, blocked, dice)
    for way in streets.country_roads():
        trees += _avenue(way, free_of, dice)
    return trees


def _field_corner(i: int, j: int, dice: Random) -> Point:
    """Corners of a grid of 290 x 230 m, bent and jittered."""
    x, y = 290.0 * i + dice.uniform(-38, 38), 230.0 * j + dice.uniform(-30, 30)
    x, y = x + 40 * math.sin(y / 310 + 0.4), y + 34 * math.sin(x / 370 + 1.3)
    c, s = math.cos(0.42), math.sin(0.42)
    return x * c - y * s, x * s + y * c


def _row_of_trees(a: Point, b: Point, blocked: Shape, dice: Random) -> list[tuple[Point, float]]:
    length, at, row = math.dist(a, b), dice.uniform(2, 9), []
    while at < length:
        place = along(a, b, at, dice.uniform(-1.2, 1.2))
        if math.hypot(*place) < FIELDS_M - 8 and not shapely.contains_xy(blocked, *place):
            row.append((place, dice.uniform(6.5, 11.0)))
        at += dice.uniform(10.0, 19.0)
    return row


def _avenue(way: streets.Line, blocked: Shape, dice: Random) -> list[tuple[Point, float]]:
    """Poplars along a country road."""
    trees = []
    for a, b in pairwise(way.points):
        for n in range(int(math.dist(a, b) / 22.0)):
            for side in (-1, 1):
                place = along(a, b, 22.0 * n + 4, side * (way.half_m + 2.4))
                if math.hypot(*place) < 900.0 and not shapely.contains_xy(blocked, *place) and dice.random() < 0.75:
                    trees.append((place, dice.uniform(9.0, 12.0)))
    return trees


def _wood(wood: Shape, dice: Random) -> list[tuple[Point, float]]:
    """Trees of a wood on a jittered grid; only its near edge and crown are seen, so it is not dense."""
    west, south, east, north = wood.bounds
    trees = []
    for i in range(int((east - west) / 17.0)):
        for j in range(int((north - south) / 17.0)):
            place = west + 17.0 * i + dice.uniform(0, 12), south + 17.0 * j + dice.uniform(0, 12)
            if shapely.contains_xy(wood, *place):
                trees.append((place, dice.uniform(9.0, 14.0)))
    return trees
