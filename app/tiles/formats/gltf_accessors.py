"""The bytes of a glTF and the arrays in them: buffers, views, accessors.

Source: glTF 2.0 specification 3.6 (buffers, accessors, sparse accessors) and 4.4 (GLB); KHR_mesh_quantization;
EXT_meshopt_compression. Every count is checked against the bytes at hand before memory is asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from app.tiles.formats import meshopt
from app.tiles.mesh import Unreadable

Array = NDArray[Any]
Json = dict[str, Any]
Read = Callable[[str], bytes]

TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
MOST_ZEROS = 1 << 24
"""Bytes that an accessor without a buffer may ask for."""
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


class Document:
    """A glTF document with its binary data; arrays are views wherever the file allows it."""

    def __init__(self, json: Json, binary: memoryview, read: Read | None = None) -> None:
        """`binary` is the BIN chunk; `read` fetches what an address in the document names, relative to it."""
        self.json, self._binary, self._read = json, binary, read
        self._buffers: dict[int, memoryview] = {}
        self._unpacked: dict[int, memoryview] = {}

    def item(self, kind: str, index: Any) -> Json:
        """Entry `index` of a top-level array.

        Raises:
            Unreadable: there is none.
        """
        rows = self.json.get(kind)
        if type(index) is not int or not isinstance(rows, list) or not 0 <= index < len(rows):
            raise Unreadable(f"the glTF names {kind}[{index}], which it does not have")
        if not isinstance(rows[index], dict):
            raise Unreadable(f"{kind}[{index}] of the glTF is no object")
        return rows[index]

    def fetch(self, uri: str) -> memoryview:
        """Bytes behind an address: a data URI, or a file beside the document.

        Raises:
            Unreadable: it cannot be had, with the reason.
            OSError: it did not come; another try may help.
        """
        if uri.startswith("data:"):
            return memoryview(_data_uri(uri))
        if self._read is None:
            raise Unreadable(f"needs {uri[:80]}, but files beside this content are not at hand")
        return memoryview(self._read(uri))

    def buffer(self, index: int) -> memoryview:
        """Bytes of a buffer; the first without an address is the BIN chunk."""
        if index not in self._buffers:
            item = self.item("buffers", index) if "buffers" in self.json else {}
            uri = item.get("uri")
            self._buffers[index] = self.fetch(uri) if isinstance(uri, str) else self._binary
        return self._buffers[index]

    def view(self, index: int) -> memoryview:
        """Bytes of a buffer view, decompressed where it is compressed.

        Raises:
            Unreadable: it reaches beyond its buffer.
        """
        if index in self._unpacked:
            return self._unpacked[index]
        item = self.item("bufferViews", index)
        packed = next((e for n, e in item.get("extensions", {}).items() if n in MESHOPT), None)
        if packed is not None:
            self._unpacked[index] = memoryview(meshopt.decode(self._part(packed, index), packed))
            return self._unpacked[index]
        return self._part(item, index)

    def _part(self, item: Json, index: int) -> memoryview:
        data = self.buffer(item.get("buffer", 0))
        start, size = item.get("byteOffset", 0), item["byteLength"]
        if type(start) is not int or type(size) is not int or start < 0 or size < 0 or start + size > len(data):
            raise Unreadable(f"bufferView {index} reaches beyond its buffer of {len(data)} bytes")
        return data[start : start + size]

    def array(self, index: int) -> Array:
        """Accessor `index` as numbers of the file, [count] or [count, width]; a view unless sparse or normalized.

        Raises:
            Unreadable: it reaches beyond its buffer view, or is of no known type.
        """
        a = self.item("accessors", index)
        kind, width, count = a.get("componentType"), WIDTHS.get(a.get("type", ""), 0), a.get("count")
        if kind not in TYPES or not width or type(count) is not int or count < 0:
            raise Unreadable(f"accessor {index} is of no known type or has no count")
        dtype = np.dtype(TYPES[kind])
        if "bufferView" in a:
            view = self.view(a["bufferView"])
            stride = a.get("byteStride") or self.json["bufferViews"][a["bufferView"]].get("byteStride")
            array = _strided(view, a.get("byteOffset", 0), stride, dtype, count, a["type"])
        elif count * width * dtype.itemsize <= MOST_ZEROS:
            array = np.zeros((count, width), dtype)
        else:
            raise Unreadable(f"accessor {index} asks for {count} zeros, which is too much")
        if array is None:
            raise Unreadable(f"accessor {index} reaches beyond its bufferView")
        if "sparse" in a:
            array = self._sparse(a["sparse"], array, index)
        if a.get("normalized") and dtype.kind != "f":
            array = dequantized(array)
        web3d = a.get("extensions", {}).get("WEB3D_quantized_attributes")
        if web3d:  # glTF 1.0: a homogeneous matrix, columns first, makes numbers of the integers
            decode = np.array(web3d["decodeMatrix"], np.float64).reshape(width + 1, width + 1)
            array = (array @ decode[:width, :width] + decode[width, :width]).astype(np.float32)
        return array[:, 0] if width == 1 else array

    def _sparse(self, sparse: Json, array: Array, index: int) -> Array:
        """The dense part with single elements replaced (3.6.2.3)."""
        count, at, of = sparse["count"], sparse["indices"], sparse["values"]
        whole = np.dtype(TYPES[at["componentType"]])
        rows = _strided(self.view(at["bufferView"]), at.get("byteOffset", 0), None, whole, count, "SCALAR")
        width = array.shape[1]
        kind = next(k for k, w in WIDTHS.items() if w == width)
        values = _strided(self.view(of["bufferView"]), of.get("byteOffset", 0), None, array.dtype, count, kind)
        if rows is None or values is None:
            raise Unreadable(f"the sparse part of accessor {index} reaches beyond its bufferView")
        if len(rows) and int(rows.max()) >= len(array):
            raise Unreadable(f"the sparse part of accessor {index} points beyond its {len(array)} elements")
        array = array.copy()
        array[rows[:, 0].astype(np.int64)] = values
        return array


def _strided(
    view: memoryview, start: Any, stride: Any, dtype: np.dtype[Any], count: Any, kind: str
) -> Array | None:
    """[count, width] rows in a buffer view, None where they reach beyond it.

    Columns of matrices of small numbers begin at multiples of four bytes (3.6.2.4).
    """
    width = WIDTHS[kind]
    side = {"MAT2": 2, "MAT3": 3}.get(kind, 0)
    column = -(-side * dtype.itemsize // 4) * 4 if side else width * dtype.itemsize
    size = column * side if side else column
    stride = size if stride is None else stride
    if any(type(v) is not int or v < 0 for v in (start, stride, count)):
        return None
    if count and start + stride * (count - 1) + size > len(view):
        return None
    if not count:
        return np.zeros((0, width), dtype)
    if side:
        cube: Array = np.ndarray((count, side, side), dtype, view, start, (stride, column, dtype.itemsize))
        return cube.reshape(count, width)
    rows: Array = np.ndarray((count, width), dtype, view, start, (stride, dtype.itemsize))
    return rows


def dequantized(array: Array) -> Array:
    """Normalised integers as float32: c / (2^bits - 1), of signed ones max(c / (2^(bits - 1) - 1), -1) (3.6.2.2)."""
    largest = float(2 ** (8 * array.dtype.itemsize - (array.dtype.kind == "i")) - 1)
    return np.maximum(array.astype(np.float32) / np.float32(largest), np.float32(-1.0))


def _data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise Unreadable("a data URI of the glTF has no comma")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body.encode(), validate=False)
    except binascii.Error as error:
        raise Unreadable(f"a data URI of the glTF is broken: {error}") from error


def parsed(text: bytes | memoryview, what: str) -> Json:
    """JSON object in `text`; `what` names it in the reason.

    Raises:
        Unreadable: it is none.
    """
    try:
        value = json.loads(bytes(text).decode("utf-8-sig").rstrip(" \0\n\r\t") or "{}")
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the JSON of the {what} is broken: {str(error)[:120]}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"the JSON of the {what} is no object")
    return value


def chunks(content: memoryview) -> tuple[Json, memoryview]:
    """JSON and BIN chunk of a GLB of version 2, or JSON and body of a binary glTF 1.0.

    Raises:
        Unreadable: truncated, of another version, or broken.
    """
    if len(content) < 20:
        raise Unreadable(f"GLB of {len(content)} bytes is truncated")
    _, version, length = struct.unpack_from("<4sII", content)
    if version not in (1, 2):
        raise Unreadable(f"glTF version {version} is not read, only 1 and 2")
    if length > len(content):
        raise Unreadable(f"GLB is truncated: {len(content)} of {length} bytes")
    if version == 1:
        size = struct.unpack_from("<I", content, 12)[0]
        if 20 + size > length:
            raise Unreadable(f"the JSON of the GLB reaches beyond its {length} bytes")
        return parsed(content[20 : 20 + size], "GLB"), content[20 + size : length]
    header: Json | None = None
    binary: memoryview | None = None
    offset = 12
    while offset + 8 <= length:
        size, kind = struct.unpack_from("<I4s", content, offset)
        if offset + 8 + size > length:
            raise Unreadable(f"a chunk of the GLB reaches beyond its {length} bytes")
        chunk = content[offset + 8 : offset + 8 + size]
        if kind == b"JSON" and header is None:
            header = parsed(chunk, "GLB")
        elif kind == b"BIN\0" and binary is None:
            binary = chunk
        offset += 8 + size
    return header or {}, memoryview(b"") if binary is None else binary
