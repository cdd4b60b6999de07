"""Tiles of 3D Tiles 1.0 around a glTF: b3dm, i3dm, and cmpt, which holds several tiles.

Sources: 3D Tiles 1.0, "Batched 3D Model", "Instanced 3D Model", "Composite". The headers of b3dm before 1.0 (20
bytes: batch count, batch table's size; 24 bytes: batch table's sizes, batch count) are told by what is in the place
of the later fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.formats import batch_table, gltf, instances, topology
from app.tiles.formats.gltf_accessors import Json, chunks, parsed
from app.tiles.formats.reading import Reading
from app.tiles.geodesy import A_M, E2
from app.tiles.mesh import Mesh, Unreadable

Array = NDArray[Any]

DEEPEST = 16
"""Composites within composites."""
_LOOKS_LIKE_JSON = 570425344
"""First bytes of a JSON text read as a size: what a header before 1.0 has in the place of a table's size."""


def framed(content: memoryview) -> memoryview:
    """The content to the length that its header tells.

    Raises:
        Unreadable: it is shorter.
    """
    if len(content) < 16:
        raise Unreadable(f"{bytes(content[:4]).decode('ascii', 'replace')} of {len(content)} bytes is truncated")
    name, version, length = struct.unpack_from("<4sII", content)
    if version != 1:
        raise Unreadable(f"{name.decode()} of version {version} is not read, only 1")
    if length > len(content) or length < 16:
        raise Unreadable(f"{name.decode()} is truncated: {len(content)} of {length} bytes")
    return content[:length]


class Tables:
    """Feature table and batch table of a tile."""

    def __init__(self, content: memoryview, header: int, sizes: tuple[int, int, int, int]) -> None:
        """`sizes` are the bytes of the four parts after the header of `header` bytes."""
        name = bytes(content[:4]).decode()
        if header + sum(sizes) > len(content):
            raise Unreadable(f"the tables of the {name} reach beyond its {len(content)} bytes")
        parts, at = [], header
        for size in sizes:
            parts.append(content[at : at + size])
            at += size
        self.features = parsed(parts[0], f"feature table of the {name}")
        self.body, self.batch_body = parts[1], parts[3]
        self.batch = parsed(parts[2], f"batch table of the {name}")
        self.rest = content[at:]

    def number(self, name: str, default: int | None = None) -> int:
        """A count that applies to all of the tile.

        Raises:
            Unreadable: it is missing or no whole number.
        """
        value = self.features.get(name, default)
        if isinstance(value, dict):
            value = int(self.column(name, 1, 1, "UNSIGNED_INT")[0])
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not 0 <= value < 2**32:
            raise Unreadable(f"{name} of the feature table is no count")
        return value

    def vector(self, name: str, width: int = 3) -> Array | None:
        """A value for all of the tile, [width] float64, or None."""
        value = self.features.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return self.column(name, width, 1, "FLOAT")[0].astype(np.float64)
        vector = np.asarray(value, np.float64).reshape(width)
        if not np.isfinite(vector).all():
            raise Unreadable(f"{name} of the feature table is no {width} finite numbers")
        return vector

    def column(self, name: str, width: int, count: int, kind: str) -> Array:
        """[count, width] values by point or instance; `kind` unless the table names another.

        Raises:
            Unreadable: they reach beyond the table.
        """
        value = self.features[name]
        if isinstance(value, list):
            return np.array(value, batch_table.TYPES[kind]).reshape(count, width)
        kind = value.get("componentType", kind)
        at, what = value.get("byteOffset"), f"{name} of the feature table"
        return batch_table.binary_column(self.body, at, kind, width, count, what).reshape(count, width)

    def __contains__(self, name: str) -> bool:
        return name in self.features

    def table(self, count: int, reading: Reading, unpacked: dict[int, Array] | None = None) -> Table:
        """The batch table as one of `count` features."""
        return batch_table.table(self.batch, self.batch_body, count, reading, unpacked=unpacked)


