"""The year before any what-if: what the grid must carry, and colour scales that stand still."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from sim.potential import potential
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, simulate
from sim.year import begin
from tools import baseyear

DISTRICT = random_district(seed=12, buildings=9, nodes=12)
WEATHER = random_weather(seed=12)


@pytest.fixture(scope="module")
def found():
    case = prepare(DISTRICT, solar(DISTRICT, WEATHER), WEATHER)
    area = DISTRICT.building.footprint_m2
    base = baseyear.run(case, footprint_m2=area, roof_m2=area, progress=lambda stage, done: None)
    return base, simulate(case, begin(case).state, Span(0, case.steps))[1]


def test_demand_is_what_every_building_draws_from_the_grid(found) -> None:
    base, flux = found
    assert np.array_equal(base.demand_w, -flux.surplus_w)
    assert base.demand_w.max() > 0.0 > base.demand_w.min()


def test_a_scale_ends_near_the_98th_percentile_at_1_2_or_5(found) -> None:
    base, flux = found
    use = {"appliances_w", "heating_w", "heating_w_m2", "heater_w", "gas_w"}
    assert {"surplus_w", "surplus_w_m2", "district_surplus_w", "pv_w"} | use == set(base.ranges)
    for name in ("surplus_w", "appliances_w", "heating_w"):
        top = np.percentile(np.abs(getattr(flux, name)), 98.0)
        assert top / 1.6 < base.ranges[name] < top * 1.6, name
        assert f"{base.ranges[name]:.0e}"[0] in "125"


def test_scales_of_what_few_have_today_leave_room_for_what_ifs(found) -> None:
    base, flux = found
    roofs_w = baseyear.POTENTIAL_W_M2 * DISTRICT.building.footprint_m2
    assert base.ranges["pv_w"] > np.percentile(roofs_w, 98.0) / 1.6 > np.percentile(flux.pv_w, 98.0)
    assert base.ranges["heater_w"] > base.ranges["heating_w"] / 5


def test_scales_of_a_years_light_end_where_the_best_facades_and_roofs_are() -> None:
    sun = potential(DISTRICT, WEATHER)
    ranges = baseyear.sun_ranges(sun)
    for name, values in (("facade_sun_j_m2", sun.facade_j_m2), ("roof_sun_j_m2", sun.roof_j_m2)):
        assert 0 <= ranges[name] - np.nanpercentile(values, 98.0) < baseyear.SUN_STEP_J_M2
        assert ranges[name] / 3.6e6 % 200 == pytest.approx(0.0)
    nothing = replace(sun, roof_j_m2=np.full(9, np.nan))
    assert set(baseyear.sun_ranges(nothing)) == {"facade_sun_j_m2"}


@pytest.mark.parametrize(("top", "end"), [(1.1, 1.0), (1.9, 2.0), (4.4, 5.0), (8.0, 10.0), (0.03, 0.02), (0.0, 0.0)])
def test_ends_of_scales_are_round(top: float, end: float) -> None:
    assert baseyear.scale(np.array([top, -top])) == pytest.approx(end)
