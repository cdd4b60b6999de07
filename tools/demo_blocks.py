"""The demo town's homes: perimeter blocks around courts, terraces with gardens, detached houses.

All three are strips along the sides of a block, cut into houses. Figures (depths, widths, eaves, rises, shares of gaps,
dormers and chimneys) after the project's art direction; years, storeys and people are plausible for a Dutch town.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from tools import demo_solids as solids
from tools.demo_solids import Body, Point, along, inset, lerp
from tools.demo_streets import Block

DEPTH_M, TERRACE_M, SET_BACK_M = 12.0, 9.2, 3.2
DWELLING_M2 = 88.0
"""Gross floor area of a flat."""


@dataclass(frozen=True)
class House:
    """One building before it becomes CityJSON."""

    name: str
    function: str
    year: int
    storeys: int
    roof: str
    outline: list[Point]
    bodies: list[Body]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Homes:
    """What a block of homes leaves to the ground: its houses, and lines and places for hedges and trees."""

    houses: list[House] = field(default_factory=list)
    hedges: list[tuple[Point, Point]] = field(default_factory=list)
    paved: list[list[Point]] = field(default_factory=list)
    """Drives and yards within the plot."""
    lots: list[list[Point]] = field(default_factory=list)
    """Gardens that are lawn."""


def people(dice: Random, dwellings: int, *, per_home: float, cars: float) -> dict[str, Any]:
    """Attributes of a residential building: dwellings, who lives there, and cars."""
    residents = max(1, round(dwellings * per_home + dice.uniform(-0.5, 0.9)))
    owned = sum(dice.random() < cars - math.floor(cars) for _ in range(dwellings)) + dwellings * math.floor(cars)
    return {"numberOfDwellings": dwellings, "numberOfResidents": residents, "numberOfCars": owned}


def modules(kw: float) -> dict[str, Any]:
    """The attribute that says which modules a roof carries already [kW]."""
    return {"pvPeakPower_kW": round(kw, 1)} if kw > 0 else {}


def area_m2(outline: Sequence[Point]) -> float:
    """Area of a counter-clockwise outline (shoelace formula)."""
    following = [*outline[1:], outline[0]]
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, following, strict=True))


# ---------------------------------------------------------------- perimeter blocks


def perimeter(dice: Random, block: Block) -> Homes:
    """Houses of flats shoulder to shoulder around a court; a corner is one house that turns it."""
    plot, court = block.plot, inset(block.plot, DEPTH_M)
    legs = [_corner_legs(plot, k, dice) for k in range(4)]
    style = dice.choice(("gable", "gable", "mansard", "mixed"))
    base = dice.choice((12.4, 12.4, 15.5))
    year = dice.choice((1898, 1912, 1924, 1931, 1986))  # the last: urban renewal in the old lines
    homes = Homes()
    for k in range(4):
        before, corner, after = plot[k - 1], plot[k], plot[(k + 1) % 4]
        arrive, leave = math.dist(before, corner) - legs[k][0], legs[k][1]
        outer = [along(before, corner, arrive), corner, along(corner, after, leave)]
        inner = [along(before, corner, arrive, DEPTH_M), court[k], along(corner, after, leave, DEPTH_M)]
        homes.houses.append(_flats(dice, outer, inner, base + 0.5, style, year, corner=True))
        cuts = _cuts(dice, leave, math.dist(corner, after) - legs[(k + 1) % 4][0], 13.0, 18.0)
        for a, b in pairwise(cuts):
            if dice.random() < 0.07 and len(cuts) > 2:
                continue
            outer = [along(corner, after, a), along(corner, after, b)]
            inner = [along(corner, after, a, DEPTH_M), along(corner, after, b, DEPTH_M)]
            homes.houses.append(_flats(dice, outer, inner, base, style, year))
    return homes


def _corner_legs(plot: Sequence[Point], k: int, dice: Random) -> tuple[float, float]:
    """How far the house at corner k reaches back along the side before it, and along the side after it."""
    wish = dice.uniform(17.0, 20.0)
    sides = math.dist(plot[k - 1], plot[k]), math.dist(plot[k], plot[(k + 1) % 4])
    before, after = (wish if side > 54.0 else side / 2 if side < 46.0 else 17.0 for side in sides)
    return before, after


def _cuts(dice: Random, start: float, stop: float, least: float, most: float) -> list[float]:
    """Party walls between `start` and `stop`, a house `least` to `most` wide; none where nothing is left."""
    room = stop - start
    if room < 0.5:
        return [start]
    count = max(1, round(room / dice.uniform(least, most)))
    widths = [dice.uniform(0.88, 1.12) for _ in range(count)]
    total, so_far, cuts = sum(widths), 0.0, [start]
    for width in widths:
        so_far += width
        cuts.append(start + room * so_far / total)
    return cuts


def _flats(
    dice: Random, outer: list[Point], inner: list[Point], base: float, style: str, year: int, *, corner: bool = False
) -> House:
    """One house of flats over two stations, or three where it turns a corner."""
    if style == "mixed":
        style = dice.choice(("gable", "mansard", "flat"))
    eave = base + dice.uniform(-0.9, 0.9) + (3.1 if dice.random() < 0.05 else 0.0)
    if dice.random() < 0.10:  # a gap of the war, filled later
        style, year, eave = "flat", dice.randrange(1958, 1994), base - 0.8 + dice.uniform(-0.4, 0.4)
    outline = [*outer, *inner[::-1]]
    if style == "flat":
        bodies, rise = [solids.parapet(outline, eave)], 0.0
    else:
        profile = solids.mansard(eave, DEPTH_M) if style == "mansard" else solids.gable(eave, 4.4)
        rise = 3.8 if style == "mansard" else 4.4
        bodies = [solids.strip(outer, inner, profile)]
        if style == "mansard" or dice.random() < 0.45:
            bodies += _dormers(outer, profile, DEPTH_M, 0.25 if style == "mansard" else 1.3)
        if dice.random() < 0.7:
            bodies.append(_chimney(outer, inner, eave + rise))
    storeys = max(3, round(eave / 3.1))
    floor = area_m2(outline) * storeys
    dwellings = max(3, round(floor / DWELLING_M2))
    kw = dice.uniform(0.05, 0.11) * area_m2(outline) if dice.random() < 0.14 else 0.0
    extra = people(dice, dwellings, per_home=1.75, cars=0.42) | modules(kw)
    return House("Corner house" if corner else "Flats", "residential building", year + dice.randrange(-5, 9), storeys,
                 style, outline, bodies, extra)  # fmt: skip


def _dormers(outer: Sequence[Point], profile: solids.Profile, depth_m: float, at_m: float) -> list[Body]:
    """Dormers every 4.2 m on the street side of every leg."""
    bodies = []
    for k in range(len(outer) - 1):
        a, b = outer[k], outer[k + 1]
        length = math.dist(a, b)
        bent = len(outer) > 2
        low, high = (2.6 if bent and k else 1.3), length - (2.6 if bent and not k else 1.3)
        count = int((high - low) / 4.2)
        up = ((a[1] - b[1]) / length, (b[0] - a[0]) / length)
        for n in range(count):
            middle = low + (high - low) * (n + 0.5) / count
            edge = along(a, b, middle - 0.75), along(a, b, middle + 0.75)
            bodies.append(solids.dormer(edge, up, profile=profile, depth_m=depth_m, at_m=at_m))
    return bodies


def _chimney(outer: Sequence[Point], inner: Sequence[Point], ridge_m: float) -> Body:
    """On the ridge, near the first party wall."""
    start, end = lerp(outer[0], inner[0], 0.5), lerp(outer[1], inner[1], 0.5)
    turn = math.atan2(end[1] - start[1], end[0] - start[0])
    return solids.chimney(along(start, end, 0.9), ridge_m + 0.9, ridge_m - 0.9, turn, 1.1)


# ---------------------------------------------------------------- terraces


def terraces(dice: Random, block: Block) -> Homes:
    """Rows along the sides of a block, gardens in the middle."""
    homes = Homes()
    sides = [math.dist(block.plot[k], block.plot[(k + 1) % 4]) for k in range(4)]
    long = (0, 2) if sides[0] + sides[2] >= sides[1] + sides[3] else (1, 3)
    across = (1 - long[0] % 2, 3 - long[0] % 2)
    taken = SET_BACK_M + TERRACE_M
    for k in long:
        _row(dice, homes, block.plot[k], block.plot[(k + 1) % 4], 4.5, sides[k] - 4.5)
    for k in across:
        if sides[k] - 2 * taken > 40.0 and dice.random() < 0.8:
            _row(dice, homes, block.plot[k], block.plot[(k + 1) % 4], taken + 9.0, sides[k] - taken - 9.0)
    return homes


def _row(dice: Random, homes: Homes, a: Point, b: Point, start: float, stop: float) -> None:
    """Groups of 30 to 52 m of one kind, with a passage between them."""
    at = start
    while stop - at > 16.0:
        length = min(dice.uniform(30.0, 52.0), stop - at)
        if stop - at - length < 20.0:
            length = stop - at
        width, eave = dice.uniform(5.8, 7.0), dice.choice((5.8, 6.2, 8.8))
        flat, year = dice.random() < 0.18, dice.choice((1932, 1955, 1966, 1974, 1979, 1986, 1997, 2011))
        count = max(2, int(length / width))
        for n in range(count):
            _terraced(dice, homes, (a, b), at + n * width, width, eave, flat, year, end=n in (0, count - 1))
        at += count * width + dice.uniform(4.5, 7.0)


def _terraced(
    dice: Random, homes: Homes, side: tuple[Point, Point], at: float, width: float, eave: float, flat: bool,
    year: int, *, end: bool,
) -> None:  # fmt: skip
    """One house of a row with its garden."""
    back = SET_BACK_M + TERRACE_M
    outer = [along(*side, at, SET_BACK_M), along(*side, at + width, SET_BACK_M)]
    inner = [along(*side, at, back), along(*side, at + width, back)]
    outline = [*outer, *inner[::-1]]
    if flat:
        bodies, roof = [solids.parapet(outline, eave)], "flat"
    else:
        profile, roof = solids.gable(eave, 3.6), "gable"
        bodies = [solids.strip(outer, inner, profile)]
        if dice.random() < 0.22:
            bodies += _dormers(outer, profile, TERRACE_M, 1.0)
        if dice.random() < 0.75:
            bodies.append(_chimney(outer, inner, eave + 3.6))
    kw = dice.uniform(2.4, 4.6) if dice.random() < 0.28 else 0.0
    extra = people(dice, 1, per_home=2.2, cars=1.05) | modules(kw)
    homes.houses.append(House("End house" if end else "Terrace", "residential building", year,
                              3 if eave > 7 else 2, roof, outline, bodies, extra))  # fmt: skip
    homes.hedges.append((along(*side, at, 0.45), along(*side, at + width - 1.2, 0.45)))
    homes.hedges.append((along(*side, at, back + 0.8), along(*side, at, back + 8.0)))
    if dice.random() < 0.55:
        homes.lots.append([along(*side, at, back), along(*side, at + width, back),
                           along(*side, at + width, back + 8.3), along(*side, at, back + 8.3)])  # fmt: skip


# ---------------------------------------------------------------- detached houses


def detached(dice: Random, block: Block) -> Homes:
    """Houses on lots of 19.5 m along the two longer sides, most with a garage."""
    homes = Homes()
    sides = [math.dist(block.plot[k], block.plot[(k + 1) % 4]) for k in range(4)]
    for k in (0, 2) if sides[0] + sides[2] >= sides[1] + sides[3] else (1, 3):
        side, count = (block.plot[k], block.plot[(k + 1) % 4]), int((sides[k] - 2.0) / 19.5)
        lot = (sides[k] - 2.0) / count
        for n in range(count):
            _detached(dice, homes, side, 1.0 + (n + 0.5) * lot, lot)
    return homes


def _detached(dice: Random, homes: Homes, side: tuple[Point, Point], at: float, lot: float) -> None:
    """A house, its drive and garage, and hedges around its lot."""
    wide, deep = dice.uniform(9.0, 11.2), dice.uniform(8.0, 10.0)
    turn = math.atan2(side[1][1] - side[0][1], side[1][0] - side[0][0])
    garage = dice.random() < 0.6
    shift, back = (-2.2 if garage else 0.0), dice.uniform(9.5, 12.0)
    middle = along(*side, at + shift, back)
    tilt = turn + math.radians(dice.uniform(-3, 3))
    outline = solids.rectangle(middle, wide, deep, tilt)
    eave, rise = dice.choice((3.2, 3.4, 5.6, 5.9)), dice.uniform(3.2, 4.2)
    roof = dice.choice(("gable", "gable", "hip", "hip", "cross", "flat"))
    year = dice.randrange(1956, 2016)
    if roof == "flat":
        bodies, eave = [solids.parapet(outline, 6.1)], 6.1
    elif roof == "hip":
        bodies = [solids.hip(outline, eave, rise)]
    else:
        turned = outline[1:] + outline[:1] if roof == "cross" else outline
        bodies = [solids.strip(turned[:2], [turned[3], turned[2]], solids.gable(eave, rise))]
    if roof in ("gable", "cross"):
        bodies.append(solids.chimney(middle, eave + rise + 0.7, eave + rise - 0.9, turn))
    kw = dice.uniform(3.6, 7.5) if dice.random() < 0.35 else 0.0
    extra = people(dice, 1, per_home=2.6, cars=1.4) | modules(kw)
    homes.houses.append(House("House", "residential building", year, 1 if eave < 4 else 2,
                              "gable" if roof == "cross" else roof, outline, bodies, extra))  # fmt: skip
    if garage:
        spot = along(*side, at + shift + wide / 2 + 2.9, back + 0.6)
        plan = solids.rectangle(spot, 3.3, 6.2, turn)
        homes.houses.append(House("Garage", "garage", year, 1, "flat", plan, [solids.block(plan, 2.6)]))
        homes.paved.append([along(*side, at + shift + wide / 2 + d, m) for d, m in
                            ((1.4, 0.0), (4.4, 0.0), (4.4, back - 2.6), (1.4, back - 2.6))])  # fmt: skip
    edge = at - lot / 2
    homes.hedges.append((along(*side, edge + 0.4, 0.5), along(*side, at + shift + wide / 2 + 0.9, 0.5)))
    homes.hedges.append((along(*side, edge, 1.0), along(*side, edge, back + 14.0)))
    homes.lots.append([along(*side, edge + 0.6, back + 1.0), along(*side, edge + lot - 0.6, back + 1.0),
                       along(*side, edge + lot - 0.6, back + 16.0), along(*side, edge + 0.6, back + 16.0)])  # fmt: skip
