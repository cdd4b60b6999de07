"""Footprints to volumes: outlines with a height become blocks; a height that is missing falls back in a stated order.

Height: the attribute, else roof less ground, else storeys times 3 m, else the median of the eight nearest within 250 m,
else 6 m (two storeys). Heights that no building has (0, -999, 9,999) count as missing. Ground: the attribute, else roof
less height, else the median of the eight nearest, else 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.attributes import NEIGHBOURHOOD_M, NEIGHBOURS, STOREY_M
from tools.city import Gather, TooLarge, check_size

Float = NDArray[np.float64]
HEIGHT_KEYS = (
    "height", "building:height", "hauteur", "measuredheight", "measured_height", "building_height", "bldg_height",
    "roof_height_m", "gebaeudehoehe", "hoogte", "altura", "hoehe", "h", "mean_height", "height_ag",
)  # fmt: skip
ROOF_KEYS = (
    "z_max_toit", "z_min_toit", "b3_h_dak_50p", "h_dak_50p", "h_dak_max", "roof_z", "z_roof", "absoluteridgeheight",
)  # fmt: skip
GROUND_KEYS = (
    "z_min_sol", "z_max_sol", "b3_h_maaiveld", "h_maaiveld", "ground_z", "z_ground", "ground_height", "elevation",
)  # fmt: skip
LEVEL_KEYS = ("building:levels", "nb_etages", "storeysaboveground", "levels", "floors", "num_floors", "storeys",
              "floors_ag")  # fmt: skip
TWO_STOREYS_M = 6.0
LEAST_M, MOST_M = 0.3, 1000.0
"""Heights that a building can have."""
PLACES_M = (-500.0, 6000.0)
"""Heights above the sea where people build."""
SHARP_M = 0.02
"""Corners that stand out less are drawing noise."""
FOOT_M = 0.3048


@dataclass
class Outline:
    """A building that waits for its height."""

    key: str
    polygon: Any
    """shapely Polygon or MultiPolygon in metres."""
    attributes: dict[str, Any]
    height_m: float
    """0 = unknown."""
    base_m: float
    """nan = unknown."""
    rule: str
    crossed: bool = False
    """The outline crossed itself and was made valid."""


def outline(key: str, polygon: Any, attributes: dict[str, Any], *, z_m: float = np.nan) -> Outline | None:
    """The footprint of a building, made valid; None where no area is left.

    `z_m`: height of the drawn outline, which survey files put at the eaves.
    """
    import shapely

    valid = polygon if polygon.is_valid else shapely.make_valid(polygon)
    pieces = [p for p in shapely.get_parts(valid) if p.geom_type in ("Polygon", "MultiPolygon")]
    pieces = [q for p in pieces for q in shapely.get_parts(p) if q.area > 0.5]
    if not pieces:
        return None
    clean = shapely.orient_polygons(shapely.simplify(shapely.union_all(pieces), SHARP_M))
    height, base, rule = _heights(attributes)
    if np.isnan(base) and height and PLACES_M[0] < z_m < PLACES_M[1] and z_m:
        base = z_m - height
    return Outline(key, clean, attributes, height, base, rule, crossed=not polygon.is_valid)


def number(value: Any) -> float:
    """A length in metres from what people write: 12, "12.5", "12,5 m", "40 ft", "40'"; nan where it is none."""
    if isinstance(value, bool) or value is None:
        return float("nan")
    if isinstance(value, int | float):
        return float(value)
    pattern = r"^\s*(-?\d+(?:[.,]\d+)?)\s*(m|ft|feet|'|metres?|meters?)?\s*(?:(\d+)\s*(?:\"|in))?\s*$"
    found = re.match(pattern, str(value))
    if not found:
        return float("nan")
    length = float(found.group(1).replace(",", "."))
    feet = found.group(2) in ("ft", "feet", "'")
    return length * FOOT_M + float(found.group(3) or 0) * FOOT_M / 12 if feet else length


def raise_all(gather: Gather, outlines: list[Outline]) -> None:
    """Give every outline its height and hand it to `gather` as a block; guesses become its inferred rows."""
    _fill(gather, outlines)
    gather.repaired += [o.key for o in outlines if o.crossed]
    for o in outlines:
        try:
            points, rows = block(o.polygon, base_m=o.base_m, height_m=o.height_m, gather=gather)
        except TooLarge:
            gather.large.append(o.key)
            continue
        gather.building(o.key, 1.0, o.attributes, points, rows)


def block(
    polygon: Any, *, base_m: float, height_m: float, gather: Gather
) -> tuple[Float, list[tuple[list[int], int, int, bool]]]:
    """Vertices and rows of a block: per piece of the outline ground, roof and walls, all outward."""
    import shapely

    from tools.city import FaceKind

    points: list[Float] = []
    rows: list[tuple[list[int], int, int, bool]] = []
    check_size(len(shapely.get_coordinates(r)) for r in shapely.get_rings(polygon))
    for piece in shapely.get_parts(polygon):
        body = gather.next_body()
        rings = [shapely.get_coordinates(r)[:-1] for r in shapely.get_rings(piece)]
        lengths = [len(r) for r in rings]
        low = [np.column_stack([r, np.full(len(r), base_m)]) for r in rings]
        up = np.array([0.0, 0.0, height_m])
        points += [r[::-1] for r in low]
        points += [r + up for r in low]
        rows.append((lengths, int(FaceKind.GROUND), body, True))
        rows.append((lengths, int(FaceKind.ROOF), body, True))
        for ring in low:
            after = np.roll(ring, -1, axis=0)
            points.append(np.stack([ring, after, after + up, ring + up], axis=1).reshape(-1, 3))
            rows += [([4], int(FaceKind.WALL), body, True)] * len(ring)
    return np.concatenate(points), rows


def _heights(attributes: Mapping[str, Any]) -> tuple[float, float, str]:
    """Height (0 = unknown), ground (nan = unknown) and the rule where the height is no attribute."""
    lower = {k.lower(): v for k, v in attributes.items()}

    def first(keys: tuple[str, ...], low: float, high: float) -> float:
        values = (number(lower.get(k)) for k in keys)
        return next((v for v in values if low <= v <= high), float("nan"))

    base = first(GROUND_KEYS, *PLACES_M)
    height = first(HEIGHT_KEYS, LEAST_M, MOST_M)
    if height == height:
        return height, base, ""
    height = first(ROOF_KEYS, *PLACES_M) - base
    if LEAST_M <= height <= MOST_M:
        return height, base, "height of the roof less that of the ground"
    levels = first(LEVEL_KEYS, 1, 200)
    if levels == levels:
        return levels * STOREY_M, base, f"storeys times {STOREY_M:g} m"
    return 0.0, base, ""


def _fill(gather: Gather, outlines: list[Outline]) -> None:
    import shapely

    if not outlines:
        return
    at = shapely.get_coordinates(shapely.centroid([o.polygon for o in outlines]))
    known = np.array([o.height_m > 0 for o in outlines])
    heights = np.array([o.height_m for o in outlines])
    for k, o in enumerate(outlines):
        if not known[k]:
            near = _nearest(at, known, k, within_m=NEIGHBOURHOOD_M)
            o.height_m = float(np.median(heights[near])) if len(near) else TWO_STOREYS_M
            o.rule = (f"median of up to {NEIGHBOURS} neighbours within {NEIGHBOURHOOD_M:.0f} m" if len(near)
                      else f"no height anywhere near: {TWO_STOREYS_M:g} m")  # fmt: skip
        if o.rule:
            gather.inferred.append(("building", o.key, "height_m", o.rule))
    grounds = np.array([o.base_m for o in outlines])
    grounded = np.isfinite(grounds)
    for k in np.flatnonzero(~grounded).tolist():
        near = _nearest(at, grounded, k, within_m=np.inf)
        outlines[k].base_m = float(np.median(grounds[near])) if len(near) else 0.0
        if len(near):
            gather.inferred.append(("building", outlines[k].key, "z_m", f"median of {NEIGHBOURS} neighbours' ground"))


def _nearest(at: Float, known: NDArray[np.bool_], k: int, *, within_m: float) -> NDArray[np.int64]:
    rows = np.flatnonzero(known)
    distance = np.hypot(*(at[rows] - at[k]).T)
    order = np.argsort(distance, kind="stable")[:NEIGHBOURS]
    return rows[order[distance[order] <= within_m]]
