"""Land: what the ground of a place is made of, as triangles by material, with its trees.

Materials are those that the picture draws: one id per kind of ground. Triangles of one material share
vertices, those of different materials do not, so a seam is a seam.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


class Ground(IntEnum):
    """Material of a piece of land."""

    GRASS = 10
    GARDEN = 11
    ROAD = 12
    PAVEMENT = 13
    PLAZA = 14
    WATER = 15
    FIELD = 16
    BARE = 17
    PARKING = 18
    SPORT = 19
    MARKING = 20
    SHRUB = 21
    PATH = 22


@dataclass(frozen=True)
class NamedPlant:
    """A place for plant that the source names itself."""

    id: str
    kind: str
    """battery, turbine, canopy or charger."""
    x_m: float
    y_m: float
    z_m: float
    area_m2: float
    """Plan area of its geometry, 0 = a point."""
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Land:
    """The ground of a place in world metres (east, north, up)."""

    xyz: Float = field(default_factory=lambda: np.zeros((0, 3)))
    """[vertex, 3] m."""
    index: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    """[triangle, 3] rows of xyz, counter-clockwise seen from above."""
    material: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    """[triangle] Ground."""
    tree_m: Float = field(default_factory=lambda: np.zeros((0, 3)))
    """[tree, 3] foot points, m."""
    tree_height_m: Float = field(default_factory=lambda: np.zeros(0))
    """[tree] from foot to tip."""
    tree_crown_m: Float = field(default_factory=lambda: np.zeros(0))
    """[tree] radius of the crown."""
    roads: tuple[Any, ...] = ()
    """shapely polygons of carriageways in plan (world x, y), simplified: where cables may run."""
    parking: tuple[Any, ...] = ()
    """shapely polygons of parking areas in plan (world x, y)."""
    plant: tuple[NamedPlant, ...] = ()
    """Places for plant that the source names."""
    counts: dict[str, int] = field(default_factory=dict)
    """Number of pieces by what they are, and of what was left out, for the report."""

    def __len__(self) -> int:
        return len(self.index)


NO_LAND = Land()
