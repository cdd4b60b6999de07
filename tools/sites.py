"""Places for new plant that a district offers: batteries, canopies over parking, chargers, turbines; capacity 0.

What the source names comes first. Beside every substation there is room for a battery container, and every parking
area that the source says nothing about gets a canopy and chargers. Layers raise the capacities; nothing is built here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.district import NodeKind, Nodes, SiteKind, Sites
from tools.attributes import Inferred
from tools.land import Ground, Land, NamedPlant

KIND_OF = {"battery": SiteKind.BATTERY, "turbine": SiteKind.TURBINE, "canopy": SiteKind.CANOPY,
           "charger": SiteKind.CHARGER}  # fmt: skip
"""Words of the source."""
CONTAINER_M2 = 15.0
"""A container of 20 feet is 6.1 by 2.4 m."""
BAY_M2, AREA_PER_BAY_M2 = 12.5, 25.0
"""A parking bay of 2.5 by 5 m, and the parking area it takes with its share of the lane."""
TURBINE_M2 = 300.0
"""Foundation and crane pad's core of a turbine."""
BAYS_PER_CHARGER, MOST_CHARGERS = 8, 10
CANOPY_SHARE, MOST_CANOPY_M2 = 0.6, 800.0
"""Share of a parking area that canopies over its bays cover, and the largest canopy."""
CLEAR_M = 2.0
"""Parking areas end so far from buildings that stand on them."""
LEAST_PARKING_M2 = 150.0
RULE = "proposed: battery beside each substation, canopy and chargers on each parking area, plant that the source names"


@dataclass(frozen=True)
class _Row:
    """One site before it becomes a row."""

    id: str
    name: str
    kind: SiteKind
    x_m: float
    y_m: float
    area_m2: float


def propose(
    *, nodes: Nodes, land: Land, named: Sequence[NamedPlant] = (), rings: Sequence[NDArray[np.float64]] = ()
) -> Sites:
    """The axis [site] of a district with a grid.

    Args:
        nodes: plant is connected to the nearest busbar, a turbine to none: it feeds the medium voltage above.
        land: its parking areas, and roads and water that batteries keep off.
        named: plant that the source names.
        rings: [building] outlines that plant keeps off.
    """
    import shapely

    outlines = [shapely.polygons(r) for r in rings if len(r) >= 3]
    rows = [*_named(named), *_batteries(nodes, land, outlines), *_parking(land, outlines, named)]
    x, y = np.array([r.x_m for r in rows]), np.array([r.y_m for r in rows])
    busbars = np.flatnonzero(nodes.kind == NodeKind.BUSBAR)
    if len(busbars) and len(rows):
        near = np.hypot(x[:, None] - nodes.x_m[busbars], y[:, None] - nodes.y_m[busbars]).argmin(axis=1)
        node, z = busbars[near], nodes.z_m[busbars[near]]
    else:
        node, z = np.full(len(rows), -1), np.zeros(len(rows))
    kind = np.array([r.kind for r in rows], np.int8)
    height = {p.id: p.z_m for p in named}
    return Sites(
        id=tuple(r.id for r in rows), name=tuple(r.name for r in rows), kind=kind, x_m=x, y_m=y,
        z_m=np.array([height.get(r.id, ground) for r, ground in zip(rows, z, strict=True)], float),
        node=np.where(kind == SiteKind.TURBINE, -1, node).astype(np.int32),
        area_m2=np.array([r.area_m2 for r in rows], float), capacity_j=np.zeros(len(rows)), power_w=np.zeros(len(rows)),
        hub_m=np.zeros(len(rows)),
    )  # fmt: skip


def inferred() -> list[Inferred]:
    """Every row of the axis is a proposal."""
    return [("site", "*", column, RULE) for column in ("x_m", "y_m", "z_m", "node", "area_m2")]


def _named(named: Sequence[NamedPlant]) -> Iterator[_Row]:
    """What the source names, in its order; kinds that no layer knows are left out."""
    least = {SiteKind.BATTERY: CONTAINER_M2, SiteKind.TURBINE: TURBINE_M2, SiteKind.CANOPY: BAY_M2,
             SiteKind.CHARGER: BAY_M2}  # fmt: skip
    for plant in named:
        kind = KIND_OF.get(plant.kind)
        if kind is not None:
            name = str(plant.attributes.get("name") or plant.id)
            yield _Row(plant.id, name, kind, plant.x_m, plant.y_m, plant.area_m2 or least[kind])


