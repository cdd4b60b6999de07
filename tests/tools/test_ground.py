"""Ground of city files: materials, spikes, overlaps, trees, places for plant; files found by content and in folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_city import geometry, model, street, write

from network.problems import Refused
from tools import build, groundwords, reading
from tools.land import Ground


def quiet(stage: str, done: float) -> None:
    pass


def measure(*paths: Path) -> build.Shape:
    return build.measure(list(paths), crs=None, progress=quiet)


def plate(x: float, y: float, side: float, *, z: float = 0.0) -> list:
    return [(x, y, z), (x + side, y, z), (x + side, y + side, z), (x, y + side, z)]


def put(head: dict[str, Any], name: str, kind: str, *faces: list, **attributes: Any) -> None:
    """Add a piece of ground."""
    surface = geometry(head, list(faces), lod="1", kind="MultiSurface")
    head["CityObjects"][name] = {"type": kind, "attributes": attributes, "geometry": [surface]}


def areas(shape: build.Shape) -> dict[Ground, float]:
    """Area in m2 by material."""
    land = shape.land
    a, b, c = (land.xyz[land.index[:, k]] for k in range(3))
    size = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return {Ground(int(g)): float(size[land.material == g].sum()) for g in np.unique(land.material)}


@pytest.mark.parametrize(
    ("kind", "attributes", "surface", "ground"),
    [
        ("Road", {}, "", Ground.ROAD),
        ("Road", {"function": "voetpad"}, "", Ground.PAVEMENT),
        ("Road", {"function": "fietspad"}, "", Ground.PATH),
        ("Road", {"function": "parkeervlak"}, "", Ground.PARKING),
        ("Road", {"class": "marking"}, "", Ground.MARKING),
        ("Road", {"function": "11"}, "TrafficArea", Ground.MARKING),
        ("Road", {"function": ["6"]}, "TrafficArea", Ground.PARKING),
        ("TransportSquare", {}, "", Ground.PLAZA),
        ("WaterBody", {"class": "waterloop"}, "", Ground.WATER),
        ("WaterBody", {"class": "park"}, "", Ground.WATER),
        ("PlantCover", {"class": "groenvoorziening", "plus_fysiekvoorkomen": "waardeOnbekend"}, "", Ground.GRASS),
        ("PlantCover", {"plus_fysiekvoorkomen": "struiken"}, "", Ground.SHRUB),
        ("LandUse", {"bgt_fysiekvoorkomen": "erf"}, "", Ground.GARDEN),
        ("LandUse", {"bgt_fysiekvoorkomen": "gesloten verharding"}, "", Ground.PAVEMENT),
        ("LandUse", {"class": "Sportplatz"}, "", Ground.SPORT),
        ("LandUse", {"function": "field"}, "", Ground.FIELD),
        ("LandUse", {"class": "4000"}, "", Ground.WATER),
        ("TINRelief", {}, "", Ground.BARE),
    ],
)
def test_what_words_and_codes_mean(kind: str, attributes: dict[str, Any], surface: str, ground: Ground) -> None:
    assert groundwords.material(kind, attributes, surface=surface) == ground


def test_ground_becomes_triangles_that_look_up(tmp_path: Path) -> None:
    head = street()
    put(head, "road", "Road", plate(0, -10, 10), plate(10, -10, 10))
    put(head, "lot", "Road", plate(20, -10, 10)[::-1], function="parking")
    put(head, "pond", "WaterBody", plate(30, -10, 5))
    shape = measure(write(tmp_path / "a.json", head))
    land = shape.land
    assert areas(shape) == pytest.approx({Ground.ROAD: 200, Ground.PARKING: 100, Ground.WATER: 25}, rel=1e-3)
    a, b, c = (land.xyz[land.index[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
    of_road = np.unique(land.index[land.material == Ground.ROAD])
    others = np.unique(land.index[land.material != Ground.ROAD])
    assert len(of_road) == 6  # two squares share an edge
    assert not set(of_road) & set(others)
    assert [round(p.area) for p in land.roads] == [200]
    assert [round(p.area) for p in land.parking] == [100]
    assert land.counts == {"pieces of Road": 2, "pieces of WaterBody": 1}


def test_surfaces_of_a_road_have_their_own_material(tmp_path: Path) -> None:
    head = street()
    put(head, "road", "Road", plate(0, -10, 10), plate(10, -10, 10))
    head["CityObjects"]["road"]["geometry"][0]["semantics"] = {
        "surfaces": [{"type": "TrafficArea", "function": "1"}, {"type": "TrafficArea", "function": "2"}],
        "values": [0, 1],
    }
    assert set(areas(measure(write(tmp_path / "a.json", head)))) == {Ground.ROAD, Ground.PAVEMENT}


def test_a_spike_is_cut_but_a_hill_stays(tmp_path: Path) -> None:
    head = street()
    ring = [(float(x), -10.0, 1.0) for x in range(10)] + [(9.0, -5.0, 1.0), (4.0, -5.0, 9.0), (0.0, -5.0, 1.0)]
    put(head, "spiked", "PlantCover", ring)
    hill = [(float(x), -30.0, 0.2 * x) for x in range(0, 100, 10)]
    hill += [(x, -20.0, z) for x, _, z in hill[::-1]]
    put(head, "hill", "Road", hill)
    land = measure(write(tmp_path / "a.json", head)).land
    grass = np.unique(land.index[land.material == Ground.GRASS])
    road = np.unique(land.index[land.material == Ground.ROAD])
    assert np.ptp(land.xyz[grass, 2]) == pytest.approx(0.6)
    assert np.ptp(land.xyz[road, 2]) == pytest.approx(18.0)


def test_the_first_input_wins_on_the_ground_too(tmp_path: Path) -> None:
    one, two = street(), model()
    put(one, "grass", "PlantCover", plate(0, -20, 10))
    put(two, "same place", "Road", plate(2, -18, 5))
    put(two, "beside", "Road", plate(20, -20, 10))
    shape = measure(write(tmp_path / "one.json", one), write(tmp_path / "two.json", two))
    assert areas(shape) == pytest.approx({Ground.GRASS: 100, Ground.ROAD: 100}, rel=1e-3)
    (problem,) = (p for p in shape.problems if p.code == "ground-overlap")
    assert problem.count == 1
    assert problem.message.startswith("two.json")


def test_terrain_gives_way_to_what_is_built_on_it(tmp_path: Path) -> None:
    head = street()
    cells = [plate(x, y, 10) for x in range(0, 40, 10) for y in range(-50, -10, 10)]
    put(head, "tin", "TINRelief", *[half for c in cells for half in (c[:3], [c[0], c[2], c[3]])])
    put(head, "road", "Road", plate(0, -50, 20))
    found = areas(measure(write(tmp_path / "a.json", head)))
    assert found == pytest.approx({Ground.BARE: 1600 - 400, Ground.ROAD: 400}, rel=1e-3)


def test_trees_and_places_for_plant(tmp_path: Path) -> None:
    head = street()
    put(head, "tree", "SolitaryVegetationObject", plate(5, -5, 2), height=12, crownDiameter=6)
    put(head, "small", "SolitaryVegetationObject", plate(15, -5, 2))
    put(head, "store", "GenericCityObject", plate(20, -20, 4, z=1.0), plant="battery", capacity_kwh=500)
    put(head, "wall", "GenericCityObject", plate(40, -20, 4))
    put(head, "broken", "Road", plate(0, -40, 4))
    head["CityObjects"]["broken"]["geometry"][0]["boundaries"][0][0][1] = 10**6
    shape = measure(write(tmp_path / "a.json", head))
    land = shape.land
    assert (land.tree_height_m.tolist(), land.tree_crown_m.tolist()) == ([12, 8], [3, pytest.approx(0.37 * 8)])
    assert np.diff(land.tree_m[:, 0]) == pytest.approx([10], rel=1e-3)
    (plant,) = land.plant
    assert (plant.id, plant.kind, plant.z_m, plant.attributes["capacity_kwh"]) == ("store", "battery", 1.0, 500)
    assert plant.area_m2 == pytest.approx(16)
    assert {p.code: p.count for p in shape.problems if p.code.startswith(("other", "broken"))} == {
        "other-object": 1, "broken-ground": 1,
    }  # fmt: skip


# ---------------------------------------------------------------- files


def test_a_file_is_what_it_holds_not_what_it_is_called(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.json", street()).read_bytes()
    lines = write(tmp_path / "b.jsonl", street()).read_bytes()
    wrapped = [plain, b"\xef\xbb\xbf" + plain, plain.decode().encode("utf-16"), lines, gzip.compress(plain)]
    for number, data in enumerate([*wrapped, gzip.compress(lines[:80]) + gzip.compress(lines[80:])]):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(data)
        assert len(reading.read(path).buildings) == 3, number


def test_a_collection_of_features(tmp_path: Path) -> None:
    lines = [json.loads(x) for x in write(tmp_path / "a.jsonl", street()).read_text().splitlines()]
    whole = {"type": "FeatureCollection", "transform": lines[0]["transform"], "metadata": lines[0]["metadata"],
             "features": lines[1:]}  # fmt: skip
    (tmp_path / "b.json").write_text(json.dumps(whole))
    city = reading.read(tmp_path / "b.json")
    assert [b.id for b in city.buildings] == ["house-0", "house-1", "house-2"]
    assert city.crs == "EPSG:7415"


def test_a_folder_stands_for_the_city_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    one = write(tmp_path / "in" / "a.json", street(houses=2))
    head = street(houses=1)
    head["CityObjects"]["other"] = head["CityObjects"].pop("house-0")
    head["transform"]["translate"][0] += 100
    two = write(tmp_path / "in" / "deep" / "b.city.json.gz", head)
    (tmp_path / "in" / "README.md").write_text("not a city")
    assert reading.expand([tmp_path / "in", one]) == [one, two]
    assert len(measure(tmp_path / "in").sources) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="empty holds no city file"):
        measure(tmp_path / "empty")
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "district.toml").write_text("format = 2")
    with pytest.raises(Refused, match="built is a district package already"):
        reading.expand([tmp_path / "built"])


def test_one_unreadable_file_of_many_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "a.json", street())
    (tmp_path / "b.json").write_bytes(b'{"type":"CityJSON",')
    with pytest.raises(Refused, match=r"b\.json is truncated"):
        measure(tmp_path)


def test_a_gzip_bomb_stops_at_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10**6)
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b" " * 10**8))
    with pytest.raises(Refused, match=r"bomb\.json\.gz unpacks to more than"):
        reading.read(tmp_path / "bomb.json.gz")


def test_files_without_any_building_are_refused(tmp_path: Path) -> None:
    head = model()
    put(head, "road", "Road", plate(0, 0, 10))
    with pytest.raises(Refused, match=r"road\.json has no building with a volume"):
        measure(write(tmp_path / "road.json", head))
    head = street(houses=1)
    head["CityObjects"]["house-0"]["geometry"] = []
    with pytest.raises(Refused, match=r"a volume \(bare\.json: 1 object without a volume left out \(house-0\)\)"):
        measure(write(tmp_path / "bare.json", head))


@pytest.mark.parametrize("name", ["city.gml", "city.json"])
def test_a_web_page_in_place_of_a_city_is_a_failed_download(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\n<!DOCTYPE html><html><body>404 not found</body></html>")
    with pytest.raises(Refused, match="is a web page, no city file"):
        reading.read(tmp_path / name)


def test_reading_says_how_far_it_is(tmp_path: Path) -> None:
    steps: list[float] = []
    paths = [write(tmp_path / f"{k}.json", street()) for k in range(3)]
    reading.read_all(paths, lambda stage, done: steps.append(done))
    assert steps == pytest.approx([0, 1 / 3, 2 / 3, 1])
