"""Areas, volumes, party walls and energy surfaces of bodies that anyone can calculate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_city import add, faces_of_box, faces_of_gable, model, write

from sim.district import SurfaceKind
from tools import frame, geometry, party, reading, surfaces
from tools.city import FaceKind

Measure = Callable[..., tuple[geometry.Mesh, geometry.Bodies, party.Party]]


@pytest.fixture
def measured(tmp_path: Path) -> Measure:
    """Mesh, figures and party walls of a model, in the file's own metres."""

    def measure(head: dict[str, Any]) -> tuple[geometry.Mesh, geometry.Bodies, party.Party]:
        city = reading.read(write(tmp_path / "a.json", head))
        local = replace(city.faces, xyz=city.faces.xyz - [85000.0, 447000.0, 0.0])
        m = geometry.mesh(local)
        return m, geometry.bodies(m, len(city.buildings)), party.party(m)

    return measure


def merged(m: geometry.Mesh, b: geometry.Bodies, shared: party.Party, *, north: bool = True) -> surfaces.Raw:
    return surfaces.merge(m, shared, b, tuple(f"b{k}" for k in range(len(b.x_m))), north=north)


def test_a_box(measured: Measure) -> None:
    head = model()
    add(head, "box", faces_of_box(2, 3, 12, 8, height=4, base=1))
    m, b, shared = measured(head)
    assert b.volume_m3 == pytest.approx(10 * 5 * 4)
    assert b.footprint_m2 == pytest.approx(50)
    assert (b.x_m[0], b.y_m[0], b.ground_m[0], b.height_m[0]) == pytest.approx((7, 5.5, 1, 4))
    assert not b.open_shells.any()
    a = surfaces.areas(m, shared, b)
    assert (a.roof_m2[0], a.wall_m2[0], a.ground_m2[0], a.party_m2[0]) == pytest.approx((50, 120, 50, 0))
    assert np.bincount(m.faces.kind).tolist() == [1, 4, 1]


def test_a_box_turned_inside_out_is_turned_back(measured: Measure) -> None:
    head = model()
    add(head, "box", [ring[::-1] for ring in faces_of_box(0, 0, 3, 3, height=3)])
    m, b, _ = measured(head)
    assert b.volume_m3 == pytest.approx(27)
    south = np.argmin(m.centroid[:, 1])
    np.testing.assert_allclose(m.normal[south], [0, -1, 0], atol=1e-9)
    np.testing.assert_allclose(geometry.mesh(m.faces).normal, m.normal)  # rings were turned, not only normals


def test_an_open_shell_has_the_volume_of_its_prism(measured: Measure) -> None:
    head = model()
    add(head, "box", faces_of_box(0, 0, 10, 10, height=6)[1:], kind="MultiSurface")
    _, b, _ = measured(head)
    assert b.open_shells.all()
    assert b.volume_m3 == pytest.approx(600)
    assert b.footprint_m2 == pytest.approx(100)


def test_a_roof_with_a_court(measured: Measure) -> None:
    head = model()
    add(head, "ring", faces_of_box(0, 0, 10, 10, height=5))
    solid = head["CityObjects"]["ring"]["geometry"][0]["boundaries"][0]
    first = len(head["vertices"])
    head["vertices"] += [[3000, 3000, 5000], [7000, 3000, 5000], [7000, 7000, 5000], [3000, 7000, 5000]]
    for order in ((0, 1, 2, 3), (3, 2, 1, 0)):  # a hole counts as one whichever way it runs
        solid[1] = [solid[1][0], [first + k for k in order]]
        m, b, shared = measured(head)
        assert surfaces.areas(m, shared, b).roof_m2 == pytest.approx(84)
        roof = np.flatnonzero(m.faces.kind == FaceKind.ROOF)[0]
        x, y, _ = shared.eye_m[roof]
        assert not (3 < x < 7 and 3 < y < 7)  # the eye of its horizon stands on the roof, not over the court


def test_a_gabled_roof_looks_south_and_north(measured: Measure) -> None:
    head = model()
    add(head, "house", faces_of_gable(0, 0, 8, 10, eave=5, ridge=10))
    m, b, shared = measured(head)
    raw = merged(m, b, shared)
    roof = raw.kind == SurfaceKind.ROOF
    assert np.degrees(raw.tilt_rad[roof]) == pytest.approx([45, 45])
    assert sorted(np.degrees(raw.azimuth_rad[roof]).round(6)) == pytest.approx([0, 180])
    assert raw.area_m2[roof] == pytest.approx([8 * 50**0.5] * 2)
    assert b.volume_m3 == pytest.approx(8 * 10 * 5 + 8 * 10 * 5 / 2)
    assert raw.usable_m2[roof & (np.abs(np.degrees(raw.azimuth_rad) - 180) < 1)] > 30
    assert raw.usable_m2[roof & (np.cos(raw.azimuth_rad) > 0.9)] == 0  # steep and towards the pole
    southern = merged(m, b, shared, north=False)
    assert southern.usable_m2[roof & (np.cos(raw.azimuth_rad) > 0.9)] > 30


