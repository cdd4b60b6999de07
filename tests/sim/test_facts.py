"""What people are told of a row: value, unit, and where it comes from."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.problems import Refused
from network.schema import LayerChoice
from sim import facts, zones
from sim import year as years
from sim.district import Heater
from sim.fabric import Panes
from sim.layers import apply
from sim.potential import potential
from sim.prepare import prepare
from sim.solar import solar
from tools import fabric

DISTRICT = random_district(seed=3, buildings=6, nodes=8)
INFERRED = (("building", "house-00002", "year", "median of neighbours"), ("building", "*", "profile", "seeded"))


def _named(found):
    return {f.name: f for f in found}


def test_a_value_says_whether_it_is_known_guessed_or_wished() -> None:
    gas = replace(DISTRICT, building=replace(DISTRICT.building, heater=np.full(6, Heater.GAS_BOILER, np.int8)))
    after = apply(gas, [LayerChoice("heatpumps", {"share": 1.0})])
    told = _named(facts.facts(after, INFERRED, 2, "building", None, gas)[0])
    assert (told["year"].origin, told["year"].rule) == ("inferred", "median of neighbours")
    assert (told["height_m"].origin, told["height_m"].value) == ("source", DISTRICT.building.height_m[2])
    assert (told["heater"].origin, told["heater"].text) == ("scenario", "heat pump")
    assert _named(facts.facts(gas, INFERRED, 1, "building", None)[0])["year"].origin == "source"


def test_months_of_a_row_are_those_of_the_books() -> None:
    weather = random_weather(seed=1)
    district = apply(DISTRICT, [LayerChoice("batteries", {"district": 3.6e8})])
    ledger = years.complete(prepare(district, solar(district, weather), weather)).ledger
    _, months = facts.facts(district, (), 4, "building", ledger)
    assert months["appliances"].shape == (12,)
    assert months["appliances"].sum() == pytest.approx(district.building.appliances_j[4], rel=1e-5)
    _, months = facts.facts(district, (), 0, "site", ledger)
    assert months["site"].sum() == pytest.approx(ledger.sites[0, :, 0].sum() * 3600.0)
    assert facts.facts(district, (), 0, "line", ledger)[1] == {}


def test_what_does_not_exist_is_refused_by_name() -> None:
    for axis, row, why in (("roof", 0, "axis 'roof'"), ("building", 6, "no building 6"), ("site", -1, "no site -1")):
        with pytest.raises(Refused, match=why):
            facts.facts(DISTRICT, (), row, axis, None)


def test_a_heated_building_tells_how_long_it_is_too_warm_or_too_cold() -> None:
    weather = random_weather(seed=1)
    ledger = years.complete(prepare(DISTRICT, solar(DISTRICT, weather), weather)).ledger
    rows = {0: "overheating_26_s", 1: "overheating_28_s", 2: "underheating_18_s"}
    for row in range(6):
        told = _named(facts.facts(DISTRICT, (), row, "building", ledger)[0])
        for k, name in rows.items():
            hours = float(ledger.comfort[k, row])
            heated = DISTRICT.building.heat_limit_w[row] > 0.0
            assert (name in told) == (heated and hours > 0.0)
            if name in told:
                assert told[name].value * told[name].display_factor == pytest.approx(hours)
                assert told[name].origin == "modelled"
    assert ledger.comfort.any()
    assert "overheating_26_s" not in _named(facts.facts(DISTRICT, (), 0, "building", None)[0])


def test_a_building_tells_what_sun_it_gets_and_where_that_is_from() -> None:
    sun = potential(DISTRICT, random_weather(seed=1))
    told = _named(facts.facts(DISTRICT, (), 3, "building", None, None, sun)[0])
    roof = told["roof_sun_j_m2"]
    assert roof.value == sun.roof_j_m2[3] and roof.origin == "modelled" and "Perez" in roof.rule
    assert 300.0 < roof.value * roof.display_factor < 2500.0 and roof.display_unit == "kWh/m²"
    june = told["sun_june_s"]
    assert 0.0 < june.value * june.display_factor <= 24.0 and "EN 17037" in june.rule
    dark = replace(sun, roof_j_m2=np.full(6, np.nan))
    assert "roof_sun_j_m2" not in _named(facts.facts(DISTRICT, (), 3, "building", None, None, dark)[0])
    assert "roof_sun_j_m2" not in _named(facts.facts(DISTRICT, (), 0, "line", None, None, sun)[0])


def test_a_building_tells_what_it_is_built_of_and_a_clipped_u_value_that_it_was() -> None:
    b = DISTRICT.building
    most = zones.most_w_m2k("wall")
    plain = np.full(6, Panes.DOUBLE, np.int8)
    mended = replace(DISTRICT, building=replace(b, wall_w_m2k=np.full(6, most), panes=plain))
    told = _named(facts.facts(mended, (), 1, "building", None, clipped=(b.id[1],))[0])
    names = list(told)
    assert names.index("construction") < names.index("wall_w_m2k") < names.index("panes")
    assert told["construction"].text and told["construction"].value is None
    assert told["panes"].text == f"double, g {b.window_g[1]:.2f}"
    assert told["wall_w_m2k"].origin == "inferred" and "none has" in told["wall_w_m2k"].rule
    assert told["roof_w_m2k"].origin == "source", "that one stood as it was"
    assert _named(facts.facts(mended, (), 2, "building", None, clipped=(b.id[1],))[0])["wall_w_m2k"].origin == "source"
    after = apply(mended, [LayerChoice("retrofit", {})])
    told = _named(facts.facts(after, (), 1, "building", None, mended, clipped=(b.id[1],))[0])
    assert told["panes"].origin == told["wall_w_m2k"].origin == "scenario" and "triple" in told["panes"].text


def test_every_construction_that_an_import_chooses_has_words() -> None:
    assert set(facts._BUILT) == set(fabric.constructions().id)
