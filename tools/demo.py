"""The demo district: a small invented town, written as CityJSON 2.0 for the usual importer.

Streets in a bent grid, a canal with bridges, blocks of flats around courts in the middle, terraces around them and
detached houses at the edge; a square with a church, a school, offices, a supermarket, a bus depot, an energy yard and
a park; trees, fields, places for plant that nobody has built yet. The method is the project's art direction's; every
length and share comes from these modules and a seed. Same seed, same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import shapely

from tools import demo_blocks, demo_land, demo_places, demo_solids, demo_stock, demo_streets
from tools.demo_blocks import Homes, House
from tools.demo_land import Ground, Piece
from tools.demo_places import Spot
from tools.demo_solids import Point, Vertices, along

CRS = "https://www.opengis.net/def/crs/EPSG/0/7415"
"""Dutch RD New with heights over NAP: TABULA has a typology of the Netherlands."""
ORIGIN_M = (88000.0, 446000.0)
"""Open polder east of Delft."""
GROUND_M = 0.4
REPEAT_M = (860.0, 700.0)
"""From one copy of the town to the next, where more buildings are asked for than it has."""
TURBINE_M = (-470.0, 330.0)
SPOTS: dict[tuple[int, int], Callable[[Random, demo_streets.Block], Spot]] = {
    (3, 2): demo_places.square, (3, 4): demo_places.school, (4, 3): demo_places.offices,
    (4, 1): demo_places.supermarket, (3, 0): demo_places.depot, (4, 0): demo_places.energy_yard,
    (3, 3): demo_places.park,
}  # fmt: skip
"""Blocks (column, row) that are no homes."""
PERIMETER = {(1, 3), (2, 3), (1, 2), (2, 2), (4, 2), (1, 1), (2, 1), (3, 1)}
DETACHED = {(0, 4), (5, 4), (0, 2), (0, 0), (5, 0)}
TYPE_OF = {
    "road": "Road", "pavement": "Road", "path": "Road", "parking": "Road", "marking": "Road", "water": "WaterBody",
    "grass": "PlantCover", "hedge": "PlantCover", "bridge": "Bridge",
}  # fmt: skip
"""CityJSON type of a kind of ground; all others are LandUse."""
CLASS_OF = {"road": "carriageway", "hedge": "shrub", "quay": "pavement", "bridge": "pavement"}
"""What the attribute `class` says where it is not the kind itself."""


class Town:
    """The whole town before it becomes CityJSON."""

    def __init__(self, seed: int) -> None:
        self.houses: list[House] = []
        self.ground = Ground()
        self.trees: list[tuple[Point, float, float]] = []
        self.plant: list[tuple[str, list[Point], dict[str, Any]]] = []
        self._standing: list[Any] = []
        blocks = demo_streets.blocks()
        self.outline = demo_land.lay_streets(self.ground, blocks)
        for number, block in enumerate(blocks):
            self._fill(block, Random(seed * 1009 + number))
        self.houses = demo_stock.today(self.houses, seed)
        country = demo_land.lay_country(self.ground, self.outline, Random(seed * 1009 + 500))
        self.ground.pieces += [demo_land.marks(demo_land.street_marks()), *self.ground.bridges]
        self._plant_street_trees(Random(seed * 1009 + 501), blocks)
        for place, height in country:
            self._plant(place, height, 0.36, 0.0)
        turbine = {"name": "Wind turbine", "hubHeight_m": 92.0, "rotorDiameter_m": 82.0}
        self.plant.append(("turbine", [TURBINE_M], turbine))

    def _fill(self, block: demo_streets.Block, dice: Random) -> None:
        """One block: its buildings, its ground, its trees."""
        cell = (block.column, block.row)
        if cell in SPOTS:
            self._spot(block, SPOTS[cell](dice, block), dice)
        elif cell in PERIMETER:
            self._court(block, demo_blocks.perimeter(dice, block), dice)
        else:
            make = demo_blocks.detached if cell in DETACHED else demo_blocks.terraces
            self._gardens(block, make(dice, block), dice)

    def _build(self, houses: list[House]) -> None:
        self.houses += houses
        self._standing += [shapely.Polygon(r) for h in houses for r in footprints(h)]

    def _spot(self, block: demo_streets.Block, spot: Spot, dice: Random) -> None:
        self._build(spot.houses)
        demo_land.lay_block(self.ground, block, [(k, shapely.Polygon(o)) for k, o in spot.ground], spot.rest)
        paved = [shapely.Polygon(o).buffer(0.4) for k, o in spot.ground if k in ("path", "pond", "parking", "sport")]
        self.ground.pieces += [demo_land.hedge(a, b) for a, b in spot.hedges]
        if spot.marks:
            self.ground.pieces.append(demo_land.marks(spot.marks))
        self.plant += spot.plant
        for place, height in spot.trees:
            if not any(shapely.contains_xy(p, *place) for p in paved):
                self._plant(place, height, dice.uniform(0.32, 0.40), 2.2)

    def _court(self, block: demo_streets.Block, homes: Homes, dice: Random) -> None:
        """Behind the flats a court: lawn with a paved edge, or a yard with cars, and trees."""
        self._build(homes.houses)
        court = shapely.Polygon(demo_solids.inset(block.plot, demo_blocks.DEPTH_M))
        lawn = court.buffer(-3.2, join_style="mitre")
        parked = dice.random() < 0.35
        inside = [("parking", lawn.buffer(-4.0, join_style="mitre"))] if parked else []
        demo_land.lay_block(self.ground, block, [*inside, ("grass", lawn), ("plaza", court)], "plaza")
        spot = demo_places.Plan(block)
        rim = lawn.difference(lawn.buffer(-4.0)) if parked else lawn
        for _ in range(60):
            place = spot.at(dice.uniform(0.15, 0.85), dice.uniform(0.15, 0.85))
            if rim.buffer(-0.8).contains(shapely.Point(place)) and dice.random() < 0.42:
                self._plant(place, dice.uniform(6.0, 9.5), 0.34, 3.0)

    def _gardens(self, block: demo_streets.Block, homes: Homes, dice: Random) -> None:
        """Gardens with hedges, lawns and trees; drives to the garages."""
        self._build(homes.houses)
        over = [("pavement", shapely.Polygon(p)) for p in homes.paved]
        over += [("grass", shapely.Polygon(p)) for p in homes.lots]
        demo_land.lay_block(self.ground, block, over, "garden")
        plot = shapely.Polygon(block.plot).buffer(-1.0)
        solid = shapely.union_all([s.buffer(0.5) for s in self._standing[-2 * len(homes.houses):]])
        drives = shapely.union_all([shapely.Polygon(p) for p in homes.paved])
        for a, b in homes.hedges:
            line = shapely.LineString([a, b]).intersection(plot.buffer(0.9)).difference(solid)
            for part in shapely.get_parts(line.difference(drives.buffer(0.4))):
                if part.length > 1.0:
                    self.ground.pieces.append(demo_land.hedge(part.coords[0], part.coords[-1]))
        spot = demo_places.Plan(block)
        for _ in range(70):
            place = spot.at(dice.uniform(0.03, 0.97), dice.uniform(0.03, 0.97))
            foot = shapely.Point(place)
            if dice.random() < 0.42 and plot.contains(foot) and drives.distance(foot) > 0.6:
                bush = dice.random() < 0.35
                self._plant(place, dice.uniform(1.5, 2.6) if bush else dice.uniform(4.5, 9.0),
                            0.45 if bush else dice.uniform(0.32, 0.42), 1.2 if bush else 2.2)  # fmt: skip

    def _plant_street_trees(self, dice: Random, blocks: list[demo_streets.Block]) -> None:
        """Trees in rows along the kerbs of wide pavements and quays, and along some of the others."""
        for block in blocks:
            for k in range(4):
                a, b = block.kerb[k], block.kerb[(k + 1) % 4]
                wide = block.pavement_m[k] > demo_streets.PAVEMENT_M
                if not wide and dice.random() < 0.35:
                    continue
                step, length = (9.5 if wide else 13.0), math.dist(a, b)
                for n in range(int((length - 16.0) / step) + 1):
                    place = along(a, b, 8.0 + step * n + dice.uniform(-0.6, 0.6), 1.3 if wide else 0.85)
                    self._plant(place, dice.uniform(7.0, 9.0) if wide else dice.uniform(5.0, 6.6), 0.30, 1.2)
        canal = demo_streets.canal()
        for side in (-1, 1):
            row = shapely.LineString(canal).offset_curve(side * (demo_streets.QUAY_M - 1.3), join_style="mitre")
            row = row.intersection(self.outline)
            bridges = shapely.union_all([shapely.Point(demo_streets.at(x, demo_streets.LINES_Y_M[demo_streets.CANAL_Y]))
                                         .buffer(20.0) for x in demo_streets.LINES_X_M])  # fmt: skip
            for at in range(6, int(row.length), 11):
                place = row.interpolate(at)
                if not bridges.contains(place):
                    self._plant((place.x, place.y), dice.uniform(6.5, 8.5), 0.32, 0.0)

    def _plant(self, place: Point, height: float, slim: float, room_m: float) -> None:
        """A tree, where `room_m` around its foot no house of its block stands."""
        spot = shapely.Point(place)
        if room_m and any(s.distance(spot) < room_m for s in self._near(place)):
            return
        self.trees.append((place, round(height, 2), round(slim * height, 2)))

    def _near(self, place: Point) -> list[Any]:
        return [s for s in self._standing if s.bounds[0] - 4 < place[0] < s.bounds[2] + 4
                and s.bounds[1] - 4 < place[1] < s.bounds[3] + 4]  # fmt: skip


def footprints(house: House) -> list[list[Point]]:
    """Outlines of the bodies that stand on the ground."""
    return [[(x, y) for x, y, _ in rings[0]] for body in house.bodies for kind, rings in body
            if kind == demo_solids.GROUND]  # fmt: skip


# ---------------------------------------------------------------- CityJSON


def write_cityjson(path: Path, *, seed: int, buildings: int | None = None) -> None:
    """Write the demo town as CityJSON 2.0 to `path`; the same seed gives the same bytes.

    Another number of `buildings` gives the first so many, or towns side by side without ground between them.
    """
    vertices = Vertices(GROUND_M)
    objects: dict[str, Any] = {}
    town = Town(seed)
    wanted = len(town.houses) if buildings is None else buildings
    _add_houses(objects, vertices, town.houses[:wanted], (0.0, 0.0))
    _add_land(objects, vertices, town)
    each = len(town.houses)
    across = math.ceil(math.sqrt(wanted / each))
    for copy in range(1, math.ceil(wanted / each)):
        shift = REPEAT_M[0] * (copy % across), REPEAT_M[1] * (copy // across)
        _add_houses(objects, vertices, town.houses[: wanted - each * copy], shift, first=each * copy)
    model = {
        "type": "CityJSON", "version": "2.0",
        "metadata": {"identifier": f"surplus-demo-{seed}-{wanted}", "referenceSystem": CRS,
                     "title": "Surplus demo district, invented"},
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [*ORIGIN_M, 0.0]},
        "CityObjects": objects, "vertices": vertices.rows,
    }  # fmt: skip
    path.write_text(json.dumps(model, separators=(",", ":")) + "\n")


def _add_houses(
    objects: dict[str, Any], vertices: Vertices, houses: list[House], shift: Point, first: int = 0
) -> None:  # fmt: skip
    """Buildings; what stands on a roof or beside the house is an installation of it."""
    for number, house in enumerate(houses, first + 1):
        key, name = f"demo-{number:05d}", f"{house.name} {number}"
        bodies = [_moved(body, shift) for body in house.bodies]
        children = [f"{key}-{k}" for k in range(1, len(bodies))]
        item: dict[str, Any] = {
            "type": "Building",
            "attributes": {"name": name, "function": house.function, "yearOfConstruction": house.year,
                           "storeysAboveGround": house.storeys, "roofType": house.roof, **house.extra},
            "geometry": [demo_solids.solid(bodies[0], vertices)],
        }  # fmt: skip
        objects[key] = item | ({"children": children} if children else {})
        for child, body in zip(children, bodies[1:], strict=True):
            objects[child] = {"type": "BuildingInstallation", "parents": [key],
                              "geometry": [demo_solids.solid(body, vertices)]}  # fmt: skip


def _moved(body: demo_solids.Body, shift: Point) -> demo_solids.Body:
    if shift == (0.0, 0.0):
        return body
    return [(kind, [[(x + shift[0], y + shift[1], z) for x, y, z in ring] for ring in rings]) for kind, rings in body]


def _add_land(objects: dict[str, Any], vertices: Vertices, town: Town) -> None:
    """Ground, trees and places for plant."""
    for number, piece in enumerate(town.ground.pieces, 1):
        if piece.faces:
            objects[f"land-{number:05d}"] = _land(piece, vertices)
    for number, (place, height, crown) in enumerate(town.trees, 1):
        objects[f"tree-{number:05d}"] = {
            "type": "SolitaryVegetationObject", "attributes": {"height": height, "crownDiameter": round(2 * crown, 2)},
            "geometry": [{"type": "MultiPoint", "lod": "1", "boundaries": [vertices.add((*place, 0.0))]}],
        }  # fmt: skip
    for number, (kind, outline, attributes) in enumerate(town.plant, 1):
        corners = [vertices.add((*p, 0.0)) for p in outline]
        shape = {"type": "MultiSurface", "lod": "1", "boundaries": [[corners]]} if len(corners) > 2 else {
            "type": "MultiPoint", "lod": "1", "boundaries": corners}  # fmt: skip
        objects[f"plant-{number:03d}"] = {"type": "GenericCityObject", "attributes": {"plant": kind, **attributes},
                                          "geometry": [shape]}  # fmt: skip


def _land(piece: Piece, vertices: Vertices) -> dict[str, Any]:
    faces = [[[vertices.add(c) for c in ring] for ring in rings] for rings in piece.faces]
    return {
        "type": TYPE_OF.get(piece.kind, "LandUse"),
        "attributes": {"class": CLASS_OF.get(piece.kind, piece.kind), "function": piece.kind},
        "geometry": [{"type": "MultiSurface", "lod": "2", "boundaries": faces}],
    }  # fmt: skip
