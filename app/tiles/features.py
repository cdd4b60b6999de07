"""Features of a tile: what each of them is called and what is known of it, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Column = Array | Sequence[Any]


@dataclass(frozen=True)
class Table:
    """Properties of the features of a tile (batch table or property table), one row per feature id."""

    count: int
    columns: Mapping[str, Column] = field(default_factory=dict)
    """Property name -> [feature] numbers as an array ([feature, k] for vectors), anything else as a list."""
    ids: tuple[str, ...] = ()
    """[feature] the id that binds a feature to the district; empty = the tile names none."""
    lineages: tuple[tuple[str, ...], ...] = ()
    """Lines of classes that there are in a hierarchy, a feature's own first; empty = there is no hierarchy."""
    lineage: Array = field(default_factory=lambda: np.zeros(0, np.int32))
    """[feature] which of the lines it has."""

    @property
    def bytes(self) -> int:
        """Memory of the columns; of lists a guess."""
        arrays = [c for c in self.columns.values() if isinstance(c, np.ndarray)]
        lists = [c for c in self.columns.values() if not isinstance(c, np.ndarray)]
        return sum(a.nbytes for a in arrays) + sum(72 * len(c) for c in lists) + 8 * len(self.ids) + self.lineage.nbytes
