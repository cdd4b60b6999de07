"""Levels of detail as written: the same buildings with a fifth of the triangles, land and trees alike, boxes tight."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from app.tiles.formats import content
from app.tiles.mesh import Mesh
from tools import build, lod, lod_land, random_town, tiles
from tools.land import Ground, Land


def quiet(stage: str, done: float) -> None:
    pass


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        yield from nodes(child)


def leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [n for n in nodes(node) if "children" not in n]


class Written:
    """A tileset on disk, decoded tile by tile."""

    def __init__(self, folder: Path, ids: tuple[str, ...]) -> None:
        self.folder, self.slots = folder, {name: k + 1 for k, name in enumerate(ids)}
        self.root = json.loads((folder / "tileset.json").read_text())["root"]
        self._meshes: dict[str, tuple[Mesh, ...]] = {}

    def meshes(self, node: dict[str, Any]) -> tuple[Mesh, ...]:
        uri = node["content"]["uri"]
        if uri not in self._meshes:
            self._meshes[uri] = content.decode((self.folder / uri).read_bytes(), self.slots)
        return self._meshes[uri]

    def triangles(self, node: dict[str, Any]) -> int:
        return sum(len(m.walls) + len(m.roofs) for m in self.meshes(node)) // 3

    def land(self, node: dict[str, Any]) -> int:
        return sum(len(rows) for m in self.meshes(node) for rows in m.land.values()) // 3

    def buildings(self, node: dict[str, Any]) -> set[int]:
        return {int(s) for m in self.meshes(node) if not m.land for s in np.unique(m.info[:, 0])}

    def corners(self, node: dict[str, Any]) -> np.ndarray:
        parts = []
        for m in self.meshes(node):
            points = m.position
            if len(m.trees.foot):
                points = np.concatenate([m.trees.foot, m.trees.foot + [0, 1, 0] * m.trees.height_m[:, None]])
            parts.append(points @ m.matrix[:3, :3].T + m.matrix[:3, 3])
        return np.concatenate(parts)


def package(folder: Path, shape: build.Shape) -> Written:
    ids = tuple(s.id for s in shape.sources)
    tiles.write(folder, ids=ids, m=shape.mesh, b=shape.bodies, triangles=shape.triangles, place=shape.place,
                land=shape.land)  # fmt: skip
    return Written(folder, ids)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, demo_shape: build.Shape) -> Written:
    """The demo's city."""
    return package(tmp_path_factory.mktemp("demo") / "tiles", demo_shape)


