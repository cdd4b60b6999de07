"""The shown time between the Clock's ticks."""

from itertools import pairwise

import msgspec
import pytest
from toytown import Feed

from app import pace
from app.world import Shown, Stage
from network.schema import Clock


def stage(time_s: float, speed: float, at_s: float) -> Stage:
    return Stage(clock=Clock("run", time_s, speed, 3600.0, {}, {}), clock_s=at_s)


def test_between_ticks_time_runs_at_the_pace_without_steps_back() -> None:
    shown, times = Shown(1000.0), []
    for k in range(120):
        now = k / 60
        tick = int(now * 10) / 10
        shown = pace.advance(shown, stage(1000.0 + 600.0 * tick, 600.0, tick), now_s=now, dt_s=1 / 60)
        times.append(shown.time_s)
    steps = [b - a for a, b in pairwise(times)]
    assert min(steps) >= 0 and max(steps) < 2.5 * 600 / 60
    assert times[-1] == pytest.approx(1000 + 600 * 119 / 60, abs=100)


def test_paused_it_shows_exactly_the_clock() -> None:
    assert pace.advance(Shown(5.0), stage(42.0, 0.0, 0.0), now_s=0.05, dt_s=0.02).time_s == 42.0


def test_the_hand_is_ahead_of_the_clock_for_a_moment_then_the_clock_rules() -> None:
    shown = pace.sought(500.0, now_s=1.0)
    assert pace.advance(shown, stage(0.0, 0.0, 1.0), now_s=1.5, dt_s=0.02).time_s == 500.0
    assert pace.advance(shown, stage(0.0, 0.0, 1.0), now_s=2.5, dt_s=0.02).time_s == 0.0


def test_a_silent_clock_does_not_run_on_for_ever() -> None:
    shown = pace.advance(Shown(0.0), stage(0.0, 3600.0, 0.0), now_s=60.0, dt_s=0.02)
    assert shown.time_s <= 1800.0


def test_the_wall_clock_has_daylight_saving_and_the_physics_has_not() -> None:
    hello = Feed(None, [(0, 0, 1, 1, 1, 0, 0)], ["a"]).hello()
    assert pace.wall((171 * 24 + 12) * 3600.0, hello).isoformat() == "2025-06-21T13:00:00"
    assert pace.wall(12 * 3600.0, hello).isoformat() == "2025-01-01T12:00:00"
    fixed = msgspec.structs.replace(hello, zone="UTC+01:00")
    assert pace.wall((171 * 24 + 12) * 3600.0, fixed).hour == 12
