"""Batteries by hand, and their books."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import year as years
from sim.ledger import accounts_w
from sim.physics import battery
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

KWH = 3.6e6


def _run(surplus_kw, *, kwh=10.0, kw=5.0, start_kwh=0.0):
    """(what is left over [kW], given [kW], stored [kW], charge at the end [kWh]) of one house."""
    surplus = np.array(surplus_kw, dtype=float)[:, None] * 1e3
    given, stored = np.empty_like(surplus), np.empty_like(surplus)
    charge = np.array([start_kwh * KWH])
    size, limit = np.array([kwh * KWH]), np.array([kw * 1e3])
    battery.at_home(size, limit, 3600.0, charge, np.empty((2, 1)), surplus, given, stored)
    return surplus[:, 0] / 1e3, given[:, 0] / 1e3, stored[:, 0] / 1e3, charge[0] / KWH


def test_a_day_by_hand() -> None:
    """4 kW left over for two hours, then 3 kW needed for three: 8 kWh in, 7.59 kept, 7.2 out again (90 %)."""
    left, given, stored, charge = _run([4.0, 4.0, -3.0, -3.0, -3.0])
    assert given == pytest.approx([-4.0, -4.0, 3.0, 3.0, 1.2])
    assert left == pytest.approx([0.0, 0.0, 0.0, 0.0, -1.8])
    assert stored[:2] == pytest.approx([4.0 * np.sqrt(0.9)] * 2)
    assert stored.sum() == pytest.approx(0.0, abs=1e-12)
    assert charge == pytest.approx(0.0, abs=1e-12)
    assert -(given.sum() + stored.sum()) == pytest.approx(0.8)  # lost: a tenth of what went in


def test_power_and_capacity_are_limits() -> None:
    left, given, _, charge = _run([9.0, 9.0, 9.0, -9.0], kwh=10.0, kw=5.0)
    assert given[0] == pytest.approx(-5.0)
    assert given[2] == pytest.approx(-(10.0 / np.sqrt(0.9) - 10.0))  # what still fits
    assert left[3] == pytest.approx(-4.0)
    assert charge == pytest.approx(10.0 - 5.0 / np.sqrt(0.9))


def test_charge_beyond_the_capacity_is_cut_off_and_booked() -> None:
    _, given, stored, charge = _run([0.0], kwh=4.0, start_kwh=6.0)
    assert (given[0], charge) == (0.0, 4.0)
    assert stored[0] == pytest.approx(-2.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20.0, 20.0), min_size=1, max_size=60), st.floats(0.0, 30.0), st.floats(0.0, 10.0))
def test_what_goes_in_comes_out_stays_or_is_lost(power: list[float], kwh: float, kw: float) -> None:
    left, given, stored, charge = _run(power, kwh=kwh, kw=kw)
    assert np.abs(np.array(power) + given - left).max() < 1e-9
    lost = -given - stored
    assert lost.min() > -1e-9
    assert (np.abs(given) <= kw + 1e-9).all()
    assert 0.0 <= charge <= kwh * (1.0 + 1e-12)  # joules and back
    assert stored.sum() == pytest.approx(charge, abs=1e-6)
    # never against the house: it charges from surplus and gives into need, no further than zero
    assert (np.array(power) * left >= -1e-9).all()


def test_the_district_s_battery_serves_its_own_substation_with_what_is_left_over() -> None:
    """Two houses behind substation 0 leave 3 kW and need 1 kW; the battery there takes the 2 kW between them."""
    surplus = np.array([[3e3, -1e3, 7e3]])
    site_w, stored, share = np.empty((1, 1)), np.empty((1, 1)), np.empty((1, 1))
    charge = np.zeros(1)
    battery.of_district(
        surplus, np.array([0, 1, 2]), np.array([0, 2, 3]), np.array([0]), np.array([100.0 * KWH]), np.array([50e3]),
        np.ones(1), np.zeros((1, 1)), 3600.0, np.empty(2), charge, site_w, stored, share,
    )  # fmt: skip
    assert site_w[0, 0] == pytest.approx(-2e3)
    assert charge[0] == pytest.approx(2.0 * KWH * np.sqrt(0.9))
    assert share[0, 0] == pytest.approx(charge[0] / (100.0 * KWH))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_year_s_stored_energy_is_the_change_of_charge(dtype: type) -> None:
    weather = random_weather(seed=5)
    d = random_district(seed=6, buildings=15, nodes=20)
    b = replace(d.building, battery_j=np.full(15, 8.0 * KWH), battery_limit_w=np.full(15, 4e3))
    site = replace(d.site, capacity_j=np.array([500.0 * KWH, 0.0, 0.0]), power_w=np.array([250e3, 0.0, 0.0]))
    case = prepare(replace(d, building=b, site=site), solar(d, weather), weather, dtype=dtype)
    year = years.complete(case)
    start, end = year.states[0], year.state
    change = end.battery_j.sum() + end.site_j.sum() - start.battery_j.sum() - start.site_j.sum()
    electricity = accounts_w(year.ledger)["electricity"]
    through = electricity["generated"].sum() * 3600.0
    assert electricity["stored"].sum() * 3600.0 == pytest.approx(change, abs=1e-6 * through)
    assert electricity["losses"].sum() > year.ledger.loss_w.sum()
    assert np.ptp(year.ledger.sites[0]) > 1e3
    # the year ends as it began but for what is booked: no charge comes from nowhere
    assert abs(change) < 0.001 * through


def test_the_battery_s_state_is_the_same_however_a_span_is_cut() -> None:
    weather = random_weather(seed=5)
    d = random_district(seed=6, buildings=8, nodes=10)
    b = replace(d.building, battery_j=np.full(8, 8.0 * KWH), battery_limit_w=np.full(8, 4e3),
                electric_share=np.full(8, 0.7), smart_share=np.full(8, 0.5), away_share=np.full(8, 0.2))  # fmt: skip
    site = replace(d.site, capacity_j=np.array([50.0 * KWH, 0.0, 0.0]), power_w=np.array([25e3, 44e3, 0.0]))
    case = prepare(replace(d, building=b, site=site), solar(d, weather), weather)
    whole, flux = simulate(case, initial(case), Span(24 * 100, 240))
    state, at = initial(case), 24 * 100
    for steps in (1, 23, 50, 7, 159):
        state, part = simulate(case, state, Span(at, steps))
        rows = slice(at - 2400, at - 2400 + steps)
        for name in ("battery_w", "vehicle_w", "site_w", "site_charge", "surplus_w", "voltage_pu"):
            assert np.array_equal(getattr(part, name), getattr(flux, name)[rows], equal_nan=True), name
        at += steps
    for name in ("battery_j", "vehicle_j", "site_j"):
        assert np.array_equal(getattr(state, name), getattr(whole, name))
