"""Tilesets from servers that are broken, slow or hostile: what is good is drawn, the tile above stands in for what is
not, every failure has its reason, and nobody is asked again and again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hostile_server import Hostile, hostile
from plain_stage import Table
from resident import Peak
from toytrees import house

from app.tiles import fetch, web
from app.tiles.cache import Stream
from app.tiles.eye import Eye
from app.tiles.tree import tileset

ABOVE = Eye(np.array([0.0, 0.0, 200.0]), np.zeros((0, 4)), 720.0, 0.8)
QUICK = {
    "absent": "no such file (404)", "broken": "answers 500", "busy": "busy (429)", "loop": "points on more than 5",
    "nowhere": "no http address", "to-file": "no http address", "short": "broke off", "half-packed": "truncated",
    "page": "neither glTF, b3dm", "bomb": "swells to more than 8 MiB", "endless": "more than 8 MiB",
}  # fmt: skip
SLOW = {"drip": "too slow", "slow-head": "too slow", "slow-chunks": "too slow"}


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile() as it:
        yield it


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits as small as a test's patience."""
    monkeypatch.setattr(web, "SLOW_S", 1.0)
    monkeypatch.setattr(fetch, "LARGEST_BYTES", 8 << 20)


def tile(uri: str, error_m: float, children: list[dict] | None = None) -> dict:
    made = {"boundingVolume": {"box": [0, 0, 5, 50, 0, 0, 0, 50, 0, 0, 0, 5]}, "geometricError": error_m,
            "refine": "REPLACE", "children": children or []}  # fmt: skip
    return made | ({"content": {"uri": uri}} if uri else {})


def serve(server: Hostile, path: str, root: dict) -> None:
    document = {"asset": {"version": "1.1"}, "geometricError": 1e6, "root": root}
    server.files[path] = json.dumps(document).encode()


def town(server: Hostile, ways: dict[str, str]) -> None:
    """For each way to misbehave a good tile with two finer ones: a good one, and one that is answered so."""
    parts = []
    for way in ways:
        for name in ("coarse", "fine"):
            server.files[f"/{name}-{way}.glb"] = house()
        server.ways[f"/bad-{way}.glb"] = f"/{way}"
        parts.append(tile(f"coarse-{way}.glb", 500.0, [tile(f"fine-{way}.glb", 0.0), tile(f"bad-{way}.glb", 0.0)]))
    serve(server, "/tileset.json", tile("", 1e5, parts) | {"refine": "ADD"})


def run(stream: Stream, stage: Table, *, seconds: float = 20.0, now_s: float = 1000.0) -> None:
    """Until it is settled."""
    deadline = time.monotonic() + seconds
    stream.update([ABOVE], stage, now_s=now_s)
    while not stream.settled and time.monotonic() < deadline:
        time.sleep(0.002)
        stream.update([ABOVE], stage, now_s=now_s)
    assert stream.settled


def rest(stream: Stream, stage: Table, now_s: float) -> None:
    """A few frames in which something may come."""
    for _ in range(6):
        stream.update([ABOVE], stage, now_s=now_s)
        time.sleep(0.004)


def opened(server: Hostile, path: str = "/tileset.json") -> tuple[Stream, Table]:
    return Stream(tileset.load(server.address + path)[0], {}), Table()


def closed(stream: Stream) -> None:
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 3.0


def names(stream: Stream, rows: set[int]) -> set[str]:
    """Of the tiles' contents."""
    return {Path(stream.tiles.contents[row][0]).name for row in rows}


@pytest.mark.usefixtures("hasty")
def test_whatever_way_a_tile_fails_the_rest_is_drawn_and_the_tile_above_stays(server: Hostile) -> None:
    ways = QUICK | SLOW
    town(server, ways)
    stream, stage = opened(server)
    with Peak() as peak:
        run(stream, stage)
    drawn = names(stream, stage.shown)
    reasons = {Path(e["uri"]).stem.removeprefix("bad-"): e["reason"] for e in stream.errors}
    closed(stream)
    assert {n: r for n, r in reasons.items() if n not in ways} == {}
    assert [(w, reasons[w]) for w, words in ways.items() if words not in reasons[w]] == []
    assert {f"coarse-{way}.glb" for way in ways} <= drawn
    assert all(server.asked[f"/bad-{way}.glb"] == 1 for way in ways)
    assert server.asked["/loop"] == web.REDIRECTS
    assert peak.bytes < 256 << 20


