"""An ISO time as people write it -> seconds of the district's year.

Without an offset it is the wall clock of the district's zone, daylight saving included. In another year than the
weather's it means the same month, day and hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from network.problems import Refused


def seconds(text: str, *, year: int, zone: str, utc_offset_s: float) -> tuple[float, str]:
    """Seconds since 1 January 00:00 local standard time of `year`, and a note to show (or "").

    Raises:
        Refused: it is no time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as e:
        raise Refused(f"{text!r} is no time; write it as 2015-06-21T13:00", code=2) from e
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None) + timedelta(seconds=utc_offset_s)
        moment, note = _in_year(moment, year)
    else:
        moment, note = _in_year(moment, year)
        moment += timedelta(seconds=utc_offset_s) - _offset(moment, zone, utc_offset_s)
    return (moment - datetime(year, 1, 1)).total_seconds(), note


def _in_year(moment: datetime, year: int) -> tuple[datetime, str]:
    if moment.year == year:
        return moment, ""
    leap = (moment.month, moment.day) == (2, 29)
    moved = moment.replace(year=year, day=28) if leap else moment.replace(year=year)
    return moved, f"the weather is of {year}: showing {moved:%d %B %H:%M} of that year"


def _offset(wall: datetime, zone: str, utc_offset_s: float) -> timedelta:
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):  # a fixed offset of a weather file has no zone
        return timedelta(seconds=utc_offset_s)
    return wall.replace(tzinfo=clock).utcoffset() or timedelta(seconds=utc_offset_s)
