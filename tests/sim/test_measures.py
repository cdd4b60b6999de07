"""Whole scenarios: the accounts close, the order of clicking does not matter, and the picture shows what they do.

Colour class = fifth of the scale of the layer's own paint (LayerKind.paint). Solar roofs, batteries and smart
charging are judged at noon in June, retrofit and heat pumps at noon in January, when they are at work.
"""

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st

from network.quantities import QUANTITIES
from network.schema import BlockKey, LayerChoice
from sim import year as years
from sim.blocks import blocks, roster
from sim.district import Heater
from sim.layers import CATALOGUE, apply
from sim.ledger import accounts_w, residual
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate
from tools import baseyear

WEATHER = random_weather(seed=13)
JUNE, JANUARY = 172, 15
FULL = {
    "solar": ({"share": 1.0}, JUNE),
    "retrofit": ({"recovery": 0.8}, JANUARY),
    "heatpumps": ({"share": 1.0}, JANUARY),
    "batteries": ({"home": 3.0 * 3600.0}, JUNE),
    "vehicles": ({"share": 1.0, "smart": 1.0}, JUNE),
}
SUN = LayerChoice("solar", {"share": 0.3})


def _dial(layer, draw):
    values = {p.name: draw(st.floats(p.minimum, p.maximum)) for p in layer.about.parameters}
    return LayerChoice(layer.about.kind, values, draw(st.sampled_from(["all", "use=home", "year<1970"])))


@st.composite
def scenarios(draw) -> list[LayerChoice]:
    """Any of the kinds, at any setting, in any order."""
    chosen = draw(st.lists(st.sampled_from(CATALOGUE), unique_by=lambda layer: layer.about.kind, min_size=1))
    return [_dial(layer, draw) for layer in chosen]


@settings(max_examples=12, deadline=None)
@given(scenarios(), st.integers(0, 1000), st.integers(0, 364))
def test_the_accounts_of_any_scenario_close_to_1e_9_in_float64(choices, seed: int, day: int) -> None:
    base = random_district(seed=seed, buildings=10, nodes=14, sources=1 + seed % 2)
    case = prepare(apply(base, choices), solar(base, WEATHER), WEATHER, dtype=np.float64)
    state, f = simulate(case, initial(case), Span(day * 24, 48))
    made = f.pv_w - f.appliances_w - f.heater_w - f.vehicle_w + f.battery_w
    through = f.pv_w + f.appliances_w + f.heater_w + f.vehicle_w + np.abs(f.battery_w) + 1.0
    assert (np.abs(made - f.surplus_w) / through).max() < 1e-9
    plant_w = f.site_w[:, case.grid.site_part >= 0].sum(axis=1)
    gap = f.source_w + f.surplus_w.sum(axis=1) + plant_w - f.grid_loss_w
    assert (np.abs(gap) / through.sum(axis=1)).max() < 1e-6
    assert f.battery_stored_w.sum() * 3600.0 == pytest.approx(state.battery_j.sum(), rel=1e-9, abs=1e-3)
    assert f.site_stored_w.sum() * 3600.0 == pytest.approx(state.site_j.sum(), rel=1e-9, abs=1e-3)
    assert (-f.battery_w - f.battery_stored_w).min() > -1e-6
    for name, column in (("battery_j", state.battery_j), ("vehicle_j", state.vehicle_j), ("site_j", state.site_j)):
        assert (column >= 0.0).all(), name


@settings(max_examples=25, deadline=None)
@given(scenarios(), st.randoms())
def test_the_order_of_clicking_changes_nothing(choices, dice) -> None:
    base = random_district(seed=5, buildings=10, nodes=14)
    shuffled = list(choices)
    dice.shuffle(shuffled)
    one, other = apply(base, choices), apply(base, shuffled)
    for table in ("building", "surface", "site", "node", "line"):
        for name, column in vars(getattr(one, table)).items():
            assert len(column) == len(getattr(getattr(base, table), name)), name  # never an axis
            assert np.array_equal(column, getattr(getattr(other, table), name)), name
        assert getattr(one, table).id == getattr(base, table).id
    assert one.bills == other.bills


