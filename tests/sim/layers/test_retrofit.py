"""Envelope retrofit by hand."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim import rooms, zones
from sim.district import Heater
from sim.fabric import Panes
from sim.layers import apply
from sim.physics import film
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate
from sim.year import run_up


def _one():
    """A house of 100 m2 wall at U = 1.5 and 20 m2 windows at U = 3 that leaks 30 of 80 W/K of air."""
    d = random_district(seed=2, buildings=1, nodes=0, modules=False)
    f = {"wall_m2": 100.0, "wall_w_m2k": 1.5, "roof_m2": 60.0, "roof_w_m2k": 1.0, "ground_m2": 60.0,
         "ground_w_m2k": 0.8, "window_m2": 20.0, "window_w_m2k": 3.0, "window_g": 0.75, "h_leak_w_k": 30.0,
         "h_air_w_k": 80.0, "bridges_w_k": 17.0, "inside_m2": 400.0, "heat_limit_w": 50e3, "gains_w": 0.0}  # fmt: skip
    b = replace(d.building, heater=np.array([Heater.GAS_BOILER], np.int8), schedule=np.zeros(1, np.int32),
                panes=np.array([Panes.DOUBLE], np.int8), **{k: np.array([v]) for k, v in f.items()})  # fmt: skip
    return replace(d, building=b)


ONLY_WALLS = {"wall": 0.14, "roof": 0.0, "ground": 0.0, "window_w_m2k": 3.0, "tightness": 0.0}


def test_the_new_u_value_by_hand() -> None:
    """14 cm of 0.035 W/mK is 4 m2K/W: 1 / (1/1.5 + 4) = 0.2143 W/m2K."""
    base = _one()
    after = apply(base, [LayerChoice("retrofit", ONLY_WALLS)]).building
    assert after.wall_w_m2k[0] == pytest.approx(1.0 / (1.0 / 1.5 + 4.0))
    for same in ("window_w_m2k", "h_air_w_k", "roof_w_m2k", "window_g", "bridges_w_k", "panes"):
        assert getattr(after, same) == getattr(base.building, same)


def test_the_heat_of_a_steady_cold_month_by_hand() -> None:
    """Steady 0 degC without sun and sky: every element is films and what its U-value leaves between them.

        faces   h_c (T_air - s) + h_r (star - s) = K s,   K = 1 / (1/U - R_si - R_se + 1 / h_e)
        star    sum A h_r (s - star) = 0;   heat = sum A h_c (T_air - s) + bridges + ventilation
    """
    w = random_weather(seed=1)
    dark = np.zeros(w.steps)
    cold = replace(w, air_c=dark, sky_c=dark, ghi_w_m2=dark, dni_w_m2=dark, dhi_w_m2=dark)
    base = _one()
    light = solar(base, cold)

    def heat_w(district):
        case = prepare(district, light, cold, dtype=np.float64)
        state = run_up(case, initial(case), 0, days=60)
        return float(simulate(case, state, Span(0, 1), grid=False)[1].heating_w[0, 0])

    def by_hand_w(u_wall):
        height, h_r, black = base.building.height_m[0], film.INSIDE_RADIATIVE_W_M2K, film.OUTSIDE_BLACK_W_M2K
        upright, level = film.upright_w_m2k(), film.level_w_m2k()
        low, top, glass = (float(film.outside_w_m2k(w.wind_m_s, height_m=h, rough=r))
                           for h, r in ((height / 2, 1.67), (height, 1.67), (height / 2, 1.0)))  # fmt: skip
        k_wall = 1.0 / (1.0 / u_wall - 0.17 + 1.0 / (low + 0.9 * black))
        k_roof = 1.0 / (1.0 / 1.0 - 0.14 + 1.0 / (top + 0.9 * black))
        k_floor = 1.0 / (1.0 / 0.8 - 1.0 / (level + h_r))
        k_glass = 1.0 / (1.0 / 3.0 - 1.0 / 25.0 - 1.0 / 7.7 + 1.0 / (glass + 0.84 * black))
        area = np.array([100.0, 60.0, 60.0, 400.0, 20.0])
        k = np.array([k_wall, k_roof, k_floor, 0.0, k_glass])
        h_c = np.array([upright, level, level, upright, upright])
        d = h_c + h_r + k
        star = 20.0 * (area * h_r * h_c / d).sum() / (area * h_r * (1.0 - h_r / d)).sum()
        face = (h_c * 20.0 + h_r * star) / d
        return (area * h_c * (20.0 - face)).sum() + 20.0 * (17.0 + 80.0)

    after = apply(base, [LayerChoice("retrofit", ONLY_WALLS)])
    assert heat_w(base) == pytest.approx(by_hand_w(1.5), rel=1e-4)
    assert heat_w(after) == pytest.approx(by_hand_w(1.0 / (1.0 / 1.5 + 4.0)), rel=1e-4)


def test_windows_air_and_sun_by_hand() -> None:
    """U 3.0 -> 0.9; half the leaks: 15 W/K; 80 % of the other 50 W/K kept: 40 W/K."""
    base = _one()
    values = {"wall": 0.0, "roof": 0.0, "ground": 0.0, "window_w_m2k": 0.9, "tightness": 0.5, "recovery": 0.8}
    after = apply(base, [LayerChoice("retrofit", values)])
    assert after.building.window_w_m2k[0] == pytest.approx(0.9)
    assert after.building.panes[0] == Panes.TRIPLE_COATED
    assert after.building.h_air_w_k[0] == pytest.approx(80.0 - 15.0 - 40.0)
    g = 0.50 + (0.9 - 0.7) / 0.6 * 0.13
    assert after.building.window_g[0] == pytest.approx(g)
    assert after.surface is base.surface  # light is another stage: the angle stays, g changes inside


def test_nothing_gets_worse_and_depth_goes_from_nothing_to_all() -> None:
    d = random_district(seed=4, buildings=30, nodes=0)
    parts = ("wall", "roof", "ground", "window")

    def lost(b):
        return sum(getattr(b, f"{p}_m2") * getattr(b, f"{p}_w_m2k") for p in parts) + b.bridges_w_k + b.h_air_w_k

    loss = [lost(apply(d, [LayerChoice("retrofit", {"depth": depth, "window_w_m2k": 3.0})]).building)
            for depth in (0.0, 0.3, 0.6, 1.0)]  # fmt: skip
    assert loss[0] == pytest.approx(lost(d.building))
    assert all((b < a).all() for a, b in pairwise(loss))


def test_only_the_houses_that_change_are_reduced_again_to_the_same_bits(monkeypatch) -> None:
    d, w = random_district(seed=6, buildings=40, nodes=0), random_weather(seed=1)
    light = solar(d, w)
    prepare(d, light, w)
    sizes = []
    reduced = zones.reduced

    def counted(p, made, *, step_s):
        sizes.append(len(p.wall_m2))
        return reduced(p, made, step_s=step_s)

    monkeypatch.setattr(zones, "reduced", counted)
    some = LayerChoice("retrofit", {"wall": 0.1}, "year<1960")
    touched = int((d.building.year < 1960).sum())
    patched = prepare(apply(d, [some]), light, w).rooms.fabric
    prepare(apply(d, [LayerChoice("heatpumps", {"share": 1.0}), LayerChoice("solar", {"share": 0.5})]), light, w)
    assert sizes == [touched]
    rooms._made.clear()
    whole = prepare(apply(d, [some]), light, w).rooms.fabric
    assert sizes == [touched, 40]
    for f in fields(whole):
        assert np.array_equal(getattr(whole, f.name), getattr(patched, f.name)), f.name


def test_the_bill_by_hand() -> None:
    """100 m2 with 14 cm: 100 x 90 + 14 m3 x 240 = 12,360 EUR; 100 x 8 + 14 x 100 = 2,200 kg."""
    bill = apply(_one(), [LayerChoice("retrofit", ONLY_WALLS)]).bills[0]
    assert (bill.capital_eur, bill.embodied_co2_kg) == (pytest.approx(12360.0), pytest.approx(2200.0))
