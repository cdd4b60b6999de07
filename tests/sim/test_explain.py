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
from sim import explain_heat, layers, zones
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


HOURS = (8, 20 * 24 + 7, 100 * 24 + 15, 171 * 24 + 12, 186 * 24 + 12, 217 * 24 + 14)


@pytest.mark.parametrize("name", ["walls", "roof", "windows"])
def test_a_face_s_flow_is_that_of_film_sun_and_sky(year: years.Year, name: str) -> None:
    for row in (3, 5, 11):
        for at in HOURS:
            whole = _of(_explain(year, row, at)["heat"].terms)[name]
            t = _of(whole.inputs)
            area, outdoor = t["area_m2"].value, t["outdoor_c"].value
            film, face = ("conductance_w_m2k", "pane_c") if name == "windows" else ("film_w_m2k", "face_c")
            by_hand = area * t[film].value * (outdoor - t[face].value) + t["absorbed_w"].value - t["sky_w"].value
            assert whole.value == pytest.approx(by_hand, rel=1e-9, abs=1e-6)
            light, share, same = (x.value for x in t["absorbed_w"].inputs)
            assert t["absorbed_w"].value == pytest.approx(light * share * same) and same == area
            behind = _of(t["sky_w"].inputs)
            cold = behind["outdoor_c"].value - behind["sky_c"].value
            assert t["sky_w"].value == pytest.approx(
                area * behind["sky_share"].value * behind["black_w_m2k"].value * cold)  # fmt: skip
            outer = _of(t[film].inputs)["film_w_m2k"] if name == "windows" else t[film]
            convection, emissivity, black = (x.value for x in outer.inputs)
            assert outer.value == pytest.approx(convection + emissivity * black)
            if name == "windows":
                u = _of(t[film].inputs)["u_w_m2k"].value
                assert t[film].value == pytest.approx(1.0 / (1.0 / outer.value + 1.0 / u - 1.0 / 25.0 - 1.0 / 7.7))
            coldest, warmest = min(outdoor, behind["sky_c"].value), max(outdoor, 20.0) + light / 10.0
            assert coldest - 1.0 < t[face].value < warmest + 5.0, (name, row, at)


def test_the_ground_s_flow_is_steady_and_delayed(year: years.Year) -> None:
    t = _explain(year, 3, 100)["heat"]
    whole = _of(t.terms)["ground"]
    area, u, ground, indoor, delayed = (x.value for x in whole.inputs)
    assert whole.value == pytest.approx(u * area * (ground - indoor) + delayed)


def test_heating_and_cooling_bring_the_air_to_the_set_point(year: years.Year) -> None:
    at_work = 0
    for row in range(20):
        for at in HOURS:
            heat = _of(_explain(year, row, at)["heat"].terms)
            t = _of(heat["heating"].inputs)
            a, r, held = t["air_w_k"], t["given_w"], t["set_point_c"]
            assert held.value == pytest.approx(held.inputs[0].value - held.inputs[1].value)
            by_hand = min(max(a.value * held.value - r.value, 0.0), t["heat_limit_w"].value)
            assert heat["heating"].value == pytest.approx(by_hand, abs=1e-6 * a.value)
            cooled = -heat["cooling"].value if "cooling" in heat else 0.0
            air = (r.value + heat["heating"].value - cooled) / a.value
            assert t["indoor_c"].value == pytest.approx(air, abs=1e-6)
            of_a, of_r = _of(a.inputs), _of(r.inputs)
            inertia = of_a["air_j_k"].value / of_a["step_s"].value
            assert a.value == pytest.approx(inertia + of_a["faces_w_k"].value + of_a["moved_w_k"].value)
            moved = of_r["moved_w_k"].value * of_r["outdoor_c"].value
            by_hand = inertia * of_r["before_c"].value + of_r["faces_w"].value + of_r["convective_w"].value + moved
            assert r.value == pytest.approx(by_hand)
            stored = _of(heat["air_stored"].inputs)
            change = stored["indoor_c"].value - stored["before_c"].value
            assert heat["air_stored"].value == pytest.approx(-inertia * change)
            at_work += heat["heating"].value > 0.0
            if "opened" in heat:
                h = heat["opened"].inputs[0]
                t = _of(h.inputs)
                limit, out = t["open_c"].value, heat["opened"].inputs[1].value
                by_hand = (t["shut_w"].value - t["shut_w_k"].value * limit) / (limit - out) if limit > out else np.inf
                assert h.value == pytest.approx(min(by_hand, t["wide_w_k"].value))
    assert at_work > 10


def test_rooms_are_those_of_the_columns_that_are_shown(year: years.Year) -> None:
    """Films, views and glass are worked out once more for one building: the same rooms come out, to rounding."""
    for row in (0, 7, 19):
        made = zones.reduced(explain_heat.parts(DISTRICT, WEATHER, row), DISTRICT.construction, step_s=3600.0)
        theirs = year.case.rooms.fabric
        assert made.decay[:, 0] == pytest.approx(theirs.decay[:, row], rel=1e-9)
        assert made.direct[:, 0] == pytest.approx(theirs.direct[:, row], rel=1e-6, abs=1e-9)


