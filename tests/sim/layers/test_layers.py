"""What-ifs: properties that hold for every kind, and one effect by hand."""

from dataclasses import fields, replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.problems import Refused
from network.quantities import QUANTITIES
from network.schema import LayerChoice, LayerKind, Parameter
from sim import year as years
from sim.balance import balance
from sim.district import SurfaceKind
from sim.layers import CATALOGUE, Layer, apply, validate, wire
from sim.prepare import prepare
from sim.solar import solar

DISTRICT = random_district(seed=21, buildings=15, nodes=20)


def _columns(district):
    for table in ("building", "surface", "site", "node", "line", "profile"):
        for f in fields(getattr(district, table)):
            yield f"{table}.{f.name}", getattr(getattr(district, table), f.name)


def _copy(district):
    return {name: column.copy() if isinstance(column, np.ndarray) else column for name, column in _columns(district)}


def _same(district, columns) -> bool:
    return all(np.array_equal(column, columns[name]) for name, column in _columns(district))


@pytest.mark.parametrize("layer", CATALOGUE, ids=lambda layer: layer.about.kind)
@pytest.mark.parametrize("at", ["minimum", "default", "maximum"])
def test_a_layer_changes_columns_and_nothing_else(layer: Layer, at: str) -> None:
    before = _copy(DISTRICT)
    values = {p.name: getattr(p, at) for p in layer.about.parameters}
    after = apply(DISTRICT, [LayerChoice(layer.about.kind, values)])
    assert _same(DISTRICT, before)  # the input is as it was
    for name, column in _columns(after):
        assert len(column) == len(before[name]), name
        if name.endswith(".id"):
            assert column == before[name]
        if isinstance(column, np.ndarray):
            assert column.dtype == before[name].dtype
            assert not column.flags.writeable
            assert np.isfinite(column).all()


@pytest.mark.parametrize("layer", CATALOGUE, ids=lambda layer: layer.about.kind)
def test_a_layer_on_no_building_is_the_identity(layer: Layer) -> None:
    after = apply(DISTRICT, [LayerChoice(layer.about.kind, {}, "year<0")])
    assert _same(after, _copy(DISTRICT))


def test_no_layers_is_the_district_itself() -> None:
    assert apply(DISTRICT, []) is DISTRICT


def test_zero_share_of_solar_roofs_is_the_identity() -> None:
    assert _same(apply(DISTRICT, [LayerChoice("solar", {"share": 0.0})]), _copy(DISTRICT))


def test_solar_roofs_keep_what_is_there_and_grow_with_share() -> None:
    last = DISTRICT.surface.pv_peak_w
    for share in (0.1, 0.4, 0.7, 1.0):
        peak = apply(DISTRICT, [LayerChoice("solar", {"share": share})]).surface.pv_peak_w
        assert (peak >= last).all()
        last = peak
    assert np.allclose(last, np.maximum(DISTRICT.surface.pv_peak_w, 200.0 * DISTRICT.surface.usable_m2))


def test_facades_get_modules_by_their_own_share_and_price() -> None:
    s = DISTRICT.surface
    wall = s.kind == SurfaceKind.WALL
    base = replace(DISTRICT, surface=replace(s, usable_m2=np.where(wall, 20.0, s.usable_m2)))
    after = apply(base, [LayerChoice("solar", {"share": 0.0, "facade": 0.5})])
    assert np.allclose(after.surface.pv_peak_w[wall], 0.5 * 200.0 * 20.0)
    assert (after.surface.pv_peak_w[~wall] == s.pv_peak_w[~wall]).all()
    kw = 0.5 * 0.2 * 20.0 * wall.sum()
    assert after.bills[-1].capital_eur == pytest.approx(2000.0 * kw)
    assert after.bills[-1].embodied_co2_kg == pytest.approx(1382.0 * kw)


def test_a_selection_limits_solar_roofs_to_its_buildings() -> None:
    after = apply(DISTRICT, [LayerChoice("solar", {"share": 1.0}, "id=house-00003")])
    changed = after.surface.pv_peak_w != DISTRICT.surface.pv_peak_w
    assert changed.any()
    assert set(DISTRICT.surface.building[changed]) == {3}


