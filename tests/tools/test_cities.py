"""Real city files of every format are read and measured, with what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tools import build, reading
from tools.land import Ground


def quiet(stage: str, done: float) -> None:
    pass


def measure(shared: Path, *names: str, crs: str | None = None) -> build.Shape:
    return build.measure([shared / "data" / n for n in names], crs=crs, progress=quiet)


@pytest.mark.parametrize(
    ("name", "crs", "buildings", "latitude", "longitude"),
    [
        ("cityjson-denhaag", None, 844, 52.10, 4.32),
        ("cityjson-zurich/zurich_subset_lod2.city.json.gz", None, 49, 47.38, 8.53),
        ("geojson-lyon-bdtopo", None, 2576, 45.77, 4.83),
        ("osm-aachen-melaten", None, 125, 50.783, 6.05),
        ("citygml-potsdam-lod1", None, 97, 52.41, 13.05),
        ("citygml-samples/lod2_buildings_v2.json.gz", None, 100, 52.3, 13.0),
        ("citygml-samples/lod2_buildings_v3.gml.gz", None, 100, 52.3, 13.0),
        ("citygml-samples/lod2_buildings_as_CityJSON_features.jsonl.gz", "3068", 100, 52.3, 13.0),
        ("citygml-samples/lod4_building_v2.gml.gz", None, 1, 49.098, 8.436),
        ("citygml-samples/FZK-House-LoD3-KIT-IAI-KHH-V2.gml.gz", None, 1, 49.098, 8.436),
        ("cityjson-zurich/zurich_lod2_citygml1.gml.gz", None, 4, 47.37, 8.54),
        ("cityjson-zurich/delft_citygml2.gml.gz", None, 3, 52.006, 4.35),
    ],
)
def test_a_city_is_read_whole_and_stands_where_it_is(
    shared: Path, name: str, crs: str | None, buildings: int, latitude: float, longitude: float
) -> None:
    shape = measure(shared, name, crs=crs)
    assert len(shape.sources) == buildings
    place = np.degrees([shape.place.latitude_rad, shape.place.longitude_rad])
    assert place == pytest.approx([latitude, longitude], abs=0.06)
    b = shape.bodies
    assert (b.footprint_m2 > 0).all()
    assert (b.volume_m3 > 0).all()
    assert (b.height_m < 120).all()
    stored = b.volume_m3.sum() / b.footprint_m2.sum()
    assert 2.0 < stored < 30.0  # mean height in m
    assert len(shape.raw.id) >= 2 * buildings


def test_a_street_of_several_files_in_lod_3(shared: Path) -> None:
    names = ("4018149a", "4018156", "4018208", "4018257", "4018270")
    shape = measure(shared, *(f"citygml-ingolstadt-lod3/{n}.gml.gz" for n in names))
    assert [s.file.split(".")[0] for s in shape.sources] == list(names)
    assert {s.lod for s in shape.sources} == {3.0}
    measured = [float(s.attributes["measuredHeight"]) for s in shape.sources]
    assert shape.bodies.height_m == pytest.approx(measured, abs=1.5)
    assert np.degrees(shape.place.latitude_rad) == pytest.approx(48.764, abs=0.01)


def test_terrain_of_the_hague(shared: Path) -> None:
    land = measure(shared, "cityjson-denhaag").land
    assert set(land.material.tolist()) == {Ground.BARE}
    a, b, c = (land.xyz[land.index[:, k], :2] for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2
    assert area == pytest.approx(258_209, rel=1e-3)  # what its triangles cover: not the houses, nor all of the tile


def test_ground_of_delft_and_the_first_input_wins(shared: Path) -> None:
    folder = "delft-district/"
    shape = measure(shared, folder + "delft_3dbag.city.jsonl.gz", folder + "delft_3dfier_lod1.city.json.gz")
    (dropped,) = (p for p in shape.problems if p.code == "overlap")
    assert len(shape.sources) == 99 + 160 - dropped.count
    assert sum(s.file.startswith("delft_3dbag") for s in shape.sources) == 99
    assert dropped.count >= 10
    land = shape.land
    assert {Ground.ROAD, Ground.PAVEMENT, Ground.WATER, Ground.GRASS, Ground.GARDEN} <= set(land.material.tolist())
    assert sum(p.area for p in land.roads) == pytest.approx(3705, rel=0.02)  # "rijbaan lokale weg" in the file
    assert sum(p.area for p in land.parking) == pytest.approx(1102, rel=0.05)
    road = land.xyz[np.unique(land.index[land.material == Ground.ROAD])]
    assert np.ptp(road[:, 2]) < 5.0  # no road goes up onto what stood beside it


def test_heights_and_gaps_of_lyon_and_aachen(shared: Path) -> None:
    lyon = reading.read(shared / "data/geojson-lyon-bdtopo/buildings_lyon1.geojson.gz")
    assert not [i for i in lyon.inferred if i[2] == "height_m"]  # HAUTEUR is on all
    aachen = reading.read(shared / "data/osm-aachen-melaten/campus_melaten.osm.gz")
    rules = [i[3] for i in aachen.inferred if i[2] == "height_m"]
    assert len(rules) == 125 - 4
    assert rules.count("storeys times 3 m") > 20


def test_generated_houses_agree_in_both_formats(shared: Path) -> None:
    """The same hundred houses as CityJSON and as CityGML 3, whose name for the system means north first: it is not."""
    one = measure(shared, "citygml-samples/lod2_buildings_v2.json.gz")
    two = measure(shared, "citygml-samples/lod2_buildings_v3.gml.gz")
    volume = [dict(zip((s.id for s in x.sources), x.bodies.volume_m3, strict=True)) for x in (one, two)]
    assert volume[0] == pytest.approx(volume[1], rel=1e-3)
    assert not one.bodies.open_shells.any()
    assert "axis-order" in {p.code for p in two.problems}
    assert one.bodies.x_m == pytest.approx(two.bodies.x_m)
