"""The street of a tileset alone: near, low and open, whatever the tileset is made of."""

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from lone_stand import RED, LoneStand, block, red
from PIL import Image
from tile_server import TileServer

from app import street
from app.alone import turned
from app.camera import project
from app.gpu.drawn import Heights
from app.options import Kept, ViewOptions
from app.run import view

SIZE = (160, 90)


@pytest.fixture(scope="module")
def stand():
    made = LoneStand(SIZE)
    yield made
    made.close()


def town(folder: Path, houses: np.ndarray, *, growing: bool = False) -> Path:
    """A tileset of blocks: [house, 6] middle x, y, height of the foot, width, depth, height, each a tile.

    `growing`: from afar they are a quarter as high, half from above the town, and whole in the street.
    """
    document = json.loads(block(folder, (1.0, 1.0, 1.0), material=RED).read_text())
    one = document["root"]
    low, high = houses[:, :3] - houses[:, 3:] / 2, houses[:, :3] + houses[:, 3:]
    centre, half = (low.min(axis=0) + high.max(axis=0)) / 2, (high.max(axis=0) - low.min(axis=0)) / 2
    tiles = []
    for k, (x, y, z, *size) in enumerate(houses):
        matrix = np.diag([*size, 1.0])
        matrix[:3, 3] = x, y, z
        tiles.append(one | {"transform": matrix.T.ravel().tolist()})
        if growing:
            for name in ("half", "whole"):
                shutil.copy(folder / "block.gltf", folder / f"{name}-{k}.gltf")
            twice = one | {"transform": np.diag([1.0, 1.0, 2.0, 1.0]).ravel().tolist()}
            whole = twice | {"content": {"uri": f"whole-{k}.gltf"}}
            taller = twice | {"content": {"uri": f"half-{k}.gltf"}, "geometricError": 2.0, "refine": "REPLACE"}
            taller["children"] = [whole]
            matrix[2, 2] /= 4
            tiles[-1] |= {"transform": matrix.T.ravel().tolist(), "geometricError": 9.0, "children": [taller]}
            tiles[-1] |= {"refine": "REPLACE"}
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


def test_shadows_in_the_street_of_a_wide_tileset_have_edges(stand, tmp_path: Path) -> None:
    houses = np.r_[blocks_of_houses(9, middle=(-400.0, 300.0)), blocks_of_houses(6, middle=(24_000.0, 0.0))]
    picture = stand.picture(town(tmp_path, houses), camera="street")
    ground = picture[SIZE[1] // 2 :][~red(picture)[SIZE[1] // 2 :]].mean(axis=1)
    dark, lit = np.quantile(ground, (0.02, 0.95))
    shade = (lit - ground) / (lit - dark)
    assert (shade > 0.75).mean() > 0.08, "some of the ground is in the shadow of houses"
    assert ((shade > 0.25) & (shade < 0.75)).mean() < 0.05, "and hardly any of it halfway"


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


def hillside(houses: np.ndarray, slope: float, *, cellar_m: float = 0.0) -> Heights:
    """Cells of 2 m of a sloping ground with houses, 160 m around; they reach so far into it."""
    y, x = (2.0 * np.indices((160, 160)) + 1.0) - 160.0
    ground = slope * x
    top, bottom = ground.copy(), ground.copy()
    for east, north, _, width, depth, height in houses:
        inside = (np.abs(x - east) < width / 2) & (np.abs(y - north) < depth / 2)
        top[inside] = slope * east + height
        bottom[inside] -= cellar_m
    return Heights(-160.0, -160.0, 2.0, top, bottom)


@pytest.mark.parametrize("cellar_m", [0.0, 6.0], ids=["on the ground", "with cellars"])
@pytest.mark.parametrize("slope", [0.0, 0.35, -0.35])
def test_on_a_hillside_one_stands_on_the_slope_and_not_in_it(slope: float, cellar_m: float) -> None:
    houses = blocks_of_houses(11)
    camera, floor = street.view(hillside(houses, slope, cellar_m=cellar_m), 1.0)
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


def test_a_picture_is_kept_when_the_street_is_reached_and_all_in_it_is_there(tmp_path: Path) -> None:
    town(tmp_path, np.r_[blocks_of_houses(9), blocks_of_houses(9, middle=(2500.0, 0.0))], growing=True)
    server = TileServer(tmp_path)
    server.delay_s = 0.1
    options = ViewOptions(offscreen=True, size=SIZE, tileset=server.root, camera="street", panels=False,
                          shot=str(tmp_path / "near.png"), stats=str(tmp_path / "stats.json"))  # fmt: skip
    view(options, "", threading.Event())
    server.close()
    tiles = json.loads((tmp_path / "stats.json").read_text())["tiles"]
    whole = [name for name in server.asked if "whole" in name]
    assert 5 < len(whole) < 81, "in the street some houses are seen as they are, and no others"
    assert tiles["flying"] == 0 and sum(tiles["queued"].values()) == 0
    assert red(np.asarray(Image.open(options.shot).convert("RGB"))).mean() > 0.15


def test_of_several_pictures_the_later_are_as_good_as_the_first(tmp_path: Path) -> None:
    path = town(tmp_path, np.r_[blocks_of_houses(9), blocks_of_houses(9, middle=(900.0, 0.0))])
    shots = tuple(Kept(str(tmp_path / f"{k}.png"), camera=name, panels=False)
                  for k, name in enumerate(("home", "street", "home", "street")))  # fmt: skip
    view(ViewOptions(offscreen=True, size=SIZE, tileset=str(path), shots=shots), "", threading.Event())
    afar, near, afar_again, near_again = (np.asarray(Image.open(s.shot).convert("RGB"), int) for s in shots)
    assert red(near).mean() > 0.15 and red(afar).mean() < 0.1
    assert np.abs(near - near_again).mean() < 0.5 and np.abs(afar - afar_again).mean() < 0.5
