"""The books of a year: accounts per step and month, extremes of the grid and of the rooms, conservation.

Boundary = the district's edge. Per carrier and step, summed over the district:

    generated + imported = used + exported + losses + change of storage

generated = renewable energy made inside; used = final energy entering end-use systems (a heat pump's electricity, a
boiler's gas); import and export are netted per step over the district. Heat that heat pumps draw from the air is
an account of its own, never generated; what cars charge is used, where they charge it. A battery's change of charge
is booked as the flow into it, what is neither given nor stored as lost. Sums are float64, in the order of the days,
whatever the chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim import sums
from sim.district import District, LineKind, NodeKind
from sim.prepare import Case
from sim.span import Flux

Float = NDArray[np.float64]
ACCOUNTS = ("pv_w", "appliances_w", "heater_w", "gas_w", "ambient_w", "heating_w", "hot_water_w", "cooling_w",
            "vehicle_w", "battery_w", "battery_stored_w", "surplus_w")  # fmt: skip
"""Columns of Flux that are booked, per step for the district and per month for each building."""
SITE_ACCOUNTS = ("site_w", "site_stored_w")
"""Those of the sites."""
VOLTAGE_LIMITS_PU = (0.9, 1.1)
"""EN 50160:2010, 10-minute means for 95 % of a week."""
LOADING_LIMIT = 1.0
COMFORT_C = (26.0, 28.0, 18.0)
"""Rooms are too warm above the first (CIBSE TM59:2017: bedrooms, DIN 4108-2:2013, region B) and far too warm above the
second (CIBSE Guide A:2006), too cold below the last (WHO Housing and Health Guidelines, 2018) (as remembered, not
checked against the text)."""
BEYOND_K = 0.01
"""By which a limit is passed before the hour counts: rooms that cooling holds at a limit are not beyond it, whatever
the last bit of their temperature says."""


@dataclass(frozen=True)
class Ledger:
    """The books; its arrays are written by `add` alone."""

    step_s: float
    steps: Float
    """[account, step] sums over the district [W]."""
    loss_w: Float
    """[step] of the grid."""
    source_w: Float
    """[step] fed into the grid by its sources."""
    on_grid_w: Float
    """[step] surplus of the buildings that are connected."""
    sites: Float
    """[site account, step, site]"""
    site_on_grid: Float
    """[site] 1 where it is connected."""
    charger_w: Float
    """[step] what cars take from the district's chargers."""
    wind_w: Float
    """[step] what turbines make."""
    turbine: Float
    """[site] 1 where one stands."""
    months: Float
    """[account, month, building] sums over the month's steps [W x steps]."""
    days_in_month: tuple[int, ...]
    voltage: Float
    """[3, node] least, greatest, steps outside limits."""
    loading: Float
    """[3, line]"""
    strained: Float
    """[step] 1 where any line or node was outside its limits."""
    collapsed: NDArray[np.int64]
    """[step] row of the line that heads the feeder that carries more than has a solution, -1 = none."""
    parts: dict[str, Float]
    """{boundary: [account, step]} sums over the buildings inside, where some are not (sim/boundary.py)."""
    comfort: NDArray[np.floating]
    """[3, building] steps with rooms above 26, above 28, below 18 degC; of the case's float type."""

    @property
    def months_j(self) -> Float:
        """[account, month, building] energy [J]: sum of power x step."""
        return self.months * self.step_s

    @property
    def site_months_j(self) -> Float:
        """[site account, month, site] energy [J]: sum of power x step."""
        starts = np.concatenate([[0], np.cumsum(self.days_in_month)[:-1]]) * round(86400.0 / self.step_s)
        return np.add.reduceat(self.sites, starts, axis=1) * self.step_s


