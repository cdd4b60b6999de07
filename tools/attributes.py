"""What a city model says and does not say about a building: use, size class, year, storeys.

Missing values fall back in a stated order, and every fallback becomes an `inferred` row:
year: the option, else the median of the eight nearest buildings with a year within 250 m, else the national stock;
storeys: height over 3 m; use: the geometry (sheds), else homes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.district import Code, Float, Int, SizeClass, Use

Inferred = tuple[str, str, str, str]
"""(axis, id, column, rule)"""

STOCK_YEAR = 1970
"""Half of the EU's dwellings were built before about 1970 (EU Building Stock Observatory)."""
STOREY_M = 3.0
"""Gross height of a storey: 2.6 m rooms and a floor; roofs are counted at half by the callers' height."""
NEIGHBOURS, NEIGHBOURHOOD_M = 8, 250.0


@dataclass(frozen=True)
class Shapes:
    """[building] Geometry and attributes as the importer found them. 0 = the source does not say."""

    id: tuple[str, ...]
    use: Code
    size_class: Code
    year: Int
    storeys: Int
    height_m: Float
    footprint_m2: Float
    floor_m2: Float
    """Gross floor area; 0 = footprint x storeys."""
    volume_m3: Float
    roof_m2: Float
    wall_m2: Float
    """Exterior walls, windows included, party walls not."""
    ground_m2: Float
    party_m2: Float
    x_m: Float | None = None
    y_m: Float | None = None
    """Foot points, to ask neighbours for a year; None = places are not asked."""
    dwellings: Float | None = None
    vehicles: Float | None = None
    """Cars; nan where the source does not say."""
    renovated: Int | None = None
    """Year in which the envelope was renewed; 0 = never, or the source does not say."""


def storeys_of(height_m: float) -> int:
    """Storeys of a building of a (mean roof) height: one per 3 m, at least one."""
    return max(1, round(height_m / STOREY_M))


def size_class(
    *, footprint_m2: float, floor_m2: float, storeys: int, wall_m2: float, party_m2: float, dwellings: float = 0.0
) -> SizeClass:
    """TABULA size class from geometry (and the number of dwellings where known).

    One or two dwellings, or up to 400 m2 gross on at most four storeys: a house; terraced when at least 30 % of its
    vertical surface is party wall, which a mid-terrace house has and a semi-detached one has not. Above: a
    multi-family house, or an apartment block from five storeys or 2,000 m2 on.
    """
    house = dwellings <= 2 if dwellings > 0 else floor_m2 <= 400.0 and storeys <= 4
    if house:
        return SizeClass.TH if party_m2 >= 0.3 * (party_m2 + wall_m2) and party_m2 > 0 else SizeClass.SFH
    return SizeClass.AB if storeys >= 5 or floor_m2 >= 2000.0 else SizeClass.MFH


USE_KEYS = (
    "function", "usage", "usage1", "usage_1", "usage2", "use", "class", "building", "gebruiksdoel", "building_type",
    "type", "amenity", "shop", "office", "nature", "leisure",
)  # fmt: skip
"""Attribute names that may tell a use, in the order asked."""

