"""A tileset without a sim: of whatever size, and wherever, its picture shows it whole and upright."""

import json
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from gltfbuild import Gltf, tile
from lone_stand import RED, LoneStand, block, red
from tile_server import TileServer
from treewriter import document as written
from treewriter import subtree
from treewriter import tile as node

from app.alone import fitting_scale
from app.camera import around, project
from app.intake import rescale
from app.options import TilesWish, ViewOptions
from app.run import view
from app.tiles.geodesy import ecef_from_enu
from app.tiles.tree import tileset
from network.problems import Refused

SIZE = (160, 90)


@pytest.fixture(scope="module")
def stand():
    made = LoneStand(SIZE)
    yield made
    made.close()


def test_a_block_of_a_metre_and_one_of_ten_kilometres_make_the_same_picture(stand, tmp_path: Path) -> None:
    pictures = [
        stand.picture(block(tmp_path / str(k), (2 * size, size, size), material=RED))
        for k, size in enumerate((1.0, 100.0, 10_000.0))
    ]
    small, _, large = (red(p) for p in pictures)
    assert 0.1 < small.mean() < 0.6, "it fills a good part of the picture"
    for other in pictures[1:]:
        assert (red(other) == small).mean() > 0.98
        assert np.abs(other.astype(int) - pictures[0]).mean() < 6
    assert large.any()


def test_the_whole_block_is_in_the_picture_and_in_its_middle(stand, tmp_path: Path) -> None:
    for k, size in enumerate(((1.0, 1.0, 8.0), (9.0, 1.0, 1.0), (4.0, 4.0, 0.1))):
        seen = red(stand.picture(block(tmp_path / str(k), size, material=RED)))
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        assert rows[0] > 2 and rows[-1] < SIZE[1] - 3 and columns[0] > 2 and columns[-1] < SIZE[0] - 3
        assert abs((rows[0] + rows[-1]) / 2 - SIZE[1] / 2) < 6 and abs((columns[0] + columns[-1]) / 2 - SIZE[0] / 2) < 6


def test_what_is_framed_is_what_is_drawn_however_large_its_volume(stand, tmp_path: Path) -> None:
    tight = stand.picture(block(tmp_path / "tight", (3.0, 2.0, 2.0), material=RED))
    loose = stand.picture(block(tmp_path / "loose", (3.0, 2.0, 2.0), volume_m=900.0, material=RED))
    assert (red(tight) == red(loose)).mean() > 0.98


def test_a_tileset_that_is_drawn_larger_is_fetched_once(stand, tmp_path: Path) -> None:
    server = TileServer(tmp_path)
    try:
        block(tmp_path, (3.0, 2.0, 2.0), material=RED)
        near = stand.picture(server.root)
        assert stand.lone.scale > 10 and server.asked["tileset.json"] == 1
        block(tmp_path, (3.0, 2.0, 2.0), volume_m=900.0, material=RED)  # its volume hides how small it is
        loose = stand.picture(server.root)
        assert stand.lone.scale > 10 and server.asked["tileset.json"] == 2
        assert (red(near) == red(loose)).mean() > 0.98
    finally:
        server.close()


def test_a_tileset_on_the_globe_stands_upright(stand, tmp_path: Path) -> None:
    place = ecef_from_enu(np.radians(52.0), np.radians(4.4), 45.0)
    here = stand.picture(block(tmp_path / "here", (60.0, 60.0, 160.0), material=RED))
    there = stand.picture(block(tmp_path / "there", (60.0, 60.0, 160.0), material=RED, transform=place))
    assert (red(here) == red(there)).mean() > 0.97
    assert stand.lone.scale == 1.0


def test_a_place_on_the_globe_is_refused_where_the_tileset_has_none(stand, tmp_path: Path) -> None:
    path = block(tmp_path, (1.0, 1.0, 1.0))
    with pytest.raises(Refused, match="no place on the globe; use home, top, street"):
        stand.picture(path, camera="52,4,100,0,-30")


def test_a_lone_gltf_is_a_tileset_of_one_tile(stand, tmp_path: Path) -> None:
    whole = stand.picture(block(tmp_path, (3.0, 2.0, 2.0), material=RED))
    lone = stand.picture(tmp_path / "block.gltf")
    assert (red(whole) == red(lone)).mean() > 0.98


