"""Wind as a what-if: a year by hand, the edge of the low-voltage grid, and what it costs."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim import year as years
from sim.balance import balance
from sim.district import SiteKind
from sim.layers import apply
from sim.prepare import prepare
from sim.solar import solar

D = random_district(seed=17, buildings=20, nodes=20)
WEATHER = random_weather(seed=4)
MW = 1e6


def books(choices, weather=WEATHER, base=D):
    district = apply(base, choices)
    year = years.complete(prepare(district, solar(base, weather), weather))
    return year, balance(year.ledger, district, side="a", revision=1, compute_s=0.0)


def test_a_year_of_steady_wind_by_hand() -> None:
    """5 m/s at 10 m all year is 7.5 m/s at 100 m: 2 MW x 0.9 x (7.5 / 9.77)^3 x 8,760 h = 7,133 MWh.

    3.0 million EUR and 1,200 t at 1,500 EUR and 600 kg per kW.
    """
    steady = replace(WEATHER, wind_m_s=np.full(WEATHER.steps, 5.0))
    _, before = books([], steady)
    _, after = books([LayerChoice("wind", {"rated": 2 * MW, "hub": 100.0})], steady)
    more_j = after.totals_j["generated"] - before.totals_j["generated"]
    assert more_j / 3.6e9 == pytest.approx(7133.0, rel=1e-3)
    assert after.kpi["wind_j"] == pytest.approx(more_j)
    assert after.kpi["capital_eur"] == pytest.approx(3.0e6)
    assert after.kpi["embodied_co2_kg"] == pytest.approx(1.2e6)


def test_accounts_close_and_what_nobody_uses_is_exported() -> None:
    _, before = books([])
    _, after = books([LayerChoice("wind", {})])
    e = after.carriers_j["electricity"]
    put, out = e["generated"] + e["imported"], e["used"] + e["exported"] + e["losses"] + e["stored"]
    assert put == pytest.approx(out, rel=1e-9)
    assert e["exported"] > before.carriers_j["electricity"]["exported"]
    assert e["imported"] < before.carriers_j["electricity"]["imported"]
    assert after.verdict.primary_margin_j > before.verdict.primary_margin_j
    assert after.residual < 1e-6


def test_it_stands_above_the_low_voltage_grid() -> None:
    """Voltages, loadings and losses are those without it; its site's year is in the books."""
    bare, before = books([])
    full, after = books([LayerChoice("wind", {})])
    assert after.grid == before.grid
    assert np.array_equal(bare.ledger.loss_w, full.ledger.loss_w)
    turbine = int(np.flatnonzero(D.site.kind == SiteKind.TURBINE)[0])
    assert full.ledger.site_months_j[0, :, turbine].sum() == pytest.approx(after.kpi["wind_j"])


def test_a_turbine_on_a_node_feeds_the_grid_and_the_books_close() -> None:
    site = D.site
    base = replace(D, site=replace(site, node=np.where(site.kind == SiteKind.TURBINE, site.node[0], site.node)))
    _, after = books([LayerChoice("wind", {"rated": 0.1 * MW})], base=base)
    assert after.residual < 1e-6
    assert after.grid != books([])[1].grid


def test_what_stands_already_stays() -> None:
    site = replace(D.site, power_w=np.array([0.0, 0.0, 2 * MW]), hub_m=np.array([0.0, 0.0, 92.0]))
    after = apply(replace(D, site=site), [LayerChoice("wind", {"rated": 1 * MW, "hub": 140.0})])
    assert after.site.power_w[2] == 2 * MW
    assert after.site.hub_m[2] == 92.0
    assert after.bills[0].capital_eur == 0.0
