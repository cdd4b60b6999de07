"""When a content is to be read again: ISO 8601 durations and dates. Source: tile expiry of 3D Tiles 1.0."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from typing import Any

SHORTEST_S = 1.0
"""A content is not read more often than that."""
_DURATION = re.compile(
    r"P(?:(?P<Y>[\d.]+)Y)?(?:(?P<M>[\d.]+)M)?(?:(?P<W>[\d.]+)W)?(?:(?P<D>[\d.]+)D)?"
    r"(?:T(?:(?P<h>[\d.]+)H)?(?:(?P<m>[\d.]+)M)?(?:(?P<s>[\d.]+)S)?)?"
)
_SECONDS = {"Y": 31_556_952.0, "M": 2_629_746.0, "W": 604_800.0, "D": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}


def expire_s(expire: Any, *, now_unix_s: float | None = None) -> float:
    """Seconds after which a content expires that is read now; inf where that lies in the past (it was read after).

    `expire` holds a `duration` (seconds, or ISO 8601 such as PT10M) or a `date` (ISO 8601), the former first.

    Raises:
        ValueError: it says neither.
    """
    if type(expire) is not dict or not (expire.keys() & {"duration", "date"}):
        raise ValueError("its expire has neither a duration nor a date")
    if "duration" in expire:
        return max(_duration_s(expire["duration"]), SHORTEST_S)
    try:
        date = datetime.fromisoformat(str(expire["date"]))
    except ValueError as error:
        raise ValueError(f"{str(expire['date'])[:40]} is no date") from error
    then = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    rest = then - (time.time() if now_unix_s is None else now_unix_s)
    return max(rest, SHORTEST_S) if rest > 0 else math.inf


def _duration_s(text: Any) -> float:
    if type(text) in (int, float) and math.isfinite(text) and text >= 0:
        return float(text)
    found = _DURATION.fullmatch(str(text)[:60])
    try:
        parts = {name: float(value) for name, value in found.groupdict().items() if value} if found else {}
    except ValueError:
        parts = {}
    if not parts:
        raise ValueError(f"{str(text)[:40]} is no duration")
    return sum(_SECONDS[name] * value for name, value in parts.items())
