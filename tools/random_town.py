"""A random town as a tileset alone, for measuring: gabled and flat houses on plots, their ids and nothing else.

It goes through the same writer as a real district, so its tiles have the same levels of detail.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools import geometry, tiles, triangles
from tools.city import FaceKind, Faces
from tools.frame import Frame
from tools.land import Land

Float = NDArray[np.float64]
PLOT_M = 30.0
PLACE = Frame(crs="EPSG:28992", vertical_datum="", latitude_rad=0.9075, longitude_rad=0.0761, geoid_m=43.0,
              origin_m=(0.0, 0.0, 0.0), area="")  # fmt: skip


def write(
    folder: Path, *, buildings: int, seed: int = 1, plot_m: float = PLOT_M, land: Land | None = None
) -> int:
    """Write the tileset to `folder`; number of tiles."""
    m = geometry.mesh(_faces(buildings, np.random.default_rng(seed), plot_m))
    b = geometry.bodies(m, buildings)
    cut = triangles.triangulate(m, tiles.visible(m, b))
    return tiles.write(folder, ids=ids(buildings), m=m, b=b, triangles=cut, place=PLACE, land=land)


def ids(buildings: int) -> tuple[str, ...]:
    """Names of the houses, row by row from the south-west."""
    return tuple(f"house-{k}" for k in range(buildings))


def _faces(count: int, rng: np.random.Generator, plot_m: float) -> Faces:
    """Houses of 8 to 16 m by 8 to 11 m around the origin, two of three with a gable, turned by quarters."""
    side = int(np.ceil(np.sqrt(count)))
    k = np.arange(count)
    centre = (np.column_stack([k % side, k // side]) - (side - 1) / 2) * plot_m + rng.uniform(-4, 4, (count, 2))
    half = np.column_stack([rng.uniform(4, 8, count), rng.uniform(4, 5.5, count)])
    eave, rise = rng.choice([5.8, 8.8, 11.5, 15.5], count), np.where(rng.random(count) < 0.67, 3.6, 0.0)
    east = np.array([(1, 0), (0, 1)])[rng.integers(0, 2, count)]
    north = np.column_stack([-east[:, 1], east[:, 0]])

    def corner(u: float, v: float, z: Float) -> Float:
        plan = centre + u * half[:, :1] * east + v * half[:, 1:] * north
        return np.column_stack([plan, z])

    low = [corner(u, v, np.zeros(count)) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    high = [corner(u, v, eave) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    left, right = corner(-1, 0, eave + rise), corner(1, 0, eave + rise)
    a, b, c, d = high
    gable = [
        low[::-1], [a, b, right, left], [c, d, left, right],
        [low[0], low[1], b, a], [low[1], low[2], c, right, b], [low[2], low[3], d, c], [low[3], low[0], a, left, d],
    ]  # fmt: skip
    flat = [low[::-1], high, *([low[j], low[(j + 1) % 4], high[(j + 1) % 4], high[j]] for j in range(4))]
    shapes = [(gable, rise > 0, (2, 1, 1, 0, 0, 0, 0)), (flat, rise == 0, (2, 1, 0, 0, 0, 0))]
    kinds = np.array([FaceKind.WALL, FaceKind.ROOF, FaceKind.GROUND])
    xyz, size, kind, owner = [], [], [], []
    for faces, chosen, of_face in shapes:
        rows = np.flatnonzero(chosen)
        corners = np.stack([p for ring in faces for p in ring], axis=1)[rows]
        xyz.append(corners.reshape(-1, 3))
        size.append(np.tile([len(ring) for ring in faces], len(rows)))
        kind.append(np.tile(kinds[list(of_face)], len(rows)))
        owner.append(np.repeat(rows, len(faces)))
    start = np.concatenate([[0], np.cumsum(np.concatenate(size))])
    building = np.concatenate(owner).astype(np.int32)
    return Faces(
        xyz=np.concatenate(xyz), ring_start=start, face_start=np.arange(len(start)),
        kind=np.concatenate(kind).astype(np.int8), building=building, body=building.copy(),
        solid=np.ones(len(building), bool),
    )  # fmt: skip
