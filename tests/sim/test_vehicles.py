"""Electric cars: each day's driving is charged again, when they are at home."""

import csv
import gzip
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from factories import random_district, random_weather

from sim import wallclock
from sim import year as years
from sim.ledger import ACCOUNTS
from sim.physics import vehicles
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

KWH = 3.6e6
VEHICLE = ACCOUNTS.index("vehicle_w")
WEATHER = random_weather(seed=11)
WALL = wallclock.hours(steps=8760, step_s=3600.0, year=2015, zone="Europe/Zurich", utc_offset_s=3600.0)


def _electric(*, smart: float, modules: bool = True, away: float = 0.0, charger_w: float = 0.0):
    d = random_district(seed=12, buildings=20, nodes=20, modules=modules)
    n = len(d.building)
    b = replace(d.building, vehicles=np.full(n, 2.0), electric_share=np.ones(n), smart_share=np.full(n, smart),
                away_share=np.full(n, away))  # fmt: skip
    site = replace(d.site, power_w=np.array([0.0, charger_w, 0.0]))
    return replace(d, building=b, site=site)


def _year(district):
    return years.complete(prepare(district, solar(district, WEATHER), WEATHER))


def _flux(district, first: int = 171 * 24, days: int = 7):
    case = prepare(district, solar(district, WEATHER), WEATHER)
    state = years.run_up(case, initial(case), first, days=7)
    return simulate(case, state, Span(first, days * 24), grid=False)[1]


def test_a_day_s_driving_by_hand() -> None:
    """Two cars of 6 kWh a day: 2 x 6 x 365 = 4,380 kWh at every house, whenever they charge."""
    for smart in (0.0, 1.0):
        ledger = _year(_electric(smart=smart)).ledger
        kwh = ledger.months_j[VEHICLE].sum(axis=0) / KWH
        assert kwh == pytest.approx(np.full(20, 4380.0), rel=0.005)


def test_a_car_charges_on_arrival_at_the_wall_box_s_power() -> None:
    """22 kWh owed to one car that came home at 18 h: 11 kW in two hours, then nothing."""
    rows = np.zeros((24, 1), np.float64)
    rows[18] = 1.0
    owed, net, out = np.zeros((4, 1)), np.zeros((24, 1)), np.empty((24, 1))
    home = np.ones((24, 1))
    vehicles.charge(rows, home, home, np.zeros(24), np.zeros(24, np.int64), np.zeros(1, np.int32),
                    np.array([22.0 * KWH / 3600.0]), np.array([11e3]), np.zeros(1), 0, 3600.0, owed, np.empty((4, 1)),
                    net, out)  # fmt: skip
    assert out[:, 0] == pytest.approx([0.0] * 18 + [11e3, 11e3] + [0.0] * 4)
    assert net == pytest.approx(-out)
    assert owed[0, 0] == 0.0


def test_a_smart_car_without_hope_of_sun_keeps_two_days_driving_for_later() -> None:
    """Three days of 6 kWh are owed at midnight: 6 kWh are charged evenly from 0 to 6 h, 12 kWh wait."""
    left = np.where(np.arange(24) < 6, 6.0 - np.arange(24), 0.0)
    owed, net, out = np.array([[0.0], [18.0 * KWH], [0.0], [0.0]]), np.zeros((24, 1)), np.empty((24, 1))
    none, home = np.zeros((24, 1)), np.ones((24, 1))
    vehicles.charge(none, home, home, left, np.zeros(24, np.int64), np.zeros(1, np.int32),
                    np.array([6.0 * KWH / 3600.0]), np.array([11e3]), np.ones(1), 0, 3600.0, owed, np.empty((4, 1)),
                    net, out)  # fmt: skip
    assert out[:, 0] == pytest.approx([1e3] * 6 + [0.0] * 18)
    assert owed[1, 0] == pytest.approx(12.0 * KWH)


def test_every_car_has_its_wall_box_of_11_kw_and_stays_at_home_on_two_days_of_five() -> None:
    district = _electric(smart=0.0)
    case = prepare(district, solar(district, WEATHER), WEATHER)
    assert case.cars is not None and case.cars.limit_w == pytest.approx(np.full(20, 22e3))
    single = vehicles.habits(tuple(WALL.tolist()), 1).arrive[:, : vehicles.GROUPS[1]]
    driven = single.reshape(365, 24, -1).max(axis=1) > 0.0
    assert driven.mean() == pytest.approx(0.6, abs=0.008)


