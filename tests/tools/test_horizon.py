"""The horizon before walls, hills and trees that anyone can measure with a ruler."""

from __future__ import annotations

import platform
import sys

import numpy as np
import pytest

from sim.district import SurfaceKind
from tools import geometry, horizon, rays, triangles
from tools.city import FaceKind, Faces
from tools.land import Land
from tools.surfaces import Raw

SOUTH = 18


def surface(*, tilt_deg: float, azimuth_deg: float, at=(0.0, 0.0, 0.0), faces: int = 0) -> Raw:
    """One surface; the first of `faces` faces is its own."""
    tilt, azimuth = np.radians([tilt_deg]), np.radians([azimuth_deg])
    normal = np.column_stack([np.sin(tilt) * np.sin(azimuth), np.sin(tilt) * np.cos(azimuth), np.cos(tilt)])
    kind = SurfaceKind.ROOF if tilt_deg < 80 else SurfaceKind.WALL
    of_face = np.full(faces, -1)
    of_face[:1] = 0
    return Raw(
        id=("s",), building=np.array([9], np.int32), kind=np.array([kind], np.int8), tilt_rad=tilt,
        azimuth_rad=azimuth, area_m2=np.ones(1), usable_m2=np.ones(1), xyz_m=np.array([at], float), normal=normal,
        of_face=of_face,
    )  # fmt: skip


def mesh(*quads: list[tuple[float, float, float]]) -> geometry.Mesh:
    """Quadrilaterals, each a building of its own, counter-clockwise seen from outside."""
    n = len(quads)
    rows = np.arange(n, dtype=np.int32)
    start = np.arange(n + 1) * 4
    return geometry.mesh(Faces(
        xyz=np.array(quads, float).reshape(-1, 3), ring_start=start, face_start=np.arange(n + 1),
        kind=np.full(n, FaceKind.WALL, np.int8), building=rows, body=rows, solid=np.zeros(n, bool),
    ))  # fmt: skip


def screen(*, distance: float, height: float, half: float = 300.0, foot: float = -5.0) -> list:
    """A very long wall south of the origin that looks north."""
    return [(half, -distance, foot), (-half, -distance, foot), (-half, -distance, height), (half, -distance, height)]


def quiet(stage: str, done: float) -> None:
    pass


def look(raw: Raw, *quads: list, land: Land | None = None) -> horizon.Outlook:
    m = mesh(*quads)
    cut = triangles.triangulate(m, np.ones(len(m.area_m2), bool))
    return horizon.outlook(raw, m, cut, Land() if land is None else land, quiet)


def _rays_or_skip() -> None:
    """embreex has no wheel for Linux on other processors; elsewhere its absence is a fault."""
    if sys.platform == "linux" and platform.machine() != "x86_64":
        pytest.importorskip("embreex")


