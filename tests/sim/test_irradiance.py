"""Light on a tilted plane against pvlib, horizon, sky view."""

from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from sim.physics import irradiance, sun
from sim.solar import sky_of
from sim.weather import read_epw

N = 60


def _sky_and_light(seed: int = 3):
    rng = np.random.default_rng(seed)
    times = pd.date_range("2015-01-01", periods=2000, freq="4h20min", tz="Etc/GMT-1")
    position = pvlib.solarposition.get_solarposition(times, 47.4, 8.6)
    z, a = np.radians(position.zenith.to_numpy()), np.radians(position.azimuth.to_numpy())
    keep = z < np.radians(89.0)
    z, a = z[keep], a[keep]
    enu = np.column_stack([np.sin(z) * np.sin(a), np.sin(z) * np.cos(a), np.cos(z)])
    dni, dhi = rng.uniform(0.0, 950.0, len(z)), rng.uniform(1.0, 500.0, len(z))
    ghi = dhi + dni * np.cos(z)
    extra = sun.extraterrestrial_w_m2(times.dayofyear.to_numpy()[keep])
    return enu, z, a, ghi, dni, dhi, extra


def _transpose(enu, ghi, dni, dhi, extra, tilt, azimuth, dtype, horizon=None, view=None, crown=None, through=None):
    sky = irradiance.sky(sun_enu=enu, ghi=ghi, dni=dni, dhi=dhi, extra=extra, through=through)
    terms, low = irradiance.terms(sky, dtype)
    n = len(tilt)
    crown = np.asarray(irradiance.NO_CROWNS if crown is None else crown, dtype)
    plane = irradiance.planes(tilt=tilt, azimuth=azimuth, sky_view=np.ones(n) if view is None else view, dtype=dtype)
    horizon = np.full((36, n), -1.0, dtype) if horizon is None else horizon.astype(dtype)
    cosine, direct, poa = (np.empty((len(terms), n), dtype) for _ in range(3))
    irradiance.transpose(terms, low, 0, len(terms), plane, horizon, crown, np.empty(n, dtype), cosine, direct, poa)
    return cosine, direct, poa


@pytest.mark.parametrize(("dtype", "close"), [(np.float32, 1e-2), (np.float64, 1e-6)])
def test_plane_of_array_is_pvlib_s_perez(dtype: type, close: float) -> None:
    rng = np.random.default_rng(4)
    enu, z, a, ghi, dni, dhi, extra = _sky_and_light()
    tilt, azimuth = rng.uniform(0.0, np.pi / 2, N), rng.uniform(0.0, 2 * np.pi, N)
    _, _, poa = _transpose(enu, ghi, dni, dhi, extra, tilt, azimuth, dtype)
    mass = pvlib.atmosphere.get_relative_airmass(np.degrees(z))
    for k in range(N):
        theirs = pvlib.irradiance.get_total_irradiance(
            np.degrees(tilt[k]), np.degrees(azimuth[k]), np.degrees(z), np.degrees(a), dni, ghi, dhi,
            dni_extra=extra, airmass=mass, albedo=irradiance.ALBEDO, model="perez",
        )  # fmt: skip
        assert np.abs(poa[:, k] - theirs["poa_global"]).max() < close


def test_a_closed_horizon_leaves_diffuse_and_ground_only() -> None:
    enu, _, _, ghi, dni, dhi, extra = _sky_and_light()
    tilt, azimuth = np.full(4, 0.5), np.arange(4) * np.pi / 2
    _, direct, poa = _transpose(enu, ghi, dni, dhi, extra, tilt, azimuth, np.float64, np.full((36, 4), 1.6))
    assert (direct == 0.0).all()
    dark = _transpose(enu, ghi, dni, dhi, extra, tilt, azimuth, np.float64, np.full((36, 4), 1.6), np.zeros(4))[2]
    assert np.allclose(dark, (0.2 * ghi * (1.0 - np.cos(0.5)) / 2.0)[:, None])
    assert (poa >= dark).all()
    assert poa.mean() > 5.0 * dark.mean()


def test_horizon_hides_the_sun_from_its_own_side_alone() -> None:
    south = np.radians(180.0)
    enu = np.array([[np.sin(south) * 0.9, np.cos(south) * 0.9, np.sqrt(1 - 0.81)]])  # 26 degrees up in the south
    one = np.ones(1)
    wall = np.zeros((36, 2))
    wall[17:20, 0] = 0.6  # a hill in the south of the first plane
    wall[0:17, 1] = wall[20:, 1] = 0.6  # hills all round but in the south of the second
    _, direct, _ = _transpose(enu, 500 * one, 600 * one, 100 * one, 1361 * one, np.zeros(2), np.zeros(2), float, wall)
    assert direct[0, 0] == 0.0
    assert direct[0, 1] > 200.0


