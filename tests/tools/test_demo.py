"""The demo district: the same place every time, closed shells, nobody in anybody's way."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim import package
from tools import build, cityjson, demo, overlap


def quiet(stage: str, done: float) -> None:
    pass


def test_same_seed_same_bytes_other_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 11), ("b", 11), ("c", 12)):
        demo.write_cityjson(tmp_path / f"{name}.city.json", seed=seed)
    one, same, other = ((tmp_path / f"{n}.city.json").read_bytes() for n in "abc")
    assert one == same
    assert one != other


@pytest.mark.parametrize("count", [60, 7, 150])
def test_so_many_sound_buildings(tmp_path: Path, count: int) -> None:
    import shapely

    path = tmp_path / "demo.city.json"
    demo.write_cityjson(path, seed=3, buildings=count)
    shape = build.measure([path], crs=None, progress=quiet)
    assert len(shape.sources) == count
    assert not shape.bodies.open_shells.any()
    assert shape.mesh.degenerate == 0
    outlines = overlap.footprints(shape.mesh, count)
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    pair = one < other
    common = shapely.area(shapely.intersection(outlines[one[pair]], outlines[other[pair]]))
    assert common.max(initial=0.0) < 0.01


def test_it_is_a_mixed_place_with_party_walls(tmp_path: Path) -> None:
    path = tmp_path / "demo.city.json"
    demo.write_cityjson(path, seed=11)
    shape = build.measure([path], crs=None, progress=quiet)
    attributes = [s.attributes for s in shape.sources]
    assert {a["function"] for a in attributes} >= {"school", "office building", "retail", "garage", "shed"}
    assert {a["roofType"] for a in attributes} == {"flat", "gable", "hip"}
    assert all(1900 < a["yearOfConstruction"] < 2020 and a["storeysAboveGround"] >= 1 for a in attributes)
    terraces = np.array([a["name"].startswith("Terrace") for a in attributes])
    assert (shape.areas.party_m2[terraces] > 40).all()
    assert np.ptp(shape.bodies.x_m) < 400
    assert cityjson.read(path).crs == "EPSG:7415"


def test_modules_of_the_source_lie_on_the_roofs_that_face_the_sun(tmp_path: Path) -> None:
    city, out = tmp_path / "demo.city.json", tmp_path / "demo"
    demo.write_cityjson(city, seed=11)
    build.build([city], out, crs=None, country=None, zone=None, weather=None, name=None, progress=quiet)
    stated = [o["attributes"].get("pvPeakPower_kW", 0.0) for o in json.loads(city.read_text())["CityObjects"].values()]
    surface = package.load(out).district.surface
    per_building = np.bincount(surface.building, surface.pv_peak_w, len(stated))
    np.testing.assert_allclose(per_building, 1e3 * np.array(stated), atol=1e-6)
    away = np.abs(surface.azimuth_rad[(surface.pv_peak_w > 0) & (surface.tilt_rad > 0.2)] - np.pi)
    assert away.max() <= np.radians(100.0)
