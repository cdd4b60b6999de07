"""Triangles over the largest flows: up gives, down takes. Colour alone never carries the direction."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from app.camera import project
from app.paint import GIVE_STRONG, TAKE_STRONG, at_time
from app.ui.backend import Panels
from app.ui.pen import Pen, Rgba
from app.ui.seen import Seen
from app.world import World

COUNT = 28
_LEAST, _LARGEST = 5.0, 12.0
_PALE: Rgba = (0.96, 0.95, 0.93, 1.0)


def _rgba(colour: str) -> Rgba:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b, 1.0


def draw(ui: Panels, world: World, seen: Seen) -> None:
    """Signs over the buildings with the largest net power."""
    roster, camera, block = world.stage.roster, world.camera, world.stage.blocks.get(world.paint)
    if roster is None or camera is None or block is None or not seen.legend.hatch_takes:
        return
    watts = at_time(block, world.shown.time_s)
    if len(watts) != len(roster.footprint_m2):
        return
    size = watts * roster.footprint_m2 if world.paint == "surplus_w_m2" else watts
    largest = np.argsort(-np.abs(size), kind="stable")[:COUNT]
    largest = largest[size[largest] != 0]
    top = np.asarray(roster.building_xyz_m, np.float64)[largest].copy()
    top[:, 2] += roster.building_height_m[largest] + 3.0
    at = project(camera, top, seen.size)
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, ui.scale)
    for k in np.argsort(-at[:, 2]):
        x, y, depth = at[k]
        if depth < 5 or not (-20 < x < seen.size[0] + 20 and -20 < y < seen.size[1] + 20):
            continue
        gives = bool(size[largest[k]] > 0)
        px = float(np.clip(_LEAST + 1600.0 / depth, _LEAST, _LARGEST))
        pen.triangle(
            float(x), float(y) - px * ui.scale, px, up=gives,
            colour=_rgba(GIVE_STRONG if gives else TAKE_STRONG), casing=_PALE,
        )  # fmt: skip