@pytest.fixture(scope="module")
def delft(delft_shape: build.Shape, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return package(tmp_path_factory.mktemp("delft"), delft_shape)


@pytest.mark.parametrize("name", ["town", "delft"])
def test_a_parent_shows_the_same_buildings_with_a_fifth_of_the_triangles(
    name: str, request: pytest.FixtureRequest
) -> None:
    w: Written = request.getfixturevalue(name)
    parents = [n for n in nodes(w.root) if "children" in n]
    assert parents
    lowest = [n for n in parents if all("children" not in c for c in n["children"])]
    for parent in parents:
        below = leaves(parent)
        assert w.triangles(parent) <= 0.2 * sum(w.triangles(n) for n in below)
        assert w.land(parent) <= 0.2 * sum(w.land(n) for n in below)
        assert parent["refine"] == "REPLACE" and parent["geometricError"] > 0
        assert all(m.coarse for m in w.meshes(parent) if len(m.walls) + len(m.roofs))
    for parent in lowest:
        assert w.buildings(parent) == set().union(*(w.buildings(n) for n in leaves(parent)))
    assert w.buildings(w.root) == set(w.slots.values()), "a district fits whole into its root"


@pytest.mark.parametrize("name", ["town", "delft"])
def test_errors_grow_upwards_and_boxes_hold_what_they_bound(name: str, request: pytest.FixtureRequest) -> None:
    w: Written = request.getfixturevalue(name)
    for node in nodes(w.root):
        box = np.array(node["boundingVolume"]["box"])
        centre, half = box[:3], box[[3, 7, 11]]
        xyz = w.corners(node)
        assert (np.abs(xyz - centre) <= half + 2e-3).all()
        for child in node.get("children", ()):
            inner = np.array(child["boundingVolume"]["box"])
            assert (np.abs(inner[:3] - centre) + inner[[3, 7, 11]] <= half + 2e-3).all()
            assert child["geometricError"] < node["geometricError"]
        for m in w.meshes(node) if "children" not in node else ():
            if len(m.walls):
                assert (np.ptp(m.position, axis=0)[[0, 2]] < 400.0).all(), "a leaf and what its buildings stand out"


def test_leaves_hold_every_building_once(town: Written) -> None:
    found = [s for n in leaves(town.root) for s in town.buildings(n)]
    assert sorted(found) == sorted(town.slots.values())


def test_far_houses_stand_where_the_near_ones_do(delft: Written) -> None:
    near: dict[int, np.ndarray] = {}
    for leaf in leaves(delft.root):
        for m in delft.meshes(leaf):
            world = m.position @ m.matrix[:3, :3].T + m.matrix[:3, 3]
            for slot in np.unique(m.info[:, 0]):
                near[int(slot)] = world[m.info[:, 0] == slot]
    off = []
    for m in delft.meshes(delft.root):
        world = m.position @ m.matrix[:3, :3].T + m.matrix[:3, 3]
        for slot in np.unique(m.info[:, 0]):
            low, high = near[int(slot)].min(axis=0), near[int(slot)].max(axis=0)
            mine = world[m.info[:, 0] == slot]
            off.append(np.abs((mine.min(axis=0) + mine.max(axis=0)) / 2 - (low + high) / 2)[:2].max())
            assert mine[:, 2].max() <= high[2] + 0.1
    assert np.median(off) < 1.0 and max(off) < 15.0


def test_party_walls_are_left_out_of_far_rows() -> None:
    outline = np.array([shapely.box(6.0 * k, 0, 6.0 * k + 6, 10) for k in range(3)], dtype=object)
    same = np.full(3, 8.0)
    figures = lod.Figures(np.zeros(3), same, np.zeros(3), np.full(3, lod.FLAT), outline, np.zeros((3, 2)))
    ladders = lod.ladders(figures)
    assert [len(ladder[-1].walls) for ladder in ladders] == [3, 2, 3]
    roofs, flat = np.array([8.0, 16.0, 8.0]), np.full(3, lod.FLAT)
    lower = lod.Figures(np.zeros(3), roofs, np.zeros(3), flat, outline, np.zeros((3, 2)))
    assert [len(ladder[-1].walls) for ladder in lod.ladders(lower)] == [3, 4, 3]


def test_a_budget_goes_where_it_is_missed_most() -> None:
    outline = np.array([shapely.box(0, 0, 4, 4), shapely.box(100, 0, 160, 40)], dtype=object)
    roofs, flat = np.array([3.0, 30.0]), np.full(2, lod.FLAT)
    figures = lod.Figures(np.zeros(2), roofs, np.zeros(2), flat, outline, np.zeros((2, 2)))
    chosen = dict(lod.choose(lod.ladders(figures), np.arange(2), budget=12))
    assert chosen[0].triangles == 2 and chosen[1].triangles == 10
    body = lod.solid(list(chosen.items()), figures)
    a, b, c = (body.xyz[body.index[:, k]] for k in range(3))
    vector = np.cross(b - a, c - a)
    assert (np.einsum("ij,ij->i", vector, body.normal[body.index[:, 0]]) > 0).all(), "all look outward"
    assert (body.normal[body.material == lod.FLAT, 2] == 1).all()


@pytest.mark.parametrize("ridge", [(1.0, 0.0), (0.0, 1.0)])
def test_a_gabled_house_keeps_its_ridge(ridge: tuple[float, float]) -> None:
    outline = np.array([shapely.box(0, 0, 12, 8)], dtype=object)
    figures = lod.Figures(np.zeros(1), np.full(1, 7.0), np.full(1, 2.0), np.full(1, lod.PITCHED), outline,
                          np.array([ridge]))  # fmt: skip
    (ladder,) = lod.ladders(figures)
    assert ladder[-1].gable and ladder[-1].triangles == 14
    body = lod.solid([(0, ladder[-1])], figures)
    assert len(body.index) == 14
    a, b, c = (body.xyz[body.index[:, k]] for k in range(3))
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), body.normal[body.index[:, 0]]) > 0).all()
    top = body.xyz[body.xyz[:, 2] == 9.0]
    assert np.ptp(top[:, 0 if ridge[0] else 1]) == pytest.approx(12 if ridge[0] else 8)
    assert np.ptp(top[:, 1 if ridge[0] else 0]) == 0
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6  # the floor lies at 0 and adds nothing
    assert volume == pytest.approx(12 * 8 * 7.0)


