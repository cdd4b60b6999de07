"""F3: figures of frames and tiles, what failed, and a second try."""

from __future__ import annotations

from imgui_bundle import imgui

from app.commands import Command, Retry, ToggleHud
from app.figures import Figures
from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen
from app.world import World

NAME = "figures"
_WIDTH, _ROW = 372.0, 22.0
_MOST = 6
"""Failures that are listed."""


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The panel in the middle of the upper edge, while it is asked for."""
    told = seen.figures
    if not world.panel.hud or told is None:
        return []
    s, commands = ui.scale, list[Command]()
    rows, failed = _rows(told), told.errors[:_MOST]
    foot = (34 + 36 * len(failed) + 20 * (len(told.errors) > _MOST)) if failed else 0
    height = 46 + _ROW * len(rows) + foot + 14
    imgui.set_next_window_pos(imgui.ImVec2((seen.size[0] - _WIDTH * s) / 2, 84 * s))
    imgui.set_next_window_size(imgui.ImVec2(_WIDTH * s, height * s))
    flags = imgui.WindowFlags_.no_decoration | imgui.WindowFlags_.no_move | imgui.WindowFlags_.no_saved_settings
    imgui.begin(NAME, None, flags | imgui.WindowFlags_.no_nav)
    at = imgui.get_window_pos()
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    pen.text(at.x + 18 * s, at.y + 12 * s, "Frames and tiles", size=15, bold=True)
    if _button("F3 closes", at.x + _WIDTH * s, at.y + 8 * s, s):
        commands.append(ToggleHud())
    for k, (label, value) in enumerate(rows):
        y = at.y + (44 + _ROW * k) * s
        pen.text(at.x + 18 * s, y, label, size=14, colour=theme.NOTE)
        pen.text(at.x + (_WIDTH - 18) * s, y, value, size=14, align=1.0)
    if failed:
        commands += _failures(pen, told, at.x, at.y + (50 + _ROW * len(rows)) * s)
    imgui.end()
    return commands


def _rows(told: Figures) -> list[tuple[str, str]]:
    """Label and value of every row."""
    t, mib = told.tiles, 1 / 2**20
    rows = [
        ("frame: middle, slowest of 120", f"{told.frame_ms['p50']:.1f}   {told.frame_ms['max']:.1f} ms"),
        ("of it tiles", f"{told.tile_ms['p50']:.2f}   {told.tile_ms['max']:.2f} ms"),
        ("tiles: drawn, held", f"{t['visible']:,}   {t['loaded']:,}"),
        ("memory: tiles, cap", f"{t['bytes'] * mib:.0f}   {t['cap_bytes'] * mib:.0f} MiB"),
        ("features drawn", f"{told.drawn:,}"),
    ]
    if "queued" not in t:
        return rows
    waiting = "   ".join(f"{number} {group}" for group, number in t["queued"].items() if number) or "none"
    return [
        *rows, ("triangles drawn", f"{t['triangles']:,}"), ("nodes of the tree", f"{t['nodes']:,}"),
        ("waited for", waiting), ("the oldest since", f"{t['oldest_s']:.1f} s"),
        ("on their way", f"{t['flying']}"), ("error in force", f"{t['error_px']:.0f} px"),
    ]  # fmt: skip


def _failures(pen: Pen, told: Figures, x: float, y: float) -> list[Command]:
    """What could not be read, and the button for a second try."""
    s, commands = pen.scale, list[Command]()
    room = _WIDTH - 36
    pen.text(x + 18 * s, y, f"{len(told.errors)} could not be read", size=14, bold=True, colour=theme.TAKES)
    if _button("try again", x + _WIDTH * s, y - 4 * s, s):
        commands.append(Retry())
    for k, error in enumerate(told.errors[:_MOST]):
        top = y + (28 + 36 * k) * s
        pen.text(x + 18 * s, top, _cut(pen, error["uri"].rsplit("/", 1)[-1] or error["uri"], room), size=13, bold=True)
        pen.text(x + 18 * s, top + 16 * s, _cut(pen, error["reason"], room), size=13, colour=theme.NOTE)
    if len(told.errors) > _MOST:
        top = y + (28 + 36 * _MOST) * s
        pen.text(x + 18 * s, top, f"and {len(told.errors) - _MOST} more", size=13, colour=theme.NOTE)
    return commands


def _button(words: str, right: float, y: float, s: float) -> bool:
    """A small button whose right edge keeps the panel's margin."""
    width = 92 * s
    imgui.set_cursor_screen_pos(imgui.ImVec2(right - 14 * s - width, y))
    return bool(imgui.button(words, imgui.ImVec2(width, 24 * s)))


def _cut(pen: Pen, words: str, room: float) -> str:
    """As much of a line as there is room for."""
    if pen.width(words, size=13) <= room:
        return words
    kept = len(words)
    while kept > 1 and pen.width(f"{words[:kept]}…", size=13) > room:
        kept -= max(1, kept // 16)
    return f"{words[:kept].rstrip()}…"
