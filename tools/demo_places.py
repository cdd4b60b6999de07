"""The demo town's places that stand out: square and church, school, offices, supermarket, depot, energy yard, park.

Each fills a block of its own and says what its ground is made of, where its trees stand and where plant could go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tools import demo_solids as solids
from tools.demo_blocks import House, area_m2, modules
from tools.demo_solids import Point, along, inset, lerp
from tools.demo_streets import Block


@dataclass
class Spot:
    """What a special block is made of: buildings, ground by name (earlier pieces lie over later ones), trees, plant."""

    houses: list[House] = field(default_factory=list)
    ground: list[tuple[str, list[Point]]] = field(default_factory=list)
    marks: list[list[Point]] = field(default_factory=list)
    trees: list[tuple[Point, float]] = field(default_factory=list)
    """Foot point and height."""
    hedges: list[tuple[Point, Point]] = field(default_factory=list)
    plant: list[tuple[str, list[Point], dict[str, Any]]] = field(default_factory=list)
    """Kind, outline, attributes."""
    rest: str = "grass"
    """What the plot is where nothing else is said."""


class Plan:
    """Places in a block by shares (u to the east, v to the north), and shapes turned as its southern side runs."""

    def __init__(self, block: Block) -> None:
        self.plot = block.plot
        a, b = block.plot[0], block.plot[1]
        self.turn = math.atan2(b[1] - a[1], b[0] - a[0])

    def at(self, u: float, v: float) -> Point:
        """The place at shares of the plot."""
        return lerp(lerp(self.plot[0], self.plot[1], u), lerp(self.plot[3], self.plot[2], u), v)

    def shape(self, u: float, v: float, points: list[Point]) -> list[Point]:
        """An outline in metres around the place (u, v)."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        x0, y0 = self.at(u, v)
        return [(x0 + x * c - y * s, y0 + x * s + y * c) for x, y in points]

    def box(
        self, u: float, v: float, wide: float, deep: float, *, east: float = 0.0, north: float = 0.0
    ) -> list[Point]:
        """A rectangle around the place (u, v), moved by metres."""
        x, y = wide / 2, deep / 2
        corners = [(-x, -y), (x, -y), (x, y), (-x, y)]
        return self.shape(u, v, [(a + east, b + north) for a, b in corners])


def square(dice: Random, block: Block) -> Spot:
    """The market square: a church with a tower, the town hall, trees in rows."""
    plan, spot = Plan(block), Spot(rest="plaza")
    nave = plan.box(0.30, 0.62, 31.0, 14.0)
    tower = plan.box(0.30, 0.62, 7.6, 7.6, east=-19.3)
    choir = plan.box(0.30, 0.62, 8.0, 9.0, east=19.5)
    bodies = [
        solids.strip(nave[:2], [nave[3], nave[2]], solids.gable(10.5, 8.0)), solids.spire(tower, 24.0, 17.0),
        solids.hip(choir, 7.5, 4.0),
    ]  # fmt: skip
    spot.houses.append(House("Church", "church", 1887, 1, "gable", nave, bodies))
    hall = plan.shape(0.78, 0.52, [(-11, -17), (11, -17), (11, 17), (-11, 17)])
    lantern = plan.shape(0.78, 0.52, [(-2.6, -2.6), (2.6, -2.6), (2.6, 2.6), (-2.6, 2.6)])
    bodies = [solids.hip(hall[1:] + hall[:1], 13.2, 5.2), solids.block(lantern, 7.0, base_m=16.2, kind=solids.ROOF)]
    spot.houses.append(House("Town hall", "public building", 1921, 4, "hip", hall, bodies))
    green = plan.box(0.30, 0.20, 34.0, 13.0)
    spot.ground.append(("grass", green))
    for n in range(7):
        for row in (-1, 1):
            spot.trees.append((plan.shape(0.30, 0.20, [(-18 + 6.0 * n, row * 4.4)])[0], dice.uniform(7.0, 8.5)))
    for n in range(5):
        spot.trees.append((plan.at(0.10 + 0.10 * n, 0.93), dice.uniform(6.5, 8.5)))
    return spot


def school(dice: Random, block: Block) -> Spot:
    """A comb of classrooms, a gym, a yard and a court for games."""
    plan, spot = Plan(block), Spot(rest="grass")
    comb = [(-32, 4), (-32, -16), (-22, -16), (-22, 4), (-7, 4), (-7, -16), (3, -16), (3, 4), (18, 4), (18, -16),
            (28, -16), (28, 15), (-32, 15)]  # fmt: skip
    outline = plan.shape(0.45, 0.66, [(float(x), float(y)) for x, y in comb])
    spot.houses.append(House("School", "school", 1968, 2, "flat", outline, [solids.parapet(outline, 7.3)],
                             modules(38.0)))  # fmt: skip
    gym = plan.box(0.80, 0.19, 27.0, 17.0)
    spot.houses.append(House("Sports hall", "school sports hall", 1979, 1, "flat", gym, [solids.parapet(gym, 8.2)]))
    spot.ground.append(("sport", plan.box(0.20, 0.18, 30.0, 16.0)))
    spot.ground.append(("plaza", plan.shape(0.45, 0.66, [(-34, -24), (30, -24), (30, 17), (-34, 17)])))
    court = plan.box(0.20, 0.18, 28.0, 14.0)
    spot.marks += _outline_marks(court, 0.18)
    spot.marks.append(_mark(lerp(court[0], court[1], 0.5), lerp(court[3], court[2], 0.5)))
    for u, v in ((0.44, 0.16), (0.48, 0.10), (0.55, 0.20), (0.58, 0.34), (0.04, 0.5), (0.05, 0.7), (0.97, 0.8),
                 (0.9, 0.9), (0.76, 0.94), (0.5, 0.30)):  # fmt: skip
        spot.trees.append((plan.at(u, v), dice.uniform(7.0, 11.0)))
    spot.hedges += [(plan.at(0.01, 0.02), plan.at(0.60, 0.02)), (plan.at(0.01, 0.04), plan.at(0.01, 0.9))]
    return spot


