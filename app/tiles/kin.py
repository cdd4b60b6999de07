"""Children by parent over a node table that grows: one array of rows, and where each node's part of it begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Kin:
    """Children of nodes, found for many nodes at once."""

    def __init__(self, parent: Rows) -> None:
        """`parent` [node]: row of each node's parent, -1 at a root, -2 where the row is free."""
        self._first = np.zeros(len(parent), np.int64)
        self._count = np.zeros(len(parent), np.int64)
        self._rows = np.zeros(len(parent), np.int64)
        self._used = 0
        self.add(np.flatnonzero(parent >= 0), parent)

    def add(self, rows: Rows, parent: Rows) -> None:
        """Take in new `rows`; costs as much as they are, not as the table is."""
        self._grow(len(parent))
        rows = rows[parent[rows] >= 0]
        if not len(rows):
            return
        above = parent[rows]
        if len(above) > 1 and (above[1:] < above[:-1]).any():
            order = np.argsort(above, kind="stable")
            rows, above = rows[order], above[order]
        start = np.flatnonzero(np.append(True, above[1:] != above[:-1]))
        parents = above[start]
        for node in parents[self._count[parents] > 0]:  # few: a branch hangs below one node
            mine = above == node
            old = self._rows[self._first[node] : self._first[node] + self._count[node]]
            self._append(np.array([node]), np.array([0]), np.concatenate([old, rows[mine]]))
            rows, above = rows[~mine], above[~mine]
        start = np.flatnonzero(np.append(True, above[1:] != above[:-1])) if len(rows) else np.zeros(0, np.int64)
        self._append(above[start], start, rows)

    def remove(self, rows: Rows, node: int) -> None:
        """Forget `rows`, which is all that hung below `node`."""
        self._count[rows] = 0
        self._count[node] = 0
        if self._used > 4096 and self._used > 3 * int(self._count.sum()):
            self._pack()

    def of(self, nodes: Rows) -> tuple[Rows, Rows]:
        """Rows of all children of `nodes`, and for each the place of its parent in `nodes`."""
        count = self._count[nodes]
        total = int(count.sum())
        up = np.repeat(np.arange(len(nodes)), count)
        if not total:
            return up, up
        ends = np.cumsum(count)
        place = np.arange(total) + np.repeat(self._first[nodes] - (ends - count), count)
        return self._rows[place], up

    def below(self, node: int) -> Rows:
        """Rows of everything below a node."""
        found, rows = [], np.array([node])
        while len(rows):
            rows, _ = self.of(rows)
            found.append(rows)
        return np.concatenate(found)

    def _append(self, parents: Rows, start: Rows, rows: Rows) -> None:
        end = self._used + len(rows)
        if end > len(self._rows):
            self._rows = np.concatenate([self._rows[: self._used], np.zeros(max(end, 1024), np.int64)])
        self._rows[self._used : end] = rows
        self._first[parents] = self._used + start
        self._count[parents] = np.diff(np.append(start, len(rows)))
        self._used = end

    def _pack(self) -> None:
        """Close the gaps that forgotten branches left."""
        parents = np.flatnonzero(self._count)
        rows, up = self.of(parents)
        self._rows, self._used = rows.copy(), 0
        self._append(parents, np.searchsorted(up, np.arange(len(parents))), rows.copy())

    def _grow(self, size: int) -> None:
        more = size - len(self._first)
        if more > 0:
            spare = np.zeros(more + size // 2, np.int64)
            self._first = np.concatenate([self._first, spare])
            self._count = np.concatenate([self._count, spare])
