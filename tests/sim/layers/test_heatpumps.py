"""Heat pumps by hand, and who gets one first."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim.district import Heater
from sim.layers import apply
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

WEATHER = random_weather(seed=1)
D = random_district(seed=31, buildings=200, nodes=0)
GAS = replace(D, building=replace(D.building, heater=np.full(200, Heater.GAS_BOILER, np.int8),
                                  sink_c=np.full(200, 40.0), sink_slope=np.full(200, -1.0)))  # fmt: skip


def _pumps(share: float, selection: str = "all", floor: float = 0.0):
    return apply(GAS, [LayerChoice("heatpumps", {"share": share, "floor": floor}, selection)])


@pytest.mark.parametrize(("floor", "sink_c"), [(0.0, 40.0), (1.0, 30.0)])
def test_heat_at_freezing_by_hand(floor: float, sink_c: float) -> None:
    """At 0 degC outside the lift is the sink itself: COP = 0.85 (6.08 - 0.0941 d + 0.000464 d2).

    40 K: 2.60, so 10 kW of heat take 3.85 kW and draw 6.15 kW from the air; 30 K: 3.12. The boiler burnt 11.1 kW.
    """
    frozen = replace(WEATHER, air_c=np.zeros(WEATHER.steps))
    light = solar(GAS, frozen)

    def flux(district):
        case = prepare(district, light, frozen, dtype=np.float64)
        return simulate(case, initial(case), Span(15 * 24, 24), grid=False)[1]

    before, after = flux(GAS), flux(_pumps(1.0, floor=floor))
    cop = 0.85 * (6.08 - 0.0941 * sink_c + 0.000464 * sink_c**2)
    water = 0.85 * (6.08 - 0.0941 * 50.0 + 0.000464 * 2500.0)
    assert cop == pytest.approx({40.0: 2.600, 30.0: 3.123}[sink_c], abs=1e-3)
    assert np.array_equal(after.heating_w, before.heating_w)
    assert after.heater_w == pytest.approx(after.heating_w / cop + after.hot_water_w / water)
    assert after.ambient_w == pytest.approx(after.heating_w + after.hot_water_w - after.heater_w)
    assert before.gas_w == pytest.approx((before.heating_w + before.hot_water_w) / 0.9)
    assert after.gas_w.max() == 0.0


def test_a_growing_share_keeps_those_that_changed() -> None:
    last: set[int] = set()
    for share in (0.0, 0.1, 0.35, 0.7, 1.0):
        now = set(np.flatnonzero(_pumps(share).building.heater == Heater.HEAT_PUMP))
        assert last <= now
        assert len(now) == pytest.approx(200 * share, abs=1)
        last = now
    assert len(last) == 200


def test_who_changes_does_not_depend_on_who_else_is_selected() -> None:
    every, some = _pumps(0.5).building, _pumps(0.5, "use=home").building
    home = GAS.building.use == 0
    assert np.array_equal(some.heater[home], every.heater[home])
    assert (some.heater[~home] == Heater.GAS_BOILER).all()


def test_the_bill_by_hand() -> None:
    """A boiler's place of 30 kW: 48,000 EUR and 3,600 kg."""
    b = GAS.building
    one = replace(GAS, building=replace(b, heat_limit_w=np.full(200, 30e3)))
    bill = apply(one, [LayerChoice("heatpumps", {"share": 1.0}, "id=house-00007")]).bills[0]
    assert (bill.capital_eur, bill.embodied_co2_kg) == (pytest.approx(48e3), pytest.approx(3600.0))
