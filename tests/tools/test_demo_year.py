"""The demo's year: figures that somebody from a Dutch town would believe, and a way into surplus."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim import package
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
    """CBS: about 1,200 m3 or 12 MWh per dwelling around 2020; here with the other buildings' gas below 15 MWh."""
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
