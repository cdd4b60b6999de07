"""Top left: what is shown and when; and, when sim is silent or refused something, that."""

from __future__ import annotations

from imgui_bundle import imgui

from app import pace
from app.ui import compass, layout, theme
from app.ui import format as fmt
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen
from app.world import World

REFUSAL_S = 8.0
WIDTH, HEIGHT = 330.0, 84.0
"""Room that is kept for it at 720p."""
_DARK = (0.145, 0.165, 0.205, 1.0)
_LEAST = 320.0
"""Width below which a message does not go between the sides."""
_NIGHTFALL = 0.45
"""Of `Light.night`: then the title turns from ink to paper."""


def hint(ui: Panels, seen: Seen, words: str, *, top: bool) -> None:
    """A few words in a right corner, at the top or in the gap below the panels."""
    s = ui.scale
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, s)
    w = (pen.width(words, size=14) + 24) * s
    x, y = seen.size[0] - w - 24 * s, 8 * s if top else seen.size[1] - 23 * s
    pen.bar(x, y, w, 22 * s, (*theme.INK[:3], 0.8), rounding=6)
    pen.text(x + 12 * s, y + 3 * s, words, size=14, colour=theme.TEXT)


def fitted(pen: Pen, name: str, *, room: float = WIDTH - 28.0) -> tuple[str, float]:
    """A district's name and its size so that it ends before the compass: smaller first, then cut short."""
    for size in (30.0, 28.0, 26.0, 24.0, 22.0, 20.0):
        if pen.width(name, size=size, bold=True) <= room:
            return name, size
    while name and pen.width(f"{name}…", size=size, bold=True) > room:
        name = name[:-1]
    return f"{name.rstrip()}…", size


def broken(pen: Pen, message: str, *, room: float) -> list[str]:
    """The message in lines that are no wider than `room` 720p pixels; a word that is wider keeps a line to itself."""
    lines: list[str] = []
    for word in message.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and pen.width(longer, size=15) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _say(pen: Pen, seen: Seen, message: str) -> None:
    """The message between compass and balance, or as wide as the window where that would be a column."""
    s, wide = pen.scale, seen.size[0] / pen.scale
    left, right = compass.LEFT + compass.SIZE + 14, wide - layout.SIDE - 2 * theme.GAP
    if right - left < _LEAST:
        left, right = theme.GAP, wide - theme.GAP
    lines = broken(pen, message, room=right - left - 36)
    w = (max(pen.width(line, size=15) for line in lines) + 36) * s
    middle = min(max(wide / 2 * s, left * s + w / 2), right * s - w / 2)
    pen.bar(middle - w / 2, 24 * s, w, (20 + 20 * len(lines)) * s, theme.INK, rounding=8)
    for k, line in enumerate(lines):
        pen.text(middle, (34 + 20 * k) * s, line, size=15, colour=theme.TAKES, align=0.5)


def draw(ui: Panels, world: World, seen: Seen) -> None:
    """Title and subtitle over the picture."""
    s, stage = ui.scale, world.stage
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, s)
    hello = stage.hello
    day = seen.light.night < _NIGHTFALL
    colour, glow = (_DARK, (*theme.TEXT[:3], 0.10)) if day else (theme.TEXT, (*_DARK[:3], 0.16))
    name, size = fitted(pen, hello.name if hello else "Surplus")
    pen.text(28 * s, (20 + (30 - size) / 2) * s, name, size=size, bold=True, colour=colour, glow=glow)
    if hello is not None and stage.clock is not None:
        moment = pace.wall(world.shown.time_s, hello)
        pen.text(28 * s, 58 * s, f"{fmt.day(moment)}, {fmt.clock(moment)}", size=16, colour=colour, glow=glow)
    message = world.panel.toast if seen.now_s - world.panel.toast_s < REFUSAL_S else ""
    if seen.now_s - stage.refused_s < REFUSAL_S:
        message = stage.refused
    elif hello is not None and stage.clock is not None and not seen.connected:
        message = "The simulation is silent; waiting for it. What you see is its last word."
    if message:
        _say(pen, seen, message)
