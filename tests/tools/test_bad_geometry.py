"""Broken geometry and mistaken coordinates: refused or left out by name and counted, never a traceback."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_city import CRS, add, faces_of_box, model, street, write

from network.problems import Refused
from network.schema import Problem
from tools import build, reading


def quiet(stage: str, done: float) -> None:
    pass


def measure(path: Path, **more: Any) -> build.Shape:
    return build.measure([path], crs=more.get("crs"), progress=quiet)


def said(shape: build.Shape, code: str) -> Problem:
    (found,) = (p for p in shape.problems if p.code == code)
    return found


def box(x: float, height: float = 6.0) -> list:
    return faces_of_box(x, 0, x + 8, 8, height=height)


@pytest.fixture
def head() -> dict[str, Any]:
    """Three sound boxes beside which something is wrong."""
    made = model()
    for k in range(3):
        add(made, f"sound-{k}", box(20.0 * k))
    return made


def test_a_polygon_that_crosses_itself_is_counted_with_its_building(tmp_path: Path, head: dict[str, Any]) -> None:
    faces = box(60)
    faces[1] = [(60, 0, 6), (68, 8, 6), (68, 3, 6), (60, 8, 6)]  # a bow tie for a roof
    add(head, "bow", faces)
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "crossing-polygon").ids == ("bow",)


def test_a_shell_without_a_wall_is_open_and_its_volume_is_that_of_the_block(
    tmp_path: Path, head: dict[str, Any]
) -> None:
    add(head, "open", box(60)[:-1])
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "open-shell").ids == ("open",)
    assert shape.bodies.volume_m3[-1] == pytest.approx(8 * 8 * 6, rel=1e-3)


def test_a_shell_that_is_inside_out_is_turned_and_named(tmp_path: Path, head: dict[str, Any]) -> None:
    add(head, "glove", [ring[::-1] for ring in box(60)])
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "turned").ids == ("glove",)
    assert shape.bodies.volume_m3 == pytest.approx([8 * 8 * 6] * 4, rel=1e-3)
    roof = (shape.mesh.faces.building == 3) & (shape.mesh.centroid[:, 2] > 5.9)
    assert shape.mesh.normal[roof, 2] == pytest.approx(1.0)


def test_a_polygon_without_area_is_left_out_and_counted(tmp_path: Path, head: dict[str, Any]) -> None:
    add(head, "sliver", [*box(60), [(60.0, 0.0, 0.0), (68.0, 0.0, 0.0), (64.0, 0.0, 0.0)]])
    assert said(measure(write(tmp_path / "a.json", head)), "degenerate-face").count == 1


def test_a_polygon_that_is_not_flat_is_named_and_counts_by_its_mean_plane(
    tmp_path: Path, head: dict[str, Any]
) -> None:
    faces = box(60)
    roof = [list(c) for c in faces[1]]
    roof[0][2] += 1.0
    faces[1] = [tuple(c) for c in roof]
    add(head, "bent", faces)
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "not-flat").ids == ("bent",)
    assert shape.areas.roof_m2[-1] == pytest.approx(64, rel=0.02)


@pytest.mark.parametrize("height", [0.0, 9999.0])
def test_a_height_that_no_building_has_leaves_it_out_by_name(
    tmp_path: Path, head: dict[str, Any], height: float
) -> None:
    add(head, "odd", box(60, height=height))
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "impossible-height").ids == ("odd",)
    assert [s.id for s in shape.sources] == ["sound-0", "sound-1", "sound-2"]


def test_a_building_at_no_data_height_is_left_out_by_name(tmp_path: Path, head: dict[str, Any]) -> None:
    add(head, "deep", faces_of_box(60, 0, 68, 8, height=6, base=-999))
    assert said(measure(write(tmp_path / "a.json", head)), "impossible-height").ids == ("deep",)


def test_degrees_among_metres_are_left_out_by_name(tmp_path: Path, head: dict[str, Any]) -> None:
    east, north = 4.36 - 85000, 52.01 - 447000
    add(head, "degrees", faces_of_box(east, north, east + 0.0001, north + 0.0001, height=6))
    shape = measure(write(tmp_path / "a.json", head))
    problem = said(shape, "far-away")
    assert problem.ids == ("degrees",)
    assert "look like degrees" in problem.message
    assert abs(shape.bodies.x_m).max() < 100


def test_axes_that_are_exchanged_are_turned_back_and_said(tmp_path: Path, head: dict[str, Any]) -> None:
    right = measure(write(tmp_path / "right.json", head))
    head["transform"]["translate"] = [447000.0, 85000.0, 0.0]
    head["vertices"] = [[y, x, z] for x, y, z in head["vertices"]]
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "axis-order").count == 3
    assert shape.bodies.x_m == pytest.approx(right.bodies.x_m)
    assert shape.bodies.volume_m3 == pytest.approx(right.bodies.volume_m3)


@pytest.mark.parametrize(
    ("translate", "crs", "says"),
    [
        ([4.36, 52.01, 0.0], CRS, "look like degrees; name their system with --crs"),
        ([85000.0, 447000.0, 0.0], "EPSG:4326", "look like metres; name their system with --crs"),
        ([691000.0, 5336000.0, 500.0], CRS, "name the right system with --crs"),
    ],
)
def test_coordinates_outside_their_system_are_refused_with_a_remedy(
    tmp_path: Path, translate: list[float], crs: str, says: str
) -> None:
    head = street(crs=crs)
    head["transform"] = {"scale": [1e-6] * 3, "translate": translate}
    with pytest.raises(Refused, match=says) as refusal:
        measure(write(tmp_path / "munich.json", head))
    assert "munich.json" in str(refusal.value)


def test_the_remedy_works(tmp_path: Path) -> None:
    head = street()  # says EPSG:7415 but lies in Munich
    head["transform"]["translate"] = [691000.0, 5336000.0, 500.0]
    shape = measure(write(tmp_path / "a.json", head), crs="25832")
    assert shape.place.crs == "EPSG:25832"
    assert np.degrees(shape.place.latitude_rad) == pytest.approx(48.15, abs=0.01)
    assert "EPSG:7415" in said(shape, "crs-replaced").message


def test_the_second_of_two_buildings_of_one_id_is_left_out_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", street(houses=2))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1]]))
    shape = measure(path)
    assert [s.id for s in shape.sources] == ["house-0", "house-1"]
    assert said(shape, "duplicate-id").ids == ("house-1",)


@pytest.mark.parametrize("one_ring", [True, False], ids=["one ring", "many triangles"])
def test_a_million_vertices_in_one_object_are_left_out_in_time(
    tmp_path: Path, head: dict[str, Any], one_ring: bool
) -> None:
    n, first = 1_000_000, len(head["vertices"])
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    ring = np.column_stack([20000 * np.cos(angle), 20000 * np.sin(angle), np.full(n, 5000)]).astype(int)
    head["vertices"] += ring.tolist()
    faces = [[list(range(first, first + n))]] if one_ring else [[[first + k, first + k + 1, first + k + 2]]
                                                               for k in range(0, n - 2, 3)]  # fmt: skip
    head["CityObjects"]["scan"] = {
        "type": "Building", "geometry": [{"type": "MultiSurface", "lod": "2", "boundaries": faces}]
    }  # fmt: skip
    path = tmp_path / "a.json"
    path.write_text(json.dumps(head))
    begun = time.process_time()
    city = reading.read(path)
    assert time.process_time() - begun < 20
    assert city.large == ("scan",)
    assert len(city.buildings) == 3


def test_ground_that_lies_nowhere_is_left_out_and_counted(tmp_path: Path, head: dict[str, Any]) -> None:
    far = len(head["vertices"])
    head["vertices"] += [[0, 0, 0], [9000, 0, 0], [9000, 9000, 0], [0, 9000, 9_999_000]]
    surface = {"type": "MultiSurface", "lod": "1", "boundaries": [[[far, far + 1, far + 2, far + 3]]]}
    head["CityObjects"]["road"] = {"type": "Road", "geometry": [surface]}
    shape = measure(write(tmp_path / "a.json", head))
    assert said(shape, "ground-far-away").count == 1
    assert len(shape.land) == 0