@pytest.fixture(params=[True, False], ids=["traced", "without embreex"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        _rays_or_skip()
    else:
        monkeypatch.setattr(rays, "available", lambda: False)


@pytest.mark.usefixtures("_either_way")
def test_a_wall_as_high_as_it_is_far_stands_at_45_degrees() -> None:
    raw = surface(tilt_deg=0, azimuth_deg=0, faces=2)
    raw.of_face[:] = -1  # the wall is another's
    seen = look(raw, screen(distance=20, height=20, half=200.0), screen(distance=-300, height=-4, half=200.0))
    level = seen.horizon_rad[0, :36]
    assert np.degrees(level[SOUTH]) == pytest.approx(45, abs=3)
    assert np.degrees(level[14]) == pytest.approx(np.degrees(np.arctan(np.cos(np.radians(40)))), abs=3)
    assert level[0] == 0
    assert level[5] == 0


@pytest.mark.usefixtures("_either_way")
def test_a_tower_in_the_east_stands_in_the_east() -> None:
    raw = surface(tilt_deg=0, azimuth_deg=0, faces=2)
    raw.of_face[:] = -1
    tower = [(30.0, -9.0, -5.0), (30.0, -9.0, 30.0), (30.0, 9.0, 30.0), (30.0, 9.0, -5.0)]
    level = look(raw, tower, screen(distance=-60, height=-4, half=60.0)).horizon_rad[0, :36]
    found = set(np.flatnonzero(level > 0.1).tolist())
    assert {8, 9, 10} <= found <= {7, 8, 9, 10, 11}  # a map of 2 m cells blurs by one bin
    assert np.degrees(level[9]) == pytest.approx(45, abs=4)


def test_a_facade_before_a_wall_is_looked_out_of_at_several_heights() -> None:
    """10 m of facade, 10 m from a wall of the same height: between 45 degrees at its foot and 0 at its top."""
    _rays_or_skip()
    own = [(-5.0, 0.0, 0.0), (5.0, 0.0, 0.0), (5.0, 0.0, 10.0), (-5.0, 0.0, 10.0)]  # looks south
    raw = surface(tilt_deg=90, azimuth_deg=180, at=(0, 0, 5), faces=2)
    seen = look(raw, own, screen(distance=10, height=10, foot=0.0))
    south = np.degrees(np.sort(seen.horizon_rad.reshape(4, 36)[:, SOUTH]))
    hand = np.degrees(np.arctan((10 - np.array([8.75, 6.25, 3.75, 1.25])) / 9.9))
    assert south.mean() == pytest.approx(hand.mean(), abs=4)
    assert np.ptp(south) > 15
    assert seen.horizon_rad.reshape(4, 36)[:, 0].max() == 0  # nobody looks backwards


def test_no_eye_looks_out_of_a_party_wall() -> None:
    """A facade of which the left three quarters stand against a neighbour sees what its free quarter sees: all."""
    _rays_or_skip()
    own = [(-30.0, 0.0, 0.0), (10.0, 0.0, 0.0), (10.0, 0.0, 10.0), (-30.0, 0.0, 10.0)]
    box = [
        [(0.0, -0.1, 0.0), (-30.0, -0.1, 0.0), (-30.0, -0.1, 10.0), (0.0, -0.1, 10.0)],
        [(-30.0, -9.0, 0.0), (0.0, -9.0, 0.0), (0.0, -9.0, 10.0), (-30.0, -9.0, 10.0)],
    ]
    raw = surface(tilt_deg=90, azimuth_deg=180, at=(5, 0, 5), faces=3)
    assert look(raw, own, *box).horizon_rad.reshape(4, 36)[:, 12:18].max() == 0  # towards the south-east nothing stands


def hill(slope: float, *, foot: float = -1.0) -> Land:
    """Ground that rises from 30 m south of the origin on."""
    xyz = np.array([[-300, -30, foot], [300, -30, foot], [300, -330, foot + 300 * slope],
                    [-300, -330, foot + 300 * slope]], float)  # fmt: skip
    return Land(xyz=xyz, index=np.array([[0, 2, 1], [0, 3, 2]]), material=np.zeros(2, np.int8))


@pytest.mark.usefixtures("_either_way")
def test_a_hill_hides_the_low_sun() -> None:
    far = screen(distance=-400, height=-4)
    raw = surface(tilt_deg=0, azimuth_deg=0, faces=1)
    raw.of_face[:] = -1
    seen = look(raw, far, land=hill(0.5))
    expected = np.degrees(np.arctan((300 * 0.5 - 1) / 330))
    assert np.degrees(seen.horizon_rad[0, SOUTH]) == pytest.approx(expected, abs=3)
    assert not seen.problems
    assert look(raw, far, land=hill(0.002)).horizon_rad[0, SOUTH] == 0  # 0.6 m of relief hides nothing


def test_ground_over_the_roofs_is_not_believed() -> None:
    _rays_or_skip()
    raw = surface(tilt_deg=0, azimuth_deg=0, at=(0, -100, 0), faces=1)
    raw.of_face[:] = -1
    seen = look(raw, screen(distance=-400, height=-4), land=hill(0.5, foot=40.0))
    assert [p.code for p in seen.problems] == ["ground-buries"]
    assert "vertical datum" in seen.problems[0].message
    assert seen.horizon_rad.max() == 0


def tree(*, south: float, height: float, crown: float) -> Land:
    return Land(tree_m=np.array([[0.0, -south, 0.0]]), tree_height_m=np.array([height]), tree_crown_m=np.array([crown]))


def test_a_tree_stands_before_the_sky_without_hiding_it() -> None:
    raw = surface(tilt_deg=0, azimuth_deg=0, faces=1)
    raw.of_face[:] = -1
    seen = look(raw, screen(distance=-400, height=-4), land=tree(south=10, height=10, crown=3))
    top = np.degrees(seen.crown_rad[0, :36])
    assert seen.horizon_rad.max() == 0
    assert np.flatnonzero(top).tolist() == [17, 18, 19]  # asin(3/10) = 17 degrees either side
    # the line that touches an ellipse of 3 m by 3.75 m, 10 m away and 6.25 m up
    assert top[SOUTH] == pytest.approx(48.2, abs=0.1)
    assert top[17] < top[SOUTH]
    assert seen.sky_view[0] == pytest.approx(1.0)
    assert 0.02 < seen.crown_view[0] < 0.08


def test_a_house_before_a_tree_hides_it() -> None:
    raw = surface(tilt_deg=0, azimuth_deg=0, faces=1)
    raw.of_face[:] = -1
    seen = look(raw, screen(distance=5, height=20), land=tree(south=10, height=10, crown=3))
    assert seen.crown_rad.max() == 0
    assert seen.crown_view[0] == 0


def test_under_a_crown_it_is_all_round() -> None:
    raw = surface(tilt_deg=0, azimuth_deg=0, faces=1)
    raw.of_face[:] = -1
    seen = look(raw, screen(distance=-400, height=-4), land=tree(south=0, height=12, crown=4))
    assert np.degrees(seen.crown_rad[0, :36]) == pytest.approx(90.0)
    assert seen.crown_view[0] == pytest.approx(1.0)


def test_an_open_sky_is_seen_whole() -> None:
    none = np.zeros((3, 36), np.float32)
    seen = horizon.sky_view(np.radians([0.0, 45.0, 90.0]), np.radians([0.0, 100.0, 200.0]), none)
    np.testing.assert_allclose(seen, 1.0)


@pytest.mark.parametrize("elevation", [10.0, 30.0, 60.0])
def test_a_bowl_leaves_cos_squared_of_the_sky(elevation: float) -> None:
    """A level surface in a bowl whose rim stands at h sees cos^2 h of the isotropic sky."""
    bowl = np.full((1, 36), np.radians(elevation), np.float32)
    seen = horizon.sky_view(np.zeros(1), np.zeros(1), bowl)
    assert seen[0] == pytest.approx(np.cos(np.radians(elevation)) ** 2, abs=1e-6)


def test_a_long_wall_leaves_a_facade_the_sine_of_its_profile_angle() -> None:
    """Before a facade an endless wall whose profile angle is g leaves 1 - sin g of its sky."""
    away = np.arange(36) * (2 * np.pi / 36)
    level = np.arctan(np.tan(np.radians(30.0)) * np.maximum(np.cos(away), 0.0))[None]
    seen = horizon.sky_view(np.radians([90.0]), np.zeros(1), level.astype(np.float32))
    assert seen[0] == pytest.approx(1 - np.sin(np.radians(30.0)), abs=0.005)


def test_several_points_count_alike() -> None:
    half = np.concatenate([np.zeros((1, 36)), np.full((1, 36), np.pi / 2)], axis=1).astype(np.float32)
    assert horizon.sky_view(np.zeros(1), np.zeros(1), half)[0] == pytest.approx(0.5)


def test_a_wall_behind_a_wall_takes_nothing() -> None:
    """What stands behind a surface is not in front of it."""
    behind = np.zeros((1, 36), np.float32)
    behind[0, 10:27] = np.pi / 2  # south half is blocked
    assert horizon.sky_view(np.radians([90.0]), np.zeros(1), behind)[0] == pytest.approx(1.0, abs=1e-6)


def test_what_leans_over_sees_the_sky_before_it_only() -> None:
    """Overhanging by 30 degrees, a wall sees nothing above 60 degrees; the sky behind it is hidden by itself."""
    lean = np.radians([120.0])
    low = np.full((1, 36), np.radians(60.0), np.float32)
    assert horizon.sky_view(lean, np.zeros(1), np.zeros((1, 36), np.float32))[0] == pytest.approx(1.0)
    assert horizon.sky_view(lean, np.zeros(1), low)[0] == pytest.approx(0.0, abs=1e-6)


def test_a_surface_that_floats_free_of_every_face_looks_from_where_it_is(_either_way: None) -> None:
    """High up it sees past a wall 20 m tall, low down it does not; a face without area is no wall."""
    point = [(0.0, -5.0, 3.0)] * 4
    for up, hidden in ((0.0, True), (60.0, False)):
        raw = surface(tilt_deg=90, azimuth_deg=180, at=(0.0, 0.0, up), faces=2)
        raw.of_face[:] = -1
        seen = look(raw, screen(distance=10, height=20), point)
        assert np.isfinite(seen.horizon_rad).all() and np.isfinite(seen.sky_view).all()
        assert (seen.horizon_rad[0].reshape(-1, 36)[:, SOUTH].max() > np.radians(50)) == hidden
        assert (seen.sky_view[0] < 0.6) == hidden
