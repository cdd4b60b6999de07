"""Footprints with heights: GeoJSON and OpenStreetMap, their gaps and their ground."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from network.problems import Refused
from tools import build, footprint, reading
from tools.land import Ground

LON, LAT = 6.05, 50.78
M_LAT = 1 / 111_240
"""Degrees of latitude per metre at 50.8 N."""
M_LON = 1 / 70_500
"""Degrees of longitude per metre."""


def quiet(stage: str, done: float) -> None:
    pass


def ring(x: float, y: float, wide: float, deep: float) -> list[list[float]]:
    """A rectangle in metres from the origin, in degrees."""
    corners = [(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep), (x, y)]
    return [[LON + a * M_LON, LAT + b * M_LAT] for a, b in corners]


def feature(name: str, *rings: list, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"id": name, **properties},
            "geometry": {"type": "Polygon", "coordinates": list(rings)}}  # fmt: skip


def written(path: Path, *features: dict[str, Any], **head: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", **head, "features": list(features)}))
    return path


def heights(path: Path) -> dict[str, float]:
    city = reading.read(path)
    owner = np.repeat(city.faces.building, np.diff(city.faces.ring_start[city.faces.face_start]))
    return {b.id: float(np.ptp(city.faces.xyz[owner == k, 2])) for k, b in enumerate(city.buildings)}


def test_a_block_from_a_footprint_with_a_court(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", feature("b", ring(0, 0, 20, 20), ring(5, 5, 10, 10), height=9))
    shape = build.measure([path], crs=None, progress=quiet)
    assert shape.place.crs == "EPSG:32632"
    assert shape.bodies.footprint_m2 == pytest.approx([300], rel=0.01)
    assert shape.bodies.volume_m3 == pytest.approx([2700], rel=0.01)
    assert shape.areas.wall_m2 == pytest.approx([9 * (80 + 40)], rel=0.01)
    assert not shape.bodies.open_shells.any()


def test_heights_fall_back_in_the_stated_order(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.geojson",
        feature("said", ring(0, 0, 9, 9), HAUTEUR=12.0),
        feature("text", ring(20, 0, 9, 9), height="40 ft"),
        feature("roof", ring(40, 0, 9, 9), HAUTEUR=-999, Z_MIN_SOL=100, Z_MAX_TOIT=107),
        feature("levels", ring(60, 0, 9, 9), height=9999, **{"building:levels": "3"}),
        feature("near", ring(80, 0, 9, 9), height=0),
        feature("far", ring(5000, 0, 9, 9)),
    )  # fmt: skip
    found = heights(path)
    assert found == pytest.approx({"said": 12, "text": 12.192, "roof": 7, "levels": 9, "near": 10.5, "far": 6})
    rules = {i: rule for _, i, column, rule in reading.read(path).inferred if column == "height_m"}
    assert list(rules) == ["roof", "levels", "near", "far"]
    assert rules["levels"] == "storeys times 3 m"
    assert rules["near"].startswith("median")


@pytest.mark.parametrize(
    ("text", "metres"),
    [("12", 12), (" 12,5 m", 12.5), ("30'", 9.144), ("6 ft 6 in", 1.9812), ("high", None), (True, None)],
)
def test_lengths_as_people_write_them(text: object, metres: float | None) -> None:
    assert footprint.number(text) == pytest.approx(metres if metres is not None else np.nan, nan_ok=True)


def test_a_footprint_that_crosses_itself_keeps_what_has_an_area(tmp_path: Path) -> None:
    a, b, c, d, _ = ring(0, 0, 10, 10)
    path = written(tmp_path / "a.geojson", feature("bow", [a, c, b, d, a], height=5))
    city = reading.read(path)
    assert city.repaired == ("bow",)
    shape = build.measure([path], crs=None, progress=quiet)
    assert shape.bodies.footprint_m2 == pytest.approx([50], rel=0.01)
    assert "repaired-footprint" in {p.code for p in shape.problems}


def test_features_that_are_of_no_use_are_named_and_counted(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.geojson",
        feature("good", ring(0, 0, 9, 9), height=5), feature("good", ring(0, 0, 9, 9), height=5),
        feature("open", ring(20, 0, 9, 9)[:-1], height=5),
        feature("line", ring(40, 0, 9, 9)[:2], height=5), feature("flat", [[LON, LAT]] * 5, height=5),
        feature("word", [["a", "b"]] * 5, height=5), feature("metres", [[5e5, 5e6]] * 5, height=5),
        {"type": "Feature", "properties": None, "geometry": None},
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [LON, LAT]}}, 7,
    )  # fmt: skip
    city = reading.read(path)
    assert [b.id for b in city.buildings] == ["good", "good", "open"]
    assert city.without_geometry == ("line", "a-8", "flat")
    assert set(city.broken) == {"word", "metres", "feature 10"}
    assert city.skipped == {"Point": 1}


def test_the_older_member_for_another_system(tmp_path: Path) -> None:
    square = [[1841200.0, 5176060.0], [1841210.0, 5176060.0], [1841210.0, 5176070.0], [1841200.0, 5176070.0]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3946"}}
    path = written(tmp_path / "a.json", feature("b", square, HAUTEUR=8, Z_MIN_SOL=170.5), crs=crs)
    city = reading.read(path)
    assert city.crs == "EPSG:3946"
    assert city.faces.xyz[:, 2].min() == 170.5
    with pytest.raises(Refused, match="look like metres; name their system with --crs"):
        build.measure([written(tmp_path / "b.json", feature("b", square, HAUTEUR=8))], crs=None, progress=quiet)
    assert build.measure([tmp_path / "b.json"], crs="3946", progress=quiet).place.crs == "EPSG:3946"


def test_latitude_first_is_noticed_where_it_can_be(tmp_path: Path) -> None:
    square = [[-37.81, 144.96], [-37.81, 144.9601], [-37.8099, 144.9601], [-37.8099, 144.96]]
    shape = build.measure([written(tmp_path / "a.json", feature("b", square, height=8))], crs=None, progress=quiet)
    assert np.degrees(shape.place.latitude_rad) == pytest.approx(-37.81, abs=0.001)
    assert "axis-order" in {p.code for p in shape.problems}


# ---------------------------------------------------------------- OpenStreetMap


class Map:
    """An OSM file in the making."""

    def __init__(self) -> None:
        self.nodes, self.ways, self.relations = [], [], []

    def node(self, x: float, y: float, **tags: str) -> int:
        self.nodes.append(f'<node id="{len(self.nodes) + 1}" lon="{LON + x * M_LON}" lat="{LAT + y * M_LAT}">'
                          f"{self._tags(tags)}</node>")  # fmt: skip
        return len(self.nodes)

    def way(self, points: list[Any], *, closed: bool = True, **tags: str) -> int:
        """A way through places, or through nodes that are there already."""
        refs = [p if isinstance(p, int) else self.node(*p) for p in points]
        refs += refs[:1] if closed else []
        inside = "".join(f'<nd ref="{r}"/>' for r in refs)
        self.ways.append(f'<way id="{len(self.ways) + 1}">{inside}{self._tags(tags)}</way>')
        return len(self.ways)

    def relation(self, members: list[tuple[str, int]], **tags: str) -> None:
        inside = "".join(f'<member type="way" ref="{r}" role="{role}"/>' for role, r in members)
        self.relations.append(f'<relation id="1">{inside}{self._tags({"type": "multipolygon", **tags})}</relation>')

    def write(self, path: Path) -> Path:
        path.write_text(f'<osm version="0.6">{"".join(self.nodes + self.ways + self.relations)}</osm>')
        return path

    @staticmethod
    def _tags(tags: dict[str, str]) -> str:
        return "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())


def square(x: float, y: float, side: float) -> list[tuple[float, float]]:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    m = Map()
    m.way(square(0, 0, 10), building="yes", height="12", addr__country="DE")
    m.way(square(30, 0, 10), building="house", building__levels="2")
    m.way(square(31, 1, 3), building__part="yes")
    one, other = m.node(60, 0), m.node(80, 20)
    outer = [m.way([one, (80, 0), other], closed=False), m.way([other, (60, 20), one], closed=False)]
    inner = m.way(square(65, 5, 10))
    m.relation([("outer", outer[0]), ("outer", outer[1]), ("inner", inner)], building="school", height="8")
    m.way([(-50, -10), (150, -10)], closed=False, highway="residential")
    m.way([(-50, -60), (150, -60)], closed=False, highway="residential", tunnel="yes")
    m.way(square(-20, -40, 120), landuse="residential")
    m.way(square(100, 0, 20), amenity="parking")
    m.way(square(-15, 30, 20), natural="water")
    m.node(50, 30, natural="tree", height="15", diameter_crown="8")
    m.way([(-10, -5), (15, -5)], closed=False, natural="tree_row")
    return m.write(tmp_path / "town.xml")


def test_buildings_of_ways_and_relations(town: Path) -> None:
    assert heights(town) == pytest.approx({"way/1": 12, "way/2": 6, "relation/1": 8})
    shape = build.measure([town], crs=None, progress=quiet)
    area = dict(zip((s.id for s in shape.sources), shape.bodies.footprint_m2, strict=True))
    assert area == pytest.approx({"way/1": 100, "way/2": 100, "relation/1": 300}, rel=0.02)
    assert shape.country == "DE"
    assert "OpenStreetMap" in shape.credits[0]
    assert reading.read(town).skipped == {"building:part": 1}


def test_ground_is_a_partition_and_ways_have_their_width(town: Path) -> None:
    land = build.measure([town], crs=None, progress=quiet).land
    a, b, c = (land.xyz[land.index[:, k], :2] for k in range(3))
    size = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    area = {Ground(int(g)): float(size[land.material == g].sum()) for g in np.unique(land.material)}
    assert area[Ground.ROAD] == pytest.approx(200 * 5.5, rel=0.05)
    assert area[Ground.WATER] == pytest.approx(400, rel=0.02)
    assert area[Ground.PARKING] == pytest.approx(400, rel=0.02)
    # what residential land is left: less water (15 x 20 m of it), road (120 m); parking lies outside
    assert area[Ground.GARDEN] == pytest.approx(120 * 120 - 300 - 100 - 120 * 5.5, rel=0.02)
    assert sum(p.area for p in land.roads) == pytest.approx(200 * 5.5, rel=0.05)
    assert [round(p.area, -2) for p in land.parking] == [400]


def test_of_areas_that_lie_over_each_other_the_used_one_shows(tmp_path: Path) -> None:
    """Road over parking over square over water over sport over what only covers, whatever comes first in the file."""
    from shapely import box

    from tools.city import Gather
    from tools.groundlayers import Layers

    order = [Ground.ROAD, Ground.PARKING, Ground.PLAZA, Ground.PAVEMENT, Ground.PATH, Ground.WATER, Ground.SPORT]
    layers = Layers()
    for k, ground in enumerate([Ground.GRASS, *order[::-1]]):  # lowest first: each strip begins 10 m further
        layers.add(f"area-{k}", ground, box(0, 0, 100 - 10 * k, 10))
    layers.add("bed", Ground.SHRUB, box(90, 0, 95, 10))  # smaller than the grass around it
    gather = Gather("a.osm")
    layers.hand_over(gather)
    faces = gather.city(crs=None, crs_text="", credit="").soil.faces
    corner = [faces.xyz[faces.ring_start[a] : faces.ring_start[b], 0]
              for a, b in zip(faces.face_start[:-1], faces.face_start[1:], strict=True)]  # fmt: skip
    ends = {Ground(int(kind)): (float(x.min()), float(x.max())) for kind, x in zip(faces.kind, corner, strict=True)
            if kind != Ground.GRASS}  # fmt: skip
    expected = {g: (30.0 + 10 * (k - 1), 30.0 + 10 * k) for k, g in enumerate(order)}
    assert ends == expected | {Ground.ROAD: (0.0, 30.0), Ground.SHRUB: (90.0, 95.0)}


def test_trees_stand_where_the_map_says(town: Path) -> None:
    land = build.measure([town], crs=None, progress=quiet).land
    assert len(land.tree_m) == 1 + 3
    assert (land.tree_height_m[-1], land.tree_crown_m[-1]) == (15, 4)
    assert (land.tree_height_m[:-1] == 8).all()  # nothing is said: the usual tree


def test_ways_without_places_are_named(tmp_path: Path) -> None:
    m = Map()
    m.way(square(0, 0, 10), building="yes")
    m.ways.append('<way id="9"><nd ref="777"/><nd ref="778"/><tag k="building" v="yes"/></way>')
    assert reading.read(m.write(tmp_path / "a.osm")).broken == ("way/9",)
    m.ways.append('<way id="x"/>')
    with pytest.raises(Refused, match=r"a\.osm, line 1: a way without place or number"):
        reading.read(m.write(tmp_path / "a.osm"))
    (tmp_path / "none.osm").write_text('<osm version="0.6"/>')
    with pytest.raises(Refused, match="no nodes"):
        reading.read(tmp_path / "none.osm")