def test_a_facade_carries_modules_above_the_ground_storey_and_not_towards_the_pole(measured: Measure) -> None:
    head = model()
    add(head, "block", faces_of_box(0, 0, 20, 10, height=12))
    m, b, shared = measured(head)
    raw = merged(m, b, shared)
    south = (raw.kind == SurfaceKind.WALL) & (np.abs(np.degrees(raw.azimuth_rad) - 180) < 1)
    north = (raw.kind == SurfaceKind.WALL) & (np.cos(raw.azimuth_rad) > 0.9)
    by_hand = (20 * 12 - 0.3 * 2 * (20 + 12)) * 9 / 12 * 0.7
    assert raw.usable_m2[south].sum() == pytest.approx(by_hand)
    assert raw.usable_m2[north].sum() == 0
    assert merged(m, b, shared, north=False).usable_m2[north].sum() == pytest.approx(by_hand)
    left = surfaces.between_windows(np.array([by_hand] * 3), np.array([0.0, 0.3, 0.3]), np.array([1.0, 1.0, 0.4]))
    assert left == pytest.approx([by_hand, 0.55 * by_hand, 0.0])  # windows take more than themselves; courts are dark
    assert surfaces.between_windows(np.array([50.0]), np.array([0.9]), np.ones(1))[0] == 0.0  # a glass front


def test_two_boxes_that_touch_share_the_smaller_wall(measured: Measure) -> None:
    head = model()
    add(head, "low", faces_of_box(0, 0, 10, 8, height=4))
    add(head, "high", faces_of_box(10, 2, 20, 12, height=9))
    m, b, shared = measured(head)
    a = surfaces.areas(m, shared, b)
    assert a.party_m2 == pytest.approx([6 * 4, 6 * 4])
    assert a.wall_m2 == pytest.approx([36 * 4 - 24, 40 * 9 - 24])
    raw = merged(m, b, shared)
    wall = raw.kind == SurfaceKind.WALL
    assert np.bincount(raw.building[wall], raw.area_m2[wall]) == pytest.approx(a.wall_m2)
    west = np.flatnonzero((m.faces.building == 1) & (m.normal[:, 0] < -0.9))[0]
    _, y, z = shared.eye_m[west]
    assert z > 4 or y > 8  # the high wall's eye stands where its neighbour does not cover it


@pytest.mark.parametrize(("gap", "covered"), [(0.2, 40.0), (0.5, 0.0)])
def test_surveyed_neighbours_may_part_a_little(measured: Measure, gap: float, covered: float) -> None:
    head = model()
    add(head, "one", faces_of_box(0, 0, 10, 10, height=4))
    add(head, "other", faces_of_box(10 + gap, 0, 20 + gap, 10, height=4))
    m, b, shared = measured(head)
    assert surfaces.areas(m, shared, b).party_m2 == pytest.approx([covered, covered], abs=1e-6)


def test_walls_between_parts_are_neither_exterior_nor_party(measured: Measure) -> None:
    head = model()
    add(head, "b", faces_of_box(0, 0, 10, 10, height=4), faces_of_box(10, 0, 20, 10, height=4))
    m, b, shared = measured(head)
    a = surfaces.areas(m, shared, b)
    assert (a.party_m2[0], a.wall_m2[0]) == pytest.approx((0, 60 * 4))
    assert b.volume_m3 == pytest.approx(800)


def test_splinters_join_and_no_area_is_lost(measured: Measure) -> None:
    head = model()
    add(head, "b", faces_of_box(0, 0, 30, 20, height=10), faces_of_box(30, 0, 30.1, 0.1, height=0.2))
    m, b, shared = measured(head)
    raw, a = merged(m, b, shared), surfaces.areas(m, shared, b)
    assert len(raw.id) == 5  # a roof and four walls
    assert raw.area_m2.sum() == pytest.approx(a.roof_m2[0] + a.wall_m2[0])


def test_faces_without_area_are_dropped_and_counted(measured: Measure) -> None:
    head = model()
    add(head, "b", [*faces_of_box(0, 0, 3, 3, height=3), [(0, 0, 3), (1, 0, 3), (2, 0, 3)]])
    m, b, _ = measured(head)
    assert (m.degenerate, len(m.area_m2)) == (1, 6)
    assert b.volume_m3 == pytest.approx(27)


def test_world_metres_keep_lengths_and_heights() -> None:
    corners = np.array([[85000.0, 447000.0, 12.0], [85100.0, 447000.0, 12.0], [85000.0, 447100.0, 30.0]])
    place = frame.frame("EPSG:7415", corners)
    world = frame.to_world("EPSG:7415", corners, place)
    assert world[:, 2] == pytest.approx([12, 12, 30])
    assert np.linalg.norm(world[1, :2] - world[0, :2]) == pytest.approx(100, abs=0.02)
    assert np.degrees(place.latitude_rad) == pytest.approx(52.007, abs=0.01)
    assert place.vertical_datum == "Normaal Amsterdams Peil"
    down = frame.ecef_from_world(place) @ [0, 0, -1, 1] - frame.ecef_from_world(place) @ [0, 0, 0, 1]
    assert np.linalg.norm(down) == pytest.approx(1)


def test_geographic_and_projected_coordinates_meet() -> None:
    projected = np.array([[691000.0, 5334000.0, 500.0], [691200.0, 5334300.0, 500.0]])
    from pyproj import Transformer

    back = Transformer.from_crs(25832, 4326, always_xy=True).transform(projected[:, 0], projected[:, 1])
    place = frame.frame("EPSG:25832", projected)
    one = frame.to_world("EPSG:25832", projected, place)
    other = frame.to_world("EPSG:4326", np.column_stack([*back, projected[:, 2]]), place)
    np.testing.assert_allclose(one, other, atol=1e-4)
