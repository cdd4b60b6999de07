"""The shown time: runs between the Clock's ticks (10 Hz) so that pictures move at the screen's rate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.world import Shown, Stage
from network.schema import Hello

PACES = ((1.0, "1×"), (600.0, "10 min/s"), (3600.0, "1 h/s"), (21600.0, "6 h/s"))
"""Simulated seconds per second on offer, with their labels."""
_HOLD_S = 1.0
_JUMP_S = 0.35
"""Wall seconds of difference beyond which the picture jumps instead of easing."""


def advance(shown: Shown, stage: Stage, *, now_s: float, dt_s: float) -> Shown:
    """Shown time one frame later: follows the Clock, extrapolated by its pace, without steps backward at each tick."""
    clock = stage.clock
    if clock is None or now_s < shown.held_s:
        return shown
    ahead = min(now_s - stage.clock_s, 0.5)
    target = clock.time_s + clock.pace * ahead
    mine = shown.time_s + clock.pace * dt_s
    gap = target - mine
    if clock.pace == 0.0 or abs(gap) > _JUMP_S * abs(clock.pace):
        return replace(shown, time_s=target)
    return replace(shown, time_s=mine + 0.1 * gap)


def sought(time_s: float, *, now_s: float) -> Shown:
    """Shown time after the hand's seek; held until the Clock had time to follow."""
    return Shown(time_s, now_s + _HOLD_S)


def wall(time_s: float, hello: Hello) -> datetime:
    """What a clock on the district's wall shows at a time since 1 January 00:00 local standard time."""
    return datetime(hello.year, 1, 1) + timedelta(seconds=time_s + saving_s(time_s, hello))


def saving_s(time_s: float, hello: Hello) -> float:
    """Daylight saving at that time: 3600 in summer where the zone has it, else 0."""
    try:
        zone = ZoneInfo(hello.zone)
    except (ZoneInfoNotFoundError, ValueError):  # a fixed offset of a weather file has no zone
        return 0.0
    moment = datetime(hello.year, 1, 1, tzinfo=UTC) + timedelta(seconds=time_s - hello.utc_offset_s)
    offset = moment.astimezone(zone).utcoffset()
    return offset.total_seconds() - hello.utc_offset_s if offset is not None else 0.0