def offices(dice: Random, block: Block) -> Spot:
    """Four offices of 19 to 41 m around a paved court with trees."""
    plan, spot = Plan(block), Spot(rest="plaza")
    for u, v, wide, deep, storeys, year in (
        (0.18, 0.70, 17.0, 34.0, 7, 1987), (0.56, 0.83, 36.0, 15.0, 5, 2004), (0.80, 0.34, 20.0, 20.0, 11, 1996),
        (0.34, 0.20, 34.0, 15.0, 5, 2014),
    ):  # fmt: skip
        outline = plan.box(u, v, wide, deep)
        height = 3.6 * storeys + 1.4
        plant = plan.box(u, v, 0.45 * wide, 0.45 * deep)
        bodies = [solids.parapet(outline, height), solids.block(plant, 2.9, base_m=height - 0.1, kind=solids.ROOF)]
        people = round(0.75 * area_m2(outline) * storeys / 22.0)
        spot.houses.append(House("Office", "office building", year, storeys, "flat", outline, bodies,
                                 {"numberOfWorkplaces": people, "numberOfCars": round(0.12 * people)}
                                 | modules(24.0 if year > 2010 else 0.0)))  # fmt: skip
    spot.ground.append(("grass", plan.box(0.50, 0.52, 26.0, 12.0)))
    for n in range(5):
        spot.trees.append((plan.shape(0.50, 0.52, [(-11.0 + 5.5 * n, 0.0)])[0], dice.uniform(6.0, 8.0)))
    spot.ground.append(("parking", plan.box(0.80, 0.62, 30.0, 14.0)))
    return spot


def supermarket(dice: Random, block: Block) -> Spot:
    """A flat hall, a car park with bays, chargers along its edge and room for canopies."""
    plan, spot = Plan(block), Spot(rest="pavement")
    hall = plan.box(0.27, 0.60, 40.0, 38.0)
    loading = plan.box(0.27, 0.60, 12.0, 7.0, east=-8.0, north=22.5)
    spot.houses.append(House("Supermarket", "retail", 2006, 1, "flat", hall,
                             [solids.parapet(hall, 6.2), solids.block(loading, 4.2)],
                             {"numberOfCars": 6} | modules(64.0)))  # fmt: skip
    spot.ground.append(("parking", plan.box(0.73, 0.55, 42.0, 47.0)))
    for row, north in enumerate((-17.5, -1.0, 15.5), 1):
        for n in range(15):
            x = -17.5 + 2.5 * n
            front, back = plan.shape(0.73, 0.55, [(x, north - 5.0), (x, north + 5.0)])
            spot.marks.append(_mark(front, back, 0.12))
        roof = plan.box(0.73, 0.55, 35.0, 10.0, north=north)
        spot.plant.append(("canopy", roof, {"name": f"Canopy {row} over the car park"}))
    for n in range(8):
        spot.plant.append(("charger", plan.shape(0.73, 0.55, [(-17.0 + 4.9 * n, -23.0)]), {"name": f"Charger {n + 1}"}))
    for n in range(6):
        spot.trees.append((plan.at(0.06 + 0.08 * n, 0.08), dice.uniform(6.0, 8.0)))
    for n in range(5):
        spot.trees.append((plan.at(0.975, 0.15 + 0.17 * n), dice.uniform(5.5, 7.0)))
    spot.hedges.append((plan.at(0.50, 0.035), plan.at(0.90, 0.035)))
    return spot


