"""Speed of the picture: recolouring, and the time from a change to the recoloured frame with real processes.

Frames are finished (gl-finish): without it software GL reports times of work it has not done.
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

FEATURES = 100_000
CHANGES = 24
BUILDINGS = 1_000


def results(name: str, *, full: bool) -> list[dict[str, Any]]:
    """Rows of the JSON contract whose name contains `name`."""
    del full  # both are quick
    rows = []
    for title, unit, budget, work in (
        (f"recolour {FEATURES} features", "ms", 1.0, recolour),
        (f"change to recoloured frame, {BUILDINGS} buildings, p95", "ms", 150.0, change_to_frame),
    ):
        if name in title:
            value, reference_name, reference = work()
            rows.append({
                "name": title, "value": value, "unit": unit, "budget": budget,
                "reference": {"name": reference_name, "value": reference}, "ratio": value / reference,
            })  # fmt: skip
    return rows


def recolour() -> tuple[float, str, float]:
    """Main-thread time to hand over one value per feature [ms], beside a numpy copy of the same size."""
    from app.gpu.town import Town
    from app.gpu.view import View
    from app.gpu.window import Window

    window = Window((64, 64), offscreen=True, finish=True)
    try:
        town = Town(View(window).scene)
        levels = np.random.default_rng(1).uniform(-1, 1, FEATURES).astype(np.float32)
        target = np.empty_like(levels)
        value, copied = _median_ms(lambda: town.paint(levels)), _median_ms(lambda: np.copyto(target, levels))
    finally:
        window.close()
    return value, "numpy copy of as many floats", copied


def change_to_frame() -> tuple[float, str, float]:
    """95th percentile of the time from a wish to the end of the first frame that shows it [ms]; beside a frame."""
    from app.frame import FOLLOWED, Ports, frame
    from app.gpu.overlay import Overlay
    from app.gpu.view import View
    from app.gpu.window import Window
    from app.ui.backend import Panels
    from app.world import Panel, Shown, Stage, World
    from network.schema import ChooseLayers, LayerChoice, SetPace
    from network.wire import Client

    with simulation(package_of(BUILDINGS)) as address:
        window = Window((1280, 720), offscreen=True, finish=True)
        link = Client(address)
        try:
            world = World(Stage(), Shown(), None, Panel(hidden=True), "surplus_w_m2")
            ports = Ports(link, window, View(window), Panels(), Overlay(window))
            link.show({world.paint, *FOLLOWED})

            def draw_until(ready: Callable[[World], bool], world: World, limit_s: float = 60.0) -> tuple[World, float]:
                began = time.perf_counter()
                while time.perf_counter() - began < limit_s:
                    world = frame(world, ports, now_s=time.monotonic(), dt_s=0.02)
                    if ready(world):
                        return world, (time.perf_counter() - began) * 1e3
                raise TimeoutError("the simulation did not answer the benchmark's wish")

            world, _ = draw_until(lambda w: w.stage.balance is not None and w.stage.scenario is not None, world)
            link.send(SetPace(sender=link.sender, pace=0.0))
            world, _ = draw_until(lambda w: w.stage.clock is not None and w.stage.clock.pace == 0.0, world)
            plain = _median_ms(lambda: frame(world, ports, now_s=time.monotonic(), dt_s=0.02))
            took = []
            for k in range(CHANGES):
                assert world.stage.scenario is not None
                before = world.stage.scenario.revision
                choice = LayerChoice("solar", {"share": 0.2 + 0.6 * k / CHANGES})
                link.send(ChooseLayers("a", link.sender, before, f"bench{k}", (choice,)))
                world, ms = draw_until(functools.partial(_shows_newer, before), world)
                took.append(ms)
                pause = time.perf_counter() + 0.25 * (k % 3)  # also wishes that meet a finished year
                while time.perf_counter() < pause:
                    world = frame(world, ports, now_s=time.monotonic(), dt_s=0.02)
        finally:
            link.close()
            window.close()
    return float(np.percentile(took, 95)), "one frame without a change", plain


def _shows_newer(revision: int, world: Any) -> bool:
    block = world.stage.blocks.get(world.paint)
    return block is not None and block.key.scenario_revision > revision


def package_of(buildings: int) -> Path:
    """A package of so many generated buildings, built once."""
    from tools import demo_package
    from tools.progress import Progress

    with Progress() as progress:
        return demo_package.ensure(progress, buildings=buildings)


@contextlib.contextmanager
def simulation(package: Path) -> Iterator[str]:
    """A simulation process of `package`; yields its address line and ends it."""
    options = json.dumps({"package": str(package), "parent_pipe": True})
    command = [sys.executable, "-P", "-m", "sim", options]
    root = str(Path(__file__).resolve().parent.parent)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**_environment(), "PYTHONPATH": root}
    ) as process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(timeout=20)


def _environment() -> dict[str, str]:
    from tools import setup

    return setup.environment()


def _median_ms(work: Callable[[], Any]) -> float:
    from tools.bench import seconds

    return seconds(work, repeats=31) * 1e3
