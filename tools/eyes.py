"""Points of an energy surface from which it looks at the sky: spread over its faces by area, none behind a neighbour.

One point does not speak for a facade: its foot stands in the shade of what its top looks over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.geometry import Mesh
from tools.rays import Rays
from tools.surfaces import Raw
from tools.triangles import Triangles

Float = NDArray[np.float64]
POINTS = 4
"""Of every surface."""
OFF_M = 0.1
"""An eye stands this far in front of its face."""
SLIT_M = 0.3
"""What is closer in front of a face is a party wall (tools.party) and no view."""
_TRIED = 12
"""Points of a surface among which those that stand free are sought."""
_SPREAD = np.array([0.7548776662466927, 0.5698402909980532])
"""Steps of the plastic number's sequence, which fills a square evenly (M. Roberts, 2018)."""


def eyes(raw: Raw, m: Mesh, cut: Triangles, buildings: Rays | None) -> tuple[Float, Float]:
    """[surface, n, 3] points in front of the surfaces, in world m, and the normals of their faces.

    n = POINTS, or 1 without a ray tracer: then the one free point that `tools.party` knows. A point counts as free
    where nothing stands within 0.3 m of it and no building is around it; a surface without a free one keeps
    that of `tools.party`.
    """
    alone = raw.xyz_m[:, None] + OFF_M * raw.normal[:, None]
    if buildings is None or not (raw.of_face[cut.face] >= 0).any():
        return alone, raw.normal[:, None].copy()
    tried, towards, known = _tried(raw, m, cut)
    at = tried + OFF_M * towards
    free = known[:, None] & ~_walled(at.reshape(-1, 3), towards.reshape(-1, 3), buildings).reshape(at.shape[:2])
    number = free.sum(axis=1)
    wanted = ((np.arange(POINTS) + 0.5) * number[:, None] / POINTS).astype(np.int64)
    # the free ones first, from the lowest to the highest: shade changes upwards most
    order = np.argsort(np.where(free, np.round(at[..., 2], 2), np.inf), axis=1, kind="stable")
    chosen = np.take_along_axis(order, wanted, axis=1)[..., None]
    some = (number > 0)[:, None, None]
    return (
        np.where(some, np.take_along_axis(at, chosen, axis=1), alone),
        np.where(some, np.take_along_axis(towards, chosen, axis=1), raw.normal[:, None]),
    )


def _tried(raw: Raw, m: Mesh, cut: Triangles) -> tuple[Float, Float, NDArray[np.bool_]]:
    """[surface, 12, 3] points by area over each surface's triangles, their normals, and which surfaces have any."""
    owner = raw.of_face[cut.face]
    mine = np.flatnonzero(owner >= 0)
    mine = mine[np.argsort(owner[mine], kind="stable")]
    corner = m.faces.xyz[cut.index[mine]]
    area = 0.5 * np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    area = np.maximum(area, 1e-9)
    reached = np.cumsum(area)
    count = len(raw.id)
    first = np.searchsorted(owner[mine], np.arange(count + 1))
    before = np.concatenate([[0.0], reached])
    start, whole = before[first[:-1]], before[first[1:]] - before[first[:-1]]
    target = start[:, None] + (np.arange(_TRIED) + 0.5) / _TRIED * whole[:, None]
    row = np.minimum(np.searchsorted(reached, target), len(mine) - 1)
    a, b = ((0.5 + (np.arange(_TRIED)[:, None] + 1) * _SPREAD) % 1.0).T
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    weight = np.stack([1 - a - b, a, b], axis=1)
    points = np.einsum("kc,skcx->skx", weight, corner[row])
    return points, m.normal[cut.face[mine[row]]], np.asarray(whole > 0)


def _walled(at: Float, towards: Float, buildings: Rays) -> NDArray[np.bool_]:
    """[n] whether a wall stands right before the eye, or the first thing that it sees it sees from inside."""
    distance, across = buildings.first(at, towards)
    return np.asarray((distance < SLIT_M) | ((across > 0) & np.isfinite(distance)))
