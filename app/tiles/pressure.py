"""How much coarser the picture is than asked for, so that it keeps to its caps: a little every frame, and back."""

from __future__ import annotations

from collections.abc import Sequence

from app.tiles.eye import Eye

COARSER, FINER = 1.05, 0.98
"""Change of the error limit by frame, under pressure and back."""
MOST_COARSE = 256.0


class Pressure:
    """The factor on the error limit."""

    def __init__(self) -> None:
        self.coarser = 1.0
        """What the error limit is multiplied by."""
        self._tight: tuple[Eye, ...] = ()
        """The view that did not fit."""

    @property
    def hopeless(self) -> bool:
        """Even the coarsest does not fit."""
        return self.coarser >= MOST_COARSE

    def press(self, eyes: Sequence[Eye], by: float = COARSER) -> None:
        """Coarser: this view does not fit."""
        self.coarser = min(self.coarser * by, MOST_COARSE)
        self._tight = tuple(eyes)

    def ease(self, eyes: Sequence[Eye]) -> bool:
        """Finer, there is room, but not for the view that did not fit; whether anything changes."""
        same = len(eyes) == len(self._tight) and all(a.same(b) for a, b in zip(eyes, self._tight, strict=True))
        if same or self.coarser <= 1.0:
            return False
        self.coarser = max(self.coarser * FINER, 1.0)
        return True