def test_smart_cars_charge_by_night_without_sun_and_under_it_with_sun() -> None:
    clock = WALL[171 * 24 : 178 * 24] % 24
    dark = _flux(_electric(smart=1.0, modules=False)).vehicle_w.sum(axis=1)
    assert dark[clock < 6].sum() == pytest.approx(dark.sum(), rel=1e-6)
    bright = _electric(smart=1.0)
    roofs = np.bincount(bright.surface.building, bright.surface.usable_m2, 20)[bright.surface.building]
    full = 20e3 * np.divide(bright.surface.usable_m2, roofs, out=np.zeros_like(roofs), where=roofs > 0.0)
    roofs_full = replace(bright.surface, pv_peak_w=full)
    sunny = _flux(replace(bright, surface=roofs_full))
    unmanaged = _flux(replace(_electric(smart=0.0), surface=roofs_full))
    own = [np.minimum(f.vehicle_w, np.maximum(f.surplus_w + f.vehicle_w, 0.0)).sum() / f.vehicle_w.sum()
           for f in (sunny, unmanaged)]  # fmt: skip
    assert own[0] > 1.3 * own[1] > 0.0, own
    sunny, unmanaged = sunny.vehicle_w.sum(axis=1), unmanaged.vehicle_w.sum(axis=1)
    assert unmanaged[(clock >= 15) & (clock < 23)].sum() > 0.6 * unmanaged.sum()
    assert sunny.sum() == pytest.approx(unmanaged.sum(), rel=0.05)


def test_what_is_charged_away_is_not_charged_at_home() -> None:
    """20 houses x 2 cars x 6 kWh x 25 % = 60 kWh a day at the charger."""
    there = _year(_electric(smart=0.5, away=0.25, charger_w=22e3)).ledger
    assert there.charger_w.sum() * 3600.0 / KWH == pytest.approx(60.0 * 365.0, rel=0.003)
    assert there.steps[VEHICLE].sum() * 3600.0 / KWH == pytest.approx(180.0 * 365.0, rel=0.005)
    nowhere = _year(_electric(smart=0.5, away=0.25)).ledger
    assert nowhere.charger_w.sum() == 0.0
    assert nowhere.steps[VEHICLE].sum() * 3600.0 / KWH == pytest.approx(240.0 * 365.0, rel=0.005)


def test_a_charger_that_is_too_small_leaves_the_rest_to_the_homes() -> None:
    """The busiest hour takes 20 % of 60 kWh, so 12 kW; a charger of 6 kW carries half of the driving away."""
    ledger = _year(_electric(smart=0.0, away=0.25, charger_w=6e3)).ledger
    assert ledger.charger_w.max() == pytest.approx(6e3)
    drawn_w = ledger.charger_w.sum() + ledger.steps[VEHICLE].sum()
    assert drawn_w * 3.6e3 / KWH == pytest.approx(240.0 * 365.0, rel=0.005)


def test_a_year_brings_home_a_year_s_driving_and_cars_rest_two_days_in_five() -> None:
    habits = vehicles.habits(tuple(WALL.tolist()), 1)
    sums = np.zeros((365, habits.arrive.shape[1]))
    np.add.at(sums, WALL // 24, habits.arrive)
    assert sums.sum(axis=0) == pytest.approx(365.0, rel=1e-5)
    assert (sums[:, :96] == 0.0).mean() == pytest.approx(0.4, abs=0.02)
    noon = habits.home[WALL % 24 == 12].mean()
    assert 0.5 < noon < 0.7
    assert habits.home[WALL % 24 == 3].mean() > 0.95
    assert 0.0 <= habits.home.min() <= habits.home.max() <= 1.0
    assert habits.midnight.sum() == 365
    assert (habits.left[WALL % 24 == 5] == 1.0).all()
    assert (habits.left[WALL % 24 >= 6] == 0.0).all()


def test_cars_come_and_go_as_at_norwegian_homes(shared: Path) -> None:
    """Sessions of 12 sites: the hours of plugging in agree within 4 % points, the daily energy is 6 kWh a user."""
    file = shared / "data" / "ts-ev-norway" / "charging_sessions_12_locations.csv.gz"
    hours, users = np.zeros(24), {}
    with gzip.open(file, "rt") as text:
        for row in csv.DictReader(text, delimiter=";"):
            if "NA" in row.values():
                continue
            kwh, stay = (float(row[c].replace(",", ".") or 0) for c in ("energy_session", "connection_time"))
            if kwh <= 0.1 or stay > 72 or not row["plugout_time"]:
                continue
            at = datetime.fromisoformat(row["plugin_time"])
            hours[at.hour] += 1
            first, last, total = users.get(row["user_id"], (at, at, 0.0))
            users[row["user_id"]] = (min(first, at), max(last, at), total + kwh)
    measured = hours / hours.sum()
    habits = vehicles.habits(tuple(WALL.tolist()), 1)
    modelled = np.bincount(WALL % 24, habits.arrive.mean(axis=1), 24) / 365.0
    assert np.abs(modelled - measured).max() < 0.04
    assert abs(int(np.argmax(modelled)) - int(np.argmax(measured))) <= 2
    daily = [total / (last - first).days for first, last, total in users.values() if (last - first).days > 60]
    assert np.mean(daily) == pytest.approx(6.0, abs=0.3)
