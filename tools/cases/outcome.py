"""What is reported of an envelope case's year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from tools.cases.building import Building
from tools.cases.read import Expect, Figure
from tools.cases.schedule import Year
from tools.cases.sunlight import Light
from tools.cases.table import nearest

Float = NDArray[np.float64]
J_KWH = 3.6e6


@dataclass(frozen=True)
class Result:
    """The year's steps."""

    heating_w: Float
    cooling_w: Float
    indoor_c: Float
    light: Light


def figures(
    r: Result, made: Building, year: Year, *, step_s: float, above_c: float, below_c: float, expect: Sequence[Expect]
) -> list[Figure]:  # fmt: skip
    """Every quantity of kind `envelope`; hours by themselves only where the case expects some."""
    heating, cooling = (float(v.sum()) * step_s / J_KWH for v in (r.heating_w, r.cooling_w))
    hours = step_s / 3600.0
    found = [
        Figure("annual_heating", heating, "kWh"), Figure("annual_cooling", cooling, "kWh"),
        _extreme("peak_heating", r.heating_w, "W", year, greatest=True),
        _extreme("peak_cooling", r.cooling_w, "W", year, greatest=True),
        _extreme("max_indoor", r.indoor_c, "degC", year, greatest=True),
        _extreme("min_indoor", r.indoor_c, "degC", year, greatest=False),
        Figure("mean_indoor", float(r.indoor_c.mean()), "degC"),
        Figure("heating_per_area", heating / made.floor_m2, "kWh/m2"),
        Figure("cooling_per_area", cooling / made.floor_m2, "kWh/m2"),
        Figure("hours_above", float((r.indoor_c > above_c).sum()) * hours, "h", note=f"above {above_c:g} degC"),
        Figure("hours_below", float((r.indoor_c < below_c).sum()) * hours, "h", note=f"below {below_c:g} degC"),
    ]  # fmt: skip
    months = year.months()
    for quantity, values in (("monthly_heating", r.heating_w), ("monthly_cooling", r.cooling_w)):
        sums = np.bincount(months, values, minlength=12) * step_s / J_KWH
        found += [Figure(quantity, float(v), "kWh", at=str(m)) for m, v in enumerate(sums, 1)]
    found += _sun(r.light, made, step_s)
    for e in expect:
        if e.quantity in ("hourly_heating", "hourly_cooling", "hourly_indoor", "hourly_incident"):
            found += [_hour(e.quantity, at, r, year) for at in e.at]
    return found


def _extreme(quantity: str, values: Float, unit: str, year: Year, *, greatest: bool) -> Figure:
    step = int(np.argmax(values) if greatest else np.argmin(values))
    # a zone that is never heated has no hour of its peak, and no -0 either
    return Figure(quantity, float(values[step]) + 0.0, unit, note=year.name(step) if np.ptp(values) else "")


def _sun(light: Light, made: Building, step_s: float) -> list[Figure]:
    """Sums of the year by surface and by window [kWh/m2]."""
    def total(values: Any) -> float:
        return float(values.sum()) * step_s / J_KWH

    found = [Figure("incident_solar", total(v), "kWh/m2", at=name) for name, v in light.incident.items()]
    for w in made.windows:
        through, on = total(light.transmitted[w.name]), total(light.on_window[w.name])
        free = total(light.incident[w.surface.name])
        found += [
            Figure("transmitted_solar", through, "kWh/m2", at=w.name),
            Figure("window_solar", on, "kWh/m2", at=w.name),
            Figure("solar_transmittance", through / free if free else 0.0, "1", at=w.name),
            Figure("shading_share", 1.0 - on / free if free else 0.0, "1", at=w.name),
        ]
    whole = sum(total(light.transmitted[w.name]) * w.area_m2 for w in made.windows)
    return [*found, Figure("transmitted_solar_total", whole, "kWh")]


def _hour(quantity: str, at: str, r: Result, year: Year) -> Figure:
    """One step: `at` = "MM-DD H", the hour that ends at H; of sun "SURFACE MM-DD H"."""
    where, _, moment = at.rpartition(" ")
    name, _, date = where.rpartition(" ")
    month, _, day = date.partition("-")
    hour = float(moment) if moment.replace(".", "", 1).isdigit() else 0.0
    dated = month.isdigit() and day.isdigit() and 1 <= int(month) <= 12
    if not (dated and 1 <= int(day) <= year.month_days(int(month)) and 0.0 < hour <= 24.0):
        raise Refused(f'expect of {quantity} at "{at}" names no hour of the year; write "MM-DD H", as 01-31 24')
    of = {"hourly_heating": r.heating_w, "hourly_cooling": r.cooling_w, "hourly_indoor": r.indoor_c}
    if quantity == "hourly_incident":
        if name not in r.light.incident:
            raise Refused(f'expect of {quantity} at "{at}" names no surface or plane'
                          f"{nearest(name, sorted(r.light.incident))}")  # fmt: skip
        of[quantity] = r.light.incident[name]
    step = year.day(int(month), int(day)) * year.steps_a_day + int(np.ceil(hour * year.steps_a_day / 24.0)) - 1
    unit = {"hourly_indoor": "degC", "hourly_incident": "W/m2"}.get(quantity, "W")
    return Figure(quantity, float(of[quantity][step]), unit, at=at)
