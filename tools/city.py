"""What every reader of city files gives: buildings as columns of faces, ground, trees, in the file's own coordinates.

A building is the top-level one of the source; its parts and installations are merged into it. What cannot be used is
counted and named, never silently lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.land import NamedPlant

Inferred = tuple[str, str, str, str]
"""(axis, id, column, rule)"""
FARTHEST = 1e10
"""No coordinate of any system, nor a vertex in tenths of millimetres, is larger."""
MOST_VERTICES = 200_000
"""Of one building: a cathedral in LoD3 has 50,000; more is a scan or a mistake, and would take minutes."""
MOST_CORNERS = 50_000
"""Of one polygon."""


class TooLarge(Exception):  # noqa: N818 - the reason an object is left out
    """An object has more vertices than any building."""


class FaceKind(IntEnum):
    """What a face of a building is."""

    UNKNOWN = -1  # no semantics in the file: its normal will tell
    ROOF = 0
    WALL = 1
    GROUND = 2
    VIRTUAL = 3  # closes the volume, is not built


KIND_OF = {
    "RoofSurface": FaceKind.ROOF, "OuterFloorSurface": FaceKind.ROOF, "WallSurface": FaceKind.WALL,
    "Window": FaceKind.WALL, "Door": FaceKind.WALL, "WindowSurface": FaceKind.WALL, "DoorSurface": FaceKind.WALL,
    "GroundSurface": FaceKind.GROUND, "OuterCeilingSurface": FaceKind.GROUND, "ClosureSurface": FaceKind.VIRTUAL,
}  # fmt: skip
"""Kind by the name of the semantic surface, in CityJSON and CityGML."""
INNER = {"InteriorWallSurface", "CeilingSurface", "FloorSurface"}
"""Semantic surfaces inside a building."""


@dataclass(frozen=True)
class Source:
    """One building as read: who it is and what the file says about it."""

    id: str
    file: str
    lod: float
    attributes: dict[str, Any]
    """Of the building, and of its parts where the building itself lacks them."""


@dataclass(frozen=True)
class Faces:
    """Polygons of many buildings as columns, sorted by building. A face is one outer ring and its holes."""

    xyz: NDArray[np.float64]
    """[vertex, 3]; vertices in ring order, a ring is not closed by a repeated vertex."""
    ring_start: NDArray[np.int64]
    """[ring + 1] offsets into xyz."""
    face_start: NDArray[np.int64]
    """[face + 1] offsets into rings."""
    kind: NDArray[np.int8]
    """[face] FaceKind; for ground, the material (tools.land.Ground)."""
    building: NDArray[np.int32]
    """[face] row of the building, or of the piece of ground."""
    body: NDArray[np.int32]
    """[face] counter of the shell that the face belongs to."""
    solid: NDArray[np.bool_]
    """[face] whether that shell is a Solid, so that outward normals can be trusted."""


@dataclass
class Columns:
    """Faces of one object after another, collected into columns."""

    xyz: list[NDArray[np.float64]] = field(default_factory=list)
    rings: list[int] = field(default_factory=list)
    faces: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    body: list[int] = field(default_factory=list)
    solid: list[bool] = field(default_factory=list)

    def add(self, owner: int, points: NDArray[np.float64], rows: Sequence[tuple[list[int], int, int, bool]]) -> None:
        """Take one object: `rows` are (vertices of each ring, kind, body, solid) per face, `points` all vertices."""
        self.xyz.append(points)
        for lengths, kind, body, solid in rows:
            self.rings += lengths
            self.faces.append(len(lengths))
            self.kind.append(kind)
            self.owner.append(owner)
            self.body.append(body)
            self.solid.append(solid)

    def close(self) -> Faces:
        """All that was taken, as columns."""

        def starts(counts: Iterable[int]) -> NDArray[np.int64]:
            return np.concatenate([[0], np.cumsum(np.fromiter(counts, np.int64))]).astype(np.int64)

        return Faces(
            xyz=np.concatenate(self.xyz) if self.xyz else np.zeros((0, 3)),
            ring_start=starts(self.rings), face_start=starts(self.faces),
            kind=np.array(self.kind, np.int8), building=np.array(self.owner, np.int32),
            body=np.array(self.body, np.int32), solid=np.array(self.solid, bool),
        )  # fmt: skip


NO_FACES = Columns().close()


@dataclass(frozen=True)
class Soil:
    """The ground of one file, in its own coordinates."""

    faces: Faces = NO_FACES
    """kind = material, building = row of the piece."""
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    """[piece] as the file calls it: Road, PlantCover, TINRelief, ..."""
    tree: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))
    """[tree] x, y, z of the foot, height in m, radius of the crown in m; 0 = the file does not say."""
    plant: tuple[NamedPlant, ...] = ()


@dataclass(frozen=True)
class City:
    """What one file holds."""

    file: str
    crs: str | None
    """EPSG:CODE as the file names it, or EPSG:CODE+CODE with heights."""
    crs_text: str
    """What the file says of its coordinate system, word for word; empty where it says nothing."""
    credit: str
    """Title and publisher, empty where the file names none."""
    buildings: tuple[Source, ...]
    faces: Faces
    soil: Soil = Soil()
    country: str = ""
    """As addresses in the file name it."""
    axes_by_authority: bool = False
    """Coordinates are in the order of the system's authority (northing first where it says so), else easting first."""
    inferred: tuple[Inferred, ...] = ()
    """Values that the reader had to guess."""
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """Ids of objects of types that are in no specification, by type."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Number of known objects that are neither buildings nor ground, by type."""
    without_geometry: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    """Buildings whose geometry points to vertices that do not exist, or that are no valid objects at all."""
    large: tuple[str, ...] = ()
    """Objects with more vertices than any building has."""
    broken_soil: tuple[str, ...] = ()
    """Pieces of ground that cannot be read."""
    exchanged: bool = False
    """The reader has found x and y exchanged and turned them."""
    repaired: tuple[str, ...] = ()
    """Footprints that crossed themselves and were made valid."""
    repeated: tuple[str, ...] = ()
    """Keys that one CityJSON object list gives more than once: of these the last counts, as in every JSON reader."""


