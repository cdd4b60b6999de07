"""Files to one world: coordinate system, order of axes, what lies where no district can be.

A file's own coordinate system counts, else --crs; where the file's coordinates lie outside its system's area of use but
inside with the axes exchanged, they are exchanged and the report says so; where neither fits, --crs may stand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from tools import frame, geometry, report, srs
from tools.city import City, Soil

Float = NDArray[np.float64]
FAR_M = 30_000.0
"""Farther from the middle of a file's buildings no building belongs to the district."""
FAR_DEG = 0.4
"""The same in degrees."""
LOWEST_M, HIGHEST_M = 0.1, 1000.0
"""Bounds of a building's height: the tallest building is 828 m high."""
DEEPEST_M, SUMMIT_M = -500.0, 6000.0
"""Bounds of a place's height above the sea: the Dead Sea's shore, the highest town is at 5,100 m."""
MARGIN_DEG = 0.5
"""Tolerated around a system's area of use."""


@dataclass(frozen=True)
class Placed:
    """All files in the world."""

    place: frame.Frame
    cities: tuple[City, ...]
    """With faces in the world; what cannot be placed is left out."""
    soils: tuple[Soil, ...]
    """[city] ground in the world."""
    problems: list[Problem]


def place(cities: Sequence[City], paths: Sequence[Path], *, option: str | None) -> Placed:
    """Bring all files into one world around the first that has buildings.

    Raises:
        Refused: no coordinate system, or coordinates that lie outside of it.
    """
    problems: list[Problem] = []
    settled: list[tuple[str, City]] = []
    for city, path in zip(cities, paths, strict=True):
        if not len(city.faces.xyz) and not len(city.soil.faces.xyz):
            continue
        crs, turned = _system(city, path, option, problems)
        settled.append((crs, _sift(turned, crs, problems)))
    first = next(((s, c) for s, c in settled if len(c.faces.xyz)), None)
    if first is None:
        raise Refused(f"{paths[0]} has no building with a volume; give a file with buildings of LoD 1 or better")
    origin = frame.frame(first[0], first[1].faces.xyz)
    worlds = tuple(
        replace(city, faces=replace(city.faces, xyz=frame.to_world(crs, city.faces.xyz, origin)))
        for crs, city in settled
    )
    soils = tuple(_soil(city.soil, crs, origin) for crs, city in settled)
    return Placed(place=origin, cities=worlds, soils=soils, problems=problems + _height_problem(origin))


def _system(city: City, path: Path, option: str | None, problems: list[Problem]) -> tuple[str, City]:
    """The system that the coordinates fit, and the city with easting first."""
    own = city.crs if city.crs is not None and frame.known(city.crs) else None
    if own is None and option is None:
        if city.crs_text:
            found = f"names the coordinate system {city.crs_text!r}, which is no EPSG code that PROJ knows"
        else:
            found = "names no coordinate system"
        raise Refused(f"{path} {found}; name it with --crs, for example --crs EPSG:28992")
    reason = ""
    for crs in dict.fromkeys(c for c in (own, option) if c):
        middle = _middle(city)
        declared = crs == own and city.axes_by_authority and srs.northing_first(crs)
        orders = [o for o in (declared, not declared) if _inside(crs, middle[::-1] if o else middle)]
        if not orders:
            reason = reason or _outside(path, crs, middle)
            continue
        if len(orders) == 2 and declared and srs.is_projected(crs) and _inside_out(_exchanged(city)):
            orders.reverse()  # north first by its name, but only east first its solids are not inside out
        if orders[0] != declared or city.exchanged:
            text = f"{city.file}: x and y are exchanged, only so the coordinates fit {crs}"
            problems.append(Problem("axis-order", text, len(city.buildings)))
        if crs != own and own is not None:
            text = f"{city.file}: --crs {crs} stands in, for the coordinates do not lie in its own {own}"
            problems.append(Problem("crs-replaced", text))
        return crs, _exchanged(city) if orders[0] else city
    raise Refused(reason)


def _inside_out(city: City) -> bool:
    """Whether most polygons of solids would have to be turned: what a map read with its axes exchanged looks like."""
    return len(city.faces.kind) > 0 and float(geometry.mesh(city.faces).turned.mean()) > 0.5


def _middle(city: City) -> Float:
    """[2] median of the buildings' vertices, of the ground's where there is none."""
    xyz = city.faces.xyz if len(city.faces.xyz) else city.soil.faces.xyz
    return np.asarray(np.median(xyz[:, :2], axis=0))


def _inside(crs: str, point: Float) -> bool:
    """Whether a point (easting first) lies in the system's area of use."""
    longitude, latitude = frame.geographic(crs, point)
    if not (np.isfinite([longitude, latitude]).all() and abs(latitude) <= 90.0 and abs(longitude) <= 180.0):
        return False
    bounds = srs.area(crs)[1]
    if bounds is None:
        return True
    west, south, east, north = bounds
    across = west - MARGIN_DEG <= longitude <= east + MARGIN_DEG if west <= east else (
        longitude >= west - MARGIN_DEG or longitude <= east + MARGIN_DEG)  # fmt: skip
    return bool(across and south - MARGIN_DEG <= latitude <= north + MARGIN_DEG)


def _outside(path: Path, crs: str, middle: Float) -> str:
    area = srs.area(crs)[0].strip(". ")
    where = f"{path}: coordinates around {middle[0]:g}, {middle[1]:g} lie outside {crs} ({area})"
    if srs.is_projected(crs) and _like_degrees(middle[None])[0]:
        return f"{where}: they look like degrees; name their system with --crs, for example --crs EPSG:4326"
    if not srs.is_projected(crs) and np.abs(middle).max() > 360.0:
        return f"{where}: they look like metres; name their system with --crs, for example --crs EPSG:25832"
    return f"{where}; name the right system with --crs EPSG:CODE"


