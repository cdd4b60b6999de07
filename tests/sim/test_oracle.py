"""The linear rooms against a nonlinear reference at a quarter of an hour, on ASHRAE 140's 600 and 900.

Bounds are those of what is made linear: a constant film inside convects less than TARP where the sun heats a floor, so
peaks of cooling lie up to a tenth below (anchors: 600, 5.7 against 6.4 kW over the year).
"""

import numpy as np
import oracle
import pytest

pytestmark = pytest.mark.usefixtures("shared")
WEEK = 7 * 24
WINTER, AUTUMN = 0, 39 * WEEK
"""First hours of a cold fortnight, and of a sunny one in October."""


@pytest.mark.parametrize("name", ["600", "900"])
def test_linear_rooms_stay_near_the_nonlinear_reference(name):
    house = oracle.house(name)
    heating, cooling = oracle.linear(house)
    for first in (WINTER, AUTUMN):
        slow_heat, slow_cool = oracle.simulate(house, first, 2 * WEEK, warm_up=WEEK)
        heat, cool = heating[first : first + 2 * WEEK], cooling[first : first + 2 * WEEK]
        assert heat.sum() == pytest.approx(slow_heat.sum(), rel=0.05, abs=2e3)
        assert cool.sum() == pytest.approx(slow_cool.sum(), rel=0.08, abs=3e3)
        assert heat.max() == pytest.approx(slow_heat.max(), rel=0.03)
        assert 0.8 < cool.max() / slow_cool.max() < 1.02
        off = (heat - cool) - (slow_heat - slow_cool)
        assert np.sqrt(np.mean(off**2)) < 0.06 * max(slow_heat.max(), slow_cool.max())
