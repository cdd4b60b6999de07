"""CityGML of three versions, its coordinate systems, and XML that would harm."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import pytest
from small_city import faces_of_box

from network.problems import Refused
from tools import build, reading, safexml
from tools.city import FaceKind

NAMES = (
    'xmlns="http://www.opengis.net/citygml/{v}" xmlns:bldg="http://www.opengis.net/citygml/building/{v}" '
    'xmlns:gen="http://www.opengis.net/citygml/generics/{v}" '
    'xmlns:con="http://www.opengis.net/citygml/construction/3.0" '
    'xmlns:tran="http://www.opengis.net/citygml/transportation/{v}" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:veg="http://www.opengis.net/citygml/vegetation/{v}" xmlns:xAL="urn:oasis:names:tc:ciq:xsdschema:xAL:2.0" '
    'xmlns:gml="http://www.opengis.net/gml{gml}"'
)
UTM = "urn:ogc:def:crs,crs:EPSG:6.12:25832,crs:EPSG:6.12:5783"
EAST, NORTH = 691000.0, 5336000.0
KINDS = ["GroundSurface", "RoofSurface", *["WallSurface"] * 4]


def ring(points: list, *, style: str = "posList") -> str:
    closed = [*points, points[0]]
    if style == "posList":
        return f'<gml:posList>{" ".join(f"{x} {y} {z}" for x, y, z in closed)}</gml:posList>'
    return "".join(f"<gml:pos>{x} {y} {z}</gml:pos>" for x, y, z in closed)


def polygon(points: list, *, name: str = "", style: str = "posList") -> str:
    label = f' gml:id="{name}"' if name else ""
    inner = f"<gml:LinearRing>{ring(points, style=style)}</gml:LinearRing>"
    return f"<gml:Polygon{label}><gml:exterior>{inner}</gml:exterior></gml:Polygon>"


def box(*, swapped: bool = False, height: float = 6.0) -> list:
    faces = faces_of_box(EAST, NORTH, EAST + 10, NORTH + 8, height=height, base=500)
    return [[(y, x, z) if swapped else (x, y, z) for x, y, z in f] for f in faces]


def solid(faces: list, *, lod: int = 1) -> str:
    members = "".join(f"<gml:surfaceMember>{polygon(f)}</gml:surfaceMember>" for f in faces)
    return (f"<bldg:lod{lod}Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{members}"
            f"</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod{lod}Solid>")  # fmt: skip


def semantic(faces: list, *, lod: int = 2) -> str:
    """Boundary surfaces, and a solid that refers to their polygons."""
    surfaces = "".join(
        f"<bldg:boundedBy><bldg:{kind}><bldg:lod{lod}MultiSurface><gml:MultiSurface><gml:surfaceMember>"
        f"{polygon(f, name=f'p{k}', style='pos')}</gml:surfaceMember></gml:MultiSurface></bldg:lod{lod}MultiSurface>"
        f"</bldg:{kind}></bldg:boundedBy>" for k, (kind, f) in enumerate(zip(KINDS, faces, strict=True))
    )  # fmt: skip
    links = "".join(f'<gml:surfaceMember xlink:href="#p{k}"/>' for k in range(6))
    return (f"<bldg:lod{lod}Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{links}</gml:CompositeSurface>"
            f"</gml:exterior></gml:Solid></bldg:lod{lod}Solid>{surfaces}")  # fmt: skip


def city(*members: str, version: str = "2.0", srs: str | None = UTM, prolog: str = "") -> str:
    names = NAMES.format(v=version, gml="/3.2" if version == "3.0" else "")
    envelope = f'<gml:boundedBy><gml:Envelope srsName="{srs}"/></gml:boundedBy>' if srs else ""
    inside = "".join(f"<cityObjectMember>{m}</cityObjectMember>" for m in members)
    return f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<CityModel {names}>{envelope}{inside}</CityModel>'


def building(geometry: str, *, name: str = "b", more: str = "") -> str:
    return f'<bldg:Building gml:id="{name}">{more}{geometry}</bldg:Building>'


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def quiet(stage: str, done: float) -> None:
    pass


def test_a_block_with_its_attributes(tmp_path: Path) -> None:
    more = (
        "<gml:name>Rathaus</gml:name><gen:intAttribute name='Stock'><gen:value>3</gen:value></gen:intAttribute>"
        "<bldg:function>31001_3012</bldg:function><bldg:function>1000</bldg:function>"
        "<bldg:address><Address><xAL:CountryName>Deutschland</xAL:CountryName></Address></bldg:address>"
    )
    read = reading.read(written(tmp_path / "a.gml.gz", city(building(solid(box()), more=more), version="1.0")))
    assert read.crs == "EPSG:25832+5783"
    assert read.country == "Deutschland"
    (b,) = read.buildings
    assert (b.id, b.lod) == ("b", 1.0)
    assert b.attributes == {"name": "Rathaus", "Stock": "3", "function": ["31001_3012", "1000"]}
    assert len(read.faces.kind) == 6
    assert (read.faces.kind == FaceKind.UNKNOWN).all()


def test_links_give_each_polygon_once_with_its_kind(tmp_path: Path) -> None:
    both = semantic(box()) + solid(box(height=4), lod=1)
    read = reading.read(written(tmp_path / "a.gml", city(building(both))))
    assert read.faces.kind.tolist() == [2, 0, 1, 1, 1, 1]
    assert read.faces.solid.all()
    shape = build.measure([tmp_path / "a.gml"], crs=None, progress=quiet)
    assert shape.bodies.volume_m3 == pytest.approx([480], rel=2e-3)


def test_version_3_names_its_parts_otherwise(tmp_path: Path) -> None:
    surfaces = "".join(
        f"<boundary><con:{kind}><lod2MultiSurface><gml:MultiSurface><gml:surfaceMember>{polygon(f)}</gml:surfaceMember>"
        f"</gml:MultiSurface></lod2MultiSurface></con:{kind}></boundary>" for kind, f in zip(KINDS, box(), strict=True)
    )
    high = "<con:height><con:Height><con:value>6.0</con:value></con:Height></con:height>"
    read = reading.read(written(tmp_path / "a.gml", city(building(surfaces, more=high), version="3.0")))
    assert read.faces.kind.tolist() == [2, 0, 1, 1, 1, 1]
    assert read.buildings[0].attributes == {"measuredHeight": "6.0"}


def test_parts_are_merged_and_rooms_left_out(tmp_path: Path) -> None:
    part = f"<bldg:consistsOfBuildingPart><bldg:BuildingPart>{solid(box(), lod=2)}</bldg:BuildingPart>"
    room = f"<bldg:interiorRoom><bldg:Room>{solid(box(height=2), lod=2)}</bldg:Room></bldg:interiorRoom>"
    whole = building(solid(box(height=9)) + room + part + "</bldg:consistsOfBuildingPart>")
    read = reading.read(written(tmp_path / "a.gml", city(whole)))
    assert len(read.faces.kind) == 6
    assert read.faces.xyz[:, 2].max() == 506  # the part of LoD 2, not the coarse whole


@pytest.mark.parametrize(
    ("srs", "meant"),
    [
        ("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH", "EPSG:25832+7837"),
        ("urn:ogc:def:crs:EPSG::25832", "EPSG:25832"),
        ("http://www.opengis.net/def/crs/EPSG/0/25832", "EPSG:25832"),
        ("http://www.opengis.net/gml/srs/epsg.xml#25832", "EPSG:25832"),
        ("EPSG:25832", "EPSG:25832"),
        ("CH1903", "EPSG:21781"),
        ("Narnia", None),
    ],
)
def test_names_of_systems(tmp_path: Path, srs: str, meant: str | None) -> None:
    assert reading.read(written(tmp_path / "a.gml", city(building(solid(box())), srs=srs))).crs == meant


def test_a_system_may_be_named_at_the_geometry(tmp_path: Path) -> None:
    text = city(building(solid(box())), srs=None).replace("<gml:Solid>", '<gml:Solid srsName="EPSG:25832">')
    assert reading.read(written(tmp_path / "a.gml", text)).crs == "EPSG:25832"


def test_northing_first_where_the_authority_says_so(tmp_path: Path) -> None:
    """EPSG:31468 (Gauss-Krueger 4) puts the northing first; an urn means that order, and so do its files."""
    east, north = 4468500.0, 5333000.0
    faces = faces_of_box(east, north, east + 10, north + 8, height=6, base=500)
    straight = [[(y, x, z) for x, y, z in f] for f in faces]
    urn = "urn:ogc:def:crs:EPSG::31468"
    a = build.measure([written(tmp_path / "a.gml", city(building(solid(straight)), srs=urn))], crs=None, progress=quiet)
    b = build.measure([written(tmp_path / "b.gml", city(building(solid(faces)), srs="EPSG:31468"))], crs=None,
                      progress=quiet)  # fmt: skip
    c = build.measure([written(tmp_path / "c.gml", city(building(solid(faces)), srs=urn))], crs=None, progress=quiet)
    for shape in (a, b, c):
        assert np.degrees(shape.place.latitude_rad) == pytest.approx(48.13, abs=0.02)
        assert shape.bodies.volume_m3 == pytest.approx([480], rel=2e-3)
        assert not shape.bodies.open_shells.any()
    assert "axis-order" in {p.code for p in c.problems}  # as many programs write it
    assert "axis-order" not in {p.code for p in [*a.problems, *b.problems]}


def test_latitude_and_longitude_in_either_order(tmp_path: Path) -> None:
    corner = (11.57, 48.137)
    faces = faces_of_box(*corner, corner[0] + 1e-4, corner[1] + 1e-4, height=6, base=500)
    latitude_first = [[(y, x, z) for x, y, z in f] for f in faces]
    urn = "urn:ogc:def:crs:EPSG::4979"
    shape = build.measure([written(tmp_path / "a.gml", city(building(solid(latitude_first)), srs=urn))], crs=None,
                          progress=quiet)  # fmt: skip
    assert np.degrees(shape.place.latitude_rad) == pytest.approx(48.137, abs=1e-3)
    # 1e-4 degrees of longitude and latitude at 48 N
    assert shape.bodies.footprint_m2 == pytest.approx([7.44 * 11.12], rel=0.01)


def test_ground_and_trees(tmp_path: Path) -> None:
    square = [(EAST, NORTH, 500.0), (EAST + 9, NORTH, 500.0), (EAST + 9, NORTH + 9, 500.0), (EAST, NORTH + 9, 500.0)]
    surface = f"<gml:MultiSurface><gml:surfaceMember>{polygon(square)}</gml:surfaceMember></gml:MultiSurface>"
    road = (f'<tran:Road gml:id="r"><tran:trafficArea><tran:TrafficArea><tran:function>2</tran:function>'
            f"<tran:lod2MultiSurface>{surface}</tran:lod2MultiSurface></tran:TrafficArea></tran:trafficArea>"
            "</tran:Road>")  # fmt: skip
    tree = ("<veg:SolitaryVegetationObject><veg:height>12</veg:height><veg:crownDiameter>6</veg:crownDiameter>"
            f"<veg:lod1Geometry>{polygon(square)}</veg:lod1Geometry></veg:SolitaryVegetationObject>")  # fmt: skip
    read = reading.read(written(tmp_path / "a.gml", city(building(solid(box())), road, tree)))
    assert (read.soil.types, read.soil.faces.kind.tolist()) == (("Road",), [13])  # function 2: a footpath
    assert read.soil.tree[0].tolist() == [EAST + 4.5, NORTH + 4.5, 500, 12, 3]


BOMB = '<!DOCTYPE lolz [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(9)
) + "]>"
FETCH = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


DTD = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'


HIDDEN = "<!--><a -->" + BOMB
"""Whoever takes `<!-->` for a whole comment does not see what comes behind."""


@pytest.mark.parametrize("prolog", [BOMB, FETCH, DTD, "<!-- a --> " + BOMB, HIDDEN])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_are_parsed(tmp_path: Path, prolog: str, encoding: str) -> None:
    text = city(building(solid(box()), more="<gml:name>&x;</gml:name>"), prolog=prolog)
    (tmp_path / "a.gml").write_bytes(text.replace("UTF-8", encoding).encode(encoding))
    begun = time.process_time()
    with pytest.raises(Refused, match=r"a\.gml declares a document type"):
        reading.read(tmp_path / "a.gml")
    assert time.process_time() - begun < 2


def test_letters_that_only_the_parser_would_understand_are_refused(tmp_path: Path) -> None:
    text = city(building(solid(box())), prolog=BOMB).replace('encoding="UTF-8"', "")
    with pytest.raises(Refused, match=r"a\.gml does not begin with an XML element"):
        safexml.root_name(tmp_path / "a.gml", text.encode("cp037"))


def test_an_entity_that_nobody_declared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"a\.gml"):
        reading.read(written(tmp_path / "a.gml", city(building(solid(box()), more="<gml:name>&x;</gml:name>"))))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t[: len(t) // 2], "truncated"),
        (lambda t: t.replace("UTF-8", "klingon"), "encoding 'klingon'"),
        (lambda t: t.replace("</CityModel>", ""), "truncated"),
        (lambda t: t.replace("/citygml/", "/citygml/9"), "unknown version"),
        (lambda t: "<kml/>", "type 'kml'"),
    ],
)
def test_xml_that_cannot_be_read(tmp_path: Path, change: object, says: str) -> None:
    text = change(city(building(solid(box()))))  # type: ignore[operator]
    with pytest.raises(Refused, match=says) as refusal:
        reading.read(written(tmp_path / "a.gml", text))
    assert "a.gml" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_latin_letters_in_a_file_that_claims_utf_8(tmp_path: Path) -> None:
    text = city(building(solid(box()), more="<gml:name>Müller</gml:name>"))
    (tmp_path / "a.gml").write_bytes(text.encode("latin-1"))
    with pytest.raises(Refused, match=r"a\.gml is not in the encoding that it declares"):
        reading.read(tmp_path / "a.gml")
    (tmp_path / "b.gml").write_bytes(text.replace("UTF-8", "ISO-8859-1").encode("latin-1"))
    assert reading.read(tmp_path / "b.gml").buildings[0].attributes["name"] == "Müller"


def test_a_broken_building_is_named_and_its_neighbours_stay(tmp_path: Path) -> None:
    good = building(solid(box()), name="good")
    word = building(solid(box()).replace("506.0", "high"), name="word")
    other = building(solid(box()).replace("<gml:Solid>", '<gml:Solid srsName="EPSG:31468">'), name="other")
    empty = building("", name="empty")
    long = " ".join(["1 2 3"] * 300_000)
    large = building(solid([box()[0]]).replace("<gml:posList>", f"<gml:posList>{long} "), name="large")
    read = reading.read(written(tmp_path / "a.gml", city(good, word, other, empty, large)))
    assert [b.id for b in read.buildings] == ["good"]
    assert read.broken == ("word", "other")
    assert (read.without_geometry, read.large) == (("empty",), ("large",))


def test_links_that_go_round_or_nowhere(tmp_path: Path) -> None:
    loop = '<bldg:lod2Solid><gml:Solid gml:id="s"><gml:exterior xlink:href="#s"/></gml:Solid></bldg:lod2Solid>'
    away = '<bldg:lod2Solid xlink:href="http://127.0.0.1:9/x.gml#p"/>'
    text = city(building(loop, name="loop"), building(away, name="away"), building(solid(box()), name="good"))
    read = reading.read(written(tmp_path / "a.gml", text))
    assert [b.id for b in read.buildings] == ["good"]
    assert read.without_geometry == ("loop", "away")
