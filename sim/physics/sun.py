"""Where the sun stands: the Astronomical Almanac's low-precision formulas.

Good to 0.01 degrees from 1950 to 2050 (J. J. Michalsky, Solar Energy 40 (1988) 227; U.S. Naval Observatory,
Astronomical Almanac, section C). Geometric position: refraction is left out, it matters below 2 degrees only, where
the beam is weak.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
SOLAR_CONSTANT_W_M2 = 1366.1
"""Of Spencer's series; ASTM E-490."""


def _days(year: int, utc_offset_s: float, times_s: ArrayLike) -> Float:
    """Days (UT) since J2000.0 = 2000-01-01 12:00; [n]."""
    start = (datetime(year, 1, 1) - datetime(2000, 1, 1, 12)).total_seconds()
    return (start + np.asarray(times_s, dtype=float) - utc_offset_s) / 86400.0


def equatorial(year: int, utc_offset_s: float, times_s: ArrayLike) -> tuple[Float, Float, Float]:
    """Declination, right ascension and Greenwich sidereal angle of the sun [rad]; each [n].

    `times_s`: seconds since 1 January 00:00 local standard time of `year`.
    """
    n = _days(year, utc_offset_s, times_s)
    mean_longitude = np.radians(280.460 + 0.9856474 * n)
    anomaly = np.radians(357.528 + 0.9856003 * n)
    longitude = mean_longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    obliquity = np.radians(23.439 - 4.0e-7 * n)
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    # n counts from noon, so the sidereal angle at n = 0 is that of 12:00 UT
    sidereal = np.radians(15.0) * (18.697374558 + 24.06570982441908 * n)
    return declination, ascension, sidereal


def direction_enu(latitude: float, longitude: float, year: int, utc_offset: float, times_s: ArrayLike) -> Float:
    """Unit vectors to the sun, [n, 3] east north up.

    latitude, longitude [rad], east positive; `utc_offset` [s] of local standard time; `times_s` since 1 January 00:00.
    """
    declination, ascension, sidereal = equatorial(year, utc_offset, times_s)
    hour = sidereal + longitude - ascension
    east = -np.cos(declination) * np.sin(hour)
    north = np.sin(declination) * np.cos(latitude) - np.cos(declination) * np.sin(latitude) * np.cos(hour)
    up = np.sin(declination) * np.sin(latitude) + np.cos(declination) * np.cos(latitude) * np.cos(hour)
    return np.column_stack([east, north, up])


def mean_direction(
    latitude: float, longitude: float, year: int, utc_offset: float, times_s: ArrayLike, *, step_s: float
) -> tuple[Float, Float]:
    """Mean direction to the sun over the sun-up part of steps starting at `times_s`, and that part's share.

    [n, 3] unit vectors (east north up; the mid-step direction where the sun stays down) and [n] 0..1, from six samples
    a step. At sunrise this is where the beam really came from, not where the sun stood at half past.
    """
    start = np.asarray(times_s, dtype=float)
    middles = (np.arange(6) + 0.5) * (step_s / 6.0)
    samples = direction_enu(latitude, longitude, year, utc_offset, (start[:, None] + middles).ravel())
    samples = samples.reshape(-1, 6, 3)
    up = samples[:, :, 2] > 0.0
    share = up.mean(axis=1)
    weight = np.where(share[:, None] > 0.0, up, 1.0)
    total = (samples * weight[:, :, None]).sum(axis=1)
    return total / np.linalg.norm(total, axis=1, keepdims=True), share


def extraterrestrial_w_m2(day_of_year: ArrayLike) -> Float:
    """Normal irradiance outside the atmosphere [W/m2] (J. W. Spencer, Search 2 (1971) 172)."""
    b = 2.0 * np.pi * (np.asarray(day_of_year, dtype=float) - 1.0) / 365.0
    series = 1.00011 + 0.034221 * np.cos(b) + 0.00128 * np.sin(b) + 0.000719 * np.cos(2 * b) + 7.7e-05 * np.sin(2 * b)
    return SOLAR_CONSTANT_W_M2 * series
