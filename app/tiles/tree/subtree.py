"""Subtree files of implicit tiling: binary or JSON, their buffers and bits. Source: OGC 22-025r4 section 7.6.5."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.mesh import Unreadable

Json = Mapping[str, Any]
Bool = NDArray[np.bool_]
Beside = Callable[[str], bytes]
"""Bytes of a file, by its address relative to the subtree."""
_MAGIC = b"subt"


class SubtreeFile:
    """A subtree file: its JSON, its buffer views, its bits."""

    def __init__(self, content: bytes, beside: Beside) -> None:
        body = memoryview(content)
        self._beside, self._inside = beside, memoryview(b"")
        if bytes(body[:4]) == _MAGIC:
            if len(body) < 24:
                raise Unreadable("the subtree is truncated: its header is not whole")
            version, head, tail = struct.unpack_from("<IQQ", body, 4)
            if version != 1:
                raise Unreadable(f"the subtree has version {version}; 1 is read")
            if 24 + head + tail > len(body):
                raise Unreadable(f"the subtree is truncated: {24 + head + tail} bytes declared, {len(body)} there")
            self._inside, body = body[24 + head : 24 + head + tail], body[24 : 24 + head]
        try:
            self.json = json.loads(bytes(body).rstrip(b"\0"))
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"the subtree is no JSON ({str(error)[:100]})") from error
        if not isinstance(self.json, dict):
            raise Unreadable("the subtree is no object")
        self._buffers: dict[int, memoryview] = {}

    def view(self, index: Any) -> memoryview:
        """Bytes of a buffer view."""
        one = item(self.json.get("bufferViews"), index, "bufferView")
        buffer = self._buffer(one.get("buffer"))
        start, size = one.get("byteOffset", 0), one.get("byteLength")
        if type(start) is not int or type(size) is not int or start < 0 or size < 0 or start + size > len(buffer):
            raise Unreadable(f"bufferView {index} of the subtree lies outside its buffer of {len(buffer)} bytes")
        return buffer[start : start + size]

    def _buffer(self, index: Any) -> memoryview:
        if index not in self._buffers:
            one = item(self.json.get("buffers"), index, "buffer")
            if type(one.get("uri")) is str:
                try:
                    body = memoryview(self._beside(one["uri"]))
                except OSError as error:
                    raise Unreadable(f"the subtree's buffer {one['uri'][:100]} cannot be read ({error})") from error
            else:
                body = self._inside
            size = one.get("byteLength")
            if type(size) is not int or not 0 <= size <= len(body):
                raise Unreadable(f"buffer {index} of the subtree has {len(body)} bytes, {str(size)[:20]} declared")
            self._buffers[index] = body[:size]
        return self._buffers[index]

    def bits(self, said: Any, count: int, what: str) -> Bool:
        """[count] availability: a constant or a bitstream."""
        if not isinstance(said, Mapping):
            raise Unreadable(f"the subtree has no {what}")
        constant = said.get("constant")
        if constant is not None:
            if constant not in (0, 1):
                raise Unreadable(f"{what} of the subtree is constant {str(constant)[:20]}; only 0 and 1 make sense")
            return np.full(count, bool(constant))
        body = self.view(said.get("bitstream", said.get("bufferView")))
        if not 0 <= len(body) - -(-count // 8) < 8:  # some are padded
            raise Unreadable(f"{what} of the subtree has {len(body)} bytes of bits, {-(-count // 8)} are needed")
        return np.unpackbits(np.frombuffer(body, np.uint8), count=count, bitorder="little").astype(bool)

    def content_bits(self, count: int, contents: int) -> list[Bool]:
        """[content][count] availability of each content."""
        said = extended(self.json, "3DTILES_multiple_contents").get("contentAvailability")
        said = self.json.get("contentAvailability") if said is None else said
        listed = said if isinstance(said, list) else [] if said is None else [said]
        if len(listed) < contents:
            listed = [*listed, *repeat({"constant": 0}, contents - len(listed))]
        return [self.bits(one, count, "contentAvailability") for one in listed[:contents]]


def item(rows: Any, index: Any, what: str) -> Json:
    """Row `index` of a list of objects."""
    if type(rows) is not list or type(index) is not int or not 0 <= index < len(rows) or type(rows[index]) is not dict:
        raise Unreadable(f"the subtree names {what} {str(index)[:20]}, which it does not have")
    one: Json = rows[index]
    return one


def extended(document: Json, name: str) -> Json:
    """An extension object, empty without."""
    extensions = document.get("extensions")
    found = extensions.get(name) if isinstance(extensions, Mapping) else None
    return found if isinstance(found, Mapping) else {}
