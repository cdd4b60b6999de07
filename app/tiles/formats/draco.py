"""Geometry compressed by Draco, in glTF and in point clouds.

Sources: KHR_draco_mesh_compression, 3DTILES_draco_point_compression. The decoder (DracoPy) gives up the interpreter
lock while it works; its memory is bounded by the process it runs in (app.tiles.pool).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.mesh import Unreadable

Array = NDArray[Any]

NAME = "KHR_draco_mesh_compression"


def decode(packed: bytes | memoryview) -> tuple[dict[int, Array], Array]:
    """Attributes by unique id, [vertex] or [vertex, width] each, and [3 k] vertex indices (none of a point cloud).

    Raises:
        Unreadable: the decoder is not installed, or the data is broken.
    """
    try:
        import DracoPy
    except ImportError as error:
        raise Unreadable(
            "its geometry is compressed by Draco, which needs the decoder DracoPy: pip install DracoPy"
        ) from error
    try:
        made = DracoPy.decode(bytes(packed))
        attributes = {int(a["unique_id"]): np.asarray(a["data"]) for a in made.attributes}
        faces = getattr(made, "faces", None)
    except Exception as error:  # the decoder raises what it likes on broken data
        raise Unreadable(f"its Draco data cannot be decoded: {str(error)[:120]}") from error
    index = np.zeros(0, np.uint32) if faces is None else np.asarray(faces, np.uint32).ravel()
    return attributes, index
