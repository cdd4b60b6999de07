"""Batteries and electric cars as what-ifs: by hand, and where plant takes part."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim import year as years
from sim.balance import balance
from sim.layers import apply
from sim.prepare import prepare
from sim.solar import solar

KWH = 3.6e6
D = random_district(seed=41, buildings=40, nodes=30)


def test_home_batteries_by_hand() -> None:
    """10 kW of modules and two dwellings: 10 x 1.2 + 2 x 3 = 18 kWh, 9 kW, 12,600 EUR, 1,800 kg; else none."""
    owner = D.surface.building
    first = np.unique(owner, return_index=True)[1]
    peak = np.zeros(len(owner))
    peak[first[:20]] = 10e3
    usable = np.maximum(D.surface.usable_m2, 1.0)
    base = replace(D, surface=replace(D.surface, pv_peak_w=peak, usable_m2=usable),
                   building=replace(D.building, dwellings=np.full(40, 2.0)))  # fmt: skip
    choice = LayerChoice("batteries", {"home": 1.2 * 3600.0, "dwelling": 3.0 * KWH, "district": 0.0})
    after = apply(base, [choice])
    assert after.building.battery_j[:20] == pytest.approx(18.0 * KWH)
    assert after.building.battery_limit_w[:20] == pytest.approx(9e3)
    assert (after.building.battery_j[20:] == 0.0).all()
    assert after.site is not base.site
    assert not after.site.capacity_j.any()
    bill = after.bills[0]
    assert bill.capital_eur == pytest.approx(20 * 12600.0)
    assert bill.embodied_co2_kg == pytest.approx(20 * 1800.0)


def test_plant_goes_with_the_houses_around_it() -> None:
    distance = np.hypot(D.building.x_m - D.site.x_m[0], D.building.y_m - D.site.y_m[0])
    near, far = np.argmin(distance), np.argmax(distance)
    for row, kwh in ((near, 300.0), (far, 0.0)):
        choice = LayerChoice("batteries", {"home": 0.0, "district": 300.0 * KWH}, f"id={D.building.id[row]}")
        assert apply(D, [choice]).site.capacity_j[0] == pytest.approx(kwh * KWH)


def test_a_battery_lifts_own_use_and_empties_the_wires() -> None:
    """Own use rises by what the battery takes; what it loses is a tenth of what goes through it."""
    weather = random_weather(seed=2)
    light = solar(D, weather)

    def year(choices):
        district = apply(D, choices)
        ledger = years.complete(prepare(district, light, weather)).ledger
        return balance(ledger, district, side="a", revision=1, compute_s=0.0)

    sun = LayerChoice("solar", {"share": 0.4})
    bare = year([sun])
    full = year([sun, LayerChoice("batteries", {"home": 3600.0, "district": 400.0 * KWH})])
    assert full.kpi["self_consumption"] > bare.kpi["self_consumption"] + 0.02
    assert full.totals_j["generated"] == bare.totals_j["generated"]
    assert full.totals_j["imported"] < bare.totals_j["imported"]
    given = full.kpi["battery_given_j"]
    lost = full.totals_j["losses"] - bare.totals_j["losses"]
    assert lost == pytest.approx(given * (1.0 / 0.9 - 1.0), rel=0.1)
    assert full.kpi["capital_eur"] == full.kpi["capital_eur:solar"] + full.kpi["capital_eur:batteries"] > 0.0
    assert full.kpi["embodied_co2_kg"] > bare.kpi["embodied_co2_kg"] > 0.0


def test_electric_cars_by_hand() -> None:
    """40 houses with 2 cars of 6 kWh a day, half of them electric: 40 x 6 x 365 = 87,600 kWh more is used."""
    weather = random_weather(seed=2)
    base = replace(D, building=replace(D.building, vehicles=np.full(40, 2.0)))
    light = solar(base, weather)

    def year(choices):
        district = apply(base, choices)
        ledger = years.complete(prepare(district, light, weather)).ledger
        return balance(ledger, district, side="a", revision=1, compute_s=0.0)

    before, after = year([]), year([LayerChoice("vehicles", {"share": 0.5, "away": 0.25})])
    more = after.carriers_j["electricity"]["used"] - before.carriers_j["electricity"]["used"]
    assert more / KWH == pytest.approx(87600.0, rel=0.003)
    assert after.kpi["vehicle_j"] / KWH == pytest.approx(87600.0, rel=0.003)
    assert (before.verdict.mobility, after.verdict.mobility) == ("out", "in")
    # 60 kWh a day away, a fifth of it in the busiest hour: one point of 22 kW; 40 wall boxes
    assert after.kpi["capital_eur"] == pytest.approx(40 * 1500.0 + 5000.0)
    assert after.residual < 1e-6
