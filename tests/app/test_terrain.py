"""The plain ground and the shade between buildings."""

import numpy as np
import pytest

from app.relief import HEIGHT_SCALE_M, MAP_SIZE, PLATE_SIZE, Relief
from app.terrain import terrain

EXTENT = (-200.0, -150.0, 200.0, 150.0)


def test_the_ground_goes_through_the_feet_and_is_flat_beyond() -> None:
    feet = np.array([(x, y, 3.0 + 0.01 * x) for x in range(-200, 201, 40) for y in range(-150, 151, 30)])
    ground = terrain(feet, EXTENT, 1.0)
    inner = feet[(np.abs(feet[:, 0]) < 140) & (np.abs(feet[:, 1]) < 110)]
    assert ground.at(inner[:, 0], inner[:, 1]) == pytest.approx(inner[:, 2], abs=0.4)
    assert ground.at(5000.0, 5000.0) == pytest.approx(1.0)


def test_without_buildings_it_is_a_plane() -> None:
    assert terrain(np.zeros((0, 3)), EXTENT, 7.0).at(12.0, -50.0) == pytest.approx(7.0)


def test_a_block_shades_its_feet_and_not_the_fields() -> None:
    relief = Relief(terrain(np.zeros((0, 3)), EXTENT, 0.0))
    roof = np.array([(-20, -20, 15), (20, -20, 15), (20, 20, 15), (-20, 20, 15)], np.float32)
    relief.add(roof, np.array([0, 1, 2, 0, 2, 3], np.uint32), np.eye(4))
    assert relief.pending
    while (shade := relief.newest()) is None:
        pass
    relief.close()
    assert not relief.pending

    def at(x: float, y: float) -> np.ndarray:
        size = relief.ground.size_m
        texel = shade.heights[int((y + size / 2) / size * MAP_SIZE), int((x + size / 2) / size * MAP_SIZE), ::-1]
        return texel / 65535 * HEIGHT_SCALE_M + relief.floor_m

    assert at(0, 0)[0] == pytest.approx(15.0, abs=0.3)
    assert 2 < at(26, 0)[2] < 8
    assert np.abs(at(150, 150)).max() < 0.02


def test_the_plain_dips_under_land_meets_its_border_and_is_itself_far_away() -> None:
    relief = Relief(terrain(np.zeros((0, 3)), EXTENT, 0.0))
    corners = np.array([(-200, -200, 4), (200, -200, 4), (200, 200, 4), (-200, 200, 4)], np.float32)
    relief.add(corners, np.array([0, 1, 2, 0, 2, 3], np.uint32), np.eye(4), land=True)
    while (shade := relief.newest()) is None:
        pass
    relief.close()
    side = relief.plate_size_m

    def at(x: float) -> float:
        row = int((0 - relief.plate_south_m) / side * PLATE_SIZE)
        return float(shade.plate_m[row, int((x - relief.plate_west_m) / side * PLATE_SIZE)]) + relief.floor_m

    assert at(0.0) < 4.0 - 1.0, "well below the land"
    assert at(203.0) == pytest.approx(4.0, abs=1.0), "level with the land at its border"
    assert at(203.0) < 4.0
    assert at(850.0) == pytest.approx(0.0, abs=0.3)


def test_ground_read_along_axes_is_the_ground_read_point_by_point() -> None:
    rng = np.random.default_rng(3)
    feet = np.c_[rng.uniform(0, 400, 60), rng.uniform(0, 300, 60), rng.normal(4.0, 2.0, 60)]
    ground = terrain(feet, (0.0, 0.0, 400.0, 300.0), 3.0)
    x, y = np.linspace(-300.0, 800.0, 70), np.linspace(-300.0, 700.0, 50)
    gx, gy = np.meshgrid(x, y)
    assert ground.grid(x, y) == pytest.approx(ground.at(gx, gy), abs=1e-4)


def test_before_any_tile_nothing_shades_the_ground() -> None:
    ground = terrain(np.array([[0.0, 0.0, 3.0], [200.0, 100.0, 4.0]]), (0.0, 0.0, 200.0, 100.0), 3.5)
    relief = Relief(ground)
    try:
        bare, made = relief.bare(), relief.maps()
        assert np.array_equal(bare.plate_m, made.plate_m)
        assert np.abs(bare.ground.astype(int) - made.ground.astype(int)).max() <= 12
        step_m = 512.0 / 65535
        apart = np.abs(bare.heights[:, :, 2].astype(int) - made.heights[:, :, 2].astype(int)).max()
        assert apart * step_m < 0.1
    finally:
        relief.close()
