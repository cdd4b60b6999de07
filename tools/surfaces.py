"""Energy surfaces: the roofs and exterior walls of a building, merged until only what the sun tells apart is left.

Polygons of a building are merged by kind, by orientation (10 deg of tilt, 15 deg of azimuth) and by height class.
Area is kept: the sum over a building's surfaces is the sum over its polygons, party walls taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.district import SurfaceKind
from tools.city import FaceKind
from tools.geometry import Bodies, Mesh, sums
from tools.party import Party

Float = NDArray[np.float64]
Int = NDArray[np.int64]
TILT_BIN_RAD = np.radians(10.0)
AZIMUTH_BIN_RAD = np.radians(15.0)
FLAT_RAD = np.radians(5.0)
"""Below this tilt the azimuth means nothing and all flat roofs of a height are one."""
HEIGHT_CLASSES_M = (4.0, 10.0, 20.0, 40.0)
"""Upper edges: what trees and sheds, houses, blocks and towers shade (our own classes)."""
SMALL = 0.01
"""Surfaces below this share of their building's roofs or walls join the one that looks most alike."""
EDGE_M = 0.3
"""Strip along every edge of a roof that carries no module (clamps, access; our assumption)."""
LEAST_M2 = 5.0
"""A polygon with less usable area than three modules of 1.7 m2 carries none."""
PACKING_PITCHED = 0.85
"""Share of the strip-free area of a pitched roof left by dormers, chimneys and the modules' format (our assumption)."""
PACKING_FLAT = 0.5
"""Ground cover ratio of rows on a flat roof, tilted 10 to 15 deg with walkways (our assumption)."""
POLEWARD_TILT_RAD = np.radians(20.0)
POLEWARD_RAD = np.radians(60.0)
"""Roofs steeper than 20 deg and walls that look within 60 deg of the pole carry no modules."""
UPRIGHT_RAD = np.radians(10.0)
"""A wall is a facade for modules if it stands within 10 deg of upright."""
GROUND_STOREY_M = 3.0
"""Doors, shop windows, cars and vandals: modules begin above the ground storey (our assumption)."""
PACKING_WALL = 0.7
"""Share of the strip-free wall between windows that whole modules fill; balconies, pipes, joints (our assumption)."""
AROUND_WINDOWS = 1.5
"""A window takes its own area and half as much again: reveal, sill, blinds, and strips too narrow for a module (our
assumption). For Delft's 3DBAG tile the rule leaves 0.20 m2 of facade and 0.47 of roof per m2 of ground floor; IEA PVPS
(report T7-4, 2002) counts 0.15 and 0.40 that are suitable by architecture and sun
(as remembered, not checked against the text)."""
LEAST_VIEW = 0.5
"""Walls that see less of the sky than this share of an open wall's are not worth it: courts, gaps between houses."""


@dataclass(frozen=True)
class Raw:
    """[surface] before glass and horizon, sorted by building; and which faces make them."""

    id: tuple[str, ...]
    building: NDArray[np.int32]
    kind: NDArray[np.int8]
    tilt_rad: Float
    azimuth_rad: Float
    area_m2: Float
    usable_m2: Float
    xyz_m: Float
    """[surface, 3] a point of the largest polygon that stands free: the eye of the horizon."""
    normal: Float
    """[surface, 3]"""
    of_face: Int
    """[face] row of the surface that each face of the mesh belongs to, -1 = none."""


@dataclass(frozen=True)
class Areas:
    """[building] areas in m2."""

    roof_m2: Float
    wall_m2: Float
    """Exterior walls."""
    party_m2: Float
    """Walls against neighbours."""
    ground_m2: Float


def areas(m: Mesh, shared: Party, b: Bodies) -> Areas:
    """Areas of each building's envelope."""
    f, count = m.faces, len(b.x_m)
    wall, roof = f.kind == FaceKind.WALL, _is_roof(m)

    def per_building(values: Float, chosen: NDArray[np.bool_]) -> Float:
        return sums(f.building[chosen], values[chosen], count)

    return Areas(
        roof_m2=per_building(m.area_m2, roof),
        wall_m2=per_building(m.area_m2 - shared.neighbour_m2 - shared.own_m2, wall),
        party_m2=per_building(shared.neighbour_m2, wall), ground_m2=b.footprint_m2.copy(),
    )  # fmt: skip


