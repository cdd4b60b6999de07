"""A City Energy Analyst project, read as it lies: geometry, property tables, schedules -> what its buildings are.

Geometry comes through the product's own GeoJSON import (tools/build.measure), horizons included. Tables name assemblies
by code; their figures are tables of the case, as the program keeps them in workbooks. What a standard of the case names
stands in for the tables of every building of that standard (`typology.csv`).
"""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import build
from tools.cases.table import Table

Float = NDArray[np.float64]
TABLES = ("architecture", "air_conditioning", "indoor_comfort", "internal_loads", "typology")
STANDARD_KEYS = ("type_cons", "type_leak", "type_roof", "type_shade", "type_wall", "type_win", "type_hs", "type_ctrl",
                 "type_vent", "Hs_ag", "Ns", "Es")  # fmt: skip
"""What a standard may say in place of the buildings' own tables."""
_ASSEMBLIES: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "wall": ("type_wall", {"u_w_m2k": (0.02, 8.0), "absorptance": (0.0, 1.0)}),
    "roof": ("type_roof", {"u_w_m2k": (0.02, 8.0), "absorptance": (0.0, 1.0)}),
    "window": ("type_win", {"u_w_m2k": (0.1, 8.0), "g": (0.0, 1.0), "frame": (0.0, 0.99)}),
    "tightness": ("type_leak", {"n50_h": (0.0, 100.0)}),
    "construction": ("type_cons", {"capacity_j_m2k": (1e3, 1e7)}),
    "shading": ("type_shade", {"factor": (0.0, 1.0)}),
    "heating": ("type_hs", {"emission_k": (-5.0, 5.0), "supply_c": (0.0, 200.0), "drop_k": (0.0, 100.0),
                            "limit_w_m2": (0.0, 1e5)}),
    "controller": ("type_ctrl", {"control_k": (-5.0, 5.0)}),
    "ventilation": ("type_vent", {"recovery": (0.0, 1.0)}),
}  # fmt: skip
"""Tables of the case: column that names a row, and figures with their ranges."""
WALLS = ("north", "east", "south", "west")


@dataclass(frozen=True)
class Project:
    """Buildings of the project's zone; every array [building]."""

    name: tuple[str, ...]
    shape: build.Shape
    """The whole site; its first buildings are these, in this order."""
    year: Float
    storeys: Float
    """Above ground, without open ones."""
    basements: Float
    own: dict[str, Float]
    """Numbers of the property tables by column (`Ths_set_C`, `Occ_m2pax`, ..)."""
    assembly: dict[str, Float]
    """Figures of the assemblies by "table.key" ("wall.u_w_m2k", ..)."""
    window_share: Float
    """[4, building] of walls that look north, east, south, west."""
    season: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    """(month, day) of the heating season's first and last day."""
    weeks: tuple[dict[str, dict[str, list[str]]], ...]
    """Per building: column of its schedule -> day -> 24 cells."""
    monthly: Float
    """[building, 12] factor of people, lights and appliances."""


def project(inputs: Table) -> Project:
    """The project of the case's folder `project`.

    Raises:
        Refused: a file or a building's row is missing, a code has no figures, a figure is out of its range.
    """
    folder = "project"
    site = [inputs.within(folder, f"derived-geojson/{n}.geojson") for n in ("zone", "surroundings")]
    shape = build.measure(site, crs=None, progress=lambda stage, share: None)
    drawn = [f["properties"] for f in json.loads(site[0].read_text(encoding="utf-8"))["features"]]
    names = tuple(str(p["Name"]) for p in drawn)
    if [s.id for s in shape.sources[: len(names)]] != [f"zone-{n}" for n in range(1, len(names) + 1)]:
        raise inputs.wrong(folder, "has buildings in its zone that overlap or have no area")
    rows = _rows(inputs, folder, names)
    own, assembly = _numbers(rows), _assemblies(inputs, rows)
    said = inputs.table("schedule")
    weeks, monthly = zip(*(_week(inputs.within(folder, said.text(n, f"inputs/building-properties/schedules/{n}.csv")))
                           for n in names), strict=True)  # fmt: skip
    floors = {k: np.array([float(p[k]) for p in drawn]) for k in ("floors_ag", "floors_bg")}
    return Project(
        name=names, shape=shape, year=own["YEAR"], storeys=floors["floors_ag"] - own["void_deck"],
        basements=floors["floors_bg"], own=own, assembly=assembly,
        window_share=np.array([own[f"wwr_{w}"] for w in WALLS]),
        season=tuple((_day(r["heat_start"]), _day(r["heat_ends"])) for r in rows), weeks=weeks,
        monthly=np.array(monthly),
    )  # fmt: skip


