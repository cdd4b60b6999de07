"""What stands on the ground, as maps: heights blurred for shade between buildings, and the plain under the land.

The occlusion map holds heights of buildings (and of trees, at 45 %, in its middle channel) blurred by 2.4, 7 and 20 m:
one look-up darkens courtyards, alleys and wall feet, without a render pass. What they mean for the ground itself is
worked out here. The plate map is the height of the plain
ground beyond and beneath the land that tiles bring: below it, level with it at its border, fading to the district's
typical height outside. Both are made again only when tiles came, on a thread of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.terrain import Float, Terrain

MAP_SIZE = 1024
HEIGHT_SCALE_M = 512.0
"""Height above `Relief.floor_m` that the occlusion map calls 1: 8 mm a step."""
PLATE_SIZE = 192
PLATE_REACH = 3.0
"""Side of the plate map in sides of the terrain."""
_SIGMAS_M = (2.4, 7.0, 20.0)
_WEIGHTS_1_M = np.array([0.16, 0.11, 0.09], np.float32)
_SHARES = np.array([0.55, 0.45, 0.38], np.float32)
"""Openness of ground is 1 / (1 + k + 0.6 k2) with k the shares of the weighted heights: as in common.glsl, but at the
ground itself, so that a pixel of it costs one byte and no sums."""
_SAMPLES_PER_CELL = 2.5
_MOST_SAMPLES = 300_000
_GOLDEN = (np.uint32(3242174889), np.uint32(2447445414))
"""0.7548776662466927 and 0.5698402909980532 of 2^32."""
_TREE_SHARE = 0.45
_SINK_M, _DIP_M = 0.12, 1.6
"""The plain lies a hand below feet and land's border, and well below land."""
_BELOW_M = 8.0


@dataclass(frozen=True)
class Shade:
    """Finished maps."""

    heights: NDArray[np.uint16]
    """[MAP_SIZE, MAP_SIZE, 3] blurred heights above `floor_m`, 65535 = HEIGHT_SCALE_M; row = north, blue first."""
    ground: NDArray[np.uint8]
    """[MAP_SIZE, MAP_SIZE, 2] openness of the ground (255 = free) and how densely it is built (255 = a town)."""
    plate_m: NDArray[np.float32]
    """[PLATE_SIZE, PLATE_SIZE] height of the plain above `floor_m`."""


