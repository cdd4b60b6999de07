"""Ground of all files in the world -> Land: the first file wins, spikes are cut, polygons become triangles by material.

Automatic ground (3dfier) has spikes where plants and roads were given the heights of what stands on them: their corners
are held within 0.6 m of the piece's middle, or near a plane through its low ground where it is not flat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.schema import Problem
from tools import geometry, triangles
from tools.city import Faces, Soil
from tools.land import Ground, Land, NamedPlant

Float = NDArray[np.float64]
SPIKE_M = 0.6
BUMP_M = 1.2
"""Of a piece that is not flat: this much over its low quarter is ground, what is higher stands on it."""
_FITS = 4
"""Rounds in which the plane of a piece leaves out what stands on it."""
SPIKED = {"Road", "PlantCover", "Railway", "TransportSquare", "LandUse", "Track", "Square"}
"""Types whose spikes are cut."""
RELIEF = {"TINRelief", "ReliefFeature"}
"""Types that lie below all others: left out where another piece covers them."""
LEVEL = 0.3
"""Faces whose normal points up less are banks and kerbs, no ground to stand on."""
TREE_M, CROWN = 8.0, 0.37
"""Height of a tree of which nothing is said; radius of the crown over the height (assumed)."""
COARSE_M = 0.5
"""Corners of roads and parking areas that stand out less are left out."""


def land(soils: Sequence[Soil], *, files: Sequence[str]) -> tuple[Land, list[Problem]]:
    """The land of all files; `files` are their names for the report."""
    problems: list[Problem] = []
    kept: list[Faces] = []
    counts: Counter[str] = Counter()
    earlier: Any = None
    last = max((k for k, s in enumerate(soils) if len(s.faces.kind)), default=-1)
    for number, (soil, file) in enumerate(zip(soils, files, strict=True)):
        faces = _cut_spikes(soil)
        faces, buried = _uncovered(faces, soil)
        counts["terrain triangles under other ground left out"] += buried
        if len(faces.kind):
            faces, dropped = _unclaimed(faces, earlier)
            if dropped:
                text = f"{file}: {dropped} polygons of ground dropped where inputs overlap: the first input's count"
                problems.append(Problem("ground-overlap", text, dropped))
        if len(faces.kind):
            kept.append(faces)
        if len(faces.kind) and number < last:
            outline = _outline(faces)
            earlier = outline if earlier is None else _union([earlier, outline])
    trees = np.concatenate([s.tree for s in soils]) if soils else np.zeros((0, 5))
    trees = _single(trees)
    plant: dict[str, NamedPlant] = {}
    for soil in soils:
        for p in soil.plant:
            plant.setdefault(p.id, p)
    height = np.where(trees[:, 3] > 0, trees[:, 3], TREE_M)
    crown = np.where(trees[:, 4] > 0, trees[:, 4], CROWN * height)
    made = _triangles(kept) if kept else Land()
    counts.update(_pieces(soils))
    return replace(
        made, tree_m=trees[:, :3].copy(), tree_height_m=height, tree_crown_m=crown, plant=tuple(plant.values()),
        counts={k: v for k, v in counts.items() if v},
    ), problems  # fmt: skip


def _pieces(soils: Sequence[Soil]) -> dict[str, int]:
    found = Counter(kind for s in soils for kind in s.types)
    return {f"pieces of {kind}": number for kind, number in sorted(found.items())}


def _cut_spikes(soil: Soil) -> Faces:
    """Heights of plants, roads and land use without spikes."""
    f = soil.faces
    if not len(f.kind):
        return f
    xyz = f.xyz.copy()
    start = f.ring_start[f.face_start]
    first = np.searchsorted(f.building, np.arange(len(soil.ids)))
    last = np.searchsorted(f.building, np.arange(len(soil.ids)), side="right")
    for k, kind in enumerate(soil.types):
        if kind not in SPIKED or last[k] <= first[k]:
            continue
        rows = slice(int(start[first[k]]), int(start[last[k]]))
        xyz[rows, 2] = _held(xyz[rows])
    return replace(f, xyz=xyz)


def _held(xyz: Float) -> Float:
    """[n] heights within 0.6 m of the middle, or of a plane through the low ground of a piece that is not flat.

    Crowns and roofs of cars only ever lift heights, so the plane and the spread are those of what lies low.
    """
    z = xyz[:, 2]
    middle = np.median(z)
    low, high = np.percentile(z, [25, 75])
    if high - low <= SPIKE_M:
        return np.clip(z, middle - SPIKE_M, middle + SPIKE_M)
    columns = np.column_stack([xyz[:, :2] - xyz[:, :2].mean(axis=0), np.ones(len(z))])
    used = np.ones(len(z), bool)
    for _ in range(_FITS):
        plane = columns @ np.linalg.lstsq(columns[used], z[used], rcond=None)[0]
        left = z - plane
        lowest, rest = (float(q) for q in np.percentile(left, [5, 25]))
        spread = max(BUMP_M, 2 * (rest - lowest))
        used = left <= rest + spread
    return np.asarray(plane + np.clip(left, rest - spread, rest + spread))


def _uncovered(f: Faces, soil: Soil) -> tuple[Faces, int]:
    """Terrain only where no other piece of the same file lies."""
    relief = np.array([t in RELIEF for t in soil.types], bool)
    if not relief.any() or relief.all():
        return f, 0
    is_relief = relief[f.building]
    cover = _outline(geometry.take(f, ~is_relief))
    hidden = is_relief & _within(f, cover)
    return geometry.take(f, ~hidden), int(hidden.sum())


def _unclaimed(f: Faces, earlier: Any) -> tuple[Faces, int]:
    """Polygons whose middle no earlier file's ground covers."""
    if earlier is None:
        return f, 0
    claimed = _within(f, earlier)
    return geometry.take(f, ~claimed), int(claimed.sum())


