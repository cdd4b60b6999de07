"""The demo town: the same place every time, closed shells, ground without overlaps, nothing in anything's way."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from sim import package
from sim.district import LineKind, NodeKind, SiteKind
from tools import build, demo, demo_streets, overlap, reading

GROUND_TYPES = ("Road", "WaterBody", "PlantCover", "LandUse")


def quiet(stage: str, done: float) -> None:
    pass


@pytest.fixture(scope="module")
def city(demo_city: Path) -> Path:
    return demo_city


@pytest.fixture(scope="module")
def shape(demo_shape: build.Shape) -> build.Shape:
    return demo_shape


@cache
def parsed(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def level_faces(path: Path) -> list[tuple[str, Any, float]]:
    """(class, polygon, height) of every level piece of ground, metres from the file's origin."""
    model = parsed(path)
    corners = np.array(model["vertices"]) * 1e-3
    found = []
    for item in model["CityObjects"].values():
        if item["type"] in GROUND_TYPES:
            for rings in item["geometry"][0]["boundaries"]:
                xyz = [corners[r] for r in rings]
                if np.ptp(xyz[0][:, 2]) < 1e-6:
                    polygon = shapely.Polygon(xyz[0][:, :2], [r[:, :2] for r in xyz[1:]])
                    found.append((item["attributes"]["class"], polygon, float(xyz[0][0, 2])))
    return found


def outlines(shape: build.Shape) -> np.ndarray:
    return overlap.footprints(shape.mesh, len(shape.sources))


def test_same_seed_same_bytes_other_seed_others(city: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 11), ("other", 12)):
        demo.write_cityjson(tmp_path / f"{name}.city.json", seed=seed)
    assert city.read_bytes() == (tmp_path / "same.city.json").read_bytes()
    assert city.read_bytes() != (tmp_path / "other.city.json").read_bytes()


@pytest.mark.parametrize("seed", [11, 2, 3])
def test_a_town_has_four_to_five_hundred_buildings(seed: int) -> None:
    assert 400 <= len(demo.Town(seed).houses) <= 500


def test_every_building_comes_through_the_importer_closed(shape: build.Shape, city: Path) -> None:
    written = sum(o["type"] == "Building" for o in parsed(city)["CityObjects"].values())
    assert len(shape.sources) == written
    assert not shape.bodies.open_shells.any()
    assert shape.mesh.degenerate == 0
    assert reading.read(city).crs == "EPSG:7415"
    trusted = {"height-not-ellipsoidal"}
    assert {p.code for p in shape.problems} <= trusted, shape.problems


def test_faces_are_flat(shape: build.Shape) -> None:
    f = shape.mesh.faces
    owner = np.repeat(np.arange(len(shape.mesh.area_m2)), np.diff(f.ring_start[f.face_start]))
    off = np.abs(np.einsum("ij,ij->i", f.xyz - shape.mesh.centroid[owner], shape.mesh.normal[owner]))
    assert off.max() < 0.02


def test_no_house_stands_in_another(shape: build.Shape) -> None:
    plan = outlines(shape)
    one, other = shapely.STRtree(plan).query(plan, predicate="intersects")
    pair = one < other
    common = shapely.area(shapely.intersection(plan[one[pair]], plan[other[pair]]))
    assert common.max(initial=0.0) < 0.05


def test_so_many_buildings_as_asked_for(tmp_path: Path) -> None:
    for count in (7, 520):
        path = tmp_path / f"{count}.city.json"
        demo.write_cityjson(path, seed=3, buildings=count)
        assert sum(o["type"] == "Building" for o in json.loads(path.read_text())["CityObjects"].values()) == count


def test_it_is_a_mixed_town_of_plausible_people_and_years(shape: build.Shape) -> None:
    attributes = [s.attributes for s in shape.sources]
    assert {a["function"] for a in attributes} >= {
        "school", "office building", "retail", "garage", "church", "industrial", "residential building",
    }  # fmt: skip
    assert {a["roofType"] for a in attributes} >= {"flat", "gable", "hip", "mansard", "saw-tooth"}
    assert all(1880 < a["yearOfConstruction"] < 2020 and a["storeysAboveGround"] >= 1 for a in attributes)
    homes = [a for a in attributes if "numberOfDwellings" in a]
    people = sum(a["numberOfResidents"] for a in homes)
    assert 1.6 < people / sum(a["numberOfDwellings"] for a in homes) < 2.4
    assert 0.2 < sum(a["numberOfCars"] for a in homes) / people < 0.6  # the Netherlands: one car for two people
    with_modules = np.mean(["pvPeakPower_kW" in a for a in homes])
    assert 0.3 < with_modules < 0.5
    terraces = np.array([a["name"].startswith("Terrace") for a in attributes])
    assert (shape.areas.party_m2[terraces] > 40).all()
    flats = np.array([a["name"].startswith("Flats") for a in attributes])
    assert np.median(shape.bodies.height_m[flats]) > 14.0


