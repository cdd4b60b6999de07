"""GLB and b3dm to arrays: accessors become numpy views, feature ids become slots.

Of data, a tile carries ids only: EXT_mesh_features names a feature per vertex and EXT_structural_metadata (or a
b3dm batch table) names the id of each feature; `slots` turns the id into the row of the value texture, 0 = no data.
Tiles of our own also carry `_MATERIAL` (0 wall, 1 pitched roof, 2 flat roof, 6 wall of glass, 8 wall of a hall, 4 and
5 trees, from 10 on land) and `_FACE` (u, v, L, H of the face in metres; H < 0 = no windows, no edges: all of a far
level of detail); in a foreign tile the normal says wall or roof. Land belongs to no building: it has materials but
no features.
Sources: glTF 2.0 specification 3.6 (accessors), 3D Tiles 1.1, EXT_mesh_features, EXT_structural_metadata.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles import instances
from app.tiles.mesh import (
    FIRST_LAND,
    FLAT_ROOF,
    GLASS_WALL,
    HALL_WALL,
    LAND,
    PITCHED_ROOF,
    WALL,
    Mesh,
    Trees,
    Unreadable,
)

Array = NDArray[Any]
Y_UP_TO_Z_UP = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64)
"""glTF is y-up, 3D Tiles is z-up: (x, y, z) -> (x, -z, y)."""

_WALLS = (WALL, GLASS_WALL, HALL_WALL)
_TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_READABLE = {
    "EXT_mesh_features", "EXT_structural_metadata", "KHR_mesh_quantization", "KHR_materials_unlit", instances.NAME,
}  # fmt: skip


def decode(content: bytes, slots: Mapping[str, int]) -> tuple[Mesh, ...]:
    """Meshes of a GLB or b3dm tile; `slots` maps a building's id to its row in the value texture.

    Raises:
        Unreadable: another format, a truncated file or an extension that is not read.
    """
    magic = bytes(content[:4])
    if magic == b"glTF":
        return _meshes(*_chunks(content), slots, batch_ids=None)
    if magic == b"b3dm":
        return _b3dm(content, slots)
    if magic in (b"pnts", b"i3dm", b"cmpt"):
        raise Unreadable(f"content of type {magic.decode()} is not read")
    raise Unreadable(f"neither GLB nor b3dm: the file begins with {magic!r}")


def _chunks(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """JSON and binary chunk of a GLB."""
    if len(content) < 20:
        raise Unreadable(f"GLB of {len(content)} bytes is truncated")
    _, version, length = struct.unpack_from("<4sII", content)
    if version != 2:
        raise Unreadable(f"glTF version {version} is not read, only 2")
    if length > len(content):
        raise Unreadable(f"GLB is truncated: {len(content)} of {length} bytes")
    view, offset = memoryview(content), 12
    header: dict[str, Any] = {}
    binary = memoryview(b"")
    while offset + 8 <= length:
        size, kind = struct.unpack_from("<I4s", content, offset)
        chunk = view[offset + 8 : offset + 8 + size]
        if kind == b"JSON":
            try:
                header = json.loads(bytes(chunk))
            except ValueError as error:
                raise Unreadable(f"the JSON of the GLB is broken: {error}") from error
        elif kind == b"BIN\0":
            binary = chunk
        offset += 8 + size
    return header, binary


def _b3dm(content: bytes, slots: Mapping[str, int]) -> tuple[Mesh, ...]:
    if len(content) < 28:
        raise Unreadable(f"b3dm of {len(content)} bytes is truncated")
    _, _, _, fj, fb, bj, bb = struct.unpack_from("<4sIIIIII", content)
    start = 28 + fj + fb
    try:
        features = json.loads(content[28 : 28 + fj] or b"{}")
        table = json.loads(content[start : start + bj] or b"{}")
    except ValueError as error:
        raise Unreadable(f"a table of the b3dm is broken: {error}") from error
    ids = next((table[k] for k in ("id", "gml_id", "identificatie", "name") if isinstance(table.get(k), list)), None)
    batch_ids = tuple(str(i) for i in ids) if ids else ("",) * int(features.get("BATCH_LENGTH", 0))
    meshes = _meshes(*_chunks(content[start + bj + bb :]), slots, batch_ids=batch_ids)
    centre = features.get("RTC_CENTER")
    if not isinstance(centre, list):
        return meshes
    shift = np.eye(4)
    shift[:3, 3] = centre
    return tuple(replace(m, matrix=shift @ m.matrix) for m in meshes)


def _meshes(
    gltf: dict[str, Any], binary: memoryview, slots: Mapping[str, int], *, batch_ids: tuple[str, ...] | None
) -> tuple[Mesh, ...]:
    strange = set(gltf.get("extensionsRequired", ())) - _READABLE
    if strange:
        raise Unreadable(f"needs the glTF extension {sorted(strange)[0]}, which is not read")
    ids = _property_ids(gltf, binary) if batch_ids is None else batch_ids
    meshes: list[Mesh] = []
    read = partial(accessor, gltf, binary)

    def visit(index: int, above: Array) -> None:
        node = gltf["nodes"][index]
        matrix = above @ _local(node)
        if "mesh" in node:
            shapes = [p for p in gltf["meshes"][node["mesh"]]["primitives"] if p.get("mode", 4) == 4]
            places = instances.places(node, read)
            if places is not None and _are_trees(shapes, read):
                meshes.append(_grove(shapes, read, places, matrix))
            else:
                made = [_mesh(p, read, matrix, ids, slots) for p in shapes]
                meshes.extend(made if places is None else [_written_out(m, places) for m in made])
        for child in node.get("children", ()):
            visit(child, matrix)

    try:
        scene = gltf["scenes"][gltf.get("scene", 0)]
        for root in scene.get("nodes", ()):
            visit(root, Y_UP_TO_Z_UP)
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable(f"glTF is inconsistent: {type(error).__name__} {error}") from error
    first = next((k for k, m in enumerate(meshes) if m.features), 0)  # primitives share the table: it counts once
    return tuple(m if k == first or not m.features else replace(m, features=0) for k, m in enumerate(meshes))


def _are_trees(shapes: list[dict[str, Any]], read: Callable[[int], Array]) -> bool:
    """Whether all of an instanced mesh is crown or trunk."""
    kinds = (instances.CROWN, instances.TRUNK)
    return bool(shapes) and all(
        "_MATERIAL" in s["attributes"] and np.isin(read(s["attributes"]["_MATERIAL"]), kinds).all() for s in shapes
    )


def _grove(
    shapes: list[dict[str, Any]], read: Callable[[int], Array], places: instances.Places, matrix: Array
) -> Mesh:
    """Trees by foot, height and crown: the shape that the tile brings serves viewers that draw it as it is."""
    shape = np.concatenate([read(s["attributes"]["POSITION"]) for s in shapes])
    trees = Trees(
        foot=places.translation.astype(np.float32),
        height_m=(places.scale[:, 1] * shape[:, 1].max()).astype(np.float32),
        crown_m=(places.scale[:, 0] * np.abs(shape[:, 0]).max()).astype(np.float32),
        seed=instances.seeds(places),
    )
    none, no_index = np.zeros((0, 4), np.float32), np.zeros(0, np.uint32)
    return Mesh(none[:, :3], none[:, :3], none, none, no_index, no_index, matrix, 0, trees=trees)


def _written_out(m: Mesh, places: instances.Places) -> Mesh:
    """The same shape at every place."""
    k, n = len(places), len(m.position)
    if k * n > instances.MOST_VERTICES:
        raise Unreadable(f"{instances.NAME} of {k} times {n} vertices is too much to write out")
    position, normal = instances.spread(places, m.position, m.normal)

    def repeated(index: Array) -> Array:
        return (np.arange(k, dtype=np.uint32)[:, None] * np.uint32(n) + index).ravel()

    return replace(
        m, position=position, normal=normal, info=np.tile(m.info, (k, 1)), face=np.tile(m.face, (k, 1)),
        walls=repeated(m.walls), roofs=repeated(m.roofs), land={g: repeated(i) for g, i in m.land.items()},
    )  # fmt: skip


def _local(node: dict[str, Any]) -> Array:
    """Matrix of a glTF node: `matrix`, or translation, rotation (x, y, z, w) and scale."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    m = np.eye(4)
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    m[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    m[:3, :3] *= np.array(node.get("scale", (1.0, 1.0, 1.0)))[None, :]
    m[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return m


def accessor(gltf: dict[str, Any], binary: memoryview, index: int) -> Array:
    """Accessor `index` as a numpy view [count] or [count, width], honouring byteStride and `normalized`."""
    a = gltf["accessors"][index]
    if "sparse" in a or "bufferView" not in a:
        raise Unreadable("sparse accessors are not read")
    view = gltf["bufferViews"][a["bufferView"]]
    dtype = np.dtype(_TYPES[a["componentType"]])
    width, count = _WIDTHS[a["type"]], a["count"]
    start = view.get("byteOffset", 0) + a.get("byteOffset", 0)
    stride = view.get("byteStride", width * dtype.itemsize)
    if count and start + stride * (count - 1) + width * dtype.itemsize > len(binary):
        raise Unreadable(f"accessor {index} reaches beyond the binary chunk")
    array: Array = np.ndarray((count, width), dtype, binary, start, (stride, dtype.itemsize))
    if a.get("normalized"):
        array = np.maximum(array.astype(np.float32) / float(2 ** (8 * dtype.itemsize - (dtype.kind == "i")) - 1), -1.0)
    return array[:, 0] if width == 1 else array


def _view(gltf: dict[str, Any], binary: memoryview, index: int) -> memoryview:
    view = gltf["bufferViews"][index]
    start = view.get("byteOffset", 0)
    return binary[start : start + view["byteLength"]]


def _property_ids(gltf: dict[str, Any], binary: memoryview) -> tuple[str, ...]:
    """Feature ids as strings from the first property table that has a property `id` (else the first string)."""
    extension = gltf.get("extensions", {}).get("EXT_structural_metadata", {})
    for table in extension.get("propertyTables", ()):
        strings = {k: p for k, p in table.get("properties", {}).items() if "stringOffsets" in p}
        chosen = strings.get("id") or next(iter(strings.values()), None)
        if chosen is None:
            continue
        kind = {"UINT8": np.uint8, "UINT16": np.uint16, "UINT64": np.uint64}.get(
            chosen.get("stringOffsetType", "UINT32"), np.uint32
        )
        offsets = np.frombuffer(_view(gltf, binary, chosen["stringOffsets"]), kind, table["count"] + 1)
        text = bytes(_view(gltf, binary, chosen["values"]))
        return tuple(text[a:b].decode() for a, b in pairwise(offsets))
    return ()


def _mesh(
    primitive: dict[str, Any],
    read: Callable[[int], Array],
    matrix: Array,
    ids: tuple[str, ...],
    slots: Mapping[str, int],
) -> Mesh:
    attributes = primitive["attributes"]
    position = np.ascontiguousarray(read(attributes["POSITION"]), np.float32)
    n = len(position)
    index = read(primitive["indices"]).astype(np.uint32) if "indices" in primitive else np.arange(n, dtype=np.uint32)
    if len(index) and int(index.max()) >= n:
        raise Unreadable("an index points beyond the vertices")
    normal = read(attributes["NORMAL"]) if "NORMAL" in attributes else _flat_normals(position, index)
    normal = np.ascontiguousarray(normal, np.float32)
    if "_MATERIAL" in attributes:
        material = read(attributes["_MATERIAL"]).astype(np.float32)
    else:
        up = normal @ (matrix[:3, :3].T @ [0.0, 0.0, 1.0]).astype(np.float32)
        material = np.where(up > 0.985, FLAT_ROOF, np.where(up > 0.25, PITCHED_ROOF, WALL)).astype(np.float32)
    face = np.full((n, 4), (0.0, 0.0, 0.0, -1.0), np.float32)
    if "_FACE" in attributes:
        face = np.ascontiguousarray(read(attributes["_FACE"]), np.float32)
    feature = _feature_ids(primitive, attributes, read, n)
    info = np.zeros((n, 4), np.float32)
    info[:, 1], info[:, 2] = material, 0.5
    triangles = index[: len(index) // 3 * 3].reshape(-1, 3)
    kind = material[triangles[:, 0]] if len(triangles) else np.zeros(0, np.float32)
    none = np.zeros(0, np.uint32)
    if feature is None and "_MATERIAL" in attributes and n and (material >= FIRST_LAND).all():
        land = {name: triangles[np.isin(kind, members)].ravel() for name, members in LAND.items()}
        land = {name: np.ascontiguousarray(rows) for name, rows in land.items() if len(rows)}
        return Mesh(position, normal, info, face[:0].copy(), none, none, matrix, 0, land=land)
    coarse = "_FACE" in attributes and n > 0 and bool((face[:, 3] < 0).all())
    slot_of, seed_of = _features(ids, slots)
    safe = np.clip(feature if feature is not None else np.zeros(n, np.int64), 0, len(slot_of) - 1)
    info[:, 0], info[:, 2] = slot_of[safe], seed_of[safe]
    return Mesh(
        position=position,
        normal=normal,
        info=info,
        face=face[:0].copy() if coarse else face,
        walls=np.ascontiguousarray(triangles[np.isin(kind, _WALLS)].ravel()),
        roofs=np.ascontiguousarray(triangles[~np.isin(kind, _WALLS)].ravel()),
        matrix=matrix,
        features=len(ids),
        coarse=coarse,
    )


def _features(ids: tuple[str, ...], slots: Mapping[str, int]) -> tuple[Array, Array]:
    """Slot and seed by feature: the seed is a hash of the id, so a building keeps its shade of paper for ever."""
    if not ids:
        return np.zeros(1, np.float32), np.full(1, 0.5, np.float32)
    slot = np.array([slots.get(i, 0) for i in ids], np.float32)
    seed = np.array([zlib.crc32(i.encode()) for i in ids], np.float64) / 2**32
    return slot, seed.astype(np.float32)


def _feature_ids(
    primitive: dict[str, Any], attributes: dict[str, int], read: Callable[[int], Array], count: int
) -> Array | None:
    """Feature of each vertex: attribute, implicit (feature = vertex), or b3dm's `_BATCHID`; None without any."""
    sets = primitive.get("extensions", {}).get("EXT_mesh_features", {}).get("featureIds", ())
    for chosen in sets:
        if "attribute" in chosen:
            return read(attributes[f"_FEATURE_ID_{chosen['attribute']}"]).astype(np.int64)
        if "texture" not in chosen:
            return np.arange(count)
    for name in ("_FEATURE_ID_0", "_BATCHID", "BATCHID"):
        if name in attributes:
            return read(attributes[name]).astype(np.int64)
    return None


def _flat_normals(position: Array, index: Array) -> Array:
    """Area-weighted vertex normals where a tile brings none."""
    normal = np.zeros_like(position, np.float64)
    a, b, c = (position[index[k::3]].astype(np.float64) for k in range(3))
    face = np.cross(b - a, c - a)
    for k in range(3):
        np.add.at(normal, index[k::3], face)
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
