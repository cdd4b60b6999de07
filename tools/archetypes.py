"""Archetypes: what a building of this country, class, period and use loses, holds, gains and uses.

TABULA's steady-state definitions filled with the building's own geometry:

    H_tr = sum(b U A) + dU_tb sum(A)        A: roof, exterior wall, windows, doors, ground; party walls lose nothing
    H_ve = 0.34 Wh/m3K (n_use + n_inf) A_C,ref h_room
    A_C,ref = 0.85 gross floor area;  C_m = 45 Wh/m2K A_C,ref;  internal gains = 3 W/m2 A_C,ref
    A_m = 2.5 A_f (ISO 13790 table 12, medium);  A_tot = 4.5 A_f (ISO 13790 7.2.2.2)

TABULA's temperature reduction F_red (rooms and hours that are heated less) scales the whole heat loss, as if rooms
were theta_e + F_red (theta_i - theta_e) warm, theta_e the mean outside in the country's heating season. Here it is
applied to the set point, so every H stays physical and refurbishing acts on H alone.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sim.district import Code, Float, Heater, Int, SizeClass, Use
from sim.fabric import panes_of
from tools import fabric, setpoints, typology
from tools.attributes import Inferred as Inferred
from tools.attributes import Shapes as Shapes
from tools.attributes import complete
from tools.attributes import size_class as size_class
from tools.attributes import storeys_of as storeys_of
from tools.attributes import use_of as use_of

AIR_WH_M3K = 0.34
"""rho c of air, TABULA."""
INTERNAL_PER_GROSS = 0.85
"""A_C,ref per gross (external) conditioned floor area, TABULA."""
INNER_AREA = 4.5
"""Faces that meet the room per floor area, A_tot (ISO 13790 7.2.2.2)."""
OPEN_C, OPEN_AIR_H = 24.0, 2.0
"""People open windows where it gets warmer than this, and change the air so often per hour: EN 16798-1:2019 puts summer
comfort at 23 to 26 degC; one to three changes by tilted windows (ISO 13791, judgement)
(as remembered, not checked against the text)."""
COOL_C, COOLING_EER = 26.0, 3.0
"""Of cooling where a package has any: EN 16798-1:2019 category II (as remembered, not checked against the
text); a split unit in use (judgement)."""
HEATER_RESERVE = 1.3
"""Heater power over the design heat loss: reheating (EN 12831 adds 10 to 30 %)."""
DESIGN_BELOW_SEASON_K = 17.0
"""Design outside temperature below the heating season's mean: gives -10 degC (NL) and -13 degC (DE), EN 12831 NA."""
BOILER_EFFICIENCY = 0.9
"""Useful heat per gas (upper heating value) of a condensing boiler in use."""
FLOOR_HEATING_YEAR = 2000
"""From here on heat pump sinks are floor heating (When2Heat, Ruhnau et al. 2019: 30 degC at 0 degC outside, -0.5
per kelvin), before radiators (40 degC, -1)."""
KWH = 3.6e6
DRIVE_J_M = 0.19 * 3.6e6 / 1e3
"""Electricity from the plug per metre driven: 0.19 kWh/km, 0.17 on the road, a tenth lost in charging (judgement)."""
OF_TYPOLOGY = ("h_air_w_k", "h_leak_w_k", "set_point_c", "heat_limit_w", "wall_m2", "window_m2", "wall_w_m2k",
               "roof_w_m2k", "ground_w_m2k", "window_w_m2k", "window_g", "bridges_w_k", "inside_m2", "panes",
               "open_w_k")  # fmt: skip
OF_HEATER = ("heater", "boiler_efficiency", "sink_c", "sink_slope")
OF_USE = ("appliances_j", "hot_water_j", "gains_w")
OF_HABIT = ("schedule", "open_c", "cool_c", "cool_limit_w", "cooling_eer")
"""Columns of a building that one rule fills."""


@dataclass(frozen=True)
class Envelope:
    """[building] Columns of sim.district.Buildings of the same names, and what surfaces need.

    Of a surface of area A a wall has glass_m2 = A window_share glass_effective, opaque_m2 = A (1 - window_share).
    """

    use: Code
    size_class: Code
    year: Int
    storeys: Int
    dwellings: Float
    floor_m2: Float
    h_air_w_k: Float
    gains_w: Float
    set_point_c: Float
    heat_limit_w: Float
    heater: Code
    boiler_efficiency: Float
    sink_c: Float
    sink_slope: Float
    hot_water_j: Float
    appliances_j: Float
    wall_m2: Float
    roof_m2: Float
    ground_m2: Float
    window_m2: Float
    wall_w_m2k: Float
    roof_w_m2k: Float
    ground_w_m2k: Float
    window_w_m2k: Float
    window_g: Float
    h_leak_w_k: Float
    bridges_w_k: Float
    inside_m2: Float
    construction: Int
    panes: Code
    schedule: Int
    open_c: Float
    open_w_k: Float
    cool_c: Float
    cool_limit_w: Float
    cooling_eer: Float
    vehicles: Float
    drive_j: Float
    window_share: Float
    """Of the exterior wall's area, 0..1."""
    glass_effective: Float
    """(1 - frame) shading, 0..1: what is left of TABULA's factors where light comes at its true angle."""
    archetype: tuple[str, ...]
    """TABULA code of the example building behind the figures."""
    inferred: tuple[Inferred, ...]
    """(axis, id, column, rule) of every value that is not in the source."""


