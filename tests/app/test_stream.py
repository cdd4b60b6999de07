"""Tiles come in from disk and servers on their own threads; broken ones are listed and tried again; memory keeps to its
caps; what is settled does not change."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plain_stage import Table
from tile_server import TileServer
from toytown import HEIGHT, LATITUDE, LONGITUDE, houses, write_tileset
from toytrees import Tree, house

from app.tiles import schedule
from app.tiles.cache import _AHEAD_EVERY, Stream
from app.tiles.eye import Eye
from app.tiles.formats.content import decode
from app.tiles.geodesy import ecef_from_enu, geodetic_from_ecef
from app.tiles.tree import tileset
from app.tiles.tree.table import Tileset

ABOVE = Eye(np.array([0.0, 0.0, 900.0]), np.array([[0.0, 0.0, -1.0, 900.0]]), 720.0, 0.8)
AWAY = Eye(ABOVE.position_m, np.array([[0.0, 0.0, 1.0, -5000.0]]), 720.0, 0.8)
NEAR = Eye(np.array([0.0, 0.0, 60.0]), np.array([[0.0, 0.0, -1.0, 60.0]]), 720.0, 0.8)


def load(path: Path) -> Tileset:
    world = np.linalg.inv(ecef_from_enu(LATITUDE, LONGITUDE, HEIGHT))
    return tileset.load(str(path), world_from_root=world)[0]


def opened(root: str, **options) -> Stream:
    return Stream(tileset.load(root)[0], {}, **options)


def run(stream: Stream, stage: Table, eye: Eye = ABOVE, *, now_s: float | None = None) -> None:
    """Until it is settled."""
    until(stream, stage, lambda: stream.settled, eye, now_s=now_s)


def until(
    stream: Stream, stage: Table, done: Callable[[], bool], eye: Eye = ABOVE, *, now_s: float | None = None
) -> None:
    """Frame by frame; with `now_s` the stream's clock stands at that time."""
    deadline = time.monotonic() + 20.0
    stream.update([eye], stage, now_s=now_s)
    while not done():
        assert time.monotonic() < deadline, stream.stats()
        time.sleep(0.002)
        stream.update([eye], stage, now_s=now_s)