def _within(f: Faces, area: Any) -> NDArray[np.bool_]:
    """[face] whether the middle of each polygon's corners lies in `area`."""
    import shapely

    start = f.ring_start[f.face_start]
    corners = np.diff(start)[:, None]
    middle = np.add.reduceat(f.xyz[:, :2], start[:-1]) / corners
    shapely.prepare(area)
    return np.asarray(shapely.contains_xy(area, middle[:, 0], middle[:, 1]))


def _plans(f: Faces) -> NDArray[Any]:
    """[face] shapely polygons in plan, made valid."""
    import shapely

    ring = np.repeat(np.arange(len(f.ring_start) - 1), np.diff(f.ring_start))
    rings = shapely.linearrings(f.xyz[:, :2], indices=ring)
    owner = np.repeat(np.arange(len(f.kind)), np.diff(f.face_start))
    made = shapely.polygons(rings, indices=owner)
    bad = ~shapely.is_valid(made)
    made[bad] = shapely.buffer(made[bad], 0)
    return np.asarray(made)


def _outline(f: Faces) -> Any:
    return _union(list(_plans(f))) if len(f.kind) else _union([])


def _union(areas: list[Any]) -> Any:
    import shapely

    return shapely.union_all(np.array(areas, dtype=object), grid_size=0.01)


def _single(trees: Float) -> Float:
    """Trees of later files that stand where one stands already are left out."""
    if not len(trees):
        return trees
    _, first = np.unique(np.round(trees[:, :2] / 0.5).astype(np.int64), axis=0, return_index=True)
    return trees[np.sort(first)]


def _triangles(many: list[Faces]) -> Land:
    """All pieces as one mesh: corners shared within a material, normals up."""
    m = _upward(geometry.mesh(geometry.join(many)))
    cut = triangles.triangulate(m, np.ones(len(m.area_m2), bool))
    material = m.faces.kind[cut.face]
    corners = m.faces.xyz[cut.index.reshape(-1)]
    key = np.column_stack([np.round(corners * 1000.0).astype(np.int64), np.repeat(material, 3).astype(np.int64)])
    _, first, index = np.unique(key, axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1, 3)
    real = (index[:, 0] != index[:, 1]) & (index[:, 1] != index[:, 2]) & (index[:, 0] != index[:, 2])
    return Land(
        xyz=corners[first], index=index[real].astype(np.int64), material=material[real].astype(np.int8),
        roads=_areas(m, Ground.ROAD), parking=_areas(m, Ground.PARKING),
    )  # fmt: skip


def _upward(m: geometry.Mesh) -> geometry.Mesh:
    """Loose faces that look down are turned."""
    down = (m.normal[:, 2] < 0) & ~m.faces.solid
    faces = geometry.reverse(m.faces, down)
    return replace(m, faces=faces, normal=np.where(down[:, None], -m.normal, m.normal))


def _areas(m: geometry.Mesh, ground: Ground) -> tuple[Any, ...]:
    """Connected areas of a material in plan, simplified."""
    import shapely

    rows = (m.faces.kind == ground) & (m.normal[:, 2] > LEVEL)
    if not rows.any():
        return ()
    whole = shapely.simplify(_union(list(_plans(geometry.take(m.faces, rows)))), COARSE_M)
    return tuple(p for p in shapely.get_parts(whole) if p.geom_type == "Polygon" and p.area > 1.0)
