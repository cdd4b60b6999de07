"""Parts of a case that remember the columns that they were made from.

Columns are read-only, and a layer that does not touch a column hands on the same object: so identity tells what
changed, and a layer pays only for that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

KEPT = 6
"""Versions of a part that are remembered: two sides, each with a drag's last few values."""
T = TypeVar("T")


def by_columns(make: Callable[..., T]) -> Callable[..., T]:
    """Remember the last few results of `make` by the identity of its columns and the value of its numbers."""
    kept: OrderedDict[tuple[Any, ...], tuple[tuple[Any, ...], T]] = OrderedDict()

    @wraps(make)
    def call(*columns: Any) -> T:
        key = tuple(c if isinstance(c, int | float | str | type) else id(c) for c in columns)
        if key not in kept:
            kept[key] = (columns, make(*columns))  # holding the columns keeps their identities theirs
            while len(kept) > KEPT:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key][1]

    return call
