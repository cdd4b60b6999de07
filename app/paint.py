"""Flux to colour: one value per building at the shown time, on the legend's fixed scale.

A block's row k holds the mean over [k, k+1) steps; the picture interpolates between the middles of rows (numbers on
the panels never do: they show the step's mean). The scale is symmetric and never changes with time or toggle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from network.quantities import QUANTITIES
from network.schema import FluxBlock

Float = NDArray[np.float64]
Rgb = tuple[float, float, float]
Levels = NDArray[np.float32]
"""[building] -1..1, NaN where nothing is known."""


def linear(hex_colour: str) -> Rgb:
    """sRGB #RRGGBB to linear 0..1, exact curve (IEC 61966-2-1)."""
    c = np.array([int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    r, g, b = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(r), float(g), float(b)


TAKE_STRONG, TAKE_MIDDLE = "#EC7410", "#F6B85C"
GIVE_STRONG, GIVE_MIDDLE = "#0A429F", "#5F9AE2"
NEUTRAL = (0.40, 0.40, 0.41)
"""Where nothing is known; linear."""
_COMFORT_K = (288.15, 303.15)
"""Ends of a temperature legend: 15 to 30 degrees Celsius."""
RAMP_MIDDLE, RAMP_STRONG = "#8E6FA8", "#3A1F52"
"""One-sided quantities: violet, so that no amount is read as a direction."""
HEAT_MIDDLE, HEAT_STRONG = "#DC8FB4", "#B0246E"
"""Heat is raspberry."""
HEAT = frozenset({"heating_w", "heating_w_m2", "gas_w"})
SUN_MIDDLE, SUN_STRONG = "#E8C04A", "#7A3B0C"
"""Solar potential: straw to burnt umber, darker with more sun; never the orange of what takes."""
SUN = ("facade_sun_j_m2", "roof_sun_j_m2", "sun_march_s", "sun_june_s", "sun_december_s")
"""What stands for a whole year."""
LOADING = "line_loading"
LOADING_STOPS = ("#DDBE78", "#8A5AA6", "#1B1226")
"""Sand, violet, near-black at 0, 60 and 100 % of what a cable may carry."""
LOADING_MIDDLE = 0.6
PAINTS = (
    "surplus_w_m2", "pv_w", "heating_w_m2", "heater_w", "gas_w", "vehicle_w", "battery_w", LOADING, "pv_peak_w",
    *SUN,
)  # fmt: skip
"""What the model can be coloured by, in the order in which the hand goes through it."""
_USUAL = {
    LOADING: 1.0, "surplus_w_m2": 50.0, "surplus_w": 50e3, "pv_w": 20e3, "pv_peak_w": 20e3, "appliances_w": 5e3,
    "heating_w": 50e3, "heating_w_m2": 100.0, "heater_w": 20e3, "gas_w": 50e3, "battery_w": 10e3, "vehicle_w": 11e3,
    "site_w": 250e3, "facade_sun_j_m2": 1000 * 3.6e6, "roof_sun_j_m2": 1500 * 3.6e6, "sun_march_s": 12 * 3600.0,
    "sun_june_s": 12 * 3600.0, "sun_december_s": 12 * 3600.0,
}  # fmt: skip
"""Ends of the scale [SI] where a package brings none of its own."""
_FROM = {"roof_sun_j_m2": 0.5}
"""Where a scale does not begin at 0, as part of its end: hardly a roof gets less than half of what the best get."""
_PAINTED = {"": (1.0, 1.0), "walls": (2.0, 0.0), "roofs": (0.0, 1.0)}
"""`Legend.painted` by what a quantity is a property of."""


@dataclass(frozen=True)
class Legend:
    """Colours and scale of the shown quantity; rgb linear."""

    quantity: str
    scale: float
    """SI value at the end of the legend."""
    take_middle: Rgb
    take_strong: Rgb
    give_middle: Rgb
    give_strong: Rgb
    hatch_takes: bool
    low: float = 0.0
    """SI value at the legend's zero: 0, the cold end of temperatures, or what a poor roof gets."""
    painted: tuple[float, float] = (1.0, 1.0)
    """What of a building carries the colour. Walls: 0 nothing, 1 fading from the eave, 2 all over; roofs: 0 or 1."""


def legend(quantity: str, ranges: dict[str, float]) -> Legend:
    """Legend of a quantity of the vocabulary; `ranges` come with the Roster."""
    q = QUANTITIES[quantity]
    high_end = end_of_scale(quantity, ranges)
    low_end, high_end = _COMFORT_K if q.display_unit == "°C" else (high_end * _FROM.get(quantity, 0.0), high_end)
    both = q.colour_map == "diverging"
    one = (HEAT_MIDDLE, HEAT_STRONG) if quantity in HEAT else (RAMP_MIDDLE, RAMP_STRONG)
    one = (SUN_MIDDLE, SUN_STRONG) if quantity in SUN else one
    low, high = ((TAKE_MIDDLE, TAKE_STRONG), (GIVE_MIDDLE, GIVE_STRONG)) if both else (one, one)
    return Legend(
        quantity, high_end, linear(low[0]), linear(low[1]), linear(high[0]), linear(high[1]), both, low_end,
        _PAINTED[q.surface],
    )  # fmt: skip


def end_of_scale(quantity: str, ranges: dict[str, float]) -> float:
    """SI value at the end of the legend; a cable's is always what it may carry."""
    usual = _USUAL.get(quantity, 1.0)
    return usual if quantity == LOADING else float(ranges.get(quantity, 0.0)) or usual


def loading_rgb(share: Float) -> Float:
    """[n, 3] linear colour of a cable's loading (1 = 100 %), as assets/shaders/lines.frag mixes it."""
    sand, violet, black = (np.array(linear(c)) for c in LOADING_STOPS)
    f = np.clip(np.asarray(share, np.float64), 0.0, 1.0)[:, None]
    low, high = np.clip(f / LOADING_MIDDLE, 0, 1), np.clip((f - LOADING_MIDDLE) / (1 - LOADING_MIDDLE), 0, 1)
    return np.asarray((sand * (1 - low) + violet * low) * (1 - high) + black * high, np.float64)


def row_weights(block: FluxBlock, time_s: float) -> tuple[int, int, float]:
    """Rows before and after `time_s` and the share of the latter, between the middles of steps."""
    x = (time_s - block.first_time_s) / block.step_s - 0.5
    x = min(max(x, 0.0), len(block.values) - 1.0)
    low = min(int(x), max(len(block.values) - 2, 0))
    return low, min(low + 1, len(block.values) - 1), x - low


def at_time(block: FluxBlock, time_s: float) -> Float:
    """Interpolated row [n] in SI."""
    a, b, share = row_weights(block, time_s)
    return np.asarray(block.values[a] * (1 - share) + block.values[b] * share, np.float64)


def mean_of_step(block: FluxBlock, time_s: float) -> Float:
    """Row [n] of the step that holds `time_s`: what numbers show."""
    k = int(np.clip((time_s - block.first_time_s) // block.step_s, 0, len(block.values) - 1))
    return np.asarray(block.values[k], np.float64)


def levels(block: FluxBlock | None, legend: Legend, time_s: float, count: int) -> NDArray[np.float32] | None:
    """-1..1 per building for the value texture; None when nothing is known of anything.

    While the cables show their loading the buildings are paper.
    """
    if count == 0:
        return None
    if legend.quantity == LOADING:
        return np.zeros(count, np.float32)
    if block is None or block.values.shape[1] != count:
        return np.full(count, np.nan, np.float32)
    least = -1.0 if legend.hatch_takes else 0.0
    return np.clip((at_time(block, time_s) - legend.low) / (legend.scale - legend.low), least, 1.0).astype(np.float32)


def sun_at(block: FluxBlock | None, time_s: float) -> Float | None:
    """Unit vector to the sun; its rows are values at their start, not means."""
    if block is None or len(block.values) == 0:
        return None
    x = float(np.clip((time_s - block.first_time_s) / block.step_s, 0, len(block.values) - 1))
    a = min(int(x), max(len(block.values) - 2, 0))
    b = min(a + 1, len(block.values) - 1)
    v = np.asarray(block.values[a] * (1 - (x - a)) + block.values[b] * (x - a), np.float64)
    return v / max(float(np.linalg.norm(v)), 1e-9)
