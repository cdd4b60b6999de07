"""Arrays to one binary glTF: buildings whose vertices name their building, land by material, trees as instances.

Buildings: POSITION, NORMAL, _FEATURE_ID_0, _MATERIAL (0 wall, 1 pitched roof, 2 flat roof), _FACE (u, v, L, H in
metres; H < 0 = no windows, no edges); EXT_mesh_features and EXT_structural_metadata with the property `id`. Land:
POSITION, NORMAL, _MATERIAL (from 10 on) and no feature. Trees: a small tree (_MATERIAL 4 crown, 5 trunk) under
EXT_mesh_gpu_instancing, so that any viewer shows them. No colours.
Sources: glTF 2.0, EXT_mesh_features, EXT_structural_metadata, EXT_mesh_gpu_instancing, 3D Tiles metadata's binary
table format.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
_ARRAY, _INDEX = 34962, 34963
_FLOAT, _UINT32 = 5126, 5125
_CROWN, _TRUNK = 4.0, 5.0
_INSTANCING = "EXT_mesh_gpu_instancing"


@dataclass(frozen=True)
class Drawn:
    """[vertex] columns of a tile's buildings, in the world's axes (east, north, up) from the tile's own origin."""

    position_m: Float32
    normal: Float32
    feature: Float32
    """Row in `ids`."""
    material: Float32
    face_m: Float32
    """[vertex, 4]"""
    index: NDArray[np.uint32]
    """[triangle, 3]"""
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Soil:
    """[vertex] columns of a tile's land, as in `Drawn`."""

    position_m: Float32
    normal: Float32
    material: Float32
    index: NDArray[np.uint32]


@dataclass(frozen=True)
class Grove:
    """[tree] of a tile, as in `Drawn`."""

    foot_m: Float32
    height_m: Float32
    crown_m: Float32
    """Radius."""


def glb(
    d: Drawn | None, *, origin_m: tuple[float, float, float], soil: Soil | None = None, grove: Grove | None = None
) -> bytes:
    """The tile as GLB; `origin_m` is where its own origin stands in the world (becomes the nodes' translation)."""
    buffer = _Buffer()
    east, north, up = origin_m
    place = {"translation": [east, up, -north]}
    used: list[str] = []
    tree: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "surplus"}, "scene": 0,
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.9}}],
    }  # fmt: skip
    primitives, nodes, meshes = [], [], []
    if d is not None:
        primitives.append(_buildings(d, buffer))
        tree["extensions"] = {"EXT_structural_metadata": _table(d.ids, buffer)}
        used += ["EXT_mesh_features", "EXT_structural_metadata"]
    if soil is not None:
        primitives.append(_primitive(buffer, soil.position_m, soil.normal, soil.material, soil.index))
    if primitives:
        meshes.append({"primitives": primitives})
        nodes.append({"mesh": 0, **place})
    if grove is not None:
        meshes.append({"primitives": [_primitive(buffer, *_sapling())]})
        size = np.column_stack([grove.crown_m, grove.crown_m, grove.height_m]).astype(np.float32)
        attributes = {
            "TRANSLATION": buffer.accessor(_y_up(grove.foot_m), "VEC3"),
            "SCALE": buffer.accessor(np.ascontiguousarray(size[:, [0, 2, 1]]), "VEC3"),
        }
        nodes.append({"mesh": len(meshes) - 1, **place, "extensions": {_INSTANCING: {"attributes": attributes}}})
        used.append(_INSTANCING)
        tree["extensionsRequired"] = [_INSTANCING]
    tree |= {"nodes": nodes, "scenes": [{"nodes": list(range(len(nodes)))}], "meshes": meshes}
    if used:
        tree["extensionsUsed"] = used
    return _pack(tree | buffer.tree(), bytes(buffer.data))


def _primitive(
    buffer: _Buffer, position_m: Float32, normal: Float32, material: Float32, index: NDArray[np.uint32]
) -> dict[str, Any]:
    attributes = {
        "POSITION": buffer.accessor(_y_up(position_m), "VEC3", bounds=True),
        "NORMAL": buffer.accessor(_y_up(normal), "VEC3"), "_MATERIAL": buffer.accessor(material, "SCALAR"),
    }  # fmt: skip
    indices = buffer.accessor(index.reshape(-1), "SCALAR", target=_INDEX)
    return {"attributes": attributes, "indices": indices, "material": 0, "mode": 4}


