"""Instances of a mesh (EXT_mesh_gpu_instancing): many places, one shape.

Trees of our own tiles stay instances, for the picture draws them from few numbers each; anything else is written out,
place by place, up to a limit. Source: EXT_mesh_gpu_instancing (Khronos registry, vendor extension).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NAME = "EXT_mesh_gpu_instancing"
CROWN, TRUNK = 4, 5
"""Materials of trees."""
MOST_VERTICES = 2_000_000
"""More than this is not written out."""


@dataclass(frozen=True)
class Places:
    """Where the instances stand in their node's frame, float64 by instance."""

    translation: Array
    """[instance, 3]"""
    rotation: Array
    """[instance, 4] unit quaternions x, y, z, w."""
    scale: Array
    """[instance, 3]"""

    def __len__(self) -> int:
        return len(self.translation)

    @property
    def linear(self) -> Array:
        """[instance, 3, 3] rotation times scale."""
        x, y, z, w = self.rotation.T
        rows = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        turn: Array = np.moveaxis(np.array(rows), 2, 0)
        return turn * self.scale[:, None, :]


def places(node: dict[str, Any], read: Callable[[int], Array]) -> Places | None:
    """Places of a glTF node's instances, None where it has a single one; `read` yields an accessor's array."""
    extension = node.get("extensions", {}).get(NAME)
    if not extension:
        return None
    given = {name: read(index).astype(np.float64) for name, index in extension.get("attributes", {}).items()}
    count = max((len(a) for a in given.values()), default=0)
    return Places(
        translation=given.get("TRANSLATION", np.zeros((count, 3))),
        rotation=given.get("ROTATION", np.tile([0.0, 0.0, 0.0, 1.0], (count, 1))),
        scale=given.get("SCALE", np.ones((count, 3))),
    )


def spread(p: Places, position: Array, normal: Array) -> tuple[Array, Array]:
    """Vertices and normals [instance * vertex, 3] of a shape written out at all places."""
    linear = p.linear
    where = np.einsum("kij,vj->kvi", linear, position) + p.translation[:, None, :]
    squared = np.maximum(p.scale**2, 1e-12)[:, None, :]
    # normals turn with the inverse transpose: R S^-1 = (R S) S^-2
    facing = np.einsum("kij,kvj->kvi", linear, normal[None] / squared)
    facing /= np.maximum(np.linalg.norm(facing, axis=2, keepdims=True), 1e-12)
    return where.reshape(-1, 3).astype(np.float32), facing.reshape(-1, 3).astype(np.float32)


def seeds(p: Places) -> Array:
    """[instance] 0..1, a hash of the place to the centimetre: a tree keeps its shape whatever tile it comes in."""
    cm = np.round(p.translation * 100).astype(np.int64)
    mixed = (cm[:, 0] * 73856093) ^ (cm[:, 2] * 19349663)
    return ((mixed * 2654435761 % 2**32) / 2**32).astype(np.float32)
