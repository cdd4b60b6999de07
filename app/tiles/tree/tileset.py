"""Tilesets: the root as a table of nodes, and branches of it from the documents that it names.

`load` reads the tileset.json alone. Whatever it names, external tilesets and subtrees of implicit tiling, is read when
it is wanted: a worker makes a branch of it, the drawing thread grafts the branch onto the table (table.py).
Source: OGC 22-025r4 (3D Tiles 1.1) section 7.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.tiles.fetch import Source
from app.tiles.geodesy import ecef_from_enu, geodetic_from_ecef
from app.tiles.mesh import Unreadable
from app.tiles.tree import explicit, implicit, metadata, shapes, volumes
from app.tiles.tree.nodes import NO_DOCUMENT
from app.tiles.tree.table import EXTERNAL, MOST_NODES, SUBTREE, Document, Nodes, Seed, Tileset
from network.problems import Refused

__all__ = ["EXTERNAL", "MOST_NODES", "SUBTREE", "Nodes", "Seed", "Tileset", "branch", "is_branch", "load"]

Float = NDArray[np.float64]

VERSIONS = ("0.0", "1.0", "1.1")
MOST_CHAINED = 64
"""Documents that lead from the root to a tile."""
LARGEST_DOCUMENT = 64 << 20
"""Bytes of one tileset.json: it would hold 500,000 tiles."""
EXTENSIONS = frozenset((
    "3DTILES_bounding_volume_S2", "3DTILES_content_gltf", "3DTILES_implicit_tiling", "3DTILES_metadata",
    "3DTILES_multiple_contents", "3DTILES_draco_point_compression", "3DTILES_batch_table_hierarchy",
    "MAXAR_content_3tz",
))  # fmt: skip
"""Of tilesets, that may be required."""
_BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, MemoryError)


def load(address: str, *, world_from_root: Float | None = None, source: Source | None = None) -> tuple[Tileset, Float]:
    """The node table of the tileset.json at `address`, and the matrix world from earth-centred that was used.

    A lone content there (glTF, b3dm, ...) is a tileset of one tile. Without `world_from_root` (a tileset alone, no
    district) the world's origin is put under the root's volume. `source` is where its files come from; without one it
    is opened here. The table keeps it.

    Raises:
        Refused: the file is missing or is no tileset.
    """
    files = source or Source(address)
    address = files.root if source is None else address
    try:
        body = files.read(address)
        with _uncollected():
            nodes, world_from_root = _root(address, _opened(address, body), files, world_from_root)
    except _BROKEN as error:
        raise Refused(f"{address}: the tileset is malformed ({str(error)[:120]}); export it again.") from error
    except OSError as error:
        raise Refused(f"{address}: the tileset cannot be read ({error}); name an existing tileset.json.") from error
    except Unreadable as error:
        raise Refused(f"{address}: not a tileset: {error}; name a 3D Tiles tileset.json.") from error
    if not len(nodes):
        reason = nodes.unread[0][1] if nodes.unread else "it has no tile"
        raise Refused(f"{address}: not a tileset: {reason}; export it again.")
    return Tileset(nodes, world_from_earth=world_from_root, source=files), world_from_root


def _root(
    address: str, document: dict[str, Any], files: Source, world_from_root: Float | None
) -> tuple[Nodes, Float]:  # fmt: skip
    """The root's branch, and world from it."""
    root = document.get("root")
    if not isinstance(root, dict):
        raise Unreadable("it has no root")
    world = _own_frame(root) if world_from_root is None else world_from_root
    nowhere = np.full(3, volumes.NOWHERE_M)
    seed = Seed(address, NO_DOCUMENT, world, world, True, 0.0, -1, world[:3, 3], volumes.NOWHERE_M, nowhere)
    return _document(seed, document, files), world


