"""Arrays to one binary glTF: a mesh of one primitive whose vertices name the building that they belong to.

Attributes POSITION, NORMAL, _FEATURE_ID_0, _MATERIAL (0 wall, 1 pitched roof, 2 flat roof), _FACE (u, v, L, H in
metres; H < 0 = no windows, no edges); EXT_mesh_features and EXT_structural_metadata with the property `id`. No colours.
Sources: glTF 2.0, EXT_mesh_features, EXT_structural_metadata, 3D Tiles metadata's binary table format.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ARRAY, _INDEX = 34962, 34963
_FLOAT, _UINT32 = 5126, 5125


@dataclass(frozen=True)
class Drawn:
    """[vertex] columns of one tile, in the world's axes (east, north, up) from the tile's own origin."""

    position_m: NDArray[np.float32]
    normal: NDArray[np.float32]
    feature: NDArray[np.float32]
    """Row in `ids`."""
    material: NDArray[np.float32]
    face_m: NDArray[np.float32]
    """[vertex, 4]"""
    index: NDArray[np.uint32]
    """[triangle, 3]"""
    ids: tuple[str, ...]


def glb(d: Drawn, *, origin_m: tuple[float, float, float]) -> bytes:
    """The tile as GLB; `origin_m` is where its own origin stands in the world (becomes the node's translation)."""
    buffer = _Buffer()
    position, normal = _y_up(d.position_m), _y_up(d.normal)
    attributes = {
        "POSITION": buffer.accessor(position, "VEC3", bounds=True),
        "NORMAL": buffer.accessor(normal, "VEC3"),
        "_FEATURE_ID_0": buffer.accessor(d.feature, "SCALAR"),
        "_MATERIAL": buffer.accessor(d.material, "SCALAR"),
        "_FACE": buffer.accessor(d.face_m, "VEC4"),
    }
    indices = buffer.accessor(d.index.reshape(-1), "SCALAR", target=_INDEX)
    text = [i.encode() for i in d.ids]
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in text])]).astype(np.uint32)
    values, starts = buffer.view(b"".join(text)), buffer.view(offsets.tobytes())
    east, north, up = origin_m
    features = {"featureCount": len(d.ids), "attribute": 0, "propertyTable": 0}
    tree: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "surplus"},
        "extensionsUsed": ["EXT_mesh_features", "EXT_structural_metadata"],
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "translation": [east, up, -north]}],
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.9}}],
        "meshes": [{"primitives": [{
            "attributes": attributes, "indices": indices, "material": 0, "mode": 4,
            "extensions": {"EXT_mesh_features": {"featureIds": [features]}},
        }]}],
        "extensions": {"EXT_structural_metadata": {
            "schema": {"id": "surplus", "classes": {"building": {
                "properties": {"id": {"type": "STRING", "required": True}}}}},
            "propertyTables": [{"class": "building", "count": len(d.ids), "properties": {
                "id": {"values": values, "stringOffsets": starts, "stringOffsetType": "UINT32"}}}],
        }},
        **buffer.tree(),
    }  # fmt: skip
    return _pack(tree, bytes(buffer.data))


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