def test_a_folder_gives_its_tileset_its_name(stand, tmp_path: Path) -> None:
    folder = tmp_path / "Harbour"
    folder.mkdir()
    block(folder, (3.0, 2.0, 2.0), material=RED)
    for address in (folder, folder / "tileset.json"):
        stand.picture(address)
        assert stand.ports.scenery.hello.name == "Harbour"


def test_the_named_views_see_the_block_from_elsewhere(stand, tmp_path: Path) -> None:
    path = block(tmp_path, (3.0, 3.0, 3.0), material=RED)
    views = {name: red(stand.picture(path, camera=name)) for name in ("home", "top", "street")}
    assert all(v.mean() > 0.05 for v in views.values())
    top = views["top"]
    rows, columns = np.flatnonzero(top.any(axis=1)), np.flatnonzero(top.any(axis=0))
    assert abs(len(rows) - len(columns)) <= 3, "from above a cube is a square"


def test_our_own_tiles_alone_are_the_town_in_its_country(demo_package: Path, capfd) -> None:
    large = LoneStand((960, 540))  # on fewer pixels the country is one coarse tile
    picture = large.picture(demo_package / "tiles" / "tileset.json").astype(int)
    assert large.failed == [] and "error" not in capfd.readouterr().err
    green = (picture[..., 1] > picture[..., 2] + 12).mean()
    assert green > 0.4, "its land fills the picture"
    assert large.lone.box.radius_m < 1300.0, "the town is framed, not the horizon"
    large.clear()


def test_a_box_fills_the_share_of_the_picture_that_is_meant() -> None:
    low, high = np.array([-5.0, -2.0, 0.0]), np.array([15.0, 2.0, 3.0])
    corners = np.array([[x, y, z] for x in (-5, 15) for y in (-2, 2) for z in (0, 3)])
    for name in ("home", "top", "street"):
        at = project(around(low, high, name, aspect=16 / 9), corners, (1600, 900))
        assert at[:, 2].min() > 0
        reach = max(np.abs(at[:, 0] - 800).max() / 800, np.abs(at[:, 1] - 450).max() / 450)
        assert 0.75 < reach < 0.85


def test_scales_lead_to_the_size_of_a_town() -> None:
    assert fitting_scale(300.0) == 1.0
    assert fitting_scale(1.0) == pytest.approx(60.0)
    assert fitting_scale(50_000.0) == pytest.approx(0.1)
    assert np.isfinite(fitting_scale(0.0))


def settled(tileset: str, folder: Path) -> dict:
    """Statistics of a settled picture that was kept."""
    options = ViewOptions(offscreen=True, size=(64, 36), tileset=tileset, shot=str(folder / "shot.png"),
                          stats=str(folder / "stats.json"))  # fmt: skip
    view(options, "", threading.Event())
    return json.loads((folder / "stats.json").read_text())


def test_a_tile_that_is_missing_is_named_in_one_line_and_the_rest_is_drawn(tmp_path: Path, capsys) -> None:
    path = block(tmp_path, (3.0, 2.0, 2.0))
    document = json.loads(path.read_text())
    root = document["root"]
    lost = {k: root[k] for k in ("boundingVolume", "geometricError")} | {"content": {"uri": "lost.glb"}}
    path.write_text(json.dumps(document | {"root": root | {"children": [lost], "geometricError": 1e6}}))
    stats = settled(str(path), tmp_path)
    assert stats["settled"] and stats["tiles"]["loaded"] == 1 and stats["tiles"]["failed"] == 1
    assert stats["errors"][0]["uri"].endswith("lost.glb") and stats["errors"][0]["reason"]
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0 and "1 tile could not be drawn" in said and "lost.glb" in said


