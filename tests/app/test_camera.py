"""The eye: where named views stand and how the hand moves it."""

import numpy as np
import pytest
from toytown import Feed, houses

from app import camera as c
from app.commands import GoTo, Pause, RedoLayers, Scale, UndoLayers
from app.hand import Hand, take
from network.problems import Refused

SIZE = (1280, 720)
FEET = np.array([(x, y, 0.0) for x in range(-300, 301, 50) for y in range(-200, 201, 50)])


def seen(name: str, feet: np.ndarray) -> np.ndarray:
    at = c.project(c.named(name, feet, 0.0), feet, SIZE)
    return (at[:, 2] > 0) & (at[:, 0] > 0) & (at[:, 0] < SIZE[0]) & (at[:, 1] > 0) & (at[:, 1] < SIZE[1])


def test_top_shows_nearly_every_building() -> None:
    assert seen("top", FEET).mean() > 0.88


def test_home_is_filled_by_the_town() -> None:
    at = c.project(c.named("home", FEET, 0.0), FEET, SIZE)
    assert seen("home", FEET).mean() > 0.5
    assert np.ptp(at[at[:, 2] > 0, 0]) > SIZE[0]


def test_home_looks_at_the_dense_middle_not_at_far_farms() -> None:
    rng = np.random.default_rng(3)
    core = np.c_[rng.normal([400.0, 300.0], 60.0, (150, 2)), np.zeros(150)]
    farms = np.c_[rng.uniform(-1500.0, 0.0, (100, 2)), np.zeros(100)]
    home = c.named("home", np.concatenate([farms, core]), 0.0)
    assert np.hypot(*(home.pivot_m - [400.0, 300.0, 0.0])[:2]) < 60.0
    assert home.reach_m < 700.0


def test_home_shows_a_strip_of_sky() -> None:
    home = c.named("home", FEET, 0.0)
    horizon = c.project(home, (home.eye_m + 1e6 * np.array([home.forward[0], home.forward[1], 0.0]))[None], SIZE)
    assert 0 < horizon[0, 1] < 0.15 * SIZE[1]


def test_top_has_north_up() -> None:
    top = c.named("top", FEET, 0.0)
    north, south = c.project(top, np.array([(0, 100.0, 0), (0, -100.0, 0)]), SIZE)
    assert north[1] < south[1] and north[0] == pytest.approx(south[0], abs=1.0)


def test_orbiting_keeps_the_pivot_and_its_distance() -> None:
    home = c.named("home", FEET, 0.0)
    turned = c.orbit(home, turn_rad=1.0, tilt_rad=0.2)
    assert turned.pivot_m == pytest.approx(home.pivot_m, abs=1e-6)
    assert turned.reach_m == home.reach_m


def test_zooming_in_and_out_again_comes_back() -> None:
    home = c.named("home", FEET, 0.0)
    assert c.zoom(c.zoom(home, steps=3), steps=-3).eye_m == pytest.approx(home.eye_m, abs=1e-6)


def test_the_eye_never_sinks_into_the_ground() -> None:
    low = c.Camera(np.array([0.0, 0.0, -50.0]), 0.0, 0.1, 100.0)
    assert c.above_ground(low, 2.0).eye_m[2] == pytest.approx(3.7)


def test_a_place_of_the_command_line_is_where_it_says() -> None:
    rows = houses(1)
    hello = Feed(None, rows, [str(k) for k in range(len(rows))]).hello()
    here = c.of_text("52.0,4.36,143,90,-20", hello, FEET)
    assert here.eye_m == pytest.approx([0, 0, 100.0], abs=1e-3)
    assert here.forward[0] > 0.9 and here.forward[2] == pytest.approx(-np.sin(np.radians(20)))


@pytest.mark.parametrize("text", ["nowhere", "1,2,3", "a,b,c,d,e", "52,4,100,0,nan"])
def test_an_odd_camera_is_refused(text: str) -> None:
    rows = houses(1)
    hello = Feed(None, rows, [str(k) for k in range(len(rows))]).hello()
    with pytest.raises(Refused, match="--camera"):
        c.of_text(text, hello, FEET)


def touch(events, *, hand=None, pointer=(100.0, 100.0), over=False, typing=False):
    camera = c.named("home", FEET, 0.0)
    return camera, *take(
        hand or Hand(), camera, events, pointer, dt_s=0.1, ground_m=0.0, over_panel=over, typing=typing
    )


def test_keys_are_commands() -> None:
    _, _, _, commands = touch([("down", "space"), ("down", "t")])
    assert commands == [Pause(), GoTo("top")]
    _, _, _, commands = touch([("down", "lcontrol"), ("down", "z")])
    assert commands == [UndoLayers()]
    _, _, _, commands = touch([("down", "control"), ("down", "shift"), ("down", "z"), ("down", "=")])
    assert commands == [RedoLayers(), Scale(1.1)]


def test_typing_into_a_field_moves_nothing() -> None:
    before, _, after, commands = touch([("down", "w"), ("down", "space")], typing=True)
    assert commands == [] and after.eye_m == pytest.approx(before.eye_m)


def test_w_flies_forward_and_a_drag_turns_unless_it_began_on_a_panel() -> None:
    before, _, after, _ = touch([("down", "w")])
    assert (after.eye_m - before.eye_m) @ np.array([*before.forward[:2], 0]) > 1
    held = Hand(frozenset({"mouse1"}), (0.0, 100.0), "mouse1")
    before, _, after, _ = touch([], hand=held)
    assert after.heading_rad != before.heading_rad
    _, hand, _, _ = touch([("down", "mouse1")], over=True)
    assert hand.dragging == ""


def test_where_no_building_is_known_the_street_is_looked_for_in_the_middle_not_at_a_corner() -> None:
    rows = houses(1)
    hello = Feed(None, rows, [str(k) for k in range(len(rows))]).hello()
    west, south, east, north = hello.extent_m
    middle = (west + east) / 2, (south + north) / 2
    assert c.named("street", c.sights(hello, None), hello.ground_m).pivot_m[:2] == pytest.approx(middle)
