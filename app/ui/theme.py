"""Colours, sizes and type of the panels: dark ink over the model, by day and night."""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from imgui_bundle import imgui

INK = (0.078, 0.094, 0.122, 0.94)
TEXT = (0.949, 0.937, 0.910, 1.0)
NOTE = (0.663, 0.686, 0.722, 1.0)
GIVES, GIVES_BAR = (0.561, 0.753, 1.0, 1.0), (0.247, 0.525, 0.902, 1.0)
TAKES, TAKES_BAR = (1.0, 0.722, 0.467, 1.0), (0.925, 0.455, 0.063, 1.0)
NEUTRAL_BAR = (0.50, 0.54, 0.60, 1.0)
"""Heat, which no grid carries, and what follows from the other terms of a sum."""
TRACK = (0.137, 0.165, 0.204, 1.0)
HOVERED, ACTIVE = (0.180, 0.216, 0.267, 1.0), (0.227, 0.271, 0.329, 1.0)
GAP = 24.0
"""Pixels between panels and the edge of the screen, at 720p."""


@dataclass(frozen=True)
class Fonts:
    """Inter in two weights; sizes are given at 720p when pushed."""

    medium: Any
    semibold: Any
    widths: dict[tuple[str, float, bool, float], float] = field(default_factory=dict)
    """Widths that were measured, by text, size, weight and scale (app.ui.pen)."""


def fonts() -> Fonts:
    """Load the bundled fonts into the current context."""
    atlas = imgui.get_io().fonts
    folder = importlib.resources.files("assets") / "fonts"
    loaded = [
        atlas.add_font_from_file_ttf(str(folder / f"Inter-{weight}.otf"), 16.0) for weight in ("Medium", "SemiBold")
    ]
    return Fonts(*loaded)


def dress(scale: float) -> None:
    """Set the style for a UI `scale` (1 at 720p)."""
    style = imgui.get_style()
    for name, value in _SIZES.items():
        size = imgui.ImVec2(*(v * scale for v in value)) if isinstance(value, tuple) else value * scale
        setattr(style, name, size)
    style.window_border_size = 1.0
    style.frame_border_size = 0.0
    style.font_size_base = 16.0
    style.font_scale_main = scale
    for name, colour in _COLOURS.items():
        style.set_color_(getattr(imgui.Col_, name), imgui.ImVec4(*colour))


_SIZES: dict[str, float | tuple[float, float]] = {
    "window_rounding": 10.0, "frame_rounding": 6.0, "child_rounding": 8.0, "popup_rounding": 8.0,
    "grab_rounding": 6.0, "grab_min_size": 14.0, "scrollbar_size": 10.0, "scrollbar_rounding": 6.0,
    "window_padding": (18.0, 14.0), "item_spacing": (10.0, 8.0), "frame_padding": (9.0, 5.0),
    "item_inner_spacing": (8.0, 6.0),
}  # fmt: skip
_COLOURS = {
    "text": TEXT, "text_disabled": NOTE, "window_bg": INK, "popup_bg": INK, "border": (1, 1, 1, 0.10),
    "frame_bg": (*TRACK[:3], 0.9), "frame_bg_hovered": HOVERED, "frame_bg_active": ACTIVE,
    "button": TRACK, "button_hovered": HOVERED, "button_active": ACTIVE,
    "header": TRACK, "header_hovered": HOVERED, "header_active": ACTIVE,
    "slider_grab": TEXT, "slider_grab_active": (1, 1, 1, 1), "check_mark": TEXT, "separator": (1, 1, 1, 0.10),
    "scrollbar_bg": (0, 0, 0, 0), "scrollbar_grab": ACTIVE, "text_selected_bg": (0.247, 0.525, 0.902, 0.5),
}  # fmt: skip


@lru_cache(maxsize=4096)
def u32(colour: tuple[float, ...], alpha: float = 1.0) -> int:
    """Packed colour for draw lists."""
    r, g, b, a = colour
    return int(imgui.color_convert_float4_to_u32(imgui.ImVec4(r, g, b, a * alpha)))