class Relief:
    """Gathers roofs, trees and land tile by tile; the drawing thread only collects the maps."""

    def __init__(self, ground: Terrain) -> None:
        self.ground = ground
        self.floor_m = float(min(ground.z_m.min(), ground.ground_m)) - _BELOW_M
        self.plate_west_m = ground.west_m - (PLATE_REACH - 1) / 2 * ground.size_m
        self.plate_south_m = ground.south_m - (PLATE_REACH - 1) / 2 * ground.size_m
        self.plate_size_m = PLATE_REACH * ground.size_m
        self._base = _sampled(ground, ground.west_m, ground.south_m, ground.size_m, MAP_SIZE)
        self._top = np.full_like(self._base, -np.inf)
        self._trees = np.full_like(self._base, -np.inf)
        self._plain = _sampled(ground, self.plate_west_m, self.plate_south_m, self.plate_size_m, PLATE_SIZE)
        self._land = np.full_like(self._plain, np.inf)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="relief")
        self._waiting: list[tuple[str, Callable[[], Float]]] = []
        """What came, each worked out on the thread: a tile's corners take longer than the drawing thread has."""
        self._job: Future[Shade] | None = None

    @property
    def pending(self) -> bool:
        """Whether newer maps are on their way."""
        return bool(self._waiting) or self._job is not None

    def add(
        self, position: NDArray[np.float32], roofs: NDArray[np.uint32], world: Float, *, land: bool = False
    ) -> None:
        """Roofs (or land) of a tile: vertices [n, 3], triangle corners [3 t] and the matrix world from vertices."""
        if len(roofs):
            self._waiting.append(("land" if land else "roof", partial(_corners, position, roofs, world)))

    def plant(self, foot_m: Float, height_m: Float, crown_m: Float) -> None:
        """Trees at `foot_m` [n, 3] in the world, heights and radii of crowns [n]."""
        if len(foot_m):
            trees = np.c_[foot_m, height_m, crown_m].astype(np.float64)
            self._waiting.append(("tree", lambda: trees))

    def newest(self) -> Shade | None:
        """Finished maps that were not collected yet; begins the next ones when tiles came."""
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

    def bare(self) -> Shade:
        """The maps of plain ground, before any tile: nothing on it shades."""
        height = (self._base - self.floor_m) * (65535.0 / HEIGHT_SCALE_M) + 0.5
        texels = np.repeat(np.clip(height, 0, 65535).astype(np.uint16)[:, :, None], 3, axis=2)
        ground = np.zeros((MAP_SIZE, MAP_SIZE, 2), np.uint8)
        ground[:, :, 0] = 255
        return Shade(texels, ground, (self.plate() - self.floor_m).astype(np.float32))

    def maps(self) -> Shade:
        """The maps of what was gathered so far."""
        blurred = self.blurred()
        texels = np.clip(blurred * 65535.0 + 0.5, 0, 65535).astype(np.uint16)[:, :, ::-1]
        over = blurred * HEIGHT_SCALE_M - (self._base - self.floor_m)[:, :, None]
        k = np.clip(over * _WEIGHTS_1_M, 0.0, 1.0) @ _SHARES
        ground = np.stack([1.0 / (1.0 + k + 0.6 * k * k), np.clip((over[:, :, 2] - 0.2) / 3.0, 0.0, 1.0)], axis=2)
        plate = (self.plate() - self.floor_m).astype(np.float32)
        return Shade(np.ascontiguousarray(texels), (ground * 255 + 0.5).astype(np.uint8), plate)

    def blurred(self) -> NDArray[np.float32]:
        """[size, size, 3] heights above `floor_m` / 512 m, blurred by 2.4, 7 and 20 m."""
        solid = np.maximum(self._base, self._top)
        leafy = np.maximum(solid, self._base + _TREE_SHARE * np.maximum(self._trees - self._base, 0.0))
        step = self.ground.size_m / MAP_SIZE
        out = np.empty((MAP_SIZE, MAP_SIZE, 3), np.float32)
        for k, (height, sigma) in enumerate(zip((solid, leafy, solid), _SIGMAS_M, strict=True)):
            out[:, :, k] = _blur((height - self.floor_m) / HEIGHT_SCALE_M, sigma / step)
        return out

    def plate(self) -> NDArray[np.float32]:
        """[size, size] height of the plain: under the land, level with its border, fading to the plain's own."""
        there = np.isfinite(self._land)
        if not there.any():
            return self._plain - _SINK_M
        known = there.astype(np.float32)
        height = np.where(there, self._land, 0.0)
        weight = _blur(known, 3.0)
        near = _blur(height, 3.0) / np.maximum(weight, 1e-4)
        trust = np.clip(_blur(known, 8.0) * 6.0, 0.0, 1.0) * (weight > 2e-3)
        outside = self._plain + trust * (near - self._plain)
        low = _lowest(np.where(there, self._land, outside))
        inner = -_lowest(-_lowest(known)) > 0.5  # a cell within the border still counts as border
        inner &= _lowest(known) > 0.5
        plate = np.where(inner, low - _DIP_M, np.where(there, low, outside) - _SINK_M)
        return plate.astype(np.float32)

    def _make(self, work: list[tuple[str, Callable[[], Float]]]) -> Shade:
        g = self.ground
        for kind, came in work:
            what = came()
            if kind == "tree":
                self._grow(what)
            elif kind == "roof":
                _scatter(what, self._top, g.west_m, g.south_m, g.size_m, np.maximum)
            else:
                fresh = np.full_like(self._base, -np.inf)
                _scatter(what, fresh, g.west_m, g.south_m, g.size_m, np.maximum)
                self._base = np.where(np.isfinite(fresh), fresh, self._base)
                _scatter(what, self._land, self.plate_west_m, self.plate_south_m, self.plate_size_m, np.minimum)
        return self.maps()

    def _grow(self, trees: Float) -> None:
        """Crowns as discs of points, highest wins."""
        turn = np.arange(13) * 2.399963  # golden angle: even cover of a disc
        reach = np.sqrt((np.arange(13) + 0.5) / 13)
        x = trees[:, 0, None] + trees[:, 4, None] * reach * np.cos(turn)
        y = trees[:, 1, None] + trees[:, 4, None] * reach * np.sin(turn)
        z = np.repeat(trees[:, 2] + trees[:, 3], 13)
        points = np.c_[x.ravel(), y.ravel(), z]
        _put(points, self._trees, self.ground.west_m, self.ground.south_m, self.ground.size_m, np.maximum)


