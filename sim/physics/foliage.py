"""What crowns of trees let through of the sun: a beam through a crown is thinned, not cut.

All trees count as deciduous, since city models seldom say more: in leaf they pass 3 % of the sun's direct light, bare
46 %. These are the middles of what was measured behind single urban trees of five species in Gothenburg: 1.3 to 5.3 %
foliated, 40.2 to 51.9 % defoliated (J. Konarska et al., Theoretical and Applied Climatology 117 (2014) 363)
(as remembered, not checked against the text). Diffuse light is taken to be thinned alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
IN_LEAF, BARE = 0.03, 0.46
"""Transmissivity [1] of a crown in leaf and without leaves."""
OUT_DAY, FALL_DAY = 105.0, 305.0
"""Days of the year on which crowns of the northern temperate zone are half out (15 April) and half bare (1 November).

Our judgement for Central Europe; birch and chestnut are two weeks earlier, oak and ash later.
"""
CHANGE_DAYS = 30.0
"""From bare to leaf and back."""
TROPIC_RAD = np.radians(23.44)


def through(day_of_year: ArrayLike, latitude_rad: float) -> Float:
    """t [1] of a crown on each day [n], 1 = 1 January; south of the equator half a year later, in the tropics in leaf.

        t = (1 - l) BARE + l IN_LEAF, with l the share of leaves: 0 in winter, 1 in summer, linear within 30 days
    """
    day = np.asarray(day_of_year, float)
    if abs(latitude_rad) < TROPIC_RAD:
        return np.full(day.shape, IN_LEAF)
    season = day if latitude_rad > 0 else (day + 182.5) % 365.0
    grown = np.clip((season - OUT_DAY) / CHANGE_DAYS + 0.5, 0.0, 1.0)
    kept = np.clip((FALL_DAY - season) / CHANGE_DAYS + 0.5, 0.0, 1.0)
    leaves = np.minimum(grown, kept)
    return np.asarray((1.0 - leaves) * BARE + leaves * IN_LEAF, np.float64)
