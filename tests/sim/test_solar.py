"""Solar: what is stored of the light on a district."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factories import random_district, random_weather

from sim import panes
from sim.district import SurfaceKind
from sim.physics import irradiance
from sim.solar import UNIT_W_M2, sky_of, solar

DISTRICT = random_district(buildings=6, nodes=0, surfaces=9)
WEATHER = random_weather()


def _light(district, dtype=np.float64):
    """[daylight, surface] irradiance, and its direct part, straight from the kernel."""
    sky, _ = sky_of(WEATHER)
    terms, low = irradiance.terms(sky, dtype)
    s = district.surface
    plane = irradiance.planes(tilt=s.tilt_rad, azimuth=s.azimuth_rad, sky_view=s.sky_view, crown_view=s.crown_view,
                              dtype=dtype)  # fmt: skip
    horizon = np.ascontiguousarray(s.horizon_rad.T, dtype)
    out = [np.empty((len(terms), len(s)), dtype) for _ in range(3)]
    crown = np.ascontiguousarray(s.crown_rad.T, dtype)
    irradiance.transpose(terms, low, 0, len(terms), plane, horizon, crown, np.empty(len(s), dtype), *out)
    return out


def test_light_on_walls_and_roofs_is_the_area_mean_of_their_surfaces() -> None:
    made = solar(DISTRICT, WEATHER)
    poa = _light(DISTRICT)[2]
    s = DISTRICT.surface
    for building in range(len(DISTRICT.building)):
        for kind, channel in ((SurfaceKind.WALL, made.wall), (SurfaceKind.ROOF, made.roof)):
            mine = (s.building == building) & (s.kind == kind)
            mean = poa[:, mine] @ s.opaque_m2[mine] / s.opaque_m2[mine].sum()
            assert np.abs(channel[:, building] * UNIT_W_M2 - mean).max() < 0.03


def test_light_of_windows_passes_and_is_absorbed_at_its_angle() -> None:
    """Direct light by Fresnel's panes at its cosine (sim/physics/glass.py), the rest by their hemispherical mean."""
    made = solar(DISTRICT, WEATHER)
    cosine, direct, poa = _light(DISTRICT)
    s = DISTRICT.surface
    for building in range(len(DISTRICT.building)):
        mine = (s.building == building) & (s.glass_m2 > 0.0)
        weight = s.glass_m2[mine] / s.glass_m2[mine].sum()
        window = panes.usual()[DISTRICT.building.panes[building]]
        at = np.linspace(0.0, 1.0, len(window.transmittance))
        through = np.interp(cosine[:, mine], at, window.transmittance) / window.transmittance_normal
        spread = window.transmittance_diffuse / window.transmittance_normal
        passed = (direct[:, mine] * through + (poa - direct)[:, mine] * spread) @ weight
        assert np.abs(made.sun[:, building] * UNIT_W_M2 - passed).max() < 2.0  # a table of 256 cosines
        assert (made.sun[:, building] * UNIT_W_M2).sum() == pytest.approx(passed.sum(), rel=1e-3)
        incident = poa[:, mine] @ weight
        assert 0.75 < passed.sum() / incident.sum() < 0.95  # TABULA's 0.9 for all windows lies there
        assert 0.9 < (made.pane[:, building] * UNIT_W_M2).sum() / incident.sum() < 1.25


def test_modules_see_a_little_less_than_the_roof() -> None:
    made = solar(DISTRICT, WEATHER)
    poa = _light(DISTRICT)[2][:, made.carrier]
    ratio = (made.module * UNIT_W_M2).sum(axis=0) / poa.sum(axis=0)
    assert (DISTRICT.surface.usable_m2[made.carrier] > 0.0).all()
    assert ((ratio > 0.85) & (ratio < 1.0)).all()


def test_daylight_rows_stand_for_the_steps_with_light() -> None:
    made = solar(DISTRICT, WEATHER)
    day = made.row >= 0
    assert (np.diff(made.row[day]) == 1).all()
    assert (WEATHER.ghi_w_m2[~day] == 0.0).all()
    assert 4000 < day.sum() < 5200
    assert made.sun.dtype == np.uint16


def test_the_cache_gives_the_same_bits_and_knows_what_it_was_made_from(tmp_path: Path) -> None:
    fresh = solar(DISTRICT, WEATHER)
    seen = []
    first = solar(DISTRICT, WEATHER, cache=tmp_path, progress=lambda stage, share: seen.append(share))
    assert seen[-1] == 1.0
    seen.clear()
    again = solar(DISTRICT, WEATHER, cache=tmp_path, progress=lambda stage, share: seen.append(share))
    assert seen == []
    assert isinstance(again.module, np.memmap)
    for name in ("row", "carrier", "wall", "roof", "pane", "sun", "module"):
        assert np.array_equal(getattr(fresh, name), getattr(again, name)), name
    turned = replace(DISTRICT, surface=replace(DISTRICT.surface, azimuth_rad=DISTRICT.surface.azimuth_rad + 0.1))
    assert solar(turned, WEATHER, cache=tmp_path).key != first.key


def test_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    made = solar(DISTRICT, WEATHER, cache=tmp_path)
    module = np.array(made.module)
    (tmp_path / f"solar-{made.key}" / "module.npy").write_bytes(b"x")
    assert np.array_equal(solar(DISTRICT, WEATHER, cache=tmp_path).module, module)


def test_an_unwritable_cache_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert solar(DISTRICT, WEATHER, cache=blocked).key == solar(DISTRICT, WEATHER).key


def test_south_roof_gets_more_than_north_roof_and_flat_gets_the_global() -> None:
    s = DISTRICT.surface
    n = len(s)
    tilt, azimuth = np.full(n, 0.6), np.full(n, np.pi)
    azimuth[1], tilt[2] = 0.0, 0.0
    open_sky = replace(s, tilt_rad=tilt, azimuth_rad=azimuth, horizon_rad=np.zeros((n, 36), np.float32) - 1.0,
                       sky_view=np.ones(n))  # fmt: skip
    poa = _light(replace(DISTRICT, surface=open_sky))[2].sum(axis=0)
    assert poa[0] > 1.5 * poa[1]
    # Perez returns the global irradiance on the horizontal but for hours with the sun below its 85 degrees limit
    assert poa[2] == pytest.approx(WEATHER.ghi_w_m2.sum(), rel=0.01)
