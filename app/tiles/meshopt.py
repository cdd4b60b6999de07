"""Buffer views compressed by EXT_meshopt_compression."""

from __future__ import annotations

from typing import Any

from app.tiles.mesh import Unreadable


def decode(packed: memoryview, view: dict[str, Any]) -> bytes:
    """Bytes of the buffer view.

    Raises:
        Unreadable: no decoder is at hand.
    """
    raise Unreadable(
        "its geometry is compressed by meshopt (EXT_meshopt_compression), for which no decoder is had: publish the "
        "tiles uncompressed or with KHR_draco_mesh_compression"
    )
