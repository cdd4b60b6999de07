"""Bottom left, always on: what the colours say, with hatch, triangles and words beside hue; a click chooses another.

By night the giving end is mixed as the shaders mix it, so that the legend is the picture.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray

from app.commands import Command, NextPaint, SetPaint
from app.paint import LOADING, NEUTRAL, PAINTS, Legend, loading_rgb
from app.pulse import COLLAPSED, FAULTS, UNFED
from app.ui import format as fmt
from app.ui import layout, theme
from app.ui.backend import Panels
from app.ui.pen import Pen, Rgba, swatch
from app.ui.seen import Seen, fixed
from app.world import World
from network.quantities import QUANTITIES, display
from network.schema import Roster

WIDTH, HEIGHT = layout.LEGEND
_BAR_TOP, _BAR = 51.0, 20.0
"""Top of the colours above the panel's bottom edge, and their height."""
_STEPS = 24
_OVER, _FAULT, _BETWEEN = 34.0, {COLLAPSED: 100.0, UNFED: 66.0}, 10.0
"""Widths of the fields that show what too much looks like, and what nothing flows along; and between fields."""
_TITLES = {LOADING: "Loading of cables", "surplus_w_m2": "Net power"}
_UNITS = {f"sun_{month}_s": "h, best facade" for month in ("march", "june", "december")}
_WORDS = {"battery_w": ("charges", "discharges")}
_TAKES_GIVES = ("takes from the district", "gives to the district")


