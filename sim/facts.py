"""What is known of one row of the district, for people: each value with its label, unit and origin.

Origin is `source` (the city's data say so), `inferred` (with the rule that gave it; inferred.parquet), `scenario` (a
what-if changed it) or `modelled` (a figure of the simulated year).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from network.problems import Refused
from network.quantities import QUANTITIES
from network.schema import Fact
from sim.district import District, Heater, LineKind, SiteKind, SizeClass, Use
from sim.fabric import Panes
from sim.ledger import ACCOUNTS, SITE_ACCOUNTS, Ledger
from sim.package import Inferred
from sim.potential import Potential
from sim.zones import U_LIMITS_W_M2K, most_w_m2k

KWH, MWH = 1.0 / 3.6e6, 1.0 / 3.6e9
_WORDS: dict[str, dict[str, type[IntEnum]]] = {
    "building": {"use": Use, "size_class": SizeClass, "heater": Heater},
    "line": {"kind": LineKind},
    "site": {"kind": SiteKind},
}
_CLASSES = {"SFH": "detached house", "TH": "terraced house", "MFH": "multi-family house", "AB": "apartment block"}
_BUILT = {
    "solid": "solid brick, timber floors", "cavity": "brick cavity walls, concrete floors",
    "block": "rendered hollow blocks, concrete floors", "concrete": "reinforced concrete", "timber": "timber frame",
    "steel": "steel sandwich panels",
}  # fmt: skip
"""Constructions of assets/archetypes in words; any other is called by its id."""
_PANES = {Panes.SINGLE: "single", Panes.DOUBLE: "double", Panes.DOUBLE_COATED: "double, coated",
          Panes.TRIPLE_COATED: "triple, coated"}  # fmt: skip
CLIPPED = "u-value"
"""Code of the Problem that names buildings whose U-value was brought to what an element can have (sim/plausible.py)."""
SHOWN: dict[str, tuple[tuple[str, str, str, float], ...]] = {
    "building": (
        ("name", "Name", "", 1.0), ("use", "Use", "", 1.0), ("size_class", "Kind", "", 1.0),
        ("year", "Built", "", 1.0), ("storeys", "Storeys", "", 1.0), ("dwellings", "Dwellings", "", 1.0),
        ("height_m", "Height", "m", 1.0), ("footprint_m2", "Footprint", "m²", 1.0),
        ("floor_m2", "Heated floor", "m²", 1.0), ("heater", "Heater", "", 1.0), ("set_point_c", "Set point", "°C", 1.0),
        ("construction", "Built of", "", 1.0),
        ("wall_w_m2k", "U-value of walls", "W/m²K", 1.0), ("roof_w_m2k", "U-value of roofs", "W/m²K", 1.0),
        ("ground_w_m2k", "U-value of the ground floor", "W/m²K", 1.0),
        ("window_w_m2k", "U-value of windows", "W/m²K", 1.0), ("panes", "Panes", "", 1.0),
        ("appliances_j", "Appliances", "kWh/a", KWH),
        ("hot_water_j", "Hot water, heat", "kWh/a", KWH), ("vehicles", "Cars", "", 1.0),
        ("electric_share", "Electric cars", "%", 100.0), ("battery_j", "Home battery", "kWh", KWH),
    ),
    "line": (
        ("kind", "Kind", "", 1.0), ("length_m", "Length", "m", 1.0), ("rating_va", "Rating", "kVA", 1e-3),
        ("resistance_ohm", "Resistance", "Ω", 1.0), ("reactance_ohm", "Reactance", "Ω", 1.0),
    ),
    "site": (
        ("name", "Name", "", 1.0), ("kind", "Kept for", "", 1.0), ("area_m2", "Ground", "m²", 1.0),
        ("capacity_j", "Capacity", "kWh", KWH), ("power_w", "Rating", "kW", 1e-3),
        ("hub_m", "Hub height", "m", 1.0),
    ),
}  # fmt: skip
"""(column, label, display unit, display factor) of every axis that can be asked, in the order in which it is shown."""


def facts(
    district: District, inferred: Sequence[Inferred], row: int, axis: str, ledger: Ledger | None,
    base: District | None = None, sun: Potential | None = None, clipped: Collection[str] = (),
) -> tuple[tuple[Fact, ...], dict[str, NDArray[np.float64]]]:  # fmt: skip
    """What is known of `row` of `axis` in `district`, and its year: {account: [12] joules}, empty without a ledger.

    `base`: the district of the package; a value that differs from it is the scenario's. `sun`: what the sun gives it.
    `clipped`: ids of buildings of which a U-value was brought to what an element can have.

    Raises:
        Refused: there is no such axis or row.
    """
    table = _table(district, axis)
    if not 0 <= row < len(table):
        raise Refused(f"there is no {axis} {row}, only 0 to {len(table) - 1}")
    name = table.id[row]
    rules = {column: rule for a, i, column, rule in inferred if a == axis and i in (name, "*")}
    origin = None if base is None else _table(base, axis)
    found = [_fact(table, origin, row, axis, rules, *shown) for shown in SHOWN[axis]]
    if axis == "building":
        found = [_built(district, origin, row, fact, mended=name in clipped) for fact in found]
        found.append(_modules(district, base, row, inferred))
        found += _sun(sun, row) + _comfort(district, row, ledger)
    return tuple(found), months(ledger, row, axis)


def months(ledger: Ledger | None, row: int, axis: str) -> dict[str, NDArray[np.float64]]:
    """{account without its unit: [12] joules} of a building or site; nothing for lines, whose year is in no books."""
    if ledger is None or axis not in ("building", "site"):
        return {}
    if axis == "building":
        return {a.removesuffix("_w"): ledger.months[k, :, row] * ledger.step_s for k, a in enumerate(ACCOUNTS)}
    books = ledger.site_months_j
    return {a.removesuffix("_w"): books[k, :, row] for k, a in enumerate(SITE_ACCOUNTS)}


def _table(district: District, axis: str) -> Any:
    if axis not in SHOWN:
        raise Refused(f"nothing is known of the axis {axis!r}, only of {', '.join(SHOWN)}")
    return getattr(district, axis)


def _fact(
    table: Any, base: Any, row: int, axis: str, rules: dict[str, str], column: str, label: str, unit: str, factor: float
) -> Fact:
    value = getattr(table, column)[row]
    origin, rule = ("inferred", rules[column]) if column in rules else ("source", "")
    if base is not None and getattr(base, column)[row] != value:
        origin, rule = "scenario", ""
    if isinstance(value, str):
        return Fact(column, label, text=value, origin=origin, rule=rule)
    if column in _WORDS[axis]:
        word = _WORDS[axis][column](int(value)).name
        text = _CLASSES.get(word, word.lower().replace("_", " "))
        return Fact(column, label, text=text, origin=origin, rule=rule)
    return Fact(column, label, value=float(value), display_unit=unit, display_factor=factor, origin=origin, rule=rule)


def _built(district: District, base: Any, row: int, fact: Fact, *, mended: bool) -> Fact:
    """Construction and panes in words; a U-value that is not the package's own says so."""
    b = district.building
    if fact.name == "construction":
        name = district.construction.id[b.construction[row]]
        return structs.replace(fact, value=None, text=_BUILT.get(name, name.replace("_", " ")))
    if fact.name == "panes":
        changed = base is not None and base.window_g[row] != b.window_g[row]
        return structs.replace(fact, value=None, text=f"{_PANES[Panes(int(b.panes[row]))]}, g {b.window_g[row]:.2f}",
                               **({"origin": "scenario", "rule": ""} if changed else {}))  # fmt: skip
    element = fact.name.removesuffix("_w_m2k")
    if mended and element in _ELEMENTS and fact.value in (U_LIMITS_W_M2K[0], most_w_m2k(element)):
        rule = f"the nearest that a {_ELEMENTS[element]} can have: the package holds a value that none has"
        return structs.replace(fact, origin="inferred", rule=rule)
    return fact


