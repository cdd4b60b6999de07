"""Places for solar modules on roof faces: how many fit, where they lie, in which order they are filled."""

import numpy as np
import pytest

from app.tiles.modules import HIGH_M, MODULE_W, WIDE_M, Modules, lay

EAST_NORTH_UP = np.eye(3)


def roof(
    width_m: float,
    slope_m: float,
    *,
    tilt: float,
    azimuth: float = np.pi,
    slot: int = 1,
    cut: bool = False,
    x: float = 0.0,
):
    """One rectangular (or, cut, triangular) face that looks to `azimuth`: position, normal, face, slot, triangles."""
    out = np.array([np.sin(azimuth), np.cos(azimuth), 0.0])
    normal = np.cos(tilt) * np.array([0, 0, 1.0]) + np.sin(tilt) * out
    along = np.array([-np.cos(azimuth), np.sin(azimuth), 0.0])
    upward = np.cross(normal, along)
    uv = np.array([[0, 0], [width_m, 0], [width_m, slope_m], [0, slope_m]], float)
    if cut:
        uv = np.array([[0, 0], [width_m, 0], [width_m / 2, slope_m]], float)
    position = uv[:, :1] * along + uv[:, 1:] * upward + [x, 0.0, 6.0]
    n = len(uv)
    face = np.c_[uv, np.full((n, 2), (width_m, slope_m))]
    triangles = np.array([0, 1, 2] if cut else [0, 1, 2, 0, 2, 3])
    return position, np.tile(normal, (n, 1)), face, np.full(n, slot), triangles


def joined(*roofs, north: bool = True) -> Modules:
    starts = np.cumsum([0] + [len(r[0]) for r in roofs])
    columns = [np.concatenate([r[k] for r in roofs]).astype(np.float32) for k in range(4)]
    index = np.concatenate([r[4] + s for r, s in zip(roofs, starts, strict=False)])
    return lay(*columns, index, EAST_NORTH_UP, north=north)


def count(m: Modules) -> int:
    return int(m.strip[::4, 2].sum())


def test_a_pitched_roof_holds_what_fits_between_its_edges() -> None:
    made = joined(roof(10.0, 6.0, tilt=0.7))
    assert count(made) == 9 * 3  # 9.2 m across, 5.2 m up, in modules of 1.0 x 1.65 m
    heights = made.position[:, 2] - 6.0
    assert heights.min() > 0.3 * np.sin(0.7) and heights.max() < 6.0 * np.sin(0.7)


def test_a_module_is_200_watts_a_square_metre() -> None:
    assert pytest.approx(200.0) == MODULE_W / (WIDE_M * HIGH_M)


def test_a_hip_carries_modules_only_where_they_lie_wholly_on_it() -> None:
    made = joined(roof(12.0, 7.0, tilt=0.6, cut=True))
    whole = joined(roof(12.0, 7.0, tilt=0.6))
    assert 0 < count(made) < 0.5 * count(whole)


def test_a_steep_roof_towards_the_pole_carries_none() -> None:
    for north in (True, False):
        assert count(joined(roof(10.0, 6.0, tilt=0.7, azimuth=0.0), north=north)) == (0 if north else 27)
        assert count(joined(roof(10.0, 6.0, tilt=0.7, azimuth=np.pi), north=north)) == (27 if north else 0)


def test_flat_roofs_have_walkways_and_their_rows_lean_to_the_equator() -> None:
    made = joined(roof(20.0, 20.0, tilt=0.0))
    assert count(made) * WIDE_M * HIGH_M < 0.6 * 400
    assert (made.normal[:, 1] < -0.15).all() and (made.normal[:, 2] > 0.9).all()
    south = joined(roof(20.0, 20.0, tilt=0.0), north=True)
    assert np.allclose(np.linalg.norm(south.normal, axis=1), 1.0, atol=1e-5)


def test_all_faces_of_a_building_fill_evenly_and_every_place_has_one_number() -> None:
    made = joined(roof(10.0, 6.0, tilt=0.7, azimuth=np.pi), roof(10.0, 6.0, tilt=0.7, azimuth=np.pi / 2, x=40.0))
    strips = made.strip[::4]
    order = np.argsort(strips[:, 1])
    assert strips[order, 1].tolist() == [0, 9, 18, 27, 36, 45]
    half = made.position[::4][order][:2]
    assert len(np.unique(np.round(half[:, 0] > 20.0))) == 2, "the first two strips lie on different faces"


def test_buildings_are_numbered_each_from_zero() -> None:
    made = joined(roof(10.0, 6.0, tilt=0.7, slot=3), roof(10.0, 6.0, tilt=0.7, slot=5, x=40.0))
    strips = made.strip[::4]
    assert {float(s) for s in strips[strips[:, 1] == 0][:, 0]} == {3.0, 5.0}


def test_what_no_building_owns_or_has_no_extent_has_no_places() -> None:
    assert count(joined(roof(10.0, 6.0, tilt=0.7, slot=0))) == 0
    position, normal, face, slot, index = roof(10.0, 6.0, tilt=0.7)
    face[:, 3] = -1.0
    assert count(lay(position, normal, face, slot, index, EAST_NORTH_UP, north=True)) == 0
