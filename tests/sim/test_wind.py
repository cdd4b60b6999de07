"""Wind turbines: the published power curve of the reference turbine, the profile up to the hub, bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.physics import wind

IEA_KW = ((4.0485, 213.2), (4.973, 436.0), (5.7654, 688.9), (6.4186, 949.7), (7.5758, 1561.6), (8.5735, 2263.3),
          (9.203, 2799.3), (9.8127, 3370.0), (11.9041, 3370.0), (17.074, 3370.0), (25.0, 3370.0))  # fmt: skip
"""Wind at the hub [m/s], power [kW] of the IEA 3.4 MW, 130 m turbine (NREL/TP-5000-73492; NREL/turbine-models)."""


@pytest.mark.parametrize(("speed_m_s", "kw"), IEA_KW)
def test_the_curve_is_the_published_one_within_one_percent_of_the_rating(speed_m_s: float, kw: float) -> None:
    assert wind.power_share(np.array(speed_m_s)) == pytest.approx(kw / 3370.0, abs=0.01)


def test_no_power_in_calm_and_in_storm() -> None:
    assert not wind.power_share(np.array([0.0, 2.99, 25.1, 60.0])).any()


def test_wind_at_the_hub_by_hand() -> None:
    """5 m/s at 10 m over z0 = 0.1 m: at 100 m ln(1000) / ln(100) = 1.5 times that."""
    assert wind.hub_speed(np.array(5.0), np.array(100.0)) == pytest.approx(7.5)


def test_power_by_hand() -> None:
    """7.5 m/s at the hub of 3 MW: 0.9 x 3 MW x (7.5 / 9.77)^3 = 1.221 MW."""
    made = wind.generate(np.array([5.0]), rated_w=np.array([3e6]), hub_m=np.array([100.0]))
    assert made == pytest.approx(1.221e6, rel=1e-3)


@given(st.floats(0.0, 60.0), st.floats(0.0, 4e6), st.floats(60.0, 160.0))
def test_power_stays_within_the_rating(speed_m_s: float, rated_w: float, hub_m: float) -> None:
    made = wind.generate(np.array([speed_m_s]), rated_w=np.array([rated_w]), hub_m=np.array([hub_m]))
    assert 0.0 <= made[0, 0] <= rated_w