def title(quantity: str) -> str:
    """Name of a quantity among the paints."""
    return _TITLES.get(quantity, QUANTITIES[quantity].label)


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The legend panel; without a sim there is nothing to explain."""
    if world.stage.roster is None:
        return []
    s, legend = ui.scale, seen.legend
    fixed("legend", seen, x=theme.GAP, y=-(HEIGHT + theme.GAP), w=WIDTH, h=HEIGHT, scale=s)
    at = imgui.get_window_pos()
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    commands = _chooser(pen, world, at.x, at.y)
    x, y, w, h = at.x + 24 * s, at.y + (HEIGHT - _BAR_TOP) * s, (WIDTH - 48) * s, _BAR * s
    if legend.quantity == LOADING:
        w = _beyond(pen, world.stage.roster, x, y, w, h)
    _colours(pen, legend, seen.light.night, (x, y, w, h))
    if legend.hatch_takes:
        pen.hatch(x, y, w / 2, h, alpha=0.42)
        pen.bar(x + w / 2 - s, y - 4 * s, 2 * s, h + 8 * s, theme.TEXT)
        takes, gives = _WORDS.get(legend.quantity, _TAKES_GIVES)
        top = y - 28 * s
        pen.triangle(x + 6.5 * s, top + 11 * s, 6.5, up=False, colour=theme.TAKES_BAR)
        pen.text(x + 20 * s, top, takes, size=15)
        pen.text(x + w - 20 * s, top, gives, size=15, align=1.0)
        pen.triangle(x + w - 6.5 * s, top + 11 * s, 6.5, up=True, colour=theme.GIVES)
    else:
        _words(pen, legend, x, y - 28 * s, w)
    _ticks(pen, legend, x, y + h + 5 * s, w)
    imgui.end()
    return commands


def _chooser(pen: Pen, world: World, left: float, top: float) -> list[Command]:
    """Title with the list of paints behind it, and arrows to the next."""
    s, quantity, commands = pen.scale, QUANTITIES[world.paint], list[Command]()
    name = title(world.paint)
    unit = _UNITS.get(world.paint) or quantity.display_unit.replace("W/m²", "W/m² footprint")
    w = pen.width(name, size=16, bold=True)
    imgui.set_cursor_screen_pos(imgui.ImVec2(left + 20 * s, top + 6 * s))
    if imgui.invisible_button("paint", imgui.ImVec2((w + 30) * s, 28 * s)):
        imgui.open_popup("paints")
    lit = imgui.is_item_hovered()
    pen.text(left + 24 * s, top + 10 * s, name, size=16, bold=True, colour=theme.GIVES if lit else theme.TEXT)
    pen.triangle(left + (24 + w + 14) * s, top + 20 * s, 4.5, up=False, colour=theme.GIVES if lit else theme.NOTE)
    pen.text(left + (24 + w + 34) * s, top + 11 * s, unit, size=14, colour=theme.NOTE)
    for k, (sign, step) in enumerate((("‹", -1), ("›", 1))):
        x = left + (WIDTH - 76 + 30 * k) * s
        imgui.set_cursor_screen_pos(imgui.ImVec2(x, top + 6 * s))
        if imgui.invisible_button(sign, imgui.ImVec2(28 * s, 28 * s)):
            commands.append(NextPaint(step))
        tone = theme.TEXT if imgui.is_item_hovered() else theme.NOTE
        pen.text(x + 14 * s, top + 7 * s, sign, size=20, bold=True, colour=tone, align=0.5)
    if imgui.begin_popup("paints"):
        for paint in PAINTS:
            if imgui.selectable(title(paint), paint == world.paint)[0]:
                commands.append(SetPaint(paint))
        imgui.end_popup()
    return commands


def _colours(pen: Pen, legend: Legend, night: float, where: tuple[float, float, float, float]) -> None:
    """The scale as gradients between steps."""
    x, y, w, h = where
    low = -1.0 if legend.hatch_takes else 0.0
    edges = [low + (1.0 - low) * k / _STEPS for k in range(_STEPS + 1)]
    packed = [theme.u32(shade(legend, f, night=night)) for f in edges]
    for k in range(_STEPS):
        a, b = packed[k], packed[k + 1]
        pen.draw.add_rect_filled_multi_color(
            imgui.ImVec2(x + w * k / _STEPS, y), imgui.ImVec2(x + w * (k + 1) / _STEPS, y + h), a, b, b, a
        )


def shade(legend: Legend, f: float, *, night: float) -> Rgba:
    """sRGB colour of the legend at `f` (-1..1, or 0..1): a roof's, or a cable's where loading is shown."""
    if legend.quantity != LOADING:
        return swatch(legend, f, night=round(night, 1))
    return _srgb(loading_rgb(np.array([f]))[0])


def _srgb(linear: NDArray[np.float64]) -> Rgba:
    """Of a linear colour (IEC 61966-2-1)."""
    c = np.clip(linear, 0, 1)
    r, g, b = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
    return float(r), float(g), float(b), 1.0


def _beyond(pen: Pen, roster: Roster, x: float, y: float, w: float, h: float) -> float:
    """What the ramp of loading does not show, from the right: nothing flows, too much flows. What is left of `w`."""
    s, right = pen.scale, x + w
    kinds = (UNFED, COLLAPSED) if len(roster.line_fed) and not np.all(roster.line_fed) else (COLLAPSED,)
    for kind in kinds:
        left = right - _FAULT[kind] * s
        _nothing(pen, kind, left, y, right - left, h)
        pen.text((left + right) / 2, y - 28 * s, FAULTS[kind], size=15, align=0.5)
        right = left - _BETWEEN * s
    left = right - _OVER * s
    _too_much(pen, left, y, right - left, h)
    pen.text((left + right) / 2, y - 28 * s, "over", size=15, align=0.5)
    return left - _BETWEEN * s - x


def _nothing(pen: Pen, kind: int, x: float, y: float, w: float, h: float) -> None:
    """A line along which nothing flows, as assets/shaders/lines.frag draws it: in blocks, or hollow."""
    s = pen.scale
    pen.bar(x, y, w, h, (0.06, 0.06, 0.06, 1.0) if kind == COLLAPSED else (0.44, 0.44, 0.45, 1.0))
    inner, top, tall = x + 2 * s, y + 4 * s, h - 8 * s
    if kind == UNFED:
        pen.bar(x, top, w, tall, _srgb(np.array(NEUTRAL)))
        return
    step = 14.0 * s
    for k in range(int((w - 4 * s) / step) + 1):
        wide = min(step / 2, x + w - 2 * s - (inner + k * step))
        pen.bar(inner + k * step, top, wide, tall, (0.92, 0.92, 0.92, 1.0))


def _too_much(pen: Pen, x: float, y: float, w: float, h: float) -> None:
    """The hazard hatch of an overloaded cable, around the darkest colour."""
    pen.bar(x, y, w, h, (0.92, 0.92, 0.92, 1.0))
    pen.draw.push_clip_rect(imgui.ImVec2(x, y), imgui.ImVec2(x + w, y + h), True)
    step, s = 10.0 * pen.scale, pen.scale
    for k in range(-1, int((w + h) / step) + 2):
        a = x + k * step
        bar = ((a, y + h), (a + step / 2, y + h), (a + step / 2 + h, y), (a + h, y))
        pen.draw.add_quad_filled(*(imgui.ImVec2(*corner) for corner in bar), theme.u32((0.06, 0.06, 0.06, 1.0)))
    pen.draw.pop_clip_rect()
    pen.bar(x, y + 5 * s, w, h - 10 * s, shade(Legend(LOADING, 1.0, *((0.0, 0.0, 0.0),) * 4, False), 1.0, night=0.0))


def _words(pen: Pen, legend: Legend, x: float, top: float, w: float) -> None:
    """What the ends of a one-sided scale mean."""
    low, high = ("empty", "full") if legend.quantity == LOADING else ("none", "much")
    if QUANTITIES[legend.quantity].display_unit == "°C":
        low, high = "cold", "warm"
    elif legend.low > 0.0:
        low = "little"
    pen.text(x, top, low, size=15)
    pen.text(x + w, top, high, size=15, align=1.0)


def _ticks(pen: Pen, legend: Legend, x: float, y: float, w: float) -> None:
    both = legend.hatch_takes
    for part in (-1.0, -0.25, 0.0, 0.25, 1.0) if both else (0.0, 0.25, 0.5, 1.0):
        value = display(legend.quantity, legend.low + part * (legend.scale - legend.low))
        place = (part + 1) / 2 if both else part
        pen.text(x + w * place, y, fmt.number(value, 2, sign=both), size=14, align=place)
