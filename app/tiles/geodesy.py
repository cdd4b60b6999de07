"""WGS 84: where the local east-north-up frame stands on the ellipsoid. Doubles throughout.

Float32 earth-centred metres are wrong by 0.27 m, local ones by 0.1 mm: transforms are composed here in float64 and
only the last matrix, world from tile, becomes single precision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Angle = float | NDArray[np.float64]
"""Or height."""

A_M = 6378137.0
"""Semi-major axis of WGS 84."""
E2 = 6.69437999014e-3
"""First eccentricity squared of WGS 84."""


def ecef_from_geodetic(latitude_rad: Angle, longitude_rad: Angle, height_m: Angle) -> NDArray[np.float64]:
    """Earth-centred x, y, z in metres of points above the ellipsoid: [3], or [3, ...] of arrays [...]."""
    sine = np.sin(latitude_rad)
    n = A_M / np.sqrt(1 - E2 * sine**2)
    aside = (n + height_m) * np.cos(latitude_rad)
    x, y, z = aside * np.cos(longitude_rad), aside * np.sin(longitude_rad), (n * (1 - E2) + height_m) * sine
    return np.stack(np.broadcast_arrays(x, y, z))


def ecef_from_enu(latitude_rad: float, longitude_rad: float, height_m: float) -> Matrix:
    """[4, 4] matrix, earth-centred from local east-north-up, column vectors."""
    sf, cf = np.sin(latitude_rad), np.cos(latitude_rad)
    sl, cl = np.sin(longitude_rad), np.cos(longitude_rad)
    m = np.eye(4)
    m[:3, 0] = (-sl, cl, 0)
    m[:3, 1] = (-sf * cl, -sf * sl, cf)
    m[:3, 2] = (cf * cl, cf * sl, sf)
    m[:3, 3] = ecef_from_geodetic(latitude_rad, longitude_rad, height_m)
    return m


def geodetic_from_ecef(point: NDArray[np.float64]) -> tuple[float, float, float]:
    """Latitude, longitude in rad and height in m (Bowring's start, three fixed-point steps; under 1 mm)."""
    x, y, z = (float(c) for c in point)
    p = float(np.hypot(x, y))
    latitude = float(np.arctan2(z, p * (1 - E2)))
    height = 0.0
    for _ in range(4):
        n = A_M / np.sqrt(1 - E2 * np.sin(latitude) ** 2)
        height = float(p * np.cos(latitude) + z * np.sin(latitude) - A_M**2 / n)
        latitude = float(np.arctan2(z, p * (1 - E2 * n / (n + height))))
    return latitude, float(np.arctan2(y, x)), height
