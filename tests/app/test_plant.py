"""Plant in the picture: where it stands, what it says, and nothing where nothing is built."""

import msgspec
import numpy as np
import pytest
from toytown import Feed, houses

from app import paint, plant
from network.schema import BlockKey, FluxBlock

NET = paint.legend("surplus_w_m2", {"surplus_w_m2": 50.0})


def block(quantity: str, values) -> FluxBlock:
    return FluxBlock("a", quantity, BlockKey("run", 1, 0, False), 3600.0, 0.0, np.array([values] * 2, np.float32))


@pytest.fixture
def roster():
    rows = houses(2)
    plain = Feed(None, rows, [f"b{k}" for k in range(len(rows))]).roster()
    sites = np.array([[20.0, -118.0, 3.0], [-230.0, 120.0, 0.0], [60.0, -20.0, 0.0]])
    return msgspec.structs.replace(
        plain, site_ids=("s0", "s1", "s2"), site_names=("Battery", "Wind", "Charger"),
        site_kind=("battery", "turbine", "charger"), site_xyz_m=sites,
        line_ids=(*plain.line_ids, "t"), line_kind=(*plain.line_kind, "transformer"),
        line_rating_w=np.r_[plain.line_rating_w, 400e3],
        vertex_start=np.r_[plain.vertex_start, plain.vertex_start[-1] + 2],
        vertices_m=np.r_[plain.vertices_m, [[210.0, -37.0, 5.0], [196.0, -37.0, 5.0]]],
    )  # fmt: skip


def test_a_place_without_plant_is_an_outline_and_chargers_stand_always(roster) -> None:
    assert plant.built(roster, None).tolist() == [False, False, True]
    assert plant.built(roster, block("site_peak_w", [50e3, 0.0, 0.0])).tolist() == [True, False, True]
    place = plant.stand(roster)
    nothing, _, proposed = plant.model(place, np.array([False, False, True, True]))
    battery = nothing.position[nothing.extra[:, 0] == 0]
    assert np.ptp(battery[:, 2]) < 0.2, "flat on the ground"
    assert proposed.position[:, 2].max() > plant.HUB_M, "where a turbine would be"
    standing, turning, proposed = plant.model(place, np.ones(4, bool))
    battery = standing.position[standing.extra[:, 0] == 0]
    assert np.ptp(battery[:, 2]) > 2.5 and battery[:, 2].min() == pytest.approx(3.0, abs=0.1), "on its own ground"
    assert len(proposed.position) == 0 and len(turning.position) > 0


def test_every_face_of_a_box_looks_outward() -> None:
    quads = plant._box((1.0, 2.0), (4.0, 2.0), (0.0, 3.0))
    normal = np.cross(quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0])
    assert (((quads.mean(axis=1) - [1.0, 2.0, 1.5]) * normal).sum(axis=1) > 0).all()


def test_a_kiosk_stands_beside_its_street_and_clear_of_houses(roster) -> None:
    place = plant.stand(roster)
    kiosk = place.foot_m[3]
    assert np.linalg.norm(kiosk[:2] - [196.0, -37.0]) == pytest.approx(8.0) and kiosk[2] == 5.0
    assert place.line[3] == len(roster.line_ids) - 1


def test_plant_has_the_colour_of_its_power_and_a_kiosk_that_of_its_street(roster) -> None:
    place = plant.stand(roster)
    blocks = {
        "site_w": block("site_w", [125e3, 0.0, -22e3]), "site_charge": block("site_charge", [0.62, 0.0, 0.0]),
        "line_w": block("line_w", [0.0] * 8 + [200e3]),
    }  # fmt: skip
    ranged = msgspec.structs.replace(roster, ranges={**roster.ranges, "site_w": 250e3})
    level, charge = plant.levels(place, ranged, blocks, NET, 1800.0)
    assert level == pytest.approx([0.5, 0.0, -0.088, -0.5]) and charge[0] == pytest.approx(0.62)
    rgb = plant.colours(level, NET, night=0.0)
    assert rgb[0, 2] > rgb[0, 0] and rgb[2, 0] > rgb[2, 2] and rgb[1, 3] == 0.0, "blue, orange, paper"
    cars = paint.legend("vehicle_w", {})
    assert np.flatnonzero(plant.levels(place, ranged, blocks, cars, 1800.0)[0]).tolist() == [2], "chargers charge cars"


def test_without_a_word_of_sim_plant_is_grey(roster) -> None:
    level, _ = plant.levels(plant.stand(roster), roster, {}, NET, 0.0)
    assert np.isnan(level).all()
    assert plant.colours(level, NET, night=0.0)[:, :3] == pytest.approx(np.tile(paint.NEUTRAL, (4, 1)))