def tables(content: memoryview, header: int = 28) -> Tables:
    """Tables behind a header of 28 bytes, or more.

    Raises:
        Unreadable: truncated.
    """
    if len(content) < header:
        raise Unreadable(f"{bytes(content[:4]).decode()} of {len(content)} bytes is truncated")
    a, b, c, d = struct.unpack_from("<IIII", content, 12)
    return Tables(content, header, (a, b, c, d))


def b3dm(content: memoryview, reading: Reading) -> tuple[Mesh, ...]:
    """Meshes of a batched model.

    Raises:
        Unreadable: with the reason.
    """
    content = framed(content)
    if len(content) < 28:
        raise Unreadable(f"b3dm of {len(content)} bytes is truncated")
    a, b, c, d = struct.unpack_from("<IIII", content, 12)
    if c >= _LOOKS_LIKE_JSON:  # 20 bytes: batchLength, batchTableByteLength, and the batch table itself
        held, length = Tables(content, 20, (0, 0, b, 0)), a
    elif d >= _LOOKS_LIKE_JSON:  # 24 bytes: batchTableJsonByteLength, batchTableBinaryByteLength, batchLength
        held, length = Tables(content, 24, (0, 0, a, b)), c
    else:
        held = Tables(content, 28, (a, b, c, d))
        length = held.number("BATCH_LENGTH", 0)
    batch = held.table(length, reading) if length or held.batch else None
    made = gltf.meshes(*chunks(held.rest), reading, batch=batch)
    centre = held.vector("RTC_CENTER")
    return made if centre is None else tuple(replace(m, matrix=gltf.shifted(centre) @ m.matrix) for m in made)


def i3dm(content: memoryview, reading: Reading) -> tuple[Mesh, ...]:
    """Meshes of an instanced model, written out.

    Raises:
        Unreadable: with the reason.
        OSError: its model did not come.
    """
    content = framed(content)
    held = tables(content, 32)
    kind = struct.unpack_from("<I", content, 28)[0]
    count = held.number("INSTANCES_LENGTH")
    instances.bounded(count)
    places, centre = _places(held, count)
    feature: Array | None = np.arange(count, dtype=np.uint32) if held.batch else None
    if "BATCH_ID" in held:
        feature = held.column("BATCH_ID", 1, count, "UNSIGNED_SHORT")[:, 0].astype(np.uint32)
    length = int(feature.max()) + 1 if feature is not None and count else 0
    batch = held.table(length, reading) if held.batch else Table(length)
    if kind == 0:
        uri = bytes(held.rest).decode("utf-8", "replace").strip(" \0")
        if reading.read is None:
            raise Unreadable(f"its model {uri[:80]} is another file, and files beside this content are not at hand")
        model, inside = memoryview(reading.read(uri)), reading.beside(uri)
    elif kind == 1:
        model, inside = held.rest, reading
    else:
        raise Unreadable(f"gltfFormat {kind} of an i3dm is not known")
    shapes = gltf.meshes(*_document(model), inside)
    shift = gltf.shifted(centre)
    placed = (
        instances.written_out(_in_tile(m), places, reading, feature=feature, table=batch) for m in shapes
    )
    return gltf.counted_once(replace(m, matrix=shift @ m.matrix) for m in placed)


def _document(model: memoryview) -> tuple[Json, memoryview]:
    return chunks(model) if bytes(model[:4]) == b"glTF" else (parsed(model, "glTF"), memoryview(b""))


def _in_tile(m: Mesh) -> Mesh:
    """The mesh with its vertices in the tile's frame, where the instances are."""
    position = m.position @ m.matrix[:3, :3].T + m.matrix[:3, 3]
    squared = np.maximum((m.matrix[:3, :3] ** 2).sum(axis=0), 1e-12)
    normal = (m.normal / squared) @ m.matrix[:3, :3].T
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return replace(m, position=position, normal=normal, matrix=np.eye(4))


