"""Conservation in random districts, spans and scenarios: nothing is lost in any account, in either float type.

A district draws its grid (none, tree, several sources, ring, unequal phases, a house that hangs on nothing, a part that
no source reaches), cooling, windows, schedules, hourly or quarter-hourly weather; a scenario any layers at any setting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st

from network.schema import LayerChoice
from sim import ledger as books
from sim import year as years
from sim.balance import balance
from sim.district import District, Heater, Lines
from sim.layers import CATALOGUE, apply
from sim.prepare import Case, prepare
from sim.solar import Solar, solar
from sim.span import Flux, Span, State, initial, simulate
from sim.weather import Weather

FLOATS = [(np.float64, 1e-9), (np.float32, 1e-6)]
EVERYTHING = tuple(LayerChoice(k.about.kind, {p.name: p.default for p in k.about.parameters}) for k in CATALOGUE)
"""Every layer as the panel offers it: modules, turbine, heat pumps, cars, chargers, batteries of homes and district."""
GRIDS = ("none", "tree", "sources", "ring", "phases", "island")
SIZE = 9
ENERGIES = ("_j", "stored", "losses", "margin", "primary_energy", "imported", "exported")


@lru_cache(maxsize=2)
def _weather(an_hour: int) -> Weather:
    """A year of hours, or the same with every hour cut into equal parts."""
    w = random_weather(seed=17)
    columns = ("air_c", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_m_s", "sky_c", "filled")
    return replace(w, step_s=3600.0 / an_hour, **{c: np.repeat(getattr(w, c), an_hour) for c in columns})


@lru_cache(maxsize=128)
def _district(seed: int, grid: str, cooled: bool) -> District:
    rng = np.random.default_rng(seed)
    d = random_district(seed=seed, buildings=SIZE, nodes=0 if grid == "none" else 14,
                        sources=2 if grid == "sources" else 1, surfaces=4)  # fmt: skip
    b = replace(d.building, schedule=rng.integers(0, len(d.schedule), SIZE).astype(np.int32),
                open_c=rng.uniform(21.0, 26.0, SIZE),
                gains_w=rng.uniform(0.0, 8.0, SIZE) * d.building.floor_m2)  # fmt: skip
    if cooled:
        cool_limit_w = rng.choice([0.0, 20.0, 200.0], SIZE) * b.floor_m2
        b = replace(b, cool_limit_w=cool_limit_w, cool_c=rng.uniform(24.0, 27.0, SIZE))
    if grid == "phases":
        b = replace(b, phase_share=np.eye(3)[rng.integers(0, 3, SIZE)])
    if grid == "island":
        b = replace(b, node=np.where(np.arange(SIZE) == 3, -1, b.node).astype(np.int32))
        d = replace(d, line=replace(d.line, closed=np.arange(len(d.line)) != len(d.line) - 2))
    if grid == "ring":
        d = replace(d, line=_closed(d.line, 5, 11))
    return replace(d, building=b)


def _closed(line: Lines, a: int, b: int) -> Lines:
    """The lines and one more from node a to b: a ring."""
    columns = {}
    for name, column in vars(line).items():
        last = {"id": "ring", "from_node": a, "to_node": b}.get(name, column[-1])
        tuples = isinstance(column, tuple)
        columns[name] = (*column, last) if tuples else np.append(column, np.array(last, column.dtype))
    return Lines(**columns)


@lru_cache(maxsize=128)
def _light(seed: int, grid: str, cooled: bool, an_hour: int) -> Solar:
    return solar(_district(seed, grid, cooled), _weather(an_hour))


@dataclass(frozen=True)
class World:
    """What was drawn."""

    seed: int
    grid: str
    cooled: bool
    an_hour: int
    choices: tuple[LayerChoice, ...]

    @property
    def district(self) -> District:
        return apply(_district(self.seed, self.grid, self.cooled), self.choices)

    def case(self, dtype: type) -> Case:
        light = _light(self.seed, self.grid, self.cooled, self.an_hour)
        return prepare(self.district, light, _weather(self.an_hour), dtype=dtype)


@st.composite
def worlds(draw, *, fine: bool = True) -> World:
    layers = draw(st.lists(st.sampled_from(CATALOGUE), unique_by=lambda layer: layer.about.kind))
    choices = EVERYTHING if draw(st.booleans()) else tuple(
        LayerChoice(k.about.kind, {p.name: draw(st.floats(p.minimum, p.maximum)) for p in k.about.parameters},
                    draw(st.sampled_from(["all", "use=home", "year<1970"])))
        for k in layers
    )  # fmt: skip
    return World(draw(st.integers(0, 7)), draw(st.sampled_from(GRIDS)), draw(st.booleans()),
                 draw(st.sampled_from([1, 4])) if fine else 1, choices)  # fmt: skip


def _electricity(f: Flux) -> tuple[np.ndarray, np.ndarray]:
    """What is made, used and stored of each building against what leaves it; and the throughput."""
    made = [np.asarray(x, float) for x in (f.pv_w, f.battery_w)]
    used = [np.asarray(x, float) for x in (f.appliances_w, f.heater_w, f.vehicle_w)]
    return sum(made) - sum(used) - f.surplus_w, sum(np.abs(x) for x in (*made, *used)) + 1.0


def _heat(f: Flux, district: District) -> tuple[np.ndarray, np.ndarray]:
    """What makes heat against the heat made."""
    b = district.building
    plug = np.asarray(f.heater_w, float) - np.asarray(f.cooling_w, float) / b.cooling_eer
    burnt = np.asarray(f.gas_w, float) * b.boiler_efficiency
    made = np.where(b.heater == Heater.GAS_BOILER, burnt + plug, plug + f.ambient_w)
    needed = np.asarray(f.heating_w, float) + f.hot_water_w
    return made - needed, needed + np.abs(f.cooling_w) + np.abs(f.heater_w) + 1.0


def _wires(f: Flux, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """What the sources feed against what leaves at the nodes and is lost on the way."""
    on, on_site = case.grid.building_part >= 0, case.grid.site_part >= 0
    left = f.surplus_w[:, on].sum(axis=1, dtype=float) + f.site_w[:, on_site].sum(axis=1)
    gap = np.where(f.collapsed_line < 0, f.source_w + left - f.grid_loss_w, 0.0)
    return gap, np.abs(f.surplus_w[:, on]).sum(axis=1, dtype=float) + np.abs(f.site_w).sum(axis=1) + 1.0


def _stores(f: Flux, before: State, after: State, case: Case, first: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Charge that is booked against charge that is there; what cars brought home against what they still owe."""
    found = []
    for booked_w, a, b in ((f.battery_stored_w, before.battery_j, after.battery_j),
                           (f.site_stored_w, before.site_j, after.site_j)):  # fmt: skip
        flow = np.asarray(booked_w, float) * case.step_s
        found.append((flow.sum(axis=0) - (b - a), np.abs(flow).sum(axis=0) + np.abs(a) + 1.0))
    if case.cars is not None:
        when = np.arange(first, first + len(f.surplus_w)) % case.steps
        came_w = np.asarray(case.cars.arrive, float)[when][:, case.cars.row] * case.cars.day_w
        came_j = came_w.sum(axis=0) * case.step_s
        owed_j = (after.vehicle_j - before.vehicle_j)[:2].sum(axis=0)
        charged_j = np.asarray(f.vehicle_w, float).sum(axis=0) * case.step_s
        # every step rounds what is owed, not what came: the sum is as good as the steps are many
        through = came_j + before.vehicle_j[:2].sum(axis=0)
        found.append((came_j - charged_j - owed_j, through * len(when) + 1.0))
    return found


