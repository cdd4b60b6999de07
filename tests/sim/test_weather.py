"""EPW files: what is read, mended, found out and refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from network.problems import Refused
from sim.physics import sun
from sim.weather import far_station, read_epw

MISSING = {"air": "99.9", "ghi": "9999", "dni": "9999", "dhi": "9999"}


def _write(path: Path, *, hours: int = 8760, shift_s: float = 0.0, years=None, blank=()) -> Path:
    """An EPW file of a clear year in Zurich; blank: (hour, column) that are missing."""
    head = ["LOCATION,Town,-,CHE,Test,1,47.378,8.567,1.0,450.0", *[f"HEADER {k}" for k in range(7)]]
    direction = sun.direction_enu(np.radians(47.378), np.radians(8.567), 2015, 3600.0,
                                  np.arange(hours) * 3600.0 + 1800.0 + shift_s)  # fmt: skip
    up = np.maximum(direction[:, 2], 0.0)
    dni, dhi = 800.0 * (1.0 - np.exp(-8.0 * up)), 120.0 * up
    rows = []
    blanks = set(blank)
    for k in range(hours):
        values = {"air": f"{5.0 + k % 24:.1f}", "ghi": f"{dhi[k] + dni[k] * up[k]:.2f}", "dni": f"{dni[k]:.2f}",
                  "dhi": f"{dhi[k]:.2f}"}  # fmt: skip
        values |= {c: MISSING[c] for h, c in blanks if h == k}
        day = k // 24
        year = 2015 if years is None else years[k]
        month, monthday = 1 + day // 31, 1 + day % 31
        row = [str(year), str(month), str(monthday), str(1 + k % 24), "60", "*", values["air"], "1", "80", "96000", "0",
               "0", "300", values["ghi"], values["dni"], values["dhi"], "0", "0", "0", "0", "180", "3.0"]  # fmt: skip
        rows.append(",".join([*row, *["0"] * 13]))
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def test_a_complete_file_is_taken_as_it_is(tmp_path: Path) -> None:
    weather = read_epw(_write(tmp_path / "a.epw"))
    assert weather.steps == 8760
    assert (weather.country, weather.year, weather.utc_offset_s) == ("CHE", 2015, 3600.0)
    assert not weather.filled.any()
    assert weather.problems == ()
    assert weather.sun_offset_s == 0.0
    # a stamp's temperature belongs to the end of its hour: the step holds the mean of both ends
    assert weather.air_c[13] == pytest.approx(0.5 * (5.0 + 12 + 5.0 + 13))
    assert not weather.air_c.flags.writeable


def test_gzip_and_a_leap_year_just_work(tmp_path: Path) -> None:
    plain = _write(tmp_path / "a.epw", hours=8784, years=[2016] * 8784)
    (tmp_path / "a.epw.gz").write_bytes(gzip.compress(plain.read_bytes()))
    weather = read_epw(tmp_path / "a.epw.gz")
    assert (weather.steps, weather.year, weather.problems) == (8784, 2016, ())


@pytest.mark.parametrize(("hours", "year", "calendar"), [(8760, 2016, 2025), (8784, 2015, 2024), (8760, 0, 2025)])
def test_a_year_of_another_length_than_the_file_does_not_name_its_days(
    tmp_path: Path, hours: int, year: int, calendar: int
) -> None:
    weather = read_epw(_write(tmp_path / "a.epw", hours=hours, years=[year] * hours))
    assert (weather.steps, weather.year) == (hours, calendar)
    assert [p.code for p in weather.problems] == ["weather-calendar"]


@pytest.mark.parametrize("value", ["-9999", "99.9", "", "nan"])
def test_what_is_no_temperature_is_a_gap(tmp_path: Path, value: str) -> None:
    path = _write(tmp_path / "a.epw")
    lines = path.read_text().splitlines()
    row = lines[8 + 100].split(",")
    lines[8 + 100] = ",".join([*row[:6], value, *row[7:]])
    path.write_text("\n".join(lines))
    weather = read_epw(path)
    assert np.flatnonzero(weather.filled).tolist() == [100]
    assert weather.air_c.min() > 0.0


def test_rows_of_several_years_mean_the_default_year(tmp_path: Path) -> None:
    years = [1990 + k % 2 for k in range(8760)]
    assert read_epw(_write(tmp_path / "a.epw", years=years)).year == 2025


@pytest.mark.parametrize("minutes", [-25, 30, 49])
def test_the_file_s_own_sun_is_found_to_two_minutes(tmp_path: Path, minutes: int) -> None:
    weather = read_epw(_write(tmp_path / "a.epw", shift_s=minutes * 60.0))
    assert weather.sun_offset_s == pytest.approx(minutes * 60.0, abs=121.0)
    assert weather.closure_w_m2 < 2.0
    assert [p.code for p in weather.problems] == ["weather-sun-offset"]


def test_gaps_of_six_hours_are_filled_and_counted(tmp_path: Path) -> None:
    whole = read_epw(_write(tmp_path / "a.epw"))
    gap = read_epw(_write(tmp_path / "b.epw", blank=[(k, "air") for k in range(100, 106)]))
    assert gap.filled[100:106].all()
    assert gap.filled.sum() == 6
    assert gap.problems[0].count == 6
    assert np.isfinite(gap.air_c).all()
    assert np.abs(gap.air_c - whole.air_c).max() < 12.0


def test_a_gap_of_seven_hours_is_refused_by_its_first_hour(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epw", blank=[(k, "air") for k in range(34, 41)])
    with pytest.raises(Refused, match="air temperature for 7 hours from 01-02 hour 11"):
        read_epw(path)


@pytest.mark.parametrize("lost", ["ghi", "dni", "dhi"])
def test_one_missing_irradiance_follows_from_the_other_two(tmp_path: Path, lost: str) -> None:
    whole = read_epw(_write(tmp_path / "a.epw"))
    part = read_epw(_write(tmp_path / "b.epw", blank=[(k, lost) for k in range(8760)]))
    column = f"{lost}_w_m2"
    ours, theirs = getattr(part, column), getattr(whole, column)
    high = whole.ghi_w_m2 > 100.0
    assert np.abs(ours - theirs)[high].mean() < 0.03 * theirs[high].mean()


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "is empty"), ("hello\nworld\n", "no EPW"), ("LOCATION,a,b,c,d,e,x,8,1,400\n", "no numbers")],
)
def test_what_is_no_weather_file_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "a.epw"
    path.write_text(text)
    with pytest.raises(Refused, match=why):
        read_epw(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    plain = _write(tmp_path / "a.epw")
    packed = gzip.compress(plain.read_bytes())
    (tmp_path / "b.epw.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(Refused, match="cannot read"):
        read_epw(tmp_path / "b.epw.gz")
    (tmp_path / "c.epw").write_text("\n".join(plain.read_text().splitlines()[:5000]))
    with pytest.raises(Refused, match="4992 rows"):
        read_epw(tmp_path / "c.epw")


def test_a_far_or_high_station_is_named(tmp_path: Path) -> None:
    weather = read_epw(_write(tmp_path / "a.epw"))
    here = {"latitude_rad": weather.latitude_rad, "longitude_rad": weather.longitude_rad, "height_m": 450.0}
    assert far_station(weather, **here) is None
    assert far_station(weather, **{**here, "height_m": 800.0}) is not None
    problem = far_station(weather, **{**here, "latitude_rad": weather.latitude_rad + 0.0157})
    assert problem is not None
    assert "100 km away" in problem.message


@pytest.mark.parametrize(
    ("file", "offset_min", "year"),
    [
        ("CHE_Zuerich-SMA_2015_AMY.epw.gz", -25, 2015),
        ("ITA_PVGIS_45N_8E_TMY_2005-2023.epw.gz", 41, 2025),
        ("USA_CO_Denver.Intl.AP.725650_TMY3.epw.gz", 0, 2025),
        ("USA_CO_Golden_SRRL_2013_AMY.epw.gz", 0, 2013),
        ("USA_NY_Buffalo.Intl.AP.725280_TMY3.epw.gz", 0, 2025),
    ],
)
def test_real_files(shared: Path, file: str, offset_min: int, year: int) -> None:
    weather = read_epw(shared / "data" / "weather" / file)
    assert weather.sun_offset_s == pytest.approx(offset_min * 60.0, abs=180.0)
    assert weather.year == year
    assert 1100.0 < weather.ghi_w_m2.sum() / 1000.0 < 1800.0