def _buildings(d: Drawn, buffer: _Buffer) -> dict[str, Any]:
    primitive = _primitive(buffer, d.position_m, d.normal, d.material, d.index)
    primitive["attributes"] |= {
        "_FEATURE_ID_0": buffer.accessor(d.feature, "SCALAR"), "_FACE": buffer.accessor(d.face_m, "VEC4"),
    }  # fmt: skip
    features = {"featureCount": len(d.ids), "attribute": 0, "propertyTable": 0}
    return primitive | {"extensions": {"EXT_mesh_features": {"featureIds": [features]}}}


def _table(ids: tuple[str, ...], buffer: _Buffer) -> dict[str, Any]:
    """The property table of the ids."""
    text = [i.encode() for i in ids]
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in text])]).astype(np.uint32)
    values, starts = buffer.view(b"".join(text)), buffer.view(offsets.tobytes())
    return {
        "schema": {"id": "surplus", "classes": {"building": {
            "properties": {"id": {"type": "STRING", "required": True}}}}},
        "propertyTables": [{"class": "building", "count": len(ids), "properties": {
            "id": {"values": values, "stringOffsets": starts, "stringOffsetType": "UINT32"}}}],
    }  # fmt: skip


def _sapling() -> tuple[Float32, Float32, Float32, NDArray[np.uint32]]:
    """A tree of height 1 and crown radius 1: two six-sided cones on a three-sided trunk."""
    turn = np.arange(6) * np.pi / 3
    ring = np.column_stack([np.cos(turn), np.sin(turn), np.full(6, 0.5)])
    crown = np.vstack([ring, [(0.0, 0.0, 1.0), (0.0, 0.0, 0.22)]])
    out = crown - [0.0, 0.0, 0.5]
    foot = np.column_stack([0.1 * np.cos(turn[::2]), 0.1 * np.sin(turn[::2]), np.zeros(3)])
    trunk = np.vstack([foot, foot + np.array([0.0, 0.0, 0.4])])
    flat = trunk * [1.0, 1.0, 0.0]
    normal = np.vstack([out, flat])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    faces = [(k, (k + 1) % 6, 6) for k in range(6)] + [((k + 1) % 6, k, 7) for k in range(6)]
    for k in range(3):
        a, b = 8 + k, 8 + (k + 1) % 3
        faces += [(a, b, b + 3), (a, b + 3, a + 3)]
    material = np.r_[np.full(8, _CROWN), np.full(6, _TRUNK)].astype(np.float32)
    position = np.vstack([crown, trunk]).astype(np.float32)
    return position, normal.astype(np.float32), material, np.array(faces, np.uint32)


class _Buffer:
    """The binary chunk as it grows."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []

    def view(self, data: bytes, target: int | None = None) -> int:
        """Append `data` at a multiple of 8 bytes (property tables ask for it); number of the buffer view."""
        self.data += b"\0" * (-len(self.data) % 8)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        self.data += data
        self._views.append(view)
        return len(self._views) - 1

    def accessor(self, array: NDArray[Any], kind: str, *, bounds: bool = False, target: int = _ARRAY) -> int:
        """Append an array of float32 or uint32; number of its accessor."""
        accessor: dict[str, Any] = {
            "bufferView": self.view(np.ascontiguousarray(array).tobytes(), target), "count": len(array), "type": kind,
            "componentType": _UINT32 if array.dtype == np.uint32 else _FLOAT,
        }  # fmt: skip
        if bounds:
            accessor |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def tree(self) -> dict[str, Any]:
        """Buffers, views and accessors for the glTF's JSON."""
        return {
            "buffers": [{"byteLength": len(self.data)}],
            "bufferViews": self._views,
            "accessors": self._accessors,
        }


def _y_up(enu: NDArray[np.float32]) -> NDArray[np.float32]:
    """(east, north, up) -> (east, up, -north), as glTF demands."""
    return np.column_stack([enu[:, 0], enu[:, 2], -enu[:, 1]]).astype(np.float32)


def _pack(tree: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(tree, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join([
        struct.pack("<4sII", b"glTF", 2, total), struct.pack("<I4s", len(text), b"JSON"), text,
        struct.pack("<I4s", len(binary), b"BIN\0"), binary,
    ])  # fmt: skip
