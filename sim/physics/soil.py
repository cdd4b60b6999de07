"""Ground under a floor: its temperature follows the year's swing of the air, weaker and later.

    T_g(t) = mean(T_e) + D A cos(2 pi (t - t_0 - lag) / year),   A cos(2 pi (t - t_0) / year): first harmonic of T_e

ISO 13370:2017 (annex B) gives the heat flow of a floor as U A (T_i - mean T_e) plus a periodic part with the
coefficient H_pe, a month late: D = H_pe / (U A). For slabs of 5 m characteristic width, bare to insulated, on sand or
clay, that is 0.5 to 0.7; the soil that is part of the element (sim/fabric.py) follows what happens within days.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
DAMPING = 0.6
LAG_DAYS = 30.4
"""A month (ISO 13370:2017, table B.1, slab on ground)."""


def temperature_c(air_c: Float, step_s: float) -> Float:
    """[step, degC] below the soil layer of floors, from a year of outdoor air [step, degC] (equation: module)."""
    n = len(air_c)
    angle = 2.0 * np.pi * np.arange(n) / n
    # first coefficient of the Fourier series; the mean rid first, so that nothing leaks
    mean = float(np.mean(air_c))
    wave = 2.0 / n * np.sum((air_c - mean) * np.exp(-1j * angle))
    lag = 2.0 * np.pi * LAG_DAYS * 86400.0 / (n * step_s)
    return np.asarray(mean + DAMPING * np.real(wave * np.exp(1j * (angle - lag))))
