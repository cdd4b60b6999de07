"""One building per place: where inputs overlap, the first wins the geometry and attributes merge.

Two buildings are the same where their ids are, or where more than half of the smaller footprint lies in the other;
footprints are compared between files only (a file may stack buildings as it likes).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.city import FaceKind, Source
from tools.geometry import Mesh, sums, take

SAME = 0.5
"""Share of the smaller footprint."""


@dataclass(frozen=True)
class Kept:
    """What is left when every building counts once."""

    mesh: Mesh
    buildings: tuple[Source, ...]
    dropped: tuple[str, ...]
    """Ids of the dropped, as FILE: ID."""
    twins: tuple[str, ...]
    """Ids that a file gives to more than one building: the first is kept."""
    flat: tuple[str, ...]
    """Ids of buildings left out because no face of theirs covers any ground."""


def footprints(m: Mesh, count: int) -> NDArray[Any]:
    """[building] shapely outlines: union of the ground faces, of the roofs where there is no ground."""
    import shapely

    f = m.faces
    ground = (f.kind == FaceKind.GROUND) & (m.normal[:, 2] < 0)
    has_ground = np.bincount(f.building[ground], minlength=count) > 0
    roof = (f.kind == FaceKind.ROOF) & (m.normal[:, 2] > 0) & ~has_ground[f.building]
    rows = np.flatnonzero(ground | roof)
    result = np.array([shapely.Polygon()] * count, dtype=object)
    if not len(rows):
        return result
    first = f.face_start[rows]
    start, length = f.ring_start[first], f.ring_start[first + 1] - f.ring_start[first]
    face = np.repeat(np.arange(len(rows)), length)
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    flat = f.xyz[start[face] + within, :2]
    outlines = shapely.polygons(shapely.linearrings(flat, indices=face))
    bad = ~shapely.is_valid(outlines)
    outlines[bad] = shapely.buffer(outlines[bad], 0)
    owner = f.building[rows]
    cuts = np.flatnonzero(np.diff(owner)) + 1
    for members in np.split(np.arange(len(rows)), cuts):
        whole = outlines[members[0]] if len(members) == 1 else shapely.union_all(outlines[members])
        result[owner[members[0]]] = whole
    return result


def rings(outlines: NDArray[Any]) -> list[NDArray[np.float64]]:
    """[building] [n, 2] outer ring of the largest piece of each outline."""
    import shapely

    found = []
    for outline in outlines:
        pieces = [p for p in shapely.get_parts(outline) if p.geom_type == "Polygon"]
        if not pieces:
            found.append(np.zeros((0, 2)))
            continue
        piece = max(pieces, key=lambda p: p.area)
        found.append(shapely.get_coordinates(piece.exterior)[:-1])
    return found


def settle(m: Mesh, buildings: tuple[Source, ...], *, file: NDArray[np.int32]) -> Kept:
    """Drop what an earlier building already stands for; `file` [building] is the number of the input."""
    winner = _same_id(buildings)
    twin = np.array([w >= 0 and file[w] == file[k] for k, w in enumerate(winner)], bool)
    if len(np.unique(file)) > 1:
        _same_place(winner, footprints(m, len(buildings)), file)
    plan = np.where(m.faces.kind == FaceKind.WALL, 0.0, m.area_m2 * np.abs(m.normal[:, 2]))
    flat = sums(m.faces.building, plan, len(buildings)) <= 0
    keep = (winner < 0) & ~flat
    merged = list(buildings)
    for loser in np.flatnonzero(winner >= 0):
        if twin[loser]:
            continue
        target = int(winner[loser])
        while winner[target] >= 0:
            target = int(winner[target])
        known = merged[target].attributes
        merged[target] = replace(merged[target], attributes={**merged[loser].attributes, **known})
    number = np.cumsum(keep) - 1
    faces = keep[m.faces.building]
    left = take(m.faces, faces)
    return Kept(
        mesh=Mesh(
            replace(left, building=number[left.building].astype(np.int32)), m.area_m2[faces], m.normal[faces],
            m.centroid[faces], m.degenerate, m.turned[faces] if len(m.turned) else m.turned,
        ),
        buildings=tuple(merged[k] for k in np.flatnonzero(keep)),
        dropped=tuple(f"{buildings[k].file}: {buildings[k].id}" for k in np.flatnonzero((winner >= 0) & ~twin)),
        twins=tuple(buildings[k].id for k in np.flatnonzero(twin)),
        flat=tuple(buildings[k].id for k in np.flatnonzero(flat)),
    )  # fmt: skip


def _same_id(buildings: tuple[Source, ...]) -> NDArray[np.int64]:
    """[building] the earlier building of the same id, -1 = none."""
    first: dict[str, int] = {}
    winner = np.full(len(buildings), -1, np.int64)
    for k, source in enumerate(buildings):
        earlier = first.setdefault(source.id, k)
        if earlier != k:
            winner[k] = earlier
    return winner


def _same_place(winner: NDArray[np.int64], outlines: NDArray[Any], file: NDArray[np.int32]) -> None:
    """Fill in the earlier file's building that covers most of each."""
    import shapely

    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    later = file[one] > file[other]
    one, other = one[later], other[later]
    area = shapely.area(outlines)
    common = shapely.area(shapely.intersection(outlines[one], outlines[other]))
    covered = common > SAME * np.minimum(area[one], area[other])
    one, other, common = one[covered], other[covered], common[covered]
    for k in np.lexsort((-common, one)):
        if winner[one[k]] < 0 and winner[other[k]] < 0:
            winner[one[k]] = other[k]
