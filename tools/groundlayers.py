"""Ground of sources that draw areas over each other: made a partition, so that every spot has one material.

Ways lie over areas, areas that are used over those that are only covered, and of these the smaller over the larger.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.city import Gather
from tools.land import Ground

ORDER = (
    Ground.ROAD, Ground.PARKING, Ground.PLAZA, Ground.PAVEMENT, Ground.PATH, Ground.WATER, Ground.SPORT, Ground.MARKING,
)  # fmt: skip
"""Upper first; all other materials lie below, smaller areas over larger."""
CELL_M = 200.0
"""Large areas are cut into cells: triangles stay compact and are cut quickly."""
LEAST_M2 = 0.5
COARSE_M = 0.1
"""Corners that stand out less than this are left out."""


class Layers:
    """Areas by material, as they come."""

    def __init__(self) -> None:
        self._areas: list[tuple[str, Ground, Any]] = []

    def add(self, key: str, ground: Ground, area: Any) -> None:
        """An area (shapely, metres); invalid ones are repaired."""
        import shapely

        valid = area if area.is_valid else shapely.make_valid(area)
        if valid.area > LEAST_M2:
            self._areas.append((key, ground, valid))

    def hand_over(self, gather: Gather, *, within: Any = None, z_m: float = 0.0) -> None:
        """Give `gather` the partition as ground at height `z_m`, clipped to `within`."""
        import shapely

        taken = shapely.Polygon()
        for ground in ORDER:
            areas = [a for _, g, a in self._areas if g == ground]
            if not areas:
                continue
            whole = shapely.union_all(areas)
            self._emit(gather, ground.name.lower(), ground, shapely.difference(whole, taken), within, z_m)
            taken = shapely.union(taken, whole)
        rest = sorted((x for x in self._areas if x[1] not in ORDER), key=lambda x: (x[2].area, x[0]))
        if not rest:
            return
        shapes = np.array([a for *_, a in rest], dtype=object)
        tree = shapely.STRtree(shapes)
        for k, (key, ground, area) in enumerate(rest):
            over = [int(j) for j in tree.query(area, predicate="intersects") if j < k]
            left = shapely.difference(area, taken)
            if over:
                left = shapely.difference(left, shapely.union_all(shapes[sorted(over)]))
            self._emit(gather, key, ground, left, within, z_m)

    def _emit(self, gather: Gather, key: str, ground: Ground, area: Any, within: Any, z_m: float) -> None:
        import shapely

        if within is not None:
            area = shapely.intersection(area, within)
        pieces = _polygons(shapely.simplify(area, COARSE_M))
        pieces = [q for p in pieces for q in _cells(p)]
        points, rows = [], []
        for piece in pieces:
            rings = [shapely.get_coordinates(r)[:-1] for r in shapely.get_rings(shapely.orient_polygons(piece))]
            points += rings
            rows.append(([len(r) for r in rings], int(ground), gather.next_body(), False))
        if rows:
            flat = np.concatenate(points)
            gather.ground(key, ground.name.capitalize(), np.column_stack([flat, np.full(len(flat), z_m)]), rows)


def _polygons(area: Any) -> list[Any]:
    import shapely

    parts = [q for p in shapely.get_parts(area) for q in shapely.get_parts(p)]
    return [p for p in parts if p.geom_type == "Polygon" and p.area > LEAST_M2]


def _cells(piece: Any) -> list[Any]:
    """A polygon cut along a grid where it is larger than a cell."""
    import shapely

    west, south, east, north = piece.bounds
    if max(east - west, north - south) <= 1.5 * CELL_M:
        return [piece]
    found = []
    for x in np.arange(np.floor(west / CELL_M), np.ceil(east / CELL_M)) * CELL_M:
        strip = shapely.clip_by_rect(piece, x, south - 1, x + CELL_M, north + 1)
        for y in np.arange(np.floor(south / CELL_M), np.ceil(north / CELL_M)) * CELL_M:
            cell = shapely.clip_by_rect(strip, west - CELL_M, y, east + CELL_M, y + CELL_M)
            found += _polygons(cell if cell.is_valid else shapely.make_valid(cell))
    return found
