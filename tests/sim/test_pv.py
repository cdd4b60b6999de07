"""Modules against pvlib's own chain and PVWatts' published yields."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
from factories import random_district, random_weather

from sim.district import District
from sim.physics import pv
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate
from sim.weather import Weather, read_epw


def _roofs(tilt, azimuth, *, peak_w: float = 5000.0) -> District:
    """One building with one open roof for each tilt and azimuth."""
    n = len(tilt)
    d = random_district(buildings=n, nodes=0, surfaces=3)
    keep = np.arange(0, 3 * n, 3)
    s = d.surface
    one = {name: getattr(s, name)[keep] for name in ("building", "kind", "area_m2", "x_m", "y_m", "z_m", "glass_m2",
                                                     "opaque_m2")}  # fmt: skip
    return replace(d, surface=type(s)(
        id=tuple(s.id[k] for k in keep), **one,
        tilt_rad=np.asarray(tilt, float), azimuth_rad=np.asarray(azimuth, float),
        usable_m2=np.full(n, 30.0), pv_peak_w=np.full(n, peak_w), sky_view=np.ones(n),
        horizon_rad=np.zeros((n, 36), np.float32) - 1.0,
    ))  # fmt: skip


def _year_w(district: District, weather: Weather) -> np.ndarray:
    case = prepare(district, solar(district, weather), weather, dtype=np.float64)
    return simulate(case, initial(case), Span(0, weather.steps), grid=False)[1].pv_w


def _pvlib_w(weather: Weather, tilt: float, azimuth: float, *, peak_w: float) -> np.ndarray:
    """pvlib's chain: Perez, physical incidence modifier, Faiman cell, PVWatts dc, losses and inverter."""
    direction, _ = weather.sun_enu()
    zenith = np.degrees(np.arccos(direction[:, 2]))
    sun_azimuth = np.degrees(np.arctan2(direction[:, 0], direction[:, 1])) % 360.0
    day = np.arange(weather.steps) // 24 + 1
    light = pvlib.irradiance.get_total_irradiance(
        np.degrees(tilt), np.degrees(azimuth), zenith, sun_azimuth, weather.dni_w_m2, weather.ghi_w_m2,
        weather.dhi_w_m2, dni_extra=pvlib.irradiance.get_extra_radiation(day),
        airmass=pvlib.atmosphere.get_relative_airmass(zenith), albedo=0.2, model="perez",
    )  # fmt: skip
    angle = pvlib.irradiance.aoi(np.degrees(tilt), np.degrees(azimuth), zenith, sun_azimuth)
    modifier = pvlib.iam.physical(angle, n=1.526, K=4.0, L=0.002)
    reaching = np.nan_to_num(light["poa_direct"] * modifier + light["poa_diffuse"])
    cell = pvlib.temperature.faiman(light["poa_global"], weather.air_c, weather.wind_m_s, u0=pv.U0_W_M2K,
                                    u1=pv.U1_WS_M3K)  # fmt: skip
    dc = pvlib.pvsystem.pvwatts_dc(reaching, np.nan_to_num(cell, nan=20.0), peak_w, pv.GAMMA_K) * (1.0 - pv.LOSSES)
    rated = peak_w / pv.DC_AC
    return pvlib.inverter.pvwatts(pd.Series(dc), rated / pv.INVERTER, eta_inv_nom=pv.INVERTER).to_numpy()


def test_ten_roofs_are_within_three_percent_of_pvlib_s_own_chain() -> None:
    rng = np.random.default_rng(11)
    tilt, azimuth = rng.uniform(0.0, 1.1, 10), rng.uniform(0.0, 2 * np.pi, 10)
    weather = random_weather(seed=4)
    ours = _year_w(_roofs(tilt, azimuth), weather)
    for k in range(10):
        theirs = _pvlib_w(weather, tilt[k], azimuth[k], peak_w=5000.0)
        assert ours[:, k].sum() == pytest.approx(theirs.sum(), rel=0.03)
        assert np.abs(ours[:, k] - theirs).max() < 0.05 * 5000.0


def test_yields_of_denver_are_near_pvwatts(shared: Path) -> None:
    """PVWatts v8 of NREL's SAM; its temperature and cover models differ, so a little is left.

    East and west are left wide: its 1,156 kWh/m2 on the east facade lies outside of what the six ASHRAE 140 programs
    find with this very file (1,017 to 1,068), its sun stands earlier.
    """
    weather = read_epw(shared / "data" / "weather" / "USA_CO_Denver.Intl.AP.725650_TMY3.epw.gz")
    with (shared / "reference" / "pvwatts_v8_sam_reference_yields.csv").open() as f:
        rows = list(csv.DictReader(f))
    tilt = np.radians([float(r["tilt_deg"]) for r in rows])
    azimuth = np.radians([float(r["azimuth_deg"]) for r in rows])
    district = _roofs(tilt, azimuth, peak_w=1000.0)
    for row, mine in zip(rows, _year_w(district, weather).sum(axis=0) / 1000.0, strict=True):
        near = 0.02 if row["azimuth_deg"] == "180" else 0.1
        assert mine == pytest.approx(float(row["ac_kwh_per_kwdc"]), rel=near), (row["tilt_deg"], row["azimuth_deg"])


def test_cover_loss_is_pvlib_s_physical_model() -> None:
    angles = np.linspace(0.0, 88.0, 50)
    theirs = pvlib.iam.physical(angles, n=1.526, K=4.0, L=0.002)
    assert np.allclose(1.0 - pv.incidence_loss(np.cos(np.radians(angles))), theirs, atol=2e-3)


def test_no_modules_no_power_and_twice_the_modules_twice_the_power() -> None:
    weather = random_weather()
    some = _year_w(_roofs([0.5], [3.0], peak_w=4000.0), weather)
    assert (_year_w(_roofs([0.5], [3.0], peak_w=0.0), weather) == 0.0).all()
    assert np.allclose(_year_w(_roofs([0.5], [3.0], peak_w=8000.0), weather), 2.0 * some)
    assert some.min() == 0.0
    assert some.max() <= 4000.0 / pv.DC_AC + 1e-9
