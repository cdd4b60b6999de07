"""Crowns of trees before the sky: per eye and azimuth the elevation up to which a crown stands there.

A crown is a spheroid: from `BARE_TRUNK` of the tree's height to its tip, as wide as its radius says. Seen from an eye
at horizontal distance x of its axis, a vertical plane that passes the axis at p cuts an ellipse of half axes
r' = sqrt(r2 - p2) and a r'/r with its centre at (x', z); the line from the eye that touches its upper side rises by

    tan e = [x' z + sqrt(x'2 z2 - (x'2 - r'2)(z2 - a'2))] / (x'2 - r'2) .

What lies between the horizon and that line counts as crown: the gap beside a trunk is not seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.land import Land

Float = NDArray[np.float64]
BINS = 36
BARE_TRUNK = 0.25
"""Share of a tree's height below its crown (our judgement for town trees; they are pruned up to 2.5 to 4.5 m)."""
REACH_M = 60.0
"""Trees farther away do not count: a tree of 10 m stands below 10 degrees from there."""
_CHUNK = 4096


def tops(eye: Float, land: Land) -> NDArray[np.float32]:
    """[n, 36] elevation in rad of the top of the highest crown in each azimuth bin, 0 = none, from eyes [n, 3]."""
    import shapely

    best = np.zeros((len(eye), BINS), np.float32)
    if not len(land.tree_m):
        return best
    trees = shapely.STRtree(shapely.points(land.tree_m[:, :2]))
    for first in range(0, len(eye), _CHUNK):
        rows = slice(first, first + _CHUNK)
        seen, tree = trees.query(shapely.points(eye[rows, :2]), predicate="dwithin", distance=REACH_M)
        _raise(best[rows], eye[rows], seen, tree, land)
    return best


def _raise(best: NDArray[np.float32], eye: Float, seen: NDArray[np.int64], tree: NDArray[np.int64], land: Land) -> None:
    """Lift `best` [n, 36] by pairs of an eye and a tree."""
    height, radius = land.tree_height_m[tree], np.maximum(land.tree_crown_m[tree], 0.1)
    half = height * (1 - BARE_TRUNK) / 2
    east, north = (land.tree_m[tree, k] - eye[seen, k] for k in range(2))
    up = land.tree_m[tree, 2] + height - half - eye[seen, 2]
    far = np.hypot(east, north)
    above = up + half > 0
    wide = np.where(far > radius, np.arcsin(np.minimum(radius / np.maximum(far, 1e-9), 1.0)), np.pi)
    step = 2 * np.pi / BINS
    middle = np.arctan2(east, north)
    low, high = np.ceil((middle - wide) / step).astype(np.int64), np.floor((middle + wide) / step).astype(np.int64)
    number = np.where(above, np.clip(high - low + 1, 0, BINS), 0)
    pair = np.repeat(np.arange(len(tree)), number)
    k = low[pair] + np.arange(len(pair)) - np.repeat(np.cumsum(number) - number, number)
    aside = k * step - middle[pair]
    rise = _tangent(far[pair] * np.cos(aside), far[pair] * np.sin(aside), up[pair], radius[pair], half[pair])
    np.maximum.at(best, (seen[pair], k % BINS), rise.astype(np.float32))


def _tangent(along: Float, aside: Float, up: Float, radius: Float, half: Float) -> Float:
    """[n] elevation of the upper tangent at a crown `along` the view, `aside` of it, its centre `up`; pi/2 below it."""
    wide2 = np.maximum(radius**2 - aside**2, 0.0)
    tall2 = half**2 * wide2 / radius**2
    before = along**2 - wide2
    under = (before <= 0) & (up + np.sqrt(tall2) > 0)
    root = np.sqrt(np.maximum(along**2 * up**2 - before * (up**2 - tall2), 0.0))
    rise = (along * up + root) / np.maximum(before, 1e-9)
    return np.where(under, np.pi / 2, np.where((before > 0) & (wide2 > 0), np.arctan(np.maximum(rise, 0.0)), 0.0))
