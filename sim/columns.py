"""Tables as frozen dataclasses of read-only columns of one length, and the types of their columns."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int32]
Code = NDArray[np.int8]

_OFFSETS = ("vertex_start",)
"""Columns of offsets: one longer than their axis."""


class Columns:
    """Makes every array of a frozen dataclass read-only and checks that the first dimensions agree."""

    def __post_init__(self) -> None:
        odd = []
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            if len(value) != len(self) + (f.name in _OFFSETS):
                odd.append(f.name)
        if odd:
            raise ValueError(f"{type(self).__name__}: columns of another length than the axis: {sorted(odd)}")

    def __len__(self) -> int:
        return len(self.id)  # type: ignore[attr-defined]
