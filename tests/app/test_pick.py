"""Clicking a house returns that house: the projected centres of twenty, checked by rays against boxes of our own."""

import numpy as np
import pytest
from toytown import Feed, houses, write_tileset

from app import camera as c
from app import paint, pick
from app.gpu.pick import Picker
from app.gpu.view import View
from app.gpu.window import Window
from app.light import direction, light
from app.scenery import Scenery

SIZE = (1280, 720)


def first_hit(eye, target, rows) -> int:
    """Row of the turned box that the ray from `eye` to `target` meets first."""
    best, found = np.inf, -1
    for k, (x, y, w, d, eave, rise, turn) in enumerate(rows):
        cos, sin = np.cos(turn), np.sin(turn)
        turned = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        a, b = turned @ (eye - [x, y, 0]), turned @ (target - eye)
        low, high = np.array([-w / 2, -d / 2, 0]), np.array([w / 2, d / 2, eave + rise])
        with np.errstate(divide="ignore", invalid="ignore"):
            t0, t1 = (low - a) / b, (high - a) / b
        near, far = np.minimum(t0, t1).max(), np.maximum(t0, t1).min()
        if near <= far and 0 < near < best:
            best, found = near, k
    return found


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town in an offscreen window, all tiles there."""
    rows = houses(3)
    ids = [f"b{k}" for k in range(len(rows))]
    tiles = write_tileset(tmp_path_factory.mktemp("pick") / "tiles", rows, ids)
    feed = Feed(tiles, rows, ids)
    window = Window(SIZE, offscreen=True, finish=True)
    view = View(window)
    hello, roster = feed.hello(), feed.roster()
    scenery = Scenery(view, hello, roster)
    camera = c.named("home", np.asarray(roster.building_xyz_m), 0.0)
    for _ in range(400):
        scenery.tiles(camera, SIZE)
        scenery.paint(None, paint.legend("surplus_w_m2", roster.ranges))
        scenery.shine(light(direction(2.9, 0.9)))
        view.look(camera, 0.0)
        window.render()
        if scenery.settled:
            break
    yield window, view, scenery, camera, roster, rows
    scenery.close()
    window.close()


def row_at(window, picker, camera, pointer) -> int:
    picker.aim(camera, 0.0, pointer)
    window.render()
    return pick.row_of(picker.read())


def test_clicking_the_centres_of_twenty_houses_returns_them(town) -> None:
    window, view, _, camera, roster, rows = town
    picker = Picker(view)
    centres = np.array([(r[0], r[1], r[4] * 0.6) for r in rows])
    at = c.project(camera, centres, SIZE)
    inside = (at[:, 0] > 5) & (at[:, 0] < SIZE[0] - 5) & (at[:, 1] > 5) & (at[:, 1] < SIZE[1] - 5) & (at[:, 2] > 0)
    free = [k for k in np.nonzero(inside)[0] if first_hit(camera.eye_m, centres[k], rows) == k]
    known = free[:: max(1, len(free) // 20)][:20]
    assert len(known) == 20
    clicked = [row_at(window, picker, camera, tuple(at[k, :2])) for k in known]
    assert [roster.building_ids[row] for row in clicked] == [f"b{k}" for k in known]


def test_the_sky_is_nothing_and_costs_nothing_when_the_hand_rests(town) -> None:
    window, view, _, camera, _, _ = town
    picker = Picker(view)
    assert row_at(window, picker, camera, (640.0, 4.0)) == -1
    assert not picker.waiting


def test_a_cable_is_picked_where_no_house_is_and_a_house_hides_it(town) -> None:
    _, _, _, camera, roster, _ = town
    point = np.asarray(roster.vertices_m[14], np.float64)
    x, y, _ = c.project(camera, point[None], SIZE)[0]
    found = pick.under(camera, (x + 3, y), SIZE, building=-1, roster=roster, place=None)
    assert found == pick.Picked("line", 0)
    assert pick.under(camera, (x + 3, y), SIZE, building=5, roster=roster, place=None) == pick.Picked("building", 5)
    assert pick.under(camera, (x, 5.0), SIZE, building=-1, roster=roster, place=None) is None


def test_numbers_beyond_a_byte_survive() -> None:
    patch = np.zeros((5, 5, 4), np.uint8)
    patch[2, 2] = (0x34, 0x12, 0x01, 255)
    assert pick.row_of(patch) == 0x011234 - 1
    assert pick.row_of(np.zeros((5, 5, 4), np.uint8)) == -1
