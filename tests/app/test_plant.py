"""Plant in the picture: where it stands, what it says, and nothing where nothing is built."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from toytown import Feed, houses, write_tileset

from app import paint, plant
from app.camera import looking_at
from app.frame import Ports, frame
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Window
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World
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


class Yard(Feed):
    """One house far off, and a battery by a cable."""

    rating_w = 250e3
    power_w = 0.0

    def roster(self):
        return msgspec.structs.replace(
            super().roster(), site_ids=("s",), site_names=("Battery",), site_kind=("battery",),
            site_xyz_m=np.zeros((1, 3)), ranges={"surplus_w_m2": 50.0, "site_w": 250e3},
        )  # fmt: skip

    def blocks(self):
        first_s = self.key.first_step * 3600.0
        mine = {"site_w": self.power_w, "site_charge": 0.5, "site_peak_w": self.rating_w}
        return super().blocks() + [
            FluxBlock("a", name, self.key, 3600.0, first_s, np.full((26, 1), value, np.float32))
            for name, value in mine.items()
        ]


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    rows = [(0.0, 150.0, 20.0, 20.0, 8.0, 0.0, 0.0)]
    feed = Yard(write_tileset(tmp_path_factory.mktemp("tiles"), rows, ["only"]), rows, ["only"])
    window = Window((320, 180), offscreen=True, finish=True)
    ports = Ports(feed, window, View(window), Panels(), Overlay(window))
    yield feed, ports
    if ports.scenery:
        ports.scenery.close()
    window.close()


def seen(yard, *, hour: float = 13.0, pitch_rad: float = 1.55, distance_m: float = 60.0) -> np.ndarray:
    """[y, x, 3] picture of the battery, 0..1."""
    feed, ports = yard
    feed.time_s, feed._fresh = (171 * 24 + hour) * 3600.0, True
    camera = looking_at(np.array([0.0, 0.0, 3.0]), distance_m=distance_m, heading_rad=0.0, pitch_rad=pitch_rad)
    world = World(Stage(), Shown(feed.time_s), camera, Panel(hidden=True), "surplus_w_m2")
    for k in range(60):
        world = frame(replace(world, camera=camera), ports, now_s=100.0 + k, dt_s=0.01)
        if k > 6 and ports.scenery and ports.scenery.settled:
            break
    return ports.window.pixels()[:, :, :3].astype(float) / 255


def test_a_battery_that_gives_is_blue_one_that_takes_orange_and_one_that_is_not_built_is_ground(yard) -> None:
    middle = (slice(70, 110), slice(140, 180))
    yard[0].power_w, yard[0].rating_w = 150e3, 250e3
    red, _, blue = seen(yard)[middle].mean(axis=(0, 1))
    assert blue > red + 0.1
    yard[0].power_w = -150e3
    red, _, blue = seen(yard)[middle].mean(axis=(0, 1))
    assert red > blue + 0.1
    shadows = yard[1].view.shadows_drawn
    yard[0].power_w, yard[0].rating_w = 0.0, 0.0
    ground = seen(yard)[middle]
    assert np.ptp(ground.mean(axis=(0, 1))) < 0.22 and ground[..., 2].std() < 0.08, "fields, and nothing on them"
    assert yard[1].view.shadows_drawn > shadows, "its shadow goes with it"


def test_after_dark_light_stands_over_what_gives_and_over_nothing_else(yard) -> None:
    above = (slice(20, 60), slice(150, 170))
    yard[0].rating_w = 250e3
    dark = {}
    for power_w in (150e3, -150e3):
        yard[0].power_w = power_w
        dark[power_w] = seen(yard, hour=1.0, pitch_rad=0.15, distance_m=140.0)[above]
    assert dark[150e3][..., 2].mean() > dark[-150e3][..., 2].mean() + 0.05
    yard[0].power_w = 150e3
    noon = seen(yard, hour=13.0, pitch_rad=0.15, distance_m=140.0)[above]
    yard[0].power_w = 0.0
    assert np.abs(noon - seen(yard, hour=13.0, pitch_rad=0.15, distance_m=140.0)[above]).max() < 3 / 255, "by day none"
