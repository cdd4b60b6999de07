"""Solar potential: days and years that a calendar can check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.quantities import QUANTITIES
from sim import potential
from sim.district import SurfaceKind

WEATHER = random_weather()
BASE = random_district(buildings=4, nodes=0, surfaces=4)


def town(*, latitude_deg: float, horizon_deg: float = 0.0):
    """Four facades to the four winds on every building, the last one a flat roof instead of the west."""
    s, n = BASE.surface, len(BASE.surface)
    k = np.arange(n) % 4
    roof = k == 3
    surface = replace(
        s, kind=np.where(roof, SurfaceKind.ROOF, SurfaceKind.WALL).astype(np.int8),
        tilt_rad=np.where(roof, 0.0, np.pi / 2), azimuth_rad=k * np.pi / 2, area_m2=np.ones(n),
        horizon_rad=np.full((n, 36), np.radians(horizon_deg), np.float32), sky_view=np.ones(n),
    )  # fmt: skip
    place = replace(BASE.place, latitude_rad=np.radians(latitude_deg), longitude_rad=0.0, utc_offset_s=0.0)
    return replace(BASE, surface=surface, place=place)


def hours(district) -> tuple[np.ndarray, np.ndarray]:
    """Of the first building's sunniest facade, and of its flat roof, on the three dates."""
    roof = int(np.argmin(district.surface.tilt_rad))
    return (potential.potential(district, WEATHER).facade_sun_s[:, 0] / 3600,
            potential.sun_s(district)[:, roof] / 3600)  # fmt: skip


def test_at_the_equinox_the_sun_shines_for_twelve_hours_and_all_of_them_on_the_south() -> None:
    facade, roof = hours(town(latitude_deg=47.0))
    assert facade[0] == pytest.approx(12.0, abs=0.3)
    assert roof[0] == pytest.approx(12.0, abs=0.3)
    assert roof[1] == pytest.approx(15.7, abs=0.3)  # 2/15 arccos(-tan 47 tan 23.44)
    assert roof[2] == pytest.approx(8.3, abs=0.3)


def test_a_horizon_cuts_the_ends_of_the_day() -> None:
    open_day, _ = hours(town(latitude_deg=47.0))
    closed, _ = hours(town(latitude_deg=47.0, horizon_deg=15.0))
    assert closed[0] == pytest.approx(open_day[0] - 3.0, abs=0.4)  # 15 deg up takes 1.5 h at 47 degrees north
    assert closed[2] < open_day[2] - 3.5


def test_beyond_the_polar_circle_the_day_is_whole_or_none() -> None:
    _, roof = hours(town(latitude_deg=78.0))
    assert roof[1] == 24.0
    assert roof[2] == 0.0


def test_on_the_southern_hemisphere_december_is_summer() -> None:
    _, roof = hours(town(latitude_deg=-34.0))
    assert roof[2] > 14.0
    assert roof[1] < 10.0


def test_the_year_s_light_is_the_sum_of_its_hours_and_a_horizon_takes_some() -> None:
    free = potential.potential(town(latitude_deg=52.0), WEATHER)
    ghi = WEATHER.ghi_w_m2.sum() * WEATHER.step_s
    assert free.roof_j_m2[0] == pytest.approx(ghi, rel=0.03)
    assert (potential.potential(town(latitude_deg=52.0, horizon_deg=20.0), WEATHER).roof_j_m2 < free.roof_j_m2).all()
    assert (free.facade_j_m2 < free.roof_j_m2).all()


def test_a_building_without_roofs_has_no_roof_potential() -> None:
    base = town(latitude_deg=52.0)
    walls = replace(base, surface=replace(base.surface, kind=np.full(len(base.surface), SurfaceKind.WALL, np.int8)))
    assert np.isnan(potential.potential(walls, WEATHER).roof_j_m2).all()


def test_surfaces_without_area_neither_count_nor_speak() -> None:
    base = town(latitude_deg=52.0)
    s, first = base.surface, base.surface.building == 0
    south = np.isclose(s.azimuth_rad, np.pi) & (s.kind == SurfaceKind.WALL)
    whole = potential.potential(base, WEATHER)
    shy = replace(base, surface=replace(s, area_m2=np.where(first & south, 0.0, 1.0)))
    found = potential.potential(shy, WEATHER)
    assert found.facade_j_m2[0] < whole.facade_j_m2[0]
    assert found.facade_sun_s[0, 0] < whole.facade_sun_s[0, 0]
    bare = replace(base, surface=replace(s, area_m2=np.where(first, 0.0, 1.0)))
    found = potential.potential(bare, WEATHER)
    assert all(np.isnan(values[0]) for values in found.shown().values())
    assert all((values[1:] == before[1:]).all()
               for values, before in zip(found.shown().values(), whole.shown().values(), strict=True))


def test_what_is_shown_are_quantities_of_buildings() -> None:
    shown = potential.potential(town(latitude_deg=52.0), WEATHER).shown()
    assert {QUANTITIES[name].axis for name in shown} == {"building"}
    assert all(len(values) == len(BASE.building) for values in shown.values())
