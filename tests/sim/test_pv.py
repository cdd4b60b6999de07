"""Modules against pvlib's own models and chain; PVWatts' published yields are cases (tests/cases/pv)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pvlib
import pytest
from factories import random_district, random_weather

from sim.district import District
from sim.physics import pv
from sim.prepare import prepare
from sim.solar import UNIT_W_M2, solar
from sim.span import Span, initial, simulate
from sim.weather import Weather


def _roofs(tilt, azimuth, *, peak_w: float = 5000.0) -> District:
    """One building with one open roof for each tilt and azimuth."""
    n = len(tilt)
    d = random_district(buildings=n, nodes=0, surfaces=3)
    keep = np.arange(0, 3 * n, 3)
    s = d.surface
    one = {name: getattr(s, name)[keep] for name in ("building", "kind", "area_m2", "x_m", "y_m", "z_m", "glass_m2",
                                                     "opaque_m2")}  # fmt: skip
    return replace(d, surface=type(s)(
        id=tuple(s.id[k] for k in keep), **one,
        tilt_rad=np.asarray(tilt, float), azimuth_rad=np.asarray(azimuth, float),
        usable_m2=np.full(n, 30.0), pv_peak_w=np.full(n, peak_w), sky_view=np.ones(n),
        horizon_rad=np.zeros((n, 36), np.float32) - 1.0, crown_rad=np.zeros((n, 36), np.float32),
        crown_view=np.zeros(n),
    ))  # fmt: skip


def _year_w(district: District, weather: Weather) -> np.ndarray:
    case = prepare(district, solar(district, weather), weather, dtype=np.float64)
    return simulate(case, initial(case), Span(0, weather.steps), grid=False)[1].pv_w


def _pvlib_w(weather: Weather, tilt: float, azimuth: float, *, peak_w: float) -> np.ndarray:
    """pvlib's chain: Perez, physical incidence modifier, Marion's diffuse, SAM's NOCT cell, PVWatts dc and inverter."""
    direction, _ = weather.sun_enu()
    zenith = np.degrees(np.arccos(direction[:, 2]))
    sun_azimuth = np.degrees(np.arctan2(direction[:, 0], direction[:, 1])) % 360.0
    day = np.arange(weather.steps) // 24 + 1
    light = pvlib.irradiance.get_total_irradiance(
        np.degrees(tilt), np.degrees(azimuth), zenith, sun_azimuth, weather.dni_w_m2, weather.ghi_w_m2,
        weather.dhi_w_m2, dni_extra=pvlib.irradiance.get_extra_radiation(day),
        airmass=pvlib.atmosphere.get_relative_airmass(zenith), albedo=0.2, model="perez",
    )  # fmt: skip
    angle = pvlib.irradiance.aoi(np.degrees(tilt), np.degrees(azimuth), zenith, sun_azimuth)
    modifier = pvlib.iam.physical(angle, n=1.526, K=4.0, L=0.002)
    diffuse = pvlib.iam.marion_diffuse("physical", np.degrees(tilt), n=1.526, K=4.0, L=0.002)["sky"]
    reaching = np.nan_to_num(light["poa_direct"] * modifier + light["poa_diffuse"] * diffuse)
    noct = pv.NOCT_C[pv.mounts(np.array([tilt]))[0]]
    cell = pvlib.temperature.noct_sam(reaching, weather.air_c, weather.wind_m_s, noct, pv.EFFICIENCY)
    dc = pvlib.pvsystem.pvwatts_dc(reaching, cell, peak_w, pv.GAMMA_K) * (1.0 - pv.LOSSES)
    rated = peak_w / pv.DC_AC
    return pvlib.inverter.pvwatts(pd.Series(dc), rated / pv.INVERTER, eta_inv_nom=pv.INVERTER).to_numpy()


def test_ten_planes_from_flat_to_upright_are_within_three_percent_of_pvlib_s_own_chain() -> None:
    rng = np.random.default_rng(11)
    tilt, azimuth = np.linspace(0.0, np.pi / 2.0, 10), rng.uniform(0.0, 2 * np.pi, 10)
    weather = random_weather(seed=4)
    ours = _year_w(_roofs(tilt, azimuth), weather)
    for k in range(10):
        theirs = _pvlib_w(weather, tilt[k], azimuth[k], peak_w=5000.0)
        assert ours[:, k].sum() == pytest.approx(theirs.sum(), rel=0.03)
        assert np.abs(ours[:, k] - theirs).max() < 0.05 * 5000.0


