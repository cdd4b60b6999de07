"""Steps A and B of ISO 52000-1: where energy goes, what it weighs, what exports earn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim import iso52000
from sim.iso52000 import COGENERATION, ON_SITE, Carrier, Weight, Weights

GRID = Weights(Weight(0.5, 2.0, 0.42))
GAS = Weights(Weight(0.0, 1.1, 0.22))
energies = arrays(np.float64, 12, elements=st.floats(0.0, 1e9))
factors = st.builds(Weight, st.floats(0.0, 3.0), st.floats(0.0, 3.0), st.floats(0.0, 1.0))


def _close(a: iso52000.Weighted, b: iso52000.Weighted, scale: float) -> bool:
    return all(abs(x - y) <= 1e-9 * (scale + 1.0) for x, y in (
        (a.renewable_j, b.renewable_j), (a.nonrenewable_j, b.nonrenewable_j), (a.co2_kg, b.co2_kg)))  # fmt: skip


def _value(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=float)


@settings(max_examples=60, deadline=None)
@given(energies, energies, energies, energies, st.booleans())
def test_every_step_closes(used, other, sun, fuel_made, match) -> None:
    """delivered + made = used + exported, and every source's parts are what it makes."""
    carrier = Carrier(used, other, {ON_SITE: sun, COGENERATION: fuel_made})
    flows = iso52000.split(carrier, match=match)
    through = used + sun + fuel_made + 1.0
    assert np.abs((flows.delivered_j + sun + fuel_made - used - flows.exported_j) / through).max() < 1e-9
    for source, made in carrier.made_j.items():
        parts = flows.used_j[source] + flows.to_other_j[source] + flows.to_grid_j[source]
        assert np.abs((parts - made) / through).max() < 1e-9
        assert min(flows.used_j[source].min(), flows.to_other_j[source].min(), flows.to_grid_j[source].min()) >= 0.0
    assert (sum(flows.to_other_j.values()) <= other + 1e-9 * through).all()


@settings(max_examples=60, deadline=None)
@given(energies, energies, energies, factors)
def test_step_a_is_a_and_b_without_credit_and_b_is_straight_in_k_exp(used, other, sun, weight) -> None:
    carriers = {"electricity": Carrier(used, other, {ON_SITE: sun})}
    a, credit = iso52000.balance(carriers, {"electricity": Weights(weight)})
    inside = np.minimum(used, sun)
    by_hand = iso52000.weighted(used - inside, weight) + iso52000.weighted(inside, iso52000.FREE)
    scale = float((used + other + sun).sum()) * 3.0
    assert _close(a - credit * 0.0, by_hand, scale)
    half, whole = a - credit * 0.5, a - credit
    assert _close(half + half, a + whole, scale)
    assert credit.nonrenewable_j >= 0.0


@settings(max_examples=40, deadline=None)
@given(energies, energies, energies, energies, factors, factors)
def test_carriers_that_swap_their_factors_and_their_energies_weigh_the_same(used, sun, heat, made, one, two) -> None:
    none = np.zeros(12)
    first, second = Carrier(used, none, {ON_SITE: sun}), Carrier(heat, none, {ON_SITE: made})
    a, credit = iso52000.balance({"x": first, "y": second}, {"x": Weights(one), "y": Weights(two)})
    b, other = iso52000.balance({"x": second, "y": first}, {"x": Weights(two), "y": Weights(one)})
    scale = float((used + sun + heat + made).sum()) * 3.0
    assert _close(a, b, scale)
    assert _close(credit, other, scale)


@settings(max_examples=40, deadline=None)
@given(energies, energies, factors, st.floats(0.1, 10.0))
def test_all_is_linear_in_the_energy(used, sun, weight, k) -> None:
    none = np.zeros(12)
    weights = {"electricity": Weights(weight)}
    a, credit = iso52000.balance({"electricity": Carrier(used, none, {ON_SITE: sun})}, weights)
    b, more = iso52000.balance({"electricity": Carrier(k * used, none, {ON_SITE: k * sun})}, weights)
    scale = float((used + sun).sum()) * 30.0
    assert _close(a * k, b, scale)
    assert _close(credit * k, more, scale)


def test_a_constant_factor_is_a_factor_of_every_step() -> None:
    used, sun, none = _value(3.0, 1.0, 0.0), _value(0.0, 4.0, 2.0), np.zeros(3)
    carriers = {"electricity": Carrier(used, none, {ON_SITE: sun})}
    steady = iso52000.balance(carriers, {"electricity": GRID})
    spelled = Weights(Weight(*(np.full(3, f) for f in GRID.delivered.columns)))
    assert iso52000.balance(carriers, {"electricity": spelled}) == steady


def test_a_clean_hour_makes_imports_in_it_free_and_exports_in_it_worthless() -> None:
    carriers = {"electricity": Carrier(_value(5.0, 0.0), np.zeros(2), {ON_SITE: _value(0.0, 5.0)})}
    night_dirty = Weights(Weight(0.0, 2.0, _value(0.8, 0.1)))
    step_a, credit = iso52000.balance(carriers, {"electricity": night_dirty})
    assert step_a.co2_kg == pytest.approx(4.0)
    assert credit.co2_kg == pytest.approx(0.5)


def test_uses_that_do_not_count_take_exports_before_the_grid_does() -> None:
    carrier = Carrier(_value(10.0), _value(30.0), {ON_SITE: _value(50.0)})
    flows = iso52000.split(carrier)
    assert (flows.used_j[ON_SITE][0], flows.to_other_j[ON_SITE][0], flows.to_grid_j[ON_SITE][0]) == (10.0, 30.0, 10.0)
    poor = replace(GRID, to_grid=Weight(0.0, 0.5, 0.1))
    _, credit = iso52000.balance({"electricity": carrier}, {"electricity": poor})
    assert credit.nonrenewable_j == pytest.approx(30.0 * 2.0 + 10.0 * 0.5)


def test_cogeneration_weighs_as_its_fuel_does() -> None:
    """100 of gas make 40 of electricity: each of them carries 2.75 of primary energy."""
    gas = Carrier(_value(100.0), _value(0.0), fuel_j=_value(100.0))
    power = Carrier(_value(30.0), _value(0.0), {COGENERATION: _value(40.0)})
    carriers, weights = {"gas": gas, "electricity": power}, {"gas": GAS, "electricity": GRID}
    assert iso52000.cogeneration(carriers, weights).nonrenewable == pytest.approx(2.75)
    step_a, credit = iso52000.balance(carriers, weights)
    assert step_a.nonrenewable_j == pytest.approx(110.0 - 10.0 * 2.75)
    assert credit.nonrenewable_j == pytest.approx(10.0 * (2.0 - 2.75))


def test_half_of_what_matches_over_a_month_meets_when_as_much_is_made_as_used() -> None:
    """(32): x = 1 gives 1/2; far from balance nearly all meets."""
    used = _value(100.0, 100.0, 100.0, 0.0)
    f = iso52000.matching(_value(100.0, 1.0, 0.0, 10.0), used)
    assert f[0] == pytest.approx(0.5)
    assert f[1] == pytest.approx(0.99, abs=1e-3)
    assert list(f[2:]) == [1.0, 1.0]