@pytest.mark.parametrize(
    ("write", "named"),
    [(None, "cannot be read"), ("{", "not a tileset"), ('{"root": {"content": {"uri": "a.glb"}}}', "tileset"),
     ('{"asset": {"version": "9"}, "root": {}}', "'9'"), ("neither", "not a tileset")],
)  # fmt: skip
def test_what_is_no_tileset_is_refused_in_one_sentence(tmp_path: Path, write: str | None, named: str) -> None:
    path = tmp_path / "tileset.json"
    if write is not None:
        path.write_text(write)
    with pytest.raises(Refused, match=named) as refusal:
        settled(str(path), tmp_path)
    assert refusal.value.code == 1 and "\n" not in str(refusal.value)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"127\.0\.0\.1:9") as refusal:
        settled("http://127.0.0.1:9/tileset.json", tmp_path)
    assert refusal.value.code == 1


def test_a_tileset_of_which_nothing_can_be_drawn_is_refused_and_its_statistics_are_kept(tmp_path: Path) -> None:
    path = block(tmp_path, (3.0, 2.0, 2.0))
    (tmp_path / "block.gltf").write_text("[]")
    with pytest.raises(Refused, match=r"nothing of the tileset could be drawn: .*block\.gltf"):
        settled(str(path), tmp_path)
    assert json.loads((tmp_path / "stats.json").read_text())["tiles"]["failed"] == 1


def test_a_tileset_without_content_and_one_under_too_small_a_cap_say_so(tmp_path: Path, capsys) -> None:
    empty = tmp_path / "empty.json"
    volume = {"sphere": [0, 0, 0, 50]}
    empty.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": 9,
                                 "root": {"boundingVolume": volume, "geometricError": 0}}))  # fmt: skip
    options = ViewOptions(tileset=str(empty), offscreen=True, size=SIZE, settle=True)
    view(options, "", threading.Event())
    assert "no tile has content" in capsys.readouterr().err
    whole = ViewOptions(tileset=str(block(tmp_path, (3.0, 2.0, 2.0))), offscreen=True, size=SIZE, settle=True)
    view(msgspec.structs.replace(whole, tiles=TilesWish(triangles=1)), "", threading.Event())
    assert "--triangles" in capsys.readouterr().err
    view(whole, "", threading.Event())
    assert capsys.readouterr().err == ""


def named_houses(folder: Path, tiles: list[dict]) -> str:
    """A tileset whose tiles hold two houses each, with these properties."""
    flat = np.array([(0, 0, 0), (9, 0, 0), (9, 0, -9), (0, 0, -9)], np.float32)
    volume = {"boundingVolume": {"sphere": [0, 0, 0, 40]}, "geometricError": 0}
    contents = []
    for k, batch in enumerate(tiles):
        gltf = Gltf()
        shape = gltf.primitive(np.r_[flat, flat + np.float32(20)], (0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7))
        shape["attributes"]["_BATCHID"] = gltf.accessor(np.repeat(np.arange(2, dtype=np.uint16), 4))
        length = {"BATCH_LENGTH": 2 if batch is not None else 0}
        (folder / f"{k}.b3dm").write_bytes(tile(b"b3dm", length, batch or {}, rest=gltf.glb()))
        contents.append(volume | {"content": {"uri": f"{k}.b3dm"}})
    root = volume | {"geometricError": 99, "refine": "ADD", "children": contents}
    (folder / "tileset.json").write_text(json.dumps({"asset": {"version": "1.0"}, "geometricError": 99, "root": root}))
    return str(folder / "tileset.json")


@pytest.mark.parametrize(
    ("tiles", "wished", "said"),
    [([{"gml_id": ["a", "b"], "Height": [3, 4]}, {"BAG_ID": ["c", "d"]}], "bag_id", True),
     ([{"gml_id": ["a", "b"]}, {"bag_id": ["c", "d"]}], "bag_id", False),
     ([{"gml_id": ["a", "b"]}], "", False), ([None], "bag_id", False)],
    ids=["nobody has it", "one tile has it", "it is not asked for", "there are no features"],
)  # fmt: skip
def test_a_property_that_no_feature_has_is_said_in_one_line(tmp_path, capsys, tiles, wished, said) -> None:
    options = ViewOptions(tileset=named_houses(tmp_path, tiles), offscreen=True, size=SIZE, settle=True,
                          tiles=TilesWish(id_property=wished))  # fmt: skip
    view(options, "", threading.Event())
    heard = capsys.readouterr().err
    if not said:
        assert heard == ""
        return
    assert heard.count("\n") == 1 and "no feature has the property 'bag_id' that --id-property names" in heard
    assert sorted(heard.strip().partition("there are ")[2].split(", ")) == ["BAG_ID", "Height", "gml_id"]
    assert "there are BAG_ID" in heard, "the most similar first"


