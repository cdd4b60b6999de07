"""Two threads that fetch and decode tiles, most wanted first; the drawing thread only collects.

Decoding is C calls that give up the interpreter lock (numpy copies, file reads), so two threads feed the picture
without stalling it. What arrives is handed over within a budget of milliseconds a frame.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.tiles.content import decode
from app.tiles.fetch import Source
from app.tiles.mesh import Mesh, Unreadable
from app.tiles.modules import lay

THREADS = 2
FLIGHT = 8
"""Tiles asked for at a time; the rest waits, so that a turn of the camera reorders it."""


@dataclass(frozen=True)
class Arrival:
    """A decoded tile, or the reason why there is none."""

    node: int
    uri: str
    meshes: tuple[Mesh, ...]
    reason: str
    decode_s: float
    dropped: bool = False
    """Fetched, but no longer wanted: not decoded."""


class Loader:
    """Fetches and decodes on its own threads. `ask` names what is wanted now, `take` returns what came."""

    def __init__(
        self, slots: Mapping[str, int], source: Source, *, north: bool = True,
        prepare: Callable[[Mesh], Mesh] | None = None,
    ) -> None:  # fmt: skip
        """`slots` as in app.tiles.content.decode; `north` is the hemisphere, for the modules on the roofs.

        `prepare` is what the stage can do to a mesh ahead of attaching it, on the decoding thread.
        """
        self._slots, self._source, self._north, self._prepare = slots, source, north, prepare
        self._wanted: deque[tuple[int, str]] = deque()
        self._still: set[int] = set()
        """What the last view still wants: what is not in it is dropped between fetching and decoding."""
        self._flying: set[int] = set()
        self._done: deque[Arrival] = deque()
        self._wake = threading.Condition()
        self._open = True
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"tiles-{k}") for k in range(THREADS)]
        for thread in self._threads:
            thread.start()

    @property
    def flying(self) -> set[int]:
        """Nodes being fetched, decoded, or waiting to be taken."""
        return set(self._flying)  # one step of the interpreter: no lock needed

    @property
    def decoded_bytes(self) -> int:
        """Memory of the tiles that wait to be taken."""
        return sum(m.bytes for arrival in tuple(self._done) for m in arrival.meshes)

    def ask(self, wanted: Sequence[tuple[int, str]], *, still: Iterable[int] = ()) -> None:
        """Replace the queue by `wanted` (node, address), most urgent first.

        What flies goes on only if it is among `wanted` or `still`.
        """
        with self._wake:
            self._still = {node for node, _ in wanted} | {int(n) for n in still}
            self._wanted = deque(w for w in wanted if w[0] not in self._flying)
            if self._wanted:
                self._wake.notify_all()

    def take(self) -> Arrival | None:
        """The next finished tile, or None."""
        try:
            arrival = self._done.popleft()
        except IndexError:
            return None
        with self._wake:
            self._flying.discard(arrival.node)
        return arrival

    def close(self) -> None:
        """End the threads."""
        with self._wake:
            self._open = False
            self._wanted.clear()
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _work(self) -> None:
        while True:
            with self._wake:
                while self._open and (not self._wanted or len(self._flying) >= FLIGHT):
                    self._wake.wait(timeout=0.5)
                if not self._open:
                    return
                node, uri = self._wanted.popleft()
                self._flying.add(node)
            self._done.append(self._load(node, uri))

    def _load(self, node: int, uri: str) -> Arrival:
        start = time.perf_counter()
        try:
            content = self._source.read(uri)
            if node not in self._still:
                return Arrival(node, uri, (), "", time.perf_counter() - start, dropped=True)
            meshes, reason = tuple(self._with_modules(m) for m in decode(content, self._slots)), ""
            if self._prepare is not None:
                meshes = tuple(self._prepare(m) for m in meshes)
            for mesh in meshes:
                _ = mesh.bounds  # found here, kept for the drawing thread
        except Unreadable as error:
            meshes, reason = (), str(error)
        except OSError as error:
            meshes, reason = (), f"cannot be fetched: {error.strerror or error}"
        except Exception as error:  # a broken tile must never end the thread that serves the others
            meshes, reason = (), f"cannot be decoded: {type(error).__name__}: {error}"
        return Arrival(node, uri, meshes, reason, time.perf_counter() - start)

    def _with_modules(self, mesh: Mesh) -> Mesh:
        """Our own tiles stand east-north-up, so that the mesh's matrix turns it to the compass."""
        if mesh.coarse or not len(mesh.roofs):
            return mesh
        world = mesh.matrix[:3, :3]
        slot = mesh.info[:, 0]
        laid = lay(mesh.position, mesh.normal, mesh.face, slot, mesh.roofs, world, north=self._north)
        return replace(mesh, modules=laid)
