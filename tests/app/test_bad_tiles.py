"""Tilesets as bad as they come, through all that a viewer does but drawing: they load, or say why not; nothing is
printed, nothing dies, nothing waits for ever, and what is good beside what is bad stands."""

import copy
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_stage import Table
from resident import Peak

from app.tiles import fetch
from app.tiles.cache import Stream
from app.tiles.eye import Eye
from app.tiles.formats.content import decode
from app.tiles.styling import style
from app.tiles.tree import tileset
from app.tiles.tree.table import Tileset
from network.problems import Refused

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 20.0
CONTENTS = (".glb", ".gltf", ".b3dm", ".i3dm", ".pnts", ".cmpt", ".subtree", ".bin", ".geojson", ".geom", ".vctr")
ELSEWHERE = b"http://example.com"
"""Files that name a server which nobody here runs are left alone."""


@pytest.fixture(autouse=True)
def _nothing_printed_nobody_dead(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    dead: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: dead.append(str(told)))
    yield
    assert dead == []
    assert capfd.readouterr() == ("", "")


def looked_at(table: Tileset, seconds: float = LONG_S) -> tuple[Stream, Table]:
    """The stream once nothing more changes, closed."""
    radius_m = float(table.radius_m[0]) if table.radius_m[0] < 1e6 else 10.0
    eye = Eye(table.centre_m[0] + np.array([0.0, 0.0, radius_m]), np.zeros((0, 4)), 720.0, 0.8)
    stream, stage = Stream(table, {}), Table()
    deadline = time.monotonic() + seconds
    stream.update([eye], stage)
    while not stream.settled and time.monotonic() < deadline:
        time.sleep(0.002)
        stream.update([eye], stage)
    assert stream.settled, "it does not settle"
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 3.0
    assert all(e["reason"] and "Traceback" not in e["reason"] for e in stream.errors)
    return stream, stage


def opened(path: Path | str) -> Tileset | str:
    """The table, or why there is none."""
    try:
        return tileset.load(str(path))[0]
    except Refused as refused:
        assert "\n" not in str(refused)
        return str(refused)


def sound(table: Tileset) -> bool:
    """Whether every number of the table is one."""
    columns = (table.centre_m, table.radius_m, table.half_m, table.geometric_error_m, table.matrix)
    return all(bool(np.isfinite(column).all()) for column in columns)


# ---- files of others


def test_every_tileset_of_others_settles_or_is_refused_by_name(shared: Path) -> None:
    root = shared / "tiles"
    found = [p for p in sorted(root.rglob("*")) if p.suffix in (".json", ".3tz", ".3dtiles", ".input")]
    found = [p for p in found if ELSEWHERE not in p.read_bytes()]
    refused, stood = 0, 0
    with Peak() as peak:
        for path in found:
            began = time.process_time()
            table = opened(path)
            if isinstance(table, str):
                assert path.name in table
                refused += 1
            else:
                assert sound(table)
                looked_at(table)
                stood += 1
            assert time.process_time() - began < 2.0, path
    assert stood > 250 and refused > 150
    assert peak.bytes < 256 << 20


def test_every_content_of_others_stands_or_says_why_beside_all_the_rest(shared: Path, tmp_path: Path) -> None:
    """All of them as tiles of one tileset: a bad one harms none of the others."""
    root = shared / "tiles"
    found = [p for p in sorted(root.rglob("*")) if p.suffix in CONTENTS and ELSEWHERE not in p.read_bytes()]
    volume = {"sphere": [0, 0, 0, 1000]}
    children = [{"boundingVolume": volume, "geometricError": 0, "content": {"uri": p.as_uri()}} for p in found]
    path = written(tmp_path, {"boundingVolume": volume, "geometricError": 1e100, "refine": "ADD", "children": children})
    table, _ = tileset.load(str(path), source=fetch.Source(str(path), allow=[str(root)]))
    with Peak() as peak:
        stream, stage = looked_at(table, 120.0)
    assert len(stage.tiles) > 300 and len(stream.errors) > 100
    assert len(stage.tiles) + len(stream.errors) >= len(found)
    assert min(mesh.features for meshes, _ in stage.tiles.values() for mesh in meshes) == 0
    assert peak.bytes < 256 << 20


