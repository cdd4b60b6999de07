"""Triangles over the largest flows: up gives, down takes. Colour alone never carries the direction.

The largest is placed first; a sign that would lie on another one or behind a panel is left out.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray

from app.camera import project
from app.paint import GIVE_STRONG, TAKE_STRONG, at_time
from app.ui.backend import Panels
from app.ui.pen import Pen, Rgba
from app.ui.seen import Seen
from app.world import World

Float = NDArray[np.float64]
COUNT = 28
_ASKED = 70
"""Buildings in the picture that are tried, largest first, until `COUNT` signs stand."""
_NEAREST_M = 5.0
_LEAST, _LARGEST = 5.0, 12.0
_FAINT = 0.02
"""Of the legend's end, and of the largest flow in the picture: less is not worth a sign."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom on the screen."""
_PALE: Rgba = (0.96, 0.95, 0.93, 1.0)


def _rgba(colour: str) -> Rgba:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b, 1.0


def draw(ui: Panels, world: World, seen: Seen, taken: list[Box]) -> None:
    """Signs over the buildings with the largest net power, clear of the boxes `taken` by panels."""
    roster, camera, block = world.stage.roster, world.camera, world.stage.blocks.get(world.paint)
    if roster is None or camera is None or block is None or not seen.legend.hatch_takes:
        return
    watts = at_time(block, world.shown.time_s)
    if len(watts) != len(roster.footprint_m2):
        return
    size = watts * roster.footprint_m2 if world.paint == "surplus_w_m2" else watts
    largest = np.argsort(-np.abs(size), kind="stable")
    largest = largest[np.abs(watts[largest]) > _FAINT * seen.legend.scale]
    top = np.asarray(roster.building_xyz_m, np.float64)[largest].copy()
    top[:, 2] += roster.building_height_m[largest] + 3.0
    at = project(camera, top, seen.size)
    inside = (at[:, 2] > _NEAREST_M) & (at[:, :2] > 0).all(axis=1) & (at[:, :2] < seen.size).all(axis=1)
    largest, at = largest[inside][:_ASKED], at[inside][:_ASKED]
    worth = np.abs(size[largest]) > _FAINT * np.max(np.abs(size[largest]), initial=0.0)
    largest, at = largest[worth], at[worth]
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, ui.scale)
    sizes = np.clip(_LEAST + 1600.0 / np.maximum(at[:, 2], 1.0), _LEAST, _LARGEST) * ui.scale
    at[:, 1] -= sizes
    placed = place(at, sizes, taken)
    for k in placed[np.argsort(-at[placed, 2])]:
        gives = bool(size[largest[k]] > 0)
        pen.triangle(
            float(at[k, 0]), float(at[k, 1]), float(sizes[k]) / ui.scale, up=gives,
            colour=_rgba(GIVE_STRONG if gives else TAKE_STRONG), casing=_PALE,
        )  # fmt: skip


def place(at: Float, sizes: Float, taken: list[Box]) -> NDArray[np.int64]:
    """Rows of `at` [n, 3] (pixel x, y, depth) that get a sign: clear of boxes and of earlier rows."""
    kept: list[int] = []
    for k, ((x, y), s) in enumerate(zip(at[:, :2], sizes, strict=True)):
        if any(a - s < x < c + s and b - s < y < d + s for a, b, c, d in taken):
            continue
        if any(abs(x - at[j, 0]) < s + sizes[j] and abs(y - at[j, 1]) < 0.9 * (s + sizes[j]) for j in kept):
            continue
        kept.append(k)
        if len(kept) == COUNT:
            break
    return np.array(kept, np.int64)
