"""What a tile made by others says of the feature under the pointer, and of the one that was clicked."""

from __future__ import annotations

from imgui_bundle import imgui

from app.commands import Command, Select
from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen, note
from app.ui.seen import Seen
from app.world import World

NAME = "feature"
_WIDTH, _TALLEST = 320.0, 420.0
_FEW = 4
"""Properties that a tooltip shows."""


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """All properties of the clicked feature, and the way out."""
    rows = seen.features.get(world.feature)
    if not world.feature or rows is None:
        return []
    s, commands = ui.scale, list[Command]()
    imgui.set_next_window_pos(imgui.ImVec2(seen.size[0] - (theme.GAP + _WIDTH) * s, theme.GAP * s))
    imgui.set_next_window_size_constraints(imgui.ImVec2(_WIDTH * s, 0), imgui.ImVec2(_WIDTH * s, _TALLEST * s))
    flags = (
        imgui.WindowFlags_.no_title_bar | imgui.WindowFlags_.no_resize | imgui.WindowFlags_.no_move
        | imgui.WindowFlags_.no_saved_settings | imgui.WindowFlags_.always_auto_resize | imgui.WindowFlags_.no_nav
    )  # fmt: skip
    imgui.begin(NAME, None, flags)
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    imgui.push_font(ui.fonts.semibold, 18.0)
    imgui.text_unformatted("Feature")
    imgui.pop_font()
    imgui.same_line((_WIDTH - 18 - pen.width("close") - 18) * s)
    if imgui.small_button("close"):
        commands.append(Select(None))
    if not rows:
        note("the tile says nothing of it")
    for name, value in rows:
        note(name)
        imgui.same_line(_WIDTH * 0.42 * s)
        imgui.push_text_wrap_pos((_WIDTH - 18) * s)
        imgui.text_unformatted(value)
        imgui.pop_text_wrap_pos()
    imgui.end()
    return commands


def tooltip(world: World, seen: Seen) -> None:
    """The first properties of what is under the pointer."""
    rows = seen.features.get(world.pointed)
    if not world.pointed or not rows or seen.pointer is None:
        return
    imgui.begin_tooltip()
    for name, value in rows[:_FEW]:
        imgui.text_unformatted(f"{name}  {value[:60]}")
    if len(rows) > _FEW:
        note("click for more")
    imgui.end_tooltip()
