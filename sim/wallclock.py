"""The clock on the wall: habits follow it, while the physics count in local standard time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=4)
def hours(*, steps: int, step_s: float, year: int, zone: str, utc_offset_s: float) -> NDArray[np.int32]:
    """[step] hours since 1 January 0 h on the wall at which a step begins, taken round the year.

    In summer time it runs an hour ahead: an hour is left out in spring and met twice in autumn. A zone that is
    unknown here means the fixed offset.
    """
    clock: tzinfo
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        clock = timezone(timedelta(seconds=utc_offset_s))
    start = datetime(year, 1, 1, tzinfo=UTC) - timedelta(seconds=utc_offset_s)
    first, length = datetime(year, 1, 1), (datetime(year + 1, 1, 1) - datetime(year, 1, 1)) // timedelta(hours=1)
    walls = [(start + timedelta(seconds=k * step_s)).astimezone(clock).replace(tzinfo=None) for k in range(steps)]
    wall = np.array([(w - first) // timedelta(hours=1) for w in walls], dtype=np.int32) % length
    wall.setflags(write=False)
    return wall