USE_WORDS = (
    (Use.SHED, ("garage", "carport", "shed", "schuur", "annexe", "parking", "greenhouse", "barn", "hut", "roof",
                "31001_1313", "31001_2461", "31001_2463", "31001_2523", "51009_16")),
    (Use.SCHOOL, ("school", "schule", "education", "onderwijs", "university", "kindergarten", "college", "enseignement",
                  "hochschule",
                  "31001_3020", "31001_3021", "31001_3065")),
    (Use.RETAIL, ("retail", "shop", "winkel", "commercial", "handel", "supermarket", "hotel", "restaurant",
                  "31001_2050", "31001_2055", "31001_2054")),
    (Use.INDUSTRY, ("industr", "factory", "warehouse", "werkplaats", "agricol", "farm", "31001_2100", "31001_2110",
                    "31001_2120", "31001_2143")),
    (Use.OFFICE, ("office", "kantoor", "büro", "verwaltung", "bureau", "hospital", "tertiaire", "public", "civic",
                  "gezondheid", "church", "religi", "sport", "eglise", "chapelle", "kirche", "museum", "theatre",
                  "library", "townhall", "clinic", "31001_2020", "31001_3010", "31001_3012")),
    (Use.HOME, ("residen", "résidentiel", "wohn", "wohnung", "wohngeb", "wohnhaus", "woonf", "woning", "home",
                "house", "dwelling", "apartment", "terrace", "detached",
                "31001_1000", "31001_1010", "31001_1100", "31001_1120", "1000")),
)  # fmt: skip
"""Words (lower case) and German ALKIS codes in a use attribute; up to four letters they must stand alone."""
CLASS_CODES = {
    "1000": Use.HOME, "1020": Use.OFFICE, "1030": Use.RETAIL, "1040": Use.RETAIL, "1050": Use.OFFICE,
    "1060": Use.OFFICE, "1070": Use.OFFICE, "1080": Use.OFFICE, "1090": Use.INDUSTRY, "1100": Use.SCHOOL,
    "1120": Use.OFFICE, "1150": Use.INDUSTRY, "1160": Use.INDUSTRY,
}  # fmt: skip
"""Codes of `class` in CityGML's code list of buildings (OGC 12-019, annex C)."""
BY_KEY = {"shop": Use.RETAIL, "office": Use.OFFICE}
"""OpenStreetMap keys that tell the use whatever their value."""


def use_of(attributes: Mapping[str, object], *, footprint_m2: float, height_m: float) -> tuple[Use, str | None]:
    """Use of a building and, where it is not in the source, the rule that gave it (else None).

    Order: a use attribute whose value is understood; a footprint below 25 m2 or a height below 2.8 m is a shed
    (garages and garden houses are unheated); else a home.
    """
    for key in USE_KEYS:
        value = next((v for k, v in attributes.items() if k.lower() == key and v not in (None, "")), None)
        if value is None:
            continue
        text = " ".join(map(str, value)).lower() if isinstance(value, list | tuple) else str(value).lower()
        if key in BY_KEY and text != "no":
            return BY_KEY[key], None
        if key == "class" and text in CLASS_CODES:
            return CLASS_CODES[text], None
        tokens = set(re.split(r"[^\w]+", text))
        for use, words in USE_WORDS:
            if any(w in text if len(w) > 4 else w in tokens for w in words):
                return use, None
    if footprint_m2 < 25.0 or height_m < 2.8:
        return Use.SHED, "geometry: footprint below 25 m2 or height below 2.8 m"
    return Use.HOME, "no use in the source: a home"


def complete(shapes: Shapes, *, year: int | None = None) -> tuple[Shapes, list[Inferred]]:
    """Fill missing years, storeys and floor areas; the inferred rows say how."""
    notes: list[Inferred] = []
    years, storeys, floor = shapes.year.copy(), shapes.storeys.copy(), shapes.floor_m2.copy()
    unknown = np.flatnonzero(years <= 0)
    for k in unknown:
        years[k], rule = (year, "option") if year is not None else _neighbours_year(shapes, int(k))
        notes.append(("building", shapes.id[k], "year", rule))
    for k in np.flatnonzero(storeys <= 0):
        storeys[k] = storeys_of(float(shapes.height_m[k]))
        notes.append(("building", shapes.id[k], "storeys", "height over 3 m"))
    for k in np.flatnonzero(floor <= 0):
        floor[k] = shapes.footprint_m2[k] * storeys[k]
        notes.append(("building", shapes.id[k], "floor_m2", "footprint times storeys"))
    return replace(shapes, year=years, storeys=storeys, floor_m2=floor), notes


def _neighbours_year(shapes: Shapes, k: int) -> tuple[int, str]:
    known = np.flatnonzero(shapes.year > 0)
    if shapes.x_m is not None and shapes.y_m is not None and len(known):
        distance = np.hypot(shapes.x_m[known] - shapes.x_m[k], shapes.y_m[known] - shapes.y_m[k])
        nearest = np.argsort(distance, kind="stable")[:NEIGHBOURS]
        near = known[nearest[distance[nearest] <= NEIGHBOURHOOD_M]]
        if len(near):
            rule = f"median of up to {NEIGHBOURS} neighbours within {NEIGHBOURHOOD_M:.0f} m"
            return int(np.median(shapes.year[near])), rule
    return STOCK_YEAR, f"national stock: {STOCK_YEAR}"
