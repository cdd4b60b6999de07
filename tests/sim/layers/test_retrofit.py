"""Envelope retrofit by hand."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim.district import Heater
from sim.layers import apply
from sim.physics import envelope
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate
from sim.year import run_up


def _one():
    """A house of 100 m2 wall at U = 1.5 and 20 m2 windows at U = 3 that leaks 30 of 80 W/K of air."""
    d = random_district(seed=2, buildings=1, nodes=0, modules=False)
    f = {"wall_m2": 100.0, "wall_w_m2k": 1.5, "roof_m2": 60.0, "roof_w_m2k": 1.0, "ground_m2": 60.0,
         "ground_w_m2k": 0.8, "window_m2": 20.0, "window_w_m2k": 3.0, "window_g": 0.75, "h_leak_w_k": 30.0,
         "h_air_w_k": 80.0, "h_opaque_w_k": 150.0 + 60.0 + 48.0 + 12.0, "h_glass_w_k": 60.0 + 5.0,
         "heat_limit_w": 50e3, "gains_w": 0.0, "mass_j_k": 2e7, "mass_m2": 375.0, "inner_m2": 675.0}  # fmt: skip
    b = replace(d.building, heater=np.array([Heater.GAS_BOILER], np.int8), **{k: np.array([v]) for k, v in f.items()})
    return replace(d, building=b)


ONLY_WALLS = {"wall": 0.14, "roof": 0.0, "ground": 0.0, "window_w_m2k": 3.0, "tightness": 0.0}


def test_the_new_u_value_by_hand() -> None:
    """14 cm of 0.035 W/mK is 4 m2K/W: 1 / (1/1.5 + 4) = 0.2143 W/m2K, 128.6 W/K less on 100 m2."""
    base = _one()
    after = apply(base, [LayerChoice("retrofit", ONLY_WALLS)]).building
    assert after.wall_w_m2k[0] == pytest.approx(1.0 / (1.0 / 1.5 + 4.0))
    assert base.building.h_opaque_w_k[0] - after.h_opaque_w_k[0] == pytest.approx(128.571, abs=1e-3)
    for same in ("h_glass_w_k", "h_air_w_k", "roof_w_m2k", "window_g"):
        assert getattr(after, same) == getattr(base.building, same)


def test_the_heat_of_a_steady_cold_week_by_hand() -> None:
    """At a steady 0 degC without sun, heat = air difference x (H_ve + H_is H_tr / (H_is + H_tr)), before and after."""
    w = random_weather(seed=1)
    dark = np.zeros(w.steps)
    cold = replace(w, air_c=dark, ghi_w_m2=dark, dni_w_m2=dark, dhi_w_m2=dark)
    base = _one()
    light = solar(base, cold)

    def heat_w(district):
        case = prepare(district, light, cold, dtype=np.float64)
        state = run_up(case, initial(case), 0, days=40)
        return float(simulate(case, state, Span(0, 1), grid=False)[1].heating_w[0, 0])

    def by_hand_w(h_tr, h_ve):
        h_is = envelope.H_IS_W_M2K * 675.0
        return 20.0 * (h_ve + h_is * h_tr / (h_is + h_tr))

    after = apply(base, [LayerChoice("retrofit", ONLY_WALLS)])
    assert heat_w(base) == pytest.approx(by_hand_w(270.0 + 65.0, 80.0), rel=1e-3)
    assert heat_w(after) == pytest.approx(by_hand_w(270.0 - 128.571 + 65.0, 80.0), rel=1e-3)


def test_windows_air_and_sun_by_hand() -> None:
    """U 3.0 -> 0.9 on 20 m2: 42 W/K less; half the leaks: 15 W/K; 80 % of the other 50 W/K kept: 40 W/K."""
    base = _one()
    values = {"wall": 0.0, "roof": 0.0, "ground": 0.0, "window_w_m2k": 0.9, "tightness": 0.5, "recovery": 0.8}
    after = apply(base, [LayerChoice("retrofit", values)])
    assert after.building.h_glass_w_k[0] == pytest.approx(65.0 - 42.0)
    assert after.building.h_air_w_k[0] == pytest.approx(80.0 - 15.0 - 40.0)
    g = 0.50 + (0.9 - 0.7) / 0.6 * 0.13
    assert after.building.window_g[0] == pytest.approx(g)
    assert after.surface.glass_m2.sum() == pytest.approx(base.surface.glass_m2.sum() * g / 0.75)


def test_nothing_gets_worse_and_depth_goes_from_nothing_to_all() -> None:
    d = random_district(seed=4, buildings=30, nodes=0)
    loss = [
        (lambda b: b.h_opaque_w_k + b.h_glass_w_k + b.h_air_w_k)(
            apply(d, [LayerChoice("retrofit", {"depth": depth, "window_w_m2k": 3.0})]).building
        )
        for depth in (0.0, 0.3, 0.6, 1.0)
    ]
    assert loss[0] == pytest.approx(d.building.h_opaque_w_k + d.building.h_glass_w_k + d.building.h_air_w_k)
    assert all((b < a).all() for a, b in pairwise(loss))


def test_the_bill_by_hand() -> None:
    """100 m2 with 14 cm: 100 x 90 + 14 m3 x 240 = 12,360 EUR; 100 x 8 + 14 x 100 = 2,200 kg."""
    bill = apply(_one(), [LayerChoice("retrofit", ONLY_WALLS)]).bills[0]
    assert (bill.capital_eur, bill.embodied_co2_kg) == (pytest.approx(12360.0), pytest.approx(2200.0))