def hours(p: Project, column: str, value: Callable[[int, str], float], calendar_year: int) -> Float:
    """[hour of the year, building] of a schedule's column; `value` turns a building's cell into a number."""
    first = datetime.date(calendar_year, 1, 1)
    names = {5: "SATURDAY", 6: "SUNDAY"}
    days = [names.get((first + datetime.timedelta(d)).weekday(), "WEEKDAY") for d in range(365)]
    columns = []
    for k, week in enumerate(p.weeks):
        day = {d: [value(k, cell) for cell in cells] for d, cells in week[column].items()}
        columns.append(np.concatenate([day[d] for d in days]))
    return np.array(columns).T


def in_season(p: Project) -> NDArray[np.bool_]:
    """[hour of the year, building] of the heating season, both ends included."""
    dates = [(d.month, d.day) for d in (datetime.date(2001, 1, 1) + datetime.timedelta(n) for n in range(365))]
    on = [[a <= d <= b if a <= b else d >= a or d <= b for d in dates] for a, b in p.season]
    return np.repeat(np.array(on).T, 24, axis=0)


def months() -> NDArray[np.int64]:
    """[hour of the year] month, 0 .. 11."""
    first = datetime.date(2001, 1, 1)
    return np.repeat([(first + datetime.timedelta(n)).month - 1 for n in range(365)], 24)


# ---------------------------------------------------------------- files


def _rows(inputs: Table, folder: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Per building its rows of all property tables, under what its standard says instead."""
    whole: dict[str, dict[str, Any]] = {n: {} for n in names}
    for table in TABLES:
        with inputs.within(folder, f"derived-csv/{table}.csv").open(encoding="utf-8", newline="") as f:
            found = {row["Name"]: row for row in csv.DictReader(f)}
        for name in names:
            if name not in found:
                raise inputs.wrong(folder, f"has no row for building {name} in derived-csv/{table}.csv")
            whole[name] |= found[name]
    said = {n: {k: t.raw(k) for k in STANDARD_KEYS if k in t} for n, t in inputs.named("standard").items()}
    return [row | said.get(str(row["STANDARD"]), {}) for row in whole.values()]


def _numbers(rows: list[dict[str, Any]]) -> dict[str, Float]:
    """Columns that are numbers in every row."""
    found = {}
    for column in rows[0]:
        try:
            found[column] = np.array([float(r[column]) for r in rows])
        except ValueError:
            continue
    return found


def _assemblies(inputs: Table, rows: list[dict[str, Any]]) -> dict[str, Float]:
    made = {}
    for table, (column, figures) in _ASSEMBLIES.items():
        known = {code: {k: t.number(k, least=a, most=b) for k, (a, b) in figures.items()}
                 for code, t in inputs.named(table).items()}  # fmt: skip
        for row in rows:
            if row[column] not in known:
                raise inputs.wrong(table, f"has no [{table}.{row[column]}], which building {row['Name']} is made of")
        for key in figures:
            made[f"{table}.{key}"] = np.array([known[row[column]][key] for row in rows])
    return made


def _week(path: Path) -> tuple[dict[str, dict[str, list[str]]], list[float]]:
    """Columns of a schedule file by day, and its monthly multipliers."""
    with path.open(encoding="utf-8", newline="") as f:
        lines = list(csv.reader(f))
    monthly = [float(cell) for cell in lines[1][1:13]]
    made: dict[str, dict[str, list[str]]] = {}
    for row in (dict(zip(lines[2], line, strict=True)) for line in lines[3:] if line):
        for column, cell in row.items():
            made.setdefault(column, {}).setdefault(row["DAY"], []).append(cell)
    return made, monthly


def _day(text: str) -> tuple[int, int]:
    """(month, day) of "16|09"."""
    day, _, month = text.partition("|")
    return int(month), int(day)
