"""The horizon that every energy surface sees in 36 directions, and the share of its sky that is left.

Rays from a point on the surface against the triangles of the whole district: per azimuth the elevation below which
the view ends at a building, found by halving (6 rays to 1.4 deg). Where embreex has no wheel, a map of building
heights is walked instead: coarser, own building left out. Ground and trees are not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.surfaces import Raw

Float = NDArray[np.float64]
BINS = 36
HALVINGS = 6
"""90 deg / 2^6 = 1.4 deg."""
OFF_M = 0.1
"""The eye stands this far in front of its surface."""
CHUNK = 1024
_CELL_M = 2.0
_REACH_M = 300.0


def horizon(
    raw: Raw, triangles_m: Float, owner: NDArray[np.int32], progress: Callable[[str, float], None]
) -> tuple[NDArray[np.float32], Float]:
    """Horizon [surface, 36] in rad (bin k around azimuth 10 k deg) and sky view [surface] (0..1).

    `triangles_m` [triangle, 3, 3] of the whole district, `owner` [triangle] their building's row.
    """
    blocked = _rays(triangles_m)
    result = np.zeros((len(raw.id), BINS), np.float32)
    if blocked is None:
        walk = _HeightMap(triangles_m, owner)
    for first in range(0, len(raw.id), CHUNK):
        rows = slice(first, min(first + CHUNK, len(raw.id)))
        eye = raw.xyz_m[rows] + OFF_M * raw.normal[rows]
        if blocked is None:
            result[rows] = walk.horizon(eye, raw.building[rows])
        else:
            result[rows] = _halve(eye, blocked)
        progress("horizons", rows.stop / len(raw.id))
    return result, sky_view(raw.tilt_rad, raw.azimuth_rad, result)


def sky_view(tilt_rad: Float, azimuth_rad: Float, horizon_rad: NDArray[np.float32]) -> Float:
    """Share of the isotropic sky in front of each surface that stands above its horizon, weighted by the cosine.

    Integral of max(cos incidence, 0) cos(elevation) over the sky above the horizon / the same over the whole sky.
    """
    bands = (np.arange(36) + 0.5) * (np.pi / 72)
    around = np.arange(BINS) * (2 * np.pi / BINS)
    share = np.ones(len(tilt_rad))
    for first in range(0, len(tilt_rad), CHUNK):
        rows = slice(first, first + CHUNK)
        tilt, facing = tilt_rad[rows, None, None], np.cos(around - azimuth_rad[rows, None])[:, :, None]
        weight = np.cos(tilt) * np.sin(bands) + np.sin(tilt) * facing * np.cos(bands)
        weight = np.maximum(weight, 0) * np.cos(bands)
        # a band that the horizon cuts counts by the part above it
        above = np.clip(0.5 + (bands - horizon_rad[rows, :, None]) / (np.pi / 72), 0, 1)
        share[rows] = (weight * above).sum(axis=(1, 2)) / np.maximum(weight.sum(axis=(1, 2)), 1e-12)
    return share


def directions(elevation_rad: Float) -> Float:
    """[..., 36, 3] unit vectors east, north, up of the bins at `elevation_rad` [..., 36]."""
    azimuth = np.arange(BINS) * (2 * np.pi / BINS)
    level = np.cos(elevation_rad)
    return np.stack([level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation_rad)], axis=-1)


Blocked = Callable[[Float, Float], NDArray[np.bool_]]


def _halve(eye: Float, blocked: Blocked) -> Float:
    """[n, 36] elevation of the horizon by halving the quarter circle."""
    low, high = np.zeros((len(eye), BINS)), np.full((len(eye), BINS), np.pi / 2)
    origins = np.repeat(eye, BINS, axis=0)
    free = ~blocked(origins, directions(np.full((len(eye), BINS), 0.002)).reshape(-1, 3))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        hit = np.zeros(len(origins), bool)
        hit[~free] = blocked(origins[~free], directions(middle).reshape(-1, 3)[~free])
        hit = hit.reshape(low.shape)
        low, high = np.where(hit, middle, low), np.where(hit, high, middle)
    return np.where(free.reshape(low.shape), 0.0, (low + high) / 2)


def _rays(triangles_m: Float) -> Blocked | None:
    """Occlusion test of rays [n, 3] origins and directions, or None without embreex."""
    try:
        from embreex import rtcore_scene
        from embreex.mesh_construction import TriangleMesh
    except ImportError:
        return None
    scene: Any = rtcore_scene.EmbreeScene()
    corners = np.ascontiguousarray(triangles_m, np.float32)
    mesh: Any = TriangleMesh(scene, corners)

    def blocked(origins: Float, towards: Float) -> NDArray[np.bool_]:
        if mesh is None or not len(origins):  # names the mesh: the scene does not keep it alive
            return np.zeros(0, bool)
        hits = scene.run(origins.astype(np.float32), towards.astype(np.float32), query="OCCLUDED")
        return np.asarray(hits) != -1

    return blocked


class _HeightMap:
    """Highest point and its building per cell, for machines without a ray tracer."""

    def __init__(self, triangles_m: Float, owner: NDArray[np.int32]) -> None:
        low = triangles_m[..., :2].min(axis=(0, 1)) - _CELL_M
        shape = np.ceil((triangles_m[..., :2].max(axis=(0, 1)) - low) / _CELL_M).astype(int) + 2
        self._low, self._shape = low, shape
        self.height = np.full(shape, -np.inf)
        self.owner = np.full(shape, -1, np.int32)
        steps = np.ceil(np.ptp(triangles_m[..., :2], axis=1).max(axis=1) / (0.7 * _CELL_M)).astype(int) + 1
        for n in np.unique(steps):
            part = np.flatnonzero(steps == n)
            i, j = np.divmod(np.arange((n + 1) ** 2), n + 1)
            a, b = (i / n)[i + j <= n], (j / n)[i + j <= n]
            weight = np.column_stack([1 - a - b, a, b])
            points = np.einsum("sk,tkc->tsc", weight, triangles_m[part]).reshape(-1, 3)
            self._raise(points, np.repeat(owner[part], len(weight)))

    def _raise(self, points: Float, owner: NDArray[np.int32]) -> None:
        order = np.argsort(points[:, 2], kind="stable")
        cell = ((points[order, :2] - self._low) / _CELL_M).astype(int)
        higher = points[order, 2] > self.height[cell[:, 0], cell[:, 1]]
        cell, order = cell[higher], order[higher]
        self.height[cell[:, 0], cell[:, 1]] = points[order, 2]
        self.owner[cell[:, 0], cell[:, 1]] = owner[order]

    def horizon(self, eye: Float, building: NDArray[np.int32]) -> Float:
        """[n, 36] elevation, walking outwards in steps that grow with the distance."""
        towards = directions(np.zeros(BINS))[:, :2]
        best = np.zeros((len(eye), BINS))
        distance = _CELL_M
        while distance < _REACH_M:
            cell = ((eye[:, None, :2] + distance * towards - self._low) / _CELL_M).astype(int)
            inside = ((cell >= 0) & (cell < self._shape)).all(axis=-1)
            cell = np.where(inside[..., None], cell, 0)
            height = self.height[cell[..., 0], cell[..., 1]]
            other = inside & (self.owner[cell[..., 0], cell[..., 1]] != building[:, None])
            rise = np.arctan2(np.where(other & np.isfinite(height), height - eye[:, None, 2], -1.0), distance)
            best = np.maximum(best, rise)
            distance += max(_CELL_M, 0.04 * distance)
        return best
