"""Tiles come in from disk on their own threads; broken ones are listed; memory keeps to its cap."""

import time
from pathlib import Path

import numpy as np
import pytest
from plain_stage import Table
from toytown import HEIGHT, LATITUDE, LONGITUDE, houses, write_tileset

from app.tiles import tileset
from app.tiles.cache import Stream
from app.tiles.geodesy import ecef_from_enu, geodetic_from_ecef
from app.tiles.select import Eye
from network.problems import Refused

ABOVE = Eye(np.array([0.0, 0.0, 900.0]), np.array([[0.0, 0.0, -1.0, 900.0]]), 720.0, 0.8)


def load(path: Path) -> tileset.Tileset:
    world = np.linalg.inv(ecef_from_enu(LATITUDE, LONGITUDE, HEIGHT))
    return tileset.load(str(path), world_from_root=world)[0]


def run(stream: Stream, stage: Table, eye: Eye = ABOVE) -> None:
    deadline = time.monotonic() + 20.0
    stream.update(eye, stage)
    while not stream.settled and time.monotonic() < deadline:
        time.sleep(0.002)
        stream.update(eye, stage)
    assert stream.settled


@pytest.fixture
def town(tmp_path: Path) -> Path:
    rows = houses(2)
    return write_tileset(tmp_path / "tiles", rows, [f"b{k}" for k in range(len(rows))])


def test_a_town_settles_with_every_tile_and_its_ground_where_it_was_built(town: Path) -> None:
    stage = Table()
    stream = Stream(load(town), {"b0": 1})
    run(stream, stage)
    stream.close()
    assert stream.loaded == stream.visible == 4 and stream.errors == []
    for meshes, matrix in stage.tiles.values():
        local = meshes[0].position @ (matrix @ meshes[0].matrix)[:3, :3].T + (matrix @ meshes[0].matrix)[:3, 3]
        assert local[:, 2].min() == pytest.approx(0.0, abs=1e-3)


def test_broken_and_missing_tiles_are_listed_and_the_rest_is_drawn(town: Path) -> None:
    (town.parent / "00.glb").write_bytes(b"glTF")
    (town.parent / "11.glb").unlink()
    stage = Table()
    stream = Stream(load(town), {})
    run(stream, stage)
    stream.close()
    assert stream.visible == 2
    reasons = {Path(e["uri"]).name: e["reason"] for e in stream.errors}
    assert "truncated" in reasons["00.glb"] and "fetched" in reasons["11.glb"]


def test_memory_keeps_to_its_cap_and_what_is_in_view_stays(town: Path) -> None:
    stage = Table()
    stream = Stream(load(town), {}, cap_bytes=1)
    for _ in range(50):
        stream.update(ABOVE, stage)
        time.sleep(0.002)
    away = Eye(ABOVE.position_m, np.array([[0.0, 0.0, 1.0, -5000.0]]), 720.0, 0.8)
    for _ in range(5):
        stream.update(away, stage)
    stream.close()
    assert stream.bytes == 0 and stage.tiles == {}


def test_no_tileset_is_refused_by_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.json"):
        tileset.load(str(tmp_path / "nowhere.json"))
    (tmp_path / "odd.json").write_text("[]")
    with pytest.raises(Refused, match="not a tileset"):
        tileset.load(str(tmp_path / "odd.json"))


def test_earth_and_back() -> None:
    point = ecef_from_enu(LATITUDE, LONGITUDE, HEIGHT)[:3, 3]
    assert geodetic_from_ecef(point) == pytest.approx((LATITUDE, LONGITUDE, HEIGHT), abs=1e-6)


@pytest.mark.parametrize("path", ["1.0", "1.1"])
def test_every_published_sample_loads_or_names_its_reason(shared: Path, path: str) -> None:
    """Samples of others (CesiumGS/3d-tiles-samples): nothing raises, nothing hangs, failures have reasons."""
    found = sorted((shared / "tiles" / "samples" / path).glob("*/tileset.json"))
    assert found
    for sample in found:
        table, _ = tileset.load(str(sample))
        stage = Table()
        stream = Stream(table, {})
        near = Eye(table.centre_m[0], np.zeros((1, 4)), 720.0, 0.8)
        run(stream, stage, near)
        stream.close()
        assert all(e["reason"] for e in stream.errors)
