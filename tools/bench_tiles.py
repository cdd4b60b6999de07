"""Speed of tiles: the bare picture of a large generated town, and the main thread's share of a flight over it.

Bare as the peers were measured: nothing but the tiles, no sky, no ground, no shadow pass, no panels, no simulation; the
whole town in view.
Frames are finished (gl-finish): without it software GL reports times of work it has not done.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

BUILDINGS = 10_000
FRAMES = 60
FLIGHT_FRAMES = 250
SIZE = (1280, 720)
WRITERS = ("random_town", "tiles", "lod", "lod_land", "glb", "geometry", "triangles", "overlap")
"""Modules that the town comes from."""


def results(name: str, *, full: bool) -> list[dict[str, Any]]:
    """Rows of the JSON contract whose name contains `name`."""
    del full  # both are quick
    bare = f"bare tileset, {BUILDINGS} buildings, frame"
    flown = f"tile work of a flight over {BUILDINGS} buildings, p99"
    if name not in bare and name not in flown:
        return []
    rows = []
    with _stage() as stage:
        if name in bare:
            value, empty = stage.standing()
            rows.append(_row(bare, value, 20.0, "the same frame without tiles", empty))
        if name in flown:
            value, frame = stage.flying()
            rows.append(_row(flown, value, 3.0, "median frame of the flight", frame))
    return rows


def _row(name: str, value: float, budget: float, reference: str, of: float) -> dict[str, Any]:
    return {
        "name": name, "value": value, "unit": "ms", "budget": budget, "reference": {"name": reference, "value": of},
        "ratio": value / of,
    }  # fmt: skip


class Stage:
    """A window, a view and the town's tiles in it."""

    def __init__(self, window: Any, address: Path) -> None:
        from app.camera import looking_at
        from app.gpu.arrays import image
        from app.gpu.town import Town
        from app.gpu.view import View, vec
        from app.light import NOON, light
        from app.paint import legend
        from app.tiles import tileset
        from app.tiles.cache import Stream
        from tools.random_town import ids

        self.window, self.view = window, View(window, preset="software")
        self.town = Town(self.view.town)
        table, _ = tileset.load(str(address))
        slots = {name: k + 1 for k, name in enumerate(ids(BUILDINGS))}
        self.stream = Stream(table, slots, prepare=self.town.prepare)
        levels = np.random.default_rng(1).uniform(-1, 1, BUILDINGS).astype(np.float32)
        self.town.paint(levels)
        self.town.legend(legend("surplus_w_m2", {}))
        self.light = light(NOON)
        self.view.shine(self.light)
        # Without a ground nothing is blurred around the houses: open sky.
        self.view.scene.set_shader_input("relief", image("open", np.zeros((1, 1, 3))))
        self.view.scene.set_shader_input("relief_box", vec((-1e4, -1e4, 2e4, 0.0)))
        self.view.scene.find("sky").stash()
        self.half_m = float(table.half_m[0, 0])
        self.far = looking_at(np.zeros(3), distance_m=2.6 * self.half_m, heading_rad=0.5, pitch_rad=0.55)

    def draw(self, camera: Any) -> float:
        """One frame from there; its time in ms."""
        from app.camera import eye_of

        begin = time.perf_counter()
        self.stream.update([eye_of(camera, size=SIZE)], self.town)
        self.view.look(camera, 0.0)
        self.view.cast(self.light, np.zeros(3), 1500.0, 0)
        self.window.render()
        return (time.perf_counter() - begin) * 1e3

    def standing(self) -> tuple[float, float]:
        """Median frame time with the whole town in view, and without the town [ms]."""
        for _ in range(2000):
            self.draw(self.far)
            if self.stream.settled:
                break
        full = [self.draw(self.far) for _ in range(FRAMES)]
        self.town.node.stash()
        empty = [self.draw(self.far) for _ in range(FRAMES // 2)]
        self.town.node.unstash()
        return float(np.median(full)), float(np.median(empty))

    def flying(self) -> tuple[float, float]:
        """99th percentile of tile work by frame, and the median frame, of a low flight across the town [ms]."""
        from app.camera import looking_at

        self.stream.work_ms.clear()
        frames = []
        for k in range(FLIGHT_FRAMES):
            target = np.array([(2 * k / FLIGHT_FRAMES - 1) * 0.8 * self.half_m, 0.0, 0.0])
            frames.append(self.draw(looking_at(target, distance_m=350.0, heading_rad=1.3, pitch_rad=0.4)))
        return float(np.percentile(self.stream.work_ms, 99)), float(np.median(frames))


@contextmanager
def _stage() -> Iterator[Stage]:
    from app.gpu.window import Window

    sys.setswitchinterval(0.0005)  # as the viewer does: decode threads must not hold up the drawing thread
    window = Window(SIZE, offscreen=True, finish=True)
    stage = None
    try:
        stage = Stage(window, town())
        yield stage
    finally:
        if stage is not None:
            stage.stream.close()
        window.close()


def town() -> Path:
    """tileset.json of the generated town, written once by each version of the writer."""
    from sim import cache
    from tools import random_town

    digest = hashlib.blake2b(digest_size=6)
    for name in WRITERS:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    folder = cache.folder() / f"tiles-{digest.hexdigest()}"
    if not (folder / "tileset.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            random_town.write(Path(scratch) / "tiles", buildings=BUILDINGS)
            for old in folder.parent.glob("tiles-*"):
                shutil.rmtree(old, ignore_errors=True)
            (Path(scratch) / "tiles").rename(folder)
    return folder / "tileset.json"
