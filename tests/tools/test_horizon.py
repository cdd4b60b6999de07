"""The horizon before walls that anyone can measure with a ruler."""

from __future__ import annotations

import platform
import sys

import numpy as np
import pytest

from sim.district import SurfaceKind
from tools import horizon
from tools.surfaces import Raw


def surface(*, tilt_deg: float, azimuth_deg: float) -> Raw:
    """One surface at the origin."""
    tilt, azimuth = np.radians([tilt_deg]), np.radians([azimuth_deg])
    normal = np.column_stack([np.sin(tilt) * np.sin(azimuth), np.sin(tilt) * np.cos(azimuth), np.cos(tilt)])
    kind = SurfaceKind.ROOF if tilt_deg < 80 else SurfaceKind.WALL
    return Raw(
        id=("s",), building=np.array([0], np.int32), kind=np.array([kind], np.int8), tilt_rad=tilt,
        azimuth_rad=azimuth, area_m2=np.ones(1), usable_m2=np.ones(1), xyz_m=np.zeros((1, 3)), normal=normal,
    )  # fmt: skip


def screen(*, distance: float, height: float) -> np.ndarray:
    """A very long wall south of the origin, as two triangles."""
    a, b = (-1e4, -distance, -5.0), (1e4, -distance, -5.0)
    c, d = (1e4, -distance, height), (-1e4, -distance, height)
    return np.array([[a, b, c], [a, c, d]])


def quiet(stage: str, done: float) -> None:
    pass


def _rays_or_skip() -> None:
    """embreex has no wheel for Linux on other processors; elsewhere its absence is a fault."""
    if sys.platform == "linux" and platform.machine() != "x86_64":
        pytest.importorskip("embreex")


@pytest.mark.parametrize("traced", [True, False])
def test_a_wall_as_high_as_it_is_far_stands_at_45_degrees(traced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if traced:
        _rays_or_skip()
    else:
        monkeypatch.setattr(horizon, "_rays", lambda triangles: None)
    wall = np.concatenate([screen(distance=20, height=20)])
    near = wall.clip(-200, 200)  # the height map is as large as the district
    level, _ = horizon.horizon(surface(tilt_deg=0, azimuth_deg=0), near, np.array([1, 1], np.int32), quiet)
    assert np.degrees(level[0, 18]) == pytest.approx(45, abs=3)  # south
    assert np.degrees(level[0, 14]) == pytest.approx(np.degrees(np.arctan(np.cos(np.radians(40)))), abs=3)
    assert level[0, 0] == 0
    assert level[0, 5] == 0


@pytest.mark.parametrize("traced", [True, False])
def test_a_tower_in_the_east_stands_in_the_east(traced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if traced:
        _rays_or_skip()
    else:
        monkeypatch.setattr(horizon, "_rays", lambda triangles: None)
    a, b, c, d = (30.0, -9.0, -5.0), (30.0, 9.0, -5.0), (30.0, 9.0, 30.0), (30.0, -9.0, 30.0)
    ground = [[(-60.0, -60.0, -5.0), (60.0, -60.0, -5.0), (0.0, 60.0, -5.0)]]  # the height map is as large as all
    tower = np.array([[a, b, c], [a, c, d], *ground])
    level, _ = horizon.horizon(surface(tilt_deg=0, azimuth_deg=0), tower, np.array([1, 1, 2], np.int32), quiet)
    assert np.flatnonzero(level[0] > 0.1).tolist() == [8, 9, 10]
    assert np.degrees(level[0, 9]) == pytest.approx(45, abs=4)


def test_an_open_sky_is_seen_whole() -> None:
    none = np.zeros((3, 36), np.float32)
    seen = horizon.sky_view(np.radians([0.0, 45.0, 90.0]), np.radians([0.0, 100.0, 200.0]), none)
    np.testing.assert_allclose(seen, 1.0)


@pytest.mark.parametrize("elevation", [10.0, 30.0, 60.0])
def test_a_bowl_leaves_cos_squared_of_the_sky(elevation: float) -> None:
    """A level surface in a bowl whose rim stands at h sees cos^2 h of the isotropic sky."""
    bowl = np.full((1, 36), np.radians(elevation), np.float32)
    seen = horizon.sky_view(np.zeros(1), np.zeros(1), bowl)
    assert seen[0] == pytest.approx(np.cos(np.radians(elevation)) ** 2, abs=0.01)


def test_a_wall_behind_a_wall_takes_nothing() -> None:
    """What stands behind a surface is not in front of it."""
    behind = np.zeros((1, 36), np.float32)
    behind[0, 10:27] = np.pi / 2  # south half is blocked
    assert horizon.sky_view(np.radians([90.0]), np.zeros(1), behind)[0] == pytest.approx(1.0, abs=1e-6)
