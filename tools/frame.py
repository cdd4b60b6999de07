"""From a file's coordinates to the world: east-north-up metres around the district's origin.

CRS -> WGS 84 -> earth-centred -> east, north; z stays the source's height. Doubles throughout. Heights become
ellipsoidal only in the tiles' root transform, and only where PROJ has the geoid grid at hand; nothing is fetched.
Source of the ellipsoid's figures: WGS 84 (NIMA TR8350.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from tools import srs

Float = NDArray[np.float64]
A_M = 6378137.0
"""Semi-major axis of WGS 84."""
E2 = 6.69437999014e-3
"""First eccentricity squared of WGS 84."""


@dataclass(frozen=True)
class Frame:
    """Where the world stands on the earth."""

    crs: str
    """EPSG:CODE of the source, vertical datum included where it names one."""
    vertical_datum: str
    """Name of the vertical datum, empty where the source names none."""
    latitude_rad: float
    longitude_rad: float
    geoid_m: float | None
    """Ellipsoidal height of source height 0 at the origin; None where unknown."""
    origin_m: tuple[float, float, float]
    """In the source's coordinates."""
    area: str
    """Area of use of the CRS, in words."""

    @property
    def height_m(self) -> float:
        """Ellipsoidal height of the local origin; 0 where it is unknown."""
        return self.geoid_m or 0.0


def code(text: str) -> str:
    """EPSG:CODE from what people type: "28992", "EPSG:28992", "EPSG:25832+7837", an OGC urn or address.

    Raises:
        Refused: no code can be read from it.
    """
    named = srs.parse(text)
    if named:
        return named
    found = re.search(r"(\d+)\s*/?$", text)
    if not found:
        raise Refused(f"--crs {text} is no EPSG code; for example --crs EPSG:28992", code=2)
    return f"EPSG:{found.group(1)}"


def known(crs: str) -> bool:
    """Whether PROJ knows `crs`."""
    return srs.system(crs) is not None


def geographic(crs: str, point: Float) -> tuple[float, float]:
    """Longitude and latitude in degrees of one point, easting first; not finite where it does not exist."""
    longitude, latitude = _geodetic(_system(crs), np.asarray(point, float)[None, :2])
    return float(longitude[0]), float(latitude[0])


def frame(crs: str, xyz: Float) -> Frame:
    """Frame around the middle of `xyz` [vertex, 3] in `crs`.

    Raises:
        Refused: PROJ does not know the CRS, or the coordinates lie outside what it can place.
    """
    system = _system(crs)
    middle = (xyz[:, :2].min(axis=0) + xyz[:, :2].max(axis=0)) / 2
    middle = np.round(middle, 0 if _horizontal(system).is_projected else 5)
    longitude, latitude = _geodetic(system, middle[None, :])
    if not np.isfinite([longitude[0], latitude[0]]).all():
        raise Refused(f"the coordinates around {middle.tolist()} do not exist in {crs}; name the right one with --crs")
    datum = next((s.datum.name for s in system.sub_crs_list if s.is_vertical and s.datum), "")
    return Frame(
        crs=crs, vertical_datum=datum, latitude_rad=float(np.radians(latitude[0])),
        longitude_rad=float(np.radians(longitude[0])), geoid_m=_geoid(system, middle),
        origin_m=(float(middle[0]), float(middle[1]), 0.0), area=srs.area(crs)[0],
    )  # fmt: skip


def to_world(crs: str, xyz: Float, place: Frame) -> Float:
    """[vertex, 3] east, north in metres of `place`'s tangent plane, and the source's height in metres."""
    system = _system(crs)
    longitude, latitude = _geodetic(system, xyz)
    vertical = next((s for s in system.sub_crs_list if s.is_vertical), None)
    z = xyz[:, 2] * (vertical.axis_info[0].unit_conversion_factor if vertical else 1.0)
    ecef = geodetic_to_ecef(np.radians(latitude), np.radians(longitude), z + place.height_m)
    rotation, origin = tangent(place)
    world = (ecef - origin) @ rotation
    if not np.isfinite(world).all():
        raise Refused(f"some coordinates do not exist in {crs}; name the right one with --crs EPSG:CODE")
    world[:, 2] = z
    return world


def geodetic_to_ecef(latitude_rad: Float, longitude_rad: Float, height_m: Float) -> Float:
    """[n, 3] earth-centred metres of points above the ellipsoid."""
    n = A_M / np.sqrt(1 - E2 * np.sin(latitude_rad) ** 2)
    across = (n + height_m) * np.cos(latitude_rad)
    return np.column_stack([
        across * np.cos(longitude_rad), across * np.sin(longitude_rad), (n * (1 - E2) + height_m) * np.sin(latitude_rad)
    ])  # fmt: skip


def tangent(place: Frame) -> tuple[Float, Float]:
    """Columns east, north, up in earth-centred axes [3, 3], and the origin [3]."""
    sf, cf = np.sin(place.latitude_rad), np.cos(place.latitude_rad)
    sl, cl = np.sin(place.longitude_rad), np.cos(place.longitude_rad)
    axes = np.array([[-sl, -sf * cl, cf * cl], [cl, -sf * sl, cf * sl], [0.0, cf, sf]])
    origin = geodetic_to_ecef(
        np.array([place.latitude_rad]), np.array([place.longitude_rad]), np.array([place.height_m])
    )
    return axes, origin[0]


def ecef_from_world(place: Frame) -> Float:
    """[4, 4] matrix for the tiles' root, column vectors."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = tangent(place)
    return matrix


def _system(crs: str) -> Any:
    system = srs.system(crs)
    if system is None:
        raise Refused(f"{crs} is not a coordinate system that PROJ knows; name another with --crs EPSG:CODE")
    if not (_horizontal(system).is_projected or _horizontal(system).is_geographic):
        raise Refused(f"{crs} is not a map of the earth ({system.type_name}); name the right one with --crs EPSG:CODE")
    return system


def _horizontal(system: Any) -> Any:
    return system.sub_crs_list[0] if system.is_compound else system


def _geodetic(system: Any, xyz: Float) -> tuple[Float, Float]:
    """Longitude and latitude in degrees; an unplaceable point is not finite."""
    from pyproj import CRS, Transformer

    transformer = Transformer.from_crs(_horizontal(system).to_2d(), CRS.from_epsg(4326), always_xy=True)
    longitude, latitude = transformer.transform(xyz[:, 0], xyz[:, 1])
    return np.asarray(longitude), np.asarray(latitude)


def _geoid(system: Any, middle: Float) -> float | None:
    """Ellipsoidal height of height 0: known for 3D ellipsoidal systems, else only with PROJ's grid on this machine."""
    from pyproj import CRS, Transformer

    if not system.is_compound:
        return 0.0 if len(system.axis_info) == 3 else None
    height = Transformer.from_crs(system, CRS.from_epsg(4979), always_xy=True).transform(
        float(middle[0]), float(middle[1]), 0.0
    )[2]
    return float(height) if np.isfinite(height) and abs(height) > 1e-6 else None
