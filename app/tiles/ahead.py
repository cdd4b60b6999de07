"""Where an eye will be: its way goes on as it went, for a second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.tiles.eye import Eye, Float

AHEAD_S = 1.0
"""So far ahead tiles are fetched: several round trips to a server, and still where the hand probably steers."""
_SMOOTH_S = 0.2
_BREAK_S = 0.5
"""After a longer pause the way begins anew."""


class Course:
    """Velocity of an eye from frame to frame."""

    def __init__(self) -> None:
        self._place: Float | None = None
        self._time_s = 0.0
        self._velocity_m_s = np.zeros(3)

    def follow(self, eyes: Sequence[Eye], now_s: float) -> Eye | None:
        """The first eye where it will be, None while it rests."""
        eye = eyes[0]
        place, passed_s = self._place, now_s - self._time_s
        self._place, self._time_s = eye.position_m, now_s
        if place is None or passed_s > _BREAK_S:
            self._velocity_m_s = np.zeros(3)
            return None
        if passed_s > 0:
            step = (eye.position_m - place) / passed_s
            share = 1.0 - np.exp(-passed_s / _SMOOTH_S)
            self._velocity_m_s = self._velocity_m_s + (step - self._velocity_m_s) * share
        by_m = self._velocity_m_s * AHEAD_S
        return eye.moved(by_m) if np.linalg.norm(by_m) > 1.0 else None
