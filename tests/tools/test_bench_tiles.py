"""The bench of tiles: its late server, its towns, its counting of holes, and its rows on a small town."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import urllib3

from app.camera import eye_of, looking_at
from app.tiles.formats import content
from app.tiles.tree import tileset
from tools import bench, bench_flight, bench_stage, bench_tiles, holes, random_town
from tools.tile_server import served

HOUSES = 600
SIZE = (1280, 720)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "tiles"
    random_town.quarters(folder, buildings=HOUSES, leaf_m=200.0)
    return folder / "tileset.json"


def test_every_answer_is_late_and_many_are_late_together(tmp_path: Path) -> None:
    (tmp_path / "tile.glb").write_bytes(bytes(range(256)) * 1000)
    (tmp_path.parent / "secret").write_bytes(b"not of this folder")
    with served(tmp_path, latency_s=0.1) as address, urllib3.PoolManager(maxsize=8, retries=False) as pool:
        begin = time.perf_counter()
        answer = pool.request("GET", f"{address}/tile.glb?key=1")
        assert answer.status == 200 and answer.data == (tmp_path / "tile.glb").read_bytes()
        assert time.perf_counter() - begin >= 0.1
        with ThreadPoolExecutor(8) as threads:
            begin = time.perf_counter()
            answers = list(threads.map(lambda _: pool.request("GET", f"{address}/tile.glb").status, range(16)))
            took_s = time.perf_counter() - begin
        assert answers == [200] * 16
        assert 0.2 <= took_s < 1.2, "two rounds of eight, not sixteen one after the other"
        assert pool.request("GET", f"{address}/none.glb").status == 404
        assert pool.request("GET", f"{address}/%2e%2e/secret").status == 404
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{address}/tile.glb", retries=False, timeout=2.0)


def test_a_town_in_quarters_has_every_house_once(town: Path) -> None:
    table, _ = tileset.load(str(town))
    slots = {name: k + 1 for k, name in enumerate(random_town.ids(HOUSES))}
    seen: list[int] = []
    for row in np.flatnonzero(~table.has_children):
        for mesh in content.decode(Path(table.contents[row][0]).read_bytes(), slots):
            seen += np.unique(mesh.info[:, 0]).astype(int).tolist()
    assert sorted(seen) == list(range(1, HOUSES + 1))
    assert not table.has_content[0] and (table.parent == 0).sum() == 4
    low, high = table.centre_m - table.half_m, table.centre_m + table.half_m
    assert (low[0] <= low.min(axis=0) + 0.1).all() and (high[0] >= high.max(axis=0) - 0.1).all()


def test_a_gap_is_a_hole_and_detail_that_goes_for_nothing_has_vanished(town: Path) -> None:
    table, _ = tileset.load(str(town))
    leaves = np.flatnonzero(~table.has_children)
    quarters = np.flatnonzero(table.parent == 0)
    near = eye_of(looking_at(np.zeros(3), distance_m=500.0, heading_rad=0.0, pitch_rad=1.2), size=SIZE)
    far = eye_of(looking_at(np.zeros(3), distance_m=50_000.0, heading_rad=0.0, pitch_rad=1.2), size=SIZE)
    owner, points = holes.pieces(table)
    seen = holes.in_view(points, near)
    in_view = int(seen.sum())
    assert in_view >= 4

    def flight(*frames: tuple[object, np.ndarray]) -> holes.Found:
        return holes.count(table, [holes.Drawn(eye, rows, 16.0) for eye, rows in frames])

    assert flight((near, leaves), (near, leaves)) == holes.Found(2 * in_view, 0, 0)
    middle = leaves[np.argmin(np.linalg.norm(table.centre_m[leaves, :2], axis=1))]
    assert flight((near, leaves[leaves != middle])).holes == (seen & (owner == middle)).sum() >= 1
    assert flight((near, quarters)).holes == 0, "a coarse tile covers the leaves below it"
    assert flight((near, leaves), (near, quarters)).vanished == in_view
    assert flight((near, quarters), (near, leaves)).vanished == 0
    assert flight((near, leaves), (far, quarters)).vanished == 0, "from afar the coarse tile is good enough"


def test_a_small_flight_has_all_rows_and_nothing_gapes(tmp_path: Path) -> None:
    random_town.write(tmp_path / "tiles", buildings=HOUSES, leaf_m=200.0)
    with bench_stage.stage(HOUSES, size=(64, 36)) as scene, served(tmp_path / "tiles", latency_s=0.005) as address:
        rows = bench_flight.flight_rows(scene, f"{address}/tileset.json", 60)
        hour = bench_flight.hour_rows(scene, f"{address}/tileset.json", 1.0)
    found = {row["name"]: row for row in rows}
    assert set(found) == {bench_flight.WORK, bench_flight.ADDED, bench_flight.PEAK, bench_flight.HOLES,
                          bench_flight.VANISHED}  # fmt: skip
    for name in (bench_flight.PEAK, bench_flight.HOLES, bench_flight.VANISHED):
        assert found[name]["value"] <= bench.allowed(found[name], 1.0)
    assert found[bench_flight.HOLES]["reference"]["value"] > 60, "leaves were in view"
    assert found[bench_flight.PEAK]["value"] > 0
    assert all(row["name"] == bench_flight.GROWTH and row["reference"]["value"] > 10 for row in hour)


def test_only_time_may_take_longer_on_a_slower_machine() -> None:
    assert bench.allowed({"budget": 3.0, "unit": "ms"}, 2.0) == 6.0
    assert bench.allowed({"budget": 3.0, "unit": "MB"}, 2.0) == 3.0
    assert bench.allowed({"budget": 0.0, "unit": ""}, 2.0) == 0.0


def test_decoding_is_measured_beside_a_copy() -> None:
    (row,) = bench_tiles.decode_rows()
    assert row["value"] > row["reference"]["value"] > 0
    assert row["budget"] == 0.5 and row["unit"] == "ms"
