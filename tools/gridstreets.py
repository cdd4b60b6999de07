"""Streets as the place of cables: what a metre costs on and off them, their middles, and the ways to the fronts.

A cell of the raster that lies on a street costs 1 in its middle and more towards its kerbs, so trunks keep to the
middle; off the streets a metre is dear, over water dearer. Buildings connect to the trunk by a straight service from
the nearest joint that reaches them without crossing another building.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.land import Ground, Land

Float = NDArray[np.float64]
Cells = NDArray[np.integer]
OFF_COST, WATER_COST = 9.0, 40.0
"""Cost of a metre off the streets and over water, against 1 in a street's middle."""
KERB_COST, KERB_M = 0.8, 2.5
"""What a metre at the kerb costs more, and over which distance that fades."""
WIDEST_M = 32.0
"""A street is at most this wide; where it is wider two meet, and middles are not looked for."""
LONG_M = 60.0
"""A building farther than this from all streets gets a trunk over open ground."""
SPINE_CELLS = 5
"""The middle of a street is sought among so many cells across."""
JOINT_M = 5.0
"""Joints are at least this far apart where services allow."""
BESIDE_M = 6.0


@dataclass(frozen=True)
class Streets:
    """Streets around some buildings; the fields of cells are None until `around` has seen a raster."""

    roads: Any
    """shapely MultiPolygon, as one."""
    water: Any
    kerbs: Any
    """Boundary of the roads."""
    cost: Float
    """[i, j]"""
    edge_m: Float
    """[i, j] how far within a street a cell lies; 0 off the streets."""
    spine: NDArray[np.bool_]
    """[i, j] cells in the middle of a street."""
    beside: NDArray[np.bool_]
    """[i, j] cells on firm ground off the streets but next to one."""

    def around(self, place: Float, inside: NDArray[np.bool_]) -> Streets | None:
        """The streets of a raster with cells at `place` [i, j, 2]; None where it has none."""
        import shapely
        from scipy import ndimage

        cell = float(place[1, 0, 0] - place[0, 0, 0]) if len(place) > 1 else 3.0
        low, high = place.reshape(-1, 2).min(axis=0) - 20.0, place.reshape(-1, 2).max(axis=0) + 20.0
        box = (*low.tolist(), *high.tolist())
        roads, water = shapely.clip_by_rect(self.roads, *box), shapely.clip_by_rect(self.water, *box)
        x, y = place[..., 0].ravel(), place[..., 1].ravel()
        shapely.prepare(roads)
        on = shapely.contains_xy(roads, x, y).reshape(inside.shape) & ~inside
        if not on.any():
            return None
        wet = np.zeros_like(on)
        if not shapely.is_empty(water):
            shapely.prepare(water)
            wet = shapely.contains_xy(water, x, y).reshape(inside.shape) & ~on
        edge = ndimage.distance_transform_edt(np.pad(on, 1, mode="edge"))[1:-1, 1:-1] * cell
        off = ndimage.distance_transform_edt(~on) * cell
        cost = np.where(on, 1.0 + KERB_COST * np.exp(-edge / KERB_M), np.where(wet, WATER_COST, OFF_COST))
        spine = on & (edge >= 0.8 * ndimage.maximum_filter(edge, size=SPINE_CELLS))
        beside = ~on & ~wet & ~inside & (off <= BESIDE_M)
        return Streets(roads, water, shapely.boundary(roads), cost, edge, spine, beside)

    def nearest(self, outlines: Sequence[Any], blockers: Sequence[Any], place: Float) -> Cells:
        """[building] the nearest middle of a street to which a straight way is clear; -1 where streets are far."""
        import shapely
        from scipy import spatial

        tree = shapely.STRtree(np.array(blockers, dtype=object))
        street = np.flatnonzero(self.spine.ravel())
        around, found = spatial.cKDTree(place[street]), np.full(len(outlines), -1, np.int64)
        for k, outline in enumerate(outlines):
            middle = shapely.get_coordinates(shapely.centroid(outline))[0]
            reach = LONG_M + float(np.hypot(*np.subtract(shapely.bounds(outline)[2:], shapely.bounds(outline)[:2]))) / 2
            cells = street[np.sort(np.array(around.query_ball_point(middle, reach), np.int64))]
            points = shapely.points(place[cells])
            gap = shapely.distance(outline, points)
            order = [int(r) for r in np.argsort(gap, kind="stable")[:40:2] if gap[r] <= LONG_M]
            row = next((r for r in order if self._clear(outline, points[r], tree, k)), -1)
            found[k] = cells[row] if row >= 0 else -1
        return found

    def tap(self, cell: int, before: Cells, root: int, places: Callable[[list[int]], Float]) -> int:
        """Where a building's way up meets the middle of a street; the cell itself where streets are far."""
        edge, start, off = self.edge_m.ravel(), cell, True
        while cell != root:
            up = int(before[cell])
            if self.spine.ravel()[cell]:
                return cell
            off = off and edge[cell] == 0
            if off and np.hypot(*(places([cell]) - places([start]))[0]) > LONG_M:
                return start
            cell = up
        return cell

    def middles(self, cells: Cells, place: Float) -> Float:
        """[n, 2] the places of cells, moved half-way between the kerbs where they lie on a street."""
        import shapely

        moved = place.copy()
        rows = np.flatnonzero(self.edge_m.ravel()[cells] > 0)
        for _ in range(2):
            if not len(rows):
                break
            here = moved[rows]
            shortest = shapely.shortest_line(shapely.points(here), self.kerbs)
            near = shapely.get_coordinates(shortest).reshape(-1, 2, 2)[:, 1]
            away = here - near
            length = np.linalg.norm(away, axis=1, keepdims=True)
            away = np.divide(away, length, out=np.zeros_like(away), where=length > 1e-6)
            ray = shapely.linestrings(np.stack([near + 0.05 * away, near + WIDEST_M * away], axis=1))
            hit = shapely.intersection(ray, self.kerbs)
            width = shapely.distance(shapely.points(near), hit)
            fits = np.isfinite(width) & (width > 1.0) & (length[:, 0] > 1e-6) & (width < WIDEST_M)
            target = near + away * np.where(fits, width / 2, 0.0)[:, None]
            moved[rows[fits]] = target[fits]
        far = np.linalg.norm(moved - place, axis=1) > WIDEST_M / 3
        moved[far] = place[far]
        return moved

    def connect(
        self, outlines: Sequence[Any], blockers: Sequence[Any], cells: Cells, place: Float
    ) -> tuple[Cells, Float]:
        """[building] the trunk's cell to which each connects, and [building, 2] where its service ends."""
        import shapely

        tree, trunk = shapely.STRtree(np.array(blockers, dtype=object)), shapely.points(place)
        joints: dict[int, None] = {}
        chosen, fronts = np.empty(len(outlines), np.int64), np.empty((len(outlines), 2))
        for k, outline in enumerate(outlines):
            gap = shapely.distance(outline, trunk)
            order = [int(r) for r in np.argsort(gap, kind="stable")[:24]]
            free = next((r for r in order if self._clear(outline, trunk[r], tree, k)), order[0])
            known = [r for r in joints if np.hypot(*(place[r] - place[free])) < JOINT_M]
            shared = min(known, key=lambda r: gap[r], default=free)
            row = shared if self._clear(outline, trunk[shared], tree, k) else free
            joints[row] = None
            chosen[k] = cells[row]
            fronts[k] = shapely.get_coordinates(shapely.shortest_line(trunk[row], outline))[-1]
        return chosen, fronts

    def _clear(self, outline: Any, point: Any, tree: Any, own: int) -> bool:
        """Whether the straight way from a point to an outline crosses no other building."""
        import shapely

        way = shapely.shortest_line(point, outline)
        crossed = tree.query(way, predicate="intersects")
        return all(
            k == own or shapely.length(shapely.intersection(way, tree.geometries[k])) < 0.1 for k in crossed.tolist()
        )


def streets(land: Land) -> Streets | None:
    """The streets and the water of a place; None where it has no roads."""
    import shapely

    if not land.roads:
        return None
    roads = shapely.union_all(np.array(land.roads, dtype=object))
    wet = land.xyz[land.index[land.material == Ground.WATER]][:, :, :2]
    pieces = shapely.polygons(wet) if len(wet) else np.array([], dtype=object)
    water = shapely.union_all(pieces[shapely.area(pieces) > 1e-3]) if len(pieces) else shapely.Polygon()
    none = np.zeros((0, 0))
    return Streets(roads, water, shapely.boundary(roads), none, none, none.astype(bool), none.astype(bool))