def test_sun_through_windows_and_gains_are_products(year: years.Year) -> None:
    heat = _of(_explain(year, 3, 171 * 24 + 12)["heat"].terms)
    light, area = heat["sun"].inputs
    assert heat["sun"].value == pytest.approx(light.value * area.value, rel=1e-9)
    assert heat["sun"].value > 100.0
    glass, through, inside = area.inputs
    assert area.value == pytest.approx(glass.value * through.value * inside.value)
    assert through.value == pytest.approx(through.inputs[0].value * through.inputs[1].value)
    assert 0.8 < inside.value < 1.0
    assert heat["gains"].value == pytest.approx(sum(t.value for t in heat["gains"].inputs))
    for part in heat["gains"].inputs:
        mean, factor = part.inputs
        assert part.value == pytest.approx(0.5 * mean.value * factor.value)
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
    z = 0.96 * direct.value / inverter.inputs[0].value
    assert inverter.value == pytest.approx(0.96 / 0.9637 * (-0.0162 * z + 0.9858 - 0.0059 / z), rel=1e-6)
    assert len(direct.inputs) > 1
    for module in direct.inputs:
        peak, cells, cell, losses = (t.value for t in module.inputs)
        by_hand = peak * cells / 1000.0 * (1.0 + pv.GAMMA_K * (cell - 25.0)) * losses
        assert module.value == pytest.approx(by_hand, rel=1e-5)
        light, reflected = module.inputs[1].inputs
        assert cells == pytest.approx(light.value - reflected.value)
        behind = _of(module.inputs[2].inputs)
        air, g, wind, noct = (behind[n].value for n in ("outdoor_c", "cells_w_m2", "wind_m_s", "noct_c"))
        by_hand = air + g * (noct - 20.0) / 800.0 * (1.0 - 0.2 / 0.9) * 9.5 / (5.7 + 1.938 * wind)
        assert cell == pytest.approx(by_hand, rel=1e-6)
        beam, around, tilt, _ = light.inputs
        assert light.value == pytest.approx(beam.value + around.value)
        facing, cosine = beam.inputs
        assert beam.value == pytest.approx(facing.value * cosine.value)
        kept = light.value - pv.incidence_loss(np.array(cosine.value)) * beam.value
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
        for used in (supply["to_taps"], power["appliances"]):
            share, of_year, step = (t.value for t in used.inputs)
            assert -used.value == pytest.approx(share * of_year / step, rel=1e-6)
        if DISTRICT.building.heater[row] == Heater.GAS_BOILER:
            assert supply["gas"].value * 0.9 == pytest.approx(heat, rel=1e-6)
            assert power["heater"].value == 0.0
        else:
            made = supply["electricity"].inputs
            room, cop, water, cop_water = (t.value for t in made)
            for at_cop in (made[1], made[3]):
                sink, source = at_cop.inputs
                lift = max(sink.value - source.value, 15.0)
                by_hand = 0.85 * (6.08 - 0.0941 * lift + 0.000464 * lift**2)
                assert at_cop.value == pytest.approx(max(by_hand, 1.0), rel=1e-6)
            zero, slope, air = made[1].inputs[0].inputs
            assert made[1].inputs[0].value == pytest.approx(zero.value + slope.value * air.value)
            assert supply["electricity"].value == pytest.approx(room / cop + water / cop_water, rel=1e-6)
            assert power["heater"].value == -supply["electricity"].value
            assert 1.0 < cop < 6.0
            assert supply["ambient"].value == pytest.approx(heat - supply["electricity"].value)
    assert kinds == {Heater.GAS_BOILER, Heater.HEAT_PUMP}


def test_the_lift_of_a_heat_pump_counts_as_15_k_at_least(year: years.Year) -> None:
    """On a warm day the sink for rooms is hardly above the air: the text says where the COP stops rising."""
    at = int(np.argmax(WEATHER.air_c))
    row = int(np.flatnonzero(DISTRICT.building.heater == Heater.HEAT_PUMP)[0])
    cop = _of(_explain(year, row, at)["supply"].terms)["electricity"].inputs[1]
    sink, source = cop.inputs
    assert sink.value - source.value < 15.0
    assert cop.value == pytest.approx(0.85 * (6.08 - 0.0941 * 15.0 + 0.000464 * 225.0), rel=1e-6)
    assert "at least 15 K" in cop.equation


def test_a_home_battery_gives_what_is_needed_within_power_and_charge(year: years.Year) -> None:
    given = taken = 0
    for row in range(20):
        for at in range(171 * 24, 171 * 24 + 48, 3):
            found = _of(_explain(year, row, at)["power"].terms).get("battery")
            if found is None:
                continue
            left, charge, capacity, limit, step = (t.value for t in found.inputs)
            out = min(max(-left, 0.0), limit, 0.9486833 * charge / step)
            into = min(max(left, 0.0), limit, (capacity - charge) / (0.9486833 * step))
            assert found.value == pytest.approx(out - into, rel=1e-6, abs=1e-3)
            given, taken = given + (out > 0.0), taken + (into > 0.0)
    assert given and taken


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
