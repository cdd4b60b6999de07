"""Each archetype's reference building, hour by hour, against TABULA's own seasonal balance.

    Q_nd = Q_ht - eta (Q_sol + Q_int),  Q_ht = 0.024 (H_tr + H_ve) F_red (theta_i - theta_e) d

with the heating days d, their mean temperature theta_e and their sums of sun, all of the weather that the hourly
model runs under. Source: TABULA Calculation Method (IWU 2013); eta: ISO 13790, a = 0.8 + tau / 30 h.

The set points make settled rooms lose TABULA's heat (tools/setpoints.py). What else the hourly model knows stays on
top, so it must not be expected to vanish: measured in the Po valley, ground that is warmer than winter air takes 3 %
off the need, real mass instead of TABULA's 45 Wh/m2K another 3 %, and sun on walls and roofs, less the loss to the sky,
4 %. There the median is 10 % below TABULA, in Zurich 4 %, under the demo's weather 1 % above.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest
from factories import random_district

from sim.district import Buildings, District, SizeClass, SurfaceKind, Surfaces, Use
from sim.prepare import prepare
from sim.solar import UNIT_W_M2, solar
from sim.span import Span, initial, simulate
from sim.weather import Weather, read_epw
from tools import archetypes, climate, typology

SIDES = ("horizontal", "north", "east", "south", "west")
TILT = np.radians([0.0, 90.0, 90.0, 90.0, 90.0])
AZIMUTH = np.radians([0.0, 0.0, 90.0, 180.0, 270.0])
KWH = 3.6e6


@dataclass(frozen=True)
class Season:
    """What TABULA asks of a weather: days below the base temperature, their mean, their sun on five planes."""

    days: int
    mean_c: float
    sun_kwh_m2: dict[str, float]


def reference_buildings(rows: np.ndarray) -> archetypes.Envelope:
    """Every row's own example building through the importer's archetype rules."""
    t = typology.table()
    n = len(rows)
    zero = np.zeros(n)
    shapes = archetypes.Shapes(
        id=tuple(t["code"][rows].tolist()), use=np.full(n, Use.HOME, np.int8),
        size_class=np.array([SizeClass[s] for s in t["size_class"][rows]], np.int8),
        year=np.maximum(t["year_first"][rows], 1900).astype(np.int32), storeys=t["storeys"][rows].astype(np.int32),
        height_m=zero, footprint_m2=t["ground_m2"][rows], floor_m2=t["floor_m2"][rows] / archetypes.INTERNAL_PER_GROSS,
        volume_m3=zero, roof_m2=t["roof_m2"][rows],
        wall_m2=t["wall_m2"][rows] + t["window_m2"][rows] + t["door_m2"][rows], ground_m2=t["ground_m2"][rows],
        party_m2=zero, dwellings=t["dwellings"][rows],
    )  # fmt: skip
    return archetypes.envelope("NL", shapes, rows=rows)


def reference_district(rows: np.ndarray, made: archetypes.Envelope) -> District:
    """One building per row with its windows on five planes, and five probes of 1 m2 that measure the sun."""
    t = typology.table()
    n, probes = len(rows), len(SIDES)
    base = random_district(buildings=n + probes, nodes=0, surfaces=1, modules=False, profiles=2)
    columns = {f.name: getattr(base.building, f.name) for f in fields(Buildings)}
    for name in columns:
        column = getattr(made, name, None)
        if isinstance(column, np.ndarray):
            columns[name] = np.concatenate([column, np.resize(column[:1], probes)])
    columns["heat_limit_w"] = columns["heat_limit_w"] * 10.0  # TABULA's balance knows no limit
    glass = np.zeros((n + probes, probes))
    opaque = np.zeros((n + probes, probes))
    for k, side in enumerate(SIDES):
        shade = t["shade_horizontal" if k == 0 else "shade_vertical"][rows]
        glass[:n, k] = t[f"window_{side}_m2"][rows] * (1.0 - t["frame"][rows]) * shade
        opaque[:n, k] = t["roof_m2"][rows] if k == 0 else t["wall_m2"][rows] / 4.0
        opaque[n + k, k] = 1.0
    count = (n + probes) * probes
    owner = np.repeat(np.arange(n + probes, dtype=np.int32), probes)
    surface = Surfaces(
        id=tuple(f"s{k}" for k in range(count)), building=owner,
        kind=np.tile([SurfaceKind.ROOF, *[SurfaceKind.WALL] * 4], n + probes).astype(np.int8),
        tilt_rad=np.tile(TILT, n + probes), azimuth_rad=np.tile(AZIMUTH, n + probes), area_m2=np.ones(count),
        x_m=np.zeros(count), y_m=np.zeros(count), z_m=np.zeros(count), glass_m2=glass.ravel(),
        opaque_m2=opaque.ravel(), usable_m2=np.zeros(count), pv_peak_w=np.zeros(count),
        horizon_rad=np.zeros((count, 36), dtype=np.float32), crown_rad=np.zeros((count, 36), dtype=np.float32),
        sky_view=np.ones(count), crown_view=np.zeros(count),
    )  # fmt: skip
    return replace(base, building=Buildings(**columns), surface=surface)


def season_of(weather: Weather, sun_w_m2: np.ndarray, *, base_c: float) -> Season:
    """`sun_w_m2` [step, side]."""
    cold = weather.air_c.reshape(-1, 24).mean(axis=1) < base_c
    hours = np.repeat(cold, 24)
    sums = sun_w_m2[hours].sum(axis=0) / 1e3
    return Season(int(cold.sum()), float(weather.air_c[hours].mean()), dict(zip(SIDES, sums, strict=True)))


def seasonal_need_kwh(rows: np.ndarray, season: Season) -> np.ndarray:
    """TABULA's balance of the rows, from their inputs alone."""
    t = {name: column[rows] for name, column in typology.table().items()}
    parts = sum(t[f"{p}_b"] * t[f"{p}_u"] * t[f"{p}_m2"] for p in ("roof", "wall", "ground"))
    parts = parts + sum(t[f"{p}_u"] * t[f"{p}_m2"] for p in ("window", "door"))
    shell = sum(t[f"{p}_m2"] for p in ("roof", "wall", "ground", "window", "door"))
    h_tr = (parts + t["bridges_u"] * shell) / t["floor_m2"]
    h_ve = 0.34 * (t["air_use"] + t["air_leak"]) * t["room_height_m"]
    f_red = np.interp(h_tr, [1.0, 4.0], [0.0, 1.0]) * (t["reduction_4"] - t["reduction_1"]) + t["reduction_1"]
    f_red = np.where(h_tr < 1.0, np.minimum(1.0, f_red + (1.0 - h_tr) / 0.5 * (1.0 - t["reduction_1"])), f_red)
    q_ht = 0.024 * (h_tr + h_ve) * f_red * (t["set_point_c"] - season.mean_c) * season.days
    sun = sum(
        t[f"window_{side}_m2"] * season.sun_kwh_m2[side] * t[f"shade_{'horizontal' if k == 0 else 'vertical'}"]
        for k, side in enumerate(SIDES)
    )
    q_sol = sun * t["glass_g"] * (1.0 - t["frame"]) * t["skew"] / t["floor_m2"]
    q_int = 0.024 * t["gains_w_m2"] * season.days
    gamma = (q_sol + q_int) / q_ht
    a = 0.8 + t["capacity_wh_m2k"] / (h_tr + h_ve) / 30.0
    eta = np.where(np.isclose(gamma, 1.0), a / (a + 1.0), (1.0 - gamma**a) / (1.0 - gamma ** (a + 1.0)))
    return (q_ht - eta * (q_sol + q_int)) * t["floor_m2"]


