"""What every energy surface sees of the sky: horizons in 36 directions, crowns of trees, and the share of sky left.

Rays from several points of a surface (`eyes.py`) against the triangles of all buildings and of the ground where it has
relief: per azimuth the elevation below which the view ends, found by halving (6 rays to 1.4 deg). So what hides the
sky is taken to reach down to the horizon: the underside of a balcony or an eave hides nothing. Trees stand before the
sky without hiding it (`crowns.py`). Where embreex has no wheel, a map of heights is walked instead, from one point a
surface: coarser, own building left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.schema import Problem
from tools import crowns, eyes, rays
from tools.geometry import Mesh
from tools.land import Land
from tools.surfaces import Raw
from tools.triangles import Triangles

Float = NDArray[np.float64]
BINS = 36
HALVINGS = 6
"""90 deg / 2^6 = 1.4 deg."""
CHUNK = 1024
RELIEF_M = 1.0
"""Ground that rises and falls by less hides nothing."""
BURIED = 0.3
"""Share of eyes below the ground from which on its heights are not believed."""
_LEVEL_RAD = 0.002
_CELL_M = 2.0
_REACH_M = 300.0
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Outlook:
    """[surface] what hides the sky; names and meaning as in `District.surface`."""

    horizon_rad: NDArray[np.float32]
    crown_rad: NDArray[np.float32]
    sky_view: Float
    crown_view: Float
    problems: list[Problem] = field(default_factory=list)


def outlook(raw: Raw, m: Mesh, cut: Triangles, land: Land, progress: Progress) -> Outlook:
    """Horizons, crowns and sky views of all surfaces, against the district's buildings, ground and trees."""
    walls, owner = m.faces.xyz[cut.index], m.faces.building[cut.face]
    traced = rays.available() and len(walls) > 0
    at, normal = eyes.eyes(raw, m, cut, rays.Rays(walls) if traced else None)
    ground, problems = _ground(at.reshape(-1, 3), land, traced=traced)
    triangles_m = np.concatenate([walls, ground])
    owner = np.concatenate([owner, np.full(len(ground), -1, owner.dtype)])
    level = horizons(at, normal, triangles_m, owner, raw.building, progress)
    top = crowns.tops(at.reshape(-1, 3), land).reshape(level.shape)
    top = np.where(top > level, top, np.float32(0))
    seen = sky_view(raw.tilt_rad, raw.azimuth_rad, level)
    clear = sky_view(raw.tilt_rad, raw.azimuth_rad, np.maximum(level, top)) if top.any() else seen
    return Outlook(level, top, seen, np.maximum(seen - clear, 0.0), problems)


def horizons(
    at: Float, normal: Float, triangles_m: Float, owner: NDArray[np.int32], building: NDArray[np.int32],
    progress: Progress,
) -> NDArray[np.float32]:  # fmt: skip
    """[surface, 36 n] in rad, bin k around azimuth 10 k deg, of eyes [surface, n, 3] one after the other.

    `triangles_m` [triangle, 3, 3] are what may stand in the way, `owner` [triangle] their building's row (-1 = ground),
    `building` [surface] the eyes' own.
    """
    count, points = at.shape[:2]
    result = np.zeros((count, points * BINS), np.float32)
    if not len(triangles_m):
        return result
    scene = rays.Rays(triangles_m) if rays.available() else None
    walk = _HeightMap(triangles_m, owner) if scene is None else None
    for first in range(0, count, CHUNK):
        rows = slice(first, min(first + CHUNK, count))
        here, out = at[rows].reshape(-1, 3), normal[rows].reshape(-1, 3)
        if walk is not None:
            found = walk.horizon(here, np.repeat(building[rows], points))
        elif scene is not None:
            found = _halve(here, out, scene)
        result[rows] = found.reshape(rows.stop - first, -1)
        progress("horizons", rows.stop / count)
    return result


