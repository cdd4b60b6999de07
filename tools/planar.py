"""Longitude and latitude to metres on a map, so that outlines can be widened, cut and raised."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import srs

Float = NDArray[np.float64]


class Plane:
    """Takes a file's coordinates, easting first, to metres: a projected system stays, degrees become UTM."""

    def __init__(self, crs: str, sample: Float) -> None:
        """`sample` [n, 2]: places of the file, of which the middle chooses the zone."""
        self.crs, self.exchanged = crs, False
        self._transformer: Any = None
        if srs.system(crs) is None or srs.is_projected(crs) or not len(sample):
            return
        x, y = np.median(sample, axis=0).tolist()
        if abs(x) > 180.0 or abs(y) > 180.0:
            return  # metres that claim to be degrees: whoever places them will say so
        if abs(y) > 90.0:
            self.exchanged, x, y = True, y, x
        from pyproj import CRS, Transformer

        self.crs = srs.utm(x, y)
        plan = srs.system(crs)
        plan = plan.sub_crs_list[0] if plan.is_compound else plan
        self._transformer = Transformer.from_crs(plan.to_2d(), CRS.from_user_input(self.crs), always_xy=True)

    def metres(self, xy: Float) -> Float:
        """[n, 2] easting, northing; not finite where a place does not exist."""
        if self._transformer is None:
            return xy
        x, y = (xy[:, 1], xy[:, 0]) if self.exchanged else (xy[:, 0], xy[:, 1])
        return np.column_stack(self._transformer.transform(x, y))
