"""Costs and savings by hand: annuities, tariffs, levelised cost, payback in money and in carbon."""

from dataclasses import replace

import pytest
from factories import random_district, random_weather
from hypothesis import given
from hypothesis import strategies as st

from network.schema import LayerChoice
from sim import costs, factors
from sim import year as years
from sim.balance import balance, essence
from sim.costs import YEAR_S, Year
from sim.district import Bill
from sim.layers import apply, validate
from sim.place import Tariff
from sim.prepare import prepare
from sim.solar import solar

TARIFFS = (Tariff("electricity", 0.30 / 3.6e6, 0.08 / 3.6e6, "here", 2024, "test"),
           Tariff("gas", 0.12 / 3.6e6, 0.0, "here", 2024, "test"))  # fmt: skip
DISTRICT = random_district(seed=9, buildings=5, nodes=0)


def _built(*bills: Bill):
    return replace(DISTRICT, bills=bills)


def test_an_annuity_repays_its_capital() -> None:
    """25 years at 3 %: 5.74 % a year (table value 0.05743)."""
    assert costs.annuity(25 * YEAR_S) == pytest.approx(0.05743, abs=1e-5)
    assert costs.annuity(20 * YEAR_S, interest=0.0) == pytest.approx(0.05)


@given(st.floats(1.0, 80.0), st.floats(0.001, 0.15))
def test_paying_the_annuity_leaves_nothing_owed(years_, interest) -> None:
    count = round(years_)
    owed, paid = 1.0, costs.annuity(count * YEAR_S, interest=interest)
    for _ in range(count):
        owed = owed * (1.0 + interest) - paid
    assert abs(owed) < 1e-6


def test_a_year_costs_imports_less_what_exports_earn() -> None:
    carriers = {"electricity": {"imported": 3.6e9, "exported": 1.8e9}, "gas": {"imported": 7.2e9, "exported": 0.0},
                "ambient": {"imported": 9e9, "exported": 0.0}}  # fmt: skip
    assert costs.energy_eur(carriers, TARIFFS) == pytest.approx(1000 * 0.30 - 500 * 0.08 + 2000 * 0.12)
    assert costs.energy_eur(carriers, TARIFFS[:1]) is None
    assert costs.energy_eur(carriers | {"gas": {"imported": 0.0, "exported": 0.0}}, TARIFFS[:1]) is not None


def test_savings_by_hand() -> None:
    """10 kW of modules for 12,500 EUR make 10 MWh a year."""
    district = _built(Bill("solar", 12500.0, 13820.0))
    base, year = Year(9000.0, 20e3, 0.0), Year(7500.0, 16e3, 36e9)
    found = costs.savings(district, year, base)
    upkeep = 12500.0 * 0.015
    assert found["saved_energy_eur"] == pytest.approx(1500.0)
    assert found["payback_s"] / YEAR_S == pytest.approx(12500.0 / (1500.0 - upkeep))
    assert found["carbon_payback_s"] / YEAR_S == pytest.approx(13820.0 / 4000.0)
    assert found["lcoe_eur_j"] * 3.6e6 == pytest.approx(12500.0 * (0.05743 + 0.015) / 10e3, rel=1e-3)
    more = 7500.0 + 12500.0 * 0.05743 + upkeep - 9000.0
    assert found["abatement_eur_kg"] == pytest.approx(more / 4000.0, rel=1e-3)


def test_what_does_not_exist_is_left_out() -> None:
    retrofit = _built(Bill("retrofit", 1e6, 1e4))
    found = costs.savings(retrofit, Year(9000.0, 20e3, 0.0), Year(8000.0, 20e3, 0.0))
    assert {"payback_s", "carbon_payback_s", "lcoe_eur_j", "abatement_eur_kg"} & set(found) == set()
    assert "payback_s" not in costs.savings(retrofit, Year(None, 1.0, 0.0), Year(8000.0, 20e3, 0.0))


def test_bills_add_up_by_kind_and_spread_over_their_lives() -> None:
    district = _built(Bill("solar", 1e5, 1e3), Bill("solar", 2e5, 2e3), Bill("wind", 4e5, 4e3))
    once, yearly = costs.bill(district), costs.yearly(district, Year(1e4, 0.0, 0.0))
    assert once["capital_eur"] == 7e5
    assert once["capital_eur:solar"] == 3e5
    assert yearly["capital_cost_eur"] == pytest.approx(7e5 * costs.annuity(25 * YEAR_S))
    assert yearly["upkeep_eur"] == pytest.approx(3e5 * 0.015 + 4e5 * 0.03)
    assert yearly["yearly_cost_eur"] == pytest.approx(1e4 + yearly["capital_cost_eur"] + yearly["upkeep_eur"])
    assert yearly["embodied_co2_yearly_kg"] == pytest.approx(7e3 / 25.0)
    assert factors.measure("wind").source


def test_roofs_save_beside_the_district_as_it_is() -> None:
    weather = random_weather(seed=3)
    as_is = replace(DISTRICT, place=replace(DISTRICT.place, tariffs=TARIFFS))
    light = solar(as_is, weather)
    base = essence(years.complete(prepare(as_is, light, weather)).ledger, as_is)
    built = apply(as_is, validate((LayerChoice("solar", {"share": 1.0}),)))
    year = years.complete(prepare(built, light, weather)).ledger
    alone = balance(year, built, side="a", revision=1, compute_s=0.0)
    b = balance(year, built, side="a", revision=1, compute_s=0.0, base=base)
    assert b.kpi["saved_energy_eur"] == pytest.approx(base.energy_eur - b.kpi["energy_cost_eur"])
    assert 0.0 < b.kpi["saved_co2_kg"] == pytest.approx(base.co2_kg - b.co2_kg)
    assert {"payback_s", "lcoe_eur_j", "carbon_payback_s"} <= set(b.kpi)
    assert not {"payback_s", "saved_co2_kg"} & set(alone.kpi)
