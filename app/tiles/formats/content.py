"""The bytes of a tile's content to meshes, whatever format they are in: told by their first bytes, not by a name.

glTF 2.0 and 1.0 (GLB or JSON), b3dm, i3dm, pnts and cmpt. A content either becomes meshes or is `Unreadable` with one
sentence that says why; every count in it is checked against the bytes at hand before memory is asked for.
Whether JSON is a glTF or an external tileset is asked before (app.tiles.tree.tileset).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from app.tiles.formats import gltf, legacy, points
from app.tiles.formats.gltf_accessors import chunks, parsed
from app.tiles.formats.reading import UP, Reading, naming
from app.tiles.mesh import Mesh, Unreadable

_JSON = (b"{", b"\xef\xbb\xbf{")


def decode(
    content: bytes,
    slots: Mapping[str, int],
    *,
    address: str = "",
    read: Callable[[str], bytes] | None = None,
    up_axis: str = "Y",
    id_property: str | None = None,
) -> tuple[Mesh, ...]:
    """Meshes of a content.

    Args:
        content: the file.
        slots: a building's id to its row in the value texture.
        address: where the content is from; named in reasons.
        read: fetches another file by its address relative to this one; raises OSError.
        up_axis: the axis of its glTF that points up, X, Y or Z (`asset.gltfUpAxis` of old tilesets).
        id_property: the property that holds the ids; None = the first of the usual names.

    Raises:
        Unreadable: with the reason.
        OSError: a file that the content names did not come; as `read` raised it.
    """
    reading = Reading(slots, read, UP.get(up_axis.upper(), UP["Y"]), id_property)
    name = address.partition("?")[0].rpartition("/")[2]
    with np.errstate(all="ignore"), naming(f"the parts of {name or 'the content'}"):
        return _decode(memoryview(content), reading, 0)


def _decode(content: memoryview, reading: Reading, depth: int) -> tuple[Mesh, ...]:
    magic = bytes(content[:4])
    if magic == b"glTF":
        return gltf.meshes(*chunks(content), reading)
    if magic == b"b3dm":
        return legacy.b3dm(content, reading)
    if magic == b"i3dm":
        return legacy.i3dm(content, reading)
    if magic == b"pnts":
        return points.pnts(content, reading)
    if magic == b"cmpt":
        if depth >= legacy.DEEPEST:
            raise Unreadable(f"composites lie within composites more than {legacy.DEEPEST} deep")
        return tuple(m for part in legacy.parts(content) for m in _decode(part, reading, depth + 1))
    if magic in (b"vctr", b"geom", b"subt"):
        raise Unreadable(f"content of type {magic.decode()} is not read")
    if bytes(content[:64]).lstrip().startswith(_JSON):
        return gltf.meshes(_gltf_json(content), memoryview(b""), reading)
    raise Unreadable(f"neither glTF, b3dm, i3dm, pnts nor cmpt: the file begins with {magic!r}")


def _gltf_json(content: memoryview) -> dict[str, object]:
    document = parsed(content, "glTF")
    if "type" in document and "asset" not in document:
        raise Unreadable(f"JSON of type {str(document['type'])[:40]} is no glTF")
    if "root" in document:
        raise Unreadable("an external tileset, not a glTF")
    return document
