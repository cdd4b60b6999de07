"""A flight through a generated town five times the memory cap: nothing gapes, nothing is held beyond the cap.

The tiles are real files of the real writer, decoded by the real threads; only the GPU is a table.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from plain_stage import Table
from rays import Rays
from toytrees import Tree, emptied

from app.camera import eye_of, looking_at
from app.tiles.cache import Stream
from app.tiles.eye import Eye, distance_m, in_view
from app.tiles.formats import content
from app.tiles.mesh import Mesh, bytes_of
from app.tiles.schedule import COPIES
from app.tiles.tree import tileset
from tools import random_town

BUILDINGS = 2500
SIZE = (1280, 720)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("town") / "tiles"
    random_town.write(folder, buildings=BUILDINGS, plot_m=48.0)
    return str(folder / "tileset.json")


@pytest.fixture(scope="module")
def town(root: str) -> tileset.Tileset:
    return tileset.load(root)[0]


@pytest.fixture(scope="module")
def sizes(town: tileset.Tileset) -> np.ndarray:
    slots = {name: k + 1 for k, name in enumerate(random_town.ids(BUILDINGS))}

    def held(uri: str) -> int:
        meshes = content.decode(Path(uri).read_bytes(), slots)
        return COPIES * bytes_of(replace(m, feature=np.zeros(0, np.uint32), table=None) for m in meshes)  # slots say it

    return np.array([held(u) for (u,) in town.contents])


def holes(tiles: tileset.Tileset, eye: Eye, drawn: set[int]) -> int:
    """Leaves in view that neither are drawn nor stand under something drawn."""
    count = 0
    for leaf in np.flatnonzero(~tiles.has_children & in_view(tiles, eye)):
        node = int(leaf)
        while node >= 0 and node not in drawn:
            node = int(tiles.parent[node])
        count += node < 0
    return count


def doubled(tiles: tileset.Tileset, drawn: set[int]) -> int:
    """Drawn tiles that stand under another drawn one."""
    count = 0
    for node in drawn:
        above = int(tiles.parent[node])
        while above >= 0 and above not in drawn:
            above = int(tiles.parent[above])
        count += above >= 0
    return count


def path(frame: int, frames: int):
    """Low across the town, turning about, then up and straight to the other end."""
    t = frame / frames
    x, y = 1100 * np.sin(5.0 * t), -1100 + 2200 * t
    distance = 1500.0 if 0.45 < t < 0.55 else 200.0
    return looking_at(np.array([x, y, 0.0]), distance_m=distance, heading_rad=9.0 * t, pitch_rad=0.45)


def test_a_town_five_times_the_cap_is_flown_through_without_holes(
    root: str, town: tileset.Tileset, sizes: np.ndarray
) -> None:
    cap = int(sizes.sum()) // 5
    stage = Table()
    stream = Stream(town, {}, cap_bytes=cap)
    frames, gaps, twice, finest = 500, 0, 0, 0
    first = eye_of(path(0, frames), size=SIZE)
    deadline = time.monotonic() + 10
    while not stage.shown and time.monotonic() < deadline:
        stream.update([first], stage)
        time.sleep(0.002)
    assert stage.shown, "the root came"
    for k in range(frames):
        eye = eye_of(path(k, frames), size=SIZE)
        stream.update([eye], stage)
        gaps += holes(town, eye, stage.shown & set(stage.tiles))
        twice += doubled(town, stage.shown)
        finest = max(finest, int((~town.has_children[list(stage.shown)]).sum()))
        time.sleep(0.003)
    stream.close()
    assert gaps == 0 and twice == 0
    assert stream.peak_bytes <= cap + sizes.max()
    assert sizes[list(stage.tiles)].sum() == stream.bytes <= cap + sizes.max()
    assert stream.peak_bytes > 0.5 * cap and finest >= 4, "the flight saw detail, and the cap was felt"


def test_under_pressure_the_picture_gets_coarser_and_settles(
    root: str, town: tileset.Tileset, sizes: np.ndarray
) -> None:
    cap = int(sizes.sum()) // 12
    assert cap > 2 * sizes.max()
    stage, stream = Table(), Stream(town, {}, cap_bytes=cap)
    above = eye_of(looking_at(np.zeros(3), distance_m=700.0, heading_rad=0.0, pitch_rad=1.4), size=SIZE)
    deadline = time.monotonic() + 20
    settled = 0
    while settled < 20 and time.monotonic() < deadline:
        stream.update([above], stage)
        settled = settled + 1 if stream.settled else 0
        time.sleep(0.001)
    stream.close()
    assert settled == 20 and stream.coarser > 1.0
    assert holes(town, above, stage.shown) == 0
    assert stream.bytes <= cap


def test_what_left_the_view_is_not_decoded(root: str, town: tileset.Tileset) -> None:
    stage, stream = Table(), Stream(town, {})
    near = eye_of(looking_at(np.zeros(3), distance_m=150.0, heading_rad=0.0, pitch_rad=0.6), size=SIZE)
    away = Eye(near.position_m, np.array([[0.0, 0.0, 1.0, -9000.0]]), near.height_px, near.fov_y_rad)
    for _ in range(400):
        stream.update([near], stage)
        if stream.loaded >= 3:
            break
        time.sleep(0.001)
    stream.update([away], stage)
    time.sleep(0.2)
    stream.update([away], stage)
    stream.close()
    assert stream.settled and stream.loaded < len(town)


def test_drawing_back_shows_the_whole_town_at_once(root: str, town: tileset.Tileset) -> None:
    """Ancestors of what is drawn are held, so that no frame waits for them."""
    stage, stream = Table(), Stream(town, {})
    near = eye_of(looking_at(np.zeros(3), distance_m=150.0, heading_rad=0.0, pitch_rad=0.6), size=SIZE)
    deadline = time.monotonic() + 20
    stream.update([near], stage)
    while not stream.settled and time.monotonic() < deadline:
        time.sleep(0.002)
        stream.update([near], stage)
    assert (~town.has_children[list(stage.shown)]).any()
    far = eye_of(looking_at(np.zeros(3), distance_m=60000.0, heading_rad=0.0, pitch_rad=1.2), size=SIZE)
    stream.update([far], stage)
    stream.close()
    assert stage.shown == {0}
    assert (distance_m(town, far) > 0).all()


@pytest.mark.parametrize("kind", ["plain", "external", "implicit"])
@pytest.mark.parametrize("depth", [1, 2])
def test_under_nodes_that_show_nothing_a_turn_of_the_head_shows_no_gap(tmp_path: Path, kind: str, depth: int) -> None:
    """The root and more levels are empty: nothing could step in for what is out of view, so it is held, coarse."""
    tiles = tileset.load(str(emptied(tmp_path / "tiles", kind=kind, depth=depth)))[0]
    stage, stream = Table(), Stream(tiles, {})
    away = 1.25 * np.pi  # from the middle of one quarter to the outer corner

    def eye(heading_rad: float, distance_m: float = 40.0) -> Eye:
        at = np.array([-250.0, -250.0, 0.0])
        return eye_of(looking_at(at, distance_m=distance_m, heading_rad=heading_rad, pitch_rad=0.1), size=SIZE)

    deadline = time.monotonic() + 20
    stream.update([eye(away)], stage)
    while not stream.settled and time.monotonic() < deadline:
        time.sleep(0.001)
        stream.update([eye(away)], stage)
    assert stream.settled and stage.shown, stream.errors
    gaps = 0
    for k in range(1, 8):
        turned = eye(away + 2 * np.pi * k / 7)
        stream.update([turned], stage)
        gaps += holes(stream.tiles, turned, stage.shown)
    afar = eye(away, 3000.0)
    stream.update([afar], stage)
    gaps += holes(stream.tiles, afar, stage.shown)
    stream.close()
    assert gaps == 0


def test_detail_gives_way_to_what_a_turn_of_the_head_would_show(tmp_path: Path) -> None:
    """A part of the detail around fits under the cap: the picture gets coarser before the other quarters leave."""
    path = emptied(tmp_path / "tiles", kind="plain", depth=1, more=4)
    size = COPIES * bytes_of(content.decode((path.parent / "house.glb").read_bytes(), {}))
    tiles = tileset.load(str(path))[0]
    stage, stream, gaps = Table(), Stream(tiles, {}, cap_bytes=40 * size), 0
    for k in range(240):
        at = np.array([-250.0 + 500.0 * (k // 120), -250.0, 0.0])
        eye = eye_of(looking_at(at, distance_m=30.0, heading_rad=0.7 * (k // 8), pitch_rad=0.1), size=SIZE)
        deadline = time.monotonic() + 20
        while k == 0 and not (stage.shown and stream.settled) and time.monotonic() < deadline:
            stream.update([eye], stage)
            time.sleep(0.001)
        stream.update([eye], stage)
        gaps += holes(stream.tiles, eye, stage.shown)
        time.sleep(0.002)
    stats, coarser = stream.stats(), stream.coarser
    stream.close()
    assert gaps == 0 and coarser > 1.0
    assert stats["peak_bytes"] <= stats["cap_bytes"] + size


def test_what_comes_after_its_parent_has_left_does_not_stand_alone(tmp_path: Path) -> None:
    """It would be drawn when the eye comes back, and gone again when its parent comes before its other children."""
    path = emptied(tmp_path / "tiles", kind="plain", depth=0, more=4)
    size = COPIES * bytes_of(content.decode((path.parent / "house.glb").read_bytes(), {}))
    stage, calls, busy, gate = Table(), count(), threading.Event(), threading.Event()

    def prepare(mesh: Mesh) -> Mesh:
        """The root, the quarters and the four in the first of them pass; what comes next takes its time."""
        if next(calls) == 9:
            busy.set()
            gate.wait(30)
        return mesh

    stream = Stream(tileset.load(str(path))[0], {}, cap_bytes=int(10.5 * size), prepare=prepare)
    here, there = (
        eye_of(looking_at(np.array([x, x, 0.0]), distance_m=40.0, heading_rad=0.0, pitch_rad=1.4), size=SIZE)
        for x in (-250.0, 250.0)
    )
    tiles, deadline = stream.tiles, time.monotonic() + 30
    first = np.flatnonzero((tiles.level == 2) & (tiles.centre_m[:, :2] < 0).all(axis=1))
    while not (gate.is_set() and stream.settled) and time.monotonic() < deadline:
        stream.update([there if busy.is_set() else here], stage)
        held = np.array(sorted(stage.tiles))
        assert not len(held) or stream.ready[tiles.parent[held[held > 0]]].all(), "each stands on its parent"
        if busy.is_set() and not stream.ready[first].any():
            gate.set()
        time.sleep(0.001)
    stream.close()
    assert gate.is_set() and stream.settled


KINDS = {
    "replace": {"add": 0.0, "external": 0.0}, "add": {"add": 0.7, "external": 0.0}, "external": {"external": 0.5},
    "implicit": {"external": 0.1, "implicit": 0.4, "most": 120},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_wherever_the_eye_goes_nothing_gapes_and_no_detail_vanishes(tmp_path: Path, kind: str, seed: int) -> None:
    """Turning, zooming, jumping, with a broken tile here and there and a cap that is felt."""
    tree = Tree(tmp_path / kind, seed, **KINDS[kind])
    rng = np.random.default_rng(seed)
    for broken in rng.choice(sorted(tree.folder.rglob("*.glb")), 3):
        broken.write_bytes(b"glTF")
    root = str(tree.path)
    stage, stream, rays = Table(), Stream(tileset.load(root)[0], {}, cap_bytes=60_000), Rays()
    place, distance, heading, pitch = np.zeros(2), 300.0, 0.0, 0.6
    for k in range(150):
        place = np.clip(place + rng.normal(0, 25, 2), -400, 400)
        distance = 250.0 * (distance / 250.0) ** 0.9 * np.exp(rng.normal(0, 0.3))
        heading, pitch = heading + rng.normal(0, 0.4), float(np.clip(pitch + rng.normal(0, 0.15), 0.05, 1.5))
        if k % 40 == 39:
            place, distance, heading = rng.uniform(-400, 400, 2), 40.0, rng.uniform(0, 6.28)
        camera = looking_at(np.append(place, 0.0), distance_m=distance, heading_rad=heading, pitch_rad=pitch)
        eye = eye_of(camera, size=SIZE)
        frames, had, deadline = int(rng.integers(1, 4)), stage.attached, time.monotonic() + 5
        waits = k % 3 == 0  # however slow the machine is, the flight sees tiles come
        while frames > 0 or (waits and stage.attached == had and not stream.settled and time.monotonic() < deadline):
            frames -= 1
            stream.update([eye], stage)
            assert stage.shown <= set(stage.tiles)
            rays.look(stream.tiles, eye, stage.shown, stream.limit_px, stream.nothing)
            time.sleep(0.001)
    stats = stream.stats()
    stream.close()
    assert (rays.holes, rays.vanished, rays.doubled) == (0, 0, 0)
    assert rays.compared > 300 and stage.attached > 15
    assert stats["peak_bytes"] <= stats["cap_bytes"] + 10_000
