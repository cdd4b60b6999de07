"""A low flight across a generated town that streams under a memory cap: what it costs each frame, and what is seen.

The frames are drawn small, for tiles as a full picture would have them: what is measured is the work with tiles, not
the filling of pixels. The error on the screen is what the viewer allows itself on software GL. The same flight with
everything loaded says what a frame costs without loading.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import holes
from tools.bench_stage import SIZE, Stage, half_m, stage, whole
from tools.tile_server import served

Row = dict[str, Any]
Float = NDArray[np.float64]

BUILDINGS = 10_000
FRAMES, FULL_FRAMES = 1_000, 10_000
SMALL = (160, 90)
CAP_SHARE = 0.5
"""Memory cap over what the whole town takes: tiles come and go all the time."""
HOUR_S, WARM_S, EVERY_S = 3600.0, 600.0, 10.0
"""The long flight; how much of it memory gets to find its level; time between two looks at it."""
FLAT_MB = 32.0
"""Growth in an hour that is called flat."""
RATE_HZ = 60.0
LAP_S = 60.0

WORK = f"tiles: main-thread work in a flight over {BUILDINGS} buildings, p99"
ADDED = "tiles: time that loading adds to a frame of the flight, p99.9"
PEAK = "tiles: peak memory of the flight"
HOLES = "tiles: holes in the flight"
VANISHED = "tiles: detail that vanished in the flight"
GROWTH = "tiles: growth of the process in an hour of flight"


@dataclass
class Flown:
    """What a flight came to."""

    frame_ms: list[float] = field(default_factory=list)
    work_ms: list[float] = field(default_factory=list)
    drawn: list[holes.Drawn] = field(default_factory=list)
    peak_bytes: int = 0
    cap_bytes: int = 0
    largest_bytes: int = 0
    found: holes.Found = field(default_factory=holes.Found)


def results(name: str, *, full: bool) -> list[Row]:
    """Rows of the JSON contract whose name contains `name`."""
    from tools import random_town

    rows: list[Row] = []
    if not any(name in title for title in (WORK, ADDED, PEAK, HOLES, VANISHED)) and not (full and name in GROWTH):
        return rows
    root = random_town.ensure(BUILDINGS)
    with stage(BUILDINGS, size=SMALL) as scene, served(root.parent) as address:
        if any(name in title for title in (WORK, ADDED, PEAK, HOLES, VANISHED)):
            rows += flight_rows(scene, f"{address}/{root.name}", FULL_FRAMES if full else FRAMES)
        if full and name in GROWTH:
            rows += hour_rows(scene, f"{address}/{root.name}", HOUR_S)
    return [row for row in rows if name in row["name"]]


def flight_rows(scene: Stage, root: str, frames: int) -> list[Row]:
    """The flight with everything loaded, then from nothing under the cap."""
    with scene.streaming(root) as stream:
        scene.fetch_all(stream, whole(stream))
        bytes_of_all = stream.bytes
        calm = fly(scene, stream, frames)
    with scene.streaming(root, cap_bytes=int(CAP_SHARE * bytes_of_all)) as stream:
        _begin(scene, stream)
        flown = fly(scene, stream, frames)
    return rows_of(calm, flown)


def fly(scene: Stage, stream: Any, frames: int) -> Flown:
    """Fly once across the town and back, as fast as frames come."""
    from app.camera import eye_of

    flown = Flown(cap_bytes=stream.cap_bytes)
    stream.work_ms.clear()
    for k in range(frames):
        camera = path(half_m(stream), k / frames)
        flown.frame_ms.append(scene.draw(stream, camera, limit_px=scene.view.error_px))
        flown.drawn.append(holes.Drawn(eye_of(camera, size=SIZE), stream.drawn.copy(), stream.limit_px))
    flown.work_ms = list(stream.work_ms)
    flown.peak_bytes, flown.largest_bytes = stream.peak_bytes, scene.largest_bytes
    flown.found = holes.count(stream.tiles, flown.drawn)
    return flown


def path(half: float, share: float) -> Any:
    """Where the camera is after this share of the flight: a lap low over the town, with turns of the head, one rise."""
    from app.camera import looking_at

    turn = 2 * np.pi * share
    target = 0.7 * half * np.array([np.sin(turn), np.sin(2 * turn), 0.0])
    distance = 900.0 if 0.47 < share < 0.53 else 220.0
    return looking_at(target, distance_m=distance, heading_rad=3 * turn, pitch_rad=0.5)


def rows_of(calm: Flown, flown: Flown) -> list[Row]:
    """Rows of a flight beside the same in which nothing was loaded, frame by frame."""
    added = float(np.percentile(np.subtract(flown.frame_ms, calm.frame_ms), 99.9))
    work = float(np.percentile(flown.work_ms, 99))
    peak, cap, most = (b / 1e6 for b in (flown.peak_bytes, flown.cap_bytes, flown.cap_bytes + flown.largest_bytes))
    looked = float(flown.found.looked)
    return [
        _row(WORK, work, "ms", 3.0, "median frame of the flight", float(np.median(flown.frame_ms))),
        _row(ADDED, added, "ms", 10.0, "median frame without loading", float(np.median(calm.frame_ms))),
        _row(PEAK, peak, "MB", most, "memory cap", cap),
        _row(HOLES, float(flown.found.holes), "", 0.0, "pieces of the picture looked at", looked),
        _row(VANISHED, float(flown.found.vanished), "", 0.0, "pieces of the picture looked at", looked),
    ]


def hour_rows(scene: Stage, root: str, lasting_s: float) -> list[Row]:
    """Growth of this process over a flight in real time; none where the system does not tell a process's memory."""
    if resident_bytes() == 0:
        return []
    with scene.streaming(root) as stream:
        scene.fetch_all(stream, whole(stream))
        bytes_of_all = stream.bytes
    with scene.streaming(root, cap_bytes=int(CAP_SHARE * bytes_of_all)) as stream:
        samples = np.array(list(_held(scene, stream, lasting_s)))
    warm = samples[samples[:, 0] >= lasting_s * WARM_S / HOUR_S]
    growth = float(np.polyfit(warm[:, 0], warm[:, 1], 1)[0]) * HOUR_S
    return [_row(GROWTH, max(growth, 0.0) / 1e6, "MB", FLAT_MB, "the process", float(warm[0, 1]) / 1e6)]


