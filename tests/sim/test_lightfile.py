"""Light of a large district stays on disk: made there batch by batch, given back behind the march, gone afterwards.

"Large" is set low here: 200 buildings count as such.
"""

import errno
import os
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import random_district, random_weather

from network.problems import Refused
from sim import cache, lightfile, rooms, year, zones
from sim import solar as light
from sim.physics.reduction import Reduced
from sim.prepare import prepare
from sim.solar import Solar, solar

BUILDINGS = 200
DISTRICT = random_district(buildings=BUILDINGS, nodes=0, surfaces=6)
WEATHER = random_weather()
CHANNELS = ("wall", "roof", "pane", "sun", "module")


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Half a megabyte counts as large; the folder where the light lands."""
    monkeypatch.setattr(light, "HELD_BYTES", 1 << 19)
    monkeypatch.setenv("SURPLUS_CACHE_DIR", str(tmp_path / "cache"))
    yield cache.folder()


def nbytes(made: Solar) -> int:
    return sum(getattr(made, name).nbytes for name in CHANNELS)


def resident_bytes() -> int:
    """Of mapped files, in this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssFile"))


def test_light_of_a_large_district_is_never_whole_in_memory(large: Path) -> None:
    town = random_district(buildings=4 * BUILDINGS, nodes=0, surfaces=6)
    solar(DISTRICT, WEATHER)  # tables and kernels
    tracemalloc.start()
    made = solar(town, WEATHER)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert nbytes(made) > 40e6
    assert peak < 0.25 * nbytes(made)


def test_it_is_the_same_light_to_the_last_bit(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = solar(DISTRICT, WEATHER)
    monkeypatch.setattr(light, "_SCRATCH_BYTES", 1e5)  # batches of six steps
    finer = solar(DISTRICT, WEATHER)
    monkeypatch.setattr(light, "HELD_BYTES", 1 << 30)
    held = solar(DISTRICT, WEATHER)
    assert filed.mapped == ()  # under that limit
    assert filed.key == held.key
    for name in ("row", "carrier", *CHANNELS):
        assert np.array_equal(getattr(filed, name), getattr(held, name)), name
        assert np.array_equal(getattr(finer, name), getattr(held, name)), name


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is resident")
def test_a_year_holds_no_more_of_it_than_its_day(large: Path) -> None:
    made = solar(DISTRICT, WEATHER)
    assert len(made.mapped) == len(CHANNELS)
    case = prepare(DISTRICT, made, WEATHER)
    year.complete(prepare(DISTRICT, solar(DISTRICT, WEATHER), WEATHER))  # whatever else is loaded on the way
    before = resident_bytes()
    year.complete(case)
    assert resident_bytes() - before < 0.3 * nbytes(made)
    assert np.asarray(made.wall).any()  # it can be read again


def test_the_year_is_the_same_to_the_last_bit(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = year.complete(prepare(DISTRICT, solar(DISTRICT, WEATHER), WEATHER))
    monkeypatch.setattr(light, "HELD_BYTES", 1 << 30)
    held = year.complete(prepare(DISTRICT, solar(DISTRICT, WEATHER), WEATHER))
    assert np.array_equal(filed.ledger.steps, held.ledger.steps)
    assert np.array_equal(filed.ledger.months, held.ledger.months)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the names of mapped files")
def test_scratch_files_are_gone_at_once(large: Path) -> None:
    made = solar(DISTRICT, WEATHER)
    assert list(large.glob(".light-*")) == []
    assert made.wall.any()


def test_with_a_cache_it_is_made_once(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = solar(DISTRICT, WEATHER, cache=large / "solar")
    assert [p.name for p in (large / "solar").iterdir()] == [f"solar-{first.key}"]
    monkeypatch.setattr(lightfile.Writer, "put", None)  # nothing may be written again
    second = solar(DISTRICT, WEATHER, cache=large / "solar")
    assert np.array_equal(first.module, second.module)
    assert len(second.mapped) == len(CHANNELS)


def test_no_room_is_refused_before_the_work(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = lightfile.shutil.disk_usage(large)
    monkeypatch.setattr(lightfile.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(Refused, match=r"sunlight of this district takes 0\.0 GB on disk.*SURPLUS_CACHE_DIR"):
        solar(DISTRICT, WEATHER, progress=lambda *_: pytest.fail("began"))


@pytest.mark.parametrize("kept", [False, True])
def test_a_disk_that_fills_up_is_told_and_left_clean(large: Path, monkeypatch: pytest.MonkeyPatch, kept: bool) -> None:
    """The fourth batch meets a full disk."""
    place = large / "solar" if kept else large
    real = lightfile.Writer.put
    batches = iter(range(3))

    class Full:
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    def put(self: lightfile.Writer, channels: Any) -> None:
        if next(batches, None) is None:
            for file in self._files:
                file.close()
            self._files = [Full()] * len(self._files)
        real(self, channels)

    monkeypatch.setattr(lightfile.Writer, "put", put)
    with pytest.raises(Refused, match=r"No space left on device; free the disk, or set SURPLUS_CACHE_DIR"):
        solar(DISTRICT, WEATHER, cache=place if kept else None)
    assert [p for p in place.iterdir() if "light-" in p.name or "solar-" in p.name] == []


def test_what_a_killed_process_left_is_swept(large: Path) -> None:
    old, young = large / ".light-old", large / ".light-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "wall.npy").write_bytes(b"half")
    os.utime(old, (time.time() - 1e6,) * 2)
    solar(DISTRICT, WEATHER)
    assert not old.exists()
    assert young.exists()


def test_old_light_makes_room_for_new(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for two results: of three the one that was used least recently goes, and the newest always stays."""
    folder = large / "solar"
    towns = [random_district(seed=seed, buildings=BUILDINGS, nodes=0, surfaces=6) for seed in (1, 2, 3)]
    monkeypatch.setattr(lightfile, "_KEPT_BYTES", 2.5 * nbytes(solar(towns[0], WEATHER)))
    made = []
    for k, town in enumerate(towns):
        made.append(solar(town, WEATHER, cache=folder))
        os.utime(folder / f"solar-{made[-1].key}", (1e9 + k,) * 2)
    assert {p.name for p in folder.iterdir()} == {f"solar-{m.key}" for m in made[1:]}
    assert made[0].wall.any()  # whoever has it open goes on reading
    monkeypatch.setattr(lightfile, "_KEPT_BYTES", 1.0)
    last = solar(towns[0], WEATHER, cache=folder)
    assert [p.name for p in folder.iterdir()] == [f"solar-{last.key}"]


def test_buildings_are_reduced_in_blocks_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fabric() -> Reduced:
        district = random_district(buildings=BUILDINGS, nodes=0, surfaces=6)  # new columns: nothing is remembered
        rooms._made.clear()
        return prepare(district, made, WEATHER).rooms.fabric

    made = solar(DISTRICT, WEATHER)
    whole = fabric()
    monkeypatch.setattr(zones, "BLOCK", 37)
    blocks = fabric()
    for f in fields(Reduced):
        assert np.array_equal(getattr(whole, f.name), getattr(blocks, f.name)), f.name
