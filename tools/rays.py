"""Rays against triangles by embree: whether they are blocked, what they meet first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_FAR = 1e30
"""embree's distance where nothing was met."""


def available() -> bool:
    """Whether embree is here; it has no wheel for some processors."""
    try:
        import embreex  # noqa: F401
    except ImportError:
        return False
    return True


class Rays:
    """Triangles [n, 3, 3] in m, ready for rays; at least one."""

    def __init__(self, triangles_m: Float) -> None:
        from embreex import rtcore_scene
        from embreex.mesh_construction import TriangleMesh

        self._scene: Any = rtcore_scene.EmbreeScene()
        self._mesh: Any = TriangleMesh(self._scene, np.ascontiguousarray(triangles_m, np.float32))  # kept alive

    def blocked(self, origins: NDArray[Any], towards: Float) -> NDArray[np.bool_]:
        """[n] whether anything stands in the way of each ray; `origins`, `towards` [n, 3]."""
        if not len(origins):
            return np.zeros(0, bool)
        hits = self._scene.run(origins.astype(np.float32), towards.astype(np.float32), query="OCCLUDED")
        return np.asarray(hits) != -1

    def first(self, origins: Float, towards: Float) -> tuple[Float, Float]:
        """[n] distance to what each ray meets first, inf where nothing, and the cosine between ray and its normal.

        The cosine is positive where a triangle is met from behind: from inside a solid.
        """
        if not len(origins):
            return np.zeros(0), np.zeros(0)
        found = self._scene.run(origins.astype(np.float32), towards.astype(np.float32), output=True)
        met = np.asarray(found["primID"]) != -1
        distance = np.where(met, np.minimum(found["tfar"], _FAR), np.inf).astype(np.float64)
        across = np.einsum("ij,ij->i", np.asarray(found["Ng"], np.float64), towards)
        length = np.maximum(np.linalg.norm(found["Ng"], axis=1), 1e-30)
        return distance, np.where(met, across / length, 0.0)