def envelope(country: str, shapes: Shapes, *, year: int | None = None, rows: Int | None = None) -> Envelope:
    """Archetype figures of buildings, TABULA's typology filled with their geometry.

    Args:
        country: ISO 3166 alpha-2; where TABULA lacks it, a named neighbour's typology serves, noted as inferred.
        shapes: geometry and attributes; 0 marks a year or number of storeys that the source lacks.
        year: construction year for buildings without one, before neighbours and national stock are asked.
        rows: [building] archetypes to use instead of those that country, class and period name.

    Raises:
        Refused: no typology serves the country.
    """
    shapes, inferred = complete(shapes, year=year)
    own = typology.typology_of(country)
    if rows is None:
        kinds = zip(shapes.size_class, _standing(shapes), strict=True)
        rows = np.array([typology.row(own, SizeClass(c), int(y)) for c, y in kinds], dtype=np.int32)
    loss = _losses(rows, shapes)
    uses = _uses(rows, shapes, country)
    heater = _heaters(country, shapes)
    floor_heating = shapes.year >= FLOOR_HEATING_YEAR
    t = typology.table()
    heated = shapes.use != Use.SHED
    inferred += _notes(country, own, shapes, rows, heated)
    design_c = t["mean_c"][rows] - DESIGN_BELOW_SEASON_K
    h_tr = loss["opaque"] + loss["glass"]
    floor = INTERNAL_PER_GROSS * shapes.floor_m2
    limit = np.where(heated, HEATER_RESERVE * (h_tr + loss["air"]) * (uses["indoor_c"] - design_c), 0.0)
    built: dict[str, Any] = {**_fabric(country, rows, shapes, loss), **_elements(rows, shapes)}
    set_point = setpoints.air_c(rows, built, h_tr, loss["air"], floor, uses["indoor_c"])
    return Envelope(
        use=shapes.use, size_class=shapes.size_class, year=shapes.year, storeys=shapes.storeys,
        dwellings=uses["dwellings"], floor_m2=floor, h_air_w_k=loss["air"],
        gains_w=uses["gains_w"], set_point_c=set_point, heat_limit_w=limit, heater=heater,
        boiler_efficiency=np.full(len(rows), BOILER_EFFICIENCY), sink_c=np.where(floor_heating, 30.0, 40.0),
        sink_slope=np.where(floor_heating, -0.5, -1.0),
        hot_water_j=uses["hot_water_j"], appliances_j=uses["appliances_j"],
        **built, h_leak_w_k=loss["leak"],
        **_cars(country, shapes, uses["dwellings"]),
        window_share=_window_share(rows)[0],
        glass_effective=(1 - t["frame"][rows]) * t["shade_vertical"][rows],
        archetype=tuple(t["code"][rows].tolist()), inferred=tuple(inferred),
    )  # fmt: skip


def _standing(shapes: Shapes) -> Int:
    """Year whose way of building the envelope stands for: of its renewal where that is known, else of construction."""
    return shapes.year if shapes.renovated is None else np.maximum(shapes.year, shapes.renovated)


def _window_share(rows: Int) -> tuple[Float, Float]:
    """Windows and doors per gross exterior wall of the example buildings (TABULA's wall area is opaque only)."""
    t = typology.table()
    gross = t["wall_m2"][rows] + t["window_m2"][rows] + t["door_m2"][rows]
    return t["window_m2"][rows] / gross, t["door_m2"][rows] / gross


