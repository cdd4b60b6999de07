"""What was done to the demo town's houses since they were built: renovations, and modules on more of their roofs.

Shares are chosen so that gas per dwelling comes near what Dutch dwellings burn (1,280 m3 or 12.5 MWh in 2020 where a
boiler is, corrected for temperature: CBS StatLine 85140NED), and so that two homes in five carry modules. The dice of
a house are its own: the town's layout does not depend on them.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tools.demo_blocks import House, area_m2, modules

RENOVATED = {"Flats": 0.78, "Corner house": 0.78, "Terrace": 0.85, "End house": 0.85, "House": 0.80}
"""Share of the homes of before 1980 whose envelope was renewed."""
RENEWAL = (1985, 1994, 1998, 2003, 2009, 2016)
"""Years of renewal: urban renewal first, then cavity walls, roofs and glass."""
PLACES = {"Church": 2008, "Town hall": 1997, "School": 2002, "Sports hall": 2004, "Bus depot": 1996,
          "Workshop": 1999, "Pavilion": 2010}  # fmt: skip
"""Year of renewal of the places that stand out."""
LATER_MODULES = {"Flats": 0.12, "Corner house": 0.12, "Terrace": 0.20, "End house": 0.20, "House": 0.15}
"""Share of the homes without modules that got some in the last years."""


def today(houses: list[House], seed: int) -> list[House]:
    """The houses with what was done to them."""
    return [_today(house, Random(f"stock {seed} {number}")) for number, house in enumerate(houses)]


def _today(house: House, dice: Random) -> House:
    renewed, roof, size = dice.random(), dice.random(), dice.random()
    when = RENEWAL[dice.randrange(len(RENEWAL))]
    extra = dict(house.extra)
    if house.name in PLACES:
        extra["yearOfRenovation"] = PLACES[house.name]
    elif house.year < 1980 and renewed < RENOVATED.get(house.name, 0.0):
        extra["yearOfRenovation"] = when
    if "pvPeakPower_kW" not in extra and roof < LATER_MODULES.get(house.name, 0.0):
        flats = house.name in ("Flats", "Corner house")
        extra |= modules((0.05 + 0.06 * size) * area_m2(house.outline) if flats else 3.0 + 2.2 * size)
    return replace(house, extra=extra)