@pytest.mark.parametrize(("dtype", "close"), FLOATS)
@settings(max_examples=60, deadline=None)
@given(world=worlds(), day=st.integers(0, 364), days=st.integers(1, 3), start=st.integers(0, 23))
def test_nothing_is_lost_in_any_step(dtype: type, close: float, world: World, day: int, days: int, start: int) -> None:
    case, district = world.case(dtype), world.district
    first = day * years.steps_a_day(case) + start
    before, _ = simulate(case, initial(case, first), Span(first, years.steps_a_day(case)), grid=False)
    first += years.steps_a_day(case)
    after, f = simulate(case, before, Span(first, days * years.steps_a_day(case)))
    for gap, through in (_electricity(f), _heat(f, district), *_stores(f, before, after, case, first)):
        assert np.abs(gap / through).max(initial=0.0) < close
    if world.grid != "none":
        gap, through = _wires(f, case)
        assert np.abs(gap / through).max() < close
    for lost in (-f.battery_w - f.battery_stored_w, f.grid_loss_w):
        assert (lost > -close * np.abs(f.surplus_w).max() - 1e-3).all(), "losses are losses"
    both = np.minimum(f.heating_w, f.cooling_w)
    assert both.max() == 0.0, "heat and cold at once"


@settings(max_examples=12, deadline=None)
@given(world=worlds(fine=False))
def test_a_year_closes_and_both_float_types_agree_in_every_figure_within_1e_4(world: World) -> None:
    district, found = world.district, {}
    for dtype, close in FLOATS:
        ledger = years.complete(world.case(dtype)).ledger
        assert books.residual(ledger) < close
        b = balance(ledger, district, side="a", revision=1, compute_s=0.0)
        figures = {**b.totals_j, **b.kpi, **b.grid, "co2": b.co2_kg, "margin": b.verdict.primary_margin_j}
        found[dtype] = figures | {f"{c}/{n}": v for c, account in b.carriers_j.items() for n, v in account.items()}
    whole = max(abs(v) for n, v in found[np.float64].items() if n in ("used", "generated"))
    most_w = ledger.steps.max()
    for name, value in found[np.float64].items():
        # hours over a limit are counted: one that lies at it may fall on either side
        slack = 1.0 if name.endswith("_h") or name.startswith("hours_") else 1e-9
        # joules that are the rest of large sums (a year's change of storage, a balance near 0) are as good as those
        slack = 1e-6 * whole if name.endswith(ENERGIES) else slack
        slack = 1e-6 * most_w if name.endswith("_w") else slack  # and so is a peak of what is left
        assert found[np.float32][name] == pytest.approx(value, rel=1e-4, abs=slack), name