def _losses(rows: Int, shapes: Shapes) -> dict[str, Float]:
    """Heat transfer coefficients, W/K: opaque parts with thermal bridges, windows and doors, air."""
    t = typology.table()
    window, door = _window_share(rows)
    wall, roof, ground = shapes.wall_m2, shapes.roof_m2, shapes.ground_m2
    u_wall, u_roof = t["wall_u"][rows] * t["wall_b"][rows], t["roof_u"][rows] * t["roof_b"][rows]
    u_ground = t["ground_u"][rows] * t["ground_b"][rows]
    opaque = u_wall * wall * (1 - window - door) + u_roof * roof + u_ground * ground
    joints = t["bridges_u"][rows] * (wall + roof + ground)
    doors = t["door_u"][rows] * door * wall
    opaque = opaque + joints
    glass = t["window_u"][rows] * window * wall + doors
    floor = INTERNAL_PER_GROSS * shapes.floor_m2
    table = _use_table()
    per_m2 = (t["air_use"][rows] + t["air_leak"][rows]) * t["room_height_m"][rows]
    for code, row in table.items():
        other = row["air_m3_h_m2"] + t["air_leak"][rows] * t["room_height_m"][rows]
        per_m2 = np.where(shapes.use == code, other, per_m2)
    leak = AIR_WH_M3K * t["air_leak"][rows] * t["room_height_m"][rows] * floor
    return {"opaque": opaque, "glass": glass, "air": AIR_WH_M3K * per_m2 * floor, "leak": leak,
            "bridges": joints + doors}  # fmt: skip


def _elements(rows: Int, shapes: Shapes) -> dict[str, Any]:
    """Areas and U-values of the elements that a retrofit touches, as in `_losses`."""
    t = typology.table()
    window, door = _window_share(rows)
    return {
        "wall_m2": shapes.wall_m2 * (1 - window - door),
        "roof_m2": shapes.roof_m2,
        "ground_m2": shapes.ground_m2,
        "window_m2": shapes.wall_m2 * window,
        "wall_w_m2k": t["wall_u"][rows] * t["wall_b"][rows],
        "roof_w_m2k": t["roof_u"][rows] * t["roof_b"][rows],
        "ground_w_m2k": t["ground_u"][rows] * t["ground_b"][rows],
        "window_w_m2k": t["window_u"][rows].copy(),
        "window_g": t["glass_g"][rows].copy(),
    }


def _fabric(country: str, rows: Int, shapes: Shapes, loss: dict[str, Float]) -> dict[str, Any]:
    """What walls are built of, panes, weeks, windows that are opened, and cooling, of which there is none."""
    t, n, floor = typology.table(), len(rows), INTERNAL_PER_GROSS * shapes.floor_m2
    outside = shapes.wall_m2 + shapes.roof_m2 + shapes.ground_m2
    return {
        "bridges_w_k": loss["bridges"], "inside_m2": np.maximum(INNER_AREA * floor - outside, floor),
        "construction": fabric.construction_of(country, use=shapes.use, size_class=shapes.size_class, year=shapes.year),
        "panes": panes_of(t["window_u"][rows]), "schedule": fabric.schedule_of(shapes.use),
        "open_c": np.full(n, OPEN_C), "open_w_k": AIR_WH_M3K * OPEN_AIR_H * t["room_height_m"][rows] * floor,
        "cool_c": np.full(n, COOL_C), "cool_limit_w": np.zeros(n), "cooling_eer": np.full(n, COOLING_EER),
    }  # fmt: skip


def _cars(country: str, shapes: Shapes, dwellings: Float) -> dict[str, Any]:
    """Cars that live at the building and what an electric one takes from plugs per day."""
    row = _car_table(country)
    per_home = np.where(shapes.size_class <= SizeClass.TH, row["per_house"], row["per_flat"])
    named = np.full(len(shapes.id), np.nan) if shapes.vehicles is None else shapes.vehicles
    drive_j = row["km_year"] * 1e3 / 365.0 * DRIVE_J_M
    return {
        "vehicles": np.where(np.isfinite(named), named, per_home * dwellings),
        "drive_j": np.full(len(shapes.id), drive_j),
    }


def _uses(rows: Int, shapes: Shapes, country: str) -> dict[str, Float]:
    """What people do inside: gains, W; yearly electricity and hot water heat, J; room temperature, degC."""
    t = typology.table()
    floor = INTERNAL_PER_GROSS * shapes.floor_m2
    per_dwelling = t["floor_m2"][rows] / t["dwellings"][rows]
    guess = np.where(shapes.size_class <= SizeClass.TH, 1.0, np.maximum(np.round(floor / per_dwelling), 1.0))
    dwellings = np.where(_known(shapes) > 0, _known(shapes), guess)
    dwellings = np.where(shapes.use == Use.HOME, dwellings, 0.0)
    home_j = np.array([_home_electricity_j(country, SizeClass(c)) for c in shapes.size_class])
    columns = {
        "dwellings": dwellings,
        "indoor_c": t["set_point_c"][rows].copy(),
        "gains_w": t["gains_w_m2"][rows] * floor,
        "hot_water_j": t["hot_water_kwh_m2"][rows] * KWH * floor,
        "appliances_j": home_j * dwellings,
    }
    for code, row in _use_table().items():
        own = shapes.use == code
        columns["indoor_c"][own] = row["set_point_c"]
        columns["gains_w"][own] = row["gains_w_m2"] * floor[own]
        columns["hot_water_j"][own] = row["hot_water_kwh_m2"] * KWH * floor[own]
        columns["appliances_j"][own] = row["electricity_kwh_m2"] * KWH * floor[own]
    shed = shapes.use == Use.SHED
    for name in ("gains_w", "hot_water_j", "appliances_j"):
        columns[name][shed] = 0.0
    return columns