_ELEMENTS = {"wall": "wall", "roof": "roof", "ground": "ground floor", "window": "window"}


def _sun(sun: Potential | None, row: int) -> list[Fact]:
    """Solar potential of a building, as the map's quantities name it; nothing of surfaces that it does not have."""
    if sun is None:
        return []
    shown = [(QUANTITIES[name], float(values[row])) for name, values in sun.shown().items()]
    return [Fact(q.name, q.label, value=value, display_unit=q.display_unit, display_factor=q.display_factor,
                 origin="modelled", rule=q.source) for q, value in shown if np.isfinite(value)]  # fmt: skip


def _comfort(district: District, row: int, ledger: Ledger | None) -> list[Fact]:
    """Hours of the year in which rooms are too warm or too cold, where they are heated and it happens."""
    if ledger is None or district.building.heat_limit_w[row] <= 0.0:
        return []
    hours = (("overheating_26_s", "Rooms above 26 °C"), ("overheating_28_s", "Rooms above 28 °C"),
             ("underheating_18_s", "Rooms below 18 °C"))  # fmt: skip
    found = [(name, label, float(steps) * ledger.step_s)
             for (name, label), steps in zip(hours, ledger.comfort[:, row], strict=True)]  # fmt: skip
    rule = "of the simulated year; night set-backs included"
    shown = {"display_unit": "h/a", "display_factor": 1.0 / 3600.0, "origin": "modelled", "rule": rule}
    return [Fact(name, label, value=value, **shown) for name, label, value in found if value]  # type: ignore[arg-type]


def _modules(district: District, base: District | None, row: int, inferred: Sequence[Inferred]) -> Fact:
    """Installed modules, which stand on the surfaces."""
    s = district.surface
    here = s.building == row
    peak_w = float(s.pv_peak_w[here].sum())
    origin, rule = "source", ""
    rules = [r for a, i, c, r in inferred if a == "surface" and i == "*" and c == "pv_peak_w"]
    if rules:
        origin, rule = "inferred", rules[0]
    if base is not None and float(base.surface.pv_peak_w[here].sum()) != peak_w:
        origin, rule = "scenario", ""
    return Fact("pv_peak_w", "Solar modules", value=peak_w, display_unit="kW", display_factor=1e-3, origin=origin,
                rule=rule)  # fmt: skip