def depot(dice: Random, block: Block) -> Spot:
    """The bus depot: a hall under a saw-tooth roof, a yard with chargers, an office at the gate."""
    plan, spot = Plan(block), Spot(rest="parking")
    hall = plan.box(0.36, 0.66, 46.0, 36.0)
    roof = solids.saw_tooth(6.8, 4, 3.4)
    # the teeth run across the hall; glass looks away from the noon sun, slopes towards it carry modules
    body = solids.strip([hall[0], hall[1]], [hall[3], hall[2]], roof)
    spot.houses.append(House("Bus depot", "industrial", 1962, 1, "saw-tooth", hall, [body],
                             {"numberOfCars": 8} | modules(30.0)))  # fmt: skip
    spot.ground.append(("grass", plan.box(0.955, 0.32, 7.5, 46.0)))
    gate = plan.box(0.85, 0.80, 14.0, 10.0)
    spot.houses.append(House("Depot office", "office building", 1991, 2, "flat", gate, [solids.parapet(gate, 6.6)]))
    for n in range(10):
        x = -31.0 + 6.9 * n
        front, back = plan.shape(0.5, 0.20, [(x, -6.0), (x, 6.0)])
        spot.marks.append(_mark(front, back, 0.15))
        spot.plant.append(("charger", plan.shape(0.5, 0.20, [(x + 3.4, 7.0)]), {"name": f"Bus charger {n + 1}"}))
    for n in range(4):
        spot.trees.append((plan.at(0.96, 0.12 + 0.12 * n), dice.uniform(6.0, 8.0)))
    return spot


def energy_yard(dice: Random, block: Block) -> Spot:
    """The old district boiler house with its chimney and store, and room for batteries."""
    plan, spot = Plan(block), Spot(rest="bare")
    hall = plan.box(0.32, 0.70, 26.0, 15.0)
    stack = plan.shape(0.32, 0.70, solids.circle((19.0, 0.0), 1.5, 10))
    store = plan.shape(0.62, 0.72, solids.circle((6.0, 0.0), 6.0, 18))
    bodies = [solids.strip(hall[:2], [hall[3], hall[2]], solids.gable(9.0, 3.2)), solids.block(stack, 34.0),
              solids.block(store, 15.0)]  # fmt: skip
    spot.houses.append(House("Boiler house", "shed", 1971, 1, "gable", hall, bodies))
    works = plan.box(0.87, 0.70, 12.0, 20.0)
    spot.houses.append(House("Workshop", "workshop, industrial", 1984, 1, "flat", works, [solids.parapet(works, 5.6)]))
    for n in range(5):
        place = plan.box(0.20 + 0.11 * n, 0.24, 6.1, 2.5)
        spot.plant.append(("battery", place, {"name": f"Battery field {n + 1}"}))
    spot.ground.append(("pavement", plan.box(0.42, 0.24, 52.0, 12.0)))
    spot.ground.append(("grass", plan.box(0.86, 0.22, 20.0, 26.0)))
    for u, v in ((0.80, 0.12), (0.90, 0.14), (0.86, 0.28), (0.93, 0.33), (0.03, 0.4), (0.03, 0.55), (0.03, 0.9)):
        spot.trees.append((plan.at(u, v), dice.uniform(7.0, 11.0)))
    spot.hedges += [(plan.at(0.01, 0.02), plan.at(0.97, 0.02)), (plan.at(0.01, 0.05), plan.at(0.01, 0.97))]
    return spot


def park(dice: Random, block: Block) -> Spot:
    """Lawns under trees, a pond, two crossing paths, a round place and a pavilion."""
    plan, spot = Plan(block), Spot(rest="grass")
    middle = plan.at(0.45, 0.52)
    cafe = plan.box(0.56, 0.78, 9.0, 7.0)
    spot.houses.append(House("Pavilion", "restaurant", 1936, 1, "hip", cafe, [solids.hip(cafe, 3.4, 2.6)]))
    spot.ground.append(("path", solids.circle(middle, 8.0, 24)))
    for a in (plan.at(0, 0.02), plan.at(1, 0.98), plan.at(0, 0.98), plan.at(1, 0.03), plan.at(0.45, 0)):
        spot.ground.append(("path", _mark(a, middle, 2.6)))
    pond = [(-16.0, -5), (-9, -9), (0, -8), (8, -10.5), (16, -6), (18, 1), (12, 6), (4, 7.5), (-4, 5), (-12, 6.5),
            (-17, 2)]  # fmt: skip
    spot.ground.append(("pond", plan.shape(0.76, 0.42, [(0.62 * x, 1.0 * y) for x, y in pond])))
    for _ in range(420):
        if len(spot.trees) == 84:
            break
        place = plan.at(dice.uniform(0.03, 0.97), dice.uniform(0.03, 0.97))
        if all(math.dist(place, other) > 4.4 for other, _ in spot.trees):
            spot.trees.append((place, dice.uniform(7.0, 12.5)))
    ring = inset(plan.plot, 0.7)
    for k in range(4):
        length = math.dist(ring[k], ring[(k + 1) % 4])
        for start, stop in ((4.5, length / 2 - 4.0), (length / 2 + 4.0, length - 4.5)):
            spot.hedges.append((along(ring[k], ring[(k + 1) % 4], start), along(ring[k], ring[(k + 1) % 4], stop)))
    return spot


def _mark(a: Point, b: Point, wide: float = 0.14) -> list[Point]:
    """A painted line."""
    length, half = math.dist(a, b), wide / 2
    return [along(a, b, 0, -half), along(a, b, length, -half), along(a, b, length, half), along(a, b, 0, half)]


def _outline_marks(outline: list[Point], wide: float) -> list[list[Point]]:
    """Painted lines around a court."""
    return [_mark(a, b, wide) for a, b in zip(outline, [*outline[1:], outline[0]], strict=True)]
