"""A tileset of somebody else in the district: its houses take the live colours, by name or by place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gltfbuild import Gltf, tile
from test_picture import OneHouse
from toytown import HEIGHT, LATITUDE, LONGITUDE

from app.camera import looking_at
from app.frame import Ports, frame
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Window
from app.intake import Intake
from app.options import TilesWish
from app.tiles.geodesy import ecef_from_enu
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World

SIZE = (320, 180)
HOUSE, SHED, GROUND = (30, 130), (222, 250), (170, 200)
"""Columns of the picture where the two stand."""


def square(x: float, half: float) -> np.ndarray:
    """A flat roof 8 m up, glTF's y-up."""
    return np.array([(x - half, 8, half), (x + half, 8, half), (x + half, 8, -half), (x - half, 8, -half)], np.float32)


def strangers(folder: Path, batch: dict[str, list[object]], *, lower_m: float = 0.0) -> str:
    """The house that the district knows, and a shed that it does not, as somebody else publishes them."""
    gltf = Gltf()
    both = np.concatenate([square(0.0, 15.0), square(40.0, 6.0)])
    shape = gltf.primitive(both, (0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7))
    shape["attributes"]["_BATCHID"] = gltf.accessor(np.repeat(np.arange(2, dtype=np.uint16), 4))
    (folder / "a.b3dm").write_bytes(tile(b"b3dm", {"BATCH_LENGTH": 2}, batch, rest=gltf.glb()))
    matrix = ecef_from_enu(LATITUDE, LONGITUDE, HEIGHT - lower_m)
    (folder / "tileset.json").write_text(json.dumps(
        {"asset": {"version": "1.0"}, "geometricError": 100, "root": {
            "transform": matrix.T.ravel().tolist(), "geometricError": 0, "refine": "ADD",
            "boundingVolume": {"box": [20, 0, 4, 40, 0, 0, 0, 20, 0, 0, 0, 4]}, "content": {"uri": "a.b3dm"}}}
    ))  # fmt: skip
    return str(folder / "tileset.json")


@pytest.fixture(scope="module")
def window():
    made = Window(SIZE, offscreen=True, finish=True)
    yield made
    made.close()


def picture(window: Window, wish: TilesWish, flux: float = 40.0) -> tuple[np.ndarray, Ports]:
    """[height, width, 3] from above, of the district with that tileset."""
    feed = OneHouse("", [(0.0, 0.0, 30.0, 30.0, 8.0, 0.0, 0.0)], ["only"])
    feed.flux = flux
    view = View(window)
    ports = Ports(feed, window, view, Panels(), Overlay(window), intake=Intake(wish))
    camera = looking_at(np.array([20.0, 0, 8.0]), distance_m=90.0, heading_rad=0.0, pitch_rad=1.55)
    world = World(Stage(), Shown(), camera, Panel(hidden=True), "surplus_w_m2")
    still = 0
    for k in range(400):
        world = frame(replace(world, camera=camera), ports, now_s=float(k), dt_s=0.01)
        still = still + 1 if ports.scenery is not None and ports.scenery.settled else 0
        if still > 4:
            break
    return window.pixels().astype(float) / 255, ports


def mean(pixels: np.ndarray, columns: tuple[int, int]) -> np.ndarray:
    return pixels[82:98, columns[0] : columns[1]].mean(axis=(0, 1))


def is_blue(rgb: np.ndarray) -> bool:
    return bool(rgb[2] > rgb[0] + 0.2)


@pytest.mark.parametrize(
    ("batch", "name"),
    [({"bag": ["only", "shed"], "id": ["x", "y"]}, "bag"), ({"gml_id": ["only", "shed"]}, ""),
     ({"Height": [8.0, 3.0]}, "")],
    ids=["by the property that is named", "by a usual name", "by place"],
)  # fmt: skip
def test_a_strangers_house_takes_the_live_colour_and_what_is_unknown_stays_as_it_is(
    window, tmp_path, batch, name
) -> None:
    pixels, ports = picture(window, TilesWish(address=strangers(tmp_path, batch), id_property=name))
    ports.scenery.close()
    assert is_blue(mean(pixels, HOUSE))
    assert not is_blue(mean(pixels, SHED))
    assert mean(pixels, SHED).mean() > 0.4


def test_a_style_hides_and_colours_what_the_district_does_not_know(window, tmp_path) -> None:
    style = tmp_path / "style.json"
    style.write_text('{"color": "color(\'red\')"}')
    address = strangers(tmp_path, {"gml_id": ["only", "shed"], "Height": [8.0, 3.0]})
    pixels, ports = picture(window, TilesWish(address=address, style=str(style)))
    ports.scenery.close()
    red = mean(pixels, SHED)
    assert red[0] > red[2] + 0.3
    style.write_text('{"show": "${Height} > 5"}')
    pixels, ports = picture(window, TilesWish(address=address, style=str(style)))
    ports.scenery.close()
    assert is_blue(mean(pixels, HOUSE))
    assert np.abs(mean(pixels, SHED) - mean(pixels, GROUND)).max() < 0.15, "only ground is left"


def test_a_click_tells_what_the_tile_knows_of_a_stranger(window, tmp_path) -> None:
    style = tmp_path / "style.json"
    style.write_text('{"meta": {"what": "\'a shed of ${Height} m\'"}}')
    address = strangers(tmp_path, {"gml_id": ["only", "shed"], "Height": [8.0, 3.5]})
    _, ports = picture(window, TilesWish(address=address, style=str(style)))
    camera = looking_at(np.array([20.0, 0, 8.0]), distance_m=90.0, heading_rad=0.0, pitch_rad=1.55)
    feed = ports.link
    world = World(Stage(), Shown(), camera, Panel(hidden=True), "surplus_w_m2")
    feed._fresh = True

    def click(x: float, world: World) -> World:
        world = replace(world, panel=replace(world.panel, touch=(x, 90.0)))
        for k in range(4):
            world = frame(replace(world, camera=camera), ports, now_s=float(k), dt_s=0.01)
        return world

    world = click(236.0, world)
    assert world.selected is None
    told = dict(ports.scenery.told(world.feature))
    assert told == {"what": "a shed of 3.5 m", "gml_id": "shed", "Height": "3.5"} | told
    world = click(80.0, world)
    assert world.feature == 0
    assert world.selected is not None
    assert world.selected.row == 0
    ports.scenery.close()


def test_a_city_below_the_ground_is_told_and_declared_heights_raise_it(window, tmp_path, capsys) -> None:
    address = strangers(tmp_path, {"gml_id": ["only", "shed"]}, lower_m=43.0)
    _, ports = picture(window, TilesWish(address=address))
    ports.scenery.close()
    assert "43 m below the district's ground" in capsys.readouterr().err
    pixels, ports = picture(window, TilesWish(address=address, heights="43"))
    ports.scenery.close()
    assert capsys.readouterr().err == ""
    assert is_blue(mean(pixels, HOUSE))


def test_a_tileset_of_another_town_is_told(window, tmp_path, capsys) -> None:
    address = Path(strangers(tmp_path, {"gml_id": ["only", "shed"]}))
    document = json.loads(address.read_text())
    document["root"]["transform"] = ecef_from_enu(LATITUDE + 0.01, LONGITUDE, HEIGHT).T.ravel().tolist()
    address.write_text(json.dumps(document))
    _, ports = picture(window, TilesWish(address=str(address)))
    ports.scenery.close()
    assert "does not lie where the district" in capsys.readouterr().err