def _batteries(nodes: Nodes, land: Land, outlines: Sequence[Any]) -> Iterator[_Row]:
    """A container beside every substation, on firm ground off the streets where there is some within 20 m."""
    import shapely

    kept_off = shapely.STRtree(np.array([*outlines, *land.roads, *land.parking, *_water(land)], dtype=object))
    turns = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    spots = np.array([(r * np.cos(a), r * np.sin(a)) for r in (5.0, 8.0, 12.0, 16.0, 20.0) for a in turns])
    for number, k in enumerate(np.flatnonzero(nodes.kind == NodeKind.BUSBAR), 1):
        places = spots + np.array([nodes.x_m[k], nodes.y_m[k]])
        room = shapely.buffer(shapely.points(places), 2.6)
        blocked = np.zeros(len(places), bool)
        blocked[np.unique(kept_off.query(room, predicate="intersects")[0])] = True
        x, y = places[int(np.argmin(blocked))]
        yield _Row(f"battery-{nodes.id[k]}", f"Battery at substation {number}", SiteKind.BATTERY, float(x), float(y),
                   CONTAINER_M2)  # fmt: skip


def _parking(land: Land, outlines: Sequence[Any], named: Sequence[NamedPlant]) -> Iterator[_Row]:
    """A canopy in the roomiest place and chargers on every parking area on which the source names none."""
    import shapely

    taken = {kind: shapely.MultiPoint([(p.x_m, p.y_m) for p in named if p.kind == kind])
             for kind in ("canopy", "charger")}  # fmt: skip
    built = shapely.union_all(np.array(outlines, dtype=object)) if len(outlines) else shapely.Polygon()
    number = 0
    for whole in land.parking:
        free = shapely.difference(whole, shapely.buffer(built, CLEAR_M))
        area = max(shapely.get_parts(free), key=lambda part: part.area, default=shapely.Polygon())
        if area.area < LEAST_PARKING_M2:
            continue
        number += 1
        radius = shapely.maximum_inscribed_circle(area, tolerance=0.5)
        middle, reach = shapely.get_coordinates(radius)[0], shapely.length(radius)
        if shapely.is_empty(taken["canopy"]) or taken["canopy"].distance(whole) > 3.0:
            fits = min(CANOPY_SHARE * float(area.area), 2.0 * float(reach) ** 2, MOST_CANOPY_M2)
            yield _Row(f"canopy-{number}", f"Canopy over parking area {number}", SiteKind.CANOPY, float(middle[0]),
                       float(middle[1]), fits)  # fmt: skip
        if shapely.is_empty(taken["charger"]) or taken["charger"].distance(whole) > 3.0:
            yield from _chargers(area, number)


def _chargers(area: Any, number: int) -> Iterator[_Row]:
    """Chargers along the longest side of a parking area, 2 m within it."""
    import shapely

    ring = shapely.get_coordinates(shapely.simplify(area.exterior, 1.0))
    side = int(np.argmax(np.hypot(*np.diff(ring, axis=0).T)))
    a, b = ring[side], ring[side + 1]
    length = float(np.hypot(*(b - a)))
    count = int(np.clip(area.area / AREA_PER_BAY_M2 / BAYS_PER_CHARGER, 1, min(MOST_CHARGERS, max(length // 2.5, 1))))
    inwards = np.array([a[1] - b[1], b[0] - a[0]]) / length * (1.0 if area.exterior.is_ccw else -1.0)
    for n in range(count):
        x, y = a + (b - a) * (n + 0.5) / count + 1.0 * inwards
        yield _Row(f"charger-{number}-{n + 1}", f"Charger {n + 1} on parking area {number}", SiteKind.CHARGER,
                   float(x), float(y), BAY_M2)  # fmt: skip


def _water(land: Land) -> list[Any]:
    """Triangles of water."""
    import shapely

    corners = land.xyz[land.index[land.material == Ground.WATER]][:, :, :2]
    return list(shapely.polygons(corners)) if len(corners) else []
