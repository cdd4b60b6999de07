"""All panels of a frame: from the world to commands. Each panel is a function in a file of its own."""

from __future__ import annotations

from imgui_bundle import imgui

from app.commands import Command
from app.ui import (
    balance,
    compass,
    feature,
    hud,
    inspector,
    keymap,
    layers,
    layout,
    legend,
    scenarios,
    signs,
    timebar,
    title,
)
from app.ui import format as fmt
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import World

WINDOWS = ("compass", "legend", "layers", "balance", "time", "notes on the data", "other choices",
           "inspector", "scenarios", hud.NAME, feature.NAME)  # fmt: skip
"""Names of the windows that panels open; signs keep clear of them."""


def scale_of(size: tuple[int, int], user: float) -> float:
    """UI scale: 1 at 720 lines, times the user's own factor; no more than leaves room for a panel, or legible."""
    wished = size[1] / 720.0 * user
    if size[0] < layout.SMALL_PX:  # only two panels stand there: they can be larger
        wished = max(wished, 0.75 * user)
    return max(min(wished, size[0] / layout.LEAST[0], size[1] / layout.LEAST[1]), 0.5)


def gauge_scale(margin_j: float) -> float:
    """End of the verdict's gauge for a margin: the next 1, 2 or 5 of its display unit."""
    return fmt.round_125(abs(margin_j) / 3.6e9 * 1.05) * 3.6e9


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """Draw every panel; what the hand did with them comes back as commands."""
    commands: list[Command] = []
    plan = layout.plan(seen.size, ui.scale, aside=world.panel.aside)
    title.draw(ui, world, seen)
    if plan.foot:
        commands += legend.draw(ui, world, seen)
    if not plan.sides or seen.size[0] / ui.scale > compass.ROOM:
        commands += compass.draw(ui, world, seen)
    if world.stage.clock is not None:
        if plan.foot and plan.time:
            commands += timebar.draw(ui, world, seen)
        if plan.sides:
            if not inspector.covers(world, seen, ui.scale):
                commands += balance.draw(ui, world, seen)
            commands += layers.draw(ui, world, seen)
            commands += scenarios.draw(ui, world, seen)
            commands += inspector.draw(ui, world, seen)
        if plan.small:
            title.hint(ui, seen, "H: the other panels", top=plan.foot)
        inspector.tooltip(world, seen)
    commands += feature.draw(ui, world, seen)
    feature.tooltip(world, seen)
    commands += hud.draw(ui, world, seen)
    if world.panel.help:
        keymap.draw(ui, seen)
    signs.draw(ui, world, seen, _taken(ui.scale))
    return commands


def opaque(ui: Panels) -> list[signs.Box]:
    """Where panels hide the scene in this frame: two crossing rectangles in each, clear of its round corners."""
    style = imgui.get_style()
    round_px, edge_px = float(style.window_rounding), 2.0 * ui.scale
    boxes = []
    for name in WINDOWS:
        w = imgui.internal.find_window_by_name(name)
        if name == "compass" or w is None or not w.active or w.hidden:
            continue
        left, top, right, bottom = w.pos.x, w.pos.y, w.pos.x + w.size.x, w.pos.y + w.size.y
        boxes.append((left + edge_px, top + round_px, right - edge_px, bottom - round_px))
        boxes.append((left + round_px, top + edge_px, right - round_px, bottom - edge_px))
    return [box for box in boxes if box[2] > box[0] and box[3] > box[1]]


def _taken(scale: float) -> list[signs.Box]:
    """Where title and panels are on the screen in this frame."""
    found = (imgui.internal.find_window_by_name(name) for name in WINDOWS)
    panels = [(w.pos.x, w.pos.y, w.pos.x + w.size.x, w.pos.y + w.size.y) for w in found if w is not None and w.active]
    return [(0.0, 0.0, title.WIDTH * scale, title.HEIGHT * scale), *panels]
