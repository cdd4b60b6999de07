"""A street to stand in, found in the heights of what is drawn: open, low, houses on both sides and a view along it.

Nothing else is asked of a tileset than its faces: it may have no ground, no features, and any slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.camera import MODEL_HEADING_RAD, Camera
from app.gpu.drawn import Heights

Float = NDArray[np.float64]
_BLOCK_M = 150.0
"""Side of the square that the densest part of a town is found by."""
AROUND_M, CELL_M = 160.0, 2.0
"""The street lies so far from the middle of it at most; cells of the map of heights it is looked for in."""
_HOUSE_M, _HOUSES = 2.5, 5
"""Lowest thing that counts as built; with fewer of them it is no town."""
_GROUND = 0.7
"""What covers so much of the map is no houses alone."""
_ROOM_M2 = 50.0
"""What covers less is no house, but a tree or a lamp."""
_EYE_M = (1.8, 8.0)
"""The eye is half as high above the street as houses are, within these bounds: the street of a town of high houses is
seen from a low roof."""
_DOWN = 0.15
"""What is below a line that falls so steeply does not stand in the way."""
_PITCH_RAD = float(np.radians(3.0))
_RAYS, _SIDE = 192, 12
"""Ways in which a view is tried, and of those the ones to each side of its middle that are in the picture."""
_FAN = (np.arange(_RAYS)[:, None] + np.arange(-_SIDE, _SIDE + 1)) % _RAYS
"""[ray, ray in the picture]."""
_PLACES = 300
"""Places in which it is tried."""


def densest(heights: Heights, unit_m: float) -> Float:
    """[2] middle of the square that is built up most; of nearly equal ones the one in the middle of all."""
    from scipy import ndimage  # slow to import: only where a street is looked for

    _, built = _built(heights, unit_m)
    share = ndimage.uniform_filter(built.astype(np.float64), max(1, round(_BLOCK_M * unit_m / heights.cell_m)))
    y, x = np.mgrid[: len(built), : len(built)]
    centre = np.array([x[built].mean(), y[built].mean()]) if built.any() else np.full(2, len(built) / 2)
    share *= 1 - 0.3 * np.minimum(np.hypot(x - centre[0], y - centre[1]) / len(built), 1.0)
    row, column = np.unravel_index(int(np.argmax(share)), share.shape)
    return np.array([heights.west_m, heights.south_m]) + (np.array([column, row]) + 0.5) * heights.cell_m


def _bare(heights: Heights) -> bool:
    """Whether what is drawn has no ground of its own: then nothing is where no house is."""
    return bool(np.isfinite(heights.top_m).mean() < _GROUND)


def _built(heights: Heights, unit_m: float) -> tuple[Float, NDArray[np.bool_]]:
    """[row, column] height of the ground, -inf where nothing is near, and whether something stands on it.

    The ground is the lowest thing nearby, sloped as it is. Where houses stand on a ground it is the lowest that is
    seen from above: their cellars reach below it.
    """
    from scipy import ndimage

    wide = 2 * round(20.0 * unit_m / heights.cell_m) + 1
    seen = heights.bottom_m if _bare(heights) else np.where(np.isfinite(heights.top_m), heights.top_m, np.inf)
    low = ndimage.minimum_filter(seen, wide)
    ground = ndimage.maximum_filter(np.where(np.isfinite(low), low, -np.inf), wide)
    return ground, (heights.top_m > ground + _HOUSE_M * unit_m) & np.isfinite(ground)


def view(heights: Heights, unit_m: float) -> tuple[Camera, float] | None:
    """Where one stands in the street, or low above it, and sees along it; and how high a floor is to lie there.

    That is where the houses stand, or nowhere (-inf) for what brings a ground of its own. None: there is no street.
    """
    from scipy import ndimage

    ground, built = _built(heights, unit_m)
    house, count = ndimage.label(built)
    rows, columns = _places(heights, ground, built, unit_m)
    if count < _HOUSES or not len(rows):
        return None
    cell, n = heights.cell_m, len(built)
    around = 2 * round(3.0 * unit_m / cell) + 1
    below = np.maximum(ground, ndimage.maximum_filter(heights.top_m, around))[rows, columns]
    roof = float(np.median(heights.top_m[built] - ground[built]))
    eye_z = below + float(np.clip(roof / 2, *_EYE_M)) * unit_m
    turn = 2 * np.pi * np.arange(_RAYS) / _RAYS
    sight = np.maximum(eye_z[:, None] - _DOWN * cell * np.arange(1, n // 2 + 1), below[:, None] + 1.5 * unit_m)
    reach, met = _looked(heights.top_m, house, rows, columns, sight, turn)
    reach *= cell / unit_m
    large = np.bincount(house.ravel()) * cell**2 > _ROOM_M2 * unit_m**2
    away = np.hypot(rows - n / 2, columns - n / 2) * cell / unit_m
    score = _liked(reach, np.where(large[met], met, 0)) + 0.2 * np.cos(turn - MODEL_HEADING_RAD) - 0.002 * away[:, None]
    at, way = np.unravel_index(int(np.argmax(score)), score.shape)
    west, south = np.array([heights.west_m, heights.south_m]) + (np.array([columns[at], rows[at]]) + 0.5) * cell
    distance = float(np.clip(np.median(reach[at, _FAN[way]]), 30.0, 120.0)) * unit_m
    camera = Camera(np.array([west, south, eye_z[at]]), float(turn[way]), _PITCH_RAD, distance)
    if not _bare(heights):
        return camera, -np.inf
    return camera, min(float(np.quantile(ground[built], 0.1)), float(ground[rows[at], columns[at]]))


def _liked(reach_m: Float, met: Any) -> Float:
    """[place, ray] how good a view around this ray is: far ahead, houses at both sides, several, none too near."""
    seen, ahead = reach_m[:, _FAN], reach_m[:, _FAN[:, _SIDE - 2 : _SIDE + 3]]
    houses = np.sort(met[:, _FAN], axis=2)
    several = ((np.diff(houses, axis=2) > 0) & (houses[..., 1:] > 0)).sum(axis=2)
    score = 1.2 * np.minimum(ahead, 150.0).mean(axis=2) / 150.0 + 0.8 * ((seen > 12) & (seen < 70)).mean(axis=2)
    score += 0.6 * np.isfinite(seen).mean(axis=2) + 0.2 * np.minimum(several, 8)
    return np.asarray(score - 3 * np.clip((20 - seen) / 10, 0, 1).mean(axis=2), np.float64)


def _places(heights: Heights, ground: Float, built: NDArray[np.bool_], unit_m: float) -> tuple[Any, Any]:
    """Rows and columns of cells that are free, or the lowest roofs where none is; a few hundred, houses not far."""
    from scipy import ndimage

    n, cell = len(built), heights.cell_m / unit_m
    top = ndimage.maximum_filter(heights.top_m, 2 * round(3.0 / cell) + 1)
    y, x = np.mgrid[:n, :n]
    near = (ndimage.distance_transform_edt(~built) * cell < 40.0) & np.isfinite(ground)
    near &= np.hypot(x - n / 2, y - n / 2) * cell < 120.0
    rise = np.maximum(np.where(near, top, 0.0) - np.where(near, ground, 0.0), 0.0) / unit_m
    if not near.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows, columns = np.nonzero(near & (rise <= max(1.5, float(np.quantile(rise[near], 0.02)))))
    some = slice(None, None, 1 + len(rows) // _PLACES)
    return rows[some], columns[some]


def _looked(top_m: Float, house: Any, rows: Any, columns: Any, sight_m: Float, turn: Float) -> tuple[Float, Any]:
    """[place, ray] cells to what reaches above the line of sight, inf where nothing does, and that thing's label.

    `sight_m` [place, cell] is its height so many cells away, from 1 on.
    """
    n = len(top_m)
    far = 1 + np.arange(sight_m.shape[1])
    i = rows[:, None, None] + np.rint(np.cos(turn)[:, None] * far).astype(np.int64)
    j = columns[:, None, None] + np.rint(np.sin(turn)[:, None] * far).astype(np.int64)
    inside = (i >= 0) & (i < n) & (j >= 0) & (j < n)
    i, j = i.clip(0, n - 1), j.clip(0, n - 1)
    hit = inside & (top_m[i, j] > sight_m[:, None])
    first = hit.argmax(axis=2)[..., None]
    struck = hit.any(axis=2)
    label = house[np.take_along_axis(i, first, 2), np.take_along_axis(j, first, 2)][..., 0]
    return np.where(struck, far[first[..., 0]].astype(np.float64), np.inf), np.where(struck, label, 0)