def test_cell_is_as_warm_as_sam_s_noct_model_says() -> None:
    rng = np.random.default_rng(3)
    light, air, wind = rng.uniform(0.0, 1200.0, 50), rng.uniform(-20.0, 40.0, 50), rng.uniform(0.0, 15.0, 50)
    for mount in pv.Mount:
        ours = air + light * pv.cell_resistance(wind, noct_c=pv.NOCT_C[mount], efficiency=0.17)
        assert np.allclose(ours, pvlib.temperature.noct_sam(light, air, wind, pv.NOCT_C[mount], 0.17), atol=1e-9)


def test_direct_current_is_pvlib_s_pvwatts_on_that_cell() -> None:
    rng = np.random.default_rng(5)
    light, air, wind = rng.uniform(0.0, 1200.0, 50), rng.uniform(-20.0, 40.0, 50), rng.uniform(0.0, 15.0, 50)
    terms = pv.step_terms(air_c=air, wind_m_s=wind, unit_w_m2=1.0, dtype=np.float64, keep=1.0)
    for mount in pv.Mount:
        cell = pvlib.temperature.noct_sam(light, air, wind, pv.NOCT_C[mount], pv.EFFICIENCY)
        theirs = pvlib.pvsystem.pvwatts_dc(light, cell, 1.0, pv.GAMMA_K)
        assert np.allclose(light * (terms[:, 0] + terms[:, 1 + mount] * light), theirs, rtol=1e-12)


def test_a_module_20_kelvin_hotter_gives_seven_and_a_half_percent_less() -> None:
    """-0.37 % per kelvin of a standard module; 200 W/m2 at 25 degC, so that a square metre makes 0.2 kW in full sun."""
    terms = pv.step_terms(air_c=np.array([25.0, 45.0]), wind_m_s=np.full(2, 5.0), unit_w_m2=1.0, dtype=np.float64,
                          keep=1.0, noct_c=[20.0])  # fmt: skip
    assert terms[:, 0] * 1000.0 == pytest.approx([1.0, 1.0 - 0.074]) and (terms[:, 1] == 0.0).all()
    assert pv.EFFICIENCY * 1000.0 == 200.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_inverter_is_pvlib_s_pvwatts_at_any_load(dtype: type) -> None:
    """5 kW of modules behind 4.17 kW of inverter, from nearly none to more than it passes."""
    light = np.linspace(10.0, 1300.0, 40)
    counts = np.round(light / UNIT_W_M2).astype(np.uint16)
    one, row = np.zeros(1, np.int32), np.arange(40, dtype=np.int32)
    terms = np.column_stack([np.full(40, UNIT_W_M2 / 1000.0), np.zeros((40, 3))]).astype(dtype)
    out = np.empty((40, 1), dtype)
    pv.generate(counts[:, None], row, 0, terms, one, one, np.array([5000.0], dtype), np.array([0, 1]),
                np.array([5000.0 / 1.2], dtype), dtype(0.96), np.empty(1, dtype), out)  # fmt: skip
    dc = pd.Series(5.0 * counts * UNIT_W_M2)
    theirs = pvlib.inverter.pvwatts(dc, 5000.0 / 1.2 / 0.96, eta_inv_nom=0.96)
    assert np.allclose(out[:, 0], theirs, rtol=1e-5 if dtype is np.float32 else 1e-12)


def test_cover_keeps_back_direct_light_by_its_angle_and_the_rest_by_the_tilt() -> None:
    poa, direct, cosine = np.array([[800.0, 300.0]]), np.array([[600.0, 0.0]]), np.array([[0.5, 0.0]])
    veil = pv.diffuse_loss(np.radians([30.0, 90.0]))
    module = np.empty((1, 2), np.uint16)
    pv.pass_cover(poa, direct, cosine, np.arange(2, dtype=np.int32), pv.LOSS_TABLE, veil, 1.0 / 32.0, 0, 1, module)
    lost = pv.incidence_loss(np.array([0.5]))[0] * 600.0 + veil[0] * 200.0
    assert module[0] / 32.0 == pytest.approx([800.0 - lost, 300.0 * (1.0 - veil[1])], abs=1.0 / 32.0)


def test_diffuse_light_loses_at_the_cover_what_marion_says() -> None:
    tilt = np.linspace(0.0, 90.0, 7)
    theirs = [pvlib.iam.marion_diffuse("physical", t, n=1.526, K=4.0, L=0.002)["sky"] for t in tilt]
    assert np.allclose(1.0 - pv.diffuse_loss(np.radians(tilt)), theirs, atol=2e-3)


