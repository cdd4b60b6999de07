"""The district's buildings as 3D Tiles 1.1: glb tiles of at most 250 m under one root.

The root's transform takes the world's axes to the earth; tiles hold positions from their own origin, so single
precision stays far below a millimetre. A building belongs to one tile, the one its foot point stands in. Undersides
and the ground are left out: nobody sees them. Source: OGC 22-025r4 (3D Tiles 1.1).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.cityjson import FaceKind
from tools.frame import Frame, ecef_from_world
from tools.geometry import Bodies, Mesh
from tools.glb import Drawn, glb
from tools.triangles import Triangles, in_plane

Float = NDArray[np.float64]
CELL_M = 250.0
WALL, PITCHED, FLAT = 0.0, 1.0, 2.0
"""Material ids of the tiles: what the viewer draws as wall, pitched and flat roof."""
FLAT_UP = 0.985
"""Roofs whose normal points up further than this (10 deg) are flat."""
PLAIN_M = 0.9
"""Faces narrower than this, along or up, carry neither windows nor edges."""
OVERHANG_M = 1.0
"""Undersides this far above the ground are drawn."""


@dataclass(frozen=True)
class Looks:
    """[face] what a tile says about faces, from which the vertex attributes are spread."""

    material: Float
    length_m: Float
    height_m: Float
    """H; -1 = plain."""


def visible(m: Mesh, b: Bodies) -> NDArray[np.bool_]:
    """Faces that can be seen."""
    kind = m.faces.kind
    above = m.centroid[:, 2] > b.ground_m[m.faces.building] + OVERHANG_M
    return (kind == FaceKind.ROOF) | (kind == FaceKind.WALL) | ((kind == FaceKind.GROUND) & above)


def write(folder: Path, *, ids: tuple[str, ...], m: Mesh, b: Bodies, triangles: Triangles, place: Frame) -> int:
    """Write tileset.json and its glb files to `folder`; number of tiles."""
    folder.mkdir(parents=True, exist_ok=True)
    corner = np.column_stack([b.x_m, b.y_m])
    west_south = corner.min(axis=0)
    cell = ((corner - west_south) / CELL_M).astype(int)
    names, group = np.unique(cell, axis=0, return_inverse=True)
    vertices = _vertices(m, b, triangles)
    order = np.argsort(group[m.faces.building[triangles.face]], kind="stable")
    sorted_group = group[m.faces.building[triangles.face]][order]
    children = []
    for k, (i, j) in enumerate(names.tolist()):
        rows = order[np.searchsorted(sorted_group, k) : np.searchsorted(sorted_group, k, side="right")]
        if not len(rows):
            continue
        name = f"{i}-{j}.glb"
        middle = west_south + (np.array([i, j]) + 0.5) * CELL_M
        origin = np.round(np.append(middle, np.median(b.ground_m[group == k])))
        tile, low, high = _tile(m, triangles, vertices, rows, ids, origin)
        (folder / name).write_bytes(tile)
        children.append({
            "boundingVolume": {"box": _box(low, high)}, "geometricError": 0.0, "refine": "REPLACE",
            "content": {"uri": name},
        })  # fmt: skip
    (folder / "tileset.json").write_text(json.dumps(_tileset(children, place), indent=1))
    return len(children)


def _vertices(m: Mesh, b: Bodies, triangles: Triangles) -> tuple[Looks, Float]:
    """Per face its looks, per vertex [vertex, 2] its u and v."""
    f = m.faces
    corners = np.diff(f.ring_start[f.face_start])
    owner = np.repeat(np.arange(len(corners)), corners)
    first = np.concatenate([[0], np.cumsum(corners)[:-1]])
    u, v = in_plane(m)
    low_u, low_v = np.minimum.reduceat(u, first), np.minimum.reduceat(v, first)
    length, rise = np.maximum.reduceat(u, first) - low_u, np.maximum.reduceat(v, first) - low_v
    wall = (f.kind == FaceKind.WALL) | (f.kind == FaceKind.GROUND)
    # up the wall from the ground, so that a row of windows runs through all faces of a facade
    height = f.xyz[:, 2] - b.ground_m[f.building[owner]]
    top = np.maximum.reduceat(height, first)
    v = np.where(wall[owner], np.maximum(height, 0.0), v - low_v[owner])
    material = np.where(wall, WALL, np.where(m.normal[:, 2] > FLAT_UP, FLAT, PITCHED))
    plain = (length < PLAIN_M) | (rise < PLAIN_M) | (f.kind == FaceKind.GROUND)
    looks = Looks(
        material=material, length_m=length,
        height_m=np.where(plain, -1.0, np.where(wall, top, rise)),
    )  # fmt: skip
    return looks, np.column_stack([u - low_u[owner], v])


def _tile(
    m: Mesh, triangles: Triangles, vertices: tuple[Looks, Float], rows: NDArray[np.int64], ids: tuple[str, ...],
    origin: Float,
) -> tuple[bytes, Float, Float]:  # fmt: skip
    """GLB of the triangles `rows`, and the corners of their box in the world."""
    looks, uv = vertices
    used, index = np.unique(triangles.index[rows], return_inverse=True)
    face = np.zeros(len(used), np.int64)
    face[index.reshape(-1)] = np.repeat(triangles.face[rows], 3)  # a vertex belongs to one face
    buildings, feature = np.unique(m.faces.building[face], return_inverse=True)
    xyz = m.faces.xyz[used]
    drawn = Drawn(
        position_m=(xyz - origin).astype(np.float32), normal=m.normal[face].astype(np.float32),
        feature=feature.astype(np.float32), material=looks.material[face].astype(np.float32),
        face_m=np.column_stack([uv[used], looks.length_m[face], looks.height_m[face]]).astype(np.float32),
        index=index.reshape(-1, 3).astype(np.uint32), ids=tuple(ids[k] for k in buildings),
    )  # fmt: skip
    east, north, up = origin.tolist()
    return glb(drawn, origin_m=(east, north, up)), xyz.min(axis=0), xyz.max(axis=0)


def _box(low: Float, high: Float) -> list[float]:
    """Bounding volume: centre and half axes, a millimetre wider for single precision."""
    half = (high - low) / 2 + 1e-3
    centre = (high + low) / 2
    axes = np.diag(half).reshape(-1)
    return [round(float(x), 4) for x in (*centre, *axes)]


def _tileset(children: list[dict[str, Any]], place: Frame) -> dict[str, Any]:
    boxes = np.array([c["boundingVolume"]["box"] for c in children])
    half = boxes[:, [3, 7, 11]]
    low, high = (boxes[:, :3] - half).min(axis=0), (boxes[:, :3] + half).max(axis=0)
    across = float(np.linalg.norm(high - low))
    return {
        "asset": {"version": "1.1", "generator": "surplus"},
        "geometricError": round(across, 1),
        "root": {
            "transform": ecef_from_world(place).T.reshape(-1).tolist(), "boundingVolume": {"box": _box(low, high)},
            "geometricError": round(across / 2, 1), "refine": "REPLACE", "children": children,
        },
    }  # fmt: skip
