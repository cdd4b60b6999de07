"""Features of a foreign tileset: found in the district by name or place, coloured by a style, now and later."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from app.tiles.features import Table
from app.tiles.formats import gltf_own
from app.tiles.formats.gltf import counted_once
from app.tiles.formats.reading import Reading
from app.tiles.mesh import NO_FEATURE, Look, Mesh
from app.tiles.styling.binding import Binding, binding
from app.tiles.styling.style import read
from app.tiles.styling.wardrobe import Wardrobe

RED = read('{"color": "${h} > 10 ? color(\'red\') : color(\'blue\')", "show": "${h} < 100"}')
HOUSES = binding(["a", "b", "c"], np.array([[0.0, 0, 0], [100, 0, 0], [200, 0, 0]]), np.array([100.0, 100, 100]))


def mesh(table: Table, feature: list[int], x: list[float] | None = None) -> Mesh:
    n = len(feature)
    position = np.zeros((n, 3), np.float32)
    position[:, 0] = x if x is not None else 0
    none = np.zeros(0, np.uint32)
    return Mesh(position, np.zeros((n, 3), np.float32), np.zeros((n, 4), np.float32), np.zeros((0, 4), np.float32),
                none, none, np.eye(4), table.count, feature=np.array(feature, np.uint32), table=table)  # fmt: skip


def slots(bound: tuple[Mesh, ...]) -> list[int]:
    return bound[0].info[:, 0].astype(int).tolist()


def test_a_feature_is_the_building_whose_id_it_has() -> None:
    closet = Wardrobe(HOUSES)
    table = Table(3, {}, ids=("c", "nobody", "a"))
    assert slots(closet.bind(0, (mesh(table, [0, 1, 2, NO_FEATURE]),), np.eye(4))) == [3, 4, 1, 0]


def test_without_ids_it_is_the_building_where_it_stands() -> None:
    closet = Wardrobe(HOUSES)
    table = Table(3, {})
    moved = np.eye(4)
    moved[0, 3] = 100.0  # the tile stands a hundred metres east
    bound = closet.bind(0, (mesh(table, [0, 0, 1, 1, 2, 2], [-4, 4, 94, 112, 40, 44]),), moved)
    assert slots(bound) == [2, 2, 3, 3, 4, 4]


def test_two_tiles_get_rows_of_their_own_and_give_them_back() -> None:
    closet = Wardrobe(Binding(), RED)
    table = Table(2, {"h": np.array([5.0, 50.0])})
    ready = closet.bind(7, (mesh(table, [0, 1]),), np.eye(4))
    first = slots(ready)
    second = slots(closet.bind(8, (mesh(Table(2, {"h": np.array([500.0, 5.0])}), [0, 1]),), np.eye(4)))
    assert len({*first, *second, 0}) == 5
    rgba = closet.rgba
    assert rgba is not None
    assert rgba[[*first, *second]].tolist() == [[0, 0, 1, 1], [1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 1]]
    closet.hang(7, ready)
    closet.forget(7)
    freed = closet.rgba
    assert freed is not None
    assert (freed[first] == 1).all()
    assert slots(closet.bind(9, (mesh(table, [0, 1]),), np.eye(4))) == first


def test_a_tile_that_is_replaced_and_one_that_never_came_give_back_theirs_alone() -> None:
    closet = Wardrobe(Binding(), RED)
    old, lost, new = (closet.bind(7, (mesh(Table(1, {"h": np.array([5.0])}), [0]),), np.eye(4)) for _ in range(3))
    closet.hang(7, old)
    assert closet.told(slots(old)[0]) is not None
    assert closet.told(slots(lost)[0]) is None
    again = closet.bind(7, (mesh(Table(1, {"h": np.array([5.0])}), [0]),), np.eye(4))
    closet.forget(7)
    closet.hang(7, again)
    assert closet.told(slots(again)[0]) is not None
    assert closet.told(slots(old)[0]) in (None, closet.told(slots(again)[0]))
    closet.forget(7)
    assert closet.told(slots(again)[0]) is None
    assert slots(new)[0] > 0


def test_a_new_style_dresses_what_is_there_and_what_comes() -> None:
    closet = Wardrobe(Binding())
    table = Table(2, {"h": np.array([5.0, 50.0])})
    early = slots(closet.bind(1, (mesh(table, [0, 1]),), np.eye(4)))
    assert closet.rgba is None
    closet.wear(RED)
    late = slots(closet.bind(2, (mesh(table, [0, 1]),), np.eye(4)))
    assert closet.rgba is not None
    assert closet.rgba[early].tolist() == closet.rgba[late].tolist() == [[0, 0, 1, 1], [1, 0, 0, 1]]


def test_a_style_that_does_not_fit_the_tile_is_told_and_changes_nothing() -> None:
    closet = Wardrobe(Binding(), read('{"color": "color(${paint})"}'))
    row = slots(closet.bind(1, (mesh(Table(1, {"paint": ["no colour"]}), [0]),), np.eye(4)))
    assert "no colour" in closet.complaint
    assert closet.rgba is not None
    assert (closet.rgba[row] == 1).all()


@pytest.mark.parametrize("style", [
    '{"color": {"conditions": [["${Heigt} > 10", "color(\'red\')"]]}}',
    '{"defines": {"tall": "${Heigt}"}, "show": "${tall} > 3"}',
])  # fmt: skip
def test_a_property_that_no_feature_has_is_told(style: str) -> None:
    closet = Wardrobe(Binding(), read(style))
    assert not closet.complaint  # nothing is known yet
    closet.bind(1, (mesh(Table(1, {"Height": np.array([5.0])}), [0]),), np.eye(4))
    assert "'Heigt'" in closet.complaint and "Height" in closet.complaint.partition("there are")[2]
    closet.bind(2, (mesh(Table(1, {"Heigt": np.array([5.0])}), [0]),), np.eye(4))
    assert not closet.complaint


def test_a_click_finds_the_properties() -> None:
    closet = Wardrobe(Binding())
    table = Table(2, {"h": np.array([5.0, 50.0])})
    row = slots(closet.bind(1, (mesh(table, [0, 1]),), np.eye(4)))[1]
    assert closet.told(row) == (table, 1)
    assert closet.told(0) is None
    assert closet.told(999) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_feature_without_a_place_is_no_building(bad: float) -> None:
    closet = Wardrobe(HOUSES)
    assert slots(closet.bind(0, (mesh(Table(1, {}), [0, 0], [bad, bad]),), np.eye(4))) == [4, 4]


def test_buildings_of_our_own_tiles_without_known_ids_are_found_by_place_and_dressed() -> None:
    place = np.array([[100, 0, 0], [101, 0, 0], [100, 1, 0], [900, 0, 0], [901, 0, 0], [900, 1, 0]], np.float32)
    table, triangles = Table(2), np.arange(6, dtype=np.uint32).reshape(2, 3)
    paper = gltf_own.paper(
        place, np.zeros((6, 3), np.float32), triangles, np.zeros(6, np.float32), None, table=table, matrix=np.eye(4),
        feature=np.array([0, 0, 0, 1, 1, 1], np.uint32), reading=Reading(dict(HOUSES.slots)),
    )  # fmt: skip
    closet = Wardrobe(HOUSES, read('{"color": "color(\'red\')"}'))
    row = slots(closet.bind(1, counted_once([paper]), np.eye(4)))
    assert row == [2, 2, 2, 4, 4, 4]
    assert closet.rgba is not None
    assert closet.rgba[[2, 4]].tolist() == [[1, 0, 0, 1], [1, 0, 0, 1]]


def cloud(**more) -> Mesh:
    """Three points, red, green and blue, at x = 0, 1, 2 of a tile whose cloud has its centre at x = 100."""
    one = mesh(Table(0), [0, 0, 0], [0, 1, 2])
    matrix = np.eye(4)
    matrix[0, 3] = 100.0
    return replace(
        one, look=Look(), color=np.c_[np.eye(3), np.ones(3)].astype(np.float32), dots=np.arange(3, dtype=np.uint32),
        matrix=matrix, origin_m=(100.0, 0.0, 0.0), table=None, feature=np.zeros(0, np.uint32), **more,
    )  # fmt: skip


def shown(closet: Wardrobe, bound: tuple[Mesh, ...]) -> list[bool]:
    assert closet.rgba is not None
    return (closet.rgba[slots(bound), 3] > 0).tolist()


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("${POSITION}.x > 0.5", [False, True, True]),
        ("${POSITION_ABSOLUTE}.x === 5101", [False, True, False]),
        ("${COLOR} === color('lime') && ${COLOR}.alpha === 1", [False, True, False]),
        ("${NORMAL} === undefined", [True, True, True]),
        ("${POSITION.x} > 0.5 && ${feature['POSITION'][0]} < 1.5", [False, True, False]),
        ("${POSITION} === undefined || ${kind} === undefined", [True, True, True]),
    ],
)
def test_a_style_tells_the_points_of_a_cloud_apart(asked: str, seen: list[bool]) -> None:
    closet = Wardrobe(HOUSES, read(json.dumps({"show": asked})))
    closet.earth_from_world[0, 3] = 5000.0
    assert shown(closet, closet.bind(0, (cloud(),), np.eye(4))) == seen


def test_a_click_on_a_point_tells_its_place_where_only_that_is_asked() -> None:
    closet = Wardrobe(Binding(), read('{"defines": {"east": "${POSITION}.x"}, "meta": {"east": "${east} + \' m\'"}}'))
    bound = closet.bind(0, (cloud(),), np.eye(4))
    assert [closet.words(row) for row in slots(bound)] == [(("east", f"{k} m"),) for k in range(3)]


def test_normals_are_those_of_the_tile() -> None:
    closet = Wardrobe(Binding(), read('{"show": "${NORMAL}.z > 0.99"}'))
    turned = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])  # y-up to z-up, as of glTF
    up = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    assert shown(closet, closet.bind(0, (replace(cloud(), normal=up, matrix=turned),), np.eye(4))) == [
        True,
        False,
        False,
    ]


def test_points_of_features_have_the_properties_of_these_besides_their_own() -> None:
    style = {"show": "${POSITION}.x > 0 && ${h} > 10 && isClass('Tree')", "color": "${COLOR} * color('red')",
             "pointSize": "${h} + ${POSITION}.x", "meta": {"x": "${POSITION}.x"}}  # fmt: skip
    closet = Wardrobe(Binding(), read(json.dumps(style)))
    table = Table(2, {"h": np.array([5.0, 50.0])}, ("a", "b"), (("Shrub",), ("Oak", "Tree")), np.array([0, 1]))
    batched = replace(cloud(), table=table, feature=np.array([1, 0, 1], np.uint32))
    bound = closet.bind(3, (batched,), np.eye(4))
    assert shown(closet, bound) == [False, False, True]
    assert closet.dots is not None
    assert (closet.dots[slots(bound)] % 100).tolist() == [50, 6, 52]
    assert closet.words(slots(bound)[2]) == (("x", "2"), ("id", "b"), ("h", "50"))
    closet.hang(3, bound)
    closet.forget(3)
    assert closet.dots is not None
    assert not closet.dots.any(), "nothing is left of them"
    again = closet.bind(4, (batched,), np.eye(4))
    assert sorted(slots(again)) == sorted(slots(bound)), "rows of points are given back"
    unknown = replace(batched, feature=np.array([NO_FEATURE, 0, 1], np.uint32))
    assert shown(closet, closet.bind(5, (unknown,), np.eye(4))) == [False, False, True]


def test_points_of_their_own_properties_have_sizes_and_colours_and_lend_no_row_twice() -> None:
    style = '{"pointSize": {"conditions": [["${h} > 10", "${h}"]]}, "color": {"conditions": [["${h} < 6", "\'red\'"]]}}'
    closet = Wardrobe(Binding(), read(style))
    table = Table(3, {"h": np.array([5.0, 50.0, 500.0])})
    bound = closet.bind(0, (replace(cloud(), table=table, feature=np.arange(3, dtype=np.uint32)),), np.eye(4))
    assert closet.dots is not None and closet.rows == 4
    assert closet.dots[slots(bound)].tolist() == [100, 50, 64], "the first has the style's colour and its own size"


def test_what_has_no_features_is_one_without_properties() -> None:
    closet = Wardrobe(HOUSES, read("{\"color\": \"${h} === undefined ? color('red') : color('blue')\"}"))
    bare = replace(cloud(), dots=np.zeros(0, np.uint32))
    bound = closet.bind(1, (bare, bare), np.eye(4))
    (row,) = {*slots(bound), *slots(bound[1:])}
    assert closet.rgba is not None
    assert closet.rgba[row].tolist() == [1, 0, 0, 1] and row > HOUSES.count
    assert closet.words(row) is None
    assert slots(Wardrobe(HOUSES).bind(1, (bare,), np.eye(4))) == [0, 0, 0], "without a style nothing asks for rows"
    own = replace(bare, look=None)
    rows = closet.rows
    assert slots(closet.bind(2, (own,), np.eye(4))) == [0, 0, 0] and closet.rows == rows, "our own land is no feature"
    closet.hang(1, bound)
    closet.forget(1)
    assert slots(closet.bind(4, (bare,), np.eye(4))) == [row] * 3


def test_a_cloud_and_a_surface_of_the_same_features_keep_their_own_rows() -> None:
    closet = Wardrobe(Binding(), read('{"show": "${POSITION}.x > 0.5 || ${h} > 10"}'))
    table = Table(2, {"h": np.array([5.0, 50.0])})
    points = replace(cloud(), table=table, feature=np.zeros(3, np.uint32))
    solid = replace(mesh(table, [0, 1, 1]), look=Look())
    bound = closet.bind(0, (points, solid, points, solid), np.eye(4))
    assert [shown(closet, bound[k : k + 1]) for k in range(4)] == [[False, True, True]] * 4
    assert slots(bound[1:]) == slots(bound[3:]) and len({*slots(bound), *slots(bound[1:]), *slots(bound[2:])}) == 8