def merge(m: Mesh, shared: Party, b: Bodies, ids: tuple[str, ...], *, north: bool) -> Raw:
    """The energy surfaces of all buildings; `north` tells on which hemisphere the district lies."""
    f = m.faces
    exterior = np.where(f.kind == FaceKind.WALL, m.area_m2 - shared.neighbour_m2 - shared.own_m2, m.area_m2)
    rows = np.flatnonzero((_is_roof(m) | (f.kind == FaceKind.WALL)) & (exterior > 1e-6))
    tilt, azimuth = orientation(m.normal[rows])
    kind = np.where(f.kind[rows] == FaceKind.ROOF, SurfaceKind.ROOF, SurfaceKind.WALL).astype(np.int64)
    height = np.digitize(m.centroid[rows, 2] - b.ground_m[f.building[rows]], HEIGHT_CLASSES_M)
    tilt_bin = np.round(tilt / TILT_BIN_RAD).astype(np.int64)
    turns = round(2 * np.pi / AZIMUTH_BIN_RAD)
    azimuth_bin = np.where(tilt < FLAT_RAD, 0, np.round(azimuth / AZIMUTH_BIN_RAD).astype(np.int64) % turns)
    key = f.building[rows].astype(np.int64)
    for column, size in ((kind, 4), (tilt_bin, 32), (azimuth_bin, 32), (height, 8)):
        key = key * size + column
    _, group = np.unique(key, return_inverse=True)
    group = _join_small(group, f.building[rows], kind, exterior[rows], m.normal[rows])
    carries = usable(m, rows, tilt, azimuth, north=north)
    carries += facade(m, rows, exterior[rows], b.ground_m, tilt, azimuth, north=north)
    return _columns(m, rows, group, exterior[rows], kind, carries, shared, ids)


def orientation(normal: Float) -> tuple[Float, Float]:
    """Tilt from horizontal (0 = looks up) and azimuth clockwise from north, of unit normals [n, 3]."""
    tilt = np.arccos(np.clip(normal[:, 2], -1, 1))
    return tilt, np.arctan2(normal[:, 0], normal[:, 1]) % (2 * np.pi)


def usable(m: Mesh, rows: Int, tilt: Float, azimuth: Float, *, north: bool) -> Float:
    """Area of each face that can carry modules: its own less a strip along all edges, times the packing."""
    packing = np.where(tilt < TILT_BIN_RAD, PACKING_FLAT, PACKING_PITCHED)
    area = np.maximum(m.area_m2[rows] - EDGE_M * _perimeter(m)[rows], 0) * packing
    poleward = (tilt > POLEWARD_TILT_RAD) & _looks_poleward(azimuth, north=north)
    fits = _is_roof(m)[rows] & ~poleward & (area >= LEAST_M2)
    return np.where(fits, area, 0.0)


def facade(
    m: Mesh, rows: Int, exterior_m2: Float, ground_m: Float, tilt: Float, azimuth: Float, *, north: bool
) -> Float:
    """Area of each wall that could carry modules if it had no windows; 0 where it looks towards the pole.

    (exterior - EDGE_M x perimeter) x share above the ground storey x PACKING_WALL; exterior is without party walls.
    exterior_m2 [row]; ground_m [building] height of the ground. Windows are taken off where they are known
    (`between_windows`).
    """
    f = m.faces
    top = np.maximum.reduceat(f.xyz[:, 2], f.ring_start[f.face_start[:-1]])[rows]
    foot = np.minimum.reduceat(f.xyz[:, 2], f.ring_start[f.face_start[:-1]])[rows]
    begins = ground_m[f.building[rows]] + GROUND_STOREY_M
    above = np.clip((top - begins) / np.maximum(top - foot, 1e-9), 0.0, 1.0)
    area = np.maximum(exterior_m2 - EDGE_M * _perimeter(m)[rows], 0) * above * PACKING_WALL
    upright = np.abs(tilt - np.pi / 2.0) < UPRIGHT_RAD
    fits = (f.kind[rows] == FaceKind.WALL) & upright & ~_looks_poleward(azimuth, north=north) & (area >= LEAST_M2)
    return np.where(fits, area, 0.0)