@pytest.mark.parametrize("claimed", [-12345, 2**40, 1e300])
def test_features_that_cost_nothing_to_claim_cost_nothing(shared: Path, claimed: float) -> None:
    path = shared / "tiles/malformed/gltfExtensions/meshFeatures/FeatureIdAttributeFeatureCountInvalidValue.gltf"
    body = path.read_text().replace("-12345", json.dumps(claimed))
    (mesh,) = decode(body.encode(), {}, read=lambda uri: (path.parent / uri).read_bytes())
    with Peak() as peak:
        dressed = style.read('{"color": "color(\'red\')", "show": true}').dress(mesh.table).rgba
    assert len(dressed) == mesh.features <= 1 << 20 and peak.bytes < 256 << 20


# ---- documents


def written(folder: Path, root: object, **beside: object) -> Path:
    path = folder / "tileset.json"
    path.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": 100, "root": root} | beside))
    return path


def tiles_of_many_kinds() -> dict:
    """A document that uses most of what one may say."""
    box = {"box": [0, 0, 0, 100, 0, 0, 0, 100, 0, 0, 0, 50]}
    return {
        "transform": np.eye(4).ravel().tolist(), "boundingVolume": box, "geometricError": 50.0, "refine": "ADD",
        "children": [
            {"boundingVolume": {"region": [-1.3197, 0.6989, -1.3196, 0.699, 0, 20]}, "geometricError": 5,
             "content": {"uri": "a.glb"}},
            {"boundingVolume": {"sphere": [0, 0, 0, 10]}, "viewerRequestVolume": {"sphere": [0, 0, 0, 50]},
             "geometricError": 0, "expire": {"duration": 5}, "contents": [{"uri": "b.glb"}, {"uri": "c.json"}]},
            {"boundingVolume": box, "geometricError": 1, "content": {"uri": "t{level}-{x}-{y}.glb"},
             "implicitTiling": {"subdivisionScheme": "QUADTREE", "subtreeLevels": 3, "availableLevels": 6,
                                "subtrees": {"uri": "s{level}-{x}-{y}.subtree"}}},
        ],
    }  # fmt: skip


def glanced_at(path: Path) -> Tileset | str:
    """The table after a frame from above, or why there is none; in two seconds."""
    began = time.process_time()
    table = opened(path)
    if not isinstance(table, str):
        assert sound(table)
        stream = Stream(table, {})
        stream.update([Eye(np.array([0.0, 0.0, 100.0]), np.zeros((0, 4)), 720.0, 0.8)], Table())
        stream.close()
    assert time.process_time() - began < 2.0
    return table


SINGULAR = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
STRANGE = {
    "nan": [math.nan] * 16, "infinite": [math.inf] * 16, "zero": [0] * 16, "singular": SINGULAR,
    "huge": [1e150, 0, 0, 0, 0, 1e150, 0, 0, 0, 0, 1e150, 0, 0, 0, 0, 1],
    "far": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1e308, 0, 0, 1],
    "tiny": [1e-150, 0, 0, 0, 0, 1e-150, 0, 0, 0, 0, 1e-150, 0, 0, 0, 0, 1], "short": [1, 2, 3], "text": "1 0 0 0",
}  # fmt: skip


@pytest.mark.parametrize("kind", STRANGE)
def test_a_tile_with_a_strange_transform_is_left_out_by_name_and_the_rest_stands(tmp_path: Path, kind: str) -> None:
    root = tiles_of_many_kinds()
    root["children"][0]["transform"] = STRANGE[kind]
    table = glanced_at(written(tmp_path, root))
    assert isinstance(table, Tileset) and len(table) == 4  # root, b and its external c, the implicit one
    assert [reason for _, reason in table.unread if "root/children/0" in reason and "transform" in reason]
    refused = glanced_at(written(tmp_path, root | {"transform": STRANGE[kind]}))
    assert isinstance(refused, str) and "transform" in refused


def test_transforms_that_multiply_beyond_all_bounds_end_where_they_do(tmp_path: Path) -> None:
    for factor in (1e7, 1e-7):
        root = top = tiles_of_many_kinds()
        for _ in range(5):
            large = np.diag([factor, factor, factor, 1.0]).ravel().tolist()
            top["children"].append({"transform": large, "boundingVolume": {"sphere": [0, 0, 0, 1]}, "children": []})
            top = top["children"][-1]
        table = glanced_at(written(tmp_path, root))
        assert isinstance(table, Tileset) and len(table) == 7
        assert [reason for _, reason in table.unread if "too large or too small" in reason]


