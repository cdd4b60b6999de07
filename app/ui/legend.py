"""Bottom left, always on: what the colours say, with hatch, triangles and words beside hue."""

from __future__ import annotations

from imgui_bundle import imgui

from app.ui import format as fmt
from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen, swatch
from app.ui.seen import Seen, fixed
from app.world import World
from network.quantities import QUANTITIES, display

WIDTH, HEIGHT = 430.0, 92.0
_STEPS = 96


def draw(ui: Panels, world: World, seen: Seen) -> None:
    """The legend panel; without a sim there is nothing to explain."""
    if world.stage.roster is None:
        return
    s, legend = ui.scale, seen.legend
    quantity = QUANTITIES[legend.quantity]
    fixed("legend", seen, x=theme.GAP, y=-(HEIGHT + theme.GAP), w=WIDTH, h=HEIGHT, scale=s)
    at = imgui.get_window_pos()
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    x, y, w, h = at.x + 24 * s, at.y + 41 * s, (WIDTH - 48) * s, 20 * s
    both = legend.hatch_takes
    for k in range(_STEPS):
        f = (k + 0.5) / _STEPS * (2 if both else 1) - (1 if both else 0)
        pen.bar(x + w * k / _STEPS, y, w / _STEPS + 1, h, swatch(legend, f, night=round(seen.light.night, 1)))
    unit = quantity.display_unit.replace("W/m²", "W/m² footprint")
    if both:
        pen.hatch(x, y, w / 2, h, alpha=0.42)
        pen.bar(x + w / 2 - s, y - 4 * s, 2 * s, h + 8 * s, theme.TEXT)
        pen.triangle(at.x + 30 * s, at.y + 24 * s, 6.5, up=False, colour=theme.TAKES_BAR)
        takes, gives = "takes from the district", "gives to the district"
        pen.text(at.x + 42 * s, at.y + 13 * s, takes, size=15)
        right = at.x + (WIDTH - 42) * s
        pen.text(right, at.y + 13 * s, gives, size=15, align=1.0)
        pen.triangle(at.x + (WIDTH - 30) * s, at.y + 24 * s, 6.5, up=True, colour=theme.GIVES)
        between = (WIDTH + pen.width(takes, size=15) - pen.width(gives, size=15)) / 2
        pen.text(at.x + between * s, at.y + 16 * s, unit, size=13.5, colour=theme.NOTE, align=0.5)
    else:
        pen.text(at.x + 24 * s, at.y + 13 * s, quantity.label, size=15)
        pen.text(at.x + (WIDTH - 24) * s, at.y + 13 * s, unit, size=14, colour=theme.NOTE, align=1.0)
    for part in (-1.0, -0.25, 0.0, 0.25, 1.0) if both else (0.0, 0.25, 0.5, 1.0):
        value = display(legend.quantity, legend.low + part * (legend.scale - legend.low))
        label = fmt.number(value, 2, sign=both)
        place = x + w * ((part + 1) / 2 if both else part)
        pen.text(place, y + h + 5 * s, label, size=14, align=(part + 1) / 2 if both else part)
    imgui.end()
