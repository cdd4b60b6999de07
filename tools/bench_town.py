"""Speed of the picture that people see first: the demo with shadow, lines and panels, at full size and as it adapts;
what the panels take of the main thread, and what a pick adds to a frame.

Frames are finished (gl-finish); sim runs beside, paused, as in a workshop that talks about one hour.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FRAMES = 24
ADAPTING = 40
"""Frames that the render scale gets to settle."""
SIZE = (1280, 720)
NOON_S = (171 * 24 + 13) * 3600.0
"""21 June, 13 o'clock."""
BUDGETS_MS = {
    "demo with shadow and panels, 1280x720": 45.0,
    "demo with automatic render scale, 1280x720": 33.0,
    "panels of the demo, main thread": 1.5,
    "pick in the demo, added to a frame": 2.0,
}
START = "warm start of the demo to its first coloured picture"
"""From the launch of the command until buildings stand in the picture in the colours of the shown day, whatever the
detail of their tiles; shade on the ground and finer tiles come into the standing picture."""


def results(name: str, *, full: bool) -> list[dict[str, Any]]:
    """Rows of the JSON contract whose name contains `name`."""
    del full
    rows = [_start_row()] if name in START else []
    if not any(name in title for title in BUDGETS_MS):
        return rows
    values, sky = frames_ms()
    return rows + [
        {
            "name": title, "value": value, "unit": "ms", "budget": budget,
            "reference": {"name": "a frame of sky alone", "value": sky}, "ratio": value / sky,
        }
        for (title, budget), value in zip(BUDGETS_MS.items(), values, strict=True) if name in title
    ]  # fmt: skip


def frames_ms() -> tuple[tuple[float, ...], float]:
    """Medians [ms] in the order of `BUDGETS_MS`, and of a frame of sky alone; software preset."""
    from app import frame as viewer
    from app.gpu.overlay import Overlay
    from app.gpu.view import View
    from app.gpu.window import Window
    from app.ui.backend import Panels
    from app.world import Panel, Shown, Stage, World
    from network.schema import Seek, SetPace
    from network.wire import Client
    from tools import demo_package
    from tools.bench_picture import simulation
    from tools.progress import Progress

    with Progress() as progress:
        package = demo_package.ensure(progress)
    with simulation(package) as address:
        window = Window(SIZE, offscreen=True, finish=True)
        link = Client(address)
        ports = viewer.Ports(link, window, View(window, preset="software"), Panels(), Overlay(window))
        world = World(Stage(), Shown(), None, Panel(), "surplus_w_m2")
        try:
            link.show(viewer.followed(world))
            began = time.perf_counter()
            asked = False
            while time.perf_counter() - began < 60.0:
                world = viewer.frame(world, ports, now_s=time.monotonic(), dt_s=0.02)
                if not asked and world.stage.clock is not None:
                    asked = True
                    link.send(SetPace(sender=link.sender, pace=0.0))
                    link.send(Seek(sender=link.sender, time_s=NOON_S))
                there = ports.scenery is not None and ports.scenery.settled and world.stage.balance is not None
                if asked and there and link.settled and world.paint in world.stage.blocks:
                    break
            full = _median_ms(lambda: viewer.frame(world, ports, now_s=time.monotonic(), dt_s=0.02), FRAMES)
            panels_ms, pick_ms = _panels_ms(world, ports), _pick_ms(world, ports)
            for _ in range(ADAPTING):
                before = time.perf_counter()
                viewer.frame(world, ports, now_s=time.monotonic(), dt_s=0.02)
                ports.view.adapt((time.perf_counter() - before) * 1e3)
                ports.view.resize()
            scaled = _median_ms(lambda: viewer.frame(world, ports, now_s=time.monotonic(), dt_s=0.02), FRAMES)
            for node in ports.view.scene.get_children():
                if node.get_name() not in ("eye", "sky"):
                    node.hide()
            sky = _median_ms(window.render, FRAMES // 2)
        finally:
            if ports.scenery is not None:
                ports.scenery.close()
            link.close()
            window.close()
    return (full, scaled, panels_ms, pick_ms), sky


def _start_row() -> dict[str, Any]:
    """Package in the cache, kernels compiled; the moment is the viewer's own word in its statistics."""
    from tools import demo_package
    from tools.progress import Progress

    with Progress() as progress:
        package = demo_package.ensure(progress)
    with tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats.json"
        began_s = time.time()
        _command("--version")
        version_s = time.time() - began_s
        began_s = time.time()
        _command("run", str(package), "--offscreen", "--settle", "--stats", str(stats))
        value_s = json.loads(stats.read_text(encoding="utf-8"))["first_picture_unix_s"] - began_s
    return {
        "name": START, "value": value_s * 1e3, "unit": "ms", "budget": 5000.0,
        "reference": {"name": "the command saying its version", "value": version_s * 1e3},
        "ratio": value_s / version_s,
    }  # fmt: skip


def _command(*words: str) -> None:
    root = Path(__file__).resolve().parent.parent
    subprocess.run(
        [sys.executable, "-P", "-m", "tools.main", *words], check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip


def _panels_ms(world: Any, ports: Any) -> float:
    """CPU time of the main thread for panels and signs, from the world to geometry."""
    from app import paint
    from app.light import NOON, light
    from app.ui import panels
    from app.ui.seen import Seen

    legend = paint.legend(world.paint, world.stage.roster.ranges)
    took = []
    for _ in range(FRAMES):
        seen = Seen(SIZE, legend, light(NOON), True, time.monotonic(), ports.scenery.place, None)
        began = time.thread_time()
        ports.ui.begin(SIZE, dt_s=0.02, scale=panels.scale_of(SIZE, 1.0), pointer=None, events=[])
        panels.draw(ports.ui, world, seen)
        painted = ports.ui.end()
        ports.overlay.draw(painted.lists, painted.pictures)
        took.append((time.thread_time() - began) * 1e3)
    return float(np.median(took))


def _pick_ms(world: Any, ports: Any) -> float:
    """Frame with the picture under the pointer and its answer, less the same frame without; neighbours in time."""
    from app.gpu.pick import Picker

    picker = Picker(ports.view)
    took = []
    for _ in range(FRAMES // 2):
        began = time.perf_counter()
        ports.window.render()
        middle = time.perf_counter()
        picker.aim(world.camera, ports.scenery.hello.ground_m, (SIZE[0] / 2, SIZE[1] / 2))
        ports.window.render()
        picker.read()
        took.append((time.perf_counter() - middle) - (middle - began))
    return float(np.median(took) * 1e3)


def _median_ms(work: Callable[[], Any], count: int) -> float:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e3)
    return float(np.median(took))
