"""One glTF primitive to one mesh: attributes, topology, look and features.

Sources: glTF 2.0 specification 3.7.2 (meshes), KHR_draco_mesh_compression, CESIUM_primitive_outline.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.formats import draco, gltf_own, topology
from app.tiles.formats.gltf_accessors import Document, Json, dequantized
from app.tiles.formats.gltf_features import Features
from app.tiles.formats.gltf_material import Materials, Paint
from app.tiles.formats.reading import Reading
from app.tiles.mesh import FLAT_ROOF, NO_FEATURE, PITCHED_ROOF, WALL, Mesh, Unreadable

Array = NDArray[Any]

OUTLINE, HIDDEN = "CESIUM_primitive_outline", "MAXAR_nonvisual_geometry"


class Attributes:
    """Attributes of a primitive by name, from accessors or from its Draco data."""

    def __init__(self, document: Document, primitive: Json, pose: Array | None = None) -> None:
        """`pose` [joint, 4, 4] are the joints' matrices, where the primitive is skinned."""
        self._document, self._named = document, primitive.get("attributes", {})
        self._pose = pose
        self._made: dict[str, Array] = {}
        self.index: Array | None = None
        packed = primitive.get("extensions", {}).get(draco.NAME)
        if packed:
            self._unpack(packed)
        if self.index is None and "indices" in primitive:
            self.index = document.array(primitive["indices"])

    def _unpack(self, packed: Json) -> None:
        by_id, faces = draco.decode(self._document.view(packed["bufferView"]))
        self.index = faces if len(faces) else None
        for name, unique in packed.get("attributes", {}).items():
            if unique not in by_id or name not in self._named:
                raise Unreadable(f"its Draco data has no attribute {name}")
            array = by_id[unique]
            accessor = self._document.item("accessors", self._named[name])
            array = dequantized(array) if accessor.get("normalized") and array.dtype.kind in "iu" else array
            self._made[name] = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array

    def __call__(self, name: str) -> Array | None:
        """The attribute, or None where the primitive has none of that name."""
        if name in self._made:
            return self._made[name]
        if name not in self._named:
            return None
        array = self._document.array(self._named[name])
        if self._pose is None or name not in ("POSITION", "NORMAL"):
            return array
        joints, weights = self("JOINTS_0"), self("WEIGHTS_0")
        if joints is None or weights is None:
            return array
        self._made[name] = posed(array, name == "NORMAL", joints, weights, self._pose)
        return self._made[name]


class Primitives:
    """Makes the meshes of one document."""

    def __init__(self, document: Document, features: Features, reading: Reading) -> None:
        self._document, self._features, self._reading = document, features, reading
        self._materials = Materials(document)

    def mesh(self, primitive: Json, matrix: Array, pose: Array | None = None) -> Mesh | None:
        """The mesh of `primitive`, None where there is nothing to see; `matrix` is its node's, tile from mesh.

        `pose` are the matrices of its joints, scene from skin, where it is skinned.

        Raises:
            Unreadable: with the reason.
        """
        if HIDDEN in primitive.get("extensions", {}):
            return None
        get = Attributes(self._document, primitive, pose)
        raw = get("POSITION")
        if raw is None:
            return None
        if raw.ndim != 2 or raw.shape[1] != 3:
            raise Unreadable("the positions of a primitive are no vectors of three")
        n, mode = len(raw), primitive.get("mode", topology.TRIANGLES)
        size = n if get.index is None else len(get.index)
        self._reading.spend((64 if pose is None else 512) * n + 16 * size)
        position = np.ascontiguousarray(raw, np.float32)
        if not np.isfinite(position.sum()) and not np.isfinite(position).all():
            raise Unreadable("a position is no finite number")
        index = np.arange(n, dtype=np.uint32) if get.index is None else get.index
        if index.ndim != 1 or index.dtype.kind == "f":
            raise Unreadable("the indices of a primitive are no whole numbers")
        if len(index) and (int(index.max()) >= n or (index.dtype.kind == "i" and int(index.min()) < 0)):
            raise Unreadable("an index points beyond the vertices")
        index = index.astype(np.uint32, copy=False)
        feature, table = self._features.of_primitive(primitive, get, n)
        triangles = topology.triangles(index, mode)
        material = get("_MATERIAL")
        if material is None:
            if feature is not None and table is not None:
                feature = np.where(feature < table.count, feature, np.uint32(NO_FEATURE))
            bare = Mesh(
                position.copy(), position, position, position, index, index, matrix, table.count if table else 0,
                feature=np.zeros(0, np.uint32) if feature is None else feature, table=table,
            )  # fmt: skip
            return self._foreign(primitive, get, bare, triangles, topology.segments(index, mode))
        return gltf_own.paper(
            position, _normals(get, position, triangles), triangles, by_vertex(material, n, "_MATERIAL"),
            by_vertex(get("_FACE"), n, "_FACE", 4), feature=feature, table=table, matrix=matrix, reading=self._reading,
        )  # fmt: skip

    def _foreign(self, primitive: Json, get: Attributes, bare: Mesh, triangles: Array, segments: Array) -> Mesh:
        """A mesh of another's tile: `bare` has position, matrix and features."""
        n, none = len(bare.position), np.zeros(0, np.uint32)
        paint: Paint = self._materials.paint(primitive.get("material"))
        outline = primitive.get("extensions", {}).get(OUTLINE, {}).get("indices")
        if outline is not None:
            segments = np.concatenate([segments, _edges(self._document.array(outline), n)])
        look = replace(paint.look, unlit=True) if not len(triangles) and get("NORMAL") is None else paint.look
        faceted = len(triangles) and get("NORMAL") is None and not paint.look.unlit
        made = replace(  # copies: a view would keep the whole file, its images too, in memory
            bare, look=look, normal=np.array(_normals(get, bare.position, triangles)), roofs=none,
            info=np.zeros((0, 4), np.float32), face=np.zeros((0, 4), np.float32), uv=_uv(get, paint, n),
            color=color(get("COLOR_0"), n), walls=triangles.flatten(), lines=np.array(segments),
            dots=np.array(bare.walls) if primitive.get("mode") == topology.POINTS else none,
        )  # fmt: skip
        return finished(_faceted(made) if faceted else made, self._reading)


