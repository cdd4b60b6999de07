"""Which tiles to draw and which to load: screen-space error over the node table, in array passes, without holes.

A node is refined while its error on the screen exceeds the limit. A REPLACE node gives way only when every child in
view can be drawn (cesium-native calls the opposite "kicking"); until then it stays. A node that is wanted but not
there lets its loaded descendants stand (so zooming out never blinks). A failed tile counts as drawn: nothing waits.
Source: 3D Tiles 1.1 section 6.7 (geometric error), cesium-native's selection rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.tiles.tileset import Tileset

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]

LIMIT_PX = 16.0
"""Largest error on the screen before a node is refined (the default of all engines)."""


@dataclass(frozen=True)
class Eye:
    """What selection needs of a camera: place, view planes and resolution."""

    position_m: Float
    """[3] world."""
    planes: Float
    """[k, 4] inward normals and offsets: inside where planes @ (x, y, z, 1) >= 0."""
    height_px: float
    fov_y_rad: float


@dataclass(frozen=True)
class Selection:
    """Rows of the node table."""

    draw: NDArray[np.int64]
    load: NDArray[np.int64]
    """Most urgent first."""


def screen_error_px(tiles: Tileset, eye: Eye) -> Float:
    """Error of each node on the screen; inside a volume it is infinite."""
    distance = np.linalg.norm(tiles.centre_m - eye.position_m, axis=1) - tiles.radius_m
    scale = eye.height_px / (2 * np.tan(eye.fov_y_rad / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(distance > 0, tiles.geometric_error_m * scale / distance, np.inf)
    return np.where(tiles.geometric_error_m > 0, error, 0.0)


def in_view(tiles: Tileset, eye: Eye) -> Bool:
    """Nodes whose sphere touches the view."""
    side = tiles.centre_m @ eye.planes[:, :3].T + eye.planes[:, 3]
    return np.asarray((side > -tiles.radius_m[:, None]).all(axis=1))


def select(tiles: Tileset, eye: Eye, *, ready: Bool, failed: Bool, limit_px: float = LIMIT_PX) -> Selection:
    """Draw and load lists of this frame; `ready`: decoded and attached, `failed`: never will be."""
    content, inner = tiles.has_content, tiles.has_children
    error, seen = screen_error_px(tiles, eye), in_view(tiles, eye)
    refine = inner & ((error > limit_px) | ~content)
    levels = tiles.levels
    reached = np.zeros(len(tiles), bool)
    reached[tiles.parent < 0] = True
    reached &= seen
    for rows in levels[1:]:
        above = tiles.parent[rows]
        reached[rows] = reached[above] & refine[above] & seen[rows]

    # Bottom up: can a node's place on the screen be filled, by itself or by its children in view?
    filled = ready | failed | ~content
    whole = np.ones(len(tiles), bool)
    for rows in reversed(levels[1:]):
        covered = np.where(refine[rows] & whole[rows], True, filled[rows])
        short = rows[reached[rows] & ~covered]
        whole[tiles.parent[short]] = False
    give_way = refine & (whole | ~tiles.replace)

    # Top down: draw what stands; where a node is wanted but absent, let loaded descendants stand instead.
    active = (tiles.parent < 0) & seen
    wanted = np.zeros(len(tiles), bool)
    draw = np.zeros(len(tiles), bool)
    through = np.zeros(len(tiles), bool)
    for rows in levels:
        if rows[0] != 0:
            above = tiles.parent[rows]
            active[rows] = active[above] & through[above] & seen[rows]
        a = active[rows]
        stand = a & ready[rows] & (~give_way[rows] | ~tiles.replace[rows])
        draw[rows] = stand
        through[rows] = a & inner[rows] & (give_way[rows] | ~ready[rows])
    wanted |= reached & content & ~ready & ~failed & (~refine | ~tiles.replace)
    load = np.flatnonzero(wanted)
    near = np.linalg.norm(tiles.centre_m[load] - eye.position_m, axis=1) - tiles.radius_m[load]
    return Selection(draw=np.flatnonzero(draw), load=load[np.argsort(near, kind="stable")])