def hourly_need_kwh(district: District, weather: Weather) -> tuple[np.ndarray, np.ndarray]:
    """Yearly heat of the rooms per building, and [step, building] light on its walls or roof, W/m2."""
    light = solar(district, weather)
    case = prepare(district, light, weather)
    state, _ = simulate(case, initial(case), Span(-14 * 24, 14 * 24), grid=False)
    heat = np.zeros(case.buildings)
    for first in range(0, case.steps, 30 * 24):
        state, flux = simulate(case, state, Span(first, min(30 * 24, case.steps - first)), grid=False)
        heat += flux.heating_w.sum(axis=0, dtype=float) * case.step_s / KWH
    both = light.wall[light.row].astype(float) + light.roof[light.row]  # a probe has the one or the other
    return heat, np.where(light.row[:, None] >= 0, both, 0.0) * UNIT_W_M2


def beyond_films(rows: np.ndarray) -> np.ndarray:
    """Rows with walls of U > 5 W/m2K: ISO 6946's films alone resist nearly as much, and the site's more."""
    t = typology.table()
    return np.asarray(t["wall_u"][rows] * t["wall_b"][rows] > 5.0)


def assert_balance_held(weather: Weather, *, median: float) -> None:
    rows = np.arange(len(typology.table()["code"]))
    district = reference_district(rows, reference_buildings(rows))
    heat, sun = hourly_need_kwh(district, weather)
    season = season_of(weather, sun[:, len(rows) :], base_c=12.0)
    ratio = heat[: len(rows)] / seasonal_need_kwh(rows, season)
    impossible = beyond_films(rows)
    assert impossible.sum() == 4  # one of them is far off: NL.N.TH.01.End1945, walls of 5.3 and a roof of 4.5
    off = np.flatnonzero((np.abs(ratio - 1.0) > 0.30) & ~impossible)
    said = [f"{typology.table()['code'][k]} {ratio[k]:.2f}" for k in off]
    assert not said, f"{len(said)} of {len(rows)}: {said[:20]}"
    assert np.median(ratio) == pytest.approx(median, abs=0.03)


@pytest.mark.parametrize(
    ("place", "median"), [("CHE_Zuerich-SMA_2015_AMY", 0.96), ("ITA_PVGIS_45N_8E_TMY_2005-2023", 0.90)]
)
def test_reference_buildings_keep_tabulas_seasonal_balance(shared: Path, place: str, median: float) -> None:
    assert_balance_held(read_epw(shared / "data" / "weather" / f"{place}.epw.gz"), median=median)


def test_reference_buildings_keep_it_under_the_demos_weather(tmp_path: Path) -> None:
    climate.write_epw(tmp_path / "demo.epw", seed=11)
    assert_balance_held(read_epw(tmp_path / "demo.epw"), median=1.0)
