"""A tileset without a sim: where it stands, how large its world is drawn, and the camera that shows it.

Everything in the picture (haze, shadows, pace of flying, clip distances) is made for towns. A model of a metre or a
country is therefore drawn as large as a town: `scale` world metres are one of its own. What is framed is what is
drawn, for volumes may be far larger than what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import camera as cameras
from app import street
from app.camera import Camera
from app.frame import Ports
from app.intake import rescale
from app.scenery import Scenery
from app.tiles import archive
from app.tiles.geodesy import geodetic_from_ecef
from app.world import World
from network.problems import Refused
from network.schema import PROTOCOL, Hello, Message, Wish

Float = NDArray[np.float64]
_SMALL_M, _LARGE_M = 60.0, 5000.0
"""Radii between which a tileset is drawn as large as it is."""
_POINT_M = 1e-3
"""Smaller is no thing, but a point."""
_NOWHERE_M = 1e6
"""A volume of this size says nothing of where its content is."""
_OFF = 0.05
"""Share of the radius by which the frame may miss what is drawn."""
_TRIES = 4
_TOWN_M, _FLAT = 120.0, 0.45
"""A street is looked for in what is so wide, and in width no higher than so."""
_SHADED_M = 400.0
"""So far around what is looked at in a street there are shadows."""
_GAP_M = 0.02
"""The floor of a street lies so far below its houses."""
_WAYS = {"street": "whole"}
"""Where the way to a named view begins that is not found at once."""


class Silence:
    """A link without a sim."""

    sender = "alone"
    connected = True
    settled = True

    def poll(self) -> list[Message]:
        """Nothing is ever new."""
        return []

    def show(self, quantities: Iterable[str]) -> None:
        """Nothing to follow."""

    def ask_facts(self, axis: str, row: int, *, explain_s: float = -1.0) -> None:
        """Nobody to ask."""

    def wait(self, limit_s: float) -> None:
        """Nothing is ever under way."""

    def send(self, wish: Wish) -> None:
        """Nobody to wish from."""

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Box:
    """Corners [3] of what is to be seen, world."""

    low_m: Float
    high_m: Float

    @property
    def radius_m(self) -> float:
        """Of the ball around it."""
        return float(np.linalg.norm(self.high_m - self.low_m)) / 2

    def grown(self, least_m: float) -> Box:
        """The same, but where it is a mere point a cube around it."""
        if self.radius_m > least_m:
            return self
        middle = (self.low_m + self.high_m) / 2
        return Box(middle - least_m, middle + least_m)

    def misses(self, other: Box) -> bool:
        """Whether a picture framed for this box shows `other` badly."""
        size = max(other.radius_m, 1e-9)
        off = np.linalg.norm((self.low_m + self.high_m) / 2 - (other.low_m + other.high_m) / 2)
        return bool(off > _OFF * size or abs(self.radius_m / size - 1) > _OFF)


@dataclass(frozen=True)
class Lone:
    """A tileset that is seen alone."""

    address: str
    wish: str
    """Camera of the command line."""
    scale: float
    """World metres to a metre of the tileset's own."""
    world_from_root: Float
    box: Box
    """What was framed."""
    camera: Camera
    """The camera that was set: where the hand has moved it, it stays."""
    tries: int = 0
    way: str = ""
    """To the street: whole, above, there; empty: not asked for, or there is none."""


def open_alone(world: World, ports: Ports, address: str) -> tuple[World, Lone]:
    """The tileset at `address` in the scene.

    Raises:
        Refused: no such file, no tileset, no such camera.
    """
    table, matrix = ports.intake.open(address, None)
    box = _of_volumes(table)
    scale = fitting_scale(box.radius_m)
    if scale != 1.0:
        matrix = rescale(table, scale)
        box = _of_volumes(table)
    return _stand(world, ports, address, table, matrix, box, scale, ports.camera_wish)