def _places(held: Tables, count: int) -> tuple[instances.Places, Array]:
    """Where the instances stand, told from the centre [3] that follows."""
    centre = held.vector("RTC_CENTER")
    if "POSITION" in held:
        at = held.column("POSITION", 3, count, "FLOAT").astype(np.float64)
    elif "POSITION_QUANTIZED" in held:
        at = dequantized(held, count)
    else:
        raise Unreadable("its feature table has neither POSITION nor POSITION_QUANTIZED")
    if not np.isfinite(at).all():
        raise Unreadable("a position of an instance is no finite number")
    turn = np.broadcast_to(np.eye(3), (count, 3, 3))
    basis = _basis(held, count)
    if basis is not None:
        turn = basis
    elif held.features.get("EAST_NORTH_UP"):
        turn = _east_north_up(at if centre is None else at + centre)
    scale = np.ones((count, 3))
    if "SCALE" in held:
        scale = scale * held.column("SCALE", 1, count, "FLOAT")
    if "SCALE_NON_UNIFORM" in held:
        scale = scale * held.column("SCALE_NON_UNIFORM", 3, count, "FLOAT")
    return instances.Places(at, turn * scale[:, None, :], scale), np.zeros(3) if centre is None else centre


def dequantized(held: Tables, count: int) -> Array:
    """[count, 3] float64 of POSITION_QUANTIZED: q / 65535 times the volume's scale plus its offset.

    Raises:
        Unreadable: the volume is missing.
    """
    scale, offset = held.vector("QUANTIZED_VOLUME_SCALE"), held.vector("QUANTIZED_VOLUME_OFFSET")
    if scale is None or offset is None:
        raise Unreadable("its quantized positions have no QUANTIZED_VOLUME_SCALE and QUANTIZED_VOLUME_OFFSET")
    raw = held.column("POSITION_QUANTIZED", 3, count, "UNSIGNED_SHORT").astype(np.float64)
    placed: Array = raw / 65535.0 * scale + offset
    return placed


def _basis(held: Tables, count: int) -> Array | None:
    """[instance, 3, 3] columns right, up, forward; None where the instances are not turned."""
    up = _directions(held, "NORMAL_UP", count)
    right = _directions(held, "NORMAL_RIGHT", count)
    if up is None or right is None:
        return None
    forward = np.cross(right, up)
    forward /= np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-12)
    return np.stack([right, up, forward], axis=2)


def _directions(held: Tables, name: str, count: int) -> Array | None:
    if name in held:
        return held.column(name, 3, count, "FLOAT").astype(np.float64)
    if f"{name}_OCT32P" in held:
        encoded = held.column(f"{name}_OCT32P", 2, count, "UNSIGNED_SHORT")
        return topology.oct_decoded(encoded, 65535.0).astype(np.float64)
    return None


def _east_north_up(at: Array) -> Array:
    """[instance, 3, 3] columns east, north, up at points on the earth [instance, 3]; up is the ellipsoid's normal."""
    up = at / (A_M**2 * np.array([1.0, 1.0, 1.0 - E2]))
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-30)
    east = np.column_stack([-at[:, 1], at[:, 0], np.zeros(len(at))])
    flat = np.linalg.norm(east, axis=1, keepdims=True)
    east = np.where(flat > 0, east / np.maximum(flat, 1e-30), [0.0, 1.0, 0.0])
    return np.stack([east, np.cross(up, east), up], axis=2)


def parts(content: memoryview) -> Iterator[memoryview]:
    """The tiles in a composite.

    Raises:
        Unreadable: one reaches beyond it.
    """
    content = framed(content)
    count, at = struct.unpack_from("<I", content, 12)[0], 16
    for _ in range(count):
        if at + 12 > len(content):
            raise Unreadable(f"the composite has fewer than the {count} tiles that it tells")
        size = struct.unpack_from("<I", content, at + 8)[0]
        if size < 12 or at + size > len(content):
            raise Unreadable("a tile in the composite reaches beyond it")
        yield content[at : at + size]
        at += size