def test_spectrum_is_sapm_s_polynomial_with_de_soto_s_coefficients() -> None:
    zenith = np.linspace(0.0, 88.0, 30)
    mass = pvlib.atmosphere.get_absolute_airmass(
        pvlib.atmosphere.get_relative_airmass(zenith), 101325.0 * np.exp(-0.0001184 * 1650.0)
    )
    a = dict(zip(("A0", "A1", "A2", "A3", "A4"), (0.918093, 0.086257, -0.024459, 0.002816, -0.000126), strict=True))
    theirs = pvlib.spectrum.spectral_factor_sapm(mass, a)
    ours = pv.spectral_factor(np.cos(np.radians(zenith)), height_m=1650.0)
    assert np.allclose(ours, theirs, atol=1e-6)
    assert pv.spectral_factor(np.array([-0.3]), height_m=0.0)[0] == 1.0


def test_losses_are_pvwatts_default() -> None:
    assert abs(pv.LOSSES - 0.1408) < 5e-5


def test_facade_modules_run_hotter_than_a_roof_s_and_racks_cooler() -> None:
    terms = pv.step_terms(air_c=np.array([20.0]), wind_m_s=np.array([2.0]), unit_w_m2=1.0, dtype=np.float64)[0]
    assert terms[1 + pv.Mount.FACADE] < terms[1 + pv.Mount.ROOF] < terms[1 + pv.Mount.RACK] < 0.0
    assert pv.mounts(np.radians([0.0, 9.0, 35.0, 90.0])).tolist() == [0, 0, 1, 2]


def test_soiling_takes_its_month_s_share_of_the_light() -> None:
    air, wind = np.full(3, 15.0), np.full(3, 2.0)
    clean = pv.step_terms(air_c=air, wind_m_s=wind, unit_w_m2=1.0, dtype=np.float64, keep=1.0)
    dirty = pv.step_terms(air_c=air, wind_m_s=wind, unit_w_m2=1.0, dtype=np.float64, keep=np.array([1.0, 0.95, 0.9]))
    assert np.allclose(dirty, clean * [[1.0], [0.95], [0.9]])


def test_cover_loss_is_pvlib_s_physical_model() -> None:
    angles = np.linspace(0.0, 88.0, 50)
    theirs = pvlib.iam.physical(angles, n=1.526, K=4.0, L=0.002)
    assert np.allclose(1.0 - pv.incidence_loss(np.cos(np.radians(angles))), theirs, atol=2e-3)


def test_bare_surfaces_between_modules_change_nothing() -> None:
    """Of three planes of one building the middle one is bare: what stands makes what it makes alone."""
    weather = random_weather()
    whole = _roofs([0.1, 0.5, 1.57], [3.0, 2.0, 3.5])
    one = replace(whole.surface, building=np.zeros(3, np.int32), pv_peak_w=np.array([4000.0, 0.0, 4000.0]))
    together = _year_w(replace(whole, surface=one), weather)
    apart = _year_w(replace(whole, surface=replace(whole.surface, pv_peak_w=np.array([4000.0, 0.0, 4000.0]))), weather)
    assert (apart[:, 1] == 0.0).all()
    assert (together[:, 1:] == 0.0).all()
    # two inverters at part load lose a little more than one, and one clips less
    assert together[:, 0].sum() == pytest.approx(apart.sum(), rel=0.01)


def test_an_inverter_is_a_sixth_smaller_than_its_modules() -> None:
    """6 kW of modules behind 5 kW of inverter (PVWatts: DC over AC = 1.2)."""
    weather = random_weather()
    roofs = _roofs([0.5], [3.0], peak_w=6000.0)
    assert prepare(roofs, solar(roofs, weather), weather).rated_w == pytest.approx([5000.0])


def test_no_modules_no_power_and_twice_the_modules_twice_the_power() -> None:
    weather = random_weather()
    some = _year_w(_roofs([0.5], [3.0], peak_w=4000.0), weather)
    assert (_year_w(_roofs([0.5], [3.0], peak_w=0.0), weather) == 0.0).all()
    assert np.allclose(_year_w(_roofs([0.5], [3.0], peak_w=8000.0), weather), 2.0 * some)
    assert some.min() == 0.0
    assert some.max() <= 4000.0 / pv.DC_AC + 1e-9
