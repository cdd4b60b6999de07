"""Weather that is not the usual hourly year of the north: finer steps, the south, the poles, missing irradiance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factories import random_district

from network import schema
from network.problems import Refused
from sim import blocks, layers
from sim import year as years
from sim.__main__ import sunny_s
from sim.balance import balance
from sim.engine import Engine
from sim.physics import irradiance, sun
from sim.prepare import prepare
from sim.session import DayJob, Facts, YearJob
from sim.solar import UNIT_W_M2, sky_of, solar
from sim.weather import Weather, read_epw

ZURICH = (47.378, 8.567, 1.0)
CAPE_TOWN = (-33.97, 18.6, 2.0)
SVALBARD = (78.22, 15.65, 1.0)
COLUMN = {"ghi": 13, "dni": 14, "dhi": 15}


def _write(
    path: Path, place=ZURICH, *, an_hour: int = 1, says: str | None = None, hours: int = 8760, year: int = 2015, lost=()
) -> Path:
    """A year of clear sky (Meinel's beam, a tenth of it diffuse) with seasons and days of temperature."""
    latitude, longitude, zone = place
    count, step_s = hours * an_hour, 3600.0 / an_hour
    times = np.arange(count) * step_s
    direction, share = sun.mean_direction(
        np.radians(latitude), np.radians(longitude), year, zone * 3600.0, times, step_s=step_s
    )
    up = np.where(share > 0.0, np.maximum(direction[:, 2], 0.0), 0.0)
    cloud = np.repeat(np.random.default_rng(5).uniform(0.2, 1.0, hours // 24), 24 * an_hour)
    with np.errstate(divide="ignore"):
        dni = cloud * 1353.0 * 0.7 ** ((1.0 / np.maximum(up, 1e-3)) ** 0.678) * share
    dhi = (0.25 - 0.15 * cloud) * 1000.0 * up
    season = -np.cos(2.0 * np.pi * times / (hours * 3600.0)) * np.sign(latitude)
    air = 8.0 + 10.0 * season - 4.0 * np.cos(2.0 * np.pi * (times / 3600.0 - 3.0) / 24.0)
    head = [f"LOCATION,Town,-,CHE,Test,1,{latitude},{longitude},{zone},450.0", *["HEADER"] * 6,
            f"DATA PERIODS,1,{says or an_hour},Data,Sunday,1/1,12/31"]  # fmt: skip
    rows = []
    for k in range(count):
        hour, quarter = divmod(k, an_hour)
        row = [str(year), str(1 + hour // 24 // 31), str(1 + hour // 24 % 31), str(1 + hour % 24),
               str(round((quarter + 1) * 60 / an_hour)), "*", f"{air[k]:.3f}", f"{air[k] - 4.0:.3f}", "80", "96000",
               "0", "0", "300", f"{dhi[k] + dni[k] * up[k]:.2f}", f"{dni[k]:.2f}", f"{dhi[k]:.2f}", "0", "0", "0", "0",
               "180", "3.0"]  # fmt: skip
        for name in lost:
            row[COLUMN[name]] = "9999"
        rows.append(",".join([*row, *["5"] * 13]))
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def hourly(tmp_path_factory) -> Weather:
    return read_epw(_write(tmp_path_factory.mktemp("epw") / "hours.epw"))


@pytest.fixture(scope="module")
def quarters(tmp_path_factory) -> Weather:
    return read_epw(_write(tmp_path_factory.mktemp("epw") / "quarters.epw", an_hour=4))


def _year(weather: Weather, district=None):
    """The figures of a small district's year, whose profiles are hourly whatever the weather's steps."""
    hours = round(weather.steps * weather.step_s / 3600.0)
    district = district or random_district(seed=3, buildings=12, nodes=14, steps=hours, surfaces=6)
    made = years.complete(prepare(district, solar(district, weather), weather))
    books = balance(made.ledger, district, side="a", revision=1, compute_s=0.0)
    return made, books


# ---------------------------------------------------------------- finer steps


def test_quarter_hours_are_read_as_such(quarters: Weather) -> None:
    assert (quarters.steps, quarters.step_s, quarters.year) == (35040, 900.0, 2015)
    assert quarters.problems == ()
    assert abs(quarters.sun_offset_s) < 120.0


def test_a_header_of_hours_over_quarter_hours_is_said_and_the_rows_are_believed(tmp_path: Path) -> None:
    weather = read_epw(_write(tmp_path / "a.epw", an_hour=4, says="1"))
    assert weather.step_s == 900.0
    assert [p.code for p in weather.problems] == ["weather-records"]


def test_the_same_year_in_quarter_hours_gives_the_same_figures(hourly: Weather, quarters: Weather) -> None:
    (_, whole), (fine, parts) = _year(hourly), _year(quarters)
    assert years.steps_a_day(fine.case) == 96
    assert years.days_of(fine.case) == 365
    # what is drawn is the same joules, spread over finer steps
    for name in ("appliances_j", "hot_water_j"):
        assert parts.kpi[name] == pytest.approx(whole.kpi[name], rel=1e-5)
    # what follows from sun and air differs by how the steps see them
    for name in ("heating_j", "pv_j", "heater_j"):
        assert parts.kpi[name] == pytest.approx(whole.kpi[name], rel=0.015)
    for months in ("generated", "used"):
        assert parts.months_j[months] == pytest.approx(whole.months_j[months], rel=0.03)
    assert parts.residual < 1e-6
    # a quarter's peak is never below its hour's
    assert parts.kpi["peak_import_w"] > 0.98 * whole.kpi["peak_import_w"]
    assert parts.grid["voltage_min_pu"] == pytest.approx(whole.grid["voltage_min_pu"], abs=0.01)


def test_a_day_of_quarters_is_derived_again_bit_for_bit(quarters: Weather) -> None:
    made, _ = _year(quarters)
    day = years.day(made.case, made, 100)
    assert (day.span.first, day.span.steps) == (100 * 96 - 1, 98)
    again = years.day(made.case, made, 100)
    assert np.array_equal(day.heating_w, again.heating_w)
    steps = made.ledger.steps[0, 9600 : 9600 + 96]
    assert day.pv_w[1:-1].sum(axis=1, dtype=float) == pytest.approx(steps, rel=1e-5)


def test_viewers_see_days_of_96_quarters_and_what_is_behind_one(quarters: Weather) -> None:
    district = random_district(seed=3, buildings=12, nodes=14, surfaces=6)
    hello = blocks.hello(district, run="r", version="0", package="p", state_address="", tiles="", steps=quarters.steps,
                         step_s=quarters.step_s)  # fmt: skip
    facts = Facts(hello, blocks.roster(district, revision=1), layers.wire(), schema.Problems(1, ()), tuple)
    works = Engine(district, solar=solar(district, quarters), weather=quarters, catalogue=layers.CATALOGUE, facts=facts)
    job, year = YearJob(1, ()), works.begin(YearJob(1, ()))
    while not year.done:
        year = works.advance(year)
    works.balance(job, year)
    shown = {b.quantity: b for b in works.day(DayJob(1, (), 171)).blocks}["pv_w"]
    assert shown.values.shape == (98, 12) and shown.step_s == 900.0 and shown.key.first_step == 171 * 96 - 1
    told = works.explain(job, year)(5, 171 * 86400.0 + 12.25 * 3600.0)
    assert (told.time_s, told.step_s) == (171 * 86400.0 + 44100.0, 900.0)
    assert all(s.residual < 1e-8 for s in told.sums)
    assert told.sums[0].terms[0].value == pytest.approx(float(shown.values[50, 5]), rel=1e-4)


# ---------------------------------------------------------------- leap years


def test_a_leap_year_has_its_29th_of_february_in_the_books(tmp_path: Path) -> None:
    weather = read_epw(_write(tmp_path / "leap.epw", hours=8784, year=2016, an_hour=2))
    assert (weather.steps, weather.year) == (17568, 2016)
    made, books = _year(weather)
    assert made.case.days_in_month[1] == 29
    assert years.days_of(made.case) == 366
    assert books.months_j["used"].sum() == pytest.approx(books.carriers_j["electricity"]["used"], rel=1e-9)


# ---------------------------------------------------------------- other latitudes


def _walls(weather: Weather) -> dict[str, float]:
    """Sun of the year on unshaded walls and flat roofs [kWh/m2]."""
    sky, _ = sky_of(weather)
    terms, low = irradiance.terms(sky, np.float64)
    half, quarter = np.pi / 2.0, np.array([0.0, 0.5, 1.0, 1.5]) * np.pi
    plane = irradiance.planes(tilt=np.array([half] * 4 + [0.0]), azimuth=np.append(quarter, 0.0), sky_view=np.ones(5),
                              dtype=np.float64)  # fmt: skip
    out = [np.empty((len(terms), 5)) for _ in range(3)]
    irradiance.transpose(terms, low, 0, len(terms), plane, np.zeros((36, 5)), irradiance.NO_CROWNS, np.empty(5), *out)
    return dict(zip("NESWH", out[2].sum(axis=0) * weather.step_s / 3.6e6, strict=True))


def test_in_the_south_january_is_summer_and_the_sun_stands_in_the_north(tmp_path: Path) -> None:
    weather = read_epw(_write(tmp_path / "south.epw", CAPE_TOWN))
    january, july = weather.ghi_w_m2[:744].mean(), weather.ghi_w_m2[4344:5088].mean()
    assert january > 1.6 * july
    sun_on = _walls(weather)
    assert sun_on["N"] > 1.5 * sun_on["S"]
    assert sun_on["E"] == pytest.approx(sun_on["W"], rel=0.15)
    made, books = _year(weather)
    heat = made.ledger.months[5].sum(axis=1)
    assert heat[6] > 3.0 * heat[0]
    assert books.residual < 1e-6


def test_under_the_midnight_sun_and_in_the_polar_night_the_year_goes_on(tmp_path: Path) -> None:
    weather = read_epw(_write(tmp_path / "pole.epw", SVALBARD))
    made = solar(random_district(seed=3, buildings=12, nodes=14, surfaces=6), weather)
    june, december = slice(171 * 24, 172 * 24), slice(355 * 24, 356 * 24)
    assert (made.row[june] >= 0).all()
    assert (made.row[december] == -1).all()
    assert (made.wall * UNIT_W_M2).max() < 1300.0
    run, books = _year(weather)
    pv, heat = run.ledger.steps[0], run.ledger.steps[5]
    assert pv[december].sum() == 0.0
    assert pv[june].min() > 0.0
    assert heat[december].sum() > 0.0
    assert books.residual < 1e-6
    assert 0.0 <= sunny_s(weather) < 8760 * 3600.0


@pytest.mark.parametrize(
    ("place", "word"),
    [((95.0, 8.0, 1.0), "latitude 95"), ((47.0, 200.0, 1.0), "longitude 200"), ((47.0, 8.0, 20.0), "time zone 20"),
     ((float("nan"), 8.0, 1.0), "latitude nan")],
)  # fmt: skip
def test_a_station_that_stands_nowhere_is_refused(tmp_path: Path, place, word: str) -> None:
    path = _write(tmp_path / "a.epw", hours=24)
    path.write_text(path.read_text().replace("47.378,8.567,1.0", ",".join(map(str, place))))
    with pytest.raises(Refused, match=word):
        read_epw(path)


# ---------------------------------------------------------------- missing irradiance


def test_global_alone_is_decomposed_and_said(tmp_path: Path, hourly: Weather) -> None:
    weather = read_epw(_write(tmp_path / "a.epw", lost=("dni", "dhi")))
    assert [p.code for p in weather.problems] == ["weather-decomposed"]
    assert "DIRINT" in weather.problems[0].message
    assert weather.ghi_w_m2 == pytest.approx(hourly.ghi_w_m2)
    assert 0.0 < weather.dni_w_m2.max() < 1200.0
    up = np.maximum(weather.sun_enu()[0][:, 2], 0.0)
    assert weather.ghi_w_m2 == pytest.approx(weather.dhi_w_m2 + weather.dni_w_m2 * up, abs=0.01)
    assert weather.dhi_w_m2.min() >= 0.0


@pytest.mark.parametrize(("station", "dni"), [
    ("CHE_Zuerich-SMA_2015_AMY.epw.gz", 0.05), ("USA_CO_Golden_SRRL_2013_AMY.epw.gz", 0.05),
    ("USA_NY_Buffalo.Intl.AP.725280_TMY3.epw.gz", 0.08),
])  # fmt: skip
def test_a_measured_year_s_beam_is_found_again_from_its_global(
    shared: Path, tmp_path: Path, station: str, dni: float
) -> None:
    import gzip

    file = shared / "data" / "weather" / station
    whole = read_epw(file)
    lines = gzip.decompress(file.read_bytes()).decode("latin-1").splitlines()
    for k in range(8, len(lines)):
        row = lines[k].split(",")
        row[14] = row[15] = "9999"
        lines[k] = ",".join(row)
    (tmp_path / "a.epw").write_text("\n".join(lines) + "\n")
    part = read_epw(tmp_path / "a.epw")
    assert part.dni_w_m2.sum() == pytest.approx(whole.dni_w_m2.sum(), rel=dni)
    ours, theirs = _walls(part), _walls(whole)
    assert ours["H"] == pytest.approx(theirs["H"], rel=0.02)
    assert ours["S"] == pytest.approx(theirs["S"], rel=0.06)


@pytest.mark.parametrize(("kept", "only"), [("dni", "direct"), ("dhi", "diffuse")])
def test_one_part_without_the_global_is_refused_by_name(tmp_path: Path, kept: str, only: str) -> None:
    lost = tuple(n for n in COLUMN if n != kept)
    with pytest.raises(Refused, match=f"has only {only} irradiance for .* from 01-01 hour"):
        read_epw(_write(tmp_path / "a.epw", lost=lost))


def test_no_irradiance_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no global irradiance"):
        read_epw(_write(tmp_path / "a.epw", lost=tuple(COLUMN)))


# ---------------------------------------------------------------- test reference years


@pytest.mark.parametrize(
    ("file", "latitude", "longitude", "ghi"),
    [("DEU_TRY2015_Zone4_Potsdam_normal.txt.gz", 52.403, 13.051, 1060.0),
     ("DEU_TRY2015_507755060854_Aachen_Jahr.dat.gz", 50.775, 6.085, 1030.0)],
)  # fmt: skip
def test_german_test_reference_years_are_read(
    shared: Path, file: str, latitude: float, longitude: float, ghi: float
) -> None:
    weather = read_epw(shared / "data" / "weather" / file)
    # EPSG:3034 by pyproj
    assert np.degrees([weather.latitude_rad, weather.longitude_rad]) == pytest.approx([latitude, longitude], abs=1e-3)
    assert (weather.steps, weather.utc_offset_s, weather.country) == (8760, 3600.0, "DEU")
    assert 8.0 < weather.air_c.mean() < 11.5
    assert weather.ghi_w_m2.sum() / 1000.0 == pytest.approx(ghi, rel=0.05)
    up = np.maximum(weather.sun_enu()[0][:, 2], 0.0)
    assert weather.ghi_w_m2 == pytest.approx(weather.dhi_w_m2 + weather.dni_w_m2 * up, abs=0.01)
    assert 3.0 < np.mean(weather.air_c - weather.sky_c) < 15.0
    assert [p.code for p in weather.problems] == ["weather-calendar"]


def test_a_cut_reference_year_is_refused(shared: Path, tmp_path: Path) -> None:
    import gzip

    file = shared / "data" / "weather" / "DEU_TRY2015_Zone4_Potsdam_normal.txt.gz"
    (tmp_path / "cut.dat").write_bytes(gzip.decompress(file.read_bytes())[:200_000])
    with pytest.raises(Refused, match=r"cut\.dat"):
        read_epw(tmp_path / "cut.dat")


def test_weather_of_another_length_than_the_profiles_is_refused(hourly: Weather) -> None:
    district = random_district(seed=3, buildings=4, nodes=0, steps=8784, surfaces=4)
    with pytest.raises(Refused, match="build the package again"):
        prepare(district, solar(district, hourly), replace(hourly))
