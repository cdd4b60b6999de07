"""A plain ground under the buildings: a smooth height field through their foot points, flat beyond the district.

Cities stand on ground that is not quite flat; one plane would leave houses floating or sunk. The field is a
distance-weighted mean of the feet (Shepard 1968) on a coarse grid, faded to the typical height outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

MARGIN_M = 90.0
_GRID = 48


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

    def grid(self, x_m: Float, y_m: Float) -> NDArray[np.float32]:
        """[y, x] the same for all crossings of the axes `x_m` and `y_m`: first along rows, then between them."""
        n = len(self.z_m) - 1
        u = np.clip((x_m - self.west_m) / self.size_m * n, 0, n - 1e-9)
        v = np.clip((y_m - self.south_m) / self.size_m * n, 0, n - 1e-9)
        i, j = u.astype(int), v.astype(int)
        a, b = u - i, (v - j)[:, None]
        rows = (self.z_m[:, i] * (1 - a) + self.z_m[:, i + 1] * a).astype(np.float32)
        b = b.astype(np.float32)
        return rows[j] * (1 - b) + rows[j + 1] * b


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
    near = d2 + 15.0**2
    w = 1.0 / (near * np.sqrt(near))
    far = 1.0 / (d2.min(axis=1) + 150.0**2) ** 1.5
    z = (w @ feet[:, 2] + far * ground_m * 8) / (w.sum(axis=1) + far * 8)
    z = z.reshape(_GRID, _GRID)
    side = np.minimum(axis, size - axis)
    edge = np.minimum(side[None, :], side[:, None])
    fade = np.clip(edge / (MARGIN_M * 0.8), 0, 1)
    return Terrain(x0, y0, size, ground_m, z * fade + ground_m * (1 - fade))
