"""What buildings are built of and the weeks they are used in, as versioned data rows of assets/archetypes.

`constructions.csv` holds layers, `construction_rules.csv` which construction a building has by country, use, size class
and year of construction (the first row that fits), `schedules.csv` weeks by use. Each row names its source.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import Any

import numpy as np

from sim.district import Code, Float, Int, SizeClass, Use
from sim.fabric import HOURS, Constructions, Schedules
from tools import typology

ARCHETYPES = typology.ASSETS / "archetypes"
FLAT = "flat"
"""Schedule of row 0."""


@cache
def constructions() -> Constructions:
    """Every construction there is, in the order of the file."""
    rows = _rows("constructions")
    names = tuple(dict.fromkeys(r["construction"] for r in rows))
    layer = {(r["construction"], r["element"], r["side"]): [float(r[c]) for c in _LAYER] for r in rows}

    def column(element: str, side: str) -> Float:
        return np.array([layer[name, element, side] for name in names])

    outside = {f"{e}_{s}": column(e, s) for e in ("wall", "roof", "ground") for s in ("outer", "inner")}
    return Constructions(id=names, **outside, inside=column("inside", "inner"))


_LAYER = ("thickness_m", "conductivity_w_mk", "density_kg_m3", "heat_j_kgk")


def construction_of(country: str, *, use: Code, size_class: Code, year: Int) -> Int:
    """[building] row of `constructions()`; `year` in which it was built."""
    rows, names = _rows("construction_rules"), constructions().id
    found = np.full(len(use), -1, np.int32)
    for r in rows:
        fits = (found < 0) & (year >= int(r["year_first"])) & (year <= int(r["year_last"]))
        if r["countries"] != "*" and country not in r["countries"].split():
            continue
        if r["uses"] != "*":
            fits &= np.isin(use, [Use[u.upper()] for u in r["uses"].split()])
        if r["sizes"] != "*":
            fits &= np.isin(size_class, [SizeClass[s] for s in r["sizes"].split()])
        found[fits] = names.index(r["construction"])
    return found


@cache
def schedules() -> Schedules:
    """Flat, then a week for every use in the file."""
    rows = _rows("schedules")
    names = (FLAT, *dict.fromkeys(r["schedule"] for r in rows))
    weeks: dict[str, Any] = {q: np.full((len(names), HOURS), 1.0 if q in ("gains", "air") else 0.0) for q in _WEEK}
    for r in rows:
        days = {"weekday": range(5), "saturday": (5,), "sunday": (6,)}[r["day"]]
        hours = [float(r[f"h{h:02d}"]) for h in range(24)]
        for day in days:
            weeks[r["quantity"]][names.index(r["schedule"]), 24 * day : 24 * day + 24] = hours
    return Schedules(id=names, **weeks)


_WEEK = ("set_back_k", "gains", "air", "cool_up_k")


def schedule_of(use: Code) -> Int:
    """[building] row of `schedules()`."""
    rows = np.zeros(len(use), np.int32)
    for k, name in enumerate(schedules().id):
        if name != FLAT:
            rows[use == Use[name.upper()]] = k
    return rows


def _rows(name: str) -> list[dict[str, str]]:
    with (ARCHETYPES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