TURNED = np.array([[0, -2.0, 0, 5], [2.0, 0, 0, 3], [0, 0, 2.0, 1], [0, 0, 0, 1]]).T.ravel().tolist()
REGION = {"region": [0.0760, 0.9070, 0.0764, 0.9073, 10.0, 60.0]}
S2 = {"extensions": {"3DTILES_bounding_volume_S2": {"token": "89c6c7", "minimumHeight": 0, "maximumHeight": 90}}}


def plain_tree(folder: Path) -> str:
    asked = {"viewerRequestVolume": {"sphere": [1.0, 2.0, 3.0, 40.0]}}
    ball = node("b.glb", boundingVolume={"sphere": [4.0, 0.0, 1.0, 2.5]}, transform=TURNED, **asked)
    return written(folder, node("a.glb", children=[ball, node("c.glb")], error=20.0, boundingVolume={}))


def external_tree(folder: Path) -> str:
    written(folder, node("d.glb", transform=TURNED, children=[node("e.glb")]), "beside/tileset.json")
    return written(folder, node(children=[node("beside/tileset.json", transform=TURNED)]))


def implicit_tree(folder: Path, **more: object) -> str:
    for at, body in (("0/0/0", subtree(1, [1], [3], levels=2)), ("2/1/1", subtree([0, 1, 4], [[1, 4]], levels=2))):
        (folder / f"{at}.subtree").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{at}.subtree").write_bytes(body)
    tiling = {"subdivisionScheme": "QUADTREE", "subtreeLevels": 2, "availableLevels": 4,
              "subtrees": {"uri": "{level}/{x}/{y}.subtree"}}  # fmt: skip
    return written(folder, node("{level}/{x}/{y}.glb", implicitTiling=tiling, transform=TURNED, **more))


def all_of(table: tileset.Tileset) -> tileset.Tileset:
    """The table with every branch that it names."""
    while len(stubs := np.flatnonzero((table.stub > 0) & ~table.grown)):
        for row in stubs.tolist():
            seed = table.seed(row)
            table.graft(row, tileset.branch(seed, seed.source.read(seed.address)))
    return table


@pytest.mark.parametrize("factor", [60.0, 0.02])
@pytest.mark.parametrize("late", [False, True], ids=["before its branches come", "after"])
@pytest.mark.parametrize(
    "tree", [plain_tree, external_tree, implicit_tree, lambda folder: implicit_tree(folder, boundingVolume=REGION),
             lambda folder: implicit_tree(folder, boundingVolume=S2),
             lambda folder: written(folder, node("a.glb", children=[node("b.glb", boundingVolume=REGION)]))],
    ids=["plain", "external", "implicit", "implicit in a region", "implicit in S2 cells", "regions"],
)  # fmt: skip
def test_a_tileset_that_was_read_is_drawn_larger_as_if_it_had_been_opened_so(tmp_path, tree, late, factor) -> None:
    path = tree(tmp_path)
    table, world = tileset.load(path)
    table = all_of(table) if late else table
    matrix = rescale(table, factor)
    wanted, _ = tileset.load(path, world_from_root=np.diag([factor, factor, factor, 1.0]) @ world)
    table, wanted = all_of(table), all_of(wanted)
    assert len(table) == len(wanted) > 1 and table.contents == wanted.contents
    assert matrix == pytest.approx(wanted.world_from_earth) and table.world_from_earth is matrix
    for name in ("matrix", "centre_m", "radius_m", "half_m", "low_m", "geometric_error_m", "request_centre_m",
                 "request_half_m", "has_request", "replace", "stub", "parent", "level"):  # fmt: skip
        mine, theirs = getattr(table, name), getattr(wanted, name)
        assert np.allclose(mine, theirs, rtol=1e-12, atol=1e-8 * factor), name
