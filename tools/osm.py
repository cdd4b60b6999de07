"""OpenStreetMap XML to a City: buildings as blocks, ways as strips, areas as ground, trees.

Building parts are left out (the outline stands for them). Ground is flat at height 0, for the file has no heights.
Source: wiki.openstreetmap.org, OSM XML and Relation:multipolygon.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from tools import footprint, groundlayers, osmtags, safexml
from tools.city import City, Gather, TooLarge, check_size
from tools.planar import Plane

Float = NDArray[np.float64]
CREDIT = "(c) OpenStreetMap contributors, ODbL 1.0"
MARGIN_M = 60.0
"""Ground goes on this far beyond the bounds of the extract."""
ROW_M = 9.0
"""Distance of trees in a row."""
NO = ("no", "demolished", "ruins", "proposed", "construction")


@dataclass
class _Way:
    refs: list[int]
    tags: dict[str, str]


@dataclass
class _Data:
    """The file's elements."""

    place: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Longitude and latitude of nodes."""
    trees: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    ways: dict[int, _Way] = field(default_factory=dict)
    relations: list[tuple[int, list[tuple[str, int]], dict[str, str]]] = field(default_factory=list)
    bounds: tuple[float, float, float, float] | None = None
    countries: Counter[str] = field(default_factory=Counter)
    xy: dict[int, tuple[float, float]] = field(default_factory=dict)


def parse(path: Path, data: bytes) -> City:
    """The buildings and the ground of an extract.

    Raises:
        Refused: no well-formed XML, or no nodes.
    """
    osm = _read(path, data)
    if not osm.place:
        raise Refused(f"{path} holds no nodes; export the area again")
    lonlat = np.array(list(osm.place.values()))
    used = [r for w in osm.ways.values() if "building" in w.tags for r in w.refs if r in osm.place]
    sample = np.array([osm.place[r] for r in used]) if used else lonlat
    plane = Plane("EPSG:4326", sample)
    metres = plane.metres(lonlat)
    fine = np.isfinite(metres[:, 0] + metres[:, 1]).tolist()
    osm.xy = {k: (x, y) for k, (x, y), ok in zip(osm.place, metres.tolist(), fine, strict=True) if ok}
    gather = Gather(path.name)
    outlines: list[footprint.Outline] = []
    layers = groundlayers.Layers()
    inner = _multipolygons(osm, gather, outlines, layers)
    for number, way in osm.ways.items():
        try:
            _way(osm, number, way, gather, outlines, layers, skip_area=number in inner)
        except TooLarge:
            gather.large.append(f"way/{number}")
        except ValueError:
            gather.broken.append(f"way/{number}")
    footprint.raise_all(gather, outlines)
    layers.hand_over(gather, within=_within(osm, plane, outlines))
    for number, tags in osm.trees:
        if number in osm.xy:
            gather.trees.append((*osm.xy[number], 0.0, *_tree(tags)))
    country = osm.countries.most_common(1)[0][0] if osm.countries else ""
    return gather.city(crs=plane.crs, crs_text=plane.crs, credit=CREDIT, country=country)


def _read(path: Path, data: bytes) -> _Data:
    osm = _Data()
    wanted = frozenset({"node", "way", "relation", "bounds"})
    for name, element in safexml.elements(path, data, wanted=wanted):
        try:
            if name == "bounds":
                west, south, east, north = (float(element.get(k)) for k in ("minlon", "minlat", "maxlon", "maxlat"))
                osm.bounds = (west, south, east, north)
                continue
            number = int(element.get("id"))
            tags = {t.get("k", ""): t.get("v", "") for t in element.iter("tag")}
            if tags.get("addr:country"):
                osm.countries[tags["addr:country"]] += 1
            if name == "node":
                osm.place[number] = (float(element.get("lon")), float(element.get("lat")))
                if tags.get("natural") == "tree":
                    osm.trees.append((number, tags))
            elif name == "way":
                osm.ways[number] = _Way([int(n.get("ref")) for n in element.iter("nd")], tags)
            elif tags.get("type") == "multipolygon":
                members = [(m.get("role", ""), int(m.get("ref"))) for m in element.iter("member")
                           if m.get("type") == "way"]  # fmt: skip
                osm.relations.append((number, members, tags))
        except (TypeError, ValueError) as e:
            text = f"{path}, line {element.sourceline}: a {name} without place or number; export it again"
            raise Refused(text) from e
    return osm


def _multipolygons(
    osm: _Data, gather: Gather, outlines: list[footprint.Outline], layers: groundlayers.Layers
) -> set[int]:
    """Take buildings and areas of relations; the numbers of ways that these have used up as their outlines."""
    import shapely

    used: set[int] = set()
    for number, members, tags in osm.relations:
        outer = [osm.ways[r] for role, r in members if role != "inner" and r in osm.ways]
        tags = tags if len(tags) > 1 else {**(outer[0].tags if outer else {}), **tags}  # old style: on the outer way
        ground = osmtags.area(tags)
        is_building = tags.get("building") not in (None, *NO)
        if not (is_building or ground is not None):
            continue
        rings = {}
        for inside in (False, True):
            lines = [_line(osm, osm.ways[r]) for role, r in members if (role == "inner") == inside and r in osm.ways]
            pieces = shapely.get_parts(shapely.polygonize([shapely.LineString(x) for x in lines if len(x) > 1]))
            rings[inside] = shapely.union_all(pieces) if len(pieces) else shapely.Polygon()
        area = shapely.difference(rings[False], rings[True])
        if area.is_empty:
            if is_building:
                gather.broken.append(f"relation/{number}")
            continue
        used.update(r for role, r in members if role != "inner")
        if is_building:
            _outline(gather, f"relation/{number}", area, tags, outlines)
        elif ground is not None:
            layers.add(f"relation/{number}", ground, area)
    return used


def _way(
    osm: _Data, number: int, way: _Way, gather: Gather, outlines: list[footprint.Outline],
    layers: groundlayers.Layers, *, skip_area: bool,
) -> None:  # fmt: skip
    """Take one way: a building, a tree row, an area or a strip."""
    import shapely

    tags, key = way.tags, f"way/{number}"
    points = _line(osm, way)
    closed = len(way.refs) > 3 and way.refs[0] == way.refs[-1]
    check_size([len(points)])
    if tags.get("building") not in (None, *NO):
        if len(points) >= 4 and closed and not skip_area:
            _outline(gather, key, shapely.Polygon(points), tags, outlines)
        elif not skip_area:
            gather.broken.append(key)
    elif tags.get("building:part") not in (None, "no"):
        gather.skip("building:part")
    elif tags.get("natural") == "tree_row" and len(points) > 1:
        row = shapely.LineString(points)
        for along in np.arange(0.0, row.length, ROW_M):
            at = row.interpolate(along)
            gather.trees.append((at.x, at.y, 0.0, *_tree(tags)))
    elif closed and len(points) >= 4 and not skip_area and (ground := osmtags.area(tags)) is not None:
        layers.add(key, ground, shapely.Polygon(points))
    elif len(points) > 1 and (strip := osmtags.line(tags)) is not None:
        layers.add(key, strip[0], shapely.LineString(points).buffer(strip[1] / 2, quad_segs=3))


def _outline(
    gather: Gather, key: str, area: Any, tags: dict[str, str], outlines: list[footprint.Outline]
) -> None:
    made = footprint.outline(key, area, dict(tags))
    if made is None:
        gather.empty.append(key)
    else:
        outlines.append(made)


def _line(osm: _Data, way: _Way) -> list[tuple[float, float]]:
    """The way's places that the extract holds."""
    return [osm.xy[r] for r in way.refs if r in osm.xy]


def _tree(tags: dict[str, str]) -> tuple[float, float]:
    """Height and radius of the crown, 0 where the tags do not say."""
    height, crown = footprint.number(tags.get("height")), footprint.number(tags.get("diameter_crown"))
    return height if 1.0 <= height <= 120.0 else 0.0, crown / 2 if 0.5 <= crown <= 60.0 else 0.0


def _within(osm: _Data, plane: Plane, outlines: list[footprint.Outline]) -> Any:
    """Where ground is wanted: the extract's bounds, else around the buildings."""
    import shapely

    if osm.bounds:
        west, south, east, north = osm.bounds
        corner = plane.metres(np.array([[west, south], [east, south], [east, north], [west, north]]))
        if np.isfinite(corner).all():
            return shapely.Polygon(corner).buffer(MARGIN_M, join_style="mitre")
    hull = shapely.convex_hull(shapely.union_all([o.polygon for o in outlines])) if outlines else None
    return hull.buffer(3 * MARGIN_M) if hull is not None else None
