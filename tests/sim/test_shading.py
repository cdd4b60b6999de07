"""Overhangs and fins against geometry that a hand can do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.physics import shading
from sim.physics.shading import Fin, Opening, Overhang

SOUTH, WEST, UPRIGHT = np.pi, 1.5 * np.pi, np.pi / 2
WINDOW = Opening(left_m=0.5, right_m=3.5, sill_m=0.2, head_m=2.2)
EAVES = Overhang(height_m=2.7, left_m=0.0, right_m=8.0, depth_m=1.0)
"""The overhang of ASHRAE 140's case 610: 1 m deep along the whole 8 m of the south wall."""
PORCH = (
    Overhang(height_m=2.7, left_m=0.5, right_m=3.5, depth_m=1.0),
    Fin(at_m=0.5, bottom_m=0.0, top_m=2.7, depth_m=1.0),
    Fin(at_m=3.5, bottom_m=0.0, top_m=2.7, depth_m=1.0),
)
"""Of case 630: over a window of the west wall, with fins at both edges from the ground to the roof."""


def towards(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    return np.array([[np.cos(e) * np.sin(a), np.cos(e) * np.cos(a), np.sin(e)]])


def lit(shades, azimuth_deg, elevation_deg, *, opening=WINDOW, facing=SOUTH, tilt=UPRIGHT) -> float:
    sun = towards(azimuth_deg, elevation_deg)
    return float(shading.lit_share(opening, shades, sun, tilt_rad=tilt, azimuth_rad=facing)[0])


def test_an_overhang_throws_a_shadow_as_deep_as_the_tangent_of_the_profile_angle():
    assert lit([EAVES], 180, 45) == pytest.approx(1 - 0.5 / 2)  # 1 m below the plate, 0.5 m of it on 2 m of glass
    assert lit([EAVES], 180, np.degrees(np.arctan(0.5))) == pytest.approx(1.0)  # the edge of the shadow is the head
    assert lit([EAVES], 180, np.degrees(np.arctan(2.5))) == pytest.approx(0.0, abs=1e-9)  # and here the sill
    assert lit([EAVES], 180, 80) == 0.0


def test_from_aside_the_same_sun_throws_a_longer_shadow():
    profile = np.tan(np.radians(40)) / np.cos(np.radians(30))
    long_enough = Overhang(height_m=2.7, left_m=-20, right_m=20, depth_m=1.0)
    assert lit([long_enough], 210, 40) == pytest.approx(1 - (profile - 0.5) / 2)


def test_the_end_of_an_overhang_lets_the_sun_in_from_its_side():
    """Sun in the south-west: the shadow moves to the east, which is at the right; the west end comes free."""
    plate = Overhang(height_m=2.2, left_m=0.5, right_m=3.5, depth_m=1.0)
    # 45 deg from the normal: 1 m aside per metre out; elevation such that the shadow falls 1 m per metre out
    elevation = np.degrees(np.arctan(np.cos(np.radians(45))))
    # a parallelogram over the glass, from its head down to 1 m below: it leaves a triangle of 1 m by 1 m at the left
    assert lit([plate], 225, elevation) == pytest.approx(1 - (3.0 * 1.0 - 0.5) / 6.0)
    assert lit([plate], 135, elevation) == pytest.approx(1 - (3.0 * 1.0 - 0.5) / 6.0)


def test_a_fin_shades_on_the_side_away_from_the_sun():
    """A tall fin at the left edge, 1 m deep: with the sun 45 deg to the left it takes 1 m of 3 m."""
    left, right = (Fin(at_m=u, bottom_m=-50, top_m=50, depth_m=1.0) for u in (0.5, 3.5))
    assert lit([left], 225, 30) == pytest.approx(2 / 3)
    assert lit([left], 135, 30) == pytest.approx(1.0)
    assert lit([right], 135, 30) == pytest.approx(2 / 3)
    assert lit([left, right], 135, 30) == pytest.approx(2 / 3)


def test_overlapping_shadows_count_once():
    """Fin and plate from one corner: what is left is a rectangle."""
    plate = Overhang(height_m=2.2, left_m=-50, right_m=50, depth_m=1.0)
    fin = Fin(at_m=0.5, bottom_m=-50, top_m=50, depth_m=1.0)
    elevation = np.degrees(np.arctan(np.cos(np.radians(45))))
    assert lit([plate, fin], 225, elevation) == pytest.approx((2.0 * 1.0) / 6.0)
    assert lit([plate, fin, fin, plate], 225, elevation) == pytest.approx((2.0 * 1.0) / 6.0)


def test_on_a_west_wall_north_is_at_the_left():
    """Facing east to look at it, the left hand points north."""
    fin = Fin(at_m=0.5, bottom_m=-50, top_m=50, depth_m=1.0)
    assert lit([fin], 315, 10, facing=WEST) == pytest.approx(2 / 3)
    assert lit([fin], 225, 10, facing=WEST) == pytest.approx(1.0)


def test_light_from_behind_reaches_nothing_and_no_shade_means_all():
    assert lit([EAVES], 0, 30) == 0.0
    assert lit([], 180, 30) == 1.0
    assert lit([], 90.0, 30) == 0.0


@settings(max_examples=30, deadline=None)
@given(azimuth=st.floats(181, 359), elevation=st.floats(-60, 85))
def test_the_clipped_area_is_what_rays_from_a_fine_grid_of_points_find(azimuth, elevation):
    sun = towards(azimuth, elevation)
    s = (sun @ shading.wall_frame(UPRIGHT, WEST).T)[0]
    u, v = np.meshgrid(0.5 + 3 * (np.arange(300) + 0.5) / 300, 0.2 + 2 * (np.arange(300) + 0.5) / 300)
    hit = np.zeros(u.shape, bool)
    with np.errstate(divide="ignore", over="ignore"):
        for shade in PORCH:
            if isinstance(shade, Overhang):
                t = (shade.height_m - v) / s[1]
                other, ends = u + t * s[0], (shade.left_m, shade.right_m)
            else:
                t = (shade.at_m - u) / s[0]
                other, ends = v + t * s[1], (shade.bottom_m, shade.top_m)
            hit |= (t > 0) & (t * s[2] <= shade.depth_m) & (ends[0] <= other) & (other <= ends[1])
    assert lit(PORCH, azimuth, elevation, facing=WEST) == pytest.approx(1 - hit.mean(), abs=0.01)


def test_the_sky_below_a_long_overhang_is_the_sine_of_the_angle_to_its_edge():
    """From a point y below a plate of depth d the sky of a wall is y / sqrt(y2 + d2) of what it was; averaged."""
    long = Overhang(height_m=2.7, left_m=-500, right_m=500, depth_m=1.0)
    got = shading.diffuse_shares(WINDOW, [long], tilt_rad=UPRIGHT, azimuth_rad=SOUTH)
    assert got.sky == pytest.approx((np.hypot(2.5, 1) - np.hypot(0.5, 1)) / 2.0, abs=0.002)
    assert got.horizon == pytest.approx(1.0)
    assert got.ground == pytest.approx(1.0)


def test_a_tall_fin_takes_as_much_of_the_sky_as_of_the_ground():
    """From a point x beside a tall fin its side of the view shrinks to x / sqrt(x2 + d2)."""
    fin = Fin(at_m=0.5, bottom_m=-500, top_m=500, depth_m=1.0)
    got = shading.diffuse_shares(WINDOW, [fin], tilt_rad=UPRIGHT, azimuth_rad=1.1)
    hand = 0.5 + 0.5 * (np.hypot(3, 1) - np.hypot(0, 1)) / 3.0
    assert got.sky == pytest.approx(hand, abs=0.003)
    assert got.ground == pytest.approx(hand, abs=0.003)


def test_shares_do_not_depend_on_where_a_wall_looks_and_a_roof_sees_no_ground():
    here = shading.diffuse_shares(WINDOW, PORCH, tilt_rad=UPRIGHT, azimuth_rad=0.4)
    there = shading.diffuse_shares(WINDOW, PORCH, tilt_rad=UPRIGHT, azimuth_rad=4.0)
    assert here.sky == pytest.approx(there.sky, abs=0.003)
    flat = shading.diffuse_shares(WINDOW, [], tilt_rad=0.0, azimuth_rad=0.0)
    assert (flat.sky, flat.horizon, flat.ground) == (pytest.approx(1.0), 1.0, 1.0)


def test_what_is_no_window_and_no_shade_is_said_so():
    with pytest.raises(ValueError, match="right > left"):
        lit([], 180, 30, opening=Opening(1, 1, 0, 1))
    with pytest.raises(ValueError, match="depth >= 0"):
        lit([Fin(0, 0, 1, -1.0)], 180, 30)
