"""Tiles as a viewer reads them back: where they stand, which building each vertex belongs to, how faces measure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_city import add, faces_of_box, faces_of_gable, model, street, write

from app.tiles.formats.content import decode
from app.tiles.geodesy import ecef_from_enu
from app.tiles.tree import tileset
from tools import build, tiles, triangles


def quiet(stage: str, done: float) -> None:
    pass


def tiled(folder: Path, head: dict) -> tuple[build.Shape, dict]:
    """The shape of a model and its tileset.json, tiles written to `folder`/tiles."""
    shape = build.measure([write(folder / "a.json", head)], crs=None, progress=quiet)
    ids = tuple(s.id for s in shape.sources)
    tiles.write(folder / "tiles", ids=ids, m=shape.mesh, b=shape.bodies, triangles=shape.triangles, place=shape.place)
    return shape, json.loads((folder / "tiles" / "tileset.json").read_text())


def test_a_viewer_finds_every_building_where_it_stands(tmp_path: Path) -> None:
    head = street(houses=3)
    add(head, "far", faces_of_box(600, 300, 610, 310, height=8))
    shape, document = tiled(tmp_path, head)
    place = shape.place
    world = np.linalg.inv(ecef_from_enu(place.latitude_rad, place.longitude_rad, place.height_m))
    table, _ = tileset.load(str(tmp_path / "tiles" / "tileset.json"), world_from_root=world)
    slots = {s.id: k + 1 for k, s in enumerate(shape.sources)}
    seen = {}
    for addresses, matrix in zip(table.contents, table.matrix, strict=True):
        for mesh in decode(Path(addresses[0]).read_bytes(), slots) if addresses else ():
            where = (matrix @ mesh.matrix @ np.c_[mesh.position, np.ones(len(mesh.position))].T).T[:, :3]
            for slot in np.unique(mesh.info[:, 0]):
                seen[int(slot)] = where[mesh.info[:, 0] == slot]
    assert sorted(seen) == [1, 2, 3, 4]
    for slot, where in seen.items():
        own = np.repeat(shape.mesh.faces.building, np.diff(shape.mesh.faces.ring_start)) == slot - 1
        xyz = shape.mesh.faces.xyz[own]
        np.testing.assert_allclose(where.min(axis=0), xyz.min(axis=0), atol=1e-3)
        np.testing.assert_allclose(where.max(axis=0), xyz.max(axis=0), atol=1e-3)
    assert len(document["root"]["children"]) == 2
    assert document["asset"]["version"] == "1.1"


def test_boxes_hold_their_tiles_and_the_root_holds_all(tmp_path: Path) -> None:
    head = model()
    add(head, "one", faces_of_box(0, 0, 10, 10, height=5))
    add(head, "two", faces_of_box(900, 0, 910, 10, height=25))
    _, document = tiled(tmp_path, head)
    root = np.array(document["root"]["boundingVolume"]["box"])
    for child in document["root"]["children"]:
        box = np.array(child["boundingVolume"]["box"])
        assert (np.abs(box[:3] - root[:3]) + box[[3, 7, 11]] <= root[[3, 7, 11]] + 1e-3).all()
        assert child["geometricError"] < document["root"]["geometricError"]


def test_faces_carry_their_own_measure(tmp_path: Path) -> None:
    head = model()
    add(head, "house", faces_of_gable(0, 0, 8, 10, eave=5, ridge=10))
    _, document = tiled(tmp_path, head)
    content = (tmp_path / "tiles" / document["root"]["children"][0]["content"]["uri"]).read_bytes()
    (mesh,) = decode(content, {"house": 1})
    material, face = mesh.info[:, 1], mesh.face
    roof = face[material == 1]
    assert roof[:, 2] == pytest.approx(8, abs=0.01)  # along the eave
    assert roof[:, 3] == pytest.approx(50**0.5, abs=0.01)  # up the slope
    walls = face[material == 0]
    assert sorted(set(walls[:, 2].round().tolist())) == [8, 10]
    assert sorted(set(walls[:, 3].round().tolist())) == [5, 10]
    for part in (roof, walls):
        assert (part[:, :2] >= -1e-3).all()
        assert (part[:, 0] <= part[:, 2] + 1e-3).all()
        assert (part[:, 1] <= part[:, 3] + 1e-3).all()


def test_triangles_cover_every_face_and_look_outward(tmp_path: Path) -> None:
    head = model()
    notched = [(0, 0), (8, 0), (8, 3), (5, 3), (5, 6), (8, 6), (8, 9), (0, 9)]
    low, high = [(x, y, 0.0) for x, y in notched], [(x, y, 4.0) for x, y in notched]
    n = len(notched)
    walls = [[low[k], low[(k + 1) % n], high[(k + 1) % n], high[k]] for k in range(n)]
    add(head, "notched", [low[::-1], high, *walls])
    m = build.measure([write(tmp_path / "a.json", head)], crs=None, progress=quiet).mesh
    cut = triangles.triangulate(m, np.ones(len(m.area_m2), bool))
    a, b, c = (m.faces.xyz[cut.index[:, k]] for k in range(3))
    vector = np.cross(b - a, c - a) / 2
    area = np.bincount(cut.face, np.linalg.norm(vector, axis=1))
    np.testing.assert_allclose(area, m.area_m2, rtol=1e-6)
    assert (np.einsum("ij,ij->i", vector, m.normal[cut.face]) > 0).all()
    assert cut.uncut == 0


def test_delft_is_cut_without_loss(delft_shape: build.Shape) -> None:
    shape = delft_shape
    m, cut = shape.mesh, shape.triangles
    a, b, c = (m.faces.xyz[cut.index[:, k]] for k in range(3))
    area = np.bincount(cut.face, np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2, len(m.area_m2))
    seen = tiles.visible(m, shape.bodies)
    assert cut.uncut == 0
    assert area[seen].sum() == pytest.approx(m.area_m2[seen].sum(), rel=1e-4)
    assert 10 <= len(shape.raw.id) / len(shape.sources) <= 20
    assert (shape.areas.party_m2 > 5).sum() > 50
    assert shape.bodies.open_shells.sum() <= 1