@pytest.mark.usefixtures("hasty")
def test_what_failed_is_asked_for_less_and_less_and_stands_as_soon_as_it_comes(server: Hostile) -> None:
    town(server, QUICK)
    stream, stage = opened(server)
    run(stream, stage)
    for second in range(60):
        rest(stream, stage, 1000.0 + second)
    asked = {way: server.asked[f"/bad-{way}.glb"] for way in QUICK}
    assert max(asked.values()) <= 6, "after 2, 4, 8, 16, 32 s"
    assert asked["broken"] >= 3
    assert asked["absent"] == asked["nowhere"] == asked["to-file"] == asked["page"] == 1
    server.ways["/bad-broken.glb"] = "/coarse-broken.glb"
    for second in range(60, 400, 10):
        rest(stream, stage, 1000.0 + second)
    run(stream, stage, now_s=1400.0)
    rows, errors = names(stream, stage.shown), [e["uri"] for e in stream.errors]
    closed(stream)
    assert "bad-broken.glb" in rows and "coarse-broken.glb" not in rows
    assert not [uri for uri in errors if "bad-broken" in uri]


def test_a_server_that_drips_holds_up_nobody_who_leaves(server: Hostile) -> None:
    town(server, SLOW)
    stream, stage = opened(server)
    deadline = time.monotonic() + 10
    while min(server.asked[f"/bad-{way}.glb"] for way in SLOW) < 1 and time.monotonic() < deadline:
        stream.update([ABOVE], stage)
        time.sleep(0.002)
    assert not stream.settled
    closed(stream)


# ---- tilesets that name tilesets


def test_tilesets_that_name_each_other_in_a_circle_end(server: Hostile) -> None:
    server.files["/good.glb"] = house()
    for name, other in (("a", "b"), ("b", "a")):
        serve(server, f"/{name}.json", tile("", 1e5, [tile("good.glb", 0.0), tile(f"{other}.json", 1e4)]))
    stream, stage = opened(server, "/a.json")
    run(stream, stage)
    closed(stream)
    assert len(stage.shown) == 2
    assert ["names itself" in e["reason"] for e in stream.errors] == [True]
    assert server.asked["/a.json"] == server.asked["/b.json"] == 1


def test_a_document_that_names_itself_by_ever_new_names_ends_too(server: Hostile) -> None:
    serve(server, "/a.json", tile("a.json?again", 1e5))
    stream, stage = opened(server, "/a.json?n=0")
    run(stream, stage)
    closed(stream)
    assert len(stream.errors) == 1 and stream.errors[0]["reason"]
    assert server.asked["/a.json"] <= 3


def test_a_chain_of_a_hundred_tilesets_is_followed_to_a_bound(server: Hostile) -> None:
    server.files["/good.glb"] = house()
    for k in range(100):
        serve(server, f"/{k}.json", tile("", 1e5, [tile("good.glb", 0.0), tile(f"{k + 1}.json", 1e4)]))
    stream, stage = opened(server, "/0.json")
    run(stream, stage)
    closed(stream)
    assert tileset.MOST_CHAINED <= len(stage.shown) <= tileset.MOST_CHAINED + 1
    assert ["more than 64 tilesets" in e["reason"] for e in stream.errors] == [True]
    assert server.asked["/99.json"] == 0


def test_a_tileset_from_a_server_reaches_neither_files_nor_neighbours(server: Hostile, tmp_path: Path) -> None:
    secret = tmp_path / "secret.glb"
    secret.write_bytes(house())
    with hostile() as neighbour:
        neighbour.files["/x.glb"] = house()
        serve(neighbour, "/x.json", tile("x.glb", 0.0))
        server.files["/good.glb"] = house()
        server.ways["/bounce.glb"] = "/to-file"
        uris = [secret.as_uri(), f"{neighbour.address}/x.glb", f"{neighbour.address}/x.json", "bounce.glb",
                "http://169.254.169.254/latest", "ftp://a/b", "good.glb"]  # fmt: skip
        serve(server, "/deeper.json", tile("", 1e5, [tile(uri, 0.0) for uri in uris]) | {"refine": "ADD"})
        serve(server, "/tileset.json", tile("deeper.json", 1e5))
        stream, stage = opened(server)
        run(stream, stage)
        closed(stream)
        assert names(stream, stage.shown) == {"good.glb"}
        reasons = {e["uri"]: e["reason"] for e in stream.errors}
        assert len(reasons) == len(uris) - 1
        assert "may not name file:" in reasons[secret.as_uri()] and "may not name ftp:" in reasons["ftp://a/b"]
        assert all("private address" in reasons[f"{neighbour.address}/x.{end}"] for end in ("glb", "json"))
        assert not neighbour.asked
