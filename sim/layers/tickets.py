"""Who goes first when only a share of the buildings changes: a fixed number per building, the same in every run.

A share of 30 % takes the buildings whose ticket is below 0.3, so a growing share keeps those that it had.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=16)
def tickets(ids: tuple[str, ...], what: str) -> NDArray[np.float64]:
    """[building] 0 .. below 1, by a hash of the id; `what` keeps the draws of different questions apart."""
    drawn = [hashlib.blake2b(f"{what}/{i}".encode(), digest_size=6).digest() for i in ids]
    ticket = np.array([int.from_bytes(d, "little") for d in drawn], dtype=float).reshape(-1) / 2.0**48
    ticket.setflags(write=False)
    return ticket
