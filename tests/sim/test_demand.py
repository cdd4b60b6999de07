"""Use: profiles looked up and scaled."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.problems import Refused
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

WEATHER = random_weather()


@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-6), (np.float32, 2e-6)])
def test_a_year_uses_the_building_s_joules(dtype: type, close: float) -> None:
    district = random_district(buildings=8, nodes=0)
    case = prepare(district, solar(district, WEATHER), WEATHER, dtype=dtype)
    flux = simulate(case, initial(case), Span(0, 8760))[1]
    for column, joules in ((flux.appliances_w, district.building.appliances_j),
                           (flux.hot_water_w, district.building.hot_water_j)):  # fmt: skip
        assert np.allclose(column.sum(axis=0, dtype=float) * 3600.0, joules, rtol=close)


def test_each_building_follows_its_profile() -> None:
    district = random_district(buildings=8, nodes=0)
    case = prepare(district, solar(district, WEATHER), WEATHER, dtype=np.float64)
    flux = simulate(case, initial(case), Span(100, 5))[1]
    b = district.building
    expected = district.profile.share[b.profile][:, 100:105].T * b.appliances_j / 3600.0
    assert np.allclose(flux.appliances_w, expected)


def test_profiles_of_another_year_are_refused() -> None:
    district = random_district(buildings=3, nodes=0)
    long = replace(district, profile=replace(district.profile, share=np.zeros((32, 8784), np.float32)))
    with pytest.raises(Refused, match="different lengths"):
        prepare(long, solar(district, WEATHER), WEATHER)
