"""What fits where: in a small window either the sides (what-ifs, balance) or the foot (legend, time) are shown.

Sizes are in pixels at 720p, so that a large text is a small window.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.ui import theme

SMALL_PX = 640
"""Narrower windows are small whatever their text."""
SIDE = 306.0
"""Width of a panel at the side."""
LEAST = (2 * SIDE + 3 * theme.GAP, 340.0)
"""Width and height that the panels of a small window need; text that would leave less is made smaller."""
LEGEND, TIME = (430.0, 122.0), (420.0, 136.0)
"""Width and height of the legend; least width, and height, of the time bar."""
_STACK = 12.0


@dataclass(frozen=True)
class Plan:
    """Which panels are shown."""

    sides: bool
    foot: bool
    time: bool
    """There is room for the time bar."""
    small: bool
    """Sides or foot, not both: a key changes between them."""


def stacked(size: tuple[int, int], scale: float) -> bool:
    """Whether legend and time bar stand one above the other."""
    return size[0] / scale < LEGEND[0] + TIME[0] + 3 * theme.GAP


def foot(size: tuple[int, int], scale: float) -> float:
    """Height that legend and time bar take, with the gap below."""
    tall = LEGEND[1] + _STACK + TIME[1] if stacked(size, scale) else max(LEGEND[1], TIME[1])
    return theme.GAP + tall


def time_above(size: tuple[int, int], scale: float) -> float:
    """Gap between the time bar's place at the bottom and where it stands: over the legend where they are stacked."""
    return LEGEND[1] + _STACK if stacked(size, scale) else 0.0


def plan(size: tuple[int, int], scale: float, *, aside: bool) -> Plan:
    """What is shown in a window of `size` pixels; `aside`: the hand asked for the other way round."""
    small = size[0] < SMALL_PX or stacked(size, scale) or size[1] / scale < 440.0
    room = size[1] / scale > foot(size, scale) + theme.GAP
    return Plan(small == aside, not (small and aside), room, small)