def test_a_year_with_everything_on_closes_to_1e_6() -> None:
    base = random_district(seed=7, buildings=30, nodes=30, sources=2)
    everything = [LayerChoice(kind, values) for kind, (values, _) in FULL.items()]
    year = years.complete(prepare(apply(base, everything), solar(base, WEATHER), WEATHER))
    assert residual(year.ledger) < 1e-6
    for carrier, a in accounts_w(year.ledger).items():
        gap = a["generated"] + a["imported"] - a["used"] - a["exported"] - a["losses"] - a["stored"]
        assert np.abs(gap).max() < 1e-6 * max(a["used"].max(), 1.0), carrier
    assert year.ledger.months.sum(axis=(1, 2)) == pytest.approx(year.ledger.steps.sum(axis=1), rel=1e-9, abs=1e-3)


@pytest.mark.parametrize("kind", FULL)
def test_a_layer_at_full_changes_the_colour_of_a_third_of_those_it_touches(kind: str) -> None:
    values, day = FULL[kind]
    about = next(layer.about for layer in CATALOGUE if layer.about.kind == kind)
    d = random_district(seed=3, buildings=60, nodes=0, modules=False)
    light = solar(d, WEATHER)
    ground = [SUN] if kind in ("batteries", "vehicles") else []
    base = baseyear.run(
        prepare(d, light, WEATHER), footprint_m2=d.building.footprint_m2,
        roof_m2=np.bincount(d.surface.building, d.surface.usable_m2, 60), progress=lambda stage, done: None,
    )  # fmt: skip
    reach = {**roster(d, revision=1).ranges, **base.ranges}[about.paint]

    def classes(choices):
        district = apply(d, choices)
        flux = years.provisional_day(prepare(district, light, WEATHER), None, day)
        told = blocks(flux, district, key=BlockKey("r", 1, flux.span.first, True), side="a", step_s=3600.0)
        noon = {b.quantity: b.values for b in told}[about.paint][13]  # row 0 is the hour before midnight
        diverging = QUANTITIES[about.paint].colour_map == "diverging"
        place = 0.5 + 0.5 * noon / reach if diverging else noon / reach
        return np.clip(np.floor(5.0 * place), 0, 4)

    touched = d.building.heater == Heater.GAS_BOILER if kind == "heatpumps" else np.ones(60, bool)
    changed = classes(ground) != classes([*ground, LayerChoice(kind, values)])
    assert changed[touched].mean() >= 0.3


def test_batteries_chargers_and_cars_are_in_the_power_flow() -> None:
    """The voltage of a charger's node falls by what R and X of its way make of its power."""
    base = random_district(seed=5, buildings=20, nodes=20)
    case = prepare(base, solar(base, WEATHER), WEATHER, dtype=np.float64)
    _, quiet = simulate(case, initial(case), Span(0, 24))
    cars = apply(base, [LayerChoice("vehicles", {"share": 1.0, "away": 0.5})])
    loud_case = prepare(cars, solar(base, WEATHER), WEATHER, dtype=np.float64)
    _, loud = simulate(loud_case, initial(loud_case), Span(0, 24))
    charger = -loud.site_w[:, 1]
    assert charger.max() > 1e3
    drawn = loud.vehicle_w.sum(axis=1) + charger
    fed = loud.source_w - quiet.source_w - (loud.grid_loss_w - quiet.grid_loss_w)
    assert fed == pytest.approx(drawn, rel=1e-6)
    busy = int(np.argmax(charger))
    assert loud.voltage_pu[busy, base.site.node[1]] < quiet.voltage_pu[busy, base.site.node[1]]
    assert (case.grid.part == 0).all()
