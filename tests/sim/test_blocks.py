"""What viewers are told of a day: the Flux of the physics, in the units and signs of the vocabulary."""

import numpy as np
import pytest
from factories import random_district, random_weather

from network.quantities import QUANTITIES
from network.schema import BlockKey
from sim.blocks import SUN_STEP_S, blocks, roster
from sim.physics import sun
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

DISTRICT = random_district(seed=4, buildings=12, nodes=15)
WEATHER = random_weather(seed=4)
KEY = BlockKey("run", 3, 171 * 24 - 1, False)


@pytest.fixture(scope="module")
def told():
    case = prepare(DISTRICT, solar(DISTRICT, WEATHER), WEATHER)
    _, flux = simulate(case, initial(case), Span(KEY.first_step, 26))
    return flux, {b.quantity: b for b in blocks(flux, DISTRICT, key=KEY, side="a", step_s=3600.0)}


def test_every_block_is_of_the_vocabulary_and_says_whose_it_is(told) -> None:
    _, by_name = told
    assert set(by_name) <= set(QUANTITIES)
    for block in by_name.values():
        assert (block.side, block.key, block.first_time_s) == ("a", KEY, KEY.first_step * 3600.0)
        assert block.values.dtype == np.float32


def test_buildings_give_and_take_as_the_physics_says(told) -> None:
    flux, by_name = told
    per_footprint = flux.surplus_w / DISTRICT.building.footprint_m2
    assert by_name["surplus_w_m2"].values == pytest.approx(per_footprint, rel=1e-6)
    balance_w = by_name["pv_w"].values - by_name["appliances_w"].values - flux.heater_w
    assert by_name["surplus_w"].values == pytest.approx(balance_w, abs=0.1)
    assert by_name["indoor_k"].values == pytest.approx(flux.indoor_c + 273.15, abs=1e-3)


def test_what_leaves_the_district_is_what_its_substations_do_not_feed(told) -> None:
    flux, by_name = told
    assert flux.grid_loss_w.min() > 0.0
    assert by_name["district_surplus_w"].values[:, 0] == pytest.approx(-flux.source_w, rel=1e-6)


def test_installed_modules_stand_as_one_row_and_have_a_scale_that_full_roofs_reach(told) -> None:
    _, by_name = told
    block, surface = by_name["pv_peak_w"], DISTRICT.surface
    assert block.values.shape == (1, 12)
    assert block.values.sum() == pytest.approx(surface.pv_peak_w.sum(), rel=1e-6)
    scale = roster(DISTRICT, revision=1).ranges["pv_peak_w"]
    full_w = 200.0 * np.bincount(surface.building, surface.usable_m2, 12)
    assert np.median(full_w) < scale < 2.0 * full_w.max()


def test_the_rating_of_plant_stands_as_one_row_and_is_nothing_where_nothing_stands(told) -> None:
    rating = told[1]["site_peak_w"].values
    assert rating.shape == (1, len(DISTRICT.site))
    assert rating[0] == pytest.approx(DISTRICT.site.power_w)


def test_the_sun_of_the_picture_is_the_district_s_own_every_five_minutes(told) -> None:
    _, by_name = told
    block, place = by_name["sun_enu"], DISTRICT.place
    assert (block.step_s, len(block.values)) == (SUN_STEP_S, 26 * 12 + 1)
    noon_s = 171 * 86400.0 + 12 * 3600.0
    here = sun.direction_enu(place.latitude_rad, place.longitude_rad, place.year, place.utc_offset_s, [noon_s])
    assert block.values[13 * 12] == pytest.approx(here[0], abs=1e-6)
