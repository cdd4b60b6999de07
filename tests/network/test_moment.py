"""Wall clock times of the district's zone become seconds of its year."""

import pytest

from network import moment
from network.problems import Refused

AMSTERDAM = {"year": 2015, "zone": "Europe/Amsterdam", "utc_offset_s": 3600.0}
JUNE_21 = (31 + 28 + 31 + 30 + 31 + 20) * 86400.0


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2015-06-21T13:00", 12.0), ("2015-06-21T13:00+02:00", 12.0), ("2015-06-21T11:00Z", 12.0), ("2015-06-21", -1.0)],
)
def test_summer_wall_time_is_an_hour_ahead_of_the_physics(text: str, hour: float) -> None:
    assert moment.seconds(text, **AMSTERDAM) == (JUNE_21 + hour * 3600.0, "")


def test_another_year_means_the_same_day_and_hour_and_says_so() -> None:
    time_s, note = moment.seconds("2031-01-02T06:30", **AMSTERDAM)
    assert time_s == 86400.0 + 6.5 * 3600.0 and "2015" in note
    assert moment.seconds("2024-02-29T00:00", **AMSTERDAM)[0] == (31 + 27) * 86400.0


def test_a_place_without_a_zone_keeps_standard_time() -> None:
    assert moment.seconds("2015-06-21T13:00", year=2015, zone="", utc_offset_s=3600.0)[0] == JUNE_21 + 13 * 3600.0


def test_no_time_is_refused() -> None:
    with pytest.raises(Refused, match="2015-06-21T13:00"):
        moment.seconds("noon", **AMSTERDAM)
