"""Which tiles are in memory, and who leaves when the cap is reached: least recently drawn first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from app.tiles.glb import Mesh
from app.tiles.schedule import Loader
from app.tiles.select import LIMIT_PX, Eye, select
from app.tiles.tileset import Tileset

ATTACH_BUDGET_S = 0.003
"""Main-thread time a frame may spend on new tiles."""
CAP_BYTES = 512 * 2**20


class Stage(Protocol):
    """Where tiles are put: the town on the GPU, or a list in a test."""

    def attach(self, node: int, meshes: tuple[Mesh, ...], matrix: np.ndarray) -> None:
        """Make a tile drawable, hidden."""

    def detach(self, node: int) -> None:
        """Forget a tile."""

    def show(self, nodes: np.ndarray) -> None:
        """Draw exactly these tiles."""


class Stream:
    """One tileset on its way to the screen: `update` once a frame."""

    def __init__(
        self, tiles: Tileset, slots: Mapping[str, int], *, north: bool = True, cap_bytes: int = CAP_BYTES
    ) -> None:
        n = len(tiles)
        self.tiles = tiles
        self.cap_bytes = cap_bytes
        self.errors = [{"uri": uri, "reason": reason} for uri, reason in tiles.unread]
        """{uri, reason} of every tile that failed."""
        self.visible = 0
        self.waiting = 1
        self.attach_ms: list[float] = []
        """Main-thread time per attached tile."""
        self.version = 0
        """Grows whenever the set of drawn tiles changes (shadows and ground light follow it)."""
        self._ready = np.zeros(n, bool)
        self._failed = np.zeros(n, bool)
        self._bytes = np.zeros(n, np.int64)
        self._used = np.zeros(n, np.int64)
        self._tick = 0
        self._drawn = np.zeros(0, np.int64)
        self._loader = Loader(slots, north=north)

    @property
    def bytes(self) -> int:
        """Memory of the tiles held."""
        return int(self._bytes.sum())

    @property
    def loaded(self) -> int:
        """Tiles held."""
        return int(self._ready.sum())

    @property
    def settled(self) -> bool:
        """Everything wanted by the last view is here or has failed."""
        return self.waiting == 0

    def update(self, eye: Eye, stage: Stage, *, limit_px: float = LIMIT_PX) -> None:
        """Collect what arrived (within the budget), select, ask for what is missing, show what stands."""
        self._tick += 1
        self._collect(stage)
        chosen = select(self.tiles, eye, ready=self._ready, failed=self._failed, limit_px=limit_px)
        self._used[chosen.draw] = self._tick
        self._evict(stage)
        room = self.bytes < self.cap_bytes
        self._loader.ask([(int(n), self.tiles.uri[n]) for n in chosen.load] if room else [])
        self.waiting = len(chosen.load) if room else 0
        self.visible = len(chosen.draw)
        if not np.array_equal(chosen.draw, self._drawn):
            self._drawn = chosen.draw
            self.version += 1
            stage.show(chosen.draw)

    def close(self) -> None:
        """End the decode threads."""
        self._loader.close()

    def _collect(self, stage: Stage) -> None:
        start = time.perf_counter()
        while time.perf_counter() - start < ATTACH_BUDGET_S:
            arrival = self._loader.take()
            if arrival is None:
                return
            node = arrival.node
            if arrival.reason:
                self._failed[node] = True
                self.errors.append({"uri": arrival.uri, "reason": arrival.reason})
                continue
            begin = time.perf_counter()
            stage.attach(node, arrival.meshes, self.tiles.matrix[node])
            self.attach_ms.append((time.perf_counter() - begin) * 1e3)
            self._ready[node] = True
            self._used[node] = self._tick
            self._bytes[node] = sum(m.bytes for m in arrival.meshes)

    def _evict(self, stage: Stage) -> None:
        if self.bytes <= self.cap_bytes:
            return
        for node in np.argsort(np.where(self._ready, self._used, np.iinfo(np.int64).max)):
            if self.bytes <= self.cap_bytes or not self._ready[node] or self._used[node] == self._tick:
                return
            stage.detach(int(node))
            self._ready[node] = False
            self._bytes[node] = 0