@pytest.mark.parametrize(("azimuth_deg", "seen"), [(172.5, True), (177.5, False)])
def test_the_horizon_between_two_bins_is_a_straight_line(azimuth_deg: float, seen: bool) -> None:
    """0.2 rad at 170 degrees, 0.6 at 180, a cliff elsewhere: the sun at 0.45 rad stands over 0.3, behind 0.5."""
    a, up = np.radians(azimuth_deg), 0.45
    enu = np.array([[np.sin(a) * np.cos(up), np.cos(a) * np.cos(up), np.sin(up)]])
    wall = np.full((36, 1), 1.5)
    wall[17], wall[18] = 0.2, 0.6
    one = np.ones(1)
    _, direct, _ = _transpose(enu, 500 * one, 600 * one, 100 * one, 1361 * one, np.zeros(1), np.zeros(1), float, wall)
    assert (direct[0, 0] > 0.0) == seen


def _south_at(up: float) -> dict:
    enu = np.array([[0.0, -np.cos(up), np.sin(up)]])
    one = np.ones(1)
    return {"enu": enu, "ghi": 500 * one, "dni": 600 * one, "dhi": 100 * one, "extra": 1361 * one}


def test_of_four_points_one_in_shade_leaves_three_quarters_of_the_beam() -> None:
    level = np.full((4 * 36, 1), -1.0)
    level[36:72] = 0.8
    flat = {"tilt": np.zeros(1), "azimuth": np.zeros(1), "dtype": float}
    free = _transpose(**_south_at(0.5), **flat)[1][0, 0]
    assert _transpose(**_south_at(0.5), **flat, horizon=level)[1][0, 0] == pytest.approx(0.75 * free)


@pytest.mark.parametrize(("up", "left"), [(0.1, 0.0), (0.4, 0.25), (0.9, 1.0)])
def test_a_crown_thins_the_beam_between_horizon_and_its_top(up: float, left: float) -> None:
    level, crown = np.full((36, 1), 0.2), np.full((36, 1), 0.7)
    flat = {"tilt": np.zeros(1), "azimuth": np.zeros(1), "dtype": float}
    free = _transpose(**_south_at(up), **flat)[1][0, 0]
    seen = _transpose(**_south_at(up), **flat, horizon=level, crown=crown, through=np.array([0.25]))
    assert seen[1][0, 0] == pytest.approx(left * free)


def test_crowns_thin_the_sky_as_they_thin_the_beam() -> None:
    """All the sky behind crowns that let a quarter through is a quarter of the sky."""
    enu, _, _, ghi, dni, dhi, extra = _sky_and_light()
    sky = irradiance.sky(sun_enu=enu, ghi=ghi, dni=dni, dhi=dhi, extra=extra, through=np.full(len(ghi), 0.25))
    terms, low = irradiance.terms(sky, float)
    tilt = {"tilt": np.array([0.5]), "azimuth": np.zeros(1), "dtype": float}
    closed, crown = np.full((36, 1), 1.6), np.full((36, 1), 1.7)
    light = []
    for views in ({"sky_view": np.array([0.25])}, {"sky_view": np.ones(1), "crown_view": np.ones(1)}):
        out = [np.empty((len(terms), 1)) for _ in range(3)]
        plane = irradiance.planes(**tilt, **views)
        irradiance.transpose(terms, low, 0, len(terms), plane, closed, crown, np.empty(1), *out)
        light.append(out[2])
    np.testing.assert_allclose(light[0], light[1], atol=1e-9)


def test_denver_s_facades_are_inside_the_six_programs_of_ashrae_140(shared: Path) -> None:
    """Incident solar of ASHRAE 140-2020, kWh/m2 a year: north, east, south, west; the horizontal within 0.2 %."""
    weather = read_epw(shared / "data" / "weather" / "USA_CO_Denver.Intl.AP.725650_TMY3.epw.gz")
    sky, _ = sky_of(weather)
    terms, low = irradiance.terms(sky, np.float32)
    plane = irradiance.planes(
        tilt=np.array([np.pi / 2] * 4 + [0.0]), azimuth=np.radians([0.0, 90.0, 180.0, 270.0, 0.0]),
        sky_view=np.ones(5), dtype=np.float32,
    )  # fmt: skip
    out = [np.empty((len(terms), 5), np.float32) for _ in range(3)]
    open_sky, shade = np.full((36, 5), -1.0, np.float32), np.empty(5, np.float32)
    trees = irradiance.NO_CROWNS.astype(np.float32)
    irradiance.transpose(terms, low, 0, len(terms), plane, open_sky, trees, shade, *out)
    year = out[2].sum(axis=0, dtype=float) / 1000.0
    low_high = [(399.0, 477.0), (1017.0, 1068.0), (1291.0, 1387.0), (903.0, 997.0), (1663.0 * 0.998, 1670.0 * 1.002)]
    for value, (low_, high) in zip(year, low_high, strict=True):
        assert low_ <= value <= high
