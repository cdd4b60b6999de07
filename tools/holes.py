"""What a viewer of tiles must never see, counted from what was drawn: gaps, and detail that goes without reason.

Every leaf of the tree stands for nine pieces of the picture. In a frame that has one in view, the leaf or an ancestor
must be drawn, else there is a hole. From one frame to the next a piece may get coarser only if the coarser tile's error
on the screen keeps to the limit in force; else detail vanished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """A frame: the eye, the rows that were drawn, and the error limit in force [px]."""

    eye: Any
    rows: Rows
    limit_px: float


@dataclass(frozen=True)
class Found:
    """Pieces of the picture, summed over the frames."""

    looked: int = 0
    """Pieces in view."""
    holes: int = 0
    vanished: int = 0


def count(tiles: Any, frames: list[Drawn]) -> Found:
    """Faults of a flight over a tree of REPLACE tiles that stays as it is; frames in order."""
    leaves, points = pieces(tiles)
    looked = holes = vanished = 0
    before, saw = np.full(len(leaves), -1), np.zeros(len(leaves), bool)
    for frame in frames:
        cover = _cover(tiles, leaves, frame.rows)
        seen = in_view(points, frame.eye)
        looked += int(seen.sum())
        holes += int((seen & (cover < 0)).sum())
        coarser = np.flatnonzero(seen & saw & (before >= 0) & (cover >= 0) & (cover != before)
                                 & (tiles.level[cover] < tiles.level[before]))  # fmt: skip
        if len(coarser):
            vanished += int((~_enough(tiles, frame, tiles.parent[before[coarser]])).sum())
        before, saw = cover, seen
    return Found(looked, holes, vanished)


def pieces(tiles: Any) -> tuple[Rows, NDArray[np.float64]]:
    """Leaf and middle [piece, 3] of every piece: three by three of each leaf's box in plan."""
    leaves = np.flatnonzero(~tiles.has_children & tiles.has_content)
    third = np.array([(x, y, 0.0) for x in (-2 / 3, 0, 2 / 3) for y in (-2 / 3, 0, 2 / 3)])
    points = tiles.centre_m[leaves][:, None] + third * tiles.half_m[leaves][:, None]
    return np.repeat(leaves, len(third)), points.reshape(-1, 3)


def in_view(points: NDArray[np.float64], eye: Any) -> NDArray[np.bool_]:
    """[point] inside the view's planes."""
    return np.asarray((np.c_[points, np.ones(len(points))] @ eye.planes.T >= 0).all(axis=1))


def _cover(tiles: Any, leaves: Rows, drawn: Rows) -> Rows:
    """[leaf] the drawn tile that covers it, itself or its nearest drawn ancestor; -1: none."""
    stands = np.zeros(len(tiles), bool)
    stands[drawn] = True
    at = leaves.copy()
    while (on := np.flatnonzero((at >= 0) & ~stands[at])).size:
        at[on] = tiles.parent[at[on]]
    return at


def _enough(tiles: Any, frame: Drawn, rows: Rows) -> NDArray[np.bool_]:
    """[row] whether the tile's error keeps to the limit there; the nearest coarser tile is the strictest to ask."""
    from app.tiles.eye import distance_m, haze_1_m, screen_error_px

    away, haze = distance_m(tiles, frame.eye, rows), haze_1_m(tiles, frame.eye)
    return np.asarray(screen_error_px(tiles.geometric_error_m[rows], frame.eye, away, haze) <= frame.limit_px)
