"""A small package on disk, a simulation process on it, and a viewer's end that waits for what it wants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from factories import random_district

from network import schema, wire
from sim import package, store, weather
from tools import climate

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
HANGS_S = 60.0
"""What has not come by then never will: several times what a loaded machine needs to start a simulation."""
M = TypeVar("M", bound=schema.Message)


@cache
def _year() -> bytes:
    """A generated year, which takes most of a second to make."""
    with tempfile.TemporaryDirectory() as folder:
        climate.write_epw(Path(folder) / "year.epw", seed=1)
        return (Path(folder) / "year.epw").read_bytes()


def write_year(path: Path) -> None:
    """A generated weather year as a file; the same one every time."""
    path.write_bytes(_year())


def write_package(folder: Path, *, buildings: int = 30, nodes: int = 40) -> Path:
    """A random district with a generated weather year and an empty tileset."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    epw, tiles = folder.parent / "weather.epw", folder.parent / "tiles"
    write_year(epw)
    tiles.mkdir()
    (tiles / "tileset.json").write_text('{"asset": {"version": "1.1"}}')
    steps = weather.read_epw(epw).steps
    district = random_district(seed=1, buildings=buildings, nodes=nodes, steps=steps)
    package.save(folder, district=district, weather=epw, tiles=tiles)
    return folder


def start_sim(options: dict[str, Any]) -> subprocess.Popen[str]:
    """`python -m sim` with a pipe as its parent."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "sim", json.dumps({"parent_pipe": True, **options})],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip


@contextmanager
def sim_process(options: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A simulation process and its address line; it ends at the end."""
    process = start_sim(options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise AssertionError(f"no address line; it said {process.communicate()[1]}")
        yield process, line
    finally:
        end(process)


def sim_of(folder: Path, *, other_than: int = 0) -> tuple[str, int]:
    """Address line and process of the sim that holds the package, once it is another than the dead one."""
    lock = store.path_of(folder).with_suffix(".lock")
    end_s = time.monotonic() + HANGS_S
    while time.monotonic() < end_s:
        lines = lock.read_text().splitlines() if lock.exists() else []
        if len(lines) == 2 and int(lines[1]) != other_than:
            return lines[0], int(lines[1])
        time.sleep(0.02)
    raise AssertionError("no sim took the package")


def end(process: subprocess.Popen[str]) -> int:
    """Close stdin and wait; a process that stays is killed and the test fails."""
    try:
        process.communicate(timeout=20.0)
    except (subprocess.TimeoutExpired, ValueError):
        process.kill()
        process.wait()
        raise
    return process.returncode


class Watcher:
    """A viewer without a picture: the newest message of every kind, and the refusals."""

    def __init__(self, line: str, quantities: tuple[str, ...] = ("surplus_w_m2", "pv_w", "line_w", "sun_enu")) -> None:
        self.client = wire.Client(line)
        self.client.show(quantities)
        self.newest: dict[str, Any] = {}
        self.refusals: list[str] = []
        self.heard: list[schema.Message] = []

    def look(self) -> list[schema.Message]:
        """Drain once."""
        messages = self.client.poll()
        for m in messages:
            if isinstance(m, schema.Answer):
                self.refusals.append(m.refused)
            self.newest[getattr(m, "quantity", type(m).__name__.lower())] = m
        self.heard += messages
        return messages

    def until(self, done: Callable[[], Any], within_s: float = HANGS_S) -> float:
        """Look until `done()`; the time it took."""
        begin = time.perf_counter()
        while not done():
            assert time.perf_counter() - begin < within_s, f"not within {within_s} s; newest {self.newest.keys()}"
            self.look()
            time.sleep(0.001)
        return time.perf_counter() - begin

    @property
    def scenario(self) -> schema.Scenario:
        """The newest."""
        return self.newest["scenario"]

    @property
    def settled(self) -> bool:
        """Whether the year and all blocks of the newest scenario are there, final."""
        clock = self.newest.get("clock")
        if clock is None or not self.client.settled or clock.computing < 1.0 or not clock.keys:
            return False
        key = clock.keys["a"]
        return not key.provisional and key.scenario_revision == self.scenario.revision

    def choose(self, value: float, *, gesture: str = "") -> None:
        """Wish for solar roofs on a share of the roofs."""
        choice = (schema.LayerChoice("solar", {"share": value}),)
        wish = schema.ChooseLayers("a", self.client.sender, self.scenario.revision, gesture, choice)
        self.client.send(wish)

    def settle(self, within_s: float = HANGS_S) -> None:
        """Wait until nothing is missing."""
        self.until(lambda: self.settled, within_s)

    def close(self) -> None:
        """At once."""
        self.client.close()
