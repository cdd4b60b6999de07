"""What a viewer must never see: something drawn that is gone (a hole), detail that is wanted and gone (vanished)."""

from __future__ import annotations

import numpy as np

from app.tiles.eye import Eye, distance_m, haze_1_m, screen_error_px
from app.tiles.tree.tileset import Tileset


def nearest(tiles: Tileset, rows: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """For each row itself or the nearest of its ancestors that is drawn; -1 where none is."""
    at = rows.copy()
    while (on := np.flatnonzero((at >= 0) & ~drawn[at])).size:
        at[on] = tiles.parent[at[on]]
    return at


class Rays:
    """Follows the middle of every tile from frame to frame."""

    def __init__(self) -> None:
        self.holes = self.vanished = self.doubled = self.compared = 0
        self._drawn = np.zeros(0, bool)
        self._eye: Eye | None = None

    def look(self, tiles: Tileset, eye: Eye, drawn: set[int], limit_px: float, nothing: np.ndarray) -> None:
        """Compare this frame with the last. `nothing` [node]: there is no content, or it failed."""
        was, before = np.zeros(len(tiles), bool), self._eye
        was[: len(self._drawn)] = self._drawn
        now = np.zeros(len(tiles), bool)
        now[list(drawn)] = True
        self._drawn, self._eye = now, eye
        above = tiles.parent[list(drawn)]
        cover = nearest(tiles, above, now)
        while (cover >= 0).any():
            self.doubled += int(tiles.replace[cover[cover >= 0]].sum())
            cover = nearest(tiles, tiles.parent[cover[cover >= 0]], now)
        if before is None:
            return
        point = np.c_[tiles.centre_m, np.ones(len(tiles))]
        seen = (point @ eye.planes.T >= 0).all(axis=1) & (point @ before.planes.T >= 0).all(axis=1)
        leaves = np.flatnonzero(tiles.alive & seen & ~tiles.has_children & tiles.has_content)
        old, new = nearest(tiles, leaves, was), nearest(tiles, leaves, now)
        self.compared += int((old >= 0).sum())
        self.holes += int(((old >= 0) & (new < 0)).sum())
        for a, b in zip(old, new, strict=True):
            if a >= 0 and b >= 0 and a != b and tiles.level[b] < tiles.level[a]:
                self.vanished += not self._enough(tiles, eye, int(a), int(b), limit_px, nothing)

    def _enough(self, tiles: Tileset, eye: Eye, fine: int, coarse: int, limit_px: float, nothing: np.ndarray) -> bool:
        """Whether something from `coarse` down to above `fine` is fine enough for where the eye is now."""
        haze, child = haze_1_m(tiles, eye), fine
        while child != coarse:
            node = int(tiles.parent[child])
            # One that adds is enough as far as its child reaches.
            near = [node] if tiles.replace[node] else [node, child]
            for place in near if not nothing[node] else []:
                away = distance_m(tiles, eye, np.array([place]))
                if screen_error_px(tiles.geometric_error_m[[node]], eye, away, haze)[0] <= limit_px:
                    return True
            child = node
        return False