def _framed(world: World, scenery: Scenery, box: Box, lone: Lone, *, gap_m: float | None = None) -> World:
    """The world with what is drawn standing in this box, and a floor so far below it; None: as seen from afar."""
    hello = _hello(lone.address, box, lone.world_from_root, lone.scale)
    scenery.reach(hello, box.low_m, box.high_m, gap_m=gap_m)
    return replace(world, stage=replace(world.stage, hello=hello))


def _toward_street(world: World, ports: Ports, lone: Lone) -> tuple[World, Lone]:
    """One step more: from afar the densest part is found, from above it the street in it."""
    scenery, unit, box = ports.scenery, lone.scale, lone.box
    assert scenery is not None
    size = box.high_m - box.low_m
    wide, reach = float(max(size[:2])), street.AROUND_M * unit
    if lone.way == "whole" and wide > _TOWN_M * unit and size[2] < _FLAT * wide:
        middle = (box.low_m + box.high_m)[:2] / 2
        densest = street.densest(scenery.heights(middle, wide / 2, max(wide / 250, 4.0 * unit)), unit)
        low, high = np.array([*(densest - reach), box.low_m[2]]), np.array([*(densest + reach), box.high_m[2]])
        camera, way = _camera("top", scenery.hello, Box(low, high), ports, unit), "above"
    elif lone.way == "above":
        found = street.view(scenery.heights(lone.camera.pivot_m[:2], reach, street.CELL_M * unit), unit)
        camera, floor = found or (_camera(lone.wish, scenery.hello, box, ports, unit), -np.inf)
        way = "there"
        if found is not None:
            scenery.enter(camera.pivot_m, _SHADED_M * unit)
        if np.isfinite(floor):  # close by one sees how far the floor is sunk
            standing = Box(np.array([*box.low_m[:2], floor]), box.high_m)
            world = _framed(world, scenery, standing, lone, gap_m=_GAP_M * unit)
    else:
        return world, lone if not lone.way else replace(lone, way="there")
    return replace(world, camera=camera, views={0: camera}), replace(lone, camera=camera, way=way)


def fitting_scale(radius_m: float) -> float:
    """World metres to a metre of a tileset of this radius."""
    return float(np.clip(radius_m, _SMALL_M, _LARGE_M) / max(radius_m, _POINT_M))


def seen(world: World, ports: Ports, lone: Lone) -> tuple[World, Lone]:
    """Frame what is drawn once it is there, unless the hand has taken the camera elsewhere."""
    scenery = ports.scenery
    if scenery is None or scenery.stream is None or not scenery.stream.settled:
        return world, lone
    if world.camera is not lone.camera or "," in lone.wish or lone.way == "there":
        return world, lone
    if lone.way == "above" or lone.tries >= _TRIES:
        return _toward_street(world, ports, lone)
    drawn = scenery.town.extent()
    if drawn is None or not np.isfinite(drawn).all():
        return world, lone
    box = Box(*drawn).grown(_POINT_M * lone.scale)
    if not lone.box.misses(box):
        return _toward_street(world, ports, lone)
    ratio = fitting_scale(box.radius_m / lone.scale) / lone.scale
    if 0.5 < ratio < 2.0:
        camera = _camera(lone.wish, scenery.hello, box, ports, lone.scale)
        world = replace(_framed(world, scenery, box, lone), camera=camera, views={0: camera})
        return world, replace(lone, box=box, camera=camera, tries=lone.tries + 1)
    scenery.close()
    table = scenery.stream.tiles
    if not table.alive.all():  # rows of a tree that was pruned serve no other stream
        table, _ = ports.intake.open(lone.address, lone.world_from_root)
    matrix = rescale(table, ratio)
    larger = Box(box.low_m * ratio, box.high_m * ratio)
    world, again = _stand(world, ports, lone.address, table, matrix, larger, lone.scale * ratio, lone.wish)
    return world, replace(again, tries=lone.tries + 1)


