"""A plain ground under the buildings: a smooth height field through their foot points, flat beyond the district.

Cities stand on ground that is not quite flat; one plane would leave houses floating or sunk. The field is a
distance-weighted mean of the feet (Shepard 1968) on a coarse grid, faded to the typical height outside.
It also carries the occlusion map: building heights blurred three times, which darkens courtyards, alleys and
wall feet without a render pass.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

MARGIN_M = 90.0
MAP_SIZE = 512
HEIGHT_SCALE_M = 64.0
"""Height that the occlusion map calls 1."""
_SIGMAS_M = (2.4, 7.0, 20.0)
_GRID = 48
_SAMPLES_PER_CELL = 2.5


@dataclass(frozen=True)
class Terrain:
    """Ground heights on a regular grid over the district."""

    west_m: float
    south_m: float
    size_m: float
    """Side of the square the grid covers."""
    ground_m: float
    """Height beyond it."""
    z_m: Float
    """[grid, grid] row = north."""

    def at(self, x_m: Float, y_m: Float) -> Float:
        """Ground height by bilinear interpolation."""
        n = len(self.z_m) - 1
        u = np.clip((np.asarray(x_m) - self.west_m) / self.size_m * n, 0, n - 1e-9)
        v = np.clip((np.asarray(y_m) - self.south_m) / self.size_m * n, 0, n - 1e-9)
        i, j = u.astype(int), v.astype(int)
        a, b, z = u - i, v - j, self.z_m
        return (z[j, i] * (1 - a) + z[j, i + 1] * a) * (1 - b) + (z[j + 1, i] * (1 - a) + z[j + 1, i + 1] * a) * b


def terrain(feet_m: Float, extent_m: tuple[float, float, float, float], ground_m: float) -> Terrain:
    """Height field through `feet_m` [n, 3]."""
    west, south, east, north = extent_m
    size = max(east - west, north - south) + 2 * MARGIN_M
    x0, y0 = (west + east) / 2 - size / 2, (south + north) / 2 - size / 2
    if len(feet_m) == 0:
        return Terrain(x0, y0, size, ground_m, np.full((2, 2), ground_m))
    axis = np.linspace(0, size, _GRID)
    gx, gy = np.meshgrid(x0 + axis, y0 + axis)
    feet = np.asarray(feet_m, np.float64)
    d2 = (gx.ravel()[:, None] - feet[None, :, 0]) ** 2 + (gy.ravel()[:, None] - feet[None, :, 1]) ** 2
    w = 1.0 / (d2 + 15.0**2) ** 1.5
    far = 1.0 / (d2.min(axis=1) + 150.0**2) ** 1.5
    z = (w @ feet[:, 2] + far * ground_m * 8) / (w.sum(axis=1) + far * 8)
    z = z.reshape(_GRID, _GRID)
    side = np.minimum(axis, size - axis)
    edge = np.minimum(side[None, :], side[:, None])
    fade = np.clip(edge / (MARGIN_M * 0.8), 0, 1)
    return Terrain(x0, y0, size, ground_m, z * fade + ground_m * (1 - fade))


class Relief:
    """Heights of what stands on the ground, gathered tile by tile and blurred into the occlusion map.

    The work (scattering roofs, three blurs) runs on a thread of its own; the drawing thread only collects the map.
    """

    def __init__(self, ground: Terrain) -> None:
        self.ground = ground
        axis = (np.arange(MAP_SIZE) + 0.5) / MAP_SIZE * ground.size_m
        gx, gy = np.meshgrid(ground.west_m + axis, ground.south_m + axis)
        self._top = ground.at(gx, gy).astype(np.float32)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="relief")
        self._waiting: list[tuple[Float, Float]] = []
        self._job: Future[NDArray[np.float32]] | None = None

    @property
    def pending(self) -> bool:
        """Whether a newer map is on its way."""
        return bool(self._waiting) or self._job is not None

    def add(self, position: NDArray[np.float32], roofs: NDArray[np.uint32], world: Float) -> None:
        """Roofs of a tile: vertices [n, 3], triangle corners [3 t] and the matrix world from vertices."""
        if len(roofs):
            self._waiting.append((position[roofs].astype(np.float64), world))

    def newest(self) -> NDArray[np.float32] | None:
        """A finished map [size, size, 3] that was not collected yet; begins the next one when tiles came."""
        done = None
        if self._job is not None and self._job.done():
            done, self._job = self._job.result(), None
        if self._job is None and self._waiting:
            work, self._waiting = self._waiting, []
            self._job = self._worker.submit(self._make, work)
        return done

    def close(self) -> None:
        """End the thread."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _make(self, work: list[tuple[Float, Float]]) -> NDArray[np.float32]:
        for corners, world in work:
            self._scatter((corners @ world[:3, :3].T + world[:3, 3]).reshape(-1, 3, 3))
        return self.blurred()

    def _scatter(self, corners_m: Float) -> None:
        """Roof triangles [t, 3, 3] in world metres as points, highest wins."""
        a, b, c = corners_m[:, 0], corners_m[:, 1], corners_m[:, 2]
        area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
        cell = (self.ground.size_m / MAP_SIZE) ** 2
        count = np.minimum(np.ceil(area / cell * _SAMPLES_PER_CELL).astype(int) + 1, 20000)
        which = np.repeat(np.arange(len(count)), count)
        k = np.arange(len(which))
        # A two-dimensional golden-ratio sequence: even cover without random numbers (Roberts 2018).
        u, v = (0.5 + k * 0.7548776662466927) % 1, (0.5 + k * 0.5698402909980532) % 1
        flip = u + v > 1
        u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
        p = a[which] + u[:, None] * (b - a)[which] + v[:, None] * (c - a)[which]
        i = ((p[:, 0] - self.ground.west_m) / self.ground.size_m * MAP_SIZE).astype(int)
        j = ((p[:, 1] - self.ground.south_m) / self.ground.size_m * MAP_SIZE).astype(int)
        inside = (i >= 0) & (j >= 0) & (i < MAP_SIZE) & (j < MAP_SIZE)
        np.maximum.at(self._top, (j[inside], i[inside]), p[inside, 2].astype(np.float32))

    def blurred(self) -> NDArray[np.float32]:
        """[size, size, 3] heights above `ground_m` / 64 m, blurred by 2.4, 7 and 20 m."""
        height = (self._top - self.ground.ground_m) / HEIGHT_SCALE_M
        spectrum = np.fft.rfft2(height)
        step = self.ground.size_m / MAP_SIZE
        fy = np.fft.fftfreq(MAP_SIZE, step)[:, None]
        fx = np.fft.rfftfreq(MAP_SIZE, step)[None, :]
        f2 = fx**2 + fy**2
        out = np.empty((MAP_SIZE, MAP_SIZE, 3), np.float32)
        for k, sigma in enumerate(_SIGMAS_M):
            out[:, :, k] = np.fft.irfft2(spectrum * np.exp(-2 * (np.pi * sigma) ** 2 * f2), s=height.shape)
        return out
