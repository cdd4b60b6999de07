"""Usage profiles: exact in energy, standard on average, peaky one by one, on the wall clock."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim import wallclock
from sim.district import Profiles, Use
from tools import profiles

PLACE = {"zone": "Europe/Amsterdam", "utc_offset_s": 3600.0}


@cache
def year() -> Profiles:
    return profiles.profiles(steps=8760, year=2025, seed=3, **PLACE)


def rows(prefix: str) -> np.ndarray:
    own = [k for k, name in enumerate(year().id) if name.rsplit("-", 1)[0] == prefix]
    return year().share[own].astype(float)


def test_every_row_sums_to_one_and_none_is_negative() -> None:
    assert np.abs(year().share.sum(axis=1, dtype=float) - 1.0).max() < 1e-9
    assert year().share.min() >= 0.0


@pytest.mark.parametrize("prefix", ["home-1", "home-water-1", "office", "retail", "school", "industry"])
def test_every_use_has_at_least_128_years_of_its_own(prefix: str) -> None:
    assert len(np.unique(rows(prefix), axis=0)) >= 128


@pytest.mark.parametrize("prefix", ["home-1", "home-water-1"])
def test_one_home_peaks_at_least_three_times_its_share_of_a_hundred(prefix: str) -> None:
    homes = rows(prefix)
    share_of_hundred = homes[:100].mean(axis=0).max()
    assert homes.max(axis=1).mean() >= 3.0 * share_of_hundred


def test_more_homes_behind_a_row_are_smoother() -> None:
    peaks = [rows(f"home-{n}").max(axis=1).mean() for n in (1, 4, 16, 64)]
    assert np.all(np.diff(peaks) < 0.0)


def test_the_mean_of_homes_is_the_standard_profile() -> None:
    wall = wallclock.hours(steps=8760, step_s=3600.0, year=2025, **PLACE)
    standard = profiles._standards(2025)["h25"][wall] / 8760.0
    mean = rows("home-1").mean(axis=0)
    by_hour = mean.reshape(365, 24).sum(axis=0) / standard.reshape(365, 24).sum(axis=0)
    by_week = mean[:8736].reshape(52, 168).sum(axis=1) / standard[:8736].reshape(52, 168).sum(axis=1)
    assert np.abs(by_hour - 1.0).max() < 0.06
    assert np.abs(by_week - 1.0).max() < 0.06


def test_offices_work_on_weekdays_and_shops_on_saturdays() -> None:
    day = np.arange(365)
    weekday = (day + 2) % 7  # 1 January 2025 is a Wednesday
    office, shop = (rows(u).mean(axis=0).reshape(365, 24).sum(axis=1) for u in ("office", "retail"))
    assert office[weekday < 5].mean() > 2.0 * office[weekday == 6].mean()
    assert shop[weekday == 5].mean() > 1.2 * shop[weekday == 6].mean()


def test_hot_water_is_drawn_in_the_morning_and_evening() -> None:
    by_hour = rows("home-water-1").mean(axis=0).reshape(365, 24).sum(axis=0)
    assert by_hour[[7, 20, 21]].min() > 2.0 * by_hour[[2, 3, 4]].max()


def test_weekend_mornings_begin_later() -> None:
    day = np.arange(365)
    weekend = (day + 2) % 7 >= 5  # 1 January 2025 is a Wednesday
    morning = rows("home-water-1").mean(axis=0).reshape(365, 24)[:, 5:8].sum(axis=1)
    assert morning[weekend].mean() < 0.8 * morning[~weekend].mean()


def test_schedules_follow_the_wall_clock_through_summer_time() -> None:
    wall = wallclock.hours(steps=8760, step_s=3600.0, year=2025, **PLACE)
    winter, summer = 24 * 10 + 7, 24 * 180 + 7
    assert wall[winter] % 24 == 7
    assert wall[summer] % 24 == 8
    fixed = wallclock.hours(steps=8760, step_s=3600.0, year=2025, zone="UTC+01:00", utc_offset_s=3600.0)
    assert np.array_equal(fixed, np.arange(8760))


def test_leap_years_and_southern_summers_have_all_their_hours() -> None:
    leap = profiles.profiles(steps=8784, year=2024, seed=3, uses=(Use.OFFICE,), **PLACE)
    assert leap.share.shape == (profiles.SINGLES, 8784)
    south = wallclock.hours(steps=8760, step_s=3600.0, year=2025, zone="Australia/Sydney", utc_offset_s=36000.0)
    assert south.min() == 0
    assert south.max() == 8759


def test_the_same_seed_gives_the_same_bits_whatever_else_is_asked() -> None:
    homes = profiles.profiles(steps=8760, year=2025, seed=3, uses=(Use.HOME,), **PLACE)
    other = profiles.profiles(steps=8760, year=2025, seed=4, uses=(Use.HOME,), **PLACE)
    own = [k for k, name in enumerate(year().id) if name.startswith("home-")]
    assert np.array_equal(homes.share, year().share[own])
    assert not np.array_equal(homes.share, other.share)


def test_south_of_the_equator_most_light_burns_in_july_and_weekdays_stay() -> None:
    south = profiles.profiles(steps=8760, year=2025, seed=3, uses=(Use.HOME, Use.OFFICE), south=True, **PLACE)
    homes = [k for k, name in enumerate(south.id) if name.startswith("home-64")]
    mean = south.share[homes].mean(axis=0)
    assert mean[4344:5088].sum() > 1.1 * mean[:744].sum()
    office = south.share[[k for k, name in enumerate(south.id) if name.startswith("office")]].mean(axis=0)
    week = office[28 * 24 : 35 * 24].reshape(7, 24).sum(axis=1)  # 29 January 2025 is a Wednesday
    assert week[[3, 4]].max() < 0.7 * week[[0, 1, 2, 5, 6]].min()


def test_buildings_take_rows_of_their_use_and_size() -> None:
    ids = tuple(f"b{k}" for k in range(6))
    use = np.array([Use.HOME, Use.HOME, Use.OFFICE, Use.SHED, Use.HOME, Use.HOME], dtype=np.int8)
    dwellings = np.array([1.0, 18.0, 0.0, 0.0, 1.0, 200.0])
    one, water = profiles.assign(id=ids, use=use, dwellings=dwellings, profiles=year(), seed=3)
    names = [year().id[k] for k in one]
    assert [n.rsplit("-", 1)[0] for n in names[:3]] == ["home-1", "home-16", "office"]
    assert names[5].startswith("home-64-")
    assert year().id[water[1]].startswith("home-water-16-")
    assert water[2] == one[2]
    assert one[0] != one[4]
    again, _ = profiles.assign(id=ids[::-1], use=use[::-1], dwellings=dwellings[::-1], profiles=year(), seed=3)
    assert np.array_equal(again[::-1], one)
