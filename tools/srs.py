"""Names of coordinate systems as files write them, to what PROJ understands; and the order of their axes.

Order: an OGC urn or address means the order of the system's authority (many national grids and all latitude-longitude
systems put north first), a bare "EPSG:25832" and everything in CityJSON and GeoJSON means easting first.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_CODE = re.compile(r"EPSG(?:\.xml#|[:/]+(?:[\d.]*[:/])?)(\d+)", re.IGNORECASE)
_ADV = {
    "ETRS89_UTM31": "25831", "ETRS89_UTM32": "25832", "ETRS89_UTM33": "25833", "DE_DHDN_3GK2": "31466",
    "DE_DHDN_3GK3": "31467", "DE_DHDN_3GK4": "31468", "DE_DHDN_3GK5": "31469",
}  # fmt: skip
"""Horizontal systems of the German survey's urn:adv:crs names (GeoInfoDok)."""
_ADV_HEIGHT = {"DE_DHHN92_NH": "5783", "DE_DHHN2016_NH": "7837", "DE_DHHN12_NOH": "7699"}
_NAMES = {"CH1903": "21781", "CH1903+": "2056", "LV03": "21781", "LV95": "2056", "CRS84": "4326", "CRS84H": "4979"}
"""Short names that files use instead of a code."""


def parse(text: str) -> str | None:
    """EPSG:CODE, or EPSG:CODE+CODE with a height system, from a name, urn or address; None where there is none.

    "urn:ogc:def:crs,crs:EPSG:6.12:25833,crs:EPSG:6.12:5783" is EPSG:25833+5783.
    """
    codes = _CODE.findall(text)
    if codes:
        return "EPSG:" + "+".join(codes[:2])
    last = re.split(r"[:/]", text.strip())[-1]
    plan, _, height = last.partition("*")
    if plan.upper() in _ADV:
        found = _ADV_HEIGHT.get(height.upper(), "")
        return f"EPSG:{_ADV[plan.upper()]}" + (f"+{found}" if found else "")
    return f"EPSG:{_NAMES[last.upper()]}" if last.upper() in _NAMES else None


def by_authority(text: str) -> bool:
    """Whether a system named so has its axes in the order of its authority."""
    lower = text.strip().lower()
    return lower.startswith(("urn:ogc:", "urn:x-ogc:", "http://www.opengis.net/def", "https://www.opengis.net/def"))


@lru_cache(maxsize=64)
def system(crs: str) -> Any:
    """pyproj's CRS; None where PROJ does not know it."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(crs)
    except CRSError:
        return None


def northing_first(crs: str) -> bool:
    """Whether the authority of `crs` puts the northing, or the latitude, first."""
    found = system(crs)
    if found is None:
        return False
    plan = found.sub_crs_list[0] if found.is_compound else found
    axes = plan.axis_info
    return bool(axes) and axes[0].direction.lower().startswith("north")


def is_projected(crs: str) -> bool:
    """Whether coordinates are metres on a map; else degrees."""
    found = system(crs)
    plan = found.sub_crs_list[0] if found is not None and found.is_compound else found
    return plan is not None and bool(plan.is_projected)


def area(crs: str) -> tuple[str, tuple[float, float, float, float] | None]:
    """Area of use: in words, and west, south, east, north in degrees (None where unknown).

    A compound without an area of its own has that of its map; where that spans several countries, but the heights'
    area is one, the heights' words.
    """
    found = system(crs)
    if found is None:
        return "", None
    parts = [found, *found.sub_crs_list]
    plan = next((p.area_of_use for p in parts if p.area_of_use and not p.is_vertical), None)
    if plan is None:
        return "", None
    words = plan.name
    height = next((p.area_of_use.name for p in parts if p.is_vertical and p.area_of_use), "")
    if found.area_of_use is None and height and (";" in words or "between" in words):
        words = height
    return words, plan.bounds


def utm(longitude_deg: float, latitude_deg: float) -> str:
    """The WGS 84 / UTM zone of a place."""
    zone = min(60, max(1, int((longitude_deg + 180) // 6) + 1))
    return f"EPSG:{(32600 if latitude_deg >= 0 else 32700) + zone}"
