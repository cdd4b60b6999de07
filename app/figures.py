"""What can be known of the running picture: figures of frames and tiles, for `--stats` and for the panel of figures;
and what a tileset says of the content that was clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.scenery import Scenery
from app.tiles.cache import Stream
from app.tiles.styling.wardrobe import said
from app.tiles.tree.metadata import Metadata
from app.tiles.tree.table import Tileset

RECENT = 120
"""Frames that the panel's figures are of."""
_UNITS = {
    f"{what}_{which}": "m" for what in ("TILE", "CONTENT")
    for which in ("BOUNDING_BOX", "BOUNDING_SPHERE", "MINIMUM_HEIGHT", "MAXIMUM_HEIGHT")
} | {"TILE_GEOMETRIC_ERROR": "m"}  # fmt: skip
"""Units that the meaning of a property implies. Source: 3D Metadata Semantic Reference."""
_SIDES = {"MAT2": 2, "MAT3": 3, "MAT4": 4}
"""Rows and columns."""


@dataclass(frozen=True)
class Row:
    """One property."""

    name: str
    words: str
    remark: str = ""
    """What its class says of it."""


@dataclass(frozen=True)
class Section:
    """What is said of one thing."""

    title: str
    note: str
    """Its class, and the name of a group that has one."""
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class About:
    """What a tileset says around a feature."""

    name: str
    """File name of the content that it is in."""
    sections: tuple[Section, ...]
    """Those in which there is something."""


@dataclass(frozen=True)
class Figures:
    """Figures of the last frames and of the tiles as they stand."""

    frame_ms: Mapping[str, float]
    """p50, p95, p99 and max."""
    tile_ms: Mapping[str, float]
    """Main-thread time of tiles: p50, p99 and max."""
    tiles: Mapping[str, Any]
    """What the stream tells (Stream.stats): loaded, visible, failed, bytes, cap_bytes, queued, error_px, ..."""
    errors: tuple[Mapping[str, str], ...]
    """{uri, reason} of what could not be read."""
    drawn: int
    """Features in the tiles drawn."""


def figures(scenery: Scenery | None, frame_ms: Sequence[float], *, recent: int = 0) -> Figures:
    """Of all frames, or of the last `recent` ones."""
    stream = scenery.stream if scenery is not None else None
    work = list(stream.work_ms) if stream is not None else []
    return Figures(
        frame_ms=percentiles(frame_ms[-recent:], (50, 95, 99)),
        tile_ms=percentiles(work[-recent:], (50, 99)),
        tiles=_of_tiles(stream),
        errors=tuple(scenery.failed) if scenery is not None else (),
        drawn=stream.features if stream is not None else 0,
    )


def document(told: Figures) -> dict[str, Any]:
    """The same as `--stats` writes it."""
    return {
        "frame_ms": dict(told.frame_ms), "tile_ms": dict(told.tile_ms), "tiles": dict(told.tiles),
        "errors": [dict(error) for error in told.errors], "features": told.drawn,
    }  # fmt: skip


def percentiles(values: Sequence[float], ranks: tuple[int, ...]) -> dict[str, float]:
    """{p50: ..., max: ...}; zeros without values."""
    some = np.array(values or [0.0])
    return {**{f"p{rank}": float(np.percentile(some, rank)) for rank in ranks}, "max": float(some.max())}


def _of_tiles(stream: Stream | None) -> dict[str, Any]:
    if stream is None:
        return {"loaded": 0, "visible": 0, "failed": 0, "bytes": 0, "cap_bytes": 0}
    told = stream.stats()
    return {name: value for name, value in told.items() if name not in ("features", "work_ms")}


def about(tiles: Tileset, node: int, content: int) -> About:
    """Metadata of a content, its group, its tile and its tileset, in words."""
    told, document = tiles.annotation(node), tiles.documents[tiles.document[node]]
    group = told.groups[content] if content < len(told.groups) else -1
    name = document.group_names[group] if 0 <= group < len(document.group_names) else ""
    listed = (
        ("Content", told.contents[content] if content < len(told.contents) else None, ""),
        ("Group", document.groups[group] if group >= 0 else None, name),
        ("Tile", told.tile, ""),
        ("Tileset", tiles.metadata(node), ""),
    )
    sections = [_section(title, metadata, name) for title, metadata, name in listed if metadata is not None]
    address = tiles.contents[node][content] if content < len(tiles.contents[node]) else ""
    return About(address.partition("?")[0].rpartition("/")[2], tuple(s for s in sections if s.rows))


def _section(title: str, metadata: Metadata, name: str) -> Section:
    rows = []
    for key, value in metadata.values.items():
        known = metadata.properties.get(key)
        if _absent(value):
            continue
        if known is None:
            rows.append(Row(key, said(value)))
            continue
        side = _SIDES.get(known.type)
        if side and isinstance(value, np.ndarray):
            value = value.reshape(*value.shape[:-1], side, side)  # by columns, as it is given
        words, unit = said(value), _UNITS.get(known.semantic, "")
        remarks = (known.description, " · ".join(part for part in (known.title and key, known.semantic) if part))
        remark = "\n".join(part for part in remarks if part)
        rows.append(Row(known.title or key, f"{words}\N{NO-BREAK SPACE}{unit}".rstrip(), remark))
    return Section(title, " · ".join(part for part in (name, metadata.class_name) if part), tuple(rows))


def _absent(value: Any) -> bool:
    """Nothing, nothing in it, or no number."""
    if value is None or (isinstance(value, str | list | np.ndarray) and not len(value)):
        return True
    kind = value.dtype.kind if isinstance(value, np.ndarray | np.generic) else "f" if isinstance(value, float) else ""
    return kind == "f" and bool(np.isnan(value).all())