def turned(world: World, ports: Ports, lone: Lone) -> tuple[World, Lone]:
    """Another picture of the same tileset, by the camera that is wished for now.

    Raises:
        Refused: no such camera.
    """
    assert ports.scenery is not None
    wish = ports.camera_wish
    camera = _camera(wish, ports.scenery.hello, lone.box, ports, lone.scale)
    if lone.way == "there":
        world = _framed(world, ports.scenery, lone.box, lone)
    return replace(world, camera=camera), replace(lone, wish=wish, camera=camera, way=_WAYS.get(wish, ""))


def _stand(
    world: World, ports: Ports, address: str, table: Any, matrix: Float, box: Box, scale: float, wish: str
) -> tuple[World, Lone]:
    hello = _hello(address, box, matrix, scale)
    ports.scenery = Scenery(
        ports.view, hello, None, own_tiles=(table, matrix), cap_bytes=ports.cap_bytes, low_m=box.low_m,
        high_m=box.high_m, scale=scale, intake=ports.intake,
    )  # fmt: skip
    camera = _camera(wish, hello, box, ports, scale)
    lone = Lone(address, wish, scale, matrix, box, camera, way=_WAYS.get(wish, ""))
    return replace(world, stage=replace(world.stage, hello=hello), camera=camera, views={0: camera}), lone


def _camera(wish: str, hello: Hello, box: Box, ports: Ports, scale: float = 1.0) -> Camera:
    """The camera of the command line before this box.

    Raises:
        Refused: no such view, or a place on the globe for a tileset that has none.
    """
    width, height = ports.window.size
    if "," not in wish:
        return cameras.around(box.low_m, box.high_m, wish or "home", aspect=width / height)
    if hello.latitude_rad == 0.0 and hello.longitude_rad == 0.0:
        names = ", ".join(cameras.NAMES)
        raise Refused(f"--camera {wish}: this tileset has no place on the globe; use {names}.", code=2)
    there = cameras.placed(wish, hello)
    return replace(there, eye_m=there.eye_m * scale, reach_m=there.reach_m * scale)


def _of_volumes(table: Any) -> Box:
    """Box around the volumes of all that has content, as far as they say where it is."""
    sure = table.radius_m < _NOWHERE_M
    sure = sure & table.alive
    rows = np.flatnonzero((table.has_content | (table.stub > 0)) & sure)
    if not len(rows):
        rows = np.flatnonzero(sure)
    if not len(rows):
        return Box(np.full(3, -_SMALL_M), np.full(3, _SMALL_M))
    reach = np.minimum(table.half_m[rows], table.radius_m[rows, None])
    return Box((table.centre_m[rows] - reach).min(axis=0), (table.centre_m[rows] + reach).max(axis=0))


def _name(address: str) -> str:
    """What a tileset is called that says no name of its own: its archive or its folder."""
    holder = Path(archive.parted(archive.entry(address))[0])
    path = Path(address)
    return holder.stem or (path if path.is_dir() else path.parent).resolve().name or "Tileset"


def _hello(address: str, box: Box, world_from_root: Float, scale: float) -> Hello:
    """What a sim would say of this place."""
    origin = np.asarray(np.linalg.inv(world_from_root)[:3, 3], np.float64)
    placed = np.linalg.norm(origin) > _NOWHERE_M
    latitude, longitude, height = geodetic_from_ecef(origin) if placed else (0.0, 0.0, 0.0)
    west, south, low = (float(v) for v in box.low_m)
    east, north, _ = (float(v) for v in box.high_m)
    return Hello(
        protocol=PROTOCOL, run="", version="", package="", name=_name(address),
        state_address="", tiles=address, latitude_rad=float(latitude), longitude_rad=float(longitude),
        height_m=float(height), zone="", utc_offset_s=0.0, year=2025, steps=0, step_s=3600.0,
        extent_m=(west, south, east, north), ground_m=low,
    )  # fmt: skip
