"""The year as it is, before any what-if: what the grid must carry, and how far each colour scale reaches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import span, year
from sim.potential import Potential
from sim.prepare import Case

Progress = Callable[[str, float], None]
DAYS_AT_ONCE = 7
PERCENTILE = 98.0
MOST_VALUES = 4_000_000
"""Percentiles are taken of every k-th step, so that no more values than this are sorted."""
POTENTIAL_W_M2 = 100.0
"""Least scale of solar power: half of a 200 W/m2 module on the usable area, for a base year may have few."""
HEATER_PER_HEAT = 1.0 / 3.0
"""Electricity per heat of a common heat pump, for the least scale of its power."""
SUN_STEP_J_M2 = 200 * 3.6e6
"""Ends of the scales of a year's light are whole multiples of this: 200 kWh/m2."""
GRID_DAYS = 24
"""Days spread over the year of which the lines' scale is taken."""


@dataclass(frozen=True)
class BaseYear:
    """The district's year without a grid."""

    demand_w: NDArray[np.float32]
    """[step, building] net electricity drawn."""
    ranges: dict[str, float]
    """Symmetric colour range per quantity of the building axis, SI."""


def run(case: Case, *, footprint_m2: NDArray[np.float64], roof_m2: NDArray[np.float64], progress: Progress) -> BaseYear:
    """Compute the base year; `roof_m2` [building] is the area that can carry modules."""
    state = year.begin(case).state
    per_day, days = year.steps_a_day(case), year.days_of(case)
    every = max(1, math.ceil(case.steps * case.buildings / MOST_VALUES))
    demand = np.empty((case.steps, case.buildings), np.float32)
    names = ("heating_w", "appliances_w", "pv_w", "heater_w", "gas_w")
    kept: dict[str, list[NDArray[np.floating]]] = {name: [] for name in names}
    for first in range(0, days, DAYS_AT_ONCE):
        piece = span.Span(first * per_day, per_day * min(DAYS_AT_ONCE, days - first))
        state, flux = span.simulate(case, state, piece, grid=False)
        demand[piece.first : piece.first + piece.steps] = -flux.surplus_w
        for name, rows in kept.items():
            rows.append(np.array(getattr(flux, name)[-piece.first % every :: every]))
        progress("base year", (first + DAYS_AT_ONCE) / days)
    some = demand[::every]
    ranges = {name: scale(np.concatenate(rows)) for name, rows in kept.items()}
    ranges["heating_w_m2"] = scale(np.concatenate(kept["heating_w"]) / np.maximum(footprint_m2, 1.0))
    # a base year with few heat pumps or modules, or without gas, still shows where a what-if puts them
    ranges["heater_w"] = max(ranges["heater_w"], scale(HEATER_PER_HEAT * np.concatenate(kept["heating_w"])))
    ranges["gas_w"] = ranges["gas_w"] or ranges["heating_w"]
    ranges["pv_w"] = max(ranges["pv_w"], scale(POTENTIAL_W_M2 * roof_m2))
    ranges["surplus_w"] = scale(some)
    ranges["surplus_w_m2"] = scale(some / np.maximum(footprint_m2, 1.0))
    ranges["district_surplus_w"] = scale(demand.sum(axis=1, dtype=np.float64))
    return BaseYear(demand, {name: value for name, value in ranges.items() if value})


def sun_ranges(sun: Potential) -> dict[str, float]:
    """Colour ranges of a year's light on facades and roofs [J/m2]: 98 % of buildings', up to whole SUN_STEP_J_M2."""
    found = {}
    for name, values in (("facade_sun_j_m2", sun.facade_j_m2), ("roof_sun_j_m2", sun.roof_j_m2)):
        known = values[np.isfinite(values)]
        if len(known):
            found[name] = math.ceil(float(np.percentile(known, PERCENTILE)) / SUN_STEP_J_M2) * SUN_STEP_J_M2
    return {name: value for name, value in found.items() if value}


def line_ranges(case: Case) -> dict[str, float]:
    """Colour ranges of the grid, from days spread over the year."""
    days = year.days_of(case)
    watts = [year.provisional_day(case, None, k * days // GRID_DAYS).line_w for k in range(GRID_DAYS)]
    return {name: value for name, value in (("line_w", scale(np.concatenate(watts))), ("line_loading", 1.0)) if value}


def scale(values: NDArray[np.floating]) -> float:
    """98th percentile of |values|, rounded to 1, 2 or 5 times a power of ten; 0 where all is zero."""
    top = float(np.percentile(np.abs(values), PERCENTILE)) if values.size else 0.0
    if not top > 0:
        return 0.0
    exponent = math.floor(math.log10(top))
    steps = [m * 10.0**e for e in (exponent, exponent + 1) for m in (1.0, 2.0, 5.0)]
    return min(steps, key=lambda s: abs(math.log(s / top)))
