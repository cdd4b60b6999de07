"""What is read of a CityJSON file, in all its versions and wrappings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_city import add, faces_of_box, geometry, model, street, write

from network.problems import Refused
from tools import reading, report


@pytest.mark.parametrize("name", ["a.city.json", "a.city.json.gz", "a.city.jsonl", "a.city.jsonl.gz"])
def test_every_wrapping_holds_the_same_city(tmp_path: Path, name: str) -> None:
    city = reading.read(write(tmp_path / name, street(houses=2)))
    assert [b.id for b in city.buildings] == ["house-0", "house-1"]
    assert city.crs == "EPSG:7415"
    assert len(city.faces.kind) == 14
    assert city.buildings[1].attributes["yearOfConstruction"] == 1975
    np.testing.assert_allclose(city.faces.xyz.min(axis=0), [85000, 447000, 0])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("urn:ogc:def:crs:EPSG::7415", "EPSG:7415"),
        ("https://www.opengis.net/def/crs/EPSG/0/28992", "EPSG:28992"),
        ("http://www.opengis.net/def/crs/EPSG/9.8/25832/", "EPSG:25832"),
        ("EPSG:28992", "EPSG:28992"),
        ("local", None),
    ],
)
def test_the_ways_to_write_a_crs(tmp_path: Path, written: str, meant: str | None) -> None:
    assert reading.read(write(tmp_path / "a.json", street(crs=written))).crs == meant


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0", "2.0.1"])
def test_versions(tmp_path: Path, version: str) -> None:
    assert len(reading.read(write(tmp_path / "a.json", street(version=version))).buildings) == 3


@pytest.mark.parametrize("kind", ["Solid", "MultiSolid", "CompositeSolid", "MultiSurface", "CompositeSurface"])
def test_every_kind_of_volume(tmp_path: Path, kind: str) -> None:
    head = model()
    add(head, "box", faces_of_box(0, 0, 10, 10, height=10), kind=kind)
    assert len(reading.read(write(tmp_path / "a.json", head)).faces.kind) == 6


def test_the_best_level_of_detail_wins_and_a_footprint_is_no_volume(tmp_path: Path) -> None:
    head = model()
    boxes = {"0": 1.0, "1.3": 5.0, "2.1": 7.0, "2.2": 9.0, "2": 6.0}
    head["CityObjects"]["b"] = {
        "type": "Building",
        "geometry": [geometry(head, faces_of_box(0, 0, 4, 4, height=h), lod=lod) for lod, h in boxes.items()],
    }
    city = reading.read(write(tmp_path / "a.json", head))
    assert city.buildings[0].lod == 2.2
    assert city.faces.xyz[:, 2].max() == pytest.approx(9.0)


def test_parts_and_installations_are_merged_and_lend_their_attributes(tmp_path: Path) -> None:
    head = model()
    add(head, "whole", faces_of_box(0, 0, 20, 10, height=8), lod="1", attributes={"year": 1900},
        children=["east", "west"])  # fmt: skip
    add(head, "east", faces_of_box(10, 0, 20, 10, height=9), attributes={"year": 1950, "storeysAboveGround": 3},
        children=["chimney"])  # fmt: skip
    add(head, "west", faces_of_box(0, 0, 10, 10, height=6))
    add(head, "chimney", faces_of_box(12, 2, 13, 3, height=2, base=9))
    for name in ("east", "west"):
        head["CityObjects"][name]["type"] = "BuildingPart"
    head["CityObjects"]["chimney"]["type"] = "BuildingInstallation"
    city = reading.read(write(tmp_path / "a.json", head))
    assert [b.id for b in city.buildings] == ["whole"]
    assert len(city.faces.kind) == 18  # three boxes: the coarse whole does not double its parts
    assert city.buildings[0].attributes == {"year": 1900, "storeysAboveGround": 3}


def test_strangers_are_counted_and_extension_attributes_just_work(tmp_path: Path) -> None:
    head = street(houses=1)
    head["CityObjects"]["house-0"]["attributes"]["+noise-level"] = 55
    head["CityObjects"]["z"] = {"type": "BuildingZ", "geometry": []}
    head["CityObjects"]["n"] = {"type": "+NoiseCityFurnitureSegment"}
    head["CityObjects"]["r"] = {"type": "Tunnel", "geometry": []}
    head["CityObjects"]["empty"] = {"type": "Building"}
    head["CityObjects"]["bad"] = {
        "type": "Building",
        "geometry": [{"type": "Solid", "lod": "2", "boundaries": [[[[0, 1, 99]]]]}],
    }
    city = reading.read(write(tmp_path / "a.json", head))
    assert [b.id for b in city.buildings] == ["house-0"]
    assert city.buildings[0].attributes["+noise-level"] == 55
    assert city.unknown == {"BuildingZ": ["z"], "+NoiseCityFurnitureSegment": ["n"]}
    assert city.skipped == {"Tunnel": 1}
    assert (city.without_geometry, city.broken) == (("empty",), ("bad",))


def test_semantics_name_faces_and_rooms_inside_are_left_out(tmp_path: Path) -> None:
    head = model()
    add(head, "b", faces_of_box(0, 0, 4, 4, height=3))
    head["CityObjects"]["b"]["geometry"][0]["semantics"] = {
        "surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}, {"type": "InteriorWallSurface"}],
        "values": [[0, 1, 2, None, None, None]],
    }
    kinds = reading.read(write(tmp_path / "a.json", head)).faces.kind
    assert kinds.tolist() == [2, 0, -1, -1, -1]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"", "empty"),
        ("a.jsonl", b" \n\n", "empty"),
        ("a.json", b'{"type":"CityJSON","version":"2.0","CityObj', "truncated"),
        ("a.json", b"<gml/>", "XML of type 'gml'"),
        ("a.json", b'{"type":"FeatureCollection"}', "GeoJSON without features"),
        ("a.json", b'{"type":"Topology"}', "Topology"),
        ("a.json", b"hello", "neither JSON nor XML"),
        ("a.json", b"PK\x03\x04....", "unpack"),
        ("a.json", b"[1, 2]", "list"),
        ("a.json", b'{"type":"CityJSON","version":"3.7"}', "3.7"),
        ("a.json", b'{"type":"CityJSON"}', "version"),
        ("a.json", b'{"type":"CityJSON","version":"2.0","CityObjects":[1]}', "CityObjects"),
        ("a.jsonl", b'{"type":"CityJSONFeature","id":"x"}', "header"),
        ("a.jsonl", b'{"type":"CityJSON","version":"2.0"}\n{"type":"Feature"}', "line 2"),
        ("a.json", '{"type":"CityJSON","version":"2.0","metadata":{"title":"Z\xfcrich"}}'.encode("latin-1"), "UTF-8"),
        ("a.json.gz", b"\x1f\x8b\x08\x00\x00\x00", "gzip"),
    ],
)
def test_what_cannot_be_read_is_refused_by_a_sentence(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        reading.read(path)
    assert refusal.value.code == 1
    assert name in str(refusal.value)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_and_a_cut_off_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="does not exist"):
        reading.read(tmp_path / "none.json")
    whole = write(tmp_path / "a.city.jsonl.gz", street()).read_bytes()
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused, match="truncated"):
        reading.read(tmp_path / "cut.jsonl.gz")
    text = json.dumps(street()).encode()
    (tmp_path / "cut.json").write_bytes(text[:-40])
    with pytest.raises(Refused, match="truncated"):
        reading.read(tmp_path / "cut.json")


@pytest.mark.parametrize("corner", [[0.5, 1, 2], [[0], 1, 2], ["x", 1, 2], [-1, 1, 2], None])
def test_a_broken_building_does_not_shift_its_neighbours(tmp_path: Path, corner: object) -> None:
    head = street(houses=3)
    head["CityObjects"]["house-1"]["geometry"][0]["boundaries"][0][2] = [corner]
    city = reading.read(write(tmp_path / "a.json", head))
    assert [b.id for b in city.buildings] == ["house-0", "house-2"]
    assert city.broken == ("house-1",)
    assert city.faces.ring_start[-1] == len(city.faces.xyz)
    assert city.faces.xyz[city.faces.ring_start[city.faces.face_start[7]] :, 0].min() == pytest.approx(85012)


def test_a_key_that_is_used_twice_in_one_file_is_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", street(houses=3))
    path.write_text(path.read_text().replace('"house-2"', '"house-0"'))
    city = reading.read(path)
    assert city.repeated == ("house-0",)
    assert [b.id for b in city.buildings] == ["house-0", "house-1"]
    (said,) = (p for p in report.of_city(city) if p.code == "repeated-key")
    assert "house-0" in said.message
    assert reading.read(write(tmp_path / "b.json", street(houses=3))).repeated == ()


def test_a_vertex_that_is_no_number_names_its_feature(tmp_path: Path) -> None:
    head = street(houses=1)
    head["vertices"][3] = ["x", 0, 0]
    with pytest.raises(Refused, match="house-0"):
        reading.read(write(tmp_path / "a.jsonl", head))


def test_3dbag_delft(shared: Path) -> None:
    city = reading.read(shared / "data/delft-district/delft_3dbag.city.jsonl.gz")
    assert len(city.buildings) == 99
    assert {b.lod for b in city.buildings} == {2.2}
    assert all(b.attributes["oorspronkelijkbouwjaar"] > 1000 for b in city.buildings)


def test_3dbag_the_hague_counts_the_object_of_unknown_type(shared: Path) -> None:
    city = reading.read(shared / "data/delft-district/denhaag_3dbag_5870.city.jsonl.gz")
    assert len(city.buildings) == 53
    assert city.unknown == {"BuildingZ": ["NL.IMBAG.Pand.0518100000213709"]}
    assert len(city.without_geometry) == 1
