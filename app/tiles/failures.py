"""What of a tileset failed, why, and when it is tried again: later and later, some things never by themselves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.tiles.schedule import Failure

FIRST_S, LONGEST_S = 2.0, 300.0
"""First pause before a failed tile is fetched again, and the longest; each is twice the one before."""


def pause_s(tries: int, node: int, failures: Iterable[Failure]) -> float:
    """How long a tile that failed `tries` times rests: FIRST_S x 2^(tries - 1), up to a quarter more by its row, so
    that not all come back at once; what may come earlier among several contents counts, what a server asks for holds.
    """
    doubled = min(FIRST_S * 2.0 ** min(tries - 1, 20), LONGEST_S)
    spread = 1.0 + (node * 0.6180339887 % 1.0) / 4
    return float(min((max(doubled, f.again_s) for f in failures), default=np.inf)) * spread


class Failures:
    """Reasons by node, for the user."""

    def __init__(self, unread: list[tuple[str, str]]) -> None:
        """`unread`: (address, reason) of what the tileset itself left out; it may grow."""
        self._unread = unread
        self._of: dict[int, list[Failure]] = {}

    def __len__(self) -> int:
        return len(self._unread) + sum(len(f) for f in self._of.values())

    @property
    def nodes(self) -> list[int]:
        """Rows that failed, wholly or in part."""
        return list(self._of)

    def note(self, node: int, failures: list[Failure]) -> None:
        """What failed of a node in its last try; nothing clears it."""
        if failures:
            self._of[node] = failures
        else:
            self._of.pop(node, None)

    def forget(self, rows: Iterable[int]) -> None:
        """Nodes that are no longer there."""
        for row in rows:
            self._of.pop(int(row), None)

    def listed(self) -> list[dict[str, str]]:
        """{uri, reason} of all."""
        left_out = [{"uri": uri, "reason": reason} for uri, reason in self._unread]
        return left_out + [{"uri": f.uri, "reason": f.reason} for fs in self._of.values() for f in fs]