class Gather:
    """Collects a file's objects into a City, one after another."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.sources: list[Source] = []
        self.columns = Columns()
        self.unknown: dict[str, list[str]] = {}
        self.skipped: dict[str, int] = {}
        self.empty: list[str] = []
        self.broken: list[str] = []
        self.large: list[str] = []
        self.broken_soil: list[str] = []
        self.repaired: list[str] = []
        self.repeated: list[str] = []
        self.inferred: list[Inferred] = []
        self.soil = Columns()
        self.soil_ids: list[str] = []
        self.soil_types: list[str] = []
        self.trees: list[tuple[float, float, float, float, float]] = []
        self.plant: list[NamedPlant] = []
        self._bodies = 0

    def next_body(self) -> int:
        """A number for another shell."""
        self._bodies += 1
        return self._bodies

    def building(
        self, key: str, lod: float, attributes: dict[str, Any], points: NDArray[np.float64],
        rows: Sequence[tuple[list[int], int, int, bool]],
    ) -> None:  # fmt: skip
        """Take a building whole; nothing here can fail, for half a building would shift all others."""
        self.columns.add(len(self.sources), points, rows)
        self.sources.append(Source(key, self.file, lod, attributes))

    def ground(
        self, key: str, kind: str, points: NDArray[np.float64], rows: Sequence[tuple[list[int], int, int, bool]]
    ) -> None:
        """Take a piece of ground; the rows' kind is the material."""
        self.soil.add(len(self.soil_ids), points, rows)
        self.soil_ids.append(key)
        self.soil_types.append(kind)

    def skip(self, kind: str) -> None:
        """Count a known object that is of no use here."""
        self.skipped[kind] = self.skipped.get(kind, 0) + 1

    def city(
        self, *, crs: str | None, crs_text: str, credit: str, country: str = "", by_authority: bool = False
    ) -> City:
        """All that was taken."""
        soil = Soil(
            faces=self.soil.close(), ids=tuple(self.soil_ids), types=tuple(self.soil_types),
            tree=np.array(self.trees, float).reshape(-1, 5), plant=tuple(self.plant),
        )  # fmt: skip
        return City(
            file=self.file, crs=crs, crs_text=crs_text, credit=credit, buildings=tuple(self.sources),
            faces=self.columns.close(), soil=soil, country=country, axes_by_authority=by_authority,
            inferred=tuple(self.inferred), unknown=self.unknown, skipped=self.skipped,
            without_geometry=tuple(self.empty), broken=tuple(self.broken), large=tuple(self.large),
            broken_soil=tuple(self.broken_soil), repaired=tuple(self.repaired),
            repeated=tuple(self.repeated),
        )  # fmt: skip


def check_size(lengths: Iterable[int]) -> int:
    """Number of vertices of an object, from the lengths of its rings.

    Raises:
        TooLarge: it has too many.
    """
    total = 0
    for length in lengths:
        total += length
        if length > MOST_CORNERS or total > MOST_VERTICES:
            raise TooLarge(f"more than {MOST_VERTICES} vertices")
    return total
