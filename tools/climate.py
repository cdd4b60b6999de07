"""The demo's weather: a year in EPW made from monthly climate figures, pvlib's clear sky and seeded days.

    GHI(hour) = clear sky GHI x k(day, hour)^gamma(month)      gamma so that the month's sum is the published one
    DHI = GHI x Erbs fraction (hourly clearness);  DNI = (GHI - DHI) / cos z at the middle of the hour
    air(hour) = season + weather of the day + daily swing, larger on clear days; months keep the published mean

The clear-sky index k has a memory of days and of hours. Invented weather of a real climate: nobody measured this year.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.district import Float, Int

ASSET = Path(__file__).resolve().parent.parent / "assets" / "climate" / "delft.csv"
LATITUDE, LONGITUDE, HEIGHT_M = 52.0, 4.41, 0.0
ZONE_H = 1.0
YEAR = 2025
HOURS = 8760


class Sky(NamedTuple):
    """[hour] irradiance, W/m2, over the hour that ends at the row's stamp."""

    ghi: Float
    dni: Float
    dhi: Float
    clearness: Float
    """[day] clear-sky index."""


def write_epw(path: Path, *, seed: int) -> None:
    """Write the demo's weather year as EPW; the same seed gives the same bytes."""
    rng = np.random.Generator(np.random.PCG64(seed))
    figures = monthly()
    month = np.array([(datetime(YEAR, 1, 1) + timedelta(hours=k)).month - 1 for k in range(HOURS)])
    sky = _sky(rng, month, figures["ghi_kwh_m2"])
    air_c = _air(rng, month, figures["air_c"], figures["swing_k"], sky.clearness)
    wind = _wind(rng, month, figures["wind_m_s"])
    humidity = np.clip(86.0 - 1.5 * (air_c - np.repeat(air_c.reshape(365, 24).mean(axis=1), 24)) * 2.0
                       - 14.0 * (np.repeat(sky.clearness, 24) - 0.5), 30.0, 100.0)  # fmt: skip
    path.write_bytes(_epw(air_c, humidity, sky, wind).encode("ascii"))


def monthly() -> dict[str, Float]:
    """Twelve monthly figures by name: air_c, swing_k (mean daily maximum - minimum), ghi_kwh_m2, wind_m_s."""
    with ASSET.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(r[name]) for r in rows]) for name in rows[0] if name != "month"}


def _sky(rng: np.random.Generator, month: Int, ghi_kwh_m2: Float) -> Sky:
    import pandas as pd
    import pvlib

    stamps = pd.date_range(f"{YEAR}-01-01 00:05", periods=HOURS * 6, freq="10min", tz=f"Etc/GMT-{ZONE_H:.0f}")
    site = pvlib.location.Location(LATITUDE, LONGITUDE, tz=f"Etc/GMT-{ZONE_H:.0f}", altitude=HEIGHT_M)
    clear = site.get_clearsky(stamps, model="ineichen")["ghi"].to_numpy().reshape(HOURS, 6).mean(axis=1)
    middle = pd.date_range(f"{YEAR}-01-01 00:30", periods=HOURS, freq="h", tz=stamps.tz)
    zenith = site.get_solarposition(middle)["zenith"].to_numpy()
    days = _memory(rng, 365, 0.55)
    hours = _memory(rng, HOURS, 0.8)
    daily = 1.0 / (1.0 + np.exp(-3.2 * days))
    index = np.clip(np.repeat(daily, 24) * (1.0 + 0.25 * hours * np.repeat(1.0 - daily**2, 24)), 0.03, 1.0)
    ghi = np.zeros(HOURS)
    for m, wanted in enumerate(ghi_kwh_m2 * 1e3):
        own = month == m
        low, high = 0.02, 20.0
        for _ in range(60):
            gamma = np.sqrt(low * high)
            low, high = (gamma, high) if (clear[own] * index[own] ** gamma).sum() > wanted else (low, gamma)
        ghi[own] = clear[own] * index[own] ** gamma
    cosine = np.cos(np.radians(zenith))
    up = (cosine > 0.02) & (ghi > 0.5)
    fraction = pvlib.irradiance.erbs(ghi, zenith, middle.dayofyear.to_numpy())["dhi"]
    dhi = np.where(up, np.minimum(fraction, ghi), ghi)
    dni = np.where(up, (ghi - dhi) / np.where(up, cosine, 1.0), 0.0)
    too_bright = dni > 1000.0  # a sun near the horizon for part of the hour: its beam counts as diffuse
    dni = np.where(too_bright, 0.0, dni)
    return Sky(ghi=ghi, dni=dni, dhi=np.where(too_bright, ghi, dhi), clearness=daily)


