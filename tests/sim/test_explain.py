"""Explain any number: sums that are zero, figures that are the year's, chains that multiply."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st

from network.problems import Refused
from network.schema import LayerChoice
from network.terms import Sum, Term
from sim import explain as why
from sim import layers
from sim import year as years
from sim.district import Heater
from sim.layers import apply
from sim.physics import pv
from sim.prepare import prepare
from sim.solar import solar

WEATHER = random_weather(seed=7)
DISTRICT = apply(
    random_district(seed=8, buildings=20, nodes=30),
    layers.validate([LayerChoice("solar", {}), LayerChoice("batteries", {}), LayerChoice("vehicles", {})]),
)
LIGHT = solar(DISTRICT, WEATHER)
NAMES = {"appliances": "appliances_w", "heater": "heater_w", "vehicle": "vehicle_w", "surplus": "surplus_w"}


@cache
def _year() -> years.Year:
    return years.complete(prepare(DISTRICT, LIGHT, WEATHER))


@pytest.fixture
def year() -> years.Year:
    return _year()


def _explain(year: years.Year, row: int, at: int) -> dict[str, Sum]:
    sums = why.explain(DISTRICT, LIGHT, WEATHER, year.case, why.of_year(year, row), row, at)
    return {s.name: s for s in sums}


def _of(terms: tuple[Term, ...]) -> dict[str, Term]:
    return {t.name: t for t in terms}


def _all(terms: tuple[Term, ...]) -> list[Term]:
    return [x for t in terms for x in (t, *_all(t.inputs))]


@given(row=st.integers(0, 19), at=st.integers(0, 8759))
@settings(max_examples=60, deadline=None)
def test_every_sum_of_any_building_and_step_is_zero(row: int, at: int) -> None:
    for s in _explain(_year(), row, at).values():
        assert s.residual < 1e-8, s.name
        assert abs(sum(t.value for t in s.terms)) <= 1e-8 * max(sum(abs(t.value) for t in s.terms), 1.0)


@pytest.mark.parametrize("day", [0, 45, 171, 230])
def test_the_figures_are_those_of_the_year(year: years.Year, day: int) -> None:
    shown = years.day(year.case, year, day)
    for row in range(0, 20, 3):
        for hour in (3, 12, 18):
            told, k = _explain(year, row, day * 24 + hour), hour + 1
            power, heat = _of(told["power"].terms), _of(told["heat"].terms)
            moved = max(abs(t.value) for t in told["power"].terms)
            assert power["pv"].value == pytest.approx(shown.pv_w[k, row], abs=1e-4 * moved + 0.05)
            for name in NAMES.keys() & power.keys():
                assert -power[name].value == pytest.approx(getattr(shown, NAMES[name])[k, row], abs=1e-4 * moved + 0.05)
            assert heat["heating"].value == pytest.approx(shown.heating_w[k, row], rel=1e-3, abs=1.0)
            indoor = _of(heat["heating"].inputs)["indoor_c"].value
            assert indoor == pytest.approx(shown.indoor_c[k, row], abs=2e-3)


def test_sun_on_walls_and_through_windows_is_light_times_area(year: years.Year) -> None:
    heat = _of(_explain(year, 3, 171 * 24 + 12)["heat"].terms)
    sun = _of(heat["sun"].inputs)
    assert heat["sun"].value == pytest.approx(sun["glass_w_m2"].value * sun["collecting_m2"].value, rel=1e-9)
    assert heat["sun"].value > 100.0
    for name in ("walls", "roof"):
        absorbed = _of(heat[name].inputs)["absorbed_w"]
        light, share, area = (t.value for t in absorbed.inputs)
        assert absorbed.value == pytest.approx(light * share * area)
        assert light > 50.0
    night = _of(_explain(year, 3, 171 * 24 + 1)["heat"].terms)
    assert night["sun"].value == 0.0


def test_a_cold_night_s_heat_goes_out_through_walls_and_air(year: years.Year) -> None:
    at = int(np.argmin(WEATHER.air_c))
    heat = _of(_explain(year, 5, at)["heat"].terms)
    for name in ("walls", "roof", "windows", "bridges", "joints"):
        assert heat[name].value < 0.0, name
    assert heat["ventilation"].value <= 0.0  # a shop's stands still at night
    assert "opened" not in heat
    vent = _of(heat["ventilation"].inputs)
    drop = vent["outdoor_c"].value - vent["indoor_c"].value
    assert heat["ventilation"].value == pytest.approx(vent["ventilation_w_k"].value * drop)


def test_windows_are_opened_by_hand_on_warm_days_only(year: years.Year) -> None:
    warm = [_of(_explain(year, row, at)["heat"].terms) for row in range(20) for at in (4476, 4980, 5222)]
    opened = [h["opened"] for h in warm if "opened" in h]
    assert opened
    assert all(o.value < 0.0 for o in opened)


def test_solar_power_follows_from_light_temperature_and_inverter(year: years.Year) -> None:
    at = 171 * 24 + 12
    row = int(np.argmax(np.bincount(DISTRICT.surface.building, DISTRICT.surface.pv_peak_w, 20)))
    made = _of(_explain(year, row, at)["power"].terms)["pv"]
    direct, inverter = made.inputs
    assert made.value == pytest.approx(direct.value * inverter.value)
    assert direct.value == pytest.approx(sum(m.value for m in direct.inputs))
    assert len(direct.inputs) > 1
    for module in direct.inputs:
        peak, cells, cell, losses = (t.value for t in module.inputs)
        by_hand = peak * cells / 1000.0 * (1.0 + pv.GAMMA_K * (cell - 25.0)) * losses
        assert module.value == pytest.approx(by_hand, rel=1e-5)
        (light,) = module.inputs[1].inputs
        beam, around, tilt, _ = light.inputs
        assert light.value == pytest.approx(beam.value + around.value)
        kept = light.value - pv.incidence_loss(np.array(beam.inputs[0].value)) * beam.value
        kept -= pv.diffuse_loss(np.array(tilt.value)) * around.value
        assert cells == pytest.approx(kept, abs=2.0)  # the loss is looked up in 256 steps of the cosine


def test_electricity_and_gas_for_heat_follow_from_heat_and_machine(year: years.Year) -> None:
    at = 20 * 24 + 7
    kinds = set()
    for row in range(20):
        told = _explain(year, row, at)
        supply, power = _of(told["supply"].terms), _of(told["power"].terms)
        kinds.add(int(DISTRICT.building.heater[row]))
        heat = -supply["to_rooms"].value - supply["to_taps"].value
        if DISTRICT.building.heater[row] == Heater.GAS_BOILER:
            assert supply["gas"].value * 0.9 == pytest.approx(heat, rel=1e-6)
            assert power["heater"].value == 0.0
        else:
            room, cop, water, cop_water = (t.value for t in supply["electricity"].inputs)
            assert supply["electricity"].value == pytest.approx(room / cop + water / cop_water, rel=1e-6)
            assert power["heater"].value == -supply["electricity"].value
            assert 1.0 < cop < 6.0
            assert supply["ambient"].value == pytest.approx(heat - supply["electricity"].value)
    assert kinds == {Heater.GAS_BOILER, Heater.HEAT_PUMP}


def test_every_term_says_its_unit_and_every_sum_s_term_its_source(year: years.Year) -> None:
    for at in (171 * 24 + 12, 20 * 24 + 7):
        for s in _explain(year, 1, at).values():
            assert s.label
            assert all(t.source and t.equation and t.unit == "W" for t in s.terms)
            assert all(t.unit and t.label and np.isfinite(t.value) for t in _all(s.terms))


def test_without_a_year_the_building_s_own_gives_the_same(year: years.Year) -> None:
    at = 30 * 24 + 12
    told = why.explain(DISTRICT, LIGHT, WEATHER, year.case, why.of_nothing, 2, at)
    for mine, theirs in zip(told, _explain(year, 2, at).values(), strict=True):
        assert [t.name for t in mine.terms] == [t.name for t in theirs.terms]
        most = max(abs(t.value) for t in theirs.terms)
        assert [t.value for t in mine.terms] == pytest.approx([t.value for t in theirs.terms], abs=1e-3 * most)
        assert mine.residual < 1e-8


def test_of_large_districts_the_state_comes_from_a_checkpoint_days_before(year: years.Year) -> None:
    rare = replace(year, states=year.states[::9], every=9)
    at = 107 * 24 + 15
    mine = why.explain(DISTRICT, LIGHT, WEATHER, year.case, why.of_year(rare, 4), 4, at)
    for one, other in zip(mine, _explain(year, 4, at).values(), strict=True):
        assert [t.value for t in one.terms] == pytest.approx([t.value for t in other.terms], rel=1e-3, abs=1.0)


def test_who_is_not_there_is_refused(year: years.Year) -> None:
    for row, at, words in ((20, 0, "no building 20"), (-1, 0, "no building -1"), (0, 8760, "no step 8760")):
        with pytest.raises(Refused, match=words):
            why.explain(DISTRICT, LIGHT, WEATHER, year.case, why.of_nothing, row, at)
