"""Threads that fetch and threads that decode, most wanted first; the drawing thread only collects.

Fetching waits for servers, so many are under way. Decoding holds the interpreter for most of its time, so that a second
thread would only take it from the drawing thread: one does it, and what takes long or may harm the process goes to
another process (pool.py), for which other threads wait. What is no longer wanted is dropped before it is fetched, while
it is, and before it is decoded. A server that fails again and again is asked by two threads only, until it answers.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.tiles.fetch import Absent, Busy, Dropped, Refusal, Source
from app.tiles.formats.content import decode
from app.tiles.growth import Growth
from app.tiles.mesh import Mesh, Unreadable, bytes_of
from app.tiles.modules import lay
from app.tiles.pool import Pool, heavy
from app.tiles.select import Group
from app.tiles.tree import tileset
from app.tiles.tree.table import Nodes, Seed

FETCHERS = 16
FLIGHT = 20
"""Tiles fetched and decoded at a time; the rest waits, so that a turn of the camera reorders it."""
PRELOADS = 6
"""Of them at most so many for a view that is not there yet."""
STRAINED, CAREFUL = 8, 2
"""After so many failures in a row a server is asked for so many tiles at a time."""
COPIES = 2
"""A tile's arrays are held by the engine and by the GPU."""
RARELY_S = 600.0
"""So long a file that does not exist is not asked for again."""
NEVER_S = float("inf")
HUSH_S = 0.02
"""Threads keep quiet no longer than that at a time, however busy the drawing thread is."""
CLOSING_S = 2.0
"""Longest wait for threads that still wait for a server; they end with the process at the latest."""


@dataclass(frozen=True)
class Job:
    """A node's contents, or the document with its branch."""

    node: int
    birth: int
    """Number of the node that has the row now; rows are used again."""
    seeds: tuple[Seed, ...]
    """What is fetched, and how it is read if it is a document of the tree."""
    branch: bool = False
    """It is known to be one: nothing to draw."""
    group: Group = Group.NORMAL
    up_axis: str = "Y"
    """Of glTF in it."""

    @property
    def key(self) -> tuple[int, int]:
        """Which node it is for."""
        return self.node, self.birth


@dataclass(frozen=True)
class Failure:
    """Why one address gave nothing."""

    uri: str
    reason: str
    again_s: float = 0.0
    """Not before so many seconds; 0 = as others are."""


@dataclass
class Arrival:
    """What came of a job."""

    job: Job
    meshes: tuple[Mesh, ...] = ()
    branches: list[Nodes] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    bytes: int = 0
    """Memory that the tile takes once it is attached; of a dropped one likely."""
    dropped: bool = False
    """No longer wanted, or no room: not decoded."""
    hard: bool = False
    """Some of it is decoded in another process."""