def meadow(n: int = 40, cell_m: float = 2.0) -> Land:
    """A square of small triangles: grass with a road through it, and a row of trees."""
    k = np.arange((n + 1) ** 2)
    xy = np.column_stack([k % (n + 1), k // (n + 1)]) * cell_m
    first = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).reshape(-1)
    index = np.concatenate([np.column_stack([first, first + 1, first + n + 2]),
                            np.column_stack([first, first + n + 2, first + n + 1])])  # fmt: skip
    x = xy[index].mean(axis=1)[:, 0]
    road = np.abs(x - n * cell_m / 2) < 6.0
    key = index + len(xy) * road[:, None]
    used, again = np.unique(key, return_inverse=True)
    xyz = np.column_stack([xy[used % len(xy)], 0.02 * xy[used % len(xy), 0]])
    trees = np.column_stack([np.arange(50) * 1.5, np.full(50, 5.0), np.zeros(50)])
    material = np.where(road, Ground.ROAD, Ground.GRASS).astype(np.int8)
    return Land(xyz, again.reshape(-1, 3), material, trees, np.full(50, 8.0), np.full(50, 3.0))


def plan_m2(p: lod_land.Piece, kind: Ground) -> float:
    a, b, c = (p.xyz[p.index[p.material == kind, k], :2] for k in range(3))
    return float(((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2)


def test_far_land_keeps_its_area_with_few_triangles() -> None:
    land = meadow()
    fine = lod_land.part(land, np.arange(len(land)), np.arange(50))
    far = lod_land.coarser(fine, budget=len(land) // 5)
    assert len(far.index) <= len(land) // 5
    for kind in (Ground.GRASS, Ground.ROAD):
        assert plan_m2(far, kind) == pytest.approx(plan_m2(fine, kind), rel=0.25)
    assert plan_m2(far, Ground.GRASS) + plan_m2(far, Ground.ROAD) == pytest.approx(6400.0, rel=0.1)
    assert 0 < len(far.tree_m) < 25


def test_land_and_trees_come_back_as_they_were_written(tmp_path: Path) -> None:
    land = meadow()
    random_town.write(tmp_path / "tiles", buildings=9, land=land)
    w = Written(tmp_path / "tiles", random_town.ids(9))
    assert sum(w.land(n) for n in leaves(w.root)) == len(land)
    grown = [m for n in leaves(w.root) for m in w.meshes(n) if len(m.trees.foot)]
    feet = np.concatenate([m.trees.foot @ m.matrix[:3, :3].T + m.matrix[:3, 3] for m in grown])
    assert sorted(feet[:, 0].round(3)) == pytest.approx(sorted(land.tree_m[:, 0]))
    assert feet[:, 1] == pytest.approx(np.full(50, 5.0), abs=1e-3)
    assert np.concatenate([m.trees.height_m for m in grown]) == pytest.approx(8.0)
    assert np.concatenate([m.trees.crown_m for m in grown]) == pytest.approx(3.0)
    ground = [m for n in leaves(w.root) for m in w.meshes(n) if m.land]
    for m in ground:
        assert not len(m.walls) and not len(m.roofs) and m.features == 0, "land is no building"
        assert set(m.land) <= {"grass", "road"}
        up = m.normal @ m.matrix[:3, :3].T
        assert (up[:, 2] > 0.9).all()
