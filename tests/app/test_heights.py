"""A city is never tens of metres off the ground without a word."""

from __future__ import annotations

import numpy as np
import pytest

from app.tiles import heights
from network.problems import Refused

DELFT = (np.radians(52.0), np.radians(4.36))


def test_ellipsoidal_heights_stay_and_a_given_geoid_is_added() -> None:
    assert heights.lift("", *DELFT) == heights.lift("ellipsoidal", *DELFT) == heights.Lift()
    assert heights.lift("43.4", *DELFT).up_m == 43.4


def test_heights_above_the_sea_are_converted_where_a_grid_is_at_hand_and_told_where_not() -> None:
    lift = heights.lift("orthometric", *DELFT)
    if heights.geoid_m(*DELFT) is None:
        assert lift.up_m == 0
        assert "too low" in lift.warning
        assert "--heights" in lift.warning
    else:
        assert lift.up_m == pytest.approx(43.4, abs=1.0)  # the geoid at Delft, by NLGEO2018
        assert not lift.warning


def test_a_grid_raises_the_city(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heights, "geoid_m", lambda *_: 43.4)
    assert heights.lift("orthometric", *DELFT) == heights.Lift(43.4)


@pytest.mark.parametrize("word", ["geoid", "nan", "4000", "1e400"])
def test_an_unknown_word_is_refused(word: str) -> None:
    with pytest.raises(Refused, match="ellipsoidal, orthometric, or"):
        heights.lift(word, *DELFT)


@pytest.mark.parametrize(("low", "way"), [(45.0, "45 m above"), (-43.0, "43 m below")])
def test_a_city_in_the_air_or_under_ground_is_told(low: float, way: str) -> None:
    assert way in heights.doubt(low, 0.0)
    assert "--heights orthometric" in heights.doubt(low, 0.0)


def test_a_wrong_declaration_is_told_with_the_right_one() -> None:
    assert "--heights 60 the tileset begins 17 m above" in heights.doubt(17.0, 0.0, "60")
    assert "give 43.0" in heights.doubt(17.0, 0.0, "60")


def test_a_cellar_is_no_reason_to_doubt() -> None:
    assert heights.doubt(-6.0, 0.0) == ""
    assert heights.doubt(float("nan"), 0.0) == ""
