"""A random town as a tileset alone, for measuring: gabled and flat houses on plots, their ids and nothing else.

It goes through the same writer as a real district, so its tiles have the same levels of detail. Large towns are four
quarters side by side, written by two processes.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import geometry, tiles, triangles
from tools.city import FaceKind, Faces
from tools.frame import Frame
from tools.land import Land

Float = NDArray[np.float64]
PLOT_M = 30.0
LEAF_M = 480.0
"""Side of the largest leaf of a town for measuring: 160 to 200 houses, as a publisher of such a town would cut it."""
LARGE = 20_000
"""From so many houses on a town is written in quarters."""
WRITERS = ("random_town", "tiles", "lod", "lod_land", "glb", "geometry", "triangles", "overlap")
"""Modules that a town comes from."""
PLACE = Frame(crs="EPSG:28992", vertical_datum="", latitude_rad=0.9075, longitude_rad=0.0761, geoid_m=43.0,
              origin_m=(0.0, 0.0, 0.0), area="")  # fmt: skip


def ensure(buildings: int) -> Path:
    """tileset.json of such a town in the user's cache, written once by each version of its writers."""
    from sim import cache

    digest = hashlib.blake2b(digest_size=6)
    for name in WRITERS:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    folder = cache.folder() / f"town-{buildings}-{digest.hexdigest()}"
    if not (folder / "tileset.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / "tiles"
            (quarters if buildings >= LARGE else write)(made, buildings=buildings, leaf_m=LEAF_M)
            for old in folder.parent.glob(f"town-{buildings}-*"):
                shutil.rmtree(old, ignore_errors=True)
            made.rename(folder)
    return folder / "tileset.json"


def write(
    folder: Path, *, buildings: int, seed: int = 1, plot_m: float = PLOT_M, land: Land | None = None,
    leaf_m: float = tiles.CELL_M, first: int = 0, shift_m: tuple[float, float] = (0.0, 0.0),
) -> int:  # fmt: skip
    """Write the tileset to `folder`; number of tiles.

    `leaf_m`: side of the largest leaf. `first`: number of the first house, `shift_m`: where the town's middle lies, for
    one of many beside each other.
    """
    faces = _faces(buildings, np.random.default_rng(seed), plot_m)
    faces.xyz[:, :2] += shift_m
    m = geometry.mesh(faces)
    b = geometry.bodies(m, buildings)
    cut = triangles.triangulate(m, tiles.visible(m, b))
    names = ids(first + buildings)[first:]
    return tiles.write(folder, ids=names, m=m, b=b, triangles=cut, place=PLACE, land=land, cell_m=leaf_m)


def quarters(folder: Path, *, buildings: int, plot_m: float = PLOT_M, leaf_m: float = LEAF_M) -> int:
    """The same in four quarters under a root that shows nothing itself; number of tiles."""
    share = -(-buildings // 4)
    reach = np.ceil(np.sqrt(share)) * plot_m / 2
    parts: list[dict[str, Any]] = []
    for k in range(4):
        first = k * share
        shift_m = (float(reach * (2 * (k % 2) - 1)), float(reach * (2 * (k // 2) - 1)))
        parts.append({"folder": folder / f"{k}", "buildings": min(share, buildings - first), "seed": k + 1,
                      "plot_m": plot_m, "leaf_m": leaf_m, "first": first, "shift_m": shift_m})  # fmt: skip
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        count = sum(pool.map(_written, parts))
    trees = [json.loads((part["folder"] / "tileset.json").read_text()) for part in parts]
    for k, tree in enumerate(trees):
        (folder / f"{k}" / "tileset.json").unlink()
        _move(tree["root"], f"{k}/")
    roots = [tree["root"] for tree in trees]
    transform = roots[0]["transform"]
    for root in roots:
        del root["transform"]
    boxes = np.array([root["boundingVolume"]["box"] for root in roots])
    half = boxes[:, [3, 7, 11]]  # the boxes stand along the axes
    low, high = (boxes[:, :3] - half).min(axis=0), (boxes[:, :3] + half).max(axis=0)
    error_m = float(np.linalg.norm(high - low))
    box = [*((low + high) / 2), *np.diag((high - low) / 2).reshape(-1)]
    root = {"transform": transform, "boundingVolume": {"box": [float(x) for x in box]}, "geometricError": error_m,
            "refine": "REPLACE", "children": roots}  # fmt: skip
    whole = {"asset": trees[0]["asset"], "geometricError": error_m, "root": root}
    (folder / "tileset.json").write_text(json.dumps(whole, indent=1))
    return count


def _written(part: dict[str, Any]) -> int:
    return write(**part)


def _move(node: dict[str, Any], prefix: str) -> None:
    """Contents of the branch lie in another folder now."""
    node["content"]["uri"] = prefix + node["content"]["uri"]
    for child in node.get("children", ()):
        _move(child, prefix)


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
