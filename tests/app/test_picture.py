"""Tiny pictures through the real path: what the colours on the screen say. No GL fails, it never skips."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from panda3d.core import RenderState, TransformState
from PIL import Image
from toytown import Feed, houses, write_tileset

from app.camera import looking_at
from app.frame import Ports, frame
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Window, probe
from app.options import ViewOptions
from app.run import view
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World
from network.problems import Refused
from network.schema import BlockKey, FluxBlock

SIZE = (320, 180)


class OneHouse(Feed):
    """A single flat-roofed house whose flux the test sets [W/m2]."""

    flux: float | None = 0.0
    installed_w: float = 0.0

    def blocks(self):
        made = [b for b in super().blocks() if b.quantity not in ("surplus_w_m2", "pv_roof_w")]
        peak = np.full((1, 1), self.installed_w, np.float32)
        made.append(FluxBlock("a", "pv_roof_w", self.key, 86400.0, self.key.first_step * 3600.0, peak))
        if self.flux is None:
            return made
        key = BlockKey("run", self.revision, self.key.first_step, False)
        values = np.full((26, 1), self.flux, np.float32)
        return [*made, FluxBlock("a", "surplus_w_m2", key, 3600.0, self.key.first_step * 3600.0, values)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    rows, ids = [(0.0, 0.0, 30.0, 30.0, 8.0, 0.0, 0.0)], ["only"]
    path = write_tileset(tmp_path_factory.mktemp("tiles"), rows, ids)
    feed = OneHouse(path, rows, ids)
    window = Window(SIZE, offscreen=True, finish=True)
    ports = Ports(feed, window, View(window), Panels(), Overlay(window))
    yield feed, ports
    if ports.scenery:
        ports.scenery.close()
    window.close()


def roof(stage, flux: float | None, *, spread: bool = False) -> np.ndarray:
    """Mean rgb (or its spread) of the roof seen from above, without panels and signs."""
    feed, ports = stage
    feed.flux, feed._fresh = flux, True
    camera = looking_at(np.array([0, 0, 8.0]), distance_m=60.0, heading_rad=0.0, pitch_rad=1.55)
    world = World(Stage(), Shown(), camera, Panel(hidden=True), "surplus_w_m2")
    for k in range(60):
        world = frame(replace(world, camera=camera), ports, now_s=float(k), dt_s=0.01)
        if k > 3 and ports.scenery and ports.scenery.settled:
            break
    pixels = ports.window.pixels()[60:120, 110:210].astype(float) / 255
    return pixels.std(axis=(0, 1)) if spread else pixels.mean(axis=(0, 1))


def test_a_giving_roof_is_blue_and_a_taking_one_orange(stage) -> None:
    red, green, blue = roof(stage, 40.0)
    assert blue > red + 0.3 and blue > green + 0.1
    red, green, blue = roof(stage, -40.0)
    assert red > blue + 0.3 and red > green + 0.1


def test_installed_modules_lie_dark_on_the_roof_and_leave_its_colour_a_frame(stage) -> None:
    bare = roof(stage, 40.0)
    stage[0].installed_w = 60e3
    covered = roof(stage, 40.0)
    stage[0].installed_w = 0.0
    assert covered[2] < bare[2] - 0.05, "dark glass, with the sky in it"
    assert covered[2] > covered[0] + 0.1, "still blue"


def test_frames_leave_nothing_behind(stage) -> None:
    """Every move of the camera, of the sun and of the hand makes states in the engine; they go when they are old."""
    feed, ports = stage
    kept = []
    for k in range(240):
        camera = looking_at(np.array([0, 0, 8.0]), distance_m=60.0 + k / 7, heading_rad=k / 90, pitch_rad=1.0)
        feed.time_s, feed._fresh = (171 * 24 + 8 + k / 40) * 3600.0, True
        frame(World(Stage(), Shown(feed.time_s), camera, Panel(), "surplus_w_m2"), ports, now_s=k / 60, dt_s=0.01)
        kept.append(RenderState.get_num_states() + TransformState.get_num_states())
    assert max(kept[120:]) < 1.5 * max(kept[:120])


def test_zero_is_neutral_paper(stage) -> None:
    rgb = roof(stage, 0.0)
    assert rgb.max() - rgb.min() < 0.12
    assert rgb.mean() > 0.6


def test_a_small_flow_already_shows(stage) -> None:
    zero, little = roof(stage, 0.0), roof(stage, 1.5)
    assert little[2] - little[0] > zero[2] - zero[0] + 0.1


def test_only_what_takes_is_hatched(stage) -> None:
    assert roof(stage, -40.0, spread=True).max() > 4 * roof(stage, 40.0, spread=True).max()


def test_no_data_is_grey_and_hatched(stage) -> None:
    rgb = roof(stage, None)
    assert rgb.max() - rgb.min() < 0.06 and rgb.mean() < roof(stage, 0.0).mean() - 0.1
    assert roof(stage, None, spread=True).max() > 0.03


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Day and night pictures of the toy town, with panels, and the stats of the day."""
    folder = tmp_path_factory.mktemp("shots")
    rows = houses(3)
    ids = [f"b{k}" for k in range(len(rows))]
    tiles = write_tileset(folder / "tiles", rows, ids)
    pictures = {}
    for name, hour in (("day", 13.0), ("night", 1.0)):
        options = ViewOptions(
            offscreen=True,
            size=(640, 360),
            shot=str(folder / f"{name}.png"),
            stats=str(folder / "stats.json"),
            frames=3,
        )
        view(options, "", threading.Event(), link=Feed(tiles, rows, ids, hour=hour))
        pictures[name] = np.asarray(Image.open(folder / f"{name}.png")).astype(float) / 255
    return pictures, (folder / "stats.json").read_text()