def between_windows(usable_m2: Float, window_share: Float, sky_view: Float) -> Float:
    """[wall] of `facade`'s area what windows leave, 0 where too little sky is seen to be worth it.

    usable (1 - AROUND_WINDOWS x window share of the wall); all [wall].
    """
    left = usable_m2 * np.maximum(1.0 - AROUND_WINDOWS * window_share, 0.0)
    return np.where((sky_view >= LEAST_VIEW) & (left >= LEAST_M2), left, 0.0)


def _perimeter(m: Mesh) -> Float:
    """[face] length of all its edges."""
    f = m.faces
    length = np.diff(f.ring_start)
    first = np.repeat(f.ring_start[:-1], length)
    index = np.arange(len(f.xyz))
    following = np.where(index + 1 < np.repeat(f.ring_start[1:], length), index + 1, first)
    edge = np.linalg.norm(f.xyz[following] - f.xyz, axis=1)
    return np.asarray(np.add.reduceat(edge, f.ring_start[f.face_start[:-1]]))


def _looks_poleward(azimuth: Float, *, north: bool) -> NDArray[np.bool_]:
    from_pole = np.abs((azimuth + (0 if north else np.pi) + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(from_pole < POLEWARD_RAD)


def _is_roof(m: Mesh) -> NDArray[np.bool_]:
    """Roofs that see the sky; the underside of an overhang does not."""
    return np.asarray((m.faces.kind == FaceKind.ROOF) & (m.normal[:, 2] > 0))


def _join_small(group: Int, building: NDArray[np.int32], kind: Int, area: Float, normal: Float) -> Int:
    """Let splinters join the surface of the same building and kind whose normal is nearest."""
    count = int(group.max(initial=-1)) + 1
    total = sums(group, area, count)
    first = np.zeros(count, np.int64)
    first[group] = np.arange(len(group))
    owner = building[first].astype(np.int64) * 2 + kind[first]
    share = total / np.maximum(sums(owner, total, int(owner.max(initial=0)) + 1)[owner], 1e-12)
    mean = np.column_stack([sums(group, area * normal[:, k], count) for k in range(3)])
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    order = np.argsort(owner, kind="stable")
    target = np.arange(count)
    for members in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        small = members[share[members] < SMALL]
        big = members[share[members] >= SMALL]
        if len(small) and len(big):
            target[small] = big[np.argmax(mean[small] @ mean[big].T, axis=1)]
    return np.unique(target[group], return_inverse=True)[1]


def _columns(
    m: Mesh, rows: Int, group: Int, area: Float, kind: Int, usable_m2: Float, shared: Party, ids: tuple[str, ...]
) -> Raw:
    """Area-weighted means of each group, in order of building, roofs first."""
    count = int(group.max(initial=-1)) + 1
    total = sums(group, area, count)
    mean = np.column_stack([sums(group, area * m.normal[rows, k], count) for k in range(3)])
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    largest = np.zeros(count, np.int64)
    by_area = np.argsort(area, kind="stable")
    largest[group[by_area]] = rows[by_area]
    first = np.zeros(count, np.int64)
    first[group] = np.arange(len(group))
    building, kinds = m.faces.building[rows[first]], kind[first]
    order = np.lexsort((np.arange(count), kinds, building))
    tilt, azimuth = orientation(mean[order])
    building = building[order]
    number = np.arange(count) - np.searchsorted(building, building)
    of_face, place = np.full(len(m.area_m2), -1, np.int64), np.zeros(count, np.int64)
    place[order] = np.arange(count)
    of_face[rows] = place[group]
    return Raw(
        id=tuple(f"{ids[i]}/{n}" for i, n in zip(building.tolist(), number.tolist(), strict=True)),
        building=building.astype(np.int32), kind=kinds[order].astype(np.int8), tilt_rad=tilt, azimuth_rad=azimuth,
        area_m2=total[order], usable_m2=sums(group, usable_m2, count)[order],
        xyz_m=shared.eye_m[largest][order], normal=mean[order], of_face=of_face,
    )  # fmt: skip
