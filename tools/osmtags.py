"""What OpenStreetMap tags say of ground: material of areas, and width and material of ways.

Source of the meanings: the OpenStreetMap wiki's map features; widths are our own round figures where `width` is absent.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.footprint import number
from tools.land import Ground

WIDTH_M = {
    "motorway": 12.0, "trunk": 10.0, "primary": 9.0, "secondary": 8.0, "tertiary": 7.0, "motorway_link": 6.0,
    "trunk_link": 6.0, "primary_link": 6.0, "secondary_link": 6.0, "tertiary_link": 6.0, "unclassified": 6.0,
    "residential": 5.5, "living_street": 5.0, "service": 3.5, "road": 5.0, "busway": 6.5, "track": 3.0,
    "pedestrian": 5.0, "footway": 1.8, "path": 1.5, "cycleway": 2.2, "bridleway": 2.0, "steps": 1.8,
}  # fmt: skip
_PATHS = {"track": Ground.PATH, "path": Ground.PATH, "cycleway": Ground.PATH, "bridleway": Ground.PATH,
          "footway": Ground.PAVEMENT, "steps": Ground.PAVEMENT, "pedestrian": Ground.PLAZA}  # fmt: skip
_WATERWAYS_M = {"river": 12.0, "canal": 12.0, "stream": 2.0, "ditch": 1.5, "drain": 1.5}
_RAILS_M = {"rail": 3.2, "light_rail": 3.0, "tram": 2.6, "narrow_gauge": 2.4}
LANE_M = 3.25
_AREAS: dict[str, dict[str, Ground]] = {
    "natural": {
        "water": Ground.WATER, "bay": Ground.WATER, "wetland": Ground.SHRUB, "wood": Ground.SHRUB,
        "scrub": Ground.SHRUB, "heath": Ground.SHRUB, "grassland": Ground.GRASS, "sand": Ground.BARE,
        "beach": Ground.BARE, "bare_rock": Ground.BARE,
    },
    "waterway": {"riverbank": Ground.WATER, "dock": Ground.WATER},
    "amenity": {"parking": Ground.PARKING, "bicycle_parking": Ground.PAVEMENT, "marketplace": Ground.PLAZA,
                "school": Ground.PAVEMENT, "grave_yard": Ground.GRASS},
    "leisure": {
        "pitch": Ground.SPORT, "track": Ground.SPORT, "playground": Ground.SPORT, "sports_centre": Ground.GRASS,
        "park": Ground.GRASS, "garden": Ground.GARDEN, "golf_course": Ground.GRASS, "swimming_pool": Ground.WATER,
        "dog_park": Ground.GRASS,
    },
    "landuse": {
        "basin": Ground.WATER, "reservoir": Ground.WATER, "grass": Ground.GRASS, "meadow": Ground.GRASS,
        "recreation_ground": Ground.GRASS, "village_green": Ground.GRASS, "cemetery": Ground.GRASS,
        "greenfield": Ground.GRASS, "forest": Ground.SHRUB, "farmland": Ground.FIELD, "farm": Ground.FIELD,
        "orchard": Ground.FIELD, "vineyard": Ground.FIELD, "greenhouse_horticulture": Ground.FIELD,
        "plant_nursery": Ground.FIELD, "farmyard": Ground.GARDEN, "allotments": Ground.GARDEN,
        "residential": Ground.GARDEN, "flowerbed": Ground.GARDEN, "industrial": Ground.BARE,
        "commercial": Ground.BARE, "retail": Ground.BARE, "construction": Ground.BARE, "brownfield": Ground.BARE,
        "railway": Ground.BARE, "quarry": Ground.BARE, "garages": Ground.PAVEMENT,
    },
    "man_made": {"bridge": Ground.PAVEMENT, "pier": Ground.PAVEMENT},
    "place": {"square": Ground.PLAZA},
}  # fmt: skip


def area(tags: Mapping[str, str]) -> Ground | None:
    """Material of a closed way or multipolygon that is ground; None where the tags say nothing of it."""
    if tags.get("highway") and tags.get("area") == "yes":
        return _PATHS.get(tags["highway"], Ground.ROAD)
    if tags.get("parking") in ("underground", "multi-storey") or tags.get("tunnel") not in (None, "no"):
        return None
    for key in ("amenity", "natural", "waterway", "leisure", "man_made", "place", "landuse"):
        found = _AREAS[key].get(tags.get(key, ""))
        if found is not None:
            return found
    return None


def line(tags: Mapping[str, str]) -> tuple[Ground, float] | None:
    """Material and width in metres of a way that is a line on the ground; None where it is none."""
    if tags.get("tunnel") not in (None, "no") or tags.get("area") == "yes" or tags.get("indoor") == "yes":
        return None
    kind = tags.get("highway", "")
    said = number(tags.get("width"))
    if kind in WIDTH_M:
        width = WIDTH_M[kind]
        lanes = number(tags.get("lanes"))
        if 1 <= lanes <= 8 and kind not in _PATHS:
            width = lanes * LANE_M
        return _PATHS.get(kind, Ground.ROAD), said if 0.5 <= said <= 60.0 else width
    if tags.get("waterway") in _WATERWAYS_M:
        return Ground.WATER, said if 0.5 <= said <= 500.0 else _WATERWAYS_M[tags["waterway"]]
    if tags.get("railway") in _RAILS_M:
        return Ground.BARE, _RAILS_M[tags["railway"]]
    return None