def empty(case: Case) -> Ledger:
    """Blank books of a year."""
    bounds = np.array([[np.inf], [-np.inf], [0.0]])
    turbine = np.zeros(case.sites)
    if case.wind is not None:
        turbine[case.wind.site] = 1.0
    return Ledger(
        step_s=case.step_s, steps=np.zeros((len(ACCOUNTS), case.steps)), loss_w=np.zeros(case.steps),
        source_w=np.zeros(case.steps), on_grid_w=np.zeros(case.steps),
        sites=np.zeros((len(SITE_ACCOUNTS), case.steps, case.sites)),
        site_on_grid=(case.grid.site_part >= 0).astype(np.float64),
        charger_w=np.zeros(case.steps) if case.plant is None else case.plant.load_w.sum(axis=1)[case.wall_hour],
        wind_w=np.zeros(case.steps) if case.wind is None else case.wind.power_w.sum(axis=1), turbine=turbine,
        months=np.zeros((len(ACCOUNTS), 12, case.buildings)), days_in_month=case.days_in_month,
        voltage=np.repeat(bounds, case.grid.nodes, axis=1), loading=np.repeat(bounds, case.grid.lines, axis=1),
        strained=np.zeros(case.steps), collapsed=np.full(case.steps, -1),
        parts={mode: np.zeros((len(ACCOUNTS), case.steps)) for mode in case.inside},
        comfort=np.zeros((3, case.buildings), case.dtype),
    )  # fmt: skip