class Loader:
    """Fetches and decodes on its own threads. `ask` names what is wanted now, `take` returns what came."""

    def __init__(
        self, source: Source, slots: Mapping[str, int], *, growth: Growth, north: bool = True, modules: bool = True,
        prepare: Callable[[Mesh], Mesh] | None = None, id_property: str | None = None,
        bind: Callable[[int, tuple[Mesh, ...], NDArray[np.float64], int, bool], tuple[Mesh, ...]] | None = None,
    ) -> None:  # fmt: skip
        """`slots`, `id_property`: as app.tiles.formats.content has them; `north` is the hemisphere of the modules.

        `modules`: whether places for them are looked for, which takes longer than all else (nobody has any where there
        is no district).
        `bind` names rows for the features of a node's meshes, given world from tile, which of its contents they are,
        and whether metadata tell of them (app.tiles.styling.wardrobe).
        `prepare` is what the stage can do to a mesh ahead of attaching it, on the decoding thread.
        """
        self._source, self._slots, self._north, self._prepare = source, slots, north, prepare
        self._modules = modules
        self._id_property, self._bind = id_property, bind
        self.allowance_bytes = 1 << 62
        """Room for decoded tiles, set every frame."""
        self._wanted: deque[Job] = deque()
        self._fetched: dict[bool, deque[tuple[Arrival, list[tuple[Seed, bytes]]]]] = {False: deque(), True: deque()}
        """By whether they are hard."""
        self._still: set[tuple[int, int]] = set()
        self._flying: dict[tuple[int, int], Job] = {}
        self._busy = 0
        self._done: deque[Arrival] = deque()
        self._waiting_bytes = 0
        self._growth = growth
        self._bad = 0
        lock = threading.RLock()
        self._wake = threading.Condition(lock)
        self._ripe = {hard: threading.Condition(lock) for hard in self._fetched}
        """Something may be fetched, something decoded: who has nothing to do with it sleeps on."""
        self._calm = threading.Event()
        self._calm.set()
        self._open = True
        self._threads: list[threading.Thread] = []
        self._pool = Pool(slots)

    @property
    def flying(self) -> dict[tuple[int, int], Job]:
        """Jobs being fetched, decoded, or waiting to be taken."""
        with self._wake:
            return dict(self._flying)

    @property
    def decoded_bytes(self) -> int:
        """Memory of the tiles that are being decoded or wait to be taken."""
        return self._waiting_bytes

    def ask(self, wanted: Sequence[Job], *, still: Iterable[tuple[int, int]] = ()) -> None:
        """Replace the queue by `wanted`, most urgent first. What flies goes on only if it is there or in `still`."""
        with self._wake:
            self._still = {job.key for job in wanted}.union(still)
            self._wanted = deque(job for job in wanted if job.key not in self._flying)
            if self._wanted:
                self._start()
                self._wake.notify(min(len(self._wanted), max(FLIGHT - self._busy, 1)))

    def take(self) -> Arrival | None:
        """The next finished job, or None."""
        try:
            arrival = self._done.popleft()
        except IndexError:
            return None
        with self._wake:
            self._flying.pop(arrival.job.key, None)
            self._waiting_bytes -= 0 if arrival.dropped else arrival.bytes
        return arrival

    @contextmanager
    def hush(self) -> Iterator[None]:
        """Meanwhile the threads stop at their next step: one thread has the interpreter at a time, and it is yours."""
        self._calm.clear()
        try:
            yield
        finally:
            self._calm.set()

    def _pause(self) -> None:
        """Between two steps of a worker's, without the lock."""
        self._calm.wait(HUSH_S)

    def close(self) -> None:
        """End the threads and the decoding process."""
        with self._wake:
            self._open = False
            self._wanted.clear()
            self._still = set()
            self._wake.notify_all()
            for ripe in self._ripe.values():
                ripe.notify_all()
        self._pool.close()
        deadline = time.monotonic() + CLOSING_S
        for thread in self._threads:
            thread.join(timeout=max(deadline - time.monotonic(), 0.0))

    def _start(self) -> None:
        if self._threads:
            return
        works: list[Callable[[], None]] = [self._fetching] * FETCHERS
        works += [partial(self._decoding, hard=hard) for hard in (False, *[True] * self._pool.size)]
        self._threads = [threading.Thread(target=w, daemon=True, name=f"tiles-{k}") for k, w in enumerate(works)]
        for thread in self._threads:
            thread.start()

    def _next(self) -> Job | None:
        """The next job that may fly, with the lock held."""
        slots = FLIGHT if self._bad < STRAINED else CAREFUL
        if not self._wanted or self._busy >= slots:
            return None
        if self._wanted[0].group == Group.PRELOAD:
            ahead = sum(job.group == Group.PRELOAD for job in self._flying.values())
            if ahead >= PRELOADS:
                return None
        return self._wanted.popleft()

    def _fetching(self) -> None:
        while True:
            with self._wake:
                while self._open and (job := self._next()) is None:
                    self._wake.wait()
                if not self._open or job is None:
                    return
                self._flying[job.key] = job
                self._busy += 1
            arrival, contents = Arrival(job), self._fetch(job)
            pieces = self._kept(arrival, contents)
            arrival.hard = any(heavy(body) for _, body in pieces)
            if not arrival.dropped and pieces and not _writes(pieces):
                with self._wake:
                    self._fetched[arrival.hard].append((arrival, pieces))
                    self._ripe[arrival.hard].notify()
            else:  # a document may name more to fetch: better this thread waits for it than a decoding one
                self._finish(arrival, pieces)

    def _fetch(self, job: Job) -> list[tuple[Seed, bytes | OSError]]:
        """Bytes of every address, or why there are none."""
        found: list[tuple[Seed, bytes | OSError]] = []

        def cancelled() -> bool:
            self._pause()
            return job.key not in self._still

        for seed in job.seeds:
            self._pause()
            try:
                body: bytes | OSError = self._source.read(seed.address, cancelled=cancelled)
            except OSError as error:
                body = error
            except Exception as error:  # a strange address must never end the thread that serves the others
                body = OSError(f"{type(error).__name__}: {error}")
            found.append((seed, body))
        return found

    def _kept(self, arrival: Arrival, contents: list[tuple[Seed, bytes | OSError]]) -> list[tuple[Seed, bytes]]:
        """What came; what did not goes on the arrival's list."""
        pieces = []
        for seed, body in contents:
            if isinstance(body, bytes):
                pieces.append((seed, body))
            elif isinstance(body, Dropped):
                arrival.dropped = True
            else:
                arrival.failures.append(Failure(seed.address, f"cannot be fetched: {body}", _again_s(body)))
        if not arrival.dropped:
            strained = any(f.again_s not in (RARELY_S, NEVER_S) for f in arrival.failures)
            self._bad = self._bad + 1 if strained else 0
        return pieces

    def _decoding(self, *, hard: bool) -> None:
        fetched = self._fetched[hard]
        while True:
            with self._wake:
                while self._open and not fetched:
                    self._ripe[hard].wait()
                if not self._open:
                    return
                arrival, pieces = min(fetched, key=lambda f: f[0].job.group)
                fetched.remove((arrival, pieces))
            self._finish(arrival, pieces)

    def _finish(self, arrival: Arrival, pieces: list[tuple[Seed, bytes]]) -> None:
        """Decode what is still wanted and for which there is room; hand it over."""
        size = sum(len(body) for _, body in pieces)
        if not arrival.dropped and pieces and not self._admit(arrival, size):
            arrival.dropped = True
        if not arrival.dropped:
            likely = arrival.bytes
            for seed, body in pieces:
                self._pause()
                self._read(arrival, seed, body)
            with self._wake:
                arrival.bytes = COPIES * bytes_of(arrival.meshes)
                self._waiting_bytes += arrival.bytes - likely
                if arrival.meshes:
                    self._growth.learn(size, arrival.bytes)
        with self._wake:
            self._busy -= 1
            self._done.append(arrival)
            self._wake.notify()

    def _admit(self, arrival: Arrival, size: int) -> bool:
        """Whether to decode: wanted, and with room beside all that is decoded; one at a time there always is."""
        with self._wake:
            arrival.bytes = self._growth.likely(size)
            if arrival.job.key not in self._still:
                return False
            if self._waiting_bytes and self._waiting_bytes + arrival.bytes > self.allowance_bytes:
                return False
            self._waiting_bytes += arrival.bytes
            return True

    def _read(self, arrival: Arrival, seed: Seed, body: bytes) -> None:
        """Meshes or a branch from one content."""
        address, missing = seed.address, list[OSError]()

        def read(relative: str) -> bytes:
            try:
                return self._source.read(self._source.join(address, relative))
            except OSError as error:
                missing.append(error)
                raise

        try:
            if arrival.job.branch or tileset.is_branch(body):
                arrival.branches.append(tileset.branch(seed, body))
            else:
                arrival.meshes += self._meshes(arrival, seed, body, read)
        except Unreadable as error:
            again_s = max((_again_s(e) for e in missing), default=NEVER_S)
            arrival.failures.append(Failure(address, str(error), again_s))
        except OSError as error:
            again_s = max((_again_s(e) for e in missing), default=_again_s(error))
            arrival.failures.append(Failure(address, f"cannot be fetched: {error}", again_s))
        except Exception as error:  # a broken tile must never end the thread that serves the others
            arrival.failures.append(Failure(address, f"cannot be decoded: {type(error).__name__}: {error}", NEVER_S))

    def _meshes(self, arrival: Arrival, seed: Seed, body: bytes, read: Callable[[str], bytes]) -> tuple[Mesh, ...]:
        """Meshes of one content, ready to be attached."""
        job, address = arrival.job, seed.address
        how = {"up_axis": job.up_axis, "id_property": self._id_property}
        if arrival.hard and heavy(body):
            meshes = self._pool.decode(body, address, read, how)
        else:
            meshes = decode(body, self._slots, address=address, read=read, up_axis=job.up_axis,
                            id_property=self._id_property)  # fmt: skip
        self._pause()
        if self._bind is not None:
            meshes = self._bind(job.node, meshes, seed.matrix, seed.content, seed.told)
        else:  # the package's own tiles: their vertices have slots, and the district knows the rest
            meshes = tuple(m if m.look else replace(m, feature=np.zeros(0, np.uint32), table=None) for m in meshes)
        if self._modules:
            meshes = tuple(self._with_modules(mesh) for mesh in meshes)
        self._pause()
        if self._prepare is not None:
            meshes = tuple(self._prepare(mesh) for mesh in meshes)
        for mesh in meshes:
            _ = mesh.bounds  # found here, kept for the drawing thread
        return meshes

    def _with_modules(self, mesh: Mesh) -> Mesh:
        """Our own tiles stand east-north-up, so that the mesh's matrix turns it to the compass."""
        if mesh.coarse or mesh.look is not None or not len(mesh.roofs):
            return mesh
        world = mesh.matrix[:3, :3]
        slot = mesh.info[:, 0]
        laid = lay(mesh.position, mesh.normal, mesh.face, slot, mesh.roofs, world, north=self._north)
        return replace(mesh, modules=laid)


def _again_s(error: OSError) -> float:
    """How long not to ask again for what failed so; 0 = as long as others."""
    if isinstance(error, Busy):
        return error.retry_s
    return RARELY_S if isinstance(error, Absent) else NEVER_S if isinstance(error, Refusal) else 0.0


def _writes(pieces: list[tuple[Seed, bytes]]) -> bool:
    """Whether any content may name more files: text (a tileset, glTF that names its buffers), a subtree."""
    return any(body[:4] == b"subt" or body[:64].lstrip()[:1] == b"{" for _, body in pieces)
