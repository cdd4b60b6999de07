"""The demo district: a small invented place of plain buildings, written as CityJSON 2.0 for the usual importer.

Two streets cross. North-east of the crossing stands a block of flats around a court, with an office and a shop
beside it; terraces line the western arms, a school and two slabs of flats stand in the green, detached houses in the
south-east. More than 60 buildings repeat the place on a grid with other dice. Same seed, same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tools.demo_shapes import Plot, Shell, Vertices, rectangle, solid

CRS = "https://www.opengis.net/def/crs/EPSG/0/7415"
"""Dutch RD New with heights over NAP: TABULA has a typology of the Netherlands."""
ORIGIN_M = (88000.0, 446000.0)
"""Open polder east of Delft."""
GROUND_M = 0.4
TURN_DEG = 11.0
"""The whole place is turned, so that no street runs exactly along a map axis."""
REPEAT_M = (300.0, 240.0)
STOREY_M = 3.0


@dataclass(frozen=True)
class House:
    """One building before it becomes CityJSON."""

    name: str
    function: str
    year: int
    storeys: int
    shell: Shell
    plot: Plot
    extra: dict[str, Any] = field(default_factory=dict)


def write_cityjson(path: Path, *, seed: int, buildings: int = 60) -> None:
    """Write the demo district of so many buildings as CityJSON 2.0 to `path`; the same seed gives the same bytes."""
    vertices = Vertices()
    objects: dict[str, Any] = {}
    for number, (house, shift) in enumerate(_houses(seed, buildings), 1):
        geometry = solid(_placed(house.plot, shift), house.shell, ground_m=GROUND_M, vertices=vertices)
        objects[f"demo-{number:04d}"] = {
            "type": "Building",
            "attributes": {
                "name": f"{house.name} {number}", "function": house.function, "yearOfConstruction": house.year,
                "storeysAboveGround": house.storeys, "roofType": house.shell.roof,
                "measuredHeight": round(house.shell.eave_m + house.shell.rise_m, 2), **house.extra,
            },
            "geometry": [geometry],
        }  # fmt: skip
    model = {
        "type": "CityJSON", "version": "2.0",
        "metadata": {"identifier": f"surplus-demo-{seed}-{buildings}", "referenceSystem": CRS,
                     "title": "Surplus demo district, invented"},
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [*ORIGIN_M, 0.0]},
        "CityObjects": objects, "vertices": vertices.rows,
    }  # fmt: skip
    path.write_text(json.dumps(model, separators=(",", ":")) + "\n")


def _houses(seed: int, count: int) -> Iterator[tuple[House, tuple[float, float]]]:
    """`count` houses with the shift of their copy of the place, copies in a spiral-free grid from the middle."""
    across = math.ceil(math.sqrt(max(1, math.ceil(count / 60))))
    made = 0
    for copy in range(across * across):
        shift = (REPEAT_M[0] * (copy % across), REPEAT_M[1] * (copy // across))
        for house in _place(Random(seed * 1009 + copy)):
            if made == count:
                return
            made += 1
            yield house, shift


def _placed(plot: Plot, shift: tuple[float, float]) -> Plot:
    """The outline turned and moved into the map."""
    c, s = math.cos(math.radians(TURN_DEG)), math.sin(math.radians(TURN_DEG))
    moved = [(x + shift[0], y + shift[1]) for x, y in plot.corners]
    return Plot([(x * c - y * s, x * s + y * c) for x, y in moved])


# ---------------------------------------------------------------- the place, in metres from the crossing


def _place(dice: Random) -> list[House]:
    """60 houses; streets run along y = 0 and x = -10."""
    return [
        *_court(dice),
        *_terrace(dice, start=(-72.0, 13.0), turn_deg=0.0, houses=7, year=1934, eave_m=5.8),
        *_terrace(dice, start=(-26.0, -13.5), turn_deg=180.0, houses=7, year=1958, eave_m=5.6),
        *_terrace(dice, start=(-84.0, -14.0), turn_deg=-94.0, houses=6, year=1974, eave_m=6.0),
        *_terrace(dice, start=(-111.0, -56.0), turn_deg=86.0, houses=6, year=1983, eave_m=5.8),
        _school(dice),
        *_slabs(dice),
        *_offices(dice),
        *_detached(dice),
        _boiler_house(),
    ]


def _court(dice: Random) -> list[House]:
    """Twelve houses of flats around a court; corners are a storey higher and flat."""
    west, east, south, north, depth = 6.0, 78.0, 13.0, 65.0, 11.0
    quarter, half = (east - west) / 4, (north - south - 2 * depth) / 2
    plots = []
    for k in range(4):
        x0, x1 = west + k * quarter, west + (k + 1) * quarter
        corner = k in (0, 3)
        plots.append((rectangle(x0, south, x1, south + depth), corner))
        plots.append((rectangle(x0, north - depth, x1, north), corner))
    for k in range(2):
        y0, y1 = south + depth + k * half, south + depth + (k + 1) * half
        plots.append((rectangle(west, y0, west + depth, y1, along_y=True), False))
        plots.append((rectangle(east - depth, y0, east, y1, along_y=True), False))
    houses = []
    for plot, corner in plots:
        storeys = 4 if corner else 3
        eave = storeys * 3.1 + dice.uniform(-0.2, 0.4)
        shell = Shell("flat", eave, 0.0) if corner else Shell("gable", eave, 3.6)
        function = "residential building"
        houses.append(House("Court", function, 1908 + dice.randrange(0, 22), storeys, shell, plot))
    return houses


def _terrace(
    dice: Random, *, start: tuple[float, float], turn_deg: float, houses: int, year: int, eave_m: float
) -> list[House]:
    """A row of gabled houses; `start` is the street corner of the first, the row runs to the right seen from it."""
    width, depth = dice.choice((5.9, 6.1, 6.3)), 9.2
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))

    def at(u: float, v: float) -> tuple[float, float]:
        return start[0] + u * c - v * s, start[1] + u * s + v * c

    row = []
    for k in range(houses):
        kw = round(dice.uniform(2.4, 4.4), 1) if dice.random() < 0.45 else 0.0
        u0, u1 = k * width, (k + 1) * width
        plot = Plot([at(u0, 0.0), at(u1, 0.0), at(u1, depth), at(u0, depth)])
        eave = eave_m + (0.35 if dice.random() < 0.25 else 0.0)
        row.append(House("Terrace", "residential building", year, 2, Shell("gable", eave, 3.7), plot, _modules(kw)))
    return row


def _school(dice: Random) -> House:
    """Two storeys around a yard that opens to the south."""
    x, y = -80.0, 46.0
    outline = [(0, 0), (13, 0), (13, 24), (43, 24), (43, 0), (56, 0), (56, 37), (0, 37)]
    plot = Plot([(x + u, y + v) for u, v in outline])
    return House("School", "school", 1966 + dice.randrange(0, 12), 2, Shell("flat", 7.2, 0.0), plot, _modules(42.0))


def _slabs(dice: Random) -> list[House]:
    """Two long houses of flats in the green, five and four storeys."""
    plots = (
        (rectangle(-25, -6, 25, 6).moved((38.0, 90.0), turn_deg=5.0), 5, 1967),
        (rectangle(-23, -6, 23, 6).moved((-44.0, -57.0), turn_deg=-9.0), 4, 1971),
    )
    return [
        House("Slab", "residential building", year + dice.randrange(0, 3), storeys,
              Shell("flat", storeys * 2.9 + 0.5, 0.0), plot)
        for plot, storeys, year in plots
    ]  # fmt: skip


def _offices(dice: Random) -> list[House]:
    """An office slab on the main street and a shop behind it."""
    office = rectangle(-23, -7.5, 23, 7.5).moved((116.0, 22.0))
    shop = rectangle(-18, -13, 18, 13).moved((112.0, 57.0), turn_deg=3.0)
    return [
        House("Office", "office building", 1996 + dice.randrange(0, 12), 5, Shell("flat", 17.0, 0.0), office),
        House("Supermarket", "retail", 2003 + dice.randrange(0, 8), 1, Shell("flat", 5.6, 0.0), shop, _modules(70.0)),
    ]


def _detached(dice: Random) -> list[House]:
    """Twelve houses on both sides of a bent lane, four with a garage."""
    houses: list[House] = []
    spots = [(14.0 + 23.0 * k, -25.0, dice.uniform(-5, 5)) for k in range(6)]
    spots += [(10.0 + 24.5 * k, -69.0 + 0.0026 * (10.0 + 24.5 * k - 70.0) ** 2 - 8.0, -17.0 + 6.8 * k)
              for k in range(6)]  # fmt: skip
    for number, (x, y, turn) in enumerate(spots):
        wide, deep = dice.uniform(9.5, 12.0), dice.uniform(8.0, 9.6)
        roof = dice.choice(("gable", "hip", "hip", "gable"))
        x, y = x + dice.uniform(-1, 1), y + dice.uniform(-1.5, 1.5)
        plot = rectangle(-wide / 2, -deep / 2, wide / 2, deep / 2).moved((x, y), turn_deg=turn)
        eave, rise = dice.choice((3.2, 4.4, 5.8)), dice.uniform(3.0, 4.2)
        year = 1986 + dice.randrange(0, 28)
        shell = Shell(roof, eave, rise)
        kw = round(dice.uniform(4.0, 8.0), 1) if dice.random() < 0.6 else 0.0
        houses.append(House("House", "residential building", year, 1 if eave < 4 else 2, shell, plot, _modules(kw)))
        if number % 3 == 1:
            beside = rectangle(wide / 2 + 1.2, -3.0, wide / 2 + 4.6, 3.2).moved((x, y), turn_deg=turn)
            houses.append(House("Garage", "garage", year, 1, Shell("flat", 2.6, 0.0), beside))
    return houses


def _modules(kw: float) -> dict[str, Any]:
    """The attribute that says which modules a roof carries already [kW]."""
    return {"pvPeakPower_kW": kw} if kw else {}


def _boiler_house() -> House:
    """The shed of the old heating plant behind the shop."""
    plot = rectangle(-6, -4, 6, 4).moved((108.0, 88.0), turn_deg=4.0)
    return House("Boiler house", "shed", 1971, 1, Shell("gable", 3.6, 1.6), plot)
