"""What is held in memory: decoded tiles on the stage, branches in the tree; what comes in, leaves, and failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.tiles.failures import Failures, pause_s
from app.tiles.growth import Growth
from app.tiles.kin import Kin
from app.tiles.mesh import Mesh
from app.tiles.schedule import Arrival, Failure
from app.tiles.state import State
from app.tiles.tree.table import Tileset

Rows = NDArray[np.int64]
Bool = NDArray[np.bool_]

_CROWN = 20
"""Triangles of a tree's crown."""
FRESH = 2
"""Branches that were wanted in so many last frames are not forgotten."""


class Stage(Protocol):
    """Where tiles are put: the town on the GPU, or a list in a test."""

    def attach(self, node: int, meshes: tuple[Mesh, ...], matrix: np.ndarray) -> None:
        """Make a tile drawable, hidden."""

    def detach(self, node: int) -> None:
        """Forget a tile."""

    def show(self, nodes: np.ndarray) -> None:
        """Draw exactly these tiles."""


class Held:
    """Tiles and branches of one tileset; every change of what can be drawn grows `changes`."""

    def __init__(self, tiles: Tileset, *, cap_bytes: int) -> None:
        self.tiles, self.cap_bytes = tiles, cap_bytes
        self.state, self.kin = State(tiles), Kin(tiles.parent)
        self.failures = Failures(tiles.unread)
        self.bytes = 0
        self.tiles_held = 0
        self.nodes = len(tiles)
        self.changes = 0
        self.growth = Growth(cap_bytes)
        self.next_due_s = np.inf
        """When something expires or may be tried again."""
        self.growing: deque[tuple[Arrival, Iterator[bool]]] = deque()
        """Arrivals whose branches are being grafted."""
        self.replaced: set[int] = set()
        """Rows that were attached anew and are hidden until they are shown again."""

    def place(self, arrival: Arrival, stage: Stage, *, now_s: float) -> None:
        """Attach or graft what came; remember what did not. A large branch is only begun: see `step`."""
        node, state = arrival.job.node, self.state
        if node >= len(state.birth) or state.birth[node] != arrival.job.birth:
            return  # forgotten meanwhile
        if arrival.bytes and (arrival.meshes or arrival.dropped):
            state.size[node] = arrival.bytes
        if arrival.dropped:
            return
        if arrival.meshes and self.bytes > self.cap_bytes:  # one tile over is the most; asked again when there is room
            return
        if arrival.meshes and not self._rests(node):
            return
        self.growing.append((arrival, self._grow(arrival)))
        self.step(stage, now_s=now_s)

    def step(self, stage: Stage, *, now_s: float) -> bool:
        """One step of the branches that are being grafted; false where there are none."""
        if not self.growing:
            return False
        arrival, steps = self.growing[0]
        if next(steps, None) is None:
            self.growing.popleft()
            self._finish(arrival, stage, now_s)
        return True

    def _grow(self, arrival: Arrival) -> Iterator[bool]:
        """Graft the branches of an arrival, a step at a time."""
        node = arrival.job.node
        for branch in arrival.branches:
            rows = np.zeros(0, np.int64)
            for k, rows in enumerate(self.tiles.grafting(node, branch)):  # noqa: B007 - the last is all of it
                if k:
                    yield True
            self.kin.add(rows, self.tiles.parent)
            self.state.begin(rows)
            self.nodes += len(rows)

    def _finish(self, arrival: Arrival, stage: Stage, now_s: float) -> None:
        job, state = arrival.job, self.state
        node = job.node
        self.failures.note(node, arrival.failures)
        state.tries[node] = state.tries[node] + 1 if arrival.failures else 0
        state.due_s[node] = np.inf
        came = bool(arrival.meshes or arrival.branches or not arrival.failures)
        if job.branch:
            state.open[node], state.lost[node] = False, not came
        elif came:
            self._attach(node, arrival, stage, now_s)
        elif not state.ready[node]:
            state.failed[node] = True
            state.lost[node] = not bool(self.tiles.children[node])
        if arrival.failures:
            self._due(node, now_s + pause_s(int(state.tries[node]), node, arrival.failures))
        self.changes += 1

    def _rests(self, node: int) -> bool:
        """Whether what would be drawn in a tile's place is here still: else the tile stood alone, and would have to
        go again when that comes back before its other children do."""
        state, at = self.state, int(self.tiles.parent[node])
        while at >= 0 and (state.failed[at] or not (state.content[at] and self.tiles.replace[at])):
            at = int(self.tiles.parent[at])
        return at < 0 or bool(state.ready[at])

    def _attach(self, node: int, arrival: Arrival, stage: Stage, now_s: float) -> None:
        state = self.state
        if state.ready[node]:  # what expired stood until now
            self.leave(node, stage)
            self.replaced.add(node)
        state.failed[node] = state.lost[node] = False
        if arrival.branches and not arrival.meshes:
            state.content[node] = False  # its content was the rest of the tileset
            return
        try:
            stage.attach(node, arrival.meshes, self.tiles.matrix[node])
        except Exception as error:  # what cannot be drawn must not end the picture of all the rest
            with suppress(Exception):
                stage.detach(node)
            state.failed[node], state.lost[node] = True, not self.tiles.children[node]
            uri = arrival.job.seeds[0].address
            self.failures.note(node, [Failure(uri, f"cannot be drawn: {type(error).__name__}: {error}")])
            return
        state.ready[node] = True
        state.bytes[node] = max(1, arrival.bytes)
        state.features[node] = sum(m.features for m in arrival.meshes)
        state.triangles[node] = sum(triangles(m) for m in arrival.meshes)
        self.bytes += int(state.bytes[node])
        self.tiles_held += 1
        if np.isfinite(self.tiles.expire_s[node]):
            self._due(node, now_s + float(self.tiles.expire_s[node]))

    def _due(self, node: int, at_s: float) -> None:
        self.state.due_s[node] = at_s
        self.next_due_s = min(self.next_due_s, at_s)

    def due(self, now_s: float) -> Rows:
        """Rows that are to be fetched again."""
        if now_s < self.next_due_s:
            return np.zeros(0, np.int64)
        state = self.state
        late = state.due_s[np.isfinite(state.due_s)]
        later = late[late > now_s]
        self.next_due_s = float(later.min()) if len(later) == len(late) and len(later) else now_s
        if not len(late):
            self.next_due_s = np.inf
        return np.flatnonzero(state.due_s <= now_s)

    def leave(self, node: int, stage: Stage) -> None:
        """Let go of a tile."""
        stage.detach(node)
        state = self.state
        self.bytes -= int(state.bytes[node])
        self.tiles_held -= 1
        state.ready[node] = False
        state.bytes[node] = 0
        state.due_s[node] = np.inf
        self.changes += 1

    def spare(self, keep: Bool, before: int) -> Rows:
        """Rows of tiles that may leave, in the order in which they do: not kept, not used since frame `before`."""
        state = self.state
        rows = np.flatnonzero(state.ready & ~keep & (state.used < before))
        return rows[np.lexsort((-self.tiles.level[rows], state.used[rows]))]

    def revive(self) -> None:
        """What failed is wanted again as if it never had."""
        state = self.state
        for node in self.failures.nodes:
            state.tries[node] = 0
            if state.ready[node]:
                self._due(node, 0.0)
                continue
            state.failed[node] = state.lost[node] = False
            state.open[node] = bool(self.tiles.stub[node] > 0) and not self.tiles.grown[node]
            state.due_s[node] = np.inf
        self.changes += 1

    def prune(self, keep: Bool, tick: int, most_nodes: int, stage: Stage, more: Callable[[], bool]) -> None:
        """Forget branches that were wanted longest ago until the tree is small enough, or the time is over."""
        if self.nodes <= most_nodes or self.growing:
            return
        tiles, used = self.tiles, self.state.used
        stubs = np.flatnonzero(tiles.grown & (tiles.children > 0) & (tiles.stub > 0) & (used < tick - FRESH))
        stubs = stubs[~keep[stubs]]
        for node in stubs[np.argsort(used[stubs], kind="stable")]:
            if self.nodes <= most_nodes or not more():
                return
            if tiles.grown[node]:  # not forgotten with another
                self._forget(int(node), stage)

    def _forget(self, node: int, stage: Stage) -> None:
        """Prune the branch below a stub."""
        state = self.state
        for row in self.kin.below(node):
            if state.ready[row]:
                self.leave(int(row), stage)
        rows = self.tiles.prune(node)
        self.kin.remove(rows, node)
        self.failures.forget(rows)
        self.nodes -= len(rows)
        state.begin(rows)
        state.open[node] = True
        self.changes += 1


def triangles(mesh: Mesh) -> int:
    """Triangles that a mesh is drawn with."""
    index = len(mesh.walls) + len(mesh.roofs) + sum(len(i) for i in mesh.land.values()) + len(mesh.modules.index)
    return index // 3 + _CROWN * len(mesh.trees.foot)
