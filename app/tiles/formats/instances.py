"""Instances of a mesh (EXT_mesh_gpu_instancing, i3dm): many places, one shape.

Trees of our own tiles stay instances, for the picture draws them from few numbers each; anything else is written out,
place by place, up to a limit. Source: EXT_mesh_gpu_instancing (Khronos registry, vendor extension).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.formats.reading import Reading
from app.tiles.mesh import NO_FEATURE, Mesh, Unreadable

Array = NDArray[Any]

NAME = "EXT_mesh_gpu_instancing"
CROWN, TRUNK = 4, 5
"""Materials of trees."""
MOST_VERTICES = 2_000_000
"""More than this is not written out."""
MOST_PLACES = 500_000
_FAR_M = 10_000.0
"""Places farther from the origin than this are told from a centre of their own: float32 holds millimetres no more."""


@dataclass(frozen=True)
class Places:
    """Where the instances stand in their frame, float64 by instance."""

    translation: Array
    """[instance, 3]"""
    linear: Array
    """[instance, 3, 3] rotation times scale, column vectors."""
    scale: Array
    """[instance, 3]"""

    def __len__(self) -> int:
        return len(self.translation)


def bounded(count: int) -> None:
    """Refuse more instances than are kept.

    Raises:
        Unreadable: too many.
    """
    if count > MOST_PLACES:
        raise Unreadable(f"{count:,} instances are too many: publish them in smaller tiles")


def turned(rotation: Array) -> Array:
    """[instance, 3, 3] matrices of unit quaternions [instance, 4] x, y, z, w."""
    x, y, z, w = rotation.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    turn: Array = np.moveaxis(np.array(rows), 2, 0)
    return turn


def places(node: dict[str, Any], read: Callable[[int], Array]) -> Places | None:
    """Places of a glTF node's instances, None where it has a single one; `read` yields an accessor's array.

    Raises:
        Unreadable: the attributes differ in length or are no vectors.
    """
    attributes = node.get("extensions", {}).get(NAME, {}).get("attributes")
    if not attributes:
        return None
    shapes = {"TRANSLATION": 3, "ROTATION": 4, "SCALE": 3}
    given = {name: read(attributes[name]) for name in shapes if name in attributes}
    count = len(next(iter(given.values()))) if given else len(read(next(iter(attributes.values()))))
    bounded(count)
    if any(array.shape != (count, shapes[name]) for name, array in given.items()):
        raise Unreadable(f"the attributes of {NAME} do not fit together")
    given = {name: array.astype(np.float64) for name, array in given.items()}
    scale = given.get("SCALE", np.ones((count, 3)))
    linear = np.broadcast_to(np.eye(3), (count, 3, 3))
    if "ROTATION" in given:
        linear = turned(given["ROTATION"])
    return Places(given.get("TRANSLATION", np.zeros((count, 3))), linear * scale[:, None, :], scale)


def written_out(
    m: Mesh, p: Places, reading: Reading, *, feature: Array | None = None, table: Table | None = None
) -> Mesh:
    """The same shape at every place of its frame; `feature` [instance] rows of `table`, None = as the shape has it.

    Raises:
        Unreadable: too many vertices.
    """
    k, n = len(p), len(m.position)
    indices = sum(len(i) for i in (m.walls, m.roofs, m.lines, m.dots, *m.land.values()))
    if k * n > MOST_VERTICES or k * indices > 6 * MOST_VERTICES:
        raise Unreadable(f"{k} times {n} vertices of instances is too much to write out")
    reading.spend(k * m.bytes)
    centre = p.translation.mean(axis=0) if k and np.abs(p.translation).max() > _FAR_M else np.zeros(3)
    if not np.isfinite(centre).all() or not np.isfinite(p.translation.sum() + p.linear.sum()):
        raise Unreadable("the places of the instances are no finite numbers")
    position, normal = _spread(p, centre, m.position, m.normal)

    def repeated(index: Array) -> Array:
        return (np.arange(k, dtype=np.uint32)[:, None] * np.uint32(n) + index).ravel()

    def tiled(by_vertex: Array) -> Array:
        return np.tile(by_vertex, (k, 1))

    shift = np.eye(4)
    shift[:3, 3] = centre
    made = replace(
        m, position=position, normal=normal, info=tiled(m.info), face=tiled(m.face), uv=tiled(m.uv),
        color=tiled(m.color), feature=np.tile(m.feature, k), walls=repeated(m.walls), roofs=repeated(m.roofs),
        lines=repeated(m.lines), dots=repeated(m.dots), land={g: repeated(i) for g, i in m.land.items()},
        matrix=m.matrix @ shift,
    )  # fmt: skip
    return made if feature is None else belonging(made, np.repeat(feature, n), table, reading)


def belonging(m: Mesh, feature: Array, table: Table | None, reading: Reading) -> Mesh:
    """The mesh with its vertices given to features [vertex] of `table`."""
    info = reading.info(feature, table, len(feature))
    info[:, 1] = m.info[:, 1]
    feature = np.where(feature < np.uint32(table.count if table else NO_FEATURE), feature, np.uint32(NO_FEATURE))
    return replace(m, info=info, feature=feature, table=table, features=table.count if table else 0)


def _spread(p: Places, centre: Array, position: Array, normal: Array) -> tuple[Array, Array]:
    """Vertices and normals [instance * vertex, 3] of a shape written out at all places."""
    where = np.einsum("kij,vj->kvi", p.linear, position) + (p.translation - centre)[:, None, :]
    squared = np.maximum(p.scale**2, 1e-12)[:, None, :]
    # normals turn with the inverse transpose: R S^-1 = (R S) S^-2
    facing = np.einsum("kij,kvj->kvi", p.linear, normal[None] / squared)
    facing /= np.maximum(np.linalg.norm(facing, axis=2, keepdims=True), 1e-12)
    return where.reshape(-1, 3).astype(np.float32), facing.reshape(-1, 3).astype(np.float32)


def seeds(p: Places) -> Array:
    """[instance] 0..1, a hash of the place to the centimetre: a tree keeps its shape whatever tile it comes in."""
    cm = np.round(p.translation * 100).astype(np.int64)
    mixed = (cm[:, 0] * 73856093) ^ (cm[:, 2] * 19349663)
    return ((mixed * 2654435761 % 2**32) / 2**32).astype(np.float32)
