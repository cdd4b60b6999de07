"""A second kind of layer is one function and one row: catalogue, panel and command line follow, `app` untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import second_kind
from toytown import Feed, houses

from app import commands, inbox, paint
from app.light import direction, light
from app.ui import layers as panel
from app.ui import theme
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import Panel, Shown, Stage, World
from network.schema import Message
from sim import layers

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1280, 720)


def simulate(package: Path, choice: str) -> dict:
    command = [sys.executable, "-P", "-m", "tools.main", "simulate", str(package), "--json",
               "--catalogue", "second_kind:CATALOGUE", "--layers", choice]  # fmt: skip
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def years(demo_package: Path) -> list[dict]:
    """Under four choices of layers, computed two at a time."""
    choices = "thrift:cut=0", "thrift:cut=50", "thrift:cut=50;solar:share=40", "solar:share=40;thrift:cut=50"
    with ThreadPoolExecutor(2) as two:
        return list(two.map(lambda choice: simulate(demo_package, choice), choices))


def test_the_command_line_takes_it(years: list[dict]) -> None:
    nothing, half, *_ = years
    assert half["balance"]["used_kwh"] < nothing["balance"]["used_kwh"]


def test_the_command_line_takes_it_beside_solar_roofs_in_any_order(years: list[dict]) -> None:
    *_, one, other = years
    assert one["balance"] == other["balance"]


@pytest.fixture
def world() -> World:
    rows = houses(2)
    messages: list[Message] = list(Feed("tiles", rows, [f"b{k}" for k in range(len(rows))]).poll())
    messages.append(layers.wire(second_kind.CATALOGUE, 2))
    return World(inbox.absorb(Stage(), messages, 10.0), Shown(0.0), None, Panel(), "surplus_w_m2")


def test_the_panel_has_a_switch_for_it(world: World) -> None:
    """Click down the panel until a switch answers with the new kind: where it stands is the panel's business."""
    ui = Panels()
    assert world.stage.roster is not None
    legend = paint.legend(world.paint, world.stage.roster.ranges)
    seen = Seen(SIZE, legend, light(direction(2.9, 0.9)), True, 10.0)
    found = set()
    for below in range(0, SIZE[1] - int(panel.TOP), 12):
        at = (theme.GAP + 34.0, panel.TOP + below)
        for events in ((), (), (("down", "mouse1"),), (("up", "mouse1"),), ()):
            ui.begin(SIZE, dt_s=0.016, scale=1.0, pointer=at, events=events)
            for made in panel.draw(ui, world, seen):
                if isinstance(made, commands.Choose):
                    found |= {(c.kind, *c.values) for c in made.choices}
            ui.end()
    assert ("thrift", "cut") in found
