"""What walls are made of, by what a building is for: an office is glass, a hall plain, the rest paper with windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.district import Buildings, Use

WALL, GLASS, HALL = 0, 6, 8
"""Materials of ART: wall with windows, glass of an office, industrial wall."""
OFFICE_STOREYS = 3
"""An office of fewer looks like a house."""
TALL_STOREY_M = 6.0
"""What is no dwelling and higher than this for every storey is a hall or a church: windows of houses would lie."""
Walls = NDArray[np.float64]


def of(building: Buildings) -> Walls:
    """[building] material of the walls."""
    use, storeys = np.asarray(building.use), np.maximum(np.asarray(building.storeys), 1)
    tall = (np.asarray(building.height_m) > TALL_STOREY_M * storeys) & (use != Use.HOME)
    hall = np.isin(use, (Use.INDUSTRY, Use.SHED)) | tall
    glass = (use == Use.OFFICE) & (storeys >= OFFICE_STOREYS) & ~hall
    return np.where(hall, HALL, np.where(glass, GLASS, WALL)).astype(np.float64)
