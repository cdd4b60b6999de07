"""Recordings: everything that a sim publishes, appended to one file as it happens, and read again from any moment.

    SURPLUS RECORDING      one line
    u32 length, header     msgpack: format, protocol, version, wall_s (time of day at which it began)
    record, record, ...    u8 kind, f64 seconds since it began, u32 length, u32 crc32, body

An array (kind 1) is a raw frame of a message, deflated. A batch (kind 2) is what was published at one moment: per
message its header frame and the places in the file where its arrays lie, so an array that comes again (most of a
changed day's) is not written again. Whatever ends the recorder leaves whole records and at most one torn one, which
reading ignores and going on removes.

So that a long session stays small: a Clock is written once a second, or at once when it does not follow from the one
before; of the provisional days of a drag ten a second are written, and the last.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from network import codec, schema
from network.problems import Refused

MAGIC = b"SURPLUS RECORDING\n"
FORMAT = 1
"""Of the file; raised when an older program could no longer read it."""
CLOCK_S = 1.0
"""Between two written Clocks of a steady time."""
PROVISIONAL_S = 0.1
"""Between two written provisional days."""
LEVEL = 1
_LENGTH = struct.Struct("<I")
_RECORD = struct.Struct("<BdII")
_ARRAY, _BATCH = 1, 2
_LONGEST = 64 << 20
"""Bytes of a record, and of an array once it is unpacked: as much as the wire lets through."""


class Header(msgspec.Struct, frozen=True):
    """What the file says of itself."""

    format: int
    protocol: int
    version: str
    wall_s: float
    """Time of day at which it began, since 1970."""


class _Part(msgspec.Struct, frozen=True, array_like=True):
    """One message of a batch."""

    topic: bytes
    head: bytes
    arrays: tuple[int, ...]
    """Where in the file its arrays lie."""


class Recorder:
    """Appends to a recording. Use from one thread."""

    def __init__(self, path: Path, *, version: str, wall_s: float, now_s: float, go_on: bool = False) -> None:
        """Begin `path`, or `go_on` where a recorder of the same file was killed. It is `now_s` on the monotonic clock.

        Raises:
            Refused: the file exists already, or cannot be written or gone on with.
        """
        self.path = path
        self._places: dict[bytes, int] = {}
        self._last: dict[bytes, bytes] = {}
        self._clock: tuple[schema.Clock, float] | None = None
        self._day: list[schema.Message] = []
        """A provisional day that waits."""
        self._day_s = float("-inf")
        away_s = 0.0
        try:
            if go_on and path.exists():
                held = Recording(path)
                away_s = max(wall_s - held.header.wall_s, held.length_s)
                held.close()
                self._file: BinaryIO = path.open("r+b")
                self._file.truncate(held.end)
                self._file.seek(held.end)
            else:
                self._file = path.open("xb")
                header = msgspec.msgpack.encode(Header(FORMAT, schema.PROTOCOL, version, wall_s))
                self._file.write(MAGIC + _LENGTH.pack(len(header)) + header)
            self._file.flush()
        except FileExistsError as e:
            raise Refused(f"{path} exists already; delete it or record to another file") from e
        except OSError as e:
            raise Refused(f"cannot record to {path}: {e.strerror or e}; choose a writable place") from e
        self._began_s = now_s - away_s

    def write(self, messages: Sequence[schema.Message], now_s: float) -> None:
        """Append what was published at this moment of the monotonic clock; what says nothing new is left out.

        Raises:
            Refused: the disk does not take it.
        """
        now_s -= self._began_s
        days = [m for m in messages if isinstance(m, schema.FluxBlock)]
        rest = [m for m in messages if not isinstance(m, schema.FluxBlock) and self._news(m, now_s)]
        if days and days[0].key.provisional:
            self._day = [*days]
        elif days:
            self._day, rest = [], [*days, *rest]
        if self._day and now_s - self._day_s >= PROVISIONAL_S:
            rest, self._day = self._day + rest, []
        if any(isinstance(m, schema.FluxBlock) for m in rest):
            self._day_s = now_s
        if rest:
            try:
                self._append(rest, now_s)
            except OSError as e:
                raise Refused(f"cannot go on recording to {self.path}: {e.strerror or e}; free the disk") from e

    def close(self) -> None:
        """End it; the file is whole."""
        self._file.close()

    def _news(self, message: schema.Message, now_s: float) -> bool:
        """Whether a message says what the recording does not know yet."""
        if not isinstance(message, schema.Clock):
            return True
        if self._clock is not None:
            before, at_s = self._clock
            told = msgspec.structs.replace(before, time_s=message.time_s) == message
            steady = abs(before.time_s + before.pace * (now_s - at_s) - message.time_s) <= 0.05 * max(before.pace, 1.0)
            if told and steady and now_s - at_s < CLOCK_S:
                return False
        self._clock = message, now_s
        return True

    def _append(self, messages: Sequence[schema.Message], now_s: float) -> None:
        parts = []
        for message in messages:
            head, *arrays = codec.encode(message)
            places = tuple(self._array(bytes(a), now_s) for a in arrays)
            part = _Part(topic(message), bytes(head), places)
            body = msgspec.msgpack.encode(part)
            if self._last.get(part.topic) != body:
                self._last[part.topic] = body
                parts.append(part)
        if parts:
            self._record(_BATCH, now_s, msgspec.msgpack.encode(parts))
            self._file.flush()

    def _array(self, raw: bytes, now_s: float) -> int:
        """Where `raw` lies in the file; written if it is not there yet."""
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        if digest not in self._places:
            self._places[digest] = self._file.tell()
            self._record(_ARRAY, now_s, zlib.compress(raw, LEVEL))
        return self._places[digest]

    def _record(self, kind: int, now_s: float, body: bytes) -> None:
        self._file.write(_RECORD.pack(kind, now_s, len(body), zlib.crc32(body)) + body)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def topic(message: schema.Message) -> bytes:
    """What a later message of the same topic replaces; facts of a row, and what explains a step of it, are each one."""
    if isinstance(message, schema.Facts):
        return f"facts:{message.side}:{message.axis}:{message.row};".encode()
    if isinstance(message, schema.Explanation):
        return f"explanation:{message.side}:{message.axis}:{message.row}:{message.time_s:.0f};".encode()
    return codec.topic(message)


@dataclass(frozen=True)
class Entry:
    """One message in a recording: when it was published and where it lies."""

    time_s: float
    """Since the recording began."""
    topic: bytes
    head: bytes
    arrays: tuple[int, ...]


class Recording:
    """A recording as read: all entries in order, arrays only when a message is asked for. Use from one thread."""

    def __init__(self, path: Path) -> None:
        """Read the index of `path`.

        Raises:
            Refused: it cannot be read, is no recording, or was made by another Surplus than this one understands.
        """
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as e:
            raise Refused(f"cannot read the recording {path}: {e.strerror or e}") from e
        try:
            self.header = self._header()
            self.end = self._file.tell()
            """Where the last whole record ends."""
            self.entries: list[Entry] = list(self._entries())
        except OSError as e:
            self.close()
            raise Refused(f"cannot read the recording {path}: {e.strerror or e}") from e
        except BaseException:
            self.close()
            raise

    @property
    def length_s(self) -> float:
        """Time between its beginning and its last message."""
        return self.entries[-1].time_s if self.entries else 0.0

    def message(self, entry: Entry) -> schema.Message:
        """The message of an entry.

        Raises:
            Refused: the file was damaged there.
        """
        try:
            return codec.decode([entry.head, *(self._array(place) for place in entry.arrays)])
        except (OSError, ValueError, zlib.error, struct.error) as e:
            raise Refused(f"the recording {self.path} is damaged at {entry.time_s:.1f} s ({e}); take another") from e

    def close(self) -> None:
        """Nothing can be read any more."""
        self._file.close()

    def _header(self) -> Header:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise Refused(f"{self.path} is no recording of Surplus; `surplus run PACKAGE --record FILE` makes one")
        raw = self._file.read(_LENGTH.size)
        try:
            body = self._file.read(min(_LENGTH.unpack(raw)[0], 1 << 16))
            header = msgspec.msgpack.decode(body, type=Header)
        except (struct.error, msgspec.DecodeError) as e:
            raise Refused(f"the recording {self.path} has a broken head; record again") from e
        if header.format > FORMAT:
            raise Refused(f"{self.path} has recording format {header.format}, this Surplus reads up to {FORMAT}; "
                          "update Surplus")  # fmt: skip
        if header.protocol != schema.PROTOCOL:
            raise Refused(f"{self.path} was recorded by Surplus {header.version} (protocol {header.protocol}), this "
                          f"one speaks {schema.PROTOCOL}; replay it with that version or record again")  # fmt: skip
        return header

    def _entries(self) -> Iterator[Entry]:
        """Every message of every whole batch; stops where the file is torn."""
        size = os.fstat(self._file.fileno()).st_size
        last_s = 0.0
        while True:
            head = self._file.read(_RECORD.size)
            if len(head) < _RECORD.size:
                return
            kind, time_s, length, crc = _RECORD.unpack(head)
            if kind not in (_ARRAY, _BATCH) or length > _LONGEST or self._file.tell() + length > size:
                return
            if not last_s <= time_s < math.inf:
                return
            last_s = time_s
            if kind == _ARRAY:
                self._file.seek(length, os.SEEK_CUR)
            else:
                body = self._file.read(length)
                if zlib.crc32(body) != crc:
                    return
                try:
                    parts = msgspec.msgpack.decode(body, type=list[_Part])
                except msgspec.DecodeError:
                    return
                yield from (Entry(time_s, p.topic, p.head, p.arrays) for p in parts)
            self.end = self._file.tell()

    def _array(self, place: int) -> bytes:
        self._file.seek(place)
        kind, _, length, crc = _RECORD.unpack(self._file.read(_RECORD.size))
        if kind != _ARRAY or length > _LONGEST:
            raise ValueError("no array where one should be")
        body = self._file.read(length)
        if zlib.crc32(body) != crc:
            raise ValueError("its checksum is wrong")
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(body, _LONGEST)
        if not unpacking.eof:
            raise ValueError("an array is cut short, or larger than any that is recorded")
        return raw
