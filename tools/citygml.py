"""CityGML 1.0, 2.0 and 3.0, LoD 1 to 4, to a City, in the source's own coordinates.

A building is the top-level Building; parts and outer installations are merged into it; rooms, furniture and textures
are left out. Of every part the best level of detail counts. Where a solid is made of the polygons of semantic surfaces
(xlink), each polygon counts once, with the surface's kind and the solid's orientation. Links lead nowhere but into
the same object. Sources: OGC 08-007r1, 12-019, 20-010 and ISO 19136 (GML).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from network.problems import Refused
from tools import groundwords, safexml, srs
from tools.city import City, Gather, TooLarge, check_size
from tools.gml import Element, Walk, attributes_of, points_of
from tools.safexml import local

_MEMBERS = frozenset({"cityObjectMember", "featureMember", "featureMembers", "member", "appearanceMember", "Envelope"})
_GROUND = {
    "Road", "Railway", "Track", "Square", "Waterway", "WaterBody", "PlantCover", "LandUse", "Bridge", "ReliefFeature",
    "TINRelief", "TransportationComplex",
}  # fmt: skip
_OTHER = {
    "CityFurniture", "CityObjectGroup", "GenericCityObject", "GenericOccupiedSpace", "GenericLogicalSpace",
    "GenericUnoccupiedSpace", "GenericThematicSurface", "Tunnel", "OtherConstruction", "Appearance", "Section",
    "Intersection", "HollowSpace", "BuildingRoom", "Storey", "BuildingUnit",
}  # fmt: skip
_VERSIONS = ("/citygml/1.0", "/citygml/2.0", "/citygml/3.0", "/citygml/profiles/base/1.0")


def parse(path: Path, data: bytes) -> City:
    """The buildings and the ground of a CityGML file.

    Raises:
        Refused: no well-formed XML, an unknown version, entities.
    """
    _check_version(path, data)
    gather = Gather(path.name)
    crs_text = ""
    countries: Counter[str] = Counter()
    for name, member in safexml.elements(path, data, wanted=_MEMBERS):
        if name == "Envelope":
            crs_text = crs_text or member.get("srsName", "")
            continue
        for item in () if name == "appearanceMember" else member:
            named = _srs_of(item)
            crs_text = crs_text or named
            other = named and srs.parse(named) is not None and _plan(named) != _plan(crs_text)
            _take(gather, item, lost=bool(other))
            countries.update(e.text.strip() for e in item.iter("{*}CountryName") if e.text)
    country = countries.most_common(1)[0][0] if countries else ""
    return gather.city(
        crs=srs.parse(crs_text), crs_text=crs_text, credit="", country=country, by_authority=srs.by_authority(crs_text)
    )


def _check_version(path: Path, data: bytes) -> None:
    head = data[:8192].decode("utf-8", "replace")
    if "opengis.net/citygml" in head and not any(v in head for v in _VERSIONS):
        raise Refused(f"{path} is CityGML of an unknown version; 1.0, 2.0 and 3.0 are read")


def _plan(text: str) -> str:
    """Code of the map, without heights."""
    return (srs.parse(text) or "").split("+")[0]


def _srs_of(item: Element) -> str:
    """The first coordinate system that an object or anything in it names."""
    return next((e.get("srsName") for e in item.iter() if e.get("srsName")), "")


def _take(gather: Gather, item: Element, *, lost: bool) -> None:
    """One city object; `lost` = it names another coordinate system than the file."""
    kind = local(item)
    key = next((v for k, v in item.attrib.items() if k.rsplit("}", 1)[-1] == "id"), "") or f"{kind}-{item.sourceline}"
    bad = gather.broken if kind == "Building" else gather.broken_soil
    try:
        if lost:
            bad.append(key)
        elif kind == "Building":
            _building(gather, key, item)
        elif kind in _GROUND:
            _ground(gather, key, kind, item)
        elif kind == "SolitaryVegetationObject":
            _tree(gather, item)
        elif kind in _OTHER:
            gather.skip(kind)
        elif kind:
            gather.unknown.setdefault(kind, []).append(key)
    except TooLarge:
        gather.large.append(key)
    except (ValueError, IndexError, KeyError, TypeError, RecursionError):
        bad.append(key)


def _building(gather: Gather, key: str, item: Element) -> None:
    whole = Walk(item, gather.next_body)
    own = whole.best()
    members = [*_members(whole, gather)]
    parts = [m for m in members if local(m.item) in ("BuildingPart", "BuildingConstructiveElement")]
    best_part = max((p.best() for p in parts), default=0)
    chosen = [whole] if own and own >= best_part else []
    chosen += parts if best_part >= own else []
    chosen += [m for m in members if m not in parts]
    attributes: dict[str, Any] = {}
    for member in (whole, *members):
        for name, value in attributes_of(member.item).items():
            attributes.setdefault(name, value)
    faces = [face for member in chosen for face in member.faces()]
    if not faces or not (own or best_part):
        gather.empty.append(key)
        return
    check_size(len(ring) for face in faces for ring in face.rings)
    rows = [([len(r) for r in f.rings], f.kind, f.body, f.solid) for f in faces]
    points = np.concatenate([r for f in faces for r in f.rings])
    gather.building(key, float(max(own, best_part)), attributes, points, rows)


def _members(whole: Walk, gather: Gather) -> Iterator[Walk]:
    """Parts and installations below a building, at any depth."""
    queue = list(whole.members)
    while queue:
        walk = Walk(queue.pop(0), gather.next_body)
        yield walk
        queue += walk.members


def _ground(gather: Gather, key: str, kind: str, item: Element) -> None:
    material = int(groundwords.material(kind, attributes_of(item)))

    def of_area(element: Element, name: str) -> int:
        return int(groundwords.material(kind, attributes_of(element), surface=name))

    faces = Walk(item, gather.next_body, material=material, of_area=of_area).faces()
    if faces:
        rows = [([len(r) for r in f.rings], f.kind, f.body, f.solid) for f in faces]
        gather.ground(key, kind, np.concatenate([r for f in faces for r in f.rings]), rows)


def _tree(gather: Gather, item: Element) -> None:
    attributes = attributes_of(item)
    points = points_of(item)
    if not len(points):
        gather.skip("SolitaryVegetationObject")
        return
    low = float(points[:, 2].min())
    stem = points[points[:, 2] <= low + 0.5, :2]
    foot = (stem.min(axis=0) + stem.max(axis=0)) / 2
    height = _number(attributes.get("height")) or float(np.ptp(points[:, 2]))
    crown = _number(attributes.get("crownDiameter")) / 2
    gather.trees.append((float(foot[0]), float(foot[1]), low, height, crown))


def _number(value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return 0.0
    return found if 0.0 < found < 200.0 else 0.0