def test_solar_roofs_by_hand() -> None:
    """1,000 m2 of open flat roof, 60 % covered at 200 W/m2: 120 kW.

    On the horizontal a module sees the global irradiance, so by hand the year yields
    120 kW x GHI / (1 kW/m2) x 0.86 (losses) x 0.96 (inverter) x 0.97 (cover; cells are near 25 degC on average).
    """
    weather = random_weather()
    d = random_district(buildings=1, nodes=0, surfaces=3, modules=False)
    s = d.surface
    flat = replace(s, tilt_rad=np.zeros(3), usable_m2=np.array([1000.0, 0.0, 0.0]), sky_view=np.ones(3),
                   horizon_rad=np.full((3, 36), -1.0, np.float32))  # fmt: skip
    base = replace(d, surface=flat)
    light = solar(base, weather)

    def generated(district):
        year = years.complete(prepare(district, light, weather))
        return balance(year.ledger, district, side="a", revision=1, compute_s=0.0).totals_j["generated"]

    assert generated(base) == 0.0
    effect_j = generated(apply(base, [LayerChoice("solar", {"share": 0.6})]))
    by_hand_j = 120e3 * weather.ghi_w_m2.sum() / 1000.0 * 3600.0 * 0.86 * 0.96 * 0.97
    assert effect_j == pytest.approx(by_hand_j, rel=0.1)


# ---------------------------------------------------------------- scenario and catalogue


def _insulate(district, selected, values):
    b = district.building
    return replace(district, building=replace(b, wall_w_m2k=np.where(selected, b.wall_w_m2k * values["keep"],
                                                                      b.wall_w_m2k)))  # fmt: skip


INSULATION = Layer(
    LayerKind(
        kind="insulation", label="Insulation", r="refurbish", description="Walls keep a share of their loss.",
        parameters=(Parameter("keep", "Loss kept", "1", "%", 100.0, 0.2, 1.0, 0.5, 0.05),), cost="", embodied="",
        source="test",
    ),
    _insulate,
)  # fmt: skip
TWO = (*CATALOGUE, INSULATION)


def test_order_of_clicking_is_not_order_of_folding() -> None:
    a, b = LayerChoice("insulation", {"keep": 0.4}), LayerChoice("solar", {"share": 0.3})
    assert validate([a, b], TWO) == validate([b, a], TWO)
    assert [c.kind for c in validate([a, b], TWO)] == ["solar", "insulation"]
    assert _same(apply(DISTRICT, [a, b], TWO), _copy(apply(DISTRICT, [b, a], TWO)))


def test_defaults_are_spelled_out_so_that_one_scenario_has_one_key() -> None:
    spelled = LayerChoice("solar", {"share": 0.5, "module_w_m2": 200.0})
    assert validate([LayerChoice("solar", {})]) == validate([spelled])
    assert validate([LayerChoice("solar", {}, "  use=home   and year<1990 ")])[0].selection == "use=home and year<1990"


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ([LayerChoice("tide", {})], "no layer 'tide'; choose from solar"),
        ([LayerChoice("solar", {"size": 1.0})], "no parameter 'size'; it has share, facade, module_w_m2"),
        ([LayerChoice("solar", {"share": 1.2})], "share=120 of layer solar is outside 0 to 100 %"),
        ([LayerChoice("solar", {"share": float("nan")})], "outside 0 to 100 %"),
        ([LayerChoice("solar", {}, "colour=red")], "no attribute 'colour'"),
        ([LayerChoice("solar", {}), LayerChoice("solar", {"share": 0.1})], "chosen twice"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(choices, why: str) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        validate(choices)
    assert refusal.value.code == 2


def test_the_catalogue_on_the_wire_says_all_that_a_panel_needs() -> None:
    told = wire(TWO, 3)
    assert told.revision == 3
    kinds = ["solar", "retrofit", "heatpumps", "batteries", "vehicles", "wind", "insulation"]
    assert [k.kind for k in told.kinds] == kinds
    share = told.kinds[0].parameters[0]
    assert (share.display_unit, share.display_factor, share.minimum, share.maximum) == ("%", 100.0, 0.0, 1.0)
    for kind in told.kinds[:-1]:
        assert kind.paint in QUANTITIES
        assert all((kind.label, kind.r, kind.description, kind.cost, kind.embodied, kind.source, kind.attributes))


def test_a_layer_pays_only_for_what_it_changes() -> None:
    weather = random_weather()
    light = solar(DISTRICT, weather)
    before = prepare(DISTRICT, light, weather)
    after = prepare(apply(DISTRICT, [LayerChoice("solar", {"share": 1.0})]), light, weather)
    columns = [f.name for f in fields(before) if isinstance(getattr(before, f.name), np.ndarray)]
    changed = {name for name in columns if getattr(before, name) is not getattr(after, name)}
    assert {"peak_w", "rated_w"} <= changed
    assert changed <= {"peak_w", "rated_w", "module_start", "module_column", "module_mount"}
