"""Drawing of figures, triangles, hatches and switches in the house style, at any scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray

from app.paint import Legend
from app.ui import theme

Rgba = tuple[float, float, float, float]
_MOST_WIDTHS = 2000
"""Texts whose width is kept."""
_PAPER = np.array([0.687, 0.651, 0.578])
_NOON, _SELF = 1.10, 0.12
"""Light on a sunlit roof at noon, and the self-light of flux colours."""


@dataclass(frozen=True)
class Pen:
    """Draws on one list; sizes are in pixels at 720p and scaled here."""

    draw: Any
    fonts: theme.Fonts
    scale: float

    def width(self, text: str, *, size: float = 16.0, bold: bool = False) -> float:
        """Width of `text` in 720p pixels."""
        key = (text, size, bold, self.scale)
        known = self.fonts.widths.get(key)
        if known is not None:
            return known
        font = self.fonts.semibold if bold else self.fonts.medium
        imgui.push_font(font, size)
        w = float(imgui.calc_text_size(text).x) / self.scale
        imgui.pop_font()
        if len(self.fonts.widths) > _MOST_WIDTHS:
            self.fonts.widths.clear()
        self.fonts.widths[key] = w
        return w

    def text(
        self, x: float, y: float, text: str, *, size: float = 16.0, bold: bool = False, colour: Rgba = theme.TEXT,
        align: float = 0.0, glow: Rgba | None = None,
    ) -> None:  # fmt: skip
        """Text with its top left at (x, y) screen pixels; `align` 1 = right, 0.5 = middle; `glow` lies around."""
        font = self.fonts.semibold if bold else self.fonts.medium
        x -= align * self.width(text, size=size, bold=bold) * self.scale
        px = size * self.scale
        if glow is not None:
            for turn in range(12):
                far = (0.9, 1.8, 2.7)[turn % 3] * self.scale
                dx, dy = far * float(np.cos(turn * np.pi / 6)), far * float(np.sin(turn * np.pi / 6))
                self.draw.add_text(font, px, imgui.ImVec2(x + dx, y + dy), theme.u32(glow), text)
        self.draw.add_text(font, px, imgui.ImVec2(round(x), round(y)), theme.u32(colour), text)

    def bar(self, x: float, y: float, w: float, h: float, colour: Rgba, *, rounding: float = 0.0) -> None:
        """Filled rectangle, screen pixels."""
        self.draw.add_rect_filled(
            imgui.ImVec2(x, y), imgui.ImVec2(x + w, y + h), theme.u32(colour), rounding * self.scale
        )

    def triangle(self, x: float, y: float, size: float, *, up: bool, colour: Rgba, casing: Rgba | None = None) -> None:
        """Sign of direction, centred on (x, y): up gives, down takes."""
        s, k = size * self.scale, -1.0 if up else 1.0
        corners = [
            imgui.ImVec2(x - s, y - k * s * 0.8),
            imgui.ImVec2(x + s, y - k * s * 0.8),
            imgui.ImVec2(x, y + k * s * 0.9),
        ]
        if casing is not None:
            c = 1.0 + 2.6 / max(size, 1.0)
            middle = y - k * s * 0.23
            wide = [imgui.ImVec2(x + (p.x - x) * c, middle + (p.y - middle) * c) for p in corners]
            self.draw.add_triangle_filled(wide[0], wide[1], wide[2], theme.u32(casing))
        self.draw.add_triangle_filled(corners[0], corners[1], corners[2], theme.u32(colour))

    def hatch(self, x: float, y: float, w: float, h: float, *, alpha: float = 0.35, pitch: float = 7.0) -> None:
        """Light diagonal stripes over a rectangle: what takes, for eyes that see no hue."""
        if w <= 0 or h <= 0:
            return
        # Clipped by hand: a clip rectangle would cost a draw call for every bar.
        step, colour, thick = pitch * self.scale, theme.u32((1, 1, 1, alpha)), 1.7 * self.scale
        for k in range(int((w + h) / step) + 1):
            along = k * step
            first, last = max(0.0, along - w), min(h, along)
            if last > first:
                self.draw.add_line(
                    imgui.ImVec2(x + along - first, y + first), imgui.ImVec2(x + along - last, y + last), colour, thick
                )

    def switch(self, name: str, on: bool) -> bool:
        """A sliding switch at the cursor; True when it was clicked."""
        at, h = imgui.get_cursor_screen_pos(), 18.0 * self.scale
        w = 1.8 * h
        clicked = imgui.invisible_button(name, imgui.ImVec2(w, h))
        track = theme.GIVES_BAR if on else (0.30, 0.34, 0.40, 1.0)
        self.bar(at.x, at.y, w, h, track, rounding=9.0)
        knob = at.x + (w - h / 2 if on else h / 2)
        self.draw.add_circle_filled(imgui.ImVec2(knob, at.y + h / 2), h * 0.38, theme.u32(theme.TEXT), 20)
        return bool(clicked)

    def slider(
        self, name: str, value: float, least: float, most: float, *, width: float
    ) -> tuple[float | None, bool]:
        """A dial at the cursor, `width` at 720p: (where the hand moved it or None, whether it just took hold)."""
        s, at = self.scale, imgui.get_cursor_screen_pos()
        w, h, edge = width * s, 20.0 * s, 7.0 * s
        imgui.invisible_button(name, imgui.ImVec2(w, h))
        held, lit = imgui.is_item_active(), imgui.is_item_hovered()
        left, reach = at.x + edge, w - 2 * edge
        wanted: float | None = None
        if held:
            share = min(max((imgui.get_mouse_pos().x - left) / reach, 0.0), 1.0)
            wanted = least + share * (most - least)
        knob = left + reach * min(max((value - least) / ((most - least) or 1.0), 0.0), 1.0)
        y = at.y + h / 2
        self.bar(left, y - 2 * s, reach, 4 * s, theme.ACTIVE, rounding=2)
        self.bar(left, y - 2 * s, knob - left, 4 * s, theme.NOTE, rounding=2)
        self.draw.add_circle_filled(imgui.ImVec2(knob, y), (8.0 if held or lit else 7.0) * s, theme.u32(theme.TEXT), 24)
        return wanted, bool(imgui.is_item_activated())


def note(text: str) -> None:
    """A wrapped line in small pale type at the cursor: what explains, not what is measured."""
    imgui.push_font(None, 14.0)
    imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*theme.NOTE))
    imgui.text_wrapped(text)
    imgui.pop_style_color()
    imgui.pop_font()


@lru_cache(maxsize=4096)
def swatch(legend: Legend, f: float, *, night: float = 0.0) -> Rgba:
    """sRGB colour of a roof under flux `f` (-1..1) in the noon sun, as the shaders mix, light and tone it.

    (assets/shaders: flux.glsl, roof.frag, curve.glsl.) By night the giving end is mixed as there, but stays bright.
    """
    s = min(abs(f), 1.0) ** 0.5
    t = min(max(1.6 * s - 0.6, 0.0), 1.0)
    low, high = (legend.take_middle, legend.take_strong) if f < 0 else (legend.give_middle, legend.give_strong)
    a, b = np.array(low), np.array(high)
    if f > 0:
        b = b * (1 - 0.4 * night) + a * 0.4 * night
    c = a * (1 - t) + b * t
    amount = 0.92 * min(max(2.4 * s, 0.0), 1.0)
    mixed = _toned((_PAPER * (1 - amount) + c * amount) * _NOON + c * amount * _SELF)
    r, g, b_ = np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
    return float(r), float(g), float(b_), 1.0


def _toned(c: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shaders' tone (assets/shaders/curve.glsl), linear to linear."""
    low = float(c.min())
    c = c - 0.5 * (low - 6.25 * low * low if low < 0.08 else 0.04)
    peak, shoulder = float(c.max()), 0.76
    if peak < shoulder:
        return c
    room = 1.0 - shoulder
    held = 1.0 - room * room / (peak + room - shoulder)
    part = 1.0 - 1.0 / (0.15 * (peak - held) + 1.0)
    return c * held / peak * (1 - part) + held * part