def _heaters(country: str, shapes: Shapes) -> Code:
    """National stock: which heater by construction year; sheds have none."""
    rules = _heater_rules(country)
    chosen = np.searchsorted(np.array([first for first, _ in rules]), shapes.year, side="right") - 1
    heater = np.array([kind for _, kind in rules], dtype=np.int8)[chosen]
    return np.where(shapes.use == Use.SHED, np.int8(Heater.NONE), heater)


def _notes(country: str, own: str, shapes: Shapes, rows: Int, heated: np.ndarray) -> list[Inferred]:
    """Inferred rows of everything that archetypes and national stock filled in."""
    t = typology.table()
    stand_in = "" if own == country else f", a neighbour of {country}, which TABULA does not cover"
    homes = "" if country in {c for c, _ in _homes()} else f", {country} has none here"
    cars, standing = shapes.vehicles, _standing(shapes)
    fabric_rows = fabric.construction_of(country, use=shapes.use, size_class=shapes.size_class, year=shapes.year)
    notes: list[Inferred] = []

    def note(k: int, columns: Sequence[str], rule: str) -> None:
        notes.extend(("building", shapes.id[k], column, rule) for column in columns)

    for k in range(len(shapes.id)):
        renewed = "" if standing[k] == shapes.year[k] else f", as built in {standing[k]}, when it was renovated"
        typology_rule = f"TABULA {own} {t['size_class'][rows[k]]}{renewed}{stand_in}"
        built = fabric.constructions().id[fabric_rows[k]]
        note(k, ["construction"], f"{built}, by country, use, size class and year")
        note(k, OF_HABIT, f"use {Use(shapes.use[k]).name.lower()}")
        if cars is None or not np.isfinite(cars[k]):
            note(k, ["vehicles"], f"dwellings times cars per house or flat ({country})")
        if not heated[k]:
            note(k, [*OF_HEATER, *OF_USE, "heat_limit_w"], "unheated")
            note(k, [c for c in OF_TYPOLOGY if c != "heat_limit_w"], typology_rule)
            continue
        note(k, OF_TYPOLOGY, typology_rule)
        note(k, OF_HEATER, f"national stock by year ({country})")
        if shapes.use[k] == Use.HOME:
            note(k, ["hot_water_j", "gains_w"], typology_rule)
            note(k, ["appliances_j"], f"Dutch statistics per dwelling{homes}")
            if not _known(shapes)[k] > 0:
                note(k, ["dwellings"], "size class and floor area")
        else:
            note(k, OF_USE, f"use {Use(shapes.use[k]).name.lower()} per floor area")
    return notes


def _known(shapes: Shapes) -> Float:
    """Numbers of dwellings that the source says, 0 = unknown."""
    return np.zeros(len(shapes.id)) if shapes.dwellings is None else shapes.dwellings


@cache
def _use_table() -> dict[Use, dict[str, float]]:
    with (typology.ASSETS / "archetypes" / "uses.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {Use[r["use"].upper()]: {k: float(v) for k, v in r.items() if k not in ("use", "source")} for r in rows}


@cache
def _homes() -> dict[tuple[str, str], float]:
    with (typology.ASSETS / "archetypes" / "homes.csv").open(encoding="utf-8", newline="") as file:
        return {(r["country"], r["size_class"]): float(r["electricity_kwh"]) * KWH for r in csv.DictReader(file)}


def _home_electricity_j(country: str, size_class: SizeClass) -> float:
    homes = _homes()
    return homes.get((country, size_class.name), homes["NL", size_class.name])


@cache
def _car_table(country: str) -> dict[str, float]:
    with (typology.ASSETS / "archetypes" / "cars.csv").open(encoding="utf-8", newline="") as file:
        rows = {r["country"]: r for r in csv.DictReader(file)}
    own = rows.get(country, rows["*"])
    return {name: float(own[name]) for name in ("per_house", "per_flat", "km_year")}


@cache
def _heater_rules(country: str) -> list[tuple[int, Heater]]:
    with (typology.ASSETS / "archetypes" / "heaters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    own = [r for r in rows if r["country"] == country] or [r for r in rows if r["country"] == "*"]
    return sorted((int(r["year_first"]), Heater[r["heater"].upper()]) for r in own)