def test_ground_is_a_partition(city: Path) -> None:
    faces = [(kind, polygon) for kind, polygon, _ in level_faces(city) if kind not in ("marking", "shrub")]
    assert {kind for kind, _ in faces} >= {"carriageway", "pavement", "water", "grass", "garden", "field", "parking"}
    polygons = np.array([p for _, p in faces])
    assert shapely.is_valid(polygons).all()
    deck = shapely.union_all([shapely.intersection(w, r) for w in polygons[[k == "water" for k, _ in faces]]
                              for r in polygons[[k == "carriageway" for k, _ in faces]]])  # fmt: skip
    one, other = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pair = one < other
    common = shapely.difference(shapely.intersection(polygons[one[pair]], polygons[other[pair]]), deck)
    assert shapely.area(common).max() < 0.3  # millimetres along seams of hundreds of metres
    middle = shapely.Point(0.0, 0.0).buffer(1200.0)
    whole = shapely.union_all(shapely.buffer(polygons, 0.01))
    assert middle.difference(whole).area < 5.0  # no hole anywhere


def test_water_lies_below_its_quays(city: Path) -> None:
    heights = {kind: {round(z, 3) for k, _, z in level_faces(city) if k == kind} for kind in ("water", "carriageway")}
    assert max(heights["water"]) < min(heights["carriageway"])
    assert min(heights["water"]) < min(heights["carriageway"]) - 1.5


def test_trees_stand_neither_in_houses_nor_on_streets(city: Path) -> None:
    model = parsed(city)
    corners = np.array(model["vertices"]) * 1e-3
    trees = [o for o in model["CityObjects"].values() if o["type"] == "SolitaryVegetationObject"]
    assert 1200 < len(trees) < 2400
    feet = corners[[t["geometry"][0]["boundaries"][0] for t in trees]]
    assert all(1.4 < t["attributes"]["height"] < 20.0 for t in trees)
    hard = [p for kind, p, _ in level_faces(city) if kind in ("carriageway", "water", "parking", "sport", "path")]
    houses = [shapely.Polygon(ring) for h in demo.Town(11).houses for ring in demo.footprints(h)]
    inside = shapely.contains_xy(shapely.union_all(hard), *feet[:, :2].T)
    assert not inside.any()
    assert not shapely.contains_xy(shapely.union_all(houses), *feet[:, :2].T).any()


def test_the_canal_can_be_crossed_by_road(city: Path) -> None:
    roads = shapely.union_all([p for kind, p, _ in level_faces(city) if kind == "carriageway"]).buffer(0.05)
    assert roads.geom_type == "Polygon"  # one net: both banks hang together
    assert sum(o["type"] == "Bridge" for o in parsed(city)["CityObjects"].values()) == len(demo_streets.BRIDGES)


def test_modules_of_the_source_lie_on_the_roofs_that_face_the_sun(demo_package: Path, city: Path) -> None:
    district = package.load(demo_package).district
    stated = {key: o["attributes"].get("pvPeakPower_kW", 0.0) for key, o in parsed(city)["CityObjects"].items()
              if o["type"] == "Building"}  # fmt: skip
    assert set(district.building.id) == set(stated)
    surface = district.surface
    per_building = np.bincount(surface.building, surface.pv_peak_w, len(district.building))
    np.testing.assert_allclose(per_building, [1e3 * stated[k] for k in district.building.id], atol=1e-6)
    away = np.abs(surface.azimuth_rad[(surface.pv_peak_w > 0) & (surface.tilt_rad > 0.2)] - np.pi)
    assert np.quantile(away, 0.95) <= np.radians(100.0)


def test_cables_lie_on_the_streets_and_run_through_no_house(demo_package: Path, shape: build.Shape) -> None:
    district = package.load(demo_package).district
    start, line = district.line.vertex_start, district.line
    way = {
        kind: [shapely.LineString(district.vertex_m[start[k] : start[k + 1], :2])
               for k in np.flatnonzero(line.kind == kind)] for kind in (LineKind.CABLE, LineKind.SERVICE)
    }  # fmt: skip
    roads = shapely.union_all(shape.land.roads)
    total = sum(w.length for w in way[LineKind.CABLE])
    assert total > 3000.0
    assert sum(w.intersection(roads).length for w in way[LineKind.CABLE]) > 0.97 * total
    inner = shapely.union_all(outlines(shape)).buffer(-0.3)
    assert sum(w.intersection(inner).length for w in [*way[LineKind.CABLE], *way[LineKind.SERVICE]]) < 1.0
    assert (district.node.kind == NodeKind.BUSBAR).sum() >= 5


def test_every_substation_and_car_park_offers_a_place_for_plant(demo_package: Path) -> None:
    district = package.load(demo_package).district
    site = district.site
    busbars = np.flatnonzero(district.node.kind == NodeKind.BUSBAR)
    assert set(busbars) <= set(site.node[site.kind == SiteKind.BATTERY].tolist())
    assert {SiteKind(k) for k in site.kind} == set(SiteKind)
    assert not site.capacity_j.any()
    assert not site.power_w.any()


def test_places_for_plant_are_named(city: Path) -> None:
    kinds = Counter(o["attributes"]["plant"] for o in parsed(city)["CityObjects"].values()
                    if o["type"] == "GenericCityObject")  # fmt: skip
    assert kinds["turbine"] == 1
    assert kinds["battery"] >= 3
    assert kinds["canopy"] >= 3
    assert kinds["charger"] >= 10
