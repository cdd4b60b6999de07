"""Saved scenarios: keep what is chosen under a name, take it up again, forget it."""

from __future__ import annotations

from imgui_bundle import imgui

from app.commands import Choose, Command, Save, ToggleSaves
from app.ui import theme
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import World

_written = {"name": ""}
"""What stands in the field: imgui keeps text that is being typed, this keeps it between frames."""


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """A small panel beside the what-ifs."""
    scenario, saved, s = world.stage.scenario, world.stage.saved, ui.scale
    if not world.panel.saves or scenario is None:
        return []
    imgui.set_next_window_pos(imgui.ImVec2((theme.GAP + 306 + 12) * s, 96 * s))
    imgui.set_next_window_size_constraints(imgui.ImVec2(280 * s, 0), imgui.ImVec2(280 * s, 300 * s))
    flags = (
        imgui.WindowFlags_.no_title_bar | imgui.WindowFlags_.no_resize | imgui.WindowFlags_.no_move
        | imgui.WindowFlags_.no_saved_settings | imgui.WindowFlags_.always_auto_resize
    )  # fmt: skip
    imgui.begin("scenarios", None, flags)
    commands: list[Command] = []
    imgui.push_font(ui.fonts.semibold, 16.0)
    imgui.text("Scenarios")
    imgui.pop_font()
    imgui.same_line(230 * s)
    if imgui.small_button("close"):
        commands.append(ToggleSaves())
    imgui.set_next_item_width(180 * s)
    _, _written["name"] = imgui.input_text_with_hint("##name", "a name", _written["name"])
    imgui.same_line()
    name = _written["name"].strip()
    imgui.begin_disabled(not name)
    if imgui.button("Save"):
        commands.append(Save(name, scenario.choices))
        _written["name"] = ""
    imgui.end_disabled()
    for k, one in enumerate(saved.scenarios if saved is not None else ()):
        imgui.push_id(str(k))
        if imgui.selectable(one.name, one.choices == scenario.choices, 0, imgui.ImVec2(170 * s, 0))[0]:
            commands.append(Choose(one.choices, f"recall {seen.now_s:.3f}"))
        imgui.same_line(190 * s)
        if imgui.small_button("forget"):
            commands.append(Save(one.name, None))
        imgui.pop_id()
    imgui.end()
    return commands
