"""Index streams of EXT_meshopt_compression: triangles by edges and vertices seen shortly before, or plain differences.

Source: EXT_meshopt_compression, appendix A, modes 1 (triangles) and 2 (indices). An index past the data raises
IndexError, which the caller names.
"""

from __future__ import annotations

from typing import Any

from app.tiles.mesh import Unreadable

_MASK = 0xFFFFFFFF


def triangles(data: bytes, count: int) -> list[int]:
    """[count] vertex indices of count / 3 triangles.

    Raises:
        Unreadable: no stream of a known version, or truncated.
    """
    codes = count // 3
    if data[0] != 0xE1 or count % 3 or len(data) < 1 + codes + 16:
        raise Unreadable("a buffer view of meshopt is no triangle stream of a known version, or truncated")
    auxiliary, stream = data[-16:], _Stream(data, 1 + codes, len(data) - 16)
    edges, vertices = _Recent((0, 0)), _Recent(0)
    following = 0
    out: list[int] = []
    for code in data[1 : 1 + codes]:
        if code < 0xF0:
            a, b = edges.back(code >> 4)
            low = code & 15
            if low < 13:
                c = following if low == 0 else vertices.back(low)
                if low == 0:
                    following += 1
                    vertices.push(c)
            else:  # 13 and 14 are the neighbours of the last one told, 15 is told
                c = stream.index() if low == 15 else stream.near(-1 if low == 13 else 1)
                vertices.push(c)
            edges.push((c, b))
            edges.push((a, c))
        else:
            told = code >= 0xFE
            pair = stream.byte() if told else auxiliary[code & 15]
            if told and pair == 0:
                following = 0
            corners = (15 if code == 0xFF else 0, pair >> 4, pair & 15)
            told_or_new: list[int] = []
            for corner in corners:
                if corner == 0:
                    told_or_new.append(following)
                    following += 1
                else:
                    told_or_new.append(-1 if corner == 15 and told else vertices.back(corner - 1))
            a, b, c = (stream.index() if v < 0 else v for v in told_or_new)
            for v, corner in zip((a, b, c), corners, strict=True):
                if corner == 0 or (corner == 15 and told):
                    vertices.push(v)
            edges.push((b, a))
            edges.push((c, b))
            edges.push((a, c))
        out += (a & _MASK, b & _MASK, c & _MASK)
    return out


def indices(data: bytes, count: int) -> list[int]:
    """[count] indices, each told from one of two before.

    Raises:
        Unreadable: no stream of a known version, or truncated.
    """
    if data[0] != 0xD1 or len(data) < 1 + count + 4:
        raise Unreadable("a buffer view of meshopt is no index stream of a known version, or truncated")
    stream, last = _Stream(data, 1, len(data) - 4), [0, 0]
    out = []
    for _ in range(count):
        v = stream.number()
        last[v & 1] = last[v & 1] + (v >> 2 ^ -(v >> 1 & 1)) & _MASK
        out.append(last[v & 1])
    return out


class _Recent:
    """The sixteen things seen last."""

    def __init__(self, nothing: object) -> None:
        self._ring, self._at = [nothing] * 16, 0

    def push(self, item: object) -> None:
        self._ring[self._at & 15] = item
        self._at += 1

    def back(self, steps: int) -> Any:
        """The thing seen `steps` before the last."""
        return self._ring[self._at - 1 - steps & 15]


class _Stream:
    """Bytes of a stream up to its tail."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end, self._last = data, at, end, 0

    def byte(self) -> int:
        if self._at >= self._end:
            raise Unreadable("a buffer view of meshopt is truncated")
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        """Seven bits a byte, lowest first, at most five bytes."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                break
        return value

    def index(self) -> int:
        """An index told as its zigzag difference from the last one told."""
        v = self.number()
        return self.near(v >> 1 ^ -(v & 1))

    def near(self, step: int) -> int:
        self._last = self._last + step & _MASK
        return self._last
