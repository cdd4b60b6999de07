"""Which tiles to draw and which to load: screen-space error over the node table, in array passes, without holes.

A node is refined while its error on the screen exceeds the limit. A REPLACE node gives way only when all its children
can be drawn, those out of view too (a turn of the head must not show a gap): until then it stays, and cesium-native
calls that "kicking". Tiles come from the root downwards, so an ancestor of what is drawn is always there to step in
when the eye draws back ("ancestor meets SSE"); where one is missing all the same, its loaded descendants stand. In
place of a failed tile its parent stays; a failed parent is like one without content, and so is a failed child of many.
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
    keep: Bool
    """[node] what this view rests on: drawn, an ancestor of it, or a sibling that it waits for."""


FEW = 8
"""A node with more children waits only for those in view: a flat tileset is not loaded whole for one of its tiles."""


def distance_m(tiles: Tileset, eye: Eye) -> Float:
    """[node] distance of the eye from each volume (sphere and box both bound it), at most 0 inside."""
    off = tiles.centre_m - eye.position_m
    to_sphere = np.linalg.norm(off, axis=1) - tiles.radius_m
    to_box = np.linalg.norm(np.maximum(np.abs(off) - tiles.half_m, 0.0), axis=1)
    return np.asarray(np.maximum(to_sphere, to_box))


def screen_error_px(tiles: Tileset, eye: Eye, distance: Float) -> Float:
    """Error of each node on the screen from `distance` metres; inside a volume it is infinite."""
    scale = eye.height_px / (2 * np.tan(eye.fov_y_rad / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(distance > 0, tiles.geometric_error_m * scale / distance, np.inf)
    return np.where(tiles.geometric_error_m > 0, error, 0.0)


def in_view(tiles: Tileset, eye: Eye) -> Bool:
    """Nodes whose volume touches the view."""
    normal = eye.planes[:, :3]
    side = tiles.centre_m @ normal.T + eye.planes[:, 3]
    reach = np.minimum(tiles.half_m @ np.abs(normal).T, tiles.radius_m[:, None])
    return np.asarray((side >= -reach).all(axis=1))


def select(tiles: Tileset, eye: Eye, *, ready: Bool, failed: Bool, limit_px: float = LIMIT_PX) -> Selection:
    """Draw and load lists of this frame; `ready`: decoded and attached, `failed`: never will be."""
    inner, seen, away = tiles.has_children, in_view(tiles, eye), distance_m(tiles, eye)
    content = tiles.has_content & ~failed
    refine = inner & seen & ((screen_error_px(tiles, eye, away) > limit_px) | ~content)
    strict = content & tiles.replace & (tiles.children <= FEW)
    waits = refine & content & tiles.replace & ~ready  # its children come after it

    reached = (tiles.parent < 0) & seen
    scope = np.zeros(len(tiles), bool)
    for rows in tiles.levels[1:]:
        above = tiles.parent[rows]
        scope[rows] = seen[rows] | strict[above]
        reached[rows] = reached[above] & refine[above] & ~waits[above] & scope[rows]

    # Bottom up: can a node's place on the screen be filled, by itself or, where it has no content, by its children?
    gone = failed & tiles.has_content & ~inner
    whole = np.ones(len(tiles), bool)
    for rows in reversed(tiles.levels[1:]):
        missed = gone[rows] & strict[tiles.parent[rows]]
        covered = ready[rows] | (~content[rows] & ~missed & (~inner[rows] | whole[rows]))
        whole[tiles.parent[rows[scope[rows] & ~covered]]] = False
    give_way = refine & (whole | ~tiles.replace)

    # Top down: draw what stands; where a node is wanted but absent, let loaded descendants stand instead.
    active = (tiles.parent < 0) & seen
    draw = active & ready & (~give_way | ~tiles.replace)
    through = inner & (give_way | ~ready)
    for rows in tiles.levels[1:]:
        above = tiles.parent[rows]
        active[rows] = active[above] & through[above] & seen[rows]
        draw[rows] = active[rows] & ready[rows] & (~give_way[rows] | ~tiles.replace[rows])
    load = np.flatnonzero(reached & content & ~ready)
    order = np.lexsort((away[load], ~seen[load]))
    return Selection(draw=np.flatnonzero(draw), load=load[order], keep=reached | draw)
