"""What lies under the pointer: rows of buildings by their colour in a tiny picture, plant and lines by distance.

A building's number is its slot, written into red, green and blue of one pixel (app.gpu.pick draws it). Plant and lines
are few, so their distance from the pointer on the screen is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.camera import Camera, project
from app.plant import HEIGHT_M, Stand
from network.problems import Refused
from network.schema import Roster

Float = NDArray[np.float64]
REACH_PX = 8.0
"""So far from a ribbon's middle the pointer may be, at 720 lines."""
PATCH = 5
"""Width and height in pixels of the picture under the pointer."""
_ASIDE_M = 5.0
"""A site is as wide as this to the pointer."""


@dataclass(frozen=True)
class Picked:
    """One row of an axis: building, site or line."""

    axis: str
    row: int


def row_of(patch: NDArray[np.uint8]) -> int:
    """Row of the building in the middle of `patch` [PATCH, PATCH, 4] rgba, else the nearest one in it; -1: none."""
    number = patch[..., :3].astype(np.int64) @ np.array([1, 256, 65536])
    y, x = np.nonzero(number)
    if not len(y):
        return -1
    middle = (PATCH - 1) / 2
    nearest = int(np.argmin((y - middle) ** 2 + (x - middle) ** 2))
    return int(number[y[nearest], x[nearest]]) - 1


def under(
    camera: Camera, pointer: tuple[float, float], size: tuple[int, int], *, building: int, roster: Roster,
    place: Stand | None,
) -> Picked | None:  # fmt: skip
    """What the pointer means: plant before what stands behind it, else the building drawn there, else a line."""
    far = np.inf
    if building >= 0:
        far = float(np.linalg.norm(np.asarray(roster.building_xyz_m[building], np.float64) - camera.eye_m))
    found = site(camera, pointer, size, place)
    if found is not None and found[1] < far:
        return found[0]
    if building >= 0:
        return Picked("building", building)
    row = line(camera, pointer, size, roster)
    return Picked("line", row) if row >= 0 else None


def site(
    camera: Camera, pointer: tuple[float, float], size: tuple[int, int], place: Stand | None
) -> tuple[Picked, float] | None:
    """Nearest plant or transformer under the pointer and its distance [m]; a kiosk is the line it belongs to."""
    if place is None or not len(place.kind):
        return None
    foot = np.asarray(place.foot_m, np.float64)
    top = foot + np.c_[np.zeros((len(foot), 2)), [HEIGHT_M[kind] for kind in place.kind]]
    a, b = project(camera, foot, size), project(camera, top, size)
    depth = a[:, 2]
    across = size[0] / 2 / np.tan(np.radians(24.0)) / np.maximum(depth, 1.0) * _ASIDE_M
    near = apart(np.array(pointer), a[:, :2], b[:, :2]) < np.maximum(across, REACH_PX * size[1] / 720)
    rows = np.nonzero(near & (depth > 1.0))[0]
    if not len(rows):
        return None
    k = int(rows[np.argmin(depth[rows])])
    picked = Picked("site", k) if k < place.sites else Picked("line", int(place.line[k]))
    return picked, float(depth[k])


def line(camera: Camera, pointer: tuple[float, float], size: tuple[int, int], roster: Roster) -> int:
    """Row of the cable whose ribbon is nearest to the pointer and within reach; -1: none."""
    if len(roster.line_ids) == 0 or len(roster.vertices_m) < 2:
        return -1
    at = project(camera, roster.vertices_m, size)
    start = np.asarray(roster.vertex_start, np.int64)
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    whole = (row[:-1] == row[1:]) & (at[:-1, 2] > 1.0) & (at[1:, 2] > 1.0)
    if not whole.any():
        return -1
    gap = np.where(whole, apart(np.array(pointer), at[:-1, :2], at[1:, :2]), np.inf)
    k = int(np.argmin(gap))
    return int(row[k]) if gap[k] <= REACH_PX * size[1] / 720 else -1


def apart(point: Float, a: Float, b: Float) -> Float:
    """[n] distance of a point from the segments a-b, in the units of the plane."""
    along = b - a
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((point - a) * along).sum(axis=1) / length2, 0.0, 1.0)
    return np.asarray(np.linalg.norm(a + share[:, None] * along - point, axis=1), np.float64)


def name_of(picked: Picked, roster: Roster) -> str:
    """Its name for people; lines have none but their kind and id."""
    if picked.axis == "building":
        return roster.building_names[picked.row] or roster.building_ids[picked.row]
    if picked.axis == "site":
        return roster.site_names[picked.row] or roster.site_ids[picked.row]
    kind, name = roster.line_kind[picked.row], roster.line_ids[picked.row]
    said = {"cable": "Cable", "service": "Service cable", "transformer": "Transformer"}.get(kind, kind)
    return f"{said} {name.removeprefix(kind).lstrip('-_ ')}"


def wanted(building: str, roster: Roster | None, chosen: Picked | None) -> Picked | None:
    """The building of that id or name where nothing is chosen and one is wanted, else what is chosen.

    Raises:
        Refused: the district has no such building.
    """
    if not building or roster is None or chosen is not None:
        return chosen
    for known in (roster.building_ids, roster.building_names):
        if building in known:
            return Picked("building", list(known).index(building))
    raise Refused(f"there is no building {building!r} here; use an id or a name of this district", code=2)


def exists(picked: Picked | None, roster: Roster | None) -> bool:
    """Whether `picked` is a row of this district."""
    if picked is None or roster is None:
        return False
    count = {"building": roster.building_ids, "site": roster.site_ids, "line": roster.line_ids}
    return 0 <= picked.row < len(count[picked.axis])


def place_of(picked: Picked, roster: Roster) -> tuple[Float, float]:
    """Middle [3] and radius [m] of what was picked, for a camera that frames it."""
    if picked.axis == "line":
        first, end = roster.vertex_start[picked.row], roster.vertex_start[picked.row + 1]
        points = np.asarray(roster.vertices_m[first:end], np.float64)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        return middle, max(15.0, float(np.linalg.norm(points - middle, axis=1).max()))
    if picked.axis == "site":
        return np.asarray(roster.site_xyz_m[picked.row], np.float64), 20.0
    foot = np.asarray(roster.building_xyz_m[picked.row], np.float64)
    tall, wide = float(roster.building_height_m[picked.row]), float(np.sqrt(roster.footprint_m2[picked.row]))
    return foot + np.array([0.0, 0.0, tall / 2]), max(8.0, 0.6 * wide, 0.6 * tall)
