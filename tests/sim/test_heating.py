"""Heat pump, boiler and heating rod."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from sim.district import Heater
from sim.physics import heating
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate


def _supply(plant, heat_w, water_w, air_c):
    out = [np.empty((1, 1)) for _ in range(3)]
    share = heating.hot_water_share(np.array([air_c]))
    heating.supply(
        np.array([[heat_w]]), np.array([[water_w]]), np.array([air_c]), share, np.array(plant).reshape(5, 1), *out
    )
    return (float(a[0, 0]) for a in out)


@pytest.mark.parametrize(("air_c", "sink_c", "expected"), [(7.0, 35.0, 3.24), (2.0, 35.0, 2.95), (-7.0, 35.0, 2.51)])
def test_cop_at_the_published_points(air_c: float, sink_c: float, expected: float) -> None:
    """When2Heat: A7/W35 3.81, A2/W35 3.48, A-7/W35 2.95 in the laboratory, x 0.85 in the field."""
    assert heating.cop(sink_c - air_c) == pytest.approx(expected, abs=0.015)


def test_cop_stops_growing_below_fifteen_kelvin() -> None:
    assert heating.cop(5.0) == heating.cop(15.0)


def test_a_heat_pump_s_electricity_and_air_make_its_heat() -> None:
    power, gas, ambient = _supply([1.0, 0.0, 0.0, 40.0, -2.0], 5000.0, 800.0, 2.0)
    assert gas == 0.0
    assert power + ambient == pytest.approx(5800.0)
    assert power == pytest.approx(5000.0 / heating.cop(40.0 - 2.0 * 2.0) + 800.0 / heating.cop(50.0 - 2.0))


def test_a_boiler_burns_gas_alone() -> None:
    power, gas, ambient = _supply([0.0, 0.0, 1.0 / 0.9, 40.0, -2.0], 5000.0, 800.0, 2.0)
    assert (power, ambient) == (0.0, 0.0)
    assert gas == pytest.approx(5800.0 / 0.9)


def test_the_sink_of_every_heat_pump_follows_its_own_weather_curve() -> None:
    """From the district's columns to the meter: electricity = rooms / COP(sink(T) - T) + tap / COP(50 - T)."""
    weather = random_weather(seed=5)
    district = random_district(seed=5, buildings=12, nodes=0)
    b = replace(district.building, heater=np.full(12, Heater.HEAT_PUMP, np.int8))
    b = replace(b, sink_c=np.where(np.arange(12) % 2, 30.0, 40.0), sink_slope=np.where(np.arange(12) % 2, -0.5, -1.0))
    case = prepare(replace(district, building=b), solar(district, weather), weather, dtype=np.float64)
    _, flux = simulate(case, initial(case), Span(0, 24 * 60))
    air_c = weather.air_c[: 24 * 60, None]
    lift_k = b.sink_c + b.sink_slope * air_c - air_c
    expected = flux.heating_w / heating.cop(lift_k) + flux.hot_water_w / heating.cop(50.0 - air_c)
    assert flux.heating_w.max() > 0.0
    assert flux.heater_w == pytest.approx(expected, rel=1e-9)


def test_without_heater_hot_water_comes_from_a_rod() -> None:
    power, gas, ambient = _supply([0.0, 1.0, 0.0, 40.0, -2.0], 0.0, 800.0, 2.0)
    assert (power, gas, ambient) == (800.0, 0.0, 0.0)
