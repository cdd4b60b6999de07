"""Bounding volumes: whatever lies in one lies in its world sphere and in its world box."""

from __future__ import annotations

import numpy as np
import pytest

from app.tiles.geodesy import ecef_from_enu, ecef_from_geodetic, geodetic_from_ecef
from app.tiles.tree import volumes
from app.tiles.tree.volumes import BOX, REGION, S2, SPHERE, bounds, cell_of, divided

RNG = np.random.default_rng(7)


def holds(kind: int, values: np.ndarray, points: np.ndarray, matrix: np.ndarray, slack_m: float = 1e-6) -> None:
    """Points [k, 3] lie within what bounds the volume."""
    found = bounds(kind, values[None], matrix[None], matrix)
    off = np.abs(points - found.centre_m[0])
    assert (np.linalg.norm(off, axis=1) <= found.radius_m[0] + slack_m).all()
    assert (off <= found.half_m[0] + slack_m).all()


def turned() -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = np.linalg.qr(RNG.normal(size=(3, 3)))[0] * RNG.uniform(0.5, 3.0)
    matrix[:3, 3] = RNG.normal(size=3) * 100
    return matrix


def test_boxes_and_spheres_under_any_turn_and_stretch() -> None:
    for _ in range(50):
        matrix, box = turned(), RNG.normal(size=12) * 10
        inside = box[:3] + RNG.uniform(-1, 1, (200, 3)) @ box[3:].reshape(3, 3)
        holds(BOX, box, inside @ matrix[:3, :3].T + matrix[:3, 3], matrix)
        sphere = np.append(RNG.normal(size=3) * 10, RNG.uniform(1, 5))
        way = RNG.normal(size=(200, 3))
        ball = sphere[:3] + sphere[3] * way / np.linalg.norm(way, axis=1)[:, None]
        holds(SPHERE, sphere, ball @ matrix[:3, :3].T + matrix[:3, 3], matrix)


@pytest.mark.parametrize("width", [1e-4, 0.01, 0.3, 1.5])
def test_regions_hold_the_ground_between_their_corners(width: float) -> None:
    world = np.linalg.inv(ecef_from_enu(0.9, 0.1, 0.0))
    for west, south in ((0.1, 0.9), (-3.1, -1.5), (3.1, -width / 2)):
        region = np.array([west, south, west + width, min(south + width, np.pi / 2), -20.0, 90.0])
        longitude, latitude = RNG.uniform(region[0], region[2], 500), RNG.uniform(region[1], region[3], 500)
        region[[0, 2]] = (region[[0, 2]] + np.pi) % (2 * np.pi) - np.pi  # across the antimeridian west > east
        points = ecef_from_geodetic(latitude, longitude, RNG.uniform(-20, 90, 500)).T
        holds(REGION, region, points @ world[:3, :3].T + world[:3, 3], world)


def test_a_region_across_the_antimeridian_is_no_larger_than_elsewhere() -> None:
    across = np.array([[3.1, 0.2, 0.3 + 3.1 - 2 * np.pi, 0.4, 0.0, 0.0], [1.0, 0.2, 1.3, 0.4, 0.0, 0.0]])
    radius = bounds(REGION, across, np.tile(np.eye(4), (2, 1, 1)), np.eye(4)).radius_m
    assert radius[0] == pytest.approx(radius[1], rel=0.02)


def test_a_small_region_is_bounded_tightly() -> None:
    region = np.array([[0.1, 0.9, 0.1 + 1e-4, 0.9 + 1e-4, 0.0, 50.0]])
    world = np.linalg.inv(ecef_from_enu(0.9, 0.1, 0.0))
    assert bounds(REGION, region, np.eye(4)[None], world).half_m[0] == pytest.approx((198.5, 318.4, 25.0), rel=0.01)


@pytest.mark.parametrize(
    ("token", "latitude_deg", "longitude_deg"),
    [("89c6c7", 39.96, -75.20), ("89c25", 40.64, -74.03), ("808fb4", 37.34, -122.08),
     ("4876035", 51.50, -0.08), ("3", 0.0, 90.0)],
)  # fmt: skip
def test_s2_cells_are_where_their_tokens_say(token: str, latitude_deg: float, longitude_deg: float) -> None:
    """Philadelphia, New York, Cupertino, London, and the face around the Indian Ocean."""
    cell = np.array([[*cell_of(token), 0.0, 0.0]])
    centre = bounds(S2, cell, np.eye(4)[None], np.eye(4)).centre_m[0]
    latitude, longitude, _ = geodetic_from_ecef(centre)
    assert np.degrees((latitude, longitude)) == pytest.approx((latitude_deg, longitude_deg), abs=0.02)


def test_children_of_an_s2_cell_fill_it() -> None:
    parent = np.array([*cell_of("89c6c7"), 0.0, 100.0])
    at = np.array([(x, y, 0) for y in (0, 1) for x in (0, 1)])
    below = divided(S2, parent.tolist(), np.ones(4, np.int64), at, octree=False)
    assert below[:, :4].tolist() == [[4, 11, 104, 1370], [4, 11, 105, 1370], [4, 11, 104, 1371], [4, 11, 105, 1371]]
    whole = bounds(S2, parent[None], np.eye(4)[None], np.eye(4))
    parts = bounds(S2, below, np.tile(np.eye(4), (4, 1, 1)), np.eye(4))
    assert (np.linalg.norm(parts.centre_m - whole.centre_m, axis=1) < whole.radius_m).all()
    assert parts.radius_m == pytest.approx(whole.radius_m[0] / 2, rel=0.05)


@pytest.mark.parametrize("token", ["", "0", "x", "ffffffffffffffff", "12345678901234567", "1_0", "2"])
def test_what_is_no_token_of_a_cell_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="no token of an S2 cell"):
        cell_of(token)


def test_halving_a_box_and_a_region_gives_parts_that_touch() -> None:
    box = [10.0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 1]
    level, at = np.array([1, 1, 2]), np.array([(0, 0, 0), (1, 1, 1), (3, 0, 2)])
    eighths = divided(BOX, box, level, at, octree=True)
    assert eighths[:, :3].tolist() == [[8, -1, -0.5], [12, 1, 0.5], [13, -1.5, 0.25]]
    assert eighths[2, 3:].tolist() == [1, 0, 0, 0, 0.5, 0, 0, 0, 0.25]
    quarters = divided(BOX, box, level, at * (1, 1, 0), octree=False)
    assert quarters[:, 2].tolist() == [0, 0, 0] and quarters[0, 3:].tolist() == [2, 0, 0, 0, 1, 0, 0, 0, 1]
    region = divided(REGION, [3.0, 0.0, -3.0, 0.4, 0.0, 80.0], level, at, octree=True)
    assert region[0] == pytest.approx([3.0, 0.0, np.pi, 0.2, 0.0, 40.0])
    assert region[1, :2] == pytest.approx([np.pi, 0.2]) and region[1, 4:].tolist() == [40.0, 80.0]


def test_a_tile_that_is_nowhere_may_be_anywhere() -> None:
    assert bounds(volumes.NOWHERE, np.zeros((1, 0)), np.eye(4)[None], np.eye(4)).radius_m[0] >= 1e7
