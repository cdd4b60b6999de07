"""A needle to the north beside the title; a click turns the picture north up."""

from __future__ import annotations

import math

from imgui_bundle import imgui

from app.commands import Command, NorthUp
from app.ui import layout, theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen, fixed
from app.world import World

SIZE = 44.0
LEFT = theme.GAP + layout.SIDE + 14.0
ROOM = LEFT + SIZE + 14.0 + layout.SIDE + theme.GAP
"""Width that it needs between the sides."""


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The compass; without a district there is no north."""
    if world.camera is None or world.stage.hello is None:
        return []
    s, commands = ui.scale, list[Command]()
    imgui.push_style_color(imgui.Col_.window_bg, imgui.ImVec4(0, 0, 0, 0))
    imgui.push_style_color(imgui.Col_.border, imgui.ImVec4(0, 0, 0, 0))
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(0, 0))
    imgui.push_style_var(imgui.StyleVar_.window_min_size, imgui.ImVec2(1, 1))
    fixed("compass", seen, x=LEFT, y=theme.GAP, w=SIZE, h=SIZE, scale=s)
    at, half = imgui.get_window_pos(), SIZE / 2 * s
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    if imgui.invisible_button("north", imgui.ImVec2(SIZE * s, SIZE * s)):
        commands.append(NorthUp())
    lit = imgui.is_item_hovered()
    if lit:
        imgui.set_tooltip("north up (N)")
    middle = imgui.ImVec2(at.x + half, at.y + half)
    pen.draw.add_circle_filled(middle, half - 1.5 * s, theme.u32(theme.HOVERED if lit else theme.INK), 32)
    # Heading is the way the eye looks, clockwise from north: north lies that far to the left of up.
    east, up = -math.sin(world.camera.heading_rad), math.cos(world.camera.heading_rad)
    for way, colour in ((1.0, theme.TEXT), (-1.0, _SOUTH)):
        tip = imgui.ImVec2(middle.x + way * east * 11 * s, middle.y - way * up * 11 * s)
        left = imgui.ImVec2(middle.x - up * 4 * s, middle.y - east * 4 * s)
        right = imgui.ImVec2(middle.x + up * 4 * s, middle.y + east * 4 * s)
        pen.draw.add_triangle_filled(tip, left, right, theme.u32(colour))
    pen.text(middle.x + east * 15 * s, middle.y - up * 15 * s - 5.5 * s, "N", size=10, bold=True, align=0.5)
    imgui.end()
    imgui.pop_style_var(2)
    imgui.pop_style_color(2)
    return commands


_SOUTH = (0.44, 0.48, 0.54, 1.0)
