"""Speed of tiles, on generated towns served over HTTP on this machine, every answer late by a fixed time.

A picture with the whole town in view; loading all of it, leaves and everything above them; decoding alone. The flight
is in tools.bench_flight, the scene in tools.bench_stage.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tools import bench_flight
from tools.bench_stage import stage, whole
from tools.tile_server import served

Row = dict[str, Any]

SMALL, LARGE = 10_000, 50_000
FRAMES = 20
VERTICES = 20_000
IN_FLIGHT = 16
"""Connections of the reference that fetches and does nothing else."""
FRAME = "tiles: {} buildings, frame"
LOADED = f"tiles: {LARGE} buildings all loaded"
DECODED = f"tiles: decode of {VERTICES} vertices, not compressed"
FRAME_MS = {SMALL: 20.0, LARGE: 70.0}


def results(name: str, *, full: bool) -> list[Row]:
    """Rows of the JSON contract whose name contains `name`; with `full` the flight is longer, and there is an hour."""
    rows = decode_rows() if name in DECODED else []
    for buildings in (SMALL, LARGE):
        titles = [FRAME.format(buildings), *([LOADED] if buildings == LARGE else [])]
        if any(name in title for title in titles):
            rows += town_rows(buildings)
    return [row for row in rows if name in row["name"]] + bench_flight.results(name, full=full)


def town_rows(buildings: int) -> list[Row]:
    """A town's frame; of the large one also how long all of it takes to come."""
    from tools import random_town

    root = random_town.ensure(buildings)
    rows: list[Row] = []
    with stage(buildings) as scene, served(root.parent) as address:
        where = f"{address}/{root.name}"
        plain_s = _fetched_s(address, root.parent) if buildings == LARGE else 0.0
        begin = time.perf_counter()
        with scene.streaming(where) as stream:
            opened_s = time.perf_counter() - begin
            camera = whole(stream)
            loaded_s = opened_s + scene.fetch_all(stream, camera)
            for _ in range(3):
                scene.draw(stream, camera)
            drawn = statistics.median(scene.draw(stream, camera) for _ in range(FRAMES))
            scene.town.node.stash()
            empty = statistics.median(scene.render(camera) for _ in range(FRAMES))
            scene.town.node.unstash()
    rows.append(_row(FRAME.format(buildings), drawn, "ms", FRAME_MS[buildings], "the same frame without tiles", empty))
    if buildings == LARGE:
        rows.append(_row(LOADED, loaded_s, "s", 1.5, "fetching the same files and no more", plain_s))
    return rows


def _fetched_s(address: str, folder: Path) -> float:
    """Time to fetch all of a folder's tiles by plain connections [s]."""
    import urllib3

    names = [str(path.relative_to(folder)) for path in folder.rglob("*.glb")]
    with urllib3.PoolManager(maxsize=IN_FLIGHT) as pool, ThreadPoolExecutor(IN_FLIGHT) as threads:
        begin = time.perf_counter()
        for answer in threads.map(lambda name: pool.request("GET", f"{address}/{name}"), names):
            assert answer.status == 200
        return time.perf_counter() - begin


def decode_rows() -> list[Row]:
    """Decoding one tile of so many vertices, bounds included, by the decoder that the viewer has, beside a copy."""
    import tempfile

    from app.tiles.formats.content import decode
    from tools import random_town

    houses = VERTICES // 24  # of a house's faces; some have a gable more
    with tempfile.TemporaryDirectory() as folder:
        random_town.write(Path(folder), buildings=houses, leaf_m=1e5)
        content = (Path(folder) / "all.glb").read_bytes()
    slots = {name: k + 1 for k, name in enumerate(random_town.ids(houses))}

    def work() -> int:
        meshes = decode(content, slots)
        return sum(len(mesh.position) for mesh in meshes if np.isfinite(mesh.bounds[0]).all())

    share = VERTICES / work()
    value, copy = (share * 1e3 * _median_s(f) for f in (work, lambda: bytearray(content)))
    return [_row(DECODED, value, "ms", 0.5, "a copy of the same bytes", copy)]


def _median_s(work: Callable[[], Any], *, repeats: int = 61) -> float:
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def _row(name: str, value: float, unit: str, budget: float, reference: str, of: float) -> Row:
    return {"name": name, "value": value, "unit": unit, "budget": budget,
            "reference": {"name": reference, "value": of}, "ratio": value / of}  # fmt: skip