def rest(stream: Stream, stage: Table, now_s: float, eye: Eye = ABOVE) -> None:
    """A few frames in which something could happen."""
    for _ in range(20):
        stream.update([eye], stage, now_s=now_s)
        time.sleep(0.002)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    rows = houses(2)
    return write_tileset(tmp_path / "tiles", rows, [f"b{k}" for k in range(len(rows))])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TileServer]:
    """Forty tiles beside one another under a root without content."""
    folder = tmp_path / "served"
    folder.mkdir()
    children = []
    for k in range(40):
        box = [(k % 8) * 20 - 70, (k // 8) * 20 - 40, 5, 10, 0, 0, 0, 10, 0, 0, 0, 5]
        (folder / f"{k}.glb").write_bytes(house())
        children.append({"boundingVolume": {"box": box}, "geometricError": 0, "content": {"uri": f"{k}.glb"}})
    flat(folder, children)
    server = TileServer(folder)
    yield server
    server.close()


def flat(folder: Path, children: list[dict]) -> None:
    root = {
        "boundingVolume": {"box": [0, 0, 5, 100, 0, 0, 0, 100, 0, 0, 0, 5]}, "geometricError": 100,
        "refine": "ADD", "children": children,
    }  # fmt: skip
    (folder / "tileset.json").write_text(
        json.dumps({"asset": {"version": "1.1"}, "geometricError": 200, "root": root})
    )


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
        stream.update([ABOVE], stage)
        time.sleep(0.002)
    for _ in range(5):
        stream.update([AWAY], stage)
    stream.close()
    assert stream.bytes == 0 and stage.tiles == {}


def test_tiles_much_larger_than_any_before_do_not_burst_the_cap(server: TileServer) -> None:
    """A server does not tell sizes ahead: twenty are on their way when the first shows how large they are."""
    for k in {*range(40)} - {19, 20}:  # those in the middle come first
        (server.folder / f"{k}.glb").write_bytes(house(80))
    (large,) = decode(house(80), {})
    one = schedule.COPIES * replace(large, feature=np.zeros(0, np.uint32), table=None).bytes  # slots say all
    stage, stream = Table(), opened(server.root, cap_bytes=5 * one)
    for _ in range(200):
        stream.update([ABOVE], stage)
        time.sleep(0.002)
    stream.close()
    assert 4 * one < stream.peak_bytes <= 6 * one + schedule.COPIES * 10_000
    assert 4 <= len(stage.tiles) <= 7


def test_many_tiles_are_on_their_way_from_a_server_at_a_time(server: TileServer) -> None:
    server.delay_s = 0.05
    stage, stream = Table(), opened(server.root)
    begin = time.monotonic()
    run(stream, stage)
    stream.close()
    assert stream.visible == 40 and time.monotonic() - begin < 40 * 0.05 / 2
    assert 5 <= server.most_at_once <= schedule.FLIGHT


def test_a_tile_that_failed_is_fetched_again_later_and_later_and_then_drawn(server: TileServer) -> None:
    server.answers["7.glb"] = 500
    stage, stream = Table(), opened(server.root)
    run(stream, stage, now_s=1000.0)
    assert stream.settled and stream.visible == 39
    assert [(e["uri"].rsplit("/", 1)[1], e["reason"]) for e in stream.errors] == [
        ("7.glb", "cannot be fetched: the server answers 500 Internal Server Error")
    ]
    rest(stream, stage, 1001.5)
    assert server.asked["7.glb"] == 1
    until(stream, stage, lambda: server.asked["7.glb"] == 2, now_s=1003.0)
    assert stream.settled, "that something is tried again is not awaited"
    rest(stream, stage, 1003.1)
    rest(stream, stage, 1006.0)
    assert server.asked["7.glb"] == 2, "the pause has doubled"
    del server.answers["7.glb"]
    until(stream, stage, lambda: stream.visible == 40, now_s=1009.0)
    stream.close()
    assert stream.errors == [] and server.asked["7.glb"] == 3


def test_a_busy_server_says_when_to_come_back(server: TileServer) -> None:
    server.answers["7.glb"] = 503
    stage, stream = Table(), opened(server.root)
    run(stream, stage, now_s=1000.0)
    rest(stream, stage, 1050.0)
    assert server.asked["7.glb"] == 1
    until(stream, stage, lambda: server.asked["7.glb"] == 2, now_s=1080.0)
    stream.close()


def test_what_is_not_there_is_rarely_asked_for_and_at_once_when_the_user_wants_it(server: TileServer) -> None:
    body = (server.folder / "7.glb").read_bytes()
    (server.folder / "7.glb").unlink()
    stage, stream = Table(), opened(server.root)
    run(stream, stage, now_s=1000.0)
    rest(stream, stage, 1500.0)
    assert server.asked["7.glb"] == 1
    (server.folder / "7.glb").write_bytes(body)
    stream.retry()
    assert not stream.settled
    run(stream, stage, now_s=1500.0)
    stream.close()
    assert stream.visible == 40 and stream.errors == []


def test_a_server_that_fails_altogether_is_asked_once_for_each_tile_and_by_few(server: TileServer) -> None:
    server.answers |= {"*": 500, "19.glb": 200}
    server.delay_s = 0.01
    server.answers["tileset.json"] = 200
    stream, stage = opened(server.root), Table()
    run(stream, stage, now_s=1000.0)
    assert len(stream.errors) == 39 and stream.visible == 1
    assert all(server.asked[f"{k}.glb"] == 1 for k in range(40))
    assert max(server.at_once[-10:]) <= schedule.CAREFUL < max(server.at_once)
    server.most_at_once = 0
    for second in range(1001, 1060):
        rest(stream, stage, float(second))
    stream.close()
    assert server.most_at_once <= schedule.CAREFUL
    assert max(server.asked[f"{k}.glb"] for k in range(40)) <= 6, "2, 4, 8, 16, 32 s"


def test_what_left_the_view_is_not_downloaded(server: TileServer) -> None:
    server.delay_s = 0.2
    stage, stream = Table(), opened(server.root)
    stream.update([ABOVE], stage)
    time.sleep(0.05)
    for _ in range(100):
        stream.update([AWAY], stage)
        time.sleep(0.005)
    stream.close()
    assert sum(server.asked.values()) - 1 <= schedule.FLIGHT < 40 and stage.tiles == {}


def test_a_tile_of_several_contents_stands_when_all_have_come_or_failed(tmp_path: Path) -> None:
    for name in ("a.glb", "b.glb"):
        (tmp_path / name).write_bytes(house())
    (tmp_path / "c.glb").write_bytes(b"glTF")
    box = {"box": [0, 0, 5, 10, 0, 0, 0, 10, 0, 0, 0, 5]}
    contents = [{"uri": "a.glb"}, {"uri": "c.glb"}, {"uri": "b.glb"}]
    flat(tmp_path, [{"boundingVolume": box, "geometricError": 0, "contents": contents}])
    stage, stream = Table(), opened(str(tmp_path / "tileset.json"))
    run(stream, stage)
    ((meshes, _),) = stage.tiles.values()
    assert len(meshes) == 2 and stream.visible == 1
    assert [Path(e["uri"]).name for e in stream.errors] == ["c.glb"]
    (tmp_path / "c.glb").write_bytes(house())
    stream.retry()
    until(stream, stage, lambda: stream.errors == [])
    stream.close()
    ((meshes, _),) = stage.tiles.values()
    assert len(meshes) == 3 and stage.shown == set(stage.tiles)


def test_a_content_that_expires_is_fetched_again_and_stands_until_the_new_one_is_here(server: TileServer) -> None:
    document = json.loads((server.folder / "tileset.json").read_text())
    document["root"]["children"][3]["expire"] = {"duration": 30}
    (server.folder / "tileset.json").write_text(json.dumps(document))
    stage, stream = Table(), opened(server.root)
    run(stream, stage, now_s=1000.0)
    before = {n: t[0] for n, t in stage.tiles.items()}
    rest(stream, stage, 1025.0)
    assert server.asked["3.glb"] == 1
    server.delay_s = 0.1
    stream.update([ABOVE], stage, now_s=1031.0)
    assert stream.visible == 40 and stream.settled
    until(stream, stage, lambda: len([n for n, t in stage.tiles.items() if t[0] is not before[n]]) == 1, now_s=1031.0)
    stream.close()
    assert server.asked["3.glb"] == 2 and stream.visible == 40 and len(stage.shown) == 40


def test_branches_that_nobody_looks_into_are_forgotten(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 5, add=0.0, external=0.7, most=300)
    root = str(tree.path)
    free = opened(root)
    run(free, Table(), NEAR)
    everything = free.stats()["nodes"]
    free.close()
    stage, stream = Table(), opened(root, most_nodes=everything // 2)
    rng = np.random.default_rng(1)
    most, pruned = 0, 0
    for _ in range(60):
        x, y = rng.uniform(-350, 350, 2)
        planes = np.array([[1, 0, 0, 60 - x], [-1, 0, 0, 60 + x], [0, 1, 0, 60 - y], [0, -1, 0, 60 + y]], float)
        eye = Eye(np.array([x, y, 80.0]), planes, 720.0, 0.8)
        for _ in range(8):
            before = stream.stats()["nodes"]
            stream.update([eye], stage)
            pruned += stream.stats()["nodes"] < before
            most = max(most, stream.stats()["nodes"])
            time.sleep(0.001)
            assert stage.shown <= set(stage.tiles)
    stream.close()
    assert pruned > 0 and most <= everything // 2 + 60, "one branch over at most"


def test_triangles_keep_to_their_cap_and_the_error_says_so(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 2, add=0.0, empty=0.0, external=0.0)
    stage, stream = Table(), opened(str(tree.path))
    run(stream, stage, NEAR)
    free = stream.stats()
    stream.close()
    stage, stream = Table(), opened(str(tree.path), triangles=free["triangles"] // 2)
    most = 0
    deadline = time.monotonic() + 20
    while not stream.settled and time.monotonic() < deadline:
        stream.update([NEAR], stage)
        most = max(most, stream.stats()["triangles"])
        time.sleep(0.002)
    stream.close()
    assert 0 < most <= free["triangles"] // 2
    assert stream.stats()["error_px"] > free["error_px"] == 16.0


def test_statistics_tell_what_waits_and_for_how_long(server: TileServer) -> None:
    server.delay_s = 0.3
    stage, stream = Table(), opened(server.root)
    stream.update([ABOVE], stage, now_s=1000.0)
    stream.update([ABOVE], stage, now_s=1002.5)
    stats = stream.stats()
    assert stats["queued"] == {"urgent": 0, "normal": 40, "preload": 0} and stats["oldest_s"] == 2.5
    assert not stream.settled
    server.delay_s = 0.0
    run(stream, stage, now_s=1003.0)
    stream.close()
    stats = stream.stats()
    assert stats["loaded"] == stats["visible"] == 40 and stats["nodes"] == 41 and stats["failed"] == 0
    assert stats["queued"]["normal"] == stats["oldest_s"] == 0
    assert stats["bytes"] <= stats["peak_bytes"] < stats["cap_bytes"] and stats["triangles"] > 40 * 10


def test_where_the_eye_is_going_tiles_come_before_it_does(server: TileServer) -> None:
    """It flies along a row of tiles and sees only what is right below."""
    stage, stream = Table(), opened(server.root)
    seen_late = 0
    for k in range(60):
        x = -70.0 + 2.0 * k
        planes = np.array([[1, 0, 0, 5 - x], [-1, 0, 0, 5 + x]], float)
        eye, now_s = Eye(np.array([x, 0.0, 50.0]), planes, 720.0, 0.8), 1000.0 + 0.1 * k
        stream.update([eye], stage, now_s=now_s)
        seen_late += k > 10 and not stream.settled
        for _ in range(_AHEAD_EVERY):
            stream.update([eye], stage, now_s=now_s)
        until(stream, stage, lambda: not any((stream.stats()["flying"], *stream.stats()["queued"].values())), eye,
              now_s=now_s)  # fmt: skip
    stream.close()
    assert stream.loaded > 25 and seen_late == 0


def test_a_glide_is_met_at_its_end(server: TileServer) -> None:
    stage, stream = Table(), opened(server.root)
    stream.update([AWAY], stage)
    for _ in range(400):
        stream.update([AWAY], stage, ahead=ABOVE)
        if stream.loaded == 40:
            break
        time.sleep(0.002)
    assert stage.shown == set() and stream.settled
    stream.update([ABOVE], stage)
    stream.close()
    assert stream.visible == 40 and stream.settled


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
