"""What can be known of the running picture: figures of frames and tiles, for `--stats` and for the panel of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.scenery import Scenery
from app.tiles.cache import Stream

RECENT = 120
"""Frames that the panel's figures are of."""


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
