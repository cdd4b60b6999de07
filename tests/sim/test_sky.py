"""The sky's temperature: measured, by clouds, by nothing."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from sim.physics import sky
from sim.weather import read_epw

DENVER = "USA_CO_Denver.Intl.AP.725650_TMY3.epw.gz"


def _without(path: Path, to: Path, columns: dict[int, str]) -> Path:
    lines = gzip.decompress(path.read_bytes()).decode("latin-1").splitlines()
    for k in range(8, len(lines)):
        row = lines[k].split(",")
        for column, value in columns.items():
            row[column] = value
        lines[k] = ",".join(row)
    to.write_text("\n".join(lines) + "\n")
    return to


def test_a_black_sky_of_300_w_m2_is_a_little_below_freezing() -> None:
    # by hand: (300 / 5.670374e-8)^0.25 = 269.70 K
    assert sky.from_infrared_c(np.array([300.0]))[0] == pytest.approx(-3.45, abs=0.01)


def test_clouds_warm_the_sky_and_dry_air_cools_it() -> None:
    clear, grey = sky.from_clouds_c(np.array([10.0, 10.0]), np.array([5.0, 5.0]), np.array([0.0, 1.0]))
    dry = sky.from_clouds_c(np.array([10.0]), np.array([-10.0]), np.array([0.0]))[0]
    # by hand: emissivity 0.787 + 0.764 ln(278.15/273) = 0.8013 -> 283.15 * 0.8013^0.25 = 267.9 K
    assert clear == pytest.approx(-5.25, abs=0.1)
    assert dry < clear < grey <= 10.0


def test_the_clouds_of_a_tmy3_file_give_its_own_infrared_back(shared: Path, tmp_path: Path) -> None:
    file = shared / "data" / "weather" / DENVER
    measured = read_epw(file)
    cloudy = read_epw(_without(file, tmp_path / "clouds.epw", {12: "9999"}))
    assert np.sqrt(np.mean((measured.sky_c - cloudy.sky_c) ** 2)) < 0.1
    assert [(p.code, p.count) for p in cloudy.problems] == [("weather-sky", 8760)]
    assert "Clark-Allen" in cloudy.problems[0].message
    blind = read_epw(_without(file, tmp_path / "blind.epw", {12: "9999", 7: "99.9"}))
    assert np.allclose(blind.sky_c, blind.air_c - 11.0)
    assert "air - 11 K" in blind.problems[0].message


def test_the_us_files_are_far_below_the_air_and_never_above_it(shared: Path) -> None:
    weather = read_epw(shared / "data" / "weather" / DENVER)
    assert 12.0 < np.mean(weather.air_c - weather.sky_c) < 14.0
    assert np.mean(weather.sky_c <= weather.air_c + 0.2) > 0.99
