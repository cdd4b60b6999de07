"""Real sim, real picture, time at rest: another paint, or another viewer, has the right colours all the same."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from factories import random_district
from toytown import write_tileset
from twins import sim_process, write_year

from app import commands, inbox, paint
from app.camera import looking_at
from app.frame import Ports, followed, frame
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Window
from app.tiles.geodesy import ecef_from_enu
from app.ui import legend as legends
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World
from network import schema, wire
from sim import package, weather

JUNE_NOON_S = (171 * 24 + 12.5) * 3600.0
JANUARY_S = (14 * 24 + 12.0) * 3600.0
ROOF_M = 16.0


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> Iterator[str]:
    """Address line of a sim on a random district whose buildings stand as flat boxes in its tiles."""
    folder = tmp_path_factory.mktemp("paused")
    write_year(folder / "weather.epw")
    steps = weather.read_epw(folder / "weather.epw").steps
    district = random_district(seed=1, buildings=12, nodes=16, steps=steps)
    b, place = district.building, district.place
    rows = [(x, y, ROOF_M, ROOF_M, 8.0, 0.0, 0.0) for x, y in zip(b.x_m, b.y_m, strict=True)]
    tileset = write_tileset(folder / "tiles", rows, b.id)
    root = json.loads(tileset.read_text())
    world = ecef_from_enu(place.latitude_rad, place.longitude_rad, place.height_m)
    root["root"]["transform"] = world.T.ravel().tolist()
    root["root"]["boundingVolume"] = {"box": [0, 0, 20, 700, 0, 0, 0, 700, 0, 0, 0, 40]}
    tileset.write_text(json.dumps(root))
    package.save(folder / "district", district=district, weather=folder / "weather.epw", tiles=folder / "tiles")
    with sim_process({"package": str(folder / "district")}) as (_, address):
        yield address


class Viewer:
    """A viewer without panels that looks straight down on one house."""

    def __init__(self, line: str, shown: str, house: int) -> None:
        self.link = wire.Client(line)
        self.window = Window((160, 90), offscreen=True, finish=True)
        self.ports = Ports(self.link, self.window, View(self.window), Panels(), Overlay(self.window))
        self.world = World(Stage(), Shown(), None, Panel(hidden=True), shown)
        self.house = house

    def turn(self) -> None:
        """One frame."""
        if self.world.stage.roster is not None:
            foot = np.asarray(self.world.stage.roster.building_xyz_m, float)[self.house]
            above = looking_at(foot + np.array([0.0, 0.0, 8.0]), distance_m=40.0, heading_rad=0.0, pitch_rad=1.55)
            self.world = replace(self.world, camera=above)
        self.world = frame(self.world, self.ports, now_s=time.monotonic(), dt_s=0.01)

    def rest(self, at_s: float | None = None) -> None:
        """Pause at `at_s`, and wait until the picture is final."""
        begun, still = time.monotonic(), 0
        asked = at_s is None
        while still < 4:
            assert time.monotonic() - begun < 60.0, "no settled picture"
            self.turn()
            stage = self.world.stage
            if not asked and stage.clock is not None:
                self.link.send(schema.SetPace(sender=self.link.sender, pace=0.0))
                self.link.send(schema.Seek(sender=self.link.sender, time_s=at_s))
                asked = True
            there = at_s is None or abs(self.world.shown.time_s - at_s) < 1.0
            final = self.ports.scenery and self.ports.scenery.settled and self.link.settled
            final = final and inbox.settled(stage, followed(self.world)) and stage.clock.pace == 0.0
            still = still + 1 if asked and there and final else 0

    def obey(self, command: commands.Command) -> None:
        self.world, _ = commands.apply(self.world, command, now_s=0.0, sender=self.link.sender)

    def roof(self) -> np.ndarray:
        """Mean colour of the roof, 0..1."""
        return self.window.pixels()[35:55, 65:95, :3].astype(float).mean(axis=(0, 1)) / 255

    def legend_colour(self) -> np.ndarray:
        """What the legend promises for it, of the blocks that are here."""
        stage = self.world.stage
        legend = paint.legend(self.world.paint, stage.roster.ranges)
        block = stage.blocks[self.world.paint]
        level = paint.levels(block, legend, self.world.shown.time_s, len(stage.roster.building_ids))[self.house]
        assert abs(level) > 0.03, "a colour to speak of"
        return np.array(legends.shade(legend, float(level), night=0.0)[:3])


@contextmanager
def viewer(line: str, shown: str, *, house: int = 0) -> Iterator[Viewer]:
    made = Viewer(line, shown, house)
    try:
        yield made
    finally:
        if made.ports.scenery:
            made.ports.scenery.close()
        made.link.close()
        made.window.close()


def strongest(viewer: Viewer) -> int:
    """Of the houses that stand apart the one with the strongest colour."""
    stage = viewer.world.stage
    feet = np.asarray(stage.roster.building_xyz_m)
    apart = np.linalg.norm(feet[:, None, :2] - feet[None, :, :2], axis=2) + 1e9 * np.eye(len(feet))
    value = np.abs(paint.at_time(stage.blocks[viewer.world.paint], viewer.world.shown.time_s))
    return int(np.argmax(np.where(apart.min(axis=1) > 2 * ROOF_M, value, 0.0)))


def hue_deg(rgb) -> float:
    r, g, b = rgb
    return float(np.degrees(np.arctan2(np.sqrt(3) * (g - b), 2 * r - g - b)))


def assert_as_promised(viewer: Viewer) -> None:
    apart = (hue_deg(viewer.roof()) - hue_deg(viewer.legend_colour()) + 180) % 360 - 180
    assert abs(apart) < 16.0, (viewer.world.paint, viewer.roof(), viewer.legend_colour())


def test_another_paint_and_another_viewer_while_time_rests(line: str) -> None:
    with viewer(line, "surplus_w_m2") as first:
        first.rest(JANUARY_S)
        house = first.house = strongest(first)
        first.rest()
        assert_as_promised(first)
        net = first.roof()
        first.obey(commands.SetPaint("heating_w_m2"))
        first.rest()
        assert_as_promised(first)
        red, green, blue = heat = first.roof()
        assert red > green + 0.1 and blue > green + 0.03, "heat is raspberry"
        assert np.abs(heat - net).max() > 0.1
        first.link.send(schema.Seek(sender=first.link.sender, time_s=JUNE_NOON_S))
        first.rest(JUNE_NOON_S)
        first.link.send(schema.Seek(sender=first.link.sender, time_s=JANUARY_S))
        first.rest(JANUARY_S)
        assert np.abs(first.roof() - heat).max() < 3 / 255, "the same hour, the same colour"
    with viewer(line, "heating_w_m2", house=house) as second:
        second.rest()
        assert second.world.stage.clock.pace == 0.0, "nobody let time go"
        assert np.abs(second.roof() - heat).max() < 3 / 255, "who joins sees what the others see"
        second.obey(commands.SetPaint("surplus_w_m2"))
        second.rest()
        assert np.abs(second.roof() - net).max() < 3 / 255