def add(ledger: Ledger, case: Case, flux: Flux, *, first: int) -> None:
    """Book `flux`, whose first row is step `first`; whole days, in order."""
    n = flux.span.steps
    per_day = round(86400.0 / case.step_s)
    lanes = np.empty(sums.LANES)
    month_of = _month_of(ledger.days_in_month)
    silent = () if case.batteries else ("battery_w", "battery_stored_w")
    silent = silent if case.cars else (*silent, "vehicle_w")
    silent = silent if case.rooms.eer is not None else (*silent, "cooling_w")
    for k, name in enumerate(ACCOUNTS):
        if name in silent:
            continue
        column, month = getattr(flux, name), ledger.months[k]
        for start in range(0, n, per_day):
            day = column if n == per_day else column[start : start + per_day]
            sums.book(day, lanes, first + start, ledger.steps, k, month[month_of[(first + start) // per_day]])
    for mode, inside in case.inside.items():
        for k, name in enumerate(ACCOUNTS):
            if name not in silent:
                sums.total(np.ascontiguousarray(getattr(flux, name)[:, inside]), lanes, first, ledger.parts[mode], k)
    sums.outside(flux.indoor_c, np.array(COMFORT_C + BEYOND_K * np.array([1.0, 1.0, -1.0]), case.dtype), ledger.comfort)
    here = slice(first, first + n)
    ledger.loss_w[here] = flux.grid_loss_w
    ledger.source_w[here] = flux.source_w
    ledger.collapsed[here] = flux.collapsed_line
    if case.connected is None:
        ledger.on_grid_w[here] = ledger.steps[-1, here]
    elif case.connected.any():
        column = np.ascontiguousarray(flux.surplus_w[:, case.connected])
        sums.total(column, lanes, first, ledger.on_grid_w.reshape(1, -1), 0)
    if case.plant is not None or case.wind is not None:
        for k, name in enumerate(SITE_ACCOUNTS):
            ledger.sites[k, here] = getattr(flux, name)
    strained = ledger.strained[here]
    strained[flux.collapsed_line >= 0] = 1.0
    limits = ((flux.voltage_pu, VOLTAGE_LIMITS_PU, ledger.voltage),
              (flux.line_loading, (-np.inf, LOADING_LIMIT), ledger.loading))  # fmt: skip
    for column, allowed, kept in limits if case.grid.nodes else ():
        sums.extremes(column, np.array(allowed), kept[0], kept[1], kept[2], strained)


@lru_cache(maxsize=2)
def _month_of(days_in_month: tuple[int, ...]) -> tuple[int, ...]:
    """[day of the year] number of its month, 0 = January."""
    return tuple(m for m, days in enumerate(days_in_month) for _ in range(days))


def residual(ledger: Ledger) -> float:
    """Largest conservation residual of any step, relative to its throughput.

    Electricity of the district (what is made and used against what leaves the buildings) and of the grid (what the
    sources feed against surplus and losses); the two sides of each come from different kernels. And of turbines: what
    they make against what their sites gave.
    """
    s = _named(ledger)
    kept = s["pv_w"] - s["appliances_w"] - s["heater_w"] - s["vehicle_w"] + s["battery_w"] - s["surplus_w"]
    buildings = np.abs(kept) / _throughput(ledger)
    turbines = np.abs(ledger.sites[0] @ ledger.turbine - ledger.wind_w) / _throughput(ledger)
    return float(max(buildings.max(), _wires(ledger).max(), turbines.max()))


def _throughput(ledger: Ledger) -> Float:
    """[step] what is made, used and lost [W], at least 1."""
    s = _named(ledger)
    used = s["appliances_w"] + s["heater_w"] + s["vehicle_w"] + ledger.charger_w
    moved = s["pv_w"] + ledger.wind_w + used + ledger.loss_w
    return np.maximum(moved + np.abs(s["battery_w"]) + np.abs(_plant(ledger)), 1.0)


def _plant(ledger: Ledger) -> Float:
    """[step] what the district's batteries give [W]; chargers are uses of their own, turbines make."""
    power: Float = ledger.sites[0].sum(axis=1) + ledger.charger_w - ledger.wind_w
    return power


def _named(ledger: Ledger) -> dict[str, Float]:
    """[step] of every account of the buildings."""
    return dict(zip(ACCOUNTS, ledger.steps, strict=True))


def _wires(ledger: Ledger) -> Float:
    """[step] residual of the grid relative to throughput; 0 where the power flow has no solution, hence no losses."""
    if not ledger.source_w.any():
        return np.zeros_like(ledger.source_w)
    plant = ledger.sites[0] @ ledger.site_on_grid
    kept = np.where(ledger.collapsed < 0, ledger.source_w + ledger.on_grid_w + plant - ledger.loss_w, 0.0)
    return np.abs(kept) / _throughput(ledger)


def battery_given_w(ledger: Ledger) -> Float:
    """[step] what all batteries together give [W], negative while they charge."""
    given_w: Float = _named(ledger)["battery_w"] + _plant(ledger)
    return given_w


def accounts_w(ledger: Ledger) -> dict[str, dict[str, Float]]:
    """[step] accounts of every carrier: generated used imported exported losses stored."""
    s = _named(ledger)
    made, gas, ambient = s["pv_w"] + ledger.wind_w, s["gas_w"], s["ambient_w"]
    used = s["appliances_w"] + s["heater_w"] + s["vehicle_w"] + ledger.charger_w
    stored = s["battery_stored_w"] + ledger.sites[1].sum(axis=1)
    losses = ledger.loss_w - s["battery_w"] - _plant(ledger) - stored
    net = used + losses + stored - made
    zero = np.zeros_like(made)
    names = ("generated", "used", "imported", "exported", "losses", "stored")
    rows = {
        "electricity": (made, used, np.maximum(net, 0.0), np.maximum(-net, 0.0), losses, stored),
        "gas": (zero, gas, gas, zero, zero, zero),
        "ambient": (zero, ambient, ambient, zero, zero, zero),
    }
    return {carrier: dict(zip(names, columns, strict=True)) for carrier, columns in rows.items()}


def grid(ledger: Ledger, district: District) -> dict[str, float]:
    """Extremes of the year; empty where there is no grid. Sources are left out: their voltage is given."""
    node = district.node.kind != NodeKind.SOURCE
    transformer = district.line.kind == LineKind.TRANSFORMER
    if not node.any() or not np.isfinite(ledger.voltage[0, node]).any():
        return {}

    def most(values: Float) -> float:
        return float(values.max()) if len(values) and np.isfinite(values.max()) else 0.0

    return {
        "voltage_min_pu": float(ledger.voltage[0, node].min()),
        "voltage_max_pu": most(ledger.voltage[1, node]),
        "line_loading_max": most(ledger.loading[1, ~transformer]),
        "transformer_loading_max": most(ledger.loading[1, transformer]),
        "hours_over_limit": float(ledger.strained.sum() * ledger.step_s / 3600.0),
        "hours_unsolved": float((ledger.collapsed >= 0).sum() * ledger.step_s / 3600.0),
        **{
            f"hours_unsolved:{district.line.id[k]}": float((ledger.collapsed == k).sum() * ledger.step_s / 3600.0)
            for k in np.unique(ledger.collapsed[ledger.collapsed >= 0])
        },
    }
