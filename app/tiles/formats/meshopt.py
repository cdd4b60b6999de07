"""Buffer views compressed by meshopt (EXT_meshopt_compression), decoded with numpy.

No kept decoder is packaged for Python, and the bitstream is small: bytes of neighbouring elements are told as zigzag
differences, packed by sixteens in as few bits as they need; triangles are told by edges and vertices seen shortly
before. Source: EXT_meshopt_compression, appendices A (bitstream) and B (filters); version 1 of the attribute stream
is that of KHR_meshopt_compression. About 15 ms per 20,000 vertices: on the worker.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.formats import meshopt_index
from app.tiles.mesh import Unreadable

Array = NDArray[Any]

MOST_BYTES = 1 << 26
"""Decoded bytes of one buffer view."""
_GROUP = 16
_TWO = np.array([sum((b >> s & 3) == 3 for s in (0, 2, 4, 6)) for b in range(256)], np.uint8).tolist()
_FOUR = np.array([(b >> 4 == 15) + (b & 15 == 15) for b in range(256)], np.uint8).tolist()
_ONE = [bin(b).count("1") for b in range(256)]
_SENTINELS = {1: _ONE, 2: _TWO, 4: _FOUR}
"""How many values of a byte say that the true one follows, by bits a value."""


def decode(packed: memoryview, view: dict[str, Any]) -> bytes:
    """Bytes of the buffer view that `view`, the extension's object, describes.

    Raises:
        Unreadable: it is broken, or of a mode or filter that is not known.
    """
    count, stride, mode = view.get("count"), view.get("byteStride"), view.get("mode")
    if type(count) is not int or type(stride) is not int or count < 0 or not 1 <= stride <= 256:
        raise Unreadable("a buffer view of meshopt has no count or byteStride")
    if count * stride > min(MOST_BYTES, 4096 * max(len(packed), 1)):
        raise Unreadable(f"a buffer view of meshopt tells {count} elements, more than its {len(packed)} bytes can hold")
    try:
        if mode == "ATTRIBUTES":
            return _filtered(_attributes(bytes(packed), count, stride), view.get("filter", "NONE")).tobytes()
        if mode in ("TRIANGLES", "INDICES") and stride in (2, 4):
            read = meshopt_index.triangles if mode == "TRIANGLES" else meshopt_index.indices
            return np.array(read(bytes(packed), count), np.uint32).astype(f"<u{stride}").tobytes()
    except (IndexError, ValueError) as error:
        raise Unreadable("a buffer view of meshopt is truncated") from error
    raise Unreadable(f"a buffer view of meshopt has the mode {mode} with a stride of {stride}, which is not known")


def _attributes(data: bytes, count: int, stride: int) -> Array:
    """[count, stride] u8 of an attribute stream: blocks of elements byte by byte, at the end the element before all."""
    version = data[0] & 15
    if data[0] >> 4 != 10 or version > 1 or stride % 4:
        raise Unreadable("a buffer view of meshopt is no attribute stream of a known version")
    tail = stride + (stride // 4 if version else 0)
    if len(data) < 1 + tail:
        raise Unreadable("a buffer view of meshopt is truncated")
    last = np.frombuffer(data, np.uint8, stride, len(data) - tail)
    channels = data[len(data) - tail + stride :] if version else bytes(stride // 4)
    block = min(8192 // stride & ~(_GROUP - 1), 256)
    aligned = -(-count // _GROUP) * _GROUP
    deltas = np.zeros((stride, aligned), np.uint8)
    groups: dict[int, list[tuple[int, int]]] = {1: [], 2: [], 4: [], 8: []}
    at, end = 1, len(data) - tail
    for first in range(0, count, block):
        at = _block(data, at, end, deltas, groups, first, min(block, count - first), version)
    flat = deltas.reshape(-1)
    raw = np.frombuffer(data, np.uint8)
    for bits, found in groups.items():
        if found:
            _unpack(raw, np.array(found), bits, flat)
    return _summed(deltas[:, :count], last, channels)


def _block(
    data: bytes, at: int, end: int, deltas: Array, groups: dict[int, list[tuple[int, int]]],
    first: int, size: int, version: int,
) -> int:  # fmt: skip
    """Note where the groups of a block lie, (place in `data`, place in `deltas`) by bits; the place after the block."""
    stride, aligned = deltas.shape
    control = data[at : at + stride // 4] if version else b""
    at += len(control)
    count = -(-size // _GROUP)
    for byte in range(stride):
        kind = control[byte // 4] >> byte % 4 * 2 & 3 if version else 1
        if kind == 2:  # all zero
            continue
        if kind == 3:  # as they are
            deltas[byte, first : first + size] = np.frombuffer(data, np.uint8, size, at)
            at += size
            continue
        widths = (0, 2, 4, 8) if not version else (0, 1, 2, 4) if kind == 0 else (1, 2, 4, 8)
        header, at = at, at + -(-count // 4)
        for group in range(count):
            bits = widths[data[header + group // 4] >> group % 4 * 2 & 3]
            if not bits:
                continue
            groups[bits].append((at, byte * aligned + first + group * _GROUP))
            packed = 2 * bits
            if bits < 8:
                true = _SENTINELS[bits]
                for k in range(at, at + packed):
                    packed += true[data[k]]
            at += packed
        if at > end:
            raise Unreadable("a buffer view of meshopt is truncated")
    return at


def _unpack(raw: Array, groups: Array, bits: int, flat: Array) -> None:
    """Write the sixteen values of each group (place in `raw`, place in `flat`)."""
    start, target = groups[:, 0], groups[:, 1]
    packed = raw[start[:, None] + np.arange(2 * bits)]
    if bits == 8:
        values = packed
    else:
        shifts = np.arange(8 // bits) * bits  # the first value in the highest bits, of single bits in the lowest
        shifts = shifts if bits == 1 else shifts[::-1]
        sentinel = (1 << bits) - 1
        values = (packed[:, :, None] >> shifts & sentinel).reshape(len(groups), _GROUP).astype(np.uint8)
        true = values == sentinel
        place = start[:, None] + 2 * bits + np.cumsum(true, axis=1) - 1
        values[true] = raw[place[true]]
    flat[target[:, None] + np.arange(_GROUP)] = values


def _summed(deltas: Array, last: Array, channels: bytes) -> Array:
    """[count, stride] u8: differences added up, in bytes, in pairs of bytes, or joined bit by bit in fours."""
    stride, count = deltas.shape
    made = np.empty((count, stride), np.uint8)
    for k in range(0, stride, 4):
        kind, turn = channels[k // 4] & 3, channels[k // 4] >> 4
        dtype = np.dtype(("u1", "<u2", "<u4")[min(kind, 2)])
        value = np.ascontiguousarray(deltas[k : k + 4].T).view(dtype)
        before = last[k : k + 4].view(dtype)
        if kind == 2:
            turned = value << dtype.type(32 - turn & 31) | value >> dtype.type(turn) if turn else value
            whole = np.bitwise_xor.accumulate(np.vstack([before, turned]), axis=0)[1:]
        elif kind < 2:
            signed = value >> 1 ^ -(value & 1)
            whole = np.add.accumulate(np.vstack([before, signed]), axis=0, dtype=dtype)[1:]
        else:
            raise Unreadable("a buffer view of meshopt has a channel of an unknown kind")
        made[:, k : k + 4] = whole.view(np.uint8)
    return made


def _filtered(made: Array, name: str) -> Array:
    """Numbers of a filter's encoding (appendix B)."""
    stride = made.shape[1]
    if name == "NONE":
        return made
    if name == "EXPONENTIAL" and stride % 4 == 0:
        whole = made.view("<i4")
        return np.ldexp((whole << 8 >> 8).astype(np.float32), whole >> 24).astype("<f4")
    if name == "OCTAHEDRAL" and stride in (4, 8):
        raw = made.view(f"<i{stride // 4}")
        largest = 127.0 if stride == 4 else 32767.0
        x, y = (raw[:, k].astype(np.float64) / np.maximum(raw[:, 2], 1) for k in (0, 1))
        z = 1.0 - np.abs(x) - np.abs(y)
        fold = np.minimum(z, 0.0)
        v = np.column_stack([x + np.where(x >= 0, fold, -fold), y + np.where(y >= 0, fold, -fold), z])
        v *= largest / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)
        return np.column_stack([_rounded(v).astype(raw.dtype), raw[:, 3]])
    if name == "QUATERNION" and stride == 8:
        raw = made.view("<i2")
        part = raw[:, :3] * (np.sqrt(0.5) / (raw[:, 3:] | 3))
        largest = np.sqrt(np.maximum(1.0 - (part**2).sum(axis=1), 0.0))
        turned = np.column_stack([part, largest])
        place = (raw[:, 3:] & 3) + np.array([1, 2, 3, 4]) & 3
        out = np.empty_like(turned)
        np.put_along_axis(out, place, turned, axis=1)
        return _rounded(out * 32767.0).astype("<i2")
    raise Unreadable(f"a buffer view of meshopt has the filter {name} with a stride of {stride}, which is not known")


def _rounded(v: Array) -> Array:
    """Half away from zero."""
    return np.trunc(v + np.copysign(0.5, v))
