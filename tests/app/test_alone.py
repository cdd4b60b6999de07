"""A tileset without a sim: of whatever size, and wherever, its picture shows it whole and upright."""

import json
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from gltfbuild import Gltf, tile
from lone_stand import LoneStand, block

from app import street
from app.alone import fitting_scale, turned
from app.camera import around, project
from app.gpu.drawn import Heights
from app.options import TilesWish, ViewOptions
from app.run import view
from app.tiles.geodesy import ecef_from_enu
from network.problems import Refused

SIZE = (160, 90)
RED = {"pbrMetallicRoughness": {"baseColorFactor": [0.6, 0.05, 0.05, 1]}}


@pytest.fixture(scope="module")
def stand():
    made = LoneStand(SIZE)
    yield made
    made.close()


def red(picture: np.ndarray) -> np.ndarray:
    """[height, width] where the block is."""
    p = picture.astype(int)
    return (p[..., 0] > p[..., 1] + 40) & (p[..., 0] > p[..., 2] + 40)


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


def town(folder: Path, houses: np.ndarray) -> Path:
    """A tileset of blocks: [house, 6] middle x, y, height of the foot, width, depth, height, each a tile."""
    document = json.loads(block(folder, (1.0, 1.0, 1.0), material=RED).read_text())
    one = document["root"]
    low, high = houses[:, :3] - houses[:, 3:] / 2, houses[:, :3] + houses[:, 3:]
    centre, half = (low.min(axis=0) + high.max(axis=0)) / 2, (high.max(axis=0) - low.min(axis=0)) / 2
    tiles = []
    for x, y, z, *size in houses:
        matrix = np.diag([*size, 1.0])
        matrix[:3, 3] = x, y, z
        tiles.append(one | {"transform": matrix.T.ravel().tolist()})
    volume = {"box": [*centre.tolist(), *np.diag(half).ravel().tolist()]}
    root = {"boundingVolume": volume, "geometricError": 1e6, "refine": "ADD", "children": tiles}
    path = folder / "tileset.json"
    path.write_text(json.dumps(document | {"root": root}))
    return path


def blocks_of_houses(side: int, *, middle: tuple[float, float] = (0.0, 0.0), foot_m: float = 0.0) -> np.ndarray:
    """Houses of 12 m by 10 m, 6 to 15 m high, every 24 m."""
    rng = np.random.default_rng(side)
    x, y = (24.0 * (np.indices((side, side)).reshape(2, -1) - (side - 1) / 2)) + np.array(middle)[:, None]
    n = side * side
    return np.c_[x, y, np.full(n, foot_m), np.full(n, 12.0), np.full(n, 10.0), rng.uniform(6.0, 15.0, n)]


def clear_of(eye_m: np.ndarray, houses: np.ndarray) -> float:
    """Metres from the nearest house in plan, 0 inside."""
    off = np.abs(eye_m[:2] - houses[:, :2]) - houses[:, 3:5] / 2
    return float(np.hypot(*np.maximum(off, 0.0).T).min())


