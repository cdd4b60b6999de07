"""GeoJSON to a City: polygons with a height become blocks, polygons that say they are ground become ground.

Coordinates are longitude and latitude (RFC 7946) unless an older `crs` member names another system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from tools import footprint, groundlayers, osmtags, srs
from tools.city import City, Gather, TooLarge, check_size
from tools.planar import Plane

Float = NDArray[np.float64]
ID_KEYS = ("id", "cleabs", "identificatie", "gml_id", "osm_id", "@id", "fid", "objectid", "uuid")
WGS84 = "EPSG:4326"


def parse(path: Path, model: Any) -> City:
    """The buildings and the ground of a feature collection.

    Raises:
        Refused: it is no feature collection, or none of its features has an area.
    """
    features = model.get("features") if isinstance(model, dict) else None
    if isinstance(model, dict) and model.get("type") == "Feature":
        features = [model]
    if not isinstance(features, list):
        raise Refused(f"{path} is GeoJSON without features; export it again as a FeatureCollection")
    crs_text = _crs_text(model)
    own = srs.parse(crs_text) if crs_text else WGS84
    gather = Gather(path.name)
    read = list(_features(gather, features))
    sample = np.array([polygons[0][0][0, :2] for _, _, polygons in read]).reshape(-1, 2)
    plane = Plane(own or WGS84, sample)
    outlines: list[footprint.Outline] = []
    layers = groundlayers.Layers()
    for key, attributes, polygons in read:
        try:
            shape, z_m = _shape(polygons, plane)
        except ValueError:
            gather.broken.append(key)
            continue
        ground = osmtags.area({k: str(v) for k, v in attributes.items()}) if not _is_building(attributes) else None
        if ground is not None:
            layers.add(key, ground, shape)
            continue
        made = footprint.outline(key, shape, attributes, z_m=z_m)
        if made is None:
            gather.empty.append(key)
        else:
            outlines.append(made)
    footprint.raise_all(gather, outlines)
    layers.hand_over(gather)
    credit = str(model.get("title") or model.get("attribution") or "")
    crs = plane.crs if own else None
    return replace(gather.city(crs=crs, crs_text=crs_text, credit=credit), exchanged=plane.exchanged)


def _crs_text(model: dict[str, Any]) -> str:
    member = model.get("crs")
    properties = member.get("properties") if isinstance(member, dict) else None
    return str(properties.get("name") or "") if isinstance(properties, dict) else ""


def _features(
    gather: Gather, features: list[Any]
) -> Iterator[tuple[str, dict[str, Any], list[list[Float]]]]:
    """(id, attributes, polygons of rings [n, 2 or 3]) of the features that have an area."""
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, dict):
            gather.broken.append(f"feature {number}")
            continue
        said, geometry = feature.get("properties"), feature.get("geometry")
        attributes = dict(said) if isinstance(said, dict) else {}
        lower = {k.lower(): v for k, v in attributes.items()}
        key = next((str(lower[k]) for k in ID_KEYS if lower.get(k) not in (None, "")), "")
        key = str(feature.get("id") or key or f"{gather.file.split('.')[0]}-{number}")
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
            if geometry is None:
                gather.empty.append(key)
            else:
                gather.skip(str(kind))
            continue
        try:
            nested = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
            check_size(len(ring) for polygon in nested for ring in polygon)
            polygons = [[np.array(ring, float) for ring in polygon] for polygon in nested]
            polygons = [[r for r in p if len(r) >= 3] for p in polygons if p and len(p[0]) >= 3]
            if any(r.ndim != 2 or r.shape[1] < 2 or not np.isfinite(r).all() for p in polygons for r in p):
                raise ValueError("no places")
        except TooLarge:
            gather.large.append(key)
            continue
        except (KeyError, TypeError, ValueError):
            gather.broken.append(key)
            continue
        if polygons:
            yield key, attributes, polygons
        else:
            gather.empty.append(key)


def _shape(polygons: list[list[Float]], plane: Plane) -> tuple[Any, float]:
    """shapely MultiPolygon in metres, and the median height of its corners (nan where they have none)."""
    import shapely

    made, heights = [], []
    for rings in polygons:
        flat = [plane.metres(r[:, :2]) for r in rings]
        if not all(np.isfinite(r).all() for r in flat):
            raise ValueError("no place on earth")
        made.append(shapely.Polygon(flat[0], flat[1:]))
        heights += [r[:, 2] for r in rings if r.shape[1] > 2]
    whole = made[0] if len(made) == 1 else shapely.MultiPolygon(made)
    return whole, float(np.median(np.concatenate(heights))) if heights else float("nan")


def _is_building(attributes: dict[str, Any]) -> bool:
    lower = {k.lower() for k, v in attributes.items() if v not in (None, "")}
    return bool(lower & {"building", "hauteur", "height", "measuredheight"})