def sky_view(tilt_rad: Float, azimuth_rad: Float, horizon_rad: NDArray[np.float32]) -> Float:
    """Share of the isotropic sky in front of each surface that stands above its horizons [surface, 36 n], 0..1.

    Integral of max(cos incidence, 0) cos(elevation) over the sky above the horizon / the same over the whole sky. In
    the azimuth at an angle f from the surface's own, cos incidence = A sin e + B cos e with A = cos tilt and
    B = sin tilt cos f, so its integral is A sin2(e)/2 + B (e/2 + sin(2e)/4), from where it gets positive.
    """
    share = np.ones(len(tilt_rad))
    for first in range(0, len(share), CHUNK):
        rows = slice(first, first + CHUNK)
        level = horizon_rad[rows].reshape(len(tilt_rad[rows]), -1, BINS)
        left = _light(tilt_rad[rows], azimuth_rad[rows], level).mean(axis=1)
        whole = _light(tilt_rad[rows], azimuth_rad[rows], np.zeros((len(level), 1, BINS)))[:, 0]
        share[rows] = np.where(whole > 1e-9, left / np.maximum(whole, 1e-9), 1.0)
    return share


def _light(tilt_rad: Float, azimuth_rad: Float, level_rad: NDArray[np.floating]) -> Float:
    """[n, points] light of a uniform sky above the horizons [n, points, 36], unscaled: see `sky_view`."""
    around = np.arange(BINS) * (2 * np.pi / BINS)
    a = np.cos(tilt_rad)[:, None, None]
    b = (np.sin(tilt_rad)[:, None] * np.cos(around - azimuth_rad[:, None]))[:, None, :]
    turn = np.arctan2(-b, a)
    end = np.clip(turn + np.pi, 0, np.pi / 2)
    start = np.minimum(np.maximum(level_rad, np.clip(turn, 0, np.pi / 2)), end)

    def integral(e: Float) -> Float:
        return np.asarray(a * np.sin(e) ** 2 / 2 + b * (e / 2 + np.sin(2 * e) / 4))

    return np.asarray((integral(end) - integral(start)).sum(axis=-1))


def _towards(azimuth_rad: NDArray[Any], elevation_rad: NDArray[Any]) -> Float:
    """[..., 3] unit vectors east, north, up."""
    level = np.cos(elevation_rad)
    return np.stack([level * np.sin(azimuth_rad), level * np.cos(azimuth_rad), np.sin(elevation_rad)], axis=-1)


def _halve(eye: Float, normal: Float, scene: rays.Rays) -> Float:
    """[n, 36] elevation of the horizon by halving the quarter circle; 0 where the surface does not look."""
    around = np.arange(BINS) * (2 * np.pi / BINS)
    facing = normal[:, :1] * np.sin(around) + normal[:, 1:2] * np.cos(around)
    # one bin more on either side: between bins the horizon is a straight line
    row, bin_ = np.nonzero((normal[:, 2:] > 0.05) | (facing > -np.sin(2 * np.pi / BINS)))
    azimuth = around[bin_]
    hit = scene.blocked(eye[row], _towards(azimuth, np.full(len(row), _LEVEL_RAD)))
    row, bin_, azimuth = row[hit], bin_[hit], azimuth[hit]
    low, high = np.zeros(len(row)), np.full(len(row), np.pi / 2)
    origins = eye[row].astype(np.float32)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        hit = scene.blocked(origins, _towards(azimuth, middle))
        low, high = np.where(hit, middle, low), np.where(hit, high, middle)
    found = np.zeros((len(eye), BINS))
    found[row, bin_] = (low + high) / 2
    return found


def _ground(eye: Float, land: Land, *, traced: bool) -> tuple[Float, list[Problem]]:
    """[triangle, 3, 3] ground that may stand in the way; none where it is flat or its heights cannot be true."""
    none = np.zeros((0, 3, 3))
    if not len(land) or np.ptp(land.xyz[:, 2]) < RELIEF_M:
        return none, []
    found = land.xyz[land.index]
    if not traced:
        return found, []
    buried = float(rays.Rays(found).blocked(eye, np.tile([0.0, 0.0, 1.0], (len(eye), 1))).mean())
    if buried <= BURIED:
        return found, []
    text = (f"{100 * buried:.0f} % of the buildings' surfaces lie below the ground of the files: it is left out of "
            "the shading; check that both have the same vertical datum")  # fmt: skip
    return none, [Problem("ground-buries", text)]


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
        towards = _towards(np.arange(BINS) * (2 * np.pi / BINS), np.zeros(BINS))[:, :2]
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
