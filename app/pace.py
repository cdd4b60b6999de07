"""The shown time: runs between the Clock's ticks (10 Hz) so that pictures move at the screen's rate."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.world import Shown, Stage
from network.problems import Refused

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


def wall(time_s: float, year: int) -> datetime:
    """Calendar moment of a time since 1 January 00:00 of `year`, local standard time."""
    return datetime(year, 1, 1) + timedelta(seconds=time_s)


def of_iso(text: str, year: int) -> tuple[float, str]:
    """Time of an ISO wall time in the district's year, and a note when the year was another.

    Raises:
        Refused: not a time.
    """
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise Refused(f"--time {text}: not an ISO time; write it like {year}-06-21T13:00.", code=2) from error
    note = ""
    if moment.year != year:
        day = 28 if (moment.month, moment.day) == (2, 29) and not _leap(year) else moment.day
        note = f"--time {text}: the district's year is {year}; shown is {moment.day} {moment:%B} of {year}."
        moment = moment.replace(year=year, day=day)
    return (moment - datetime(year, 1, 1)).total_seconds(), note


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