@pytest.mark.parametrize("apart_m", [0.0, 24_000.0], ids=["a town", "two far from each other, drawn smaller"])
def test_in_the_street_of_a_town_one_stands_between_its_houses(stand, tmp_path: Path, apart_m: float) -> None:
    houses = blocks_of_houses(9, middle=(-400.0, 300.0))
    if apart_m:
        houses = np.r_[houses, blocks_of_houses(6, middle=(apart_m, 0.0))]
    picture = stand.picture(town(tmp_path, houses), camera="street")
    camera, scale = stand.world.camera, stand.lone.scale
    assert (scale < 0.6) == bool(apart_m)
    eye = np.linalg.inv(stand.lone.world_from_root)[:3] @ [*camera.eye_m, 1.0]
    assert clear_of(eye, houses) > 3.0, "in the open"
    assert 1.5 < eye[2] < 9.0, "above the ground and below most roofs"
    lit = red(picture)
    assert 0.15 < lit.mean() < 0.8, "houses fill the picture, and one sees past them"
    assert lit[: SIZE[1] // 2].any() and not lit[:, SIZE[0] // 2 - 2 : SIZE[0] // 2 + 2].all(axis=0).any()
    roots = np.c_[houses[:, :3], np.ones(len(houses))] @ stand.lone.world_from_root.T
    at = project(camera, roots[:, :3], SIZE)
    before = (at[:, 2] > 0) & (np.abs(at[:, 0] - SIZE[0] / 2) < SIZE[0] / 2)
    assert before.sum() >= 6 and at[before, 2].min() < 80.0 * scale


def test_a_single_house_keeps_a_low_view_of_all_of_it(stand, tmp_path: Path) -> None:
    seen = red(stand.picture(block(tmp_path, (40.0, 25.0, 12.0), material=RED), camera="street"))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert rows[0] > 2 and rows[-1] < SIZE[1] - 3 and columns[0] > 2 and columns[-1] < SIZE[0] - 3
    assert np.degrees(stand.world.camera.pitch_rad) < 10


def test_the_floor_of_a_street_is_where_the_houses_stand_and_lies_low_again_from_afar(stand, tmp_path: Path) -> None:
    houses = blocks_of_houses(8)
    path = town(tmp_path, np.r_[houses, blocks_of_houses(4, middle=(400.0, 0.0), foot_m=-30.0)])
    stand.picture(path, camera="street")
    assert stand.ports.scenery.hello.ground_m == pytest.approx(stand.lone.world_from_root[2, 3], abs=0.1)
    stand.ports.camera_wish = "home"
    turned(stand.world, stand.ports, stand.lone)
    assert stand.ports.scenery.hello.ground_m == pytest.approx(stand.lone.world_from_root[2, 3] - 30.0, abs=0.1)


def hillside(houses: np.ndarray, slope: float) -> Heights:
    """Cells of 2 m of a sloping ground with houses, 160 m around."""
    y, x = (2.0 * np.indices((160, 160)) + 1.0) - 160.0
    ground = slope * x
    top = ground.copy()
    for east, north, _, width, depth, height in houses:
        inside = (np.abs(x - east) < width / 2) & (np.abs(y - north) < depth / 2)
        top[inside] = slope * east + height
    return Heights(-160.0, -160.0, 2.0, top, np.minimum(ground, top))


@pytest.mark.parametrize("slope", [0.0, 0.35, -0.35])
def test_on_a_hillside_one_stands_on_the_slope_and_not_in_it(slope: float) -> None:
    houses = blocks_of_houses(11)
    camera, floor = street.view(hillside(houses, slope), 1.0)
    above = camera.eye_m[2] - slope * camera.eye_m[0]
    assert 1.5 < above < 12.0 and clear_of(camera.eye_m, houses) > 3.0
    assert floor == -np.inf, "a tileset with a ground of its own needs no other"


def test_where_houses_leave_no_street_one_stands_on_a_roof_and_where_there_are_none_nowhere() -> None:
    x, y = np.meshgrid(24.0 * np.arange(-6, 7), 24.0 * np.arange(-6, 7))
    high = np.resize([9.0, 12.0, 30.0], 169)
    wall_to_wall = np.c_[x.ravel(), y.ravel(), np.zeros(169), np.full((169, 2), 21.9), high]
    camera, _ = street.view(hillside(wall_to_wall, 0.0), 1.0)
    under = np.abs(camera.eye_m[:2] - wall_to_wall[:, :2]).max(axis=1) < 12.0
    assert clear_of(camera.eye_m, wall_to_wall) > 0.5 or camera.eye_m[2] > wall_to_wall[under, 5].max() + 1.5
    assert street.view(hillside(wall_to_wall[:0], 0.3), 1.0) is None


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
