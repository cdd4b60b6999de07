"""The demo's year: figures that somebody from a Dutch town would believe, and a way into surplus."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim import cache as cache_of
from sim import package, prepare, solar, span, weather
from sim.__main__ import sunny_s
from sim.district import SizeClass, Use
from tools import simulate

READY = "solar:share=60;retrofit:;heatpumps:share=100;wind:"


@cache
def year(folder: Path, layers: str = "") -> dict:
    return simulate.simulate(folder, layers=layers)


def test_today_it_is_far_from_a_positive_energy_district(demo_package: Path) -> None:
    assert not year(demo_package)["balance"]["surplus"]
    assert year(demo_package)["verdict"]["primary_margin_kwh"] < -10e6


@pytest.mark.parametrize("left_out", ["solar:share=60;", "retrofit:;", "heatpumps:share=100;", ";wind:"])
def test_roofs_retrofit_heat_pumps_and_wind_together_make_it_one(demo_package: Path, left_out: str) -> None:
    """All four measures are needed: each alone left out leaves the district short."""
    ready = year(demo_package, READY)
    assert ready["balance"]["surplus"]
    assert ready["conservation_residual"] < 1e-6
    assert not year(demo_package, READY.replace(left_out, ""))["balance"]["surplus"]


def test_with_every_layer_at_full_it_is_one_too_cars_included(demo_package: Path) -> None:
    full = "solar:share=100;retrofit:;heatpumps:share=100;batteries:;vehicles:share=100;wind:rated=4"
    result = year(demo_package, full)
    assert result["balance"]["surplus"]
    assert result["verdict"]["mobility"] == "in"


def test_homes_burn_as_much_gas_as_dutch_homes(demo_package: Path) -> None:
    """CBS 85140NED: 1,280 m3 or 12.5 MWh per home with a boiler in 2020; here all other buildings are in it too."""
    homes = package.load(demo_package).district.building.dwellings.sum()
    per_home_mwh = year(demo_package)["carriers"]["gas"]["used"] / 1e3 / homes
    assert 11.0 < per_home_mwh < 15.0


def test_years_and_modules_are_a_mix(demo_package: Path) -> None:
    district = package.load(demo_package).district
    b, s = district.building, district.surface
    homes = b.use == Use.HOME
    houses = homes & (b.size_class <= SizeClass.TH)
    assert 0.1 < np.average(b.year[homes] < 1945, weights=b.dwellings[homes]) < 0.8
    assert 0.15 < np.average(b.year[homes] >= 1975, weights=b.dwellings[homes]) < 0.7
    carries = np.bincount(s.building, s.pv_peak_w, len(b)) > 0.0
    assert 0.3 < carries[houses].mean() < 0.55


def test_it_opens_on_a_sunny_afternoon_when_roofs_give(demo_package: Path) -> None:
    """The sun of that hour is strong, and houses with modules give more than they use."""
    read = package.load(demo_package)
    sky = weather.read_epw(read.weather_path)
    first = round(sunny_s(sky) / 3600.0)
    assert 5 * 30 * 24 < first < 8 * 30 * 24
    assert sky.ghi_w_m2[first] > 700.0
    case = prepare.prepare(read.district, solar.solar(read.district, sky, cache=cache_of.folder() / "solar"), sky)
    flux = span.simulate(case, span.initial(case), span.Span(first, 1), grid=False)[1]
    homes = read.district.building.use == Use.HOME
    assert (flux.surplus_w[0][homes] > 0.0).mean() > 0.3


@pytest.mark.parametrize("day", ["01-15", "06-21", "09-21", "11-15"])
def test_the_days_of_the_fixed_pictures_are_clear(demo_package: Path, day: str) -> None:
    """More light than on two in three of the days around it."""
    sky = weather.read_epw(package.load(demo_package).weather_path)
    daily = sky.ghi_w_m2.reshape(365, 24).sum(axis=1)
    number = (np.datetime64(f"2025-{day}") - np.datetime64("2025-01-01")).astype(int)
    near = daily[max(number - 15, 0) : number + 16]
    assert daily[number] > np.quantile(near, 2 / 3)
