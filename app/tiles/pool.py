"""Decoding in processes of their own, with a limit of memory and of time: what holds the interpreter lock for long, and
decoders of formats that files made by anybody can bring down (Draco, images).

A process starts with the first such tile, keeps for the next, and is started anew when it died or had to be ended: the
tile that did it fails with that reason, nothing else does. Arrays come back through a pipe, pickled out of band.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from app.tiles.mesh import Mesh, Unreadable

LIMIT_S = 20.0
"""Longest time of one tile; waiting for files that it names does not count."""
MEMORY_BYTES = 1 << 30
"""What a process may take beyond what it has when it starts, where the system can limit it."""
LARGE_BYTES = 1 << 16
"""From here on a tile with images is decoded elsewhere."""
_MOST = 4
_PACKED = (
    b"KHR_draco_mesh_compression", b"3DTILES_draco_point_compression", b"_meshopt_compression", b"KHR_texture_basisu",
)  # fmt: skip


def heavy(content: bytes) -> bool:
    """Whether a tile should be decoded in another process, by its bytes: compressed, or large with images."""
    if any(content.find(name, 0, 1 << 22) >= 0 for name in _PACKED):
        return True
    return len(content) >= LARGE_BYTES and content.find(b'"images"', 0, 1 << 22) >= 0


class Pool:
    """Decoding processes; for any thread. Each call takes one, or waits for one."""

    def __init__(
        self, slots: Mapping[str, int], *, limit_s: float = LIMIT_S, memory_bytes: int = MEMORY_BYTES
    ) -> None:  # fmt: skip
        """`slots` as in app.tiles.formats.content.decode."""
        self.size = min(_MOST, max(1, (os.cpu_count() or 2) // 2))
        self._slots, self._limit_s, self._memory_bytes = dict(slots), limit_s, memory_bytes
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self.workers: list[_Worker] = []
        """Those that were started."""
        self._lock = threading.Lock()
        self._closed = False

    def decode(
        self, content: bytes, address: str, read: Callable[[str], bytes], how: Mapping[str, Any] | None = None
    ) -> tuple[Mesh, ...]:  # fmt: skip
        """As app.tiles.formats.content.decode, `how` being its other arguments.

        Raises:
            Unreadable: it says so, or the process did not survive it or its limits.
            OSError: a file that it names did not come, or no process can be started.
        """
        worker = self._take()
        try:
            return worker.decode(content, {"address": address, **(how or {})}, read, self._limit_s)
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End the processes, whatever they do."""
        with self._lock:
            self._closed = True
        for worker in self.workers:
            worker.end()

    def _take(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise OSError("the tiles are closed")
            if self._idle.empty() and len(self.workers) < self.size:
                self.workers.append(_Worker(self._slots, self._memory_bytes))
                return self.workers[-1]
        worker = self._idle.get()
        if self._closed:
            self._idle.put(worker)
            raise OSError("the tiles are closed")
        return worker


class _Worker:
    """One process and our end of its pipe."""

    def __init__(self, slots: dict[str, int], memory_bytes: int) -> None:
        self._slots, self._memory_bytes = slots, memory_bytes
        self._process: Any = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int:
        """Of the process, 0 while there is none."""
        return int(self._process.pid) if self._process is not None else 0

    def decode(
        self, content: bytes, how: dict[str, Any], read: Callable[[str], bytes], limit_s: float
    ) -> tuple[Mesh, ...]:  # fmt: skip
        """See `Pool.decode`."""
        pipe = self._standing()
        try:
            pipe.send(how)
            pipe.send_bytes(content)
            return self._answer(pipe, read, limit_s)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            if isinstance(error, _Missing):
                raise
            self.end()
            raise Unreadable("the decoder died of it") from error
        except _Late as late:
            self.end()
            raise Unreadable(f"takes more than {limit_s:.0f} s to decode") from late

    def end(self) -> None:
        """End the process; the next tile starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join(timeout=2.0)
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def _standing(self) -> Connection:
        """Our end of the pipe of a process that lives."""
        if self._process is not None and self._pipe is not None and self._process.is_alive():
            return self._pipe
        self.end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._slots, self._memory_bytes), daemon=True, name="tile decoder"
        )
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        if not ours.poll(60.0) or ours.recv() != "ready":
            self.end()
            raise _Missing("no decoding process can be started")
        return ours

    def _answer(self, pipe: Connection, read: Callable[[str], bytes], limit_s: float) -> tuple[Mesh, ...]:
        """Hand it the files that it asks for until it has done."""
        deadline, missing = time.monotonic() + limit_s, None
        while True:
            if not pipe.poll(max(deadline - time.monotonic(), 0.0)):
                raise _Late
            kind, value = pipe.recv()
            if kind == "read":
                begin = time.monotonic()
                try:
                    pipe.send_bytes(b"+" + read(value))
                except OSError as error:
                    missing = error
                    pipe.send_bytes(b"-" + str(error).encode())
                deadline += time.monotonic() - begin
            elif kind == "missing":
                raise _Missing(str(missing or value)) from missing
            elif kind == "bad":
                raise Unreadable(value)
            else:
                return _received(pipe, value)


class _Late(Exception):  # noqa: N818 - a reason, told as it is
    """It takes too long."""


class _Missing(OSError):  # noqa: N818 - a reason, told as it is
    """A file did not come."""


def _received(pipe: Connection, sizes: list[int]) -> tuple[Mesh, ...]:
    body = pipe.recv_bytes()
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        if buffer:
            pipe.recv_bytes_into(buffer)
    return tuple(pickle.loads(body, buffers=buffers))  # our own process wrote it


def _serve(pipe: Connection, slots: dict[str, int], memory_bytes: int) -> None:
    """Decode what comes until the pipe ends; runs in the other process."""
    from app.tiles.formats.content import decode

    _limit(memory_bytes)

    def read(relative: str) -> bytes:
        pipe.send(("read", relative))
        answer = pipe.recv_bytes()
        if answer[:1] == b"-":
            raise OSError(answer[1:].decode())
        return answer[1:]

    pipe.send("ready")
    while True:
        try:
            how, content = pipe.recv(), pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            _hand_over(pipe, decode(content, slots, read=read, **how))
        except Unreadable as error:
            pipe.send(("bad", str(error)))
        except MemoryError:
            pipe.send(("bad", f"needs more than {memory_bytes >> 20} MiB to decode"))
        except OSError as error:
            pipe.send(("missing", str(error)))
        except Exception as error:  # a broken tile must not end the process that serves the others
            pipe.send(("bad", f"cannot be decoded: {type(error).__name__}: {error}"))


def _hand_over(pipe: Connection, meshes: tuple[Mesh, ...]) -> None:
    for mesh in meshes:
        _ = mesh.bounds
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(meshes, protocol=5, buffer_callback=buffers.append)
    parts = [buffer.raw() for buffer in buffers]
    pipe.send(("done", [part.nbytes for part in parts]))
    pipe.send_bytes(body)
    for part in parts:
        if part.nbytes:
            pipe.send_bytes(part)


def _limit(memory_bytes: int) -> None:
    """Bound this process's memory, where the system knows how."""
    try:
        import resource

        now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory_bytes, now + memory_bytes))
    except (ImportError, OSError, ValueError):
        return
