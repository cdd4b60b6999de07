"""Leaves: summer, winter, and the other half of the earth."""

from __future__ import annotations

import numpy as np
import pytest

from sim.physics import foliage

DELFT, CAPE_TOWN = np.radians(52.0), np.radians(-33.9)


def test_crowns_are_dense_in_summer_and_bare_in_winter() -> None:
    january, april, july = foliage.through([15, 105, 196], DELFT)
    assert january == foliage.BARE == 0.46
    assert july == foliage.IN_LEAF == 0.03
    assert april == pytest.approx((january + july) / 2)


def test_the_southern_summer_is_half_a_year_later() -> None:
    assert foliage.through([15, 196], CAPE_TOWN).tolist() == [foliage.IN_LEAF, foliage.BARE]


def test_near_the_equator_it_is_always_summer() -> None:
    assert (foliage.through(np.arange(1, 367), np.radians(5.0)) == foliage.IN_LEAF).all()


def test_a_year_of_days_never_leaves_the_two_figures() -> None:
    for latitude in (DELFT, CAPE_TOWN, np.pi / 2):
        t = foliage.through(np.arange(1, 367), latitude)
        assert ((t >= foliage.IN_LEAF) & (t <= foliage.BARE)).all()


def test_a_crown_ten_days_before_half_out_by_hand() -> None:
    """5 April: a sixth of the leaves are out, 1 / 2 - 10 / 30; they pass 5 / 6 of 0.46 and 1 / 6 of 0.03."""
    assert foliage.through(95.0, np.radians(50.0)) == pytest.approx(0.46 * 5.0 / 6.0 + 0.03 / 6.0)
    assert foliage.through(315.0, np.radians(50.0)) == pytest.approx(0.46 * 5.0 / 6.0 + 0.03 / 6.0)