def _memory(rng: np.random.Generator, count: int, keep: float) -> Float:
    """Standard normal numbers of which each keeps a share of the one before: x' = keep x + sqrt(1 - keep^2) e."""
    fresh = rng.standard_normal(count)
    out = np.empty(count)
    last = fresh[0]
    for k in range(count):
        last = keep * last + np.sqrt(1.0 - keep * keep) * fresh[k]
        out[k] = last
    return out


def _air(rng: np.random.Generator, month: Int, mean_c: Float, swing_k: Float, clearness: Float) -> Float:
    """[hour] air temperature at the stamps, degC."""
    season = _smooth(month, mean_c)
    spells = 2.8 * np.interp(np.arange(HOURS) / 24.0, np.arange(365) + 0.5, _memory(rng, 365, 0.75))
    hour = (np.arange(HOURS) + 1) % 24
    wave = np.cos((hour - 15.0) / 24.0 * 2 * np.pi) + 0.25 * np.cos((hour - 15.0) / 12.0 * 2 * np.pi)
    swing = _smooth(month, swing_k) * np.repeat(0.55 + 0.9 * clearness, 24) / 2.1
    return season + _centred(spells + wave * swing, month)


def _wind(rng: np.random.Generator, month: Int, mean_m_s: Float) -> Float:
    """[hour] wind speed, m/s: Rayleigh-like, with a memory of hours, the published monthly mean."""
    gusts = np.exp(0.45 * _memory(rng, HOURS, 0.93))
    for m in range(12):
        gusts[month == m] *= mean_m_s[m] / gusts[month == m].mean()
    return gusts


def _smooth(month: Int, figures: Float) -> Float:
    """[hour] course over the year through monthly means (middles of months adjusted until the means are met)."""
    middles = np.array([np.flatnonzero(month == m).mean() for m in range(12)])
    points = figures.copy()
    for _ in range(50):
        course = np.interp(np.arange(HOURS), middles, points, period=HOURS)
        points += figures - np.array([course[month == m].mean() for m in range(12)])
    return course


def _centred(values: Float, month: Int) -> Float:
    """Values less a smooth course through their monthly means, so that each month's mean is 0."""
    return values - _smooth(month, np.array([values[month == m].mean() for m in range(12)]))


def _epw(air_c: Float, humidity: Float, sky: Sky, wind: Float) -> str:
    """EPW text: eight header lines, 8760 rows; what the demo does not know carries the format's missing marks."""
    head = [
        f"LOCATION,Surplus demo,-,NLD,Synthetic KNMI 1991-2020,000000,{LATITUDE},{LONGITUDE},{ZONE_H},{HEIGHT_M}",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,Invented days with a real climate: monthly means of De Bilt 1991-2020 and a clear sky of pvlib",
        "COMMENTS 2,Not a measured year",
        f"DATA PERIODS,1,1,Data,{datetime(YEAR, 1, 1):%A}, 1/ 1,12/31",
    ]
    # Magnus formula (WMO): dew point from temperature and relative humidity
    magnus = np.log(humidity / 100.0) + 17.62 * air_c / (243.12 + air_c)
    dew_c = 243.12 * magnus / (17.62 - magnus)
    rows = []
    for k in range(HOURS):
        day = datetime(YEAR, 1, 1) + timedelta(hours=k)
        rows.append(
            f"{YEAR},{day.month},{day.day},{k % 24 + 1},60,?9?9?9?9E0?9?9?9?9?9?9?9?9?9?9?9?9?9?9?9*9*9?9?9?9,"
            f"{air_c[k]:.1f},{dew_c[k]:.1f},{humidity[k]:.0f},101300,9999,9999,9999,"
            f"{sky.ghi[k]:.0f},{sky.dni[k]:.0f},{sky.dhi[k]:.0f},999999,999999,999999,9999,"
            f"240,{wind[k]:.1f},99,99,9999,99999,9,999999999,999,0.999,999,99,999,999,99"
        )
    return "\r\n".join([*head, *rows]) + "\r\n"
