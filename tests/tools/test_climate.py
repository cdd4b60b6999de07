"""The demo's weather keeps its published months, closes its irradiance and repeats itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.weather import Weather, read_epw
from tools import climate

MONTH = np.repeat(np.arange(12), np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24)


@pytest.fixture(scope="module")
def epw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("climate") / "demo.epw"
    climate.write_epw(path, seed=11)
    return path


@cache
def read(path: Path) -> Weather:
    return read_epw(path)


def test_months_keep_the_published_means(epw: Path) -> None:
    weather, figures = read(epw), climate.monthly()
    for m in range(12):
        assert weather.air_c[m == MONTH].mean() == pytest.approx(figures["air_c"][m], abs=0.15)
        assert weather.ghi_w_m2[m == MONTH].sum() / 1e3 == pytest.approx(figures["ghi_kwh_m2"][m], rel=0.01)
        assert weather.wind_m_s[m == MONTH].mean() == pytest.approx(figures["wind_m_s"][m], rel=0.03)
        swing = np.ptp(weather.air_c[m == MONTH].reshape(-1, 24), axis=1).mean()
        assert swing == pytest.approx(figures["swing_k"][m], rel=0.25)


def test_irradiance_closes_with_the_sun_in_its_place(epw: Path) -> None:
    weather = read(epw)
    assert weather.sun_offset_s == 0.0
    assert weather.closure_w_m2 < 2.0
    assert [p.code for p in weather.problems] == ["weather-sky"]  # it says nothing of infrared, and that is told
    assert not weather.filled.any()


def test_light_is_possible(epw: Path) -> None:
    weather = read(epw)
    up = weather.sun_enu()[0][:, 2] > 0.0
    assert weather.ghi_w_m2[~up].max() < 30.0  # an hour in which the sun rises or sets
    assert weather.dni_w_m2.max() <= 1000.0
    assert np.all(weather.dhi_w_m2 <= weather.ghi_w_m2 + 1.0)
    diffuse = weather.dhi_w_m2.sum() / weather.ghi_w_m2.sum()
    assert 0.50 < diffuse < 0.62  # Dutch climate: a little more than half


def test_days_differ_and_remember(epw: Path) -> None:
    weather = read(epw)
    summer = weather.ghi_w_m2.reshape(365, 24).sum(axis=1)[150:240]
    assert summer.std() / summer.mean() > 0.25
    air = weather.air_c.reshape(365, 24).mean(axis=1)
    off = air - np.convolve(np.pad(air, 15, mode="wrap"), np.ones(31) / 31, mode="valid")
    assert np.corrcoef(off[1:], off[:-1])[0, 1] > 0.4


def test_the_same_seed_gives_the_same_bytes(epw: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same.epw", tmp_path / "other.epw"
    climate.write_epw(same, seed=11)
    climate.write_epw(other, seed=12)
    assert same.read_bytes() == epw.read_bytes()
    assert other.read_bytes() != epw.read_bytes()


def test_it_is_a_complete_epw(epw: Path) -> None:
    lines = epw.read_text().splitlines()
    assert lines[0].startswith("LOCATION,")
    assert lines[7].startswith("DATA PERIODS,1,1,")
    assert len(lines) == 8 + 8760
    assert {line.count(",") for line in lines[8:]} == {34}
