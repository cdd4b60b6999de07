"""Accounts and conservation, months, extremes of the grid."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st

from network.schema import Balance
from sim import gridflow
from sim import ledger as books
from sim import year as years
from sim.balance import balance
from sim.district import Heater
from sim.ledger import accounts_w
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

WEATHER = random_weather(seed=3)
BASE = random_district(seed=9, buildings=20, nodes=25)
LIGHT = solar(BASE, WEATHER)


def _year(district=BASE, dtype=np.float32):
    return years.complete(prepare(district, LIGHT, WEATHER, dtype=dtype))


def _balance(district=BASE, dtype=np.float32) -> Balance:
    return balance(_year(district, dtype).ledger, district, side="a", revision=4, compute_s=0.1)


@pytest.mark.parametrize(("dtype", "close"), [(np.float32, 1e-6), (np.float64, 1e-8)])
def test_every_carrier_closes_in_every_step(dtype: type, close: float) -> None:
    year = _year(dtype=dtype)
    for account in accounts_w(year.ledger).values():
        gap = (account["generated"] + account["imported"] - account["used"] - account["exported"] - account["losses"]
               - account["stored"])  # fmt: skip
        through = account["generated"] + account["imported"] + 1.0
        assert np.abs(gap / through).max() < 1e-12
    assert 0.0 < books.residual(year.ledger) < close


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 364))
def test_conservation_holds_to_1e_9_in_float64(seed: int, day: int) -> None:
    """Electricity, heat and grid of random districts on random days."""
    district = random_district(seed=seed, buildings=12, nodes=15, sources=1 + seed % 2)
    case = prepare(district, solar(district, WEATHER), WEATHER, dtype=np.float64)
    _, f = simulate(case, initial(case), Span(day * 24, 24))
    through = f.pv_w + f.appliances_w + f.heater_w + 1.0
    assert np.abs((f.pv_w - f.appliances_w - f.heater_w - f.surplus_w) / through).max() < 1e-9
    heat = f.heating_w + f.hot_water_w
    boiler = district.building.heater == Heater.GAS_BOILER
    made = np.where(boiler, f.gas_w * district.building.boiler_efficiency, f.heater_w + f.ambient_w)
    assert np.abs((made - heat) / (heat + 1.0)).max() < 1e-9
    on_grid = f.surplus_w.sum(axis=1)
    gap = f.source_w + on_grid - f.grid_loss_w
    assert np.abs(gap / (np.abs(f.surplus_w).sum(axis=1) + 1.0)).max() < 1e-9


def test_the_worked_example_of_the_accounts() -> None:
    """PV 3.0, appliances 0.5, heat pump 1.0 for 3.2 of heat: generated 3.0, used 1.5, exported 1.5, ambient 2.2."""
    ledger = books.empty(prepare(BASE, LIGHT, WEATHER))
    for name, value in {"pv_w": 3.0, "appliances_w": 0.5, "heater_w": 1.0, "ambient_w": 2.2, "heating_w": 3.2}.items():
        ledger.steps[books.ACCOUNTS.index(name), 0] = value
    electricity, ambient = accounts_w(ledger)["electricity"], accounts_w(ledger)["ambient"]
    assert electricity["generated"][0] == 3.0
    assert electricity["used"][0] == 1.5
    assert electricity["exported"][0] == 1.5
    assert electricity["imported"][0] == 0.0
    assert ambient["generated"][0] == 0.0
    assert ambient["used"][0] == 2.2


def test_import_and_export_are_netted_per_step_not_over_the_year() -> None:
    b = _balance()
    e = b.carriers_j["electricity"]
    assert e["imported"] > 0.0
    assert e["exported"] > 0.0
    assert e["generated"] + e["imported"] == pytest.approx(e["used"] + e["exported"] + e["losses"])
    assert b.totals_j["imported"] == e["imported"] + b.carriers_j["gas"]["imported"]


def test_kpis_follow_from_the_accounts() -> None:
    b = _balance()
    e, k = b.carriers_j["electricity"], b.kpi
    assert k["self_consumption"] == pytest.approx(1.0 - e["exported"] / e["generated"])
    assert k["self_sufficiency"] == pytest.approx(1.0 - e["imported"] / (e["used"] + e["losses"]))
    assert k["pv_peak_w"] == BASE.surface.pv_peak_w.sum()
    assert k["appliances_j"] == pytest.approx(BASE.building.appliances_j.sum(), rel=1e-5)
    assert k["hot_water_j"] == pytest.approx(BASE.building.hot_water_j.sum(), rel=1e-5)
    assert k["peak_import_w"] > e["imported"] / (8760 * 3600.0)
    assert b.months_j["generated"].sum() == pytest.approx(e["generated"])
    assert b.months_j["generated"][5] > 2.0 * b.months_j["generated"][11]


def test_months_of_the_buildings_add_up_to_the_district() -> None:
    ledger = _year().ledger
    months = ledger.months_j.sum(axis=(1, 2))
    assert np.allclose(months, ledger.steps.sum(axis=1) * ledger.step_s, rtol=1e-9)


@pytest.mark.parametrize("thinner", [1.0, 20.0])
def test_grid_extremes_are_those_of_the_whole_year(thinner: float) -> None:
    line = replace(BASE.line, resistance_ohm=thinner * BASE.line.resistance_ohm, rating_va=10.0 * BASE.line.rating_va)
    district = replace(BASE, line=line)
    case = prepare(district, LIGHT, WEATHER)
    year = years.complete(case)
    _, flux = simulate(case, year.states[0], Span(0, 8760))
    g = balance(year.ledger, district, side="a", revision=1, compute_s=0.0).grid
    assert g["voltage_min_pu"] == flux.voltage_pu[:, 1:].min()
    assert g["voltage_max_pu"] == flux.voltage_pu[:, 1:].max()
    assert g["transformer_loading_max"] == flux.line_loading[:, 0].max()
    assert g["line_loading_max"] == flux.line_loading[:, 1:].max()
    over = ((flux.line_loading > 1.0).any(axis=1) | (np.abs(flux.voltage_pu - 1.0) > 0.1).any(axis=1)).sum()
    assert g["hours_over_limit"] == over
    assert (over > 0) == (thinner > 1.0)


def test_hours_that_the_grid_cannot_carry_are_counted_and_said() -> None:
    line = BASE.line
    thin = replace(line, resistance_ohm=100.0 * line.resistance_ohm, reactance_ohm=100.0 * line.reactance_ohm)
    for district, solvable in ((BASE, True), (replace(BASE, line=thin), False)):
        year = years.complete(prepare(district, LIGHT, WEATHER))
        b = balance(year.ledger, district, side="a", revision=1, compute_s=0.0)
        assert (b.grid["hours_unsolved"] == 0.0) == solvable
        said = gridflow.collapses(year.ledger.collapsed, district, step_s=3600.0)
        assert [p.code for p in said] == ([] if solvable else ["grid-collapse"])
        assert all(p.count == b.grid["hours_unsolved"] and p.ids[0] in p.message for p in said)
        assert b.residual < 1e-5


def test_without_a_grid_there_are_no_losses_and_no_grid_figures() -> None:
    district = random_district(buildings=5, nodes=0)
    light = solar(district, WEATHER)
    b = balance(years.complete(prepare(district, light, WEATHER)).ledger, district, side="a", revision=1, compute_s=0.0)
    assert b.grid == {}
    assert b.totals_j["losses"] == 0.0
    assert b.residual < 1e-6
