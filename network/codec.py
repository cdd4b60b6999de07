"""Message <-> frames: a msgpack header, then every array as a raw frame of its own. Pure.

In the header an array stands as [index of its frame, dtype, shape]. Frames are read in place, so decoded arrays are
read-only views. Several messages may follow each other in one list of frames: a header says by its arrays where the
next one starts. Whatever arrives malformed raises `BadFrames`, with what was promised and what came.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np

from network.schema import AnyMessage, Message

Frame: TypeAlias = bytes | bytearray | memoryview
DTYPES = frozenset({"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"})
"""What may travel: plain little-endian numbers."""
DIMENSIONS = 4
"""At most, of one array."""


class BadFrames(ValueError):  # noqa: N818 - the name says what arrived
    """Frames that are no message of this vocabulary."""


def encode(message: Message) -> list[Frame]:
    """Frames of one message: header first, then its arrays in the order of its fields.

    Raises:
        TypeError: an array's element type may not travel.
    """
    arrays: list[Frame] = []

    def reference(value: Any) -> list[Any]:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(message).__name__} holds a {type(value).__name__}, which cannot be sent")
        plain = np.ascontiguousarray(value)
        if plain.dtype.byteorder == ">" or plain.dtype.str not in DTYPES:
            raise TypeError(f"{type(message).__name__} holds an array of {value.dtype}, which cannot be sent")
        arrays.append(plain.reshape(-1).view(np.uint8).data if plain.size else b"")
        return [len(arrays) - 1, plain.dtype.str, list(value.shape)]

    header = msgspec.msgpack.encode(message, enc_hook=reference)
    return [header, *arrays]


def encode_all(messages: Iterable[Message]) -> list[Frame]:
    """Frames of several messages, one after the other."""
    return [frame for message in messages for frame in encode(message)]


def decode(frames: Sequence[Frame]) -> Message:
    """The one message in `frames`.

    Raises:
        BadFrames: they are not exactly one message.
    """
    message, used = _first(frames)
    if used != len(frames):
        raise BadFrames(f"{type(message).__name__}: {len(frames)} frames came, its header names {used}")
    return message


def decode_all(frames: Sequence[Frame]) -> list[Message]:
    """All messages in `frames`, in order.

    Raises:
        BadFrames: one of them is malformed.
    """
    messages = []
    while frames:
        message, used = _first(frames)
        messages.append(message)
        frames = frames[used:]
    return messages


def topic(message: Message) -> bytes:
    """Name under which a message is published; the newest of a topic replaces all earlier ones.

    Ends in ";" so that no topic is the beginning of another (subscriptions match beginnings).
    """
    words = [type(message).__name__.lower()]
    words += [str(getattr(message, name)) for name in ("side", "quantity") if hasattr(message, name)]
    return f"{':'.join(words)};".encode()


def flux_topic(side: str, quantity: str) -> bytes:
    """Topic of the FluxBlocks of one quantity of one side."""
    return f"fluxblock:{side}:{quantity};".encode()


def _first(frames: Sequence[Frame]) -> tuple[Message, int]:
    """First message of `frames` and how many frames it takes."""
    if not frames:
        raise BadFrames("no frames")
    taken: set[int] = set()

    def array(kind: type, reference: Any) -> Any:
        if kind is not np.ndarray:
            raise BadFrames(f"the vocabulary has no {kind.__name__}")
        value, index = _array(reference, frames[1:])
        taken.add(index)
        return value

    try:
        message = msgspec.msgpack.decode(frames[0], type=AnyMessage, dec_hook=array)
    except BadFrames:
        raise
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as e:
        raise BadFrames(f"not a message: {e}") from e
    if taken != set(range(len(taken))):
        raise BadFrames(f"{type(message).__name__}: its arrays name frames {sorted(taken)}, not one after the other")
    return message, 1 + len(taken)


def _array(reference: Any, frames: Sequence[Frame]) -> tuple[np.ndarray, int]:
    """Read-only array behind a reference, and the index of its frame."""
    match reference:
        case [int(index), str(dtype), [*shape]] if (
            dtype in DTYPES and len(shape) <= DIMENSIONS and all(isinstance(n, int) and n >= 0 for n in shape)
        ):
            pass
        case _:
            raise BadFrames(f"no array: {str(reference)[:80]}")
    if not 0 <= index < len(frames):
        raise BadFrames(f"an array is said to be in frame {index + 1}, of {len(frames) + 1}")
    held, promised = memoryview(frames[index]).nbytes, math.prod(shape) * np.dtype(dtype).itemsize
    if held != promised:
        raise BadFrames(f"header says {dtype} {shape} = {promised} bytes, the frame holds {held}")
    value = np.frombuffer(frames[index], dtype=dtype).reshape(shape)
    value.setflags(write=False)
    return value, index
