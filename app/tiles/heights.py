"""Heights of a foreign tileset: above the ellipsoid, as 3D Tiles wants them, or above the sea, as many publish them.

The two differ by the geoid's height, 45 m in much of Europe: a city that stands on the one in a district that stands on
the other hangs in the air or lies under ground. What was declared is converted; what was not is looked at, and told.
Source: OGC 22-025r4, 6.5 (heights are ellipsoidal); EGM2008 and national geoids as PROJ has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.problems import Refused

WORDS = ("ellipsoidal", "orthometric")
TOLERANCE_M = 12.0
"""A tileset whose ground is further from the district's than this stands on other heights."""
NO_GRID = (
    "the tileset's heights are above sea level, but this machine has no geoid grid to convert them, so it may stand "
    "tens of metres too low; give the geoid's height there in metres, as in --heights 47.3"
)


@dataclass(frozen=True)
class Lift:
    """What is added to a tileset's heights, and what is to be said about it."""

    up_m: float = 0.0
    warning: str = ""


def lift(declared: str, latitude_rad: float, longitude_rad: float) -> Lift:
    """By how much a tileset is raised whose heights are `ellipsoidal`, `orthometric`, or metres of the geoid there.

    Raises:
        Refused: the word is neither.
    """
    if declared in ("", "ellipsoidal"):
        return Lift()
    if declared != "orthometric":
        try:
            up = float(declared)
        except ValueError:
            up = float("nan")
        if not abs(up) <= 200.0:
            raise Refused(
                f"--heights {declared}: write ellipsoidal, orthometric, or the geoid's height there in metres (47.3).",
                code=2,
            )
        return Lift(up)
    geoid = geoid_m(latitude_rad, longitude_rad)
    return Lift(0.0, NO_GRID) if geoid is None else Lift(geoid)


def geoid_m(latitude_rad: float, longitude_rad: float) -> float | None:
    """Height of the geoid above the ellipsoid [m], by PROJ's best grid on this machine; None without one."""
    from pyproj import CRS, Transformer, network
    from pyproj.exceptions import ProjError

    network.set_network_enabled(False)  # nothing is fetched behind anybody's back
    for vertical in (3855, 5773):  # EGM2008, EGM96
        try:
            change = Transformer.from_crs(
                CRS.from_user_input(f"EPSG:4326+{vertical}"), CRS.from_epsg(4979), always_xy=True, only_best=True
            )
            height = change.transform(np.degrees(longitude_rad), np.degrees(latitude_rad), 0.0, errcheck=True)[2]
        except ProjError:
            continue
        if np.isfinite(height) and abs(height) > 1e-6:
            return float(height)
    return None


def doubt(low_m: float, ground_m: float, declared: str = "") -> str:
    """What to say where the tileset's lowest point and the district's ground do not agree; empty where they do.

    `low_m`, `ground_m`: local heights; `declared`: what was said of the tileset's.
    """
    off = low_m - ground_m
    if not np.isfinite(off) or abs(off) <= TOLERANCE_M:
        return ""
    way = "above" if off > 0 else "below"
    if declared:
        return (
            f"with --heights {declared} the tileset begins {abs(off):.0f} m {way} the district's ground; leave it out, "
            f"or give {_number(declared) - off:.1f}"
        )
    return (
        f"the tileset begins {abs(off):.0f} m {way} the district's ground; if its heights are above sea level, say "
        f"--heights orthometric, or the geoid's height in metres"
    )


def _number(declared: str) -> float:
    """Metres of a declaration; 0 for a word."""
    try:
        return float(declared)
    except ValueError:
        return 0.0