def _like_degrees(xy: Float) -> NDArray[np.bool_]:
    return np.asarray((np.abs(xy[:, 0]) <= 180.0) & (np.abs(xy[:, 1]) <= 180.0))


def _exchanged(city: City) -> City:
    """x and y exchanged."""
    order = [1, 0, 2]
    soil = city.soil
    soil = replace(
        soil, faces=replace(soil.faces, xyz=soil.faces.xyz[:, order]), tree=soil.tree[:, [1, 0, 2, 3, 4]],
        plant=tuple(replace(p, x_m=p.y_m, y_m=p.x_m) for p in soil.plant),
    )  # fmt: skip
    return replace(city, faces=replace(city.faces, xyz=city.faces.xyz[:, order]), soil=soil)


# ---------------------------------------------------------------- what cannot be


def _sift(city: City, crs: str, problems: list[Problem]) -> City:
    """The city without buildings that lie far away or whose heights no building has; ground likewise."""
    f = city.faces
    count = len(city.buildings)
    keep = np.ones(count, bool)
    if count:
        start = f.ring_start[f.face_start]
        owner = np.repeat(f.building, np.diff(start))
        low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
        for k in range(3):
            np.minimum.at(low[:, k], owner, f.xyz[:, k])
            np.maximum.at(high[:, k], owner, f.xyz[:, k])
        middle = np.median((low + high)[:, :2] / 2, axis=0)
        reach = FAR_M if srs.is_projected(crs) else FAR_DEG
        away = np.maximum(np.abs(low[:, :2] - middle), np.abs(high[:, :2] - middle)).max(axis=1)
        far = ~(away <= reach)
        tall = high[:, 2] - low[:, 2]
        odd = ~far & ~((tall >= LOWEST_M) & (tall <= HIGHEST_M) & (low[:, 2] > DEEPEST_M) & (high[:, 2] < SUMMIT_M))
        problems += _left_out(city, crs, far, odd, low)
        keep = ~(far | odd)
        soil = _near(city.soil, middle, reach, problems, city.file)
    else:
        soil = _near(city.soil, _middle(city), FAR_M if srs.is_projected(crs) else FAR_DEG, problems, city.file)
    if keep.all():
        return replace(city, soil=soil)
    number = np.cumsum(keep) - 1
    left = geometry.take(f, keep[f.building])
    return replace(
        city, faces=replace(left, building=number[left.building].astype(np.int32)), soil=soil,
        buildings=tuple(city.buildings[k] for k in np.flatnonzero(keep)),
    )  # fmt: skip


def _left_out(
    city: City, crs: str, far: NDArray[np.bool_], odd: NDArray[np.bool_], low: Float
) -> list[Problem]:
    found = []
    ids = [s.id for s in city.buildings]
    if far.any():
        degrees = srs.is_projected(crs) and bool(_like_degrees(low[far]).all())
        why = "their coordinates look like degrees, not metres" if degrees else "their coordinates are mistaken"
        rows = [ids[k] for k in np.flatnonzero(far)]
        found.append(report.problem("far-away", rows, f"far from all others left out: {why}", file=city.file))
    if odd.any():
        rows = [ids[k] for k in np.flatnonzero(odd)]
        what = f"with a height that no building has left out ({LOWEST_M:g} m to {HIGHEST_M:,.0f} m can be)"
        found.append(report.problem("impossible-height", rows, what, file=city.file))
    return found


def _near(soil: Soil, middle: Float, reach: float, problems: list[Problem], file: str) -> Soil:
    """Ground and trees within reach; polygons with a corner where no ground can be are left out."""
    f = soil.faces
    tree = soil.tree
    if len(tree):
        tree = tree[(np.abs(tree[:, :2] - middle) <= reach).all(axis=1) & (np.abs(tree[:, 2]) < SUMMIT_M)]
    if not len(f.kind):
        return replace(soil, tree=tree)
    fine = (np.abs(f.xyz[:, :2] - middle) <= reach).all(axis=1)
    fine &= (f.xyz[:, 2] > DEEPEST_M) & (f.xyz[:, 2] < SUMMIT_M)
    keep = np.logical_and.reduceat(fine, f.ring_start[f.face_start[:-1]])
    if not keep.all():
        lost = int((~keep).sum())
        text = f"{file}: {lost} polygons of ground that lie nowhere left out"
        problems.append(Problem("ground-far-away", text, lost))
    return replace(soil, faces=geometry.take(f, keep), tree=tree)


def _soil(soil: Soil, crs: str, origin: frame.Frame) -> Soil:
    """The ground in the world."""
    def moved(xyz: Float) -> Float:
        return frame.to_world(crs, xyz, origin) if len(xyz) else xyz

    at = moved(np.array([[p.x_m, p.y_m, p.z_m] for p in soil.plant]).reshape(-1, 3))
    plant = tuple(
        replace(p, x_m=float(x), y_m=float(y), z_m=float(z)) for p, (x, y, z) in zip(soil.plant, at, strict=True)
    )
    tree = np.column_stack([moved(soil.tree[:, :3]), soil.tree[:, 3:]]) if len(soil.tree) else soil.tree
    return replace(soil, faces=replace(soil.faces, xyz=moved(soil.faces.xyz)), tree=tree, plant=plant)


def _height_problem(origin: frame.Frame) -> list[Problem]:
    if origin.geoid_m is not None:
        return []
    datum = origin.vertical_datum or "an unnamed datum"
    text = (
        f"heights are over {datum}, not over the ellipsoid: PROJ has no geoid grid here, so tiles stand at that height"
    )
    return [Problem("height-not-ellipsoidal", text)]


