"""F1: the keys, over the picture; exactly the table that the hand obeys."""

from __future__ import annotations

from imgui_bundle import imgui

from app.hand import KEYMAP
from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen

_ROW = 26.0
_WIDTH = 620.0


def draw(ui: Panels, seen: Seen) -> None:
    """The key map in the middle of the screen, smaller where it would not fit."""
    tall = 78 + _ROW * len(KEYMAP)
    s = min(ui.scale, (seen.size[1] - 16) / tall, (seen.size[0] - 16) / _WIDTH)
    w, h = _WIDTH * s, tall * s
    x, y = (seen.size[0] - w) / 2, max((seen.size[1] - h) / 2, 8 * s)
    pen = Pen(imgui.get_foreground_draw_list(), ui.fonts, s)
    pen.bar(x, y, w, h, (*theme.INK[:3], 0.97), rounding=10)
    pen.text(x + 28 * s, y + 20 * s, "Keys", size=20, bold=True)
    pen.text(x + w - 28 * s, y + 24 * s, "Esc closes", size=14, colour=theme.NOTE, align=1.0)
    for k, row in enumerate(KEYMAP):
        top = y + (60 + _ROW * k) * s
        pen.text(x + 28 * s, top, row.label, size=15, bold=True)
        pen.text(x + 226 * s, top, row.what, size=15, colour=theme.NOTE)
