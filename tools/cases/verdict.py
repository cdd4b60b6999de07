"""Computed figures against published ones: does each lie inside its band, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tools.cases.read import Expect, Figure
from tools.cases.table import nearest

_SCALES = (
    {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "GJ": 1e9, "Wh": 3.6e3, "kWh": 3.6e6, "MWh": 3.6e9, "GWh": 3.6e12},
    {"J/m2": 1.0, "MJ/m2": 1e6, "Wh/m2": 3.6e3, "kWh/m2": 3.6e6},
    {"W": 1.0, "kW": 1e3, "MW": 1e6}, {"VA": 1.0, "kVA": 1e3, "MVA": 1e6}, {"var": 1.0, "kvar": 1e3, "Mvar": 1e6},
    {"V": 1.0, "kV": 1e3}, {"A": 1.0, "kA": 1e3},
    {"1": 1.0, "pu": 1.0, "%": 0.01}, {"C": 1.0, "degC": 1.0}, {"K": 1.0},
    {"s": 1.0, "min": 60.0, "h": 3600.0}, {"mm": 1e-3, "m": 1.0, "km": 1e3},
    {"kg/s": 1.0, "kg/h": 1.0 / 3600.0, "t/h": 1.0 / 3.6}, {"Pa": 1.0, "kPa": 1e3, "bar": 1e5},
    {"g": 1e-3, "kg": 1.0, "t": 1e3}, {"kg/m2": 1.0, "g/m2": 1e-3},
)  # fmt: skip
"""Units that are converted into each other, by what one of them is worth."""


@dataclass(frozen=True)
class Row:
    """One expectation and what came out."""

    case: str
    kind: str
    quantity: str
    value: float | None
    """In `unit`; None where the case gives no such figure."""
    low: float
    high: float
    unit: str
    source: str
    holds: bool
    margin: float | None
    """To the nearer bound [unit]; negative: missed by that."""
    note: str


def converted(value: float, unit: str, into: str) -> float | None:
    """`value` [unit] in the unit `into`; None where the two measure different things."""
    if unit == into:
        return value
    for scale in _SCALES:
        if unit in scale and into in scale:
            return value * scale[unit] / scale[into]
    return None


def judge(case: str, kind: str, expect: Expect, figures: Sequence[Figure]) -> Row:
    """The expectation against the figure of its name; of many (`at`), the one with the smallest margin."""
    found = {f.at: f for f in figures if f.quantity == expect.quantity}
    if not found:
        names = sorted({f.quantity for f in figures})
        return unknown(case, kind, expect, f"kind {kind} gives no {expect.quantity}{nearest(expect.quantity, names)}")
    rows = []
    for at, low, high in zip(expect.at, expect.low, expect.high, strict=True):
        label = f"{expect.quantity} at {at}" if at else expect.quantity
        if at not in found:
            return unknown(case, kind, expect, f"no {label}{nearest(at, sorted(found))}")
        figure = found[at]
        value = converted(figure.value, figure.unit, expect.unit)
        if value is None:
            return unknown(case, kind, expect, f"{label} is in {figure.unit}, which is not {expect.unit}")
        margin = min(value - low, high - value)
        holds = math.isfinite(value) and low <= value <= high
        rows.append(Row(case, kind, label, value, low, high, expect.unit, expect.source, holds, margin, figure.note))
    worst = min(rows, key=lambda r: (r.holds, r.margin))
    if len(rows) > 1:
        out = sum(not r.holds for r in rows)
        note = f"the closest of {len(rows)}" if not out else f"{out} of {len(rows)} outside, this one furthest"
        return Row(**{**vars(worst), "note": note})
    return worst



def unknown(case: str, kind: str, expect: Expect, why: str) -> Row:
    """The row of an expectation that nothing can be held against, and why."""
    at = f" at {expect.at[0]}" if expect.at[0] and len(expect.at) == 1 else ""
    return Row(case, kind, expect.quantity + at, None, expect.low[0], expect.high[0], expect.unit, expect.source,
               False, None, why)  # fmt: skip
