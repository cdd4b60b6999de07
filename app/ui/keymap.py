"""F1: the keys, over the picture."""

from __future__ import annotations

from imgui_bundle import imgui

from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen

KEYS = (
    ("Drag, middle drag", "turn around what you look at"),
    ("Right drag", "look around"),
    ("Wheel", "closer, farther"),
    ("W A S D, Q E", "move, down and up; Shift is faster"),
    ("Home, T, G", "whole district, from above, into the streets"),
    ("N", "north up"),
    ("Tab", "orbit or fly"),
    ("Space, 1 2 3 4", "pause, speeds"),
    ("P", "colour by the next quantity"),
    ("U", "look under the streets"),
    ("Ctrl Z, Ctrl Shift Z", "undo, redo"),
    ("Ctrl +, −, 0", "size of text"),
    ("Ctrl M", "reduced motion"),
    ("F12", "save a picture"),
    ("F1 or ?", "this help; Esc closes it"),
)


def draw(ui: Panels, seen: Seen) -> None:
    """The key map in the middle of the screen."""
    s = ui.scale
    w, h = 520 * s, (70 + 27 * len(KEYS)) * s
    x, y = (seen.size[0] - w) / 2, max((seen.size[1] - h) / 2, 8 * s)
    pen = Pen(imgui.get_foreground_draw_list(), ui.fonts, s)
    pen.bar(x, y, w, h, (*theme.INK[:3], 0.97), rounding=10)
    pen.text(x + 28 * s, y + 20 * s, "Keys", size=20, bold=True)
    for k, (keys, what) in enumerate(KEYS):
        top = y + (58 + 27 * k) * s
        pen.text(x + 28 * s, top, keys, size=15, bold=True)
        pen.text(x + 226 * s, top, what, size=15, colour=theme.NOTE)