def _corners(position: NDArray[np.float32], index: NDArray[np.uint32], world: Float) -> Float:
    """[triangle, 3, 3] corners in the world."""
    return np.asarray(position[index].astype(np.float64) @ world[:3, :3].T + world[:3, 3]).reshape(-1, 3, 3)


def _sampled(ground: Terrain, west: float, south: float, size: float, count: int) -> NDArray[np.float32]:
    """The terrain on a grid of `count` cells a side."""
    axis = (np.arange(count) + 0.5) / count * size
    return ground.grid(west + axis, south + axis)


def _scatter(
    corners_m: Float, target: NDArray[np.float32], west: float, south: float, size: float, keep: np.ufunc
) -> None:
    """Triangles [t, 3, 3] in world metres as points on a grid; `keep` chooses between heights in one cell."""
    low, high = corners_m[:, :, :2].min(axis=1), corners_m[:, :, :2].max(axis=1)
    origin = np.array([west, south])
    corners_m = corners_m[((high > origin) & (low < origin + size)).all(axis=1)]
    a, b, c = corners_m[:, 0], corners_m[:, 1], corners_m[:, 2]
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    cell_m = size / len(target)
    count = np.minimum(np.ceil(area / cell_m**2 * _SAMPLES_PER_CELL).astype(int) + 1, _MOST_SAMPLES)
    which = np.repeat(np.arange(len(count)), count)
    k = np.arange(len(which), dtype=np.uint32)
    # A two-dimensional golden-ratio sequence: even cover without random numbers (Roberts 2018). Whole numbers of
    # 32 bits wrap by themselves; all that follows is of that width, for a large triangle has millions of points.
    u, v = ((k * step + np.uint32(2**31)).astype(np.float32) * np.float32(2.0**-32) for step in _GOLDEN)
    flip = u + v > 1
    np.subtract(1, u, out=u, where=flip)
    np.subtract(1, v, out=v, where=flip)
    start = (corners_m - [west, south, 0.0]) / [cell_m, cell_m, 1.0]
    x, y, z = (
        np.take(c[0], which) + u * np.take(c[1] - c[0], which) + v * np.take(c[2] - c[0], which)
        for c in start.astype(np.float32).transpose(2, 1, 0)
    )
    _keep(x, y, z, target, keep)


def _put(
    points: Float, target: NDArray[np.float32], west: float, south: float, size: float, keep: np.ufunc
) -> None:
    cell_m = size / len(target)
    x, y = (points[:, 0] - west) / cell_m, (points[:, 1] - south) / cell_m
    _keep(x, y, points[:, 2].astype(np.float32), target, keep)


def _keep(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[np.float32], target: NDArray[np.float32], keep: np.ufunc
) -> None:
    """Heights `z` into the cells of `target` at columns x, rows y (in cells)."""
    n = len(target)
    inside = (x >= 0) & (y >= 0) & (x < n) & (y < n)
    if not inside.all():
        x, y, z = x[inside], y[inside], z[inside]
    keep.at(target.reshape(-1), y.astype(np.intp) * n + x.astype(np.intp), z)


def _blur(field: NDArray[np.float32], sigma_cells: float) -> NDArray[np.float32]:
    """Gaussian blur with mirrored borders."""
    n = len(field)
    pad = min(int(3 * sigma_cells) + 1, n - 1)
    wide = np.pad(field, pad, mode="edge")
    f = np.fft.fftfreq(len(wide))[:, None] ** 2 + np.fft.rfftfreq(len(wide))[None, :] ** 2
    spectrum = np.fft.rfft2(wide) * np.exp(-2 * (np.pi * sigma_cells) ** 2 * f)
    out = np.fft.irfft2(spectrum, s=wide.shape)[pad : pad + n, pad : pad + n]
    return out.astype(np.float32)


def _lowest(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least of each cell and its eight neighbours."""
    wide = np.pad(field, 1, mode="edge")
    n = len(field)
    rows = np.minimum(np.minimum(wide[:-2], wide[1:-1]), wide[2:])
    return np.minimum(np.minimum(rows[:, :n], rows[:, 1 : n + 1]), rows[:, 2:])
