"""Small glTF files, written number by number for the tests of what reads them."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

KINDS = {"b": 5120, "B": 5121, "h": 5122, "H": 5123, "I": 5125, "f": 5126}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
CORNERS = np.array([(0, 0, 0), (2, 0, 0), (2, 0, -3), (0, 0, -3)], np.float32)
"""A square of 2 by 3 on the ground of a y-up world, as one sees it from above."""


class Gltf:
    """A document and its binary chunk, both growing."""

    def __init__(self) -> None:
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": []}], "accessors": [], "bufferViews": [],
        }  # fmt: skip
        self.binary = b""

    def view(self, data: bytes, **more: Any) -> int:
        self.binary += b"\0" * (-len(self.binary) % 8)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **more})
        self.binary += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, array: Any, **more: Any) -> int:
        array = np.ascontiguousarray(array)
        width = 1 if array.ndim == 1 else array.shape[1]
        entry = {"componentType": KINDS[array.dtype.char], "count": len(array), "type": TYPES[width]}
        self.json["accessors"].append({"bufferView": self.view(array.tobytes()), **entry, **more})
        return len(self.json["accessors"]) - 1

    def add(self, kind: str, item: Any) -> int:
        rows = self.json.setdefault(kind, [])
        rows.append(item)
        return len(rows) - 1

    def primitive(self, positions: Any = CORNERS, index: Any = (0, 1, 2, 0, 2, 3), **more: Any) -> dict[str, Any]:
        """A primitive with positions and indices (None = without); `more` are its other members."""
        shape: dict[str, Any] = {"attributes": {"POSITION": self.accessor(np.asarray(positions, np.float32))}, **more}
        if index is not None:
            shape["indices"] = self.accessor(np.asarray(index, np.uint16))
        self.json["meshes"][0]["primitives"].append(shape)
        return shape

    def glb(self) -> bytes:
        self.json["buffers"] = [{"byteLength": len(self.binary)}]
        return glb(self.json, self.binary)


def glb(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB of version 2."""
    text, binary = padded(json.dumps(document).encode(), 4), binary + b"\0" * (-len(binary) % 4)
    chunk = struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(chunk), len(text), 0x4E4F534A) + text + chunk


def padded(text: bytes, to: int) -> bytes:
    return text + b" " * (-len(text) % to)


def tile(magic: bytes, features: dict[str, Any], batch: dict[str, Any] | None = None, *, rest: bytes = b"",
         body: bytes = b"", batch_body: bytes = b"", more: bytes = b"") -> bytes:  # fmt: skip
    """A tile of 3D Tiles 1.0: header (and `more` of it), feature table, batch table, and what they are about."""
    parts = [padded(json.dumps(features).encode(), 8), body, padded(json.dumps(batch).encode(), 8) if batch else b""]
    parts += [batch_body]
    size = 28 + len(more) + sum(map(len, parts)) + len(rest)
    return struct.pack("<4sIIIIII", magic, 1, size, *map(len, parts)) + more + b"".join(parts) + rest


def cmpt(*parts: bytes) -> bytes:
    return struct.pack("<4sIII", b"cmpt", 1, 16 + sum(map(len, parts)), len(parts)) + b"".join(parts)