def posed(array: Array, directions: bool, joints: Array, weights: Array, pose: Array) -> Array:
    """[vertex, 3] positions or directions moved by their joints, each by its weight (3.7.3.3).

    Raises:
        Unreadable: a vertex names a joint that there is not.
    """
    n = len(array)
    if joints.shape != (n, 4) or weights.shape != (n, 4) or (n and int(joints.max()) >= len(pose)):
        raise Unreadable("a skinned primitive names joints or weights that there are not")
    share = weights.astype(np.float64) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    blend = sum(share[:, j, None, None] * pose[joints[:, j].astype(np.int64)] for j in range(4))
    moved = np.einsum("vab,vb->va", blend[:, :3, :3], array.astype(np.float64))
    if directions:
        return (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return (moved + blend[:, :3, 3]).astype(np.float32)


def finished(m: Mesh, reading: Reading) -> Mesh:
    """The mesh with slot, material (by the slope of its normals) and seed in `info`."""
    info = reading.info(m.feature if len(m.feature) else None, m.table, len(m.position))
    sky = m.matrix[2, :3] / max(float(np.linalg.norm(m.matrix[2, :3])), 1e-30)  # nodes may scale
    up = m.normal @ sky.astype(np.float32)
    info[:, 1] = np.where(up > 0.985, FLAT_ROOF, np.where(up > 0.25, PITCHED_ROOF, WALL))
    return replace(m, info=info)


def by_vertex(array: Array | None, n: int, name: str, width: int = 1) -> Any:
    """The attribute as contiguous float32, None stays None.

    Raises:
        Unreadable: not one row of `width` numbers per vertex.
    """
    if array is None:
        return None
    if array.shape != ((n,) if width == 1 else (n, width)):
        raise Unreadable(f"the attribute {name} does not fit its {n} vertices")
    return np.ascontiguousarray(array, np.float32)


def color(array: Array | None, n: int) -> Array:
    """[vertex, 4] float32 linear of COLOR_0; empty where all is white.

    Raises:
        Unreadable: neither three nor four numbers per vertex.
    """
    if array is None:
        return np.zeros((0, 4), np.float32)
    if array.ndim != 2 or len(array) != n or array.shape[1] not in (3, 4):
        raise Unreadable(f"the vertex colours do not fit their {n} vertices")
    if array.dtype.kind == "u":  # written without `normalized`, as some do
        array = dequantized(array)
    made = np.ones((n, 4), np.float32)
    made[:, : array.shape[1]] = np.clip(np.nan_to_num(array), 0.0, 1.0)
    return made


def _normals(get: Attributes, position: Array, triangles: Array) -> Array:
    n = len(position)
    normal = get("NORMAL")
    if normal is None:
        return np.ascontiguousarray(topology.smooth_normals(position, triangles), np.float32)
    if normal.shape == (n, 2):  # two bytes of an octahedron, decoded by the shader of a glTF 1.0
        return topology.oct_decoded(normal.view(np.uint8) if normal.dtype == np.int8 else normal, 255.0)
    if normal.shape != (n, 3):
        raise Unreadable(f"the normals do not fit their {n} vertices")
    if normal.dtype.kind == "f":
        return np.ascontiguousarray(normal, np.float32)
    return np.ascontiguousarray(dequantized(normal))


def _uv(get: Attributes, paint: Paint, n: int) -> Array:
    if paint.look.texture is None:
        return np.zeros((0, 2), np.float32)
    uv = get(f"TEXCOORD_{paint.texcoord}")
    if uv is None:
        return np.zeros((n, 2), np.float32)
    uv = by_vertex(uv, n, f"TEXCOORD_{paint.texcoord}", 2)
    if paint.transform is not None:
        uv = uv @ paint.transform[:, :2].T + paint.transform[:, 2]
    made: Array = np.nan_to_num(uv)
    return made


def _edges(index: Array, n: int) -> Array:
    if index.ndim != 1 or index.dtype.kind == "f" or (len(index) and not 0 <= int(index.min()) <= int(index.max()) < n):
        raise Unreadable(f"the outline of a primitive ({OUTLINE}) points beyond its {n} vertices")
    return index[: len(index) // 2 * 2].astype(np.uint32)


def _faceted(m: Mesh) -> Mesh:
    """Every triangle with corners of its own and its own normal, as glTF 3.7.2.1 wants where a file brings none."""
    corner = m.walls.astype(np.int64)
    p = m.position[corner].reshape(-1, 3, 3).astype(np.float64)
    face = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    face /= np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-30)
    keep = np.concatenate([corner, m.lines.astype(np.int64)])  # the outlines' corners follow
    normal = np.concatenate([np.repeat(face, 3, axis=0), m.normal[m.lines]]).astype(np.float32)
    first = np.uint32(len(corner))

    def moved(array: Array) -> Array:
        return array[keep] if len(array) else array

    return replace(
        m, position=m.position[keep], normal=normal, info=moved(m.info), uv=moved(m.uv), color=moved(m.color),
        feature=moved(m.feature), walls=np.arange(first, dtype=np.uint32),
        lines=np.arange(first, first + np.uint32(len(m.lines)), dtype=np.uint32),
    )  # fmt: skip
