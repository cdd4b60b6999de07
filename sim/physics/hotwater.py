"""Hot water: heat drawn at the tap, a seeded year of [profile] times the building's yearly joules.

The tank is not a store yet: heat is made in the step in which it is drawn.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sim.physics import demand


def draw(
    share: NDArray[Any], profile: NDArray[Any], scale_w: NDArray[Any], first: int, hot_water_w: NDArray[Any]
) -> None:
    """Fill thermal `hot_water_w` [steps, building]; arguments as `demand.lookup`."""
    demand.lookup(share, profile, scale_w, first, hot_water_w)
