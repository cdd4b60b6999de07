"""The light of the scene from the direction to the sun: a table by elevation, interpolated.

All colours are linear. The palette of materials never changes; only this light does. Below the horizon the key
light is first the after-glow, then a moon, so that forms stay readable at any hour. At a low sun the horizon is cooler
and the glow stronger than in the first drafts of the table: a warm horizon all round made every ground beige.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

# elevation deg | sun | ambient up | ambient down | zenith | horizon | glow (rgb each) | exposure lit emit night
_TABLE = np.array(
    [
        [-18, .085, .11, .17, .060, .078, .125, .034, .037, .046, .012, .022, .055, .042, .060, .112,
         .015, .02, .035, 1.20, .18, .40, 1.0],
        [-6, .10, .10, .15, .125, .155, .245, .080, .082, .10, .050, .095, .23, .18, .205, .28,
         .22, .115, .03, 1.20, .30, .40, .72],
        [-2, .20, .155, .155, .20, .23, .325, .135, .13, .135, .11, .20, .40, .31, .355, .40,
         .44, .22, .03, 1.15, .24, .33, .42],
        [4, .95, .47, .19, .245, .285, .40, .16, .145, .135, .20, .31, .53, .76, .67, .59,
         .90, .40, .10, 1.08, .12, .28, .15],
        [10, 1.60, 1.06, .60, .27, .315, .42, .19, .165, .145, .23, .38, .62, .80, .765, .72,
         .66, .36, .12, 1.00, .03, .25, .03],
        [25, 1.02, .84, .63, .31, .345, .41, .235, .215, .19, .22, .42, .70, .84, .85, .85,
         .26, .20, .13, 1.00, .0, .24, .0],
        [60, .93, .86, .74, .315, .345, .395, .235, .222, .20, .22, .43, .74, .82, .87, .90,
         .16, .14, .11, 1.00, .0, .24, .0],
    ]
)  # fmt: skip
_HAZE = np.array([[-4.0, 2600.0], [5.0, 2500.0], [12.0, 2700.0], [30.0, 3200.0]])
_LOWEST_SHADOW_DEG = 7.0


@dataclass(frozen=True)
class Light:
    """Everything the shaders know about the hour; colours are linear rgb."""

    sun: Float
    up: Float
    down: Float
    zenith: Float
    horizon: Float
    glow: Float
    exposure: float
    lit: float
    """Share of windows that are lit."""
    emit: float
    """Self-light of flux colours."""
    night: float
    """0 by day, 1 at night."""
    sun_enu: Float
    """[3] unit vector to the true sun."""
    key_enu: Float
    """[3] unit vector to the light that casts shadows."""
    glow_xy: Float
    """[2] horizontal unit vector to the sun."""
    haze_m: float
    """Distance at which the haze takes half."""


def light(sun_enu: Float) -> Light:
    """Light for a unit vector to the sun (east, north, up)."""
    x, y, z = (float(c) for c in sun_enu)
    elevation = float(np.degrees(np.arcsin(np.clip(z, -1, 1))))
    azimuth = float(np.arctan2(x, y))
    row = np.array([np.interp(elevation, _TABLE[:, 0], _TABLE[:, k]) for k in range(_TABLE.shape[1])])
    if elevation > -1:
        key = direction(azimuth, np.radians(max(elevation, _LOWEST_SHADOW_DEG)))
    elif elevation > -9:
        key = direction(azimuth, np.radians(26.0))
    else:
        key = direction(azimuth + np.radians(150.0), np.radians(42.0))
    return Light(
        sun=row[1:4],
        up=row[4:7],
        down=row[7:10],
        zenith=row[10:13],
        horizon=row[13:16],
        glow=row[16:19],
        exposure=float(row[19]),
        lit=float(row[20]),
        emit=float(row[21]),
        night=float(row[22]),
        sun_enu=np.array([x, y, z]),
        key_enu=key,
        glow_xy=np.array([np.sin(azimuth), np.cos(azimuth)]),
        haze_m=float(np.interp(elevation, _HAZE[:, 0], _HAZE[:, 1])),
    )


def direction(azimuth_rad: float, elevation_rad: float) -> Float:
    """Unit vector east-north-up; azimuth from north, clockwise."""
    c = np.cos(elevation_rad)
    return np.array([c * np.sin(azimuth_rad), c * np.cos(azimuth_rad), np.sin(elevation_rad)])


NOON = direction(2.88, 0.87)
"""Sun before a sim has said where it stands: azimuth 165, elevation 50 degrees."""
STUDIO = direction(3.80, 0.80)
"""Sun of a tileset that is seen alone, from the left of who looks at its front: azimuth 218, elevation 46 degrees."""
