"""Solar modules: irradiance to alternating current, as PVWatts 5 does it.

    cell   = air + G / (U0 + U1 wind)                     D. Faiman, Prog. Photovolt. 16 (2008) 307
    dc     = peak G/1000 (1 + gamma (cell - 25)) (1 - losses)            A. P. Dobos, NREL/TP-6A20-62641 (2014)
    ac     = PVWatts inverter curve of dc, one inverter a building, clipped at its rating

G is what reaches the cells: plane-of-array irradiance less reflection at the cover (`incidence_loss`). As cell - air is
proportional to G, dc is G (c0 + c1 G) with two numbers a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import i4, i8, kernel, matrix, out_matrix, out_vector, u2, vector

Float = NDArray[np.float64]
GAMMA_K = -0.0037
"""Power per kelvin of a standard crystalline module [1/K] (NREL SAM 2023, PVWatts "standard" is -0.0037)."""
LOSSES = 0.14
"""Soiling, mismatch, wiring, ageing and the rest (PVWatts 5, 14 %)."""
U0_W_M2K, U1_WS_M3K = 20.0, 4.0
"""Faiman's heat loss, roof modules with little air behind: between the free-standing 25, 6.84 and built-in 15, 0."""
DC_AC = 1.2
"""Module power over inverter power (PVWatts default)."""
INVERTER = 0.96
"""Nominal inverter efficiency (PVWatts default)."""
_REFERENCE = 0.9637
"""Nominal efficiency of the inverter that the part-load curve was measured on."""
GLASS_INDEX, GLASS_KL = 1.526, 0.008
"""Refractive index, extinction x thickness of the cover (De Soto et al., Solar Energy 80 (2006) 78)."""


def step_terms(*, air_c: Float, wind_m_s: Float, unit_w_m2: float, dtype: Any) -> NDArray[Any]:
    """[step, 2] c0, c1 of dc/peak = g (c0 + c1 g), with g in units of `unit_w_m2`."""
    heat = 1.0 / (U0_W_M2K + U1_WS_M3K * wind_m_s)
    keep = (1.0 - LOSSES) / 1000.0
    c0 = keep * (1.0 + GAMMA_K * (air_c - 25.0)) * unit_w_m2
    c1 = keep * GAMMA_K * heat * unit_w_m2**2
    return np.ascontiguousarray(np.column_stack([c0, c1]), dtype=dtype)


def incidence_loss(cosine: NDArray[Any]) -> NDArray[Any]:
    """Share of direct light that a module's cover keeps back, over normal incidence; `cosine` of the angle, any shape.

    Snell and Fresnel for one pane with a little absorption (De Soto et al. 2006, equations 13 to 15).
    """
    n, kl = GLASS_INDEX, GLASS_KL
    c = np.clip(cosine, 1e-3, 1.0)
    r = np.sqrt(1.0 - (1.0 - c * c) / n**2)
    reflected = 0.5 * (((c - n * r) / (c + n * r)) ** 2 + ((r - n * c) / (r + n * c)) ** 2)
    normal = np.exp(-kl) * (1.0 - ((1.0 - n) / (1.0 + n)) ** 2)
    return 1.0 - np.exp(-kl / r) * (1.0 - reflected) / normal


LOSS_TABLE = incidence_loss(np.linspace(0.0, 1.0, 257))
"""`incidence_loss` over the cosine in 256 steps, for the kernel that fills Solar."""


@kernel(
    lambda f: (
        matrix(u2), vector(i4), i8, matrix(f), vector(f), vector(i8), vector(f), out_vector(f), out_matrix(f)
    )
)  # fmt: skip
def generate(irradiance, row, first, c, peak, start, rated, dc, pv_w):  # type: ignore[no-untyped-def]
    """Fill `pv_w` [steps, building] from step `first` on, round the year.

    irradiance: u16 [daylight, module]; row [step] -> daylight row, -1 at night; peak [module] W, `start` [building + 1]
    offsets into modules; rated [building] = AC rating; dc [module] scratch.
    """
    zero = pv_w.dtype.type(0.0)
    scale = pv_w.dtype.type(INVERTER / _REFERENCE)
    a, b, d = pv_w.dtype.type(-0.0162), pv_w.dtype.type(0.9858), pv_w.dtype.type(-0.0059)
    nominal = pv_w.dtype.type(1.0 / INVERTER)
    buildings = len(rated)
    total = len(row)
    for k in range(pv_w.shape[0]):
        t = (first + k) % total
        out = pv_w[k]
        if row[t] < 0:
            for i in range(buildings):
                out[i] = zero
            continue
        g = irradiance[row[t]]
        c0, c1 = c[t, 0], c[t, 1]
        for s in range(len(peak)):
            q = pv_w.dtype.type(g[s])
            dc[s] = q * (c0 + c1 * q) * peak[s]
        for i in range(buildings):
            sum_dc = zero
            for s in range(start[i], start[i + 1]):
                sum_dc += dc[s]
            full = rated[i] * nominal
            if sum_dc > zero and full > zero:
                ac = scale * (a * sum_dc * (sum_dc / full) + b * sum_dc + d * full)
                out[i] = min(max(ac, zero), rated[i])
            else:
                out[i] = zero
