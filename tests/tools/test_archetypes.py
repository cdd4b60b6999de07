"""Archetypes: TABULA's definitions on a building's own geometry, and every fallback counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network.problems import Refused
from sim.district import Heater, SizeClass, Use
from tools import archetypes, fabric, typology
from tools.archetypes import Shapes

COUNTRIES = sorted(set(typology.table()["country"].tolist()))


def terrace(n: int = 1, **change: object) -> Shapes:
    """n Dutch mid-terrace houses of 1970: 6 x 10 m, two storeys under a flat roof."""
    full = np.ones(n)
    shapes = Shapes(
        id=tuple(f"h{k}" for k in range(n)), use=np.full(n, Use.HOME, np.int8),
        size_class=np.full(n, SizeClass.TH, np.int8), year=np.full(n, 1970, np.int32),
        storeys=np.full(n, 2, np.int32), height_m=6.0 * full, footprint_m2=60.0 * full, floor_m2=120.0 * full,
        volume_m3=360.0 * full, roof_m2=60.0 * full, wall_m2=72.0 * full, ground_m2=60.0 * full,
        party_m2=120.0 * full, x_m=np.arange(n) * 6.0, y_m=np.zeros(n),
    )  # fmt: skip
    return replace(shapes, **change)  # type: ignore[arg-type]


def through_walls_w_k(e: archetypes.Envelope) -> np.ndarray:
    """Sum of U A over all elements, with bridges and doors."""
    parts = ("wall", "roof", "ground", "window")
    return np.asarray(sum(getattr(e, f"{p}_m2") * getattr(e, f"{p}_w_m2k") for p in parts) + e.bridges_w_k)


def test_a_terraced_house_by_hand() -> None:
    """NL.N.TH.02.Gen (1965 to 1974): U 1.19 roof x 1, walls, ground, windows from the table; sums done by hand."""
    house = archetypes.envelope("NL", terrace())
    t = typology.table()
    k = t["code"].tolist().index("NL.N.TH.02.Gen.ReEx.001.001")
    assert house.archetype == ("NL.N.TH.02.Gen.ReEx.001.001",)
    gross = t["wall_m2"][k] + t["window_m2"][k] + t["door_m2"][k]
    window, door = 72.0 * t["window_m2"][k] / gross, 72.0 * t["door_m2"][k] / gross
    lost = (
        60.0 * t["roof_u"][k] * t["roof_b"][k] + (72.0 - window - door) * t["wall_u"][k] * t["wall_b"][k]
        + 60.0 * t["ground_u"][k] * t["ground_b"][k] + (60.0 + 72.0 + 60.0) * t["bridges_u"][k]
        + window * t["window_u"][k] + door * t["door_u"][k]
    )  # fmt: skip
    assert through_walls_w_k(house)[0] == pytest.approx(lost, rel=1e-6)
    assert house.bridges_w_k[0] == pytest.approx(192.0 * t["bridges_u"][k] + door * t["door_u"][k])
    assert house.floor_m2[0] == pytest.approx(0.85 * 120.0)
    assert house.h_air_w_k[0] == pytest.approx(0.34 * (0.4 + t["air_leak"][k]) * 2.5 * 102.0)
    assert house.inside_m2[0] == pytest.approx(4.5 * 102.0 - 192.0)
    assert fabric.constructions().id[house.construction[0]] == "cavity"
    assert house.gains_w[0] == pytest.approx(3.0 * 102.0)
    assert house.hot_water_j[0] == pytest.approx(10.0 * 3.6e6 * 102.0)
    assert 17.0 < house.set_point_c[0] <= 20.0
    loss_w_k = (through_walls_w_k(house) + house.h_air_w_k)[0]
    coldest_k = t["set_point_c"][k] - (t["mean_c"][k] - 17.0)  # EN 12831: about -10 degC in the Netherlands
    assert house.heat_limit_w[0] == pytest.approx(1.3 * loss_w_k * coldest_k)
    assert 28.0 < coldest_k < 33.0
    assert house.dwellings[0] == 1


def test_party_walls_lose_nothing() -> None:
    middle, free = (archetypes.envelope("NL", terrace(wall_m2=np.array([a]))) for a in (72.0, 192.0))
    lost = [through_walls_w_k(e)[0] for e in (middle, free)]
    assert lost[1] > 1.5 * lost[0]


@pytest.mark.parametrize("country", COUNTRIES)
def test_newer_houses_lose_less(country: str) -> None:
    years = np.array([1930, 2012], np.int32)
    built = archetypes.envelope(country, terrace(2, year=years))
    h = through_walls_w_k(built) + built.h_air_w_k
    assert h[1] < h[0]


@pytest.mark.parametrize("country", [*COUNTRIES, "CH", "FI", "PT"])
@pytest.mark.parametrize("size", list(SizeClass))
def test_every_country_class_and_year_has_an_archetype(country: str, size: SizeClass) -> None:
    years = np.array([1200, 1890, 1946, 1969, 1990, 2005, 2030], np.int32)
    built = archetypes.envelope(country, terrace(7, year=years, size_class=np.full(7, size, np.int8)))
    for column in (through_walls_w_k(built), built.h_air_w_k, built.inside_m2, built.heat_limit_w, built.wall_w_m2k):
        assert np.all(np.isfinite(column) & (column > 0.0))
    assert np.all((built.window_share > 0.02) & (built.window_share < 0.8))
    assert np.all((built.set_point_c > 15.0) & (built.set_point_c <= 20.0))


def test_switzerland_borrows_its_neighbours_typology_and_says_so() -> None:
    built = archetypes.envelope("CH", terrace())
    assert built.archetype[0].startswith("AT.")
    assert any("neighbour of CH" in rule for *_, rule in built.inferred)


def test_a_country_without_typology_is_refused_with_a_remedy() -> None:
    with pytest.raises(Refused, match=r"US.*--country"):
        archetypes.envelope("US", terrace())


def test_a_missing_year_asks_the_option_then_the_neighbours_then_the_stock() -> None:
    years = np.array([1930, 1934, 0, 1950], np.int32)
    rule = {}
    for name, kwargs, shapes in (
        ("option", {"year": 1999}, terrace(4, year=years)),
        ("neighbours", {}, terrace(4, year=years)),
        ("stock", {}, terrace(4, year=years, x_m=np.arange(4) * 900.0)),
    ):
        built = archetypes.envelope("NL", shapes, **kwargs)
        said = [r for axis, id_, column, r in built.inferred if (axis, id_, column) == ("building", "h2", "year")]
        rule[name] = (int(built.year[2]), said[0])
    assert rule["option"] == (1999, "option")
    assert rule["neighbours"][0] == 1934
    assert "neighbours" in rule["neighbours"][1]
    assert rule["stock"] == (1970, "national stock: 1970")


def test_missing_storeys_and_floors_follow_from_the_height() -> None:
    built = archetypes.envelope(
        "NL", terrace(storeys=np.zeros(1, np.int32), floor_m2=np.zeros(1), height_m=np.array([8.8]))
    )
    assert built.storeys[0] == 3
    assert built.floor_m2[0] == pytest.approx(0.85 * 180.0)
    assert {column for _, _, column, _ in built.inferred} >= {"storeys", "floor_m2"}


def test_new_dutch_homes_have_heat_pumps_and_old_ones_boilers() -> None:
    built = archetypes.envelope("NL", terrace(2, year=np.array([1960, 2021], np.int32)))
    assert built.heater.tolist() == [Heater.GAS_BOILER, Heater.HEAT_PUMP]
    assert built.sink_c.tolist() == [40.0, 30.0]
    assert sum(column == "heater" for _, _, column, _ in built.inferred) == 2


def test_a_renovated_house_has_the_envelope_of_its_renewal_and_keeps_its_year() -> None:
    then, now = terrace(), terrace(renovated=np.array([1998], np.int32))
    old, renewed, new = (archetypes.envelope("NL", x) for x in (then, now, terrace(year=np.array([1998], np.int32))))
    assert through_walls_w_k(renewed) == through_walls_w_k(new) < through_walls_w_k(old)
    assert renewed.wall_w_m2k == new.wall_w_m2k
    assert (renewed.year[0], renewed.heater[0]) == (1970, Heater.GAS_BOILER)
    rules = {rule for _, _, column, rule in renewed.inferred if column == "wall_w_m2k"}
    assert rules == {"TABULA NL TH, as built in 1998, when it was renovated"}


def test_sheds_are_cold_and_dark() -> None:
    built = archetypes.envelope("NL", terrace(use=np.full(1, Use.SHED, np.int8)))
    assert built.heater[0] == Heater.NONE
    for column in (built.heat_limit_w, built.appliances_j, built.hot_water_j, built.gains_w, built.dwellings):
        assert column[0] == 0.0


def test_shops_use_more_electricity_than_homes_of_the_same_size() -> None:
    built = archetypes.envelope("NL", terrace(2, use=np.array([Use.HOME, Use.RETAIL], np.int8)))
    assert built.appliances_j[1] > 3.0 * built.appliances_j[0]
    assert built.dwellings.tolist() == [1.0, 0.0]


def test_blocks_hold_as_many_dwellings_as_their_archetype_would() -> None:
    block = terrace(size_class=np.full(1, SizeClass.AB, np.int8), floor_m2=np.array([3000.0]))
    assert 20 <= archetypes.envelope("NL", block).dwellings[0] <= 60
    known = replace(block, dwellings=np.array([24.0]))
    assert archetypes.envelope("NL", known).dwellings[0] == 24


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((60.0, 120.0, 2, 180.0, 0.0, 0.0), SizeClass.SFH),
        ((60.0, 120.0, 2, 130.0, 50.0, 0.0), SizeClass.SFH),
        ((60.0, 120.0, 2, 72.0, 120.0, 0.0), SizeClass.TH),
        ((300.0, 900.0, 3, 600.0, 0.0, 0.0), SizeClass.MFH),
        ((400.0, 2400.0, 6, 1500.0, 0.0, 0.0), SizeClass.AB),
        ((300.0, 450.0, 2, 300.0, 0.0, 1.0), SizeClass.SFH),
        ((100.0, 300.0, 3, 200.0, 100.0, 6.0), SizeClass.MFH),
    ],
)
def test_size_class_from_geometry(shape: tuple[float, ...], size: SizeClass) -> None:
    names = ("footprint_m2", "floor_m2", "storeys", "wall_m2", "party_m2", "dwellings")
    assert archetypes.size_class(**dict(zip(names, shape, strict=True))) is size  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attributes", "use"),
    [
        ({"function": "31001_1000"}, Use.HOME),
        ({"function": ["1000"]}, Use.HOME),
        ({"building": "school"}, Use.SCHOOL),
        ({"building": "greenhouse"}, Use.SHED),
        ({"building": "house"}, Use.HOME),
        ({"USAGE1": "Résidentiel"}, Use.HOME),
        ({"usage": "Kantoorfunctie"}, Use.OFFICE),
        ({"function": "Wohngebäude"}, Use.HOME),
    ],
)
def test_use_from_attributes(attributes: dict[str, object], use: Use) -> None:
    assert archetypes.use_of(attributes, footprint_m2=80.0, height_m=7.0) == (use, None)


def test_use_from_geometry_is_counted() -> None:
    assert archetypes.use_of({"class": "BB01"}, footprint_m2=80.0, height_m=7.0)[0] is Use.HOME
    shed, rule = archetypes.use_of({}, footprint_m2=12.0, height_m=2.5)
    assert shed is Use.SHED
    assert rule


@pytest.mark.parametrize(
    ("country", "use", "size", "year", "construction"),
    [
        ("NL", Use.HOME, SizeClass.TH, 1910, "solid"), ("NL", Use.HOME, SizeClass.TH, 1975, "cavity"),
        ("DE", Use.HOME, SizeClass.SFH, 1975, "block"), ("SE", Use.HOME, SizeClass.SFH, 1920, "timber"),
        ("IT", Use.HOME, SizeClass.AB, 1965, "concrete"), ("FR", Use.INDUSTRY, SizeClass.AB, 1990, "steel"),
        ("NL", Use.OFFICE, SizeClass.MFH, 1990, "concrete"),
    ],
)  # fmt: skip
def test_what_a_house_is_built_of_follows_country_use_and_time(country, use, size, year, construction) -> None:
    house = terrace(use=np.full(1, use, np.int8), size_class=np.full(1, size, np.int8), year=np.array([year], np.int32))
    built = archetypes.envelope(country, house)
    assert fabric.constructions().id[built.construction[0]] == construction
    rules = [rule for _, _, column, rule in built.inferred if column == "construction"]
    assert rules == [f"{construction}, by country, use, size class and year"]


def test_offices_rest_at_night_and_homes_have_the_flat_week() -> None:
    week = fabric.schedules()
    built = archetypes.envelope("NL", terrace(2, use=np.array([Use.HOME, Use.OFFICE], np.int8)))
    assert [week.id[k] for k in built.schedule] == ["flat", "office"]
    assert not week.set_back_k[0].any()
    office = week.set_back_k[built.schedule[1]]
    assert office[3] == 9.0  # Monday 3 h: 21 - 12 degC
    assert office[10] == 0.0
    assert (office[5 * 24 :] == 9.0).all()
    assert week.gains.mean(axis=1) == pytest.approx(1.0, abs=2e-3)
    assert week.air.mean(axis=1) == pytest.approx(1.0, abs=2e-3)
