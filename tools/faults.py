"""What is wrong with the polygons that are kept: not flat, crossing themselves, inside out; counted by building."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from network.schema import Problem
from tools import report
from tools.geometry import Mesh
from tools.triangles import in_plane

BENT_M = 0.1
"""A polygon is not flat where a corner lies this far off its mean plane (our own tolerance)."""


def problems(m: Mesh, ids: Sequence[str]) -> list[Problem]:
    """One sentence per kind of fault, naming the buildings."""
    found = []
    for code, faces, what in (
        ("not-flat", bent(m), f"with polygons that are not flat (over {BENT_M:g} m): their mean plane counts"),
        ("crossing-polygon", crossing(m), "with polygons that cross themselves: areas are those of their vector sum"),
        ("turned", m.turned, "with polygons that were inside out: turned outward"),
    ):
        rows = np.unique(m.faces.building[faces]) if len(faces) else ()
        if len(rows):
            found.append(report.problem(code, [ids[k] for k in rows], what))
    return found


def bent(m: Mesh) -> NDArray[np.bool_]:
    """[face] whether a corner lies off the face's mean plane."""
    f = m.faces
    start = f.ring_start[f.face_start]
    owner = np.repeat(np.arange(len(f.kind)), np.diff(start))
    off = np.abs(np.einsum("ij,ij->i", f.xyz - m.centroid[owner], m.normal[owner]))
    return np.asarray(np.maximum.reduceat(off, start[:-1]) > BENT_M) if len(f.kind) else np.zeros(0, bool)


def crossing(m: Mesh) -> NDArray[np.bool_]:
    """[face] whether the outer ring, or a hole, crosses itself in the face's plane."""
    import shapely

    f = m.faces
    wrong = np.zeros(len(f.kind), bool)
    corners = np.diff(f.ring_start)
    face = np.repeat(np.arange(len(f.kind)), np.diff(f.face_start))
    many = corners > 3
    if not many.any():
        return wrong
    flat = np.column_stack(in_plane(m))[np.repeat(many, corners)]
    rings = shapely.linearrings(flat, indices=np.repeat(np.arange(int(many.sum())), corners[many]))
    wrong[face[many][~shapely.is_simple(rings)]] = True
    return wrong
