"""What panels show besides the world: the frame's own results; and how a panel is placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from imgui_bundle import imgui

from app.figures import About, Figures
from app.light import Light
from app.paint import Legend
from app.plant import Stand


@dataclass(frozen=True)
class Seen:
    """Values of this frame."""

    size: tuple[int, int]
    legend: Legend
    light: Light
    connected: bool
    now_s: float
    """Monotonic clock of this process."""
    place: Stand | None = None
    """Where plant and transformers stand."""
    pointer: tuple[float, float] | None = None
    """Pixel under the pointer."""
    figures: Figures | None = None
    """Of frames and tiles, while their panel is open."""
    features: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Slot of a pointed or clicked feature of foreign tiles -> its properties, name and words."""
    about: About | None = None
    """What the tileset says around the clicked one."""


def fixed(name: str, seen: Seen, *, x: float, y: float, w: float, h: float, scale: float, grows: bool = False) -> None:
    """Begin a window that stands still; x, y from the left top (negative: from the right, bottom) at 720p."""
    width, height = seen.size
    left = x * scale if x >= 0 else width + x * scale
    top = y * scale if y >= 0 else height + y * scale
    imgui.set_next_window_pos(imgui.ImVec2(left, top))
    imgui.set_next_window_size(imgui.ImVec2(w * scale, h * scale))
    flags = imgui.WindowFlags_.no_decoration | imgui.WindowFlags_.no_move | imgui.WindowFlags_.no_saved_settings
    imgui.begin(name, None, flags | imgui.WindowFlags_.no_nav)
