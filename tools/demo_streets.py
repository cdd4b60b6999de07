"""The demo town's plan: a grid of streets bent by slow waves, a canal along one line, a block in every cell.

Lines, waves and widths after the project's art direction. Everything is in metres from the town's middle, already
turned by 14 degrees, so that no street runs along a map axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tools.demo_solids import Point, inset

LINES_X_M = (-348.0, -236.0, -128.0, -10.0, 88.0, 196.0, 300.0)
LINES_Y_M = (-240.0, -146.0, -62.0, 34.0, 128.0, 214.0)
MAIN_X, MAIN_Y, CANAL_Y = 3, 4, 2
"""Columns and rows of the main streets and of the canal."""
BRIDGES = (0, 1, 3, 4, 6)
"""Streets that cross the canal."""
HALF_X_M, HALF_Y_M, HALF_MAIN_M = 5.0, 4.6, 8.0
"""Half widths of carriageways, parked cars included."""
WATER_M, QUAY_M, CANAL_M = 8.5, 11.4, 19.0
"""From the canal's middle: to the water's edge, the quay's, and the far kerb of the quay street."""
PAVEMENT_M, WIDE_PAVEMENT_M = 3.0, 4.6
TURN_RAD = math.radians(14.0)
FAR_M = 1300.0


@dataclass(frozen=True)
class Block:
    """What the streets leave between them."""

    column: int
    row: int
    kerb: list[Point]
    """Counter-clockwise from the south-western corner: edge 0 looks south, 1 east, 2 north, 3 west."""
    plot: list[Point]
    """Behind the pavements."""
    pavement_m: tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """A street's middle line and its half width."""

    points: list[Point]
    half_m: float
    main: bool


def at(x: float, y: float) -> Point:
    """A place of the straight grid where the town really has it: displaced by slow waves, turned."""
    dx = 16 * math.sin(y / 155 + 0.6) + 9 * math.sin(x / 120 + y / 210)
    dy = 20 * math.sin(x / 190 + 0.3) + 8 * math.sin(y / 95 + x / 260 + 1.1)
    c, s = math.cos(TURN_RAD), math.sin(TURN_RAD)
    return (x + dx) * c - (y + dy) * s, (x + dx) * s + (y + dy) * c


def half_x(i: int) -> float:
    """Half width of the street on column line i."""
    return HALF_MAIN_M if i == MAIN_X else HALF_X_M


def half_y(j: int) -> float:
    """Half width of the street, or of the canal with its quay streets, on row line j."""
    return CANAL_M if j == CANAL_Y else HALF_MAIN_M if j == MAIN_Y else HALF_Y_M


def blocks() -> list[Block]:
    """Row by row from the south-west."""
    found = []
    for j in range(len(LINES_Y_M) - 1):
        for i in range(len(LINES_X_M) - 1):
            quad = [at(LINES_X_M[a], LINES_Y_M[b]) for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))]
            kerb = inset(quad, (half_y(j), half_x(i + 1), half_y(j + 1), half_x(i)))
            wide = (j == MAIN_Y, i + 1 == MAIN_X, j + 1 == MAIN_Y, i == MAIN_X)
            south, east, north, west = (WIDE_PAVEMENT_M if w else PAVEMENT_M for w in wide)
            found.append(Block(i, j, kerb, inset(kerb, (south, east, north, west)), (south, east, north, west)))
    return found


def lines() -> list[Line]:
    """Every street; the canal's line is its middle, its quay streets are not among them."""
    columns = [
        Line([at(x, y) for y in LINES_Y_M], half_x(i), i == MAIN_X) for i, x in enumerate(LINES_X_M)
    ]
    rows = [
        Line([at(x, y) for x in LINES_X_M], half_y(j), j == MAIN_Y)
        for j, y in enumerate(LINES_Y_M) if j != CANAL_Y
    ]  # fmt: skip
    return columns + rows


def canal() -> list[Point]:
    """The canal's middle line from west to east, far beyond the town."""
    y = LINES_Y_M[CANAL_Y]
    beyond = (-FAR_M - 150, -1150.0, -900.0, -660.0, -480.0)
    return [at(x, y) for x in (*beyond, *LINES_X_M, *(430.0, 620.0, 860.0, 1100.0, FAR_M + 150))]


def country_roads() -> list[Line]:
    """The main streets on their way out of town."""
    x, y = LINES_X_M[MAIN_X], LINES_Y_M[MAIN_Y]
    out = (150.0, 420.0, 800.0, FAR_M + 100)
    north = [at(x + 0.10 * d, LINES_Y_M[-1] + d) for d in (0.0, *out)]
    south = [at(x - 0.16 * d, LINES_Y_M[0] - d) for d in (0.0, *out)]
    east = [at(LINES_X_M[-1] + d, y + 0.10 * d) for d in (0.0, *out)]
    west = [at(LINES_X_M[0] - d, y + 0.22 * d) for d in (0.0, *out)]
    return [Line(way, 3.4, False) for way in (north, south, east, west)]