def is_branch(content: bytes) -> bool:
    """Whether a content is a tileset, whatever its address says."""
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.startswith(b"{") or len(content) > LARGEST_DOCUMENT:
        return False
    try:
        document = _json(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "root" in document


def branch(seed: Seed, content: bytes) -> Nodes:
    """The branch that a stub's document is; for any thread. What the document names beside it comes from seed.source.

    Raises:
        Unreadable: it is malformed, with the reason.
    """
    source = seed.source or Source(seed.address)
    try:
        if seed.subtree is not None:
            return implicit.expand(seed, content, lambda uri: source.read(source.join(seed.address, uri))).worked_out()
        with _uncollected():
            return _document(seed, _parsed(content), source).worked_out()
    except _BROKEN as error:
        raise Unreadable(f"the document is inconsistent: {type(error).__name__} {str(error)[:120]}") from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """A large document is millions of objects and no garbage: looking for some would take most of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _opened(address: str, body: bytes) -> dict[str, Any]:
    """The tileset that a file is, or one around it where it is something to draw."""
    if bytes(body[:4]) in (b"glTF", b"b3dm", b"i3dm", b"pnts", b"cmpt"):
        return _around(address)
    document = _parsed(body)
    lone = "root" not in document and ("meshes" in document or "scenes" in document)
    return _around(address) if lone else document


def _around(address: str) -> dict[str, Any]:
    """A tileset of one tile around a lone content, which may be anywhere."""
    name = quote(PurePath(unquote(urlsplit(address).path)).name)
    nowhere = {"sphere": [0.0, 0.0, 0.0, volumes.NOWHERE_M]}
    tile = {"boundingVolume": nowhere, "geometricError": 0.0, "content": {"uri": name}}
    return {"asset": {"version": "1.1"}, "geometricError": 0.0, "root": tile}


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST_DOCUMENT:
        raise Unreadable(f"the document has {len(content) >> 20} MiB; up to {LARGEST_DOCUMENT >> 20} are read")
    try:
        document = _json(content)
    except RecursionError as error:
        raise Unreadable("its tiles are nested too deeply") from error
    except ValueError as error:
        what = "its bytes are no text" if isinstance(error, UnicodeDecodeError) else str(error)[:100]
        raise Unreadable(f"it is no JSON ({what})") from error
    if not isinstance(document, dict):
        raise Unreadable("it is no object")
    return document


def _json(content: bytes) -> Any:
    """JSON as fast as can be; what is not quite JSON (NaN, a mark of byte order) as patiently as Python reads it."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(content)


def _document(seed: Seed, json_document: dict[str, Any], source: Source) -> Nodes:
    """The branch of a tileset.json below the node of `seed`."""
    address, above = seed.address, seed.document
    chain = (*above.chain, above.address) if above.address else ()
    if address in chain:
        raise Unreadable("the tileset names itself, through the tilesets that it names")
    if len(chain) > MOST_CHAINED:
        raise Unreadable(f"it lies behind more than {MOST_CHAINED} tilesets that name each other")
    if not isinstance(json_document.get("root"), dict):
        raise Unreadable("it has no root")
    asset = json_document.get("asset")
    version = str(asset.get("version", "1.0")) if isinstance(asset, dict) else "1.0"
    if version not in VERSIONS:
        raise Unreadable(f"its version is {version[:20]!r}; {', '.join(VERSIONS)} are read")
    required = json_document.get("extensionsRequired") or ()
    unknown = [str(e) for e in required if e not in EXTENSIONS] if isinstance(required, list) else []
    if unknown:
        raise Unreadable(f"it requires {unknown[0][:80]}, which is not read")

    def beside(uri: str) -> Any:
        return json.loads(source.read(source.join(address, uri)))

    said, reason = metadata.read(json_document, beside)
    axis = asset.get("gltfUpAxis", "Y") if isinstance(asset, dict) else "Y"
    document = Document(
        address, chain, axis.upper() if isinstance(axis, str) and axis.upper() in ("X", "Y", "Z") else "Y",
        said.metadata, said.group_names, said.groups, said.schema,
    )  # fmt: skip
    walk = explicit.Walk(seed, document, lambda uri: source.join(address, uri))
    if reason:
        walk.leave_out("", reason)
    return walk.run(json_document["root"], json_document.get("geometricError"))


def _own_frame(root: dict[str, Any]) -> Float:
    """World from earth-centred with the origin under the root's volume; tilesets without a place keep their axes."""
    identity = np.eye(4)
    try:
        matrix = shapes.transform_of(root["transform"]) if root.get("transform") is not None else identity
        volume = shapes.volume_of(root.get("boundingVolume"))
    except shapes.Odd:
        return identity
    centre = volumes.bounds(volume.kind, np.array([volume.values]), matrix[None], identity).centre_m[0]
    if np.linalg.norm(centre) < 1e6:
        shift = np.eye(4)
        shift[:3, 3] = -centre
        return shift
    latitude, longitude, height = geodetic_from_ecef(centre)
    return np.asarray(np.linalg.inv(ecef_from_enu(latitude, longitude, height)))