def _held(scene: Stage, stream: Any, lasting_s: float) -> Iterator[tuple[float, float]]:
    """(time, memory) now and then while the town is flown over, lap after lap, in real time."""
    _begin(scene, stream)
    begin = now = time.perf_counter()
    due = begin
    while now - begin < lasting_s:
        scene.draw(stream, path(half_m(stream), (now - begin) / LAP_S % 1.0), limit_px=scene.view.error_px)
        if now >= due:
            yield now - begin, float(resident_bytes())
            due += min(EVERY_S, lasting_s / 60)
        time.sleep(max(0.0, now + 1 / RATE_HZ - time.perf_counter()))
        now = time.perf_counter()


def _begin(scene: Stage, stream: Any) -> None:
    """Wait at the start for the first picture: before it there is nothing but holes."""
    camera = path(half_m(stream), 0.0)
    deadline = time.perf_counter() + 30.0
    while not (stream.settled and len(stream.drawn)) and time.perf_counter() < deadline:
        scene.draw(stream, camera, limit_px=scene.view.error_px)


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell."""
    import os

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _row(name: str, value: float, unit: str, budget: float, reference: str, of: float) -> Row:
    return {"name": name, "value": value, "unit": unit, "budget": budget,
            "reference": {"name": reference, "value": of}, "ratio": value / of if of else 0.0}  # fmt: skip
