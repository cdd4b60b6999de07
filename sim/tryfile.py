"""Test reference years of the German weather service (DWD TRY 2011 to 2017), as the rows say them.

Format: the file's own head, then a line `***`, then per hour RW HW MM DD HH t p WR WG N x RF B D A E IL. Irradiance is
the mean of the hour that ends at its stamp, direct light on the horizontal plane; local time is CET. The place is a
kilometre square of ETRS89 / LCC Europe (EPSG:3034): a Lambert cone with parallels 35 and 65 N, whose origin 52 N 10 E
lies at 4,000,000 m east and 2,800,000 m north.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from network.problems import Refused
from network.schema import Problem
from sim.epw import DEFAULT_YEAR, HOURS, Float, Rows
from sim.physics import sun

MARK = "***"
CET_S = 3600.0
_A_M, _E2 = 6_378_137.0, 0.00669438002290
"""GRS80: half axis and squared eccentricity."""
_LOW_SUN = 0.05
"""Cosine of the zenith under which light on the plane says nothing of the beam: it counts as diffuse."""
_MOST_W_M2 = 1100.0
"""Of a clear sky's beam; what the quotient gives beyond it counts as diffuse too."""
# name, column, least value, first value above that is none
_COLUMNS = (("air_c", 5, -70.0, 70.0), ("wind_m_s", 8, 0.0, 90.0), ("okta", 9, 0.0, 8.01), ("humid", 11, 0.0, 100.1),
            ("beam", 12, 0.0, 1500.0), ("dhi_w_m2", 13, 0.0, 1500.0), ("infrared_w_m2", 14, 50.0, 700.0))  # fmt: skip


def is_try(lines: Sequence[str]) -> bool:
    """Whether a file of these lines is a test reference year."""
    return any(line.startswith(MARK) for line in lines[:80])


def rows(path: Path, lines: Sequence[str]) -> Rows:
    """The rows of a test reference year.

    Raises:
        Refused: its head names no place, or it holds no whole year.
    """
    mark = next(k for k, line in enumerate(lines) if line.startswith(MARK))
    head = {line.partition(":")[0].strip(): line.partition(":")[2] for line in lines[:mark] if ":" in line}
    try:
        east_m, north_m, height_m = (float(head[w].split()[0]) for w in ("Rechtswert", "Hochwert", "Hoehenlage"))
        table = np.array([[float(x) for x in line.split()[:15]] for line in lines[mark + 1 :] if line.strip()])
    except (KeyError, ValueError, IndexError) as e:
        raise Refused(f"{path} is no whole TRY file ({e}); give another with --weather") from e
    if table.ndim != 2 or len(table) not in HOURS or table.shape[1] < 15:
        raise Refused(f"{path} has {len(table)} hourly rows, a year has 8760 or 8784; give a complete file")
    raw = {n: np.where((table[:, c] < least) | (table[:, c] >= most), np.nan, table[:, c])
           for n, c, least, most in _COLUMNS}  # fmt: skip
    latitude, longitude = place(east_m, north_m)
    year = DEFAULT_YEAR if len(table) == HOURS[0] else DEFAULT_YEAR - 1
    times = np.arange(len(table)) * 3600.0
    direction, share = sun.mean_direction(latitude, longitude, year, CET_S, times, step_s=3600.0)
    cos_z = np.where(share > 0.0, direction[:, 2], 0.0)
    dni = np.where(cos_z > _LOW_SUN, np.minimum(raw["beam"] / np.maximum(cos_z, _LOW_SUN), _MOST_W_M2), 0.0)
    columns = {
        "air_c": raw["air_c"], "ghi_w_m2": raw["beam"] + raw["dhi_w_m2"], "dni_w_m2": dni,
        "dhi_w_m2": raw["dhi_w_m2"] + raw["beam"] - dni * cos_z,
        "wind_m_s": raw["wind_m_s"], "infrared_w_m2": raw["infrared_w_m2"], "dew_c": dew_c(raw["air_c"], raw["humid"]),
        "opaque_tenths": 1.25 * raw["okta"], "cover_tenths": 1.25 * raw["okta"],
    }  # fmt: skip
    stamps = tuple(f"{int(m):02d}-{int(d):02d} hour {int(h)}" for m, d, h in table[:, 2:5])
    told = (Problem("weather-calendar", f"{path.name} is of no year: its days are those of {year}"),)
    return Rows(name=path.name.split(".")[0], country="DEU", latitude_rad=latitude, longitude_rad=longitude,
                height_m=height_m, utc_offset_s=CET_S, year=year, step_s=3600.0, columns=columns, stamps=stamps,
                problems=told)  # fmt: skip


def dew_c(air_c: Float, humidity: Float) -> Float:
    """Dew point [step, degC] of air [degC] and relative humidity [%]: Magnus, 17.62 and 243.12 K (WMO-No. 8, 2018)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        g = np.log(humidity / 100.0) + 17.62 * air_c / (243.12 + air_c)
        return np.asarray(243.12 * g / (17.62 - g))


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Latitude and longitude [rad] of a point of EPSG:3034 (J. P. Snyder, USGS Professional Paper 1395, p. 107)."""
    e = math.sqrt(_E2)

    def t(latitude: float) -> float:
        s = math.sin(latitude)
        return math.tan(math.pi / 4 - latitude / 2) / ((1 - e * s) / (1 + e * s)) ** (e / 2)

    def m(latitude: float) -> float:
        return math.cos(latitude) / math.sqrt(1 - _E2 * math.sin(latitude) ** 2)

    low, high, origin = (math.radians(x) for x in (35.0, 65.0, 52.0))
    n = math.log(m(low) / m(high)) / math.log(t(low) / t(high))
    f = m(low) / (n * t(low) ** n)
    x, y = east_m - 4e6, _A_M * f * t(origin) ** n - (north_m - 2.8e6)
    ratio = (math.hypot(x, y) / (_A_M * f)) ** (1 / n)
    latitude = math.pi / 2 - 2 * math.atan(ratio)
    for _ in range(8):
        s = math.sin(latitude)
        latitude = math.pi / 2 - 2 * math.atan(ratio * ((1 - e * s) / (1 + e * s)) ** (e / 2))
    return latitude, math.radians(10.0) + math.atan2(x, y) / n