@pytest.mark.parametrize("error", [-1, math.nan, math.inf, "12", None, True, [], 10**400])
def test_an_error_that_is_no_number_is_that_of_the_tile_above(tmp_path: Path, error: object) -> None:
    root = tiles_of_many_kinds()
    root["children"][0]["geometricError"] = error
    table = glanced_at(written(tmp_path, root))
    assert isinstance(table, Tileset)
    assert table.geometric_error_m[1] == (1e15 if error == 10**400 else 50.0)
    assert bool([r for _, r in table.unread if "geometricError" in r]) == (error is not None and error != 10**400)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"asset": {"version": "1.1"}}, "no root"),
        ({"asset": {"version": "1.1"}, "root": []}, "no root"),
        ({"asset": {"version": "2.0"}, "root": tiles_of_many_kinds()}, "version is '2.0'"),
        ({"asset": {"version": "1.1"}, "root": {}, "extensionsRequired": ["MAGIC"]}, "requires MAGIC"),
        ([], "no object"), (None, "no object"), (b"", "no JSON"), (b"\x00" * 100, "no JSON"),
        (b'{"root":' + b'{"children":[' * 100_000, "nested too deeply"), (b"\xff\xfe{", "no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_tileset_says_what_is_amiss(tmp_path: Path, body: object, words: str) -> None:
    path = tmp_path / "tileset.json"
    path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    told = glanced_at(path)
    assert isinstance(told, str) and words in told and str(path) in told


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    path = written(tmp_path, tiles_of_many_kinds())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    table = glanced_at(path)
    assert isinstance(table, Tileset) and len(table) == 5


def test_a_document_cut_anywhere_or_with_any_byte_changed_is_a_tileset_or_none(tmp_path: Path) -> None:
    path = written(tmp_path, tiles_of_many_kinds())
    whole = path.read_bytes()
    for at in range(0, len(whole) - 1, len(whole) // 50):
        path.write_bytes(whole[:at])
        assert isinstance(opened(path), str)
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        table = opened(path)
        assert isinstance(table, str) or sound(table)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("http://[")
    | st.sampled_from([[1e308] * 12, [1e200] * 4, [0, 0, 1e-300, 1e-300, -1e300, 1e300], [1e-320] * 16]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["uri", "box", "sphere", "region", "content", "children", "extensions"]), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_the_place_of_any_value(tmp_path: Path, data: st.DataObject) -> None:
    document = {"asset": {"version": "1.1"}, "geometricError": 100, "root": tiles_of_many_kinds()}
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(places(document))))
        holder[key] = copy.deepcopy(data.draw(JSON))
    path = tmp_path / "tileset.json"
    path.write_text(json.dumps(document))
    glanced_at(path)


def places(value: object) -> Iterator[tuple]:
    """Every place in a document that holds a value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def test_a_million_children_are_read_to_a_bound(tmp_path: Path) -> None:
    child = '{"boundingVolume":{"sphere":[0,0,0,1]}}'
    path = tmp_path / "tileset.json"
    path.write_text(f'{{"root":{{"boundingVolume":{{"sphere":[0,0,0,9]}},"children":[{",".join([child] * 10**6)}]}}}}')
    with Peak() as peak:
        table = opened(path)
    assert isinstance(table, Tileset) and len(table) == 200_000
    assert "more than 200,000 tiles" in table.unread[-1][1]
    assert peak.bytes < 1 << 30


# ---- the command


def test_the_command_says_in_one_sentence_what_is_amiss(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    bare = written(tmp_path, {"boundingVolume": {"sphere": [0, 0, 0, 10]}, "geometricError": 0})
    cases = {
        str(tmp_path / "none.json"): (1, "there is no such file"), str(folder): (1, "it is a folder"),
        str(tmp_path / "picture.png"): (1, "not a tileset"), str(tmp_path / "empty.json"): (1, "it is no JSON"),
        "http://127.0.0.1:9/tileset.json": (1, "no connection (Connection refused)"),
        "https://nobody.invalid/tileset.json": (1, "there is no server of that name"),
        str(bare): (0, "nothing to draw"),
    }  # fmt: skip

    def viewed(address: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "tools.main", "view", "--tileset", address, "--offscreen", "--settle",
                   "--size", "320x180"]  # fmt: skip
        stats = ["--stats", str(tmp_path / f"stats-{list(cases).index(address)}.json")]
        return subprocess.run(command + stats, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
                              capture_output=True, text=True, check=False, timeout=120)  # fmt: skip

    with ThreadPoolExecutor(2) as two:
        ended = list(two.map(viewed, cases))
    for done, (address, (code, words)) in zip(ended, cases.items(), strict=True):
        told = done.stderr.strip()
        assert (done.returncode, told.count("\n"), done.stdout) == (code, 0, ""), told
        assert words in told and bool(told) == bool(words) and (not words or address in told)
    assert json.loads((tmp_path / f"stats-{len(cases) - 1}.json").read_text())["settled"]
