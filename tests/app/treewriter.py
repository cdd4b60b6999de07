"""Tilesets written by hand: documents, subtrees, and a table in which every stub has grown."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.tiles.mesh import Unreadable
from app.tiles.tree import tileset
from app.tiles.tree.tileset import Tileset

UNIT = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
"""A box from -1 to 1."""


def tile(
    content: str = "", *, children: Sequence[dict[str, Any]] = (), error: float = 8.0, **more: Any
) -> dict[str, Any]:
    """A tile with a box around the origin."""
    one: dict[str, Any] = {"boundingVolume": {"box": UNIT}, "geometricError": error}
    if content:
        one["content"] = {"uri": content}
    if children:
        one["children"] = list(children)
    return one | more


def document(folder: Path, root: Any, name: str = "tileset.json", **more: Any) -> str:
    """Write a tileset.json; its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": 16.0, "root": root} | more))
    return str(path)


def load(path: str) -> Tileset:
    """Only the root document, in its own axes."""
    return tileset.load(path, world_from_root=np.eye(4))[0]


def grown(path: str) -> tuple[Tileset, list[str]]:
    """The tileset with all that it names, and why some of it is missing."""
    table, reasons, tried = load(path), list[str](), set[int]()
    while stubs := set(np.flatnonzero((table.stub > 0) & ~table.grown & table.alive).tolist()) - tried:
        for node in sorted(stubs):
            tried.add(node)
            seed = table.seed(node)
            assert seed.source is not None
            try:
                table.graft(node, tileset.branch(seed, seed.source.read(seed.address)))
            except (OSError, Unreadable) as error:
                reasons.append(str(error))
    return table, reasons


def names(table: Tileset) -> list[str]:
    """File names of all contents that are drawn, in order."""
    return sorted(Path(a).name for n in np.flatnonzero(table.has_content).tolist() for a in table.contents[n])


def subtree(
    tiles: Iterable[int] | int, contents: Sequence[Iterable[int] | int] = (), children: Iterable[int] | int = 0, *,
    levels: int, branching: int = 4, binary: bool = True, more: dict[str, Any] | None = None,
    views: Sequence[bytes] = (),
) -> bytes:  # fmt: skip
    """A subtree file. Availability is 0 or 1 for all, or the bits that are set; `views` follow the bitstreams' ones."""
    count = (branching**levels - 1) // (branching - 1)
    blobs = [*views]

    def said(bits: Iterable[int] | int, size: int) -> dict[str, Any]:
        if isinstance(bits, int):
            return {"constant": bits}
        mask = np.zeros(size, bool)
        mask[list(bits)] = True
        blobs.append(np.packbits(mask, bitorder="little").tobytes())
        return {"bitstream": len(blobs) - 1, "availableCount": int(mask.sum())}

    head: dict[str, Any] = {
        "tileAvailability": said(tiles, count),
        "contentAvailability": [said(c, count) for c in contents],
        "childSubtreeAvailability": said(children, branching**levels),
    }
    body, views_json = b"", []
    for blob in blobs:
        views_json.append({"buffer": 0, "byteOffset": len(body), "byteLength": len(blob)})
        body += blob + bytes(-len(blob) % 8)
    if blobs:
        head |= {"buffers": [{"byteLength": len(body)}], "bufferViews": views_json}
    head |= more or {}
    text = json.dumps(head).encode()
    if not binary:
        return text
    text += b" " * (-len(text) % 8)
    return struct.pack("<4sIQQ", b"subt", 1, len(text), len(body)) + text + body
