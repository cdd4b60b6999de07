"""What is known of every node beside the tileset itself: columns that grow with the table; rows start anew."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.select import Known
from app.tiles.tree.table import Tileset

Rows = NDArray[np.int64]

_COLUMNS: tuple[tuple[str, Any, Any], ...] = (
    ("ready", np.bool_, False), ("failed", np.bool_, False), ("content", np.bool_, False), ("open", np.bool_, False),
    ("lost", np.bool_, False), ("bytes", np.int64, 0), ("size", np.int64, 0),
    ("file", np.int64, -1), ("features", np.int64, 0), ("triangles", np.int64, 0), ("used", np.int64, 0),
    ("due_s", np.float64, np.inf), ("since_s", np.float64, 0.0), ("tries", np.int64, 0),
)  # fmt: skip


class State:
    """[node] columns."""

    ready: NDArray[np.bool_]
    """Attached."""
    failed: NDArray[np.bool_]
    """Its contents gave nothing."""
    content: NDArray[np.bool_]
    """There is something to draw, or may be."""
    open: NDArray[np.bool_]
    """A stub whose branch is to be fetched."""
    lost: NDArray[np.bool_]
    """A stub whose branch failed, or a leaf whose contents did."""
    bytes: NDArray[np.int64]
    """Memory it takes, as long as it is ready."""
    size: NDArray[np.int64]
    """Memory it takes as far as it is known, remembered when it leaves."""
    file: NDArray[np.int64]
    """Size of its file, 0 where it has none, -1 where nobody has looked."""
    features: NDArray[np.int64]
    triangles: NDArray[np.int64]
    used: NDArray[np.int64]
    """Frame that last rested on it."""
    due_s: NDArray[np.float64]
    """When it is fetched again: it expires, or it failed."""
    since_s: NDArray[np.float64]
    """Since when it is waited for, 0 = not."""
    tries: NDArray[np.int64]
    """How often in a row it failed."""
    birth: NDArray[np.int64]
    """Number of the node in this row; grows when the row is used again."""

    def __init__(self, tiles: Tileset) -> None:
        self._tiles = tiles
        self._all: dict[str, NDArray[Any]] = {}
        self._births = 0
        self.begin(np.arange(len(tiles)))

    def begin(self, rows: Rows) -> None:
        """Nodes that are new in these rows."""
        self.fit()
        for name, _, start in _COLUMNS:
            self._all[name][rows] = start
        self._births += 1
        self._all["birth"][rows] = self._births
        self.content[rows] = self._tiles.has_content[rows]
        self.open[rows] = (self._tiles.stub[rows] > 0) & ~self._tiles.grown[rows]

    def known(self) -> Known:
        """What selection asks."""
        return Known(self.content & ~self.failed, self.ready, self.open, self.lost)

    def fit(self) -> None:
        """Be as long as the table; what is new stands for nothing until it begins."""
        size = len(self._tiles)
        if self._all and len(self.birth) == size:
            return
        columns = [*_COLUMNS, ("birth", np.int64, 0)]
        if not self._all or len(self._all["birth"]) < size:
            for name, kind, start in columns:
                old = self._all.get(name, np.zeros(0, kind))
                fresh = np.full(size + size // 2, start, kind)
                fresh[: len(old)] = old
                self._all[name] = fresh
        for name, _, _ in columns:
            setattr(self, name, self._all[name][:size])
