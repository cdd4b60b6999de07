"""The TABULA typology: figures of residential buildings by country, size class and construction period.

Source: TABULA WebTool data, IEE projects TABULA and EPISCOPE (building-typology.eu); definitions from
"TABULA Calculation Method" (IWU 2013). One row is one real example building in its existing state. U-values
hold the resistance of unheated spaces; areas, b-factors and thermal bridges follow TABULA's definitions.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.district import Float, SizeClass

ASSETS = Path(__file__).resolve().parent.parent / "assets"
TEXT = ("code", "country", "region", "size_class")

NEIGHBOUR = {
    "CH": "AT", "LI": "AT", "LU": "BE", "PT": "ES", "AD": "ES", "MC": "FR", "MT": "CY", "FI": "SE", "IS": "NO",
    "EE": "PL", "LV": "PL", "LT": "PL", "UA": "PL", "SK": "CZ", "RO": "BG", "MD": "BG", "HR": "SI", "BA": "RS",
    "ME": "RS", "MK": "RS", "XK": "RS", "AL": "GR", "TR": "GR", "SM": "IT", "VA": "IT", "IM": "GB", "JE": "GB",
}  # fmt: skip
"""Whose typology stands in for a country that TABULA does not cover."""

OTHER_CLASS = {
    SizeClass.SFH: (SizeClass.TH, SizeClass.MFH, SizeClass.AB),
    SizeClass.TH: (SizeClass.SFH, SizeClass.MFH, SizeClass.AB),
    SizeClass.MFH: (SizeClass.AB, SizeClass.TH, SizeClass.SFH),
    SizeClass.AB: (SizeClass.MFH, SizeClass.TH, SizeClass.SFH),
}
"""Which size class stands in where a typology lacks one, nearest first."""

Columns = Mapping[str, NDArray[Any]]


@cache
def table() -> Columns:
    """All rows of assets/archetypes/tabula.csv by column, read-only; its names carry the units.

    Temperatures are degrees Celsius, `*_u` W/m2K, `*_b` TABULA's b-factors, `sun_*` kWh/m2 per heating season.
    """
    with (ASSETS / "archetypes" / "tabula.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns: dict[str, NDArray[Any]] = {}
    for name in rows[0]:
        values = [r[name] for r in rows]
        columns[name] = np.array(values) if name in TEXT else np.array(values, dtype=float)
        columns[name].setflags(write=False)
    return columns


def typology_of(country: str) -> str:
    """Country whose typology serves `country` (ISO 3166 alpha-2): its own or a named neighbour's.

    Raises:
        Refused: neither it nor a neighbour has a typology.
    """
    chosen = NEIGHBOUR.get(country, country)
    if chosen not in set(table()["country"].tolist()):
        known = ", ".join(sorted(set(table()["country"].tolist())))
        raise Refused(f"no building typology for country {country!r}; name a similar one with --country ({known})")
    return chosen


@cache
def _whole() -> NDArray[np.bool_]:
    """Rows whose roof, walls and ground all lose heat; one row of the source carries b = 0 throughout."""
    t = table()
    return np.all([t[f"{p}_m2"] * t[f"{p}_u"] * t[f"{p}_b"] > 0 for p in ("roof", "wall", "ground")], axis=0)


@cache
def row(country: str, size_class: SizeClass, year: int) -> int:
    """Row of the archetype: the typology's own national variant, size class or its stand-in, nearest period.

    A building exactly in a period takes it; one outside all periods takes the period that ends or begins nearest.
    """
    t = table()
    own = typology_of(country)
    for candidate in (size_class, *OTHER_CLASS[size_class]):
        among = np.flatnonzero(
            (t["country"] == own) & (t["size_class"] == candidate.name) & (t["national"] == 1) & _whole()
        )  # fmt: skip
        if len(among) == 0:
            continue
        early = np.maximum(t["year_first"][among] - year, 0)
        late = np.maximum(year - t["year_last"][among], 0)
        distance = early + late
        generic = np.char.find(t["code"][among], ".Gen.") < 0
        return int(among[np.lexsort((generic, distance))[0]])
    raise Refused(f"the typology of {own} has no usable building; name another country with --country")


def reduction(h_tr_w_m2k: Float, at_1: Float, at_4: Float) -> Float:
    """TABULA's temperature reduction factor F_red, 0..1: rooms and hours that are heated less.

    Linear between `at_1` (h_tr = 1 W/m2K) and `at_4` (h_tr = 4), constant above, rising to 1 at h_tr = 0.5.
    `h_tr_w_m2k` = H_tr / A_C,ref. Source: TABULA Calculation Method, section 3.2.
    """
    h = np.asarray(h_tr_w_m2k, dtype=float)
    tight = np.minimum(at_1 + (1.0 - h) / 0.5 * (1.0 - at_1), 1.0)
    loose = at_1 + np.clip((h - 1.0) / 3.0, 0.0, 1.0) * (at_4 - at_1)
    return np.where(h <= 1.0, tight, loose)
