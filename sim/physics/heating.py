"""What makes the heat: gas boiler, air-source heat pump, or for hot water alone a plain heating rod.

Heat pump: COP = 0.85 (6.08 - 0.0941 d + 0.000464 d2), d = max(sink - outside air, 15 K), never below 1
(When2Heat, O. Ruhnau et al., Scientific Data 6 (2019) 189; 0.85 corrects the catalogue's figures to field results). The
sink of room heat follows the weather (`sink_c + sink_slope T`), that of hot water is 50 degC.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import kernel, matrix, out_matrix, vector

Float = NDArray[np.float64]
C0, C1, C2 = 6.08, -0.0941, 0.000464
FIELD = 0.85
LEAST_K = 15.0
HOT_WATER_C = 50.0
"""Sink of hot water (When2Heat)."""


def cop(lift_k: Any) -> Any:
    """Coefficient of performance of an air-source heat pump over its temperature lift [K]."""
    d = np.maximum(lift_k, LEAST_K)
    return np.maximum(FIELD * (C0 + C1 * d + C2 * d * d), 1.0)


def hot_water_share(air_c: Float) -> Float:
    """Electricity per hot-water heat of a heat pump, [step]."""
    return 1.0 / cop(HOT_WATER_C - air_c)


@kernel(
    lambda f: (
        matrix(f), matrix(f), vector(f), vector(f), matrix(f), out_matrix(f), out_matrix(f), out_matrix(f)
    )
)  # fmt: skip
def supply(heating_w, hot_water_w, air_c, water_share, plant, heater_w, gas_w, ambient_w):  # type: ignore[no-untyped-def]
    """Fill electricity, gas and ambient heat [steps, building] from room heat and hot water.

    air_c, water_share [steps] of this span; plant [5, building]: heat pump 0/1, heating rod 0/1, gas per heat of the
    boiler, sink_c, sink_slope - 1.
    """
    f = heater_w.dtype.type
    c0, c1, c2 = f(C0 * FIELD), f(C1 * FIELD), f(C2 * FIELD)
    least, one = f(LEAST_K), f(1.0)
    pump, rod, boiler, sink, slope = plant[0], plant[1], plant[2], plant[3], plant[4]
    n = plant.shape[1]
    for k in range(heater_w.shape[0]):
        u, w = air_c[k], water_share[k]
        heat, water = heating_w[k], hot_water_w[k]
        power, gas, ambient = heater_w[k], gas_w[k], ambient_w[k]
        for i in range(n):
            d = max(sink[i] + slope[i] * u, least)
            power[i] = heat[i] / max(c0 + d * (c1 + d * c2), one) + water[i] * w
        for i in range(n):
            ambient[i] = pump[i] * (heat[i] + water[i] - power[i])
        for i in range(n):
            power[i] = pump[i] * power[i] + rod[i] * water[i]
        for i in range(n):
            gas[i] = boiler[i] * (heat[i] + water[i])
