"""What an eye sees of volumes: inside its view or not, how far away, and how large their error is on its screen.

Sources: 3D Tiles 1.1 section 6.7 (geometric error on the screen); the relaxation towards the horizon is the dynamic
screen-space error of CesiumJS (its documentation of dynamicScreenSpaceError), with its default figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.tiles.tree.table import Tileset

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]
Rows = NDArray[np.int64]

HAZE_DENSITY_1_M, HAZE_PX, HAZE_FALLOFF = 2e-4, 24.0, 0.25
"""Relaxation at the horizon: density, most pixels of error that it takes away, share of the scene's height below which
it is full."""
_TOUCHING_M = 1e-9
_ONES = np.ones(3)
_MANY = 4096
"""Of more volumes than this each plane sorts out those that the next need not look at."""


@dataclass(frozen=True)
class Eye:
    """What selection needs of a camera: place, view planes and resolution."""

    position_m: Float
    """[3] world."""
    planes: Float
    """[k, 4] inward normals and offsets: inside where planes @ (x, y, z, 1) >= 0."""
    height_px: float
    fov_y_rad: float

    @cached_property
    def forward(self) -> Float:
        """Middle of the view: the planes of a symmetric view lean evenly to it; zeros where they say nothing."""
        middle = self.planes[:, :3].sum(axis=0)
        length = float(np.linalg.norm(middle))
        return np.asarray(middle / length if length > 1e-9 else np.zeros(3))

    @cached_property
    def scale_px(self) -> float:
        """Pixels of a metre at a distance of one metre."""
        return float(self.height_px / (2 * np.tan(self.fov_y_rad / 2)))

    def moved(self, by_m: Float) -> Eye:
        """The same view from a place `by_m` [3] further on."""
        planes = self.planes.copy()
        planes[:, 3] -= planes[:, :3] @ by_m
        return replace(self, position_m=self.position_m + by_m, planes=planes)

    def same(self, other: Eye) -> bool:
        """Whether it sees the same."""
        return (
            np.array_equal(self.position_m, other.position_m) and np.array_equal(self.planes, other.planes)
            and self.height_px == other.height_px and self.fov_y_rad == other.fov_y_rad
        )  # fmt: skip


def distance_m(tiles: Tileset, eye: Eye, rows: Rows | slice = slice(None)) -> Float:
    """[row] distance of the eye from each volume (sphere and box both bound it), at most 0 inside."""
    off = _of(tiles.centre_m, rows) - eye.position_m
    out = np.maximum(np.abs(off) - _of(tiles.half_m, rows), 0.0)
    return np.asarray(np.maximum(_length(off) - tiles.radius_m[rows], _length(out)))


def in_view(tiles: Tileset, eye: Eye, rows: Rows | slice = slice(None), *, wider_rad: float = 0.0) -> Bool:
    """[row] volumes that touch the view, opened by `wider_rad` on every side."""
    if not isinstance(rows, slice) and len(rows) > _MANY and not wider_rad:
        return _many_in_view(tiles, eye, rows)
    normal = eye.planes[:, :3]
    centre = _of(tiles.centre_m, rows)
    side = centre @ normal.T + eye.planes[:, 3]
    reach = np.minimum(_of(tiles.half_m, rows) @ np.abs(normal).T, tiles.radius_m[rows][:, None])
    if wider_rad:
        off = centre - eye.position_m
        reach += np.sin(wider_rad) * _length(off)[:, None]
    return np.asarray((side >= -reach).all(axis=1))


def _many_in_view(tiles: Tileset, eye: Eye, rows: Rows) -> Bool:
    left = np.arange(len(rows))
    for plane in eye.planes:
        at = rows[left]
        reach = np.minimum(tiles.half_m.take(at, axis=0) @ np.abs(plane[:3]), tiles.radius_m[at])
        left = left[tiles.centre_m.take(at, axis=0) @ plane[:3] + plane[3] >= -reach]
    seen = np.zeros(len(rows), bool)
    seen[left] = True
    return seen


def admitted(tiles: Tileset, eye: Eye, rows: Rows) -> Bool:
    """[row] nodes that may be considered: without a viewer request volume, or with the eye inside it."""
    off = np.abs(eye.position_m - tiles.request_centre_m[rows])
    return np.asarray(~tiles.has_request[rows] | (off <= tiles.request_half_m[rows]).all(axis=1))


def screen_error_px(error_m: Float, eye: Eye, distance: Float, haze_1_m: float = 0.0) -> Float:
    """Error on the screen of `error_m` metres at `distance` metres: error x scale / distance, without end inside.

    Far away and near the horizon haze takes (1 - exp(-(distance x haze)^2)) x HAZE_PX from it.
    """
    away = np.maximum(distance, _TOUCHING_M)
    error = error_m * (eye.scale_px / away)
    if haze_1_m > 0:
        error += HAZE_PX * np.expm1(-((away * haze_1_m) ** 2))
    return np.asarray(error)


def haze_1_m(tiles: Tileset, eye: Eye) -> float:
    """Density of the haze for this eye: full while it looks along the ground from low in the scene, none from above.

    density x (1 - |forward . up|) x (1 - t), t from 0 at HAZE_FALLOFF of the scene's height to 1 at its top.
    """
    forward, height, half = eye.forward, float(eye.position_m[2]), float(tiles.half_m[0, 2])
    if not forward.any() or not half > 0:
        return 0.0
    low, high = float(tiles.centre_m[0, 2]) - half, float(tiles.centre_m[0, 2]) + half
    begin = low + (high - low) * HAZE_FALLOFF
    t = float(np.clip((height - begin) / (high - begin), 0.0, 1.0))
    return HAZE_DENSITY_1_M * (1.0 - abs(float(forward[2]))) * (1.0 - t)


def aside_m(tiles: Tileset, eye: Eye, rows: Rows, distance: Float) -> Float:
    """[row] how far from what is looked at: (1 - cos of the angle to the middle of the view) x distance."""
    forward = eye.forward
    off = _of(tiles.centre_m, rows) - eye.position_m
    length = _length(off)
    cosine = np.divide(off @ forward, length, out=np.zeros(len(off)), where=length > 0)
    return np.asarray((1.0 - cosine) * np.maximum(distance, 0.0))


def _of(vectors: Float, rows: Rows | slice) -> Float:
    """[row, 3] of some rows; `take` gathers them several times faster than an index does."""
    return vectors[rows] if isinstance(rows, slice) else vectors.take(rows, axis=0)


def _length(vectors: Float) -> Float:
    """[row] of [row, 3]."""
    return np.asarray(np.sqrt((vectors * vectors) @ _ONES))
