"""glTF 2.0 and 1.0 to meshes: the scene is walked, every primitive of every node becomes one mesh.

Skins and animations stand still, in the pose that the nodes are written in. Sources: glTF 2.0 specification 3.5
(scenes and nodes) and 3.7.3 (skins); CESIUM_RTC (the centre is in the tile's z-up frame, as RTC_CENTER of a b3dm is);
EXT_mesh_gpu_instancing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.formats import gltf_legacy, gltf_own, instances
from app.tiles.formats.gltf_accessors import Document, Json
from app.tiles.formats.gltf_features import Features
from app.tiles.formats.gltf_primitive import Primitives
from app.tiles.formats.reading import Reading
from app.tiles.mesh import Mesh, Unreadable

Array = NDArray[Any]

_READABLE = {
    "CESIUM_RTC", "CESIUM_primitive_outline", "EXT_instance_features", "EXT_mesh_features", "EXT_mesh_gpu_instancing",
    "EXT_meshopt_compression", "EXT_structural_metadata", "EXT_texture_webp", "KHR_binary_glTF", "KHR_blend",
    "KHR_draco_mesh_compression", "KHR_materials_common", "KHR_mesh_quantization", "KHR_meshopt_compression",
    "KHR_techniques_webgl", "KHR_texture_basisu", "KHR_texture_transform", "MAXAR_image_ortho",
    "MAXAR_nonvisual_geometry", "MAXAR_temporal_light_traits", "NGA_gpm_local", "WEB3D_quantized_attributes",
}  # fmt: skip
"""Read, or without bearing on what is drawn."""
_DEEPEST_JOINT = 200
_HARMLESS = ("KHR_materials_", "KHR_lights_", "KHR_xmp")
"""How matter shines and what lights it: the district's own light is drawn."""


def meshes(document: Json, binary: memoryview, reading: Reading, *, batch: Table | None = None) -> tuple[Mesh, ...]:
    """Meshes of a glTF; `batch` is the batch table of the tile around it.

    Raises:
        Unreadable: with the reason.
    """
    if str(document.get("asset", {}).get("version", "1.0" if gltf_legacy.is_old(document) else "2.0")).startswith("1"):
        document = gltf_legacy.upgraded(document)
    strange = sorted(
        e for e in document.get("extensionsRequired", ()) if e not in _READABLE and not str(e).startswith(_HARMLESS)
    )
    if strange:
        raise Unreadable(f"needs the glTF extension {strange[0]}, which is not read")
    source = Document(document, binary, reading.read)
    features = Features(source, reading, batch)
    primitives = Primitives(source, features, reading)
    made: list[Mesh] = []
    root = _root(document, reading.up)
    poses = _poses(source)
    for node, matrix in _nodes(source, root):
        shapes = source.item("meshes", node["mesh"])["primitives"]
        get = _instance_attributes(source, node)
        places = instances.places(node, source.array)
        if places is not None and gltf_own.are_trees(shapes, source.array):
            made.append(gltf_own.grove(shapes, source.array, places, matrix))
            continue
        pose = poses[node["skin"]] if "skin" in node else None
        frame = matrix if pose is None else root  # a skin's joints say where it is, its own node does not
        shown = (primitives.mesh(shape, frame, pose) for shape in shapes)
        if places is None:
            made.extend(m for m in shown if m is not None)
            continue
        feature, table = features.of_instances(node, get, len(places))
        made.extend(
            instances.written_out(m, places, reading, feature=feature, table=table) for m in shown if m is not None
        )
    return counted_once(made)


def counted_once(meshes: Iterable[Mesh]) -> tuple[Mesh, ...]:
    """The meshes with the features of each table counted on the first of them alone."""
    seen: set[int] = set()
    made: list[Mesh] = []
    for mesh in meshes:
        again = mesh.table is not None and id(mesh.table) in seen
        seen.add(id(mesh.table))
        made.append(replace(mesh, features=0) if again else mesh)
    return tuple(made)


def _instance_attributes(source: Document, node: Json) -> Any:
    named = node.get("extensions", {}).get(instances.NAME, {}).get("attributes", {})
    return lambda name: source.array(named[name]) if name in named else None


def _root(document: Json, up: Array) -> Array:
    """Tile from scene: the axis that points up, and the centre that coordinates are relative to."""
    centre = document.get("extensions", {}).get("CESIUM_RTC", {}).get("center")
    return up if centre is None else shifted(centre) @ up


def shifted(centre: Any) -> Array:
    """[4, 4] translation by `centre`.

    Raises:
        Unreadable: no three finite numbers.
    """
    matrix = np.eye(4)
    try:
        matrix[:3, 3] = np.asarray(centre, np.float64).reshape(3)
    except (TypeError, ValueError):
        matrix[0, 3] = np.nan
    if not np.isfinite(matrix).all():
        raise Unreadable("the centre that coordinates are relative to is no three finite numbers")
    return matrix


def _nodes(source: Document, root: Array) -> Iterator[tuple[Json, Array]]:
    """Nodes with a mesh in the order of the file, and their matrices, tile from mesh; never recursive."""
    document = source.json
    if "scenes" in document:
        start = source.item("scenes", document.get("scene", 0)).get("nodes", ())
    else:  # a library of parts: the nodes that are nobody's children
        children = {c for n in document.get("nodes", ()) for c in n.get("children", ())}
        start = [k for k in range(len(document.get("nodes", ()))) if k not in children]
    waiting = [(index, root) for index in reversed(start)]
    seen: set[int] = set()
    while waiting:
        index, above = waiting.pop()
        node = source.item("nodes", index)
        if index in seen:
            raise Unreadable(f"node {index} of the glTF hangs in two places or below itself")
        seen.add(index)
        matrix = above @ local(node)
        if not np.isfinite(matrix).all():
            raise Unreadable(f"the matrix of node {index} of the glTF is no finite numbers")
        if "mesh" in node:
            yield node, matrix
        waiting.extend((child, matrix) for child in reversed(node.get("children", ())))


def _poses(source: Document) -> list[Array]:
    """[joint, 4, 4] of each skin, scene from skin, at rest: a joint's matrix times its inverse bind matrix (3.7.3)."""
    skins = source.json.get("skins", ())
    if not skins:
        return []
    above = {child: k for k, n in enumerate(source.json.get("nodes", ())) for child in n.get("children", ())}
    poses = []
    for skin in skins:
        bind = np.tile(np.eye(4), (len(skin["joints"]), 1, 1))
        if "inverseBindMatrices" in skin:
            given = source.array(skin["inverseBindMatrices"]).astype(np.float64)
            bind = given.reshape(-1, 4, 4).transpose(0, 2, 1)
        pose = np.empty((len(skin["joints"]), 4, 4))
        for k, joint in enumerate(skin["joints"]):
            matrix, steps = local(source.item("nodes", joint)), 0
            while joint in above and steps < _DEEPEST_JOINT:
                joint, steps = above[joint], steps + 1
                matrix = local(source.item("nodes", joint)) @ matrix
            pose[k] = matrix @ bind[k]
        poses.append(pose)
    return poses


def local(node: Json) -> Array:
    """[4, 4] float64 of a glTF node: `matrix`, or translation, rotation (x, y, z, w) and scale."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    m = np.eye(4)
    if "rotation" in node:
        m[:3, :3] = instances.turned(np.array([node["rotation"]], np.float64))[0]
    m[:3, :3] *= np.array(node.get("scale", (1.0, 1.0, 1.0)), np.float64)[None, :]
    m[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return m
