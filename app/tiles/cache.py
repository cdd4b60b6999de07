"""Which tiles are in memory, and who leaves when the cap is reached: least recently wanted first.

The cap is hard. A tile is asked for only when its likely size fits beside all that is held and under way; what this
view does not rest on leaves first, children before parents. Where even that is too much the picture gets coarser,
a little every frame, until it fits: nothing that is drawn is taken away, and nothing gapes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from app.tiles.fetch import Source
from app.tiles.mesh import Mesh
from app.tiles.schedule import Arrival, Loader
from app.tiles.select import LIMIT_PX, Eye, Selection, select
from app.tiles.tileset import Tileset

ATTACH_BUDGET_S = 0.002
"""Main-thread time a frame may spend on new tiles; with selecting and showing it stays below 3 ms."""
CAP_BYTES = 512 * 2**20
COPIES = 2
"""A tile's arrays are held by the engine and by the GPU."""
MOST_ASKED = 32
"""Tiles asked for at a time."""
_COARSER, _FINER = 1.05, 0.98
"""Change of the error limit by frame, under pressure and back."""
_MOST_COARSE = 256.0
_EASY = 0.65
"""Share of the cap below which what the view rests on leaves room for more detail."""


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
        self, tiles: Tileset, slots: Mapping[str, int], *, north: bool = True, cap_bytes: int = CAP_BYTES,
        prepare: Callable[[Mesh], Mesh] | None = None,
    ) -> None:  # fmt: skip
        """`slots`, `north`, `prepare`: as app.tiles.schedule.Loader has them."""
        n = len(tiles)
        self.tiles = tiles
        self.cap_bytes = cap_bytes
        self.errors = [{"uri": uri, "reason": reason} for uri, reason in tiles.unread]
        """{uri, reason} of every tile that failed."""
        self.visible = 0
        self.waiting = 1
        self.coarser = 1.0
        """What the error limit is multiplied by to keep to the cap."""
        self.work_ms: deque[float] = deque(maxlen=20_000)
        """Main-thread time of tiles by frame."""
        self.peak_bytes = 0
        """Most that was ever held, decoded tiles on their way included."""
        self.version = 0
        """Grows whenever the set of drawn tiles changes (shadows and ground light follow it)."""
        self._ready = np.zeros(n, bool)
        self._failed = np.zeros(n, bool)
        self._bytes = np.zeros(n, np.int64)
        self._size = np.zeros(n, np.int64)
        """Of each tile as far as it is known, remembered when it leaves."""
        self._file = np.full(n, -1, np.int64)
        """Size of its file, 0 where it has none, -1 where nobody has looked."""
        self._swell = 0.0
        """Most that a file has grown by in memory."""
        self._features = np.zeros(n, np.int64)
        self._used = np.zeros(n, np.int64)
        self._asked = False
        self._tick = 0
        self._tight = np.zeros(0)
        """The view that did not fit."""
        self._drawn = np.zeros(0, np.int64)
        self._source = tiles.source or Source("")
        self._loader = Loader(slots, self._source, north=north, prepare=prepare)

    @property
    def bytes(self) -> int:
        """Memory of the tiles held."""
        return int(self._bytes.sum())

    @property
    def loaded(self) -> int:
        """Tiles held."""
        return int(self._ready.sum())

    @property
    def features(self) -> int:
        """Features in the tiles drawn."""
        return int(self._features[self._drawn].sum())

    @property
    def drawn(self) -> np.ndarray:
        """Rows of the tiles drawn."""
        return self._drawn

    @property
    def ready(self) -> np.ndarray:
        """[node] tiles held."""
        return self._ready

    @property
    def settled(self) -> bool:
        """Everything wanted by the last view is here or has failed."""
        return self.waiting == 0

    def update(self, eye: Eye, stage: Stage, *, limit_px: float = LIMIT_PX) -> None:
        """Collect what arrived (within the budget), select, ask for what is missing, show what stands."""
        begin = time.perf_counter()
        self._tick += 1
        self._collect(stage, begin)
        limit = limit_px * self.coarser
        chosen = select(self.tiles, eye, ready=self._ready, failed=self._failed, limit_px=limit)
        self._used[chosen.keep] = self._tick
        if not np.array_equal(chosen.draw, self._drawn):
            self._drawn = chosen.draw
            self.version += 1
            stage.show(chosen.draw)
        self.visible = len(chosen.draw)
        self._ask(chosen, eye, stage)
        self.work_ms.append((time.perf_counter() - begin) * 1e3)

    def retry(self) -> None:
        """Read once more what could not be read."""
        self._failed[:] = False
        self.errors = [{"uri": uri, "reason": reason} for uri, reason in self.tiles.unread]

    def close(self) -> None:
        """End the decode threads."""
        self._loader.close()

    def _ask(self, chosen: Selection, eye: Eye, stage: Stage) -> None:
        """Ask for what fits under the cap; make the picture coarser where something does not."""
        flying = self._loader.flying
        if not len(chosen.load) and not flying and not self._asked and self.bytes <= self.cap_bytes:
            self._ease(False, int(self._bytes[chosen.keep].sum()), eye)
            self.waiting = 0
            return
        missing = [int(n) for n in chosen.load if int(n) not in flying][:MOST_ASKED]
        known = bool(self._size.any())
        size = self._sizes([*flying, *missing])
        taken = self.bytes + int(size[list(flying)].sum())
        spare = self._spare(chosen)
        possible = self.cap_bytes - taken + int(self._bytes[spare].sum())
        wanted: list[int] = []
        if not known:  # nobody knows how large tiles are here: the first comes alone
            wanted = [] if flying else missing[:1]
        else:
            for node in missing:
                if size[node] > possible:
                    break
                possible -= int(size[node])
                wanted.append(node)
        refused = known and len(wanted) < len(missing)
        self._leave(spare, taken + int(size[wanted].sum()) - self.cap_bytes, stage)
        self._loader.ask([(n, self.tiles.contents[n][0]) for n in wanted], still=chosen.load)
        self._asked = bool(wanted)
        self._ease(refused and not flying, int(self._bytes[chosen.keep].sum()), eye)
        hopeless = refused and not flying and self.coarser >= _MOST_COARSE
        self.waiting = 0 if hopeless else len(chosen.load)

    def _sizes(self, nodes: list[int]) -> np.ndarray:
        """[node] memory of the tiles: known, else by the file and what files have grown by, else the largest known."""
        for node in nodes:
            if self._file[node] < 0:
                self._file[node] = self._source.file_bytes(self.tiles.contents[node][0])
        by_file = np.where(self._file > 0, self._file * self._swell, self._size.max(initial=0))
        return np.where(self._size > 0, self._size, by_file.astype(np.int64))

    def _ease(self, refused: bool, rests_on: int, eye: Eye) -> None:
        """Coarser while something does not fit; finer again with room, but not for the view that did not fit."""
        place = np.append(eye.position_m, eye.planes)
        if refused:
            self.coarser = min(self.coarser * _COARSER, _MOST_COARSE)
            self._tight = place
        elif rests_on < _EASY * self.cap_bytes and not np.array_equal(place, self._tight):
            self.coarser = max(self.coarser * _FINER, 1.0)

    def _spare(self, chosen: Selection) -> np.ndarray:
        """Rows that may leave, in the order in which they do."""
        rows = np.flatnonzero(self._ready & ~chosen.keep)
        return rows[np.lexsort((-self.tiles.level[rows], self._used[rows]))]

    def _leave(self, spare: np.ndarray, excess: int, stage: Stage) -> None:
        """Forget tiles until `excess` bytes are free."""
        for node in spare:
            if excess <= 0:
                return
            excess -= int(self._bytes[node])
            stage.detach(int(node))
            self._ready[node] = False
            self._bytes[node] = 0

    def _collect(self, stage: Stage, begin: float) -> None:
        """Attach what arrived, at least one tile, no more than the frame has time for."""
        waiting = self._loader.decoded_bytes
        self.peak_bytes = max(self.peak_bytes, self.bytes + waiting)
        longest = 0.0
        while True:
            start = time.perf_counter()
            if longest and start - begin + longest > ATTACH_BUDGET_S:
                return
            arrival = self._loader.take()
            if arrival is None:
                return
            self._place(arrival, stage)
            longest = max(longest, time.perf_counter() - start)

    def _place(self, arrival: Arrival, stage: Stage) -> None:
        node = arrival.node
        if arrival.dropped:
            return
        if arrival.reason:
            self._failed[node] = True
            self.errors.append({"uri": arrival.uri, "reason": arrival.reason})
            return
        size = max(1, COPIES * sum(m.bytes for m in arrival.meshes))
        self._size[node] = size
        if self._file[node] > 0:
            self._swell = max(self._swell, size / int(self._file[node]))
        if self.bytes > self.cap_bytes:  # one tile over is the most; it is asked for again when there is room
            return
        stage.attach(node, arrival.meshes, self.tiles.matrix[node])
        self._ready[node] = True
        self._used[node] = self._tick
        self._bytes[node] = size
        self._features[node] = sum(m.features for m in arrival.meshes)
        self.peak_bytes = max(self.peak_bytes, self.bytes)