def test_the_legend_is_in_the_picture_orange_to_the_left_blue_to_the_right(shots) -> None:
    day = shots[0]["day"]
    h = 360 / 720
    y = int(360 - (24 + 92 - 51) * h)
    left, right = day[y, int((24 + 30) * h)], day[y, int((24 + 400) * h)]
    assert left[0] > left[2] + 0.2 and right[2] > right[0] + 0.2


def test_night_is_darker_than_day_and_still_shows_forms(shots) -> None:
    day, night = shots[0]["day"], shots[0]["night"]
    assert night[100:250, 200:440].mean() < day[100:250, 200:440].mean() - 0.15
    assert night[100:250, 200:440].std() > 0.03


def test_stats_say_what_was_drawn(shots) -> None:
    import json

    stats = json.loads(shots[1])
    assert stats["settled"] and stats["errors"] == []
    assert stats["tiles"]["loaded"] == stats["tiles"]["visible"] > 0
    assert stats["features"] == len(houses(3))
    assert set(stats["frame_ms"]) == {"p50", "p95", "p99", "max"}
    assert stats["gl"]["renderer"]


def test_a_tileset_alone_is_paper_under_a_noon_sun(tmp_path: Path) -> None:
    rows = houses(2)
    tiles = write_tileset(tmp_path, rows, [str(k) for k in range(len(rows))])
    options = ViewOptions(offscreen=True, size=SIZE, tileset=str(tiles), shot=str(tmp_path / "alone.png"))
    view(options, "", threading.Event())
    picture = np.asarray(Image.open(tmp_path / "alone.png")).astype(float)
    assert (picture.max(axis=2) - picture.min(axis=2)).mean() < 45


def test_a_silent_sim_is_named_when_nothing_settles(tmp_path: Path) -> None:
    class Silent(Feed):
        def poll(self):
            return []

    options = ViewOptions(offscreen=True, size=SIZE, shot=str(tmp_path / "never.png"), patience_s=0.5)
    with pytest.raises(Refused, match="does not answer"):
        view(options, "", threading.Event(), link=Silent(None, [], []))


def test_an_unknown_quantity_is_refused_before_anything_opens() -> None:
    with pytest.raises(Refused, match="surplus_w_m2"):
        view(ViewOptions(offscreen=True, paint="happiness"), "", threading.Event(), link=None)


def test_the_probe_names_the_driver() -> None:
    assert probe()["renderer"]
